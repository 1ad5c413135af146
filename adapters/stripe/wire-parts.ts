import { type Mode, ProviderError } from '../../core/adapter/index.ts'

/** What every object of Stripe's has, in our words. */

/** The id of a field that Stripe may give expanded. */
export function idOf (field: string | { id: string } | null | undefined): string | undefined {
  return typeof field === 'string' ? field : field?.id
}

export const expanded = <T extends object>(field: string | T | null | undefined): T | undefined => typeof field === 'object' && field !== null ? field : undefined

export function modeOf (livemode: boolean): Mode {
  return livemode ? 'live' : 'test'
}

export function dateOf (seconds: number | null | undefined): Date | undefined {
  return typeof seconds === 'number' ? new Date(seconds * 1000) : undefined
}

export function iso (seconds: number | null | undefined): string | undefined {
  return dateOf(seconds)?.toISOString()
}

/** A word that is not in the documentation that we read: nobody knows what it means. */
export function neverHeardOf (word: unknown): ProviderError {
  return new ProviderError({ code: 'unknown', reached: 'unknown', providerCode: String(word) })
}
