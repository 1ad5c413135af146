import type { Mode } from '../adapter/context.ts'
import type { PaymentsFamily } from '../adapter/payments.ts'
import type { Hub } from '../hub.ts'
import type { Wanted as RouteWanted } from '../routing-rules/can-take.ts'
import { type Candidate, chooseRoute, type Route } from '../routing-rules/choose.ts'

export { assertAmount } from '../routing-rules/can-take.ts'

export interface Wanted extends Pick<RouteWanted, 'connection' | 'method' | 'country' | 'customer' | 'metadata'> {
  mode: Mode
  amount: number
  currency: string
  capture: 'automatic' | 'manual'
  /** The adapter's methods that are needed: `createPayment` when absent. */
  needs?: readonly (keyof PaymentsFamily)[]
}

/** The connection, and what may be tried after it. */
export interface Chosen extends Candidate {
  route: Route
}

/** The named connection, or where the tenant's rules send it, or the oldest that can do it. See `chooseRoute`. Throws 4xx. */
export async function chooseConnection (hub: Pick<Hub, 'adapters' | 'db' | 'usable'>, tenantId: string, wanted: Wanted, options: { anew?: boolean } = {}): Promise<Chosen> {
  const route = await chooseRoute(hub, tenantId, { family: 'payments', ...wanted }, options)
  return { ...route.first, route }
}
