import { sql } from 'kysely'
import t from 'tap'
import { mailServer, type MailServer } from '../../test/support/mail-server.ts'
import { country, type Country, order, shop as newShop, type Shop } from '../../test/support/mexico.ts'
import { createCustomer } from '../customers/service.ts'
import { inTenant } from '../db/in-tenant.ts'
import type { HubError } from '../errors.ts'
import { newUuid, publicId, uuidOf } from '../ids.ts'
import { createInvoice } from '../invoices/service.ts'
import { sealNotice } from '../notifications/notices/content.ts'
import { insertNotice, updateNotice } from '../notifications/notices/queries.ts'
import { createPayment } from '../payments/service.ts'
import * as sales from '../sales/service.ts'
import { putSettings } from '../sales/settings.ts'
import { erasePerson, exportPerson } from './service.ts'

t.setTimeout(300_000)

const buyer = { name: 'INNOVACION VALOR Y DESARROLLO', tax_id: 'IVD920810GU2', address: { postal_code: '63901' }, mx: { regime: '601', cfdi_use: 'G03' }, email: 'ana@example.com' }
const person = { country: 'MX', tax_id: 'ivd 920810-gu2' } as const
const line = { description: 'Lavado', quantity: '1', unit_price: '100.00', taxes: [{ type: 'IVA', rate: '0.16' }], mx: { product_key: '76111501', unit_key: 'E48' } }
const refusal = async (work: Promise<unknown>): Promise<[string, string | undefined]> => await work.then(() => ['nothing', undefined], (error: HubError) => [error.code, error.errors?.[0]?.path])

let mails: MailServer
let made: Country
t.before(async () => {
  mails = await mailServer(t)
  made = await country(t, { env: { RESOLVER_SCHEDULE: '5s,15s,1m,5m', SMTP_URL: mails.url, MAIL_FROM: 'hub@pasarela.example' } })
})
const hub = () => made.hub
const settle = async (): Promise<void> => await made.settle()

/** A shop where one person left traces of every kind, and somebody else too. */
async function traces (fiscalData: 'keep' | 'delegate'): Promise<Shop & { ids: Record<'invoiced' | 'open' | 'global' | 'direct' | 'draft' | 'notice', string> }> {
  const shop = await newShop(made)
  const { access } = shop
  await putSettings(hub(), access, { payments: 'record', fiscal_data: fiscalData, global_invoice: { automatic: false } })
  const sell = async (more: object) => (await sales.createSale(hub(), access, { lines: [line], tenders: [{ form: '01' }], customer: { tax_id: buyer.tax_id, email: buyer.email }, ...more }, null)).id
  const invoiced = await sell({})
  await sales.invoiceSale(hub(), access, invoiced, { customer: buyer, send: true }, null)
  const open = await sell({ requires_invoice: true })
  const global = await sell({ requires_invoice: false })
  await sell({ customer: { tax_id: 'URE180429TM6', email: 'otro@example.com' } })
  await shop.connect()
  await createPayment(hub(), access, { amount: 11600, currency: 'MXN', method: { type: 'card', token: 'pm_card_visa' }, invoice: { customer: buyer } } as never, null)
  const direct = await createInvoice(hub(), access, order({ customer: buyer }), null)
  const draft = await createInvoice(hub(), access, order({ customer: buyer, draft: true } as never), null)
  await settle()
  const notice = newUuid(hub().now())
  const content = await sealNotice(hub(), shop.tenantId, notice, { address: '5215512345678', letter: { language: 'es', heading: '', paragraphs: [], actions: [], test: true }, values: {} })
  await inTenant(hub().db, shop.tenantId, async db => {
    await insertNotice(db, { id: notice, mode: 'test', kind: 'payment_received', channel: 'whatsapp', audience: 'buyer', subject_type: 'sale', subject_id: uuidOf('sale', global), occasion: '', addressee_mac: Buffer.alloc(32), content_sealed: content, created_at: hub().now() })
    await updateNotice(db, notice, { status: 'sent' }, hub().now())
  })
  return { ...shop, ids: { invoiced, open, global, direct: direct.id, draft: draft.id, notice } }
}

for (const wish of ['keep', 'delegate'] as const) {
  t.test(`${wish}: all of one person is given, and what no law keeps is erased`, async t => {
    const { access, ids, tenantId } = await traces(wish)
    const told = await exportPerson(hub(), access, person)
    const saleIds = told.sales.map(({ id }) => id)
    t.ok(saleIds.includes(ids.open) && saleIds.includes(ids.global))
    t.equal(saleIds.includes(ids.invoiced), wish === 'keep', 'delegated: of an invoiced sale the document alone names them')
    t.notMatch(JSON.stringify(told), /URE180429TM6|otro@example/, 'nobody else')
    t.ok([ids.direct, ids.draft].every(id => told.invoices.some(invoice => invoice.id === id)))
    t.ok(told.invoices.every(({ customer }) => (customer as { tax_id: string }).tax_id === buyer.tax_id))
    t.ok(told.payments.length >= 1)
    t.ok(told.mails.length >= 2)
    t.match(told.notices, [{ id: publicId('notice', ids.notice), channel: 'whatsapp', about: ids.global }], 'what goes by mail is a mail')
    t.equal(told.customers.length, wish === 'keep' ? 1 : 0)
    t.match(told.fiscal_data, wish === 'keep' ? [{ data: { customer: { tax_id: buyer.tax_id } } }] : told.fiscal_data)

    const done = await erasePerson(hub(), access, person)
    t.ok(done.erased.sales >= 1 && done.erased.mails >= 2)
    t.equal(done.erased.notices, 1)
    t.equal(done.erased.customers, wish === 'keep' ? 1 : 0)
    const kept = new Map(done.kept.map(each => [each.id, each]))
    t.match(kept.get(ids.open), { reason: 'open_sale', until: /^\d{4}-/ })
    t.match(kept.get(ids.direct), { reason: 'law', until: /^203\d-/ })
    t.match(kept.get(ids.draft), { reason: 'not_issued', until: null })
    t.notOk(kept.has(ids.global))
    t.match(await sales.getSale(hub(), access, ids.global), { status: 'paid_global_pending', customer: null })
    t.match(await sales.getSale(hub(), access, ids.open), { customer: { tax_id: buyer.tax_id } })

    const again = await erasePerson(hub(), access, person)
    t.same(again.erased, { customers: 0, sales: 0, fiscal_data: 0, mails: 0, notices: 0, events: 0, operations: 0, inbound_events: 0 })
    // The link is over: nothing needs it any more.
    made.advance(8 * 24 * 3600_000)
    await settle()
    const last = await erasePerson(hub(), access, person)
    t.match(last, { erased: { sales: 1 } })
    t.same((await erasePerson(hub(), access, person)).erased.sales, 0)
    // What was on its way then has arrived.
    made.advance(5 * 24 * 3600_000)
    await settle()
    const { rows: said } = await sql<{ kind: string, text: string }>`
      select type as kind, data::text as text from events where tenant_id = ${tenantId} and created_at <= ${done.erased_at}
      union all select kind, exchanges::text from operations where tenant_id = ${tenantId} and started_at <= ${done.erased_at}`.execute(made.database.owner)
    t.ok(said.length > 10)
    t.same(said.filter(({ text }) => text.includes(buyer.tax_id) || text.includes(buyer.email)).map(({ kind }) => kind), [], 'nor is it in what was told and said until then')
    t.same((await exportPerson(hub(), access, person)).sales, [])
    const log = await made.database.owner.selectFrom('audit_log').select(['action', 'detail']).where('tenant_id', '=', tenantId).where('action', 'like', 'privacy.%').orderBy('id').execute()
    t.same(log.map(({ action }) => action), ['privacy.exported', 'privacy.erased', 'privacy.erased', 'privacy.erased', 'privacy.erased', 'privacy.exported'])
    t.notMatch(JSON.stringify(log), /IVD920810GU2/)
  })
}

t.test('by customer; one that nobody is; another tenant’s', async t => {
  const shop = await newShop(made)
  const customer = await createCustomer(hub(), shop.access, { name: 'Ana', tax_id: buyer.tax_id, email: buyer.email }, null)
  t.match((await exportPerson(hub(), shop.access, { customer: customer.id })).customers, [{ id: customer.id, name: 'Ana' }])
  t.same(await refusal(exportPerson(hub(), shop.access, {})), ['request_invalid', 'tax_id'])
  t.same(await refusal(exportPerson(hub(), shop.access, { ...person, customer: customer.id })), ['request_invalid', 'tax_id'])
  t.same(await refusal(erasePerson(hub(), shop.access, { country: 'MX', tax_id: 'XAXX010101000' })), ['request_invalid', 'tax_id'])

  const other = await made.tenant()
  const nothing = { customers: [], sales: [], fiscal_data: [], invoices: [], payments: [], mails: [], notices: [] }
  t.match(await exportPerson(hub(), other.access, person), nothing)
  t.match(await erasePerson(hub(), other.access, person), { erased: { customers: 0 }, kept: [] })
  t.same(await refusal(erasePerson(hub(), other.access, { customer: customer.id })), ['request_invalid', 'customer'])
  t.match(await exportPerson(hub(), { ...shop.access, mode: 'live' }, person), nothing, 'nor the other mode')

  t.match(await erasePerson(hub(), shop.access, { customer: customer.id }), { erased: { customers: 1 } })
  t.match(await erasePerson(hub(), shop.access, { customer: customer.id }), { erased: { customers: 0 }, kept: [] })
})
