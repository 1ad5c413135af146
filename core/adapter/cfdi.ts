import type { DocumentStatus } from './invoicing.ts'
import { allAt, at, readXml, textAt } from './soap.ts'

/** What every PAC's adapter must know of a CFDI. The law itself is not here. */

/** What a CFDI says of itself; `uuid` once it is stamped. undefined of bytes that are none. */
export interface CfdiFacts { seal: string, issuerTaxId: string, series: string, number: string, total: string, uuid?: string }

export function cfdiFacts (document: Uint8Array): CfdiFacts | undefined {
  let root
  try {
    root = at(readXml(Buffer.from(document.buffer, document.byteOffset, document.byteLength).toString('utf8')), 'Comprobante')
  } catch {
    return undefined
  }
  const said = (name: string, ...path: string[]): string => textAt(root, ...path, `@${name}`) ?? ''
  if (root === undefined || said('Sello') === '') return undefined
  const uuid = allAt(root, 'Complemento').map(each => textAt(each, 'TimbreFiscalDigital', '@UUID')).find(each => each !== undefined)?.toUpperCase()
  return { seal: said('Sello'), issuerTaxId: said('Rfc', 'Emisor'), series: said('Serie'), number: said('Folio'), total: said('Total'), ...(uuid !== undefined && { uuid }) }
}

/**
 * The words of the SAT's register (ConsultaCFDIService), in ours. Only `Cancelado` is cancelled; a cancellation that waits is still
 * a valid document, and says so beside it.
 */
export function statusInRegister ({ Estado, EsCancelable, EstatusCancelacion }: { Estado: string, EsCancelable: string, EstatusCancelacion: string }): DocumentStatus {
  if (Estado === 'Cancelado') return 'canceled'
  if (/rechazada/i.test(EstatusCancelacion)) return 'cancel_rejected'
  if (/en proceso/i.test(EstatusCancelacion)) return /con aceptaci/i.test(EsCancelable) ? 'cancel_pending_acceptance' : 'cancel_requested'
  return 'issued'
}

/** EstatusUUID of a cancellation: 201 and 202 say that the request was taken, and no more. */
export const cancellationTaken = (code: string): boolean => code === '201' || code === '202'

/** The codes with which the SAT refuses a cancellation. Source: phpcfdi/finkok, docs/Cancelación.md, read 2026-11-20. */
export const cancellationErrors = { 203: 'permission_denied', 205: 'not_found' } as const
