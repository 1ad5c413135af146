import t from 'tap'
import { conformance } from '../../core/adapter/conformance.ts'
import { closeHttpAgents, type ConnectionContext, createHttpClient, isProviderError, type ProviderError, type TlsIdentity } from '../../core/adapter/index.ts'
import { identityOf, recordSamples, recordsOf, serverTls } from '../../test/support/verifactu.ts'
import verifactu from './adapter.ts'
import { manifest } from './config.ts'
import { startVerifactuSimulator, type VerifactuSimulator } from './simulator.ts'
import { questionsOf, representativeOf } from './wire.ts'

t.teardown(() => closeHttpAgents())

const secure = serverTls()

await conformance(t, {
  adapter: verifactu,
  simulator: async () => await startVerifactuSimulator({ tls: secure }),
  // SOAP: every call is a POST.
  reads: ({ requestBody }) => String(requestBody).includes(':ConsultaFactuSistemaFacturacion>'),
  records: recordSamples
})

const { records } = verifactu
const { issuer } = recordSamples

function contextOf ({ url }: VerifactuSimulator, { identity, settings = {} }: { identity?: TlsIdentity, settings?: Record<string, unknown> } = {}): ConnectionContext {
  const http = createHttpClient({ allowedOrigins: [url], defaultTimeoutMs: 5000 })
  const quiet = () => {}
  return {
    connectionId: 'con_1', mode: 'test', credentials: {}, settings: { representative_name: '', seal_certificate: false, ...settings }, account: undefined, origin: () => url, now: () => new Date(), log: { debug: quiet, info: quiet, warn: quiet },
    // As the hub lends the issuer's certificate: the adapter never sees its key.
    http: async request => await http({ ...(identity !== undefined && { identity }), ...request })
  }
}

const refused = async (promise: Promise<unknown>): Promise<ProviderError> => await promise.then(() => { throw new Error('it went through') }, (error: unknown) => {
  if (isProviderError(error)) return error
  throw error
})

t.test('whoever calls is told by its certificate', async t => {
  const simulator = await startVerifactuSimulator({ tls: secure })
  t.teardown(simulator.close)
  const input = (prefix: string) => ({ idempotencyKey: 'k' as never, issuer, records: recordsOf(prefix, 1, new Date()), incident: false })
  t.match(await records.submit(contextOf(simulator, { identity: identityOf(issuer.taxId) }), input('A')), { waitSeconds: 60, outcomes: [{ status: 'accepted' }] }, 'the issuer itself')
  t.match(await refused(records.submit(contextOf(simulator, { identity: identityOf('X5102754C') }), input('B'))), { code: 'permission_denied', reached: 'answered', providerCode: '4112' }, 'somebody else')
  t.match(await refused(records.submit(contextOf(simulator), input('C'))), { code: 'permission_denied', reached: 'answered', httpStatus: 403 }, 'nobody')
  t.equal(simulator.sendings().length, 1)
  t.match(await refused(records.find(contextOf(simulator, { identity: identityOf('X5102754C') }), { issuer, records: [{ number: 'A1', date: '01-01-2026' }] })), { providerCode: '4112' })
})

t.test('what a sending says of itself, and how much goes in one', async t => {
  const simulator = await startVerifactuSimulator()
  t.teardown(simulator.close)
  const context = contextOf(simulator)
  await records.submit(context, { idempotencyKey: 'k' as never, issuer, records: recordsOf('D', 2, new Date()), incident: true, lastDay: '31-12-2026' })
  t.match(simulator.sendings(), [{ records: 2, incident: true, lastDay: '31-12-2026', early: false }])
  t.match(await refused(records.submit(context, { idempotencyKey: 'k' as never, issuer, records: recordsOf('E', 1001, new Date()), incident: false })), { reached: 'answered', providerCode: '4113' })
  const many = recordsOf('F', 1000, new Date())
  const { outcomes } = await records.submit(context, { idempotencyKey: 'k' as never, issuer, records: many, incident: false })
  t.equal(outcomes.filter(({ status }) => status === 'accepted').length, 1000)
  t.equal((await records.find(context, { issuer, records: many.map(({ reference }) => reference) })).length, 1000, 'found by the days of their issue')
  t.match(await records.submit(context, { idempotencyKey: 'k' as never, issuer, records: [{ ...recordsOf('G', 1, new Date())[0]!, xml: recordsOf('G', 1, new Date())[0]!.xml.replace(/(<sf:Huella>)[0-9A-F]/g, '$1F').replace(/(<sf:Huella>)FF/, '$1FE') }], incident: false }), { outcomes: [{ status: 'accepted_with_errors', code: '2000' }] }, 'a huella that is not that of the data')
  simulator.refuse('3501', 'Error técnico de base de datos.')
  t.match(await refused(records.submit(context, { idempotencyKey: 'k' as never, issuer, records: recordsOf('H', 1, new Date()), incident: false })), { reached: 'unknown', providerCode: '3501' }, 'a database in trouble may have kept something')
})

t.test('periods are those of the operation, ranges those of the issue', async t => {
  t.same(questionsOf({ issuer, records: [{ number: '1', date: '31-01-2027' }, { number: '2', date: '05-01-2027' }, { number: '3', date: '01-02-2027', operationDate: '31-01-2027' }, { number: '4', date: '02-02-2027' }] }), [
    { year: '2027', month: '01', from: '05-01-2027', to: '01-02-2027' }, { year: '2027', month: '02', from: '02-02-2027', to: '02-02-2027' }
  ])
  t.throws(() => representativeOf({ credentials: { representative_pem: Buffer.from('x'.repeat(900)).toString('base64') }, settings: {} }), { code: 'invalid_credentials', reached: 'nowhere' })
  t.match(representativeOf({ credentials: {}, operator: Object.values(identityOf('00000010X')).join(''), settings: {} }), { nif: '00000010X', name: 'PRUEBAS 00000010X' })
  t.equal(manifest.retry_safety.submit_records, 'query-first')
})
