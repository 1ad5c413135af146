import { randomBytes, randomUUID } from 'node:crypto'
import { cfdiFacts, type Effects, isStamp, type SatStamp, type SatWorld, serveSimulator, type SimulatedAnswer, type SimulatedRequest, type Simulator } from '../../core/adapter/index.ts'

/**
 * SW's services (authentication, stamp v4 with customid, cancel by XML) and its storage and balance, over the tax authority that it
 * shares with the other PACs' simulators. Written from SW's SDKs, their tests and its pages: one envelope, 400 for refusals, 307
 * with data, CFDI3307 for another document of a customid, an empty list for an unknown uuid.
 */
export interface SwSimulator extends Simulator {
  /** What the storage has is told only up to here: it lags behind, or pages. */
  storage: (how: 'all' | 'lags' | 'pages') => void
  /** The storage has a stamp only this long after it, ms. */
  lag: (ms: number) => void
  /** 307 comes without the document. */
  bareRepeats: (on: boolean) => void
  setBalance: (credentials: Record<string, string>, left: number | 'unlimited') => void
  /** An RFC that did not sign the manifest. */
  forbid: (rfc: string) => void
  /** An account with user and password instead of a token. */
  login: () => { user: string, password: string }
}

interface Account {
  id: string
  user: string
  password: string
  tokens: Map<string, number>
  left: number | 'unlimited'
  used: number
  stamped: Set<string>
  customIds: Map<string, { stamp: SatStamp, at: number }>
  cancellations: Map<string, string>
}

const customIdMs = 72 * 3600_000
const tokenMs = 2 * 3600_000

export async function startSwSimulator ({ world, port, now = () => new Date() }: { world: SatWorld, port?: number, now?: () => Date }): Promise<SwSimulator> {
  const accounts: Account[] = []
  const cancellations = new Map<string, number>()
  const forbidden = new Set<string>()
  const stampedAt = new Map<string, number>()
  let [storage, bareRepeats, lagMs]: ['all' | 'lags' | 'pages', boolean, number] = ['all', false, 0]
  const server = await serveSimulator(answer, port === undefined ? {} : { port })

  function answer (request: SimulatedRequest): SimulatedAnswer {
    const { method, url, headers, body } = request
    if (method === 'POST' && url.pathname === '/v2/security/authenticate') return authenticate(body)
    const token = /^bearer (.+)$/i.exec(headers.authorization ?? '')?.[1] ?? ''
    if (token.split('.').length !== 3) return error(401, 'El token debe contener 3 partes')
    const account = accounts.find(({ tokens }) => (tokens.get(token) ?? 0) > now().getTime())
    if (account === undefined) return error(401, 'AU2000 - El usuario y/o contraseña son inválidos, no se puede autenticar el servicio.')
    if (method === 'POST' && /^\/v4\/cfdi33\/stamp\/v4$/.test(url.pathname)) return stamp(account, request)
    if (method === 'POST' && url.pathname === '/cfdi33/cancel/xml') return cancel(account, request)
    if (method === 'GET' && url.pathname === '/management/v2/api/users/balance') return balance(account)
    if (method === 'GET' && url.pathname.startsWith('/datawarehouse/v1/live/')) return live(account, url)
    return { status: 404, body: '' }
  }

  function authenticate (body: string): SimulatedAnswer {
    const { user, password } = JSON.parse(body) as Record<string, string>
    const account = accounts.find(each => each.user === user && each.password === password)
    if (account === undefined) return error(400, 'AU2000 - El usuario y/o contraseña son inválidos, no se puede autenticar el servicio.')
    const token = newToken()
    account.tokens.set(token, now().getTime() + tokenMs)
    return success({ token, expires_in: Math.floor((now().getTime() + tokenMs) / 1000), tokeny_type: 'Bearer' })
  }

  function stamp (account: Account, { headers, body }: SimulatedRequest): SimulatedAnswer {
    const file = fileOf(headers['content-type'] ?? '', body)
    if (file === undefined) return error(400, 'Xml CFDI no proporcionado o viene vacio.')
    const customId = headers.customid ?? ''
    if (customId === '' || customId.length > 100) return error(400, 'CustomId viene vacío o es mayor a 100 caracteres')
    if (account.left === 0) return error(400, 'AU2001 - El usuario no tiene saldo en timbres.')
    const facts = cfdiFacts(file)
    if (facts !== undefined && forbidden.has(facts.issuerTaxId)) return error(400, 'AU2003 - RFC Emisor no ha firmado el manifiesto. Como Proveedores de Certificacion de CFDI (PCC) es necesario la firma del manifiesto.')
    const known = account.customIds.get(customId)
    if (known !== undefined && now().getTime() - known.at < customIdMs && known.stamp.selloCfd !== facts?.seal) {
      return error(400, 'CFDI3307 - Timbre duplicado. El customId proporcionado está duplicado.', { ...dataOf(known.stamp), cfdi: null })
    }
    const told = world.stamp('sw', file)
    if (isStamp(told)) {
      if (account.left !== 'unlimited') account.left--
      account.used++
      account.stamped.add(told.uuid)
      stampedAt.set(told.uuid, now().getTime())
      account.customIds.set(customId, { stamp: told, at: now().getTime() })
      return success(dataOf(told))
    }
    if (told.code === '307') return error(400, '307. El comprobante contiene un timbre previo.', told.previous === undefined || bareRepeats ? null : dataOf(told.previous))
    return error(400, `${told.code} - ${told.message}`)
  }

  function cancel (account: Account, { headers, body }: SimulatedRequest): SimulatedAnswer {
    const file = fileOf(headers['content-type'] ?? '', body)
    if (file === undefined) return error(400, 'CACFDI33 - Problemas con el xml.', null, 'El xml viene vacio o nulo.')
    const { folios, acuse } = world.cancel(file)
    if (folios.some(({ uuid }) => uuid === '')) return error(400, 'CACFDI33 - Problemas con el xml.', null, 'La firma no es válida.')
    for (const { uuid, code } of folios) {
      const found = world.find(uuid)
      if (code === '201' && found !== undefined) cancellations.set(keyOf(found), (cancellations.get(keyOf(found)) ?? 0) + 1)
      if (code === '201' || code === '202') account.cancellations.set(uuid, code)
    }
    return success({ acuse: Buffer.from(acuse).toString('utf8'), uuid: Object.fromEntries(folios.map(({ uuid, code }) => [uuid, code])) })
  }

  function balance ({ id, left, used }: Account): SimulatedAnswer {
    return success({ idUserBalance: randomUUID(), idUser: id, stampsBalance: left === 'unlimited' ? 0 : left, stampsUsed: used, stampsAssigned: 0, unlimited: left === 'unlimited', expirationDate: null, lastTransaction: null })
  }

  function live (account: Account, url: URL): SimulatedAnswer {
    const uuid = decodeURIComponent(url.pathname.slice('/datawarehouse/v1/live/'.length)).toUpperCase()
    const [from, to] = [url.searchParams.get('startDate'), url.searchParams.get('endDate')]
    if (uuid === '' && (from === null || to === null)) return error(400, 'La fecha de inicio es requerida.')
    const days = Date.parse(to ?? '') - Date.parse(from ?? '')
    const all = world.ledger().filter(each => account.stamped.has(each.uuid) && now().getTime() - (stampedAt.get(each.uuid) ?? 0) >= lagMs)
    const found = uuid !== '' ? all.filter(each => each.uuid === uuid) : days > 30 * 24 * 3600_000 ? [] : all.filter(({ fechaTimbrado }) => fechaTimbrado.slice(0, 10) >= from! && fechaTimbrado.slice(0, 10) <= to!)
    const shown = storage === 'lags' ? [] : storage === 'pages' ? found.slice(0, 1) : found
    const totalCount = storage === 'lags' ? 0 : found.length
    return success({ metaData: { page: 1, perPage: shown.length, pageCount: shown.length === 0 ? 0 : Math.ceil(totalCount / shown.length), totalCount, links: { current: url.href } }, records: shown.map(each => recordOf(account, each)) })
  }

  const recordOf = (account: Account, { uuid, selloCfd, issuer, receiver, series, folio, total, fechaTimbrado, rfcProvCertif }: SatStamp) => ({
    codigoCancelacion: account.cancellations.get(uuid) ?? null,
    statusSAT: world.status({ re: issuer, rr: receiver, tt: total, id: uuid }).Estado,
    urlXml: `https://files.test/${uuid}.xml`, uuid: uuid.toLowerCase(), selloCFD: selloCfd, emisorRfc: issuer, receptorRfc: receiver, serie: series, folio, total: Number(total), fechaTimbrado, rfcProvCertif
  })

  function open (login: { user: string, password: string }, tokens: string[] = []): Account {
    const account: Account = { id: randomUUID(), ...login, tokens: new Map(tokens.map(token => [token, Infinity])), left: 'unlimited', used: 0, stamped: new Set(), customIds: new Map(), cancellations: new Map() }
    accounts.push(account)
    return account
  }

  const login = () => ({ user: `pruebas-${accounts.length + 1}@empresa.mx`, password: `Sw-${randomBytes(9).toString('hex')}` })

  return {
    ...server,
    credentials () {
      const token = newToken()
      open(login(), [token])
      return { token }
    },
    wrongCredentials: () => ({ token: newToken() }),
    login () {
      const given = login()
      open(given)
      return given
    },
    setBalance (credentials, left) {
      const account = accounts.find(({ user, tokens }) => user === credentials.user || tokens.has(credentials.token ?? ''))
      if (account === undefined) throw new Error('no such account')
      account.left = left
    },
    forbid: rfc => { forbidden.add(rfc) },
    storage: how => { storage = how },
    lag: ms => { lagMs = ms },
    bareRepeats: on => { bareRepeats = on },
    effects: (reference): Effects => ({ charges: 0, captures: 0, refunds: 0, cancellations: cancellations.get(reference) ?? 0, stamps: world.ledger().filter(each => each.pac === 'sw' && keyOf(each) === reference).length }),
    signedWebhook () {
      throw new Error('SW sends no webhooks')
    },
    deliver () {},
    settled: async () => {}
  }
}

const keyOf = ({ issuer, series, folio }: SatStamp): string => `${issuer}-${series}-${folio}`

const newToken = (): string => [24, 60, 32].map(bytes => randomBytes(bytes).toString('base64url')).join('.')

/** v4. */
const dataOf = ({ uuid, xml, fechaTimbrado, selloCfd, selloSat, cadenaTfd, noCertificadoSat, noCertificadoCfdi }: SatStamp) => {
  const cfdi = Buffer.from(xml).toString('utf8')
  return {
    cadenaOriginalSAT: cadenaTfd, noCertificadoSAT: noCertificadoSat, noCertificadoCFDI: noCertificadoCfdi, uuid: uuid.toLowerCase(), selloSAT: selloSat, selloCFDI: selloCfd, fechaTimbrado, qrCode: '',
    tfd: /<tfd:TimbreFiscalDigital.*?\/>/s.exec(cfdi)?.[0] ?? '', cfdi
  }
}

/** The one file of the form, named xml. */
function fileOf (type: string, body: string): Buffer | undefined {
  const boundary = /^multipart\/form-data;\s*boundary="?([^";]+)"?/.exec(type)?.[1]
  const part = boundary === undefined ? undefined : body.split(`--${boundary}`).find(each => /name="xml"/.test(each))
  const start = part?.indexOf('\r\n\r\n') ?? -1
  return part === undefined || start < 0 ? undefined : Buffer.from(part.slice(start + 4).replace(/\r\n$/, ''))
}

const json = (status: number, content: object): SimulatedAnswer => ({ status, headers: { 'content-type': 'application/json; charset=utf-8' }, body: JSON.stringify(content) })
const success = (data: object): SimulatedAnswer => json(200, { data, status: 'success' })
const error = (status: number, message: string, data: object | null = null, messageDetail: string | null = null): SimulatedAnswer => json(status, { message, messageDetail, data, status: 'error' })
