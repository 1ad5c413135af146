import { ActionIcon, Button, Group, Menu, Paper, ScrollArea, Select, Stack, Table, Text, TextInput, VisuallyHidden } from '@mantine/core'
import { type ReactNode, useState } from 'react'
import { Link, useSearchParams } from 'wouter'
import { acting, type Asked, fetchFile, type Paths } from '../api/client.ts'
import { useRead } from '../api/hooks.ts'
import { common } from '../i18n/common.ts'
import { useFormats } from '../i18n/format.ts'
import { useTexts } from '../i18n/language.tsx'
import { read, write } from '../storage.ts'
import { Icon } from './icons.tsx'
import { tell } from './notices.ts'
import css from './list.module.css'
import { Empty, Waiting } from './page.tsx'
import { ProblemAlert, useSentence } from './problem.tsx'

export interface Column<Row> {
  /** Also the heading. */
  name: string
  show: (row: Row) => ReactNode
  align?: 'right'
  /** Left out on a phone. */
  wide?: boolean
  /** Of buttons that say themselves what they do: the heading is for screen readers. */
  quiet?: boolean
}

export interface Filter {
  /** Of the query, in the URL and in the API alike. */
  name: string
  label: string
  /** Without options it is typed. */
  options?: readonly { value: string, label: string }[]
  /** A day; sent as an instant: its start, or with `-end` its end. */
  kind?: 'day-start' | 'day-end'
  /** Typed in another place of the page (ui/find.tsx). */
  elsewhere?: boolean
}

interface ListProps<P extends Paths<'get'>, Row> {
  path: P
  /** For screen readers: what these rows are. */
  caption: string
  columns: readonly Column<Row>[]
  filters?: readonly Filter[]
  /** Sent with every request beside the filters. */
  always?: Record<string, string>
  /** The row's own page. */
  to?: (row: Row) => string
  empty: ReactNode
  /** `GET` of the same rows as a file: `?format=csv`, and the filters of now. */
  exports?: readonly { label: string, path: Paths<'get'>, query: Record<string, string>, file: string }[]
  /** Saved views: a name of this list. */
  views?: string
  every?: number
}

/** The filters of a list as they stand in the URL; an empty one is not there, and a change begins at the first page. */
export function useFilters (names: readonly string[]): [values: Record<string, string>, set: (changes: Record<string, string | null>) => void] {
  const [params, setParams] = useSearchParams()
  const values = Object.fromEntries(names.flatMap(name => params.get(name) ? [[name, params.get(name)!]] : []))
  return [values, changes => {
    setParams(before => {
      const next = new URLSearchParams(before)
      if (!('cursor' in changes)) next.delete('cursor')
      for (const [name, value] of Object.entries(changes)) {
        if (value === null || value === '') next.delete(name)
        else next.set(name, value)
      }
      return next
    })
  }]
}

/**
 * A list of the API (`{ data, next_cursor }`): filters and cursor in the URL, so that a page can be sent to somebody; saved
 * views; pages by cursor; export. The first column links to the row's page, and the whole row follows it.
 */
export function ResourceList<P extends Paths<'get'>, Row extends { id: string }> ({ path, caption, columns, filters = [], always = {}, to, empty, exports: files = [], views, every }: ListProps<P, Row>) {
  const words = useTexts(common)
  const { number } = useFormats()
  const names = filters.map(({ name }) => name)
  const [values, set] = useFilters([...names, 'cursor'])
  const { cursor, ...chosen } = values
  const query = { ...always, ...instantsOf(filters, chosen), ...(cursor !== undefined && { cursor }) }
  const list = useRead(path, { query } as unknown as Asked<'get', P>, every === undefined ? {} : { every })
  const page = list.data as { data: Row[], next_cursor: string | null } | undefined
  const filtered = Object.keys(chosen).length > 0
  // On a phone they are folded away until somebody filters.
  const [shown, setShown] = useState(filtered)

  return (
    <Stack gap='md'>
      {(filters.length > 0 || files.length > 0) && (
        <Group gap='sm' align='flex-end' role='search' aria-label={words.filters} className={css.filters} data-open={shown || undefined}>
          {filters.length > 0 && <Button hiddenFrom='sm' variant='default' aria-expanded={shown} onClick={() => setShown(!shown)} rightSection={<Icon name={shown ? 'down' : 'right'} size={16} />}>{words.filters}</Button>}
          {filters.filter(({ elsewhere }) => elsewhere !== true).map(filter => <FilterInput key={filter.name} filter={filter} value={chosen[filter.name] ?? ''} onChange={value => set({ [filter.name]: value })} />)}
          {filtered && <Button variant='subtle' color='gray' onClick={() => set(Object.fromEntries(names.map(name => [name, null])))}>{words.clear}</Button>}
          <Group gap='sm' ml='auto'>
            {views !== undefined && <Views list={views} values={chosen} open={view => set({ ...Object.fromEntries(names.map(name => [name, null])), ...view })} />}
            {/* Every row, not from the page on that is open. */}
            {files.map(file => <ExportButton key={file.label} {...file} query={{ ...always, ...instantsOf(filters, chosen), ...file.query }} />)}
          </Group>
        </Group>
      )}
      {list.isError && <ProblemAlert error={list.error} again={() => { void list.refetch() }} />}
      {list.isPending && <Paper px='md' py='sm'><Waiting rows={9} height={33} /></Paper>}
      {page !== undefined && (
        <Paper style={{ overflow: 'hidden' }} aria-busy={list.isFetching}>
          {page.data.length === 0
            ? filtered || cursor !== undefined ? <Empty icon='search' title={words.notFoundRows} action={<Button variant='default' onClick={() => set({ ...Object.fromEntries(names.map(name => [name, null])), cursor: null })}>{words.clear}</Button>} /> : empty
            : (
              <ScrollArea type='auto' viewportProps={{ tabIndex: 0, role: 'region', 'aria-label': caption }}>
                <Table horizontalSpacing='sm'>
                  <VisuallyHidden component='caption'>{caption}</VisuallyHidden>
                  <Table.Thead>
                    <Table.Tr>{columns.map(({ name, align, wide, quiet }) => <Table.Th key={name} ta={align} scope='col' {...(wide && { visibleFrom: 'sm' })}><Text span size='xs' fw={600} c='dimmed' {...(quiet && { className: 'visually-hidden' })}>{name}</Text></Table.Th>)}</Table.Tr>
                  </Table.Thead>
                  <Table.Tbody>
                    {page.data.map(row => (
                      <Table.Tr key={row.id} className={to === undefined ? undefined : 'row-link'}>
                        {columns.map(({ name, show, align, wide }, index) => (
                          <Table.Td key={name} ta={align} {...(wide && { visibleFrom: 'sm' })}>
                            {index === 0 && to !== undefined ? <Text component={Link} href={to(row)} className='row-target' c='inherit' fw={550} td='none'>{whole(show(row))}</Text> : whole(show(row))}
                          </Table.Td>
                        ))}
                      </Table.Tr>
                    ))}
                  </Table.Tbody>
                </Table>
              </ScrollArea>
              )}
        </Paper>
      )}
      {page !== undefined && (page.next_cursor !== null || cursor !== undefined) && (
        <Group justify='space-between' component='nav' aria-label={caption}>
          <Text size='sm' c='dimmed'>{words.results(number(page.data.length))}</Text>
          <Group gap='sm'>
            <Button variant='default' disabled={cursor === undefined} onClick={() => set({ cursor: null })}>{words.first}</Button>
            <Button variant='default' disabled={page.next_cursor === null} onClick={() => set({ cursor: page.next_cursor })} rightSection={<Icon name='right' size={16} />}>{words.next}</Button>
          </Group>
        </Group>
      )}
    </Stack>
  )
}

/** What is short is never broken in two: a reference, a name, a day. */
const whole = (shown: ReactNode): ReactNode => typeof shown === 'string' && shown.length <= 24 ? <span className={css.whole}>{shown}</span> : shown

function FilterInput ({ filter: { label, options, kind }, value, onChange }: { filter: Filter, value: string, onChange: (value: string) => void }) {
  const words = useTexts(common)
  if (options !== undefined) return <Select label={label} data={[...options]} value={value === '' ? null : value} onChange={next => onChange(next ?? '')} placeholder={words.any} clearable searchable={options.length > 8} className={css.filter} w={{ base: '100%', sm: 168 }} comboboxProps={{ withinPortal: true }} clearButtonProps={{ 'aria-label': `${words.clear}: ${label}` }} />
  if (kind !== undefined) return <TextInput label={label} type='date' value={value} onChange={event => onChange(event.currentTarget.value)} className={css.filter} w={{ base: '100%', sm: 148 }} />
  return <TypedFilter key={value} label={label} value={value} onChange={onChange} />
}

/** Typed text goes into the URL when it is done, not letter by letter. */
function TypedFilter ({ label, value, onChange }: { label: string, value: string, onChange: (value: string) => void }) {
  const [typed, setTyped] = useState(value)
  const go = () => { if (typed.trim() !== value) onChange(typed.trim()) }
  return (
    <form className={css.filter} onSubmit={event => { event.preventDefault(); go() }}>
      <TextInput label={label} value={typed} onChange={event => setTyped(event.currentTarget.value)} onBlur={go} leftSection={<Icon name='search' size={16} />} w={{ base: '100%', sm: 176 }} />
    </form>
  )
}

/** A day of the tenant's is an instant of the API's. */
export function instantsOf (filters: readonly Filter[], chosen: Record<string, string>): Record<string, string> {
  return Object.fromEntries(Object.entries(chosen).map(([name, value]) => {
    const kind = filters.find(filter => filter.name === name)?.kind
    if (kind === undefined) return [name, value]
    const day = new Date(`${value}T00:00:00`)
    if (Number.isNaN(day.getTime())) return [name, value]
    if (kind === 'day-end') day.setDate(day.getDate() + 1)
    return [name, day.toISOString()]
  }))
}

interface View { name: string, values: Record<string, string> }

/** Filters that somebody uses again: kept in this browser, for this tenant. */
function Views ({ list, values, open }: { list: string, values: Record<string, string>, open: (values: Record<string, string>) => void }) {
  const words = useTexts(common)
  const key = `views.${acting.tenant ?? 'own'}.${list}`
  const [views, setViews] = useState<View[]>(() => JSON.parse(read(key) ?? '[]') as View[])
  const [name, setName] = useState('')
  const keep = (next: View[]) => {
    setViews(next)
    write(key, JSON.stringify(next))
  }
  return (
    <Menu closeOnItemClick={false} position='bottom-end' width={260}>
      <Menu.Target><Button variant='default' leftSection={<Icon name='star' size={16} />}>{words.views}</Button></Menu.Target>
      <Menu.Dropdown>
        {views.length === 0 && <Text size='sm' c='dimmed' px='sm' py={6}>{words.noViews}</Text>}
        {views.map(view => (
          <Group key={view.name} gap={0} wrap='nowrap'>
            <Menu.Item closeMenuOnClick onClick={() => open(view.values)}>{view.name}</Menu.Item>
            <ActionIcon variant='subtle' color='gray' aria-label={words.deleteView(view.name)} onClick={() => keep(views.filter(other => other.name !== view.name))}><Icon name='cross' size={14} /></ActionIcon>
          </Group>
        ))}
        <Menu.Divider />
        <form onSubmit={event => {
          event.preventDefault()
          if (name.trim() === '') return
          keep([...views.filter(view => view.name !== name.trim()), { name: name.trim(), values }])
          setName('')
        }}
        >
          <Group gap={6} p='xs' wrap='nowrap'>
            <TextInput size='xs' aria-label={words.viewName} placeholder={words.saveView} value={name} onChange={event => setName(event.currentTarget.value)} flex={1} />
            <Button size='xs' type='submit' variant='default'>{words.save}</Button>
          </Group>
        </form>
      </Menu.Dropdown>
    </Menu>
  )
}

/** A file of the API. Not a plain link: the mode and the tenant are told in headers. */
export function ExportButton ({ label, path, query = {}, params, file }: { label: string, path: Paths<'get'>, query?: Record<string, string>, params?: Record<string, string>, file: string }) {
  const words = useTexts(common)
  const sentenceOf = useSentence()
  const [busy, setBusy] = useState(false)
  const run = async () => {
    setBusy(true)
    try {
      const { bytes, type, name } = await fetchFile(path, { query, ...(params !== undefined && { path: params }) })
      const url = URL.createObjectURL(new Blob([bytes as BlobPart], { type }))
      Object.assign(document.createElement('a'), { href: url, download: name ?? file }).click()
      URL.revokeObjectURL(url)
    } catch (error) {
      tell(`${words.exportFailed} ${sentenceOf(error)}`)
    } finally {
      setBusy(false)
    }
  }
  return <Button variant='default' loading={busy} onClick={() => { void run() }} leftSection={<Icon name='download' size={16} />}>{label}</Button>
}
