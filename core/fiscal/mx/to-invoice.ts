import type { Invoice, InvoiceLine } from '../../adapter/invoicing.ts'
import { Decimal, fixed, sum } from '../decimal.ts'
import { fromInvoice, type InvoiceDraft, taxKeys } from './from-invoice.ts'
import type { Comprobante, Concepto, ConceptoTraslado } from './model.ts'

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
      taxes: amountsOf(line.taxes, Conceptos[index]),
      ...mx !== undefined && { mx: { ...mx, taxObject: Conceptos[index]?.ObjetoImp ?? '01' } }
    })),
    ...localTaxes !== undefined && { localTaxes: localTaxes.map(tax => ({ ...tax, amount: (tax.withheld === true ? local.withheld : local.charged).shift()! })) },
    totals: totalsOf(comprobante)
  }
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
