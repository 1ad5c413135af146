import { Alert, Anchor, Button, Checkbox, Group, Radio, Select, SimpleGrid, Stack, Table, Text, Textarea, TextInput } from '@mantine/core'
import { useState } from 'react'
import { Link, useLocation, useParams } from 'wouter'
import { useChange, useRead } from '../../api/hooks.ts'
import { useLive } from '../../api/live.ts'
import { useFormats } from '../../i18n/format.ts'
import { useTexts } from '../../i18n/language.tsx'
import { useSession } from '../../shell/session.tsx'
import { CatalogueSelect } from '../../ui/catalogue.tsx'
import { Confirm } from '../../ui/confirm.tsx'
import { History } from '../../ui/history.tsx'
import { Icon } from '../../ui/icons.tsx'
import { ExportButton } from '../../ui/list.tsx'
import { Facts, Page, Section, Waiting, Wide } from '../../ui/page.tsx'
import { ProblemAlert } from '../../ui/problem.tsx'
import { Share } from '../../ui/share.tsx'
import { Copyable, Status, When } from '../../ui/values.tsx'
import { PaymentLink } from '../payments/link-to.tsx'
import { usePaymentAccounts } from '../payments/shown.tsx'
import { homeCurrency, type Invoice, type InvoiceLine, isCountry } from './form.ts'
import { InvoiceLink } from './link.tsx'
import { numberOf, useFiscalMoney, useKindName } from './list.tsx'
import { invoices } from './texts.ts'

const areas = ['/v1/invoices', '/v1/payments', '/v1/sales', '/v1/events', '/v1/operations', '/v1/audit_log', '/v1/mails']
const heard = ['invoice.*', 'payment.*', 'mail.*']
const moving = new Set(['queued', 'signed', 'submitted', 'unknown', 'cancel_requested', 'cancel_pending_acceptance'])
const stamped = new Set(['issued', 'cancel_requested', 'cancel_pending_acceptance', 'canceled', 'cancel_rejected'])
const linesOf = (invoice: Invoice): InvoiceLine[] => invoice.lines as unknown as InvoiceLine[]

export default function InvoicePage () {
  const { id } = useParams<{ id: string }>()
  const words = useTexts(invoices)
  const kindOf = useKindName()
  const money = useFiscalMoney()
  useLive(areas, heard)
  const invoice = useRead('/v1/invoices/{id}', { path: { id } }, { every: found => found === undefined || moving.has(found.status) ? 1_500 : 20_000 })
  const back = { to: '/invoices', text: words.title }
  if (invoice.isError && invoice.data === undefined) return <Page title={words.invoice} back={back}><ProblemAlert error={invoice.error} again={() => { void invoice.refetch() }} /></Page>
  if (invoice.data === undefined) return <Page title={words.invoice} back={back}><Waiting rows={3} height={140} /></Page>
  const found = invoice.data
  return (
    <Page title={found.number === null ? kindOf(found.kind) : `${kindOf(found.kind)} ${numberOf(found)}`} back={back} badge={<Group gap={6}><Status value={found.status} />{found.payment_status !== 'not_applicable' && found.status === 'issued' && <Status value={found.payment_status} />}</Group>} lead={`${String(found.customer.name ?? '')} · ${money(found.totals.total, found.currency)}`} actions={<Actions invoice={found} />}>
      <Stack gap='lg' data-invoice={found.status}>
        {found.review !== null && <Review invoice={found} />}
        {found.authority_messages.length > 0 && (
          <Alert color={found.status === 'rejected' ? 'red' : 'gray'} title={words.authority} icon={<Icon name='warning' />}>
            <Stack gap={4}>{found.authority_messages.map(({ code, message }) => <Text key={code + message} size='sm'><span className='mono'>{code}</span> {message}</Text>)}</Stack>
          </Alert>
        )}
        <SimpleGrid cols={{ base: 1, md: 2 }} spacing='lg'>
          <FactsOf invoice={found} />
          <Stack gap='lg'><Files invoice={found} /><Related invoice={found} /><PayLink invoice={found} /><Mails invoice={found} /></Stack>
        </SimpleGrid>
        <Lines invoice={found} />
        <Section title={words.history}><History subject={id} every={moving.has(found.status) ? 3_000 : 20_000} /></Section>
      </Stack>
    </Page>
  )
}

/** What its state allows, and this person may do. The server judges. */
function Actions ({ invoice }: { invoice: Invoice }) {
  const words = useTexts(invoices)
  const { may } = useSession()
  const [to, setTo] = useState('')
  const [message, setMessage] = useState('')
  const { id, status, kind, country } = invoice
  const path = { id }
  if (!may('invoices:write')) return null
  const addresses = to.split(/[\s,;]+/).filter(part => part !== '')
  return (
    <>
      {(status === 'draft' || status === 'rejected') && <Confirm method='post' path='/v1/invoices/{id}/issue' asked={{ path }} invalidates={areas} label={words.issue} title={words.issueTitle} text={words.issueText} yes={words.issue} done={words.issueDone} button={{ variant: 'filled' }} />}
      {(status === 'draft' || status === 'rejected') && kind === 'invoice' && <Button component={Link} href={`/invoices/${id}/edit`} variant='default'>{words.edit}</Button>}
      {status === 'issued' && (
        <Confirm method='post' path='/v1/invoices/{id}/send' asked={() => ({ path, body: { ...(addresses.length > 0 && { to: addresses }), ...(message.trim() !== '' && { message: message.trim() }) } })} invalidates={areas} label={words.send} title={words.sendTitle} text={words.sendText} yes={words.sendYes} done={words.sendDone}>
          <TextInput label={words.sendTo} value={to} onChange={event => setTo(event.currentTarget.value)} autoComplete='off' />
          <Textarea label={words.sendMessage} value={message} onChange={event => setMessage(event.currentTarget.value)} maxLength={2000} />
        </Confirm>
      )}
      {status === 'issued' && kind === 'invoice' && country === 'MX' && (invoice.payment as { method?: string }).method === 'PPD' && invoice.payment_status !== 'paid' && <Pay invoice={invoice} />}
      {status === 'issued' && (kind === 'invoice' || kind === 'global_invoice') && <Credit invoice={invoice} />}
      {status === 'issued' && kind === 'invoice' && country === 'MX' && <Button component={Link} href={`/invoices/new?substitutes=${id}`} variant='default'>{words.substitutes}</Button>}
      {(status === 'issued' || status === 'cancel_rejected') && country !== 'EC' && <Cancel invoice={invoice} />}
    </>
  )
}

function Cancel ({ invoice: { id, country, fiscal_id: fiscalId } }: { invoice: Invoice }) {
  const words = useTexts(invoices)
  const motives = country === 'MX'
    ? [['02', words.motive02], ['01', words.motive01], ['03', words.motive03], ['04', words.motive04]]
    : [['error', words.motiveError], ['duplicate', words.motiveDuplicate], ['withdrawn', words.motiveWithdrawn]]
  const [motive, setMotive] = useState(motives[0]![0]!)
  const [typed, setTyped] = useState('')
  const needs = motive === '01'
  // Whatever replaces it says so by relation 04, and was made lately.
  const lately = useRead('/v1/invoices', { query: { status: 'issued', limit: 100 } }, { enabled: needs })
  const replacing = (lately.data?.data ?? []).filter(({ related }) => related.some(({ type, fiscal_id: named }) => type === '04' && named === fiscalId))
  const substitute = typed.trim() === '' ? replacing[0]?.id ?? '' : typed.trim()
  return (
    <Confirm method='post' path='/v1/invoices/{id}/cancel' asked={() => ({ path: { id }, body: { motive, ...(needs && { substitute }) } })} invalidates={areas} label={words.cancel} title={words.cancelTitle} text={words.cancelText} yes={words.cancelYes} done={words.cancelDone} danger ready={!needs || substitute !== ''}>
      <Select label={words.cancelMotive} data={motives.map(([value, label]) => ({ value: value!, label: label! }))} value={motive} onChange={next => { if (next !== null) setMotive(next) }} allowDeselect={false} name='motive' />
      {needs && replacing.length > 0 && <Select label={words.substitute} data={replacing.map(invoice => ({ value: invoice.id, label: `${numberOf(invoice)} · ${invoice.fiscal_id ?? ''}` }))} value={substitute} onChange={next => { if (next !== null) setTyped(next) }} allowDeselect={false} name='substitute' />}
      {needs && replacing.length === 0 && (
        <>
          <Text size='sm'>{words.substituteNone}</Text>
          <Button component={Link} href={`/invoices/new?substitutes=${id}`} variant='default' size='xs' w='fit-content'>{words.substitutes}</Button>
          <TextInput label={words.substituteTyped} value={typed} onChange={event => setTyped(event.currentTarget.value)} maxLength={60} autoComplete='off' name='substitute' />
        </>
      )}
    </Confirm>
  )
}

/** All of it, or lines with a quantity. */
function Credit ({ invoice }: { invoice: Invoice }) {
  const words = useTexts(invoices)
  const [, go] = useLocation()
  const lines = linesOf(invoice)
  const [whole, setWhole] = useState(true)
  const [chosen, setChosen] = useState<Record<number, string>>({})
  const [reason, setReason] = useState('')
  const [relation, setRelation] = useState('01')
  const parts = Object.entries(chosen).map(([index, quantity]) => ({ ...lines[Number(index)]!, quantity: quantity.trim().replace(',', '.') }))
  const good = whole || (parts.length > 0 && parts.every(({ quantity }) => /^\d{1,18}(\.\d{1,6})?$/.test(quantity)))
  return (
    <Confirm
      method='post' path='/v1/invoices/{id}/credit_notes' invalidates={areas} label={words.credit} title={words.creditTitle} text={words.creditText} yes={words.creditYes} done={words.creditDone} ready={good} onDone={({ id }) => go(`/invoices/${id}`)}
      asked={() => ({ path: { id: invoice.id }, body: { ...(!whole && { lines: parts }), ...(reason.trim() !== '' && { reason: reason.trim() }), ...(invoice.country === 'MX' && { relation }) } })}
    >
      <Radio.Group value={whole ? 'whole' : 'parts'} onChange={next => setWhole(next === 'whole')} aria-label={words.lines}>
        <Stack gap='xs'><Radio value='whole' label={words.creditWhole} /><Radio value='parts' label={words.creditParts} /></Stack>
      </Radio.Group>
      {!whole && (
        <Stack gap='xs'>
          {lines.map((line, index) => (
            <Group key={index} gap='sm' wrap='nowrap' align='flex-end'>
              <Checkbox flex={1} label={line.description} checked={chosen[index] !== undefined} onChange={event => setChosen(event.currentTarget.checked ? { ...chosen, [index]: line.quantity } : Object.fromEntries(Object.entries(chosen).filter(([other]) => other !== String(index))))} />
              {chosen[index] !== undefined && <TextInput w={100} size='xs' label={words.quantity} inputMode='decimal' value={chosen[index]} onChange={event => setChosen({ ...chosen, [index]: event.currentTarget.value })} />}
            </Group>
          ))}
          {parts.length === 0 && <Text size='sm' c='dimmed'>{words.creditNone}</Text>}
        </Stack>
      )}
      {invoice.country === 'MX' && <Select label={words.relation} data={[{ value: '01', label: words.relation01 }, { value: '03', label: words.relation03 }, { value: '07', label: words.relation07 }]} value={relation} onChange={next => { if (next !== null) setRelation(next) }} allowDeselect={false} />}
      {invoice.country !== 'MX' && <TextInput label={words.creditReason} value={reason} onChange={event => setReason(event.currentTarget.value)} maxLength={300} />}
    </Confirm>
  )
}

/** A payment that came elsewhere: its receipt (complemento de pago) is made of it. */
function Pay ({ invoice: { id, currency, country } }: { invoice: Invoice }) {
  const words = useTexts(invoices)
  const [form, setForm] = useState({ amount: '', form: '03', at: '', rate: '', operation: '' })
  const foreign = isCountry(country) && currency !== homeCurrency[country]
  const decimal = (text: string): string => text.trim().replace(',', '.')
  const isNumber = (text: string): boolean => /^\d{1,18}(\.\d{1,6})?$/.test(decimal(text))
  const good = (form.amount.trim() === '' || isNumber(form.amount)) && form.form !== '' && (!foreign || isNumber(form.rate))
  const asked = () => ({
    path: { id },
    body: {
      form: form.form, ...(form.amount.trim() !== '' && { amount: decimal(form.amount) }), ...(form.at !== '' && { paid_at: new Date(form.at).toISOString() }),
      ...(foreign && { exchange_rate: decimal(form.rate) }), ...(form.operation.trim() !== '' && { operation_number: form.operation.trim() })
    }
  })
  const input = (name: 'amount' | 'at' | 'rate' | 'operation') => ({ value: form[name], onChange: (event: { currentTarget: { value: string } }) => setForm({ ...form, [name]: event.currentTarget.value }), autoComplete: 'off', name: `paid-${name}` })
  return (
    <Confirm method='post' path='/v1/invoices/{id}/payments' asked={asked} invalidates={areas} label={words.pay} title={words.payTitle} text={words.payText} yes={words.payYes} done={words.payDone} ready={good}>
      <TextInput label={words.payAmount} inputMode='decimal' {...input('amount')} />
      <CatalogueSelect catalogue='c_FormaPago' label={words.payForm} value={form.form} onChange={next => setForm({ ...form, form: next })} allows={({ code }) => code !== '99'} required />
      {foreign && <TextInput label={words.payRate} inputMode='decimal' required withAsterisk={false} {...input('rate')} />}
      <TextInput label={words.payAt} type='datetime-local' {...input('at')} />
      <TextInput label={words.payOperation} maxLength={100} {...input('operation')} />
    </Confirm>
  )
}

function Review ({ invoice: { id, review } }: { invoice: Invoice }) {
  const words = useTexts(invoices)
  const { may } = useSession()
  const [decision, setDecision] = useState<'mark_issued' | 'mark_rejected' | 'dismiss'>('dismiss')
  const [fiscalId, setFiscalId] = useState('')
  const [reason, setReason] = useState('')
  return (
    <Alert color='yellow' title={words.reviewTitle} icon={<Icon name='warning' />}>
      <Text size='sm'>{words.reviewText(review ?? '')}</Text>
      {may('invoices:write') && (
        <Group mt='sm'>
          <Confirm method='post' path='/v1/invoices/{id}/resolve_review' asked={() => ({ path: { id }, body: { decision, reason: reason.trim(), ...(decision === 'mark_issued' && { fiscal_id: fiscalId.trim() }) } })} invalidates={areas} label={words.resolve} title={words.resolve} yes={words.resolve} done={words.resolveDone} ready={reason.trim().length >= 3 && (decision !== 'mark_issued' || fiscalId.trim() !== '')} button={{ size: 'xs' }}>
            <Select label={words.decision} data={[{ value: 'dismiss', label: words.dismiss }, { value: 'mark_issued', label: words.markIssued }, { value: 'mark_rejected', label: words.markRejected }]} value={decision} onChange={next => { if (next !== null) setDecision(next) }} allowDeselect={false} />
            {decision === 'mark_issued' && <TextInput label={words.fiscalId} value={fiscalId} onChange={event => setFiscalId(event.currentTarget.value)} maxLength={60} autoComplete='off' />}
            <Textarea label={words.why} value={reason} onChange={event => setReason(event.currentTarget.value)} maxLength={1000} />
          </Confirm>
        </Group>
      )}
    </Alert>
  )
}

function FactsOf ({ invoice }: { invoice: Invoice }) {
  const words = useTexts(invoices)
  const money = useFiscalMoney()
  const { currency, totals, cancellation } = invoice
  const { nameOf } = usePaymentAccounts()
  const payable = invoice.payment_status !== 'not_applicable'
  return (
    <Section title={words.facts}>
      <Facts rows={[
        [words.invoice, <Copyable key='id' value={invoice.id} />],
        invoice.fiscal_id !== null && [words.fiscalId, <Copyable key='fiscal' value={invoice.fiscal_id} />],
        [words.customer, <span key='customer'>{String(invoice.customer.name ?? '')} <Text span size='xs' c='dimmed' className='mono'>{String(invoice.customer.tax_id ?? '')}</Text></span>],
        [words.subtotal, money(totals.subtotal, currency)],
        Number(totals.discount) !== 0 && [words.discount, money(totals.discount, currency)],
        [words.taxes, money(totals.taxes, currency)],
        Number(totals.withheld) !== 0 && [words.withheld, money(totals.withheld, currency)],
        [words.total, <Text key='total' span inherit fw={650} className='nums'>{money(totals.total, currency)}</Text>],
        payable && [words.amountPaid, money(invoice.amount_paid, currency)],
        payable && Number(invoice.amount_credited) !== 0 && [words.amountCredited, money(invoice.amount_credited, currency)],
        payable && [words.amountDue, money(invoice.amount_due, currency)],
        invoice.due !== null && [words.due, invoice.due],
        invoice.exchange_rate !== null && [words.exchange, invoice.exchange_rate],
        invoice.reference !== null && [words.reference, invoice.reference],
        invoice.payment_id !== null && [words.payment, <PaymentLink key='payment' id={invoice.payment_id} />],
        invoice.about !== null && [words.about, <InvoiceLink key='about' id={invoice.about} />],
        invoice.connection !== null && [words.connection, <Anchor key='connection' component={Link} href={`/connections/${invoice.connection}`} size='sm'>{nameOf(invoice.connection)}</Anchor>],
        invoice.stamped_at !== null && [words.stamped, <When key='stamped' at={invoice.stamped_at} exact />],
        [words.created, <When key='created' at={invoice.created_at} exact />],
        cancellation !== null && [words.cancellation, <span key='cancellation'>{words.cancelMotive} {cancellation.motive}, {words.cancelAsked.toLowerCase()} <When at={cancellation.asked_at} exact /></span>],
        invoice.verification_url !== null && [words.verify, <Anchor key='verify' href={invoice.verification_url} target='_blank' rel='noopener noreferrer' size='sm'>{words.verifyOpen}</Anchor>]
      ]}
      />
    </Section>
  )
}

function Files ({ invoice }: { invoice: Invoice }) {
  const words = useTexts(invoices)
  const name = invoice.fiscal_id ?? invoice.id
  return (
    <Section title={words.files}>
      {!stamped.has(invoice.status)
        ? <Text size='sm' c='dimmed'>{words.filesNone}</Text>
        : (
          <Group gap='sm'>
            <ExportButton label={words.xml} path='/v1/invoices/{id}/xml' params={{ id: invoice.id }} file={`${name}.xml`} />
            <ExportButton label={words.pdf} path='/v1/invoices/{id}/pdf' params={{ id: invoice.id }} file={`${name}.pdf`} />
            {invoice.country === 'ES' && <ExportButton label={words.ubl} path='/v1/invoices/{id}/ubl' params={{ id: invoice.id }} file={`${name}.ubl.xml`} />}
          </Group>
          )}
    </Section>
  )
}

/** What was made of it (credit notes, receipts), and what it names itself. */
function Related ({ invoice: { id, related, kind } }: { invoice: Invoice }) {
  const words = useTexts(invoices)
  const kindOf = useKindName()
  const money = useFiscalMoney()
  const about = useRead('/v1/invoices', { query: { about: id, limit: 100 } }, { enabled: kind !== 'payment_receipt', every: found => found?.data.some(({ status }) => moving.has(status)) === true ? 3_000 : 20_000 })
  const made = about.data?.data ?? []
  if (about.isError) return <ProblemAlert error={about.error} again={() => { void about.refetch() }} />
  if (made.length + related.length === 0) return null
  const relations: Record<string, string> = { '01': words.relation01, '03': words.relation03, '04': words.relation04, '07': words.relation07 }
  return (
    <Section title={words.credits}>
      <Stack gap='xs' data-about={id}>
        {made.map(one => <Group key={one.id} justify='space-between' gap='sm'><span><Anchor component={Link} href={`/invoices/${one.id}`} size='sm'>{kindOf(one.kind)} {numberOf(one)}</Anchor>{one.kind !== 'payment_receipt' && <Text span size='xs' c='dimmed' className='nums'> {money(one.totals.total, one.currency)}</Text>}</span><Status value={one.status} /></Group>)}
        {related.map(({ type, fiscal_id: named }) => <Text key={`${type} ${named}`} size='sm' className='breaks' component='div'>{relations[type] ?? type} <RelatedTo fiscalId={named} /></Text>)}
      </Stack>
    </Section>
  )
}

function RelatedTo ({ fiscalId }: { fiscalId: string }) {
  const found = useRead('/v1/invoices', { query: { fiscal_id: fiscalId, limit: 1 } }).data?.data[0]
  return found === undefined ? <span className='mono'>{fiscalId}</span> : <Anchor component={Link} href={`/invoices/${found.id}`} size='sm' underline='always'>{numberOf(found)}</Anchor>
}

/** A page where its customer pays what is due; only of what is owed. */
function PayLink ({ invoice }: { invoice: Invoice }) {
  const words = useTexts(invoices)
  const { may } = useSession()
  const money = useFiscalMoney()
  const owed = invoice.status === 'issued' && (invoice.payment_status === 'unpaid' || invoice.payment_status === 'partly_paid')
  const link = useRead('/v1/invoices/{id}/payment_link', { path: { id: invoice.id } }, { enabled: owed })
  const make = useChange('post', '/v1/invoices/{id}/payment_link', { invalidates: ['/v1/invoices'] })
  if (!owed) return null
  const open = link.data?.status === 'open' ? link.data : undefined
  return (
    <Section title={words.link} lead={words.linkLead}>
      {link.isError && link.error.code !== 'invalid_state' && <ProblemAlert error={link.error} again={() => { void link.refetch() }} />}
      {make.isError && <ProblemAlert error={make.error} />}
      {open !== undefined && (
        <Stack gap='sm'>
          <Share url={open.url} message={words.linkMessage(numberOf(invoice), money(open.amount_due, open.currency))} email={typeof invoice.customer.email === 'string' ? invoice.customer.email : undefined} />
          {may('invoices:write') && <Group><Confirm method='delete' path='/v1/invoices/{id}/payment_link' asked={{ path: { id: invoice.id } }} invalidates={['/v1/invoices']} label={words.linkTake} title={words.linkTake} text={words.linkTakeText} yes={words.linkTake} done={words.linkTaken} danger button={{ size: 'xs' }} /></Group>}
        </Stack>
      )}
      {open === undefined && may('invoices:write') && <Button variant='default' loading={make.isPending} onClick={() => make.mutate({ path: { id: invoice.id }, body: {} })} leftSection={<Icon name='link' size={16} />}>{words.linkMake}</Button>}
    </Section>
  )
}

function Mails ({ invoice }: { invoice: Invoice }) {
  const words = useTexts(invoices)
  const { may } = useSession()
  const again = useChange('post', '/v1/mails/{id}/retry', { invalidates: ['/v1/mails'] })
  const mails = useRead('/v1/mails', { query: { about: invoice.id, limit: 10 } }, { every: found => found?.data.some(({ status }) => status === 'queued' || status === 'sending') === true ? 3_000 : false })
  const rows = mails.data?.data ?? []
  if (rows.length === 0) return null
  return (
    <Section title={words.mails}>
      <Stack gap='xs'>
        {rows.map(mail => (
          <Group key={mail.id} justify='space-between' gap='sm'>
            <Text size='sm' className='breaks'>{mail.recipients.map(({ address }) => address).join(', ') || mail.subject} <Text span size='xs' c='dimmed'><When at={mail.created_at} /></Text></Text>
            <Group gap='xs'><Status value={mail.status} />{may('invoices:write') && (mail.status === 'parked' || mail.status === 'refused') && <Button size='compact-xs' variant='default' loading={again.isPending && again.variables?.path.id === mail.id} onClick={() => again.mutate({ path: { id: mail.id } })}>{words.mailAgain}</Button>}</Group>
          </Group>
        ))}
        {again.isError && <ProblemAlert error={again.error} />}
      </Stack>
    </Section>
  )
}

function Lines ({ invoice }: { invoice: Invoice }) {
  const words = useTexts(invoices)
  const money = useFiscalMoney()
  const { number } = useFormats()
  const lines = linesOf(invoice)
  if (lines.length === 0) return null
  return (
    <Section title={words.lines}>
      <Wide label={words.lines} width={560}>
        <Table>
          <Table.Thead><Table.Tr><Table.Th scope='col'>{words.description}</Table.Th><Table.Th scope='col' ta='right'>{words.quantity}</Table.Th><Table.Th scope='col' ta='right'>{words.price}</Table.Th><Table.Th scope='col'>{words.taxes}</Table.Th></Table.Tr></Table.Thead>
          <Table.Tbody>
            {lines.map((line, index) => (
              <Table.Tr key={index}>
                <Table.Td className='breaks'>{line.description}{line.mx !== undefined && <Text size='xs' c='dimmed' className='mono'>{line.mx.product_key} · {line.mx.unit_key}</Text>}</Table.Td>
                <Table.Td ta='right' className='nums'>{line.quantity}</Table.Td>
                <Table.Td ta='right' className='nums'>{money(line.unit_price, invoice.currency)}{line.discount !== undefined && <Text size='xs' c='dimmed'>− {money(line.discount, invoice.currency)}</Text>}</Table.Td>
                <Table.Td>{line.taxes.map(({ type, rate, exempt, withheld }) => `${withheld === true ? '−' : ''}${type} ${exempt === true ? words.exempt.toLowerCase() : `${number(Number(rate) * 100, { maximumFractionDigits: 4 })} %`}`).join(', ') || '—'}</Table.Td>
              </Table.Tr>
            ))}
          </Table.Tbody>
        </Table>
      </Wide>
    </Section>
  )
}
