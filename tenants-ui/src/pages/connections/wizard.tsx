import { Button, Stack } from '@mantine/core'
import { type ReactNode, useEffect, useRef, useState } from 'react'
import { useLocation, useParams, useSearchParams } from 'wouter'
import { useRead } from '../../api/hooks.ts'
import { useTexts } from '../../i18n/language.tsx'
import { useSession } from '../../shell/session.tsx'
import { read, write } from '../../storage.ts'
import { Page, Waiting } from '../../ui/page.tsx'
import { ProblemAlert } from '../../ui/problem.tsx'
import type { Provider } from '../../ui/schema-form.tsx'
import { useProviderName } from './names.ts'
import { connections } from './texts.ts'
import { ChooseProvider } from './wizard/choose.tsx'
import { NewCredentials, RepairCredentials } from './wizard/credentials.tsx'
import { DoneStage } from './wizard/done.tsx'
import { PaymentStage } from './wizard/payment.tsx'
import { StampStage } from './wizard/stamp.tsx'
import { type Stage, Steps } from './wizard/steps.tsx'
import { WebhookStage } from './wizard/webhook.tsx'
import { wizard } from './wizard-texts.ts'

/** Connecting an account until it is proven. Once the connection exists it is itself the state of the wizard: whoever comes back goes on where they were. */
export default function WizardPage () {
  const { id } = useParams<{ id?: string }>()
  return id === undefined ? <Begin /> : <GoOn id={id} />
}

/** What a provider can be proven by, in order. */
function stagesOf (provider: Provider | undefined): Stage[] {
  if (provider === undefined) return ['provider', 'credentials', 'webhook', 'payment', 'done']
  return ['provider', 'credentials', ...provider.webhooks === null ? [] : ['webhook' as const], ...provider.families.includes('payments') ? ['payment' as const] : [], ...provider.families.some(family => family === 'invoicing' || family === 'records') ? ['stamp' as const] : [], 'done']
}

function Begin () {
  const words = useTexts(wizard)
  const names = useTexts(connections)
  const nameOf = useProviderName()
  const { mode } = useSession()
  const [params, setParams] = useSearchParams()
  const [, go] = useLocation()
  const id = params.get('provider')
  const back = { to: '/connections', text: names.title }
  const provider = useRead('/v1/providers/{id}', { path: { id: id ?? '' } }, { enabled: id !== null })
  const [status, connected] = [params.get('status'), params.get('connection')]
  useEffect(() => {
    // Back from the provider, who was asked for consent.
    if (status === 'connected' && connected !== null) go(`/connections/${connected}/setup`, { replace: true })
  }, [status, connected, go])
  if (id === null) return <Page title={words.title} lead={mode === 'live' ? words.leadLive : words.lead} back={back}><Steps stages={stagesOf(undefined)} at='provider' /><ChooseProvider /></Page>
  return (
    <Page title={provider.data === undefined ? words.title : words.titleOf(nameOf(provider.data))} narrow back={back} actions={<Button variant='subtle' color='gray' onClick={() => setParams(before => { const next = new URLSearchParams(before); next.delete('provider'); return next })}>{words.another}</Button>}>
      <Steps stages={stagesOf(provider.data)} at='credentials' records={provider.data?.families.includes('records') === true} />
      {provider.isError && <ProblemAlert error={provider.error} again={() => { void provider.refetch() }} />}
      {provider.isPending && <Waiting rows={3} height={90} />}
      {provider.data !== undefined && <NewCredentials key={provider.data.id} provider={provider.data} />}
    </Page>
  )
}

function GoOn ({ id }: { id: string }) {
  const words = useTexts(wizard)
  const names = useTexts(connections)
  const nameOf = useProviderName()
  const [passed, pass, goBack] = usePassed(id)
  const connection = useRead('/v1/connections/{id}', { path: { id } })
  const providerId = connection.data?.provider
  const provider = useRead('/v1/providers/{id}', { path: { id: providerId ?? '' } }, { enabled: providerId !== undefined })
  const setup = useRead('/v1/connections/{id}/setup', { path: { id } }, { every: answer => answer?.steps.some(({ status }) => status === 'waiting') === true ? 2_000 : false })
  const failed = connection.error ?? provider.error ?? setup.error
  const back = { to: '/connections', text: names.title }
  if (failed !== null) return <Page title={words.title} narrow back={back}><ProblemAlert error={failed} again={() => { void connection.refetch(); void provider.refetch(); void setup.refetch() }} /></Page>
  if (connection.data === undefined || provider.data === undefined || setup.data === undefined) return <Page title={words.title} narrow back={back}><Waiting rows={3} height={90} /></Page>

  const found = { provider: provider.data, connection: connection.data }
  const stages = stagesOf(found.provider)
  const test = setup.data.steps.find(step => step.id === 'test')
  const at: Stage = test?.status !== 'done' ? 'credentials' : stages.find(stage => stage !== 'provider' && stage !== 'credentials' && (stage === 'done' || !passed.includes(stage))) ?? 'done'
  return (
    <Page title={words.titleOf(nameOf(found.provider))} lead={found.connection.label === found.provider.name ? undefined : found.connection.label} narrow back={back}>
      <Steps stages={stages} at={at} records={found.provider.families.includes('records')} onBack={goBack} />
      <Screen at={at}>
        {at === 'credentials' && <RepairCredentials {...found} problem={test?.status === 'failed' ? test.detail[0] : undefined} onTested={() => { void setup.refetch() }} />}
        {at === 'webhook' && <WebhookStage {...found} setup={setup.data} onGoOn={() => pass('webhook')} />}
        {at === 'payment' && <PaymentStage {...found} setup={setup.data} onGoOn={() => pass('payment')} />}
        {at === 'stamp' && <StampStage {...found} onGoOn={() => pass('stamp')} />}
        {at === 'done' && <DoneStage {...found} setup={setup.data} />}
      </Screen>
    </Page>
  )
}

/** One screen of it. When another takes its place the focus goes to the heading, so that whoever cannot see the change hears it; the first one is told by the page's own heading. */
function Screen ({ at, children }: { at: Stage, children: ReactNode }) {
  const place = useRef<HTMLDivElement>(null)
  const before = useRef(at)
  useEffect(() => {
    if (before.current === at) return
    before.current = at
    const heading = place.current?.querySelector('h2')
    heading?.setAttribute('tabindex', '-1')
    ;(heading ?? place.current)?.focus()
  }, [at])
  return <Stack gap='lg' key={at} ref={place} tabIndex={-1} style={{ outline: 'none' }} className='appear' data-stage={at}>{children}</Stack>
}

/** Stages that were left behind, by their end or on purpose: kept in this browser, so that the next visit begins behind them. */
function usePassed (id: string): [passed: readonly string[], pass: (stage: Stage) => void, goBack: (stage: Stage) => void] {
  const key = `wizard.passed.${id}`
  const [passed, setPassed] = useState<readonly string[]>(() => JSON.parse(read(key) ?? '[]') as string[])
  const keep = (next: readonly string[]) => {
    setPassed(next)
    write(key, JSON.stringify(next))
  }
  return [passed, stage => keep([...passed, stage]), stage => keep(passed.filter(other => other !== stage))]
}
