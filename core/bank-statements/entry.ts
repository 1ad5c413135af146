import { scrubText } from '../scrub.ts'

/** One movement of an account, as a statement tells it. */
export interface ParsedEntry {
  /** Of the file: its line, or its place among the entries. */
  line: number
  direction: 'credit' | 'debit'
  /** Minor units, never below zero. */
  amount: number
  currency: string
  day: string
  /** On the account's own clock. */
  time?: string
  /** What the statement says is the payer's numeric reference, without leading zeros. */
  reference?: string
  /** Seven digits anywhere in its texts. */
  hints: string[]
  trackingKey?: string
  description: string
  payer?: string
  balance?: number
  /** It undoes another movement. */
  reversal?: boolean
}

/** What is wrong with one line, for whoever sent the file. */
export interface LineProblem { line: number, message: string }

/** Not every line can be read: then none is kept. */
export class StatementError extends Error {
  override readonly name = 'StatementError'
  readonly problems: readonly LineProblem[]

  constructor (problems: readonly LineProblem[]) {
    super(problems[0]?.message ?? 'the statement cannot be read')
    this.problems = problems
  }
}

export const maxEntries = 20_000
const hintsAtMost = 10

/** A numeric reference as it was asked for: banks fill it up with zeros, or leave them out. Undefined for what is longer, or no number. */
export function normalReference (text: string | undefined): string | undefined {
  const digits = text?.replace(/['\s]/g, '') ?? ''
  const bare = digits.replace(/^0+/, '')
  return /^\d+$/.test(digits) && bare.length >= 1 && bare.length <= 7 ? bare : undefined
}

/** Runs of digits that are seven long but for zeros before them. */
export function hintsIn (texts: readonly (string | undefined)[]): string[] {
  const found = new Set<string>()
  for (const text of texts) {
    for (const [digits] of (text ?? '').matchAll(/\d{7,20}/g)) {
      const bare = digits.replace(/^0+/, '')
      if (bare.length === 7) found.add(bare)
    }
  }
  return [...found].slice(0, hintsAtMost)
}

/** Clave de rastreo: up to thirty letters and digits. In capitals, because banks show it so or so. */
export function normalTrackingKey (text: string | undefined): string | undefined {
  const key = text?.replace(/['\s]/g, '').toUpperCase() ?? ''
  return /^[A-Z0-9./-]{4,35}$/.test(key) && /[1-9A-Z]/.test(key.replace(/^0+/, '')) && !/^(?:NOTPROVIDED|NONREF)$/.test(key) ? key : undefined
}

/** Kept as it is but for card numbers, which never enter. */
export const keptText = (text: string, maxLength: number): string => scrubText(text.replace(/\s+/g, ' ').trim()).slice(0, maxLength).toWellFormed()
