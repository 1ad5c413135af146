import type { ConnectionContext } from './context.ts'
import type { IdempotencyKey } from './payments.ts'

/** What a record of an invoice is known by at the authority: who issued it, series and number in one, the day of issue (dd-mm-aaaa). */
export interface RecordReference {
  number: string
  date: string
}

export interface SubmitRecordsInput {
  idempotencyKey: IdempotencyKey
  /** Whose invoices they are. */
  issuer: { name: string, taxId: string }
  /** In the order in which they were made, at most a thousand; XML without a declaration. */
  records: readonly { xml: string, reference: RecordReference }[]
  /** They, or some of them, could not go out when they were made. */
  incident: boolean
  /** The last day on which the issuer submits of its own will (dd-mm-aaaa), once it has said that it stops. */
  lastDay?: string
}

export type RecordStatus = 'accepted' | 'accepted_with_errors' | 'rejected'

/** What became of one record. The same order as they were sent in. */
export interface RecordOutcome {
  status: RecordStatus
  /** The authority's own code and words. */
  code?: string
  message?: string
  /** Refused because it has a record of the invoice already. */
  duplicate?: boolean
}

export interface RecordsAnswer {
  /** The authority's proof of the sending (CSV); absent where all was refused. */
  receipt?: string
  /** How long the next sending must wait, seconds. */
  waitSeconds: number
  outcomes: RecordOutcome[]
}

export interface FindRecordsInput {
  issuer: { name: string, taxId: string }
  /** `operationDate` (dd-mm-aaaa): tells the period where it is not that of the issue. */
  records: readonly (RecordReference & { operationDate?: string })[]
}

/** A record as the authority keeps it: the last one of its invoice. */
export interface FoundRecord extends RecordReference {
  /** `annulled`: by a record of annulment. */
  status: 'accepted' | 'accepted_with_errors' | 'annulled'
  /** Of the record that it has. */
  huella: string
  code?: string
  message?: string
}

/** Records of invoices that a tax authority wants as they are made (Spain: VERI*FACTU). */
export interface RecordsFamily {
  /** Throws `answered` when the whole sending was refused: no record was taken. */
  submit: (context: ConnectionContext, input: SubmitRecordsInput) => Promise<RecordsAnswer>
  /** Those of the named invoices that the authority has. */
  find: (context: ConnectionContext, input: FindRecordsInput) => Promise<FoundRecord[]>
}
