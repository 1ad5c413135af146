import { writeFileSync } from 'node:fs'
import path from 'node:path'
import t, { type Test } from 'tap'
import { temporaryFolder } from '../test/support/folder.ts'
import { httpApp } from '../test/support/http-app.ts'
import { consolePages } from './console.ts'
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

t.test('the page of a provider’s card fields lets in that provider, for what its maker documents, and no other page does', async t => {
  const folder = temporaryFolder(t)
  writeFileSync(path.join(folder, 'index.html'), '<!doctype html>')
  const app = await httpApp(t)
  await app.register(securityHeaders, { publicUrl: 'https://pay.example' })
  await app.register(consolePages, { folder, instead: async () => { throw new Error('it is built') } })
  const policyOf = async (url: string): Promise<string> => String((await app.inject({ url, headers: { accept: 'text/html' } })).headers['content-security-policy']).replace(/ 'nonce-[^']+'/, '')
  const [card, plain] = [await policyOf('/payments/pay_1/card'), await policyOf('/payments/pay_1')]
  t.match(card, "script-src 'self' https://js.stripe.com https://*.js.stripe.com;")
  t.match(card, 'frame-src https://js.stripe.com https://*.js.stripe.com https://hooks.stripe.com;')
  t.match(card, "connect-src 'self' https://api.stripe.com;")
  t.match(card, "img-src 'self' data: blob: https://*.stripe.com;")
  t.notMatch(card, /unsafe|script-src[^;]*\*[^.]|default-src 'self'/)
  t.equal(card.replace(/frame-src[^;]*; /, '').replaceAll(/ https:[^; ]*/g, ''), plain, 'in all else it is as strict')
  t.equal(await policyOf('/payments/pay_1/card?redirect_status=failed'), card)
  for (const url of ['/', '/payments', '/payments/pay_1', '/payments/pay_1/cards', '/payments/card', '/x/payments/pay_1/card', '/payments/pay_1/card/more', '/invoices?x=/payments/pay_1/card']) t.equal(await policyOf(url), plain, url)
})
