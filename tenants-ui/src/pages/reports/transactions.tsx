import { Text } from '@mantine/core'
import { type Table, useTable } from '../../api/table.ts'
import { useFormats } from '../../i18n/format.ts'
import { useTexts } from '../../i18n/language.tsx'
import { statusWords } from '../../i18n/statuses.ts'
import { type Column, type Filter, ResourceList } from '../../ui/list.tsx'
import { Empty } from '../../ui/page.tsx'
import { useShortId } from '../../ui/subject.tsx'
import { Money, Status, When } from '../../ui/values.tsx'
import { useNameOfProvider } from '../connections/names.ts'
import { ReportPage, Totals, useDays, useFiles, useTotalsQuery } from './frame.tsx'
import { reports } from './texts.ts'

type Row = Table<'/v1/reports/transactions'>['data'][number]
const statuses = ['requires_payment_method', 'requires_action', 'processing', 'authorized', 'succeeded', 'canceled', 'failed', 'expired', 'unknown', 'pending'] as const

export default function TransactionsReport () {
  const words = useTexts(reports)
  const named = useTexts(statusWords)
  const { number, money } = useFormats()
  const short = useShortId()
  const nameOf = useNameOfProvider()
  const filters: Filter[] = [
    ...useDays(),
    { name: 'type', label: words.type, options: (['payment', 'refund'] as const).map(value => ({ value, label: words[value] })) },
    { name: 'status', label: words.status, options: statuses.map(value => ({ value, label: named[value] })) },
    { name: 'currency', label: words.currency },
    { name: 'reference', label: words.reference }
  ]
  const totals = useTable('/v1/reports/transactions', useTotalsQuery(filters))
  const columns: Column<Row>[] = [
    { name: words.type, show: ({ type, reference, payment }) => <>{words[type]}<Text size='xs' c='dimmed' className='breaks'>{reference ?? short(payment)}</Text></> },
    { name: words.status, show: ({ status }) => <Status value={status} />, wide: true },
    { name: words.amount, align: 'right', show: ({ amount, currency }) => <Money amount={amount} currency={currency} /> },
    { name: words.fee, align: 'right', wide: true, show: ({ fee, fee_currency: currency, fee_source: source }) => fee === null || currency === null ? '—' : <><Money amount={fee} currency={currency} />{source === 'expected' && <Text size='xs' c='dimmed'>{words.expectedFee}</Text>}</> },
    { name: words.net, align: 'right', wide: true, show: ({ net, currency }) => net === null ? '—' : <Money amount={net} currency={currency} /> },
    { name: words.provider, show: ({ provider }) => nameOf(provider), wide: true },
    { name: words.created, show: ({ created_at: at }) => <Text span size='sm' c='dimmed'><When at={at} /></Text>, wide: true }
  ]
  return (
    <ReportPage
      report='transactions'
      totals={<Totals read={totals} heads={[words.currency, words.count, words.captured, words.refunded, words.fees, words.net]} rows={(totals.data?.totals ?? []).map(({ currency, payments, captured, refunded, fees, net }) => [currency, number(payments), money(captured, currency), money(refunded, currency), money(fees, currency), money(net, currency)])} />}
    >
      <ResourceList path='/v1/reports/transactions' caption={words.transactionsCaption} columns={columns} filters={filters} to={({ payment }) => `/payments/${payment}`} views='report-transactions' exports={useFiles('/v1/reports/transactions', 'transactions')} empty={<Empty icon='chart' title={words.emptyTitle} text={words.emptyText} />} />
    </ReportPage>
  )
}
