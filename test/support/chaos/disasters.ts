/** What goes wrong, and how often it did: a run in which something never went wrong has proved nothing about it. */
import type { DeliveryOrder, Fault } from '../../../core/adapter/simulator.ts'
import type { StripeSimulator } from '../../../adapters/stripe/simulator.ts'
import type { HooksFront } from '../hooks-front.ts'

export const targets = ['api', 'worker', 'postgres', 'connection', 'api', 'worker', 'connection', 'postgres', 'every api'] as const
export type Target = typeof targets[number]

/** Each as likely, but for the first: the others are ordered as well, one in each round. */
const faults: Fault['kind'][] = ['refuse_connection', 'refuse_connection', 'cut_before', 'cut_after', 'cut_mid_body', 'error_500', 'error_500_before', 'rate_limit', 'garbage', 'slow']

/** How webhooks leave, round by round. What is held over a round comes late, and then in any order. */
const deliveries: DeliveryOrder['how'][] = ['now', 'duplicate', 'hold', 'shuffle']

export type Tally = Record<string, number>

export interface Disasters {
  /** The next round's weather. */
  brew: (round: number) => void
  /** Which of them is killed in this round. */
  target: (round: number) => Target
  count: (what: string) => void
  /** Counts what was met since the last time. */
  gather: () => void
  calm: () => void
  /** How often each happened; zeros too. */
  tally: () => Tally
}

interface DisasterOptions { simulator: StripeSimulator, front: HooksFront, random: () => number, cut: () => number }

export function disasters ({ simulator, front, random, cut }: DisasterOptions): Disasters {
  const killed: Tally = Object.fromEntries([...new Set(targets)].map(target => [`killed ${target}`, 0]))
  const met: Tally = Object.fromEntries(faults.map(kind => [`write ${kind}`, 0]))
  const seen = new Set<string>()
  // A seed begins anywhere in the list, and every seed gets through it.
  const first = Math.floor(random() * targets.length)
  return {
    brew: round => {
      simulator.weather({ p50: 5 + random() * 15, p99: 60 + random() * 200, faultRate: 0.06 + random() * 0.1, faults, seed: Math.floor(random() * 2 ** 31) })
      // One of each kind for certain, on something that is written.
      const kind = faults[round % faults.length]!
      if (kind !== 'refuse_connection') simulator.inject({ kind, method: 'POST', path: '/v1/', ...(kind === 'slow' && { ms: 500 + random() * 1_500 }) })
      simulator.deliver({ how: deliveries[round % deliveries.length]!, seed: round + 1 })
    },
    target: round => targets[(first + round) % targets.length]!,
    count: what => { killed[what] = (killed[what] ?? 0) + 1 },
    gather: () => {
      for (const { requestId, fault, method } of simulator.requests()) {
        if (fault === null || seen.has(requestId)) continue
        seen.add(requestId)
        const name = method === 'POST' ? `write ${fault}` : `read ${fault}`
        met[name] = (met[name] ?? 0) + 1
      }
    },
    calm: () => {
      simulator.weather({})
      simulator.clearFaults()
      simulator.deliver({ how: 'release' })
    },
    tally: () => ({
      ...killed,
      ...met,
      'webhook twice': front.doubled(),
      'webhook out of order': front.overtaken(),
      'webhook refused and sent again': front.refused(),
      'answer cut': cut()
    })
  }
}

export const neverHappened = (tally: Tally): string[] => Object.entries(tally).filter(([, times]) => times === 0).map(([what]) => what)
