import type { Channel, SendResult } from '../channels/channel.ts'

export const noticeStatuses = ['queued', 'sending', 'sent', 'refused', 'parked', 'unknown'] as const
export type NoticeStatus = typeof noticeStatuses[number]

/**
 * What an attempt makes of a notice. Pure. Where the service cannot know a repeat (`at_most_once`) an answer that was lost ends it as
 * `unknown`; everywhere else it waits for the next attempt, and is `parked` when there is none any more.
 */
export function afterSend (guarantee: Channel['guarantee'], outcome: SendResult['outcome'], { again }: { again: boolean }): Exclude<NoticeStatus, 'sending'> {
  if (outcome === 'sent' || outcome === 'refused') return outcome
  if (outcome === 'unknown' && guarantee === 'at_most_once') return 'unknown'
  return again ? 'queued' : 'parked'
}

/** What Meta tells of a message after it has answered. */
export type DeliveryStatus = 'sent' | 'delivered' | 'read' | 'failed'

/** What a later word of the service makes of a notice: one that nobody knew of went out after all, one that was taken did not arrive. Pure; undefined: nothing. */
export function afterStatus (status: NoticeStatus, told: DeliveryStatus): 'sent' | 'refused' | undefined {
  if (told === 'failed') return status === 'sent' || status === 'unknown' ? 'refused' : undefined
  return status === 'unknown' && (told === 'sent' || told === 'delivered' || told === 'read') ? 'sent' : undefined
}

/** What a person may have sent again. A notice that went out is not one. */
export const isRepeatable = (status: NoticeStatus): boolean => status === 'refused' || status === 'parked' || status === 'unknown'
