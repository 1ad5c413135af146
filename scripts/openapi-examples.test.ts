import t from 'tap'
import { chooseExamples } from './openapi-examples.ts'

const json = (schema: object) => ({ content: { 'application/json': { schema } } })
const document = {
  components: { schemas: { Key: { type: 'object', required: ['id', 'key'], properties: { id: { type: 'string' }, key: { type: 'string' }, url: { type: 'string' }, credentials: { type: 'object' } } } } },
  paths: {
    '/v1/keys/{id}': { post: { operationId: 'make', requestBody: json({ type: 'object', required: ['amount'], properties: { amount: { type: 'integer', minimum: 5 } } }), responses: { 201: json({ $ref: '#/components/schemas/Key' }) } } },
    '/v1/other': { get: { operationId: 'other', responses: { 200: json({ type: 'object', required: ['mode', 'at'], properties: { mode: { enum: ['test'] }, at: { type: 'string', format: 'date-time' } } }) } } }
  }
}
const nothing = { schemas: {}, bodies: {}, answers: {} }
const record = (body: object, answer: object, status = 201) => ({ method: 'POST', url: '/v1/keys/:id', status, body: JSON.stringify(body), answer: JSON.stringify(answer) })

t.test('an example is real, valid, says most, and holds no secret and nobody’s address', t => {
  const id = `key_${'a1'.repeat(16)}`
  const { schemas, bodies, answers } = chooseExamples(document, [
    record({ amount: 7 }, { id, key: 'x'.repeat(20) }),
    record({ amount: 1 }, { key: 'no id: it is not as the document says' }),
    record({ amount: 9 }, { id, key: `pas_test_${'s'.repeat(43)}`, url: 'http://127.0.0.1:4000/hooks/abcdefghijklmnopqrstuvwx', credentials: { secret_key: 'sk_test_51abc' } }),
    record({ amount: 11 }, { code: 'refused' }, 422)
  ], nothing)
  t.same(Object.keys(bodies), ['make'])
  t.ok((bodies.make as { amount: number }).amount >= 5, 'what was refused is no example')
  const shown = JSON.stringify(schemas.Key)
  t.match(schemas.Key, { id: /^key_[0-9a-f]{32}$/, key: '…', url: 'https://pasarela.example.com/hooks/…', credentials: { secret_key: '…' } })
  t.notMatch(shown, /a1a1a1|ssss|51abc|127\.0\.0\.1/)
  t.same(answers.other, { 200: { mode: 'test', at: '2026-11-21T19:35:13.934Z' } }, 'what nobody recorded is made up')
  t.end()
})

t.test('what was chosen before stays while it is valid, and goes when it is not', t => {
  const before = { schemas: { Key: { id: 'key_1', key: '…' }, Gone: {} }, bodies: { make: { amount: 4 } }, answers: {} }
  const { schemas, bodies } = chooseExamples(document, [], before)
  t.same(schemas, { Key: before.schemas.Key })
  t.same(bodies.make, { amount: 19900 }, 'made up anew')
  t.end()
})
