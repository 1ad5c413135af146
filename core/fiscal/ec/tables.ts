import { codeTable } from '../code-table.ts'

/**
 * Codes of the Ficha Técnica v2.34 (2026-07-27) as dated data: what is valid is asked of a day, and a change of rate is a line
 * here. Sources: tablas 3, 6, 16, 17, 19, 20, 24; circular NAC-DGECCGC25-00000006 (IVA 2026).
 */

/** A kind of ours, in the SRI's words. */
export interface DocumentType {
  code: '01' | '03' | '04' | '05' | '06' | '07'
  root: string
  /** Of the structure that we write. */
  version: string
  es: string
}

export const documentTypes = {
  invoice: { code: '01', root: 'factura', version: '1.1.0', es: 'FACTURA' },
  purchase_settlement: { code: '03', root: 'liquidacionCompra', version: '1.1.0', es: 'LIQUIDACIÓN DE COMPRA DE BIENES Y PRESTACIÓN DE SERVICIOS' },
  credit_note: { code: '04', root: 'notaCredito', version: '1.1.0', es: 'NOTA DE CRÉDITO' },
  debit_note: { code: '05', root: 'notaDebito', version: '1.0.0', es: 'NOTA DE DÉBITO' },
  delivery_note: { code: '06', root: 'guiaRemision', version: '1.1.0', es: 'GUÍA DE REMISIÓN' },
  withholding: { code: '07', root: 'comprobanteRetencion', version: '2.0.0', es: 'COMPROBANTE DE RETENCIÓN' }
} as const satisfies Record<string, DocumentType>
export type EcKind = keyof typeof documentTypes

export const isEcKind = (kind: string): kind is EcKind => Object.hasOwn(documentTypes, kind)
export const typeOfRoot = (root: string): DocumentType | undefined => Object.values(documentTypes).find(type => type.root === root)
export const typeOfCode = (code: string): DocumentType | undefined => Object.values(documentTypes).find(type => type.code === code)

export interface Rate {
  /** codigoPorcentaje */
  code: string
  /** In percent. */
  percent: string
  /** Days, both included; null: no bound that we know. */
  from: string | null
  to: string | null
  es: string
  en: string
}

/** Tabla 17, IVA. `6` and `7` tax nothing; the others by their rate. */
export const ivaRates: readonly Rate[] = [
  { code: '0', percent: '0', from: null, to: null, es: '0 %', en: '0 %' },
  { code: '2', percent: '12', from: null, to: '2024-03-31', es: '12 %', en: '12 %' },
  { code: '3', percent: '14', from: '2016-06-01', to: '2017-05-31', es: '14 %', en: '14 %' },
  { code: '4', percent: '15', from: '2024-04-01', to: null, es: '15 %', en: '15 %' },
  { code: '5', percent: '5', from: '2024-04-01', to: null, es: '5 % (materiales de construcción)', en: '5 % (construction materials)' },
  { code: '8', percent: '8', from: null, to: null, es: '8 % (turismo en feriados)', en: '8 % (tourism on holidays)' },
  { code: '10', percent: '13', from: null, to: null, es: '13 %', en: '13 %' }
]
export const notSubject = '6'
export const exempt = '7'
/** How a RIDE names the subtotal of a code without a rate. */
export const untaxed = codeTable<Record<string, string>>({ 6: 'NO OBJETO DE IVA', 7: 'EXENTO DE IVA' })

export const ivaRateOn = (percent: string, day: string): Rate | undefined =>
  ivaRates.find(rate => Number(rate.percent) === Number(percent) && (rate.from === null || rate.from <= day) && (rate.to === null || day <= rate.to))
export const ivaRatesOn = (day: string): Rate[] => ivaRates.filter(rate => (rate.from === null || rate.from <= day) && (rate.to === null || day <= rate.to))

/** Tabla 16: what a tax is called here, and its codigo. */
export const taxCodes = codeTable<Record<string, string>>({ IVA: '2', ICE: '3', IRBPNR: '5' })
export const taxNames = codeTable<Record<string, string>>({ 2: 'IVA', 3: 'ICE', 5: 'IRBPNR' })

/** Tabla 6: tipoIdentificacion, also by the names that people use. */
export const identificationTypes = codeTable<Record<string, string>>({
  '04': '04', '05': '05', '06': '06', '07': '07', '08': '08', ruc: '04', cedula: '05', passport: '06', final_consumer: '07', foreign: '08'
})
export const finalConsumer = '9999999999999'

/** Tabla 24: formaPago. */
export const paymentForms = codeTable<Record<string, string>>({
  '01': 'SIN UTILIZACIÓN DEL SISTEMA FINANCIERO', 15: 'COMPENSACIÓN DE DEUDAS', 16: 'TARJETA DE DÉBITO', 17: 'DINERO ELECTRÓNICO', 18: 'TARJETA PREPAGO',
  19: 'TARJETA DE CRÉDITO', 20: 'OTROS CON UTILIZACIÓN DEL SISTEMA FINANCIERO', 21: 'ENDOSO DE TÍTULOS'
})

/** Tabla 19: codigo of a withheld tax. */
export const withheldTaxes = codeTable<Record<string, string>>({ RENTA: '1', ISR: '1', IVA: '2', ISD: '6', 1: '1', 2: '2', 6: '6' })
export const withheldNames = codeTable<Record<string, string>>({ 1: 'IMPUESTO A LA RENTA', 2: 'IVA', 6: 'ISD' })
/** Tabla 20: codigoRetencion of withheld IVA, with its percentage. */
export const withheldIva = codeTable<Record<string, string>>({ 9: '10', 10: '20', 1: '30', 11: '50', 2: '70', 3: '100', 7: '0', 8: '0' })

/** Anexo 22: the only two texts that contribuyenteRimpe takes. */
export const rimpe: Readonly<Record<'entrepreneur' | 'popular_business', string>> = {
  entrepreneur: 'CONTRIBUYENTE RÉGIMEN RIMPE', popular_business: 'CONTRIBUYENTE NEGOCIO POPULAR - RÉGIMEN RIMPE'
}

/** Anexo 26 (NAC-DGERCGC26-00000027): documents issued through a third party's system name it, from 2026-09-26. */
export const providerField = 'RUC Proveedor'
export const providerFieldFrom = '2026-09-26'
