import type { ProviderEvent } from '../adapter/webhooks.ts'
import type { SealedConnection } from '../connections/open.ts'
import type { Ending } from '../events/ending.ts'
import type { Hub } from '../hub.ts'
import { applyLocked, matchMethod } from './methods.ts'
import { pullMethod } from './resolve-method.ts'

type SavedMethodEvent = Extract<ProviderEvent, { type: 'saved_method' }>

/**
 * What a provider tells of a saved method or its set-up. `believed`: its signature covers the whole body; otherwise, and where
 * it is not decisive, the provider is asked. Throws what that question threw: then the webhook is tried again.
 */
export async function processSavedMethodEvent (hub: Hub, connection: SealedConnection, event: SavedMethodEvent, believed: boolean): Promise<Ending> {
  const { snapshot } = event
  const row = await matchMethod(hub, connection, {
    providerReference: event.providerReference,
    ...(event.reference !== undefined && { reference: event.reference }),
    ...(snapshot?.setupReference !== undefined && { setupReference: snapshot.setupReference })
  })
  if (row === undefined) return { status: 'unmatched', reason: `no payment method of ours is ${event.providerReference}` }
  const ended = (reason: string | null): Ending => ({ status: 'processed', reason, subjectId: row.id })
  if (row.detached_at !== null) return ended('it was removed')
  if (believed && snapshot !== undefined) {
    const { outcome } = await applyLocked(hub, connection.tenantId, row.id, { type: 'event', snapshot })
    if (outcome.do !== 'pull') return ended(outcome.do === 'ignore' ? outcome.why : null)
  }
  if (row.status === 'removed') return ended('it was removed')
  const after = await pullMethod(hub, await hub.open(connection), row)
  return ended(after === undefined ? 'the provider cannot be asked about it' : after.status === row.status ? `it is ${row.status}` : null)
}
