import { createPrivateKey, X509Certificate } from 'node:crypto'
import { allAt, at, type ConnectionContext, escapeXml, type FindRecordsInput, type FoundRecord, ProviderError, type RecordOutcome, type RecordsAnswer, type SubmitRecordsInput, textAt, type TlsIdentity, type XmlNode } from '../../core/adapter/index.ts'
import { manifest } from './config.ts'

const base = 'https://www2.agenciatributaria.gob.es/static_files/common/internet/dep/aplicaciones/es/aeat/tike/cont/ws'
/** Namespaces of the messages; records bring their own. */
export const namespaces = { sfLR: `${base}/SuministroLR.xsd`, sfLRC: `${base}/ConsultaLR.xsd`, sf: `${base}/SuministroInformacion.xsd` }

/** Who shows its certificate in place of the issuer: the tenant's representative, or the operator of this hub. */
export interface Representative extends TlsIdentity {
  name: string
  nif: string
}

/** Undefined where the issuer submits by itself. Throws `invalid_credentials` for a PEM that does not hold both, or names no NIF. */
export function representativeOf ({ credentials, operator, settings }: Pick<ConnectionContext, 'credentials' | 'operator' | 'settings'>): Representative | undefined {
  const pem = credentials.representative_pem === undefined ? operator : Buffer.from(credentials.representative_pem, 'base64').toString()
  if (pem === undefined) return undefined
  try {
    const certificates = pem.match(/-----BEGIN CERTIFICATE-----[\s\S]+?-----END CERTIFICATE-----/g) ?? []
    const leaf = new X509Certificate(certificates[0] ?? '')
    const key = createPrivateKey(pem)
    const nif = nifOf(leaf)
    if (leaf.checkPrivateKey(key) && nif !== undefined) {
      return { certificate: certificates.join('\n'), key: key.export({ type: 'pkcs8', format: 'pem' }) as string, nif, name: String(settings.representative_name ?? '') || (/^CN=(.*)$/m.exec(leaf.subject)?.[1] ?? nif).slice(0, 120) }
    }
  } catch {} // told below
  throw new ProviderError({ code: 'invalid_credentials', reached: 'nowhere', providerMessage: 'the PEM must hold a certificate with its NIF and its private key' })
}

/** Of an entity in organizationIdentifier (VATES-…), of a person in serialNumber (IDCES-…). */
export function nifOf ({ subject }: Pick<X509Certificate, 'subject'>): string | undefined {
  return /^(?:organizationIdentifier|2\.5\.4\.97)=(?:#[0-9a-f]*)?(?:VATES-)?([A-Z0-9]{9})$/m.exec(subject)?.[1] ?? /^serialNumber=(?:IDCES-)?([A-Z0-9]{9})$/m.exec(subject)?.[1]
}

const person = (name: string, nif: string): string => `<sf:NombreRazon>${escapeXml(name.slice(0, 120))}</sf:NombreRazon><sf:NIF>${escapeXml(nif)}</sf:NIF>`

export function submissionOf ({ issuer, records, incident, lastDay }: SubmitRecordsInput, representative: Representative | undefined): string {
  const voluntary = [lastDay === undefined ? '' : `<sf:FechaFinVeriFactu>${lastDay}</sf:FechaFinVeriFactu>`, incident ? '<sf:Incidencia>S</sf:Incidencia>' : ''].join('')
  const header = `<sf:ObligadoEmision>${person(issuer.name, issuer.taxId)}</sf:ObligadoEmision>${representative === undefined || representative.nif === issuer.taxId ? '' : `<sf:Representante>${person(representative.name, representative.nif)}</sf:Representante>`}${voluntary === '' ? '' : `<sf:RemisionVoluntaria>${voluntary}</sf:RemisionVoluntaria>`}`
  return `<sfLR:RegFactuSistemaFacturacion><sfLR:Cabecera>${header}</sfLR:Cabecera>${records.map(({ xml }) => `<sfLR:RegistroFactura>${xml}</sfLR:RegistroFactura>`).join('')}</sfLR:RegFactuSistemaFacturacion>`
}

/** Each record's outcome in the order of the sending: lines are told by number, day and kind, and of several of one invoice in their order. */
export function answerOf (body: XmlNode, records: SubmitRecordsInput['records']): RecordsAnswer {
  const answer = at(body, 'RespuestaRegFactuSistemaFacturacion')
  const wait = textAt(answer, 'TiempoEsperaEnvio')
  const lines = allAt(answer, 'RespuestaLinea')
  if (answer === undefined || wait === undefined || !/^\d+$/.test(wait) || textAt(answer, 'EstadoEnvio') === undefined) throw unreadable()
  const waiting = new Map<string, XmlNode[]>()
  for (const line of lines) {
    const key = keyOf(textAt(line, 'IDFactura', 'NumSerieFactura'), textAt(line, 'IDFactura', 'FechaExpedicionFactura'), textAt(line, 'Operacion', 'TipoOperacion') === 'Anulacion')
    waiting.set(key, [...waiting.get(key) ?? [], line])
  }
  const outcomes = records.map(({ xml, reference }) => {
    const line = waiting.get(keyOf(reference.number, reference.date, /^<(?:\w+:)?RegistroAnulacion[\s>]/.test(xml)))?.shift()
    // A line is missing: nobody knows what became of that record, so of none.
    if (line === undefined) throw unreadable()
    return outcomeOf(line)
  })
  const receipt = textAt(answer, 'CSV')
  return { waitSeconds: Number(wait), outcomes, ...(receipt !== undefined && { receipt }) }
}

const keyOf = (number: string | undefined, date: string | undefined, annuls: boolean): string => `${number?.trim() ?? ''}|${date ?? ''}|${annuls ? 'x' : ''}`
const unreadable = (): ProviderError => new ProviderError({ code: 'timeout_unknown', reached: 'unknown', httpStatus: 200 })
const statuses: Readonly<Record<string, RecordOutcome['status']>> = { Correcto: 'accepted', AceptadoConErrores: 'accepted_with_errors', Incorrecto: 'rejected' }

function outcomeOf (line: XmlNode): RecordOutcome {
  const status = statuses[textAt(line, 'EstadoRegistro') ?? '']
  if (status === undefined) throw unreadable()
  const [code, message] = [textAt(line, 'CodigoErrorRegistro'), textAt(line, 'DescripcionErrorRegistro')]
  return { status, ...(code !== undefined && { code }), ...(message !== undefined && { message }), ...(code === '3000' && { duplicate: true }) }
}

/** One question for each month: the AEAT wants a period, and a range of days narrows it. */
export function questionsOf ({ records }: FindRecordsInput): { year: string, month: string, from: string, to: string }[] {
  const periods = new Map<string, string[]>()
  for (const { date, operationDate = date } of records) {
    const [, month, year] = operationDate.split('-')
    const key = `${year}-${month}`
    periods.set(key, [...periods.get(key) ?? [], date])
  }
  const iso = (date: string): string => date.split('-').reverse().join('-')
  return [...periods].map(([key, dates]) => {
    const sorted = dates.toSorted((a, b) => iso(a).localeCompare(iso(b)))
    return { year: key.slice(0, 4), month: key.slice(5), from: sorted[0]!, to: sorted.at(-1)! }
  })
}

export interface Page { number: string, date: string }

export function questionOf (issuer: FindRecordsInput['issuer'], { year, month, from, to }: { year: string, month: string, from: string, to: string }, { number, after, represented }: { number?: string, after?: Page, represented: boolean }): string {
  return `<sfLRC:ConsultaFactuSistemaFacturacion><sfLRC:Cabecera><sf:IDVersion>1.0</sf:IDVersion><sf:ObligadoEmision>${person(issuer.name, issuer.taxId)}</sf:ObligadoEmision>${represented ? '<sf:IndicadorRepresentante>S</sf:IndicadorRepresentante>' : ''}</sfLRC:Cabecera><sfLRC:FiltroConsulta><sfLRC:PeriodoImputacion><sf:Ejercicio>${year}</sf:Ejercicio><sf:Periodo>${month}</sf:Periodo></sfLRC:PeriodoImputacion>${number === undefined ? '' : `<sfLRC:NumSerieFactura>${escapeXml(number)}</sfLRC:NumSerieFactura>`}<sfLRC:FechaExpedicionFactura><sf:RangoFechaExpedicion><sf:Desde>${from}</sf:Desde><sf:Hasta>${to}</sf:Hasta></sf:RangoFechaExpedicion></sfLRC:FechaExpedicionFactura>${after === undefined ? '' : `<sfLRC:ClavePaginacion><sf:IDEmisorFactura>${escapeXml(issuer.taxId)}</sf:IDEmisorFactura><sf:NumSerieFactura>${escapeXml(after.number)}</sf:NumSerieFactura><sf:FechaExpedicionFactura>${after.date}</sf:FechaExpedicionFactura></sfLRC:ClavePaginacion>`}</sfLRC:FiltroConsulta></sfLRC:ConsultaFactuSistemaFacturacion>`
}

const found: Readonly<Record<string, FoundRecord['status']>> = { Correcto: 'accepted', Correcta: 'accepted', AceptadoConErrores: 'accepted_with_errors', AceptadaConErrores: 'accepted_with_errors', Anulado: 'annulled', Anulada: 'annulled' }

/** One page of what the AEAT has, and where the next begins. */
export function foundIn (body: XmlNode): { records: FoundRecord[], next: Page | undefined } {
  const answer = at(body, 'RespuestaConsultaFactuSistemaFacturacion')
  if (answer === undefined || textAt(answer, 'ResultadoConsulta') === undefined) throw unreadable()
  const records = allAt(answer, 'RegistroRespuestaConsultaFactuSistemaFacturacion').map((one): FoundRecord => {
    const status = found[textAt(one, 'EstadoRegistro', 'EstadoRegistro') ?? '']
    const [number, date, huella] = [textAt(one, 'IDFactura', 'NumSerieFactura'), textAt(one, 'IDFactura', 'FechaExpedicionFactura'), textAt(one, 'DatosRegistroFacturacion', 'Huella')]
    if (status === undefined || number === undefined || date === undefined) throw unreadable()
    const [code, message] = [textAt(one, 'EstadoRegistro', 'CodigoErrorRegistro'), textAt(one, 'EstadoRegistro', 'DescripcionErrorRegistro')]
    return { number, date, status, huella: huella ?? '', ...(code !== undefined && { code }), ...(message !== undefined && { message }) }
  })
  const [number, date] = [textAt(answer, 'ClavePaginacion', 'NumSerieFactura'), textAt(answer, 'ClavePaginacion', 'FechaExpedicionFactura')]
  return { records, next: textAt(answer, 'IndicadorPaginacion') === 'S' && number !== undefined && date !== undefined ? { number, date } : undefined }
}

/** `Codigo[4112].Mensaje…`: a Fault with a code of the AEAT's refuses the whole sending before anything of it is kept; any other may have struck later. */
export function faultOf (fault: XmlNode): ProviderError | undefined {
  const text = textAt(fault, 'faultstring') ?? ''
  const code = /Codigo\[(\d{4})\]/.exec(text)?.[1] ?? /^\s*(\d{4})\b/.exec(text)?.[1]
  if (code === undefined) return undefined
  // The database's own troubles (35xx) may come after it kept something.
  const unsure = code.startsWith('35')
  return new ProviderError({ code: manifest.errors[code] ?? 'invalid_request', reached: unsure ? 'unknown' : 'answered', providerCode: code, providerMessage: text.slice(0, 1000) })
}
