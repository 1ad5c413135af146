import { Button, Group, NumberInput, Paper, SimpleGrid, Stack, Switch, Text } from '@mantine/core'
import { useState } from 'react'
import type { Answer } from '../../api/client.ts'
import { useChange, useRead } from '../../api/hooks.ts'
import { common } from '../../i18n/common.ts'
import { useTexts } from '../../i18n/language.tsx'
import { useSession } from '../../shell/session.tsx'
import { tell } from '../../ui/notices.ts'
import { Page, Waiting } from '../../ui/page.tsx'
import { ProblemAlert } from '../../ui/problem.tsx'
import { alerts } from './texts.ts'

type Rules = Answer<'get', '/v1/alert_settings'>['rules']
type Rule = keyof Rules
/** The rules and their numbers, in this order. */
const shown = [
  { rule: 'payments_failing', title: 'rulePaymentsFailing', numbers: ['percent', 'at_least', 'minutes'] },
  { rule: 'stamping_failing', title: 'ruleStampingFailing', numbers: ['in_row'] },
  { rule: 'webhooks_refused', title: 'ruleWebhooksRefused', numbers: ['percent', 'at_least'] },
  { rule: 'webhooks_silent', title: 'ruleWebhooksSilent', numbers: ['hours', 'at_least'] },
  { rule: 'webhooks_unmatched', title: 'ruleWebhooksUnmatched', numbers: ['percent', 'at_least', 'minutes'] },
  { rule: 'provider_slow', title: 'ruleProviderSlow', numbers: ['seconds', 'at_least', 'minutes'] },
  { rule: 'stamps_low', title: 'ruleStampsLow', numbers: ['left', 'days'] },
  { rule: 'queue_old', title: 'ruleQueueOld', numbers: ['minutes'] }
] as const satisfies readonly { rule: Rule, title: keyof typeof alerts['es'], numbers: readonly string[] }[]
const labels = { percent: 'percent', at_least: 'atLeast', minutes: 'minutes', seconds: 'seconds', in_row: 'inRow', hours: 'hours', left: 'left', days: 'days' } as const

export default function ThresholdsPage () {
  const words = useTexts(alerts)
  const settings = useRead('/v1/alert_settings')
  return (
    <Page title={words.thresholdsTitle} lead={words.thresholdsLead} back={{ to: '/alerts', text: words.title }}>
      {settings.isError && <ProblemAlert error={settings.error} again={() => { void settings.refetch() }} />}
      {settings.isPending && <Waiting rows={4} height={110} />}
      {settings.data !== undefined && <Form key={settings.data.updated_at} given={settings.data.rules} />}
    </Page>
  )
}

function Form ({ given }: { given: Rules }) {
  const words = useTexts(alerts)
  const shared = useTexts(common)
  const { may, session } = useSession()
  const [rules, setRules] = useState<Rules>(given)
  const save = useChange('put', '/v1/alert_settings', { invalidates: ['/v1/alert_settings'], onDone: () => tell(words.saved) })
  const change = (rule: Rule, values: object) => setRules({ ...rules, [rule]: { ...rules[rule], ...values } })
  // The hub's own queues are the platform's business.
  const own = shown.filter(({ rule }) => rule !== 'queue_old' || session.tenant.kind === 'platform')
  return (
    <form onSubmit={event => {
      event.preventDefault()
      if (!save.isPending) save.mutate({ body: { rules } })
    }}
    >
      <Stack gap='lg'>
        <SimpleGrid cols={{ base: 1, md: 2 }} spacing='md'>
          {own.map(({ rule, title, numbers }) => {
            const values = (rules[rule] ?? {}) as Record<string, number | boolean | undefined>
            const on = values.enabled !== false
            return (
              <Paper key={rule} p='md' role='group' aria-label={words[title]} data-rule={rule}>
                <Group justify='space-between' mb='sm' wrap='nowrap'><Text fw={600}>{words[title]}</Text><Switch label={words.on} aria-label={`${words.on}: ${words[title]}`} checked={on} onChange={event => change(rule, { enabled: event.currentTarget.checked })} disabled={!may('connections:write')} /></Group>
                <Group gap='sm' align='flex-end'>
                  {numbers.map(name => <NumberInput key={name} w={150} min={0} allowDecimal={false} label={words[labels[name]]} placeholder={words.asInstalled} value={values[name] as number | undefined ?? ''} disabled={!on || !may('connections:write')} onChange={next => change(rule, { [name]: typeof next === 'number' ? next : undefined })} error={save.error?.errors.find(({ path }) => path === `rules.${rule}.${name}`)?.message} />)}
                </Group>
              </Paper>
            )
          })}
        </SimpleGrid>
        {save.isError && <ProblemAlert error={save.error} />}
        {may('connections:write') && <Button type='submit' w='fit-content' loading={save.isPending}>{shared.save}</Button>}
      </Stack>
    </form>
  )
}
