import type { Invoice, InvoiceLine } from '../../adapter/invoicing.ts'
import { taxKeys } from './from-invoice.ts'
import type { Comprobante, Concepto } from './model.ts'
import { totalsOf } from './to-invoice.ts'
import { instantOf, zoneOf } from './zones.ts'

const names: Readonly<Record<string, string>> = Object.fromEntries(Object.entries(taxKeys).filter(([name]) => !/^\d/.test(name)).map(([name, key]) => [key, name]))

/** The unified invoice of an ingreso or egreso that another system made; undefined for the other kinds. */
export function invoiceOf (comprobante: Comprobante, reference: string): Invoice | undefined {
  const { TipoDeComprobante, Emisor, Receptor, LugarExpedicion, InformacionGlobal, CfdiRelacionados = [], Conceptos, Fecha } = comprobante
  if (TipoDeComprobante !== 'I' && TipoDeComprobante !== 'E') return undefined
  const zone = zoneOf(LugarExpedicion) ?? 'America/Mexico_City'
  const { Serie, Folio, TipoCambio, MetodoPago, FormaPago, CondicionesDePago } = comprobante
  return {
    reference,
    country: 'MX',
    kind: InformacionGlobal !== undefined ? 'global_invoice' : TipoDeComprobante === 'E' ? 'credit_note' : 'invoice',
    ...(Serie !== undefined && { series: Serie }),
    ...(Folio !== undefined && { number: Folio }),
    issuedAt: instantOf(Fecha, zone),
    issuer: { name: Emisor.Nombre, taxId: Emisor.Rfc, address: { postalCode: LugarExpedicion, country: 'MX' }, mx: { regime: Emisor.RegimenFiscal } },
    customer: {
      name: Receptor.Nombre,
      taxId: Receptor.Rfc,
      address: { postalCode: Receptor.DomicilioFiscalReceptor },
      mx: { regime: Receptor.RegimenFiscalReceptor, cfdiUse: Receptor.UsoCFDI, ...(Receptor.ResidenciaFiscal !== undefined && { residence: Receptor.ResidenciaFiscal }), ...(Receptor.NumRegIdTrib !== undefined && { foreignTaxId: Receptor.NumRegIdTrib }) }
    },
    currency: comprobante.Moneda,
    ...(TipoCambio !== undefined && comprobante.Moneda !== 'MXN' && { exchangeRate: TipoCambio }),
    lines: Conceptos.map(lineOf),
    totals: totalsOf(comprobante),
    payment: { ...(MetodoPago !== undefined && { method: MetodoPago }), ...(FormaPago !== undefined && { form: FormaPago }), ...(CondicionesDePago !== undefined && { conditions: CondicionesDePago }) },
    ...(CfdiRelacionados.length > 0 && { related: CfdiRelacionados.flatMap(({ TipoRelacion, CfdiRelacionado }) => CfdiRelacionado.map(({ UUID }) => ({ type: TipoRelacion, fiscalId: UUID }))) }),
    mx: {
      export: comprobante.Exportacion,
      postalCode: LugarExpedicion,
      zone,
      ...(InformacionGlobal !== undefined && { global: { periodicity: InformacionGlobal.Periodicidad, months: InformacionGlobal.Meses, year: Number(InformacionGlobal.Año) } })
    }
  }
}

function lineOf ({ Descripcion, Cantidad, ValorUnitario, Importe, Descuento, NoIdentificacion, Unidad, ClaveProdServ, ClaveUnidad, ObjetoImp, Impuestos }: Concepto): InvoiceLine {
  const taxes = [...(Impuestos?.Traslados ?? []).map(tax => ({ ...tax, withheld: false })), ...(Impuestos?.Retenciones ?? []).map(tax => ({ ...tax, withheld: true }))]
  return {
    description: Descripcion,
    quantity: Cantidad,
    unitPrice: ValorUnitario,
    amount: Importe,
    ...(Descuento !== undefined && { discount: Descuento }),
    ...(NoIdentificacion !== undefined && { sku: NoIdentificacion }),
    ...(Unidad !== undefined && { unit: Unidad }),
    taxes: taxes.map(({ Impuesto, TipoFactor, TasaOCuota = '0', Base, Importe: amount = '0', withheld }) => ({
      type: names[Impuesto] ?? Impuesto, rate: TasaOCuota, base: Base, amount, ...(withheld && { withheld }), ...(TipoFactor === 'Exento' && { exempt: true }), ...(TipoFactor === 'Cuota' && { quota: true })
    })),
    mx: { productKey: ClaveProdServ, unitKey: ClaveUnidad, taxObject: ObjetoImp }
  }
}
