import { text, UsageError } from './command.ts'
import { signXadesCommand } from './sign-xades.ts'

export const signFacturae = signXadesCommand({
  name: 'sign facturae',
  summary: 'Sign a Facturae with a .p12',
  about: [
    'Takes a Facturae 3.2.x as XML, or an invoice as JSON (the body of POST /v1/invoices with its issuer written out, series and number), signs it with XAdES-EPES (policy v3.1, RSA-SHA256, SHA-512 digests, the whole chain) and writes the document to standard output. It is not registered by that: FACe does it.',
    'The certificate is looked at first, and the signed document is verified by another code path before it is written. Nothing is kept and nothing is sent; it needs no server and no database. It ends with 1 when it cannot be signed.'
  ],
  examples: [
    { line: 'sign facturae --p12 firma.p12 --passphrase-file passphrase.txt factura.xml > factura.xsig', what: 'an XML without signature' },
    { line: 'sign facturae --p12 firma.p12 --ca fnmt.pem --passphrase-file passphrase.txt invoice.json', what: 'an invoice as JSON, with the chain of its authority' }
  ],
  options: { role: { value: 'ROLE', help: 'who signs: emisor (when left out), receptor or tercero' } },
  kind: 'facturae',
  country: 'ES',
  profile: async call => {
    const { facturaeProfile } = await import('../fiscal/xades/profiles.ts')
    const role = text(call, 'role') ?? 'emisor'
    if (role !== 'emisor' && role !== 'receptor' && role !== 'tercero') throw new UsageError('--role is emisor, receptor or tercero')
    return facturaeProfile({ role })
  },
  read: async (bytes, { at, seed }) => {
    const { readJson, facturaeOfJson } = await import('./facturae-file.ts')
    const given = readJson(bytes)
    if (given !== undefined) {
      const [{ buildFacturae }, { zoneOf }] = await Promise.all([import('../fiscal/es/build.ts'), import('../fiscal/es/clock.ts')])
      const invoice = facturaeOfJson(given, { at, reference: seed })
      return { document: buildFacturae(invoice), taxId: invoice.issuer.taxId, zone: zoneOf(invoice.issuer.address?.postalCode) }
    }
    const [{ parseXml }, { readFacturae, childAt, textAt }, { zoneOf }] = await Promise.all([import('../fiscal/xml/parse.ts'), import('../fiscal/es/read.ts'), import('../fiscal/es/clock.ts')])
    const { seller } = readFacturae(bytes)
    return { document: parseXml(bytes), taxId: textAt(seller, 'TaxIdentification', 'TaxIdentificationNumber'), zone: zoneOf(textAt(childAt(seller, 'LegalEntity') ?? childAt(seller, 'Individual'), 'AddressInSpain', 'PostCode')) }
  }
})
