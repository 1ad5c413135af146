import { Group, NumberInput, Select, TextInput } from '@mantine/core'
import { useState } from 'react'
import { useTexts } from '../../i18n/language.tsx'
import { statusWords } from '../../i18n/statuses.ts'
import { useSession } from '../../shell/session.tsx'
import { AmountInput, currencyOf, minorUnits } from '../../ui/amount.tsx'
import { Confirm } from '../../ui/confirm.tsx'
import { CsvButton } from '../../ui/csv.tsx'
import { type Column, type Filter, ResourceList, useFilters } from '../../ui/list.tsx'
import { Empty, Page } from '../../ui/page.tsx'
import { Status, When } from '../../ui/values.tsx'
import { type Plan, usePlanPrice } from './list.tsx'
import { subscriptions } from './texts.ts'

export default function PlansPage () {
  const words = useTexts(subscriptions)
  const named = useTexts(statusWords)
  const { may } = useSession()
  const priceOf = usePlanPrice()
  const filters: Filter[] = [
    { name: 'status', label: words.state, options: (['active', 'archived'] as const).map(value => ({ value, label: named[value] })) },
    { name: 'reference', label: words.reference }
  ]
  const [values] = useFilters(filters.map(({ name }) => name))
  const columns: Column<Plan>[] = [
    { name: words.plan, show: ({ name }) => name },
    { name: words.price, show: plan => priceOf(plan) },
    { name: words.state, show: ({ status }) => <Status value={status} /> },
    { name: words.created, show: ({ created_at: at }) => <When at={at} />, wide: true },
    ...(may('subscriptions:write') ? [{ name: words.archive, quiet: true, align: 'right' as const, show: ({ id, status }: Plan) => status === 'active' && <Confirm method='post' path='/v1/plans/{id}/archive' asked={{ path: { id } }} invalidates={['/v1/plans']} label={words.archive} title={words.archiveTitle} text={words.archiveText} yes={words.archive} done={words.archived} button={{ size: 'xs' }} /> }] : [])
  ]
  return (
    <Page
      title={words.plansTitle} lead={words.plansLead} back={{ to: '/subscriptions', text: words.title }}
      actions={<><CsvButton<Plan> path='/v1/plans' filters={filters} values={values} file='plans.csv' cells={({ id, status, name, amount, currency, interval, interval_count: count, trial_days: trial, reference, created_at: at }) => ({ id, status, name, amount, currency, interval, interval_count: count, trial_days: trial, reference, created_at: at })} />{may('subscriptions:write') && <NewPlan />}</>}
    >
      <ResourceList path='/v1/plans' caption={words.plansCaption} columns={columns} views='plans' filters={filters} empty={<Empty icon='repeat' title={words.plansEmptyTitle} text={words.plansEmptyText} />} />
    </Page>
  )
}

function NewPlan () {
  const words = useTexts(subscriptions)
  const { tenant } = useSession()
  const [form, setForm] = useState({ name: '', amount: '', currency: currencyOf(tenant.country), interval: 'month' as Plan['interval'], count: 1, trial: '', reference: '' })
  const amount = minorUnits(form.amount, form.currency)
  const trialGood = /^\d{0,3}$/.test(form.trial.trim())
  return (
    <Confirm
      method='post' path='/v1/plans' label={words.newPlan} title={words.newPlanTitle} yes={words.makePlan} done={words.planMade} invalidates={['/v1/plans']} button={{ variant: 'filled' }} ready={amount !== undefined && form.name.trim() !== '' && trialGood}
      asked={() => ({ body: { name: form.name.trim(), amount: amount!, currency: form.currency, interval: form.interval, interval_count: form.count, ...(form.trial.trim() !== '' && { trial_days: Number(form.trial) }), ...(form.reference.trim() !== '' && { reference: form.reference.trim() }) } })}
      onDone={() => setForm({ ...form, name: '', amount: '', reference: '' })}
    >
      <TextInput name='plan-name' label={words.planName} value={form.name} onChange={event => setForm({ ...form, name: event.currentTarget.value })} maxLength={200} required withAsterisk={false} data-autofocus />
      <AmountInput label={words.price} value={form.amount} currency={form.currency} onChange={value => setForm({ ...form, amount: value })} onCurrency={currency => setForm({ ...form, currency })} error={form.amount !== '' && amount === undefined ? words.amountWrong : undefined} />
      <Group grow>
        <NumberInput label={words.every} value={form.count} min={1} max={365} allowDecimal={false} onChange={next => setForm({ ...form, count: typeof next === 'number' ? next : 1 })} />
        <Select label={words.interval} data={(['day', 'week', 'month', 'year'] as const).map(value => ({ value, label: words[value] }))} value={form.interval} onChange={next => { if (next !== null) setForm({ ...form, interval: next }) }} allowDeselect={false} />
      </Group>
      <TextInput label={words.trialDays} inputMode='numeric' value={form.trial} onChange={event => setForm({ ...form, trial: event.currentTarget.value })} error={trialGood ? undefined : words.wholeNumber} />
      <TextInput label={words.reference} value={form.reference} onChange={event => setForm({ ...form, reference: event.currentTarget.value })} maxLength={200} />
    </Confirm>
  )
}
