import { Text } from '@mantine/core'
import type { Answer } from '../../api/client.ts'
import { useRead } from '../../api/hooks.ts'
import { useLive } from '../../api/live.ts'
import { useTexts } from '../../i18n/language.tsx'
import { statusWords } from '../../i18n/statuses.ts'
import { useSession } from '../../shell/session.tsx'
import { type Column, ResourceList, useFilters } from '../../ui/list.tsx'
import { Live } from '../../ui/live.tsx'
import { Empty, Page } from '../../ui/page.tsx'
import { ReplayMany } from '../../ui/replay-many.tsx'
import { useShortId } from '../../ui/subject.tsx'
import { Status, When } from '../../ui/values.tsx'
import { Reason } from './reasons.tsx'
import { webhooks } from './texts.ts'

type InboundEvent = Answer<'get', '/v1/inbound_events'>['data'][number]
const verdicts = ['verified', 'unverifiable', 'refused'] as const
const statuses = ['received', 'retrying', 'processed', 'ignored', 'unmatched', 'parked', 'refused'] as const

export default function InboundEventsPage () {
  const words = useTexts(webhooks)
  const named = useTexts(statusWords)
  const { may } = useSession()
  const [{ connection, status, event_type: type, verdict }] = useFilters(['connection', 'status', 'event_type', 'verdict'])
  const connections = useRead('/v1/connections', { query: { limit: 100 } }, { enabled: may('connections:read') })
  const nameOf = (id: string) => connections.data?.data.find(one => one.id === id)?.label ?? id
  const columns: Column<InboundEvent>[] = [
    { name: words.event, show: event => <>{event.event_type === null ? <span className='nums' title={event.id}>{short(event.id)}</span> : <span className='mono'>{event.event_type}</span>}<Text size='xs' c='dimmed' fw={400} hiddenFrom='sm'><When at={event.received_at} /></Text></> },
    { name: words.connection, show: event => nameOf(event.connection), wide: true },
    { name: words.verdict, show: event => <Status value={event.verdict} /> },
    { name: words.status, show: event => event.status === event.verdict ? '—' : <Status value={event.status} />, wide: true },
    { name: words.reason, show: ({ reason }) => <Text span size='sm' c='dimmed' className='breaks'><Reason of={reason} /></Text>, wide: true },
    { name: words.received, show: event => <Text span size='sm' c='dimmed'><When at={event.received_at} /></Text>, wide: true }
  ]
  const short = useShortId()
  const live = useLive(['/v1/inbound_events'])
  const refused = verdict === 'refused' || status === 'refused'
  const impossible = refused && ((verdict ?? 'refused') !== 'refused' || (status ?? 'refused') !== 'refused')
  const filter = { ...(connection !== undefined && { connection }), ...(type !== undefined && { event_type: type }), ...(refused ? { verdict: 'refused' } : { ...(verdict !== undefined && { verdict }), ...(status !== undefined && { status }) }) }
  return (
    <Page
      title={words.eventsTitle} lead={words.eventsLead} badge={live && <Live />} back={{ to: '/webhooks', text: words.title }}
      actions={may('inbound:write') && !impossible && <ReplayMany path='/v1/inbound_events/replay' filter={filter} invalidates={['/v1/inbound_events', '/v1/connections', '/v1/payments']} refused={refused} />}
    >
      <ResourceList
        path='/v1/inbound_events' caption={words.eventsCaption} columns={columns} to={({ id }) => `/webhooks/events/${id}`} views='inbound' every={10_000}
        filters={[
          { name: 'connection', label: words.connection, options: (connections.data?.data ?? []).map(one => ({ value: one.id, label: one.label })) },
          { name: 'verdict', label: words.verdict, options: verdicts.map(value => ({ value, label: named[value] })) },
          { name: 'status', label: words.status, options: statuses.map(value => ({ value, label: named[value] })) },
          { name: 'event_type', label: words.type }
        ]}
        empty={<Empty icon='pulse' title={words.emptyTitle} text={words.emptyText} />}
      />
    </Page>
  )
}
