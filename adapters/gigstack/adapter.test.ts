import { createHmac } from 'node:crypto'
import t, { type Test } from 'tap'
import { closeHttpAgents, type ConnectionContext, createHttpClient, type HttpExchange, type IdempotencyKey, type InvoicingFamily } from '../../core/adapter/index.ts'
import { csdFiles, invoiceModel, issuerRfc } from '../../test/support/cfdi.ts'
import { createSatWorld } from '../../test/support/sat-world.ts'
import gigstack from './adapter.ts'
import { startGigstackSimulator } from './simulator.ts'

t.teardown(() => closeHttpAgents())

const defaults = Object.fromEntries(Object.entries(gigstack.manifest.settings.properties).map(([name, property]) => [name, property.default]))

async function open (t: Test, { settings = {}, bare = false }: { settings?: Record<string, unknown>, bare?: boolean } = {}) {
  const world = createSatWorld()
  const simulator = await startGigstackSimulator({ world, ...(!bare && { csd: csdFiles }) })
  t.teardown(simulator.close)
  const exchanges: HttpExchange[] = []
  const http = createHttpClient({ allowedOrigins: [simulator.url], defaultTimeoutMs: 5000, onExchange: exchange => exchanges.push(exchange) })
  const context: ConnectionContext = { connectionId: 'con_x', mode: 'test', credentials: simulator.credentials('test'), settings: { ...defaults, ...settings }, account: undefined, origin: () => simulator.url, http, now: () => new Date(), log: { debug () {}, info () {}, warn () {} } }
  const input = (number: string, changes: Parameters<typeof invoiceModel>[0] = {}) => ({ idempotencyKey: `k${number}` as IdempotencyKey, reference: `inv_${number}`, naturalKey: { issuerTaxId: issuerRfc, series: 'A', number }, model: invoiceModel({ number, ...changes }) })
  return { world, simulator, context, exchanges, input }
}

const { invoicing, webhooks } = gigstack

t.test('what is wrong with the document is an answer; what is wrong with the account is not', async t => {
  const { context, input } = await open(t)
  t.match(await invoicing.issue(context, input('1', { customer: { ...invoiceModel().customer, mx: { regime: '601', cfdiUse: 'D01' } } })), { status: 'rejected', messages: [{ code: 'CFDI40161', message: /CFDI40161/ }] })
  const { model } = input('2')
  t.match(await invoicing.issue(context, { ...input('2'), model: { ...model, lines: [{ ...model.lines[0]!, mx: { ...model.lines[0]!.mx!, unitKey: '' } }] } }), { status: 'rejected', messages: [{ code: 'missing_required_field', message: /items\[0\]\.unit_key/ }] })
  const bare = await open(t, { bare: true })
  await t.rejects(invoicing.issue(bare.context, bare.input('1')), { code: 'permission_denied', reached: 'answered', providerMessage: /CSD/ })
  await t.rejects(invoicing.issue({ ...context, settings: { ...context.settings, team: 'another' } }, input('3')), { code: 'permission_denied', providerCode: 'forbidden' })
})

t.test('what is not sure enough is not sent', async t => {
  const { context, input, exchanges } = await open(t, { settings: { tax_id: issuerRfc } })
  const cannot = async (changes: Parameters<typeof invoiceModel>[0], number = '1') => await invoicing.issue(context, input(number, changes))
  t.match(await cannot({}, '0042'), { status: 'rejected', messages: [{ code: 'unsupported', message: /enteros/ }] })
  t.match(await cannot({ issuer: { ...invoiceModel().issuer, taxId: 'JES900109Q90' } }), { messages: [{ message: /JES900109Q90/ }] })
  t.match(await cannot({ lines: [{ ...invoiceModel().lines[0]!, discount: '1.00' }] }), { messages: [{ message: /discounts/ }] })
  t.match(await cannot({ kind: 'transfer' }), { status: 'rejected' })
  t.match(await cannot({ kind: 'payment_receipt', mx: { payments: [] }, lines: [] }), { messages: [{ message: /payment_receipts/ }] })
  t.same(exchanges, [])
  t.match(await invoicing.issue({ ...context, settings: { ...context.settings, discounts: true } }, input('2', { lines: [{ ...invoiceModel().lines[0]!, discount: '10.00' }] })), { status: 'issued' })
})

t.test('a key that is remembered gives the first again; one that is forgotten is found by asking', async t => {
  const { context, input, simulator, world } = await open(t)
  const first = await invoicing.issue(context, input('1'))
  t.match(first, { status: 'issued', providerStatus: 'stamped', mode: 'test', reference: 'inv_1' })
  t.equal((await invoicing.issue(context, input('1'))).fiscalId, first.fiscalId)
  t.equal(world.ledger().length, 1)
  simulator.inject({ kind: 'cut_after', method: 'POST', path: '/invoices/income' })
  simulator.forgetful(true)
  await t.rejects(invoicing.issue(context, input('2')), { code: 'timeout_unknown', reached: 'unknown' })
  const found = await invoicing.find(context, { ...input('2'), from: new Date(), to: new Date() })
  t.equal(found?.fiscalId, world.ledger().at(-1)!.uuid)
  t.equal(await invoicing.find(context, { ...input('3'), from: new Date(), to: new Date() }), undefined)
})

t.test('an id of Gigstack’s own: the UUID is read from the document', async t => {
  const { context, input, simulator, world } = await open(t)
  simulator.ownIds(true)
  const issued = await invoicing.issue(context, input('1'))
  t.match(issued, { status: 'submitted', providerReference: /^invoice_/, fiscalId: undefined })
  const { uuid, xml } = world.ledger()[0]!
  t.match(await invoicing.get(context, issued.providerReference), { status: 'issued', fiscalId: uuid })
  t.match(await invoicing.find(context, { ...input('1'), from: new Date(), to: new Date() }), { fiscalId: uuid })
  t.ok(Buffer.from(await invoicing.download(context, issued.providerReference, 'xml')).equals(Buffer.from(xml)))
  t.match(Buffer.from(await invoicing.download(context, issued.providerReference, 'pdf')).toString(), /^%PDF/)
})

t.test('files are fetched without the key, and only where they are known to lie', async t => {
  const { context, input, exchanges } = await open(t)
  const { providerReference } = await invoicing.issue(context, input('1'))
  await invoicing.download(context, providerReference, 'xml')
  t.equal(exchanges.at(-1)!.requestHeaders.authorization, undefined)
  const elsewhere: ConnectionContext = { ...context, http: async request => request.url.endsWith('/files') ? { status: 200, headers: {}, body: Buffer.from(JSON.stringify({ data: { xml: 'https://files.example/x.xml' } })) } : await context.http(request) }
  await t.rejects(invoicing.download(elsewhere, providerReference, 'xml'), { code: 'permission_denied', providerCode: 'file_elsewhere' })
  const inline: ConnectionContext = { ...context, http: async () => ({ status: 200, headers: {}, body: Buffer.from(JSON.stringify({ data: { xml: '<a/>', pdf: Buffer.from('%PDF').toString('base64') } })) }) }
  t.equal(Buffer.from(await invoicing.download(inline, 'x', 'xml')).toString(), '<a/>')
  t.equal(Buffer.from(await invoicing.download(inline, 'x', 'pdf')).toString(), '%PDF')
})

t.test('cancelled is not final unless the tenant says so', async t => {
  const { context, input } = await open(t)
  const { providerReference, fiscalId } = await invoicing.issue(context, input('1'))
  const register = { fiscalId: fiscalId!, issuerTaxId: issuerRfc, customerTaxId: 'IVD920810GU2', total: '116.00' }
  const ask: NonNullable<InvoicingFamily['getCancellation']> = invoicing.getCancellation
  t.match(await invoicing.cancel(context, { idempotencyKey: 'c' as IdempotencyKey, reference: 'inv_1', providerReference, motive: '02', ...register }), { status: 'cancel_requested', providerStatus: 'canceled' })
  t.match(await ask(context, providerReference, register), { status: 'cancel_requested' })
  t.match(await ask({ ...context, settings: { ...context.settings, canceled_is_final: true } }, providerReference, register), { status: 'canceled' })
})

t.test('a generic RFC is of a client of its own, a true one is found again', async t => {
  const { context, input, exchanges } = await open(t)
  await invoicing.issue(context, input('1', { customer: { name: 'JUAN PEREZ', taxId: 'XAXX010101000', mx: { cfdiUse: 'S01' } } }))
  t.same(exchanges.map(({ method, url }) => `${method} ${new URL(url).pathname}`), ['POST /v2/clients', 'POST /v2/invoices/income'])
  exchanges.length = 0
  await invoicing.issue(context, input('2'))
  t.same(exchanges.length, 1)
})

t.test('a sale that is registered is self-invoiced once, on the customer’s page', async t => {
  const { context, simulator, world } = await open(t)
  const sale = { idempotencyKey: 's' as IdempotencyKey, reference: 'sale_1', model: invoiceModel({ customer: { name: 'PUBLICO EN GENERAL', taxId: 'XAXX010101000', email: 'a@example.com' } }) }
  const { providerReference } = await invoicing.registerSale(context, sale)
  t.match(providerReference, /^receipt_/)
  const { url, expiresAt } = await invoicing.selfInvoice(context, sale)
  t.ok(expiresAt!.getTime() > Date.now())
  t.equal(simulator.receiptsOf('sale_1'), 1, 'the same receipt')
  const uuid = await simulator.selfInvoice(url, { legal_name: 'INNOVACION VALOR Y DESARROLLO', tax_id: 'IVD920810GU2', tax_system: '601', address: { zip: '63901' }, use: 'G01' })
  t.match(await invoicing.get(context, uuid.toLowerCase()), { status: 'issued', reference: 'sale_1' })
  t.equal(world.ledger().at(-1)!.total, '116.00')
  await t.rejects(simulator.selfInvoice(url, {}), /already/)
})

t.test('what Gigstack invoices by itself names the charge', async t => {
  const { context, simulator } = await open(t, { settings: { invoices_charges_of: 'stripe' } })
  t.equal(invoicing.invoicesChargesOf(context.settings), 'stripe')
  t.equal(invoicing.invoicesChargesOf(defaults), undefined)
  const item = { description: 'Curso', quantity: 1, unit_price: 100, product_key: '86121600', unit_key: 'E48', taxability: '02', taxes: [{ type: 'IVA', rate: 0.16, factor: 'Tasa', withholding: false, inclusive: false }] }
  const uuid = await simulator.stripeCharge(context.credentials.api_key!, { paymentIntent: 'pi_3Q0000000001', use: 'G03', items: [item], client: { legal_name: 'INNOVACION VALOR Y DESARROLLO', tax_id: 'IVD920810GU2', tax_system: '601', address: { zip: '63901' } } })
  t.match(await invoicing.get(context, uuid.toLowerCase()), { charges: [{ provider: 'stripe', providerReference: 'pi_3Q0000000001' }] })
  t.notOk((await invoicing.get({ ...context, settings: defaults }, uuid.toLowerCase())).charges)
})

t.test('both signatures, a fixed header, and none: as the connection says, and never without a secret', async t => {
  const { context, input, simulator } = await open(t)
  await invoicing.issue(context, input('1'))
  const [secret, now] = ['whsec_c2VjcmV0LW9mLXRoZS1lbmRwb2ludA==', new Date()]
  const raw = (how: 'standard' | 'legacy') => {
    simulator.signs(how)
    const { headers, body } = simulator.signedWebhook({ secret, now })
    return { headers: Object.fromEntries(Object.entries(headers).map(([name, value]) => [name.toLowerCase(), value])), body, url: 'https://hub.test/hooks/x' }
  }
  const verdict = (hook: ReturnType<typeof raw>, settings: object = {}, secrets: string[] = [secret], at = now) => webhooks.verify({ ...hook, secrets, now: at, settings: { ...defaults, ...settings } }).verdict
  for (const how of ['standard', 'legacy'] as const) {
    const hook = raw(how)
    t.equal(verdict(hook), 'verified', how)
    t.equal(verdict(hook, { webhook_signature: how }), 'verified')
    t.equal(verdict(hook, { webhook_signature: how === 'standard' ? 'legacy' : 'standard' }), 'refused', 'only the shape that was chosen')
    t.equal(verdict({ ...hook, body: Buffer.from(`${hook.body.toString()} `) }), 'refused', 'a changed byte')
    for (const secrets of [[], [''], ['whsec_'], ['another-secret-16']]) t.equal(verdict(hook, {}, secrets), 'refused', JSON.stringify(secrets))
    t.equal(verdict(hook, {}, ['another-secret-16', secret]), 'verified', 'during a rotation')
    t.equal(verdict({ ...hook, headers: {} }), 'refused')
    t.equal(verdict(hook, { webhook_signature: 'misspelt' }), 'refused')
    t.match(webhooks.parse(hook), [{ type: 'document', providerReference: String, reference: 'inv_1' }])
    t.notOk(Object.keys(webhooks.parse(hook)[0]!).includes('snapshot'), 'it only says what to ask for')
  }
  t.equal(verdict(raw('standard'), {}, [secret], new Date(now.getTime() + 600_000)), 'refused', 'stale')
  t.equal(verdict({ ...raw('standard'), headers: { ...raw('standard').headers, 'x-gigstack-signature': createHmac('sha256', secret).update(raw('standard').body).digest('hex'), 'webhook-signature': 'v1,x' } }), 'refused', 'a bad one is not excused by the other')
  const plain = { ...raw('legacy'), headers: { 'x-webhook-secret': 'the-secret-of-the-header' } }
  t.equal(verdict(plain, { webhook_signature: 'header' }, ['the-secret-of-the-header']), 'unverifiable', 'it covers nothing, so it only makes us ask')
  t.equal(verdict(plain, { webhook_signature: 'header' }, ['another-of-the-header']), 'refused')
  t.equal(verdict({ ...plain, headers: {} }, { webhook_signature: 'none' }, []), 'unverifiable')
  t.same(webhooks.parse({ ...plain, body: Buffer.from('{"id":"e","type":"payment.succeeded"}') }), [{ type: 'ignored', why: 'no event about a document' }])
})

t.test('the mode is in the key', t => {
  const key = (claims: object) => ({ api_key: `x.${Buffer.from(JSON.stringify(claims)).toString('base64url')}.y` })
  t.equal(gigstack.detectMode(key({ livemode: true })), 'live')
  t.equal(gigstack.detectMode(key({ livemode: false })), 'test')
  t.equal(gigstack.detectMode(key({ key_id: 'key_test_1' })), 'test')
  t.equal(gigstack.detectMode({ api_key: 'sk_test_00000000000000000000' }), 'test')
  t.equal(gigstack.detectMode({ api_key: 'nothing-of-the-kind' }), undefined)
  t.end()
})

t.test('nothing secret is kept of an upload', async t => {
  const { context, exchanges } = await open(t)
  t.match(await invoicing.uploadCertificate(context, { idempotencyKey: 'k' as IdempotencyKey, ...csdFiles, taxId: issuerRfc }), { number: /^\d{20}$/, expiresAt: Date })
  const { requestBody, requestHeaders } = exchanges.at(-1)!
  const kept = gigstack.scrub(`${JSON.stringify(requestHeaders)}\n${Buffer.from(requestBody as Uint8Array).toString('utf8')}`, context.credentials)
  t.notOk(kept.includes(csdFiles.passphrase))
  t.notOk(kept.includes(context.credentials.api_key!))
  t.notOk(kept.includes(Buffer.from(csdFiles.key).toString('utf8').slice(-200)), 'the key as text')
  t.match(kept, /name="key"/)
})
