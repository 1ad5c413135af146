import { createHash } from 'node:crypto'
import type { Kysely } from 'kysely'
import type { TenantDb } from '../db/in-tenant.ts'
import type { Database } from '../db/schema.ts'
import { type ErrorCode, HubError } from '../errors.ts'
import type { Vault } from '../vault/vault.ts'
import { claimKey, finishKey, releaseKey, renewLeases, setSubject, type KeyName, type OwnedKey } from './queries.ts'

/** The run of a request that carries an Idempotency-Key. */
export interface Idempotency extends Readonly<OwnedKey> {
  /** Public id of what a run before this one began and did not finish: look it up, do not begin another. */
  subject?: string
}

export interface Answer {
  status: number
  headers: Record<string, string>
  body: string | Buffer | null
}

export type Begun = { run: Idempotency } | { replay: Answer }

export interface IdempotencyService {
  /** Claims the key. Throws idempotency_mismatch or idempotency_in_progress. */
  begin: (name: KeyName, requestHash: Buffer) => Promise<Begun>
  /** Keeps the answer, or frees the key when nothing was executed. Never throws: what could not be written is tried again. */
  end: (run: Idempotency, answer: Answer, code: ErrorCode | undefined) => Promise<void>
  /** The lease of every key that runs here, and what `end` could not write. Called by one timer per process. */
  renew: () => Promise<void>
}

export interface IdempotencyOptions {
  db: Kysely<Database>
  vault: Pick<Vault, 'seal' | 'open'>
  now: () => Date
  /** This process: a new UUID at each start, so that what a dead one held can be told. */
  owner: string
  leaseMs: number
  keepMs: number
  onError: (error: unknown, what: string) => void
}

const unexecutedStatuses: ReadonlySet<number> = new Set([400, 401, 403, 413, 415, 429])
const unexecutedCodes: ReadonlySet<ErrorCode | undefined> = new Set(['idempotency_in_progress', 'idempotency_mismatch', 'operation_in_progress', 'outcome_unknown'])

/**
 * Idempotency-Key as Stripe has it (https://docs.stripe.com/api/idempotent_requests, read 2026-11-21): the first answer
 * of an executed request is repeated, whatever it was, a 500 included; a request that was refused before anything was
 * executed leaves the key free.
 */
export function createIdempotency (options: IdempotencyOptions): IdempotencyService {
  const { db, vault, now, owner, leaseMs, keepMs, onError } = options
  const claiming = new Map<string, Promise<void>>()
  const running = new Map<string, Buffer>()
  const unsettled = new Map<string, { work: () => Promise<unknown>, trying?: Promise<void> | undefined }>()

  /** One claim at a time for a key in this process: to the database all of them would be the same owner's. */
  async function begin (name: KeyName, requestHash: Buffer): Promise<Begun> {
    const id = nameOf(name)
    while (claiming.has(id)) await claiming.get(id)
    const here = running.get(id)
    if (here !== undefined) throw here.equals(requestHash) ? inProgress() : new HubError('idempotency_mismatch')
    const begun = claim(id, { ...name, owner }, requestHash)
    claiming.set(id, begun.then(() => {}, () => {}).then(() => { claiming.delete(id) }))
    return await begun
  }

  async function claim (id: string, run: OwnedKey, requestHash: Buffer): Promise<Begun> {
    await trySettle(id)
    if (unsettled.has(id)) throw new HubError('unavailable', { retryAfterMs: 1000 })
    const at = now()
    const claimed = await claimKey(db, { ...run, requestHash, now: at, leasedUntil: later(at, leaseMs), expiresAt: later(at, keepMs) }).catch((error: unknown) => {
      // It may be claimed all the same (the answer was lost), and nobody would ever free it.
      unsettled.set(id, { work: async () => await releaseKey(db, run, now(), true) })
      throw error
    })
    switch (claimed.outcome) {
      case 'mismatch': throw new HubError('idempotency_mismatch')
      case 'running': throw inProgress()
      case 'done': return { replay: await open(run, claimed.status, claimed.sealed) }
      case 'claimed':
        running.set(id, requestHash)
        return { run }
      case 'taken_over':
        running.set(id, requestHash)
        return { run: claimed.known_subject === null ? run : { ...run, subject: claimed.known_subject } }
    }
  }

  async function end (run: Idempotency, answer: Answer, code: ErrorCode | undefined): Promise<void> {
    const id = nameOf(run)
    unsettled.set(id, {
      work: async () => {
        const handOver = code === 'unavailable'
        if (handOver || unexecutedStatuses.has(answer.status) || unexecutedCodes.has(code)) {
          if (await releaseKey(db, run, now(), handOver) || handOver) return
        }
        await finishKey(db, run, { status: answer.status, sealed: await seal(run, answer) })
      }
    })
    await trySettle(id)
    running.delete(id)
  }

  async function trySettle (id: string): Promise<void> {
    const entry = unsettled.get(id)
    if (entry === undefined) return
    entry.trying ??= entry.work()
      .then(() => { unsettled.delete(id) }, (error: unknown) => { onError(error, 'what became of an Idempotency-Key could not be written yet') })
      .finally(() => { entry.trying = undefined })
    await entry.trying
  }

  async function renew (): Promise<void> {
    for (const id of unsettled.keys()) await trySettle(id)
    if (running.size + unsettled.size === 0) return
    await renewLeases(db, owner, later(now(), leaseMs)).catch((error: unknown) => { onError(error, 'the leases of running Idempotency-Keys could not be renewed') })
  }

  async function seal (name: KeyName, { headers, body }: Answer): Promise<string> {
    const bytes = typeof body === 'string' ? Buffer.from(body) : body
    return await vault.seal(name.tenantId, subjectOf(name), 'idempotent-answer', JSON.stringify({ headers, body: bytes?.toString('base64') ?? null }))
  }

  async function open (name: KeyName, status: number, sealed: string): Promise<Answer> {
    const text = Buffer.from(await vault.open(name.tenantId, subjectOf(name), 'idempotent-answer', sealed)).toString()
    const { headers, body } = JSON.parse(text) as { headers: Record<string, string>, body: string | null }
    return { status, headers, body: body === null ? null : Buffer.from(body, 'base64') }
  }

  return { begin, end, renew }
}

/**
 * Ties what a request is about to begin to its key, in the same transaction as the intent: whoever repeats the request
 * after a crash finds it. A run that lost its key (its lease lapsed and another took over) writes no intent.
 */
export async function recordSubject (db: TenantDb, idempotency: Idempotency, subject: string): Promise<void> {
  if (!await setSubject(db, idempotency, subject)) throw inProgress()
}

function inProgress (): HubError {
  return new HubError('idempotency_in_progress', { retryAfterMs: 1000 })
}

function nameOf ({ tenantId, mode, key }: KeyName): string {
  return `${tenantId} ${mode} ${key}`
}

/** The key itself may say more than belongs into a header that is readable. */
function subjectOf ({ mode, key }: KeyName): string {
  return createHash('sha256').update(`${mode} ${key}`).digest('hex')
}

function later (at: Date, ms: number): Date {
  return new Date(at.getTime() + ms)
}
