import { Alert, Group, Select, SegmentedControl, Stack, Text, TextInput } from '@mantine/core'
import { useState } from 'react'
import type { Answer } from '../../api/client.ts'
import { useRead } from '../../api/hooks.ts'
import { common } from '../../i18n/common.ts'
import { useFormats } from '../../i18n/format.ts'
import { useLanguage, useTexts } from '../../i18n/language.tsx'
import { useSession } from '../../shell/session.tsx'
import { Confirm } from '../../ui/confirm.tsx'
import { Icon } from '../../ui/icons.tsx'
import { type Column, ResourceList } from '../../ui/list.tsx'
import { ShownOnce } from '../../ui/once.tsx'
import { Page, Section, Waiting } from '../../ui/page.tsx'
import { ProblemAlert } from '../../ui/problem.tsx'
import { Status } from '../../ui/values.tsx'
import { people, settings } from './texts.ts'

type User = Answer<'get', '/v1/users'>['data'][number]
type Role = User['role']
const tenantRoles = ['tenant_admin', 'tenant_member', 'viewer'] as const
const platformRoles = ['platform_admin', 'support'] as const

export default function UsersPage () {
  const all = useTexts(settings)
  const words = useTexts(people)
  const { may, session } = useSession()
  const [made, setMade] = useState<Answer<'post', '/v1/invitations'>>()
  const columns: Column<User>[] = [
    { name: words.name, show: ({ name, email, id, role }) => <>{name}{id === session.user.id && ` (${words.you})`}<Text size='xs' c='dimmed' className='breaks'>{email}</Text><Text size='xs' hiddenFrom='sm'>{words[role]}</Text></> },
    { name: words.role, show: ({ role }) => words[role], wide: true },
    { name: words.status, show: ({ status }) => <Status value={status} />, wide: true },
    ...(may('users:write') ? [{ name: words.actions, align: 'right' as const, show: (user: User) => <UserActions user={user} self={user.id === session.user.id} /> }] : [])
  ]
  return (
    <Page title={all.usersTitle} lead={all.usersText} back={{ to: '/settings', text: all.title }} actions={may('users:write') && <Invite onMade={setMade} />}>
      <Stack gap='lg'>
        {made !== undefined && (made.mail === null ? <ShownOnce label={words.link} text={words.noMail} value={made.url} /> : <Alert color='teal' role='status' icon={<Icon name='mail' />}>{words.invited(made.email)}</Alert>)}
        <ResourceList path='/v1/users' caption={words.caption} columns={columns} empty={null} />
        {may('users:write') && <Pending />}
      </Stack>
    </Page>
  )
}

function RoleSelect ({ value, onChange }: { value: Role, onChange: (role: Role) => void }) {
  const words = useTexts(people)
  const { atPlatform } = useSession()
  return (
    <Select
      label={words.role} value={value} onChange={next => onChange(next as Role)} allowDeselect={false} data={(atPlatform ? platformRoles : tenantRoles).map(role => ({ value: role, label: words[role] }))}
      description={value === 'platform_admin' || value === 'support' ? undefined : words[`${value}Help`]}
    />
  )
}

function UserActions ({ user: { id, name, role, status }, self }: { user: User, self: boolean }) {
  const words = useTexts(people)
  const [next, setNext] = useState<Role>(role)
  // Nobody locks themselves out.
  if (self) return null
  const areas = ['/v1/users']
  return (
    <Group gap='xs' justify='flex-end'>
      <Confirm method='patch' path='/v1/users/{id}' asked={() => ({ path: { id }, body: { role: next } })} invalidates={areas} label={words.change} title={words.changeTitle(name)} yes={words.change} done={words.changed} ready={next !== role} button={{ size: 'xs' }}><RoleSelect value={next} onChange={setNext} /></Confirm>
      {status === 'active'
        ? <Confirm method='patch' path='/v1/users/{id}' asked={{ path: { id }, body: { status: 'disabled' } }} invalidates={areas} label={words.disable} title={words.disableTitle(name)} text={words.disableText} yes={words.disable} done={words.changed} danger button={{ size: 'xs' }} />
        : <Confirm method='patch' path='/v1/users/{id}' asked={{ path: { id }, body: { status: 'active' } }} invalidates={areas} label={words.enable} title={words.enableTitle(name)} yes={words.enable} done={words.changed} button={{ size: 'xs' }} />}
    </Group>
  )
}

function Invite ({ onMade }: { onMade: (made: Answer<'post', '/v1/invitations'>) => void }) {
  const words = useTexts(people)
  const shared = useTexts(common)
  const { language: own } = useLanguage()
  const { atPlatform } = useSession()
  const begin = { email: '', name: '', role: (atPlatform ? 'support' : 'tenant_member') as Role, language: own as 'es' | 'en' }
  const [form, setForm] = useState(begin)
  return (
    <Confirm
      method='post' path='/v1/invitations' invalidates={['/v1/invitations']} label={words.invite} title={words.inviteTitle} text={words.inviteText} yes={words.inviteYes} ready={form.email.includes('@')} button={{ variant: 'filled' }}
      asked={() => ({ body: { email: form.email.trim(), role: form.role, language: form.language, ...(form.name.trim() !== '' && { name: form.name.trim() }) } })}
      onDone={made => {
        setForm(begin)
        onMade(made)
      }}
    >
      <TextInput name='email' type='email' label={words.email} value={form.email} onChange={event => setForm({ ...form, email: event.currentTarget.value })} autoComplete='off' />
      <TextInput name='name' label={`${words.name} (${shared.optional})`} value={form.name} onChange={event => setForm({ ...form, name: event.currentTarget.value })} autoComplete='off' />
      <RoleSelect value={form.role} onChange={role => setForm({ ...form, role })} />
      <div>
        <Text size='sm' fw={500} mb={4} id='invite-language'>{words.language}</Text>
        <SegmentedControl aria-labelledby='invite-language' value={form.language} onChange={value => setForm({ ...form, language: value as 'es' })} data={[{ value: 'es', label: shared.spanish }, { value: 'en', label: shared.english }]} />
      </div>
    </Confirm>
  )
}

function Pending () {
  const words = useTexts(people)
  const { date } = useFormats()
  const pending = useRead('/v1/invitations', { query: { status: 'pending', limit: 50 } })
  return (
    <Section title={words.pendingTitle}>
      <ProblemAlert error={pending.error} />
      {pending.isPending && <Waiting rows={1} />}
      {pending.data?.data.length === 0 && <Text size='sm' c='dimmed'>{words.pendingNone}</Text>}
      <Stack gap='sm'>
        {pending.data?.data.map(({ id, email, role, expires_at: until }) => (
          <Group key={id} justify='space-between' data-invitation={email}>
            <div><Text size='sm' fw={550} className='breaks'>{email}</Text><Text size='xs' c='dimmed'>{words[role]} · {words.until(date(until))}</Text></div>
            <Confirm method='delete' path='/v1/invitations/{id}' asked={{ path: { id } }} invalidates={['/v1/invitations']} label={words.revoke} title={words.revokeTitle} text={words.revokeText} yes={words.revoke} done={words.revoked} danger button={{ size: 'xs' }} />
          </Group>
        ))}
      </Stack>
    </Section>
  )
}
