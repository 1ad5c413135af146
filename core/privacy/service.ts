import type { Access } from '../access/principal.ts'
import { recordChange } from '../audit/record.ts'
import { findAnyCustomer } from '../customers/queries.ts'
import { deleteCustomer } from '../customers/service.ts'
import { showCustomer } from '../customers/view.ts'
import { inTenant, type TenantDb } from '../db/in-tenant.ts'
import { HubError, invalidField } from '../errors.ts'
import { eraseFiscalData, fiscalDataOfPerson, personOf } from '../fiscal-data/service.ts'
import type { Hub } from '../hub.ts'
import { parseId, publicId } from '../ids.ts'
import { openInvoice } from '../invoices/delegate.ts'
import { isStamped, type InvoiceStatus } from '../invoices/machine.ts'
import type { InvoiceRow } from '../invoices/queries.ts'
import { showInvoice } from '../invoices/view.ts'
import { getNotice } from '../notifications/notices/service.ts'
import { getMail } from '../notifications/service.ts'
import { expungeSubjects } from '../retention/service.ts'
import { buyerOf, taxIdOf } from '../sales/buyer.ts'
import { lockSale, type SaleRow, updateSale } from '../sales/queries.ts'
import { showSale } from '../sales/view.ts'
import { inspectTaxId, normalTaxId, taxCountries, type TaxCountry } from '../tax-ids.ts'
import * as queries from './queries.ts'
import type { Whose } from './queries.ts'
import type { Erasure, Kept, Person, PersonExport } from './schema.ts'

/** What stands of one person, opened. */
interface Found extends Whose {
  countries: readonly TaxCountry[]
  customers: Awaited<ReturnType<typeof queries.customersOf>>
  sales: SaleRow[]
  invoices: InvoiceRow[]
  payments: Awaited<ReturnType<typeof queries.paymentsOf>>
  mails: { id: string, status: string }[]
  notices: { id: string, status: string }[]
}

/** All that is kept about one person, readable. On the audit log, without saying of whom. Throws a 400 that names the field. */
export async function exportPerson (hub: Hub, access: Access, person: Person): Promise<PersonExport> {
  const now = hub.now()
  const found = await find(hub, access, person)
  const fiscal = found.taxId === undefined ? [] : (await Promise.all(found.countries.map(async country => await fiscalDataOfPerson(hub, access.tenantId, access.mode, { country, taxId: found.taxId! })))).flat()
  const told: PersonExport = {
    object: 'person_export',
    mode: access.mode,
    customers: found.customers.map(showCustomer) as unknown as Record<string, unknown>[],
    sales: await Promise.all(found.sales.map(async row => showSale(row, { buyer: await buyerOf(hub, row) }) as unknown as Record<string, unknown>)),
    fiscal_data: fiscal.map(({ created_at: at, ...kept }) => ({ ...kept, created_at: at.toISOString() })),
    invoices: found.invoices.map(row => showInvoice(row, [], null) as unknown as Record<string, unknown>),
    payments: found.payments.map(({ id, created_at: at, ...kept }) => ({ id: publicId('payment', id), ...kept, created_at: at.toISOString() })),
    mails: await Promise.all(found.mails.map(async ({ id }) => await getMail(hub, access, publicId('mail', id)) as unknown as Record<string, unknown>)),
    notices: await Promise.all(found.notices.map(async ({ id }) => await getNotice(hub, access, publicId('notice', id)) as unknown as Record<string, unknown>)),
    exported_at: now.toISOString()
  }
  await inTenant(hub.db, access.tenantId, async db => { await record(db, access, now, 'exported', { sales: told.sales.length, invoices: told.invoices.length, customers: told.customers.length }) })
  return told
}

/**
 * Erases what no law keeps and nothing open needs, and says what is kept, until when and why. Repeating it is safe, and erases what
 * could not be erased before. Throws a 400 that names the field.
 */
export async function erasePerson (hub: Hub, access: Access, person: Person): Promise<Erasure> {
  const now = hub.now()
  const found = await find(hub, access, person)
  const kept: Kept[] = []
  const erased: Erasure['erased'] = { customers: 0, sales: 0, fiscal_data: 0, mails: 0, notices: 0, events: 0, operations: 0, inbound_events: 0 }
  await inTenant(hub.db, access.tenantId, async db => {
    const open = new Set<string>()
    for (const { id } of found.sales) {
      const row = (await lockSale(db, id))!
      if (isOpen(row)) {
        open.add(id)
        kept.push({ id: publicId('sale', id), reason: 'open_sale', until: row.orphan_at?.toISOString() ?? row.link_expires_at?.toISOString() ?? null })
      } else if (row.buyer_sealed !== null || row.person !== null) {
        await updateSale(db, id, { buyer_sealed: null, person: null, problem: null }, now)
        erased.sales++
      }
    }
    for (const mark of found.persons) erased.fiscal_data += await eraseFiscalData(db, { mode: access.mode, person: mark }, now)
    for (const table of ['mails', 'notices'] as const) {
      erased[table] = await queries.forgetTold(db, table, found[table].map(({ id }) => id), now)
      for (const { id, status } of found[table]) if (status === 'queued' || status === 'sending') kept.push({ id: publicId(table === 'mails' ? 'mail' : 'notice', id), reason: 'being_sent', until: null })
    }
    const until = await queries.keptUntil(db, found.invoices.map(({ id }) => id))
    for (const { id, status } of found.invoices) {
      const stamped = isStamped(status as InvoiceStatus)
      kept.push({ id: publicId('invoice', id), reason: stamped ? 'law' : 'not_issued', until: until.get(id)?.toISOString() ?? null })
    }
    Object.assign(erased, await expungeSubjects(db, [...found.sales, ...found.invoices, ...found.payments, ...found.customers].map(({ id }) => id), now))
    for (const { id } of found.payments) kept.push({ id: publicId('payment', id), reason: 'law', until: null })
    await record(db, access, now, 'erased', { ...erased, kept: kept.length })
  })
  for (const { id } of found.customers) {
    try {
      await deleteCustomer(hub, access, publicId('customer', id))
      erased.customers++
    } catch (error) {
      if (!(error instanceof HubError)) throw error
      // Somebody else was faster, or a subscription still takes money.
      if (error.code !== 'not_found') kept.push({ id: publicId('customer', id), reason: 'open_subscription', until: null })
    }
  }
  return { object: 'person_erasure', mode: access.mode, erased, kept, erased_at: now.toISOString() }
}

/** Its document is still to be made of what is known of the buyer. */
const isOpen = ({ status, document, requires_invoice: wanted }: SaleRow): boolean =>
  ['link', 'correcting', 'invoicing', 'leaving_global'].includes(document) || status === 'pending' || (document === 'undecided' && wanted === true && status !== 'canceled' && status !== 'refunded')

async function find (hub: Hub, access: Access, person: Person): Promise<Found> {
  const { tenantId, mode } = access
  if ((person.tax_id === undefined) === (person.customer === undefined)) throw invalidField('tax_id', 'or customer: one of both')
  const named = person.customer === undefined ? undefined : await customerNamed(hub, access, person.customer)
  const asked = person.tax_id ?? named?.tax_id ?? undefined
  const countries = person.country === undefined ? taxCountries : [person.country]
  const taxId = asked === undefined ? undefined : normalTaxId(person.country ?? 'MX', asked)
  if (taxId !== undefined && isEverybodys(taxId, countries)) throw invalidField(person.tax_id === undefined ? 'customer' : 'tax_id', 'is everybody’s, and names nobody')
  const persons = taxId === undefined ? [] : await Promise.all(countries.map(async country => await personOf(hub, tenantId, country, taxId)))
  const rows = await inTenant(hub.db, tenantId, async db => {
    const customers = taxId === undefined ? [] : await queries.customersOf(db, mode, taxId)
    if (named?.deleted_at === null && !customers.some(({ id }) => id === named.id)) customers.push(named)
    const whose: Whose = { mode, taxId, persons, customerIds: [...new Set([...customers.map(({ id }) => id), ...(named === undefined ? [] : [named.id])])] }
    return { whose, customers, sales: await queries.salesOf(db, whose), invoices: await queries.invoicesOf(db, whose) }
  })
  const sales = (await Promise.all(rows.sales.map(async row => await isTheirs(hub, row, rows.whose) ? [row] : []))).flat()
  const invoices = (await Promise.all(rows.invoices.map(async row => await openInvoice(hub, row)))).filter(row => normalTaxId(row.country as TaxCountry, row.customer_tax_id) === taxId)
  const paymentIds = [...sales, ...invoices].flatMap(({ payment_id: id }) => id === null ? [] : [id])
  return await inTenant(hub.db, tenantId, async db => {
    const payments = await queries.paymentsOf(db, mode, { ids: paymentIds, customerIds: rows.whose.customerIds })
    const subjects = [...sales, ...invoices, ...payments].map(({ id }) => id)
    return { ...rows.whose, countries, customers: rows.customers, sales, invoices, payments, mails: await queries.toldAbout(db, 'mails', mode, subjects), notices: await queries.toldAbout(db, 'notices', mode, subjects) }
  })
}

/** Two people's marks may be alike: the data itself decides. */
async function isTheirs (hub: Hub, row: SaleRow, { taxId, customerIds }: Whose): Promise<boolean> {
  if (row.customer_id !== null && customerIds.includes(row.customer_id)) return true
  return taxId !== undefined && taxIdOf(await buyerOf(hub, row), row.country) === taxId
}

const isEverybodys = (taxId: string, countries: readonly TaxCountry[]): boolean => countries.some(country => inspectTaxId(country, taxId).person === 'generic')

/** Also one that was deleted: what is about them may be left. */
async function customerNamed (hub: Pick<Hub, 'db'>, { tenantId, mode }: Access, name: string) {
  const id = parseId('customer', name)
  const row = id === undefined ? undefined : await inTenant(hub.db, tenantId, async db => await findAnyCustomer(db, id))
  if (row?.mode !== mode) throw invalidField('customer', 'is no customer of yours')
  return row
}

/** Neither the tax id nor its mark: an erased person is not on the audit log either. */
async function record (db: TenantDb, access: Access, now: Date, what: 'exported' | 'erased', detail: Record<string, unknown>): Promise<void> {
  await recordChange(db, access, now, { action: `privacy.${what}`, subjectType: 'tenant', subjectId: publicId('tenant', access.tenantId), detail })
}
