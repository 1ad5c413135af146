import type { Manifest } from '../../core/adapter/index.ts'

const keys = { es: 'app.gigstack.pro → Ajustes → API', en: 'app.gigstack.pro → Settings → API' }
const hooks = { es: 'app.gigstack.pro → Ajustes → Webhooks', en: 'app.gigstack.pro → Settings → Webhooks' }

/** The hosts that hand out the files of an invoice. The second is not documented (QUIRKS.md). */
const origins = { api: 'https://api.gigstack.io', files: 'https://storage.googleapis.com', more_files: 'https://firebasestorage.googleapis.com' }

export const manifest: Manifest = {
  id: 'gigstack',
  name: 'Gigstack',
  families: ['invoicing'],
  experimental: false,
  countries: ['MX'],
  currencies: [],
  methods: [],
  modes: ['test', 'live'],
  // One host: the key says whether it is a test.
  base_urls: { test: origins, live: origins },
  credentials: {
    properties: {
      api_key: { type: 'string', title: { es: 'Llave de API', en: 'API key' }, help: { es: 'La llave de pruebas o la real: cada una tiene su conexión.', en: 'The test key or the live one: each has its own connection.' }, where: keys, pattern: '^[A-Za-z0-9_.-]{20,4000}$', maxLength: 4000, secret: true, kind: 'text' },
      webhook_secret: { type: 'string', title: { es: 'Secreto de los webhooks', en: 'Webhook secret' }, help: { es: 'Con el que Gigstack firma; se guarda solo si Gigstack lo entrega al registrar.', en: 'What Gigstack signs with; it is kept by itself when Gigstack gives it on registration.' }, where: hooks, pattern: '^[\\x21-\\x7e]{16,200}$', maxLength: 200, secret: true, kind: 'text' }
    },
    required: ['api_key']
  },
  settings: {
    properties: {
      team: { type: 'string', default: '', pattern: '^[A-Za-z0-9_-]{0,60}$', description: { es: 'Equipo (gigstack Connect); vacío: el de la llave.', en: 'Team (gigstack Connect); empty: that of the key.' } },
      tax_id: { type: 'string', default: '', pattern: '^([A-Z&Ñ]{3,4}\\d{6}[A-Z0-9]{3})?$', description: { es: 'RFC del equipo: no se envía la factura de otro emisor. Vacío: no se compara.', en: 'RFC of the team: the invoice of another issuer is not sent. Empty: not compared.' } },
      invoices_charges_of: { type: 'string', enum: ['none', 'stripe'], default: 'none', description: { es: 'Gigstack factura por sí mismo los cobros de este proveedor (app de Gigstack en Stripe): aquí no se facturan otra vez.', en: 'Gigstack invoices the charges of this provider by itself (Gigstack’s Stripe app): they are not invoiced here again.' } },
      canceled_is_final: { type: 'boolean', default: false, description: { es: 'Tomar el «cancelada» de Gigstack como definitivo. Si no, decide el SAT (conexión sat_status).', en: 'Take Gigstack’s “cancelled” as final. Otherwise the SAT decides (connection sat_status).' } },
      discounts: { type: 'boolean', default: false, description: { es: 'Enviar descuentos por concepto (campo no documentado).', en: 'Send discounts of lines (a field that is not documented).' } },
      payment_receipts: { type: 'boolean', default: false, description: { es: 'Complementos de pago: registrar el pago con automatización contra la factura PPD (campo no documentado; confírmelo con Gigstack).', en: 'Payment receipts: register the payment with automation against the PPD invoice (a field that is not documented; confirm it with Gigstack).' } },
      receipt_periodicity: { type: 'string', enum: ['day', 'week', 'month', 'two_months', 'year'], default: 'month', description: { es: 'Hasta cuándo puede autofacturarse un recibo.', en: 'How long a receipt may be self-invoiced.' } },
      webhook_signature: { type: 'string', enum: ['any', 'standard', 'legacy', 'header', 'none'], default: 'any', description: { es: 'Cómo firma Gigstack: cualquiera de sus dos formas, Webhook-* (standard), X-Gigstack-Signature (legacy), un encabezado fijo, o nada. En todo caso se consulta a Gigstack antes de actuar.', en: 'How Gigstack signs: either of its two shapes, Webhook-* (standard), X-Gigstack-Signature (legacy), a fixed header, or nothing. In any case Gigstack is asked before anything is done.' } },
      webhook_header: { type: 'string', default: 'x-webhook-secret', pattern: '^[a-z0-9-]{1,60}$', description: { es: 'Encabezado que lleva el secreto, con la firma «header».', en: 'The header that carries the secret, with the signature “header”.' } }
    }
  },
  setup_steps: [
    { es: 'Genere en Gigstack una llave de pruebas y una real.', en: 'Make a test key and a live one in Gigstack.' },
    { es: 'Suba aquí su CSD y acepte entregarlo a Gigstack, o súbalo en Gigstack.', en: 'Upload your CSD here and agree to hand it to Gigstack, or upload it at Gigstack.' },
    { es: 'Si tiene la app de Gigstack en Stripe, dígalo en invoices_charges_of: cada cobro se factura una sola vez.', en: 'If you have Gigstack’s Stripe app, say so in invoices_charges_of: each charge is invoiced once.' }
  ],
  webhooks: {
    events: ['invoice.created', 'invoice.canceled', 'invoice.failed', 'receipt.completed'],
    secret: 'webhook_secret',
    // What covers the body is not documented beyond doubt: a webhook only makes us ask.
    signs: 'partial',
    answer_within_ms: 5000,
    manual_steps: [{ es: 'En Gigstack → Ajustes → Webhooks agregue esta dirección con los eventos de facturas.', en: 'In Gigstack → Settings → Webhooks add this address with the events of invoices.' }]
  },
  rate_limits: { test: 5, live: 10 },
  timeouts_ms: { default: 30_000, issue: 60_000, cancel_document: 60_000 },
  // A key is sent with each write, but how long it is remembered, and what a repeat is answered, is not documented.
  retry_safety: { issue: 'query-first', cancel_document: 'query-first', self_invoice: 'query-first', register_sale: 'query-first', upload_certificate: 'natural-key', register_webhook: 'query-first' },
  idempotency_window_ms: 0,
  settles_within_ms: 90_000,
  amounts: {},
  errors: {
    unauthorized: 'invalid_credentials', invalid_token: 'invalid_credentials', forbidden: 'permission_denied', insufficient_permissions: 'permission_denied',
    validation_failed: 'invalid_request', invalid_request_body: 'invalid_request', missing_required_field: 'invalid_request', invalid_field_value: 'invalid_request',
    resource_not_found: 'not_found', file_not_found: 'not_found', resource_already_exists: 'duplicate', resource_conflict: 'conflict',
    business_rule_violation: 'invalid_request', operation_not_allowed: 'invalid_state', cfdi_service_error: 'invalid_request', rate_limit_exceeded: 'rate_limited',
    invalid_file_format: 'invalid_request', file_upload_error: 'invalid_request'
  },
  sources: [
    { title: 'gigstack API v2', url: 'https://docs.gigstack.io/', read_on: '2026-11-21' },
    { title: 'gigstack CLI: routes, parameters, concepts', url: 'https://github.com/disruptive-learning/gigstack-cli', read_on: '2026-11-21' },
    { title: 'Error codes and webhook events, as collected from the documentation', url: 'https://github.com/api-evangelist/gigstack', read_on: '2026-11-21' }
  ]
}
