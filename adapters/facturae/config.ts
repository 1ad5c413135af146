import type { Manifest } from '../../core/adapter/index.ts'

const portal = { es: 'https://integradores.face.gob.es (pruebas: https://se-integradores-face.redsara.es) → Certificados', en: 'https://integradores.face.gob.es (tests: https://se-integradores-face.redsara.es) → Certificates' }

export const manifest: Manifest = {
  id: 'facturae',
  name: 'Facturae (FACe)',
  families: ['invoicing'],
  experimental: false,
  countries: ['ES'],
  currencies: [],
  methods: [],
  modes: ['test', 'live'],
  base_urls: { test: { api: 'https://se-api-face.redsara.es' }, live: { api: 'https://api.face.gob.es' } },
  credentials: {
    properties: {
      integrator_pem: {
        type: 'string',
        title: { es: 'Certificado de integrador', en: 'Integrator certificate' },
        help: { es: 'Solo si usted mismo está dado de alta como integrador en FACe: un PEM con certificado y llave privada (por la API, en Base64 y en una línea). Si no, se envía con el de quien opera este servicio; las facturas las firma siempre su propio certificado.', en: 'Only if you are registered as an integrator at FACe yourself: a PEM with certificate and private key (by the API: in Base64, on one line). Otherwise the operator’s is used; your own certificate always signs the invoices.' },
        where: portal,
        pattern: '^[A-Za-z0-9+/=]{1000,20000}$',
        maxLength: 20_000,
        secret: true,
        kind: 'text'
      }
    },
    required: []
  },
  settings: {
    properties: {
      email: { type: 'string', description: { es: 'Correo al que FACe avisa de los cambios de estado.', en: 'Address that FACe tells of changes of state.' }, default: '', pattern: '^(?:[^\\s@]{1,64}@[^\\s@]{1,180})?$' }
    }
  },
  setup_steps: [
    { es: 'Suba el certificado (.p12) con el que firma sus facturas, con su cadena: FACe rechaza firmas sin ella.', en: 'Upload the certificate (.p12) that signs your invoices, with its chain: FACe refuses signatures without it.' },
    { es: 'En cada cliente público indique sus tres códigos DIR3 (customer.es.dir3): así la factura va a FACe. Las demás se firman y se entregan por correo o descarga.', en: 'Give each public customer its three DIR3 codes (customer.es.dir3): then the invoice goes to FACe. All others are signed and delivered by mail or download.' }
  ],
  webhooks: null,
  // Nothing is published.
  rate_limits: { test: 2, live: 5 },
  timeouts_ms: { default: 20_000, issue: 60_000 },
  // FACe cannot be asked by number, and whether it refuses each repetition is not proven: a person decides. See QUIRKS.md.
  retry_safety: { issue: 'never', cancel_document: 'query-first' },
  idempotency_window_ms: 0,
  settles_within_ms: 60_000,
  amounts: {},
  errors: { 401: 'invalid_credentials', 403: 'permission_denied', 404: 'not_found', 429: 'rate_limited' },
  sources: [
    { title: 'FACe: manual de la API REST de proveedores v2.0.0 (2025-11-19)', url: 'https://face.gob.es/es/documentacion', read_on: '2026-11-20' },
    { title: 'Orden HAP/1650/2015: states and checks of the general entry point', url: 'https://www.boe.es/buscar/act.php?id=BOE-A-2015-8788', read_on: '2026-11-20' },
    { title: 'OCA/l10n-spain: l10n_es_facturae_face, states as they come', url: 'https://github.com/OCA/l10n-spain', read_on: '2026-11-21' }
  ]
}
