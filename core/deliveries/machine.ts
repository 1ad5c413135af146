import type { Answer } from './send.ts'

export type DeliveryStatus = 'pending' | 'succeeded' | 'failed'

/** What an attempt makes of its delivery. */
export type Next = { status: 'succeeded' | 'failed', at: null } | { status: 'pending', at: Date }

export interface Attempted {
  answer: Pick<Answer, 'status' | 'error' | 'retryAfterMs'>
  /** Attempts before this one since it was last asked for. */
  step: number
  /** Waits, ms; one more attempt than there are waits. */
  schedule: readonly number[]
  now: Date
  /** From 0 to 1. */
  random: number
}

const dayMs = 24 * 3600_000
const hourMs = 3600_000
/** A wait is this share longer or shorter, so that what failed together does not come back together. */
const jitter = 0.2

/** Only 2xx is success. 410 says that the endpoint is gone, so that nothing is tried again. A receiver that says when is believed for a day at most, and never hurried. */
export function afterAttempt ({ answer: { status, error, retryAfterMs }, step, schedule, now, random }: Attempted): Next {
  if (error === undefined) return { status: 'succeeded', at: null }
  const wait = schedule[step]
  if (wait === undefined || isGone(status)) return { status: 'failed', at: null }
  const jittered = wait * (1 + jitter * (2 * random - 1))
  return { status: 'pending', at: new Date(now.getTime() + Math.round(Math.max(jittered, Math.min(retryAfterMs ?? 0, dayMs)))) }
}

export const isGone = (status: number | undefined): boolean => status === 410

/** 429 and 503 with Retry-After speak of the whole endpoint: nothing else is sent to it before, for an hour at most. */
export function pauseUntil ({ status, retryAfterMs }: Attempted['answer'], now: Date): Date | undefined {
  if ((status !== 429 && status !== 503) || retryAfterMs === undefined || retryAfterMs === 0) return undefined
  return new Date(now.getTime() + Math.min(retryAfterMs, hourMs))
}

/** What a batch says of one endpoint, in the order in which the answers came. */
export interface EndpointTally {
  id: string
  succeeded: number
  failed: number
  /** Failures since the last success of the batch. */
  trailing: number
  timeouts: number
  duration_ms: number
  probed: boolean
  resume_at: Date | null
}

export interface TallyEntry { endpointId: string, probe: boolean, answer: Pick<Answer, 'status' | 'error' | 'retryAfterMs' | 'durationMs'> }

export function tally (entries: readonly TallyEntry[], now: Date): EndpointTally[] {
  const tallies = new Map<string, EndpointTally>()
  for (const { endpointId, probe, answer } of entries) {
    const one = tallies.get(endpointId) ?? { id: endpointId, succeeded: 0, failed: 0, trailing: 0, timeouts: 0, duration_ms: 0, probed: false, resume_at: null }
    tallies.set(endpointId, one)
    one.probed ||= probe
    one.duration_ms += answer.durationMs
    if (answer.error === undefined) {
      one.succeeded++
      one.trailing = 0
      continue
    }
    one.failed++
    one.trailing++
    if (answer.error === 'timeout') one.timeouts++
    const resume = pauseUntil(answer, now)
    if (resume !== undefined && (one.resume_at === null || resume > one.resume_at)) one.resume_at = resume
  }
  return [...tallies.values()]
}
