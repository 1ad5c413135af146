import { createHash } from 'node:crypto'
import { readFileSync, renameSync, writeFileSync } from 'node:fs'
import type { Client } from '@pasarela/client'
import { newWebhookSecret, signWebhook } from '@pasarela/client/webhooks'
import type { Output } from './command.ts'

/** What outlives one run. One file serves one server, key and tenant: for another it begins anew. */
export interface ListenState {
  secret: string
  /** When the newest event that was forwarded happened, or where listening began. */
  since: string | undefined
  /** Ids of the last ones: events that happen at once may be seen in another order. */
  forwarded: string[]
  save: () => void
}

/** How far back it looks again for what was committed late, ms. */
const overlapMs = 60_000
/** Ids that are remembered: more than happen within the overlap in any development. */
const rememberedAtMost = 2_000
const tries = [0, 1_000, 5_000] as const
const answerWithinMs = 15_000

/** Reads the file, or begins a new one. It holds the secret, so only its owner may read it. */
export function loadState (file: string, of: { server: string, key: string, tenant: string | undefined }): ListenState {
  const about = createHash('sha256').update(JSON.stringify([of.server, of.key, of.tenant])).digest('hex')
  let kept: Partial<ListenState> & { about?: string } = {}
  try {
    kept = JSON.parse(readFileSync(file, 'utf8')) as typeof kept
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'ENOENT') throw new Error(`${file} cannot be read: give another one with --state`, { cause: error })
  }
  const same = kept.about === about
  const state: ListenState = {
    secret: kept.secret ?? newWebhookSecret(),
    since: same ? kept.since : undefined,
    forwarded: same ? kept.forwarded ?? [] : [],
    save: () => {
      const { secret, since, forwarded } = state
      writeFileSync(`${file}.new`, `${JSON.stringify({ about, secret, since, forwarded }, null, 2)}\n`, { mode: 0o600 })
      renameSync(`${file}.new`, file)
    }
  }
  return state
}

export interface ForwarderOptions {
  client: Client
  target: string
  types: readonly string[] | undefined
  state: ListenState
  out: Pick<Output, 'say' | 'json' | 'note'>
  now?: () => Date
  sleep?: (ms: number) => Promise<void>
}

export interface Forwarder {
  /** Where it starts when it was never here before. */
  begin: (since: Date | undefined) => Promise<void>
  /** Forwards what happened since the last one, oldest first. 0 when each was taken, else 1. */
  catchUp: (signal: AbortSignal) => Promise<number>
  /** Forwards one event, by its id, unless it was. */
  forward: (id: string, signal: AbortSignal) => Promise<void>
}

/** Posts events to one address, one after the other, in the order in which they happened as far as that is known. */
export function createForwarder ({ client, target, types, state, out, now = () => new Date(), sleep = async ms => { await new Promise(resolve => setTimeout(resolve, ms)) } }: ForwarderOptions): Forwarder {
  const known = new Set(state.forwarded)
  const isWanted = (type: string): boolean => types === undefined || types.some(one => one.endsWith('.*') ? type.startsWith(one.slice(0, -1)) : type === one)

  type Event = Awaited<ReturnType<typeof read>>
  const read = async (id: string, signal: AbortSignal) => await client.get('/v1/events/{id}', { path: { id }, signal })

  async function send (event: Event, signal: AbortSignal): Promise<boolean> {
    const body = JSON.stringify(event)
    let answer = ''
    let taken = false
    const from = now().getTime()
    for (const wait of tries) {
      if (wait > 0) await sleep(wait)
      signal.throwIfAborted()
      try {
        const response = await fetch(target, {
          method: 'POST',
          redirect: 'manual',
          signal: AbortSignal.any([signal, AbortSignal.timeout(answerWithinMs)]),
          headers: { 'content-type': 'application/json', 'user-agent': 'Pasarela-Listen/1', ...await signWebhook(body, { id: event.id, timestamp: now(), secrets: state.secret }) },
          body
        })
        await response.body?.cancel()
        answer = String(response.status)
        taken = response.ok
      } catch (error) {
        if (signal.aborted) throw error
        answer = (error as { cause?: { code?: string } }).cause?.code ?? (error as Error).name
      }
      if (taken) break
    }
    const ms = now().getTime() - from
    const { id = '' } = event.data as { id?: string }
    out.say(`${event.timestamp} ${event.type} ${id} → ${answer} (${ms} ms)`)
    out.json({ id: event.id, type: event.type, about: id, answer, taken, ms })
    return taken
  }

  async function once (event: Event, signal: AbortSignal): Promise<boolean> {
    if (known.has(event.id) || !isWanted(event.type)) return true
    const taken = await send(event, signal)
    known.add(event.id)
    if (known.size > rememberedAtMost) known.delete(known.values().next().value!)
    state.forwarded = [...known]
    if (state.since === undefined || event.timestamp > state.since) state.since = event.timestamp
    state.save()
    return taken
  }

  return {
    begin: async since => {
      if (state.since === undefined) {
        state.since = (since ?? now()).toISOString()
        // What happened before is left alone, although the overlap looks back at it.
        if (since === undefined) for await (const { id } of client.list('/v1/events', { query: { created_from: new Date(now().getTime() - overlapMs).toISOString(), limit: 100 } })) known.add(id)
        state.forwarded = [...known]
      }
      state.save()
    },
    catchUp: async signal => {
      const from = new Date(Date.parse(state.since!) - overlapMs).toISOString()
      const waiting: Event[] = []
      for await (const event of client.list('/v1/events', { query: { created_from: from, limit: 100 }, signal })) if (!known.has(event.id)) waiting.push(event)
      let left = 0
      for (const event of waiting.reverse()) if (!await once(event, signal)) left++
      return left === 0 ? 0 : 1
    },
    forward: async (id, signal) => {
      if (!known.has(id)) await once(await read(id, signal), signal)
    }
  }
}
