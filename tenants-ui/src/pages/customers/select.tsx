import { Select } from '@mantine/core'
import { useRead } from '../../api/hooks.ts'

/** One of the newest hundred customers, by name or mail; another by its id. */
export function CustomerSelect ({ label, value, onChange, error }: { label: string, value: string, onChange: (id: string) => void, error?: string | undefined }) {
  const customers = useRead('/v1/customers', { query: { limit: 100 } })
  const rows = customers.data?.data ?? []
  const data = rows.map(({ id, name, email, reference }) => ({ value: id, label: [name ?? email ?? reference ?? id, name === null ? null : email].filter(part => part !== null).join(' · ') }))
  if (value !== '' && !rows.some(({ id }) => id === value)) data.unshift({ value, label: value })
  return <Select label={label} data={data} value={value === '' ? null : value} onChange={next => onChange(next ?? '')} searchable error={error} required withAsterisk={false} comboboxProps={{ withinPortal: true }} />
}
