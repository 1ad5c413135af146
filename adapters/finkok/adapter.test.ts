import t from 'tap'
import { closeHttpAgents, type ConnectionContext, createHttpClient, type IdempotencyKey } from '../../core/adapter/index.ts'
import { createSatWorld } from '../../test/support/mexico.ts'
import { issuerRfc, sealedCancellation, sealedInvoice } from '../../test/support/cfdi.ts'
import finkok from './adapter.ts'
import { startFinkokSimulator } from './simulator.ts'

t.teardown(() => closeHttpAgents())

t.test('the recorded bugs of Finkok end in one stamp', async t => {
  const world = createSatWorld()
  const simulator = await startFinkokSimulator({ world })
  t.teardown(simulator.close)
  const http = createHttpClient({ allowedOrigins: [simulator.url], defaultTimeoutMs: 5000 })
  const context: ConnectionContext = { connectionId: 'con_x', mode: 'test', credentials: simulator.credentials('test'), settings: {}, account: undefined, origin: () => simulator.url, http, now: () => new Date(), log: { debug () {}, info () {}, warn () {} } }
  const sealed = await sealedInvoice({ number: '77' })
  const input = { idempotencyKey: 'k' as IdempotencyKey, reference: 'inv_1', naturalKey: { issuerTaxId: issuerRfc, series: 'A', number: '77' }, sealed }
  const first = await finkok.invoicing.issue(context, input)
  t.match(first, { status: 'issued', fiscalId: /^[0-9A-F-]{36}$/, messages: [] })
  t.same((await finkok.invoicing.issue(context, input)).fiscalId, first.fiscalId, '307 with the timbre')
  simulator.emptyRepeats(true)
  t.same((await finkok.invoicing.issue(context, input)).fiscalId, first.fiscalId, '307 with an empty xml: stamped is asked')
  simulator.slowToKnow(true)
  await t.rejects(finkok.invoicing.issue(context, input), { code: 'timeout_unknown', reached: 'unknown' }, 'and when that knows nothing yet, nobody knows')
  t.equal(await finkok.invoicing.find(context, { ...input, from: new Date(), to: new Date() }), undefined)
  simulator.slowToKnow(false)
  t.same((await finkok.invoicing.find(context, { ...input, from: new Date(), to: new Date() }))?.fiscalId, first.fiscalId)
  t.equal(simulator.effects(`${issuerRfc}-A-77`).stamps, 1)

  const cancel = { idempotencyKey: 'c' as IdempotencyKey, reference: 'inv_1', providerReference: first.providerReference, fiscalId: first.fiscalId!, issuerTaxId: issuerRfc, customerTaxId: 'IVD920810GU2', total: '116.00', motive: '02', sealed: await sealedCancellation(first.fiscalId!) }
  t.match(await finkok.invoicing.cancel(context, cancel), { status: 'cancel_requested', providerStatus: '201', document: Buffer }, 'never canceled from a 201')
  t.match(await finkok.invoicing.getCancellation(context, first.providerReference, cancel), { status: 'canceled' })
  t.match(await finkok.invoicing.cancel(context, cancel), { status: 'cancel_requested', providerStatus: '202' })
  const nobodys = '11111111-2222-3333-4444-000000000001'
  await t.rejects(finkok.invoicing.cancel(context, { ...cancel, fiscalId: nobodys, sealed: await sealedCancellation(nobodys) }), { code: 'not_found', providerCode: '205' })
})
