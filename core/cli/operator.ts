import type { Access, Principal } from '../access/principal.ts'
import { scopes } from '../access/principal.ts'
import { findPlatform } from '../access/queries.ts'
import type { Mode } from '../adapter/context.ts'
import type { Hub } from '../hub.ts'
import { Refused } from './command.ts'

/**
 * Whoever can run commands on the machine, with its configuration, may do everything. The audit log shows the actor as
 * `system`, `command-line`.
 */
export async function operator ({ db }: Pick<Hub, 'db'>, { tenantId, mode }: { tenantId?: string, mode?: Mode } = {}): Promise<Access> {
  const home = await findPlatform(db)
  if (home === undefined) throw new Refused('The platform is not set up yet: start the server once (`pasarela serve`), which makes its first administrator and key.')
  // No request has such a principal, so `Principal` does not list it; the audit log does.
  const type = 'system' as string as Principal['type']
  return {
    principal: { type, id: 'command-line', homeTenantId: home, role: 'platform_admin', scopes: new Set(scopes) },
    tenantId: tenantId ?? home,
    mode: mode ?? 'live',
    requestId: 'command-line',
    address: 'command-line',
    language: 'en'
  }
}
