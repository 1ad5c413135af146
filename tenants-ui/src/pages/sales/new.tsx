import { Button, Paper, Select, Stack, TextInput } from '@mantine/core'
import { useState } from 'react'
import { useLocation } from 'wouter'
import { fieldError, useChange } from '../../api/hooks.ts'
import { common } from '../../i18n/common.ts'
import { useTexts } from '../../i18n/language.tsx'
import { useSession } from '../../shell/session.tsx'
import { AmountInput, currencyOf, minorUnits } from '../../ui/amount.tsx'
import { CatalogueSelect } from '../../ui/catalogue.tsx'
import { Page } from '../../ui/page.tsx'
import { ProblemAlert } from '../../ui/problem.tsx'
import { sales } from './texts.ts'

export default function NewSalePage () {
  const words = useTexts(sales)
  const shared = useTexts(common)
  const { tenant } = useSession()
  const [, go] = useLocation()
  const [form, setForm] = useState({ amount: '', currency: currencyOf(tenant.country), description: '', form: '', wants: 'unknown', email: '', phone: '', reference: '' })
  const [tried, setTried] = useState(false)
  const make = useChange('post', '/v1/sales', { invalidates: ['/v1/sales'], onDone: ({ id }) => go(`/sales/${id}`, { replace: true }) })
  const amount = minorUnits(form.amount, form.currency)
  const customer = { ...(form.email.trim() !== '' && { email: form.email.trim() }), ...(form.phone.trim() !== '' && { phone: form.phone.trim() }) }
  const input = (name: 'description' | 'email' | 'phone' | 'reference', path: string = name) => ({ name, value: form[name], onChange: (event: { currentTarget: { value: string } }) => setForm({ ...form, [name]: event.currentTarget.value }), error: fieldError(make.error, path), autoComplete: 'off' })
  return (
    <Page title={words.newTitle} lead={words.newLead} back={{ to: '/sales', text: words.title }} narrow>
      <Paper p='lg'>
        <form
          noValidate onSubmit={event => {
            event.preventDefault()
            setTried(true)
            if (amount === undefined || make.isPending) return
            make.mutate({ body: { amount, currency: form.currency, ...(form.description.trim() !== '' && { description: form.description.trim() }), ...(form.form !== '' && { tenders: [{ form: form.form }], ...(form.wants !== 'unknown' && { requires_invoice: form.wants === 'yes' }) }), ...(Object.keys(customer).length > 0 && { customer }), ...(form.reference.trim() !== '' && { reference: form.reference.trim() }) } })
          }}
        >
          <Stack gap='md'>
            <AmountInput label={words.total} value={form.amount} currency={form.currency} onChange={value => setForm({ ...form, amount: value })} onCurrency={currency => setForm({ ...form, currency })} error={fieldError(make.error, 'amount') ?? fieldError(make.error, 'currency') ?? (tried && amount === undefined ? words.totalWrong : undefined)} />
            <TextInput label={`${words.what} (${shared.optional})`} maxLength={1000} {...input('description')} />
            <CatalogueSelect catalogue='c_FormaPago' label={words.paidHow} name='tender' value={form.form} onChange={next => setForm({ ...form, form: next })} allows={({ code }) => code !== '99'} error={fieldError(make.error, 'tenders[0].form')} />
            {form.form !== '' && tenant.country === 'MX' && <Select label={words.wantsInvoice} data={[{ value: 'unknown', label: words.wantsUnknown }, { value: 'yes', label: words.wantsYes }, { value: 'no', label: words.wantsNo }]} value={form.wants} onChange={next => setForm({ ...form, wants: next ?? 'unknown' })} allowDeselect={false} />}
            <TextInput label={`${words.email} (${shared.optional})`} type='email' {...input('email', 'customer.email')} />
            <TextInput label={`${words.phone} (${shared.optional})`} type='tel' {...input('phone', 'customer.phone')} />
            <TextInput label={`${words.reference} (${shared.optional})`} maxLength={200} {...input('reference')} />
            {make.isError && <ProblemAlert error={make.error} but={['amount', 'currency', 'description', 'tenders[0].form', 'customer.email', 'customer.phone', 'reference']} />}
            <Button type='submit' size='md' w='fit-content' loading={make.isPending}>{words.save}</Button>
          </Stack>
        </form>
      </Paper>
    </Page>
  )
}
