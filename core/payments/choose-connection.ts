import type { Adapter } from '../adapter/define.ts'
import { exponentOf, isCurrency, money, toWire } from '../adapter/money.ts'
import type { Mode } from '../adapter/context.ts'
import { loadSealed, type SealedConnection, withDefaults } from '../connections/open.ts'
import { inTenant } from '../db/in-tenant.ts'
import { HubError, invalidField } from '../errors.ts'
import type { Hub } from '../hub.ts'
import { parseId } from '../ids.ts'

export interface Wanted {
  mode: Mode
  connection?: string
  amount: number
  currency: string
  method?: string
  capture: 'automatic' | 'manual'
}

export interface Chosen {
  connection: SealedConnection
  adapter: Adapter
}

/**
 * The named connection, or the oldest usable one that can do it. What is remembered may choose, but it never refuses: before
 * a 4xx is given, which says what is in the way, the database is asked. Nothing is written.
 */
export async function chooseConnection (hub: Pick<Hub, 'adapters' | 'db' | 'usable'>, tenantId: string, wanted: Wanted, { anew = false } = {}): Promise<Chosen> {
  if (!isCurrency(wanted.currency)) throw invalidField('currency', 'is not an ISO 4217 currency')
  const remembered = anew ? undefined : hub.usable.recall(tenantId, wanted.mode)
  if (remembered !== undefined) {
    const chosen = choose(hub, remembered, wanted)
    if (!(chosen instanceof HubError)) return chosen
  }
  const chosen = choose(hub, await hub.usable.load(tenantId, wanted.mode), wanted)
  if (!(chosen instanceof HubError)) return chosen
  throw wanted.connection === undefined ? chosen : await whyNot(hub, tenantId, wanted.connection, wanted.mode) ?? chosen
}

function choose (hub: Pick<Hub, 'adapters'>, usable: readonly SealedConnection[], wanted: Wanted): Chosen | HubError {
  const named = wanted.connection === undefined ? undefined : parseId('connection', wanted.connection)
  let first: HubError | undefined
  for (const connection of usable) {
    if (wanted.connection !== undefined && connection.id !== named) continue
    const adapter = hub.adapters.get(connection.provider)
    if (adapter?.payments === undefined) continue
    try {
      assertCan(adapter, connection, wanted)
      return { connection, adapter }
    } catch (error) {
      if (!(error instanceof HubError)) throw error
      first ??= error
    }
  }
  return first ?? invalidField('connection', 'this tenant has no usable payment connection in this mode', 'connection_not_usable')
}

/** A connection that was named and is not usable: what is in its way. */
async function whyNot (hub: Pick<Hub, 'adapters' | 'db'>, tenantId: string, name: string, mode: Mode): Promise<HubError | undefined> {
  const id = parseId('connection', name)
  const connection = id === undefined ? undefined : await inTenant(hub.db, tenantId, async db => await loadSealed(db, id))
  if (connection === undefined) return invalidField('connection', 'no such connection', 'connection_not_usable')
  if (connection.mode !== mode) return invalidField('connection', `is a ${connection.mode} connection, and this key is for ${mode}`, 'connection_not_usable')
  if (!connection.enabled) return invalidField('connection', 'is disabled', 'connection_not_usable')
  const adapter = hub.adapters.get(connection.provider)
  if (adapter === undefined) return new HubError('provider_unknown')
  return adapter.payments === undefined ? new HubError('capability_not_supported') : undefined
}

function assertCan (adapter: Adapter, connection: SealedConnection, { amount, currency, method, capture }: Wanted): void {
  const { manifest } = adapter
  if (adapter.payments === undefined) throw new HubError('capability_not_supported')
  if (capture === 'manual' && adapter.payments.capture === undefined) throw invalidField('capture', 'this provider cannot capture later', 'capability_not_supported')
  if (!manifest.currencies.includes(currency)) throw invalidField('currency', `${manifest.name} does not take ${currency}`, 'currency_not_supported')
  if (method !== undefined) {
    const found = manifest.methods.find(({ type }) => type === method)
    if (found === undefined) throw invalidField('method.type', `${manifest.name} does not offer ${method}`, 'method_not_supported')
    if (found.currencies !== undefined && !found.currencies.includes(currency)) throw invalidField('method.type', `${method} is not offered in ${currency}`, 'method_not_supported')
  }
  assertAmount(adapter, connection, amount, currency)
}

/** The provider's limits and units for this currency; a connection's own setting `<currency>_minimum` goes before the manifest's. */
export function assertAmount (adapter: Adapter, connection: Pick<SealedConnection, 'settings'>, amount: number, currency: string): void {
  const rule = adapter.manifest.amounts[currency] ?? {}
  const setting = withDefaults(adapter, connection.settings)[`${currency.toLowerCase()}_minimum`]
  const minimum = typeof setting === 'number' ? setting : rule.minimum
  if (minimum !== undefined && amount < minimum) throw invalidField('amount', `${adapter.manifest.name} takes at least ${readable(minimum, currency)} ${currency} (${minimum} minor units)`, 'amount_invalid')
  if (rule.maximum !== undefined && amount > rule.maximum) throw invalidField('amount', `${adapter.manifest.name} takes at most ${readable(rule.maximum, currency)} ${currency} (${rule.maximum} minor units)`, 'amount_invalid')
  try {
    toWire(money(amount, currency), rule)
  } catch (error) {
    throw invalidField('amount', (error as Error).message, 'amount_invalid')
  }
}

function readable (minor: number, currency: string): string {
  const digits = exponentOf(currency)
  return (minor / 10 ** digits).toFixed(digits)
}
