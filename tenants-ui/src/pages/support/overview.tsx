import { Button, Group, Paper, Stack, Table, Text } from '@mantine/core'
import { Link, useLocation } from 'wouter'
import type { Answer } from '../../api/client.ts'
import { useRead } from '../../api/hooks.ts'
import { useFormats } from '../../i18n/format.ts'
import { useTexts } from '../../i18n/language.tsx'
import { useSession } from '../../shell/session.tsx'
import { keepAccess } from '../../shell/support-access.ts'
import { Confirm } from '../../ui/confirm.tsx'
import { useFilters } from '../../ui/list.tsx'
import { Empty, Page, Section, Waiting, Wide } from '../../ui/page.tsx'
import { ProblemAlert } from '../../ui/problem.tsx'
import { Status, When } from '../../ui/values.tsx'
import { EnterTenant } from './enter.tsx'
import { ModeChoice } from './tenant.tsx'
import { support } from './texts.ts'

type Row = Answer<'get', '/v1/support/overview'>['data'][number]

export default function SupportPage () {
  const words = useTexts(support)
  const { may, session } = useSession()
  const [{ cursor }, set] = useFilters(['cursor'])
  const overview = useRead('/v1/support/overview', { query: { limit: 50, ...(cursor !== undefined && { cursor }) } }, { every: 15_000 })
  const next = overview.data?.next_cursor ?? null
  return (
    <Page title={words.title} lead={words.lead} actions={<><ModeChoice /><Button component={Link} href='/tenants' variant='default'>{words.find}</Button>{may('queues:read') && <Button component='a' href='/admin/queues' variant='default'>{words.openQueues}</Button>}</>}>
      <Stack gap='lg'>
        {overview.isError && <ProblemAlert error={overview.error} again={() => { void overview.refetch() }} />}
        {overview.isPending && <Waiting rows={3} height={80} />}
        {session.user.role === 'support' && <Mine />}
        {overview.data !== undefined && (
          <Paper style={{ overflow: 'hidden' }}>
            {overview.data.data.length === 0 ? <Empty icon='check' title={words.emptyTitle} text={words.emptyText} /> : <Tenants rows={overview.data.data} />}
          </Paper>
        )}
        {next !== null && <Button variant='default' w='fit-content' onClick={() => set({ cursor: next })}>{words.more}</Button>}
        {overview.data !== undefined && <Queues queues={overview.data.queues} />}
      </Stack>
    </Page>
  )
}

function Tenants ({ rows }: { rows: readonly Row[] }) {
  const words = useTexts(support)
  const { number } = useFormats()
  return (
    <Wide label={words.caption} width={820}>
      <Table>
        <Table.Thead><Table.Tr>{[words.tenant, words.alerts, words.connections, words.calls, words.refused, words.last, words.actions].map(name => <Table.Th key={name} scope='col'><Text span size='xs' fw={600} c='dimmed'>{name}</Text></Table.Th>)}</Table.Tr></Table.Thead>
        <Table.Tbody>
          {rows.map(({ tenant, name, status, alerts: { critical, warning, info }, connections, calls_last_hour: calls, refused_webhooks_last_day: refused, last_webhook_at: last }) => (
            <Table.Tr key={tenant} data-tenant={tenant}>
              <Table.Td><Text component={Link} href={`/support/tenants/${tenant}`} inherit aria-label={`${words.see}: ${name}`}>{name}</Text>{status === 'suspended' && <Status value='suspended' />}</Table.Td>
              <Table.Td>{critical + warning + info === 0 ? words.none : <Group gap={6}>{critical > 0 && <Status value='failing' label={words.critical(number(critical))} />}{warning + info > 0 && <Text span size='sm'>{words.others(number(warning + info))}</Text>}</Group>}</Table.Td>
              <Table.Td className='nums'>{words.ofAll(number(connections.failing + connections.reconnect), number(connections.total))}</Table.Td>
              <Table.Td className='nums'>{words.ofAll(number(calls.failed), number(calls.total))}</Table.Td>
              <Table.Td className='nums'>{number(refused)}</Table.Td>
              <Table.Td><Text span size='sm' c='dimmed'><When at={last} /></Text></Table.Td>
              <Table.Td><EnterTenant tenant={tenant} name={name} /></Table.Td>
            </Table.Tr>
          ))}
        </Table.Tbody>
      </Table>
    </Wide>
  )
}

function Mine () {
  const words = useTexts(support)
  const { dateTime } = useFormats()
  const { enterTenant } = useSession()
  const [, go] = useLocation()
  const mine = useRead('/v1/support_access', { query: { limit: 20 } })
  const open = (mine.data?.data ?? []).filter(({ status }) => status === 'open')
  if (open.length === 0) return null
  return (
    <Section title={words.mine}>
      <Stack gap='sm'>
        {open.map(access => (
          <Group key={access.id} justify='space-between'>
            <div><Text size='sm' fw={550} className='breaks'>{access.reason}</Text><Text size='xs' c='dimmed'><span className='mono'>{access.tenant}</span> · {words.until(dateTime(access.expires_at))}</Text></div>
            <Group gap='xs'>
              <Button
                size='xs' variant='default' onClick={() => {
                  keepAccess(access)
                  enterTenant(access.tenant)
                  go('/webhooks')
                }}
              >{words.goBack}
              </Button>
              <Confirm method='post' path='/v1/support_access/{id}/end' asked={{ path: { id: access.id } }} invalidates={['/v1/support_access']} label={words.end} title={words.endTitle} yes={words.end} done={words.ended} button={{ size: 'xs' }} />
            </Group>
          </Group>
        ))}
      </Stack>
    </Section>
  )
}

function Queues ({ queues }: { queues: Answer<'get', '/v1/support/overview'>['queues'] }) {
  const words = useTexts(support)
  const { number } = useFormats()
  return (
    <Section title={words.queues} lead={words.queuesLead}>
      {queues.length === 0
        ? <Text size='sm' c='dimmed'>{words.queuesNone}</Text>
        : (
          <Wide label={words.queues} width={320}>
            <Table verticalSpacing={6}>
              <Table.Thead><Table.Tr><Table.Th scope='col'>{words.queue}</Table.Th><Table.Th scope='col' ta='right'>{words.waiting}</Table.Th><Table.Th scope='col' ta='right'>{words.oldest}</Table.Th></Table.Tr></Table.Thead>
              <Table.Tbody>{queues.map(({ queue, waiting, oldest_seconds: oldest }) => <Table.Tr key={queue}><Table.Td className='mono'>{queue}</Table.Td><Table.Td ta='right' className='nums'>{number(waiting)}</Table.Td><Table.Td ta='right' className='nums'>{number(oldest)} s</Table.Td></Table.Tr>)}</Table.Tbody>
            </Table>
          </Wide>
          )}
    </Section>
  )
}
