import { SegmentedControl } from '@mantine/core'
import { useTexts } from '../i18n/language.tsx'
import { texts } from '../i18n/texts.ts'
import { useFilters } from './list.tsx'

const words = texts({
  es: { label: 'Periodo', day: '24 horas', week: '7 días', month: '30 días', quarter: '90 días' },
  en: { label: 'Period', day: '24 hours', week: '7 days', month: '30 days', quarter: '90 days' }
})

const hours = { day: 24, week: 168, month: 720, quarter: 2160 } as const
type Period = keyof typeof hours

/** From a whole hour on: the question stays the same while somebody looks at its answer. */
function since (period: Period): string {
  const hour = 3_600_000
  return new Date((Math.floor(Date.now() / hour) + 1 - hours[period]) * hour).toISOString()
}

/** How far back is looked; it stands in the URL. */
export function usePeriod (given: Period = 'week'): { period: Period, query: { from: string, interval: 'hour' | 'day' }, set: (period: Period) => void } {
  const [{ period: chosen }, set] = useFilters(['period'])
  const period = chosen !== undefined && chosen in hours ? chosen as Period : given
  return { period, query: { from: since(period), interval: period === 'day' ? 'hour' : 'day' }, set: next => set({ period: next === given ? null : next }) }
}

export function PeriodChoice ({ period, set }: { period: Period, set: (period: Period) => void }) {
  const text = useTexts(words)
  return <SegmentedControl size='xs' aria-label={text.label} value={period} onChange={value => set(value as Period)} data={(Object.keys(hours) as Period[]).map(value => ({ value, label: text[value] }))} />
}
