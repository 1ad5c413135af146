import { Button, SimpleGrid, Stack, Table, Text } from '@mantine/core'
import { Link } from 'wouter'
import type { Answer } from '../../api/client.ts'
import { useLive } from '../../api/live.ts'
import { type Table as TableOf, useTable } from '../../api/table.ts'
import { useFormats } from '../../i18n/format.ts'
import { useTexts } from '../../i18n/language.tsx'
import { useSession } from '../../shell/session.tsx'
import { Confirm } from '../../ui/confirm.tsx'
import { type Column, ResourceList } from '../../ui/list.tsx'
import { Live } from '../../ui/live.tsx'
import { Empty, Page, Section, Waiting, Wide } from '../../ui/page.tsx'
import { ProblemAlert } from '../../ui/problem.tsx'
import { useShortId } from '../../ui/subject.tsx'
import { Money, When } from '../../ui/values.tsx'
import { isException, legs, legTexts, MatchState, states } from './state.tsx'
import { reconciliation } from './texts.ts'

type Item = Answer<'get', '/v1/reports/reconciliation/{id}'>
const path = '/v1/reports/reconciliation'

export default function ReconciliationPage () {
  const words = useTexts(reconciliation)
  const { may } = useSession()
  const short = useShortId()
  const { date } = useFormats()
  const whole = useTable(path, { limit: 1 }, { every: 15_000 })
  const live = useLive([path])
  const columns: Column<Item>[] = [
    { name: words.subject, show: ({ leg, subject }) => <>{words[legTexts[leg]]}<Text size='xs' c='dimmed' className='nums' title={subject}>{short(subject)}</Text></> },
    { name: words.status, show: ({ status, resolution }) => <MatchState status={status} resolved={resolution !== null && resolution.reopened_at === null} /> },
    { name: words.expected, align: 'right', wide: true, show: ({ expected, currency }) => expected === null ? '—' : <Money amount={expected} currency={currency} /> },
    { name: words.found, align: 'right', wide: true, show: ({ found, found_currency: other, currency }) => found === null ? '—' : <Money amount={found} currency={other ?? currency} /> },
    { name: words.difference, align: 'right', show: ({ difference, currency }) => difference === 0 ? '—' : <Money amount={difference} currency={currency} strong /> },
    { name: words.since, show: ({ since }) => <Text span size='sm' c='dimmed'><time dateTime={since}>{date(since)}</time></Text>, wide: true }
  ]
  return (
    <Page
      title={words.title} badge={live && <Live />} lead={words.lead}
      actions={
        <>
          <Button component={Link} href='/reconciliation/rules' variant='default'>{words.settings}</Button>
          {may('payments:write') && <Confirm method='post' path='/v1/reports/reconciliation/run' asked={{ body: {} }} invalidates={[path]} label={words.run} title={words.runTitle} text={words.runText} yes={words.run} done={words.running} />}
        </>
      }
    >
      <Stack gap='lg'>
        {whole.isError && <ProblemAlert error={whole.error} again={() => { void whole.refetch() }} />}
        {whole.isPending && <SimpleGrid cols={{ base: 1, xl: 2 }} spacing='lg'><Waiting rows={1} height={225} /><Waiting rows={1} height={190} /></SimpleGrid>}
        {whole.data !== undefined && <Sums whole={whole.data} />}
        <ResourceList
          path={path} caption={words.caption} columns={columns} to={({ id }) => `/reconciliation/${id}`} views='reconciliation'
          filters={[
            { name: 'leg', label: words.leg, options: legs.map(value => ({ value, label: words[legTexts[value]] })) },
            { name: 'status', label: words.status, options: [{ value: 'exception', label: words.exceptions }, ...states.map(value => ({ value, label: value === 'expected' ? words.waiting : words[value] }))] },
            { name: 'resolved', label: words.resolvedFilter, options: [{ value: 'false', label: words.resolvedNo }, { value: 'true', label: words.resolvedYes }] },
            { name: 'subject', label: words.subject }
          ]}
          exports={[{ label: words.csv, path, query: { format: 'csv' }, file: 'reconciliation.csv' }, { label: words.xlsx, path, query: { format: 'xlsx' }, file: 'reconciliation.xlsx' }]}
          empty={<Empty icon='scale' title={words.emptyTitle} text={words.emptyText} />}
        />
      </Stack>
    </Page>
  )
}

function Sums ({ whole: { totals, ageing, last_run_at: last } }: { whole: TableOf<typeof path> }) {
  const words = useTexts(reconciliation)
  const { number } = useFormats()
  return (
    <SimpleGrid cols={{ base: 1, xl: 2 }} spacing='lg'>
      <Section title={words.totals} lead={last === null ? words.never : <>{words.lastRun}: <When at={last} />.</>}>
        {totals.length === 0
          ? <Text size='sm' c='dimmed'>{words.emptyTitle}</Text>
          : (
            <Wide label={words.totals} width={380}>
              <Table verticalSpacing={6} horizontalSpacing='xs'>
                <Table.Thead><Table.Tr><Table.Th scope='col'>{words.leg}</Table.Th><Table.Th scope='col'>{words.status}</Table.Th><Table.Th scope='col' ta='right'>{words.count}</Table.Th><Table.Th scope='col' ta='right'>{words.difference}</Table.Th></Table.Tr></Table.Thead>
                <Table.Tbody>
                  {totals.map(({ leg, status, resolved, currency, count, difference }) => (
                    <Table.Tr key={`${leg} ${status} ${resolved} ${currency}`}>
                      <Table.Td>{words[legTexts[leg]]}</Table.Td><Table.Td><MatchState status={status} resolved={resolved && isException(status)} /></Table.Td>
                      <Table.Td ta='right' className='nums'>{number(count)}</Table.Td><Table.Td ta='right'>{difference === 0 ? '—' : <Money amount={difference} currency={currency} />}</Table.Td>
                    </Table.Tr>
                  ))}
                </Table.Tbody>
              </Table>
            </Wide>
            )}
      </Section>
      <Section title={words.ageing}>
        {ageing.length === 0
          ? <Text size='sm' c='dimmed'>{words.ageingNone}</Text>
          : (
            <Wide label={words.ageing} width={300}>
              <Table verticalSpacing={6}>
                <Table.Thead><Table.Tr><Table.Th scope='col'>{words.since}</Table.Th><Table.Th scope='col' ta='right'>{words.count}</Table.Th><Table.Th scope='col' ta='right'>{words.difference}</Table.Th></Table.Tr></Table.Thead>
                <Table.Tbody>{ageing.map(({ age, currency, count, difference }) => <Table.Tr key={`${age} ${currency}`}><Table.Td>{words.age(age)}</Table.Td><Table.Td ta='right' className='nums'>{number(count)}</Table.Td><Table.Td ta='right'><Money amount={difference} currency={currency} /></Table.Td></Table.Tr>)}</Table.Tbody>
              </Table>
            </Wide>
            )}
      </Section>
    </SimpleGrid>
  )
}
