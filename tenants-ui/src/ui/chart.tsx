import { Box, Collapse, Group, Table, Text, UnstyledButton } from '@mantine/core'
import { useState } from 'react'
import { useFormats } from '../i18n/format.ts'
import { useTexts } from '../i18n/language.tsx'
import { texts } from '../i18n/texts.ts'
import { Icon } from './icons.tsx'
import { Wide } from './page.tsx'

const words = texts({
  es: {
    table: 'Ver los números',
    hide: 'Ocultar los números',
    when: 'Cuándo',
    nothing: 'Nada en este tiempo.',
    most: (value: string) => `máx. ${value}`,
    summary: (label: string, totals: string) => `${label}. ${totals}.`
  },
  en: {
    table: 'Show the figures',
    hide: 'Hide the figures',
    when: 'When',
    nothing: 'Nothing in this time.',
    most: (value: string) => `max. ${value}`,
    summary: (label: string, totals: string) => `${label}. ${totals}.`
  }
})

const colors = { good: 'var(--mantine-color-teal-6)', bad: 'var(--mantine-color-red-6)', wait: 'var(--mantine-color-yellow-5)', off: 'var(--mantine-color-gray-5)', plain: 'var(--mantine-color-accent-5)' } as const

export interface ChartSeries {
  name: string
  tone: keyof typeof colors
  /** One for each step. */
  values: readonly number[]
}

const [width, gap] = [1000, 0.2]

/**
 * Figures over time as stacked bars, drawn here. To a screen reader it is one picture with its totals; everybody can open the
 * table behind it. `show` writes a value (money); numbers as they are without it.
 */
export function Bars ({ label, at, interval, series, height = 120, show }: { label: string, at: readonly string[], interval: 'hour' | 'day', series: readonly ChartSeries[], height?: number, show?: (value: number) => string }) {
  const text = useTexts(words)
  const { number, date, dateTime } = useFormats()
  const [open, setOpen] = useState(false)
  const write = show ?? ((value: number) => number(value))
  const whenOf = (instant: string) => interval === 'day' ? date(instant) : dateTime(instant)
  const most = Math.max(0, ...at.map((_, step) => sumOf(series.map(({ values }) => values[step] ?? 0))))
  const wide = width / Math.max(1, at.length)
  const filled = at.flatMap((instant, step) => series.some(({ values }) => (values[step] ?? 0) !== 0) ? [{ instant, step }] : [])
  const legend = series.map(({ name, values }) => `${name}: ${write(sumOf(values))}`)
  return (
    <Box component='figure' m={0}>
      <Group justify='space-between' gap='xs' mb={6} align='baseline'>
        <Group gap='md'>
          {series.map(({ name, tone }, index) => (
            <Group key={name} gap={6} wrap='nowrap'><Box w={10} h={10} style={{ borderRadius: 3, background: colors[tone], flexShrink: 0 }} /><Text size='xs' className='nums'>{legend[index]}</Text></Group>
          ))}
        </Group>
        {most > 0 && <Text size='xs' c='dimmed' className='nums'>{text.most(write(most))}</Text>}
      </Group>
      <svg role='img' aria-label={text.summary(label, legend.join(', '))} viewBox={`0 0 ${width} ${height}`} preserveAspectRatio='none' width='100%' height={most === 0 ? 28 : height} style={{ display: 'block', borderBottom: '1px solid var(--mantine-color-default-border)' }}>
        {filled.map(({ instant, step }) => stacked(series.map(({ values }) => values[step] ?? 0), most, height).map(({ index, y, tall }) => (
          <rect key={`${step} ${index}`} x={step * wide + wide * gap / 2} y={y} width={wide * (1 - gap)} height={tall} fill={colors[series[index]!.tone]}>
            <title>{`${whenOf(instant)} · ${series[index]!.name}: ${write(series[index]!.values[step] ?? 0)}`}</title>
          </rect>
        )))}
      </svg>
      <Group justify='space-between' mt={4}>
        <Text size='xs' c='dimmed'>{at[0] === undefined ? '' : whenOf(at[0])}</Text>
        <Text size='xs' c='dimmed'>{at.length < 2 ? '' : whenOf(at[at.length - 1]!)}</Text>
      </Group>
      {most === 0
        ? <Text size='xs' c='dimmed'>{text.nothing}</Text>
        : (
          <>
            <UnstyledButton onClick={() => setOpen(!open)} aria-expanded={open} aria-label={`${open ? text.hide : text.table}: ${label}`}><Group gap={4}><Icon name={open ? 'down' : 'right'} size={14} /><Text size='xs' c='var(--accent-text)'>{open ? text.hide : text.table}</Text></Group></UnstyledButton>
            <Collapse expanded={open}>
              {open && (
                <Wide label={label}>
                  <Table verticalSpacing={4} fz='xs'>
                    <Table.Thead><Table.Tr><Table.Th scope='col'>{text.when}</Table.Th>{series.map(({ name }) => <Table.Th key={name} scope='col' ta='right'>{name}</Table.Th>)}</Table.Tr></Table.Thead>
                    <Table.Tbody>{filled.map(({ instant, step }) => <Table.Tr key={instant}><Table.Td>{whenOf(instant)}</Table.Td>{series.map(({ name, values }) => <Table.Td key={name} ta='right' className='nums'>{write(values[step] ?? 0)}</Table.Td>)}</Table.Tr>)}</Table.Tbody>
                  </Table>
                </Wide>
              )}
            </Collapse>
          </>
          )}
    </Box>
  )
}

/** From the bottom up; what is there is seen, however little it is. */
function stacked (values: readonly number[], most: number, height: number): { index: number, y: number, tall: number }[] {
  let below = 0
  return values.flatMap((value, index) => {
    if (value <= 0 || most === 0) return []
    const tall = Math.max(2, value / most * (height - 6))
    below += tall
    return [{ index, y: height - below, tall }]
  })
}

const sumOf = (values: readonly number[]): number => values.reduce((sum, value) => sum + value, 0)
