import t from 'tap'
import { sql } from 'kysely'
import { testHub, type TestTenant } from '../../test/support/hub.ts'
import { bootstrap } from '../access/first-run.ts'
import { inTenant } from '../db/in-tenant.ts'
import { newUuid, publicId, uuidAt } from '../ids.ts'
import { getEvent } from '../events/service.ts'
import type { HubError } from '../errors.ts'
import { sealBody } from '../inbound/body.ts'
import { getInbound, replayMany, replayOne } from '../inbound/service.ts'
import { getOperation } from '../operations/service.ts'
import { retain } from './service.ts'

const dayMs = 86_400_000
const signal = new AbortController().signal
const data = { id: 'pay_x', object: 'payment', status: 'succeeded', amount: 19900, currency: 'MXN', customer: { name: 'Ana Díaz', email: 'ana@example.com' }, description: 'para Ana', lines: [{ description: 'x' }] }

t.test('old months are dropped, old rows are forgotten, and of the rest the content goes and the facts stay', async t => {
  const { hub, database: { owner }, tenant, logged } = await testHub(t, { env: { RETENTION_EVENTS: '400d', RETENTION_PAYLOADS: '90d', RETENTION_AUDIT: '1830d' } })
  await bootstrap(hub)
  const shops: TestTenant[] = [await tenant(), await tenant()]
  const connections = await Promise.all(shops.map(async shop => (await shop.connect()).replace('con_', '')))
  const now = hub.now()
  const ago = (days: number): Date => new Date(now.getTime() - days * dayMs)
  const month = (days: number): string => `y${ago(days).getUTCFullYear()}m${String(ago(days).getUTCMonth() + 1).padStart(2, '0')}`
  // Made-up months that are long over, as a hub that is years old has them; the month before those has no partition.
  for (const days of [500, 460, 380]) {
    const from = new Date(Date.UTC(ago(days).getUTCFullYear(), ago(days).getUTCMonth()))
    const to = new Date(Date.UTC(ago(days).getUTCFullYear(), ago(days).getUTCMonth() + 1))
    for (const table of ['events', 'operations', 'inbound_events']) {
      await sql`create table ${sql.table(`${table}_${month(days)}`)} partition of ${sql.table(table)} for values from (${sql.lit(uuidAt(from).replace(/-7000-8000/, '-0000-0000'))}) to (${sql.lit(uuidAt(to).replace(/-7000-8000/, '-0000-0000'))})`.execute(owner)
      await sql`alter table ${sql.table(`${table}_${month(days)}`)} owner to pasarela_owner`.execute(owner)
    }
  }
  const ages = { dropped: 500, droppedToo: 460, stray: 700, old: 380, aged: 100, young: 80, new: 1 }
  const ids: Record<string, string> = {}
  for (const [n, shop] of shops.entries()) {
    const base = { tenant_id: shop.tenantId, mode: 'test' } as const
    const connectionId = connections[n]!.replace(/^(.{8})(.{4})(.{4})(.{4})(.{12})$/, '$1-$2-$3-$4-$5')
    for (const [name, days] of Object.entries(ages)) {
      const at = ago(days)
      const id = newUuid(at)
      if (n === 0) ids[name] = id
      await owner.insertInto('events').values({ ...base, id, type: 'payment.succeeded', subject_id: id, data: JSON.stringify(data), created_at: at }).execute()
      await owner.insertInto('operations').values({ ...base, id, connection_id: connectionId, provider: 'stripe', kind: 'create_payment', outcome: 'succeeded', duration_ms: 12, exchanges: JSON.stringify([{ request: { body: 'Ana' } }]), started_at: at, finished_at: at }).execute()
      await owner.insertInto('inbound_events').values({
        ...base, id, connection_id: connectionId, provider: 'stripe', verdict: 'verified', event_type: 'x', dedupe_key: name, body_sealed: await sealBody(hub.vault, shop.tenantId, id, Buffer.from('{"name":"Ana"}')), headers: JSON.stringify({ host: 'x' }), url: '/hooks/x?name=Ana', status: 'processed', received_at: at
      }).execute()
      await owner.insertInto('inbound_seen').values({ tenant_id: shop.tenantId, connection_id: connectionId, dedupe_key: name, event_id: id }).execute()
      await owner.insertInto('inbound_refused').values({ ...base, connection_id: connectionId, slot: days, id, reason: 'bad signature', body_sealed: 'x', body_bytes: 1, headers: '{}', received_at: at }).execute()
    }
    for (const days of [1900, 1000, 1]) await owner.insertInto('audit_log').values({ tenant_id: shop.tenantId, id: newUuid(ago(days)), actor_type: 'system', actor_id: 'x', action: `old.${days}`, subject_type: 'x', subject_id: 'x', created_at: ago(days) }).execute()
  }
  // Still waiting to be processed, however old.
  await owner.updateTable('inbound_events').set({ status: 'retrying', next_run_at: now }).where('id', '=', ids.aged!).execute()
  const count = async (table: string) => Number((await sql<{ n: string }>`select count(*) as n from ${sql.table(table)}`.execute(owner)).rows[0]!.n)
  const documents = { tenant_id: shops[0]!.tenantId, id: newUuid(ago(3000)), mode: 'test', kind: 'xml', subject_type: 'invoice', subject_id: newUuid(now), name: 'x.xml', content_type: 'application/xml', bytes: 1, sha256: Buffer.alloc(32), created_at: ago(3000), retain_until: ago(10) } as const
  await owner.insertInto('documents').values(documents).execute()
  const spared = ['documents', 'connections', 'credentials', 'tenants', 'timers'] as const
  const before = await Promise.all(spared.map(count))

  // Somebody reads a month: nobody is made to wait, and the month goes the next day.
  await owner.connection().execute(async reader => {
    await sql`begin`.execute(reader)
    await sql`lock table operations in access share mode`.execute(reader)
    const first = await retain(hub, { now, signal })
    await sql`rollback`.execute(reader)
    t.same(first.months, [`events_${month(500)}`, `events_${month(460)}`, `inbound_events_${month(500)}`, `inbound_events_${month(460)}`].toSorted(), 'of the busy table none')
    t.match(logged(), /old months could not be dropped yet/)
  })
  const second = await retain(hub, { now, signal })
  t.same(second.months, [`operations_${month(500)}`, `operations_${month(460)}`].toSorted())
  t.same(await Promise.all(spared.map(count)), before, 'fiscal documents and all that reconciles are not touched')

  for (const table of ['events', 'operations', 'inbound_events']) {
    const left = (await sql<{ id: string }>`select id from ${sql.table(table)} where tenant_id = ${shops[0]!.tenantId} and id = any(${Object.values(ids)}::uuid[])`.execute(owner)).rows.map(({ id }) => id)
    t.same(left.sort(), [ids.old, ids.aged, ids.young, ids.new].sort(), table)
  }
  t.equal(await count('inbound_seen'), 8, 'for as long as the webhook itself')
  t.equal(await count('inbound_refused'), 4, 'nobody answers for what was refused')
  const audit = await owner.selectFrom('audit_log').select('action').where('action', 'like', 'old.%').where('tenant_id', '=', shops[1]!.tenantId).orderBy('id').execute()
  t.same(audit.map(({ action }) => action), ['old.1000', 'old.1'])

  const { access } = shops[0]!
  t.same((await getEvent(hub, access, publicId('event', ids.old!))).data, { expunged: true, id: 'pay_x', object: 'payment', status: 'succeeded', amount: 19900, currency: 'MXN' })
  t.same((await getEvent(hub, access, publicId('event', ids.young!))).data, data)
  t.match(await getOperation(hub, access, publicId('operation', ids.aged!)), { outcome: 'succeeded', duration_ms: 12, exchanges: [] })
  t.match((await getOperation(hub, access, publicId('operation', ids.young!))).exchanges, [{ request: { body: 'Ana' } }])
  t.match(await getInbound(hub, access, publicId('inbound', ids.old!)), { event_type: 'x', status: 'processed', headers: {}, body: '' })
  t.match((await getInbound(hub, access, publicId('inbound', ids.aged!))).body, /personal/, 'it is still to be processed')
  t.match((await owner.selectFrom('inbound_events').select('url').where('id', '=', ids.old!).executeTakeFirst()), { url: '/hooks/x' })
  t.match(await replayOne(hub, access, publicId('inbound', ids.old!)).catch((error: HubError) => error.code), 'invalid_state')
  t.match(await replayMany(hub, access, { dry_run: true, created_from: ago(390).toISOString() }), { matched: 3 })

  // Three days later only what has come of age since is looked at.
  const later = new Date(now.getTime() + 20 * dayMs)
  await owner.updateTable('events').set({ data: JSON.stringify(data) }).where('id', '=', ids.old!).execute()
  const third = await retain(hub, { now: later, signal, expungedUntil: new Date(second.until) })
  t.match(third, { months: [], until: new Date(later.getTime() - 90 * dayMs).toISOString() })
  t.match((await getEvent(hub, access, publicId('event', ids.young!))).data, { expunged: true })
  t.same((await getEvent(hub, access, publicId('event', ids.old!))).data, data, 'an earlier run has done that')
  t.match(await retain(hub, { now: later, signal, expungedUntil: new Date(third.until) }), { months: [], forgotten: 0, expunged: 0 })
  const told = new AbortController()
  told.abort()
  t.match(await retain(hub, { now: later, signal: told.signal }), { months: [], forgotten: 0, expunged: 0 })
})

t.test('the application can end nothing that is young, whatever it asks', async t => {
  const { hub, tenant } = await testHub(t)
  const { tenantId } = await tenant()
  const refuse = async (query: ReturnType<typeof sql>, message: RegExp) => { await t.rejects(inTenant(hub.db, tenantId, async db => await query.execute(db)), { message }) }
  await refuse(sql`select gate.forget_append_only('audit_log', ${tenantId}, ${uuidAt(new Date(Date.now() - 300 * dayMs))}, 10)`, /kept for 365 days/)
  await refuse(sql`select gate.forget_append_only('events', ${tenantId}, ${uuidAt(new Date())}, 10)`, /kept for 30 days/)
  await refuse(sql`select gate.forget_append_only('payments', ${tenantId}, ${uuidAt(new Date(0))}, 10)`, /not forgotten here/)
  await refuse(sql`select maintenance.drop_months('events', now())`, /30 days/)
  await refuse(sql`select maintenance.drop_months('documents', now() - interval '9 years')`, /not dropped/)
  await refuse(sql`delete from audit_log`, /permission denied/)
  await refuse(sql`update events set data = '{}'`, /permission denied/)
})
