import { Select, Stack, Table, Text, Textarea } from '@mantine/core'
import { useState } from 'react'
import { useParams } from 'wouter'
import type { Answer } from '../../api/client.ts'
import { useRead } from '../../api/hooks.ts'
import { useFormats } from '../../i18n/format.ts'
import { useTexts } from '../../i18n/language.tsx'
import { useSession } from '../../shell/session.tsx'
import { Actor } from '../../ui/actor.tsx'
import { Confirm } from '../../ui/confirm.tsx'
import { Facts, Page, Section, Waiting, Wide } from '../../ui/page.tsx'
import { ProblemAlert } from '../../ui/problem.tsx'
import { Subject } from '../../ui/subject.tsx'
import { Money, When } from '../../ui/values.tsx'
import { isException, legTexts, MatchState } from './state.tsx'
import { reconciliation } from './texts.ts'

type Item = Answer<'get', '/v1/reports/reconciliation/{id}'>
const actions = ['accepted', 'corrected', 'written_off'] as const

export default function ReconciliationItemPage () {
  const { id } = useParams<{ id: string }>()
  const words = useTexts(reconciliation)
  const { may } = useSession()
  const { date } = useFormats()
  const item = useRead('/v1/reports/reconciliation/{id}', { path: { id } })
  const back = { to: '/reconciliation', text: words.title }
  if (item.isError) return <Page title={words.detail} back={back}><ProblemAlert error={item.error} again={() => { void item.refetch() }} /></Page>
  if (item.data === undefined) return <Page title={words.detail} back={back}><Waiting rows={2} height={160} /></Page>
  const found = item.data
  const settled = found.resolution !== null && found.resolution.reopened_at === null
  return (
    <Page title={`${words[legTexts[found.leg]]}: ${found.status === 'expected' ? words.waiting : words[found.status]}`} back={back} badge={<MatchState status={found.status} resolved={settled} />} actions={may('payments:write') && isException(found.status) && !settled && <Resolve item={found} />}>
      <Stack gap='lg'>
        <Section title={words.facts}>
          <Facts rows={[
            [words.subject, <Subject key='subject' id={found.subject} />],
            found.connection !== null && [words.legProvider, <Subject key='connection' id={found.connection} />],
            [words.expected, found.expected === null ? '—' : <Money key='expected' amount={found.expected} currency={found.currency} />],
            [words.found, found.found === null ? '—' : <Money key='found' amount={found.found} currency={found.found_currency ?? found.currency} />],
            [words.difference, <Money key='difference' amount={found.difference} currency={found.currency} strong />],
            [words.since, <time key='since' dateTime={found.since}>{date(found.since)}</time>],
            found.due_at !== null && [words.due, <When key='due' at={found.due_at} exact />]
          ]}
          />
        </Section>
        {found.parts.length > 0 && (
          <Section title={words.parts}>
            <Wide label={words.parts} width={320}>
              <Table><Table.Tbody>{found.parts.map(part => <Table.Tr key={part.id}><Table.Td><Subject id={part.id} /></Table.Td><Table.Td ta='right'><Money amount={part.amount} currency={part.currency} /></Table.Td></Table.Tr>)}</Table.Tbody></Table>
            </Wide>
          </Section>
        )}
        {found.resolution !== null && (
          <Section title={words.resolution}>
            <Facts rows={[
              [words.action, words[found.resolution.action]],
              [words.reason, <Text key='reason' span inherit data-reason translate='no'>{found.resolution.reason}</Text>],
              [words.by, <Actor key='by' id={found.resolution.by} />],
              [words.at, <When key='at' at={found.resolution.at} exact />],
              found.resolution.reopened_at !== null && [words.reopened, <When key='reopened' at={found.resolution.reopened_at} exact />]
            ]}
            />
          </Section>
        )}
      </Stack>
    </Page>
  )
}

function Resolve ({ item: { id } }: { item: Item }) {
  const words = useTexts(reconciliation)
  const [action, setAction] = useState<typeof actions[number]>('accepted')
  const [reason, setReason] = useState('')
  return (
    <Confirm method='post' path='/v1/reports/reconciliation/{id}/resolve' asked={() => ({ path: { id }, body: { action, reason: reason.trim() } })} invalidates={['/v1/reports/reconciliation']} label={words.resolve} title={words.resolveTitle} text={words.resolveText} yes={words.resolve} done={words.done} ready={reason.trim() !== ''}>
      <Select label={words.action} data={actions.map(value => ({ value, label: words[value] }))} value={action} onChange={value => setAction(value as 'accepted')} allowDeselect={false} />
      <Textarea name='reason' label={words.reason} required withAsterisk={false} autosize minRows={2} maxLength={500} value={reason} onChange={event => setReason(event.currentTarget.value)} />
    </Confirm>
  )
}
