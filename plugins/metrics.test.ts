import t, { type Test } from 'tap'
import { createMetrics } from '../core/metrics.ts'
import { bearer, httpApp } from '../test/support/http-app.ts'
import { metrics } from './metrics.ts'

async function world (t: Test) {
  const app = await httpApp(t)
  const made = createMetrics({ processMetrics: false })
  await app.register(metrics, { metrics: made })
  app.get('/v1/payments/:id', async () => ({}))
  const read = async () => (await app.inject('/metrics')).body
  return { app, made, read }
}

t.test('requests are counted by route template, never by URL', async t => {
  const { app, read } = await world(t)
  for (const id of ['pay_1', 'pay_2']) await app.inject(`/v1/payments/${id}`)
  await app.inject('/nothing/here')
  const text = await read()
  t.match(text, /pasarela_http_request_seconds_count\{method="GET",route="\/v1\/payments\/:id",status="200"\} 2/)
  t.match(text, /route="none",status="404"\} 1/)
  t.match(text, /pasarela_http_requests_in_flight 1\n/, 'the one that reads')
  t.notMatch(text, /pay_1|nothing/)
})

t.test('what the domain counts is there, and gauges are asked when they are read', async t => {
  const { made, read } = await world(t)
  made.inbound.inc({ provider: 'acme', verdict: 'refused' })
  made.operations.inc({ provider: 'acme', operation: 'create_payment', outcome: 'unknown' })
  let waiting = 3
  made.gauge('pasarela_queue_oldest_seconds', 'Age of the oldest work that is due', ['kind'], async () => [{ labels: { kind: 'inbound' }, value: waiting }])
  t.match(await read(), /pasarela_inbound_total\{provider="acme",verdict="refused"\} 1/)
  waiting = 7
  t.match(await read(), /pasarela_queue_oldest_seconds\{kind="inbound"\} 7/)
})

t.test('metrics are for this machine and for staff', async t => {
  const { app } = await world(t)
  const ask = async (remoteAddress: string, headers = {}) => (await app.inject({ url: '/metrics', remoteAddress, headers })).statusCode
  t.equal(await ask('127.0.0.1'), 200)
  t.equal(await ask('::1'), 200)
  t.equal(await ask('203.0.113.1'), 403)
  t.equal(await ask('127.0.0.1', { 'x-forwarded-for': '203.0.113.1' }), 403, 'a proxy on this machine is not this machine')
  t.equal(await ask('203.0.113.1', bearer()), 403, 'a tenant')
  t.equal(await ask('203.0.113.1', bearer({ role: 'support' })), 200)
})

t.test('process metrics can be had, one registry per app', async t => {
  const [one, two] = [createMetrics(), createMetrics({ processMetrics: false })]
  t.match(await one.registry.metrics(), /process_cpu_seconds_total/)
  t.notMatch(await two.registry.metrics(), /process_cpu/)
})
