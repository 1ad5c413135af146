import { Button, Paper, SimpleGrid, Stack, Text, TextInput } from '@mantine/core'
import { useState } from 'react'
import { useLocation, useParams } from 'wouter'
import { fieldError, useChange, useRead } from '../../api/hooks.ts'
import { useTexts } from '../../i18n/language.tsx'
import { tell } from '../../ui/notices.ts'
import { Page, Waiting } from '../../ui/page.tsx'
import { ProblemAlert } from '../../ui/problem.tsx'
import type { Customer } from './list.tsx'
import { customers } from './texts.ts'

const fields = ['name', 'email', 'phone', 'tax_id', 'reference'] as const
const places = ['line1', 'line2', 'city', 'state', 'postal_code', 'country'] as const
type Form = Record<typeof fields[number] | typeof places[number], string>

/** A new customer, or one that is changed. */
export default function EditCustomerPage () {
  const { id } = useParams<{ id?: string }>()
  const words = useTexts(customers)
  const customer = useRead('/v1/customers/{id}', { path: { id: id ?? '' } }, { enabled: id !== undefined })
  const back = id === undefined ? { to: '/customers', text: words.title } : { to: `/customers/${id}`, text: words.customer }
  const title = id === undefined ? words.newTitle : words.editTitle
  return (
    <Page title={title} back={back} narrow>
      {customer.isError && <ProblemAlert error={customer.error} again={() => { void customer.refetch() }} />}
      {id !== undefined && customer.isPending && <Waiting rows={6} height={56} />}
      {(id === undefined || customer.data !== undefined) && <CustomerForm customer={customer.data} />}
    </Page>
  )
}

function CustomerForm ({ customer }: { customer: Customer | undefined }) {
  const words = useTexts(customers)
  const [, go] = useLocation()
  const [form, setForm] = useState<Form>(() => Object.fromEntries([...fields.map(name => [name, customer?.[name] ?? '']), ...places.map(name => [name, customer?.address?.[name] ?? ''])]) as Form)
  const [empty, setEmpty] = useState(false)
  const onDone = ({ id }: { id: string }) => { tell(words.saved); go(`/customers/${id}`, { replace: true }) }
  const make = useChange('post', '/v1/customers', { invalidates: ['/v1/customers'], onDone })
  const change = useChange('patch', '/v1/customers/{id}', { invalidates: ['/v1/customers'], onDone })
  const error = make.error ?? change.error
  const save = () => {
    const said = Object.fromEntries(fields.flatMap(name => form[name].trim() === '' ? [] : [[name, form[name].trim()]]))
    const address = Object.fromEntries(places.flatMap(name => form[name].trim() === '' ? [] : [[name, name === 'country' ? form[name].trim().toUpperCase() : form[name].trim()]]))
    const all = { ...said, ...(Object.keys(address).length > 0 && { address }) }
    setEmpty(Object.keys(all).length === 0)
    if (Object.keys(all).length === 0) return
    if (customer === undefined) make.mutate({ body: all })
    // What was emptied is emptied there too.
    else change.mutate({ path: { id: customer.id }, body: { ...Object.fromEntries(fields.filter(name => customer[name] !== null).map(name => [name, null])), ...(customer.address !== null && { address: null }), ...all } })
  }
  const input = (name: keyof Form, path: string = name) => ({ name, value: form[name], onChange: (event: { currentTarget: { value: string } }) => setForm({ ...form, [name]: event.currentTarget.value }), error: fieldError(error, path), autoComplete: 'off' })
  return (
    <Paper p='lg'>
      <form
        noValidate onSubmit={event => {
          event.preventDefault()
          if (!make.isPending && !change.isPending) save()
        }}
      >
        <Stack gap='md'>
          <TextInput label={words.name} maxLength={200} {...input('name')} />
          <SimpleGrid cols={{ base: 1, sm: 2 }}>
            <TextInput label={words.email} type='email' maxLength={254} {...input('email')} />
            <TextInput label={words.phone} type='tel' maxLength={30} {...input('phone')} />
            <TextInput label={words.taxId} maxLength={30} {...input('tax_id')} />
            <TextInput label={words.reference} maxLength={200} {...input('reference')} />
            <TextInput label={words.line1} maxLength={200} {...input('line1', 'address.line1')} />
            <TextInput label={words.line2} maxLength={200} {...input('line2', 'address.line2')} />
            <TextInput label={words.city} maxLength={100} {...input('city', 'address.city')} />
            <TextInput label={words.region} maxLength={100} {...input('state', 'address.state')} />
            <TextInput label={words.postal} maxLength={20} {...input('postal_code', 'address.postal_code')} />
            <TextInput label={words.country} maxLength={2} {...input('country', 'address.country')} />
          </SimpleGrid>
          {empty && <Text size='sm' c='var(--mantine-color-error)' role='alert'>{words.nothing}</Text>}
          {error !== null && <ProblemAlert error={error} but={[...fields, ...places.map(name => `address.${name}`)]} />}
          <Button type='submit' size='md' w='fit-content' loading={make.isPending || change.isPending}>{words.save}</Button>
        </Stack>
      </form>
    </Paper>
  )
}
