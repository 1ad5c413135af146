import { Alert, Button, Checkbox, Paper, Radio, Select, Stack, Text, TextInput } from '@mantine/core'
import { useMutation } from '@tanstack/react-query'
import { useRef, useState } from 'react'
import { Link, useLocation, useSearchParams } from 'wouter'
import { type ApiProblem, ask } from '../../api/client.ts'
import { fieldError, useRead, useRefresh } from '../../api/hooks.ts'
import { common } from '../../i18n/common.ts'
import { useTexts } from '../../i18n/language.tsx'
import { useSession } from '../../shell/session.tsx'
import { AmountInput, currencyOf, minorUnits } from '../../ui/amount.tsx'
import { Page, Waiting } from '../../ui/page.tsx'
import { ProblemAlert } from '../../ui/problem.tsx'
import { CustomerSelect } from '../customers/select.tsx'
import { type Provider, useMethodName, usePaymentAccounts, useSavedName } from './shown.tsx'
import { payments } from './texts.ts'

type Way = 'page' | 'card' | 'link' | 'saved' | 'other'

/** Whose card fields can be shown here (card.tsx); the rest have their own pages. */
const withCardFields = ['stripe']

const can: Record<Way, (provider: Provider) => boolean> = {
  page: ({ capabilities }) => capabilities.includes('create_checkout'),
  card: ({ id }) => withCardFields.includes(id),
  link: ({ capabilities }) => capabilities.includes('create_payment_link'),
  saved: ({ capabilities }) => capabilities.includes('save_method'),
  other: ({ methods }) => methods.some(({ type }) => type !== 'card')
}

/** Takes money from somebody who is not here. Each way ends where the outcome is seen. */
export default function NewPaymentPage () {
  const words = useTexts(payments)
  const shared = useTexts(common)
  const nameOfMethod = useMethodName()
  const savedName = useSavedName()
  const { tenant } = useSession()
  const [params] = useSearchParams()
  const [, go] = useLocation()
  const refresh = useRefresh()
  const { accounts, isPending } = usePaymentAccounts()
  const asked = params.get('way') as Way | null
  const [way, setWay] = useState<Way>(asked !== null && asked in can ? asked : 'page')
  const [form, setForm] = useState({ amount: '', currency: currencyOf(tenant.country), description: '', reference: '', connection: '', method: '', email: '', name: '', many: '', customer: params.get('customer') ?? '', saved: '', manual: false })
  const [tried, setTried] = useState(false)
  const wish = useRef<{ key: string, said: string }>(undefined)
  const fitting = accounts.filter(({ provider }) => can[way](provider))
  const chosen = fitting.filter(({ connection }) => form.connection === '' || connection.id === form.connection)
  const methods = [...new Set(chosen.flatMap(({ provider }) => provider.methods.filter(({ type, currencies }) => type !== 'card' && (currencies === undefined || currencies.includes(form.currency))).map(({ type }) => type)))]
  const saved = useRead('/v1/customers/{id}/payment_methods', { path: { id: form.customer }, query: { status: 'active', limit: 100 } }, { enabled: way === 'saved' && form.customer !== '' })
  const amount = minorUnits(form.amount, form.currency)
  const many = form.many.trim() === '' ? null : /^[1-9]\d{0,5}$/.test(form.many.trim()) ? Number(form.many) : undefined
  const ready = amount !== undefined && fitting.length > 0 && (way !== 'saved' || form.saved !== '') && (way !== 'other' || form.method !== '') && (way !== 'link' || many !== undefined)

  const make = useMutation<string, ApiProblem>({
    mutationFn: async () => {
      const { currency } = form
      // A card’s fields and a saved method are of one account; with none named the first that can do it is told by name.
      const connection = form.connection !== '' ? form.connection : way === 'card' ? fitting[0]!.connection.id : undefined
      const base = { amount: amount!, currency, ...(form.description.trim() !== '' && { description: form.description.trim() }), ...(form.reference.trim() !== '' && { reference: form.reference.trim() }), ...(connection !== undefined && { connection }) }
      const person = { ...(form.email.trim() !== '' && { email: form.email.trim() }), ...(form.name.trim() !== '' && { name: form.name.trim() }) }
      const customer = Object.keys(person).length === 0 ? {} : { customer: person }
      const capture = form.manual ? { capture: 'manual' as const } : {}
      const back = `${window.location.origin}/thanks`
      const said = JSON.stringify([way, base, person, form])
      if (wish.current?.said !== said) wish.current = { key: crypto.randomUUID(), said }
      const idempotencyKey = wish.current.key
      switch (way) {
        case 'page': return `/payments/sessions/${(await ask('post', '/v1/checkout_sessions', { body: { ...base, ...customer, ...capture, success_url: back, cancel_url: back }, idempotencyKey })).id}`
        case 'link': return `/payments/links/${(await ask('post', '/v1/payment_links', { body: { ...base, ...capture, ...(typeof many === 'number' && { max_payments: many }) }, idempotencyKey })).id}`
        case 'card': return `/payments/${(await ask('post', '/v1/payments', { body: { ...base, ...customer, ...capture }, idempotencyKey })).id}/card`
        case 'saved': return `/payments/${(await ask('post', '/v1/payments', { body: { ...base, ...capture, customer: form.customer, off_session: true, method: { type: saved.data?.data.find(({ id }) => id === form.saved)?.type ?? 'card', payment_method: form.saved } }, idempotencyKey })).id}`
        case 'other': return `/payments/${(await ask('post', '/v1/payments', { body: { ...base, ...customer, method: { type: form.method }, return_url: back }, idempotencyKey })).id}`
      }
    },
    onError: ({ status, code }) => { if (status >= 400 && status < 500 && code !== 'idempotency_in_progress') wish.current = undefined },
    onSuccess: async place => {
      wish.current = undefined
      await refresh(['/v1/payments', '/v1/payment_links', '/v1/checkout_sessions'])
      // The card's fields need a page with a policy of its own, which only the server gives.
      if (place.endsWith('/card')) window.location.assign(place)
      else go(place, { replace: true })
    }
  })
  const input = (name: 'description' | 'reference' | 'email' | 'name' | 'many', path: string = name) => ({ name, value: form[name], onChange: (event: { currentTarget: { value: string } }) => setForm({ ...form, [name]: event.currentTarget.value }), error: fieldError(make.error, path), autoComplete: 'off' })
  const ways: [Way, string, string][] = [['page', words.wayPage, words.wayPageText], ['link', words.wayLink, words.wayLinkText], ['card', words.wayCard, words.wayCardText], ['saved', words.waySaved, words.waySavedText], ['other', words.wayOther, words.wayOtherText]]

  return (
    <Page title={words.newTitle} lead={words.newLead} back={{ to: '/payments', text: words.title }} narrow>
      {isPending && <Waiting rows={4} height={64} />}
      {!isPending && (
        <form
          noValidate onSubmit={event => {
            event.preventDefault()
            setTried(true)
            if (ready && !make.isPending) make.mutate()
          }}
        >
          <Stack gap='lg'>
            <Paper p='lg'>
              <Radio.Group label={words.how} value={way} onChange={next => setWay(next as Way)} name='way'>
                <Stack gap='sm' mt='sm'>{ways.map(([value, label, text]) => <Radio key={value} value={value} label={label} description={text} disabled={!accounts.some(({ provider }) => can[value](provider))} />)}</Stack>
              </Radio.Group>
            </Paper>
            {fitting.length === 0
              ? <Alert color='yellow'>{words.noneConnected} <Button component={Link} href='/connections/new?family=payments' size='xs' variant='default' mt='sm'>{words.connect}</Button></Alert>
              : (
                <Paper p='lg'>
                  <Stack gap='md'>
                    <AmountInput label={words.amount} value={form.amount} currency={form.currency} onChange={value => setForm({ ...form, amount: value })} onCurrency={currency => setForm({ ...form, currency, method: '' })} error={fieldError(make.error, 'amount') ?? fieldError(make.error, 'currency') ?? (tried && amount === undefined ? words.amountWrong : undefined)} />
                    <TextInput label={words.description} maxLength={1000} {...input('description')} />
                    <TextInput label={`${words.reference} (${shared.optional})`} maxLength={200} {...input('reference')} />
                    {fitting.length > 1 && <Select label={words.connection} placeholder={words.anyAccount} clearable data={fitting.map(({ connection }) => ({ value: connection.id, label: connection.label }))} value={form.connection === '' ? null : form.connection} onChange={next => setForm({ ...form, connection: next ?? '', method: '' })} clearButtonProps={{ 'aria-label': words.anyAccount }} />}
                    {way === 'other' && <Select label={words.method} data={methods.map(type => ({ value: type, label: nameOfMethod(type) }))} value={form.method === '' ? null : form.method} onChange={next => setForm({ ...form, method: next ?? '' })} error={fieldError(make.error, 'method.type') ?? (tried && form.method === '' ? shared.required : undefined)} searchable={methods.length > 8} />}
                    {way === 'saved' && (
                      <>
                        <CustomerSelect label={words.customer} value={form.customer} onChange={customer => setForm({ ...form, customer, saved: '' })} error={tried && form.customer === '' ? shared.required : undefined} />
                        {form.customer !== '' && (saved.data?.data.length === 0
                          ? <Text size='sm' c='dimmed'>{words.noMethods}</Text>
                          : <Select label={words.savedMethod} data={(saved.data?.data ?? []).map(method => ({ value: method.id, label: savedName(method) }))} value={form.saved === '' ? null : form.saved} onChange={next => setForm({ ...form, saved: next ?? '' })} error={tried && form.saved === '' ? shared.required : undefined} />)}
                      </>
                    )}
                    {(way === 'page' || way === 'other' || way === 'card') && (
                      <>
                        <TextInput label={way === 'other' ? words.email : `${words.email} (${shared.optional})`} type='email' {...input('email', 'customer.email')} />
                        <TextInput label={way === 'other' ? words.name : `${words.name} (${shared.optional})`} maxLength={200} {...input('name', 'customer.name')} />
                      </>
                    )}
                    {way === 'link' && <TextInput label={words.many} inputMode='numeric' {...input('many', 'max_payments')} error={fieldError(make.error, 'max_payments') ?? (many === undefined ? words.manyWrong : undefined)} />}
                    {way !== 'other' && <Checkbox label={words.manual} checked={form.manual} onChange={event => setForm({ ...form, manual: event.currentTarget.checked })} />}
                    {make.isError && <ProblemAlert error={make.error} but={['amount', 'currency', 'description', 'reference', 'method.type', 'customer.email', 'customer.name', 'max_payments']} />}
                    <Button type='submit' size='md' w='fit-content' loading={make.isPending}>{way === 'link' ? words.makeLink : way === 'saved' ? words.charge : words.go}</Button>
                  </Stack>
                </Paper>
                )}
          </Stack>
        </form>
      )}
    </Page>
  )
}
