import { type Catalogues, catalogues as ours } from '../../catalogues/catalogues.ts'
import { FiscalError } from '../../errors.ts'
import { XmlError } from '../../xml/parse.ts'
import { readCfdi } from '../read.ts'
import { localTime, zoneOf } from '../zones.ts'
import { inspect } from './inspect.ts'
import { collapsed } from './kinds.ts'
import { childPath, compareRanks, join, modelPath, type Place, rankOf, root, unclassified } from './places.ts'
import { type AnyRule, type Broken, type Document, type Finding, type Here, say } from './rule.ts'
import { sealFindings } from './seals.ts'

export interface ValidateOptions {
  now: Date
  /** IANA zone in which Fecha is said; that of LugarExpedicion unless told, that of the centre where it is none. */
  zone?: string
  /** With the large catalogues, where an operator imported them. */
  catalogues?: Catalogues
  /** Pesos for one unit of a currency on a local day (the FIX rate), where the caller has it: without it the limits of TipoCambio are not judged. */
  rate?: (currency: string, on: string) => string | undefined
}

const noRate = (): undefined => undefined

/**
 * Every rule that a CFDI 4.0 breaks, before money or stamps are spent, in the order of the document. Takes a model, or the bytes
 * or the text of an XML. Never throws for what the document is: what cannot be read at all is a finding (301).
 */
export function validateCfdi (given: unknown, { now, zone, catalogues = ours, rate = noRate }: ValidateOptions): Finding[] {
  const findings: Finding[] = []
  let model = given
  const xml = typeof given === 'string' ? Buffer.from(given) : given instanceof Uint8Array ? given : undefined
  if (xml !== undefined) {
    try {
      const { comprobante, misplaced } = readCfdi(xml)
      model = comprobante
      for (const { kind, path, text } of misplaced) {
        // What is missing is told by `inspect`, with what it must be.
        if (kind === 'missing_attribute' || kind === 'missing_element') continue
        const at = modelPath(path)
        findings.push({ code: unclassified(at), level: 'error', path: at, message: text })
      }
    } catch (error) {
      if (error instanceof XmlError) return [{ code: '301', level: 'error', path: '', message: { es: `No es XML bien formado: ${error.message}.`, en: `It is not well-formed XML: ${error.message}.` } }]
      if (error instanceof FiscalError) return [{ code: 'CFDI40999', level: 'error', path: modelPath(error.path ?? ''), message: error.text }]
      throw error
    }
  }
  const place = placeOfIssue(model)
  const here: Omit<Here, 'document' | 'type' | 'decimals'> = {
    now, rate, catalogues,
    zone: zone ?? zoneOf(place.postalCode) ?? 'America/Mexico_City',
    on: '', pago: {}, once: remembering()
  }
  here.on = /^\d{4}-\d{2}-\d{2}/.exec(place.date)?.[0] ?? localTime(now, here.zone).slice(0, 10)
  const document = inspect(model, { on: here.on, catalogues, findings, draft: xml === undefined })
  const { TipoDeComprobante: type = '', Moneda = '' } = document
  judge(root, document, '', { ...here, document, type, decimals: catalogues.lookup('c_Moneda', Moneda, here.on)?.decimals }, findings)
  if (xml !== undefined && document.Sello !== undefined) findings.push(...sealFindings(xml, here.zone))
  return inOrder(findings.map(placed))
}

/** Whether nothing stands in the way of a stamp; warnings may. */
export function isValid (findings: readonly Finding[]): boolean {
  return findings.every(({ level }) => level === 'warning')
}

function placeOfIssue (model: unknown): { date: string, postalCode: string } {
  const { Fecha, LugarExpedicion } = (typeof model === 'object' && model !== null ? model : {}) as Record<string, unknown>
  return { date: typeof Fecha === 'string' ? collapsed(Fecha) : '', postalCode: typeof LugarExpedicion === 'string' ? collapsed(LugarExpedicion) : '' }
}

function judge (place: Place, node: object, path: string, here: Here, findings: Finding[]): void {
  for (const rule of place.rules) {
    const broken = (rule.check as (node: object, here: Here) => Broken | boolean | undefined)(node, here)
    if (broken !== undefined && broken !== false) findings.push(findingOf(rule, path, broken === true ? {} : broken))
  }
  for (const { child, place: inner } of place.children) {
    const found = (node as Record<string, object | undefined>)[child.key]
    if (found === undefined) continue
    for (const [index, item] of (child.many ? found as object[] : [found]).entries()) {
      if (child.key === 'Pago') here.pago = item
      judge(inner, item, childPath(path, child, index), here, findings)
    }
  }
}

function findingOf (rule: AnyRule, path: string, words: Broken): Finding {
  const field = words.field ?? rule.field
  return { code: rule.code, level: rule.level, path: field === '' ? path : join(path, field), message: { es: say(rule.es, words), en: say(rule.en, words) } }
}

/** With "Concepto 2, traslado 1" before the sentence: where people look, who do not count brackets. */
function placed (finding: Finding): Finding {
  const { path, message } = finding
  if (!path.includes('[')) return finding
  const found: { es: string, en: string }[] = []
  let place: Place = root
  for (const step of path.split('.')) {
    const [, name, index] = /^(.*?)(?:\[(\d+)\])?$/.exec(step)!
    const next = place.children.find(({ child }) => child.key === name)
    if (next === undefined) break
    place = next.place
    if (index !== undefined && place.called !== undefined) found.push({ es: `${place.called.es} ${Number(index) + 1}`, en: `${place.called.en} ${Number(index) + 1}` })
  }
  if (found.length === 0) return finding
  const capital = (text: string): string => text.charAt(0).toUpperCase() + text.slice(1)
  const before = { es: capital(found.map(({ es }) => es).join(', ')), en: capital(found.map(({ en }) => en).join(', ')) }
  return { ...finding, message: { es: `${before.es}: ${message.es}`, en: `${before.en}: ${message.en}` } }
}

function inOrder (findings: readonly Finding[]): Finding[] {
  return findings.map(finding => ({ finding, rank: rankOf(finding.path) })).sort((one, other) => compareRanks(one.rank, other.rank)).map(({ finding }) => finding)
}

function remembering (): Here['once'] {
  const known = new Map<string, unknown>()
  return (key, make) => {
    if (!known.has(key)) known.set(key, make())
    return known.get(key) as ReturnType<typeof make>
  }
}

export type { Document, Finding }
