import { type ConnectionContext, type PaymentSnapshot, ProviderError } from '../../core/adapter/index.ts'
import { refusal } from './asking.ts'
import { call, segment } from './http.ts'
import type { Link, Merchant, Transaction } from './objects.ts'
import { nextActionOf, referenceOf, snapshotOf } from './wire.ts'

/** How transactions are read. */

export async function readTransaction (context: ConnectionContext, id: string): Promise<Transaction> {
  return mustBe(await call<Transaction>(context, { method: 'GET', path: `/transactions/${segment(id)}`, key: 'private' }))
}

/** An answer that is no transaction hides what happened. */
export function mustBe (transaction: Transaction): Transaction {
  if (typeof transaction.id !== 'string' || typeof transaction.status !== 'string' || typeof transaction.amount_in_cents !== 'number' || typeof transaction.reference !== 'string') throw new ProviderError({ code: 'timeout_unknown', reached: 'unknown' })
  return transaction
}

/** All of one reference: one of the API, or the tries of a page. */
export async function ofReference (context: ConnectionContext, reference: string): Promise<Transaction[]> {
  const found = await call<Transaction[]>(context, { method: 'GET', path: '/transactions', query: { reference }, key: 'private' })
  if (!Array.isArray(found)) throw new ProviderError({ code: 'timeout_unknown', reached: 'unknown' })
  return found.map(mustBe).filter(transaction => transaction.reference === reference)
}

const rank = ['APPROVED', 'VOIDED', 'PENDING']

/** One with money on it before all others, then one that waits, else the newest. */
export function bestOf (transactions: readonly Transaction[]): Transaction | undefined {
  const newest = transactions.toSorted((a, b) => (b.created_at ?? '').localeCompare(a.created_at ?? ''))
  for (const status of rank) {
    const found = newest.find(transaction => transaction.status === status)
    if (found !== undefined) return found
  }
  return newest[0]
}

/** A reference of ours, or that of the link which was paid: Wompi makes the references of a link's payments itself. */
export async function told (context: ConnectionContext, transaction: Transaction, { ends, links = new Map() }: { ends?: Date, links?: Map<string, string | undefined> } = {}): Promise<PaymentSnapshot> {
  const reference = referenceOf(transaction.reference) === undefined && transaction.payment_link_id ? await referenceOfLink(context, transaction.payment_link_id, links) : undefined
  return shown(context, transaction, { ...(reference !== undefined && { reference }), ...(ends !== undefined && { ends }) })
}

export function shown ({ mode, settings }: ConnectionContext, transaction: Transaction, more: { reference?: string, ends?: Date } = {}): PaymentSnapshot {
  return snapshotOf(transaction, { mode, ...(typeof settings.cash_days === 'number' && { collectDays: settings.cash_days }), ...more })
}

async function referenceOfLink (context: ConnectionContext, id: string, links: Map<string, string | undefined>): Promise<string | undefined> {
  if (!links.has(id)) {
    const link = await call<Link>(context, { method: 'GET', path: `/payment_links/${segment(id)}`, key: 'private' }).catch((thrown: unknown) => {
      if (thrown instanceof ProviderError && thrown.code === 'not_found') return undefined
      throw thrown
    })
    links.set(id, link?.sku ?? undefined)
  }
  return links.get(id)
}

/** Nothing more is told of it until the payer acts. */
export const isTold = (transaction: Transaction): boolean => transaction.status !== 'PENDING' || nextActionOf(transaction) !== undefined

/**
 * That the payer took note of Wompi's terms and of how it handles personal data: one-time tokens that the shop may have shown already
 * (`method.details`), else asked for now, on the shop's word that it shows them (setting `acceptance`). Source: facts section 7.2.
 */
export async function acceptanceOf (context: ConnectionContext, given: Record<string, string> = {}): Promise<{ acceptance_token: string, accept_personal_auth?: string }> {
  const { acceptance_token: token, accept_personal_auth: personal } = given
  if (token !== undefined) return { acceptance_token: token, ...(personal !== undefined && { accept_personal_auth: personal }) }
  if (context.settings.acceptance === 'required') throw refusal('method.details.acceptance_token', 'the payer has to accept Wompi’s terms, and the shop tells the token of it')
  const merchant = await merchantOf(context)
  const terms = merchant.presigned_acceptance?.acceptance_token
  const data = merchant.presigned_personal_data_auth?.acceptance_token
  if (terms === undefined) throw new ProviderError({ code: 'provider_unavailable', reached: 'nowhere', providerMessage: 'Wompi gives no acceptance token' })
  return { acceptance_token: terms, ...(data !== undefined && { accept_personal_auth: data }) }
}

export async function merchantOf (context: ConnectionContext): Promise<Merchant> {
  return await call<Merchant>(context, { method: 'GET', path: `/merchants/${segment(context.credentials.public_key ?? '')}`, key: 'public' })
}
