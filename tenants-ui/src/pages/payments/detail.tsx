import { Alert, Anchor, Button, Group, Select, SimpleGrid, Stack, Table, Text, Textarea } from '@mantine/core'
import { type ReactNode, useState } from 'react'
import { Link, useParams } from 'wouter'
import { useRead } from '../../api/hooks.ts'
import { useLive } from '../../api/live.ts'
import { useFormats } from '../../i18n/format.ts'
import { useTexts } from '../../i18n/language.tsx'
import { statusWords } from '../../i18n/statuses.ts'
import { useSession } from '../../shell/session.tsx'
import { AmountInput, minorUnits, typedAmount } from '../../ui/amount.tsx'
import { Confirm } from '../../ui/confirm.tsx'
import { useMoment } from '../../ui/history.tsx'
import { Icon } from '../../ui/icons.tsx'
import { Facts, Page, Section, Waiting, Wide } from '../../ui/page.tsx'
import { ProblemAlert } from '../../ui/problem.tsx'
import { QrCode, Share } from '../../ui/share.tsx'
import { Timeline } from '../../ui/timeline.tsx'
import { Copyable, Money, Status, When } from '../../ui/values.tsx'
import { useNameOfProvider } from '../connections/names.ts'
import { CustomerLink } from '../customers/link.tsx'
import { Disputes } from './dispute.tsx'
import { isMoving, MethodOf, PayerOf, type Payment, PaymentStatus, usePaymentAccounts } from './shown.tsx'
import { payments } from './texts.ts'

const areas = ['/v1/payments', '/v1/invoices', '/v1/sales']
const shown = [...areas, '/v1/disputes']
const heard = ['payment.*', 'refund.*', 'dispute.*', 'invoice.*', 'sale.*']

export default function PaymentPage () {
  const { id } = useParams<{ id: string }>()
  const words = useTexts(payments)
  const { money } = useFormats()
  const nameOf = useNameOfProvider()
  useLive(shown, heard)
  const payment = useRead('/v1/payments/{id}', { path: { id } }, { every: found => found === undefined || isMoving(found.status) ? 2_000 : 15_000 })
  const back = { to: '/payments', text: words.title }
  if (payment.isError && payment.data === undefined) return <Page title={words.payment} back={back}><ProblemAlert error={payment.error} again={() => { void payment.refetch() }} /></Page>
  if (payment.data === undefined) return <Page title={words.payment} back={back}><Waiting rows={3} height={140} /></Page>
  const found = payment.data
  return (
    <Page title={money(found.amount, found.currency)} back={back} badge={<PaymentStatus payment={found} />} lead={found.description ?? found.reference ?? undefined} actions={<Actions payment={found} />}>
      <Stack gap='lg' data-payment={found.status}>
        {found.review !== null && <Review payment={found} />}
        {found.error !== null && (
          <Alert color={found.status === 'succeeded' ? 'gray' : 'red'} title={words.error} icon={<Icon name='warning' />}>
            {found.error.message}{found.error.provider_message !== null && <Text size='sm' c='dimmed' mt={4}>{nameOf(found.provider)}: {found.error.provider_message}{found.error.provider_code !== null && ` (${found.error.provider_code})`}</Text>}
          </Alert>
        )}
        {found.next_action !== null && <NextAction payment={found} />}
        <Disputes payment={found} />
        <SimpleGrid cols={{ base: 1, md: 2 }} spacing='lg'>
          <FactsOf payment={found} />
          <Stack gap='lg'><Documents payment={found} />{found.amount_captured > 0 && <Refunds payment={found} />}</Stack>
        </SimpleGrid>
        <TimelineOf payment={found} />
      </Stack>
    </Page>
  )
}

/** What its state allows, and this person may do. The server judges. */
function Actions ({ payment }: { payment: Payment }) {
  const words = useTexts(payments)
  const { may } = useSession()
  const { id, status, amount_captured: captured, amount_refunded: refunded } = payment
  const path = { id }
  const left = captured - refunded
  return (
    <>
      {may('payments:write') && status === 'authorized' && <AmountQuestion kind='capture' payment={payment} most={payment.amount_capturable} />}
      {may('invoices:write') && status === 'succeeded' && payment.invoice_id === null && <Button component={Link} href={`/invoices/new?payment=${id}`} variant='default'>{words.invoice}</Button>}
      {may('payments:write') && status === 'succeeded' && left > 0 && <AmountQuestion kind='refund' payment={payment} most={left} />}
      {may('payments:write') && ['requires_payment_method', 'requires_action', 'processing', 'authorized', 'unknown'].includes(status) && (
        <Confirm method='post' path='/v1/payments/{id}/cancel' asked={{ path, body: { reason: 'requested_by_customer' } }} invalidates={areas} label={words.cancel} title={words.cancelTitle} text={words.cancelText} yes={words.cancelYes} done={words.cancelDone} danger />
      )}
    </>
  )
}

/** A capture or a refund: all of it, or a part. */
function AmountQuestion ({ kind, payment: { id, currency }, most }: { kind: 'capture' | 'refund', payment: Payment, most: number }) {
  const words = useTexts(payments)
  const { money } = useFormats()
  const [typed, setTyped] = useState<string>()
  const [reason, setReason] = useState<'requested_by_customer' | 'duplicate' | 'fraudulent'>('requested_by_customer')
  const value = typed ?? typedAmount(most, currency)
  const amount = minorUnits(value, currency)
  const good = amount !== undefined && amount <= most
  const field = <AmountInput label={kind === 'refund' ? words.refundAmount : words.captureAmount} description={words.refundMost(money(most, currency))} value={value} currency={currency} onChange={setTyped} error={good ? undefined : words.refundWrong} />
  const done = () => setTyped(undefined)
  if (kind === 'capture') {
    return (
      <Confirm method='post' path='/v1/payments/{id}/capture' asked={() => ({ path: { id }, body: { amount: amount! } })} invalidates={areas} label={words.capture} title={words.captureTitle} text={words.captureText} yes={words.captureYes} done={words.captureDone} ready={good} onDone={done} button={{ variant: 'filled' }}>
        {field}
      </Confirm>
    )
  }
  return (
    <Confirm method='post' path='/v1/payments/{id}/refunds' asked={() => ({ path: { id }, body: { amount: amount!, reason } })} invalidates={areas} label={words.refund} title={words.refundTitle} text={words.refundText} yes={words.refundYes} done={words.refundDone} ready={good} onDone={done}>
      {field}
      <Select label={words.reason} value={reason} onChange={next => { if (next !== null) setReason(next) }} allowDeselect={false} data={[{ value: 'requested_by_customer', label: words.reasonRequested }, { value: 'duplicate', label: words.reasonDuplicate }, { value: 'fraudulent', label: words.reasonFraudulent }]} />
    </Confirm>
  )
}

function Review ({ payment: { id, review, status } }: { payment: Payment }) {
  const words = useTexts(payments)
  const statuses = useTexts(statusWords) as Record<string, string>
  const { money } = useFormats()
  const { may } = useSession()
  const [decision, setDecision] = useState<'accept_provider' | 'dismiss' | 'mark_succeeded' | 'mark_failed' | 'mark_canceled'>('accept_provider')
  const [reason, setReason] = useState('')
  if (review === null) return null
  return (
    <Alert color='yellow' title={words.reviewTitle} icon={<Icon name='warning' />}>
      <Text size='sm'>{words.reviewText(review.reason, money(review.provider_amount, review.provider_currency), statuses[review.status] ?? review.status)}</Text>
      {may('payments:write') && (
        <Group mt='sm'>
          <Confirm method='post' path='/v1/payments/{id}/resolve_review' asked={() => ({ path: { id }, body: { decision, reason: reason.trim() } })} invalidates={areas} label={words.resolve} title={words.resolve} yes={words.resolveYes} done={words.resolveDone} ready={reason.trim().length >= 3} button={{ size: 'xs' }}>
            <Select
              label={words.decision} value={decision} onChange={next => { if (next !== null) setDecision(next) }} allowDeselect={false}
              data={[{ value: 'accept_provider', label: words.acceptProvider }, { value: 'dismiss', label: words.dismiss }, ...(status === 'succeeded' ? [] : [{ value: 'mark_succeeded' as const, label: words.markSucceeded }, { value: 'mark_failed' as const, label: words.markFailed }, { value: 'mark_canceled' as const, label: words.markCanceled }])]}
            />
            <Textarea label={words.why} value={reason} onChange={event => setReason(event.currentTarget.value)} required withAsterisk={false} maxLength={1000} />
          </Confirm>
        </Group>
      )}
    </Alert>
  )
}

/** What the payer does next, in the form in which it can be handed to them. */
function NextAction ({ payment }: { payment: Payment }) {
  const words = useTexts(payments)
  const { money } = useFormats()
  const { may } = useSession()
  const action = payment.next_action!
  const text = (name: string): string | undefined => typeof action[name] === 'string' || typeof action[name] === 'number' ? String(action[name]) : undefined
  const message = words.wanted(money(payment.amount, payment.currency))
  const row = (name: string, field: string): readonly [string, ReactNode] | false => text(field) !== undefined && [name, <Copyable key={field} value={text(field)!} label={name} />]
  const rows = [row(words.reference2, 'reference'), row(words.clabe, 'clabe'), row(words.account, 'account'), text('bank') !== undefined && [words.bank, text('bank')] as const, text('expires_at') !== undefined && [words.expires, <When key='expires' at={text('expires_at')!} exact />] as const]
  const url = text('url') ?? text('hosted_url')
  const email = typeof payment.customer?.email === 'string' ? payment.customer.email : undefined
  const phone = typeof payment.customer?.phone === 'string' ? payment.customer.phone : undefined
  return (
    <Section title={words.waitsTitle}>
      <Stack gap='md' data-next-action={action.type as string}>
        <Text size='sm' c='dimmed'>{action.type === 'redirect' ? words.waitsRedirect : action.type === 'voucher' ? words.waitsVoucher : action.type === 'bank_transfer' ? words.waitsTransfer : action.type === 'client_secret' ? words.waitsCard : action.type === 'qr' ? words.waitsQr : words.waitsOther}</Text>
        {rows.some(given => given !== false) && <Facts rows={rows} />}
        {text('data') !== undefined && action.type === 'qr' && <><QrCode value={text('data')!} label={words.qr} /><Copyable value={text('data')!} label={words.qr} wide /></>}
        {url !== undefined && <Share url={url} message={message} email={email} phone={phone} />}
        {action.type === 'client_secret' && may('payments:write') && <Button component='a' href={`/payments/${payment.id}/card`} w='fit-content'>{words.cardFields}</Button>}
      </Stack>
    </Section>
  )
}

function FactsOf ({ payment }: { payment: Payment }) {
  const words = useTexts(payments)
  const { number, money } = useFormats()
  const { nameOf } = usePaymentAccounts()
  const { currency } = payment
  const customerId = typeof payment.customer?.id === 'string' ? payment.customer.id : undefined
  const origin = payment.origin
  return (
    <Section title={words.facts}>
      <Facts rows={[
        [words.payment, <Copyable key='id' value={payment.id} />],
        payment.reference !== null && [words.reference, payment.reference],
        payment.amount_captured > 0 && [words.captured, <Money key='captured' amount={payment.amount_captured} currency={currency} strong />],
        payment.amount_capturable > 0 && [words.capturable, money(payment.amount_capturable, currency)],
        payment.amount_refunded > 0 && [words.refunded, money(payment.amount_refunded, currency)],
        payment.amount_received > 0 && payment.amount_remaining > 0 && [words.received, money(payment.amount_received, currency)],
        payment.amount_remaining > 0 && payment.amount_received > 0 && [words.remaining, money(payment.amount_remaining, currency)],
        [words.method, <MethodOf key='method' method={payment.method} />],
        customerId === undefined ? payment.customer !== null && [words.payer, <PayerOf key='payer' customer={payment.customer} />] : [words.customer, <CustomerLink key='customer' id={customerId} />],
        [words.connection, <Anchor key='connection' component={Link} href={`/connections/${payment.connection}`} size='sm'>{nameOf(payment.connection)}</Anchor>],
        origin !== null && [words.origin, <Anchor key='origin' component={Link} size='sm' href={origin.type === 'payment_link' ? `/payments/links/${origin.id}` : origin.type === 'subscription' ? `/subscriptions/${origin.id}` : `/payments/sessions/${origin.id}`}>{origin.type === 'payment_link' ? words.linkTitle : origin.type === 'subscription' ? words.subscription : words.sessionTitle}</Anchor>],
        payment.provider_reference !== null && [words.providerReference, <Copyable key='reference' value={payment.provider_reference} />],
        payment.provider_status !== null && payment.provider_status !== payment.status && [words.providerStatus, <span key='status' className='mono'>{payment.provider_status}</span>],
        [words.attempts, number(payment.attempts)],
        payment.expires_at !== null && [words.expires, <When key='expires' at={payment.expires_at} exact />],
        [words.created, <When key='created' at={payment.created_at} exact />]
      ]}
      />
    </Section>
  )
}

/** Sales and fiscal documents of this payment. */
function Documents ({ payment }: { payment: Payment }) {
  const words = useTexts(payments)
  const { may } = useSession()
  const invoices = useRead('/v1/invoices', { query: { payment_id: payment.id, limit: 20 } }, { enabled: may('invoices:read'), every: 10_000 })
  const sales = useRead('/v1/sales', { query: { payment: payment.id, limit: 5 } })
  const none = payment.invoice_id === null && (invoices.data?.data ?? []).length + (sales.data?.data ?? []).length === 0
  return (
    <Section title={words.documents}>
      {(invoices.isError || sales.isError) && <ProblemAlert error={invoices.error ?? sales.error} />}
      {none && !invoices.isLoading && <Text size='sm' c='dimmed'>{payment.status === 'succeeded' ? words.documentsNoneYet : words.documentsNone}</Text>}
      <Stack gap='xs'>
        {payment.invoice_id !== null && <Anchor component={Link} href={`/invoices/${payment.invoice_id}`} size='sm'>{words.paysInvoice}</Anchor>}
        {(invoices.data?.data ?? []).map(invoice => (
          <Group key={invoice.id} justify='space-between' gap='sm'>
            <Anchor component={Link} href={`/invoices/${invoice.id}`} size='sm'>{words.invoiceOf(`${invoice.series ?? ''}${invoice.number ?? ''}` || invoice.id)}</Anchor><Status value={invoice.status} />
          </Group>
        ))}
        {(sales.data?.data ?? []).map(sale => (
          <Group key={sale.id} justify='space-between' gap='sm'><Anchor component={Link} href={`/sales/${sale.id}`} size='sm'>{words.saleOf(sale.ticket)}</Anchor><Status value={sale.status} /></Group>
        ))}
      </Stack>
    </Section>
  )
}

function Refunds ({ payment }: { payment: Payment }) {
  const words = useTexts(payments)
  const refunds = useRead('/v1/payments/{id}/refunds', { path: { id: payment.id } }, { every: found => found?.data.some(({ status }) => status === 'unknown' || status === 'pending') === true ? 3_000 : false })
  if (refunds.isError) return <Section title={words.refunds}><ProblemAlert error={refunds.error} /></Section>
  if (refunds.data === undefined || refunds.data.data.length === 0) return null
  return (
    <Section title={words.refunds}>
      <Wide label={words.refunds} width={320}>
        <Table>
          <Table.Thead><Table.Tr>{[words.amount, words.state, words.created].map(name => <Table.Th key={name} scope='col'>{name}</Table.Th>)}</Table.Tr></Table.Thead>
          <Table.Tbody>
            {refunds.data.data.map(refund => (
              <Table.Tr key={refund.id} data-refund={refund.status}>
                <Table.Td><Money amount={refund.amount} currency={refund.currency} /></Table.Td>
                <Table.Td><Status value={refund.status} {...(refund.status === 'succeeded' && { label: words.refunded })} />{refund.error !== null && <Text size='xs' c='dimmed'>{refund.error.message}</Text>}</Table.Td>
                <Table.Td><When at={refund.created_at} /></Table.Td>
              </Table.Tr>
            ))}
          </Table.Tbody>
        </Table>
      </Wide>
    </Section>
  )
}

function TimelineOf ({ payment }: { payment: Payment }) {
  const words = useTexts(payments)
  const moment = useMoment()
  const timeline = useRead('/v1/payments/{id}/timeline', { path: { id: payment.id } }, { every: isMoving(payment.status) ? 4_000 : 15_000 })
  return (
    <Section title={words.timeline} lead={words.timelineLead}>
      {timeline.isError && <ProblemAlert error={timeline.error} again={() => { void timeline.refetch() }} />}
      {timeline.isPending && <Waiting rows={4} height={44} />}
      {timeline.data !== undefined && <Timeline moments={timeline.data.data.map(moment)} />}
    </Section>
  )
}
