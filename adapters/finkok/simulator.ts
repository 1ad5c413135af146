import { randomBytes } from 'node:crypto'
import { escapeXml, type Effects, isStamp, readXml, type SatStamp, type SatWorld, serveSimulator, type SimulatedAnswer, type SimulatedRequest, type Simulator, textAt, type XmlNode } from '../../core/adapter/index.ts'

/**
 * Finkok's SOAP services (stamp, cancel), over the tax authority that it shares with the other PACs' simulators. Written from
 * phpcfdi/finkok (its commands, results and recorded bugs): 200 also for refusals, incidences, 307 with the first timbre,
 * `stamped` that answers 603, empty Folios.
 */
export interface FinkokSimulator extends Simulator {
  /** 307 comes with an empty xml, as it sometimes does. */
  emptyRepeats: (on: boolean) => void
  /** `stamped` does not know anything: for some seconds after a stamp it does not. */
  slowToKnow: (on: boolean) => void
  /** `stamped` knows a stamp only this long after it, ms. */
  lag: (ms: number) => void
}

/** An account that is always there, for the demo. */
export const demoAccount = { username: 'demo@pasarela.example', password: 'Finkok-demo-1' }

export async function startFinkokSimulator ({ world, port, now = () => new Date() }: { world: SatWorld, port?: number, now?: () => Date }): Promise<FinkokSimulator> {
  const accounts = new Map<string, { password: string, stamped: Set<string> }>([[demoAccount.username, { password: demoAccount.password, stamped: new Set() }]])
  const cancellations = new Map<string, number>()
  const stampedAt = new Map<string, number>()
  let [emptyRepeats, slowToKnow, lagMs] = [false, false, 0]

  const server = await serveSimulator(answer, port === undefined ? {} : { port })

  function answer ({ method, url, headers, body }: SimulatedRequest): SimulatedAnswer {
    const service = /^\/servicios\/soap\/(stamp|cancel)$/.exec(url.pathname)?.[1]
    if (service === undefined) return { status: 404, body: '<h1>Not Found</h1>' }
    if (method !== 'POST' || !(headers['content-type'] ?? '').startsWith('text/xml')) return { status: 405, body: '' }
    let asked: [name: string, values: Record<string, XmlNode>] | undefined
    try {
      const content = Object.entries((readXml(body).Envelope as Record<string, XmlNode>).Body as Record<string, XmlNode>).find(([name]) => !name.startsWith('@'))
      asked = content as typeof asked
    } catch {
      asked = undefined
    }
    const command = asked === undefined ? undefined : commands[service as 'stamp']?.[asked[0]]
    if (asked === undefined || command === undefined) return fault('soap11env:Client.ResourceNotFound', `Requested resource '{http://facturacion.finkok.com/${service}}${asked?.[0] ?? ''}' not found`)
    const values = asked[1]
    const account = accounts.get(textAt(values, 'username') ?? '')
    const known = account !== undefined && account.password === textAt(values, 'password') ? account : undefined
    return envelope(200, service, asked[0], command(values, known))
  }

  type Command = (values: Record<string, XmlNode>, account: { stamped: Set<string> } | undefined) => string

  const documentOf = (values: Record<string, XmlNode>): Buffer => Buffer.from(textAt(values, 'xml') ?? '', 'base64')

  const commands: Record<'stamp' | 'cancel', Record<string, Command>> = {
    stamp: {
      stamp (values, account) {
        if (account === undefined) return incidence('300', 'Usuario y contraseña inválidos')
        const stamp = world.stamp('finkok', documentOf(values))
        if (isStamp(stamp)) {
          account.stamped.add(stamp.uuid)
          stampedAt.set(stamp.uuid, now().getTime())
          return stampResult(stamp, 'Comprobante timbrado satisfactoriamente')
        }
        if (stamp.code === '307' && stamp.previous !== undefined) {
          return emptyRepeats ? incidence('307', stamp.message) : stampResult(stamp.previous, 'Comprobante timbrado previamente', incidenceOf('307', stamp.message))
        }
        return incidence(stamp.code, stamp.message)
      },
      stamped (values, account) {
        if (account === undefined) return incidence('300', 'Usuario y contraseña inválidos')
        const stamp = slowToKnow ? undefined : world.stamped('finkok', documentOf(values))
        const known = stamp !== undefined && now().getTime() - (stampedAt.get(stamp.uuid) ?? 0) >= lagMs
        return !known ? incidence('603', 'El CFDI no contiene un timbre previo') : stampResult(stamp, 'Comprobante timbrado previamente')
      },
      query_pending (values, account) {
        const uuid = (textAt(values, 'uuid') ?? '').toUpperCase()
        if (account === undefined) return '<error>Usuario o contraseña inválidos</error>'
        const stamp = world.find(uuid)
        if (stamp?.pac !== 'finkok' || !account.stamped.has(uuid)) return '<error>UUID No Encontrado</error>'
        return `<status>F</status><xml>${escapeXml(Buffer.from(stamp.xml).toString('utf8'))}</xml><uuid>${stamp.uuid}</uuid><uuid_status></uuid_status><next_attempt></next_attempt><attempts>1</attempts><error></error><date>${stamp.fechaTimbrado}</date>`
      }
    },
    cancel: {
      cancel_signature (values, account) {
        if (account === undefined) return '<CodEstatus>300 - Usuario y contraseña inválidos</CodEstatus>'
        const { folios, acuse } = world.cancel(documentOf(values))
        if (folios.some(({ uuid }) => uuid === '')) return '<CodEstatus>305 - Certificado o firma inválidos</CodEstatus>'
        for (const { uuid, code } of folios) {
          const stamp = world.find(uuid)
          if (code === '201' && stamp !== undefined) cancellations.set(keyOf(stamp), (cancellations.get(keyOf(stamp)) ?? 0) + 1)
        }
        const told = folios.map(({ uuid, code }) => `<Folio><UUID>${uuid}</UUID><EstatusUUID>${code}</EstatusUUID><EstatusCancelacion>${code === '201' ? 'En proceso' : ''}</EstatusCancelacion></Folio>`).join('')
        return `<Folios>${told}</Folios><Acuse>${escapeXml(Buffer.from(acuse).toString('utf8'))}</Acuse><Fecha></Fecha><RfcEmisor></RfcEmisor>`
      },
      get_sat_status (values, account) {
        if (account === undefined) return '<error>Usuario y contraseña inválidos</error>'
        const said = world.status({ re: textAt(values, 'taxpayer_id') ?? '', rr: textAt(values, 'rtaxpayer_id') ?? '', tt: textAt(values, 'total') ?? '', id: textAt(values, 'uuid') ?? '' })
        return `<sat>${(['CodigoEstatus', 'EsCancelable', 'Estado', 'EstatusCancelacion'] as const).map(name => `<${name}>${said[name]}</${name}>`).join('')}</sat>`
      }
    }
  }

  return {
    ...server,
    credentials (mode) {
      const username = `pruebas-${mode}-${accounts.size + 1}@empresa.mx`
      const password = `Fk-${randomBytes(9).toString('hex')}`
      accounts.set(username, { password, stamped: new Set() })
      return { username, password }
    },
    wrongCredentials: () => ({ username: 'nadie@empresa.mx', password: 'not-the-password' }),
    effects: (reference): Effects => ({ charges: 0, captures: 0, refunds: 0, cancellations: cancellations.get(reference) ?? 0, stamps: world.ledger().filter(stamp => stamp.pac === 'finkok' && keyOf(stamp) === reference).length }),
    signedWebhook () {
      throw new Error('Finkok sends no webhooks')
    },
    deliver () {},
    settled: async () => {},
    emptyRepeats: on => { emptyRepeats = on },
    slowToKnow: on => { slowToKnow = on },
    lag: ms => { lagMs = ms }
  }
}

const keyOf = ({ issuer, series, folio }: SatStamp): string => `${issuer}-${series}-${folio}`

function stampResult ({ xml, uuid, fechaTimbrado, selloSat, noCertificadoSat }: SatStamp, status: string, incidences = ''): string {
  return `<xml>${escapeXml(Buffer.from(xml).toString('utf8'))}</xml><UUID>${uuid}</UUID><Fecha>${fechaTimbrado}</Fecha><CodEstatus>${status}</CodEstatus><SatSeal>${selloSat}</SatSeal><Incidencias>${incidences}</Incidencias><NoCertificadoSAT>${noCertificadoSat}</NoCertificadoSAT>`
}

const incidenceOf = (code: string, message: string): string =>
  `<Incidencia><IdIncidencia>${randomBytes(6).toString('hex')}</IdIncidencia><RfcEmisor></RfcEmisor><Uuid></Uuid><CodigoError>${code}</CodigoError><WorkProcessId></WorkProcessId><MensajeIncidencia>${escapeXml(message)}</MensajeIncidencia><ExtraInfo></ExtraInfo><NoCertificadoPac></NoCertificadoPac><FechaRegistro></FechaRegistro></Incidencia>`
const incidence = (code: string, message: string): string => `<xml></xml><Incidencias>${incidenceOf(code, message)}</Incidencias>`

const envelope = (status: number, service: string, name: string, result: string): SimulatedAnswer => ({
  status,
  headers: { 'content-type': 'text/xml; charset=utf-8' },
  body: `<?xml version='1.0' encoding='UTF-8'?><senv:Envelope xmlns:senv="http://schemas.xmlsoap.org/soap/envelope/" xmlns:tns="http://facturacion.finkok.com/${service}" xmlns:s0="apps.services.soap.core.views"><senv:Body><tns:${name}Response><tns:${name}Result>${
    result.replace(/<(\/?)([A-Za-z_]+)>/g, '<$1s0:$2>')}</tns:${name}Result></tns:${name}Response></senv:Body></senv:Envelope>`
})

const fault = (code: string, text: string): SimulatedAnswer => ({
  status: 500, headers: { 'content-type': 'text/xml; charset=utf-8' }, body: `<senv:Envelope xmlns:senv="http://schemas.xmlsoap.org/soap/envelope/"><senv:Body><senv:Fault><faultcode>${code}</faultcode><faultstring>${escapeXml(text)}</faultstring></senv:Fault></senv:Body></senv:Envelope>`
})
