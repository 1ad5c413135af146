import t, { type Test } from 'tap'
import { closeHttpAgents, type HttpExchange } from '../../core/adapter/index.ts'
import { draftInvoice, issuerRfc, resealed, sealedInvoice } from '../../test/support/cfdi.ts'
import { cancelInput, issueInput, openConnection } from '../../test/support/connection.ts'
import { createSatWorld } from '../../test/support/sat-world.ts'
import sw from './adapter.ts'
import { startSwSimulator } from './simulator.ts'

t.teardown(() => closeHttpAgents())

const started = async (t: Test, options: { now?: () => Date } = {}) => {
  const world = createSatWorld(options)
  const simulator = await startSwSimulator({ world, ...options })
  t.teardown(simulator.close)
  return { world, simulator }
}

t.test('307, customid and the storage end in one stamp', async t => {
  const { world, simulator } = await started(t)
  const context = openConnection(sw, simulator)
  const { input, lookup } = issueInput(await sealedInvoice({ number: '1' }), '1')
  const first = await sw.invoicing.issue(context, input)
  t.match(first, { status: 'issued', fiscalId: /^[0-9A-F-]{36}$/, providerReference: first.fiscalId, messages: [] })
  t.match(await sw.invoicing.issue(context, input), { fiscalId: first.fiscalId, providerStatus: '307' }, 'an error that holds the timbre is that stamp')
  simulator.bareRepeats(true)
  await t.rejects(sw.invoicing.issue(context, input), { code: 'timeout_unknown', reached: 'unknown', providerCode: '307' }, 'without its data nobody knows')
  simulator.bareRepeats(false)
  t.equal((await sw.invoicing.find(context, lookup))?.fiscalId, first.fiscalId)
  simulator.storage('lags')
  t.equal(await sw.invoicing.find(context, lookup), undefined, 'what the storage does not have yet is not found: the manifest says for how long that proves nothing')
  simulator.storage('all')
  for (const number of ['2', '3']) await sw.invoicing.issue(context, issueInput(await sealedInvoice({ number }), number).input)
  simulator.storage('pages')
  await t.rejects(sw.invoicing.find(context, issueInput(await sealedInvoice({ number: '4' }), '4').lookup), { code: 'unsupported' }, 'a list that is not whole proves nothing')
  simulator.storage('all')

  const other = await sealedInvoice({ number: '1', lines: [{ ...draftInvoice().lines[0]!, quantity: '2' }] })
  await t.rejects(sw.invoicing.issue(context, issueInput(other, '1').input), { code: 'duplicate', reached: 'answered', providerCode: 'CFDI3307' }, 'another document of the same number is not stamped')
  t.equal(simulator.effects(`${issuerRfc}-A-1`).stamps, 1)
  const free = openConnection(sw, simulator, { credentials: context.credentials, settings: { custom_id: 'document' } })
  t.match(await sw.invoicing.issue(free, issueInput(other, '1').input), { status: 'issued' }, 'unless the tenant lets the document be the customid')
  t.equal(world.ledger().length, 4)
})

t.test('cancellations: 201 and 202 are requests, the SAT’s status decides', async t => {
  let passed = 0
  const { simulator } = await started(t, { now: () => new Date(Date.now() + passed) })
  const context = openConnection(sw, simulator)
  const { fiscalId } = await sw.invoicing.issue(context, issueInput(await sealedInvoice({ number: '7' }), '7').input)
  t.match(await sw.invoicing.get(context, fiscalId!), { status: 'issued', providerStatus: 'Vigente' })
  const cancel = await cancelInput(fiscalId!)
  t.match(await sw.invoicing.cancel(context, cancel), { status: 'cancel_requested', providerStatus: '201', document: Buffer })
  t.match(await sw.invoicing.cancel(context, cancel), { status: 'cancel_requested', providerStatus: '202' })
  passed = 60_000
  t.match(await sw.invoicing.getCancellation(context, fiscalId!, cancel), { status: 'canceled', providerStatus: 'Cancelado: 202' })
  await t.rejects(sw.invoicing.cancel(context, await cancelInput('11111111-2222-3333-4444-000000000001')), { code: 'not_found', providerCode: '205' })
  await t.rejects(sw.invoicing.cancel(context, { ...cancel, sealed: Buffer.from('<no/>') }), { code: 'invalid_request', providerCode: 'CACFDI33', providerMessage: /firma/ })
  await t.rejects(sw.invoicing.get(context, '11111111-2222-3333-4444-000000000001'), { code: 'not_found' })
})

t.test('refusals: the document’s are findings, the account’s are errors', async t => {
  const { simulator, world } = await started(t)
  const context = openConnection(sw, simulator)
  const sealed = await sealedInvoice({ number: '9' })
  const broken: [string, Buffer, string][] = [
    ['a seal that does not hold', Buffer.from(sealed.toString().replace('Total="116.00"', 'Total="117.00"')), 'CFDI40102'],
    ['sealed too long ago', await sealedInvoice({ number: '9', issuedAt: new Date(Date.now() - 80 * 3600_000) }), '401'],
    ['sealed with another RFC’s certificate', resealed(sealed, xml => xml.replace('Rfc="EKU9003173C9"', 'Rfc="LAN7008173R5"')), '303'],
    ['outside the certificate’s validity', resealed(sealed, xml => xml.replace(/ Fecha="[^"]*"/, ' Fecha="2023-06-01T12:00:00"')), '305'],
    ['no XML', Buffer.from('<cfdi'), '301']
  ]
  for (const [why, xml, code] of broken) t.match(await sw.invoicing.issue(context, issueInput(xml, '9').input), { status: 'rejected', providerReference: '', messages: [{ code, message: /./ }] }, why)
  simulator.setBalance(context.credentials as Record<string, string>, 0)
  await t.rejects(sw.invoicing.issue(context, issueInput(sealed, '9').input), { code: 'limit_exceeded', reached: 'answered', providerCode: 'AU2001' })
  t.same(await sw.invoicing.status(context), { stampsLeft: 0 })
  simulator.setBalance(context.credentials as Record<string, string>, 3)
  t.same(await sw.invoicing.status(context), { stampsLeft: 3 })
  simulator.forbid(issuerRfc)
  await t.rejects(sw.invoicing.issue(context, issueInput(sealed, '9').input), { code: 'permission_denied', providerCode: 'AU2003', providerMessage: /manifiesto/ })
  t.equal(world.ledger().length, 0)
})

t.test('user and password: a token for each call, and a lost login stamps nothing', async t => {
  const { simulator, world } = await started(t)
  const exchanges: HttpExchange[] = []
  const context = openConnection(sw, simulator, { credentials: simulator.login(), onExchange: exchange => exchanges.push(exchange) })
  const { input } = issueInput(await sealedInvoice({ number: '5' }), '5')
  for (const kind of ['cut_before', 'cut_after', 'cut_mid_body', 'garbage', 'error_500'] as const) {
    simulator.inject({ kind, path: '/authenticate' })
    await t.rejects(sw.invoicing.issue(context, input), { code: 'provider_unavailable', reached: 'nowhere' }, kind)
  }
  t.equal(world.ledger().length, 0)
  t.match(await sw.invoicing.issue(context, input), { status: 'issued' })
  await t.rejects(sw.test(openConnection(sw, simulator, { credentials: { ...context.credentials, password: 'another one' } })), { code: 'invalid_credentials', reached: 'answered', providerCode: 'AU2000' })
  await t.rejects(sw.test(openConnection(sw, simulator, { credentials: {} })), { code: 'invalid_credentials', reached: 'nowhere' })
  const kept = exchanges.map(({ requestHeaders, requestBody, responseBody }) => sw.scrub(`${Object.entries(requestHeaders).map(([name, value]) => `${name}: ${value}`).join('\n')}\n${Buffer.from(requestBody as string ?? '').toString()}\n${Buffer.from(responseBody ?? []).toString()}`, context.credentials)).join('\n')
  t.notOk(kept.includes(context.credentials.password!))
  t.notMatch(kept, /Bearer [^[]/i, 'nor a token that it gave')
  t.notMatch(kept, /"token":"[^[]/)
})
