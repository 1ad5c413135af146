import { Button, Text } from '@mantine/core'
import { Link } from 'wouter'
import type { Answer } from '../../api/client.ts'
import { useLive } from '../../api/live.ts'
import { useTexts } from '../../i18n/language.tsx'
import { useSession } from '../../shell/session.tsx'
import { CsvButton } from '../../ui/csv.tsx'
import { Find } from '../../ui/find.tsx'
import { Icon } from '../../ui/icons.tsx'
import { type Column, type Filter, ResourceList, useFilters } from '../../ui/list.tsx'
import { Empty, Page } from '../../ui/page.tsx'
import { When } from '../../ui/values.tsx'
import { customers } from './texts.ts'

export type Customer = Answer<'get', '/v1/customers/{id}'>

export default function CustomersPage () {
  const words = useTexts(customers)
  const { may } = useSession()
  useLive(['/v1/customers'], ['customer.*'])
  const add = may('customers:write') && <Button component={Link} href='/customers/new' leftSection={<Icon name='plus' size={18} />}>{words.add}</Button>
  const filters: Filter[] = [
    { name: 'email', label: words.email },
    { name: 'tax_id', label: words.taxId },
    { name: 'reference', label: words.reference, elsewhere: true },
    { name: 'created_from', label: words.from, kind: 'day-start' },
    { name: 'created_to', label: words.to, kind: 'day-end' }
  ]
  const [values] = useFilters(filters.map(({ name }) => name))
  const columns: Column<Customer>[] = [
    { name: words.name, show: ({ name, email, id }) => name ?? email ?? <span className='mono'>{id.slice(0, 12)}…</span> },
    { name: words.email, show: ({ email }) => <span className='breaks'>{email ?? '—'}</span> },
    { name: words.taxId, show: ({ tax_id: taxId }) => <span className='mono'>{taxId ?? '—'}</span>, wide: true },
    { name: words.reference, show: ({ reference }) => reference ?? '—', wide: true },
    { name: words.created, show: ({ created_at: at }) => <Text span size='sm' c='dimmed'><When at={at} /></Text>, wide: true }
  ]
  return (
    <Page
      title={words.title} lead={words.lead}
      actions={<><Find label={words.find} /><CsvButton<Customer> path='/v1/customers' filters={filters} values={values} file='customers.csv' cells={({ id, name, email, phone, tax_id: taxId, reference, created_at: at }) => ({ id, name, email, phone, tax_id: taxId, reference, created_at: at })} />{add}</>}
    >
      <ResourceList path='/v1/customers' caption={words.caption} columns={columns} to={({ id }) => `/customers/${id}`} views='customers' filters={filters} empty={<Empty icon='people' title={words.emptyTitle} text={words.emptyText} action={add} />} />
    </Page>
  )
}
