import t from 'tap'
import { closeHttpAgents } from '../../core/adapter/index.ts'
import { issuerRfc, resealed, sealedInvoice } from '../../test/support/cfdi.ts'
import { cancelInput, issueInput, openConnection } from '../../test/support/connection.ts'
import { createSatWorld } from '../../test/support/sat-world.ts'
import solucionFactible from './adapter.ts'
import { startSolucionFactibleSimulator } from './simulator.ts'

t.teardown(() => closeHttpAgents())

t.test('stamps, repetitions, refusals and cancellations', async t => {
  let passed = 0
  const world = createSatWorld({ now: () => new Date(Date.now() + passed) })
  const simulator = await startSolucionFactibleSimulator({ world })
  t.teardown(simulator.close)
  const context = openConnection(solucionFactible, simulator)
  const { issue, cancel, status } = solucionFactible.invoicing
  const sealed = await sealedInvoice({ number: '1' })
  const { input } = issueInput(sealed, '1')
  const first = await issue(context, input)
  t.match(first, { status: 'issued', fiscalId: /^[0-9A-F-]{36}$/, providerStatus: '200' })
  t.match(await issue(context, input), { fiscalId: first.fiscalId, providerStatus: '307' })
  simulator.bareRepeats(true)
  await t.rejects(issue(context, input), { code: 'timeout_unknown', reached: 'unknown' }, 'without the document nobody knows, and it cannot be asked')
  t.equal(simulator.effects(`${issuerRfc}-A-1`).stamps, 1)
  t.same(await status(context), { stampsLeft: 999 })

  const broken: [string, Buffer, string][] = [
    ['a seal that does not hold', Buffer.from(sealed.toString().replace('Total="116.00"', 'Total="117.00"')), 'CFDI40102'],
    ['sealed too long ago', await sealedInvoice({ number: '9', issuedAt: new Date(Date.now() - 80 * 3600_000) }), '401'],
    ['sealed with another RFC’s certificate', resealed(sealed, xml => xml.replace('Rfc="EKU9003173C9"', 'Rfc="LAN7008173R5"')), '303'],
    ['outside the certificate’s validity', resealed(sealed, xml => xml.replace(/ Fecha="[^"]*"/, ' Fecha="2023-06-01T12:00:00"')), '305'],
    ['no XML', Buffer.from('<cfdi'), '301']
  ]
  for (const [why, xml, code] of broken) t.match(await issue(context, issueInput(xml, '9').input), { status: 'rejected', messages: [{ code, message: /./ }] }, why)
  await t.rejects(issue(openConnection(solucionFactible, simulator, { credentials: { ...context.credentials, password: 'another one' } }), input), { code: 'invalid_credentials', reached: 'answered', providerCode: '601' })
  simulator.setLeft(context.credentials.usuario!, 0)
  await t.rejects(issue(context, issueInput(await sealedInvoice({ number: '2' }), '2').input), { code: 'limit_exceeded', reached: 'answered', providerCode: '630' })

  const asked = await cancelInput(first.fiscalId!)
  t.match(await cancel(context, asked), { status: 'cancel_requested', providerStatus: '201' }, 'never canceled from a 201')
  passed = 60_000
  t.match(await cancel(context, asked), { status: 'cancel_requested', providerStatus: '202' })
  await t.rejects(cancel(context, await cancelInput('11111111-2222-3333-4444-000000000001')), { code: 'not_found', providerCode: '205' })
  await t.rejects(cancel(context, { ...asked, sealed: Buffer.from('<no/>') }), { code: 'invalid_request', providerCode: '612' })
  t.equal(world.ledger().length, 1)
})

t.test('the namespace that nobody has written down is a setting', async t => {
  const simulator = await startSolucionFactibleSimulator({ world: createSatWorld() })
  t.teardown(simulator.close)
  await t.rejects(solucionFactible.test(openConnection(solucionFactible, simulator, { settings: { utilities_namespace: 'http://other.solucionfactible.com' } })), { code: 'invalid_request', reached: 'answered', providerMessage: /not found/ })
  t.match(await solucionFactible.test(openConnection(solucionFactible, simulator)), { account: { name: issuerRfc }, evidence: [{ es: /1000 timbres/ }] })
})
