import { Decimal } from '../decimal.ts'

/**
 * The address behind the QR of a printed CFDI, where anybody may ask the SAT about it. The total has up to six decimals, without
 * zeros at the end but with at least one decimal; `fe` is the last eight characters of the Sello
 * (Anexo 20, II.D; written as phpcfdi/cfdi-expresiones does, 2024).
 */
export function verificationUrl (input: ExpressionInput): string {
  return `https://verificacfdi.facturaelectronica.sat.gob.mx/default.aspx${expression(input)}`
}

export interface ExpressionInput { uuid: string, issuerRfc: string, receiverRfc: string, total: string, sello: string }

/** The expresión impresa by itself: what the SAT's status service is asked with. `&` of an RFC is written as an entity, as the SAT expects. */
export function expression ({ uuid, issuerRfc, receiverRfc, total, sello }: ExpressionInput): string {
  const rfc = (text: string): string => text.replaceAll('&', '&amp;')
  return `?id=${uuid}&re=${rfc(issuerRfc)}&rr=${rfc(receiverRfc)}&tt=${totalOf(total)}&fe=${sello.slice(-8)}`
}

function totalOf (total: string): string {
  const value = new Decimal(total).toDecimalPlaces(6, Decimal.ROUND_HALF_UP)
  return value.toFixed(Math.max(1, value.decimalPlaces()))
}
