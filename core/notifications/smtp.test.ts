import { createServer } from 'node:net'
import t from 'tap'
import { mailServer } from '../../test/support/mail-server.ts'
import { loadConfig } from '../config.ts'
import { mailSettings } from './settings.ts'
import { handOver } from './smtp.ts'

const bytes = Buffer.from('From: a@x.example\r\nSubject: hi\r\n\r\n.dots\r\n.\r\nend\r\n')
const settings = (url: string, timeoutMs = 3000) => ({ url, from: 'invoices@hub.example', timeoutMs })

t.test('what the server says decides what may be repeated', async t => {
  const server = await mailServer(t)
  const to = ['ana@x.example', 'ben@x.example']

  t.same(await handOver(settings(server.url), to, bytes), { accepted: to, refused: [] })
  t.match(server.inbox[0], { from: 'invoices@hub.example', to })
  t.match(server.inbox[0]!.raw, /\r\n\.dots\r\n\.\r\nend/, 'a line that is a dot ends nothing')

  server.recipient = address => address === 'ben@x.example' ? 550 : undefined
  t.match(await handOver(settings(server.url), to, bytes), { accepted: ['ana@x.example'], refused: [{ address: 'ben@x.example', code: 550, said: /no such mailbox/ }] })
  server.recipient = () => 451
  t.match(await handOver(settings(server.url), to, bytes), { accepted: [], refused: [{ code: 451 }, { code: 451 }], failure: { reached: 'answered', final: false, code: '451' } })
  server.recipient = () => undefined

  server.message = 554
  t.match(await handOver(settings(server.url), to, bytes), { accepted: [], failure: { reached: 'answered', final: true, code: '554' } })
  server.message = 452
  t.match(await handOver(settings(server.url), to, bytes), { failure: { reached: 'answered', final: false, code: '452' } })
  server.message = 'cut'
  t.match(await handOver(settings(server.url), to, bytes), { accepted: [], failure: { reached: 'unknown', final: false } })
  server.message = 'silent'
  t.match(await handOver(settings(server.url, 2_000), to, bytes), { accepted: [], failure: { reached: 'unknown', final: false, code: 'ETIMEDOUT' } })
})

t.test('where nobody answers, nothing was sent', async t => {
  t.match(await handOver(settings('smtp://127.0.0.1:1'), ['a@x.example'], bytes), { failure: { reached: 'nowhere', final: false } })
  const mute = createServer(() => {})
  await new Promise<void>(resolve => { mute.listen(0, '127.0.0.1', resolve) })
  t.teardown(() => { mute.close() })
  const { port } = mute.address() as { port: number }
  t.match(await handOver(settings(`smtp://127.0.0.1:${port}`, 150), ['a@x.example'], bytes), { failure: { reached: 'nowhere', final: false } })
  // A byte now and then is no silence: the whole of it is bounded too.
  const slow = createServer(socket => {
    const timer = setInterval(() => { socket.write('2') }, 20)
    socket.on('close', () => { clearInterval(timer) }).on('error', () => {})
  })
  await new Promise<void>(resolve => { slow.listen(0, '127.0.0.1', resolve) })
  t.teardown(() => { slow.close() })
  const begun = performance.now()
  t.match(await handOver(settings(`smtp://127.0.0.1:${(slow.address() as { port: number }).port}`, 100), ['a@x.example'], bytes), { accepted: [], failure: { final: false } })
  t.ok(performance.now() - begun < 30_000, 'bounded')
})

t.test('a password is the operator’s to mend, not the mail’s end; and it never travels in the clear', async t => {
  const server = await mailServer(t, { user: { name: 'hub@x', password: 'p@ss/wörd' } })
  t.match(await handOver(settings(server.url), ['a@x.example'], bytes), { accepted: ['a@x.example'] })
  t.match(await handOver(settings(server.url.replace('p%40ss', 'other')), ['a@x.example'], bytes), { failure: { reached: 'answered', final: false, code: '535' } })
  // Loopback by a name that does not look like it: a server without TLS is refused before the password is sent.
  const { port } = new URL(server.url)
  t.match(await handOver(settings(`smtp://hub%40x:secret@0.0.0.0:${port}`), ['a@x.example'], bytes), { accepted: [], failure: { final: false } })
  t.equal(server.inbox.length, 1)
})

t.test('mail is configured wholly or not at all', t => {
  t.equal(mailSettings(loadConfig({})), undefined)
  t.match(mailSettings(loadConfig({ SMTP_URL: 'smtps://u:p@mail.example', MAIL_FROM: 'a@b.example' })), { from: 'a@b.example', timeoutMs: 30_000 })
  t.throws(() => mailSettings(loadConfig({ SMTP_URL: 'smtp://mail.example' })), /belong together/)
  for (const bad of ['nobody', 'A <a@b.example>', 'a@b.example, c@d.example', '@b', 'a@']) t.throws(() => loadConfig({ MAIL_FROM: bad }), bad)
  t.end()
})
