import { randomUUID } from 'node:crypto'
import t, { type Test } from 'tap'
import { sql } from 'kysely'
import { inTenant } from '../db/in-tenant.ts'
import { HubError, type ErrorCode } from '../errors.ts'
import { testDatabase, type TestDatabase } from '../../test/support/database.ts'
import { createIdempotency, recordSubject, type Answer, type Begun, type Idempotency, type IdempotencyService } from './service.ts'
import { requestHash } from './request-hash.ts'

const leaseMs = 10_000
const keepMs = 24 * 3_600_000
const answer: Answer = { status: 201, headers: { 'content-type': 'application/json' }, body: '{"id":"pay_1","client_secret":"shown-once"}' }

interface World extends TestDatabase {
  tenant: string
  other: string
  clock: { now: Date }
  /** A process of its own: another owner. */
  process: (faults?: { seal?: () => void }) => IdempotencyService
  errors: unknown[]
}

async function world (t: Test): Promise<World> {
  const database = await testDatabase(t)
  const [tenant, other] = [randomUUID(), randomUUID()]
  for (const id of [tenant, other]) await database.owner.insertInto('tenants').values({ id, name: id, country: 'MX' }).execute()
  const clock = { now: new Date('2026-11-21T12:00:00Z') }
  const errors: unknown[] = []
  return {
    ...database, tenant, other, clock, errors,
    process: ({ seal = () => {} } = {}) => createIdempotency({
      db: database.db,
      vault: {
        seal: async (...parts) => {
          seal()
          return Buffer.from(JSON.stringify(parts)).toString('base64')
        },
        open: async (tenant, subject, use, sealed) => {
          const [of, about, purpose, text] = JSON.parse(Buffer.from(sealed, 'base64').toString())
          if (of !== tenant || about !== subject || purpose !== use) throw new Error('sealed for another place')
          return Buffer.from(text)
        }
      },
      now: () => clock.now,
      owner: randomUUID(),
      leaseMs,
      keepMs,
      onError: error => { errors.push(error) }
    })
  }
}

const hashOf = (body: unknown) => requestHash({ method: 'POST', url: '/v1/payments', body })
const same = hashOf({ amount: 1 })

function runOf (begun: Begun): Idempotency {
  if (!('run' in begun)) throw new Error('it was replayed')
  return begun.run
}

async function codeOf (work: Promise<unknown>): Promise<ErrorCode | undefined> {
  try {
    await work
  } catch (error) {
    if (error instanceof HubError) return error.code
    throw error
  }
  return undefined
}

t.test('the first answer is repeated to the same request, and only to the same', async t => {
  const { process, tenant, owner } = await world(t)
  const one = process()
  const name = { tenantId: tenant, mode: 'test' as const, key: 'order-1' }
  await one.end(runOf(await one.begin(name, same)), answer, undefined)
  t.same(await process().begin(name, same), { replay: { ...answer, body: Buffer.from(String(answer.body)) } })
  t.equal(await codeOf(process().begin(name, hashOf({ amount: 2 }))), 'idempotency_mismatch')
  const row = await owner.selectFrom('idempotency_keys').selectAll().executeTakeFirstOrThrow()
  t.notMatch(row.answer_sealed, /shown-once/, 'the answer is sealed')
})

t.test('an answer without a body is repeated without one', async t => {
  const { process, tenant } = await world(t)
  const it = process()
  const name = { tenantId: tenant, mode: 'test' as const, key: 'k' }
  await it.end(runOf(await it.begin(name, same)), { status: 204, headers: {}, body: null }, undefined)
  t.same(await it.begin(name, same), { replay: { status: 204, headers: {}, body: null } })
})

t.test('a key belongs to one tenant and one mode', async t => {
  const { process, tenant, other } = await world(t)
  const it = process()
  await it.end(runOf(await it.begin({ tenantId: tenant, mode: 'test', key: 'k' }, same)), answer, undefined)
  t.ok('run' in await it.begin({ tenantId: other, mode: 'test', key: 'k' }, same), 'another tenant')
  t.ok('run' in await it.begin({ tenantId: tenant, mode: 'live', key: 'k' }, same), 'the other mode')
})

t.test('while the first runs the second waits, in the same process and in another', async t => {
  const { process, tenant } = await world(t)
  const [one, two] = [process(), process()]
  const name = { tenantId: tenant, mode: 'test' as const, key: 'k' }
  await one.begin(name, same)
  t.equal(await codeOf(one.begin(name, same)), 'idempotency_in_progress')
  t.equal(await codeOf(two.begin(name, same)), 'idempotency_in_progress')
  t.equal(await codeOf(one.begin(name, hashOf(2))), 'idempotency_mismatch')
  t.equal(await codeOf(two.begin(name, hashOf(2))), 'idempotency_mismatch')
})

t.test('of 50 at once, over several processes, exactly one runs', async t => {
  const { process, tenant } = await world(t)
  const processes = [process(), process(), process()]
  const name = { tenantId: tenant, mode: 'test' as const, key: 'k' }
  let executions = 0
  const outcomes = await Promise.all(Array.from({ length: 50 }, async (_, index) => {
    const it = processes[index % processes.length] as IdempotencyService
    try {
      const begun = await it.begin(name, same)
      if ('replay' in begun) return 'replayed'
      executions++
      await it.end(begun.run, answer, undefined)
      return 'ran'
    } catch (error) {
      return (error as HubError).code
    }
  }))
  t.equal(executions, 1)
  t.same(new Set(outcomes.filter(outcome => !['ran', 'replayed', 'idempotency_in_progress'].includes(outcome))), new Set())
  t.ok('replay' in await process().begin(name, same))
})

t.test('a request that was refused before anything was executed leaves the key free', async t => {
  const { process, tenant } = await world(t)
  const it = process()
  const name = { tenantId: tenant, mode: 'test' as const, key: 'k' }
  const refusals: Array<[number, ErrorCode]> = [[400, 'request_invalid'], [401, 'unauthenticated'], [403, 'forbidden'], [413, 'payload_too_large'], [415, 'unsupported_media_type'], [429, 'rate_limited'], [409, 'operation_in_progress'], [409, 'outcome_unknown'], [503, 'unavailable']]
  for (const [status, code] of refusals) {
    await it.end(runOf(await it.begin(name, same)), { status, headers: {}, body: '{}' }, code)
    const next = runOf(await it.begin(name, hashOf({ corrected: code })))
    t.equal(next.subject, undefined, code)
    await it.end(next, { status: 400, headers: {}, body: '{}' }, 'request_invalid')
  }
})

t.test('what an executed request failed with is repeated', async t => {
  const { process, tenant } = await world(t)
  const it = process()
  for (const [status, code] of [[404, 'not_found'], [409, 'invalid_state'], [422, 'provider_refused'], [500, 'internal'], [502, 'provider_unavailable'], [504, 'provider_outcome_unknown']] as Array<[number, ErrorCode]>) {
    const name = { tenantId: tenant, mode: 'test' as const, key: code }
    await it.end(runOf(await it.begin(name, same)), { status, headers: {}, body: code }, code)
    t.match(await it.begin(name, same), { replay: { status, body: Buffer.from(code) } }, code)
  }
})

t.test('a refusal after the intent was written is kept: the key never allows a second one', async t => {
  const { process, tenant, db } = await world(t)
  const it = process()
  const name = { tenantId: tenant, mode: 'test' as const, key: 'k' }
  const run = runOf(await it.begin(name, same))
  await inTenant(db, tenant, async db => { await recordSubject(db, run, 'pay_1') })
  await it.end(run, { status: 429, headers: {}, body: 'the provider is busy' }, 'rate_limited')
  t.match(await it.begin(name, same), { replay: { status: 429 } })
})

t.test('a process that stops hands what it began to the next request at once', async t => {
  const { process, tenant, db } = await world(t)
  const it = process()
  const name = { tenantId: tenant, mode: 'test' as const, key: 'k' }
  const run = runOf(await it.begin(name, same))
  await inTenant(db, tenant, async db => { await recordSubject(db, run, 'pay_1') })
  await it.end(run, { status: 503, headers: {}, body: '{}' }, 'unavailable')
  await it.renew()
  t.equal(runOf(await it.begin(name, same)).subject, 'pay_1')
})

t.test('what a killed process began is taken over when its lease has lapsed, and not before', async t => {
  const { process, tenant, db, clock } = await world(t)
  const [killed, next] = [process(), process()]
  const name = { tenantId: tenant, mode: 'test' as const, key: 'k' }
  const lost = runOf(await killed.begin(name, same))
  await inTenant(db, tenant, async db => { await recordSubject(db, lost, 'pay_1') })
  t.equal(await codeOf(next.begin(name, same)), 'idempotency_in_progress')

  clock.now = new Date(clock.now.getTime() + leaseMs)
  t.equal(await codeOf(next.begin(name, hashOf(2))), 'idempotency_mismatch', 'another body takes nothing over')
  const run = runOf(await next.begin(name, same))
  t.equal(run.subject, 'pay_1', 'it learns how far the first got')
  await next.end(run, answer, undefined)
  await killed.end(lost, { status: 500, headers: {}, body: 'late' }, 'internal')
  t.match(await process().begin(name, same), { replay: { status: 201 } }, 'the answer of the one that was overtaken does not count')
})

t.test('of two runs only the one that holds the key can write the intent', async t => {
  const { process, tenant, db, clock } = await world(t)
  const [slow, next] = [process(), process()]
  const name = { tenantId: tenant, mode: 'test' as const, key: 'k' }
  const overtaken = runOf(await slow.begin(name, same))
  clock.now = new Date(clock.now.getTime() + leaseMs)
  const run = runOf(await next.begin(name, same))
  t.equal(run.subject, undefined)

  const intent = async (of: Idempotency, email: string) => await inTenant(db, tenant, async db => {
    await sql`insert into users (tenant_id, id, email, name, role, password_hash) values (${tenant}, ${randomUUID()}, ${email}, 'x', 'viewer', 'x')`.execute(db)
    await recordSubject(db, of, `usr_${email}`)
  })
  t.equal(await codeOf(intent(overtaken, 'first@example.com')), 'idempotency_in_progress')
  await intent(run, 'second@example.com')
  const users = await inTenant(db, tenant, async db => await db.selectFrom('users').select('email').execute())
  t.same(users, [{ email: 'second@example.com' }], 'what the overtaken run wrote was rolled back')
})

t.test('a run that is only slow keeps its key, as long as its process lives', async t => {
  const { process, tenant, clock } = await world(t)
  const [slow, next] = [process(), process()]
  const name = { tenantId: tenant, mode: 'test' as const, key: 'k' }
  const run = runOf(await slow.begin(name, same))
  for (let round = 0; round < 5; round++) {
    clock.now = new Date(clock.now.getTime() + leaseMs - 1)
    await slow.renew()
    t.equal(await codeOf(next.begin(name, same)), 'idempotency_in_progress')
  }
  await slow.end(run, answer, undefined)
  t.ok('replay' in await next.begin(name, same))
})

t.test('an answer that could not be kept is kept later, and until then nothing is executed again', async t => {
  let broken = true
  const { process, tenant, errors } = await world(t)
  const it = process({ seal: () => { if (broken) throw new Error('no data key') } })
  const name = { tenantId: tenant, mode: 'test' as const, key: 'k' }
  await it.end(runOf(await it.begin(name, same)), answer, undefined)
  t.match(errors, [{ message: 'no data key' }])
  t.equal(await codeOf(it.begin(name, same)), 'unavailable')
  broken = false
  await it.renew()
  t.match(await it.begin(name, same), { replay: { status: 201 } })
})

t.test('a key is forgotten when its time is over', async t => {
  const { process, tenant, clock, db } = await world(t)
  const it = process()
  const name = { tenantId: tenant, mode: 'test' as const, key: 'k' }
  await it.end(runOf(await it.begin(name, same)), answer, undefined)
  clock.now = new Date(clock.now.getTime() + keepMs)
  const run = runOf(await it.begin(name, hashOf(2)))
  t.equal(run.subject, undefined)
  await it.end(run, answer, undefined)
  clock.now = new Date(clock.now.getTime() + keepMs + 1)
  const { rows } = await sql<{ count: number }>`select gate.forget_idempotency_keys(${clock.now}, 100) as count`.execute(db)
  t.same(rows, [{ count: 1 }])
})

t.test('row-level security holds in the functions: a key of another tenant is neither seen nor ended', async t => {
  const { process, tenant, other, owner, db } = await world(t)
  const it = process()
  const run = runOf(await it.begin({ tenantId: tenant, mode: 'test', key: 'k' }, same))
  await it.end({ ...run, tenantId: other }, answer, undefined)
  const { rows } = await sql`select app.finish_idempotency_key(${other}, 'test', 'k', ${run.owner}, 200, 'x') as done`.execute(db)
  t.same(rows, [{ done: false }])
  t.match(await owner.selectFrom('idempotency_keys').selectAll().execute(), [{ tenant_id: tenant, answer_status: null }])
})

t.test('the meaning of a body counts, not how it is written', async t => {
  const hash = (body: unknown, url = '/v1/x', method = 'POST') => requestHash({ method, url, body }).toString('hex')
  t.equal(hash({ a: 1, b: { c: 2, d: [1, 2] } }), hash({ b: { d: [1, 2], c: 2 }, a: 1 }))
  const different = [hash({ a: 1 }), hash({ a: '1' }), hash({ a: 1, b: null }), hash({ a: [1, 2] }), hash({ a: [2, 1] }), hash({ a: 1 }, '/v1/x?y=1'), hash({ a: 1 }, '/v1/y'), hash(undefined), hash('{"a":1}'), hash(Buffer.from('{"a":1}'))]
  t.equal(new Set(different).size, different.length)
})
