import t from 'tap'
import { dump, leaks } from '../../test/support/leaks.ts'
import { mailServer } from '../../test/support/mail-server.ts'
import { pushServer } from '../../test/support/push-server.ts'
import { whatsappServer } from '../../test/support/whatsapp-server.ts'
import { inTenant } from '../db/in-tenant.ts'
import { setTimer } from '../db/timers.ts'
import { raiseAlert } from '../alerts/raise.ts'
import { newUuid, parseId, publicId } from '../ids.ts'
import { subscribe } from './push/service.ts'
import { type PaperApp, paperApp, type PaperShop } from '../payments/fixtures/paper-app.ts'
import { type NewNotice, prepareNotice, type Told } from './notices.ts'

t.setTimeout(240_000)

const hour = 3600_000
const day = 24 * hour
const dead = { SMTP_URL: 'smtp://127.0.0.1:1', MAIL_FROM: 'operator@hub.example' }

/** The shop's services, all of them on loopback. */
async function shopWithChannels (app: PaperApp, services: { mail: { url: string }, whatsapp: { token: string, phoneNumberId: string, appSecret: string } }) {
  const shop = await app.shop()
  const mail = await shop.must('POST', '/v1/notification_channels', { type: 'mail', mail: { url: services.mail.url, from: 'ventas@kemper.example' } })
  const template = (name: string) => ({ name, languages: { es: 'es_MX' } })
  const whatsapp = await shop.must('POST', '/v1/notification_channels', {
    type: 'whatsapp',
    whatsapp: {
      phone_number_id: services.whatsapp.phoneNumberId, access_token: services.whatsapp.token, app_secret: services.whatsapp.appSecret, country_code: '52',
      templates: { self_invoice_link: template('autofactura'), payment_received: { ...template('pago'), parameters: ['name', 'amount'] } }
    }
  })
  const push = await shop.must('POST', '/v1/notification_channels', { type: 'web_push', web_push: { subject: 'mailto:ventas@kemper.example' } })
  return { ...shop, hook: whatsapp.webhook as { url: string, verify_token: string }, channels: { mail: mail.id as string, whatsapp: whatsapp.id as string, push: push.id as string }, publicKey: push.public_key as string }
}

const link = (changes: Partial<NewNotice<'self_invoice_link'>> = {}): NewNotice<'self_invoice_link'> => ({
  kind: 'self_invoice_link', mode: 'test', subjectType: 'payment', subjectId: newUuid(new Date()),
  addressee: { email: 'ana@cliente.example', phone: '55 1234 5678', name: 'Ana', language: 'es' },
  data: { amount: { amount: 100000, currency: 'MXN' }, url: 'https://hub.example/autofactura/x', until: '2026-12-14', reference: 'servicio 7' },
  ...changes
})

async function tell (app: PaperApp, shop: PaperShop, notice: NewNotice<any>): Promise<Told[]> {
  const prepared = await prepareNotice(app.hub, shop.tenantId, notice)
  const told = await inTenant(app.hub.db, shop.tenantId, prepared.insert)
  prepared.wake()
  await app.work()
  return told
}

const of = (told: Told[], channel: string): string => told.find(one => one.channel === channel)!.id!
const statuses = (told: Told[]) => Object.fromEntries(told.map(({ channel, status }) => [channel, status]))

t.test('channels, and what goes out by them', async t => {
  const [server, meta, push] = [await mailServer(t, { user: { name: 'kemper', password: 'pa:ss/word-of-the-shop' } }), await whatsappServer(t), await pushServer(t)]
  meta.templates.set('autofactura', { es_MX: 4 }).set('pago', { es_MX: 2 })
  const app = await paperApp(t, { env: { ...dead, WHATSAPP_URL: meta.url, SMTP_TIMEOUT_MS: '2000', NOTICE_TIMEOUT_MS: '1500', NOTICE_PRIVATE_ADDRESSES: 'true', MAIL_SCHEDULE: '1m,1h,6h', MAIL_KEEP: '30d' } })
  const shop = await shopWithChannels(app, { mail: server, whatsapp: meta })
  const { must, ask } = shop
  const notice = async (id: string) => await must('GET', `/v1/notices/${id}`)

  await t.test('a channel shows no secret, is one of its type, and is proven', async t => {
    for (const [id, hint] of [[shop.channels.mail, /^smtp:\/\/…@127/], [shop.channels.whatsapp, /^…/], [shop.channels.push, /^…/]] as const) {
      const shown = await ask('GET', `/v1/notification_channels/${id}`)
      t.match(Object.values(shown.body.credentials)[0], { hint, fingerprint: /^[0-9a-f]{12}$/ })
      t.notMatch(shown.text, /pa:ss|pa%3A|EAA[0-9a-f]/)
      t.match(await must('POST', `/v1/notification_channels/${id}/test`), { ok: true, health: 'healthy', evidence: [/./], error: null })
    }
    t.match(await must('GET', '/v1/notification_channels'), { data: [{ type: 'web_push', guarantee: 'at_least_once' }, { type: 'whatsapp', guarantee: 'at_most_once', settings: { country_code: '52' } }, { type: 'mail', health: 'healthy' }] })
    t.match(await ask('POST', '/v1/notification_channels', { type: 'web_push', web_push: { subject: 'mailto:a@b.example' } }), { status: 409, body: { code: 'already_exists' } })
    for (const [body, path] of [
      [{ type: 'mail' }, 'mail'], [{ type: 'mail', web_push: { subject: 'mailto:a@b.example' } }, 'web_push'], [{ type: 'sms' }, 'type'], [{ type: 'mail', mail: { url: 'http://x.example', from: 'a@b.example' } }, 'mail.url'],
      [{ type: 'mail', mail: { url: 'smtp://user@x.example', from: 'a@b.example' } }, 'mail.url'], [{ type: 'web_push', web_push: { subject: 'kemper' } }, 'web_push.subject'],
      [{ type: 'whatsapp', whatsapp: { phone_number_id: '+52', access_token: 'x'.repeat(30) } }, 'whatsapp.phone_number_id'], [{ type: 'whatsapp', whatsapp: { phone_number_id: '12345', access_token: 'x'.repeat(30), templates: { hello: {} } } }, 'whatsapp.templates']
    ] as [object, string][]) {
      const answer = await ask('POST', '/v1/notification_channels', body)
      t.match(answer, { status: 400, body: { code: 'request_invalid' } }, JSON.stringify(body))
      t.ok(answer.body.errors[0].path.startsWith(path), `${answer.body.errors[0].path} is ${path}`)
    }
    const stranger = await app.shop({ connect: false })
    for (const [method, path, body] of [['GET', ''], ['PATCH', '', { enabled: false }], ['DELETE', ''], ['POST', '/test', {}]] as const) {
      t.equal((await stranger.ask(method, `/v1/notification_channels/${shop.channels.mail}${path}`, body)).status, 404)
    }
    t.same((await stranger.must('GET', '/v1/notification_channels')).data, [])
    const other = await stranger.must('POST', '/v1/notification_channels', { type: 'mail', mail: { url: server.url.replace('pa%3Ass', 'wrong'), from: 'a@b.example' } })
    const [waits] = await tell(app, stranger, link({ only: ['mail'] }))
    t.match(await stranger.must('GET', `/v1/notices/${waits!.id}`), { status: 'queued', error: { code: '535' } })
    t.same(await stranger.alerts(other.id), ['notice_channel_failing'])
    await stranger.must('PATCH', `/v1/notification_channels/${other.id}`, { mail: { url: server.url } })
    app.advance(61_000)
    await app.work()
    t.match(await stranger.must('GET', `/v1/notices/${waits!.id}`), { status: 'sent' }, 'what waited goes when it is mended')
    t.match(await stranger.must('GET', `/v1/notification_channels/${other.id}`), { health: 'healthy', settings: { from: 'a@b.example' } })
    t.match(server.inbox.splice(0), [{ from: 'a@b.example' }])
    await stranger.must('PATCH', `/v1/notification_channels/${other.id}`, { mail: { url: server.url.replace('pa%3Ass', 'wrong') } })
    t.match(await stranger.must('POST', `/v1/notification_channels/${other.id}/test`), { ok: false, health: 'failing', error: { code: '535' } })
    const wrong = await stranger.must('POST', '/v1/notification_channels', { type: 'whatsapp', whatsapp: { phone_number_id: '12345678', access_token: meta.token } })
    t.match(await stranger.must('POST', `/v1/notification_channels/${wrong.id}/test`), { ok: false, error: { code: '33' } })
    await stranger.must('DELETE', `/v1/notification_channels/${wrong.id}`)
    t.equal((await stranger.ask('GET', `/v1/notification_channels/${wrong.id}`)).status, 404)
  })

  const customer = await must('POST', '/v1/customers', { name: 'Ana', email: 'ana@cliente.example', phone: '+52 55 1234 5678' })
  const [phone, laptop] = [push.browser(shop.publicKey), push.browser(shop.publicKey)]
  await t.test('a browser subscribes, once, for its owner', async t => {
    const subscribe = async (body: object) => await ask('POST', '/v1/web_push/subscriptions', body)
    const first = await subscribe({ subscription: phone.subscription, customer: customer.id })
    t.match(first, { status: 201, body: { object: 'push_subscription', owner: { type: 'customer', id: customer.id }, service: /^127/ } })
    t.notMatch(first.text, /wpush/)
    t.equal((await subscribe({ subscription: phone.subscription, customer: customer.id })).body.id, first.body.id)
    await subscribe({ subscription: laptop.subscription, customer: customer.id })
    for (const [body, path] of [
      [{ subscription: laptop.subscription }, 'customer'], [{ subscription: laptop.subscription, customer: `cus_${'0'.repeat(32)}` }, 'customer'],
      [{ subscription: { ...laptop.subscription, endpoint: 'ftp://x.example/1' }, customer: customer.id }, 'subscription.endpoint'],
      [{ subscription: { ...laptop.subscription, keys: { ...laptop.subscription.keys, p256dh: 'B'.repeat(87) } }, customer: customer.id }, 'subscription.keys.p256dh']
    ] as [object, string][]) t.match(await subscribe(body), { status: 400, body: { errors: [{ path }] } })
    t.equal((await must('GET', `/v1/web_push/subscriptions?customer=${customer.id}`)).data.length, 2)
    const stranger = await app.shop({ connect: false })
    t.equal((await stranger.ask('DELETE', `/v1/web_push/subscriptions/${first.body.id}`)).status, 404)
    t.match(await stranger.ask('POST', '/v1/web_push/subscriptions', { subscription: laptop.subscription, customer: customer.id }), { status: 400 }, 'its customer is nobody to others')
  })

  const ana = { ...link().addressee, push: parseId('customer', customer.id)! }
  await t.test('one thing is told by each channel, and the answer says so', async t => {
    const subjectId = newUuid(app.hub.now())
    const told = await tell(app, shop, link({ subjectId, addressee: ana }))
    t.same(statuses(told), { mail: 'queued', whatsapp: 'queued', web_push: 'queued' })
    const [mailed] = server.inbox
    t.match(mailed, { from: 'ventas@kemper.example', to: ['ana@cliente.example'] }, 'through the tenant’s own server')
    t.equal(mailed!.headers.get('subject'), '[PRUEBA] Genere su factura: Test')
    t.match(String(mailed!.parts[0]!.bytes), /Hola Ana:[\s\S]*1,000\.00 MXN[\s\S]*14\/12\/2026[\s\S]*https:\/\/hub\.example\/autofactura\/x/)
    t.match(meta.sent, [{ to: '525512345678', template: 'autofactura', language: 'es_MX', parameters: ['Test', '1,000.00 MXN', 'https://hub.example/autofactura/x', '14/12/2026'], opaque: of(told, 'whatsapp'), version: 'v24.0' }])
    for (const browser of [phone, laptop]) t.match(browser.received, [{ message: { title: '[PRUEBA] Genere su factura', url: 'https://hub.example/autofactura/x', tag: of(told, 'web_push') }, topic: /^[\w-]{32}$/ }])
    t.match(await notice(of(told, 'mail')), { status: 'sent', kind: 'self_invoice_link', channel: 'mail', mail: /^mai_/, addressee: 'ana@cliente.example', about: /^pay_/, attempts: 1 })
    t.match(await notice(of(told, 'whatsapp')), { status: 'sent', addressee: '+525512345678', provider_reference: meta.sent[0]!.id, subject: 'Genere su factura' })
    t.match(await notice(of(told, 'web_push')), { status: 'sent', addressee: customer.id, places: [{ state: 'sent' }, { state: 'sent' }] })
    const { mail } = await notice(of(told, 'mail'))
    t.match(await must('GET', `/v1/mails/${mail}`), { notice: of(told, 'mail'), automatic: true, status: 'sent' })
    t.same((await must('GET', `/v1/notices?about=pay_${subjectId.replaceAll('-', '')}`)).data.length, 3)
    t.same((await must('GET', '/v1/notices?status=sent&channel=whatsapp')).data.length, 1)
    const stranger = await app.shop({ connect: false })
    t.equal((await stranger.ask('GET', `/v1/notices/${of(told, 'mail')}`)).status, 404)
    t.equal((await stranger.ask('POST', `/v1/notices/${of(told, 'mail')}/retry`)).status, 404)

    await t.test('once, whoever tells it again and however many at once', async t => {
      const counts = () => [server.inbox.length, meta.sent.length, phone.received.length]
      const before = counts()
      const again = await tell(app, shop, link({ subjectId, addressee: { ...ana, email: 'ANA@cliente.example', phone: '+52 (55) 1234-5678' } }))
      t.same(again.map(({ id, status }) => [id, status]), told.map(({ id }) => [id, 'already_told']))
      t.same(counts(), before)
      const fresh = link({ addressee: ana })
      const all = await Promise.all(Array.from({ length: 6 }, async () => await inTenant(app.hub.db, shop.tenantId, (await prepareNotice(app.hub, shop.tenantId, fresh)).insert)))
      await app.work()
      t.equal(all.flat().filter(({ status }) => status === 'queued').length, 3)
      t.equal(new Set(all.flat().map(({ id }) => id)).size, 3)
      t.same(counts(), before.map(count => count + 1))
      const other = await tell(app, shop, { ...fresh, occasion: 'day_3' })
      t.same(statuses(other), { mail: 'queued', whatsapp: 'queued', web_push: 'queued' }, 'another occasion is another notice')
    })

    await t.test('what is rolled back was never told', async t => {
      const before = server.inbox.length
      const prepared = await prepareNotice(app.hub, shop.tenantId, link())
      await t.rejects(inTenant(app.hub.db, shop.tenantId, async db => {
        await prepared.insert(db)
        throw new Error('the process died here')
      }))
      await app.work()
      t.equal(server.inbox.length, before)
      t.match(statuses(await inTenant(app.hub.db, shop.tenantId, prepared.insert)), { mail: 'queued', web_push: 'no_address' })
      await app.work()
      t.equal(server.inbox.length, before + 1)
    })
  })

  await t.test('what is not sent says why', async t => {
    t.same(statuses(await tell(app, shop, link({ addressee: { language: 'es' } }))), { mail: 'no_address', whatsapp: 'no_address', web_push: 'no_address' })
    t.same(statuses(await tell(app, shop, { ...link(), kind: 'correct_your_data', only: ['whatsapp'] })), { whatsapp: 'not_configured' }, 'there is no template for it')
    const bare = await app.shop({ connect: false })
    t.same(statuses(await tell(app, bare, link({ addressee: ana }))), { mail: 'queued', whatsapp: 'not_configured', web_push: 'not_configured' })
    await must('PUT', '/v1/notification_settings', { notices: { self_invoice_link: { buyer: { mail: false } } } })
    t.match(statuses(await tell(app, shop, link())), { mail: 'switched_off', whatsapp: 'queued' })
    await must('PUT', '/v1/notification_settings', { told_by_provider: [{ connection: shop.connection, kinds: ['self_invoice_link'] }] })
    t.match(statuses(await tell(app, shop, link({ connectionId: parseId('connection', shop.connection)! }))), { mail: 'told_by_provider', whatsapp: 'queued' })
    await must('PUT', '/v1/notification_settings', {})
  })

  await t.test('WhatsApp: each class of error has its own end', async t => {
    const send = async (): Promise<string> => of(await tell(app, shop, link({ only: ['whatsapp'] })), 'whatsapp')
    const sent = () => meta.sent.length
    await t.test('a limit or trouble at Meta: later', async t => {
      for (const code of [130429, 131056, 80007, 131000, 2]) {
        const before = sent()
        meta.refuse(code)
        const id = await send()
        t.match(await notice(id), { status: 'queued', attempts: 1, error: { code: String(code), message: /./ }, next_attempt_at: /T/ }, String(code))
        app.advance(61_000)
        await app.work()
        t.match(await notice(id), { status: 'sent', attempts: 2, error: null, uncertain: false })
        t.equal(sent(), before + 1)
      }
    })
    await t.test('this message never: refused, told, and a person may send it again', async t => {
      for (const code of [131026, 131047, 132001, 100]) {
        meta.refuse(code)
        const id = await send()
        t.match(await notice(id), { status: 'refused', attempts: 1, error: { code: String(code) }, next_attempt_at: null }, String(code))
        t.same(await shop.alerts(id), ['notice_refused'])
        t.same(await shop.events(id), ['notice.refused'])
        app.advance(7 * hour)
        await app.work()
        t.match(await notice(id), { attempts: 1 }, 'not tried again by itself')
        t.match(await must('POST', `/v1/notices/${id}/retry`), { status: 'queued' })
        await app.work()
        t.match(await notice(id), { status: 'sent', attempts: 2 })
        t.match(await ask('POST', `/v1/notices/${id}/retry`), { status: 409, body: { code: 'invalid_state' } })
      }
    })
    await t.test('the token has ended: the channel is at fault, and what waits goes when it is mended', async t => {
      const token = meta.token
      meta.token = `EAA${'9'.repeat(48)}`
      const id = await send()
      t.match(await notice(id), { status: 'queued', error: { code: '190' } })
      t.match(await must('GET', `/v1/notification_channels/${shop.channels.whatsapp}`), { health: 'failing', last_error: '190' })
      t.same(await shop.alerts(shop.channels.whatsapp), ['notice_channel_failing'])
      await must('PATCH', `/v1/notification_channels/${shop.channels.whatsapp}`, { whatsapp: { access_token: meta.token } })
      app.advance(61_000)
      await app.work()
      t.match(await notice(id), { status: 'sent' })
      t.match(await must('GET', `/v1/notification_channels/${shop.channels.whatsapp}`), { health: 'healthy', last_error: null, settings: { phone_number_id: meta.phoneNumberId, country_code: '52' } })
      await must('PATCH', `/v1/notification_channels/${shop.channels.whatsapp}`, { whatsapp: { access_token: token } })
      meta.token = token
    })
    await t.test('no answer: unknown, and never twice', async t => {
      for (const [kind, arrived] of [['cut_after', 1], ['cut_mid_body', 1], ['garbage', 1], ['cut_before', 0], ['error_500', 1]] as const) {
        const before = sent()
        meta.inject({ kind })
        const id = await send()
        t.match(await notice(id), { status: 'unknown', uncertain: true, attempts: 1 }, kind)
        t.same(await shop.alerts(id), ['notice_unknown'])
        app.advance(2 * day)
        await app.work()
        t.equal(sent(), before + arrived, `${kind}: nothing more is sent by itself`)
        t.match(await notice(id), { status: 'unknown', attempts: 1 })
      }
    })
    await t.test('what Meta tells later: it arrived after all, or it never will', async t => {
      const told = async (status: object, options = {}) => await meta.status(shop.hook.url, [status], options)
      meta.inject({ kind: 'cut_after' })
      const lost = await send()
      const { id: wamid } = meta.sent.at(-1)!
      t.equal((await notice(lost)).status, 'unknown')
      t.equal(await told({ id: wamid, status: 'delivered', biz_opaque_callback_data: lost }, { secret: 'f'.repeat(32) }), 401)
      t.equal(await told({ id: wamid, status: 'delivered', biz_opaque_callback_data: lost }, { phoneNumberId: '999999' }), 200)
      t.equal((await notice(lost)).status, 'unknown', 'neither a forger nor another number tells us anything')
      t.equal(await told({ id: wamid, status: 'delivered', biz_opaque_callback_data: lost }), 200)
      t.match(await notice(lost), { status: 'sent', provider_reference: wamid, uncertain: true, error: null })
      const id = await send()
      const failed = { id: meta.sent.at(-1)!.id, status: 'failed', biz_opaque_callback_data: id, errors: [{ code: 131047, title: 'Re-engagement message' }] }
      t.equal(await told({ ...failed, status: 'sent', errors: undefined }), 200)
      t.equal((await notice(id)).status, 'sent')
      for (let round = 0; round < 2; round++) t.equal(await told(failed), 200)
      t.match(await notice(id), { status: 'refused', error: { code: '131047' } })
      t.same(await shop.events(id), ['notice.sent', 'notice.refused'])
      t.same(await shop.alerts(id), ['notice_refused'])
      await must('POST', `/v1/notices/${id}/retry`)
      await app.work()
      t.equal(await told(failed), 200, 'news of the message before')
      t.equal((await notice(id)).status, 'sent')
      const verify = async (token: string) => await fetch(`${shop.hook.url}?hub.mode=subscribe&hub.verify_token=${token}&hub.challenge=1158201444`)
      const proven = await verify(shop.hook.verify_token)
      t.same([proven.status, await proven.text()], [200, '1158201444'])
      t.equal((await verify('0'.repeat(32))).status, 401)
      t.equal(await meta.status(`${app.url}/hooks/whatsapp/nobody`, []), 401)
      t.equal(await meta.status(shop.hook.url.slice(0, -3) + 'AAA', []), 401)
    })
    await t.test('a process that died while it sent: unknown too', async t => {
      const id = await send()
      const asked = meta.asked
      await leaveSending(app, shop, id)
      await app.work()
      t.match(await notice(id), { status: 'unknown', error: { code: 'process_died' } })
      t.equal(meta.asked, asked)
      const known = await send()
      await leaveSending(app, shop, known)
      await meta.status(shop.hook.url, [{ id: meta.sent.at(-1)!.id, status: 'delivered', biz_opaque_callback_data: known }])
      await app.work()
      t.match(await notice(known), { status: 'sent' }, 'unless Meta has told it meanwhile')
    })
    await t.test('at the end of its schedule it is parked', async t => {
      meta.refuse(130429, 130429, 130429, 130429)
      const id = await send()
      for (const wait of [61_000, hour + 1000, 6 * hour + 1000]) {
        app.advance(wait)
        await app.work()
      }
      t.match(await notice(id), { status: 'parked', attempts: 4 })
      t.same(await shop.alerts(id), ['notice_parked'])
    })
  })

  await t.test('web push: gone, too much, later, lost', async t => {
    const send = async (): Promise<string> => of(await tell(app, shop, link({ only: ['web_push'], addressee: ana })), 'web_push')
    await t.test('a lost answer is sent again, and the browser shows it once', async t => {
      push.inject({ kind: 'cut_after' })
      const [before, shown] = [phone.received.length, phone.shown().length]
      const id = await send()
      t.match(await notice(id), { status: 'queued', uncertain: true, places: [{ state: 'waiting' }, { state: 'sent' }] })
      app.advance(61_000)
      await app.work()
      t.match(await notice(id), { status: 'sent', uncertain: true, attempts: 2 })
      t.equal(phone.received.length, before + 2)
      t.equal(phone.shown().length, shown + 1)
      t.equal(phone.received.at(-1)!.topic, phone.received.at(-2)!.topic)
      t.equal(laptop.received.at(-1)!.message.tag, id)
      t.equal(laptop.received.filter(({ message }) => message.tag === id).length, 1, 'whoever has it is not told again')
    })
    await t.test('429 waits as long as it is told', async t => {
      phone.answer = { status: 429, headers: { 'retry-after': '1800' } }
      const id = await send()
      const waiting = await notice(id)
      t.match(waiting, { status: 'queued', error: { code: '429' } })
      t.ok(Date.parse(waiting.next_attempt_at) - app.hub.now().getTime() > 29 * 60_000)
      phone.answer = undefined
      app.advance(31 * 60_000)
      await app.work()
      t.match(await notice(id), { status: 'sent' })
    })
    await t.test('413 is final for the browser that said it', async t => {
      phone.answer = { status: 413 }
      const id = await send()
      t.match(await notice(id), { status: 'sent', places: [{ state: 'refused', code: '413' }, { state: 'sent' }] })
      phone.answer = undefined
    })
    await t.test('a process that died: again', async t => {
      const id = await send()
      await leaveSending(app, shop, id)
      const before = phone.received.length
      await app.work()
      t.match(await notice(id), { status: 'sent', uncertain: true })
      t.equal(phone.received.length, before, 'both have it on record')
    })
    await t.test('404 and 410 end the subscription', async t => {
      phone.answer = { status: 410 }
      laptop.answer = { status: 404 }
      const id = await send()
      t.match(await notice(id), { status: 'refused', places: [{ state: 'gone', code: '410' }, { state: 'gone', code: '404' }] })
      t.same((await must('GET', `/v1/web_push/subscriptions?customer=${customer.id}`)).data, [])
      t.match(statuses(await tell(app, shop, link({ only: ['web_push'], addressee: ana }))), { web_push: 'no_address' })
    })
    await t.test('keys that the service does not take are the channel’s fault', async t => {
      const stranger = push.browser('B'.repeat(87))
      await must('POST', '/v1/web_push/subscriptions', { subscription: stranger.subscription, customer: customer.id })
      const id = await send()
      t.match(await notice(id), { status: 'queued', error: { code: '403' } })
      t.same(await shop.alerts(shop.channels.push), ['notice_channel_failing'])
      t.same(stranger.received, [])
    })
  })

  await t.test('who is logged in is reached at their own browser; a customer who is deleted is not', async t => {
    const userId = newUuid(app.hub.now())
    await inTenant(app.hub.db, shop.tenantId, async db => { await db.insertInto('users').values({ tenant_id: shop.tenantId, id: userId, email: 'duena@kemper.example', name: 'D', role: 'tenant_admin', password_hash: 'x' } as never).execute() })
    const desk = push.browser(shop.publicKey)
    const person = { ...shop.access, principal: { ...shop.access.principal, type: 'user' as const, id: publicId('user', userId) } }
    t.match(await subscribe(app.hub, person, { subscription: desk.subscription }), { owner: { type: 'user', id: publicId('user', userId) } })
    await must('PUT', '/v1/notification_settings', { notices: { alert: { admin: { web_push: true } } } })
    await inTenant(app.hub.db, shop.tenantId, async db => { await raiseAlert(db, app.hub.now(), { kind: 'payment_review', severity: 'critical', mode: 'test', subjectId: 'pay_y' }) })
    await app.work()
    t.match(desk.received, [{ message: { title: '[PRUEBA] Algo necesita su atención', body: /Un pago espera/ } }])
    await must('PUT', '/v1/notification_settings', {})
    const left = await must('POST', '/v1/customers', { name: 'Eva' })
    const browser = push.browser(shop.publicKey)
    await must('POST', '/v1/web_push/subscriptions', { subscription: browser.subscription, customer: left.id })
    t.equal((await ask('DELETE', `/v1/customers/${left.id}`)).status < 300, true)
    t.same((await must('GET', `/v1/web_push/subscriptions?customer=${left.id}`)).data, [])
  })

  await t.test('no address, no key and no word stands in the clear', async t => {
    const clear = await dump(app.database.superUrl)
    for (const secret of [meta.token, meta.appSecret, 'pa:ss/word-of-the-shop', 'pa%3Ass%2Fword-of-the-shop', '525512345678', phone.subscription.endpoint, phone.subscription.keys.auth, 'autofactura/x']) {
      t.same(leaks(secret, clear), [], secret.slice(0, 4))
      t.notOk(app.logged().includes(secret))
    }
    t.same(leaks('ana@cliente.example', clear).filter(place => !place.startsWith('public.customers') && !place.startsWith('customers')), [])
  })

  await t.test('and after a while nobody knows who was told what', async t => {
    const [{ id }] = (await must('GET', '/v1/notices?channel=whatsapp&status=unknown')).data
    app.advance(31 * day)
    await app.work()
    t.match(await notice(id), { status: 'unknown', addressee: null, subject: null })
    t.equal((await ask('POST', `/v1/notices/${id}/retry`)).status, 409)
  })
})

/** As a process leaves it that died between its intent and the answer. */
async function leaveSending (app: PaperApp, shop: PaperShop, id: string): Promise<void> {
  const uuid = parseId('notice', id)!
  await inTenant(app.hub.db, shop.tenantId, async db => {
    await db.updateTable('notices').set({ status: 'sending', provider_reference: null, ended_at: null }).where('tenant_id', '=', shop.tenantId).where('id', '=', uuid).execute()
    await setTimer(db, 'notice', uuid, app.hub.now())
  })
}
