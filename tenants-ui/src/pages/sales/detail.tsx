import { Alert, Anchor, Select, SimpleGrid, Stack, Table, Text, TextInput } from '@mantine/core'
import { useState } from 'react'
import { Link, useParams } from 'wouter'
import { useRead } from '../../api/hooks.ts'
import { useLive } from '../../api/live.ts'
import { common } from '../../i18n/common.ts'
import { useFormats } from '../../i18n/format.ts'
import { useTexts } from '../../i18n/language.tsx'
import { useSession } from '../../shell/session.tsx'
import { AmountInput, minorUnits, typedAmount } from '../../ui/amount.tsx'
import { CatalogueSelect } from '../../ui/catalogue.tsx'
import { Confirm } from '../../ui/confirm.tsx'
import { History } from '../../ui/history.tsx'
import { Icon } from '../../ui/icons.tsx'
import { ExportButton } from '../../ui/list.tsx'
import { Facts, Page, Section, Waiting, Wide } from '../../ui/page.tsx'
import { ProblemAlert } from '../../ui/problem.tsx'
import { Share } from '../../ui/share.tsx'
import { Copyable, Money, Status, When } from '../../ui/values.tsx'
import { CustomerLink } from '../customers/link.tsx'
import { BuyerFields } from '../invoices/buyer-fields.tsx'
import { buyerOf, type Customer, customerOf, emptyBuyer, type InvoiceLine, isCountry } from '../invoices/form.ts'
import { InvoiceLink } from '../invoices/link.tsx'
import { PaymentLink } from '../payments/link-to.tsx'
import { buyerName, type Sale } from './list.tsx'
import { sales } from './texts.ts'

const areas = ['/v1/sales', '/v1/invoices', '/v1/payments', '/v1/events', '/v1/audit_log']

export default function SalePage () {
  const { id } = useParams<{ id: string }>()
  const words = useTexts(sales)
  const { money } = useFormats()
  useLive(areas, ['sale.*', 'invoice.*', 'payment.*', 'global_invoice.*'])
  const sale = useRead('/v1/sales/{id}', { path: { id } }, { every: found => found === undefined || ['invoicing', 'leaving_global', 'correcting'].includes(found.document) ? 2_500 : 15_000 })
  const back = { to: '/sales', text: words.title }
  if (sale.isError && sale.data === undefined) return <Page title={words.sale} back={back}><ProblemAlert error={sale.error} again={() => { void sale.refetch() }} /></Page>
  if (sale.data === undefined) return <Page title={words.sale} back={back}><Waiting rows={3} height={140} /></Page>
  const found = sale.data
  return (
    <Page title={`${words.sale} ${found.ticket}`} back={back} badge={<Status value={found.status} />} lead={money(found.amount, found.currency)} actions={<Actions sale={found} />}>
      <Stack gap='lg' data-sale={found.status}>
        {found.problem !== null && <Alert color='red' title={words.problemTitle} icon={<Icon name='warning' />}>{found.problem.map(({ code, message }) => <Text key={code + message} size='sm'><span className='mono'>{code}</span> {message}</Text>)}</Alert>}
        <SimpleGrid cols={{ base: 1, md: 2 }} spacing='lg'>
          <FactsOf sale={found} />
          {found.self_invoice !== null && (
            <Section title={words.selfInvoice} lead={words.selfInvoiceLead}>
              <Stack gap='sm'>
                <Text size='sm'>{words.selfInvoiceUntil} <When at={found.self_invoice.expires_at} exact /></Text>
                <Share url={found.self_invoice.url} message={words.selfInvoiceMessage(found.ticket)} email={typeof found.customer?.email === 'string' ? found.customer.email : undefined} phone={typeof found.customer?.phone === 'string' ? found.customer.phone : undefined} />
              </Stack>
            </Section>
          )}
        </SimpleGrid>
        <Lines sale={found} />
        <Refunds sale={found} />
        <Section title={words.history}><History subject={id} every={15_000} /></Section>
      </Stack>
    </Page>
  )
}

/** What its state allows, and this person may do. The server judges. */
function Actions ({ sale }: { sale: Sale }) {
  const words = useTexts(sales)
  const { may } = useSession()
  const { id, status, document, amount, amount_refunded: refunded, country } = sale
  const invoiceable = status !== 'canceled' && status !== 'refunded' && ['undecided', 'link', 'correcting', 'global_pending', 'in_global'].includes(document)
  return (
    <>
      <ExportButton label={words.printTicket} path='/v1/sales/{id}/ticket' params={{ id }} file={`${sale.ticket}.html`} />
      {may('payments:write') && status === 'pending' && <ConfirmPayment sale={sale} />}
      {may('invoices:write') && invoiceable && status !== 'pending' && <InvoiceIt sale={sale} />}
      {may('invoices:write') && invoiceable && status !== 'pending' && country === 'MX' && <SelfInvoice sale={sale} />}
      {may('payments:write') && sale.paid_at !== null && amount - refunded > 0 && <Refund sale={sale} />}
      {may('payments:write') && status === 'pending' && <Confirm method='post' path='/v1/sales/{id}/cancel' asked={{ path: { id } }} invalidates={areas} label={words.cancel} title={words.cancelTitle} text={words.cancelText} yes={words.cancel} done={words.canceled} danger />}
    </>
  )
}

function ConfirmPayment ({ sale: { id, country } }: { sale: Sale }) {
  const words = useTexts(sales)
  const shared = useTexts(common)
  const [form, setForm] = useState({ method: '01', wants: country === 'MX' ? 'yes' : 'unknown', email: '', phone: '' })
  return (
    <Confirm
      method='post' path='/v1/sales/{id}/confirm_payment' invalidates={areas} label={words.confirm} title={words.confirmTitle} text={words.confirmText} yes={words.confirmYes} done={words.confirmed} ready={form.method !== ''} button={{ variant: 'filled' }}
      asked={() => ({ path: { id }, body: { payment_received: true, payment_method: form.method, ...(form.wants !== 'unknown' && { requires_invoice: form.wants === 'yes' }), ...(form.email.trim() !== '' && { customer_email: form.email.trim() }), ...(form.phone.trim() !== '' && { customer_phone: form.phone.trim() }) } })}
    >
      <CatalogueSelect catalogue='c_FormaPago' label={words.form} value={form.method} onChange={method => setForm({ ...form, method })} allows={({ code }) => code !== '99'} required />
      {country === 'MX' && <Select label={words.wantsInvoice} data={[{ value: 'yes', label: words.wantsYes }, { value: 'no', label: words.wantsNo }, { value: 'unknown', label: words.wantsUnknown }]} value={form.wants} onChange={next => setForm({ ...form, wants: next ?? 'unknown' })} allowDeselect={false} />}
      <TextInput label={`${words.email} (${shared.optional})`} type='email' value={form.email} onChange={event => setForm({ ...form, email: event.currentTarget.value })} autoComplete='off' />
      <TextInput label={`${words.phone} (${shared.optional})`} type='tel' value={form.phone} onChange={event => setForm({ ...form, phone: event.currentTarget.value })} autoComplete='off' />
    </Confirm>
  )
}

function InvoiceIt ({ sale }: { sale: Sale }) {
  const words = useTexts(sales)
  const country = isCountry(sale.country) ? sale.country : 'MX'
  const [buyer, setBuyer] = useState(() => {
    const known = sale.customer?.invoice as Customer | undefined
    return known !== undefined ? buyerOf(known) : { ...emptyBuyer, name: typeof sale.customer?.name === 'string' ? sale.customer.name : '', email: typeof sale.customer?.email === 'string' ? sale.customer.email : '', taxId: typeof sale.customer?.tax_id === 'string' ? sale.customer.tax_id : '' }
  })
  return (
    <Confirm method='post' path='/v1/sales/{id}/invoice' asked={() => ({ path: { id: sale.id }, body: { customer: customerOf(country, buyer) } })} invalidates={areas} label={words.makeInvoice} title={words.makeInvoiceTitle} text={sale.document === 'in_global' ? words.makeInvoiceText : undefined} yes={words.makeInvoice} done={words.makeInvoiceDone} ready={buyer.name.trim() !== '' && buyer.taxId.trim() !== ''}>
      <BuyerFields country={country} buyer={buyer} onChange={setBuyer} at={() => undefined} />
    </Confirm>
  )
}

function SelfInvoice ({ sale }: { sale: Sale }) {
  const words = useTexts(sales)
  const shared = useTexts(common)
  const [form, setForm] = useState({ email: '', phone: '' })
  return (
    <Confirm method='post' path='/v1/self_invoices' asked={() => ({ body: { sale: sale.id, ...(form.email.trim() !== '' && { customer_email: form.email.trim() }), ...(form.phone.trim() !== '' && { customer_phone: form.phone.trim() }) } })} invalidates={areas} label={words.makeLink} title={words.makeLinkTitle} text={words.makeLinkText} yes={words.makeLinkYes} done={words.linkMade}>
      <TextInput label={`${words.email} (${shared.optional})`} type='email' value={form.email} onChange={event => setForm({ ...form, email: event.currentTarget.value })} autoComplete='off' />
      <TextInput label={`${words.phone} (${shared.optional})`} type='tel' value={form.phone} onChange={event => setForm({ ...form, phone: event.currentTarget.value })} autoComplete='off' />
    </Confirm>
  )
}

function Refund ({ sale }: { sale: Sale }) {
  const words = useTexts(sales)
  const { money } = useFormats()
  const most = sale.amount - sale.amount_refunded
  const [method, setMethod] = useState<'cash' | 'card' | 'store_credit'>(sale.payment === null ? 'cash' : 'card')
  const [typed, setTyped] = useState<string>()
  const [reason, setReason] = useState('')
  const value = typed ?? typedAmount(most, sale.currency)
  const amount = minorUnits(value, sale.currency)
  const good = amount !== undefined && amount <= most
  return (
    <Confirm method='post' path='/v1/sales/{id}/refund' asked={() => ({ path: { id: sale.id }, body: { method, amount: amount!, reason: reason.trim() } })} invalidates={areas} label={words.refund} title={words.refundTitle} text={words.refundText} yes={words.refund} done={words.refundDone} ready={good && reason.trim() !== ''} onDone={() => setTyped(undefined)}>
      <AmountInput label={words.refundAmount} description={words.refundMost(money(most, sale.currency))} value={value} currency={sale.currency} onChange={setTyped} error={good ? undefined : words.amountWrong} />
      <Select label={words.method} data={[...(sale.payment === null ? [] : [{ value: 'card' as const, label: words.refundCard }]), { value: 'cash' as const, label: words.refundCash }, { value: 'store_credit' as const, label: words.refundCredit }]} value={method} onChange={next => { if (next !== null) setMethod(next) }} allowDeselect={false} />
      <TextInput label={words.reason} value={reason} onChange={event => setReason(event.currentTarget.value)} maxLength={300} name='reason' autoComplete='off' />
    </Confirm>
  )
}

function FactsOf ({ sale }: { sale: Sale }) {
  const words = useTexts(sales)
  const { money } = useFormats()
  const forms = useRead('/v1/catalogues/{name}', { path: { name: 'c_FormaPago' } })
  const formOf = (code: string): string => forms.data?.data.find(entry => entry.code === code)?.text ?? code
  const place = [sale.branch, sale.till].filter(part => part !== null).join(' · ')
  return (
    <Section title={words.facts}>
      <Facts rows={[
        [words.sale, <Copyable key='id' value={sale.id} />],
        [words.document, words[sale.document]],
        sale.amount_refunded > 0 && [words.refunded, money(sale.amount_refunded, sale.currency)],
        [words.buyer, buyerName(sale)],
        sale.customer_id !== null && [words.customer, <CustomerLink key='customer' id={sale.customer_id} />],
        sale.tenders.length > 0 && [words.tenders, sale.tenders.map(({ form, amount }) => `${formOf(form)}${amount === undefined ? '' : ` ${money(amount, sale.currency)}`}`).join(', ')],
        sale.payment !== null && [words.payment, <PaymentLink key='payment' id={sale.payment} />],
        sale.invoice !== null && [words.invoice, <InvoiceLink key='invoice' id={sale.invoice} />],
        sale.global_invoice !== null && [words.inGlobal, <GlobalLink key='global' id={sale.global_invoice} />],
        sale.global_invoice_date !== null && sale.document === 'global_pending' && [words.globalDay, sale.global_invoice_date],
        sale.correct_until !== null && [words.correctUntil, <When key='until' at={sale.correct_until} exact />],
        place !== '' && [words.branch, place],
        sale.reference !== null && [words.reference, sale.reference],
        sale.confirmed_by !== null && [words.confirmedBy, sale.confirmed_by],
        [words.soldAt, <When key='sold' at={sale.sold_at} exact />]
      ]}
      />
    </Section>
  )
}

function Lines ({ sale }: { sale: Sale }) {
  const words = useTexts(sales)
  const lines = sale.lines as unknown as InvoiceLine[]
  return (
    <Section title={words.lines}>
      <Wide label={words.lines} width={420}>
        <Table>
          <Table.Thead><Table.Tr><Table.Th scope='col'>{words.description}</Table.Th><Table.Th scope='col' ta='right'>{words.quantity}</Table.Th><Table.Th scope='col' ta='right'>{words.price}</Table.Th></Table.Tr></Table.Thead>
          <Table.Tbody>{lines.map((line, index) => <Table.Tr key={index}><Table.Td className='breaks'>{line.description}</Table.Td><Table.Td ta='right' className='nums'>{line.quantity}</Table.Td><Table.Td ta='right' className='nums'>{line.unit_price}</Table.Td></Table.Tr>)}</Table.Tbody>
        </Table>
      </Wide>
    </Section>
  )
}

/** The document of the global invoice that it is in. */
function GlobalLink ({ id }: { id: string }) {
  const { may } = useSession()
  const { data } = useRead('/v1/global_invoices/{id}', { path: { id } }, { enabled: may('invoices:read') })
  if (data === undefined) return <span className='mono'>{id.slice(0, 12)}…</span>
  const { from, to } = data.period
  const name = from === to ? from : `${from} – ${to}`
  return data.invoice === null ? <>{name}</> : <Anchor component={Link} href={`/invoices/${data.invoice}`} size='sm'>{name}</Anchor>
}

/** What the buyer pays with next time: handed to them by whoever gives it. */
function CreditCode ({ id }: { id: string }) {
  const { data } = useRead('/v1/store_credits/{id}', { path: { id } })
  return data === undefined ? null : <Copyable value={data.code} />
}

function Refunds ({ sale }: { sale: Sale }) {
  const words = useTexts(sales)
  const refunds = sale.refunds ?? []
  if (refunds.length === 0) return null
  const how = { cash: words.refundCash, card: words.refundCard, store_credit: words.refundCredit }
  return (
    <Section title={words.refunds}>
      <Wide label={words.refunds} width={420}>
        <Table>
          <Table.Thead><Table.Tr>{[words.amount, words.method, words.reason, words.state, words.created].map(name => <Table.Th key={name} scope='col'>{name}</Table.Th>)}</Table.Tr></Table.Thead>
          <Table.Tbody>{refunds.map(refund => <Table.Tr key={refund.id}><Table.Td><Money amount={refund.amount} currency={sale.currency} /></Table.Td><Table.Td>{how[refund.method]}{refund.store_credit !== null && <CreditCode id={refund.store_credit} />}</Table.Td><Table.Td>{refund.reason}</Table.Td><Table.Td><Status value={refund.status} {...(refund.status === 'succeeded' && { label: words.refunded })} /></Table.Td><Table.Td><When at={refund.created_at} /></Table.Td></Table.Tr>)}</Table.Tbody>
        </Table>
      </Wide>
    </Section>
  )
}
