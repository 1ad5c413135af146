import { readFile } from 'node:fs/promises'
import { type Call, Refused, UsageError } from './command.ts'

/** What a file named on the command line holds. */
export async function readInput (file: string): Promise<Buffer> {
  return await readFile(file).catch((error: NodeJS.ErrnoException) => {
    throw new Refused(error.code === 'ENOENT' ? `${file} is not there` : `${file} cannot be read: ${error.code ?? error.message}`)
  })
}

/** The first line, in UTF-8 or in what older editors write. */
export function passphraseIn (bytes: Buffer): string {
  const plain = bytes.subarray(0, 3).equals(Buffer.from([0xef, 0xbb, 0xbf])) ? bytes.subarray(3) : bytes
  let whole: string
  try {
    whole = new TextDecoder('utf-8', { fatal: true }).decode(plain)
  } catch {
    whole = plain.toString('latin1')
  }
  return whole.split(/\r?\n/, 1)[0]!
}

/** The moment that an option names; now without it. */
export function momentOf (option: string, given: string | undefined): Date {
  const date = given === undefined ? new Date() : new Date(given)
  if (Number.isNaN(date.getTime()) || (given !== undefined && !/^\d{4}-\d\d-\d\d/.test(given))) throw new UsageError(`--${option} must be a date or a moment in ISO 8601, such as 2026-11-21 or 2026-11-21T10:00:00Z`)
  return date
}

/** The zone that an option names. */
export function zoneOf (option: string, given: string | undefined): string | undefined {
  if (given === undefined) return undefined
  try {
    return new Intl.DateTimeFormat('en', { timeZone: given }).resolvedOptions().timeZone
  } catch {
    throw new UsageError(`--${option} must be an IANA zone, such as America/Mexico_City`)
  }
}

/** Of sentences that a person reads. */
export function languageOf (env: Call['env']): 'es' | 'en' {
  return /^es/i.test(env.LC_ALL || env.LC_MESSAGES || env.LANG || '') ? 'es' : 'en'
}
