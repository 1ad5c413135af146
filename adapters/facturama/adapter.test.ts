import t, { type Test } from 'tap'
import { closeHttpAgents, type ConnectionContext, createHttpClient, type HttpExchange, type IdempotencyKey, type Invoice } from '../../core/adapter/index.ts'
import { csdFiles, invoiceModel, issuerRfc } from '../../test/support/cfdi.ts'
import { createSatWorld } from '../../test/support/sat-world.ts'
import facturama from './adapter.ts'
import { startFacturamaSimulator } from './simulator.ts'
import { bodyOf } from './wire.ts'

t.teardown(() => closeHttpAgents())

async function open (t: Test, { settings = {}, bare = false, web = false }: { settings?: Record<string, unknown>, bare?: boolean, web?: boolean } = {}) {
  const clock = { offset: 0 }
  const now = () => new Date(Date.now() + clock.offset)
  const world = createSatWorld({ now, processMs: 60_000 })
  const simulator = await startFacturamaSimulator({ world, ...(!bare && { csd: csdFiles }) })
  t.teardown(simulator.close)
  const exchanges: HttpExchange[] = []
  const http = createHttpClient({ allowedOrigins: [simulator.url], defaultTimeoutMs: 5000, onExchange: exchange => exchanges.push(exchange) })
  const credentials = web ? simulator.webAccount({ rfc: issuerRfc, name: 'ESCUELA KEMPER URGATE', regime: '601' }) : simulator.credentials('test')
  const context: ConnectionContext = { connectionId: 'con_x', mode: 'test', credentials, settings: { api: web ? 'web' : 'multi', send_date: true, ask_sat: true, ...settings }, account: undefined, origin: () => simulator.url, http, now: () => new Date(), log: { debug () {}, info () {}, warn () {} } }
  const input = (number: string, changes: Parameters<typeof invoiceModel>[0] = {}) => {
    const model = invoiceModel({ number, ...changes })
    return { idempotencyKey: 'k' as IdempotencyKey, reference: `inv_${number}`, naturalKey: { issuerTaxId: model.issuer.taxId, series: 'A', number }, model }
  }
  const register = (fiscalId: string) => ({ fiscalId, issuerTaxId: issuerRfc, customerTaxId: 'IVD920810GU2', total: '116.00' })
  return { world, simulator, context, exchanges, input, register, advance: (ms: number) => { clock.offset += ms } }
}

const invoicing = facturama.invoicing

t.test('what is wrong is told with its field and the code of the SAT', async t => {
  const { context, input } = await open(t)
  const rejected = await invoicing.issue(context, input('1', { customer: { name: 'INNOVACION VALOR Y DESARROLLO', taxId: 'IVD920810GU2', address: { postalCode: '63901' }, mx: { regime: '601', cfdiUse: 'D01' } } }))
  t.match(rejected, { status: 'rejected', providerReference: '', messages: [{ code: 'CFDI40161', message: /^cfdiToCreate\.Receiver: CFDI40161/ }] })
  const { model } = input('2')
  const missing = await invoicing.issue(context, { ...input('2'), model: { ...model, customer: { ...model.customer, name: '' } } })
  t.match(missing, { status: 'rejected', messages: [{ code: 'cfdiToCreate.Receiver.Name', message: 'cfdiToCreate.Receiver.Name: El campo es requerido' }] })
  const wrongTotal: Invoice = { ...model, lines: [{ ...model.lines[0]!, amount: '90.00' }] }
  t.match(await invoicing.issue(context, { ...input('2'), model: wrongTotal }), { status: 'rejected', messages: [{ code: 'cfdiToCreate.Items[0].Subtotal' }] }, 'the caller’s sums must agree')
})

t.test('what the API cannot say is not sent', async t => {
  const { context, input, exchanges } = await open(t)
  const cannot = async (changes: object) => await invoicing.issue(context, { ...input('1'), model: { ...input('1').model, ...changes } })
  t.match(await cannot({ related: [{ type: '01', fiscalId: 'a' }, { type: '04', fiscalId: 'b' }] }), { status: 'rejected', messages: [{ code: 'unsupported', message: /un solo tipo de relación/ }] })
  t.match(await cannot({ localTaxes: [{ name: 'ISH', rate: '0.03', amount: '3.00' }] }), { status: 'rejected' })
  t.match(await cannot({ kind: 'withholding' }), { status: 'rejected' })
  t.match(await cannot({ mx: { confirmation: 'ABCDE' } }), { status: 'rejected' })
  t.same(exchanges, [])
})

t.test('refusals of the account are not refusals of the document', async t => {
  const { context, input, simulator, world } = await open(t, { bare: true })
  await t.rejects(invoicing.issue(context, input('1')), { code: 'permission_denied', reached: 'answered', providerCode: 'no_csd', providerMessage: /EKU9003173C9/ })
  await invoicing.uploadCertificate(context, { idempotencyKey: 'k' as IdempotencyKey, ...csdFiles, taxId: issuerRfc })
  simulator.exhaust(true)
  await t.rejects(invoicing.issue(context, input('1')), { code: 'limit_exceeded', providerCode: 'no_folios' })
  t.same(await invoicing.status(context), { stampsLeft: 0 })
  simulator.exhaust(false)
  const before = (await invoicing.status(context)).stampsLeft!
  t.match(await invoicing.issue(context, input('1')), { status: 'issued', reference: 'inv_1', fiscalId: /^[0-9A-F-]{36}$/ })
  t.equal((await invoicing.status(context)).stampsLeft, before - 1)
  t.equal(world.ledger().length, 1)
})

t.test('the web API is another address of each thing', async t => {
  const { context, input, exchanges, register, advance } = await open(t, { web: true })
  t.match(await facturama.test(context), { account: { id: issuerRfc }, evidence: [{ es: /EKU9003173C9/ }] })
  t.match(await invoicing.uploadCertificate(context, { idempotencyKey: 'k' as IdempotencyKey, ...csdFiles, taxId: issuerRfc }), { number: /^\d{20}$/, expiresAt: Date })
  const issued = await invoicing.issue(context, input('7'))
  t.match(await invoicing.find(context, { ...input('7'), from: new Date(), to: new Date() }), { fiscalId: issued.fiscalId! })
  t.match(await invoicing.get(context, issued.providerReference), { status: 'issued' })
  t.match(Buffer.from(await invoicing.download(context, issued.providerReference, 'xml')).toString(), /TimbreFiscalDigital/)
  t.match(Buffer.from(await invoicing.download(context, issued.providerReference, 'pdf')).toString(), /^%PDF/)
  const asked = await invoicing.cancel(context, { idempotencyKey: 'c' as IdempotencyKey, reference: 'inv_7', providerReference: issued.providerReference, motive: '02', ...register(issued.fiscalId!) })
  t.match(asked, { status: 'cancel_requested', providerStatus: 'canceled', document: Buffer }, 'canceled, says Facturama: asked for, say we')
  t.match(await invoicing.getCancellation(context, issued.providerReference, register(issued.fiscalId!)), { status: 'cancel_requested', providerStatus: 'canceled: Vigente' })
  advance(60_001)
  t.match(await invoicing.getCancellation(context, issued.providerReference, register(issued.fiscalId!)), { status: 'canceled', providerStatus: 'canceled: Cancelado' })
  const asks = exchanges.map(({ method, url }) => `${method} ${new URL(url).pathname}`)
  t.same(asks.filter(each => each.includes('api-lite')), [])
  t.ok(asks.includes('PUT /TaxEntity/UploadCsd') && asks.includes('POST /3/cfdis'))
  const others = await invoicing.issue({ ...context, account: { id: 'JES900109Q90' } }, input('8'))
  t.match(others, { status: 'rejected', messages: [{ message: /JES900109Q90/ }] }, 'of another issuer than the account’s')
})

t.test('cancellations: the motive is always sent, the receiver is asked, and what was not taken is a refusal', async t => {
  const { context, input, register, advance, world, exchanges } = await open(t, { settings: { ask_sat: false } })
  const dear = { lines: [{ ...invoiceModel().lines[0]!, unitPrice: '5000.00' }] }
  const issued = await invoicing.issue(context, input('1', dear))
  const cancel = async (of: typeof issued, more: object = {}) => await invoicing.cancel(context, { idempotencyKey: 'c' as IdempotencyKey, reference: 'inv_1', providerReference: of.providerReference, motive: '03', ...register(of.fiscalId!), total: '5800.00', ...more })
  await t.rejects(cancel(issued, { motive: '01' }), { code: 'invalid_request', reached: 'answered', providerMessage: /207/ })
  const substitute = await invoicing.issue(context, input('2', { ...dear, related: [{ type: '04', fiscalId: issued.fiscalId! }] }))
  advance(2 * 24 * 3600_000)
  t.match(await cancel(issued, { motive: '01', substitute: substitute.fiscalId }), { status: 'cancel_pending_acceptance', providerStatus: 'pending' })
  t.match(exchanges.at(-1)!.url, /motive=01&uuidReplacement=[0-9A-F-]{36}$/)
  world.receiverAnswers(issued.fiscalId!, 'reject')
  advance(60_001)
  t.match(await invoicing.getCancellation(context, issued.providerReference, register(issued.fiscalId!)), { status: 'cancel_rejected', providerStatus: 'rejected' })
  await t.rejects(cancel({ ...issued, providerReference: 'nobodys' }), { code: 'not_found', reached: 'answered' })
})

t.test('two documents of one number are told, and one with leading zeros is found', async t => {
  const { context, input, world } = await open(t)
  const lookup = (number: string) => ({ ...input(number), from: new Date(), to: new Date() })
  await invoicing.issue(context, input('5'))
  await invoicing.issue(context, input('5'))
  t.equal(world.ledger().length, 2, 'Facturama refuses no double: that is why it is asked first')
  t.match(await invoicing.find(context, lookup('5')), { status: 'issued', messages: [{ code: 'duplicate' }] })
  const padded = await invoicing.issue(context, input('0042'))
  t.equal((await invoicing.find(context, lookup('0042')))?.fiscalId, padded.fiscalId)
  const named = await invoicing.issue(context, input('B-1'))
  t.equal((await invoicing.find(context, lookup('B-1')))?.fiscalId, named.fiscalId)
  t.equal(await invoicing.find(context, lookup('B-2')), undefined)
})

t.test('a list of a customer’s answer, and digits that stay digits', async t => {
  const { context } = await open(t)
  t.match(await invoicing.checkCustomer(context, { taxId: 'IVD920810GU2', name: 'INNOVACION VALOR Y DESARROLLO', postalCode: '00000', regime: '601' }), { ok: false, matches: { taxId: true, name: true, postalCode: false, regime: true } })
  const text = JSON.stringify(bodyOf(context, invoiceModel({ lines: [{ ...invoiceModel().lines[0]!, quantity: '3', unitPrice: '123456789012.345678' }] })))
  t.match(text, /"UnitPrice":123456789012\.345678/, 'no float ever touches an amount')
  t.match(text, /"Date":"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d"/)
})

t.test('nothing secret is kept of an upload', async t => {
  const { context, exchanges } = await open(t)
  await invoicing.uploadCertificate(context, { idempotencyKey: 'k' as IdempotencyKey, ...csdFiles, taxId: issuerRfc })
  t.same(exchanges.map(({ method, url }) => `${method} ${new URL(url).pathname}`), ['POST /api-lite/csds', `PUT /api-lite/csds/${issuerRfc}`], 'and what is on file is never read')
  for (const { requestBody, requestHeaders } of exchanges) {
    const kept = facturama.scrub(`${JSON.stringify(requestHeaders)}\n${String(requestBody)}`, context.credentials)
    for (const secret of [csdFiles.passphrase, Buffer.from(csdFiles.key).toString('base64'), context.credentials.password!, Buffer.from(`${context.credentials.username}:${context.credentials.password}`).toString('base64')]) t.notOk(kept.includes(secret))
  }
})
