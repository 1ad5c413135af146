import type { Access } from '../access/principal.ts'
import type { Mode } from '../adapter/context.ts'
import type { Adapter } from '../adapter/define.ts'
import { recordChange } from '../audit/record.ts'
import type { KnownConnection } from '../connections/open.ts'
import { inTenant } from '../db/in-tenant.ts'
import { HubError, invalidField } from '../errors.ts'
import { Decimal } from '../fiscal/decimal.ts'
import type { Hub } from '../hub.ts'
import { type Idempotency, recordSubject } from '../idempotency/service.ts'
import { publicId, uuidOf } from '../ids.ts'
import { futureMoment } from '../payments/details.ts'
import { isPayable, toMinor, written } from '../receivables/reconcile.ts'
import { routeIn } from '../routing-rules/choose.ts'
import { assertPublicUrl } from '../urls.ts'
import { linkToken, readLinkToken } from '../vault/link.ts'
import * as queries from './queries.ts'
import type { InvoiceRow } from './queries.ts'
import type { InvoicePaymentLink, NewInvoicePaymentLink } from './schema.ts'
import { showInvoice } from './view.ts'

/** What the tenant allows on the page, as it is kept beside the invoice. */
export interface LinkSettings {
  partial: boolean
  /** Minor units: the least that a part may be, but for the last. */
  minimum: number | null
  methods: string[] | null
  /** Public id; null: as the routing rules say. */
  connection: string | null
  success_url: string | null
  expires_at: string | null
  /** Seconds: a link that was taken back never opens again. */
  made_at: number
}

export const linkOf = (row: InvoiceRow): LinkSettings | null => row.link as unknown as LinkSettings | null

/** Where the customer pays what is due, by whatever the tenant can take. Asked again it changes what is allowed there, and the address stays. */
export async function makePaymentLink (hub: Hub, access: Access, publicInvoiceId: string, body: NewInvoicePaymentLink, idempotency: Idempotency | null): Promise<InvoicePaymentLink> {
  if (idempotency?.subject !== undefined) return await getPaymentLink(hub, access, publicInvoiceId)
  const now = hub.now()
  if (body.success_url !== undefined) assertPublicUrl(access.mode, body.success_url, 'success_url')
  if (body.minimum !== undefined && body.partial !== true) throw invalidField('minimum', 'is of parts: it needs partial')
  const expiresAt = body.expires_at === undefined ? null : futureMoment('expires_at', body.expires_at, now).toISOString()
  const row = await inTenant(hub.db, access.tenantId, async db => {
    const invoice = await queries.lockInvoice(db, uuidOf('invoice', publicInvoiceId))
    if (invoice?.mode !== access.mode) throw new HubError('not_found')
    if (!isPayable(invoice.kind) || (invoice.status !== 'issued' && invoice.status !== 'cancel_rejected')) {
      throw new HubError('invalid_state', { detail: { es: 'Solo se cobra una factura emitida.', en: 'Only an issued invoice is collected.' } })
    }
    const before = linkOf(invoice)
    const link: LinkSettings = {
      partial: body.partial ?? false, minimum: body.minimum ?? null, methods: body.methods ?? null, connection: body.connection ?? null, success_url: body.success_url ?? null, expires_at: expiresAt,
      made_at: before?.made_at ?? Math.floor(now.getTime() / 1000)
    }
    if (optionsFor(hub, await hub.usable.load(access.tenantId, access.mode), access.mode, { ...invoice, link } as unknown as InvoiceRow).length === 0) throw new HubError('connection_not_usable')
    await recordChange(db, access, now, { action: 'invoice.payment_link', subjectType: 'invoice', subjectId: publicInvoiceId, detail: { partial: link.partial } })
    if (idempotency !== null) await recordSubject(db, idempotency, publicInvoiceId)
    return await queries.updateCollection(db, invoice.id, { link }, now)
  })
  return await show(hub, row)
}

export async function getPaymentLink (hub: Hub, access: Access, publicInvoiceId: string): Promise<InvoicePaymentLink> {
  const row = await inTenant(hub.db, access.tenantId, async db => await queries.findInvoice(db, uuidOf('invoice', publicInvoiceId)))
  if (row?.mode !== access.mode) throw new HubError('not_found')
  if (linkOf(row) === null) throw noLink()
  return await show(hub, row)
}

/** Nobody may begin to pay on it any more; who is at it may finish. */
export async function closePaymentLink (hub: Hub, access: Access, publicInvoiceId: string): Promise<void> {
  await inTenant(hub.db, access.tenantId, async db => {
    const row = await queries.lockInvoice(db, uuidOf('invoice', publicInvoiceId))
    if (row?.mode !== access.mode) throw new HubError('not_found')
    if (linkOf(row) === null) throw noLink()
    await queries.updateCollection(db, row.id, { link: null }, hub.now())
    await recordChange(db, access, hub.now(), { action: 'invoice.payment_link_closed', subjectType: 'invoice', subjectId: publicInvoiceId })
  })
}

const noLink = () => new HubError('invalid_state', { detail: { es: 'La factura no tiene un enlace de pago.', en: 'The invoice has no payment link.' } })

async function show (hub: Hub, row: InvoiceRow): Promise<InvoicePaymentLink> {
  const link = linkOf(row)!
  const { amount_due: amountDue, payment_status: paymentStatus, currency, due } = showInvoice(row, [], null)
  return {
    object: 'invoice_payment_link',
    invoice: publicId('invoice', row.id),
    mode: row.mode as Mode,
    status: linkStatus(hub, row),
    url: await linkUrl(hub, row),
    amount_due: amountDue,
    currency,
    due,
    payment_status: paymentStatus,
    partial: link.partial,
    minimum: link.minimum,
    methods: link.methods,
    connection: link.connection,
    success_url: link.success_url,
    expires_at: link.expires_at
  }
}

export function linkStatus ({ now }: Pick<Hub, 'now'>, row: InvoiceRow): InvoicePaymentLink['status'] {
  const link = linkOf(row)
  if (dueOf(row).lessThanOrEqualTo(0) && row.status !== 'canceled') return 'paid'
  if (link === null || (row.status !== 'issued' && row.status !== 'cancel_rejected')) return 'closed'
  return link.expires_at !== null && new Date(link.expires_at) <= now() ? 'expired' : 'open'
}

export const dueOf = (row: InvoiceRow): Decimal => row.status === 'canceled' ? new Decimal(0) : Decimal.max(new Decimal(row.total).minus(row.amount_credited).minus(row.amount_paid), 0)

// --- the address ----------------------------------------------------------------------------------------------------------

const sort = { use: 'invoice-payment-link', kind: 'invoice' } as const

export async function linkUrl (hub: Pick<Hub, 'vault' | 'publicUrl'>, row: InvoiceRow): Promise<string> {
  return `${hub.publicUrl()}/invoice/${await linkToken(hub.vault, sort, { tenantId: row.tenant_id, id: row.id, second: linkOf(row)!.made_at })}`
}

/** The invoice that a token names; undefined when it is none of ours, or its link was taken back. The caller learns no more. */
export async function openLink (hub: Pick<Hub, 'db' | 'vault'>, token: string): Promise<InvoiceRow | undefined> {
  const link = readLinkToken(hub.vault, sort, token)
  const row = link && await inTenant(hub.db, link.tenantId, async db => await queries.findInvoice(db, link.id))
  return row !== undefined && linkOf(row)?.made_at === link!.second && await link!.genuine() ? row : undefined
}

// --- what the payer may choose among ----------------------------------------------------------------------------------------

export interface Option {
  method: string
  connection: KnownConnection
  /** `page`: on the provider's own page. `here`: it needs no more than our word, and gives instructions. */
  how: 'page' | 'here'
}

/** Needs the payer's data in the provider's own fields, which our page never has. */
const needsToken = new Set(['card', 'credit_card', 'debit_card', 'apple_pay', 'google_pay'])

/** Each method that some connection of the tenant can take this amount with: once, at the connection that its routing rules say. */
export function optionsFor (hub: Pick<Hub, 'adapters' | 'usable'>, usable: Awaited<ReturnType<Hub['usable']['load']>>, mode: Mode, row: InvoiceRow): Option[] {
  const link = linkOf(row)
  const adapters = [...new Set(usable.connections.filter(({ enabled }) => enabled).flatMap(({ provider }) => hub.adapters.get(provider) ?? []))]
  const types = [...new Set(adapters.flatMap((adapter: Adapter) => adapter.manifest.methods.map(({ type }) => type)))].filter(type => link?.methods == null || link.methods.includes(type))
  const wanted = {
    family: 'payments' as const, mode, currency: row.currency, amount: Math.max(toMinor(dueOf(row), row.currency), 1), metadata: row.metadata as Record<string, string>, country: row.country,
    ...(link?.connection != null && { connection: link.connection })
  }
  return types.flatMap((method): Option[] => {
    const onPage = routeIn(hub, usable, { ...wanted, method, needs: ['createCheckout', 'getCheckout', 'expireCheckout'] }, { dry: true })
    if (!('refusal' in onPage)) return [{ method, connection: onPage.first.connection, how: 'page' }]
    if (needsToken.has(method)) return []
    const here = routeIn(hub, usable, { ...wanted, method }, { dry: true })
    return 'refusal' in here ? [] : [{ method, connection: here.first.connection, how: 'here' }]
  })
}

/** What the payer typed, in minor units. Throws a 400 for what cannot be paid. */
export function chosenAmount (row: InvoiceRow, typed: string | undefined): number {
  const link = linkOf(row)!
  const due = toMinor(dueOf(row), row.currency)
  if (typed === undefined || typed.trim() === '' || !link.partial) return due
  const text = typed.trim().replace(/[\s,$]/g, '')
  if (!/^\d{1,15}(\.\d{1,4})?$/.test(text)) throw invalidField('amount', 'is not an amount')
  const amount = toMinor(new Decimal(text), row.currency)
  if (amount <= 0 || amount > due) throw invalidField('amount', `at most ${written(dueOf(row), row.currency)} is due`)
  if (link.minimum !== null && amount < Math.min(link.minimum, due)) throw invalidField('amount', `at least ${link.minimum} minor units`)
  return amount
}
