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
  connection_reconnect: { es: 'El permiso de una conexión terminó o no se pudo renovar. Conéctela otra vez: el detalle dice hasta cuándo funciona.', en: 'The consent behind a connection is over, or could not be renewed. Connect it again: the detail says until when it works.' },
  webhooks_refused: { es: 'De pronto se rechazan muchos avisos de una conexión. Vea las razones: suele ser el secreto de firma.', en: 'Many webhooks of a connection are suddenly refused. See why: it is mostly the signing secret.' },
  provider_webhooks_refused: { es: 'De pronto se rechazan muchos avisos de un proveedor, en varias conexiones. Tal vez cambió su firma.', en: 'Many webhooks of a provider are suddenly refused, on several connections. It may have changed how it signs.' },
  payment_unresolved: { es: 'El proveedor no ha dicho cómo terminó un pago. Pregúntele a él o ciérrelo a mano.', en: 'The provider has not said how a payment ended. Ask them, or close it by hand.' },
  paid_elsewhere: { es: 'Un pago que siguió con otra conexión también se cobró en la primera. Reembólselo en el panel de ese proveedor.', en: 'A payment that went on with another connection was taken by the first one too. Give it back in that provider’s dashboard.' },
  webhooks_missed: { es: 'La auditoría encontró cambios que ningún aviso del proveedor contó. Se corrigieron los que se pudo; revise el webhook.', en: 'The audit found changes that no webhook had told. What could be was put right; look at the webhook.' },
  invoice_rejected: { es: 'El PAC rechazó una factura. Vea los mensajes, corríjala y vuelva a emitirla.', en: 'The PAC rejected an invoice. See the messages, correct it and issue it again.' },
  invoice_review: { es: 'Lo que el PAC devolvió no es lo que se le envió. Compare ambos documentos antes de usarlos.', en: 'What the PAC gave back is not what it was sent. Compare the two documents before using them.' },
  invoice_unresolved: { es: 'No se sabe si una factura quedó timbrada o cancelada. Pregunte al PAC.', en: 'It is not known whether an invoice was stamped or cancelled. Ask the PAC.' },
  invoice_canceled_elsewhere: { es: 'Una factura se canceló fuera de aquí. Revise quién lo hizo.', en: 'An invoice was cancelled elsewhere. Find out who did it.' },
  invoice_not_registered: { es: 'La autoridad no conoce una factura que se timbró hace días. Pida al PAC que la entregue.', en: 'The tax authority does not know an invoice that was stamped days ago. Ask the PAC to hand it over.' },
  invoice_cancel_rejected: { es: 'La cancelación de una factura no fue aceptada. La factura sigue vigente.', en: 'The cancellation of an invoice was not accepted. The invoice is still valid.' },
  invoice_overpaid: { es: 'Llegó más dinero del que una factura debía. Devuelva lo que sobra: está en el detalle.', en: 'More money came in than an invoice had due. Give back what is too much: the detail says how much.' },
  receipt_after_refund: { es: 'Se devolvió un pago que ya tiene complemento. Cancele el complemento, o sustitúyalo por uno de lo que quedó: el detalle dice cuál.', en: 'A payment that has its receipt (complemento de pago) was given back. Cancel the receipt, or substitute it by one of what stayed: the detail says which.' },
  receipt_waiting: { es: 'El complemento de un pago no se puede emitir todavía. El detalle dice qué falta; complételo o emítalo con POST /v1/invoices/{id}/payments.', en: 'The receipt (complemento de pago) of a payment cannot be issued yet. The detail says what is missing; mend it, or issue it with POST /v1/invoices/{id}/payments.' },
  WARN_BILLING_DATA: { es: 'La autoridad rechazó los datos fiscales de un comprador. Se le escribió para que los corrija; si no lo hace a tiempo, la venta va a la factura global.', en: 'The authority refused a buyer’s fiscal data. They were written to, to correct it; if they do not in time, the sale goes into the global invoice.' },
  sale_without_document: { es: 'Una venta pagada no tiene comprobante ni espera uno. Factúrela o mándela a la factura global.', en: 'A paid sale has no document and waits for none. Invoice it, or send it to the global invoice.' },
  sale_without_issuer: { es: 'Un pago no se pudo registrar como venta: hay varios emisores. Diga cuál vende en PUT /v1/sales_settings.', en: 'A payment could not become a sale: there are several issuers. Say which one sells in PUT /v1/sales_settings.' },
  credit_note_missing: { es: 'Se devolvió dinero de una venta y falta su nota de crédito. Vea qué lo impide; a menudo falta la serie.', en: 'Money of a sale went back, and its credit note is missing. See what is in the way; often it is the series.' },
  document_without_payment: { es: 'Un comprobante vigente no corresponde a una venta pagada, o una venta tiene dos. Cancele el que sobra.', en: 'A valid document belongs to no paid sale, or a sale has two. Cancel the one that is too much.' },
  global_invoice_stuck: { es: 'Una factura global no se pudo emitir o sustituir. Vea la razón en el detalle y corríjala.', en: 'A global invoice could not be issued or replaced. See the reason in the detail and mend it.' },
  certificate_expiring: { es: 'Un certificado vence pronto y no hay otro que lo releve. Tramite el siguiente y súbalo.', en: 'A certificate expires soon and no other takes its place. Ask for the next one and upload it.' },
  certificate_expired: { es: 'Un certificado venció y no hay otro: ya no se puede firmar con él. Suba uno vigente.', en: 'A certificate has expired and there is no other: nothing can be signed with it. Upload a valid one.' },
  certificate_refused: { es: 'La autoridad rechazó una firma por su certificado. Las facturas siguientes de ese emisor esperan: suba o active otro certificado, o emita otra vez la rechazada.', en: 'The authority refused a signature for its certificate. That issuer’s next invoices wait: upload or activate another certificate, or issue the refused one again.' },
  stamps_low: { es: 'Quedan pocos timbres en la cuenta del PAC. Compre más.', en: 'Few stamps are left in the account at the PAC. Buy more.' },
  mail_refused: { es: 'El servidor de correo rechazó a un destinatario o el mensaje. Vea lo que dijo, corrija la dirección y envíelo otra vez.', en: 'The mail server refused a recipient or the message. See what it said, correct the address and send it again.' },
  mail_parked: { es: 'Un correo no ha podido salir y ya no se intenta. Revise el servidor de correo y repítalo.', en: 'A mail could not go out and is not tried any more. Look at the mail server, and retry it.' },
  notice_refused: { es: 'WhatsApp o el servicio de avisos rechazó un aviso. Vea el código, corrija la dirección o la plantilla y repítalo.', en: 'WhatsApp or the push service refused a notice. See the code, correct the address or the template, and retry it.' },
  notice_parked: { es: 'Un aviso no ha podido salir y ya no se intenta. Vea el código y repítalo.', en: 'A notice could not go out and is not tried any more. See the code, and retry it.' },
  notice_unknown: { es: 'No se sabe si un mensaje de WhatsApp llegó a salir: no hubo respuesta. Pregunte al cliente antes de repetirlo.', en: 'It is not known whether a WhatsApp message went out: no answer came. Ask the customer before you retry it.' },
  notice_channel_failing: { es: 'Un canal de avisos no acepta sus credenciales. Corríjalas y pruébelo.', en: 'A notification channel does not take its credentials. Correct them and test it.' },
  checkout_review: { es: 'El proveedor dice de una página de cobro algo que no coincide con lo pedido, o no contesta. Compárela en su panel.', en: 'The provider says of a checkout page what does not match what was asked, or does not answer. Compare it in their dashboard.' },
  dispute_opened: { es: 'Un comprador disputó un cobro en su banco. Envíe pruebas antes del plazo, o acepte la disputa.', en: 'A buyer disputed a charge at their bank. Send evidence before the deadline, or accept the dispute.' },
  dispute_evidence_due: { es: 'El plazo para enviar pruebas de una disputa termina pronto. Sin pruebas se pierde.', en: 'The deadline to send evidence for a dispute is near. Without evidence it is lost.' },
  dispute_unresolved: { es: 'No se sabe si el proveedor recibió las pruebas o la aceptación de una disputa. Véala en su panel.', en: 'It is not known whether the provider took the evidence or the acceptance of a dispute. Look at it in their dashboard.' },
  customer_not_forgotten: { es: 'Un proveedor no borró a un cliente que usted eliminó. Bórrelo en su panel.', en: 'A provider did not delete a customer that you deleted. Delete it in their dashboard.' },
  subscription_review: { es: 'El proveedor dice de una suscripción algo que no coincide con lo pedido. Compárela en su panel.', en: 'The provider says of a subscription what does not match what was asked. Compare it in their dashboard.' },
  subscription_unresolved: { es: 'El proveedor no ha dicho cómo quedó una suscripción. Véala en su panel.', en: 'The provider has not said what became of a subscription. Look at it in their dashboard.' }
}

export function alertText (kind: string, language: 'es' | 'en'): string {
  return (texts as Partial<Record<string, LocalText>>)[kind]?.[language] ?? kind
}
