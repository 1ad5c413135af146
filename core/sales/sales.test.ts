import t from 'tap'
import { country, type Country, shop as newShop, type Shop } from '../../test/support/mexico.ts'
import { type HubError } from '../errors.ts'
import { uuidOf } from '../ids.ts'
import { getInvoice } from '../invoices/service.ts'
import { createSales } from './batch.ts'
import { findingsOf } from './audit.ts'
import { createGlobals, listGlobals } from './global.ts'
import { refundSale } from './refunds.ts'
import type { NewSale, Sale } from './schema.ts'
import * as service from './service.ts'
import { inTenant } from '../db/in-tenant.ts'
import { putSettings } from './settings.ts'

t.setTimeout(300_000)

const dayMs = 24 * 3600_000
const line = { description: 'Lavado de auto', quantity: '1', unit_price: '100.00', taxes: [{ type: 'IVA', rate: '0.16' }], mx: { product_key: '76111501', unit_key: 'E48' } }
const buyer = { name: 'INNOVACION VALOR Y DESARROLLO', tax_id: 'IVD920810GU2', address: { postal_code: '63901' }, mx: { regime: '601', cfdi_use: 'G03' } }
const refusal = async (work: Promise<unknown>): Promise<[string, string | undefined]> => await work.then(() => ['nothing', undefined], (error: HubError) => [error.code, error.errors?.[0]?.path])

let made: Country
let shop: Shop
t.before(async () => {
  made = await country(t, { env: { RESOLVER_SCHEDULE: '5s,15s,1m,5m' } })
  shop = await newShop(made)
})
const hub = () => made.hub
const sell = async (more: Partial<NewSale> = {}): Promise<Sale> => await service.createSale(hub(), shop.access, { lines: [line], ...more }, null)
const paid = async (more: Partial<NewSale> = {}): Promise<Sale> => await sell({ tenders: [{ form: '01' }], ...more })
const read = async ({ id }: { id: string }): Promise<Sale> => await service.getSale(hub(), shop.access, id)
const told = async ({ id }: { id: string }): Promise<string[]> => (await made.database.owner.selectFrom('events').select('type').where('subject_id', '=', uuidOf('sale', id)).orderBy('id').execute()).map(({ type }) => type)
const alerts = async ({ id }: { id: string }): Promise<string[]> => (await made.database.owner.selectFrom('alerts').select('kind').where('subject_id', '=', id).execute()).map(({ kind }) => kind)
/** Of every sale of the shop: whether money and documents agree. */
const breaks = async () => await inTenant(hub().db, shop.tenantId, async db => await findingsOf(db, uuidOf('issuer', shop.issuer), hub().now()))
const settle = async (): Promise<void> => await made.settle()

t.test('a ticket: numbered, priced by the law, and its tenders come to it', async t => {
  const first = await paid()
  t.match(first, { status: 'paid', document: 'undecided', amount: 11600, currency: 'MXN', tenders: [{ form: '01', amount: 11600 }], ticket: /^T-\d+$/, payment_type: 'in_person' })
  t.equal(Number((await paid()).ticket.slice(2)), Number(first.ticket.slice(2)) + 1)
  t.match(await paid({ lines: undefined, amount: 10001, tenders: [{ form: '01', amount: 5001 }, { form: '04', amount: 5000 }] } as never), { amount: 10001, totals: { total: '100.01' } })
  t.same(await refusal(paid({ tenders: [{ form: '01', amount: 11599 }] })), ['request_invalid', 'tenders'])
  t.same(await refusal(paid({ tenders: [{ form: '99' }] })), ['request_invalid', 'tenders[0].form'])
  t.same(await refusal(paid({ amount: 1 })), ['request_invalid', 'amount'])
  t.same(await refusal(sell({ requires_invoice: true })), ['request_invalid', 'requires_invoice'])
  t.same(await refusal(paid({ sold_at: new Date(hub().now().getTime() + dayMs).toISOString() })), ['request_invalid', 'sold_at'])
  t.same(await refusal(sell({ lines: [{ ...line, taxes: [{ type: 'ISR', rate: '0.10', withheld: true }] }] })), ['request_invalid', 'lines[0].taxes[0].withheld'])
  const other = await made.tenant()
  t.same(await refusal(service.getSale(hub(), other.access, first.id)), ['not_found', undefined])
  t.same(await refusal(service.confirmPayment(hub(), other.access, first.id, { payment_received: true, payment_method: '01' }, null)), ['not_found', undefined])
})

t.test('flow A: a link, the buyer’s invoice, and no second one', async t => {
  const sale = await sell({ customer: { email: 'ana@example.com' } })
  t.match(sale, { status: 'pending', self_invoice: null })
  const confirmed = await service.confirmPayment(hub(), shop.access, sale.id, { payment_received: true, payment_method: '01', requires_invoice: true, confirmed_by: 'tech-1', customer_email: 'ana@example.com' }, null)
  t.match(confirmed, { status: 'paid_invoice_pending', document: 'link', confirmed_by: 'tech-1', self_invoice: { url: /\/autofactura\// } })
  t.equal(Math.round((Date.parse(confirmed.self_invoice!.expires_at) - hub().now().getTime()) / dayMs), 7)
  t.match(confirmed.notices, [{ channel: 'mail' }, { channel: 'whatsapp' }, { channel: 'web_push' }])
  t.same(await refusal(service.confirmPayment(hub(), shop.access, sale.id, { payment_received: true, payment_method: '01' }, null)), ['invalid_state', undefined])
  const asked = await service.invoiceSale(hub(), shop.access, sale.id, { customer: buyer }, null)
  t.match(asked, { status: 'paid_invoice_pending', document: 'invoicing', invoice: /^inv_/ })
  await settle()
  t.match(await read(sale), { status: 'paid_invoiced', document: 'invoiced' })
  t.match(await getInvoice(hub(), shop.access, asked.invoice!), { status: 'issued', totals: { total: '116.00' }, payment: { method: 'PUE', form: '01' }, customer: { tax_id: 'IVD920810GU2' } })
  t.same(await refusal(service.invoiceSale(hub(), shop.access, sale.id, { customer: buyer }, null)), ['sale_invoiced', undefined])
  t.same(await told(sale), ['sale.pending', 'sale.paid', 'sale.paid_invoice_pending', 'sale.paid_invoiced'])
  t.same(await breaks(), [])
})

t.test('ten buyers’ clicks at once: one invoice', async t => {
  const sale = await paid({ requires_invoice: true })
  const answers = await Promise.all(Array.from({ length: 10 }, async () => await refusal(service.invoiceSale(hub(), shop.access, sale.id, { customer: buyer }, null))))
  t.equal(answers.filter(([code]) => code === 'nothing').length, 1)
  t.ok(answers.every(([code]) => code === 'nothing' || code === 'sale_invoiced'))
  await settle()
  const invoices = await made.database.owner.selectFrom('invoices').select('status').where('sale_id', '=', uuidOf('sale', sale.id)).execute()
  t.same(invoices, [{ status: 'issued' }])
})

t.test('bad fiscal data is told with its codes and makes nothing', async t => {
  const sale = await paid()
  t.equal((await refusal(service.invoiceSale(hub(), shop.access, sale.id, { customer: { ...buyer, mx: { regime: '605', cfdi_use: 'G03' } } }, null)))[0], 'invoice_invalid')
  t.match(await read(sale), { status: 'paid', document: 'undecided', invoice: null })
})

t.test('a link that nobody uses: the global invoice of its month', async t => {
  const sale = await paid({ requires_invoice: true })
  made.advance(7 * dayMs + 1000)
  await settle()
  t.match(await read(sale), { status: 'paid_global_pending', document: 'global_pending', global_invoice_date: /^\d{4}-\d\d-01$/, self_invoice: null })
})

t.test('flow B: the next global invoice, one concept for each ticket, and a nominative one after it (motive 04)', async t => {
  const [first, second, part] = [await paid({ requires_invoice: false }), await paid({ requires_invoice: false, tenders: [{ form: '04' }] }), await paid({ requires_invoice: false })]
  t.match(first, { status: 'paid_global_pending', global_invoice_date: /^\d{4}-\d\d-01$/ })
  await refundSale(hub(), shop.access, part.id, { method: 'cash', amount: 1600, reason: 'faltó el aroma' }, null)
  made.advance(Date.parse(`${first.global_invoice_date}T12:00:00Z`) - hub().now().getTime())
  await settle()
  const inGlobal = await read(first)
  t.match(inGlobal, { status: 'paid_in_global', document: 'in_global', global_invoice: /^glo_/ })
  const global = (await listGlobals(hub(), shop.access, {})).data.find(({ id }) => id === inGlobal.global_invoice)!
  t.match(global, { status: 'issued', invoice: /^inv_/ })
  const document = await getInvoice(hub(), shop.access, global.invoice!)
  t.match(document, { kind: 'global_invoice', status: 'issued', customer: { tax_id: 'XAXX010101000', name: 'PUBLICO EN GENERAL' } })
  t.equal(document.lines.length, global.tickets)
  t.equal(document.totals.total, global.total)
  const tickets = new Map(document.lines.map(line => [line.sku, line]))
  t.equal(tickets.get(part.ticket)?.unit_price, '86.206897', 'less what was given back')
  t.equal(tickets.get(second.ticket)?.unit_price, '100.000000')

  const asked = await service.invoiceSale(hub(), shop.access, first.id, { customer: buyer }, null)
  t.match(asked, { document: 'leaving_global', status: 'paid_invoice_pending' })
  await settle()
  made.advance(3600_000)
  await settle()
  t.match(await read(first), { status: 'paid_invoiced', document: 'invoiced', global_invoice: null })
  t.match(await read(second), { status: 'paid_in_global', global_invoice: global.id })
  const after = (await listGlobals(hub(), shop.access, {})).data.find(({ id }) => id === global.id)!
  t.match(after, { status: 'issued', former_invoices: [global.invoice], tickets: global.tickets - 1 })
  t.not(after.invoice, global.invoice)
  t.match(await getInvoice(hub(), shop.access, global.invoice!), { status: 'canceled', cancellation: { motive: '04' } })
  t.equal((Number(global.total) - Number(after.total)).toFixed(2), '116.00')
  t.same(await breaks(), [])
})

t.test('what is given back of an invoiced sale, and of one in a global invoice, gets its credit note', async t => {
  const sale = await paid()
  await service.invoiceSale(hub(), shop.access, sale.id, { customer: buyer }, null)
  await settle()
  await refundSale(hub(), shop.access, sale.id, { method: 'cash', amount: 4000, reason: 'descuento' }, null)
  await settle()
  const notes = async (id: string) => (await made.database.owner.selectFrom('invoices').select(['status', 'total']).where('sale_id', '=', uuidOf('sale', id)).where('kind', '=', 'credit_note').orderBy('id').execute()).map(({ status, total }) => [status, Number(total)])
  t.same(await notes(sale.id), [['issued', 40]])
  t.match(await read(sale), { status: 'paid_invoiced', amount_refunded: 4000 })
  const rest = await refundSale(hub(), shop.access, sale.id, { method: 'store_credit', reason: 'devolución' }, null)
  t.match(rest, { status: 'refunded', amount_refunded: 11600, refunds: [{ method: 'cash', amount: 4000 }, { method: 'store_credit', amount: 7600, store_credit: /^stc_/ }] })
  await settle()
  t.same(await notes(sale.id), [['issued', 40], ['issued', 76]])
  t.same(await refusal(refundSale(hub(), shop.access, sale.id, { method: 'cash', reason: 'x' }, null)), ['amount_invalid', 'amount'])

  const inGlobal = (await service.listSales(hub(), shop.access, { document: 'in_global' })).data[0]!
  await refundSale(hub(), shop.access, inGlobal.id, { method: 'cash', amount: 1000, reason: 'x' }, null)
  await settle()
  t.same(await notes(inGlobal.id), [['issued', 10]])
  t.same(await breaks(), [])
})

t.test('store credit pays a later sale, once', async t => {
  const sale = await paid()
  const { refunds } = await refundSale(hub(), shop.access, sale.id, { method: 'store_credit', reason: 'no le gustó' }, null)
  const { code } = await made.database.owner.selectFrom('store_credits').select('code').where('id', '=', uuidOf('store_credit', refunds![0]!.store_credit!)).executeTakeFirstOrThrow()
  const later = [{ form: '08', store_credit: code, amount: 11600 }]
  t.match(await paid({ tenders: later }), { status: 'paid' })
  t.equal((await refusal(paid({ tenders: later })))[0], 'invalid_state')
  const other = await made.tenant()
  t.ok((await refusal(service.createSale(hub(), other.access, { amount: 11600, tenders: later }, null)))[0] !== 'nothing')
})

t.test('a batch of an offline till: an answer for each, safe to repeat', async t => {
  const body = { sales: [{ client_id: 'till-1', lines: [line], tenders: [{ form: '01' }], requires_invoice: false }, { client_id: 'till-2', lines: [line], tenders: [{ form: '01', amount: 1 }] }, { client_id: 'till-3', amount: 5000, tenders: [{ form: '28' }], sold_at: new Date(hub().now().getTime() - 40 * dayMs).toISOString(), requires_invoice: false }] }
  const first = await createSales(hub(), shop.access, body)
  t.match(first.data, [{ client_id: 'till-1', status: 'created', ticket: /^T-/ }, { client_id: 'till-2', status: 'invalid', sale: null, error: { code: 'request_invalid', errors: [{ path: 'tenders' }] } }, { status: 'created' }])
  const again = await createSales(hub(), shop.access, { sales: [body.sales[0]!, { ...body.sales[2]!, amount: 6000 }] })
  t.match(again.data, [{ status: 'repeated', sale: first.data[0]!.sale, ticket: first.data[0]!.ticket }, { status: 'conflict', error: { code: 'already_exists' } }])
  // Its period is over: the next global invoice has it.
  t.ok((await read({ id: first.data[2]!.sale! })).global_invoice_date! > hub().now().toISOString().slice(0, 10))
})

t.test('by hand: the global invoices of a period, once', async t => {
  const late = (await service.listSales(hub(), shop.access, { document: 'global_pending' })).data
  t.ok(late.length > 0)
  t.equal((await refusal(createGlobals(hub(), shop.access, { period: { day: hub().now().toISOString().slice(0, 10) } })))[1], 'period.day')
  await putSettings(hub(), shop.access, { global_invoice: { automatic: false } })
  made.advance(35 * dayMs)
  const day = new Date(hub().now().getTime() - 32 * dayMs).toISOString().slice(0, 10)
  const answers = await Promise.all([1, 2, 3].map(async () => await createGlobals(hub(), shop.access, { period: { day } })))
  const globals = answers.flatMap(({ data }) => data)
  await settle()
  t.equal(globals.reduce((sum, { tickets }) => sum + tickets, 0), late.length, 'each ticket in one of them')
  for (const { id } of late) t.match(await read({ id }), { status: 'paid_in_global' })
  t.same(await breaks(), [])
  t.same(await alerts({ id: late[0]!.id }), [])
})
