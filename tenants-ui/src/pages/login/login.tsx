import { Alert, Button, PasswordInput, Select, Stack, Text, TextInput } from '@mantine/core'
import { useMutation } from '@tanstack/react-query'
import { useRef, useState } from 'react'
import { useLocation } from 'wouter'
import { ApiProblem, ask } from '../../api/client.ts'
import { common } from '../../i18n/common.ts'
import { useTexts } from '../../i18n/language.tsx'
import { OpenPage } from '../../shell/open-page.tsx'
import { type OpenSession, useSignedIn } from '../../shell/session.tsx'
import { Icon } from '../../ui/icons.tsx'
import { ProblemAlert } from '../../ui/problem.tsx'
import { destination } from './next.ts'
import { login } from './texts.ts'

/** Stands in place of whatever page was asked for: after the login that page is there. `ended`: there was a session until now. */
export function LoginPage ({ ended }: { ended: boolean }) {
  const words = useTexts(login)
  const shared = useTexts(common)
  const signedIn = useSignedIn()
  const [location, go] = useLocation()
  const [email, setEmail] = useState('')
  const [password, setPassword] = useState('')
  const [tenant, setTenant] = useState<string | null>(null)
  const [tenants, setTenants] = useState<{ value: string, label: string }[]>([])
  const passwordInput = useRef<HTMLInputElement>(null)

  const enter = useMutation<OpenSession, ApiProblem>({
    mutationFn: async () => await ask('post', '/v1/sessions', { body: { email: email.trim(), password, ...(tenant !== null && { tenant }) }, retries: 0 }),
    onSuccess: session => {
      const next = destination(new URLSearchParams(window.location.search).get('next'), window.location.origin)
      if (next !== undefined) {
        window.location.assign(next)
        return
      }
      if (location === '/login') go('/', { replace: true })
      signedIn(session)
    },
    onError: error => {
      if (error.code === 'tenant_required') setTenants(error.errors.filter(({ path }) => path === 'tenant').map(({ message }) => ({ value: message.split(' ')[0]!, label: message.slice(message.indexOf(' ') + 1) })))
      else passwordInput.current?.focus()
    }
  })

  const mustChoose = tenants.length > 0
  return (
    <OpenPage title={words.title} lead={words.lead}>
      <form onSubmit={event => {
        event.preventDefault()
        if (!enter.isPending) enter.mutate()
      }}
      >
        <Stack gap='md'>
          {ended && !enter.isError && <Alert color='yellow' icon={<Icon name='clock' />} role='status'>{shared.sessionEnded}</Alert>}
          <TextInput label={words.email} type='email' name='email' autoComplete='username' required withAsterisk={false} value={email} onChange={event => { setEmail(event.currentTarget.value); setTenants([]); setTenant(null) }} />
          <PasswordInput ref={passwordInput} label={words.password} name='password' autoComplete='current-password' required withAsterisk={false} value={password} onChange={event => { setPassword(event.currentTarget.value); setTenants([]); setTenant(null) }} visibilityToggleButtonProps={{ 'aria-label': `${shared.show}: ${words.password}` }} />
          {mustChoose && <Select label={words.tenant} description={words.choose} data={tenants} value={tenant} onChange={setTenant} required withAsterisk={false} allowDeselect={false} />}
          {enter.isError && enter.error.code !== 'tenant_required' && <ProblemAlert error={enter.error} />}
          <Button type='submit' size='md' loading={enter.isPending} disabled={mustChoose && tenant === null}>{words.submit}</Button>
          <Text size='sm' c='dimmed'>{words.forgotten}</Text>
        </Stack>
      </form>
    </OpenPage>
  )
}
