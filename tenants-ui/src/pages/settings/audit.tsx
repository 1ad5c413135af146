import { Code, Text, UnstyledButton } from '@mantine/core'
import { useState } from 'react'
import type { Answer } from '../../api/client.ts'
import { useTexts } from '../../i18n/language.tsx'
import { Actor } from '../../ui/actor.tsx'
import { type Column, ResourceList } from '../../ui/list.tsx'
import { Empty, Page } from '../../ui/page.tsx'
import { Subject } from '../../ui/subject.tsx'
import { When } from '../../ui/values.tsx'
import { log } from './texts-house.ts'
import { settings } from './texts.ts'

type Line = Answer<'get', '/v1/audit_log'>['data'][number]

export default function AuditPage () {
  const all = useTexts(settings)
  const words = useTexts(log)
  const columns: Column<Line>[] = [
    { name: words.action, show: line => <><span className='mono'>{line.action}</span><Text size='xs' c='dimmed' hiddenFrom='sm'><When at={line.created_at} exact /></Text><Detail line={line} /></> },
    { name: words.subject, show: ({ subject }) => <Text span size='sm'><Subject id={subject.id} /></Text>, wide: true },
    { name: words.actor, show: ({ actor }) => <Text span size='sm' c='dimmed'><Actor id={actor.id} type={actor.type} /></Text>, wide: true },
    { name: words.when, show: ({ created_at: at }) => <Text span size='sm' c='dimmed'><When at={at} exact /></Text>, wide: true }
  ]
  return (
    <Page title={all.auditTitle} lead={all.auditText} back={{ to: '/settings', text: all.title }}>
      <ResourceList
        path='/v1/audit_log' caption={words.auditCaption} columns={columns} views='audit'
        filters={[{ name: 'created_from', label: words.from, kind: 'day-start' }, { name: 'created_to', label: words.to, kind: 'day-end' }, { name: 'action', label: words.action }, { name: 'actor', label: words.actor }, { name: 'subject', label: words.subject }]}
        empty={<Empty icon='book' title={words.auditEmpty} />}
      />
    </Page>
  )
}

function Detail ({ line: { detail, action, address } }: { line: Line }) {
  const words = useTexts(log)
  const [open, setOpen] = useState(false)
  if (Object.keys(detail).length === 0 && address === null) return null
  return (
    <>
      <UnstyledButton display='block' onClick={() => setOpen(!open)} aria-expanded={open} aria-label={`${words.show}: ${action}`}><Text size='xs' c='var(--accent-text)'>{words.detail}</Text></UnstyledButton>
      {open && <Code block maw={420}>{JSON.stringify({ ...detail, ...(address !== null && { address }) }, null, 2)}</Code>}
    </>
  )
}
