import type { LocalText } from '../adapter/context.ts'

/** One thing that was looked at in a signed document. */
export interface Check extends LocalText {
  name: string
  ok: boolean
}

/** What a signed document turned out to be. */
export interface Verification {
  /** `cfdi40`, `cancelacion` … */
  kind: string
  /** Every check is. */
  ok: boolean
  checks: Check[]
  /** What could not be looked at, and why. A reader must not take it for checked. */
  unchecked: Check['name'][]
  /** What it names itself by: a UUID, a clave de acceso. */
  fiscalId?: string
}

export function verdict (kind: string, checks: Check[], rest: Partial<Pick<Verification, 'unchecked' | 'fiscalId'>> = {}): Verification {
  return { kind, ok: checks.every(({ ok }) => ok), checks, unchecked: [], ...rest }
}
