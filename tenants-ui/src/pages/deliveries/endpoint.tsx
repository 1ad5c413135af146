import { Alert, Button, SimpleGrid, Stack, Table, Text, TextInput } from '@mantine/core'
import { useState } from 'react'
import { Link, useLocation, useParams } from 'wouter'
import type { Answer } from '../../api/client.ts'
import { useChange, useRead } from '../../api/hooks.ts'
import { common } from '../../i18n/common.ts'
import { useFormats } from '../../i18n/format.ts'
import { useTexts } from '../../i18n/language.tsx'
import { useSession } from '../../shell/session.tsx'
import { Bars } from '../../ui/chart.tsx'
import { Confirm } from '../../ui/confirm.tsx'
import { Icon } from '../../ui/icons.tsx'
import { tell } from '../../ui/notices.ts'
import { ShownOnce } from '../../ui/once.tsx'
import { Facts, Page, Section, Waiting, Wide } from '../../ui/page.tsx'
import { ProblemAlert } from '../../ui/problem.tsx'
import { Status, When } from '../../ui/values.tsx'
import { endpointBody, EndpointFields, endpointFields, type EndpointValues } from './endpoint-form.tsx'
import { DeliveryStatus } from './status.tsx'
import { deliveries } from './texts.ts'

type Endpoint = Answer<'get', '/v1/webhook_endpoints/{id}'>
const areas = ['/v1/webhook_endpoints', '/v1/deliveries']

export default function EndpointPage () {
  const { id } = useParams<{ id: string }>()
  const words = useTexts(deliveries)
  const { may } = useSession()
  const endpoint = useRead('/v1/webhook_endpoints/{id}', { path: { id } })
  const [secret, setSecret] = useState<string>()
  const back = { to: '/deliveries/endpoints', text: words.endpoints }
  if (endpoint.isError) return <Page title={words.endpoints} back={back}><ProblemAlert error={endpoint.error} again={() => { void endpoint.refetch() }} /></Page>
  if (endpoint.data === undefined) return <Page title={words.endpoints} back={back}><Waiting rows={3} height={140} /></Page>
  const found = endpoint.data
  return (
    <Page
      title={found.label ?? found.url} back={back} badge={<Status value={found.status === 'enabled' ? 'active' : 'disabled'} />} {...(found.label !== null && { lead: found.url })}
      actions={<>{may('webhooks:write') && <Actions endpoint={found} onSecret={setSecret} />}</>}
    >
      <Stack gap='lg'>
        {secret !== undefined && <ShownOnce label={words.secret} text={words.secretOnce} value={secret} />}
        {found.status === 'disabled' && <Alert color='yellow' title={words.disabledAlert} icon={<Icon name='warning' />}>{found.disabled_reason === 'gone' ? words.reasonGone : found.disabled_reason === 'failing' ? words.reasonFailing : words.reasonByPerson}</Alert>}
        <Health endpoint={found} />
        <Latest endpoint={found} />
        <Settings key={found.updated_at} endpoint={found} />
      </Stack>
    </Page>
  )
}

function Actions ({ endpoint: { id, status }, onSecret }: { endpoint: Endpoint, onSecret: (secret: string) => void }) {
  const words = useTexts(deliveries)
  const { number } = useFormats()
  const [, go] = useLocation()
  const [since, setSince] = useState('')
  return (
    <>
      <Confirm method='post' path='/v1/webhook_endpoints/{id}/test' asked={{ path: { id } }} invalidates={areas} label={words.test} title={words.testTitle} text={words.testText} yes={words.test} done={words.tested} onDone={made => go(`/deliveries/${made.id}`)} />
      <Confirm method='post' path='/v1/webhook_endpoints/{id}/rotate_secret' asked={{ path: { id }, body: {} }} invalidates={areas} label={words.rotate} title={words.rotateTitle} text={words.rotateText} yes={words.rotate} onDone={made => onSecret(made.secret)} />
      <Confirm method='post' path='/v1/webhook_endpoints/{id}/recover' asked={() => ({ path: { id }, body: { since: new Date(since).toISOString() } })} invalidates={areas} label={words.recover} title={words.recoverTitle} text={words.recoverText} yes={words.recover} ready={since !== ''} onDone={made => tell(words.recovered(number(made.retried), number(made.created)))}>
        <TextInput type='datetime-local' label={words.since} value={since} onChange={event => setSince(event.currentTarget.value)} data-autofocus />
      </Confirm>
      {status === 'enabled'
        ? <Confirm method='patch' path='/v1/webhook_endpoints/{id}' asked={{ path: { id }, body: { enabled: false } }} invalidates={areas} label={words.disable} title={words.disableTitle} text={words.disableText} yes={words.disable} done={words.saved} />
        : <Confirm method='patch' path='/v1/webhook_endpoints/{id}' asked={{ path: { id }, body: { enabled: true } }} invalidates={areas} label={words.enable} title={words.enableTitle} yes={words.enable} done={words.saved} />}
      <Confirm method='delete' path='/v1/webhook_endpoints/{id}' asked={{ path: { id } }} invalidates={['/v1/deliveries']} label={words.remove} title={words.removeTitle} text={words.removeText} yes={words.remove} danger done={words.removed} onDone={() => go('/deliveries/endpoints')} />
    </>
  )
}

function Health ({ endpoint: { id } }: { endpoint: Endpoint }) {
  const words = useTexts(deliveries)
  const { number, percent, ago } = useFormats()
  const health = useRead('/v1/webhook_endpoints/{id}/health', { path: { id } }, { every: 10_000 })
  const found = health.data
  if (health.isError) return <ProblemAlert error={health.error} again={() => { void health.refetch() }} />
  if (found === undefined) return <Waiting rows={1} height={300} />
  const day = found.last_24_hours
  const hours = everyHour(found.hours)
  return (
    <SimpleGrid cols={{ base: 1, md: 2 }} spacing='lg'>
      <Section title={words.health}>
        <Facts rows={[
          [words.rate24, <span key='rate'>{day.success_rate === null ? '—' : <Text span inherit fw={650} className='nums'>{percent(day.success_rate)}</Text>} <Text span size='xs' c='dimmed'>{words.counts24(number(day.succeeded), number(day.failed))}</Text></span>],
          [words.mean, `${found.p50_ms === null ? '—' : number(found.p50_ms)} / ${found.p95_ms === null ? '—' : number(found.p95_ms)} ms`],
          [words.pending, number(found.pending)],
          found.oldest_pending_at !== null && [words.oldest, <When key='oldest' at={found.oldest_pending_at} />],
          [words.inRow, number(found.consecutive_failures)],
          found.breaker !== 'closed' && [words.breaker, found.resumes_at === null ? <Status key='breaker' value='half_open' /> : words.resumes(ago(found.resumes_at))],
          [words.lastSuccess, <When key='success' at={found.last_success_at} />],
          [words.lastFailure, <When key='failure' at={found.last_failure_at} />]
        ]}
        />
      </Section>
      <Section title={words.overTime}>
        <Bars label={words.overTime} at={hours.map(({ hour }) => hour)} interval='hour' series={[{ name: words.delivered, tone: 'good', values: hours.map(({ succeeded }) => succeeded) }, { name: words.failed, tone: 'bad', values: hours.map(({ failed }) => failed) }]} />
      </Section>
    </SimpleGrid>
  )
}

type Hour = Answer<'get', '/v1/webhook_endpoints/{id}/health'>['hours'][number]

/** The last day without gaps: an hour in which nothing was sent is no hour of the answer. */
function everyHour (given: readonly Hour[]): Hour[] {
  const last = new Date()
  last.setUTCMinutes(0, 0, 0)
  return Array.from({ length: 24 }, (_, back) => {
    const hour = new Date(last.getTime() - (23 - back) * 3_600_000).toISOString()
    return given.find(one => Date.parse(one.hour) === Date.parse(hour)) ?? { hour, succeeded: 0, failed: 0 }
  })
}

/** What was sent to it last, and what it answered. */
function Latest ({ endpoint: { id } }: { endpoint: Endpoint }) {
  const words = useTexts(deliveries)
  const { number } = useFormats()
  const latest = useRead('/v1/deliveries', { query: { endpoint: id, limit: 8 } }, { every: 10_000 })
  const rows = latest.data?.data ?? []
  return (
    <Section title={words.latest} actions={<Button component={Link} href={`/deliveries?endpoint=${id}`} variant='default' size='xs'>{words.see}</Button>}>
      {latest.isError && <ProblemAlert error={latest.error} again={() => { void latest.refetch() }} />}
      {latest.isPending && <Waiting rows={8} height={33} />}
      {latest.data !== undefined && rows.length === 0 && <Text size='sm' c='dimmed'>{words.latestNone}</Text>}
      {rows.length > 0 && (
        <Wide label={words.latest} width={460}>
          <Table>
            <Table.Thead><Table.Tr><Table.Th scope='col'>{words.event}</Table.Th><Table.Th scope='col'>{words.status}</Table.Th><Table.Th scope='col' ta='right'>{words.attempts}</Table.Th><Table.Th scope='col'>{words.created}</Table.Th></Table.Tr></Table.Thead>
            <Table.Tbody>
              {rows.map(row => (
                <Table.Tr key={row.id}>
                  <Table.Td><Text component={Link} href={`/deliveries/${row.id}`} inherit className='mono'>{row.event_type}</Text></Table.Td>
                  <Table.Td><DeliveryStatus status={row.status} /></Table.Td>
                  <Table.Td ta='right' className='nums'>{number(row.attempts)}</Table.Td>
                  <Table.Td><Text span size='sm' c='dimmed'><When at={row.created_at} /></Text></Table.Td>
                </Table.Tr>
              ))}
            </Table.Tbody>
          </Table>
        </Wide>
      )}
    </Section>
  )
}

function Settings ({ endpoint }: { endpoint: Endpoint }) {
  const words = useTexts(deliveries)
  const shared = useTexts(common)
  const { may } = useSession()
  const { dateTime } = useFormats()
  const [values, setValues] = useState<EndpointValues>({ url: endpoint.url, label: endpoint.label ?? '', types: endpoint.event_types.join('\n'), ordering: endpoint.ordering })
  const save = useChange('patch', '/v1/webhook_endpoints/{id}', { invalidates: areas, onDone: () => tell(words.saved) })
  const keys = endpoint.signing_keys.map(({ hint, public_key: shown, valid_until: until }) => <div key={hint} className='mono'>{shown ?? hint}{until !== null && ` (${words.keyUntil(dateTime(until))})`}</div>)
  return (
    <Section title={words.settings}>
      <form onSubmit={event => {
        event.preventDefault()
        if (!save.isPending) save.mutate({ path: { id: endpoint.id }, body: { ...endpointBody(values), label: values.label.trim() === '' ? null : values.label.trim() } })
      }}
      >
        <Stack gap='md' maw={560}>
          <EndpointFields values={values} onChange={setValues} error={save.error} />
          <Facts rows={[[words.keys, keys]]} />
          {save.isError && <ProblemAlert error={save.error} but={endpointFields} />}
          {may('webhooks:write') && <Button type='submit' w='fit-content' loading={save.isPending}>{shared.save}</Button>}
        </Stack>
      </form>
    </Section>
  )
}
