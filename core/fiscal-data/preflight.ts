import type { Access } from '../access/principal.ts'
import type { Mode } from '../adapter/context.ts'
import { exponentOf } from '../adapter/money.ts'
import { inTenant } from '../db/in-tenant.ts'
import { HubError, invalidField } from '../errors.ts'
import { Decimal } from '../fiscal/decimal.ts'
import type { Hub } from '../hub.ts'
import { parseId, publicId } from '../ids.ts'
import type { NewInvoice, Validation } from '../invoices/schema.ts'
import { homeCurrency, nativeIssuer } from '../issuers/native.ts'
import { findIssuer, type IssuerRow } from '../issuers/queries.ts'
import type { SalesSettings } from '../sales/settings-schema.ts'
import type { Finding } from './content.ts'
import type { InvoiceData } from './schema.ts'

/**
 * What stands above this folder and is lent to it by the hub: invoices know payments, so payments, which bring this data, cannot
 * know them.
 */
export interface Preflight {
  /** Every rule that a document would break, as `POST /v1/invoices/validate` tells it. Nothing is written. */
  validate: (access: Access, body: NewInvoice) => Promise<Validation>
  /** What the tenant wants where a call does not say: with data that breaks rules, and whose the document is. */
  usual: (tenantId: string, mode: Mode) => Promise<Pick<SalesSettings, 'preflight' | 'issuer'>>
}

export interface Checked {
  issuer: IssuerRow
  /** What happens when there are errors. */
  wish: 'refuse' | 'let_through'
  errors: Finding[]
  /** What the lines sum to with their taxes, decimal; absent without lines, and where that cannot be computed. */
  total?: string
}

interface Charge { amount: number, currency: string }

/**
 * The rules of the authority on what was given, before anything is charged: the lines with their totals, the buyer, or both. What
 * was not given is stood in for, and what is said of that is left out. Throws a 400 for an issuer that is none.
 */
export async function check (hub: Hub, access: Access, given: InvoiceData, charge: Charge): Promise<Checked> {
  const usual = await hub.preflight.usual(access.tenantId, access.mode)
  const issuer = await issuerOf(hub, access, given.issuer ?? usual.issuer, charge.currency)
  const wish = given.on_invalid ?? usual.preflight
  const { customer, lines } = given
  if (customer === undefined && lines === undefined) return { issuer, wish, errors: [] }
  const { errors, total } = await judged(hub, access, draftOf(given, issuer, charge))
  const concerning = errors.filter(({ path }) => concerns(given, path)).map(finding => ({ ...finding, path: inBody(finding.path) }))
  if (lines === undefined || total === undefined) return { issuer, wish, errors: concerning }
  return { issuer, wish, errors: [...concerning, ...differing(access, total, charge)], total }
}

/** What cannot be computed is told with the rest. */
async function judged (hub: Hub, access: Access, body: NewInvoice): Promise<{ errors: Finding[], total?: string }> {
  try {
    const { errors, totals } = await hub.preflight.validate(access, body)
    return { errors, total: (totals as { total: string }).total }
  } catch (error) {
    if (!(error instanceof HubError) || error.errors === undefined) throw error
    return { errors: error.errors.map(({ code = error.code, path, message }) => ({ code, level: 'error', path, message: typeof message === 'string' ? message : message[access.language] })) }
  }
}

/** The document as it would be made of it when it is paid. */
function draftOf ({ on_invalid, form, ...given }: InvoiceData, issuer: IssuerRow, { amount, currency }: Charge): NewInvoice {
  const { country } = issuer
  const { lines, customer } = standIns(issuer, new Decimal(amount).div(10 ** exponentOf(currency)).toFixed(exponentOf(currency)))[country]
  return {
    lines: [lines],
    customer,
    ...given,
    country,
    issuer: publicId('issuer', issuer.id),
    currency,
    ...(given.lines === undefined && given.exchange_rate === undefined && currency !== homeCurrency[country] && { exchange_rate: '1' }),
    ...(country === 'MX' ? { payment: { method: 'PUE', form: form ?? '03' } } : country === 'EC' ? { payment: { form: form ?? '20' } } : form === undefined ? {} : { payment: { form } })
  }
}

/** In the place of what was not given: one line without taxes, and a buyer of whom nothing is known. */
function standIns ({ postal_code: postalCode }: IssuerRow, unitPrice: string): Record<IssuerRow['country'], { lines: NewInvoice['lines'][number], customer: NewInvoice['customer'] }> {
  const line = { description: 'Venta', quantity: '1', unit_price: unitPrice, taxes: [] }
  return {
    MX: { lines: { ...line, mx: { product_key: '01010101', unit_key: 'ACT' } }, customer: { name: 'CLIENTE', tax_id: 'XAXX010101000', ...(postalCode !== null && { address: { postal_code: postalCode } }), mx: { regime: '616', cfdi_use: 'S01' } } },
    EC: { lines: { ...line, sku: '1', taxes: [{ type: 'IVA', rate: '0' }] }, customer: { name: 'CONSUMIDOR FINAL', tax_id: '9999999999999' } },
    ES: { lines: { ...line, taxes: [{ type: 'IVA', rate: '0.21' }] }, customer: { name: 'Cliente', tax_id: '12345678Z', address: { street: 'Calle', city: 'Madrid', region: 'Madrid', postal_code: '28001', country: 'ES' } } }
  }
}

/** Is it said of something that was given, or of the issuer, without whom there is no document at all? */
function concerns (given: InvoiceData, path: string): boolean {
  if (path.startsWith('customer')) return given.customer !== undefined
  if (path === 'payment.form') return given.form !== undefined
  if (/^(issuer|series|branch|till)/.test(path)) return true
  return given.lines !== undefined
}

const inBody = (path: string): string => path === '' ? 'invoice' : path === 'payment.form' ? 'invoice.form' : `invoice.${path}`

function differing ({ language }: Access, total: string, { amount, currency }: Charge): Finding[] {
  const exponent = exponentOf(currency)
  if (new Decimal(total).times(10 ** exponent).eq(amount)) return []
  const charged = `${new Decimal(amount).div(10 ** exponent).toFixed(exponent)} ${currency}`
  const message = { es: `Las partidas con sus impuestos suman ${total}, y se cobra ${charged}.`, en: `The lines with their taxes sum to ${total}, and ${charged} is charged.` }
  return [{ code: 'total_differs', level: 'error', path: 'invoice.lines', message: message[language] }]
}

/** Named, the only one, or the only one of the country that has this currency: as a sale finds its seller. */
async function issuerOf (hub: Pick<Hub, 'db'>, access: Access, name: string | null, currency: string): Promise<IssuerRow> {
  return await inTenant(hub.db, access.tenantId, async db => {
    if (name !== null) {
      const id = parseId('issuer', name)
      const issuer = id === undefined ? undefined : await findIssuer(db, id)
      if (issuer?.mode !== access.mode) throw invalidField('invoice.issuer', 'is no issuer of yours')
      return issuer
    }
    const native = await nativeIssuer(db, access.mode, currency)
    if (typeof native === 'string') throw invalidField('invoice.issuer', native === 'none' ? 'you have no issuer yet' : 'you have several: say which')
    return native
  })
}
