import { Text } from '@mantine/core'
import { type Table, useTable } from '../../api/table.ts'
import { useFormats } from '../../i18n/format.ts'
import { useTexts } from '../../i18n/language.tsx'
import { type Column, type Filter, ResourceList } from '../../ui/list.tsx'
import { Empty } from '../../ui/page.tsx'
import { Money, When } from '../../ui/values.tsx'
import { useNameOfProvider } from '../connections/names.ts'
import { ReportPage, Totals, useDays, useFiles, useTotalsQuery, useTypeName } from './frame.tsx'
import { reports } from './texts.ts'

type Row = Table<'/v1/reports/fees'>['data'][number]
const sources = { provider: 'told', expected: 'byContract', none: 'notKnown' } as const

export default function FeesReport () {
  const words = useTexts(reports)
  const { money } = useFormats()
  const nameOf = useNameOfProvider()
  const typeOf = useTypeName()
  const filters: Filter[] = [
    ...useDays(),
    { name: 'kind', label: words.kind, options: (['payment', 'adjustment', 'document'] as const).map(value => ({ value, label: words[value] })) },
    { name: 'source', label: words.source, options: (['provider', 'expected', 'none'] as const).map(value => ({ value, label: words[sources[value]] })) },
    { name: 'currency', label: words.currency }
  ]
  const totals = useTable('/v1/reports/fees', useTotalsQuery(filters))
  const columns: Column<Row>[] = [
    { name: words.kind, show: ({ kind, type, reference }) => <>{words[kind]}<Text size='xs' c='dimmed' className='breaks'>{reference ?? typeOf(type)}</Text></> },
    { name: words.amount, align: 'right', wide: true, show: ({ amount, amount_currency: currency }) => amount === null || currency === null ? '—' : <Money amount={amount} currency={currency} /> },
    { name: words.fee, align: 'right', show: ({ fee, currency }) => fee === null || currency === null ? '—' : <Money amount={fee} currency={currency} /> },
    { name: words.vat, align: 'right', wide: true, show: ({ vat, currency }) => vat === null || currency === null ? '—' : <Money amount={vat} currency={currency} /> },
    { name: words.expected, align: 'right', wide: true, show: ({ expected, currency }) => expected === null || currency === null ? '—' : <Money amount={expected} currency={currency} /> },
    { name: words.source, show: ({ source }) => words[sources[source]], wide: true },
    { name: words.provider, show: ({ provider }) => nameOf(provider), wide: true },
    { name: words.created, show: ({ at }) => <Text span size='sm' c='dimmed'><When at={at} /></Text> }
  ]
  return (
    <ReportPage
      report='fees'
      totals={<Totals read={totals} heads={[words.currency, words.sumTold, words.sumExpected, words.sumAdjustments, words.sumDocuments, words.sum]} rows={(totals.data?.totals ?? []).map(({ currency, told, expected, adjustments, documents, total }) => [currency, money(told, currency), money(expected, currency), money(adjustments, currency), money(documents, currency), money(total, currency)])} />}
    >
      <ResourceList path='/v1/reports/fees' caption={words.feesCaption} columns={columns} filters={filters} views='report-fees' exports={useFiles('/v1/reports/fees', 'fees')} empty={<Empty icon='chart' title={words.emptyTitle} text={words.emptyText} />} />
    </ReportPage>
  )
}
