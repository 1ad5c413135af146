import t from 'tap'
import { mailServer, type MailServer } from '../../test/support/mail-server.ts'
import { country, type Country, shop as newShop, type Shop } from '../../test/support/mexico.ts'
import { inTenant } from '../db/in-tenant.ts'
import type { Hub } from '../hub.ts'
import { uuidOf } from '../ids.ts'
import { createPayment, getPayment } from '../payments/service.ts'
import { createRefund } from '../payments/refunds.ts'
import { findingsOf } from './audit.ts'
import { carryOnGlobal, createGlobals } from './global.ts'
import { lookAfterSale } from './look-after.ts'
import { saleOfPayment } from './from-payment.ts'
import { refundSale } from './refunds.ts'
import type { NewSale, Sale } from './schema.ts'
import * as service from './service.ts'
import { putSettings } from './settings.ts'

t.setTimeout(300_000)

const dayMs = 24 * 3600_000
const line = { description: 'Lavado de auto', quantity: '1', unit_price: '100.00', taxes: [{ type: 'IVA', rate: '0.16' }], mx: { product_key: '76111501', unit_key: 'E48' } }
const buyer = { name: 'INNOVACION VALOR Y DESARROLLO', tax_id: 'IVD920810GU2', address: { postal_code: '63901' }, mx: { regime: '601', cfdi_use: 'G03' }, email: 'ana@example.com' }

let mails: MailServer
let made: Country
let shop: Shop
t.before(async () => {
  mails = await mailServer(t)
  made = await country(t, { env: { RESOLVER_SCHEDULE: '5s,15s,1m,5m', SMTP_URL: mails.url, MAIL_FROM: 'hub@pasarela.example' }, taxpayers: { [buyer.tax_id]: { name: buyer.name, postalCode: buyer.address.postal_code, regime: buyer.mx.regime } } })
  shop = await newShop(made)
})
t.beforeEach(async () => {
  if (shop !== undefined) await putSettings(made.hub, shop.access, { payments: 'invoice', global_invoice: { automatic: false } })
  mails?.inbox.splice(0)
})

const hub = () => made.hub
const read = async (id: string): Promise<Sale> => await service.getSale(hub(), shop.access, id)
const paid = async (more: Partial<NewSale> = {}): Promise<Sale> => await service.createSale(hub(), shop.access, { lines: [line], tenders: [{ form: '01' }], customer: { email: 'ana@example.com' }, ...more }, null)
const subjects = (): string[] => mails.inbox.map(({ headers }) => headers.get('subject')!.replace(/^\[PRUEBA\] /, ''))
const breaks = async () => await inTenant(hub().db, shop.tenantId, async db => await findingsOf(db, uuidOf('issuer', shop.issuer), hub().now()))
const settle = async (): Promise<void> => await made.settle()
let stripe: string | undefined
async function charge (more: object = {}): Promise<{ payment: string, sale: Sale | undefined }> {
  stripe ??= await shop.connect()
  const payment = await createPayment(hub(), shop.access, { amount: 11600, currency: 'MXN', method: { type: 'card', token: 'pm_card_visa' }, customer: { email: 'ana@example.com', name: 'Ana' }, description: 'Plan de enero', ...more } as never, null)
  await settle()
  const { data: [sale] } = await service.listSales(hub(), shop.access, { payment: payment.id })
  return { payment: payment.id, sale: sale && await read(sale.id) }
}

t.test('a payment with the buyer’s data: charged, invoiced and mailed by itself', async t => {
  const { sale, payment } = await charge({ invoice: { customer: buyer, send: true } })
  t.match(sale, { status: 'paid_invoiced', document: 'invoiced', payment, payment_type: 'online', tenders: [{ form: '04', amount: 11600, payment }], lines: [{ description: 'Plan de enero' }] })
  t.equal((await made.database.owner.selectFrom('invoices').select('id').where('sale_id', '=', uuidOf('sale', sale!.id)).execute()).length, 1)
  t.same(await breaks(), [])
})

t.test('a payment without it: the buyer is sent a link, and after its time it goes into the global invoice', async t => {
  const { sale } = await charge()
  t.match(sale, { status: 'paid_invoice_pending', document: 'link' })
  t.match(subjects(), [/factura/i])
  t.ok(Date.parse(sale!.self_invoice!.expires_at) - hub().now().getTime() <= 72 * 3600_000)
  made.advance(Date.parse(sale!.self_invoice!.expires_at) - hub().now().getTime() + 1000)
  await settle()
  t.match(await read(sale!.id), { status: 'paid_global_pending' })
})

t.test('recorded only, or ignored, as the tenant wishes; one that pays an invoice is none', async t => {
  await putSettings(hub(), shop.access, { payments: 'record' })
  t.match((await charge()).sale, { status: 'paid', document: 'undecided' })
  t.same(mails.inbox, [])
  await putSettings(hub(), shop.access, { payments: 'ignore' })
  t.equal((await charge()).sale, undefined)
  t.same(await breaks(), [])
})

t.test('what the till says of a payment that was recorded by itself is one sale', async t => {
  await putSettings(hub(), shop.access, { payments: 'record' })
  const { sale, payment } = await charge()
  const told = await paid({ tenders: [{ form: '28', payment }], requires_invoice: false, reference: 'order-1' })
  t.match(told, { id: sale!.id, ticket: sale!.ticket, status: 'paid_global_pending', reference: 'order-1', payment_type: 'in_person' })
})

t.test('a sale that waits is paid by a payment that was recorded by itself: one sale of it is left', async t => {
  await putSettings(hub(), shop.access, { payments: 'record' })
  const waiting = await service.createSale(hub(), shop.access, { lines: [line], customer: { email: 'ana@example.com' } }, null)
  const { sale: recorded, payment } = await charge()
  const confirmed = await service.confirmPayment(hub(), shop.access, waiting.id, { payment_received: true, tenders: [{ form: '04', payment }], requires_invoice: false }, null)
  t.match(confirmed, { id: waiting.id, status: 'paid_global_pending', payment })
  t.match(await read(recorded!.id), { status: 'canceled', payment: null })
  t.same((await service.listSales(hub(), shop.access, { payment })).data.map(({ id }) => id), [waiting.id])
  const other = await service.createSale(hub(), shop.access, { lines: [line] }, null)
  t.match(await service.confirmPayment(hub(), shop.access, other.id, { payment_received: true, tenders: [{ form: '04', payment }] }, null).catch((error: unknown) => error), { code: 'already_exists', errors: [{ path: 'tenders[0].payment' }] })
  t.same(await breaks(), [])
})

t.test('data that the authority refuses: the buyer is written to, the tenant warned, and what is corrected goes out under its number', async t => {
  await putSettings(hub(), shop.access, { payments: 'invoice', preflight: 'let_through' })
  const { sale } = await charge({ invoice: { customer: { ...buyer, mx: { regime: '605', cfdi_use: 'G03' } } } })
  t.match(sale, { status: 'paid_invoice_pending', document: 'correcting', problem: [{ code: /CFDI40/ }], self_invoice: { url: /autofactura/ } })
  t.equal(subjects().length, 1)
  const alert = await made.database.owner.selectFrom('alerts').select(['kind', 'detail']).where('subject_id', '=', sale!.id).executeTakeFirstOrThrow()
  t.equal(alert.kind, 'WARN_BILLING_DATA')
  await settle()
  t.equal(mails.inbox.length, 1, 'once')
  await service.invoiceSale(hub(), shop.access, sale!.id, { customer: buyer }, null)
  await settle()
  t.match(await read(sale!.id), { status: 'paid_invoiced', problem: null })

  const { sale: other } = await charge({ invoice: { customer: { ...buyer, mx: { regime: '605', cfdi_use: 'G03' } } } })
  made.advance(Date.parse(other!.correct_until!) - hub().now().getTime() + 1000)
  await settle()
  t.match(await read(other!.id), { status: 'paid_global_pending', document: 'global_pending', invoice: null })
  t.same(await breaks(), [])
})

t.test('a refusal of the PAC after the number was taken: corrected, it keeps that number', async t => {
  const sale = await paid()
  // The authority's list has another name for this RFC: what only the PAC knows.
  await service.invoiceSale(hub(), shop.access, sale.id, { customer: { ...buyer, name: 'OTRO NOMBRE' } }, null)
  await settle()
  const refused = await read(sale.id)
  t.match(refused, { document: 'correcting', invoice: /^inv_/ })
  const before = await made.database.owner.selectFrom('invoices').select(['number', 'status']).where('id', '=', uuidOf('invoice', refused.invoice!)).executeTakeFirstOrThrow()
  t.equal(before.status, 'rejected')
  await service.invoiceSale(hub(), shop.access, sale.id, { customer: buyer }, null)
  await settle()
  const after = await read(sale.id)
  t.match(after, { status: 'paid_invoiced', invoice: refused.invoice })
  t.same(await made.database.owner.selectFrom('invoices').select(['number', 'status']).where('id', '=', uuidOf('invoice', after.invoice!)).executeTakeFirstOrThrow(), { number: before.number, status: 'issued' })
})

t.test('reminders exactly three days and one day before the link ends, once each', async t => {
  const sale = await paid({ requires_invoice: true })
  const ends = Date.parse(sale.self_invoice!.expires_at)
  const until = async (ms: number) => {
    made.advance(ends - ms - hub().now().getTime())
    await made.work()
    await made.work()
    return mails.inbox.length
  }
  t.equal(await until(4 * dayMs), 1, 'the link')
  t.equal(await until(3 * dayMs + 2000), 1)
  t.equal(await until(3 * dayMs - 2000), 2)
  t.equal(await until(2 * dayMs), 2)
  t.equal(await until(dayMs + 2000), 2)
  t.equal(await until(dayMs - 2000), 3)
  t.equal(await until(3600_000), 3)
  t.ok(mails.inbox.every(({ raw, to }) => to[0] === 'ana@example.com' && raw.length > 0))
  t.equal(await until(-2000), 3)
  t.match(await read(sale.id), { status: 'paid_global_pending' })
})

t.test('a refund of the payment, in the provider’s hands or the till’s, is credited', async t => {
  const { sale, payment } = await charge({ invoice: { customer: buyer } })
  await createRefund(hub(), shop.access, payment, { amount: 1000 }, null)
  await settle()
  t.match(await read(sale!.id), { amount_refunded: 1000, refunds: [{ method: 'card', status: 'succeeded', amount: 1000, refund: /^ref_/ }] })
  await refundSale(hub(), shop.access, sale!.id, { method: 'card', reason: 'no vino' }, null)
  await settle()
  t.match(await read(sale!.id), { status: 'refunded', amount_refunded: 11600, refunds: [{ amount: 1000 }, { amount: 10600, reason: 'no vino', status: 'succeeded' }] })
  t.match(await getPayment(hub(), shop.access, payment), { amount_refunded: 11600 })
  const notes = await made.database.owner.selectFrom('invoices').select('total').where('sale_id', '=', uuidOf('sale', sale!.id)).where('kind', '=', 'credit_note').where('status', '=', 'issued').execute()
  t.equal(notes.reduce((sum, { total }) => sum + Number(total), 0), 116)
  t.same(await breaks(), [])
})

/** The same hub, whose process dies when it asks for its nth transaction. */
function dying (n: number): Hub {
  let left = n
  const db = new Proxy(hub().db, {
    get: (target, name) => {
      if (name === 'getExecutor' && left-- <= 0) throw new Error('killed')
      const value = Reflect.get(target, name, target) as unknown
      return typeof value === 'function' ? value.bind(target) : value
    }
  })
  return { ...hub(), db, wake: () => {} }
}

t.test('killed between any two steps: one document and one mail of each kind', async t => {
  for (let n = 0; n < 14; n++) {
    mails.inbox.splice(0)
    const payment = await createPayment(hub(), shop.access, { amount: 5000 + n, currency: 'MXN', method: { type: 'card', token: 'pm_card_visa' }, customer: { email: `b${n}@example.com` } } as never, null)
    await saleOfPayment(dying(n), shop.tenantId, uuidOf('payment', payment.id)).catch(() => {})
    const [seen] = (await service.listSales(hub(), shop.access, { payment: payment.id })).data
    if (seen !== undefined) await lookAfterSale(dying(n), shop.tenantId, uuidOf('sale', seen.id)).catch(() => {})
    made.advance(130_000)
    await settle()
    const { data: sales } = await service.listSales(hub(), shop.access, { payment: payment.id })
    t.equal(sales.length, 1, `${n}: one sale`)
    t.match(sales[0], { document: 'link' }, `${n}`)
    t.equal(mails.inbox.length, 1, `${n}: one link by mail`)
    await service.invoiceSale(dying(n), shop.access, sales[0]!.id, { customer: buyer }, null).catch(() => {})
    await service.invoiceSale(hub(), shop.access, sales[0]!.id, { customer: buyer }, null).catch(() => {})
    await lookAfterSale(dying(n), shop.tenantId, uuidOf('sale', sales[0]!.id)).catch(() => {})
    made.advance(130_000)
    await settle()
    t.match(await read(sales[0]!.id), { status: 'paid_invoiced' }, `${n}`)
    t.equal((await made.database.owner.selectFrom('invoices').select('id').where('sale_id', '=', uuidOf('sale', sales[0]!.id)).execute()).length, 1, `${n}: one invoice`)
  }
  t.same(await breaks(), [])
})

t.test('killed while a global invoice is made: each ticket in one', async t => {
  for (let n = 0; n < 12; n += 2) {
    const sale = await paid({ requires_invoice: false })
    const day = hub().now().toISOString().slice(0, 10)
    made.advance(40 * dayMs)
    const [global] = (await createGlobals(hub(), shop.access, { period: { day } })).data
    t.ok(global, `${n}`)
    await carryOnGlobal(dying(n), shop.tenantId, uuidOf('global_invoice', global!.id)).catch(() => {})
    made.advance(130_000)
    await settle()
    t.match(await read(sale.id), { status: 'paid_in_global' }, `${n}`)
    t.equal((await made.database.owner.selectFrom('invoices').select('id').where('global_id', '=', uuidOf('global_invoice', global!.id)).execute()).length, 1, `${n}: one document`)
  }
  t.same(await breaks(), [])
})

t.test('everything given back before it had a document: nobody is asked or written to any more, and no global invoice has it', async t => {
  const [linked, waiting] = [await paid({ requires_invoice: true }), await paid({ requires_invoice: false })]
  await settle()
  mails.inbox.splice(0)
  for (const { id } of [linked, waiting]) t.match(await refundSale(hub(), shop.access, id, { method: 'cash', reason: 'x' }, null), { status: 'refunded' })
  const day = hub().now().toISOString().slice(0, 10)
  made.advance(40 * dayMs)
  await settle()
  await createGlobals(hub(), shop.access, { period: { day } })
  await settle()
  t.same(mails.inbox, [])
  for (const { id } of [linked, waiting]) t.match(await read(id), { status: 'refunded', global_invoice: null, invoice: null })
  t.same(await breaks(), [])
})

t.test('in another currency its document says the rate, which only the tenant knows', async t => {
  t.match(await paid({ currency: 'USD', requires_invoice: true }).catch((error: unknown) => error), { code: 'request_invalid', errors: [{ path: 'exchange_rate' }] })
  const sale = await paid({ currency: 'USD', exchange_rate: '18.52', requires_invoice: true })
  await service.invoiceSale(hub(), shop.access, sale.id, { customer: buyer }, null)
  await settle()
  t.match(await read(sale.id), { status: 'paid_invoiced', exchange_rate: '18.52' })
})

t.test('in Ecuador and Spain a payment is recorded, whatever its amount, and a person invoices it', async t => {
  const { createIssuer } = await import('../issuers/service.ts')
  const { testTenant } = await import('../../test/support/hub.ts')
  const abroad = await testTenant(hub(), 'EC')
  await createIssuer(hub(), abroad.access, { country: 'EC', tax_id: '1790012345001', legal_name: 'EJEMPLO S.A.', address: { street: 'Amazonas', city: 'Quito' }, branches: [{ code: '001', tills: [{ code: '001' }] }] } as never, null)
  for (const amount of [10001, 1, 99999]) {
    const sale = await service.createSale(hub(), abroad.access, { amount, tenders: [{ form: '20' }] }, null)
    t.match(sale, { status: 'paid', amount, currency: 'USD', country: 'EC' })
  }
  t.match(await service.createSale(hub(), abroad.access, { amount: 100, tenders: [{ form: '20' }], requires_invoice: true }, null).catch((error: unknown) => error), { code: 'capability_not_supported' })
})
