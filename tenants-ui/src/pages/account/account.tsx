import { Badge, Button, Group, PasswordInput, Stack, Text, TextInput } from '@mantine/core'
import { useState } from 'react'
import { fieldError, useChange, useRead } from '../../api/hooks.ts'
import { common } from '../../i18n/common.ts'
import { useTexts } from '../../i18n/language.tsx'
import { SchemeChoice } from '../../shell/choices.tsx'
import { useSession } from '../../shell/session.tsx'
import { tell } from '../../ui/notices.ts'
import { Facts, Page, Section, Waiting } from '../../ui/page.tsx'
import { ProblemAlert } from '../../ui/problem.tsx'
import { When } from '../../ui/values.tsx'
import { account } from './texts.ts'

export default function AccountPage () {
  const words = useTexts(account)
  const { session } = useSession()
  return (
    <Page title={words.title} narrow>
      <Stack gap='lg'>
        <Section title={words.you}>
          <Stack gap='md'>
            <Facts rows={[[words.email, session.user.email], [words.role, words[session.user.role]], [words.tenant, session.tenant.name]]} />
            <OwnName />
          </Stack>
        </Section>
        <Section title={words.choices}><Stack maw={340}><SchemeChoice /></Stack></Section>
        <Section title={words.passwordTitle} lead={words.passwordLead}><Password /></Section>
        <Section title={words.sessions} lead={words.sessionsLead}><Sessions /></Section>
      </Stack>
    </Page>
  )
}

function OwnName () {
  const words = useTexts(account)
  const { session } = useSession()
  const [name, setName] = useState(session.user.name)
  const save = useChange('patch', '/v1/users/me', { onDone: () => tell(words.saved) })
  return (
    <form onSubmit={event => {
      event.preventDefault()
      if (!save.isPending) save.mutate({ body: { name: name.trim() } })
    }}
    >
      <Group align='flex-end' gap='sm'>
        <TextInput label={words.name} name='name' autoComplete='name' value={name} onChange={event => setName(event.currentTarget.value)} maxLength={120} required withAsterisk={false} error={fieldError(save.error, 'name')} flex='1 1 220px' maw={340} />
        <Button type='submit' variant='default' loading={save.isPending}>{words.save}</Button>
      </Group>
      {save.isError && <ProblemAlert error={save.error} but={['name']} />}
    </form>
  )
}

function Password () {
  const words = useTexts(account)
  const shared = useTexts(common)
  const { session } = useSession()
  const [present, setPresent] = useState('')
  const [fresh, setFresh] = useState('')
  const change = useChange('patch', '/v1/users/me', {
    invalidates: ['/v1/sessions'],
    onDone: () => {
      setPresent('')
      setFresh('')
      tell(words.changed)
    }
  })
  return (
    <form onSubmit={event => {
      event.preventDefault()
      if (!change.isPending) change.mutate({ body: { password: fresh, current_password: present } })
    }}
    >
      <Stack gap='md' maw={340}>
        <input type='hidden' name='username' autoComplete='username' value={session.user.email} readOnly />
        <PasswordInput label={words.present} name='current_password' autoComplete='current-password' required withAsterisk={false} value={present} onChange={event => setPresent(event.currentTarget.value)} error={fieldError(change.error, 'current_password')} visibilityToggleButtonProps={{ 'aria-label': `${shared.show}: ${words.present}` }} />
        <PasswordInput label={words.fresh} description={words.freshHelp} name='password' autoComplete='new-password' required withAsterisk={false} minLength={10} value={fresh} onChange={event => setFresh(event.currentTarget.value)} error={fieldError(change.error, 'password')} visibilityToggleButtonProps={{ 'aria-label': `${shared.show}: ${words.fresh}` }} />
        {change.isError && <ProblemAlert error={change.error} but={['password', 'current_password']} />}
        <Button type='submit' w='fit-content' loading={change.isPending}>{words.change}</Button>
      </Stack>
    </form>
  )
}

function Sessions () {
  const words = useTexts(account)
  const sessions = useRead('/v1/sessions', { query: { limit: 50 } })
  const end = useChange('delete', '/v1/sessions/{id}', { invalidates: ['/v1/sessions'], onDone: () => tell(words.ended) })
  if (sessions.isError) return <ProblemAlert error={sessions.error} again={() => { void sessions.refetch() }} />
  if (sessions.data === undefined) return <Waiting rows={2} />
  return (
    <Stack gap='sm'>
      {end.isError && <ProblemAlert error={end.error} />}
      <Stack component='ul' gap='md' m={0} p={0} style={{ listStyle: 'none' }}>
        {sessions.data.data.map(({ id, current, address, user_agent: agent, last_seen_at: at }) => (
          <Group component='li' key={id} justify='space-between' gap='sm' wrap='nowrap'>
            <div>
              <Text fw={550} title={agent ?? undefined}>{browserOf(agent) ?? words.unknownBrowser}</Text>
              <Text size='sm' c='dimmed'><span className='mono'>{address}</span> · {words.seen} <When at={at} /></Text>
            </div>
            {current ? <Badge color='teal' className='status'>{words.thisOne}</Badge> : <Button size='xs' variant='default' loading={end.isPending} onClick={() => end.mutate({ path: { id } })}>{words.end}</Button>}
          </Group>
        ))}
      </Stack>
    </Stack>
  )
}

const browsers = [['Edg/', 'Edge'], ['OPR/', 'Opera'], ['Firefox/', 'Firefox'], ['Chrome/', 'Chrome'], ['Safari/', 'Safari']] as const
const systems = [['iPhone', 'iPhone'], ['iPad', 'iPad'], ['Android', 'Android'], ['Windows', 'Windows'], ['Mac OS', 'macOS'], ['Linux', 'Linux']] as const

/** `Chrome · Linux`: enough to know one's own. Order matters: most browsers also name others. */
function browserOf (agent: string | null): string | undefined {
  const told = [browsers, systems].map(known => known.find(([mark]) => agent?.includes(mark) === true)?.[1]).filter(name => name !== undefined)
  return told.length === 0 ? agent ?? undefined : told.join(' · ')
}
