/**
 * Load on everything that takes money while API, worker and PostgreSQL are killed and the provider fails: 0 lost, 0 double, 0 stuck.
 * CHAOS_SUITE_ROUNDS and CHAOS_SEED choose how long and which. `npm run chaos` is the same by hand.
 */
import { randomInt } from 'node:crypto'
import t from 'tap'
import { runChaos } from './support/chaos/run.ts'

const rounds = Number(process.env.CHAOS_SUITE_ROUNDS ?? 30)
const seed = Number(process.env.CHAOS_SEED ?? randomInt(2 ** 31))

t.setTimeout(560_000)

t.test(`${rounds} rounds, seed ${seed}`, async t => {
  const report = await runChaos({ rounds, seed, say: line => { t.comment(line) } })
  for (const verdict of ['lost', 'double', 'stuck'] as const) t.same(report.differences.filter(each => each.verdict === verdict), [], `0 ${verdict}`)
  t.same(report.unfinished, [], 'every story came to its end')
  t.same(report.missing, [], 'everything went wrong that can')
  t.ok(report.operations > rounds * 5, `${report.operations} operations`)
  const { differences: _, evidence, ...figures } = report
  if (evidence.length > 0) t.comment(JSON.stringify(evidence))
  t.comment(JSON.stringify(figures))
})
