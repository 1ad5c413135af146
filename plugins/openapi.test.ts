import { Type } from 'typebox'
import t, { type Test } from 'tap'
import { httpApp } from '../test/support/http-app.ts'
import { securityHeaders } from './security-headers.ts'
import { openApiDocument, openapi, operationId } from './openapi.ts'

async function world (t: Test, reversed = false) {
  const app = await httpApp(t)
  await app.register(securityHeaders, { publicUrl: 'http://localhost' })
  await app.register(openapi, { version: '1.2.3', sessionCookie: 'pasarela_session' })
  const routes = [
    () => app.post('/v1/payments', { config: { scope: 'payments:write' }, schema: { tags: ['Payments'], summary: 'Take a payment', body: Type.Object({ amount: Type.Integer() }), response: { 201: Type.Object({ id: Type.String() }) } } }, async () => ({ id: 'pay_1' })),
    () => app.get('/v1/payments', { schema: { querystring: Type.Object({ limit: Type.Optional(Type.Integer()) }) } }, async () => ({})),
    () => app.get('/v1/payments/:id', { schema: { params: Type.Object({ id: Type.String() }) } }, async () => ({})),
    () => app.post('/v1/payments/:id/capture', async () => ({})),
    () => app.post('/v1/sessions', { config: { public: true }, schema: { operationId: 'login' } }, async () => ({})),
    () => app.get('/page', async () => 'x'),
    () => app.get('/v1/secret', { schema: { hide: true } }, async () => 'x')
  ]
  for (const add of reversed ? routes.toReversed() : routes) add()
  await app.ready()
  return app
}

t.test('the document is OpenAPI 3.1 with our security, tags and only what is published', async t => {
  const document = openApiDocument(await world(t)) as any
  t.match(document, { openapi: '3.1.0', info: { version: '1.2.3' }, components: { securitySchemes: { api_key: { scheme: 'bearer' }, session: { in: 'cookie', name: 'pasarela_session' } } } })
  t.same(Object.keys(document.paths), ['/v1/payments', '/v1/payments/{id}', '/v1/payments/{id}/capture', '/v1/sessions'])
})

t.test('every operation has a name, its errors and the headers that it takes', async t => {
  const { paths, components } = openApiDocument(await world(t)) as any
  const create = paths['/v1/payments'].post
  t.match(create, { operationId: 'post_payments', tags: ['Payments'], description: /payments:write/ })
  t.same(Object.keys(create.responses).sort(), ['201', '400', '401', '403', '409', '422', '429', '500'])
  t.same(create.responses['422'], { $ref: '#/components/responses/Problem' })
  t.match(components.responses.Problem.content['application/problem+json'].schema, { $ref: '#/components/schemas/Problem' })
  t.match(components.schemas.Problem, { type: 'object', properties: { code: {}, request_id: {} } })
  t.same(create.parameters.map(({ $ref }: { $ref: string }) => components.parameters[$ref.split('/').at(-1) ?? ''].name), ['Idempotency-Key', 'Pasarela-Tenant', 'Pasarela-Mode', 'Accept-Language'])
  t.notMatch(JSON.stringify(paths['/v1/payments'].get), /IdempotencyKey/)
  t.ok(paths['/v1/payments/{id}'].get.responses['404'])
  t.match([paths['/v1/sessions'].post.operationId, paths['/v1/sessions'].post.security], ['login', []])
})

t.test('a document is the same whatever the order of the routes, to the byte', async t => {
  t.equal(JSON.stringify(openApiDocument(await world(t))), JSON.stringify(openApiDocument(await world(t, true))))
})

t.test('two operations of one name are refused', async t => {
  const app = await httpApp(t)
  await app.register(openapi, { version: '1', sessionCookie: 's' })
  app.get('/v1/a', { schema: { operationId: 'same' } }, async () => ({}))
  app.get('/v1/b', { schema: { operationId: 'same' } }, async () => ({}))
  await app.ready()
  t.throws(() => openApiDocument(app), /GET \/v1\/b and GET \/v1\/a both have the operationId same/)
})

t.test('names derive from method and path', async t => {
  t.equal(operationId('POST', '/v1/payments/:id/resolve_review'), 'post_payments_by_id_resolve_review')
  t.equal(operationId('GET', '/v1/catalogues/:catalogueName'), 'get_catalogues_by_catalogue_name')
  t.equal(operationId('POST', '/hooks/:token'), 'post_hooks_by_token')
})

t.test('/docs runs no inline script, and its files are there', async t => {
  const app = await world(t)
  const page = await app.inject('/docs/')
  t.equal(page.statusCode, 200)
  t.match(page.headers['content-security-policy'], /script-src 'self';/)
  t.notMatch(page.body, /<script(?![^>]*src=)[^>]*>|<style| style=| on\w+=/, 'nothing inline that the policy would stop')
  for (const [, file = ''] of page.body.matchAll(/(?:src|href)="([^"]+)"/g)) t.equal((await app.inject(new URL(file, 'http://x/docs/').pathname)).statusCode, 200, file)
  t.equal((await app.inject('/openapi.json')).json().openapi, '3.1.0')
  t.match((await app.inject('/docs/static/swagger-initializer.js')).body, /docs\/json|\/json/)
})
