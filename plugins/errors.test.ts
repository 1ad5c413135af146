import { connect } from 'node:net'
import type { AddressInfo } from 'node:net'
import { Type } from 'typebox'
import t, { type Test } from 'tap'
import { connectionLost } from '../core/db/errors.ts'
import { HubError } from '../core/errors.ts'
import { httpApp } from '../test/support/http-app.ts'
import { validation } from './validation.ts'

const closed = { additionalProperties: false } as const
const body = Type.Object({
  amount: Type.Integer({ minimum: 1 }),
  email: Type.Optional(Type.String({ format: 'email' })),
  kind: Type.Optional(Type.Unsafe<string>({ type: 'string', enum: ['a', 'b'] })),
  lines: Type.Optional(Type.Array(Type.Object({ x: Type.String({ minLength: 2 }) }, closed), { maxItems: 3 })),
  either: Type.Optional(Type.Union([Type.Object({ a: Type.String() }, closed), Type.Null()]))
}, closed)

async function app (t: Test, destination?: { write: (line: string) => void }) {
  const app = await httpApp(t, { ...(destination && { destination }) })
  await app.register(validation)
  app.post('/v1/things', { schema: { body, querystring: Type.Object({ limit: Type.Optional(Type.Integer()) }, closed) } }, async () => ({ ok: true }))
  app.get('/v1/things/:id', async () => ({ ok: true }))
  app.get('/fails', async () => { throw new Error('the password of the database is hunter2') })
  app.get('/throws-nothing', async () => { throw null }) // eslint-disable-line no-throw-literal
  app.get('/provider', async () => { throw new HubError('provider_refused', { provider: { id: 'acme', code: 'E17', message: 'No.' }, detail: { es: 'Dijo que no.', en: 'It said no.' } }) })
  app.get('/busy', async () => { throw new HubError('rate_limited', { retryAfterMs: 1500 }) })
  app.get('/away', async () => {
    const error = new Error('connect ECONNREFUSED 10.0.0.7:5432')
    connectionLost(error)
    throw new Error('the work failed', { cause: error })
  })
  app.get('/axios', async () => { throw Object.assign(new Error('Request failed with status code 404'), { statusCode: 404, code: 'ERR_BAD_REQUEST', status: 404 }) })
  return app
}

t.test('an error is a problem document with code, request id and the language asked for', async t => {
  const it = await app(t)
  const answer = await it.inject({ url: '/provider', headers: { 'accept-language': 'es-MX,es;q=0.9,en;q=0.8' } })
  t.equal(answer.statusCode, 422)
  t.match(answer.headers, { 'content-type': /^application\/problem\+json/, 'content-language': 'es', 'request-id': /^req_[0-9a-f]{32}$/, vary: 'Accept-Language', 'cache-control': 'no-store' })
  t.same(answer.json(), {
    type: 'https://pasarela.dev/errors#provider_refused',
    title: 'El proveedor rechazó la operación; vea `provider`.',
    status: 422,
    code: 'provider_refused',
    detail: 'Dijo que no.',
    provider: { id: 'acme', code: 'E17', message: 'No.' },
    request_id: answer.headers['request-id']
  })
  t.equal((await it.inject({ url: '/provider' })).json().detail, 'It said no.')
})

t.test('the database went away: 503, and the same request may come again', async t => {
  const it = await app(t)
  const answer = await it.inject({ url: '/away' })
  t.match([answer.statusCode, answer.json().code, answer.headers['retry-after']], [503, 'unavailable', '1'])
  t.notMatch(answer.body, '10.0.0.7')
})

t.test('every wrong field is named, once, with what is expected', async t => {
  const it = await app(t)
  const payload = { amount: 0, email: 'x', kind: 'c', lines: [{ x: 'ok' }, { x: 'o', y: 1 }, {}], surprise: 1, either: { b: 1 } }
  const answer = await it.inject({ method: 'POST', url: '/v1/things', payload })
  t.equal(answer.statusCode, 400)
  t.equal(answer.json().code, 'request_invalid')
  const byPath = Object.fromEntries(answer.json().errors.map((error: { path: string, message: string }) => [error.path, error.message]))
  t.match(byPath, {
    amount: 'must be at least 1',
    email: 'must be a valid email',
    kind: 'must be one of: a, b',
    'lines[1].x': 'must have at least 2 characters',
    'lines[1].y': 'is not a known field',
    'lines[2].x': 'is required',
    surprise: 'is not a known field'
  })
  t.equal(answer.json().errors.length, Object.keys(byPath).length, 'once each')
  const spanish = await it.inject({ method: 'POST', url: '/v1/things', payload: {}, headers: { 'accept-language': 'es' } })
  t.same(spanish.json().errors, [{ path: 'amount', message: 'es obligatorio' }])
})

t.test('a body is not converted, a query is', async t => {
  const it = await app(t)
  t.same((await it.inject({ method: 'POST', url: '/v1/things', payload: { amount: '5' } })).json().errors, [{ path: 'amount', message: 'must be integer' }])
  t.equal((await it.inject({ method: 'POST', url: '/v1/things?limit=5', payload: { amount: 5 } })).statusCode, 200)
  t.same((await it.inject({ method: 'POST', url: '/v1/things?limt=5', payload: { amount: 5 } })).json().errors, [{ path: 'limt', message: 'is not a known field' }])
})

t.test('what Fastify refuses has a code of ours', async t => {
  const it = await app(t)
  const post = async (payload: string, headers: Record<string, string>) => {
    const answer = await it.inject({ method: 'POST', url: '/v1/things', payload, headers })
    t.match(answer.headers, { 'request-id': /^req_/, 'content-type': /problem/ })
    return [answer.statusCode, answer.json().code]
  }
  const json = { 'content-type': 'application/json' }
  t.same(await post('{"a":', json), [400, 'json_invalid'])
  t.same(await post('', json), [400, 'json_invalid'])
  t.same(await post('{"__proto__": {"x": 1}}', json), [400, 'json_invalid'])
  t.same(await post(JSON.stringify({ x: 'y'.repeat(20_000) }), json), [413, 'payload_too_large'])
  t.same(await post('<a/>', { 'content-type': 'application/xml' }), [415, 'unsupported_media_type'])
})

t.test('an unknown path is 404, a known one with another method is 405 and says which', async t => {
  const it = await app(t)
  const missing = await it.inject('/v1/nothing')
  t.match([missing.statusCode, missing.json()], [404, { code: 'not_found', request_id: missing.headers['request-id'] }])
  const wrong = await it.inject({ method: 'DELETE', url: '/v1/things/7?x=1' })
  t.match([wrong.statusCode, wrong.json().code, wrong.headers.allow], [405, 'method_not_allowed', 'GET, HEAD'])
  t.equal((await it.inject('/v1/things/7/more')).statusCode, 404)
})

t.test('what was not foreseen says nothing outside and everything in the log', async t => {
  const lines: string[] = []
  const it = await app(t, { write: line => { lines.push(line) } })
  for (const url of ['/fails', '/throws-nothing', '/axios']) {
    const answer = await it.inject(url)
    t.match([answer.statusCode, answer.json().code], [500, 'internal'], url)
    t.notMatch(answer.body, /hunter2|at |Request failed/)
  }
  const logged = lines.map(line => JSON.parse(line)).find(line => line.msg === 'a request failed')
  t.match(logged, { level: 50, code: 'internal', err: { stack: /errors\.test\.ts/ }, request_id: /^req_/ })
})

t.test('how long to wait is said in whole seconds', async t => {
  const answer = await (await app(t)).inject('/busy')
  t.match([answer.statusCode, answer.headers['retry-after']], [429, '2'])
})

t.test('a URL that cannot be read is a problem as well', async t => {
  const answer = await (await app(t)).inject('/v1/things/%zz')
  t.match([answer.statusCode, answer.json().code, answer.headers['request-id']], [400, 'request_invalid', /^req_/])
})

t.test('bytes that are not HTTP get a problem document and the end of the connection', async t => {
  const it = await app(t)
  await it.listen({ port: 0, host: '127.0.0.1' })
  const answer = await new Promise<string>((resolve, reject) => {
    let received = ''
    const socket = connect((it.server.address() as AddressInfo).port, '127.0.0.1', () => socket.write('NONSENSE\r\n\r\n'))
    socket.on('data', bytes => { received += bytes.toString() }).on('end', () => resolve(received)).on('error', reject)
  })
  t.match(answer, /^HTTP\/1\.1 400 Bad Request\r\n[\s\S]*application\/problem\+json[\s\S]*"code":"request_invalid"/)
})
