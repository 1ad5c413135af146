import { Alert, Button, Checkbox, Group, List, PasswordInput, SegmentedControl, Stack, Table, Text, TextInput } from '@mantine/core'
import { useState } from 'react'
import type { Answer, Asked } from '../../api/client.ts'
import { fieldError, useChange, useRead } from '../../api/hooks.ts'
import { common } from '../../i18n/common.ts'
import { useTexts } from '../../i18n/language.tsx'
import { useSession } from '../../shell/session.tsx'
import { Confirm } from '../../ui/confirm.tsx'
import { Icon } from '../../ui/icons.tsx'
import { tell } from '../../ui/notices.ts'
import { Facts, Page, Section, Waiting, Wide } from '../../ui/page.tsx'
import { ProblemAlert } from '../../ui/problem.tsx'
import { Copyable, Status } from '../../ui/values.tsx'
import { notices } from './texts-house.ts'
import { settings } from './texts.ts'

type Channel = Answer<'get', '/v1/notification_channels'>['data'][number]
const types = ['mail', 'whatsapp', 'web_push'] as const
const areas = ['/v1/notification_channels']

export default function NoticesPage () {
  const all = useTexts(settings)
  const words = useTexts(notices)
  const { may } = useSession()
  const channels = useRead('/v1/notification_channels')
  const rules = useRead('/v1/notification_settings')
  const there = channels.data?.data ?? []
  return (
    <Page title={all.noticesTitle} lead={all.noticesText} back={{ to: '/settings', text: all.title }}>
      <Stack gap='lg'>
        <Section title={words.channels} lead={words.channelsLead} actions={channels.data !== undefined && may('connections:write') && <Group gap='xs'>{types.filter(type => !there.some(channel => channel.type === type)).map(type => <Add key={type} type={type} />)}</Group>}>
          {channels.isError && <ProblemAlert error={channels.error} again={() => { void channels.refetch() }} />}
          {channels.isPending && <Waiting rows={2} height={70} />}
          {channels.data !== undefined && there.length === 0 && <Text size='sm' c='dimmed'>{words.none}</Text>}
          <Stack gap='lg'>{there.map(channel => <OneChannel key={channel.id} channel={channel} />)}</Stack>
        </Section>
        {rules.isError && <ProblemAlert error={rules.error} again={() => { void rules.refetch() }} />}
        {rules.isPending && <Waiting rows={1} height={300} />}
        {rules.data !== undefined && <Rules given={rules.data} />}
      </Stack>
    </Page>
  )
}

function OneChannel ({ channel: { id, type, label, health, last_error: error, webhook } }: { channel: Channel }) {
  const words = useTexts(notices)
  const { may } = useSession()
  const test = useChange('post', '/v1/notification_channels/{id}/test', { invalidates: areas })
  return (
    <div data-channel={type}>
      <Group justify='space-between'>
        <Group gap='sm'><Text fw={600}>{words[type]}</Text>{label !== '' && label !== type && <Text size='sm' c='dimmed'>{label}</Text>}<Status value={health} /></Group>
        {may('connections:write') && (
          <Group gap='xs'>
            <Button size='xs' variant='default' loading={test.isPending} onClick={() => test.mutate({ path: { id } })} aria-label={`${words.test}: ${words[type]}`}>{words.test}</Button>
            <Confirm method='delete' path='/v1/notification_channels/{id}' asked={{ path: { id } }} invalidates={areas} label={words.remove} title={words.removeTitle} text={words.removeText} yes={words.remove} done={words.removed} danger button={{ size: 'xs' }} />
          </Group>
        )}
      </Group>
      <Stack gap='xs' mt='xs'>
        {test.isError && <ProblemAlert error={test.error} />}
        {test.data !== undefined && (
          <Alert color={test.data.ok ? 'teal' : 'red'} role='status' icon={<Icon name={test.data.ok ? 'check' : 'cross'} />} title={test.data.ok ? words.testOk : words.testBad} data-tested={test.data.ok}>
            {test.data.evidence.length > 0 && <List size='sm'>{test.data.evidence.map(line => <List.Item key={line}>{line}</List.Item>)}</List>}
            {test.data.error !== null && <Text size='sm'>{test.data.error.message ?? test.data.error.code}</Text>}
          </Alert>
        )}
        {(error !== null || webhook !== null) && (
          <Facts rows={[
            error !== null && [words.lastError, <span key='error' className='mono'>{error}</span>],
            webhook !== null && [words.hookUrl, <Copyable key='url' value={webhook.url} label={words.hookUrl} />],
            webhook !== null && [words.verifyToken, <Copyable key='token' value={webhook.verify_token} label={words.verifyToken} />]
          ]}
          />
        )}
      </Stack>
    </div>
  )
}

function Add ({ type }: { type: typeof types[number] }) {
  const words = useTexts(notices)
  const shared = useTexts(common)
  const [form, setForm] = useState<Record<string, string>>({})
  const typed = (name: string, label: string, { secret = false, help }: { secret?: boolean, help?: string } = {}) => {
    const props = { key: name, name, label, ...(help !== undefined && { description: help }), value: form[name] ?? '', autoComplete: 'off', onChange: (event: { currentTarget: { value: string } }) => setForm({ ...form, [name]: event.currentTarget.value }) }
    const { key, ...rest } = props
    return secret ? <PasswordInput key={key} {...rest} autoComplete='new-password' visibilityToggleButtonProps={{ 'aria-label': `${shared.show}: ${label}` }} /> : <TextInput key={key} {...rest} />
  }
  const fields = {
    mail: () => [typed('url', words.server, { secret: true, help: words.serverHelp }), typed('from', words.from)],
    whatsapp: () => [typed('phone_number_id', words.phoneId), typed('access_token', words.token, { secret: true }), typed('app_secret', `${words.appSecret} (${shared.optional})`, { secret: true })],
    web_push: () => [typed('subject', words.contact, { help: words.contactHelp })]
  }
  const given = Object.fromEntries(Object.entries(form).flatMap(([name, value]) => value.trim() === '' ? [] : [[name, value.trim()]]))
  return (
    <Confirm
      method='post' path='/v1/notification_channels' asked={() => ({ body: { type, [type]: given } }) as Asked<'post', '/v1/notification_channels'>} invalidates={areas}
      label={words.add(words[type])} title={words.add(words[type])} yes={words.add(words[type])} done={words.made} ready={Object.keys(given).length > 0} button={{ size: 'xs' }} onDone={() => setForm({})}
    >{fields[type]()}
    </Confirm>
  )
}

type Settings = Answer<'get', '/v1/notification_settings'>
type Matrix = Record<string, Partial<Record<'buyer' | 'admin', Record<string, boolean>>>>
const audiences = ['buyer', 'admin'] as const
const kinds = ['payment_received', 'payment_failed', 'payment_pending', 'refund', 'invoice', 'self_invoice_link', 'self_invoice_reminder', 'correct_your_data', 'alert'] as const
/** In the order of the table; whom a channel cannot reach has no box. */
const cells = audiences.flatMap(audience => (audience === 'buyer' ? types : (['mail', 'web_push'] as const)).map(channel => ({ audience, channel })))

function Rules ({ given }: { given: Settings }) {
  const all = useTexts(settings)
  const words = useTexts(notices)
  const shared = useTexts(common)
  const { may } = useSession()
  const [form, setForm] = useState({ language: given.language, emails: given.admin_emails.join(', '), matrix: given.notices as Matrix })
  const save = useChange('put', '/v1/notification_settings', { invalidates: ['/v1/notification_settings'], onDone: () => tell(all.saved) })
  const writable = may('connections:write')
  const body = { language: form.language, admin_emails: form.emails.split(/[\s,;]+/).filter(email => email !== ''), told_by_provider: given.told_by_provider, notices: form.matrix } as Asked<'put', '/v1/notification_settings'>['body']
  return (
    <Section title={words.rules} lead={words.rulesLead}>
      <form onSubmit={event => {
        event.preventDefault()
        if (!save.isPending) save.mutate({ body } as Asked<'put', '/v1/notification_settings'>)
      }}
      >
        <Stack gap='md'>
          <div>
            <Text size='sm' fw={500} mb={4} id='notice-language'>{words.language}</Text>
            <SegmentedControl aria-labelledby='notice-language' disabled={!writable} value={form.language} onChange={value => setForm({ ...form, language: value as 'es' })} data={[{ value: 'es', label: shared.spanish }, { value: 'en', label: shared.english }]} />
          </div>
          <TextInput name='admin_emails' label={words.adminEmails} maw={560} readOnly={!writable} value={form.emails} onChange={event => setForm({ ...form, emails: event.currentTarget.value })} error={fieldError(save.error, 'admin_emails')} />
          <Wide label={words.rules} width={640}>
            <Table verticalSpacing={6}>
              <Table.Thead>
                <Table.Tr><Table.Th rowSpan={2} scope='col'>{words.kind}</Table.Th><Table.Th colSpan={3} scope='colgroup' ta='center'>{words.buyer}</Table.Th><Table.Th colSpan={2} scope='colgroup' ta='center'>{words.admin}</Table.Th></Table.Tr>
                <Table.Tr>{cells.map(({ audience, channel }) => <Table.Th key={`${audience} ${channel}`} scope='col' ta='center'><Text span size='xs'>{words[channel]}</Text></Table.Th>)}</Table.Tr>
              </Table.Thead>
              <Table.Tbody>
                {kinds.map(kind => (
                  <Table.Tr key={kind}>
                    <Table.Td>{words[kind]}</Table.Td>
                    {cells.map(({ audience, channel }) => {
                      const value = form.matrix[kind]?.[audience]?.[channel]
                      return (
                        <Table.Td key={`${audience} ${channel}`} ta='center'>
                          {value === undefined ? '—' : <Checkbox display='inline-block' aria-label={words.to(words[kind], words[audience], words[channel])} checked={value} disabled={!writable} onChange={event => setForm({ ...form, matrix: { ...form.matrix, [kind]: { ...form.matrix[kind], [audience]: { ...form.matrix[kind]?.[audience], [channel]: event.currentTarget.checked } } } })} />}
                        </Table.Td>
                      )
                    })}
                  </Table.Tr>
                ))}
              </Table.Tbody>
            </Table>
          </Wide>
          {save.isError && <ProblemAlert error={save.error} but={['admin_emails']} />}
          {writable && <Button type='submit' w='fit-content' loading={save.isPending}>{shared.save}</Button>}
        </Stack>
      </form>
    </Section>
  )
}
