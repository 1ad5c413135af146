import { Code, Stack } from '@mantine/core'
import { useParams } from 'wouter'
import { useRead } from '../../api/hooks.ts'
import { useTexts } from '../../i18n/language.tsx'
import { useSession } from '../../shell/session.tsx'
import { Confirm } from '../../ui/confirm.tsx'
import { Facts, Page, Section, Waiting } from '../../ui/page.tsx'
import { ProblemAlert } from '../../ui/problem.tsx'
import { Subject } from '../../ui/subject.tsx'
import { Status, When } from '../../ui/values.tsx'
import { Severity } from './severity.tsx'
import { alerts } from './texts.ts'

export default function AlertPage () {
  const { id } = useParams<{ id: string }>()
  const words = useTexts(alerts)
  const { may } = useSession()
  const alert = useRead('/v1/alerts/{id}', { path: { id } })
  const back = { to: '/alerts', text: words.title }
  if (alert.isError) return <Page title={words.detail} back={back}><ProblemAlert error={alert.error} again={() => { void alert.refetch() }} /></Page>
  if (alert.data === undefined) return <Page title={words.detail} back={back}><Waiting rows={2} height={140} /></Page>
  const found = alert.data
  return (
    <Page
      title={words.detail} back={back} lead={found.message} badge={<><Severity value={found.severity} /><Status value={found.status} /></>}
      actions={may('alerts:write') && found.status === 'open' && <Confirm method='post' path='/v1/alerts/{id}/acknowledge' asked={{ path: { id } }} invalidates={['/v1/alerts', '/v1/dashboard']} label={words.acknowledge} title={words.acknowledgeTitle} text={words.acknowledgeText} yes={words.acknowledge} done={words.acknowledged} />}
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
            found.acknowledged_by !== null && [words.seenBy, <span key='by' className='mono'>{found.acknowledged_by}</span>],
            found.resolved_at !== null && [words.resolvedAt, <When key='resolved' at={found.resolved_at} exact />]
          ]}
          />
        </Section>
        {Object.keys(found.detail).length > 0 && <Section title={words.details}><Code block tabIndex={0} role='region' aria-label={words.details}>{JSON.stringify(found.detail, null, 2)}</Code></Section>}
      </Stack>
    </Page>
  )
}
