import type { Attempt } from './smtp.ts'

export interface Recipient {
  kind: 'to' | 'cc'
  address: string
  name?: string
  state: 'waiting' | 'sent' | 'refused'
  /** What the server answered last about this one. */
  code?: number
  said?: string
}

export type MailStatus = 'queued' | 'sending' | 'sent' | 'refused' | 'parked'

/**
 * What an attempt made of the recipients: whoever has it never gets it again by us, whoever was refused for good is not
 * asked again, everybody else waits. Pure.
 */
export function afterAttempt (recipients: readonly Recipient[], { accepted, refused, failure }: Attempt): Recipient[] {
  const taken = new Set(accepted)
  return recipients.map(recipient => {
    if (recipient.state !== 'waiting') return recipient
    const { code: _, said: __, ...bare } = recipient
    if (taken.has(recipient.address)) return { ...bare, state: 'sent' }
    const no = refused.find(({ address }) => address === recipient.address)
    if (no !== undefined) return { ...bare, state: no.code >= 500 ? 'refused' : 'waiting', code: no.code, said: no.said }
    if (failure?.final === true) return { ...bare, state: 'refused', ...(Number(failure.code) > 0 && { code: Number(failure.code) }), said: failure.said }
    return recipient
  })
}

/** While somebody waits it is tried again; `parked` when the schedule has ended. */
export function statusOf (recipients: readonly Recipient[], { again }: { again: boolean }): Exclude<MailStatus, 'sending'> {
  if (recipients.some(({ state }) => state === 'waiting')) return again ? 'queued' : 'parked'
  return recipients.some(({ state }) => state === 'sent') ? 'sent' : 'refused'
}
