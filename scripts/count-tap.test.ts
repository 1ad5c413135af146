import { Readable } from 'node:stream'
import t from 'tap'
import { countTap } from './count-tap.ts'

const run = `TAP version 14
# Subtest: a.test.ts
    # Subtest: inner
        ok 1 - counts
        not ok 2 - counts as failed
        ok 3 - later # TODO
        ok 4 - not here # SKIP
        1..4
    not ok 1 - inner
    ok 2 - counts too
    1..2
not ok 1 - a.test.ts
# Subtest: b.test.ts
    ok 1 - counts
    1..1
    # the process ended badly after its only assertion
not ok 2 - b.test.ts
1..2
`

t.test('each assertion counts once; a file that ends badly is a failure; what is skipped is neither', async t => {
  t.match(await countTap(Readable.from([run.slice(0, 50), run.slice(50)])), { passed: 3, failed: 2 })
  t.match(await countTap(Readable.from([''])), { passed: 0, failed: 0, failures: [], files: [] })
})

t.test('what failed is named, also where only the process did; the slowest file comes first', async t => {
  const { failures, files } = await countTap(Readable.from([run.replace('not ok 2 - b.test.ts', 'not ok 2 - b.test.ts # time=1200ms\n  ---\n  exitCode: 7\n  ...')]))
  t.match(failures, [{ name: 'a.test.ts > inner > counts as failed', diagnosis: '' }, { name: 'b.test.ts', diagnosis: '{"exitCode":7}' }])
  t.match(files, [{ name: 'b.test.ts', ms: 1200 }, { name: 'a.test.ts' }])
})
