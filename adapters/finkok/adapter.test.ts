import t from 'tap'
import { closeHttpAgents } from '../../core/adapter/index.ts'
import { issuerRfc, sealedInvoice } from '../../test/support/cfdi.ts'
import { cancelInput, issueInput, openConnection } from '../../test/support/connection.ts'
import { createSatWorld } from '../../test/support/sat-world.ts'
import finkok from './adapter.ts'
import { startFinkokSimulator } from './simulator.ts'

t.teardown(() => closeHttpAgents())

t.test('the recorded bugs of Finkok end in one stamp', async t => {
  const world = createSatWorld()
  const simulator = await startFinkokSimulator({ world })
  t.teardown(simulator.close)
  const context = openConnection(finkok, simulator)
  const { input, lookup } = issueInput(await sealedInvoice({ number: '77' }), '77')
  const first = await finkok.invoicing.issue(context, input)
  t.match(first, { status: 'issued', fiscalId: /^[0-9A-F-]{36}$/, messages: [] })
  t.same((await finkok.invoicing.issue(context, input)).fiscalId, first.fiscalId, '307 with the timbre')
  simulator.emptyRepeats(true)
  t.same((await finkok.invoicing.issue(context, input)).fiscalId, first.fiscalId, '307 with an empty xml: stamped is asked')
  simulator.slowToKnow(true)
  await t.rejects(finkok.invoicing.issue(context, input), { code: 'timeout_unknown', reached: 'unknown' }, 'and when that knows nothing yet, nobody knows')
  t.equal(await finkok.invoicing.find(context, lookup), undefined)
  simulator.slowToKnow(false)
  t.same((await finkok.invoicing.find(context, lookup))?.fiscalId, first.fiscalId)
  t.equal(simulator.effects(`${issuerRfc}-A-77`).stamps, 1)

  const cancel = await cancelInput(first.fiscalId!)
  t.match(await finkok.invoicing.cancel(context, cancel), { status: 'cancel_requested', providerStatus: '201', document: Buffer }, 'never canceled from a 201')
  t.match(await finkok.invoicing.getCancellation(context, first.providerReference, cancel), { status: 'canceled' })
  t.match(await finkok.invoicing.cancel(context, cancel), { status: 'cancel_requested', providerStatus: '202' })
  await t.rejects(finkok.invoicing.cancel(context, await cancelInput('11111111-2222-3333-4444-000000000001')), { code: 'not_found', providerCode: '205' })
})
