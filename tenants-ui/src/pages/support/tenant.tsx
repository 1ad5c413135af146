import { SegmentedControl, SimpleGrid, Stack, Table, Text } from '@mantine/core'
import type { ReactNode } from 'react'
import { useParams } from 'wouter'
import type { Answer, ApiProblem } from '../../api/client.ts'
import { useRead } from '../../api/hooks.ts'
import { common } from '../../i18n/common.ts'
import { useFormats } from '../../i18n/format.ts'
import { useTexts } from '../../i18n/language.tsx'
import { useSession } from '../../shell/session.tsx'
import { Page, Section, Waiting, Wide } from '../../ui/page.tsx'
import { ProblemAlert } from '../../ui/problem.tsx'
import { Status, When } from '../../ui/values.tsx'
import { Severity } from '../alerts/severity.tsx'
import { useNameOfProvider } from '../connections/names.ts'
import { Reason } from '../webhooks/reasons.tsx'
import { EnterTenant } from './enter.tsx'
import { support } from './texts.ts'

const everyMs = 15_000
/** A provider that says no is well; one that was not reached is not. */
const outcomes = { running: { tone: 'running', text: 'running' }, succeeded: { tone: 'succeeded', text: 'succeeded' }, refused: { tone: 'inactive', text: 'saidNo' }, unknown: { tone: 'unknown', text: 'unknown' }, nowhere: { tone: 'failing', text: 'nowhere' } } as const

/** Test or live: from outside there is no tenant whose mode would stand in the header. */
export function ModeChoice () {
  const words = useTexts(support)
  const shared = useTexts(common)
  const { mode, setMode } = useSession()
  return <SegmentedControl aria-label={words.mode} value={mode} onChange={value => setMode(value as 'live')} data={[{ value: 'live', label: shared.live }, { value: 'test', label: shared.test }]} />
}

/** One tenant from outside: what tells that something is wrong, and of nobody who or how much. */
export default function TroubledTenantPage () {
  const { id } = useParams<{ id: string }>()
  const words = useTexts(support)
  const { number } = useFormats()
  const query = { tenant: id, limit: 20 }
  const overview = useRead('/v1/support/overview', { query: { limit: 100 } })
  const name = overview.data?.data.find(({ tenant }) => tenant === id)?.name ?? words.tenant
  const alerts = useRead('/v1/support/alerts', { query }, { every: everyMs })
  const connections = useRead('/v1/support/connections', { query }, { every: everyMs })
  const hooks = useRead('/v1/support/inbound_events', { query }, { every: everyMs })
  const calls = useRead('/v1/support/operations', { query }, { every: everyMs })
  const nameOf = useNameOfProvider()
  const providerOf = (connection: Answer<'get', '/v1/support/connections'>['data'][number]) => <>{nameOf(connection.provider)}<Text size='xs' c='dimmed' className='mono'>{connection.id}</Text></>
  return (
    <Page title={name} lead={words.outsideLead} back={{ to: '/support', text: words.title }} actions={<><ModeChoice /><EnterTenant tenant={id} name={name} /></>}>
      <Stack gap='lg'>
        <Rows
          title={words.alerts} read={alerts} none={words.none} heads={[words.severity, words.what, words.times, words.when]}
          rows={alerts.data?.data.filter(({ status }) => status !== 'resolved').map(alert => [alert.id, <Severity key='severity' value={alert.severity} />, alert.message, number(alert.times), <When key='at' at={alert.last_at} />])}
        />
        <Rows
          title={words.connectionsTitle} read={connections} none={words.none} heads={[words.provider, words.health, words.callsHour, words.refusedHour, words.lastError, words.last]}
          rows={connections.data?.data.map(one => [one.id, providerOf(one), <Status key='health' value={one.health} />, words.ofAll(number(one.last_hour.unknown + one.last_hour.nowhere), number(one.last_hour.calls)), words.ofAll(number(one.last_hour.webhooks.refused), number(one.last_hour.webhooks.taken + one.last_hour.webhooks.refused)), one.last_error === null ? '—' : <span key='error' className='mono'>{one.last_error.provider_code ?? one.last_error.code}</span>, <When key='at' at={one.last_webhook_at} />])}
        />
        <SimpleGrid cols={{ base: 1, lg: 2 }} spacing='lg'>
          <Rows
            title={words.hooks} read={hooks} none={words.none} heads={[words.hook, words.result, words.when]}
            rows={hooks.data?.data.map(one => [one.id, <span key='type'><span className='mono'>{one.event_type ?? one.provider}</span>{one.reason !== null && <Text size='xs' c='dimmed' className='breaks'><Reason of={one.reason} /></Text>}</span>, <Status key='status' value={one.status} />, <When key='at' at={one.received_at} />])}
          />
          <Rows
            title={words.callsTitle} read={calls} none={words.none} heads={[words.call, words.result, words.when]}
            rows={calls.data?.data.map(one => [one.id, <span key='kind'><span className='mono'>{one.kind}</span>{(one.provider_code ?? one.error_code) !== null && <Text size='xs' c='dimmed' className='mono'>{one.provider_code ?? one.error_code}</Text>}</span>, <span key='outcome'><Status value={outcomes[one.outcome].tone} label={words[outcomes[one.outcome].text]} />{one.duration_ms !== null && <Text size='xs' c='dimmed' className='nums'>{number(one.duration_ms)} ms</Text>}</span>, <When key='at' at={one.started_at} />])}
          />
        </SimpleGrid>
      </Stack>
    </Page>
  )
}

function Rows ({ title, read, heads, rows, none }: { title: string, read: { isPending: boolean, error: ApiProblem | null, refetch: () => unknown }, heads: readonly string[], rows: readonly (readonly [id: string, ...cells: ReactNode[]])[] | undefined, none: string }) {
  return (
    <Section title={title}>
      {read.error !== null && <ProblemAlert error={read.error} again={() => { void read.refetch() }} />}
      {read.isPending && <Waiting rows={2} height={40} />}
      {rows?.length === 0 && <Text size='sm' c='dimmed'>{none}</Text>}
      {rows !== undefined && rows.length > 0 && (
        <Wide label={title} width={heads.length * 120}>
          <Table verticalSpacing={8}>
            <Table.Thead><Table.Tr>{heads.map(head => <Table.Th key={head} scope='col'><Text span size='xs' fw={600} c='dimmed'>{head}</Text></Table.Th>)}</Table.Tr></Table.Thead>
            <Table.Tbody>{rows.map(([id, ...cells]) => <Table.Tr key={id}>{cells.map((cell, index) => <Table.Td key={index} style={{ fontVariantNumeric: 'tabular-nums' }}>{cell}</Table.Td>)}</Table.Tr>)}</Table.Tbody>
          </Table>
        </Wide>
      )}
    </Section>
  )
}
