import type { Access } from '../access/principal.ts'
import { inTenant } from '../db/in-tenant.ts'
import { HubError } from '../errors.ts'
import type { Hub } from '../hub.ts'
import { publicId, uuidOf } from '../ids.ts'
import { type InvoiceStatus, isStamped } from '../invoices/machine.ts'
import { documentCosts, ended, expectedFees, isError, latencyOf, rate, statusOf, stepsOf, successRate, sum, tookMoney, type Window, windowOf } from './figures.ts'
import * as queries from './queries.ts'
import type { FigureRow } from './queries.ts'
import type { ConnectionFigures, Dashboard, DashboardQuery, FiguresQuery } from './schema.ts'

const nobody = '00000000-0000-0000-0000-000000000000'

/** Calls that ask for a document; the others are about money, or about the account. */
const stampingCalls: ReadonlySet<string> = new Set(['issue', 'credit_note', 'payment_receipt', 'self_invoice', 'register_sale', 'global_invoice', 'submit_records'])

/** How a tenant's mode does, in a time: from figures that are kept per hour and day, so it costs the same however much there is. */
export async function dashboard (hub: Pick<Hub, 'db' | 'now'>, access: Access, query: DashboardQuery): Promise<Dashboard> {
  const window = windowOf(query, hub.now())
  const only = query.connection === undefined ? {} : { connectionId: uuidOf('connection', query.connection) }
  const read = await inTenant(hub.db, access.tenantId, async db => {
    if (only.connectionId !== undefined && (await queries.findConnection(db, only.connectionId))?.mode !== access.mode) throw new HubError('not_found')
    const common = { mode: access.mode, ...window, ...only }
    return {
      rows: await queries.figures(db, { ...common, subjects: ['payment', 'refund', 'dispute', 'invoice', 'fee', 'webhook'] }),
      calls: await queries.figures(db, { ...common, subjects: ['operation'], interval: 'none' }),
      costs: await queries.listCosts(db, only.connectionId),
      connections: await queries.nameConnections(db, access.mode),
      alerts: await queries.countAlerts(db, access.mode)
    }
  }, { accessMode: 'read only' })
  const { rows, calls, costs } = read
  const of = (subject: string) => rows.filter(row => row.subject === subject)
  const payments = of('payment')
  const invoices = of('invoice')
  return {
    object: 'dashboard',
    mode: access.mode,
    from: window.from.toISOString(),
    to: window.to.toISOString(),
    interval: window.interval,
    payments: { total: sum(payments), by_status: countsBy(payments, statusOf), declined: ended(payments).declined, success_rate: successRate(payments) },
    volume: volumeOf(payments, of('refund'), of('dispute')),
    methods: byMethod(payments),
    connections: byConnection(payments, calls, only.connectionId === undefined ? read.connections : read.connections.filter(({ id }) => id === only.connectionId)),
    stamping: stampingOf(invoices, calls.filter(row => stampingCalls.has(row.detail))),
    fees: feesOf(of('fee'), expectedFees(payments, costs), documentCosts(invoices.filter(wasStamped), costs)),
    webhooks: webhooksOf(of('webhook')),
    alerts: read.alerts,
    series: seriesOf(window, rows)
  }
}

const wasStamped = (row: FigureRow): boolean => isStamped(row.label as InvoiceStatus)

function countsBy (rows: readonly FigureRow[], keyOf: (row: FigureRow) => string): Record<string, number> {
  return Object.fromEntries([...Map.groupBy(rows, keyOf)].map(([key, group]) => [key, sum(group)] as const).sort(([a], [b]) => a < b ? -1 : 1))
}

function volumeOf (payments: readonly FigureRow[], refunds: readonly FigureRow[], disputes: readonly FigureRow[]): Dashboard['volume'] {
  const currencies = [...new Set([...payments, ...refunds, ...disputes].map(({ currency }) => currency))].sort()
  return currencies.map(currency => {
    const mine = (rows: readonly FigureRow[]) => rows.filter(row => row.currency === currency)
    const back = mine(refunds).filter(({ label }) => label === 'succeeded')
    const [captured, refunded] = [sum(mine(payments), 'captured'), sum(back, 'amount')]
    return { currency, payments: sum(mine(payments).filter(tookMoney)), captured, refunds: sum(back), refunded, net: captured - refunded, disputes: sum(mine(disputes)), disputed: sum(mine(disputes), 'amount') }
  })
}

function byMethod (payments: readonly FigureRow[]): Dashboard['methods'] {
  return [...Map.groupBy(payments, row => `${row.detail} ${row.currency}`)].sort(([a], [b]) => a < b ? -1 : 1).map(([, rows]) => ({
    method: rows[0]!.detail === '' ? null : rows[0]!.detail, currency: rows[0]!.currency, payments: sum(rows.filter(tookMoney)), captured: sum(rows, 'captured'), success_rate: successRate(rows)
  }))
}

function byConnection (payments: readonly FigureRow[], calls: readonly FigureRow[], connections: readonly { id: string, provider: string, label: string }[]): Dashboard['connections'] {
  const seen = new Set([...payments, ...calls].map(row => row.connection_id))
  return connections.filter(({ id }) => seen.has(id)).sort((a, b) => a.id < b.id ? -1 : 1).map(({ id, provider, label }) => {
    const [paid, called] = [payments.filter(row => row.connection_id === id), calls.filter(row => row.connection_id === id)]
    return { connection: publicId('connection', id), provider, label, payments: sum(paid), success_rate: successRate(paid), calls: sum(called), errors: sum(called.filter(isError)), latency: latencyOf(called) }
  })
}

function stampingOf (invoices: readonly FigureRow[], calls: readonly FigureRow[]): Dashboard['stamping'] {
  const of = (...statuses: string[]) => sum(invoices.filter(({ label }) => statuses.includes(label)))
  const [stamped, canceled, rejected] = [sum(invoices.filter(wasStamped)) - of('canceled'), of('canceled'), of('rejected')]
  const [total, errors] = [sum(calls), sum(calls.filter(isError))]
  return { stamped, rejected, canceled, waiting: sum(invoices) - stamped - rejected - canceled, calls: total, errors, error_rate: rate(errors, total) }
}

function feesOf (told: readonly FigureRow[], expected: ReadonlyMap<string, number>, documents: ReadonlyMap<string, number>): Dashboard['fees'] {
  const currencies = [...new Set([...told.map(({ currency }) => currency), ...expected.keys(), ...documents.keys()])].sort()
  return currencies.map(currency => ({ currency, told: sum(told.filter(row => row.currency === currency), 'amount'), expected: expected.get(currency) ?? 0, documents: documents.get(currency) ?? 0 }))
}

function webhooksOf (rows: readonly FigureRow[]): Dashboard['webhooks'] {
  const of = (label: string) => sum(rows.filter(row => row.label === label))
  return { accepted: of('accepted'), duplicates: of('duplicate'), refused: of('refused'), parked: of('parked'), unmatched: of('unmatched') }
}

/** Each step with its rows, and the empty ones too. */
function stepped<Line> (window: Window, rows: readonly FigureRow[], show: (at: Date, rows: readonly FigureRow[]) => Line): Line[] {
  const groups = Map.groupBy(rows, ({ at }) => at.getTime())
  return stepsOf(window).map(at => show(at, groups.get(at.getTime()) ?? []))
}

function seriesOf (window: Window, rows: readonly FigureRow[]): Dashboard['series'] {
  return stepped(window, rows, (at, all) => {
    const of = (subject: string) => all.filter(row => row.subject === subject)
    const [payments, invoices] = [of('payment'), of('invoice')]
    const { succeeded, failed, declined } = ended(payments)
    return {
      at: at.toISOString(),
      payments: sum(payments),
      succeeded,
      failed: failed + declined,
      stamped: sum(invoices.filter(row => wasStamped(row) && row.label !== 'canceled')),
      rejected: sum(invoices.filter(({ label }) => label === 'rejected')),
      volume: volumeOf(payments, of('refund'), []).map(({ currency, captured, refunded }) => ({ currency, captured, refunded }))
    }
  })
}

/** One connection over time: its webhooks, and its calls. Throws `not_found` where it is another tenant's, or of the other mode. */
export async function connectionFigures (hub: Pick<Hub, 'db' | 'now'>, access: Access, publicConnectionId: string, query: FiguresQuery): Promise<ConnectionFigures> {
  const window = windowOf(query, hub.now())
  const connectionId = uuidOf('connection', publicConnectionId)
  const rows = await inTenant(hub.db, access.tenantId, async db => {
    if (connectionId === nobody || (await queries.findConnection(db, connectionId))?.mode !== access.mode) throw new HubError('not_found')
    return await queries.figures(db, { mode: access.mode, ...window, subjects: ['webhook', 'operation'], connectionId })
  }, { accessMode: 'read only' })
  return {
    object: 'connection_figures',
    connection: publicConnectionId,
    from: window.from.toISOString(),
    to: window.to.toISOString(),
    interval: window.interval,
    series: stepped(window, rows, (at, all) => {
      const calls = all.filter(({ subject }) => subject === 'operation')
      const { p50_ms, p95_ms } = latencyOf(calls)
      return { at: at.toISOString(), ...webhooksOf(all.filter(({ subject }) => subject === 'webhook')), calls: sum(calls), errors: sum(calls.filter(isError)), p50_ms, p95_ms }
    })
  }
}
