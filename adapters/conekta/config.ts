import type { Manifest } from '../../core/adapter/index.ts'
import { amounts, currencies, defaultMinimum } from './amounts.ts'
import { errors } from './errors.ts'
import { defaultTimeZone } from './order-params.ts'
import { events } from './webhooks.ts'

const readOn = '2026-11-21'
const panel = { es: 'Panel de Conekta → Desarrolladores → API Keys (https://panel.conekta.com). El modo de prueba tiene llaves propias.', en: 'Conekta panel → Developers → API keys (https://panel.conekta.com). Test mode has keys of its own.' }

export const manifest: Manifest = {
  id: 'conekta',
  name: 'Conekta',
  families: ['payments'],
  experimental: false,
  countries: ['MX'],
  currencies: [...currencies],
  methods: [{ type: 'card' }, { type: 'oxxo', currencies: ['MXN'] }, { type: 'cash', currencies: ['MXN'] }, { type: 'spei', currencies: ['MXN'] }, { type: 'pay_by_bank', currencies: ['MXN'] }],
  modes: ['test', 'live'],
  base_urls: { test: { api: 'https://api.conekta.io' }, live: { api: 'https://api.conekta.io' } },
  credentials: {
    properties: {
      private_key: {
        type: 'string',
        title: { es: 'Llave privada', en: 'Private key' },
        help: { es: 'Empieza por key_. No dice si es de prueba o de producción: Pasarela lo averigua.', en: 'Starts with key_. It does not say whether it is of test or live mode: Pasarela finds out.' },
        where: panel,
        pattern: '^key_[A-Za-z0-9]{8,200}$',
        maxLength: 204,
        placeholder: 'key_…',
        secret: true,
        kind: 'text'
      },
      webhook_public_key: {
        type: 'string',
        title: { es: 'Llave pública de los webhooks', en: 'Public key of the webhooks' },
        help: {
          es: 'Déjela vacía: Pasarela registra el webhook y la lee de Conekta. Si lo registra a mano, pegue la llave RSA (PEM), en una o varias líneas.',
          en: 'Leave it empty: Pasarela registers the webhook and reads it from Conekta. If you register it by hand, paste the RSA key (PEM), on one line or several.'
        },
        where: { es: 'Panel de Conekta → Desarrolladores → Webhooks → Firmar webhooks.', en: 'Conekta panel → Developers → Webhooks → Sign webhooks.' },
        pattern: '^(?:-----BEGIN PUBLIC KEY-----[A-Za-z0-9+/=\\\\\\s]+-----END PUBLIC KEY-----[\\\\n\\s]*|[A-Za-z0-9+/]+={0,2})$',
        maxLength: 4000,
        placeholder: '-----BEGIN PUBLIC KEY-----…',
        secret: false,
        kind: 'text'
      }
    },
    required: ['private_key']
  },
  settings: {
    properties: {
      child_company_id: {
        type: 'string',
        description: { es: 'Empresa hija para la que se cobra con la llave de la plataforma (X-Child-Company-Id). Vacío: la de la llave.', en: 'The child company that is charged for with the platform’s key (X-Child-Company-Id). Empty: that of the key.' },
        default: '',
        pattern: '^([0-9a-f]{24})?$'
      },
      three_ds_mode: {
        type: 'string',
        description: { es: 'Autenticación 3-D Secure: la que tenga la cuenta, o siempre una de las de Conekta.', en: '3-D Secure: as the account is set, or always one of Conekta’s modes.' },
        default: 'account',
        enum: ['account', 'smart', 'strict', 'not_strict']
      },
      oxxo_type: {
        type: 'string',
        description: {
          es: 'Cómo se pide un pago en OXXO: oxxo_cash (el nombre anterior, siempre OXXO) o cash (la red que tenga la cuenta).',
          en: 'How a payment at OXXO is asked for: oxxo_cash (the older name, always OXXO) or cash (whichever network the account has).'
        },
        default: 'oxxo_cash',
        enum: ['oxxo_cash', 'cash']
      },
      mxn_minimum: {
        type: 'integer',
        description: { es: 'Importe mínimo de un cobro en pesos, en centavos. Conekta no lo publica.', en: 'Smallest charge in pesos, in centavos. Conekta does not publish it.' },
        default: defaultMinimum,
        minimum: 1
      },
      cash_maximum: {
        type: 'integer',
        description: { es: 'Importe máximo de un pago en efectivo, en centavos (1000000 = 10,000 pesos, el límite de las tiendas).', en: 'Largest payment in cash, in centavos (1000000 = 10,000 pesos, the stores’ own limit).' },
        default: 1_000_000,
        minimum: 1
      },
      voucher_days: {
        type: 'integer',
        description: { es: 'Días que se puede pagar en efectivo cuando no se dice otra cosa; vence a las 23:59:59 de la zona horaria.', en: 'Days in which cash can be paid when nothing else is said; it ends at 23:59:59 in the time zone.' },
        default: 3,
        minimum: 1,
        maximum: 30
      },
      transfer_days: {
        type: 'integer',
        description: { es: 'Lo mismo para una transferencia SPEI.', en: 'The same for a SPEI transfer.' },
        default: 3,
        minimum: 1,
        maximum: 30
      },
      page_days: {
        type: 'integer',
        description: { es: 'Días que está abierta una página o liga de pago cuando no se dice otra cosa.', en: 'Days that a page or payment link stays open when nothing else is said.' },
        default: 30,
        minimum: 1,
        maximum: 365
      },
      time_zone: {
        type: 'string',
        description: { es: 'Zona horaria (IANA) en que terminan los días.', en: 'The time zone (IANA) in which days end.' },
        default: defaultTimeZone,
        enum: [defaultTimeZone, 'America/Tijuana', 'America/Hermosillo', 'America/Mazatlan', 'America/Chihuahua', 'America/Cancun']
      },
      reuse_clabe: {
        type: 'boolean',
        description: { es: 'Que cada cliente guardado transfiera siempre a la misma CLABE.', en: 'Every kept customer always transfers to the same CLABE.' },
        default: false
      },
      default_name: {
        type: 'string',
        description: { es: 'Nombre del pagador cuando el cobro no lo trae; Conekta lo exige.', en: 'The payer’s name where the payment brings none; Conekta wants one.' },
        default: '',
        pattern: '^[^<>]{0,100}$'
      },
      default_email: {
        type: 'string',
        description: { es: 'Correo del pagador cuando el cobro no lo trae; Conekta lo exige.', en: 'The payer’s mail where the payment brings none; Conekta wants one.' },
        default: '',
        pattern: '^([^@\\s]+@[^@\\s]+\\.[^@\\s]+)?$'
      },
      default_phone: {
        type: 'string',
        description: { es: 'Teléfono del pagador cuando el cobro no lo trae; Conekta lo exige.', en: 'The payer’s telephone where the payment brings none; Conekta wants one.' },
        default: '',
        pattern: '^(\\+?[0-9]{7,15})?$'
      },
      newest_first: {
        type: 'boolean',
        description: { es: 'Las listas de Conekta empiezan por lo más nuevo. Falso: se leen siempre enteras.', en: 'Conekta’s lists begin with the newest. False: they are always read whole.' },
        default: true
      }
    }
  },
  setup_steps: [
    { es: 'Abra el panel de Conekta y elija el modo (prueba o producción).', en: 'Open the Conekta panel and choose the mode (test or live).' },
    { es: 'En Desarrolladores → API Keys, copie la llave privada.', en: 'In Developers → API keys, copy the private key.' },
    { es: 'Péguela aquí: Pasarela la prueba y registra el webhook.', en: 'Paste it here: Pasarela tests it and registers the webhook.' }
  ],
  webhooks: {
    events,
    secret: 'webhook_public_key',
    signs: 'body',
    // Not published; it "must answer 200".
    answer_within_ms: 10_000,
    manual_steps: [
      { es: 'En Desarrolladores → Webhooks, agregue la dirección que muestra Pasarela.', en: 'In Developers → Webhooks, add the address that Pasarela shows.' },
      { es: 'Active la firma de webhooks y copie la llave pública.', en: 'Turn on the signing of webhooks and copy the public key.' },
      { es: 'Péguela aquí.', en: 'Paste it here.' }
    ]
  },
  // Not published: what a small account is surely granted.
  rate_limits: { test: 10, live: 20 },
  timeouts_ms: { default: 30_000, test: 15_000, get_payment: 15_000, get_refund: 15_000, get_checkout: 15_000, get_payment_link: 15_000, list_methods: 15_000, get_subscription: 15_000, get_dispute: 15_000 },
  // No idempotency key anywhere (facts section 2.1). What is `natural-key` sets a state, is refused a second time, or has an id of ours.
  retry_safety: {
    create_payment: 'query-first',
    // The charge carries our reference; it is looked for before another is made.
    confirm_payment: 'query-first',
    capture: 'query-first',
    cancel: 'query-first',
    refund: 'query-first',
    create_checkout: 'query-first',
    expire_checkout: 'natural-key',
    create_payment_link: 'query-first',
    expire_payment_link: 'natural-key',
    create_customer: 'query-first',
    update_customer: 'natural-key',
    delete_customer: 'natural-key',
    // A token is good for one use.
    save_method: 'natural-key',
    remove_method: 'natural-key',
    // The plan's id is ours.
    create_plan: 'natural-key',
    create_subscription: 'query-first',
    update_subscription: 'natural-key',
    pause_subscription: 'natural-key',
    resume_subscription: 'natural-key',
    cancel_subscription: 'natural-key',
    register_webhook: 'query-first'
  },
  idempotency_window_ms: 0,
  // No server timeout is published: two minutes are more than any front end waits.
  settles_within_ms: 120_000,
  amounts,
  errors,
  sources: [
    { title: 'OpenAPI document 2.3.0', url: 'https://github.com/conekta/openapi', read_on: readOn },
    { title: 'API reference', url: 'https://developers.conekta.com/v2.3.0/reference', read_on: readOn },
    { title: 'Test kit', url: 'https://developers.conekta.com/page/pruebas', read_on: readOn },
    { title: 'Webhooks', url: 'https://developers.conekta.com/docs/como-consumir-webhooks', read_on: readOn }
  ]
}
