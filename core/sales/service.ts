import { createHash } from 'node:crypto'
import type { Access } from '../access/principal.ts'
import { recordChange } from '../audit/record.ts'
import { inTenant, type TenantDb } from '../db/in-tenant.ts'
import { idWindow, pageOf } from '../db/id-window.ts'
import { storable } from '../db/storable.ts'
import { setTimer, startTimer } from '../db/timers.ts'
import { HubError, invalidField, momentOf } from '../errors.ts'
import { recordEvents } from '../events/record.ts'
import { Decimal } from '../fiscal/decimal.ts'
import type { Hub } from '../hub.ts'
import { type Idempotency, recordSubject } from '../idempotency/service.ts'
import { newUuid, parseId, publicId, uuidOf } from '../ids.ts'
import { engineOf } from '../invoices/engines.ts'
import type { ChangeInvoice } from '../invoices/schema.ts'
import { changeInvoice, getInvoice, issueInvoice, validateInvoice } from '../invoices/service.ts'
import { homeCurrency } from '../issuers/native.ts'
import { findIssuer, type IssuerRow, listIssuers } from '../issuers/queries.ts'
import type { Told } from '../notifications/notices.ts'
import { findPayment } from '../payments/queries.ts'
import { redeemFor } from '../store-credits/service.ts'
import { exactly, fromMinor, isGivenBack, lineOfAmount, toMinor } from './amounts.ts'
import { globalTimer, move, plan } from './apply.ts'
import { auditTimer } from './audit.ts'
import { buyerOf, sealBuyer } from './buyer.ts'
import { keptCustomer } from './customers.ts'
import { bodyOf, formOf, makeInvoiceOf, publicAtLarge } from './documents.ts'
import { linkUrl } from './link.ts'
import type { SaleStatus } from './machine.ts'
import { providerLink, registerAtProvider } from './at-provider.ts'
import { tellBuyer } from './notices.ts'
import { orphanAt, zoneOfIssuer } from './period.ts'
import * as queries from './queries.ts'
import type { NewSaleRow, SaleRow } from './queries.ts'
import type { Buyer, ConfirmPayment, InvoiceSale, ListSales, NewSale, NewSelfInvoice, Sale, SelfInvoice, Tender } from './schema.ts'
import { type SalesSettings, settingsOf } from './settings.ts'
import { ticketNumber } from './ticket-number.ts'
import { eventData, globalDateOf, showSale } from './view.ts'

const dayMs = 86_400_000

/** Takes down what was sold and, where it says so, how it was paid and whether an invoice is wanted. Throws 4xx that names the field, and then nothing was written. */
export async function createSale (hub: Hub, access: Access, given: NewSale, idempotency: Idempotency | null): Promise<Sale> {
  if (idempotency?.subject !== undefined) return await getSale(hub, access, idempotency.subject)
  const { row, repeated } = await takeDown(hub, access, storable(given), idempotency)
  return repeated ? await show(hub, row) : await decide(hub, access, row, given.requires_invoice)
}

/** The sale, written: with its number, its totals by the law of its issuer, and its tenders. `repeated`: a till has sent it before. */
export async function takeDown (hub: Hub, access: Access, body: NewSale, idempotency: Idempotency | null, origin: 'api' | 'payment' = 'api'): Promise<{ row: SaleRow, repeated: boolean }> {
  const now = hub.now()
  const id = newUuid(now)
  const hash = body.client_id === undefined ? null : createHash('sha256').update(canonical(body)).digest()
  const before = body.client_id === undefined ? undefined : await inTenant(hub.db, access.tenantId, async db => await queries.findByClientId(db, access.mode, body.client_id!))
  if (before !== undefined) return repeatOf(before, hash)
  const { issuer, settings } = await sellerOf(hub, access, body)
  const priced = priceOf(body, issuer, settings, now)
  const soldAt = body.sold_at === undefined ? now : momentOf('sold_at', body.sold_at)
  if (soldAt.getTime() > now.getTime() + 60_000) throw invalidField('sold_at', 'lies in the future')
  if (body.requires_invoice !== undefined && body.tenders === undefined) throw invalidField('requires_invoice', 'is of a sale that was paid: tell its tenders, or confirm the payment later')
  if (origin === 'api') assertDecidable(issuer, body.requires_invoice)
  if (body.requires_invoice !== undefined && priced.currency !== homeCurrency[issuer.country] && body.exchange_rate === undefined) throw invalidField('exchange_rate', `is needed for a document in ${priced.currency}`)
  const tenders = body.tenders === undefined ? [] : await tendersOf(hub, access, body.tenders, priced)
  const buyer = body.customer
  const sealed = await sealBuyer(hub, access.tenantId, { id, country: issuer.country }, buyer)
  const row = await inTenant(hub.db, access.tenantId, async db => {
    const paymentId = paymentOfTenders(tenders)
    const own = paymentId === null || origin === 'payment' ? undefined : await queries.lockMadeOf(db, paymentId)
    const sale: NewSaleRow = {
      id: own?.id ?? id, mode: access.mode, client_id: body.client_id ?? null, content_hash: hash, issuer_id: issuer.id, country: issuer.country, branch: body.branch ?? null, till: body.till ?? null,
      ticket: own?.ticket ?? await ticketNumber(db, issuer, body, id, now), origin, payment_type: body.payment_type ?? 'in_person', status: body.tenders === undefined ? 'pending' : 'paid', document: 'undecided',
      currency: priced.currency, exchange_rate: body.exchange_rate ?? null, total: priced.total.toFixed(), lines: priced.lines, rounding: priced.rounding, model: priced.model, tenders, ...sealed,
      customer_id: await keptCustomer(db, access.mode, buyer, settings, now), payment_id: paymentId, requires_invoice: body.requires_invoice ?? null, confirmed_by: body.confirmed_by ?? null,
      reference: body.reference ?? null, metadata: body.metadata ?? {}, sold_at: soldAt, paid_at: body.tenders === undefined ? null : soldAt, created_at: now
    }
    if (own !== undefined) Object.assign(sale, await sealBuyer(hub, access.tenantId, own, buyer))
    const inserted = own === undefined ? await queries.insertSale(db, sale) : await queries.tellMore(db, own.id, sale)
    if (inserted === undefined) return undefined
    await redeem(db, access, inserted, now)
    await plan(hub, db, inserted)
    await startTimer(db, auditTimer, issuer.id, new Date(now.getTime() + dayMs))
    await recordChange(db, access, now, { action: 'sale.created', subjectType: 'sale', subjectId: publicId('sale', inserted.id), detail: { ticket: inserted.ticket, total: inserted.total, currency: inserted.currency } })
    await recordEvents(db, now, [{ type: `sale.${inserted.status as SaleStatus}`, mode: access.mode, subjectId: inserted.id, data: eventData(inserted) }])
    if (idempotency !== null) await recordSubject(db, idempotency, publicId('sale', inserted.id))
    return inserted
  })
  if (row !== undefined) return { row, repeated: false }
  // Somebody was faster with this client id, or the payment is a sale already.
  const other = await inTenant(hub.db, access.tenantId, async db => body.client_id !== undefined ? await queries.findByClientId(db, access.mode, body.client_id) : undefined)
  if (other === undefined) throw invalidField('tenders[0].payment', 'is a sale already', 'already_exists')
  return repeatOf(other, hash)
}

function repeatOf (before: SaleRow, hash: Buffer | null): { row: SaleRow, repeated: true } {
  if (hash === null || before.content_hash === null || !hash.equals(before.content_hash)) throw new HubError('already_exists', { errors: [{ path: 'client_id', message: `is the sale ${publicId('sale', before.id)}, with another content` }] })
  return { row: before, repeated: true }
}

/** The same content is the same text, whatever the order of its fields. */
const canonical = (value: unknown): string => JSON.stringify(value, (_, inner: unknown) => typeof inner === 'object' && inner !== null && !Array.isArray(inner) ? Object.fromEntries(Object.entries(inner).sort(([a], [b]) => a < b ? -1 : 1)) : inner)

async function sellerOf (hub: Hub, access: Access, body: Pick<NewSale, 'issuer' | 'branch' | 'till'>): Promise<{ issuer: IssuerRow, settings: SalesSettings }> {
  return await inTenant(hub.db, access.tenantId, async db => {
    const settings = await settingsOf(db, access.mode)
    const wanted = body.issuer ?? settings.issuer ?? undefined
    const issuer = wanted === undefined ? await onlyIssuer(db, access) : await named(db, access, wanted)
    const branch = issuer.branches.find(({ code }) => code === body.branch)
    if (body.branch !== undefined && branch === undefined) throw invalidField('branch', 'is no branch of the issuer')
    if (body.till !== undefined && !branch?.tills?.some(({ code }) => code === body.till)) throw invalidField('till', 'is no till of the branch')
    return { issuer, settings }
  })
}

async function named (db: TenantDb, access: Access, wanted: string): Promise<IssuerRow> {
  const id = parseId('issuer', wanted)
  const issuer = id === undefined ? undefined : await findIssuer(db, id)
  if (issuer?.mode !== access.mode) throw invalidField('issuer', 'is no issuer of yours')
  return issuer
}

async function onlyIssuer (db: TenantDb, access: Access): Promise<IssuerRow> {
  const issuers = await listIssuers(db, { limit: 2, mode: access.mode })
  if (issuers.length === 1) return issuers[0]!
  throw invalidField('issuer', issuers.length === 0 ? 'you have none yet: make one with POST /v1/issuers' : 'you have several: say which')
}

interface Priced {
  lines: ChangeInvoice['lines']
  rounding: 'currency' | 'six'
  model: NewSaleRow['model']
  total: Decimal
  currency: string
}

/** What it costs, by the engine that would invoice it. Throws 400 that names the line. */
export function priceOf ({ lines, amount, description, currency: said }: Pick<NewSale, 'lines' | 'amount' | 'description' | 'currency'>, issuer: IssuerRow, settings: SalesSettings, now: Date): Priced {
  const currency = said ?? homeCurrency[issuer.country]
  if (lines === undefined && amount === undefined) throw invalidField('amount', 'or lines: what was sold')
  lines?.forEach((line, index) => line.taxes.forEach((tax, at) => {
    if (tax.withheld === true) throw invalidField(`lines[${index}].taxes[${at}].withheld`, 'is told with the invoice: a ticket withholds nothing')
  }))
  const modelOf = (of: ChangeInvoice['lines'], rounding: 'currency' | 'six') => engineOf(issuer.country).model(
    { country: issuer.country, currency, lines: of, customer: publicAtLarge(issuer), ...(currency !== homeCurrency[issuer.country] && { exchange_rate: '1' }), ...(issuer.country === 'MX' && { mx: { rounding } }) },
    { issuer, kind: 'invoice', reference: 'sale', issuedAt: now }
  )
  if (lines !== undefined) {
    const { lines: computed, totals } = modelOf(lines, 'currency')
    const total = new Decimal(totals.total)
    if (amount !== undefined && toMinor(total, currency) !== amount) throw invalidField('amount', `the lines come to ${toMinor(total, currency)}`)
    if (total.lte(0)) throw invalidField('lines', 'come to nothing')
    return { lines, rounding: 'currency', model: { lines: computed, totals }, total, currency }
  }
  const total = fromMinor(amount!, currency)
  const wanted = [lineOfAmount(total, settings.line, { country: issuer.country, said: description })]
  // Elsewhere the law rounds each tax by itself, and some amounts are the total of no price: then the nearest price is described.
  const made = exactly(wanted, total, of => new Decimal(modelOf([...of], 'six').totals.total)) ?? (issuer.country === 'MX' ? undefined : wanted)
  if (made === undefined) throw invalidField('amount', 'no price with its taxes comes to this amount')
  const { lines: computed, totals } = modelOf(made, 'six')
  return { lines: made, rounding: 'six', model: { lines: computed, totals }, total, currency }
}

/** How it was paid, complete: a single tender may leave its amount out, and the payments that it names are there and took so much. */
async function tendersOf (hub: Hub, access: Access, given: readonly Tender[], { total, currency }: Pick<Priced, 'total' | 'currency'>): Promise<Tender[]> {
  const due = toMinor(total, currency)
  const tenders = given.map((tender, index) => {
    if (tender.form === '99') throw invalidField(`tenders[${index}].form`, '99 is for what is still to be paid')
    const amount = tender.amount ?? (given.length === 1 ? due : undefined)
    if (amount === undefined) throw invalidField(`tenders[${index}].amount`, 'is needed where there are several')
    return { ...tender, amount }
  })
  const sum = tenders.reduce((all, { amount }) => all + amount, 0)
  if (sum !== due) throw invalidField('tenders', `sum to ${sum}, and the sale is ${due}`)
  await inTenant(hub.db, access.tenantId, async db => {
    for (const [index, { payment, amount }] of tenders.entries()) {
      if (payment === undefined) continue
      const id = parseId('payment', payment)
      const row = id === undefined ? undefined : await findPayment(db, id)
      if (row?.mode !== access.mode) throw invalidField(`tenders[${index}].payment`, 'is no payment of yours')
      if (row.status !== 'succeeded' || row.currency !== currency || row.amount_captured < amount) throw invalidField(`tenders[${index}].payment`, 'has not taken so much')
    }
  })
  return tenders
}

const paymentOfTenders = (tenders: readonly Tender[]): string | null => tenders.map(({ payment }) => payment === undefined ? undefined : parseId('payment', payment)).find(id => id !== undefined) ?? null

async function redeem (db: TenantDb, access: Access, row: SaleRow, now: Date): Promise<void> {
  for (const [index, { store_credit: code, amount }] of (row.tenders as unknown as Tender[]).entries()) {
    if (code !== undefined) await redeemFor(db, access, { code, amount: amount!, currency: row.currency, saleId: row.id, path: `tenders[${index}].store_credit` }, now)
  }
}

function assertDecidable (issuer: Pick<IssuerRow, 'country'>, requiresInvoice: boolean | undefined): void {
  if (requiresInvoice === undefined || issuer.country === 'MX') return
  throw new HubError('capability_not_supported', {
    detail: {
      es: 'La autofactura y la factura global son de México: facture esta venta con POST /v1/sales/{id}/invoice.',
      en: 'Self-invoicing and the global invoice are Mexico’s: invoice this sale with POST /v1/sales/{id}/invoice.'
    }
  })
}

// --- paid, and then? ----------------------------------------------------------------------------------------------------------

/** The till or the technician says whether it was paid, how, and whether an invoice is wanted: the buyer gets a link, or the ticket its place in the next global invoice. */
export async function confirmPayment (hub: Hub, access: Access, publicSaleId: string, given: ConfirmPayment, idempotency: Idempotency | null): Promise<Sale> {
  const body = storable(given)
  const id = uuidOf('sale', publicSaleId)
  if (idempotency?.subject !== undefined) return await getSale(hub, access, publicSaleId)
  const before = await findOrThrow(hub, access, publicSaleId)
  const { issuer } = await sellerOf(hub, access, { issuer: publicId('issuer', before.issuer_id) })
  assertDecidable(issuer, body.requires_invoice)
  const buyer = await withContact(hub, before, body)
  if (!body.payment_received) return await remindOfPayment(hub, access, before, buyer)
  if (body.payment_method === undefined && body.tenders === undefined) throw invalidField('payment_method', 'is needed: how it was paid')
  const tenders = await tendersOf(hub, access, body.tenders ?? [{ form: body.payment_method! }], { total: new Decimal(before.total), currency: before.currency })
  const sealed = await sealBuyer(hub, access.tenantId, before, buyer)
  const row = await inTenant(hub.db, access.tenantId, async db => {
    const locked = await lockOrThrow(db, access, id)
    if (locked.status !== 'pending') throw stateError(locked, { es: 'confirmar el pago', en: 'confirming the payment' })
    const now = hub.now()
    const paymentId = paymentOfTenders(tenders)
    if (paymentId !== null) await takeOver(db, access, paymentId, now)
    const moved = (await move(hub, db, locked, undefined, {
      tenders, ...sealed, paid_at: now, ...(paymentId !== null && { payment_id: paymentId }),
      ...(body.requires_invoice !== undefined && { requires_invoice: body.requires_invoice }), ...(body.confirmed_by !== undefined && { confirmed_by: body.confirmed_by })
    }))!
    await redeem(db, access, moved, now)
    await recordChange(db, access, now, { action: 'sale.payment_confirmed', subjectType: 'sale', subjectId: publicSaleId, detail: { forms: tenders.map(({ form }) => form), requires_invoice: body.requires_invoice ?? null, confirmed_by: body.confirmed_by ?? null } })
    if (idempotency !== null) await recordSubject(db, idempotency, publicSaleId)
    return moved
  })
  return await decide(hub, access, row, body.requires_invoice)
}

/** What was made of the payment by itself, before anybody said whose it is, makes way for the sale that it pays. Throws 400 where the payment is another sale's. */
async function takeOver (db: TenantDb, access: Access, paymentId: string, now: Date): Promise<void> {
  const own = await queries.lockMadeOf(db, paymentId)
  if (own === undefined && await queries.findByPayment(db, paymentId) !== undefined) throw invalidField('tenders[0].payment', 'is a sale already', 'already_exists')
  if (own === undefined) return
  const saved = await queries.updateSale(db, own.id, { payment_id: null, status: 'canceled' }, now)
  await recordEvents(db, now, [{ type: 'sale.canceled', mode: access.mode, subjectId: own.id, data: eventData(saved) }])
  await recordChange(db, access, now, { action: 'sale.taken_over', subjectType: 'sale', subjectId: publicId('sale', own.id), detail: { payment: publicId('payment', paymentId) } })
}

async function withContact (hub: Hub, row: SaleRow, { customer_email: email, customer_phone: phone }: Pick<ConfirmPayment, 'customer_email' | 'customer_phone'>): Promise<Buyer> {
  return { ...await buyerOf(hub, row), ...(email !== undefined && { email }), ...(phone !== undefined && { phone }) }
}

/** Not paid: it stays open, and the buyer is reminded. */
async function remindOfPayment (hub: Hub, access: Access, row: SaleRow, buyer: Buyer): Promise<Sale> {
  if (row.status !== 'pending') throw stateError(row, { es: 'decir que no se pagó', en: 'saying that it was not paid' })
  const sealed = await sealBuyer(hub, access.tenantId, row, buyer)
  const kept = await inTenant(hub.db, access.tenantId, async db => {
    const locked = await lockOrThrow(db, access, row.id)
    await recordChange(db, access, hub.now(), { action: 'sale.payment_missing', subjectType: 'sale', subjectId: publicId('sale', row.id) })
    return await queries.updateSale(db, locked.id, sealed, hub.now())
  })
  return await show(hub, kept, await tellBuyer(hub, kept, 'payment_pending', { occasion: hub.now().toISOString().slice(0, 10) }))
}

/** Which way a paid sale goes: its invoice at once where the buyer's data is there, a link to type it on, the global invoice, or undecided. */
export async function decide (hub: Hub, access: Access, row: SaleRow, requiresInvoice: boolean | undefined): Promise<Sale> {
  if (row.status !== 'paid' || requiresInvoice === undefined) return await show(hub, row)
  if (!requiresInvoice) return await show(hub, await toGlobal(hub, access, row))
  const { invoice: customer } = await buyerOf(hub, row)
  if (customer !== undefined) {
    await makeInvoiceOf(hub, access, row, customer)
    return await getSale(hub, access, publicId('sale', row.id))
  }
  if (row.country !== 'MX') return await show(hub, row)
  const { row: linked, told } = await giveLink(hub, access, row)
  return await show(hub, linked, told)
}

/** It waits for the global invoice that the hub makes; where the invoicing provider makes it, that one is told of the sale. */
export async function toGlobal (hub: Hub, access: Access, row: SaleRow): Promise<SaleRow> {
  const elsewhere = await registerAtProvider(hub, access, row)
  return await inTenant(hub.db, row.tenant_id, async db => {
    const locked = await lockOrThrow(db, access, row.id)
    return await move(hub, db, locked, elsewhere === undefined ? 'to_global' : 'made_elsewhere', { ...(elsewhere !== undefined && { link_connection_id: elsewhere }) }) ?? locked
  })
}

/** A link on which the buyer types whose invoice it is: ours, or that of the provider that makes it. Asked again it is a new one, and the one before is none any more. */
async function giveLink (hub: Hub, access: Access, row: SaleRow, days?: number): Promise<{ row: SaleRow, told: Told[] }> {
  const now = hub.now()
  const settings = await inTenant(hub.db, row.tenant_id, async db => await settingsOf(db, access.mode))
  const provider = await providerLink(hub, access, row)
  const expiresAt = provider?.expiresAt ?? await linkEnd(hub, row, settings, days)
  const linked = await inTenant(hub.db, row.tenant_id, async db => {
    const locked = await lockOrThrow(db, access, row.id)
    const moved = await move(hub, db, locked, 'link_made', {
      link_made_at: now, link_expires_at: expiresAt, link_url: provider?.url ?? null, link_connection_id: provider?.connectionId ?? null, requires_invoice: true
    })
    if (moved === undefined) throw stateError(locked, { es: 'hacer un enlace de autofactura', en: 'making a self-invoice link' })
    await recordChange(db, access, now, { action: 'sale.self_invoice_link', subjectType: 'sale', subjectId: publicId('sale', row.id), detail: { expires_at: expiresAt.toISOString() } })
    return moved
  })
  return { row: linked, told: await tellBuyer(hub, linked, 'self_invoice_link', { occasion: String(now.getTime()) }) }
}

/** At a counter so many days; what was sold online is in its month's documents by then. */
async function linkEnd (hub: Hub, row: SaleRow, settings: SalesSettings, days: number | undefined): Promise<Date> {
  const now = hub.now()
  if (days !== undefined || row.payment_type === 'in_person') return new Date(now.getTime() + (days ?? settings.self_invoice.days) * dayMs)
  const issuer = (await inTenant(hub.db, row.tenant_id, async db => await findIssuer(db, row.issuer_id)))!
  return orphanAt(now, settings.orphan_hours, zoneOfIssuer(issuer))
}

export async function createSelfInvoice (hub: Hub, access: Access, body: NewSelfInvoice, idempotency: Idempotency | null): Promise<SelfInvoice> {
  const before = await findOrThrow(hub, access, body.sale, 'sale')
  if (idempotency?.subject !== undefined) return await showLink(hub, before, [])
  if (before.country !== 'MX') assertDecidable({ country: before.country as 'EC' }, true)
  if (before.paid_at === null) throw stateError(before, { es: 'hacer un enlace de autofactura', en: 'making a self-invoice link' })
  const sealed = await sealBuyer(hub, access.tenantId, before, await withContact(hub, before, body))
  const kept = await inTenant(hub.db, access.tenantId, async db => {
    await lockOrThrow(db, access, before.id)
    if (idempotency !== null) await recordSubject(db, idempotency, publicId('sale', before.id))
    return await queries.updateSale(db, before.id, sealed, hub.now())
  })
  const { row, told } = await giveLink(hub, access, kept, body.days)
  return await showLink(hub, row, told)
}

async function showLink (hub: Hub, row: SaleRow, told: Told[]): Promise<SelfInvoice> {
  const url = await linkUrl(hub, row)
  if (url === undefined) throw stateError(row, { es: 'autofacturar', en: 'self-invoicing' })
  return { object: 'self_invoice', sale: publicId('sale', row.id), url, expires_at: row.link_expires_at!.toISOString(), notices: told }
}

/** Ticket → invoice. Of one that is in a global invoice that one is cancelled first (motive 04), and the invoice follows. Throws `sale_invoiced` for a second one. */
export async function invoiceSale (hub: Hub, access: Access, publicSaleId: string, given: InvoiceSale, idempotency: Idempotency | null): Promise<Sale> {
  const body = storable(given)
  if (idempotency?.subject !== undefined) return await getSale(hub, access, publicSaleId)
  const row = await findOrThrow(hub, access, publicSaleId)
  return await invoiceFor(hub, access, row, body, async db => { if (idempotency !== null) await recordSubject(db, idempotency, publicSaleId) })
}

/** The same for the buyer's page. `also` runs in the transaction that decides. */
export async function invoiceFor (hub: Hub, access: Access, row: SaleRow, { customer, series, form, send }: InvoiceSale, also: (db: TenantDb) => Promise<void> = async () => {}): Promise<Sale> {
  const settings = await inTenant(hub.db, row.tenant_id, async db => await settingsOf(db, access.mode))
  if (row.paid_at === null) throw stateError(row, { es: 'facturar', en: 'invoicing' })
  if (row.document === 'invoicing' || row.document === 'invoiced' || row.document === 'leaving_global' || row.document === 'elsewhere') throw new HubError('sale_invoiced')
  if (isGivenBack(row)) throw stateError(row, { es: 'facturar', en: 'invoicing' })
  const buyer = { ...await buyerOf(hub, row), invoice: customer }
  const sealed = await sealBuyer(hub, row.tenant_id, row, buyer)
  const keep = async (db: TenantDb): Promise<void> => {
    await queries.updateSale(db, row.id, { ...sealed, requires_invoice: true, customer_id: await keptCustomer(db, access.mode, buyer, settings, hub.now()) ?? row.customer_id }, hub.now())
    await recordChange(db, access, hub.now(), { action: 'sale.invoice_asked', subjectType: 'sale', subjectId: publicId('sale', row.id) })
    await also(db)
  }
  if (row.document === 'in_global') await leaveGlobal(hub, access, row, customer, keep)
  else if (row.document === 'correcting' && row.invoice_id !== null) await correct(hub, access, row, customer, keep)
  else await makeInvoiceOf(hub, access, row, customer, { form, series, send, also: keep })
  return await getSale(hub, access, publicId('sale', row.id))
}

/** The data is checked before the global invoice is touched. */
async function leaveGlobal (hub: Hub, access: Access, row: SaleRow, customer: ChangeInvoice['customer'], keep: (db: TenantDb) => Promise<void>): Promise<void> {
  const found = await validateInvoice(hub, access, bodyOf(row, customer, { form: formOf(row.tenders as unknown as Tender[]) }))
  if (!found.ok) throw new HubError('invoice_invalid', { errors: found.errors.map(({ code, path, message }) => ({ code, path, message })) })
  await inTenant(hub.db, row.tenant_id, async db => {
    const locked = await lockOrThrow(db, access, row.id)
    if (await move(hub, db, locked, 'invoice_asked') === undefined || locked.document !== 'in_global') throw new HubError('sale_invoiced')
    await keep(db)
    await setTimer(db, globalTimer, locked.global_id!, hub.now())
  })
  hub.wake('global_invoice', [{ tenantId: row.tenant_id, id: row.global_id! }])
}

/** The invoice that was refused goes out once more under its own number. */
async function correct (hub: Hub, access: Access, row: SaleRow, customer: ChangeInvoice['customer'], keep: (db: TenantDb) => Promise<void>): Promise<void> {
  const invoiceId = publicId('invoice', row.invoice_id!)
  const { series } = await getInvoice(hub, access, invoiceId)
  await changeInvoice(hub, access, invoiceId, bodyOf(row, customer, { form: formOf(row.tenders as unknown as Tender[]), ...(series !== null && series !== '' && { series }) }))
  await issueInvoice(hub, access, invoiceId, null)
  await inTenant(hub.db, row.tenant_id, async db => {
    const locked = await lockOrThrow(db, access, row.id)
    await move(hub, db, locked, 'invoice_asked', { problem: null, orphan_at: null })
    await keep(db)
  })
}

export async function cancelSale (hub: Hub, access: Access, publicSaleId: string): Promise<Sale> {
  const id = uuidOf('sale', publicSaleId)
  const row = await inTenant(hub.db, access.tenantId, async db => {
    const locked = await lockOrThrow(db, access, id)
    if (locked.status !== 'pending') throw stateError(locked, { es: 'cancelar: reembolse la venta', en: 'canceling: refund the sale' })
    const now = hub.now()
    const saved = await queries.updateSale(db, id, { status: 'canceled' }, now)
    await recordEvents(db, now, [{ type: 'sale.canceled', mode: access.mode, subjectId: id, data: eventData(saved) }])
    await recordChange(db, access, now, { action: 'sale.canceled', subjectType: 'sale', subjectId: publicSaleId })
    return saved
  })
  return await show(hub, row)
}

// --- reading ------------------------------------------------------------------------------------------------------------------

export async function getSale (hub: Hub, access: Access, publicSaleId: string): Promise<Sale> {
  return await show(hub, await findOrThrow(hub, access, publicSaleId))
}

export async function listSales (hub: Hub, access: Access, query: ListSales): Promise<{ data: Sale[], next_cursor: string | null }> {
  const window = idWindow('sale', query)
  const idOf = (kind: 'payment' | 'global_invoice' | 'issuer', id: string | undefined): string | null | undefined => id === undefined ? undefined : parseId(kind, id) ?? null
  const [paymentId, globalId, issuerId] = [idOf('payment', query.payment), idOf('global_invoice', query.global_invoice), idOf('issuer', query.issuer)]
  if (paymentId === null || globalId === null || issuerId === null) return { data: [], next_cursor: null }
  const rows = await inTenant(hub.db, access.tenantId, async db => await queries.listSales(db, {
    ...window, mode: access.mode, ...(query.status !== undefined && { status: query.status }), ...(query.document !== undefined && { document: query.document }), ...(query.reference !== undefined && { reference: query.reference }),
    ...(paymentId !== undefined && { paymentId }), ...(globalId !== undefined && { globalId }), ...(issuerId !== undefined && { issuerId }), ...(query.ticket !== undefined && { ticket: query.ticket })
  }))
  return pageOf('sale', window, rows, row => showSale(row))
}

export async function show (hub: Hub, row: SaleRow, notices?: readonly Told[]): Promise<Sale> {
  const { refunds, issuer, settings } = await inTenant(hub.db, row.tenant_id, async db => ({ refunds: await queries.refundsOf(db, row.id), issuer: await findIssuer(db, row.issuer_id), settings: await settingsOf(db, row.mode as 'test') }))
  const waits = row.document === 'global_pending' && issuer !== undefined
  return showSale(row, {
    buyer: await buyerOf(hub, row), refunds, ...(notices !== undefined && { notices }),
    ...(row.link_made_at !== null && { link: await linkUrl(hub, row) }), ...(waits && { globalDate: globalDateOf(row, issuer, settings, hub.now()) })
  })
}

export async function findOrThrow (hub: Hub, access: Access, publicSaleId: string, path?: string): Promise<SaleRow> {
  const id = parseId('sale', publicSaleId)
  const row = id === undefined ? undefined : await inTenant(hub.db, access.tenantId, async db => await queries.findSale(db, id))
  if (row?.mode === access.mode) return row
  throw path === undefined ? new HubError('not_found') : invalidField(path, 'is no sale of yours')
}

export async function lockOrThrow (db: TenantDb, access: Access, id: string): Promise<SaleRow> {
  const row = await queries.lockSale(db, id)
  if (row?.mode !== access.mode) throw new HubError('not_found')
  return row
}

export const stateError = (row: SaleRow, what: { es: string, en: string }): HubError => new HubError('invalid_state', { detail: { es: `La venta está ${row.status}; no admite ${what.es}.`, en: `The sale is ${row.status}: ${what.en} is not possible.` } })
