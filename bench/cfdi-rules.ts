import { sign } from 'node:crypto'
import { fromInvoice } from '../core/fiscal/mx/from-invoice.ts'
import { validateCfdi } from '../core/fiscal/mx/rules/validate.ts'
import { readSatCertificate } from '../core/fiscal/mx/sat-certificate.ts'
import { sealCfdi } from '../core/fiscal/mx/seal.ts'
import { makeCsd } from '../test/support/csd.ts'
import { sampleAt, sampleInvoice, sampleIssuer } from './invoice-sample.ts'
import { closedLoop, type Result, round } from './support.ts'

/** (5b) The rules before stamping: how many invoices are validated in a second, as a model and as XML, against the signature that each needs anyway. */
export async function cfdiRules (): Promise<Result[]> {
  const { cer, privateKey } = makeCsd(sampleIssuer)
  const [three, hundred] = [fromInvoice(sampleInvoice(3)), fromInvoice(sampleInvoice(100))]
  const signed = (bytes: Uint8Array): Buffer => sign('sha256', bytes, privateKey)
  const { xml, cadena } = await sealCfdi({ model: three, certificate: readSatCertificate(cer), sign: signed })
  const bytes = Buffer.from(cadena)
  const valid = (given: unknown) => async () => {
    if (validateCfdi(given, { now: sampleAt }).some(({ level }) => level === 'error')) throw new Error('the invoice of the benchmark breaks a rule')
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
