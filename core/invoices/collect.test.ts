import t, { type Test } from 'tap'
import { courses, fiscalShop, paidLater, refusal } from '../../test/support/fiscal-shop.ts'
import { type Country, country } from '../../test/support/mexico.ts'
import type { DisputeSnapshot } from '../adapter/disputes.ts'
import { createCheckoutSession } from '../checkout/service.ts'
import { inTenant } from '../db/in-tenant.ts'
import { tellDispute } from '../disputes/apply.ts'
import { uuidOf } from '../ids.ts'
import { createRefund } from '../payments/refunds.ts'
import { cancelPayment, createPayment, confirmPayment, getPayment } from '../payments/service.ts'
import { cancelInvoice } from './cancel.ts'
import { payInvoice } from './pay.ts'
import type { NewInvoice } from './schema.ts'
import * as service from './service.ts'

t.setTimeout(240_000)

const card = { type: 'card', token: 'pm_card_visa' }

async function place (t: Test, receipts: 'automatic' | 'manual' = 'automatic') {
  const here = await country(t)
  return { ...here, ...await openShop(here, receipts) }
}

async function openShop (here: Country, receipts: 'automatic' | 'manual') {
  const shop = await fiscalShop(here, { issuer: { mx: { receipts } } })
  const stripe = await shop.connect()
  const { hub, work } = here
  const { access } = shop
  const xmlOf = async (id: string) => String((await service.invoiceXml(hub, access, id)).bytes)
  return {
    shop,
    access,
    stripe,
    issue: async (changes: Partial<NewInvoice> = {}) => {
      const made = await service.createInvoice(hub, access, courses({ payment: paidLater, ...changes }), null)
      await work()
      return await service.getInvoice(hub, access, made.id)
    },
    get: async (id: string) => await service.getInvoice(hub, access, id),
    pay: async (invoice: string, amount: number, more: object = {}) => await createPayment(hub, access, { amount, currency: 'MXN', method: card, invoice_id: invoice, connection: stripe, ...more }, null),
    receipts: async (invoice: string) => {
      const found = (await service.listInvoices(hub, access, { kind: 'payment_receipt', limit: 100 })).data.filter(({ about }) => about === invoice).reverse()
      return await Promise.all(found.map(async receipt => {
        const xml = receipt.fiscal_id === null ? '' : await xmlOf(receipt.id)
        const part = (name: string) => new RegExp(`${name}="([^"]*)"`).exec(xml)?.[1]
        return { ...receipt, part: part('NumParcialidad'), before: part('ImpSaldoAnt'), paid: part('ImpPagado'), after: part('ImpSaldoInsoluto'), form: part('FormaDePagoP'), at: part('FechaPago'), rate: part('TipoCambioP'), equivalence: part('EquivalenciaDR'), currency: part('MonedaP'), sum: part('Monto') }
      }))
    },
    alerts: async (): Promise<{ kind: string, subject_id: string | null, detail: any }[]> => await inTenant(hub.db, shop.tenantId, async db => await db.selectFrom('alerts').select(['kind', 'subject_id', 'detail']).orderBy('id').execute()),
    events: async (id: string) => await inTenant(hub.db, shop.tenantId, async db => (await db.selectFrom('events').select('type').where('subject_id', '=', uuidOf('invoice', id)).where('type', 'in', ['invoice.paid', 'invoice.partly_paid', 'invoice.reopened']).orderBy('id').execute()).map(({ type }) => type))
  }
}

t.test('payments of an invoice and their receipts', async t => {
  const here = await place(t)
  const { hub, work, finkok, access, shop, issue, get, pay, receipts, alerts, events, advance, stripe } = here

  t.test('paid in parts by cards: each part has its receipt, in order, by itself', async t => {
    const { id } = await issue()
    t.match(await get(id), { payment_status: 'unpaid', amount_due: '2320.00', due: '2027-01-31' })
    const first = await pay(id, 100_000)
    t.match(first, { status: 'succeeded', invoice_id: id })
    await work()
    t.match(await get(id), { payment_status: 'partly_paid', amount_paid: '1000.00', amount_due: '1320.00' })
    t.match(await refusal(pay(id, 132_001)), { errors: [{ path: 'amount', message: /1320\.00/ }] }, 'never more than is due')
    await pay(id, 132_000, { method: { type: 'card', token: 'pm_card_visa_debit' } })
    await work()
    t.match(await get(id), { payment_status: 'paid', amount_due: '0.00' })
    t.match(await receipts(id), [
      { status: 'issued', part: '1', before: '2320.00', paid: '1000.00', after: '1320.00', form: '04', payment_id: first.id },
      { status: 'issued', part: '2', before: '1320.00', paid: '1320.00', after: '0.00', form: '28' }
    ])
    t.same(await events(id), ['invoice.partly_paid', 'invoice.paid'])
    t.match(await refusal(pay(id, 1_000)), { errors: [{ path: 'amount' }] })
    t.match(await refusal(payInvoice(hub, access, id, { payment: first.id }, null)), { code: 'already_exists' })
  })

  t.test('two payers at once never pay more than is due', async t => {
    const { id } = await issue()
    const both = await Promise.allSettled([pay(id, 232_000), pay(id, 232_000), pay(id, 100_000)])
    t.equal(both.filter(({ status }) => status === 'fulfilled').length, 1)
    await work()
    const found = await get(id)
    t.equal(Number(found.amount_paid) <= 2320, true)
    t.equal((await receipts(id)).length, 1)
    const other = (await issue()).id
    const many = await Promise.allSettled(Array.from({ length: 6 }, async () => await pay(other, 58_000)))
    t.equal(many.filter(({ status }) => status === 'fulfilled').length, 4, 'of six quarters four')
    await Promise.all([work(), work()])
    t.match(await get(other), { payment_status: 'paid', amount_paid: '2320.00' })
    t.same((await receipts(other)).map(({ part, before, after }) => [part, before, after]), [['1', '2320.00', '1740.00'], ['2', '1740.00', '1160.00'], ['3', '1160.00', '580.00'], ['4', '580.00', '0.00']])
  })

  t.test('what is under way holds its part, and an end sets it free', async t => {
    const { id } = await issue()
    const voucher = await createPayment(hub, access, { amount: 232_000, currency: 'MXN', method: { type: 'oxxo' }, customer: { name: 'Ana Torres', email: 'ana@example.com' }, invoice_id: id, connection: stripe }, null)
    t.equal(voucher.status, 'requires_action')
    t.match(await refusal(pay(id, 1_000)), { code: 'invoice_being_paid', detail: { en: new RegExp(voucher.id) } })
    t.match(await refusal(createCheckoutSession(hub, access, { amount: 1_000, currency: 'MXN', success_url: 'http://shop.test/', invoice_id: id }, null)), { code: 'invoice_being_paid' })
    await cancelPayment(hub, access, voucher.id, undefined)
    const session = await createCheckoutSession(hub, access, { amount: 232_000, currency: 'MXN', success_url: 'http://shop.test/', invoice_id: id, connection: stripe }, null)
    t.match(session, { status: 'open', invoice_id: id })
    t.match(await refusal(pay(id, 1_000)), { code: 'invoice_being_paid' })
    const declined = await pay((await issue()).id, 5_000, { method: { type: 'card', token: 'pm_card_visa_chargeDeclined' } })
    t.equal(declined.status, 'requires_payment_method')
    t.match(await confirmPayment(hub, access, declined.id, { method: card }), { status: 'succeeded' })
  })

  t.test('refused for what is no invoice to pay', async t => {
    const draft = await service.createInvoice(hub, access, { ...courses(), draft: true }, null)
    const stranger = await openShop(here, 'manual')
    for (const id of [draft.id, 'inv_nonsense', (await stranger.issue()).id]) t.match(await refusal(pay(id, 1_000)), { errors: [{ path: 'invoice_id' }] }, id)
    t.match(await refusal(pay((await issue()).id, 2_000, { currency: 'USD' })), { errors: [{ path: 'currency' }] })
  })

  t.test('answer, resolver and a job that runs many times: one receipt', async t => {
    const { id } = await issue()
    here.simulator.inject({ kind: 'cut_after', path: '/v1/payment_intents' })
    const lost = await pay(id, 232_000)
    t.equal(lost.status, 'unknown')
    t.match(await refusal(pay(id, 1_000)), { code: 'invoice_being_paid' }, 'nobody knows, so it holds')
    for (let round = 0; round < 6 && (await getPayment(hub, access, lost.id)).status === 'unknown'; round++) {
      advance(60_000)
      await Promise.all([work(), work(), work()])
    }
    await Promise.all([work(), work()])
    t.match(await get(id), { payment_status: 'paid' })
    t.equal((await receipts(id)).length, 1)
    t.equal(here.simulator.effects(lost.id).charges, 1)
  })

  t.test('a refund opens the amount again, and the person is told what to do with the receipt', async t => {
    const { id } = await issue()
    const first = await pay(id, 232_000)
    await work()
    const [receipt] = await receipts(id)
    await createRefund(hub, access, first.id, { amount: 32_000 }, null)
    await work()
    t.match(await get(id), { payment_status: 'partly_paid', amount_paid: '2000.00', amount_due: '320.00' })
    t.same((await events(id)).at(-1), 'invoice.reopened')
    t.match((await alerts()).filter(({ kind, subject_id: subject }) => kind === 'receipt_after_refund' && subject === receipt!.id), [{ detail: { do: 'substitute', new_amount: '2000.00', given_back: '320.00', receipt_amount: '2320.00', fiscal_id: receipt!.fiscal_id } }])
    // What is open is paid once more: its receipt waits until the authority has forgotten the first.
    const second = await pay(id, 32_000)
    await work()
    t.match(await get(id), { payment_status: 'paid', amount_paid: '2320.00' })
    t.equal((await receipts(id)).length, 1)
    t.match((await alerts()).filter(({ kind, subject_id: subject }) => kind === 'receipt_waiting' && subject === id), [{ detail: { reason: 'earlier_receipt_must_be_canceled', payment: second.id } }])
    await cancelInvoice(hub, access, receipt!.id, { motive: '02' }, null)
    for (let round = 0; round < 8 && (await get(receipt!.id)).status !== 'canceled'; round++) {
      await work()
      advance(3600_000)
    }
    await work()
    t.match((await receipts(id)).filter(({ status }) => status === 'issued'), [{ payment_id: second.id, part: '1', before: '2320.00', paid: '320.00', after: '2000.00' }])
    // And for what stayed of the first payment the tenant says so.
    await payInvoice(hub, access, id, { payment: first.id }, null)
    await work()
    t.match((await receipts(id)).filter(({ status }) => status === 'issued').map(({ part, before, paid, after, form }) => [part, before, paid, after, form]), [['1', '2320.00', '320.00', '2000.00', '04'], ['2', '2000.00', '2000.00', '0.00', '04']])
  })

  t.test('a dispute opens it too, until it is won', async t => {
    const { id } = await issue()
    const payment = await pay(id, 232_000)
    await work()
    const dispute = (status: DisputeSnapshot['status']): DisputeSnapshot => ({ providerReference: 'dp_1', paymentProviderReference: payment.provider_reference!, status, providerStatus: status, reason: 'fraudulent', amount: { amount: 232_000, currency: 'MXN' } })
    const tell = async (status: DisputeSnapshot['status']) => {
      await inTenant(hub.db, shop.tenantId, async db => await tellDispute(hub, db, uuidOf('payment', payment.id), { type: 'told', snapshot: dispute(status) } as never))
      await inTenant(hub.db, shop.tenantId, async db => { await db.deleteFrom('timers').where('kind', '=', 'dispute').execute() })
      await work()
    }
    await tell('needs_response')
    t.match(await get(id), { payment_status: 'unpaid', amount_due: '2320.00' })
    await tell('won')
    t.match(await get(id), { payment_status: 'paid', amount_due: '0.00' })
    t.same(await events(id), ['invoice.paid', 'invoice.reopened', 'invoice.paid'])
    t.equal((await receipts(id)).length, 1)
  })

  t.test('what arrives twice is shown and told, and covers what a refund opens', async t => {
    const [first, second] = await Promise.all([1, 2].map(async () => await createPayment(hub, access, { amount: 232_000, currency: 'MXN', method: card, connection: stripe }, null)))
    const { id } = await issue({ payment_id: first!.id })
    await work()
    t.match(await get(id), { status: 'issued', authority_messages: [], payment_status: 'paid', payment_id: first!.id })
    t.match(await getPayment(hub, access, first!.id), { invoice_id: id }, 'the payment that an invoice names pays it')
    // A link that was paid although nothing was due any more: no reservation can stop money that is on its way.
    await inTenant(hub.db, shop.tenantId, async db => { await db.updateTable('payments').set({ invoice_id: uuidOf('invoice', id), updated_at: hub.now() }).where('id', '=', uuidOf('payment', second!.id)).execute() })
    await work()
    t.match(await get(id), { payment_status: 'paid', amount_paid: '2320.00', amount_due: '0.00' })
    t.match((await alerts()).filter(({ kind, subject_id: subject }) => kind === 'invoice_overpaid' && subject === id), [{ detail: { payment: second!.id, excess: '2320.00' } }])
    t.equal((await receipts(id)).length, 1, 'of what is too much there is no receipt')
    await createRefund(hub, access, first!.id, {}, null)
    await work()
    t.match(await get(id), { payment_status: 'paid', amount_due: '0.00' })
  })

  t.test('credit notes are taken off what is due', async t => {
    const { id } = await issue()
    await service.createCreditNote(hub, access, id, { lines: [{ ...courses().lines[0]!, quantity: '1' }] }, null)
    await work()
    t.match(await get(id), { amount_due: '1160.00', amount_credited: '1160.00', payment_status: 'unpaid' })
    t.match(await refusal(pay(id, 116_001)), { errors: [{ path: 'amount' }] })
    await pay(id, 116_000)
    await work()
    t.match(await get(id), { payment_status: 'paid', amount_due: '0.00' })
  })

  t.test('a receipt that the PAC rejects is seen, and sent again', async t => {
    const { id } = await issue()
    await pay(id, 232_000)
    finkok.inject({ kind: 'refuse_connection', path: '/stamp', times: 20 })
    for (let round = 0; round < 5; round++) {
      await work()
      advance(20 * 3600_000)
    }
    finkok.clearFaults()
    await work()
    const seen = await receipts(id)
    t.match(seen, [{ status: 'rejected', authority_messages: [{ code: '401' }] }])
    t.match((await alerts()).filter(({ kind, subject_id: subject }) => kind === 'invoice_rejected' && subject === seen[0]!.id).length, 1)
    advance(11 * 60_000)
    await work()
    t.match(await receipts(id), [{ status: 'issued', number: seen[0]!.number, part: '1', before: '2320.00' }])
  })

  t.test('in dollars the day’s rate is asked for, never invented', async t => {
    const { id } = await issue({ currency: 'USD', exchange_rate: '18.5' })
    const [told, untold] = [await pay(id, 100_000, { currency: 'USD', exchange_rate: '19.25' }), await pay(id, 32_000, { currency: 'USD' })]
    await work()
    t.match(await receipts(id), [{ payment_id: told.id, currency: 'USD', rate: '19.25', equivalence: '1', paid: '1000.00', before: '2320.00' }])
    t.match((await alerts()).filter(({ kind, subject_id: subject }) => kind === 'receipt_waiting' && subject === id), [{ detail: { reason: 'exchange_rate_missing', payment: untold.id } }])
    t.match(await refusal(payInvoice(hub, access, id, { payment: untold.id }, null)), { errors: [{ path: 'exchange_rate' }] })
    await payInvoice(hub, access, id, { payment: untold.id, exchange_rate: '19.3' }, null)
    // And what is left is paid in pesos.
    const pesos = await createPayment(hub, access, { amount: 1_930_000, currency: 'MXN', method: card, connection: stripe }, null)
    await payInvoice(hub, access, id, { payment: pesos.id, amount: '1000.00', exchange_rate: '19.3' }, null)
    await work()
    t.match((await receipts(id)).slice(1), [{ rate: '19.3', part: '2', before: '1320.00', after: '1000.00' }, { status: 'issued', currency: 'MXN', rate: '1', sum: '19300.00', paid: '1000.00', equivalence: /^0\.0518/, part: '3', after: '0.00' }])
    t.match(await get(id), { payment_status: 'paid' })
    await createRefund(hub, access, pesos.id, { amount: 965_000 }, null)
    await work()
    t.match(await get(id), { amount_due: '500.00' })
  })
})

t.test('without the tenant’s wish no receipt is made', async t => {
  const here = await place(t, 'manual')
  const { hub, work, access, issue, get, pay, receipts } = here
  const { id } = await issue()
  const payment = await pay(id, 232_000)
  await work()
  t.match(await get(id), { payment_status: 'paid' })
  t.same(await receipts(id), [])
  t.match(await refusal(payInvoice(hub, access, id, { payment: payment.id, amount: '1.00' }, null)), { errors: [{ path: 'amount' }] })
  await payInvoice(hub, access, id, { payment: payment.id }, null)
  await work()
  t.match(await receipts(id), [{ status: 'issued', form: '04', paid: '2320.00', part: '1' }])
  t.match(await get(id), { amount_paid: '2320.00' }, 'counted once')
  const wished = await issue({ mx: { receipts: 'automatic' } })
  await pay(wished.id, 1_000)
  await work()
  t.match(await receipts(wished.id), [{ status: 'issued', paid: '10.00' }], 'the invoice may say otherwise')
  const now = await issue({ payment: { method: 'PUE', form: '03' } })
  await pay(now.id, 232_000)
  await work()
  t.match([await get(now.id), await receipts(now.id)], [{ payment_status: 'paid' }, []], 'a PUE invoice is paid, and has no receipt')
})
