import t, { type Test } from 'tap'
import { httpApp } from '../test/support/http-app.ts'
import { securityHeaders } from './security-headers.ts'

async function world (t: Test, publicUrl: string) {
  const app = await httpApp(t)
  await app.register(securityHeaders, { publicUrl })
  for (const url of ['/v1/x', '/', '/v1evil']) app.get(url, async () => ({}))
  app.get('/v1/fails', async () => { throw new Error('x') })
  app.get('/own', async (_request, reply) => await reply.header('content-security-policy', "default-src 'self'").send('x'))
  return app
}

t.test('an answer of the API lets a browser do nothing with it, errors included', async t => {
  const app = await world(t, 'https://pay.example')
  for (const url of ['/v1/x', '/v1/fails', '/v1/missing']) {
    t.match((await app.inject(url)).headers, {
      'content-security-policy': /^default-src 'none'; frame-ancestors 'none'/,
      'cache-control': 'no-store',
      'x-content-type-options': 'nosniff',
      'x-frame-options': 'DENY',
      'referrer-policy': 'no-referrer',
      'strict-transport-security': 'max-age=31536000'
    }, url)
  }
})

t.test('a page runs scripts of ours only, none inline, and is never framed', async t => {
  const app = await world(t, 'https://pay.example')
  for (const url of ['/', '/v1evil']) {
    const policy = String((await app.inject(url)).headers['content-security-policy'])
    t.match(policy, /script-src 'self';/)
    t.match(policy, /frame-ancestors 'none'/)
    t.notMatch(policy, /script-src[^;]*unsafe/)
  }
  t.equal((await app.inject('/own')).headers['content-security-policy'], "default-src 'self'", 'a page may set its own')
})

t.test('browsers are told to insist on https only where we are reached by it', async t => {
  t.equal((await (await world(t, 'http://localhost:3000')).inject('/v1/x')).headers['strict-transport-security'], undefined)
})
