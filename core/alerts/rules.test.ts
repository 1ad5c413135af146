/** Simulated incidents: each rule is raised by what it is for, and ends by itself when that is over. */
import fc from 'fast-check'
import t from 'tap'
import { eventually } from '../../test/support/eventually.ts'
import { hookedHub, type Shop } from '../../test/support/hooked-hub.ts'
import { bootstrap } from '../access/first-run.ts'
import { connectionHealth, testConnection } from '../connections/service.ts'
import { inTenant, type TenantDb } from '../db/in-tenant.ts'
import { setTimer } from '../db/timers.ts'
import { type IdKind, newUuid, publicId, uuidAt, uuidOf } from '../ids.ts'
import { listInbound, replayOne } from '../inbound/service.ts'
import { finishOperation, insertOperation } from '../operations/call.ts'
import { createPayment, getPayment, resolveReview } from '../payments/service.ts'
import { endsByItself } from './causes.ts'
import { bounds, noDurations, percentile, placeOf } from './latency.ts'
import { type NewAlert, raiseAlert, raiseLasting } from './raise.ts'
import type { AlertRules } from './schema.ts'
import * as service from './service.ts'
import { alertTexts } from './text.ts'
import { watchAlerts } from './watch.ts'

const minute = 60_000
const hour = 60 * minute
const order = { amount: 19900, currency: 'MXN' }
const paid = (token: string) => ({ ...order, method: { type: 'card', token } })
let serial = 0

t.test('a percentile of counts is near the one of the calls themselves, and never beyond the longest', async t => {
  t.equal(percentile(noDurations(), 0, 0.95), null, 'nothing was called')
  const durations = fc.array(fc.integer({ min: 0, max: 200_000 }), { minLength: 1, maxLength: 200 })
  fc.assert(fc.property(durations, fc.constantFrom(0.5, 0.95, 0.99), (given, share) => {
    const counts = noDurations()
    for (const ms of given) counts[placeOf(ms)]!++
    const sorted = given.toSorted((a, b) => a - b)
    const exact = sorted[Math.max(0, Math.ceil(share * sorted.length) - 1)]!
    const told = percentile(counts, sorted.at(-1)!, share)!
    // In the same place of the scale as the exact one.
    const place = placeOf(exact)
    return told <= sorted.at(-1)! && told >= (bounds[place - 1] ?? 0) && told <= (bounds[place] ?? sorted.at(-1)!)
  }), { numRuns: 300 })
})

t.test('incidents', async t => {
  const made = await hookedHub(t, { env: { INBOUND_SCHEDULE: '5s', RESOLVER_SCHEDULE: '5s,15s', BREAKER_FAILURES: '50' } })
  const { hub, simulator, database } = made
  const look = async () => {
    await hub.health.idle()
    await watchAlerts(hub)
    await made.work()
  }
  const later = async (ms: number) => {
    // What was signed before and comes after would be too old.
    await simulator.settled()
    made.advance(ms)
    await look()
  }
  const alerts = async ({ access }: Pick<Shop, 'access'>, kind?: string) => (await service.listAlerts(hub, access, { limit: 100, ...(kind !== undefined && { kind }) })).data
  const statuses = async (shop: Shop, kind: string) => (await alerts(shop, kind)).map(({ status }) => status)
  const told = async (shop: Shop, kind: string) => (await database.owner.selectFrom('events').select(['type', 'data']).where('tenant_id', '=', shop.tenantId).where('type', 'like', 'alert.%').orderBy('id').execute())
    .filter(({ data }) => (data as { kind: string }).kind === kind).map(({ type }) => type)
  const rules = async ({ access }: Shop, given: AlertRules) => await service.putSettings(hub, access, given)
  const inShop = async <T> (shop: Pick<Shop, 'tenantId'>, work: (db: TenantDb) => Promise<T>): Promise<T> => await inTenant(hub.db, shop.tenantId, work)
  const call = (shop: Shop, end: { outcome: 'succeeded' | 'unknown' | 'nowhere', durationMs: number }) => {
    hub.health.note({ tenantId: shop.tenantId, id: uuidOf('connection', shop.connection) }, { errorCode: null, providerCode: null, finishedAt: hub.now(), ...end })
  }
  const unknownIntent = (type = 'payment_intent.succeeded') => ({ id: `evt_${++serial}`, object: 'event', type, livemode: false, created: 1, data: { object: { id: `pi_strange_${serial}`, object: 'payment_intent', amount: 1, currency: 'mxn', status: 'succeeded', metadata: {} } } })

  t.test('more than 5 % of the payments fail', async t => {
    const shop = await made.shop()
    for (let n = 0; n < 8; n++) await createPayment(hub, shop.access, paid('pm_card_visa'), null)
    await look()
    t.same(await alerts(shop, 'payments_failing'), [])
    for (let n = 0; n < 2; n++) await createPayment(hub, shop.access, paid('pm_card_chargeDeclined'), null)
    await later(6 * minute)
    const [alert] = await alerts(shop, 'payments_failing')
    t.match(alert, { status: 'open', severity: 'warning', subject: shop.connection, times: 1, detail: { ended: 10, failed: 2, percent: 20, threshold_percent: 5, reason: 'card_declined' } })
    t.match((await connectionHealth(hub, shop.access, shop.connection)).last_hour, {
      calls: Number, refused: 0, success_rate: 1, answered_rate: 1, p50_ms: Number, p95_ms: Number, payments: { ended: 10, failed: 2, failure_rate: 0.2 }, webhooks: { refused: 0, refused_share: 0 }
    }, 'the figures of the connection say the same; a declined card is a good answer')
    await service.acknowledgeAlert(hub, shop.access, alert!.id)
    await later(40 * minute)
    t.same(await statuses(shop, 'payments_failing'), ['acknowledged'], 'what lasts is not raised anew because somebody has seen it')
    await later(25 * minute)
    t.match(await alerts(shop, 'payments_failing'), [{ status: 'resolved', resolved_at: String, acknowledged_by: String }])
    t.same(await told(shop, 'payments_failing'), ['alert.opened', 'alert.acknowledged', 'alert.resolved'])
  })

  t.test('a tenant’s own thresholds count, and a rule that is off ends what stands', async t => {
    const shop = await made.shop()
    await rules(shop, { payments_failing: { percent: 60, at_least: 2 } })
    t.match((await service.getSettings(hub, shop.access)).rules, { payments_failing: { enabled: true, percent: 60, minutes: 60 }, webhooks_silent: { hours: 24 }, provider_slow: { seconds: 30 } }, 'the rest is as always')
    await createPayment(hub, shop.access, paid('pm_card_visa'), null)
    await createPayment(hub, shop.access, paid('pm_card_chargeDeclined'), null)
    await look()
    t.same(await alerts(shop, 'payments_failing'), [])
    await createPayment(hub, shop.access, paid('pm_card_chargeDeclined'), null)
    await later(6 * minute)
    t.match(await alerts(shop, 'payments_failing'), [{ status: 'open', severity: 'critical' }], 'more than half')
    await rules(shop, { payments_failing: { enabled: false } })
    await later(6 * minute)
    t.same(await statuses(shop, 'payments_failing'), ['resolved'])
    t.same((await database.owner.selectFrom('audit_log').select('action').where('tenant_id', '=', shop.tenantId).where('action', '=', 'alert_settings.changed').execute()).length, 2)
  })

  t.test('a provider is slower than 30 s', async t => {
    const shop = await made.shop()
    for (let n = 0; n < 10; n++) call(shop, { outcome: 'succeeded', durationMs: 29_000 })
    await look()
    t.same(await alerts(shop, 'provider_slow'), [])
    for (let n = 0; n < 10; n++) call(shop, { outcome: 'succeeded', durationMs: 41_000 })
    await later(6 * minute)
    t.match(await alerts(shop, 'provider_slow'), [{ status: 'open', detail: { longest_ms: 41_000, threshold_seconds: 30 } }])
    await later(40 * minute)
    t.same(await statuses(shop, 'provider_slow'), ['resolved'], 'nothing slow for half an hour')
  })

  t.test('stamping errors one after another', async t => {
    const shop = await made.shop()
    const issue = async (outcome: 'succeeded' | 'refused') => {
      await inShop(shop, async db => {
        const id = await insertOperation(db, hub.now(), { connection: { id: uuidOf('connection', shop.connection), mode: 'test', adapter: { manifest: { id: 'stripe' } } as never }, kind: 'issue' })
        await finishOperation(db, id, { outcome, errorCode: outcome === 'refused' ? 'document_invalid' : null, providerCode: outcome === 'refused' ? '705' : null, httpStatus: 200, durationMs: 10, exchanges: [], finishedAt: hub.now() })
      })
    }
    await issue('refused')
    await issue('succeeded')
    for (let n = 0; n < 2; n++) await issue('refused')
    await later(6 * minute)
    t.same(await alerts(shop, 'stamping_failing'), [], 'a success between is an end')
    await issue('refused')
    await later(6 * minute)
    t.match(await alerts(shop, 'stamping_failing'), [{ status: 'open', severity: 'critical', detail: { in_row: 3, error_code: 'document_invalid', provider_code: '705' } }])
    await issue('succeeded')
    await later(6 * minute)
    t.same(await statuses(shop, 'stamping_failing'), ['resolved'])
  })

  t.test('no webhook for 24 h, where there used to be some', async t => {
    const [quiet, shop] = [await made.shop(), await made.shop()]
    await quiet.send(unknownIntent('payment_intent.created'))
    for (let n = 0; n < 6; n++) await shop.send(unknownIntent('payment_intent.created'))
    await made.work()
    await later(23 * hour)
    t.same(await alerts(shop, 'webhooks_silent'), [])
    await later(hour + minute)
    t.match(await alerts(shop, 'webhooks_silent'), [{ status: 'open', severity: 'warning', detail: { threshold_hours: 24, payments_meanwhile: false } }])
    t.same(await alerts(quiet, 'webhooks_silent'), [], 'one that never had many is not silent')
    // Money was taken, and its webhook never came: that is no quiet day.
    simulator.deliver({ how: 'hold' })
    await createPayment(hub, shop.access, paid('pm_card_visa'), null)
    await later(hour)
    t.match(await alerts(shop, 'webhooks_silent'), [{ status: 'open', severity: 'critical', times: 2 }])
    await shop.send(unknownIntent('payment_intent.created'))
    await made.work()
    await later(hour)
    t.same(await statuses(shop, 'webhooks_silent'), ['resolved'])
    simulator.deliver({ how: 'now' })
  })

  t.test('many webhooks are about nothing of ours', async t => {
    const shop = await made.shop()
    for (let n = 0; n < 10; n++) await shop.send(unknownIntent())
    await made.work()
    await look()
    t.match(await alerts(shop, 'webhooks_unmatched'), [{ status: 'open', detail: { unmatched: 10 } }])
    await later(70 * minute)
    t.same(await statuses(shop, 'webhooks_unmatched'), ['resolved'])
  })

  t.test('a connection that fails, and is well again at its next good call or test', async t => {
    const shop = await made.shop()
    for (let n = 0; n < 5; n++) {
      call(shop, { outcome: 'nowhere', durationMs: 5 })
      await hub.health.idle()
    }
    t.same(await statuses(shop, 'connection_failing'), ['open'])
    call(shop, { outcome: 'succeeded', durationMs: 5 })
    await hub.health.idle()
    t.same(await statuses(shop, 'connection_failing'), ['resolved'], 'at once')
    for (let n = 0; n < 5; n++) {
      call(shop, { outcome: 'unknown', durationMs: 5 })
      await hub.health.idle()
    }
    t.same(await statuses(shop, 'connection_failing'), ['open', 'resolved'], 'another time is another alert')
    t.match(await testConnection(hub, shop.access, shop.connection), { ok: true })
    t.same(await statuses(shop, 'connection_failing'), ['resolved', 'resolved'])
    t.match((await connectionHealth(hub, shop.access, shop.connection)).last_hour, { nowhere: 5, unknown: 5 })
  })

  t.test('refused webhooks', async t => {
    const shop = await made.shop()
    await rules(shop, { webhooks_refused: { at_least: 2 } })
    for (let n = 0; n < 3; n++) await shop.send(unknownIntent(), { secret: 'whsec_wrong' })
    await later(2 * minute)
    t.same(await statuses(shop, 'webhooks_refused'), ['open'])
    t.match((await connectionHealth(hub, shop.access, shop.connection)).last_hour.webhooks, { refused: 3 })
    await later(2 * hour)
    t.same(await statuses(shop, 'webhooks_refused'), ['resolved'])
  })

  t.test('a parked webhook, until a replay works', async t => {
    const shop = await made.shop()
    simulator.deliver({ how: 'hold' })
    const waiting = await createPayment(hub, shop.access, paid('pm_card_authenticationRequired'), null)
    simulator.inject({ kind: 'error_500_before', method: 'GET', path: '/v1/payment_intents', times: 2 })
    await shop.send({ id: `evt_${++serial}`, object: 'event', type: 'charge.dispute.created', data: { object: { object: 'dispute', id: 'dp_1', status: 'needs_response', payment_intent: waiting.provider_reference } } })
    await made.work()
    made.advance(6000)
    await made.work()
    const [event] = (await listInbound(hub, shop.access, { status: 'parked' })).data
    t.match(await alerts(shop, 'inbound_parked'), [{ status: 'open', subject: event!.id }])
    await look()
    t.same(await statuses(shop, 'inbound_parked'), ['open'], 'while it is parked')
    await replayOne(hub, shop.access, event!.id)
    await made.work()
    await later(6 * minute)
    t.same(await statuses(shop, 'inbound_parked'), ['resolved'])
    simulator.deliver({ how: 'now' })
  })

  t.test('an amount that is another at the provider, until a person has judged', async t => {
    const shop = await made.shop()
    const payment = await createPayment(hub, shop.access, order, null)
    await shop.stripe('POST', `/v1/payment_intents/${payment.provider_reference}`, { amount: '15000' })
    await shop.stripe('POST', `/v1/payment_intents/${payment.provider_reference}/confirm`, { payment_method: 'pm_card_visa', return_url: 'http://shop.test/' })
    await simulator.settled()
    await eventually('the webhook of it came', async () => {
      await made.work()
      return (await getPayment(hub, shop.access, payment.id)).review ?? undefined
    })
    await look()
    t.match(await alerts(shop, 'amount_mismatch'), [{ status: 'open', subject: payment.id }])
    await resolveReview(hub, shop.access, payment.id, { decision: 'accept_provider', reason: 'a discount was given' })
    t.same(await statuses(shop, 'amount_mismatch'), ['resolved'], 'at once')
  })

  t.test('a queue that nobody works on is told to the people who run the hub', async t => {
    const { platformTenantId } = await bootstrap(hub)
    const shop = await made.shop()
    const mine = async () => await inTenant(hub.db, platformTenantId, async db => await db.selectFrom('alerts').select(['kind', 'subject_id', 'resolved_at', 'detail']).where('tenant_id', '=', db.tenantId).where('kind', '=', 'queue_old').where('subject_id', '=', 'stamps').execute())
    const id = newUuid(hub.now())
    await inShop(shop, async db => { await setTimer(db, 'stamps', id, new Date(hub.now().getTime() - 9 * minute)) })
    await watchAlerts(hub)
    t.same(await mine(), [])
    made.advance(2 * minute)
    await watchAlerts(hub)
    t.match(await mine(), [{ resolved_at: null, detail: { queue: 'stamps', threshold_minutes: 10 } }])
    await made.work()
    await watchAlerts(hub)
    t.match(await mine(), [{ resolved_at: Date }])
  })

  t.test('every kind says what to do, and each whose cause can go is asked for it without a fault', async t => {
    const tenant = await made.tenant()
    // Of things that are not there: nothing is the cause any more.
    const special: Partial<Record<string, IdKind>> = {
      notice_channel_failing: 'notification_channel', notice_parked: 'notice', stamps_low: 'connection', webhooks_refused: 'connection', WARN_BILLING_DATA: 'sale', document_without_payment: 'sale', credit_note_missing: 'sale', support_entered: 'support_access', receipt_waiting: 'invoice', global_invoice_stuck: 'global_invoice'
    }
    const subjectOf = (kind: string): IdKind => special[kind] ?? (['inbound', 'connection', 'subscription', 'dispute', 'certificate', 'sale', 'mail', 'invoice', 'refund'] as const).find(begin => kind.startsWith(`${begin}_`)) ?? 'payment'
    const kinds = Object.keys(alertTexts) as NewAlert['kind'][]
    const detail = { pending: 'cancel', why: 'the provider could not be asked' }
    await inShop(tenant, async db => { for (const kind of kinds) await raiseAlert(db, hub.now(), { kind, severity: 'info', mode: 'test', subjectId: publicId(subjectOf(kind), newUuid(hub.now())), detail }) })
    for (const { kind, message } of await alerts(tenant)) t.not(message, kind)
    await look()
    await later(27 * hour)
    const left = (await alerts(tenant)).filter(({ status }) => status === 'open').map(({ kind }) => kind)
    t.same(left.filter(endsByItself), [])
    t.ok(left.includes('webhooks_missed') && left.includes('mail_refused'), 'what only happened waits for a person')
  })

  t.test('one at a time: a lasting one is counted on when it gets worse, and the key of an ended one is free', async t => {
    const tenant = await made.tenant()
    const raise = async (severity: NewAlert['severity']) => { await inShop(tenant, async db => { await raiseLasting(db, hub.now(), { kind: 'provider_slow', severity, mode: 'test', subjectId: 'con_x' }) }) }
    await raise('warning')
    await raise('warning')
    t.match(await alerts(tenant), [{ times: 1 }])
    await raise('critical')
    t.match(await alerts(tenant), [{ times: 2, severity: 'critical' }])
    await look()
    await raise('warning')
    t.same((await alerts(tenant)).map(({ status }) => status), ['open', 'resolved'])
    const { data } = await service.listAlerts(hub, tenant.access, { status: 'resolved', created_to: new Date(hub.now().getTime() + hour).toISOString() })
    t.equal(data.length, 1)
    t.match(await service.getAlert(hub, tenant.access, data[0]!.id), { status: 'resolved' })
    t.same((await service.acknowledgeAlert(hub, tenant.access, data[0]!.id)).acknowledged_at, null, 'what is over needs nobody')
    await t.rejects(service.getAlert(hub, { ...tenant.access, mode: 'live' }, data[0]!.id), { code: 'not_found' })
  })

  t.test('where nothing happens nobody looks on', async t => {
    const tenant = await made.tenant()
    const timers = async () => await database.owner.selectFrom('timers').select('id').where('kind', '=', 'alerts').where('tenant_id', '=', tenant.tenantId).execute()
    await inShop(tenant, async db => { await raiseAlert(db, hub.now(), { kind: 'payment_unresolved', severity: 'critical', mode: 'test', subjectId: publicId('payment', uuidAt(hub.now())) }) })
    await look()
    t.equal((await timers()).length, 1)
    await later(10 * minute)
    await later(2 * hour)
    t.same(await timers(), [])
  })
})
