import { Code } from '@mantine/core'
import type { ReactNode } from 'react'
import { useFormats } from '../../i18n/format.ts'
import { useTexts } from '../../i18n/language.tsx'
import { Facts } from '../../ui/page.tsx'
import { Subject } from '../../ui/subject.tsx'
import { When } from '../../ui/values.tsx'
import { useReason } from '../webhooks/reasons.tsx'
import { alertDetail } from './texts.ts'

const anId = /^[a-z]{3}_[0-9a-f]{32}$/
const anInstant = /^\d{4}-\d\d-\d\dT[\d:.]+Z$/

/** What an alert adds to its sentence: names and values, as they are read and not as they are stored. */
export function AlertFacts ({ detail }: { detail: Record<string, unknown> }) {
  const named = useTexts(alertDetail) as Record<string, string>
  const { number, percent } = useFormats()
  const reasonOf = useReason()
  const shown = (name: string, value: unknown): ReactNode => {
    if (typeof value === 'number') return /^share/.test(name) ? percent(value) : number(value)
    if (name === 'reason' && typeof value === 'string') return reasonOf(value)
    if (typeof value === 'string') return anId.test(value) ? <Subject id={value} /> : anInstant.test(value) ? <When at={value} exact /> : value
    if (value === null) return '—'
    return <Code block tabIndex={0} role='region' aria-label='JSON'>{JSON.stringify(value, null, 2)}</Code>
  }
  return <Facts rows={Object.entries(detail).filter(([, value]) => value !== undefined).map(([name, value]) => [named[name] ?? name.replaceAll('_', ' '), shown(name, value)])} />
}
