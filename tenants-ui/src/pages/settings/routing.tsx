import { ActionIcon, Alert, Button, Group, MultiSelect, Paper, Select, SimpleGrid, Stack, Switch, Text, Textarea, TextInput } from '@mantine/core'
import { type ReactNode, useState } from 'react'
import type { Answer, Asked } from '../../api/client.ts'
import { useChange, useRead } from '../../api/hooks.ts'
import { useTexts } from '../../i18n/language.tsx'
import { useSession } from '../../shell/session.tsx'
import { Icon } from '../../ui/icons.tsx'
import { tell } from '../../ui/notices.ts'
import { Page, Waiting } from '../../ui/page.tsx'
import { ProblemAlert } from '../../ui/problem.tsx'
import { Explain } from './routing-explain.tsx'
import { failoverWords, routing, settings } from './texts.ts'

type Rules = Answer<'get', '/v1/routing'>
type Rule = Rules['rules'][number]
type Connections = Answer<'get', '/v1/connections'>['data']
/** Refusals after which another connection may be tried; what the API takes, in its order. */
const failoverClasses = ['provider_unavailable', 'rate_limited', 'invalid_credentials', 'permission_denied', 'merchant_balance_insufficient', 'unsupported', 'amount_invalid', 'limit_exceeded', 'card_declined', 'insufficient_funds', 'expired_card', 'incorrect_cvc', 'invalid_card', 'authentication_failed'] as const
const lists = { payments: ['currency', 'country', 'method', 'customer'], invoicing: ['country', 'issuer', 'series', 'customer'] } as const

export default function RoutingPage () {
  const all = useTexts(settings)
  const words = useTexts(routing)
  const rules = useRead('/v1/routing')
  const connections = useRead('/v1/connections', { query: { limit: 100 } })
  return (
    <Page title={all.routingTitle} lead={words.lead} back={{ to: '/settings', text: all.title }}>
      {(rules.isError || connections.isError) && <ProblemAlert error={rules.error ?? connections.error} again={() => { void rules.refetch(); void connections.refetch() }} />}
      {(rules.isPending || connections.isPending) && <Waiting rows={3} height={140} />}
      {rules.data !== undefined && connections.data !== undefined && <Editor key={rules.data.version} given={rules.data} connections={connections.data.data} />}
    </Page>
  )
}

/** A rule while it is edited: what is typed stays as it was typed. */
interface Draft { key: string, name: string, enabled: boolean, family: 'payments' | 'invoicing', lists: Record<string, string>, min: string, max: string, metadata: string, connections: string[], on: string[] }

let drafts = 0
const draftOf = ({ name, enabled, match, connections, failover }: Rule): Draft => ({
  key: `${drafts++}`,
  name,
  enabled,
  family: match.family ?? 'payments',
  lists: Object.fromEntries((['currency', 'country', 'method', 'customer', 'issuer', 'series'] as const).map(field => [field, (match[field] ?? []).join(', ')])),
  min: match.amount?.min === undefined ? '' : String(match.amount.min),
  max: match.amount?.max === undefined ? '' : String(match.amount.max),
  metadata: Object.entries(match.metadata ?? {}).flatMap(([key, values]) => values.map(value => `${key}=${value}`)).join('\n'),
  connections,
  on: failover.on
})

type Sent = NonNullable<Asked<'put', '/v1/routing'>['body']>['rules'][number]

function ruleOf (draft: Draft): Sent {
  const given = lists[draft.family].flatMap(field => {
    const values = (draft.lists[field] ?? '').split(/[,\n]/).map(value => value.trim()).filter(value => value !== '')
    return values.length === 0 ? [] : [[field, field === 'currency' || field === 'country' ? values.map(value => value.toUpperCase()) : values]]
  })
  const metadata: Record<string, string[]> = {}
  for (const line of draft.metadata.split('\n')) {
    const [key = '', ...value] = line.split('=')
    if (key.trim() !== '') (metadata[key.trim()] ??= []).push(value.join('=').trim())
  }
  const amount = { ...(draft.min.trim() !== '' && { min: Number(draft.min) }), ...(draft.max.trim() !== '' && { max: Number(draft.max) }) }
  return {
    ...(draft.name.trim() !== '' && { name: draft.name.trim() }),
    enabled: draft.enabled,
    match: { family: draft.family, ...Object.fromEntries(given), ...(draft.family === 'payments' && Object.keys(amount).length > 0 && { amount }), ...(Object.keys(metadata).length > 0 && { metadata }) },
    connections: draft.connections,
    failover: { on: draft.on as (typeof failoverClasses)[number][] }
  }
}

function Editor ({ given, connections }: { given: Rules, connections: Connections }) {
  const words = useTexts(routing)
  const { may } = useSession()
  const [rules, setRules] = useState<Draft[]>(() => given.rules.map(draftOf))
  const [changed, setChanged] = useState(false)
  const save = useChange('put', '/v1/routing', { invalidates: ['/v1/routing'], onDone: () => tell(words.saved) })
  const edit = (next: Draft[]) => {
    setRules(next)
    setChanged(true)
  }
  const move = (index: number, by: number) => {
    const next = [...rules]
    next.splice(index + by, 0, ...next.splice(index, 1))
    edit(next)
  }
  const writable = may('connections:write')
  return (
    <Stack gap='lg'>
      <form onSubmit={event => {
        event.preventDefault()
        if (!save.isPending) save.mutate({ body: { version: given.version, rules: rules.map(ruleOf) } })
      }}
      >
        <Stack gap='md'>
          {rules.length === 0 && <Text c='dimmed'>{words.none}</Text>}
          {rules.map((rule, index) => {
            const title = rule.name === '' ? words.rule(String(index + 1)) : rule.name
            return (
              <RuleCard
                key={rule.key} rule={rule} index={index} title={title} connections={connections} writable={writable} error={save.error}
                onChange={next => edit(rules.map(one => one.key === rule.key ? next : one))}
                buttons={writable && (
                  <Group gap={4} wrap='nowrap'>
                    <ActionIcon variant='subtle' color='gray' aria-label={words.up(title)} disabled={index === 0} onClick={() => move(index, -1)}><Icon name='down' size={16} style={{ transform: 'rotate(180deg)' }} /></ActionIcon>
                    <ActionIcon variant='subtle' color='gray' aria-label={words.down(title)} disabled={index === rules.length - 1} onClick={() => move(index, 1)}><Icon name='down' size={16} /></ActionIcon>
                    <ActionIcon variant='subtle' color='red' aria-label={words.removeRule(title)} onClick={() => edit(rules.filter(one => one.key !== rule.key))}><Icon name='cross' size={16} /></ActionIcon>
                  </Group>
                )}
              />
            )
          })}
          {save.isError && <ProblemAlert error={save.error} />}
          {writable && (
            <Group>
              <Button variant='default' leftSection={<Icon name='plus' size={16} />} onClick={() => edit([...rules, draftOf({ name: '', enabled: true, match: {}, connections: connections.slice(0, 1).map(({ id }) => id), failover: { on: [] } })])}>{words.add}</Button>
              <Button type='submit' loading={save.isPending} disabled={!changed}>{words.save}</Button>
            </Group>
          )}
        </Stack>
      </form>
      {changed && <Alert color='yellow' role='status' icon={<Icon name='info' />}>{words.unsaved}</Alert>}
      <Explain connections={connections} />
    </Stack>
  )
}

function RuleCard ({ rule, index, title, connections, writable, error, onChange, buttons }: { rule: Draft, index: number, title: string, connections: Connections, writable: boolean, error: Parameters<typeof ProblemAlert>[0]['error'], onChange: (rule: Draft) => void, buttons: ReactNode }) {
  const words = useTexts(routing)
  const refusals = useTexts(failoverWords)
  const said = (field: string) => (error as { errors?: { path: string, message: string }[] } | null)?.errors?.find(({ path }) => path.startsWith(`rules.${index}.${field}`))?.message
  return (
    <Paper p='md' role='group' aria-label={title} data-rule={index}>
      <Group justify='space-between' mb='sm' wrap='nowrap'>
        <Text fw={600} className='breaks'>{index + 1}. {title}</Text>
        <Group gap='sm' wrap='nowrap'><Switch label={words.enabled} aria-label={`${words.enabled}: ${title}`} checked={rule.enabled} disabled={!writable} onChange={event => onChange({ ...rule, enabled: event.currentTarget.checked })} />{buttons}</Group>
      </Group>
      <Stack gap='sm'>
        <Text size='xs' c='dimmed'>{words.listHelp}</Text>
        <SimpleGrid cols={{ base: 1, xs: 2, md: 3 }} spacing='sm'>
          <TextInput label={words.name} value={rule.name} readOnly={!writable} maxLength={120} onChange={event => onChange({ ...rule, name: event.currentTarget.value })} />
          <Select label={words.family} data={(['payments', 'invoicing'] as const).map(value => ({ value, label: words[value] }))} value={rule.family} readOnly={!writable} allowDeselect={false} onChange={value => onChange({ ...rule, family: value as 'payments' })} />
          {lists[rule.family].map(field => <TextInput key={field} label={words[field]} placeholder={words.any} value={rule.lists[field] ?? ''} readOnly={!writable} error={said(`match.${field}`)} onChange={event => onChange({ ...rule, lists: { ...rule.lists, [field]: event.currentTarget.value } })} />)}
          {rule.family === 'payments' && (['min', 'max'] as const).map(edge => <TextInput key={edge} label={words[edge]} placeholder={words.minorHelp} inputMode='numeric' value={rule[edge]} readOnly={!writable} error={said('match.amount')} onChange={event => onChange({ ...rule, [edge]: event.currentTarget.value.replace(/\D/g, '') })} />)}
        </SimpleGrid>
        <Textarea label={words.metadata} autosize minRows={1} maxRows={6} value={rule.metadata} readOnly={!writable} error={said('match.metadata')} onChange={event => onChange({ ...rule, metadata: event.currentTarget.value })} />
        <MultiSelect label={words.connections} data={connections.map(({ id, label }) => ({ value: id, label }))} value={rule.connections} readOnly={!writable} error={said('connections')} onChange={value => onChange({ ...rule, connections: value })} hidePickedOptions />
        <MultiSelect label={words.failover} description={words.failoverHelp} data={failoverClasses.map(value => ({ value, label: refusals[value] }))} value={rule.on} readOnly={!writable} onChange={on => onChange({ ...rule, on })} hidePickedOptions />
      </Stack>
    </Paper>
  )
}
