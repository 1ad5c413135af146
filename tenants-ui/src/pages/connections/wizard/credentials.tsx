import { Alert, Button, Divider, Group, List, Paper, Stack, Text, TextInput, Title } from '@mantine/core'
import { useMutation } from '@tanstack/react-query'
import { useEffect, useRef, useState } from 'react'
import { useLocation, useSearchParams } from 'wouter'
import { type Answer, type ApiProblem, ask } from '../../../api/client.ts'
import { fieldError, useRead, useRefresh } from '../../../api/hooks.ts'
import { common } from '../../../i18n/common.ts'
import { useFormats } from '../../../i18n/format.ts'
import { useLanguage, useTexts } from '../../../i18n/language.tsx'
import { useSession } from '../../../shell/session.tsx'
import { read, write } from '../../../storage.ts'
import { currencyOf } from '../../../ui/amount.tsx'
import { Icon } from '../../../ui/icons.tsx'
import { ProblemAlert } from '../../../ui/problem.tsx'
import { CredentialForm, FoldedSettings, isComplete, type Provider, type Settings, SetupSteps, type Values } from '../../../ui/schema-form.tsx'
import { wizard } from '../wizard-texts.ts'
import { BankFields, type BankForm, emptyBank, isBankComplete, isOwnBank, keepBank } from './bank-account.tsx'
import { Reconnect } from './reconnect.tsx'

export type Connection = Answer<'get', '/v1/connections/{id}'>
export type TestResult = Answer<'post', '/v1/connections/{id}/test'>

interface Draft { values: Values, label: string, settings: Settings }

/** What was typed and is no secret, until the connection is made; in this tab only. */
function useDraft (provider: Provider, begin: Draft): [Draft, (draft: Draft) => void, () => void] {
  const key = `wizard.${provider.id}`
  const [draft, setDraft] = useState<Draft>(() => {
    const kept = read(key, 'session')
    return kept === null ? begin : { ...begin, ...JSON.parse(kept) as Draft }
  })
  return [draft, next => {
    setDraft(next)
    const open = Object.fromEntries(Object.entries(next.values).filter(([name]) => provider.credentials.properties[name]?.secret === false))
    write(key, JSON.stringify({ ...next, values: open }), 'session')
  }, () => write(key, null, 'session')]
}

/** The account that receives, where there is no provider: asked for once, when the tenant has none in this mode. */
function useBank (provider: Provider): { asked: boolean, known: boolean, form: BankForm, setForm: (form: BankForm) => void, keep: () => Promise<void> } {
  const { tenant } = useSession()
  const own = isOwnBank(provider)
  const accounts = useRead('/v1/bank_accounts', { query: { limit: 1 } }, { enabled: own })
  const [form, setForm] = useState(() => emptyBank(currencyOf(tenant.country)))
  // Kept, and then the connection failed: the next try does not keep it again.
  const kept = useRef(false)
  const asked = own && accounts.data?.data.length === 0
  const keep = async () => {
    if (!asked || kept.current) return
    await keepBank(form, tenant.country)
    kept.current = true
  }
  return { asked, known: !own || accounts.data !== undefined, form, setForm, keep }
}

/** The first screen to type in: the form of the manifest, then the connection is made and tested at once. */
export function NewCredentials ({ provider }: { provider: Provider }) {
  const words = useTexts(wizard)
  const shared = useTexts(common)
  const { mode } = useSession()
  const [, go] = useLocation()
  const [params] = useSearchParams()
  const refresh = useRefresh()
  const from = useRead('/v1/connections/{id}', { path: { id: params.get('from') ?? '' }, mode: 'test' }, { enabled: mode === 'live' && params.get('from') !== null })
  const [draft, setDraft, forget] = useDraft(provider, { values: {}, label: '', settings: {} })
  const settings = Object.keys(draft.settings).length > 0 ? draft.settings : from.data?.settings ?? {}
  const outcome = params.get('status')
  const bank = useBank(provider)

  const connect = useMutation<Connection, ApiProblem>({
    mutationFn: async () => {
      await bank.keep()
      const credentials = Object.fromEntries(Object.entries(draft.values).filter(([, value]) => value !== ''))
      const connection = await ask('post', '/v1/connections', { body: { provider: provider.id, mode, credentials, label: draft.label.trim() || from.data?.label || provider.name, ...(Object.keys(settings).length > 0 && { settings }) }, idempotencyKey: crypto.randomUUID() })
      // From here on the connection keeps what was typed; what the test said stands on its page.
      await ask('post', '/v1/connections/{id}/test', { path: { id: connection.id }, retries: 0 }).catch(() => undefined)
      return connection
    },
    onSuccess: async ({ id }) => {
      forget()
      await refresh(['/v1/connections', '/v1/bank_accounts'])
      go(`/connections/${id}/setup`)
    }
  })
  const asksNothing = Object.keys(provider.credentials.properties).length === 0
  const named = Object.keys(provider.credentials.properties).map(name => `credentials.${name}`)

  return (
    <Stack gap='lg'>
      {mode === 'live' && <WhatChanges provider={provider} settings={from.data?.settings ?? {}} />}
      <Paper p='lg'>
        <form onSubmit={event => {
          event.preventDefault()
          if (!connect.isPending) connect.mutate()
        }}
        >
          <Stack gap='lg'>
            <div>
              <Title order={2}>{isOwnBank(provider) ? words.bankTitle : words.credentialsTitle(provider.name)}</Title>
              <Text size='sm' c='dimmed' mt={2}>{asksNothing ? words.noCredentials : words.credentialsLead}</Text>
            </div>
            {outcome !== null && outcome !== 'connected' && <Alert color='yellow' role='status' icon={<Icon name='warning' />}>{outcome === 'denied' ? words.oauthDenied : words.oauthFailed(params.get('reason') ?? '')}</Alert>}
            {provider.oauth !== undefined && provider.oauth_modes.includes(mode) && <ByConsent provider={provider} label={draft.label} />}
            {provider.setup_steps.length > 0 && <Alert color='gray' title={words.before} icon={<Icon name='info' />}><SetupSteps steps={provider.setup_steps} /></Alert>}
            <TextInput name='label' label={`${words.label} (${shared.optional})`} description={words.labelHelp} placeholder={provider.name} value={draft.label} onChange={event => setDraft({ ...draft, label: event.currentTarget.value })} maxLength={80} error={fieldError(connect.error, 'label')} />
            {bank.asked && <BankFields provider={provider} value={bank.form} onChange={form => bank.setForm(form)} error={connect.error} />}
            <CredentialForm provider={provider} values={draft.values} onChange={values => setDraft({ ...draft, values })} error={connect.error} />
            <FoldedSettings provider={provider} values={settings} onChange={next => setDraft({ ...draft, settings: next })} error={connect.error} />
            {connect.isError && <ProblemAlert error={connect.error} but={[...named, ...bankPaths]} />}
            <Group>
              <Button type='submit' size='md' loading={connect.isPending} disabled={!isComplete(provider, draft.values) || !bank.known || (bank.asked && !isBankComplete(bank.form))}>{words.testAndGoOn}</Button>
              {connect.isPending && <Text size='sm' c='dimmed' role='status'>{words.testing}</Text>}
            </Group>
          </Stack>
        </form>
      </Paper>
    </Stack>
  )
}

const bankPaths = ['clabe', 'iban', 'account_number', 'beneficiary', 'bank']

/** Connecting by consent at the provider; it comes back to this page with what became of it. */
function ByConsent ({ provider, label }: { provider: Provider, label: string }) {
  const words = useTexts(wizard)
  const { language } = useLanguage()
  const { mode } = useSession()
  const begin = useMutation<Answer<'post', '/v1/connections/oauth'>, ApiProblem>({
    mutationFn: async () => await ask('post', '/v1/connections/oauth', { body: { provider: provider.id, mode, ...(label.trim() !== '' && { label: label.trim() }), return_url: `${window.location.origin}/connections/new?provider=${provider.id}` } }),
    onSuccess: ({ url }) => window.location.assign(url)
  })
  return (
    <Stack gap='sm'>
      <Text size='sm'>{words.oauthLead}</Text>
      <Button w='fit-content' size='md' loading={begin.isPending} onClick={() => begin.mutate()}>{provider.oauth!.button[language]}</Button>
      {begin.isError && <ProblemAlert error={begin.error} />}
      <Divider label={words.or} labelPosition='center' />
    </Stack>
  )
}

function WhatChanges ({ provider, settings }: { provider: Provider, settings: Settings }) {
  const words = useTexts(wizard)
  const { list } = useFormats()
  const changed = Object.keys(settings).filter(name => provider.settings.properties[name]?.default !== settings[name])
  const invoices = provider.families.includes('invoicing')
  return (
    <Alert color='orange' title={words.changesTitle} icon={<Icon name='warning' />}>
      <List size='sm' spacing={4}>
        <List.Item>{invoices ? words.changeStamps : words.changeMoney}</List.Item>
        {Object.keys(provider.credentials.properties).length > 0 && <List.Item>{words.changeKeys}</List.Item>}
        {invoices && <List.Item>{words.changeCertificate}</List.Item>}
        {provider.webhooks !== null && <List.Item>{words.changeWebhook}</List.Item>}
        <List.Item>{words.changeProof}</List.Item>
        {changed.length > 0 && <List.Item>{words.changeSettings(list(changed))}</List.Item>}
      </List>
    </Alert>
  )
}

/** After a test that was refused, or to replace what changed: what is there stays until something else is typed. */
export function RepairCredentials ({ provider, connection, problem, onTested }: { provider: Provider, connection: Connection, problem: string | undefined, onTested: () => void }) {
  const words = useTexts(wizard)
  const refresh = useRefresh()
  const [values, setValues] = useState<Values>({})
  const present = Object.keys(connection.credentials)
  const bank = useBank(provider)
  const refusal = useRef<HTMLDivElement>(null)
  const repair = useMutation<TestResult, ApiProblem>({
    mutationFn: async () => {
      await bank.keep()
      const typed = Object.fromEntries(Object.entries(values).filter(([, value]) => value !== ''))
      if (Object.keys(typed).length > 0) await ask('post', '/v1/connections/{id}/credentials', { path: { id: connection.id }, body: { credentials: typed } })
      return await ask('post', '/v1/connections/{id}/test', { path: { id: connection.id }, retries: 0 })
    },
    onSuccess: async ({ ok }) => {
      await refresh(['/v1/connections', '/v1/bank_accounts'])
      if (ok) onTested()
    }
  })
  const said = repair.data?.error?.message ?? problem
  // The same sentence a second time is no news to a screen reader: the focus says that it was tried again.
  useEffect(() => { if (repair.data?.ok === false) refusal.current?.focus() }, [repair.data])
  const byConsent = connection.auth === 'oauth'
  const named = Object.keys(provider.credentials.properties).map(name => `credentials.${name}`)
  return (
    <Paper p='lg'>
      <form onSubmit={event => {
        event.preventDefault()
        if (!repair.isPending) repair.mutate()
      }}
      >
        <Stack gap='lg'>
          {said !== undefined && (
            <Alert ref={refusal} tabIndex={-1} color='red' role='alert' icon={<Icon name='cross' />} title={words.refused}>
              <Text size='sm' c='var(--mantine-color-text)'>{said}</Text>
              <Text size='sm' mt={4}>{words.refusedHelp}</Text>
            </Alert>
          )}
          {bank.asked && <BankFields provider={provider} value={bank.form} onChange={form => bank.setForm(form)} error={repair.error} />}
          {byConsent ? <Stack gap='sm'><Text size='sm'>{words.byConsent}</Text><Reconnect connection={connection} to='setup' /></Stack> : <CredentialForm provider={provider} values={values} onChange={setValues} error={repair.error} present={present} />}
          {repair.isError && <ProblemAlert error={repair.error} but={[...named, ...bankPaths]} />}
          <Group>
            <Button type='submit' size='md' variant={byConsent ? 'default' : 'filled'} loading={repair.isPending} disabled={(!byConsent && !isComplete(provider, values, present)) || (bank.asked && !isBankComplete(bank.form))}>{words.tryAgain}</Button>
            {repair.isPending && <Text size='sm' c='dimmed' role='status'>{words.testing}</Text>}
          </Group>
        </Stack>
      </form>
    </Paper>
  )
}
