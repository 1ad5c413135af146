import { escapeXml, type Effects, readXml, serveSimulator, type SimulatedAnswer, type SimulatedRequest, type Simulator, type SriAuthorization, type SriMessage, type SriWorld, textAt, type XmlNode } from '../../core/adapter/index.ts'

/**
 * The SRI's web services (recepción, autorización, consulta) over the authority that is given to it, written from their WSDLs and
 * the Ficha Técnica v2.34: SOAP 1.1 document/literal, CDATA in answers, EN PROCESO, several entries for one clave.
 */
export interface SriSimulator extends Simulator {
  /** Every service answers with an HTML page, as on bad days. */
  html: (on: boolean) => void
  /** Answers as they are seen in the wild: lists without the prefix that the WSDL asks for, the comprobante escaped instead of as CDATA. */
  loose: (on: boolean) => void
}

const namespaces: Readonly<Record<string, string>> = { RecepcionComprobantesOffline: 'http://ec.gob.sri.ws.recepcion', AutorizacionComprobantesOffline: 'http://ec.gob.sri.ws.autorizacion', ConsultaComprobante: 'http://ec.gob.sri.ws.consultas' }

/** Of the host: a twin has one address, so each comprobante goes to the environment that it names. */
const environmentOf = (clave: string): '1' | '2' => clave[23] === '2' ? '2' : '1'

export async function startSriSimulator ({ world, port }: { world: SriWorld, port?: number }): Promise<SriSimulator> {
  let [html, loose] = [false, false]
  /** Elements that the WSDL takes by reference are qualified, whatever elementFormDefault says. */
  const prefix = (): string => loose ? '' : 'ns2:'
  const server = await serveSimulator(answer, port === undefined ? {} : { port })

  async function answer ({ method, url, headers, body }: SimulatedRequest): Promise<SimulatedAnswer> {
    const service = /^\/comprobantes-electronicos-ws\/(\w+)$/.exec(url.pathname)?.[1] ?? ''
    const namespace = namespaces[service]
    if (namespace === undefined) return { status: 404, headers: { 'content-type': 'text/html' }, body: '<html><body>404</body></html>' }
    if (html) return { status: 500, headers: { 'content-type': 'text/html' }, body: '<html><head><title>Error</title></head><body>JBWEB000065: HTTP Status 500</body></html>' }
    if (method !== 'POST' || !(headers['content-type'] ?? '').startsWith('text/xml')) return { status: 415, body: '' }
    if (headers.soapaction !== '""') return fault('soap:Client', `The given SOAPAction ${headers.soapaction ?? ''} does not match an operation.`)
    let asked: [operation: string, values: Record<string, XmlNode>]
    try {
      const content = (readXml(body).Envelope as Record<string, XmlNode>).Body as Record<string, XmlNode>
      asked = Object.entries(content).find(([name]) => !name.startsWith('@')) as typeof asked
      if (!body.includes(`"${namespace}"`)) throw new Error('namespace')
    } catch {
      return fault('soap:Client', 'Unmarshalling Error')
    }
    const [operation, values] = asked
    const respond = operations[service]?.[operation]
    if (respond === undefined) return fault('soap:Client', `Message part {${namespace}}${operation} was not recognized.`)
    return envelope(200, `<ns2:${operation}Response xmlns:ns2="${namespace}">${await respond(values)}</ns2:${operation}Response>`)
  }

  const operations: Record<string, Record<string, (values: Record<string, XmlNode>) => string | Promise<string>>> = {
    RecepcionComprobantesOffline: {
      async validarComprobante (values) {
        const xml = Buffer.from(textAt(values, 'xml') ?? '', 'base64')
        const environment = /<ambiente>2</.test(xml.toString('utf8')) ? '2' : '1'
        const { estado, clave, mensajes } = await world.receive(environment, xml)
        const q = prefix()
        const told = mensajes.length === 0 ? '' : `<${q}comprobante><claveAcceso>${escapeXml(clave ?? '')}</claveAcceso>${messages(mensajes, q)}</${q}comprobante>`
        return `<RespuestaRecepcionComprobante><estado>${estado}</estado><comprobantes>${told}</comprobantes></RespuestaRecepcionComprobante>`
      }
    },
    AutorizacionComprobantesOffline: {
      autorizacionComprobante (values) {
        const clave = textAt(values, 'claveAccesoComprobante') ?? ''
        const found = world.authorizations(environmentOf(clave), clave)
        return `<RespuestaAutorizacionComprobante><claveAccesoConsultada>${escapeXml(clave)}</claveAccesoConsultada><numeroComprobantes>${found.length}</numeroComprobantes><autorizaciones>${found.map(authorization).join('')}</autorizaciones></RespuestaAutorizacionComprobante>`
      }
    },
    ConsultaComprobante: {
      consultarEstadoAutorizacionComprobante (values) {
        const clave = textAt(values, 'claveAcceso') ?? ''
        const standing = world.standing(environmentOf(clave), clave)
        const told = standing === undefined
          ? `<estadoConsulta>RECHAZADA</estadoConsulta>${messages([{ identificador: '99', mensaje: 'NO EXISTEN DATOS PARA LA CONSULTA', tipo: 'ERROR' }], prefix())}`
          : `<estadoConsulta>ACEPTADA</estadoConsulta><estadoAutorizacion>${standing}</estadoAutorizacion>`
        return `<EstadoAutorizacionComprobante><claveAcceso>${escapeXml(clave)}</claveAcceso>${told}</EstadoAutorizacionComprobante>`
      }
    }
  }

  function authorization ({ estado, numeroAutorizacion, fechaAutorizacion, ambiente, comprobante, mensajes }: SriAuthorization): string {
    const number = numeroAutorizacion === undefined ? '' : `<numeroAutorizacion>${numeroAutorizacion}</numeroAutorizacion>`
    const moment = fechaAutorizacion === undefined ? '' : `<fechaAutorizacion>${new Date(fechaAutorizacion.getTime() - 5 * 3600_000).toISOString().slice(0, 19)}-05:00</fechaAutorizacion>`
    const document = comprobante === undefined ? '' : `<comprobante>${loose ? escapeXml(comprobante) : `<![CDATA[${comprobante.replaceAll(']]>', ']]]]><![CDATA[>')}]]>`}</comprobante>`
    const q = prefix()
    return `<${q}autorizacion><estado>${estado}</estado>${number}${moment}<ambiente>${ambiente}</ambiente>${document}${messages(mensajes, q)}</${q}autorizacion>`
  }

  return {
    ...server,
    // There is no account: the signature says who it is.
    credentials: () => ({}),
    wrongCredentials: () => ({}),
    effects: (reference): Effects => ({ charges: 0, captures: 0, refunds: 0, cancellations: 0, stamps: world.ledger().filter(({ ruc, series, sequential }) => `${ruc} ${series} ${sequential}` === reference).length }),
    signedWebhook () {
      throw new Error('the SRI sends no webhooks')
    },
    deliver () {},
    settled: async () => {},
    html: on => { html = on },
    loose: on => { loose = on }
  }
}

const messages = (all: readonly SriMessage[], q: string): string => `<mensajes>${all.map(({ identificador, mensaje, informacionAdicional, tipo }) => `<${q}mensaje><identificador>${identificador}</identificador><mensaje>${escapeXml(mensaje)}</mensaje>${
  informacionAdicional === undefined ? '' : `<informacionAdicional>${escapeXml(informacionAdicional)}</informacionAdicional>`}<tipo>${tipo}</tipo></${q}mensaje>`).join('')}</mensajes>`

const envelope = (status: number, body: string): SimulatedAnswer => ({
  status, headers: { 'content-type': 'text/xml;charset=UTF-8' }, body: `<soap:Envelope xmlns:soap="http://schemas.xmlsoap.org/soap/envelope/"><soap:Body>${body}</soap:Body></soap:Envelope>`
})

const fault = (code: string, text: string): SimulatedAnswer => envelope(500, `<soap:Fault><faultcode>${code}</faultcode><faultstring>${escapeXml(text)}</faultstring></soap:Fault>`)
