import t from 'tap'
import { payPage } from '../../test/support/payer.ts'
import { courses, fiscalShop, paidLater, refusal } from '../../test/support/fiscal-shop.ts'
import { country } from '../../test/support/mexico.ts'
import { buildApp } from '../app.ts'
import { publicId, uuidOf } from '../ids.ts'
import { listCheckoutSessions } from '../checkout/service.ts'
import { inTenant } from '../db/in-tenant.ts'
import { listPayments } from '../payments/service.ts'
import { closePaymentLink, getPaymentLink, makePaymentLink } from './payment-link.ts'
import * as service from './service.ts'

t.setTimeout(240_000)

t.test('the customer’s page of an invoice', async t => {
  const here = await country(t)
  const { hub, work, advance, simulator } = here
  const shop = await fiscalShop(here, { issuer: { mx: { receipts: 'automatic' }, trade_name: 'Escuela <b>Kemper</b>' } })
  const { access } = shop
  const stripe = await shop.connect()
  const app = await buildApp({ hub, appUrl: here.database.appUrl })
  t.teardown(async () => { await app.close() })
  const issue = async () => {
    const made = await service.createInvoice(hub, access, courses({ payment: paidLater, customer: { ...courses().customer, email: 'ana@example.com' } }), null)
    await work()
    return made.id
  }
  const link = async (id: string, body: Parameters<typeof makePaymentLink>[3] = {}) => await makePaymentLink(hub, access, id, body, null)
  const path = (url: string) => new URL(url).pathname
  const read = async (url: string, query = '') => {
    const { statusCode: status, body: html } = await app.inject({ url: `${path(url)}${query}`, headers: { 'accept-language': 'en' } })
    return { status, html }
  }
  const press = async (url: string, fields: Record<string, string> = {}) => {
    const { statusCode: status, headers, body: html } = await app.inject({ method: 'POST', url: path(url), headers: { 'content-type': 'application/x-www-form-urlencoded', 'accept-language': 'en' }, payload: new URLSearchParams(fields).toString() })
    return { status, location: headers.location as string | undefined, html }
  }
  const option = (html: string, method: string) => new RegExp(`value="(${method}:con_[0-9a-f]+)"`).exec(html)?.[1] ?? ''
  const sessions = async (id: string) => (await listCheckoutSessions(hub, access, { limit: 100 })).data.filter(({ invoice_id: invoice }) => invoice === id)
  /** The buyer on the provider's page. */
  const buy = async (url: string) => { await payPage(url) }

  t.test('one link for one invoice: what it says, and that it stays', async t => {
    const id = await issue()
    const made = await link(id, { partial: true, minimum: 50_000 })
    t.match(made, { object: 'invoice_payment_link', invoice: id, status: 'open', amount_due: '2320.00', currency: 'MXN', due: '2027-01-31', payment_status: 'unpaid', partial: true, minimum: 50_000 })
    t.equal((await link(id)).url, made.url)
    t.match(await getPaymentLink(hub, access, id), { url: made.url, partial: false })
    const draft = await service.createInvoice(hub, access, { ...courses(), draft: true }, null)
    t.match(await refusal(link(draft.id)), { code: 'invalid_state' })
    t.match(await refusal(link(id, { minimum: 5 })), { errors: [{ path: 'minimum' }] })
    t.match(await refusal(link(id, { methods: ['shells'] })), { code: 'connection_not_usable' })
    const stranger = (await here.tenant()).access
    for (const call of [async () => await makePaymentLink(hub, stranger, id, {}, null), async () => await getPaymentLink(hub, stranger, id), async () => await closePaymentLink(hub, stranger, id)]) t.match(await refusal(call()), { code: 'not_found' })
  })

  t.test('read, chosen, paid, thanked', async t => {
    const id = await issue()
    const { url } = await link(id, { success_url: 'http://shop.test/thanks' })
    const page = await read(url)
    t.equal(page.status, 200)
    t.match(page.html, /2,320\.00[\s\S]*Invoice A-\d+[\s\S]*Unpaid[\s\S]*Escuela &lt;b&gt;Kemper[\s\S]*2027-01-31[\s\S]*<form/)
    t.notMatch(page.html, /<b>Kemper/)
    t.notMatch(page.html, /name="amount"/, 'no parts unless the tenant says so')
    t.ok(option(page.html, 'card') !== '' && option(page.html, 'oxxo') !== '')
    const pressed = await press(url, { option: option(page.html, 'card') })
    t.match(pressed, { status: 303, location: /\?then=go$/ })
    const [session] = await sessions(id)
    t.match(session, { status: 'open', amount: 232_000, methods: ['card'], customer: { email: 'ana@example.com' } })
    t.ok((await read(url, '?then=go')).html.includes(`url=${session!.url!.replaceAll('&', '&amp;')}`), 'and on to the provider')
    t.match((await read(url)).html, /under way, of[\s\S]*Continue that payment[\s\S]*Pay in another way/)
    t.match(await press(url, { option: option(page.html, 'card') }), { status: 409, html: /Somebody is paying/ }, 'a second payer')
    t.equal((await sessions(id)).length, 1)
    await buy(session!.url!)
    advance(5_000)
    t.match((await read(url)).html, /Paid[\s\S]*The invoice is paid[\s\S]*http:\/\/shop\.test\/thanks/)
    t.match(await press(url, { option: option(page.html, 'card') }), { status: 303 })
    t.equal((await sessions(id)).length, 1, 'nothing more is begun')
    await work()
    t.match(await service.getInvoice(hub, access, id), { payment_status: 'paid', amount_due: '0.00' })
    const receipts = (await service.listInvoices(hub, access, { kind: 'payment_receipt' })).data.filter(({ about }) => about === id)
    t.match(receipts, [{ status: 'issued' }])
  })

  t.test('two payers press at the same moment: one of them pays', async t => {
    const id = await issue()
    const { url } = await link(id)
    const { html } = await read(url)
    const pressed = await Promise.all([1, 2, 3].map(async () => await press(url, { option: option(html, 'card') })))
    t.same(pressed.map(({ status }) => status).sort(), [303, 409, 409])
    t.equal((await sessions(id)).length, 1)
  })

  t.test('in parts, and another way than the one that was begun', async t => {
    const id = await issue()
    const { url } = await link(id, { partial: true, minimum: 50_000 })
    const { html } = await read(url)
    t.match(html, /name="amount"[^>]*value="2320\.00"/)
    for (const amount of ['0', '-5', 'x', '2320.01', '100.00']) t.equal((await press(url, { option: option(html, 'card'), amount })).status, 400, amount)
    await press(url, { option: option(html, 'oxxo'), amount: '1,000.00' })
    const [first] = await sessions(id)
    t.match(first, { amount: 100_000, status: 'open', methods: ['oxxo'] })
    await press(url, { give_up: '1' })
    t.match(await sessions(id), [{ status: 'expired' }])
    await press(url, { option: option(html, 'card'), amount: '1000' })
    const second = (await sessions(id)).find(({ status }) => status === 'open')!
    await buy(second.url!)
    advance(5_000)
    t.match((await read(url)).html, /1,320\.00[\s\S]*Partly paid[\s\S]*value="1320\.00"/)
    const taken = (await listPayments(hub, access, { limit: 100 })).data.filter(({ invoice_id: invoice }) => invoice === id)
    t.match(taken, [{ status: 'succeeded', amount: 100_000 }])
  })

  t.test('only who holds the link, and only while it stands', async t => {
    const id = await issue()
    const other = await issue()
    const { url } = await link(id, { expires_at: new Date(hub.now().getTime() + 3600_000).toISOString() })
    await link(other)
    const [tenant, invoice, made, mac] = url.split('/invoice/')[1]!.split('.')
    for (const wrong of ['nonsense', `${tenant}.${other}.${made}.${mac}`, `${tenant}.${invoice}.${Number(made) + 1}.${mac}`, `${tenant}.${invoice}.${made}.`]) {
      t.equal((await read(`http://x/invoice/${wrong}`)).status, 404, wrong)
      t.equal((await press(`http://x/invoice/${wrong}`)).status, 404, wrong)
    }
    advance(2 * 3600_000)
    t.match((await read(url)).html, /no longer paid here/)
    t.match(await getPaymentLink(hub, access, id), { status: 'expired' })
    await closePaymentLink(hub, access, id)
    t.equal((await read(url)).status, 404)
    t.match(await refusal(getPaymentLink(hub, access, id)), { code: 'invalid_state' })
    advance(2_000)
    t.not((await link(id)).url, url, 'a new one is another')
  })

  t.test('the audit log names the payer, not a person', async t => {
    const rows = await inTenant(hub.db, shop.tenantId, async db => await db.selectFrom('audit_log').select(['actor_type', 'actor_id', 'action']).where('actor_id', '=', 'payer').execute())
    t.ok(rows.some(({ action, actor_type: type }) => action === 'checkout_session.created' && type === 'system'))
    t.equal(simulator.requests().length > 0, true)
    t.equal(publicId('connection', uuidOf('connection', stripe)), stripe)
  })
})
