import t from 'tap'
import { sql } from 'kysely'
import { mailServer } from '../../test/support/mail-server.ts'
import { pushServer } from '../../test/support/push-server.ts'
import { whatsappServer } from '../../test/support/whatsapp-server.ts'
import type { Hub } from '../hub.ts'
import { jobHandlers } from '../job-handlers.ts'
import { parseId } from '../ids.ts'
import { paperApp } from './fixtures/paper-app.ts'

t.setTimeout(240_000)

const minute = 60_000

/** A hub whose database goes away for good at its nth statement, as a process that is killed there: what was not committed is not. */
function dyingHub (hub: Hub, after: number): { hub: Hub, died: () => boolean } {
  let left = after
  const db = hub.db.withPlugin({
    transformQuery: ({ node }) => {
      if (left-- <= 0) throw new Error('killed here')
      return node
    },
    transformResult: async ({ result }) => result
  })
  return { hub: { ...hub, db, wake: () => {} }, died: () => left < 0 }
}

t.test('killed between any two statements, everybody is told once', async t => {
  const [server, meta, push] = [await mailServer(t), await whatsappServer(t), await pushServer(t)]
  meta.templates.set('pago', { es_MX: 3 })
  const app = await paperApp(t, { env: { SMTP_URL: server.url, MAIL_FROM: 'avisos@hub.example', WHATSAPP_URL: meta.url, NOTICE_PRIVATE_ADDRESSES: 'true', NOTICE_TIMEOUT_MS: '2000', SMTP_TIMEOUT_MS: '2000' } })
  const shop = await app.shop()
  const { must } = shop
  await must('POST', '/v1/notification_channels', { type: 'whatsapp', whatsapp: { phone_number_id: meta.phoneNumberId, access_token: meta.token, templates: { payment_received: { name: 'pago', languages: { es: 'es_MX' } } } } })
  const channel = await must('POST', '/v1/notification_channels', { type: 'web_push', web_push: { subject: 'mailto:a@b.example' } })
  const customer = await must('POST', '/v1/customers', { name: 'Ana', email: 'ana@cliente.example', phone: '+525512345678' })
  const browser = push.browser(channel.public_key)
  await must('POST', '/v1/web_push/subscriptions', { subscription: browser.subscription, customer: customer.id })
  await must('PUT', '/v1/notification_settings', { notices: { payment_received: { buyer: { mail: true, whatsapp: true, web_push: true }, admin: { mail: true } } }, admin_emails: ['caja@kemper.example'] })

  /** All that is due of notices, with a process that dies; true when it got through alive. */
  const workUntilDeath = async (after: number): Promise<boolean> => {
    const dying = dyingHub(app.hub, after)
    for (let round = 0; round < 3; round++) {
      const { rows } = await sql<{ kind: keyof typeof jobHandlers, tenant_id: string, id: string }>`select * from gate.due_work(${app.hub.now()}, 500)`.execute(app.hub.db)
      for (const { kind, tenant_id: tenantId, id } of rows.filter(({ kind }) => ['event_notice', 'notice', 'mail'].includes(kind)).sort((a, b) => a.kind.localeCompare(b.kind))) {
        await jobHandlers[kind].run(dying.hub, tenantId, id).catch(() => {})
        if (dying.died()) return false
      }
    }
    return true
  }

  let deaths = 0
  for (let after = 0; ; after += 1) {
    const inbox = server.inbox.length
    const [asked, pushed] = [meta.asked, browser.shown().length]
    const payment = await must('POST', '/v1/payments', { amount: 99900, currency: 'MXN', method: { type: 'card', token: 'tok' }, customer: customer.id })
    const alive = await workUntilDeath(after)
    // Others find what it left, when its lease has ended.
    app.advance(5 * minute)
    await app.work()
    const about = (await must('GET', `/v1/notices?about=${payment.id}`)).data as { id: string, channel: string, audience: string, status: string, uncertain: boolean, addressee: string }[]
    const where = `killed at statement ${after}`
    t.same(about.map(({ channel, audience }) => `${channel} ${audience}`).sort(), ['mail admin', 'mail buyer', 'web_push buyer', 'whatsapp buyer'], where)
    const mails = server.inbox.slice(inbox)
    for (const to of ['ana@cliente.example', 'caja@kemper.example']) {
      const ids = mails.filter(mail => mail.to.includes(to)).map(({ headers }) => headers.get('message-id'))
      t.equal(new Set(ids).size, 1, `${where}: ${to} has one mail`)
      // Twice only where it was handed over and nobody wrote it down; and then it says so.
      if (ids.length > 1) t.ok(about.find(({ channel, addressee }) => channel === 'mail' && addressee === to)!.uncertain)
    }
    const whatsapp = about.find(({ channel }) => channel === 'whatsapp')!
    t.ok(meta.asked - asked <= 1, `${where}: Meta was asked once at most`)
    t.equal(whatsapp.status, meta.asked - asked === 1 && !whatsapp.uncertain ? 'sent' : 'unknown', `${where}: and what is not known is unknown`)
    t.equal(browser.shown().length - pushed, 1, `${where}: the browser shows one`)
    t.same(about.filter(({ channel }) => channel !== 'whatsapp').map(({ status }) => status), ['sent', 'sent', 'sent'])
    if (alive) break
    deaths++
    if (after > 400) throw new Error('it never gets through')
  }
  t.ok(deaths > 20, `${deaths} places to die`)
  t.ok(parseId('notice', (await must('GET', '/v1/notices?status=unknown&channel=whatsapp')).data[0].id), 'some of them in the middle of a message')
})
