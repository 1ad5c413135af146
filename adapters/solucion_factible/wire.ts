import { type ConnectionContext, escapeXml, ProviderError, soapCall, textAt, type XmlNode } from '../../core/adapter/index.ts'
import { manifest } from './config.ts'

const services = {
  Timbrado: () => 'http://timbrado.ws.cfdi.solucionfactible.com',
  Utilerias: ({ settings }: ConnectionContext) => String(settings.utilities_namespace)
}

/** One call of a service, with the account's user and password; gives its `return`. Source: the WSDL as its clients print it, read 2026-11-21. */
export async function command (context: ConnectionContext, service: keyof typeof services, name: string, values: Readonly<Record<string, string>>): Promise<XmlNode> {
  const fields = Object.entries({ usuario: context.credentials.usuario ?? '', password: context.credentials.password ?? '', ...values })
  const answer = await soapCall(context, {
    url: `${context.origin()}/ws/services/${service}`,
    action: `urn:${name}`,
    namespaces: { sf: services[service](context) },
    body: `<sf:${name}>${fields.map(([field, value]) => `<sf:${field}>${escapeXml(value)}</sf:${field}>`).join('')}</sf:${name}>`,
    maxBytes: 20 * 1024 * 1024
  })
  const result = answer[`${name}Response`]
  const told = typeof result === 'object' && !Array.isArray(result) ? result.return : undefined
  if (told === undefined || Array.isArray(told) || textAt(told, 'status') === undefined) throw unreadable()
  return told
}

/** A status of the account or of the service itself; undefined of one that is about the document. 500–503 may have struck after it stamped. */
export function accountError (node: XmlNode): ProviderError | undefined {
  const status = textAt(node, 'status') ?? ''
  const code = manifest.errors[status]
  return code === undefined ? undefined : new ProviderError({ code, reached: code === 'unknown' ? 'unknown' : 'answered', providerCode: status, providerMessage: textAt(node, 'mensaje') ?? '' })
}

/** The SAT's own code where the sentence names it, or else the status. */
export function findingOf (node: XmlNode): { code: string, message: string } {
  const message = textAt(node, 'mensaje') ?? ''
  return { code: /\b(?:CFDI|CRP)\d{5}\b/.exec(message)?.[0] ?? textAt(node, 'status') ?? '', message }
}

export function unreadable (): ProviderError {
  return new ProviderError({ code: 'timeout_unknown', reached: 'unknown' })
}
