/** One command of `pasarela`. A new one is a file beside this and a line in `commands.ts`. */
export interface Command {
  /** As it is typed, such as `keys rotate-master`. */
  name: string
  /** Under which heading the overview shows it. */
  group: string
  /** One line, for the overview. */
  summary: string
  /** What a person has to know before running it, a paragraph each. */
  about: string[]
  options?: Record<string, Option>
  /** What may stand beside options; a command without it takes none. */
  args?: { name: string, min: number, max: number }
  /** What follows `pasarela `, with what it is for. */
  examples?: { line: string, what: string }[]
  /** Answers the exit code; undefined when the process now runs until it is told to stop. It imports what it needs when it runs. */
  run: (call: Call) => Promise<number | undefined>
}

export interface Option {
  help: string
  /** How its value is shown in help; without it the option is a switch. */
  value?: string
  required?: true
}

/** One call of a command: everything that it may read and where it may write. */
export interface Call {
  env: Readonly<Record<string, string | undefined>>
  /** By name, without the dashes. */
  values: Readonly<Record<string, string | boolean | undefined>>
  args: readonly string[]
  json: boolean
  out: Output
}

export interface Output {
  /** A line for a person, on standard output; nothing with `--json`. */
  say: (line: string) => void
  /** A document exactly as it is, on standard output, without a line end; nothing with `--json`. */
  write: (document: string) => void
  /** One JSON object on a line of its own; nothing without `--json`. */
  json: (object: object) => void
  /** Progress and warnings, on standard error. */
  note: (line: string) => void
}

/** The command was not typed as it should be: exit code 2. */
export class UsageError extends Error {
  override readonly name = 'UsageError'
}

/** It was understood and cannot be done, for a reason that a person can act on: exit code 1, without a stack. */
export class Refused extends Error {
  override readonly name = 'Refused'
}

/** The text given to an option, if any. */
export function text ({ values }: Pick<Call, 'values'>, name: string): string | undefined {
  const value = values[name]
  return typeof value === 'string' ? value : undefined
}
