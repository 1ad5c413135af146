import type { Adapter } from '../adapter/define.ts'
import { inTenant } from '../db/in-tenant.ts'
import { HubError, invalidField } from '../errors.ts'
import type { Hub } from '../hub.ts'
import { newUuid } from '../ids.ts'
import { chooseConnection, type Chosen, type Wanted } from '../payments/choose-connection.ts'
import { linkToken, type LinkSort, readLinkToken, secondOf } from '../vault/link.ts'
import * as queries from './queries.ts'
import type { PageRow } from './queries.ts'
import type { NewPaymentLink } from './schema.ts'

/**
 * What our page cannot ask for: cards and wallets of cards belong into the provider's own fields, and PSE wants the payer's bank, of a
 * list that the provider has.
 */
const notHere = new Set(['card', 'credit_card', 'debit_card', 'apple_pay', 'google_pay', 'pse'])

/** The methods of a provider that need no more than the payer's name and address: what comes is a transfer, a voucher, a code, or the provider's own page. */
export function methodsHere ({ manifest, payments }: Adapter, { currency, methods }: { currency: string, methods?: readonly string[] | null | undefined }): string[] {
  if (payments === undefined) return []
  return manifest.methods.filter(({ type, currencies }) => !notHere.has(type) && (methods == null || methods.includes(type)) && (currencies?.includes(currency) ?? true)).map(({ type }) => type)
}

/** Who takes the payments of a link of our own; undefined where nobody can. Throws a 400 for what only a provider's page does. */
export async function chooseOwn (hub: Hub, tenantId: string, { invoice_id: invoiceId, capture, methods, currency }: Pick<NewPaymentLink, 'invoice_id' | 'capture' | 'methods' | 'currency'>, wanted: Omit<Wanted, 'needs'>): Promise<Chosen | undefined> {
  if (capture === 'manual') return undefined
  // The tenant's own bank is chosen where the caller names it, or a transfer.
  const method = methods?.find(type => !notHere.has(type))
  const chosen = await chooseConnection(hub, tenantId, { ...wanted, ...(method !== undefined && { method }), needs: ['createPayment', 'getPayment'] }).catch((error: unknown) => {
    if (error instanceof HubError) return undefined
    throw error
  })
  if (chosen === undefined || methodsHere(chosen.adapter, { currency, methods }).length === 0) return undefined
  if (invoiceId !== undefined) throw invalidField('invoice_id', 'has a page of its own for this provider: POST /v1/invoices/{id}/payment_link')
  return chosen
}

// --- addresses ------------------------------------------------------------------------------------------------------------

const pageSort: LinkSort = { use: 'payment-link-page', kind: 'payment_link' }
const startSort: LinkSort = { use: 'payment-link-start', kind: 'payment' }
/** How long a form may lie open before it is sent, ms. */
const startLastsMs = 24 * 3600_000

/** Where anybody who has the address pays. */
export async function ownLinkUrl (hub: Pick<Hub, 'vault' | 'publicUrl'>, { tenantId, id, createdAt }: { tenantId: string, id: string, createdAt: Date }): Promise<string> {
  return `${hub.publicUrl()}/link/${await linkToken(hub.vault, pageSort, { tenantId, id, second: secondOf(createdAt) })}`
}

/** The link that a token names; undefined when it is none of ours. The caller learns no more. */
export async function openOwnLink (hub: Pick<Hub, 'db' | 'vault'>, token: string): Promise<PageRow | undefined> {
  const link = readLinkToken(hub.vault, pageSort, token)
  const row = link && await inTenant(hub.db, link.tenantId, async db => await queries.findPage(db, link.id))
  return row?.kind === 'payment_link' && secondOf(row.created_at) === link!.second && await link!.genuine() ? row : undefined
}

/** What makes two presses of one form the same payment: its id, chosen when the form was shown, and signed so that nobody chooses one. */
export async function startToken (hub: Pick<Hub, 'vault' | 'now'>, { tenant_id: tenantId }: PageRow): Promise<string> {
  const now = hub.now()
  return await linkToken(hub.vault, startSort, { tenantId, id: newUuid(now), second: secondOf(new Date(now.getTime() + startLastsMs)) })
}

/** The id (UUID) of the payment that this form begins; undefined when the form is not ours, or too old. */
export async function startedBy (hub: Pick<Hub, 'vault' | 'now'>, row: PageRow, token: string): Promise<string | undefined> {
  const start = readLinkToken(hub.vault, startSort, token)
  return start?.tenantId === row.tenant_id && start.second > secondOf(hub.now()) && await start.genuine() ? start.id : undefined
}
