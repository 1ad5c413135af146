import { Text } from '@mantine/core'
import { type Table, useTable } from '../../api/table.ts'
import { useFormats } from '../../i18n/format.ts'
import { useTexts } from '../../i18n/language.tsx'
import { statusWords } from '../../i18n/statuses.ts'
import { type Column, type Filter, ResourceList } from '../../ui/list.tsx'
import { Empty } from '../../ui/page.tsx'
import { useShortId } from '../../ui/subject.tsx'
import { Money, Status, When } from '../../ui/values.tsx'
import { ReportPage, Totals, useDays, useFiles, useTotalsQuery, useTypeName } from './frame.tsx'
import { reports } from './texts.ts'

type Row = Table<'/v1/reports/invoices'>['data'][number]
const statuses = ['draft', 'queued', 'signed', 'submitted', 'unknown', 'issued', 'rejected', 'cancel_requested', 'cancel_pending_acceptance', 'canceled', 'cancel_rejected'] as const

export default function InvoicesReport () {
  const words = useTexts(reports)
  const named = useTexts(statusWords)
  const { number, money } = useFormats()
  const short = useShortId()
  const typeOf = useTypeName()
  const filters: Filter[] = [
    ...useDays(),
    { name: 'status', label: words.status, options: statuses.map(value => ({ value, label: named[value] })) },
    { name: 'stamped', label: words.stamped, options: [{ value: 'true', label: words.stamped }, { value: 'false', label: words.unstamped }] },
    { name: 'customer_tax_id', label: words.customer }
  ]
  const totals = useTable('/v1/reports/invoices', useTotalsQuery(filters))
  const columns: Column<Row>[] = [
    { name: words.number, show: ({ series, number: given, kind, id }) => <>{given === null ? short(id) : `${series ?? ''} ${given}`}<Text size='xs' c='dimmed'>{typeOf(kind)}</Text></> },
    { name: words.status, show: ({ status }) => <Status value={status} /> },
    { name: words.authority, show: ({ authority_status: status, authority_message: message }) => <Text span size='sm' c='dimmed' className='breaks' translate='no'>{message ?? status ?? '—'}</Text>, wide: true },
    { name: words.customer, show: ({ customer_tax_id: taxId }) => <span className='mono'>{taxId ?? '—'}</span>, wide: true },
    { name: words.amount, align: 'right', show: ({ amount, currency }) => <Money amount={amount} currency={currency} /> },
    { name: words.created, show: ({ created_at: at }) => <Text span size='sm' c='dimmed'><When at={at} /></Text>, wide: true }
  ]
  const counted = (count: number, amount: number, currency: string) => <>{number(count)}<Text size='xs' c='dimmed'>{money(amount, currency)}</Text></>
  return (
    <ReportPage
      report='invoices'
      totals={<Totals read={totals} heads={[words.kind, words.stampedCount, words.unstampedCount, words.canceledCount]} rows={(totals.data?.totals ?? []).map(({ currency, kind, stamped, stamped_amount: stampedAmount, unstamped, unstamped_amount: unstampedAmount, canceled, canceled_amount: canceledAmount }) => [`${typeOf(kind)} · ${currency}`, counted(stamped, stampedAmount, currency), counted(unstamped, unstampedAmount, currency), counted(canceled, canceledAmount, currency)])} />}
    >
      <ResourceList path='/v1/reports/invoices' caption={words.invoicesCaption} columns={columns} filters={filters} to={({ id }) => `/invoices/${id}`} views='report-invoices' exports={useFiles('/v1/reports/invoices', 'invoices')} empty={<Empty icon='chart' title={words.emptyTitle} text={words.emptyText} />} />
    </ReportPage>
  )
}
