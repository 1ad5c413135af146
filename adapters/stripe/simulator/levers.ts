import { connectAccount, type Keys } from './accounts.ts'
import { advance, newClock } from './billing/clocks.ts'
import { visit } from './checkout/links.ts'
import { pay, successAddress, type Choice } from './checkout/session-machine.ts'
import { decide, disputeOf, type DisputeKind } from './disputes.ts'
import type { Dispute, IntentRecord, Payer, Payout, SessionRecord } from './objects.ts'
import { answer } from './pages/authentication.ts'
import { payOut } from './payouts.ts'
import { fund } from './transfers.ts'
import { expireVoucher, payVoucher } from './vouchers.ts'
import { allBooks, quietly, type Books, type World } from './world.ts'

/** What happens at Stripe without a request of the merchant: payers, banks, the passing of days. */
export interface Levers {
  /** The payer's click on the bank's page; answers the status of the payment or the set-up. */
  authenticate: (intent: string, success: boolean) => string
  /** The payer pays an OXXO voucher in cash; answers the payment's status. */
  payVoucher: (paymentIntent: string) => string
  /** Nobody paid it in time. */
  expireVoucher: (paymentIntent: string) => string
  /** A transfer arrives for a customer, or for the customer of a payment. Amount in the wire's minor units; MXN unless said. */
  fund: (customerOrPayment: string, amount: number, options?: { currency?: string, reference?: string }) => void
  /**
   * A payer fills in a hosted page. `page`: the id of a session, its address, or the address of a payment link (each use opens a session).
   * `next`: where the browser is sent; absent when the page is shown again, with `notice` saying why.
   */
  completeCheckout: (page: string, options?: Partial<Choice> & Partial<Payer> & { bank?: boolean }) => { session: string, status: string, next?: string, notice?: string }
  /**
   * Puts a customer on a test clock of its own, which stands at this moment; answers the clock's id. Stripe has that only while a customer is
   * made; here also for one that somebody else has made and that has no subscription yet.
   */
  ownClock: (customer: string) => string
  /** Moves a test clock and lets everything happen that is due until then. Seconds since 1970, or a date. */
  advanceClock: (clock: string, to: number | Date) => void
  /** A cardholder disputes a payment (its id or that of its charge). */
  dispute: (paymentOrCharge: string, options?: { kind?: DisputeKind, reason?: string, amount?: number }) => Dispute
  /** The bank decides. */
  decideDispute: (dispute: string, verdict: 'won' | 'lost' | 'escalated') => string
  /** The daily payout of the account that a secret key opens. `early`: also what is not available yet; the default. */
  payOut: (secretKey: string, options?: { early?: boolean }) => Payout[]
  /** Connects an account to the platform that a secret key opens: the account of another secret key, or a new one. Answers its id. */
  connect: (platformKey: string, options?: { secretKey?: string, country?: string }) => string
}

export function levers (world: World, keys: Keys): Levers {
  const withIntent = (id: string, step: (books: Books, intent: IntentRecord) => void): string => {
    const books = world.intents.get(id)
    const intent = books?.paymentIntents.get(id)
    if (books === undefined || intent === undefined) throw new Error(`there is no PaymentIntent ${id}`)
    step(books, intent)
    return intent.wire.status
  }
  return {
    authenticate (id, success) {
      for (const books of allBooks(world)) {
        const setup = books.setupIntents.get(id)
        if (setup === undefined) continue
        answer(world, { books, record: setup }, success)
        return setup.wire.status
      }
      return withIntent(id, (books, intent) => { answer(world, { books, record: intent }, success) })
    },
    payVoucher: id => withIntent(id, (books, intent) => quietly(world, books, call => payVoucher(call, intent))),
    expireVoucher: id => withIntent(id, (books, intent) => quietly(world, books, call => expireVoucher(call, intent))),
    fund (id, amount, { currency = 'mxn', reference = null }: { currency?: string, reference?: string | null } = {}) {
      const customer = world.intents.get(id)?.paymentIntents.get(id)?.wire.customer ?? id
      const books = [...allBooks(world)].find(each => each.customers.get(customer) !== undefined)
      if (books === undefined) throw new Error(`there is no customer ${customer}`)
      quietly(world, books, call => fund(call, customer, amount, currency, reference))
    },
    completeCheckout (page, { type = 'card', card, bank, ...typed } = {}) {
      const { books, session } = openPage(world, page)
      const payer: Payer = { email: 'payer@example.com', name: 'Payer Example', phone: null, business: null, taxId: null, address: null, fields: {}, ...typed }
      let next = quietly(world, books, call => pay(call, session, { type, card }, payer))
      const { wire } = session
      // Through the bank's page as well, when the outcome there is given.
      const bankPage = bank === undefined || next === undefined ? undefined : world.doors.get(tokenOf(next))
      const asked = bankPage?.kind === 'authentication' ? books.paymentIntents.get(bankPage.id) : bankPage?.kind === 'setup' ? books.setupIntents.get(bankPage.id) : undefined
      if (asked !== undefined) {
        answer(world, { books, record: asked }, bank!)
        next = wire.status === 'complete' ? successAddress(session) : undefined
      }
      return { session: session.id, status: wire.status, ...(next === undefined ? {} : { next }), ...(session.notice === null ? {} : { notice: session.notice }) }
    },
    ownClock (id) {
      const books = [...allBooks(world)].find(each => each.customers.get(id) !== undefined)
      if (books === undefined) throw new Error(`there is no customer ${id}`)
      const clock = newClock(world, books, world.now())
      books.customers.get(id)!.test_clock = clock.id
      world.changed()
      return clock.id
    },
    advanceClock (id, to) {
      const books = [...allBooks(world)].find(each => each.clocks.get(id) !== undefined)
      if (books === undefined) throw new Error(`there is no test clock ${id}`)
      quietly(world, books, call => advance(call, books.clocks.get(id)!, typeof to === 'number' ? to : Math.floor(to.getTime() / 1000)))
    },
    dispute (id, options) {
      const charge = world.intents.get(id)?.paymentIntents.get(id)?.wire.latest_charge ?? id
      const books = [...allBooks(world)].find(each => each.charges.get(charge) !== undefined)
      if (books === undefined) throw new Error(`there is no charge ${charge}`)
      return quietly(world, books, call => disputeOf(call, charge, options))
    },
    decideDispute (id, verdict) {
      const books = [...allBooks(world)].find(each => each.disputes.get(id) !== undefined)
      if (books === undefined) throw new Error(`there is no dispute ${id}`)
      const dispute = books.disputes.get(id)!
      quietly(world, books, call => decide(call, dispute, verdict))
      return dispute.status
    },
    payOut (secretKey, { early = true } = {}) {
      return quietly(world, keys.open(`Bearer ${secretKey}`, undefined).books, call => payOut(call, early))
    },
    connect (platformKey, { secretKey, country } = {}) {
      const platform = keys.open(`Bearer ${platformKey}`, undefined).platform
      if (secretKey === undefined) return connectAccount(world, platform, world.id('', 24), country).id
      const account = world.accounts.get(keys.open(`Bearer ${secretKey}`, undefined).platform)!
      if (!account.platforms.includes(platform)) account.platforms.push(platform)
      world.changed()
      return account.id
    }
  }
}

/** A page's address ends in what it is known by. */
function tokenOf (address: string): string {
  return address.split(/[?#]/)[0]!.split('/').at(-1)!
}

function openPage (world: World, page: string): { books: Books, session: SessionRecord } {
  const door = world.doors.get(tokenOf(page))
  const link = door?.kind === 'link' ? door.books.paymentLinks.get(door.id) : undefined
  if (door !== undefined && link !== undefined) {
    if (!link.wire.active) throw new Error(`the link ${link.id} is not active`)
    return openPage(world, quietly(world, door.books, call => visit(call, link)))
  }
  const session = door?.kind === 'session' ? door.books.sessions.get(door.id) : undefined
  if (door === undefined || session === undefined) throw new Error(`there is no page ${page}`)
  return { books: door.books, session }
}
