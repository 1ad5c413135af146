import t from 'tap'
import { order, testApp } from './support/app.ts'
t.test('smoke', async t => {
  const app = await testApp(t)
  console.error('up', performance.now())
  const a = await app.tenant()
  const p = await a.client('POST', '/v1/payments', { body: order })
  console.error(p.status, p.body.status, performance.now())
  await app.quiet()
  console.error('quiet', performance.now())
  const events = await a.client('GET', '/v1/inbound_events')
  console.error(events.body.data.map((e: any) => [e.event_type, e.status, e.reason]))
  t.end
})
