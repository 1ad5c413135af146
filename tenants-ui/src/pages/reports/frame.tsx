import { SegmentedControl, Stack, Table, Text } from '@mantine/core'
import type { ReactNode } from 'react'
import { useLocation } from 'wouter'
import type { Paths } from '../../api/client.ts'
import { useTexts } from '../../i18n/language.tsx'
import { type Filter, useFilters } from '../../ui/list.tsx'
import { Page, Section, Waiting, Wide } from '../../ui/page.tsx'
import { ProblemAlert } from '../../ui/problem.tsx'
import { useMethodName } from '../payments/shown.tsx'
import { series } from '../settings/texts-house.ts'
import { reports } from './texts.ts'

export type Report = 'transactions' | 'invoices' | 'fees'

/** What a document, a payment method or a movement is called. */
export function useTypeName (): (type: string) => string {
  const documents = useTexts(series) as Record<string, string>
  const methodOf = useMethodName()
  return type => documents[type] ?? methodOf(type).replaceAll('_', ' ')
}

/** What every report has around it: which one it is, its totals, and its lines. */
export function ReportPage ({ report, totals, children }: { report: Report, totals: ReactNode, children: ReactNode }) {
  const words = useTexts(reports)
  const [, go] = useLocation()
  return (
    <Page title={words.title} lead={words.lead} actions={<SegmentedControl aria-label={words.choice} value={report} onChange={value => go(`/reports/${value}`)} data={(['transactions', 'invoices', 'fees'] as const).map(value => ({ value, label: words[value] }))} />}>
      <Stack gap='lg'>
        {totals}
        {children}
      </Stack>
    </Page>
  )
}

/** Sums, one line for each currency. They are of everything that the filters leave, not of the page. */
export function Totals ({ read, heads, rows }: { read: { isPending: boolean, error: unknown }, heads: readonly string[], rows: readonly (readonly ReactNode[])[] }) {
  const words = useTexts(reports)
  return (
    <Section title={words.totals}>
      <ProblemAlert error={read.error} />
      {read.isPending && <Waiting rows={1} height={70} />}
      {!read.isPending && read.error === null && rows.length === 0 && <Text size='sm' c='dimmed'>{words.totalsNone}</Text>}
      {rows.length > 0 && (
        <Wide label={words.totals} width={560}>
          <Table>
            <Table.Thead><Table.Tr>{heads.map((head, index) => <Table.Th key={head} scope='col' {...(index > 0 && { ta: 'right' })}>{head}</Table.Th>)}</Table.Tr></Table.Thead>
            <Table.Tbody>{rows.map((row, line) => <Table.Tr key={line}>{row.map((value, index) => <Table.Td key={index} {...(index > 0 && { ta: 'right' })} className='nums'>{value}</Table.Td>)}</Table.Tr>)}</Table.Tbody>
          </Table>
        </Wide>
      )}
    </Section>
  )
}

/** The filters of the URL as the API takes them: of one line only, for its totals. */
export function useTotalsQuery (filters: readonly Filter[]): Record<string, string | number> {
  const [values] = useFilters(filters.map(({ name }) => name))
  const instants = Object.fromEntries(filters.flatMap(({ name, kind }) => {
    const value = values[name]
    if (kind === undefined || value === undefined) return []
    const day = new Date(`${value}T00:00:00`)
    if (kind === 'day-end') day.setDate(day.getDate() + 1)
    return Number.isNaN(day.getTime()) ? [] : [[name, day.toISOString()]]
  }))
  return { ...values, ...instants, limit: 1 }
}

/** The same rows as a file, with the filters of now. */
export function useFiles (path: Paths<'get'>, report: Report) {
  const words = useTexts(reports)
  return [{ label: words.csv, path, query: { format: 'csv' }, file: `${report}.csv` }, { label: words.xlsx, path, query: { format: 'xlsx' }, file: `${report}.xlsx` }]
}

/** Days and a currency: what every report is asked by. */
export function useDays (): Filter[] {
  const words = useTexts(reports)
  return [{ name: 'created_from', label: words.from, kind: 'day-start' }, { name: 'created_to', label: words.to, kind: 'day-end' }]
}
