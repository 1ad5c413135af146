import { texts } from '../i18n/texts.ts'

/** Names of the places in the menu. */
export const menu = texts({
  es: {
    home: 'Inicio',
    dashboard: 'Panel',
    alerts: 'Alertas',
    webhooks: 'Salud de webhooks',
    reports: 'Informes',
    reconciliation: 'Conciliación',
    deliveries: 'Entregas',
    settings: 'Ajustes',
    support: 'Soporte',
    payments: 'Cobros',
    sales: 'Ventas',
    customers: 'Clientes',
    subscriptions: 'Suscripciones',
    invoices: 'Facturas',
    connections: 'Conexiones',
    certificates: 'Certificados',
    tenants: 'Organizaciones'
  },
  en: {
    home: 'Home',
    dashboard: 'Dashboard',
    alerts: 'Alerts',
    webhooks: 'Webhook health',
    reports: 'Reports',
    reconciliation: 'Reconciliation',
    deliveries: 'Deliveries',
    settings: 'Settings',
    support: 'Support',
    payments: 'Payments',
    sales: 'Sales',
    customers: 'Customers',
    subscriptions: 'Subscriptions',
    invoices: 'Invoices',
    connections: 'Connections',
    certificates: 'Certificates',
    tenants: 'Tenants'
  }
})
