import type { LocalText } from '../../../adapter/context.ts'
import { type Child, comprobanteShape, type Shape } from '../shape.ts'
import { type Expected, expected } from './expected.ts'
import type { AnyRule } from './rule.ts'
import { rules } from './rules.ts'

/** An element of the document with what is asked of it. */
export interface Place {
  /** In the words of the model: `Conceptos[].Impuestos`. */
  at: string
  shape: Shape
  attributes: readonly { name: string, required: boolean, expected: Expected | undefined }[]
  children: readonly { child: Child, place: Place }[]
  rules: readonly AnyRule[]
  /** What it is called in a sentence, where there are several. */
  called: LocalText | undefined
}

const called: Readonly<Record<string, LocalText>> = {
  Conceptos: { es: 'concepto', en: 'concept' },
  Traslados: { es: 'traslado', en: 'transferred tax' },
  Retenciones: { es: 'retención', en: 'withheld tax' },
  InformacionAduanera: { es: 'pedimento', en: 'customs entry' },
  Parte: { es: 'parte', en: 'part' },
  Pago: { es: 'pago', en: 'payment' },
  DoctoRelacionado: { es: 'documento', en: 'document' },
  TrasladosDR: { es: 'traslado', en: 'transferred tax' },
  RetencionesDR: { es: 'retención', en: 'withheld tax' },
  TrasladosP: { es: 'traslado', en: 'transferred tax' },
  RetencionesP: { es: 'retención', en: 'withheld tax' },
  CfdiRelacionados: { es: 'relación', en: 'relation' },
  CfdiRelacionado: { es: 'folio', en: 'folio' }
}

function placeOf (shape: Shape, at: string, key: string): Place {
  return {
    at,
    shape,
    attributes: shape.attributes.map(({ name, required }) => ({ name, required, expected: expected[at]?.[name] })),
    children: shape.children.map(child => ({ child, place: placeOf(child.shape, `${at === '' ? '' : `${at}.`}${child.key}${child.many ? '[]' : ''}`, child.key) })),
    rules: rules.filter(rule => rule.at === at),
    called: called[key]
  }
}

export const root: Place = placeOf(comprobanteShape, '', 'Comprobante')

/** `Conceptos[1].Impuestos`: the model's own words, from 0. */
export function childPath (path: string, { key, many }: Child, index: number): string {
  return join(path, many ? `${key}[${index}]` : key)
}

export function join (path: string, name: string): string {
  return path === '' ? name : `${path}.${name}`
}

/** A path of ../read.ts, `/Comprobante/Conceptos/Concepto[2]/@Importe`, in the model's words: `Conceptos[1].Importe`. */
export function modelPath (elementPath: string): string {
  const steps = elementPath.split('/').slice(2)
  let place: Place | undefined = root
  let path = ''
  for (let step = steps.shift(); step !== undefined; step = steps.shift()) {
    const [, name = '', index] = /^@?(.*?)(?:\[(\d+)\])?$/s.exec(step)!
    const found: Place['children'][number] | undefined = place?.children.find(({ child }) => child.key === name)
    const item = found?.child.wrapped === true ? /\[(\d+)\]$/.exec(steps.shift() ?? '')?.[1] : index
    path = join(path, item === undefined ? name : `${name}[${Number(item) - 1}]`)
    place = found?.place
  }
  return path
}

/** Which of a list of paths stands first in the document: attributes before children, both in the order of the schema. */
export function rankOf (path: string): number[] {
  const rank: number[] = []
  let place: Place | undefined = root
  for (const step of path === '' ? [] : path.split('.')) {
    if (place === undefined) break
    const [, name = '', index] = /^(.*?)(?:\[(\d+)\])?$/s.exec(step)!
    const attribute = place.attributes.findIndex(attribute => attribute.name === name)
    const child = place.children.findIndex(({ child }) => child.key === name)
    // What nobody knows comes last among its like.
    rank.push(attribute !== -1 ? attribute : place.attributes.length + (child === -1 ? place.children.length : child))
    if (index !== undefined) rank.push(Number(index))
    place = place.children[child]?.place
  }
  return rank
}

/** Less than, equal, more: what stands higher comes before what stands in it. */
export function compareRanks (one: readonly number[], other: readonly number[]): number {
  for (let index = 0; index < Math.min(one.length, other.length); index++) {
    if (one[index] !== other[index]) return one[index]! - other[index]!
  }
  return one.length - other.length
}

/** The code of what has no code of its own, by where it stands. */
export const unclassified = (path: string): string => path.startsWith('Complemento.Pagos') ? 'CRP20999' : 'CFDI40999'
