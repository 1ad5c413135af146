import type { LocalText } from './context.ts'
import type { ProviderProblem } from './problems.ts'

/** What a person reads for each of the providers' problems, and what to do about it. */
export const problemText: Record<ProviderProblem, LocalText> = {
  card_declined: { es: 'El banco rechazó la tarjeta. Pruebe con otro método.', en: 'The bank declined the card. Try another method.' },
  insufficient_funds: { es: 'La tarjeta no tiene fondos suficientes.', en: 'The card has insufficient funds.' },
  expired_card: { es: 'La tarjeta está vencida.', en: 'The card has expired.' },
  incorrect_cvc: { es: 'El código de seguridad no es correcto.', en: 'The security code is not right.' },
  invalid_card: { es: 'Los datos de la tarjeta no son válidos.', en: 'The card details are not valid.' },
  authentication_required: { es: 'El banco pide que el pagador se autentique.', en: 'The bank asks the payer to authenticate.' },
  authentication_failed: { es: 'El pagador no completó la autenticación.', en: 'The payer did not complete the authentication.' },
  fraud_suspected: { es: 'El pago fue rechazado. No muestre el motivo al pagador.', en: 'The payment was refused. Do not show the payer why.' },
  limit_exceeded: { es: 'Se superó un límite de la tarjeta o de la cuenta.', en: 'A limit of the card or the account was exceeded.' },
  unsupported: { es: 'Ese método o esa moneda no se admite aquí.', en: 'That method or currency is not supported here.' },
  amount_invalid: { es: 'El proveedor no acepta este importe.', en: 'The provider does not accept this amount.' },
  invalid_request: { es: 'El proveedor no entendió la petición.', en: 'The provider did not accept the request.' },
  invalid_credentials: { es: 'El proveedor no reconoce las credenciales de la conexión.', en: 'The provider does not recognise the connection’s credentials.' },
  permission_denied: { es: 'Las credenciales no tienen permiso para esto en el proveedor.', en: 'The credentials are not allowed to do this at the provider.' },
  not_found: { es: 'El proveedor no conoce ese objeto.', en: 'The provider does not know that object.' },
  invalid_state: { es: 'El estado del objeto en el proveedor no lo permite.', en: 'Its state at the provider does not allow this.' },
  already_refunded: { es: 'Ya se reembolsó.', en: 'It was refunded already.' },
  duplicate: { es: 'El proveedor lo considera un duplicado.', en: 'The provider takes it for a duplicate.' },
  idempotency_conflict: { es: 'El proveedor ya vio esa clave con otros datos.', en: 'The provider saw that key with other data.' },
  conflict: { es: 'El proveedor está ocupado con el mismo objeto.', en: 'The provider is busy with the same object.' },
  expired: { es: 'Venció antes de pagarse.', en: 'It expired before it was paid.' },
  merchant_balance_insufficient: { es: 'El saldo de la cuenta en el proveedor no alcanza.', en: 'The account’s balance at the provider is too low.' },
  rate_limited: { es: 'El proveedor pidió esperar; no pasó nada. Intente de nuevo.', en: 'The provider asked to wait; nothing happened. Try again.' },
  provider_unavailable: { es: 'El proveedor no recibió la petición; no se cobró nada. Intente de nuevo.', en: 'The provider did not receive it; nothing was charged. Try again.' },
  timeout_unknown: { es: 'El proveedor no contestó; se le está preguntando.', en: 'The provider did not answer; it is being asked.' },
  unknown: { es: 'La respuesta del proveedor no se pudo entender; se le está preguntando.', en: 'The provider’s answer could not be understood; it is being asked.' }
}
