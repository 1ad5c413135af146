import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { createInterface } from 'node:readline'
import t from 'tap'
import { sql } from 'kysely'
import { pagesOf } from '../../test/support/pdf-text.ts'
import { company, spain } from '../../test/support/spain.ts'
import { serverTls, startVerifactuSimulator } from '../../test/support/verifactu.ts'
import { closeHttpAgents } from '../adapter/http-client.ts'
import { localDay } from '../adapter/local-time.ts'
import { createConnection } from '../connections/service.ts'
import { inTenant } from '../db/in-tenant.ts'
import { HubError } from '../errors.ts'
import { testSigner } from '../fiscal/xades/fixtures/signer.ts'
import { verifyRecord } from '../fiscal/es/verifactu/verify.ts'
import { parseId } from '../ids.ts'
import { cancelInvoice } from '../invoices/cancel.ts'
import type { NewInvoice } from '../invoices/schema.ts'
import * as invoices from '../invoices/service.ts'
import { createIssuer } from '../issuers/service.ts'
import { exportRecords } from './export.ts'
import * as service from './service.ts'

const second = 1000
const hour = 3600 * second
const day = 24 * hour

const town: NewInvoice['customer'] = {
  name: 'Ayuntamiento de Madrid', tax_id: 'P2807900B', address: { street: 'Plaza de la Villa, 4', city: 'Madrid', postal_code: '28005' },
  es: { dir3: { accounting_office: 'L01280796', managing_body: 'LA0007407', processing_unit: 'LA0007408' } }
}
const maria: NewInvoice['customer'] = { name: 'María de la Fuente López', tax_id: '93471790C', address: { street: 'Gran Vía, 1', city: 'Bilbao', postal_code: '48001' } }
const order = (changes: Partial<NewInvoice> = {}): NewInvoice => ({
  country: 'ES', customer: maria, currency: 'EUR', payment: { form: '04' },
  lines: [{ description: 'Consultoría <y más>', quantity: '10', unit_price: '100.00', taxes: [{ type: 'IVA', rate: '0.21' }, { type: 'IRPF', rate: '0.15', withheld: true }] }],
  ...changes
})

const thrown = async (promise: Promise<unknown>): Promise<HubError> => await promise.then(() => { throw new Error('it went through') }, (error: unknown) => {
  if (error instanceof HubError) return error
  throw error
})

t.teardown(() => closeHttpAgents())

t.test('records of invoices', async t => {
  const clock: { now: () => Date } = { now: () => new Date() }
  const aeat = await startVerifactuSimulator({ now: () => clock.now(), tls: serverTls({ callers: testSigner().intermediate }) })
  t.teardown(aeat.close)
  const here = await spain(t, { env: { PASARELA_PROVIDER_URL_VERIFACTU: aeat.url, PASARELA_PROVIDER_RATE_VERIFACTU: '10000', VERIFACTU_PRODUCER_NAME: 'Operadora, S.L.', VERIFACTU_PRODUCER_NIF: 'B65410011', VERIFACTU_PRODUCER_ADDRESS: 'Calle 1, 28001 Madrid', VERIFACTU_PRODUCER_PLACE: 'Madrid, España' } })
  clock.now = here.hub.now
  const { hub, work, advance, face, masterKeys } = here
  const mine = await company(here)
  const { access } = mine
  await createConnection(hub, access, { provider: 'verifactu', mode: 'test', credentials: {} }, null)
  const issue = async (body = order(), by = access) => (await invoices.createInvoice(hub, by, body, null)).id
  const recordsOf = async (invoice: string, by = access) => (await service.listRecords(hub, by, { invoice, limit: 100 })).data.toReversed()
  const state = async (by = mine) => await service.getVerifactu(hub, by.access, by.issuer)
  /** Whatever the last answer told to wait is over, and all is done that is due. */
  const settle = async () => {
    advance(61 * second)
    await work()
  }
  const alerts = async (kind: string) => await here.database.owner.selectFrom('alerts').select(['subject_id', 'detail', 'resolved_at']).where('tenant_id', '=', mine.tenantId).where('kind', '=', kind).orderBy('id').execute()
  const whole = async (by = mine) => await service.checkChain(hub, by.access, by.issuer)

  await t.test('an issuer that keeps none makes invoices as before', async t => {
    t.match(await state(), { system: 'off', installation: null, obliged_from: '2027-01-01', announced: { law: false } })
    const id = await issue()
    await work()
    t.same(await recordsOf(id), [])
    t.equal((await invoices.getInvoice(hub, access, id)).verification_url, null)
    t.match(await thrown(service.setVerifactu(hub, access, mine.issuer, { system: 'verifactu', connection: mine.connection })), { code: 'request_invalid', errors: [{ path: 'connection' }] }, 'Facturae takes no records')
  })

  await t.test('the record is made with the number, submitted by the issuer’s own certificate, and told on the paper', async t => {
    t.match(await service.setVerifactu(hub, access, mine.issuer, { system: 'verifactu' }), { system: 'verifactu', chain: { length: 0 }, installation: /^vfc_/ })
    const id = await issue()
    t.match(await recordsOf(id), [{ kind: 'alta', position: 1, number: 'F26-2', type: 'F1', tax: '210.00', total: '1210.00', status: 'pending', previous_huella: null }], 'before any job ran; what is withheld is no part of it')
    await work()
    const [record] = await recordsOf(id)
    t.match(record, { status: 'accepted', receipt: /^A-/, incident: false })
    t.match(aeat.kept('B65410011'), [{ number: 'F26-2', status: 'Correcto', huella: record!.huella }])
    const invoice = await invoices.getInvoice(hub, access, id)
    t.match(invoice.verification_url, /^https:\/\/prewww2\.aeat\.es\/wlpl\/TIKE-CONT\/ValidarQR\?nif=B65410011&numserie=F26-2&fecha=\d\d-\d\d-\d{4}&importe=1210\.00$/)
    const [page] = pagesOf((await invoices.invoicePdf(hub, access, id, { size: 'a4' })).bytes)
    t.match(page, /QR tributario:.*Factura verificable en la sede electrónica de la AEAT.*VERI\*FACTU/)
    t.same((await verifyRecord((await service.recordXml(hub, access, record!.id)).bytes)).checks.map(({ name, ok }) => [name, ok]), [['huella', true]])
    t.match(await here.database.owner.selectFrom('certificate_uses').select('purpose').where('tenant_id', '=', mine.tenantId).where('purpose', '=', 'submit_records').execute(), [{}], 'the use of the key is on record')
    t.notOk(JSON.stringify(await here.database.owner.selectFrom('operations').select('exchanges').where('tenant_id', '=', mine.tenantId).where('kind', '=', 'submit_records').execute()).includes('PRIVATE KEY'))
  })

  await t.test('the wait that the AEAT told is obeyed', async t => {
    const sent = aeat.sendings().length
    await issue()
    await work()
    advance(50 * second)
    await work()
    t.equal(aeat.sendings().length, sent, 'not yet')
    t.match(await state(), { wait_seconds: 60, records: { pending: 1 } })
    aeat.wait(300)
    await settle()
    t.equal(aeat.sendings().length, sent + 1)
    await issue()
    await settle()
    t.equal(aeat.sendings().length, sent + 1, 'five minutes now')
    aeat.wait(60)
    advance(300 * second)
    await work()
    t.equal(aeat.sendings().length, sent + 2)
    t.ok(aeat.sendings().every(({ early }) => !early))
  })

  await t.test('a hundred invoices at once: one unbroken chain', async t => {
    const before = (await state()).chain.length
    const ids = await Promise.all(Array.from({ length: 100 }, async () => await issue()))
    t.equal((await state()).chain.length, before + 100)
    t.match(await whole(), { ok: true, records: before + 100, anomalies: [] })
    const rows = await here.database.owner.selectFrom('verifactu_records').select(['position', 'huella', 'previous_huella']).where('tenant_id', '=', mine.tenantId).orderBy('position').execute()
    t.same(rows.map(({ position }) => position), rows.map((_, index) => index + 1), 'no place is empty, none is taken twice')
    t.ok(rows.every(({ previous_huella: previous }, index) => previous === (rows[index - 1]?.huella ?? '')))
    await settle()
    t.same(aeat.chainOf('B65410011').map(({ huella }) => huella), rows.map(({ huella }) => huella), 'and the AEAT got them in that order')
    t.equal(aeat.sendings().at(-1)!.records, 100, 'in one sending')
    t.equal(new Set(await Promise.all(ids.map(async id => (await invoices.getInvoice(hub, access, id)).number))).size, 100)
  })

  await t.test('the process is killed in the middle: the chain is whole, and nothing is sent twice', async t => {
    const before = (await state()).chain.length
    aeat.wait(0)
    const child = spawn(process.execPath, [new URL('./fixtures/issue-many.ts', import.meta.url).pathname], {
      stdio: ['ignore', 'pipe', 'inherit'],
      env: { ...process.env, NODE_OPTIONS: '', APP_URL: here.database.appUrl, MASTER_KEYS: masterKeys, TENANT: mine.tenantId, BODY: JSON.stringify(order()), SIMULATOR: aeat.url }
    })
    let issued = 0
    createInterface(child.stdout!).on('line', () => { if (++issued === 40) child.kill('SIGKILL') })
    await once(child, 'exit')
    t.equal(child.signalCode, 'SIGKILL')
    const { chain } = await state()
    t.ok(chain.length >= before + 40, `${chain.length - before} were chained`)
    t.match(await whole(), { ok: true, records: chain.length })
    const invoiced = await here.database.owner.selectFrom('invoices').select(sql<number>`count(*)::int`.as('count')).where('tenant_id', '=', mine.tenantId).where('status', '!=', 'draft').executeTakeFirstOrThrow()
    t.equal(chain.length, invoiced.count - 1, 'as many records as invoices: all but the one before they were kept')
    // Its leases run out, and what it may have sent is asked for.
    for (let round = 0; round < 5; round++) {
      advance(4 * 60 * second)
      await work()
    }
    t.match(await state(), { records: { pending: 0, sending: 0, unknown: 0, rejected: 0, accepted: chain.length } })
    t.equal(aeat.kept('B65410011').length, chain.length)
    t.ok(aeat.kept('B65410011').every(({ times }) => times === 1))
    aeat.wait(60)
  })

  await t.test('a refusal breaks nothing: the chain goes on, and a correction follows', async t => {
    aeat.forget('93471790C')
    const refused = await issue()
    const fine = await issue(order({ customer: town }))
    await settle()
    const [record] = await recordsOf(refused)
    t.match(record, { status: 'rejected', error_code: '1110' })
    t.match(await recordsOf(fine), [{ status: 'accepted', previous_huella: record!.huella }], 'chained to the one that was refused')
    t.match(await alerts('verifactu_refused'), [{ subject_id: record!.id, detail: { code: '1110', invoice: refused } }])
    t.match(await thrown(service.correctRecord(hub, access, record!.id, { customer: { tax_id: '93471790A' }, reason: 'otro NIF' }, null)), { code: 'invoice_invalid', errors: [{ code: '1123' }] })
    const corrected = await service.correctRecord(hub, access, record!.id, { customer: { other: { country: 'ES', type: '07' } }, reason: 'No está en el censo' }, null)
    t.match(corrected, { correction: 'X', status: 'pending', number: record!.number })
    t.match(await thrown(service.correctRecord(hub, access, record!.id, { reason: 'otra vez' }, null)), { code: 'invalid_state' }, 'it has been')
    await settle()
    t.match(await service.getRecord(hub, access, corrected.id), { status: 'accepted' })
    aeat.remember('93471790C')
    t.match(await whole(), { ok: true })
    t.match(await thrown(service.correctRecord(hub, access, corrected.id, { reason: 'sin razón' }, null)), { code: 'invalid_state' }, 'it stands without errors')
  })

  await t.test('an outage of hours: records wait in their order, are marked, and go out', async t => {
    aeat.inject({ kind: 'refuse_connection', times: 1000 })
    const sent = aeat.sendings().length
    const ids = [await issue()]
    await settle()
    for (let hours = 0; hours < 5; hours++) {
      ids.push(await issue())
      advance(hour)
      await work()
    }
    t.match(await state(), { outage_since: /^\d{4}/ })
    t.match((await alerts('verifactu_stuck')).at(-1), { subject_id: mine.issuer, detail: { reason: 'outage' }, resolved_at: null }, 'a person is told')
    aeat.clearFaults()
    for (let round = 0; round < 3; round++) {
      advance(hour)
      await work()
    }
    t.match(aeat.sendings().slice(sent), [{ records: 6, incident: true }], 'all in one, as an incident')
    t.match((await Promise.all(ids.map(async id => await recordsOf(id)))).flat(), ids.map(() => ({ status: 'accepted', incident: true })))
    t.equal((await alerts('verifactu_stuck')).filter(({ resolved_at: at }) => at === null).length, 0, 'and that it is over')
    await issue()
    await settle()
    t.match(aeat.sendings().at(-1), { records: 1, incident: false }, 'the next is none')
    t.match([await state(), await whole()], [{ outage_since: null }, { ok: true }])
  })

  await t.test('an answer that was lost: the AEAT is asked before anything is sent again', async t => {
    aeat.inject({ kind: 'cut_after' })
    const there = await issue()
    await settle()
    t.match(await recordsOf(there), [{ status: 'unknown' }])
    advance(10 * second)
    await work()
    t.match(await recordsOf(there), [{ status: 'accepted' }], 'it was there')
    t.equal(aeat.kept('B65410011').at(-1)!.times, 1)
    aeat.inject({ kind: 'cut_before' })
    const lost = await issue()
    await settle()
    t.match(await recordsOf(lost), [{ status: 'unknown' }])
    for (let round = 0; round < 4; round++) await settle()
    t.match(await recordsOf(lost), [{ status: 'accepted', incident: true }], 'it was not, and went again')
    t.equal(aeat.kept('B65410011').at(-1)!.times, 1)
  })

  await t.test('a message that is refused as a whole is halved until it goes, or what spoils it is alone', async t => {
    const ids = [await issue(), await issue(), await issue()]
    advance(61 * second)
    aeat.refuse('4102', 'El XML no cumple el esquema.')
    await work()
    for (let round = 0; round < 3; round++) await settle()
    t.match((await Promise.all(ids.map(async id => await recordsOf(id)))).flat(), ids.map(() => ({ status: 'accepted' })))
    const alone = await issue()
    advance(61 * second)
    aeat.refuse('4102', 'El XML no cumple el esquema.')
    await work()
    t.match(await recordsOf(alone), [{ status: 'rejected', error_code: '4102' }])
    aeat.refuse('4112', 'El titular del certificado debe ser Obligado Emisión.')
    const waits = await issue()
    await settle()
    t.match(await recordsOf(waits), [{ status: 'pending' }], 'whose certificate it is says nothing of the record')
    t.match((await alerts('verifactu_stuck')).at(-1), { detail: { reason: 'refused', code: '4112' } })
    advance(2 * hour)
    await work()
    t.match(await recordsOf(waits), [{ status: 'accepted' }])
    const [spoilt] = await recordsOf(alone)
    await service.correctRecord(hub, access, spoilt!.id, { reason: 'otra vez' }, null)
    await settle()
  })

  await t.test('issued again under its number: a correction; on another day: an annulment and another record', async t => {
    const other = await company(here, { chain: false })
    await createConnection(hub, other.access, { provider: 'verifactu', mode: 'test', credentials: {} }, null)
    await service.setVerifactu(hub, other.access, other.issuer, { system: 'verifactu' })
    const id = await issue(order({ customer: town }), other.access)
    await work()
    t.match(await invoices.getInvoice(hub, other.access, id), { status: 'rejected', number: '1' }, 'FACe refuses its signature')
    await invoices.issueInvoice(hub, other.access, id, null)
    await settle()
    t.match(await recordsOf(id, other.access), [{ correction: null, number: 'F26-1' }, { correction: 'N', number: 'F26-1' }])
    advance(day)
    await invoices.issueInvoice(hub, other.access, id, null)
    await settle()
    t.match(await recordsOf(id, other.access), [{}, {}, { kind: 'anulacion', number: 'F26-1' }, { kind: 'alta', correction: null, number: 'F26-1' }])
    t.match(await service.checkChain(hub, other.access, other.issuer), { ok: true, records: 4 })
    t.match(await recordsOf(id, access), [], 'nobody else’s')
    t.not((await service.getVerifactu(hub, other.access, other.issuer)).installation, (await state()).installation, 'the same NIF with another tenant is another installation')
  })

  await t.test('cancelled at FACe: its record is annulled; a credit note has its own', async t => {
    const id = await issue(order({ customer: town }))
    await settle()
    const invoice = await invoices.getInvoice(hub, access, id)
    await cancelInvoice(hub, access, id, { motive: 'error' }, null)
    await work()
    face.decide(invoice.fiscal_id!, '4300')
    advance(day)
    await work()
    t.match(await invoices.getInvoice(hub, access, id), { status: 'canceled' })
    await settle()
    t.match(await recordsOf(id), [{ kind: 'alta', status: 'accepted' }, { kind: 'anulacion', status: 'accepted', total: null }])
    t.equal(aeat.kept('B65410011').at(-1)!.status, 'Anulado')

    const sold = await issue()
    await settle()
    const note = await invoices.createCreditNote(hub, access, sold, { lines: [{ ...order().lines[0]!, quantity: '1' }], reason: 'Devolución', es: { reason: '80' } }, null)
    await settle()
    t.match(await recordsOf(note.id), [{ kind: 'alta', type: 'R1', status: 'accepted', number: 'R26-1', total: '-121.00', tax: '-21.00' }], 'below zero')
    const { number } = await invoices.getInvoice(hub, access, sold)
    const full = await issue(order({ lines: [{ ...order().lines[0]!, quantity: '9' }], es: { corrective: { reason: '80', method: '01', series: 'F26-', number: number!, issued_on: localDay(hub.now(), 'Europe/Madrid') } } }))
    await settle()
    const [instead] = await recordsOf(full)
    t.match(instead, { type: 'R1', status: 'accepted', total: '1089.00' })
    t.match((await service.recordXml(hub, access, instead!.id)).bytes.toString(), /<sf:TipoRectificativa>S<.*<sf:BaseRectificada>1000\.00<.*<sf:CuotaRectificada>210\.00</, 'it says what it takes the place of')
    const [plain] = await recordsOf(sold)
    t.match(await service.annulRecord(hub, access, plain!.id, { reason: 'Duplicada' }, null), { kind: 'anulacion', previous_huella: instead!.huella })
    await settle()
    t.match((await recordsOf(sold)).map(({ status }) => status), ['accepted', 'accepted'])
  })

  await t.test('what the AEAT would refuse is told before anything is made', async t => {
    const { chain: { length } } = await state()
    const bad = order({ es: { verifactu: { type: 'F2' } } })
    t.match(await thrown(invoices.createInvoice(hub, access, { ...bad, lines: [{ ...bad.lines[0]!, quantity: '100' }] }, null)), { code: 'invoice_invalid', errors: [{ code: '1150', path: 'lines' }] })
    t.match(await invoices.validateInvoice(hub, access, { ...bad, lines: [{ ...bad.lines[0]!, quantity: '100' }] }), { ok: false, errors: [{ code: '1150' }] })
    t.equal((await state()).chain.length, length, 'nothing was chained, no number taken')
    const simplified = await issue(bad)
    await settle()
    t.match(await recordsOf(simplified), [{ type: 'F2', status: 'accepted' }])
  })

  await t.test('kept and not submitted: signed records, events of the system, and two issuers that share nothing', async t => {
    const own = await company(here, { taxId: '93471790C', into: mine })
    t.match(await service.setVerifactu(hub, access, own.issuer, { system: 'no_verifactu' }), { system: 'no_verifactu', chain: { length: 0, events: 1 } })
    const sent = aeat.sendings().length
    const ids = [await issue(order({ issuer: own.issuer, customer: town })), await issue(order({ issuer: own.issuer, customer: town }))]
    await settle()
    const [first] = await recordsOf(ids[0]!)
    const [next] = await recordsOf(ids[1]!)
    t.match([first, next], [{ position: 1, previous_huella: null, status: 'kept' }, { position: 2, previous_huella: first!.huella, status: 'kept' }], 'a chain of its own, from its first record')
    t.equal(aeat.sendings().length, sent, 'nothing is submitted')
    t.match((await invoices.getInvoice(hub, access, ids[0]!)).verification_url, /ValidarQRNoVerifactu/)
    t.notMatch(pagesOf((await invoices.invoicePdf(hub, access, ids[0]!, { size: 'a4' })).bytes)[0], /VERI\*FACTU/, 'no legend')
    const xml = (await service.recordXml(hub, access, first!.id)).bytes
    t.same((await verifyRecord(xml)).checks.filter(({ ok }) => !ok), [])
    t.ok((await verifyRecord(xml)).checks.some(({ name, ok }) => name === 'policy' && ok))

    advance(6.1 * hour)
    await work()
    t.match(await service.checkChain(hub, access, own.issuer), { ok: true, records: 2, events: 2 })
    const zip = await exportRecords(hub, access, own.issuer, { from: new Date(hub.now().getTime() - day).toISOString(), to: hub.now().toISOString() })
    t.match(zip.bytes.toString('latin1'), /000000001-alta-F26-1\.xml[\s\S]*000000002-alta-F26-2\.xml/)
    await service.addEvent(hub, access, own.issuer, { type: 'restored', note: 'Copia del lunes' }, null)
    await work()
    const events = (await service.listEvents(hub, access, { issuer: own.issuer, limit: 100 })).data.toReversed()
    t.same(events.map(({ type, signed }) => [type, signed]), [['01', true], ['10', true], ['03', true], ['05', true], ['08', true], ['07', true]])
    for (const { id } of events) t.same((await verifyRecord((await service.eventXml(hub, access, id)).bytes)).checks.filter(({ ok }) => !ok), [])
    t.same((await service.listEvents(hub, access, { issuer: mine.issuer, limit: 10 })).data, [], 'whoever submits keeps none')

    const tamper = async (change: ReturnType<typeof sql>): Promise<string> => await inTenant(hub.db, mine.tenantId, async db => { await sql`update verifactu_records set ${change} where tenant_id = ${mine.tenantId} and id = ${parseId('verifactu_record', first!.id)!}`.execute(db as never) }).then(() => 'changed', (error: Error) => error.message)
    t.match(await tamper(sql`huella = 'x'`), /permission denied/, 'the application cannot')
    t.match(await tamper(sql`xml = 'x'`), /a chained record is not changed/)
    t.match(await tamper(sql`signed = 'x'`), /a signed record is not changed/)
    await sql`alter table verifactu_records disable trigger keep_verifactu_record`.execute(here.database.owner)
    await here.database.owner.updateTable('verifactu_records').set({ xml: sql`replace(xml, '1210.00', '121.00')` }).where('id', '=', parseId('verifactu_record', first!.id)!).execute()
    t.match(await service.checkChain(hub, access, own.issuer), { ok: false, anomalies: [{ of: 'record', position: 1, code: '01' }] }, 'who owns the database can, and it shows')
    t.match(await alerts('verifactu_chain_broken'), [{ subject_id: own.issuer, detail: { anomalies: [{ code: '01' }] } }])
    await work()
    t.same((await service.listEvents(hub, access, { issuer: own.issuer, limit: 3 })).data.map(({ type }) => type), ['05', '04', '03'], 'and is an event')
    await service.setVerifactu(hub, access, own.issuer, { system: 'off' })
    await work()
    t.equal((await service.listEvents(hub, access, { issuer: own.issuer, limit: 1 })).data[0]!.type, '02')
  })

  await t.test('buyers whose data is delegated stand nowhere in clear', async t => {
    const other = await company(here)
    await createConnection(hub, other.access, { provider: 'verifactu', mode: 'test', credentials: {} }, null)
    await here.database.owner.insertInto('sales_settings').values({ tenant_id: other.tenantId, mode: 'test', settings: JSON.stringify({ fiscal_data: 'delegate' }), updated_at: hub.now() } as never).execute()
    await service.setVerifactu(hub, other.access, other.issuer, { system: 'verifactu' })
    const id = await issue(order(), other.access)
    // Books of this NIF have that number already: the same NIF with another tenant, as far as the AEAT sees.
    await settle()
    for (let round = 0; round < 3; round++) await settle()
    const [record] = await recordsOf(id, other.access)
    t.match(record, { status: /accepted|rejected/ })
    const row = await here.database.owner.selectFrom('verifactu_records').selectAll().where('id', '=', parseId('verifactu_record', record!.id)!).executeTakeFirstOrThrow()
    t.notOk(JSON.stringify(row).includes('Fuente'), 'no name')
    t.match((await service.recordXml(hub, other.access, record!.id)).bytes.toString(), /María de la Fuente/, 'and it opens for its tenant')
    t.match(await service.checkChain(hub, other.access, other.issuer), { ok: true })
  })

  await t.test('in live mode: somebody answers for the software, and who submits does so until the end of the year', async t => {
    const live = { ...access, mode: 'live' as const }
    const issuer = await createIssuer(hub, live, { country: 'ES', tax_id: '93471790C', legal_name: 'María', address: { street: 'Calle 1', city: 'Madrid', postal_code: '28001', country: 'ES' }, es: { first_surname: 'López' } }, null)
    t.match(await service.setVerifactu(hub, live, issuer.id, { system: 'verifactu' }), { system: 'verifactu', obliged_from: '2027-07-01' })
    const year = hub.now().getUTCFullYear()
    t.match(await service.setVerifactu(hub, live, issuer.id, { system: 'off' }), { system: 'verifactu', next_system: 'off', last_day: `${year}-12-31` })
    t.match(await service.setVerifactu(hub, live, issuer.id, { system: 'verifactu' }), { system: 'verifactu', next_system: null, last_day: null }, 'one may think again')
    t.match(service.declaration(hub), /^l\) .*\n {3}\d\d\/\d\d\/\d{4}, Madrid, España$/m)
    const nobody = { ...hub, config: { ...hub.config, verifactuProducerNif: undefined } }
    t.match(await thrown(service.setVerifactu(nobody as never, live, issuer.id, { system: 'verifactu' })), { code: 'capability_not_supported' })
  })

  await t.test('a stranger who knows the ids finds nothing', async t => {
    const { access: stranger } = await here.tenant()
    const { data: [record] } = await service.listRecords(hub, access, { limit: 1 })
    const { data: [event] } = await service.listEvents(hub, access, { limit: 1 })
    for (const asked of [
      async () => await service.getVerifactu(hub, stranger, mine.issuer), async () => await service.setVerifactu(hub, stranger, mine.issuer, { system: 'off' }), async () => await service.checkChain(hub, stranger, mine.issuer), async () => await service.getRecord(hub, stranger, record!.id), async () => await service.recordXml(hub, stranger, record!.id),
      async () => await service.correctRecord(hub, stranger, record!.id, { reason: 'mío' }, null), async () => await service.annulRecord(hub, stranger, record!.id, { reason: 'mío' }, null), async () => await service.eventXml(hub, stranger, event!.id), async () => await service.addEvent(hub, stranger, mine.issuer, { type: 'other', note: 'mío' }, null),
      async () => await exportRecords(hub, stranger, mine.issuer, { from: '2026-01-01T00:00:00Z', to: '2030-01-01T00:00:00Z' }), async () => await service.getRecord(hub, { ...access, mode: 'live' }, record!.id)
    ]) t.match(await thrown(asked()), { code: 'not_found' })
    t.same((await service.listRecords(hub, stranger, { limit: 10 })).data, [])
  })
})
