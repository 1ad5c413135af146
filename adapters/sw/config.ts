import { cancellationErrors, type Manifest } from '../../core/adapter/index.ts'

const portal = { es: 'Portal de SW sapien → Mi cuenta. Pruebas: https://portal.test.sw.com.mx', en: 'SW sapien portal → My account. Test: https://portal.test.sw.com.mx' }

export const manifest: Manifest = {
  id: 'sw',
  name: 'SW sapien',
  families: ['invoicing'],
  experimental: false,
  countries: ['MX'],
  currencies: [],
  methods: [],
  modes: ['test', 'live'],
  base_urls: {
    test: { api: 'https://services.test.sw.com.mx', storage: 'https://api.test.sw.com.mx' },
    live: { api: 'https://services.sw.com.mx', storage: 'https://api.sw.com.mx' }
  },
  credentials: {
    properties: {
      token: { type: 'string', title: { es: 'Token infinito', en: 'Infinite token' }, help: { es: 'Lo recomendable: una sola petición por timbre. Deje vacíos usuario y contraseña.', en: 'Recommended: one request for each stamp. Leave user and password empty.' }, where: portal, pattern: '^[A-Za-z0-9+/=_-]{8,2000}\\.[A-Za-z0-9+/=_-]{8,2000}\\.[A-Za-z0-9+/=_-]{8,2000}$', maxLength: 4000, secret: true, kind: 'text' },
      user: { type: 'string', title: { es: 'Usuario', en: 'User' }, help: { es: 'El correo de la cuenta de SW, si no usa un token.', en: 'The e-mail of the SW account, when no token is used.' }, where: portal, pattern: '^[^\\s<>&"]{3,200}$', maxLength: 200, placeholder: 'usuario@empresa.mx', secret: false, kind: 'text' },
      password: { type: 'string', title: { es: 'Contraseña', en: 'Password' }, help: { es: 'La de la cuenta, del mismo ambiente (pruebas o real).', en: 'That of the account, of the same environment (test or live).' }, where: portal, pattern: '^[^\\s]{6,100}$', maxLength: 100, secret: true, kind: 'text' }
    },
    required: []
  },
  settings: {
    properties: {
      custom_id: { type: 'string', enum: ['number', 'document'], default: 'number', description: { es: 'El customid con que SW reconoce un duplicado: el número de la factura (emisor, serie y folio), o el documento exacto.', en: 'The customid by which SW recognises a duplicate: the invoice’s number (issuer, series and number), or the very document.' } }
    }
  },
  setup_steps: [
    { es: 'Use la cuenta de pruebas de SW para pruebas y la real para producción: tienen usuarios y tokens distintos.', en: 'Use SW’s test account for tests and the live one for production: they have different users and tokens.' },
    { es: 'El RFC emisor debe haber firmado el manifiesto de SW (AU2003 dice que falta).', en: 'The issuing RFC must have signed SW’s manifest (AU2003 says that it is missing).' },
    { es: 'Suba aquí su CSD: Pasarela sella, SW solo timbra.', en: 'Upload your CSD here: Pasarela seals, SW only stamps.' }
  ],
  webhooks: null,
  rate_limits: { test: 5, live: 20 },
  timeouts_ms: { default: 30_000, issue: 60_000, cancel_document: 60_000 },
  // A document that bears the same seal is answered with 307 and the first timbre; another one of the same customid with CFDI3307
  // (72 h); a cancellation asked for twice with 202.
  retry_safety: { issue: 'natural-key', cancel_document: 'natural-key' },
  idempotency_window_ms: 0,
  // How long the storage lags behind the stamp is not published: what is not there after this long was not stamped.
  settles_within_ms: 10 * 60_000,
  amounts: {},
  errors: {
    ...cancellationErrors,
    AU2000: 'invalid_credentials',
    AU2001: 'limit_exceeded',
    AU2002: 'permission_denied',
    AU2003: 'permission_denied',
    AU2004: 'permission_denied',
    AU2005: 'provider_unavailable',
    AU1000: 'provider_unavailable',
    CFDI3307: 'duplicate',
    CO1000: 'unknown'
  },
  sources: [
    { title: 'SW: PHP SDK (paths, bodies, answers)', url: 'https://github.com/lunasoft/sw-sdk-php', read_on: '2026-11-21' },
    { title: 'SW: Node SDK', url: 'https://github.com/lunasoft/sw-sdk-nodejs', read_on: '2026-11-21' },
    { title: 'SW: Timbrado V4, CustomID', url: 'https://developers.sw.com.mx/knowledge-base/timbradov4-customid', read_on: '2026-11-21' },
    { title: 'SW: list of error codes', url: 'https://developers.sw.com.mx/knowledge-base/listado-de-codigos-de-errores/', read_on: '2026-11-21' }
  ]
}
