import { Stack, Text } from '@mantine/core'
import { Link, useParams } from 'wouter'
import { useRead } from '../../api/hooks.ts'
import { useFormats } from '../../i18n/format.ts'
import { useTexts } from '../../i18n/language.tsx'
import { useSession } from '../../shell/session.tsx'
import { Confirm } from '../../ui/confirm.tsx'
import { Facts, Page, Section, Waiting } from '../../ui/page.tsx'
import { ProblemAlert } from '../../ui/problem.tsx'
import { type Moment, Timeline } from '../../ui/timeline.tsx'
import { Copyable, When } from '../../ui/values.tsx'
import { DeliveryStatus } from './status.tsx'
import { deliveries } from './texts.ts'

export default function DeliveryPage () {
  const { id } = useParams<{ id: string }>()
  const words = useTexts(deliveries)
  const { number } = useFormats()
  const { may } = useSession()
  const delivery = useRead('/v1/deliveries/{id}', { path: { id } }, { every: found => found?.status === 'pending' ? 2000 : false })
  const back = { to: '/deliveries', text: words.title }
  if (delivery.isError) return <Page title={words.detail} back={back}><ProblemAlert error={delivery.error} again={() => { void delivery.refetch() }} /></Page>
  if (delivery.data === undefined) return <Page title={words.detail} back={back}><Waiting rows={3} height={140} /></Page>
  const found = delivery.data
  const moments = found.log.map((attempt, index): Moment => ({
    id: `${index}`, at: attempt.at, icon: attempt.error === null ? 'check' : 'cross', tone: attempt.error === null ? 'good' : 'bad',
    title: attempt.http_status === null ? words.noAnswer : words.answered(String(attempt.http_status)),
    text: `${number(attempt.duration_ms)} ms${attempt.error === null ? '' : ` · ${attempt.error}`}`,
    ...(attempt.response !== null && { raw: `${Object.entries(attempt.response.headers).map(([name, value]) => `${name}: ${value}`).join('\n')}\n\n${attempt.response.body}` })
  }))
  return (
    <Page
      title={found.event_type} back={back} badge={<DeliveryStatus status={found.status} />}
      actions={may('webhooks:write') && found.status !== 'pending' && <Confirm method='post' path='/v1/deliveries/{id}/retry' asked={{ path: { id } }} invalidates={['/v1/deliveries']} label={words.retry} title={words.retryTitle} text={words.retryText} yes={words.retry} done={words.retried} />}
    >
      <Stack gap='lg'>
        <Section title={words.detail}>
          <Facts rows={[
            [words.id, <Copyable key='id' value={found.id} label={words.id} />],
            [words.event, <Copyable key='event' value={found.event} label={words.event} />],
            [words.endpoint, <Text key='endpoint' component={Link} href={`/deliveries/endpoints/${found.endpoint}`} inherit className='mono'>{found.endpoint}</Text>],
            [words.created, <When key='created' at={found.created_at} exact />],
            found.next_attempt_at !== null && [words.nextAttempt, <When key='next' at={found.next_attempt_at} exact />],
            found.ended_at !== null && [words.ended, <When key='ended' at={found.ended_at} exact />],
            found.error !== null && [words.error, <span key='error' className='mono'>{found.error}</span>],
            found.test && [words.isTest, '✓']
          ]}
          />
        </Section>
        <Section title={words.log}>{moments.length === 0 ? <Text size='sm' c='dimmed'>{words.noLog}</Text> : <Timeline moments={moments} />}</Section>
      </Stack>
    </Page>
  )
}
