import type { Language } from '../language.ts'

/** The words of the pages, by their placeholder in the HTML. */
export const texts = {
  home: {
    en: {
      title: 'Payments and invoices through one API',
      what: 'Pasarela is a hub: each tenant takes payments with its own provider account and issues invoices with its own certificate, whatever the provider behind it.',
      links: 'Where to go',
      docs: 'API reference',
      docsHelp: 'every call, with its fields',
      openapiHelp: 'the same for machines (OpenAPI 3.1)',
      errors: 'Error codes',
      errorsHelp: 'what each one means',
      queues: 'Queues',
      queuesHelp: 'background work, for support and administrators',
      notBuilt: 'The console is not built here: `npm run build -w tenants-ui` builds it.'
    },
    es: {
      title: 'Pagos y facturas con una sola API',
      what: 'Pasarela es un concentrador: cada organización cobra con su propia cuenta del proveedor y factura con su propio certificado, sea cual sea el proveedor que está detrás.',
      links: 'Adónde ir',
      docs: 'Referencia de la API',
      docsHelp: 'cada llamada, con sus campos',
      openapiHelp: 'lo mismo para máquinas (OpenAPI 3.1)',
      errors: 'Códigos de error',
      errorsHelp: 'qué significa cada uno',
      queues: 'Colas',
      queuesHelp: 'trabajo en segundo plano, para soporte y administradores',
      notBuilt: 'La consola no está construida aquí: `npm run build -w tenants-ui` la construye.'
    }
  },
  errors: {
    en: { title: 'Error codes', what: 'Every error is application/problem+json (RFC 9457) with one of these in “code”. A code never changes its meaning.' },
    es: { title: 'Códigos de error', what: 'Todo error es application/problem+json (RFC 9457) y lleva uno de estos en «code». Un código nunca cambia de significado.' }
  }
} as const satisfies Record<string, Record<Language, Record<string, string>>>
