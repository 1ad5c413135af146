import t from 'tap'
import { mailServer } from '../../test/support/mail-server.ts'
import { whatsappServer } from '../../test/support/whatsapp-server.ts'
import { inTenant } from '../db/in-tenant.ts'
import { setTimer } from '../db/timers.ts'
import { parseId } from '../ids.ts'
import { pacApp } from './fixtures/pac-app.ts'

t.setTimeout(120_000)

t.test('an issued invoice is a notice: by mail with its documents, by WhatsApp with a link', async t => {
  const [server, meta] = [await mailServer(t), await whatsappServer(t)]
  meta.templates.set('factura', { es_MX: 3 })
  const app = await pacApp(t, { env: { WHATSAPP_URL: meta.url, NOTICE_PRIVATE_ADDRESSES: 'true' } })
  const shop = await app.issuerShop({ mail: { send: true } })
  const { must, ask } = shop
  const told = async (id: string) => (await must('GET', `/v1/notices?about=${id}`)).data as { id: string, channel: string, status: string, addressee: string, mail: string | null }[]

  t.match(await ask('POST', '/v1/invoices/validate', {}), { status: 400 })
  const early = await shop.issue()
  t.match((await must('GET', `/v1/mails?about=${early.id}`)).data, [{ notice: null, status: 'queued' }], 'neither the tenant nor the operator has a mail server: it waits in the outbox')
  t.same(await told(early.id), [])

  // The tenant’s own server is enough, for what waits as well.
  await must('POST', '/v1/notification_channels', { type: 'mail', mail: { url: server.url, from: 'facturas@kemper.example' } })
  await must('POST', '/v1/notification_channels', { type: 'whatsapp', whatsapp: { phone_number_id: meta.phoneNumberId, access_token: meta.token, country_code: '52', templates: { invoice: { name: 'factura', languages: { es: 'es_MX' }, parameters: ['number', 'amount', 'url'] } } } })
  await app.pass(61_000)
  t.match(server.inbox, [{ from: 'facturas@kemper.example', to: ['ana@cliente.example'] }])
  await must('POST', `/v1/invoices/${early.id}/send`, { to: 'jefa@cliente.example' })
  await app.work()
  t.equal(server.inbox.length, 2)

  await must('POST', '/v1/connections', { provider: 'paper', mode: 'test', credentials: { api_key: 'paper_test_12345678', webhook_secret: 'hook' } })
  const payment = await must('POST', '/v1/payments', { amount: 232000, currency: 'MXN', method: { type: 'card', token: 'tok' }, customer: { name: 'Ana', phone: '55 1234 5678' } })
  const invoice = await shop.issue({ payment_id: payment.id })
  await app.work()
  t.match((await told(invoice.id)).map(({ channel, status, addressee }) => [channel, status, addressee]).sort(), [['mail', 'sent', 'ana@cliente.example'], ['whatsapp', 'sent', '+525512345678']])
  t.same(server.inbox.at(-1)!.parts.map(({ type }) => type), ['text/plain', 'text/html', 'application/xml', 'application/pdf'])
  const [, total, url] = meta.sent[0]!.parameters
  t.equal(total, '2,320.00 MXN')
  const download = await fetch(url!)
  t.match([download.status, download.headers.get('content-type')], [200, /^application\/pdf/], 'the link opens the document')

  const count = [server.inbox.length, meta.sent.length]
  await inTenant(app.hub.db, shop.tenantId, async db => { await setTimer(db, 'invoice_mail', parseId('invoice', invoice.id)!, app.hub.now()) })
  await app.work()
  t.same([server.inbox.length, meta.sent.length], count, 'once, whatever repeats the job')

  await must('PUT', '/v1/notification_settings', { notices: { invoice: { buyer: { mail: false, whatsapp: false } } } })
  const quiet = await shop.issue()
  t.same(await told(quiet.id), [], 'switched off')
  t.same((await must('GET', `/v1/mails?about=${quiet.id}`)).data, [])
})
