import { sql } from 'kysely'
import type { Mode } from '../adapter/context.ts'
import { withDefaults } from '../connections/open.ts'
import { newUuid } from '../ids.ts'
import { type InboundDeps, keepHook, type Received, type Reception, verifyWith } from './receive.ts'
import { keepShadow, lookBeside } from './shadow.ts'
import type { HookTarget } from './targets.ts'

/**
 * What a provider tells the operator's application: about all accounts that were connected by consent, at one address, signed with one
 * secret. Verified first, and only then asked whose account it is about: every connection of that account gets it as if it had been told
 * itself. About an account that nobody has here nothing is kept.
 */
export async function receiveForApp ({ hub, collector, count }: Omit<InboundDeps, 'targets'>, { provider, mode, ...hook }: Omit<Received, 'token'> & { provider: string, mode: Mode }): Promise<Reception> {
  const adapter = hub.adapters.get(provider)
  const secret = hub.oauthApps.of(provider, mode)?.webhook_secret
  if (adapter === undefined || adapter.webhooks === 'provider-has-none' || adapter.webhooks.accountOf === undefined || secret === undefined) {
    count('unknown', 'unknown_token')
    return { verdict: 'refused' }
  }
  const plain = { body: hook.body, headers: hook.headers, url: hook.url }
  const key = await hub.publishedKeys.of(adapter, mode, plain)
  const raw = { ...plain, ...(key !== undefined && { key }) }
  const { verdict, input } = verifyWith({ adapter, settings: withDefaults(adapter, {}), secrets: [secret] }, raw, hub.now())
  if (verdict.verdict === 'refused') {
    count(provider, 'refused')
    // The address is no secret, so anybody may be refused here: nothing is kept of it, and no alert is made of it.
    hub.log.debug({ provider, mode, reason: verdict.reason }, 'a webhook of the operator’s application was refused')
    return { verdict: 'refused' }
  }
  const about = adapter.webhooks.accountOf(plain)
  const answer = adapter.webhooks.acknowledge?.(plain) ?? { status: 200, body: '', contentType: 'text/plain' }
  // Providers send events of tests to addresses of live mode, too.
  if (about === undefined || (about.mode ?? mode) !== mode) return { verdict: 'stored', fresh: false, answer }
  const { rows } = await sql<{ tenant_id: string, connection_id: string, settings: Record<string, unknown>, shadow_scheme: string | null }>`select * from gate.find_granted(${provider}, ${mode}, ${about.account})`.execute(hub.db)
  const targets = rows.map((row): HookTarget => ({ tenantId: row.tenant_id, connectionId: row.connection_id, mode, provider, adapter, settings: withDefaults(adapter, row.settings), secrets: [], shadow: row.shadow_scheme }))
  // All or an error: then the provider sends it again, and who has it already counts a duplicate.
  const stored = await Promise.all(targets.map(async target => {
    const kept = await keepHook({ hub, collector, count }, target, hook, verdict, newUuid(hub.now()))
    const beside = lookBeside(target, input, verdict.verdict)
    if (beside !== undefined) await keepShadow(hub, target, kept.eventId, beside)
    return kept
  }))
  return { verdict: 'stored', fresh: stored.some(({ fresh }) => fresh), answer }
}
