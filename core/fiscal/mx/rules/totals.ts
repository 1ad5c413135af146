import { type Decimal, zero } from '../../decimal.ts'
import type { ConceptoTraslado } from '../model.ts'
import { rateOutside, rateSentence } from './concepts.ts'
import { tooPrecise } from './document.ts'
import { number, round, shown, signed, sum } from './numbers.ts'
import { type AnyRule, type Here, type Loose, rule } from './rule.ts'

/** What the concepts say of a tax: the sums of its bases and amounts, undefined where one of them is no number. */
interface Sums { base: Decimal | undefined, amount: Decimal | undefined }

/** A rate is the same however many zeros it ends in. */
const keyOf = ({ Impuesto = '', TipoFactor = '', TasaOCuota }: Loose<ConceptoTraslado>): string => `${Impuesto} ${TipoFactor} ${TipoFactor === 'Exento' ? '' : number(TasaOCuota)?.toFixed() ?? TasaOCuota ?? ''}`

function sumsOf<T> (rows: readonly T[], key: (row: T) => string, base: (row: T) => string | undefined, amount: (row: T) => string | undefined): Map<string, Sums> {
  return new Map([...Map.groupBy(rows, key)].map(([name, members]) => [name, { base: sum(members.map(base)), amount: sum(members.map(amount)) }]))
}

const transferredOf = ({ once, document }: Here): Map<string, Sums> => once('transferred', () =>
  sumsOf((document.Conceptos ?? []).flatMap(({ Impuestos }) => Impuestos?.Traslados ?? []), keyOf, ({ Base }) => Base, ({ Importe }) => Importe))

const withheldOf = ({ once, document }: Here): Map<string, Sums> => once('withheld', () =>
  sumsOf((document.Conceptos ?? []).flatMap(({ Impuestos }) => Impuestos?.Retenciones ?? []), ({ Impuesto = '' }) => Impuesto, ({ Base }) => Base, ({ Importe }) => Importe))

/** The total of the document differs from that of the concepts, rounded to the currency. */
function differs (found: string | undefined, total: Decimal | undefined, decimals: number | undefined): { found: string, expected: string } | undefined {
  const value = number(found)
  if (value === undefined || total === undefined || decimals === undefined) return undefined
  const expected = round(total, decimals)
  return value.equals(expected) ? undefined : { found: found!, expected: shown(expected, decimals) }
}

const hasTaxes = (type: string): boolean => ['I', 'E', 'N'].includes(type)
const precisionSentence = {
  es: 'Debe tener como máximo {decimals} decimales, los de la moneda: redondéelo.',
  en: 'It must have at most {decimals} decimals, those of the currency: round it.'
}

/** The taxes of the document against those of its concepts, and local ones. */
export const totalRules: readonly AnyRule[] = [
  rule({
    code: 'CFDI40201', level: 'error', at: '', field: 'Impuestos', source: 'matrix',
    check: ({ Impuestos }, { type }) => Impuestos !== undefined && ['T', 'P'].includes(type) ? { type } : undefined,
    es: 'Quite Impuestos: un comprobante de tipo {type} no los lleva.',
    en: 'Take Impuestos away: a document of type {type} has none.'
  }),
  rule({ code: 'CFDI40202', level: 'error', at: 'Impuestos', field: 'TotalImpuestosRetenidos', source: 'matrix', check: ({ TotalImpuestosRetenidos }, { decimals }) => tooPrecise(TotalImpuestosRetenidos, decimals), ...precisionSentence }),
  rule({
    code: 'CFDI40203', level: 'error', at: 'Impuestos', field: 'TotalImpuestosRetenidos', source: 'matrix',
    check: ({ TotalImpuestosRetenidos, Retenciones = [] }, { decimals }) => differs(TotalImpuestosRetenidos, sum(Retenciones.map(({ Importe }) => Importe)), decimals),
    es: 'TotalImpuestosRetenidos dice {found}; sus retenciones suman {expected}.',
    en: 'TotalImpuestosRetenidos says {found}; its withheld taxes add up to {expected}.'
  }),
  rule({ code: 'CFDI40204', level: 'error', at: 'Impuestos', field: 'TotalImpuestosTrasladados', source: 'matrix', check: ({ TotalImpuestosTrasladados }, { decimals }) => tooPrecise(TotalImpuestosTrasladados, decimals), ...precisionSentence }),
  rule({
    code: 'CFDI40205', level: 'error', at: 'Impuestos', field: 'TotalImpuestosTrasladados', source: 'matrix',
    check: ({ TotalImpuestosTrasladados, Traslados = [] }, { decimals }) => differs(TotalImpuestosTrasladados, sum(Traslados.map(({ Importe }) => Importe)), decimals),
    es: 'TotalImpuestosTrasladados dice {found}; sus traslados suman {expected}.',
    en: 'TotalImpuestosTrasladados says {found}; its transferred taxes add up to {expected}.'
  }),
  rule({
    code: 'CFDI40206', level: 'error', at: 'Impuestos', field: 'TotalImpuestosRetenidos', source: 'matrix',
    check: ({ TotalImpuestosRetenidos, Retenciones = [] }) => Retenciones.length > 0 && TotalImpuestosRetenidos === undefined,
    es: 'Agregue TotalImpuestosRetenidos: hay retenciones.',
    en: 'Add TotalImpuestosRetenidos: there are withheld taxes.'
  }),
  rule({
    code: 'CFDI40208', level: 'error', at: 'Impuestos.Retenciones[]', field: 'Impuesto', source: 'matrix',
    check: (node, { document: { Impuestos } }) => node.Impuesto !== undefined && Impuestos?.Retenciones?.find(({ Impuesto }) => Impuesto === node.Impuesto) !== node ? { tax: node.Impuesto } : undefined,
    es: 'El impuesto {tax} está en más de una retención: júntelas en una.',
    en: 'The tax {tax} is in more than one withheld tax: put them into one.'
  }),
  rule({ code: 'CFDI40210', level: 'error', at: 'Impuestos.Retenciones[]', field: 'Importe', source: 'matrix', check: ({ Importe }, { decimals }) => tooPrecise(Importe, decimals), ...precisionSentence }),
  rule({
    code: 'CFDI40211', level: 'error', at: 'Impuestos.Retenciones[]', field: 'Importe', source: 'matrix',
    check: ({ Impuesto = '', Importe }, here) => {
      const total = withheldOf(here).get(Impuesto)
      const wrong = differs(Importe, total === undefined ? zero : total.amount, here.decimals)
      return wrong === undefined ? undefined : { ...wrong, tax: Impuesto }
    },
    es: 'La retención del impuesto {tax} dice {found}; las de los conceptos suman {expected}.',
    en: 'The withheld tax {tax} says {found}; those of the concepts add up to {expected}.'
  }),
  rule({
    code: 'CFDI40211', level: 'error', at: '', field: 'Impuestos', source: 'matrix',
    check: ({ Impuestos }, here) => {
      const missing = [...withheldOf(here).keys()].find(tax => tax !== '' && !(Impuestos?.Retenciones ?? []).some(({ Impuesto }) => Impuesto === tax))
      return hasTaxes(here.type) && missing !== undefined ? { tax: missing } : undefined
    },
    es: 'Los conceptos retienen el impuesto {tax} y falta su Retencion en los Impuestos del comprobante.',
    en: 'The concepts withhold the tax {tax} and its Retencion is missing in the Impuestos of the document.'
  }),
  rule({
    code: 'CFDI40212', level: 'error', at: 'Impuestos', field: 'TotalImpuestosTrasladados', source: 'matrix',
    check: ({ TotalImpuestosTrasladados, Traslados = [] }) => TotalImpuestosTrasladados === undefined && Traslados.some(({ TipoFactor }) => TipoFactor !== undefined && TipoFactor !== 'Exento'),
    es: 'Agregue TotalImpuestosTrasladados: hay traslados que no son exentos.',
    en: 'Add TotalImpuestosTrasladados: there are transferred taxes that are not exempt.'
  }),
  rule({ code: 'CFDI40214', level: 'error', at: 'Impuestos.Traslados[]', field: 'Base', source: 'matrix', check: ({ Base }, { decimals }) => tooPrecise(Base, decimals), ...precisionSentence }),
  ...([['CFDI40215', false], ['CFDI40216', true]] as const).map(([code, exempt]) => rule({
    code, level: 'error', at: 'Impuestos.Traslados[]', field: 'Base', source: 'matrix',
    check: (node, here) => {
      if ((node.TipoFactor === 'Exento') !== exempt) return undefined
      const total = transferredOf(here).get(keyOf(node))
      return differs(node.Base, total === undefined ? zero : total.base, here.decimals)
    },
    es: 'Base dice {found}; las de los conceptos con el mismo impuesto, factor y tasa suman {expected}.',
    en: 'Base says {found}; those of the concepts with the same tax, factor and rate add up to {expected}.'
  })),
  rule({
    code: 'CFDI40218', level: 'error', at: 'Impuestos.Traslados[]', field: 'Impuesto', source: 'matrix',
    check: (node, { document: { Impuestos } }) => Impuestos?.Traslados?.find(other => keyOf(other) === keyOf(node)) !== node,
    es: 'El mismo impuesto, factor y tasa está en más de un traslado: júntelos en uno.',
    en: 'The same tax, factor and rate is in more than one transferred tax: put them into one.'
  }),
  rule({ code: 'CFDI40219', level: 'error', at: 'Impuestos.Traslados[]', field: 'TasaOCuota', source: 'matrix', check: ({ Impuesto, TipoFactor, TasaOCuota }, here) => rateOutside(Impuesto, TipoFactor, TasaOCuota, 'transferred', here), ...rateSentence }),
  rule({ code: 'CFDI40220', level: 'error', at: 'Impuestos.Traslados[]', field: 'Importe', source: 'matrix', check: ({ Importe }, { decimals }) => tooPrecise(Importe, decimals), ...precisionSentence }),
  rule({
    code: 'CFDI40221', level: 'error', at: 'Impuestos.Traslados[]', field: 'Importe', source: 'matrix',
    check: (node, here) => {
      const total = transferredOf(here).get(keyOf(node))
      return node.TipoFactor === 'Exento' ? undefined : differs(node.Importe, total === undefined ? zero : total.amount, here.decimals)
    },
    es: 'Importe dice {found}; los de los conceptos con el mismo impuesto, factor y tasa suman {expected}.',
    en: 'Importe says {found}; those of the concepts with the same tax, factor and rate add up to {expected}.'
  }),
  rule({
    code: 'CFDI40221', level: 'error', at: 'Impuestos.Traslados[]', field: 'Importe', source: 'xsd',
    check: ({ TipoFactor, TasaOCuota, Importe }) => (TipoFactor === 'Tasa' || TipoFactor === 'Cuota') && (TasaOCuota === undefined || Importe === undefined) ? { factor: TipoFactor } : undefined,
    es: 'Con TipoFactor {factor} deben estar TasaOCuota e Importe.',
    en: 'With TipoFactor {factor} there must be TasaOCuota and Importe.'
  }),
  rule({
    code: 'CFDI40221', level: 'error', at: '', field: 'Impuestos', source: 'matrix',
    check: ({ Impuestos }, here) => {
      const totalled = new Set((Impuestos?.Traslados ?? []).map(keyOf))
      const missing = [...transferredOf(here).keys()].find(key => !totalled.has(key))
      return hasTaxes(here.type) && missing !== undefined ? { tax: missing.trim() } : undefined
    },
    es: 'Los conceptos trasladan {tax} y falta su Traslado en los Impuestos del comprobante (también el de los exentos, con Base).',
    en: 'The concepts transfer {tax} and its Traslado is missing in the Impuestos of the document (that of exempt ones too, with Base).'
  }),

  ...([['TotaldeTraslados', 'TrasladosLocales'], ['TotaldeRetenciones', 'RetencionesLocales']] as const).map(([total, list]) => rule({
    code: 'CFDI40119', level: 'error', at: 'Complemento.ImpuestosLocales', field: total, source: 'guide',
    check: node => {
      const found = signed(node[total])
      const parts = (node[list] ?? []).map(({ Importe }) => signed(Importe))
      if (found === undefined || parts.includes(undefined)) return undefined
      const expected = parts.reduce<Decimal>((all, part) => all.plus(part!), zero)
      return found.equals(expected) ? undefined : { found: node[total]!, expected: shown(expected) }
    },
    es: `${total} dice {found}; ${list} suma {expected}.`,
    en: `${total} says {found}; ${list} adds up to {expected}.`
  }))
]
