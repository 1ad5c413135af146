import { sign } from 'node:crypto'
import { fromInvoice, type InvoiceDraft } from '../core/fiscal/mx/from-invoice.ts'
import { readSatCertificate } from '../core/fiscal/mx/sat-certificate.ts'
import { sealCfdi } from '../core/fiscal/mx/seal.ts'
import { verifyCfdi } from '../core/fiscal/mx/verify.ts'
import { makeCsd } from '../test/support/csd.ts'
import { closedLoop, type Result, round } from './support.ts'

const invoice: InvoiceDraft = {
  reference: 'inv_bench',
  country: 'MX',
  kind: 'invoice',
  series: 'A',
  number: '1',
  issuedAt: new Date('2026-07-01T18:00:00Z'),
  issuer: { name: 'ESCUELA KEMPER URGATE', taxId: 'EKU9003173C9', address: { postalCode: '26015' }, mx: { regime: '601' } },
  customer: { name: 'XOCHILT CASAS CHAVEZ', taxId: 'CACX7605101P8', address: { postalCode: '36257' }, mx: { regime: '612', cfdiUse: 'G03' } },
  currency: 'MXN',
  payment: { method: 'PUE', form: '03' },
  lines: ['Café de altura & chocolate', 'Servicio de reparto', 'Taza «Ñandú»'].map((description, index) => ({
    description,
    quantity: String(index + 1),
    unitPrice: '123.45',
    taxes: [{ type: 'IVA', rate: '0.16' }, { type: 'ISR', rate: '0.0125', withheld: true }],
    mx: { productKey: '50201706', unitKey: 'H87' }
  }))
}

/** (5) CFDI: how many invoices of three lines are built and sealed in a second, against nothing but the signatures; how many sealed ones are verified. */
export async function cfdi (): Promise<Result[]> {
  const { cer, privateKey } = makeCsd({ rfc: 'EKU9003173C9', name: 'ESCUELA KEMPER URGATE' })
  const certificate = readSatCertificate(cer)
  const signed = (bytes: Uint8Array): Buffer => sign('sha256', bytes, privateKey)
  const model = fromInvoice(invoice)
  const { xml, cadena } = await sealCfdi({ model, certificate, sign: signed })
  const bytes = Buffer.from(cadena)
  const calls = {
    signatures: async () => { signed(bytes) },
    sealed: async () => { await sealCfdi({ model, certificate, sign: signed }) },
    from_invoice: async () => { await sealCfdi({ model: fromInvoice(invoice), certificate, sign: signed }) },
    verified: async () => { verifyCfdi(xml) }
  }
  const perSecond: Record<string, number> = {}
  // Interleaved, so that what else the machine does falls on all alike.
  for (let round = 0; round < 4; round++) {
    for (const [name, call] of Object.entries(calls)) {
      const measured = await closedLoop({ concurrency: 1, seconds: round === 0 ? 0.5 : 1, call })
      if (round > 0) perSecond[name] = (perSecond[name] ?? 0) + measured / 3
    }
  }
  const { signatures, sealed, from_invoice: fromInvoices, verified } = perSecond as Record<keyof typeof calls, number>
  return [{
    name: 'CFDI: build, cadena and seal ÷ signatures',
    baseline: 'RSA-2048 signatures with node:crypto, one after another',
    value: round(sealed / signatures),
    unit: '×',
    aim: '≥ 0.6',
    detail: { signatures_per_second: round(signatures, 0), sealed_per_second: round(sealed, 0), computed_and_sealed_per_second: round(fromInvoices, 0), verified_per_second: round(verified, 0) }
  }]
}
