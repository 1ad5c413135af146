import { Alert, Button, Group, Progress, SimpleGrid, Stack, Table, Text, TextInput } from '@mantine/core'
import { useState } from 'react'
import { Link, useLocation, useParams } from 'wouter'
import { useChange, useRead } from '../../api/hooks.ts'
import { useFormats } from '../../i18n/format.ts'
import { useLanguage, useTexts } from '../../i18n/language.tsx'
import { useSession } from '../../shell/session.tsx'
import { Checklist } from '../../ui/checklist.tsx'
import { Confirm } from '../../ui/confirm.tsx'
import { Icon } from '../../ui/icons.tsx'
import { tell } from '../../ui/notices.ts'
import { Facts, Page, Section, Waiting, Wide } from '../../ui/page.tsx'
import { ProblemAlert } from '../../ui/problem.tsx'
import { type Provider, type Settings, SettingsForm } from '../../ui/schema-form.tsx'
import { type Moment, Timeline } from '../../ui/timeline.tsx'
import { Copyable, Status, When } from '../../ui/values.tsx'
import { useProviderName } from './names.ts'
import { connections } from './texts.ts'
import type { Connection, TestResult } from './wizard/credentials.tsx'
import { GoLive, useChecks } from './wizard/done.tsx'
import { Reconnect } from './wizard/reconnect.tsx'

export default function ConnectionPage () {
  const { id } = useParams<{ id: string }>()
  const words = useTexts(connections)
  const called = useProviderName()
  const connection = useRead('/v1/connections/{id}', { path: { id } })
  const providerId = connection.data?.provider
  const provider = useRead('/v1/providers/{id}', { path: { id: providerId ?? '' } }, { enabled: providerId !== undefined })
  const back = { to: '/connections', text: words.title }
  if (connection.isError) return <Page title={words.title} back={back}><ProblemAlert error={connection.error} again={() => { void connection.refetch() }} /></Page>
  if (connection.data === undefined || provider.isPending) return <Page title={words.title} back={back}><Waiting rows={3} height={140} /></Page>
  const found = connection.data
  return (
    <Page title={found.label} back={back} badge={<Status value={found.health} />} lead={called({ id: found.provider, name: provider.data?.name ?? found.provider })} actions={<Actions connection={found} provider={provider.data} />}>
      <Stack gap='lg'>
        {found.reconnect !== null && <Alert color='yellow' title={words.reconnectTitle} icon={<Icon name='warning' />}>{words.reconnectText}<Group mt='sm'><Reconnect connection={found} /></Group></Alert>}
        <SimpleGrid cols={{ base: 1, md: 2 }} spacing='lg'>
          {provider.data !== undefined && <SetUp connection={found} provider={provider.data} />}
          <HealthOf connection={found} />
        </SimpleGrid>
        <Credentials connection={found} provider={provider.data} />
        {provider.data?.webhooks != null && <Webhooks connection={found} />}
        {provider.data !== undefined && Object.keys(provider.data.settings.properties).length > 0 && <SettingsOf connection={found} provider={provider.data} />}
      </Stack>
    </Page>
  )
}

function Actions ({ connection, provider }: { connection: Connection, provider: Provider | undefined }) {
  const words = useTexts(connections)
  const { may } = useSession()
  const [, go] = useLocation()
  const [label, setLabel] = useState(connection.label)
  const { id, enabled } = connection
  const areas = ['/v1/connections']
  if (!may('connections:write')) return null
  return (
    <>
      {provider !== undefined && <GoLive connection={connection} provider={provider} />}
      <Confirm method='patch' path='/v1/connections/{id}' asked={() => ({ path: { id }, body: { label: label.trim() } })} invalidates={areas} label={words.rename} title={words.renameTitle} yes={words.rename} done={words.renamed} ready={label.trim() !== ''}>
        <TextInput label={words.label} value={label} onChange={event => setLabel(event.currentTarget.value)} maxLength={80} data-autofocus />
      </Confirm>
      {enabled
        ? <Confirm method='patch' path='/v1/connections/{id}' asked={{ path: { id }, body: { enabled: false } }} invalidates={areas} label={words.disable} title={words.disableTitle} text={words.disableText} yes={words.disable} done={words.disabled} />
        : <Confirm method='patch' path='/v1/connections/{id}' asked={{ path: { id }, body: { enabled: true } }} invalidates={areas} label={words.enable} title={words.enableTitle} text={words.enableText} yes={words.enable} done={words.enabled} />}
      <Confirm method='delete' path='/v1/connections/{id}' asked={{ path: { id } }} invalidates={areas} label={words.remove} title={words.removeTitle} text={words.removeText} yes={words.remove} danger done={words.removed} onDone={() => go('/connections')} />
    </>
  )
}

function SetUp ({ connection, provider }: { connection: Connection, provider: Provider }) {
  const words = useTexts(connections)
  const setup = useRead('/v1/connections/{id}/setup', { path: { id: connection.id } })
  if (setup.data !== undefined) return <Proven connection={connection} provider={provider} setup={setup.data} />
  return <Section title={words.setup}>{setup.isError ? <ProblemAlert error={setup.error} again={() => { void setup.refetch() }} /> : <Waiting rows={5} height={56} />}</Section>
}

function Proven (props: Parameters<typeof useChecks>[0]) {
  const words = useTexts(connections)
  const { may } = useSession()
  const { items, done } = useChecks(props)
  return (
    <Section title={words.setup} lead={done ? words.setupDone : undefined} actions={may('connections:write') && <Button component={Link} href={`/connections/${props.connection.id}/setup`} variant={done ? 'default' : 'filled'} size='xs'>{done ? words.setupLook : words.setupGoOn}</Button>}>
      <Checklist items={items} />
    </Section>
  )
}

function HealthOf ({ connection }: { connection: Connection }) {
  const words = useTexts(connections)
  const { number } = useFormats()
  const { may } = useSession()
  const { id, account, stamps } = connection
  const health = useRead('/v1/connections/{id}/health', { path: { id } }, { every: 15_000 })
  const test = useChange('post', '/v1/connections/{id}/test', { invalidates: ['/v1/connections'] })
  const found = health.data
  return (
    <Section title={words.healthTitle} actions={may('connections:write') && <Button size='xs' variant='default' loading={test.isPending} onClick={() => test.mutate({ path: { id } })}>{words.test}</Button>}>
      <Stack gap='md'>
        {test.isError && <ProblemAlert error={test.error} />}
        {test.data !== undefined && <Outcome result={test.data} />}
        {health.isError && <ProblemAlert error={health.error} again={() => { void health.refetch() }} />}
        {health.isPending && <Waiting rows={7} height={18} />}
        {found !== undefined && (
          <Facts rows={[
            account !== null && [words.account, <Copyable key='account' value={account.id} />],
            account?.name !== undefined && [words.accountName, account.name],
            account?.currency !== undefined && [words.accountCurrency, account.currency.toUpperCase()],
            [words.tested, <When key='tested' at={found.tested_at} />],
            [words.lastSuccess, <When key='success' at={found.last_success_at} />],
            found.last_error !== null && [words.lastError, <span key='error'>{found.last_error.message} <Text span size='xs' c='dimmed'>(<When at={found.last_error.at} />)</Text></span>],
            [words.failures, number(found.failures_in_row)],
            [words.breaker, <Status key='breaker' value={found.breaker.state === 'closed' ? 'ok' : found.breaker.state === 'open' ? 'failing' : 'half_open'} />],
            stamps !== null && [words.stamps, <span key='stamps'>{words.stampsLeft(number(stamps.left))}{stamps.days_left !== null && ` · ${words.stampsDays(number(stamps.days_left))}`}{stamps.days_left !== null && <Progress mt={4} size='sm' value={Math.min(100, stamps.days_left / 90 * 100)} aria-label={words.stamps} />}</span>]
          ]}
          />
        )}
      </Stack>
    </Section>
  )
}

function Outcome ({ result }: { result: TestResult }) {
  const words = useTexts(connections)
  return <Checklist items={[{ id: 'test', state: result.ok ? 'done' : 'failed', title: result.ok ? words.testOk : words.testBad, detail: result.ok ? result.evidence.map(line => <div key={line}>{line}</div>) : result.error?.message }]} />
}

function Credentials ({ connection, provider }: { connection: Connection, provider: Provider | undefined }) {
  const words = useTexts(connections)
  const { date } = useFormats()
  const { language } = useLanguage()
  const { may } = useSession()
  const entries = Object.entries(connection.credentials)
  if (entries.length === 0) return null
  const titleOf = (name: string) => provider?.credentials.properties[name]?.title
  return (
    <Section title={words.credentials} lead={words.credentialsLead} actions={may('connections:write') && connection.auth === 'keys' && <Button size='xs' variant='default' component={Link} href={`/connections/${connection.id}/credentials`}>{words.replace}</Button>}>
      <Wide label={words.credentials}>
        <Table>
          <Table.Thead><Table.Tr>{[words.name, words.hint, words.version, words.since].map(name => <Table.Th key={name} scope='col'>{name}</Table.Th>)}</Table.Tr></Table.Thead>
          <Table.Tbody>
            {entries.map(([name, { hint, version, since, valid_until: until }]) => (
              <Table.Tr key={name}>
                <Table.Td>{titleOf(name)?.[language] ?? name}</Table.Td><Table.Td className='mono'>{hint}</Table.Td><Table.Td>{version}</Table.Td>
                <Table.Td>{date(since)}{until !== null && <Text size='xs' c='dimmed'>{words.validUntil} {date(until)}</Text>}</Table.Td>
              </Table.Tr>
            ))}
          </Table.Tbody>
        </Table>
      </Wide>
    </Section>
  )
}

function Webhooks ({ connection }: { connection: Connection }) {
  const words = useTexts(connections)
  const { may } = useSession()
  const events = useRead('/v1/inbound_events', { query: { connection: connection.id, limit: 8 } }, { enabled: may('inbound:read'), every: 10_000 })
  const moments = (events.data?.data ?? []).map((event): Moment => ({
    id: event.id, at: event.received_at, title: <span className='mono'>{event.event_type ?? event.id}</span>, icon: event.verdict === 'refused' ? 'cross' : 'check', tone: event.verdict === 'refused' ? 'bad' : event.status === 'parked' ? 'wait' : 'good',
    text: <Group gap='xs'><Status value={event.verdict} /><Status value={event.status} />{event.reason !== null && <span>{event.reason}</span>}</Group>
  }))
  return (
    <Section title={words.webhook}>
      <Stack gap='lg'>
        <Facts rows={[
          [words.webhookUrl, <Copyable key='url' value={connection.webhook_url} label={words.webhookUrl} />],
          [words.registered, connection.webhook.registered ? <When key='at' at={connection.webhook.registered_at} exact /> : words.notRegistered],
          [words.firstEvent, <When key='first' at={connection.webhook.first_event_at} exact />],
          [words.lastEvent, <When key='last' at={connection.webhook.last_event_at} />]
        ]}
        />
        <div>
          <Text fw={600} mb='sm'>{words.events}</Text>
          {events.isError && <ProblemAlert error={events.error} />}
          {events.data !== undefined && moments.length === 0 && <Text size='sm' c='dimmed'>{words.eventsNone}</Text>}
          {moments.length > 0 && <Timeline moments={moments} />}
        </div>
      </Stack>
    </Section>
  )
}

function SettingsOf ({ connection, provider }: { connection: Connection, provider: Provider }) {
  const words = useTexts(connections)
  const { may } = useSession()
  const [settings, setSettings] = useState<Settings>(connection.settings)
  // A default is written down too: what was changed once is changed back by it.
  const whole = { ...Object.fromEntries(Object.keys(connection.settings).map(name => [name, provider.settings.properties[name]?.default ?? connection.settings[name]!])), ...settings }
  const save = useChange('patch', '/v1/connections/{id}', { invalidates: ['/v1/connections'], onDone: () => tell(words.settingsSaved) })
  return (
    <Section title={words.settings} lead={words.settingsLead}>
      <form onSubmit={event => {
        event.preventDefault()
        if (!save.isPending) save.mutate({ path: { id: connection.id }, body: { settings: whole } })
      }}
      >
        <Stack gap='md' maw={560}>
          <SettingsForm provider={provider} values={settings} onChange={setSettings} error={save.error} />
          {save.isError && <ProblemAlert error={save.error} but={Object.keys(provider.settings.properties).map(name => `settings.${name}`)} />}
          {may('connections:write') && <Button type='submit' w='fit-content' loading={save.isPending} disabled={JSON.stringify(settings) === JSON.stringify(connection.settings)}>{words.settingsSave}</Button>}
        </Stack>
      </form>
    </Section>
  )
}
