import t, { type Test } from 'tap'
import { createLogger } from './log.ts'
import { atWork, noteWork } from './telemetry/work.ts'

function written (log: (logger: ReturnType<typeof createLogger>) => void): string {
  const lines: string[] = []
  log(createLogger({ level: 'trace', destination: { write: line => { lines.push(line) } } }))
  for (const line of lines) JSON.parse(line)
  return lines.join('')
}

const secrets = {
  apiKey: 'pas_live_4fZk29sQpLmN8rT1vX3y',
  providerKey: 'sk_live_51HqTestTestTestTest', // shaped like one, and nobody's
  restricted: 'rk_test_9sdf8sdf8sdf8sdf',
  webhookSecret: 'whsec_bG9uZ3NlY3JldA==',
  jwe: 'eyJhbGciOiJkaXIiLCJlbmMiOiJBMjU2R0NNIn0..VnR5aXYxMjM0NTY3.c2VhbGVkLWJ5dGVz.dGFnLXRhZy10YWc',
  card: '4242424242424242',
  password: 'correct horse battery staple'
}

function quiet (t: Test, output: string): void {
  for (const [name, secret] of Object.entries(secrets)) t.notOk(output.includes(secret), `${name} is not in ${output}`)
  t.notMatch(output, /correct/)
}

t.test('no secret gets into a line, wherever it hides', async t => {
  const hostile: Record<string, unknown> = {
    'in a message': `called with ${Object.values(secrets).slice(0, 6).join(' and ')}`,
    'by name': { headers: { authorization: 'Bearer abc', Cookie: 'session=correct horse', 'set-cookie': ['correct horse'], 'x-api-key': 'correct horse' } },
    'deep by name': { a: [{ b: { credentials: { anything: secrets.password, list: [secrets.password] } } }] },
    'deep by value': { a: [{ b: { c: [secrets.apiKey, { d: `x ${secrets.jwe} y` }, secrets.providerKey, secrets.restricted, secrets.webhookSecret] } }] },
    'other names': { client_secret: secrets.password, webhookSecret: secrets.password, access_token: secrets.password, passphrase: secrets.password, new_password: secrets.password, private_key: secrets.password },
    'a number': { n: 4242424242424242, list: [4242424242424242, -1] },
    'a key': { [secrets.apiKey]: 1, [secrets.card]: 2 },
    'JSON in a string': { body: JSON.stringify({ password: 'correct', nested: JSON.stringify({ client_secret: 'horse-battery' }), card: secrets.card }) },
    'a card with spaces': { note: '4242 4242 4242 4242' },
    'a webhook secret alone': secrets.webhookSecret,
    'a PEM': '-----BEGIN PRIVATE KEY-----\ncorrect horse\n-----END PRIVATE KEY-----',
    'a cookie in words': 'sent Cookie: a=correct horse; b=correct horse\nand password = "correct horse", token=correct',
    'a buffer': { body: Buffer.from(secrets.apiKey) }
  }
  for (const [name, value] of Object.entries(hostile)) {
    const output = written(logger => { typeof value === 'string' ? logger.info(value) : logger.info(value, 'done') })
    quiet(t, output)
    t.notMatch(output, /horse-battery|4242 4242/, name)
  }
})

t.test('an error is cut in its message, stack, cause and properties', async t => {
  const cause = new Error(`provider said ${secrets.providerKey}`)
  const error = Object.assign(new Error(`failed with ${secrets.apiKey}`, { cause }), { config: { headers: { Authorization: `Bearer ${secrets.jwe}` }, auth: { password: secrets.password } } })
  const output = written(logger => { logger.error(error); logger.error({ err: error, also: { error } }, `${error.stack}`) })
  quiet(t, output)
  t.match(output, /log\.test\.ts/, 'the stack is still there')
})

t.test('bindings of a child are cut', async t => {
  quiet(t, written(logger => { logger.child({ key: secrets.apiKey, token: secrets.password }).info('x') }))
})

t.test('the URL that is a credential, and user and password of a URL, are cut', async t => {
  const output = written(logger => logger.info({ url: '/hooks/Zx81_abc-def?x=1', page: 'https://h/autofactura/tok123', db: 'postgres://me:pw1@db/x' }, 'Route POST:/hooks/Zx81_abc-def'))
  t.notMatch(output, /Zx81|tok123|pw1/)
})

t.test('a request is logged by method, address and route, without headers', async t => {
  const output = written(logger => logger.info({ req: { method: 'GET', url: '/v1/payments?limit=5', ip: '127.0.0.1', headers: { 'x-y': 'header-value' }, routeOptions: { url: '/v1/payments' } } }))
  t.match(JSON.parse(output).req, { method: 'GET', url: '/v1/payments?limit=5', route: '/v1/payments', address: '127.0.0.1' })
  t.notMatch(output, /header-value/)
})

t.test('what is no secret is written as it is', async t => {
  const line = JSON.parse(written(logger => logger.info({ idempotency_key: 'order-17', clabe: '646180157000000004', payment: 'pay_019aa3b2c4d5e6f70123456789abcdef', ms: 1763693000000 }, 'charged 10 MXN')))
  t.match(line, { idempotency_key: 'order-17', clabe: '646180157000000004', payment: 'pay_019aa3b2c4d5e6f70123456789abcdef', ms: 1763693000000, msg: 'charged 10 MXN', level: 30 })
})

t.test('a line says what is being worked on, each id once: the logger’s own, and what the line says, go first', async t => {
  const lines: string[] = []
  const logger = createLogger({ level: 'info', destination: { write: line => { lines.push(line) } } })
  const own = logger.child({ request_id: 'req_1', connection: 'con_1' })
  await atWork({ request_id: 'req_1' }, async () => {
    await Promise.resolve()
    noteWork({ tenant: 'ten_1', connection: 'con_2', operation: 'op_1' })
    logger.info('from a service')
    own.child({ provider: 'stripe' }).info({ operation: 'op_2' }, 'from an adapter')
  })
  logger.info('of nothing')
  t.match(lines.map(line => JSON.parse(line)), [
    { request_id: 'req_1', tenant: 'ten_1', connection: 'con_2', operation: 'op_1' },
    { request_id: 'req_1', tenant: 'ten_1', connection: 'con_1', operation: 'op_2', provider: 'stripe' },
    { request_id: undefined, tenant: undefined }
  ])
  for (const line of lines) for (const name of ['request_id', 'tenant', 'connection', 'operation']) t.ok(line.split(`"${name}":`).length <= 2, name)
})
