/**
 * Two PACs, one stamp. Each PAC stamps what it is given and knows nothing of the other, so that a second one is asked only when
 * the first has provably not stamped.
 */
import fc from 'fast-check'
import t, { type Test } from 'tap'
import type { Fault } from '../adapter/simulator.ts'
import type { ProviderProblem } from '../adapter/problems.ts'
import { createConnection, replaceCredentials } from '../connections/service.ts'
import { uuidOf } from '../ids.ts'
import { putRouting } from '../routing-rules/service.ts'
import { type Country, country, order, type Shop, shop } from '../../test/support/mexico.ts'
import { cancelInvoice } from './cancel.ts'
import * as service from './service.ts'

interface TwoPacs extends Country { mine: Shop, first: string, second: string }

/** A shop whose rule names Finkok, and SW after it. */
async function twoPacs (t: Test, { on = [], env = {} }: { on?: ProviderProblem[], env?: Record<string, string> } = {}): Promise<TwoPacs> {
  const here = await country(t, { env })
  const mine = await shop(here)
  const { hub, sw } = here
  const second = (await createConnection(hub, mine.access, { provider: 'sw', mode: 'test', credentials: sw.credentials('test') }, null)).id
  await putRouting(hub, mine.access, { rules: [{ match: { family: 'invoicing' }, connections: [mine.pac, second], failover: { on: on as 'limit_exceeded'[] } }] }, undefined)
  return { ...here, mine, first: mine.pac, second }
}

async function issue ({ hub, mine, work }: TwoPacs): Promise<string> {
  const { id } = await service.createInvoice(hub, mine.access, order(), null)
  await work()
  return id
}

const seen = async ({ hub, mine }: TwoPacs, id: string) => await service.getInvoice(hub, mine.access, id)

/** Which PACs stamped it, in order: the tax authority's own book. */
async function stampedBy (here: TwoPacs, id: string): Promise<string[]> {
  const { number } = await seen(here, id)
  return here.world.ledger().filter(({ folio, series }) => series === 'A' && folio === number).map(({ pac }) => pac)
}

async function until (here: TwoPacs, id: string, status: string, { stepMs = 30_000, rounds = 12 } = {}): Promise<string> {
  for (let round = 0; round < rounds && (await seen(here, id)).status !== status; round++) {
    here.advance(stepMs)
    await here.work()
  }
  return (await seen(here, id)).status
}

/** How many calls went to each of the two, by our own record. */
async function calls ({ database, mine, first, second }: TwoPacs, id: string): Promise<[number, number]> {
  const rows = await database.owner.selectFrom('operations').select('connection_id').where('tenant_id', '=', mine.tenantId).where('subject_id', '=', uuidOf('invoice', id)).where('kind', '=', 'issue').execute()
  const of = (connection: string) => rows.filter(row => row.connection_id === uuidOf('connection', connection)).length
  return [of(first), of(second)]
}

const hidden: Fault['kind'][] = ['cut_before', 'cut_after', 'cut_mid_body', 'garbage', 'error_500', 'error_500_before']

/** The first look comes before Finkok's settling time is over. */
const soon = { RESOLVER_SCHEDULE: '2s,4s,30s,1m,5m,30m,1h,6h,1d,1d,1d,1d,1d' }

t.test('a lost answer is never a reason to ask another PAC', async t => {
  const here = await twoPacs(t, { env: soon })
  const { finkok, world } = here

  for (const kind of hidden) {
    await t.test(kind, async t => {
      finkok.inject({ kind, path: '/stamp' })
      const id = await issue(here)
      t.equal((await seen(here, id)).status, 'unknown')
      // The resolver's first look, before anything is proven.
      here.advance(6_000)
      await here.work()
      t.match(await seen(here, id), { status: 'issued', provider: 'finkok' })
      t.same(await stampedBy(here, id), ['finkok'], 'one stamp')
      t.equal((await calls(here, id))[1], 0, 'the second was never asked')
    })
  }

  await t.test('stamped, but its PAC does not know it yet, and then turns the repetition away: nobody else is asked', async t => {
    finkok.inject({ kind: 'cut_after', path: '/stamp' })
    finkok.slowToKnow(true)
    const id = await issue(here)
    // Before the settling time: the PAC says that it has none, and the same bytes are turned away with 429. That proves nothing.
    // The fault is for the second call of the look; the first only asks.
    finkok.inject({ kind: 'slow', ms: 0, path: '/stamp' })
    finkok.inject({ kind: 'rate_limit', path: '/stamp' })
    here.advance(6_000)
    await here.work()
    t.equal((await seen(here, id)).status, 'unknown', 'a call that did nothing says nothing of the one before')
    t.same(await calls(here, id), [2, 0])
    finkok.slowToKnow(false)
    finkok.clearFaults()
    t.equal(await until(here, id, 'issued'), 'issued')
    t.same(await stampedBy(here, id), ['finkok'])
  })

  await t.test('its PAC cannot be asked for a day: it waits', async t => {
    finkok.inject({ kind: 'cut_after', path: '/stamp' })
    const id = await issue(here)
    finkok.inject({ kind: 'error_500_before', times: 1000 })
    t.equal(await until(here, id, 'issued', { stepMs: 3 * 3600_000, rounds: 8 }), 'unknown')
    t.equal((await calls(here, id))[1], 0)
    finkok.clearFaults()
    t.equal(await until(here, id, 'issued', { stepMs: 24 * 3600_000 }), 'issued')
    t.same(await stampedBy(here, id), ['finkok'])
  })
  t.equal(world.ledger().length, hidden.length + 2)
})

t.test('what proves that it was not stamped', async t => {
  const here = await twoPacs(t, { on: ['limit_exceeded'] })
  const { finkok, sw, hub, mine, first } = here

  await t.test('turned away before anything was done: the next one, at once', async t => {
    finkok.inject({ kind: 'rate_limit', path: '/stamp' })
    const id = await issue(here)
    t.match(await seen(here, id), { status: 'issued', provider: 'sw' })
    t.same(await stampedBy(here, id), ['sw'])
    t.same(await calls(here, id), [1, 1])
  })

  await t.test('looked for, after the settling time, by a PAC that says it has none', async t => {
    finkok.inject({ kind: 'cut_before', path: '/stamp' })
    const id = await issue(here)
    t.equal((await seen(here, id)).status, 'unknown')
    here.advance(60_000)
    await here.work()
    t.match(await seen(here, id), { status: 'issued', provider: 'sw' })
    t.same(await stampedBy(here, id), ['sw'])
    t.same(await calls(here, id), [1, 1], 'and not sent again to the first')
  })

  await t.test('a lost answer of the second is looked for there, and never sent back to the first', async t => {
    for (const kind of ['cut_after', 'cut_before'] as const) {
      finkok.inject({ kind: 'rate_limit', path: '/stamp' })
      sw.inject({ kind, path: '/stamp' })
      const id = await issue(here)
      t.match(await seen(here, id), { status: 'unknown', provider: 'sw' })
      here.advance(60_000)
      await here.work()
      t.match(await seen(here, id), { status: 'issued', provider: 'sw' }, kind)
      t.same(await stampedBy(here, id), ['sw'])
      t.equal((await calls(here, id))[0], 1)
    }
  })

  await t.test('refused: for the document it is an answer, for the account only where the rule says so', async t => {
    const { id } = await service.createInvoice(hub, mine.access, order(), null)
    // Sealed and turned away by both until it is too old: a finding of the document.
    finkok.inject({ kind: 'rate_limit', path: '/stamp', times: 100 })
    sw.inject({ kind: 'rate_limit', path: '/stamp', times: 100 })
    await here.work()
    here.advance(80 * 3600_000)
    finkok.clearFaults()
    sw.clearFaults()
    await here.work()
    t.match(await seen(here, id), { status: 'rejected', authority_messages: [{ code: '401' }] })
    const [toFirst, toSecond] = await calls(here, id)
    here.advance(24 * 3600_000)
    await here.work()
    t.same(await calls(here, id), [toFirst, toSecond], 'it is nobody else’s matter')
    t.same(await stampedBy(here, id), [])

    const good = finkok.credentials('test')
    await replaceCredentials(hub, mine.access, first, { credentials: { username: good.username!, password: 'not-the-right-one' } })
    const refused = await issue(here)
    t.match(await seen(here, refused), { status: 'signed', provider: 'finkok' }, 'wrong credentials are not in the rule')
    t.equal((await calls(here, refused))[1], 0)
    await putRouting(hub, mine.access, { rules: [{ match: { family: 'invoicing' }, connections: [first, here.second], failover: { on: ['invalid_credentials'] } }] }, undefined)
    const taken = await issue(here)
    t.match(await seen(here, taken), { status: 'issued', provider: 'sw' }, 'now they are')
    await replaceCredentials(hub, mine.access, first, { credentials: { username: good.username!, password: good.password! } })
    t.equal(await until(here, refused, 'issued', { stepMs: 3600_000 }), 'issued')
    t.equal((await stampedBy(here, refused)).length, 1)
  })

  await t.test('both are down: it goes on with whichever is well again', async t => {
    finkok.inject({ kind: 'rate_limit', path: '/stamp', times: 100 })
    sw.inject({ kind: 'rate_limit', path: '/stamp', times: 2 })
    const id = await issue(here)
    t.equal((await seen(here, id)).status, 'signed')
    t.equal(await until(here, id, 'issued', { stepMs: 10 * 60_000 }), 'issued')
    t.same(await stampedBy(here, id), ['sw'])
    finkok.clearFaults()
  })

  await t.test('named by the caller: no other is asked', async t => {
    finkok.inject({ kind: 'rate_limit', path: '/stamp', times: 3 })
    const { id } = await service.createInvoice(hub, mine.access, order({ connection: first }), null)
    await here.work()
    t.equal((await calls(here, id))[1], 0)
    t.equal(await until(here, id, 'issued', { stepMs: 10 * 60_000 }), 'issued')
    t.same(await stampedBy(here, id), ['finkok'])
  })
})

t.test('a PAC that nothing reaches', async t => {
  // Nobody listens there: the connection itself is refused.
  const here = await twoPacs(t, { env: { PASARELA_PROVIDER_URL_FINKOK: 'http://127.0.0.1:1' } })
  const id = await issue(here)
  t.match(await seen(here, id), { status: 'issued', provider: 'sw' })
  t.same(await stampedBy(here, id), ['sw'])
  t.same(await calls(here, id), [1, 1])
})

t.test('a PAC that cannot be asked: a repetition of the same bytes tells, and nobody else is asked', async t => {
  const here = await country(t, { env: { PASARELA_EXPERIMENTAL: '1' }, also: ['solucion_factible'] })
  const { hub, others, sw, world, work, advance } = here
  const mine = await shop(here, { register: false })
  const { access } = mine
  const mute = others.solucion_factible!
  const [first, second] = [await createConnection(hub, access, { provider: 'solucion_factible', mode: 'test', credentials: mute.credentials('test') }, null), await createConnection(hub, access, { provider: 'sw', mode: 'test', credentials: sw.credentials('test') }, null)]
  await putRouting(hub, access, { rules: [{ match: { family: 'invoicing' }, connections: [first.id, second.id], failover: { on: ['limit_exceeded'] } }] }, undefined)
  const settle = async (id: string, done: string) => {
    for (let round = 0; round < 8 && (await service.getInvoice(hub, access, id)).status !== done; round++) {
      advance(3600_000)
      await work()
    }
    return await service.getInvoice(hub, access, id)
  }
  for (const kind of hidden) {
    mute.inject({ kind, path: '/Timbrado' })
    const { id } = await service.createInvoice(hub, access, order(), null)
    await work()
    t.match(await settle(id, 'issued'), { status: 'issued', provider: 'solucion_factible' }, kind)
  }
  t.same(world.ledger().map(({ pac }) => pac), hidden.map(() => 'solucion_factible'), 'one stamp each')

  const { id } = await service.createInvoice(hub, access, order(), null)
  await work()
  mute.inject({ kind: 'cut_after', path: '/Timbrado' })
  await cancelInvoice(hub, access, id, { motive: '02' }, null)
  await work()
  t.match(await settle(id, 'canceled'), { status: 'cancel_requested', authority_messages: [{ code: '202' }] }, 'asked for again, and not canceled before the SAT says so: nobody here can ask it')
  await createConnection(hub, access, { provider: 'sat_status', mode: 'test', credentials: {} }, null)
  advance(24 * 3600_000)
  await work()
  t.match(await settle(id, 'canceled'), { status: 'canceled' })
})

t.test('whatever happens at both, there is one stamp', async t => {
  const here = await twoPacs(t, { on: ['limit_exceeded'], env: soon })
  const { finkok, sw } = here
  const kinds: Fault['kind'][] = [...hidden, 'refuse_connection', 'rate_limit']
  const anyFaults = fc.array(fc.record({ at: fc.constantFrom<'finkok' | 'sw'>('finkok', 'sw'), kind: fc.constantFrom(...kinds), step: fc.constantFrom(3_000, 10_000, 20_000, 120_000, 900_000) }), { minLength: 1, maxLength: 6 })
  await fc.assert(fc.asyncProperty(anyFaults, fc.boolean(), async (faults, slow) => {
    // Neither knows its own stamps for a while: less than its settling time.
    finkok.lag(slow ? 12_000 : 0)
    sw.lag(slow ? 500_000 : 0)
    const { id } = await service.createInvoice(here.hub, here.mine.access, order(), null)
    for (const { at, kind, step } of faults) {
      (at === 'finkok' ? finkok : sw).inject({ kind, path: '/stamp' })
      await here.work()
      here.advance(step)
    }
    finkok.clearFaults()
    sw.clearFaults()
    const status = await until(here, id, 'issued', { stepMs: 3600_000, rounds: 40 })
    const stamps = await stampedBy(here, id)
    if (status !== 'issued' || stamps.length !== 1) throw new Error(`${status}, stamped by ${stamps.join()}`)
  }), { numRuns: Number(process.env.PASARELA_PROPERTY_RUNS ?? 20) })
  t.pass('in every order')
})
