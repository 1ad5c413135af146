import { texts } from '../i18n/texts.ts'

/** Names of the places in the menu. */
export const menu = texts({
  es: {
    home: 'Inicio',
    connections: 'Conexiones',
    certificates: 'Certificados',
    tenants: 'Organizaciones'
  },
  en: {
    home: 'Home',
    connections: 'Connections',
    certificates: 'Certificates',
    tenants: 'Tenants'
  }
})
