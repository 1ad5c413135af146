import t from 'tap'
import { refusal } from './fixtures/refusal.ts'
import { nextInstalment, type PagoDraft, pagosOf, paymentReceipt, taxesOf } from './pagos.ts'
import { withTotals } from './totals.ts'

const on = '2026-07-01'
const invoice = withTotals({
  Fecha: '2026-06-01T12:00:00',
  Moneda: 'MXN',
  TipoDeComprobante: 'I',
  Exportacion: '01',
  LugarExpedicion: '06000',
  Emisor: { Rfc: 'EKU9003173C9', Nombre: 'X', RegimenFiscal: '601' },
  Receptor: { Rfc: 'COSC8001137NA', Nombre: 'Y', DomicilioFiscalReceptor: '06000', RegimenFiscalReceptor: '612', UsoCFDI: 'G03' },
  Conceptos: [
    { ClaveProdServ: '01010101', Cantidad: '1', ClaveUnidad: 'H87', Descripcion: 'x', ValorUnitario: '1000', ObjetoImp: '02', Impuestos: { Traslados: [{ Impuesto: '002', TipoFactor: 'Tasa', TasaOCuota: '0.16' }], Retenciones: [{ Impuesto: '001', TipoFactor: 'Tasa', TasaOCuota: '0.1' }] } },
    { ClaveProdServ: '01010101', Cantidad: '1', ClaveUnidad: 'H87', Descripcion: 'y', ValorUnitario: '500', ObjetoImp: '02', Impuestos: { Traslados: [{ Impuesto: '002', TipoFactor: 'Exento' }] } }
  ]
})
const document = (more = {}) => ({ IdDocumento: '62B00C5E-4187-4336-B569-44E0030DC729', MonedaDR: 'MXN', NumParcialidad: 1, ImpSaldoAnt: '1560.00', ImpPagado: '1560.00', taxes: taxesOf(invoice), ...more })
const payment = (documents: PagoDraft['DoctoRelacionado'], more: Partial<PagoDraft> = {}): PagoDraft => ({ FechaPago: '2026-07-01T12:00:00', FormaDePagoP: '03', MonedaP: 'MXN', DoctoRelacionado: documents, ...more })

t.test('paid at once: the taxes of the invoice as they are', async t => {
  t.equal(invoice.Total, '1560.00')
  t.same(pagosOf([payment([document()])], { on }), {
    Version: '2.0',
    Totales: { TotalRetencionesISR: '100.00', TotalTrasladosBaseIVA16: '1000.00', TotalTrasladosImpuestoIVA16: '160.00', TotalTrasladosBaseIVAExento: '500.00', MontoTotalPagos: '1560.00' },
    Pago: [{
      FechaPago: '2026-07-01T12:00:00', FormaDePagoP: '03', MonedaP: 'MXN', TipoCambioP: '1', Monto: '1560.00',
      DoctoRelacionado: [{
        IdDocumento: '62B00C5E-4187-4336-B569-44E0030DC729', MonedaDR: 'MXN', EquivalenciaDR: '1', NumParcialidad: '1', ImpSaldoAnt: '1560.00', ImpPagado: '1560.00', ImpSaldoInsoluto: '0.00', ObjetoImpDR: '02',
        ImpuestosDR: {
          RetencionesDR: [{ BaseDR: '1000.00', ImpuestoDR: '001', TipoFactorDR: 'Tasa', TasaOCuotaDR: '0.100000', ImporteDR: '100.00' }],
          TrasladosDR: [{ BaseDR: '1000.00', ImpuestoDR: '002', TipoFactorDR: 'Tasa', TasaOCuotaDR: '0.160000', ImporteDR: '160.00' }, { BaseDR: '500.00', ImpuestoDR: '002', TipoFactorDR: 'Exento' }]
        }
      }],
      ImpuestosP: {
        RetencionesP: [{ ImpuestoP: '001', ImporteP: '100.00' }],
        TrasladosP: [{ BaseP: '1000.00', ImpuestoP: '002', TipoFactorP: 'Tasa', TasaOCuotaP: '0.160000', ImporteP: '160.00' }, { BaseP: '500.00', ImpuestoP: '002', TipoFactorP: 'Exento' }]
      }
    }]
  })
})

t.test('paid in parts: balances follow each other, and the shares of all parts are the whole tax to a cent', async t => {
  const parts = ['500', '333.33', '700.01', '26.66']
  const paid: string[] = []
  let base = 0
  for (const [index, amount] of parts.entries()) {
    const next = nextInstalment('1560.00', paid)
    t.equal(next.NumParcialidad, index + 1)
    const [made] = pagosOf([payment([document({ ...next, ImpPagado: amount })])], { on }).Pago[0]!.DoctoRelacionado
    paid.push(amount)
    base += Number(made!.ImpuestosDR!.TrasladosDR![0]!.BaseDR)
    t.equal(Number(made!.ImpSaldoAnt) - Number(amount) - Number(made!.ImpSaldoInsoluto) < 1e-9, true)
  }
  t.same(nextInstalment('1560.00', paid), { NumParcialidad: 5, ImpSaldoAnt: '0.00' })
  t.ok(Math.abs(base - 1000) < 0.00001, `${base}`)
})

t.test('an invoice in another currency than the payment', async t => {
  const dollars = document({ MonedaDR: 'USD', TipoCambioDR: '20', ImpSaldoAnt: '100', ImpPagado: '50', taxes: { total: '116.00', traslados: [{ Base: '100.00', Impuesto: '002', TipoFactor: 'Tasa', TasaOCuota: '0.160000' }], retenciones: [] } })
  const made = pagosOf([payment([dollars, document({ ImpPagado: '60', taxes: undefined })])], { on })
  t.match(made.Pago[0], {
    Monto: '1060.00',
    DoctoRelacionado: [{ EquivalenciaDR: '0.0500000000', ImpSaldoInsoluto: '50.00', ImpuestosDR: { TrasladosDR: [{ BaseDR: '43.103448', ImporteDR: '6.896552' }] } }, { EquivalenciaDR: '1', ObjetoImpDR: '01', ImpuestosDR: undefined }],
    ImpuestosP: { TrasladosP: [{ BaseP: '862.06896', ImporteP: '137.93104' }] }
  })
  t.match(made.Totales, { TotalTrasladosBaseIVA16: '862.07', TotalTrasladosImpuestoIVA16: '137.93', MontoTotalPagos: '1060.00' })
  t.equal(pagosOf([payment([dollars])], { on, equivalenceDecimals: 6 }).Pago[0]!.DoctoRelacionado[0]!.EquivalenciaDR, '0.050000')
})

t.test('a payment in dollars is told in pesos, and its amount is never below what it paid', async t => {
  const made = pagosOf([payment([document({ ImpPagado: '100' })], { MonedaP: 'USD', TipoCambioP: '17.5555' })], { on })
  t.equal(made.Pago[0]!.DoctoRelacionado[0]!.EquivalenciaDR, '17.5555000000')
  t.equal(made.Pago[0]!.Monto, '5.70', '5.6962 is rounded up')
  t.equal(made.Totales.MontoTotalPagos, '100.07')
  t.equal(pagosOf([payment([document({ ImpPagado: '100' })], { MonedaP: 'USD', TipoCambioP: '17.5555', Monto: '6' })], { on }).Pago[0]!.Monto, '6.00')
})

t.test('what cannot be is refused', async t => {
  const path = 'Complemento.Pagos.Pago[0].DoctoRelacionado[0]'
  t.equal(refusal(() => pagosOf([payment([document({ ImpPagado: '1560.01' })])], { on })), `value_invalid ${path}.ImpPagado`)
  t.equal(refusal(() => pagosOf([payment([document({ MonedaDR: 'USD' })])], { on })), `value_invalid ${path}.EquivalenciaDR`)
  t.equal(refusal(() => pagosOf([payment([document()], { MonedaP: 'USD' })], { on })), `value_invalid ${path}.EquivalenciaDR`, 'without its exchange rate')
})

t.test('the receipt has the constants of the law', async t => {
  const { Emisor, Receptor, LugarExpedicion } = invoice
  const { Complemento, ...receipt } = paymentReceipt({ Fecha: '2026-07-01T12:00:00', LugarExpedicion, Emisor, Receptor, payments: [payment([document()])] })
  t.same(receipt, {
    Fecha: '2026-07-01T12:00:00', LugarExpedicion, Emisor, Receptor: { ...Receptor, UsoCFDI: 'CP01' }, Version: '4.0', TipoDeComprobante: 'P', SubTotal: '0', Moneda: 'XXX', Total: '0', Exportacion: '01',
    Conceptos: [{ ClaveProdServ: '84111506', Cantidad: '1', ClaveUnidad: 'ACT', Descripcion: 'Pago', ValorUnitario: '0', Importe: '0', ObjetoImp: '01' }]
  })
  t.equal(Complemento!.Pagos!.Pago.length, 1)
})
