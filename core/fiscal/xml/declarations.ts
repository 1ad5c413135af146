import type { XmlElement } from './element.ts'

/**
 * The prefixes that an element and what is below it use without declaring them: what its new place has to declare when it is
 * moved to another document. '' stands for the default namespace.
 */
export function undeclared (element: XmlElement, declared: ReadonlySet<string> = new Set(['xml'])): Map<string, string> {
  const inside = element.namespaces.length === 0 ? declared : new Set([...declared, ...element.namespaces.map(([prefix]) => prefix)])
  const found = new Map<string, string>()
  const need = (qname: string, namespace: string): void => {
    const prefix = qname.includes(':') ? qname.slice(0, qname.indexOf(':')) : ''
    if (namespace !== '' && !inside.has(prefix)) found.set(prefix, namespace)
  }
  need(element.qname, element.namespace)
  for (const { qname, namespace } of element.attributes) need(qname, namespace)
  for (const child of element.children) {
    if (child.kind !== 'element') continue
    for (const [prefix, namespace] of undeclared(child, inside)) found.set(prefix, namespace)
  }
  return found
}

/** The same element, with what `undeclared` names declared on it. */
export function selfContained (element: XmlElement): XmlElement {
  const missing = undeclared(element)
  return missing.size === 0 ? element : { ...element, namespaces: [...element.namespaces, ...missing] }
}
