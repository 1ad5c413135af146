/**
 * The chaos suite: partners at work while API, worker and PostgreSQL are killed (`kill -9`) and the provider fails in every way that it can.
 * In the end the weather is calm, all is drained, and the books are compared. Everything is a real process, except the provider's
 * simulator, which is here and is not killed.
 */
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs'
import path from 'node:path'
import { setTimeout as pause } from 'node:timers/promises'
import type pg from 'pg'
import { createPool, kyselyOf } from '../../../core/db/pool.ts'
import type { Database } from '../../../core/db/schema.ts'
import { parseAnyId } from '../../../core/ids.ts'
import { seeded } from '../../../adapters/stripe/simulator/ids.ts'
import { startStripeSimulator } from '../../../adapters/stripe/simulator.ts'
import { type Answer, askAt } from '../app.ts'
import type { Teardown } from '../database.ts'
import { eventually } from '../eventually.ts'
import { temporaryFolder } from '../folder.ts'
import { hooksFront } from '../hooks-front.ts'
import { createPartner, type Told } from '../partner.ts'
import { freePort, startServer, startWorker } from '../server-process.ts'
import { type Acknowledged, type Books, compare, type Difference } from './compare.ts'
import { disasters, neverHappened, type Tally, type Target } from './disasters.ts'
import { killablePostgres } from './postgres.ts'
import { keepAlive, type Kept } from './processes.ts'
import { readOurBooks } from './rows.ts'
import { stories, type Stage, type StoryName } from './stories.ts'

export interface ChaosOptions {
  rounds: number
  seed: number
  storiesPerRound?: number
  say?: (line: string) => void
  /** Where the processes' logs are kept, all lives of each in one file. */
  logFolder?: string | undefined
}

export interface ChaosReport {
  rounds: number
  seed: number
  seconds: { all: number, rounds: number, draining: number }
  stories: Tally
  /** POSTs that were answered, requests that were sent, and what the provider was asked. */
  operations: number
  requests: number
  /** How often each kind of disaster happened. */
  tally: Tally
  /** Kinds that never did: the run is worth nothing. */
  missing: string[]
  /** Rows that were compared. */
  compared: Tally
  webhooks: number
  /** Stories that did not come to their end. */
  unfinished: string[]
  /** Processes that ended without being killed, beside those that could not start while their database was down. */
  fell: number
  differences: Difference[]
  /** All that we wrote of what differs, its calls included. */
  evidence: object[]
}

const apiProcesses = 2
/** So many stories at once at most: some wait long for an outcome, and the others go on. */
const atOnce = 32
const answerWithinMs = 240_000
const drainWithinMs = 240_000
/** Of the requests that were answered, how many are asked once more in the end. */
const askedAgain = 150
/** What may take longest is not begun at the end: a payment that nobody wants any more and that was lost on its way is given up after two minutes. */
const lastBegun: Partial<Record<StoryName, number>> = { saved: 0.9, subscribe: 0.8, regret: 0.3 }

/** Longer than Stripe may take to let a lost request come to be (`settles_within_ms`, two minutes): before that nobody may say that it was never made. */
const patient = ['300ms', '300ms', '500ms', '1s', '1s', '2s', '2s', ...Array<string>(40).fill('5s')].join()
const pace = {
  RESOLVER_SCHEDULE: patient,
  INBOUND_SCHEDULE: patient,
  SWEEP_INTERVAL_MS: '200',
  QUEUE_LOCK_MS: '2000',
  QUEUE_STALLED_MS: '1000',
  IDEMPOTENCY_LEASE_MS: '1000',
  JOB_LEASE_MS: '4000',
  RATE_LIMIT_PER_MINUTE_KEY: '1000000',
  RATE_LIMIT_PER_MINUTE_ADDRESS: '1000000'
}

export async function runChaos ({ rounds, seed, storiesPerRound = 6, say = () => {}, logFolder }: ChaosOptions): Promise<ChaosReport> {
  const ends: (() => Promise<void>)[] = []
  const t: Teardown = { teardown: work => ends.push(work) }
  const kept: Kept[] = []
  try {
    const report = await run(t, kept, { rounds, seed, storiesPerRound, say })
    if (logFolder !== undefined) {
      mkdirSync(logFolder, { recursive: true })
      writeFileSync(path.join(logFolder, 'report.json'), JSON.stringify(report, null, 2))
    }
    return report
  } finally {
    await Promise.all(kept.map(async each => { await each.stop() }))
    if (logFolder !== undefined) {
      mkdirSync(logFolder, { recursive: true })
      for (const [n, each] of kept.entries()) writeFileSync(path.join(logFolder, `process-${n}.log`), each.output())
    }
    for (const end of ends.reverse()) await end()
  }
}

async function run (t: Teardown, kept: Kept[], { rounds, seed, storiesPerRound, say }: Required<Omit<ChaosOptions, 'logFolder'>>): Promise<ChaosReport> {
  const began = performance.now()
  const { random } = seeded(seed)
  const postgres = await killablePostgres(t)
  const simulator = await startStripeSimulator({ webhookRetryBaseMs: 500, webhookRetrySteps: [1, 2, 4, ...Array<number>(120).fill(6)], asyncMs: 10, seed, rules: { vouchersPayThemselves: false } })
  t.teardown(async () => { await simulator.close() })

  // --- the installation: API processes and a worker, each by itself --------------------------------------------------------

  const apis: { url: string, kept: Kept, busy: number }[] = []
  const upApis = () => apis.filter(({ kept }) => kept.isUp())
  const anyOf = <T> (list: readonly T[]): T | undefined => list[Math.floor(Math.random() * list.length)]
  const front = await hooksFront(() => anyOf(upApis())?.url)
  t.teardown(front.close)
  const dataDir = temporaryFolder(t)
  const env = {
    DATABASE_APP_URL: postgres.appUrl,
    DATABASE_QUEUE_URL: postgres.queueUrl,
    PASARELA_DATA_DIR: dataDir,
    PASARELA_MASTER_KEYS: `chaos:${Buffer.alloc(32, 'a chaos key ').toString('base64')}`,
    PASARELA_PROVIDER_URL_STRIPE: simulator.url,
    PASARELA_PROVIDER_RATE_STRIPE: '10000',
    PASARELA_PUBLIC_URL: front.url,
    LOG_LEVEL: 'info',
    ...pace
  }
  const keep = (start: Parameters<typeof keepAlive>[0]): Kept => {
    const process = keepAlive(start)
    kept.push(process)
    return process
  }
  for (let n = 0; n < apiProcesses; n++) {
    const port = String(await freePort())
    apis.push({ url: `http://127.0.0.1:${port}`, busy: 0, kept: keep(() => startServer(t, { ...env, PORT: port, PASARELA_ROLES: 'api' })) })
    if (n === 0) await apis[0]!.kept.up() // the first one alone: it makes the first key
  }
  const worker = keep(() => startWorker(t, env))
  await worker.up()

  const { platform_key: platformKey } = JSON.parse(readFileSync(path.join(dataDir, 'first-run.json'), 'utf8')) as { platform_key: string }
  const must = async (path: string, key: string, body: object, headers = {}): Promise<any> => {
    const answer = await askAt(apis[0]!.url, 'POST', path, { key, body, headers })
    if (answer.status >= 300) throw new Error(`${path} answered ${answer.text}`)
    return answer.body
  }
  const tenant = await must('/v1/tenants', platformKey, { name: 'Chaos', country: 'MX' })
  const { key } = await must('/v1/api_keys', platformKey, { mode: 'test' }, { 'pasarela-tenant': tenant.id })
  const connection = await must('/v1/connections', key, { provider: 'stripe', mode: 'test', credentials: simulator.credentials('test') })
  await must(`/v1/connections/${connection.id}/webhook`, key, {})
  const plan = await must('/v1/plans', key, { name: 'Gym', amount: 49_900, currency: 'MXN', interval: 'month' })

  let onSend = (): void => {}
  const byUrl = (url: string) => apis.find(api => api.url === url)!
  const partner = createPartner({
    key,
    withinMs: answerWithinMs,
    url: async () => (await eventually('an API is up', () => anyOf(upApis()), { withinMs: 60_000, everyMs: 10 })).url,
    onSend: url => {
      byUrl(url).busy++
      onSend()
    },
    onEnd: url => { byUrl(url).busy-- }
  })
  const fate = disasters({ simulator, front, random, cut: partner.cut })
  const stage: Stage = { partner, simulator, plan: plan.id, random }

  // --- the rounds ---------------------------------------------------------------------------------------------------------

  const told: Tally = {}
  const unfinished: string[] = []
  const underWay = new Set<Promise<void>>()
  const names = Object.keys(stories) as StoryName[]
  const tell = (round: number, index: number): void => {
    const possible = names.filter(name => round < rounds * (lastBegun[name] ?? 1))
    // Each kind in its turn, so that a short run tells all of them.
    const name = possible[(round * storiesPerRound + index) % possible.length]!
    const id = `r${round}-${index}-${name}`
    told[name] = (told[name] ?? 0) + 1
    const story = stories[name](stage, id).catch((error: unknown) => { unfinished.push(`${id}: ${(error as Error).message}`) }).finally(() => underWay.delete(story))
    underWay.add(story)
  }

  const startedAt = performance.now()
  for (let round = 0; round < rounds; round++) {
    while (underWay.size > atOnce - storiesPerRound) await Promise.race(underWay)
    fate.brew(round)
    const target = fate.target(round)
    await ready(target, apis.map(({ kept }) => kept), worker)
    const after = partner.sent() + 1 + Math.floor(random() * storiesPerRound * 3)
    const moment = Promise.withResolvers<void>()
    onSend = () => { if (partner.sent() >= after) moment.resolve() }
    for (let index = 0; index < storiesPerRound; index++) tell(round, index)
    await Promise.race([moment.promise, Promise.all(underWay)])
    await pause(random() * 40)
    await strike(target)
    fate.gather()
    if ((round + 1) % 10 === 0) say(`round ${round + 1} of ${rounds}: ${partner.told.length} answers, ${underWay.size} stories under way, ${Math.round((performance.now() - startedAt) / 1000)} s`)
  }

  /** Ends it without a warning. */
  async function strike (target: Target): Promise<void> {
    const busiest = upApis().sort((a, b) => b.busy - a.busy)
    const done = {
      api: () => busiest[0]?.kept.kill() ?? false,
      'every api': () => busiest.length > 0 && apis.map(({ kept }) => kept.kill()).some(Boolean),
      worker: () => worker.kill(),
      postgres: async () => {
        await postgres.killServer()
        return true
      },
      connection: async () => await postgres.killBackend()
    }[target]
    if (await done()) fate.count(`killed ${target}`)
  }

  // --- the reckoning ------------------------------------------------------------------------------------------------------

  const roundsMs = performance.now() - startedAt
  fate.calm()
  say('calm: waiting for every story and every webhook')
  await Promise.all(underWay)
  await Promise.all(kept.map(async each => { await each.up() }))
  await simulator.settled()
  fate.gather()
  const pool = createPool({ url: postgres.superUrl, max: 4, applicationName: 'pasarela chaos reckoning' })
  t.teardown(async () => { await pool.end() })
  const books = async (): Promise<Books> => ({ ledger: simulator.ledger(), ours: await readOurBooks(kyselyOf<Database>(pool)), webhooks: front.acknowledged, acknowledged: acknowledgedOf(partner.told) })
  await eventually('the books agree', async () => {
    await simulator.settled()
    return compare(await books()).length === 0
  }, { withinMs: drainWithinMs, everyMs: 250 }).catch(() => {})
  const last = await books()
  const drainedMs = performance.now() - startedAt - roundsMs
  const differences = [...compare(last), ...await askOnceMore(partner.told, key, apis[0]!.url)]
  const evidence = await evidenceOf(pool, last, differences)
  const tally = fate.tally()
  const size = (rows: object): Tally => Object.fromEntries(Object.entries(rows as Record<string, unknown[]>).map(([name, list]) => [name, list.length]))
  const seconds = (ms: number) => Math.round(ms / 1000)
  return {
    rounds,
    seed,
    seconds: { all: seconds(performance.now() - began), rounds: seconds(roundsMs), draining: seconds(drainedMs) },
    stories: told,
    operations: partner.told.length,
    requests: partner.sent(),
    tally,
    missing: neverHappened(tally),
    compared: { ...size(last.ours), 'charges at the provider': last.ledger.charges.length, 'invoices at the provider': last.ledger.invoices.length },
    webhooks: front.acknowledged.size,
    unfinished,
    fell: kept.reduce((sum, each) => sum + each.fell(), 0),
    differences,
    evidence
  }
}

/** The rows and the calls behind a difference: the database is gone when somebody reads of it. */
async function evidenceOf (pool: pg.Pool, { ledger }: Books, differences: readonly Difference[]): Promise<object[]> {
  const found: object[] = []
  for (const { id } of differences.slice(0, 20)) {
    const named = parseAnyId(id)
    if (named === undefined) continue
    const { rows: operations } = await pool.query('select kind, outcome, error_code, provider_code, http_status, request_id, idempotency_key, started_at, finished_at from operations where subject_id = $1 order by id', [named.uuid])
    const { rows: payments } = await pool.query('select status, known_status, provider_reference, pending_kind, pending_since, resolve_tries, next_run_at, attempts, capture, method, metadata, version, created_at from payments where id = $1', [named.uuid])
    const { rows: events } = await pool.query('select type, created_at from events where subject_id = $1 order by id', [named.uuid])
    found.push({ id, payments, operations, events, provider: ledger.payments.filter(({ metadata }) => Object.values(metadata).includes(id)) })
  }
  return found
}

/** What is to be killed is there, and with one API that goes another stays: who is always down takes no load. */
async function ready (target: Target, apis: readonly Kept[], worker: Kept): Promise<void> {
  if (target === 'worker') await worker.up()
  const wanted = target === 'api' ? 2 : 1
  await eventually('there is something to kill', () => apis.filter(api => api.isUp()).length >= wanted, { withinMs: 60_000 })
}

/** The last word of each answer that told of something. */
function acknowledgedOf (told: readonly Told[]): Acknowledged[] {
  const kinds = ['payment', 'refund', 'subscription', 'checkout_session', 'payment_method']
  return told.filter(({ answer }) => answer.status < 300 && kinds.includes(answer.body?.object)).map(({ name, answer: { body } }) => ({ name, id: body.id, object: body.object, status: body.status }))
}

/**
 * The same request with the same key is about the same thing. In the same words as well, unless the database fell while they were being kept and the
 * process that knew them was killed before it was back: then they are of now.
 */
async function askOnceMore (told: readonly Told[], key: string, url: string): Promise<Difference[]> {
  const step = Math.max(1, Math.floor(told.length / askedAgain))
  const differences: Difference[] = []
  for (const { name, key: idempotencyKey, path, body, answer } of told.filter((_, index) => index % step === 0)) {
    // What was refused before anything was done is another request the next time.
    if (answer.status === 400 || answer.status === 429) continue
    const again = await askAt(url, 'POST', path, { key, idempotencyKey, body })
    const is = ({ status, body }: Answer): unknown[] => status < 300 ? ['2xx', body?.id] : [status, body?.code]
    if (String(is(again)) !== String(is(answer))) differences.push({ verdict: 'double', what: 'answer', id: name, detail: `${path} answered ${answer.status} ${answer.text.slice(0, 300)}, and then ${again.status} ${again.text.slice(0, 300)}` })
  }
  return differences
}
