import { type ComponentType, lazy } from 'react'
import type { common } from './i18n/common.ts'
import type { menu } from './shell/menu.ts'
import type { IconName } from './ui/icons.tsx'

export interface ConsoleRoute {
  /** As wouter reads it: `/connections/:id`. */
  path: string
  page: ComponentType
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

/** Every page of the console. A page is loaded when it is first opened. `/…/new` stands before `/…/:id`. */
export const routes: readonly ConsoleRoute[] = [
  { path: '/', page: lazy(() => import('./pages/home/home.tsx')) },
  { path: '/connections', page: lazy(() => import('./pages/connections/list.tsx')), scope: 'connections:read', at: 'tenant' },
  { path: '/connections/new', page: lazy(() => import('./pages/connections/wizard.tsx')), scope: 'connections:write', at: 'tenant' },
  { path: '/connections/:id/setup', page: lazy(() => import('./pages/connections/wizard.tsx')), scope: 'connections:write', at: 'tenant' },
  { path: '/connections/:id/credentials', page: lazy(() => import('./pages/connections/credentials.tsx')), scope: 'connections:write', at: 'tenant' },
  { path: '/connections/:id', page: lazy(() => import('./pages/connections/detail.tsx')), scope: 'connections:read', at: 'tenant' },
  { path: '/certificates', page: lazy(() => import('./pages/certificates/list.tsx')), scope: 'certificates:read', at: 'tenant' },
  { path: '/certificates/new', page: lazy(() => import('./pages/certificates/upload.tsx')), scope: 'certificates:write', at: 'tenant' },
  { path: '/certificates/:id', page: lazy(() => import('./pages/certificates/detail.tsx')), scope: 'certificates:read', at: 'tenant' },
  { path: '/tenants', page: lazy(() => import('./pages/tenants/list.tsx')), scope: 'tenants:read', at: 'platform' },
  { path: '/tenants/new', page: lazy(() => import('./pages/tenants/new.tsx')), scope: 'tenants:write', at: 'platform' },
  { path: '/account', page: lazy(() => import('./pages/account/account.tsx')) }
]

/** What stands in the menu, in this order. */
export const places: readonly Place[] = [
  { path: '/', text: 'home', icon: 'home', group: 'groupOverview' },
  { path: '/connections', text: 'connections', icon: 'plug', group: 'groupSetup', scope: 'connections:read', at: 'tenant' },
  { path: '/certificates', text: 'certificates', icon: 'certificate', group: 'groupSetup', scope: 'certificates:read', at: 'tenant' },
  { path: '/tenants', text: 'tenants', icon: 'building', group: 'groupPlatform', scope: 'tenants:read', at: 'platform' }
]

/** Pages that need no session. */
export const openRoutes: readonly ConsoleRoute[] = [
  { path: '/invitations', page: lazy(() => import('./pages/invitation/invitation.tsx')) }
]
