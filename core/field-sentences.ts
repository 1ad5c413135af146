import type { LocalText } from './adapter/context.ts'

/**
 * What is said of one field (`errors[].message`), in Spanish: `invalidField` and its like are written in English where they are thrown, and
 * told in the language of whoever asked. `{}` stands for a value. core/field-sentences.test.ts reads the sources: none is missing here.
 */
export const spanishSentences: Readonly<Record<string, string>> = {
  // any field
  'is required': 'es obligatorio',
  'is required: {}': 'es obligatorio: {}',
  'is empty': 'está vacío',
  'is too short': 'es demasiado corto',
  'is too long': 'es demasiado largo',
  'has white space around it': 'trae espacios alrededor',
  'must be {}': 'debe ser {}',
  'must be one of {}': 'debe ser uno de {}',
  'must be at least {}': 'debe ser al menos {}',
  'must be at most {}': 'debe ser como máximo {}',
  'is one of {}': 'es uno de {}',
  'is {}': 'está {}',
  'is in {}': 'está en {}',
  'is disabled': 'está apagada',
  'is archived': 'está archivado',
  'is taken': 'ya está ocupado',
  'is said twice': 'se dice dos veces',
  'is no JSON': 'no es JSON',
  'is not an id': 'no es un identificador',
  'is not an id of that kind': 'no es un identificador de esa clase',
  'is not an amount': 'no es un importe',
  'is not an ISO 4217 currency': 'no es una moneda de ISO 4217',
  '{} is not an ISO 4217 currency': '{} no es una moneda de ISO 4217',
  'is not a cursor of this list': 'no es un cursor de esta lista',
  'is not one that this list gave': 'no lo dio esta lista',
  'is not as it should be': 'no es como debe ser',
  'cannot be changed': 'no se puede cambiar',
  'cannot be changed: the document has its number': 'no se puede cambiar: el documento ya tiene su número',
  'must begin with https:// in live mode': 'debe empezar por https:// en modo real',
  'min is more than max': 'min es mayor que max',

  // moments
  'is not a moment': 'no es una fecha con hora',
  'is not a moment to come': 'no es un momento por venir',
  'is not a moment that has been': 'no es un momento que ya pasó',
  'is in the past': 'ya pasó',
  'is in the future': 'está en el futuro',
  'lies in the future': 'está en el futuro',
  'must be in the future': 'debe estar en el futuro',
  'must be a moment in the past': 'debe ser un momento que ya pasó',
  'has to be in the last three years': 'debe ser de los últimos tres años',
  'is not before the end': 'no es anterior al final',
  'is not after from': 'no es posterior a from',
  'is more than {} days before the end': 'es más de {} días antes del final',
  'is no time zone that is known': 'no es una zona horaria conocida',

  // whose it is
  'is no customer of yours': 'no es un cliente suyo',
  'is no sale of yours': 'no es una venta suya',
  'is no payment of yours': 'no es un cobro suyo',
  'is no payment of yours by bank transfer': 'no es un cobro suyo por transferencia',
  'is no invoice of yours': 'no es una factura suya',
  'is no store credit of yours': 'no es un vale suyo',
  'is no issuer of yours': 'no es un emisor suyo',
  'is no issuer of yours in this mode': 'no es un emisor suyo en este modo',
  'is no issuer of Mexico of yours': 'no es un emisor suyo de México',
  'is no connection of yours in this mode': 'no es una conexión suya en este modo',
  'is no bank account of yours': 'no es una cuenta de banco suya',
  'is an account of yours already': 'ya es una cuenta suya',
  'is an issuer of yours already': 'ya es un emisor suyo',
  'is another customer’s': 'es de otro cliente',
  'is of another issuer': 'es de otro emisor',
  'belongs to a user here': 'es de un usuario de aquí',
  'no such connection': 'no hay tal conexión',
  'there is no such connection in this mode': 'no hay tal conexión en este modo',
  'no such customer': 'no hay tal cliente',
  'there is no such customer': 'no hay tal cliente',
  'no such plan': 'no hay tal plan',
  'no such payment method': 'no hay tal método de pago',
  'is not the id of a webhook endpoint': 'no es el id de una dirección de avisos',
  'is not the id of an event': 'no es el id de un evento',
  'is not the id of a customer': 'no es el id de un cliente',
  'is not the id of a connection': 'no es el id de una conexión',
  'is not the id of a tenant': 'no es el id de una organización',

  // users and keys
  'change your own with PATCH /v1/users/me, which asks for the present one': 'cambie la suya con PATCH /v1/users/me, que pide la actual',
  'is not the present password': 'no es la contraseña actual',
  'is a role of the platform': 'es un papel de la plataforma',
  'is a role of tenants': 'es un papel de las organizaciones',
  'this key is for {}': 'esta clave es para {}',
  'is a {} connection, and this key is for {}': 'es una conexión de {}, y esta clave es para {}',
  'is needed: a key is not a person': 'hace falta: una clave no es una persona',

  // connections and providers
  'is not a credential of {}': 'no es una credencial de {}',
  'is not a setting of {}': 'no es un ajuste de {}',
  'says {}, and the credentials are for {}': 'dice {}, y las credenciales son para {}',
  'names nothing to replace': 'no nombra nada que sustituir',
  '{} has no {} mode': '{} no tiene modo {}',
  '{} has no other verifier': '{} no tiene otro verificador',
  '{} is experimental: the operator offers it with PASARELA_EXPERIMENTAL=1': '{} es experimental: el operador lo ofrece con PASARELA_EXPERIMENTAL=1',
  'there is no adapter {}; see GET /v1/providers': 'no hay adaptador {}; vea GET /v1/providers',
  'this provider cannot capture later': 'este proveedor no puede capturar después',
  '{} does not take {}': '{} no acepta {}',
  '{} does not offer {}': '{} no ofrece {}',
  '{} is not offered in {}': '{} no se ofrece en {}',
  '{} does not issue in {}': '{} no emite en {}',
  'there is only your own bank, which is used where the method, a rule or the connection says so': 'solo está su propio banco, que se usa cuando lo dice el método, una regla o la conexión',
  'this tenant has no usable connection for it in this mode': 'esta organización no tiene una conexión que sirva para ello en este modo',
  'it takes no payments': 'no cobra',
  'it issues no invoices': 'no emite facturas',
  'takes no records of invoices': 'no recibe registros de facturas',
  'an invoice has no payment method to match': 'una factura no tiene método de pago que comparar',
  'only a rule of family invoicing can name an issuer': 'solo una regla de facturación puede nombrar un emisor',
  'only a rule of family invoicing can name a series': 'solo una regla de facturación puede nombrar una serie',

  // certificates and issuers
  'is Mexican and seals with a CSD': 'es de México y sella con un CSD',
  'is not Mexican, and a CSD serves only there': 'no es de México, y un CSD solo sirve allí',
  'is {} and the certificate is of {}': 'es {} y el certificado es de {}',
  'holds no certificate of who issued this one': 'no trae ningún certificado de quien emitió este',
  'is after the certificate ends, {}': 'es después de que vence el certificado, {}',
  'you have no issuer yet': 'aún no tiene emisor',
  'you have no issuer of {} yet': 'aún no tiene emisor de {}',
  'you have none yet: make one with POST /v1/issuers': 'aún no tiene ninguno: hágalo con POST /v1/issuers',
  'you have several: say which': 'tiene varios: diga cuál',
  'is an issuer of {}': 'es un emisor de {}',
  'has no right NIF': 'no tiene un NIF correcto',

  // series
  'follows from branch and till in Ecuador': 'en Ecuador sale del establecimiento y del punto de emisión',
  'is 9 in Ecuador': 'es 9 en Ecuador',
  'has a series of this issuer already: two series would give out the same numbers': 'ya tiene una serie de este emisor: dos series darían los mismos números',
  'is required in Ecuador: the establecimiento': 'es obligatorio en Ecuador: el establecimiento',
  'is required in Ecuador: the punto de emisión': 'es obligatorio en Ecuador: el punto de emisión',
  'is required for a till': 'es obligatorio para un punto de emisión',
  'is no branch of the issuer': 'no es un establecimiento del emisor',
  'is no till of the branch': 'no es un punto de emisión del establecimiento',
  'is below {}: a number is never given out twice': 'es menor que {}: un número nunca se da dos veces',
  'is no series of this issuer for this kind of document': 'no es una serie de este emisor para esta clase de documento',

  // banks
  'the first account in {} is the primary one': 'la primera cuenta en {} es la principal',
  'make another account the primary one instead': 'haga principal otra cuenta',
  'is over 5 MB': 'pasa de 5 MB',
  'is for CSV': 'es para CSV',
  'is instead of mapping, not beside it': 'va en lugar de mapping, no junto a él',
  'is required: the layout of this account’s bank is not known; `bank` names one of the five that are': 'es obligatorio: no se conoce el formato del banco de esta cuenta; `bank` nombra uno de los cinco que sí',
  'names `credit` (and `debit`), or `amount`: one of the two': 'nombra `credit` (y `debit`), o `amount`: una de las dos cosas',
  'is for `amount`': 'es para `amount`',

  // payments
  'has a page of its own for this provider: POST /v1/invoices/{id}/payment_link': 'tiene su propia página con este proveedor: POST /v1/invoices/{id}/payment_link',
  'is 1 where it collects an invoice': 'es 1 cuando cobra una factura',
  'an invoice is paid, not held': 'una factura se paga, no se retiene',
  'is of payments that will be invoiced, and invoice_id of one whose invoice is there': 'es de cobros que se facturarán, e invoice_id de uno cuya factura ya está',
  'is of a payment that will be invoiced, and invoice_id of one whose invoice is there': 'es de un cobro que se facturará, e invoice_id de uno cuya factura ya está',
  'is not usable any more': 'ya no se puede usar',
  'the provider no longer has its customer': 'el proveedor ya no tiene a su cliente',
  'is of the type {}': 'es del tipo {}',
  'is {}, not active': 'está {}, no activo',
  'is {} in all, and amount is {}': 'es {} en total, y amount es {}',
  'are {} in all, and amount is {}': 'son {} en total, y amount es {}',
  'is instead of return_url, not beside it': 'va en lugar de return_url, no junto a él',
  'is instead of token, not beside it': 'va en lugar de token, no junto a él',
  'needs success_url beside it': 'necesita success_url',
  'must be the customer whose method it is (cus_…), or be left out': 'debe ser el cliente de quien es el método (cus_…), o no ir',
  'the saved method is kept at {}': 'el método guardado está en {}',
  'needs a customer that is kept: customer must be a cus_…': 'necesita un cliente guardado: customer debe ser un cus_…',
  'at most {} can be captured': 'se pueden capturar como máximo {}',
  'at most {} is open': 'quedan abiertos como máximo {}',
  'at most {} is due': 'se deben como máximo {}',
  'at most {} is left': 'quedan como máximo {}',
  'at least {} minor units': 'al menos {} unidades menores',
  'is of parts: it needs partial': 'es de pagos en partes: necesita partial',
  'there is no evidence yet: say something in one of the fields': 'aún no hay pruebas: diga algo en uno de los campos',

  // subscriptions
  'is at most {} of {}': 'es como máximo {} de {}',
  'is too much of this plan': 'es demasiado de este plan',
  'is not where the payment method is kept': 'no es donde está guardado el método de pago',
  'no period is paid for: the subscription is {}': 'no hay periodo pagado: la suscripción está {}',
  'is kept at another connection than the subscription': 'está guardado en otra conexión que la suscripción',
  'is in {}, and the subscription in {}': 'está en {}, y la suscripción en {}',

  // invoices
  'motive {} needs the document that replaces it': 'el motivo {} necesita el documento que la sustituye',
  'motive {} takes none': 'el motivo {} no lleva ninguno',
  'is not issued': 'no está emitida',
  'does not name the cancelled document with relation 04': 'no nombra el documento cancelado con la relación 04',
  'is {} for this invoice': 'es {} para esta factura',
  'is required: c_FormaPago': 'es obligatorio: c_FormaPago',
  'at most {} is open on its valid receipts: cancel the one that says too much first': 'quedan abiertos como máximo {} según sus complementos vigentes: cancele primero el que dice de más',
  'is {}: it has taken no money': 'está {}: no ha cobrado nada',
  'is {}: what of this payment pays the invoice': 'es {}: lo que de este cobro paga la factura',
  'pays nothing of this invoice: it was given back, or came after all was paid': 'no paga nada de esta factura: se devolvió, o llegó cuando todo estaba pagado',
  'is more than the payment has: {}': 'es más de lo que tiene el cobro: {}',
  'is in {}, and the invoice in {}': 'está en {}, y la factura en {}',
  'is required: {} for one {} on the day of the payment': 'es obligatorio: {} por un {} el día del pago',
  'is needed: the id that the authority has it under': 'hace falta: el folio con que la tiene la autoridad',
  'goes with mark_issued alone': 'va solo con mark_issued',
  'is that of another invoice': 'es el de otra factura',
  'is not known to the provider': 'el proveedor no lo conoce',
  'is not what the provider says: {} {}': 'no es lo que dice el proveedor: {} {}',
  'is needed: the invoice’s customer has no e-mail address': 'hace falta: el cliente de la factura no tiene correo',
  'is needed to send the invoice': 'hace falta para enviar la factura',
  'this server has no mail': 'este servidor no tiene correo',
  'at most {} of this invoice can be credited': 'se pueden acreditar como máximo {} de esta factura',
  'is a {}, which nobody pays': 'es un {}, que nadie paga',
  'is {}: only an issued invoice is paid': 'está {}: solo se paga una factura emitida',
  'the invoice is in {}': 'la factura está en {}',
  'at most {} {} of the invoice is due': 'de la factura se deben como máximo {} {}',
  'is not after {}': 'no es posterior a {}',
  'holds more than {}: ask for a shorter period': 'tiene más de {}: pida un periodo más corto',
  'there is nothing in that period': 'no hay nada en ese periodo',

  // sales
  'bimonthly is for the régimen 621 alone': 'la bimestral es solo para el régimen 621',
  'lies in a period that ends on {}: its global invoice is made after that': 'está en un periodo que termina el {}: su factura global se hace después',
  'no payment of ours took this sale: give it back in cash or as store credit': 'ningún cobro de aquí pagó esta venta: devuélvala en efectivo o con un vale',
  'everything was refunded already, or is being refunded': 'ya se devolvió todo, o se está devolviendo',
  'at most {} is left to refund': 'queda por devolver como máximo {}',
  'is of a sale that was paid: tell its tenders, or confirm the payment later': 'es de una venta pagada: diga cómo se pagó, o confirme el pago después',
  'is needed for a document in {}': 'hace falta para un documento en {}',
  'is a sale already': 'ya es una venta',
  'is the sale {}, with another content': 'es la venta {}, con otro contenido',
  'or lines: what was sold': 'o lines: qué se vendió',
  'is told with the invoice: a ticket withholds nothing': 'se dice con la factura: un ticket no retiene nada',
  'the lines come to {}': 'las partidas suman {}',
  'come to nothing': 'suman cero',
  'no price with its taxes comes to this amount': 'ningún precio con sus impuestos da este importe',
  '99 is for what is still to be paid': '99 es para lo que aún se debe',
  'is needed where there are several': 'hace falta cuando hay varios',
  'sum to {}, and the sale is {}': 'suman {}, y la venta es de {}',
  'has not taken so much': 'no ha cobrado tanto',
  'is needed: how it was paid': 'hace falta: cómo se pagó',
  'or customer: one of both': 'o customer: uno de los dos',
  'is everybody’s, and names nobody': 'es de todos, y no nombra a nadie',

  // webhooks, notices, reports
  'must lead to the internet: it is judged by its address (WEBHOOK_PRIVATE_ADDRESSES lifts that for development)': 'debe llevar a internet: se juzga por su dirección (WEBHOOK_PRIVATE_ADDRESSES lo quita para desarrollo)',
  'must be whsec_ and 24 to 64 bytes in base64': 'debe ser whsec_ y de 24 a 64 bytes en base64',
  '{} takes one number': '{} lleva un solo número',
  'is needed for a channel of type {}': 'hace falta para un canal de tipo {}',
  'does not belong to a channel of type {}': 'no es de un canal de tipo {}',
  'is not the address of a mail server: smtps://user:password@host': 'no es la dirección de un servidor de correo: smtps://usuario:contraseña@servidor',
  'names a user without a password, or a password without a user': 'nombra un usuario sin contraseña, o una contraseña sin usuario',
  'must be the https address of a push service': 'debe ser la dirección https de un servicio push',
  'is not a public key on P-256': 'no es una llave pública en P-256',
  'a document has a fixed price only': 'un documento solo tiene precio fijo'
}

interface Template { shape: RegExp, spanish: string }
let templates: Template[] | undefined

/** The most fixed text first: `must be one of {}` before `must be {}`. */
const readTemplates = (): Template[] => Object.entries(spanishSentences).filter(([english]) => english.includes('{}'))
  .sort(([one], [other]) => other.length - one.length)
  .map(([english, spanish]) => ({ shape: new RegExp(`^${english.split('{}').map(part => part.replaceAll(/[.*+?^${}()|[\]\\]/g, '\\$&')).join('(.*?)')}$`, 's'), spanish }))

/** A sentence about a field in this language. One that the table does not have stays as it was written. */
export function fieldSentence (message: string | LocalText, language: 'es' | 'en'): string {
  if (typeof message !== 'string') return message[language]
  if (language === 'en') return message
  const whole = spanishSentences[message]
  if (whole !== undefined) return whole
  for (const { shape, spanish } of templates ??= readTemplates()) {
    const values = shape.exec(message)?.slice(1)
    if (values !== undefined) return spanish.replaceAll('{}', () => values.shift() ?? '')
  }
  return message
}
