/**
 * The reckoning: what the provider's books say and what ours say, row by row. Pure, and written from Stripe's documentation
 * (https://docs.stripe.com/payments/paymentintents/lifecycle and https://docs.stripe.com/billing/subscriptions/overview, read
 * 2026-11-20), not from the adapter: two who read the same wrong table agree with each other.
 */
import type { Ledger } from '../../../adapters/stripe/simulator/ledger.ts'

/**
 * `lost`: it happened, and one side does not know, or says something else. `double`: it happened or was told more often than it was asked
 * for. `stuck`: nobody works at it any more, or a person has to.
 */
export type Verdict = 'lost' | 'double' | 'stuck'
export interface Difference { verdict: Verdict, what: string, id: string, detail: string }

/** Our rows. Ids as the API shows them, amounts in minor units. */
export interface OurBooks {
  payments: { id: string, status: string, amount: number, currency: string, capturable: number, captured: number, refunded: number, reference: string | null, pending: string | null, review: string | null, cancelWanted: boolean, story: string | null, disputed: boolean }[]
  /** Every object of the provider that an attempt ever had. */
  attempts: { payment: string, reference: string | null }[]
  refunds: { id: string, payment: string, status: string, amount: number, reference: string | null }[]
  subscriptions: { id: string, status: string, reference: string | null, pending: string | null, review: string | null, cancelWanted: boolean, cancelAtPeriodEnd: boolean }[]
  cycles: { id: string, subscription: string, status: string, amount: number, reference: string, payment: string | null, paymentOwed: boolean }[]
  pages: { id: string, status: string, reference: string | null, pending: string | null }[]
  methods: { id: string, status: string, pending: boolean }[]
  disputes: { id: string, payment: string, status: string, amount: number, reference: string, pending: string | null }[]
  inbound: { id: string, event: string, type: string, status: string, reason: string | null }[]
  alerts: { kind: string, subject: string | null }[]
  /** Events of ours that may happen once to a subject. */
  told: { type: string, subject: string, times: number }[]
}

/** What a client of ours was told, as last word on one request. */
export interface Acknowledged { name: string, id: string, object: string, status: string }

export interface Books {
  ledger: Ledger
  ours: OurBooks
  /** Ids of the provider's events that we answered with 2xx. */
  webhooks: Iterable<string>
  acknowledged: readonly Acknowledged[]
}

type Found = (verdict: Verdict, what: string, id: string, detail: string) => void

export function compare (books: Books): Difference[] {
  const differences: Difference[] = []
  const found: Found = (verdict, what, id, detail) => { differences.push({ verdict, what, id, detail }) }
  for (const check of [payments, money, refunds, subscriptions, cycles, pages, disputes, webhooks, promises, open]) check(books, found)
  return differences
}

// --- payments ---------------------------------------------------------------------------------------------------------

/** What our status may be, for each of theirs. */
const paymentStatus: Record<string, readonly string[]> = {
  requires_payment_method: ['requires_payment_method', 'expired', 'failed'],
  requires_confirmation: ['requires_payment_method'],
  requires_action: ['requires_action'],
  processing: ['processing'],
  requires_capture: ['authorized'],
  succeeded: ['succeeded'],
  canceled: ['canceled', 'expired']
}

function payments ({ ledger, ours }: Books, found: Found): void {
  const theirs = new Map(ledger.payments.map(row => [row.id, row]))
  const returned = sums(ledger.refunds.filter(({ status }) => status === 'succeeded'), refund => refund.payment ?? '')
  for (const row of ours.payments) {
    const say = (detail: string) => found('lost', 'payment', row.id, detail)
    const their = row.reference === null ? undefined : theirs.get(row.reference)
    if (their === undefined) {
      if (row.reference !== null) say(`the provider has no ${row.reference}`)
      else if (['succeeded', 'authorized', 'processing', 'requires_action'].includes(row.status)) say(`${row.status}, and the provider was never asked`)
      continue
    }
    if (!(paymentStatus[their.status] ?? []).includes(row.status)) say(`${row.status}, and the provider says ${their.status}`)
    const amounts: [string, number, number][] = [['amount', row.amount, their.amount], ['captured', row.captured, their.received], ['capturable', row.capturable, their.capturable], ['refunded', row.refunded, returned.get(their.id) ?? 0]]
    for (const [name, our, theirs] of amounts) if (our !== theirs) say(`${name} ${our}, and the provider says ${theirs}`)
    if (row.currency !== their.currency.toUpperCase()) say(`${row.currency}, and the provider says ${their.currency}`)
  }
}

/** From the provider's side: money that nobody here knows of, and money that was taken more often than it was asked for. */
function money ({ ledger, ours }: Books, found: Found): void {
  const known = new Set([...ours.payments, ...ours.attempts].map(({ reference }) => reference))
  const takes = (row: Ledger['payments'][number]): boolean => row.received > 0 || ['requires_capture', 'processing', 'succeeded'].includes(row.status)
  for (const row of ledger.payments) {
    if (!known.has(row.id) && (takes(row) || row.status === 'requires_action')) found('lost', 'payment', row.id, `${row.status} with ${row.received} at the provider, and no payment of ours is it`)
  }
  const taken = ledger.payments.filter(takes)
  twice(taken, row => row.metadata.pasarela_payment, (id, rows) => found('double', 'payment', id, `taken ${rows.length} times: ${idsOf(rows)}`))
  twice(taken, row => row.metadata.story, (story, rows) => found('double', 'story', story, `taken ${rows.length} times: ${idsOf(rows)}`))
  twice(taken, row => row.invoice ?? undefined, (invoice, rows) => found('double', 'cycle', invoice, `paid ${rows.length} times: ${idsOf(rows)}`))
  twice(taken, row => row.session ?? undefined, (session, rows) => found('double', 'page', session, `paid ${rows.length} times: ${idsOf(rows)}`))
  twice(ledger.charges.filter(({ status }) => status === 'succeeded'), row => row.payment, (id, rows) => found('double', 'payment', id, `charged ${rows.length} times: ${idsOf(rows)}`))
  twice(ours.payments, row => row.story ?? undefined, (story, rows) => found('double', 'story', story, `${rows.length} payments: ${idsOf(rows)}`))
  twice(ours.payments, row => row.reference ?? undefined, (reference, rows) => found('double', 'payment', reference, `known as ${idsOf(rows)}`))
  const returned = sums(ledger.refunds.filter(({ status }) => status !== 'failed' && status !== 'canceled'), refund => refund.payment ?? '')
  for (const { id, received } of ledger.payments) if ((returned.get(id) ?? 0) > received) found('double', 'refund', id, `${returned.get(id)} of ${received} given back`)
  twice(ledger.customers.filter(({ metadata }) => metadata.pasarela_customer !== undefined), row => row.metadata.pasarela_customer, (id, rows) => found('double', 'customer', id, `made ${rows.length} times: ${idsOf(rows)}`))
}

function refunds ({ ledger, ours }: Books, found: Found): void {
  const theirs = new Map(ledger.refunds.map(row => [row.id, row]))
  const known = new Set(ours.refunds.map(({ reference }) => reference))
  for (const row of ours.refunds) {
    const their = row.reference === null ? undefined : theirs.get(row.reference)
    if (their === undefined) {
      if (row.reference !== null || row.status === 'succeeded') found('lost', 'refund', row.id, `${row.status}, and the provider has no ${row.reference ?? 'such refund'}`)
      continue
    }
    if (row.status !== their.status && row.status !== 'unknown') found('lost', 'refund', row.id, `${row.status}, and the provider says ${their.status}`)
    if (row.amount !== their.amount) found('lost', 'refund', row.id, `${row.amount}, and the provider says ${their.amount}`)
  }
  for (const row of ledger.refunds) if (!known.has(row.id)) found('lost', 'refund', row.id, `${row.amount} given back at the provider, and no refund of ours is it`)
  const given = ledger.refunds.filter(({ status }) => status !== 'failed' && status !== 'canceled')
  twice(given, row => row.metadata.pasarela_refund, (id, rows) => found('double', 'refund', id, `given back ${rows.length} times: ${idsOf(rows)}`))
}

// --- subscriptions ----------------------------------------------------------------------------------------------------

const subscriptionStatus: Record<string, string> = {
  incomplete: 'incomplete', incomplete_expired: 'expired', trialing: 'trialing', active: 'active', past_due: 'past_due', unpaid: 'unpaid', canceled: 'canceled', paused: 'paused'
}

function subscriptions ({ ledger, ours }: Books, found: Found): void {
  const theirs = new Map(ledger.subscriptions.map(row => [row.id, row]))
  const known = new Set(ours.subscriptions.map(({ reference }) => reference))
  for (const row of ours.subscriptions) {
    const their = row.reference === null ? undefined : theirs.get(row.reference)
    if (their === undefined) {
      if (row.reference !== null || ['active', 'trialing', 'past_due', 'paused', 'unpaid'].includes(row.status)) found('lost', 'subscription', row.id, `${row.status}, and the provider has no ${row.reference ?? 'such subscription'}`)
      continue
    }
    const goesOn = their.status === 'active' || their.status === 'trialing' || their.status === 'past_due'
    const says = goesOn && their.paused ? 'paused' : subscriptionStatus[their.status]
    if (row.status !== says) found('lost', 'subscription', row.id, `${row.status}, and the provider says ${says}`)
    if (goesOn && row.cancelAtPeriodEnd !== their.cancelAtPeriodEnd) found('lost', 'subscription', row.id, `ends with the period: ${row.cancelAtPeriodEnd}, and the provider says ${their.cancelAtPeriodEnd}`)
  }
  for (const row of ledger.subscriptions) if (!known.has(row.id)) found('lost', 'subscription', row.id, `${row.status} at the provider, and no subscription of ours is it`)
  twice(ledger.subscriptions, row => row.metadata.pasarela_subscription, (id, rows) => found('double', 'subscription', id, `made ${rows.length} times: ${idsOf(rows)}`))
}

function cycles ({ ledger, ours }: Books, found: Found): void {
  const invoices = new Map(ledger.invoices.map(row => [row.id, row]))
  const known = new Set(ours.cycles.map(({ reference }) => reference))
  const mine = new Set(ours.subscriptions.map(({ reference }) => reference))
  const payments = new Map(ours.payments.map(row => [row.id, row]))
  for (const row of ours.cycles) {
    const their = invoices.get(row.reference)
    if (their === undefined) {
      found('lost', 'cycle', row.id, `the provider has no ${row.reference}`)
      continue
    }
    if (row.status !== their.status) found('lost', 'cycle', row.id, `${row.status}, and the provider says ${their.status}`)
    if (row.amount !== Math.max(0, their.amount)) found('lost', 'cycle', row.id, `amount ${row.amount}, and the provider says ${their.amount}`)
    if (row.paymentOwed) found('stuck', 'cycle', row.id, 'its payment was never asked for')
    const payment = row.payment === null ? undefined : payments.get(row.payment)
    if (their.status === 'paid' && their.paid > 0 && payment?.status !== 'succeeded') found('lost', 'cycle', row.id, `paid at the provider, and its payment here is ${payment?.status ?? 'missing'}`)
    if (payment !== undefined && payment.reference !== null && !their.payments.includes(payment.reference)) found('lost', 'cycle', row.id, `its payment is ${payment.reference}, and the provider says ${their.payments.join(', ')}`)
  }
  for (const row of ledger.invoices) {
    if (row.subscription !== null && mine.has(row.subscription) && !known.has(row.id)) found('lost', 'cycle', row.id, `${row.status} at the provider, and no cycle of ours is it`)
  }
}

// --- the rest ---------------------------------------------------------------------------------------------------------

const pageStatus: Record<string, readonly string[]> = { open: ['open'], complete: ['complete'], expired: ['expired', 'canceled'] }

function pages ({ ledger, ours }: Books, found: Found): void {
  const theirs = new Map(ledger.sessions.map(row => [row.id, row]))
  const known = new Set(ours.pages.map(({ reference }) => reference))
  for (const row of ours.pages) {
    const their = row.reference === null ? undefined : theirs.get(row.reference)
    if (their === undefined) {
      if (row.reference !== null || row.status === 'open' || row.status === 'complete') found('lost', 'page', row.id, `${row.status}, and the provider has no ${row.reference ?? 'such page'}`)
    } else if (row.status !== 'unknown' && !(pageStatus[their.status] ?? []).includes(row.status)) found('lost', 'page', row.id, `${row.status}, and the provider says ${their.status}`)
  }
  for (const row of ledger.sessions) if (!known.has(row.id) && row.link === null && row.status !== 'expired') found('lost', 'page', row.id, `${row.status} at the provider, and no page of ours is it`)
  twice(ledger.sessions.filter(({ link }) => link === null), row => row.metadata.pasarela_checkout, (id, rows) => found('double', 'page', id, `made ${rows.length} times: ${idsOf(rows)}`))
}

function disputes ({ ledger, ours }: Books, found: Found): void {
  const known = new Map(ours.disputes.map(row => [row.reference, row]))
  const payments = new Map(ours.payments.map(row => [row.id, row]))
  for (const their of ledger.disputes) {
    const row = known.get(their.id)
    if (row === undefined) {
      found('lost', 'dispute', their.id, `${their.status} at the provider, and no dispute of ours is it`)
      continue
    }
    const same = row.status === their.status || (row.status === 'accepted' && their.status === 'lost')
    if (!same) found('lost', 'dispute', row.id, `${row.status}, and the provider says ${their.status}`)
    if (row.amount !== their.amount) found('lost', 'dispute', row.id, `${row.amount}, and the provider says ${their.amount}`)
    if (payments.get(row.payment)?.reference !== their.payment) found('lost', 'dispute', row.id, `of another payment than ${their.payment}`)
  }
  if (ours.disputes.length > ledger.disputes.length) found('double', 'dispute', 'all', `${ours.disputes.length} here, ${ledger.disputes.length} at the provider`)
}

function webhooks ({ ledger, ours, webhooks }: Books, found: Found): void {
  // A subscription's payment carries no word of ours: what is told of it before its cycle is here is of nothing that we know, and its cycle asks for it.
  const ofCycles = new Set(ledger.payments.filter(({ invoice }) => invoice !== null).map(({ id }) => id))
  const early = (reason: string | null): boolean => ofCycles.has(/\bpi_\w+/.exec(reason ?? '')?.[0] ?? '')
  const kept = new Map(ours.inbound.map(row => [row.event, row]))
  for (const event of webhooks) if (!kept.has(event)) found('lost', 'webhook', event, 'acknowledged, and not kept')
  twice(ours.inbound, row => row.event, (event, rows) => found('double', 'webhook', event, `kept ${rows.length} times: ${idsOf(rows)}`))
  for (const row of ours.inbound) {
    if (row.status === 'unmatched' && early(row.reason)) continue
    if (row.status === 'unmatched') found('lost', 'webhook', row.id, `${row.type} of nothing of ours: ${row.reason}`)
    else if (row.status !== 'processed' && row.status !== 'ignored') found('stuck', 'webhook', row.id, `${row.type} is ${row.status}: ${row.reason}`)
  }
}

/** What a client was told stays true. */
function promises ({ ours, acknowledged }: Books, found: Found): void {
  const rows = new Map<string, { status: string }>([...ours.payments, ...ours.refunds, ...ours.subscriptions, ...ours.pages, ...ours.methods].map(row => [row.id, row]))
  const ends: Record<string, readonly string[]> = { payment: ['succeeded', 'canceled', 'failed', 'expired'], refund: ['failed', 'canceled'], subscription: ['canceled', 'expired'], checkout_session: ['complete', 'expired'] }
  for (const { name, id, object, status } of acknowledged) {
    const row = rows.get(id)
    if (row === undefined) found('lost', object, id, `${name} was told of it, and it is not there`)
    else if ((ends[object] ?? []).includes(status) && row.status !== status) found('lost', object, id, `${name} was told ${status}, and it is ${row.status}`)
  }
  twiceTold(ours, found)
}

function twiceTold ({ told }: OurBooks, found: Found): void {
  for (const { type, subject, times } of told) if (times > 1) found('double', 'event', subject, `${type} was told ${times} times`)
}

/** What still waits although everything is calm, and what a person was called for. */
function open ({ ours }: Books, found: Found): void {
  const owed = (row: { status: string, pending: string | null, review?: string | null, cancelWanted?: boolean }): string | undefined => {
    if (row.review !== null && row.review !== undefined) return `under review: ${row.review}`
    if (row.pending !== null) return `${row.pending} has no end`
    if (row.status === 'unknown') return 'nobody knows'
    return row.cancelWanted === true ? 'its cancel was never carried out' : undefined
  }
  for (const [what, rows] of [['payment', ours.payments], ['subscription', ours.subscriptions], ['page', ours.pages]] as const) {
    for (const row of rows) {
      const why = owed(row)
      if (why !== undefined) found('stuck', what, row.id, why)
    }
  }
  for (const row of ours.refunds) if (row.status === 'unknown') found('stuck', 'refund', row.id, 'nobody knows')
  for (const row of ours.methods) if (row.status === 'unknown' || row.pending) found('stuck', 'payment method', row.id, 'nobody knows')
  for (const row of ours.disputes) if (row.pending !== null) found('stuck', 'dispute', row.id, `${row.pending} has no end`)
  // That a dispute came, or that the provider fails, is news for a person; nothing waits for them.
  for (const { kind, subject } of ours.alerts) if (!kind.startsWith('dispute_') && kind !== 'connection_failing') found('stuck', 'alert', subject ?? kind, `a person was called: ${kind}`)
}

function sums<T extends { amount: number }> (rows: readonly T[], by: (row: T) => string): Map<string, number> {
  const result = new Map<string, number>()
  for (const row of rows) result.set(by(row), (result.get(by(row)) ?? 0) + row.amount)
  return result
}

function twice<T> (rows: readonly T[], by: (row: T) => string | undefined, tell: (key: string, rows: T[]) => void): void {
  for (const [key, same] of Map.groupBy(rows, by)) if (key !== undefined && same.length > 1) tell(key, same)
}

const idsOf = (rows: readonly { id: string }[]): string => rows.map(({ id }) => id).join(', ')
