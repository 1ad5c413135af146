import t from 'tap'
import { buildCfdi } from './build.ts'
import { refusal } from './fixtures/refusal.ts'
import { documentTaxes, fromInvoice, type InvoiceDraft } from './from-invoice.ts'
import { comprobanteOfJson } from './invoice-file.ts'
import { validateCfdi } from './rules/validate.ts'
import { differences, withInvoiceTotals } from './to-invoice.ts'

const issuedAt = new Date('2026-07-01T06:30:00Z')
const invoice = (more: Partial<InvoiceDraft> = {}): InvoiceDraft => ({
  reference: 'inv_1',
  country: 'MX',
  kind: 'invoice',
  series: 'A',
  number: '7',
  issuedAt,
  issuer: { name: 'ESCUELA KEMPER URGATE', taxId: 'EKU9003173C9', address: { postalCode: '22000' }, mx: { regime: '601' } },
  customer: { name: 'XOCHILT CASAS CHAVEZ', taxId: 'CACX7605101P8', address: { postalCode: '36257' }, mx: { regime: '612', cfdiUse: 'G03' } },
  currency: 'MXN',
  payment: { method: 'PUE', form: '03' },
  lines: [{ description: 'Café', quantity: '2', unitPrice: '50', taxes: [{ type: 'IVA', rate: '0.16' }, { type: 'isr', rate: '0.1', withheld: true }], sku: 'C-1', unit: 'Pieza', mx: { productKey: '50201706', unitKey: 'H87' } }],
  ...more
})
const errorsOf = (draft: InvoiceDraft): string[] => validateCfdi(fromInvoice(draft), { now: issuedAt }).filter(({ level }) => level === 'error').map(({ code, message }) => `${code} ${message.en}`)
const publicCustomer = { name: 'CLIENTE', taxId: 'XAXX010101000' }

t.test('an invoice becomes a CFDI that breaks no rule', async t => {
  const made = fromInvoice(invoice())
  t.match(made, {
    Version: '4.0', Serie: 'A', Folio: '7', Fecha: '2026-06-30T23:30:00', FormaPago: '03', SubTotal: '100.00', Moneda: 'MXN', Total: '106.00', TipoDeComprobante: 'I', Exportacion: '01', MetodoPago: 'PUE', LugarExpedicion: '22000',
    Emisor: { Rfc: 'EKU9003173C9', Nombre: 'ESCUELA KEMPER URGATE', RegimenFiscal: '601' },
    Receptor: { Rfc: 'CACX7605101P8', DomicilioFiscalReceptor: '36257', RegimenFiscalReceptor: '612', UsoCFDI: 'G03' },
    Conceptos: [{ ClaveProdServ: '50201706', NoIdentificacion: 'C-1', Unidad: 'Pieza', ObjetoImp: '02', Importe: '100.00', Impuestos: { Traslados: [{ TasaOCuota: '0.160000' }], Retenciones: [{ Impuesto: '001', Importe: '10.00' }] } }],
    Impuestos: { TotalImpuestosRetenidos: '10.00', TotalImpuestosTrasladados: '16.00' }
  })
  t.equal(made.TipoCambio, undefined)
  t.same(errorsOf(invoice()), [])
})

t.test('each kind has its form', async t => {
  t.match(fromInvoice(invoice({ payment: { method: 'PPD' } })), { MetodoPago: 'PPD', FormaPago: '99' })
  const related = [{ type: '01', fiscalId: '62B00C5E-4187-4336-B569-44E0030DC729' }, { type: '', fiscalId: '62B00C5E-4187-4336-B569-44E0030DC730' }, { type: '03', fiscalId: '62B00C5E-4187-4336-B569-44E0030DC731' }]
  const note = fromInvoice(invoice({ kind: 'credit_note', related, customer: { ...invoice().customer, mx: { regime: '612' } } }))
  t.match(note, { TipoDeComprobante: 'E', Receptor: { UsoCFDI: 'G02' } })
  t.same(note.CfdiRelacionados!.map(({ TipoRelacion, CfdiRelacionado }) => [TipoRelacion, CfdiRelacionado.length]), [['01', 2], ['03', 1]])
  t.match(fromInvoice(invoice({ kind: 'debit_note', related: [{ type: '', fiscalId: 'x' }] })), { TipoDeComprobante: 'I', CfdiRelacionados: [{ TipoRelacion: '02' }] })
  t.match(fromInvoice(invoice({ currency: 'USD', exchangeRate: '17.5' })), { Moneda: 'USD', TipoCambio: '17.5' })

  const transfer = fromInvoice(invoice({ kind: 'transfer', customer: { ...invoice().issuer }, lines: [{ ...invoice().lines[0]!, unitPrice: '0', taxes: [] }] }))
  t.match(transfer, { TipoDeComprobante: 'T', Moneda: 'XXX', SubTotal: '0', Total: '0', Receptor: { UsoCFDI: 'S01' } })
  t.same([transfer.MetodoPago, transfer.FormaPago, transfer.Impuestos], [undefined, undefined, undefined])
  t.equal(refusal(() => fromInvoice(invoice({ kind: 'withholding' }))), 'kind_not_built kind')
})

t.test('a global invoice has the SAT’s constants for each ticket', async t => {
  const made = fromInvoice(invoice({
    kind: 'global_invoice', customer: publicCustomer, mx: { global: { periodicity: '04', months: '06', year: 2026 } }, lines: [{ description: 'da igual', quantity: '1', unitPrice: '10', sku: 'T-1', taxes: [{ type: 'IVA', rate: '0.16' }] }]
  }))
  t.match(made, {
    InformacionGlobal: { Periodicidad: '04', Meses: '06', Año: '2026' },
    Receptor: { Rfc: 'XAXX010101000', Nombre: 'PUBLICO EN GENERAL', DomicilioFiscalReceptor: '22000', RegimenFiscalReceptor: '616', UsoCFDI: 'S01' },
    Conceptos: [{ ClaveProdServ: '01010101', NoIdentificacion: 'T-1', Cantidad: '1', ClaveUnidad: 'ACT', Descripcion: 'Venta' }]
  })
})

t.test('who has no RFC lives where the invoice is made', async t => {
  t.same(errorsOf(invoice({ customer: publicCustomer })), [])
  t.match(fromInvoice(invoice({ customer: { name: 'ACME INC', taxId: 'XEXX010101000', mx: { residence: 'USA', foreignTaxId: '123456789' } } })).Receptor,
    { DomicilioFiscalReceptor: '22000', ResidenciaFiscal: 'USA', NumRegIdTrib: '123456789', RegimenFiscalReceptor: '616', UsoCFDI: 'S01' })
})

t.test('what the invoice does not say is left for the rules to name', async t => {
  const bare = invoice({ customer: { name: 'X', taxId: 'CACX7605101P8' } })
  const codes = errorsOf(bare).map(text => text.split(' ')[0])
  t.ok(codes.length > 0, codes.join())
  t.equal(refusal(() => buildCfdi(fromInvoice(bare))), 'structure Receptor.DomicilioFiscalReceptor', 'and it is not built')
})

t.test('a line that is free owes no tax; one of a third party, from abroad, of a house', async t => {
  const [line] = invoice().lines as [InvoiceDraft['lines'][number]]
  const [free, other] = fromInvoice(invoice({
    lines: [{ ...line, discount: '100' }, { ...line, mx: { productKey: '80131500', unitKey: 'E48', thirdParty: { taxId: 'SORC591116FJ6', name: 'T', regime: '612', postalCode: '06000' }, customs: ['10 47 3807 8003832'], property: ['123'] } }]
  })).Conceptos
  t.match(free, { ObjetoImp: '04', Impuestos: undefined })
  t.match(other, { ACuentaTerceros: { RfcACuentaTerceros: 'SORC591116FJ6' }, InformacionAduanera: [{ NumeroPedimento: '10  47  3807  8003832' }], CuentaPredial: [{ Numero: '123' }] })
  t.equal(refusal(() => fromInvoice(invoice({ lines: [{ ...line, taxes: [{ type: 'ISH', rate: '0.03' }] }] }))), 'tax_not_supported lines[0].taxes[0].type')
})

t.test('the invoice comes back with its amounts, and gives the same CFDI from then on', async t => {
  const draft = invoice({
    localTaxes: [{ name: 'ISH', rate: '0.03' }, { name: '5 al millar', rate: '0.005', withheld: true }],
    lines: [
      { description: 'a', quantity: '1.5', unitPrice: '33.33', discount: '1', taxes: [{ type: 'IEPS', rate: '0.08' }, { type: 'IVA', rate: '0.16', base: '52.92' }, { type: 'ISR', rate: '0.0125', withheld: true }], mx: { productKey: '50201706', unitKey: 'H87' } },
      { description: 'b', quantity: '3', unitPrice: '7', taxes: [{ type: 'IVA', rate: '0', exempt: true }, { type: 'IEPS', rate: '6.4555', quota: true }], mx: { productKey: '50201706', unitKey: 'LTR' } },
      { description: 'c', quantity: '1', unitPrice: '7', discount: '7', taxes: [{ type: 'IVA', rate: '0.16' }], mx: { productKey: '50201706', unitKey: 'H87' } }
    ]
  })
  const made = withInvoiceTotals(draft)
  t.same(made.lines.map(({ taxes }) => taxes.map(({ base, amount }) => [base, amount])), [[['49.00', '3.92'], ['52.92', '8.47'], ['49.00', '0.61']], [['21.00', '0'], ['3.00', '19.37']], [['0', '0']]])
  t.same(made.localTaxes!.map(({ amount }) => amount), ['2.10', '0.35'])
  t.same(made.totals, { subtotal: '78.00', discount: '8.00', taxes: '33.86', withheld: '0.96', total: '102.90' })
  t.same(made.lines.map(({ mx }) => mx!.taxObject), ['02', '02', '04'])
  const kept = JSON.parse(JSON.stringify(made)) as InvoiceDraft
  t.same(fromInvoice(kept), fromInvoice(draft), 'also when it was kept as JSON')
  t.same(differences(kept, fromInvoice(draft)), [])
  t.same(differences(kept, { ...fromInvoice(draft), Total: '102.91', Receptor: { ...fromInvoice(draft).Receptor, Rfc: 'X' } }), ['Receptor.Rfc', 'Total'])
  t.same(differences(kept, { ...fromInvoice(draft), Total: '102.9' }), [], 'a zero at the end is no difference')
})

t.test('a payment receipt carries the share of the invoice’s taxes', async t => {
  const paid = fromInvoice(invoice({ payment: { method: 'PPD' } }))
  const receipt = invoice({
    kind: 'payment_receipt',
    lines: [],
    mx: { payments: [{ paidAt: '2026-07-01T06:00:00Z', form: '03', currency: 'MXN', operationNumber: '42', documents: [{ fiscalId: '62B00C5E-4187-4336-B569-44E0030DC729', series: 'A', number: '7', currency: 'MXN', part: 1, balance: paid.Total, amount: '53', taxes: documentTaxes(paid) }] }] }
  })
  t.match(fromInvoice(receipt), {
    TipoDeComprobante: 'P', Receptor: { UsoCFDI: 'CP01' },
    Complemento: {
      Pagos: {
        Totales: { TotalRetencionesISR: '5.00', TotalTrasladosBaseIVA16: '50.00', TotalTrasladosImpuestoIVA16: '8.00', MontoTotalPagos: '53.00' },
        Pago: [{ FechaPago: '2026-06-30T23:00:00', NumOperacion: '42', DoctoRelacionado: [{ ImpSaldoInsoluto: '53.00', Serie: 'A', Folio: '7' }] }]
      }
    }
  })
  t.same(errorsOf(receipt), [])
  t.same(withInvoiceTotals(receipt).totals, { subtotal: '0', discount: '0', taxes: '0', withheld: '0', total: '0' })
})

t.test('an invoice in a file: the body of the API, or the SAT’s own words', async t => {
  const body = {
    country: 'MX',
    issuer: { name: 'ESCUELA KEMPER URGATE', tax_id: 'EKU9003173C9', address: { postal_code: '22000' }, mx: { regime: '601' } },
    customer: { name: 'XOCHILT CASAS CHAVEZ', tax_id: 'CACX7605101P8', address: { postal_code: '36257' }, mx: { regime: '612', cfdi_use: 'G03' } },
    series: 'A',
    number: '7',
    payment: { form: '03' },
    lines: [{ description: 'Café', quantity: '2', unit_price: '50', sku: 'C-1', unit: 'Pieza', taxes: [{ type: 'IVA', rate: '0.16' }, { type: 'ISR', rate: '0.1', withheld: true }], mx: { product_key: '50201706', unit_key: 'H87' } }]
  }
  const read = (given: unknown) => comprobanteOfJson(JSON.stringify(given), { at: issuedAt })
  t.same(read(body), fromInvoice(invoice()))
  t.equal(read({ ...body, issued_at: '2026-01-01T12:00:00-08:00' }).Fecha, '2026-01-01T12:00:00')
  const made = fromInvoice(invoice())
  t.same(read(made), JSON.parse(JSON.stringify(made)))
  const { SubTotal, Total, Impuestos, Fecha, ...rest } = made
  t.equal(read(rest).Total, Total, 'amounts that are missing are computed')
  t.equal(read(rest).Fecha, Fecha)
  t.equal(refusal(() => comprobanteOfJson('{', { at: issuedAt })), 'structure')
  t.equal(refusal(() => comprobanteOfJson('[]', { at: issuedAt })), 'structure')
  t.equal(refusal(() => read({ ...body, linez: [] })), 'structure linez')
  t.equal(refusal(() => read({ ...body, issuer: undefined })), 'structure issuer')
  t.equal(refusal(() => read({ ...body, kind: 'otra' })), 'structure kind')
  t.equal(refusal(() => read({ ...body, lines: [{ ...body.lines[0], quantity: 2 }] })), 'structure lines[0].quantity')
  t.equal(refusal(() => read({ ...body, lines: [{ ...body.lines[0], quantity: '1,5' }] })), 'value_invalid Conceptos[0].Cantidad')
  t.equal(refusal(() => read({ ...body, issued_at: 'ayer' })), 'value_invalid issued_at')
  t.equal(refusal(() => read({ TipoDeComprobante: 'I', Conceptos: [{}] })), 'structure Moneda')
})
