import t, { type Test } from 'tap'
import { createQueues } from '../core/jobs/queues.ts'
import { testDatabase } from '../test/support/database.ts'
import { bearer, httpApp } from '../test/support/http-app.ts'
import { queueBoard } from './queue-board.ts'
import { securityHeaders } from './security-headers.ts'

const support = { ...bearer({ role: 'support', scopes: ['queues:read'] }) }
const admin = { ...bearer({ role: 'platform_admin', scopes: ['queues:read', 'queues:write'] }) }
const fromOurPage = { 'sec-fetch-site': 'same-origin' }

async function world (t: Test) {
  const { queueUrl } = await testDatabase(t)
  const log = { debug () {}, info () {}, warn () {}, error () {} }
  const queues = await createQueues({ databaseQueueUrl: queueUrl, lockMs: 2000, stalledMs: 1000, log, kinds: ['payment'] })
  t.teardown(async () => { await queues.close() })
  const app = await httpApp(t)
  await app.register(securityHeaders, { publicUrl: 'http://localhost' })
  await app.register(queueBoard, { queues: queues.boardQueues, accessOf: request => request.access, loginUrl: '/login' })
  return app
}

t.test('the board is shown to support and to nobody else', async t => {
  const app = await world(t)
  const anonymous = await app.inject({ url: '/admin/queues', headers: { accept: 'text/html' } })
  t.match([anonymous.statusCode, anonymous.headers.location], [302, '/login?next=%2Fadmin%2Fqueues'])
  const program = await app.inject({ url: '/admin/queues/api/queues' })
  t.match([program.statusCode, program.json().code], [401, 'unauthenticated'])
  t.equal((await app.inject({ url: '/admin/queues', headers: bearer({ scopes: ['payments:read'] }) })).statusCode, 403)
  t.equal((await app.inject({ url: '/admin/queues/manage', headers: support })).statusCode, 403)

  const page = await app.inject({ url: '/admin/queues', headers: support })
  t.match([page.statusCode, page.headers['content-type']], [200, /html/])
  t.match(page.headers['content-security-policy'], /script-src 'self';/)
  t.notMatch(page.body, /<script(?![^>]*src=)(?![^>]*application\/json)/, 'no inline script that the policy would stop')
  t.match(page.body, /<base href="\/admin\/queues\/"/)
  for (const [, file = ''] of page.body.matchAll(/(?:src|href)="(static[^"]+)"/g)) t.equal((await app.inject({ url: `/admin/queues/${file}`, headers: support })).statusCode, 200, file)
})

t.test('support only looks; a platform admin changes, and only from our own page', async t => {
  const app = await world(t)
  const list = await app.inject({ url: '/admin/queues/api/queues', headers: support })
  t.match([list.statusCode, list.json().queues], [200, [{ name: 'payment', readOnlyMode: true }]])
  const pause = async (mount: string, headers: Record<string, string>) => (await app.inject({ method: 'PUT', url: `${mount}/api/queues/payment/pause`, headers })).statusCode
  t.equal(await pause('/admin/queues', { ...admin, ...fromOurPage }), 405)
  t.equal(await pause('/admin/queues/manage', { ...support, ...fromOurPage }), 403)
  t.equal(await pause('/admin/queues/manage', admin), 403, 'a form on a page of somebody else')
  t.equal(await pause('/admin/queues/manage', { ...admin, 'sec-fetch-site': 'cross-site' }), 403)
  t.equal(await pause('/admin/queues/manage', { ...admin, ...fromOurPage }), 200)
})
