import fc from 'fast-check'
import t from 'tap'
import { testHub } from '../../test/support/hub.ts'
import { uuidOf } from '../ids.ts'
import { createPayment } from '../payments/service.ts'
import { decideRouting } from '../routing-rules/decide.ts'
import { putRouting } from '../routing-rules/service.ts'
import { breakerOf, createProbes } from './breaker.ts'
import { connectionHealth } from './service.ts'

const limits = { failures: 3, openMs: 60_000 }
const at = (ms: number) => new Date(1_700_000_000_000 + ms)

t.test('closed until so many failures in a row, then open for its time, then half-open', async t => {
  t.same(breakerOf({ failuresInRow: 2, lastErrorAt: at(0) }, limits, at(1)), { state: 'closed', probeAt: null })
  t.same(breakerOf({ failuresInRow: 3, lastErrorAt: at(0) }, limits, at(59_999)), { state: 'open', probeAt: at(60_000) })
  t.same(breakerOf({ failuresInRow: 3, lastErrorAt: at(0) }, limits, at(60_000)), { state: 'half_open', probeAt: at(60_000) })
  t.same(breakerOf({ failuresInRow: 9, lastErrorAt: null }, limits, at(0)), { state: 'closed', probeAt: null })
})

t.test('it is a function of what was seen and the time, and time alone never opens it', async () => {
  fc.assert(fc.property(fc.nat(10), fc.nat(200_000), fc.nat(200_000), (failuresInRow, now, later) => {
    const seen = { failuresInRow, lastErrorAt: at(0) }
    const [before, after] = [breakerOf(seen, limits, at(now)).state, breakerOf(seen, limits, at(now + later)).state]
    if (before !== 'open' && after === 'open') throw new Error(`${before} became open by waiting`)
    if ((before === 'closed') !== (failuresInRow < limits.failures)) throw new Error(`${before} after ${failuresInRow}`)
  }), { numRuns: 300 })
})

t.test('one probe at a time, until it ends or is given up', async t => {
  let now = at(0)
  const probes = createProbes({ now: () => now, leaseMs: 1000 })
  t.same([probes.claim('a'), probes.claim('a'), probes.claim('b')], [true, false, true])
  probes.ended('a')
  t.equal(probes.claim('a'), true)
  now = at(1001)
  t.equal(probes.claim('a'), true)
})

t.test('a connection that fails is left out, tried once after a while, and used again when it is well', async t => {
  const made = await testHub(t, { env: { RESOLVER_SCHEDULE: '1d', BREAKER_FAILURES: '3', BREAKER_OPEN_MS: '60000' } })
  const { hub, simulator } = made
  const tenant = await made.tenant()
  const { access } = tenant
  const [first, second] = [await tenant.connect(), await tenant.connect()]
  await putRouting(hub, access, { rules: [{ connections: [first, second] }] }, undefined)
  const order = { amount: 19900, currency: 'MXN', method: { type: 'card', token: 'pm_card_visa' } }
  const pay = async () => {
    const payment = await createPayment(hub, access, order, null)
    await hub.health.idle()
    return payment.connection === first ? 'first' : 'second'
  }
  const fail = async () => {
    simulator.inject({ kind: 'cut_before', method: 'POST', path: '/v1/payment_intents' })
    const place = await pay()
    simulator.clearFaults()
    return place
  }
  const state = async (id: string) => (await connectionHealth(hub, access, id)).breaker
  const decided = async () => await decideRouting(hub, access, { currency: 'MXN', amount: 19900, method: 'card' })

  t.equal(await pay(), 'first')
  t.same([await fail(), await fail()], ['first', 'first'])
  t.match(await state(first), { state: 'closed', opens_after: 3, probe_at: null })
  t.equal(await pay(), 'first', 'a success in between begins the count anew')
  t.same([await fail(), await fail(), await fail()], ['first', 'first', 'first'])
  t.match(await state(first), { state: 'open', probe_at: /^20/ })

  t.same([await pay(), await pay()], ['second', 'second'], 'it is left out')
  t.match(await decided(), { connection: second, connections: [{ connection: second, breaker: 'closed' }, { connection: first, breaker: 'open' }], not_chosen: [{ connection: first, reason: 'breaker_open', message: /left out/ }] })
  t.match(await createPayment(hub, access, { ...order, connection: first }, null), { connection: first, status: 'succeeded' }, 'who names it gets it')
  await hub.health.idle()
  t.match(await state(first), { state: 'closed' }, 'and that call has shown that it is well')

  t.same([await fail(), await fail(), await fail()], ['first', 'first', 'first'])
  made.advance(60_001)
  t.match(await state(first), { state: 'half_open' })
  t.match(await decided(), { connection: first })
  t.match(await decided(), { connection: first }, 'an explanation is no probe')
  const both = await Promise.all([pay(), pay(), pay()])
  t.equal(both.filter(place => place === 'first').length, 1, 'one call tries it, the others go on with the second')
  t.match(await state(first), { state: 'closed' })
  t.equal(await pay(), 'first')

  t.same([await fail(), await fail(), await fail()], ['first', 'first', 'first'])
  made.advance(60_001)
  t.equal(await fail(), 'first', 'the probe fails')
  t.match(await state(first), { state: 'open' })
  t.equal(await pay(), 'second')

  await made.database.owner.updateTable('connections').set({ failures_in_row: 3, last_error_at: hub.now() }).where('id', '=', uuidOf('connection', second)).execute()
  hub.usable.forget(tenant.tenantId)
  t.equal(await pay(), 'first', 'when all are open the first is tried all the same')
  await hub.health.idle()
  t.match(await state(first), { state: 'closed' })
})

t.test('a failure that another process wrote counts, and so does the success that this one sees', async t => {
  const made = await testHub(t, { env: { BREAKER_FAILURES: '2', BREAKER_OPEN_MS: '1000' } })
  const { hub, database } = made
  const tenant = await made.tenant()
  const first = await tenant.connect()
  const order = { amount: 19900, currency: 'MXN', method: { type: 'card', token: 'pm_card_visa' } }
  const pay = async () => {
    await createPayment(hub, tenant.access, order, null)
    await hub.health.idle()
  }
  const row = async () => await database.owner.selectFrom('connections').select(['failures_in_row']).where('id', '=', uuidOf('connection', first)).executeTakeFirstOrThrow()
  await pay()
  await database.owner.updateTable('connections').set({ failures_in_row: 2, last_error_at: hub.now() }).where('id', '=', uuidOf('connection', first)).execute()
  hub.usable.forget(tenant.tenantId) // what NOTIFY does
  await pay()
  t.match(await row(), { failures_in_row: 0 }, 'though a success was written a moment before')
})
