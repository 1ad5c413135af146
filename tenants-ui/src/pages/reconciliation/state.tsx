import { useTexts } from '../../i18n/language.tsx'
import { Status } from '../../ui/values.tsx'
import { reconciliation } from './texts.ts'

export const states = ['matched', 'expected', 'missing', 'amount_over', 'amount_under', 'currency_mismatch', 'duplicate', 'unexpected'] as const
export const legs = ['provider', 'payout', 'bank', 'document'] as const
export const legTexts = { provider: 'legProvider', payout: 'legPayout', bank: 'legBank', document: 'legDocument' } as const

/** How a side stands; what somebody resolved is settled. */
export function MatchState ({ status, resolved }: { status: typeof states[number], resolved: boolean }) {
  const words = useTexts(reconciliation)
  const label = status === 'expected' ? words.waiting : words[status]
  if (resolved) return <Status value='resolved' label={`${words.resolved} · ${label}`} />
  return <Status value={status === 'matched' ? 'matched' : status === 'expected' ? 'waiting' : 'unmatched'} label={label} />
}

export const isException = (status: typeof states[number]): boolean => status !== 'matched' && status !== 'expected'
