import type { Access } from '../access/principal.ts'
import type { PaymentsFamily } from '../adapter/payments.ts'
import type { ProviderError } from '../adapter/problems.ts'
import { loadSealed, type SealedConnection } from '../connections/open.ts'
import { inTenant } from '../db/in-tenant.ts'
import { HubError, invalidField, momentOf } from '../errors.ts'
import type { Hub } from '../hub.ts'
import { uuidOf } from '../ids.ts'
import type { Range } from './schema.ts'

const dayMs = 24 * 3600_000
const longestDays = 31

/** A connection of the caller's tenant and mode that is there, enabled or not: what it took before is still in its books. */
export async function connectionOf (hub: Pick<Hub, 'db'>, access: Access, publicConnectionId: string): Promise<SealedConnection> {
  const connection = await inTenant(hub.db, access.tenantId, async db => await loadSealed(db, uuidOf('connection', publicConnectionId)))
  if (connection?.mode !== access.mode) throw new HubError('not_found')
  return connection
}

/** The adapter's listing, or 422. */
export function requireListing<Name extends 'listPayments' | 'listTransactions'> (hub: Pick<Hub, 'adapters'>, connection: SealedConnection, name: Name): NonNullable<PaymentsFamily[Name]> {
  const method = hub.adapters.get(connection.provider)?.payments?.[name]
  if (method === undefined) throw new HubError('capability_not_supported')
  return method as NonNullable<PaymentsFamily[Name]>
}

/** What a range leaves out is taken from `usual`. Throws a 400 that names the field. */
export function checkedRange (given: Range, usual: { from: Date, to: Date }, now: Date): { from: Date, to: Date } {
  const from = given.from === undefined ? usual.from : momentOf('from', given.from)
  const to = given.to === undefined ? (given.from === undefined ? usual.to : now) : momentOf('to', given.to)
  if (to > now) throw invalidField('to', 'is in the future')
  if (from >= to) throw invalidField('from', 'is not before the end')
  if (to.getTime() - from.getTime() > longestDays * dayMs) throw invalidField('from', `is more than ${longestDays} days before the end`)
  return { from, to }
}

/** A listing only reads: whatever became of it, nothing happened. */
export function listingError (error: ProviderError, provider: string): HubError {
  return new HubError(error.reached === 'answered' ? 'provider_refused' : 'provider_unavailable', {
    provider: { id: provider, code: error.providerCode, message: error.providerMessage },
    ...(error.retryAfterMs !== undefined && { retryAfterMs: error.retryAfterMs }),
    cause: error
  })
}
