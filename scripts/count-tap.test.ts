import { Readable } from 'node:stream'
import t from 'tap'
import { countTap } from './count-tap.ts'

const run = `TAP version 14
# Subtest: a
    # Subtest: inner
        ok 1 - counts
        not ok 2 - counts as failed
          ---
          diff: |
            -one
            +two
          ...
        ok 3 - later # TODO
        ok 4 - not here # SKIP
        1..4
    not ok 1 - inner
    ok 2 - counts too
    1..2
not ok 1 - a
# Subtest: b
    ok 1 - counts
    1..1
    # the process ended badly after its only assertion
not ok 2 - b
  ---
  exitCode: 7
  ...
1..2
`

t.test('each assertion counts once; a subtest that ends badly is a failure; what is skipped is neither', async t => {
  t.match(await countTap(Readable.from([run.slice(0, 50), run.slice(50)])), { passed: 3, failed: 2 })
})

t.test('what failed is named, with the difference, also where only the process did', async t => {
  const { failures } = await countTap(Readable.from([run]))
  t.match(failures, [{ name: 'a > inner > counts as failed', diagnosis: '{}\n-one\n+two\n' }, { name: 'b', diagnosis: '{"exitCode":7}' }])
})

t.test('an error that holds itself, as an HTTP client’s does, is told all the same', async t => {
  const circular = 'TAP version 14\nnot ok 1 - fetches\n  ---\n  at: &place\n    line: 7\n  again: *place\n  error: &error\n    name: AxiosError\n    request:\n      res:\n        - *error\n  ...\n1..1\n'
  const { failed, failures } = await countTap(Readable.from([circular]))
  t.equal(failed, 1)
  t.same(JSON.parse(failures[0]!.diagnosis), { at: { line: 7 }, again: { line: 7 }, error: { name: 'AxiosError', request: { res: ['[circular]'] } } })
})

t.test('a stream that ends early or says nothing is not taken for a good one; one that skips all is', async t => {
  for (const cut of ['', 'TAP version 14\n', 'TAP version 14\nok 1 - one\n', 'TAP version 14\nok 1 - one\n1..2\n']) t.match(await countTap(Readable.from([cut])), { failed: 0, unread: true }, JSON.stringify(cut))
  for (const whole of ['TAP version 14\nok 1 - one\n1..1\n', 'TAP version 14\n1..0 # no judge here\n']) t.match(await countTap(Readable.from([whole])), { failed: 0, unread: false }, JSON.stringify(whole))
})
