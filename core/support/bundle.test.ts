import { writeFileSync } from 'node:fs'
import path from 'node:path'
import { Value } from 'typebox/value'
import t from 'tap'
import { eventually } from '../../test/support/eventually.ts'
import { hookedHub } from '../../test/support/hooked-hub.ts'
import { replayBundle } from '../../test/support/replay-bundle.ts'
import { replaceCredentials } from '../connections/service.ts'
import { listInbound, replayOne } from '../inbound/service.ts'
import { createPayment, getPayment } from '../payments/service.ts'
import { buildBundle, checkBundle } from './bundle.ts'
import { Bundle } from './schema.ts'

const buyer = { name: 'Ana Pérez Luna', email: 'ana.perez@example.com', phone: '+525512345678' }
/** What a partner or a colleague would not be given. */
const private_ = /Ana|P\\u00e9rez|ana\.perez|5512345678|mesa 7|sk_test_[0-9a-f]{8}|whsec_[0-9a-f]{8}/

t.test('two incidents, exported, proven and played back', async t => {
  const made = await hookedHub(t)
  const { hub, simulator } = made
  const work = async () => {
    await simulator.settled()
    await made.work()
  }
  /** Through a file, as people hand them on. */
  const exported = async (access: Parameters<typeof buildBundle>[1], id: string): Promise<Bundle> => {
    const file = path.join(t.testdir(), 'incident.json')
    writeFileSync(file, JSON.stringify(await buildBundle(hub, access, id), null, 2))
    const bundle = JSON.parse((await import('node:fs')).readFileSync(file, 'utf8')) as Bundle
    if (!Value.Check(Bundle, bundle)) throw new Error(`no bundle: ${JSON.stringify(Value.Errors(Bundle, bundle).slice(0, 3))}`)
    return bundle
  }

  t.test('an amount that is another at the provider', async t => {
    const shop = await made.shop()
    const payment = await createPayment(hub, shop.access, { amount: 19900, currency: 'MXN', customer: buyer, description: 'mesa 7', metadata: { table: 'mesa 7' } } as never, null)
    await shop.stripe('POST', `/v1/payment_intents/${payment.provider_reference}`, { amount: '15000' })
    await shop.stripe('POST', `/v1/payment_intents/${payment.provider_reference}/confirm`, { payment_method: 'pm_card_visa', return_url: 'http://shop.test/' })
    await eventually('it is under review', async () => {
      await work()
      return (await getPayment(hub, shop.access, payment.id)).review ?? undefined
    })
    const [told] = (await listInbound(hub, shop.access, { event_type: 'payment_intent.succeeded' })).data
    const bundle = await exported(shop.access, told!.id)
    t.match(bundle, { object: 'incident_bundle', version: 1, provider: { id: 'stripe', mode: 'test', manifest: /^[0-9a-f]{64}$/ }, incident: told!.id, subject: { id: payment.id, type: 'payment', request: { amount: 19900, currency: 'MXN' } } })
    t.match(bundle.transitions.at(-1), { type: 'payment.review', review: 'amount_mismatch' })
    t.same(bundle.alerts.map(({ kind }) => kind), ['amount_mismatch'])
    t.ok(bundle.operations.some(({ kind, exchanges }) => kind === 'create_payment' && exchanges.length > 0))
    t.ok(bundle.hooks.every(({ verdict, checked_again: again, whole }) => verdict === 'verified' && again?.verdict === 'verified' && whole))
    t.notMatch(JSON.stringify(bundle), private_, 'nothing that tells of a person, and no secret')
    t.ok(JSON.stringify(bundle).includes(payment.provider_reference!), 'but the ids that support needs')

    t.test('it is what this hub made, of what came; a changed one is not', async t => {
      t.same((await checkBundle(hub, shop.tenantId, bundle)).filter(({ ok }) => !ok), [])
      const lie = structuredClone(bundle)
      for (const hook of lie.hooks) hook.body = hook.body.replace('15000', '19900')
      t.same((await checkBundle(hub, shop.tenantId, lie)).filter(({ ok }) => !ok).map(({ name }) => name).slice(0, 1), ['seal'])
      const other = await made.shop()
      t.match(await checkBundle(hub, other.tenantId, bundle), [{ name: 'seal', ok: false }], 'nor does another tenant’s key prove it')
      t.same((await checkBundle(hub, shop.tenantId, await buildBundle(hub, shop.access, told!.id))).filter(({ ok }) => !ok), [])
    })

    t.test('played back, the same happens', async t => {
      const { transitions, verdicts, alerts, unanswered } = await replayBundle(t, bundle)
      t.same(transitions.now, transitions.then)
      t.match(transitions.now.at(-1), { review: 'amount_mismatch', amount: 19900 })
      t.ok(verdicts.every(({ then, now }) => then.verdict === now.verdict))
      t.same(alerts.now, alerts.then)
      t.same(unanswered, [], 'the code of today asks what it asked then')
    })

    t.test('and what did not happen is seen: a replay finds a changed story', async t => {
      const lie = structuredClone(bundle)
      for (const hook of lie.hooks) hook.body = hook.body.replaceAll('15000', '19900')
      for (const operation of lie.operations) for (const exchange of operation.exchanges) if (exchange.response !== undefined) exchange.response = exchange.response.replaceAll('15000', '19900')
      const { transitions } = await replayBundle(t, lie)
      t.not(JSON.stringify(transitions.now), JSON.stringify(transitions.then))
      t.match(transitions.now.at(-1), { type: 'payment.succeeded', review: null })
    })

    t.test('another tenant, another mode, or a thing that is none: not there', async t => {
      const stranger = await made.shop()
      await t.rejects(buildBundle(hub, stranger.access, told!.id), { code: 'not_found' })
      await t.rejects(buildBundle(hub, { ...shop.access, mode: 'live' }, told!.id), { code: 'not_found' })
      await t.rejects(buildBundle(hub, shop.access, payment.id), { code: 'not_found' })
    })

    t.test('what is no longer kept cannot be exported', async t => {
      await made.database.owner.updateTable('inbound_events').set({ body_sealed: '' }).where('tenant_id', '=', shop.tenantId).execute()
      await t.rejects(buildBundle(hub, shop.access, told!.id), { code: 'invalid_state' })
      t.ok((await checkBundle(hub, shop.tenantId, bundle)).some(({ name, ok }) => name === 'bytes' && !ok))
      await t.rejects(replayOne(hub, shop.access, told!.id), { code: 'invalid_state' })
    })
  })

  t.test('a webhook that was refused after a wrong secret was entered', async t => {
    const shop = await made.shop()
    const right = await shop.secret()
    await replaceCredentials(hub, shop.access, shop.connection, { credentials: { webhook_secret: 'whsec_0123456789abcdef0123456789abcdef' }, overlap_seconds: 0 })
    const event = { id: 'evt_lost', object: 'event', type: 'payment_intent.succeeded', livemode: false, created: 1, data: { object: { id: 'pi_lost', object: 'payment_intent', amount: 100, currency: 'mxn', receipt_email: buyer.email, metadata: {} } } }
    await eventually('the right one is forgotten', async () => (await shop.send({ ...event, id: 'evt_before' }, { secret: right })).status === 401)
    t.equal((await shop.send(event, { secret: right })).status, 401)
    const [refused] = (await listInbound(hub, shop.access, { verdict: 'refused' })).data
    const bundle = await exported(shop.access, refused!.id)
    t.match(bundle, { subject: null, transitions: [], operations: [], hooks: [{ verdict: 'refused', reason: refused!.reason, status: 'refused', whole: true, checked_again: { verdict: 'refused' } }] })
    t.notMatch(JSON.stringify(bundle), private_)
    t.same((await checkBundle(hub, shop.tenantId, bundle)).filter(({ ok }) => !ok), [])

    const { verdicts, transitions } = await replayBundle(t, bundle)
    t.same(verdicts.map(({ now }) => now), verdicts.map(({ then }) => then), 'refused again, for the same reason')
    t.same(transitions, { then: [], now: [] })

    // The secret is put right: the same bytes are worth something now, and the bundle says so.
    await replaceCredentials(hub, shop.access, shop.connection, { credentials: { webhook_secret: right }, overlap_seconds: 0 })
    t.match((await buildBundle(hub, shop.access, refused!.id)).hooks, [{ verdict: 'refused', checked_again: { verdict: 'verified', reason: null } }])
  })
})
