import { Alert, Button, Group, Paper, Select, SegmentedControl, Stack, Text, TextInput, Title } from '@mantine/core'
import { useMutation } from '@tanstack/react-query'
import { useRef, useState } from 'react'
import { Link } from 'wouter'
import { type Answer, type ApiProblem, ask } from '../../api/client.ts'
import { fieldError, useRefresh } from '../../api/hooks.ts'
import { common } from '../../i18n/common.ts'
import { useFormats } from '../../i18n/format.ts'
import { useLanguage, useTexts } from '../../i18n/language.tsx'
import { Icon } from '../../ui/icons.tsx'
import { Page } from '../../ui/page.tsx'
import { ProblemAlert } from '../../ui/problem.tsx'
import { Copyable } from '../../ui/values.tsx'
import { tenants } from './texts.ts'

const countries = ['MX', 'CO', 'EC', 'ES', 'AR', 'BO', 'BR', 'CL', 'CR', 'DO', 'GT', 'HN', 'NI', 'PA', 'PE', 'PY', 'SV', 'US', 'UY'] as const

/** First run: a tenant and its administrator, who is asked by mail. */
export default function NewTenantPage () {
  const words = useTexts(tenants)
  const shared = useTexts(common)
  const { language: own } = useLanguage()
  const { country: countryName } = useFormats()
  const refresh = useRefresh()
  const begin = { name: '', country: 'MX', email: '', person: '', language: own as 'es' | 'en' }
  const [form, setForm] = useState(begin)
  // What was made stays made when the invitation is tried again, and a lost answer makes no second one.
  const tenantKey = useRef(crypto.randomUUID())
  const tenant = useRef<string>(undefined)
  const make = useMutation<Answer<'post', '/v1/invitations'>, ApiProblem>({
    mutationFn: async () => {
      tenant.current ??= (await ask('post', '/v1/tenants', { body: { name: form.name.trim(), country: form.country }, idempotencyKey: tenantKey.current }).catch((error: unknown) => {
        tenantKey.current = crypto.randomUUID()
        throw error
      })).id
      return await ask('post', '/v1/invitations', { body: { email: form.email.trim(), role: 'tenant_admin', language: form.language, ...(form.person.trim() !== '' && { name: form.person.trim() }) }, tenant: tenant.current, mode: 'live' })
    },
    onSuccess: async () => await refresh(['/v1/tenants'])
  })
  const input = (name: 'name' | 'email' | 'person', path = name as string) => ({ name, value: form[name], onChange: (event: { currentTarget: { value: string } }) => setForm({ ...form, [name]: event.currentTarget.value }), error: fieldError(make.error, path) })

  if (make.data !== undefined) {
    return (
      <Page title={words.madeTitle} narrow back={{ to: '/tenants', text: words.title }}>
        <Paper p='lg' data-made>
          <Stack gap='md'>
            <Alert color={make.data.mail === null ? 'yellow' : 'teal'} icon={<Icon name={make.data.mail === null ? 'warning' : 'mail'} />} role='status'>{make.data.mail === null ? words.madeNoMail : words.madeSent(make.data.email)}</Alert>
            {make.data.mail === null && <div><Text size='sm' fw={600} mb={4}>{words.link}</Text><Copyable value={make.data.url} label={words.link} wide /></div>}
            <Group>
              <Button component={Link} href='/tenants'>{words.title}</Button>
              <Button
                variant='default' onClick={() => {
                  tenant.current = undefined
                  tenantKey.current = crypto.randomUUID()
                  setForm(begin)
                  make.reset()
                }}
              >{words.another}
              </Button>
            </Group>
          </Stack>
        </Paper>
      </Page>
    )
  }
  return (
    <Page title={words.newTitle} lead={words.newLead} narrow back={{ to: '/tenants', text: words.title }}>
      <Paper p='lg'>
        <form onSubmit={event => {
          event.preventDefault()
          if (!make.isPending) make.mutate()
        }}
        >
          <Stack gap='md' maw={520}>
            <TextInput label={words.name} description={words.nameHelp} required withAsterisk={false} maxLength={120} readOnly={tenant.current !== undefined} {...input('name')} />
            <Select label={words.country} data={countries.map(value => ({ value, label: countryName(value) }))} value={form.country} onChange={value => setForm({ ...form, country: value ?? 'MX' })} allowDeselect={false} searchable readOnly={tenant.current !== undefined} error={fieldError(make.error, 'country')} />
            <div><Title order={2} mt='md'>{words.inviteTitle}</Title><Text size='sm' c='dimmed'>{words.inviteLead}</Text></div>
            <TextInput label={words.email} type='email' required withAsterisk={false} autoComplete='off' {...input('email')} />
            <TextInput label={`${words.person} (${shared.optional})`} autoComplete='off' {...input('person', 'name')} error={undefined} />
            <div>
              <Text size='sm' fw={500} mb={4} id='mail-language'>{words.language}</Text>
              <SegmentedControl aria-labelledby='mail-language' value={form.language} onChange={value => setForm({ ...form, language: value as 'es' })} data={[{ value: 'es', label: shared.spanish }, { value: 'en', label: shared.english }]} />
            </div>
            {make.isError && tenant.current !== undefined && <Alert color='yellow' role='status'>{words.inviteFailed}</Alert>}
            {make.isError && <ProblemAlert error={make.error} but={['name', 'country', 'email']} />}
            <Button type='submit' size='md' w='fit-content' loading={make.isPending}>{words.create}</Button>
          </Stack>
        </form>
      </Paper>
    </Page>
  )
}
