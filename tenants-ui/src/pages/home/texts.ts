import { texts } from '../../i18n/texts.ts'

export const home = texts({
  es: {
    title: (name: string) => `Hola, ${name}`,
    leadTenant: 'Así está su organización en este modo.',
    leadPlatform: 'Las organizaciones que se sirven de esta instalación.',
    startTitle: 'Para empezar',
    startLead: 'Tres pasos, y cada uno se prueba solo.',
    connectTitle: 'Conecte su cuenta de cobro',
    connectText: 'Pegue sus claves: las probamos, registramos los avisos y hacemos un cobro de prueba.',
    certificateTitle: 'Suba su certificado',
    certificateText: 'El .cer y el .key, o el .p12. Se revisa antes de guardarlo.',
    pacTitle: 'Conecte quien timbra',
    pacText: 'Su PAC, el SRI o FACe, con un timbre de prueba.',
    begin: 'Empezar',
    open: 'Ver',
    connections: 'Conexiones',
    needsAttention: 'Piden atención',
    allWell: 'Todo funciona.',
    none: 'Ninguna todavía.',
    certificates: 'Certificados',
    tenantsTitle: 'Organizaciones',
    newTenant: 'Nueva organización'
  },
  en: {
    title: name => `Hello, ${name}`,
    leadTenant: 'This is how your organisation stands in this mode.',
    leadPlatform: 'The tenants that this installation serves.',
    startTitle: 'To begin',
    startLead: 'Three steps, and each one proves itself.',
    connectTitle: 'Connect your payment account',
    connectText: 'Paste your keys: we test them, register the webhooks and take a test payment.',
    certificateTitle: 'Upload your certificate',
    certificateText: 'The .cer and the .key, or the .p12. It is checked before it is kept.',
    pacTitle: 'Connect who stamps',
    pacText: 'Your PAC, the SRI or FACe, with a test stamp.',
    begin: 'Begin',
    open: 'Open',
    connections: 'Connections',
    needsAttention: 'Need attention',
    allWell: 'Everything works.',
    none: 'None yet.',
    certificates: 'Certificates',
    tenantsTitle: 'Tenants',
    newTenant: 'New tenant'
  }
})
