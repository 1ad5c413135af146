import { type ConnectionContext, type CreatePaymentInput, type PaymentsFamily, ProviderError } from '../../core/adapter/index.ts'
import { dateOf, dayOf, refusal, watch } from './asking.ts'
import { checkouts } from './checkouts.ts'
import { customers, keepSource } from './customers.ts'
import { call } from './http.ts'
import { links } from './links.ts'
import type { Transaction } from './objects.ts'
import { detailsOf, payerParams, transactionParams } from './params.ts'
import { refunds } from './refunds.ts'
import { acceptanceOf, bestOf, isTold, mustBe, ofReference, readTransaction, told } from './transactions.ts'
import { referenceOnWire } from './wire.ts'

const dayMs = 86_400_000
const pageSize = 50

/** A transaction is one attempt: the next one is another, with a reference of its own. */
const own = {
  createPayment: async (context, input) => {
    if (input.saveMethod === true && input.method?.type !== 'card') throw refusal('save_method', 'Wompi keeps a card with its payment, and nothing else', 'unsupported')
    // What is refused is refused before anything is kept.
    const checked = transactionParams(context, input)
    const before = keeps(input) && context.settings.keep_card === 'before'
    if (before) {
      const known = bestOf(await readFirst(() => ofReference(context, referenceOnWire(input.reference, input.attempt))))
      if (known !== undefined && known.amount_in_cents === input.amount.amount) return await told(context, known)
    }
    const source = before ? await keptBefore(context, input) : undefined
    const { body, key, ends } = source === undefined ? checked : transactionParams(context, input, source)
    const acceptance = await readFirst(() => acceptanceOf(context, input.method && detailsOf(input.method)))
    const { made, again } = await once(context, input, () => call<Transaction>(context, { method: 'POST', path: '/transactions', body: { ...acceptance, ...body }, key }))
    const seen = await watch(context, made, isTold, () => readTransaction(context, made.id))
    const snapshot = await told(context, seen, ends === undefined ? {} : { ends })
    // Of a repetition nobody knows whether the first run kept the card: it is not kept twice.
    if (before || again || !keeps(input) || snapshot.error !== undefined) return snapshot
    const savedMethodReference = await keptAfter(context, input)
    return { ...snapshot, ...(savedMethodReference !== undefined && { savedMethodReference }) }
  },

  getPayment: async (context, providerReference) => await told(context, await readTransaction(context, providerReference)),

  /** Attempts are numbered: three beyond the last that is there were surely never made, and would be refused if they were. */
  findPayment: async (context, { reference }) => {
    const all: Transaction[] = []
    for (let first = 1; first <= 99; first += 3) {
      const found = (await Promise.all([first, first + 1, first + 2].map(attempt => ofReference(context, referenceOnWire(reference, attempt))))).flat()
      if (found.length === 0) break
      all.push(...found)
    }
    const best = bestOf(all)
    return best === undefined ? undefined : await told(context, best)
  },

  /** Wompi cuts its list by days, of which zone it does not say: a day more on each side, and the rest is left out here. */
  listPayments: async (context, { from, to, cursor }) => {
    const page = Number(cursor ?? 1)
    const data = await call<Transaction[]>(context, {
      method: 'GET', path: '/transactions', query: { from_date: dayOf(new Date(from.getTime() - dayMs)), until_date: dayOf(new Date(to.getTime() + dayMs)), page, page_size: pageSize, order_by: 'created_at', order: 'ASC' }, key: 'private'
    })
    if (!Array.isArray(data)) throw new ProviderError({ code: 'timeout_unknown', reached: 'unknown' })
    const links = new Map<string, string | undefined>()
    const listed = []
    for (const transaction of data.map(mustBe)) {
      const at = dateOf(transaction.created_at)
      if (at !== undefined && at >= from && at <= to) listed.push(await told(context, transaction, { links }))
    }
    return { data: listed, ...(data.length === pageSize && { next: String(page + 1) }) }
  }
} satisfies PaymentsFamily

export const payments = { ...own, ...refunds, ...checkouts, ...links, ...customers } satisfies PaymentsFamily

/** "La referencia ya ha sido usada": it was made before (`again`), and its answer lost. Then what is there is the answer, if it is what was asked. */
async function once (context: ConnectionContext, input: CreatePaymentInput, write: () => Promise<Transaction>): Promise<{ made: Transaction, again: boolean }> {
  try {
    return { made: mustBe(await write()), again: false }
  } catch (thrown) {
    if (!(thrown instanceof ProviderError && thrown.code === 'duplicate')) throw thrown
    const found = bestOf(await readFirst(() => ofReference(context, referenceOnWire(input.reference, input.attempt)), 'unknown'))
    if (found === undefined || found.amount_in_cents !== input.amount.amount) throw thrown
    return { made: found, again: true }
  }
}

const keeps = ({ saveMethod, method }: CreatePaymentInput): boolean => saveMethod === true && /^tok_/.test(method?.token ?? '')

async function keep (context: ConnectionContext, { method, customer }: CreatePaymentInput): Promise<string | undefined> {
  const { source_acceptance_token: token, source_accept_personal_auth: personal } = detailsOf(method!)
  const given = token === undefined ? {} : { acceptance_token: token, ...(personal !== undefined && { accept_personal_auth: personal }) }
  const source = await keepSource(context, { type: 'card', token: method!.token!, email: payerParams(customer, context.settings).customer_email, given })
  return source.status === 'AVAILABLE' ? String(source.id) : undefined
}

/**
 * The card of a payment that was answered. Sources are not listed, so a keeping whose answer was lost is never repeated: the payment is
 * paid, and the card is not kept, as far as anybody knows.
 */
async function keptAfter (context: ConnectionContext, input: CreatePaymentInput): Promise<string | undefined> {
  try {
    return await keep(context, input)
  } catch (thrown) {
    context.log.warn({ code: thrown instanceof ProviderError ? thrown.code : 'unknown' }, 'Wompi did not keep the card of a payment')
    return undefined
  }
}

/** With `keep_card: before` the card becomes a source, and the source is charged. A keeping whose answer was lost charged nothing, and that is said. */
async function keptBefore (context: ConnectionContext, input: CreatePaymentInput): Promise<string | undefined> {
  return await readFirst(() => keep(context, input))
}

/** Only asked, so far: whatever it met, nothing was charged by it. */
async function readFirst<T> (read: () => Promise<T>, otherwise: 'nowhere' | 'unknown' = 'nowhere'): Promise<T> {
  try {
    return await read()
  } catch (thrown) {
    if (!(thrown instanceof ProviderError) || thrown.reached !== 'unknown' || otherwise === 'unknown') throw thrown
    throw new ProviderError({ code: 'provider_unavailable', reached: 'nowhere', providerCode: thrown.providerCode, httpStatus: thrown.httpStatus, cause: thrown })
  }
}
