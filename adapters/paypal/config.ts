import type { Manifest } from '../../core/adapter/index.ts'
import { amounts, currencies } from './amounts.ts'
import { errors } from './errors.ts'
import { events } from './webhooks.ts'

const readOn = '2026-11-21'
const dashboard = { es: 'https://developer.paypal.com → Apps & Credentials → su aplicación. Sandbox y Live tienen credenciales propias.', en: 'https://developer.paypal.com → Apps & Credentials → your app. Sandbox and Live have credentials of their own.' }
const hourMs = 3_600_000

export const manifest: Manifest = {
  id: 'paypal',
  name: 'PayPal',
  families: ['payments'],
  experimental: false,
  countries: ['MX', 'BR', 'CO', 'CL', 'PE', 'EC', 'AR', 'US', 'ES'],
  currencies: [...currencies],
  methods: [{ type: 'paypal' }, { type: 'card' }],
  modes: ['test', 'live'],
  base_urls: {
    test: { api: 'https://api-m.sandbox.paypal.com', certificates: 'https://api.sandbox.paypal.com' },
    live: { api: 'https://api-m.paypal.com', certificates: 'https://api.paypal.com' }
  },
  credentials: {
    properties: {
      client_id: {
        type: 'string',
        title: { es: 'Client ID', en: 'Client ID' },
        help: { es: 'El identificador de su aplicación REST.', en: 'The id of your REST app.' },
        where: dashboard,
        pattern: '^[A-Za-z0-9_-]{20,200}$',
        maxLength: 200,
        placeholder: 'A…',
        secret: false,
        kind: 'text'
      },
      client_secret: {
        type: 'string',
        title: { es: 'Secret', en: 'Secret' },
        help: { es: 'El secreto de la misma aplicación.', en: 'The secret of the same app.' },
        where: dashboard,
        pattern: '^[A-Za-z0-9_-]{20,200}$',
        maxLength: 200,
        placeholder: 'E…',
        secret: true,
        kind: 'text'
      },
      webhook_id: {
        type: 'string',
        title: { es: 'ID del webhook', en: 'Webhook ID' },
        help: {
          es: 'Déjelo vacío: Pasarela registra el webhook y lo guarda. Es el ID de su suscripción, no el de un evento.',
          en: 'Leave it empty: Pasarela registers the webhook and keeps it. It is the id of your subscription, not that of an event.'
        },
        where: { es: 'La misma página, al final: Webhooks.', en: 'The same page, at its end: Webhooks.' },
        pattern: '^[A-Za-z0-9]{8,50}$',
        maxLength: 50,
        placeholder: '4JH86294D6297924G',
        secret: true,
        kind: 'text'
      }
    },
    required: ['client_id', 'client_secret']
  },
  settings: {
    properties: {
      brand_name: {
        type: 'string',
        description: { es: 'Nombre que ve el pagador en la página de PayPal. Vacío: el de la cuenta.', en: 'The name that the payer reads on PayPal’s page. Empty: the account’s.' },
        default: '',
        pattern: '^[^<>]{0,127}$'
      },
      return_url: {
        type: 'string',
        description: { es: 'Adónde vuelve quien aprueba una suscripción que no lo dice; PayPal lo exige.', en: 'Where the payer of a subscription goes back to that does not say so; PayPal wants one.' },
        default: 'https://www.paypal.com',
        pattern: '^https://[^\\s<>"]{1,1000}$'
      },
      immediate_payment: {
        type: 'boolean',
        description: { es: 'Solo pagos al momento: la página no ofrece cheques electrónicos, que tardan días.', en: 'Only payments at once: the page does not offer electronic cheques, which take days.' },
        default: true
      },
      partner_attribution_id: {
        type: 'string',
        description: { es: 'Código BN de socio (PayPal-Partner-Attribution-Id). Vacío: ninguno.', en: 'The partner’s BN code (PayPal-Partner-Attribution-Id). Empty: none.' },
        default: '',
        pattern: '^[A-Za-z0-9_-]{0,36}$'
      },
      report_lag_minutes: {
        type: 'integer',
        description: { es: 'Cuánto puede tardar la búsqueda de transacciones (PayPal: hasta tres horas). Hasta entonces lo que no aparece no se da por inexistente.', en: 'How late Transaction Search may be (PayPal: up to three hours). Until then what is not in it may still be there.' },
        default: 180,
        minimum: 0,
        maximum: 1440
      },
      webhook_max_age_hours: {
        type: 'integer',
        description: { es: 'Antigüedad máxima de un webhook, en horas (PayPal reintenta tres días). 0: cualquiera.', en: 'How old a webhook may be, in hours (PayPal tries for three days). 0: any age.' },
        default: 96,
        minimum: 0,
        maximum: 720
      }
    }
  },
  setup_steps: [
    { es: 'En developer.paypal.com abra Apps & Credentials y elija Sandbox o Live.', en: 'At developer.paypal.com open Apps & Credentials and choose Sandbox or Live.' },
    { es: 'Cree una aplicación (Merchant) y active Transaction Search, Vault, Subscriptions y Customer Disputes.', en: 'Create an app (Merchant) and turn on Transaction Search, Vault, Subscriptions and Customer Disputes.' },
    { es: 'Pegue aquí Client ID y Secret: Pasarela los prueba y registra el webhook.', en: 'Paste Client ID and Secret here: Pasarela tests them and registers the webhook.' }
  ],
  webhooks: {
    events,
    secret: 'webhook_id',
    // A CRC32 of the body is signed: not the body.
    signs: 'partial',
    answer_within_ms: 30_000,
    manual_steps: [
      { es: 'En su aplicación, Webhooks → Add Webhook: pegue la dirección que muestra Pasarela.', en: 'In your app, Webhooks → Add Webhook: paste the address that Pasarela shows.' },
      { es: 'Elija todos los eventos y guarde; copie el Webhook ID y péguelo aquí.', en: 'Choose all events and save; copy the Webhook ID and paste it here.' }
    ]
  },
  // Not published.
  rate_limits: { test: 10, live: 20 },
  timeouts_ms: { default: 40_000, test: 15_000, get_refund: 15_000, list_methods: 15_000, get_subscription: 15_000, get_dispute: 15_000 },
  retry_safety: {
    create_payment: 'idempotency-key',
    // An order is taken once, whoever asks and with which key.
    complete_payment: 'natural-key',
    capture: 'idempotency-key',
    // The second of two is refused, and what is there is the answer.
    cancel: 'natural-key',
    refund: 'idempotency-key',
    // Made of our reference: nothing is asked of PayPal, and the same again is the same.
    create_customer: 'natural-key',
    delete_customer: 'natural-key',
    // A set-up token is good for one use.
    save_method: 'natural-key',
    remove_method: 'natural-key',
    create_plan: 'idempotency-key',
    create_subscription: 'idempotency-key',
    cancel_subscription: 'natural-key',
    pause_subscription: 'natural-key',
    resume_subscription: 'natural-key',
    submit_evidence: 'never',
    accept_dispute: 'natural-key',
    register_webhook: 'natural-key'
  },
  // Six hours for orders, 45 days for captures and refunds, 72 hours for billing (OpenAPI documents): less than the shortest.
  idempotency_window_ms: 5 * hourMs,
  settles_within_ms: 120_000,
  // An order that nobody approves is gone after three hours (facts section 5.4).
  forgets_unpaid: true,
  amounts,
  errors,
  sources: [
    { title: 'PayPal REST API specifications (2024-02)', url: 'https://github.com/paypal/paypal-rest-api-specifications', read_on: readOn },
    { title: 'Orders v2', url: 'https://developer.paypal.com/docs/api/orders/v2/', read_on: readOn },
    { title: 'Webhooks', url: 'https://developer.paypal.com/api/rest/webhooks/', read_on: readOn },
    { title: 'Currency codes', url: 'https://developer.paypal.com/api/rest/reference/currency-codes/', read_on: readOn }
  ]
}
