import { randomUUID } from 'node:crypto'
import fc from 'fast-check'
import { sql } from 'kysely'
import t from 'tap'
import { accessApp, type AccessApp, type TestTenant } from '../../test/support/access-app.ts'
import { readCsv } from '../../test/support/csv.ts'
import { readXlsx } from '../../test/support/xlsx.ts'
import type { Mode } from '../adapter/context.ts'
import { inTenant, type TenantDb } from '../db/in-tenant.ts'
import { newUuid, publicId, uuidAt } from '../ids.ts'
import { latencyOf, stepsOf, windowOf } from './figures.ts'
import { foldFigures } from './fold.ts'
import { figures, type FigureRow, foldDeltas } from './queries.ts'
import { reportRoutes } from './routes.ts'

let house: AccessApp
t.before(async () => { house = await accessApp(t, { routes: reportRoutes }) })

const hourMs = 3600_000
const dayMs = 24 * hourMs
const start = Date.parse('2026-11-10T00:00:00Z')
const at = (hours: number) => new Date(start + Math.round(hours * hourMs))

async function connect (tenant: TestTenant, mode: Mode = 'test', provider = 'stripe'): Promise<string> {
  const id = newUuid(new Date())
  await inTenant(house.hub.db, tenant.uuid, async db => await db.insertInto('connections').values({ tenant_id: tenant.uuid, id, provider, mode, label: `My ${provider}`, settings: '{}', hook_token_hash: Buffer.from(id), hook_token_sealed: 'x' }).execute())
  return id
}

interface PaymentSeed { at?: Date, id?: string, status?: string, amount?: number, currency?: string, captured?: number, method?: string | null, declined?: boolean, reference?: string | null, description?: string | null, mode?: Mode }
async function pay (db: TenantDb, connection: string, { at: made = at(1), id = newUuid(made), status = 'succeeded', amount = 10_000, currency = 'MXN', captured = status === 'succeeded' ? amount : 0, method = 'card', declined = false, reference = null, description = null, mode = 'test' }: PaymentSeed = {}): Promise<string> {
  await db.insertInto('payments').values({
    tenant_id: db.tenantId, id, mode, connection_id: connection, provider: 'stripe', status, known_status: status === 'unknown' ? 'processing' : status, amount, currency, amount_captured: captured, capture: 'automatic',
    method: method === null ? null : JSON.stringify({ type: method }), error: declined ? '{"code":"card_declined"}' : null, reference, description, created_at: made, updated_at: made
  }).execute()
  return id
}

async function giveBack (db: TenantDb, connection: string, payment: string, { at: made = at(2), status = 'succeeded', amount = 1000, currency = 'MXN', mode = 'test' as Mode } = {}): Promise<string> {
  const id = newUuid(made)
  await db.insertInto('refunds').values({ tenant_id: db.tenantId, id, mode, payment_id: payment, connection_id: connection, provider: 'stripe', status, amount, currency, created_at: made, updated_at: made }).execute()
  return id
}

async function moved (db: TenantDb, connection: string, { at: made = at(1), type = 'payment', amount = 10_000, fee = null as number | null, net = null as number | null, currency = 'MXN', payment = null as string | null, mode = 'test' as Mode } = {}): Promise<string> {
  const id = newUuid(made)
  await db.insertInto('balance_transactions').values({ tenant_id: db.tenantId, id, mode, connection_id: connection, provider: 'stripe', provider_reference: id, type, amount, currency, fee, net, payment_id: payment, occurred_at: made, created_at: made, updated_at: made }).execute()
  return id
}

async function invoice (db: TenantDb, connection: string | null, { at: made = at(1), status = 'issued', total = '116.00', kind = 'invoice', country = 'MX', currency = 'MXN', series = 'A', number = null as string | null, fiscalId = null as string | null, mode = 'test' as Mode, delegated = false } = {}): Promise<string> {
  const id = newUuid(made)
  const stamped = ['issued', 'cancel_requested', 'cancel_pending_acceptance', 'canceled', 'cancel_rejected'].includes(status)
  await db.insertInto('invoices').values({
    tenant_id: db.tenantId, id, mode, country, kind, status, issuer_id: randomUUID(), connection_id: connection, provider: connection && 'finkok', series, number, body: '{}', model: '{}', customer_tax_id: 'IVD920810GU2', currency, total,
    fiscal_id: fiscalId, issued_at: stamped ? made : null, stamped_at: stamped ? made : null, messages: status === 'rejected' ? '[{"code":"CFDI40145","message":"El nombre no corresponde"}]' : '[]', delegated, created_at: made, updated_at: made
  }).execute()
  return id
}

async function call (db: TenantDb, connection: string, { at: made = at(1), kind = 'create_payment', outcome = 'succeeded', ms = 100 as number | null, mode = 'test' as Mode } = {}): Promise<string> {
  const id = newUuid(made)
  await db.insertInto('operations').values({ tenant_id: db.tenantId, id, mode, connection_id: connection, provider: 'stripe', kind, outcome, duration_ms: ms, started_at: made, finished_at: ms === null ? null : made }).execute()
  return id
}

const inHouse = async <T>(tenant: TestTenant, work: (db: TenantDb) => Promise<T>): Promise<T> => await inTenant(house.hub.db, tenant.uuid, work)

// --- figures ----------------------------------------------------------------------------------------------------------

const subjects = ['payment', 'refund', 'dispute', 'invoice', 'fee', 'webhook', 'operation'] as const
const keyOf = (row: Omit<FigureRow, 'count' | 'amount' | 'captured'>) => [row.at.toISOString(), row.subject, row.connection_id, row.label, row.detail, row.currency, row.bucket].join(' ')

/** What the rows themselves say, counted one by one in the test's own words. */
async function counted (db: TenantDb, mode: Mode, from: Date, to: Date, stepMs: number): Promise<Map<string, [number, number, number]>> {
  const found = new Map<string, [number, number, number]>()
  const add = (moment: Date, row: Omit<FigureRow, 'at' | 'count' | 'amount' | 'captured'>, count: number, amount: number, captured = 0) => {
    const hour = Math.floor(moment.getTime() / hourMs) * hourMs
    if (hour < from.getTime() || hour >= to.getTime()) return
    const key = keyOf({ ...row, at: new Date(Math.floor(hour / stepMs) * stepMs) })
    const sum = found.get(key) ?? [0, 0, 0]
    found.set(key, [sum[0] + count, sum[1] + amount, sum[2] + captured])
  }
  const of = async (table: string): Promise<any[]> => (await sql<any>`select * from ${sql.table(table)} where tenant_id = ${db.tenantId}`.execute(db)).rows
  const mine = async (table: string) => (await of(table)).filter(row => row.mode === mode)
  const plain = { detail: '', currency: '', bucket: 0 }
  for (const row of await mine('payments')) {
    const suffix = row.amount_captured > 0 ? '/captured' : row.status === 'requires_payment_method' && row.error !== null ? '/declined' : ''
    add(row.created_at, { subject: 'payment', connection_id: row.connection_id, label: row.status + suffix, detail: row.method?.type ?? '', currency: row.currency, bucket: 0 }, 1, row.amount, row.amount_captured)
  }
  for (const [table, subject] of [['refunds', 'refund'], ['disputes', 'dispute']] as const) for (const row of await mine(table)) add(row.created_at, { ...plain, subject, connection_id: row.connection_id, label: row.status, currency: row.currency }, 1, row.amount)
  for (const row of await mine('invoices')) add(row.created_at, { subject: 'invoice', connection_id: row.connection_id ?? '00000000-0000-0000-0000-000000000000', label: row.status, detail: `${row.country}/${row.kind}`, currency: row.currency, bucket: 0 }, 1, 0)
  for (const row of await mine('operations')) {
    if (row.finished_at === null) continue
    add(row.started_at, { subject: 'operation', connection_id: row.connection_id, label: row.outcome, detail: row.kind, currency: '', bucket: Math.floor(4 * Math.log2(Math.max(row.duration_ms, 1)) + 1e-9) }, 1, row.duration_ms)
  }
  for (const row of await mine('balance_transactions')) {
    const fee = row.type === 'fee' ? -(row.net ?? row.amount - (row.fee ?? 0)) : row.fee
    if (fee !== null) add(row.occurred_at, { ...plain, subject: 'fee', connection_id: row.connection_id, label: row.type, currency: row.currency }, 1, fee)
  }
  const webhook = { ...plain, subject: 'webhook' }
  const events = await of('inbound_events')
  for (const row of events.filter(row => row.mode === mode)) {
    add(row.received_at, { ...webhook, connection_id: row.connection_id, label: 'accepted' }, 1, 0)
    if (['parked', 'unmatched'].includes(row.status)) add(row.received_at, { ...webhook, connection_id: row.connection_id, label: row.status }, 1, 0)
  }
  for (const row of await of('inbound_seen')) {
    const event = events.find(({ id }) => id === row.event_id)
    if (row.duplicates > 0 && event.mode === mode) add(event.received_at, { ...webhook, connection_id: row.connection_id, label: 'duplicate' }, row.duplicates, 0)
  }
  for (const row of await mine('inbound_refused_slots')) add(row.slot, { ...webhook, connection_id: row.connection_id, label: 'refused' }, row.refused, 0)
  return found
}

const arbitraryStep = fc.record({
  what: fc.constantFrom('pay', 'pay', 'settle', 'settle', 'decline', 'reroute', 'refund', 'refunded', 'dispute', 'disputed', 'invoice', 'invoiced', 'call', 'ended', 'move', 'feed', 'hook', 'parked', 'repeat', 'refuse', 'fold'),
  which: fc.nat(20),
  hours: fc.integer({ min: 0, max: 6 * 24 * 4 }).map(quarters => quarters / 4 + 0.01),
  amount: fc.integer({ min: 1, max: 1e9 }),
  currency: fc.constantFrom('MXN', 'USD'),
  status: fc.nat(8),
  mode: fc.constantFrom<Mode>('test', 'test', 'live'),
  late: fc.boolean()
})

t.test('whatever happens and in whatever order, figures are what the rows say, added up or not, of any time', async t => {
  const statuses = ['requires_payment_method', 'requires_action', 'processing', 'authorized', 'succeeded', 'canceled', 'failed', 'expired', 'unknown']
  await fc.assert(fc.asyncProperty(fc.array(arbitraryStep, { minLength: 5, maxLength: 60 }), fc.tuple(fc.nat(150), fc.integer({ min: 1, max: 80 })), async (steps, [first, length]) => {
    const tenant = { id: '', uuid: randomUUID() }
    await inHouse(tenant, async db => await db.insertInto('tenants').values({ id: tenant.uuid, name: 'A', country: 'MX' }).execute())
    const connections = { test: [await connect(tenant), await connect(tenant)], live: [await connect(tenant, 'live'), await connect(tenant, 'live')] }
    const rows: Record<string, { id: string, connection: string, mode: Mode }[]> = {}
    const pick = (kind: string, which: number) => rows[kind]?.[which % rows[kind].length]
    for (const { what, which, hours, amount, currency, status, mode, late } of steps) {
      const connection = connections[mode][which % 2]!
      const made = at(hours)
      const keep = (kind: string, id: string) => (rows[kind] ??= []).push({ id, connection, mode })
      if (what === 'fold') {
        await foldDeltas(house.hub.db, late ? 3 : 1000)
        continue
      }
      await inHouse(tenant, async db => {
        const update = async (table: 'payments' | 'refunds' | 'disputes' | 'invoices' | 'operations' | 'balance_transactions' | 'inbound_events', id: string, set: Record<string, unknown>) =>
          await db.updateTable(table).set(set).where('tenant_id', '=', tenant.uuid).where('id', '=', id).execute()
        const payment = pick('payment', which)
        switch (what) {
          case 'pay': keep('payment', await pay(db, connection, { at: made, status: late ? 'unknown' : statuses[status], amount, currency, method: which % 3 === 0 ? null : which % 3 === 1 ? 'card' : 'oxxo', captured: status === 4 && !late ? amount : 0, mode })); break
          case 'settle': if (payment !== undefined) await sql`update payments set status = ${statuses[status]}, amount_captured = ${status === 4 ? sql`amount` : late ? sql`amount_captured` : 0}, method = '{"type":"spei"}', updated_at = ${made} where tenant_id = ${tenant.uuid} and id = ${payment.id}`.execute(db); break
          case 'decline': if (payment !== undefined) await update('payments', payment.id, { status: 'requires_payment_method', error: late ? '{}' : null }); break
          case 'reroute': if (payment !== undefined) await update('payments', payment.id, { connection_id: connections[payment.mode][late ? 0 : 1] }); break
          case 'refund': if (payment !== undefined) keep('refund', await giveBack(db, payment.connection, payment.id, { at: made, status: 'pending', amount, currency, mode: payment.mode })); break
          case 'refunded': if (pick('refund', which) !== undefined) await update('refunds', pick('refund', which)!.id, { status: late ? 'failed' : 'succeeded' }); break
          case 'dispute': if (payment !== undefined) {
            const id = newUuid(made)
            await db.insertInto('disputes').values({ tenant_id: tenant.uuid, id, mode: payment.mode, connection_id: payment.connection, provider: 'stripe', payment_id: payment.id, status: 'needs_response', provider_status: 'x', provider_reference: id, reason: 'fraudulent', amount, currency, opened_at: made, created_at: made, updated_at: made }).execute()
            keep('dispute', id)
            break
          } else break
          case 'disputed': if (pick('dispute', which) !== undefined) await update('disputes', pick('dispute', which)!.id, { status: late ? 'won' : 'lost' }); break
          case 'invoice': keep('invoice', await invoice(db, late ? null : connection, { at: made, status: 'queued', currency, mode })); break
          case 'invoiced': if (pick('invoice', which) !== undefined) await update('invoices', pick('invoice', which)!.id, { status: ['issued', 'rejected', 'canceled'][status % 3], connection_id: connection }); break
          case 'call': keep('call', await call(db, connection, { at: made, outcome: late ? 'running' : 'refused', ms: late ? null : amount % 40_000, mode })); break
          case 'ended': if (pick('call', which) !== undefined) await update('operations', pick('call', which)!.id, { outcome: late ? 'succeeded' : 'unknown', duration_ms: amount % 40_000, finished_at: made }); break
          case 'move': keep('move', await moved(db, connection, { at: made, type: late ? 'fee' : 'payment', amount: late ? -amount : amount, fee: status < 4 ? null : status, currency, mode })); break
          case 'feed': if (pick('move', which) !== undefined) await update('balance_transactions', pick('move', which)!.id, { fee: status < 2 ? null : status, net: late ? amount : null }); break
          case 'hook': {
            const id = newUuid(made)
            await sql`select gate.store_hooks(${[tenant.uuid]}::uuid[], ${[connection]}::uuid[], ${[id]}::uuid[], ${[mode]}::text[], ${['stripe']}::text[], ${['verified']}::text[], ${['a']}::text[], ${[id]}::text[], ${['x']}::text[], ${['{}']}::text[], ${['u']}::text[], ${made})`.execute(db)
            keep('hook', id)
            break
          }
          case 'parked': if (pick('hook', which) !== undefined) await update('inbound_events', pick('hook', which)!.id, { status: ['parked', 'unmatched', 'processed', 'received'][status % 4] }); break
          case 'repeat': if (pick('hook', which) !== undefined) {
            const hook = pick('hook', which)!
            await sql`select gate.store_hooks(${[tenant.uuid]}::uuid[], ${[hook.connection]}::uuid[], ${[newUuid(made)]}::uuid[], ${[hook.mode]}::text[], ${['stripe']}::text[], ${['verified']}::text[], ${['a']}::text[], ${[hook.id]}::text[], ${['x']}::text[], ${['{}']}::text[], ${['u']}::text[], ${made})`.execute(db)
            break
          } else break
          case 'refuse': await sql`insert into inbound_refused_slots (tenant_id, connection_id, slot, mode, provider, refused) values (${tenant.uuid}, ${connection}, ${made}, ${mode}, 'stripe', 1)
            on conflict (tenant_id, connection_id, slot) do update set refused = inbound_refused_slots.refused + 1`.execute(db)
        }
      })
    }
    for (const [mode, interval, from, to] of [['test', 'day', at(0), at(7 * 24)], ['live', 'day', at(0), at(7 * 24)], ['test', 'hour', at(first), at(first + length)], ['test', 'day', at(first), at(first + length)]] as const) {
      await inHouse(tenant, async db => {
        const shown = await figures(db, { mode, from, to, subjects, interval })
        const expected = [...await counted(db, mode, from, to, interval === 'hour' ? hourMs : dayMs)].filter(([, sums]) => sums.some(sum => sum !== 0))
        t.same(new Map(shown.map(row => [keyOf(row), [row.count, row.amount, row.captured] as [number, number, number]])), new Map(expected))
      })
    }
  }), { numRuns: 60 })
  // What is left is added up, and nothing of it was added twice.
  const last = await house.tenant() // the last of the runs may have left nothing
  const connection = await connect(last)
  await inHouse(last, async db => await pay(db, connection, { at: at(1), amount: 1 }))
  const before = await sql<{ sum: string }>`select (select sum(count) from report_deltas) + (select sum(count) from report_figures where grain = 'day') as sum`.execute(house.database.owner)
  t.ok((await foldFigures(house.hub, new AbortController().signal)).folded > 0)
  t.same((await sql`select (select count(*) from report_deltas)::int as deltas, sum(count) as sum from report_figures where grain = 'day'`.execute(house.database.owner)).rows, [{ deltas: 0, ...before.rows[0] }])
  t.same((await sql`select grain from report_figures group by grain having sum(count) <> (select sum(count) from report_figures where grain = 'day')`.execute(house.database.owner)).rows, [], 'hours and days say the same')
})

t.test('two who add up at once add nothing twice, and a reader beside them always sees all', async t => {
  const tenant = await house.tenant()
  const connection = await connect(tenant)
  await inHouse(tenant, async db => {
    for (let n = 0; n < 200; n++) await pay(db, connection, { at: at(n % 48), amount: 1 })
  })
  const seen: number[] = []
  const read = async () => {
    for (let n = 0; n < 15; n++) seen.push((await inHouse(tenant, async db => await figures(db, { mode: 'test', from: at(0), to: at(48), subjects: ['payment'], interval: 'none' }))).reduce((sum, row) => sum + row.count, 0))
  }
  const fold = async () => { for (let n = 0; n < 15; n++) await foldDeltas(house.hub.db, 20) }
  await Promise.all([read(), fold(), fold(), read()])
  t.same([...new Set(seen)], [200])
})

t.test('percentiles are right to within a tenth', async t => {
  fc.assert(fc.property(fc.array(fc.integer({ min: 1, max: 60_000 }), { minLength: 1, maxLength: 200 }), durations => {
    const row = { at: at(0), subject: 'operation', connection_id: '', label: 'succeeded', detail: '', currency: '', captured: 0 }
    const rows = durations.map(ms => ({ ...row, bucket: Math.floor(4 * Math.log2(ms)), count: 1, amount: ms }))
    const sorted = durations.toSorted((a, b) => a - b)
    const latency = latencyOf(rows)
    for (const [share, said] of [[0.5, latency.p50_ms], [0.95, latency.p95_ms], [0.99, latency.p99_ms]] as const) {
      const exact = sorted[Math.ceil(share * sorted.length) - 1]!
      t.ok(Math.abs(said! - exact) <= Math.max(1, exact * 0.2), `${said} for ${exact}`)
    }
    t.equal(latency.mean_ms, Math.round(sorted.reduce((a, b) => a + b, 0) / sorted.length))
  }), { numRuns: 100 })
  t.same(latencyOf([]), { p50_ms: null, p95_ms: null, p99_ms: null, mean_ms: null })
})

t.test('a window is of full hours, and every step of it has its line', async t => {
  const now = new Date('2026-11-21T19:20:00Z')
  t.same(windowOf({}, now), { from: new Date('2026-10-23T00:00:00Z'), to: new Date('2026-11-21T20:00:00Z'), interval: 'day' })
  t.equal(stepsOf(windowOf({}, now)).length, 30)
  const hours = windowOf({ from: '2026-11-20T10:30:00Z', to: '2026-11-21T00:00:00Z' }, now)
  t.match(hours, { from: new Date('2026-11-20T10:00:00Z'), interval: 'hour' })
  t.equal(stepsOf(hours).length, 14)
  t.equal(stepsOf({ ...hours, interval: 'day' })[0]!.toISOString(), '2026-11-20T00:00:00.000Z')
  for (const [query, path] of [[{ from: '2026-11-22T00:00:00Z' }, 'from'], [{ from: '2024-01-01T00:00:00Z' }, 'from'], [{ from: '2026-10-01T00:00:00Z', interval: 'hour' as const }, 'from'], [{ to: '2026-06-30T23:59:60Z' }, 'to']] as const) {
    t.throws(() => windowOf(query, now), { errors: [{ path }] }, JSON.stringify(query))
  }
})

// --- over HTTP ----------------------------------------------------------------------------------------------------------

const ask = async (key: string, path: string) => await house.ask('GET', path, { key })
const file = async (key: string, path: string) => await house.app.inject({ method: 'GET', url: path, headers: { authorization: `Bearer ${key}`, 'accept-language': 'es' } })
const all = 'created_from=2026-11-01T00:00:00Z&created_to=2026-12-31T00:00:00Z'

t.test('a shop’s money: told and expected fees, refunds, totals; pages and files say the same', async t => {
  const tenant = await house.tenant()
  const { key } = await house.key(tenant)
  const [stripe, wompi] = [await connect(tenant), await connect(tenant, 'test', 'wompi')]
  const put = async (connection: string, costs: object[]) => await house.ask('PUT', `/v1/connections/${publicId('connection', connection)}/costs`, { key, body: { costs } })
  t.match((await put(wompi, [{ currency: 'COP', percent: '2.65', fixed: 70_000, vat_percent: '19' }, { currency: 'COP', percent: '0', fixed: 50_000, method: 'pse', from: '2026-11-10' }])).body, {
    object: 'connection_costs', costs: [{ kind: 'payment', currency: 'COP', method: 'pse', from: '2026-11-10', percent: '0', fixed: 50_000, vat_percent: '0' }, { method: null, from: null, percent: '2.65', fixed: 70_000, vat_percent: '19' }]
  })
  const [told, unknown, carded, transfer] = await inHouse(tenant, async db => {
    const paid = [
      await pay(db, stripe, { at: at(1), amount: 19_900, reference: 'A-1', description: '=HYPERLINK("x")' }), await pay(db, stripe, { at: at(2), amount: 5000 }),
      await pay(db, wompi, { at: at(3), amount: 1_000_001, currency: 'COP' }), await pay(db, wompi, { at: at(4), amount: 2_000_000, currency: 'COP', method: 'pse' })
    ] as const
    await pay(db, wompi, { at: at(5), amount: 700_000, currency: 'COP', status: 'requires_payment_method', declined: true })
    await moved(db, stripe, { at: at(1), amount: 19_900, fee: 716, net: 19_184, payment: paid[0] })
    await moved(db, stripe, { at: at(30), type: 'refund', amount: -900, fee: 0, payment: paid[0] })
    await moved(db, stripe, { at: at(31), type: 'fee', amount: -250, fee: 0, net: -250 })
    await giveBack(db, stripe, paid[0], { at: at(30), amount: 900 })
    await giveBack(db, stripe, paid[0], { at: at(30.5), amount: 100, status: 'failed' })
    return paid
  })
  // 2.65 % of 10,000.01 COP is 265.00, and 700 fixed; 19 % of that on top.
  const expected = Math.round(1_000_001 * 0.0265) + 70_000
  const vat = Math.round(expected * 0.19)

  const { body } = await ask(key, `/v1/reports/transactions?${all}`)
  t.same(body.data.map((row: any) => [row.type, row.status, row.amount, row.captured, row.refunded, row.fee, row.fee_source, row.net, row.method]), [
    ['refund', 'failed', 100, 0, 0, null, null, 0, 'card'],
    ['refund', 'succeeded', 900, 0, 900, null, null, -900, 'card'],
    ['payment', 'requires_payment_method', 700_000, 0, 0, null, null, 0, 'card'],
    ['payment', 'succeeded', 2_000_000, 2_000_000, 0, 50_000, 'expected', 1_950_000, 'pse'],
    ['payment', 'succeeded', 1_000_001, 1_000_001, 0, expected + vat, 'expected', 1_000_001 - expected - vat, 'card'],
    ['payment', 'succeeded', 5000, 5000, 0, null, null, 5000, 'card'],
    ['payment', 'succeeded', 19_900, 19_900, 0, 716, 'provider', 19_184, 'card']
  ])
  t.match(body.data.at(-1), { id: publicId('payment', told), payment: publicId('payment', told), provider: 'stripe', connection: publicId('connection', stripe), reference: 'A-1', invoice: null, disputed: false, created_at: '2026-11-10T01:00:00.000Z' })
  const cop = { currency: 'COP', payments: 3, amount: 3_700_001, captured: 3_000_001, refunds: 0, refunded: 0, fees: 50_000 + expected + vat, net: 3_000_001 - 50_000 - expected - vat }
  const mxn = { currency: 'MXN', payments: 2, amount: 24_900, captured: 24_900, refunds: 2, refunded: 900, fees: 716, net: 23_284 }
  t.same(body.totals, [cop, mxn])
  t.equal(body.next_cursor, null)

  t.test('pages join, and only the first has totals', async t => {
    const rows: any[] = []
    let cursor = ''
    for (let page = 0; page < 10; page++) {
      const answer = (await ask(key, `/v1/reports/transactions?${all}&limit=2${cursor}`)).body
      rows.push(...answer.data)
      t.equal(answer.totals === null, page > 0)
      if (answer.next_cursor === null) break
      cursor = `&cursor=${answer.next_cursor}`
    }
    t.same(rows, body.data)
    t.equal((await ask(key, `/v1/reports/transactions?cursor=${publicId('connection', stripe)}`)).status, 400)
  })

  t.test('files: every row, and the same totals', async t => {
    t.same(JSON.parse((await file(key, `/v1/reports/transactions?${all}&download=true`)).body), { data: body.data, totals: body.totals })
    const csv = await file(key, `/v1/reports/transactions?${all}&format=csv`)
    t.match(csv.headers, { 'content-type': /text\/csv/, 'content-disposition': /filename="transactions-test-\d{4}-\d\d-\d\d.csv"/ })
    const [names, ...records] = readCsv(csv.body)
    const column = (name: string) => records.map(record => record[names!.indexOf(name)])
    t.same(column('id'), body.data.map(({ id }: { id: string }) => id))
    t.same(column('amount_decimal').slice(-2), ['50.00', '199.00'])
    t.same(column('net'), body.data.map(({ net }: { net: number | null }) => net === null ? '' : String(net)))
    t.equal(column('description').at(-1), '\'=HYPERLINK("x")', 'what a buyer wrote is no formula')
    const xlsx = await file(key, `/v1/reports/transactions?${all}&format=xlsx`)
    const [sheet, totals] = await readXlsx(xlsx.rawPayload)
    t.equal(sheet!.name, 'Transacciones')
    t.equal(sheet!.rows.length, 8)
    t.same(totals!.rows[0]?.slice(0, 4), ['Moneda', 'Cobros', 'Importe (unidades mínimas)', 'Importe'])
    t.same(totals!.rows.slice(1).map(row => [row[0], row[1], row[2], row[3], row.at(-2)]), [['COP', 3, 3_700_001, 37_000.01, cop.net], ['MXN', 2, 24_900, 249, mxn.net]])
  })

  t.test('filters narrow rows and totals alike', async t => {
    for (const [query, ids] of [
      ['type=refund&status=succeeded', ['ref']], ['method=pse', [transfer]], [`connection=${publicId('connection', wompi)}&status=succeeded`, [transfer, carded]], ['currency=MXN&type=payment', [unknown, told]],
      ['reference=A-1&type=payment', [told]], ['provider=wompi', []], [`connection=${publicId('connection', randomUUID())}`, []]
    ] as const) {
      const answer = (await ask(key, `/v1/reports/transactions?${all}&${query}`)).body
      if (ids[0] === 'ref') t.match(answer.data, [{ type: 'refund', status: 'succeeded' }], query)
      else t.same(answer.data.map(({ id }: { id: string }) => id), ids.map(id => publicId('payment', id)), query)
      t.same(JSON.parse((await file(key, `/v1/reports/transactions?${all}&${query}&download=true`)).body), { data: answer.data, totals: answer.totals }, `${query}: what the database sums, and what the rows do`)
    }
    t.same((await ask(key, '/v1/reports/transactions?created_from=2026-11-11T00:00:00Z&created_to=2026-11-12T00:00:00Z')).body.totals, [{ currency: 'MXN', payments: 0, amount: 0, captured: 0, refunds: 2, refunded: 900, fees: 0, net: -900 }])
  })

  t.test('fees: told, expected, adjustments, and of which nobody knows', async t => {
    const pac = await connect(tenant, 'test', 'finkok')
    t.equal((await put(pac, [{ kind: 'document', currency: 'MXN', fixed: 150, vat_percent: '16' }])).status, 200)
    await inHouse(tenant, async db => {
      await invoice(db, pac, { at: at(40), number: '1' })
      await invoice(db, pac, { at: at(41), status: 'rejected', number: '2' })
    })
    const { body } = await ask(key, `/v1/reports/fees?${all}`)
    t.same(body.data.map((row: any) => [row.kind, row.type, row.amount, row.fee, row.vat, row.currency, row.source, row.expected]), [
      ['document', 'invoice', null, 174, 24, 'MXN', 'expected', 174],
      ['adjustment', 'fee', -250, 250, null, 'MXN', 'provider', null],
      ['payment', 'pse', 2_000_000, 50_000, 0, 'COP', 'expected', 50_000],
      ['payment', 'card', 1_000_001, expected + vat, vat, 'COP', 'expected', expected + vat],
      ['payment', 'card', 5000, null, null, null, 'none', null],
      ['payment', 'card', 19_900, 716, null, 'MXN', 'provider', null]
    ])
    t.same(body.totals, [
      { currency: 'COP', told: 0, expected: 50_000 + expected + vat, vat, adjustments: 0, documents: 0, total: 50_000 + expected + vat, unknown: 0 },
      { currency: 'MXN', told: 716, expected: 0, vat: 24, adjustments: 250, documents: 174, total: 1140, unknown: 1 }
    ])
    for (const query of ['', 'kind=payment', 'source=provider', 'source=expected', 'source=none', 'kind=document', 'kind=adjustment&currency=MXN', 'currency=COP']) {
      const page = (await ask(key, `/v1/reports/fees?${all}&${query}`)).body
      t.same(JSON.parse((await file(key, `/v1/reports/fees?${all}&${query}&download=true`)).body), { data: page.data, totals: page.totals }, query)
      t.ok(page.data.length > 0, query)
    }
    t.equal(readCsv((await file(key, `/v1/reports/fees?${all}&format=csv`)).body).length, 7)
    t.equal((await readXlsx((await file(key, `/v1/reports/fees?${all}&format=xlsx`)).rawPayload))[0]!.rows.length, 7)
    const [first] = (await ask(key, `/v1/reports/fees?${all}&limit=3`)).body.data
    t.equal((await ask(key, `/v1/reports/fees?${all}&limit=3&cursor=${first.id}`)).body.data.length, 3, 'a cursor of any kind of row')
    t.equal((await house.ask('GET', `/v1/connections/${publicId('connection', pac)}/costs`, { key })).body.costs.length, 1)
  })

  t.test('the dashboard says it in figures', async t => {
    await inHouse(tenant, async db => {
      for (const ms of [100, 100, 100, 900]) await call(db, stripe, { ms })
      await call(db, stripe, { kind: 'issue', outcome: 'refused', ms: 5000 })
    })
    const { body } = await ask(key, '/v1/dashboard?from=2026-11-10T00:00:00Z&to=2026-11-12T00:00:00Z&interval=day')
    t.match(body, {
      mode: 'test', interval: 'day',
      payments: { total: 5, by_status: { requires_payment_method: 1, succeeded: 4 }, declined: 1, success_rate: 0.8 },
      volume: [{ currency: 'COP', payments: 2, captured: 3_000_001, refunds: 0 }, { currency: 'MXN', payments: 2, captured: 24_900, refunds: 1, refunded: 900, net: 24_000, disputes: 0 }],
      methods: [{ method: 'card', currency: 'COP', payments: 1, success_rate: 0.5 }, { method: 'card', currency: 'MXN' }, { method: 'pse', payments: 1, captured: 2_000_000 }],
      stamping: { stamped: 1, rejected: 1, canceled: 0, waiting: 0, calls: 1, errors: 1, error_rate: 1 },
      fees: [{ currency: 'COP', told: 0, expected: 50_000 + expected + vat }, { currency: 'MXN', told: 966, expected: 0, documents: 174 }],
      alerts: { open: 0, critical: 0, acknowledged: 0 }
    })
    const mine = body.connections.find(({ connection }: { connection: string }) => connection === publicId('connection', stripe))
    t.match(mine, { provider: 'stripe', label: 'My stripe', payments: 2, success_rate: 1, calls: 5, errors: 1, latency: { mean_ms: 1240 } })
    t.same(body.series.map((line: any) => [line.at, line.payments, line.succeeded, line.failed, line.stamped]), [['2026-11-10T00:00:00.000Z', 5, 4, 1, 0], ['2026-11-11T00:00:00.000Z', 0, 0, 0, 1]])
    t.match((await ask(key, `/v1/dashboard?from=2026-11-10T00:00:00Z&to=2026-11-12T00:00:00Z&connection=${publicId('connection', wompi)}`)).body, { interval: 'hour', payments: { total: 3 }, connections: [{ provider: 'wompi' }] })
    t.same((await ask(key, '/v1/dashboard?from=2026-10-01T00:00:00Z&to=2026-10-02T00:00:00Z')).body.payments, { total: 0, by_status: {}, declined: 0, success_rate: null })
  })

  t.test('another tenant, another mode, another scope', async t => {
    const [stranger, live, poor] = [await house.key(await house.tenant()), await house.key(tenant, undefined, 'live'), await house.key(tenant, ['payments:read', 'connections:write'])]
    for (const path of [`transactions?${all}`, `fees?${all}`, `invoices?${all}`]) {
      for (const { key } of [stranger, live]) {
        t.same((await ask(key, `/v1/reports/${path}`)).body, { data: [], totals: [], next_cursor: null })
        t.equal(readCsv((await file(key, `/v1/reports/${path}&format=csv`)).body).length, 1)
      }
      t.equal((await ask(poor.key, `/v1/reports/${path}`)).status, 403)
    }
    const id = publicId('connection', stripe)
    for (const { key } of [stranger, live]) {
      t.match((await ask(key, '/v1/dashboard')).body, { payments: { total: 0 }, volume: [], connections: [] })
      for (const path of [`/v1/dashboard?connection=${id}`, `/v1/connections/${id}/figures`, `/v1/connections/${id}/costs`]) t.equal((await ask(key, path)).status, 404, path)
      t.equal((await house.ask('PUT', `/v1/connections/${id}/costs`, { key, body: { costs: [] } })).status, 404)
    }
    t.equal((await ask(poor.key, '/v1/dashboard')).status, 403)
    t.equal((await ask((await house.key(tenant, ['reports:read'])).key, '/v1/dashboard')).status, 200)
  })

  t.test('costs that make no sense change nothing, and who changed them is written down', async t => {
    for (const [costs, path] of [
      [[{ currency: 'XXX' }], 'costs.0.currency'], [[{ currency: 'MXN' }, { currency: 'MXN' }], 'costs.1'], [[{ kind: 'document', currency: 'MXN', percent: '1' }], 'costs.0.percent'],
      [[{ kind: 'document', currency: 'MXN', method: 'card' }], 'costs.0.method']
    ] as const) {
      const answer = await put(wompi, [...costs])
      t.match(answer, { status: 400, body: { errors: [{ path }] } }, path)
    }
    t.equal((await put(wompi, [{ currency: 'MXN', percent: '101' }])).status, 400)
    t.equal((await ask(key, `/v1/connections/${publicId('connection', wompi)}/costs`)).body.costs.length, 2)
    const lines = await house.database.owner.selectFrom('audit_log').select(['action', 'detail']).where('tenant_id', '=', tenant.uuid).where('action', '=', 'connection.costs_changed').orderBy('id').execute()
    t.match(lines[0], { detail: { costs: [{ currency: 'COP', method: 'pse' }, { percent: '2.65' }] } })
  })
})

t.test('invoices: stamped or not, with what the authority says, and their totals', async t => {
  const tenant = await house.tenant()
  const { key } = await house.key(tenant)
  const pac = await connect(tenant, 'test', 'finkok')
  const uuid = randomUUID().toUpperCase()
  await inHouse(tenant, async db => {
    await invoice(db, pac, { at: at(1), number: '1', fiscalId: uuid, total: '116.005000' })
    await invoice(db, pac, { at: at(2), number: '2', status: 'rejected' })
    await invoice(db, pac, { at: at(3), number: '3', status: 'canceled', total: '58.00' })
    await invoice(db, pac, { at: at(4), number: '4', kind: 'credit_note', total: '20.00', delegated: true })
    await invoice(db, null, { at: at(5), status: 'draft', country: 'EC', currency: 'USD', total: '10.00', series: '001-001' })
  })
  const { body } = await ask(key, `/v1/reports/invoices?${all}`)
  t.match(body.data, [
    { country: 'EC', status: 'draft', stamped: false, currency: 'USD', amount: 1000, connection: null, issued_at: null },
    { kind: 'credit_note', customer_tax_id: null, amount: 2000 },
    { status: 'canceled', stamped: true, amount: 5800 },
    { status: 'rejected', stamped: false, authority_code: 'CFDI40145', authority_message: 'El nombre no corresponde' },
    { status: 'issued', stamped: true, fiscal_id: uuid, series: 'A', number: '1', customer_tax_id: 'IVD920810GU2', amount: 11_600, stamped_at: '2026-11-10T01:00:00.000Z', connection: publicId('connection', pac) }
  ])
  t.same(body.totals, [
    { currency: 'MXN', kind: 'credit_note', stamped: 1, stamped_amount: 2000, unstamped: 0, unstamped_amount: 0, canceled: 0, canceled_amount: 0 },
    { currency: 'MXN', kind: 'invoice', stamped: 1, stamped_amount: 11_600, unstamped: 1, unstamped_amount: 11_600, canceled: 1, canceled_amount: 5800 },
    { currency: 'USD', kind: 'invoice', stamped: 0, stamped_amount: 0, unstamped: 1, unstamped_amount: 1000, canceled: 0, canceled_amount: 0 }
  ])
  for (const [query, count] of [['stamped=true', 3], ['stamped=false', 2], ['status=canceled', 1], ['country=EC', 1], ['kind=credit_note', 1], ['series=001-001', 1], ['currency=USD', 1], [`connection=${publicId('connection', pac)}`, 4], ['customer_tax_id=IVD920810GU2&status=issued&kind=invoice', 1]] as const) {
    const page = (await ask(key, `/v1/reports/invoices?${all}&${query}`)).body
    t.equal(page.data.length, count, query)
    t.same(JSON.parse((await file(key, `/v1/reports/invoices?${all}&${query}&download=true`)).body), { data: page.data, totals: page.totals }, query)
  }
  const [sheet] = await readXlsx((await file(key, `/v1/reports/invoices?${all}&format=xlsx`)).rawPayload)
  t.same([sheet!.name, sheet!.rows.length, sheet!.rows.at(-1)!.includes(uuid)], ['Facturas', 6, true])
})

t.test('a connection over time: accepted, refused, repeated and parked webhooks by the hour', async t => {
  const tenant = await house.tenant()
  const { key } = await house.key(tenant)
  const connection = await connect(tenant)
  const hook = async (moment: Date, dedupe: string) => await sql`
    select gate.store_hooks(${[tenant.uuid]}::uuid[], ${[connection]}::uuid[], ${[newUuid(moment)]}::uuid[], ${['test']}::text[], ${['stripe']}::text[], ${['verified']}::text[], ${['a']}::text[], ${[dedupe]}::text[], ${['x']}::text[], ${['{}']}::text[], ${['u']}::text[], ${moment})`.execute(house.hub.db)
  for (const [hours, dedupe] of [[1.1, 'a'], [1.2, 'b'], [1.3, 'c'], [1.5, 'a'], [3.2, 'd'], [9, 'd']] as const) await hook(at(hours), dedupe)
  await inHouse(tenant, async db => {
    await db.updateTable('inbound_events').set({ status: 'parked' }).where('tenant_id', '=', tenant.uuid).where('id', '>=', uuidAt(at(3))).execute()
    await sql`insert into inbound_refused_slots (tenant_id, connection_id, slot, mode, provider, refused) values (${tenant.uuid}, ${connection}, ${at(2)}, 'test', 'stripe', 7)`.execute(db)
    await call(db, connection, { at: at(2.5), ms: 1000 })
  })
  const path = `/v1/connections/${publicId('connection', connection)}/figures?from=2026-11-10T01:00:00Z&to=2026-11-10T04:00:00Z`
  const show = async () => (await ask(key, path)).body.series.map((line: any) => [line.at.slice(11, 13), line.accepted, line.duplicates, line.refused, line.parked, line.calls, line.errors])
  const expected = [['01', 3, 1, 0, 0, 0, 0], ['02', 0, 0, 7, 0, 1, 0], ['03', 1, 1, 0, 1, 0, 0]]
  t.same(await show(), expected)
  await foldFigures(house.hub, new AbortController().signal)
  t.same(await show(), expected, 'the same when it was added up')
  t.match((await ask(key, '/v1/dashboard?from=2026-11-10T00:00:00Z&to=2026-11-11T00:00:00Z')).body.webhooks, { accepted: 4, duplicates: 2, refused: 7, parked: 1, unmatched: 0 })
})

t.test('migrating counts what is there already', async t => {
  const { owner } = house.database
  const day = async () => (await sql`select tenant_id, mode, subject, at, connection_id, label, detail, currency, bucket, count, amount, captured from report_figures
    where grain = 'day' and (count <> 0 or amount <> 0) order by 1, 2, 3, 4, 5, 6, 7, 8, 9`.execute(owner)).rows
  await foldFigures(house.hub, new AbortController().signal)
  const before = await day()
  t.ok(before.length > 50)
  const { up } = await import('../../migrations/0035_reports.ts')
  const undo = new Error('undo')
  await owner.transaction().execute(async db => {
    await sql`drop table report_deltas, report_figures, connection_costs`.execute(db)
    await sql`do $$ declare f record; begin for f in select p.oid::regprocedure as name from pg_proc p where p.pronamespace = 'app'::regnamespace and (p.proname like 'counted\\_%' or p.proname like 'recounted\\_%') loop execute 'drop function ' || f.name || ' cascade'; end loop; end $$`.execute(db)
    await sql`drop function gate.fold_report_deltas(integer); drop index invoices_in_order, refunds_in_order`.execute(db)
    await up(db as never)
    const after = (await sql`select tenant_id, mode, subject, at, connection_id, label, detail, currency, bucket, count, amount, captured from report_figures where grain = 'day' order by 1, 2, 3, 4, 5, 6, 7, 8, 9`.execute(db)).rows
    t.same(after, before)
    throw undo
  }).catch((error: unknown) => { if (error !== undo) throw error })
})
