import { Alert, Button, PasswordInput, Stack, TextInput } from '@mantine/core'
import { useMutation, useQuery } from '@tanstack/react-query'
import { useState } from 'react'
import { useLocation } from 'wouter'
import { type Answer, type ApiProblem, ask } from '../../api/client.ts'
import { fieldError } from '../../api/hooks.ts'
import { common } from '../../i18n/common.ts'
import { useTexts } from '../../i18n/language.tsx'
import { OpenPage } from '../../shell/open-page.tsx'
import { type OpenSession, useSignedIn } from '../../shell/session.tsx'
import { Waiting } from '../../ui/page.tsx'
import { ProblemAlert } from '../../ui/problem.tsx'
import { invitation } from './texts.ts'

/** The link's secret stands behind its `#`, so that no server ever sees it in an address. */
export default function InvitationPage () {
  const words = useTexts(invitation)
  const shared = useTexts(common)
  const [token] = useState(() => window.location.hash.slice(1))
  const [name, setName] = useState<string>()
  const [password, setPassword] = useState('')
  const [, go] = useLocation()
  const signedIn = useSignedIn()
  const looksRight = /^[\w-]{64}$/.test(token)
  const seen = useQuery<Answer<'post', '/v1/invitations/look_up'>, ApiProblem>({ queryKey: ['invitation', token], queryFn: async () => await ask('post', '/v1/invitations/look_up', { body: { token } }), enabled: looksRight, staleTime: Infinity })
  const shownName = name ?? seen.data?.name ?? ''
  const accept = useMutation<OpenSession, ApiProblem>({
    mutationFn: async () => {
      const { email, tenant } = await ask('post', '/v1/invitations/accept', { body: { token, name: shownName.trim(), password }, retries: 0 })
      return await ask('post', '/v1/sessions', { body: { email, password, tenant: tenant.id }, retries: 0 })
    },
    onSuccess: session => {
      signedIn(session)
      go('/', { replace: true })
    }
  })
  if (!looksRight) return <OpenPage title={words.title}><Alert color='yellow'>{words.none}</Alert></OpenPage>
  if (seen.isError) return <OpenPage title={words.title}><ProblemAlert error={seen.error} /></OpenPage>
  if (seen.data === undefined) return <OpenPage title={words.title}><Waiting rows={3} height={58} /></OpenPage>
  return (
    <OpenPage title={words.titleOf(seen.data.tenant.name)} lead={words.lead(seen.data.email)}>
      <form onSubmit={event => {
        event.preventDefault()
        if (!accept.isPending) accept.mutate()
      }}
      >
        <Stack gap='md'>
          <input type='hidden' name='username' autoComplete='username' value={seen.data.email} readOnly />
          <TextInput name='name' label={words.name} autoComplete='name' required withAsterisk={false} maxLength={120} value={shownName} onChange={event => setName(event.currentTarget.value)} error={fieldError(accept.error, 'name')} />
          <PasswordInput name='password' label={words.password} description={words.passwordHelp} autoComplete='new-password' required withAsterisk={false} minLength={10} maxLength={200} value={password} onChange={event => setPassword(event.currentTarget.value)} error={fieldError(accept.error, 'password')} visibilityToggleButtonProps={{ 'aria-label': `${shared.show}: ${words.password}` }} />
          {accept.isError && <ProblemAlert error={accept.error} but={['name', 'password']} />}
          <Button type='submit' size='md' loading={accept.isPending}>{words.accept}</Button>
        </Stack>
      </form>
    </OpenPage>
  )
}
