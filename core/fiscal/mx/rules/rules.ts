import { conceptRules } from './concepts.ts'
import { documentRules } from './document.ts'
import { partyRules } from './parties.ts'
import { paymentRules } from './payments.ts'
import type { AnyRule } from './rule.ts'
import { totalRules } from './totals.ts'

/** Every rule beyond the structure (`expected.ts`). A new one is a row in one of these tables. */
export const rules: readonly AnyRule[] = [...documentRules, ...partyRules, ...conceptRules, ...totalRules, ...paymentRules]
