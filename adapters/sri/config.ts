import type { Manifest } from '../../core/adapter/index.ts'

export const manifest: Manifest = {
  id: 'sri',
  name: 'SRI (Ecuador)',
  families: ['invoicing'],
  experimental: false,
  countries: ['EC'],
  currencies: [],
  methods: [],
  modes: ['test', 'live'],
  base_urls: { test: { api: 'https://celcer.sri.gob.ec' }, live: { api: 'https://cel.sri.gob.ec' } },
  // The SRI knows its taxpayers by the signature of what they send: there is no account.
  credentials: { properties: {}, required: [] },
  settings: { properties: {} },
  setup_steps: [
    { es: 'En SRI en línea pida la autorización de emisión electrónica, en el ambiente de pruebas y después en el de producción.', en: 'In SRI en línea ask for the authorisation to issue electronically, in the test environment and then in the live one.' },
    { es: 'Suba aquí su firma electrónica (.p12), de una entidad acreditada y vigente.', en: 'Upload your electronic signature (.p12) here, of an accredited authority and valid.' },
    { es: 'Cree el emisor con su dirección matriz, sus establecimientos y puntos de emisión, y una serie por cada clase de comprobante.', en: 'Make the issuer with the address of its head office, its establishments and points of emission, and a series for each kind of comprobante.' }
  ],
  webhooks: null,
  rate_limits: { test: 5, live: 20 },
  timeouts_ms: { default: 30_000, issue: 60_000 },
  // The clave de acceso is in the document: a second one is answered with 43 or 70, whoever sends it.
  retry_safety: { issue: 'natural-key' },
  idempotency_window_ms: 0,
  settles_within_ms: 60_000,
  amounts: {},
  errors: { 50: 'provider_unavailable' },
  sources: [
    { title: 'Ficha Técnica Comprobantes Electrónicos, esquema offline, v2.34 (2026-07-27)', url: 'https://www.sri.gob.ec/facturacion-electronica', read_on: '2026-11-20' },
    { title: 'WSDL of RecepcionComprobantesOffline', url: 'https://celcer.sri.gob.ec/comprobantes-electronicos-ws/RecepcionComprobantesOffline?wsdl', read_on: '2026-11-20' },
    { title: 'WSDL of AutorizacionComprobantesOffline', url: 'https://celcer.sri.gob.ec/comprobantes-electronicos-ws/AutorizacionComprobantesOffline?wsdl', read_on: '2026-11-20' }
  ]
}
