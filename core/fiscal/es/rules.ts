import type { EsCharge, EsPeriod, Invoice, InvoiceParty } from '../../adapter/invoicing.ts'
import type { LocalText } from '../../adapter/context.ts'
import { Decimal } from '../decimal.ts'
import { FiscalError } from '../errors.ts'
import { type Amounts, amountsOf } from './amounts.ts'
import { centresOf, isNatural } from './build.ts'
import { alpha3, attachmentFormats, correctionMethods, correctionReasons, dir3Shape, paymentMeans, provinceOf, specialEvents, surcharge, taxCode } from './codes.ts'
import { inspectNif, normalNif } from './nif.ts'
import { nameOfPerson } from './person.ts'

export interface FacturaeFinding {
  /** `ES-FACTURAE-…`: country, document, field; never reused. */
  code: string
  level: 'error' | 'warning'
  /** In the words of the API. */
  path: string
  message: LocalText
}

/**
 * What the schema, FACe or Spanish law (RD 1619/2012, Orden HAP/1650/2015) would refuse in this invoice, each rule with its code and a
 * sentence. Never throws.
 */
export function facturaeFindings (invoice: Invoice): FacturaeFinding[] {
  const found: FacturaeFinding[] = []
  const say = (code: string, path: string, es: string, en: string, level: 'error' | 'warning' = 'error'): void => { found.push({ code: `ES-FACTURAE-${code}`, level, path, message: { es, en } }) }
  const longest = (path: string, text: string | undefined, max: number): void => {
    if (text !== undefined && [...text].length > max) say('LENGTH', path, `Admite hasta ${max} caracteres; tiene ${[...text].length}.`, `It takes up to ${max} characters; it has ${[...text].length}.`)
  }
  header(invoice, say, longest)
  seller(invoice.issuer, say, longest)
  buyer(invoice.customer, say, longest)
  lines(invoice, say, longest)
  corrective(invoice, say, longest)
  payment(invoice, say)
  attachments(invoice, say, longest)
  try {
    sums(invoice, amountsOf(invoice), say)
  } catch (error) {
    if (!(error instanceof FiscalError)) throw error
    say('VALUE', error.path ?? '', error.text.es, error.text.en)
  }
  return found
}

type Say = (code: string, path: string, es: string, en: string, level?: 'error' | 'warning') => void
type Longest = (path: string, text: string | undefined, max: number) => void

function header ({ number, series, currency, exchangeRate, es, kind }: Invoice, say: Say, longest: Longest): void {
  longest('number', number, 20)
  longest('series', series, 20)
  if (!['invoice', 'credit_note'].includes(kind)) say('KIND', 'kind', 'En España se emiten facturas y rectificativas; un abono es una rectificativa.', 'In Spain invoices and corrective invoices are issued; a credit note is a corrective one.')
  if (currency !== 'EUR' && exchangeRate === undefined) say('EXCHANGE', 'exchange_rate', 'En otra moneda que el euro hace falta el tipo de cambio (art. 79.once LIVA).', 'In another currency than the euro the exchange rate is needed (art. 79.11 LIVA).')
  if (es?.document !== undefined && !['FC', 'FA'].includes(es.document)) say('DOCUMENT', 'es.document', 'Es FC (completa) o FA (simplificada).', 'It is FC (complete) or FA (simplified).')
  if (es?.operationDate !== undefined && es.operationDate > es.issuedOn) say('OPERATION-DATE', 'es.operation_date', 'La operación es posterior a la factura: indíquela como periodo, o facture después.', 'The operation is after the invoice: say it as a period, or invoice later.', 'warning')
  between(es?.period, 'es.period', say)
  longest('es.description', es?.description, 2500)
  for (const [path, text] of [['es.transaction_reference', es?.transactionReference], ['es.contract_reference', es?.contractReference], ['es.file_reference', es?.fileReference]] as const) longest(path, text, 20)
  longest('es.additional_information', es?.additionalInformation, 2500)
  for (const [index, text] of (es?.legalLiterals ?? []).entries()) longest(`es.legal_literals[${index}]`, text, 250)
}

function between (period: EsPeriod | undefined, path: string, say: Say): void {
  if (period !== undefined && period.end < period.start) say('PERIOD', path, 'El periodo termina antes de empezar.', 'The period ends before it begins.')
}

function seller (issuer: InvoiceParty, say: Say, longest: Longest): void {
  const { shape, digit } = inspectNif(normalNif(issuer.taxId))
  if (!shape || !digit) say('SELLER-NIF', 'issuer', `El NIF del emisor «${issuer.taxId}» no es correcto.`, `The issuer’s NIF "${issuer.taxId}" is not right.`)
  address('issuer.address', issuer, say, longest)
  named('issuer.legal_name', issuer, say, longest)
}

function buyer (customer: InvoiceParty, say: Say, longest: Longest): void {
  const country = customer.address?.country ?? 'ES'
  if (country === 'ES') {
    const { shape, digit } = inspectNif(normalNif(customer.taxId))
    if (!shape) say('CUSTOMER-NIF', 'customer.tax_id', `«${customer.taxId}» no tiene la forma de un NIF, NIE o CIF.`, `"${customer.taxId}" does not have the shape of a NIF, NIE or CIF.`)
    else if (!digit) say('CUSTOMER-NIF', 'customer.tax_id', `La letra o el dígito de control de «${customer.taxId}» no corresponde.`, `The control letter or digit of "${customer.taxId}" does not belong to it.`)
  } else if (!/^.{3,30}$/.test(customer.taxId)) say('CUSTOMER-ID', 'customer.tax_id', 'La identificación fiscal tiene de 3 a 30 caracteres.', 'The tax identification has 3 to 30 characters.')
  address('customer.address', customer, say, longest)
  named('customer.name', customer, say, longest)
  if (customer.es?.dir3 !== undefined) {
    const roles = new Set(centresOf(customer).map(([role]) => role))
    for (const [role, path, name] of [['01', 'accounting_office', 'la oficina contable'], ['02', 'managing_body', 'el órgano gestor'], ['03', 'processing_unit', 'la unidad tramitadora']] as const) {
      if (!roles.has(role)) say('DIR3', `customer.es.dir3.${path}`, `FACe pide el código DIR3: falta ${name}.`, `FACe asks for the DIR3 code: ${name} is missing.`)
    }
    for (const [, code] of centresOf(customer)) if (!dir3Shape.test(code)) say('DIR3', 'customer.es.dir3', `«${code}» no es un código DIR3, como L01280796.`, `"${code}" is no DIR3 code, such as L01280796.`)
  }
}

function address (path: string, { address = {} }: InvoiceParty, say: Say, longest: Longest): void {
  const { street, city, postalCode, region, country = 'ES' } = address
  for (const [name, value] of [['street', street], ['city', city], ['postal_code', postalCode]] as const) {
    if (value === undefined || value.trim() === '') say('ADDRESS', `${path}.${name}`, 'Facturae pide el domicilio completo: calle, código postal y población.', 'Facturae asks for the whole address: street, postal code and town.')
  }
  if (alpha3(country) === undefined) say('COUNTRY', `${path}.country`, `El esquema no conoce el país «${country}».`, `The schema does not know the country "${country}".`)
  longest(`${path}.street`, street, 80)
  longest(`${path}.city`, city, country === 'ES' ? 50 : 50 - (postalCode?.length ?? 0) - 1)
  if (country !== 'ES') {
    longest(`${path}.region`, region, 20)
    return
  }
  if (postalCode !== undefined && provinceOf(postalCode) === undefined) say('POSTAL-CODE', `${path}.postal_code`, `«${postalCode}» no es un código postal de España.`, `"${postalCode}" is no postal code of Spain.`)
}

function named (path: string, party: InvoiceParty, say: Say, longest: Longest): void {
  longest('customer.email', party.email, 60)
  if (!isNatural(party)) {
    longest(path, party.name, 80)
    longest(path.replace(/[^.]+$/, 'trade_name'), party.es?.tradeName, 40)
    return
  }
  const { name, first, second } = nameOfPerson(party.name, party.es)
  if (first === undefined) say('SURNAME', path, 'De una persona física hacen falta nombre y apellidos.', 'Of a natural person the given name and the surname are needed.')
  for (const part of [name, first, second]) longest(path, part, 40)
}

function lines ({ lines, es }: Invoice, say: Say, longest: Longest): void {
  for (const [index, line] of lines.entries()) {
    const path = `lines[${index}]`
    longest(`${path}.description`, line.description, 2500)
    longest(`${path}.sku`, line.sku, 20)
    longest(`${path}.es.information`, line.es?.information, 2500)
    between(line.es?.period, `${path}.es.period`, say)
    const outputs = line.taxes.filter(({ withheld, type }) => withheld !== true && type.toUpperCase() !== surcharge)
    if (outputs.length === 0) say('LINE-TAX', `${path}.taxes`, 'Cada línea lleva IVA, IGIC o IPSI, aunque sea al 0 % o exento.', 'Each line carries IVA, IGIC or IPSI, be it at 0 % or exempt.')
    if (outputs.some(({ exempt }) => exempt === true) && line.es?.special === undefined) say('EXEMPT', `${path}.es.special`, 'De una operación exenta o no sujeta se dice por qué: código 01 o 02 y el precepto (RD 1619/2012, art. 6.1.j).', 'Of an exempt or non-taxable operation it is said why: code 01 or 02 and the provision (RD 1619/2012, art. 6.1.j).', 'warning')
    if (line.es?.special !== undefined && specialEvents[line.es.special.code] === undefined) say('SPECIAL', `${path}.es.special.code`, 'Es 01 (sujeta y exenta) o 02 (no sujeta).', 'It is 01 (taxable and exempt) or 02 (not taxable).')
    for (const [at, { type, withheld, rate }] of line.taxes.entries()) {
      const code = taxCode(type)
      if (code === '04' && withheld !== true) say('IRPF', `${path}.taxes[${at}]`, 'El IRPF se retiene: márquelo withheld.', 'IRPF is withheld: mark it so.')
      if (Number(rate) > 1) say('RATE', `${path}.taxes[${at}].rate`, `La tasa es una fracción: ${rate} sería ${Number(rate) * 100} %.`, `The rate is a fraction: ${rate} would be ${Number(rate) * 100} %.`)
    }
    charges(`${path}.es`, line.es, say, longest)
  }
  charges('es', es, say, longest)
}

function charges (path: string, given: { discounts?: EsCharge[], charges?: EsCharge[] } | undefined, say: Say, longest: Longest): void {
  for (const name of ['discounts', 'charges'] as const) {
    for (const [index, { reason, rate, amount }] of (given?.[name] ?? []).entries()) {
      longest(`${path}.${name}[${index}].reason`, reason, 2500)
      if (rate === undefined && amount === undefined) say('CHANGE', `${path}.${name}[${index}]`, 'Falta el importe o el porcentaje.', 'The amount or the rate is missing.')
    }
  }
}

function corrective ({ kind, es, series }: Invoice, say: Say, longest: Longest): void {
  const given = es?.corrective
  if (given === undefined) {
    if (kind === 'credit_note') say('CORRECTIVE', 'es.corrective', 'Una rectificativa dice qué factura rectifica y por qué.', 'A corrective invoice says which one it corrects and why.')
    return
  }
  if (correctionReasons[given.reason] === undefined) say('CORRECTIVE-REASON', 'es.corrective.reason', `El motivo es uno de ${Object.keys(correctionReasons).sort().join(', ')}.`, `The reason is one of ${Object.keys(correctionReasons).sort().join(', ')}.`)
  if (correctionMethods[given.method] === undefined) say('CORRECTIVE-METHOD', 'es.corrective.method', 'El método es 01 (íntegra), 02 (diferencias), 03 (descuento por volumen) o 04 (autorizadas por la AEAT).', 'The method is 01 (in full), 02 (differences), 03 (volume discount) or 04 (authorised by the AEAT).')
  if (kind === 'credit_note' && given.method === '01') say('CORRECTIVE-METHOD', 'es.corrective.method', 'Un abono dice la diferencia (02). Una rectificación íntegra (01) es una factura nueva con es.corrective y los importes correctos.', 'A credit note says the difference (02). A correction in full (01) is a new invoice with es.corrective and the right amounts.')
  between(given.period, 'es.corrective.period', say)
  longest('es.corrective.number', given.number, 20)
  longest('es.corrective.series', given.series, 20)
  longest('es.corrective.note', given.note, 2500)
  // RD 1619/2012, art. 6.1.a: corrective invoices are numbered in a series of their own.
  if (given.series !== undefined && given.series === series) say('CORRECTIVE-SERIES', 'series', 'Las rectificativas llevan una serie propia (RD 1619/2012, art. 6.1.a).', 'Corrective invoices have a series of their own (RD 1619/2012, art. 6.1.a).')
}

function payment ({ payment, es }: Invoice, say: Say): void {
  const form = payment?.form
  if (form !== undefined && paymentMeans[form] === undefined) say('PAYMENT', 'payment.form', 'El medio de pago es un código de 01 a 19; 04 es transferencia.', 'The means of payment is a code from 01 to 19; 04 is a transfer.')
  if (form !== undefined && ['02', '04'].includes(form) && es?.account === undefined) say('IBAN', 'es.account.iban', 'Con transferencia o domiciliación FACe pide el IBAN.', 'With a transfer or a direct debit FACe asks for the IBAN.')
  if (es?.account !== undefined && !isIban(es.account.iban)) say('IBAN', 'es.account.iban', `«${es.account.iban}» no es un IBAN: sus dígitos de control no corresponden.`, `"${es.account.iban}" is no IBAN: its check digits do not belong to it.`)
  if (es?.account?.bic !== undefined && !/^[A-Z]{6}[A-Z0-9]{2}(?:[A-Z0-9]{3})?$/i.test(es.account.bic)) say('BIC', 'es.account.bic', 'El BIC tiene 8 u 11 caracteres.', 'The BIC has 8 or 11 characters.')
}

/** ISO 13616: modulus 97. */
export function isIban (text: string): boolean {
  const iban = text.replace(/\s/g, '').toUpperCase()
  if (!/^[A-Z]{2}\d{2}[A-Z0-9]{10,30}$/.test(iban)) return false
  const digits = `${iban.slice(4)}${iban.slice(0, 4)}`.replace(/[A-Z]/g, letter => String(letter.charCodeAt(0) - 55))
  return BigInt(digits) % 97n === 1n
}

/** FACe takes up to 8 MB in all. */
const attachmentBytes = 5 * 1024 * 1024

function attachments ({ es }: Invoice, say: Say, longest: Longest): void {
  let bytes = 0
  for (const [index, { format, data, description }] of (es?.attachments ?? []).entries()) {
    const path = `es.attachments[${index}]`
    if (!(attachmentFormats as readonly string[]).includes(format)) say('ATTACHMENT', `${path}.format`, `El formato es uno de ${attachmentFormats.join(', ')}.`, `The format is one of ${attachmentFormats.join(', ')}.`)
    if (Buffer.from(data, 'base64').toString('base64') !== data) say('ATTACHMENT', `${path}.data`, 'Los datos no son Base64.', 'The data are not Base64.')
    longest(`${path}.description`, description, 2500)
    bytes += data.length
  }
  if (bytes > attachmentBytes) say('ATTACHMENT', 'es.attachments', 'Los adjuntos pasan de 5 MB.', 'The attachments are more than 5 MB.')
}

/** Simplified invoices are for small amounts (RD 1619/2012, art. 4, as of 2026). */
function sums ({ es, kind }: Invoice, { total }: Amounts, say: Say): void {
  if (es?.document === 'FA' && kind === 'invoice' && total.gt(new Decimal(3000))) say('SIMPLIFIED', 'es.document', 'Una factura simplificada no pasa de 400 €, o de 3 000 € en las actividades del art. 4.2.', 'A simplified invoice is at most 400 €, or 3,000 € in the activities of art. 4.2.')
  else if (es?.document === 'FA' && kind === 'invoice' && total.gt(new Decimal(400))) say('SIMPLIFIED', 'es.document', 'Por encima de 400 € solo algunas actividades emiten simplificadas (art. 4.2).', 'Above 400 € only some activities issue simplified invoices (art. 4.2).', 'warning')
}
