import { existsSync, readFileSync, renameSync, writeFileSync } from 'node:fs'
import type { SriAuthorization, SriAuthorized, SriMessage, SriReception, SriWorld } from '../adapter/sri-world.ts'
import { dateProblems, keyProblems, type Problem, structureProblems, sumProblems } from '../fiscal/ec/inspect.ts'
import { headOf, type Read, readComprobante, textAt } from '../fiscal/ec/read.ts'
import { verifyXades } from '../fiscal/xades/verify.ts'

export interface SriWorldOptions {
  now?: () => Date
  /** How long a comprobante is in process, ms. */
  processMs?: number
  /** Where the register is kept between two starts. */
  stateFile?: string
}

interface Attempt {
  xml: string
  receivedAt: Date
  decidesAt: Date
  /** Decided when it was taken in, and told when its time has come. */
  refusal: SriMessage | null
}

interface Kept {
  clave: string
  environment: '1' | '2'
  attempts: Attempt[]
  annulment?: 'asked' | 'accepted'
}

const maxBytes = 320 * 1024
const never = new Date(8.64e15)

/**
 * The SRI's twin, by the Ficha Técnica v2.34 and what is known of the live service: recepción looks at size, structure, clave,
 * uniqueness, dates and sums; the signature is looked at afterwards, so a bad one is RECIBIDA and then NO AUTORIZADO with 39.
 */
export function createSriWorld ({ now = () => new Date(), processMs = 0, stateFile }: SriWorldOptions = {}): SriWorld {
  let takesMs = processMs
  let loses = false
  let accredits = true
  const register = new Map<string, Kept>()
  if (stateFile !== undefined && existsSync(stateFile)) {
    for (const kept of JSON.parse(readFileSync(stateFile, 'utf8'), (name, value) => name.endsWith('At') ? new Date(value as string) : value) as Kept[]) register.set(`${kept.environment} ${kept.clave}`, kept)
  }
  const save = (): void => {
    if (stateFile === undefined) return
    const draft = `${stateFile}.${process.pid}`
    writeFileSync(draft, JSON.stringify([...register.values()]))
    renameSync(draft, stateFile)
  }
  const find = (environment: string, clave: string): Kept | undefined => register.get(`${environment} ${clave}`)
  const isAuthorised = ({ attempts }: Kept): boolean => attempts.some(({ refusal, decidesAt }) => refusal === null && decidesAt <= now())
  const inProcess = ({ attempts }: Kept): boolean => attempts.some(({ decidesAt }) => decidesAt > now())

  return {
    async receive (environment, xml): Promise<SriReception> {
      const refuse = (clave: string | undefined, ...mensajes: SriMessage[]): SriReception => ({ estado: 'DEVUELTA', ...(clave !== undefined && { clave }), mensajes })
      if (xml.byteLength > maxBytes) return refuse(undefined, message('26', 'TAMAÑO MÁXIMO SUPERADO'))
      let read: Read
      try {
        read = readComprobante(xml)
      } catch (error) {
        return refuse(undefined, message('35', 'ARCHIVO NO CUMPLE ESTRUCTURA XML', (error as Error).message))
      }
      // Before the register is looked at: from there on nothing waits, so of two at once one is the first.
      const refusal = accredits ? await wrongSignature(xml) : message('39', 'FIRMA INVALIDA', 'No existe un certificado root registrado')
      const clave = read.at('infoTributaria', 'claveAcceso')
      const [first] = [...structureProblems(read, { signed: true }), ...keyProblems(read)]
      if (first !== undefined) return refuse(clave, problem(first))
      if (read.at('infoTributaria', 'ambiente') !== environment) return refuse(clave, message('37', 'RUC SIN AUTORIZACIÓN DE EMISIÓN', 'El ambiente no es el de este servicio'))
      const before = find(environment, clave)
      if (before !== undefined && inProcess(before)) return refuse(clave, message('70', 'CLAVE DE ACCESO EN PROCESAMIENTO', 'VALOR DEVUELTO POR EL PROCEDIMIENTO: SI'))
      if (before !== undefined && isAuthorised(before)) return refuse(clave, message('43', 'CLAVE ACCESO REGISTRADA'))
      const number = clave.slice(8, 39)
      // The type, the RUC, the environment and the number name one document.
      if ([...register.values()].some(kept => kept.clave !== clave && kept.clave.slice(8, 39) === number && (inProcess(kept) || isAuthorised(kept)))) return refuse(clave, message('45', 'ERROR SECUENCIAL REGISTRADO'))
      const [late] = [...dateProblems(read, now()), ...sumProblems(read)]
      if (late !== undefined) return refuse(clave, problem(late))
      const at = now()
      const attempt: Attempt = { xml: Buffer.from(xml).toString('utf8'), receivedAt: at, decidesAt: loses ? never : new Date(at.getTime() + takesMs), refusal }
      if (!loses) register.set(`${environment} ${clave}`, { ...before, clave, environment, attempts: [...before?.attempts ?? [], attempt] })
      save()
      return { estado: 'RECIBIDA', clave, mensajes: [] }
    },
    authorizations (environment, clave) {
      const kept = find(environment, clave)
      if (kept === undefined) return []
      const ambiente = environment === '2' ? 'PRODUCCIÓN' : 'PRUEBAS'
      return kept.attempts.map(({ xml, decidesAt, refusal }): SriAuthorization => decidesAt > now()
        ? { estado: 'EN PROCESO', ambiente, mensajes: [] }
        : refusal === null
          ? { estado: 'AUTORIZADO', numeroAutorizacion: clave, fechaAutorizacion: decidesAt, ambiente, comprobante: xml, mensajes: environment === '1' ? [message('60', 'ESTE PROCESO FUE REALIZADO EN EL AMBIENTE DE PRUEBAS', undefined, 'ADVERTENCIA')] : [] }
          : { estado: 'NO AUTORIZADO', fechaAutorizacion: decidesAt, ambiente, comprobante: xml, mensajes: [refusal] })
    },
    standing (environment, clave) {
      const kept = find(environment, clave)
      if (kept === undefined || inProcess(kept)) return undefined
      if (!isAuthorised(kept)) return 'NO AUTORIZADO'
      return kept.annulment === 'accepted' ? 'ANULADO' : kept.annulment === 'asked' ? 'PENDIENTE DE ANULAR' : 'AUTORIZADO'
    },
    annul (clave, how = 'accepted') {
      for (const kept of register.values()) if (kept.clave === clave) kept.annulment = how
      save()
    },
    takes: ms => { takesMs = ms },
    accredits: on => { accredits = on },
    loses: on => { loses = on },
    ledger: () => [...register.values()].flatMap(kept => kept.attempts.filter(({ refusal, decidesAt }) => refusal === null && decidesAt <= now()).map(({ xml, decidesAt }): SriAuthorized => {
      const read = readComprobante(Buffer.from(xml))
      const of = (...names: string[]): string => names.map(name => textAt(headOf(read), name)).find(text => text !== '') ?? ''
      return { clave: kept.clave, ruc: kept.clave.slice(10, 23), series: `${kept.clave.slice(24, 27)}-${kept.clave.slice(27, 30)}`, sequential: kept.clave.slice(30, 39), total: of('importeTotal', 'valorModificacion', 'valorTotal'), at: decidesAt }
    }))
  }
}

const problem = ({ code, title, detail }: Problem): SriMessage => message(code, title, detail)

const message = (identificador: string, mensaje: string, informacionAdicional?: string, tipo: SriMessage['tipo'] = 'ERROR'): SriMessage => ({ identificador, mensaje, ...(informacionAdicional !== undefined && { informacionAdicional }), tipo })

/** 39, with what is wrong: said to people who run the twin, which is more than the SRI says. */
async function wrongSignature (xml: Uint8Array): Promise<SriMessage | null> {
  try {
    const broken = (await verifyXades(xml)).checks.filter(({ ok }) => !ok)
    return broken.length === 0 ? null : message('39', 'FIRMA INVALIDA', broken.map(({ es }) => es).join(' '))
  } catch (error) {
    return message('39', 'FIRMA INVALIDA', (error as Error).message)
  }
}
