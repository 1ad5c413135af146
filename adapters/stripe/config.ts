import type { Manifest } from '../../core/adapter/index.ts'
import { amounts, currencies } from './amounts.ts'
import { idempotencyWindowMs } from './asking.ts'
import { errors } from './errors.ts'
import { defaultToleranceSeconds } from './signature.ts'
import { events } from './events.ts'

const readOn = '2026-11-20'
const origins = { api: 'https://api.stripe.com', connect: 'https://connect.stripe.com' }
const keysPage = {
  es: 'Panel de Stripe → Desarrolladores → Claves de API (https://dashboard.stripe.com/apikeys). El modo de prueba tiene claves propias.',
  en: 'Stripe Dashboard → Developers → API keys (https://dashboard.stripe.com/apikeys). Test mode has keys of its own.'
}

export const manifest: Manifest = {
  id: 'stripe',
  name: 'Stripe',
  families: ['payments'],
  experimental: false,
  // Where a business can open an account. Source: https://stripe.com/global, read 2026-11-20. Colombia and Ecuador are not among them:
  // a tenant there charges COP or USD through an account of another country.
  countries: ['AE', 'AT', 'AU', 'BE', 'BG', 'BR', 'CA', 'CH', 'CY', 'CZ', 'DE', 'DK', 'EE', 'ES', 'FI', 'FR', 'GB', 'GI', 'GR', 'HK', 'HR', 'HU', 'IE', 'IT', 'JP', 'LI',
    'LT', 'LU', 'LV', 'MT', 'MX', 'MY', 'NL', 'NO', 'NZ', 'PL', 'PT', 'RO', 'SE', 'SG', 'SI', 'SK', 'TH', 'US'],
  currencies,
  // Source: https://docs.stripe.com/payments/payment-methods/payment-method-support, read 2026-11-21: vouchers and transfers for accounts in Mexico.
  methods: [{ type: 'card' }, { type: 'oxxo', currencies: ['MXN'], countries: ['MX'] }, { type: 'spei', currencies: ['MXN'], countries: ['MX'] }],
  collects: ['tax_id', 'name', 'postal_code', 'regime', 'use'],
  modes: ['test', 'live'],
  base_urls: { test: origins, live: origins },
  credentials: {
    properties: {
      publishable_key: {
        type: 'string',
        title: { es: 'Clave pública', en: 'Publishable key' },
        help: { es: 'Empieza por pk_test_ o pk_live_. La usa el navegador de quien paga; no es secreta.', en: "Starts with pk_test_ or pk_live_. The payer's browser uses it; it is not secret." },
        where: keysPage,
        pattern: '^pk_(test|live)_[A-Za-z0-9_]{8,250}$',
        maxLength: 255,
        placeholder: 'pk_test_…',
        secret: false,
        kind: 'text'
      },
      secret_key: {
        type: 'string',
        title: { es: 'Clave secreta', en: 'Secret key' },
        help: {
          es: 'Empieza por sk_ (o rk_, restringida: escritura en PaymentIntents, SetupIntents, Refunds, Checkout, Payment Links, Customers, Payment Methods, Products, Prices, Subscriptions, Disputes y Webhook Endpoints; lectura de cargos, facturas, balance y payouts). Debe ser del mismo modo que la pública.',
          en: 'Starts with sk_ (or rk_, restricted: write on PaymentIntents, SetupIntents, Refunds, Checkout, Payment Links, Customers, Payment Methods, Products, Prices, Subscriptions, Disputes and Webhook Endpoints; read on charges, invoices, balance and payouts). It must be of the same mode as the publishable one.'
        },
        where: keysPage,
        pattern: '^(sk|rk)_(test|live)_[A-Za-z0-9_]{8,250}$',
        maxLength: 255,
        placeholder: 'sk_test_…',
        secret: true,
        kind: 'text'
      },
      webhook_secret: {
        type: 'string',
        title: { es: 'Secreto de firma del webhook', en: 'Webhook signing secret' },
        help: {
          es: 'Empieza por whsec_. Déjelo vacío: Pasarela registra el webhook y guarda el secreto. Solo hace falta si lo registra a mano.',
          en: 'Starts with whsec_. Leave it empty: Pasarela registers the webhook and keeps the secret. Only needed if you register it by hand.'
        },
        where: {
          es: 'Panel de Stripe → Desarrolladores → Webhooks → el punto de conexión → Secreto de firma.',
          en: 'Stripe Dashboard → Developers → Webhooks → the endpoint → Signing secret.'
        },
        pattern: '^whsec_[A-Za-z0-9_+/=-]{8,250}$',
        maxLength: 255,
        placeholder: 'whsec_…',
        secret: true,
        kind: 'text'
      }
    },
    required: ['publishable_key', 'secret_key']
  },
  settings: {
    properties: {
      connected_account: {
        type: 'string',
        description: {
          es: 'La cuenta conectada (acct_…) para la que se cobra con las claves de su plataforma de Stripe Connect. Vacío: la cuenta es la de las claves.',
          en: 'The connected account (acct_…) that is charged for with the keys of its Stripe Connect platform. Empty: the account is that of the keys.'
        },
        default: '',
        pattern: '^(acct_[A-Za-z0-9]{8,64})?$'
      },
      cop_minimum: {
        type: 'integer',
        description: {
          es: 'Importe mínimo de un cobro en COP, en centavos (200000 = 2.000 COP). Stripe publica 50; sus socios en Colombia, 200000.',
          en: 'Smallest charge in COP, in centavos (200000 = 2,000 COP). Stripe publishes 50; those who charge in Colombia, 200000.'
        },
        default: 200_000,
        minimum: 50
      },
      webhook_tolerance_seconds: {
        type: 'integer',
        description: {
          es: 'Cuánto puede diferir la hora firmada de un webhook de la nuestra, en segundos, antes o después.',
          en: 'How far the signed time of a webhook may be from ours, in seconds, either way.'
        },
        default: defaultToleranceSeconds,
        minimum: 30,
        maximum: 900
      }
    }
  },
  setup_steps: [
    { es: 'Abra el panel de Stripe y elija el modo (prueba o real).', en: 'Open the Stripe Dashboard and choose the mode (test or live).' },
    { es: 'En Desarrolladores → Claves de API, copie la clave pública y la secreta.', en: 'In Developers → API keys, copy the publishable and the secret key.' },
    { es: 'Péguelas aquí: Pasarela las prueba y registra el webhook.', en: 'Paste them here: Pasarela tests them and registers the webhook.' }
  ],
  oauth: {
    button: { es: 'Conectar con Stripe', en: 'Connect with Stripe' },
    app: {
      properties: {
        client_id: { title: { es: 'Identificador de cliente de Connect', en: 'Connect client id' }, where: { es: 'Panel de Stripe → Configuración → Connect → OAuth. Cada modo tiene el suyo.', en: 'Stripe Dashboard → Settings → Connect → OAuth. Each mode has its own.' }, pattern: '^ca_[A-Za-z0-9]{8,100}$', secret: false },
        client_secret: { title: { es: 'Clave secreta de la plataforma', en: 'Secret key of the platform' }, where: keysPage, pattern: '^sk_(test|live)_[A-Za-z0-9_]{8,250}$', secret: true },
        publishable_key: { title: { es: 'Clave pública de la plataforma', en: 'Publishable key of the platform' }, where: keysPage, pattern: '^pk_(test|live)_[A-Za-z0-9_]{8,250}$', secret: false },
        webhook_secret: { title: { es: 'Secreto de firma del webhook de Connect', en: 'Signing secret of the Connect webhook' }, where: { es: 'Panel de Stripe → Desarrolladores → Webhooks → el punto de conexión para cuentas conectadas.', en: 'Stripe Dashboard → Developers → Webhooks → the endpoint for connected accounts.' }, pattern: '^whsec_[A-Za-z0-9_+/=-]{8,250}$', secret: true }
      },
      required: ['client_id', 'client_secret', 'publishable_key']
    },
    // The platform's key does not end with a consent.
    refresh_ahead_ms: 0,
    operator_steps: [
      { es: 'En Configuración → Connect active OAuth y agregue la URL de redirección <su dirección>/v1/oauth/stripe/callback.', en: 'In Settings → Connect switch on OAuth and add the redirect URL <your address>/v1/oauth/stripe/callback.' },
      { es: 'En Desarrolladores → Webhooks agregue un punto de conexión para cuentas conectadas en <su dirección>/hooks/apps/stripe/test (y /live), con los eventos de la lista y account.application.deauthorized.', en: 'In Developers → Webhooks add an endpoint for connected accounts at <your address>/hooks/apps/stripe/test (and /live), with the listed events and account.application.deauthorized.' }
    ]
  },
  webhooks: {
    events,
    secret: 'webhook_secret',
    signs: 'body',
    // Stripe publishes no figure and asks for a 2xx "quickly"; 10 s has been what it waits in practice.
    answer_within_ms: 10_000,
    manual_steps: [
      { es: 'En Desarrolladores → Webhooks, agregue un punto de conexión con la dirección que muestra Pasarela.', en: 'In Developers → Webhooks, add an endpoint with the address that Pasarela shows.' },
      { es: 'Elija los eventos de la lista y la versión de API 2026-10-28.endive.', en: 'Choose the listed events and the API version 2026-10-28.endive.' },
      { es: 'Copie el secreto de firma (whsec_…) y péguelo aquí.', en: 'Copy the signing secret (whsec_…) and paste it here.' }
    ]
  },
  rate_limits: { test: 25, live: 100 },
  // Stripe may work on a request for 80 s (its SDK's own limit). A payer does not wait so long: after 30 s the outcome is `unknown`
  // and the resolver asks, which costs nothing with an idempotency key. Reads are cheap to repeat.
  timeouts_ms: {
    default: 30_000, test: 15_000, get_payment: 15_000, get_refund: 15_000, get_checkout: 15_000, get_payment_link: 15_000, get_setup: 15_000,
    list_methods: 15_000, get_subscription: 15_000, list_cycles: 15_000, get_dispute: 15_000
  },
  retry_safety: {
    create_payment: 'idempotency-key',
    confirm_payment: 'idempotency-key',
    capture: 'idempotency-key',
    cancel: 'idempotency-key',
    refund: 'idempotency-key',
    create_checkout: 'idempotency-key',
    expire_checkout: 'idempotency-key',
    create_payment_link: 'idempotency-key',
    expire_payment_link: 'idempotency-key',
    create_customer: 'idempotency-key',
    update_customer: 'idempotency-key',
    save_method: 'idempotency-key',
    remove_method: 'idempotency-key',
    create_plan: 'idempotency-key',
    create_subscription: 'idempotency-key',
    update_subscription: 'idempotency-key',
    pause_subscription: 'idempotency-key',
    resume_subscription: 'idempotency-key',
    submit_evidence: 'idempotency-key',
    accept_dispute: 'idempotency-key',
    // DELETE takes no key; what is gone or canceled cannot be so twice.
    delete_customer: 'natural-key',
    cancel_subscription: 'natural-key',
    register_webhook: 'query-first',
    // A code is refused a second time; what was given back is given back.
    exchange_code: 'natural-key',
    revoke_grant: 'natural-key'
  },
  idempotency_window_ms: idempotencyWindowMs,
  // The 80 s that a request may take, and a margin. The list API is consistent at once; the search API is not, and is not used.
  settles_within_ms: 120_000,
  amounts,
  errors,
  sources: [
    { title: 'API reference, types of npm stripe 23.1.0 (2026-10-28.endive)', url: 'https://docs.stripe.com/api', read_on: readOn },
    { title: 'Currencies, minimum and special cases', url: 'https://docs.stripe.com/currencies', read_on: readOn },
    { title: 'Error codes', url: 'https://docs.stripe.com/error-codes', read_on: readOn },
    { title: 'Decline codes', url: 'https://docs.stripe.com/declines/codes', read_on: readOn },
    { title: 'Idempotent requests', url: 'https://docs.stripe.com/api/idempotent_requests', read_on: readOn },
    { title: 'Advanced error handling', url: 'https://docs.stripe.com/error-low-level', read_on: readOn },
    { title: 'Rate limits', url: 'https://docs.stripe.com/rate-limits', read_on: readOn },
    { title: 'OXXO', url: 'https://docs.stripe.com/payments/oxxo', read_on: '2026-11-21' },
    { title: 'Bank transfers', url: 'https://docs.stripe.com/payments/bank-transfers', read_on: '2026-11-21' },
    { title: 'Meses sin intereses', url: 'https://docs.stripe.com/payments/mx-installments', read_on: '2026-11-21' },
    { title: 'Payment line items', url: 'https://docs.stripe.com/payments/payment-line-items', read_on: '2026-11-21' },
    { title: 'Statement descriptors', url: 'https://docs.stripe.com/get-started/account/statement-descriptors', read_on: '2026-11-21' },
    { title: 'Payment links with prices of their own', url: 'https://docs.stripe.com/changelog/basil/2025-07-30/ad-hoc-prices-for-payment-links', read_on: '2026-11-21' },
    { title: 'Subscriptions', url: 'https://docs.stripe.com/billing/subscriptions/overview', read_on: '2026-11-21' },
    { title: 'Disputes', url: 'https://docs.stripe.com/disputes/how-disputes-work', read_on: '2026-11-21' },
    { title: 'Connect OAuth', url: 'https://docs.stripe.com/connect/oauth-reference', read_on: '2026-11-21' },
    { title: 'Connected accounts', url: 'https://docs.stripe.com/connect/authentication', read_on: '2026-11-21' },
    { title: 'Webhooks: verify manually', url: 'https://docs.stripe.com/webhooks#verify-manually', read_on: readOn }
  ]
}
