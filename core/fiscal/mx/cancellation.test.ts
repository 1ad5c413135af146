import assert from 'node:assert/strict'
import { createPrivateKey, sign } from 'node:crypto'
import { readdirSync, readFileSync, writeFileSync } from 'node:fs'
import path from 'node:path'
import fc from 'fast-check'
import t from 'tap'
import { temporaryFolder } from '../../../test/support/folder.ts'
import { FiscalError } from '../errors.ts'
import { parseXml, XmlError } from '../xml/parse.ts'
import { readCancellation, signAnswer, signCancellation, signRelatedQuery, verifyCancellation } from './cancellation.ts'
import { testCsd } from './fixtures/csd.ts'
import { ask, oracle, oracleData } from './fixtures/oracle.ts'
import { refusal } from './fixtures/refusal.ts'
import { readSatCertificate } from './sat-certificate.ts'

const csd = testCsd()
const uuid = '62B00C5E-4187-4336-B569-44E0030DC729'
const substitute = '11111111-2222-3333-4444-000000000001'
const at = new Date('2026-07-01T18:30:00Z')
const cancel = async (folio = {}, algorithm: 'RSA-SHA1' | 'RSA-SHA256' = 'RSA-SHA1') => await signCancellation({ issuerRfc: 'EKU9003173C9', folios: [{ uuid, motive: '02', ...folio }], at }, { ...csd, algorithm })
const failed = (xml: Uint8Array) => verifyCancellation(xml).checks.filter(({ ok }) => !ok).map(({ name }) => name)
const reasonOf = async (making: Promise<unknown>): Promise<string> => await making.then(() => 'made', (error: unknown) => {
  if (error instanceof FiscalError) return error.reason
  throw error
})

t.test('a request says what is to be cancelled, by the clock of the centre', async t => {
  t.same(readCancellation(await cancel()), { ok: true, issuer: 'EKU9003173C9', at: '2026-07-01T12:30:00', folios: [{ uuid, motive: '02' }] })
  t.same(readCancellation(await cancel({ motive: '01', substitute })).folios, [{ uuid, motive: '01', substitute }])
  const text = (await cancel()).toString()
  t.notMatch(text, /FolioSustitucion/, 'which is left out where there is none')
  t.notMatch(text, />\s+</, 'no white space between elements')
  t.match(verifyCancellation(await cancel({}, 'RSA-SHA256')), { kind: 'cancelacion', ok: true })
})

t.test('the receiver’s answer, and the question about related documents', async t => {
  const answer = await signAnswer({ receiverRfc: 'EKU9003173C9', pacRfc: 'CVD110412TF6', uuid, answer: 'Rechazo', at }, csd)
  t.match(verifyCancellation(answer), { kind: 'aceptacion_rechazo', ok: true })
  t.match(answer.toString(), /<Folios><UUID>62B00C5E-4187-4336-B569-44E0030DC729<\/UUID><Respuesta>Rechazo<\/Respuesta><\/Folios>/)
  const query = await signRelatedQuery({ rfc: 'EKU9003173C9', role: 'receiver', pacRfc: 'CVD110412TF6', uuid }, csd)
  t.match(verifyCancellation(query), { kind: 'consulta_relacionados', ok: true })
  t.match(query.toString(), / RfcEmisor="" RfcPacEnviaSolicitud="CVD110412TF6" RfcReceptor="EKU9003173C9" Uuid="62B00C5E/)
})

t.test('what may not be asked, or not with this certificate', async t => {
  t.equal(await reasonOf(cancel({ motive: '01' })), 'value_invalid', '01 needs a substitute')
  t.equal(await reasonOf(cancel({ substitute })), 'value_invalid', 'the others take none')
  t.equal(await reasonOf(cancel({ motive: '05' })), 'value_invalid')
  t.equal(await reasonOf(cancel({ uuid: 'x' })), 'value_invalid')
  t.equal(await reasonOf(signCancellation({ issuerRfc: 'EKU9003173C9', folios: [], at }, csd)), 'value_invalid')
  const by = async (certificate: typeof csd.certificate) => await reasonOf(signCancellation({ issuerRfc: 'EKU9003173C9', folios: [{ uuid, motive: '02' }], at }, { certificate, sign: csd.sign }))
  t.equal(await by(testCsd({ kind: 'fiel' }).certificate), 'certificate_not_csd')
  t.equal(await by(testCsd({ rfc: 'COSC8001137NA' }).certificate), 'certificate_of_another')
  t.equal(await by(testCsd({ keyName: 'another' }).certificate), 'key_of_another')
})

t.test('a changed request never verifies', async t => {
  const text = (await cancel({ motive: '01', substitute })).toString()
  const issuerName = /<X509IssuerName>.*<\/X509IssuerName>/.exec(text)!
  await fc.assert(fc.asyncProperty(fc.nat(text.length - 1), fc.constantFrom(...'0123456789AZaz+/=<>" '), async (place, character) => {
    const changed = text.slice(0, place) + character + text.slice(place + 1)
    const inCertificate = place > text.indexOf('<X509Certificate>') && place < text.indexOf('</X509Certificate>')
    const inName = place >= issuerName.index && place < issuerName.index + issuerName[0].length
    if (changed === text || inCertificate || inName) return
    try {
      // Quotes and white space within a tag mean nothing.
      if (JSON.stringify(parseXml(Buffer.from(changed))) === JSON.stringify(parseXml(Buffer.from(text)))) return
      assert.equal(verifyCancellation(Buffer.from(changed)).ok, false, changed.slice(place - 30, place + 30))
    } catch (error) {
      if (!(error instanceof XmlError) && !(error instanceof FiscalError)) throw error
    }
  }), { numRuns: 400 })
  t.pass()
})

t.test('a signature that covers less than the document is none', async t => {
  const text = (await cancel()).toString()
  t.same(failed(Buffer.from(text.replace('URI=""', 'URI="#x"'))), ['shape', 'digest', 'signature'])
  t.same(failed(Buffer.from(text.replace('enveloped-signature"/>', 'enveloped-signature"/><Transform Algorithm="http://www.w3.org/TR/1999/REC-xpath-19991116"/>'))), ['shape', 'digest', 'signature'])
  t.same(failed(Buffer.from(text.replace(/<Signature .*<\/Signature>/, ''))), ['signature'])
  t.same(failed(Buffer.from(text.replace(/(<Signature .*<\/Signature>)/, '$1$1'))), ['signature'])
  t.same(failed(Buffer.from(text.replace(/<X509Certificate>.*<\/X509Certificate>/, `<X509Certificate>${testCsd({ rfc: 'COSC8001137NA' }).certificate.base64}</X509Certificate>`))), ['signature', 'certificate_holder', 'key_info'])
  t.same(failed(Buffer.from(text.replace('<Folios>', '<Folios/><Folios>'))), ['digest'])
  t.equal(refusal(() => verifyCancellation(Buffer.from('<a/>'))), 'not_a_cfdi')
  t.equal(refusal(() => readCancellation(Buffer.from('<SolicitudAceptacionRechazo xmlns="http://cancelacfd.sat.gob.mx"/>'))), 'not_a_cfdi')
})

t.test('documents of others verify, and one is made anew bit by bit', oracle(), async t => {
  const folder = oracleData('cfdi/cancel')
  for (const file of readdirSync(folder).filter(name => name.endsWith('.xml') && !name.includes('document'))) t.same(failed(readFileSync(path.join(folder, file))), [], file)
  const [, accepted] = /b'(<.*>)'/.exec(JSON.parse(readFileSync(oracleData('cfdi/pac-fixtures/satcfdi-swsapien/test_accept_reject.json'), 'utf8')).files[0][1][1])!
  t.match(verifyCancellation(Buffer.from(accepted!)), { kind: 'aceptacion_rechazo', ok: true })

  const pair = oracleData('cfdi/certs/eku9003173c9-csd-2023/EKU9003173C9')
  const key = createPrivateKey({ key: readFileSync(`${pair}.key`), format: 'der', type: 'pkcs8', passphrase: '12345678a' })
  const made = await signCancellation({ issuerRfc: 'EKU9003173C9', at: new Date('2022-01-06T23:49:12Z'), folios: [{ uuid, motive: '02' }] }, { certificate: readSatCertificate(readFileSync(`${pair}.cer`)), sign: (bytes, algorithm) => sign(algorithm, bytes, key) })
  t.equal(made.toString(), readFileSync(path.join(folder, 'finkok-cancel-cancelsignature-format.xml'), 'utf8'))
})

t.test('xmlsec1: the signatures hold', oracle('xmlsec1'), async t => {
  const folder = temporaryFolder(t)
  writeFileSync(path.join(folder, 'key.pem'), csd.certificate.publicKey.export({ type: 'spki', format: 'pem' }))
  const documents = [await cancel(), await cancel({ motive: '01', substitute }), await cancel({}, 'RSA-SHA256'), await signAnswer({ receiverRfc: 'EKU9003173C9', pacRfc: 'CVD110412TF6', uuid, answer: 'Aceptacion', at }, csd)]
  for (const [index, document] of documents.entries()) {
    const file = path.join(folder, `${index}.xml`)
    writeFileSync(file, document)
    ask('xmlsec1', ['--verify', '--pubkey-pem', path.join(folder, 'key.pem'), file])
    t.pass(`document ${index}`)
  }
  writeFileSync(path.join(folder, 'changed.xml'), documents[0]!.toString().replace('Motivo="02"', 'Motivo="03"'))
  t.throws(() => ask('xmlsec1', ['--verify', '--pubkey-pem', path.join(folder, 'key.pem'), path.join(folder, 'changed.xml')]), 'and it would say so')
})
