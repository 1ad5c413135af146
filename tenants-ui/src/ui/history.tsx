import { Code, Collapse, Stack, Text, UnstyledButton } from '@mantine/core'
import { useState } from 'react'
import { useRead } from '../api/hooks.ts'
import { useFormats } from '../i18n/format.ts'
import { changeWords, operationWords, outcomeWords } from '../i18n/happenings.ts'
import { useTexts } from '../i18n/language.tsx'
import { statusWords } from '../i18n/statuses.ts'
import { texts } from '../i18n/texts.ts'
import { useSession } from '../shell/session.tsx'
import { Waiting } from './page.tsx'
import { ProblemAlert } from './problem.tsx'
import { type Moment, Timeline } from './timeline.tsx'

const words = texts({
  es: {
    said: 'Ver lo que se dijo',
    hide: 'Ocultar',
    nothing: 'Todavía no ha pasado nada.',
    attempt: (number: string) => `Intento ${number}`,
    webhook: (type: string) => `Aviso del proveedor: ${type}`,
    operation: 'Llamada al proveedor',
    went: 'Salió bien',
    milliseconds: (ms: string) => `${ms} ms`,
    mail: 'Correo'
  },
  en: {
    said: 'See what was said',
    hide: 'Hide',
    nothing: 'Nothing has happened yet.',
    attempt: number => `Attempt ${number}`,
    webhook: type => `Provider’s webhook: ${type}`,
    operation: 'Call to the provider',
    went: 'It went well',
    milliseconds: ms => `${ms} milliseconds`,
    mail: 'E-mail'
  }
})

/** Request and answer of a call, or the bytes of a webhook: read when somebody looks, without secrets. */
function Said ({ path, id }: { path: '/v1/operations/{id}' | '/v1/inbound_events/{id}', id: string }) {
  const text = useTexts(words)
  const [open, setOpen] = useState(false)
  const found = useRead(path, { path: { id } }, { enabled: open })
  return (
    <Stack gap={4}>
      <UnstyledButton onClick={() => setOpen(!open)} aria-expanded={open} w='fit-content'><Text size='xs' c='var(--accent-text)'>{open ? text.hide : text.said}</Text></UnstyledButton>
      <Collapse expanded={open}>
        {open && found.isPending && <Waiting rows={1} height={60} />}
        {open && found.isError && <ProblemAlert error={found.error} />}
        {found.data !== undefined && <Code block mah={360} tabIndex={0} style={{ overflow: 'auto' }}>{JSON.stringify(found.data, null, 2)}</Code>}
      </Collapse>
    </Stack>
  )
}

const outcomeTones: Record<string, NonNullable<Moment['tone']>> = { succeeded: 'good', refused: 'bad', unknown: 'wait', nowhere: 'bad', running: 'wait' }
const toneOfEvent = (type: string): NonNullable<Moment['tone']> => /\.(succeeded|paid|issued|active|complete|completed|invoiced)$/.test(type) ? 'good' : /\.(failed|rejected|refused|expired|uncollectible)$/.test(type) ? 'bad' : 'plain'

/** What the catalogue says of an event, as a heading: it is written for its readers in Markdown. */
const sentence = (description: string | undefined): string | undefined => description?.replaceAll('`', '').replace(/\.$/, '')

type Entry = { at: string, kind: 'attempt' | 'operation' | 'webhook' | 'event' | 'change', id: string, what: string, detail: Record<string, unknown> }

/** One thing that happened, as every timeline of the console shows it: in words, with the API's own name beside it. */
export function useMoment (): (entry: Entry) => Moment {
  const text = useTexts(words)
  const [operations, changes, outcomes, statuses] = [useTexts(operationWords), useTexts(changeWords), useTexts(outcomeWords), useTexts(statusWords)] as Record<string, string>[] as [Record<string, string>, Record<string, string>, Record<string, string>, Record<string, string>]
  const { number } = useFormats()
  const { may } = useSession()
  const types = useRead('/v1/event_types')
  return ({ at, kind, id, what, detail }) => {
    const said = (key: string): string => detail[key] === null || detail[key] === undefined ? '' : String(detail[key])
    const parts = (...told: string[]): string => told.filter(part => part !== '').join(' · ')
    const status = said('status')
    const name = what.split(':')[0] ?? what
    switch (kind) {
      case 'attempt': return { id, at, title: text.attempt(said('number')), text: status === 'succeeded' ? text.went : statuses[status] ?? status, icon: 'money', tone: status === 'succeeded' || status === 'authorized' ? 'good' : status === 'failed' ? 'bad' : 'plain', raw: detail }
      case 'operation': return {
        id, at, icon: 'plug', tone: outcomeTones[said('outcome')] ?? 'plain', title: operations[name] ?? name,
        text: <>{parts(text.operation, outcomes[said('outcome')] ?? said('outcome'), said('provider_code') || said('error_code'), said('duration_ms') && text.milliseconds(number(Number(said('duration_ms')))))}{may('operations:read') && <Said path='/v1/operations/{id}' id={id} />}</>
      }
      // Why one came to nothing is told; of one that was worked on it is its outcome that counts.
      case 'webhook': return { id, at, icon: 'pulse', tone: said('verdict') === 'refused' ? 'bad' : 'good', title: text.webhook(name), text: <>{parts(statuses[status] ?? status, status === 'processed' ? '' : said('reason'))}{may('inbound:read') && <Said path='/v1/inbound_events/{id}' id={id} />}</> }
      case 'event': return { id, at, icon: 'bell', tone: toneOfEvent(what), title: sentence(types.data?.data.find(({ type }) => type === what)?.description) ?? what, text: <span className='mono'>{what}</span>, raw: detail }
      case 'change': return { id, at, icon: 'user', title: changes[what] ?? what, ...(changes[what] !== undefined && { text: <span className='mono'>{what}</span> }), raw: detail }
    }
  }
}

/** What happened to something that has no timeline of its own in the API: its events, calls and changes, as far as this person may read them. */
export function History ({ subject, every }: { subject: string, every?: number | false }) {
  const text = useTexts(words)
  const { may } = useSession()
  const moment = useMoment()
  const again = every === undefined ? {} : { every }
  const query = { subject, limit: 100 }
  const events = useRead('/v1/events', { query }, { enabled: may('events:read'), ...again })
  const operations = useRead('/v1/operations', { query }, { enabled: may('operations:read'), ...again })
  const changes = useRead('/v1/audit_log', { query }, { enabled: may('audit:read'), ...again })
  const failed = events.error ?? operations.error ?? changes.error
  if (failed !== null) return <ProblemAlert error={failed} />
  if (events.isLoading || operations.isLoading || changes.isLoading) return <Waiting rows={3} height={44} />
  const entries: Entry[] = [
    ...(events.data?.data ?? []).map(({ id, timestamp, type, data }) => ({ at: timestamp, kind: 'event' as const, id, what: type, detail: data })),
    ...(operations.data?.data ?? []).map(({ id, started_at: at, kind, ...detail }) => ({ at, kind: 'operation' as const, id, what: kind, detail })),
    ...(changes.data?.data ?? []).map(({ id, created_at: at, action, actor, detail }) => ({ at, kind: 'change' as const, id, what: action, detail: { actor, ...detail } }))
  ]
  if (entries.length === 0) return <Text size='sm' c='dimmed'>{text.nothing}</Text>
  return <Timeline moments={entries.toSorted((one, other) => one.at < other.at ? 1 : -1).map(moment)} />
}
