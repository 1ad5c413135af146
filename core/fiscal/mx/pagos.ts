import { between, Decimal, fixed, sum } from '../decimal.ts'
import { FiscalError } from '../errors.ts'
import type { Comprobante, DoctoRelacionado, ImpuestosDR, ImpuestosP, Pago, Pagos, PagosTotales, RetencionDR, TrasladoDR, TrasladoP } from './model.ts'
import { currencyDecimals, number } from './totals.ts'

/** A payment before its amounts are computed. */
export interface PagoDraft extends Omit<Pago, 'Monto' | 'DoctoRelacionado' | 'ImpuestosP'> {
  /** What the documents were paid, together, unless told. */
  Monto?: string
  DoctoRelacionado: readonly DoctoDraft[]
}

/** What a payment does to one invoice. */
export interface DoctoDraft {
  IdDocumento: string
  Serie?: string
  Folio?: string
  MonedaDR: string
  /** Units of MonedaDR for one of MonedaP. Same currency: 1. Else told, or computed from TipoCambioDR. */
  EquivalenciaDR?: string
  /** Pesos for one unit of MonedaDR on the day of the payment. */
  TipoCambioDR?: string
  NumParcialidad: number
  ImpSaldoAnt: string
  ImpPagado: string
  /** Of the invoice (see `taxesOf`); absent: it bears none. */
  taxes?: InvoiceTaxes
  /** 02 with taxes, 01 without, unless told. */
  ObjetoImpDR?: string
}

/** The taxes of a whole invoice with its total: a payment carries its share of them. */
export interface InvoiceTaxes {
  total: string
  traslados: readonly InvoiceTax[]
  retenciones: readonly InvoiceTax[]
}

interface InvoiceTax { Base: string, Impuesto: string, TipoFactor: string, TasaOCuota?: string }

/** The taxes of an issued invoice as a payment receipt has to break them down: withheld ones need their base and rate, which only the lines have. */
export function taxesOf ({ Total, Conceptos }: Comprobante): InvoiceTaxes {
  const grouped = (taxes: readonly InvoiceTax[]): InvoiceTax[] =>
    [...Map.groupBy(taxes, ({ Impuesto, TipoFactor, TasaOCuota = '' }) => `${Impuesto} ${TipoFactor} ${TasaOCuota}`).values()].map(same => {
      const { Impuesto, TipoFactor, TasaOCuota } = same[0]!
      return { Base: sum(same.map(({ Base }) => new Decimal(Base))).toFixed(), Impuesto, TipoFactor, ...TasaOCuota !== undefined && { TasaOCuota } }
    })
  return {
    total: Total,
    traslados: grouped(Conceptos.flatMap(({ Impuestos }) => Impuestos?.Traslados ?? [])),
    retenciones: grouped(Conceptos.flatMap(({ Impuestos }) => Impuestos?.Retenciones ?? []))
  }
}

export interface PagosOptions {
  /** Local day of the receipt, for c_Moneda. */
  on: string
  /** Of EquivalenciaDR between two currencies: ten since the SAT's guide of 2025-12-29, as is said of it. */
  equivalenceDecimals?: number
}

/**
 * Complemento de recepción de pagos 2.0: balances, the share of each tax (ImpPagado ÷ total of the invoice), equivalences and totals.
 * BaseP and ImporteP are rounded, never cut (CfdiUtils PR#112); Totales are in pesos with two decimals and only the groups that
 * exist. Equal currencies have EquivalenciaDR `1`, also where PACs calculate with 1.0000000000 (CRP20238, CRP20277).
 * Throws FiscalError `value_invalid` when a balance would go below zero or an equivalence cannot be known.
 */
export function pagosOf (payments: readonly PagoDraft[], { on, equivalenceDecimals = 10 }: PagosOptions): Pagos {
  const made = payments.map((payment, index) => pagoOf(payment, on, equivalenceDecimals, `Complemento.Pagos.Pago[${index}]`))
  return { Version: '2.0', Totales: totalsOf(made), Pago: made }
}

/** What is left of an invoice, with the decimals of its total, and which payment this is: from the payments before it. */
export function nextInstalment (total: string, paid: readonly string[]): { NumParcialidad: number, ImpSaldoAnt: string } {
  const left = paid.reduce((rest, amount) => rest.minus(amount), new Decimal(total))
  return { NumParcialidad: paid.length + 1, ImpSaldoAnt: fixed(left, total.split('.')[1]?.length ?? 0) }
}

function pagoOf ({ Monto, TipoCambioP, DoctoRelacionado, ...payment }: PagoDraft, on: string, equivalenceDecimals: number, path: string): Pago {
  const rate = payment.MonedaP === 'MXN' ? '1' : TipoCambioP
  const documents = DoctoRelacionado.map((draft, index) => documentOf(draft, payment.MonedaP, rate, on, equivalenceDecimals, `${path}.DoctoRelacionado[${index}]`))
  const decimals = currencyDecimals(payment.MonedaP, on)
  // Rounded up: a cent less than the documents is refused (CRP20217).
  const amount = Monto === undefined
    ? sum(documents.map(({ ImpPagado, EquivalenciaDR }) => inPayment(ImpPagado, EquivalenciaDR))).toDecimalPlaces(12).toDecimalPlaces(decimals, Decimal.ROUND_UP)
    : number(Monto, `${path}.Monto`)
  const taxes = paymentTaxes(documents)
  return {
    ...payment,
    ...rate !== undefined && { TipoCambioP: rate },
    Monto: fixed(amount, decimals),
    DoctoRelacionado: documents,
    ...taxes !== undefined && { ImpuestosP: taxes }
  }
}

function documentOf (draft: DoctoDraft, paymentCurrency: string, paymentRate: string | undefined, on: string, equivalenceDecimals: number, path: string): DoctoRelacionado {
  const { IdDocumento, Serie, Folio, MonedaDR, NumParcialidad, taxes } = draft
  const decimals = currencyDecimals(MonedaDR, on)
  const before = number(draft.ImpSaldoAnt, `${path}.ImpSaldoAnt`)
  const paid = number(draft.ImpPagado, `${path}.ImpPagado`)
  const left = before.minus(paid)
  if (left.isNegative()) {
    throw new FiscalError('value_invalid', {
      es: `Se pagan ${fixed(paid, decimals)} y el saldo es de ${fixed(before, decimals)}.`,
      en: `${fixed(paid, decimals)} are paid and the balance is ${fixed(before, decimals)}.`
    }, `${path}.ImpPagado`)
  }
  const shares = taxes === undefined ? undefined : sharesOf(taxes, paid, decimals, path)
  return {
    IdDocumento,
    ...Serie !== undefined && { Serie },
    ...Folio !== undefined && { Folio },
    MonedaDR,
    EquivalenciaDR: equivalence(draft, paymentCurrency, paymentRate, equivalenceDecimals, path),
    NumParcialidad: String(NumParcialidad),
    ImpSaldoAnt: fixed(before, decimals),
    ImpPagado: fixed(paid, decimals),
    ImpSaldoInsoluto: fixed(left, decimals),
    ObjetoImpDR: draft.ObjetoImpDR ?? (shares === undefined ? '01' : '02'),
    ...shares !== undefined && { ImpuestosDR: shares }
  }
}

function equivalence ({ MonedaDR, EquivalenciaDR, TipoCambioDR }: DoctoDraft, paymentCurrency: string, paymentRate: string | undefined, decimals: number, path: string): string {
  if (MonedaDR === paymentCurrency) return '1'
  if (EquivalenciaDR !== undefined) return fixed(number(EquivalenciaDR, `${path}.EquivalenciaDR`), decimals)
  const rate = MonedaDR === 'MXN' ? '1' : TipoCambioDR
  if (rate === undefined || paymentRate === undefined) {
    throw new FiscalError('value_invalid', {
      es: `El pago es en ${paymentCurrency} y la factura en ${MonedaDR}: falta el tipo de cambio.`,
      en: `The payment is in ${paymentCurrency} and the invoice in ${MonedaDR}: the exchange rate is missing.`
    }, `${path}.EquivalenciaDR`)
  }
  return fixed(number(paymentRate, path).dividedBy(number(rate, path)), decimals)
}

/** Six decimals where they are needed, so that the shares of many payments still add up to the tax of the invoice. */
function sharesOf ({ total, traslados, retenciones }: InvoiceTaxes, paid: Decimal, decimals: number, path: string): ImpuestosDR | undefined {
  const whole = number(total, path)
  const share = ({ Base, Impuesto, TipoFactor, TasaOCuota }: InvoiceTax): TrasladoDR[] => {
    const BaseDR = between(new Decimal(Base).times(paid).dividedBy(whole), decimals, 6)
    if (new Decimal(BaseDR).isZero()) return []
    const tax = { BaseDR, ImpuestoDR: Impuesto, TipoFactorDR: TipoFactor }
    return [TasaOCuota === undefined ? tax : { ...tax, TasaOCuotaDR: TasaOCuota, ImporteDR: between(new Decimal(BaseDR).times(TasaOCuota), decimals, 6) }]
  }
  if (whole.isZero()) return undefined
  const RetencionesDR = retenciones.flatMap(share) as RetencionDR[]
  const TrasladosDR = traslados.flatMap(share)
  if (RetencionesDR.length === 0 && TrasladosDR.length === 0) return undefined
  return { ...RetencionesDR.length > 0 && { RetencionesDR }, ...TrasladosDR.length > 0 && { TrasladosDR } }
}

function inPayment (amount: string, equivalenceDR = '1'): Decimal {
  return new Decimal(amount).dividedBy(equivalenceDR)
}

function paymentTaxes (documents: readonly DoctoRelacionado[]): ImpuestosP | undefined {
  const withheld = Map.groupBy(documents.flatMap(({ ImpuestosDR, EquivalenciaDR }) => (ImpuestosDR?.RetencionesDR ?? []).map(tax => ({ ...tax, EquivalenciaDR }))), ({ ImpuestoDR }) => ImpuestoDR)
  const charged = Map.groupBy(documents.flatMap(({ ImpuestosDR, EquivalenciaDR }) => (ImpuestosDR?.TrasladosDR ?? []).map(tax => ({ ...tax, EquivalenciaDR }))),
    ({ ImpuestoDR, TipoFactorDR, TasaOCuotaDR = '' }) => `${ImpuestoDR} ${TipoFactorDR} ${TasaOCuotaDR}`)
  if (withheld.size === 0 && charged.size === 0) return undefined
  const amount = (parts: readonly { value: string, EquivalenciaDR: string | undefined }[]): string =>
    between(sum(parts.map(({ value, EquivalenciaDR }) => inPayment(value, EquivalenciaDR))), 2, 6)
  const RetencionesP = [...withheld].map(([ImpuestoP, taxes]) => ({ ImpuestoP, ImporteP: amount(taxes.map(tax => ({ value: tax.ImporteDR, EquivalenciaDR: tax.EquivalenciaDR }))) }))
  const TrasladosP = [...charged.values()].map((taxes): TrasladoP => {
    const { ImpuestoDR, TipoFactorDR, TasaOCuotaDR } = taxes[0]!
    const BaseP = amount(taxes.map(tax => ({ value: tax.BaseDR, EquivalenciaDR: tax.EquivalenciaDR })))
    if (TasaOCuotaDR === undefined) return { BaseP, ImpuestoP: ImpuestoDR, TipoFactorP: TipoFactorDR }
    return { BaseP, ImpuestoP: ImpuestoDR, TipoFactorP: TipoFactorDR, TasaOCuotaP: TasaOCuotaDR, ImporteP: amount(taxes.map(tax => ({ value: tax.ImporteDR!, EquivalenciaDR: tax.EquivalenciaDR }))) }
  })
  return { ...RetencionesP.length > 0 && { RetencionesP }, ...TrasladosP.length > 0 && { TrasladosP } }
}

const withheldTotals = [['001', 'TotalRetencionesISR'], ['002', 'TotalRetencionesIVA'], ['003', 'TotalRetencionesIEPS']] as const
const chargedTotals = [['0.160000', 'IVA16'], ['0.080000', 'IVA8'], ['0.000000', 'IVA0']] as const

function totalsOf (payments: readonly Pago[]): PagosTotales {
  const totals: Partial<PagosTotales> = {}
  const pesos = (parts: readonly { value: string, rate: string }[]): string => fixed(sum(parts.map(({ value, rate }) => new Decimal(value).times(rate))), 2)
  const all = <T>(pick: (payment: Pago) => readonly T[]): (T & { rate: string })[] => payments.flatMap(payment => pick(payment).map(tax => ({ ...tax, rate: payment.TipoCambioP ?? '1' })))
  const withheld = all(({ ImpuestosP }) => ImpuestosP?.RetencionesP ?? [])
  for (const [tax, name] of withheldTotals) {
    const found = withheld.filter(({ ImpuestoP }) => ImpuestoP === tax)
    if (found.length > 0) totals[name] = pesos(found.map(({ ImporteP, rate }) => ({ value: ImporteP, rate })))
  }
  const iva = all(({ ImpuestosP }) => ImpuestosP?.TrasladosP ?? []).filter(({ ImpuestoP }) => ImpuestoP === '002')
  for (const [rate, name] of chargedTotals) {
    const found = iva.filter(({ TipoFactorP, TasaOCuotaP }) => TipoFactorP === 'Tasa' && TasaOCuotaP === rate)
    if (found.length === 0) continue
    totals[`TotalTrasladosBase${name}`] = pesos(found.map(tax => ({ value: tax.BaseP, rate: tax.rate })))
    totals[`TotalTrasladosImpuesto${name}`] = pesos(found.map(tax => ({ value: tax.ImporteP!, rate: tax.rate })))
  }
  const exempt = iva.filter(({ TipoFactorP }) => TipoFactorP === 'Exento')
  if (exempt.length > 0) totals.TotalTrasladosBaseIVAExento = pesos(exempt.map(({ BaseP, rate }) => ({ value: BaseP, rate })))
  return { ...totals, MontoTotalPagos: pesos(payments.map(({ Monto, TipoCambioP = '1' }) => ({ value: Monto, rate: TipoCambioP }))) }
}

export type PaymentReceiptDraft = Pick<Comprobante, 'Serie' | 'Folio' | 'Fecha' | 'LugarExpedicion' | 'Emisor' | 'CfdiRelacionados' | 'Confirmacion'> & {
  Receptor: Omit<Comprobante['Receptor'], 'UsoCFDI'>
  payments: readonly PagoDraft[]
  equivalenceDecimals?: number
}

/** The whole receipt (type P), with the constants that the SAT prescribes for it (CRP20101 to CRP20123). */
export function paymentReceipt ({ payments, equivalenceDecimals, Receptor, ...head }: PaymentReceiptDraft): Comprobante {
  return {
    ...head,
    Version: '4.0',
    TipoDeComprobante: 'P',
    SubTotal: '0',
    Moneda: 'XXX',
    Total: '0',
    Exportacion: '01',
    Receptor: { ...Receptor, UsoCFDI: 'CP01' },
    Conceptos: [{ ClaveProdServ: '84111506', Cantidad: '1', ClaveUnidad: 'ACT', Descripcion: 'Pago', ValorUnitario: '0', Importe: '0', ObjetoImp: '01' }],
    Complemento: { Pagos: pagosOf(payments, { on: head.Fecha.slice(0, 10), ...equivalenceDecimals !== undefined && { equivalenceDecimals } }) }
  }
}
