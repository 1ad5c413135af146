import type { Invoice, InvoiceParty } from '../../adapter/invoicing.ts'
import type { LocalText } from '../../adapter/context.ts'
import { Decimal, decimal, sum } from '../decimal.ts'
import { FiscalError } from '../errors.ts'
import { additionalFields, addressOf, buildComprobante, identificationOf, mostFields, paymentsOf, plain } from './build.ts'
import { dayOf } from './clock.ts'
import { inspectRuc } from './ruc.ts'
import { documentTypes, finalConsumer, isEcKind, paymentForms, providerField, providerFieldFrom, withheldIva, withheldTaxes } from './tables.ts'

/** A broken rule: our code, which names the field and never changes meaning, and where it stands in the body of POST /v1/invoices. */
export interface EcFinding {
  code: string
  level: 'error' | 'warning'
  path: string
  message: LocalText
}

/** An XML of the SRI may be this large (Ficha Técnica v2.34); the signature takes some 5 KB of it. */
const maxBytes = 320 * 1024
const signatureBytes = 8 * 1024

/** Consumidor final: up to USD 50 (Reglamento de Comprobantes de Venta, and Ficha v2.34). */
const mostOfFinalConsumer = 50
/** Above this what was paid outside the financial system is no deductible cost (LRTI art. 103). */
const bankedAbove = 500
const oldestDays = 90
const tooLarge = new Decimal(10).pow(12)

/**
 * Every rule of the SRI that a document breaks and that can be told before it is sent. Errors are what recepción or autorización
 * would refuse; warnings do not stand in the way. Never throws for a model that `withEcTotals` made.
 */
export function ecFindings (invoice: Invoice, now: Date): EcFinding[] {
  const found: EcFinding[] = []
  const tell = (level: EcFinding['level']) => (code: string, path: string, es: string, en: string): void => { found.push({ code: `EC-${code}`, level, path, message: { es, en } }) }
  const error = tell('error')
  const warn = tell('warning')
  const rule: Telling = { error, warn }
  if (!isEcKind(invoice.kind)) {
    error('KIND', 'kind', `El SRI no tiene un comprobante «${invoice.kind}». Hay: ${Object.keys(documentTypes).join(', ')}.`, `The SRI has no comprobante "${invoice.kind}". There is: ${Object.keys(documentTypes).join(', ')}.`)
    return found
  }
  issuerRules(invoice, rule)
  buyerRules(invoice, rule)
  dateRules(invoice, now, rule)
  if (invoice.currency !== 'USD') error('CURRENCY', 'currency', 'En Ecuador se factura en dólares (USD).', 'Invoices of Ecuador are in dollars (USD).')
  if (invoice.exchangeRate !== undefined) error('EXCHANGE-RATE', 'exchange_rate', 'Un comprobante en dólares no lleva tipo de cambio.', 'A comprobante in dollars takes no exchange rate.')
  lineRules(invoice, rule)
  if (invoice.kind !== 'credit_note' && invoice.kind !== 'delivery_note' && invoice.kind !== 'withholding') paymentRules(invoice, rule)
  kindRules(invoice, rule)
  additionalRules(invoice, now, rule)
  if (!found.some(({ level }) => level === 'error')) sizeRule(invoice, rule)
  return found
}

type Tell = (code: string, path: string, es: string, en: string) => void
interface Telling { error: Tell, warn: Tell }

/** A text of the schema: there, and no longer than so much. */
function length ({ error }: Telling, code: string, path: string, value: string | undefined, most: number, least = 1): void {
  const letters = [...plain(value ?? '')].length
  if (letters < least) error(code, path, 'Falta, o está vacío.', 'It is missing, or empty.')
  if (letters > most) error(code, path, `Tiene ${letters} caracteres y el SRI admite ${most}.`, `It has ${letters} characters, and the SRI takes ${most}.`)
}

function issuerRules ({ issuer, ec, kind }: Invoice, rule: Telling): void {
  const { error, warn } = rule
  const { shape, digit } = inspectRuc(issuer.taxId)
  if (!shape || issuer.taxId.length !== 13) error('ISSUER-RUC', 'issuer', 'El RUC del emisor no tiene la forma de un RUC.', 'The issuer’s RUC does not have the shape of one.')
  else if (!digit) warn('ISSUER-RUC-DIGIT', 'issuer', 'El dígito verificador del RUC del emisor no coincide, lo que en RUC activos ocurre.', 'The check digit of the issuer’s RUC does not agree, which happens with active ones.')
  length(rule, 'ISSUER-NAME', 'issuer', issuer.name, 300)
  if (issuer.ec?.headOffice === undefined) error('ISSUER-ADDRESS', 'issuer', 'El emisor no tiene dirección (dirMatriz): complétela en el emisor, address.', 'The issuer has no address (dirMatriz): give it in the issuer’s address.')
  else length(rule, 'ISSUER-ADDRESS', 'issuer', issuer.ec.headOffice, 300)
  if (issuer.ec?.establishmentAddress !== undefined) length(rule, 'ESTABLISHMENT-ADDRESS', 'issuer', issuer.ec.establishmentAddress, 300)
  if (issuer.ec?.tradeName !== undefined) length(rule, 'ISSUER-TRADE-NAME', 'issuer', issuer.ec.tradeName, 300)
  const { specialTaxpayer, withholdingAgent } = issuer.ec ?? {}
  const longest = kind === 'withholding' ? 5 : 13
  if (specialTaxpayer !== undefined && !new RegExp(`^[A-Za-z0-9]{3,${longest}}$`).test(specialTaxpayer)) error('ISSUER-SPECIAL', 'issuer', `El número de contribuyente especial tiene de 3 a ${longest} letras y dígitos.`, `The number of a contribuyente especial has 3 to ${longest} letters and digits.`)
  if (withholdingAgent !== undefined && !/^\d{1,8}$/.test(withholdingAgent)) error('ISSUER-AGENT', 'issuer', 'La resolución de agente de retención es un número de hasta 8 dígitos.', 'The resolution of an agente de retención is a number of at most 8 digits.')
  if (ec?.establishment !== undefined && (!/^\d{3}$/.test(ec.establishment) || !/^\d{3}$/.test(ec.point ?? ''))) error('SERIES', 'series', 'La serie no dice establecimiento y punto de emisión (001-001).', 'The series does not tell establecimiento and punto de emisión (001-001).')
}

function buyerRules (invoice: Invoice, rule: Telling): void {
  const { error } = rule
  const { customer, kind, totals: { total } } = invoice
  length(rule, 'CUSTOMER-NAME', 'customer.name', customer.name, 300)
  identified(customer, 'CUSTOMER', 'customer', rule)
  if (addressOf(customer) !== undefined) length(rule, 'CUSTOMER-ADDRESS', 'customer.address', addressOf(customer), 300)
  if (identificationOf(customer) !== '07') return
  if (kind !== 'invoice') error('FINAL-CONSUMER-KIND', 'customer.tax_id', 'A consumidor final solo se emiten facturas, que no se anulan ni llevan notas.', 'A final consumer only gets invoices, which are neither annulled nor take notes.')
  else if (new Decimal(total).greaterThan(mostOfFinalConsumer)) error('FINAL-CONSUMER-AMOUNT', 'customer.tax_id', `A consumidor final se factura hasta USD ${mostOfFinalConsumer}: pida la identificación.`, `A final consumer is invoiced up to USD ${mostOfFinalConsumer}: ask for an identification.`)
}

/** tipoIdentificacion and its number agree. */
function identified (party: Pick<InvoiceParty, 'taxId' | 'taxIdType' | 'address'>, code: string, path: string, { error, warn }: Telling): void {
  const type = identificationOf(party)
  const { taxId } = party
  const at = `${path}.tax_id`
  if (!/^0[4-8]$/.test(type)) return error(`${code}-ID-TYPE`, `${path}.tax_id_type`, `«${type}» no es un tipo de identificación del SRI (04 RUC, 05 cédula, 06 pasaporte, 07 consumidor final, 08 exterior).`, `"${type}" is no type of identification of the SRI (04 RUC, 05 cédula, 06 passport, 07 final consumer, 08 from abroad).`)
  const { shape, digit } = inspectRuc(taxId)
  if (type === '04' && (!shape || taxId.length !== 13)) error(`${code}-RUC`, at, 'No tiene la forma de un RUC: 13 dígitos que terminan en 001.', 'It does not have the shape of a RUC: 13 digits that end in 001.')
  else if (type === '05' && (!shape || taxId.length !== 10)) error(`${code}-CEDULA`, at, 'No tiene la forma de una cédula: 10 dígitos, de una provincia.', 'It does not have the shape of a cédula: 10 digits, of a province.')
  else if (type === '07' && taxId !== finalConsumer) error(`${code}-FINAL-CONSUMER`, at, `Consumidor final se identifica con ${finalConsumer}.`, `A final consumer is identified by ${finalConsumer}.`)
  else if ((type === '06' || type === '08') && (plain(taxId) === '' || taxId.length > 20)) error(`${code}-ID`, at, 'La identificación tiene de 1 a 20 caracteres.', 'The identification has 1 to 20 characters.')
  else if ((type === '04' || type === '05') && !digit) warn(`${code}-ID-DIGIT`, at, 'El dígito verificador no coincide: revíselo; hay RUC activos que no lo cumplen.', 'The check digit does not agree: look again; there are active RUCs that fail it.')
}

function dateRules ({ issuedAt, ec }: Invoice, now: Date, { error }: Telling): void {
  const [day, today] = [dayOf(new Date(issuedAt)), dayOf(now)]
  if (day > today) error('DATE', '', `La fecha de emisión ${day} es futura en Ecuador (mensaje 65).`, `The date of issue ${day} lies in Ecuador’s future (message 65).`)
  if (Date.parse(today) - Date.parse(day) > oldestDays * 86_400_000) error('DATE', '', `La fecha de emisión ${day} pasó de ${oldestDays} días (mensaje 65).`, `The date of issue ${day} is over ${oldestDays} days old (message 65).`)
  if (ec?.modified !== undefined && ec.modified.issuedOn > day) error('MODIFIED-DATE', 'ec.modified.issued_on', 'El documento modificado es posterior a este.', 'The document that is changed is later than this one.')
}

function lineRules ({ kind, lines, ec, totals }: Invoice, rule: Telling): void {
  const { error } = rule
  if (kind === 'withholding') return
  if (lines.length === 0) error('LINES', 'lines', 'No lleva ninguna línea.', 'It has no line.')
  for (const [index, { description, quantity, unitPrice, sku, unit, taxes, ec: more }] of lines.entries()) {
    const path = `lines[${index}]`
    length(rule, 'LINE-DESCRIPTION', `${path}.description`, description, 300)
    if (sku !== undefined) length(rule, 'LINE-SKU', `${path}.sku`, sku, 25)
    if (unit !== undefined) length(rule, 'LINE-UNIT', `${path}.unit`, unit, 50)
    if (more?.auxiliaryCode !== undefined) length(rule, 'LINE-AUXILIARY', `${path}.ec.auxiliary_code`, more.auxiliaryCode, 25)
    if ((more?.details?.length ?? 0) > 3) error('LINE-DETAILS', `${path}.ec.details`, 'Una línea lleva hasta 3 detalles adicionales.', 'A line takes up to 3 additional details.')
    for (const [which, detail] of (more?.details ?? []).entries()) for (const name of ['name', 'value'] as const) length(rule, 'LINE-DETAILS', `${path}.ec.details[${which}].${name}`, detail[name], 300)
    if (new Decimal(quantity).lessThanOrEqualTo(0)) error('LINE-QUANTITY', `${path}.quantity`, 'La cantidad debe ser mayor que cero.', 'The quantity must be above zero.')
    if (kind === 'delivery_note') continue
    // 18 digits, of which 6 decimals; amounts 14 with 2.
    for (const [name, value] of [['quantity', quantity], ['unit_price', unitPrice]] as const) if (new Decimal(value).greaterThanOrEqualTo(tooLarge)) error('LINE-AMOUNT', `${path}.${name}`, 'Es demasiado grande para el SRI.', 'It is too large for the SRI.')
    if (!taxes.some(({ type }) => type.toUpperCase() === 'IVA')) error('LINE-IVA', `${path}.taxes`, 'Cada línea dice su IVA: una tarifa, 0, exempt, o code "6" (no objeto).', 'Each line tells its IVA: a rate, 0, exempt, or code "6" (not subject).')
    if (taxes.filter(({ type }) => type.toUpperCase() === 'IVA').length > 1) error('LINE-IVA', `${path}.taxes`, 'Una línea lleva un solo IVA.', 'A line takes one IVA.')
    if (kind === 'purchase_settlement' && taxes.some(({ type }) => type.toUpperCase() !== 'IVA')) error('LINE-TAX', `${path}.taxes`, 'Una liquidación de compra solo lleva IVA.', 'A liquidación de compra takes IVA only.')
  }
  if (new Decimal(totals.total).greaterThanOrEqualTo(tooLarge)) error('TOTAL', 'lines', 'El total es demasiado grande para el SRI.', 'The total is too large for the SRI.')
  for (const [index, item] of (ec?.thirdPartyItems ?? []).entries()) {
    if (kind !== 'invoice') error('THIRD-PARTY', 'ec.third_party_items', 'Solo una factura lleva rubros de terceros.', 'Only an invoice takes items of third parties.')
    length(rule, 'THIRD-PARTY', `ec.third_party_items[${index}].concept`, item.concept, 300)
  }
}

function paymentRules (invoice: Invoice, { error, warn }: Telling): void {
  const paid = paymentsOf(invoice)
  const path = (index: number): string => invoice.ec?.payments === undefined ? 'payment.form' : `ec.payments[${index}].form`
  for (const [index, { form, total }] of paid.entries()) {
    if (paymentForms[form] === undefined) error('PAYMENT-FORM', path(index), `«${form}» no es una forma de pago del SRI (${Object.keys(paymentForms).sort().join(', ')}).`, `"${form}" is no form of payment of the SRI (${Object.keys(paymentForms).sort().join(', ')}).`)
    if (form === '01' && new Decimal(total).greaterThan(bankedAbove)) warn('PAYMENT-BANKED', path(index), `Más de USD ${bankedAbove} sin el sistema financiero no son deducibles para quien compra.`, `Over USD ${bankedAbove} outside the financial system are not deductible for the buyer.`)
  }
  const told = sum(paid.map(({ total }) => new Decimal(total)))
  if (!told.equals(invoice.totals.total)) error('PAYMENT-TOTAL', 'ec.payments', `Los pagos suman ${told.toFixed(2)} y el total es ${invoice.totals.total}.`, `The payments come to ${told.toFixed(2)} and the total is ${invoice.totals.total}.`)
}

function kindRules (invoice: Invoice, rule: Telling): void {
  const { error } = rule
  const { kind, ec } = invoice
  if (kind === 'credit_note' || kind === 'debit_note') {
    const { modified } = ec ?? {}
    if (modified === undefined) error('MODIFIED', 'related', 'Una nota dice qué documento modifica: related con su clave de acceso, o ec.modified.', 'A note says which document it changes: related with its clave de acceso, or ec.modified.')
    else if (!/^\d{2}$/.test(modified.document) || !/^\d{3}-\d{3}-\d{9}$/.test(modified.number)) error('MODIFIED', 'ec.modified', 'El documento modificado se dice con su código (01) y su número 001-001-000000001.', 'The document that is changed is told by its code (01) and its number 001-001-000000001.')
  }
  if (kind === 'credit_note') length(rule, 'REASON', 'ec.reason', ec?.reason, 300)
  if (ec?.deliveryNote !== undefined && !/^\d{3}-\d{3}-\d{9}$/.test(ec.deliveryNote)) error('DELIVERY-NOTE', 'ec.delivery_note', 'La guía de remisión se dice 001-001-000000001.', 'A guía de remisión is told as 001-001-000000001.')
  if (ec?.plate !== undefined) length(rule, 'PLATE', 'ec.plate', ec.plate, 20)
  if (kind === 'delivery_note') deliveryRules(invoice, rule)
  if (kind === 'withholding') withholdingRules(invoice, rule)
}

function deliveryRules ({ ec, customer, issuedAt }: Invoice, rule: Telling): void {
  const { error } = rule
  const { delivery } = ec ?? {}
  if (delivery === undefined) return error('DELIVERY', 'ec.delivery', 'Una guía de remisión lleva ec.delivery.', 'A guía de remisión holds ec.delivery.')
  length(rule, 'DELIVERY-FROM', 'ec.delivery.from', delivery.from, 300)
  length(rule, 'DELIVERY-TO', 'customer.address', addressOf(customer), 300)
  length(rule, 'DELIVERY-REASON', 'ec.delivery.reason', delivery.reason, 300)
  length(rule, 'DELIVERY-PLATE', 'ec.delivery.plate', delivery.plate, 20)
  length(rule, 'DELIVERY-CARRIER', 'ec.delivery.carrier.name', delivery.carrier.name, 300)
  identified(delivery.carrier, 'DELIVERY-CARRIER', 'ec.delivery.carrier', rule)
  if (delivery.route !== undefined) length(rule, 'DELIVERY-ROUTE', 'ec.delivery.route', delivery.route, 300)
  if (delivery.endsOn < delivery.startsOn) error('DELIVERY-DATES', 'ec.delivery.ends_on', 'El transporte termina antes de empezar.', 'The transport ends before it starts.')
  if (delivery.startsOn < dayOf(new Date(issuedAt))) error('DELIVERY-DATES', 'ec.delivery.starts_on', 'La guía se transmite antes de que empiece el transporte (NAC-DGERCGC26-00000024).', 'A guía is transmitted before the transport starts (NAC-DGERCGC26-00000024).')
  if (delivery.destinationEstablishment !== undefined && !/^\d{3}$/.test(delivery.destinationEstablishment)) error('DELIVERY-DESTINATION', 'ec.delivery.destination_establishment', 'El establecimiento de destino tiene 3 dígitos.', 'The establishment of destination has 3 digits.')
  const { support } = delivery
  if (support !== undefined && (!/^\d{2}$/.test(support.document) || !/^\d{3}-\d{3}-\d{9}$/.test(support.number))) error('DELIVERY-SUPPORT', 'ec.delivery.support', 'El documento de sustento se dice con su código y su número 001-001-000000001.', 'The supporting document is told by its code and its number 001-001-000000001.')
}

function withholdingRules ({ ec }: Invoice, { error }: Telling): void {
  const { withholding } = ec ?? {}
  if (withholding === undefined) return error('WITHHOLDING', 'ec.withholding', 'Un comprobante de retención lleva ec.withholding.', 'A comprobante de retención holds ec.withholding.')
  if (!/^(0[1-9]|1[0-2])\/20\d\d$/.test(withholding.period)) error('WITHHOLDING-PERIOD', 'ec.withholding.period', 'El período fiscal se dice mm/aaaa.', 'The fiscal period is told as mm/yyyy.')
  for (const [index, document] of withholding.documents.entries()) {
    const path = `ec.withholding.documents[${index}]`
    if (!/^\d{3}-?\d{3}-?\d{9}$/.test(document.number)) error('WITHHOLDING-NUMBER', `${path}.number`, 'El número del documento se dice 001-001-000000001.', 'The document’s number is told as 001-001-000000001.')
    if (!/^\d{2}$/.test(document.support)) error('WITHHOLDING-SUPPORT', `${path}.support`, 'El sustento tributario es un código de 2 dígitos del ATS.', 'The tax support is a code of 2 digits of the ATS.')
    if (document.authorization !== undefined && !/^\d{10,49}$/.test(document.authorization)) error('WITHHOLDING-AUTHORIZATION', `${path}.authorization`, 'La autorización tiene de 10 a 49 dígitos.', 'An authorisation has 10 to 49 digits.')
    const paid = sum(document.payments.map(({ total }) => decimal(total) ?? new Decimal(0)))
    if (!paid.equals(document.total)) error('WITHHOLDING-PAYMENTS', `${path}.payments`, `Los pagos suman ${paid.toFixed(2)} y el documento es de ${document.total}.`, `The payments come to ${paid.toFixed(2)} and the document to ${document.total}.`)
    for (const [at, { form }] of document.payments.entries()) if (paymentForms[form] === undefined) error('PAYMENT-FORM', `${path}.payments[${at}].form`, `«${form}» no es una forma de pago del SRI.`, `"${form}" is no form of payment of the SRI.`)
    for (const [at, { type, code, base, percent }] of document.withheld.entries()) {
      if (withheldTaxes[type.toUpperCase()] === '2' && withheldIva[code] === undefined) error('WITHHOLDING-CODE', `${path}.withheld[${at}].code`, `«${code}» no es un código de retención de IVA (${Object.keys(withheldIva).join(', ')}).`, `"${code}" is no code of withheld IVA (${Object.keys(withheldIva).join(', ')}).`)
      if (new Decimal(percent).greaterThan(100) || new Decimal(percent).decimalPlaces() > 2 || new Decimal(percent).precision(true) > 3) error('WITHHOLDING-PERCENT', `${path}.withheld[${at}].percent`, 'El porcentaje tiene a lo más 3 dígitos, 2 de ellos decimales.', 'The percentage has 3 digits at most, 2 of them decimals.')
      const most = withheldTaxes[type.toUpperCase()] === '2' ? sum(document.taxes.map(({ amount }) => new Decimal(amount ?? 0))) : new Decimal(document.total)
      if (new Decimal(base).greaterThan(most)) error('WITHHOLDING-BASE', `${path}.withheld[${at}].base`, 'La base es mayor que lo que dice el documento.', 'The base is larger than what the document says.')
    }
  }
}

function additionalRules (invoice: Invoice, now: Date, rule: Telling): void {
  const { error, warn } = rule
  const asked = invoice.ec?.additionalInfo ?? []
  if (additionalFields(invoice).length > mostFields) error('ADDITIONAL-INFO', 'ec.additional_info', `La información adicional lleva hasta ${mostFields} campos, con el del RUC Proveedor.`, `Additional information takes up to ${mostFields} fields, that of the RUC Proveedor included.`)
  for (const [index, { name, value }] of asked.entries()) {
    length(rule, 'ADDITIONAL-INFO', `ec.additional_info[${index}].name`, name, 300)
    length(rule, 'ADDITIONAL-INFO', `ec.additional_info[${index}].value`, value, 300)
    if (isReserved(name)) error('RESERVED-FIELD', `ec.additional_info[${index}].name`, `«${providerField}» lo pone el sistema que emite (Anexo 26).`, `"${providerField}" is written by the system that issues (Anexo 26).`)
  }
  if (invoice.ec?.operatorRuc === undefined && invoice.ec?.environment === '2' && dayOf(now) >= providerFieldFrom) {
    warn('PROVIDER-RUC', '', `Sin ${providerField}: si el sistema es de un tercero, es obligatorio desde el ${providerFieldFrom} (PASARELA_SRI_PROVIDER_RUC).`, `Without ${providerField}: where the system is a third party's, it is mandatory since ${providerFieldFrom} (PASARELA_SRI_PROVIDER_RUC).`)
  }
}

const isReserved = (name: string): boolean => name.normalize('NFD').replace(/[^A-Za-z]/g, '').toLowerCase() === 'rucproveedor'

function sizeRule (invoice: Invoice, { error }: Telling): void {
  const numbered: Invoice = { ...invoice, number: invoice.number ?? '000000001', ec: { ...invoice.ec!, establishment: invoice.ec!.establishment ?? '001', point: invoice.ec!.point ?? '001', accessKey: invoice.ec!.accessKey ?? '0'.repeat(49) } }
  try {
    const bytes = Buffer.byteLength(buildComprobante(numbered).text)
    if (bytes + signatureBytes > maxBytes) error('SIZE', 'lines', `El XML tendría ${Math.ceil((bytes + signatureBytes) / 1024)} KB y el SRI admite 320: divídalo.`, `The XML would have ${Math.ceil((bytes + signatureBytes) / 1024)} KB, and the SRI takes 320: split it.`)
  } catch (problem) {
    if (!(problem instanceof FiscalError)) throw problem
    error('STRUCTURE', problem.path ?? '', problem.text.es, problem.text.en)
  }
}
