import type { Days } from './facts.ts'
import type { Tolerance } from './judge.ts'
import type { PutReconciliationSettings, ReconciliationSettings } from './schema.ts'

export interface Rules extends Tolerance { days: Days, alertAfterDays: number }

const usual = { absolute: 0, percent: 0, other_currency: 'mismatch', days: { provider: 3, bank: 5, document: 31 }, alert_after_days: 2 } as const

/** What the tenant said, and the usual for the rest. */
export const shownSettings = (settings: unknown): Omit<ReconciliationSettings, 'object' | 'mode'> => {
  const said = settings as PutReconciliationSettings
  return { ...usual, ...said, days: { ...usual.days, ...said.days } }
}

export function rulesOf (settings: unknown): Rules {
  const { absolute, percent, other_currency: otherCurrency, days, alert_after_days: alertAfterDays } = shownSettings(settings)
  return { absolute, percent, otherCurrency, days, alertAfterDays }
}
