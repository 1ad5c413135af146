import type { DocumentSnapshot, Invoice as InvoiceModel } from '../adapter/invoicing.ts'
import { loadConnections, type OpenConnection, type SealedConnection, withDefaults } from '../connections/open.ts'
import { isUniqueViolation } from '../db/errors.ts'
import { inTenant, type TenantDb } from '../db/in-tenant.ts'
import { storeDocument } from '../documents/service.ts'
import type { Ending } from '../events/ending.ts'
import { recordEvents } from '../events/record.ts'
import type { Hub } from '../hub.ts'
import { newUuid, publicId } from '../ids.ts'
import { listIssuers } from '../issuers/queries.ts'
import { recordedCall } from '../operations/call.ts'
import { findByProviderReference } from '../payments/queries.ts'
import { linkMadeThere, soldThere } from '../receivables/sold.ts'
import { sealCustomer } from './delegate.ts'
import { ForeignDocument } from './engine.ts'
import { engineOf } from './engines.ts'
import * as queries from './queries.ts'
import type { ChangeInvoice } from './schema.ts'
import { eventData } from './view.ts'

const country = 'MX'

/**
 * An invoice that the provider made by itself of a payment or a sale of ours: kept as an invoice of the tenant, with its bytes, and
 * linked. Of payments only where the connection declares that it does so; of sales that were given to it. Undefined when it is about
 * nothing of ours.
 */
export async function adoptInvoice (hub: Hub, connection: SealedConnection, opened: OpenConnection, snapshot: DocumentSnapshot): Promise<Ending | undefined> {
  const family = opened.adapter.invoicing
  const { tenantId, mode } = connection
  const saleId = await inTenant(hub.db, tenantId, async db => await soldThere(db, snapshot.reference, connection.id))
  if (saleId === undefined && family?.invoicesChargesOf?.(withDefaults(opened.adapter, connection.settings)) === undefined) return undefined
  if (snapshot.status === 'submitted' || snapshot.status === 'rejected') return undefined
  const { paymentId, delegated } = await inTenant(hub.db, tenantId, async db => ({ paymentId: await paymentIn(db, connection, snapshot), delegated: await queries.isDelegated(db, mode) }))
  if (paymentId === undefined && saleId === undefined) return undefined
  const engine = engineOf(country)
  const now = hub.now()
  const id = newUuid(now)
  const bytes = snapshot.document ?? await download(hub, opened, snapshot.providerReference)
  const model = engine.read?.(bytes, publicId('invoice', id))
  if (model === undefined) return { status: 'unmatched', reason: 'it is no invoice that can be read' }
  let stamp
  try {
    stamp = engine.stamped(model, null, bytes, { ...(snapshot.fiscalId !== undefined && { fiscalId: snapshot.fiscalId }), at: now })
  } catch (error) {
    if (!(error instanceof ForeignDocument)) throw error
    return { status: 'unmatched', reason: `its seals do not hold: ${error.message}`.slice(0, 500) }
  }
  const insert = await storeDocument(hub, tenantId, { mode, kind: 'xml', subjectType: 'invoice', subjectId: id, name: engine.fileName(model, stamp.fiscalId), contentType: 'application/xml', bytes, encrypt: delegated })
  const asked = bodyOf(model, paymentId && publicId('payment', paymentId))
  const columns = { body: asked, model, customer_tax_id: model.customer.taxId, ...(delegated && await sealCustomer(hub, { tenant_id: tenantId, id, country, body: asked, model })) }
  return await inTenant(hub.db, tenantId, async (db): Promise<Ending> => {
    const known = await queries.findByFiscalId(db, mode, stamp.fiscalId)
    if (known !== undefined) return { status: 'processed', reason: 'it is known', subjectId: known.id, subjectType: 'invoice' }
    const [issuer] = await listIssuers(db, { limit: 1, mode, country, taxId: model.issuer.taxId })
    if (issuer === undefined) return { status: 'unmatched', reason: `you have no issuer ${model.issuer.taxId}` }
    const inserted = await queries.insertInvoice(db, {
      id, mode, country, kind: model.kind, status: 'issued', issuer_id: issuer.id, series_id: null, series: model.series ?? '', number: model.number ?? null, connection_id: connection.id,
      ...columns, body: { ...columns.body, issuer: publicId('issuer', issuer.id) }, currency: model.currency, total: model.totals.total,
      due: null, reference: null, payment_id: paymentId ?? null, sale_id: saleId ?? null, related_id: null, metadata: {}, issued_at: model.issuedAt, created_at: now
    })
    const row = await queries.updateInvoice(db, inserted.id, { provider: connection.provider, provider_reference: snapshot.providerReference, provider_status: snapshot.providerStatus, fiscal_id: stamp.fiscalId, stamped_at: stamp.stampedAt }, now)
    await insert(db)
    await linkMadeThere(db, saleId === undefined ? { paymentId: paymentId! } : { saleId }, row.id, now)
    await recordEvents(db, now, [{ type: 'invoice.issued', mode, subjectId: row.id, data: eventData(row) }])
    return { status: 'processed', reason: `the provider invoiced a ${saleId === undefined ? 'payment' : 'sale'} by itself`, subjectId: row.id, subjectType: 'invoice' }
  }).catch((error: unknown): Ending => {
    // Told twice at once, or its number stands on a document of ours: nothing is overwritten.
    if (isUniqueViolation(error, 'invoices_by_fiscal_id')) return { status: 'processed', reason: 'it is known' }
    if (isUniqueViolation(error, 'invoices_by_number')) return { status: 'unmatched', reason: `${model.series ?? ''}${model.number ?? ''} is the number of another invoice` }
    throw error
  })
}

/** The payment of ours that it covers, by the payment provider's own ids. */
async function paymentIn (db: TenantDb, { mode }: SealedConnection, { charges = [] }: DocumentSnapshot): Promise<string | undefined> {
  const connections = charges.length === 0 ? [] : await loadConnections(db, mode)
  for (const { provider, providerReference } of charges) {
    for (const connection of connections.filter(each => each.provider === provider)) {
      const id = await findByProviderReference(db, connection.id, providerReference)
      if (id !== undefined) return id
    }
  }
  return undefined
}

async function download (hub: Hub, opened: OpenConnection, providerReference: string): Promise<Uint8Array> {
  const { download } = opened.adapter.invoicing!
  if (download === undefined) throw new Error(`${opened.adapter.manifest.id} gives no document`)
  const result = await recordedCall(hub, async work => await inTenant(hub.db, opened.tenantId, work), { connection: opened, kind: 'download', requestId: 'inbound' }, async context => await download(context, providerReference, 'xml'))
  if (!result.ok) throw result.error
  return result.value
}

/** As if it had been asked for here: a credit note of it starts from this. */
function bodyOf (model: InvoiceModel, paymentId: string | undefined): ChangeInvoice {
  const { customer, payment = {}, exchangeRate, mx = {} } = model
  return {
    country,
    kind: model.kind as 'invoice',
    customer: {
      name: customer.name,
      tax_id: customer.taxId,
      ...(customer.address?.postalCode !== undefined && { address: { postal_code: customer.address.postalCode } }),
      mx: { ...(customer.mx?.regime !== undefined && { regime: customer.mx.regime }), ...(customer.mx?.cfdiUse !== undefined && { cfdi_use: customer.mx.cfdiUse }) }
    },
    lines: model.lines.map(({ description, quantity, unitPrice, discount, sku, unit, taxes, mx }) => ({
      description,
      quantity,
      unit_price: unitPrice,
      ...(discount !== undefined && { discount }),
      ...(sku !== undefined && { sku }),
      ...(unit !== undefined && { unit }),
      taxes: taxes.map(({ type, rate, withheld, exempt, quota }) => ({ type, rate, ...(withheld !== undefined && { withheld }), ...(exempt !== undefined && { exempt }), ...(quota !== undefined && { quota }) })),
      mx: { product_key: mx!.productKey, unit_key: mx!.unitKey, tax_object: mx!.taxObject }
    })),
    payment,
    currency: model.currency,
    ...(exchangeRate !== undefined && { exchange_rate: exchangeRate }),
    ...(paymentId !== undefined && { payment_id: paymentId }),
    ...(mx.postalCode !== undefined && { mx: { postal_code: mx.postalCode } })
  }
}
