import { readFile } from 'node:fs/promises'
import type { Bundle } from '../support/schema.ts'
import { type Command, Refused, text, UsageError } from './command.ts'

const tenantOption = { value: 'ten_…', help: 'whose', required: true } as const

async function tenantIn (call: Parameters<Command['run']>[0]): Promise<string> {
  const { parseId } = await import('../ids.ts')
  const tenantId = parseId('tenant', text(call, 'tenant')!)
  if (tenantId === undefined) throw new UsageError('--tenant must be the id of a tenant, such as `pasarela tenants list` shows')
  return tenantId
}

export const incidentsExport: Command = {
  name: 'incidents export',
  group: 'Webhooks',
  summary: 'Write one webhook and all that came of it as a bundle',
  about: [
    'The bundle has the webhook, the transitions, events, alerts and calls of what it is about, without secrets and personal data. `replayBundle` of test/support/replay-bundle.ts plays it back in a test.',
    'It goes to standard output; keep it with `> incident.json`. That it was exported is in the tenant’s audit log.'
  ],
  options: { tenant: tenantOption },
  args: { name: 'ID', min: 1, max: 1 },
  examples: [{ line: 'incidents export --tenant ten_… inb_… > incident.json', what: 'the id is that of GET /v1/inbound_events' }],
  run: async call => {
    const [{ withHub }, { operator }, { getTenant }, { buildBundle }, { HubError }, { inTenant }, { recordChange }] = await Promise.all([
      import('./with-hub.ts'), import('./operator.ts'), import('../tenants/service.ts'), import('../support/bundle.ts'), import('../errors.ts'), import('../db/in-tenant.ts'), import('../audit/record.ts')
    ])
    const tenantId = await tenantIn(call)
    const [id] = call.args
    return await withHub(call, async hub => {
      await getTenant(hub, await operator(hub), text(call, 'tenant')!)
      for (const mode of ['live', 'test'] as const) {
        const access = await operator(hub, { tenantId, mode })
        const bundle = await buildBundle(hub, access, id!).catch((error: unknown) => {
          if (error instanceof HubError && error.code === 'not_found') return undefined
          throw error
        })
        if (bundle === undefined) continue
        await inTenant(hub.db, tenantId, async db => { await recordChange(db, access, hub.now(), { action: 'inbound_event.exported', subjectType: 'inbound_event', subjectId: id! }) })
        call.out.write(`${JSON.stringify(bundle, null, 2)}\n`)
        call.out.json(bundle)
        return 0
      }
      throw new Refused(`${id} is no webhook of this tenant.`)
    })
  }
}

export const incidentsVerify: Command = {
  name: 'incidents verify',
  group: 'Webhooks',
  summary: 'Say whether a bundle is what this hub made of what came',
  about: ['Looks at the seal, at the bytes that are still kept, and whether cleaning them gives the body of the bundle. Exit code 1 when one of it does not hold.'],
  options: { tenant: tenantOption },
  args: { name: 'FILE', min: 1, max: 1 },
  examples: [{ line: 'incidents verify --tenant ten_… incident.json', what: 'before somebody relies on it' }],
  run: async call => {
    const [{ withHub }, { checkBundle }, { Bundle }, { Value }] = await Promise.all([import('./with-hub.ts'), import('../support/bundle.ts'), import('../support/schema.ts'), import('typebox/value')])
    const tenantId = await tenantIn(call)
    const [file] = call.args
    let bundle: unknown
    try {
      bundle = JSON.parse(await readFile(file!, 'utf8'))
    } catch {
      throw new Refused(`${file} cannot be read as JSON.`)
    }
    if (!Value.Check(Bundle, bundle)) throw new Refused(`${file} is no bundle of an incident.`)
    return await withHub(call, async hub => {
      const checks = await checkBundle(hub, tenantId, bundle as Bundle)
      const ok = checks.every(check => check.ok)
      for (const { name, ok, detail } of checks) call.out.say(`${ok ? 'ok ' : 'NOT'} ${name}: ${detail}`)
      call.out.json({ file, ok, checks })
      return ok ? 0 : 1
    })
  }
}
