import t from 'tap'
import { accessApp, type AccessApp, type TestTenant } from '../../test/support/access-app.ts'
import type { Mode } from '../adapter/context.ts'
import type { OperationName } from '../adapter/manifest.ts'
import { inTenant } from '../db/in-tenant.ts'
import { newUuid, publicId } from '../ids.ts'
import { finishOperation, insertOperation } from './call.ts'

let house: AccessApp
t.before(async () => { house = await accessApp(t) })

interface Called { kind?: OperationName, connectionId?: string, subjectId?: string, mode?: Mode, outcome?: 'succeeded' | 'refused' | 'unknown' }

async function called (tenant: TestTenant, { kind = 'create_payment', connectionId = newUuid(house.hub.now()), subjectId = newUuid(house.hub.now()), mode = 'test', outcome }: Called = {}): Promise<string> {
  const now = house.hub.now()
  const connection = { id: connectionId, mode, adapter: { manifest: { id: 'stripe' } } } as never
  return await inTenant(house.hub.db, tenant.uuid, async db => {
    const id = await insertOperation(db, now, { connection, kind, subjectId, idempotencyKey: 'att_1', requestId: 'req_1' })
    if (outcome !== undefined) {
      await finishOperation(db, id, {
        outcome, errorCode: outcome === 'refused' ? 'card_declined' : null, providerCode: outcome === 'refused' ? 'generic_decline' : null, httpStatus: 402, durationMs: 12, finishedAt: now,
        exchanges: [{ method: 'POST', url: 'https://api.stripe.com/v1/payment_intents', status: 402, duration_ms: 11, request: 'amount=1000', response: '{}' }]
      })
    }
    return publicId('operation', id)
  })
}

t.test('every call is listed with how it ended, and read with what was said', async t => {
  const tenant = await house.tenant()
  const { key } = await house.key(tenant)
  const subjectId = newUuid(house.hub.now())
  const id = await called(tenant, { subjectId, outcome: 'refused' })
  const { body: { data } } = await house.ask('GET', '/v1/operations', { key })
  t.match(data, [{
    id, object: 'operation', mode: 'test', connection: /^con_/, provider: 'stripe', kind: 'create_payment', subject: publicId('payment', subjectId), outcome: 'refused',
    error_code: 'card_declined', provider_code: 'generic_decline', http_status: 402, duration_ms: 12, idempotency_key: 'att_1', request_id: 'req_1', started_at: String, finished_at: String
  }])
  t.notOk('exchanges' in data[0], 'what was said can be long')
  t.same((await house.ask('GET', `/v1/operations/${id}`, { key })).body.exchanges, [{ method: 'POST', url: 'https://api.stripe.com/v1/payment_intents', status: 402, duration_ms: 11, request: 'amount=1000', response: '{}' }])
})

t.test('one that has not ended yet says so', async t => {
  const tenant = await house.tenant()
  const { key } = await house.key(tenant)
  const id = await called(tenant)
  t.match((await house.ask('GET', `/v1/operations/${id}`, { key })).body, { outcome: 'running', finished_at: null, duration_ms: null, exchanges: [] })
})

t.test('by connection, kind, outcome and what it was for', async t => {
  const tenant = await house.tenant()
  const { key } = await house.key(tenant)
  const [connectionId, payment, refund] = [newUuid(house.hub.now()), newUuid(house.hub.now()), newUuid(house.hub.now())]
  const test = await called(tenant, { kind: 'test', connectionId, subjectId: connectionId, outcome: 'succeeded' })
  const taken = await called(tenant, { subjectId: payment, outcome: 'unknown' })
  const back = await called(tenant, { kind: 'refund', subjectId: refund, outcome: 'refused' })
  const listed = async (query: string) => (await house.ask('GET', `/v1/operations?${query}`, { key })).body.data.map(({ id }: { id: string }) => id)
  t.same(await listed(`connection=${publicId('connection', connectionId)}`), [test])
  t.same(await listed('kind=refund'), [back])
  t.same(await listed('outcome=unknown'), [taken])
  t.same(await listed(`subject=${publicId('payment', payment)}`), [taken])
  t.same(await listed(`subject=${publicId('refund', refund)}`), [back])
  t.match((await house.ask('GET', `/v1/operations/${back}`, { key })).body, { subject: publicId('refund', refund) })
  t.match((await house.ask('GET', `/v1/operations/${test}`, { key })).body, { subject: publicId('connection', connectionId) })
  for (const query of ['connection=pay_1', 'kind=drop_table', 'outcome=maybe', 'subject=1']) t.equal((await house.ask('GET', `/v1/operations?${query}`, { key })).status, 400, query)
})

t.test('the other mode’s are not there', async t => {
  const tenant = await house.tenant()
  const { key } = await house.key(tenant)
  const id = await called(tenant, { mode: 'live' })
  t.same((await house.ask('GET', '/v1/operations', { key })).body.data, [])
  t.equal((await house.ask('GET', `/v1/operations/${id}`, { key })).status, 404)
})
