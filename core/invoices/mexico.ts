import type { Invoice as InvoiceModel } from '../adapter/invoicing.ts'
import { cataloguesOf } from '../catalogues/service.ts'
import { HubError } from '../errors.ts'
import { FiscalError } from '../fiscal/errors.ts'
import { signCancellation } from '../fiscal/mx/cancellation.ts'
import { verificationUrl } from '../fiscal/mx/expression.ts'
import { invoiceOf } from '../fiscal/mx/from-cfdi.ts'
import { documentTaxes, fromInvoice, type InvoiceDraft, type LineDraft } from '../fiscal/mx/from-invoice.ts'
import { formOf } from '../fiscal/mx/payment-forms.ts'
import { readCfdi } from '../fiscal/mx/read.ts'
import { validateCfdi } from '../fiscal/mx/rules/validate.ts'
import { readSatCertificate } from '../fiscal/mx/sat-certificate.ts'
import { sealCfdi } from '../fiscal/mx/seal.ts'
import { differences, withInvoiceTotals } from '../fiscal/mx/to-invoice.ts'
import { verifyCfdi, verifyStamped } from '../fiscal/mx/verify.ts'
import { instantOf } from '../fiscal/mx/zones.ts'
import { homeCurrency } from '../issuers/native.ts'
import type { IssuerRow } from '../issuers/queries.ts'
import { type CountryEngine, ForeignDocument, type Making, type ReceiptInput, type Seal, type Stamped } from './engine.ts'
import type { ChangeInvoice } from './schema.ts'

/** Mexico: CFDI 4.0. The law itself is in core/fiscal/mx; this says how invoices of ours become one. */
export const mexico: CountryEngine = {
  model: (body, making) => computed(() => withInvoiceTotals(draftOf(body, making))),
  receipt: input => computed(() => withInvoiceTotals(receiptOf(input))),
  automaticReceipts: (body, issuer) => (body.mx?.receipts ?? issuer.mx.receipts) === 'automatic',
  formOf: (method, issuer) => (method === null ? undefined : issuer?.mx.payment_forms?.[method.type]) ?? formOf(method),
  homeCurrency: homeCurrency.MX,
  findings: (model, now, dataDir) => {
    try {
      return validateCfdi(fromInvoice(model), { now, ...(dataDir !== undefined && { catalogues: cataloguesOf(dataDir) }) }).map(({ code, level, path, message }) => ({ code, level, path: inBody(path), message }))
    } catch (error) {
      if (error instanceof FiscalError) return [{ code: error.reason, level: 'error', path: error.path ?? '', message: error.text }]
      throw error
    }
  },
  async seal (model, { certificate, sign }) {
    const { xml } = await sealCfdi({ model: fromInvoice(model), certificate: readSatCertificate(certificate), sign: async cadena => await sign(cadena, 'RSA-SHA256') })
    return Buffer.from(xml)
  },
  stamped,
  read: (document, reference) => invoiceOf(readCfdi(document).comprobante, reference),
  cancellation: async ({ issuerTaxId, fiscalId, motive, substitute, at }, { certificate, sign }: Seal) =>
    await signCancellation({ issuerRfc: issuerTaxId, folios: [{ uuid: fiscalId, motive, ...(substitute !== undefined && { substitute }) }], at },
      { certificate: readSatCertificate(certificate), sign: async bytes => await sign(bytes, 'RSA-SHA1') }),
  motives: { '01': { needsSubstitute: true }, '02': { needsSubstitute: false }, '03': { needsSubstitute: false }, '04': { needsSubstitute: false } },
  verificationUrl: (_model, fiscalId, document) => {
    const { Emisor, Receptor, Total, Sello } = readCfdi(document).comprobante
    return verificationUrl({ uuid: fiscalId, issuerRfc: Emisor.Rfc, receiverRfc: Receptor.Rfc, total: Total, sello: Sello! })
  },
  // What draws pages is loaded with the first of them.
  print: async (...asked) => await (await import('./pdf.ts')).printCfdi(...asked),
  fileName: ({ issuer, series = '', number = '' }, fiscalId) => `${issuer.taxId}_${series}${number}_${fiscalId}.xml`
}

/** What cannot be computed is the caller's to mend. */
function computed<T> (work: () => T): T {
  try {
    return work()
  } catch (error) {
    if (error instanceof FiscalError) throw new HubError('invoice_invalid', { errors: [{ path: inBody(error.path ?? ''), code: error.reason, message: error.text }] })
    throw error
  }
}

function draftOf (body: ChangeInvoice, { issuer, kind, reference, issuedAt, series, number }: Making): InvoiceDraft {
  const { customer, payment, mx } = body
  return {
    reference,
    country: 'MX',
    kind: kind as InvoiceModel['kind'],
    issuedAt,
    issuer: partyOf(issuer),
    customer: {
      name: customer.name,
      taxId: customer.tax_id,
      ...(customer.address !== undefined && { address: addressOf(customer.address) }),
      ...(customer.email !== undefined && { email: customer.email }),
      ...(customer.mx !== undefined && {
        mx: {
          ...(customer.mx.regime !== undefined && { regime: customer.mx.regime }),
          ...(customer.mx.cfdi_use !== undefined && { cfdiUse: customer.mx.cfdi_use }),
          ...(customer.mx.residence !== undefined && { residence: customer.mx.residence }),
          ...(customer.mx.foreign_tax_id !== undefined && { foreignTaxId: customer.mx.foreign_tax_id })
        }
      })
    },
    currency: body.currency,
    lines: body.lines.map(lineOf),
    ...(series !== undefined && { series }),
    ...(number !== undefined && { number }),
    ...(body.exchange_rate !== undefined && { exchangeRate: body.exchange_rate }),
    ...(payment !== undefined && { payment }),
    ...(body.related !== undefined && { related: body.related.map(({ type, fiscal_id }) => ({ type, fiscalId: fiscal_id })) }),
    ...(body.local_taxes !== undefined && { localTaxes: body.local_taxes }),
    mx: {
      ...(mx?.export !== undefined && { export: mx.export }),
      ...(mx?.global !== undefined && { global: mx.global }),
      ...placeOf(body, issuer),
      ...(mx?.rounding !== undefined && { rounding: mx.rounding }),
      ...(mx?.confirmation !== undefined && { confirmation: mx.confirmation })
    }
  }
}

/** Where it is issued: as it says, at its branch, or at the issuer's; and the zone where the postal code does not tell it. */
function placeOf ({ mx, branch }: ChangeInvoice, issuer: IssuerRow): { postalCode?: string, zone?: string } {
  const postalCode = mx?.postal_code ?? (branch === undefined ? undefined : issuer.branches.find(({ code }) => code === branch)?.postal_code)
  const zone = mx?.zone ?? (postalCode === undefined || postalCode === issuer.postal_code ? issuer.mx.timezone : undefined)
  return { ...(postalCode !== undefined && { postalCode }), ...(zone !== undefined && { zone }) }
}

function lineOf ({ description, quantity, unit_price: unitPrice, discount, sku, unit, taxes, mx }: ChangeInvoice['lines'][number]): LineDraft {
  return {
    description,
    quantity,
    unitPrice,
    taxes,
    ...(discount !== undefined && { discount }),
    ...(sku !== undefined && { sku }),
    ...(unit !== undefined && { unit }),
    ...(mx !== undefined && {
      mx: {
        productKey: mx.product_key,
        unitKey: mx.unit_key,
        ...(mx.tax_object !== undefined && { taxObject: mx.tax_object }),
        ...(mx.customs !== undefined && { customs: mx.customs }),
        ...(mx.property !== undefined && { property: mx.property }),
        ...(mx.third_party !== undefined && { thirdParty: { taxId: mx.third_party.tax_id, name: mx.third_party.name, regime: mx.third_party.regime, postalCode: mx.third_party.postal_code } })
      }
    })
  }
}

const addressOf = ({ postal_code: postalCode, ...rest }: NonNullable<ChangeInvoice['customer']['address']>) => ({ ...rest, ...(postalCode !== undefined && { postalCode }) })

const partyOf = ({ tax_id: taxId, legal_name: name, regime, postal_code: postalCode }: IssuerRow): InvoiceModel['issuer'] => ({
  name, taxId, ...(postalCode !== null && { address: { postalCode, country: 'MX' } }), ...(regime !== null && { mx: { regime } })
})

/** The complemento de pago of one payment of one invoice, with its share of that invoice's taxes. */
function receiptOf ({ issuer, about, amount, balance, part, form, paidAt, issuedAt, reference, operationNumber, paidIn, exchangeRate }: ReceiptInput): InvoiceDraft {
  const model = about.model as unknown as InvoiceModel
  const invoiced = fromInvoice(model)
  const currency = paidIn?.currency ?? about.currency
  return {
    reference,
    country: 'MX',
    kind: 'payment_receipt',
    issuedAt,
    issuer: partyOf(issuer),
    customer: model.customer,
    currency: about.currency,
    lines: [],
    mx: {
      ...(model.mx?.postalCode !== undefined && { postalCode: model.mx.postalCode }),
      ...(model.mx?.zone !== undefined && { zone: model.mx.zone }),
      payments: [{
        paidAt,
        form,
        currency,
        ...(exchangeRate !== undefined && currency !== 'MXN' && { exchangeRate }),
        ...(paidIn !== undefined && { amount: paidIn.amount }),
        ...(operationNumber !== undefined && { operationNumber }),
        documents: [{
          fiscalId: about.fiscal_id!,
          ...(about.series !== null && about.series !== '' && { series: about.series }),
          ...(about.number !== null && { number: about.number }),
          currency: about.currency,
          ...(exchangeRate !== undefined && about.currency !== 'MXN' && about.currency !== currency && { exchangeRate }),
          part,
          balance,
          amount,
          taxes: documentTaxes(invoiced)
        }]
      }]
    }
  }
}

/** The very document that was sent, or where the PAC sealed it one that says the same; stamped, and its seals hold. */
function stamped (model: InvoiceModel, sealed: Buffer | null, returned: Uint8Array): Stamped {
  let verified
  try {
    verified = sealed === null ? verifyCfdi(returned) : verifyStamped(sealed, returned)
  } catch (error) {
    throw new ForeignDocument(error instanceof Error ? error.message : 'it cannot be read')
  }
  const broken = verified.checks.filter(({ ok }) => !ok)
  if (broken.length > 0) throw new ForeignDocument(broken.map(({ name, en }) => `${name}: ${en}`).join('; '))
  const { comprobante } = readCfdi(returned)
  const timbre = comprobante.Complemento?.TimbreFiscalDigital
  if (timbre === undefined) throw new ForeignDocument('it is not stamped')
  if (sealed === null) {
    const numbered = [['Serie', model.series, comprobante.Serie], ['Folio', model.number, comprobante.Folio]] as const
    const differing = [...differences(model, comprobante), ...numbered.filter(([, asked = '', told = '']) => asked !== told).map(([name]) => name)]
    if (differing.length > 0) throw new ForeignDocument(`${differing.join(', ')}: not as was asked`)
  }
  // The timbre's time is that of the PAC, in the centre of the country.
  return { fiscalId: timbre.UUID.toUpperCase(), stampedAt: instantOf(timbre.FechaTimbrado, 'America/Mexico_City') }
}

const places: readonly (readonly [RegExp, string])[] = [
  [/^Conceptos\[(\d+)\]\.Impuestos\.\w+\[(\d+)\].*/, 'lines[$1].taxes'],
  [/^Conceptos\[(\d+)\]\.ClaveProdServ/, 'lines[$1].mx.product_key'],
  [/^Conceptos\[(\d+)\]\.ClaveUnidad/, 'lines[$1].mx.unit_key'],
  [/^Conceptos\[(\d+)\]\.ObjetoImp/, 'lines[$1].mx.tax_object'],
  [/^Conceptos\[(\d+)\]\.Cantidad/, 'lines[$1].quantity'],
  [/^Conceptos\[(\d+)\]\.ValorUnitario/, 'lines[$1].unit_price'],
  [/^Conceptos\[(\d+)\]\.Descuento/, 'lines[$1].discount'],
  [/^Conceptos\[(\d+)\]\.Descripcion/, 'lines[$1].description'],
  [/^Conceptos\[(\d+)\]\.NoIdentificacion/, 'lines[$1].sku'],
  [/^Conceptos\[(\d+)\]\.InformacionAduanera\[(\d+)\].*/, 'lines[$1].mx.customs[$2]'],
  [/^Conceptos\[(\d+)\]\.CuentaPredial\[(\d+)\].*/, 'lines[$1].mx.property[$2]'],
  [/^Conceptos\[(\d+)\]\.ACuentaTerceros.*/, 'lines[$1].mx.third_party'],
  [/^Conceptos\[(\d+)\].*/, 'lines[$1]'],
  [/^Receptor\.Rfc/, 'customer.tax_id'],
  [/^Receptor\.Nombre/, 'customer.name'],
  [/^Receptor\.DomicilioFiscalReceptor/, 'customer.address.postal_code'],
  [/^Receptor\.RegimenFiscalReceptor/, 'customer.mx.regime'],
  [/^Receptor\.UsoCFDI/, 'customer.mx.cfdi_use'],
  [/^Receptor\.ResidenciaFiscal/, 'customer.mx.residence'],
  [/^Receptor\.NumRegIdTrib/, 'customer.mx.foreign_tax_id'],
  [/^Receptor.*/, 'customer'],
  [/^Emisor.*/, 'issuer'],
  [/^FormaPago/, 'payment.form'],
  [/^MetodoPago/, 'payment.method'],
  [/^CondicionesDePago/, 'payment.conditions'],
  [/^Moneda/, 'currency'],
  [/^TipoCambio/, 'exchange_rate'],
  [/^LugarExpedicion/, 'mx.postal_code'],
  [/^Exportacion/, 'mx.export'],
  [/^InformacionGlobal.*/, 'mx.global'],
  [/^CfdiRelacionados.*/, 'related']
]

/** Where in the caller's body, as far as a place in the CFDI has one there. */
function inBody (path: string): string {
  for (const [pattern, place] of places) if (pattern.test(path)) return path.replace(pattern, place)
  return path
}
