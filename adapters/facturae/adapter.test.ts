import t, { type Test } from 'tap'
import { closeHttpAgents, type ConnectionContext, createHttpClient, type IdempotencyKey } from '../../core/adapter/index.ts'
import { signedFacturae, toTheTown } from '../../test/support/facturae.ts'
import facturae from './adapter.ts'
import { startFaceSimulator } from './simulator.ts'
import { integratorOf, stateAt, tokenOf } from './wire.ts'

t.teardown(() => closeHttpAgents())

const naturalKey = { issuerTaxId: 'B65410011', series: 'F26', number: '17' }
const input = (sealed: Uint8Array) => ({ idempotencyKey: 'k' as IdempotencyKey, reference: 'inv_1', naturalKey, sealed })
const cancelInput = (providerReference: string, fiscalId: string) => ({ idempotencyKey: 'c' as IdempotencyKey, reference: 'inv_1', providerReference, fiscalId, issuerTaxId: 'B65410011', customerTaxId: 'P2807900B', total: '1164.50', motive: 'error' })

async function face (t: Test) {
  const simulator = await startFaceSimulator()
  t.teardown(simulator.close)
  const http = createHttpClient({ allowedOrigins: [simulator.url], defaultTimeoutMs: 5000 })
  const context = (changes: Partial<ConnectionContext> = {}): ConnectionContext => ({ connectionId: 'con_x', mode: 'test', credentials: simulator.credentials('test'), settings: { email: 'a@example.es' }, account: undefined, origin: () => simulator.url, http, now: () => new Date(), log: { debug () {}, info () {}, warn () {} }, ...changes })
  return { simulator, context }
}

t.test('registered at FACe, handled there, and cancelled when the public body agrees', async t => {
  const { simulator, context } = await face(t)
  const ours = context()
  const sealed = await signedFacturae()
  const issued = await facturae.invoicing.issue(ours, input(sealed))
  t.match(issued, { status: 'issued', providerStatus: '1200', fiscalId: /^2026\d{8}$/ })
  t.ok(Buffer.from(simulator.received(issued.fiscalId!)!).equals(sealed), 'the very bytes')
  const code = issued.providerReference
  const look = async () => await facturae.invoicing.getCancellation(ours, code)
  t.match(await look(), { status: 'issued', providerStatus: '1200', handling: { code: '1200', refused: false } })
  simulator.decide(code, '2600', 'Falta el número de expediente')
  t.match(await look(), { status: 'issued', handling: { code: '2600', refused: true, text: 'Rechazada: Falta el número de expediente' } }, 'sent back: the document stands, and has to be corrected')
  simulator.decide(code, '2400')
  t.match(await facturae.invoicing.cancel(ours, cancelInput(code, code)), { status: 'cancel_pending_acceptance', providerStatus: '4200' })
  await t.rejects(facturae.invoicing.cancel(ours, cancelInput(code, code)), { code: 'invalid_state', reached: 'answered' })
  t.match(await look(), { status: 'cancel_pending_acceptance' })
  simulator.decide(code, '4400', 'Ya pagada')
  t.match(await look(), { status: 'cancel_rejected', messages: [{ code: '2400' }, { code: '4400', message: 'Rechazada: Ya pagada' }] })
  simulator.decide(code, '4300')
  t.match(await look(), { status: 'canceled', providerStatus: '3100' })
})

t.test('what FACe refuses is an answer with its code', async t => {
  const { context } = await face(t)
  const ours = context()
  t.match(await facturae.invoicing.issue(ours, input(await signedFacturae({}, { chain: false }))), { status: 'rejected', providerStatus: 'INVALID_INVOICE-104', providerReference: '' })
  await facturae.invoicing.issue(ours, input(await signedFacturae()))
  t.match(await facturae.invoicing.issue(ours, input(await signedFacturae())), { status: 'rejected', messages: [{ message: /duplicada/ }] })
  t.match(await facturae.invoicing.issue(ours, input(Buffer.from((await signedFacturae({ number: '18' })).toString().replace('<InvoiceTotal>1164.50', '<InvoiceTotal>1164.51')))), { status: 'rejected', providerStatus: 'INVALID_INVOICE-408' })
})

t.test('to a private customer nothing is sent: signed is issued', async t => {
  const { simulator, context } = await face(t)
  const nobody = context({ credentials: {}, origin: () => { throw new Error('nothing is sent') } })
  const sealed = await signedFacturae({ customer: { ...toTheTown().customer, es: {} } })
  const issued = await facturae.invoicing.issue(nobody, input(sealed))
  t.match(issued, { status: 'issued', fiscalId: 'B6541001117F26', providerReference: 'local:B6541001117F26', document: sealed })
  t.match(await facturae.invoicing.get(nobody, issued.providerReference), { status: 'issued', fiscalId: issued.fiscalId })
  t.match(await facturae.invoicing.cancel(nobody, cancelInput(issued.providerReference, issued.fiscalId!)), { status: 'cancel_rejected', messages: [{ message: /rectificativa/ }] })
  t.equal(simulator.effects('B65410011-F26-17').stamps, 0)
})

t.test('who sends: the operator for every tenant, or a tenant that is registered itself', async t => {
  const { simulator, context } = await face(t)
  const operator = Buffer.from(simulator.credentials('test').integrator_pem!, 'base64').toString()
  t.match(await facturae.test(context({ credentials: {}, operator })), { account: { name: /^Integrador / }, mode: 'test' })
  t.match(await facturae.invoicing.issue(context({ credentials: {}, operator }), input(await signedFacturae())), { status: 'issued' })
  t.match(await facturae.test(context({ credentials: {} })), { account: { id: 'facturae' }, evidence: [{ en: /nothing can be sent to FACe/ }] })
  await t.rejects(facturae.invoicing.issue(context({ credentials: {} }), input(await signedFacturae({ number: '2' }))), { code: 'invalid_credentials', reached: 'nowhere' })
  for (const pem of ['-----BEGIN x-----', operator.replace(/-----BEGIN CERTIFICATE[\s\S]+END CERTIFICATE-----/, '')]) t.throws(() => integratorOf({ credentials: { integrator_pem: Buffer.from(pem).toString('base64') } }), { code: 'invalid_credentials', reached: 'nowhere' })
  const [head, content] = tokenOf(integratorOf({ credentials: {}, operator })!, new Date('2026-11-21T10:00:00Z')).split('.').map(part => part.startsWith('ey') ? JSON.parse(Buffer.from(part, 'base64url').toString()) as object : {})
  t.match(head, { alg: 'RS256', x5c: [/^MII/] })
  t.match(content, { username: /^[0-9a-f]{40}$/, iat: 1795255200, exp: 1795255440 })
  await t.rejects(facturae.test(context({ now: () => new Date(Date.now() + 3600_000) })), { code: 'invalid_credentials' }, 'a token of another hour')
})

t.test('states are read in both of their shapes', async t => {
  t.same(stateAt({ status: { code: '2600', name: 'Rechazada', reason: 'Falta el expediente' } }, 'status'), { code: '2600', text: 'Rechazada: Falta el expediente' })
  t.same(stateAt({ status: 'Rechazada', statusHistory: [{ code: '1200', name: 'Registrada' }, { code: '2600', name: 'Rechazada' }] }, 'status'), { code: '2600', text: 'Rechazada' })
  t.same(stateAt({ status: '1300', statusHistory: [] }, 'status'), { code: '1300', text: '' })
  t.same(stateAt({}, 'cancellation'), { code: '', text: '' })
})
