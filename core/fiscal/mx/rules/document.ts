import { zero } from '../../decimal.ts'
import { instantOf } from '../zones.ts'
import { collapsed } from './kinds.ts'
import { number, placesOf, round, shown, signed, sum } from './numbers.ts'
import { type AnyRule, type Document, type Here, rule } from './rule.ts'
import { publicRfc } from './rfc.ts'

const hour = 3_600_000
export const publicName = 'PUBLICO EN GENERAL'

/** Income, credit note and payroll have amounts; a transfer and a payment receipt have none. */
const hasAmounts = (type: string): boolean => ['I', 'E', 'N'].includes(type)
const hasNone = (type: string): boolean => ['T', 'P'].includes(type)

/** The complement of foreign trade, whatever its version. */
export function hasForeignTrade ({ Complemento }: Document): boolean {
  return (Complemento?.Otros ?? []).some(({ name }) => name === 'ComercioExterior')
}

/** More decimals than the currency has. Of no currency (XXX) a zero may have them: CFDI40109 takes "cero con decimales". */
export function tooPrecise (text: string | undefined, decimals: number | undefined): { decimals: number } | undefined {
  const value = number(text)
  return value !== undefined && decimals !== undefined && placesOf(text!) > decimals && !(value.isZero() && decimals === 0) ? { decimals } : undefined
}

const lines = ({ Conceptos = [] }: Document) => Conceptos
const sumOfLines = ({ once }: Here, document: Document) => once('lines', () => sum(lines(document).map(({ Importe }) => Importe)))
const sumOfDiscounts = ({ once }: Here, document: Document) => once('discounts', () => sum(lines(document).map(({ Descuento }) => Descuento)))

/** The instant of Fecha in ms; not a number where it is none, and of a stamped document, whose stamp says that it was judged when it had to be. */
const issued = ({ once, document: { Fecha = '', Complemento }, zone }: Here): number => once('issued', () =>
  Complemento?.TimbreFiscalDigital === undefined ? instantOf(collapsed(Fecha), zone).getTime() : Number.NaN)

/** What the total must be; undefined when one of its parts is not a number. */
function expectedTotal ({ SubTotal, Descuento, Impuestos, Complemento }: Document) {
  const transferred = Impuestos?.TotalImpuestosTrasladados === undefined ? sum((Impuestos?.Traslados ?? []).map(({ Importe }) => Importe)) : number(Impuestos.TotalImpuestosTrasladados)
  const withheld = Impuestos?.TotalImpuestosRetenidos === undefined ? sum((Impuestos?.Retenciones ?? []).map(({ Importe }) => Importe)) : number(Impuestos.TotalImpuestosRetenidos)
  const { TotaldeTraslados = '0', TotaldeRetenciones = '0' } = Complemento?.ImpuestosLocales ?? {}
  const parts = [number(SubTotal), Descuento === undefined ? zero : number(Descuento)?.negated(), transferred, withheld?.negated(), signed(TotaldeTraslados), signed(TotaldeRetenciones)?.negated()]
  return parts.every(part => part !== undefined) ? parts.reduce((total, part) => total.plus(part), zero) : undefined
}

/** Outside what the authority's rate allows; undefined when no rate is known. */
export function rateIsOutside (currency: string, exchange: string, { on, catalogues, rate }: Here): boolean | undefined {
  const official = number(rate(currency, on))
  const given = number(exchange)
  const variation = catalogues.lookup('c_Moneda', currency, on)?.variation_percent
  if (official === undefined || given === undefined || variation === undefined) return undefined
  return given.minus(official).abs().greaterThan(official.times(variation).dividedBy(100))
}

const totalIsOutside = ({ Total, TipoDeComprobante = '' }: Document, { catalogues, on }: Here): boolean => {
  const limit = catalogues.lookup('c_TipoDeComprobante', TipoDeComprobante, on)?.max_total
  return limit !== undefined && limit !== '0' && number(Total)?.greaterThan(limit) === true
}

/** The comprobante itself: dates, currency, totals, relations. */
export const documentRules: readonly AnyRule[] = [
  rule({
    code: '401', level: 'error', at: '', field: 'Fecha', source: 'pac',
    check: ({ Fecha = '' }, here) => here.now.getTime() - issued(here) > 72 * hour ? { found: Fecha } : undefined,
    es: 'Fecha {found} es de hace más de 72 horas y ya no se puede timbrar: emita el documento con la fecha de hoy.',
    en: 'Fecha {found} is more than 72 hours ago and can no longer be stamped: issue the document with today’s date.'
  }),
  rule({
    code: '401', level: 'error', at: '', field: 'Fecha', source: 'pac',
    check: ({ Fecha = '' }, here) => issued(here) > here.now.getTime() ? { found: Fecha, zone: here.zone } : undefined,
    es: 'Fecha {found} aún no llega en la zona {zone}: use la hora local del lugar de expedición.',
    en: 'Fecha {found} has not come yet in the zone {zone}: use the local time of the place of issue.'
  }),
  rule({
    code: 'CFDI40103', level: 'error', at: '', field: 'FormaPago', source: 'matrix',
    check: ({ FormaPago }, { type }) => FormaPago !== undefined && ['T', 'N', 'P'].includes(type) ? { type } : undefined,
    es: 'Quite FormaPago: un comprobante de tipo {type} no la lleva.',
    en: 'Take FormaPago away: a document of type {type} has none.'
  }),
  rule({
    code: 'CFDI40104', level: 'warning', at: '', field: 'FormaPago', source: 'guide',
    check: ({ FormaPago, MetodoPago }, { type }) => FormaPago === undefined && MetodoPago !== 'PPD' && ['I', 'E'].includes(type),
    es: 'Agregue FormaPago (c_FormaPago): cómo se pagó, o "99" si aún no se paga.',
    en: 'Add FormaPago (c_FormaPago): how it was paid, or "99" if it is not paid yet.'
  }),
  rule({
    code: 'CFDI40105', level: 'error', at: '', field: 'FormaPago', source: 'matrix',
    check: ({ FormaPago, MetodoPago }, { type }) => MetodoPago === 'PPD' && FormaPago !== '99' && hasAmounts(type) && type !== 'N',
    es: 'Con MetodoPago PPD, FormaPago debe ser "99": la forma real va en el complemento de pago.',
    en: 'With MetodoPago PPD, FormaPago must be "99": the real form goes into the payment complement.'
  }),
  rule({
    code: 'CFDI40105', level: 'warning', at: '', field: 'FormaPago', source: 'guide',
    check: ({ FormaPago, MetodoPago }) => MetodoPago === 'PUE' && FormaPago === '99',
    es: 'FormaPago "99" (por definir) es de lo que se paga después (PPD): con PUE ponga cómo se pagó.',
    en: 'FormaPago "99" (to be defined) is for what is paid later (PPD): with PUE say how it was paid.'
  }),
  rule({
    code: 'CFDI40107', level: 'error', at: '', field: 'SubTotal', source: 'matrix',
    check: ({ SubTotal }, { decimals }) => tooPrecise(SubTotal, decimals),
    es: 'SubTotal debe tener como máximo {decimals} decimales, los de la moneda: redondéelo.',
    en: 'SubTotal must have at most {decimals} decimals, those of the currency: round it.'
  }),
  rule({
    code: 'CFDI40108', level: 'error', at: '', field: 'SubTotal', source: 'matrix',
    check: (document, here) => {
      const found = number(document.SubTotal)
      const lines = sumOfLines(here, document)
      if (!hasAmounts(here.type) || found === undefined || lines === undefined || here.decimals === undefined) return undefined
      const expected = round(lines, here.decimals)
      return found.equals(expected) ? undefined : { found: document.SubTotal!, expected: shown(expected, here.decimals) }
    },
    es: 'SubTotal dice {found}; la suma de los importes de los conceptos, redondeada, es {expected}.',
    en: 'SubTotal says {found}; the sum of the Importe of the concepts, rounded, is {expected}.'
  }),
  rule({
    code: 'CFDI40109', level: 'error', at: '', field: 'SubTotal', source: 'matrix',
    check: ({ SubTotal }, { type }) => hasNone(type) && number(SubTotal)?.isZero() === false ? { type } : undefined,
    es: 'SubTotal debe ser 0 en un comprobante de tipo {type}.',
    en: 'SubTotal must be 0 in a document of type {type}.'
  }),
  rule({
    code: 'CFDI40110', level: 'error', at: '', field: 'Descuento', source: 'matrix',
    check: ({ Descuento, SubTotal }) => {
      const subtotal = number(SubTotal)
      return subtotal !== undefined && number(Descuento)?.greaterThan(subtotal) === true ? { found: Descuento!, limit: SubTotal! } : undefined
    },
    es: 'Descuento ({found}) no puede ser mayor que SubTotal ({limit}).',
    en: 'Descuento ({found}) cannot be more than SubTotal ({limit}).'
  }),
  rule({
    code: 'CFDI40111', level: 'error', at: 'Conceptos[]', field: 'Descuento', source: 'matrix',
    check: ({ Descuento }, { type }) => Descuento !== undefined && hasNone(type) ? { type } : undefined,
    es: 'Quite Descuento: los conceptos de un comprobante de tipo {type} no lo llevan.',
    en: 'Take Descuento away: the concepts of a document of type {type} have none.'
  }),
  rule({
    code: 'CFDI40111', level: 'warning', at: '', field: 'Descuento', source: 'guide',
    check: (document, here) => {
      const lines = sumOfDiscounts(here, document)
      const found = document.Descuento === undefined ? zero : number(document.Descuento)
      if (!hasAmounts(here.type) || lines === undefined || found === undefined || here.decimals === undefined) return undefined
      const expected = round(lines, here.decimals)
      return found.equals(expected) ? undefined : { found: document.Descuento ?? '0', expected: shown(expected, here.decimals) }
    },
    es: 'Descuento dice {found}; la suma de los descuentos de los conceptos es {expected}.',
    en: 'Descuento says {found}; the sum of the discounts of the concepts is {expected}.'
  }),
  rule({
    code: 'CFDI40112', level: 'error', at: '', field: 'Descuento', source: 'matrix',
    check: ({ Descuento }, { decimals }) => tooPrecise(Descuento, decimals),
    es: 'Descuento debe tener como máximo {decimals} decimales, los de la moneda: redondéelo.',
    en: 'Descuento must have at most {decimals} decimals, those of the currency: round it.'
  }),
  rule({
    code: 'CFDI40114', level: 'error', at: '', field: 'TipoCambio', source: 'matrix',
    check: ({ Moneda, TipoCambio }) => Moneda === 'MXN' && number(TipoCambio)?.equals(1) === false,
    es: 'Con Moneda MXN, TipoCambio debe ser "1" o no estar.',
    en: 'With Moneda MXN, TipoCambio must be "1" or not be there.'
  }),
  rule({
    code: 'CFDI40115', level: 'error', at: '', field: 'TipoCambio', source: 'matrix',
    check: ({ Moneda, TipoCambio }) => Moneda !== undefined && TipoCambio === undefined && !['MXN', 'XXX'].includes(Moneda) ? { currency: Moneda } : undefined,
    es: 'Agregue TipoCambio: cuántos pesos vale {currency} (el FIX del día).',
    en: 'Add TipoCambio: how many pesos {currency} is worth (the FIX rate of the day).'
  }),
  rule({
    code: 'CFDI40116', level: 'error', at: '', field: 'TipoCambio', source: 'matrix',
    check: ({ Moneda, TipoCambio }) => Moneda === 'XXX' && TipoCambio !== undefined,
    es: 'Quite TipoCambio: con Moneda XXX no lo hay.',
    en: 'Take TipoCambio away: with Moneda XXX there is none.'
  }),
  rule({
    code: 'CFDI40118', level: 'error', at: '', field: 'TipoCambio', source: 'matrix',
    check: ({ Moneda = '', TipoCambio, Confirmacion }, here) => {
      if (TipoCambio === undefined || Confirmacion !== undefined || rateIsOutside(Moneda, TipoCambio, here) !== true) return undefined
      return { found: TipoCambio, official: here.rate(Moneda, here.on)!, variation: here.catalogues.lookup('c_Moneda', Moneda, here.on)!.variation_percent }
    },
    es: 'TipoCambio {found} se aleja más de {variation} % del oficial ({official}): corríjalo, o pida al PAC una clave de Confirmacion.',
    en: 'TipoCambio {found} is more than {variation} % away from the official rate ({official}): correct it, or ask the PAC for a Confirmacion.'
  }),
  rule({
    code: 'CFDI40119', level: 'error', at: '', field: 'Total', source: 'matrix',
    check: (document, { type }) => {
      const found = number(document.Total)
      const expected = expectedTotal(document)
      if (!hasAmounts(type) && type !== 'T') return undefined
      return found === undefined || expected === undefined || found.equals(expected) ? undefined : { found: document.Total!, expected: shown(expected) }
    },
    es: 'Total dice {found}; SubTotal − Descuento + impuestos trasladados − retenidos (y locales) da {expected}.',
    en: 'Total says {found}; SubTotal − Descuento + transferred taxes − withheld ones (and local ones) is {expected}.'
  }),
  rule({
    code: 'CFDI40120', level: 'error', at: '', field: 'Total', source: 'matrix',
    check: (document, here) => document.Confirmacion === undefined && totalIsOutside(document, here),
    es: 'Total pasa del límite de c_TipoDeComprobante: corríjalo, o pida al PAC una clave de Confirmacion.',
    en: 'Total is above the limit of c_TipoDeComprobante: correct it, or ask the PAC for a Confirmacion.'
  }),
  rule({
    code: 'CFDI40122', level: 'error', at: '', field: 'Exportacion', source: 'matrix',
    check: document => document.Exportacion === '02' && !hasForeignTrade(document),
    es: 'Exportacion "02" pide el complemento de Comercio Exterior: agréguelo, o ponga "01" si nada se exporta.',
    en: 'Exportacion "02" asks for the complement of foreign trade: add it, or say "01" if nothing is exported.'
  }),
  rule({
    code: 'CFDI40124', level: 'warning', at: '', field: 'MetodoPago', source: 'guide',
    check: ({ MetodoPago }, { type }) => MetodoPago === undefined && ['I', 'E'].includes(type),
    es: 'Agregue MetodoPago: PUE si ya se pagó o se pagará en el mes, PPD si se pagará después o en partes.',
    en: 'Add MetodoPago: PUE if it is paid or will be within the month, PPD if it will be paid later or in parts.'
  }),
  rule({
    code: 'CFDI40125', level: 'error', at: '', field: 'MetodoPago', source: 'matrix',
    check: ({ MetodoPago }, { type }) => MetodoPago !== undefined && hasNone(type) ? { type } : undefined,
    es: 'Quite MetodoPago: un comprobante de tipo {type} no lo lleva.',
    en: 'Take MetodoPago away: a document of type {type} has none.'
  }),
  rule({
    code: 'CFDI40127', level: 'error', at: '', field: 'Confirmacion', source: 'matrix',
    check: (document, here) => {
      const { Moneda = '', TipoCambio, Confirmacion } = document
      // Without the official rate nobody can say that a rate needs no confirmation, and a receipt's are in its payments.
      if (Confirmacion === undefined || here.type === 'P' || totalIsOutside(document, here)) return undefined
      return ['MXN', 'XXX'].includes(Moneda) || (TipoCambio !== undefined && rateIsOutside(Moneda, TipoCambio, here) === false)
    },
    es: 'Quite Confirmacion: ni el Total ni el TipoCambio salen de los límites.',
    en: 'Take Confirmacion away: neither Total nor TipoCambio is beyond the limits.'
  }),

  // The global invoice.
  rule({
    code: 'CFDI40130', level: 'error', at: '', field: 'InformacionGlobal', source: 'matrix',
    check: ({ InformacionGlobal, Receptor }, { type }) => type === 'I' && InformacionGlobal === undefined && Receptor?.Rfc === publicRfc && Receptor.Nombre === publicName,
    es: 'A PUBLICO EN GENERAL se le factura con InformacionGlobal (periodicidad, meses y año): agréguela, o ponga el nombre del cliente si es una venta suelta.',
    en: 'PUBLICO EN GENERAL is invoiced with InformacionGlobal (period, months and year): add it, or name the customer if it is a single sale.'
  }),
  rule({
    code: 'CFDI40130', level: 'warning', at: '', field: 'InformacionGlobal', source: 'matrix?',
    check: ({ InformacionGlobal, Receptor }, { type }) => type === 'E' && InformacionGlobal === undefined && Receptor?.Rfc === publicRfc && Receptor.Nombre === publicName,
    es: 'Una nota de crédito a PUBLICO EN GENERAL lleva la InformacionGlobal de la factura que corrige.',
    en: 'A credit note to PUBLICO EN GENERAL has the InformacionGlobal of the invoice that it corrects.'
  }),
  rule({
    code: 'CFDI40130', level: 'error', at: 'InformacionGlobal', field: '', source: 'matrix',
    check: (_, { document: { Receptor } }) => !(Receptor?.Rfc === publicRfc && Receptor.Nombre === publicName),
    es: 'InformacionGlobal es solo para el RFC XAXX010101000 con el nombre "PUBLICO EN GENERAL" (mayúsculas, sin acento): corrija el Receptor o quítela.',
    en: 'InformacionGlobal is only for the RFC XAXX010101000 with the name "PUBLICO EN GENERAL" (capitals, no accent): correct the Receptor or take it away.'
  }),
  rule({
    code: 'CFDI40132', level: 'error', at: 'InformacionGlobal', field: 'Periodicidad', source: 'matrix',
    check: ({ Periodicidad }, { document: { Emisor } }) => Periodicidad === '05' && Emisor?.RegimenFiscal !== undefined && Emisor.RegimenFiscal !== '621' ? { regime: Emisor.RegimenFiscal } : undefined,
    es: 'La periodicidad bimestral ("05") es solo del régimen 621; el emisor es del {regime}: use de "01" a "04".',
    en: 'The bimonthly period ("05") is only for the regime 621; the issuer has {regime}: use "01" to "04".'
  }),
  rule({
    code: 'CFDI40134', level: 'error', at: 'InformacionGlobal', field: 'Meses', source: 'matrix',
    check: ({ Periodicidad, Meses }) => Periodicidad !== undefined && Meses !== undefined && Periodicidad !== '05' && !/^(0[1-9]|1[0-2])$/.test(Meses),
    es: 'Con esa periodicidad, Meses debe ser un mes: de "01" a "12".',
    en: 'With that period, Meses must be a month: "01" to "12".'
  }),
  rule({
    code: 'CFDI40135', level: 'error', at: 'InformacionGlobal', field: 'Meses', source: 'matrix',
    check: ({ Periodicidad, Meses }) => Periodicidad === '05' && Meses !== undefined && !/^1[3-8]$/.test(Meses),
    es: 'Con periodicidad bimestral, Meses debe ser un bimestre: de "13" a "18".',
    en: 'With the bimonthly period, Meses must be a pair of months: "13" to "18".'
  }),
  rule({
    code: 'CFDI40136', level: 'error', at: 'InformacionGlobal', field: 'Año', source: 'matrix',
    check: ({ Año }, { on }) => {
      const [given, year] = [Number(Año), Number(on.slice(0, 4))]
      return Number.isInteger(given) && given >= 2019 && given !== year && given !== year - 1 ? { year, before: year - 1 } : undefined
    },
    es: 'Año debe ser {year} o {before}.',
    en: 'Año must be {year} or {before}.'
  }),
  rule({
    code: 'CFDI40130', level: 'warning', at: 'Conceptos[]', field: 'ClaveProdServ', source: 'guide',
    check: ({ ClaveProdServ }, { document, type }) => type === 'I' && document.InformacionGlobal !== undefined && ClaveProdServ !== undefined && ClaveProdServ !== '01010101',
    es: 'En la factura global cada ticket va con ClaveProdServ "01010101", ClaveUnidad "ACT" y Descripcion "Venta".',
    en: 'In the global invoice each ticket has ClaveProdServ "01010101", ClaveUnidad "ACT" and Descripcion "Venta".'
  }),
  rule({
    code: 'CFDI40130', level: 'warning', at: 'Conceptos[]', field: 'NoIdentificacion', source: 'guide',
    check: ({ NoIdentificacion }, { document, type }) => type === 'I' && document.InformacionGlobal !== undefined && NoIdentificacion === undefined,
    es: 'En la factura global NoIdentificacion lleva el número del ticket.',
    en: 'In the global invoice NoIdentificacion holds the number of the ticket.'
  }),

  // Relations.
  rule({
    code: 'CFDI40137', level: 'warning', at: '', field: 'CfdiRelacionados', source: 'guide',
    check: ({ CfdiRelacionados = [] }, { type }) => type === 'E' && CfdiRelacionados.length === 0,
    es: 'Una nota de crédito debe decir qué facturas corrige: agregue CfdiRelacionados (01 nota de crédito, 03 devolución, 07 anticipo).',
    en: 'A credit note must say which invoices it corrects: add CfdiRelacionados (01 credit note, 03 return, 07 advance).'
  }),
  rule({
    code: 'CFDI40137', level: 'warning', at: 'CfdiRelacionados[]', field: 'TipoRelacion', source: 'guide',
    check: (node, { document: { CfdiRelacionados = [] } }) => node.TipoRelacion !== undefined && CfdiRelacionados.find(({ TipoRelacion }) => TipoRelacion === node.TipoRelacion) !== node ? { kind: node.TipoRelacion } : undefined,
    es: 'La relación {kind} está dos veces: junte sus folios en un solo CfdiRelacionados.',
    en: 'The relation {kind} is there twice: put its folios into one CfdiRelacionados.'
  }),
  rule({
    code: 'CFDI40137', level: 'warning', at: 'CfdiRelacionados[]', field: 'CfdiRelacionado', source: 'practice',
    check: ({ CfdiRelacionado = [] }) => {
      const folios = CfdiRelacionado.map(({ UUID = '' }) => UUID.toUpperCase())
      const twice = folios.find((folio, index) => folio !== '' && folios.indexOf(folio) !== index)
      return twice === undefined ? undefined : { folio: twice }
    },
    es: 'El folio {folio} está dos veces en la misma relación.',
    en: 'The folio {folio} is there twice in the same relation.'
  })
]
