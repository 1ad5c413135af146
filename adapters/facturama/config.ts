import type { Manifest } from '../../core/adapter/index.ts'

const panel = { es: 'Facturama → Configuración → API. Pruebas: https://dev.facturama.mx', en: 'Facturama → Settings → API. Tests: https://dev.facturama.mx' }

export const manifest: Manifest = {
  id: 'facturama',
  name: 'Facturama',
  families: ['invoicing'],
  experimental: false,
  countries: ['MX'],
  currencies: [],
  methods: [],
  modes: ['test', 'live'],
  base_urls: { test: { api: 'https://apisandbox.facturama.mx' }, live: { api: 'https://api.facturama.mx' } },
  credentials: {
    properties: {
      username: { type: 'string', title: { es: 'Usuario', en: 'User' }, help: { es: 'El usuario de la cuenta con acceso a la API.', en: 'The user of the account that has access to the API.' }, where: panel, pattern: '^[^\\s:<>]{2,100}$', maxLength: 100, placeholder: 'mi_empresa', secret: false, kind: 'text' },
      password: { type: 'string', title: { es: 'Contraseña', en: 'Password' }, help: { es: 'La de ese usuario, del mismo ambiente.', en: 'That user’s, of the same environment.' }, where: panel, pattern: '^[^\\s]{6,100}$', maxLength: 100, secret: true, kind: 'text' }
    },
    required: ['username', 'password']
  },
  settings: {
    properties: {
      api: {
        type: 'string', enum: ['multi', 'web'], default: 'multi',
        description: { es: 'API contratada: multi (varios emisores) o web (el único emisor de la cuenta).', en: 'The API that was bought: multi (several issuers) or web (the one issuer of the account).' }
      },
      send_date: {
        type: 'boolean', default: true,
        description: { es: 'Enviar la fecha de emisión; si no, Facturama pone la suya.', en: 'Send the date of issue; otherwise Facturama puts its own.' }
      },
      ask_sat: {
        type: 'boolean', default: true,
        description: { es: 'Cuando Facturama dice «cancelado», confirmarlo ante el SAT a través de Facturama (cada consulta consume un folio). Apáguelo si tiene la conexión gratuita sat_status.', en: 'When Facturama says “canceled”, confirm it with the SAT through Facturama (each question costs a stamp). Turn it off when you have the free connection sat_status.' }
      }
    }
  },
  setup_steps: [
    { es: 'Cree una cuenta de Facturama con acceso a la API (pruebas y producción son cuentas distintas).', en: 'Open a Facturama account with access to the API (tests and live are different accounts).' },
    { es: 'Suba aquí su CSD y acepte entregarlo a Facturama: Facturama sella por usted.', en: 'Upload your CSD here and agree to hand it to Facturama: Facturama seals for you.' }
  ],
  webhooks: null,
  rate_limits: { test: 5, live: 10 },
  timeouts_ms: { default: 30_000, issue: 60_000, cancel_document: 60_000 },
  // No key, and no refusal of a second document of the same series and folio is documented: it is searched before anything is repeated.
  retry_safety: { issue: 'query-first', cancel_document: 'query-first', upload_certificate: 'natural-key' },
  idempotency_window_ms: 0,
  settles_within_ms: 90_000,
  amounts: {},
  errors: { no_folios: 'limit_exceeded', no_csd: 'permission_denied' },
  sources: [
    { title: 'Facturama .NET SDK: routes, models, errors', url: 'https://github.com/Facturama/facturama-dotnet-sdk', read_on: '2026-11-21' },
    { title: 'Facturama Postman collection: bodies of every kind of CFDI', url: 'https://github.com/Facturama/facturama-postman-sdk', read_on: '2026-11-21' },
    { title: 'Facturama API reference: cancellation', url: 'https://apisandbox.facturama.mx/docs/api/DELETE-cfdi-id_type_motive_uuidReplacement', read_on: '2026-11-21' },
    { title: 'python-satcfdi: recorded requests', url: 'https://github.com/SAT-CFDI/python-satcfdi', read_on: '2026-11-20' }
  ]
}
