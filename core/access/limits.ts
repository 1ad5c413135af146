import { HubError } from '../errors.ts'
import { type Access, isPlatformStaff, type Scope } from './principal.ts'

/** Nobody gives what they do not have: not in a key, not in a role, not by taking over a user who has more. */
export function assertHolds (access: Access, wanted: Iterable<Scope>): void {
  const missing = [...wanted].filter(scope => !access.principal.scopes.has(scope))
  if (missing.length === 0) return
  throw new HubError('forbidden', {
    detail: { es: `Nadie puede dar permisos que no tiene: ${missing.join(', ')}.`, en: `Nobody can grant what they do not have: ${missing.join(', ')}.` }
  })
}

/** For what belongs to the platform itself. The route's scope is checked already; this is who, not what. */
export function assertPlatform (access: Access): void {
  if (!isPlatformStaff(access.principal)) throw new HubError('forbidden')
}

/** Staff of the platform at home, not acting for a tenant. */
export function isAtPlatform ({ principal, tenantId }: Access): boolean {
  return isPlatformStaff(principal) && tenantId === principal.homeTenantId
}

/** What reaches into live mode, people among them (they choose their mode), is not for a test key to make or change. */
export function assertNotTestKey ({ principal }: Access): void {
  if (principal.keyMode !== 'test') return
  throw new HubError('forbidden', { detail: { es: 'Una clave de prueba no puede hacer esto: tendría efecto en modo real.', en: 'A test key cannot do this: it would reach into live mode.' } })
}
