import { sql } from 'kysely'
import t from 'tap'
import { testHub } from '../../test/support/hub.ts'
import type { PaymentSnapshot, RefundSnapshot } from '../adapter/payments.ts'
import type { PaymentsFamily } from '../adapter/payments.ts'
import { ProviderError } from '../adapter/problems.ts'
import type { Adapter } from '../adapter/define.ts'
import { inTenant } from '../db/in-tenant.ts'
import type { Hub } from '../hub.ts'
import { uuidOf } from '../ids.ts'
import { applyRefund, createRefund, getRefund, resolveRefund } from './refunds.ts'
import { resolvePayment } from './resolver.ts'
import { cancelPayment, capturePayment, carryOutCancel, confirmPayment, createPayment, getPayment, resolveReview } from './service.ts'

const card = (token: string) => ({ type: 'card', token })
const order = { amount: 19900, currency: 'MXN', method: card('pm_card_visa') }
const deps = { carryOutCancel }

t.test('nothing hangs, nothing spins', async t => {
  const made = await testHub(t, { env: { RESOLVER_SCHEDULE: '5s,15s,1m', PAYMENT_WANTED_FOR: '10m' } })
  const { hub, simulator, database } = made
  const { access, tenantId, connect } = await made.tenant()
  await connect()
  const alerts = async (subject: string) => await database.owner.selectFrom('alerts').select(['kind', 'detail']).where('subject_id', '=', subject).execute()
  const row = async (id: string) => await database.owner.selectFrom('payments').selectAll().where('id', '=', uuidOf('payment', id)).executeTakeFirstOrThrow()
  const later = async (ms: number) => {
    made.advance(ms)
    return await made.work()
  }
  const reach = (method: string, path: string, times: number) => { simulator.inject({ kind: 'refuse_connection', method, path, times }) }

  t.test('a cancel that was asked for, while the provider cannot be reached: tried ever more rarely, and then told', async t => {
    simulator.inject({ kind: 'cut_after', method: 'POST', path: '/v1/payment_intents' })
    simulator.inject({ kind: 'error_500_before', method: 'GET', path: '/v1/payment_intents' })
    const held = await createPayment(hub, access, { ...order, capture: 'manual' }, null)
    t.match(await cancelPayment(hub, access, held.id, undefined), { status: 'unknown' })
    simulator.inject({ kind: 'rate_limit', method: 'POST', path: '/cancel', times: 3 })
    await later(60_000)
    t.match(await getPayment(hub, access, held.id), { status: 'authorized' })
    t.equal(await made.work(), 0, 'it waits')
    for (const ms of [30_000, 61_000, 61_000]) await later(ms)
    t.ok((await row(held.id)).status === 'canceled' || (await alerts(held.id)).length === 1)
    t.equal(await made.work(), 0)
  })

  t.test('canceled while nobody knew, and it never got there: canceled', async t => {
    simulator.inject({ kind: 'cut_before', method: 'POST', path: '/v1/payment_intents' })
    simulator.inject({ kind: 'error_500_before', method: 'GET', path: '/v1/payment_intents' })
    const payment = await createPayment(hub, access, order, null)
    t.match(await cancelPayment(hub, access, payment.id, undefined), { status: 'unknown' })
    await later(150_000)
    t.match(await getPayment(hub, access, payment.id), { status: 'canceled', amount_captured: 0 })
    t.match(simulator.effects(payment.id), { charges: 0 })
    t.equal(await made.work(), 0)
  })

  t.test('a schedule that ends before the provider has settled does not leave to a person what the next question ends', async t => {
    simulator.inject({ kind: 'cut_before', method: 'POST', path: '/v1/payment_intents' })
    simulator.inject({ kind: 'error_500_before', method: 'GET', path: '/v1/payment_intents' })
    const payment = await createPayment(hub, access, order, null)
    t.match(await cancelPayment(hub, access, payment.id, undefined), { status: 'unknown' })
    for (const ms of [6_000, 16_000, 61_000]) await later(ms)
    t.match(await getPayment(hub, access, payment.id), { status: 'unknown' }, 'the provider may still make it')
    await later(61_000)
    t.match(await getPayment(hub, access, payment.id), { status: 'canceled' })
    t.same(await alerts(payment.id), [])
  })

  t.test('a cancel noted between finding an open voucher and applying it: canceled there too', async t => {
    simulator.inject({ kind: 'cut_after', method: 'POST', path: '/v1/payment_intents' })
    const customer = { name: 'Ana Pérez', email: 'ana@shop.test' }
    const voucher = await createPayment(hub, access, { ...order, method: { type: 'oxxo' }, customer }, null)
    t.match(voucher, { status: 'unknown' })
    made.advance(11 * 60_000)
    let canceled = false
    const overtaken = withPayments(hub, family => ({
      ...family,
      findPayment: async (context, lookup) => {
        const found = await family.findPayment!(context, lookup)
        if (!canceled) {
          canceled = true
          simulator.inject({ kind: 'error_500_before', method: 'GET', path: '/v1/payment_intents' })
          t.match(await cancelPayment(hub, access, voucher.id, undefined), { status: 'unknown' })
        }
        return found
      }
    }))
    await resolvePayment(overtaken, tenantId, uuidOf('payment', voucher.id), deps)
    t.match(await getPayment(hub, access, voucher.id), { status: 'unknown' }, 'it was seen there: it is not called never made')
    await later(60_000)
    const after = await getPayment(hub, access, voucher.id)
    t.match(after, { status: 'canceled', provider_reference: /^pi_/ })
    t.equal(simulator.ledger().payments.find(({ id }) => id === after.provider_reference)?.status, 'canceled', 'nobody can pay it at the provider')
    t.equal(await made.work(), 0)
  })

  t.test('one question that is not answered does not end the looking at an open payment', async t => {
    const waiting = await createPayment(hub, access, { ...order, method: card('pm_card_authenticationRequired'), return_url: 'http://shop.test/' }, null)
    for (let n = 0; n < 6; n++) {
      reach('GET', '/v1/payment_intents', 1)
      await later(24 * 3600_000)
      simulator.clearFaults()
    }
    simulator.authenticate(waiting.provider_reference!, true)
    await later(24 * 3600_000)
    t.match(await getPayment(hub, access, waiting.id), { status: 'succeeded' })
  })

  t.test('an outcome that nobody can tell is a person’s at the end of the schedule, and is closed by hand with a reason', async t => {
    simulator.inject({ kind: 'cut_after', method: 'POST', path: '/v1/payment_intents' })
    const payment = await createPayment(hub, access, order, null)
    reach('GET', '/v1/payment_intents', 50)
    for (const ms of [6_000, 16_000, 61_000, 61_000]) await later(ms)
    simulator.clearFaults()
    t.match(await alerts(payment.id), [{ kind: 'payment_unresolved', detail: { pending: 'create_payment' } }])
    t.equal(await later(24 * 3600_000), 0)
    t.match(await getPayment(hub, access, payment.id), { status: 'unknown' })
    t.match(await resolveReview(hub, access, payment.id, { decision: 'mark_failed', reason: 'not in the dashboard' }), { status: 'failed' })
    t.match(await getPayment(hub, access, payment.id), { status: 'failed', review: null })
  })

  t.test('a refusal of the repetition is read as one of the call itself: another card may still pay', async t => {
    simulator.inject({ kind: 'cut_before', method: 'POST', path: '/v1/payment_intents' })
    const payment = await createPayment(hub, access, { ...order, method: card('pm_no_such_method') }, null)
    t.match(payment, { status: 'unknown' })
    await later(6_000)
    t.match(await getPayment(hub, access, payment.id), { status: 'requires_payment_method', error: { retry: 'after_user_action' } })
    t.match(await confirmPayment(hub, access, payment.id, { method: card('pm_card_visa') }), { status: 'succeeded', attempts: 2 })
    t.match(simulator.effects(payment.id), { charges: 1 })
  })

  t.test('the stored answer of a repetition is not the newest word', async t => {
    const declined = await createPayment(hub, access, { ...order, method: card('pm_card_visa_chargeDeclined') }, null)
    simulator.inject({ kind: 'cut_after', method: 'POST', path: '/confirm' })
    t.match(await confirmPayment(hub, access, declined.id, { method: card('pm_card_authenticationRequired'), return_url: 'http://shop.test/' }), { status: 'unknown' })
    simulator.authenticate(declined.provider_reference!, false)
    await later(6_000)
    t.match(await getPayment(hub, access, declined.id), { status: 'requires_payment_method', next_action: { type: 'client_secret' } }, 'and not the page that the payer has left')
    t.match(await confirmPayment(hub, access, declined.id, { method: card('pm_card_visa') }), { status: 'succeeded' })
  })

  t.test('five resolvers at once take nothing twice', async t => {
    simulator.inject({ kind: 'cut_before', method: 'POST', path: '/v1/payment_intents' })
    const payment = await createPayment(hub, access, order, null)
    made.advance(6_000)
    await Promise.all(Array.from({ length: 5 }, async () => await resolvePayment(hub, tenantId, uuidOf('payment', payment.id), deps)))
    await made.work()
    t.match(simulator.effects(payment.id), { charges: 1 })
    t.match(await getPayment(hub, access, payment.id), { status: 'succeeded' })
    simulator.inject({ kind: 'cut_before', method: 'POST', path: '/v1/refunds' })
    const refund = await createRefund(hub, access, payment.id, { amount: 100 }, null)
    made.advance(6_000)
    await Promise.all(Array.from({ length: 5 }, async () => await resolveRefund(hub, tenantId, uuidOf('refund', refund.id))))
    await made.work()
    t.match(simulator.effects(payment.id), { refunds: 1 })
  })

  t.test('what the provider says of a refund that is not ours to believe is a person’s, and does not spin', async t => {
    const payment = await createPayment(hub, access, order, null)
    simulator.inject({ kind: 'cut_after', method: 'POST', path: '/v1/refunds' })
    const refund = await createRefund(hub, access, payment.id, { amount: 500 }, null)
    t.match(refund, { status: 'unknown' })
    await database.owner.updateTable('refunds').set({ amount: 400 }).where('id', '=', uuidOf('refund', refund.id)).execute()
    for (const ms of [6_000, 16_000, 61_000, 61_000]) await later(ms)
    t.match(await getRefund(hub, access, refund.id), { status: 'unknown' })
    t.match((await alerts(refund.id)).map(({ kind }) => kind), ['refund_review'])
    t.equal(await later(24 * 3600_000), 0)
  })

  t.test('a refund that we gave up for never made and that was made after all is counted', async t => {
    const payment = await createPayment(hub, access, order, null)
    simulator.inject({ kind: 'cut_before', method: 'POST', path: '/v1/refunds' })
    const refund = await createRefund(hub, access, payment.id, { amount: 500 }, null)
    await later(25 * 3600_000)
    t.match(await getRefund(hub, access, refund.id), { status: 'failed', provider_reference: null })
    const made: RefundSnapshot = { providerReference: 're_late', refundReference: refund.id, status: 'succeeded', providerStatus: 'succeeded', amount: { amount: 500, currency: 'MXN' } }
    await inTenant(hub.db, tenantId, async db => await applyRefund(hub, db, uuidOf('refund', refund.id), made))
    t.match(await getRefund(hub, access, refund.id), { status: 'succeeded', provider_reference: 're_late' })
    t.match(await getPayment(hub, access, payment.id), { amount_refunded: 500 })
  })

  t.test('credentials that no longer open leave what is unknown unknown, and ask nothing', async t => {
    const other = await made.tenant()
    const connection = await other.connect()
    const payment = await createPayment(hub, other.access, { ...order, capture: 'manual' }, null)
    simulator.inject({ kind: 'cut_after', method: 'POST', path: '/capture' })
    t.match(await capturePayment(hub, other.access, payment.id, undefined), { status: 'unknown' })
    await database.owner.updateTable('credentials').set({ sealed: sql`replace(sealed, '..', '..A')` }).where('connection_id', '=', uuidOf('connection', connection)).execute()
    await database.owner.updateTable('connections').set({ version: sql`version + 1` }).where('id', '=', uuidOf('connection', connection)).execute()
    const seen = simulator.requests().length
    for (const ms of [6_000, 16_000, 61_000, 61_000]) await later(ms)
    t.equal(simulator.requests().length, seen)
    t.match(await getPayment(hub, other.access, payment.id), { status: 'unknown' })
    t.match(await alerts(payment.id), [{ kind: 'payment_unresolved' }])
  })

  t.test('what a payer or a provider writes never loses an answer', async t => {
    for (const [n, text] of ['half a \ud83d', 'emoji 🛍️ '.repeat(90), '\\u0000', '"}', '\u2028 áé', 'a NUL \0'].entries()) {
      const payment = await createPayment(hub, access, { ...order, description: text.slice(0, 1000), reference: text.slice(0, 20), metadata: { note: text.slice(0, 400) }, customer: { name: text.slice(0, 50) } }, null)
      t.match(payment, { status: 'succeeded' }, `text ${n}`)
    }
    for (const text of ['a NUL \0', 'half a \ud83d', '\\']) {
      const odd = withPayments(hub, family => ({
        ...family,
        createPayment: async (context, input) => {
          const snapshot = await family.createPayment(context, input)
          return { ...snapshot, status: 'requires_payment_method', providerStatus: text, error: { code: 'card_declined', providerCode: text, message: text } }
        }
      }))
      t.match(await createPayment(odd, access, order, null), { status: 'requires_payment_method', error: { code: 'card_declined' } }, JSON.stringify(text))
      const refusing = withPayments(hub, family => ({
        ...family,
        createPayment: async () => { throw new ProviderError({ code: 'card_declined', reached: 'answered', providerCode: text, providerMessage: text }) }
      }))
      t.match(await createPayment(refusing, access, order, null), { status: 'requires_payment_method', error: { code: 'card_declined' } }, JSON.stringify(text))
    }
    made.advance(6_000)
    await made.work()
  })

  t.test('an adapter that breaks while it cleans what was said does not undo the payment', async t => {
    const broken = withAdapter(hub, adapter => ({ ...adapter, scrub: () => { throw new Error('a bug') } }))
    const payment = await createPayment(broken, access, order, null)
    t.match(payment, { status: 'succeeded' })
    const { exchanges } = await database.owner.selectFrom('operations').select('exchanges').where('subject_id', '=', uuidOf('payment', payment.id)).executeTakeFirstOrThrow()
    t.match(JSON.stringify(exchanges), /could not be scrubbed/)
    t.notMatch(JSON.stringify(exchanges), /client_secret|sk_test/)
  })
})

t.test('where a second attempt is an object of its own at the provider', async t => {
  const made = await testHub(t, { env: { RESOLVER_SCHEDULE: '5s,15s,1m' } })
  const { access, connect, tenantId } = await made.tenant()
  await connect()
  const provider = manyObjects()
  const hub = withPayments(made.hub, () => provider.family, { create_payment: 'query-first' })
  const declined = await createPayment(hub, access, order, null)
  t.match(declined, { status: 'requires_payment_method', provider_reference: 'tx_1' })
  provider.next = 'lost'
  t.match(await confirmPayment(hub, access, declined.id, { method: card('pm_card_visa') }), { status: 'unknown', attempts: 2 })
  const id = uuidOf('payment', declined.id)
  const resolve = async () => await resolvePayment(hub, tenantId, id, deps)
  made.advance(6_000)
  await resolve()
  t.match(await getPayment(hub, access, declined.id), { status: 'unknown' }, 'the decline of the first says nothing of the second')
  made.advance(150_000)
  provider.next = 'approve'
  await Promise.all(Array.from({ length: 8 }, resolve))
  await resolve()
  t.match(await getPayment(hub, access, declined.id), { status: 'succeeded', provider_reference: 'tx_2', amount_captured: 19900 })
  t.equal(provider.charges, 1, 'sent again once, though no key protects it')
})

function withAdapter (hub: Hub, change: (adapter: Adapter) => Adapter): Hub {
  const changed = change(hub.adapters.get('stripe')!)
  const adapters = { ...hub.adapters, get: (id: string) => id === 'stripe' ? changed : undefined, list: () => [changed] }
  return { ...hub, adapters, open: async connection => ({ ...await hub.open(connection), adapter: changed }) }
}

function withPayments (hub: Hub, change: (family: PaymentsFamily) => PaymentsFamily, safety: object = {}): Hub {
  return withAdapter(hub, adapter => ({ ...adapter, payments: change(adapter.payments!), manifest: { ...adapter.manifest, retry_safety: { ...adapter.manifest.retry_safety, ...safety } } }))
}

/** Declines, then does what it is told; each attempt is a transaction of its own, and there is no idempotency key. */
function manyObjects () {
  const made: PaymentSnapshot[] = []
  const provider = {
    next: 'decline' as 'decline' | 'lost' | 'approve',
    get charges () { return made.filter(({ status }) => status === 'succeeded').length },
    family: {
      createPayment: async (_, input) => {
        if (provider.next === 'lost') throw new ProviderError({ code: 'timeout_unknown', reached: 'unknown' })
        const approved = provider.next === 'approve'
        const snapshot: PaymentSnapshot = {
          providerReference: `tx_${made.length + 1}`, reference: input.reference, mode: 'test', amount: input.amount, amountCapturable: 0, amountCaptured: approved ? input.amount.amount : 0,
          status: approved ? 'succeeded' : 'requires_payment_method', providerStatus: approved ? 'APPROVED' : 'DECLINED', ...(!approved && { error: { code: 'card_declined' } })
        }
        made.push(snapshot)
        return snapshot
      },
      getPayment: async (_, reference) => made.find(({ providerReference }) => providerReference === reference)!,
      findPayment: async () => made.at(-1)
    } satisfies PaymentsFamily
  }
  return provider
}
