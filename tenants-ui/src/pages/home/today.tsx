import { Box, Button, Group, Paper, SimpleGrid, Skeleton, Stack, Text } from '@mantine/core'
import type { ReactNode } from 'react'
import { Link } from 'wouter'
import { useRead } from '../../api/hooks.ts'
import { useLive } from '../../api/live.ts'
import { useFormats } from '../../i18n/format.ts'
import { useTexts } from '../../i18n/language.tsx'
import { texts } from '../../i18n/texts.ts'
import { useSession } from '../../shell/session.tsx'
import { Section, Waiting } from '../../ui/page.tsx'
import { Money, Status, When } from '../../ui/values.tsx'

const words = texts({
  es: {
    lastDay: 'Últimas 24 horas',
    taken: 'Cobrado',
    rate: 'Cobros que salen bien',
    of: (count: string) => `Pagos: ${count}`,
    stamped: 'Facturas timbradas',
    rejected: (count: string) => `Rechazadas: ${count}`,
    alerts: 'Alertas abiertas',
    critical: (count: string) => `Graves: ${count}`,
    latest: 'Últimos cobros',
    all: 'Ver todos'
  },
  en: {
    lastDay: 'Last 24 hours',
    taken: 'Taken',
    rate: 'Payments that succeed',
    of: count => `Payments: ${count}`,
    stamped: 'Invoices stamped',
    rejected: count => `Rejected: ${count}`,
    alerts: 'Open alerts',
    critical: count => `Critical: ${count}`,
    latest: 'Latest payments',
    all: 'See all'
  }
})

/** How the last day went, for who may read it. From a whole hour on, so that the question stays the same. A shop without a payment has nothing here. */
export function Today () {
  const text = useTexts(words)
  const { may } = useSession()
  const latest = useRead('/v1/payments', { query: { limit: 5 } }, { enabled: may('payments:read') })
  useLive(['/v1/payments', '/v1/dashboard'], ['payment.*', 'invoice.*'])
  if (may('payments:read') && latest.data?.data.length === 0) return null
  return (
    <Stack gap='lg'>
      {may('reports:read') && <LastDay />}
      {may('payments:read') && !latest.isError && (
        <Section title={text.latest} actions={<Button component={Link} href='/payments' variant='default' size='xs'>{text.all}</Button>}>
          {latest.data === undefined
            ? <Waiting rows={5} height={26} />
            : (
              <Stack gap='sm'>
                {latest.data.data.map(({ id, amount, currency, status, reference, description, created_at: at }) => (
                  <Group key={id} gap='sm' wrap='nowrap' mih={26}>
                    <Text component={Link} href={`/payments/${id}`} fw={550} size='sm' w={{ base: 130, sm: 150 }} style={{ flexShrink: 0 }}><Money amount={amount} currency={currency} /></Text>
                    <Box w={{ sm: 190 }} style={{ flexShrink: 0 }}><Status value={status} /></Box>
                    <Text size='sm' truncate flex={1} visibleFrom='sm'>{description ?? reference ?? ''}</Text>
                    <Text size='sm' c='dimmed' visibleFrom='sm' style={{ flexShrink: 0 }}><When at={at} /></Text>
                  </Group>
                ))}
              </Stack>
              )}
        </Section>
      )}
    </Stack>
  )
}

function LastDay () {
  const text = useTexts(words)
  const { number, percent, money } = useFormats()
  const { may } = useSession()
  const hour = 3_600_000
  const from = new Date((Math.floor(Date.now() / hour) - 23) * hour).toISOString()
  const figures = useRead('/v1/dashboard', { query: { from, interval: 'hour' } })
  if (figures.isError) return null
  const shown = figures.data
  return (
    <Box component='section' aria-label={text.lastDay} aria-busy={shown === undefined}>
      <Text size='sm' c='dimmed' mb='xs'>{text.lastDay}</Text>
      <SimpleGrid cols={{ base: 2, lg: 4 }} spacing='md'>
        <Figure name={text.taken} value={shown && (shown.volume.length === 0 ? '—' : shown.volume.slice(0, 2).map(({ currency, captured }) => <Box key={currency}>{money(captured, currency)}</Box>))} />
        <Figure name={text.rate} value={shown && (shown.payments.success_rate === null ? '—' : percent(shown.payments.success_rate))} line={shown && text.of(number(shown.payments.total))} />
        <Figure name={text.stamped} value={shown && number(shown.stamping.stamped)} line={shown && text.rejected(number(shown.stamping.rejected))} />
        <Figure name={text.alerts} value={shown && number(shown.alerts.open)} line={shown && text.critical(number(shown.alerts.critical))} {...(may('alerts:read') && { to: '/alerts?status=open' })} />
      </SimpleGrid>
    </Box>
  )
}

function Figure ({ name, value, line, to }: { name: string, value: ReactNode, line?: string | undefined, to?: string }) {
  return (
    <Paper p='md' mih={104}>
      {to === undefined ? <Text size='sm' c='dimmed'>{name}</Text> : <Text size='sm' component={Link} href={to}>{name}</Text>}
      {value === undefined ? <Skeleton height={26} mt={6} w='70%' /> : <Text fz={{ base: 18, sm: 22 }} fw={650} lh={1.4} className='nums' component='div'>{value}</Text>}
      {line !== undefined && <Text size='xs' c='dimmed'>{line}</Text>}
    </Paper>
  )
}
