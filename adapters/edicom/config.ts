import { cancellationErrors, type Manifest } from '../../core/adapter/index.ts'

const support = { es: 'Lo entrega EDICOM al contratar el servicio CFDi.', en: 'EDICOM hands it over with the CFDi service.' }

export const manifest: Manifest = {
  id: 'edicom',
  name: 'EDICOM',
  families: ['invoicing'],
  // Its calls are known from a user's guide and from clients' code; its codes, and what getUUID says of an unknown document, are not.
  experimental: true,
  countries: ['MX'],
  currencies: [],
  methods: [],
  modes: ['test', 'live'],
  // One host: the test environment is other operations (getCfdiTest) or a flag.
  base_urls: { test: { api: 'https://cfdiws.sedeb2b.com' }, live: { api: 'https://cfdiws.sedeb2b.com' } },
  credentials: {
    properties: {
      user: { type: 'string', title: { es: 'Usuario', en: 'User' }, help: { es: 'El del servicio web CFDi.', en: 'That of the CFDi web service.' }, where: support, pattern: '^[^\\s<>&]{3,100}$', maxLength: 100, secret: false, kind: 'text' },
      password: { type: 'string', title: { es: 'Contraseña', en: 'Password' }, help: { es: 'La del servicio web CFDi.', en: 'That of the CFDi web service.' }, where: support, pattern: '^[^\\s]{6,100}$', maxLength: 100, secret: true, kind: 'text' },
      rfc: { type: 'string', title: { es: 'RFC del emisor', en: 'Issuer’s RFC' }, help: { es: 'EDICOM entrega los documentos por RFC y UUID.', en: 'EDICOM hands out documents by RFC and UUID.' }, where: support, pattern: '^[A-ZÑ&]{3,4}[0-9]{6}[A-Z0-9]{3}$', maxLength: 13, placeholder: 'EKU9003173C9', secret: false, kind: 'text' }
    },
    required: ['user', 'password', 'rfc']
  },
  settings: {
    properties: {
      not_stamped_code: { type: 'string', default: '', pattern: '^[A-Za-z0-9_.-]{0,20}$', description: { es: 'Código con que getUUID dice que un documento no está timbrado. Vacío: no se sabe, y nada se repite solo.', en: 'Code with which getUUID says that a document is not stamped. Empty: nobody knows, and nothing is repeated by itself.' } }
    }
  },
  setup_steps: [
    { es: 'Experimental: pruébelo primero en modo de prueba (EDICOM timbra con getCfdiTest).', en: 'Experimental: try it first in test mode (EDICOM stamps with getCfdiTest).' },
    { es: 'Suba aquí su CSD: Pasarela sella y firma las cancelaciones, la llave no sale.', en: 'Upload your CSD here: Pasarela seals and signs the cancellations, the key does not leave.' }
  ],
  webhooks: null,
  rate_limits: { test: 5, live: 10 },
  timeouts_ms: { default: 30_000, issue: 60_000, cancel_document: 60_000 },
  retry_safety: { issue: 'query-first', cancel_document: 'query-first' },
  idempotency_window_ms: 0,
  settles_within_ms: 10 * 60_000,
  amounts: {},
  errors: { ...cancellationErrors },
  sources: [
    { title: 'EDICOM CFDi web service, user’s guide 1.12 (transcription)', url: 'https://es.scribd.com/document/616639532/WSCFDi-Guia-de-usuario', read_on: '2026-11-21' },
    { title: 'A client’s proxy of the WSDL (Sistrategia)', url: 'https://github.com/Sistrategia/SistrategiaCFDi', read_on: '2026-11-20' }
  ]
}
