import Fastify from 'fastify'
import { Type } from 'typebox'
import t from 'tap'
import { validation } from './validation.ts'

t.test('a schema with a word that nobody knows is none', async t => {
  const app = Fastify()
  t.teardown(async () => { await app.close() })
  await app.register(validation)
  app.post('/x', { schema: { body: { type: 'object', propertys: {} } } }, async () => ({}))
  await app.ready()
  t.throws(() => { app.compileSchemas() }, /propertys/)
  t.equal((await app.inject({ method: 'POST', url: '/x', payload: {} })).statusCode, 500)
})

t.test('annotations and our formats are known', async t => {
  const app = Fastify()
  t.teardown(async () => { await app.close() })
  await app.register(validation, { annotations: ['x-help'] })
  app.post('/x', { schema: { body: Type.Object({ price: Type.String({ format: 'decimal', 'x-help': 'a', example: '1.50' }), clabe: Type.Optional(Type.String({ format: 'clabe' })), at: Type.Optional(Type.String({ format: 'date-time' })) }) } }, async () => ({ ok: true }))
  const post = async (payload: object) => (await app.inject({ method: 'POST', url: '/x', payload })).statusCode
  t.equal(await post({ price: '10.50', clabe: '646180157000000004', at: '2026-11-21T00:00:00Z' }), 200)
  for (const wrong of [{ price: '10,50' }, { price: 10.5 }, { price: '1', clabe: '123' }, { price: '1', at: 'today' }]) t.equal(await post(wrong), 400, JSON.stringify(wrong))
})

t.test('defaults are filled in, and a single query value becomes a list', async t => {
  const app = Fastify()
  t.teardown(async () => { await app.close() })
  await app.register(validation)
  app.get('/x', { schema: { querystring: Type.Object({ limit: Type.Integer({ default: 20 }), status: Type.Optional(Type.Array(Type.String())) }) } }, async request => request.query)
  t.same((await app.inject('/x?status=a')).json(), { limit: 20, status: ['a'] })
})
