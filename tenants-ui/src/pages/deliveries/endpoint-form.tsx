import { Select, Textarea, TextInput } from '@mantine/core'
import type { ApiProblem } from '../../api/client.ts'
import { fieldError } from '../../api/hooks.ts'
import { useTexts } from '../../i18n/language.tsx'
import { deliveries } from './texts.ts'

export interface EndpointValues { url: string, label: string, types: string, ordering: 'none' | 'per_object' }

/** As the API takes them. */
export const endpointBody = ({ url, label, types, ordering }: EndpointValues) => ({ url: url.trim(), event_types: types.split(/[\s,]+/).filter(type => type !== ''), ordering, ...(label.trim() !== '' && { label: label.trim() }) })
/** Paths of the fields that show their own sentence. */
export const endpointFields = ['url', 'label', 'event_types', 'ordering'] as const

export function EndpointFields ({ values, onChange, error }: { values: EndpointValues, onChange: (values: EndpointValues) => void, error: ApiProblem | null }) {
  const words = useTexts(deliveries)
  return (
    <>
      <TextInput name='url' type='url' label={words.url} description={words.urlHelp} required withAsterisk={false} value={values.url} onChange={event => onChange({ ...values, url: event.currentTarget.value })} error={fieldError(error, 'url')} />
      <TextInput name='label' label={words.label} maxLength={120} value={values.label} onChange={event => onChange({ ...values, label: event.currentTarget.value })} error={fieldError(error, 'label')} />
      <Textarea name='event_types' label={words.eventTypes} description={words.eventTypesHelp} required withAsterisk={false} autosize minRows={2} maxRows={10} value={values.types} onChange={event => onChange({ ...values, types: event.currentTarget.value })} error={error?.errors.find(({ path }) => path.startsWith('event_types'))?.message} />
      <Select label={words.ordering} data={[{ value: 'none', label: words.orderingNone }, { value: 'per_object', label: words.orderingPerObject }]} value={values.ordering} onChange={value => onChange({ ...values, ordering: value as 'none' })} allowDeselect={false} />
    </>
  )
}
