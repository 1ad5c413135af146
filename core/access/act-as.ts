import type { Mode } from '../adapter/context.ts'
import { HubError } from '../errors.ts'
import type { Identity } from './authenticate.ts'
import { isPlatformStaff, type Principal } from './principal.ts'

export interface Wish {
  /** `Pasarela-Tenant` was sent, whatever it names. */
  namesTenant: boolean
  /** `Pasarela-Mode`, as sent. */
  mode: string | undefined
  /** The route is about the caller's own home. */
  home: boolean
  /** A partner that names no tenant is meant itself. */
  partnerHome?: boolean
}

/** In which tenant and mode a request acts; the one place that decides it. */
export function actAs (identity: Identity, wish: Wish): { tenantId: string, mode: Mode } {
  if (identity.homeStatus === 'suspended') throw suspended()
  return { tenantId: tenantOf(identity, wish), mode: modeOf(identity.principal, wish.mode) }
}

function tenantOf ({ principal, named }: Identity, { namesTenant, home, partnerHome = false }: Wish): string {
  if (home) return principal.homeTenantId
  if (!namesTenant) {
    // A partner's home is the platform, where it has no business but its own endpoints.
    if (principal.keyKind === 'partner' && !partnerHome) throw new HubError('tenant_required')
    return principal.homeTenantId
  }
  // One that does not exist and one that is not theirs get one answer.
  if (named === undefined || !mayActFor(principal, named)) throw notYours()
  // Support may see which tenants there are; what is theirs only while it has entered, with a reason that they can read.
  if (principal.role === 'support' && named.id !== principal.homeTenantId && principal.supportAccessId === undefined) throw new HubError('support_access_required')
  if (named.status === 'suspended' && !isPlatformStaff(principal)) throw suspended()
  return named.id
}

function mayActFor (principal: Principal, named: NonNullable<Identity['named']>): boolean {
  if (principal.keyKind === 'partner') return named.served
  return named.id === principal.homeTenantId || isPlatformStaff(principal)
}

/**
 * A key says its mode; a header that contradicts it is a mistake that could cost money, so it is refused. Only the
 * platform's live key may step down to test.
 */
function modeOf ({ keyKind, keyMode }: Principal, wanted: string | undefined): Mode {
  if (wanted !== undefined && wanted !== 'test' && wanted !== 'live') throw badMode('Pasarela-Mode', 'must be test or live')
  if (keyMode === undefined) return wanted ?? 'test'
  if (wanted === undefined || wanted === keyMode) return keyMode
  if (keyKind === 'platform' && keyMode === 'live') return wanted
  throw badMode('Pasarela-Mode', `this key is for ${keyMode}`)
}

function badMode (path: string, message: string): HubError {
  return new HubError('request_invalid', { errors: [{ path, message }] })
}

function notYours (): HubError {
  return new HubError('forbidden', { detail: { es: 'Esta credencial no puede actuar por la organización que nombra Pasarela-Tenant.', en: 'This credential may not act for the tenant that Pasarela-Tenant names.' } })
}

function suspended (): HubError {
  return new HubError('forbidden', { detail: { es: 'La organización está suspendida.', en: 'The tenant is suspended.' } })
}
