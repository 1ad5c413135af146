import { readFileSync, writeFileSync } from 'node:fs'
import path from 'node:path'
import t, { type Test } from 'tap'
import { ecShop, ecuador, makeSriSignature, nights, ruc, signedComprobante } from '../../test/support/ecuador.ts'
import { refusal } from '../../test/support/fiscal-shop.ts'
import { temporaryFolder } from '../../test/support/folder.ts'
import { pagesOf } from '../../test/support/pdf-text.ts'
import { activateCertificate, getCertificate, listCertificates, uploadCertificate } from '../certificates/service.ts'
import { inTenant } from '../db/in-tenant.ts'
import { documentsOf } from '../documents/queries.ts'
import { readBytes } from '../documents/service.ts'
import { readAccessKey } from '../fiscal/ec/access-key.ts'
import { ask, oracle, oracleData } from '../fiscal/mx/fixtures/oracle.ts'
import { verifyXades } from '../fiscal/xades/verify.ts'
import { uuidOf } from '../ids.ts'
import { cancelInvoice } from './cancel.ts'
import { code128, readCode128 } from './code128.ts'
import { printRide } from './ride.ts'
import type { NewInvoice } from './schema.ts'
import * as service from './service.ts'

const hour = 3600_000
const day = 24 * hour

const textOf = (pdf: Buffer): string => pagesOf(pdf).join(' ')

async function shop (t: Test, options: Parameters<typeof ecuador>[1] = {}) {
  const here = await ecuador(t, options)
  const mine = await ecShop(here)
  const { hub, work, advance } = here
  const { access } = mine
  const get = async (id: string) => await service.getInvoice(hub, access, id)
  return {
    ...here, mine, access, get,
    make: async (changes: Partial<NewInvoice> = {}) => await service.createInvoice(hub, access, nights(changes), null),
    /** Works on until it has ended, or for so many rounds of that length. */
    async until (id: string, status: string, { rounds = 8, stepMs = 60_000 } = {}) {
      await work()
      for (let round = 0; round < rounds && (await get(id)).status !== status; round++) {
        advance(stepMs)
        await work()
      }
      return await get(id)
    },
    authorised: (number: string) => here.world.ledger().filter(({ sequential }) => sequential === number).length
  }
}

t.test('from an order to an authorised comprobante with its RIDE', async t => {
  const { hub, access, make, until, world } = await shop(t, { env: { PASARELA_SRI_PROVIDER_RUC: '1790011674001' } })
  const made = await make({ reference: 'order 1', payment: { form: '20', due: new Date(Date.now() - 5 * hour + 30 * day).toISOString().slice(0, 10) } })
  t.match(made, { status: 'queued', series: '001-001', number: '000000001', totals: { subtotal: '100.00', taxes: '15.00', total: '115.00' }, fiscal_id: null })
  const issued = await until(made.id, 'issued')
  t.match(issued, { status: 'issued', provider: 'sri', fiscal_id: /^\d{49}$/, authority_messages: [{ code: '60' }], stamped_at: /T/ })
  t.match(readAccessKey(issued.fiscal_id!), { document: '01', ruc, environment: '1', establishment: '001', point: '001', sequential: '000000001' })
  const { bytes, row } = await service.invoiceXml(hub, access, made.id)
  t.equal(row.name, `${issued.fiscal_id}.xml`)
  t.match(await verifyXades(bytes), { ok: true, kind: 'sri', fiscalId: issued.fiscal_id })
  t.match(bytes.toString(), /<campoAdicional nombre="RUC Proveedor">1790011674001<\/campoAdicional>/)
  t.match(bytes.toString(), /<contribuyenteEspecial>5368<.*<obligadoContabilidad>SI</)
  const documents = await inTenant(hub.db, access.tenantId, async db => await documentsOf(db, 'invoice', uuidOf('invoice', made.id)))
  const paper = documents.find(({ kind }) => kind === 'receipt')!
  t.match((await readBytes(hub, paper)).toString(), /<autorizacion><estado>AUTORIZADO<\/estado>.*<!\[CDATA\[<\?xml/s)
  t.ok(documents.every(({ retain_until: until, created_at: from }) => until.getUTCFullYear() - from.getUTCFullYear() === 7), 'kept seven years')

  const pdf = await service.invoicePdf(hub, access, made.id, {})
  const text = textOf(pdf.bytes)
  for (const expected of [
    'HOTEL LOS ÑANDÚES S.A.', 'Los Ñandúes', 'Av. Amazonas N21-147, Quito', 'Calle Larga 5, Cuenca', '5368', 'OBLIGADO A LLEVAR CONTABILIDAD: SI', 'Agente de retención Resolución No.: 1', ruc, 'FACTURA', '001-001-000000001', 'PRUEBAS', 'NORMAL', issued.fiscal_id!,
    'Comercial Andina & Hijos', '1790011674001', 'Hospedaje «suite»', 'H-1', '50.00', 'SUBTOTAL 15%', 'SUBTOTAL SIN IMPUESTOS', 'TOTAL DESCUENTO', 'IVA 15%', 'PROPINA', 'VALOR TOTAL', '115.00', '20 OTROS CON UTILIZACIÓN DEL SISTEMA FINANCIERO', '30 dias', 'RUC Proveedor', 'compras@andina.example', '1/1'
  ]) t.ok(text.includes(expected), expected)
  t.match(text, /FECHA Y HORA DE AUTORIZACIÓN: \d{4}-\d\d-\d\d \d\d:\d\d:\d\d-05:00/)
  t.equal(world.ledger().length, 1)
})

t.test('every kind of comprobante is authorised', async t => {
  const { hub, access, make, until, get } = await shop(t)
  const today = new Date(Date.now() - 5 * hour).toISOString().slice(0, 10)
  const invoice = await until((await make()).id, 'issued')
  const note = await service.createCreditNote(hub, access, invoice.id, { reason: 'Devolución de una noche', lines: [{ ...nights().lines[0]!, quantity: '1' }] }, null)
  t.match(await until(note.id, 'issued'), { status: 'issued', kind: 'credit_note', totals: { total: '57.50' }, number: '000000001', about: invoice.id })
  const { bytes } = await service.invoiceXml(hub, access, note.id)
  t.match(bytes.toString(), /<codDocModificado>01<\/codDocModificado><numDocModificado>001-001-000000001<\/numDocModificado><fechaEmisionDocSustento>.*<motivo>Devolución de una noche</)
  t.match(textOf((await service.invoicePdf(hub, access, note.id, {})).bytes), /NOTA DE CRÉDITO.*Comprobante que se modifica: FACTURA 001-001-000000001.*Devolución de una noche/)
  t.match(await refusal(service.createCreditNote(hub, access, invoice.id, { reason: 'x' }, null)), { errors: [{ path: 'lines' }] }, 'never more than there is')

  const others: [string, Partial<NewInvoice>, RegExp][] = [
    ['debit_note', { related: [{ type: '05', fiscal_id: invoice.fiscal_id! }], lines: [{ description: 'Intereses', quantity: '1', unit_price: '10', taxes: [{ type: 'IVA', rate: '0' }] }] }, /NOTA DE DÉBITO.*Intereses/],
    ['purchase_settlement', { customer: { name: 'Juan Agricultor', tax_id: '1710034065' } }, /LIQUIDACIÓN DE COMPRA.*Juan Agricultor/],
    ['delivery_note', { ec: { delivery: { from: 'Bodega 1', starts_on: today, ends_on: today, plate: 'PBA-1234', carrier: { name: 'Transportes S.A.', tax_id: '1792060346001' }, reason: 'Venta', support: { document: '01', number: '001-001-000000001', issued_on: today } } } }, /GUÍA DE REMISIÓN.*Transportes S\.A\..*PBA-1234/],
    ['withholding', {
      lines: [], ec: {
        withholding: {
          period: today.slice(5, 7) + '/' + today.slice(0, 4), documents: [{
            support: '01', document: '01', number: '001-002-000000033', issued_on: today, authorization: invoice.fiscal_id!, subtotal: '100.00', total: '115.00', taxes: [{ type: 'IVA', rate: '0.15', base: '100.00' }],
            withheld: [{ type: 'RENTA', code: '312', base: '100.00', percent: '1.75' }, { type: 'IVA', code: '1', base: '15.00', percent: '30' }], payments: [{ form: '20', total: '115.00' }]
          }]
        }
      }
    }, /COMPROBANTE DE RETENCIÓN.*TOTAL RETENIDO 6\.25/]
  ]
  for (const [kind, changes, expected] of others) {
    const made = await make({ ...changes, kind: kind as 'invoice' })
    t.match(await until(made.id, 'issued'), { status: 'issued', kind }, `${kind}: ${JSON.stringify((await get(made.id)).authority_messages)}`)
    t.match(textOf((await service.invoicePdf(hub, access, made.id, { size: 'a4' })).bytes), expected, kind)
  }
})

t.test('the socket is cut around recepción: one authorised comprobante, no gap', async t => {
  const { hub, access, make, until, authorised, sri } = await shop(t)
  for (const kind of ['refuse_connection', 'cut_before', 'cut_after', 'cut_mid_body', 'garbage', 'error_500', 'error_500_before', 'rate_limit'] as const) {
    sri.inject({ kind, path: 'Recepcion' })
    const made = await make()
    const issued = await until(made.id, 'issued', { stepMs: 30_000 })
    t.equal(issued.status, 'issued', kind)
    t.equal(authorised(issued.number!), 1, `${kind}: once`)
  }
  sri.html(true)
  const { id } = await make()
  t.match(await until(id, 'issued', { rounds: 3, stepMs: 30_000 }), { status: /unknown|signed/ }, 'the SRI answers HTML')
  sri.html(false)
  const found = await until(id, 'issued', { stepMs: hour })
  t.same([found.status, authorised(found.number!)], ['issued', 1])
  const numbers = (await service.listInvoices(hub, access, { limit: 100 })).data.map(({ number }) => Number(number)).sort((a, b) => a - b)
  t.same(numbers, numbers.map((_, index) => index + 1))
})

t.test('the SRI takes its time: hours, days, and what it loses is sent again', async t => {
  const { make, until, authorised, world, sri, get } = await shop(t)
  world.takes(3 * day)
  sri.inject({ kind: 'cut_after', path: 'Recepcion' })
  const slow = await make()
  t.match(await until(slow.id, 'issued', { rounds: 4, stepMs: hour }), { status: 'submitted', fiscal_id: /^\d{49}$/ }, 'taken, its answer lost, and in process')
  t.match(await until(slow.id, 'issued', { rounds: 10, stepMs: day }), { status: 'issued' })
  t.equal(authorised(slow.number!), 1)

  world.takes(0)
  world.loses(true)
  const lost = await make()
  t.equal((await until(lost.id, 'issued', { rounds: 3, stepMs: hour })).status, 'submitted', 'RECIBIDA, and nobody knows it')
  world.loses(false)
  t.equal((await until(lost.id, 'issued', { rounds: 3, stepMs: hour })).status, 'submitted', 'within the day it is only asked about')
  t.equal((await until(lost.id, 'issued', { rounds: 6, stepMs: day })).status, 'issued')
  t.equal(authorised(lost.number!), 1)
  t.equal((await get(lost.id)).number, lost.number)
})

t.test('rejected by autorización, corrected, sent again under its own clave', async t => {
  const { hub, access, make, until, authorised, world, advance } = await shop(t)
  world.accredits(false)
  const made = await make()
  const rejected = await until(made.id, 'rejected')
  t.match(rejected, { status: 'rejected', authority_messages: [{ code: '39', message: /root/ }], number: '000000001' })
  world.accredits(true)
  world.takes(6 * hour)
  advance(2 * day)
  await service.changeInvoice(hub, access, made.id, nights({ reference: 'again', lines: [{ ...nights().lines[0]!, description: 'Hospedaje' }] }))
  await service.issueInvoice(hub, access, made.id, null)
  t.match(await until(made.id, 'issued', { rounds: 2, stepMs: hour }), { status: 'submitted', authority_messages: [] }, 'the old refusal says nothing of the new attempt')
  const issued = await until(made.id, 'issued', { rounds: 10, stepMs: 2 * hour })
  t.match(issued, { status: 'issued', number: rejected.number, reference: 'again' })
  const [before] = world.authorizations('1', issued.fiscal_id!)
  t.match(before, { estado: 'NO AUTORIZADO' }, 'both attempts bear the same clave')
  t.equal(world.authorizations('1', issued.fiscal_id!).length, 2)
  t.equal(authorised(issued.number!), 1)
  t.match((await service.invoiceXml(hub, access, made.id)).bytes.toString(), /<descripcion>Hospedaje</)
})

t.test('39 stops the queue of that certificate until somebody has acted', async t => {
  const { hub, access, mine, make, until, get, world, advance, work, authorised, database } = await shop(t)
  const [certificate] = (await listCertificates(hub, access, {})).data
  const alerts = async () => (await database.owner.selectFrom('alerts').select(['kind', 'subject_id']).where('tenant_id', '=', mine.tenantId).where('kind', '=', 'certificate_refused').execute()).map(({ subject_id: id }) => id)
  world.accredits(false)
  const first = await until((await make()).id, 'rejected')
  t.match((await getCertificate(hub, access, certificate!.id)).refused, { at: /T/, message: /^39 FIRMA INVALIDA.*root/ })
  t.same(await alerts(), [certificate!.id])

  const waiting = [await make(), await make()]
  for (let round = 0; round < 4; round++) {
    advance(hour)
    await work()
  }
  for (const { id } of waiting) t.match(await get(id), { status: 'queued', authority_messages: [{ code: 'certificate_refused', message: /espera/ }] }, 'it waits, unsent, with its number')
  t.same((await Promise.all(waiting.map(async ({ id }) => (await get(id)).number))), ['000000002', '000000003'])
  t.equal(authorised('000000002') + authorised('000000003'), 0)
  t.same(await alerts(), [certificate!.id], 'told once')

  await t.test('what was refused is issued again by hand: still refused, nothing else goes out', async t => {
    await service.issueInvoice(hub, access, first.id, null)
    t.match(await until(first.id, 'rejected'), { status: 'rejected', authority_messages: [{ code: '39' }] })
    t.equal((await get(waiting[0]!.id)).status, 'queued')
  })

  await t.test('and when it goes through, so do the others', async t => {
    world.accredits(true)
    await service.issueInvoice(hub, access, first.id, null)
    t.match(await until(first.id, 'issued'), { status: 'issued', number: '000000001' })
    for (const { id, number } of waiting) t.match([(await until(id, 'issued')).status, authorised(number!)], ['issued', 1])
    t.equal((await getCertificate(hub, access, certificate!.id)).refused, null)
  })

  await t.test('another certificate takes over at once, and what waited is signed with it', async t => {
    world.accredits(false)
    await until((await make()).id, 'rejected')
    const held = await make()
    await work()
    world.accredits(true)
    const { p12, passphrase } = makeSriSignature({ name: 'another' })
    const { certificate: other } = await uploadCertificate(hub, access, { p12: p12.toString('base64'), passphrase, issuer: mine.issuer }, null)
    t.equal(other!.status, 'active')
    const issued = await until(held.id, 'issued')
    t.equal(issued.status, 'issued')
    t.ok((await service.invoiceXml(hub, access, issued.id)).bytes.toString().includes(Buffer.from(makeSriSignature({ name: 'another' }).key.certificate).toString('base64')))
    t.equal((await until((await make()).id, 'issued')).status, 'issued')
  })

  await t.test('activating the refused one is a word too', async t => {
    world.accredits(false)
    await until((await make()).id, 'rejected')
    const held = await make()
    await work()
    world.accredits(true)
    const refused = (await listCertificates(hub, access, {})).data.find(({ refused }) => refused !== null && refused !== undefined)
    await activateCertificate(hub, access, refused!.id, {})
    t.equal((await until(held.id, 'issued')).status, 'issued')
  })
})

t.test('a number that another system used is never changed by itself', async t => {
  const { make, until, world, get } = await shop(t)
  await world.receive('1', await signedComprobante({ reference: 'elsewhere', number: '000000001' }))
  const made = await make()
  t.match(await until(made.id, 'rejected'), { status: 'rejected', number: '000000001', authority_messages: [{ code: '45' }] })
  t.equal((await until((await make()).id, 'issued')).number, '000000002')
  t.equal((await get(made.id)).number, '000000001')
})

t.test('no web service annuls: the answer says what to do, and what was annulled in the portal is seen', async t => {
  const { hub, access, make, until, world, advance, work, get } = await shop(t)
  const issued = await until((await make()).id, 'issued')
  t.match(await refusal(cancelInvoice(hub, access, issued.id, { motive: '02' }, null)), { code: 'capability_not_supported', detail: { es: /SRI en línea/, en: /credit note/ } })
  world.annul(issued.fiscal_id!)
  advance(2 * day)
  await work()
  t.match(await get(issued.id), { status: 'canceled' })
  t.match(textOf((await service.invoicePdf(hub, access, issued.id, {})).bytes), /ANULADO/)
})

t.test('broken rules are told with their codes, and nothing is made', async t => {
  const { hub, access, make } = await shop(t)
  const validate = async (changes: Partial<NewInvoice>) => (await service.validateInvoice(hub, access, nights(changes))).errors.map(({ code, path }) => `${code} ${path}`)
  t.same(await validate({}), [])
  t.same(await validate({ customer: { name: 'CONSUMIDOR FINAL', tax_id: '9999999999999' }, payment: { form: '99' } }), ['EC-FINAL-CONSUMER-AMOUNT customer.tax_id', 'EC-PAYMENT-FORM payment.form'])
  t.same(await validate({ ec: { additional_info: [{ name: 'RUC proveedor', value: '1' }] } }), ['EC-RESERVED-FIELD ec.additional_info[0].name'])
  t.match(await refusal(make({ lines: [{ ...nights().lines[0]!, taxes: [{ type: 'IVA', rate: '0.16' }] }] })), { code: 'invoice_invalid', errors: [{ path: 'lines[0].taxes[0].rate', code: 'tax_not_supported' }] })
  t.match(await refusal(make({ lines: [] })), { errors: [{ path: 'lines' }] })
  t.same((await service.listInvoices(hub, access, {})).data, [])
})

t.test('a hundred at once in one series: no gap, no repetition, each authorised once', async t => {
  const { make, work, advance, get, world } = await shop(t)
  const made = await Promise.all(Array.from({ length: 100 }, async () => await make()))
  await Promise.all([work(), work()])
  advance(60_000)
  await work()
  const all = await Promise.all(made.map(async ({ id }) => await get(id)))
  t.same([...new Set(all.map(({ status }) => status))], ['issued'])
  t.same(all.map(({ number }) => Number(number)).sort((a, b) => a - b), Array.from({ length: 100 }, (_, index) => index + 1))
  t.equal(new Set(all.map(({ fiscal_id: id }) => id)).size, 100)
  t.same(world.ledger().map(({ sequential }) => Number(sequential)).sort((a, b) => a - b), Array.from({ length: 100 }, (_, index) => index + 1))
})

t.test('what is issued holds before xmlsec1 and the SRI’s own schema', oracle('xmllint', 'xmlsec1'), async t => {
  const { hub, access, make, until } = await shop(t)
  const { bytes } = await service.invoiceXml(hub, access, (await until((await make()).id, 'issued')).id)
  const file = path.join(temporaryFolder(t), 'factura.xml')
  writeFileSync(file, bytes)
  ask('xmlsec1', ['--verify', '--insecure', '--id-attr:id', 'factura', '--id-attr:Id', 'http://uri.etsi.org/01903/v1.3.2#:SignedProperties', '--id-attr:Id', 'http://www.w3.org/2000/09/xmldsig#:KeyInfo', file])
  const unsigned = readFileSync(file, 'utf8').replace(/<ds:Signature .*<\/ds:Signature>/s, '')
  writeFileSync(file, unsigned)
  ask('xmllint', ['--nonet', '--noout', '--schema', oracleData('sri/xsd/factura_V1.1.0.xsd'), file])
})

t.test('the barcode of a RIDE says its clave', async t => {
  const clave = '0211202401050306179800120010020000000677300995216'
  t.equal(readCode128(code128(clave)), clave)
  t.equal(readCode128(code128('1234')), '1234')
  t.equal(code128('1234').reduce((sum, one) => sum + one, 0), 11 * 4 + 13, 'start, two pairs, check: eleven modules each; stop thirteen')
  const [first, ...rest] = code128(clave)
  t.equal(readCode128([first === 2 ? 3 : 2, ...rest]), undefined)
  await t.rejects(printRide(Buffer.from('<x/>'), { verificationUrl: '' }))
})
