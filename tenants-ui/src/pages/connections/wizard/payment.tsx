import { Button, Group, Loader, Paper, Stack, Text, Title } from '@mantine/core'
import { useMutation } from '@tanstack/react-query'
import { type Answer, type ApiProblem, ask } from '../../../api/client.ts'
import { useRead, useRefresh } from '../../../api/hooks.ts'
import { common } from '../../../i18n/common.ts'
import { useFormats } from '../../../i18n/format.ts'
import { useTexts } from '../../../i18n/language.tsx'
import { useSession } from '../../../shell/session.tsx'
import { Checklist } from '../../../ui/checklist.tsx'
import { Icon } from '../../../ui/icons.tsx'
import { Facts } from '../../../ui/page.tsx'
import { ProblemAlert } from '../../../ui/problem.tsx'
import type { Provider } from '../../../ui/schema-form.tsx'
import { Copyable, Money, Status } from '../../../ui/values.tsx'
import { wizard } from '../wizard-texts.ts'
import type { Connection } from './credentials.tsx'

export type Payment = Answer<'get', '/v1/payments/{id}'>

/** Small, and more than any provider's least; minor units. */
const amounts: Record<string, number> = { MXN: 2_000, COP: 500_000, BRL: 500, ARS: 100_000, CLP: 1_000, PEN: 500, UYU: 10_000, USD: 200, EUR: 200 }
const currencyOf: Record<string, string> = { MX: 'MXN', CO: 'COP', BR: 'BRL', AR: 'ARS', CL: 'CLP', PE: 'PEN', UY: 'UYU', EC: 'USD', US: 'USD', ES: 'EUR' }

/** Which currency to test in: the account's own, the tenant's, or the first that the provider takes. */
function currencyFor (provider: Provider, connection: Connection, country: string): string {
  return [connection.account?.currency?.toUpperCase(), currencyOf[connection.account?.country ?? ''], currencyOf[country]].find(code => code !== undefined && provider.currencies.includes(code)) ?? provider.currencies[0] ?? 'USD'
}

/** What the test payment of a connection is called: so that it is found again by whoever comes back. */
export const proofReference = (connectionId: string): string => `wizard-${connectionId}`

/** The payment that proved a connection, or any that it made. */
export function usePaymentProof (connection: Connection, { enabled = true, wait = false }: { enabled?: boolean, wait?: boolean } = {}): Payment | undefined {
  const list = useRead('/v1/payments', { query: { connection: connection.id, limit: 20 } }, { enabled, every: answer => wait && best(answer?.data)?.status !== 'succeeded' ? 2_000 : false })
  return best(list.data?.data)
}

const best = (payments: readonly Payment[] = []): Payment | undefined => payments.find(({ status }) => status === 'succeeded' || status === 'authorized') ?? payments.find(({ status }) => status === 'requires_action' || status === 'processing') ?? payments[0]

/** Where the payer goes on, at the provider. */
const redirectOf = (payment: Payment | undefined): string | null => payment?.next_action?.type === 'redirect' ? String(payment.next_action.url) : null

/** A payment of pretended money, through the provider's own page where it has one. In live mode nothing is charged to test. */
export function PaymentStage ({ provider, connection, onGoOn }: { provider: Provider, connection: Connection, onGoOn: () => void }) {
  const words = useTexts(wizard)
  const shared = useTexts(common)
  const { money } = useFormats()
  const { mode, tenant, may } = useSession()
  const refresh = useRefresh()
  const reference = proofReference(connection.id)
  const currency = currencyFor(provider, connection, tenant.country)
  const amount = amounts[currency] ?? 1_000
  const checkout = provider.capabilities.includes('create_checkout')
  const offline = provider.methods.find(({ type }) => type === 'bank_transfer' || type === 'paypal')
  const sessions = useRead('/v1/checkout_sessions', { query: { connection: connection.id, reference, limit: 1 } }, { enabled: checkout && mode === 'test', every: 3_000 })
  const session = sessions.data?.data[0]
  const payment = usePaymentProof(connection, { enabled: mode === 'test', wait: true })
  const back = `${window.location.origin}/connections/${connection.id}/setup`
  const begin = useMutation<string | null, ApiProblem>({
    mutationFn: async () => {
      if (checkout) return (await ask('post', '/v1/checkout_sessions', { body: { amount, currency, connection: connection.id, reference, description: words.paymentTitle, success_url: back, cancel_url: back } })).url
      const made = await ask('post', '/v1/payments', { body: { amount, currency, connection: connection.id, reference, description: words.paymentTitle, method: { type: offline!.type }, return_url: back } })
      return redirectOf(made)
    },
    onSuccess: async () => await refresh(['/v1/checkout_sessions', '/v1/payments'])
  })
  const done = payment?.status === 'succeeded' || payment?.status === 'authorized'
  const url = session?.status === 'open' ? session.url : begin.data ?? redirectOf(payment)
  const waits = !done && (session?.status === 'open' || payment?.status === 'requires_action' || payment?.status === 'processing')

  return (
    <Stack gap='lg'>
      <Paper p='lg'>
        <Stack gap='md'>
          <div><Title order={2}>{words.paymentTitle}</Title><Text size='sm' c='dimmed' mt={2}>{mode === 'live' ? words.paymentLive : checkout || offline !== undefined ? words.paymentLead(money(amount, currency)) : words.paymentByYou}</Text></div>
          {begin.isError && <ProblemAlert error={begin.error} />}
          {mode === 'test' && !done && (
            <Group>
              {url !== null && waits
                ? <Button component='a' href={url} target='_blank' rel='noopener' size='md' rightSection={<Icon name='external' size={18} />} data-hosted>{words.paymentOpen}<span className='visually-hidden'> {shared.newTab}</span></Button>
                : (checkout || offline !== undefined) && !waits && may('payments:write') && <Button size='md' onClick={() => begin.mutate()} loading={begin.isPending}>{payment === undefined && session === undefined ? words.paymentStart : words.paymentAnother}</Button>}
            </Group>
          )}
          {mode === 'test' && waits && url !== null && (
            <Group gap='md' wrap='nowrap' role='status'>
              <Loader size='sm' aria-hidden='true' />
              <div><Text fw={600}>{words.paymentWaiting}</Text><Text size='sm' c='dimmed'>{words.paymentWaitingHelp}</Text></div>
            </Group>
          )}
          {payment !== undefined && (done || url === null) && <PaymentEvidence payment={payment} />}
        </Stack>
      </Paper>
      <Group><Button size='md' variant={done || mode === 'live' ? 'filled' : 'default'} onClick={onGoOn}>{done || mode === 'live' ? words.goOn : words.skip}</Button></Group>
    </Stack>
  )
}

export function PaymentEvidence ({ payment }: { payment: Payment }) {
  const words = useTexts(wizard)
  const done = payment.status === 'succeeded' || payment.status === 'authorized'
  return (
    <Stack gap='md' className='appear' data-payment={payment.status}>
      <Checklist items={[{ id: 'payment', state: done ? 'done' : payment.status === 'failed' ? 'failed' : 'waiting', title: done ? words.paymentSeen : words.paymentRegistered }]} />
      <Facts rows={[
        [words.amount, <Money key='amount' amount={payment.amount} currency={payment.currency} strong />],
        [words.state, <Status key='state' value={payment.status} />],
        payment.provider_reference !== null && [words.reference, <Copyable key='reference' value={payment.provider_reference} />]
      ]}
      />
    </Stack>
  )
}
