import type { OperationName } from '../manifest.ts'
import type { Harness } from './harness.ts'
import type { Session, Transcript } from './session.ts'

/** One promise before it is run. `keep` throws when the adapter does not keep it. */
export interface Draft {
  /** Which of the suite's promises it belongs to: `faults`, `amounts` … */
  promise: string
  name: string
  /** Why it is asked. */
  because: string
  keep: (session: Session) => Promise<void>
}

/** What a group of promises is written from. */
export interface Plan {
  harness: Harness
  capabilities: ReadonlySet<OperationName>
  transcript: Transcript
}
