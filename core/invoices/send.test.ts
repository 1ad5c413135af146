import t from 'tap'
import { dump, leaks } from '../../test/support/leaks.ts'
import { mailServer } from '../../test/support/mail-server.ts'
import { inTenant } from '../db/in-tenant.ts'
import { setTimer } from '../db/timers.ts'
import { parseId } from '../ids.ts'
import { day, hour, order, pacApp } from './fixtures/pac-app.ts'

const logo = Buffer.concat([Buffer.from('89504e470d0a1a0a0000000d49484452', 'hex'), Buffer.alloc(100)])

t.test('an issued invoice is mailed', async t => {
  const server = await mailServer(t)
  const app = await pacApp(t, { env: { SMTP_URL: server.url, MAIL_FROM: 'invoices@hub.example', SMTP_TIMEOUT_MS: '2000', MAIL_SCHEDULE: '1m,1h,6h', MAIL_KEEP: '30d' } })
  const { work, advance } = app
  const shop = await app.issuerShop()
  const { must, ask } = shop
  const mail = async (id: string) => await must('GET', `/v1/mails/${id}`)
  const send = async (invoice: string, body: object = {}) => await must('POST', `/v1/invoices/${invoice}/send`, body)
  const invoice = await shop.issue()
  t.same(server.inbox, [], 'nobody asked for a mail')

  await t.test('to its customer, with the XML as stamped and the PDF as kept', async t => {
    const sent = await send(invoice.id, { message: 'Gracias & <hasta luego>', cc: ['jefa@kemper.example', 'ANA@cliente.example'] })
    t.match(sent, { object: 'mail', status: 'queued', about: invoice.id, automatic: false, recipients: [{ address: 'ana@cliente.example', kind: 'to', state: 'waiting' }, { address: 'jefa@kemper.example', kind: 'cc' }], attempts: 0 })
    t.equal(sent.recipients.length, 2, 'nobody is written to twice')
    await work()
    t.match(await mail(sent.id), { status: 'sent', attempts: 1, uncertain: false, error: null, recipients: [{ state: 'sent' }, { state: 'sent' }], next_attempt_at: null })
    const [received] = server.inbox
    t.match(received, { from: 'invoices@hub.example', to: ['ana@cliente.example', 'jefa@kemper.example'] })
    t.equal(received!.headers.get('message-id'), sent.message_id)
    t.match(received!.headers.get('from'), '"Kemper & Hijos" <invoices@hub.example>')
    t.match(received!.headers.get('reply-to'), 'facturas@kemper.example')
    t.match(received!.headers.get('to'), 'INNOVACION VALOR Y DESARROLLO <ana@cliente.example>')
    t.equal(received!.headers.get('subject'), '[PRUEBA] Factura A-1: Kemper & Hijos')
    t.equal(received!.headers.get('auto-submitted'), 'auto-generated')
    const [text, html, xml, pdf] = received!.parts
    t.match(String(text!.bytes), /Gracias & <hasta luego>[\s\S]*Total: 2,320\.00 MXN[\s\S]*verificacfdi/)
    t.match(String(html!.bytes), /Gracias &amp; &lt;hasta luego&gt;/)
    t.match(String(html!.bytes), /#ffcc00/)
    t.match([xml, pdf], [{ type: 'application/xml', filename: /^EKU9003173C9_A1_.*\.xml$/ }, { type: 'application/pdf', filename: /\.pdf$/ }])
    t.ok(xml!.bytes.equals(Buffer.from(app.world.find(invoice.fiscal_id)!.xml)), 'the bytes as they were stamped')
    const shown = await must('GET', `/v1/invoices/${invoice.id}`)
    t.same(shown.documents.map(({ kind }: { kind: string }) => kind), ['pdf', 'xml'])
    const kept = await ask('GET', `/v1/documents/${shown.documents[0].id}`)
    t.match(kept.body, { bytes: pdf!.bytes.length })
  })

  await t.test('in English, to others, with the logo inside', async t => {
    await must('PATCH', `/v1/issuers/${shop.issuer}`, { logo: { data: logo.toString('base64') }, mail: { reply_to: 'cobranza@kemper.example' } })
    await send(invoice.id, { to: 'someone@else.example', language: 'en' })
    await work()
    const received = server.inbox.at(-1)!
    t.same(received.to, ['someone@else.example'])
    t.match(received.headers.get('reply-to'), 'cobranza@kemper.example')
    t.match(received.headers.get('subject'), '[TEST] Invoice A-1: Kemper & Hijos')
    t.ok(received.parts.find(({ cid, type }) => cid === 'logo@pasarela' && type === 'image/png')?.bytes.equals(logo))
    t.match(received.parts.find(({ type }) => type === 'application/pdf')?.filename, /_letter-en\.pdf$/)
  })

  await t.test('one that can be paid by a link carries the link', async t => {
    await must('POST', '/v1/connections', { provider: 'paper', mode: 'test', credentials: { api_key: 'paper_test_12345678', webhook_secret: 'hook' } })
    const { url } = await must('POST', `/v1/invoices/${invoice.id}/payment_link`, {})
    await send(invoice.id)
    await work()
    t.ok(String(server.inbox.at(-1)!.parts[0]!.bytes).replaceAll('\r', '').includes(`Pagar 2,320.00 MXN:\n${url}`))
  })

  await t.test('what cannot be sent is told, with its field, and nothing is made', async t => {
    const before = (await must('GET', '/v1/mails?limit=100')).data.length
    const noMail = await shop.issue({ customer: { ...order().customer, email: undefined! } })
    t.match(await ask('POST', `/v1/invoices/${noMail.id}/send`, {}), { status: 400, body: { code: 'request_invalid', errors: [{ path: 'to' }] } })
    for (const body of [{ to: 'nobody' }, { to: ['a@b.example, c@d.example'] }, { to: [] }, { cc: ['x'] }, { language: 'fr' }, { message: '' }, { bcc: 'a@b.example' }]) {
      const answer = await ask('POST', `/v1/invoices/${invoice.id}/send`, body)
      t.match(answer, { status: 400, body: { code: 'request_invalid' } }, JSON.stringify(body))
      t.match(answer.body.errors[0].path, Object.keys(body)[0]!)
    }
    const draft = await must('POST', '/v1/invoices', { ...order(), draft: true })
    t.match(await ask('POST', `/v1/invoices/${draft.id}/send`, {}), { status: 409, body: { code: 'invalid_state' } })
    const stranger = await app.shop({ connect: false })
    t.equal((await stranger.ask('POST', `/v1/invoices/${invoice.id}/send`, { to: 'a@b.example' })).status, 404)
    const [{ id }] = (await must('GET', '/v1/mails')).data
    for (const path of [`/v1/mails/${id}`, `/v1/mails?about=${invoice.id}`]) t.notMatch((await stranger.ask('GET', path)).text, /ana@/)
    t.equal((await stranger.ask('POST', `/v1/mails/${id}/retry`)).status, 404)
    t.equal((await must('GET', '/v1/mails?limit=100')).data.length, before)
    t.equal((await must('GET', `/v1/mails?about=${invoice.id}&status=sent`)).data.length, 3)
  })

  await t.test('the same Idempotency-Key sends once', async t => {
    const key = { idempotencyKey: 'send-1' }
    const [first, again] = [await must('POST', `/v1/invoices/${invoice.id}/send`, {}, key), await must('POST', `/v1/invoices/${invoice.id}/send`, {}, key)]
    t.equal(first.id, again.id)
    const before = server.inbox.length
    await work()
    t.equal(server.inbox.length, before + 1)
  })

  await t.test('the line is cut after the last byte: it is sent again, and both are one mail', async t => {
    server.message = 'cut'
    const { id, message_id: messageId } = await send(invoice.id)
    const before = server.inbox.length
    await work()
    t.match(await mail(id), { status: 'queued', uncertain: true, attempts: 1, error: { code: 'ECONNECTION' }, next_attempt_at: /T/ })
    server.message = 'take'
    await app.pass(59_000)
    t.equal(server.inbox.length, before + 1, 'not before its time')
    await app.pass(2000)
    t.match(await mail(id), { status: 'sent', attempts: 2, uncertain: true })
    const [first, second] = server.inbox.slice(before)
    t.equal(first!.headers.get('message-id'), messageId)
    t.equal(second!.raw, first!.raw, 'byte for byte')
  })

  await t.test('a server that is silent, full, away: later, and at the end a person is told', async t => {
    const { id } = await send(invoice.id)
    for (const [message, delay] of [[452, 0], ['silent', 61_000], [421, hour + 1000], [452, 6 * hour + 1000]] as const) {
      server.message = message
      await app.pass(delay)
    }
    t.match(await mail(id), { status: 'parked', attempts: 4, error: { code: '452' }, recipients: [{ state: 'waiting' }] })
    t.same(await shop.alerts(id), ['mail_parked'])
    server.message = 'take'
    await app.pass(day)
    t.equal((await mail(id)).status, 'parked', 'it is not tried any more')
    t.match(await must('POST', `/v1/mails/${id}/retry`), { status: 'queued', error: null })
    await work()
    t.match(await mail(id), { status: 'sent' })
    t.match(await ask('POST', `/v1/mails/${id}/retry`), { status: 409, body: { code: 'invalid_state' } })
    t.same(await shop.events(id), ['mail.parked', 'mail.sent'])
  })

  await t.test('one recipient is refused, the others get it, once', async t => {
    server.recipient = address => address === 'wrong@else.example' ? 550 : address === 'busy@else.example' ? 450 : undefined
    const { id } = await send(invoice.id, { to: ['good@else.example', 'wrong@else.example', 'busy@else.example'] })
    const before = server.inbox.length
    await work()
    t.match((await mail(id)).recipients, [{ state: 'sent', code: null }, { state: 'refused', code: 550, said: /no such mailbox/ }, { state: 'waiting', code: 450 }])
    server.recipient = address => address === 'wrong@else.example' ? 550 : undefined
    await app.pass(61_000)
    t.match(await mail(id), { status: 'sent', recipients: [{ state: 'sent' }, { state: 'refused' }, { state: 'sent' }] })
    t.same(server.inbox.slice(before).map(({ to }) => to), [['good@else.example'], ['busy@else.example']])
    t.same(await shop.alerts(id), ['mail_refused'])
    const refused = await send(invoice.id, { to: 'wrong@else.example' })
    await work()
    t.match(await mail(refused.id), { status: 'refused', attempts: 1 })
    server.recipient = () => undefined
    await must('POST', `/v1/mails/${refused.id}/retry`)
    await work()
    t.match(await mail(refused.id), { status: 'sent', recipients: [{ state: 'sent', code: null }] })
  })

  await t.test('a process that died in the middle: again, and it says that it may be twice', async t => {
    const { id } = await send(invoice.id)
    const uuid = parseId('mail', id)!
    // As the one that died left it: claimed, and its intent on record.
    await inTenant(app.hub.db, shop.tenantId, async db => {
      await db.updateTable('mails').set({ status: 'sending', attempts: 1 }).where('tenant_id', '=', shop.tenantId).where('id', '=', uuid).execute()
      await setTimer(db, 'mail', uuid, new Date(app.hub.now().getTime() + 60_000))
    })
    await work()
    t.match(await mail(id), { status: 'sending' })
    await app.pass(61_000)
    t.match(await mail(id), { status: 'sent', uncertain: true, attempts: 2 })
  })

  await t.test('no address stands in the clear, in no table and no log', async t => {
    const clear = await dump(app.database.superUrl)
    for (const address of ['jefa@kemper.example', 'someone@else.example', 'wrong@else.example']) {
      t.same(leaks(address, clear), [], address)
      t.notOk(app.logged().includes(address))
    }
  })

  await t.test('and after a while nobody knows who got it', async t => {
    const [{ id }] = (await must('GET', '/v1/mails?status=sent')).data
    advance(31 * day)
    await work()
    t.match(await mail(id), { status: 'sent', subject: null, recipients: [] })
    t.equal((await ask('POST', `/v1/mails/${id}/retry`)).status, 409)
  })
})

t.test('it goes out by itself when the issuer or the invoice wishes', async t => {
  const server = await mailServer(t)
  const app = await pacApp(t, { env: { SMTP_URL: server.url, MAIL_FROM: 'invoices@hub.example' } })
  const shop = await app.issuerShop({ mail: { send: true, language: 'en', cc: ['contador@kemper.example'] } })
  const first = await shop.issue()
  t.match(server.inbox, [{ to: ['ana@cliente.example', 'contador@kemper.example'] }])
  t.match((await shop.must('GET', `/v1/mails?about=${first.id}`)).data, [{ automatic: true, status: 'sent' }])
  await shop.issue({ send: false })
  await shop.issue({ customer: { ...order().customer, email: undefined! } })
  t.equal(server.inbox.length, 1, 'the invoice’s own word goes before; without an address there is nobody')

  // The answer to the stamp is lost: found by the resolver, mailed once.
  app.pac.loseAnswers = 1
  const lost = await shop.issue()
  t.equal(lost.status, 'unknown')
  t.equal(server.inbox.length, 1)
  await app.pass(hour)
  t.equal((await shop.must('GET', `/v1/invoices/${lost.id}`)).status, 'issued')
  t.equal(server.inbox.length, 2)
  await inTenant(app.hub.db, shop.tenantId, async db => { await setTimer(db, 'invoice_mail', parseId('invoice', lost.id)!, app.hub.now()) })
  await app.work()
  t.equal(server.inbox.length, 2, 'whatever repeats the job')

  await shop.must('PATCH', `/v1/issuers/${shop.issuer}`, { mail: {} })
  await shop.issue()
  t.equal(server.inbox.length, 2)
  await shop.issue({ send: true })
  t.equal(server.inbox.length, 3)
  t.match(await shop.ask('POST', '/v1/invoices', { ...order({ customer: { ...order().customer, email: undefined! } }), send: true }), { status: 400, body: { errors: [{ path: 'customer.email' }] } })
})

t.test('a server without mail says so', async t => {
  const app = await pacApp(t)
  const shop = await app.issuerShop({ mail: { send: true } })
  const invoice = await shop.issue()
  t.match(await shop.ask('POST', `/v1/invoices/${invoice.id}/send`, {}), { status: 422, body: { code: 'mail_not_configured' } })
  t.match(await shop.ask('POST', '/v1/invoices', order({ send: true })), { status: 422, body: { code: 'mail_not_configured' } })
  const [{ id }] = (await shop.must('GET', `/v1/mails?about=${invoice.id}`)).data
  for (let round = 0; round < 8; round++) await app.pass(2 * day)
  t.match(await shop.must('GET', `/v1/mails/${id}`), { status: 'parked', error: { code: 'not_configured' } })
  t.same(await shop.alerts(id), ['mail_parked'])
})
