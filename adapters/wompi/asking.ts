import { setTimeout as pause } from 'node:timers/promises'
import { type ConnectionContext, ProviderError } from '../../core/adapter/index.ts'

/** Refused before anything left. `param` is the field of our own API. */
export function refusal (param: string, message: string, code: 'invalid_request' | 'unsupported' | 'amount_invalid' = 'invalid_request'): ProviderError {
  return new ProviderError({ code, reached: 'nowhere', param, providerMessage: message, cause: new Error(message) })
}

/** A word that is not in the documentation that we read: nobody knows what it means. */
export function neverHeardOf (word: unknown): ProviderError {
  return new ProviderError({ code: 'unknown', reached: 'unknown', providerCode: String(word) })
}

/** `2018-07-01T23:49:45.000Z`, and `2018-07-01 23:49:45 UTC` in older pages. */
export function dateOf (text: unknown): Date | undefined {
  if (typeof text !== 'string') return undefined
  const at = Date.parse(text.replace(/^(\d{4}-\d\d-\d\d) (\d\d:\d\d:\d\d) UTC$/, '$1T$2Z'))
  return Number.isNaN(at) ? undefined : new Date(at)
}

export const timeZone = 'America/Bogota'

/** The day of the calendar in Colombia, which keeps one offset (UTC-5) all year. */
export const dayOf = (at: Date): string => new Date(at.getTime() - 5 * 3_600_000).toISOString().slice(0, 10)

/** The last second of the day so many days after, in Colombia. */
export function endOfDay (from: Date, days: number): Date {
  return new Date(Date.parse(`${dayOf(new Date(from.getTime() + days * 86_400_000))}T23:59:59-05:00`))
}

/**
 * Asks until `done`, or until the settings' patience is over; then what was seen last is the answer. Nothing at Wompi answers at once
 * ("never a synchronous result"), and a look that fails only means that somebody else looks later.
 */
export async function watch<T> ({ settings }: ConnectionContext, first: T, done: (seen: T) => boolean, look: () => Promise<T>): Promise<T> {
  const times = typeof settings.poll_times === 'number' ? settings.poll_times : 4
  const everyMs = typeof settings.poll_ms === 'number' ? settings.poll_ms : 700
  let seen = first
  for (let looked = 0; looked < times && !done(seen); looked++) {
    if (everyMs > 0) await pause(everyMs)
    try {
      seen = await look()
    } catch {
      return seen
    }
  }
  return seen
}
