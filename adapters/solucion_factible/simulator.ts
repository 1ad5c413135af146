import { randomBytes } from 'node:crypto'
import { type Effects, escapeXml, isStamp, readXml, type SatStamp, type SatWorld, serveSimulator, type SimulatedAnswer, type SimulatedRequest, type Simulator, textAt, type XmlNode } from '../../core/adapter/index.ts'

/**
 * Solución Factible's services (Timbrado, Utilerias) over the tax authority that it shares with the other PACs' simulators.
 * Written from its pages and its WSDL: a status for the operation and one for each document, 307 for one that was stamped.
 */
export interface SolucionFactibleSimulator extends Simulator {
  /** 307 comes without the document: the pages do not say. */
  bareRepeats: (on: boolean) => void
  setLeft: (usuario: string, left: number) => void
}

const namespaces: Record<string, string> = { Timbrado: 'http://timbrado.ws.cfdi.solucionfactible.com', Utilerias: 'http://utilerias.ws.cfdi.solucionfactible.com' }

interface Account { password: string, rfc: string, left: number, used: number }

export async function startSolucionFactibleSimulator ({ world, port }: { world: SatWorld, port?: number }): Promise<SolucionFactibleSimulator> {
  const accounts = new Map<string, Account>()
  const cancellations = new Map<string, number>()
  let bareRepeats = false
  const server = await serveSimulator(answer, port === undefined ? {} : { port })

  function answer ({ method, url, headers, body }: SimulatedRequest): SimulatedAnswer {
    const service = /^\/ws\/services\/(Timbrado|Utilerias)$/.exec(url.pathname)?.[1]
    if (service === undefined) return { status: 404, body: '' }
    if (method !== 'POST' || !(headers['content-type'] ?? '').startsWith('text/xml')) return { status: 405, body: '' }
    let asked: [name: string, values: Record<string, XmlNode>] | undefined
    try {
      asked = Object.entries((readXml(body).Envelope as Record<string, XmlNode>).Body as Record<string, XmlNode>).find(([name]) => !name.startsWith('@')) as typeof asked
    } catch {
      asked = undefined
    }
    // Axis2 knows an operation by its action and its qualified name.
    const operation = asked === undefined ? undefined : operations[service]?.[asked[0]]
    if (asked === undefined || operation === undefined || headers.soapaction !== `"urn:${asked[0]}"` || !body.includes(`"${namespaces[service]}"`)) return fault('The endpoint reference (EPR) for the Operation not found')
    const account = accounts.get(textAt(asked[1], 'usuario') ?? '')
    const told = account === undefined || account.password !== textAt(asked[1], 'password') ? status(601, 'Error de autenticación, el nombre de usuario o contraseña son incorrectos.') : operation(asked[1], account)
    return envelope(200, `<ns:${asked[0]}Response xmlns:ns="${namespaces[service]}"><ns:return xmlns:ax="${namespaces[service]}/xsd">${told}</ns:return></ns:${asked[0]}Response>`)
  }

  const operations: Record<string, Record<string, (values: Record<string, XmlNode>, account: Account) => string>> = {
    Timbrado: {
      timbrar (values, account) {
        if (textAt(values, 'cfdi') === undefined) return status(611, 'Los datos recibidos están incompletos o no se encuentran donde se esperarían.')
        if (account.left === 0) return status(630, 'Se han agotado los timbres de la implementación.')
        const told = world.stamp('solucion_factible', Buffer.from(textAt(values, 'cfdi')!, 'base64'))
        if (isStamp(told)) {
          account.left--
          account.used++
          return `${status(200, 'La operación se ha realizado correctamente.')}${results(certified(200, 'CFDI correctamente validado y timbrado.', told))}`
        }
        const repeated = told.code === '307' && told.previous !== undefined && !bareRepeats ? certified(307, told.message, told.previous) : undefined
        // A document's own status; codes that are no number are named in the sentence.
        const refused = status(/^\d+$/.test(told.code) ? Number(told.code) : 301, `${told.code} - ${told.message}`)
        return `${status(200, 'La operación se ha realizado correctamente.')}${results(repeated ?? refused)}`
      },
      enviarSolicitudCancelacion (values) {
        const { folios } = world.cancel(Buffer.from(textAt(values, 'solicitudCancelacion') ?? '', 'base64'))
        if (folios.some(({ uuid }) => uuid === '')) return status(612, 'El archivo XML o alguno de sus atributos está malformado.')
        for (const { uuid, code } of folios) {
          const stamp = world.find(uuid)
          if (code === '201' && stamp !== undefined) cancellations.set(keyOf(stamp), (cancellations.get(keyOf(stamp)) ?? 0) + 1)
        }
        return `${status(200, 'El proceso de cancelación se ha completado correctamente.')}${folios.map(({ uuid, code }) => results(`${status(200, 'Solicitud enviada.')}<ax:statusUUID>${code}</ax:statusUUID><ax:uuid>${uuid}</ax:uuid>`)).join('')}`
      }
    },
    Utilerias: {
      getTimbres: (values, { rfc, left, used }) => textAt(values, 'rfcEmisor') === rfc
        ? `${status(200, 'La operación se ha realizado correctamente.')}<ax:contratados>${left + used}</ax:contratados><ax:usados>${used}</ax:usados><ax:disponibles>${left}</ax:disponibles>`
        : status(500, 'Han ocurrido errores que no han permitido completar el proceso.')
    }
  }

  return {
    ...server,
    credentials (mode) {
      const usuario = `pruebas-${mode}-${accounts.size + 1}@empresa.mx`
      const password = `Sf-${randomBytes(9).toString('hex')}`
      accounts.set(usuario, { password, rfc: 'EKU9003173C9', left: 1000, used: 0 })
      return { usuario, password, rfc: 'EKU9003173C9' }
    },
    wrongCredentials: () => ({ usuario: 'nadie@empresa.mx', password: 'not-the-password', rfc: 'EKU9003173C9' }),
    bareRepeats: on => { bareRepeats = on },
    setLeft (usuario, left) {
      accounts.get(usuario)!.left = left
    },
    effects: (reference): Effects => ({ charges: 0, captures: 0, refunds: 0, cancellations: cancellations.get(reference) ?? 0, stamps: world.ledger().filter(each => each.pac === 'solucion_factible' && keyOf(each) === reference).length }),
    signedWebhook () {
      throw new Error('Solución Factible sends no webhooks')
    },
    deliver () {},
    settled: async () => {}
  }
}

const keyOf = ({ issuer, series, folio }: SatStamp): string => `${issuer}-${series}-${folio}`

const status = (code: number, message: string): string => `<ax:mensaje>${escapeXml(message)}</ax:mensaje><ax:status>${code}</ax:status>`
const results = (content: string): string => `<ax:resultados xmlns:xsi="http://www.w3.org/2001/XMLSchema-instance" xsi:type="ax:CFDIResultado">${content}</ax:resultados>`
const certified = (code: number, message: string, { uuid, xml, fechaTimbrado, selloSat, cadenaTfd, noCertificadoSat }: SatStamp): string =>
  `<ax:cadenaOriginal>${escapeXml(cadenaTfd)}</ax:cadenaOriginal><ax:certificadoSAT>${noCertificadoSat}</ax:certificadoSAT><ax:cfdiTimbrado>${Buffer.from(xml).toString('base64')}</ax:cfdiTimbrado><ax:fechaTimbrado>${fechaTimbrado}.000Z</ax:fechaTimbrado>${status(code, message)}<ax:selloSAT>${selloSat}</ax:selloSAT><ax:uuid>${uuid}</ax:uuid><ax:versionTFD>1.1</ax:versionTFD>`

const envelope = (httpStatus: number, body: string): SimulatedAnswer => ({
  status: httpStatus, headers: { 'content-type': 'text/xml; charset=utf-8' }, body: `<?xml version='1.0' encoding='UTF-8'?><soapenv:Envelope xmlns:soapenv="http://schemas.xmlsoap.org/soap/envelope/"><soapenv:Body>${body}</soapenv:Body></soapenv:Envelope>`
})

const fault = (text: string): SimulatedAnswer => envelope(500, `<soapenv:Fault><faultcode>soapenv:Client</faultcode><faultstring>${escapeXml(text)}</faultstring><detail/></soapenv:Fault>`)
