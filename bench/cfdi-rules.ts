import { sign } from 'node:crypto'
import { fromInvoice, type InvoiceDraft } from '../core/fiscal/mx/from-invoice.ts'
import type { Comprobante } from '../core/fiscal/mx/model.ts'
import { validateCfdi } from '../core/fiscal/mx/rules/validate.ts'
import { readSatCertificate } from '../core/fiscal/mx/sat-certificate.ts'
import { sealCfdi } from '../core/fiscal/mx/seal.ts'
import { makeCsd } from '../test/support/csd.ts'
import { closedLoop, type Result, round } from './support.ts'

const now = new Date('2026-07-01T18:00:00Z')

function invoiceOf (lines: number): Comprobante {
  const invoice: InvoiceDraft = {
    reference: 'inv_bench',
    country: 'MX',
    kind: 'invoice',
    series: 'A',
    number: '1',
    issuedAt: now,
    issuer: { name: 'ESCUELA KEMPER URGATE', taxId: 'EKU9003173C9', address: { postalCode: '26015' }, mx: { regime: '601' } },
    customer: { name: 'XOCHILT CASAS CHAVEZ', taxId: 'CACX7605101P8', address: { postalCode: '36257' }, mx: { regime: '612', cfdiUse: 'G03' } },
    currency: 'MXN',
    payment: { method: 'PUE', form: '03' },
    lines: Array.from({ length: lines }, (_, index) => ({
      description: `Café de altura & chocolate ${index}`,
      quantity: String(index + 1),
      unitPrice: '123.45',
      taxes: [{ type: 'IVA', rate: '0.16' }, { type: 'ISR', rate: '0.0125', withheld: true }],
      mx: { productKey: '50201706', unitKey: 'H87' }
    }))
  }
  return fromInvoice(invoice)
}

/** (5b) The rules before stamping: how many invoices are validated in a second, as a model and as XML, against the signature that each needs anyway. */
export async function cfdiRules (): Promise<Result[]> {
  const { cer, privateKey } = makeCsd({ rfc: 'EKU9003173C9', name: 'ESCUELA KEMPER URGATE' })
  const [three, hundred] = [invoiceOf(3), invoiceOf(100)]
  const signed = (bytes: Uint8Array): Buffer => sign('sha256', bytes, privateKey)
  const { xml, cadena } = await sealCfdi({ model: three, certificate: readSatCertificate(cer), sign: signed })
  const bytes = Buffer.from(cadena)
  const valid = (given: unknown) => async () => {
    if (validateCfdi(given, { now }).some(({ level }) => level === 'error')) throw new Error('the invoice of the benchmark breaks a rule')
  }
  const calls = { signatures: async () => { signed(bytes) }, models: valid(three), hundred_lines: valid(hundred), sealed: valid(xml) }
  const perSecond: Record<string, number> = {}
  // Interleaved, so that what else the machine does falls on all alike.
  for (let turn = 0; turn < 4; turn++) {
    for (const [name, call] of Object.entries(calls)) {
      const measured = await closedLoop({ concurrency: 1, seconds: turn === 0 ? 0.5 : 1, call })
      if (turn > 0) perSecond[name] = (perSecond[name] ?? 0) + measured / 3
    }
  }
  const { signatures, models, hundred_lines, sealed } = perSecond as Record<keyof typeof calls, number>
  return [{
    name: 'CFDI: validations of three lines ÷ signatures',
    baseline: 'RSA-2048 signatures with node:crypto, one after another',
    value: round(models / signatures),
    unit: '×',
    detail: { signatures_per_second: round(signatures, 0), models_per_second: round(models, 0), hundred_lines_per_second: round(hundred_lines, 0), sealed_xml_per_second: round(sealed, 0) }
  }]
}
