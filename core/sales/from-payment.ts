import type { Mode } from '../adapter/context.ts'
import { raiseAlert } from '../alerts/raise.ts'
import { inTenant, type TenantDb } from '../db/in-tenant.ts'
import { claimTimer, clearTimer, retryTimer, setTimer } from '../db/timers.ts'
import { HubError } from '../errors.ts'
import { fiscalDataOf, type FiscalData } from '../fiscal-data/service.ts'
import { Decimal } from '../fiscal/decimal.ts'
import type { Hub } from '../hub.ts'
import { newUuid, parseId, publicId } from '../ids.ts'
import { invoicedBy } from '../invoices/automatic.ts'
import { engineOf } from '../invoices/engines.ts'
import { listInvoices } from '../invoices/queries.ts'
import { homeCurrency, nativeIssuer } from '../issuers/native.ts'
import { findIssuer, type IssuerRow } from '../issuers/queries.ts'
import { findPayment, listRefunds, type PaymentRow } from '../payments/queries.ts'
import { fromMinor } from './amounts.ts'
import { move, ownAccess, saleTimer } from './apply.ts'
import * as queries from './queries.ts'
import type { SaleRow } from './queries.ts'
import type { Buyer, NewSale } from './schema.ts'
import { takeDown } from './service.ts'
import { settingsOf } from './settings.ts'

/** Woken by the database for every payment that took money, and for what was given back of one since (migration 0030). */
export const paymentTimer = 'payment_sale'
const leaseMs = 60_000
const retryMs = [1, 10, 60, 6 * 60].map(minutes => minutes * 60_000)

/** A payment that took money is a sale, once; what was given back of it is given back of the sale. */
export async function saleOfPayment (hub: Hub, tenantId: string, id: string): Promise<void> {
  const claimed = await inTenant(hub.db, tenantId, async db => await claimTimer(db, paymentTimer, id, hub.now(), leaseMs))
  if (claimed === undefined) return
  const leasedUntil = new Date(hub.now().getTime() + leaseMs)
  try {
    const sale = await inTenant(hub.db, tenantId, async db => await queries.findByPayment(db, id)) ?? await made(hub, tenantId, id)
    if (sale !== undefined) await followRefunds(hub, sale, id)
    await inTenant(hub.db, tenantId, async db => { await clearTimer(db, paymentTimer, id, leasedUntil) })
  } catch (error) {
    hub.log.error({ err: error, payment: publicId('payment', id) }, 'a payment could not be made a sale')
    const at = new Date(hub.now().getTime() + retryMs[Math.min(claimed.tries, retryMs.length) - 1]!)
    await inTenant(hub.db, tenantId, async db => { await retryTimer(db, paymentTimer, id, at) })
  }
}

async function made (hub: Hub, tenantId: string, paymentId: string): Promise<SaleRow | undefined> {
  const { payment, settings, elsewhere, invoiceId } = await inTenant(hub.db, tenantId, async db => {
    const payment = await findPayment(db, paymentId)
    const settings = payment && await settingsOf(db, payment.mode as Mode)
    const elsewhere = payment && await invoicedBy(hub, db, payment.mode as Mode, payment.provider)
    return { payment, settings, elsewhere, invoiceId: payment && await invoiceOf(db, payment) }
  })
  // What pays an invoice is told by that invoice, and by its receipts.
  if (payment?.known_status !== 'succeeded' || settings === undefined || settings.payments === 'ignore' || payment.invoice_id !== null) return undefined
  const mode = payment.mode as Mode
  const told = await fiscalDataOf(hub, tenantId, paymentId)
  // The buyer typed it on the provider's page, and the provider is not through with it: a moment later it is told.
  if (told?.waiting === true) throw new Error('the provider has not told yet what the buyer typed')
  const issuer = await inTenant(hub.db, tenantId, async db => await sellerOf(db, payment, told?.issuer ?? settings.issuer))
  if (issuer === undefined) {
    await inTenant(hub.db, tenantId, async db => { await raiseAlert(db, hub.now(), { kind: 'sale_without_issuer', severity: 'warning', mode, subjectId: publicId('tenant', tenantId), detail: { payment: publicId('payment', paymentId) } }) })
    return undefined
  }
  const access = ownAccess(tenantId, mode)
  // In another currency its document says the day's rate, which only the tenant knows: then a person decides.
  const rate = told?.exchange_rate
  const foreign = homeCurrency[issuer.country] !== payment.currency
  const wanted = elsewhere === undefined && invoiceId === undefined && (told !== undefined || settings.payments === 'invoice') && (!foreign || rate !== undefined)
  const body = bodyOf(payment, issuer, told, wanted)
  const { row } = await takeDown(hub, access, body, null, 'payment').catch(async (error: unknown) => {
    // Its lines come to something else than was charged: then it is told as one line.
    if (!(error instanceof HubError) || body.lines === undefined) throw error
    const { lines, ...rest } = body
    return await takeDown(hub, access, rest, null, 'payment')
  })
  return await inTenant(hub.db, tenantId, async db => {
    const locked = (await queries.lockSale(db, row.id))!
    if (invoiceId !== undefined) return await move(hub, db, locked, 'invoice_asked', { invoice_id: invoiceId }) ?? locked
    if (elsewhere !== undefined) return await move(hub, db, locked, 'made_elsewhere', { link_connection_id: elsewhere.connectionId }) ?? locked
    if (wanted) await setTimer(db, saleTimer, row.id, hub.now())
    return locked
  })
}

/** A document that somebody has made of this payment already. */
async function invoiceOf (db: TenantDb, { id, mode }: PaymentRow): Promise<string | undefined> {
  const [row] = await listInvoices(db, { limit: 1, mode: mode as Mode, kind: 'invoice', paymentId: id })
  return row === undefined || ['draft', 'rejected', 'canceled'].includes(row.status) ? undefined : row.id
}

/** Named, or the only one of the tenant whose country has this currency; undefined where nobody can tell. */
async function sellerOf (db: TenantDb, { mode, currency }: PaymentRow, named: string | null): Promise<IssuerRow | undefined> {
  const id = named === null ? undefined : parseId('issuer', named)
  if (id !== undefined) return await findIssuer(db, id)
  const native = await nativeIssuer(db, mode as Mode, currency)
  return typeof native === 'string' ? undefined : native
}

function bodyOf (payment: PaymentRow, issuer: IssuerRow, told: FiscalData | undefined, wanted: boolean): NewSale {
  const form = told?.form ?? engineOf(issuer.country).formOf?.(payment.method as { type: string } | null, issuer)
  const customer = payment.customer as { name?: string, email?: string, phone?: string } | null
  const buyer: Buyer = {
    ...(customer?.name !== undefined && { name: customer.name }), ...(customer?.email !== undefined && { email: customer.email }), ...(customer?.phone !== undefined && { phone: customer.phone }),
    ...(payment.customer_id !== null && { customer: publicId('customer', payment.customer_id) }), ...(told?.customer !== undefined && { invoice: told.customer })
  }
  return {
    issuer: publicId('issuer', issuer.id),
    currency: payment.currency,
    amount: payment.amount_captured,
    ...(told?.exchange_rate !== undefined && { exchange_rate: told.exchange_rate }),
    ...(told?.lines !== undefined && { lines: told.lines }),
    ...(payment.description !== null && { description: payment.description.slice(0, 1000) }),
    // 31 is an intermediary (c_FormaPago): the provider, where its method tells nothing.
    tenders: [{ form: form ?? '31', amount: payment.amount_captured, payment: publicId('payment', payment.id) }],
    payment_type: 'online',
    customer: buyer,
    ...(told?.branch !== undefined && { branch: told.branch }),
    ...(told?.till !== undefined && { till: told.till }),
    ...(wanted && { requires_invoice: true }),
    sold_at: (payment.succeeded_at ?? payment.updated_at).toISOString(),
    ...(payment.reference !== null && { reference: payment.reference }),
    metadata: payment.metadata as Record<string, string>
  }
}

/** What its provider gave back, by whomever it was asked for, is of the sale too. */
async function followRefunds (hub: Hub, sale: SaleRow, paymentId: string): Promise<void> {
  await inTenant(hub.db, sale.tenant_id, async db => {
    const refunds = await listRefunds(db, paymentId)
    const locked = (await queries.lockSale(db, sale.id))!
    const now = hub.now()
    const known = await queries.refundsOf(db, sale.id)
    for (const refund of refunds) {
      const status = refund.status === 'succeeded' ? 'succeeded' : refund.status === 'failed' || refund.status === 'canceled' ? 'failed' : 'pending'
      const own = known.find(({ refund_id: id }) => id === refund.id) ?? known.find(({ id, refund_id: none }) => none === null && (refund.metadata as Record<string, string>).sale_refund === publicId('sale_refund', id))
      if (own === undefined) {
        await queries.insertSaleRefund(db, { id: newUuid(now), sale_id: sale.id, method: 'card', status, amount: fromMinor(refund.amount, refund.currency).toFixed(), reason: refund.reason ?? 'provider', refund_id: refund.id, store_credit_id: null, created_at: now })
      } else if (own.status !== status || own.refund_id === null) {
        await queries.updateSaleRefund(db, own.id, { status, refund_id: refund.id }, now)
      }
    }
    // Asked for at the till, and whoever asked died before the payment heard of it.
    for (const orphan of known) {
      const lost = orphan.method === 'card' && orphan.refund_id === null && orphan.status === 'pending' && now.getTime() - orphan.created_at.getTime() > 5 * 60_000
      if (lost && !refunds.some(({ metadata }) => (metadata as Record<string, string>).sale_refund === publicId('sale_refund', orphan.id))) await queries.updateSaleRefund(db, orphan.id, { status: 'failed' }, now)
    }
    await sumRefunds(hub, db, locked)
  })
}

/** What has gone back, on the sale; its document follows. The sale is locked. */
export async function sumRefunds (hub: Pick<Hub, 'now'>, db: TenantDb, row: SaleRow): Promise<SaleRow> {
  const refunded = (await queries.refundsOf(db, row.id)).filter(({ status }) => status === 'succeeded').reduce((sum, { amount }) => sum.plus(amount), new Decimal(0))
  return refunded.eq(row.refunded) ? row : await move(hub, db, row, undefined, { refunded: refunded.toFixed() }) ?? row
}
