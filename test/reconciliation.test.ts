/** The webhook completeness audit and the provider's books over HTTP, against Stripe's simulator. */
import t from 'tap'
import { payPage } from '../adapters/stripe/testing/payer.ts'
import { uuidOf } from '../core/ids.ts'
import { card, order, testApp } from './support/app.ts'

t.test('over HTTP, with webhooks that never come', async t => {
  const app = await testApp(t)
  const tenant = await app.tenant()
  const { client, connection } = tenant
  app.simulator.deliver({ how: 'hold' })
  const paid = (await client('POST', '/v1/payments', { body: order })).body
  const waiting = (await client('POST', '/v1/payments', { body: { ...order, method: card('pm_card_authenticationRequired'), return_url: 'http://shop.test/' } })).body
  t.same([paid.status, waiting.status], ['succeeded', 'requires_action'])
  app.simulator.authenticate(waiting.provider_reference, true)
  const page = (await client('POST', '/v1/checkout_sessions', { body: { amount: 5000, currency: 'MXN', success_url: 'http://shop.test/thanks' } })).body
  await payPage(page.url)
  const asked = { idempotencyKey: 'audit-1' }
  const audit = await client('POST', `/v1/connections/${connection}/audit`, asked)
  t.match(audit, { status: 201, body: { object: 'completeness_audit', status: 'completed', checked: 3, missed: 2, repaired: 2, foreign: 0 } })
  t.match(audit.body.missed_payments.toSorted((a: { was: string | null }) => a.was === null ? 1 : -1), [{ payment: waiting.id, was: 'requires_action', status: 'succeeded' }, { was: null, status: 'succeeded' }])
  t.match((await client('GET', `/v1/payments/${waiting.id}`)).body, { status: 'succeeded' })
  t.same((await client('POST', `/v1/connections/${connection}/audit`, asked)).body, audit.body, 'the same key, the same audit')
  t.same((await client('GET', `/v1/completeness_audits/${audit.body.id}`)).body, audit.body)
  t.match((await client('GET', `/v1/completeness_audits?connection=${connection}`)).body, { data: [{ id: audit.body.id }], next_cursor: null })
  t.match((await client('GET', '/v1/alerts?kind=webhooks_missed')).body.data, [{ subject: connection, severity: 'warning' }])
  const adopted = audit.body.missed_payments.find(({ was }: { was: string | null }) => was === null).payment
  t.match((await client('GET', `/v1/payments/${adopted}`)).body, { status: 'succeeded', amount: 5000, origin: { type: 'checkout_session', id: page.id } })

  const read = await client('POST', `/v1/connections/${connection}/read_transactions`)
  t.match(read, { status: 200, body: { complete: true, stored: 3 } })
  const { data } = (await client('GET', `/v1/balance_transactions?connection=${connection}&type=payment`)).body
  t.same(data.map((row: { payment: string }) => row.payment).sort(), [paid.id, waiting.id, adopted].sort())
  for (const row of data) t.equal(row.amount - row.fee, row.net)
  t.match((await client('GET', `/v1/balance_transactions/${data[0].id}`)).body, data[0])

  t.match(await client('POST', '/v1/reports/reconciliation/run', { body: {} }), { status: 202, body: { object: 'reconciliation_run', status: 'queued' } })
  await app.quiet()
  const report = (await client('GET', '/v1/reports/reconciliation?leg=provider')).body
  t.same(report.data.map((item: { subject: string, status: string }) => [item.subject, item.status]).toSorted(), [paid.id, waiting.id, adopted].toSorted().map(id => [id, 'matched']), 'three sides of the same money')
  t.match(report.totals, [{ leg: 'provider', status: 'matched', currency: 'MXN', count: 3 }])
  const csv = await client('GET', '/v1/reports/reconciliation?format=csv')
  t.match(csv.headers.get('content-type'), /^text\/csv/)
  t.equal(csv.text.trim().split('\r\n').length, 1 + 3)
  t.match(await client('POST', `/v1/reports/reconciliation/${report.data[0].id}/resolve`, { body: { action: 'accepted', reason: 'nothing to resolve' } }), { status: 409 })
  t.match(await client('POST', '/v1/reports/reconciliation/run', { body: { from: '1999-01-01T00:00:00Z' } }), { status: 400, body: { errors: [{ path: 'from' }] } })
  t.match(await client('PUT', '/v1/reconciliation_settings', { body: { percent: 101 } }), { status: 400, body: { errors: [{ path: 'percent' }] } })

  const stranger = await app.tenant()
  t.equal((await stranger.client('GET', `/v1/reports/reconciliation/${report.data[0].id}`)).status, 404)
  t.equal((await stranger.client('POST', `/v1/connections/${connection}/audit`)).status, 404)
  t.equal((await stranger.client('GET', `/v1/completeness_audits/${audit.body.id}`)).status, 404)
  t.equal((await stranger.client('GET', `/v1/balance_transactions/${data[0].id}`)).status, 404)
  t.same((await stranger.client('GET', `/v1/balance_transactions?connection=${connection}`)).body.data, [])
  const timers = await app.database.owner.selectFrom('timers').select('kind').where('id', '=', uuidOf('connection', connection)).orderBy('kind').execute()
  t.same(timers.map(({ kind }) => kind).filter(kind => !kind.startsWith('dispute')), ['balance_transactions', 'completeness_audit'], 'and from now on every day')
  app.simulator.deliver({ how: 'release' })
  await app.quiet()
})
