import { canonicalAttribute, canonicalText } from './c14n.ts'
import type { XmlElement } from './element.ts'

declare const brand: unique symbol
/** XML that is written already, in its canonical form (https://www.w3.org/TR/2001/REC-xml-c14n-20010315). '' is nothing. */
export type Xml = string & { readonly [brand]: true }
export const nothing = '' as Xml

/** A document in its canonical form: the very text that is digested is the one that goes out, and no tree is made of it. */
export interface WrittenXml {
  /** Its root, without what is in it. */
  root: XmlElement
  text: string
}

/** Attributes have no namespace and come in the order of their names. */
export function element (name: string, content: Xml, attributes?: Readonly<Record<string, string>>): Xml {
  return '<' + name + (attributes === undefined ? '' : attributesText(attributes)) + '>' + content + '</' + name + '>' as Xml
}

function attributesText (attributes: Readonly<Record<string, string>>): string {
  let text = ''
  for (const name of Object.keys(attributes).sort()) text += ` ${name}="${canonicalAttribute(attributes[name]!)}"`
  return text
}

export function textElement (name: string, value: string): Xml {
  return '<' + name + '>' + canonicalText(value) + '</' + name + '>' as Xml
}

export const textXml = (value: string): Xml => canonicalText(value) as Xml

export function joined (parts: readonly Xml[]): Xml {
  let all = ''
  for (const part of parts) all += part
  return all as Xml
}

/** The root declares at most one namespace, with a prefix; its children have none. */
export function writtenXml (name: string, content: Xml, { attributes = {}, namespace }: { attributes?: Readonly<Record<string, string>>, namespace?: readonly [prefix: string, uri: string] } = {}): WrittenXml {
  const qname = namespace === undefined ? name : `${namespace[0]}:${name}`
  const declared = namespace === undefined ? '' : ` xmlns:${namespace[0]}="${canonicalAttribute(namespace[1])}"`
  return {
    root: {
      kind: 'element', qname, name, namespace: namespace?.[1] ?? '', namespaces: namespace === undefined ? [] : [namespace], children: [],
      attributes: Object.entries(attributes).map(([key, value]) => ({ qname: key, name: key, namespace: '', value }))
    },
    text: '<' + qname + declared + attributesText(attributes) + '>' + content + '</' + qname + '>'
  }
}

/** As a file. */
export const xmlFile = ({ text }: Pick<WrittenXml, 'text'>): Buffer => Buffer.from(`<?xml version="1.0" encoding="UTF-8"?>\n${text}`)
