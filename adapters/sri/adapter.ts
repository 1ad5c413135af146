import {
  allAt, at, type ConnectionContext, type ConnectionTest, defineAdapter, type DocumentInRegister, type DocumentLookup, type DocumentSnapshot, type DocumentStatus, escapeXml, type IssueInput, ProviderError, textAt
} from '../../core/adapter/index.ts'
import { manifest } from './config.ts'
import { type Authorization, authorizationsOf, call, messagesOf, plainMessages, unreadable } from './wire.ts'

/** Registered already: by us, in an answer that was lost. */
const registered = '43'
const inProcess = '70'
/** Internal: nobody knows. */
const internal = '50'
/** The signature, or its certificate: the next document of that certificate would end the same way. */
const signatureProblems: ReadonlySet<string> = new Set(['39', '40'])

/**
 * Hands the signed comprobante to recepción, and asks once what became of it: most are decided within a second. RECIBIDA says nothing of
 * the signature, which is looked at later. A clave that is registered (43) or in process (70) is never refused and never sent as another.
 */
async function issue (context: ConnectionContext, { sealed, reference }: IssueInput): Promise<DocumentSnapshot> {
  if (sealed === undefined) throw new ProviderError({ code: 'unsupported', reached: 'nowhere' })
  const clave = claveOf(sealed)
  const response = await call(context, 'reception', 'validarComprobante', { xml: Buffer.from(sealed).toString('base64') })
  const answer = at(response, 'RespuestaRecepcionComprobante')
  const estado = textAt(answer, 'estado')
  const [comprobante] = allAt(answer, 'comprobantes', 'comprobante')
  const messages = messagesOf(comprobante)
  const has = (code: string): boolean => messages.some(message => message.code === code)
  if (estado === 'RECIBIDA' || (estado === 'DEVUELTA' && (has(registered) || has(inProcess)))) {
    const submitted: DocumentSnapshot = { providerReference: clave, reference, fiscalId: clave, status: 'submitted', providerStatus: estado === 'RECIBIDA' ? estado : has(registered) ? registered : inProcess, messages: plainMessages(messages) }
    // Its answer is known: that this question has none changes nothing.
    const decided = await look(context, clave, sealed).catch((error: unknown) => {
      context.log.debug({ err: error }, 'the SRI took a comprobante and did not yet say what became of it')
      return undefined
    })
    return decided === undefined ? submitted : { ...decided, reference }
  }
  if (estado !== 'DEVUELTA') throw unreadable()
  if (has(internal)) throw new ProviderError({ code: 'timeout_unknown', reached: 'unknown', providerCode: internal, providerMessage: plainMessages(messages)[0]?.message ?? '' })
  return { providerReference: '', reference, status: 'rejected', providerStatus: estado, messages: messages.length === 0 ? [{ code: estado, message: estado }] : plainMessages(messages), ...refusedSignature(messages) }
}

async function get (context: ConnectionContext, clave: string, sent?: { sealed: Uint8Array }): Promise<DocumentSnapshot> {
  const found = await look(context, clave, sent?.sealed)
  if (found === undefined) throw new ProviderError({ code: 'not_found', reached: 'answered', providerCode: 'numeroComprobantes 0', providerMessage: 'El SRI no tiene este comprobante' })
  return found
}

/** By the clave in the very document; undefined when the SRI does not hold it. */
async function find (context: ConnectionContext, { sealed, reference }: DocumentLookup): Promise<DocumentSnapshot | undefined> {
  if (sealed === undefined) return undefined
  const found = await look(context, claveOf(sealed), sealed)
  return found && { ...found, reference }
}

/**
 * What autorización says of a clave: AUTORIZADO if any entry is; otherwise the latest one. A rejection of other bytes under the
 * same clave is an earlier attempt's, and says nothing of these.
 */
async function look (context: ConnectionContext, clave: string, sealed: Uint8Array | undefined): Promise<DocumentSnapshot | undefined> {
  const entries = authorizationsOf(await call(context, 'authorization', 'autorizacionComprobante', { claveAccesoComprobante: clave }))
  if (entries === undefined) return undefined
  const about = entries.filter(entry => entry.estado !== 'NO AUTORIZADO' || sealed === undefined || entry.comprobante === undefined || signatureOf(entry.comprobante) === signatureOf(Buffer.from(sealed).toString('utf8')))
  const entry = about.find(({ estado }) => estado === 'AUTORIZADO') ?? about.toSorted((one, other) => (one.at?.getTime() ?? Infinity) - (other.at?.getTime() ?? Infinity)).at(-1)
  return entry && snapshotOf(clave, entry)
}

/** EN PROCESO, also seen as PPR; anything else that we do not know is not yet an end either. */
const statuses: Readonly<Record<string, DocumentStatus>> = { AUTORIZADO: 'issued', 'NO AUTORIZADO': 'rejected', 'EN PROCESO': 'submitted', PPR: 'submitted' }

function snapshotOf (clave: string, entry: Authorization): DocumentSnapshot {
  const { estado, at: authorizedAt, comprobante, messages } = entry
  const status = statuses[estado]
  if (status === undefined) throw new ProviderError({ code: 'unknown', reached: 'unknown', providerCode: estado })
  if (status === 'issued' && comprobante === undefined) throw unreadable()
  return {
    providerReference: clave,
    fiscalId: clave,
    status,
    providerStatus: estado,
    messages: plainMessages(messages),
    ...(status === 'rejected' && refusedSignature(messages)),
    ...(status === 'issued' && { document: Buffer.from(comprobante!, 'utf8'), authorization: paperOf(entry) }),
    ...(status === 'issued' && authorizedAt !== undefined && { authorizedAt })
  }
}

function refusedSignature (messages: Authorization['messages']): Pick<DocumentSnapshot, 'refusedSignature'> {
  const found = messages.find(({ code, isError }) => isError && signatureProblems.has(code))
  return found === undefined ? {} : { refusedSignature: { code: found.code, message: found.message } }
}

/** The authorised XML as the SRI hands it out: what buyers and accountants file. */
function paperOf ({ estado, number, at, ambiente, comprobante, messages }: Authorization): Buffer {
  const told = messages.map(({ code, message, isError }) => `<mensaje><identificador>${escapeXml(code)}</identificador><mensaje>${escapeXml(message)}</mensaje><tipo>${isError ? 'ERROR' : 'ADVERTENCIA'}</tipo></mensaje>`).join('')
  return Buffer.from(`<?xml version="1.0" encoding="UTF-8"?>\n<autorizacion><estado>${escapeXml(estado)}</estado><numeroAutorizacion>${escapeXml(number)}</numeroAutorizacion><fechaAutorizacion>${at?.toISOString() ?? ''}</fechaAutorizacion><ambiente>${escapeXml(ambiente)}</ambiente><comprobante><![CDATA[${comprobante!.replaceAll(']]>', ']]]]><![CDATA[>')}]]></comprobante><mensajes>${told}</mensajes></autorizacion>`)
}

/** Each attempt is signed anew, so its SignatureValue names it. */
const signatureOf = (xml: string): string => /<(?:\w+:)?SignatureValue[^>]*>([^<]*)</.exec(xml)?.[1]?.replace(/\s+/g, '') ?? ''

/** The comprobante names itself. */
function claveOf (sealed: Uint8Array): string {
  const clave = /<claveAcceso>(\d{49})<\/claveAcceso>/.exec(Buffer.from(sealed).toString('utf8'))?.[1]
  if (clave === undefined) throw new ProviderError({ code: 'invalid_request', reached: 'nowhere', param: 'claveAcceso' })
  return clave
}

async function download (context: ConnectionContext, clave: string, format: 'xml' | 'pdf'): Promise<Uint8Array> {
  if (format === 'pdf') throw new ProviderError({ code: 'unsupported', reached: 'nowhere' })
  const { document } = await get(context, clave)
  if (document === undefined) throw new ProviderError({ code: 'not_found', reached: 'answered' })
  return document
}

const standings: Readonly<Record<string, DocumentStatus>> = { AUTORIZADO: 'issued', 'PENDIENTE DE ANULAR': 'cancel_pending_acceptance', ANULADO: 'canceled' }

/** Whether it was annulled since, in SRI en línea: no web service annuls. */
async function getCancellation (context: ConnectionContext, clave: string, { fiscalId }: DocumentInRegister): Promise<DocumentSnapshot> {
  const answer = at(await call(context, 'query', 'consultarEstadoAutorizacionComprobante', { claveAcceso: fiscalId }), 'EstadoAutorizacionComprobante')
  const estado = textAt(answer, 'estadoAutorizacion')
  if (answer === undefined) throw unreadable()
  const status = standings[estado ?? '']
  if (status === undefined) throw new ProviderError({ code: 'not_found', reached: 'answered', providerCode: textAt(answer, 'estadoConsulta') ?? estado ?? '', providerMessage: plainMessages(messagesOf(answer))[0]?.message ?? '' })
  return { providerReference: clave, fiscalId, status, providerStatus: estado!, messages: [{ code: estado!, message: estado! }] }
}

/** A clave that no comprobante has: the service is there when it answers that it does not hold it. */
async function test (context: ConnectionContext): Promise<ConnectionTest> {
  const nobodys = '0101200001000000000000110010010000000010000000115'
  authorizationsOf(await call(context, 'authorization', 'autorizacionComprobante', { claveAccesoComprobante: nobodys }))
  const place = context.mode === 'test' ? { es: 'pruebas', en: 'test' } : { es: 'producción', en: 'live' }
  return {
    account: { id: 'sri', country: 'EC', name: 'SRI' },
    mode: context.mode,
    evidence: [{ es: `El SRI contestó en su ambiente de ${place.es}. Quién emite lo dice la firma de cada comprobante.`, en: `The SRI answered in its ${place.en} environment. Who issues is told by the signature of each comprobante.` }]
  }
}

/** The tax authority of Ecuador, offline scheme: it takes what the hub signed and authorises it later. What is uncertain is in QUIRKS.md. */
export default defineAdapter({ manifest, detectMode: () => undefined, test, invoicing: { seals: 'hub', issue, get, find, getCancellation, download }, webhooks: 'provider-has-none', scrub: transcript => transcript })
