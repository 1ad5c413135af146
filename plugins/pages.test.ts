import { mkdirSync, writeFileSync } from 'node:fs'
import path from 'node:path'
import t, { type Test } from 'tap'
import { errorCatalogue } from '../core/errors.ts'
import { temporaryFolder } from '../test/support/folder.ts'
import { httpApp } from '../test/support/http-app.ts'
import { fill } from './pages/render.ts'
import { pages } from './pages.ts'
import { securityHeaders } from './security-headers.ts'

async function site (t: Test) {
  const app = await httpApp(t)
  await app.register(securityHeaders, { publicUrl: '' })
  // Nothing is built there: test/console.test.ts looks at what is.
  await app.register(pages, { consoleFolder: temporaryFolder(t) })
  return app
}

t.test('each page is there in both languages, and a language has all words of the other', async t => {
  const app = await site(t)
  for (const [url, en, es] of [['/', 'API reference', 'Referencia de la API'], ['/errors', 'Error codes', 'Códigos de error']]) {
    const answers = await Promise.all(['en', 'es-MX'].map(async language => await app.inject({ url, headers: { 'accept-language': language } })))
    t.match(answers.map(({ statusCode, headers }) => [statusCode, headers['content-type'], headers['content-language'], headers.vary]), [[200, 'text/html; charset=utf-8', 'en', 'Accept-Language'], [200, 'text/html; charset=utf-8', 'es', 'Accept-Language']])
    t.match(answers[0]!.body, en!)
    t.match(answers[1]!.body, es!)
    t.match(answers[1]!.body, '<html lang="es">')
    t.notMatch(answers.map(({ body }) => body).join(''), /\{\{|undefined/)
  }
  const home = (await app.inject('/')).body
  for (const link of ['/docs', '/openapi.json', '/admin/queues', '/errors']) t.match(home, `href="${link}"`)
})

t.test('a page runs and styles nothing inline, and loads only what is served here', async t => {
  const app = await site(t)
  for (const url of ['/', '/errors']) {
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
  for (const url of ['/static/pages.css', '/static/pages.css?v=older']) {
    const answer = await app.inject(url)
    t.match([answer.statusCode, answer.headers['cache-control'], answer.headers['x-content-type-options']], [200, 'public, no-cache', 'nosniff'])
    const again = await app.inject({ url, headers: { 'if-none-match': String(answer.headers.etag) } })
    t.same([again.statusCode, again.body], [304, ''])
  }
  t.equal((await app.inject('/static/..%2ftexts.ts')).statusCode, 404)
})

t.test('nothing of the request is written into a page', async t => {
  const app = await site(t)
  const plain = (await app.inject('/')).body
  for (const query of ['?next="><script>alert(1)</script>', '?next=javascript:alert(1)', '?email=a@b.c&password=x']) t.equal((await app.inject(`/${query}`)).body, plain)
  t.equal(fill('{{a}} {{{b}}}', { a: '<i title="\'">&', b: '<b>' }), '&lt;i title=&quot;&#39;&quot;&gt;&amp; <b>')
  t.throws(() => fill('{{toString}}', {}), /toString/)
})

t.test('every code has its anchor', async t => {
  const app = await site(t)
  const { body } = await app.inject('/errors')
  for (const code of Object.keys(errorCatalogue)) t.match(body, `id="${code}"`)
})

t.test('while no console is built its place says so, and a page that is nobody’s is the API’s answer', async t => {
  const app = await site(t)
  t.match((await app.inject('/')).body, 'npm run build')
  for (const url of ['/connections', '/login', '/v1/nothing', '/assets/index.js', '/favicon.svg']) {
    const answer = await app.inject({ url, headers: { accept: 'text/html,*/*' } })
    t.match([answer.statusCode, answer.json().code], [404, 'not_found'], url)
  }
})

t.test('a console that is built is shown wherever a browser asks for a page, its files in the form that the browser takes', async t => {
  const folder = temporaryFolder(t)
  mkdirSync(path.join(folder, 'assets'))
  for (const [name, text] of [['index.html', '<meta property="csp-nonce" nonce="%NONCE%">'], ['assets/a-1.js', 'plain'], ['assets/a-1.js.br', 'brotli'], ['assets/a-1.js.gz', 'gzip'], ['assets/b-2.css', 'small'], ['favicon.svg', '<svg/>'], ['stamp', 'secret']] as const) writeFileSync(path.join(folder, name), text)
  const app = await httpApp(t)
  await app.register(securityHeaders, { publicUrl: '' })
  await app.register(pages, { consoleFolder: folder })
  const browser = { accept: 'text/html,*/*;q=0.8' }
  for (const url of ['/', '/connections', '/connections/con_1?health=failing']) {
    const { statusCode, headers, body } = await app.inject({ url, headers: browser })
    const nonce = /nonce="([^"]+)"/.exec(body)![1]!
    t.match([statusCode, headers['cache-control'], headers['content-type']], [200, 'no-store', 'text/html; charset=utf-8'], url)
    t.match(headers['content-security-policy'], `style-src 'self' 'nonce-${nonce}';`)
  }
  t.equal((await app.inject({ url: '/connections', headers: { accept: 'application/json' } })).statusCode, 404, 'a program is told that there is nothing')
  for (const url of ['/v1/nothing', '/hooks/x', '/assets/none.js', '/assets/..%2fstamp', '/stamp.js']) t.equal((await app.inject({ url, headers: { accept: 'text/css' } })).statusCode, 404, url)
  const file = async (url: string, encoding: string) => {
    const { headers, body } = await app.inject({ url, headers: { 'accept-encoding': encoding } })
    return [headers['content-encoding'], body, headers['cache-control'], headers.vary]
  }
  const forGood = 'public, max-age=31536000, immutable'
  t.same(await file('/assets/a-1.js', 'gzip, br'), ['br', 'brotli', forGood, 'Accept-Encoding'])
  t.same(await file('/assets/a-1.js', 'gzip'), ['gzip', 'gzip', forGood, 'Accept-Encoding'])
  t.same(await file('/assets/a-1.js', ''), [undefined, 'plain', forGood, 'Accept-Encoding'])
  t.same(await file('/assets/b-2.css', 'br'), [undefined, 'small', forGood, 'Accept-Encoding'])
})
