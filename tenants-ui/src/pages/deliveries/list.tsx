import { Button, Text } from '@mantine/core'
import { Link } from 'wouter'
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
import { When } from '../../ui/values.tsx'
import { DeliveryStatus } from './status.tsx'
import { deliveries } from './texts.ts'

type Delivery = Answer<'get', '/v1/deliveries'>['data'][number]

export default function DeliveriesPage () {
  const words = useTexts(deliveries)
  const statuses = useTexts(statusWords)
  const { may } = useSession()
  const live = useLive(['/v1/deliveries'])
  const [chosen] = useFilters(['endpoint', 'status', 'event_type'])
  const endpoints = useRead('/v1/webhook_endpoints', { query: { limit: 100 } })
  const nameOf = (id: string) => {
    const found = endpoints.data?.data.find(one => one.id === id)
    return found?.label ?? found?.url ?? id
  }
  const columns: Column<Delivery>[] = [
    { name: words.event, show: ({ event_type: type, created_at: at }) => <><span className='mono'>{type}</span><Text size='xs' c='dimmed' fw={400} hiddenFrom='sm'><When at={at} /></Text></> },
    { name: words.endpoint, show: ({ endpoint }) => <span className='breaks'>{nameOf(endpoint)}</span>, wide: true },
    { name: words.status, show: delivery => <DeliveryStatus status={delivery.status} /> },
    { name: words.attempts, show: ({ attempts }) => attempts, align: 'right', wide: true },
    { name: words.created, show: ({ created_at: at }) => <Text span size='sm' c='dimmed'><When at={at} /></Text>, wide: true }
  ]
  return (
    <Page
      title={words.title} lead={words.lead} badge={live && <Live />}
      actions={
        <>
          {may('webhooks:write') && chosen.status !== 'pending' && <ReplayMany path='/v1/deliveries/replay' filter={chosen} invalidates={['/v1/deliveries']} />}
          <Button component={Link} href='/deliveries/endpoints'>{words.endpoints}</Button>
        </>
      }
    >
      <ResourceList
        path='/v1/deliveries' caption={words.caption} columns={columns} to={({ id }) => `/deliveries/${id}`} views='deliveries' every={10_000}
        filters={[
          { name: 'endpoint', label: words.endpoint, options: (endpoints.data?.data ?? []).map(one => ({ value: one.id, label: one.label ?? one.url })) },
          { name: 'status', label: words.status, options: [{ value: 'pending', label: statuses.pending }, { value: 'succeeded', label: statuses.delivered }, { value: 'failed', label: statuses.failed }] },
          { name: 'event_type', label: words.type }
        ]}
        empty={<Empty icon='send' title={words.emptyTitle} text={words.emptyText} />}
      />
    </Page>
  )
}
