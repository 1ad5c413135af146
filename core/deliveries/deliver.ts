import type { Hub } from '../hub.ts'
import { publicId } from '../ids.ts'
import { version } from '../version.ts'
import { disableEndpoint, tellFailing, tellWell } from './disable.ts'
import { afterAttempt, isGone, tally } from './machine.ts'
import * as queries from './queries.ts'
import type { Claimed, Settled } from './queries.ts'
import { openKeys } from './secrets.ts'
import { type Answer, createSender, type SenderOptions } from './send.ts'
import { signatureHeaders, type Signer, signerOf } from './sign.ts'
import { traced, traceHeader, tracesOf } from './trace.ts'

export interface Deliverer {
  /** Takes what is due, as much as there is room for, and begins to send it. How much that was. */
  claim: () => Promise<number>
  /** Resolves when nothing is under way and every outcome is written. */
  idle: () => Promise<void>
  /** What is under way is cut off and given back: it counts as no attempt, unless its answer came. */
  stop: () => Promise<void>
  /** Forgets what is under way, as a process that dies does. For tests. */
  abandon: () => void
}

export interface DelivererOptions extends Partial<Pick<SenderOptions, 'resolve' | 'ca' | 'timeoutMs'>> {
  /** Called when outcomes were written, so that there is room again. */
  onProgress?: () => void
  random?: () => number
}

/** Where an endpoint is and what signs for it; opened once and kept while its version stays. */
interface Target { version: number, url: string, signers: Signer[], openedAt: number }

interface Outcome extends Settled { endpointId: string, probe: boolean, answer: Answer | undefined }

/** A lease outlives the longest attempt: only what a dead process held is sent by another. */
const leaseBeyondMs = 15_000
const targetsAtMost = 2000
/** As long as opened credentials stay in memory elsewhere. */
const targetMs = 300_000
const batchAtMost = 250

/**
 * Sends what is due. Any number of them may work on one database: each takes rows that nobody holds, and a few of every endpoint,
 * so that a slow one takes its own room and no other's.
 */
export function createDeliverer (hub: Pick<Hub, 'db' | 'vault' | 'config' | 'now' | 'log' | 'metrics'>, { onProgress = () => {}, random = Math.random, resolve, ca, timeoutMs = hub.config.webhookTimeoutMs }: DelivererOptions = {}): Deliverer {
  const { config } = hub
  const sender = createSender({ timeoutMs, allowPrivate: config.webhookPrivateAddresses, now: hub.now, ...(resolve !== undefined && { resolve }), ca })
  const targets = new Map<string, Target>()
  const busy = new Map<string, number>()
  const stopping = new AbortController()
  const idlers: (() => void)[] = []
  let abandoned = false
  let underWay = 0
  const outcomes: Outcome[] = []
  let writing = false

  async function claim (): Promise<number> {
    const room = config.webhookConcurrency - underWay
    if (room <= 0 || stopping.signal.aborted) return 0
    const claimed = await queries.claimDeliveries(hub.db, { now: hub.now(), leaseMs: timeoutMs + leaseBeyondMs, limit: room, busy })
    if (claimed.length === 0) return 0
    underWay += claimed.length
    for (const { endpoint_id: id } of claimed) busy.set(id, (busy.get(id) ?? 0) + 1)
    try {
      const [traces] = await Promise.all([tracesOf(hub.db, claimed), open(claimed)])
      for (const row of claimed) deliver(row, traces.get(row.event_id) ?? null).catch((err: unknown) => { leave([row], err) })
    } catch (err) {
      leave(claimed, err)
    }
    return claimed.length
  }

  /** Reads the endpoints of a batch that are not known as they are now. */
  async function open (claimed: readonly Claimed[]): Promise<void> {
    const now = hub.now().getTime()
    const versions = new Map(claimed.map(row => [row.endpoint_id, row.endpoint_version]))
    const wanted = [...versions].filter(([id, version]) => {
      const known = targets.get(id)
      return known?.version !== version || now - known.openedAt > targetMs
    }).map(([id]) => id)
    if (wanted.length === 0) return
    if (targets.size + wanted.length > targetsAtMost) targets.clear()
    await Promise.all((await queries.deliveryEndpoints(hub.db, wanted)).map(async row => {
      try {
        const keys = await openKeys(hub, row.tenant_id, row.id, row.secrets_sealed)
        targets.set(row.id, { version: row.version, url: row.url, signers: keys.map(signerOf), openedAt: now })
      } catch (err) {
        // Without a key nothing is sent; the schedule goes on, for a person may mend it.
        targets.set(row.id, { version: row.version, url: row.url, signers: [], openedAt: now })
        hub.log.error({ err, endpoint: publicId('webhook_endpoint', row.id) }, 'the signing secret of a webhook endpoint could not be opened')
      }
    }))
  }

  async function deliver (row: Claimed, trace: string | null): Promise<void> {
    const target = targets.get(row.endpoint_id)
    const refused = reasonNotTo(row)
    if (refused !== undefined) return settle({ ...named(row), status: 'failed', next_attempt_at: null, attempt: null, http_status: null, error: refused, duration_ms: null, at: null, answer: undefined })
    // Changed or disabled between the two looks: it is given back.
    if (target === undefined) return settle(givenBack(row))
    const at = hub.now()
    const id = publicId('event', row.event_id)
    const body = bodyOf(row)
    const send = async (): Promise<Answer> => await traced(row, trace, async () => await sender.send(target.url, {
      'content-type': 'application/json',
      'accept-encoding': 'identity',
      'user-agent': `Pasarela/${version}`,
      'pasarela-delivery': publicId('delivery', row.id),
      ...traceHeader(),
      ...signatureHeaders(target.signers, id, at, body)
    }, body, stopping.signal))
    const answer = target.signers.length === 0 ? unsigned : await send()
    if (answer.error === 'stopped') return settle(givenBack(row))
    const now = hub.now()
    const next = afterAttempt({ answer, step: row.step, schedule: config.webhookSchedule, now, random: random() })
    settle({
      ...named(row),
      status: next.status,
      next_attempt_at: next.at,
      attempt: { at: at.toISOString(), duration_ms: answer.durationMs, status: answer.status ?? null, error: answer.error ?? null, response: answer.head ?? null },
      http_status: answer.status ?? null,
      error: answer.error ?? null,
      duration_ms: answer.durationMs,
      at,
      answer
    })
    hub.metrics.deliveries.inc({ outcome: answer.error === undefined ? 'succeeded' : answer.status === undefined ? 'nowhere' : 'failed' })
    hub.metrics.deliverySeconds.observe(answer.durationMs / 1000)
  }

  function settle (outcome: Outcome): void {
    if (abandoned) return
    outcomes.push(outcome)
    if (!writing) {
      writing = true
      setImmediate(() => { void write() })
    }
  }

  /** Something of ours went wrong: the rows stay leased, so that they are not tried again at once and for ever. */
  function leave (rows: readonly Claimed[], err: unknown): void {
    hub.log.error({ err, deliveries: rows.length }, 'deliveries could not be sent; they are tried again when their lease ends')
    ended(rows.map(row => row.endpoint_id))
  }

  function ended (endpointIds: readonly string[]): void {
    for (const id of endpointIds) {
      const left = (busy.get(id) ?? 1) - 1
      if (left > 0) busy.set(id, left)
      else busy.delete(id)
    }
    underWay -= endpointIds.length
    onProgress()
    if (underWay === 0) for (const resolve of idlers.splice(0)) resolve()
  }

  /** One statement for all that ended while the one before was under way. */
  async function write (): Promise<void> {
    while (outcomes.length > 0) {
      const batch = outcomes.splice(0, batchAtMost)
      try {
        await written(batch)
      } catch (err) {
        hub.log.error({ err, deliveries: batch.length }, 'what became of deliveries could not be written; they are sent again when their lease ends')
      }
      ended(batch.map(({ endpointId }) => endpointId))
    }
    writing = false
  }

  async function written (batch: readonly Outcome[]): Promise<void> {
    if (abandoned) return
    const now = hub.now()
    const answered = batch.filter((outcome): outcome is Outcome & { answer: Answer } => outcome.answer !== undefined)
    const endpoints = await queries.settleDeliveries(hub.db, {
      now,
      results: batch.map(({ endpointId, probe, answer, ...row }) => row),
      endpoints: tally(answered, now),
      failures: config.webhookFailures,
      pauseMs: config.webhookPause,
      concurrency: config.webhookConcurrencyPerEndpoint
    })
    const gone = new Set(answered.filter(({ answer }) => isGone(answer.status)).map(({ endpointId }) => endpointId))
    for (const endpoint of endpoints) {
      if (gone.has(endpoint.id)) await disableEndpoint(hub, endpoint, 'gone')
      else if (endpoint.failing_since !== null && now.getTime() - endpoint.failing_since.getTime() >= config.webhookDisableAfter) await disableEndpoint(hub, endpoint, 'failing')
      else if (endpoint.tripped) await tellFailing(hub, endpoint)
      else if (endpoint.failures_before >= config.webhookFailures && endpoint.consecutive_failures === 0) await tellWell(hub, endpoint)
    }
  }

  return {
    claim,
    idle: async () => { if (underWay > 0) await new Promise<void>(resolve => { idlers.push(resolve) }) },
    stop: async () => {
      stopping.abort()
      if (underWay > 0) await new Promise<void>(resolve => { idlers.push(resolve) })
      sender.close()
    },
    abandon: () => {
      abandoned = true
      stopping.abort()
      sender.close()
    }
  }
}

/** Why there is to be no attempt. */
function reasonNotTo (row: Claimed): string | undefined {
  if (!row.served) return 'consent_withdrawn'
  return row.data === null ? 'event_gone' : undefined
}

const unsigned: Answer = { status: undefined, error: 'no_secret', head: undefined, durationMs: 0, retryAfterMs: undefined }

const named = (row: Claimed): Pick<Outcome, 'tenant_id' | 'id' | 'endpointId' | 'probe'> => ({ tenant_id: row.tenant_id, id: row.id, endpointId: row.endpoint_id, probe: row.probe })

const givenBack = (row: Claimed): Outcome => ({ ...named(row), status: null, next_attempt_at: null, attempt: null, http_status: null, error: null, duration_ms: null, at: null, answer: undefined })

/** The event's envelope, the same bytes at every attempt: `data` is as it was written with the change. */
export function bodyOf (row: Pick<Claimed, 'event_id' | 'event_type' | 'event_at' | 'event_tenant_id' | 'mode' | 'data'>): string {
  const head = { id: publicId('event', row.event_id), type: row.event_type, timestamp: row.event_at.toISOString(), tenant_id: publicId('tenant', row.event_tenant_id), mode: row.mode }
  return `${JSON.stringify(head).slice(0, -1)},"data":${row.data}}`
}
