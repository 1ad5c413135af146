import { catalogues } from '../catalogues/catalogues.ts'
import { Decimal, decimal, fixed, sum, zero } from '../decimal.ts'
import { FiscalError } from '../errors.ts'
import type { Complemento, Comprobante, Concepto, ConceptoImpuestos, ConceptoRetencion, ConceptoTraslado, Impuestos, ImpuestosLocales } from './model.ts'

/** A tax of a line before it is computed. */
export interface TaxDraft {
  Impuesto: string
  TipoFactor: string
  /** A rate (`0.16`) or, with Cuota, pesos for each unit; none for Exento. */
  TasaOCuota?: string
  /** The line's amount less its discount unless told; with Cuota the Cantidad. IVA over IEPS is told here: it is the caller's matter. */
  Base?: string
}

export interface ConceptoDraft extends Omit<Concepto, 'Importe' | 'Impuestos'> {
  Impuestos?: { Traslados?: readonly TaxDraft[], Retenciones?: readonly TaxDraft[] }
}

/** Importe is Base × rate ÷ 100 of SubTotal less Descuento unless told; the rate is in percent with two decimals. */
export interface LocalTaxesDraft {
  RetencionesLocales?: { ImpLocRetenido: string, TasadeRetencion: string, Importe?: string }[]
  TrasladosLocales?: { ImpLocTrasladado: string, TasadeTraslado: string, Importe?: string }[]
}

/** A document whose amounts are still to be computed. */
export interface ComprobanteDraft extends Omit<Comprobante, 'Version' | 'SubTotal' | 'Descuento' | 'Total' | 'Impuestos' | 'Conceptos' | 'Complemento'> {
  Conceptos: readonly ConceptoDraft[]
  Complemento?: Omit<Complemento, 'ImpuestosLocales'> & { ImpuestosLocales?: LocalTaxesDraft }
}

/**
 * `currency` rounds each line and each of its taxes to the decimals of the currency and adds those up; it satisfies both ways
 * in which PACs compare (Odoo_CFDI PR#12). `six` keeps six decimals in the lines and rounds only the sums.
 */
export type Rounding = 'currency' | 'six'

/** Decimals of a currency in c_Moneda on that day. Throws FiscalError `value_invalid` for a currency that is not in it. */
export function currencyDecimals (currency: string, on: string): number {
  const found = catalogues.lookup('c_Moneda', currency, on)
  if (found === undefined) throw new FiscalError('value_invalid', { es: `La moneda ${currency} no está en c_Moneda.`, en: `The currency ${currency} is not in c_Moneda.` }, 'Moneda')
  return found.decimals
}

/**
 * Computes the amounts of every line, the taxes, and the totals. What is added up is what is written: the sums are of the rounded
 * values of the lines, and Total of the rounded sums (CFDI40108, 40119, 40211, 40215, 40221; SAT guide to Anexo 20).
 *
 * A line without value bears no tax node, since Base must be greater than zero. A transfer (T) and a payment receipt (P) have
 * SubTotal and Total 0 and no taxes at the document. Exento is summed by its base alone (CfdiUtils PR#104).
 * Throws FiscalError `value_invalid` where a value is not a number, a discount exceeds its line, or a rate is missing.
 */
export function withTotals (draft: ComprobanteDraft, { rounding = 'currency' }: { rounding?: Rounding } = {}): Comprobante {
  const decimals = currencyDecimals(draft.Moneda, draft.Fecha.slice(0, 10))
  const lines = draft.Conceptos.map((concepto, index) => lineOf(concepto, rounding === 'six' ? 6 : decimals, `Conceptos[${index}]`))
  const { Complemento: complementoDraft, ...head } = draft
  const { ImpuestosLocales: localDraft, ...complements } = complementoDraft ?? {}
  const valued = draft.TipoDeComprobante !== 'T' && draft.TipoDeComprobante !== 'P'
  if (!valued) {
    return { ...head, Version: '4.0', Conceptos: lines, SubTotal: '0', Total: '0', ...complementoDraft !== undefined && { Complemento: complements } }
  }
  const SubTotal = total(lines.map(line => line.Importe), decimals)
  const discounts = lines.flatMap(({ Descuento }) => Descuento ?? [])
  const Descuento = discounts.length === 0 ? undefined : total(discounts, decimals)
  const impuestos = documentTaxes(lines, decimals)
  const local = localTaxes(localDraft, new Decimal(SubTotal).minus(Descuento ?? 0), decimals)
  const Total = sum([
    new Decimal(SubTotal), new Decimal(Descuento ?? 0).negated(),
    new Decimal(impuestos?.TotalImpuestosTrasladados ?? 0), new Decimal(impuestos?.TotalImpuestosRetenidos ?? 0).negated(),
    new Decimal(local?.TotaldeTraslados ?? 0), new Decimal(local?.TotaldeRetenciones ?? 0).negated()
  ])
  if (Total.isNegative()) throw new FiscalError('value_invalid', { es: 'El total sale negativo: las retenciones y los descuentos superan el importe.', en: 'The total comes out negative: what is withheld and discounted exceeds the amount.' }, 'Total')
  const Complemento = { ...complements, ...local !== undefined && { ImpuestosLocales: local } }
  return {
    ...head,
    Version: '4.0',
    Conceptos: lines,
    SubTotal,
    ...Descuento !== undefined && { Descuento },
    Total: fixed(Total, decimals),
    ...impuestos !== undefined && { Impuestos: impuestos },
    ...Object.keys(Complemento).length > 0 && { Complemento }
  }
}

function lineOf ({ Impuestos: taxes, ...concepto }: ConceptoDraft, decimals: number, path: string): Concepto {
  const quantity = number(concepto.Cantidad, `${path}.Cantidad`)
  const importe = quantity.times(number(concepto.ValorUnitario, `${path}.ValorUnitario`))
  const Importe = fixed(importe, decimals)
  const Descuento = concepto.Descuento === undefined ? undefined : fixed(number(concepto.Descuento, `${path}.Descuento`), decimals)
  const base = new Decimal(Importe).minus(Descuento ?? 0)
  if (base.isNegative()) throw new FiscalError('value_invalid', { es: `El descuento ${Descuento} supera el importe ${Importe}.`, en: `The discount ${Descuento} exceeds the amount ${Importe}.` }, `${path}.Descuento`)
  const of = (drafts: readonly TaxDraft[] | undefined, name: string): ConceptoTraslado[] => (drafts ?? []).flatMap((tax, index) => taxOf(tax, base, quantity, decimals, `${path}.Impuestos.${name}[${index}]`))
  const Traslados = of(taxes?.Traslados, 'Traslados')
  const Retenciones = of(taxes?.Retenciones, 'Retenciones')
  const Impuestos: ConceptoImpuestos = {
    ...Traslados.length > 0 && { Traslados },
    ...Retenciones.length > 0 && { Retenciones: Retenciones as ConceptoRetencion[] }
  }
  return {
    ...concepto,
    Importe,
    ...Descuento !== undefined && { Descuento },
    ...(Traslados.length > 0 || Retenciones.length > 0) && { Impuestos }
  }
}

function taxOf ({ Impuesto, TipoFactor, TasaOCuota, Base }: TaxDraft, lineBase: Decimal, quantity: Decimal, decimals: number, path: string): ConceptoTraslado[] {
  const base = Base !== undefined ? number(Base, `${path}.Base`) : TipoFactor === 'Cuota' ? quantity : lineBase
  const places = TipoFactor === 'Cuota' ? Math.max(decimals, base.decimalPlaces()) : decimals
  const written = fixed(base, places)
  if (new Decimal(written).isZero()) return []
  if (TipoFactor === 'Exento') return [{ Base: written, Impuesto, TipoFactor }]
  if (TasaOCuota === undefined) throw new FiscalError('value_invalid', { es: `Falta ${path}.TasaOCuota.`, en: `${path}.TasaOCuota is missing.` }, `${path}.TasaOCuota`)
  // Six decimals always: PACs refuse `0.16` (satcfdi #29). The amount is of the rate as written.
  const rate = fixed(number(TasaOCuota, `${path}.TasaOCuota`), 6)
  return [{ Base: written, Impuesto, TipoFactor, TasaOCuota: rate, Importe: fixed(new Decimal(written).times(rate), decimals) }]
}

function documentTaxes (lines: readonly Concepto[], decimals: number): Impuestos | undefined {
  const withheld = Map.groupBy(lines.flatMap(line => line.Impuestos?.Retenciones ?? []), ({ Impuesto }) => Impuesto)
  const charged = Map.groupBy(lines.flatMap(line => line.Impuestos?.Traslados ?? []), ({ Impuesto, TipoFactor, TasaOCuota = '' }) => `${Impuesto} ${TipoFactor} ${TasaOCuota}`)
  if (withheld.size === 0 && charged.size === 0) return undefined
  const Retenciones = [...withheld].map(([Impuesto, taxes]) => ({ Impuesto, Importe: total(taxes.map(({ Importe }) => Importe), decimals) }))
  const Traslados = [...charged.values()].map((taxes): ConceptoTraslado => {
    const { Impuesto, TipoFactor, TasaOCuota } = taxes[0]!
    const Base = total(taxes.map(tax => tax.Base), decimals)
    if (TipoFactor === 'Exento') return { Base, Impuesto, TipoFactor }
    return { Base, Impuesto, TipoFactor, TasaOCuota: TasaOCuota!, Importe: total(taxes.map(tax => tax.Importe!), decimals) }
  })
  const amounts = Traslados.flatMap(({ Importe }) => Importe ?? [])
  return {
    ...Retenciones.length > 0 && { TotalImpuestosRetenidos: total(Retenciones.map(({ Importe }) => Importe), decimals) },
    // Where all is Exento there is no total.
    ...amounts.length > 0 && { TotalImpuestosTrasladados: total(amounts, decimals) },
    ...Retenciones.length > 0 && { Retenciones },
    ...Traslados.length > 0 && { Traslados }
  }
}

/** implocal is written with two decimals whatever the currency; one with fewer has its amounts rounded to them first, or Total could not say their sum. */
function localTaxes (draft: LocalTaxesDraft | undefined, base: Decimal, decimals: number): ImpuestosLocales | undefined {
  if (draft === undefined) return undefined
  const amount = (rate: string, given: string | undefined, path: string): string =>
    fixed((given === undefined ? base.times(number(rate, path)).dividedBy(100) : number(given, path)).toDecimalPlaces(Math.min(decimals, 2)), 2)
  const path = 'Complemento.ImpuestosLocales'
  const RetencionesLocales = (draft.RetencionesLocales ?? []).map((tax, index) =>
    ({ ...tax, TasadeRetencion: fixed(number(tax.TasadeRetencion, path), 2), Importe: amount(tax.TasadeRetencion, tax.Importe, `${path}.RetencionesLocales[${index}]`) }))
  const TrasladosLocales = (draft.TrasladosLocales ?? []).map((tax, index) =>
    ({ ...tax, TasadeTraslado: fixed(number(tax.TasadeTraslado, path), 2), Importe: amount(tax.TasadeTraslado, tax.Importe, `${path}.TrasladosLocales[${index}]`) }))
  return {
    version: '1.0',
    TotaldeRetenciones: total(RetencionesLocales.map(({ Importe }) => Importe), 2),
    TotaldeTraslados: total(TrasladosLocales.map(({ Importe }) => Importe), 2),
    ...RetencionesLocales.length > 0 && { RetencionesLocales },
    ...TrasladosLocales.length > 0 && { TrasladosLocales }
  }
}

function total (values: readonly string[], decimals: number): string {
  return fixed(values.length === 0 ? zero : sum(values.map(value => new Decimal(value))), decimals)
}

export function number (text: string, path: string): Decimal {
  const found = decimal(text)
  if (found === undefined) throw new FiscalError('value_invalid', { es: `${path} no es un número sin signo: «${text}».`, en: `${path} is not a number without sign: "${text}".` }, path)
  return found
}
