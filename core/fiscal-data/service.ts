import type { Access } from '../access/principal.ts'
import type { CollectField, CollectInput } from '../adapter/checkout.ts'
import type { Mode } from '../adapter/context.ts'
import { exponentOf } from '../adapter/money.ts'
import { loadSealed } from '../connections/open.ts'
import { inTenant, type TenantDb } from '../db/in-tenant.ts'
import { HubError } from '../errors.ts'
import { Decimal } from '../fiscal/decimal.ts'
import type { Hub } from '../hub.ts'
import { publicId } from '../ids.ts'
import { recordedCall } from '../operations/call.ts'
import type { TaxCountry } from '../tax-ids.ts'
import { personOf } from '../vault/person.ts'
import { collectInput, fieldsOf, withCollected } from './collect.ts'
import type { Finding } from './content.ts'
import { check } from './preflight.ts'
import * as queries from './queries.ts'
import type { FiscalDataRow, NewFiscalData, PaymentOf, Subject, Whose } from './queries.ts'
import type { FiscalData, InvoiceCheck, PageInvoiceData } from './schema.ts'

export type { FiscalData }
export { personOf } from '../vault/person.ts'

export interface FiscalDataOfPayment extends FiscalData {
  /** The page asks the buyer, and the provider does not say yet that it is through: ask again before deciding that nobody typed anything. */
  waiting?: true
}

/** What is kept, whole, in one sealed text. */
interface Kept {
  data: FiscalData
  /** Broken rules that were let through. */
  errors: Finding[]
  /** What the lines sum to with their taxes, decimal; absent without lines. */
  total?: string
}

interface About { type: Subject, id: string, mode: Mode }

const use = 'fiscal_data'

/** Sealed and not yet written: sealing may need the database itself, so it is done before the transaction. */
export interface PreparedFiscalData {
  check: InvoiceCheck
  /** What the provider's page is asked to ask. */
  collect?: CollectInput
  /** In the transaction that writes what it is about. */
  insert: (db: TenantDb) => Promise<void>
}

export interface Preparing {
  subject: { type: Subject, id: string }
  /** What will be charged. Minor units. */
  amount: number
  currency: string
  /** What the provider's page can ask, of its manifest. */
  offered?: readonly CollectField[] | undefined
  language?: 'es' | 'en' | undefined
}

/**
 * The check before anything is charged. Throws `invoice_invalid` with the authority's codes where broken rules are refused, and
 * then nothing was written. Undefined where the body brings none.
 */
export async function prepareFiscalData (hub: Hub, access: Access, given: PageInvoiceData | undefined, { subject, amount, currency, offered, language = 'es' }: Preparing): Promise<PreparedFiscalData | undefined> {
  if (given === undefined) return undefined
  const { collect = false, on_invalid, issuer: _, ...said } = given
  const { issuer, errors, wish, total } = await check(hub, access, given, { amount, currency })
  if (errors.length > 0 && wish === 'refuse') {
    throw new HubError('invoice_invalid', { detail: refused, errors: errors.map(({ code, path, message }) => ({ code, path, message })) })
  }
  const now = hub.now()
  const fields = collect ? fieldsOf(issuer.country, offered) : []
  const data: FiscalData = { ...said, country: issuer.country, issuer: publicId('issuer', issuer.id) }
  const row = await sealed(hub, access.tenantId, { ...subject, mode: access.mode }, { data, errors, ...(total !== undefined && { total }) }, 'given', fields)
  return {
    check: shown(errors, collect ? fields : undefined),
    ...(fields.length > 0 && { collect: collectInput(fields, { dataDir: hub.config.dataDir, on: now.toISOString().slice(0, 10), language }) }),
    insert: async db => { await queries.insertFiscalData(db, row, now) }
  }
}

const refused = {
  es: 'Los datos de la factura rompen reglas de la autoridad; vea los códigos en `errors`. No se cobró ni se creó nada.',
  en: 'The invoice’s data breaks rules of the authority; see the codes in `errors`. Nothing was charged and nothing created.'
}

const shown = (errors: readonly Finding[], collects: readonly CollectField[] | undefined): InvoiceCheck => ({ ok: errors.length === 0, errors: [...errors], ...(collects !== undefined && { collects: [...collects] }) })

/** What the first answer said, for a run of the same request that died after it had begun. Undefined where it brought none. */
export async function checkOf (hub: Hub, tenantId: string, subjectId: string, given: PageInvoiceData | undefined): Promise<InvoiceCheck | undefined> {
  if (given === undefined) return undefined
  const row = await inTenant(hub.db, tenantId, async db => await queries.findFiscalData(db, subjectId))
  const kept = row === undefined ? undefined : await opened(hub, row)
  return row && kept && shown(kept.errors, given.collect === true ? row.collects : undefined)
}

/**
 * Whose document a payment gets and what it says is sold: as it was told with the payment, with the page or link on which it was
 * made (and there before all what the buyer typed), or with the subscription whose cycle it pays. Lines only where they sum to what
 * was charged. Undefined where nothing was told, and where it was erased.
 *
 * Where the page asked the buyer, the provider is asked once for what was typed, so: never inside a transaction, and it throws that
 * call's ProviderError; then ask later.
 */
export async function fiscalDataOf (hub: Hub, tenantId: string, paymentId: string): Promise<FiscalDataOfPayment | undefined> {
  const found = await inTenant(hub.db, tenantId, async db => {
    const payment = await queries.findPaymentOf(db, paymentId)
    if (payment === undefined) return undefined
    const own = await queries.findFiscalData(db, payment.id)
    if (own !== undefined || payment.origin_id === null) return { payment, row: own }
    return { payment, row: await queries.findFiscalData(db, payment.origin_id) }
  })
  if (found?.row === undefined) return undefined
  const { payment, row } = found
  const kept = await opened(hub, row)
  if (kept === undefined) return undefined
  if (row.collects.length === 0) return forPayment(kept, payment)
  const asked = await askedOnPage(hub, tenantId, payment, kept)
  return asked === 'not yet' ? { ...forPayment(kept, payment), waiting: true } : forPayment(asked ?? kept, payment)
}

/** What was typed on the page that made the payment, kept as the payment's own; undefined where nobody can be asked any more. */
async function askedOnPage (hub: Hub, tenantId: string, payment: PaymentOf, { data, total }: Kept): Promise<Kept | 'not yet' | undefined> {
  const sealedConnection = await inTenant(hub.db, tenantId, async db => await loadSealed(db, payment.connection_id))
  const { provider_reference: reference } = payment
  if (sealedConnection === undefined) return undefined
  if (reference === null) return 'not yet'
  const connection = await hub.open(sealedConnection)
  const ask = connection.adapter.payments?.getCheckoutOf
  if (ask === undefined) return undefined
  const result = await recordedCall(hub, async work => await inTenant(hub.db, tenantId, work), { connection, kind: 'get_checkout_of', subjectId: payment.id, requestId: 'fiscal_data' }, async context => await ask(context, reference))
  if (!result.ok) throw result.error
  if (result.value?.status !== 'complete') return 'not yet'
  const kept: Kept = { data: withCollected(data, result.value.collected), errors: [], ...(total !== undefined && { total }) }
  const row = await sealed(hub, tenantId, { type: 'payment', id: payment.id, mode: payment.mode }, kept, 'collected', [])
  await inTenant(hub.db, tenantId, async db => { await queries.insertFiscalData(db, row, hub.now()) })
  return kept
}

/** Lines that sum to something else (a partial capture, another quantity, a broken rule that was let through) are none. */
function forPayment ({ data, total }: Kept, { amount, amount_captured: captured, currency }: PaymentOf): FiscalData {
  if (data.lines === undefined) return data
  const exponent = exponentOf(currency)
  if (total !== undefined && new Decimal(total).times(10 ** exponent).eq(captured > 0 ? captured : amount)) return data
  const { lines, ...rest } = data
  return rest
}

/**
 * Fiscal data that came another way (the buyer corrected it, a till sent it), sealed: `keepFiscalData` writes it. Lines are believed
 * to sum to `total`, decimal and with taxes.
 */
export async function sealFiscalData (hub: Pick<Hub, 'vault'>, tenantId: string, about: About, data: FiscalData, total?: string): Promise<NewFiscalData> {
  return await sealed(hub, tenantId, about, { data, errors: [], ...(total !== undefined && { total }) }, 'given', [])
}

/** In the place of what was there. */
export async function keepFiscalData (db: TenantDb, data: NewFiscalData, now: Date): Promise<void> {
  await queries.replaceFiscalData(db, data, now)
}

export interface PersonalData { subject: string, source: string, data: FiscalData, created_at: Date }

/** All that is kept of one person, newest first, at most 1,000. */
export async function fiscalDataOfPerson (hub: Hub, tenantId: string, mode: Mode, { country, taxId }: { country: TaxCountry, taxId: string }): Promise<PersonalData[]> {
  const person = await personOf(hub, tenantId, country, taxId)
  const rows = await inTenant(hub.db, tenantId, async db => await queries.listOfPerson(db, mode, person, 1000))
  const all = await Promise.all(rows.map(async row => ({ row, kept: await opened(hub, row) })))
  return all.flatMap(({ row, kept }) => kept === undefined ? [] : [{ subject: publicId(row.subject_type, row.subject_id), source: row.source, data: kept.data, created_at: row.created_at }])
}

/**
 * Forgets it, by person (`personOf`) in one mode, or by what it is about (uuids); how many there were. What the law wants kept is the issued
 * document, which is none of this.
 */
export async function eraseFiscalData (db: TenantDb, of: Whose, now: Date): Promise<number> {
  return await queries.eraseFiscalData(db, of, now)
}

async function sealed (hub: Pick<Hub, 'vault'>, tenantId: string, { type, id, mode }: About, kept: Kept, source: NewFiscalData['source'], collects: readonly CollectField[]): Promise<NewFiscalData> {
  const { customer, country } = kept.data
  return {
    subjectType: type,
    subjectId: id,
    mode,
    source,
    collects,
    person: customer === undefined ? null : await personOf(hub, tenantId, country, customer.tax_id),
    sealed: await hub.vault.seal(tenantId, publicId(type, id), use, JSON.stringify(kept))
  }
}

async function opened (hub: Pick<Hub, 'vault'>, row: FiscalDataRow): Promise<Kept | undefined> {
  return row.sealed === null ? undefined : JSON.parse(await hub.vault.openText(row.tenant_id, publicId(row.subject_type, row.subject_id), use, row.sealed)) as Kept
}
