import type { Invoice, InvoiceLine, MxPayment } from '../../adapter/invoicing.ts'
import { decimal, fixed } from '../decimal.ts'
import { FiscalError } from '../errors.ts'
import type { Comprobante, Receptor } from './model.ts'
import { type InvoiceTaxes, type PagoDraft, paymentReceipt, taxesOf } from './pagos.ts'
import { type ComprobanteDraft, type ConceptoDraft, number, type TaxDraft, withTotals } from './totals.ts'
import { localTime, zoneOf } from './zones.ts'

/** A unified invoice before its amounts are computed: those of the lines' taxes, of local taxes, and the totals. */
export type InvoiceDraft = Omit<Invoice, 'lines' | 'totals' | 'localTaxes' | 'issuedAt'> & {
  issuedAt: Date | string
  lines: LineDraft[]
  localTaxes?: Optional<NonNullable<Invoice['localTaxes']>[number], 'amount'>[]
}

export type LineDraft = Omit<InvoiceLine, 'taxes' | 'mx'> & {
  taxes: Optional<InvoiceLine['taxes'][number], 'base' | 'amount'>[]
  mx?: Optional<NonNullable<InvoiceLine['mx']>, 'taxObject'>
}

type Optional<T, Keys extends keyof T> = Omit<T, Keys> & Partial<Pick<T, Keys>>

export const publicRfc = 'XAXX010101000'
export const foreignRfc = 'XEXX010101000'

/** Keys of c_Impuesto by the names that people use. */
export const taxKeys: Readonly<Record<string, string>> = { ISR: '001', IVA: '002', IEPS: '003', '001': '001', '002': '002', '003': '003' }

/**
 * The unified invoice in the words of the SAT, its amounts computed here: of those that it brings only the base of a tax counts,
 * which may be the caller's (IVA over IEPS). What the invoice does not say and the law does not give is left empty, for
 * the rules to name. Throws FiscalError `kind_not_built`, `tax_not_supported`, and `value_invalid` where an amount cannot be computed.
 */
export function fromInvoice (invoice: InvoiceDraft): Comprobante {
  const { kind, payment = {}, mx = {}, currency, exchangeRate, lines } = invoice
  if (kind === 'delivery_note' || kind === 'purchase_settlement') {
    throw new FiscalError('kind_not_built', { es: 'En México no hay un CFDI de esa clase: lo que viaja va en un traslado (kind: transfer).', en: 'Mexico has no CFDI of that kind: goods that move go in a traslado (kind: transfer).' }, 'kind')
  }
  if (kind === 'withholding') {
    throw new FiscalError('kind_not_built', { es: 'Los CFDI de retenciones e información de pagos no se emiten aquí.', en: 'CFDIs of withholdings (retenciones) are not issued here.' }, 'kind')
  }
  const { zone, ...head } = headOf(invoice)
  if (kind === 'payment_receipt') return paymentReceipt({ ...head, payments: (mx.payments ?? []).map(paid => paymentOf(paid, zone)) })
  const transfer = kind === 'transfer'
  const local = localTaxesOf(invoice)
  const draft: ComprobanteDraft = {
    ...head,
    TipoDeComprobante: transfer ? 'T' : kind === 'credit_note' ? 'E' : 'I',
    // Goods that only move need no currency.
    Moneda: transfer && lines.every(({ unitPrice }) => decimal(unitPrice)?.isZero() === true) ? 'XXX' : currency,
    Exportacion: mx.export ?? '01',
    ...!transfer && {
      MetodoPago: payment.method ?? 'PUE',
      FormaPago: payment.form ?? (payment.method === 'PPD' ? '99' : undefined),
      CondicionesDePago: payment.conditions,
      TipoCambio: currency === 'MXN' ? undefined : exchangeRate
    },
    ...mx.global !== undefined && { InformacionGlobal: { Periodicidad: mx.global.periodicity, Meses: mx.global.months, Año: String(mx.global.year) } },
    Conceptos: lines.map((line, index) => lineOf(line, kind === 'global_invoice', `lines[${index}]`)),
    ...local !== undefined && { Complemento: { ImpuestosLocales: local } }
  }
  return withTotals(draft, { rounding: mx.rounding ?? 'currency' })
}

/** What a payment of this invoice has to know of it: its total and its taxes, for `mx.payments[].documents[].taxes`. */
export function documentTaxes (comprobante: Comprobante): NonNullable<MxPayment['documents'][number]['taxes']> {
  const { total, traslados, retenciones } = taxesOf(comprobante)
  const said = (taxes: InvoiceTaxes['traslados']) => taxes.map(({ Base, Impuesto, TipoFactor, TasaOCuota }) => ({ tax: Impuesto, factor: TipoFactor, base: Base, ...TasaOCuota !== undefined && { rate: TasaOCuota } }))
  return { total, charged: said(traslados), withheld: said(retenciones) }
}

/** Without what is undefined, so that two equal documents are equal. */
type Head = Pick<Comprobante, 'Serie' | 'Folio' | 'Fecha' | 'LugarExpedicion' | 'Emisor' | 'Receptor' | 'CfdiRelacionados' | 'Confirmacion'> & { zone: string }

function headOf (invoice: InvoiceDraft): Head {
  const { kind, series, number: folio, issuedAt, issuer, related = [], mx = {} } = invoice
  const LugarExpedicion = mx.postalCode ?? issuer.address?.postalCode ?? ''
  const zone = mx.zone ?? zoneOf(LugarExpedicion) ?? 'America/Mexico_City'
  const usual = kind === 'debit_note' ? '02' : '01'
  const byType = Map.groupBy(related, ({ type }) => type === '' ? usual : type)
  return {
    ...series !== undefined && series !== '' && { Serie: series },
    ...folio !== undefined && { Folio: folio },
    Fecha: localTime(new Date(issuedAt), zone),
    LugarExpedicion,
    Emisor: { Rfc: issuer.taxId, Nombre: issuer.name, RegimenFiscal: issuer.mx?.regime ?? '' },
    Receptor: receiverOf(invoice, LugarExpedicion),
    ...byType.size > 0 && { CfdiRelacionados: [...byType].map(([TipoRelacion, documents]) => ({ TipoRelacion, CfdiRelacionado: documents.map(({ fiscalId }) => ({ UUID: fiscalId })) })) },
    ...mx.confirmation !== undefined && { Confirmacion: mx.confirmation },
    zone
  }
}

/** Who buys without an RFC of the country is in no regime, and lives where the invoice is made (CFDI40149, 40157, 40160). */
function receiverOf ({ kind, customer: { taxId, name, address, mx = {} } }: InvoiceDraft, LugarExpedicion: string): Receptor {
  const generic = taxId === publicRfc || taxId === foreignRfc
  const usual = kind === 'payment_receipt' ? 'CP01' : generic || kind === 'transfer' ? 'S01' : kind === 'credit_note' ? 'G02' : ''
  return {
    Rfc: taxId,
    Nombre: kind === 'global_invoice' ? 'PUBLICO EN GENERAL' : name,
    DomicilioFiscalReceptor: generic ? LugarExpedicion : address?.postalCode ?? '',
    ...mx.residence !== undefined && { ResidenciaFiscal: mx.residence },
    ...mx.foreignTaxId !== undefined && { NumRegIdTrib: mx.foreignTaxId },
    RegimenFiscalReceptor: mx.regime ?? (generic ? '616' : ''),
    UsoCFDI: mx.cfdiUse ?? usual
  }
}

/** A global invoice has the SAT's constants for each ticket, whose number is the sku (guía de llenado, 2022). */
function lineOf (line: LineDraft, global: boolean, path: string): ConceptoDraft {
  const { mx } = line
  const taxes = line.taxes.map((tax, index) => ({ withheld: tax.withheld ?? false, draft: taxOf(tax, `${path}.taxes[${index}]`) }))
  const Traslados = taxes.filter(({ withheld }) => !withheld).map(({ draft }) => draft)
  const Retenciones = taxes.filter(({ withheld }) => withheld).map(({ draft }) => draft)
  return {
    ClaveProdServ: mx?.productKey ?? (global ? '01010101' : ''),
    NoIdentificacion: line.sku,
    Cantidad: line.quantity,
    ClaveUnidad: mx?.unitKey ?? (global ? 'ACT' : ''),
    Unidad: line.unit,
    Descripcion: global ? 'Venta' : line.description,
    ValorUnitario: line.unitPrice,
    Descuento: line.discount,
    ObjetoImp: mx?.taxObject ?? (taxes.length === 0 ? '01' : isFree(line) ? '04' : '02'),
    Impuestos: { Traslados, Retenciones },
    ...mx?.thirdParty !== undefined && {
      ACuentaTerceros: {
        RfcACuentaTerceros: mx.thirdParty.taxId,
        NombreACuentaTerceros: mx.thirdParty.name,
        RegimenFiscalACuentaTerceros: mx.thirdParty.regime,
        DomicilioFiscalACuentaTerceros: mx.thirdParty.postalCode
      }
    },
    // Two spaces stand between the groups, and people type one.
    ...mx?.customs !== undefined && { InformacionAduanera: mx.customs.map(text => ({ NumeroPedimento: text.trim().replace(/\s+/g, '  ') })) },
    ...mx?.property !== undefined && { CuentaPredial: mx.property.map(text => ({ Numero: text })) }
  }
}

/** Fully discounted: subject to the tax and none arises (ObjetoImp 04), since a tax node needs a base above zero. */
function isFree ({ quantity, unitPrice, discount = '0' }: LineDraft): boolean {
  const [count, price, less] = [decimal(quantity), decimal(unitPrice), decimal(discount)]
  return count !== undefined && price !== undefined && less !== undefined && count.times(price).minus(less).lessThanOrEqualTo(0)
}

function taxOf ({ type, rate, base, exempt = false, quota = false }: LineDraft['taxes'][number], path: string): TaxDraft {
  const Impuesto = taxKeys[type.toUpperCase()]
  if (Impuesto === undefined) {
    throw new FiscalError('tax_not_supported', { es: `El impuesto «${type}» no es ISR, IVA ni IEPS; los locales van en localTaxes.`, en: `The tax "${type}" is none of ISR, IVA and IEPS; local ones go in localTaxes.` }, `${path}.type`)
  }
  return { Impuesto, TipoFactor: exempt ? 'Exento' : quota ? 'Cuota' : 'Tasa', ...!exempt && { TasaOCuota: rate }, ...base !== undefined && { Base: base } }
}

/** The implocal complement writes rates in percent. */
function localTaxesOf ({ localTaxes = [] }: InvoiceDraft): NonNullable<ComprobanteDraft['Complemento']>['ImpuestosLocales'] {
  if (localTaxes.length === 0) return undefined
  const taxes = localTaxes.map(({ name, rate, amount, withheld = false }, index) => ({
    name, withheld, percent: fixed(number(rate, `localTaxes[${index}].rate`).times(100), 2), ...amount !== undefined && { Importe: amount }
  }))
  return {
    RetencionesLocales: taxes.filter(({ withheld }) => withheld).map(({ name, percent, withheld, ...rest }) => ({ ImpLocRetenido: name, TasadeRetencion: percent, ...rest })),
    TrasladosLocales: taxes.filter(({ withheld }) => !withheld).map(({ name, percent, withheld, ...rest }) => ({ ImpLocTrasladado: name, TasadeTraslado: percent, ...rest }))
  }
}

function paymentOf ({ paidAt, form, currency, exchangeRate, amount, operationNumber, documents }: MxPayment, zone: string): PagoDraft {
  const shares = (taxes: NonNullable<MxPayment['documents'][number]['taxes']>['charged']) =>
    taxes.map(({ tax, factor, rate, base }) => ({ Base: base, Impuesto: tax, TipoFactor: factor, ...rate !== undefined && { TasaOCuota: rate } }))
  return {
    FechaPago: localTime(new Date(paidAt), zone),
    FormaDePagoP: form,
    MonedaP: currency,
    ...exchangeRate !== undefined && { TipoCambioP: exchangeRate },
    ...amount !== undefined && { Monto: amount },
    ...operationNumber !== undefined && { NumOperacion: operationNumber },
    DoctoRelacionado: documents.map(document => ({
      IdDocumento: document.fiscalId,
      ...document.series !== undefined && { Serie: document.series },
      ...document.number !== undefined && { Folio: document.number },
      MonedaDR: document.currency,
      ...document.exchangeRate !== undefined && { TipoCambioDR: document.exchangeRate },
      NumParcialidad: document.part,
      ImpSaldoAnt: document.balance,
      ImpPagado: document.amount,
      ...document.taxes !== undefined && { taxes: { total: document.taxes.total, traslados: shares(document.taxes.charged), retenciones: shares(document.taxes.withheld) } },
      ...document.taxObject !== undefined && { ObjetoImpDR: document.taxObject }
    }))
  }
}
