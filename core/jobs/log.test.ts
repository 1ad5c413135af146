import t from 'tap'
import { kept } from './fixtures/silent.ts'
import { quietErrors } from './log.ts'

t.test('an error that all queues report is one line, and its like one line in ten seconds', async t => {
  let time = 0
  const { log, lines } = kept()
  const report = quietErrors({ log, now: () => time })
  const error = new Error('Connection terminated')
  for (const kind of ['payment', 'refund', 'inbound']) report(error, kind)
  t.match(lines, [{ level: 'warn', fields: { err: error, where: 'payment' } }])
  t.equal(lines.length, 1)
  report(new Error('Connection terminated'), 'payment')
  report(Object.assign(new Error('connect'), { code: 'ECONNREFUSED' }), 'payment')
  t.equal(lines.length, 2, 'another kind of error is not held back')
  time = 10_000
  report(new Error('Connection terminated'), 'payment')
  t.match(lines[2], { fields: { alike: 1 } })
})
