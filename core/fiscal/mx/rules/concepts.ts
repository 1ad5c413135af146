import { hasForeignTrade } from './document.ts'
import { number, placesOf, productLimits, shown, within } from './numbers.ts'
import { allowsRate, type Direction } from './rates.ts'
import { type AnyRule, type Broken, type Here, rule } from './rule.ts'

const sells = (type: string): boolean => ['I', 'E', 'N'].includes(type)

/** Importe against quantity × price, with the margins of how each is written. */
function amountOutside ({ Cantidad, ValorUnitario, Importe }: { Cantidad?: string, ValorUnitario?: string, Importe?: string }): Broken | undefined {
  const found = number(Importe)
  if (Cantidad === undefined || ValorUnitario === undefined || found === undefined) return undefined
  const limits = productLimits([Cantidad, ValorUnitario], undefined, placesOf(Importe!))
  return limits === undefined || within(found, limits) ? undefined : { found: Importe!, low: shown(limits.low), high: shown(limits.high) }
}

/** A tax against base × rate, the same. */
export function taxOutside (base: string | undefined, rate: string | undefined, amount: string | undefined): Broken | undefined {
  const found = number(amount)
  if (base === undefined || rate === undefined || found === undefined) return undefined
  const limits = productLimits([base], rate, placesOf(amount!))
  return limits === undefined || within(found, limits) ? undefined : { found: amount!, low: shown(limits.low), high: shown(limits.high) }
}

/** The rate is a number and c_TasaOCuota has no such one. Keys that are none are told elsewhere. */
export function rateOutside (tax: string | undefined, factor: string | undefined, rate: string | undefined, direction: Direction, { catalogues, on }: Here): Broken | undefined {
  const value = number(rate)
  if (value === undefined || tax === undefined || factor === undefined || factor === 'Exento') return undefined
  if (!catalogues.allows('c_Impuesto', tax, on) || !catalogues.allows('c_TipoFactor', factor, on)) return undefined
  return allowsRate(catalogues, { tax, factor, direction, value, on }) ? undefined : { rate: rate!, tax, factor }
}

const notSixDecimals = (rate: string | undefined): Broken | undefined => number(rate) !== undefined && placesOf(rate!) !== 6 ? { rate: rate!, better: number(rate)!.toFixed(6) } : undefined
const charges = (factor: string | undefined): boolean => factor === 'Tasa' || factor === 'Cuota'

export const amountSentence = {
  es: 'Importe {found} no sale de Cantidad × ValorUnitario: debe estar entre {low} y {high}.',
  en: 'Importe {found} does not come out of Cantidad × ValorUnitario: it must be between {low} and {high}.'
}
export const taxSentence = {
  es: 'El impuesto {found} no sale de la base por la tasa: debe estar entre {low} y {high}.',
  en: 'The tax {found} does not come out of the base times the rate: it must be between {low} and {high}.'
}
export const rateSentence = {
  es: 'c_TasaOCuota no tiene {rate} para el impuesto {tax} con factor {factor}: use una de las suyas.',
  en: 'c_TasaOCuota has no {rate} for the tax {tax} with the factor {factor}: use one of its own.'
}
export const sixSentence = {
  es: 'Escriba la tasa con seis decimales: {better} en lugar de {rate}.',
  en: 'Write the rate with six decimals: {better} instead of {rate}.'
}

/** One line of the invoice and its taxes. */
export const conceptRules: readonly AnyRule[] = [
  rule({
    code: 'CFDI40166', level: 'error', at: 'Conceptos[]', field: 'ValorUnitario', source: 'matrix',
    check: ({ ValorUnitario }, { type }) => sells(type) && number(ValorUnitario)?.isZero() === true,
    es: 'ValorUnitario debe ser mayor que cero: un regalo se factura con su precio y un descuento.',
    en: 'ValorUnitario must be more than zero: a gift is invoiced at its price and with a discount.'
  }),
  rule({ code: 'CFDI40167', level: 'error', at: 'Conceptos[]', field: 'Importe', source: 'matrix', check: node => amountOutside(node), ...amountSentence }),
  rule({
    code: 'CFDI40168', level: 'error', at: 'Conceptos[]', field: 'Descuento', source: 'matrix',
    check: ({ Descuento, Importe }) => number(Descuento) !== undefined && number(Importe) !== undefined && placesOf(Descuento!) > placesOf(Importe!) ? { decimals: placesOf(Importe!) } : undefined,
    es: 'Descuento no puede tener más decimales que Importe ({decimals}).',
    en: 'Descuento cannot have more decimals than Importe ({decimals}).'
  }),
  rule({
    code: 'CFDI40169', level: 'error', at: 'Conceptos[]', field: 'Descuento', source: 'matrix',
    check: ({ Descuento, Importe }) => {
      const amount = number(Importe)
      return amount !== undefined && number(Descuento)?.greaterThan(amount) === true ? { found: Descuento!, limit: Importe! } : undefined
    },
    es: 'Descuento ({found}) no puede ser mayor que Importe ({limit}).',
    en: 'Descuento ({found}) cannot be more than Importe ({limit}).'
  }),
  rule({
    code: 'CFDI40171', level: 'error', at: 'Conceptos[]', field: 'ObjetoImp', source: 'matrix',
    check: ({ ObjetoImp, Impuestos }) => ObjetoImp === '02' && Impuestos === undefined,
    es: 'ObjetoImp "02" (sí objeto de impuesto) pide los impuestos del concepto: agréguelos, o cambie ObjetoImp.',
    en: 'ObjetoImp "02" (subject to tax) asks for the taxes of the concept: add them, or change ObjetoImp.'
  }),
  rule({
    code: 'CFDI40172', level: 'error', at: 'Conceptos[]', field: 'Impuestos', source: 'matrix',
    check: ({ ObjetoImp, Impuestos }) => Impuestos !== undefined && ObjetoImp !== undefined && ['01', '03', '04'].includes(ObjetoImp) ? { object: ObjetoImp } : undefined,
    es: 'Con ObjetoImp "{object}" el concepto no lleva impuestos: quítelos, o ponga ObjetoImp "02".',
    en: 'With ObjetoImp "{object}" the concept has no taxes: take them away, or say ObjetoImp "02".'
  }),
  rule({
    code: 'CFDI40172', level: 'warning', at: 'Conceptos[]', field: 'Impuestos', source: 'matrix?',
    check: ({ ObjetoImp, Impuestos }) => Impuestos !== undefined && ObjetoImp === '05',
    es: 'Con ObjetoImp "05" (IVA crédito PODEBI) el concepto no lleva impuestos.',
    en: 'With ObjetoImp "05" (IVA crédito PODEBI) the concept has no taxes.'
  }),
  rule({
    code: 'CFDI40999', level: 'warning', at: 'Conceptos[]', field: 'Impuestos', source: 'matrix?',
    check: ({ ObjetoImp = '', Impuestos }) => {
      const taxes = [...(Impuestos?.Traslados ?? []), ...(Impuestos?.Retenciones ?? [])].map(({ Impuesto }) => Impuesto)
      return ['06', '08'].includes(ObjetoImp) && taxes.some(tax => tax === '002' || tax === '003') ? { object: ObjetoImp } : undefined
    },
    es: 'Con ObjetoImp "{object}" no se desglosan IVA (002) ni IEPS (003); solo puede haber retención de ISR.',
    en: 'With ObjetoImp "{object}" neither IVA (002) nor IEPS (003) is itemised; there may only be withheld ISR.'
  }),
  rule({
    code: 'CFDI40999', level: 'warning', at: 'Conceptos[]', field: 'Impuestos', source: 'matrix?',
    check: ({ ObjetoImp, Impuestos }) => {
      const { Traslados = [], Retenciones = [] } = Impuestos ?? {}
      return ObjetoImp === '07' && (!Traslados.some(({ Impuesto }) => Impuesto === '003') || [...Traslados, ...Retenciones].some(({ Impuesto }) => Impuesto === '002'))
    },
    es: 'Con ObjetoImp "07" se desglosa el IEPS (003) y no el IVA (002).',
    en: 'With ObjetoImp "07" IEPS (003) is itemised and IVA (002) is not.'
  }),
  rule({
    code: 'CFDI40173', level: 'error', at: 'Conceptos[].Impuestos', field: '', source: 'matrix',
    check: ({ Traslados = [], Retenciones = [] }) => Traslados.length + Retenciones.length === 0,
    es: 'Impuestos está vacío: agregue traslados o retenciones, o quítelo.',
    en: 'Impuestos is empty: add transferred or withheld taxes, or take it away.'
  }),

  rule({
    code: 'CFDI40177', level: 'error', at: 'Conceptos[].Impuestos.Traslados[]', field: 'TipoFactor', source: 'matrix',
    check: ({ TipoFactor, TasaOCuota, Importe }) => TipoFactor === 'Exento' && (TasaOCuota !== undefined || Importe !== undefined),
    es: 'Un traslado Exento no lleva TasaOCuota ni Importe: quítelos.',
    en: 'A transferred tax that is Exento has neither TasaOCuota nor Importe: take them away.'
  }),
  rule({
    code: 'CFDI40178', level: 'error', at: 'Conceptos[].Impuestos.Traslados[]', field: 'TipoFactor', source: 'matrix',
    check: ({ TipoFactor, TasaOCuota, Importe }) => charges(TipoFactor) && (TasaOCuota === undefined || Importe === undefined) ? { factor: TipoFactor! } : undefined,
    es: 'Con TipoFactor {factor} deben estar TasaOCuota e Importe.',
    en: 'With TipoFactor {factor} there must be TasaOCuota and Importe.'
  }),
  rule({ code: 'CFDI40179', level: 'error', at: 'Conceptos[].Impuestos.Traslados[]', field: 'TasaOCuota', source: 'matrix', check: ({ Impuesto, TipoFactor, TasaOCuota }, here) => rateOutside(Impuesto, TipoFactor, TasaOCuota, 'transferred', here), ...rateSentence }),
  rule({ code: 'CFDI40179', level: 'warning', at: 'Conceptos[].Impuestos.Traslados[]', field: 'TasaOCuota', source: 'pac', check: ({ TasaOCuota }) => notSixDecimals(TasaOCuota), ...sixSentence }),
  rule({
    code: 'CFDI40179', level: 'warning', at: 'Conceptos[].Impuestos.Traslados[]', field: 'TasaOCuota', source: 'guide',
    check: ({ Impuesto, TasaOCuota }, { document: { LugarExpedicion = '' }, catalogues, on }) => {
      const place = catalogues.lookup('c_CodigoPostal', LugarExpedicion, on)
      return Impuesto === '002' && number(TasaOCuota)?.equals('0.08') === true && place !== undefined && !place.border ? { place: LugarExpedicion } : undefined
    },
    es: 'El IVA del 8 % es de la región fronteriza, y {place} no tiene ese estímulo en c_CodigoPostal.',
    en: 'IVA at 8 % is for the border region, and {place} does not have that incentive in c_CodigoPostal.'
  }),
  rule({ code: 'CFDI40180', level: 'error', at: 'Conceptos[].Impuestos.Traslados[]', field: 'Importe', source: 'matrix', check: ({ Base, TasaOCuota, Importe }) => taxOutside(Base, TasaOCuota, Importe), ...taxSentence }),

  rule({
    code: 'CFDI40184', level: 'error', at: 'Conceptos[].Impuestos.Retenciones[]', field: 'TipoFactor', source: 'matrix',
    check: ({ TipoFactor }) => TipoFactor === 'Exento',
    es: 'Una retención no puede ser Exento: use Tasa o Cuota, o quítela.',
    en: 'A withheld tax cannot be Exento: use Tasa or Cuota, or take it away.'
  }),
  rule({ code: 'CFDI40185', level: 'error', at: 'Conceptos[].Impuestos.Retenciones[]', field: 'TasaOCuota', source: 'matrix', check: ({ Impuesto, TipoFactor, TasaOCuota }, here) => rateOutside(Impuesto, TipoFactor, TasaOCuota, 'withheld', here), ...rateSentence }),
  rule({ code: 'CFDI40185', level: 'warning', at: 'Conceptos[].Impuestos.Retenciones[]', field: 'TasaOCuota', source: 'pac', check: ({ TasaOCuota }) => notSixDecimals(TasaOCuota), ...sixSentence }),
  rule({ code: 'CFDI40186', level: 'error', at: 'Conceptos[].Impuestos.Retenciones[]', field: 'Importe', source: 'matrix', check: ({ Base, TasaOCuota, Importe }) => taxOutside(Base, TasaOCuota, Importe), ...taxSentence }),

  ...(['Conceptos[].InformacionAduanera[]', 'Conceptos[].Parte[].InformacionAduanera[]'] as const).flatMap(at => {
    const [unknown, withTrade] = at.includes('Parte') ? ['CFDI40199', 'CFDI40200'] : ['CFDI40194', 'CFDI40195']
    return [
      rule({
        code: unknown!, level: 'error', at, field: 'NumeroPedimento', source: 'matrix',
        check: ({ NumeroPedimento = '' }, { catalogues, on }) => {
          const office = /^\d{2} {2}(\d{2}) {2}\d{4} {2}\d{7}$/.exec(NumeroPedimento)?.[1]
          return office !== undefined && !catalogues.allows('c_Aduana', office, on) ? { office } : undefined
        },
        es: 'La aduana {office} del pedimento no está en c_Aduana: revise el número.',
        en: 'The customs office {office} of the entry is not in c_Aduana: check the number.'
      }),
      rule({
        code: withTrade!, level: 'error', at, field: 'NumeroPedimento', source: 'matrix',
        check: (_, { document }) => hasForeignTrade(document),
        es: 'Con el complemento de Comercio Exterior el concepto no lleva pedimento: quítelo.',
        en: 'With the complement of foreign trade the concept has no customs entry: take it away.'
      })
    ]
  }),
  rule({
    code: 'CFDI40197', level: 'error', at: 'Conceptos[].Parte[]', field: 'ValorUnitario', source: 'matrix',
    check: ({ ValorUnitario }, { type }) => sells(type) && number(ValorUnitario)?.isZero() === true,
    es: 'ValorUnitario de la parte debe ser mayor que cero.',
    en: 'ValorUnitario of the part must be more than zero.'
  }),
  rule({ code: 'CFDI40198', level: 'error', at: 'Conceptos[].Parte[]', field: 'Importe', source: 'matrix', check: node => amountOutside(node), ...amountSentence })
]
