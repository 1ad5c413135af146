/**
 * `kill -9` in the middle of payments and webhooks, again and again. Clients do what they should: they repeat each request
 * with its key until it is answered. What was acknowledged must be true, nobody is charged twice, and nothing hangs.
 * CHAOS_ROUNDS and CHAOS_SEED choose how long and which.
 */
import { randomInt } from 'node:crypto'
import { readFileSync } from 'node:fs'
import path from 'node:path'
import { setTimeout as pause } from 'node:timers/promises'
import t from 'tap'
import { sql } from 'kysely'
import { startStripeSimulator } from '../adapters/stripe/simulator.ts'
import { seeded } from '../adapters/stripe/simulator/ids.ts'
import { askAt, card } from './support/app.ts'
import { testDatabase } from './support/database.ts'
import { eventually } from './support/eventually.ts'
import { hooksFront } from './support/hooks-front.ts'
import { createPartner } from './support/partner.ts'
import { freePort, type ServerProcess, startServer } from './support/server-process.ts'

const rounds = Number(process.env.CHAOS_ROUNDS ?? 30)
const seed = Number(process.env.CHAOS_SEED ?? randomInt(2 ** 31))
const storiesPerRound = 6

t.setTimeout(560_000)

t.test(`${rounds} kills, seed ${seed}`, async t => {
  const { random } = seeded(seed)
  const database = await testDatabase(t)
  const simulator = await startStripeSimulator({ webhookRetryBaseMs: 100, asyncMs: 10, seed })
  t.teardown(async () => { await simulator.close() })
  let current: ServerProcess
  const front = await hooksFront(() => current.url)
  t.teardown(front.close)
  const dataDir = t.testdir({})
  const env = {
    DATABASE_APP_URL: database.appUrl,
    DATABASE_QUEUE_URL: database.queueUrl,
    PASARELA_DATA_DIR: dataDir,
    PASARELA_MASTER_KEYS: `chaos:${Buffer.alloc(32, 'a chaos key ').toString('base64')}`,
    PASARELA_PROVIDER_URL_STRIPE: simulator.url,
    PASARELA_PROVIDER_RATE_STRIPE: '10000',
    PASARELA_PUBLIC_URL: front.url,
    LOG_LEVEL: 'warn',
    RESOLVER_SCHEDULE: '300ms,300ms,500ms,1s,1s,2s,2s,5s,5s,5s,5s',
    INBOUND_SCHEDULE: '300ms,500ms,1s,2s,5s,5s,5s,5s',
    SWEEP_INTERVAL_MS: '200',
    QUEUE_LOCK_MS: '2000',
    QUEUE_STALLED_MS: '1000',
    IDEMPOTENCY_LEASE_MS: '1000',
    JOB_LEASE_MS: '4000'
  }
  const launch = async (): Promise<ServerProcess> => startServer(t, { ...env, PORT: String(await freePort()) })

  current = await launch()
  await current.up
  const { platform_key: platformKey } = JSON.parse(readFileSync(path.join(dataDir, 'first-run.json'), 'utf8')) as { platform_key: string }
  const must = async (path: string, key: string, body: object, headers = {}): Promise<any> => {
    const answer = await askAt(current.url, 'POST', path, { key, body, headers })
    if (answer.status >= 300) throw new Error(`${path} answered ${answer.text}`)
    return answer.body
  }
  const tenant = await must('/v1/tenants', platformKey, { name: 'Chaos', country: 'MX' })
  const { key } = await must('/v1/api_keys', platformKey, { mode: 'test' }, { 'pasarela-tenant': tenant.id })
  const connection = await must('/v1/connections', key, { provider: 'stripe', mode: 'test', credentials: simulator.credentials('test') })
  await must(`/v1/connections/${connection.id}/webhook`, key, {})

  // --- the clients ------------------------------------------------------------------------------------------------------

  /** Called at each request that is about to be sent. */
  let onSend = (): void => {}
  /** Who answers, or the one that is starting. */
  let serving: Promise<ServerProcess> = Promise.resolve(current)
  const { tell, known, told, sent, cut } = createPartner({ key, url: async () => (await serving).url, onSend: () => { onSend() }, withinMs: 120_000 })

  const plots = {
    pay: async (name: string) => {
      await create(name, { method: card('pm_card_visa') })
    },
    refund: async (name: string) => {
      const { id } = await create(name, { method: card('pm_card_mastercard') })
      await tell(`${name} refund`, `${name}-refund`, `/v1/payments/${id}/refunds`, { amount: 4_000 })
    },
    capture: async (name: string) => {
      const { id } = await create(name, { method: card('pm_card_visa'), capture: 'manual' })
      await tell(`${name} capture`, `${name}-capture`, `/v1/payments/${id}/capture`, { amount: 15_000 })
    },
    cancel: async (name: string) => {
      const { id } = await create(name, { method: card('pm_card_visa'), capture: 'manual' })
      await tell(`${name} cancel`, `${name}-cancel`, `/v1/payments/${id}/cancel`, {})
    },
    another: async (name: string) => {
      const { id } = await create(name, { method: card('pm_card_visa_chargeDeclinedInsufficientFunds') })
      await tell(`${name} confirm`, `${name}-confirm`, `/v1/payments/${id}/confirm`, { method: card('pm_card_visa') })
    }
  }
  type Plot = keyof typeof plots

  async function create (name: string, body: object): Promise<any> {
    const answer = await tell(name, name, '/v1/payments', { amount: 19_900, currency: 'MXN', metadata: { story: name }, ...body })
    return answer.body.id === undefined ? { id: 'none' } : await known(answer.body.id)
  }

  // --- the rounds -------------------------------------------------------------------------------------------------------

  const stories: { name: string, plot: Plot }[] = []
  const failures: object[] = []
  /** What the database says of a story, to find out why it did not end. */
  const standing = async (name: string) => ({
    at: new Date(),
    payments: await database.owner.selectFrom('payments').select(['id', 'status', 'pending_kind', 'pending_since', 'resolve_tries', 'next_run_at', 'version']).where(sql<boolean>`metadata->>'story' = ${name}`).execute(),
    said: current.output().slice(-1500)
  })
  const warming = [await launch(), await launch()] // starting takes longer than a round itself
  const startedAt = performance.now()
  let kills = 0
  let alone = 0
  let tiredMs = 0

  /** Ends who serves, without a warning, and lets the next one serve. */
  async function kill (): Promise<void> {
    kills++
    const killed = current
    const next = warming.shift()!
    if (!next.output().includes('is up at')) alone++
    serving = next.up.then(() => next)
    killed.kill('SIGKILL')
    await killed.ended
    current = await serving
    warming.push(await launch())
  }

  await t.test('killed when the provider has done it and has not said so', async t => {
    const prepare = async (name: string, plot: Plot, body: object): Promise<string> => {
      stories.push({ name, plot })
      return (await create(name, body)).id
    }
    const held = { method: card('pm_card_visa'), capture: 'manual' }
    const [capture, cancel, confirm, refund] = await Promise.all([
      prepare('mid-capture', 'capture', held), prepare('mid-cancel', 'cancel', held),
      prepare('mid-confirm', 'another', { method: card('pm_card_visa_chargeDeclined') }), prepare('mid-refund', 'refund', { method: card('pm_card_visa') })
    ])
    stories.push({ name: 'mid-create', plot: 'pay' })
    await simulator.settled()
    simulator.deliver({ how: 'hold' })
    // The resolver may come to ask as well while they wait, so each more than once.
    for (const path of ['/capture', '/cancel', '/confirm', '/v1/refunds', '/v1/payment_intents']) simulator.inject({ kind: 'slow', method: 'POST', path, times: 5, ms: 5_000 })
    const answers = Promise.all([
      tell('mid-capture capture', 'mid-capture-capture', `/v1/payments/${capture}/capture`, { amount: 15_000 }),
      tell('mid-cancel cancel', 'mid-cancel-cancel', `/v1/payments/${cancel}/cancel`, {}),
      tell('mid-confirm confirm', 'mid-confirm-confirm', `/v1/payments/${confirm}/confirm`, { method: card('pm_card_visa') }),
      tell('mid-refund refund', 'mid-refund-refund', `/v1/payments/${refund}/refunds`, { amount: 4_000 }),
      create('mid-create', { method: card('pm_card_visa') })
    ])
    await eventually('the provider has done all five', () => new Set(simulator.requests().filter(({ fault }) => fault === 'slow').map(({ idempotencyKey }) => idempotencyKey)).size === 5)
    simulator.clearFaults()
    await kill()
    const [captured, canceled, confirmed, refunded, created] = await answers
    simulator.deliver({ how: 'release' })
    t.match([captured.status, captured.body], [200, { id: capture, status: 'succeeded', amount_captured: 15_000 }], 'a capture')
    t.match([canceled.status, canceled.body], [200, { id: cancel, status: 'canceled' }], 'a cancellation')
    t.match([confirmed.status, confirmed.body], [200, { id: confirm, status: 'succeeded', attempts: 2 }], 'another attempt')
    t.match([refunded.status, refunded.body], [/20[12]/, { payment: refund, amount: 4_000 }], 'a refund')
    t.match(created, { status: 'succeeded', attempts: 1 }, 'a payment')
  })

  for (let round = 0; round < rounds; round++) {
    const began = performance.now()
    const ends = Array.from({ length: storiesPerRound }, async (_, index) => {
      const plot = (Object.keys(plots) as Plot[])[Math.floor(random() * 5)]!
      const name = `r${round}-${index}-${plot}`
      stories.push({ name, plot })
      await plots[plot](name).catch(async (error: unknown) => { failures.push({ name, error: String(error), ...await standing(name) }) })
    })
    // The moment of the kill: in the midst of this many requests, and up to 25 ms after the last of them left.
    const after = sent() + 1 + Math.floor(random() * storiesPerRound * 2)
    const moment = Promise.withResolvers<void>()
    onSend = () => { if (sent() >= after) moment.resolve() }
    await Promise.race([moment.promise, Promise.all(ends)])
    await pause(random() * 25)
    await kill()
    await Promise.all(ends)
    tiredMs = Math.max(tiredMs, performance.now() - began)
  }
  const chaosMs = performance.now() - startedAt
  t.same(failures, [], 'every story came to its end')

  // --- the reckoning ----------------------------------------------------------------------------------------------------

  const { owner } = database
  await t.test('nothing is left open', async t => {
    await simulator.settled()
    const open = async () => ({
      payments: (await owner.selectFrom('payments').select(['id', 'status', 'pending_kind', 'resolve_tries', 'next_run_at']).where(eb => eb.or([eb('status', '=', 'unknown'), eb('pending_kind', 'is not', null)])).execute()),
      refunds: (await owner.selectFrom('refunds').select(['id', 'status', 'resolve_tries', 'next_run_at']).where('status', 'in', ['unknown', 'pending']).execute()),
      hooks: (await owner.selectFrom('inbound_events').select(['id', 'event_type', 'status', 'attempts', 'reason', 'next_run_at']).where('status', 'not in', ['processed', 'ignored']).execute())
    })
    await eventually('nothing is open', async () => Object.values(await open()).every(rows => rows.length === 0), { withinMs: 45_000, everyMs: 100 }).catch(() => {})
    t.same(await open(), { payments: [], refunds: [], hooks: [] })
    // Many cards are declined on purpose, which a machine that needs minutes for this is told of.
    t.same(await owner.selectFrom('alerts').select(['kind', 'detail']).where('kind', '!=', 'payments_failing').execute(), [], 'and no person was called')
  })

  await t.test('each key has one payment, charged once', async t => {
    const rows = await owner.selectFrom('payments').selectAll().execute()
    const byStory = Map.groupBy(rows, row => (row.metadata as { story: string }).story)
    t.equal(byStory.size, stories.length)
    t.equal(rows.length, stories.length)
    for (const { name, plot } of stories) {
      const row = byStory.get(name)?.[0]
      if (row === undefined) {
        t.fail(`${name} has no payment`)
        continue
      }
      const id = `pay_${row.id.replaceAll('-', '')}`
      const effects = simulator.effects(id)
      const expected = {
        pay: { status: 'succeeded', amount_captured: 19_900, amount_refunded: 0, charges: 1, refunds: 0, cancellations: 0 },
        refund: { status: 'succeeded', amount_captured: 19_900, amount_refunded: 4_000, charges: 1, refunds: 1, cancellations: 0 },
        capture: { status: 'succeeded', amount_captured: 15_000, amount_refunded: 0, charges: 1, refunds: 0, cancellations: 0 },
        another: { status: 'succeeded', amount_captured: 19_900, amount_refunded: 0, charges: 1, refunds: 0, cancellations: 0 },
        cancel: { status: 'canceled', amount_captured: 0, amount_refunded: 0, charges: 1, refunds: 0, cancellations: 1 }
      }[plot]
      t.match({ status: row.status, amount_captured: row.amount_captured, amount_refunded: row.amount_refunded, ...effects }, expected, name)
      const attempts = await owner.selectFrom('payment_attempts').select('number').where('payment_id', '=', row.id).execute()
      t.equal(attempts.length, plot === 'another' ? 2 : 1, `${name}: attempts`)
    }
  })

  await t.test('what was acknowledged is true', async t => {
    for (const { name, key: idempotencyKey, path, body, answer } of told) {
      const label = `${name} was answered ${answer.status} ${answer.body?.code ?? answer.body?.status}`
      if (!t.ok(answer.status >= 200 && answer.status < 300, label)) continue
      const kind = answer.body.object === 'refund' ? 'refunds' : 'payments'
      const now = await askAt(current.url, 'GET', `/v1/${kind}/${answer.body.id}`, { key })
      t.equal(now.status, 200, `${name} exists`)
      if (answer.body.status === 'succeeded' || answer.body.status === 'canceled') t.equal(now.body.status, answer.body.status, `${label}, and is ${now.body.status}`)
      const again = await askAt(current.url, 'POST', path, { key, idempotencyKey, body })
      t.same([again.status, again.text], [answer.status, answer.text], `${name}: asked once more, the same is said`)
    }
  })

  await t.test('every webhook that was acknowledged is kept and processed', async t => {
    const kept = new Map((await owner.selectFrom('inbound_events').select(['dedupe_key', 'status']).execute()).map(row => [row.dedupe_key, row.status]))
    t.ok(front.acknowledged.size > stories.length, `${front.acknowledged.size} webhooks acknowledged, ${front.refused()} not`)
    t.same([...front.acknowledged].filter(id => !kept.has(id)), [], 'none was lost')
    t.same([...kept].filter(([, status]) => status !== 'processed' && status !== 'ignored'), [])
    const { rows } = await sql<{ n: string }>`select count(*) as n from inbound_events group by tenant_id, connection_id, dedupe_key having count(*) > 1`.execute(owner)
    t.same(rows, [], 'and none is kept twice')
  })

  t.comment(`${kills} kills in ${Math.round(chaosMs)} ms (${Math.round(chaosMs / rounds)} ms a round, ${Math.round(tiredMs)} at most; ${alone} times nobody else was up), ${stories.length} stories, ${told.length} answers, ${cut()} cut, ${front.acknowledged.size} webhooks`)
})
