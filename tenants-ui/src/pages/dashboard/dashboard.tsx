import { Box, Button, Group, Paper, SimpleGrid, Stack, Table, Text } from '@mantine/core'
import type { ReactNode } from 'react'
import { Link } from 'wouter'
import type { Answer } from '../../api/client.ts'
import { useRead } from '../../api/hooks.ts'
import { useLive } from '../../api/live.ts'
import { useFormats } from '../../i18n/format.ts'
import { useTexts } from '../../i18n/language.tsx'
import { useSession } from '../../shell/session.tsx'
import { Bars } from '../../ui/chart.tsx'
import { Live } from '../../ui/live.tsx'
import { Page, Section, Waiting, Wide } from '../../ui/page.tsx'
import { PeriodChoice, usePeriod } from '../../ui/period.tsx'
import { ProblemAlert } from '../../ui/problem.tsx'
import { Money, When } from '../../ui/values.tsx'
import { Severity } from '../alerts/severity.tsx'
import { useMethodName } from '../payments/shown.tsx'
import { dashboard } from './texts.ts'

type Figures = Answer<'get', '/v1/dashboard'>

export default function DashboardPage () {
  const words = useTexts(dashboard)
  const { period, query, set } = usePeriod()
  const figures = useRead('/v1/dashboard', { query }, { every: 30_000 })
  const live = useLive(['/v1/dashboard', '/v1/alerts'])
  return (
    <Page title={words.title} lead={words.lead} badge={live && <Live />} actions={<><PeriodChoice period={period} set={set} /><Button component={Link} href='/reports/transactions' variant='default'>{words.reports}</Button></>}>
      {figures.isError && <ProblemAlert error={figures.error} again={() => { void figures.refetch() }} />}
      {figures.isPending && <Waiting rows={3} height={150} />}
      {figures.data !== undefined && <Shown figures={figures.data} />}
    </Page>
  )
}

function Shown ({ figures }: { figures: Figures }) {
  const words = useTexts(dashboard)
  const { may } = useSession()
  const { money } = useFormats()
  const { series, interval, volume } = figures
  const at = series.map(step => step.at)
  return (
    <Stack gap='lg'>
      <Tiles figures={figures} />
      {may('alerts:read') && figures.alerts.open > 0 && <OpenAlerts />}
      <SimpleGrid cols={{ base: 1, md: 2 }} spacing='lg'>
        <Section title={words.payments}>
          <Bars label={words.payments} at={at} interval={interval} series={[{ name: words.succeeded, tone: 'good', values: series.map(({ succeeded }) => succeeded) }, { name: words.failed, tone: 'bad', values: series.map(({ failed }) => failed) }]} />
        </Section>
        <Section title={words.stamping}>
          <Bars label={words.stamping} at={at} interval={interval} series={[{ name: words.stamped, tone: 'good', values: series.map(({ stamped }) => stamped) }, { name: words.rejected, tone: 'bad', values: series.map(({ rejected }) => rejected) }]} />
        </Section>
        {volume.map(({ currency }, index) => {
          const of = (key: 'captured' | 'refunded') => series.map(step => step.volume.find(one => one.currency === currency)?.[key] ?? 0)
          return (
            <Box key={currency} {...(index === volume.length - 1 && volume.length % 2 === 1 && { style: { gridColumn: '1 / -1' } })}>
              <Section title={words.perCurrency(currency)}>
                <Bars label={words.perCurrency(currency)} at={at} interval={interval} show={value => money(value, currency)} series={[{ name: words.captured, tone: 'plain', values: of('captured') }, { name: words.givenBack, tone: 'wait', values: of('refunded') }]} />
              </Section>
            </Box>
          )
        })}
      </SimpleGrid>
      <Connections figures={figures} />
      <Methods figures={figures} />
    </Stack>
  )
}

function Tiles ({ figures: { payments, volume, stamping, fees, webhooks, alerts } }: { figures: Figures }) {
  const words = useTexts(dashboard)
  const { number, percent, money } = useFormats()
  const { may } = useSession()
  return (
    <SimpleGrid cols={{ base: 1, xs: 2, lg: 3 }} spacing='md'>
      <Tile name={words.successRate} value={payments.success_rate === null ? '—' : percent(payments.success_rate)} lines={[payments.total === 0 ? words.noPayments : words.ofPayments(number(payments.total))]} />
      <Tile
        name={words.volume} value={volume.length === 0 ? '—' : volume.map(({ currency, captured }) => <Box key={currency}>{money(captured, currency)}</Box>)}
        lines={volume.length === 0 ? [words.nothingTaken] : volume.filter(({ refunded }) => refunded > 0).map(({ currency, refunded }) => words.refunded(money(refunded, currency)))}
      />
      <Tile
        name={words.stamping} value={number(stamping.stamped)} bad={stamping.rejected > 0}
        lines={[`${words.rejected}: ${number(stamping.rejected)}`, ...(stamping.waiting > 0 ? [words.waiting(number(stamping.waiting))] : []), ...(stamping.error_rate !== null && stamping.error_rate > 0 ? [words.errorRate(percent(stamping.error_rate))] : [])]}
      />
      <Tile
        name={words.fees} value={fees.length === 0 ? '—' : fees.map(({ currency, told, expected, documents }) => <Box key={currency}>{money(told + expected + documents, currency)}</Box>)}
        lines={fees.length === 0 ? [words.noFees] : fees.flatMap(({ currency, told, expected, documents }) => [...(told !== 0 ? [words.feesTold(money(told, currency))] : []), ...(expected !== 0 ? [words.feesExpected(money(expected, currency))] : []), ...(documents !== 0 ? [words.feesDocuments(money(documents, currency))] : [])])}
      />
      <Tile name={words.alerts} value={number(alerts.open)} bad={alerts.critical > 0} lines={[words.critical(number(alerts.critical))]} {...(may('alerts:read') && { to: '/alerts?status=open' })} />
      <Tile name={words.webhooks} value={number(webhooks.accepted)} bad={webhooks.refused > 0} lines={[words.refusedWebhooks(number(webhooks.refused))]} {...(may('inbound:read') && { to: '/webhooks' })} />
    </SimpleGrid>
  )
}

/** What a person has to see, the newest first. */
function OpenAlerts () {
  const words = useTexts(dashboard)
  const open = useRead('/v1/alerts', { query: { status: 'open', limit: 5 } })
  return (
    <Section title={words.alerts} actions={<Button component={Link} href='/alerts?status=open' variant='default' size='xs'>{words.allAlerts}</Button>}>
      {open.isError && <ProblemAlert error={open.error} again={() => { void open.refetch() }} />}
      {open.isPending && <Waiting rows={2} height={40} />}
      <Stack gap='sm'>
        {open.data?.data.map(({ id, severity, message, last_at: at }) => (
          <Group key={id} gap='sm' wrap='nowrap' align='flex-start' justify='space-between'>
            <Group gap='sm' wrap='nowrap' align='flex-start' miw={0}><Severity value={severity} /><Text size='sm' component={Link} href={`/alerts/${id}`} className='breaks'>{message}</Text></Group>
            <Text size='xs' c='dimmed' visibleFrom='sm' style={{ flexShrink: 0 }}><When at={at} /></Text>
          </Group>
        ))}
      </Stack>
    </Section>
  )
}

function Tile ({ name, value, lines, to, bad = false }: { name: string, value: ReactNode, lines: readonly string[], to?: string, bad?: boolean }) {
  const words = useTexts(dashboard)
  return (
    <Paper p='md' {...(bad && { style: { borderInlineStart: '4px solid var(--mantine-color-red-6)' } })}>
      <Group justify='space-between' wrap='nowrap'>
        <Text size='sm' c='dimmed'>{name}</Text>
        {to !== undefined && <Text size='sm' component={Link} href={to} aria-label={`${words.see}: ${name}`}>{words.see}</Text>}
      </Group>
      <Text component='div' fw={650} fz={24} lh={1.3} className='nums breaks'>{value}</Text>
      {lines.map(line => <Text key={line} size='xs' c='dimmed' className='nums'>{line}</Text>)}
    </Paper>
  )
}

function Connections ({ figures: { connections } }: { figures: Figures }) {
  const words = useTexts(dashboard)
  const { number, percent } = useFormats()
  if (connections.length === 0) return null
  const ms = (value: number | null) => value === null ? '—' : `${number(value)} ms`
  return (
    <Section title={words.connections} lead={words.connectionsLead}>
      <Wide label={words.connections} width={560}>
        <Table>
          <Table.Thead><Table.Tr><Table.Th scope='col'>{words.connection}</Table.Th>{[words.payments, words.rate, words.calls, words.errors, 'p50', 'p95'].map(name => <Table.Th key={name} scope='col' ta='right'>{name}</Table.Th>)}</Table.Tr></Table.Thead>
          <Table.Tbody>
            {connections.map(({ connection, provider, label, payments, success_rate: rate, calls, errors, latency }) => (
              <Table.Tr key={connection ?? provider}>
                <Table.Td>{connection === null ? label ?? provider : <Text component={Link} href={`/connections/${connection}`} inherit>{label ?? provider}</Text>}</Table.Td>
                {[number(payments), rate === null ? '—' : percent(rate), number(calls), number(errors), ms(latency.p50_ms), ms(latency.p95_ms)].map((value, index) => <Table.Td key={index} ta='right' className='nums'>{value}</Table.Td>)}
              </Table.Tr>
            ))}
          </Table.Tbody>
        </Table>
      </Wide>
    </Section>
  )
}

function Methods ({ figures: { methods } }: { figures: Figures }) {
  const words = useTexts(dashboard)
  const methodOf = useMethodName()
  const { number, percent } = useFormats()
  if (methods.length === 0) return null
  return (
    <Section title={words.methods}>
      <Wide label={words.methods} width={420}>
        <Table>
          <Table.Thead><Table.Tr><Table.Th scope='col'>{words.method}</Table.Th>{[words.payments, words.rate, words.amount].map(name => <Table.Th key={name} scope='col' ta='right'>{name}</Table.Th>)}</Table.Tr></Table.Thead>
          <Table.Tbody>
            {methods.map(({ method, currency, payments, captured, success_rate: rate }) => (
              <Table.Tr key={`${method} ${currency}`}>
                <Table.Td>{method === null ? words.unknownMethod : methodOf(method)}</Table.Td>
                <Table.Td ta='right' className='nums'>{number(payments)}</Table.Td>
                <Table.Td ta='right' className='nums'>{rate === null ? '—' : percent(rate)}</Table.Td>
                <Table.Td ta='right'><Money amount={captured} currency={currency} /></Table.Td>
              </Table.Tr>
            ))}
          </Table.Tbody>
        </Table>
      </Wide>
    </Section>
  )
}
