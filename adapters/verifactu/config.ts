import type { Manifest } from '../../core/adapter/index.ts'

export const manifest: Manifest = {
  id: 'verifactu',
  name: 'VERI*FACTU (AEAT)',
  families: ['records'],
  experimental: false,
  countries: ['ES'],
  currencies: [],
  methods: [],
  modes: ['test', 'live'],
  base_urls: {
    test: { api: 'https://prewww1.aeat.es', seal: 'https://prewww10.aeat.es' },
    live: { api: 'https://www1.agenciatributaria.gob.es', seal: 'https://www10.agenciatributaria.gob.es' }
  },
  credentials: {
    properties: {
      representative_pem: {
        type: 'string',
        title: { es: 'Certificado del representante', en: 'Certificate of the representative' },
        help: { es: 'Solo si otro envía por usted (apoderado o colaborador social): certificado y llave privada en un PEM, y este en Base64 en una línea. Si no, se envía con el certificado de cada emisor.', en: 'Only if somebody else submits for you (apoderado or colaborador social): certificate and private key in one PEM, and that in Base64 on one line. Otherwise each issuer’s own certificate is used.' },
        where: { es: 'El certificado electrónico de quien representa (FNMT u otra autoridad).', en: 'The electronic certificate of the representative (FNMT or another authority).' },
        pattern: '^[A-Za-z0-9+/=]{1000,40000}$',
        maxLength: 40_000,
        secret: true,
        kind: 'text'
      }
    },
    required: []
  },
  settings: {
    properties: {
      representative_name: { type: 'string', description: { es: 'Nombre o razón social del representante, como está en el censo de la AEAT.', en: 'Name of the representative, as the AEAT’s census has it.' }, default: '', pattern: '^[^\\r\\n]{0,120}$' },
      seal_certificate: { type: 'boolean', description: { es: 'El certificado es de sello electrónico: se envía a la dirección para sellos.', en: 'The certificate is an electronic seal: it is sent to the address for seals.' }, default: false }
    }
  },
  setup_steps: [
    { es: 'Suba el certificado (.p12) de cada emisor: con él se identifica el envío ante la AEAT. Quien envía por otros necesita apoderamiento o convenio de colaboración social.', en: 'Upload the certificate (.p12) of each issuer: it is how the sending proves itself to the AEAT. Whoever submits for others needs a power of attorney or an agreement of colaboración social.' },
    { es: 'Active el sistema del emisor con PUT /v1/issuers/{id}/verifactu: desde entonces cada factura lleva su registro encadenado y su QR.', en: 'Switch the issuer’s system on with PUT /v1/issuers/{id}/verifactu: from then on each invoice has its chained record and its QR.' }
  ],
  webhooks: null,
  // Nothing is published but the wait that each answer tells; consultations are not meant for volume.
  rate_limits: { test: 2, live: 5 },
  timeouts_ms: { default: 30_000, submit_records: 120_000 },
  // The AEAT knows an invoice by issuer, number and day, and refuses a second record of it (3000); what it has can be asked for.
  retry_safety: { submit_records: 'query-first' },
  idempotency_window_ms: 0,
  settles_within_ms: 60_000,
  amounts: {},
  errors: { 4112: 'permission_denied', 4104: 'invalid_request', 4134: 'provider_unavailable', 4139: 'provider_unavailable', 4141: 'permission_denied', 3500: 'provider_unavailable', 3501: 'provider_unavailable', 401: 'invalid_credentials', 403: 'permission_denied' },
  sources: [
    { title: 'AEAT: WSDL and schemas of Sistemas Informáticos de Facturación (tikeV1.0)', url: 'https://www.agenciatributaria.es/AEAT.desarrolladores/Desarrolladores/_menu_/Documentacion/Sistemas_Informaticos_de_Facturacion_y_Sistemas_VERI_FACTU/Sistemas_Informaticos_de_Facturacion_y_Sistemas_VERI_FACTU.html', read_on: '2026-11-21' },
    { title: 'AEAT: errores.properties, codes and what each of them refuses (through tables of public repositories that copy it)', url: 'https://prewww2.aeat.es/static_files/common/internet/dep/aplicaciones/es/aeat/tikeV1.0/cont/ws/errores.properties', read_on: '2026-11-21' },
    { title: 'Orden HAC/1177/2024: order, batches and waits of sendings (art. 16)', url: 'https://www.boe.es/buscar/act.php?id=BOE-A-2024-22138', read_on: '2026-11-21' }
  ]
}
