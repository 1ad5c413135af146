import t from 'tap'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import fc from 'fast-check'
import { mailServer } from '../test/support/mail-server.ts'
import { createHttpClient } from './adapter/http-client.ts'
import { isPublicAddress, PrivateAddress, publicAddressOf, publicLookup } from './net-guard.ts'
import { handOver, logIn } from './notifications/smtp.ts'

t.test('this machine, private networks and metadata services are not on the internet', t => {
  for (const address of ['127.0.0.1', '127.9.9.9', '10.1.2.3', '172.16.0.1', '172.31.255.255', '192.168.1.1', '169.254.169.254', '100.64.0.1', '0.0.0.0', '224.0.0.1', '255.255.255.255', '192.0.2.1', '::1', '::', '::ffff:127.0.0.1', '::ffff:8.8.8.8', 'fe80::1', 'fc00::1', 'fd00:ec2::254', '64:ff9b::7f00:1', '2002:7f00:1::', 'ff02::1', 'localhost', '']) t.notOk(isPublicAddress(address), address)
  for (const address of ['8.8.8.8', '172.15.0.1', '172.32.0.1', '192.167.1.1', '100.128.0.1', '2606:4700::1111', '2a00:1450::1']) t.ok(isPublicAddress(address), address)
  fc.assert(fc.property(fc.nat(255), fc.nat(255), fc.nat(255), (b, c, d) => !isPublicAddress(`10.${b}.${c}.${d}`) && !isPublicAddress(`::ffff:10.${b}.${c}.${d}`)), { numRuns: 100 })
  t.end()
})

t.test('a name is judged by what it leads to, at the moment of the connection', async t => {
  await t.rejects(publicAddressOf('localhost', { allowPrivate: false }), { code: 'EPRIVATE' })
  for (const literal of ['127.0.0.1', '[::1]', '[::ffff:7f00:1]', '169.254.169.254']) await t.rejects(publicAddressOf(literal, { allowPrivate: false }), { code: 'EPRIVATE' }, literal)
  t.equal(await publicAddressOf('127.0.0.1', { allowPrivate: true }), '127.0.0.1')
  t.equal(await publicAddressOf('8.8.8.8', { allowPrivate: false }), '8.8.8.8')
  const looked = await new Promise<unknown>(resolve => { publicLookup('localhost', {}, error => { resolve(error) }) })
  t.ok(looked instanceof PrivateAddress)
})

t.test('nothing is sent to a machine that is not on the internet: neither a mail nor a push', async t => {
  const mail = await mailServer(t)
  const settings = { url: mail.url, from: 'a@b.example', timeoutMs: 1000, onlyPublic: true }
  t.match(await handOver(settings, ['c@d.example'], Buffer.from('x')), { accepted: [], failure: { reached: 'nowhere', final: false, code: 'EPRIVATE' } })
  t.match(await logIn({ ...settings, url: mail.url.replace('127.0.0.1', 'localhost') }), { code: 'EPRIVATE' })
  t.equal(mail.sessions, 0)
  t.equal(await logIn({ ...settings, onlyPublic: false }), undefined)

  let asked = 0
  const server = createServer((_, response) => { asked++; response.end() })
  await new Promise<void>(resolve => { server.listen(0, '127.0.0.1', resolve) })
  t.teardown(() => { server.close() })
  const origin = `http://localhost:${(server.address() as AddressInfo).port}`
  const send = createHttpClient({ allowedOrigins: [origin], defaultTimeoutMs: 2000, lookup: publicLookup })
  const refusal = await send({ method: 'POST', url: `${origin}/wpush`, body: 'x' }).catch((error: unknown) => error)
  t.match(refusal, { reached: 'nowhere' })
  t.equal(asked, 0)
})
