import { Alert, Button, Code, Group, Stack, Text } from '@mantine/core'
import { useState } from 'react'
import { Link, useParams } from 'wouter'
import type { Answer } from '../../api/client.ts'
import { useRead } from '../../api/hooks.ts'
import { useFormats } from '../../i18n/format.ts'
import { useTexts } from '../../i18n/language.tsx'
import { useSession } from '../../shell/session.tsx'
import { Confirm } from '../../ui/confirm.tsx'
import { Icon } from '../../ui/icons.tsx'
import { ExportButton } from '../../ui/list.tsx'
import { Facts, Page, Section, Waiting } from '../../ui/page.tsx'
import { ProblemAlert } from '../../ui/problem.tsx'
import { Copyable, Status, When } from '../../ui/values.tsx'
import { webhooks } from './texts.ts'

type Detail = Answer<'get', '/v1/inbound_events/{id}'>
const areas = ['/v1/inbound_events', '/v1/connections', '/v1/payments']

export default function InboundEventPage () {
  const { id } = useParams<{ id: string }>()
  const words = useTexts(webhooks)
  const event = useRead('/v1/inbound_events/{id}', { path: { id } }, { every: found => found !== undefined && (found.status === 'received' || found.status === 'retrying') ? 1000 : false })
  const back = { to: '/webhooks/events', text: words.eventsTitle }
  if (event.isError) return <Page title={words.detail} back={back}><ProblemAlert error={event.error} again={() => { void event.refetch() }} /></Page>
  if (event.data === undefined) return <Page title={words.detail} back={back}><Waiting rows={3} height={140} /></Page>
  const found = event.data
  return (
    <Page title={found.event_type ?? words.detail} back={back} badge={<Group gap='xs'><Status value={found.verdict} />{found.status !== found.verdict && <Status value={found.status} />}</Group>} actions={<Actions event={found} />}>
      <Stack gap='lg'>
        {found.verdict === 'refused' && <RefusedHelp event={found} />}
        <Section title={words.facts}>
          <Facts rows={[
            [words.id, <Copyable key='id' value={found.id} label={words.id} />],
            found.provider_event_id !== null && [words.providerEvent, <Copyable key='provider' value={found.provider_event_id} label={words.providerEvent} />],
            [words.connection, <Text key='connection' component={Link} href={`/connections/${found.connection}`} inherit>{found.provider}</Text>],
            [words.received, <When key='received' at={found.received_at} exact />],
            found.verdict !== 'refused' && [words.processedAt, <When key='processed' at={found.processed_at} exact />],
            found.next_run_at !== null && [words.nextRun, <When key='next' at={found.next_run_at} exact />],
            found.reason !== null && [words.reason, found.reason],
            found.verdict !== 'refused' && [words.attempts, found.attempts],
            found.duplicates > 0 && [words.repeated, found.duplicates],
            found.payment !== null && [words.about, <Text key='payment' component={Link} href={`/payments/${found.payment}`} inherit className='mono'>{found.payment}</Text>],
            found.payment === null && found.subject !== null && [words.about, <span key='subject' className='mono'>{found.subject}</span>],
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

/** What was not believed is never applied; but its secret can be looked at again, and the truth is with the provider. */
function RefusedHelp ({ event: { id, connection, reason } }: { event: Detail }) {
  const words = useTexts(webhooks)
  const { number } = useFormats()
  const { may } = useSession()
  const [checking, setChecking] = useState(false)
  const [audit, setAudit] = useState<Answer<'post', '/v1/connections/{id}/audit'>>()
  const bundle = useRead('/v1/inbound_events/{id}/bundle', { path: { id } }, { enabled: checking })
  const checked = bundle.data?.hooks.find(hook => hook.id === id)?.checked_again
  return (
    <Alert color='red' title={words.refusedWhy} icon={<Icon name='shield' />}>
      <Stack gap='sm'>
        <Text size='sm' fw={600} className='breaks' c='var(--mantine-color-text)'>{reason}</Text>
        <Text size='sm' c='var(--mantine-color-text)'>{words.refusedHelp}</Text>
        <ProblemAlert error={bundle.error} />
        {bundle.data !== undefined && !bundle.isFetching && <Text size='sm' fw={550} role='status' c='var(--mantine-color-text)' data-checked={checked?.verdict ?? 'not'}>{checked == null ? words.checkedNot : checked.verdict === 'refused' ? words.checkedBad(checked.reason ?? '') : words.checkedGood}</Text>}
        {audit !== undefined && <Text size='sm' fw={550} role='status' c='var(--mantine-color-text)' data-audit={audit.status}>{audit.status === 'completed' ? words.recovered(number(audit.checked), number(audit.missed), number(audit.repaired)) : audit.status === 'running' ? words.recovering : words.recoverFailed}</Text>}
        <Group gap='sm'>
          <Button variant='default' loading={bundle.isFetching} onClick={() => { if (checking) void bundle.refetch(); else setChecking(true) }}>{words.checkAgain}</Button>
          {may('inbound:write') && <Confirm method='post' path='/v1/connections/{id}/audit' asked={{ path: { id: connection }, body: {} }} invalidates={areas} label={words.recover} title={words.recoverTitle} text={words.recoverText} yes={words.recoverYes} onDone={setAudit} />}
          {may('connections:write') && <Button component={Link} href={`/connections/${connection}/credentials`} variant='default'>{words.repair}</Button>}
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
