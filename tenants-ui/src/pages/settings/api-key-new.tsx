import { Button, Checkbox, Paper, Radio, SimpleGrid, Stack, TextInput } from '@mantine/core'
import { useState } from 'react'
import { Link } from 'wouter'
import type { Asked } from '../../api/client.ts'
import { fieldError, useChange } from '../../api/hooks.ts'
import { common } from '../../i18n/common.ts'
import { useTexts } from '../../i18n/language.tsx'
import { useSession } from '../../shell/session.tsx'
import { ShownOnce } from '../../ui/once.tsx'
import { Page } from '../../ui/page.tsx'
import { ProblemAlert } from '../../ui/problem.tsx'
import { keys, settings } from './texts.ts'

type Body = NonNullable<Asked<'post', '/v1/api_keys'>['body']>
type Scope = NonNullable<Body['scopes']>[number]

export default function NewApiKeyPage () {
  const all = useTexts(settings)
  const words = useTexts(keys)
  const shared = useTexts(common)
  const { mode, session } = useSession()
  const [form, setForm] = useState<{ label: string, which: string, scopes: string[], until: string }>({ label: '', which: 'usual', scopes: [], until: '' })
  // The key is in the answer alone, and the answer in this page alone.
  const make = useChange('post', '/v1/api_keys', { invalidates: ['/v1/api_keys'] })
  const back = { to: '/settings/api-keys', text: all.keysTitle }
  const grantable = session.scopes.filter(scope => !/^(tenants|queues|support):/.test(scope))
  if (make.data !== undefined) {
    return (
      <Page title={words.madeTitle} narrow back={back}>
        <Paper p='lg'>
          <Stack gap='md'>
            <ShownOnce label={words.key} text={words.once} value={make.data.key} />
            <Button component={Link} href='/settings/api-keys' w='fit-content'>{words.back}</Button>
          </Stack>
        </Paper>
      </Page>
    )
  }
  return (
    <Page title={words.newTitle} lead={words.newLead(mode === 'live' ? shared.live : shared.test)} narrow back={back}>
      <Paper p='lg'>
        <form onSubmit={event => {
          event.preventDefault()
          if (!make.isPending) {
            make.mutate({ body: { mode, ...(form.label.trim() !== '' && { label: form.label.trim() }), ...(form.which === 'chosen' && { scopes: form.scopes as Scope[] }), ...(form.until !== '' && { expires_at: new Date(`${form.until}T23:59:59`).toISOString() }) } })
          }
        }}
        >
          <Stack gap='md'>
            <TextInput name='label' label={words.label} description={words.labelHelp} maxLength={80} maw={480} value={form.label} onChange={event => setForm({ ...form, label: event.currentTarget.value })} error={fieldError(make.error, 'label')} />
            <Radio.Group label={words.whichScopes} value={form.which} onChange={which => setForm({ ...form, which })}>
              <Stack gap='xs' mt='xs'><Radio value='usual' label={words.usual} /><Radio value='chosen' label={words.chosen} /></Stack>
            </Radio.Group>
            {form.which === 'chosen' && (
              <Checkbox.Group label={words.scopes} value={form.scopes} onChange={scopes => setForm({ ...form, scopes })}>
                <SimpleGrid cols={{ base: 1, xs: 2, md: 3 }} spacing='xs' mt='xs'>{grantable.map(scope => <Checkbox key={scope} value={scope} label={<span className='mono'>{scope}</span>} />)}</SimpleGrid>
              </Checkbox.Group>
            )}
            <TextInput type='date' label={`${words.expires} (${shared.optional})`} maw={240} value={form.until} onChange={event => setForm({ ...form, until: event.currentTarget.value })} error={fieldError(make.error, 'expires_at')} />
            {make.isError && <ProblemAlert error={make.error} but={['label', 'expires_at']} />}
            <Button type='submit' w='fit-content' loading={make.isPending} disabled={form.which === 'chosen' && form.scopes.length === 0}>{words.make}</Button>
          </Stack>
        </form>
      </Paper>
    </Page>
  )
}
