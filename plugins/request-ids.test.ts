import t from 'tap'
import { httpApp } from '../test/support/http-app.ts'

t.test('every answer has an id of ours, whatever the caller sends', async t => {
  const lines: string[] = []
  const app = await httpApp(t, { destination: { write: line => { lines.push(line) } } })
  app.get('/ok', async request => ({ id: request.id }))
  app.get('/fails', async () => { throw new Error('x') })

  const headers = { 'x-request-id': 'theirs-1', 'request-id': 'theirs-2', traceparent: '00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01' }
  const ids = new Set<unknown>()
  for (const url of ['/ok', '/fails', '/missing']) {
    const answer = await app.inject({ url, headers })
    t.match(answer.headers['request-id'], /^req_[0-9a-f]{32}$/, url)
    ids.add(answer.headers['request-id'])
  }
  t.equal(ids.size, 3)
  for (const line of lines.map(line => JSON.parse(line))) t.match(line, { caller_request_id: 'theirs-1', traceparent: /^00-4bf/, request_id: /^req_/ }, 'theirs stands in the log beside ours')
})

t.test('an id that is no id is not logged', async t => {
  const lines: string[] = []
  const app = await httpApp(t, { destination: { write: line => { lines.push(line) } } })
  app.get('/ok', async () => ({}))
  await app.inject({ url: '/ok', headers: { 'x-request-id': `x${'y'.repeat(500)}` } })
  t.notMatch(lines.join(''), /yyyy/)
})
