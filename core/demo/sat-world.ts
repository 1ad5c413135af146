import { createHash, createPrivateKey, createPublicKey, createSign, generateKeyPairSync, type KeyObject, randomUUID, verify } from 'node:crypto'
import { existsSync, readFileSync, renameSync, writeFileSync } from 'node:fs'
import forge from 'node-forge'
import type { CsdFiles, SatCancelAnswer, SatRefusal, SatStamp, SatStatus, SatWorld } from '../adapter/sat-world.ts'
import { FiscalError } from '../fiscal/errors.ts'
import { cadenaOriginal, cadenaTfd } from '../fiscal/mx/cadena.ts'
import { fromInvoice } from '../fiscal/mx/from-invoice.ts'
import { tfd } from '../fiscal/mx/namespaces.ts'
import { validateCfdi } from '../fiscal/mx/rules/validate.ts'
import { readSatCertificate, type SatCertificate } from '../fiscal/mx/sat-certificate.ts'
import { sealCfdi, timbreOf } from '../fiscal/mx/seal.ts'
import { instantOf, localTime, zoneOf } from '../fiscal/mx/zones.ts'
import { attribute, elements, type XmlElement } from '../fiscal/xml/element.ts'
import { parseXml } from '../fiscal/xml/parse.ts'
import { readCancellation } from '../fiscal/mx/cancellation.ts'

export interface SatWorldOptions {
  now?: () => Date
  /** Between an accepted request and the register's decision, ms. The real register takes seconds to hours. */
  processMs?: number
  /** Whether the receiver is asked; by the law's rules when left out. */
  needsAcceptance?: (stamp: SatStamp) => boolean
  /** Its list of taxpayers, as far as it has one: a receiver that is in it under another name, postal code or regime is refused. */
  taxpayers?: Readonly<Record<string, { name: string, postalCode: string, regime: string }>>
  /** Where the register is kept between two starts. */
  stateFile?: string
}

/** The receiver has three days; whoever says nothing has accepted (RMF 2.7.1.34). Business days in law, plain days here. */
const acceptanceMs = 3 * 24 * 3600_000
const freeMs = 24 * 3600_000
const windowMs = 72 * 3600_000

interface Register {
  stamp: SatStamp
  request?: { at: Date, motive: string, substitute?: string, acceptance: boolean, answered?: { how: 'accept' | 'reject', at: Date } }
}

/** The tax authority's twin: a PAC's certificate that it made itself, the law's checks, and a register with a clock. */
export function createSatWorld ({ now = () => new Date(), processMs = 0, needsAcceptance = lawAsks, taxpayers = {}, stateFile }: SatWorldOptions = {}): SatWorld {
  const authority = makeAuthority(now())
  const register = new Map<string, Register>()
  const bySeal = new Map<string, SatStamp>()
  const ledger: SatStamp[] = []
  if (stateFile !== undefined && existsSync(stateFile)) {
    for (const { seal, stamp, request } of JSON.parse(readFileSync(stateFile, 'utf8'), revived) as (Register & { seal: string })[]) {
      register.set(stamp.uuid, { stamp, ...(request !== undefined && { request }) })
      bySeal.set(seal, stamp)
      ledger.push(stamp)
    }
  }
  const save = (): void => {
    if (stateFile === undefined) return
    const sealOf = new Map([...bySeal].map(([seal, { uuid }]) => [uuid, seal]))
    const draft = `${stateFile}.${process.pid}`
    writeFileSync(draft, JSON.stringify(ledger.map(stamp => ({ ...register.get(stamp.uuid)!, stamp: { ...stamp, xml: { base64: Buffer.from(stamp.xml).toString('base64') } }, seal: sealOf.get(stamp.uuid)! }))))
    renameSync(draft, stateFile)
  }

  const keyOf = (pac: string, root: XmlElement): string => `${pac} ${attribute(root, 'Sello') ?? ''}`

  function refusalOf (xml: Uint8Array): { root: XmlElement } | SatRefusal {
    let root: XmlElement
    try {
      root = parseXml(xml).root
    } catch {
      return { code: '301', message: 'XML mal formado' }
    }
    let cadena: string
    let certificate: SatCertificate
    try {
      cadena = cadenaOriginal(root)
    } catch (error) {
      return { code: '301', message: `XML mal formado: ${(error as Error).message}` }
    }
    try {
      certificate = readSatCertificate(Buffer.from(attribute(root, 'Certificado') ?? '', 'base64'))
    } catch {
      return { code: 'CFDI40106', message: 'El certificado no es legible.' }
    }
    if (certificate.noCertificado !== attribute(root, 'NoCertificado')) return { code: 'CFDI40106', message: 'NoCertificado no es el del certificado.' }
    if (certificate.kind === 'fiel') return { code: '306', message: 'El certificado no es de tipo CSD' }
    if (!verify('sha256', Buffer.from(cadena), certificate.publicKey, Buffer.from(attribute(root, 'Sello') ?? '', 'base64'))) return { code: 'CFDI40102', message: 'El resultado de la digestión debe ser igual al resultado de la desencripción del sello.' }
    const emisor = elements(root).find(({ name }) => name === 'Emisor')
    if (certificate.rfc !== attribute(emisor!, 'Rfc')) return { code: '303', message: 'Sello no corresponde a emisor' }
    const issuedAt = instantOf(attribute(root, 'Fecha') ?? '', zoneOf(attribute(root, 'LugarExpedicion') ?? '') ?? 'America/Mexico_City')
    if (issuedAt < certificate.validFrom || issuedAt > certificate.validTo) return { code: '305', message: 'La fecha de emisión no está dentro de la vigencia del CSD del Emisor' }
    if (now().getTime() - issuedAt.getTime() > windowMs || issuedAt.getTime() - now().getTime() > 300_000) return { code: '401', message: 'Fecha y hora de generación fuera de rango' }
    const broken = validateCfdi(xml, { now: now() }).find(({ level }) => level === 'error')
    if (broken !== undefined) return { code: broken.code, message: broken.message.es }
    const receptor = elements(root).find(({ name }) => name === 'Receptor')!
    const listed = taxpayers[attribute(receptor, 'Rfc') ?? '']
    if (listed !== undefined && listed.name !== attribute(receptor, 'Nombre')) return { code: 'CFDI40145', message: 'El campo Nombre del receptor, debe pertenecer al nombre asociado al RFC registrado en el campo Rfc del Receptor.' }
    if (listed !== undefined && listed.postalCode !== attribute(receptor, 'DomicilioFiscalReceptor')) return { code: 'CFDI40148', message: 'El campo DomicilioFiscalReceptor del receptor, debe pertenecer al nombre asociado al RFC registrado en el campo Rfc del Receptor.' }
    if (listed !== undefined && listed.regime !== attribute(receptor, 'RegimenFiscalReceptor')) return { code: 'CFDI40157', message: 'La clave del campo RegimenFiscalR debe corresponder con el tipo de persona (física o moral).' }
    return { root }
  }

  function keep (pac: string, xml: Uint8Array, root: XmlElement): SatStamp {
    const stamp = authority.stamp(pac, xml, root, now())
    bySeal.set(keyOf(pac, root), stamp)
    register.set(stamp.uuid, { stamp })
    ledger.push(stamp)
    save()
    return stamp
  }

  return {
    stamp (pac, xml) {
      const read = refusalOf(xml)
      const repeated = 'root' in read ? bySeal.get(keyOf(pac, read.root)) : undefined
      if (repeated !== undefined) return { code: '307', message: 'El comprobante contiene un timbre previo', previous: repeated }
      if (!('root' in read)) return read
      if (timbreOf(read.root) !== undefined) return { code: '307', message: 'El comprobante contiene un timbre previo' }
      return keep(pac, xml, read.root)
    },
    openCsd (files) {
      const opened = openCsd(files)
      return 'code' in opened ? opened : { rfc: opened.certificate.rfc, noCertificado: opened.certificate.noCertificado, validTo: opened.certificate.validTo }
    },
    async issue (pac, model, files, fecha) {
      const csd = openCsd(files)
      if ('code' in csd) return csd
      let xml: Uint8Array
      try {
        const comprobante = fromInvoice({ ...model, issuedAt: now() })
        ;({ xml } = await sealCfdi({ model: { ...comprobante, ...(fecha !== undefined && { Fecha: fecha }) }, certificate: csd.certificate, sign: cadena => createSign('RSA-SHA256').update(cadena).sign(csd.key) }))
      } catch (error) {
        if (!(error instanceof FiscalError)) throw error
        return { code: error.reason === 'certificate_of_another' ? '303' : error.reason === 'certificate_not_valid_then' ? '305' : '301', message: error.text.es }
      }
      const read = refusalOf(xml)
      return 'root' in read ? keep(pac, xml, read.root) : read
    },
    stamped (pac, xml) {
      try {
        return bySeal.get(keyOf(pac, parseXml(xml).root))
      } catch {
        return undefined
      }
    },
    find: uuid => register.get(uuid.toUpperCase())?.stamp,
    cancel (signed) {
      let read
      try {
        read = readCancellation(signed)
      } catch {
        return authority.acuse([{ uuid: '', code: '301' }], now())
      }
      if (!read.ok) return authority.acuse([{ uuid: '', code: '302' }], now())
      return authority.acuse(read.folios.map(({ uuid, motive, substitute }) => ({ uuid: uuid.toUpperCase(), code: request({ issuer: read.issuer, uuid, motive, ...(substitute !== undefined && { substitute }) }) })), now())
    },
    cancelFor: asked => authority.acuse([{ uuid: asked.uuid.toUpperCase(), code: request(asked) }], now()),
    status ({ re, rr, tt, id }) {
      const entry = register.get(id.toUpperCase())
      if (entry === undefined || entry.stamp.issuer !== re || entry.stamp.receiver !== rr || Number(entry.stamp.total) !== Number(tt)) {
        return { CodigoEstatus: 'N - 602: Comprobante no encontrado.', Estado: 'No Encontrado', EsCancelable: '', EstatusCancelacion: '', ValidacionEFOS: '' }
      }
      return { CodigoEstatus: 'S - Comprobante obtenido satisfactoriamente.', ...stateOf(entry), ValidacionEFOS: '200' }
    },
    receiverAnswers (uuid, how) {
      const entry = register.get(uuid.toUpperCase())
      if (entry?.request?.acceptance !== true || entry.request.answered !== undefined) throw new Error('no cancellation of it waits for its receiver')
      entry.request.answered = { how, at: now() }
      save()
    },
    ledger: () => ledger
  }

  /** The codes of the SAT's cancellation service; 201 says that the request was taken, no more. */
  function request ({ issuer, uuid, motive, substitute }: { issuer: string, uuid: string, motive: string, substitute?: string }): string {
    const entry = register.get(uuid.toUpperCase())
    if (entry === undefined) return '205'
    if (entry.stamp.issuer !== issuer) return '203'
    if (!['01', '02', '03', '04'].includes(motive) || (motive === '01') !== (substitute !== undefined && substitute !== '')) return '207'
    if (motive === '01' && register.get(substitute!.toUpperCase())?.stamp.issuer !== issuer) return '207'
    const state = stateOf(entry)
    if (entry.request !== undefined && state.EstatusCancelacion !== 'Solicitud rechazada') return '202'
    const acceptance = needsAcceptance(entry.stamp) && now().getTime() - stampedAt(entry.stamp).getTime() > freeMs
    entry.request = { at: now(), motive, acceptance, ...(substitute !== undefined && { substitute }) }
    save()
    return '201'
  }

  function stateOf ({ stamp, request }: Register): Pick<SatStatus, 'Estado' | 'EsCancelable' | 'EstatusCancelacion'> {
    const at = now().getTime()
    if (request === undefined) {
      return { Estado: 'Vigente', EsCancelable: needsAcceptance(stamp) && at - stampedAt(stamp).getTime() > freeMs ? 'Cancelable con aceptación' : 'Cancelable sin aceptación', EstatusCancelacion: '' }
    }
    const EsCancelable = request.acceptance ? 'Cancelable con aceptación' : 'Cancelable sin aceptación'
    if (!request.acceptance) {
      return at >= request.at.getTime() + processMs ? { Estado: 'Cancelado', EsCancelable, EstatusCancelacion: 'Cancelado sin aceptación' } : { Estado: 'Vigente', EsCancelable, EstatusCancelacion: 'En proceso' }
    }
    const { answered } = request
    if (answered !== undefined && at >= answered.at.getTime() + processMs) {
      return answered.how === 'accept' ? { Estado: 'Cancelado', EsCancelable, EstatusCancelacion: 'Cancelado con aceptación' } : { Estado: 'Vigente', EsCancelable, EstatusCancelacion: 'Solicitud rechazada' }
    }
    if (answered === undefined && at >= request.at.getTime() + acceptanceMs) return { Estado: 'Cancelado', EsCancelable, EstatusCancelacion: 'Plazo vencido' }
    return { Estado: 'Vigente', EsCancelable, EstatusCancelacion: 'En proceso' }
  }
}

/** As a PAC looks at the files of a new customer. */
function openCsd ({ certificate: der, key: encrypted, passphrase }: CsdFiles): { certificate: SatCertificate, key: KeyObject } | SatRefusal {
  let certificate: SatCertificate
  try {
    certificate = readSatCertificate(der)
  } catch {
    return { code: 'certificate', message: 'El certificado no es válido' }
  }
  if (certificate.kind !== 'csd') return { code: '306', message: 'El certificado no es de tipo CSD' }
  let key: KeyObject
  try {
    key = createPrivateKey({ key: Buffer.from(encrypted), format: 'der', type: 'pkcs8', passphrase })
  } catch {
    return { code: 'passphrase', message: 'La contraseña de la llave privada no es correcta' }
  }
  if (!createPublicKey(key).equals(certificate.publicKey)) return { code: 'pair', message: 'La llave privada no corresponde al certificado' }
  return { certificate, key }
}

/** Without acceptance: at most MXN 1,000, public in general, foreigners, and what is no income (RMF 2.7.1.35, as the facts of 2026-08 have it). */
function lawAsks ({ receiver, total, xml }: SatStamp): boolean {
  const root = parseXml(xml).root
  return attribute(root, 'TipoDeComprobante') === 'I' && Number(total) > 1000 && receiver !== 'XAXX010101000' && receiver !== 'XEXX010101000'
}

/** Bytes and moments, as they were. */
const revived = (name: string, value: unknown): unknown => name === 'at' ? new Date(value as string) : name === 'xml' ? Buffer.from((value as { base64: string }).base64, 'base64') : value

/** The PAC's clock is that of the centre of the country. */
const satZone = 'America/Mexico_City'
const stampedAt = (stamp: SatStamp): Date => instantOf(stamp.fechaTimbrado, satZone)

/** A certificate in the shape of those that the SAT gives to PACs, signed by itself, with a key of its own. */
function makeAuthority (at: Date) {
  const { privateKey, publicKey } = generateKeyPairSync('rsa', { modulusLength: 2048 })
  const noCertificado = '30001000000500009999'
  const certificate = forge.pki.createCertificate()
  certificate.publicKey = forge.pki.publicKeyFromPem(publicKey.export({ type: 'spki', format: 'pem' }) as string)
  certificate.serialNumber = Buffer.from(noCertificado, 'latin1').toString('hex')
  certificate.validity.notBefore = new Date(at.getTime() - 365 * 24 * 3600_000)
  certificate.validity.notAfter = new Date(at.getTime() + 10 * 365 * 24 * 3600_000)
  const name = [{ name: 'commonName', value: 'PAC SIMULADO' }, { name: 'organizationName', value: 'PAC SIMULADO' }, { name: 'organizationalUnitName', value: 'SIMULADOR' }]
  certificate.setSubject(name)
  certificate.setIssuer(name)
  certificate.sign(forge.pki.privateKeyFromPem(privateKey.export({ type: 'pkcs8', format: 'pem' }) as string), forge.md.sha256.create())
  const rfcProvCertif = 'SPR190613I52'

  return {
    stamp (pac: string, xml: Uint8Array, root: XmlElement, now: Date): SatStamp {
      const of = (element: string, name: string) => attribute(elements(root).find(child => child.name === element)!, name) ?? ''
      const uuid = randomUUID().toUpperCase()
      const fechaTimbrado = localTime(now, satZone)
      const selloCfd = attribute(root, 'Sello')!
      const unsigned = timbre({ uuid, fechaTimbrado, selloCfd, selloSat: '', rfcProvCertif, noCertificado })
      const cadena = cadenaTfd(parseXml(Buffer.from(unsigned)).root)
      const selloSat = sign(privateKey, cadena)
      return {
        pac,
        uuid,
        xml: insertTimbre(xml, timbre({ uuid, fechaTimbrado, selloCfd, selloSat, rfcProvCertif, noCertificado })),
        fechaTimbrado,
        selloCfd,
        selloSat,
        cadenaTfd: cadena,
        noCertificadoSat: noCertificado,
        noCertificadoCfdi: attribute(root, 'NoCertificado') ?? '',
        rfcProvCertif,
        issuer: of('Emisor', 'Rfc'),
        receiver: of('Receptor', 'Rfc'),
        series: attribute(root, 'Serie') ?? '',
        folio: attribute(root, 'Folio') ?? '',
        total: attribute(root, 'Total') ?? ''
      }
    },
    /** In the shape of the SAT's acknowledgement; its signature is this authority's over the digest of what it says. */
    acuse (folios: { uuid: string, code: string }[], now: Date): SatCancelAnswer {
      const said = folios.map(({ uuid, code }) => `<Folios><UUID>${uuid}</UUID><EstatusUUID>${code}</EstatusUUID></Folios>`).join('')
      const digest = createHash('sha256').update(said).digest('base64')
      const xml = `<?xml version="1.0" encoding="utf-8"?><Acuse xmlns="http://cancelacfd.sat.gob.mx" Fecha="${localTime(now, satZone)}" RfcEmisor="">${said}<Signature xmlns="http://www.w3.org/2000/09/xmldsig#"><SignedInfo><Reference URI=""><DigestValue>${digest}</DigestValue></Reference></SignedInfo><SignatureValue>${sign(privateKey, digest)}</SignatureValue></Signature></Acuse>`
      return { folios, acuse: Buffer.from(xml) }
    }
  }
}

const sign = (key: KeyObject, text: string): string => createSign('RSA-SHA256').update(text, 'utf8').sign(key, 'base64')

function timbre ({ uuid, fechaTimbrado, selloCfd, selloSat, rfcProvCertif, noCertificado }: { uuid: string, fechaTimbrado: string, selloCfd: string, selloSat: string, rfcProvCertif: string, noCertificado: string }): string {
  return `<tfd:TimbreFiscalDigital xmlns:tfd="${tfd}" xmlns:xsi="http://www.w3.org/2001/XMLSchema-instance" xsi:schemaLocation="${tfd} http://www.sat.gob.mx/sitio_internet/cfd/TimbreFiscalDigital/TimbreFiscalDigitalv11.xsd" Version="1.1" UUID="${uuid}" FechaTimbrado="${fechaTimbrado}" RfcProvCertif="${rfcProvCertif}" SelloCFD="${selloCfd}" NoCertificadoSAT="${noCertificado}" SelloSAT="${selloSat}"/>`
}

/** As a PAC does: nothing of the document that was sealed is written anew. */
function insertTimbre (xml: Uint8Array, timbre: string): Uint8Array {
  const text = Buffer.from(xml).toString('utf8')
  const prefix = /<(\w+:)?Comprobante[\s>]/.exec(text)?.[1] ?? ''
  const complement = new RegExp(`</${prefix}Complemento>`).exec(text)
  if (complement !== null) return Buffer.from(text.slice(0, complement.index) + timbre + text.slice(complement.index))
  const empty = new RegExp(`<${prefix}Complemento\\s*/>`).exec(text)
  if (empty !== null) return Buffer.from(`${text.slice(0, empty.index)}<${prefix}Complemento>${timbre}</${prefix}Complemento>${text.slice(empty.index + empty[0].length)}`)
  const end = new RegExp(`<${prefix}Addenda|</${prefix}Comprobante>`).exec(text)!
  return Buffer.from(`${text.slice(0, end.index)}<${prefix}Complemento>${timbre}</${prefix}Complemento>${text.slice(end.index)}`)
}
