import { inTenant, type TenantDb } from '../db/in-tenant.ts'
import type { Hub } from '../hub.ts'
import { isExpunged, openBody } from './body.ts'
import { storeHooks } from './collector.ts'
import * as queries from './queries.ts'
import { hookRow, type Passed, verifyWith } from './receive.ts'
import { type HookTarget, openTarget } from './targets.ts'

type House = Pick<Hub, 'db' | 'vault' | 'adapters' | 'publishedKeys' | 'now'>
export type Refused = NonNullable<Awaited<ReturnType<typeof queries.findRefused>>>

export type Reconsidered =
  | { verdict: 'verified' | 'unverifiable', target: HookTarget, passed: Passed }
  | { verdict: 'refused', reason: string }

/**
 * Judges what was refused by the secrets of today and the clock of its arrival: where a secret here was wrong and is repaired, the same
 * bytes are as good as they were at the provider. What was too old when it came stays so, and a secret that was replaced since proves nothing.
 */
export async function reconsider (hub: House, tenantId: string, row: Refused, known: Targets = new Map()): Promise<Reconsidered> {
  if (isExpunged(row.body_sealed)) return { verdict: 'refused', reason: 'what was sent is no longer kept' }
  if (!known.has(row.connection_id)) known.set(row.connection_id, await targetOf(hub, tenantId, row.connection_id))
  const target = known.get(row.connection_id)
  if (target === undefined) return { verdict: 'refused', reason: 'the connection was deleted' }
  const body = await openBody(hub.vault, tenantId, row.id, row.body_sealed)
  if (body.length !== row.body_bytes) return { verdict: 'refused', reason: `only its first ${body.length} of ${row.body_bytes} bytes are kept` }
  const raw = { body, headers: row.headers as Record<string, string>, url: row.url }
  const key = await hub.publishedKeys.of(target.adapter, target.mode, raw)
  const { verdict } = verifyWith({ adapter: target.adapter, settings: target.settings, secrets: target.secrets.map(({ value }) => value).filter(value => value !== '') }, { ...raw, ...(key !== undefined && { key }) }, row.received_at)
  return verdict.verdict === 'refused' ? verdict : { verdict: verdict.verdict, target, passed: verdict }
}

/** Of the connections that were asked about: many of one are judged by secrets that are opened once. */
export type Targets = Map<string, HookTarget | undefined>

async function targetOf (hub: House, tenantId: string, connectionId: string): Promise<HookTarget | undefined> {
  const secretOf = (provider: string) => hub.adapters.get(provider)?.manifest.webhooks?.secret
  const connection = await inTenant(hub.db, tenantId, async db => await queries.findHooked(db, connectionId, secretOf, hub.now()))
  return connection && await openTarget(hub, connection)
}

/** From now on it is an event like the others, under its own id; gives the id of the event that it is: an earlier one where the provider's own repeat came before. */
export async function accept (db: TenantDb, row: Refused, { target, passed }: Exclude<Reconsidered, { verdict: 'refused' }>): Promise<string> {
  const hook = hookRow(target, { headers: row.headers as Record<string, string>, url: row.url }, passed, { id: row.id, bodySealed: row.body_sealed })
  // Somebody else accepted it a moment ago.
  if (!await queries.dropRefused(db, row.id)) return row.id
  const [stored] = await storeHooks(db, [hook], row.received_at)
  return stored!.fresh ? row.id : (await queries.seenAs(db, row.connection_id, hook.dedupeKey))!
}
