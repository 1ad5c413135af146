import { Button, NumberInput, Paper, Select, Stack } from '@mantine/core'
import { useState } from 'react'
import type { Answer } from '../../api/client.ts'
import { fieldError, useChange, useRead } from '../../api/hooks.ts'
import { common } from '../../i18n/common.ts'
import { useTexts } from '../../i18n/language.tsx'
import { useSession } from '../../shell/session.tsx'
import { tell } from '../../ui/notices.ts'
import { Page, Waiting } from '../../ui/page.tsx'
import { ProblemAlert } from '../../ui/problem.tsx'
import { legTexts } from './state.tsx'
import { reconciliation } from './texts.ts'

type Settings = Answer<'get', '/v1/reconciliation_settings'>
const days = ['provider', 'bank', 'document'] as const

export default function ReconciliationRulesPage () {
  const words = useTexts(reconciliation)
  const settings = useRead('/v1/reconciliation_settings')
  return (
    <Page title={words.settingsTitle} lead={words.settingsLead} narrow back={{ to: '/reconciliation', text: words.title }}>
      {settings.isError && <ProblemAlert error={settings.error} again={() => { void settings.refetch() }} />}
      {settings.isPending && <Waiting rows={5} height={60} />}
      {settings.data !== undefined && <Form given={settings.data} />}
    </Page>
  )
}

function Form ({ given: { absolute, percent, other_currency, days: given, alert_after_days } }: { given: Settings }) {
  const words = useTexts(reconciliation)
  const shared = useTexts(common)
  const { may } = useSession()
  const [values, setValues] = useState({ absolute, percent, other_currency, days: given, alert_after_days })
  const save = useChange('put', '/v1/reconciliation_settings', { invalidates: ['/v1/reconciliation_settings'], onDone: () => tell(words.saved) })
  const numeric = (value: string | number) => typeof value === 'number' ? value : 0
  return (
    <Paper p='lg'>
      <form onSubmit={event => {
        event.preventDefault()
        if (!save.isPending) save.mutate({ body: values })
      }}
      >
        <Stack gap='md' maw={480}>
          <NumberInput label={words.absolute} min={0} allowDecimal={false} value={values.absolute} onChange={value => setValues({ ...values, absolute: numeric(value) })} error={fieldError(save.error, 'absolute')} />
          <NumberInput label={words.percent} min={0} max={100} decimalScale={4} value={values.percent} onChange={value => setValues({ ...values, percent: numeric(value) })} error={fieldError(save.error, 'percent')} />
          <Select label={words.otherCurrency} data={[{ value: 'mismatch', label: words.otherMismatch }, { value: 'accept', label: words.otherAccept }]} value={values.other_currency} onChange={value => setValues({ ...values, other_currency: value as 'accept' })} allowDeselect={false} />
          {days.map(leg => <NumberInput key={leg} label={words.days(words[legTexts[leg]])} min={0} allowDecimal={false} value={values.days[leg]} onChange={value => setValues({ ...values, days: { ...values.days, [leg]: numeric(value) } })} error={fieldError(save.error, `days.${leg}`)} />)}
          <NumberInput label={words.alertAfter} min={0} allowDecimal={false} value={values.alert_after_days} onChange={value => setValues({ ...values, alert_after_days: numeric(value) })} error={fieldError(save.error, 'alert_after_days')} />
          {save.isError && <ProblemAlert error={save.error} but={['absolute', 'percent', 'alert_after_days', ...days.map(leg => `days.${leg}`)]} />}
          {may('payments:write') && <Button type='submit' w='fit-content' loading={save.isPending}>{shared.save}</Button>}
        </Stack>
      </form>
    </Paper>
  )
}
