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
import { sales } from './texts.ts'

export type Sale = Answer<'get', '/v1/sales/{id}'>
const statuses = ['pending', 'paid', 'paid_invoice_pending', 'paid_invoiced', 'paid_global_pending', 'paid_in_global', 'paid_invoiced_elsewhere', 'refunded', 'canceled'] as const
const documents = ['undecided', 'link', 'invoicing', 'correcting', 'invoiced', 'global_pending', 'in_global', 'leaving_global', 'elsewhere'] as const

/** Who bought, as far as anybody said. */
export const buyerName = ({ customer }: Sale): string => String(customer?.name ?? (customer?.invoice as { name?: string } | undefined)?.name ?? customer?.email ?? '—')

export default function SalesPage () {
  const words = useTexts(sales)
  const named = useTexts(statusWords)
  const { may } = useSession()
  useLive(['/v1/sales'], ['sale.*'])
  const add = may('payments:write') && <Button component={Link} href='/sales/new' leftSection={<Icon name='plus' size={18} />}>{words.add}</Button>
  const filters: Filter[] = [
    { name: 'status', label: words.state, options: statuses.map(value => ({ value, label: named[value] })) },
    { name: 'document', label: words.document, options: documents.map(value => ({ value, label: words[value] })) },
    { name: 'ticket', label: words.ticket },
    { name: 'reference', label: words.reference, elsewhere: true },
    { name: 'created_from', label: words.from, kind: 'day-start' },
    { name: 'created_to', label: words.to, kind: 'day-end' }
  ]
  const [values] = useFilters(filters.map(({ name }) => name))
  const columns: Column<Sale>[] = [
    { name: words.ticket, show: ({ ticket }) => ticket },
    { name: words.amount, show: ({ amount, currency }) => <Money amount={amount} currency={currency} /> },
    { name: words.state, show: ({ status }) => <Status value={status} /> },
    { name: words.buyer, show: sale => <span className='breaks'>{buyerName(sale)}</span>, wide: true },
    { name: words.reference, show: ({ reference }) => reference ?? '—', wide: true },
    { name: words.soldAt, show: ({ sold_at: at }) => <Text span size='sm' c='dimmed'><When at={at} /></Text>, wide: true }
  ]
  return (
    <Page
      title={words.title} lead={words.lead}
      actions={<><Find label={words.find} /><CsvButton<Sale> path='/v1/sales' filters={filters} values={values} file='sales.csv' cells={sale => ({ id: sale.id, ticket: sale.ticket, status: sale.status, document: sale.document, amount: sale.amount, amount_refunded: sale.amount_refunded, currency: sale.currency, reference: sale.reference, payment: sale.payment, invoice: sale.invoice, sold_at: sale.sold_at, paid_at: sale.paid_at })} />{may('invoices:read') && <Button component={Link} href='/sales/global' variant='default'>{words.globals}</Button>}{add}</>}
    >
      <ResourceList path='/v1/sales' caption={words.caption} columns={columns} to={({ id }) => `/sales/${id}`} views='sales' filters={filters} empty={<Empty icon='sale' title={words.emptyTitle} text={words.emptyText} action={add} />} />
    </Page>
  )
}
