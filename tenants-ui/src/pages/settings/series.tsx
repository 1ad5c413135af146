import { Button, Group, NumberInput, Select, Switch, Text, TextInput } from '@mantine/core'
import { useState } from 'react'
import { Link } from 'wouter'
import type { Answer, Asked } from '../../api/client.ts'
import { useRead } from '../../api/hooks.ts'
import { common } from '../../i18n/common.ts'
import { useTexts } from '../../i18n/language.tsx'
import { useSession } from '../../shell/session.tsx'
import { Confirm } from '../../ui/confirm.tsx'
import { type Column, ResourceList } from '../../ui/list.tsx'
import { Empty, Page } from '../../ui/page.tsx'
import { Status } from '../../ui/values.tsx'
import { branding, series } from './texts-house.ts'
import { settings } from './texts.ts'

type Series = Answer<'get', '/v1/series'>['data'][number]
type Issuer = Answer<'get', '/v1/issuers'>['data'][number]
const documents = ['invoice', 'credit_note', 'debit_note', 'payment_receipt', 'global_invoice', 'transfer', 'withholding', 'delivery_note', 'purchase_settlement', 'sale'] as const

export default function SeriesPage () {
  const all = useTexts(settings)
  const words = useTexts(series)
  const brand = useTexts(branding)
  const { may } = useSession()
  const issuers = useRead('/v1/issuers', { query: { limit: 100 } })
  const known = issuers.data?.data ?? []
  const writable = may('issuers:write')
  const columns: Column<Series>[] = [
    { name: words.document, show: ({ document, prefix }) => <>{words[document]}<Text size='xs' c='dimmed'>{prefix}</Text></> },
    { name: words.next, show: ({ next }) => <span className='mono'>{next}</span> },
    { name: words.issuer, show: ({ issuer }) => known.find(({ id }) => id === issuer)?.legal_name ?? issuer, wide: true },
    { name: words.branch, show: ({ branch, till }) => branch === null ? '—' : `${branch}${till === null ? '' : ` · ${till}`}`, wide: true },
    { name: words.state, show: ({ active }) => <Status value={active ? 'active' : 'disabled'} />, wide: true },
    ...(writable ? [{ name: words.actions, align: 'right' as const, show: (row: Series) => <Change row={row} /> }] : [])
  ]
  const add = writable && (known.length === 0 ? may('certificates:write') && <Button component={Link} href='/certificates/new'>{brand.upload}</Button> : <Add issuers={known} />)
  return (
    <Page title={all.seriesTitle} lead={all.seriesText} back={{ to: '/settings', text: all.title }} actions={known.length > 0 && add}>
      <ResourceList
        path='/v1/series' caption={words.caption} columns={columns}
        filters={[{ name: 'document', label: words.document, options: documents.map(value => ({ value, label: words[value] })) }, { name: 'issuer', label: words.issuer, options: known.map(({ id, legal_name: name }) => ({ value: id, label: name })) }]}
        empty={<Empty icon='invoice' title={words.emptyTitle} text={issuers.isSuccess && known.length === 0 ? words.noIssuers : words.emptyText} action={add} />}
      />
    </Page>
  )
}

function Add ({ issuers }: { issuers: readonly Issuer[] }) {
  const words = useTexts(series)
  const shared = useTexts(common)
  const [form, setForm] = useState({ issuer: issuers[0]?.id ?? '', document: 'invoice' as Series['document'], prefix: '', branch: '', till: '', next: 1 })
  const typed = (name: 'prefix' | 'branch' | 'till', label: string) => <TextInput name={name} label={`${label} (${shared.optional})`} maxLength={25} value={form[name]} onChange={event => setForm({ ...form, [name]: event.currentTarget.value })} />
  return (
    <Confirm
      method='post' path='/v1/series' invalidates={['/v1/series']} label={words.add} title={words.addTitle} yes={words.make} done={words.made} button={{ variant: 'filled' }}
      asked={() => ({ body: { issuer: form.issuer, document: form.document, next_number: form.next, ...(form.prefix.trim() !== '' && { prefix: form.prefix.trim() }), ...(form.branch.trim() !== '' && { branch: form.branch.trim() }), ...(form.till.trim() !== '' && { till: form.till.trim() }) } }) as Asked<'post', '/v1/series'>}
    >
      <Select label={words.issuer} data={issuers.map(({ id, legal_name: name }) => ({ value: id, label: name }))} value={form.issuer} onChange={value => setForm({ ...form, issuer: value ?? '' })} allowDeselect={false} />
      <Select label={words.document} data={documents.map(value => ({ value, label: words[value] }))} value={form.document} onChange={value => setForm({ ...form, document: value as 'invoice' })} allowDeselect={false} />
      {typed('prefix', words.prefix)}
      <Group grow>{typed('branch', words.branch)}{typed('till', words.till)}</Group>
      <NumberInput label={words.nextNumber} min={1} allowDecimal={false} value={form.next} onChange={value => setForm({ ...form, next: typeof value === 'number' ? value : 1 })} />
    </Confirm>
  )
}

function Change ({ row: { id, next_number: next, digits, active, prefix } }: { row: Series }) {
  const words = useTexts(series)
  const [form, setForm] = useState({ next, digits, active })
  const body = { ...(form.next !== next && { next_number: form.next }), ...(form.digits !== digits && { digits: form.digits }), ...(form.active !== active && { active: form.active }) }
  return (
    <Confirm method='patch' path='/v1/series/{id}' asked={() => ({ path: { id }, body })} invalidates={['/v1/series']} label={words.change} title={`${words.changeTitle} ${prefix}`} yes={words.change} done={words.changed} ready={Object.keys(body).length > 0} button={{ size: 'xs' }}>
      <NumberInput label={words.nextNumber} description={words.nextHelp} min={next} allowDecimal={false} value={form.next} onChange={value => setForm({ ...form, next: typeof value === 'number' ? value : next })} />
      <NumberInput label={words.digits} min={0} max={12} allowDecimal={false} value={form.digits} onChange={value => setForm({ ...form, digits: typeof value === 'number' ? value : digits })} />
      <Switch label={words.on} checked={form.active} onChange={event => setForm({ ...form, active: event.currentTarget.checked })} />
    </Confirm>
  )
}
