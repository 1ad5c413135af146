import { ProviderError } from '../../core/adapter/index.ts'

/** Refused before anything left. `param` is the field of our own API. */
export function refusal (param: string, message: string, code: 'invalid_request' | 'unsupported' | 'amount_invalid' = 'invalid_request'): ProviderError {
  return new ProviderError({ code, reached: 'nowhere', param, providerMessage: message, cause: new Error(message) })
}

/** A word that is not in the documentation that we read: nobody knows what it means. */
export function neverHeardOf (word: unknown): ProviderError {
  return new ProviderError({ code: 'unknown', reached: 'unknown', providerCode: String(word) })
}

/** An answer that is not what was asked for may hide a success. */
export const unreadable = (): ProviderError => new ProviderError({ code: 'timeout_unknown', reached: 'unknown' })

/** Milliseconds, seconds, or a text; one without a zone is taken for UTC. */
export function dateOf (told: unknown): Date | undefined {
  const at = typeof told === 'number' ? told * (told < 100_000_000_000 ? 1000 : 1) : typeof told === 'string' ? textTime(told) : Number.NaN
  return Number.isFinite(at) && at > 0 ? new Date(at) : undefined
}

function textTime (text: string): number {
  if (/^\d{10}$|^\d{13}$/.test(text)) return Number(text) * (text.length === 10 ? 1000 : 1)
  return Date.parse(/[T ]\d\d:\d\d(:\d\d(\.\d+)?)?$/.test(text) ? `${text.replace(' ', 'T')}Z` : text)
}

export const dayMs = 86_400_000
export const hourMs = 3_600_000

type Settings = Readonly<Record<string, unknown>>

export const numberOf = (settings: Settings, name: string, otherwise: number): number => typeof settings[name] === 'number' ? settings[name] : otherwise
/** Whether a setting that names countries (`CO,CL`) names this one. */
export const names = (list: unknown, country: string): boolean => typeof list === 'string' && list.split(',').map(name => name.trim()).includes(country)
