import { randomUUID } from 'node:crypto'
import path from 'node:path'
import { sql } from 'kysely'
import type { Access } from '../core/access/principal.ts'
import { migrate } from '../core/db/migrate.ts'
import { createPool, kyselyOf } from '../core/db/pool.ts'
import type { Hub } from '../core/hub.ts'
import { connectionFigures, dashboard as ask } from '../core/reports/dashboard.ts'
import { insertEvents, insertPayments } from '../core/reports/fixtures/many-payments.ts'
import { foldFigures } from '../core/reports/fold.ts'
import { newUuid, publicId } from '../core/ids.ts'
import { durableDatabase, percentile, type Result, round, temporaryFolder } from './support.ts'

/** A thousandth of it, to see that it works: `BENCH_DASHBOARD_PAYMENTS=1000`. */
const many = Number(process.env.BENCH_DASHBOARD_PAYMENTS ?? 1_000_000)
const few = Math.max(100, many / 1000)
const overDays = 30
const rounds = 300

/** The dashboard of a tenant with a million payments and five million events, beside one with a thousand, on one database. */
export async function dashboard (): Promise<Result[]> {
  const database = await durableDatabase()
  const folder = temporaryFolder()
  const made = await migrate({ ownerUrl: database.url, secretsFile: path.join(folder.path, 'secrets') })
  const pools = [createPool({ url: database.url, max: 2 }), createPool({ url: made.appUrl, max: 4 })] as const
  const [owner, db] = [kyselyOf(pools[0]), kyselyOf(pools[1])]
  const now = new Date()
  const hub = { db, now: () => now } as unknown as Hub
  try {
    const begun = performance.now()
    const [big, small] = [await tenantWith(many), await tenantWith(few)]
    const filled = performance.now() - begun
    const folding = performance.now()
    const { folded } = await foldFigures(hub, new AbortController().signal)
    const foldedMs = performance.now() - folding
    await sql`vacuum analyze`.execute(owner)

    const results: Result[] = []
    for (const [name, question] of [
      ['dashboard, 30 days', async (tenant: Tenant) => { await ask(hub, tenant.access, {}) }],
      ['dashboard, 3 days by the hour', async (tenant: Tenant) => { await ask(hub, tenant.access, { from: new Date(now.getTime() - 71 * 3600_000).toISOString() }) }],
      ['figures of a connection, 30 days', async (tenant: Tenant) => { await connectionFigures(hub, tenant.access, tenant.connection, {}) }]
    ] as const) {
      const [bigMs, smallMs]: [number[], number[]] = [[], []]
      for (let round = -30; round < rounds; round++) {
        // One after the other and in turns, so that whatever else the machine does falls on both.
        for (const [tenant, times] of round % 2 === 0 ? [[big, bigMs], [small, smallMs]] as const : [[small, smallMs], [big, bigMs]] as const) {
          const from = performance.now()
          await question(tenant)
          if (round >= 0) times.push(performance.now() - from)
        }
      }
      const at = (times: number[], share: number) => percentile(times.toSorted((a, b) => a - b), share)
      results.push({
        name: `${name}: p95 with ${many} payments ÷ with ${few}`, baseline: `the same question of a tenant with ${few} payments and ${few * 5} events, on the same database, in turns`, value: round(at(bigMs, 0.95) / at(smallMs, 0.95)), unit: '×', aim: '≤ 1.5',
        detail: { p50_ms: round(at(bigMs, 0.5)), p95_ms: round(at(bigMs, 0.95)), p50_small_ms: round(at(smallMs, 0.5)), p95_small_ms: round(at(smallMs, 0.95)), filled_s: round(filled / 1000, 0), deltas_folded: folded, deltas_per_second: round(folded / foldedMs * 1000, 0) }
      })
    }
    return results
  } finally {
    await Promise.all(pools.map(async pool => { await pool.end() }))
    await database.stop()
    folder.remove()
  }

  async function tenantWith (payments: number): Promise<Tenant> {
    const [tenantId, connectionId] = [randomUUID(), newUuid(now)]
    await sql`insert into tenants (id, name, country) values (${tenantId}, 'A', 'MX')`.execute(owner)
    await sql`insert into connections (tenant_id, id, provider, mode, label, settings, hook_token_hash, hook_token_sealed) values (${tenantId}, ${connectionId}, 'stripe', 'test', 'A', '{}', ${Buffer.from(connectionId)}, 'x')`.execute(owner)
    await insertPayments(owner, { tenantId, connectionId, count: payments, until: now, overDays, counted: true })
    await insertEvents(owner, { tenantId, count: payments * 5, until: now, overDays })
    return { connection: publicId('connection', connectionId), access: { tenantId, mode: 'test', language: 'en' } as Access }
  }
}

interface Tenant { access: Access, connection: string }
