/**
 * Ten complaints that merchants have written down about payment integrations (facts/payments.md, section 13), each as a test of the whole
 * hub. What proves the same in depth stands elsewhere:
 *
 *  1 parsed bodies          core/inbound/inbound.test.ts (the bytes are the bytes), adapters/<provider>/webhooks.test.ts (2,000 changes)
 *  2 events out of order    core/inbound/inbound.test.ts (out of order, doubled, several workers), core/payments/machine.test.ts
 *  3 the same news later    core/inbound/inbound.test.ts (one event, however often), core/payments/machine.test.ts
 *  4 a hundred times        core/adapter/conformance/amounts.ts for every provider, adapters/<provider>/{adapter,taxonomy}.test.ts
 *  5 x-signature            adapters/mercadopago/webhooks.test.ts (vectors, 2,000 changes)
 *  6 always FAILURE         adapters/paypal/webhooks.test.ts (vectors, certificates, 2,000 changes)
 *  7 two rules of rounding  adapters/payu/webhooks.test.ts (vectors of both)
 *  8 a decline closes it    test/latam.test.ts, adapters/{kushki,payu}/webhooks.test.ts, adapters/wompi/adapter.test.ts
 *  9 no notification        core/inbound/inbound.test.ts, core/reconciliation/reconciliation.test.ts, test/reconciliation.test.ts
 * 10 cash that expires      core/adapter/conformance/waiting.ts for every provider, adapters/conekta/adapter.test.ts (a day ends at 23:59:59)
 */
import { createHash, createHmac, generateKeyPairSync } from 'node:crypto'
import t from 'tap'
import { startConektaSimulator } from '../adapters/conekta/simulator.ts'
import { startKushkiSimulator } from '../adapters/kushki/simulator.ts'
import { startMercadoPagoSimulator } from '../adapters/mercadopago/simulator.ts'
import { startPaypalSimulator } from '../adapters/paypal/simulator.ts'
import { startPayuSimulator } from '../adapters/payu/simulator.ts'
import { startWompiSimulator } from '../adapters/wompi/simulator.ts'
import { createCheckoutSession, getCheckoutSession } from '../core/checkout/service.ts'
import { connectionHealth, createConnection, getConnection, registerWebhook, testConnection } from '../core/connections/service.ts'
import { listInbound } from '../core/inbound/service.ts'
import { confirmPayment, createPayment, getPayment } from '../core/payments/service.ts'
import type { NewPayment } from '../core/payments/schema.ts'
import { hookedHub, signatureOf } from './support/hooked-hub.ts'

t.setTimeout(180_000)

let clock = () => new Date()
const now = () => clock()
const conekta = await startConektaSimulator({ seed: 7, localHooks: true, now })
const kushki = await startKushkiSimulator({ seed: 7, now })
const mercadopago = await startMercadoPagoSimulator({ seed: 7, now })
const paypal = await startPaypalSimulator({ seed: 7, localHooks: true, now })
const payu = await startPayuSimulator({ seed: 7, now })
const wompi = await startWompiSimulator({ seed: 7 })
const simulators = { conekta, kushki, mercadopago, paypal, payu, wompi }
t.teardown(async () => { for (const simulator of Object.values(simulators)) await simulator.close() })

const env = Object.fromEntries(Object.entries(simulators).flatMap(([id, { url }]) => [[`PASARELA_PROVIDER_URL_${id.toUpperCase()}`, url], [`PASARELA_PROVIDER_RATE_${id.toUpperCase()}`, '10000']]))
const made = await hookedHub(t, { env: { ...env, RESOLVER_SCHEDULE: '1s,5s,30s,1m,5m', INBOUND_SCHEDULE: '1s,5s,30s' } })
const { hub, work, advance } = made
clock = hub.now
const minuteMs = 60_000
const ana = { name: 'Ana Pérez', email: 'ana@shop.example', phone: '5522997233', tax_id: '1020304050' }

/** A tenant with a connection; `hook`: where its provider calls. */
async function shop (provider: keyof typeof simulators, credentials = simulators[provider].credentials('test')) {
  const tenant = await made.tenant()
  const { id: connection } = await createConnection(hub, tenant.access, { provider, mode: 'test', credentials }, null)
  const { webhook_url: hook } = await getConnection(hub, tenant.access, connection)
  const pay = async (more: Partial<NewPayment> = {}) => await createPayment(hub, tenant.access, { amount: 19_900, currency: 'MXN', customer: ana, connection, ...more } as NewPayment, null)
  const read = async (id: string) => await getPayment(hub, tenant.access, id)
  const heard = async () => {
    await simulators[provider].settled()
    return await work()
  }
  return { ...tenant, connection, hook, credentials, pay, read, heard }
}

const referenceOf = async (read: (id: string) => Promise<{ provider_reference: string | null }>, id: string): Promise<string> => (await read(id)).provider_reference!

t.test('1: "No signatures found": a body that was parsed and written again is another body', async t => {
  const stripe = await made.shop()
  const payment = await createPayment(hub, stripe.access, { amount: 19_900, currency: 'MXN', method: { type: 'card', token: 'pm_card_visa' } }, null)
  const event = { id: 'evt_raw', object: 'event', type: 'payment_intent.succeeded', livemode: false, created: 1, data: { object: { object: 'payment_intent', id: payment.provider_reference } } }
  const spaced = Buffer.from(`${JSON.stringify(event, null, 3).replaceAll('\n', '\r\n')}\n\n`)
  t.equal((await stripe.send(spaced)).status, 200, 'whatever whitespace they sent is what they signed')
  const signature = signatureOf(spaced, await stripe.secret(), hub.now())
  for (const other of [JSON.stringify(event), JSON.stringify(event, null, 2), `${spaced.toString()} `]) t.equal((await stripe.send(other, { signature })).status, 401)
  const pair = generateKeyPairSync('rsa', { modulusLength: 2048, publicKeyEncoding: { type: 'spki', format: 'pem' }, privateKeyEncoding: { type: 'pkcs8', format: 'pem' } })
  const ours = await shop('conekta', { ...conekta.credentials('test'), webhook_public_key: pair.publicKey.trim() })
  await ours.pay({ method: { type: 'card', token: 'tok_test_visa_4242' } })
  const { headers, body } = conekta.signedWebhook({ secret: pair.privateKey, now: hub.now() })
  t.equal((await fetch(ours.hook, { method: 'POST', headers, body: Buffer.from(body) })).status, 200)
  t.equal((await fetch(ours.hook, { method: 'POST', headers, body: JSON.stringify(JSON.parse(Buffer.from(body).toString()), null, 1) })).status, 401)
  const third = await shop('kushki')
  await third.pay({ method: { type: 'card', token: 'sim_approved' } })
  const signed = kushki.signedWebhook({ secret: third.credentials.webhook_secret!, now: hub.now() })
  t.equal((await fetch(third.hook, { method: 'POST', headers: signed.headers, body: JSON.stringify(JSON.parse(Buffer.from(signed.body).toString()), null, 1) })).status, 401)
  t.equal((await fetch(third.hook, { method: 'POST', headers: signed.headers, body: Buffer.from(signed.body) })).status, 200)
})

t.test('2: events out of order set nothing back', async t => {
  for (const seed of [1, 2, 3]) {
    const { access, connection, pay, read, heard } = await shop('conekta')
    await registerWebhook(hub, access, connection)
    await heard()
    conekta.deliver({ how: 'shuffle', seed })
    const paid = await pay({ method: { type: 'oxxo' } })
    conekta.pay(await referenceOf(read, paid.id))
    const expired = await pay({ method: { type: 'oxxo' } })
    conekta.expire(await referenceOf(read, expired.id))
    conekta.deliver({ how: 'release' })
    made.busy(true)
    await heard()
    await made.idle()
    made.busy(false)
    await heard()
    t.match(await read(paid.id), { status: 'succeeded', amount_captured: 19_900, review: null })
    t.match(await read(expired.id), { status: 'expired', amount_captured: 0, review: null })
  }
})

t.test('3: approved again two hours later is no second payment, and no second event', async t => {
  const { access, tenantId, hook, credentials, pay, read, heard } = await shop('mercadopago')
  mercadopago.notify(credentials.access_token!, hook)
  const { id } = await pay({ method: { type: 'oxxo' } })
  mercadopago.pay(await referenceOf(read, id))
  await heard()
  const first = await read(id)
  t.match(first, { status: 'succeeded', amount_captured: 19_900 })
  const told = async () => (await made.database.owner.selectFrom('events').select('type').where('tenant_id', '=', tenantId).execute()).length
  const before = await told()
  advance(120 * minuteMs)
  const again = () => mercadopago.signedWebhook({ secret: mercadopago.secret(credentials.access_token!), now: hub.now() })
  for (let times = 0; times < 3; times++) {
    const { headers, body, query } = again()
    t.equal((await fetch(`${hook}?${query!}`, { method: 'POST', headers, body: Buffer.from(body) })).status, 200)
  }
  await heard()
  t.same(await read(id), first)
  t.equal(await told(), before)
  t.equal((await listInbound(hub, access, { limit: 100 })).data.filter(({ status }) => status === 'parked').length, 0)
})

t.test('4: a hundred times too much: the books of each provider have what was asked', async t => {
  const charged = async (provider: keyof typeof simulators, money: { amount: number, currency: string }, method: { type: string, token: string, details?: object }, credentials?: Record<string, string>) => {
    const { pay, connection } = await shop(provider, credentials)
    const { id } = await pay({ ...money, connection, method, return_url: 'https://shop.example/back' } as Partial<NewPayment>)
    t.same(simulators[provider].charged!(id), money, `${provider} ${money.currency}`)
  }
  const visa = { type: 'card', token: 'sim-token-visa-APRO' }
  await charged('mercadopago', { amount: 150_000, currency: 'CLP' }, visa, mercadopago.account({ mode: 'test', site: 'MLC' }))
  await charged('mercadopago', { amount: 150_050, currency: 'COP' }, visa, mercadopago.account({ mode: 'test', site: 'MCO' }))
  await charged('paypal', { amount: 150_000, currency: 'JPY' }, { type: 'card', token: 'vault-visa' })
  await charged('paypal', { amount: 150_000, currency: 'HUF' }, { type: 'card', token: 'vault-visa' })
  await charged('payu', { amount: 150_000, currency: 'CLP' }, { type: 'card', token: 'sim-VISA-APPROVED', details: { payment_method: 'VISA' } })
  await charged('payu', { amount: 5_000_050, currency: 'COP' }, { type: 'card', token: 'sim-VISA-APPROVED', details: { payment_method: 'VISA' } })
  await charged('wompi', { amount: 5_000_000, currency: 'COP' }, { type: 'card', token: 'tok_test_sim_approved' })
  await charged('kushki', { amount: 150_000, currency: 'CLP' }, { type: 'card', token: 'sim_approved' })
  await charged('kushki', { amount: 5_000_050, currency: 'COP' }, { type: 'card', token: 'sim_approved' })
  await charged('kushki', { amount: 150_050, currency: 'MXN' }, { type: 'card', token: 'sim_approved' })
  await charged('conekta', { amount: 150_050, currency: 'MXN' }, { type: 'card', token: 'tok_test_visa_4242' })
  const stripe = await made.shop()
  for (const money of [{ amount: 1500, currency: 'JPY' }, { amount: 150_000, currency: 'CLP' }, { amount: 15_000, currency: 'KRW' }, { amount: 1500, currency: 'UGX' }]) {
    const { id } = await createPayment(hub, stripe.access, { ...money, method: { type: 'card', token: 'pm_card_visa' } }, null)
    t.same(made.simulator.charged!(id), money, `stripe ${money.currency}`)
  }
  // And what the provider says that it charged is compared before it is believed.
  const { hook, credentials, pay, read, heard } = await shop('mercadopago')
  mercadopago.notify(credentials.access_token!, hook)
  const { id } = await pay({ method: { type: 'oxxo' } })
  const reference = await referenceOf(read, id)
  mercadopago.payments().find(payment => String(payment.id) === reference)!.transaction_amount *= 100
  mercadopago.pay(reference)
  await heard()
  t.match(await read(id), { status: 'requires_action', amount_captured: 0, review: { reason: 'amount_mismatch', provider_amount: 1_990_000 } })
})

t.test('5: x-signature over an id as it is written, or in lower case; and it never does more than make us ask', async t => {
  const { hook, credentials, pay, read, heard } = await shop('mercadopago')
  const { id } = await pay({ method: { type: 'oxxo' } })
  const secret = credentials.webhook_secret!
  const send = async (dataId: string, signed: string) => {
    const ts = String(hub.now().getTime())
    const v1 = createHmac('sha256', secret).update(`id:${signed};request-id:r-${ts}-${signed};ts:${ts};`).digest('hex')
    return await fetch(`${hook}?data.id=${dataId}&type=order`, { method: 'POST', headers: { 'x-signature': `ts=${ts},v1=${v1}`, 'x-request-id': `r-${ts}-${signed}` }, body: JSON.stringify({ id: 1, type: 'order', action: 'order.processed', data: { id: dataId, status: 'processed' } }) })
  }
  t.equal((await send('ORDTST01M2V0', 'ORDTST01M2V0')).status, 200)
  t.equal((await send('ORDTST01M2V1', 'ordtst01m2v1')).status, 200)
  t.equal((await send('ordtst01m2v2', 'ORDTST01M2V2')).status, 401, 'a capital that nobody sent is no rule of theirs')
  const asked = mercadopago.requests().length
  await heard()
  t.ok(mercadopago.requests().slice(asked).every(({ method }) => method === 'GET'))
  t.match(await read(id), { status: 'requires_action', amount_captured: 0 })
})

t.test('6: verification that always fails: the webhook’s id is looked at when the connection is tested', async t => {
  const credentials = paypal.credentials('test')
  const wrong = await shop('paypal', { ...credentials, webhook_id: 'WH2WR32451HC0233532' })
  t.match(await testConnection(hub, wrong.access, wrong.connection), { ok: false, error: { code: 'invalid_credentials', provider_code: 'webhook_id' } })
  const { access, connection, hook, pay, read, heard } = await shop('paypal')
  await registerWebhook(hub, access, connection)
  t.match(await testConnection(hub, access, connection), { ok: true })
  const { id } = await pay({ method: { type: 'paypal' }, return_url: 'https://shop.example/back' })
  paypal.approve(await referenceOf(read, id))
  await heard()
  t.match(await read(id), { status: 'succeeded' })
  // What the panel's own simulator sends is signed for WEBHOOK_ID; and a body that was written again has another CRC.
  const panel = paypal.signedWebhook({ secret: 'WEBHOOK_ID', now: hub.now() })
  t.equal((await fetch(hook, { method: 'POST', headers: panel.headers, body: Buffer.from(panel.body) })).status, 401)
  const refused = (await connectionHealth(hub, access, connection)).webhook.refused
  t.ok(refused > 0, 'and the tenant sees that it was refused')
})

t.test('7: PayU’s decimals: both rules are known, and the response page is believed by nobody', async t => {
  const { hook, credentials, pay, read, heard } = await shop('payu')
  payu.confirmAt(hook)
  const sign = (parts: string[]) => createHash('md5').update([credentials.api_key, credentials.merchant_id, ...parts].join('~')).digest('hex')
  for (const [amount, written, signed] of [[15_000, '150.00', '150.0'], [15_026, '150.26', '150.26'], [15_020, '150.20', '150.2']] as const) {
    const { id } = await pay({ amount, method: { type: 'oxxo' } })
    const reference = await referenceOf(read, id)
    const fields = { merchant_id: credentials.merchant_id!, reference_sale: id, reference_pol: reference, value: written, currency: 'MXN', state_pol: '4', transaction_id: `t-${amount}` }
    const post = async (value: string) => (await fetch(hook, { method: 'POST', headers: { 'content-type': 'application/x-www-form-urlencoded' }, body: new URLSearchParams({ ...fields, sign: sign([id, value, 'MXN', '4']) }) })).status
    t.equal(await post(signed), 200, `${written} is signed as ${signed}`)
    t.equal(await post('150.4'), 401)
    await heard()
    t.match(await read(id), { status: 'requires_action', amount_captured: 0 }, 'a true signature of something that did not happen only makes us ask')
    const page = new URLSearchParams({ merchantId: credentials.merchant_id!, referenceCode: id, TX_VALUE: written, currency: 'MXN', transactionState: '4', signature: sign([id, '150.0', 'MXN', '4']) })
    t.ok((await fetch(`${hook}?${page.toString()}`)).status >= 400, 'what the payer’s browser brings is no news')
    payu.pay(reference)
    await heard()
    t.match(await read(id), { status: 'succeeded', amount_captured: amount })
  }
})

t.test('8: a declined attempt does not close what is then approved', async t => {
  const { access, hook, connection, heard, pay, read } = await shop('payu')
  payu.confirmAt(hook)
  const session = await createCheckoutSession(hub, access, { amount: 25_000, currency: 'MXN', connection, customer: ana, success_url: 'https://shop.example/ok' } as never, null)
  for (const outcome of ['REJECTED', 'INSUFFICIENT_FUNDS', 'APPROVED']) {
    await payu.payPage(session.url!, outcome)
    await heard()
  }
  const done = await getCheckoutSession(hub, access, session.id)
  t.match(done, { status: 'complete' })
  t.match(await read(done.payment!), { status: 'succeeded', amount_captured: 25_000, review: null })
  t.equal(payu.effects(session.id).charges, 1)
  // The news of the decline comes last, as it may at Kushki, where each attempt has a ticket of its own.
  const other = await shop('kushki')
  kushki.sendEventsTo(other.credentials.public_merchant_id!, other.hook)
  kushki.deliver({ how: 'hold' })
  const refused = await other.pay({ method: { type: 'card', token: 'sim_funds' } })
  t.match(refused, { status: 'requires_payment_method', error: { code: 'insufficient_funds' } })
  t.match(await confirmPayment(hub, other.access, refused.id, { method: { type: 'card', token: 'sim_approved' } }), { status: 'succeeded' })
  kushki.deliver({ how: 'release' })
  await other.heard()
  t.match(await other.read(refused.id), { status: 'succeeded', amount_captured: 19_900, review: null })
  t.equal(kushki.effects(refused.id).charges, 1)
  payu.deliver({ how: 'hold' })
  const declined = await pay({ method: { type: 'card', token: 'sim-VISA-REJECTED', details: { payment_method: 'VISA' } } })
  t.match(declined, { status: 'requires_payment_method' })
  t.match(await confirmPayment(hub, access, declined.id, { method: { type: 'card', token: 'sim-VISA-APPROVED', details: { payment_method: 'VISA' } } }), { status: 'succeeded' })
  payu.deliver({ how: 'release' })
  await heard()
  t.match(await read(declined.id), { status: 'succeeded', review: null })
})

t.test('9: an address that was accepted, and no notification: it is seen, and vouchers are asked about all the same', async t => {
  const { access, connection, pay, read } = await shop('conekta')
  conekta.deliver({ how: 'hold' })
  await registerWebhook(hub, access, connection)
  await conekta.settled()
  t.match((await connectionHealth(hub, access, connection)).webhook, { registered: true, first_event_at: null }, 'registered, and the ping that was asked for never came')
  const { id } = await pay({ method: { type: 'oxxo' } })
  await work()
  t.match(await read(id), { status: 'requires_action', amount_captured: 0 }, 'not paid before the cash is there')
  conekta.pay(await referenceOf(read, id))
  advance(11 * minuteMs)
  await work()
  t.match(await read(id), { status: 'succeeded', amount_captured: 19_900 }, 'found by asking')
  conekta.deliver({ how: 'release' })
  await conekta.settled()
  await work()
  t.not((await connectionHealth(hub, access, connection)).webhook.first_event_at, null)
  t.match(await read(id), { status: 'succeeded', review: null })
})

t.test('10: cash that nobody pays expires, at the end of a day where the payer lives', async t => {
  const atMidnight = (text: string) => new Intl.DateTimeFormat('en-GB', { timeZone: 'America/Mexico_City', hour: '2-digit', minute: '2-digit' }).format(new Date(text))
  const tills: { of: keyof typeof simulators, expire: (reference: string) => void, listen: (made: Awaited<ReturnType<typeof shop>>) => unknown, midnight: boolean }[] = [
    { of: 'conekta', expire: conekta.expire, listen: async ({ access, connection }) => await registerWebhook(hub, access, connection), midnight: true },
    { of: 'mercadopago', expire: mercadopago.expire, listen: ({ credentials, hook }) => { mercadopago.notify(credentials.access_token!, hook) }, midnight: false },
    { of: 'payu', expire: payu.expire, listen: ({ hook }) => { payu.confirmAt(hook) }, midnight: false }
  ]
  for (const { of, expire, listen, midnight } of tills) {
    const till = await shop(of)
    await listen(till)
    const { id, next_action: action } = await till.pay({ method: { type: 'oxxo' } })
    t.match(action, { type: 'voucher', expires_at: /Z$/ }, of)
    if (midnight) t.equal(atMidnight((action as { expires_at: string }).expires_at), '23:59', of)
    expire(await referenceOf(till.read, id))
    await till.heard()
    t.match(await till.read(id), { status: 'expired', amount_captured: 0, review: null }, `${of}: expired, neither canceled nor failed`)
  }
  // PayPal forgets an order that nobody approves.
  const { pay, read } = await shop('paypal')
  const { id: page } = await pay({ method: { type: 'paypal' }, return_url: 'https://shop.example/back' })
  for (const minutes of [11, 61, 361]) {
    t.match(await read(page), { status: 'requires_action' })
    advance(minutes * minuteMs)
    await work()
  }
  t.match(await read(page), { status: 'expired', amount_captured: 0, error: { code: 'expired' }, review: null }, 'paypal')
  const stripe = await made.shop()
  const voucher = await createPayment(hub, stripe.access, { amount: 19_900, currency: 'MXN', customer: ana, method: { type: 'oxxo' } }, null)
  t.equal(atMidnight((voucher.next_action as { expires_at: string }).expires_at), '23:59', 'stripe')
  made.simulator.expireVoucher(voucher.provider_reference!)
  await made.simulator.settled()
  await work()
  t.match(await getPayment(hub, stripe.access, voucher.id), { status: 'expired', amount_captured: 0 }, 'Stripe’s payment_failed is no failure')
})
