import type { Access } from '../access/principal.ts'
import { recordChange } from '../audit/record.ts'
import { isCurrency } from '../adapter/money.ts'
import { inTenant } from '../db/in-tenant.ts'
import { HubError, invalidField } from '../errors.ts'
import type { Hub } from '../hub.ts'
import { newUuid, uuidOf } from '../ids.ts'
import * as queries from './queries.ts'
import type { CostRow } from './queries.ts'
import type { Costs, PutCosts } from './schema.ts'

/** Before every day there is. */
const always = '0001-01-01'

/** What a connection costs by its contract: of payments a commission, of documents a price for each. Reports use it where the provider tells nothing. */
export async function getCosts (hub: Pick<Hub, 'db'>, access: Access, publicConnectionId: string): Promise<Costs> {
  const id = uuidOf('connection', publicConnectionId)
  return await inTenant(hub.db, access.tenantId, async db => {
    if ((await queries.findConnection(db, id))?.mode !== access.mode) throw new HubError('not_found')
    return show(publicConnectionId, await queries.listCosts(db, id))
  })
}

/** Replaces them all. They hold from their day on, also for what was taken before they were said. Throws a 400 that names the line. */
export async function putCosts (hub: Pick<Hub, 'db' | 'now'>, access: Access, publicConnectionId: string, { costs }: PutCosts): Promise<Costs> {
  const id = uuidOf('connection', publicConnectionId)
  const now = hub.now()
  const rows = costs.map(({ kind = 'payment', currency, method = '', from = always, percent = '0', fixed = 0, vat_percent: vat = '0' }, index) => {
    if (!isCurrency(currency)) throw invalidField(`costs.${index}.currency`, 'is not an ISO 4217 currency')
    if (kind === 'document' && (method !== '' || percent !== '0')) throw invalidField(`costs.${index}.${method === '' ? 'percent' : 'method'}`, 'a document has a fixed price only')
    return { id: newUuid(now), connection_id: id, kind, currency, method, from_day: from, percent, fixed, vat_percent: vat }
  })
  const twice = rows.findIndex((row, index) => rows.findIndex(other => keyOf(other) === keyOf(row)) !== index)
  if (twice !== -1) throw invalidField(`costs.${twice}`, 'is said twice')
  return await inTenant(hub.db, access.tenantId, async db => {
    if ((await queries.lockConnection(db, id))?.mode !== access.mode) throw new HubError('not_found')
    await queries.replaceCosts(db, id, rows, now)
    const after = show(publicConnectionId, await queries.listCosts(db, id))
    await recordChange(db, access, now, { action: 'connection.costs_changed', subjectType: 'connection', subjectId: publicConnectionId, detail: { costs: after.costs } })
    return after
  })
}

const keyOf = ({ kind, currency, method, from_day: from }: Pick<CostRow, 'kind' | 'currency' | 'method' | 'from_day'>): string => [kind, currency, method, from].join(' ')

const show = (connection: string, rows: readonly CostRow[]): Costs => ({
  object: 'connection_costs',
  connection,
  costs: rows.map(row => ({
    kind: row.kind as 'payment', currency: row.currency, method: row.method === '' ? null : row.method, from: row.from_day === always ? null : row.from_day,
    percent: plain(row.percent), fixed: row.fixed, vat_percent: plain(row.vat_percent)
  }))
})

/** `3.600000` as people write it. */
const plain = (percent: string): string => percent.replace(/\.?0+$/, '')
