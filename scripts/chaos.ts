/**
 * `npm run chaos -- --rounds 200 [--seed 7] [--log folder] [--json]`: the chaos suite, for as long as one likes. Ends with 1 when the books differ, or when something
 * never went wrong. See docs/chaos.md.
 */
import { randomInt } from 'node:crypto'
import { parseArgs } from 'node:util'
import type { ChaosReport } from '../test/support/chaos/run.ts'
import { runChaos } from '../test/support/chaos/run.ts'

const { values } = parseArgs({ options: { rounds: { type: 'string', default: '30' }, seed: { type: 'string' }, json: { type: 'boolean', default: false }, log: { type: 'string' } } })
const rounds = wholeNumber('rounds', values.rounds)
const seed = values.seed === undefined ? randomInt(2 ** 31) : wholeNumber('seed', values.seed)

console.log(`${rounds} rounds, seed ${seed}`)
const report = await runChaos({ rounds, seed, logFolder: values.log, say: line => { console.log(line) } })
console.log(values.json ? JSON.stringify(report, null, 2) : shown(report))
process.exitCode = report.differences.length + report.missing.length + report.unfinished.length > 0 ? 1 : 0

function wholeNumber (name: string, text: string): number {
  const number = Number(text)
  if (!Number.isSafeInteger(number) || number < 1) {
    console.error(`--${name} is a whole number from 1`)
    process.exit(2)
  }
  return number
}

function shown ({ seconds, stories, operations, requests, tally, missing, compared, webhooks, unfinished, fell, differences }: ChaosReport): string {
  const list = (counts: Record<string, number>): string => Object.entries(counts).map(([name, times]) => `  ${String(times).padStart(6)}  ${name}`).join('\n')
  const of = (verdict: string): number => differences.filter(each => each.verdict === verdict).length
  return [
    `${seconds.all} s in all: ${seconds.rounds} s of rounds, ${seconds.draining} s until the books were closed`,
    `${operations} operations answered, ${requests} requests, ${webhooks} webhooks acknowledged, ${fell} times a process could not start or ended by itself`,
    'stories:', list(stories), 'disasters:', list(tally), 'rows compared:', list(compared),
    ...differences.map(({ verdict, what, id, detail }) => `${verdict}: ${what} ${id}: ${detail}`),
    ...unfinished.map(story => `not finished: ${story}`),
    ...(missing.length > 0 ? [`never happened: ${missing.join(', ')}`] : []),
    `${of('lost')} lost, ${of('double')} double, ${of('stuck')} stuck`
  ].join('\n')
}
