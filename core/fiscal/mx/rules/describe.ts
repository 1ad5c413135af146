import { root, type Place, unclassified } from './places.ts'
import type { Level, Source } from './rule.ts'

/** Where rules come from, for docs/cfdi-rules.md. */
export const sources: Readonly<Record<Source, string>> = {
  matrix: 'the SAT’s error matrices (CFDI 4.0 and Pagos 2.0), in the words of the PAC NTlink’s public test fixtures and of transcriptions that agree (gncys.com, rev. 2026-03-25)',
  'matrix?': 'one transcription of the matrices only, or transcriptions that differ',
  guide: 'the SAT’s filling guides of Anexo 20 and of Pagos 2.0',
  xsd: 'the SAT’s schemas: cfdv40.xsd, Pagos20.xsd, implocal.xsd, tdCFDI.xsd',
  pac: 'what PACs are known to do',
  practice: 'what goes wrong in practice; no authority says it'
}

/** Codes of the matrices that only the SAT's lists, the PAC or the operator's data can judge. */
const unjudged: readonly (readonly [codes: string, why: string])[] = [
  ['CFDI40106 (part)', 'Whether the SAT has revoked the certificate, and whether the issuer is in l_LCO. That it is a CSD, of the issuer and valid on Fecha is judged once the document is sealed.'],
  ['CFDI40118, CRP20216', 'Judged when the caller gives the official exchange rate of the day; not otherwise.'],
  ['CFDI40128, CFDI40129', 'Whether the PAC gave that Confirmacion, and whether it was used. Its form is judged.'],
  ['CFDI40126, CFDI40148, CFDI40162, CFDI40196', 'Postal codes and products are judged by their form (5 and 8 digits) until an operator imports c_CodigoPostal and c_ClaveProdServ: `node scripts/import-catalogues.ts catalogs.db --to $PASARELA_DATA_DIR/catalogues`.'],
  ['CFDI40138, CFDI40139, CFDI40143, CFDI40144, CFDI40145, CFDI40147, CFDI40148, CFDI40159 (part)', 'The list of RFCs with their names, postal codes and regimes (l_RFC) is the SAT’s; what cannot be in it is judged (form, date), and what is likely not to be is warned of (corporate suffix, small letters, check digit).'],
  ['CFDI40142', 'The form of FacAtrAdquirente is judged; whether the SAT gave that number is not known.'],
  ['CFDI40163, CFDI40164', 'Which complement or tax a product asks for is in c_ClaveProdServ in words, not in keys.'],
  ['CFDI40187, CFDI40189, CFDI40190, CFDI40192, CFDI40193', 'The lists l_LCO and l_RFC, for third parties.'],
  ['CFDI40194, CFDI40199 (part)', 'The customs office of a pedimento is judged; its licence and running number are in catalogues of customs.'],
  ['CFDI40209', 'The same as CFDI40206, which is given.'],
  ['CRP20222 (part)', 'The form of a bank’s RFC is judged; l_RFC is the SAT’s.'],
  ['CRP20275', 'Its limits are those of CRP20276, which is given for the payment as a whole.'],
  ['CRP20277', 'Not a check: how CRP20276 counts an EquivalenciaDR of 1.']
]

/** Of the public fixtures that are named by the code which they were made to provoke (NTlink/ntlink-ws-sdk, `cfdi-error`), those that do not, and why. */
export const unprovoked: Readonly<Record<string, string>> = {
  CFDI40102: 'the file has no Sello at all: it went to a service that seals',
  CFDI40106: 'the file has no Certificado; that the issuer’s was revoked only the SAT’s list knows',
  CFDI40128: 'whether the PAC gave that Confirmacion only the PAC knows',
  CFDI40138: 'whether the issuer’s name is in the list of RFCs (l_RFC) only the SAT knows',
  CFDI40144: 'whether the receiver’s name is in the list of RFCs (l_RFC) only the SAT knows'
}

interface Row { code: string, level: Level, at: string, what: string, source: string }

function rowsOf (place: Place): Row[] {
  const path = place.at === '' ? 'Comprobante' : place.at
  const attributes = place.attributes.flatMap(({ name, required, expected }): Row[] => {
    if (expected === undefined) return []
    const { kind, code, missing } = expected
    const own = code ?? unclassified(place.at)
    const lacking = missing ?? unclassified(place.at)
    return [{ code: own, level: 'error', at: `${path} @${name}`, what: `${name} ${kind.must.en}${required ? `; it is required${lacking === own ? '' : ` (${lacking})`}` : ''}.`, source: kind.catalogue === undefined ? 'xsd' : 'matrix' }]
  })
  const rules = place.rules.map(({ code, level, field, en, source }): Row => ({ code, level, at: field === '' ? path : `${path} ${place.attributes.some(({ name }) => name === field) ? '@' : ''}${field}`, what: en, source }))
  return [...attributes, ...rules, ...place.children.flatMap(({ place }) => rowsOf(place))]
}

/** docs/cfdi-rules.md. */
export function rulesMarkdown (): string {
  const rows = rowsOf(root).sort((one, other) => one.code < other.code ? -1 : one.code > other.code ? 1 : 0)
  const cell = (text: string): string => text.replaceAll('|', '\\|')
  return [
    '# Rules before stamping a CFDI 4.0',
    '',
    'Made by `npm run generate` from core/fiscal/mx/rules; do not edit.',
    '',
    '`POST /v1/invoices/validate` and `pasarela validate FILE` name every rule that a document breaks, in the order of the document, with the code under which a PAC would refuse it and a sentence (Spanish and English) that says what to change. An **error** stands in the way of a stamp. A **warning** does not: the PAC may accept the document, or the source of the rule is not sure. `{words}` are filled in from the document.',
    '',
    '301 is a document that is not well-formed XML; 401 a Fecha out of range; CFDI40999 and CRP20999 are the SAT’s codes for what has none of its own, elements and attributes that have no place among them.',
    '',
    'Sources:',
    '',
    ...Object.entries(sources).map(([name, what]) => `- **${name}**: ${what}.`),
    '',
    '## What is judged',
    '',
    '| Code | Level | Where | What it asks | Source |',
    '|---|---|---|---|---|',
    ...rows.map(({ code, level, at, what, source }) => `| ${code} | ${level} | \`${at}\` | ${cell(what)} | ${source} |`),
    '| CFDI40102 | error | `Comprobante @Sello` | The seal belongs to the cadena original (once the document is sealed). | matrix |',
    '| CFDI40106 | error | `Comprobante @Certificado` | The certificate is a CSD, of the issuer, valid on Fecha, and NoCertificado is its number (once the document is sealed). | matrix |',
    '',
    '## What is not',
    '',
    '| Codes | Why |',
    '|---|---|',
    ...unjudged.map(([codes, why]) => `| ${codes} | ${why} |`),
    '',
    'Public fixtures are named by the code that they were made to provoke. All of those that the checks hold do, but for these (CFDI40118 when the official rate is given):',
    '',
    ...Object.entries(unprovoked).map(([code, why]) => `- ${code}: ${why}.`),
    ''
  ].join('\n')
}
