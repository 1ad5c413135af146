import { Alert, Button, Code, Group, Stack, Text } from '@mantine/core'
import { useState } from 'react'
import { Link, useLocation, useParams } from 'wouter'
import type { Answer } from '../../api/client.ts'
import { useRead } from '../../api/hooks.ts'
import { useLive } from '../../api/live.ts'
import { useFormats } from '../../i18n/format.ts'
import { useTexts } from '../../i18n/language.tsx'
import { useSession } from '../../shell/session.tsx'
import { Confirm } from '../../ui/confirm.tsx'
import { Icon } from '../../ui/icons.tsx'
import { ExportButton } from '../../ui/list.tsx'
import { Facts, Page, Section, Waiting } from '../../ui/page.tsx'
import { ProblemAlert } from '../../ui/problem.tsx'
import { Subject } from '../../ui/subject.tsx'
import { Copyable, Status, When } from '../../ui/values.tsx'
import { useReason } from './reasons.tsx'
import { webhooks } from './texts.ts'

type Detail = Answer<'get', '/v1/inbound_events/{id}'>
const areas = ['/v1/inbound_events', '/v1/connections', '/v1/payments']

export default function InboundEventPage () {
  const { id } = useParams<{ id: string }>()
  const words = useTexts(webhooks)
  const event = useRead('/v1/inbound_events/{id}', { path: { id } }, { every: found => found !== undefined && (found.status === 'received' || found.status === 'retrying') ? 1000 : false })
  // Somebody repairs the secret in the meantime.
  useLive(['/v1/inbound_events'], ['connection.*'])
  const back = { to: '/webhooks/events', text: words.eventsTitle }
  if (event.isError) return <Page title={words.detail} back={back}><ProblemAlert error={event.error} again={() => { void event.refetch() }} /></Page>
  if (event.data === undefined) return <Page title={words.detail} back={back}><Waiting rows={3} height={140} /></Page>
  const found = event.data
  return (
    <Page title={found.event_type ?? words.detail} back={back} badge={<Group gap='xs'><Status value={found.verdict} />{found.status !== found.verdict && <Status value={found.status} />}</Group>} actions={<Actions event={found} />}>
      <Stack gap='lg'>
        {found.verdict === 'refused' && <Refused event={found} />}
        <Section title={words.facts}>
          <Facts rows={[
            [words.id, <Copyable key='id' value={found.id} label={words.id} />],
            found.provider_event_id !== null && [words.providerEvent, <Copyable key='provider' value={found.provider_event_id} label={words.providerEvent} />],
            [words.connection, <Subject key='connection' id={found.connection} />],
            [words.received, <When key='received' at={found.received_at} exact />],
            found.verdict !== 'refused' && [words.processedAt, <When key='processed' at={found.processed_at} exact />],
            found.next_run_at !== null && [words.nextRun, <When key='next' at={found.next_run_at} exact />],
            found.reason !== null && [words.reason, <span key='reason' className='mono'>{found.reason}</span>],
            found.verdict !== 'refused' && [words.attempts, found.attempts],
            found.duplicates > 0 && [words.repeated, found.duplicates],
            found.payment !== null && [words.about, <Subject key='payment' id={found.payment} />],
            found.payment === null && found.subject !== null && [words.about, <Subject key='subject' id={found.subject} />],
            found.address !== null && [words.address, <span key='address' className='mono'>{found.address}</span>],
            found.shadow !== null && [words.shadow, `${found.shadow.scheme}: ${found.shadow.agrees ? words.shadowAgrees : words.shadowDiffers}`]
          ]}
          />
        </Section>
        <Section title={words.raw} lead={words.rawLead}>
          <Stack gap='md'>
            <div><Text size='sm' fw={600} mb={4}>{words.headers}</Text><Code block tabIndex={0} role='region' aria-label={words.headers}>{Object.entries(found.headers).map(([name, value]) => `${name}: ${value}`).join('\n')}</Code></div>
            <div><Text size='sm' fw={600} mb={4}>{words.body}</Text>{found.body === '' ? <Text size='sm' c='dimmed'>{words.noBody}</Text> : <Code block tabIndex={0} role='region' aria-label={words.body} mah={480} style={{ overflow: 'auto' }} data-body>{indented(found.body)}</Code>}</div>
          </Stack>
        </Section>
      </Stack>
    </Page>
  )
}

function Actions ({ event: { id, verdict } }: { event: Detail }) {
  const words = useTexts(webhooks)
  const { may } = useSession()
  return (
    <>
      {verdict !== 'refused' && may('inbound:write') && <Confirm method='post' path='/v1/inbound_events/{id}/replay' asked={{ path: { id } }} invalidates={areas} label={words.replay} title={words.replayTitle} text={words.replayText} yes={words.replay} done={words.replayed} />}
      <ExportButton label={words.bundle} path='/v1/inbound_events/{id}/bundle' params={{ id }} file={`${id}.json`} />
    </>
  )
}

/** Why it was refused, whether today's secret would believe it, and what that lets one do. */
function Refused ({ event: { id, connection, reason } }: { event: Detail }) {
  const words = useTexts(webhooks)
  const [, go] = useLocation()
  const { number } = useFormats()
  const { may } = useSession()
  const reasonOf = useReason()
  const [audit, setAudit] = useState<Answer<'post', '/v1/connections/{id}/audit'>>()
  // The hub lets the verifier judge the kept bytes again when it makes the bundle.
  const bundle = useRead('/v1/inbound_events/{id}/bundle', { path: { id } })
  const hook = bundle.data?.hooks.find(hook => hook.id === id)
  const check = hook === undefined ? undefined : !hook.whole ? 'cut' : hook.checked_again === null ? 'unknown' : hook.checked_again.verdict === 'refused' ? 'refused' : 'good'
  const said = { cut: words.checkedCut, unknown: words.checkedNot, refused: words.checkedBad(reasonOf(hook?.checked_again?.reason ?? null) ?? ''), good: words.checkedGood }
  const replayable = check === 'good' || check === 'unknown'
  return (
    <Alert color={check === 'good' ? 'teal' : 'red'} title={words.refusedWhy} icon={<Icon name='shield' />}>
      <Stack gap='sm'>
        <Text size='sm' fw={600} className='breaks' c='var(--mantine-color-text)'>{reasonOf(reason)}</Text>
        {check !== 'cut' && <Text size='sm' c='var(--mantine-color-text)'>{words.refusedHelp}</Text>}
        <ProblemAlert error={bundle.error} />
        <Text size='sm' fw={550} role='status' c='var(--mantine-color-text)' data-checked={bundle.isFetching ? 'checking' : check}>{bundle.isFetching ? words.checking : check !== undefined && said[check]}</Text>
        {audit !== undefined && <Text size='sm' fw={550} role='status' c='var(--mantine-color-text)' data-audit={audit.status}>{audit.status === 'completed' ? words.recovered(number(audit.checked), number(audit.missed), number(audit.repaired)) : audit.status === 'running' ? words.recovering : words.recoverFailed}</Text>}
        <Group gap='sm'>
          {replayable && may('inbound:write') && (
            <Confirm
              method='post' path='/v1/inbound_events/{id}/replay' asked={{ path: { id } }} invalidates={areas} label={words.process} title={words.processTitle} text={check === 'good' ? words.processText : words.processUnknown} yes={words.process} done={words.processed} button={{ variant: 'filled' }}
              onDone={event => { if (event.id !== id) go(`/webhooks/events/${event.id}`) }}
            />
          )}
          {check !== 'cut' && check !== 'good' && <Button variant='default' loading={bundle.isFetching} onClick={() => { void bundle.refetch() }}>{words.checkAgain}</Button>}
          {check === 'refused' && may('connections:write') && <Button component={Link} href={`/connections/${connection}/credentials`} variant='default'>{words.repair}</Button>}
          {check !== undefined && check !== 'good' && may('inbound:write') && <Confirm method='post' path='/v1/connections/{id}/audit' asked={{ path: { id: connection }, body: {} }} invalidates={areas} label={words.recover} title={words.recoverTitle} text={words.recoverText} yes={words.recoverYes} onDone={setAudit} />}
        </Group>
      </Stack>
    </Alert>
  )
}

/** JSON is easier to read with lines; whatever else came is shown as it is. */
function indented (body: string): string {
  try {
    return JSON.stringify(JSON.parse(body), null, 2)
  } catch {
    return body
  }
}
