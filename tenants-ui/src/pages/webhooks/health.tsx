import { Button, Group, SimpleGrid, Stack, Table, Text } from '@mantine/core'
import { Link } from 'wouter'
import type { Answer } from '../../api/client.ts'
import { useRead } from '../../api/hooks.ts'
import { useLive } from '../../api/live.ts'
import { useFormats } from '../../i18n/format.ts'
import { useTexts } from '../../i18n/language.tsx'
import { useSession } from '../../shell/session.tsx'
import { Bars } from '../../ui/chart.tsx'
import { Icon } from '../../ui/icons.tsx'
import { Live } from '../../ui/live.tsx'
import { Page, Section, Waiting, Wide } from '../../ui/page.tsx'
import { PeriodChoice, usePeriod } from '../../ui/period.tsx'
import { ProblemAlert } from '../../ui/problem.tsx'
import { ReplayMany } from '../../ui/replay-many.tsx'
import { Status, When } from '../../ui/values.tsx'
import { Reason } from './reasons.tsx'
import { webhooks } from './texts.ts'

type Connection = Answer<'get', '/v1/connections/{id}'>
type Endpoint = Answer<'get', '/v1/webhook_endpoints/{id}'>
/** Each has a chart of its own; more would be many questions at once. */
const chartsAtMost = 12
const everyMs = 10_000

/** Support's home: what comes in and what goes out, and whether it is believed and arrives. */
export default function WebhookHealthPage () {
  const words = useTexts(webhooks)
  const { may } = useSession()
  const { period, query, set } = usePeriod('day')
  const live = useLive(['/v1/connections', '/v1/inbound_events', '/v1/webhook_endpoints'])
  return (
    <Page
      title={words.title} lead={words.lead} badge={live && <Live />}
      actions={
        <>
          <PeriodChoice period={period} set={set} />
          {may('queues:read') && <Button component='a' href='/admin/queues' variant='default' leftSection={<Icon name='pulse' size={16} />}>{words.queues}</Button>}
          <Button component={Link} href='/webhooks/events' variant='default'>{words.all}</Button>
        </>
      }
    >
      <Stack gap='lg'>
        {may('connections:read') && <Incoming query={query} />}
        <Refused />
        {may('webhooks:read') && <Outgoing />}
      </Stack>
    </Page>
  )
}

type Query = ReturnType<typeof usePeriod>['query']

function Incoming ({ query }: { query: Query }) {
  const words = useTexts(webhooks)
  const { number, list } = useFormats()
  const connections = useRead('/v1/connections', { query: { limit: 100 } })
  const providers = useRead('/v1/providers')
  const pending = connections.isPending || providers.isPending
  const known = pending ? [] : connections.data?.data ?? []
  const sends = ({ provider, webhook }: Connection) => webhook.last_event_at !== null || providers.data?.data.find(({ id }) => id === provider)?.webhooks !== null
  // What fails stands first, then where something came last.
  const rank = ({ health, webhook }: Connection) => `${health === 'failing' || health === 'reconnect' ? 1 : 0} ${webhook.last_event_at ?? ''}`
  const all = known.filter(sends).toSorted((one, other) => rank(one) < rank(other) ? 1 : -1)
  const silent = known.filter(connection => !sends(connection))
  return (
    <Section title={words.incoming} lead={words.incomingLead}>
      {connections.isError && <ProblemAlert error={connections.error} again={() => { void connections.refetch() }} />}
      {pending && <Waiting rows={2} height={160} />}
      {!pending && connections.data !== undefined && known.length === 0 && <Text size='sm' c='dimmed'>{words.noConnections}</Text>}
      <SimpleGrid cols={{ base: 1, md: all.length > 1 ? 2 : 1 }} spacing='xl' verticalSpacing='xl'>
        {all.slice(0, chartsAtMost).map(connection => <OfConnection key={connection.id} connection={connection} query={query} />)}
      </SimpleGrid>
      {silent.length > 0 && <Text size='sm' c='dimmed' {...(all.length > 0 && { mt: 'lg' })}>{words.sendNone(list(silent.map(({ label }) => label)))}</Text>}
      {all.length > chartsAtMost && <Text size='sm' c='dimmed' mt='md'>{words.moreConnections(number(all.length - chartsAtMost))}</Text>}
    </Section>
  )
}

function OfConnection ({ connection: { id, label, health, webhook }, query }: { connection: Connection, query: Query }) {
  const words = useTexts(webhooks)
  const figures = useRead('/v1/connections/{id}/figures', { path: { id }, query }, { every: everyMs })
  const series = figures.data?.series ?? []
  const of = (key: 'accepted' | 'duplicates' | 'refused' | 'parked') => series.map(step => step[key])
  return (
    <div data-connection={id}>
      <Group justify='space-between' mb='xs' wrap='nowrap'>
        <Text component={Link} href={`/webhooks/events?connection=${id}`} fw={600} className='breaks'>{label}</Text>
        <Group gap='xs' wrap='nowrap'><Text size='xs' c='dimmed'>{words.lastEvent}: <When at={webhook.last_event_at} /></Text><Status value={health} /></Group>
      </Group>
      {figures.isError && <ProblemAlert error={figures.error} again={() => { void figures.refetch() }} />}
      {figures.isPending && <Waiting rows={1} height={150} />}
      {figures.data !== undefined && (
        <Bars
          label={`${words.incoming}: ${label}`} at={series.map(({ at }) => at)} interval={figures.data.interval} height={96}
          series={[{ name: words.accepted, tone: 'good', values: of('accepted') }, { name: words.duplicates, tone: 'off', values: of('duplicates') }, { name: words.refused, tone: 'bad', values: of('refused') }, { name: words.parked, tone: 'wait', values: of('parked') }]}
        />
      )}
    </div>
  )
}

function Refused () {
  const words = useTexts(webhooks)
  const { may } = useSession()
  const refused = useRead('/v1/inbound_events', { query: { verdict: 'refused', limit: 8 } }, { every: everyMs })
  const connections = useRead('/v1/connections', { query: { limit: 100 } }, { enabled: may('connections:read') })
  const nameOf = ({ connection, provider }: { connection: string, provider: string }) => connections.data?.data.find(one => one.id === connection)?.label ?? provider
  const rows = refused.data?.data ?? []
  return (
    <Section title={words.refusedTitle} lead={words.refusedLead} actions={rows.length > 0 && <Group gap='xs'>{may('inbound:write') && <ReplayMany path='/v1/inbound_events/replay' filter={{ verdict: 'refused' }} invalidates={['/v1/inbound_events', '/v1/connections', '/v1/payments']} refused size='xs' />}<Button component={Link} href='/webhooks/events?verdict=refused' variant='default' size='xs'>{words.allRefused}</Button></Group>}>
      {refused.isError && <ProblemAlert error={refused.error} again={() => { void refused.refetch() }} />}
      {refused.isPending && <Waiting rows={3} height={36} />}
      {refused.data !== undefined && rows.length === 0 && <Text size='sm' c='dimmed'>{words.refusedNone}</Text>}
      {rows.length > 0 && (
        <Wide label={words.refusedTitle} width={280}>
          <Table verticalSpacing={8}>
            <Table.Thead><Table.Tr>{[words.received, words.connection, words.reason].map((name, index) => <Table.Th key={name} scope='col' {...(index === 1 && { visibleFrom: 'sm' })}><Text span size='xs' fw={600} c='dimmed'>{name}</Text></Table.Th>)}</Table.Tr></Table.Thead>
            <Table.Tbody>
              {rows.map(event => (
                <Table.Tr key={event.id} className='row-link'>
                  <Table.Td style={{ whiteSpace: 'nowrap' }}><Text component={Link} href={`/webhooks/events/${event.id}`} className='row-target' size='sm' fw={550} c='inherit' td='none' data-refused={event.id} title={event.id}><When at={event.received_at} /></Text></Table.Td>
                  <Table.Td visibleFrom='sm'>{nameOf(event)}</Table.Td>
                  <Table.Td><Text span size='sm' className='breaks'><Reason of={event.reason} /></Text></Table.Td>
                </Table.Tr>
              ))}
            </Table.Tbody>
          </Table>
        </Wide>
      )}
    </Section>
  )
}

function Outgoing () {
  const words = useTexts(webhooks)
  const endpoints = useRead('/v1/webhook_endpoints', { query: { limit: 50 } })
  const all = endpoints.data?.data ?? []
  return (
    <Section title={words.outgoing} lead={words.outgoingLead} actions={<Button component={Link} href='/deliveries/endpoints' variant='default' size='xs'>{words.allEndpoints}</Button>}>
      {endpoints.isError && <ProblemAlert error={endpoints.error} again={() => { void endpoints.refetch() }} />}
      {endpoints.isPending && <Waiting rows={2} height={36} />}
      {endpoints.data !== undefined && all.length === 0 && <Text size='sm' c='dimmed'>{words.outgoingNone}</Text>}
      {all.length > 0 && (
        <Wide label={words.outgoing} width={560}>
          <Table>
            <Table.Thead><Table.Tr><Table.Th scope='col'>{words.endpoint}</Table.Th><Table.Th scope='col'>{words.state}</Table.Th>{[words.rate, words.waiting, words.p95].map(name => <Table.Th key={name} scope='col' ta='right'>{name}</Table.Th>)}</Table.Tr></Table.Thead>
            <Table.Tbody>{all.map(endpoint => <EndpointRow key={endpoint.id} endpoint={endpoint} />)}</Table.Tbody>
          </Table>
        </Wide>
      )}
    </Section>
  )
}

function EndpointRow ({ endpoint: { id, url, label, status } }: { endpoint: Endpoint }) {
  const { number, percent } = useFormats()
  const health = useRead('/v1/webhook_endpoints/{id}/health', { path: { id } }, { every: everyMs })
  const found = health.data
  const rate = found?.last_24_hours.success_rate ?? null
  return (
    <Table.Tr>
      <Table.Td className='breaks'><Text component={Link} href={`/deliveries/endpoints/${id}`} inherit>{label ?? url}</Text></Table.Td>
      <Table.Td><Status value={status === 'disabled' ? 'disabled' : found !== undefined && found.consecutive_failures > 0 ? 'failing' : 'ok'} /></Table.Td>
      {[rate === null ? '—' : percent(rate), found === undefined ? '—' : number(found.pending), found?.p95_ms == null ? '—' : `${number(found.p95_ms)} ms`].map((value, index) => <Table.Td key={index} ta='right' className='nums'>{value}</Table.Td>)}
    </Table.Tr>
  )
}
