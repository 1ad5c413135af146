import assert from 'node:assert/strict'
import { readFileSync, writeFileSync } from 'node:fs'
import path from 'node:path'
import fc from 'fast-check'
import jsQR from 'jsqr'
import QRCode from 'qrcode'
import t from 'tap'
import { temporaryFolder } from '../../../../test/support/folder.ts'
import type { Invoice } from '../../../adapter/invoicing.ts'
import { ask, oracle, oracleData } from '../../mx/fixtures/oracle.ts'
import { testSigner } from '../../xades/fixtures/signer.ts'
import { verifactuProfile } from '../../xades/profiles.ts'
import { signVerified, verifyXades } from '../../xades/verify.ts'
import { xmlFile } from '../../xml/written.ts'
import { anyInvoice, toTheTown } from '../fixtures/invoices.ts'
import { eventChecker, recordChecker } from './chain.ts'
import { declarationOf } from './declaration.ts'
import { type EventData, writeEvent } from './events.ts'
import { altaOf } from './from-invoice.ts'
import { eventHuellaOf, huellaOf } from './huella.ts'
import type { Alta, BillingSystem, Link } from './model.ts'
import { qrUrl } from './qr.ts'
import { readRecord } from './read.ts'
import { recordFindings } from './rules.ts'
import { verifyRecord } from './verify.ts'
import { writeRecord } from './write.ts'

const system: BillingSystem = { producer: { name: 'Operadora & Cía., S.L.', nif: 'B65410011' }, name: 'Pasarela', id: 'PA', version: '1.0', installation: 'vfc_1', onlyVerifactu: false, multiple: true }
const link: Link = { previous: null, system, at: '2026-11-21T11:00:00+01:00' }
const today = '2026-11-21'
const codes = (changes: Partial<Invoice>, also: Partial<Alta> = {}): string[] => recordFindings({ ...altaOf(toTheTown(changes)), ...also }, today).map(({ code }) => code)
const fieldsOf = (text: string): Record<string, string> => Object.fromEntries(text.split('&').map(pair => pair.split(/=(.*)/s).slice(0, 2) as [string, string]))

t.test('the official vectors of the huella', oracle(), async t => {
  const lines = readFileSync(oracleData('vectors', 'verifactu-huella.txt'), 'utf8').split('\n').filter(line => line !== '' && !line.startsWith('#'))
  t.equal(lines.length, 6)
  for (let index = 0; index < lines.length; index += 2) {
    const of = fieldsOf(lines[index]!)
    const previous = of.Huella === '' ? null : { huella: of.Huella! }
    const at = of.FechaHoraHusoGenRegistro!
    const computed = of.IDEmisorFactura !== undefined
      ? huellaOf({ ...altaOf(toTheTown()), name: { nif: of.IDEmisorFactura, number: of.NumSerieFactura!, date: of.FechaExpedicionFactura! }, type: of.TipoFactura!, tax: of.CuotaTotal!, total: of.ImporteTotal! }, { previous, at })
      : huellaOf({ kind: 'anulacion', name: { nif: of.IDEmisorFacturaAnulada!, number: of.NumSerieFacturaAnulada!, date: of.FechaExpedicionFacturaAnulada! } }, { previous, at })
    t.equal(computed, lines[index + 1], `vector ${index / 2 + 1}`)
  }
})

t.test('the official sample: its data, its huella, and the signature of its twin', oracle(), async t => {
  const plain = readFileSync(oracleData('verifactu', 'aeat-ejemploRegistro.xml'))
  const { content, previous } = readRecord(plain)
  t.match(content, { kind: 'alta', type: 'R3', corrective: 'I', name: { nif: '89890001K', number: '12345678-G66', date: '03-02-2025' }, correction: undefined, details: [{ regime: '01', rate: '4', base: '10', amount: '0.4' }, {}, { regime: '05' }], tax: '41.4', total: '241.4' })
  t.equal(previous?.number, '12345677-G33')
  const signed = await verifyRecord(readFileSync(oracleData('verifactu', 'aeat-ejemploRegistro-firmado-epes-xades4j.xml')))
  t.same(signed.checks.filter(({ ok, name }) => !ok && name !== 'huella').map(({ name, en }) => [name, en]), [], 'the AEAT’s own signature holds')
  t.ok(['digest', 'signature', 'certificate', 'validity', 'issuer_text', 'purpose', 'policy'].every(name => signed.checks.some(check => check.name === name && check.ok)))
  t.same(signed.unchecked, ['chain'], 'its authorities are not in it')
  const changed = readFileSync(oracleData('verifactu', 'aeat-ejemploRegistro-firmado-epes-xades4j.xml'), 'utf8').replace('>241.4<', '>24.14<')
  t.same((await verifyRecord(Buffer.from(changed))).checks.filter(({ ok, name }) => !ok && name !== 'huella').map(({ name }) => name), ['digest'])
})

t.test('what an invoice makes of itself', async t => {
  const alta = altaOf(toTheTown())
  // 10 × 100 at 21 %, 3 × 33.333333 − 5 at 10 %; the IRPF is withheld, and no part of the record.
  t.match(alta, {
    type: 'F1', name: { nif: 'B65410011', number: 'F2617', date: '21-11-2026' }, recipients: [{ name: 'Ayuntamiento de Madrid', nif: 'P2807900B' }], description: 'Consultoría', tax: '219.50', total: '1314.50',
    details: [{ tax: '01', regime: '01', qualification: 'S1', rate: '21.00', base: '1000.00', amount: '210.00' }, { rate: '10.00', base: '95.00', amount: '9.50' }]
  })
  t.same(recordFindings(alta, today), [])
  const line = toTheTown().lines[0]!
  const free = (reason?: string, more: object = {}) => altaOf(toTheTown({ lines: [{ ...line, taxes: [{ type: 'IVA', rate: '0', base: '0', amount: '0', exempt: true }], ...reason !== undefined && { es: { special: { code: '01', reason } } } }], ...more })).details
  t.match([free(), free('Art. 20.Uno.9º LIVA'), free('Artículo 21 LIVA'), free('art. 25 Ley 37/1992')], [[{ exemption: 'E1', regime: '01' }], [{ exemption: 'E1' }], [{ exemption: 'E2', regime: '02' }], [{ exemption: 'E5' }]])
  t.same(Object.keys(free()[0]!), ['tax', 'regime', 'exemption', 'base'], 'neither rate nor tax')
  const zero = { ...line, taxes: [{ type: 'IVA', rate: '0', base: '0', amount: '0' }] }
  t.match(altaOf(toTheTown({ lines: [{ ...zero, es: { special: { code: '02', reason: 'Art. 69 LIVA' } } }] })).details, [{ qualification: 'N2' }])
  t.match(altaOf(toTheTown({ lines: [zero], es: { issuedOn: today, legalLiterals: ['Inversión del sujeto pasivo'] } })).details, [{ qualification: 'S2', rate: '0.00', amount: '0.00' }])
  t.match(altaOf(toTheTown({ lines: [{ ...line, taxes: [{ type: 'IVA', rate: '0.21', base: '0', amount: '0' }, { type: 'RE', rate: '0.052', base: '0', amount: '0' }] }] })).details, [{ regime: '18', surcharge: { rate: '5.20', amount: '52.00' } }])
  t.match(altaOf(toTheTown({ lines: [{ ...line, taxes: [{ type: 'IGIC', rate: '0.07', base: '0', amount: '0' }] }] })).details, [{ tax: '03', regime: '01' }])
  t.match(altaOf(toTheTown({ currency: 'USD', exchangeRate: '0.5' })), { total: '657.25' }, 'in euros')
  t.match(altaOf(toTheTown({ customer: { name: 'Müller GmbH', taxId: '123456789', address: { country: 'DE' } } })).recipients, [{ nif: undefined, other: { country: 'DE', type: '02', id: 'DE123456789' } }])
  t.match(altaOf(toTheTown({ customer: { name: 'ACME', taxId: '12-3456', address: { country: 'US' } } })).recipients, [{ other: { country: 'US', type: '04', id: '123456' } }])
  const corrective = { reason: '83', method: '02', period: { start: today, end: today }, series: 'F26', number: '17', issuedOn: '2026-11-20' }
  t.match(altaOf(toTheTown({ kind: 'credit_note', series: 'R26', es: { issuedOn: today, corrective } })), { type: 'R1', corrective: 'I', rectified: [{ number: 'F2617', date: '20-11-2026' }], total: '-1314.50', tax: '-219.50' })
  t.match(altaOf(toTheTown({ kind: 'credit_note', es: { issuedOn: today, verifactu: { rectified: { base: '1095.00', tax: '219.50' } }, corrective: { ...corrective, reason: '85', method: '01' } } })), { type: 'R2', corrective: 'S', rectifiedAmounts: { base: '1095.00' }, total: '1314.50' })
  t.match(altaOf(toTheTown({ es: { issuedOn: today, document: 'FA' } })), { type: 'F1', qualified: true })
  t.match(altaOf(toTheTown({ es: { issuedOn: today, verifactu: { type: 'F2' } } })), { type: 'F2', recipients: [] })
})

t.test('what the AEAT would refuse, each with its own code', async t => {
  const base = toTheTown()
  const cases: readonly (readonly [string[], Partial<Invoice>, Partial<Alta>?])[] = [
    [['1123'], { customer: { ...base.customer, taxId: 'P2807900A' } }], [['1193'], { customer: { ...base.customer, taxId: 'B65410011' } }], [['1130'], { series: 'Ñ' }], [['1130'], { series: 'A=' }], [['1112'], { es: { issuedOn: '2026-11-22' } }],
    [['1152'], { es: { issuedOn: '2024-10-27' } }], [['1146'], { es: { issuedOn: today, operationDate: '2026-12-01' } }], [['1106'], { es: { issuedOn: today, verifactu: { type: 'F9' } } }], [['1150'], { lines: [{ ...base.lines[0]!, quantity: '100' }], es: { issuedOn: today, verifactu: { type: 'F2' } } }],
    [['1118'], { kind: 'credit_note', es: { issuedOn: today, corrective: { reason: '83', method: '01', period: { start: today, end: today }, number: '1', issuedOn: today } } }], [['1246'], { es: { issuedOn: today, verifactu: { regime: '99' } } }, { details: [{ ...altaOf(base).details[0]!, regime: '99' }], tax: '210.00', total: '1210.00' }],
    [['1142', '2006', '2005'], {}, { details: [{ ...altaOf(base).details[0]!, amount: '110.00' }] }], [['1160'], {}, { details: [{ ...altaOf(base).details[0]!, surcharge: { rate: '9.00', amount: '9.50' } }], total: '1219.50' }], [['1124'], {}, { details: [{ ...altaOf(base).details[0]!, rate: '20.00', amount: '200.00' }], tax: '200.00', total: '1200.00' }],
    [['1195', '2006', '2005'], {}, { details: [] }], [['1189'], {}, { recipients: [] }], [['1185'], {}, { withoutRecipient: true }], [['1111'], {}, { recipients: [{ name: 'x', other: { type: '04', id: '1' } }] }], [['1126', '1122'], {}, { recipients: [{ name: 'x', other: { country: 'ES', type: '02', id: 'DE1' } }] }]
  ]
  for (const [expected, changes, also] of cases) t.same(codes(changes, also), expected, JSON.stringify(changes) + JSON.stringify(also ?? ''))
})

t.test('any invoice makes a record that is read as it was written', async () => {
  fc.assert(fc.property(anyInvoice, invoice => {
    const alta = altaOf(invoice)
    const written = writeRecord(alta, link)
    const read = readRecord(xmlFile(written))
    const normal = (text: string) => text.replace(/\s+/g, ' ').trim()
    assert.equal(read.huella, written.huella)
    assert.equal(huellaOf(read.content, read), written.huella, 'the huella of what is read')
    assert.equal(read.content.kind, 'alta')
    assert.deepEqual((read.content as Alta).details, alta.details)
    assert.deepEqual([(read.content as Alta).total, normal((read.content as Alta).issuerName)], [alta.total, normal(alta.issuerName)])
  }), { numRuns: 150 })
})

t.test('records and events validate against the AEAT’s schemas (xmllint)', oracle('xmllint'), async t => {
  const folder = temporaryFolder(t)
  for (const name of ['SuministroInformacion.xsd', 'SuministroLR.xsd', 'EventosSIF.xsd', 'ConsultaLR.xsd', 'xmldsig-core-schema.xsd']) {
    writeFileSync(path.join(folder, name), readFileSync(oracleData('verifactu', name), 'utf8').replace('http://www.w3.org/TR/xmldsig-core/xmldsig-core-schema.xsd', 'xmldsig-core-schema.xsd').replace(/<!DOCTYPE[^[]*\[[\s\S]*?\]>/, ''))
  }
  const valid = (schema: string, files: readonly Buffer[]): void => {
    const names = files.map((bytes, index) => {
      const file = path.join(folder, `${schema}-${index}.xml`)
      writeFileSync(file, bytes)
      return file
    })
    ask('xmllint', ['--nonet', '--noout', '--schema', path.join(folder, schema), ...names])
  }
  const made = fc.sample(anyInvoice, { numRuns: 40, seed: 7 }).map(altaOf)
  const records = [
    ...made.map(alta => writeRecord(alta, link)), writeRecord({ ...made[0]!, correction: 'X' }, { ...link, previous: { ...made[0]!.name, huella: 'A'.repeat(64) } }),
    writeRecord({ kind: 'anulacion', name: made[0]!.name, reference: 'inv_1', withoutPrior: true, refusedBefore: true }, link),
    writeRecord(altaOf(toTheTown({ es: { issuedOn: today, verifactu: { type: 'F3', substitutes: [{ number: 'T1', issuedOn: today }] } } })), link)
  ]
  const { root, text } = records[1]!
  t.equal(root.qname, 'sf:RegistroAlta')
  const key = testSigner()
  const moment = { at: new Date('2026-11-21T10:00:00Z'), zone: 'Europe/Madrid', id: 'a1' }
  const signed = await signVerified({ root, text }, verifactuProfile(), key, moment)
  valid('SuministroInformacion.xsd', [...records.map(xmlFile), signed])

  const named = { ...made[0]!.name, huella: 'B'.repeat(64) }
  const event = { type: '03', at: link.at, huella: 'C'.repeat(64) }
  const all: EventData[] = [
    { type: 'started' }, { type: 'ended' }, { type: 'restored' }, { type: 'other' }, { type: 'records_checked', count: 7 }, { type: 'events_checked', count: 7 }, { type: 'record_anomaly', anomaly: '07', note: 'x', about: named }, { type: 'event_anomaly', anomaly: '01', note: 'x', about: event },
    { type: 'records_exported', from: link.at, to: link.at, first: named, last: named, altas: 2, tax: '1.00', total: '2.00', anulaciones: 0 }, { type: 'events_exported', from: link.at, to: link.at, first: event, last: event, count: 3 },
    { type: 'summary', events: [{ type: '03', count: 2 }], first: named, last: named, altas: 2, tax: '1.00', total: '-2.00', anulaciones: 1 }
  ]
  const events = await Promise.all(all.map(async (data, index) => {
    const written = writeEvent({ system, taxpayer: { name: 'Ejemplo, S.L.', nif: 'B65410011' }, at: link.at, data, note: 'nota', previous: index === 0 ? null : event })
    return await signVerified(written, verifactuProfile({ event: true }), key, { ...moment, id: `e${index}` })
  }))
  valid('EventosSIF.xsd', events)
  t.same((await verifyRecord(signed)).checks.filter(({ ok }) => !ok), [])
  t.same((await verifyRecord(events[4]!)).checks.filter(({ ok }) => !ok), [])
  t.same((await verifyXades(Buffer.from(events[4]!.toString().replace('<sf:TipoEvento>05', '<sf:TipoEvento>03').replace('>B65410011<', '>B65410012<')))).checks.filter(({ ok }) => !ok).map(({ name }) => name), ['digest'], 'an event that was changed')
  // As others see it: the signature is over the document and its properties.
  if (oracle('xmlsec1').skip === false) {
    const file = path.join(folder, 'signed.xml')
    writeFileSync(file, signed)
    ask('xmlsec1', ['--verify', '--insecure', '--id-attr:Id', 'http://uri.etsi.org/01903/v1.3.2#:SignedProperties', '--id-attr:Id', 'http://www.w3.org/2000/09/xmldsig#:KeyInfo', file])
  }
})

t.test('the huella of an event names both NIFs', async t => {
  t.equal(eventHuellaOf({ system, taxpayer: '89890002E', type: '01', previous: null, at: '2024-01-01T19:20:30+01:00' }),
    eventHuellaOf({ system: { ...system, onlyVerifactu: true } as BillingSystem, taxpayer: ' 89890002E ', type: '01', previous: null, at: '2024-01-01T19:20:30+01:00' }), 'blanks around a value do not count')
  t.not(eventHuellaOf({ system, taxpayer: '89890002E', type: '01', previous: null, at: 'x' }), eventHuellaOf({ system, taxpayer: '89890001K', type: '01', previous: null, at: 'x' }))
})

t.test('a look at a chain finds what was changed, left out, put in another place or dated wrong', async t => {
  const chain: { position: number, xml: Buffer, huella: string }[] = []
  for (let position = 1; position <= 5; position++) {
    const alta = altaOf(toTheTown({ number: String(position) }))
    const before = chain.at(-1)
    const written = writeRecord(alta, { system, at: `2026-11-21T11:00:0${position}+01:00`, previous: before === undefined ? null : { ...altaOf(toTheTown({ number: String(position - 1) })).name, huella: before.huella } })
    chain.push({ position, xml: xmlFile(written), huella: written.huella })
  }
  const looked = (kept: readonly { position: number, xml: Buffer }[], now = '2026-11-22') => {
    const checker = recordChecker(new Date(now))
    return kept.flatMap(one => checker.look(one)).map(({ code, position }) => `${position} ${code}`)
  }
  t.same(looked(chain), [])
  t.same(looked(chain.map(one => one.position === 3 ? { ...one, xml: Buffer.from(one.xml.toString().replace('1314.50', '1314.05')) } : one)), ['3 01'])
  t.same(looked(chain.filter(({ position }) => position !== 3)), ['4 04'])
  t.same(looked([chain[0]!, { ...chain[2]!, position: 2 }, { ...chain[1]!, position: 3 }]), ['2 07', '3 07', '3 11'])
  t.same(looked(chain, '2026-11-20').length, 5, 'dated in the future')
  const event = writeEvent({ system, taxpayer: { name: 'x', nif: 'B65410011' }, at: link.at, data: { type: 'started' }, previous: null })
  t.same(eventChecker(new Date('2026-11-22')).look({ position: 1, xml: xmlFile(event) }), [])
  t.match(eventChecker(new Date('2026-11-22')).look({ position: 1, xml: Buffer.from(xmlFile(event).toString().replace('>01<', '>02<')) }), [{ code: '01' }])
})

t.test('the QR is read back as it was written', async t => {
  const alta = altaOf(toTheTown({ series: 'F&/ 26' }))
  t.equal(qrUrl(altaOf(toTheTown()), 'live', true), 'https://www2.agenciatributaria.gob.es/wlpl/TIKE-CONT/ValidarQR?nif=B65410011&numserie=F2617&fecha=21-11-2026&importe=1314.50')
  const url = qrUrl(alta, 'test', false)
  t.match(url, /^https:\/\/prewww2\.aeat\.es\/wlpl\/TIKE-CONT\/ValidarQRNoVerifactu\?nif=B65410011&numserie=F%26%2F%2026/)
  const { modules } = QRCode.create(url, { errorCorrectionLevel: 'M' })
  const [scale, quiet] = [4, 4]
  const side = (modules.size + 2 * quiet) * scale
  const pixels = new Uint8ClampedArray(side * side * 4).fill(255)
  for (let y = 0; y < modules.size * scale; y++) {
    for (let x = 0; x < modules.size * scale; x++) {
      if (modules.get(Math.floor(y / scale), Math.floor(x / scale)) === 1) pixels.fill(0, ((y + quiet * scale) * side + x + quiet * scale) * 4, ((y + quiet * scale) * side + x + quiet * scale) * 4 + 3)
    }
  }
  t.equal((jsQR as unknown as typeof jsQR.default)(pixels, side, side)?.data, url)
})

t.test('the responsible declaration has every letter of art. 15', async t => {
  const text = declarationOf(system, { ...system.producer, address: 'Calle 1, 28001 Madrid', place: 'Madrid, España', contact: 'sif@example.es' }, '2026-11-21')
  for (const letter of 'abcdefghijkl') t.match(text, new RegExp(`^${letter}\\) `, 'm'))
  t.match(text, /21\/11\/2026, Madrid, España/)
  t.match(text, /29\.2\.j/)
})
