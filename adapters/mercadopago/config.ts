import type { Manifest } from '../../core/adapter/index.ts'
import { currencies } from './amounts.ts'
import { homes } from './countries.ts'
import { errors } from './errors.ts'
import { outside } from './payment-params.ts'
import { defaultToleranceS, events } from './webhooks.ts'

const readOn = '2026-11-21'
const origins = { api: 'https://api.mercadopago.com', auth: 'https://auth.mercadopago.com' }
const panel = { es: 'Tus integraciones → su aplicación → Credenciales (https://www.mercadopago.com/developers/panel).', en: 'Your integrations → your application → Credentials (https://www.mercadopago.com/developers/panel).' }

export const manifest: Manifest = {
  id: 'mercadopago',
  name: 'Mercado Pago',
  families: ['payments'],
  experimental: false,
  countries: Object.keys(homes),
  currencies: [...currencies],
  methods: [{ type: 'card' }, ...Object.entries(outside).map(([type, { countries, currency }]) => ({ type, currencies: [currency], countries }))],
  modes: ['test', 'live'],
  base_urls: { test: origins, live: origins },
  credentials: {
    properties: {
      access_token: {
        type: 'string',
        title: { es: 'Access token', en: 'Access token' },
        help: {
          es: 'Empieza por APP_USR- o por TEST-. Para probar sirven una credencial de prueba o la de producción de un usuario de prueba.',
          en: 'Starts with APP_USR- or TEST-. For tests take a test credential, or the production one of a test user.'
        },
        where: panel,
        pattern: '^(?:APP_USR|TEST)-[A-Za-z0-9_-]{20,300}$',
        maxLength: 310,
        placeholder: 'APP_USR-…',
        secret: true,
        kind: 'text'
      },
      public_key: {
        type: 'string',
        title: { es: 'Public key', en: 'Public key' },
        help: { es: 'La usa su página para convertir tarjetas en tokens. Pasarela no la necesita.', en: 'Your page uses it to turn cards into tokens. Pasarela does not need it.' },
        where: panel,
        pattern: '^(?:APP_USR|TEST)-[0-9a-fA-F-]{36}$',
        maxLength: 60,
        placeholder: 'APP_USR-…',
        secret: false,
        kind: 'text'
      },
      webhook_secret: {
        type: 'string',
        title: { es: 'Clave secreta de los webhooks', en: 'Secret key of the webhooks' },
        help: { es: 'La muestra el panel después de configurar las notificaciones. Sin ella no se acepta ninguna.', en: 'The panel shows it once the notifications are configured. Without it none is accepted.' },
        where: { es: 'Tus integraciones → su aplicación → Webhooks → Clave secreta.', en: 'Your integrations → your application → Webhooks → Secret key.' },
        pattern: '^[A-Za-z0-9_-]{16,200}$',
        maxLength: 200,
        placeholder: '…',
        secret: true,
        kind: 'text'
      }
    },
    required: ['access_token']
  },
  settings: {
    properties: {
      three_ds_mode: {
        type: 'string',
        description: { es: 'Autenticación 3-D Secure de las tarjetas: cuando el banco la pida, siempre, o nunca.', en: '3-D Secure of cards: when the bank asks for it, always, or never.' },
        default: 'optional',
        enum: ['optional', 'mandatory', 'not_supported']
      },
      saved_card_token: {
        type: 'string',
        description: {
          es: 'Cómo se cobra una tarjeta guardada: server, Pasarela pide el token sin código de seguridad (la cuenta debe tenerlo acordado con Mercado Pago); browser, solo con un token que hizo la página con el código.',
          en: 'How a saved card is charged: server, Pasarela asks for the token without the security code (the account must have agreed that with Mercado Pago); browser, only with a token that the page made with the code.'
        },
        default: 'server',
        enum: ['server', 'browser']
      },
      existing_customers: {
        type: 'string',
        description: {
          es: 'Cuando ya hay en la cuenta un cliente con el mismo correo que no hizo Pasarela: adopt lo toma; refuse lo rechaza.',
          en: 'When the account already has a customer of the same mail that Pasarela did not make: adopt takes it; refuse refuses.'
        },
        default: 'adopt',
        enum: ['adopt', 'refuse']
      },
      customer_delete_path: {
        type: 'string',
        description: { es: 'Ruta para borrar un cliente: customer es la de las bibliotecas oficiales; delete, la de la especificación.', en: 'Path that deletes a customer: customer is that of the official libraries; delete, that of the specification.' },
        default: 'customer',
        enum: ['customer', 'delete']
      },
      invoice_search_path: {
        type: 'string',
        description: { es: 'Ruta que lista los cobros de una suscripción: search es la de las bibliotecas oficiales; list, la de la especificación.', en: 'Path that lists a subscription’s charges: search is that of the official libraries; list, that of the specification.' },
        default: 'search',
        enum: ['search', 'list']
      },
      transactions_source: {
        type: 'string',
        description: {
          es: 'De dónde salen los movimientos del saldo: payments, de los cobros y al momento; settlement_report, del reporte de todas las transacciones, con retiros e impuestos y un día después (la cuenta debe tenerlo configurado).',
          en: 'Where the movements of the balance come from: payments, at once; settlement_report, the report of all transactions, with withdrawals and taxes, a day later (the account must have configured it).'
        },
        default: 'payments',
        enum: ['payments', 'settlement_report']
      },
      document_required: {
        type: 'boolean',
        description: { es: 'PSE, Pix y boleto se rechazan sin el documento del pagador, antes de enviarlos.', en: 'PSE, Pix and boleto are refused without the payer’s tax id, before they are sent.' },
        default: true
      },
      cop_whole: {
        type: 'boolean',
        description: { es: 'En Colombia, PSE y Efecty solo aceptan pesos enteros.', en: 'In Colombia, PSE and Efecty take whole pesos only.' },
        default: true
      },
      webhook_tolerance_s: {
        type: 'integer',
        description: { es: 'Antigüedad máxima de la firma de un webhook, en segundos. Mercado Pago repite cada 15 minutos y no dice si firma de nuevo.', en: 'How old a webhook’s signature may be, in seconds. Mercado Pago repeats every 15 minutes and does not say whether it signs anew.' },
        default: defaultToleranceS,
        minimum: 60,
        maximum: 86_400
      },
      default_email: {
        type: 'string',
        description: { es: 'Correo del pagador cuando el cobro no lo trae; Mercado Pago lo exige.', en: 'The payer’s mail where the payment brings none; Mercado Pago wants one.' },
        default: '',
        pattern: '^([^@\\s]+@[^@\\s]+\\.[^@\\s]+)?$'
      },
      back_url: {
        type: 'string',
        description: { es: 'A dónde vuelve quien se suscribe cuando no se dice otra cosa; un plan no se puede crear sin ella.', en: 'Where who subscribes comes back to when nothing else is said; a plan cannot be made without.' },
        default: '',
        pattern: '^(https://[^\\s]{1,500})?$'
      }
    }
  },
  setup_steps: [
    { es: 'Abra Tus integraciones en el panel de Mercado Pago y elija su aplicación.', en: 'Open Your integrations in the Mercado Pago panel and choose your application.' },
    { es: 'Copie el access token: de prueba, o de producción cuando vaya a cobrar.', en: 'Copy the access token: the test one, or the production one when you are to charge.' },
    { es: 'Péguelo aquí y configure después las notificaciones, a mano.', en: 'Paste it here, and configure the notifications afterwards, by hand.' }
  ],
  oauth: {
    button: { es: 'Conectar con Mercado Pago', en: 'Connect with Mercado Pago' },
    app: {
      properties: {
        client_id: { title: { es: 'Número de aplicación', en: 'Application number' }, where: panel, pattern: '^\\d{6,20}$', secret: false },
        client_secret: { title: { es: 'Client secret', en: 'Client secret' }, where: panel, pattern: '^[A-Za-z0-9_-]{16,200}$', secret: true },
        webhook_secret: { title: { es: 'Clave secreta de los webhooks', en: 'Secret key of the webhooks' }, where: { es: 'Tus integraciones → la aplicación → Webhooks → Clave secreta.', en: 'Your integrations → the application → Webhooks → Secret key.' }, pattern: '^[A-Za-z0-9_-]{16,200}$', secret: true }
      },
      required: ['client_id', 'client_secret']
    },
    // Of 180 days: so long a person has to consent again when a renewal fails.
    refresh_ahead_ms: 30 * 86_400_000,
    operator_steps: [
      { es: 'Cree una aplicación en Tus integraciones y escriba en sus detalles la URL de redirección: <su dirección>/v1/oauth/mercadopago/callback.', en: 'Create an application in Your integrations and write the redirect URL into its details: <your address>/v1/oauth/mercadopago/callback.' },
      { es: 'Active el flujo de código de autorización con PKCE y los permisos read, write y offline_access.', en: 'Switch on the authorization code flow with PKCE and the permissions read, write and offline_access.' },
      { es: 'En Webhooks escriba <su dirección>/hooks/apps/mercadopago/live (y /test en modo de prueba) y copie la clave secreta.', en: 'In Webhooks write <your address>/hooks/apps/mercadopago/live (and /test in test mode) and copy the secret key.' }
    ]
  },
  webhooks: {
    events,
    secret: 'webhook_secret',
    signs: 'partial',
    answer_within_ms: 22_000,
    manual_steps: [
      { es: 'En Tus integraciones → su aplicación → Webhooks → Configurar notificaciones, pegue la dirección que muestra Pasarela (en el modo de sus credenciales).', en: 'In Your integrations → your application → Webhooks → Configure notifications, paste the address that Pasarela shows (in the mode of your credentials).' },
      { es: 'Marque Pagos, Contracargos, Planes y suscripciones y Vinculación de aplicaciones. No use IPN: no se firma.', en: 'Tick Payments, Chargebacks, Plans and subscriptions and Application linking. Do not use IPN: it is not signed.' },
      { es: 'Guarde, copie la clave secreta que aparece y péguela aquí.', en: 'Save, copy the secret key that appears and paste it here.' }
    ]
  },
  // Not published: what a small account is surely granted.
  rate_limits: { test: 10, live: 20 },
  timeouts_ms: { default: 60_000, test: 20_000, get_payment: 20_000, get_refund: 20_000, get_checkout: 20_000, get_payment_link: 20_000, list_methods: 20_000, get_subscription: 20_000, get_dispute: 20_000 },
  // X-Idempotency-Key is written down for payments and refunds alone (facts section 3.1). What is `natural-key` sets a state or is refused a second time.
  retry_safety: {
    create_payment: 'idempotency-key',
    capture: 'query-first',
    cancel: 'query-first',
    refund: 'idempotency-key',
    create_checkout: 'query-first',
    expire_checkout: 'natural-key',
    create_payment_link: 'query-first',
    expire_payment_link: 'natural-key',
    // One customer for each mail.
    create_customer: 'natural-key',
    update_customer: 'natural-key',
    delete_customer: 'natural-key',
    // A token is good for one use.
    save_method: 'natural-key',
    remove_method: 'natural-key',
    create_plan: 'query-first',
    create_subscription: 'query-first',
    update_subscription: 'natural-key',
    pause_subscription: 'natural-key',
    resume_subscription: 'natural-key',
    cancel_subscription: 'natural-key',
    // A code and a refresh token are refused a second time.
    exchange_code: 'natural-key',
    refresh_grant: 'natural-key'
  },
  // How long a key is remembered is not published: so long it surely is.
  idempotency_window_ms: 600_000,
  // The search is an index of its own, which has lagged (github.com/mercadopago/sdk-nodejs, issue 180).
  settles_within_ms: 900_000,
  amounts: {},
  errors,
  sources: [
    { title: 'OpenAPI document 3.1 (2026-06)', url: 'https://github.com/mercadopago/openapi', read_on: readOn },
    { title: 'Payments API reference', url: 'https://www.mercadopago.com/developers/en/reference/payments/_payments/post', read_on: readOn },
    { title: 'OAuth', url: 'https://www.mercadopago.com.mx/developers/en/docs/security/oauth', read_on: readOn },
    { title: 'POST /oauth/token', url: 'https://mercadopago.com.mx/developers/en/reference/oauth/_oauth_token/post', read_on: readOn },
    { title: 'Webhooks', url: 'https://www.mercadopago.com/developers/en/docs/your-integrations/notifications/webhooks', read_on: readOn },
    { title: 'Chargeback notifications', url: 'https://mercadopago.com.mx/developers/en/docs/checkout-pro/chargebacks/notifications', read_on: readOn },
    { title: 'npm mercadopago 3.6', url: 'https://github.com/mercadopago/sdk-nodejs', read_on: readOn }
  ]
}
