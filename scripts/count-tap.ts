/** Counts the assertions in a TAP stream. */
import type { Readable } from 'node:stream'
import { Parser, type Result } from 'tap-parser'

export interface Counts { passed: number, failed: number }

export interface Run extends Counts {
  /** What failed, by its full name, with what the stream says of it. */
  failures: { name: string, diagnosis: string }[]
  /** How long each file took, the longest first, ms. */
  files: { name: string, ms: number }[]
}

/**
 * An assertion counts once, wherever it is nested. The line that sums up a subtest is none, except where the subtest
 * failed without a failing assertion: a plan not met, a timeout, a process that ended badly.
 */
export async function countTap (stream: Readable): Promise<Run> {
  const parser = new Parser()
  const run: Omit<Run, keyof Counts> = { failures: [], files: [] }
  const counts = counted(parser, run)
  parser.on('assert', ({ name, time }: Result) => { run.files.push({ name, ms: time ?? 0 }) })
  const done = new Promise<void>(resolve => { parser.once('complete', () => resolve()) })
  for await (const chunk of stream) parser.write(chunk as Buffer)
  parser.end()
  await done
  return { ...counts, failures: run.failures, files: run.files.sort((one, other) => other.ms - one.ms) }
}

function counted (parser: Parser, run: Pick<Run, 'failures'>): Counts {
  const counts = { passed: 0, failed: 0 }
  let child: Counts | undefined
  const fail = (result: Result) => {
    counts.failed++
    run.failures.push({ name: result.fullname, diagnosis: result.diag ? JSON.stringify(result.diag) : '' })
  }
  parser.on('child', nested => { child = counted(nested, run) })
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

function isFailure (result: Result): boolean {
  return !result.ok && !result.todo && !result.skip
}
