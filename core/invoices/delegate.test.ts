import { readdirSync, readFileSync } from 'node:fs'
import path from 'node:path'
import t from 'tap'
import { dump, leaks, type Place } from '../../test/support/leaks.ts'
import { mailServer, type MailServer } from '../../test/support/mail-server.ts'
import { country, type Country, order, shop as newShop, type Shop } from '../../test/support/mexico.ts'
import { forgetDocument, readContent } from '../documents/service.ts'
import { verifyCfdi } from '../fiscal/mx/verify.ts'
import { uuidOf } from '../ids.ts'
import { createPayment } from '../payments/service.ts'
import * as sales from '../sales/service.ts'
import { putSettings } from '../sales/settings.ts'
import { cancelInvoice } from './cancel.ts'
import { payInvoice } from './pay.ts'
import { sendInvoice } from './send.ts'
import * as service from './service.ts'

t.setTimeout(300_000)

const customer = { name: 'TRANSPORTES QUETZALCOATL DEL BAJIO', tax_id: 'TQB150304XY7', address: { postal_code: '37520' }, mx: { regime: '601', cfdi_use: 'G03' }, email: 'xochitl.compras@quetzal.example' }
/** What would tell who they are; a postal code alone tells nobody. */
const telling = [customer.tax_id, customer.name, customer.email]
const line = { description: 'Flete', quantity: '1', unit_price: '100.00', taxes: [{ type: 'IVA', rate: '0.16' }], mx: { product_key: '76111501', unit_key: 'E48' } }

let mails: MailServer
let made: Country
let shop: Shop
t.before(async () => {
  mails = await mailServer(t)
  made = await country(t, { env: { RESOLVER_SCHEDULE: '5s,15s,1m,5m', SMTP_URL: mails.url, MAIL_FROM: 'hub@pasarela.example' }, taxpayers: { [customer.tax_id]: { name: customer.name, postalCode: customer.address.postal_code, regime: customer.mx.regime } } })
  shop = await newShop(made)
  await putSettings(made.hub, shop.access, { payments: 'invoice', fiscal_data: 'delegate', global_invoice: { automatic: false } })
})
const hub = () => made.hub
const settle = async (): Promise<void> => await made.settle()
const invoiced = async (changes: object = {}): Promise<string> => {
  const { id } = await service.createInvoice(hub(), shop.access, order({ customer, ...changes }), null)
  await settle()
  return id
}
const files = (folder: string): Place[] => readdirSync(folder, { withFileTypes: true, recursive: true }).filter(entry => entry.isFile())
  .map(entry => ({ where: entry.name, text: readFileSync(path.join(entry.parentPath, entry.name)).toString('latin1') }))
const everywhere = async (): Promise<Place[]> => [...await dump(made.database.superUrl), ...files(path.join(hub().config.dataDir, 'documents')), { where: 'the log', text: made.logged() }]

t.test('stamped, the buyer stands nowhere in clear, and everything goes on', async t => {
  const direct = await invoiced({ reference: 'order-1', send: true })
  t.match(await service.getInvoice(hub(), shop.access, direct), { status: 'issued', customer: { tax_id: customer.tax_id, name: customer.name, email: customer.email } })
  t.equal(mails.inbox.at(-1)?.to[0], customer.email, 'mailed by itself')
  t.match((await service.listInvoices(hub(), shop.access, { customer_tax_id: customer.tax_id })).data, [{ id: direct, customer: { name: customer.name } }])

  // At a counter, by the buyer's own link; and a payment that brings it.
  const ticket = await sales.createSale(hub(), shop.access, { lines: [line], tenders: [{ form: '01' }], requires_invoice: true, customer: { email: customer.email, name: customer.name } }, null)
  await sales.invoiceSale(hub(), shop.access, ticket.id, { customer, send: true }, null)
  await shop.connect()
  const payment = await createPayment(hub(), shop.access, { amount: 11600, currency: 'MXN', method: { type: 'card', token: 'pm_card_visa' }, invoice: { customer } } as never, null)
  await settle()
  t.match(await sales.getSale(hub(), shop.access, ticket.id), { status: 'paid_invoiced', customer: null })
  t.match((await sales.listSales(hub(), shop.access, { payment: payment.id })).data, [{ status: 'paid_invoiced', customer_id: null }])

  const { bytes } = await service.invoiceXml(hub(), shop.access, direct)
  t.same(verifyCfdi(bytes).checks.filter(({ ok }) => !ok), [])
  t.match(bytes.toString(), customer.tax_id)
  t.match((await service.invoicePdf(hub(), shop.access, direct, {})).bytes.subarray(0, 5).toString(), '%PDF-')
  const { documents } = await service.getInvoice(hub(), shop.access, direct)
  t.same(documents.map(({ kind }) => kind).sort(), ['pdf', 'xml'])
  t.match((await readContent(hub(), shop.access, documents.find(({ kind }) => kind === 'xml')!.id)).bytes.toString(), customer.name)

  mails.inbox.splice(0)
  await sendInvoice(hub(), shop.access, direct, {}, null)
  await settle()
  t.match(mails.inbox, [{ to: [customer.email] }], 'to the address that is sealed')

  const note = await service.createCreditNote(hub(), shop.access, direct, {}, null)
  await settle()
  t.match(await service.getInvoice(hub(), shop.access, note.id), { status: 'issued', kind: 'credit_note', customer: { tax_id: customer.tax_id, mx: { cfdi_use: 'G02' } } })

  const owed = await invoiced({ payment: { method: 'PPD', form: '99' } })
  const receipt = await payInvoice(hub(), shop.access, owed, { form: '03', amount: '1000.00' }, null)
  await settle()
  t.match(await service.getInvoice(hub(), shop.access, receipt.id), { status: 'issued', kind: 'payment_receipt', customer: { name: customer.name } })

  const wrong = await invoiced()
  await cancelInvoice(hub(), shop.access, wrong, { motive: '02' }, null)
  made.advance(4 * 3600_000)
  await settle()
  t.match((await service.getInvoice(hub(), shop.access, wrong)).status, /^cancel/)
  for (let day = 0; day < 8 && (await service.getInvoice(hub(), shop.access, wrong)).status !== 'canceled'; day++) {
    made.advance(24 * 3600_000)
    await settle()
  }
  t.match(await service.getInvoice(hub(), shop.access, wrong), { status: 'canceled' }, 'the register was asked with RFC and total')

  const places = await everywhere()
  for (const secret of telling) t.same(leaks(secret, places), [], secret)
  t.same(places.filter(({ text }) => text.includes('37520') && /QUETZAL/i.test(text)).map(({ where }) => where), [])
  const encoded = Buffer.from(bytes).toString('base64')
  t.same(leaks(encoded.slice(600, 900), places), [], 'nor the stamped bytes')
  const rows = await made.database.owner.selectFrom('documents').select(['encrypted', 'kind']).execute()
  t.ok(rows.length > 8 && rows.every(({ encrypted }) => encrypted))
  t.ok(rows.some(({ kind }) => kind === 'receipt'), 'the acuse as well')
})

t.test('what the authority says of them is kept without them', async t => {
  const { id } = await service.createInvoice(hub(), shop.access, order({ customer: { ...customer, name: 'TRANSPORTES QUETZALCOATL DEL BAJIO SUR' } }), null)
  await settle()
  const refused = await service.getInvoice(hub(), shop.access, id)
  t.match(refused, { status: 'rejected' })
  const alerts = await made.database.owner.selectFrom('alerts').select('detail').execute()
  const events = await made.database.owner.selectFrom('events').select('data').execute()
  t.notMatch(JSON.stringify([alerts, events, refused.authority_messages]), /QUETZAL|TQB150304XY7/)
})

t.test('a tenant that keeps them is as before; the search finds what is in clear', async t => {
  const other = await newShop(made)
  const { id } = await service.createInvoice(hub(), other.access, order({ customer }), null)
  await settle()
  t.match(await service.getInvoice(hub(), other.access, id), { status: 'issued' })
  t.ok(leaks(customer.tax_id, await everywhere()).length > 2)
})

t.test('when the law’s years are over the key to the buyer goes with the document', async t => {
  const id = await invoiced()
  const invoice = await service.getInvoice(hub(), shop.access, id)
  made.advance(8 * 366 * 24 * 3600_000)
  await forgetDocument(hub(), shop.tenantId, uuidOf('document', invoice.documents.find(({ kind }) => kind === 'xml')!.id))
  t.same(await made.database.owner.selectFrom('invoices').select(['customer_sealed', 'person']).where('id', '=', uuidOf('invoice', id)).executeTakeFirst(), { customer_sealed: null, person: null })
  t.match(await service.getInvoice(hub(), shop.access, id), { id })
})
