import { inspect } from 'node:util'
import type { Answer } from './api.ts'

/** What a step saw is not what it promises. */
export class Unexpected extends Error {
  override readonly name = 'Unexpected'
  readonly expected: string
  readonly seen: string

  constructor (what: string, expected: unknown, seen: unknown) {
    super(what)
    this.expected = show(expected)
    this.seen = show(seen)
  }
}

/** `seen` has everything that `expected` has; what else it has does not matter. A list must be as long. */
export function expect (what: string, seen: unknown, expected: unknown): void {
  if (!holds(seen, expected)) throw new Unexpected(what, expected, seen)
}

export function expectStatus (what: string, answer: Answer, status: number, body?: unknown): void {
  if (answer.status !== status || (body !== undefined && !holds(answer.body, body))) {
    throw new Unexpected(what, body === undefined ? `status ${status}` : { status, body }, { status: answer.status, body: answer.body })
  }
}

/** Asks until the answer holds what is expected, and fails with the last one. */
export async function eventually<T> (what: string, ask: () => Promise<T>, expected: unknown, withinMs = 20_000): Promise<T> {
  const deadline = performance.now() + withinMs
  for (;;) {
    const seen = await ask()
    if (holds(seen, expected)) return seen
    if (performance.now() > deadline) throw new Unexpected(`${what} (within ${withinMs / 1000} s)`, expected, seen)
    await new Promise(resolve => setTimeout(resolve, betweenMs))
  }
}

const betweenMs = 50

function holds (seen: unknown, expected: unknown): boolean {
  if (expected instanceof RegExp) return typeof seen === 'string' && expected.test(seen)
  if (Array.isArray(expected)) return Array.isArray(seen) && seen.length === expected.length && expected.every((each, index) => holds(seen[index], each))
  if (typeof expected === 'object' && expected !== null) {
    return typeof seen === 'object' && seen !== null && Object.entries(expected).every(([name, value]) => holds((seen as Record<string, unknown>)[name], value))
  }
  return Object.is(seen, expected)
}

function show (value: unknown): string {
  return typeof value === 'string' ? value : inspect(value, { depth: 6, breakLength: 110, maxStringLength: 400 })
}
