import Fastify from 'fastify'
import t from 'tap'
import { emptyBody } from './empty-body.ts'

t.test('nothing is an empty object where no field is asked for', async t => {
  const app = Fastify()
  await app.register(emptyBody)
  app.post('/free', { schema: { body: { type: 'object', properties: { amount: { type: 'integer' } }, additionalProperties: false } } }, async request => request.body)
  app.post('/needs', { schema: { body: { type: 'object', required: ['amount'], properties: { amount: { type: 'integer' } } } } }, async request => request.body)
  const json = { 'content-type': 'application/json' }
  t.same((await app.inject({ method: 'POST', url: '/free' })).json(), {}, 'no body')
  t.same((await app.inject({ method: 'POST', url: '/free', headers: json, payload: '' })).json(), {}, 'an empty body that says it is JSON')
  t.same((await app.inject({ method: 'POST', url: '/free', headers: json, payload: '{"amount":1}' })).json(), { amount: 1 })
  t.equal((await app.inject({ method: 'POST', url: '/free', headers: json, payload: '{"amount"' })).statusCode, 400, 'broken JSON is still broken')
  t.equal((await app.inject({ method: 'POST', url: '/free', headers: json, payload: '{"__proto__":{"a":1}}' })).statusCode, 400, 'nor is the prototype for sale')
  t.equal((await app.inject({ method: 'POST', url: '/needs' })).statusCode, 400)
  t.equal((await app.inject({ method: 'POST', url: '/needs', headers: json, payload: '' })).statusCode, 400)
})
