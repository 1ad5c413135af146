/** Receivers that do what they should not, and addresses that nobody should reach: over real HTTP and TLS. */
import { lookup as systemLookup } from 'node:dns'
import net from 'node:net'
import t, { type Test } from 'tap'
import { authority, rawReceiver, receiver } from '../../test/support/receiver.ts'
import { guardedLookup, isPublicAddress, publicAddressOf } from '../net-guard.ts'
import { createSender, type Answer, type SenderOptions } from './send.ts'

const now = (): Date => new Date()
const bounds = { timeoutMs: 2_000, allowPrivate: true, now }

const sender = (t: Test, options: Partial<SenderOptions> = {}) => {
  const made = createSender({ ...bounds, ...options })
  t.teardown(() => { made.close() })
  return async (url: string): Promise<Answer> => await made.send(url, { 'webhook-id': 'evt_1' }, '{"a":1}')
}

t.test('only a 2xx is success, and every misbehaviour ends in time with its name', async t => {
  const send = sender(t)
  const server = await receiver(t)
  const other = await receiver(t)
  const head = 'HTTP/1.1 200 OK\r\nContent-Type: text/plain\r\n'
  server.answer('/hang', () => {})
  server.answer('/redirect', (_, response) => { response.writeHead(302, { location: `${other.url}/secret` }).end() })
  server.answer('/permanent', (_, response) => { response.writeHead(308, { location: `${other.url}/secret` }).end() })
  server.answer('/cut', (_, response) => { response.destroy() })
  server.answer('/huge', (_, response) => {
    response.writeHead(200)
    const pour = (): void => {
      let more = true
      while (more && !response.destroyed) more = response.write('x'.repeat(64 * 1024))
      response.once('drain', pour)
    }
    pour()
  })
  server.answer('/huge-headers', (_, response) => { response.writeHead(200, { 'x-a': 'a'.repeat(60_000) }).end() })
  server.answer('/half', (_, response) => {
    response.writeHead(200, { 'content-length': '1000' }).write('only this')
    setImmediate(() => { response.destroy() })
  })
  server.answer('/drip', (_, response) => { response.writeHead(200).write('a') })
  for (const status of [200, 201, 202, 204, 299]) {
    server.answer(`/${status}`, status)
    t.match(await send(`${server.url}/${status}`), { status, error: undefined }, `${status} is success`)
  }
  for (const status of [300, 304, 307]) {
    server.answer(`/${status}`, status)
    t.match(await send(`${server.url}/${status}`), { status, error: 'redirect' })
  }
  for (const status of [400, 401, 404, 410, 429, 500, 503]) {
    server.answer(`/${status}`, status)
    t.match(await send(`${server.url}/${status}`), { status, error: 'status' })
  }
  const cases: [what: string, url: string, expected: object][] = [
    ['hangs', `${server.url}/hang`, { status: undefined, error: 'timeout' }],
    ['redirects', `${server.url}/redirect`, { status: 302, error: 'redirect' }],
    ['redirects for ever', `${server.url}/permanent`, { status: 308, error: 'redirect' }],
    ['cuts before it answers', `${server.url}/cut`, { status: undefined, error: 'cut' }],
    ['answers without end', `${server.url}/huge`, { status: 200, error: undefined }],
    ['sends too many headers', `${server.url}/huge-headers`, { status: undefined, error: 'invalid_answer' }],
    ['cuts in the middle of its answer: it had said 200', `${server.url}/half`, { status: 200, error: undefined }],
    ['never ends its answer', `${server.url}/drip`, { status: 200, error: undefined }],
    ['is not HTTP', await rawReceiver(t, 'SSH-2.0-OpenSSH_9.2\r\n'), { status: undefined, error: 'invalid_answer' }],
    ['says nothing and ends', await rawReceiver(t, ''), { status: undefined, error: 'cut' }],
    ['sends chunks that are none', await rawReceiver(t, `${head}Transfer-Encoding: chunked\r\n\r\nzz\r\nnope`), { status: 200, error: undefined }],
    ['sends chunks that end too early', await rawReceiver(t, `${head}Transfer-Encoding: chunked\r\n\r\nff\r\nshort`), { status: 200, error: undefined }],
    ['says its length twice', await rawReceiver(t, `${head}Content-Length: 5\r\nContent-Length: 6\r\n\r\nhello`), { status: undefined, error: 'invalid_answer' }],
    ['sends its headers a byte at a time', await rawReceiver(t, socket => {
      const dripping = setInterval(() => { socket.write('H') }, 40)
      socket.on('close', () => { clearInterval(dripping) })
    }), { status: undefined, error: /timeout|invalid_answer/ }],
    ['only ever says 100', await rawReceiver(t, socket => {
      const saying = setInterval(() => { socket.write('HTTP/1.1 100 Continue\r\n\r\n') }, 40)
      socket.on('close', () => { clearInterval(saying) })
    }), { status: undefined, error: 'timeout' }],
    ['wants another protocol', await rawReceiver(t, 'HTTP/1.1 101 Switching Protocols\r\nUpgrade: foo\r\nConnection: Upgrade\r\n\r\n'), { status: 101, error: 'status' }],
    ['is not there', `http://127.0.0.1:${await closedPort()}/`, { status: undefined, error: 'connect' }],
    ['has no name in DNS', 'http://nothing.invalid/', { status: undefined, error: 'dns' }]
  ]
  await Promise.all(cases.map(async ([what, url, expected]) => {
    const answer = await send(url)
    t.match(answer, expected, what)
    t.ok(answer.durationMs < 20_000 && (answer.head?.body.length ?? 0) <= 1024, `${what}: bounded`)
  }))
  t.equal(other.received.length, 0, 'no redirect was followed')
})

t.test('a certificate must be of a known authority, for that name, and valid', async t => {
  const { ca, certificate } = authority()
  const good = await receiver(t, { tls: certificate('localhost') })
  const otherName = await receiver(t, { tls: certificate('shop.example') })
  const expired = await receiver(t, { tls: certificate('localhost', { validTo: new Date(Date.now() - 3600_000) }) })
  const plain = await receiver(t)
  const at = (port: number): string => `https://localhost:${port}/`
  const send = sender(t, { ca, timeoutMs: 3000 })
  t.match(await send(at(good.port)), { status: 204, error: undefined })
  t.match(await sender(t, { timeoutMs: 3000 })(at(good.port)), { status: undefined, error: 'tls' }, 'an authority that nobody knows')
  t.match(await send(at(otherName.port)), { status: undefined, error: 'tls' }, 'another name')
  t.match(await send(at(expired.port)), { status: undefined, error: 'tls' }, 'expired')
  t.match(await send(at(plain.port)), { status: undefined, error: 'tls' }, 'no TLS at all')
  t.equal(otherName.received.length + expired.received.length + plain.received.length, 0, 'none of them was shown the event')
})

t.test('a kept socket that was just closed costs nothing, and what an answer tells is kept without its secrets', async t => {
  const server = await receiver(t)
  const send = sender(t)
  server.answer('/once', (_, response) => {
    response.writeHead(200).end('ok')
    // As a server whose idle time is over: after the answer, without a word.
    setImmediate(() => { response.socket?.destroy() })
  })
  for (let count = 0; count < 5; count++) t.match(await send(`${server.url}/once`), { status: 200, error: undefined })
  server.answer('/telling', (_, response) => { response.writeHead(500, { 'set-cookie': 'session=abc', 'x-trace': 'abc123' }).end(`{"authorization":"Bearer abcdefgh12345678"}\0${'é'.repeat(2000)}`) })
  const { head } = await send(`${server.url}/telling`)
  t.match(head, { headers: { 'x-trace': 'abc123' } })
  t.notMatch(JSON.stringify(head), /abcdefgh12345678|session=abc|\\u0000/)
})

// --- addresses ---------------------------------------------------------------------------------------------------------

/** This machine, in every spelling that a URL may have. `P` is the port where a server waits. */
const spellings = [
  'http://127.0.0.1:P/', 'http://127.1:P/', 'http://127.0.1:P/', 'http://127.255.255.254:P/', 'http://2130706433:P/', 'http://0x7f000001:P/', 'http://0x7f.0.0.1:P/', 'http://0x7f.1:P/', 'http://0177.0.0.1:P/', 'http://0177.1:P/',
  'http://017700000001:P/', 'http://0x7F.0x0.0x0.0x1:P/', 'http://00000177.0.0.1:P/', 'http://127.0.0.1.:P/', 'http://0:P/', 'http://0.0.0.0:P/', 'http://0x0:P/', 'http://00:P/', 'http://1２７.0.0.1:P/', 'http://①②⑦.⓪.⓪.①:P/', 'http://127。0。0。1:P/',
  'http://127．0．0．1:P/', 'http://%31%32%37.0.0.1:P/', 'http://127%2e0%2e0%2e1:P/', 'http://localhost:P/', 'http://LOCALHOST:P/', 'http://localhost.:P/', 'http://loc%61lhost:P/', 'http://ⓛocalhost:P/', 'http:/127.0.0.1:P/', 'http:127.0.0.1:P/', 'http:\\\\127.0.0.1:P\\', 'http://127.0.0.1:P#@8.8.8.8/', 'http://127.0.0.1:P?@8.8.8.8/',
  'http://[::1]:P/', 'http://[0:0:0:0:0:0:0:1]:P/', 'http://[0000::0001]:P/', 'http://[::]:P/', 'http://[::ffff:127.0.0.1]:P/', 'http://[::ffff:7f00:1]:P/', 'http://[0:0:0:0:0:ffff:127.0.0.1]:P/', 'http://[::127.0.0.1]:P/', 'http://[::7f00:1]:P/', 'http://[64:ff9b::127.0.0.1]:P/', 'http://[64:ff9b::7f00:1]:P/',
  'http://[64:ff9b:1::7f00:1]:P/', 'http://[2002:7f00:1::]:P/', 'http://[2001:0:7f00:1::]:P/', 'http://[::ffff:0:127.0.0.1]:P/', 'http://[fe80::1]:P/', 'http://[fd00::1]:P/'
]

/** Nobody's on the internet: private, loopback, link-local, metadata services, documentation, hidden IPv4, reserved. */
const addresses = [
  '0.0.0.0', '0.0.0.1', '0.255.255.255', '10.0.0.0', '10.0.0.1', '10.1.2.3', '10.255.255.255', '100.64.0.0', '100.64.0.1', '100.100.100.200', '100.127.255.255', '127.0.0.0', '127.0.0.1', '127.0.1.1', '127.9.9.9', '127.255.255.255',
  '169.254.0.0', '169.254.0.1', '169.254.169.123', '169.254.169.253', '169.254.169.254', '169.254.170.2', '169.254.170.23', '169.254.255.255', '172.16.0.0', '172.16.0.1', '172.17.0.1', '172.20.10.1', '172.31.255.255', '192.0.0.0', '192.0.0.8', '192.0.0.170', '192.0.0.171', '192.0.0.192', '192.0.2.0', '192.0.2.1',
  '192.0.2.255', '192.31.196.1', '192.52.193.1', '192.88.99.0', '192.88.99.1', '192.168.0.0', '192.168.0.1', '192.168.1.1', '192.168.49.2', '192.168.65.254', '192.168.255.255', '192.175.48.1', '198.18.0.0', '198.18.0.1', '198.19.255.255', '198.51.100.0', '198.51.100.1', '203.0.113.0', '203.0.113.255', '224.0.0.0',
  '224.0.0.1', '224.0.0.251', '239.255.255.250', '239.255.255.255', '240.0.0.0', '240.0.0.1', '250.1.2.3', '255.255.255.254', '255.255.255.255',
  '::', '::1', '::2', '::127.0.0.1', '::8.8.8.8', '::ffff:0.0.0.0', '::ffff:10.0.0.1', '::ffff:127.0.0.1', '::ffff:169.254.169.254', '::ffff:192.168.1.1', '::ffff:8.8.8.8', '::ffff:a9fe:a9fe', '::ffff:0:127.0.0.1', '::ffff:0:a9fe:a9fe', '64:ff9b::', '64:ff9b::7f00:1', '64:ff9b::a9fe:a9fe', '64:ff9b::10.0.0.1', '64:ff9b::8.8.8.8',
  '64:ff9b:1::1', '64:ff9b:1::a9fe:a9fe', '100::', '100::1', '100:0:0:1::1', '2001::1', '2001:0:a9fe:a9fe::1', '2001:1::1', '2001:2::1', '2001:3::1', '2001:4:112::1', '2001:10::1', '2001:20::1', '2001:30::1', '2001:db8::', '2001:db8::1', '2001:db8:ffff:ffff::1', '2002::', '2002:7f00:1::', '2002:7f00:1::1', '2002:a00:1::', '2002:a9fe:a9fe::',
  '2002:c0a8:101::1', '3fff::1', '3fff:fff:ffff::1', '4000::1', '5f00::1', '8000::1', 'fc00::', 'fc00::1', 'fd00::1', 'fd00:ec2::254', 'fd20:ce::254', 'fd12:3456:789a::1', 'fe00::1', 'fe80::', 'fe80::1', 'fe80::a9fe:a9fe', 'fe80::1%lo', 'fe80::1%eth0', 'fec0::1', 'feff::1', 'ff00::1', 'ff01::1', 'ff02::1', 'ff02::fb', 'ff05::1:3', 'ff0e::1'
]

t.test('no spelling of a private address is reached', async t => {
  t.ok(new Set([...spellings, ...addresses]).size >= 150, `${spellings.length} spellings and ${addresses.length} addresses`)
  const servers = [await receiver(t)]
  const { port } = servers[0]!
  // The same port on the other family, where there is one.
  const six = net.createServer()
  let sixReached = 0
  six.on('connection', socket => {
    sixReached++
    socket.destroy()
  })
  const hasSix = await new Promise<boolean>(resolve => { six.once('error', () => { resolve(false) }).listen(port, '::1', () => { resolve(true) }) })
  t.teardown(() => { six.close() })

  // Node's own look-up, hosts file included: what is refused is refused by the guard, not for want of a name.
  const send = sender(t, { allowPrivate: false, resolve: systemLookup })
  for (const spelling of spellings) {
    const url = URL.parse(spelling.replace('P', String(port)))
    if (url === null) {
      t.pass(`${spelling} is no URL`)
      continue
    }
    // Not every system knows `localhost` with a dot behind it.
    const [sent, named] = url.hostname === 'localhost.' ? [/^(refused_address|dns)$/, /^(EPRIVATE|ENOTFOUND)$/] : ['refused_address', 'EPRIVATE']
    t.match(await send(url.href), { status: undefined, error: sent }, spelling)
    t.match(await publicAddressOf(url.hostname, { allowPrivate: false }).catch((error: unknown) => error), { code: named }, `${spelling} when it is named`)
  }
  for (const address of addresses) {
    t.notOk(isPublicAddress(address), address)
    // A name whose owner has it lead there; alone, and hidden behind one that is fine.
    for (const led of [[address], ['8.8.8.8', address], [address, '2606:4700::1111']]) {
      const resolve = ((_host: string, _options: object, done: (error: null, found: object[]) => void) => { done(null, led.map(one => ({ address: one, family: net.isIP(one) }))) }) as never
      t.match(await sender(t, { allowPrivate: false, resolve })(`http://hooks.example:${port}/`), { status: undefined, error: 'refused_address' })
    }
  }
  t.equal(servers[0]!.sockets() + sixReached, 0, 'not a socket was opened')
  t.match(await sender(t)(`${servers[0]!.url}/`), { status: 204 }, 'though the server is there')
  t.equal(servers[0]!.sockets(), 1)
  if (!hasSix) t.comment('this machine has no ::1')
})

t.test('what is on the internet passes', t => {
  for (const address of ['8.8.8.8', '1.1.1.1', '100.63.255.255', '100.128.0.1', '172.15.255.255', '172.32.0.1', '192.0.1.1', '192.167.255.255', '198.17.255.255', '198.20.0.1', '223.255.255.255', '2606:4700::1111', '2a00:1450:4001::1', '2001:4860:4860::8888', '2001:1200::1', '2800:3f0::1', '3ffe::1']) t.ok(isPublicAddress(address), address)
  t.end()
})

t.test('a name that changes its mind between the look and the connection is judged by where the connection goes', async t => {
  const server = await receiver(t)
  let asked = 0
  const changing = ((_host: string, _options: object, done: (error: null, found: object[]) => void) => {
    done(null, [{ address: asked++ === 0 ? '8.8.8.8' : '127.0.0.1', family: 4 }])
  }) as never
  const judged = await new Promise(resolve => { guardedLookup(changing)('rebind.example', {}, (error, address) => { resolve(error ?? address) }) })
  t.equal(judged, '8.8.8.8', 'it was fine when it was looked at')
  t.match(await sender(t, { allowPrivate: false, resolve: changing })(`http://rebind.example:${server.port}/`), { status: undefined, error: 'refused_address' })
  t.equal(asked, 2, 'and nobody asks a third time: the socket takes the address that was judged')
  t.equal(server.sockets(), 0)
})

async function closedPort (): Promise<number> {
  const server = net.createServer()
  await new Promise<void>(resolve => { server.listen(0, '127.0.0.1', resolve) })
  const { port } = server.address() as net.AddressInfo
  await new Promise<void>(resolve => { server.close(() => { resolve() }) })
  return port
}
