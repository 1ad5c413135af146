import { Button, Text } from '@mantine/core'
import { Link } from 'wouter'
import type { Answer } from '../../api/client.ts'
import { useLive } from '../../api/live.ts'
import { useTexts } from '../../i18n/language.tsx'
import { statusWords } from '../../i18n/statuses.ts'
import { type Column, ResourceList } from '../../ui/list.tsx'
import { Live } from '../../ui/live.tsx'
import { Empty, Page } from '../../ui/page.tsx'
import { Status, When } from '../../ui/values.tsx'
import { Severity } from './severity.tsx'
import { alerts } from './texts.ts'

type Alert = Answer<'get', '/v1/alerts/{id}'>

export default function AlertsPage () {
  const words = useTexts(alerts)
  const statuses = useTexts(statusWords)
  const live = useLive(['/v1/alerts'])
  const columns: Column<Alert>[] = [
    { name: words.what, show: ({ message }) => <Text span size='sm' className='breaks'>{message}</Text> },
    { name: words.severity, show: ({ severity }) => <Severity value={severity} /> },
    { name: words.status, show: ({ status }) => <Status value={status} />, wide: true },
    { name: words.times, show: ({ times }) => times, align: 'right', wide: true },
    { name: words.last, show: ({ last_at: at }) => <Text span size='sm' c='dimmed'><When at={at} /></Text>, wide: true }
  ]
  return (
    <Page title={words.title} lead={words.lead} badge={live && <Live />} actions={<Button component={Link} href='/alerts/thresholds' variant='default'>{words.thresholds}</Button>}>
      <ResourceList
        path='/v1/alerts' caption={words.caption} columns={columns} to={({ id }) => `/alerts/${id}`} views='alerts' every={20_000}
        filters={[
          { name: 'status', label: words.status, options: (['open', 'acknowledged', 'resolved'] as const).map(value => ({ value, label: statuses[value] })) },
          { name: 'severity', label: words.severity, options: (['critical', 'warning', 'info'] as const).map(value => ({ value, label: words[value] })) },
          { name: 'kind', label: words.kind }
        ]}
        empty={<Empty icon='check' title={words.emptyTitle} text={words.emptyText} />}
      />
    </Page>
  )
}
