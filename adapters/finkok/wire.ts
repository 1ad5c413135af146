import { allAt, type ConnectionContext, escapeXml, ProviderError, type ProviderProblem, soapCall, textAt, type XmlNode } from '../../core/adapter/index.ts'
import { manifest } from './config.ts'

/** Each service is its own address, with the namespace of its own messages. Source: https://github.com/phpcfdi/finkok, read 2026-11-20. */
export type Service = 'stamp' | 'cancel'

/** One command, with the account's user and password; gives its result. */
export async function command (context: ConnectionContext, service: Service, name: string, values: Readonly<Record<string, string>>): Promise<XmlNode | undefined> {
  const fields = Object.entries({ ...values, username: context.credentials.username ?? '', password: context.credentials.password ?? '' })
  const answer = await soapCall(context, {
    url: `${context.origin()}/servicios/soap/${service}`,
    action: name,
    namespaces: { fk: `http://facturacion.finkok.com/${service}` },
    body: `<fk:${name}>${fields.map(([field, value]) => `<fk:${field}>${escapeXml(value)}</fk:${field}>`).join('')}</fk:${name}>`,
    maxBytes: 20 * 1024 * 1024
  })
  return answer[`${name}Response`] === undefined ? undefined : (answer[`${name}Response`] as Record<string, XmlNode>)[`${name}Result`]
}

export interface Incidence { code: string, message: string }

export function incidencesOf (result: XmlNode | undefined): Incidence[] {
  return allAt(result, 'Incidencias', 'Incidencia').map(incidence => ({
    code: textAt(incidence, 'CodigoError') ?? '', message: [textAt(incidence, 'MensajeIncidencia'), textAt(incidence, 'ExtraInfo')].filter(text => text !== undefined).join(' · ')
  }))
}

/** Finkok answers 200 also when it refuses; the code says what kind of refusal it is. */
export function refusal ({ code, message }: Incidence): ProviderError {
  const known: ProviderProblem | undefined = manifest.errors[code]
  return new ProviderError({ code: known ?? 'invalid_request', reached: 'answered', providerCode: code, providerMessage: message })
}

/** What it answered is none of its answers, so it may hide a success. */
export function unreadable (): ProviderError {
  return new ProviderError({ code: 'timeout_unknown', reached: 'unknown' })
}
