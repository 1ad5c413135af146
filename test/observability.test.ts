/** What is shown and what wakes somebody is made of metrics that exist; and no metric grows with the number of tenants. */
import { readFileSync } from 'node:fs'
import path from 'node:path'
import t from 'tap'
import { parse } from 'yaml'
import { operationNames } from '../core/adapter/manifest.ts'
import { createMetrics } from '../core/metrics.ts'
import { registerGauges } from '../core/start-gauges.ts'
import { metrics as metricsPlugin } from '../plugins/metrics.ts'
import { adapters } from '../adapters/index.ts'
import { buildWorkerApp } from '../core/app.ts'
import { testApp } from './support/app.ts'
import { httpApp } from './support/http-app.ts'
import { type Query, readQuery } from './support/promql.ts'

const ops = path.join(import.meta.dirname, '../ops')
const read = (file: string) => readFileSync(path.join(ops, file), 'utf8')

interface Panel { title: string, type: string, gridPos: { x: number, y: number, w: number, h: number }, targets?: { expr: string, legendFormat?: string }[] }
interface Rule { alert: string, expr: string, for?: string, labels: { severity: string }, annotations: { summary: string } }
const dashboard = JSON.parse(read('grafana/pasarela.json')) as { panels: Panel[] }
const rules = (parse(read('prometheus/alerts.yml')) as { groups: { rules: Rule[] }[] }).groups.flatMap(group => group.rules)

/** Of every metric, the labels it may have. */
async function exported (t: Parameters<typeof httpApp>[0]): Promise<Map<string, Set<string>>> {
  const made = createMetrics()
  registerGauges({ hub: { metrics: made } as never, pool: {} as never, queues: {} as never })
  const app = await httpApp(t)
  await app.register(metricsPlugin, { metrics: made })
  return new Map(made.registry.getMetricsAsArray().flatMap(metric => {
    const { name, labelNames = [], type } = metric as unknown as { name: string, labelNames: string[], type: string }
    const labels = new Set([...labelNames, 'instance', 'job'])
    return type === 'histogram' ? [`${name}_bucket`, `${name}_sum`, `${name}_count`].map(part => [part, new Set([...labels, 'le'])] as const) : [[name, labels] as const]
  }))
}

t.test('the dashboard and the rules can be read, and use only what is exported', async t => {
  const known = await exported(t)
  known.set('up', new Set(['instance', 'job'])) // Prometheus' own
  const check = (where: string, expr: string): Query => {
    const query = readQuery(expr)
    for (const { metric, labels } of query.selectors) {
      t.ok(known.has(metric), `${where}: ${metric} is exported`)
      t.same(labels.filter(label => known.get(metric)?.has(label) !== true), [], `${where}: labels of ${metric}`)
    }
    t.same(query.grouped.filter(label => !query.selectors.some(({ metric }) => known.get(metric)?.has(label))), [], `${where}: grouped by what is there`)
    return query
  }
  for (const { title, targets = [] } of dashboard.panels) {
    for (const { expr, legendFormat = '' } of targets) {
      const { grouped, selectors } = check(title, expr)
      for (const [, label] of legendFormat.matchAll(/\{\{(\w+)\}\}/g)) t.ok(grouped.includes(label!) || (grouped.length === 0 && known.get(selectors[0]!.metric)?.has(label!)), `${title}: ${label} is left to be shown`)
    }
  }
  for (const { alert, expr, labels, annotations, for: lasting = '1m' } of rules) {
    const { grouped, selectors } = check(alert, expr)
    t.match(alert, /^Pasarela[A-Z]\w+$/)
    t.match(lasting, /^\d+[smh]$/)
    t.ok(['warning', 'critical'].includes(labels.severity), alert)
    for (const [, label] of annotations.summary.matchAll(/\$labels\.(\w+)/g)) t.ok(grouped.includes(label!) || known.get(selectors[0]!.metric)?.has(label!), `${alert}: ${label}`)
  }
  t.equal(new Set(rules.map(rule => rule.alert)).size, rules.length)
  const used = new Set([...dashboard.panels.flatMap(({ targets = [] }) => targets), ...rules].flatMap(({ expr }) => readQuery(expr).selectors.map(({ metric }) => metric.replace(/_(bucket|sum|count)$/, ''))))
  t.same([...known.keys()].map(name => name.replace(/_(bucket|sum|count)$/, '')).filter(name => name.startsWith('pasarela_') && !used.has(name)), [], 'and what is exported is looked at')
  for (const text of ['sum(', 'rate(x[5m]', 'x{a=b}', 'x[5]', 'frobnicate(x)', 'x y', 'sum by (a (x)', 'x{a=~"("}']) t.throws(() => readQuery(text), text)
})

t.test('panels stand side by side and not on each other', async t => {
  const places = dashboard.panels.map(({ gridPos }) => gridPos)
  const overlap = places.filter((one, n) => places.some((other, m) => m > n && one.x < other.x + other.w && other.x < one.x + one.w && one.y < other.y + other.h && other.y < one.y + one.h))
  t.same(overlap, [])
  t.same(places.filter(({ x, w }) => x + w > 24), [])
})

t.test('what a process tells: every gauge answers, and no tenant is in it', async t => {
  const house = await testApp(t)
  registerGauges({ hub: house.hub, pool: house.database.pool, queues: house.queues })
  const shops = [await house.tenant(), await house.tenant()]
  const ids = [...shops.flatMap(({ id, uuid, connection }) => [id, uuid, connection])]
  for (const { client } of shops) {
    const { body } = await client('POST', '/v1/payments', { body: { amount: 100, currency: 'MXN', method: { type: 'card', token: 'pm_card_visa' }, reference: 'order-1' } })
    ids.push(body.id)
    await client('GET', `/v1/payments/${body.id}`)
  }
  await house.quiet()
  const { text } = await house.ask('GET', '/metrics', { key: house.platformKey })
  const samples = text.split('\n').filter(line => line !== '' && !line.startsWith('#'))
  for (const name of ['pasarela_build_info', 'pasarela_work_due', 'pasarela_queue_jobs', 'pasarela_db_pool_connections', 'pasarela_db_pool_waiting', 'pasarela_deliveries_due', 'pasarela_operations_total', 'pasarela_inbound_total', 'pasarela_jobs_total', 'pasarela_http_request_seconds_count']) {
    t.ok(name === 'pasarela_work_due' || samples.some(line => line.startsWith(name)), name)
  }
  t.same(ids.filter(id => text.includes(id)), [], 'no id of anything')
  const values = (label: string) => new Set([...text.matchAll(new RegExp(`${label}="([^"]*)"`, 'g'))].map(([, value]) => value!))
  t.same([...values('provider')].filter(provider => !adapters.some(({ manifest }) => manifest.id === provider)), [])
  t.same([...values('operation')].filter(operation => !(operationNames as readonly string[]).includes(operation)), [])
  const routes = house.app.printRoutes({ commonPrefix: false })
  t.ok(routes.length > 0)
  t.same([...values('route')].filter(route => route !== 'none' && !house.app.hasRoute({ method: 'GET', url: route }) && !house.app.hasRoute({ method: 'POST', url: route })), [], 'routes by their template')

  await t.test('a worker process of its own tells the same, to this machine, staff, the platform and the token', async t => {
    const app = await buildWorkerApp({ hub: { ...house.hub, metrics: createMetrics(), config: { ...house.hub.config, metricsToken: 'for prometheus' } }, checks: { database: async () => {} } })
    t.teardown(async () => { await app.close() })
    const ask = async (headers: Record<string, string> = {}, url = '/metrics', remoteAddress = '203.0.113.7') => (await app.inject({ url, headers, remoteAddress })).statusCode
    t.equal(await ask({}, '/metrics', '127.0.0.1'), 200)
    t.equal(await ask(), 403)
    t.equal(await ask({ authorization: 'Bearer for prometheus' }), 200)
    t.equal(await ask({ authorization: 'Bearer for Prometheus' }), 403)
    t.equal(await ask({ authorization: `Bearer ${house.platformKey}` }), 200)
    t.equal(await ask({ authorization: `Bearer ${shops[0]!.testKey}` }), 403)
    t.same([await ask({}, '/health'), await ask({}, '/ready'), await ask({}, '/v1/payments')], [200, 200, 404], 'and it has no API')
  })
})

t.test('a gauge that cannot be read is left out, and the rest is shown', async t => {
  const { gauge, registry } = createMetrics({ processMetrics: false })
  gauge('pasarela_well', 'x', [], async () => [{ labels: {}, value: 1 }])
  gauge('pasarela_away', 'x', ['kind'], async () => { throw new Error('the database is away') })
  gauge('pasarela_far_away', 'x', [], async () => { throw new Error('the database is away') })
  const text = await registry.metrics()
  t.match(text, /pasarela_well 1/)
  t.notMatch(text, /^pasarela_away/m)
  t.match(text, /^pasarela_far_away nan$/im, 'nor is it 0')
})
