import type { ConnectionContext } from '../context.ts'
import type { Session } from './session.ts'

/** What both families can be asked: one object by the provider's id, or by ours. */
export interface Snapshot {
  /** Absent where the provider tells nothing of it afterwards. */
  get?: (context: ConnectionContext, providerReference: string) => Promise<{ providerReference: string }>
  find?: (session: Session, context: ConnectionContext, reference: string) => Promise<{ providerReference: string } | undefined>
}
