import type { Answer, Asked } from '../../api/client.ts'

/** The invoice form: what is typed, and the body that it makes. Pure; the server computes and judges. */

export type Invoice = Answer<'get', '/v1/invoices/{id}'>
export type Body = NonNullable<Asked<'post', '/v1/invoices/validate'>['body']>
export type Customer = Body['customer']
export type InvoiceLine = Body['lines'][number]
type Tax = InvoiceLine['taxes'][number]
export const countries = ['MX', 'EC', 'ES'] as const
export type Country = typeof countries[number]
export const isCountry = (country: string): country is Country => (countries as readonly string[]).includes(country)

export const homeCurrency: Record<Country, string> = { MX: 'MXN', EC: 'USD', ES: 'EUR' }
export const formCatalogue: Record<Country, string> = { MX: 'c_FormaPago', EC: 'sri_formaPago', ES: 'facturae_PaymentMeans' }
const firstForm: Record<Country, string> = { MX: '03', EC: '20', ES: '04' }

const charged = (type: string, rate: string): Tax => ({ type, rate })
const withheld = (type: string, rate: string): Tax => ({ type, rate, withheld: true })

/** Taxes that a line may carry, by the name under which the form offers them. Rates that change by decree are the server's to refuse. */
export const chargedTaxes: Record<Country, Record<string, Tax[]>> = {
  MX: { iva16: [charged('IVA', '0.16')], iva8: [charged('IVA', '0.08')], iva0: [charged('IVA', '0')], exempt: [{ type: 'IVA', rate: '0', exempt: true }], none: [] },
  EC: { iva15: [charged('IVA', '0.15')], iva5: [charged('IVA', '0.05')], iva0: [charged('IVA', '0')], exempt: [{ type: 'IVA', rate: '0', exempt: true }], notSubject: [{ type: 'IVA', rate: '0', code: '6' }] },
  ES: { iva21: [charged('IVA', '0.21')], iva10: [charged('IVA', '0.1')], iva4: [charged('IVA', '0.04')], igic7: [charged('IGIC', '0.07')], exempt: [{ type: 'IVA', rate: '0', exempt: true }] }
}
export const withheldTaxes: Record<Country, Record<string, Tax[]>> = {
  MX: { none: [], honoraria: [withheld('ISR', '0.10'), withheld('IVA', '0.106667')], resico: [withheld('ISR', '0.0125')], freight: [withheld('IVA', '0.04')] },
  EC: { none: [] },
  ES: { none: [], irpf15: [withheld('IRPF', '0.15')], irpf7: [withheld('IRPF', '0.07')], irpf19: [withheld('IRPF', '0.19')] }
}

export interface Line {
  /** Of this form only: so that a line that goes takes nothing of its neighbours along. */
  key: number
  description: string
  quantity: string
  price: string
  discount: string
  sku: string
  tax: string
  withheld: string
  product: string
  unit: string
  exemptReason: string
  /** As the API had it, for what this form does not show. */
  base: InvoiceLine | undefined
}

export interface Buyer { name: string, taxId: string, idType: string, email: string, postal: string, street: string, city: string, region: string, country: string, regime: string, use: string, isPublic: boolean, office: string, managing: string, processing: string, base: Customer | undefined }
export interface Form { country: Country, issuer: string, series: string, buyer: Buyer, lines: Line[], currency: string, rate: string, method: string, form: string, due: string, reference: string, send: boolean, payment: string, base: Base }
/** What the form does not show, as the API had it: sent back with the rest. */
type Base = Partial<Pick<Body, 'connection' | 'branch' | 'till' | 'related' | 'local_taxes' | 'mx' | 'ec' | 'es' | 'metadata' | 'send' | 'payment'>>

let keys = 0
export const emptyLine = (country: Country): Line => ({ key: ++keys, description: '', quantity: '1', price: '', discount: '', sku: '', tax: Object.keys(chargedTaxes[country])[0]!, withheld: 'none', product: '', unit: country === 'MX' ? 'E48' : '', exemptReason: '', base: undefined })
export const emptyBuyer: Buyer = { name: '', taxId: '', idType: '', email: '', postal: '', street: '', city: '', region: '', country: '', regime: '', use: '', isPublic: false, office: '', managing: '', processing: '', base: undefined }
export const emptyForm = (country: Country): Form => ({ country, issuer: '', series: '', buyer: emptyBuyer, lines: [emptyLine(country)], currency: homeCurrency[country], rate: '', method: 'PUE', form: firstForm[country], due: '', reference: '', send: false, payment: '', base: {} })

const said = (text: string): string | undefined => text.trim() === '' ? undefined : text.trim()
const decimal = (text: string): string => text.trim().replace(',', '.')
/** Without what is undefined or an empty object: the API's bodies are closed. */
const full = <T extends object>(given: T): T | undefined => {
  const entries = Object.entries(given).filter(([, value]) => value !== undefined)
  return entries.length === 0 ? undefined : Object.fromEntries(entries) as T
}

export function customerOf (country: Country, buyer: Buyer): Customer {
  const { base } = buyer
  const address = full({ ...base?.address, street: said(buyer.street), city: said(buyer.city), region: said(buyer.region), postal_code: said(buyer.postal), country: said(buyer.country)?.toUpperCase() })
  const own = country === 'MX'
    ? { mx: full({ ...base?.mx, regime: said(buyer.regime), cfdi_use: said(buyer.use) }) }
    : country === 'ES' ? { es: full({ ...base?.es, dir3: buyer.isPublic ? full({ ...base?.es?.dir3, accounting_office: said(buyer.office), managing_body: said(buyer.managing), processing_unit: said(buyer.processing) }) : undefined }) } : {}
  return full({ ...base, name: buyer.name.trim(), tax_id: country === 'MX' ? buyer.taxId.trim().toUpperCase() : buyer.taxId.trim(), tax_id_type: said(buyer.idType), address, email: said(buyer.email), ...own })! as Customer
}

function lineOf (country: Country, line: Line): InvoiceLine {
  const { base } = line
  const taxes = [...(line.tax === 'own' ? (base?.taxes ?? []).filter(tax => tax.withheld !== true) : chargedTaxes[country][line.tax] ?? []), ...(line.withheld === 'own' ? (base?.taxes ?? []).filter(tax => tax.withheld === true) : withheldTaxes[country][line.withheld] ?? [])]
  const own = country === 'MX'
    ? { mx: line.product.trim() === '' || line.unit.trim() === '' ? undefined : { ...base?.mx, product_key: line.product.trim(), unit_key: line.unit.trim().toUpperCase() } }
    : country === 'ES' && line.tax === 'exempt' && said(line.exemptReason) !== undefined ? { es: { ...base?.es, special: { code: '01' as const, reason: line.exemptReason.trim() } } } : {}
  return full({ ...base, description: line.description.trim(), quantity: decimal(line.quantity), unit_price: decimal(line.price), discount: said(line.discount) === undefined ? undefined : decimal(line.discount), sku: said(line.sku), unit: country === 'MX' ? base?.unit : said(line.unit), taxes, ...own })! as InvoiceLine
}

export function bodyOf (form: Form): Body {
  const { country, base } = form
  return full({
    ...base,
    country,
    kind: 'invoice',
    issuer: said(form.issuer),
    series: said(form.series),
    customer: customerOf(country, form.buyer),
    lines: form.lines.map(line => lineOf(country, line)),
    payment: full({ ...base.payment, method: country === 'MX' ? form.method : undefined, form: country === 'MX' && form.method === 'PPD' ? '99' : said(form.form), due: said(form.due) }),
    currency: form.currency,
    exchange_rate: form.currency === homeCurrency[country] ? undefined : said(decimal(form.rate)),
    payment_id: said(form.payment),
    send: form.send ? true : base.send === undefined ? undefined : false,
    reference: said(form.reference)
  })! as Body
}

/**
 * The same to be judged while it is typed: what is empty is judged as a blank or a zero, so that the authority's own rule names it
 * with its code, and hides none of the others behind “it is missing”.
 */
export function toJudge (body: Body): Body {
  const blank = (text: string): string => text === '' ? ' ' : text
  const zero = (text: string): string => text === '' ? '0' : text
  return { ...body, customer: { ...body.customer, name: blank(body.customer.name), tax_id: blank(body.customer.tax_id) }, lines: body.lines.map(line => ({ ...line, description: blank(line.description), quantity: zero(line.quantity), unit_price: zero(line.unit_price) })) }
}

/** A draft, or one that was refused, as the form shows it. */
export function formOf (invoice: Invoice): Form {
  const country = isCountry(invoice.country) ? invoice.country : 'MX'
  const payment = invoice.payment as { method?: string, form?: string, due?: string }
  return {
    ...emptyForm(country),
    issuer: invoice.issuer,
    series: invoice.series ?? '',
    buyer: buyerOf(invoice.customer as unknown as Customer),
    lines: (invoice.lines as unknown as InvoiceLine[]).map(line => formLine(country, line)),
    currency: invoice.currency,
    rate: invoice.exchange_rate ?? '',
    method: payment.method ?? 'PUE',
    form: payment.form ?? firstForm[country],
    due: invoice.due ?? payment.due ?? '',
    reference: invoice.reference ?? '',
    send: invoice.send === true,
    payment: invoice.payment_id ?? '',
    base: baseOf(invoice)
  }
}

/** One that takes the place of another: all that it said, and by relation 04 which one. */
export function formOfSubstitute (before: Invoice): Form {
  const form = formOf(before)
  return { ...form, series: '', base: { ...form.base, connection: undefined, related: [{ type: '04', fiscal_id: before.fiscal_id! }] } as Base }
}

function baseOf ({ connection, branch, till, related, local_taxes: taxes, mx, ec, es, metadata, send, payment }: Invoice): Base {
  const conditions = (payment as { conditions?: string }).conditions
  return full({
    connection: connection ?? undefined,
    branch: branch ?? undefined,
    till: till ?? undefined,
    related: related.length === 0 ? undefined : related,
    local_taxes: taxes.length === 0 ? undefined : taxes,
    mx: (mx ?? undefined) as Base['mx'],
    ec: (ec ?? undefined) as Base['ec'],
    es: (es ?? undefined) as Base['es'],
    metadata: Object.keys(metadata).length === 0 ? undefined : metadata,
    send: send ?? undefined,
    payment: conditions === undefined ? undefined : { conditions }
  }) as Base | undefined ?? {}
}

export function buyerOf (customer: Customer): Buyer {
  const { address, mx, es } = customer
  return {
    name: customer.name, taxId: customer.tax_id, idType: customer.tax_id_type ?? '', email: customer.email ?? '', postal: address?.postal_code ?? '', street: address?.street ?? '', city: address?.city ?? '', region: address?.region ?? '', country: address?.country ?? '',
    regime: mx?.regime ?? '', use: mx?.cfdi_use ?? '', isPublic: es?.dir3 !== undefined, office: es?.dir3?.accounting_office ?? '', managing: es?.dir3?.managing_body ?? '', processing: es?.dir3?.processing_unit ?? '', base: customer
  }
}

function formLine (country: Country, base: InvoiceLine): Line {
  const named = (offered: Record<string, Tax[]>, taxes: Tax[]): string => Object.keys(offered).find(name => JSON.stringify(offered[name]) === JSON.stringify(taxes)) ?? 'own'
  return {
    ...emptyLine(country), description: base.description, quantity: base.quantity, price: base.unit_price, discount: base.discount ?? '', sku: base.sku ?? '', product: base.mx?.product_key ?? '', unit: country === 'MX' ? base.mx?.unit_key ?? '' : base.unit ?? '',
    exemptReason: base.es?.special?.reason ?? '', base,
    tax: named(chargedTaxes[country], base.taxes.filter(tax => tax.withheld !== true)), withheld: named(withheldTaxes[country], base.taxes.filter(tax => tax.withheld === true))
  }
}

/** What one line costs before its tax, so that with it an amount of minor units comes out: six decimals, rounded half up. */
export function priceBefore (amount: number, digits: number, tax: Tax | undefined): string {
  const rate = tax?.rate.split('.')[1] ?? ''
  // In units of 10⁻⁶ of a 10⁻⁶: amount / (1 + rate), with whole numbers only.
  const scale = 1_000_000n
  const divisor = scale + BigInt(rate.padEnd(6, '0').slice(0, 6))
  const numerator = BigInt(amount) * scale * scale / 10n ** BigInt(digits)
  const micro = (numerator + divisor / 2n) / divisor
  const text = String(micro).padStart(7, '0')
  return `${text.slice(0, -6)}.${text.slice(-6)}`.replace(/\.?0+$/, '')
}

/** A finding of the server, wherever it came from. */
export interface Broken { path: string, code?: string | undefined, message: string, level?: 'error' | 'warning' }

/** The finding about a field, with its official code. A field may be named by several paths. */
export function brokenAt (found: readonly Broken[], ...paths: string[]): string | undefined {
  const first = found.find(({ path, level }) => level !== 'warning' && paths.includes(path))
  return first === undefined ? undefined : first.code === undefined || first.code === 'request_invalid' ? first.message : `${first.message} (${first.code})`
}
