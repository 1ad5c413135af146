import { Alert, Button, NumberInput, Paper, Select, Stack, TextInput } from '@mantine/core'
import { useState } from 'react'
import { Link, useLocation, useSearchParams } from 'wouter'
import { fieldError, useChange, useRead } from '../../api/hooks.ts'
import { common } from '../../i18n/common.ts'
import { useTexts } from '../../i18n/language.tsx'
import { Page, Waiting } from '../../ui/page.tsx'
import { ProblemAlert } from '../../ui/problem.tsx'
import { CustomerSelect } from '../customers/select.tsx'
import { useSavedName } from '../payments/shown.tsx'
import { usePlanPrice } from './list.tsx'
import { subscriptions } from './texts.ts'

export default function NewSubscriptionPage () {
  const words = useTexts(subscriptions)
  const shared = useTexts(common)
  const priceOf = usePlanPrice()
  const savedName = useSavedName()
  const [params] = useSearchParams()
  const [, go] = useLocation()
  const plans = useRead('/v1/plans', { query: { status: 'active', limit: 100 } })
  const [form, setForm] = useState({ customer: params.get('customer') ?? '', plan: params.get('plan') ?? '', method: '', quantity: 1, trial: '', reference: '' })
  const [tried, setTried] = useState(false)
  const methods = useRead('/v1/customers/{id}/payment_methods', { path: { id: form.customer }, query: { status: 'active', limit: 100 } }, { enabled: form.customer !== '' })
  const make = useChange('post', '/v1/subscriptions', { invalidates: ['/v1/subscriptions'], onDone: ({ id }) => go(`/subscriptions/${id}`, { replace: true }) })
  const trialGood = /^\d{0,3}$/.test(form.trial.trim())
  const ready = form.customer !== '' && form.plan !== '' && trialGood
  return (
    <Page title={words.newTitle} back={{ to: '/subscriptions', text: words.title }} narrow>
      {plans.isError && <ProblemAlert error={plans.error} again={() => { void plans.refetch() }} />}
      {plans.isPending && <Waiting rows={3} height={60} />}
      {plans.data?.data.length === 0 && <Alert color='yellow'>{words.noPlans} <Button component={Link} href='/plans' size='xs' variant='default'>{words.plans}</Button></Alert>}
      {plans.data !== undefined && plans.data.data.length > 0 && (
        <Paper p='lg'>
          <form
            noValidate onSubmit={event => {
              event.preventDefault()
              setTried(true)
              if (ready && !make.isPending) make.mutate({ body: { customer: form.customer, plan: form.plan, quantity: form.quantity, ...(form.method !== '' && { payment_method: form.method }), ...(form.trial.trim() !== '' && { trial_days: Number(form.trial) }), ...(form.reference.trim() !== '' && { reference: form.reference.trim() }), return_url: `${window.location.origin}/thanks` } })
            }}
          >
            <Stack gap='md'>
              <CustomerSelect label={words.customer} value={form.customer} onChange={customer => setForm({ ...form, customer, method: '' })} error={fieldError(make.error, 'customer') ?? (tried && form.customer === '' ? shared.required : undefined)} />
              <Select label={words.plan} data={plans.data.data.map(plan => ({ value: plan.id, label: `${plan.name} · ${priceOf(plan)}` }))} value={form.plan === '' ? null : form.plan} onChange={next => setForm({ ...form, plan: next ?? '' })} error={fieldError(make.error, 'plan') ?? (tried && form.plan === '' ? shared.required : undefined)} searchable />
              <Select label={words.saved} placeholder={words.savedNone} clearable data={(methods.data?.data ?? []).map(saved => ({ value: saved.id, label: savedName(saved) }))} value={form.method === '' ? null : form.method} onChange={next => setForm({ ...form, method: next ?? '' })} error={fieldError(make.error, 'payment_method')} clearButtonProps={{ 'aria-label': words.savedNone }} />
              <NumberInput label={words.quantity} value={form.quantity} min={1} max={1_000_000} allowDecimal={false} onChange={next => setForm({ ...form, quantity: typeof next === 'number' ? next : 1 })} error={fieldError(make.error, 'quantity')} />
              <TextInput label={words.trialDays} inputMode='numeric' value={form.trial} onChange={event => setForm({ ...form, trial: event.currentTarget.value })} error={fieldError(make.error, 'trial_days') ?? (trialGood ? undefined : words.wholeNumber)} />
              <TextInput label={`${words.reference} (${shared.optional})`} value={form.reference} onChange={event => setForm({ ...form, reference: event.currentTarget.value })} maxLength={200} error={fieldError(make.error, 'reference')} />
              {make.isError && <ProblemAlert error={make.error} but={['customer', 'plan', 'payment_method', 'quantity', 'trial_days', 'reference']} />}
              <Button type='submit' size='md' w='fit-content' loading={make.isPending}>{words.subscribe}</Button>
            </Stack>
          </form>
        </Paper>
      )}
    </Page>
  )
}
