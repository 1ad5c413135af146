import { Button, Group, Paper, Stack, Text, Title } from '@mantine/core'
import { Link, useLocation } from 'wouter'
import { useFormats } from '../../../i18n/format.ts'
import { useTexts } from '../../../i18n/language.tsx'
import { useSession } from '../../../shell/session.tsx'
import { type CheckItem, Checklist } from '../../../ui/checklist.tsx'
import type { Provider } from '../../../ui/schema-form.tsx'
import { wizard } from '../wizard-texts.ts'
import type { Connection } from './credentials.tsx'
import { usePaymentProof } from './payment.tsx'
import { useStampProof } from './stamp.tsx'
import type { Setup } from './webhook.tsx'

/** The steps of the set-up as a checklist, and what the proof was. */
export function SetupChecklist ({ provider, connection, setup }: { provider: Provider, connection: Connection, setup: Setup }) {
  const words = useTexts(wizard)
  const { dateTime, money } = useFormats()
  const { may, mode } = useSession()
  const pays = provider.families.includes('payments')
  const stamps = provider.families.includes('invoicing')
  const payment = usePaymentProof(connection, { enabled: pays && may('payments:read') })
  const invoice = useStampProof(connection, { enabled: stamps && may('invoices:read') })
  const paid = payment?.status === 'succeeded' || payment?.status === 'authorized'
  const stamped = invoice?.status === 'issued'
  const states: Record<Setup['steps'][number]['status'], CheckItem['state']> = { done: 'done', failed: 'failed', waiting: 'waiting', todo: 'todo', manual: 'todo' }
  const items: CheckItem[] = setup.steps.map(({ id, status, title, detail, at }) => ({
    id, state: states[status], title, detail: <>{at !== null && status === 'done' && <>{dateTime(at)}<br /></>}{status === 'done' && detail.map(line => <span key={line}>{line}<br /></span>)}</>
  }))
  if (pays) items.push({ id: 'payment', state: paid ? 'done' : 'todo', title: words.proofPayment, detail: paid ? `${money(payment!.amount, payment!.currency)} · ${payment!.provider_reference ?? payment!.id}` : mode === 'live' ? words.paymentLive : words.proofNone })
  if (stamps) items.push({ id: 'stamp', state: stamped ? 'done' : 'todo', title: words.proofStamp, detail: stamped ? invoice!.fiscal_id : mode === 'live' ? words.stampLive : words.proofNone })
  return <Checklist items={items} />
}

export function DoneStage ({ provider, connection, setup }: { provider: Provider, connection: Connection, setup: Setup }) {
  const words = useTexts(wizard)
  return (
    <Paper p='lg'>
      <Stack gap='lg'>
        <div><Title order={2}>{words.doneTitle}</Title><Text size='sm' c='dimmed' mt={2}>{setup.done ? words.doneLead : words.doneMissing}</Text></div>
        <SetupChecklist provider={provider} connection={connection} setup={setup} />
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
