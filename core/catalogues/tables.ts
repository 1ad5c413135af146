import type { Catalogue } from '../fiscal/catalogues/catalogues.ts'
import type { Entry } from '../fiscal/catalogues/entries.ts'
import { documentTypes, exempt, identificationTypes, ivaRates, notSubject, paymentForms, rimpe, taxNames, untaxed, withheldIva, withheldNames } from '../fiscal/ec/tables.ts'
import { attachmentFormats, centreRoles, correctionMethods, correctionReasons, countryCodes, dir3Shape, paymentMeans, specialEvents, taxTexts, unitsOfMeasure } from '../fiscal/es/codes.ts'

/** A catalogue of any authority. */
export type AnyCatalogue = Omit<Catalogue, 'name'> & { name: string }

/** The tables of Ecuador and Spain, which their rules read themselves: shown as the SAT's catalogues are. */

type Row = Omit<Entry, 'valid_from' | 'valid_to'> & Partial<Entry> & Record<string, unknown>

function table (name: string, title: string, { source, edition }: Pick<Catalogue, 'source' | 'edition'>, rows: readonly Row[]): AnyCatalogue {
  return { name, title, source, edition, entries: rows.map(row => ({ valid_from: null, valid_to: null, ...row })) }
}

const texts = (of: Readonly<Record<string, string>>): Row[] => Object.entries(of).map(([code, text]) => ({ code, text })).sort((one, other) => one.code < other.code ? -1 : 1)

const ficha = { source: 'SRI, Ficha Técnica Comprobantes Electrónicos, esquema offline, v2.34', edition: '2026-07-27' }
const schema = { source: 'Facturae 3.2.2 (Esquema_0_3_2_2_20200304)', edition: '2020-03-04' }

const identifications: Readonly<Record<string, string>> = { '04': 'RUC', '05': 'Cédula', '06': 'Pasaporte', '07': 'Consumidor final', '08': 'Identificación del exterior' }

export const tables: readonly AnyCatalogue[] = [
  table('sri_codDoc', 'Tipos de comprobante', ficha, Object.entries(documentTypes).map(([kind, { code, es, root, version }]) => ({ code, text: es, kind, root, version })).sort((one, other) => Number(one.code) - Number(other.code))),
  table('sri_impuesto', 'Impuestos (tabla 16)', ficha, texts(taxNames)),
  table('sri_codigoPorcentaje', 'Tarifas del IVA (tabla 17)', ficha, [
    ...ivaRates.map(({ code, percent, from, to, es }) => ({ code, text: es, percent, valid_from: from, valid_to: to })), ...[notSubject, exempt].map(code => ({ code, text: untaxed[code]!, percent: '0' }))
  ].sort((one, other) => Number(one.code) - Number(other.code))),
  table('sri_tipoIdentificacion', 'Tipos de identificación (tabla 6)', ficha, texts(identifications).map(row => ({ ...row, names: Object.keys(identificationTypes).filter(name => name !== row.code && identificationTypes[name] === row.code) }))),
  table('sri_formaPago', 'Formas de pago (tabla 24)', ficha, texts(paymentForms)),
  table('sri_retencion', 'Impuestos que se retienen (tabla 19)', ficha, texts(withheldNames)),
  table('sri_retencionIva', 'Retención del IVA (tabla 20)', ficha, Object.entries(withheldIva).map(([code, percent]) => ({ code, text: code === '8' ? 'No procede retención' : `${percent} %`, percent }))),
  table('sri_contribuyenteRimpe', 'Textos de RIMPE (anexo 22)', ficha, Object.entries(rimpe).map(([code, text]) => ({ code, text }))),
  table('facturae_TaxTypeCode', 'Impuestos', schema, texts(taxTexts)),
  table('facturae_ReasonCode', 'Motivos de rectificación', schema, texts(correctionReasons)),
  table('facturae_CorrectionMethod', 'Métodos de rectificación', schema, texts(correctionMethods)),
  table('facturae_PaymentMeans', 'Medios de pago', schema, texts(paymentMeans)),
  table('facturae_UnitOfMeasure', 'Unidades de medida', schema, texts(unitsOfMeasure)),
  table('facturae_SpecialTaxableEventCode', 'Operaciones exentas y no sujetas', schema, texts(specialEvents)),
  table('facturae_RoleTypeCode', 'Órganos de la Administración (DIR3)', { source: 'Orden HAP/492/2014', edition: '2014-03-27' }, texts(centreRoles).map(row => ({ ...row, required: row.code < '04', code_pattern: dir3Shape.source }))),
  table('facturae_AttachmentFormat', 'Formatos de adjuntos', schema, attachmentFormats.map(code => ({ code, text: code.toUpperCase() }))),
  table('facturae_CountryCode', 'Países', schema, countryCodes().map(([code, alpha3]) => ({ code, text: alpha3 })))
]

const byName = new Map(tables.map(one => [one.name, one]))

export const findTable = (name: string): AnyCatalogue | undefined => byName.get(name)
