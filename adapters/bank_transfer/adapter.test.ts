import t from 'tap'
import { capabilitiesOf, contractProblems, type CreatePaymentInput, type IdempotencyKey } from '../../core/adapter/index.ts'
import { id, key, refused, soon } from '../../test/support/connection.ts'
import adapter from './adapter.ts'
import { account, contextOf, euros, MemoryBook } from './testing/book.ts'

const { manifest, payments } = adapter
const at = new Date('2026-11-21T18:00:00Z')
const open = (options: Parameters<typeof contextOf>[2] = {}, book = new MemoryBook(undefined, () => at)) => ({ book, context: contextOf(manifest, book, { now: () => at, ...options }) })
const ask = (more: Partial<CreatePaymentInput> = {}): CreatePaymentInput => ({ idempotencyKey: key(), reference: id('pay'), attempt: 1, amount: { amount: 123_456, currency: 'MXN' }, method: { type: 'bank_transfer' }, capture: 'automatic', ...more })

t.test('a capability is a method that exists: no refund, no capture, no webhook', async t => {
  t.same(contractProblems(adapter), [])
  t.same(capabilitiesOf(adapter).sort(), ['cancel', 'create_payment', 'find_payment', 'get_payment', 'test'])
})

t.test('a payment asks for a transfer, and tells all that the payer writes into it', async t => {
  const { context } = open()
  const input = ask()
  const asked = await payments.createPayment(context, input)
  t.match(asked, {
    status: 'requires_action', providerStatus: 'awaiting_transfer', reference: input.reference, amountCaptured: 0, mode: 'test', method: { type: 'bank_transfer' },
    nextAction: { type: 'bank_transfer', clabe: account.clabe, bank: 'BANAMEX', beneficiary: 'Tienda SA de CV', amount: 123_456, currency: 'MXN', amount_remaining: 123_456, reference: /^[1-9]\d{6}$/, expires_at: '2026-11-25T05:59:59.000Z' }
  })
  t.same(await payments.getPayment(context, asked.providerReference), asked)
  t.same(await payments.findPayment(context, { reference: input.reference, ...soon() }), asked)
  t.equal(await payments.findPayment(context, { reference: id('pay'), ...soon() }), undefined)
  t.same(await payments.createPayment(context, input), asked, 'the same attempt again is the same transfer')
  t.match(await refused(payments.createPayment(context, { ...input, amount: { amount: 1, currency: 'MXN' } })), { code: 'duplicate', reached: 'answered' })
  t.not((await payments.createPayment(context, { ...input, attempt: 2 })).providerReference, asked.providerReference)
  t.match(await payments.createPayment(context, ask({ amount: { amount: 500, currency: 'EUR' }, method: undefined } as Partial<CreatePaymentInput>)), { nextAction: { account: euros.iban, bic: euros.bic, expires_at: '2026-11-24T22:59:59.000Z' } })
})

t.test('its last day ends where the account is, and a statement has some days more', async t => {
  const { context, book } = open({ settings: { expiry_days: 0, statement_days: 2 } })
  const today = await payments.createPayment(context, ask())
  t.match(book.rows[0], { expiresAt: new Date('2026-11-22T05:59:59Z'), closesAt: new Date('2026-11-24T05:59:59Z') })
  await payments.createPayment(context, ask({ expiresAt: new Date('2026-12-01T10:00:00Z') }))
  t.match(book.rows[1], { expiresAt: new Date('2026-12-02T05:59:59Z') }, 'a moment of a day is that day: statements tell days')
  const later = (moment: string) => contextOf(manifest, book, { now: () => new Date(moment) })
  t.equal((await payments.getPayment(later('2026-11-24T05:59:59Z'), today.providerReference)).status, 'requires_action')
  t.match(await payments.getPayment(later('2026-11-24T06:00:00Z'), today.providerReference), { status: 'expired', providerStatus: 'expired', nextAction: undefined })
})

t.test('what the book says is what is told', async t => {
  const { context, book } = open()
  const { providerReference } = await payments.createPayment(context, ask())
  book.set(providerReference, () => ({ status: 'paid', transactionReference: 'MBAN01' }))
  t.match(await payments.getPayment(context, providerReference), { status: 'succeeded', providerStatus: 'credited', amountCaptured: 123_456, transactionReference: 'MBAN01', nextAction: undefined })
  const cancel = async (reference: string) => await payments.cancel(context, { idempotencyKey: 'k' as IdempotencyKey, reference: 'pay_1', providerReference: reference })
  t.match(await refused(cancel(providerReference)), { code: 'invalid_state', reached: 'answered' }, 'what has come is not canceled')
  const other = await payments.createPayment(context, ask())
  t.match(await cancel(other.providerReference), { status: 'canceled', providerStatus: 'canceled', amountCaptured: 0 })
  t.match(await cancel(other.providerReference), { status: 'canceled' }, 'a second time it is so already')
  for (const unknown of [cancel('btr_x'), payments.getPayment(context, 'btr_x')]) t.match(await refused(unknown), { code: 'not_found', reached: 'answered' })
})

t.test('what cannot be is refused before anything is written', async t => {
  const { context, book } = open()
  const cases: [Partial<CreatePaymentInput>, string][] = [
    [{ capture: 'manual' }, 'capture'], [{ method: { type: 'card' } }, 'method.type'], [{ amount: { amount: 1, currency: 'USD' } }, 'currency']
  ]
  for (const [more, param] of cases) t.match(await refused(payments.createPayment(context, ask(more))), { code: 'unsupported', reached: 'nowhere', param })
  const named = contextOf(manifest, book, { settings: { bank_account: account.id } })
  t.match(await refused(payments.createPayment(named, ask({ amount: { amount: 1, currency: 'EUR' } }))), { code: 'unsupported', param: 'currency' }, 'the connection names an account of another currency')
  t.match(await refused(payments.createPayment(contextOf(manifest, book, { settings: { bank_account: `ban_${'c'.repeat(32)}` } }), ask())), { code: 'unsupported' })
  t.match(await refused(payments.createPayment(contextOf(manifest, undefined), ask())), { code: 'unsupported', reached: 'nowhere' })
  t.same(book.rows, [])
})

t.test('test() says which accounts would receive', async t => {
  const { context, book } = open()
  const proof = await adapter.test(context)
  t.match(proof, { account: { id: account.id, country: 'MX', currency: 'MXN' }, mode: 'test', evidence: [{ es: /BANAMEX, CLABE termina en 7771/, en: /ending in 7771/ }, { en: /IBAN ending in 1332/ }] })
  t.equal((await adapter.test(contextOf(manifest, book, { settings: { bank_account: euros.id } }))).evidence.length, 1)
  for (const nothing of [contextOf(manifest, new MemoryBook([])), contextOf(manifest, book, { settings: { bank_account: `ban_${'c'.repeat(32)}` } })]) {
    t.match(await refused(adapter.test(nothing)), { code: 'invalid_credentials', reached: 'answered' })
  }
})
