import type { Invoice, InvoiceLine, MxPayment } from '../../adapter/invoicing.ts'
import { Decimal, fixed, sum } from '../decimal.ts'
import { fromInvoice, type InvoiceDraft, taxKeys } from './from-invoice.ts'
import type { Comprobante, Concepto, ConceptoTraslado, Pago } from './model.ts'
import { zoneOf } from './zones.ts'

/** The invoice with its amounts as the CFDI will have them: what is shown, charged, and handed to a provider that seals. Throws what `fromInvoice` throws. */
export function withInvoiceTotals (draft: InvoiceDraft): Invoice {
  const comprobante = fromInvoice(draft)
  const { Conceptos, Complemento } = comprobante
  const { TrasladosLocales = [], RetencionesLocales = [] } = Complemento?.ImpuestosLocales ?? {}
  const local = { charged: TrasladosLocales.map(({ Importe }) => Importe), withheld: RetencionesLocales.map(({ Importe }) => Importe) }
  const { localTaxes, lines, issuedAt, ...rest } = draft
  return {
    ...rest,
    issuedAt: new Date(issuedAt),
    lines: lines.map(({ mx, ...line }, index): InvoiceLine => ({
      ...line,
      ...Conceptos[index] !== undefined && draft.kind !== 'payment_receipt' && { amount: Conceptos[index].Importe },
      taxes: amountsOf(line.taxes, Conceptos[index]),
      ...mx !== undefined && { mx: { ...mx, taxObject: Conceptos[index]?.ObjetoImp ?? '01' } }
    })),
    ...localTaxes !== undefined && { localTaxes: localTaxes.map(tax => ({ ...tax, amount: (tax.withheld === true ? local.withheld : local.charged).shift()! })) },
    mx: {
      ...rest.mx,
      // Whose clocks Fecha shows: a provider that seals has to be told.
      zone: rest.mx?.zone ?? zoneOf(comprobante.LugarExpedicion) ?? 'America/Mexico_City',
      ...rest.mx?.payments !== undefined && { payments: paymentsOf(rest.mx.payments, Complemento?.Pagos?.Pago ?? []) }
    },
    totals: totalsOf(comprobante)
  }
}

/** Each payment with its amount, and what it leaves of each document with its share of the taxes, as the complement will have them. */
function paymentsOf (payments: readonly MxPayment[], made: readonly Pago[]): MxPayment[] {
  return payments.map((payment, index) => ({
    ...payment,
    ...made[index] !== undefined && { amount: made[index].Monto },
    documents: payment.documents.map((document, at) => {
      const told = made[index]?.DoctoRelacionado[at]
      if (told === undefined) return document
      const { RetencionesDR = [], TrasladosDR = [] } = told.ImpuestosDR ?? {}
      const shares = [...TrasladosDR.map(tax => ({ ...tax, withheld: false })), ...RetencionesDR.map(tax => ({ ...tax, withheld: true }))]
      return {
        ...document,
        taxObject: told.ObjetoImpDR,
        remaining: told.ImpSaldoInsoluto,
        ...told.EquivalenciaDR !== undefined && { equivalence: told.EquivalenciaDR },
        share: shares.map(({ BaseDR, ImpuestoDR, TipoFactorDR, TasaOCuotaDR, ImporteDR, withheld }) => ({
          tax: ImpuestoDR, factor: TipoFactorDR, base: BaseDR, withheld, ...TasaOCuotaDR !== undefined && { rate: TasaOCuotaDR }, ...ImporteDR !== undefined && { amount: ImporteDR }
        }))
      }
    })
  }))
}

export function totalsOf ({ SubTotal, Descuento = '0', Total, Impuestos, Complemento }: Comprobante): Invoice['totals'] {
  const places = SubTotal.split('.')[1]?.length ?? 0
  const local = Complemento?.ImpuestosLocales
  const add = (...amounts: (string | undefined)[]): string => fixed(sum(amounts.map(amount => new Decimal(amount ?? 0))), places)
  return {
    subtotal: SubTotal,
    discount: add(Descuento),
    taxes: add(Impuestos?.TotalImpuestosTrasladados, local?.TotaldeTraslados),
    withheld: add(Impuestos?.TotalImpuestosRetenidos, local?.TotaldeRetenciones),
    total: Total
  }
}

/** In the order of the line: charged and withheld ones stand apart in the CFDI, each in that order, without those of base zero. */
function amountsOf (taxes: InvoiceDraft['lines'][number]['taxes'], concepto: Concepto | undefined): InvoiceLine['taxes'] {
  const left: { charged: ConceptoTraslado[], withheld: ConceptoTraslado[] } = { charged: [...concepto?.Impuestos?.Traslados ?? []], withheld: [...concepto?.Impuestos?.Retenciones ?? []] }
  return taxes.map(tax => {
    const list = tax.withheld === true ? left.withheld : left.charged
    const [next] = list
    const same = next !== undefined && next.Impuesto === taxKeys[tax.type.toUpperCase()] && (next.TipoFactor === 'Exento') === (tax.exempt ?? false)
    if (!same) return { ...tax, base: '0', amount: '0' }
    list.shift()
    return { ...tax, base: next.Base, amount: next.Importe ?? '0' }
  })
}

/** In what a CFDI that a provider made differs from the invoice that was asked for, in the words of the CFDI; none when it is the one. */
export function differences (asked: InvoiceDraft, made: Comprobante): string[] {
  const expected = fromInvoice(asked)
  const same = (a: string | undefined, b: string | undefined): boolean => a === b || (a !== undefined && b !== undefined && /^\d+(\.\d+)?$/.test(a) && /^\d+(\.\d+)?$/.test(b) && new Decimal(a).equals(b))
  const pairs: readonly (readonly [string, string | undefined, string | undefined])[] = [
    ['TipoDeComprobante', expected.TipoDeComprobante, made.TipoDeComprobante],
    ['Emisor.Rfc', expected.Emisor.Rfc, made.Emisor?.Rfc],
    ['Receptor.Rfc', expected.Receptor.Rfc, made.Receptor?.Rfc],
    ['Moneda', expected.Moneda, made.Moneda],
    ['SubTotal', expected.SubTotal, made.SubTotal],
    ['Descuento', expected.Descuento ?? '0', made.Descuento ?? '0'],
    ['Total', expected.Total, made.Total]
  ]
  return pairs.filter(([, a, b]) => !same(a, b)).map(([name]) => name)
}
