import { createHash, X509Certificate } from 'node:crypto'
import { allAt, at, type Effects, escapeXml, readXml, serveSimulator, type SimulatedAnswer, type SimulatedRequest, type Simulator, textAt, type XmlNode } from '../../core/adapter/index.ts'

/** What the AEAT has of one invoice of one issuer. */
export interface Kept {
  number: string
  date: string
  huella: string
  status: 'Correcto' | 'AceptadoConErrores' | 'Anulado'
  code?: string
  message?: string
  /** How many records of it were taken. */
  times: number
}

/** A sending, as it came. */
export interface Sending {
  nif: string
  at: Date
  records: number
  incident: boolean
  lastDay?: string
  /** Before the wait was over that the answer before had told. */
  early: boolean
}

export interface VerifactuSimulator extends Simulator {
  /** TiempoEsperaEnvio from now on, seconds. */
  wait: (seconds: number) => void
  /** The census does not know this NIF: records that name it are refused (1110). */
  forget: (nif: string) => void
  remember: (nif: string) => void
  /** The next whole sending is refused with this code. */
  refuse: (code: string, text: string) => void
  kept: (nif: string) => Kept[]
  sendings: () => Sending[]
  /** Every record that was taken of an issuer, in the order of the sendings. */
  chainOf: (nif: string) => { huella: string, previous: string }[]
}

export interface VerifactuSimulatorOptions {
  port?: number
  now?: () => Date
  /** HTTPS, and callers must show a certificate of this authority: the issuer's, or the representative's. */
  tls?: { key: string, cert: string, authority: string, representative: string, stranger: string }
}

const path = '/wlpl/TIKE-CONT/ws/SistemaFacturacion/VerifactuSOAP'
const base = 'https://www2.agenciatributaria.gob.es/static_files/common/internet/dep/aplicaciones/es/aeat/tike/cont/ws'
const pageSize = 10_000

/**
 * The AEAT's VerifactuSOAP over books of its own, written from its WSDL and schemas: order, batches, partial acceptance, duplicates,
 * corrections and annulments, the huella recomputed, the wait that it tells, consultations page by page.
 */
export async function startVerifactuSimulator ({ port, now = () => new Date(), tls }: VerifactuSimulatorOptions = {}): Promise<VerifactuSimulator> {
  const books = new Map<string, Map<string, Kept>>()
  const chains = new Map<string, { huella: string, previous: string, system: string }[]>()
  const unknown = new Set<string>()
  const sendings: Sending[] = []
  const due = new Map<string, number>()
  let refusal: { code: string, text: string } | undefined
  let waitSeconds = 60
  let receipts = 0
  const representatives = new Set(tls === undefined ? [] : [nifIn(new X509Certificate(tls.representative))])

  const bookOf = (nif: string): Map<string, Kept> => {
    let book = books.get(nif)
    if (book === undefined) books.set(nif, book = new Map())
    return book
  }

  function answer ({ method, url, headers, body, certificate }: SimulatedRequest): SimulatedAnswer {
    if (url.pathname !== path) return { status: 404, headers: { 'content-type': 'text/html' }, body: '<html><body>404</body></html>' }
    if (method !== 'POST') return fault('4135', 'Esta URL no puede ser utilizada mediante GET.')
    if (!/^text\/xml/.test(headers['content-type'] ?? '')) return { status: 415, body: '' }
    if (tls !== undefined && (certificate === undefined || !new X509Certificate(certificate).verify(new X509Certificate(tls.authority).publicKey))) return { status: 403, headers: { 'content-type': 'text/html' }, body: '<html><body>No se ha detectado certificado electrónico</body></html>' }
    let envelope: XmlNode | undefined
    try {
      envelope = at(readXml(body), 'Envelope', 'Body')
    } catch {
      return fault('4103', 'Se ha producido un error inesperado al parsear el XML.')
    }
    const caller = certificate === undefined ? undefined : nifIn(new X509Certificate(certificate))
    const submission = at(envelope, 'RegFactuSistemaFacturacion')
    if (submission !== undefined) return submitted(submission, caller)
    const question = at(envelope, 'ConsultaFactuSistemaFacturacion')
    return question === undefined ? fault('4102', 'El XML no cumple el esquema. Falta informar campo obligatorio.') : asked(question, caller)
  }

  const mayAct = (nif: string, caller: string | undefined): boolean => caller === undefined || caller === nif || representatives.has(caller)

  function submitted (submission: XmlNode, caller: string | undefined): SimulatedAnswer {
    if (refusal !== undefined) {
      const { code, text } = refusal
      refusal = undefined
      return fault(code, text)
    }
    const header = at(submission, 'Cabecera')
    const nif = textAt(header, 'ObligadoEmision', 'NIF')
    const records = allAt(submission, 'RegistroFactura')
    if (nif === undefined || textAt(header, 'ObligadoEmision', 'NombreRazon') === undefined || records.length === 0) return fault('4102', 'El XML no cumple el esquema. Falta informar campo obligatorio.')
    if (records.length > 1000) return fault('4113', 'El XML no cumple con el esquema: se ha superado el límite permitido de registros para el bloque.')
    if (unknown.has(nif)) return fault('4104', 'Error en la cabecera: el valor del campo NIF del bloque ObligadoEmision no está identificado.')
    if (!mayAct(nif, caller)) return fault('4112', 'El titular del certificado debe ser Obligado Emisión, Colaborador Social, Apoderado o Sucesor.')
    const lastDay = textAt(header, 'RemisionVoluntaria', 'FechaFinVeriFactu')
    if (lastDay !== undefined && !/^31-12-20\d\d$/.test(lastDay)) return fault('4120', 'Error en la cabecera: el valor del campo FechaFinVeriFactu es incorrecto, debe ser 31-12-20XX.')
    const at_ = now()
    sendings.push({ nif, at: at_, records: records.length, incident: textAt(header, 'RemisionVoluntaria', 'Incidencia') === 'S', early: at_.getTime() < (due.get(nif) ?? 0), ...(lastDay !== undefined && { lastDay }) })
    due.set(nif, at_.getTime() + waitSeconds * 1000)
    const lines = records.map(record => lineOf(nif, record))
    const good = lines.filter(({ status }) => status !== 'Incorrecto').length
    const state = good === 0 ? 'Incorrecto' : lines.every(({ status }) => status === 'Correcto') ? 'Correcto' : 'ParcialmenteCorrecto'
    return soap(`<sfR:RespuestaRegFactuSistemaFacturacion xmlns:sfR="${base}/RespuestaSuministro.xsd" xmlns:sf="${base}/SuministroInformacion.xsd">${
      good === 0 ? '' : `<sfR:CSV>A-${String(++receipts).padStart(14, '0')}</sfR:CSV><sfR:DatosPresentacion><sf:NIFPresentador>${caller ?? nif}</sf:NIFPresentador><sf:TimestampPresentacion>${at_.toISOString()}</sf:TimestampPresentacion></sfR:DatosPresentacion>`
    }<sfR:Cabecera><sf:ObligadoEmision><sf:NombreRazon>${escapeXml(textAt(header, 'ObligadoEmision', 'NombreRazon')!)}</sf:NombreRazon><sf:NIF>${nif}</sf:NIF></sf:ObligadoEmision></sfR:Cabecera><sfR:TiempoEsperaEnvio>${waitSeconds}</sfR:TiempoEsperaEnvio><sfR:EstadoEnvio>${state}</sfR:EstadoEnvio>${lines.map(({ xml }) => xml).join('')}</sfR:RespuestaRegFactuSistemaFacturacion>`)
  }

  /** Judges one record, and keeps it unless it is refused. */
  function lineOf (nif: string, record: XmlNode): { status: string, xml: string } {
    const annuls = at(record, 'RegistroAnulacion') !== undefined
    const content = at(record, annuls ? 'RegistroAnulacion' : 'RegistroAlta')
    const suffix = annuls ? 'Anulada' : ''
    const id = (name: string): string => textAt(content, 'IDFactura', `${name}${suffix}`) ?? ''
    const [issuer, number, date, huella] = [id('IDEmisorFactura'), id('NumSerieFactura'), id('FechaExpedicionFactura'), textAt(content, 'Huella') ?? '']
    const key = `${number}|${date}`
    const book = bookOf(nif)
    const before = book.get(key)
    const chain = chains.get(nif) ?? []
    const problem = refusedFor({ content, annuls, issuer, nif, before })
    const warning = problem === undefined ? warnedFor(content, annuls, chain) : undefined
    const status = problem !== undefined ? 'Incorrecto' : warning !== undefined ? 'AceptadoConErrores' : 'Correcto'
    const [code, message] = problem ?? warning ?? []
    if (problem === undefined) {
      book.set(key, { number, date, huella, status: annuls ? 'Anulado' : status as 'Correcto', times: (before?.times ?? 0) + 1, ...(code !== undefined && { code, message: message! }) })
      chains.set(nif, [...chain, { huella, previous: textAt(content, 'Encadenamiento', 'RegistroAnterior', 'Huella') ?? '', system: systemIn(content) }])
    }
    const flags = annuls ? ['SinRegistroPrevio', 'RechazoPrevio'] : ['Subsanacion', 'RechazoPrevio']
    const reference = textAt(content, 'RefExterna')
    return {
      status,
      xml: `<sfR:RespuestaLinea><sfR:IDFactura><sf:IDEmisorFactura>${escapeXml(issuer)}</sf:IDEmisorFactura><sf:NumSerieFactura>${escapeXml(number)}</sf:NumSerieFactura><sf:FechaExpedicionFactura>${escapeXml(date)}</sf:FechaExpedicionFactura></sfR:IDFactura><sfR:Operacion><sf:TipoOperacion>${annuls ? 'Anulacion' : 'Alta'}</sf:TipoOperacion>${
        flags.map(name => [name, textAt(content, name)] as const).filter(([name, value]) => value !== undefined && (!annuls || name !== 'Subsanacion')).map(([name, value]) => `<sf:${name}>${value}</sf:${name}>`).sort((a, b) => order(a) - order(b)).join('')
      }</sfR:Operacion>${reference === undefined ? '' : `<sfR:RefExterna>${escapeXml(reference)}</sfR:RefExterna>`}<sfR:EstadoRegistro>${status}</sfR:EstadoRegistro>${code === undefined ? '' : `<sfR:CodigoErrorRegistro>${code}</sfR:CodigoErrorRegistro><sfR:DescripcionErrorRegistro>${escapeXml(message!)}</sfR:DescripcionErrorRegistro>`}${
        code === '3000' && before !== undefined ? `<sfR:RegistroDuplicado><sf:IdPeticionRegistroDuplicado>1</sf:IdPeticionRegistroDuplicado><sf:EstadoRegistroDuplicado>${{ Correcto: 'Correcta', AceptadoConErrores: 'AceptadaConErrores', Anulado: 'Anulada' }[before.status]}</sf:EstadoRegistroDuplicado></sfR:RegistroDuplicado>` : ''
      }</sfR:RespuestaLinea>`
    }
  }

  function refusedFor ({ content, annuls, issuer, nif, before }: { content: XmlNode | undefined, annuls: boolean, issuer: string, nif: string, before: Kept | undefined }): [string, string] | undefined {
    if (issuer !== nif) return ['1108', 'El NIF del IDEmisorFactura debe ser el mismo que el NIF del ObligadoEmision.']
    if (!/^[0-9A-F]{64}$/.test(textAt(content, 'Huella') ?? '')) return ['1262', 'La longitud de huella no cumple con las especificaciones.']
    if (annuls) {
      if (before === undefined) return textAt(content, 'SinRegistroPrevio') === 'S' ? undefined : ['3002', 'No existe el registro de facturación.']
      return before.status === 'Anulado' ? ['3001', 'El registro de facturación ya ha sido dado de baja.'] : undefined
    }
    for (const recipient of allAt(content, 'Destinatarios', 'IDDestinatario')) if (unknown.has(textAt(recipient, 'NIF') ?? '')) return ['1110', 'El NIF no está identificado en el censo de la AEAT.']
    if (/^(?:F1|F3|R[1-4])$/.test(textAt(content, 'TipoFactura') ?? '') && allAt(content, 'Destinatarios', 'IDDestinatario').length === 0) return ['1189', 'Si TipoFactura es F1 o F3 o R1 o R2 o R3 o R4 el bloque Destinatarios tiene que estar cumplimentado.']
    const [corrects, refused] = [textAt(content, 'Subsanacion') === 'S', textAt(content, 'RechazoPrevio') ?? 'N']
    if (!corrects && refused === 'X') return ['1153', 'Valor del campo RechazoPrevio no válido, solo podrá incluirse el campo RechazoPrevio con valor X si se ha informado el campo Subsanacion y tiene el valor S.']
    if (!corrects && refused === 'S') return ['1161', 'El valor del campo RechazoPrevio no es válido.']
    if (corrects && refused !== 'X') return before === undefined ? ['3002', 'No existe el registro de facturación.'] : undefined
    return before === undefined ? undefined : ['3000', 'Registro de facturación duplicado.']
  }

  function warnedFor (content: XmlNode | undefined, annuls: boolean, chain: readonly { system: string }[]): [string, string] | undefined {
    if (huellaIn(content, annuls) !== textAt(content, 'Huella')) return ['2000', 'El cálculo de la huella suministrada es incorrecta.']
    if (textAt(content, 'Encadenamiento', 'PrimerRegistro') === 'S' && chain.some(({ system }) => system === systemIn(content))) return ['2007', 'No debe informarse como primer registro, existen facturas emitidas con el obligado emisión y el sistema informático actual.']
  }

  function asked (question: XmlNode, caller: string | undefined): SimulatedAnswer {
    const nif = textAt(question, 'Cabecera', 'ObligadoEmision', 'NIF')
    const filter = at(question, 'FiltroConsulta')
    const [year, month] = [textAt(filter, 'PeriodoImputacion', 'Ejercicio'), textAt(filter, 'PeriodoImputacion', 'Periodo')]
    if (nif === undefined || year === undefined || month === undefined) return fault('4102', 'El XML no cumple el esquema. Falta informar campo obligatorio.')
    if (!mayAct(nif, caller)) return fault('4112', 'El titular del certificado debe ser Obligado Emisión, Colaborador Social, Apoderado o Sucesor.')
    const number = textAt(filter, 'NumSerieFactura')
    const range = at(filter, 'FechaExpedicionFactura', 'RangoFechaExpedicion')
    const iso = (date: string): string => date.split('-').reverse().join('-')
    const [from, to] = [iso(textAt(range, 'Desde') ?? '01-01-2000'), iso(textAt(range, 'Hasta') ?? '31-12-2099')]
    const fitting = [...bookOf(nif).values()].filter(one => (number === undefined || one.number === number) && one.date.endsWith(`${month}-${year}`) && iso(one.date) >= from && iso(one.date) <= to)
    const after = textAt(filter, 'ClavePaginacion', 'NumSerieFactura')
    const start = after === undefined ? 0 : fitting.findIndex(one => one.number === after) + 1
    const page = fitting.slice(start, start + pageSize)
    const more = fitting.length > start + pageSize
    const last = page.at(-1)
    return soap(`<sfLRRC:RespuestaConsultaFactuSistemaFacturacion xmlns:sfLRRC="${base}/RespuestaConsultaLR.xsd" xmlns:sf="${base}/SuministroInformacion.xsd"><sfLRRC:Cabecera><sf:IDVersion>1.0</sf:IDVersion></sfLRRC:Cabecera><sfLRRC:PeriodoImputacion><sfLRRC:Ejercicio>${year}</sfLRRC:Ejercicio><sfLRRC:Periodo>${month}</sfLRRC:Periodo></sfLRRC:PeriodoImputacion><sfLRRC:IndicadorPaginacion>${more ? 'S' : 'N'}</sfLRRC:IndicadorPaginacion><sfLRRC:ResultadoConsulta>${page.length === 0 ? 'SinDatos' : 'ConDatos'}</sfLRRC:ResultadoConsulta>${
      page.map(one => `<sfLRRC:RegistroRespuestaConsultaFactuSistemaFacturacion><sfLRRC:IDFactura><sf:IDEmisorFactura>${nif}</sf:IDEmisorFactura><sf:NumSerieFactura>${escapeXml(one.number)}</sf:NumSerieFactura><sf:FechaExpedicionFactura>${one.date}</sf:FechaExpedicionFactura></sfLRRC:IDFactura><sfLRRC:DatosRegistroFacturacion><sfLRRC:TipoHuella>01</sfLRRC:TipoHuella><sfLRRC:Huella>${one.huella}</sfLRRC:Huella></sfLRRC:DatosRegistroFacturacion><sfLRRC:EstadoRegistro><sfLRRC:TimestampUltimaModificacion>${now().toISOString()}</sfLRRC:TimestampUltimaModificacion><sfLRRC:EstadoRegistro>${one.status}</sfLRRC:EstadoRegistro>${one.code === undefined ? '' : `<sfLRRC:CodigoErrorRegistro>${one.code}</sfLRRC:CodigoErrorRegistro><sfLRRC:DescripcionErrorRegistro>${escapeXml(one.message ?? '')}</sfLRRC:DescripcionErrorRegistro>`}</sfLRRC:EstadoRegistro></sfLRRC:RegistroRespuestaConsultaFactuSistemaFacturacion>`).join('')
    }${more && last !== undefined ? `<sfLRRC:ClavePaginacion><sf:IDEmisorFactura>${nif}</sf:IDEmisorFactura><sf:NumSerieFactura>${escapeXml(last.number)}</sf:NumSerieFactura><sf:FechaExpedicionFactura>${last.date}</sf:FechaExpedicionFactura></sfLRRC:ClavePaginacion>` : ''}</sfLRRC:RespuestaConsultaFactuSistemaFacturacion>`)
  }

  const server = await serveSimulator(answer, { ...(port !== undefined && { port }), ...(tls !== undefined && { tls }) })
  return {
    ...server,
    credentials: (): Record<string, string> => tls === undefined ? {} : { representative_pem: Buffer.from(tls.representative).toString('base64') },
    wrongCredentials: (): Record<string, string> => tls === undefined ? {} : { representative_pem: Buffer.from(tls.stranger).toString('base64') },
    effects: (reference): Effects => ({ charges: 0, captures: 0, refunds: 0, cancellations: 0, stamps: [...books.values()].flatMap(book => [...book.values()]).filter(({ number }) => number === reference).reduce((sum, { times }) => sum + times, 0) }),
    signedWebhook () {
      throw new Error('the AEAT sends no webhooks')
    },
    deliver () {},
    settled: async () => {},
    wait (seconds) { waitSeconds = seconds },
    forget (nif) { unknown.add(nif) },
    remember (nif) { unknown.delete(nif) },
    refuse (code, text) { refusal = { code, text } },
    kept: nif => [...bookOf(nif).values()],
    sendings: () => [...sendings],
    chainOf: nif => (chains.get(nif) ?? []).map(({ huella, previous }) => ({ huella, previous }))
  }
}

/** In the order of OperacionType. */
const order = (xml: string): number => ['Subsanacion', 'RechazoPrevio', 'SinRegistroPrevio'].findIndex(name => xml.startsWith(`<sf:${name}>`))

const systemIn = (content: XmlNode | undefined): string => ['NIF', 'IdSistemaInformatico', 'NumeroInstalacion'].map(name => textAt(content, 'SistemaInformatico', name) ?? '').join(' ')

/** As the AEAT computes it from what it was sent. */
function huellaIn (content: XmlNode | undefined, annuls: boolean): string {
  const names = annuls ? ['IDEmisorFacturaAnulada', 'NumSerieFacturaAnulada', 'FechaExpedicionFacturaAnulada'] : ['IDEmisorFactura', 'NumSerieFactura', 'FechaExpedicionFactura']
  const fields = [
    ...names.map(name => [name, textAt(content, 'IDFactura', name)] as const), ...annuls ? [] : ['TipoFactura', 'CuotaTotal', 'ImporteTotal'].map(name => [name, textAt(content, name)] as const),
    ['Huella', textAt(content, 'Encadenamiento', 'RegistroAnterior', 'Huella')] as const, ['FechaHoraHusoGenRegistro', textAt(content, 'FechaHoraHusoGenRegistro')] as const
  ]
  return createHash('sha256').update(fields.map(([name, value]) => `${name}=${value ?? ''}`).join('&')).digest('hex').toUpperCase()
}

/** The NIF in a certificate's subject, however it is written there. */
function nifIn ({ subject }: X509Certificate): string {
  return /(?:VATES-|IDCES-|[=#])([0-9A-Z]\d{7}[0-9A-Z])$/m.exec(subject)?.[1] ?? ''
}

const soap = (body: string, status = 200): SimulatedAnswer => ({ status, headers: { 'content-type': 'text/xml;charset=UTF-8' }, body: `<?xml version="1.0" encoding="UTF-8"?><env:Envelope xmlns:env="http://schemas.xmlsoap.org/soap/envelope/"><env:Header/><env:Body>${body}</env:Body></env:Envelope>` })
const fault = (code: string, text: string): SimulatedAnswer => soap(`<env:Fault><faultcode>env:Client</faultcode><faultstring>Codigo[${code}].${escapeXml(text)}</faultstring></env:Fault>`, 500)
