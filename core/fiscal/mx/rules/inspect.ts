import type { LocalText } from '../../../adapter/context.ts'
import type { Catalogues } from '../../catalogues/catalogues.ts'
import type { CatalogueName } from '../../catalogues/entries.ts'
import type { XmlElement } from '../../xml/element.ts'
import { type Child, comprobanteShape } from '../shape.ts'
import type { Expected } from './expected.ts'
import { collapsed } from './kinds.ts'
import { childPath, join, type Place, root, unclassified } from './places.ts'
import { type Document, type Finding, quoted } from './rule.ts'

type Tree = { [name: string]: string | Tree | Tree[] | XmlElement[] }

export interface Inspection {
  /** Local day, for the catalogues. */
  on: string
  catalogues: Catalogues
  findings: Finding[]
  /** The model is still to be written: what is empty is left out then (../build.ts), and is as good as not there. */
  draft: boolean
}

/**
 * The structure of a model, which may be anything at all. What has no place or is not what it must be is told; what comes out
 * has lists where lists are and text where text is, so that rules can rely on it.
 */
export function inspect (value: unknown, inspection: Inspection): Document {
  if (isTree(value)) return inspectPlace(root, value, '', inspection) as Document
  inspection.findings.push(structural('', { es: 'El documento debe ser un comprobante.', en: 'The document must be a comprobante.' }))
  return {}
}

/** They come with the seal; a document that waits for it may have them empty. */
const withSeal = new Set(['Sello', 'NoCertificado', 'Certificado'])

function inspectPlace (place: Place, value: Record<string, unknown>, path: string, inspection: Inspection): Tree {
  const { findings } = inspection
  const tree: Tree = {}
  for (const { name, required, expected } of place.attributes) {
    const at = join(path, name)
    const said = own(value, name)
    const given = typeof said === 'string' && collapsed(said) === '' && (inspection.draft || (place === root && withSeal.has(name))) ? undefined : said
    if (given === undefined) {
      if (required) findings.push({ code: expected?.missing ?? unclassified(path), level: 'error', path: at, message: expected === undefined ? missing(name) : { es: `Falta ${name}: ${expected.kind.must.es}.`, en: `${name} is missing: it ${expected.kind.must.en}.` } })
    } else if (typeof given !== 'string') {
      findings.push(structural(at, { es: `${name} debe ser texto entre comillas.`, en: `${name} must be a text in quotes.` }))
    } else {
      tree[name] = given
      const message = expected === undefined ? undefined : problem(name, given, expected, inspection)
      if (message !== undefined) findings.push({ code: expected?.code ?? unclassified(path), level: 'error', path: at, message })
    }
  }
  for (const { child, place: inner } of place.children) {
    const given = own(value, child.key)
    const found = given === undefined ? undefined : inspectChild(child, inner, given, path, inspection)
    if (found !== undefined && !(inspection.draft && Object.keys(found).length === 0)) tree[child.key] = found
    if (child.required && given === undefined) findings.push(structural(join(path, child.key), missing(child.key)))
  }
  const open = place.shape.open === true ? 'Otros' : place.shape === comprobanteShape ? 'Addenda' : undefined
  const elements = open === undefined ? undefined : own(value, open)
  if (elements !== undefined) {
    if (Array.isArray(elements) && elements.every(isElement)) tree[open!] = elements
    else findings.push(structural(join(path, open!), { es: `${open} debe ser una lista de elementos XML.`, en: `${open} must be a list of XML elements.` }))
  }
  for (const name of Object.keys(value)) {
    if (value[name] !== undefined && name !== open && !place.attributes.some(attribute => attribute.name === name) && !place.children.some(({ child }) => child.key === name)) findings.push(unknown(path, name, place))
  }
  return tree
}

function inspectChild (child: Child, place: Place, given: unknown, path: string, inspection: Inspection): Tree | Tree[] | undefined {
  const { key, many, required } = child
  if (!many) {
    if (isTree(given)) return inspectPlace(place, given, childPath(path, child, 0), inspection)
    inspection.findings.push(structural(join(path, key), { es: `${key} debe ser un objeto.`, en: `${key} must be an object.` }))
    return undefined
  }
  if (!Array.isArray(given)) {
    inspection.findings.push(structural(join(path, key), { es: `${key} debe ser una lista.`, en: `${key} must be a list.` }))
    return undefined
  }
  if (given.length === 0 && (required || !inspection.draft)) inspection.findings.push(structural(join(path, key), { es: `${key} está vacío: debe tener al menos un elemento.`, en: `${key} is empty: it must have at least one element.` }))
  return given.map((item: unknown, index) => {
    const at = childPath(path, child, index)
    if (isTree(item)) return inspectPlace(place, item, at, inspection)
    inspection.findings.push(structural(at, { es: 'Debe ser un objeto.', en: 'It must be an object.' }))
    return {}
  })
}

function problem (name: string, value: string, { kind: { must, holds, catalogue } }: Expected, { on, catalogues }: Inspection): LocalText | undefined {
  if (holds !== undefined) return holds(value) ? undefined : { es: `${name} ${must.es}; dice "${quoted(value)}".`, en: `${name} ${must.en}; it says "${quoted(value)}".` }
  const code = collapsed(value)
  return catalogues.allows(catalogue!, code, on) ? undefined : outside(name, code, catalogue!, on, catalogues)
}

function outside (name: string, code: string, catalogue: CatalogueName, on: string, catalogues: Catalogues): LocalText {
  const known = catalogues.get(catalogue)?.entries.find(entry => entry.code === code)
  if (known === undefined) return { es: `${name} "${quoted(code)}" no está en ${catalogue}.`, en: `${name} "${quoted(code)}" is not in ${catalogue}.` }
  const { valid_from, valid_to } = known
  return valid_from !== null && valid_from > on
    ? { es: `${name} "${code}" de ${catalogue} vale desde el ${valid_from} y el documento es del ${on}.`, en: `${name} "${code}" of ${catalogue} is valid from ${valid_from} and the document is of ${on}.` }
    : { es: `${name} "${code}" de ${catalogue} valió hasta el ${valid_to} y el documento es del ${on}.`, en: `${name} "${code}" of ${catalogue} was valid until ${valid_to} and the document is of ${on}.` }
}

export function structural (path: string, message: LocalText): Finding {
  return { code: unclassified(path), level: 'error', path, message }
}

function missing (name: string): LocalText {
  return { es: `Falta ${name}.`, en: `${name} is missing.` }
}

function unknown (path: string, name: string, { attributes, children }: Place): Finding {
  // The same word in another case is what people get wrong.
  const meant = [...attributes.map(({ name }) => name), ...children.map(({ child }) => child.key)].find(candidate => candidate.toLowerCase() === name.toLowerCase())
  const hint = meant === undefined ? { es: '', en: '' } : { es: ` ¿Quiso decir ${meant}?`, en: ` Did you mean ${meant}?` }
  return structural(join(path, quoted(name)), { es: `"${quoted(name)}" no tiene lugar aquí: quítelo.${hint.es}`, en: `"${quoted(name)}" has no place here: take it away.${hint.en}` })
}

function isTree (value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}

function isElement (value: unknown): value is XmlElement {
  return isTree(value) && value.kind === 'element' && typeof value.name === 'string' && typeof value.namespace === 'string'
}

/** What an optional thing says when it is null is nothing. */
function own (value: Record<string, unknown>, name: string): unknown {
  return Object.hasOwn(value, name) ? value[name] ?? undefined : undefined
}
