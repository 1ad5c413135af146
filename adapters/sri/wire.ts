import { allAt, at, type ConnectionContext, type DocumentSnapshot, escapeXml, ProviderError, soapCall, textAt, type XmlNode } from '../../core/adapter/index.ts'

/** Three services, each with its own namespace. The published WSDLs name http://localhost as their address, so it is always set here. */
const services = {
  reception: { path: 'RecepcionComprobantesOffline', namespace: 'http://ec.gob.sri.ws.recepcion' },
  authorization: { path: 'AutorizacionComprobantesOffline', namespace: 'http://ec.gob.sri.ws.autorizacion' },
  query: { path: 'ConsultaComprobante', namespace: 'http://ec.gob.sri.ws.consultas' }
} as const

/** One call; gives what stands in its response. A Fault or an HTML page proves nothing: it may have been taken. */
export async function call (context: ConnectionContext, service: keyof typeof services, operation: string, values: Readonly<Record<string, string>>): Promise<XmlNode | undefined> {
  const { path, namespace } = services[service]
  const answer = await soapCall(context, {
    url: `${context.origin()}/comprobantes-electronicos-ws/${path}`,
    action: '',
    namespaces: { ec: namespace },
    body: `<ec:${operation}>${Object.entries(values).map(([name, value]) => `<${name}>${escapeXml(value)}</${name}>`).join('')}</ec:${operation}>`,
    maxBytes: 5 * 1024 * 1024,
    faultOf: fault => new ProviderError({ code: 'timeout_unknown', reached: 'unknown', providerCode: textAt(fault, 'faultcode') ?? '', providerMessage: textAt(fault, 'faultstring') ?? '' })
  })
  return answer[`${operation}Response`]
}

/** Errors first: what stands in the way is what people read. */
export function messagesOf (node: XmlNode | undefined): (DocumentSnapshot['messages'][number] & { isError: boolean })[] {
  return allAt(node, 'mensajes', 'mensaje').map(one => ({
    code: textAt(one, 'identificador') ?? '',
    message: [textAt(one, 'mensaje'), textAt(one, 'informacionAdicional')].filter(text => text !== undefined).join(': '),
    isError: (textAt(one, 'tipo') ?? 'ERROR') === 'ERROR'
  })).sort((one, other) => Number(other.isError) - Number(one.isError))
}

export const plainMessages = (messages: ReturnType<typeof messagesOf>): DocumentSnapshot['messages'] => messages.map(({ code, message }) => ({ code, message }))

export interface Authorization {
  estado: string
  /** Absent while it is in process. */
  at?: Date
  number: string
  ambiente: string
  comprobante?: string
  messages: ReturnType<typeof messagesOf>
}

/** What the SRI says of a clave, oldest first; undefined when it does not hold it. */
export function authorizationsOf (response: XmlNode | undefined): Authorization[] | undefined {
  const answer = at(response, 'RespuestaAutorizacionComprobante')
  const count = textAt(answer, 'numeroComprobantes')
  if (answer === undefined || (count === undefined && textAt(answer, 'claveAccesoConsultada') === undefined)) throw unreadable()
  const found = allAt(answer, 'autorizaciones', 'autorizacion')
  if (found.length === 0) return undefined
  return found.map(one => {
    const moment = new Date(textAt(one, 'fechaAutorizacion') ?? '')
    const comprobante = textAt(one, 'comprobante')
    return {
      estado: textAt(one, 'estado') ?? '', number: textAt(one, 'numeroAutorizacion') ?? '', ambiente: textAt(one, 'ambiente') ?? '', messages: messagesOf(one),
      ...(!Number.isNaN(moment.getTime()) && { at: moment }), ...(comprobante !== undefined && { comprobante })
    }
  })
}

/** What it answered is none of its answers, so it may hide a success. */
export const unreadable = (): ProviderError => new ProviderError({ code: 'timeout_unknown', reached: 'unknown' })
