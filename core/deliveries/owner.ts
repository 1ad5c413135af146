import type { Access } from '../access/principal.ts'
import { HubError } from '../errors.ts'
import type { EndpointRow, Owner } from './queries.ts'

/** A partner that names no tenant speaks of its own endpoints, which get the events of all its tenants. */
export function ownerOf ({ principal, tenantId, mode }: Access): Owner {
  const partner = principal.keyKind === 'partner' && tenantId === principal.homeTenantId ? principal.partnerId : undefined
  return { partnerId: partner ?? null, mode }
}

export function assertEnabled ({ enabled }: Pick<EndpointRow, 'enabled'>): void {
  if (!enabled) throw new HubError('invalid_state', { detail: { es: 'El destino está deshabilitado: habilítelo antes con PATCH {"enabled": true}.', en: 'The endpoint is disabled: enable it first with PATCH {"enabled": true}.' } })
}
