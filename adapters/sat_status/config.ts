import type { Manifest } from '../../core/adapter/index.ts'

export const manifest: Manifest = {
  id: 'sat_status',
  name: 'SAT: consulta de CFDI',
  families: ['register'],
  experimental: false,
  countries: ['MX'],
  currencies: [],
  methods: [],
  modes: ['test', 'live'],
  // There is one register, for true documents. What a PAC's sandbox stamps is never in it.
  base_urls: { test: { api: 'https://consultaqr.facturaelectronica.sat.gob.mx' }, live: { api: 'https://consultaqr.facturaelectronica.sat.gob.mx' } },
  credentials: { properties: {}, required: [] },
  settings: { properties: {} },
  setup_steps: [{ es: 'El servicio del SAT es público: no pide credenciales.', en: 'The SAT’s service is public: it asks for no credentials.' }],
  webhooks: null,
  // Nothing is published. It is a public service of a tax office: it is asked gently.
  rate_limits: { test: 5, live: 5 },
  timeouts_ms: { default: 15_000 },
  retry_safety: {},
  idempotency_window_ms: 0,
  settles_within_ms: 0,
  amounts: {},
  errors: {},
  sources: [
    { title: 'phpcfdi/sat-estado-cfdi: the service, its request and its answers', url: 'https://github.com/phpcfdi/sat-estado-cfdi', read_on: '2026-11-20' },
    { title: 'phpcfdi/cfdi-expresiones: the expresión impresa', url: 'https://github.com/phpcfdi/cfdi-expresiones', read_on: '2026-11-20' }
  ]
}
