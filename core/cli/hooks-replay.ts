import type { Access } from '../access/principal.ts'
import type { Mode } from '../adapter/context.ts'
import type { Hub } from '../hub.ts'
import type { Replayed, ReplayMany } from '../inbound/schema.ts'
import { type Command, text, UsageError } from './command.ts'

const modes = ['test', 'live'] as const

export const hooksReplay: Command = {
  name: 'hooks replay',
  group: 'Webhooks',
  summary: 'Process webhooks of a tenant once more',
  about: [
    'Takes stored webhooks from the start, such as those that were parked after an outage. Processing is idempotent: what was applied is not applied again. Refused ones (wrong signature) only with --verdict refused, and of those only what verifies with the secrets of today.',
    'Count first with --dry-run. The workers take the work up within seconds; none needs to be stopped.'
  ],
  options: {
    tenant: { value: 'ten_…', help: 'whose', required: true },
    mode: { value: 'test|live', help: 'only of that mode; both when left out' },
    connection: { value: 'con_…', help: 'only of that connection' },
    status: { value: 'STATUS', help: 'only those that are: received, retrying, processed, ignored, unmatched, parked' },
    verdict: { value: 'VERDICT', help: 'only of that verdict: verified, unverifiable, refused' },
    'event-type': { value: 'TYPE', help: 'only of that type, in the provider’s words' },
    from: { value: 'TIME', help: 'received since then (ISO 8601, such as 2026-11-20T00:00:00Z)' },
    to: { value: 'TIME', help: 'received until then' },
    'dry-run': { help: 'only count' }
  },
  examples: [
    { line: 'hooks replay --tenant ten_… --status parked --dry-run', what: 'how many' },
    { line: 'hooks replay --tenant ten_… --status parked', what: 'and now for good' },
    { line: 'hooks replay --tenant ten_… --verdict refused', what: 'after a webhook secret was repaired' }
  ],
  run: async call => {
    const [{ withHub }, { operator }, { checked }, { ReplayMany }, { parseId }, { getTenant }] = await Promise.all([
      import('./with-hub.ts'), import('./operator.ts'), import('./checked.ts'), import('../inbound/schema.ts'), import('../ids.ts'), import('../tenants/service.ts')
    ])
    const filter = checked(ReplayMany, {
      connection: text(call, 'connection'), verdict: text(call, 'verdict'), status: text(call, 'status'), event_type: text(call, 'event-type'), created_from: text(call, 'from'), created_to: text(call, 'to')
    }, { created_from: 'from', created_to: 'to' })
    const mode = text(call, 'mode')
    if (mode !== undefined && !isMode(mode)) throw new UsageError('--mode must be test or live')
    const tenantId = parseId('tenant', text(call, 'tenant')!)
    if (tenantId === undefined) throw new UsageError('--tenant must be the id of a tenant, such as `pasarela tenants list` shows')
    const dryRun = call.values['dry-run'] === true
    return await withHub(call, async hub => {
      await getTenant(hub, await operator(hub), text(call, 'tenant')!)
      const total = { dry_run: dryRun, matched: 0, replayed: 0 }
      for (const each of mode === undefined ? modes : [mode]) {
        const { matched, replayed } = await replay(hub, await operator(hub, { tenantId, mode: each }), filter, dryRun)
        total.matched += matched
        total.replayed += replayed
      }
      call.out.say(dryRun ? `${total.matched} would be processed once more.` : `${total.replayed} of ${total.matched} will be processed once more.`)
      call.out.json(total)
      return total.replayed === total.matched || dryRun ? 0 : 1
    })
  }
}

/** The service takes a thousand at a time and says where to go on. What arrives meanwhile is left alone. */
async function replay (hub: Hub, access: Access, filter: ReplayMany, dryRun: boolean): Promise<Pick<Replayed, 'matched' | 'replayed'>> {
  const { replayMany } = await import('../inbound/service.ts')
  const to = filter.created_to ?? hub.now().toISOString()
  if (filter.created_from !== undefined && Date.parse(filter.created_from) > Date.parse(to)) throw new UsageError('--from must be before --to')
  const window: ReplayMany = { ...filter, created_to: to, dry_run: dryRun }
  let { matched, replayed, next_cursor: cursor } = await replayMany(hub, access, window)
  while (cursor !== null) {
    const next = await replayMany(hub, access, { ...window, cursor })
    // Of the refused each call counts what it looked at, of the others all that are left.
    if (filter.verdict === 'refused') matched += next.matched
    replayed += next.replayed
    cursor = next.next_cursor
  }
  return { matched, replayed }
}

function isMode (text: string): text is Mode {
  return (modes as readonly string[]).includes(text)
}
