import type { Comprobante } from '../fiscal/mx/model.ts'
import type { XmlElement } from '../fiscal/xml/element.ts'
import { type Command, Refused, text, UsageError } from './command.ts'
import { languageOf, momentOf, passphraseIn, readInput } from './files.ts'

export const signCfdi: Command = {
  name: 'sign cfdi',
  group: 'Files',
  summary: 'Seal a CFDI 4.0 with a CSD',
  about: [
    'Takes a CFDI 4.0 as XML, or an invoice as JSON (in the words of the SAT, or the body of POST /v1/invoices with its issuer written out), puts Certificado, NoCertificado and Sello into it, and writes the document to standard output. It is not stamped by that: a PAC does it.',
    'The certificate is looked at first: the pair, the passphrase, CSD and not FIEL, of the issuer, valid on the Fecha. Nothing is kept and nothing is sent; it needs no server and no database. It ends with 1 when it cannot be sealed.'
  ],
  args: { name: 'FILE', min: 1, max: 1 },
  options: {
    cer: { value: 'F', help: 'the certificate (.cer)' },
    key: { value: 'F', help: 'its private key (.key)' },
    p12: { value: 'F', help: 'both in one file (.p12 or .pfx), instead of --cer and --key' },
    'passphrase-file': { value: 'F', help: 'file that holds the passphrase on its first line; an empty passphrase when left out' },
    time: { value: 'ISO', help: 'the moment of issue where the document says none; now when left out' },
    zone: { value: 'ZONE', help: 'IANA zone of the Fecha, such as America/Tijuana; that of LugarExpedicion when left out' },
    'random-seed': { value: 'S', help: 'taken as for the other kinds of document; a CFDI holds nothing random' }
  },
  examples: [
    { line: 'sign cfdi --cer csd.cer --key csd.key --passphrase-file passphrase.txt factura.xml > sellado.xml', what: 'an XML without seal' },
    { line: 'sign cfdi --p12 csd.pfx --passphrase-file passphrase.txt invoice.json', what: 'an invoice as JSON' }
  ],
  run: async call => {
    const [file] = call.args as [string]
    const [path, { preflight }, { sealCfdi, fechaOf }, { readSatCertificate }, { attribute, firstElement }, { FiscalError }, { XmlError }, { sign }] = await Promise.all([
      import('node:path'), import('../certificates/preflight.ts'), import('../fiscal/mx/seal.ts'), import('../fiscal/mx/sat-certificate.ts'),
      import('../fiscal/xml/element.ts'), import('../fiscal/errors.ts'), import('../fiscal/xml/parse.ts'), import('node:crypto')
    ])
    const language = languageOf(call.env)
    const [cer, key, p12, passphraseFile, zone] = ['cer', 'key', 'p12', 'passphrase-file', 'zone'].map(name => text(call, name))
    if (p12 === undefined ? cer === undefined || key === undefined : cer !== undefined || key !== undefined) throw new UsageError('give --cer and --key, or --p12')
    if (zone !== undefined && !isZone(zone)) throw new UsageError('--zone must be an IANA zone, such as America/Mexico_City')
    const at = momentOf('time', text(call, 'time'))
    try {
      const document = await documentOf(await readInput(file), at)
      const { root } = document
      const emisor = firstElement(root, root.namespace, 'Emisor')
      const issuedAt = fechaOf(root, { at, zone })
      const files = await Promise.all((p12 === undefined ? [[cer, 'cer'], [key, 'key']] as const : [[p12, 'p12']] as const).map(async ([name, role]) =>
        ({ name: path.basename(name!), bytes: await readInput(name!), role })))
      const { report, material } = await preflight({
        files,
        passphrase: passphraseFile === undefined ? '' : passphraseIn(await readInput(passphraseFile)),
        at: Number.isNaN(issuedAt.getTime()) ? at : issuedAt,
        issuer: { country: 'MX', taxId: (emisor === undefined ? undefined : attribute(emisor, 'Rfc')) ?? '' }
      })
      if (material === undefined) throw new Refused(report.checks.filter(({ ok, severity }) => !ok && severity === 'error').map(check => check[language]).join('\n'))
      const { key: privateKey } = material
      const { xml, cadena, sello, noCertificado } = await sealCfdi({ ...document, certificate: readSatCertificate(material.certificate.der), sign: bytes => sign('sha256', bytes, privateKey), at, ...zone !== undefined && { zone } })
      const sealed = Buffer.from(xml).toString('utf8')
      call.out.write(sealed)
      call.out.json({ file, ok: true, kind: 'cfdi40', no_certificado: noCertificado, sello, cadena, xml: sealed })
      return 0
    } catch (error) {
      const said = error instanceof FiscalError ? error.text[language] : error instanceof XmlError || error instanceof Refused ? error.message : undefined
      if (said === undefined) throw error
      call.out.json({ file, ok: false, error: said })
      call.out.note(`${file}: ${said}`)
      return 1
    }
  }
}

/** What is to be sealed, with its root to look at. */
async function documentOf (bytes: Buffer, at: Date): Promise<{ root: XmlElement } & ({ xml: Buffer } | { model: Comprobante })> {
  const [{ parseXml }, { buildCfdi }, { comprobanteOfJson }, { assertCfdi40 }] = await Promise.all([
    import('../fiscal/xml/parse.ts'), import('../fiscal/mx/build.ts'), import('../fiscal/mx/invoice-file.ts'), import('../fiscal/mx/cadena.ts')
  ])
  if (/^\s*\{/.test(bytes.subarray(0, 1000).toString('utf8').replace(/^\ufeff/, ''))) {
    const model = comprobanteOfJson(bytes.toString('utf8').replace(/^\ufeff/, ''), { at })
    return { model, root: buildCfdi(model) }
  }
  const { root } = parseXml(bytes)
  assertCfdi40(root)
  return { xml: bytes, root }
}

function isZone (zone: string): boolean {
  try {
    return new Intl.DateTimeFormat('en', { timeZone: zone }).resolvedOptions().timeZone !== ''
  } catch {
    return false
  }
}
