import type { Manifest } from '../../core/adapter/index.ts'

const readOn = '2026-11-21'

export const manifest: Manifest = {
  id: 'bank_transfer',
  name: 'Transferencia bancaria',
  families: ['payments'],
  experimental: false,
  countries: ['MX', 'ES', 'EC', 'CO', 'PE', 'CL', 'AR', 'BR', 'UY', 'PY', 'BO', 'CR', 'GT', 'HN', 'NI', 'SV', 'PA', 'DO', 'PT', 'FR', 'DE', 'IT', 'NL', 'BE', 'AT', 'IE', 'GB', 'CH', 'US'],
  // What an account can be opened in there; each payment still needs an account of the tenant's in its currency.
  currencies: ['MXN', 'USD', 'EUR', 'COP', 'PEN', 'CLP', 'ARS', 'BRL', 'UYU', 'PYG', 'BOB', 'CRC', 'GTQ', 'HNL', 'NIO', 'DOP', 'GBP', 'CHF'],
  methods: [{ type: 'bank_transfer' }],
  modes: ['test', 'live'],
  base_urls: { test: {}, live: {} },
  own_bank: true,
  credentials: { properties: {}, required: [] },
  settings: {
    properties: {
      bank_account: {
        type: 'string',
        description: { es: 'La cuenta que recibe (ban_…). Vacío: la principal de la moneda de cada pago.', en: 'The account that receives (ban_…). Empty: the primary one of each payment’s currency.' },
        default: '',
        pattern: '^(ban_[0-9a-f]{32})?$'
      },
      expiry_days: {
        type: 'integer',
        description: { es: 'Días que tiene el pagador cuando el pago no dice otra cosa; vence a las 23:59:59 del lugar de la cuenta.', en: 'Days that the payer has when the payment does not say; it ends at 23:59:59 where the account is.' },
        default: 3,
        minimum: 0,
        maximum: 365
      },
      statement_days: {
        type: 'integer',
        description: { es: 'Días después del vencimiento en que un estado de cuenta aún puede traer una transferencia hecha a tiempo; hasta entonces el pago no expira.', en: 'Days after the deadline in which a statement may still bring a transfer that was made in time; until then the payment does not expire.' },
        default: 3,
        minimum: 0,
        maximum: 60
      }
    }
  },
  setup_steps: [
    { es: 'Registre su cuenta en Ajustes → Cuentas bancarias (por API, /v1/bank_accounts): CLABE o IBAN, y el beneficiario como debe escribirlo el pagador.', en: 'Register your account in Settings → Bank accounts (by API, /v1/bank_accounts): CLABE or IBAN, and the beneficiary as the payer has to write it.' },
    { es: 'Cree la conexión sin credenciales y pruébela: dice qué cuentas reciben.', en: 'Make the connection without credentials and test it: it says which accounts receive.' },
    { es: 'Importe sus estados de cuenta en /v1/bank_statements (CSV de su banco o CAMT.053): lo que coincide queda pagado, lo demás lo revisa una persona.', en: 'Import your statements at /v1/bank_statements (your bank’s CSV, or CAMT.053): what matches is paid, the rest a person looks at.' }
  ],
  webhooks: null,
  // Nobody is asked over a network.
  rate_limits: { test: 1000, live: 1000 },
  timeouts_ms: { default: 15_000 },
  // The book knows a payment and its attempt again.
  retry_safety: { create_payment: 'natural-key', cancel: 'natural-key' },
  idempotency_window_ms: 0,
  // Longer than any statement of the database may run.
  settles_within_ms: 60_000,
  amounts: {},
  errors: {},
  sources: [
    { title: 'Banxico: Circular 3/2012 (CLABE)', url: 'https://www.banxico.org.mx/marco-normativo/normativa-emitida-por-el-banco-de-mexico/circular-3-2012/', read_on: readOn },
    { title: 'Banxico: SPEI, referencia numérica y clave de rastreo (CEP)', url: 'https://www.banxico.org.mx/cep/', read_on: readOn }
  ]
}
