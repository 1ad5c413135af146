import { read, write } from '../storage.ts'

/** What a person of support was let into, for this window only: the server knows the truth at each request. */
export interface EnteredAccess { id: string, tenant: string, kind: 'look' | 'repair', reason: string, expires_at: string }

const key = 'support'

export function keepAccess ({ id, tenant, kind, reason, expires_at }: EnteredAccess): void {
  write(key, JSON.stringify({ id, tenant, kind, reason, expires_at }), 'session')
}

export function forgetAccess (): void { write(key, null, 'session') }

/** The access under which that tenant was entered. */
export function accessTo (tenant: string | null): EnteredAccess | undefined {
  const kept = read(key, 'session')
  if (kept === null || tenant === null) return undefined
  const access = JSON.parse(kept) as EnteredAccess
  return access.tenant === tenant ? access : undefined
}
