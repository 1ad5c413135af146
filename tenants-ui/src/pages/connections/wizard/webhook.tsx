import { Alert, Button, Group, Loader, Paper, Stack, Text, Title } from '@mantine/core'
import { useMutation } from '@tanstack/react-query'
import { useEffect, useRef, useState } from 'react'
import { type Answer, type ApiProblem, ask } from '../../../api/client.ts'
import { useChange, useRead, useRefresh } from '../../../api/hooks.ts'
import { useTexts } from '../../../i18n/language.tsx'
import { Checklist } from '../../../ui/checklist.tsx'
import { Facts } from '../../../ui/page.tsx'
import { ProblemAlert } from '../../../ui/problem.tsx'
import { CredentialForm, type Provider, SetupSteps, type Values } from '../../../ui/schema-form.tsx'
import { Copyable, Status, When } from '../../../ui/values.tsx'
import { wizard } from '../wizard-texts.ts'
import type { Connection } from './credentials.tsx'

export type Setup = Answer<'get', '/v1/connections/{id}/setup'>

/** The webhook registered by API, or by hand with the provider's own steps; then the first signed event, as it comes. */
export function WebhookStage ({ provider, connection, setup, onGoOn }: { provider: Provider, connection: Connection, setup: Setup, onGoOn: () => void }) {
  const words = useTexts(wizard)
  const step = setup.steps.find(({ id }) => id === 'webhook')
  const event = setup.steps.find(({ id }) => id === 'event')
  const byApi = provider.webhook_by_api && connection.auth === 'keys'
  const register = useChange('post', '/v1/connections/{id}/webhook', { invalidates: ['/v1/connections', '/v1/inbound_events'] })
  const asked = useRef(false)
  const { mutate } = register
  useEffect(() => {
    // Once for each visit: a registration that failed is tried again by hand only.
    if (!byApi || step?.status !== 'todo' || asked.current) return
    asked.current = true
    mutate({ path: { id: connection.id } })
  }, [byApi, step?.status, connection.id, mutate])
  const listening = step?.status === 'done'
  const came = event?.status === 'done'

  return (
    <Stack gap='lg'>
      <Paper p='lg'>
        <Stack gap='md'>
          <div><Title order={2}>{words.webhookTitle}</Title><Text size='sm' c='dimmed' mt={2}>{words.webhookLead}</Text></div>
          {register.isPending && <Group gap='sm' role='status'><Loader size='sm' aria-hidden='true' /><Text>{words.registering}</Text></Group>}
          {register.isError && (
            <>
              <Alert color='yellow' role='status'>{words.registerFailed}</Alert>
              <ProblemAlert error={register.error} again={() => mutate({ path: { id: connection.id } })} />
            </>
          )}
          {listening && connection.webhook.registered && <Checklist items={[{ id: 'registered', state: 'done', title: words.registeredByApi, detail: connection.webhook.url === null ? undefined : <span className='mono'>{connection.webhook.url}</span> }]} />}
          {(!byApi || register.isError) && !connection.webhook.registered && <ByHand provider={provider} connection={connection} step={step} listening={listening} />}
        </Stack>
      </Paper>
      {listening && (came ? <FirstEvent id={connection.id} /> : <WaitingForEvent invoices={!provider.families.includes('payments')} />)}
      <Group>
        <Button size='md' onClick={onGoOn} variant={came ? 'filled' : 'default'} disabled={register.isPending}>{came ? words.goOn : words.goOnAnyway}</Button>
      </Group>
    </Stack>
  )
}

function ByHand ({ provider, connection, step, listening }: { provider: Provider, connection: Connection, step: Setup['steps'][number] | undefined, listening: boolean }) {
  const words = useTexts(wizard)
  const refresh = useRefresh()
  const [values, setValues] = useState<Values>({})
  const secret = provider.webhooks?.secret
  const asksSecret = secret !== undefined && provider.credentials.properties[secret] !== undefined && connection.credentials[secret] === undefined && connection.auth === 'keys'
  const save = useMutation<unknown, ApiProblem>({
    mutationFn: async () => await ask('post', '/v1/connections/{id}/credentials', { path: { id: connection.id }, body: { credentials: values } }),
    onSuccess: async () => await refresh(['/v1/connections'])
  })
  if (connection.auth === 'oauth') return listening ? <Checklist items={[{ id: 'registered', state: 'done', title: words.heardByApp, detail: words.heardByAppText }]} /> : <Alert color='yellow' role='status'>{step?.detail.join(' ')}</Alert>
  return (
    <Stack gap='md'>
      <Text>{words.byHand}</Text>
      <div><Text size='sm' fw={600} mb={4}>{words.url}</Text><Copyable value={connection.webhook_url} label={words.url} wide /></div>
      {provider.settings.properties[alongSetting] !== undefined && <SendAlong connection={connection} />}
      {provider.webhooks !== null && <SetupSteps steps={provider.webhooks.manual_steps} />}
      {asksSecret && !listening && (
        <form onSubmit={event => {
          event.preventDefault()
          if (!save.isPending) save.mutate()
        }}
        >
          <Stack gap='sm'>
            <Text size='sm' fw={600}>{words.secretTitle}</Text>
            <CredentialForm provider={provider} values={values} onChange={setValues} error={save.error} only={[secret]} />
            {save.isError && <ProblemAlert error={save.error} but={[`credentials.${secret}`]} />}
            <Button type='submit' w='fit-content' loading={save.isPending} disabled={(values[secret] ?? '') === ''}>{words.saveSecret}</Button>
          </Stack>
        </form>
      )}
    </Stack>
  )
}

/** Where a provider lets each payment name the address that hears of it, nobody has to write it down there (PayU). */
const alongSetting = 'confirmation_url'
function SendAlong ({ connection: { id, settings, webhook_url: url } }: { connection: Connection }) {
  const words = useTexts(wizard)
  const save = useChange('patch', '/v1/connections/{id}', { invalidates: ['/v1/connections'] })
  if (settings[alongSetting] === url) return <Checklist items={[{ id: 'along', state: 'done', title: words.sentAlong }]} />
  return <>{save.isError && <ProblemAlert error={save.error} />}<Button variant='default' w='fit-content' loading={save.isPending} onClick={() => save.mutate({ path: { id }, body: { settings: { [alongSetting]: url } } })}>{words.sendAlong}</Button></>
}

function WaitingForEvent ({ invoices }: { invoices: boolean }) {
  const words = useTexts(wizard)
  return (
    <Paper p='lg' role='status'>
      <Group gap='md' wrap='nowrap' align='flex-start'>
        <Loader size='sm' mt={4} aria-hidden='true' />
        <div><Text fw={600}>{words.waitingEvent}</Text><Text size='sm' c='dimmed'>{invoices ? words.waitingHelpStamp : words.waitingHelp}</Text></div>
      </Group>
    </Paper>
  )
}

/** While the first event has not come yet: waited for on the next screen as well, and shown there when it comes. */
export function EventWatch ({ connection, setup }: { connection: Connection, setup: Setup }) {
  const words = useTexts(wizard)
  const event = setup.steps.find(({ id }) => id === 'event')
  const [cameBefore] = useState(event === undefined || event.status === 'done')
  if (cameBefore) return null
  if (event?.status === 'done') return <FirstEvent id={connection.id} />
  return event?.status === 'waiting' ? <Text size='sm' c='dimmed' role='status'>{words.waitingEventStill}</Text> : <Text size='sm' c='dimmed'>{words.webhookOpen}</Text>
}

/** The first event that was believed, as it was stored. */
function FirstEvent ({ id }: { id: string }) {
  const words = useTexts(wizard)
  const events = useRead('/v1/inbound_events', { query: { connection: id, limit: 20 } })
  const first = events.data?.data.filter(({ verdict }) => verdict !== 'refused').at(-1)
  if (first === undefined) return null
  return (
    <Paper p='lg' className='appear' data-first-event={first.id}>
      <Stack gap='md'>
        <Checklist items={[{ id: 'event', state: 'done', title: words.firstEvent }]} />
        <Facts rows={[[words.eventType, <span key='type' className='mono'>{first.event_type ?? '—'}</span>], [words.eventVerdict, <Status key='verdict' value={first.verdict} />], [words.eventAt, <When key='at' at={first.received_at} exact />]]} />
      </Stack>
    </Paper>
  )
}
