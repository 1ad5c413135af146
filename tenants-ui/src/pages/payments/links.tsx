import { Button, Text } from '@mantine/core'
import { Link } from 'wouter'
import type { Answer } from '../../api/client.ts'
import { useLive } from '../../api/live.ts'
import { useTexts } from '../../i18n/language.tsx'
import { statusWords } from '../../i18n/statuses.ts'
import { useSession } from '../../shell/session.tsx'
import { CsvButton } from '../../ui/csv.tsx'
import { Find } from '../../ui/find.tsx'
import { Icon } from '../../ui/icons.tsx'
import { type Column, type Filter, ResourceList, useFilters } from '../../ui/list.tsx'
import { Empty, Page } from '../../ui/page.tsx'
import { Money, Status, When } from '../../ui/values.tsx'
import { payments } from './texts.ts'

type PaymentLink = Answer<'get', '/v1/payment_links/{id}'>
const statuses = ['open', 'complete', 'expired', 'failed', 'unknown'] as const

export default function PaymentLinksPage () {
  const words = useTexts(payments)
  const named = useTexts(statusWords)
  const { may } = useSession()
  useLive(['/v1/payment_links'], ['payment_link.*', 'payment.*'])
  const add = may('payments:write') && <Button component={Link} href='/payments/new?way=link' leftSection={<Icon name='plus' size={18} />}>{words.newLink}</Button>
  const filters: Filter[] = [
    { name: 'status', label: words.state, options: statuses.map(value => ({ value, label: named[value] })) },
    { name: 'reference', label: words.reference, elsewhere: true },
    { name: 'created_from', label: words.from, kind: 'day-start' },
    { name: 'created_to', label: words.to, kind: 'day-end' }
  ]
  const [values] = useFilters(filters.map(({ name }) => name))
  const columns: Column<PaymentLink>[] = [
    { name: words.description, show: ({ description, reference, id }) => description ?? reference ?? <span className='mono'>{id.slice(0, 12)}…</span> },
    { name: words.amount, show: ({ amount, currency }) => <Money amount={amount} currency={currency} /> },
    { name: words.state, show: ({ status }) => <Status value={status} /> },
    { name: words.paid, show: ({ totals, currency }) => <><Money amount={totals.amount} currency={currency} /> <Text span size='xs' c='dimmed'>({words.times(String(totals.payments))})</Text></>, wide: true },
    { name: words.created, show: ({ created_at: at }) => <Text span size='sm' c='dimmed'><When at={at} /></Text>, wide: true }
  ]
  return (
    <Page
      title={words.linksTitle} lead={words.linksLead} back={{ to: '/payments', text: words.title }}
      actions={<><Find label={words.find} /><CsvButton<PaymentLink> path='/v1/payment_links' filters={filters} values={values} file='payment_links.csv' cells={({ id, status, url, amount, currency, description, reference, totals, created_at: at }) => ({ id, status, url, amount, currency, description, reference, payments: totals.payments, paid: totals.amount, created_at: at })} />{add}</>}
    >
      <ResourceList path='/v1/payment_links' caption={words.linksCaption} columns={columns} to={({ id }) => `/payments/links/${id}`} views='payment_links' filters={filters} empty={<Empty icon='link' title={words.linksEmptyTitle} text={words.linksEmptyText} action={add} />} />
    </Page>
  )
}
