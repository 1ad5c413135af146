import assert from 'node:assert/strict'
import fc from 'fast-check'
import t from 'tap'
import { comprobantes, receipts, transfers } from './fixtures/arbitrary.ts'
import { refusal } from './fixtures/refusal.ts'
import type { Comprobante } from './model.ts'
import { validateCfdi } from './rules/validate.ts'
import { type ComprobanteDraft, type ConceptoDraft, type TaxDraft, withTotals } from './totals.ts'

const iva: TaxDraft = { Impuesto: '002', TipoFactor: 'Tasa', TasaOCuota: '0.16' }
const exempt: TaxDraft = { Impuesto: '002', TipoFactor: 'Exento' }

const line = (more: Partial<ConceptoDraft> = {}): ConceptoDraft => ({ ClaveProdServ: '01010101', Cantidad: '1', ClaveUnidad: 'H87', Descripcion: 'x', ValorUnitario: '100', ObjetoImp: '02', Impuestos: { Traslados: [iva] }, ...more })

const draft = (lines: ConceptoDraft[], more: Partial<ComprobanteDraft> = {}): ComprobanteDraft => ({
  Fecha: '2026-07-01T12:00:00',
  Moneda: 'MXN',
  TipoDeComprobante: 'I',
  Exportacion: '01',
  LugarExpedicion: '06000',
  Emisor: { Rfc: 'EKU9003173C9', Nombre: 'X', RegimenFiscal: '601' },
  Receptor: { Rfc: 'COSC8001137NA', Nombre: 'Y', DomicilioFiscalReceptor: '06000', RegimenFiscalReceptor: '612', UsoCFDI: 'G03' },
  Conceptos: lines,
  ...more
})

const sumsOf = ({ SubTotal, Descuento, Impuestos, Total }: Comprobante) => [SubTotal, Descuento, Impuestos?.TotalImpuestosTrasladados, Impuestos?.TotalImpuestosRetenidos, Total]

t.test('each line is rounded to the currency and then added up, or kept with six decimals', async t => {
  const lines = [1, 2, 3].map(() => line({ Cantidad: '1', ValorUnitario: '0.335' }))
  t.same(sumsOf(withTotals(draft(lines))), ['1.02', undefined, '0.15', undefined, '1.17'])
  const six = withTotals(draft(lines), { rounding: 'six' })
  t.same(sumsOf(six), ['1.01', undefined, '0.16', undefined, '1.17'])
  t.match(six.Conceptos[0], { Importe: '0.335000', Impuestos: { Traslados: [{ Base: '0.335000', TasaOCuota: '0.160000', Importe: '0.053600' }] } })
})

t.test('half a cent goes up', async t => {
  t.equal(withTotals(draft([line({ ValorUnitario: '1.005', Impuestos: {} })])).SubTotal, '1.01')
  t.equal(withTotals(draft([line({ ValorUnitario: '0.1', Cantidad: '0.25', Impuestos: {} })])).SubTotal, '0.03')
})

t.test('discounts come off before the taxes', async t => {
  const made = withTotals(draft([line({ Descuento: '10' }), line()]))
  t.same(sumsOf(made), ['200.00', '10.00', '30.40', undefined, '220.40'])
  t.equal(made.Conceptos[0]!.Impuestos!.Traslados![0]!.Base, '90.00')
  t.equal(made.Conceptos[1]!.Descuento, undefined)
})

t.test('withheld taxes are one node for each tax, charged ones for each rate', async t => {
  const made = withTotals(draft([
    line({ Impuestos: { Traslados: [iva], Retenciones: [{ Impuesto: '001', TipoFactor: 'Tasa', TasaOCuota: '0.1' }, { Impuesto: '002', TipoFactor: 'Tasa', TasaOCuota: '0.106667' }] } }),
    line({ Impuestos: { Traslados: [{ ...iva, TasaOCuota: '0.160000' }, { Impuesto: '003', TipoFactor: 'Tasa', TasaOCuota: '0.08' }], Retenciones: [{ Impuesto: '001', TipoFactor: 'Tasa', TasaOCuota: '0.0125' }] } })
  ]))
  t.same(made.Impuestos, {
    TotalImpuestosRetenidos: '21.92',
    TotalImpuestosTrasladados: '40.00',
    Retenciones: [{ Impuesto: '001', Importe: '11.25' }, { Impuesto: '002', Importe: '10.67' }],
    Traslados: [{ Base: '200.00', Impuesto: '002', TipoFactor: 'Tasa', TasaOCuota: '0.160000', Importe: '32.00' }, { Base: '100.00', Impuesto: '003', TipoFactor: 'Tasa', TasaOCuota: '0.080000', Importe: '8.00' }]
  }, '0.16 and 0.160000 are one rate')
  t.equal(made.Total, '218.08')
})

t.test('where all is exempt there is a base and no total', async t => {
  const made = withTotals(draft([line({ Impuestos: { Traslados: [exempt] } })]))
  t.same(made.Impuestos, { Traslados: [{ Base: '100.00', Impuesto: '002', TipoFactor: 'Exento' }] })
  t.equal(made.Total, '100.00')
  t.same(withTotals(draft([line({ Impuestos: { Traslados: [exempt] } }), line()])).Impuestos!.TotalImpuestosTrasladados, '16.00')
})

t.test('a quota is of units; a base may be told', async t => {
  const quota = withTotals(draft([line({ Cantidad: '2.5', Impuestos: { Traslados: [{ Impuesto: '003', TipoFactor: 'Cuota', TasaOCuota: '6.4555' }] } })]))
  t.match(quota.Conceptos[0]!.Impuestos!.Traslados![0], { Base: '2.50', TasaOCuota: '6.455500', Importe: '16.14' })
  const over = withTotals(draft([line({ Impuestos: { Traslados: [{ Impuesto: '003', TipoFactor: 'Tasa', TasaOCuota: '0.08' }, { ...iva, Base: '108' }] } })]))
  t.same(over.Conceptos[0]!.Impuestos!.Traslados!.map(({ Base, Importe }) => [Base, Importe]), [['100.00', '8.00'], ['108.00', '17.28']], 'IVA over IEPS')
})

t.test('a line that is free bears no tax node', async t => {
  const made = withTotals(draft([line({ Descuento: '100' }), line()]))
  t.notOk('Impuestos' in made.Conceptos[0]!)
  t.same(sumsOf(made), ['200.00', '100.00', '16.00', undefined, '116.00'])
})

t.test('each currency has its decimals', async t => {
  t.same(sumsOf(withTotals(draft([line({ ValorUnitario: '99.5' })], { Moneda: 'JPY', TipoCambio: '0.12' }))), ['100', undefined, '16', undefined, '116'])
  t.equal(withTotals(draft([line()], { Moneda: 'KWD', TipoCambio: '58' })).Total, '116.000')
})

t.test('local taxes are of the amount after discount and enter the total', async t => {
  const local = { TrasladosLocales: [{ ImpLocTrasladado: 'ISH', TasadeTraslado: '3' }], RetencionesLocales: [{ ImpLocRetenido: '5 al millar', TasadeRetencion: '0.5' }] }
  const made = withTotals(draft([line({ Descuento: '10' })], { Complemento: { ImpuestosLocales: local } }))
  t.same(made.Complemento!.ImpuestosLocales, {
    version: '1.0',
    TotaldeRetenciones: '0.45',
    TotaldeTraslados: '2.70',
    RetencionesLocales: [{ ImpLocRetenido: '5 al millar', TasadeRetencion: '0.50', Importe: '0.45' }],
    TrasladosLocales: [{ ImpLocTrasladado: 'ISH', TasadeTraslado: '3.00', Importe: '2.70' }]
  })
  t.equal(made.Total, '106.65')
  t.match(withTotals(draft([line()], { Moneda: 'JPY', Complemento: { ImpuestosLocales: local } })), { Total: '118', Complemento: { ImpuestosLocales: { TotaldeTraslados: '3.00', TotaldeRetenciones: '1.00' } } })
})

t.test('what moves or tells of payments has no amounts', async t => {
  const made = withTotals(draft([line({ Impuestos: {} })], { TipoDeComprobante: 'T', Moneda: 'XXX' }))
  t.same([made.SubTotal, made.Total, made.Impuestos, made.Descuento], ['0', '0', undefined, undefined])
})

t.test('what cannot be computed says where', async t => {
  const pathOf = (lines: ConceptoDraft[], more?: Partial<ComprobanteDraft>): string => refusal(() => withTotals(draft(lines, more))).replace('value_invalid ', '')
  for (const text of ['', '-1', '1e3', '1,5', '1.', '.5', ' 1', '1234567890123456789', '0.12345678901']) t.equal(pathOf([line(), line({ Cantidad: text })]), 'Conceptos[1].Cantidad', JSON.stringify(text))
  t.equal(pathOf([line({ Descuento: '100.01' })]), 'Conceptos[0].Descuento')
  t.equal(pathOf([line({ Impuestos: { Retenciones: [{ Impuesto: '001', TipoFactor: 'Tasa' }] } })]), 'Conceptos[0].Impuestos.Retenciones[0].TasaOCuota')
  t.equal(pathOf([line({ Impuestos: { Retenciones: [{ Impuesto: '001', TipoFactor: 'Tasa', TasaOCuota: '2' }] } })]), 'Total', 'a total below zero')
  t.equal(pathOf([line()], { Moneda: 'ABC' }), 'Moneda')
})

/** The rules about sums and products (SAT's matrix): what a PAC would compute again. Those about Parte are the generator's. */
const arithmetic = /^CFDI401(0[789]|1[0129]|6[789])$|^CFDI401(7[89]|8[0-6])$|^CFDI402(0[1-9]|1\d|2[01])$|^CRP202(0\d|1[0-79]|38|4[34]|[56]\d|7\d)$/

t.test('whatever is computed, the SAT’s rules about amounts find nothing in it', async t => {
  await fc.assert(fc.asyncProperty(fc.oneof(comprobantes, receipts, transfers), async comprobante => {
    const broken = validateCfdi(comprobante, { now: new Date('2026-07-02T00:00:00Z') }).filter(({ code, level }) => level === 'error' && arithmetic.test(code))
    assert.deepEqual(broken.map(({ code, path, message }) => `${code} ${path} ${message.en}`), [])
  }), { numRuns: 150 })
  t.pass()
})
