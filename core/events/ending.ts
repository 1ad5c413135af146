/** What became of a provider's event: shown to support beside the webhook. */
export interface Ending {
  /** `unmatched`: it is about nothing of ours. */
  status: 'processed' | 'ignored' | 'unmatched'
  reason: string | null
  /** Our object that it is about. */
  subjectId?: string | null
}
