import { ActionIcon, Alert, Box, Button, Checkbox, Divider, Group, List, Paper, SegmentedControl, Select, SimpleGrid, Stack, Text, TextInput, Title } from '@mantine/core'
import { useDebouncedValue } from '@mantine/hooks'
import { keepPreviousData, useQuery } from '@tanstack/react-query'
import { useEffect, useState } from 'react'
import { Link, useLocation, useParams, useSearchParams } from 'wouter'
import { type Answer, type ApiProblem, ask } from '../../api/client.ts'
import { useChange, useRead } from '../../api/hooks.ts'
import { digitsOf, useFormats } from '../../i18n/format.ts'
import { useTexts } from '../../i18n/language.tsx'
import { useSession } from '../../shell/session.tsx'
import { CatalogueSearch, CatalogueSelect } from '../../ui/catalogue.tsx'
import { Icon } from '../../ui/icons.tsx'
import { tell } from '../../ui/notices.ts'
import { Facts, Page, Section, Waiting } from '../../ui/page.tsx'
import { ProblemAlert } from '../../ui/problem.tsx'
import { BuyerFields } from './buyer-fields.tsx'
import { type Body, bodyOf, brokenAt, type Broken, chargedTaxes, countries, type Country, emptyForm, emptyLine, type Form, formCatalogue, formOf, formOfSubstitute, homeCurrency, type Invoice, isCountry, type Line, priceBefore, toJudge, withheldTaxes } from './form.ts'
import { numberOf, useFiscalMoney } from './list.tsx'
import { invoices } from './texts.ts'

type Issuer = Answer<'get', '/v1/issuers/{id}'>

/** A new invoice, one of a payment (`?payment=`), one that takes the place of another (`?substitutes=`), or a draft or refused one that is corrected. */
export default function InvoiceFormPage () {
  const { id } = useParams<{ id?: string }>()
  const [params] = useSearchParams()
  const words = useTexts(invoices)
  const { tenant, may } = useSession()
  const paymentId = params.get('payment') ?? ''
  const beforeId = params.get('substitutes') ?? ''
  const issuers = useRead('/v1/issuers', { query: { limit: 100 } }, { enabled: may('issuers:read') })
  const invoice = useRead('/v1/invoices/{id}', { path: { id: id ?? '' } }, { enabled: id !== undefined })
  const payment = useRead('/v1/payments/{id}', { path: { id: paymentId } }, { enabled: paymentId !== '' })
  const before = useRead('/v1/invoices/{id}', { path: { id: beforeId } }, { enabled: beforeId !== '' })
  const waits = (beforeId !== '' && before.isPending) || (may('issuers:read') && issuers.isPending) || (id !== undefined && invoice.isPending) || (paymentId !== '' && payment.isPending)
  const failed = issuers.error ?? invoice.error ?? payment.error ?? before.error
  const of = id ?? (beforeId === '' ? undefined : beforeId)
  const back = of === undefined ? { to: '/invoices', text: words.title } : { to: `/invoices/${of}`, text: words.invoice }
  return (
    <Page title={id !== undefined ? words.editTitle : beforeId !== '' ? words.substituteTitle : words.newTitle} lead={words.newLead} back={back}>
      {failed !== null && <ProblemAlert error={failed} />}
      {waits && failed === null && <Waiting rows={4} height={120} />}
      {!waits && failed === null && <InvoiceForm issuers={issuers.data?.data ?? []} invoice={invoice.data} before={before.data} payment={payment.data} country={isCountry(tenant.country) ? tenant.country : 'MX'} />}
    </Page>
  )
}

/** What an invoice of a payment says to begin with: its money, whose it is, and one line to be described. */
function formOfPayment ({ id, amount, currency, description, reference, customer }: Answer<'get', '/v1/payments/{id}'>, country: Country): Form {
  const form = emptyForm(country)
  const text = (name: string): string => typeof customer?.[name] === 'string' ? String(customer[name]) : ''
  const line = form.lines[0]!
  return { ...form, currency, payment: id, reference: reference ?? '', form: country === 'MX' ? '04' : form.form, buyer: { ...form.buyer, name: text('name'), taxId: text('tax_id'), email: text('email') }, lines: [{ ...line, description: description ?? '', price: priceBefore(amount, digitsOf(currency), chargedTaxes[country][line.tax]?.[0]) }] }
}

function InvoiceForm ({ issuers, invoice, before, payment, country: first }: { issuers: readonly Issuer[], invoice: Invoice | undefined, before: Invoice | undefined, payment: Answer<'get', '/v1/payments/{id}'> | undefined, country: Country }) {
  const words = useTexts(invoices)
  const { money } = useFormats()
  const [, go] = useLocation()
  const start = issuers.some(({ country }) => country === first) ? first : issuers.find(({ country }) => isCountry(country))?.country as Country | undefined ?? first
  const [form, setForm] = useState<Form>(() => invoice !== undefined ? formOf(invoice) : before !== undefined ? formOfSubstitute(before) : payment !== undefined ? formOfPayment(payment, start) : emptyForm(start))
  const [left, setLeft] = useState<ReadonlySet<string>>(new Set())
  const [all, setAll] = useState(invoice?.status === 'rejected')
  const own = issuers.filter(({ country }) => country === form.country)
  const issuer = form.issuer !== '' ? form.issuer : own[0]?.id ?? ''
  const series = useRead('/v1/series', { query: { limit: 100, document: 'invoice', ...(issuer !== '' && { issuer }) } }, { enabled: issuer !== '' })
  const numbered = (series.data?.data ?? []).filter(({ active }) => active)
  // In Ecuador a number is always one of a till: the first, when nobody chooses.
  const whole = { ...form, issuer, series: form.series === '' && form.country === 'EC' ? numbered[0]?.id ?? '' : form.series }
  const body = bodyOf(whole)
  // Product and unit go together: while the product is missing, the unit that is there is not.
  const checked = useValidation(body, own.length > 0, ({ path }) => !form.lines.some(({ product, unit }, index) => path === `lines[${index}].mx.unit_key` && product.trim() === '' && unit.trim() !== ''))
  const done = ({ id }: { id: string }) => { tell(words.saved); go(`/invoices/${id}`, { replace: true }) }
  const make = useChange('post', '/v1/invoices', { invalidates: ['/v1/invoices', '/v1/payments', '/v1/sales'], onDone: done })
  const change = useChange('patch', '/v1/invoices/{id}', { invalidates: ['/v1/invoices'], onDone: done })
  const error = make.error ?? change.error
  const found: Broken[] = [...checked.found, ...(error?.errors ?? []).filter(({ path, code }) => !checked.found.some(known => known.path === path && known.code === code))]
  /** Nothing is wrong with a field that nobody has left yet. */
  const at = (...paths: string[]): string | undefined => all || paths.some(path => left.has(path)) ? brokenAt(found, ...paths) : undefined
  const leave = (path: string) => { if (!left.has(path)) setLeft(new Set([...left, path])) }
  const set = (changes: Partial<Form>) => setForm({ ...form, ...changes })
  const busy = make.isPending || change.isPending
  const save = (draft: boolean) => {
    if (busy) return
    if (invoice !== undefined) return change.mutate({ path: { id: invoice.id }, body: body as never })
    if (!draft && checked.errors.length > 0) return setAll(true)
    setAll(!draft)
    make.mutate({ body: { ...body, ...(draft && { draft: true }) } })
  }
  const home = homeCurrency[form.country]

  return (
    <form noValidate onSubmit={event => { event.preventDefault(); save(false) }}>
      <Stack gap='lg'>
        {invoice === undefined && before === undefined && payment === undefined && (
          <SegmentedControl aria-label={words.country} w='fit-content' value={form.country} data={countries.map(value => ({ value, label: <CountryName code={value} /> }))} onChange={next => { setForm(emptyForm(next as Country)); setLeft(new Set()); setAll(false) }} />
        )}
        {payment !== undefined && <Alert color='gray' icon={<Icon name='money' />}>{words.fromPayment(money(payment.amount, payment.currency))}</Alert>}
        {before !== undefined && <Alert color='gray' icon={<Icon name='info' />}>{words.substituteNote(numberOf(before))}</Alert>}
        {invoice !== undefined && <Alert color='gray' icon={<Icon name='info' />}>{words.editNote}</Alert>}
        {own.length === 0
          ? <Alert color='yellow'>{words.noIssuer}<Group mt='sm'><Button component={Link} href='/certificates' size='xs' variant='default'>{words.makeIssuer}</Button></Group></Alert>
          : (
            <>
              <Section title={words.buyer} actions={form.country === 'MX' && <Button variant='default' size='xs' onClick={() => set({ buyer: { ...form.buyer, taxId: 'XAXX010101000', regime: '616', use: 'S01' } })}>{words.generalPublic}</Button>}>
                <BuyerFields country={form.country} buyer={form.buyer} onChange={buyer => set({ buyer })} at={(...paths) => at(...paths.map(path => `customer.${path}`))} left={path => leave(`customer.${path}`)} />
              </Section>

              <Section title={words.lines} actions={<Button variant='default' size='xs' leftSection={<Icon name='plus' size={16} />} onClick={() => set({ lines: [...form.lines, emptyLine(form.country)] })}>{words.addLine}</Button>}>
                <Stack gap='lg'>
                  {form.lines.map((line, index) => (
                    <LineFields
                      key={line.key} country={form.country} line={line} index={index} many={form.lines.length > 1}
                      onChange={next => set({ lines: form.lines.map(other => other.key === line.key ? next : other) })} onRemove={() => set({ lines: form.lines.filter(other => other.key !== line.key) })}
                      at={(...paths) => at(...paths.map(path => `lines[${index}].${path}`))} left={path => leave(`lines[${index}].${path}`)}
                    />
                  ))}
                </Stack>
              </Section>

              <Section title={words.payHow}>
                <SimpleGrid cols={{ base: 1, sm: 2, md: 3 }}>
                  {own.length > 1 && <Select label={words.issuer} data={own.map(({ id, legal_name: name, tax_id: taxId }) => ({ value: id, label: `${name} · ${taxId}` }))} value={issuer} onChange={next => set({ issuer: next ?? '', series: '' })} allowDeselect={false} error={at('issuer')} />}
                  <Select label={words.seriesPick} data={[...new Map([...(form.series === '' ? [] : [[form.series, { value: form.series, label: form.series }] as const]), ...numbered.map(({ id, prefix, branch, till, next }) => [id, { value: id, label: prefix !== '' ? prefix : branch === null ? next : `${branch}-${till ?? ''}` }] as const)]).values()]} value={form.series === '' ? null : form.series} onChange={next => set({ series: next ?? '' })} clearable clearButtonProps={{ 'aria-label': words.seriesPick }} error={at('series')} />
                  {form.country === 'MX' && <Select label={words.method} data={[{ value: 'PUE', label: words.pue }, { value: 'PPD', label: words.ppd }]} value={form.method} onChange={next => set({ method: next ?? 'PUE' })} allowDeselect={false} error={at('payment.method')} />}
                  {!(form.country === 'MX' && form.method === 'PPD') && <CatalogueSelect catalogue={formCatalogue[form.country]} label={words.form} name='payment-form' value={form.form} onChange={next => { set({ form: next }); leave('payment.form') }} error={at('payment.form')} />}
                  <TextInput label={words.dueDate} type='date' value={form.due} onChange={event => set({ due: event.currentTarget.value })} onBlur={() => leave('payment.due')} error={at('payment.due', 'due')} />
                  <TextInput label={words.currency} value={form.currency} maxLength={3} onChange={event => set({ currency: event.currentTarget.value.toUpperCase() })} onBlur={() => leave('currency')} error={at('currency')} name='currency' autoComplete='off' disabled={payment !== undefined} />
                  {form.currency !== home && <TextInput label={words.rate} inputMode='decimal' value={form.rate} onChange={event => set({ rate: event.currentTarget.value })} onBlur={() => leave('exchange_rate')} error={at('exchange_rate')} name='rate' autoComplete='off' />}
                  <TextInput label={words.reference} maxLength={200} value={form.reference} onChange={event => set({ reference: event.currentTarget.value })} error={at('reference')} name='reference' autoComplete='off' />
                </SimpleGrid>
                <Checkbox mt='md' label={words.sendIt} checked={form.send} onChange={event => set({ send: event.currentTarget.checked })} />
              </Section>

              <Judgement found={found} totals={checked.totals} currency={form.currency} pending={checked.pending} shown={all} showAll={() => setAll(true)} problem={checked.problem} />
              {error !== null && <ProblemAlert error={error} but={found.map(({ path }) => path)} />}
              <Group>
                {invoice === undefined && <Button type='submit' size='md' loading={make.isPending}>{words.issueNow}</Button>}
                <Button size='md' variant={invoice === undefined ? 'default' : 'filled'} loading={busy} onClick={() => save(true)}>{invoice === undefined ? words.draft : words.saveDraft}</Button>
              </Group>
            </>
            )}
      </Stack>
    </form>
  )
}

function CountryName ({ code }: { code: string }) {
  const { country } = useFormats()
  return <>{country(code)}</>
}

interface Judged { errors: readonly Broken[], found: readonly Broken[], totals: Record<string, unknown> | null, pending: boolean, problem: ApiProblem | null }

/** What the server says of what is typed, a moment after the last key: every broken rule with its official code, and the totals. */
function useValidation (body: Body, enabled: boolean, counts: (broken: Broken) => boolean): Judged {
  const said = JSON.stringify(toJudge(body))
  const [settled] = useDebouncedValue(said, 400)
  const asked = useQuery<Answer<'post', '/v1/invoices/validate'>, ApiProblem>({
    queryKey: ['/v1/invoices/validate', settled],
    queryFn: async ({ signal }) => await ask('post', '/v1/invoices/validate', { body: JSON.parse(settled) as Body, signal }),
    enabled,
    placeholderData: keepPreviousData,
    staleTime: 60_000
  })
  const stale = settled !== said || asked.isPlaceholderData || asked.isFetching
  // A body that is not even one (an empty quantity) is refused as such, field by field.
  const refused = (asked.error?.errors ?? []).map(({ path, code, message }): Broken => ({ path, code, message, level: 'error' }))
  const found = (asked.isError ? refused : [...(asked.data?.errors ?? []), ...(asked.data?.warnings ?? [])]).filter(counts)
  return { found, errors: found.filter(({ level }) => level !== 'warning'), totals: asked.isError ? null : asked.data?.totals ?? null, pending: stale, problem: asked.isError && refused.length === 0 ? asked.error : null }
}

function LineFields ({ country, line, index, many, onChange, onRemove, at, left }: { country: Country, line: Line, index: number, many: boolean, onChange: (line: Line) => void, onRemove: () => void, at: (...paths: string[]) => string | undefined, left: (path: string) => void }) {
  const words = useTexts(invoices)
  const { number } = useFormats()
  const set = (changes: Partial<Line>) => onChange({ ...line, ...changes })
  const input = (name: 'description' | 'quantity' | 'price' | 'discount' | 'sku' | 'unit' | 'exemptReason', path: string, ...more: string[]) => ({ name: `line-${index}-${name}`, value: line[name], onChange: (event: { currentTarget: { value: string } }) => set({ [name]: event.currentTarget.value }), onBlur: () => left(path), error: at(path, ...more), autoComplete: 'off' })
  const percent = (rate: string): string => number(Number(rate) * 100, { maximumFractionDigits: 4 })
  const nameOf = (name: string): string => {
    const fixed: Record<string, string> = { exempt: words.exempt, none: words.noTax, notSubject: words.notSubject, iva8: words.border, own: words.ownTaxes }
    const tax = chargedTaxes[country][name]?.[0]
    return fixed[name] ?? (tax === undefined ? name : words.rateOf(tax.type, percent(tax.rate)))
  }
  const withheldName = (name: string): string => {
    const fixed: Record<string, string> = { none: words.noWithholding, honoraria: words.honoraria, resico: words.resico, freight: words.freight, own: words.ownTaxes }
    const tax = withheldTaxes[country][name]?.[0]
    return fixed[name] ?? (tax === undefined ? name : words.rateOf(tax.type, percent(tax.rate)))
  }
  const names = (offered: Record<string, unknown>, chosen: string): string[] => [...Object.keys(offered), ...(chosen === 'own' ? ['own'] : [])]
  return (
    <Box role='group' aria-label={words.lineOf(number(index + 1))} data-line={index}>
      <Group justify='space-between' mb='xs'>
        <Text fw={600} size='sm' aria-hidden='true'>{words.lineOf(number(index + 1))}</Text>
        {many && <ActionIcon variant='subtle' color='gray' aria-label={words.removeLine(number(index + 1))} onClick={onRemove}><Icon name='cross' size={16} /></ActionIcon>}
      </Group>
      <Stack gap='md'>
        <TextInput label={words.description} maxLength={1000} {...input('description', 'description')} />
        <SimpleGrid cols={{ base: 2, sm: 3, md: 5 }}>
          <TextInput label={words.quantity} inputMode='decimal' {...input('quantity', 'quantity')} />
          <TextInput label={words.price} inputMode='decimal' {...input('price', 'unit_price')} />
          <TextInput label={words.discount} inputMode='decimal' {...input('discount', 'discount')} />
          <Select label={words.tax} data={names(chargedTaxes[country], line.tax).map(value => ({ value, label: nameOf(value) }))} value={line.tax} onChange={next => { set({ tax: next ?? line.tax }); left('taxes') }} allowDeselect={false} error={at('taxes', 'taxes[0]', 'taxes[0].rate', 'taxes[0].type', 'mx.tax_object')} name={`line-${index}-tax`} />
          {Object.keys(withheldTaxes[country]).length > 1 && <Select label={words.withholding} data={names(withheldTaxes[country], line.withheld).map(value => ({ value, label: withheldName(value) }))} value={line.withheld} onChange={next => set({ withheld: next ?? 'none' })} allowDeselect={false} error={at('taxes[1]', 'taxes[1].rate')} name={`line-${index}-withheld`} />}
        </SimpleGrid>
        <SimpleGrid cols={{ base: 1, sm: 2 }}>
          {country === 'MX' && <CatalogueSearch catalogue='c_ClaveProdServ' label={words.product} name={`line-${index}-product`} value={line.product} onChange={product => set({ product })} onBlur={() => left('mx.product_key')} error={at('mx.product_key', 'mx')} />}
          {country === 'MX' && <CatalogueSearch catalogue='c_ClaveUnidad' label={words.unit} name={`line-${index}-unit`} value={line.unit} onChange={unit => set({ unit })} onBlur={() => left('mx.unit_key')} error={at('mx.unit_key')} />}
          {country === 'ES' && <CatalogueSelect catalogue='facturae_UnitOfMeasure' label={words.unitEs} name={`line-${index}-unit`} value={line.unit} onChange={unit => set({ unit })} error={at('unit')} />}
          {country !== 'MX' && <TextInput label={words.sku} maxLength={100} {...input('sku', 'sku')} />}
          {country === 'ES' && line.tax === 'exempt' && <TextInput label={words.exemptReason} maxLength={2500} {...input('exemptReason', 'es.special', 'es.special.reason')} />}
        </SimpleGrid>
      </Stack>
      {many && <Divider mt='lg' />}
    </Box>
  )
}

/** What the server says of it all: totals by the law's arithmetic, and what is left to correct. */
function Judgement ({ found, totals, currency, pending, shown, showAll, problem }: { found: readonly Broken[], totals: Record<string, unknown> | null, currency: string, pending: boolean, shown: boolean, showAll: () => void, problem: ApiProblem | null }) {
  const words = useTexts(invoices)
  const { number } = useFormats()
  const money = useFiscalMoney()
  const errors = found.filter(({ level }) => level !== 'warning')
  const warnings = found.filter(({ level }) => level === 'warning')
  // The number of what is to correct is told when it stands still, not with every key.
  const [told, setTold] = useState(errors.length)
  useEffect(() => { if (!pending) setTold(errors.length) }, [pending, errors.length])
  const total = (name: string): string | undefined => typeof totals?.[name] === 'string' ? String(totals[name]) : undefined
  const row = (name: string, label: string, always = false) => {
    const amount = total(name)
    return amount !== undefined && (always || Number(amount) !== 0) && [label, <span key={name} className='nums' data-total={name}>{money(amount, currency)}</span>] as const
  }
  return (
    <Paper p='lg' component='section' aria-label={words.totals} aria-busy={pending} data-judged={pending ? 'pending' : errors.length === 0 ? 'good' : 'bad'}>
      <SimpleGrid cols={{ base: 1, sm: 2 }} spacing='lg'>
        <div>
          <Title order={2} mb='sm'>{words.totals}</Title>
          {totals === null ? <Text size='sm' c='dimmed'>{words.notYet}</Text> : <Facts rows={[row('subtotal', words.subtotal, true), row('discount', words.discount), row('taxes', words.taxes), row('withheld', words.withheld), row('total', words.total, true)]} />}
        </div>
        <Stack gap='sm'>
          {problem !== null && <ProblemAlert error={problem} />}
          <Group gap='xs' role='status' mih={28}>
            <Icon name={pending ? 'clock' : told === 0 ? 'check' : 'warning'} size={18} />
            <Text fw={550} size='sm'>{pending ? words.checking : told === 0 ? words.allGood : told === 1 ? words.toFixOne : words.toFix(number(told))}</Text>
            {!shown && errors.length > 0 && <Button size='compact-xs' variant='subtle' onClick={showAll}>{words.seeAll}</Button>}
          </Group>
          {shown && errors.length > 0 && <List size='sm' spacing={4} className='breaks' data-broken>{errors.map(({ path, code, message }) => <List.Item key={`${path} ${code} ${message}`}>{message} <Text span size='xs' c='dimmed' className='mono'>{[code, path].filter(part => part !== undefined && part !== '').join(' · ')}</Text></List.Item>)}</List>}
          {warnings.length > 0 && <div><Text size='sm' fw={550}>{words.warnings}</Text><List size='sm' spacing={4}>{warnings.map(({ path, code, message }) => <List.Item key={`${path} ${code}`}>{message} <Text span size='xs' c='dimmed' className='mono'>{code}</Text></List.Item>)}</List></div>}
        </Stack>
      </SimpleGrid>
    </Paper>
  )
}
