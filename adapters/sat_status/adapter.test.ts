import t from 'tap'
import { contractProblems, ProviderError, type SatStatus, type SatWorld, statusInRegister } from '../../core/adapter/index.ts'
import { openConnection } from '../../test/support/connection.ts'
import adapter, { expressionOf } from './adapter.ts'
import { startSatStatusSimulator } from './simulator.ts'

const document = { fiscalId: '5803EB8D-81CD-4557-8719-26632D2FA434', issuerTaxId: 'A&A050908GT0', customerTaxId: 'XAXX010101000', total: '1160.00', sealTail: 'gJYhbQ==' }

t.test('the contract, and the words of the register', async t => {
  t.same(contractProblems(adapter), [])
  t.equal(expressionOf(document), '?re=A&amp;A050908GT0&rr=XAXX010101000&tt=1160.0&id=5803EB8D-81CD-4557-8719-26632D2FA434&fe=gJYhbQ==')
  for (const [total, written] of [['0.10', '0.1'], ['1160', '1160.0'], ['1160.123456', '1160.123456'], ['10.500000', '10.5']] as const) t.match(expressionOf({ ...document, total }), new RegExp(`tt=${written.replace('.', '\\.')}&`))
  const words: [string, string, string, string][] = [
    ['Vigente', 'Cancelable sin aceptación', '', 'issued'],
    ['Vigente', 'Cancelable con aceptación', 'En proceso', 'cancel_pending_acceptance'],
    ['Vigente', 'Cancelable sin aceptación', 'En proceso', 'cancel_requested'],
    ['Vigente', 'Cancelable con aceptación', 'Solicitud rechazada', 'cancel_rejected'],
    ['Vigente', 'No cancelable', '', 'issued'],
    ['Cancelado', '', 'Cancelado sin aceptación', 'canceled'],
    ['Cancelado', '', 'Cancelado con aceptación', 'canceled'],
    ['Cancelado', '', 'Plazo vencido', 'canceled']
  ]
  for (const [Estado, EsCancelable, EstatusCancelacion, expected] of words) t.equal(statusInRegister({ Estado, EsCancelable, EstatusCancelacion }), expected, `${Estado}, ${EstatusCancelacion}`)
})

t.test('over the wire', async t => {
  const asked: object[] = []
  let status: SatStatus = { CodigoEstatus: 'S - Comprobante obtenido satisfactoriamente.', Estado: 'Vigente', EsCancelable: 'Cancelable con aceptación', EstatusCancelacion: 'En proceso', ValidacionEFOS: '200' }
  const simulator = await startSatStatusSimulator({ world: { status: (query: object) => { asked.push(query); return status } } as unknown as SatWorld })
  t.teardown(simulator.close)
  const context = openConnection(adapter, simulator)

  t.match(await adapter.test(context), { account: { id: 'sat' }, evidence: [{ es: /obtenido/ }] })
  const told = await adapter.register.look(context, document)
  t.match(told, { status: 'cancel_pending_acceptance', fiscalId: document.fiscalId, providerStatus: 'Vigente: En proceso' })
  t.same(asked.at(-1), { re: 'A&A050908GT0', rr: 'XAXX010101000', tt: '1160.0', id: document.fiscalId, fe: 'gJYhbQ==' })

  status = { CodigoEstatus: 'N - 602: Comprobante no encontrado.', Estado: 'No Encontrado', EsCancelable: '', EstatusCancelacion: '', ValidacionEFOS: '' }
  await t.rejects(adapter.register.look(context, document), { code: 'not_found', reached: 'answered' })
  await t.rejects(adapter.register.look(context, { ...document, total: 'x' }), { code: 'not_found', providerCode: /601/ })
  for (const kind of ['cut_before', 'cut_after', 'cut_mid_body', 'garbage', 'error_500'] as const) {
    simulator.inject({ kind })
    const thrown = await adapter.register.look(context, document).catch((error: unknown) => error)
    t.ok(thrown instanceof ProviderError && thrown.reached === 'unknown', kind)
  }
})
