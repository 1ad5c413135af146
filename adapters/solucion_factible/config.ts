import { cancellationErrors, type Manifest } from '../../core/adapter/index.ts'

const panel = { es: 'Panel de timbrado de Solución Factible → Usuarios. Pruebas: https://testing.solucionfactible.com', en: 'Solución Factible stamping panel → Users. Test: https://testing.solucionfactible.com' }

export const manifest: Manifest = {
  id: 'solucion_factible',
  name: 'Solución Factible',
  families: ['invoicing'],
  // Its pages tell the calls; what a repetition answers, and how a document is asked for afterwards, nobody has written down.
  experimental: true,
  countries: ['MX'],
  currencies: [],
  methods: [],
  modes: ['test', 'live'],
  base_urls: { test: { api: 'https://testing.solucionfactible.com' }, live: { api: 'https://solucionfactible.com' } },
  credentials: {
    properties: {
      usuario: { type: 'string', title: { es: 'Usuario', en: 'User' }, help: { es: 'El del servicio web de timbrado.', en: 'That of the stamping web service.' }, where: panel, pattern: '^[^\\s<>&]{3,200}$', maxLength: 200, placeholder: 'usuario@empresa.mx', secret: false, kind: 'text' },
      password: { type: 'string', title: { es: 'Contraseña', en: 'Password' }, help: { es: 'La de ese usuario, del mismo ambiente (pruebas o real).', en: 'That of this user, of the same environment (test or live).' }, where: panel, pattern: '^[^\\s]{6,100}$', maxLength: 100, secret: true, kind: 'text' },
      rfc: { type: 'string', title: { es: 'RFC del emisor', en: 'Issuer’s RFC' }, help: { es: 'El de la cuenta: con él se consultan los timbres.', en: 'That of the account: the stamps are counted by it.' }, where: panel, pattern: '^[A-ZÑ&]{3,4}[0-9]{6}[A-Z0-9]{3}$', maxLength: 13, placeholder: 'EKU9003173C9', secret: false, kind: 'text' }
    },
    required: ['usuario', 'password', 'rfc']
  },
  settings: {
    properties: {
      utilities_namespace: { type: 'string', default: 'http://utilerias.ws.cfdi.solucionfactible.com', pattern: '^https?://[a-z0-9.-]{1,100}(/[a-z0-9./-]{0,100})?$', description: { es: 'Espacio de nombres del servicio Utilerias (el WSDL lo dice), con que se consultan los timbres.', en: 'Namespace of the Utilerias service (its WSDL says it), by which the stamps are counted.' } }
    }
  },
  setup_steps: [
    { es: 'Experimental: pruébelo primero en el ambiente de pruebas de Solución Factible.', en: 'Experimental: try it first in Solución Factible’s test environment.' },
    { es: 'Suba aquí su CSD: Pasarela sella y firma las cancelaciones, la llave no sale.', en: 'Upload your CSD here: Pasarela seals and signs the cancellations, the key does not leave.' },
    { es: 'Conecte también el servicio del SAT: este PAC no dice qué fue de una cancelación.', en: 'Connect the SAT’s service too: this PAC does not tell what became of a cancellation.' }
  ],
  webhooks: null,
  rate_limits: { test: 5, live: 10 },
  timeouts_ms: { default: 30_000, issue: 60_000, cancel_document: 60_000 },
  // "Already stamped" (307), and 202 of a cancellation that was asked for before.
  retry_safety: { issue: 'natural-key', cancel_document: 'natural-key' },
  idempotency_window_ms: 0,
  settles_within_ms: 10 * 60_000,
  amounts: {},
  errors: {
    ...cancellationErrors,
    500: 'unknown',
    501: 'unknown',
    502: 'unknown',
    503: 'unknown',
    601: 'invalid_credentials',
    602: 'permission_denied',
    603: 'invalid_credentials',
    604: 'permission_denied',
    605: 'permission_denied',
    630: 'limit_exceeded',
    631: 'limit_exceeded',
    632: 'limit_exceeded'
  },
  sources: [
    { title: 'Solución Factible: Timbrado.timbrar', url: 'https://solucionfactible.com/sfic/capitulos/timbrado/ws-timbrado-timbrar-en.jsp', read_on: '2026-11-21' },
    { title: 'Solución Factible: Timbrado.enviarSolicitudCancelacion', url: 'https://solucionfactible.com/sfic/capitulos/timbrado/ws-timbrado-enviarSolicitudCancelacion-en.jsp', read_on: '2026-11-21' },
    { title: 'Solución Factible: Utilerias.getTimbres', url: 'https://solucionfactible.com/sfic/capitulos/timbrado/ws-utilerias-metodos/ws-utilerias-getTimbres_en.jsp', read_on: '2026-11-21' }
  ]
}
