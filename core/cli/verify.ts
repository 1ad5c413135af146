import type { PacKeys } from '../fiscal/mx/pac-keys.ts'
import type { Check, Verification } from '../fiscal/verification.ts'
import { type Command, Refused, text } from './command.ts'
import { languageOf, readInput } from './files.ts'
import { verifiers, type VerifierOptions } from './verifiers.ts'

export const verify: Command = {
  name: 'verify',
  group: 'Files',
  summary: 'Say what a signed document is and whether its signatures hold',
  about: [
    'Takes signed documents as XML (CFDI 4.0, sealed or stamped, the SAT’s cancellation documents, comprobantes of the SRI, Facturae, records of the AEAT’s VERI*FACTU) and says of each its kind and every thing that was looked at: that nothing in it is out of place, the seal or signature, whose certificate it is and whether it was valid then, the timbre of the PAC.',
    'The timbre’s own seal needs the certificate of the PAC: that of the SAT’s test PAC is known, those of others are given by --pac-cer; without it this is said, and not counted. So is a chain of certificates that the document does not hold; with --ca it must lead to one of those given. It needs no server and no database. It ends with 0 when all holds in every file, and 1 otherwise.'
  ],
  args: { name: 'FILE', min: 1, max: 10_000 },
  options: { 'pac-cer': { value: 'F', help: 'certificate of a PAC (DER or PEM; a PEM may hold several)' }, ca: { value: 'F', help: 'certificates of authorities that are trusted (DER or PEM), for signatures of the SRI and Facturae' } },
  examples: [
    { line: 'verify factura.xml', what: 'one file' },
    { line: 'verify *.xml --json', what: 'one JSON object a file: {file, kind, ok, checks: [{name, ok, detail}]}' }
  ],
  run: async call => {
    const language = languageOf(call.env)
    const pacKeys = await pacKeysOf(text(call, 'pac-cer'))
    const ca = text(call, 'ca')
    const authorities = ca === undefined ? [] : await certificatesIn(ca)
    let good = true
    for (const file of call.args) {
      const found = await lookAt(file, { pacKeys, authorities })
      good = found.ok && good
      const { kind, ok, checks, unchecked, fiscalId } = found
      call.out.json({ file, kind, ok, ...fiscalId !== undefined && { fiscal_id: fiscalId }, checks: checks.map(({ name, ok, es, en }) => ({ name, ok, detail: language === 'es' ? es : en })), unchecked })
      call.out.say(`${file}: ${kind}${fiscalId === undefined ? '' : ` ${fiscalId}`}: ${ok ? 'ok' : 'NO'}`)
      for (const check of checks) call.out.say(`  ${check.ok ? 'ok' : 'NO'}  ${check.name.padEnd(20)}  ${check[language]}`)
      for (const name of unchecked) call.out.say(`  ?   ${name.padEnd(20)}  ${(name === 'chain' ? missing.authority : name === 'signature' ? missing.signature : missing.pac)[language]}`)
    }
    return good ? 0 : 1
  }
}

const missing = {
  signature: { es: 'No lleva firma: un registro que se envía a la AEAT no la necesita.', en: 'It has no signature: a record that is submitted to the AEAT needs none.' },
  pac: { es: 'No se comprobó: falta el certificado del PAC (--pac-cer).', en: 'Not checked: the certificate of the PAC is missing (--pac-cer).' },
  authority: { es: 'No se comprobó: no lleva los certificados de su autoridad (--ca).', en: 'Not checked: it does not hold the certificates of its authority (--ca).' }
}

/** DER; of a PEM all that are in it. */
async function certificatesIn (file: string): Promise<Buffer[]> {
  const { contentsOf } = await import('../certificates/containers.ts')
  const certificates = contentsOf(await readInput(file)).flatMap(content => content.is === 'certificate' ? [content.der] : [])
  if (certificates.length === 0) throw new Refused(`${file} holds no certificate`)
  return certificates
}

async function lookAt (file: string, options: VerifierOptions): Promise<Verification> {
  const [{ parseXml, XmlError }, { FiscalError }] = await Promise.all([import('../fiscal/xml/parse.ts'), import('../fiscal/errors.ts')])
  const unknown = (check: Omit<Check, 'ok'>): Verification => ({ kind: 'unknown', ok: false, checks: [{ ok: false, ...check }], unchecked: [] })
  try {
    const bytes = await readInput(file)
    const { root } = parseXml(bytes)
    const verifier = verifiers.find(({ isIt }) => isIt(root))
    if (verifier === undefined) return unknown({ name: 'kind', es: `No se conoce la firma de un documento ${root.qname}.`, en: `How a document ${root.qname} is signed is not known.` })
    return await verifier.verify(bytes, options)
  } catch (error) {
    if (error instanceof XmlError) return unknown({ name: 'xml', es: `No es XML que se lea: ${error.message}.`, en: `It is not XML that can be read: ${error.message}.` })
    if (error instanceof Refused) return unknown({ name: 'file', es: error.message, en: error.message })
    if (error instanceof FiscalError) return unknown({ name: 'kind', ...error.text })
    throw error
  }
}

async function pacKeysOf (file: string | undefined): Promise<PacKeys> {
  const { testPacKeys } = await import('../fiscal/mx/pac-keys.ts')
  if (file === undefined) return testPacKeys
  const { readSatCertificate } = await import('../fiscal/mx/sat-certificate.ts')
  const certificates = (await certificatesIn(file)).map(readSatCertificate)
  return new Map([...testPacKeys, ...certificates.map(({ noCertificado, publicKey }) => [noCertificado, publicKey] as const)])
}
