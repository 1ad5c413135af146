import t from 'tap'
import type { PaymentSnapshot } from '../adapter/payments.ts'
import { loadSealed } from '../connections/open.ts'
import { inTenant } from '../db/in-tenant.ts'
import { newUuid, publicId, uuidOf } from '../ids.ts'
import { type Adoption, adoptPayment, prepareAdoption } from './adopt.ts'
import { paperApp } from './fixtures/paper-app.ts'

t.setTimeout(240_000)

t.test('a payment that came to be at the provider', async t => {
  const app = await paperApp(t)
  const { hub, paper } = app
  const shop = await app.shop()
  const connection = (await inTenant(hub.db, shop.tenantId, async db => await loadSealed(db, uuidOf('connection', shop.connection))))!
  const adopt = async (snapshot: PaymentSnapshot, more: Partial<Adoption> = {}, prepare = true) => {
    const prepared = prepare ? await prepareAdoption(hub, shop.tenantId, connection.id, snapshot) : undefined
    return await inTenant(hub.db, shop.tenantId, async db => await adoptPayment(hub, db, { connection, origin: { type: 'subscription', id: newUuid(hub.now()) }, snapshot, ...more, ...(prepared !== undefined && { prepared }) }))
  }
  const read = async (row: { id: string }) => await shop.must('GET', `/v1/payments/${publicId('payment', row.id)}`)

  t.test('twenty who tell of it at once make one, with one event', async t => {
    const origin = { type: 'subscription' as const, id: newUuid(hub.now()) }
    const snapshot = paper.charge(5000, 'MXN', { reference: publicId('subscription', origin.id) })
    const rows = await Promise.all(Array.from({ length: 20 }, async (_, n) => await adopt(snapshot, { origin }, n % 2 === 0)))
    t.equal(new Set(rows.map(({ id }) => id)).size, 1)
    t.match(await read(rows[0]!), { status: 'succeeded', amount: 5000, origin: { type: 'subscription', id: publicId('subscription', origin.id) }, attempts: 1 })
    t.same(await shop.events(publicId('payment', rows[0]!.id)), ['payment.succeeded'])
  })

  t.test('without an expectation it is what the provider asked for; with one it must be that', async t => {
    t.match(await read(await adopt(paper.charge(777, 'USD', {}))), { status: 'succeeded', amount: 777, currency: 'USD', review: null })
    const wrong = await adopt(paper.charge(777, 'MXN', {}), { expected: { amount: 778, currency: 'MXN' } })
    t.match(await read(wrong), { status: 'requires_payment_method', amount: 778, amount_captured: 0, review: { reason: 'amount_mismatch', provider_amount: 777 } })
    t.same(await shop.alerts(publicId('payment', wrong.id)), ['amount_mismatch'])
  })

  t.test('what it names must be where it comes from', async t => {
    const other = publicId('subscription', newUuid(hub.now()))
    t.match(await read(await adopt(paper.charge(5000, 'MXN', { reference: other }))), { review: { reason: 'reference_mismatch' } })
  })

  t.test('what the payer does next is kept, or asked for a moment later', async t => {
    const nextAction = { type: 'redirect' as const, url: 'https://bank.test/1' }
    const waiting = () => paper.charge(5000, 'MXN', { status: 'requires_action', providerStatus: 'requires_action', amountCaptured: 0, nextAction })
    t.match((await read(await adopt(waiting()))).next_action, nextAction)
    const later = await adopt(waiting(), {}, false)
    t.equal((await read(later)).next_action, null)
    await app.work()
    t.match((await read(later)).next_action, nextAction)
  })

  t.test('one that is here already is told the news, and an older story makes it look', async t => {
    const first = paper.charge(5000, 'MXN', { status: 'processing', providerStatus: 'processing', amountCaptured: 0 })
    const row = await adopt(first)
    t.match(await read(row), { status: 'processing' })
    const paid = paper.change(first.providerReference, { status: 'succeeded', providerStatus: 'succeeded', amountCaptured: 5000 })
    t.equal((await adopt(first)).id, row.id)
    await app.work()
    t.match(await read(row), { status: 'succeeded' })
    t.equal((await adopt(paid)).id, row.id)
    t.same(await shop.events(publicId('payment', row.id)), ['payment.processing', 'payment.succeeded'])
  })

  t.test('a hold is captured later; refunds work as on any other', async t => {
    const row = await adopt(paper.charge(5000, 'MXN', { status: 'authorized', providerStatus: 'held', amountCaptured: 0, amountCapturable: 5000 }))
    const id = publicId('payment', row.id)
    t.match(await shop.must('POST', `/v1/payments/${id}/capture`, { amount: 3000 }), { status: 'succeeded', amount_captured: 3000, capture: 'manual' })
    t.match(await shop.must('POST', `/v1/payments/${id}/refunds`, { amount: 1000 }), { status: 'succeeded' })
    t.match(await read(row), { amount_refunded: 1000 })
  })
})
