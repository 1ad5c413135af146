/**
 * A whole story with LOG_LEVEL=trace, and afterwards every secret of it is looked for in clear: in the logs, in all answers but
 * those that show it once, and in a dump of every table.
 */
import { createHmac } from 'node:crypto'
import t from 'tap'
import type { StripeSimulator } from '../adapters/stripe/simulator.ts'
import { inTenant } from '../core/db/in-tenant.ts'
import { parseId } from '../core/ids.ts'
import { type Answer, type Asked, card, type Method, order, testApp } from './support/app.ts'
import { eventually } from './support/eventually.ts'
import { dump, leaks, type Place } from './support/leaks.ts'

const pan = '5555555555554444'

t.setTimeout(560_000)

t.test('no secret is anywhere in clear', async t => {
  const app = await testApp(t, { env: { LOG_LEVEL: 'trace', RESOLVER_SCHEDULE: '100ms,100ms,200ms,500ms,1s', INBOUND_SCHEDULE: '100ms,200ms' } })
  const { simulator } = app
  /** What it is, the secret itself, and where it may be shown: the answers that are there to show it. */
  const secrets: { what: string, secret: string, shownBy?: RegExp }[] = []
  const answers: Place[] = []
  const secret = (what: string, value: string, shownBy?: RegExp): void => { secrets.push({ what, secret: value, ...(shownBy && { shownBy }) }) }
  const ask = async (method: Method, path: string, asked: Asked = {}): Promise<Answer> => {
    const answer = await app.ask(method, path, asked)
    const headers: string[] = []
    answer.headers.forEach((value, name) => { headers.push(`${name}: ${value}`) })
    answers.push({ where: `${method} ${path.replaceAll(/[a-z]+_[0-9a-f]{32}/g, ':id').replace(/\/hooks\/.*/, '/hooks/:token')}`, text: `${headers.join('\n')}\n\n${answer.text}` })
    return answer
  }

  /** The same, of what must succeed. */
  const good = async (method: Method, path: string, asked: Asked = {}): Promise<any> => {
    const answer = await ask(method, path, asked)
    if (answer.status >= 300) throw new Error(`${method} ${path} answered ${answer.text}`)
    return answer.body
  }

  // --- the story --------------------------------------------------------------------------------------------------------

  secret('the platform’s key', app.platformKey)
  secret('the first administrator’s password', app.platformAdmin.password)
  const platform = { key: app.platformKey }
  const tenant = await good('POST', '/v1/tenants', { ...platform, body: { name: 'Shop', country: 'MX' } })
  const inTenantHeader = { 'pasarela-tenant': tenant.id }
  const { key } = await good('POST', '/v1/api_keys', { ...platform, headers: inTenantHeader, body: { mode: 'test' }, idempotencyKey: 'make-a-key' })
  secret('an API key', key, /^POST \/v1\/api_keys$/)
  const mine = { key }
  const partner = await good('POST', '/v1/partners', { ...platform, body: { name: 'Partner' } })
  const { key: partnerKey } = await good('POST', `/v1/partners/${partner.id}/api_keys`, { ...platform, body: { mode: 'test' }, idempotencyKey: 'make-a-partner-key' })
  secret('a partner’s key', partnerKey, /^POST \/v1\/partners\/:id\/api_keys$/)
  await good('PUT', `/v1/partners/${partner.id}/tenants/${tenant.id}`, platform)
  await good('GET', '/v1/payments', { key: partnerKey, headers: inTenantHeader })

  const password = 'correct horse battery staple'
  secret('a person’s password', password)
  await good('POST', '/v1/users', { ...platform, headers: inTenantHeader, body: { email: 'ana@shop.example', name: 'Ana', role: 'tenant_admin', password } })
  secret('a wrong password', 'Tr0ub4dor-and-three')
  await ask('POST', '/v1/sessions', { body: { email: 'ana@shop.example', password: 'Tr0ub4dor-and-three' } })
  const login = await ask('POST', '/v1/sessions', { body: { email: 'ana@shop.example', password } })
  const cookie = login.headers.getSetCookie()[0]!.split(';')[0]!
  secret('a session', decodeURIComponent(cookie.split('=')[1]!), /^POST \/v1\/sessions$/)
  secret('its CSRF token', login.body.csrf_token, /^(POST|GET) \/v1\/sessions(\/current)?$/)
  const session = { headers: { cookie, 'x-csrf-token': login.body.csrf_token, 'pasarela-mode': 'test' } }
  secret('a new password', 'incorrect zebra generator')
  await good('PATCH', '/v1/users/me', { ...session, body: { password: 'incorrect zebra generator', current_password: password } })
  await good('GET', '/v1/sessions/current', session)

  const wrong = simulator.wrongCredentials('test')
  secret('a wrong secret key', wrong.secret_key!)
  const broken = await good('POST', '/v1/connections', { ...mine, body: { provider: 'stripe', mode: 'test', credentials: wrong } })
  await ask('POST', `/v1/connections/${broken.id}/test`, mine)
  await ask('POST', '/v1/payments', { ...mine, body: { ...order, connection: broken.id } })
  await ask('POST', `/v1/connections/${broken.id}/webhook`, mine)
  await ask('DELETE', `/v1/connections/${broken.id}`, mine)

  const credentials = simulator.credentials('test')
  const secretKey = credentials.secret_key!
  secret('a secret key', secretKey)
  const connection = await good('POST', '/v1/connections', { ...mine, body: { provider: 'stripe', mode: 'test', credentials }, idempotencyKey: 'connect' })
  secret('the hook token', new URL(connection.webhook_url).pathname.split('/').at(-1)!, /\/v1\/connections/)
  await good('POST', `/v1/connections/${connection.id}/test`, mine)
  await good('POST', `/v1/connections/${connection.id}/webhook`, mine)
  const webhookSecret = await webhookSecretOf(connection.id)
  secret('the webhook secret', webhookSecret)
  secret('a secret key in a body that is refused', 'sk_test_51refusedrefusedrefused')
  await ask('POST', '/v1/connections', { ...mine, body: { provider: 'stripe', mode: 'live', credentials: { secret_key: 'sk_test_51refusedrefusedrefused', surprise: 'sk_test_51refusedrefusedrefused' } } })
  await ask('POST', '/v1/connections', { ...mine, headers: { 'content-type': 'application/json' }, body: '{"credentials": {"secret_key": "sk_test_51refusedrefusedrefused"' })

  secret('a card’s token', 'pm_card_')
  const pay = async (more: object = {}) => await good('POST', '/v1/payments', { ...mine, body: { ...order, ...more }, idempotencyKey: `pay-${answers.length}` })
  const paid = await pay({ customer: { name: 'Juan', email: 'juan@example.com' } })
  const held = await pay({ capture: 'manual' })
  await good('POST', `/v1/payments/${held.id}/capture`, { ...mine, body: { amount: 15000 } })
  await good('POST', `/v1/payments/${held.id}/refunds`, { ...mine, body: { amount: 5000 } })
  const declined = await pay({ method: card('pm_card_visa_chargeDeclined') })
  await good('POST', `/v1/payments/${declined.id}/confirm`, { ...mine, body: { method: card('pm_card_mastercard') } })
  const challenged = await pay({ method: card('pm_card_authenticationRequired'), return_url: 'http://shop.test/back' })
  await good('GET', `/v1/payments/${challenged.id}`, mine)
  const open = await pay({ method: undefined })
  const uncertain: string[] = []
  for (const kind of ['cut_before', 'cut_after', 'cut_mid_body', 'garbage', 'error_500', 'rate_limit', 'refuse_connection'] as const) {
    simulator.inject({ kind, method: 'POST', path: '/v1/payment_intents' })
    const payment = await pay()
    uncertain.push(payment.id)
  }
  simulator.authenticate(challenged.provider_reference, true)
  await eventually('every outcome is known', async () => (await Promise.all(uncertain.map(async id => await ask('GET', `/v1/payments/${id}`, mine)))).every(({ body }) => body.status !== 'unknown'), { everyMs: 100 })
  // Tokens that only this payer has, unlike the published test cards.
  secret('the payer’s token', 'pm_1PayerOwnTokenXyz0123456789')
  await pay({ method: card('pm_1PayerOwnTokenXyz0123456789') })
  for (const payment of [paid, held, declined, challenged, open]) {
    // The payer's browser needs it as long as there is something to do.
    const shown = [challenged, open, declined].includes(payment) ? /^(POST \/v1\/payments|GET \/v1\/payments\/:id)$/ : undefined
    if (payment.provider_reference !== null) secret(`the client secret of ${payment.status}`, await clientSecretOf(simulator, secretKey, payment.provider_reference), shown)
  }

  secret('a forger’s secret', 'whsec_forgedforgedforgedforged')
  const hook = new URL(connection.webhook_url).pathname
  const body = JSON.stringify({ id: 'evt_forged', object: 'event', type: 'payment_intent.succeeded', data: { object: { id: paid.provider_reference } } })
  const at = Math.floor(Date.now() / 1000)
  await ask('POST', hook, { headers: { 'content-type': 'application/json', 'stripe-signature': `t=${at},v1=${createHmac('sha256', 'whsec_forgedforgedforgedforged').update(`${at}.${body}`).digest('hex')}` }, body })
  await ask('POST', `${hook.slice(0, -3)}abc`, { headers: { 'content-type': 'application/json' }, body })
  secret('a bearer that somebody sends along with a webhook', 'Bearer pas_live_sentbymistakesentbymistakesentbymistakexx')
  await ask('POST', hook, { headers: { 'content-type': 'application/json', authorization: 'Bearer pas_live_sentbymistakesentbymistakesentbymistakexx' }, body })

  secret('a card number', pan)
  for (const attempt of [{ ...order, method: card(pan) }, { ...order, card: { number: pan, cvc: '123' } }, { ...order, description: `pay with ${pan}` }]) await ask('POST', '/v1/payments', { ...mine, body: attempt, idempotencyKey: `pan-${answers.length}` })
  await ask('GET', `/v1/payments?reference=${pan}`, mine)
  secret('a key in a query', 'pas_test_inaquerywhereitdoesnotbelonginaquerywhere')
  await ask('GET', '/v1/payments?api_key=pas_test_inaquerywhereitdoesnotbelonginaquerywhere', mine)
  await ask('GET', '/v1/payments', { key: 'pas_test_inaquerywhereitdoesnotbelonginaquerywhere' })

  // Replaced: the old ones are still secrets.
  const newer = simulator.credentials('test')
  secret('a newer secret key', newer.secret_key!)
  await good('POST', `/v1/connections/${connection.id}/credentials`, { ...mine, body: { credentials: { ...newer, webhook_secret: 'whsec_typedinbyapersontypedinbya' } } })
  secret('a webhook secret that a person typed in', 'whsec_typedinbyapersontypedinbya')

  // Everything that can be read is read.
  for (const path of ['payments', 'connections', 'inbound_events', 'events', 'operations', 'alerts', 'users', 'api_keys', 'audit_log', 'partners']) {
    const credential = path === 'users' || path === 'audit_log' || path === 'api_keys' || path === 'partners' ? { ...platform, headers: inTenantHeader } : mine
    const list = await ask('GET', `/v1/${path}?limit=100`, credential)
    t.equal(list.status, 200, path)
    if (['inbound_events', 'operations', 'events'].includes(path)) for (const { id } of list.body.data) t.equal((await ask('GET', `/v1/${path}/${id}`, credential)).status, 200)
  }
  for (const { id } of [paid, held, declined, challenged]) await good('GET', `/v1/payments/${id}/timeline`, mine)
  await ask('GET', '/metrics')
  await ask('DELETE', '/v1/sessions/current', session)
  await app.quiet()
  const database = await dump(app.database.superUrl)
  await good('DELETE', `/v1/connections/${connection.id}`, mine)
  await app.quiet()

  // --- the search -------------------------------------------------------------------------------------------------------

  database.push(...await dump(app.database.superUrl))
  const log: Place = { where: 'the log', text: app.logged() }
  await t.test('the search finds what is there', async t => {
    t.ok(log.text.length > 50_000, `${log.text.length} characters of log`)
    t.same(leaks(paid.id.replace('pay_', '').replace(/(.{8})(.{4})(.{4})(.{4})/, '$1-$2-$3-$4-'), database).includes('public.payments.id'), true, 'in a table')
    t.same(leaks('"method"', [log]).length, 1, 'in the log')
  })
  for (const { what, secret, shownBy } of secrets) {
    await t.test(what, async t => {
      t.same(leaks(secret, [log]), [], 'not in the log')
      t.same(leaks(secret, answers).filter(where => shownBy?.test(where) !== true), [], 'in no answer but the one that shows it')
      t.same(leaks(secret, database), [], 'in no table')
    })
  }

  /** As only the hub can read it. */
  async function webhookSecretOf (connection: string): Promise<string> {
    const tenantId = parseId('tenant', tenant.id)!
    const row = await inTenant(app.hub.db, tenantId, async db => await db.selectFrom('credentials').select(['sealed', 'version']).where('name', '=', 'webhook_secret').where('connection_id', '=', parseId('connection', connection)!).orderBy('version', 'desc').executeTakeFirstOrThrow())
    return await app.hub.vault.openText(tenantId, connection, 'webhook_secret', row.sealed, row.version)
  }
})

async function clientSecretOf (simulator: StripeSimulator, key: string, reference: string): Promise<string> {
  const answer = await fetch(`${simulator.url}/v1/payment_intents/${reference}`, { headers: { authorization: `Bearer ${key}` } })
  return (await answer.json() as { client_secret: string }).client_secret
}
