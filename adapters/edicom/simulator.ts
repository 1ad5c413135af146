import { randomBytes } from 'node:crypto'
import { crc32, deflateRawSync } from 'node:zlib'
import { type Effects, escapeXml, isStamp, readXml, type SatStamp, type SatWorld, serveSimulator, type SimulatedAnswer, type SimulatedRequest, type Simulator, textAt, type XmlNode } from '../../core/adapter/index.ts'

/**
 * EDICOM's CFDi service over the tax authority that it shares with the other PACs' simulators. Written from the facts: one
 * address, a ZIP for a document, faults with cod and text. The numbers of its own faults are made up here, because nobody has
 * written them down: whoever tests with it must not learn them from it.
 */
export interface EdicomSimulator extends Simulator {
  /** A 201 comes as a fault, as some clients saw it. */
  faultyCancellations: (on: boolean) => void
}

const namespace = 'http://cfdi.service.ediwinws.edicom.com'

/** `notStamped`: the code with which getUUID refuses here a document that is not stamped. */
export async function startEdicomSimulator ({ world, port, notStamped = madeUp() }: { world: SatWorld, port?: number, notStamped?: string }): Promise<EdicomSimulator> {
  const accounts = new Map<string, { password: string, stamped: Set<string> }>()
  const cancellations = new Map<string, number>()
  const [wrongLogin, notThere] = [madeUp(), madeUp()]
  let faultyCancellations = false
  const server = await serveSimulator(answer, port === undefined ? {} : { port })

  function answer ({ method, url, headers, body }: SimulatedRequest): SimulatedAnswer {
    if (url.pathname !== '/EdiwinWS/services/CFDi') return { status: 404, body: '' }
    if (method !== 'POST' || !(headers['content-type'] ?? '').startsWith('text/xml') || headers.soapaction === undefined) return { status: 500, body: 'no SOAPAction header!' }
    let asked: [name: string, values: Record<string, XmlNode>] | undefined
    try {
      asked = Object.entries((readXml(body).Envelope as Record<string, XmlNode>).Body as Record<string, XmlNode>).find(([name]) => !name.startsWith('@')) as typeof asked
    } catch {
      asked = undefined
    }
    const operation = asked === undefined ? undefined : operations[asked[0]]
    if (asked === undefined || operation === undefined || !body.includes(`"${namespace}"`)) return fault('soapenv:Client', 'no such operation')
    const account = accounts.get(textAt(asked[1], 'user') ?? '')
    if (account === undefined || account.password !== textAt(asked[1], 'password')) return refused(wrongLogin, 'Usuario o contraseña incorrectos')
    const told = operation(asked[1], account.stamped)
    return typeof told !== 'string' ? told : envelope(200, `<${asked[0]}Response xmlns="${namespace}"><${asked[0]}Return>${told}</${asked[0]}Return></${asked[0]}Response>`)
  }

  const fileOf = (values: Record<string, XmlNode>): Buffer => Buffer.from(textAt(values, 'file') ?? '', 'base64')
  const status = (values: Record<string, XmlNode>) => world.status({ re: textAt(values, 'rfcE') ?? '', rr: textAt(values, 'rfcR') ?? '', tt: textAt(values, 'total') ?? '', id: textAt(values, 'uuid') ?? '' })
  const queryData = (values: Record<string, XmlNode>): string => {
    const { EstatusCancelacion, EsCancelable, Estado, CodigoEstatus } = status(values)
    return `<cancelStatus>${EstatusCancelacion}</cancelStatus><isCancelable>${EsCancelable}</isCancelable><status>${Estado}</status><statusCode>${CodigoEstatus}</statusCode>`
  }

  type Operation = (values: Record<string, XmlNode>, stamped: Set<string>) => string | SimulatedAnswer

  const getCfdi: Operation = (values, stamped) => {
    const told = world.stamp('edicom', fileOf(values))
    if (!isStamp(told)) return refused(told.code, told.message)
    stamped.add(told.uuid)
    return zipOf(told)
  }
  const getUUID: Operation = values => world.stamped('edicom', fileOf(values))?.uuid.toLowerCase() ?? refused(notStamped, 'El comprobante no ha sido timbrado')

  const operations: Record<string, Operation> = {
    getCfdi,
    getCfdiTest: getCfdi,
    getUUID,
    getUUIDTest: getUUID,
    getCfdiFromUUID (values, stamped) {
      const found = world.find((textAt(values, 'uuid') ?? '').toUpperCase())
      return found === undefined || !stamped.has(found.uuid) || found.issuer !== textAt(values, 'rfc') ? refused(notThere, 'No existe el comprobante') : zipOf(found)
    },
    getCFDiStatus: values => queryData(values),
    cancelCFDiSignedAsync (values) {
      const { folios, acuse } = world.cancel(Buffer.from(textAt(values, 'sign') ?? '', 'base64'))
      const [folio] = folios
      if (folio === undefined || folio.uuid === '' || folio.uuid !== textAt(values, 'uuid')?.toUpperCase()) return refused('302', 'La solicitud no es válida')
      const found = world.find(folio.uuid)
      if (folio.code === '201' && found !== undefined) cancellations.set(keyOf(found), (cancellations.get(keyOf(found)) ?? 0) + 1)
      if (faultyCancellations || !['201', '202'].includes(folio.code)) return refused(folio.code, `EstatusUUID ${folio.code}`)
      return `<ack>${Buffer.from(acuse).toString('base64')}</ack><cancelQueryData>${queryData(values)}</cancelQueryData><rfcE>${textAt(values, 'rfcE') ?? ''}</rfcE><status>${folio.code}</status><statusCode>${folio.code}</statusCode><uuid>${folio.uuid}</uuid>`
    }
  }

  return {
    ...server,
    credentials (mode) {
      const user = `PRUEBAS${mode}${accounts.size + 1}`
      const password = `Ed-${randomBytes(9).toString('hex')}`
      accounts.set(user, { password, stamped: new Set() })
      return { user, password, rfc: 'EKU9003173C9' }
    },
    wrongCredentials: () => ({ user: 'NADIE', password: 'not-the-password', rfc: 'EKU9003173C9' }),
    faultyCancellations: on => { faultyCancellations = on },
    effects: (reference): Effects => ({ charges: 0, captures: 0, refunds: 0, cancellations: cancellations.get(reference) ?? 0, stamps: world.ledger().filter(each => each.pac === 'edicom' && keyOf(each) === reference).length }),
    signedWebhook () {
      throw new Error('EDICOM sends no webhooks')
    },
    deliver () {},
    settled: async () => {}
  }
}

const madeUp = (): string => `E${randomBytes(2).toString('hex')}`

const keyOf = ({ issuer, series, folio }: SatStamp): string => `${issuer}-${series}-${folio}`

/** A ZIP with one deflated file. */
function zipOf ({ xml }: SatStamp): string {
  const name = Buffer.from('SIGN_XML_COMPROBANTE_3_0.xml')
  const packed = deflateRawSync(xml)
  const common = Buffer.alloc(26)
  common.writeUInt16LE(20, 0)
  common.writeUInt16LE(8, 4)
  common.writeUInt32LE(crc32(xml), 10)
  common.writeUInt32LE(packed.length, 14)
  common.writeUInt32LE(xml.length, 18)
  common.writeUInt16LE(name.length, 22)
  const local = Buffer.concat([Buffer.from('PK\u0003\u0004'), common, name, packed])
  const directory = Buffer.concat([Buffer.from('PK\u0001\u0002'), Buffer.from([20, 0]), common, Buffer.alloc(14), name])
  const end = Buffer.alloc(18)
  end.writeUInt16LE(1, 4)
  end.writeUInt16LE(1, 6)
  end.writeUInt32LE(directory.length, 8)
  end.writeUInt32LE(local.length, 12)
  return Buffer.concat([local, directory, Buffer.from('PK\u0005\u0006'), end]).toString('base64')
}

const envelope = (httpStatus: number, body: string): SimulatedAnswer => ({
  status: httpStatus, headers: { 'content-type': 'text/xml; charset=utf-8' }, body: `<?xml version="1.0" encoding="utf-8"?><soapenv:Envelope xmlns:soapenv="http://schemas.xmlsoap.org/soap/envelope/"><soapenv:Body>${body}</soapenv:Body></soapenv:Envelope>`
})

const fault = (code: string, text: string, detail = ''): SimulatedAnswer => envelope(500, `<soapenv:Fault><faultcode>${code}</faultcode><faultstring>${escapeXml(text)}</faultstring><detail>${detail}</detail></soapenv:Fault>`)
const refused = (cod: string, text: string): SimulatedAnswer => fault('soapenv:Server.generalException', '', `<ns1:fault xmlns:ns1="${namespace}"><ns1:cod>${cod}</ns1:cod><ns1:text>${escapeXml(text)}</ns1:text></ns1:fault>`)
