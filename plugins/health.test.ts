import t, { type Test } from 'tap'
import { httpApp } from '../test/support/http-app.ts'
import { health, type HealthOptions } from './health.ts'

async function world (t: Test, checks: HealthOptions['checks'], timeoutMs?: number) {
  const app = await httpApp(t)
  await app.register(health, { checks, ...(timeoutMs !== undefined && { timeoutMs }) })
  return app
}
const fine = async () => {}

t.test('ready when every check passes', async t => {
  const answer = await (await world(t, { database: fine, queue: fine })).inject('/ready')
  t.match([answer.statusCode, answer.json()], [200, { status: 'ready', checks: { database: 'ok', queue: 'ok' } }])
})

t.test('not ready names what failed, says no why, and the process is healthy all the same', async t => {
  const app = await world(t, { database: fine, migrations: async () => { throw new Error('password of the database') }, queue: () => { throw new Error('at once') } })
  const answer = await app.inject('/ready')
  t.match([answer.statusCode, answer.json().code, answer.headers['retry-after']], [503, 'unavailable', '1'])
  t.same(answer.json().errors.map(({ path }: { path: string }) => path), ['migrations', 'queue'])
  t.notMatch(answer.body, /password/)
  t.equal((await app.inject('/health')).statusCode, 200)
})

t.test('a check that never answers is not waited for', async t => {
  const answer = await (await world(t, { database: async () => await new Promise(() => {}) }, 20)).inject('/ready')
  t.equal(answer.statusCode, 503)
})

t.test('a process that is about to stop takes no more traffic, and still answers what comes', async t => {
  const app = await world(t, { database: fine })
  await app.ready()
  app.stopTraffic()
  t.match([(await app.inject('/ready')).statusCode, (await app.inject('/health')).statusCode], [503, 200])
})
