import type { LocalText } from '../adapter/context.ts'
import type { NewAlert } from './raise.ts'

/** One sentence for each kind, with what to do. A kind without one does not compile. */
const texts: Record<NewAlert['kind'], LocalText> = {
  amount_mismatch: { es: 'El proveedor cobró otro importe o moneda que el pedido. Revise el pago y decida.', en: 'The provider took another amount or currency than was asked. Look at the payment and decide.' },
  payment_review: { es: 'Un pago espera que una persona decida. Compare lo que dice el proveedor.', en: 'A payment waits for a person to decide. Compare what the provider says.' },
  money_after_end: { es: 'Llegó dinero a un pago que ya había terminado. Acepte el cobro o reembólselo.', en: 'Money came in for a payment that had ended. Accept it or refund it.' },
  cancel_too_late: { es: 'El pago se cobró antes de poder cancelarlo. Reembólselo si no lo quiere.', en: 'The payment was taken before it could be canceled. Refund it if it is not wanted.' },
  refund_review: { es: 'Un reembolso no coincide con lo que dice el proveedor. Revíselo.', en: 'A refund does not match what the provider says. Look at it.' },
  inbound_parked: { es: 'Un aviso del proveedor no se pudo procesar. Vea la razón y repítalo.', en: 'A webhook of the provider could not be processed. See why, and replay it.' },
  connection_failing: { es: 'La conexión con el proveedor falla. Pruebe las credenciales.', en: 'The connection to the provider is failing. Test its credentials.' },
  payment_unresolved: { es: 'El proveedor no ha dicho cómo terminó un pago. Pregúntele a él o ciérrelo a mano.', en: 'The provider has not said how a payment ended. Ask them, or close it by hand.' }
}

export function alertText (kind: string, language: 'es' | 'en'): string {
  return (texts as Partial<Record<string, LocalText>>)[kind]?.[language] ?? kind
}
