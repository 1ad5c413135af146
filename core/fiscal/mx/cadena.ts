import { attribute, elements, textOf, type XmlElement } from '../xml/element.ts'
import { FiscalError } from '../errors.ts'
import { cfdi, tfd } from './namespaces.ts'
import { compileRules, type Rules, type Step } from './cadena/rules.ts'
import { cadenaTables } from './cadena/tables.ts'

const rulesOf = new Map<string, Rules>(Object.entries(cadenaTables).map(([namespace, table]) => [namespace, compileRules(table)]))

/** Namespaces of the complements whose cadena is known, the timbre not among them: it adds nothing. */
export const knownComplements: readonly string[] = [...rulesOf.keys()].filter(namespace => namespace !== cfdi && namespace !== tfd)

/**
 * The cadena original of a CFDI 4.0: what its Sello signs, as UTF-8. Throws FiscalError `not_a_cfdi`,
 * `version_not_supported`, or `complement_unknown` when a complement's part of it is not known to us: leaving it out would
 * seal something else than the SAT reads.
 */
export function cadenaOriginal (root: XmlElement): string {
  assertCfdi40(root)
  return `|${emit(root, rulesOf.get(cfdi)!.get('Comprobante')!)}||`
}

/** The cadena original of the timbre fiscal digital: what the PAC signs. Throws FiscalError `not_a_cfdi` for anything else than TFD 1.1. */
export function cadenaTfd (timbre: XmlElement): string {
  if (timbre.namespace !== tfd || timbre.name !== 'TimbreFiscalDigital' || attribute(timbre, 'Version') !== '1.1') {
    throw new FiscalError('not_a_cfdi', { es: 'No es un timbre fiscal digital 1.1.', en: 'It is not a timbre fiscal digital 1.1.' })
  }
  return `|${emit(timbre, rulesOf.get(tfd)!.get('TimbreFiscalDigital')!)}||`
}

export function assertCfdi40 (root: XmlElement): void {
  if (root.name !== 'Comprobante' || !root.namespace.startsWith('http://www.sat.gob.mx/cfd/')) {
    throw new FiscalError('not_a_cfdi', { es: `El documento es ${root.qname}, no un CFDI.`, en: `The document is ${root.qname}, not a CFDI.` })
  }
  const version = attribute(root, 'Version') ?? attribute(root, 'version') ?? '?'
  if (root.namespace !== cfdi || version !== '4.0') {
    throw new FiscalError('version_not_supported', { es: `Es un CFDI ${version}; solo se admite 4.0.`, en: `It is a CFDI ${version}; only 4.0 is supported.` })
  }
}

function emit (element: XmlElement, steps: readonly Step[]): string {
  let out = ''
  for (const step of steps) {
    if (step.kind === 'attribute') {
      const value = attribute(element, step.name)
      if (value === undefined ? step.required : true) {
        if (step.version === undefined || attribute(element, 'version') === step.version) out += `|${normalised(value ?? '')}`
      }
    } else if (step.kind === 'text') {
      const [found] = step.path.length === 0 ? [element] : reached(element, step.path)
      if (found !== undefined || step.required) out += `|${normalised(found === undefined ? '' : textOf(found))}`
    } else if (step.path[0] === '*') {
      for (const child of elements(element)) out += complement(child)
    } else {
      const name = step.path.at(-1)!
      const inner = step.inline ?? rulesOf.get(element.namespace)!.get(name)!
      for (const child of step.anyDepth ? descendants(element, name) : reached(element, step.path)) out += emit(child, inner)
    }
  }
  return out
}

function complement (element: XmlElement): string {
  const steps = rulesOf.get(element.namespace)?.get(element.name)
  if (element.namespace === tfd) return ''
  if (steps === undefined) {
    throw new FiscalError('complement_unknown', {
      es: `No se conoce la cadena original del complemento ${element.qname} (${element.namespace || 'sin espacio de nombres'}).`,
      en: `The cadena original of the complement ${element.qname} (${element.namespace || 'without a namespace'}) is not known.`
    })
  }
  return emit(element, steps)
}

/** The elements at the end of a path of names, all of the namespace of the first. */
function reached (element: XmlElement, path: readonly string[]): XmlElement[] {
  let found = [element]
  for (const name of path) found = found.length === 1 ? elements(found[0]!, element.namespace, name) : found.flatMap(one => elements(one, element.namespace, name))
  return found
}

function descendants (element: XmlElement, name: string, namespace = element.namespace): XmlElement[] {
  return elements(element).flatMap(child => [
    ...child.namespace === namespace && child.name === name ? [child] : [],
    ...descendants(child, name, namespace)
  ])
}

/** XPath's normalize-space: only these four characters; a no-break space stays. */
function normalised (value: string): string {
  return needsWork.test(value) ? value.replace(/[ \t\r\n]+/g, ' ').replace(/^ | $/g, '') : value
}

const needsWork = /[\t\r\n]|^ | $| {2}/
