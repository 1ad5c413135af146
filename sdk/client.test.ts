import fc from 'fast-check'
import t from 'tap'
import { AuthenticationError, type Client, type ClientOptions, ConflictError, ConnectionError, createClient, IdempotencyError, InvalidRequestError, NotFoundError, PasarelaError, ProviderError, RateLimitError, ServerError } from './index.ts'

type Reply = Response | Error

const json = (status: number, body: unknown, headers: Record<string, string> = {}): Response => new Response(JSON.stringify(body), { status, headers: { 'content-type': status < 400 ? 'application/json' : 'application/problem+json', ...headers } })
const problem = (status: number, code: string, more: object = {}, headers: Record<string, string> = {}): Response =>
  json(status, { type: `https://pasarela.dev/errors#${code}`, title: code, status, code, detail: `It is ${code}.`, request_id: 'req_1', ...more }, headers)
const cut = new TypeError('fetch failed', { cause: new Error('ECONNRESET') })

/** A client whose server answers as told, one after the other; what it was asked and how long it waited. */
function world (replies: (Reply | ((request: Request) => Reply))[], options: Partial<ClientOptions> = {}): { client: Client, asked: Request[], bodies: string[], waits: number[] } {
  const asked: Request[] = []
  const bodies: string[] = []
  const waits: number[] = []
  let keys = 0
  const client = createClient({
    url: 'https://hub.test',
    ...(options.session === undefined && { key: 'pas_test_1' }),
    fetch: async (request, init) => {
      init?.signal?.throwIfAborted()
      asked.push(request)
      bodies.push(await request.text())
      const next = replies[Math.min(asked.length, replies.length) - 1]
      const reply = typeof next === 'function' ? next(request) : next
      if (reply instanceof Response) return reply.clone()
      throw reply ?? new Error('nothing left to answer')
    },
    tools: { random: () => 1, now: () => Date.UTC(2026, 10, 21), sleep: async ms => { waits.push(ms) }, newKey: () => `key-${++keys}` },
    ...options
  })
  return { client, asked, bodies, waits }
}

const headersOf = ({ headers }: Request): Record<string, string> => {
  const found: Record<string, string> = {}
  headers.forEach((value, name) => { found[name] = value })
  return found
}

const pay = { body: { amount: 19900, currency: 'MXN' } } as const

t.test('a request goes out with its credential, its language and what it acts for', async t => {
  const { client, asked, bodies } = world([json(200, { id: 'pay_1' }), json(201, { id: 'pay_1' })], { tenant: 'ten_1', mode: () => 'live', language: 'es' })
  t.same(await client.get('/v1/payments/{id}', { path: { id: 'pay/1 ñ' } }), { id: 'pay_1' })
  await client.post('/v1/payments', { ...pay, tenant: 'ten_2' })
  const [get, post] = asked as [Request, Request]
  t.equal(get.url, 'https://hub.test/v1/payments/pay%2F1%20%C3%B1', 'an id cannot leave its place in the path')
  t.match(headersOf(get), { authorization: 'Bearer pas_test_1', 'pasarela-tenant': 'ten_1', 'pasarela-mode': 'live', 'accept-language': 'es' })
  t.notOk(get.headers.has('idempotency-key'), 'a GET has no key')
  t.match(headersOf(post), { 'content-type': 'application/json', 'pasarela-tenant': 'ten_2', 'idempotency-key': 'key-1' })
  t.same(JSON.parse(bodies[1] ?? ''), pay.body)
})

t.test('a session sends its CSRF token with changes and no Authorization', async t => {
  let token = 'one'
  const { client, asked } = world([json(200, { data: [], next_cursor: null }), json(201, {}), new Response(null, { status: 204 })], { session: { csrfToken: () => token } })
  await client.get('/v1/payments')
  await client.post('/v1/payments', pay)
  token = 'two'
  t.equal(await client.delete('/v1/customers/{id}', { path: { id: 'cus_1' } }), undefined)
  t.same(asked.map(({ headers, credentials, method }) => [method, headers.get('x-csrf-token'), headers.get('authorization'), credentials]), [['GET', null, null, 'include'], ['POST', 'one', null, 'include'], ['DELETE', 'two', null, 'include']])
  t.throws(() => createClient({ url: '' }), TypeError, 'no credential at all')
  t.throws(() => createClient({ url: '', key: 'k', session: { csrfToken: 'x' } }), TypeError)
  t.throws(() => createClient({ url: '', key: 'two words' }), TypeError)
})

t.test('whatever goes wrong on the way, a POST keeps its key and its body', async t => {
  const failures = fc.constantFrom<() => Reply>(() => cut, () => problem(500, 'internal'), () => problem(503, 'unavailable'), () => problem(429, 'rate_limited'), () => problem(409, 'idempotency_in_progress'), () => new Response('<html>bad gateway', { status: 502 }))
  await fc.assert(fc.asyncProperty(fc.array(failures, { maxLength: 4 }), async made => {
    const { client, asked, bodies, waits } = world([...made.map(make => make()), json(201, { id: 'pay_1' })])
    t.same(await client.post('/v1/payments', pay), { id: 'pay_1' })
    if (asked.length !== made.length + 1 || waits.length !== made.length) throw new Error(`${asked.length} requests and ${waits.length} waits`)
    if (new Set(asked.map(({ headers }) => headers.get('idempotency-key'))).size !== 1) throw new Error('another key')
    if (new Set(bodies).size !== 1) throw new Error('another body')
  }), { numRuns: 60 })
})

t.test('a caller’s own key is used, and the error names the key of what was not answered', async t => {
  const { client, asked } = world([cut], { retries: 2 })
  const error = await client.post('/v1/payments', { ...pay, idempotencyKey: 'order-7' }).catch((error: unknown) => error)
  t.ok(error instanceof ConnectionError)
  t.match(error, { code: 'no_answer', status: 0, idempotencyKey: 'order-7', cause: cut })
  t.equal(asked.length, 3)
})

t.test('waits grow, have a ceiling, and obey Retry-After up to a limit', async t => {
  const { client, waits } = world([problem(503, 'unavailable')], { retries: 6, firstWaitMs: 100, maxWaitMs: 1000 })
  await t.rejects(client.get('/v1/payments'), ServerError)
  t.same(waits, [100, 200, 400, 800, 1000, 1000])
  const asks = world([problem(429, 'rate_limited', {}, { 'retry-after': '7' }), problem(503, 'unavailable', {}, { 'retry-after': 'Sat, 21 Nov 2026 00:00:09 GMT' }), json(200, { data: [], next_cursor: null })])
  await asks.client.get('/v1/payments')
  t.same(asks.waits, [7000, 9000])
  const long = world([problem(429, 'rate_limited', {}, { 'retry-after': '3600' })])
  const error = await long.client.get('/v1/payments').catch((error: unknown) => error)
  t.ok(error instanceof RateLimitError)
  t.match(error, { retryAfterMs: 3_600_000, requestId: 'req_1' })
  t.equal(long.asked.length, 1, 'nobody sleeps for an hour')
})

t.test('what trying again cannot change is not tried again', async t => {
  for (const reply of [problem(400, 'request_invalid'), problem(401, 'unauthenticated'), problem(404, 'not_found'), problem(409, 'invalid_state'), problem(422, 'idempotency_mismatch'), problem(500, 'internal', {}, { 'idempotent-replayed': 'true' })]) {
    const { client, asked } = world([reply])
    t.ok(await client.post('/v1/payments', pay).catch((error: unknown) => error) instanceof PasarelaError)
    t.equal(asked.length, 1, `${reply.status}`)
  }
})

t.test('each refusal has its class, with what the problem says', async t => {
  const cases: [Response, typeof PasarelaError][] = [
    [problem(400, 'request_invalid', { errors: [{ path: 'amount', message: 'must be >= 1' }] }), InvalidRequestError], [problem(401, 'unauthenticated'), AuthenticationError], [problem(404, 'not_found'), NotFoundError],
    [problem(409, 'invalid_state'), ConflictError], [problem(409, 'idempotency_in_progress'), IdempotencyError], [problem(422, 'idempotency_mismatch'), IdempotencyError],
    [problem(422, 'provider_refused', { provider: { id: 'stripe', code: 'parameter_invalid' } }), ProviderError], [problem(502, 'provider_unavailable'), ProviderError], [problem(500, 'internal'), ServerError], [new Response('<html>', { status: 502 }), ServerError]
  ]
  for (const [reply, Kind] of cases) {
    const error = await world([reply], { retries: 0 }).client.post('/v1/payments', pay).catch((error: unknown) => error) as PasarelaError
    t.ok(error instanceof Kind && error instanceof PasarelaError, Kind.name)
    t.equal(error.name, Kind.name)
    t.match(error, { status: reply.status, idempotencyKey: 'key-1' })
  }
  const error = await world([cases[0]![0]]).client.post('/v1/payments', pay).catch((error: unknown) => error) as PasarelaError
  t.match(error, { code: 'request_invalid', requestId: 'req_1', errors: [{ path: 'amount', message: 'must be >= 1' }], message: 'It is request_invalid. (amount: must be >= 1)' })
  t.equal((await world([cases.at(-1)![0]], { retries: 0 }).client.get('/v1/payments').catch((error: unknown) => error) as PasarelaError).code, 'http_502')
})

t.test('a list is read page after page, as far as somebody wants it', async t => {
  const pages: Record<string, unknown> = { '': { data: [{ id: 'a' }, { id: 'b' }], next_cursor: 'two' }, two: { data: [{ id: 'c' }], next_cursor: 'three' }, three: { data: [{ id: 'd' }], next_cursor: null } }
  const serve = (request: Request): Response => json(200, pages[new URL(request.url).searchParams.get('cursor') ?? ''])
  const { client, asked } = world([serve])
  const found: string[] = []
  for await (const { id } of client.list('/v1/payments', { query: { status: 'succeeded', limit: 2 } })) found.push(id)
  t.same(found, ['a', 'b', 'c', 'd'])
  t.same(asked.map(({ url }) => new URL(url).search), ['?status=succeeded&limit=2', '?status=succeeded&limit=2&cursor=two', '?status=succeeded&limit=2&cursor=three'])
  const few = world([serve])
  t.same((await few.client.list('/v1/payments').take(2)).map(({ id }) => id), ['a', 'b'])
  t.equal(few.asked.length, 1, 'the second page was never asked for')
  const sizes: number[] = []
  for await (const { data } of world([serve]).client.list('/v1/payments').pages()) sizes.push(data.length)
  t.same(sizes, [2, 1, 1])
  const round = world([() => json(200, { data: [{ id: 'x' }], next_cursor: 'same' })])
  t.equal((await round.client.list('/v1/payments').take(10)).length, 2, 'a cursor that leads to itself ends the list')
})

t.test('a file comes as its bytes and its name', async t => {
  const pdf = new Response(new Uint8Array([0x25, 0x50, 0xff]), { headers: { 'content-type': 'application/pdf', 'content-disposition': 'attachment; filename="A-1.pdf"' } })
  const { client } = world([pdf])
  t.same(await client.download('/v1/invoices/{id}/pdf', { path: { id: 'inv_1' } }), { bytes: new Uint8Array([0x25, 0x50, 0xff]), type: 'application/pdf', name: 'A-1.pdf' })
})

t.test('a caller’s abort ends the call at once and is no error of ours', async t => {
  const controller = new AbortController()
  const waiting = world([cut], { tools: { sleep: async (_ms, signal) => { controller.abort(new Error('enough')); signal.throwIfAborted() } } })
  await t.rejects(waiting.client.get('/v1/payments', { signal: controller.signal }), /enough/)
  t.equal(waiting.asked.length, 1)
})

t.test('an attempt that takes too long is cut and made again', async t => {
  let asked = 0
  const client = createClient({
    url: 'https://hub.test',
    key: 'pas_test_1',
    timeoutMs: 5,
    tools: { sleep: async () => {} },
    fetch: async (_request, init) => ++asked < 3
      ? await new Promise<Response>((_resolve, reject) => { init!.signal!.addEventListener('abort', () => { reject(new Error('timed out')) }) })
      : json(200, { data: [], next_cursor: null })
  })
  // What waits for a signal alone keeps no process alive.
  const alive = setInterval(() => {}, 1000)
  t.same(await client.get('/v1/payments'), { data: [], next_cursor: null })
  clearInterval(alive)
  t.equal(asked, 3)
})

t.test('changes: messages cut anywhere, comments, and a lost connection', async t => {
  const text = ': hello\n\nevent: opened\ndata: {}\n\nid: evt_1\nevent: change\ndata: {"kind":"payment.succeeded","id":"pay_1","event":"evt_1"}\n\n: still here\n\nid: evt_2\nevent: change\r\ndata: {"kind":"invoice.issued","id":"inv_1","event":"evt_2"}\r\n\r\nevent: change\ndata: {"half'
  await fc.assert(fc.asyncProperty(fc.array(fc.nat(text.length), { maxLength: 6 }), async cuts => {
    const bytes = new TextEncoder().encode(text)
    const places = [0, ...cuts.toSorted((a, b) => a - b), bytes.length]
    const stream = () => new ReadableStream({ start (controller) { places.slice(1).forEach((end, n) => { controller.enqueue(bytes.slice(places[n], end)) }); controller.close() } })
    let streams = 0
    const controller = new AbortController()
    const { client } = world([() => {
      return ++streams === 2 ? cut : new Response(stream(), { headers: { 'content-type': 'text/event-stream' } })
    }])
    const kinds: string[] = []
    for await (const { kind, id } of client.changes({ signal: controller.signal })) {
      kinds.push(id === undefined ? kind : `${kind} ${id}`)
      if (kinds.length === 4) controller.abort()
    }
    const expected = ['stream.opened', 'payment.succeeded pay_1', 'invoice.issued inv_1', 'stream.opened']
    if (JSON.stringify(kinds) !== JSON.stringify(expected)) throw new Error(JSON.stringify(kinds))
    if (streams !== 3) throw new Error(`${streams} streams`)
  }), { numRuns: 60 })
  await t.rejects(world([problem(401, 'unauthenticated')]).client.changes().next(), AuthenticationError, 'a key that is no good is not tried for ever')
})
