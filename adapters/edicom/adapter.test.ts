import t from 'tap'
import { closeHttpAgents } from '../../core/adapter/index.ts'
import { issuerRfc, resealed, sealedInvoice } from '../../test/support/cfdi.ts'
import { cancelInput, issueInput, openConnection } from '../../test/support/connection.ts'
import { createSatWorld } from '../../test/support/sat-world.ts'
import edicom from './adapter.ts'
import { startEdicomSimulator } from './simulator.ts'
import { fileInZip } from './zip.ts'

t.teardown(() => closeHttpAgents())

t.test('stamps, repetitions, refusals and cancellations', async t => {
  let passed = 0
  const world = createSatWorld({ now: () => new Date(Date.now() + passed) })
  const simulator = await startEdicomSimulator({ world, notStamped: 'E404' })
  t.teardown(simulator.close)
  const context = openConnection(edicom, simulator, { settings: { not_stamped_code: 'E404' } })
  const { issue, find, get, cancel, getCancellation } = edicom.invoicing
  const sealed = await sealedInvoice({ number: '1' })
  const { input, lookup } = issueInput(sealed, '1')
  t.equal(await find(context, lookup), undefined)
  const first = await issue(context, input)
  t.match(first, { status: 'issued', fiscalId: /^[0-9A-F-]{36}$/, document: Buffer })
  t.match(await issue(context, input), { fiscalId: first.fiscalId, providerStatus: 'getCfdiFromUUID' }, '307: which stamp it is, the service is asked')
  t.equal((await find(context, lookup))?.fiscalId, first.fiscalId)
  t.match(await get(context, first.fiscalId!), { fiscalId: first.fiscalId, document: first.document })
  t.match(await issue(openConnection(edicom, simulator, { mode: 'live' }), issueInput(await sealedInvoice({ number: '2' }), '2').input), { status: 'issued' }, 'live has operations of its own')

  const ignorant = openConnection(edicom, simulator, { credentials: context.credentials })
  await t.rejects(find(ignorant, issueInput(await sealedInvoice({ number: '3' }), '3').lookup), { code: 'invalid_request', providerCode: 'E404', providerMessage: /no ha sido timbrado/ }, 'a refusal whose meaning nobody has set proves nothing')

  const broken: [string, Buffer, string][] = [
    ['a seal that does not hold', Buffer.from(sealed.toString().replace('Total="116.00"', 'Total="117.00"')), 'CFDI40102'],
    ['sealed too long ago', await sealedInvoice({ number: '9', issuedAt: new Date(Date.now() - 80 * 3600_000) }), '401'],
    ['sealed with another RFC’s certificate', resealed(sealed, xml => xml.replace('Rfc="EKU9003173C9"', 'Rfc="LAN7008173R5"')), '303'],
    ['outside the certificate’s validity', resealed(sealed, xml => xml.replace(/ Fecha="[^"]*"/, ' Fecha="2023-06-01T12:00:00"')), '305'],
    ['no XML', Buffer.from('<cfdi'), '301']
  ]
  for (const [why, xml, code] of broken) t.match(await issue(context, issueInput(xml, '9').input), { status: 'rejected', messages: [{ code, message: /./ }] }, why)
  await t.rejects(issue(openConnection(edicom, simulator, { credentials: { ...context.credentials, password: 'another one' } }), input), { code: 'invalid_credentials', reached: 'answered' })

  const asked = await cancelInput(first.fiscalId!)
  t.match(await cancel(context, asked), { status: 'cancel_requested', providerStatus: '201', document: Buffer }, 'never canceled from a 201')
  passed = 60_000
  t.match(await cancel(context, asked), { status: 'cancel_requested', providerStatus: '202' })
  simulator.faultyCancellations(true)
  t.match(await cancel(context, asked), { status: 'cancel_requested', providerStatus: '202' }, 'even as the code of a fault')
  t.match(await getCancellation(context, first.fiscalId!, asked), { status: 'canceled' })
  await t.rejects(cancel(context, await cancelInput('11111111-2222-3333-4444-000000000001')), { code: 'not_found', providerCode: '205' })
  t.equal(simulator.effects(`${issuerRfc}-A-1`).stamps, 1)
})

t.test('what is no ZIP, or too large, is no document', async t => {
  for (const bytes of [Buffer.alloc(0), Buffer.from('PK'), Buffer.from('PK\u0005\u0006'), Buffer.concat([Buffer.from('PK\u0005\u0006'), Buffer.alloc(18, 255)])]) t.equal(fileInZip(bytes, '.xml', 1000), undefined)
})
