/**
 * A connection whose provider does not answer is left out for a while, so that payers do not wait for it one after another.
 * Closed: it is used. Open: it failed so often in a row that another one goes before it. Half-open: the time is over, and
 * one call may find out whether it is well again. What is counted is written by `health.ts`, so that every process sees it.
 */
export interface BreakerLimits {
  /** Failures in a row that open it. */
  failures: number
  openMs: number
}

export interface Seen {
  failuresInRow: number
  lastErrorAt: Date | null
}

export interface Breaker {
  state: 'closed' | 'open' | 'half_open'
  /** When it may be tried again; null while it is closed. */
  probeAt: Date | null
}

export function breakerOf ({ failuresInRow, lastErrorAt }: Seen, { failures, openMs }: BreakerLimits, now: Date): Breaker {
  if (failuresInRow < failures || lastErrorAt === null) return { state: 'closed', probeAt: null }
  const probeAt = new Date(lastErrorAt.getTime() + openMs)
  return { state: now < probeAt ? 'open' : 'half_open', probeAt }
}

/** Lets one caller of this process at a time try a connection that is half-open. */
export function createProbes ({ now, leaseMs }: { now: () => Date, leaseMs: number }): { claim: (connectionId: string) => boolean, ended: (connectionId: string) => void } {
  const probing = new Map<string, number>()
  return {
    claim (connectionId) {
      const at = now().getTime()
      if ((probing.get(connectionId) ?? 0) > at) return false
      probing.set(connectionId, at + leaseMs)
      return true
    },
    ended: connectionId => { probing.delete(connectionId) }
  }
}
