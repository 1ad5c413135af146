import { randomBytes } from 'node:crypto'
import { type CsdFiles, type Effects, isStamp, type SatStamp, type SatWorld, serveSimulator, type SimulatedAnswer, type SimulatedRequest, type Simulator } from '../../core/adapter/index.ts'
import { modelOf, WireError } from './simulator/model.ts'

/**
 * Facturama's two APIs (web and multi-issuer) over the tax authority that it shares with the other PACs' simulators. Written
 * from its SDK, its Postman collection and its reference. Where these are silent it does the worst that a provider may: it makes
 * a second document of the same series and folio without a word, and says "canceled" as soon as the request was taken.
 */
export interface FacturamaSimulator extends Simulator {
  /** An account of the web API: one issuer. */
  webAccount: (issuer: { rfc: string, name: string, regime: string }) => Record<string, string>
  /** No stamps are left, for every account. */
  exhaust: (on: boolean) => void
}

export interface FacturamaSimulatorOptions {
  world: SatWorld
  port?: number
  /** On file in every account that is opened. */
  csd?: CsdFiles
}

/** An account that is always there, for the demo. */
export const demoAccount = { username: 'demo_pasarela', password: 'Facturama-demo-1' }

interface Document {
  id: string
  stamp: SatStamp
  total: number
  currency: string
  requestedAt?: Date
}

interface Account {
  password: string
  issuer?: { rfc: string, name: string, regime: string }
  csds: Map<string, CsdFiles>
  documents: Document[]
  folios: number
}

const pageSize = 10
const publicGeneral = new Set(['XAXX010101000', 'XEXX010101000'])

export async function startFacturamaSimulator ({ world, port, csd }: FacturamaSimulatorOptions): Promise<FacturamaSimulator> {
  const onFile = (): Map<string, CsdFiles> => {
    const opened = csd === undefined ? undefined : world.openCsd(csd)
    return new Map(csd === undefined || opened === undefined || !('rfc' in opened) ? [] : [[opened.rfc, csd]])
  }
  const accounts = new Map<string, Account>([[demoAccount.username, { password: demoAccount.password, csds: onFile(), documents: [], folios: 1000 }]])
  const cancellations = new Map<string, number>()
  let exhausted = false

  const server = await serveSimulator(answer, port === undefined ? {} : { port })

  async function answer (request: SimulatedRequest): Promise<SimulatedAnswer> {
    const { method, url, headers } = request
    const [user = '', password] = Buffer.from(/^Basic (.+)$/i.exec(headers.authorization ?? '')?.[1] ?? '', 'base64').toString().split(/:(.*)/s)
    const account = accounts.get(user)
    if (account === undefined || account.password !== password) return json(401, { Message: 'Authorization has been denied for this request.' })
    const path = url.pathname.replace(/\/$/, '').replace(/^\/api(?=\/)/i, '').toLowerCase()
    const route = routes.find(each => each.method === method && each.path.test(path))
    if (route === undefined) return json(404, { Message: `No HTTP resource was found that matches the request URI '${url.href}'.` })
    try {
      const given = request.body === '' ? undefined : JSON.parse(request.body) as Record<string, unknown>
      return await route.run({ account, url, given, id: decodeURIComponent(new RegExp(route.path.source, 'i').exec(url.pathname.replace(/\/$/, '').replace(/^\/api(?=\/)/i, ''))?.[1] ?? '') })
    } catch (error) {
      if (error instanceof WireError) return invalid(error.field, error.message)
      if (error instanceof SyntaxError) return json(400, { Message: 'La solicitud no es válida.', ModelState: { cfdiToCreate: ['Unexpected character encountered while parsing value.'] } })
      throw error
    }
  }

  interface Call { account: Account, url: URL, given: Record<string, unknown> | undefined, id: string }
  const routes: { method: string, path: RegExp, run: (call: Call) => SimulatedAnswer | Promise<SimulatedAnswer> }[] = [
    { method: 'POST', path: /^\/3\/cfdis$/, run: async call => await create(call, 'web') },
    { method: 'POST', path: /^\/api-lite\/3\/cfdis$/, run: async call => await create(call, 'multi') },
    {
      method: 'GET', path: /^\/cfdi\/status$/, run: ({ account, url }) => {
        account.folios--
        const asked = (name: string) => url.searchParams.get(name) ?? ''
        const { Estado, EsCancelable } = world.status({ re: asked('issuerRfc'), rr: asked('receiverRfc'), tt: asked('total'), id: asked('uuid') })
        return json(200, { Status: Estado === 'No Encontrado' ? 'No encontrado' : Estado, IsCancelable: EsCancelable, Uuid: asked('uuid') })
      }
    },
    { method: 'GET', path: /^\/cfdi$/, run: list },
    { method: 'GET', path: /^\/(?:api-lite\/cfdis|cfdi)\/([^/]+)$/, run: ({ account, id }) => withDocument(account, id, document => json(200, shown(document))) },
    {
      method: 'GET', path: /^\/cfdi\/(?:xml|pdf|html)\/(?:issuedlite|issued)\/([^/]+)$/, run: ({ account, url, id }) => withDocument(account, id, ({ stamp }) => {
        const isXml = /\/xml\//i.test(url.pathname)
        const content = isXml ? Buffer.from(stamp.xml) : printed(stamp)
        return json(200, { ContentEncoding: 'base64', ContentType: isXml ? 'xml' : 'pdf', ContentLength: content.length, Content: content.toString('base64') })
      })
    },
    { method: 'DELETE', path: /^\/(?:api-lite\/cfdis|cfdi)\/([^/]+)$/, run: ({ account, url, id }) => withDocument(account, id, document => cancel(document, url)) },
    { method: 'POST', path: /^\/api-lite\/csds$/, run: ({ account, given }) => keepCsd(account, given, 'add') },
    { method: 'PUT', path: /^\/api-lite\/csds\/([^/]+)$/, run: ({ account, given, id }) => account.csds.has(id) ? keepCsd(account, given, 'replace') : json(404, { Message: 'No existe un CSD con ese RFC' }) },
    { method: 'PUT', path: /^\/taxentity\/uploadcsd$/, run: ({ account, given }) => keepCsd(account, given, 'web') },
    { method: 'GET', path: /^\/taxentity$/, run: ({ account }) => account.issuer === undefined ? json(404, { Message: 'La cuenta no tiene datos fiscales' }) : json(200, { FiscalRegime: account.issuer.regime, Rfc: account.issuer.rfc, TaxName: account.issuer.name, PasswordSat: 'never-to-be-kept' }) },
    { method: 'GET', path: /^\/suscriptionplan$/, run: ({ account }) => json(200, { Plan: 'API', CurrentFolios: String(exhausted ? 0 : account.folios), CreationDate: '2026-01-01T00:00:00', ExpirationDate: '2030-01-01T00:00:00', Amount: 0 }) },
    {
      method: 'POST', path: /^\/customers\/validate$/, run: ({ account, given }) => {
        account.folios--
        const known = customers.get(String(given?.Rfc))
        return json(200, { ExistRfc: known !== undefined, MatchName: known?.name === given?.Name, MatchZipCode: known?.zip === given?.ZipCode, MatchFiscalRegime: known?.regime === given?.FiscalRegime })
      }
    }
  ]

  async function create ({ account, given }: Call, api: 'web' | 'multi'): Promise<SimulatedAnswer> {
    if (exhausted || account.folios <= 0) return json(400, { Message: 'No cuenta con folios disponibles para realizar esta operación.' })
    if (given === undefined) return invalid('cfdiToCreate', 'El cuerpo es requerido')
    if (api === 'web' && account.issuer === undefined) return json(400, { Message: 'La cuenta no tiene datos fiscales' })
    const { model, fecha } = modelOf(given, api === 'web' ? account.issuer : undefined)
    const files = account.csds.get(model.issuer.taxId)
    if (files === undefined) return json(400, { Message: `No se encontró un CSD cargado para el RFC ${model.issuer.taxId}` })
    const stamp = await world.issue('facturama', model, files, fecha)
    if (!isStamp(stamp)) return json(400, { Message: 'La solicitud no es válida.', ModelState: { [`cfdiToCreate${fieldOf(stamp.code)}`]: [`${stamp.code} - ${stamp.message}`] } })
    account.folios--
    const document: Document = { id: `${randomBytes(15).toString('base64url')}A2`, stamp, total: Number(stamp.total), currency: model.currency }
    account.documents.unshift(document)
    return json(201, shown(document))
  }

  function list ({ account, url }: Call): SimulatedAnswer {
    const asked = (name: string) => url.searchParams.get(name) ?? ''
    const [from, to] = [Number(asked('folioStart') || -1), Number(asked('folioEnd') || -1)]
    const { documents } = account
    const matching = documents.filter(({ stamp, ...document }) =>
      (from < 0 || Number(stamp.folio) >= from) && (to < 0 || Number(stamp.folio) <= to) &&
      (asked('serie') === '' || stamp.series === asked('serie')) && (asked('rfcIssuer') === '' || stamp.issuer === asked('rfcIssuer')) &&
      (asked('keyword') === '' || [stamp.uuid, stamp.folio, stamp.receiver].some(text => text.includes(asked('keyword')))) &&
      (['', 'all'].includes(asked('status').toLowerCase()) || wordOf({ stamp, ...document }) === asked('status').toLowerCase()))
    const start = Number(asked('page') || 0) * pageSize
    return json(200, matching.slice(start, start + pageSize).map(document => {
      const { stamp } = document
      return { Id: document.id, CfdiType: 'ingreso', Type: 'issuedLite', Folio: stamp.folio, Serie: stamp.series, TaxName: stamp.receiver, Rfc: stamp.receiver, RfcIssuer: stamp.issuer, Date: `${stamp.fechaTimbrado}-06:00`, Total: document.total, Uuid: stamp.uuid.toLowerCase(), IsActive: wordOf(document) === 'active', Status: wordOf(document), EmailSent: false }
    }))
  }

  function cancel (document: Document, url: URL): SimulatedAnswer {
    const { stamp } = document
    const [motive, replacement] = [url.searchParams.get('motive') || '02', url.searchParams.get('uuidReplacement') || undefined]
    const { folios: [told], acuse } = world.cancelFor({ issuer: stamp.issuer, uuid: stamp.uuid, motive, ...(replacement !== undefined && { substitute: replacement }) })
    if (told!.code === '201') {
      document.requestedAt = new Date()
      cancellations.set(keyOf(stamp), (cancellations.get(keyOf(stamp)) ?? 0) + 1)
    }
    if (told!.code !== '201' && told!.code !== '202') return json(400, { Message: `${told!.code} - No fue posible cancelar el comprobante` })
    return json(200, { Status: wordOf(document), Message: '', Uuid: stamp.uuid.toLowerCase(), RequestDate: (document.requestedAt ?? new Date()).toISOString(), AcuseXmlBase64: Buffer.from(acuse).toString('base64'), CancelationDate: '' })
  }

  /** What Facturama would say of it; too early, as users complain. */
  function wordOf ({ stamp }: Pick<Document, 'stamp'>): string {
    const { EstatusCancelacion, EsCancelable, Estado } = world.status({ re: stamp.issuer, rr: stamp.receiver, tt: stamp.total, id: stamp.uuid })
    if (EstatusCancelacion === 'Solicitud rechazada') return 'rejected'
    if (EstatusCancelacion === 'En proceso') return EsCancelable === 'Cancelable con aceptación' && !publicGeneral.has(stamp.receiver) ? 'pending' : 'canceled'
    return Estado === 'Cancelado' ? 'canceled' : 'active'
  }

  function shown (document: Document): object {
    const { stamp } = document
    return {
      Id: document.id, CfdiType: 'ingreso', Serie: stamp.series, Folio: stamp.folio, Date: stamp.fechaTimbrado, CertNumber: stamp.noCertificadoCfdi, Currency: document.currency, Total: document.total,
      Issuer: { Rfc: stamp.issuer }, Receiver: { Rfc: stamp.receiver }, Status: wordOf(document), OriginalString: stamp.cadenaTfd,
      Complement: { TaxStamp: { Uuid: stamp.uuid.toLowerCase(), Date: stamp.fechaTimbrado, CfdiSign: stamp.selloCfd, SatCertNumber: stamp.noCertificadoSat, SatSign: stamp.selloSat, RfcProvCertif: stamp.rfcProvCertif } }
    }
  }

  function keepCsd (account: Account, given: Record<string, unknown> | undefined, how: 'add' | 'replace' | 'web'): SimulatedAnswer {
    const { Rfc, Certificate, PrivateKey, PrivateKeyPassword } = given ?? {}
    const bytes = (text: unknown) => Buffer.from(String(text ?? ''), 'base64')
    const files: CsdFiles = { certificate: bytes(Certificate), key: bytes(PrivateKey), passphrase: String(PrivateKeyPassword ?? '') }
    const opened = world.openCsd(files)
    if (!('rfc' in opened)) return json(400, { Message: 'La solicitud no es válida.', ModelState: { [`csdModel.${opened.code === 'passphrase' ? 'PrivateKeyPassword' : 'Certificate'}`]: [opened.message] } })
    if (how !== 'web' && opened.rfc !== Rfc) return json(400, { Message: 'La solicitud no es válida.', ModelState: { 'csdModel.Rfc': ['El RFC no corresponde al certificado'] } })
    if (how === 'add' && account.csds.has(opened.rfc)) return json(400, { Message: 'Ya existe un CSD asociado a este RFC' })
    account.csds.set(opened.rfc, files)
    if (how !== 'web') return { status: 200 }
    return json(200, { SerialNumber: opened.noCertificado, ExpirationDate: opened.validTo.toISOString(), Certificate })
  }

  function open (account: Partial<Account>): Record<string, string> {
    const username = `cuenta_${accounts.size + 1}`
    const password = `Fa-${randomBytes(9).toString('hex')}`
    accounts.set(username, { password, csds: onFile(), documents: [], folios: 500, ...account })
    return { username, password }
  }

  return {
    ...server,
    credentials: () => open({}),
    wrongCredentials: () => ({ username: 'nadie', password: 'not-the-password' }),
    webAccount: issuer => open({ issuer }),
    exhaust: on => { exhausted = on },
    effects: (reference): Effects => ({ charges: 0, captures: 0, refunds: 0, cancellations: cancellations.get(reference) ?? 0, stamps: world.ledger().filter(stamp => stamp.pac === 'facturama' && keyOf(stamp) === reference).length }),
    signedWebhook () {
      throw new Error('Facturama sends no webhooks')
    },
    deliver () {},
    settled: async () => {}
  }
}

/** Whom the SAT's list has, for checks. */
const customers = new Map([['IVD920810GU2', { name: 'INNOVACION VALOR Y DESARROLLO', zip: '63901', regime: '601' }], ['URE180429TM6', { name: 'UNIVERSIDAD ROBOTICA ESPAÑOLA', zip: '86991', regime: '601' }]])

const keyOf = ({ issuer, series, folio }: SatStamp): string => `${issuer}-${series}-${folio}`

function withDocument (account: Account, id: string, work: (document: Document) => SimulatedAnswer): SimulatedAnswer {
  const document = account.documents.find(each => each.id === id)
  return document === undefined ? json(404, { Message: 'El comprobante no existe' }) : work(document)
}

/** Where in the request a finding of the SAT lies. */
function fieldOf (code: string): string {
  if (/^CFDI401(4[3-9]|5\d|6[01])$/.test(code)) return '.Receiver'
  if (/^CFDI401(3[89]|4[0-2])$/.test(code)) return '.Issuer'
  return /^CFDI401[6-9]/.test(code) ? '.Items' : ''
}

const invalid = (field: string, message: string): SimulatedAnswer => json(400, { Message: 'La solicitud no es válida.', ModelState: { [field]: [message] } })

/** The least that is a PDF. */
const printed = (stamp: SatStamp): Buffer => Buffer.from(`%PDF-1.4\n1 0 obj<</Type/Catalog/Pages 2 0 R>>endobj 2 0 obj<</Type/Pages/Kids[]/Count 0>>endobj\n% CFDI ${stamp.uuid}\ntrailer<</Root 1 0 R>>\n%%EOF\n`)

const json = (status: number, body: unknown): SimulatedAnswer => ({ status, headers: { 'content-type': 'application/json; charset=utf-8' }, body: JSON.stringify(body) })
