import { createHash, generateKeyPairSync, type KeyObject, randomBytes, sign, verify, X509Certificate } from 'node:crypto'
import { allAt, type Effects, readXml, serveSimulator, type SimulatedAnswer, type SimulatedRequest, type Simulator, textAt, type XmlNode } from '../../core/adapter/index.ts'

/**
 * FACe's REST interface for suppliers, from the facts of its manual v2.0.0: a JWT that the registered certificate signs, invoices as
 * base64, states of handling and cancellation. What it refuses a document for is Orden HAP/1650/2015 (annex II): the three bodies,
 * the signature with its chain and policy, the arithmetic, a duplicate.
 */
export interface FaceSimulator extends Simulator {
  /** What the public body did with an invoice: 2400, 2500, 2600 (with a reason), 3100; or with a request to cancel: 4300, 4400. */
  decide: (registryCode: string, state: string, reason?: string) => void
  /** Under which number an invoice is registered, by issuer, series and number. */
  registryOf: (reference: string) => string | undefined
  /** What was received, by registry number. */
  received: (registryCode: string) => Uint8Array | undefined
}

interface Registered { key: string, content: Buffer, owner: string, status: { code: string, reason: string }, cancellation: { code: string, reason: string }, cancellations: number }

const names: Readonly<Record<string, string>> = { 1200: 'Registrada', 1300: 'Registrada en RCF', 2400: 'Contabilizada la obligación reconocida', 2500: 'Pagada', 2600: 'Rechazada', 3100: 'Anulada', 4100: 'No solicitada', 4200: 'Solicitada', 4300: 'Aceptada', 4400: 'Rechazada' }
const policy = 'http://www.facturae.es/politica_de_firma_formato_facturae/politica_de_firma_formato_facturae_v3_1.pdf'

export async function startFaceSimulator ({ port, now = () => new Date() }: { port?: number, now?: () => Date } = {}): Promise<FaceSimulator> {
  const integrators = new Set<string>()
  const invoices = new Map<string, Registered>()
  let last = 0

  const server = await serveSimulator(answer, port === undefined ? {} : { port })

  function answer ({ method, url, headers, body }: SimulatedRequest): SimulatedAnswer {
    const owner = userOf(headers.authorization ?? '')
    if (owner === undefined) return refuse(401, 'UNAUTHORIZED', 'El token no es válido o el certificado no está registrado')
    const path = url.pathname.replace(/^\/providers/, '')
    if (method === 'GET' && path === '/v1/invoices-status-list') return json(200, { statuses: Object.entries(names).map(([code, name]) => ({ code, name })) })
    if (method === 'POST' && path === '/v1/invoices') return register(owner, body)
    const [, code, request] = /^\/v1\/invoices\/([^/]+)(\/cancellation-requests)?$/.exec(path) ?? []
    const invoice = code === undefined ? undefined : invoices.get(decodeURIComponent(code))
    if (invoice === undefined || invoice.owner !== owner) return refuse(404, 'INVOICE_NOT_FOUND', 'La factura no existe')
    if (method === 'GET' && request === undefined) return json(200, shown(decodeURIComponent(code!), invoice))
    if (method === 'POST' && request !== undefined) {
      const { comment } = parsed(body)
      if (typeof comment !== 'string' || comment.trim() === '') return refuse(400, 'INVALID_REQUEST', 'Falta el comentario')
      if (invoice.cancellation.code === '4200' || ['2500', '2600', '3100'].includes(invoice.status.code)) return refuse(409, 'INVALID_STATUS', 'El estado de la factura no admite la solicitud')
      invoice.cancellation = { code: '4200', reason: comment }
      invoice.cancellations++
      return json(201, shown(decodeURIComponent(code!), invoice))
    }
    return refuse(405, 'METHOD_NOT_ALLOWED', '')
  }

  /** Who the token says, where its signature, its time and its user are right and the certificate is registered. */
  function userOf (authorization: string): string | undefined {
    const [, head, content, signature] = /^Bearer ([\w-]+)\.([\w-]+)\.([\w-]+)$/.exec(authorization) ?? []
    try {
      const { alg, x5c: [pem] } = JSON.parse(Buffer.from(head!, 'base64url').toString()) as { alg: string, x5c: [string] }
      const { username, iat, exp } = JSON.parse(Buffer.from(content!, 'base64url').toString()) as { username: string, iat: number, exp: number }
      const { publicKey } = new X509Certificate(Buffer.from(pem, 'base64'))
      const seconds = now().getTime() / 1000
      const good = alg === 'RS256' && username === createHash('sha1').update(pem).digest('hex') && exp - iat <= 300 && seconds < exp && seconds > iat - 60 && integrators.has(pem)
      return good && verify('sha256', Buffer.from(`${head}.${content}`), publicKey, Buffer.from(signature!, 'base64url')) ? username : undefined
    } catch {
      return undefined
    }
  }

  function register (owner: string, body: string): SimulatedAnswer {
    const { filename, content, email, attachments } = parsed(body)
    if (typeof filename !== 'string' || !/\.(?:xsig|xml)$/.test(filename) || typeof content !== 'string' || typeof email !== 'string' || !Array.isArray(attachments)) return refuse(400, 'INVALID_REQUEST', 'filename, content, email, attachments')
    const bytes = Buffer.from(content, 'base64')
    const problem = problemOf(bytes)
    if (problem !== undefined) return refuse(400, ...problem)
    const key = keyOf(rootOf(bytes))
    if ([...invoices.values()].some(other => other.key === key)) return refuse(400, 'INVALID_INVOICE-122', 'La factura está duplicada: mismo emisor, número, serie y fecha')
    const registryCode = `2026${String(++last).padStart(8, '0')}`
    const invoice: Registered = { key, content: bytes, owner, status: { code: '1200', reason: '' }, cancellation: { code: '4100', reason: '' }, cancellations: 0 }
    invoices.set(registryCode, invoice)
    return json(201, shown(registryCode, invoice))
  }

  const byKey = (reference: string): Registered[] => [...invoices.values()].filter(({ key }) => key.startsWith(`${reference}|`))
  return {
    ...server,
    credentials () {
      const pem = madePem()
      integrators.add(bodyOf(pem))
      return { integrator_pem: Buffer.from(pem).toString('base64') }
    },
    wrongCredentials: () => ({ integrator_pem: Buffer.from(madePem()).toString('base64') }),
    effects: (reference): Effects => ({ charges: 0, captures: 0, refunds: 0, cancellations: byKey(reference).reduce((sum, { cancellations }) => sum + cancellations, 0), stamps: byKey(reference).length }),
    signedWebhook () {
      throw new Error('FACe sends no webhooks')
    },
    deliver () {},
    settled: async () => {},
    decide (registryCode, state, reason = '') {
      const invoice = invoices.get(registryCode)!
      if (state.startsWith('4')) {
        invoice.cancellation = { code: state, reason }
        if (state === '4300') invoice.status = { code: '3100', reason }
      } else invoice.status = { code: state, reason }
    },
    registryOf: reference => [...invoices].find(([, { key }]) => key.startsWith(`${reference}|`))?.[0],
    received: registryCode => invoices.get(registryCode)?.content
  }
}

const json = (status: number, body: object): SimulatedAnswer => ({ status, headers: { 'content-type': 'application/json' }, body: JSON.stringify(body) })
const refuse = (status: number, code: string, message: string): SimulatedAnswer => json(status, { code, message })

function shown (registryCode: string, { status, cancellation }: Registered): object {
  const state = ({ code, reason }: { code: string, reason: string }) => ({ code, name: names[code], ...(reason !== '' && { reason }) })
  return { registryCode, status: state(status), cancellation: state(cancellation) }
}

function parsed (body: string): Record<string, unknown> {
  try {
    return JSON.parse(body) as Record<string, unknown>
  } catch {
    return {}
  }
}

const rootOf = (bytes: Buffer): XmlNode | undefined => readXml(bytes.toString('utf8')).Facturae
const header = (root: XmlNode | undefined, ...path: string[]): string => textAt(root, 'Invoices', 'Invoice', ...path) ?? ''

/** Issuer, series and number; then the day. */
function keyOf (root: XmlNode | undefined): string {
  return `${textAt(root, 'Parties', 'SellerParty', 'TaxIdentification', 'TaxIdentificationNumber') ?? ''}-${header(root, 'InvoiceHeader', 'InvoiceSeriesCode')}-${header(root, 'InvoiceHeader', 'InvoiceNumber')}|${header(root, 'InvoiceIssueData', 'IssueDate')}`
}

/** The first thing that FACe would refuse in it. */
function problemOf (bytes: Buffer): [code: string, message: string] | undefined {
  let root: XmlNode | undefined
  try {
    root = rootOf(bytes)
  } catch {}
  if (root === undefined || !/^3\.2(?:\.[12])?$/.test(textAt(root, 'FileHeader', 'SchemaVersion') ?? '')) return ['INVALID_INVOICE-408', 'El formato de la factura es incorrecto']
  const certificates = allAt(root, 'Signature', 'KeyInfo', 'X509Data', 'X509Certificate').length + allAt(root, 'Signature', 'KeyInfo', 'X509Data').flatMap(data => typeof data === 'object' && Array.isArray(data.X509Certificate) ? data.X509Certificate : []).length
  if (certificates === 0) return ['INVALID_INVOICE-428', 'La factura no está firmada']
  if (certificates === 1) return ['INVALID_INVOICE-104', 'La firma no lleva la cadena de certificados']
  if (textAt(root, 'Signature', 'Object', 'QualifyingProperties', 'SignedProperties', 'SignedSignatureProperties', 'SignaturePolicyIdentifier', 'SignaturePolicyId', 'SigPolicyId', 'Identifier') !== policy) return ['INVALID_INVOICE-122', 'Los datos de la firma no son correctos']
  const roles = allAt(root, 'Parties', 'BuyerParty', 'AdministrativeCentres', 'AdministrativeCentre').map(centre => textAt(centre, 'RoleTypeCode'))
  if (!['01', '02', '03'].every(role => roles.includes(role))) return ['INVALID_INVOICE-408', 'Faltan la oficina contable, el órgano gestor o la unidad tramitadora']
  const total = (name: string): number => Math.round(Number(header(root, 'InvoiceTotals', name)) * 100)
  if (total('TotalGrossAmount') - total('TotalGeneralDiscounts') + total('TotalGeneralSurcharges') !== total('TotalGrossAmountBeforeTaxes') || total('TotalGrossAmountBeforeTaxes') + total('TotalTaxOutputs') - total('TotalTaxesWithheld') !== total('InvoiceTotal')) {
    return ['INVALID_INVOICE-408', 'Los importes de la factura no cuadran']
  }
}

// --- certificates -------------------------------------------------------------------------------------------------------

let pair: { privateKey: KeyObject, publicKey: KeyObject } | undefined

/** A key costs more than all the rest: one serves for every certificate of a process. */
function madePem (): string {
  pair ??= generateKeyPairSync('rsa', { modulusLength: 2048 })
  const der = selfSigned(pair, randomBytes(8))
  return `-----BEGIN CERTIFICATE-----\n${der.toString('base64').replace(/.{64}/g, '$&\n').trim()}\n-----END CERTIFICATE-----\n${pair.privateKey.export({ type: 'pkcs8', format: 'pem' })}`
}

const bodyOf = (pem: string): string => new X509Certificate(pem).raw.toString('base64')

/** As little of X.509 as OpenSSL reads. */
function selfSigned ({ privateKey, publicKey }: { privateKey: KeyObject, publicKey: KeyObject }, serial: Buffer): Buffer {
  const der = (tag: number, ...parts: Buffer[]): Buffer => {
    const content = Buffer.concat(parts)
    const size = content.length < 0x80 ? [content.length] : content.length < 0x100 ? [0x81, content.length] : [0x82, content.length >> 8, content.length & 0xff]
    return Buffer.concat([Buffer.from([tag, ...size]), content])
  }
  const sequence = (...parts: Buffer[]): Buffer => der(0x30, ...parts)
  const algorithm = sequence(Buffer.from('06092a864886f70d01010b', 'hex'), Buffer.from('0500', 'hex'))
  const name = sequence(der(0x31, sequence(Buffer.from('0603550403', 'hex'), der(0x0c, Buffer.from(`Integrador ${serial.toString('hex')}`)))))
  const content = sequence(der(0xa0, Buffer.from('020102', 'hex')), der(0x02, Buffer.from([1]), serial), algorithm, name, sequence(...['200101000000Z', '450101000000Z'].map(time => der(0x17, Buffer.from(time)))), name, publicKey.export({ type: 'spki', format: 'der' }))
  return sequence(content, algorithm, der(0x03, Buffer.from([0]), sign('sha256', content, privateKey)))
}
