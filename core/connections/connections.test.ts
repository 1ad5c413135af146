import { randomBytes } from 'node:crypto'
import { sql } from 'kysely'
import t from 'tap'
import { eventually } from '../../test/support/eventually.ts'
import { hookedHub } from '../../test/support/hooked-hub.ts'
import { newUuid, uuidOf } from '../ids.ts'
import { inTenant } from '../db/in-tenant.ts'
import { createPayment, getPayment } from '../payments/service.ts'
import { createRefund } from '../payments/refunds.ts'
import * as service from './service.ts'

const order = { amount: 19900, currency: 'MXN', method: { type: 'card', token: 'pm_card_visa' } }
const keys = (mode = 'test') => {
  const suffix = randomBytes(12).toString('hex')
  return { secret_key: `sk_${mode}_${suffix}`, publishable_key: `pk_${mode}_${suffix}` }
}

t.test('connections', async t => {
  const made = await hookedHub(t, { env: { RESOLVER_SCHEDULE: '5s,15s,1m' } })
  const { hub, simulator, database } = made
  const tenant = await made.tenant()
  const { access } = tenant
  const connect = async (credentials: Record<string, string> = keys()) => await service.createConnection(hub, access, { provider: 'stripe', mode: 'test', credentials }, null)
  const rows = async (table: 'credentials' | 'events' | 'alerts' | 'audit_log', of = tenant.tenantId) => await database.owner.selectFrom(table).selectAll().where('tenant_id', '=', of).orderBy('id').execute() as Record<string, any>[]
  const health = async (id: string) => await service.connectionHealth(hub, access, id)

  t.test('what contradicts itself is refused, every field named, and nothing is written', async t => {
    const good = keys()
    const refused: [object, object][] = [
      [{ credentials: { ...good, extra: 'x' } }, { code: 'credentials_invalid', errors: [{ path: 'credentials.extra' }] }],
      [{ credentials: { secret_key: good.secret_key } }, { code: 'credentials_invalid', errors: [{ path: 'credentials.publishable_key' }] }],
      [{ credentials: {} }, { code: 'credentials_invalid', errors: [{ path: 'credentials.publishable_key' }, { path: 'credentials.secret_key' }] }],
      [{ credentials: { ...good, secret_key: good.publishable_key } }, { code: 'credentials_invalid', errors: [{ path: 'credentials.secret_key' }] }],
      [{ credentials: { ...good, secret_key: ` ${good.secret_key}` } }, { code: 'credentials_invalid' }],
      [{ credentials: { ...good, secret_key: `${good.secret_key}\n` } }, { code: 'credentials_invalid' }],
      [{ credentials: { ...good, webhook_secret: '' } }, { code: 'credentials_invalid' }],
      [{ credentials: keys('live') }, { code: 'mode_contradicts_credentials', errors: [{ path: 'mode' }] }],
      [{ mode: 'live', credentials: good }, { code: 'request_invalid', errors: [{ path: 'mode' }] }],
      [{ credentials: { ...good, publishable_key: keys('live').publishable_key } }, { code: 'mode_contradicts_credentials' }],
      [{ credentials: good, settings: { no_such: 1 } }, { code: 'request_invalid', errors: [{ path: 'settings.no_such' }] }],
      [{ credentials: good, settings: { webhook_tolerance_seconds: 1 } }, { code: 'request_invalid' }],
      [{ credentials: good, settings: { webhook_tolerance_seconds: 60.5 } }, { code: 'request_invalid' }],
      [{ credentials: good, settings: { cop_minimum: '100' } }, { code: 'request_invalid' }],
      [{ provider: 'nobody', credentials: good }, { code: 'provider_unknown' }],
      [{ provider: '__proto__', credentials: good }, { code: 'provider_unknown' }],
      [{ credentials: { ...good, constructor: 'x' } }, { code: 'credentials_invalid' }]
    ]
    for (const [body, error] of refused) {
      const thrown = await service.createConnection(hub, access, { provider: 'stripe', mode: 'test', ...body } as never, null).catch((error: unknown) => error)
      t.match(thrown, error, JSON.stringify(body).slice(0, 80))
      t.notMatch(JSON.stringify(thrown), good.secret_key.slice(8), 'and no value is repeated')
    }
    t.same((await service.listConnections(hub, access, {})).data, [])
    t.same(await rows('credentials'), [])
  })

  t.test('secrets go in and never come out', async t => {
    const credentials = keys()
    const connection = await connect({ ...credentials, webhook_secret: 'whsec_TheFirstSecretOfAll' })
    await service.testConnection(hub, access, connection.id)
    await service.registerWebhook(hub, access, connection.id)
    const next = keys()
    const replaced = await service.replaceCredentials(hub, access, connection.id, { credentials: next })
    await createPayment(hub, access, { ...order, connection: connection.id }, null)
    const endpoints = await fetch(`${simulator.url}/v1/webhook_endpoints`, { headers: { authorization: `Bearer ${credentials.secret_key}` } }).then(async answer => await answer.json() as { data: { id: string }[] })
    const registered = await inTenant(hub.db, tenant.tenantId, async db => await hub.open((await (await import('./open.ts')).loadSealed(db, uuidOf('connection', connection.id)))!))
    const secrets = [credentials.secret_key, next.secret_key, 'whsec_TheFirstSecretOfAll', registered.credentials.webhook_secret!]
    t.equal(endpoints.data.length, 1)
    t.match(registered.credentials.webhook_secret, /^whsec_/)
    await simulator.settled()
    await made.work()
    const token = new URL(connection.webhook_url).pathname.split('/').at(-1)!
    const { rows: tables } = await sql<{ name: string }>`select quote_ident(tablename) as name from pg_tables where schemaname in ('public', 'app')`.execute(database.owner)
    t.ok(tables.length > 15)
    const dumps = await Promise.all(tables.map(async ({ name }) => [name, (await sql<{ dump: string | null }>`select string_agg(x::text, E'\n') as dump from ${sql.raw(name)} x`.execute(database.owner)).rows[0]!.dump ?? ''] as const))
    const places: (readonly [string, string])[] = [
      ...dumps, ['the log', made.logged()],
      ['answers', JSON.stringify([connection, replaced, await service.getConnection(hub, access, connection.id), await service.listConnections(hub, access, {}), await health(connection.id), await service.connectionSetup(hub, access, connection.id)])]
    ]
    for (const [place, text] of places) {
      for (const secret of secrets) t.notOk(text.includes(secret) || text.includes(Buffer.from(secret).toString('hex')) || text.includes(Buffer.from(secret).toString('base64')), `${place} holds a secret`)
      if (place !== 'answers') t.notOk(text.includes(token), `${place} holds the token of the address`)
    }
    t.match(connection.credentials, { secret_key: { fingerprint: /^[0-9a-f]{12}$/, version: 1, valid_until: null }, publishable_key: {} })
    t.equal(connection.credentials.secret_key!.hint.length < 20, true)
  })

  t.test('a fingerprint tells a secret again in one tenant, and nothing beyond it', async t => {
    const credentials = keys()
    const [one, again] = [await connect(credentials), await connect(credentials)]
    const stranger = await made.tenant()
    const elsewhere = await service.createConnection(hub, stranger.access, { provider: 'stripe', mode: 'test', credentials }, null)
    t.equal(one.credentials.secret_key!.fingerprint, again.credentials.secret_key!.fingerprint)
    t.not(one.credentials.secret_key!.fingerprint, elsewhere.credentials.secret_key!.fingerprint)
    t.not(one.webhook_url, again.webhook_url)
  })

  t.test('replaced: the new credentials count at once, a webhook secret overlaps, and the mode still holds', async t => {
    const [first, second] = [keys(), keys()]
    const connection = await connect({ ...first, webhook_secret: 'whsec_before_before' })
    const called = async (key: string) => {
      await createPayment(hub, access, { ...order, connection: connection.id }, null)
      return JSON.stringify(await fetch(`${simulator.url}/v1/payment_intents`, { headers: { authorization: `Bearer ${key}` } }).then(async answer => await answer.json())).split('"payment_intent"').length - 1
    }
    t.equal(await called(first.secret_key), 1)
    await t.rejects(service.replaceCredentials(hub, access, connection.id, { credentials: {} }), { code: 'request_invalid' })
    await t.rejects(service.replaceCredentials(hub, access, connection.id, { credentials: { secret_key: keys('live').secret_key } }), { code: 'mode_contradicts_credentials' })
    await t.rejects(service.replaceCredentials(hub, access, connection.id, { credentials: { nonsense: 'x' } }), { code: 'credentials_invalid' })
    const after = await service.replaceCredentials(hub, access, connection.id, { credentials: { ...second, webhook_secret: 'whsec_after_after' }, overlap_seconds: 60 })
    t.match(after.credentials, { secret_key: { version: 2 }, webhook_secret: { version: 2 } })
    t.equal(await called(second.secret_key), 1, 'the very next call uses it')
    t.equal(await called(first.secret_key), 1, 'and the old one is not used again')
    const of = (await rows('credentials')).filter(row => row.connection_id === uuidOf('connection', connection.id))
    const until = (name: string) => of.find(row => row.name === name && row.version === 1)!.valid_until.getTime() - hub.now().getTime()
    t.ok(until('webhook_secret') > 50_000 && until('webhook_secret') <= 60_000)
    t.ok(until('secret_key') <= 0)
    t.match((await rows('audit_log')).filter(row => row.action === 'connection.credentials_replaced' && row.subject_id === connection.id), [{ detail: { credentials: [{ version: 2 }, { version: 2 }, { version: 2 }] } }])
  })

  t.test('a test proves the credentials, keeps what it saw, and its failure is told once', async t => {
    const connection = await connect()
    t.match(await health(connection.id), { health: 'untested', tested_at: null })
    t.match(await service.testConnection(hub, access, connection.id), { ok: true, health: 'healthy', mode: 'test', account: { id: /^acct_/, country: 'MX' }, error: null, evidence: [/./] })
    t.match(await health(connection.id), { health: 'healthy', last_error: null, failures_in_row: 0 })
    const told = async () => (await rows('events')).filter(row => row.subject_id === uuidOf('connection', connection.id)).map(row => row.type)
    t.same(await told(), ['connection.created', 'connection.healthy'])
    await service.replaceCredentials(hub, access, connection.id, { credentials: { secret_key: simulator.wrongCredentials('test').secret_key! } })
    t.match(await health(connection.id), { health: 'untested' })
    const failed = await service.testConnection(hub, access, connection.id)
    t.match(failed, { ok: false, health: 'failing', account: null, error: { code: 'invalid_credentials' } })
    t.match(await health(connection.id), { health: 'failing', last_error: { code: 'invalid_credentials' } })
    await service.testConnection(hub, access, connection.id)
    t.same(await told(), ['connection.created', 'connection.healthy', 'connection.updated', 'connection.failing'])
    t.match((await rows('alerts')).filter(row => row.subject_id === connection.id), [{ kind: 'connection_failing', severity: 'critical' }])
    t.match((await service.connectionSetup(hub, access, connection.id)).steps.find(({ id }) => id === 'test'), { status: 'failed' })
    await service.replaceCredentials(hub, access, connection.id, { credentials: keys() })
    t.match(await service.testConnection(hub, access, connection.id), { ok: true })
    t.same(await told(), ['connection.created', 'connection.healthy', 'connection.updated', 'connection.failing', 'connection.updated', 'connection.healthy'])
  })

  t.test('calls themselves keep the health: a decline is healthy, five failures in a row are not', async t => {
    const connection = await connect()
    const pay = async (token = 'pm_card_visa') => {
      const payment = await createPayment(hub, access, { ...order, method: { type: 'card', token }, connection: connection.id }, null)
      await hub.health.idle()
      return payment
    }
    await pay('pm_card_visa_chargeDeclined')
    t.match(await health(connection.id), { health: 'healthy' })
    simulator.inject({ kind: 'error_500_before', method: 'POST', path: '/v1/payment_intents', times: 5 })
    for (let n = 0; n < 4; n++) await pay()
    t.match(await health(connection.id), { health: 'healthy', failures_in_row: 4 }, 'a hiccup is no failure')
    await pay()
    t.match(await health(connection.id), { health: 'failing', failures_in_row: 5 })
    await pay()
    t.match(await health(connection.id), { health: 'healthy', failures_in_row: 0 }, 'and the next that works mends it')
    t.same((await rows('events')).filter(row => row.subject_id === uuidOf('connection', connection.id)).toSorted((a, b) => a.id < b.id ? -1 : 1).map(row => row.type), ['connection.created', 'connection.healthy', 'connection.failing', 'connection.healthy'])
    made.advance(6_000)
    await made.work()
  })

  t.test('a live connection is only read when it is tested, and never registers a plain address', async t => {
    const live = { ...access, mode: 'live' as const }
    const connection = await service.createConnection(hub, live, { provider: 'stripe', mode: 'live', credentials: keys('live') }, null)
    const seen = simulator.requests().length
    t.match(await service.testConnection(hub, live, connection.id), { ok: true, mode: 'live' })
    const asked = simulator.requests().slice(seen)
    t.ok(asked.length > 0)
    t.ok(asked.every(({ method }) => method === 'GET'), JSON.stringify(asked.map(({ method, path }) => [method, path])))
    await t.rejects(service.registerWebhook(hub, live, connection.id), { code: 'url_not_https' })
    await t.rejects(service.getConnection(hub, access, connection.id), { code: 'not_found' }, 'a test key does not see it')
    t.same((await service.listConnections(hub, live, {})).data.map(({ id }) => id), [connection.id])
  })

  t.test('deleted: its secrets are destroyed, its webhook taken down, its history stays', async t => {
    const credentials = keys()
    const connection = await connect(credentials)
    await service.registerWebhook(hub, access, connection.id)
    await simulator.settled()
    await made.work()
    const payment = await createPayment(hub, access, { ...order, connection: connection.id }, null)
    const endpoints = async () => (await fetch(`${simulator.url}/v1/webhook_endpoints`, { headers: { authorization: `Bearer ${credentials.secret_key}` } }).then(async answer => await answer.json() as { data: object[] })).data.length
    t.equal(await endpoints(), 1)
    await service.deleteConnection(hub, access, connection.id)
    t.equal(await endpoints(), 0)
    t.same((await rows('credentials')).filter(row => row.connection_id === uuidOf('connection', connection.id)), [])
    t.match(await getPayment(hub, access, payment.id), { status: 'succeeded', connection: connection.id })
    const seen = simulator.requests().length
    await t.rejects(createPayment(hub, access, { ...order, connection: connection.id }, null), { code: 'connection_not_usable' })
    await t.rejects(createRefund(hub, access, payment.id, {}, null), { code: 'connection_not_usable' })
    t.equal(simulator.requests().length, seen, 'no call leaves')
    for (const work of functions(connection.id)) await t.rejects(work(access), { code: 'not_found' })
    t.ok((await rows('audit_log')).some(row => row.action === 'connection.deleted' && row.subject_id === connection.id))
    await made.work()
  })

  const functions = (id: string): ((access: typeof tenant.access) => Promise<unknown>)[] => [
    async access => await service.getConnection(hub, access, id),
    async access => await service.patchConnection(hub, access, id, { label: 'mine now' }),
    async access => await service.replaceCredentials(hub, access, id, { credentials: keys() }),
    async access => await service.testConnection(hub, access, id),
    async access => await service.registerWebhook(hub, access, id),
    async access => await service.connectionHealth(hub, access, id),
    async access => await service.connectionSetup(hub, access, id),
    async access => await service.deleteConnection(hub, access, id)
  ]

  t.test('another tenant who knows the id can do nothing with it', async t => {
    const connection = await connect()
    const before = await service.getConnection(hub, access, connection.id)
    const stranger = await made.tenant()
    const seen = simulator.requests().length
    for (const work of functions(connection.id)) await t.rejects(work(stranger.access), { code: 'not_found' })
    await t.rejects(createPayment(hub, stranger.access, { ...order, connection: connection.id }, null), { code: 'connection_not_usable' })
    t.same((await service.listConnections(hub, stranger.access, {})).data, [])
    t.equal(simulator.requests().length, seen)
    t.same(await service.getConnection(hub, access, connection.id), before)
  })

  t.test('a credential that was copied under another connection or tenant does not open, and nothing is called with it', async t => {
    const [mine, victim] = [await connect(), await connect()]
    const stranger = await made.tenant()
    const theirs = await service.createConnection(hub, stranger.access, { provider: 'stripe', mode: 'test', credentials: keys() }, null)
    for (const [thief, target, label] of [[tenant, mine, 'another connection'], [stranger, theirs, 'another tenant']] as const) {
      await sql`update credentials c set sealed = v.sealed from credentials v
        where c.connection_id = ${uuidOf('connection', target.id)} and v.connection_id = ${uuidOf('connection', victim.id)} and c.name = v.name`.execute(database.owner)
      const seen = simulator.requests().length
      const payment = await createPayment(hub, thief.access, { ...order, connection: target.id }, null)
      t.match(payment, { status: 'requires_payment_method', amount_captured: 0, error: { code: 'invalid_credentials' } }, label)
      await hub.health.idle()
      t.match(await service.connectionHealth(hub, thief.access, target.id), { health: 'failing', last_error: { code: 'invalid_credentials' } })
      await t.rejects(service.testConnection(hub, thief.access, target.id), { code: 'connection_not_usable' })
      await t.rejects(service.registerWebhook(hub, thief.access, target.id), { code: 'connection_not_usable' })
      t.equal(simulator.requests().length, seen, 'no call leaves')
      t.match((await rows('alerts', thief.tenantId)).filter(row => row.subject_id === target.id), [{ kind: 'connection_failing' }])
    }
    t.equal(await made.work(), 0, 'and nothing spins')
    await service.replaceCredentials(hub, access, mine.id, { credentials: keys() })
    t.match(await service.testConnection(hub, access, mine.id), { ok: true }, 'its owner mends it with new ones')
    await service.deleteConnection(hub, stranger.access, theirs.id)
    t.same((await service.listConnections(hub, stranger.access, {})).data, [], 'or leaves')
  })

  t.test('changed: what processes remember of it is forgotten', async t => {
    const shop = await made.shop()
    await simulator.settled()
    const event = (id: string) => ({ id, object: 'event', type: 'payment_intent.succeeded', data: { object: { object: 'payment_intent', id: 'pi_x', amount: 1, amount_received: 1, currency: 'mxn', status: 'succeeded', metadata: {} } } })
    t.equal((await shop.send(event('evt_1'))).status, 200)
    const before = await shop.secret()
    await service.replaceCredentials(hub, shop.access, shop.connection, { credentials: { webhook_secret: 'whsec_brand_new_one' }, overlap_seconds: 0 })
    t.equal((await shop.send(event('evt_2'), { secret: 'whsec_brand_new_one' })).status, 200, 'at once')
    await eventually('the old secret ends', async () => (await shop.send(event('evt_3'), { secret: before })).status === 401)
    await service.deleteConnection(hub, shop.access, shop.connection)
    await eventually('nobody listens there', async () => (await shop.send(event('evt_4'), { secret: 'whsec_brand_new_one' })).status === 401)
    t.same((await database.owner.selectFrom('inbound_events').select('dedupe_key').where('tenant_id', '=', shop.tenantId).where('dedupe_key', 'in', ['evt_3', 'evt_4']).execute()).filter(row => row.dedupe_key === 'evt_4').length <= 1, true)
    await made.work()
  })

  t.test('switched off it takes no new payment, and still hears of the old ones', async t => {
    const shop = await made.shop()
    const payment = await createPayment(hub, shop.access, { ...order, capture: 'manual' }, null)
    t.match(await service.patchConnection(hub, shop.access, shop.connection, { enabled: false, label: 'Old shop' }), { health: 'disabled', label: 'Old shop', enabled: false })
    await t.rejects(createPayment(hub, shop.access, order, null), { code: 'connection_not_usable' })
    await shop.stripe('POST', `/v1/payment_intents/${payment.provider_reference}/capture`)
    await simulator.settled()
    await made.work()
    t.match(await getPayment(hub, shop.access, payment.id), { status: 'succeeded', amount_captured: 19900 })
    t.match(await service.patchConnection(hub, shop.access, shop.connection, { enabled: true }), { health: 'untested', enabled: true })
    t.match(await createPayment(hub, shop.access, order, null), { status: 'succeeded' })
    await t.rejects(service.patchConnection(hub, shop.access, shop.connection, { settings: { no_such: true } }), { code: 'request_invalid' })
    await made.work()
  })

  t.test('the wizard may be left and resumed at every step', async t => {
    const connection = await connect()
    const steps = async () => Object.fromEntries((await service.connectionSetup(hub, access, connection.id)).steps.map(({ id, status }) => [id, status]))
    t.same(await steps(), { credentials: 'done', test: 'todo', webhook: 'todo', event: 'todo' })
    await service.testConnection(hub, access, connection.id)
    t.same(await steps(), { credentials: 'done', test: 'done', webhook: 'todo', event: 'todo' })
    simulator.inject({ kind: 'cut_after', method: 'POST', path: '/v1/webhook_endpoints' })
    await t.rejects(service.registerWebhook(hub, access, connection.id), { code: 'provider_outcome_unknown' })
    t.same(await steps(), { credentials: 'done', test: 'done', webhook: 'todo', event: 'todo' })
    simulator.inject({ kind: 'error_500_before', method: 'POST', path: '/v1/webhook_endpoints' })
    await t.rejects(service.registerWebhook(hub, access, connection.id), { code: 'provider_outcome_unknown' })
    simulator.deliver({ how: 'hold' })
    const registered = await service.registerWebhook(hub, access, connection.id)
    t.match(registered, { webhook: { registered: true, url: registered.webhook_url, provider_reference: /^we_/ } })
    t.same(await steps(), { credentials: 'done', test: 'done', webhook: 'done', event: 'waiting' })
    simulator.deliver({ how: 'release' })
    await simulator.settled()
    await made.work()
    t.same(await steps(), { credentials: 'done', test: 'done', webhook: 'done', event: 'done' })
    t.equal((await service.connectionSetup(hub, access, connection.id)).done, true)
    t.match((await health(connection.id)).webhook, { registered: true, first_event_at: /Z$/, refused: 0 })

    const again = await service.registerWebhook(hub, access, connection.id)
    t.not(again.webhook.provider_reference, registered.webhook.provider_reference)
    await simulator.settled()
    t.equal((await health(connection.id)).webhook.refused, 0, 'what the old registration still signs is believed')
    await made.work()
  })

  t.test('a row that is nobody’s is no connection', async t => {
    await t.rejects(service.getConnection(hub, access, `con_${newUuid(hub.now()).replaceAll('-', '')}`), { code: 'not_found' })
    await t.rejects(service.getConnection(hub, access, 'con_nonsense'), { code: 'not_found' })
    await t.rejects(service.listConnections(hub, access, { cursor: 'pay_x' }), { code: 'request_invalid' })
  })
})
