import type { Manifest } from '../../core/adapter/index.ts'

const panel = { es: 'Panel de Finkok → Mi cuenta. Demo: https://demo-facturacion.finkok.com', en: 'Finkok panel → My account. Demo: https://demo-facturacion.finkok.com' }

export const manifest: Manifest = {
  id: 'finkok',
  name: 'Finkok',
  families: ['invoicing'],
  experimental: false,
  countries: ['MX'],
  currencies: [],
  methods: [],
  modes: ['test', 'live'],
  base_urls: { test: { api: 'https://demo-facturacion.finkok.com' }, live: { api: 'https://facturacion.finkok.com' } },
  credentials: {
    properties: {
      username: { type: 'string', title: { es: 'Usuario', en: 'User' }, help: { es: 'El correo de la cuenta de Finkok.', en: 'The e-mail of the Finkok account.' }, where: panel, pattern: '^[^\\s@<>&]{1,100}@[^\\s@<>&]{1,100}$', maxLength: 200, placeholder: 'usuario@empresa.mx', secret: false, kind: 'text' },
      password: { type: 'string', title: { es: 'Contraseña', en: 'Password' }, help: { es: 'La de la cuenta, del mismo ambiente (demo o real).', en: 'That of the account, of the same environment (demo or live).' }, where: panel, pattern: '^[^\\s]{6,100}$', maxLength: 100, secret: true, kind: 'text' }
    },
    required: ['username', 'password']
  },
  settings: { properties: {} },
  setup_steps: [
    { es: 'Use la cuenta demo de Finkok para pruebas y la real para producción: tienen usuarios distintos.', en: 'Use Finkok’s demo account for tests and the live one for production: they have different users.' },
    { es: 'Dé de alta su RFC como emisor en el panel de Finkok.', en: 'Add your RFC as an issuer in the Finkok panel.' },
    { es: 'Suba aquí su CSD: Pasarela sella, Finkok solo timbra.', en: 'Upload your CSD here: Pasarela seals, Finkok only stamps.' }
  ],
  webhooks: null,
  rate_limits: { test: 10, live: 20 },
  timeouts_ms: { default: 30_000, issue: 60_000, cancel_document: 60_000 },
  // A document that bears the same seal is answered with 307 and the first timbre; a cancellation asked for twice with 202.
  retry_safety: { issue: 'natural-key', cancel_document: 'natural-key' },
  idempotency_window_ms: 0,
  // `stamped` may say 603 for some seconds after a stamp.
  settles_within_ms: 15_000,
  amounts: {},
  errors: { 300: 'invalid_credentials', 702: 'permission_denied', 703: 'permission_denied', 704: 'limit_exceeded', 708: 'provider_unavailable', 711: 'invalid_request', 718: 'limit_exceeded', 205: 'not_found', 203: 'permission_denied' },
  sources: [
    { title: 'phpcfdi/finkok: commands, results, issues against the real service', url: 'https://github.com/phpcfdi/finkok', read_on: '2026-11-20' },
    { title: 'Finkok wiki', url: 'https://wiki.finkok.com', read_on: '2026-11-20' }
  ]
}
