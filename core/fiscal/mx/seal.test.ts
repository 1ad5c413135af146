import assert from 'node:assert/strict'
import { createPrivateKey, sign } from 'node:crypto'
import { readdirSync, readFileSync, writeFileSync } from 'node:fs'
import path from 'node:path'
import fc from 'fast-check'
import t from 'tap'
import { temporaryFolder } from '../../../test/support/folder.ts'
import { FiscalError } from '../errors.ts'
import { attribute, firstElement } from '../xml/element.ts'
import { parseXml, XmlError } from '../xml/parse.ts'
import { cadenaTfd } from './cadena.ts'
import { anyCfdi, comprobantes } from './fixtures/arbitrary.ts'
import { testCsd } from './fixtures/csd.ts'
import { ask, oracle, oracleData } from './fixtures/oracle.ts'
import { refusal } from './fixtures/refusal.ts'
import type { Comprobante } from './model.ts'
import { cfdi, tfd } from './namespaces.ts'
import type { PacKeys } from './pac-keys.ts'
import { readSatCertificate } from './sat-certificate.ts'
import { sealCfdi, type SealInput } from './seal.ts'
import { verifyCfdi, verifyStamped } from './verify.ts'

const csd = testCsd()
const pac = testCsd({ rfc: 'SPR190613I52', name: 'PAC', noCertificado: '30001000000500009999' })
const pacKeys: PacKeys = new Map([[pac.noCertificado, pac.certificate.publicKey]])
const [sample] = fc.sample(comprobantes, { numRuns: 1, seed: 11 }) as [Comprobante]

const seal = async (model: Comprobante = sample) => await sealCfdi({ model, certificate: csd.certificate, sign: csd.sign })
const failed = (xml: Uint8Array, options = {}) => verifyCfdi(xml, { pacKeys, ...options }).checks.filter(({ ok }) => !ok).map(({ name }) => name)
const reasonOf = async (input: SealInput): Promise<string> => await sealCfdi(input).then(() => 'sealed', (error: unknown) => {
  if (error instanceof FiscalError) return error.reason
  throw error
})

/** What a PAC adds. */
function stamp (xml: Uint8Array, change: (attributes: Record<string, string>) => void = () => {}): Buffer {
  const { root } = parseXml(xml)
  const attributes: Record<string, string> = {
    Version: '1.1', UUID: '62B00C5E-4187-4336-B569-44E0030DC729', FechaTimbrado: '2026-07-01T12:00:01', RfcProvCertif: 'SPR190613I52', SelloCFD: attribute(root, 'Sello')!, NoCertificadoSAT: pac.noCertificado, SelloSAT: ''
  }
  const timbre = () => `<tfd:TimbreFiscalDigital xmlns:tfd="${tfd}" ${Object.entries(attributes).map(([name, value]) => `${name}="${value}"`).join(' ')}/>`
  attributes.SelloSAT = pac.sign(Buffer.from(cadenaTfd(parseXml(Buffer.from(timbre())).root))).toString('base64')
  change(attributes)
  const text = Buffer.from(xml).toString()
  return Buffer.from(text.includes('</cfdi:Complemento>') ? text.replace('</cfdi:Complemento>', `${timbre()}</cfdi:Complemento>`) : text.replace('</cfdi:Comprobante>', `<cfdi:Complemento>${timbre()}</cfdi:Complemento></cfdi:Comprobante>`))
}

t.test('what is sealed verifies, whatever it is', async t => {
  await fc.assert(fc.asyncProperty(anyCfdi, async comprobante => {
    const { xml, sello, noCertificado } = await seal(comprobante)
    const verified = verifyCfdi(xml)
    assert.deepEqual(verified.checks.filter(({ ok }) => !ok), [])
    const { root } = parseXml(xml)
    assert.deepEqual([attribute(root, 'Sello'), attribute(root, 'NoCertificado')], [sello, noCertificado])
  }), { numRuns: 40 })
  t.match(verifyCfdi((await seal()).xml), { kind: 'cfdi40', ok: true, unchecked: [] })
})

t.test('sealing again changes nothing', async t => {
  const { xml } = await seal()
  const again = await sealCfdi({ xml, certificate: csd.certificate, sign: csd.sign })
  t.equal(Buffer.from(again.xml).toString(), Buffer.from(xml).toString())
})

t.test('a changed document never verifies', async t => {
  const { xml } = await seal()
  const stamped = stamp(xml)
  t.same(failed(stamped), [])
  const text = stamped.toString()
  // Every value in it, but where schemas are and what only names.
  const places = [...text.matchAll(/ ([\p{L}:]+)="([^"]+)"/gu)].filter(([, name]) => !/^xmlns|^xsi:/.test(name!)).map(({ index, 1: name, 2: value }) => ({ start: index + name!.length + 3, name: name!, value: value! }))
  await fc.assert(fc.asyncProperty(fc.constantFrom(...places), fc.nat(), fc.constantFrom(...'0123456789AZaz+/ñ. '), async ({ start, name, value }, at, character) => {
    // The certificate's own signature by the SAT cannot be judged without the SAT's certificate.
    if (name === 'Certificado') return
    const place = start + at % value.length
    const changed = text.slice(0, place) + character + text.slice(place + 1)
    // White space that is collapsed changes no value.
    const collapsed = (all: string) => all.replace(/\s+/g, ' ').replace(/(?<=") | (?=")/g, '')
    if (collapsed(changed) === collapsed(text)) return
    try {
      assert.equal(verifyCfdi(Buffer.from(changed), { pacKeys }).ok, false, `${name}: ${changed.slice(place - 20, place + 20)}`)
    } catch (error) {
      if (!(error instanceof XmlError) && !(error instanceof FiscalError)) throw error
    }
  }), { numRuns: 400 })
  t.pass()
})

t.test('each change is named', async t => {
  const { xml } = await seal()
  const text = Buffer.from(xml).toString()
  const failedOf = (changed: string): string[] => failed(Buffer.from(changed))
  t.same(failedOf(text.replace(/ Total="[^"]+"/, ' Total="1.00"')), ['seal'])
  t.same(failedOf(text.replace(/ Sello="[^"]+"/, '')), ['seal'])
  t.same(failedOf(text.replace('<cfdi:Emisor ', '<cfdi:Emisor Nuevo="x" ')), ['structure'], 'what no seal covers is not let in')
  t.same(failedOf(text.replace(/ NoCertificado="\d+"/, ' NoCertificado="30001000000500000000"')), ['certificate_number', 'seal'])
  t.same(failedOf(text.replace(/ Certificado="[^"]+"/, ` Certificado="${testCsd({ rfc: 'COSC8001137NA' }).certificate.base64}"`)), ['certificate_number', 'certificate_holder', 'seal'])
  t.same(failedOf(text.replace(/ Certificado="[^"]+"/, ' Certificado="AAAA"')), ['certificate'])
  t.same(failedOf(text.replace('<cfdi:Conceptos>', '<cfdi:Conceptos><!-- -->')), [], 'a comment is outside of it')
  t.same(failedOf(text.replace('</cfdi:Comprobante>', '<cfdi:Addenda><a/></cfdi:Addenda></cfdi:Comprobante>')), [], 'the Addenda too')
  t.same(failedOf(text.replace('</cfdi:Conceptos>', '</cfdi:Conceptos><x:Y xmlns:x="urn:x"/>')), ['structure'])
})

t.test('a bar moved from one value to another is found, though the cadena is the same', async t => {
  const { xml } = await seal({ ...sample, Serie: 'A', Folio: '1' })
  const moved = Buffer.from(xml).toString().replace(' Serie="A" Folio="1"', ' Serie="A|1"')
  t.same(failed(Buffer.from(moved)), ['structure'])
})

t.test('a certificate that may not seal is refused, and found', async t => {
  const input = { model: sample, sign: csd.sign }
  const fiel = testCsd({ kind: 'fiel' })
  const early = { validTo: new Date('2024-02-01T00:00:00Z') }
  t.equal(await reasonOf({ ...input, certificate: fiel.certificate }), 'certificate_not_csd')
  t.equal(await reasonOf({ ...input, certificate: testCsd({ rfc: 'COSC8001137NA' }).certificate }), 'certificate_of_another')
  t.equal(await reasonOf({ ...input, certificate: testCsd(early).certificate }), 'certificate_not_valid_then')
  t.equal(await reasonOf({ ...input, certificate: testCsd({ keyName: 'another' }).certificate }), 'key_of_another')
  t.equal(await reasonOf({ ...input, model: { ...sample, Fecha: 'ayer' }, certificate: csd.certificate }), 'certificate_not_valid_then')
  t.equal(refusal(() => readSatCertificate(Buffer.from('x'))), 'certificate_unreadable')
  // The seal of a FIEL holds, and is none all the same.
  const text = Buffer.from((await seal()).xml).toString().replace(/ Certificado="[^"]+"/, ` Certificado="${testCsd({ kind: 'fiel', keyName: 'csd EKU9003173C9', noCertificado: csd.noCertificado }).certificate.base64}"`)
  t.same(failed(Buffer.from(text)), ['certificate'])
})

t.test('a document without a date gets the time of its place', async t => {
  const { xml } = await seal({ ...sample, LugarExpedicion: '22000' })
  const undated = Buffer.from(Buffer.from(xml).toString().replace(/ Fecha="[^"]+"/, ''))
  const sealed = await sealCfdi({ xml: undated, certificate: csd.certificate, sign: csd.sign, at: new Date('2026-07-01T06:30:00Z') })
  t.equal(attribute(parseXml(sealed.xml).root, 'Fecha'), '2026-06-30T23:30:00')
  const kept = await sealCfdi({ xml, certificate: csd.certificate, sign: csd.sign, at: new Date('2026-07-01T06:30:00Z') })
  t.equal(attribute(parseXml(kept.xml).root, 'Fecha'), sample.Fecha, 'one that is there stays')
})

t.test('the timbre: of this seal, by the PAC, and by none other', async t => {
  const { xml } = await seal()
  const other = await seal({ ...sample, Folio: 'otro' })
  t.match(verifyCfdi(stamp(xml), { pacKeys }), { ok: true, fiscalId: '62B00C5E-4187-4336-B569-44E0030DC729', unchecked: [] })
  t.same(failed(stamp(xml, attributes => { attributes.UUID = '00000000-4187-4336-B569-44E0030DC729' })), ['timbre_seal'])
  t.same(failed(stamp(xml, attributes => { attributes.SelloCFD = other.sello })), ['timbre_of_seal', 'timbre_seal'])
  t.same(failed(stamp(xml, attributes => { attributes.NoCertificadoSAT = '30001000000500000000' })), ['timbre_seal'])
  t.same(failed(stamp(xml, attributes => { delete attributes.RfcProvCertif })), ['structure', 'timbre_seal'])
  t.same(failed(stamp(xml, attributes => { attributes.Version = '1.0' })), ['timbre_seal'])
  t.match(verifyCfdi(stamp(xml), { pacKeys: new Map() }), { ok: true, unchecked: ['timbre_seal'] }, 'without the certificate of the PAC it is said that it was not checked')
})

t.test('what a PAC gives back must be what was sent', async t => {
  const { xml } = await seal()
  const other = await seal({ ...sample, Folio: 'otro' })
  const names = (returned: Uint8Array) => verifyStamped(xml, returned, { pacKeys }).checks.filter(({ ok }) => !ok).map(({ name }) => name)
  t.match(verifyStamped(xml, stamp(xml), { pacKeys }), { ok: true, timbre: { UUID: '62B00C5E-4187-4336-B569-44E0030DC729' } })
  t.same(names(stamp(other.xml)), ['same_document'])
  t.same(names(xml), ['stamped'])
})

t.test('a stamped document is only sealed anew when its seal stays the same', async t => {
  const stamped = stamp((await seal()).xml)
  const again = await sealCfdi({ xml: stamped, certificate: csd.certificate, sign: csd.sign })
  t.same(failed(again.xml), [])
  const changed = Buffer.from(stamped.toString().replace(/ Total="[^"]+"/, ' Total="1.00"'))
  t.equal(await reasonOf({ xml: changed, certificate: csd.certificate, sign: csd.sign }), 'already_stamped')
})

t.test('a payroll receipt of another is sealed, though none is built here', async t => {
  const { xml } = await seal()
  const payroll = Buffer.from(Buffer.from(xml).toString().replace(' TipoDeComprobante="I"', ' TipoDeComprobante="N"').replace(' TipoDeComprobante="E"', ' TipoDeComprobante="N"')
    .replace('</cfdi:Comprobante>', '<cfdi:Complemento><n:Nomina xmlns:n="http://www.sat.gob.mx/nomina12" Version="1.2" TipoNomina="O" FechaPago="2026-07-01" FechaInicialPago="2026-06-16" FechaFinalPago="2026-06-30" NumDiasPagados="15"/></cfdi:Complemento></cfdi:Comprobante>'))
  if (payroll.toString().match(/<cfdi:Complemento>/g)!.length > 1) return
  const sealed = await sealCfdi({ xml: payroll, certificate: csd.certificate, sign: csd.sign })
  t.match(sealed.cadena, /\|1\.2\|O\|2026-07-01\|2026-06-16\|2026-06-30\|15\|\|$/)
  t.same(failed(sealed.xml), [])
})

t.test('sealed documents of others, sealed again with their keys, have the same Sello bit by bit', oracle(), async t => {
  const folder = oracleData('cfdi/sealed')
  const pair = oracleData('cfdi/certs/eku9003173c9-csd-2023/EKU9003173C9')
  const certificate = readSatCertificate(readFileSync(`${pair}.cer`))
  const key = createPrivateKey({ key: readFileSync(`${pair}.key`), format: 'der', type: 'pkcs8', passphrase: '12345678a' })
  let compared = 0
  for (const file of readdirSync(folder).filter(name => name.endsWith('.xml'))) {
    const bytes = readFileSync(path.join(folder, file))
    const { root } = parseXml(bytes)
    t.same(failed(bytes, { pacKeys: undefined }), [], `${file} verifies`)
    // One is sealed with a key that is not at hand.
    if (attribute(root, 'NoCertificado') !== certificate.noCertificado) continue
    const unsealed = Buffer.from(bytes.toString().replace(/ (Sello|Certificado|NoCertificado)="[^"]*"/g, ''))
    const { sello } = await sealCfdi({ xml: bytes, certificate, sign: cadena => sign('sha256', cadena, key) })
    t.equal(sello, attribute(root, 'Sello'), file)
    if (firstElement(root, cfdi, 'Complemento') === undefined) t.equal((await sealCfdi({ xml: unsealed, certificate, sign: cadena => sign('sha256', cadena, key) })).sello, sello, 'and from nothing')
    compared++
  }
  t.equal(compared, 4)
})

t.test('openssl: the seal is of the cadena', oracle('openssl'), async t => {
  const folder = temporaryFolder(t)
  writeFileSync(path.join(folder, 'key.pem'), csd.certificate.publicKey.export({ type: 'spki', format: 'pem' }))
  for (const comprobante of fc.sample(anyCfdi, 5)) {
    const { cadena, sello } = await seal(comprobante)
    writeFileSync(path.join(folder, 'sello'), Buffer.from(sello, 'base64'))
    t.match(ask('openssl', ['dgst', '-sha256', '-verify', path.join(folder, 'key.pem'), '-signature', path.join(folder, 'sello')], Buffer.from(cadena)).toString(), /Verified OK/)
  }
})
