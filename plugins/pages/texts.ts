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
      login: 'Sign in',
      loginHelp: 'with e-mail and password'
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
      login: 'Entrar',
      loginHelp: 'con correo y contraseña'
    }
  },
  login: {
    en: {
      title: 'Sign in',
      email: 'E-mail',
      password: 'Password',
      tenant: 'Organisation',
      submit: 'Sign in',
      choose: 'This e-mail opens several organisations: choose one.',
      needsScript: 'Signing in needs JavaScript.',
      unreachable: 'The server cannot be reached. Check your connection and try again.',
      unexpected: 'The server gave no answer that can be shown. Try again in a moment.'
    },
    es: {
      title: 'Entrar',
      email: 'Correo electrónico',
      password: 'Contraseña',
      tenant: 'Organización',
      submit: 'Entrar',
      choose: 'Este correo entra en varias organizaciones: elija una.',
      needsScript: 'Para entrar hace falta JavaScript.',
      unreachable: 'No se puede llegar al servidor. Revise su conexión e inténtelo de nuevo.',
      unexpected: 'El servidor no dio una respuesta que se pueda mostrar. Inténtelo de nuevo en un momento.'
    }
  },
  errors: {
    en: { title: 'Error codes', what: 'Every error is application/problem+json (RFC 9457) with one of these in “code”. A code never changes its meaning.' },
    es: { title: 'Códigos de error', what: 'Todo error es application/problem+json (RFC 9457) y lleva uno de estos en «code». Un código nunca cambia de significado.' }
  }
} as const satisfies Record<string, Record<Language, Record<string, string>>>
