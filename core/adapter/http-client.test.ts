import { once } from 'node:events'
import http from 'node:http'
import net, { type AddressInfo, type Socket } from 'node:net'
import tls from 'node:tls'
import { gzipSync } from 'node:zlib'
import t, { type Test } from 'tap'
import { closeHttpAgents, createHttpClient, type HttpExchange } from './http-client.ts'
import type { HttpRequest } from './http.ts'
import { isProviderError, ProviderError } from './problems.ts'

// A certificate for `localhost`, made for this test alone.
const key = `-----BEGIN PRIVATE KEY-----
MIGHAgEAMBMGByqGSM49AgEGCCqGSM49AwEHBG0wawIBAQQgESBtvtXFhlCnmcHQ
4E6zk4StmLqYSR6badHxIOyZpyKhRANCAARQ55QbfYHwyx6nxU6A/HkASa3dKSsp
eGti3GfAyYoWIAH8JzuV4YM0ngC1bVPOON5N7DP3MmCz/fw2uqQTp3JH
-----END PRIVATE KEY-----`
const cert = `-----BEGIN CERTIFICATE-----
MIIBlDCCATugAwIBAgIUJ0nO9O5jNvG/bwRbTrOrNTncxQwwCgYIKoZIzj0EAwIw
FDESMBAGA1UEAwwJbG9jYWxob3N0MCAXDTI2MTEyMTAyNTcyOVoYDzIxMjYxMDI4
MDI1NzI5WjAUMRIwEAYDVQQDDAlsb2NhbGhvc3QwWTATBgcqhkjOPQIBBggqhkjO
PQMBBwNCAARQ55QbfYHwyx6nxU6A/HkASa3dKSspeGti3GfAyYoWIAH8JzuV4YM0
ngC1bVPOON5N7DP3MmCz/fw2uqQTp3JHo2kwZzAdBgNVHQ4EFgQUtYofjqiSxCgA
Iq6ru0yfJZNrinUwHwYDVR0jBBgwFoAUtYofjqiSxCgAIq6ru0yfJZNrinUwDwYD
VR0TAQH/BAUwAwEB/zAUBgNVHREEDTALgglsb2NhbGhvc3QwCgYIKoZIzj0EAwID
RwAwRAIgESnIoPhu6DmNJcntGTFhJ0hilSD3bULsLzyf44L2augCIG3lrKGc+McW
7Cnt2pCadN8dElocVOaU9ATgWMA+A1j3
-----END CERTIFICATE-----`

t.afterEach(() => { closeHttpAgents() })

const anywhere = createHttpClient({ allowedOrigins: () => true, defaultTimeoutMs: 2000 })

async function listening (t: Test, server: net.Server): Promise<string> {
  const sockets = new Set<Socket>()
  server.on('connection', (socket: Socket) => {
    sockets.add(socket.on('error', () => {}).on('close', () => sockets.delete(socket)))
  })
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  t.teardown(() => {
    for (const socket of sockets) socket.destroy()
    server.close()
  })
  return `127.0.0.1:${(server.address() as AddressInfo).port}`
}

/** A TCP server that hands every request's text to `behave`; counts sockets and requests. */
async function raw (t: Test, behave: (socket: Socket, nth: number) => void) {
  const seen = { sockets: 0, requests: 0, url: '' }
  const server = net.createServer(socket => {
    seen.sockets++
    socket.on('data', data => {
      if (!/^[A-Z]+ \//.test(data.toString())) return
      behave(socket, ++seen.requests)
    })
  })
  seen.url = `http://${await listening(t, server)}/`
  return seen
}

async function failureOf (request: HttpRequest, client = anywhere): Promise<ProviderError> {
  try {
    await client(request)
  } catch (thrown) {
    if (thrown instanceof ProviderError) return thrown
    throw thrown
  }
  throw new Error('it was answered')
}

const ok = 'HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok'

t.test('every status is an answer; names of headers come in lower case; the bytes are untouched', async t => {
  const bytes = Buffer.from([0xef, 0xbb, 0xbf, 0, 1, 2, 0xff])
  const server = http.createServer((request, response) => {
    const body: Buffer[] = []
    request.on('data', chunk => body.push(chunk)).on('end', () => {
      response.writeHead(Number(request.url?.slice(1)), { 'X-Seen': `${request.method} ${Buffer.concat(body)} ${request.headers['x-mine']}`, Location: '/200' })
      response.end(bytes)
    })
  })
  const origin = `http://${await listening(t, server)}`
  for (const status of [200, 302, 404, 429, 503]) {
    const answer = await anywhere({ method: 'POST', url: `${origin}/${status}`, headers: { 'X-Mine': 'yes' }, body: 'a=1' })
    t.equal(answer.status, status)
    t.equal(answer.headers['x-seen'], 'POST a=1 yes')
    t.same(Buffer.from(answer.body), bytes)
  }
  const answer = await anywhere({ method: 'PUT', url: `${origin}/200`, body: new Uint8Array(Buffer.from('xxbytes')).subarray(2) })
  t.match(answer.headers['x-seen'], /^PUT bytes/)
})

t.test('sockets are kept and used again', async t => {
  const server = await raw(t, socket => socket.write(ok))
  for (let i = 0; i < 5; i++) await anywhere({ method: 'GET', url: server.url })
  t.same([server.sockets, server.requests], [1, 5])
})

t.test('nothing left: nowhere', async t => {
  const closed = net.createServer()
  const address = await listening(t, closed)
  closed.close()
  await once(closed, 'close')
  const mute = `https://${await listening(t, net.createServer())}`
  for (const [name, url] of [
    ['refused', `http://${address}/`],
    ['no such name', 'http://no-such-host.invalid/'],
    ['unroutable', 'http://192.0.2.1/'],
    ['TLS handshake that never ends', mute]
  ] as const) {
    const error = await failureOf({ method: 'POST', url, body: 'a=1', timeoutMs: 150 })
    t.same([error.code, error.reached], ['provider_unavailable', 'nowhere'], name)
  }
  for (const value of ['Bearer a\nb', 'Bearer a\r\nx: y', 'Bearer \u0000', 'Bearer €']) {
    const error = await failureOf({ method: 'GET', url: mute, headers: { authorization: value } })
    t.same([error.code, error.reached], ['invalid_request', 'nowhere'], 'a header that cannot be written as it is')
  }
})

t.test('a peer that cannot prove itself gets nothing, in both TLS versions', async t => {
  for (const version of ['TLSv1.2', 'TLSv1.3'] as const) {
    let heard = 0
    const server = tls.createServer({ key, cert, minVersion: version, maxVersion: version }, socket => {
      socket.on('error', () => {}).on('data', data => { heard += data.length })
    })
    const url = `https://${await listening(t, server)}/`
    for (let i = 0; i < 20; i++) {
      const error = await failureOf({ method: 'POST', url, body: 'card=secret' })
      t.same([error.code, error.reached], ['provider_unavailable', 'nowhere'])
    }
    t.equal(heard, 0, `${version}: not one byte of a request was written`)
  }
})

t.test('over TLS, a cut after the handshake is unknown', async t => {
  const before = tls.getCACertificates('default')
  tls.setDefaultCACertificates([cert])
  t.teardown(() => { tls.setDefaultCACertificates(before) })
  let cut = false
  const server = tls.createServer({ key, cert }, socket => {
    socket.on('error', () => {}).on('data', () => cut ? socket.destroy() : socket.end(ok))
  })
  const url = `https://localhost:${(await listening(t, server)).split(':')[1]}/`
  t.equal((await anywhere({ method: 'GET', url })).status, 200)
  cut = true
  const error = await failureOf({ method: 'GET', url })
  t.same([error.code, error.reached], ['timeout_unknown', 'unknown'])
})

t.test('whatever breaks after the connection: unknown, and one request only', async t => {
  const bomb = gzipSync(Buffer.alloc(8 * 1024 * 1024))
  for (const [name, behave] of Object.entries<(socket: Socket) => void>({
    reset: socket => socket.resetAndDestroy(),
    'hang up': socket => socket.end(),
    silence: () => {},
    'truncated body': socket => socket.end('HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\nhalf'),
    'truncated chunks': socket => socket.end('HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n'),
    'body that never ends': socket => socket.write('HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\nhalf'),
    'not HTTP': socket => socket.end('<html>'),
    'too large': socket => socket.end(`HTTP/1.1 200 OK\r\nContent-Length: 3000\r\n\r\n${'x'.repeat(3000)}`),
    'gzip bomb': socket => { socket.write(`HTTP/1.1 200 OK\r\nContent-Encoding: gzip\r\nContent-Length: ${bomb.length}\r\n\r\n`); socket.end(bomb) },
    'broken gzip': socket => socket.end('HTTP/1.1 200 OK\r\nContent-Encoding: gzip\r\nContent-Length: 4\r\n\r\nnope')
  })) {
    const server = await raw(t, behave)
    const error = await failureOf({ method: 'POST', url: server.url, body: 'a=1', timeoutMs: 1_000, maxBytes: 2000 })
    t.same([error.code, error.reached, server.requests], ['timeout_unknown', 'unknown', 1], name)
    t.equal(JSON.stringify(error.cause).includes('a=1'), false, 'the cause holds no request')
  }
})

t.test('a kept socket that is reset on reuse is unknown, and nothing is repeated', async t => {
  const server = await raw(t, (socket, nth) => nth === 1 ? socket.write(ok) : socket.resetAndDestroy())
  await anywhere({ method: 'POST', url: server.url, body: 'a=1' })
  const error = await failureOf({ method: 'POST', url: server.url, body: 'a=2' })
  t.same([error.code, error.reached], ['timeout_unknown', 'unknown'])
  t.same([server.sockets, server.requests], [1, 2])
})

t.test('an origin that is not allowed, a credential in the URL and another scheme are bugs, before any I/O', async t => {
  const server = await raw(t, socket => socket.write(ok))
  const exchanges: HttpExchange[] = []
  const strict = createHttpClient({ allowedOrigins: ['https://api.example.com/'], defaultTimeoutMs: 1000, onExchange: exchange => exchanges.push(exchange) })
  for (const url of [server.url, 'https://api.example.com:8443/', 'https://api.example.com.evil.test/', 'https://user:pw@api.example.com/', 'file:///etc/passwd', 'data:text/plain,x']) {
    const thrown: unknown = await strict({ method: 'GET', url }).catch((thrown: unknown) => thrown)
    t.equal(thrown instanceof Error && !isProviderError(thrown), true, url)
  }
  t.same([server.sockets, exchanges.length], [0, 0])
})

t.test('the proxy variables of the environment are not obeyed', async t => {
  const proxy = await raw(t, socket => socket.end('HTTP/1.1 502 No\r\n\r\n'))
  const server = await raw(t, socket => socket.write(ok))
  const before = process.env
  process.env = { ...before, http_proxy: proxy.url, HTTP_PROXY: proxy.url, NO_PROXY: '' }
  t.teardown(() => { process.env = before })
  t.equal((await anywhere({ method: 'GET', url: server.url })).status, 200)
  t.equal(proxy.requests, 0)
})

t.test('every exchange is told, whole; a listener that throws harms nobody', async t => {
  const exchanges: HttpExchange[] = []
  const at = new Date('2026-11-20T10:00:00Z')
  const options = { allowedOrigins: () => true, defaultTimeoutMs: 1000, now: () => at, userAgent: 'pasarela/0.1' }
  const client = createHttpClient({ ...options, onExchange: exchange => exchanges.push(exchange) })
  const server = await raw(t, (socket, nth) => nth === 1 ? socket.write(ok) : socket.destroy())
  await client({ method: 'POST', url: server.url, headers: { Authorization: 'Bearer x' }, body: 'a=1' })
  const error = await failureOf({ method: 'GET', url: server.url }, client)
  t.match(exchanges, [
    { method: 'POST', url: server.url, requestHeaders: { authorization: 'Bearer x', 'user-agent': 'pasarela/0.1' }, requestBody: 'a=1', status: 200, startedAt: at, error: undefined },
    { method: 'GET', status: undefined, responseBody: undefined, error }
  ])
  t.equal(Buffer.from(exchanges[0]?.responseBody ?? []).toString(), 'ok')
  t.equal(exchanges.every(exchange => exchange.durationMs > 0), true)

  const warned = once(process, 'warning')
  const clumsy = createHttpClient({ ...options, onExchange: () => { throw new Error('clumsy') } })
  const fine = await raw(t, socket => socket.write(ok))
  t.equal((await clumsy({ method: 'GET', url: fine.url })).status, 200)
  t.match(await warned, [{ message: /listener/ }])
})

t.test('our own limit speaks first', async t => {
  const refused = new ProviderError({ code: 'rate_limited', reached: 'nowhere', retryAfterMs: 5 })
  const server = await raw(t, socket => socket.write(ok))
  const client = createHttpClient({ allowedOrigins: () => true, defaultTimeoutMs: 1000, limiter: { take: () => Promise.reject(refused) } })
  t.equal(await failureOf({ method: 'GET', url: server.url }, client), refused)
  t.equal(server.sockets, 0)
})

t.test('a request that still waits for a socket when its time is up went nowhere', async t => {
  const server = await raw(t, () => {})
  const first = Array.from({ length: 256 }, () => failureOf({ method: 'GET', url: server.url, timeoutMs: 1500 }))
  const late = await Promise.all(Array.from({ length: 4 }, () => failureOf({ method: 'GET', url: server.url, timeoutMs: 50 })))
  t.same(late.map(error => error.reached), Array(4).fill('nowhere'))
  closeHttpAgents()
  await Promise.all(first)
  t.ok(server.requests <= 256, 'and none of them was seen')
})
