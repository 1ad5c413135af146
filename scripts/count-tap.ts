/** Counts the assertions in a TAP stream. */
import type { Readable } from 'node:stream'
import { Parser, type FinalResults, type Result } from 'tap-parser'

export interface Counts { passed: number, failed: number }

export interface Run extends Counts {
  /** What failed, by its full name, with what the stream says of it. */
  failures: { name: string, diagnosis: string }[]
  /** The stream ended early, or was no TAP: what it would have said is not known. */
  unread: boolean
}

/**
 * An assertion counts once, wherever it is nested. The line that sums up a subtest is none, except where the subtest
 * failed without a failing assertion: a plan not met, a timeout, a process that ended badly.
 */
export async function countTap (stream: Readable): Promise<Run> {
  const parser = new Parser()
  const failures: Run['failures'] = []
  const counts = counted(parser, failures)
  let planned = false
  parser.once('plan', () => { planned = true })
  const done = new Promise<FinalResults>(resolve => { parser.once('complete', resolve) })
  for await (const chunk of stream) parser.write(chunk as Buffer)
  const whole = planned // at the end the parser makes up a plan for a stream that has none
  parser.end()
  const { ok } = await done
  return { ...counts, failures, unread: !ok || !whole }
}

function counted (parser: Parser, failures: Run['failures']): Counts {
  const counts = { passed: 0, failed: 0 }
  let child: Counts | undefined
  const fail = (result: Result) => {
    counts.failed++
    failures.push({ name: result.fullname, diagnosis: diagnosisOf(result) })
  }
  parser.on('child', nested => { child = counted(nested, failures) })
  parser.on('assert', (result: Result) => {
    if (child) {
      counts.passed += child.passed
      counts.failed += child.failed
      if (child.failed === 0 && isFailure(result)) fail(result)
      child = undefined
    } else if (isFailure(result)) {
      fail(result)
    } else if (result.ok && !result.todo && !result.skip) {
      counts.passed++
    }
  })
  return counts
}

/** The difference reads better than the whole. */
function diagnosisOf ({ diag }: Result): string {
  if (!diag) return ''
  const { diff, ...rest } = diag as { diff?: unknown }
  return typeof diff === 'string' ? `${written(rest)}\n${diff}` : written(diag)
}

/** YAML can say what JSON cannot: an error of an HTTP client holds its request, which holds it. */
function written (diagnosis: object): string {
  const above: unknown[] = []
  return JSON.stringify(diagnosis, function (this: unknown, _, value: unknown) {
    while (above.length > 0 && above.at(-1) !== this) above.pop()
    if (typeof value !== 'object' || value === null) return value
    if (above.includes(value)) return '[circular]'
    above.push(value)
    return value
  })
}

function isFailure (result: Result): boolean {
  return !result.ok && !result.todo && !result.skip
}
