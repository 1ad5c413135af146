/** Counts the assertions in a TAP stream. */
import type { Readable } from 'node:stream'
import { Parser, type Result } from 'tap-parser'

export interface Counts { passed: number, failed: number }

/**
 * An assertion counts once, wherever it is nested. The line that sums up a subtest is none, except where the subtest
 * failed without a failing assertion: a plan not met, a timeout, a process that ended badly.
 */
export async function countTap (stream: Readable): Promise<Counts> {
  const parser = new Parser()
  const counts = counted(parser)
  const done = new Promise<void>(resolve => { parser.once('complete', () => resolve()) })
  for await (const chunk of stream) parser.write(chunk as Buffer)
  parser.end()
  await done
  return counts
}

function counted (parser: Parser): Counts {
  const counts = { passed: 0, failed: 0 }
  let child: Counts | undefined
  parser.on('child', nested => { child = counted(nested) })
  parser.on('assert', (result: Result) => {
    if (child) {
      counts.passed += child.passed
      counts.failed += child.failed || (isFailure(result) ? 1 : 0)
      child = undefined
    } else if (isFailure(result)) {
      counts.failed++
    } else if (result.ok && !result.todo && !result.skip) {
      counts.passed++
    }
  })
  return counts
}

function isFailure (result: Result): boolean {
  return !result.ok && !result.todo && !result.skip
}
