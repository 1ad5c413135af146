import { BackupRefused } from '../backup/refused.ts'
import { ConfigError } from '../config.ts'
import { codeOf } from '../db/errors.ts'
import { HubError } from '../errors.ts'
import { Refused } from './command.ts'

/** What went wrong, for the person who typed the command. What nobody foresaw keeps its stack. */
export function explain (error: unknown): string {
  if (error instanceof ConfigError || error instanceof Refused || error instanceof BackupRefused) return error.message
  if (error instanceof HubError) return [error.detail.en, ...(error.errors ?? []).map(({ path, message }) => `  ${path}: ${message}`)].join('\n')
  const code = codeOf(error)
  if (code !== undefined && notMigrated.has(code)) return `The database is not what this version needs: run \`pasarela migrate\`. (${(error as Error).message})`
  if (code !== undefined) return `The database says: ${(error as Error).message} (${code})`
  const { code: system, errors } = error as { code?: string, errors?: Error[] }
  if (system === 'ECONNREFUSED' || system === 'ENOTFOUND' || system === 'ETIMEDOUT') return `The database cannot be reached: ${errors?.[0]?.message ?? (error as Error).message}`
  return error instanceof Error ? error.stack ?? error.message : String(error)
}

/** Undefined table, function, schema and column: https://www.postgresql.org/docs/18/errcodes-appendix.html */
const notMigrated = new Set(['42P01', '42883', '3F000', '42703'])
