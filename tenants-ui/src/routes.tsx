import { type ComponentType, lazy } from 'react'
import type { common } from './i18n/common.ts'
import type { menu } from './shell/menu.ts'
import type { IconName } from './ui/icons.tsx'

export type LoadedPage = ComponentType & { load: () => Promise<unknown> }

export interface ConsoleRoute {
  /** As wouter reads it: `/connections/:id`. */
  path: string
  page: LoadedPage
  /** Without it the page says that it is not for this user; the server judges all the same. */
  scope?: string
  /** Only at the platform, or only in a tenant; both when absent. */
  at?: 'platform' | 'tenant'
}

export interface Place {
  /** Of the page that it opens, and of all below it. */
  path: string
  text: keyof typeof menu['es']
  icon: IconName
  group: Extract<keyof typeof common['es'], `group${string}`>
  scope?: string
  at?: 'platform' | 'tenant'
}

/** A page that is loaded when it is first opened, or a little before that (`load`). */
const page = (load: () => Promise<{ default: ComponentType }>): LoadedPage => Object.assign(lazy(load), { load })

/** Begins to load the page of an address, before anybody knows who asks for it. */
export function loadPageOf (address: string): void {
  const found = [...openRoutes, ...routes].find(({ path }) => new RegExp(`^${path.replaceAll(/:\w+/g, '[^/]+')}$`).test(address))
  found?.page.load().catch(() => {})
}

/** Every page of the console. A page is loaded when it is first opened. `/…/new` stands before `/…/:id`. */
export const routes: readonly ConsoleRoute[] = [
  { path: '/', page: page(() => import('./pages/home/home.tsx')) },
  { path: '/payments', page: page(() => import('./pages/payments/list.tsx')), scope: 'payments:read', at: 'tenant' },
  { path: '/payments/new', page: page(() => import('./pages/payments/new.tsx')), scope: 'payments:write', at: 'tenant' },
  { path: '/payments/links', page: page(() => import('./pages/payments/links.tsx')), scope: 'payments:read', at: 'tenant' },
  { path: '/payments/links/:id', page: page(() => import('./pages/payments/link.tsx')), scope: 'payments:read', at: 'tenant' },
  { path: '/payments/sessions/:id', page: page(() => import('./pages/payments/session.tsx')), scope: 'payments:read', at: 'tenant' },
  { path: '/payments/:id/card', page: page(() => import('./pages/payments/card.tsx')), scope: 'payments:write', at: 'tenant' },
  { path: '/payments/:id', page: page(() => import('./pages/payments/detail.tsx')), scope: 'payments:read', at: 'tenant' },
  { path: '/sales', page: page(() => import('./pages/sales/list.tsx')), scope: 'payments:read', at: 'tenant' },
  { path: '/sales/new', page: page(() => import('./pages/sales/new.tsx')), scope: 'payments:write', at: 'tenant' },
  { path: '/sales/global', page: page(() => import('./pages/sales/global.tsx')), scope: 'invoices:read', at: 'tenant' },
  { path: '/sales/:id', page: page(() => import('./pages/sales/detail.tsx')), scope: 'payments:read', at: 'tenant' },
  { path: '/customers', page: page(() => import('./pages/customers/list.tsx')), scope: 'customers:read', at: 'tenant' },
  { path: '/customers/new', page: page(() => import('./pages/customers/edit.tsx')), scope: 'customers:write', at: 'tenant' },
  { path: '/customers/:id/edit', page: page(() => import('./pages/customers/edit.tsx')), scope: 'customers:write', at: 'tenant' },
  { path: '/customers/:id', page: page(() => import('./pages/customers/detail.tsx')), scope: 'customers:read', at: 'tenant' },
  { path: '/subscriptions', page: page(() => import('./pages/subscriptions/list.tsx')), scope: 'subscriptions:read', at: 'tenant' },
  { path: '/subscriptions/new', page: page(() => import('./pages/subscriptions/new.tsx')), scope: 'subscriptions:write', at: 'tenant' },
  { path: '/subscriptions/:id', page: page(() => import('./pages/subscriptions/detail.tsx')), scope: 'subscriptions:read', at: 'tenant' },
  { path: '/plans', page: page(() => import('./pages/subscriptions/plans.tsx')), scope: 'subscriptions:read', at: 'tenant' },
  { path: '/invoices', page: page(() => import('./pages/invoices/list.tsx')), scope: 'invoices:read', at: 'tenant' },
  { path: '/invoices/new', page: page(() => import('./pages/invoices/new.tsx')), scope: 'invoices:write', at: 'tenant' },
  { path: '/invoices/:id/edit', page: page(() => import('./pages/invoices/new.tsx')), scope: 'invoices:write', at: 'tenant' },
  { path: '/invoices/:id', page: page(() => import('./pages/invoices/detail.tsx')), scope: 'invoices:read', at: 'tenant' },
  { path: '/connections', page: page(() => import('./pages/connections/list.tsx')), scope: 'connections:read', at: 'tenant' },
  { path: '/connections/new', page: page(() => import('./pages/connections/wizard.tsx')), scope: 'connections:write', at: 'tenant' },
  { path: '/connections/:id/setup', page: page(() => import('./pages/connections/wizard.tsx')), scope: 'connections:write', at: 'tenant' },
  { path: '/connections/:id/credentials', page: page(() => import('./pages/connections/credentials.tsx')), scope: 'connections:write', at: 'tenant' },
  { path: '/connections/:id', page: page(() => import('./pages/connections/detail.tsx')), scope: 'connections:read', at: 'tenant' },
  { path: '/certificates', page: page(() => import('./pages/certificates/list.tsx')), scope: 'certificates:read', at: 'tenant' },
  { path: '/certificates/new', page: page(() => import('./pages/certificates/upload.tsx')), scope: 'certificates:write', at: 'tenant' },
  { path: '/certificates/:id', page: page(() => import('./pages/certificates/detail.tsx')), scope: 'certificates:read', at: 'tenant' },
  { path: '/dashboard', page: page(() => import('./pages/dashboard/dashboard.tsx')), scope: 'reports:read', at: 'tenant' },
  { path: '/alerts', page: page(() => import('./pages/alerts/list.tsx')), scope: 'alerts:read' },
  { path: '/alerts/thresholds', page: page(() => import('./pages/alerts/thresholds.tsx')), scope: 'alerts:read' },
  { path: '/alerts/:id', page: page(() => import('./pages/alerts/detail.tsx')), scope: 'alerts:read' },
  { path: '/webhooks', page: page(() => import('./pages/webhooks/health.tsx')), scope: 'inbound:read', at: 'tenant' },
  { path: '/webhooks/events', page: page(() => import('./pages/webhooks/events.tsx')), scope: 'inbound:read', at: 'tenant' },
  { path: '/webhooks/events/:id', page: page(() => import('./pages/webhooks/event.tsx')), scope: 'inbound:read', at: 'tenant' },
  { path: '/deliveries', page: page(() => import('./pages/deliveries/list.tsx')), scope: 'webhooks:read', at: 'tenant' },
  { path: '/deliveries/endpoints', page: page(() => import('./pages/deliveries/endpoints.tsx')), scope: 'webhooks:read', at: 'tenant' },
  { path: '/deliveries/endpoints/new', page: page(() => import('./pages/deliveries/endpoint-new.tsx')), scope: 'webhooks:write', at: 'tenant' },
  { path: '/deliveries/endpoints/:id', page: page(() => import('./pages/deliveries/endpoint.tsx')), scope: 'webhooks:read', at: 'tenant' },
  { path: '/deliveries/:id', page: page(() => import('./pages/deliveries/detail.tsx')), scope: 'webhooks:read', at: 'tenant' },
  { path: '/reports', page: page(() => import('./pages/reports/transactions.tsx')), scope: 'reports:read', at: 'tenant' },
  { path: '/reports/transactions', page: page(() => import('./pages/reports/transactions.tsx')), scope: 'reports:read', at: 'tenant' },
  { path: '/reports/invoices', page: page(() => import('./pages/reports/invoices.tsx')), scope: 'reports:read', at: 'tenant' },
  { path: '/reports/fees', page: page(() => import('./pages/reports/fees.tsx')), scope: 'reports:read', at: 'tenant' },
  { path: '/reconciliation', page: page(() => import('./pages/reconciliation/list.tsx')), scope: 'payments:read', at: 'tenant' },
  { path: '/reconciliation/rules', page: page(() => import('./pages/reconciliation/rules.tsx')), scope: 'payments:read', at: 'tenant' },
  { path: '/reconciliation/:id', page: page(() => import('./pages/reconciliation/detail.tsx')), scope: 'payments:read', at: 'tenant' },
  { path: '/settings', page: page(() => import('./pages/settings/index.tsx')) },
  { path: '/settings/users', page: page(() => import('./pages/settings/users.tsx')), scope: 'users:read' },
  { path: '/settings/api-keys', page: page(() => import('./pages/settings/api-keys.tsx')), scope: 'api_keys:read' },
  { path: '/settings/api-keys/new', page: page(() => import('./pages/settings/api-key-new.tsx')), scope: 'api_keys:write' },
  { path: '/settings/routing', page: page(() => import('./pages/settings/routing.tsx')), scope: 'connections:read', at: 'tenant' },
  { path: '/settings/series', page: page(() => import('./pages/settings/series.tsx')), scope: 'issuers:read', at: 'tenant' },
  { path: '/settings/bank-accounts', page: page(() => import('./pages/settings/bank-accounts.tsx')), scope: 'connections:read', at: 'tenant' },
  { path: '/settings/notices', page: page(() => import('./pages/settings/notices.tsx')), scope: 'connections:read', at: 'tenant' },
  { path: '/settings/branding', page: page(() => import('./pages/settings/branding.tsx')), scope: 'issuers:read', at: 'tenant' },
  { path: '/settings/audit', page: page(() => import('./pages/settings/audit.tsx')), scope: 'audit:read' },
  { path: '/settings/support-access', page: page(() => import('./pages/settings/support-access.tsx')), scope: 'audit:read', at: 'tenant' },
  { path: '/support', page: page(() => import('./pages/support/overview.tsx')), scope: 'support:read', at: 'platform' },
  { path: '/support/tenants/:id', page: page(() => import('./pages/support/tenant.tsx')), scope: 'support:read', at: 'platform' },
  { path: '/tenants', page: page(() => import('./pages/tenants/list.tsx')), scope: 'tenants:read', at: 'platform' },
  { path: '/tenants/new', page: page(() => import('./pages/tenants/new.tsx')), scope: 'tenants:write', at: 'platform' },
  { path: '/account', page: page(() => import('./pages/account/account.tsx')) }
]

/** What stands in the menu, in this order. */
export const places: readonly Place[] = [
  { path: '/', text: 'home', icon: 'home', group: 'groupOverview' },
  { path: '/dashboard', text: 'dashboard', icon: 'chart', group: 'groupOverview', scope: 'reports:read', at: 'tenant' },
  { path: '/alerts', text: 'alerts', icon: 'bell', group: 'groupOverview', scope: 'alerts:read' },
  { path: '/webhooks', text: 'webhooks', icon: 'pulse', group: 'groupOverview', scope: 'inbound:read', at: 'tenant' },
  { path: '/payments', text: 'payments', icon: 'money', group: 'groupMoney', scope: 'payments:read', at: 'tenant' },
  { path: '/sales', text: 'sales', icon: 'sale', group: 'groupMoney', scope: 'payments:read', at: 'tenant' },
  { path: '/customers', text: 'customers', icon: 'people', group: 'groupMoney', scope: 'customers:read', at: 'tenant' },
  { path: '/subscriptions', text: 'subscriptions', icon: 'repeat', group: 'groupMoney', scope: 'subscriptions:read', at: 'tenant' },
  { path: '/invoices', text: 'invoices', icon: 'invoice', group: 'groupInvoices', scope: 'invoices:read', at: 'tenant' },
  { path: '/reports', text: 'reports', icon: 'chart', group: 'groupMoney', scope: 'reports:read', at: 'tenant' },
  { path: '/reconciliation', text: 'reconciliation', icon: 'scale', group: 'groupMoney', scope: 'payments:read', at: 'tenant' },
  { path: '/connections', text: 'connections', icon: 'plug', group: 'groupSetup', scope: 'connections:read', at: 'tenant' },
  { path: '/certificates', text: 'certificates', icon: 'certificate', group: 'groupSetup', scope: 'certificates:read', at: 'tenant' },
  { path: '/deliveries', text: 'deliveries', icon: 'send', group: 'groupSetup', scope: 'webhooks:read', at: 'tenant' },
  { path: '/settings', text: 'settings', icon: 'gear', group: 'groupSetup' },
  { path: '/support', text: 'support', icon: 'shield', group: 'groupPlatform', scope: 'support:read', at: 'platform' },
  { path: '/tenants', text: 'tenants', icon: 'building', group: 'groupPlatform', scope: 'tenants:read', at: 'platform' }
]

/** Pages that need no session. */
export const openRoutes: readonly ConsoleRoute[] = [
  { path: '/invitations', page: page(() => import('./pages/invitation/invitation.tsx')) },
  { path: '/thanks', page: page(() => import('./pages/payments/thanks.tsx')) }
]
