/** One request and all that follows from it is one trace, and one thread through the log; and neither holds a secret or a person. */
import { createServer } from 'node:http'
import { once } from 'node:events'
import type { AddressInfo } from 'node:net'
import t from 'tap'
import { InMemorySpanExporter, type ReadableSpan, SimpleSpanProcessor } from '@opentelemetry/sdk-trace'
import { loadConfig } from '../core/config.ts'
import { startTelemetry } from '../core/telemetry/start.ts'
import { card, order, testApp } from './support/app.ts'
import { eventually } from './support/eventually.ts'

t.setTimeout(120_000)

t.test('traced', async t => {
  const exporter = new InMemorySpanExporter()
  const telemetry = await startTelemetry({ config: loadConfig({}), role: 'api+worker', processors: [new SimpleSpanProcessor({ exporter })] })
  const partner = await receiver()
  t.teardown(partner.close)
  const house = await testApp(t, { env: { RESOLVER_SCHEDULE: '100ms,200ms,400ms', INBOUND_SCHEDULE: '100ms,1s', WEBHOOK_PRIVATE_ADDRESSES: 'true' } })
  t.teardown(async () => { await telemetry?.shutdown() })
  const { simulator, ask } = house
  const { client, testKey, connection, id: tenant } = await house.tenant({ name: 'Abarrotes Lupita' })
  const { secret: signing } = await house.must('POST', '/v1/webhook_endpoints', { key: testKey, body: { url: partner.url, event_types: ['*'] } })

  let count = 0
  /** Of a partner that traces, too. */
  const traceparent = () => ({ traceparent: `00-${(++count).toString(16).padStart(32, 'a')}-00f067aa0ba902b7-01` })
  const spans = () => exporter.getFinishedSpans()
  const inTrace = (header: { traceparent: string }) => spans().filter(span => span.spanContext().traceId === header.traceparent.slice(3, 35))
  const names = (found: readonly ReadableSpan[]) => found.map(({ name }) => name)
  const nested = (found: readonly ReadableSpan[], remote: string) => {
    const ids = new Set([remote, ...found.map(span => span.spanContext().spanId)])
    return found.filter(span => !ids.has(span.parentSpanContext?.spanId ?? '')).map(({ name }) => name)
  }
  const person = { name: 'Guadalupe Hernández', email: 'lupita@example.com', phone: '+525512345678', tax_id: 'HEGG560427MVA' }

  await t.test('a payment: the request, the call to the provider, the exchange, the event, and its delivery to the partner', async t => {
    const header = traceparent()
    const answer = await client('POST', '/v1/payments', { headers: header, body: { ...order, customer: person, description: 'Despensa para doña Lupita', reference: 'order-17' } })
    t.equal(answer.status, 201)
    await eventually('the partner heard of it', () => partner.got().some(({ body }) => body.includes(answer.body.id)))
    await eventually('its delivery is told', () => names(inTrace(header)).includes('POST webhook endpoint'))
    const found = inTrace(header)
    const named = (name: string) => found.find(span => span.name === name)
    t.match(named('POST /v1/payments')?.attributes, { 'http.request.method': 'POST', 'http.route': '/v1/payments', 'http.response.status_code': 201, 'pasarela.tenant': tenant, 'pasarela.request_id': answer.headers.get('request-id') })
    t.match(named('stripe create_payment')?.attributes, {
      'pasarela.provider': 'stripe', 'pasarela.call': 'create_payment', 'pasarela.outcome': 'succeeded', 'pasarela.mode': 'test', 'pasarela.tenant': tenant, 'pasarela.connection': connection, 'pasarela.operation': /^op_/
    })
    t.match(named('POST')?.attributes, { 'http.request.method': 'POST', 'server.address': '127.0.0.1', 'http.response.status_code': 200 })
    t.equal(named('POST')?.parentSpanContext?.spanId, named('stripe create_payment')?.spanContext().spanId)
    t.equal(named('stripe create_payment')?.parentSpanContext?.spanId, named('POST /v1/payments')?.spanContext().spanId)
    t.same(nested(found, '00f067aa0ba902b7'), [], 'every span hangs below another')
    const sent = partner.got().find(({ body }) => body.includes(answer.body.id) && body.includes('payment.succeeded'))
    t.equal(sent?.traceparent?.slice(3, 35), header.traceparent.slice(3, 35), 'and the partner can go on in it')
  })

  await t.test('an answer that was lost: the job that finds out goes on in the trace of the request, though it was the sweeper that brought it', async t => {
    const header = traceparent()
    // Nobody else tells: the provider's webhook would be sooner than the question.
    simulator.deliver({ how: 'hold' })
    simulator.inject({ kind: 'cut_after', method: 'POST', path: '/v1/payment_intents' })
    const answer = await client('POST', '/v1/payments', { headers: header, body: order })
    t.match([answer.status, answer.body.status], [202, 'unknown'])
    await eventually('it is known', async () => (await client('GET', `/v1/payments/${answer.body.id}`)).body.status === 'succeeded')
    await eventually('the job is told', () => names(inTrace(header)).includes('process payment'))
    const job = inTrace(header).find(({ name }) => name === 'process payment')
    t.match(job?.attributes, { 'pasarela.tenant': tenant, 'pasarela.job': /^payment\.[0-9a-f-]{36}$/ })
    t.ok(inTrace(header).some(span => span.name.startsWith('stripe ') && span.parentSpanContext?.spanId === job?.spanContext().spanId), 'and what it asked the provider')
    const call = inTrace(header).find(span => span.name === 'stripe create_payment')
    t.match(call?.attributes, { 'pasarela.outcome': 'unknown', 'error.type': 'timeout_unknown' })
    simulator.deliver({ how: 'release' })
  })

  await t.test('a webhook of the provider is a trace of its own, whatever it says: the request, the job', async t => {
    await simulator.settled()
    await house.quiet()
    const hook = spans().find(({ name }) => name === 'POST /hooks/:token')!
    t.ok(hook)
    t.equal(hook.parentSpanContext, undefined)
    // A job's span ends after what it wrote can be read.
    await eventually('its job is told', () => spans().some(span => span.name === 'process inbound' && span.spanContext().traceId === hook.spanContext().traceId))
    const ours = new Set(spans().filter(({ name }) => name === 'POST /v1/payments').map(span => span.spanContext().traceId))
    await eventually('one gets from a job to the trace of its payment', () => spans().some(({ name, links }) => name === 'process inbound' && links.some(({ context }) => ours.has(context.traceId))))
    exporter.reset()
    await ask('POST', '/hooks/nothing', { headers: traceparent(), body: {} })
    await eventually('it is told', () => names(spans()).includes('POST /hooks/:token'))
    t.equal(spans().find(({ name }) => name === 'POST /hooks/:token')?.parentSpanContext, undefined, 'nobody outside begins our traces')
  })

  await t.test('a trace that begins here has the id of its request; health is not traced', async t => {
    const answer = await client('GET', '/v1/payments')
    await eventually('it is told', () => names(spans()).includes('GET /v1/payments'))
    t.equal(spans().find(({ name }) => name === 'GET /v1/payments')?.spanContext().traceId, answer.headers.get('request-id')?.slice(4))
    for (const path of ['/health', '/ready', '/metrics']) await ask('GET', path)
    await client('GET', '/v1/customers')
    await eventually('the last is told', () => names(spans()).includes('GET /v1/customers'))
    t.same(names(spans()).filter(name => /health|ready|metrics/.test(name)), [])
    const refused = await ask('GET', '/v1/payments', { key: 'pas_test_wrong', headers: { traceparent: 'ff-not-a-trace' } })
    t.equal(refused.status, 401)
  })

  await t.test('what is logged says request, tenant, connection, operation, job and trace, each once', async t => {
    const lines = house.logged().trim().split('\n')
    const keys = (line: string) => [...line.matchAll(/"(request_id|tenant|connection|operation|job|trace_id|span_id)":/g)].map(([, key]) => key!)
    t.same(lines.filter(line => new Set(keys(line)).size < keys(line).length), [])
    const parsed = lines.map(line => JSON.parse(line))
    t.ok(parsed.some(line => line.request_id !== undefined && line.trace_id !== undefined), 'of a request')
    const hook = parsed.find(line => line.job?.startsWith('payment.') === true || line.operation !== undefined)
    t.match(hook, { tenant: /^ten_/ }, 'of a job or a call')
  })

  await t.test('no secret and no person is in a span', async t => {
    const header = traceparent()
    const customer = (await client('POST', '/v1/customers', { headers: header, body: person })).body
    await client('POST', '/v1/payments', { headers: header, body: { ...order, customer: customer.id, method: card('pm_card_visa_chargeDeclined'), description: 'Despensa para doña Lupita', metadata: { note: 'tarjeta de Lupita' } } })
    await client('GET', '/v1/payments?reference=HEGG560427MVA', { headers: header })
    await client('POST', '/v1/customers', { headers: header, body: { ...person, email: 'lupita@' } })
    await client('POST', '/v1/connections', { headers: header, body: { provider: 'stripe', mode: 'test', label: 'de Lupita', credentials: { secret_key: 'sk_test_lupita00000000000000000000' } } })
    await house.quiet()
    const told = JSON.stringify(spans().map(({ name, attributes, events, links, status, resource }) => ({ name, attributes, events, links, status, resource: resource.attributes })))
    t.ok(told.length > 5_000, `${told.length} characters`)
    const credentials = Object.values(simulator.credentials('test'))
    for (const secret of [testKey, house.platformKey, signing, ...credentials, ...Object.values(person), 'upita', 'Despensa', 'pm_card', 'order-17', 'sk_test', 'whsec', 'pas_test', '/hooks/w', 'reference=']) {
      t.notOk(told.includes(secret), `${secret.slice(0, 12)}…`)
    }
    for (const { pathname } of simulator.requests().map(({ path }) => new URL(path, 'http://x'))) if (/\/(pi|cus|pm|re)_/.test(pathname)) t.notOk(told.includes(pathname), 'nor a path of the provider’s')
  })
})

async function receiver () {
  const got: { body: string, traceparent: string | undefined }[] = []
  const server = createServer((request, response) => {
    let body = ''
    request.on('data', (chunk: Buffer) => { body += chunk.toString() }).on('end', () => {
      got.push({ body, traceparent: request.headers.traceparent as string | undefined })
      response.end('ok')
    })
  }).listen(0, '127.0.0.1')
  await once(server, 'listening')
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}/`,
    got: () => got,
    close: async () => {
      server.closeAllConnections()
      await new Promise<void>(resolve => server.close(() => { resolve() }))
    }
  }
}
