import { readFileSync } from 'node:fs'
import path from 'node:path'
import t, { type Test } from 'tap'
import { errorCatalogue } from '../core/errors.ts'
import { httpApp } from '../test/support/http-app.ts'
import { fill } from './pages/render.ts'
import { pages } from './pages.ts'
import { securityHeaders } from './security-headers.ts'

async function site (t: Test) {
  const app = await httpApp(t)
  await app.register(securityHeaders, { publicUrl: '' })
  await app.register(pages)
  return app
}

t.test('each page is there in both languages, and a language has all words of the other', async t => {
  const app = await site(t)
  for (const [url, en, es] of [['/', 'API reference', 'Referencia de la API'], ['/login', 'Password', 'Contraseña'], ['/errors', 'Error codes', 'Códigos de error']]) {
    const answers = await Promise.all(['en', 'es-MX'].map(async language => await app.inject({ url, headers: { 'accept-language': language } })))
    t.match(answers.map(({ statusCode, headers }) => [statusCode, headers['content-type'], headers['content-language'], headers.vary]), [[200, 'text/html; charset=utf-8', 'en', 'Accept-Language'], [200, 'text/html; charset=utf-8', 'es', 'Accept-Language']])
    t.match(answers[0]!.body, en!)
    t.match(answers[1]!.body, es!)
    t.match(answers[1]!.body, '<html lang="es">')
    t.notMatch(answers.map(({ body }) => body).join(''), /\{\{|undefined/)
  }
  t.equal((await app.inject('/login')).headers['cache-control'], 'no-store')
  const home = (await app.inject('/')).body
  for (const link of ['/docs', '/openapi.json', '/admin/queues', '/login', '/errors']) t.match(home, `href="${link}"`)
})

t.test('a page runs and styles nothing inline, and loads only what is served here', async t => {
  const app = await site(t)
  for (const url of ['/', '/login', '/errors']) {
    const answer = await app.inject(url)
    t.match(answer.headers['content-security-policy'], /script-src 'self';/)
    t.notMatch(answer.body, /<script(?![^>]*\ssrc=)|<style|\sstyle=|\son\w+=|javascript:/i)
    const loaded = [...answer.body.matchAll(/(?:<script[^>]*src|<link rel="stylesheet" href)="([^"]+)"/g)].map(([, address]) => address!)
    t.ok(loaded.length > 0)
    for (const address of loaded) {
      const asset = await app.inject(address.replaceAll('&amp;', '&'))
      t.match([asset.statusCode, asset.headers['cache-control'], asset.headers['content-type']], [200, /immutable/, address.includes('.css') ? /^text\/css/ : /^text\/javascript/])
    }
  }
})

t.test('a file is kept for good only under the address that names its bytes', async t => {
  const app = await site(t)
  for (const url of ['/static/next.js', '/static/next.js?v=older']) {
    const answer = await app.inject(url)
    t.match([answer.statusCode, answer.headers['cache-control'], answer.headers['x-content-type-options']], [200, 'public, no-cache', 'nosniff'])
    const again = await app.inject({ url, headers: { 'if-none-match': String(answer.headers.etag) } })
    t.same([again.statusCode, again.body], [304, ''])
  }
  t.equal((await app.inject('/static/..%2ftexts.ts')).statusCode, 404)
})

t.test('nothing of the request is written into a page', async t => {
  const app = await site(t)
  const plain = (await app.inject('/login')).body
  for (const query of ['?next="><script>alert(1)</script>', '?next=javascript:alert(1)', '?email=a@b.c&password=x']) t.equal((await app.inject(`/login${query}`)).body, plain)
  t.equal(fill('{{a}} {{{b}}}', { a: '<i title="\'">&', b: '<b>' }), '&lt;i title=&quot;&#39;&quot;&gt;&amp; <b>')
  t.throws(() => fill('{{toString}}', {}), /toString/)
})

t.test('every code has its anchor', async t => {
  const app = await site(t)
  const { body } = await app.inject('/errors')
  for (const code of Object.keys(errorCatalogue)) t.match(body, `id="${code}"`)
})

t.test('the login form never puts a password in an address, and says what its fields are', async t => {
  const app = await site(t)
  const { body } = await app.inject('/login')
  t.match(body, /<form[^>]*method="post"/)
  for (const id of [...body.matchAll(/<(?:input|select) id="(\w+)"/g)].map(([, id]) => id)) t.match(body, `<label for="${id}">`)
  t.match(body, /id="problem"[^>]*role="alert"/)
  t.match(body, /autocomplete="current-password"/)
  const script = readFileSync(path.join(import.meta.dirname, 'pages/login.js'), 'utf8')
  t.notMatch(script, /innerHTML|outerHTML|insertAdjacent|document\.write|eval/)
})

t.test('after the login a person stays here, wherever next points', async t => {
  const { destination } = await import(path.join(import.meta.dirname, 'pages/next.js')) as { destination: (next: unknown, origin: string) => string }
  const origin = 'https://pay.example.com'
  const home = `${origin}/`
  const elsewhere = [null, undefined, '', 'admin', 'https://evil.example/', 'https://pay.example.com.evil.example/', '//evil.example', '///evil.example', '/\\evil.example', '\\\\evil.example',
    '/\t/evil.example', '/\n/evil.example', '\t//evil.example', ' //evil.example', 'javascript:alert(1)', 'java\nscript:alert(1)', 'data:text/html,x', '@evil.example', '//pay.example.com@evil.example', '//[', `${origin}@evil.example`]
  for (const next of elsewhere) t.equal(destination(next, origin), home, JSON.stringify(next))
  const hidden = destination('/.//evil.example', origin)
  t.equal(new URL(hidden, home).origin, origin, 'a path that begins with two slashes once it is resolved')
  for (const path of ['/admin/queues', '/admin/queues/manage?status=active#x', '/docs#/Payments', '/a//evil.example', '/%2f/evil.example']) t.equal(destination(path, origin), origin + path)
})
