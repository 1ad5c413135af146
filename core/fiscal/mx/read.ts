import type { LocalText } from '../../adapter/context.ts'
import { elements, type XmlElement } from '../xml/element.ts'
import { parseXml } from '../xml/parse.ts'
import { assertCfdi40 } from './cadena.ts'
import type { Comprobante } from './model.ts'
import { cfdi, xsi } from './namespaces.ts'
import { type Child, comprobanteShape, type Shape } from './shape.ts'

/** Something in the document that the schema has no place for, or that it asks for and is not there. */
export interface Misplaced {
  kind: 'missing_attribute' | 'unexpected_attribute' | 'missing_element' | 'unexpected_element' | 'repeated_element' | 'unexpected_text'
  /** In the document, as XPath counts: `/Comprobante/Conceptos/Concepto[2]/@Importe`. What the model has no property for has a place only there. */
  path: string
  text: LocalText
}

export interface ReadCfdi {
  /** As far as it could be read: where `misplaced` names a missing attribute, the property is not there. */
  comprobante: Comprobante
  /** The document itself; a seal is made and checked on it, never on the model. */
  root: XmlElement
  misplaced: Misplaced[]
}

/** Reads a CFDI 4.0, sealed, stamped or neither. Throws XmlError, or FiscalError `not_a_cfdi` and `version_not_supported`. */
export function readCfdi (bytes: Uint8Array): ReadCfdi {
  return readComprobante(parseXml(bytes).root)
}

export function readComprobante (root: XmlElement): ReadCfdi {
  assertCfdi40(root)
  const misplaced: Misplaced[] = []
  return { comprobante: modelOf(root, comprobanteShape, '/Comprobante', misplaced) as unknown as Comprobante, root, misplaced }
}

type Model = Record<string, unknown>

function modelOf (element: XmlElement, shape: Shape, path: string, misplaced: Misplaced[]): Model {
  const model: Model = {}
  for (const { name, namespace, value, qname } of element.attributes) {
    if (namespace === '' && shape.attributes.some(known => known.name === name)) model[name] = value
    else if (namespace !== xsi) misplaced.push(finding('unexpected_attribute', `${path}/@${qname}`))
  }
  for (const { name, required } of shape.attributes) {
    if (required && model[name] === undefined) misplaced.push(finding('missing_attribute', `${path}/@${name}`))
  }
  childrenOf(element, shape, path, misplaced, model)
  return model
}

function childrenOf (element: XmlElement, shape: Shape, path: string, misplaced: Misplaced[], model: Model): void {
  noText(element, path, misplaced)
  let furthest = 0
  for (const child of elements(element)) {
    if (shape === comprobanteShape && child.name === 'Addenda' && child.namespace === cfdi) {
      if (model.Addenda !== undefined) misplaced.push(finding('repeated_element', `${path}/Addenda`))
      model.Addenda = elements(child)
      furthest = shape.children.length
      continue
    }
    const index = shape.children.findIndex(({ key, wrapped, shape: { name, namespace } }) => child.namespace === namespace && child.name === (wrapped ? key : name))
    const known = shape.children[index]
    if (known === undefined) {
      if (shape.open === true) model.Otros = [...(model.Otros as XmlElement[] | undefined) ?? [], child]
      else misplaced.push(finding('unexpected_element', `${path}/${child.name}`))
      continue
    }
    const interleaved = shape.open === true || shape.name === 'ImpuestosLocales'
    if (index < furthest && !interleaved) misplaced.push(finding('unexpected_element', `${path}/${child.name}`))
    furthest = Math.max(furthest, index)
    take(child, known, path, misplaced, model)
  }
  for (const { key, required } of shape.children) {
    if (required && model[key] === undefined) misplaced.push(finding('missing_element', `${path}/${key}`))
  }
}

function take (child: XmlElement, { key, shape, many, wrapped }: Child, path: string, misplaced: Misplaced[], model: Model): void {
  if (!many) {
    if (model[key] !== undefined) return void misplaced.push(finding('repeated_element', `${path}/${key}`))
    model[key] = modelOf(child, shape, `${path}/${key}`, misplaced)
    return
  }
  if (!wrapped) {
    const known = (model[key] ??= []) as Model[]
    known.push(modelOf(child, shape, `${path}/${key}[${known.length + 1}]`, misplaced))
    return
  }
  if (model[key] !== undefined) return void misplaced.push(finding('repeated_element', `${path}/${key}`))
  const inside = `${path}/${key}`
  for (const { qname } of child.attributes) misplaced.push(finding('unexpected_attribute', `${inside}/@${qname}`))
  noText(child, inside, misplaced)
  const items: Model[] = []
  for (const item of elements(child)) {
    if (item.name === shape.name && item.namespace === shape.namespace) items.push(modelOf(item, shape, `${inside}/${shape.name}[${items.length + 1}]`, misplaced))
    else misplaced.push(finding('unexpected_element', `${inside}/${item.name}`))
  }
  if (items.length === 0) misplaced.push(finding('missing_element', `${inside}/${shape.name}`))
  model[key] = items
}

function noText (element: XmlElement, path: string, misplaced: Misplaced[]): void {
  if (element.children.some(node => node.kind === 'text' && /[^ \t\r\n]/.test(node.value))) misplaced.push(finding('unexpected_text', path))
}

const said: Record<Misplaced['kind'], LocalText> = {
  missing_attribute: { es: 'Falta el atributo', en: 'The attribute is missing:' },
  unexpected_attribute: { es: 'El esquema no admite el atributo', en: 'The schema has no such attribute:' },
  missing_element: { es: 'Falta el elemento', en: 'The element is missing:' },
  unexpected_element: { es: 'El esquema no admite aquí el elemento', en: 'The schema has no such element here:' },
  repeated_element: { es: 'El elemento está repetido:', en: 'The element stands twice:' },
  unexpected_text: { es: 'Hay texto suelto en', en: 'Text stands loose in' }
}

function finding (kind: Misplaced['kind'], path: string): Misplaced {
  return { kind, path, text: { es: `${said[kind].es} ${path}.`, en: `${said[kind].en} ${path}.` } }
}
