import type { Signable } from '../fiscal/xades/sign.ts'
import { Refused } from './command.ts'
import { signXadesCommand } from './sign-xades.ts'

export const signSri = signXadesCommand({
  name: 'sign sri',
  summary: 'Sign a comprobante of the SRI with a .p12',
  about: [
    'Takes a comprobante (factura, nota de crédito, nota de débito, guía de remisión, retención, liquidación de compra) as XML, or an invoice as JSON (the body of POST /v1/invoices with its issuer written out, series and number), signs it with XAdES-BES and writes the document to standard output. It is not authorised by that: the SRI does it.',
    'The certificate is looked at first, and the signed document is verified by another code path before it is written. Nothing is kept and nothing is sent; it needs no server and no database. It ends with 1 when it cannot be signed.'
  ],
  examples: [
    { line: 'sign sri --p12 firma.p12 --passphrase-file passphrase.txt factura.xml > firmada.xml', what: 'an XML without signature' },
    { line: 'sign sri --p12 firma.p12 --passphrase-file passphrase.txt invoice.json', what: 'an invoice as JSON' }
  ],
  options: { sha256: { help: 'RSA-SHA256 instead of RSA-SHA1, which is what the Ficha Técnica specifies' } },
  kind: 'sri',
  country: 'EC',
  profile: async call => {
    const { sriProfile } = await import('../fiscal/xades/profiles.ts')
    return sriProfile({ sha256: call.values.sha256 === true })
  },
  read: async (bytes, made) => {
    const [signable, { ecuadorZone }] = await Promise.all([signableOf(bytes, made), import('../fiscal/ec/clock.ts')])
    return { ...signable, zone: ecuadorZone }
  }
})

/** What is to be signed. An XML is taken as it is; a JSON is computed and built. */
async function signableOf (bytes: Buffer, { at, seed }: { at: Date, seed: string }): Promise<{ document: Signable, taxId: string }> {
  const [{ readJson }, { comprobanteOfSriJson }, { readComprobante }, { buildComprobante }, { ecFindings }] = await Promise.all([
    import('./facturae-file.ts'), import('./sri-file.ts'), import('../fiscal/ec/read.ts'), import('../fiscal/ec/build.ts'), import('../fiscal/ec/rules.ts')
  ])
  const given = readJson(bytes)
  if (given === undefined) {
    const { root, at } = readComprobante(bytes)
    return { document: root, taxId: at('infoTributaria', 'ruc') }
  }
  const invoice = comprobanteOfSriJson(given, { at, reference: seed })
  const broken = ecFindings(invoice, at).filter(({ level }) => level === 'error')
  if (broken.length > 0) throw new Refused(broken.map(({ code, path, message }) => `${code} ${path}: ${message.es}`).join('\n'))
  return { document: buildComprobante(invoice), taxId: invoice.issuer.taxId }
}
