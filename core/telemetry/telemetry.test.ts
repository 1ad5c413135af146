import { createServer } from 'node:http'
import { once } from 'node:events'
import type { AddressInfo } from 'node:net'
import { SpanKind as QueueSpanKind } from 'bullmq'
import { InMemorySpanExporter, SimpleSpanProcessor } from '@opentelemetry/sdk-trace'
import fc from 'fast-check'
import t from 'tap'
import { loadConfig } from '../config.ts'
import { queueTelemetry } from './queue-telemetry.ts'
import { contextOf, errorType, inSpan, isTracing, linkTo, pastSpan, spanIds, traceparent, withinSpan } from './spans.ts'
import { samplerNames, startTelemetry } from './start.ts'
import { formatTraceparent, parseTraceparent } from './traceparent.ts'
import { atWork, currentWork, noteWork } from './work.ts'

const hex = (length: number) => fc.string({ unit: fc.constantFrom(...'0123456789abcdef'), minLength: length, maxLength: length }).filter(text => !/^0+$/.test(text))

t.test('a traceparent is read as it was written, and nothing else is one', async t => {
  fc.assert(fc.property(hex(32), hex(16), fc.boolean(), (traceId, spanId, sampled) => {
    const text = formatTraceparent({ traceId, spanId, traceFlags: sampled ? 1 : 0 })
    t.match(parseTraceparent(text), { traceId, spanId, traceFlags: sampled ? 1 : 0, isRemote: true })
  }), { numRuns: 100 })
  fc.assert(fc.property(fc.string({ maxLength: 80 }), text => { parseTraceparent(text) }), { numRuns: 200 })
  const [trace, span] = ['0af7651916cd43dd8448eb211c80319c', 'b7ad6b7169203331']
  for (const text of [
    '', undefined, 7, ['00'], `00-${trace}-${span}`, `00-${'0'.repeat(32)}-${span}-01`, `00-${trace}-${'0'.repeat(16)}-01`, `ff-${trace}-${span}-01`, `00-${trace}-${span}-01-more`,
    `00-${trace.toUpperCase()}-${span}-01`, `00-${trace}-${span}-01'; drop table payments`, `00-${trace}-${span}-1`
  ]) t.equal(parseTraceparent(text), undefined, String(text))
  t.match(parseTraceparent(`01-${trace}-${span}-01-what-a-later-version-says`), { traceId: trace }, 'a later version may say more')
})

t.test('without a collector nothing is traced, and work is done all the same', async t => {
  t.equal(await startTelemetry({ config: loadConfig({}), role: 'api' }), undefined)
  t.equal(await startTelemetry({ config: loadConfig({ OTEL_EXPORTER_OTLP_ENDPOINT: 'http://127.0.0.1:1', OTEL_SDK_DISABLED: 'true' }), role: 'api' }), undefined)
  t.equal(isTracing(), false)
  t.equal(await inSpan('x', {}, async span => { span.setAttribute('a', 1); return traceparent() }), null)
  t.equal(spanIds(), undefined)
  linkTo('00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01')
})

t.test('samplers are those of the standard', async t => {
  for (const name of samplerNames) t.equal(loadConfig({ OTEL_TRACES_SAMPLER: name, OTEL_TRACES_SAMPLER_ARG: '0.25' }).otelTracesSampler, name)
  t.throws(() => loadConfig({ OTEL_TRACES_SAMPLER: 'jaeger_remote' }), /OTEL_TRACES_SAMPLER/)
  t.throws(() => loadConfig({ OTEL_TRACES_SAMPLER_ARG: '1.5' }), /OTEL_TRACES_SAMPLER_ARG/)
})

t.test('what is worked on goes along, and what is learnt later is known from then on', async t => {
  noteWork({ tenant: 'nobody' }) // outside of any work
  await Promise.all(['a', 'b'].map(async id => await atWork({ request_id: id }, async () => {
    await new Promise(resolve => { setImmediate(resolve) })
    noteWork({ tenant: `ten_${id}` })
    await new Promise(resolve => { setImmediate(resolve) })
    t.same(currentWork(), { request_id: id, tenant: `ten_${id}` })
  })))
  t.equal(currentWork(), undefined)
})

t.test('traced', async t => {
  const exporter = new InMemorySpanExporter()
  const telemetry = (await startTelemetry({ config: loadConfig({ OTEL_RESOURCE_ATTRIBUTES: 'deployment.environment.name=proof%201' }), role: 'api', processors: [new SimpleSpanProcessor({ exporter })] }))!
  t.teardown(async () => { await telemetry.shutdown() })
  t.beforeEach(() => { exporter.reset() })
  const spans = () => exporter.getFinishedSpans()

  t.test('a span within a span is its child; what is thrown is told by its code alone', async t => {
    const failure = Object.assign(new Error('card 4242424242424242 of ana@example.com was refused'), { code: 'card_declined' })
    await t.rejects(inSpan('outer', {}, async () => {
      pastSpan('before', { attributes: { n: 1 } }, 20, 'timeout')
      await inSpan('inner', {}, async () => { throw failure })
    }), failure)
    const [before, inner, outer] = spans()
    t.same([before?.name, inner?.name, outer?.name], ['before', 'inner', 'outer'])
    for (const child of [before, inner]) t.equal(child?.parentSpanContext?.spanId, outer?.spanContext().spanId)
    t.equal(inner?.attributes['error.type'], 'card_declined')
    t.same(spans().flatMap(span => span.events), [], 'no message, no stack')
    t.match(spans()[0]?.resource.attributes, { 'service.name': 'pasarela', 'pasarela.role': 'api', 'deployment.environment.name': 'proof 1' })
    t.equal(errorType(new TypeError('x')), 'TypeError')
    t.equal(errorType('x'), 'unknown')
  })

  t.test('a trace goes on from what a row kept, or begins', async t => {
    const kept = await inSpan('request', {}, async () => traceparent())
    await inSpan('job', { parent: kept }, async () => {})
    await inSpan('another', { parent: null }, async () => { linkTo(kept) })
    const [request, job, another] = spans()
    t.equal(job?.spanContext().traceId, request?.spanContext().traceId)
    t.equal(job?.parentSpanContext?.spanId, request?.spanContext().spanId)
    t.not(another?.spanContext().traceId, request?.spanContext().traceId)
    t.equal(another?.links[0]?.context.spanId, request?.spanContext().spanId)
  })

  t.test('what the caller does not sample is not kept with the row', async t => {
    t.equal(withinSpan(contextOf('00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-00'), traceparent), null)
    t.ok(withinSpan(contextOf('00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01'), traceparent))
  })

  t.test('workers that look for jobs are not traced; the job is, in the trace of who made it', async t => {
    const { tracer, contextManager } = queueTelemetry()
    const look = tracer.startSpan('getNextJob payment', { kind: QueueSpanKind.INTERNAL })
    look.recordException({ message: 'x' } as never)
    look.end()
    t.same(spans(), [])
    let metadata = ''
    await inSpan('request', {}, async () => {
      const add = tracer.startSpan('add payment', { kind: QueueSpanKind.PRODUCER })
      metadata = contextManager.getMetadata(add.setSpanOnContext(contextManager.active()))
      add.end()
    })
    const job = tracer.startSpan('process payment', { kind: QueueSpanKind.CONSUMER }, contextManager.fromMetadata(contextManager.root!(), metadata))
    job.recordException(Object.assign(new Error('password of ana@example.com'), { code: 'ECONNRESET' }) as never)
    job.addEvent('job failed', { reason: 'ana@example.com' })
    job.end()
    const [add, request, process] = spans()
    t.equal(process?.parentSpanContext?.spanId, add?.spanContext().spanId)
    t.equal(process?.spanContext().traceId, request?.spanContext().traceId)
    t.match(process?.attributes, { 'error.type': 'ECONNRESET' })
    t.same(process?.events, [])
    t.equal(contextManager.getMetadata(contextManager.root!()), '')
  })
})

t.test('traces leave by OTLP, to the endpoint and with the headers of the standard variables; a collector that is away costs nothing', async t => {
  const got: { url?: string, auth?: string, body: string }[] = []
  const server = createServer((request, response) => {
    let body = ''
    request.on('data', (chunk: Buffer) => { body += chunk.toString() }).on('end', () => {
      got.push({ url: request.url!, auth: request.headers.authorization!, body })
      response.setHeader('content-type', 'application/json').end('{}')
    })
  }).listen(0, '127.0.0.1')
  await once(server, 'listening')
  t.teardown(() => { server.close() })
  const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}/`
  const telemetry = (await startTelemetry({ config: loadConfig({ OTEL_EXPORTER_OTLP_ENDPOINT: url, OTEL_EXPORTER_OTLP_HEADERS: 'authorization=Bearer%20abc', OTEL_SERVICE_NAME: 'hub' }), role: 'worker' }))!
  await inSpan('told', {}, async () => {})
  await telemetry.flush()
  t.match(got, [{ url: '/v1/traces', auth: 'Bearer abc' }])
  t.match(JSON.parse(got[0]!.body).resourceSpans[0].scopeSpans[0].spans, [{ name: 'told' }])
  await telemetry.shutdown()
  t.equal(isTracing(), false)

  const away = (await startTelemetry({ config: loadConfig({ OTEL_EXPORTER_OTLP_TRACES_ENDPOINT: 'http://127.0.0.1:1/x', OTEL_TRACES_SAMPLER: 'traceidratio', OTEL_TRACES_SAMPLER_ARG: '1' }), role: 'api' }))!
  t.equal(await inSpan('lost', {}, async () => 7), 7)
  await away.shutdown(50)
})
