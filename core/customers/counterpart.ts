import { setTimeout } from 'node:timers/promises'
import type { ConnectionContext } from '../adapter/context.ts'
import type { OperationName } from '../adapter/manifest.ts'
import type { IdempotencyKey, Lookup } from '../adapter/payments.ts'
import { ProviderError } from '../adapter/problems.ts'
import type { OpenConnection } from '../connections/open.ts'
import { inTenant, type TenantDb } from '../db/in-tenant.ts'
import type { Hub } from '../hub.ts'
import { newUuid, publicId } from '../ids.ts'
import { callProvider, finishOperation, insertOperation, recordedCall } from '../operations/call.ts'
import { isRefused } from '../operations/problem.ts'
import * as queries from './queries.ts'
import type { CounterpartKind, CounterpartRow } from './queries.ts'

/** How one of our objects comes to be at a provider. */
export interface Maker {
  kind: CounterpartKind
  /** Our object. */
  ownerId: string
  operation: OperationName
  /** In the transaction that commits the intent: reads our object as it is now, and throws when it is no longer there. */
  prepare: (db: TenantDb) => Promise<{
    create: (context: ConnectionContext, key: IdempotencyKey) => Promise<{ providerReference: string }>
    /** Of our object, as it is sent: later ones are told to the provider too. */
    version?: number
  }>
  finder: OperationName
  /** Owed by every adapter whose create can be lost. */
  find: ((context: ConnectionContext, lookup: Lookup) => Promise<{ providerReference: string } | undefined>) | undefined
  requestId: string
}

export type Made = { ok: true, reference: string } | { ok: false, error: ProviderError }

/** How often and how long one waits for another who is at it, ms: longer than a provider usually takes. */
const looks = 60
const lookEveryMs = 100

/**
 * What stands for our object at this connection's provider, made when it is first needed. Two callers at once make one: the
 * row is the turn, and who does not have it waits. An outcome that nobody knows is asked for before anything is sent again.
 */
export async function counterpartAt (hub: Hub, opened: OpenConnection, maker: Maker): Promise<Made> {
  const known = await inTenant(hub.db, opened.tenantId, async db => await queries.findCounterpart(db, maker.kind, maker.ownerId, opened.id))
  if (known !== undefined && known.provider_reference !== null) return { ok: true, reference: known.provider_reference }
  for (let look = 0; look < looks; look++) {
    const turn = await inTenant(hub.db, opened.tenantId, async db => await takeTurn(hub, db, opened, maker))
    if (turn === 'taken') await setTimeout(lookEveryMs)
    else if ('reference' in turn) return { ok: true, reference: turn.reference }
    else return await make(hub, opened, maker, turn.row)
  }
  return { ok: false, error: new ProviderError({ code: 'conflict', reached: 'unknown', providerMessage: `the ${maker.kind} is being made at the provider` }) }
}

async function takeTurn (hub: Pick<Hub, 'now' | 'config'>, db: TenantDb, opened: OpenConnection, { kind, ownerId }: Maker): Promise<{ reference: string } | { row: CounterpartRow } | 'taken'> {
  const now = hub.now()
  const row = await queries.lockCounterpart(db, { id: newUuid(now), keyId: newUuid(now), kind, ownerId, connectionId: opened.id, now })
  if (row.provider_reference !== null) return { reference: row.provider_reference }
  if (row.busy_until !== null && row.busy_until > now) return 'taken'
  await queries.updateCounterpart(db, row.id, { busy_until: new Date(now.getTime() + turnMs(hub, opened)) }, now)
  return { row }
}

/** A search and a create, each with its wait for a free place: no turn ends while its call is under way. */
const turnMs = ({ config }: Pick<Hub, 'config'>, { adapter: { manifest } }: OpenConnection): number => Math.min(config.jobLeaseMs, 2 * (manifest.timeouts_ms.default + 15_000))

async function make (hub: Hub, opened: OpenConnection, maker: Maker, row: CounterpartRow): Promise<Made> {
  const work = async <T> (run: (db: TenantDb) => Promise<T>) => await inTenant(hub.db, opened.tenantId, run)
  const end = async (changes: queries.CounterpartChanges) => await work(async db => await queries.updateCounterpart(db, row.id, { busy_until: null, ...changes }, hub.now()))
  const known = async (reference: string): Promise<Made> => {
    await end({ provider_reference: reference, asked_at: null })
    return { ok: true, reference }
  }
  let keyId = row.key_id
  if (row.asked_at !== null) {
    const looked = await look(hub, opened, maker, row.asked_at)
    if (looked.ok && looked.reference !== undefined) return await known(looked.reference)
    const next = looked.ok ? nextStep(opened, maker.operation, row, hub.now()) : 'wait'
    if (next === 'wait') {
      await end({})
      return { ok: false, error: looked.error ?? new ProviderError({ code: 'timeout_unknown', reached: 'unknown' }) }
    }
    if (next === 'anew') keyId = newUuid(hub.now())
  }
  const idempotencyKey = publicId('operation', keyId) as IdempotencyKey
  const { operationId, create } = await work(async db => {
    const now = hub.now()
    const { create, version } = await maker.prepare(db)
    await queries.updateCounterpart(db, row.id, { key_id: keyId, asked_at: keyId === row.key_id ? row.asked_at ?? now : now, sent_at: now, ...(version !== undefined && { told_version: version }) }, now)
    return { create, operationId: await insertOperation(db, now, { connection: opened, kind: maker.operation, subjectId: maker.ownerId, idempotencyKey, requestId: maker.requestId }) }
  })
  const result = await callProvider(hub, opened, maker.operation, async context => await create(context, idempotencyKey))
  await work(async db => await finishOperation(db, operationId, result.report))
  if (result.ok) return await known(result.value.providerReference)
  // A refusal is kept under its key by some providers: the next try is another request.
  if (isRefused(result.error)) await end({ asked_at: null, key_id: newUuid(hub.now()) })
  else if (result.error.reached === 'nowhere' && row.asked_at === null) await end({ asked_at: null })
  else await end({})
  return { ok: false, error: result.error }
}

async function look (hub: Hub, opened: OpenConnection, { find, finder, kind, ownerId, operation, requestId }: Maker, askedAt: Date): Promise<{ ok: true, reference: string | undefined, error?: undefined } | { ok: false, error: ProviderError | undefined }> {
  // Nobody to ask: only where the same again is the same, it tells itself.
  if (find === undefined) return opened.adapter.manifest.retry_safety[operation] === 'natural-key' ? { ok: true, reference: undefined } : { ok: false, error: undefined }
  const result = await recordedCall(hub, async work => await inTenant(hub.db, opened.tenantId, work), { connection: opened, kind: finder, subjectId: ownerId, requestId },
    async context => await find(context, { reference: publicId(kind, ownerId), from: askedAt, to: hub.now() }))
  if (result.ok) return { ok: true, reference: result.value?.providerReference }
  // Why the question failed is not why the object is missing.
  return { ok: false, error: new ProviderError({ code: 'timeout_unknown', reached: 'unknown', cause: result.error }) }
}

/** The provider does not know it, or not yet. May the same be sent again, under its key or another, or is it too early to say? */
function nextStep ({ adapter: { manifest } }: OpenConnection, operation: OperationName, row: CounterpartRow, now: Date): 'again' | 'anew' | 'wait' {
  const safety = manifest.retry_safety[operation] ?? 'never'
  const settled = now.getTime() - (row.sent_at ?? row.asked_at!).getTime() >= manifest.settles_within_ms
  if (safety === 'natural-key') return 'again'
  if (safety === 'idempotency-key' && now.getTime() - row.asked_at!.getTime() < manifest.idempotency_window_ms) return 'again'
  return settled && safety !== 'never' ? 'anew' : 'wait'
}
