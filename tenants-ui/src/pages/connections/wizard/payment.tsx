import { Button, Code, Group, Loader, Paper, Select, Stack, Text, Title } from '@mantine/core'
import { useMutation } from '@tanstack/react-query'
import { useState } from 'react'
import { type Answer, type ApiProblem, ask } from '../../../api/client.ts'
import { useRead, useRefresh } from '../../../api/hooks.ts'
import { common } from '../../../i18n/common.ts'
import { useFormats } from '../../../i18n/format.ts'
import { useTexts } from '../../../i18n/language.tsx'
import { useSession } from '../../../shell/session.tsx'
import { currencyOf } from '../../../ui/amount.tsx'
import { Checklist } from '../../../ui/checklist.tsx'
import { Confirm } from '../../../ui/confirm.tsx'
import { Icon } from '../../../ui/icons.tsx'
import { Facts } from '../../../ui/page.tsx'
import { ProblemAlert } from '../../../ui/problem.tsx'
import type { Provider } from '../../../ui/schema-form.tsx'
import { Copyable, Money, Status, When } from '../../../ui/values.tsx'
import { wizard } from '../wizard-texts.ts'
import { isOwnBank } from './bank-account.tsx'
import type { Connection } from './credentials.tsx'
import { EventWatch, type Setup } from './webhook.tsx'

export type Payment = Answer<'get', '/v1/payments/{id}'>

/** Small, and more than any provider's least; minor units. */
const amounts: Record<string, number> = { MXN: 2_000, COP: 500_000, BRL: 500, ARS: 100_000, CLP: 1_000, PEN: 500, UYU: 10_000, USD: 200, EUR: 200 }
/** Who pays where a provider wants the payer's document: nobody in particular, as each country writes that. */
const anybody: Record<string, string> = { MXN: 'XAXX010101000', COP: '222222222222', USD: '9999999999999' }

/** In which currency to test first: the account's own, the tenant's, or the first that the provider takes. */
function currencyFor (provider: Provider, connection: Connection, country: string): string {
  return [connection.account?.currency?.toUpperCase(), connection.account?.country === undefined ? undefined : currencyOf(connection.account.country), currencyOf(country)].find(code => code !== undefined && provider.currencies.includes(code)) ?? provider.currencies[0] ?? 'USD'
}

/** Methods that need nothing from a browser of the payer: told what to do, they pay elsewhere. A provider’s own name for it comes first. */
const elsewhere = ['bank_transfer', 'paypal', 'spei', 'oxxo', 'cash', 'efecty'] as const
function methodFor (provider: Provider, currency: string): string | undefined {
  const fits = (type: string) => provider.methods.some(method => method.type === type && (method.currencies === undefined || method.currencies.includes(currency)))
  return elsewhere.find(fits)
}

/** What the test payment of a connection is called: so that it is found again by whoever comes back. */
export const proofReference = (connectionId: string): string => `wizard-${connectionId}`

/** The payment that proved a connection, or any that it made. */
export function usePaymentProof (connection: Connection, { enabled = true, wait = false }: { enabled?: boolean, wait?: boolean } = {}): Payment | undefined {
  const list = useRead('/v1/payments', { query: { connection: connection.id, limit: 20 } }, { enabled, every: answer => wait && best(answer?.data)?.status !== 'succeeded' ? 2_000 : false })
  const found = best(list.data?.data)
  // What the payer does next is told of a payment that is read alone.
  const whole = useRead('/v1/payments/{id}', { path: { id: found?.id ?? '' } }, { enabled: enabled && wait && found !== undefined && isUnderWay(found) })
  return found !== undefined && whole.data?.id === found.id && whole.data.status === found.status ? whole.data : found
}

const best = (payments: readonly Payment[] = []): Payment | undefined => payments.find(isProof) ?? payments.find(isUnderWay) ?? payments[0]
export const isProof = ({ status }: Payment): boolean => status === 'succeeded' || status === 'authorized'
const isUnderWay = ({ status }: Payment): boolean => status === 'requires_action' || status === 'processing' || status === 'unknown'

/** Where the payer goes on, at the provider. */
function pageOf (payment: Payment | undefined): string | null {
  const action = payment?.next_action
  if (action == null) return null
  return action.type === 'redirect' ? String(action.url) : typeof action.hosted_url === 'string' ? action.hosted_url : null
}

/** A payment of pretended money, in the provider’s own way: its page, its voucher or transfer, or a card of the tenant’s own shop. In live mode nothing is charged to test. */
export function PaymentStage ({ provider, connection, setup, onGoOn }: { provider: Provider, connection: Connection, setup: Setup, onGoOn: () => void }) {
  const words = useTexts(wizard)
  const shared = useTexts(common)
  const { money, currency: currencyName } = useFormats()
  const { mode, tenant, session: { user }, may } = useSession()
  const refresh = useRefresh()
  const reference = proofReference(connection.id)
  const [currency, setCurrency] = useState(() => currencyFor(provider, connection, tenant.country))
  const amount = amounts[currency] ?? 1_000
  const checkout = provider.capabilities.includes('create_checkout')
  const method = methodFor(provider, currency)
  const sessions = useRead('/v1/checkout_sessions', { query: { connection: connection.id, reference, limit: 1 } }, { enabled: checkout && mode === 'test', every: 3_000 })
  const session = sessions.data?.data[0]
  const payment = usePaymentProof(connection, { enabled: mode === 'test', wait: true })
  const back = `${window.location.origin}/connections/${connection.id}/setup`
  const begin = useMutation<string | null, ApiProblem>({
    mutationFn: async () => {
      // Whoever tests is the payer; the number is nobody's, for providers that want one.
      const customer = { name: user.name, email: user.email, phone: '5555555555' }
      const shown = { amount, currency, connection: connection.id, reference, description: words.paymentTitle }
      if (checkout) return (await ask('post', '/v1/checkout_sessions', { body: { ...shown, customer, success_url: back, cancel_url: back } })).url
      return pageOf(await ask('post', '/v1/payments', { body: { ...shown, customer: { ...customer, ...(anybody[currency] !== undefined && { tax_id: anybody[currency] }) }, method: { type: method! }, return_url: back } }))
    },
    onSuccess: async () => await refresh(['/v1/checkout_sessions', '/v1/payments'])
  })
  const done = payment !== undefined && isProof(payment)
  const waits = !done && (session?.status === 'open' || (payment !== undefined && isUnderWay(payment)))
  const url = done ? null : session?.status === 'open' ? session.url : pageOf(payment) ?? (waits ? begin.data ?? null : null)
  const byYou = !checkout && (method === undefined || begin.error?.code === 'capability_not_supported')
  const canBegin = !byYou && may('payments:write')
  const begun = payment !== undefined || session !== undefined

  return (
    <Stack gap='lg'>
      <Paper p='lg'>
        <Stack gap='md'>
          <div><Title order={2}>{words.paymentTitle}</Title><Text size='sm' c='dimmed' mt={2}>{mode === 'live' ? words.paymentLive : byYou ? words.paymentByYou : checkout || method === 'paypal' ? words.paymentLead(money(amount, currency)) : isOwnBank(provider) ? words.paymentOwnBank(money(amount, currency)) : words.paymentElsewhere(money(amount, currency))}</Text></div>
          {begin.isError && <ProblemAlert error={begin.error} />}
          {mode === 'test' && !waits && !done && provider.currencies.length > 1 && <Select label={words.currency} maw={300} data={provider.currencies.map(code => ({ value: code, label: `${code} · ${currencyName(code)}` }))} value={currency} onChange={value => { if (value !== null) setCurrency(value) }} allowDeselect={false} searchable />}
          {mode === 'test' && !done && (
            url !== null && waits
              ? <Button component='a' href={url} target='_blank' rel='noopener' size='md' w='fit-content' rightSection={<Icon name='external' size={18} />} data-hosted>{words.paymentOpen}<span className='visually-hidden'> {shared.newTab}</span></Button>
              : canBegin && !waits && <Button size='md' w='fit-content' onClick={() => begin.mutate()} loading={begin.isPending}>{begun ? words.paymentAnother : words.paymentStart}</Button>
          )}
          {mode === 'test' && byYou && !done && (
            <Stack gap='xs'>
              <Text size='sm'>{words.paymentByYouHow}</Text>
              <Code block>{`POST /v1/payments\n${JSON.stringify({ amount, currency, connection: connection.id, method: { type: 'card', token: '…' } }, null, 2)}`}</Code>
            </Stack>
          )}
          {mode === 'test' && !done && (waits || byYou) && (
            <Group gap='md' wrap='nowrap' role='status' align='flex-start'>
              <Loader size='sm' mt={4} aria-hidden='true' />
              <div><Text fw={600}>{words.paymentWaiting}</Text><Text size='sm' c='dimmed'>{byYou ? words.paymentWaitingByYou : url !== null && (checkout || method === 'paypal') ? words.paymentWaitingHelp : isOwnBank(provider) ? words.paymentWaitingBank : words.paymentWaitingElsewhere}</Text></div>
            </Group>
          )}
          {payment !== undefined && <PaymentEvidence payment={payment} />}
          {waits && payment !== undefined && isOwnBank(provider) && may('payments:write') && (
            <Group><Confirm method='post' path='/v1/payments/{id}/resolve_review' asked={{ path: { id: payment.id }, body: { decision: 'mark_succeeded', reason: words.paymentTitle } }} invalidates={['/v1/payments']} label={words.pretendCame} title={words.pretendCame} text={words.pretendCameText} yes={words.pretendCame} /></Group>
          )}
        </Stack>
      </Paper>
      {mode === 'test' && <EventWatch connection={connection} setup={setup} />}
      <Group><Button size='md' variant={done || mode === 'live' ? 'filled' : 'default'} onClick={onGoOn}>{done || mode === 'live' ? words.goOn : words.skip}</Button></Group>
    </Stack>
  )
}

export function PaymentEvidence ({ payment }: { payment: Payment }) {
  const words = useTexts(wizard)
  const done = isProof(payment)
  const failed = payment.status === 'failed' || payment.status === 'canceled' || payment.status === 'expired'
  const told = (name: string): string | undefined => payment.next_action?.[name] === undefined ? undefined : String(payment.next_action[name])
  const row = (name: string, value: string | undefined) => value !== undefined && [name, <Copyable key={name} value={value} label={name} />] as const
  return (
    <Stack gap='md' className='appear' data-payment={payment.status}>
      <Checklist items={[{ id: 'payment', state: done ? 'done' : failed ? 'failed' : 'waiting', title: done ? words.paymentSeen : failed ? words.paymentFailed : words.paymentRegistered, detail: payment.error?.message }]} />
      <Facts rows={[
        [words.amount, <Money key='amount' amount={payment.amount} currency={payment.currency} strong />],
        [words.state, <Status key='state' value={payment.status} />],
        row(words.payReference, told('reference')),
        row(words.payAccount, told('clabe') ?? told('account')),
        told('beneficiary') !== undefined && [words.payBeneficiary, told('beneficiary')],
        told('expires_at') !== undefined && [words.payUntil, <When key='until' at={told('expires_at')!} exact />],
        payment.provider_reference !== null && [words.reference, <Copyable key='reference' value={payment.provider_reference} />]
      ]}
      />
    </Stack>
  )
}
