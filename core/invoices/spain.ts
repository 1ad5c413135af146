import { createHash } from 'node:crypto'
import type { EsInvoice, EsParty, Invoice as InvoiceModel, InvoiceLine, InvoiceParty } from '../adapter/invoicing.ts'
import { HubError } from '../errors.ts'
import { fixed } from '../fiscal/decimal.ts'
import { FiscalError } from '../fiscal/errors.ts'
import { amountsOf, unifiedTotals } from '../fiscal/es/amounts.ts'
import { buildFacturae } from '../fiscal/es/build.ts'
import { zoneOf } from '../fiscal/es/clock.ts'
import { facturaeFindings } from '../fiscal/es/rules.ts'
import { buildUbl } from '../fiscal/ubl/build.ts'
import { ublFindings } from '../fiscal/ubl/rules.ts'
import { facturaeProfile } from '../fiscal/xades/profiles.ts'
import { zonedTime } from '../fiscal/xades/time.ts'
import { signVerified } from '../fiscal/xades/verify.ts'
import { homeCurrency } from '../issuers/native.ts'
import type { IssuerRow } from '../issuers/queries.ts'
import { type CountryEngine, ForeignDocument, type Making } from './engine.ts'
import type { ChangeInvoice } from './schema.ts'

/** Spain: Facturae 3.2.2. The law itself is in core/fiscal/es; this says how invoices of ours become one. */
export const spain: CountryEngine = {
  homeCurrency: homeCurrency.ES,
  model: (body, making) => {
    try {
      return modelOf(body, making)
    } catch (error) {
      // What cannot be computed is the caller's to mend.
      if (error instanceof FiscalError) throw new HubError('invoice_invalid', { errors: [{ path: error.path ?? '', code: error.reason, message: error.text }] })
      throw error
    }
  },
  formOf: method => method === null ? undefined : means[method.type],
  findings: model => facturaeFindings(model),
  // The same model signs with the same Ids; SigningTime alone tells two attempts apart.
  seal: async (model, { at, ...key }) => await signVerified(buildFacturae(model), facturaeProfile(), key, { at, zone: zoneOf(model.issuer.address?.postalCode), id: createHash('sha256').update(model.reference).digest('hex').slice(0, 32) }),
  stamped: (_model, sealed, returned, { fiscalId, at }) => {
    // FACe gives no document back, only its registry number: the document is the one that was signed.
    if (sealed === null || !sealed.equals(returned)) throw new ForeignDocument('it is not the Facturae that was sent')
    if (fiscalId === undefined) throw new ForeignDocument('it has no registry number')
    return { fiscalId, stampedAt: at }
  },
  motives: { error: { needsSubstitute: false }, duplicate: { needsSubstitute: false }, withdrawn: { needsSubstitute: false } },
  insteadOfCancelling: {
    es: 'Una factura expedida no se cancela: se rectifica (POST …/credit_notes). Solo la registrada en FACe admite pedir su anulación al organismo.',
    en: 'An invoice that was issued is not cancelled but corrected (POST …/credit_notes). Only one registered at FACe can be asked to be annulled.'
  },
  // Código de Comercio, art. 30.
  retentionYears: 6,
  credit: ({ payment, related, es, ...note }, { es: asked, reason, form }, about) => {
    const { issuedOn } = (about.model as unknown as InvoiceModel).es!
    return {
      ...note,
      ...(form !== undefined && { payment: { form } }),
      related: [{ type: asked?.method ?? '02', fiscal_id: about.fiscal_id! }],
      es: {
        ...(es?.contract_reference !== undefined && { contract_reference: es.contract_reference }),
        ...(es?.file_reference !== undefined && { file_reference: es.file_reference }),
        ...(es?.transaction_reference !== undefined && { transaction_reference: es.transaction_reference }),
        corrective: { ...asked, ...(about.series !== null && about.series !== '' && { series: about.series }), ...(about.number !== null && { number: about.number }), issued_on: issuedOn, ...(reason !== undefined && { note: reason }) }
      }
    }
  },
  // Of one whose issuer keeps records: where its QR leads.
  verificationUrl: model => model.es?.verifactu?.url ?? '',
  print: async (...asked) => await (await import('./facturae-pdf.ts')).printFacturae(...asked),
  ubl: model => {
    try {
      const bytes = buildUbl(model)
      const [broken] = ublFindings(bytes)
      // What this house writes holds by the rules that it knows: anything else is a bug of ours, and no document.
      if (broken !== undefined) throw new Error(`UBL of ${model.reference}: ${broken.rule} ${broken.note}`)
      return bytes
    } catch (error) {
      if (error instanceof FiscalError) throw new HubError('capability_not_supported', { detail: error.text })
      throw error
    }
  },
  fileName: ({ issuer, series = '', number = '' }) => `${issuer.taxId}_${series}${number}.xml`
}

/** PaymentMeans by the method that our adapters name. */
const means: Readonly<Record<string, string>> = { cash: '01', direct_debit: '02', sepa_debit: '02', bank_transfer: '04', transfer: '04', wire: '04', cheque: '11', card: '19', credit_card: '19', debit_card: '19' }

function modelOf (body: ChangeInvoice, { issuer, kind, reference, issuedAt, series, number }: Making): InvoiceModel {
  const { customer, payment } = body
  const seller = sellerOf(issuer)
  const issuedOn = zonedTime(issuedAt, zoneOf(seller.address?.postalCode)).slice(0, 10)
  const model: InvoiceModel = {
    reference,
    country: 'ES',
    kind: kind as InvoiceModel['kind'],
    issuedAt,
    issuer: seller,
    customer: {
      name: customer.name.trim(),
      taxId: customer.tax_id.trim(),
      ...(customer.address !== undefined && { address: addressOf(customer.address) }),
      ...(customer.email !== undefined && { email: customer.email }),
      ...(customer.es !== undefined && { es: buyerOf(customer.es) })
    },
    currency: body.currency,
    lines: body.lines.map(lineOf),
    totals: { subtotal: '0', discount: '0', taxes: '0', withheld: '0', total: '0' },
    ...(series !== undefined && { series }),
    ...(number !== undefined && { number }),
    ...(body.exchange_rate !== undefined && { exchangeRate: body.exchange_rate }),
    // PUE and PPD are Mexico's; a body that serves several countries may bring them.
    ...(payment !== undefined && { payment: defined({ form: payment.form, due: payment.due, conditions: payment.conditions }) }),
    ...(body.related !== undefined && { related: body.related.map(({ type, fiscal_id: fiscalId }) => ({ type, fiscalId })) }),
    es: invoiceOf(body.es, issuer, issuedOn)
  }
  const amounts = amountsOf(model)
  const lines = model.lines.map((line, index): InvoiceLine => {
    const { gross } = amounts.lines[index]!
    return { ...line, taxes: line.taxes.map(tax => ({ ...tax, base: fixed(gross, 2), amount: fixed(gross.times(tax.exempt === true ? 0 : tax.rate), 2) })) }
  })
  return { ...model, lines, totals: unifiedTotals(amounts) }
}

function invoiceOf (own: ChangeInvoice['es'], issuer: IssuerRow, issuedOn: string): EsInvoice {
  const { iban, bic } = issuer.es
  const given = own?.corrective
  const corrective = given && defined({
    reason: given.reason ?? '16', method: given.method ?? '02', period: given.period ?? monthOf(given.issued_on ?? issuedOn), series: given.series, number: given.number, issuedOn: given.issued_on, note: given.note
  })
  return defined<EsInvoice>({
    issuedOn,
    document: own?.document,
    operationDate: own?.operation_date,
    period: own?.period,
    language: own?.language,
    description: own?.description,
    transactionReference: own?.transaction_reference,
    contractReference: own?.contract_reference,
    fileReference: own?.file_reference,
    corrective: corrective as EsInvoice['corrective'],
    verifactu: own?.verifactu && verifactuOf(own.verifactu),
    discounts: own?.discounts,
    charges: own?.charges,
    account: own?.account ?? (iban === undefined ? undefined : defined({ iban, bic })),
    attachments: own?.attachments,
    legalLiterals: own?.legal_literals,
    additionalInformation: own?.additional_information
  })
}

const verifactuOf = ({ type, regime, exemption, description, without_recipient: withoutRecipient, substitutes, rectified }: NonNullable<NonNullable<ChangeInvoice['es']>['verifactu']>): NonNullable<EsInvoice['verifactu']> => defined({
  type, regime, exemption, description, withoutRecipient, rectified, substitutes: substitutes?.map(({ number, issued_on: issuedOn }) => ({ number, issuedOn }))
})

/** From its first day to its last. */
function monthOf (day: string): { start: string, end: string } {
  const [year, month] = day.split('-').map(Number) as [number, number]
  return { start: `${day.slice(0, 7)}-01`, end: new Date(Date.UTC(year, month, 0)).toISOString().slice(0, 10) }
}

function lineOf ({ description, quantity, unit_price: unitPrice, discount, sku, unit, taxes, es }: ChangeInvoice['lines'][number]): InvoiceLine {
  return defined<InvoiceLine>({
    description, quantity, unitPrice, discount, sku, unit,
    taxes: taxes.map(({ type, rate, withheld, exempt, quota }) => defined({ type, rate, base: '0', amount: '0', withheld, exempt, quota })),
    es
  })
}

function sellerOf (issuer: IssuerRow): InvoiceParty {
  const { person, residence, registration, first_surname: firstSurname, second_surname: secondSurname } = issuer.es
  return defined<InvoiceParty>({
    name: issuer.legal_name,
    taxId: issuer.tax_id,
    address: addressOf({ ...issuer.address, ...(issuer.address?.postal_code === undefined && issuer.postal_code !== null && { postal_code: issuer.postal_code }) }),
    email: issuer.email ?? undefined,
    es: defined<EsParty>({ person, residence, firstSurname, secondSurname, tradeName: issuer.trade_name ?? undefined, registration, phone: issuer.phone?.slice(0, 15), website: issuer.website?.slice(0, 60) })
  })
}

function buyerOf ({ person, residence, first_surname: firstSurname, second_surname: secondSurname, trade_name: tradeName, dir3 }: NonNullable<ChangeInvoice['customer']['es']>): EsParty {
  return defined<EsParty>({
    person, residence, firstSurname, secondSurname, tradeName,
    dir3: dir3 && defined({ accountingOffice: dir3.accounting_office, managingBody: dir3.managing_body, processingUnit: dir3.processing_unit, proposingBody: dir3.proposing_body })
  })
}

const addressOf = ({ postal_code: postalCode, ...rest }: NonNullable<ChangeInvoice['customer']['address']>) => ({ ...rest, ...(postalCode !== undefined && { postalCode }) })

/** Without what is undefined. */
function defined<T extends object> (value: { [Key in keyof T]: T[Key] | undefined }): T {
  return Object.fromEntries(Object.entries(value).filter(([, one]) => one !== undefined)) as T
}
