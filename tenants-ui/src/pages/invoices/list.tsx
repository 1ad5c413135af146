import { Button, Text } from '@mantine/core'
import { Link } from 'wouter'
import { useLive } from '../../api/live.ts'
import { useFormats } from '../../i18n/format.ts'
import { useTexts } from '../../i18n/language.tsx'
import { statusWords } from '../../i18n/statuses.ts'
import { useSession } from '../../shell/session.tsx'
import { Find } from '../../ui/find.tsx'
import { Icon } from '../../ui/icons.tsx'
import { type Column, ResourceList, useFilters } from '../../ui/list.tsx'
import { Empty, Page } from '../../ui/page.tsx'
import { Status, When } from '../../ui/values.tsx'
import type { Invoice } from './form.ts'
import { invoices } from './texts.ts'

const statuses = ['issued', 'draft', 'queued', 'signed', 'submitted', 'unknown', 'rejected', 'cancel_requested', 'cancel_pending_acceptance', 'canceled', 'cancel_rejected'] as const

export function useKindName (): (kind: string) => string {
  const words = useTexts(invoices)
  const names: Record<string, string> = { invoice: words.kindInvoice, credit_note: words.kindCreditNote, debit_note: words.kindDebitNote, global_invoice: words.kindGlobal, transfer: words.kindTransfer, payment_receipt: words.kindReceipt, withholding: words.kindWithholding, delivery_note: words.kindDelivery, purchase_settlement: words.kindSettlement }
  return kind => names[kind] ?? kind
}

export const numberOf = ({ series, number, id }: Pick<Invoice, 'series' | 'number' | 'id'>): string => number === null ? `${id.slice(0, 12)}…` : `${series ?? ''}${series !== null && /\d$/.test(series) ? '-' : ''}${number}`

/** A fiscal amount: a decimal string, as the document says it. */
export function useFiscalMoney (): (amount: string, currency: string) => string {
  const { number } = useFormats()
  return (amount, currency) => `${number(Number(amount), { minimumFractionDigits: 2, maximumFractionDigits: 6 })} ${currency}`
}

export default function InvoicesPage () {
  const words = useTexts(invoices)
  const named = useTexts(statusWords)
  const { may } = useSession()
  const kindOf = useKindName()
  const money = useFiscalMoney()
  // The report has no such columns to look in.
  const [beside] = useFilters(['reference', 'fiscal_id'])
  useLive(['/v1/invoices'], ['invoice.*'])
  const add = may('invoices:write') && <Button component={Link} href='/invoices/new' leftSection={<Icon name='plus' size={18} />}>{words.add}</Button>
  const columns: Column<Invoice>[] = [
    { name: words.number, show: invoice => <>{invoice.number === null ? <Text span c='dimmed'>{words.unnumbered}</Text> : <span className='nums'>{numberOf(invoice)}</span>}<Text size='xs' c='dimmed' fw={400} className='breaks' hiddenFrom='sm'>{String(invoice.customer.name ?? '—')}</Text></> },
    { name: words.customer, show: ({ customer }) => <Text span size='sm' className='breaks'>{String(customer.name ?? '—')}</Text>, wide: true },
    { name: words.total, show: ({ totals, currency }) => <span className='nums'>{money(totals.total, currency)}</span>, align: 'right' },
    { name: words.state, show: ({ status, review }) => <><Status value={status} />{review !== null && <Status value='review' />}</> },
    { name: words.kind, show: ({ kind }) => kindOf(kind), wide: true },
    { name: words.paidState, show: ({ payment_status: status }) => status === 'not_applicable' ? '—' : <Status value={status} />, wide: true },
    { name: words.created, show: ({ created_at: at }) => <Text span size='sm' c='dimmed'><When at={at} /></Text>, wide: true }
  ]
  return (
    <Page title={words.title} lead={words.lead} actions={<><Find label={words.find} />{add}</>}>
      <ResourceList
        path='/v1/invoices' caption={words.caption} columns={columns} to={({ id }) => `/invoices/${id}`} views='invoices' every={15_000}
        filters={[
          { name: 'status', label: words.state, options: statuses.map(value => ({ value, label: named[value] })) },
          { name: 'kind', label: words.kind, options: ['invoice', 'credit_note', 'payment_receipt', 'global_invoice', 'transfer', 'withholding', 'delivery_note', 'purchase_settlement', 'debit_note'].map(value => ({ value, label: kindOf(value) })) },
          { name: 'customer_tax_id', label: words.taxId },
          { name: 'fiscal_id', label: words.fiscalId },
          { name: 'reference', label: words.reference, elsewhere: true },
          { name: 'created_from', label: words.from, kind: 'day-start' },
          { name: 'created_to', label: words.to, kind: 'day-end' }
        ]}
        {...(may('reports:read') && Object.keys(beside).length === 0 && { exports: (['csv', 'xlsx'] as const).map(format => ({ label: words[format], path: '/v1/reports/invoices' as const, query: { format }, file: `invoices.${format}` })) })}
        empty={<Empty icon='invoice' title={words.emptyTitle} text={words.emptyText} action={add} />}
      />
    </Page>
  )
}
