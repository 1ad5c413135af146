import { Button, Text } from '@mantine/core'
import { Link } from 'wouter'
import type { Answer } from '../../api/client.ts'
import { useRead } from '../../api/hooks.ts'
import { useLive } from '../../api/live.ts'
import { useFormats } from '../../i18n/format.ts'
import { useTexts } from '../../i18n/language.tsx'
import { statusWords } from '../../i18n/statuses.ts'
import { useSession } from '../../shell/session.tsx'
import { CsvButton } from '../../ui/csv.tsx'
import { Find } from '../../ui/find.tsx'
import { Icon } from '../../ui/icons.tsx'
import { type Column, type Filter, ResourceList, useFilters } from '../../ui/list.tsx'
import { Empty, Page } from '../../ui/page.tsx'
import { Status, When } from '../../ui/values.tsx'
import { subscriptions } from './texts.ts'

export type Subscription = Answer<'get', '/v1/subscriptions/{id}'>
export type Plan = Answer<'get', '/v1/plans/{id}'>
const statuses = ['active', 'trialing', 'past_due', 'unpaid', 'incomplete', 'paused', 'canceled', 'expired', 'unknown'] as const

/** What a plan costs, as people say it: `$199.00 MXN cada mes`. */
export function usePlanPrice (): (plan: Pick<Plan, 'amount' | 'currency' | 'interval' | 'interval_count'>) => string {
  const words = useTexts(subscriptions)
  const { money, number } = useFormats()
  return ({ amount, currency, interval, interval_count: count }) => `${money(amount, currency)} ${count === 1 ? words.everyOne(words[interval]) : words.everyOf(number(count), words[`${interval}s`])}`
}

export default function SubscriptionsPage () {
  const words = useTexts(subscriptions)
  const named = useTexts(statusWords) as Record<string, string>
  const { may } = useSession()
  const plans = useRead('/v1/plans', { query: { limit: 100 } })
  const customers = useRead('/v1/customers', { query: { limit: 100 } }, { enabled: may('customers:read') })
  const planOf = (id: string): string => plans.data?.data.find(plan => plan.id === id)?.name ?? id
  const customerOf = (id: string): string => {
    const found = customers.data?.data.find(customer => customer.id === id)
    return found?.name ?? found?.email ?? `${id.slice(0, 12)}…`
  }
  useLive(['/v1/subscriptions'], ['subscription.*'])
  const add = may('subscriptions:write') && <Button component={Link} href='/subscriptions/new' leftSection={<Icon name='plus' size={18} />}>{words.add}</Button>
  const filters: Filter[] = [
    { name: 'status', label: words.state, options: statuses.map(value => ({ value, label: named[value] ?? value })) },
    { name: 'plan', label: words.plan, options: (plans.data?.data ?? []).map(({ id, name }) => ({ value: id, label: name })) },
    { name: 'reference', label: words.reference, elsewhere: true },
    { name: 'created_from', label: words.from, kind: 'day-start' },
    { name: 'created_to', label: words.to, kind: 'day-end' }
  ]
  const [values] = useFilters(filters.map(({ name }) => name))
  const columns: Column<Subscription>[] = [
    { name: words.customer, show: ({ customer }) => customerOf(customer) },
    { name: words.plan, show: ({ plan, quantity }) => `${planOf(plan)}${quantity > 1 ? ` × ${quantity}` : ''}` },
    { name: words.state, show: ({ status }) => <Status value={status} /> },
    { name: words.reference, show: ({ reference }) => reference ?? '—', wide: true },
    { name: words.periodEnd, show: ({ current_period_end: at }) => <Text span size='sm' c='dimmed'><When at={at} /></Text>, wide: true }
  ]
  return (
    <Page
      title={words.title} lead={words.lead}
      actions={<><Find label={words.find} /><CsvButton<Subscription> path='/v1/subscriptions' filters={filters} values={values} file='subscriptions.csv' cells={({ id, status, customer, plan, quantity, reference, provider, current_period_end: end, cancel_at_period_end: ends, created_at: at }) => ({ id, status, customer, plan: planOf(plan), quantity, reference, provider, current_period_end: end, cancel_at_period_end: ends, created_at: at })} /><Button component={Link} href='/plans' variant='default'>{words.plans}</Button>{add}</>}
    >
      <ResourceList path='/v1/subscriptions' caption={words.caption} columns={columns} to={({ id }) => `/subscriptions/${id}`} views='subscriptions' filters={filters} empty={<Empty icon='repeat' title={words.emptyTitle} text={words.emptyText} action={add} />} />
    </Page>
  )
}
