import { Alert, Anchor, Button, Group, NumberInput, Radio, Select, Stack, Table, Text, Textarea } from '@mantine/core'
import { useMutation } from '@tanstack/react-query'
import { useState } from 'react'
import { Link, useParams } from 'wouter'
import { type Answer, type ApiProblem, ask } from '../../api/client.ts'
import { useRead } from '../../api/hooks.ts'
import { useLive } from '../../api/live.ts'
import { useFormats } from '../../i18n/format.ts'
import { useTexts } from '../../i18n/language.tsx'
import { statusWords } from '../../i18n/statuses.ts'
import { useSession } from '../../shell/session.tsx'
import { Confirm } from '../../ui/confirm.tsx'
import { History } from '../../ui/history.tsx'
import { Icon } from '../../ui/icons.tsx'
import { Facts, Page, Section, Waiting, Wide } from '../../ui/page.tsx'
import { ProblemAlert } from '../../ui/problem.tsx'
import { Share } from '../../ui/share.tsx'
import { Copyable, Money, Status, When } from '../../ui/values.tsx'
import { usePaymentAccounts, useSavedName } from '../payments/shown.tsx'
import { type Plan, type Subscription, usePlanPrice } from './list.tsx'
import { subscriptions } from './texts.ts'

const areas = ['/v1/subscriptions']
const shown = [...areas, '/v1/events', '/v1/operations']
const ended = new Set(['canceled', 'expired'])

export default function SubscriptionPage () {
  const { id } = useParams<{ id: string }>()
  const words = useTexts(subscriptions)
  const statuses = useTexts(statusWords) as Record<string, string>
  const { may } = useSession()
  const priceOf = usePlanPrice()
  const { nameOf } = usePaymentAccounts()
  useLive(shown, ['subscription.*', 'payment.*'])
  const subscription = useRead('/v1/subscriptions/{id}', { path: { id } }, { every: found => found === undefined || found.pending !== null || found.next_action !== null || found.status === 'incomplete' || found.status === 'unknown' ? 3_000 : 15_000 })
  const planId = subscription.data?.plan ?? ''
  const customerId = subscription.data?.customer ?? ''
  const plan = useRead('/v1/plans/{id}', { path: { id: planId } }, { enabled: planId !== '' })
  const customer = useRead('/v1/customers/{id}', { path: { id: customerId } }, { enabled: customerId !== '' && may('customers:read') })
  const back = { to: '/subscriptions', text: words.title }
  if (subscription.isError && subscription.data === undefined) return <Page title={words.subscription} back={back}><ProblemAlert error={subscription.error} again={() => { void subscription.refetch() }} /></Page>
  if (subscription.data === undefined) return <Page title={words.subscription} back={back}><Waiting rows={3} height={120} /></Page>
  const found = subscription.data
  const name = plan.data?.name ?? words.subscription
  return (
    <Page title={name} back={back} badge={<Status value={found.status} />} lead={customer.data?.name ?? customer.data?.email ?? undefined} actions={may('subscriptions:write') && <Actions subscription={found} />}>
      <Stack gap='lg' data-subscription={found.status}>
        {found.review !== null && (
          <Alert color='yellow' title={words.reviewTitle} icon={<Icon name='warning' />}>
            <Text size='sm'>{words.reviewText(found.review.reason, statuses[found.review.status] ?? found.review.status)}</Text>
            {may('subscriptions:write') && <Group mt='sm'><Resolve id={id} /></Group>}
          </Alert>
        )}
        {found.error !== null && <Alert color='red' title={words.error} icon={<Icon name='warning' />}>{found.error.message}{found.error.provider_message !== null && <Text size='sm' c='dimmed'>{found.provider}: {found.error.provider_message}</Text>}</Alert>}
        {found.next_action?.type === 'redirect' && <Section title={words.waits} lead={words.waitsLead}><Share url={String(found.next_action.url)} message={words.share(name)} email={customer.data?.email ?? undefined} phone={customer.data?.phone ?? undefined} /></Section>}
        <Section title={words.facts}>
          <Facts rows={[
            [words.subscription, <Copyable key='id' value={found.id} />],
            [words.customer, <Anchor key='customer' component={Link} href={`/customers/${found.customer}`} size='sm'>{customer.data?.name ?? customer.data?.email ?? found.customer}</Anchor>],
            [words.plan, plan.data === undefined ? found.plan : `${plan.data.name} · ${priceOf(plan.data)}`],
            found.quantity > 1 && [words.quantity, String(found.quantity)],
            [words.periodStart, <When key='start' at={found.current_period_start} exact />],
            [words.periodEnd, <When key='end' at={found.current_period_end} exact />],
            found.trial_ends_at !== null && [words.trialEnds, <When key='trial' at={found.trial_ends_at} exact />],
            found.cancel_at_period_end && [words.ends, <When key='ends' at={found.current_period_end} exact />],
            found.canceled_at !== null && [words.canceledAt, <When key='canceled' at={found.canceled_at} exact />],
            found.pending !== null && [words.underWay, <span key='pending' className='mono'>{found.pending}</span>],
            [words.connection, <Anchor key='connection' component={Link} href={`/connections/${found.connection}`} size='sm'>{nameOf(found.connection)}</Anchor>],
            found.provider_reference !== null && [words.providerReference, <Copyable key='reference' value={found.provider_reference} />],
            found.reference !== null && [words.reference, found.reference],
            [words.created, <When key='created' at={found.created_at} exact />]
          ]}
          />
        </Section>
        <Cycles id={id} />
        <Section title={words.history}><History subject={id} every={15_000} /></Section>
      </Stack>
    </Page>
  )
}

function Actions ({ subscription: found }: { subscription: Subscription }) {
  const words = useTexts(subscriptions)
  const [at, setAt] = useState<'now' | 'period_end'>('period_end')
  const path = { id: found.id }
  if (ended.has(found.status)) return null
  return (
    <>
      {(found.status === 'paused' || found.cancel_at_period_end) && <Confirm method='post' path='/v1/subscriptions/{id}/resume' asked={{ path }} invalidates={areas} label={words.resume} title={words.resumeTitle} text={words.resumeText} yes={words.resume} done={words.resumed} />}
      {found.status === 'active' && <Confirm method='post' path='/v1/subscriptions/{id}/pause' asked={{ path }} invalidates={areas} label={words.pause} title={words.pauseTitle} text={words.pauseText} yes={words.pause} done={words.paused} />}
      {(found.status === 'active' || found.status === 'trialing') && <Change subscription={found} />}
      {['active', 'trialing', 'past_due', 'unpaid', 'incomplete'].includes(found.status) && <ChangeMethod subscription={found} />}
      <Confirm method='post' path='/v1/subscriptions/{id}/cancel' asked={() => ({ path, body: { at } })} invalidates={areas} label={words.cancel} title={words.cancelTitle} text={words.cancelText} yes={words.cancelYes} done={words.canceled} danger>
        <Radio.Group label={words.cancelWhen} value={at} onChange={next => setAt(next as 'now')}>
          <Stack gap='xs' mt='xs'><Radio value='period_end' label={words.cancelEnd} /><Radio value='now' label={words.cancelNow} /></Stack>
        </Radio.Group>
      </Confirm>
    </>
  )
}

/** With what it is charged from now on: what helps one that is owed. */
function ChangeMethod ({ subscription: found }: { subscription: Subscription }) {
  const words = useTexts(subscriptions)
  const { may } = useSession()
  const savedName = useSavedName()
  const [method, setMethod] = useState(found.payment_method ?? '')
  const methods = useRead('/v1/customers/{id}/payment_methods', { path: { id: found.customer }, query: { status: 'active', limit: 100 } }, { enabled: may('customers:read') })
  const rows = methods.data?.data ?? []
  return (
    <Confirm method='patch' path='/v1/subscriptions/{id}' asked={() => ({ path: { id: found.id }, body: { payment_method: method } })} invalidates={areas} label={words.changeMethod} title={words.changeMethod} text={rows.length === 0 ? words.methodNone : words.changeMethodText} yes={words.changeMethodYes} done={words.changed} ready={method !== '' && method !== found.payment_method}>
      {rows.length > 0 && <Select label={words.saved} data={rows.map(saved => ({ value: saved.id, label: savedName(saved) }))} value={method === '' ? null : method} onChange={next => setMethod(next ?? '')} allowDeselect={false} />}
    </Confirm>
  )
}

/** Another plan or quantity, with what the provider says that it costs. */
function Change ({ subscription: found }: { subscription: Subscription }) {
  const words = useTexts(subscriptions)
  const { money } = useFormats()
  const priceOf = usePlanPrice()
  const plans = useRead('/v1/plans', { query: { status: 'active', limit: 100 } })
  const [form, setForm] = useState({ plan: found.plan, quantity: found.quantity, proration: 'prorate' as 'prorate' | 'none' })
  const own = plans.data?.data.find(({ id }) => id === found.plan)
  const choices: readonly Plan[] = (plans.data?.data ?? []).filter(({ currency }) => own === undefined || currency === own.currency)
  const body = { ...(form.plan !== found.plan && { plan: form.plan }), ...(form.quantity !== found.quantity && { quantity: form.quantity }), proration: form.proration }
  const changed = form.plan !== found.plan || form.quantity !== found.quantity
  const preview = useMutation<Answer<'post', '/v1/subscriptions/{id}/preview'>, ApiProblem>({ mutationFn: async () => await ask('post', '/v1/subscriptions/{id}/preview', { path: { id: found.id }, body }) })
  const set = (next: Partial<typeof form>) => {
    setForm({ ...form, ...next })
    preview.reset()
  }
  return (
    <Confirm method='patch' path='/v1/subscriptions/{id}' asked={() => ({ path: { id: found.id }, body })} invalidates={areas} label={words.change} title={words.changeTitle} yes={words.changeYes} done={words.changed} ready={changed}>
      <Select label={words.plan} data={choices.map(plan => ({ value: plan.id, label: `${plan.name} · ${priceOf(plan)}` }))} value={form.plan} onChange={next => { if (next !== null) set({ plan: next }) }} allowDeselect={false} />
      <NumberInput label={words.quantity} value={form.quantity} min={1} max={1_000_000} allowDecimal={false} onChange={next => set({ quantity: typeof next === 'number' ? next : 1 })} />
      <Select label={words.proration} data={[{ value: 'prorate', label: words.prorate }, { value: 'none', label: words.noProration }]} value={form.proration} onChange={next => { if (next !== null) set({ proration: next }) }} allowDeselect={false} />
      <Button variant='default' size='xs' w='fit-content' disabled={!changed} loading={preview.isPending} onClick={() => preview.mutate()}>{words.preview}</Button>
      {preview.isError && <ProblemAlert error={preview.error} />}
      {preview.data !== undefined && <Text size='sm' role='status'>{words.previewDue(money(preview.data.amount_due, preview.data.currency), money(preview.data.prorated, preview.data.currency))}</Text>}
    </Confirm>
  )
}

function Resolve ({ id }: { id: string }) {
  const words = useTexts(subscriptions)
  const [decision, setDecision] = useState<'accept_provider' | 'dismiss' | 'mark_canceled'>('accept_provider')
  const [reason, setReason] = useState('')
  return (
    <Confirm method='post' path='/v1/subscriptions/{id}/resolve_review' asked={() => ({ path: { id }, body: { decision, reason: reason.trim() } })} invalidates={areas} label={words.resolve} title={words.resolve} yes={words.resolve} done={words.resolveDone} ready={reason.trim().length >= 3} button={{ size: 'xs' }}>
      <Select label={words.decision} data={[{ value: 'accept_provider', label: words.acceptProvider }, { value: 'dismiss', label: words.dismiss }, { value: 'mark_canceled', label: words.markCanceled }]} value={decision} onChange={next => { if (next !== null) setDecision(next) }} allowDeselect={false} />
      <Textarea label={words.why} value={reason} onChange={event => setReason(event.currentTarget.value)} maxLength={1000} />
    </Confirm>
  )
}

function Cycles ({ id }: { id: string }) {
  const words = useTexts(subscriptions)
  const { date, number } = useFormats()
  const cycles = useRead('/v1/subscriptions/{id}/cycles', { path: { id }, query: { limit: 50 } }, { every: found => found === undefined || found.data.length === 0 || found.data.some(({ status, payment }) => status === 'open' || payment === null) ? 3_000 : 15_000 })
  const rows = cycles.data?.data ?? []
  return (
    <Section title={words.cycles}>
      {cycles.isError && <ProblemAlert error={cycles.error} again={() => { void cycles.refetch() }} />}
      {cycles.isPending && <Waiting rows={2} />}
      {cycles.data !== undefined && rows.length === 0 && <Text size='sm' c='dimmed'>{words.cyclesNone}</Text>}
      {rows.length > 0 && (
        <Wide label={words.cycles}>
          <Table>
            <Table.Thead><Table.Tr>{[words.period, words.amount, words.state, words.attempts, words.payment].map(name => <Table.Th key={name} scope='col'>{name}</Table.Th>)}</Table.Tr></Table.Thead>
            <Table.Tbody>
              {rows.map(cycle => (
                <Table.Tr key={cycle.id}>
                  <Table.Td className='nums'>{cycle.period_start === null ? '—' : date(cycle.period_start)}{cycle.period_end !== null && ` – ${date(cycle.period_end)}`}</Table.Td>
                  <Table.Td><Money amount={cycle.amount} currency={cycle.currency} /></Table.Td>
                  <Table.Td><Status value={cycle.status} />{cycle.error !== null && <Text size='xs' c='dimmed'>{cycle.error.message}</Text>}</Table.Td>
                  <Table.Td>{number(cycle.attempts)}{cycle.next_attempt_at !== null && <Text size='xs' c='dimmed'>{words.nextAttempt}: <When at={cycle.next_attempt_at} /></Text>}</Table.Td>
                  <Table.Td>{cycle.payment === null ? '—' : <Anchor component={Link} href={`/payments/${cycle.payment}`} size='sm'>{words.see}</Anchor>}</Table.Td>
                </Table.Tr>
              ))}
            </Table.Tbody>
          </Table>
        </Wide>
      )}
    </Section>
  )
}
