import { FiscalError } from '../errors.ts'
import { selfContained, undeclared } from '../xml/declarations.ts'
import type { XmlAttribute, XmlElement } from '../xml/element.ts'
import type { Comprobante } from './model.ts'
import { cfdi, namespaces, xsi } from './namespaces.ts'
import { comprobanteShape, type Shape } from './shape.ts'

/**
 * The document of a model, as PACs expect it: elements in the order of the schema, the SAT's prefixes, every namespace
 * declared on the root with its place in xsi:schemaLocation (PACs refuse a complement that declares its own: CfdiUtils 2.26).
 * White space in values is collapsed, as the schema's types say. What is undefined or empty is left out.
 *
 * Throws FiscalError `kind_not_built` for nómina (it needs its own complement, rules and deadlines), `structure` where the
 * schema asks for something that is not there, `value_invalid` for a character that XML has no place for or a bar, which
 * separates the values of the cadena. Only CadPago may have bars: it is itself the cadena of a bank (SPEI), and Pagos20.xsd gives it
 * no pattern where every other text has `[^|]`.
 */
export function buildCfdi (comprobante: Comprobante): XmlElement {
  if (comprobante.TipoDeComprobante === 'N') {
    throw new FiscalError('kind_not_built', {
      es: 'No se emiten recibos de nómina (TipoDeComprobante N); un CFDI de nómina ya hecho sí se puede sellar y verificar.',
      en: 'Payroll receipts (TipoDeComprobante N) are not issued here; one made elsewhere can be sealed and verified.'
    }, 'TipoDeComprobante')
  }
  const used = new Set<string>([cfdi])
  const root = elementOf(comprobante as unknown as Model, comprobanteShape, '', used)
  if (comprobante.Addenda !== undefined && comprobante.Addenda.length > 0) root.children.push(element(cfdi, 'Addenda', [], comprobante.Addenda.map(selfContained)))
  const known = [...used].map(namespace => [namespace, namespaces.get(namespace)!] as const)
  root.namespaces = [...known.map(([namespace, { prefix }]) => [prefix, namespace] as const), ['xsi', xsi]]
  root.attributes.unshift({ qname: 'xsi:schemaLocation', name: 'schemaLocation', namespace: xsi, value: known.map(([namespace, { schema }]) => `${namespace} ${schema}`).join(' ') })
  return root
}

type Model = Readonly<Record<string, unknown>>

function elementOf (model: Model, shape: Shape, path: string, used: Set<string>): XmlElement {
  used.add(shape.namespace)
  const attributes: XmlAttribute[] = []
  for (const { name, required } of shape.attributes) {
    const given = model[name]
    const value = given === undefined || given === null ? '' : written(given, name, join(path, name))
    if (value !== '') attributes.push({ qname: name, name, namespace: '', value })
    else if (required) throw missing(join(path, name))
  }
  const children: XmlElement[] = []
  const others = shape.open === true ? ((model.Otros as XmlElement[] | undefined) ?? []).map(other => hoisted(other, used)) : []
  for (const { key, shape: inner, many, wrapped, required } of shape.children) {
    // The timbre is what the PAC adds at the end.
    if (inner.name === 'TimbreFiscalDigital') children.push(...others)
    const value = model[key]
    if (many) {
      const items = (value as readonly Model[] | undefined) ?? []
      if (items.length === 0) {
        if (required) throw missing(join(path, key))
        continue
      }
      const made = items.map((item, index) => elementOf(item, inner, `${join(path, key)}[${index}]`, used))
      if (wrapped) children.push(element(shape.namespace, key, [], made))
      else children.push(...made)
    } else if (value !== undefined && value !== null) {
      const made = elementOf(value as Model, inner, join(path, key), used)
      if (made.attributes.length > 0 || made.children.length > 0) children.push(made)
    } else if (required) throw missing(join(path, key))
  }
  if (shape.open === true && !shape.children.some(({ shape: { name } }) => name === 'TimbreFiscalDigital')) children.push(...others)
  return element(shape.namespace, shape.name, attributes, children)
}

/** A complement that came as XML: what it needs with the SAT's own prefix is declared on the root, like for the others. */
function hoisted (other: XmlElement, used: Set<string>): XmlElement {
  const prescribed = ([prefix, namespace]: readonly [string, string]): boolean => namespaces.get(namespace)?.prefix === prefix
  const local = other.namespaces.filter(declared => !prescribed(declared))
  const needed: (readonly [string, string])[] = []
  for (const declared of undeclared({ ...other, namespaces: local })) {
    if (prescribed(declared)) used.add(declared[1])
    else if (declared[0] !== 'xsi' || declared[1] !== xsi) needed.push(declared)
  }
  return { ...other, namespaces: [...local, ...needed] }
}

function element (namespace: string, name: string, attributes: XmlAttribute[], children: XmlElement[]): XmlElement {
  return { kind: 'element', qname: `${namespaces.get(namespace)!.prefix}:${name}`, name, namespace, attributes, namespaces: [], children }
}

function written (value: unknown, name: string, path: string): string {
  if (typeof value !== 'string') throw new FiscalError('value_invalid', { es: `${path} debe ser texto.`, en: `${path} must be text.` }, path)
  const odd = (name === 'CadPago' ? unwritable : refused).exec(value)
  if (odd !== null) {
    const code = `U+${odd[0].codePointAt(0)!.toString(16).toUpperCase().padStart(4, '0')}`
    throw new FiscalError('value_invalid', {
      es: odd[0] === '|' ? `${path} no puede llevar la barra «|».` : `${path} tiene un carácter que XML no admite (${code}).`,
      en: odd[0] === '|' ? `${path} may not have a bar ("|").` : `${path} has a character that XML has no place for (${code}).`
    }, path)
  }
  // NumeroPedimento keeps the two spaces between its groups.
  return name === 'NumeroPedimento' || !spaced.test(value) ? value : value.replace(/[ \t\r\n]+/g, ' ').replace(/^ | $/g, '')
}

const spaced = /[\t\r\n]|^ | $| {2}/
const unwritable = /[^\t\n\r\u{20}-\u{D7FF}\u{E000}-\u{FFFD}\u{10000}-\u{10FFFF}]/u
const refused = /[^\t\n\r\u{20}-\u{7B}\u{7D}-\u{D7FF}\u{E000}-\u{FFFD}\u{10000}-\u{10FFFF}]/u

function join (path: string, name: string): string {
  return path === '' ? name : `${path}.${name}`
}

function missing (path: string): FiscalError {
  return new FiscalError('structure', { es: `Falta ${path}.`, en: `${path} is missing.` }, path)
}
