import t from 'tap'
import { hookedHub, type HookedHub, type Shop } from '../../test/support/hooked-hub.ts'
import { dump, leaks } from '../../test/support/leaks.ts'
import { loadSealed } from '../connections/open.ts'
import { inTenant } from '../db/in-tenant.ts'
import type { Hub } from '../hub.ts'
import { publicId, uuidOf } from '../ids.ts'
import { applyKeptMethod, prepareKeptMethod } from './apply-method.ts'
import { customerAt, makeCustomer } from './at-provider.ts'
import { getMethod, listMethods, makeDefault, openSavedMethod, removeMethod, saveMethod } from './methods.ts'
import type { PaymentMethod } from './schema.ts'
import { createCustomer, deleteCustomer, getCustomer, listCustomers, patchCustomer } from './service.ts'

const card = (token = 'pm_card_visa') => ({ type: 'card', token })

t.setTimeout(240_000)

let made: HookedHub
let shop: Shop
t.before(async () => {
  made = await hookedHub(t, { env: { RESOLVER_SCHEDULE: '5s,15s,1m,5m' } })
  shop = await made.shop()
})
t.beforeEach(() => { made?.simulator.clearFaults() })

const hub = (): Hub => made.hub
const requests = (path: string, from: number) => made.simulator.requests().slice(from).filter(request => request.method === 'POST' && request.path === path)
const marker = () => made.simulator.requests().length
const events = async (subject: string) => await made.database.owner.selectFrom('events').select(['type', 'data']).where('subject_id', '=', subject).orderBy('id').execute()
/** Webhooks come in, and all that is due is done. */
async function settle (): Promise<void> {
  await made.simulator.settled()
  await made.work()
}
async function sealedConnection (of: Shop) {
  return (await inTenant(hub().db, of.tenantId, async db => await loadSealed(db, uuidOf('connection', of.connection))))!
}
const newCustomer = async (fields = {}) => await createCustomer(hub(), shop.access, { name: 'Ana', email: 'ana@example.com', ...fields }, null)

t.test('a customer is ours: read, changed, found, and of one mode', async t => {
  const { access } = shop
  const from = marker()
  const ana = await createCustomer(hub(), access, { name: 'Ana Pérez', email: 'Ana.Perez@Example.com', phone: '+52 55 1234 5678', tax_id: 'PEXA800101AB1', address: { line1: 'Calle 1', postal_code: '06000', country: 'MX' }, reference: 'crm-1', metadata: { tier: 'gold' } }, null)
  const bea = await createCustomer(hub(), access, { name: 'Bea', email: 'bea@example.com', tax_id: 'BEXA800101AB1' }, null)
  t.match(await getCustomer(hub(), access, ana.id), { name: 'Ana Pérez', address: { country: 'MX' }, metadata: { tier: 'gold' }, default_payment_method: null })
  const found = async (query: object) => (await listCustomers(hub(), access, query)).data.map(({ id }) => id)
  t.same(await found({ email: 'ana.perez@example.com' }), [ana.id], 'whatever its case')
  t.same(await found({ tax_id: 'BEXA800101AB1' }), [bea.id])
  t.same(await found({ reference: 'crm-1' }), [ana.id])
  t.same((await found({})).slice(0, 2), [bea.id, ana.id], 'newest first')
  t.match(await patchCustomer(hub(), access, ana.id, { phone: null, name: 'Ana P.' }), { phone: null, name: 'Ana P.', email: 'Ana.Perez@Example.com' })
  t.same((await events(uuidOf('customer', ana.id))).map(({ type, data }) => [type, Object.keys(data as object).sort()]), [['customer.created', ['id', 'mode', 'object']], ['customer.updated', ['id', 'mode', 'object']]], 'an event cannot be forgotten, so it names nobody')
  const live = { ...access, mode: 'live' as const }
  await t.rejects(getCustomer(hub(), live, ana.id), { code: 'not_found' })
  await t.rejects(patchCustomer(hub(), live, ana.id, { name: 'X' }), { code: 'not_found' })
  await t.rejects(deleteCustomer(hub(), live, ana.id), { code: 'not_found' })
  t.same(await listCustomers(hub(), live, {}), { data: [], next_cursor: null })
  const stranger = await made.shop()
  await t.rejects(getCustomer(hub(), stranger.access, ana.id), { code: 'not_found' })
  await t.rejects(saveMethod(hub(), stranger.access, ana.id, card(), null), { code: 'not_found' })
  await made.work()
  t.same(made.simulator.requests().slice(from).filter(({ path }) => path.startsWith('/v1/customers')), [], 'no provider knows of them')
})

t.test('at a provider it is made once, when it is first needed', async t => {
  const { id } = await newCustomer()
  const connection = await sealedConnection(shop)
  const from = marker()
  const references = await Promise.all(Array.from({ length: 6 }, async () => await customerAt(hub(), connection, uuidOf('customer', id), 'req')))
  t.equal(new Set(references).size, 1, 'six at once have one')
  t.match(references[0], /^cus_/)
  t.equal(requests('/v1/customers', from).length, 1)
  t.equal(await customerAt(hub(), connection, uuidOf('customer', id), 'req'), references[0])
  t.equal(requests('/v1/customers', from).length, 1, 'and never again')
  t.match(await shop.stripe('GET', `/v1/customers/${references[0]}`), { name: 'Ana', email: 'ana@example.com', metadata: { pasarela_customer: id } })
})

for (const kind of ['cut_before', 'cut_after', 'cut_mid_body', 'garbage', 'error_500', 'error_500_before'] as const) {
  t.test(`no answer (${kind}) when it is made: asked for, and then exactly one`, async t => {
    const { id } = await newCustomer({ email: `${kind}@example.com` })
    const connection = await sealedConnection(shop)
    made.simulator.inject({ kind, method: 'POST', path: '/v1/customers' })
    await t.rejects(customerAt(hub(), connection, uuidOf('customer', id), 'req'), { code: 'operation_in_progress' }, 'the same request may come again with its key')
    const reference = await customerAt(hub(), connection, uuidOf('customer', id), 'req')
    const { data } = await shop.stripe('GET', `/v1/customers?email=${kind}@example.com`)
    t.same(data.map((customer: { id: string }) => customer.id), [reference])
  })
}

t.test('what the provider refuses is told, and the next try is another request', async t => {
  const { id } = await newCustomer({ phone: '012345678901234567890123' })
  const connection = await sealedConnection(shop)
  await t.rejects(customerAt(hub(), connection, uuidOf('customer', id), 'req'), { code: 'provider_refused' })
  await patchCustomer(hub(), shop.access, id, { phone: null })
  t.match(await customerAt(hub(), connection, uuidOf('customer', id), 'req'), /^cus_/)
  made.simulator.inject({ kind: 'rate_limit', method: 'POST', path: '/v1/customers' })
  const other = await newCustomer()
  await t.rejects(customerAt(hub(), connection, uuidOf('customer', other.id), 'req'), { code: 'provider_unavailable' }, 'nothing happened there')
})

t.test('what changes is told to every provider that has it', async t => {
  const { id } = await newCustomer()
  const connection = await sealedConnection(shop)
  const reference = await customerAt(hub(), connection, uuidOf('customer', id), 'req')
  made.simulator.inject({ kind: 'error_500_before', method: 'POST', path: `/v1/customers/${reference}` })
  await patchCustomer(hub(), shop.access, id, { email: 'ana.new@example.com' })
  await made.work()
  t.match(await shop.stripe('GET', `/v1/customers/${reference}`), { email: 'ana@example.com' }, 'the provider could not be told yet')
  made.advance(6_000)
  await made.work()
  t.match(await shop.stripe('GET', `/v1/customers/${reference}`), { email: 'ana.new@example.com' })
  const from = marker()
  made.advance(60_000)
  await made.work()
  t.equal(marker(), from, 'and is not told again')
})

t.test('forgotten: here, at the provider, and in everything that is kept', async t => {
  const secrets = ['Zacarías Olvidado', 'zacarias@forgotten.example', 'OLZA800101AB1', 'Calle del Olvido 7']
  const { id } = await createCustomer(hub(), shop.access, { name: secrets[0]!, email: secrets[1]!, tax_id: secrets[2]!, address: { line1: secrets[3]! }, metadata: { note: secrets[0]! } }, null)
  await saveMethod(hub(), shop.access, id, card(), null)
  await patchCustomer(hub(), shop.access, id, { name: `${secrets[0]!} Jr.` })
  await settle()
  const reference = await customerAt(hub(), await sealedConnection(shop), uuidOf('customer', id), 'req')
  made.simulator.inject({ kind: 'error_500_before', method: 'DELETE', path: '/v1/customers/' })
  await deleteCustomer(hub(), shop.access, id)
  await t.rejects(getCustomer(hub(), shop.access, id), { code: 'not_found' })
  await t.rejects(deleteCustomer(hub(), shop.access, id), { code: 'not_found' })
  await t.rejects(saveMethod(hub(), shop.access, id, card(), null), { code: 'not_found' })
  await settle()
  made.advance(6_000)
  await settle()
  t.match(await shop.stripe('GET', `/v1/customers/${reference}`), { deleted: true })
  const places = await dump(made.database.superUrl)
  for (const secret of secrets) t.same(leaks(secret, places), [], secret)
  t.same((await made.database.owner.selectFrom('payment_methods').select(['status', 'brand', 'last4', 'provider_sealed', 'provider_mac']).where('customer_id', '=', uuidOf('customer', id)).execute()),
    [{ status: 'removed', brand: null, last4: null, provider_sealed: null, provider_mac: null }])
  const from = marker()
  await makeCustomer(hub(), await hub().open(await sealedConnection(shop)), uuidOf('customer', id), 'req').then(again => t.match(again, { ok: false, error: { code: 'not_found' } }), error => t.match(error, { code: 'not_found' }))
  t.equal(requests('/v1/customers', from).length, 0, 'and it does not come back there')
})

t.test('a card is saved for later, and the first is the one that is used', async t => {
  const { id } = await newCustomer()
  const first = await saveMethod(hub(), shop.access, id, card(), null)
  t.match(first, { status: 'active', type: 'card', brand: 'visa', last4: '4242', default: true, next_action: null, error: null, customer: id, connection: shop.connection })
  t.notMatch(JSON.stringify(first), /pm_|seti_/, 'nothing that money can be taken with')
  const second = await saveMethod(hub(), shop.access, id, card('pm_card_mastercard'), null)
  t.match(second, { status: 'active', brand: 'mastercard', default: false })
  t.match(await makeDefault(hub(), shop.access, id, second.id), { default: true })
  t.match(await getCustomer(hub(), shop.access, id), { default_payment_method: second.id })
  await settle()
  t.match(await getMethod(hub(), shop.access, id, first.id), { brand: 'visa', last4: '4242', exp_year: first.exp_year }, 'a webhook that does not tell the card does not empty it')
  t.same((await listMethods(hub(), shop.access, id, {})).data.map(method => [method.id, method.default]), [[second.id, true], [first.id, false]])
  t.same((await events(uuidOf('payment_method', first.id))).map(({ type }) => type), ['payment_method.active'])
})

t.test('what a charge needs of it is opened for the hub alone', async t => {
  const { id } = await newCustomer()
  const method = await saveMethod(hub(), shop.access, id, card(), null)
  const opened = await openSavedMethod(hub(), shop.access, { method: method.id, customer: id, type: 'card' })
  t.match(opened, { type: 'card', token: /^pm_/, customerProviderReference: /^cus_/, customerId: uuidOf('customer', id), connectionId: uuidOf('connection', shop.connection) })
  t.same(leaks(opened.token, (await dump(made.database.superUrl)).filter(({ where }) => where.startsWith('public.payment_methods'))), [], 'in the row it is sealed')
  const other = await newCustomer()
  const field = (message: RegExp) => ({ code: 'request_invalid', errors: [{ path: 'method.payment_method', message }] })
  await t.rejects(openSavedMethod(hub(), shop.access, { method: method.id, customer: other.id }), field(/another customer/))
  await t.rejects(openSavedMethod(hub(), shop.access, { method: method.id, type: 'oxxo' }), field(/type card/))
  await t.rejects(openSavedMethod(hub(), { ...shop.access, mode: 'live' }, { method: method.id }), field(/no such/))
  await t.rejects(openSavedMethod(hub(), (await made.shop()).access, { method: method.id }), field(/no such/), 'another tenant’s is none')
  await t.rejects(openSavedMethod(hub(), shop.access, { method: 'pmt_nonsense' }), field(/no such/))
})

t.test('what a payment kept becomes a method', async t => {
  const { id: connectionId, provider } = await sealedConnection(shop)
  const keep = async (customer: string, reference: string) => {
    const kept = await prepareKeptMethod(hub(), shop.tenantId, { providerReference: reference, status: 'active', type: 'card', brand: 'visa', last4: '4242' })
    return await inTenant(hub().db, shop.tenantId, async db => await applyKeptMethod(hub(), db, { customerId: uuidOf('customer', customer), connectionId, provider, mode: 'test', payment: 'pay_1' }, kept))
  }
  const rows = async (customer: string) => await made.database.owner.selectFrom('payment_methods').select(['id', 'status', 'detached_at', 'provider_sealed', 'provider_mac', 'last4']).where('customer_id', '=', uuidOf('customer', customer)).execute()

  await t.test('once, however many tell of it at the same time', async t => {
    const { id } = await newCustomer()
    const ids = await Promise.all(Array.from({ length: 6 }, async () => await keep(id, 'pm_kept_by_six')))
    t.equal(new Set(ids).size, 1)
    t.match((await listMethods(hub(), shop.access, id, {})).data, [{ status: 'active', type: 'card', brand: 'visa', last4: '4242', default: true, customer: id }])
    t.equal((await rows(id)).length, 1)
    t.same((await events(ids[0]!)).map(({ type }) => type), ['payment_method.active'])
    t.same(leaks('pm_kept_by_six', await dump(made.database.superUrl)), [], 'what money can be taken with is sealed')
    t.not(await keep(id, 'pm_another'), ids[0])
    t.equal((await getCustomer(hub(), shop.access, id)).default_payment_method, publicId('payment_method', ids[0]!), 'the first stays the one that is used')
    t.equal(await keep((await newCustomer()).id, 'pm_kept_by_six'), undefined, 'nobody else gets it')
  })

  await t.test('of a customer who was deleted meanwhile it is taken away', async t => {
    const { id } = await newCustomer()
    await deleteCustomer(hub(), shop.access, id)
    await keep(id, 'pm_of_nobody')
    t.match(await rows(id), [{ status: 'removed', last4: null, detached_at: null }])
    await made.work()
    t.match(await rows(id), [{ status: 'removed', detached_at: Date, provider_sealed: null, provider_mac: null }])
  })

  await t.test('deleted while it is kept, by whoever is first', async t => {
    for (let times = 0; times < 5; times++) {
      const { id } = await newCustomer()
      await Promise.all([keep(id, `pm_race_${times}`), deleteCustomer(hub(), shop.access, id)])
      await made.work()
      t.match(await rows(id), [{ status: 'removed', detached_at: Date, provider_sealed: null }])
    }
  })
})

t.test('a card whose bank wants to see the payer', async t => {
  const { id } = await newCustomer()
  const before = await newCustomer()
  await t.test('agreed: its webhook says so', async t => {
    const waiting = await saveMethod(hub(), shop.access, id, { ...card('pm_card_authenticationRequired'), return_url: 'http://shop.test/back' }, null)
    t.match(waiting, { status: 'requires_action', next_action: { type: 'redirect' }, default: false })
    await t.rejects(openSavedMethod(hub(), shop.access, { method: waiting.id }), { code: 'conflict' })
    await payer(waiting, 'complete')
    await settle()
    t.match(await getMethod(hub(), shop.access, id, waiting.id), { status: 'active', default: true, next_action: null })
    t.same((await events(uuidOf('payment_method', waiting.id))).map(({ type }) => type), ['payment_method.requires_action', 'payment_method.active'])
  })
  await t.test('agreed, and no webhook ever comes: it is asked for', async t => {
    const waiting = await saveMethod(hub(), shop.access, before.id, { ...card('pm_card_authenticationRequired'), return_url: 'http://shop.test/back' }, null)
    made.simulator.deliver({ how: 'hold' })
    await payer(waiting, 'complete')
    made.advance(11 * 60_000)
    await made.work()
    t.match(await getMethod(hub(), shop.access, before.id, waiting.id), { status: 'active' })
    made.simulator.deliver({ how: 'release' })
    await settle()
    t.match(await getMethod(hub(), shop.access, before.id, waiting.id), { status: 'active' }, 'late news changes nothing')
  })
  await t.test('not agreed', async t => {
    const waiting = await saveMethod(hub(), shop.access, id, { ...card('pm_card_authenticationRequired'), return_url: 'http://shop.test/back' }, null)
    await payer(waiting, 'fail')
    await settle()
    t.match(await getMethod(hub(), shop.access, id, waiting.id), { status: 'failed', error: { code: 'authentication_failed' } })
  })
})

t.test('a card that is refused is kept as failed, with the reason', async t => {
  const { id } = await newCustomer()
  t.match(await saveMethod(hub(), shop.access, id, card('pm_card_chargeDeclined'), null), { status: 'failed', error: { retry: 'after_user_action' }, default: false })
  t.match(await saveMethod(hub(), shop.access, id, { type: 'oxxo', token: 'tok_1' }, null), { status: 'failed', error: { code: 'unsupported' } }, 'a method that cannot be kept')
  await t.rejects(saveMethod(hub(), shop.access, id, { type: 'nequi', token: 'tok_1' }, null), { code: 'method_not_supported' })
  await t.rejects(saveMethod(hub(), shop.access, id, { ...card(), connection: 'con_nonsense' }, null), { code: 'connection_not_usable' })
})

for (const kind of ['cut_before', 'cut_after', 'cut_mid_body', 'garbage'] as const) {
  t.test(`no answer (${kind}) when it is saved: the same request again, and one card`, async t => {
    const { id } = await newCustomer()
    made.simulator.inject({ kind, method: 'POST', path: '/v1/setup_intents' })
    const unknown = await saveMethod(hub(), shop.access, id, card(), null)
    t.match(unknown, { status: 'unknown', default: false })
    made.advance(6_000)
    await settle()
    t.match(await getMethod(hub(), shop.access, id, unknown.id), { status: 'active', default: true })
    const reference = await customerAt(hub(), await sealedConnection(shop), uuidOf('customer', id), 'req')
    t.equal((await shop.stripe('GET', `/v1/customers/${reference}/payment_methods`)).data.length, 1)
  })
}

t.test('no answer when its customer is made: nothing was sent of the card, and it is saved in the end', async t => {
  const { id } = await newCustomer()
  made.simulator.inject({ kind: 'cut_after', method: 'POST', path: '/v1/customers' })
  const unknown = await saveMethod(hub(), shop.access, id, card(), null)
  t.match(unknown, { status: 'unknown' })
  made.advance(6_000)
  await settle()
  t.match(await getMethod(hub(), shop.access, id, unknown.id), { status: 'active' })
})

t.test('nobody answers for long: it counts as not saved, and the payer may try again', async t => {
  const { id } = await newCustomer()
  made.simulator.inject({ kind: 'error_500_before', method: 'POST', path: '/v1/setup_intents', times: 50 })
  const unknown = await saveMethod(hub(), shop.access, id, card(), null)
  for (let round = 0; round < 8; round++) {
    made.advance(20 * 60_000)
    await made.work()
  }
  t.match(await getMethod(hub(), shop.access, id, unknown.id), { status: 'failed', error: { code: 'timeout_unknown' } })
})

t.test('removed: never used again, and taken away at the provider, which may take a while', async t => {
  const { id } = await newCustomer()
  const method = await saveMethod(hub(), shop.access, id, card(), null)
  const { token } = await openSavedMethod(hub(), shop.access, { method: method.id })
  made.simulator.inject({ kind: 'cut_before', method: 'POST', path: '/detach' })
  await removeMethod(hub(), shop.access, id, method.id)
  await t.rejects(getMethod(hub(), shop.access, id, method.id), { code: 'not_found' })
  await t.rejects(openSavedMethod(hub(), shop.access, { method: method.id }), { code: 'request_invalid' })
  t.match(await getCustomer(hub(), shop.access, id), { default_payment_method: null })
  await made.work()
  made.advance(20_000)
  await settle()
  t.match(await shop.stripe('GET', `/v1/payment_methods/${token}`), { customer: null })
  const from = marker()
  made.advance(3600_000)
  await made.work()
  t.equal(requests(`/v1/payment_methods/${token}/detach`, from).length, 0)
  t.same((await events(uuidOf('payment_method', method.id))).map(({ type }) => type), ['payment_method.active', 'payment_method.removed'])
})

t.test('removed while nobody knew whether it was saved: it is found, and taken away', async t => {
  const { id } = await newCustomer()
  made.simulator.inject({ kind: 'cut_after', method: 'POST', path: '/v1/setup_intents' })
  const unknown = await saveMethod(hub(), shop.access, id, card(), null)
  await removeMethod(hub(), shop.access, id, unknown.id)
  made.advance(6_000)
  await settle()
  await made.work()
  const reference = await customerAt(hub(), await sealedConnection(shop), uuidOf('customer', id), 'req')
  t.equal((await shop.stripe('GET', `/v1/customers/${reference}/payment_methods`)).data.length, 0)
  t.match(await getCustomer(hub(), shop.access, id), { default_payment_method: null })
})

t.test('taken away at the provider: its webhook says so', async t => {
  const { id } = await newCustomer()
  const method = await saveMethod(hub(), shop.access, id, card(), null)
  const { token } = await openSavedMethod(hub(), shop.access, { method: method.id })
  await shop.stripe('POST', `/v1/payment_methods/${token}/detach`, {})
  await settle()
  await t.rejects(getMethod(hub(), shop.access, id, method.id), { code: 'not_found' })
  t.match(await getCustomer(hub(), shop.access, id), { default_payment_method: null })
})

/** What the payer does at the bank's page. */
async function payer ({ next_action: action }: PaymentMethod, outcome: 'complete' | 'fail'): Promise<void> {
  await fetch(String(action?.url), { method: 'POST', redirect: 'manual', headers: { 'content-type': 'application/x-www-form-urlencoded' }, body: `outcome=${outcome}` })
}
