import { Alert, Button, Group, Select, Stack, Table, Text, TextInput } from '@mantine/core'
import { useState } from 'react'
import type { Answer } from '../../api/client.ts'
import { fieldError, useChange } from '../../api/hooks.ts'
import { useFormats } from '../../i18n/format.ts'
import { useTexts } from '../../i18n/language.tsx'
import { useSession } from '../../shell/session.tsx'
import { AmountInput, currencyOf, minorUnits } from '../../ui/amount.tsx'
import { Icon } from '../../ui/icons.tsx'
import { Section, Wide } from '../../ui/page.tsx'
import { ProblemAlert } from '../../ui/problem.tsx'
import { routing } from './texts.ts'

type Decision = Answer<'post', '/v1/routing/decide'>

/** Asks the server where a payment or an invoice would go, and shows why. */
export function Explain ({ connections }: { connections: Answer<'get', '/v1/connections'>['data'] }) {
  const words = useTexts(routing)
  const { tenant } = useSession()
  const [form, setForm] = useState({ family: 'payments' as 'payments' | 'invoicing', amount: '199.00', currency: currencyOf(tenant.country), method: 'card', country: '' })
  const decide = useChange('post', '/v1/routing/decide')
  const amount = minorUnits(form.amount, form.currency)
  return (
    <Section title={words.explainTitle} lead={words.explainLead}>
      <form onSubmit={event => {
        event.preventDefault()
        if (decide.isPending) return
        const paying = form.family === 'payments'
        decide.mutate({ body: { family: form.family, explain: 'all', ...(paying && amount !== undefined && { amount, currency: form.currency }), ...(paying && form.method.trim() !== '' && { method: form.method.trim() }), ...(form.country.trim() !== '' && { country: form.country.trim().toUpperCase() }) } })
      }}
      >
        <Group align='flex-end' gap='sm'>
          <Select label={words.family} w={140} data={(['payments', 'invoicing'] as const).map(value => ({ value, label: words[value] }))} value={form.family} allowDeselect={false} onChange={value => setForm({ ...form, family: value as 'payments' })} />
          {form.family === 'payments' && <AmountInput name='explain-amount' label={words.amount} value={form.amount} currency={form.currency} onChange={value => setForm({ ...form, amount: value })} onCurrency={currency => setForm({ ...form, currency })} required={false} />}
          {form.family === 'payments' && <TextInput name='explain-method' label={words.method} w={140} value={form.method} onChange={event => setForm({ ...form, method: event.currentTarget.value })} error={fieldError(decide.error, 'method')} />}
          <TextInput name='explain-country' label={words.country} w={90} maxLength={2} value={form.country} onChange={event => setForm({ ...form, country: event.currentTarget.value })} error={fieldError(decide.error, 'country')} />
          <Button type='submit' loading={decide.isPending}>{words.explain}</Button>
        </Group>
      </form>
      <Stack gap='md' mt='md'>
        {decide.isError && <ProblemAlert error={decide.error} but={['method', 'country']} />}
        {decide.data !== undefined && <Explained decision={decide.data} nameOf={id => connections.find(one => one.id === id)?.label ?? id} />}
      </Stack>
    </Section>
  )
}

function Explained ({ decision: { connection, connections, rule, rules, not_chosen: others, error }, nameOf }: { decision: Decision, nameOf: (id: string) => string }) {
  const words = useTexts(routing)
  const { list } = useFormats()
  const nameOfField = (field: string) => (words as Record<string, unknown>)[field] as string | undefined ?? field
  const tones = { chosen: 'good', not_matched: 'plain', shadowed: 'plain', no_connection: 'bad', disabled: 'plain', not_asked: 'plain' } as const
  return (
    <>
      <Alert color={connection === null ? 'red' : 'teal'} role='status' icon={<Icon name={connection === null ? 'cross' : 'check'} />} title={connection === null ? words.nowhere : words.goesTo(nameOf(connection))} data-decision={connection ?? 'none'}>
        {error !== null ? error.detail : rule === null ? words.byDefault : words.byRule(rule.name)}
        {connections.slice(1).map(next => <div key={next.connection}>{words.then(next.label)}</div>)}
      </Alert>
      {rules.length > 0 && (
        <Wide label={words.explainTitle} width={420}>
          <Table>
            <Table.Thead><Table.Tr><Table.Th scope='col'>{words.name}</Table.Th><Table.Th scope='col'>{words.outcome}</Table.Th></Table.Tr></Table.Thead>
            <Table.Tbody>
              {rules.map(one => (
                <Table.Tr key={one.index} data-outcome={one.outcome}>
                  <Table.Td>{one.index + 1}. {one.name}</Table.Td>
                  <Table.Td><Text span inherit fw={tones[one.outcome] === 'plain' ? undefined : 650}>{words[one.outcome]}</Text>{one.failed.length > 0 && <Text span size='sm' c='dimmed'> {words.because(list(one.failed.map(nameOfField)))}</Text>}</Table.Td>
                </Table.Tr>
              ))}
            </Table.Tbody>
          </Table>
        </Wide>
      )}
      {others.length > 0 && (
        <Wide label={words.notChosen} width={420}>
          <Table>
            <Table.Thead><Table.Tr><Table.Th scope='col'>{words.notChosen}</Table.Th><Table.Th scope='col'>{words.why}</Table.Th></Table.Tr></Table.Thead>
            <Table.Tbody>{others.map(other => <Table.Tr key={`${other.connection} ${other.reason}`}><Table.Td>{other.label}</Table.Td><Table.Td><Text span size='sm'>{other.message}</Text></Table.Td></Table.Tr>)}</Table.Tbody>
          </Table>
        </Wide>
      )}
    </>
  )
}
