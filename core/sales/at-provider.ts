import type { Access } from '../access/principal.ts'
import type { ConnectionContext } from '../adapter/context.ts'
import type { CustomerCheck, InvoicingFamily } from '../adapter/invoicing.ts'
import type { IdempotencyKey } from '../adapter/payments.ts'
import { loadSealed, type OpenConnection } from '../connections/open.ts'
import { inTenant } from '../db/in-tenant.ts'
import { HubError } from '../errors.ts'
import type { Hub } from '../hub.ts'
import { publicId } from '../ids.ts'
import { engineOf } from '../invoices/engines.ts'
import { findIssuer } from '../issuers/queries.ts'
import { recordedCall } from '../operations/call.ts'
import { chooseRoute } from '../routing-rules/choose.ts'
import { bodyOf, formOf, publicAtLarge } from './documents.ts'
import { countChecks, type SaleRow } from './queries.ts'
import type { Tender } from './schema.ts'

type Able = 'selfInvoice' | 'registerSale'

/**
 * The provider that would invoice this sale, where it gives links of its own and makes the global invoice of what is left alone
 * there (Gigstack): exactly one side makes it. Undefined where the hub does.
 */
async function providerOf (hub: Hub, row: SaleRow, able: Able | 'checkCustomer'): Promise<OpenConnection | undefined> {
  const issuer = await inTenant(hub.db, row.tenant_id, async db => await findIssuer(db, row.issuer_id))
  const route = await chooseRoute(hub, row.tenant_id, {
    family: 'invoicing', mode: row.mode as 'test', country: row.country, currency: row.currency, metadata: row.metadata as Record<string, string>, issuer: [publicId('issuer', row.issuer_id), issuer?.tax_id ?? '']
  }).catch((error: unknown) => {
    // Nobody can invoice yet: a ticket may wait for that.
    if (error instanceof HubError) return undefined
    throw error
  })
  if (route?.first.adapter.invoicing?.[able] === undefined) return undefined
  const sealed = await inTenant(hub.db, row.tenant_id, async db => await loadSealed(db, route.first.connection.id))
  return sealed && await hub.open(sealed)
}

async function asked<T> (hub: Hub, access: Access, row: SaleRow, able: Able, call: (family: InvoicingFamily, context: ConnectionContext, input: Parameters<NonNullable<InvoicingFamily['selfInvoice']>>[1]) => Promise<T>): Promise<{ value: T, connectionId: string } | undefined> {
  const connection = await providerOf(hub, row, able)
  if (connection === undefined) return undefined
  const issuer = (await inTenant(hub.db, row.tenant_id, async db => await findIssuer(db, row.issuer_id)))!
  const reference = publicId('sale', row.id)
  const model = engineOf(row.country).model(bodyOf(row, publicAtLarge(issuer), { form: formOf(row.tenders as unknown as Tender[]) }), { issuer, kind: 'invoice', reference, issuedAt: hub.now() })
  // The same key whenever it is asked for this sale: the provider makes one.
  const result = await recordedCall(hub, async work => await inTenant(hub.db, row.tenant_id, work), { connection, kind: able === 'selfInvoice' ? 'self_invoice' : 'register_sale', subjectId: row.id, requestId: access.requestId }, async context =>
    await call(connection.adapter.invoicing!, context, { idempotencyKey: `pasarela-${reference}` as IdempotencyKey, reference, model }))
  if (result.ok) return { value: result.value, connectionId: connection.id }
  throw new HubError(result.error.reached === 'unknown' ? 'provider_outcome_unknown' : result.error.reached === 'nowhere' ? 'provider_unavailable' : 'provider_refused', {
    provider: { id: connection.adapter.manifest.id, code: result.error.providerCode, message: result.error.providerMessage }
  })
}

/** The provider's own page, on which the buyer types whose invoice it is. */
export async function providerLink (hub: Hub, access: Access, row: SaleRow): Promise<{ url: string, expiresAt?: Date | undefined, connectionId: string } | undefined> {
  const made = await asked(hub, access, row, 'selfInvoice', async (family, context, input) => await family.selfInvoice!(context, input))
  return made && { url: made.value.url, expiresAt: made.value.expiresAt, connectionId: made.connectionId }
}

/** Tells the provider of a sale that goes into the global invoice which it makes: the connection; undefined where the hub makes it. */
export async function registerAtProvider (hub: Hub, access: Access, row: SaleRow): Promise<string | undefined> {
  return (await asked(hub, access, row, 'registerSale', async (family, context, input) => await family.registerSale!(context, input)))?.connectionId
}

/** Whoever waits in front of a page waits no longer for somebody else's list. */
const checkWithinMs = 5_000
/** A check may cost a stamp, and whoever has the link may press the button: so often for one sale. */
const checksAtMost = 5

/**
 * The provider's own look at the authority's list, where the one that would invoice this sale has one. Undefined where it has none,
 * does not answer in time, or was asked often enough: then the authority itself decides.
 */
export async function checkAtProvider (hub: Hub, access: Access, row: SaleRow, customer: { taxId: string, name: string, postalCode: string, regime: string }): Promise<CustomerCheck | undefined> {
  let timer: NodeJS.Timeout | undefined
  const late = new Promise<undefined>(resolve => { timer = setTimeout(() => { resolve(undefined) }, checkWithinMs) })
  const asking = askAbout(hub, access, row, customer).catch((error: unknown) => {
    hub.log.warn({ err: error, sale: publicId('sale', row.id) }, 'a buyer could not be checked at the provider')
    return undefined
  })
  try {
    return await Promise.race([asking, late])
  } finally {
    clearTimeout(timer)
  }
}

async function askAbout (hub: Hub, access: Access, row: SaleRow, customer: Parameters<NonNullable<InvoicingFamily['checkCustomer']>>[1]): Promise<CustomerCheck | undefined> {
  const connection = await providerOf(hub, row, 'checkCustomer')
  if (connection === undefined || await inTenant(hub.db, row.tenant_id, async db => await countChecks(db, row.id)) >= checksAtMost) return undefined
  const result = await recordedCall(hub, async work => await inTenant(hub.db, row.tenant_id, work), { connection, kind: 'check_customer', subjectId: row.id, requestId: access.requestId }, async context =>
    await connection.adapter.invoicing!.checkCustomer!(context, customer))
  return result.ok ? result.value : undefined
}
