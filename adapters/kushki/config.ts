import type { Manifest } from '../../core/adapter/index.ts'
import { amounts } from './amounts.ts'
import { countries, currencies } from './countries.ts'
import { errors } from './errors.ts'
import { defaultToleranceS, events } from './webhooks.ts'

const readOn = '2026-11-21'
const panel = { es: 'Consola de Kushki (https://console.kushkipagos.com; pruebas: https://uat-console.kushkipagos.com) → Desarrolladores.', en: 'Kushki console (https://console.kushkipagos.com; test: https://uat-console.kushkipagos.com) → Developers.' }

const merchantId = (title: { es: string, en: string }, help: { es: string, en: string }, secret: boolean): Manifest['credentials']['properties'][string] => ({
  type: 'string', title, help, where: panel, pattern: '^[0-9A-Za-z-]{16,64}$', maxLength: 64, placeholder: '0c0b08cd92fc491fb37365170164f7e9', secret, kind: 'text'
})

type Setting = Manifest['settings']['properties'][string]
const choice = (es: string, en: string, ...values: [string, ...string[]]): Setting => ({ type: 'string', description: { es, en }, default: values[0], enum: values })
const flag = (es: string, en: string, otherwise: boolean): Setting => ({ type: 'boolean', description: { es, en }, default: otherwise })
const count = (es: string, en: string, otherwise: number, minimum: number, maximum: number): Setting => ({ type: 'integer', description: { es, en }, default: otherwise, minimum, maximum })
const list = (es: string, en: string, otherwise: string): Setting => ({ type: 'string', description: { es, en }, default: otherwise, pattern: '^([A-Z]{2}(,[A-Z]{2})*)?$' })

export const manifest: Manifest = {
  id: 'kushki',
  name: 'Kushki',
  families: ['payments'],
  experimental: false,
  countries: [...countries],
  currencies: [...currencies],
  methods: [
    { type: 'card', currencies: [...currencies], countries: [...countries] },
    // The facts have gaps: see QUIRKS.md.
    { type: 'cash', currencies: ['MXN', 'COP', 'PEN', 'CLP'], countries: ['MX', 'CO', 'PE', 'CL'], experimental: true },
    { type: 'pse', currencies: ['COP'], countries: ['CO'], experimental: true },
    { type: 'spei', currencies: ['MXN'], countries: ['MX'], experimental: true },
    { type: 'transfer', currencies: ['CLP'], countries: ['CL'], experimental: true }
  ],
  modes: ['test', 'live'],
  base_urls: { test: { api: 'https://api-uat.kushkipagos.com' }, live: { api: 'https://api.kushkipagos.com' } },
  credentials: {
    properties: {
      public_merchant_id: merchantId({ es: 'ID público (Public Merchant ID)', en: 'Public Merchant ID' }, { es: 'Con él la tienda cifra las tarjetas. Pruebas y producción tienen el suyo.', en: 'With it the shop turns cards into tokens. Test and live have their own.' }, false),
      private_merchant_id: merchantId({ es: 'ID privado (Private Merchant ID)', en: 'Private Merchant ID' }, { es: 'Con él se cobra. Pruebas y producción tienen el suyo, y nada en él dice cuál es.', en: 'With it money is taken. Test and live have their own, and nothing in it says which it is.' }, true),
      webhook_secret: {
        type: 'string',
        title: { es: 'Firma de los webhooks', en: 'Webhook signature' },
        help: { es: 'Con ella se comprueba que un aviso es de Kushki.', en: 'Proves that a notification is Kushki’s.' },
        where: { es: 'Consola de Kushki → Desarrolladores → Webhooks, arriba.', en: 'Kushki console → Developers → Webhooks, at the top.' },
        pattern: '^[!-~]{8,200}$',
        maxLength: 200,
        placeholder: '20000000105986396000',
        secret: true,
        kind: 'text'
      }
    },
    required: ['public_merchant_id', 'private_merchant_id', 'webhook_secret']
  },
  settings: {
    properties: {
      country: choice('País de la cuenta: decide la forma de las cuotas, los documentos y los reembolsos parciales. by_currency: el de la moneda del cobro.', 'Country of the account: decides the form of instalments, documents and partial refunds. by_currency: that of the payment’s currency.', 'by_currency', 'EC', 'CO', 'PE', 'CL', 'MX'),
      currency: choice('Moneda con la que se guarda una tarjeta cuando el país no la dice.', 'Currency that a card is kept in where the country does not say.', 'USD', 'MXN', 'COP', 'PEN', 'CLP'),
      cop_whole: flag('Los cobros en pesos colombianos van sin centavos.', 'Payments in Colombian pesos have no hundredths.', false),
      deferred_countries: list('Países cuyas cuotas se piden con “deferred”; los demás, con “months”. Las páginas de Kushki se contradicen.', 'Countries whose instalments are asked for with “deferred”; the others with “months”. Kushki’s pages contradict each other.', 'EC,MX,PE'),
      credit_type: { type: 'string', description: { es: 'Tipo de crédito de las cuotas (creditType) cuando el cobro no lo dice: 01 cuotas fijas con intereses, 04 sin intereses.', en: 'Kind of credit of instalments (creditType) where the payment does not say: 01 fixed with interest, 04 without.' }, default: '01', pattern: '^\\d{2,3}$' },
      partial_refund_countries: list('Países donde se puede reembolsar una parte.', 'Countries where a part can be given back.', 'CO,CL,MX,PE'),
      refund_route: choice('Ruta de las devoluciones: charges (DELETE /v1/charges, anula o reembolsa) o refund (DELETE /v1/refund).', 'Route of refunds: charges (DELETE /v1/charges, voids or refunds) or refund (DELETE /v1/refund).', 'charges', 'refund'),
      refund_captured_by: choice('De un cobro preautorizado se devuelve el ticket de la captura o el de la preautorización.', 'Of a captured hold the ticket of the capture or that of the hold is given back.', 'capture', 'preauthorization'),
      capture_of_kept: choice('La preautorización de una tarjeta guardada se captura en la ruta de su suscripción o en la de las tarjetas.', 'The hold of a kept card is captured on the route of its subscription or on that of cards.', 'subscription', 'card'),
      cancel_by: choice('Cómo termina una suscripción: custom (queda la tarjeta guardada, sin calendario) o delete (Kushki olvida las dos).', 'How a subscription ends: custom (the card stays kept, without a schedule) or delete (Kushki forgets both).', 'custom', 'delete'),
      idempotency_header: flag('Envía Idempotency-Key con lo que mueve dinero. Nada depende de ello.', 'Sends Idempotency-Key with what moves money. Nothing relies on it.', true),
      list_margin_h: count('Horas de más que se piden a cada lado en la lista de transacciones: Kushki no dice de qué zona son sus fechas.', 'Hours more that are asked for on each side of the list of transactions: Kushki does not say of which zone its dates are.', 13, 0, 24),
      list_limit: count('Transacciones por página de la lista.', 'Transactions on a page of the list.', 100, 1, 500),
      lookback_days: count('Días que se buscan hacia atrás cuando un ticket no dice su fecha.', 'Days that are looked through where a ticket does not tell its date.', 35, 1, 180),
      hold_days: count('Días en que una preautorización puede capturarse o anularse.', 'Days in which a hold can be captured or let go.', 35, 1, 60),
      cycles_days: count('Días de cobros de una suscripción que se leen.', 'Days of a subscription’s charges that are read.', 70, 35, 400),
      cash_days: count('Días que se puede pagar en efectivo cuando no se dice otra cosa.', 'Days in which cash can be paid when nothing else is said.', 3, 1, 30),
      document_type: { type: 'string', description: { es: 'Tipo de documento del pagador cuando el cobro no lo dice; vacío: el usual del país.', en: 'Kind of the payer’s document where the payment does not say; empty: the usual one of the country.' }, default: '', pattern: '^[A-Z]{0,6}$' },
      default_email: { type: 'string', description: { es: 'Correo del pagador cuando el cobro no lo trae y Kushki lo exige.', en: 'The payer’s mail where the payment brings none and Kushki wants one.' }, default: '', pattern: '^([^@\\s]+@[^@\\s]+\\.[^@\\s]+)?$' },
      url_validation: flag('Un aviso {} sin firma recibe 200, como pide Kushki al registrar la dirección; no causa nada.', 'A notification {} without a signature is answered 200, as Kushki wants when the address is registered; it causes nothing.', true),
      reserialised: flag('Acepta también la firma sobre el JSON vuelto a escribir, si un intermediario cambia los espacios.', 'Also takes the signature over the JSON written anew, where something between changes the blanks.', false),
      webhook_tolerance_s: count('Antigüedad máxima de un aviso, en segundos.', 'The greatest age of a notification, in seconds.', defaultToleranceS, 60, 172_800)
    }
  },
  setup_steps: [
    { es: 'Abra la consola de Kushki (la de pruebas o la de producción) y entre en Desarrolladores.', en: 'Open the Kushki console (test or live) and go to Developers.' },
    { es: 'Copie el ID público y el ID privado del comercio, y en Webhooks la firma.', en: 'Copy the merchant’s public and private id, and the signature under Webhooks.' },
    { es: 'Péguelos aquí, elija el país de la cuenta, y registre en la consola la dirección que muestra Pasarela.', en: 'Paste them here, choose the country of the account, and register in the console the address that Pasarela shows.' }
  ],
  webhooks: {
    events,
    secret: 'webhook_secret',
    signs: 'body',
    // Not published.
    answer_within_ms: 10_000,
    manual_steps: [
      { es: 'En la consola de Kushki → Desarrolladores → Webhooks, cree uno con la dirección que muestra Pasarela para cada producto: tarjetas, suscripciones, efectivo, transferencias.', en: 'In the Kushki console → Developers → Webhooks, make one with the address that Pasarela shows for each product: cards, subscriptions, cash, transfers.' },
      { es: 'Elija los eventos de aprobación, rechazo, anulación y reembolso. Kushki prueba la dirección con {}: Pasarela responde 200.', en: 'Choose the events of approval, decline, void and refund. Kushki tries the address with {}: Pasarela answers 200.' }
    ]
  },
  // Not published: what a small account is surely granted.
  rate_limits: { test: 10, live: 20 },
  // The gateway before Kushki gives up after 29 s (docs of the charge, read 2026-11-21).
  timeouts_ms: { default: 35_000, test: 20_000 },
  // An idempotency key is spoken of and not verified (facts sections 6.1 and 14): everything is looked for before it is sent again.
  retry_safety: {
    create_payment: 'query-first',
    capture: 'query-first',
    cancel: 'query-first',
    refund: 'query-first',
    // Kept cards are not listed: one that was lost is not found, and nobody can use it.
    save_method: 'never',
    remove_method: 'natural-key',
    // Nothing is sent: the customer is a mail, the plan is a name. The same again is the same.
    create_customer: 'natural-key',
    create_plan: 'natural-key',
    create_subscription: 'query-first',
    update_subscription: 'query-first',
    cancel_subscription: 'query-first'
  },
  idempotency_window_ms: 0,
  // The list is a report, and how long it takes nobody says: a quarter of an hour.
  settles_within_ms: 900_000,
  amounts,
  errors,
  sources: [
    { title: 'Kushki: pagos con tarjeta', url: 'https://docs.kushki.com/ec/card-payments/overview', read_on: readOn },
    { title: 'Kushki: anulaciones y reembolsos', url: 'https://docs.kushki.com/mx/en/card-payments/refunds/manage-voids-and-refunds', read_on: readOn },
    { title: 'Kushki: cobros programados', url: 'https://docs.kushki.com/co/en/recurring-payments/scheduled-payments/manage-scheduled-charges', read_on: readOn },
    { title: 'Kushki: webhook de tarjetas', url: 'https://docs.kushki.com/pe/en/notifications/one-time-payments/webhook-card', read_on: readOn },
    { title: 'Kushki: efectivo', url: 'https://api-docs.kushkipagos.com/api/cash-in/cashininit', read_on: readOn }
  ]
}
