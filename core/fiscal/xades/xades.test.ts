import assert from 'node:assert/strict'
import { createPrivateKey, sign } from 'node:crypto'
import { existsSync, readFileSync, writeFileSync } from 'node:fs'
import path from 'node:path'
import { fileURLToPath } from 'node:url'
import fc from 'fast-check'
import t from 'tap'
import { der, ecKey, madeKey, makeCertificate, type NameParts } from '../../../test/support/csd.ts'
import { temporaryFolder } from '../../../test/support/folder.ts'
import { openP12 } from '../../certificates/p12.ts'
import { readCertificate } from '../../x509/certificate.ts'
import { readDer } from '../../x509/der.ts'
import { readName } from '../../x509/names.ts'
import { FiscalError } from '../errors.ts'
import { ask, oracle, oracleData } from '../mx/fixtures/oracle.ts'
import { refusal } from '../mx/fixtures/refusal.ts'
import type { XmlElement, XmlNode } from '../xml/element.ts'
import { parseXml, XmlError } from '../xml/parse.ts'
import { saysName } from './issuer-text.ts'
import { testSigner } from './fixtures/signer.ts'
import { facturaeProfile, sriProfile, type XadesProfile } from './profiles.ts'
import { signXades, type XadesKey } from './sign.ts'
import { zonedTime } from './time.ts'
import { signVerified, verifyXades } from './verify.ts'

const signer = testSigner()
const moment = { at: new Date('2026-11-21T15:00:00Z'), zone: 'America/Guayaquil', id: 'a1' }
const comprobante = parseXml(Buffer.from('<factura id="comprobante" version="1.1.0"><infoTributaria><razonSocial>Ñandú &amp; Cía &lt;"x"&gt;</razonSocial><claveAcceso>0211202401050306179800120010020000000677300995216</claveAcceso></infoTributaria><n a="1&#10;2"> x&#13;\n<b/></n></factura>')).root
const facturae = parseXml(Buffer.from('<?pi before?><fe:Facturae xmlns:fe="http://www.facturae.gob.es/formato/Versiones/Facturaev3_2_2.xml" xmlns:xsi="http://www.w3.org/2001/XMLSchema-instance" xml:lang="es"><FileHeader><SchemaVersion>3.2.2</SchemaVersion></FileHeader></fe:Facturae><?pi after?>'))
const profiles: readonly (readonly [name: string, profile: XadesProfile, document: Parameters<typeof signXades>[0]])[] = [
  ['SRI, SHA-1', sriProfile(), comprobante], ['SRI, SHA-256', sriProfile({ sha256: true }), comprobante], ['Facturae', facturaeProfile(), facturae]
]
const failed = async (xml: Uint8Array | string, options = {}): Promise<string[]> => (await verifyXades(Buffer.from(xml), options)).checks.filter(({ ok }) => !ok).map(({ name }) => name)
const reasonOf = async (making: Promise<unknown>): Promise<string> => await making.then(() => 'made', (error: unknown) => refusal(() => { throw error }))

t.test('both profiles sign, and the gate lets them through', async t => {
  for (const [name, profile, document] of profiles) {
    const xml = await signVerified(document, profile, signer, moment)
    t.same(await failed(xml), [], name)
    t.same((await signVerified(document, profile, signer, moment)).equals(xml), true, 'the same call, the same bytes')
    t.equal(xml.toString().match(/<ds:Reference /g)?.length, 3)
  }
  const { kind, fiscalId, unchecked } = await verifyXades(await signXades(comprobante, sriProfile(), signer, moment))
  t.same([kind, fiscalId, unchecked], ['sri', '0211202401050306179800120010020000000677300995216', ['chain']], 'the SRI takes the leaf alone: its chain cannot be looked at here')
  t.match((await signXades(comprobante, sriProfile(), signer, moment)).toString(), '<xades:SigningTime>2026-11-21T10:00:00-05:00</xades:SigningTime>')
  t.same((await verifyXades(await signXades(facturae, facturaeProfile(), signer, moment))).unchecked, [])
  t.equal((await signXades(facturae, facturaeProfile({ role: 'tercero' }), signer, moment)).toString().match(/<ds:X509Certificate>/g)?.length, 3, 'with the whole chain')
})

t.test('the chain: missing, of others, ending where it should', async t => {
  const { certificate, chain, root, intermediate } = { ...signer, root: readCertificate(signer.root), intermediate: readCertificate(signer.intermediate) }
  const alone = await signXades(facturae, facturaeProfile(), { ...signer, chain: [] }, moment)
  t.same((await verifyXades(alone)).unchecked, ['chain'])
  t.same(await failed(alone, { authorities: [root, intermediate] }), [], 'authorities given beside it are looked at')
  t.same(await failed(alone, { authorities: [root] }), ['chain'], 'and must lead to one')
  const signed = await signXades(facturae, facturaeProfile(), { ...signer, chain: [...chain!].reverse() }, moment)
  t.same(await failed(signed, { authorities: [root] }), [])
  t.ok(signed.toString().indexOf(intermediate.der.toString('base64')) < signed.toString().indexOf(root.der.toString('base64')), 'nearest first, in whatever order it was given')
  t.same(await failed(signed, { authorities: [readCertificate(testSignerOf('another').certificate)] }), ['chain'])
  t.equal(Buffer.from(certificate).length > 0, true)
})

const testSignerOf = (commonName: string): XadesKey => {
  const key = madeKey(`self ${commonName}`)
  const certificate = makeCertificate({ subject: [['2.5.4.3', commonName]], key, serial: Buffer.from([1]), validFrom: new Date('2025-01-01'), validTo: new Date('2029-01-01') })
  return { certificate, sign: (bytes, algorithm) => sign(algorithm, bytes, key.privateKey) }
}

t.test('what cannot be signed is refused with its reason', async t => {
  const by = async (key: Partial<XadesKey>, document: Parameters<typeof signXades>[0] = comprobante, at = moment) => await reasonOf(signVerified(document, sriProfile(), { ...signer, ...key }, at))
  t.equal(await by({ sign: testSigner({ name: 'other' }).sign }), 'key_of_another')
  const { privateKey, publicKey } = ecKey()
  t.equal(await by({ certificate: makeCertificate({ subject: [['2.5.4.3', 'EC']], key: { privateKey, publicKey }, serial: Buffer.from([1]), validFrom: new Date('2025-01-01'), validTo: new Date('2029-01-01') }) }), 'certificate_not_rsa')
  t.equal(await by({ certificate: Buffer.from('30030201', 'hex') }), 'certificate_unreadable')
  t.equal(await by({}, { ...comprobante, attributes: [] }), 'not_signable')
  t.equal(await by({}, parseXml(await signXades(comprobante, sriProfile(), signer, moment)).root), 'already_signed')
  t.equal(await by(testSigner({ name: 'encryption', usage: ['keyEncipherment', 'dataEncipherment'] })), 'signature_refused purpose', 'the gate: not made for signing')
  t.equal(await by({}, comprobante, { ...moment, at: new Date('2030-01-01T00:00:00Z') }), 'signature_refused validity', 'the gate: expired')
  t.equal(await by({}, { ...comprobante, children: [{ ...comprobante, name: 'x', qname: 'x' }] }), 'signature_refused shape', 'the gate: another element with the Id of the root')
})

t.test('SigningTime shows the clock of the place', async t => {
  t.equal(zonedTime(new Date('2026-07-01T22:30:05Z'), 'Europe/Madrid'), '2026-07-02T00:30:05+02:00')
  t.equal(zonedTime(new Date('2026-01-01T00:00:00Z'), 'Atlantic/Canary'), '2026-01-01T00:00:00+00:00')
  t.equal(zonedTime(new Date('2026-01-01T03:00:00Z'), 'America/Guayaquil'), '2025-12-31T22:00:00-05:00')
})

// --- what is changed does not verify ------------------------------------------------------------------------------------

t.test('each change is told by the part that it breaks', async t => {
  const text = (await signXades(facturae, facturaeProfile(), signer, moment)).toString()
  const sri = (await signXades(comprobante, sriProfile(), signer, moment)).toString()
  const other = testSigner({ name: 'other' })
  const changes: readonly (readonly [what: string, changed: string, broken: string])[] = [
    ['the document', text.replace('3.2.2<', '3.2.1<'), 'digest'],
    ['an instruction beside the root', text.replace('<?pi after?>', ''), 'digest'],
    ['a digest', text.replace(/<ds:DigestValue>./, '<ds:DigestValue>_'), 'digest signature'],
    ['the signature', text.replace(/(<ds:SignatureValue[^>]*>)(.)/, (_, tag: string, first: string) => `${tag}${first === 'A' ? 'B' : 'A'}`), 'signature'],
    ['the time', text.replace('10:00:00-05:00', '10:00:01-05:00'), 'digest'],
    ['the certificate', text.replace(Buffer.from(signer.certificate).toString('base64'), Buffer.from(other.certificate).toString('base64')), 'digest signature certificate'],
    ['the issuer text', text.replace('1.2.840.113549.1.9.1=#', 'E=#'), 'digest issuer_text'],
    ['the serial number', text.replace(/(<ds:X509SerialNumber>)\d/, '$19'), 'digest issuer_text'],
    ['the key beside the certificate', text.replace('>AQAB<', '>EAA=<'), 'digest certificate'],
    ['the chain', text.replace(`<ds:X509Certificate>${signer.intermediate.toString('base64')}</ds:X509Certificate>`, ''), 'digest chain'],
    ['the policy', text.replace('_v3_1.pdf', '_v3_0.pdf'), 'digest policy'],
    ['the role', text.replace('>emisor<', '>receptor<'), 'digest'],
    ['the Id of the properties', text.replaceAll('"SignedProperties-a1"', '"x"'), 'shape'],
    ['a reference less', text.replace(/<ds:Reference Id="Reference-.*?<\/ds:Reference>/, ''), 'shape'],
    ['a reference twice', text.replace(/<ds:Reference Id="Reference-.*?<\/ds:Reference>/, found => found + found.replace('Id="Reference-a1"', '')), 'shape'],
    ['the references in another order', text.replace(/(<ds:Reference Id="Reference-.*?<\/ds:Reference>)(<ds:Reference.*?<\/ds:Reference>)/, '$2$1'), 'signature'],
    ['a reference to elsewhere', sri.replace('URI="#comprobante"', 'URI="#SignedProperties-a1"'), 'shape'],
    ['a transform more', sri.replace('<ds:Transforms>', '<ds:Transforms><ds:Transform Algorithm="http://www.w3.org/TR/1999/REC-xpath-19991116"></ds:Transform>'), 'shape'],
    ['no transform', text.replace(/<ds:Transforms>.*?<\/ds:Transforms>/, ''), 'shape'],
    ['another canonical form', text.replace('REC-xml-c14n-20010315', 'REC-xml-c14n-20010315#WithComments'), 'shape'],
    ['another algorithm', text.replace('more#rsa-sha256', 'more#rsa-sha512'), 'signature'],
    ['an unknown algorithm', text.replace('rsa-sha256', 'hmac-sha1'), 'shape'],
    ['the target', text.replace('Target="#Signature-a1"', 'Target="#Signature-a2"'), 'shape'],
    ['the signature in front', text.replace(/<ds:Signature .*<\/ds:Signature>/, '').replace('<FileHeader>', found => `${/<ds:Signature .*<\/ds:Signature>/.exec(text)![0]}${found}`), 'shape'],
    ['the signature twice', text.replace(/<ds:Signature .*<\/ds:Signature>/, '$&$&'), 'shape'],
    ['another document around the signed one', sri.replace('<factura id="comprobante"', '<factura id="x"').replace('<infoTributaria>', '<factura id="comprobante" version="1.1.0"><infoTributaria>').replace('</n>', '</n></factura>'), 'shape'],
    ['the signed properties aside, others in their place', text.replace(/<xades:SignedProperties .*<\/xades:SignedProperties>/, found => found.replace('Id="SignedProperties-a1"', 'Id="y"')).replace('</ds:Object>', found => `</ds:Object><ds:Object>${/<xades:SignedProperties .*<\/xades:SignedProperties>/.exec(text)![0]}${found}`), 'shape'],
    ['two KeyInfo', text.replace(/<ds:KeyInfo .*<\/ds:KeyInfo>/, found => `${found}${found.replace(/ Id="KeyInfo-[^"]*"/, '')}`), 'shape'],
    ['a namespace without a canonical form', text.replace('xmlns:xsi="http://', 'xmlns:xsi="http0//'), 'shape'],
    ['a comment where a number is read', text.replace('<ds:X509SerialNumber>', '<ds:X509SerialNumber><!-- -->'), '']
  ]
  for (const [what, changed, broken] of changes) {
    assert.ok(changed !== text && changed !== sri, what)
    t.equal((await failed(changed)).join(' '), broken, what)
  }
})

t.test('a changed character never verifies', async t => {
  for (const [name, profile, document] of profiles.slice(1)) {
    const text = (await signXades(document, profile, signer, moment)).toString()
    // What no signature covers and nobody reads: the Ids of the outer parts, the name of their prefix, white space in Base64 or beside the root.
    const unsigned = [/<\?xml[^>]*>\s*/, /<ds:SignatureValue Id="[^"]*">/, /<ds:Object Id="[^"]*">/].map(pattern => pattern.exec(text)!).map(found => [found.index, found.index + found[0].length] as const)
    await fc.assert(fc.asyncProperty(fc.nat(text.length - 1), fc.constantFrom(...'0129AZaz+/=<>"# '), async (place, character) => {
      fc.pre(text[place] !== character && !unsigned.some(([from, to]) => place >= from && place < to))
      const changed = `${text.slice(0, place)}${character}${text.slice(place + 1)}`
      try {
        assert.equal((await verifyXades(Buffer.from(changed))).ok, false, `${text.slice(place - 20, place)}[${character}]${text.slice(place + 1, place + 20)}`)
      } catch (error) {
        if (!(error instanceof XmlError || error instanceof FiscalError)) throw error
      }
    }), { numRuns: 150 })
    t.pass(name)
  }
})

// --- others agree -------------------------------------------------------------------------------------------------------

const ids = (root: string): string[] => [...root === '' ? [] : ['--id-attr:id', root], '--id-attr:Id', 'http://uri.etsi.org/01903/v1.3.2#:SignedProperties', '--id-attr:Id', 'http://www.w3.org/2000/09/xmldsig#:KeyInfo']
const pem = (der: Uint8Array): string => `-----BEGIN CERTIFICATE-----\n${Buffer.from(der).toString('base64').replace(/.{64}/g, '$&\n')}\n-----END CERTIFICATE-----\n`

/** Random documents, full of what XML and canonical forms treat in a special way. */
const text = fc.array(fc.constantFrom(...'aÑ€😀 &<>"\'\t\n\r]]>', '\u0085', '\u00a0', ' '), { maxLength: 12 }).map(parts => parts.join(''))
const name = fc.constantFrom('a', 'b', 'Ñ', 'n-1', '_x')
const { tree } = fc.letrec<{ tree: XmlElement }>(tie => ({
  tree: fc.record({
    name, attributes: fc.uniqueArray(fc.tuple(name, text), { selector: ([key]) => key, maxLength: 3 }),
    children: fc.array(fc.oneof({ maxDepth: 3, depthSize: 'small' }, text.map((value): XmlNode => ({ kind: 'text', value })), tie('tree')), { maxLength: 4 })
  }).map(({ name, attributes, children }): XmlElement => ({
    kind: 'element', qname: name, name, namespace: '', namespaces: [], attributes: attributes.map(([key, value]) => ({ qname: key, name: key, namespace: '', value })), children: children.filter(child => child.kind !== 'text' || child.value !== '')
  }))
}))

t.test('xmlsec1 verifies what is signed, by the certificate and its chain, over any document', oracle('xmlsec1'), async t => {
  const folder = temporaryFolder(t)
  const [leaf, root, wrong] = [signer.certificate, signer.root, testSigner({ name: 'other' }).certificate].map((der, index) => {
    const file = path.join(folder, `${index}.pem`)
    writeFileSync(file, pem(der))
    return file
  }) as [string, string, string]
  const verdictOf = (file: string, options: string[], rootName: string): string => {
    try {
      return ask('xmlsec1', ['--verify', ...options, ...ids(rootName), '--print-debug', file]).toString()
    } catch (error) {
      return (error as Error).message
    }
  }
  const written = async (profile: XadesProfile, document: Parameters<typeof signXades>[0]): Promise<string> => {
    const file = path.join(folder, 'signed.xml')
    writeFileSync(file, await signVerified(document, profile, signer, moment))
    return file
  }
  for (const [name, profile, document] of profiles) {
    const rootName = profile.document === 'root' ? 'factura' : ''
    const file = await written(profile, document)
    const byKey = ['--enabled-key-data', 'key-name', '--pubkey-cert-pem']
    t.match(verdictOf(file, [...byKey, leaf], rootName), /succeeded[\s\S]*SignedInfo References: \d|VERIFICATION SUCCEEDED|== Status: succeeded/, name)
    t.notMatch(verdictOf(file, [...byKey, wrong], rootName), 'succeeded', 'not by another certificate')
    if (profile.chain) t.match(verdictOf(file, ['--enabled-key-data', 'x509', '--trusted-pem', root, '--verification-gmt-time', '2026-11-21+00:00:00'], rootName), 'succeeded', 'up to the root')
  }
  const files: Record<string, string[]> = { factura: [], '': [] }
  await fc.assert(fc.asyncProperty(tree, fc.nat(2), async (tree, which) => {
    const [, profile] = profiles[which]!
    const element: XmlElement = which === 2
      ? { ...tree, qname: 'fe:Facturae', name: 'Facturae', namespace: 'http://www.facturae.gob.es/formato/Versiones/Facturaev3_2_2.xml', namespaces: [['fe', 'http://www.facturae.gob.es/formato/Versiones/Facturaev3_2_2.xml'], ['a', 'urn:a']] }
      : { ...tree, qname: 'factura', name: 'factura', attributes: [...tree.attributes, { qname: 'id', name: 'id', namespace: '', value: 'comprobante' }] }
    const xml = await signVerified(element, profile, signer, moment)
    const kind = which === 2 ? '' : 'factura'
    const file = path.join(folder, `${kind}-${files[kind]!.length}.xml`)
    writeFileSync(file, xml)
    files[kind]!.push(file)
  }), { numRuns: 120 })
  for (const [rootName, list] of Object.entries(files)) {
    // One process for all of them: it ends with 0 only when every one verifies.
    const out = ask('xmlsec1', ['--verify', '--insecure', ...ids(rootName), ...list]).toString()
    t.ok(list.length > 10 && out.length >= 0, `${list.length} documents`)
  }
})

t.test('Java reads the issuer back as the very name, of whatever string type', oracle('java'), async t => {
  const folder = temporaryFolder(t)
  const key = madeKey('issuer types')
  const utf16 = Buffer.from('Ñandú', 'utf16le').swap16()
  const names: NameParts[] = [[0x1e, utf16], [0x14, Buffer.from('Nandu')], [0x0c, Buffer.from('Ñ  x')], [0x16, Buffer.from('x')], [0x13, Buffer.from('AbC d')]].map(([tag, bytes]) =>
    [['2.5.4.6', der(0x13, Buffer.from('EC'))], ['0.9.2342.19200300.100.1.25', der(0x16, Buffer.from('example'))], ['2.5.4.3', der(tag as number, bytes as Buffer)]])
  const keys: XadesKey[] = [signer, ...names.map(subject => ({
    certificate: makeCertificate({ subject, key, serial: Buffer.from([1]), validFrom: new Date('2025-01-01'), validTo: new Date('2029-01-01') }), sign: (bytes: Uint8Array, algorithm: string) => sign(algorithm, bytes, key.privateKey)
  }))]
  const files = await Promise.all(keys.map(async (key, index) => {
    const file = path.join(folder, `${index}.xml`)
    writeFileSync(file, await signVerified(index === 0 ? facturae : comprobante, index === 0 ? facturaeProfile() : sriProfile(), key, moment))
    return file
  }))
  const lines = ask('java', ['-Dorg.jcp.xml.dsig.secureValidation=false', fileURLToPath(new URL('./fixtures/JdkCheck.java', import.meta.url)), ...files]).toString().trim().split('\n')
  t.same(lines, files.map(() => 'true 3 true true'), 'core validation, three references, issuer, serial number')
})

t.test('samples that were accepted elsewhere verify here, dummies do not', oracle(), async t => {
  for (const file of ['sri/samples/ecsri-invoice.signed.xml', 'sri/samples/ecsri-credit-note.signed.xml', 'facturae/samples/face-official-sample-321.xsig']) t.same(await failed(readFileSync(oracleData(file))), [], file)
  for (const file of ['facturae/samples/gobl-invoice-face.xml', 'facturae/samples/gobl-invoice-vat-irpf.xml']) t.match(await failed(readFileSync(oracleData(file))), ['digest', 'signature'], file)
})

t.test('issuer texts: written as Java reads them', oracle(), async t => {
  const vectors = readFileSync(oracleData('vectors/issuer-dn.txt'), 'utf8').split(/^file=/m).slice(1).map(block => Object.fromEntries(block.split('\n').slice(1).map(line => [line.trim().split('=')[0], line.trim().slice(line.trim().indexOf('=') + 1)])))
  t.ok(vectors.length >= 4)
  for (const { der, rfc2253: text = '', 'rfc2253+keywords': words = '' } of vectors) {
    const name = readName(readDer(Buffer.from(der!, 'hex')))
    t.ok(saysName(text, name), text)
    t.ok(saysName(words, name), words)
    t.ok(saysName(text.replaceAll(',', ', '), name) || text.includes('\\,'), 'with spaces between')
    t.notOk(saysName(text.split(',').reverse().join(','), name), 'not in the other order')
    t.notOk(saysName(text.replace(/=(\w)/, '=$1x'), name))
    t.notOk(saysName(`${text},O=x`, name))
  }
  const accv = readName(readDer(Buffer.from(vectors[0]!.der!, 'hex')))
  t.notOk(saysName('CN=ACCV ECC1 CLIENTE,2.5.4.97=VATES-A40573396,O=ISTEC,L=BURJASSOT,ST=VALENCIA,C=ES', accv), 'a number with a plain value is another value')
  t.notOk(saysName('CN=ACCV ECC1 CLIENTE,organizationIdentifier=VATES-A40573396,O=ISTEC,L=BURJASSOT,ST=VALENCIA,C=ES', accv))
  for (const odd of ['', 'CN', 'CN=', '=x', 'CN=x,', 'CN="x', 'CN=x\\', ',', 'CN="x"y']) t.notOk(saysName(odd, accv), odd)
})

// --- golden files -------------------------------------------------------------------------------------------------------

t.test('the same bytes as ever', async t => {
  const opened = await openP12(readFileSync(new URL('../../certificates/fixtures/aes-256.p12', import.meta.url)), ['contraseña'])
  if (!('opened' in opened)) throw new Error(opened.problem)
  const [key] = opened.opened.keys.map(pkcs8 => createPrivateKey({ key: Buffer.from(pkcs8), format: 'der', type: 'pkcs8' }))
  const [certificate] = opened.opened.certificates
  const { validFrom, validTo } = readCertificate(certificate!)
  const at = new Date(Math.floor((validFrom.getTime() + validTo.getTime()) / 2))
  for (const [name, profile, document] of profiles) {
    const file = new URL(`./fixtures/${name.toLowerCase().replace(/[^a-z0-9]+/g, '-')}.signed.xml`, import.meta.url)
    const xml = await signVerified(document, profile, { certificate: certificate!, sign: (bytes, algorithm) => sign(algorithm, bytes, key!) }, { ...moment, at })
    if (process.argv.includes('--update') || !existsSync(file)) writeFileSync(file, xml)
    t.equal(xml.toString(), readFileSync(file, 'utf8'), name)
  }
})
