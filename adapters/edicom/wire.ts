import { allAt, at, type ConnectionContext, escapeXml, ProviderError, type ProviderProblem, soapCall, textAt, type XmlNode } from '../../core/adapter/index.ts'
import { manifest } from './config.ts'
import { fileInZip } from './zip.ts'

/** Where the WSDL's proxies send everything. */
const path = '/EdiwinWS/services/CFDi'
const maxDocumentBytes = 20 * 1024 * 1024

/** One call, with user and password first, the parameters in the WSDL's order; gives `<name>Return`. A fault with `cod` is an answer. */
export async function command (context: ConnectionContext, name: string, values: Readonly<Record<string, string>>): Promise<XmlNode | undefined> {
  const { user = '', password = '' } = context.credentials
  const fields = Object.entries({ user, password, ...values })
  const answer = await soapCall(context, {
    url: `${context.origin()}${path}`,
    action: '',
    namespaces: { cfdi: 'http://cfdi.service.ediwinws.edicom.com' },
    body: `<cfdi:${name}>${fields.map(([field, value]) => `<cfdi:${field}>${escapeXml(value)}</cfdi:${field}>`).join('')}</cfdi:${name}>`,
    maxBytes: 2 * maxDocumentBytes,
    faultOf
  })
  return at(answer, `${name}Response`, `${name}Return`)
}

/** `cod` and `text` stand in the detail, under a name that clients write differently. Without them a fault says nothing of how far it got. */
function faultOf (fault: XmlNode): ProviderError | undefined {
  const detail = at(fault, 'detail')
  const inner = typeof detail === 'object' ? [detail, ...Object.keys(detail).flatMap(name => allAt(detail, name))] : []
  const told = inner.find(node => textAt(node, 'cod') !== undefined)
  if (told === undefined) return undefined
  const [code, message] = [textAt(told, 'cod')!, textAt(told, 'text') ?? textAt(fault, 'faultstring') ?? '']
  const known: ProviderProblem | undefined = manifest.errors[code]
  // The codes of the account are not written down; the sentence is.
  const problem = known ?? (/usuario|contrase|password|autentic/i.test(message) ? 'invalid_credentials' : /timbres?\b.*(agotad|insuficient|disponib)|saldo/i.test(message) ? 'limit_exceeded' : 'invalid_request')
  return new ProviderError({ code: problem, reached: 'answered', providerCode: code, providerMessage: message })
}

/** The document of an answer: a ZIP in base64 with the stamped XML. */
export function documentIn (returned: XmlNode | undefined): Buffer | undefined {
  const text = typeof returned === 'string' ? returned : textAt(returned, '#text')
  return text === undefined ? undefined : fileInZip(Buffer.from(text, 'base64'), '.xml', maxDocumentBytes)
}

export function unreadable (): ProviderError {
  return new ProviderError({ code: 'timeout_unknown', reached: 'unknown' })
}
