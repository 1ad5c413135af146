import t from 'tap'
import { sql } from 'kysely'
import { mailServer } from '../../test/support/mail-server.ts'
import { raiseAlert } from '../alerts/raise.ts'
import { inTenant } from '../db/in-tenant.ts'
import { setTimer } from '../db/timers.ts'
import { parseId } from '../ids.ts'
import { paperApp } from './fixtures/paper-app.ts'

t.setTimeout(240_000)

const day = 24 * 3600_000
const order = { amount: 99900, currency: 'MXN', method: { type: 'card', token: 'tok' }, reference: 'FS-1234', customer: { name: 'Ana', email: 'ana@cliente.example' } }
const on = { buyer: { mail: true }, admin: { mail: true } }
const all = { payment_received: on, payment_failed: on, payment_pending: { ...on, days: [1, 3] }, refund: on, alert: { admin: { mail: true } } }

t.test('what happens to a payment is told to its buyer and to the shop', async t => {
  const server = await mailServer(t)
  const app = await paperApp(t, { env: { SMTP_URL: server.url, MAIL_FROM: 'avisos@hub.example' } })
  const { paper } = app
  const shop = await app.shop()
  const { must, ask } = shop
  const taken = () => server.inbox.splice(0).map(({ to, headers, parts }) => ({ to: to[0], subject: headers.get('subject'), text: String(parts[0]!.bytes).replaceAll('\r', '') }))
  const pay = async (changes: object = {}) => {
    const payment = await must('POST', '/v1/payments', { ...order, ...changes })
    await app.work()
    return payment
  }

  await t.test('nobody is told anything until the tenant wants it', async t => {
    t.match(await must('GET', '/v1/notification_settings'), { object: 'notification_settings', mode: 'test', language: 'es', notices: { payment_received: { buyer: { mail: false }, admin: { mail: false } }, self_invoice_reminder: { buyer: { mail: true }, days: [3, 1] }, alert: { admin: { mail: false } } } })
    await pay()
    t.same(taken(), [])
    const { rows } = await sql`select 1 from timers where kind = 'event_notice'`.execute(app.database.owner)
    t.same(rows, [], 'and nothing is looked at')
    for (const [body, path] of [
      [{ notices: { birthday: {} } }, 'notices'], [{ notices: { alert: { buyer: { mail: true } } } }, 'notices.alert'], [{ notices: { refund: { days: [1] } } }, 'notices.refund'], [{ notices: { payment_pending: { days: [0] } } }, 'notices.payment_pending.days'],
      [{ admin_emails: ['x'] }, 'admin_emails'], [{ told_by_provider: [{ connection: 'stripe', kinds: ['refund'] }] }, 'told_by_provider[0].connection']
    ] as [object, string][]) {
      const answer = await ask('PUT', '/v1/notification_settings', body)
      t.match(answer, { status: 400 }, JSON.stringify(body))
      t.ok(answer.body.errors[0].path.startsWith(path), answer.body.errors[0].path)
    }
    t.match(await must('PUT', '/v1/notification_settings', { notices: all, admin_emails: ['caja@kemper.example'] }), { notices: { payment_received: on }, admin_emails: ['caja@kemper.example'] })
    t.match(await (await app.shop({ mode: 'live', connect: false })).must('GET', '/v1/notification_settings'), { mode: 'live', notices: { payment_received: { buyer: { mail: false } } } })
  })

  await t.test('received: the buyer with the lines, the shop with the order', async t => {
    const payment = await pay({ lines: [{ name: 'iPhone 15 <Pro>', quantity: 1, unit_amount: 49900 }, { name: 'Funda', quantity: 2, unit_amount: 25000 }] })
    const mails = taken()
    t.same(mails.map(({ to, subject }) => [to, subject]).sort(), [
      ['ana@cliente.example', '[PRUEBA] Pago recibido: 999.00 MXN'], ['caja@kemper.example', '[PRUEBA] Nuevo pago: 999.00 MXN (FS-1234)']
    ])
    t.match(mails.find(({ to }) => to === 'ana@cliente.example')!.text, /Hola Ana:[\s\S]*iPhone 15 <Pro>: 499\.00 MXN\n2 × Funda: 500\.00 MXN\nTotal: 999\.00 MXN[\s\S]*visa 4242/)
    t.match(mails.find(({ to }) => to === 'caja@kemper.example')!.text, /Ana, ana@cliente\.example/)
    t.match((await must('GET', `/v1/notices?about=${payment.id}`)).data, [{ kind: 'payment_received', status: 'sent' }, { kind: 'payment_received', status: 'sent' }])
    // Whatever repeats the job that tells it.
    const event = (await must('GET', `/v1/events?subject=${payment.id}&type=payment.succeeded`)).data[0]
    for (let round = 0; round < 2; round++) {
      await inTenant(app.hub.db, shop.tenantId, async db => { await setTimer(db, 'event_notice', parseId('event', event.id)!, app.hub.now()) })
      await app.work()
    }
    t.same(taken(), [])
  })

  await t.test('a lost answer: told once, when it is known', async t => {
    paper.lose('create_payment', 'after')
    const payment = await pay()
    t.equal(payment.status, 'unknown')
    t.same(taken(), [])
    app.advance(6000)
    await app.work()
    t.equal((await must('GET', `/v1/payments/${payment.id}`)).status, 'succeeded')
    t.equal(taken().length, 2)
  })

  await t.test('declined: each attempt', async t => {
    paper.script = () => ({ status: 'requires_payment_method', providerStatus: 'declined', amountCaptured: 0, error: { code: 'insufficient_funds', providerCode: 'no_funds' } })
    const payment = await pay()
    t.equal(payment.status, 'requires_payment_method')
    t.same(taken().map(({ subject }) => subject).sort(), ['[PRUEBA] Pago fallido: 999.00 MXN (FS-1234)', '[PRUEBA] Su pago de 999.00 MXN no se completó'])
    await must('POST', `/v1/payments/${payment.id}/confirm`, { method: order.method })
    await app.work()
    t.equal(taken().length, 2)
    paper.script = () => ({})
    const { method, ...open } = order
    await must('POST', '/v1/payments', open)
    await app.work()
    t.same(taken(), [], 'one that only waits for its method has not failed')
  })

  await t.test('pending: reminded on its days, while it waits', async t => {
    const expires = new Date(app.hub.now().getTime() + 5 * day).toISOString()
    paper.script = () => ({ status: 'requires_action', providerStatus: 'pending', amountCaptured: 0, nextAction: { type: 'voucher', reference: '98000123', url: 'https://pay.paper.test/voucher', expires_at: expires } })
    const [paid, left] = [await pay(), await pay({ reference: 'FS-2' })]
    paper.script = () => ({})
    t.same(taken(), [])
    app.advance(day - 60_000)
    await app.work()
    t.same(taken(), [], 'not before its day')
    app.advance(120_000)
    await app.work()
    const reminders = taken()
    t.equal(reminders.length, 4)
    t.match(reminders.find(({ to }) => to === 'ana@cliente.example'), { subject: '[PRUEBA] Recordatorio: pago pendiente de 999.00 MXN', text: /98000123[\s\S]*https:\/\/pay\.paper\.test\/voucher/ })
    paper.change(paid.provider_reference, { status: 'succeeded', providerStatus: 'succeeded', amountCaptured: 99900, nextAction: undefined } as never)
    // Its next look at the provider, then the third day.
    for (const wait of [1.5 * day, 0.5 * day]) {
      app.advance(wait)
      await app.work()
    }
    const subjects = taken().map(({ subject }) => subject)
    t.equal((await must('GET', `/v1/payments/${paid.id}`)).status, 'succeeded')
    t.equal(subjects.filter(subject => /Recordatorio/.test(subject!)).length, 1, 'only the one that still waits')
    t.equal(subjects.filter(subject => /Pago recibido/.test(subject!)).length, 1)
    t.same((await must('GET', `/v1/notices?about=${left.id}`)).data.map(({ occasion }: { occasion: string }) => occasion).sort(), ['day_1', 'day_1', 'day_3', 'day_3'])
    app.advance(10 * day)
    await app.work()
    t.same(taken().filter(({ subject }) => /Recordatorio/.test(subject!)), [])
  })

  await t.test('refunded: once for each refund', async t => {
    const payment = await pay()
    taken()
    for (const amount of [10000, 5000]) {
      await must('POST', `/v1/payments/${payment.id}/refunds`, { amount })
      await app.work()
      t.same(taken().map(({ subject }) => subject).sort(), [`[PRUEBA] Reembolso de ${amount / 100}.00 MXN`, `[PRUEBA] Reembolso: ${amount / 100}.00 MXN (FS-1234)`])
    }
  })

  await t.test('an alert reaches the shop; one about a notice does not', async t => {
    const raise = async (kind: 'payment_review' | 'notice_parked') => {
      await inTenant(app.hub.db, shop.tenantId, async db => { await raiseAlert(db, app.hub.now(), { kind, severity: 'critical', mode: 'test', subjectId: 'pay_x' }) })
      await app.work()
      return taken()
    }
    t.match(await raise('payment_review'), [{ to: 'caja@kemper.example', subject: /Alerta: Un pago espera/, text: /pay_x/ }])
    t.same(await raise('payment_review'), [], 'the same one again is no news')
    t.same(await raise('notice_parked'), [])
  })

  await t.test('what the provider mails itself is not mailed again', async t => {
    await must('PUT', '/v1/notification_settings', { notices: all, admin_emails: ['caja@kemper.example'], told_by_provider: [{ connection: shop.connection, kinds: ['payment_received'] }] })
    await pay()
    t.same(taken().map(({ to }) => to), ['caja@kemper.example'])
  })

  await t.test('without addresses the administrators of the tenant are told', async t => {
    await must('PUT', '/v1/notification_settings', { language: 'en', notices: all })
    await inTenant(app.hub.db, shop.tenantId, async db => {
      await db.insertInto('users').values({ tenant_id: shop.tenantId, id: '0198aaaa-0000-7000-8000-00000000000b', email: 'dueña@kemper.example', name: 'D', role: 'tenant_admin', password_hash: 'x' } as never).execute()
    })
    await pay({ customer: undefined })
    t.match(taken(), [{ to: 'dueña@kemper.example', subject: '[TEST] New payment: 999.00 MXN (FS-1234)' }])
  })
})
