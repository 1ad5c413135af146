import { Button, Group, Paper, Stack, Text, Title } from '@mantine/core'
import { Link, useLocation } from 'wouter'
import { useFormats } from '../../../i18n/format.ts'
import { useLanguage, useTexts } from '../../../i18n/language.tsx'
import { useSession } from '../../../shell/session.tsx'
import { type CheckItem, Checklist } from '../../../ui/checklist.tsx'
import type { Provider } from '../../../ui/schema-form.tsx'
import { wizard } from '../wizard-texts.ts'
import type { Connection } from './credentials.tsx'
import { isProof, usePaymentProof } from './payment.tsx'
import { useStampProof } from './stamp.tsx'
import type { Setup } from './webhook.tsx'

interface SetUp { provider: Provider, connection: Connection, setup: Setup }

/** The steps of the set-up as a checklist, and what the proof was. `done`: nothing is left that can be proven in this mode. */
export function useChecks ({ provider, connection, setup }: SetUp): { items: CheckItem[], done: boolean } {
  const words = useTexts(wizard)
  const { dateTime, money } = useFormats()
  const { language } = useLanguage()
  const { may, mode } = useSession()
  const pays = provider.families.includes('payments')
  const records = provider.families.includes('records')
  const stamps = records || provider.families.includes('invoicing')
  const payment = usePaymentProof(connection, { enabled: pays && may('payments:read') })
  const stamp = useStampProof(provider, connection, { enabled: stamps && may('invoices:read') })
  const paid = payment !== undefined && isProof(payment)
  const states: Record<Setup['steps'][number]['status'], CheckItem['state']> = { done: 'done', failed: 'failed', waiting: 'waiting', todo: 'todo', manual: 'todo' }
  const hints = Object.entries(connection.credentials).map(([name, { hint }]) => `${provider.credentials.properties[name]?.title[language] ?? name}: ${hint}`)
  const items: CheckItem[] = setup.steps.map(({ id, status, title, detail, at }) => ({
    id, state: states[status], title, detail: <>{at !== null && status === 'done' && <>{dateTime(at)}<br /></>}{(id === 'credentials' ? hints : status === 'done' || status === 'failed' || status === 'waiting' ? detail : []).map(line => <span key={line}>{line}<br /></span>)}</>
  }))
  const left = (live: string) => mode === 'live' ? live : words.proofNone
  if (pays) items.push({ id: 'payment', state: paid ? 'done' : payment === undefined ? 'todo' : 'waiting', title: words.proofPayment, detail: payment === undefined ? left(words.paymentLive) : `${money(payment.amount, payment.currency)} · ${payment.provider_reference ?? payment.id}${paid ? '' : ` · ${words.proofWaits}`}` })
  if (stamps) items.push({ id: 'stamp', state: stamp.done ? 'done' : stamp.invoice?.status === 'rejected' ? 'failed' : 'todo', title: records ? words.proofRecord : words.proofStamp, detail: stamp.done ? records ? `${stamp.record?.number} · ${stamp.record?.receipt ?? ''}` : stamp.invoice?.fiscal_id : left(records ? words.recordLive : words.stampLive) })
  return { items, done: items.every(({ id, state }) => state === 'done' || (mode === 'live' && (id === 'payment' || id === 'stamp'))) }
}

export function DoneStage ({ provider, connection, setup }: SetUp) {
  const words = useTexts(wizard)
  const { items, done } = useChecks({ provider, connection, setup })
  return (
    <Paper p='lg'>
      <Stack gap='lg'>
        <div><Title order={2}>{done ? words.doneTitle : words.almostTitle}</Title><Text size='sm' c='dimmed' mt={2}>{done ? words.doneLead : words.doneMissing}</Text></div>
        <Checklist items={items} />
        <Group>
          <Button component={Link} href={`/connections/${connection.id}`}>{words.toConnection}</Button>
          <Button component={Link} href='/connections' variant='default'>{words.toList}</Button>
          <GoLive provider={provider} connection={connection} />
        </Group>
      </Stack>
    </Paper>
  )
}

/** From a connection that is proven in test to the same provider in live mode; what differs stands there. */
export function GoLive ({ provider, connection }: { provider: Provider, connection: Connection }) {
  const words = useTexts(wizard)
  const { mode, setMode, may } = useSession()
  const [, go] = useLocation()
  if (mode !== 'test' || !provider.modes.includes('live') || !may('connections:write')) return null
  return (
    <Button
      variant='default' onClick={() => {
        setMode('live')
        go(`/connections/new?provider=${provider.id}&from=${connection.id}`)
      }}
    >{words.goLive}
    </Button>
  )
}
