import t from 'tap'
import { breakingChanges, contractOf, namedBreaking, unnamed } from './openapi-breaking.ts'

type Json = Record<string, any>

const base = (): Json => ({
  openapi: '3.1.0',
  paths: {
    '/v1/payments': {
      post: {
        description: 'words',
        parameters: [{ name: 'dry_run', in: 'query', schema: { type: 'boolean' } }],
        requestBody: { content: { 'application/json': { schema: { $ref: '#/components/schemas/NewPayment' } } } },
        responses: { 201: { content: { 'application/json': { schema: { $ref: '#/components/schemas/Payment' } } } }, 400: { $ref: '#/components/responses/Problem' } }
      },
      get: { responses: { 200: { content: { 'application/json': { schema: { type: 'object', required: ['data'], properties: { data: { type: 'array', items: { $ref: '#/components/schemas/Payment' } } } } } } } } }
    },
    '/v1/open': { get: { security: [], responses: { 200: {} } } }
  },
  webhooks: { 'payment.succeeded': { post: { requestBody: { content: { 'application/json': { schema: { type: 'object', properties: { data: { $ref: '#/components/schemas/Payment' } } } } } } } } },
  components: {
    schemas: {
      NewPayment: {
        type: 'object',
        additionalProperties: false,
        required: ['amount'],
        properties: { amount: { type: 'number', minimum: 1 }, capture: { type: 'string', enum: ['automatic', 'manual'] }, reference: { type: 'string', maxLength: 200 }, customer: { anyOf: [{ type: 'string' }, { type: 'object', properties: { name: { type: 'string' } } }] }, note: { anyOf: [{ type: 'string' }, { type: 'null' }] } }
      },
      Payment: {
        type: 'object',
        required: ['id', 'status'],
        properties: { id: { type: 'string' }, status: { type: 'string', enum: ['succeeded', 'failed'] }, parent: { $ref: '#/components/schemas/Payment' }, metadata: { type: 'object', additionalProperties: { type: 'string' } } }
      }
    }
  }
})

const changed = (change: (document: Json) => void): string[] => {
  const after = base()
  change(after)
  return breakingChanges(base(), after).map(({ where, what }) => `${where} ${what}`)
}
const request = (document: Json): Json => document.components.schemas.NewPayment
const answer = (document: Json): Json => document.components.schemas.Payment
const post = (document: Json): Json => document.paths['/v1/payments'].post

t.test('what is new breaks nobody', async t => {
  t.same(breakingChanges(base(), base()), [])
  t.same(changed(document => {
    document.paths['/v1/refunds'] = { get: {} }
    document.webhooks['payment.failed'] = { post: {} }
    post(document).responses[202] = {}
    post(document).parameters.push({ name: 'x', in: 'query', schema: {} })
    request(document).properties.tip = { type: 'integer' }
    request(document).properties.capture.enum.push('later')
    request(document).properties.reference.maxLength = 300
    request(document).properties.amount.minimum = 0
    request(document).properties.customer.anyOf.push({ type: 'integer' })
    answer(document).properties.fee = { type: 'integer' }
    answer(document).properties.status.enum.push('expired')
    answer(document).required.push('metadata')
    post(document).description = 'other words'
  }), [])
})

t.test('what a program may lean on is missed, and where is said', async t => {
  const cases: [(document: Json) => void, string[]][] = [
    [document => { delete document.paths['/v1/payments'].get }, ['GET /v1/payments is gone']],
    [document => { delete document.paths['/v1/open'] }, ['GET /v1/open is gone']],
    [document => { delete document.paths['/v1/open'].get.security }, ['GET /v1/open needs a credential now']],
    [document => { delete document.webhooks['payment.succeeded'] }, ['payment.succeeded is not sent any more']],
    [document => { post(document).parameters = [] }, ['POST /v1/payments dry_run is not taken any more']],
    [document => { post(document).parameters.push({ name: 'tenant', in: 'query', required: true, schema: {} }) }, ['POST /v1/payments tenant is new and required']],
    [document => { post(document).parameters[0].required = true }, ['POST /v1/payments dry_run is required now']],
    [document => { delete post(document).responses[201] }, ['POST /v1/payments does not answer 201 any more']],
    [document => { post(document).requestBody.required = true }, ['POST /v1/payments body is required now']],
    [document => { delete post(document).requestBody }, ['POST /v1/payments body is not taken any more']],
    [document => { post(document).responses[201].content = { 'text/plain': {} } }, ['POST /v1/payments is not given as application/json any more']],
    [document => { request(document).required.push('reference') }, ['NewPayment.reference is required now']],
    [document => { request(document).properties.tip = {}; request(document).required.push('tip') }, ['NewPayment.tip is new and required']],
    [document => { delete request(document).properties.reference }, ['NewPayment.reference is not taken any more']],
    [document => { request(document).properties.capture.enum.pop() }, ['NewPayment.capture does not take "manual" any more']],
    [document => { request(document).properties.reference.maxLength = 100 }, ['NewPayment.reference maxLength is 100 now']],
    [document => { request(document).properties.reference.pattern = '^a' }, ['NewPayment.reference pattern is ^a now']],
    [document => { request(document).properties.reference.enum = ['a'] }, ['NewPayment.reference takes only a now']],
    [document => { request(document).properties.amount.type = 'integer' }, ['NewPayment.amount was number and is integer']],
    [document => { request(document).properties.amount.minimum = 100 }, ['NewPayment.amount minimum is 100 now']],
    [document => { request(document).properties.customer = { type: 'string' } }, ['NewPayment.customer was object and is string']],
    [document => { request(document).properties.note = { type: 'string' } }, ['NewPayment.note may not be null any more']],
    [document => { delete answer(document).properties.status }, ['Payment.status is gone']],
    [document => { answer(document).required = ['id'] }, ['Payment.status may be absent now']],
    [document => { answer(document).properties.id = { anyOf: [{ type: 'string' }, { type: 'null' }] } }, ['Payment.id may be null now']],
    [document => { answer(document).properties.id.type = 'integer' }, ['Payment.id was string and is integer']],
    [document => { answer(document).properties.metadata.additionalProperties.type = 'integer' }, ['Payment.metadata.* was string and is integer']]
  ]
  for (const [change, expected] of cases) t.same(changed(change), expected, expected.join())
})

t.test('moving a schema below components, or out of it, is no change', async t => {
  const inline = base()
  post(inline).requestBody.content['application/json'].schema = inline.components.schemas.NewPayment
  t.same(breakingChanges(inline, base()), [])
  t.same(breakingChanges(base(), inline), [])
  t.same(breakingChanges(contractOf(base()), base()), [], 'words are no part of the contract')
})

t.test('what breaks is named by a line that begins so, of what is not released yet', async t => {
  const changes = [{ where: 'NewPayment.tip', what: 'is new and required' }, { where: 'POST /v1/payments dry_run', what: 'is not taken any more' }]
  const changelog = (lines: string): string => `# Changelog\n\n## [Unreleased]\n\n### Changed\n\n${lines}\n\n## [0.1.0]\n\n- **breaking** **api**: \`NewPayment.tip\`\n`
  const left = (lines: string) => unnamed(changes, namedBreaking(changelog(lines))).map(({ where }) => where)
  t.same(left(''), ['NewPayment.tip', 'POST /v1/payments dry_run'], 'what a release before named does not count')
  t.same(left('- **api**: `NewPayment.tip` is new'), ['NewPayment.tip', 'POST /v1/payments dry_run'], 'nor a line that does not say that it breaks')
  t.same(left('- **breaking** **payments**: `NewPayment.tip` must be told'), ['POST /v1/payments dry_run'])
  t.same(left('- Breaking: `NewPayment` has a tip, `POST /v1/payments` lost its dry run'), [])
  t.same(namedBreaking('## [Unreleased]\n- **breaking** last lines without another release'), ['- **breaking** last lines without another release'])
})
