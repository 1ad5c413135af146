import { Autocomplete, Select } from '@mantine/core'
import { useDebouncedValue } from '@mantine/hooks'
import { useState } from 'react'
import { useRead } from '../api/hooks.ts'
import { useTexts } from '../i18n/language.tsx'
import { texts } from '../i18n/texts.ts'

const words = texts({
  es: { nothing: 'Nada coincide.', typed: 'Escriba la clave: este catálogo no está cargado en el servidor.' },
  en: { nothing: 'Nothing matches.', typed: 'Type the key: this catalogue is not loaded on the server.' }
})

interface PickProps { catalogue: string, label: string, value: string, onChange: (code: string) => void, error?: string | undefined, name?: string, onBlur?: () => void, allows?: (entry: Record<string, unknown>) => boolean, required?: boolean, description?: string | undefined }

/** A key of an authority's catalogue, by its key or its words. A catalogue that the server has not got is typed. */
export function CatalogueSelect ({ catalogue, label, value, onChange, error, name, onBlur, allows, required = false, description }: PickProps) {
  const text = useTexts(words)
  const found = useRead('/v1/catalogues/{name}', { path: { name: catalogue }, query: { on: today() } })
  const entries = (found.data?.data ?? []).filter(entry => allows === undefined || allows(entry))
  const data = entries.map(({ code, text }) => ({ value: code, label: `${code} · ${text}` }))
  if (value !== '' && !data.some(entry => entry.value === value)) data.unshift({ value, label: value })
  return (
    <Select
      label={label} description={description} name={name} data={data} value={value === '' ? null : value} onChange={next => onChange(next ?? '')} onBlur={onBlur} error={error} required={required} withAsterisk={false}
      searchable clearable={!required} nothingFoundMessage={found.isError ? text.typed : text.nothing} disabled={found.isPending && value === ''} limit={200} comboboxProps={{ withinPortal: true }} clearButtonProps={{ 'aria-label': label, tabIndex: -1 }}
    />
  )
}

/** A key of a catalogue that is too large to be sent whole: it is searched while one types. */
export function CatalogueSearch ({ catalogue, label, value, onChange, error, name, onBlur, required = false, description }: PickProps) {
  const text = useTexts(words)
  const [typed, setTyped] = useState(value)
  const [asked] = useDebouncedValue(typed, 250)
  const found = useRead('/v1/catalogues/{name}', { path: { name: catalogue }, query: { on: today(), limit: 30, ...(asked.trim() !== '' && { search: asked.trim().split(' · ')[0]!.slice(0, 100) }) } })
  const missing = found.isError && found.error.status === 404
  const codes = new Map((found.data?.data ?? []).map(({ code, text }) => [`${code} · ${text}`, code]))
  return (
    <Autocomplete
      label={label} name={name} description={missing ? text.typed : description} value={typed} data={[...codes.keys()]} filter={({ options }) => options} error={error} onBlur={onBlur} required={required} withAsterisk={false} comboboxProps={{ withinPortal: true }} autoComplete='off'
      onChange={next => {
        const code = codes.get(next) ?? next.split(' · ')[0]!.trim()
        setTyped(codes.has(next) ? code : next)
        onChange(code)
      }}
    />
  )
}

/** By this browser’s calendar, which is the shop’s. */
const today = (): string => new Date().toLocaleDateString('sv-SE')
