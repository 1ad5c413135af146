import { Button, Stack } from '@mantine/core'
import { Link, useParams } from 'wouter'
import { useRead } from '../../api/hooks.ts'
import { useTexts } from '../../i18n/language.tsx'
import { useSession } from '../../shell/session.tsx'
import { Actor } from '../../ui/actor.tsx'
import { Confirm } from '../../ui/confirm.tsx'
import { Facts, Page, Section, Waiting } from '../../ui/page.tsx'
import { ProblemAlert } from '../../ui/problem.tsx'
import { Subject } from '../../ui/subject.tsx'
import { Status, When } from '../../ui/values.tsx'
import { AlertFacts } from './facts.tsx'
import { Severity } from './severity.tsx'
import { alerts } from './texts.ts'

/** Where one sees what it is about, when that is more than the page of its subject. */
const doors: Partial<Record<string, (subject: string) => string>> = {
  webhooks_refused: connection => `/webhooks/events?verdict=refused&connection=${connection}`,
  webhooks_unmatched: connection => `/webhooks/events?status=unmatched&connection=${connection}`,
  webhooks_missed: () => '/webhooks',
  webhooks_silent: () => '/webhooks',
  reconciliation_exceptions: () => '/reconciliation?status=exception&resolved=false',
  support_entered: () => '/settings/support-access'
}

export default function AlertPage () {
  const { id } = useParams<{ id: string }>()
  const words = useTexts(alerts)
  const { may } = useSession()
  const alert = useRead('/v1/alerts/{id}', { path: { id } }, { every: found => found?.status === 'resolved' ? false : 15_000 })
  const back = { to: '/alerts', text: words.title }
  if (alert.isError) return <Page title={words.detail} back={back}><ProblemAlert error={alert.error} again={() => { void alert.refetch() }} /></Page>
  if (alert.data === undefined) return <Page title={words.detail} back={back}><Waiting rows={2} height={140} /></Page>
  const found = alert.data
  const door = doors[found.kind]
  return (
    <Page
      title={words.detail} back={back} lead={found.message} badge={<><Severity value={found.severity} /><Status value={found.status} /></>}
      actions={<>{door !== undefined && <Button component={Link} href={door(found.subject ?? '')}>{words.look}</Button>}{may('alerts:write') && found.status === 'open' && <Confirm method='post' path='/v1/alerts/{id}/acknowledge' asked={{ path: { id } }} invalidates={['/v1/alerts', '/v1/dashboard']} label={words.acknowledge} title={words.acknowledgeTitle} text={words.acknowledgeText} yes={words.acknowledge} done={words.acknowledged} />}</>}
    >
      <Stack gap='lg'>
        <Section title={words.facts}>
          <Facts rows={[
            [words.kind, <span key='kind' className='mono'>{found.kind}</span>],
            found.subject !== null && [words.about, <Subject key='about' id={found.subject} />],
            [words.since, <When key='since' at={found.created_at} exact />],
            [words.last, <When key='last' at={found.last_at} exact />],
            [words.times, found.times],
            found.acknowledged_at !== null && [words.seenAt, <When key='seen' at={found.acknowledged_at} exact />],
            found.acknowledged_by !== null && [words.seenBy, <Actor key='by' id={found.acknowledged_by} />],
            found.resolved_at !== null && [words.resolvedAt, <When key='resolved' at={found.resolved_at} exact />]
          ]}
          />
        </Section>
        {Object.keys(found.detail).length > 0 && <Section title={words.details}><AlertFacts detail={found.detail} /></Section>}
      </Stack>
    </Page>
  )
}
