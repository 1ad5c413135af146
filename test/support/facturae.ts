/** Facturae for tests: signed by a made-up authority's certificate, to a public body unless told. */
import { createHash } from 'node:crypto'
import type { InvoicingSamples } from '../../core/adapter/conformance/harness.ts'
import type { Invoice } from '../../core/adapter/invoicing.ts'
import { buildFacturae } from '../../core/fiscal/es/build.ts'
import { toTheTown } from '../../core/fiscal/es/fixtures/invoices.ts'
import { testSigner } from '../../core/fiscal/xades/fixtures/signer.ts'
import { facturaeProfile } from '../../core/fiscal/xades/profiles.ts'
import { signXades } from '../../core/fiscal/xades/sign.ts'

export { toTheTown }

const signer = testSigner()

export async function signedFacturae (changes: Partial<Invoice> = {}, { chain = true } = {}): Promise<Buffer> {
  const invoice = toTheTown(changes)
  return await signXades(buildFacturae(invoice), facturaeProfile(), chain ? signer : { ...signer, chain: [] }, { at: new Date('2026-11-21T10:00:00Z'), zone: 'Europe/Madrid', id: createHash('sha256').update(String(invoice.number)).digest('hex').slice(0, 16) })
}

/** For the conformance suite. Documents are signed ahead, because the suite asks for them at once. */
export async function facturaeSamples (): Promise<InvoicingSamples> {
  const ahead = await Promise.all(Array.from({ length: 60 }, async (_, n) => await signedFacturae({ number: String(n) })))
  const wrong = await Promise.all(Array.from({ length: 10 }, async (_, n) => await signedFacturae({ number: `9${n}` }, { chain: false })))
  const naturalKey = (number: string) => ({ issuerTaxId: 'B65410011', series: 'F26', number })
  return {
    document: n => ({ naturalKey: naturalKey(String(n % 60)), sealed: ahead[n % 60]! }),
    rejected: n => ({ naturalKey: naturalKey(`9${n % 10}`), sealed: wrong[n % 10]! }),
    cancellation: { motive: 'error' },
    register: { issuerTaxId: 'B65410011', customerTaxId: 'P2807900B', total: '1164.50' },
    booked: ({ naturalKey: { issuerTaxId, series, number } }) => `${issuerTaxId}-${series}-${number}`
  }
}
