import type { InvoiceDraft } from '../core/fiscal/mx/from-invoice.ts'

export const sampleIssuer = { rfc: 'EKU9003173C9', name: 'ESCUELA KEMPER URGATE' }
export const sampleAt = new Date('2026-07-01T18:00:00Z')

/** The invoice that the benchmarks build, validate and issue: so many lines with IVA and a withheld ISR. */
export const sampleInvoice = (lines = 3): InvoiceDraft => ({
  reference: 'inv_bench',
  country: 'MX',
  kind: 'invoice',
  series: 'A',
  number: '1',
  issuedAt: sampleAt,
  issuer: { name: sampleIssuer.name, taxId: sampleIssuer.rfc, address: { postalCode: '26015' }, mx: { regime: '601' } },
  customer: { name: 'XOCHILT CASAS CHAVEZ', taxId: 'CACX7605101P8', address: { postalCode: '36257' }, mx: { regime: '612', cfdiUse: 'G03' } },
  currency: 'MXN',
  payment: { method: 'PUE', form: '03' },
  lines: Array.from({ length: lines }, (_, index) => ({
    description: `Café de altura & chocolate «Ñandú» ${index}`,
    quantity: String(index + 1),
    unitPrice: '123.45',
    taxes: [{ type: 'IVA', rate: '0.16' }, { type: 'ISR', rate: '0.0125', withheld: true }],
    mx: { productKey: '50201706', unitKey: 'H87' }
  }))
})
