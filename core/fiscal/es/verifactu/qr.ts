import type { Mode } from '../../../adapter/context.ts'
import type { Alta } from './model.ts'

/**
 * What the QR of an invoice holds: where anybody asks the AEAT whether it knows it (AEAT, "Características del QR y especificaciones del
 * servicio de cotejo", v0.4.7; Orden HAC/1177/2024, arts. 20–21). ISO/IEC 18004, level M, 30 to 40 mm a side.
 */
export function qrUrl ({ name: { nif, number, date }, total }: Pick<Alta, 'name' | 'total'>, mode: Mode, submits: boolean): string {
  const host = mode === 'live' ? 'https://www2.agenciatributaria.gob.es' : 'https://prewww2.aeat.es'
  const query = Object.entries({ nif, numserie: number, fecha: date, importe: total }).map(([key, value]) => `${key}=${encodeURIComponent(value)}`).join('&')
  return `${host}/wlpl/TIKE-CONT/${submits ? 'ValidarQR' : 'ValidarQRNoVerifactu'}?${query}`
}

/** Above the code, and below it where the records are submitted. */
export const qrHeading = 'QR tributario:'
export const qrLegend = 'Factura verificable en la sede electrónica de la AEAT'
export const qrSideMm = 35
