import type { IdKind } from '../ids.ts'

/** What became of a provider's event: shown to support beside the webhook. */
export interface Ending {
  /** `unmatched`: it is about nothing of ours. */
  status: 'processed' | 'ignored' | 'unmatched'
  reason: string | null
  /** Our object that it is about: a payment, unless `subjectType` says otherwise. */
  subjectId?: string | null
  subjectType?: IdKind
}
