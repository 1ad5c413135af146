import t from 'tap'
import { type Answer, type AppTenant, card, testApp, type TestApp } from '../../test/support/app.ts'
import { eventually } from '../../test/support/eventually.ts'
import { dump, leaks } from '../../test/support/leaks.ts'
import { invoiceFields, payPage } from '../../test/support/payer.ts'
import { scopes } from '../access/principal.ts'
import { isProviderError } from '../adapter/problems.ts'
import { inTenant } from '../db/in-tenant.ts'
import { createCheckoutSession } from '../checkout/service.ts'
import { newUuid, parseAnyId, publicId } from '../ids.ts'
import { createPayment } from '../payments/service.ts'
import { eraseFiscalData, type FiscalData, fiscalDataOf, fiscalDataOfPerson, keepFiscalData, personOf, sealFiscalData } from './service.ts'

t.setTimeout(300_000)

const school = { country: 'MX', tax_id: 'EKU9003173C9', legal_name: 'ESCUELA KEMPER URGATE', regime: '601', postal_code: '42501' }
const customer = { name: 'INNOVACION VALOR Y DESARROLLO', tax_id: 'IVD920810GU2', address: { postal_code: '63901' }, mx: { regime: '601', cfdi_use: 'G01' }, email: 'compras@ivd.example' }
const wrong = { ...customer, mx: { regime: '601', cfdi_use: 'D01' } }
const line = { description: 'Curso de inglés', quantity: '2', unit_price: '1000.00', taxes: [{ type: 'IVA', rate: '0.16' }], mx: { product_key: '86121600', unit_key: 'E48' } }
/** With the taxes of `line`. */
const amount = 232_000
const order = { amount, currency: 'MXN', method: card('pm_card_visa') }
const page = { amount, currency: 'MXN', success_url: 'https://shop.test/done' }
const typed = { tax_id: 'KIJ0906199R1', name: 'Kernel Industrias Jugueteras, S.A. de C.V.', address: { street: 'Calle 1', city: 'Xalapa', postal_code: '91000', country: 'MX' }, regime: '601', use: 'G03' }

interface Shop extends AppTenant { post: (path: string, body: object, options?: { idempotencyKey?: string }) => Promise<Answer>, must: (path: string, body: object) => Promise<any> }

let app: TestApp
t.before(async () => { app = await testApp(t) })

async function shop (): Promise<Shop> {
  const tenant = await app.tenant()
  await app.must('POST', '/v1/issuers', { key: tenant.testKey, body: school })
  await settings(tenant, {})
  return {
    ...tenant,
    post: async (path, body, options) => await tenant.client('POST', path, { body, ...options }),
    must: async (path, body) => await app.must('POST', path, { key: tenant.testKey, body })
  }
}

/** No sale is made of its payments: what is looked at is what was told with them. */
async function settings (tenant: AppTenant, body: object): Promise<void> {
  await app.must('PUT', '/v1/sales_settings', { key: tenant.testKey, body: { payments: 'ignore', ...body } })
}

const uuid = (id: string): string => parseAnyId(id)!.uuid
const dataOf = async (shop: AppTenant, payment: string): Promise<FiscalData | undefined> => await fiscalDataOf(app.hub, shop.uuid, uuid(payment))
const told = ({ status, body }: Answer) => [status, body.code, body.errors?.map(({ path, code }: { path: string, code?: string }) => [path, code])]
/** How often it was asked for the page that made a payment. */
const looks = () => app.simulator.requests().filter(({ method, path }) => method === 'GET' && /^\/v1\/checkout\/sessions(\?|$)/.test(path)).length
const writes = () => app.simulator.requests().filter(({ method }) => method === 'POST').length
const countRows = async (shop: AppTenant, table: 'payments' | 'operations' | 'fiscal_data' | 'checkout_pages' | 'subscriptions') =>
  Number((await app.database.owner.selectFrom(table).select(({ fn }) => fn.countAll().as('count')).where('tenant_id', '=', shop.uuid).executeTakeFirstOrThrow()).count)
const paidOn = async (shop: AppTenant, origin: string, many = 1): Promise<string[]> => {
  const list = async () => (await shop.client('GET', `/v1/payments?origin=${origin}&status=succeeded`)).body.data as { id: string }[]
  await eventually('the payments are known', async () => (await list()).length === many)
  return (await list()).map(({ id }) => id)
}

t.test('what breaks the authority’s rules is refused before anything is charged', async t => {
  const mine = await shop()
  const operations = await countRows(mine, 'operations')
  const before = writes()
  const lines = [line]
  for (const [invoice, errors] of [
    [{ customer: wrong }, [['invoice.customer.mx.cfdi_use', 'CFDI40161']]],
    [{ customer: { ...customer, tax_id: 'IVD921310GU2' } }, [['invoice.customer.tax_id', 'CFDI40143']]],
    [{ customer, lines: [{ ...line, quantity: '1' }] }, [['invoice.lines', 'total_differs']]],
    [{ customer, lines, form: '77' }, [['invoice.form', 'CFDI40104']]],
    [{ customer: wrong, lines: [{ ...line, quantity: '3' }] }, [['invoice.customer.mx.cfdi_use', 'CFDI40161'], ['invoice.lines', 'total_differs']]],
    [{ lines: [{ ...line, taxes: [{ type: 'VAT', rate: '0.16' }] }] }, [['invoice.lines[0].taxes[0].type', 'tax_not_supported']]]
  ] as [object, [string, string][]][]) {
    for (const [path, body] of [['/v1/payments', order], ['/v1/checkout_sessions', page], ['/v1/payment_links', { amount, currency: 'MXN' }]] as const) {
      t.same(told(await mine.post(path, { ...body, invoice })), [400, 'invoice_invalid', errors], `${path} ${JSON.stringify(errors)}`)
    }
  }
  const plan = await mine.must('/v1/plans', { name: 'Gym', amount, currency: 'MXN', interval: 'month' })
  const buyer = await mine.must('/v1/customers', { name: 'Ana', email: 'ana@shop.example' })
  t.same(told(await mine.post('/v1/subscriptions', { customer: buyer.id, plan: plan.id, invoice: { customer: wrong } })), [400, 'invoice_invalid', [['invoice.customer.mx.cfdi_use', 'CFDI40161']]])
  t.equal(writes(), before, 'the provider was asked for nothing')
  for (const table of ['payments', 'fiscal_data', 'checkout_pages', 'subscriptions'] as const) t.equal(await countRows(mine, table), 0, `nothing in ${table}`)
  t.equal(await countRows(mine, 'operations'), operations)

  const key = { idempotencyKey: 'corrected' }
  t.equal((await mine.post('/v1/payments', { ...order, invoice: { customer: wrong } }, key)).status, 400)
  t.match(await mine.post('/v1/payments', { ...order, invoice: { customer } }, key), { status: 201, body: { status: 'succeeded', invoice: { ok: true, errors: [] } } }, 'the key is free for what was corrected')
})

t.test('let through, where the call says so: charged, and the answer tells the rules', async t => {
  const mine = await shop()
  const { status, body } = await mine.post('/v1/payments', { ...order, invoice: { customer: wrong, lines: [{ ...line, quantity: '1' }], on_invalid: 'let_through' } })
  t.match([status, body.status, body.invoice.ok], [201, 'succeeded', false])
  t.match(body.invoice.errors, [{ code: 'CFDI40161', level: 'error', path: 'invoice.customer.mx.cfdi_use', message: /./ }, { code: 'total_differs', message: /1160\.00.*2320\.00 MXN/ }])
  const data = await dataOf(mine, body.id)
  t.match(data, { country: 'MX', customer: wrong })
  t.notOk(data?.lines, 'lines that sum to something else are no lines of this payment')
  t.match((await mine.post('/v1/payments', { ...order, invoice: { customer: wrong, on_invalid: 'refuse' } })).status, 400)
})

t.test('a run that died after it had begun: the next one says of the invoice what it would have said', async t => {
  const mine = await shop()
  const principal = { type: 'api_key' as const, id: publicId('api_key', newUuid(new Date())), homeTenantId: mine.uuid, keyKind: 'tenant' as const, scopes: new Set(scopes) }
  const access = { principal, tenantId: mine.uuid, mode: 'test' as const, requestId: 'req_test', address: '127.0.0.1', language: 'en' as const }
  const begun = (subject: string) => ({ tenantId: mine.uuid, mode: 'test' as const, key: 'k', owner: newUuid(new Date()), subject })
  const invoice = { customer: wrong, on_invalid: 'let_through' as const }
  const payment = await mine.must('/v1/payments', { ...order, invoice })
  const session = await mine.must('/v1/checkout_sessions', { ...page, invoice: { ...invoice, collect: true } })
  t.same((await createPayment(app.hub, access, { ...order, invoice }, begun(payment.id))).invoice, payment.invoice)
  t.same((await createCheckoutSession(app.hub, access, { ...page, invoice: { ...invoice, collect: true } }, begun(session.id))).invoice, session.invoice)
  t.equal(await countRows(mine, 'payments'), 1)
})

t.test('let through, or refused, as the tenant’s settings say', async t => {
  const mine = await shop()
  const broken = { ...order, invoice: { customer: wrong } }
  const issuers = (await mine.client('GET', '/v1/issuers')).body.data as { id: string }[]
  await app.must('POST', '/v1/issuers', { key: mine.testKey, body: { ...school, tax_id: 'XIA190128J61', legal_name: 'XENON INDUSTRIAL ARTICLES' } })
  t.same(told(await mine.post('/v1/payments', broken)), [400, 'request_invalid', [['invoice.issuer', undefined]]], 'two issuers, and none is named')
  await settings(mine, { preflight: 'let_through', issuer: issuers[0]!.id })
  const { status, body } = await mine.post('/v1/payments', broken)
  t.match([status, body.invoice.ok], [201, false])
  t.equal((await dataOf(mine, body.id))?.issuer, issuers[0]!.id)
  t.equal((await mine.post('/v1/payments', { ...broken, invoice: { customer: wrong, on_invalid: 'refuse' } })).status, 400, 'a call goes before them')
  t.equal((await (await shop()).post('/v1/payments', broken)).status, 400, 'another tenant’s settings are its own')
})

t.test('what is right is kept sealed, and found again', async t => {
  const mine = await shop()
  const invoice = { customer, lines: [line], series: 'A', form: '04', send: true }
  const first = await mine.post('/v1/payments', { ...order, invoice }, { idempotencyKey: 'once' })
  t.match(first, { status: 201, body: { invoice: { ok: true, errors: [] } } })
  t.notOk('collects' in first.body.invoice)
  t.same((await mine.post('/v1/payments', { ...order, invoice }, { idempotencyKey: 'once' })).body, first.body)
  t.equal(await countRows(mine, 'fiscal_data'), 1)
  const { issuer, ...data } = (await dataOf(mine, first.body.id))!
  t.same(data, { country: 'MX', ...invoice })
  t.match(issuer, /^iss_/)
  t.notOk('invoice' in (await mine.client('GET', `/v1/payments/${first.body.id}`)).body, 'read again it says nothing of it')
  const none = await mine.must('/v1/payments', order)
  t.equal(await dataOf(mine, none.id), undefined)

  const live = await mine.key({ mode: 'live' })
  const asked = await app.ask('POST', '/v1/payments', { key: live, body: { ...order, invoice: { customer, issuer } } })
  t.same([asked.status, asked.body.errors[0].path], [400, 'invoice.issuer'], 'an issuer of the other mode is none')
  const other = await shop()
  t.same(told(await other.post('/v1/payments', { ...order, invoice: { customer, issuer } })), [400, 'request_invalid', [['invoice.issuer', undefined]]], 'nor is another tenant’s')
  t.equal(await fiscalDataOf(app.hub, other.uuid, uuid(first.body.id)), undefined, 'a second tenant who knows the id')
  t.same(told(await mine.post('/v1/payments', { ...order, invoice: { customer }, invoice_id: `inv_${'0'.repeat(32)}` })), [400, 'request_invalid', [['invoice', undefined]]])
  t.equal((await mine.post('/v1/payments', { ...order, invoice: { collect: true } })).status, 400, 'a payment has no page')
})

t.test('a session, a link and a subscription hand theirs down to their payments', async t => {
  const mine = await shop()
  const session = await mine.must('/v1/checkout_sessions', { ...page, invoice: { customer, lines: [line] } })
  const link = await mine.must('/v1/payment_links', { amount, currency: 'MXN', invoice: { customer } })
  t.match([session.invoice, link.invoice], [{ ok: true, errors: [] }, { ok: true, errors: [] }])
  await payPage(session.url)
  for (let payers = 0; payers < 2; payers++) await payPage(link.url)
  t.match(await dataOf(mine, (await paidOn(mine, session.id))[0]!), { customer, lines: [line] })
  for (const payment of await paidOn(mine, link.id, 2)) t.match(await dataOf(mine, payment), { customer })

  const plan = await mine.must('/v1/plans', { name: 'Gym', amount: amount / 2, currency: 'MXN', interval: 'month' })
  const buyer = await mine.must('/v1/customers', { name: 'Ana', email: 'ana@shop.example' })
  const method = await mine.must(`/v1/customers/${buyer.id}/payment_methods`, card('pm_card_visa'))
  const made = await mine.must('/v1/subscriptions', { customer: buyer.id, plan: plan.id, quantity: 2, payment_method: method.id, invoice: { customer, lines: [line] } })
  t.match(made, { status: 'active', invoice: { ok: true } })
  t.match(await dataOf(mine, (await paidOn(mine, made.id))[0]!), { customer, lines: [line] }, 'of a cycle that costs what the lines say')
})

t.test('the buyer types it on the provider’s page', async t => {
  const mine = await shop()
  const session = await mine.must('/v1/checkout_sessions', { ...page, locale: 'en', invoice: { collect: true, lines: [line] } })
  t.same(session.invoice, { ok: true, errors: [], collects: ['tax_id', 'name', 'postal_code', 'regime', 'use'] })
  const shown = await (await fetch(session.url)).text()
  t.match(shown, /Tax regime[\s\S]*601 General de Ley Personas Morales[\s\S]*Use of the CFDI[\s\S]*G03/)
  t.notMatch(shown, /CP01|CN01/, 'not what is for payroll and receipts')
  for (const [what, fields] of [
    ['a tax id that is none', { ...typed, tax_id: 'KIJ' }], ['a regime that is none', { ...typed, regime: '999' }], ['no address', { ...typed, address: { country: 'MX' } }], ['no legal name', { ...typed, name: undefined }]
  ] as const) await t.rejects(payPage(session.url, invoiceFields(fields as typeof typed)), /402/, `Stripe's page refuses ${what}`)
  await payPage(session.url, invoiceFields(typed))
  const [payment] = await paidOn(mine, session.id)
  const kept = async () => (await app.database.owner.selectFrom('fiscal_data').select(['subject_type', 'source']).where('tenant_id', '=', mine.uuid).orderBy('subject_type').execute()).map(row => `${row.subject_type} ${row.source}`)
  await eventually('kept as soon as it is paid, though nobody asked', async () => (await kept()).join() === 'checkout_session given,payment collected')
  await app.simulator.settled()
  // The payment's webhook and the page's may both ask, at the same time.
  await eventually('all webhooks are processed', async () => ((await mine.client('GET', '/v1/inbound_events?limit=100')).body.data as { status: string }[]).every(({ status }) => status !== 'received' && status !== 'retrying'))
  const asked = looks()
  t.match(await dataOf(mine, payment!), {
    country: 'MX',
    customer: { name: 'KERNEL INDUSTRIAS JUGUETERAS', tax_id: 'KIJ0906199R1', email: 'ana@shop.example', address: { street: 'Calle 1', city: 'Xalapa', postal_code: '91000', country: 'MX' }, mx: { regime: '601', cfdi_use: 'G03' } },
    lines: [line]
  })
  t.equal(looks(), asked, 'and not asked for again')

  const link = await mine.must('/v1/payment_links', { amount, currency: 'MXN', invoice: { collect: true, customer } })
  await payPage(link.url, invoiceFields(typed))
  await payPage(link.url, invoiceFields({ ...typed, tax_id: 'XIQB891116QE4', name: 'Berenice Ximo Quezada', regime: '612' }))
  await payPage(link.url, invoiceFields({ address: typed.address }))
  const names = await Promise.all((await paidOn(mine, link.id, 3)).map(async id => (await dataOf(mine, id))?.customer?.name))
  t.same(names.sort(), ['BERENICE XIMO QUEZADA', customer.name, 'KERNEL INDUSTRIAS JUGUETERAS'], 'each payer of a link their own; who typed nothing, what was told beforehand')

  const { body } = await mine.client('GET', `/v1/checkout_sessions/${session.id}`)
  t.notOk(body.payer.tax_id, 'the session itself does not tell it')
})

t.test('a declined card on a page that asks: nothing is known yet', async t => {
  const mine = await shop()
  const session = await mine.must('/v1/checkout_sessions', { ...page, invoice: { collect: true } })
  await t.rejects(payPage(session.url, { ...invoiceFields(typed), card: '4000000000000002' }), /402/)
  const declined = await eventually('the attempt is known', async () => ((await mine.client('GET', `/v1/payments?origin=${session.id}`)).body.data as { id: string }[])[0])
  t.match(await dataOf(mine, declined.id), { country: 'MX', customer: undefined, waiting: true })
  await payPage(session.url, invoiceFields(typed))
  const [payment] = await paidOn(mine, session.id)
  t.equal(payment, declined.id)
  const data = await dataOf(mine, payment!)
  t.match(data, { customer: { tax_id: typed.tax_id } })
  t.notOk('waiting' in data!)
})

t.test('the law is that of the issuer’s country', async t => {
  const here = await app.tenant()
  const issuers = {
    EC: { country: 'EC', tax_id: '1790012344001', legal_name: 'ACADEMIA ANDINA S.A.', address: { street: 'Av. Amazonas N34-451', city: 'Quito' } },
    ES: { country: 'ES', tax_id: 'A58818501', legal_name: 'Academia SA', address: { street: 'Calle Mayor 1', city: 'Madrid', region: 'Madrid', postal_code: '28013', country: 'ES' } }
  }
  const made: Record<string, string> = {}
  for (const [country, body] of Object.entries(issuers)) made[country] = (await app.must('POST', '/v1/issuers', { key: here.testKey, body })).id
  const ask = async (country: string, currency: string, invoice: object) => await here.client('POST', '/v1/checkout_sessions', { body: { ...page, currency, invoice: { issuer: made[country], ...invoice } } })
  const quito = { name: 'Ana Paredes', tax_id: '1710034065', tax_id_type: '05' }
  const madrid = { name: 'Ana Pérez Ruiz', tax_id: '12345678Z', address: { street: 'Calle Mayor 2', city: 'Madrid', region: 'Madrid', postal_code: '28013', country: 'ES' } }
  t.match((await here.client('POST', '/v1/checkout_sessions', { body: { ...page, currency: 'EUR', invoice: { customer: madrid } } })).body, { invoice: { ok: true } }, 'of several issuers the one whose country has the currency')
  t.match(await ask('EC', 'USD', { customer: quito, collect: true }), { status: 201, body: { invoice: { ok: true, collects: ['tax_id', 'name', 'postal_code'] } } }, 'no regime and no use there')
  t.match(await ask('ES', 'EUR', { customer: madrid }), { status: 201, body: { invoice: { ok: true } } })
  for (const [country, currency, customer] of [['EC', 'USD', { ...quito, tax_id: '17100340' }], ['ES', 'EUR', { ...madrid, tax_id: '12345678A' }]] as const) {
    const { status, body } = await ask(country, currency, { customer })
    t.match([status, body.code, body.errors?.[0]?.path], [400, 'invoice_invalid', /^invoice\.customer/], country)
  }
  t.match(await ask('EC', 'USD', { lines: [{ description: 'Curso', quantity: '2', unit_price: '1000.00', sku: '1', taxes: [{ type: 'IVA', rate: '0.15' }] }] }), { status: 400, body: { errors: [{ path: 'invoice.lines', code: 'total_differs' }] } })
})

t.test('a provider that cannot be asked is asked later', async t => {
  const mine = await shop()
  const session = await mine.must('/v1/checkout_sessions', { ...page, invoice: { collect: true } })
  app.simulator.inject({ kind: 'error_500_before', method: 'GET', path: '/v1/checkout/sessions', times: 1000 })
  await payPage(session.url, invoiceFields(typed))
  const [payment] = await paidOn(mine, session.id)
  t.ok(isProviderError(await dataOf(mine, payment!).catch((error: unknown) => error)))
  app.simulator.clearFaults()
  t.match(await dataOf(mine, payment!), { customer: { tax_id: typed.tax_id } })
})

t.test('two who ask at once keep it once', async t => {
  const mine = await shop()
  const session = await mine.must('/v1/checkout_sessions', { ...page, invoice: { collect: true } })
  await payPage(session.url, invoiceFields(typed))
  const [payment] = await paidOn(mine, session.id)
  await eventually('it is kept', async () => await countRows(mine, 'fiscal_data') === 2)
  await app.database.owner.deleteFrom('fiscal_data').where('tenant_id', '=', mine.uuid).where('subject_type', '=', 'payment').execute()
  const all = await Promise.all(Array.from({ length: 5 }, async () => await dataOf(mine, payment!)))
  for (const data of all) t.same(data, all[0])
  t.equal(await countRows(mine, 'fiscal_data'), 2)
})

t.test('one person’s data is found, corrected and erased', async t => {
  const mine = await shop()
  const other = await shop()
  const { id } = await mine.must('/v1/payments', { ...order, invoice: { customer } })
  const theirs = await other.must('/v1/payments', { ...order, invoice: { customer } })
  const session = await mine.must('/v1/checkout_sessions', { ...page, invoice: { collect: true } })
  await payPage(session.url, invoiceFields({ ...typed, tax_id: customer.tax_id.toLowerCase() }))
  const [collected] = await paidOn(mine, session.id)
  const person = { country: 'MX' as const, taxId: customer.tax_id }
  const known = async (mode: 'test' | 'live' = 'test') => (await fiscalDataOfPerson(app.hub, mine.uuid, mode, person)).map(({ subject }) => subject).sort()
  await eventually('both are known, the typed one too', async () => (await known()).join() === [collected, id].sort().join())
  t.same(await known('live'), [], 'not of the other mode')
  const fingerprints = await Promise.all([mine, other].map(async ({ uuid: tenant }) => await personOf(app.hub, tenant, 'MX', customer.tax_id)))
  t.not(fingerprints[0], fingerprints[1], 'no two tenants call a person alike')

  const sealed = await sealFiscalData(app.hub, mine.uuid, { type: 'payment', id: uuid(id), mode: 'test' }, { ...(await dataOf(mine, id))!, customer: { ...customer, tax_id: 'EKU9003173C9' } })
  await inTenant(app.hub.db, mine.uuid, async db => { await keepFiscalData(db, sealed, app.hub.now()) })
  t.match(await dataOf(mine, id), { customer: { tax_id: 'EKU9003173C9' } })
  t.same(await known(), [collected])

  t.equal(await inTenant(app.hub.db, mine.uuid, async db => await eraseFiscalData(db, { mode: 'live', person: fingerprints[0]! }, app.hub.now())), 0)
  t.equal(await inTenant(app.hub.db, mine.uuid, async db => await eraseFiscalData(db, { mode: 'test', person: fingerprints[0]! }, app.hub.now())), 1)
  t.equal(await dataOf(mine, collected!), undefined, 'and the provider is not asked again')
  t.equal(await inTenant(app.hub.db, mine.uuid, async db => await eraseFiscalData(db, { subjects: [uuid(id), uuid(theirs.id)] }, app.hub.now())), 1, 'another tenant’s is out of reach')
  t.equal(await inTenant(app.hub.db, mine.uuid, async db => await eraseFiscalData(db, { subjects: [] }, app.hub.now())), 0)
  t.equal(await dataOf(mine, id), undefined)
  t.match(await dataOf(other, theirs.id), { customer })
})

t.test('nothing of it stands in the clear, in any column or log line', async t => {
  await app.simulator.settled()
  const places = [...await dump(app.database.superUrl), { where: 'the log', text: app.logged() }]
  t.ok(places.length > 500)
  for (const secret of [customer.tax_id, customer.name, typed.tax_id, 'XIQB891116QE4', 'KERNEL INDUSTRIAS']) t.same(leaks(secret, places), [], secret)
})
