import { sign } from 'node:crypto'
import { fromInvoice } from '../core/fiscal/mx/from-invoice.ts'
import { readSatCertificate } from '../core/fiscal/mx/sat-certificate.ts'
import { sealCfdi } from '../core/fiscal/mx/seal.ts'
import { verifyCfdi } from '../core/fiscal/mx/verify.ts'
import { makeCsd } from '../test/support/csd.ts'
import { sampleInvoice, sampleIssuer } from './invoice-sample.ts'
import { closedLoop, type Result, round } from './support.ts'

const invoice = sampleInvoice()

/** (5) CFDI: how many invoices of three lines are built and sealed in a second, against nothing but the signatures; how many sealed ones are verified. */
export async function cfdi (): Promise<Result[]> {
  const { cer, privateKey } = makeCsd(sampleIssuer)
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
