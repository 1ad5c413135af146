import { Alert, Button, Group, SimpleGrid, Stack, Text, Textarea, TextInput } from '@mantine/core'
import { useState } from 'react'
import type { Answer } from '../../api/client.ts'
import { fieldError, useChange, useRead } from '../../api/hooks.ts'
import { useFormats } from '../../i18n/format.ts'
import { useTexts } from '../../i18n/language.tsx'
import { useSession } from '../../shell/session.tsx'
import { Confirm } from '../../ui/confirm.tsx'
import { Icon } from '../../ui/icons.tsx'
import { tell } from '../../ui/notices.ts'
import { Facts, Section, Waiting } from '../../ui/page.tsx'
import { ProblemAlert } from '../../ui/problem.tsx'
import { Copyable, Status, When } from '../../ui/values.tsx'
import type { Payment } from './shown.tsx'
import { disputeWords } from './texts.ts'

type Dispute = Answer<'get', '/v1/disputes/{id}'>

const areas = ['/v1/disputes', '/v1/payments']
const over = new Set(['won', 'lost', 'accepted', 'warning_closed'])
const short = ['product_description', 'customer_name', 'customer_email', 'shipping_carrier', 'shipping_tracking_number', 'shipping_date'] as const
const long = ['refund_policy_disclosure', 'explanation'] as const
type Form = Record<typeof short[number] | typeof long[number], string>

/** What a buyer told their bank against this payment, the newest first, and what can be answered. */
export function Disputes ({ payment }: { payment: Payment }) {
  const disputes = useRead('/v1/disputes', { query: { payment: payment.id, limit: 10 } }, { enabled: payment.dispute !== null })
  if (payment.dispute === null) return null
  if (disputes.isError) return <ProblemAlert error={disputes.error} again={() => { void disputes.refetch() }} />
  if (disputes.data === undefined) return <Waiting rows={1} height={180} />
  return <>{disputes.data.data.map(({ id }) => <DisputeOf key={id} id={id} />)}</>
}

/** Read by itself: a list does not say what was answered. */
function DisputeOf ({ id }: { id: string }) {
  const dispute = useRead('/v1/disputes/{id}', { path: { id } }, { every: found => found !== undefined && found.pending !== null ? 3_000 : 30_000 })
  if (dispute.isError && dispute.data === undefined) return <ProblemAlert error={dispute.error} again={() => { void dispute.refetch() }} />
  return dispute.data === undefined ? <Waiting rows={1} height={180} /> : <OneDispute dispute={dispute.data} />
}

function OneDispute ({ dispute }: { dispute: Dispute }) {
  const words = useTexts(disputeWords)
  const { money } = useFormats()
  const { may } = useSession()
  const { id, status, amount, currency, fee, evidence_due_by: due, evidence_submitted: sent, pending, error } = dispute
  const waits = (status === 'needs_response' || status === 'warning_needs_response') && !sent
  return (
    <Section
      title={words.title} lead={waits ? words.lead : undefined}
      actions={may('payments:write') && !over.has(status) && pending === null && <Confirm method='post' path='/v1/disputes/{id}/accept' asked={{ path: { id } }} invalidates={areas} label={words.accept} title={words.acceptTitle} text={words.acceptText} yes={words.acceptYes} done={words.accepted} danger button={{ size: 'xs' }} />}
    >
      <Stack gap='lg' data-dispute={status}>
        {error !== null && <Alert color='red' icon={<Icon name='warning' />}>{error.message}</Alert>}
        {pending !== null && <Text size='sm' role='status'>{words.underWay}</Text>}
        <Facts rows={[
          [words.state, <Status key='state' value={status} />],
          [words.reason, words[dispute.reason]],
          [words.amount, money(amount, currency)],
          fee !== null && [words.fee, money(fee, currency)],
          due !== null && waits && [words.due, <When key='due' at={due} exact />],
          [words.evidence, sent ? words.evidenceSent : dispute.evidence === null ? words.evidenceNone : words.evidenceDraft],
          [words.reference, <Copyable key='reference' value={dispute.provider_reference} />],
          [words.opened, <When key='opened' at={dispute.opened_at} exact />]
        ]}
        />
        {waits && may('payments:write') && pending === null && <EvidenceForm dispute={dispute} />}
      </Stack>
    </Section>
  )
}

/** A draft may be kept as often as one likes; the bank takes it once. */
function EvidenceForm ({ dispute: { id, evidence } }: { dispute: Dispute }) {
  const words = useTexts(disputeWords)
  const [form, setForm] = useState<Form>(() => Object.fromEntries([...short, ...long].map(name => [name, evidence?.[name] ?? ''])) as Form)
  const said = Object.fromEntries(Object.entries(form).flatMap(([name, value]) => value.trim() === '' ? [] : [[name, value.trim()]]))
  const keep = useChange('post', '/v1/disputes/{id}/evidence', { invalidates: areas, onDone: () => tell(words.kept) })
  const input = (name: keyof Form) => ({ name, label: words[name], value: form[name], onChange: (event: { currentTarget: { value: string } }) => setForm({ ...form, [name]: event.currentTarget.value }), error: fieldError(keep.error, name), autoComplete: 'off' })
  const none = Object.keys(said).length === 0
  return (
    <form
      noValidate aria-label={words.evidence} onSubmit={event => {
        event.preventDefault()
        if (!keep.isPending && !none) keep.mutate({ path: { id }, body: { ...said, submit: false } })
      }}
    >
      <Stack gap='md'>
        <SimpleGrid cols={{ base: 1, sm: 2 }}>{short.map(name => <TextInput key={name} {...input(name)} maxLength={200} />)}</SimpleGrid>
        {long.map(name => <Textarea key={name} {...input(name)} autosize minRows={2} maxLength={20_000} />)}
        {keep.isError && <ProblemAlert error={keep.error} but={[...short, ...long]} />}
        <Group gap='sm'>
          <Confirm method='post' path='/v1/disputes/{id}/evidence' asked={() => ({ path: { id }, body: { ...said, submit: true } })} invalidates={areas} label={words.submit} title={words.submitTitle} text={words.submitText} yes={words.submit} done={words.submitted} ready={!none} button={{ variant: 'filled' }} />
          <Button type='submit' variant='default' loading={keep.isPending} disabled={none}>{words.keep}</Button>
        </Group>
      </Stack>
    </form>
  )
}
