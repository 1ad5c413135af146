import { Button } from '@mantine/core'
import { useState } from 'react'
import { ask, type Asked, type Paths } from '../api/client.ts'
import { common } from '../i18n/common.ts'
import { useTexts } from '../i18n/language.tsx'
import { texts } from '../i18n/texts.ts'
import { Icon } from './icons.tsx'
import { instantsOf, type Filter } from './list.tsx'
import { tell } from './notices.ts'
import { useSentence } from './problem.tsx'

const words = texts({
  es: { label: 'CSV', cut: (rows: string) => `El archivo tiene las primeras ${rows} filas: acote los filtros para lo demás.` },
  en: { label: 'CSV', cut: rows => `The file has the first ${rows} rows: narrow the filters for the rest.` }
})

const mostRows = 5_000

/**
 * Every row that the filters let through, as CSV: for lists of which the API has no report. Pages are read one after the other, at
 * most 5,000 rows. A cell that a spreadsheet would run is disarmed with an apostrophe.
 */
export function CsvButton<Row extends object> ({ path, filters, values, file, cells }: { path: Paths<'get'>, filters: readonly Filter[], values: Record<string, string>, file: string, cells: (row: Row) => Record<string, string | number | boolean | null> }) {
  const shared = useTexts(common)
  const text = useTexts(words)
  const sentenceOf = useSentence()
  const [busy, setBusy] = useState(false)
  const run = async () => {
    setBusy(true)
    try {
      const rows: Row[] = []
      let cursor: string | null = null
      do {
        const query = { ...instantsOf(filters, values), limit: 100, ...(cursor !== null && { cursor }) }
        const page = await ask('get', path, { query } as unknown as Asked<'get', Paths<'get'>>) as unknown as { data: Row[], next_cursor: string | null }
        rows.push(...page.data)
        cursor = page.next_cursor
      } while (cursor !== null && rows.length < mostRows)
      save(file, csvOf(rows.map(cells)))
      if (cursor !== null) tell(text.cut(String(rows.length)))
    } catch (error) {
      tell(`${shared.exportFailed} ${sentenceOf(error)}`)
    } finally {
      setBusy(false)
    }
  }
  return <Button variant='default' loading={busy} onClick={() => { void run() }} leftSection={<Icon name='download' size={16} />}>{text.label}</Button>
}

function csvOf (rows: readonly Record<string, string | number | boolean | null>[]): string {
  const names = Object.keys(rows[0] ?? {})
  const cell = (value: string | number | boolean | null): string => {
    const text = value === null ? '' : String(value)
    const safe = typeof value === 'string' && /^[=+\-@\t\r]/.test(text) ? `'${text}` : text
    return /[",\r\n]/.test(safe) ? `"${safe.replaceAll('"', '""')}"` : safe
  }
  return '\ufeff' + [names, ...rows.map(row => names.map(name => row[name] ?? null))].map(line => line.map(cell).join(',')).join('\r\n') + '\r\n'
}

function save (name: string, text: string): void {
  const url = URL.createObjectURL(new Blob([text], { type: 'text/csv;charset=utf-8' }))
  Object.assign(document.createElement('a'), { href: url, download: name }).click()
  URL.revokeObjectURL(url)
}
