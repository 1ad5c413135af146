import { XMLParser } from 'fast-xml-parser'
import type { ConnectionContext } from './context.ts'
import { errorOfStatus, textOf } from './http.ts'
import { ProviderError } from './problems.ts'

/** An element as an object: children by local name, attributes with `@`, text as a string. Several of a name are an array. */
export type XmlNode = { [name: string]: XmlNode | XmlNode[] | string } | string

// No DTD, no numbers made of digits: a folio of 0012 stays 0012. Entities of the document itself are not expanded.
const parser = new XMLParser({ ignoreAttributes: false, attributeNamePrefix: '@', removeNSPrefix: true, parseTagValue: false, parseAttributeValue: false, trimValues: true, ignoreDeclaration: true, ignorePiTags: true, htmlEntities: true })

/** What a provider answers, for reading. Never for a document whose bytes count: those are kept as they came. Throws when it is not XML. */
export function readXml (text: string): Record<string, XmlNode> {
  if (/<!DOCTYPE/i.test(text)) throw new Error('a document type is not read')
  return parser.parse(text, true) as Record<string, XmlNode>
}

/** Down a path of local names; the first of several. undefined where a step is missing. */
export function at (node: XmlNode | undefined, ...path: string[]): XmlNode | undefined {
  let here: XmlNode | undefined = node
  for (const name of path) {
    if (typeof here !== 'object') return undefined
    const next: XmlNode | XmlNode[] | undefined = here[name]
    here = Array.isArray(next) ? next[0] : next
  }
  return here
}

/** The text at a path; undefined where there is none or it is empty. An element with attributes keeps its text in `#text`. */
export function textAt (node: XmlNode | undefined, ...path: string[]): string | undefined {
  const found = at(node, ...path)
  const text = typeof found === 'object' ? found['#text'] : found
  return typeof text === 'string' && text !== '' ? text : undefined
}

/** All at a path's last name. */
export function allAt (node: XmlNode | undefined, ...path: string[]): XmlNode[] {
  const parent = at(node, ...path.slice(0, -1))
  if (typeof parent !== 'object') return []
  const found = parent[path.at(-1)!]
  return found === undefined || found === '' ? [] : Array.isArray(found) ? found : [found]
}

export function escapeXml (text: string): string {
  return text.replace(/[&<>"']/g, character => `&#${character.charCodeAt(0)};`)
}

export interface SoapRequest {
  url: string
  /** SOAPAction of SOAP 1.1. */
  action: string
  /** `xmlns:…` declarations of the envelope beside `soapenv`. */
  namespaces?: Readonly<Record<string, string>>
  /** The content of the body, as XML: values through `escapeXml`. */
  body: string
  timeoutMs?: number
  maxBytes?: number
  /** What a Fault of this provider means, where more is known than SOAP says. */
  faultOf?: (fault: XmlNode) => ProviderError | undefined
}

/**
 * One SOAP 1.1 call; gives the content of the body. A Fault of the client's making was refused; any other may have struck after the
 * provider acted, and so may an answer that cannot be read: both are `unknown`.
 */
export async function soapCall (context: Pick<ConnectionContext, 'http' | 'now'>, { url, action, namespaces = {}, body, timeoutMs, maxBytes, faultOf }: SoapRequest): Promise<Record<string, XmlNode>> {
  const declared = Object.entries(namespaces).map(([prefix, uri]) => ` xmlns:${prefix}="${uri}"`).join('')
  const response = await context.http({
    method: 'POST',
    url,
    headers: { 'content-type': 'text/xml; charset=utf-8', soapaction: `"${action}"` },
    body: `<?xml version="1.0" encoding="UTF-8"?><soapenv:Envelope xmlns:soapenv="http://schemas.xmlsoap.org/soap/envelope/"${declared}><soapenv:Header/><soapenv:Body>${body}</soapenv:Body></soapenv:Envelope>`,
    ...(timeoutMs !== undefined && { timeoutMs }),
    ...(maxBytes !== undefined && { maxBytes })
  })
  const content = bodyOf(textOf(response))
  const fault = at(content, 'Fault')
  if (fault !== undefined) {
    const [code, message] = [textAt(fault, 'faultcode') ?? '', textAt(fault, 'faultstring') ?? '']
    throw faultOf?.(fault) ?? new ProviderError(/(^|:)Client$/.test(code)
      ? { code: 'invalid_request', reached: 'answered', providerCode: code, providerMessage: message, httpStatus: response.status }
      : { code: 'unknown', reached: 'unknown', providerCode: code, providerMessage: message, httpStatus: response.status })
  }
  const error = errorOfStatus(response, context.now())
  if (error !== undefined) throw error
  if (content === undefined) throw new ProviderError({ code: 'timeout_unknown', reached: 'unknown', httpStatus: response.status })
  return content
}

function bodyOf (text: string): Record<string, XmlNode> | undefined {
  try {
    const body = at(readXml(text), 'Envelope', 'Body')
    return typeof body === 'object' ? body as Record<string, XmlNode> : undefined
  } catch {
    return undefined
  }
}

/** User and password stand in the body of every request of such services: the element is emptied, and the value wherever else it is. */
export function scrubSoapPassword (transcript: string, { password = '' }: Readonly<Record<string, string>>): string {
  const without = transcript.replace(/<((?:\w+:)?password)>[^<]*<\/\1>/g, '<$1>[redacted]</$1>')
  return password.length >= 6 ? without.replaceAll(password, '[redacted]') : without
}
