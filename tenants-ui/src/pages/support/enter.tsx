import { Button, NumberInput, Radio, Stack, Textarea } from '@mantine/core'
import { useState } from 'react'
import { useLocation } from 'wouter'
import { useTexts } from '../../i18n/language.tsx'
import { useSession } from '../../shell/session.tsx'
import { keepAccess } from '../../shell/support-access.ts'
import { Confirm } from '../../ui/confirm.tsx'
import { support } from './texts.ts'

/** Into a tenant's data: for a person of support with a reason and for a while; the platform's administrators just enter. */
export function EnterTenant ({ tenant, name }: { tenant: string, name: string }) {
  const words = useTexts(support)
  const { session, enterTenant } = useSession()
  const [, go] = useLocation()
  const [form, setForm] = useState({ reason: '', kind: 'look' as 'look' | 'repair', minutes: 30 })
  const enter = () => {
    enterTenant(tenant)
    go(session.user.role === 'support' ? '/webhooks' : '/')
  }
  if (session.user.role !== 'support') return <Button size='xs' variant='default' aria-label={`${words.enter}: ${name}`} onClick={enter}>{words.enter}</Button>
  return (
    <Confirm
      method='post' path='/v1/support_access' asked={() => ({ body: { tenant, reason: form.reason.trim(), kind: form.kind, minutes: form.minutes } })} invalidates={['/v1/support_access']}
      label={words.enter} title={words.enterTitle(name)} text={words.enterText} yes={words.enter} ready={form.reason.trim().length >= 10} button={{ size: 'xs' }}
      onDone={access => {
        keepAccess(access)
        enter()
      }}
    >
      <Textarea name='reason' label={words.reason} description={words.reasonHelp} required withAsterisk={false} autosize minRows={2} maxLength={500} value={form.reason} onChange={event => setForm({ ...form, reason: event.currentTarget.value })} />
      <Radio.Group label={words.kind} value={form.kind} onChange={value => setForm({ ...form, kind: value as 'look' })}>
        <Stack gap='xs' mt='xs'><Radio value='look' label={words.look} /><Radio value='repair' label={words.repair} /></Stack>
      </Radio.Group>
      <NumberInput label={words.minutes} min={1} max={480} allowDecimal={false} value={form.minutes} onChange={value => setForm({ ...form, minutes: typeof value === 'number' ? value : 30 })} />
    </Confirm>
  )
}
