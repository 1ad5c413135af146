import qs from 'qs'
import { invalid } from './errors.ts'

/** Stripe's form encoding: nested names in brackets, lists as `[]` or numbered. Source: payments.md 1.2 and 11. */
const options = { depth: 10, arrayLimit: 100, parameterLimit: 2000, ignoreQueryPrefix: true, strictDepth: true, allowPrototypes: false } as const

export function decode (encoded: string): Record<string, unknown> {
  if (encoded === '') return {}
  try {
    return qs.parse(encoded, options)
  } catch {
    throw invalid('Invalid request: the parameters are nested too deeply.')
  }
}
