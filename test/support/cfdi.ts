/** CFDIs for tests: an issuer that exists nowhere else, its certificate, and documents that PACs would stamp. */
import { createSign } from 'node:crypto'
import type { InvoicingSamples } from '../../core/adapter/conformance/harness.ts'
import type { Invoice } from '../../core/adapter/invoicing.ts'
import type { CsdFiles } from '../../core/adapter/sat-world.ts'
import { cadenaOriginal } from '../../core/fiscal/mx/cadena.ts'
import { signCancellation } from '../../core/fiscal/mx/cancellation.ts'
import { fromInvoice, type InvoiceDraft } from '../../core/fiscal/mx/from-invoice.ts'
import { readSatCertificate } from '../../core/fiscal/mx/sat-certificate.ts'
import { sealCfdi } from '../../core/fiscal/mx/seal.ts'
import { withInvoiceTotals } from '../../core/fiscal/mx/to-invoice.ts'
import { parseXml } from '../../core/fiscal/xml/parse.ts'
import { makeCsd } from './csd.ts'

export const issuerRfc = 'EKU9003173C9'
export const csd = makeCsd({ rfc: issuerRfc, name: 'ESCUELA KEMPER URGATE SA DE CV', kind: 'csd' })
const certificate = readSatCertificate(csd.cer)

const signWith = (algorithm: string) => async (bytes: Uint8Array): Promise<Buffer> => createSign(algorithm).update(bytes).sign(csd.privateKey)

export function draftInvoice (changes: Partial<InvoiceDraft> = {}): InvoiceDraft {
  return {
    reference: 'inv_1', country: 'MX', kind: 'invoice', series: 'A', number: '1', issuedAt: new Date(), currency: 'MXN',
    issuer: { name: 'ESCUELA KEMPER URGATE', taxId: issuerRfc, address: { postalCode: '42501' }, mx: { regime: '601' } },
    customer: { name: 'INNOVACION VALOR Y DESARROLLO', taxId: 'IVD920810GU2', address: { postalCode: '63901' }, mx: { regime: '601', cfdiUse: 'G01' } },
    payment: { method: 'PUE', form: '03' },
    lines: [{ description: 'Curso de inglés & más', quantity: '1', unitPrice: '100.00', taxes: [{ type: 'IVA', rate: '0.16' }], mx: { productKey: '86121600', unitKey: 'E48' } }],
    ...changes
  }
}

export async function sealedInvoice (changes: Partial<InvoiceDraft> = {}): Promise<Buffer> {
  return Buffer.from((await sealCfdi({ model: fromInvoice(draftInvoice(changes)), certificate, sign: signWith('RSA-SHA256') })).xml)
}

/** Another document under the same certificate, with a seal that holds: what the hub itself would refuse to seal. */
export function resealed (sealed: Buffer, change: (xml: string) => string): Buffer {
  const changed = change(sealed.toString())
  const seal = createSign('RSA-SHA256').update(cadenaOriginal(parseXml(Buffer.from(changed)).root)).sign(csd.privateKey, 'base64')
  return Buffer.from(changed.replace(/ Sello="[^"]*"/, ` Sello="${seal}"`))
}

export async function sealedCancellation (fiscalId: string, motive = '02', substitute?: string): Promise<Buffer> {
  return await signCancellation({ issuerRfc, folios: [{ uuid: fiscalId, motive, ...(substitute !== undefined && { substitute }) }], at: new Date() }, { certificate, sign: signWith('RSA-SHA1') })
}

/** As the hub hands it to a PAC that seals. */
export const invoiceModel = (changes: Partial<InvoiceDraft> = {}): Invoice => withInvoiceTotals(draftInvoice(changes))

/** The issuer's certificate as it is uploaded to a PAC that seals. */
export const csdFiles: CsdFiles = { certificate: csd.cer, key: csd.key, passphrase: csd.passphrase }

/** For the conformance suite of a PAC that seals the model. */
export function modelSamples (): InvoicingSamples {
  const naturalKey = (number: string) => ({ issuerTaxId: issuerRfc, series: 'A', number })
  return {
    document: n => ({ naturalKey: naturalKey(String(n)), model: invoiceModel({ number: String(n) }) }),
    rejected: n => ({ naturalKey: naturalKey(`9${n}`), model: invoiceModel({ number: `9${n}`, customer: { ...draftInvoice().customer, mx: { regime: '601', cfdiUse: 'D01' } } }) }),
    cancellation: { motive: '02' },
    register: { issuerTaxId: issuerRfc, customerTaxId: 'IVD920810GU2', total: '116.00' },
    booked: ({ naturalKey: { issuerTaxId, series, number } }) => `${issuerTaxId}-${series}-${number}`,
    certificate: { ...csdFiles, taxId: issuerRfc },
    customer: { right: { taxId: 'IVD920810GU2', name: 'INNOVACION VALOR Y DESARROLLO', postalCode: '63901', regime: '601' }, wrong: { taxId: 'IVD920810GU2', name: 'OTRA', postalCode: '63901', regime: '601' } }
  }
}

/** For the conformance suite of a PAC that stamps what the hub sealed. Documents are sealed ahead, because the suite asks for them at once. */
export async function cfdiSamples (): Promise<InvoicingSamples> {
  const ahead = await Promise.all(Array.from({ length: 80 }, async (_, n) => await sealedInvoice({ number: String(n) })))
  const wrong = await Promise.all(Array.from({ length: 20 }, async (_, n) => await sealedInvoice({ number: `9${n}`, customer: { ...draftInvoice().customer, mx: { regime: '601', cfdiUse: 'D01' } } })))
  return {
    document: n => ({ naturalKey: { issuerTaxId: issuerRfc, series: 'A', number: String(n % 80) }, sealed: ahead[n % 80]! }),
    rejected: n => ({ naturalKey: { issuerTaxId: issuerRfc, series: 'A', number: `9${n % 20}` }, sealed: wrong[n % 20]! }),
    cancellation: { motive: '02', sealed: async fiscalId => await sealedCancellation(fiscalId) },
    register: { issuerTaxId: issuerRfc, customerTaxId: 'IVD920810GU2', total: '116.00' },
    booked: ({ naturalKey: { issuerTaxId, series, number } }) => `${issuerTaxId}-${series}-${number}`
  }
}
