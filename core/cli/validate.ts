import { typeOfRoot } from '../fiscal/ec/tables.ts'
import type { Finding } from '../fiscal/mx/rules/rule.ts'
import { kindOfXades } from '../fiscal/xades/kinds.ts'
import { type Command, type Output, Refused, text } from './command.ts'
import { languageOf, momentOf, readInput, zoneOf } from './files.ts'

interface Judging {
  now: Date
  zone: string | undefined
  dataDir: string
}

/** What one kind of document is known by, and what judges it. Another country is another row. */
interface DocumentKind {
  kind: string
  isXml: (rootNamespace: string, rootName: string) => boolean
  isJson: (document: Record<string, unknown>) => boolean
  judge: (document: Uint8Array | object, judging: Judging) => Promise<Finding[]>
}

const kinds: readonly DocumentKind[] = [
  {
    kind: 'cfdi40',
    isXml: namespace => namespace.startsWith('http://www.sat.gob.mx/cfd/'),
    isJson: document => 'TipoDeComprobante' in document || 'Conceptos' in document || document.country === 'MX',
    judge: async (document, { now, zone, dataDir }) => {
      const [{ validateCfdi }, { openCatalogues }, { comprobanteOfJson }, { FiscalError }, path] = await Promise.all([
        import('../fiscal/mx/rules/validate.ts'), import('../fiscal/catalogues/catalogues.ts'), import('../fiscal/mx/invoice-file.ts'), import('../fiscal/errors.ts'), import('node:path')
      ])
      const options = { now, catalogues: openCatalogues(path.join(dataDir, 'catalogues')), ...zone !== undefined && { zone } }
      if (document instanceof Uint8Array) return validateCfdi(document, options)
      try {
        return validateCfdi(comprobanteOfJson(JSON.stringify(document), { at: now }), options)
      } catch (error) {
        if (!(error instanceof FiscalError)) throw error
        // What cannot be computed in the words of the SAT is still judged as it stands.
        return 'TipoDeComprobante' in document ? validateCfdi(document, options) : [{ code: 'CFDI40999', level: 'error', path: error.path ?? '', message: error.text }]
      }
    }
  },
  {
    kind: 'sri',
    isXml: (namespace, name) => namespace === '' && typeOfRoot(name) !== undefined,
    isJson: document => document.country === 'EC',
    judge: async (document, { now }) => document instanceof Uint8Array ? await judgedComprobante(document, now) : await judgedInvoice(document, now)
  },
  {
    kind: 'facturae',
    isXml: (namespace, name) => kindOfXades({ namespace, name }) === 'facturae',
    isJson: document => document.country === 'ES',
    judge: async (document, { now }) => {
      if (document instanceof Uint8Array) return (await import('../fiscal/es/check.ts')).checkFacturae(document)
      const { judged } = await import('./facturae-file.ts')
      return await told(() => judged(document, { at: now, reference: 'validate' }).findings)
    }
  }
]

/** What recepción would give it back for, in the SRI's codes. */
async function judgedComprobante (bytes: Uint8Array, now: Date): Promise<Finding[]> {
  const [{ readComprobante }, { dateProblems, keyProblems, structureProblems, sumProblems }] = await Promise.all([import('../fiscal/ec/read.ts'), import('../fiscal/ec/inspect.ts')])
  const read = readComprobante(bytes)
  return [...structureProblems(read, { signed: false }), ...keyProblems(read), ...dateProblems(read, now), ...sumProblems(read)]
    .map(({ code, title, detail }) => ({ code, level: 'error' as const, path: '', message: { es: `${title}: ${detail}`, en: `${title}: ${detail}` } }))
}

async function judgedInvoice (document: object, now: Date): Promise<Finding[]> {
  const [{ comprobanteOfSriJson }, { ecFindings }] = await Promise.all([import('./sri-file.ts'), import('../fiscal/ec/rules.ts')])
  return await told(() => ecFindings(comprobanteOfSriJson(document, { at: now, reference: 'validate' }), now))
}

/** What cannot be computed is a finding too. */
async function told (judge: () => Finding[]): Promise<Finding[]> {
  const [{ FiscalError }, { HubError }] = await Promise.all([import('../fiscal/errors.ts'), import('../errors.ts')])
  try {
    return judge()
  } catch (error) {
    if (error instanceof FiscalError) return [{ code: error.reason, level: 'error', path: error.path ?? '', message: error.text }]
    if (error instanceof HubError && error.errors !== undefined) return error.errors.map(({ code, path, message }) => ({ code: code ?? error.code, level: 'error', path, message: typeof message === 'string' ? { es: message, en: message } : message }))
    throw error
  }
}

export const validate: Command = {
  name: 'validate',
  group: 'Files',
  summary: 'Name every rule that an invoice breaks before it is sent anywhere',
  about: [
    'Takes CFDI 4.0 as XML, sealed or not, or as JSON: in the words of the schema (a Comprobante with Conceptos as a list) or in those of POST /v1/invoices with the issuer written out. It names each broken rule with its official code (CFDI40xxx, CRP20xxx; docs/cfdi-rules.md lists them), where it is, and what to change. Warnings do not stand in the way of a stamp. Comprobantes of the SRI are taken too: as XML by the codes of recepción (35, 52, 58, 65), as JSON with country "EC" by the rules of docs/sri.md; and Facturae 3.2.x, as XML or as JSON with country "ES", by those of docs/facturae.md.',
    'Nothing is sent; it needs no server and no database. Postal codes and products are judged by their form unless they were imported into PASARELA_DATA_DIR/catalogues. It ends with 0 when no file breaks a rule, 1 when one does or cannot be read. Sentences are Spanish where LANG is.'
  ],
  args: { name: 'FILE', min: 1, max: 10_000 },
  options: {
    time: { value: 'ISO', help: 'the moment of stamping: a Fecha may be 72 hours old; now when left out' },
    zone: { value: 'ZONE', help: 'IANA zone of Fecha, such as America/Tijuana; that of LugarExpedicion when left out' }
  },
  examples: [
    { line: 'validate factura.xml', what: 'one file' },
    { line: 'validate *.xml --json', what: 'one JSON object a file: {file, ok, errors: [{code, path, message}], warnings}' }
  ],
  run: async call => {
    const now = momentOf('time', text(call, 'time'))
    const zone = zoneOf('zone', text(call, 'zone'))
    const { loadConfig } = await import('../config.ts')
    const { dataDir } = loadConfig(call.env)
    const language = languageOf(call.env)
    let good = true
    for (const file of call.args) {
      const bytes = await readInput(file).catch((error: unknown) => {
        if (!(error instanceof Refused)) throw error
        return error
      })
      // One that cannot be read does not keep the others from being judged.
      const { kind, findings } = bytes instanceof Refused ? { kind: undefined, findings: [refusal('unreadable', readingProblem(file, bytes))] } : await judged(bytes, { now, zone, dataDir })
      good = tell(call.out, file, kind, findings, language) && good
    }
    return good ? 0 : 1
  }
}

async function judged (bytes: Buffer, judging: Judging): Promise<{ kind: string | undefined, findings: Finding[] }> {
  const { document, namespace, name, findings } = await read(bytes)
  if (document === undefined) return { kind: undefined, findings }
  const known = kinds.find(kind => namespace === undefined ? kind.isJson(document as unknown as Record<string, unknown>) : kind.isXml(namespace, name ?? ''))
  if (known === undefined) {
    return { kind: undefined, findings: [refusal('unknown_kind', { es: 'No es un documento cuyas reglas se conozcan: un CFDI 4.0 o un comprobante del SRI en XML, o una factura en JSON (con TipoDeComprobante, o con country "MX" o "EC").', en: 'It is not a document whose rules are known: a CFDI 4.0 or a comprobante of the SRI in XML, or an invoice in JSON (with TipoDeComprobante, or with country "MX" or "EC").' })] }
  }
  return { kind: known.kind, findings: await known.judge(document, judging) }
}

interface Read { document?: Uint8Array | object, namespace?: string, name?: string, findings: Finding[] }

/** XML by its first character; everything else must be JSON. */
async function read (bytes: Buffer): Promise<Read> {
  const start = bytes.subarray(0, 1000).toString('utf8').replace(/^\ufeff/, '').trimStart()
  if (start.startsWith('<')) {
    const { parseXml, XmlError } = await import('../fiscal/xml/parse.ts')
    try {
      const { root } = parseXml(bytes)
      return { document: bytes, namespace: root.namespace, name: root.name, findings: [] }
    } catch (error) {
      if (!(error instanceof XmlError)) throw error
      return { findings: [refusal('301', { es: `No es XML bien formado: ${error.message}.`, en: `It is not well-formed XML: ${error.message}.` })] }
    }
  }
  try {
    const document: unknown = JSON.parse(bytes.toString('utf8').replace(/^\ufeff/, ''))
    if (typeof document === 'object' && document !== null && !Array.isArray(document)) return { document, findings: [] }
  } catch {
    // Neither: said below.
  }
  return { findings: [refusal('unreadable', { es: 'El archivo no es XML ni un objeto JSON.', en: 'The file is neither XML nor a JSON object.' })] }
}

/** Writes what was found; whether nothing stands in the way. */
function tell (out: Output, file: string, kind: string | undefined, findings: readonly Finding[], language: 'es' | 'en'): boolean {
  const of = (wanted: Finding['level']) => findings.filter(({ level }) => level === wanted).map(({ code, path, message }) => ({ code, path, message: message[language] }))
  const [errors, warnings] = [of('error'), of('warning')]
  const ok = errors.length === 0
  out.json({ file, ok, ...kind !== undefined && { kind }, errors, warnings })
  out.say(`${file}: ${ok ? 'ok' : language === 'es' ? `${errors.length} ${errors.length === 1 ? 'error' : 'errores'}` : `${errors.length} error${errors.length === 1 ? '' : 's'}`}`)
  const aside = language === 'es' ? ' (aviso)' : ' (warning)'
  for (const { level, code, path, message } of findings) out.say(`  ${code}${level === 'warning' ? aside : ''}  ${message[language]}${path === '' ? '' : `  [${path}]`}`)
  return ok
}

/** In the language of who reads. */
function readingProblem (file: string, { message }: Refused): Finding['message'] {
  return { es: message.startsWith(`${file} is not there`) ? 'El archivo no existe.' : 'El archivo no se puede leer.', en: message }
}

function refusal (code: string, message: Finding['message']): Finding {
  return { code, level: 'error', path: '', message }
}
