import type { Manifest } from '../../core/adapter/index.ts'
import { amounts, currencies } from './amounts.ts'
import { accountField, countries, ways } from './countries.ts'
import { errors } from './errors.ts'
import { events } from './webhooks.ts'

const readOn = '2026-11-21'
const panel = { es: 'Panel de PayU → Configuración → Configuración técnica (https://merchants.payulatam.com).', en: 'PayU panel → Settings → Technical configuration (https://merchants.payulatam.com).' }
const countryNames: Record<string, { es: string, en: string }> = {
  MX: { es: 'México', en: 'Mexico' }, CO: { es: 'Colombia', en: 'Colombia' }, AR: { es: 'Argentina', en: 'Argentina' }, BR: { es: 'Brasil', en: 'Brazil' }, CL: { es: 'Chile', en: 'Chile' }, PA: { es: 'Panamá', en: 'Panama' }, PE: { es: 'Perú', en: 'Peru' }
}
const field = { type: 'string', where: panel, kind: 'text' } as const
const list = '^(?:[A-Z]{2}(?:,[A-Z]{2})*)?$'

const accounts: Manifest['credentials']['properties'] = Object.fromEntries(countries.map(country => [accountField(country), {
  ...field,
  title: { es: `Cuenta de ${countryNames[country]!.es}`, en: `Account of ${countryNames[country]!.en}` },
  help: { es: 'Número de la cuenta (accountId). Sin ella no se cobra en ese país.', en: 'The account’s number (accountId). Without it nothing is charged in that country.' },
  pattern: '^[0-9]{3,12}$',
  maxLength: 12,
  secret: false
}]))

export const manifest: Manifest = {
  id: 'payu',
  name: 'PayU Latam',
  families: ['payments'],
  experimental: false,
  countries: [...countries],
  currencies: [...currencies],
  methods: [{ type: 'card' }, ...Object.entries(ways).map(([type, { country, currency }]) => ({ type, currencies: [currency], countries: [country] }))],
  modes: ['test', 'live'],
  base_urls: {
    test: { api: 'https://sandbox.api.payulatam.com', checkout: 'https://sandbox.checkout.payulatam.com' },
    live: { api: 'https://api.payulatam.com', checkout: 'https://checkout.payulatam.com' }
  },
  credentials: {
    properties: {
      merchant_id: {
        ...field,
        title: { es: 'Número del comercio', en: 'Merchant ID' },
        help: { es: 'merchantId: el mismo en todos los países.', en: 'merchantId: the same in every country.' },
        pattern: '^[0-9]{1,12}$',
        maxLength: 12,
        placeholder: '508029',
        secret: false
      },
      api_login: {
        ...field,
        title: { es: 'API Login', en: 'API login' },
        help: { es: 'De 12 a 32 letras y números.', en: '12 to 32 letters and digits.' },
        pattern: '^[A-Za-z0-9]{12,32}$',
        maxLength: 32,
        secret: true
      },
      api_key: {
        ...field,
        title: { es: 'API Key', en: 'API key' },
        help: { es: 'Firma los cobros y verifica los avisos. La de pruebas y la de producción son otras.', en: 'Signs payments and verifies confirmations. Sandbox and production have different ones.' },
        pattern: '^[A-Za-z0-9]{6,32}$',
        maxLength: 32,
        secret: true
      },
      ...accounts
    },
    required: ['merchant_id', 'api_login', 'api_key']
  },
  settings: {
    properties: {
      confirmation_url: {
        type: 'string',
        description: { es: 'Dirección de avisos que acompaña a cada cobro (notifyUrl); pegue la que muestra Pasarela. Vacía: la que tenga la cuenta en PayU.', en: 'Address of confirmations sent with each payment (notifyUrl); paste the one that Pasarela shows. Empty: the one that the account has at PayU.' },
        default: '',
        pattern: '^(https?://[^\\s]{1,240})?$'
      },
      request_digest: {
        type: 'string',
        description: { es: 'Algoritmo de la firma de los cobros, el que tenga la cuenta.', en: 'Digest that signs payments, as the account has it.' },
        default: 'md5',
        enum: ['md5', 'sha1', 'sha256']
      },
      confirmation_digest: {
        type: 'string',
        description: { es: 'Algoritmo de la firma de los avisos: cualquiera (se nota por su longitud), o solo uno.', en: 'Digest of the confirmations: any (its length tells), or only one.' },
        default: 'any',
        enum: ['any', 'md5', 'sha1', 'sha256']
      },
      test_flag: {
        type: 'boolean',
        description: { es: 'En modo de prueba, enviar test: true. PayU lo separa del servidor de pruebas.', en: 'In test mode, send test: true. PayU keeps it apart from the sandbox host.' },
        default: false
      },
      language: {
        type: 'string',
        description: { es: 'Idioma de los correos y mensajes de PayU.', en: 'Language of PayU’s mails and messages.' },
        default: 'es',
        enum: ['es', 'en']
      },
      usd_country: {
        type: 'string',
        description: { es: 'País en que se cobran los dólares; auto: Panamá, o donde haya cuenta.', en: 'Country in which dollars are charged; auto: Panama, or where there is an account.' },
        default: 'auto',
        enum: ['auto', ...countries]
      },
      two_step_countries: {
        type: 'string',
        description: { es: 'Países en que la cuenta puede reservar y cobrar después. Colombia y Chile, solo si PayU lo activó; Panamá no puede.', en: 'Countries in which the account may hold and capture later. Colombia and Chile only where PayU turned it on; Panama cannot.' },
        default: 'AR,BR,MX,PE',
        pattern: list
      },
      no_void_countries: {
        type: 'string',
        description: { es: 'Países en que una reserva no se puede soltar.', en: 'Countries in which a hold cannot be let go.' },
        default: 'CO',
        pattern: list
      },
      whole_refund_countries: {
        type: 'string',
        description: { es: 'Países que devuelven solo unidades enteras.', en: 'Countries that give back whole units only.' },
        default: 'AR,MX',
        pattern: list
      },
      refunds_are_listed: {
        type: 'boolean',
        description: {
          es: 'La consulta de la orden muestra el reembolso desde que se pide. Falso: si se pierde la respuesta de un reembolso, lo decide una persona; nunca se repite solo.',
          en: 'An order’s query shows a refund from the moment it is asked for. False: where the answer to a refund is lost a person decides; it is never repeated by itself.'
        },
        default: false
      },
      without_cvv: {
        type: 'boolean',
        description: { es: 'Cobrar tarjetas guardadas sin código de seguridad (processWithoutCvv2); PayU lo activa por contrato.', en: 'Charge kept cards without a security code (processWithoutCvv2); PayU turns it on by contract.' },
        default: false
      },
      nequi_method: {
        type: 'string',
        description: { es: 'Nombre con que PayU conoce a Nequi en esta cuenta.', en: 'The name by which PayU knows Nequi on this account.' },
        default: 'NEQUI',
        enum: ['NEQUI', 'BANK_REFERENCED']
      }
    }
  },
  setup_steps: [
    { es: 'Abra el panel de PayU (el de sandbox o el de producción).', en: 'Open the PayU panel (the sandbox’s or the production one).' },
    { es: 'En Configuración técnica, copie el número del comercio, el API Login y la API Key; en Cuentas, el número de la cuenta de cada país.', en: 'In Technical configuration copy the merchant ID, the API login and the API key; in Accounts, the account number of each country.' },
    { es: 'Péguelos aquí: Pasarela los prueba.', en: 'Paste them here: Pasarela tests them.' }
  ],
  webhooks: {
    events,
    secret: 'api_key',
    signs: 'partial',
    answer_within_ms: 10_000,
    manual_steps: [
      { es: 'En Configuración técnica, ponga como URL de confirmación la dirección que muestra Pasarela.', en: 'In Technical configuration, set the confirmation URL to the address that Pasarela shows.' },
      { es: 'O péguela en el ajuste confirmation_url: irá con cada cobro.', en: 'Or paste it into the setting confirmation_url: it will go with each payment.' }
    ]
  },
  // Not published: what a small account is surely granted.
  rate_limits: { test: 5, live: 10 },
  // "Mean answer 3 s, max 60 s" (facts section 4.1).
  timeouts_ms: { default: 65_000, test: 20_000, get_payment: 30_000, find_payment: 30_000, get_refund: 30_000, find_refund: 30_000, get_checkout: 30_000 },
  retry_safety: {
    create_payment: 'query-first',
    capture: 'query-first',
    cancel: 'query-first',
    refund: 'query-first',
    // Nothing is sent: a form that we sign, and the same again is the same.
    create_checkout: 'natural-key'
  },
  idempotency_window_ms: 0,
  settles_within_ms: 120_000,
  amounts,
  errors,
  sources: [
    { title: 'Payments API', url: 'https://developers.payulatam.com/latam/en/docs/integrations/api-integration.html', read_on: readOn },
    { title: 'Voids and refunds', url: 'https://developers.payulatam.com/latam/en/docs/integrations/api-integration/refunds-api.html', read_on: readOn },
    { title: 'Payment flows by country', url: 'https://developers.payulatam.com/latam/en/docs/services/payments.html', read_on: readOn },
    { title: 'Confirmation page', url: 'https://developers.payulatam.com/latam/en/docs/integrations/webcheckout-integration/confirmation-page.html', read_on: readOn }
  ]
}
