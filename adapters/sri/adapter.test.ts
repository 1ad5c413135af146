import { spawnSync } from 'node:child_process'
import { existsSync, readFileSync, writeFileSync } from 'node:fs'
import path from 'node:path'
import t, { type Test } from 'tap'
import { closeHttpAgents, type ConnectionContext, createHttpClient, type HttpExchange, type IdempotencyKey, type SriReception, type SriWorld } from '../../core/adapter/index.ts'
import { createSriWorld, ruc, signedComprobante } from '../../test/support/ecuador.ts'
import { temporaryFolder } from '../../test/support/folder.ts'
import sri from './adapter.ts'
import { startSriSimulator } from './simulator.ts'

t.teardown(() => closeHttpAgents())

const register = { issuerTaxId: ruc, customerTaxId: '1790011674001', total: '115.00' }

async function opened (t: Test, world: SriWorld) {
  const simulator = await startSriSimulator({ world })
  t.teardown(simulator.close)
  const exchanges: HttpExchange[] = []
  const http = createHttpClient({ allowedOrigins: [simulator.url], defaultTimeoutMs: 5000, onExchange: exchange => { exchanges.push(exchange) } })
  const context: ConnectionContext = { connectionId: 'con_x', mode: 'test', credentials: {}, settings: {}, account: undefined, origin: () => simulator.url, http, now: () => new Date(), log: { debug () {}, info () {}, warn () {} } }
  const input = (sealed: Uint8Array) => ({ idempotencyKey: 'k' as IdempotencyKey, reference: 'inv_1', naturalKey: { issuerTaxId: ruc, series: '001-001', number: '000000001' }, sealed })
  return { simulator, exchanges, context, issue: async (sealed: Uint8Array) => await sri.invoicing.issue(context, input(sealed)), find: async (sealed: Uint8Array) => await sri.invoicing.find(context, { ...input(sealed), from: new Date(), to: new Date() }) }
}

t.test('43 and 70 mean: go and ask', async t => {
  let at = new Date()
  const world = createSriWorld({ now: () => at })
  const { context, issue, find } = await opened(t, world)
  const sealed = await signedComprobante()
  const first = await issue(sealed)
  t.match(first, { status: 'issued', fiscalId: /^\d{49}$/, providerStatus: 'AUTORIZADO', messages: [{ code: '60' }], authorizedAt: Date })
  t.ok(Buffer.from(first.document!).equals(sealed), 'byte for byte')
  t.match(await issue(sealed), { status: 'issued', fiscalId: first.fiscalId }, '43 is the document that is there')

  world.takes(3600_000)
  const slow = await signedComprobante({ reference: 'inv_2', number: '000000002' })
  t.match(await issue(slow), { status: 'submitted', providerStatus: 'EN PROCESO' })
  t.match(await issue(slow), { status: 'submitted' }, '70')
  t.match(await find(slow), { status: 'submitted' })
  at = new Date(at.getTime() + 3600_001)
  t.match(await find(slow), { status: 'issued' })
  t.equal(world.ledger().length, 2)
  t.equal(await find(await signedComprobante({ reference: 'inv_3', number: '000000003' })), undefined)
  await t.rejects(sri.invoicing.get(context, first.fiscalId!.replace(/\d$/, digit => digit === '1' ? '2' : '1')), { code: 'not_found', reached: 'answered' })
})

t.test('the rejection of an earlier attempt is not one of this', async t => {
  const world = createSriWorld()
  const { context, issue, find } = await opened(t, world)
  const first = await signedComprobante()
  world.accredits(false)
  const refused = await issue(first)
  t.match(refused, { status: 'rejected', messages: [{ code: '39', message: 'FIRMA INVALIDA: No existe un certificado root registrado' }], refusedSignature: { code: '39' } }, 'RECIBIDA, and then 39')
  const clave = refused.fiscalId!
  const second = await signedComprobante({ issuedAt: new Date(Date.now() - 5000) })
  t.not(Buffer.compare(first, second), 0, 'the same clave, signed anew')
  t.equal(await find(second), undefined, 'the SRI knows the clave, not this attempt')
  await t.rejects(sri.invoicing.get(context, clave, { sealed: second }), { code: 'not_found' })
  t.match(await sri.invoicing.get(context, clave), { status: 'rejected' })
  world.accredits(true)
  t.match(await issue(second), { status: 'issued', fiscalId: clave })
  t.match(await sri.invoicing.get(context, clave, { sealed: first }), { status: 'issued' }, 'of several entries the authorised one')
})

t.test('what recepción refuses, and what it leaves open', async t => {
  let answer: SriReception = { estado: 'DEVUELTA', clave: '', mensajes: [] }
  const world: SriWorld = { ...createSriWorld(), receive: async () => answer }
  const { simulator, context, issue } = await opened(t, world)
  const sealed = await signedComprobante()
  const says = (identificador: string, tipo: 'ERROR' | 'ADVERTENCIA' = 'ERROR') => ({ identificador, mensaje: `M${identificador}`, tipo })
  // The table of the Ficha (v2.34), row by row: what recepción says of a document, and what it is taken for.
  const rows: [what: string, codes: number[], taken: object][] = [
    ['size, schema, type, version: to be mended, under the same clave', [26, 28, 35, 36, 47, 48, 49, 92], { status: 'rejected' }],
    ['the signature or its certificate: what it signs next waits too', [39, 40], { status: 'rejected', refusedSignature: { message: /^M/ } }],
    ['the number is another document’s: never another by itself', [45], { status: 'rejected' }],
    ['a date that is too old, or in Ecuador’s future', [65], { status: 'rejected' }],
    ['the taxpayer, the establishment, the sums, the clave', [2, 10, 27, 37, 46, 52, 56, 57, 58, 63, 67, 80, 82], { status: 'rejected' }],
    ['registered: we sent it already', [43], { status: 'submitted', providerStatus: '43', fiscalId: /^\d{49}$/ }],
    ['in process: never sent again meanwhile', [70], { status: 'submitted', providerStatus: '70', fiscalId: /^\d{49}$/ }]
  ]
  for (const [what, codes, taken] of rows) {
    await t.test(what, async t => {
      for (const code of codes.map(String)) {
        answer = { estado: 'DEVUELTA', clave: 'x', mensajes: [says('68', 'ADVERTENCIA'), says(code)] }
        const found = await issue(sealed)
        t.match(found, { ...taken, messages: [{ code, message: `M${code}` }, { code: '68' }] }, `${code}, the error first`)
        t.equal(found.refusedSignature !== undefined, ['39', '40'].includes(code), code)
      }
    })
  }
  await t.test('warnings stand in nobody’s way', async t => {
    for (const code of ['59', '60', '62', '68']) {
      answer = { estado: 'RECIBIDA', clave: 'x', mensajes: [says(code, 'ADVERTENCIA')] }
      t.match(await issue(sealed), { status: 'submitted', providerStatus: 'RECIBIDA', messages: [{ code }] }, code)
    }
  })
  answer = { estado: 'DEVUELTA', clave: 'x', mensajes: [says('50')] }
  await t.rejects(issue(sealed), { code: 'timeout_unknown', reached: 'unknown', providerCode: '50' }, 'internal: nobody knows')
  answer = { estado: 'DEVUELTA', clave: 'x', mensajes: [says('43')] }
  t.match(await issue(sealed), { status: 'submitted', providerStatus: '43' }, 'registered, and not to be found yet')
  answer = { estado: 'OTRA' as 'RECIBIDA', clave: 'x', mensajes: [] }
  await t.rejects(issue(sealed), { code: 'timeout_unknown', reached: 'unknown' })
  simulator.html(true)
  await t.rejects(issue(sealed), { code: 'timeout_unknown', reached: 'unknown' }, 'HTML')
  await t.rejects(sri.test(context), { code: 'timeout_unknown', reached: 'unknown' })
  simulator.html(false)
  answer = { estado: 'RECIBIDA', clave: 'x', mensajes: [] }
  simulator.inject({ kind: 'cut_before', path: 'Autorizacion' })
  t.match(await issue(sealed), { status: 'submitted', providerStatus: 'RECIBIDA' }, 'taken: that the next question has no answer changes nothing')
  await t.rejects(issue(Buffer.from('<factura/>')), { code: 'invalid_request', reached: 'nowhere' })
})

t.test('what was annulled in the portal', async t => {
  const world = createSriWorld()
  const { context, issue, simulator } = await opened(t, world)
  simulator.loose(true)
  const sealed = await signedComprobante()
  const { fiscalId, document } = await issue(sealed)
  t.ok(Buffer.from(document!).equals(sealed), 'escaped instead of CDATA, and without prefixes: the same bytes')
  const ask = async (clave = fiscalId!) => await sri.invoicing.getCancellation(context, clave, { fiscalId: clave, ...register })
  t.match(await ask(), { status: 'issued' })
  world.annul(fiscalId!, 'asked')
  t.match(await ask(), { status: 'cancel_pending_acceptance' })
  world.annul(fiscalId!)
  t.match(await ask(), { status: 'canceled', providerStatus: 'ANULADO' })
  await t.rejects(ask('0'.repeat(49)), { code: 'not_found', reached: 'answered' })
  t.same(await sri.invoicing.download(context, fiscalId!, 'xml'), sealed)
  await t.rejects(sri.invoicing.download(context, fiscalId!, 'pdf'), { code: 'unsupported' })
})

const data = path.resolve(process.env.PASARELA_ORACLE_DATA ?? '../shared/data', 'sri/wsdl')
const noOracle = !existsSync(data) ? `no WSDL in ${data}` : spawnSync('xmllint', ['--version']).error !== undefined ? 'xmllint is not installed' : false

t.test('requests and answers are what the WSDLs say', { skip: noOracle }, async t => {
  const folder = temporaryFolder(t)
  const world = createSriWorld()
  const { exchanges, issue } = await opened(t, world)
  await issue(await signedComprobante())
  await issue(await signedComprobante())
  await issue(await signedComprobante({ number: '000000002' }, { wrongTotal: true }))
  let looked = 0
  for (const [index, { url, requestBody, responseBody }] of exchanges.entries()) {
    const service = new URL(url).pathname.split('/').at(-1)!
    const wsdl = readFileSync(path.join(data, `${service}.wsdl`), 'utf8')
    const schema = path.join(folder, `${service}.xsd`)
    writeFileSync(schema, /<xs:schema[\s\S]*<\/xs:schema>/.exec(wsdl)![0])
    for (const [which, body] of [['request', requestBody], ['answer', responseBody]] as const) {
      const content = /<(?:soapenv|soap):Body>([\s\S]*)<\/(?:soapenv|soap):Body>/.exec(Buffer.from(body as Uint8Array).toString())![1]!
      const file = path.join(folder, `${index}-${which}.xml`)
      writeFileSync(file, content.replace(/^<ec:(\w+)/, `<ec:$1 xmlns:ec="${/targetNamespace="([^"]+)"/.exec(wsdl)![1]!}"`))
      const { status, stderr } = spawnSync('xmllint', ['--nonet', '--noout', '--schema', schema, file])
      t.equal(status, 0, `${service} ${which}: ${stderr.toString().slice(0, 300)}`)
      looked++
    }
  }
  t.ok(looked >= 8)
})
