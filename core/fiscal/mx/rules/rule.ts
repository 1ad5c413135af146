import type { LocalText } from '../../../adapter/context.ts'
import type { Catalogues } from '../../catalogues/catalogues.ts'
import type { XmlElement } from '../../xml/element.ts'
import type { Comprobante, Pago } from '../model.ts'

/** `error`: a PAC refuses the document. `warning`: it may, or the source of the rule is not sure. */
export type Level = 'error' | 'warning'

export interface Finding {
  /** The SAT's: CFDI40xxx, CRP20xxx; 301 and 401 are those of the PACs for what is not XML and for a date out of range. */
  code: string
  level: Level
  /** In the words of the model, from 0: `Conceptos[1].Impuestos.Traslados[0].Base`; '' is the whole document. The sentence counts from 1. */
  path: string
  /** What to change. */
  message: LocalText
}

/** A document as it came: any attribute may be absent, any text may be wrong; lists are lists and attributes are text. */
export type Loose<T> =
  T extends string ? string
    : T extends XmlElement ? XmlElement
      : T extends readonly (infer Item)[] ? Loose<Item>[]
        : { [Key in keyof T]?: Loose<NonNullable<T[Key]>> }

export type Document = Loose<Comprobante>

/** What a rule may know besides the node that it stands on. */
export interface Here {
  document: Document
  /** TipoDeComprobante, or '' where it is none. */
  type: string
  /** Local day of the document, `AAAA-MM-DD`: catalogues are asked about it. */
  on: string
  /** Decimals of the currency of the document; undefined when it is unknown. */
  decimals: number | undefined
  now: Date
  zone: string
  catalogues: Catalogues
  /** The authority's rate of a currency in pesos on a day, where the caller has one. */
  rate: (currency: string, on: string) => string | undefined
  /** The payment that the node stands in; `{}` outside of any. */
  pago: Loose<Pago>
  /** Worked out once per document, whoever asks first. */
  once: <T>(key: string, make: () => T) => T
}

/** What is wrong: the words for the sentence, and where it differs from the rule's own the attribute or child. */
export type Broken = Readonly<Record<string, string | number>> & { field?: string }

/** `Conceptos[].Impuestos.Traslados[]` → the type of one of them. */
export type At<T, Path extends string> = Path extends '' ? T : Path extends `${infer Head}.${infer Rest}` ? At<Step<T, Head>, Rest> : Step<T, Path>
type Step<T, Name extends string> = Name extends `${infer List}[]`
  ? List extends keyof T ? NonNullable<T[List]> extends readonly (infer Item)[] ? Item : never : never
  : Name extends keyof T ? NonNullable<T[Name]> : never

export interface Rule<Path extends string = string> {
  code: string
  level: Level
  /** On which nodes it is asked; '' is the document. */
  at: Path
  /** What the finding points at, below the node; '' is the node. */
  field: string
  /** Undefined or false when it holds, or when what it needs is not there (another rule says so). */
  check: (node: At<Document, Path>, here: Here) => Broken | boolean | undefined
  /** Sentences that say what to change; `{word}` is replaced by what the check says. */
  es: string
  en: string
  /** Where the rule comes from; see `sources` in describe.ts. */
  source: Source
}

/**
 * matrix: the SAT's error matrices, as the PAC NTlink words them in its public fixtures and two transcriptions agree.
 * matrix?: one transcription only, or transcriptions that differ. guide: the SAT's filling guides and Anexo 20.
 * xsd: the schemas. pac: what PACs are known to do. practice: what goes wrong in practice; no authority says it.
 */
export type Source = 'matrix' | 'matrix?' | 'guide' | 'xsd' | 'pac' | 'practice'

/** A row of a table of rules, whatever its place. */
export type AnyRule = Omit<Rule, 'check'> & { check: (node: never, here: Here) => Broken | boolean | undefined }

export function rule<const Path extends string> (one: Rule<Path>): AnyRule {
  return one as unknown as AnyRule
}

/** The sentence with its words. */
export function say (template: string, words: Readonly<Record<string, string | number>>): string {
  return template.replace(/\{(\w+)\}/g, (_, word: string) => String(words[word] ?? '?'))
}

/** Text of a document in a sentence: not longer than a sentence bears. */
export function quoted (value: string): string {
  return value.length > 60 ? `${value.slice(0, 57)}…` : value
}
