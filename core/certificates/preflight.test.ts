import { createPublicKey } from 'node:crypto'
import { existsSync, readdirSync, readFileSync } from 'node:fs'
import path from 'node:path'
import fc from 'fast-check'
import t from 'tap'
import { basicConstraints, der, ecKey, extendedKeyUsage, keyUsage, madeKey, makeAuthority, makeCertificate, makeCsd, makeP12, type MadeCsd, utf8 } from '../../test/support/csd.ts'
import { preflight, type PreflightFile, type PreflightInput, type Report } from './preflight.ts'

// Each .p12 starts a thread, which takes its time on a busy machine.
t.setTimeout(280_000)

const at = new Date('2026-11-21T10:00:00Z')
const data = path.resolve(process.env.PASARELA_ORACLE_DATA ?? '../shared/data')
const oracle = { skip: existsSync(data) ? false : `no reference data in ${data}` }

const look = async (files: Record<string, Uint8Array>, passphrase: string, more: Partial<PreflightInput> = {}): Promise<Report> =>
  (await preflight({ files: Object.entries(files).map(([name, bytes]) => ({ name, bytes })), passphrase, at, ...more })).report
const as = (files: Partial<Record<NonNullable<PreflightFile['role']>, Uint8Array>>): PreflightFile[] =>
  Object.entries(files).map(([role, bytes]) => ({ name: role, bytes, role: role as 'cer' }))
/** What it would not pass, and what it doubts. */
const failed = ({ checks }: Report) => checks.filter(({ ok, severity }) => !ok && severity === 'error').map(({ name }) => name)
const doubted = ({ checks }: Report) => checks.filter(({ ok, severity }) => !ok && severity === 'warning').map(({ name }) => name)
const sentence = ({ checks }: Report, name: string) => checks.find(check => check.name === name && !check.ok)?.en ?? ''

const csd = makeCsd({ rfc: 'EKU9003173C9', name: 'ESCUELA KEMPER URGATE SA DE CV', representative: 'VADA800927DJ3' })
const other = makeCsd({ rfc: 'JES900109Q90', name: 'JIMENEZ ESTRADA SALAS A A' })
const fiel = makeCsd({ rfc: 'EKU9003173C9', name: 'ESCUELA KEMPER URGATE SA DE CV', kind: 'fiel', representative: 'VADA800927DJ3' })

t.test('a CSD and its key, in any order and under any name', async t => {
  const orders: Record<string, Uint8Array>[] = [{ 'a.cer': csd.cer, 'a.key': csd.key }, { 'a.key': csd.key, 'a.cer': csd.cer }, { 'a.key': csd.cer, x: csd.key }]
  for (const files of orders) {
    const report = await look(files, csd.passphrase)
    t.match(report, {
      ok: true, kind: 'csd', number: csd.noCertificado, holder: { name: 'ESCUELA KEMPER URGATE SA DE CV', tax_id: 'EKU9003173C9', country: 'MX', representative_tax_id: 'VADA800927DJ3' },
      valid_from: '2024-01-01T00:00:00.000Z', valid_to: '2044-01-01T00:00:00.000Z', days_left: 6249, key: { algorithm: 'rsa', bits: 2048 }, fingerprint: /^[0-9a-f]{64}$/
    })
    t.same(report.checks.map(({ name }) => name), ['files', 'passphrase', 'pair', 'kind', 'holder', 'validity', 'number', 'key', 'key_usage', 'signature'])
    t.same([failed(report), doubted(report)], [[], ['signature']], 'it signed itself, which only serves for tests')
  }
})

t.test('what passes is given on, with the key, and what does not is not', async t => {
  const { material } = await preflight({ files: as({ cer: csd.cer, key: csd.key }), passphrase: csd.passphrase, at })
  t.ok(material?.certificate.der.equals(csd.cer))
  t.ok(createPublicKey(material!.key).equals(createPublicKey(csd.privateKey)))
  t.ok(material?.keyFile?.equals(csd.key))
  t.equal((await preflight({ files: as({ cer: fiel.cer, key: fiel.key }), passphrase: fiel.passphrase, at })).material, undefined)
})

t.test('each thing that can be wrong has one sentence, in Spanish and in English', async t => {
  const { cer, key, passphrase } = csd
  const short = makeCsd({ rfc: 'EKU9003173C9', name: 'X', bits: 1024 })
  const pem = (label: string, bytes: Buffer) => Buffer.from(`-----BEGIN ${label}-----\n${bytes.toString('base64').replace(/.{64}/g, '$&\n')}\n-----END ${label}-----\n`)
  const request = der(0x30, der(0x30, der(2, Buffer.from([0])), der(0x30), der(0x30), der(0xa0)), der(0x30), der(3, Buffer.from([0])))
  const table: [what: string, files: Record<string, Uint8Array>, passphrase: string, failing: string[], says: RegExp][] = [
    ['nothing', {}, '', ['files'], /No file was given/],
    ['only the certificate', { 'a.cer': cer }, passphrase, ['files'], /private key is missing/],
    ['only the key', { 'a.key': key }, passphrase, ['files'], /certificate is missing/],
    ['wrong passphrase', { 'a.cer': cer, 'a.key': key }, '12345678A', ['passphrase'], /does not open “a\.key”/],
    ['no passphrase', { 'a.cer': cer, 'a.key': key }, '', ['passphrase'], /passphrase of “a\.key” is missing/],
    ['the key of another', { 'a.cer': cer, 'b.key': other.key }, passphrase, ['pair'], /not that of this certificate/],
    ['a FIEL', { 'f.cer': fiel.cer, 'f.key': fiel.key }, passphrase, ['kind'], /FIEL.*CFDI40106/],
    ['an empty certificate', { 'a.cer': Buffer.alloc(0), 'a.key': key }, passphrase, ['files'], /“a\.cer” is empty/],
    ['an empty key', { 'a.cer': cer, 'a.key': Buffer.from('\r\n ') }, passphrase, ['files'], /“a\.key” is empty/],
    ['a truncated certificate', { 'a.cer': cer.subarray(0, 700), 'a.key': key }, passphrase, ['files'], new RegExp(`“a\\.cer” is truncated: it has 700 of ${cer.length} bytes`)],
    ['a truncated key', { 'a.cer': cer, 'a.key': key.subarray(0, -1) }, passphrase, ['files'], new RegExp(`“a\\.key” is truncated: it has ${key.length - 1} of ${key.length} bytes`)],
    ['a line too many', { 'a.cer': Buffer.concat([cer, Buffer.from('\r\n')]), 'a.key': key }, passphrase, ['files'], /2 extra bytes/],
    ['two certificates', { 'a.cer': cer, 'b.cer': other.cer, 'a.key': key }, passphrase, ['files'], /two certificates \(a\.cer, b\.cer\)/],
    ['two keys', { 'a.cer': cer, 'a.key': key, 'b.key': other.key }, passphrase, ['files'], /two keys \(a\.key, b\.key\)/],
    ['a text', { 'a.cer': Buffer.from('<html>Not found</html>'), 'a.key': key }, passphrase, ['files'], /“a\.cer” is text/],
    ['something', { 'a.cer': Buffer.from([1, 2, 3]), 'a.key': key }, passphrase, ['files'], /is no certificate, no key and no \.p12/],
    ['a ZIP', { 'a.zip': Buffer.from('PK\x03\x04rest'), 'a.key': key }, passphrase, ['files'], /is a ZIP/],
    ['a Java key store', { 'a.jks': Buffer.from('feedfeed00000002', 'hex') }, passphrase, ['files'], /Java key store/],
    ['a request', { 'a.req': request, 'a.key': key }, passphrase, ['files'], /certificate request/],
    ['a PEM request', { 'a.req': pem('CERTIFICATE REQUEST', request), 'a.key': key }, passphrase, ['files'], /certificate request/],
    ['PKCS#7', { 'a.p7b': der(0x30, Buffer.from('06092a864886f70d010702', 'hex'), der(0xa0)), 'a.key': key }, passphrase, ['files'], /PKCS#7/],
    ['PEM without an end', { 'a.pem': pem('CERTIFICATE', cer).subarray(0, 500), 'a.key': key }, passphrase, ['files'], /is truncated/],
    ['a megabyte', { 'a.cer': Buffer.alloc(2 ** 20 + 1), 'a.key': key }, passphrase, ['files'], /too large/],
    ['a short key', { 'a.cer': short.cer, 'a.key': short.key }, passphrase, ['key'], /1024 bits and at least 2048/],
    ['.p12 and .key', { 'a.p12': makeP12({ pairs: [{ key: csd.privateKey, certificate: cer }], passphrase: 'x' }), 'a.key': key }, 'x', ['files'], /A \.p12 holds certificate and key/]
  ]
  for (const [what, files, phrase, failing, says] of table) {
    const report = await look(files, phrase)
    t.equal(report.ok, false, what)
    t.match(failed(report), failing, what)
    const told = report.checks.filter(({ ok }) => !ok).map(({ en }) => en).join('\n')
    t.match(told, says, what)
    for (const { es, en } of report.checks) {
      t.match(es, /^.{10,250}\.$/, es)
      t.match(en, /^.{10,250}\.$/, en)
    }
  }
})

t.test('swapped in a form that has a place for each', async t => {
  const report = (await preflight({ files: as({ cer: csd.key, key: csd.cer }), passphrase: csd.passphrase, at })).report
  t.same([report.ok, failed(report)], [false, ['files', 'files']])
  t.match(report.checks.map(({ en }) => en), [/private key \(\.key\): swap/, /certificate \(\.cer\): swap/])
  t.equal((await look({ 'x.key': csd.cer, 'x.cer': csd.key }, csd.passphrase)).ok, true, 'and by name alone it does not matter')
})

t.test('PEM instead of DER is converted, and said; so is Base64', async t => {
  const pem = (label: string, bytes: Buffer) => Buffer.from(`-----BEGIN ${label}-----\r\n${bytes.toString('base64').replace(/.{64}/g, '$&\r\n')}\r\n-----END ${label}-----\r\n`)
  const texts: Record<string, Uint8Array>[] = [
    { 'a.pem': pem('CERTIFICATE', csd.cer), 'a.key': pem('ENCRYPTED PRIVATE KEY', csd.key) },
    { 'a.pem': Buffer.concat([pem('PUBLIC KEY', Buffer.from('x')), pem('CERTIFICATE', csd.cer)]), 'a.key': csd.key },
    { 'a.txt': Buffer.from(csd.cer.toString('base64')), 'a.key': csd.key },
    { 'all.pem': Buffer.concat([pem('CERTIFICATE', csd.cer), pem('ENCRYPTED PRIVATE KEY', csd.key)]) }
  ]
  for (const files of texts) {
    const report = await look(files, csd.passphrase)
    t.equal(report.ok, true)
    t.match(sentence(report, 'files'), /is text \(PEM or Base64\)/)
  }
  const clear = await look({ 'a.cer': csd.cer, 'a.key': Buffer.from(String(csd.privateKey.export({ type: 'pkcs1', format: 'pem' }))) }, '')
  t.match([clear.ok, sentence(clear, 'passphrase')], [true, /was not protected/])
})

t.test('valid on the date of issue, and on no other', async t => {
  const brief = makeCsd({ rfc: 'EKU9003173C9', name: 'X', validFrom: new Date('2026-01-01T06:00:00Z'), validTo: new Date('2026-12-01T06:00:00Z') })
  const on = async (moment: string) => await look({ cer: brief.cer, key: brief.key }, brief.passphrase, { at: new Date(moment) })
  t.match(sentence(await on('2026-01-01T05:59:59Z'), 'validity'), /not valid yet: it begins on 2026-01-01/)
  t.match([(await on('2026-01-01T06:00:00Z')).ok, (await on('2026-12-01T06:00:00Z')).ok], [true, true], 'both ends belong to it')
  t.match(sentence(await on('2026-12-01T06:00:01Z'), 'validity'), /expired on 2026-12-01/)
  const soon = await on('2026-11-21T06:00:00Z')
  t.match([soon.ok, soon.days_left, sentence(soon, 'validity')], [true, 10, /expires soon: on 2026-12-01, in 10 days/])
})

t.test('whose it is, and whether it is the issuer’s', async t => {
  const ask = async (issuer: PreflightInput['issuer']) => await look({ cer: csd.cer, key: csd.key }, csd.passphrase, { issuer })
  t.equal((await ask({ country: 'MX', taxId: 'EKU9003173C9' })).ok, true)
  t.match(sentence(await ask({ country: 'MX', taxId: 'JES900109Q90' }), 'issuer'), /of EKU9003173C9 and the issuer is JES900109Q90/)
  t.same(failed(await ask({ country: 'MX', taxId: 'VADA800927DJ3' })), ['issuer'], 'the representative’s RFC is not the holder’s')
  t.match(sentence(await ask({ country: 'EC', taxId: '1710034065001' }), 'kind'), /serves only in Mexico/)
  const odd = makeCsd({ rfc: 'EKU9003173C8', name: 'X' })
  const report = await look({ cer: odd.cer, key: odd.key }, odd.passphrase)
  t.match([report.ok, doubted(report)], [true, ['holder', 'signature']], 'a check digit only warns')
  const person = makeCsd({ rfc: 'CAMA911215CJ0', name: 'ALGUIEN' })
  t.match((await look({ cer: person.cer, key: person.key }, person.passphrase)).holder, { tax_id: 'CAMA911215CJ0', representative_tax_id: null })
})

t.test('a certificate that is not the SAT’s, and one with another number', async t => {
  const key = madeKey('plain')
  const plain = makeCertificate({ subject: [['2.5.4.3', 'Somebody']], key, serial: Buffer.from([5]), validFrom: new Date('2026-01-01'), validTo: new Date('2030-01-01') })
  const pkcs8 = key.privateKey.export({ type: 'pkcs8', format: 'der', cipher: 'aes-256-cbc', passphrase: 'x' })
  t.match(sentence(await look({ plain, pkcs8 }, 'x'), 'kind'), /not a certificate of the SAT/)
  const numbered = makeCsd({ rfc: 'EKU9003173C9', name: 'X', noCertificado: '12345' })
  const report = await look({ cer: numbered.cer, key: numbered.key }, numbered.passphrase)
  t.match([failed(report), report.number, report.serial], [['number'], null, Buffer.from('12345').toString('hex')])
})

t.test('passphrases with accents and with white space around them', async t => {
  for (const passphrase of ['contraseña áé', 'пароль', 'niño', 'a"b\\c']) {
    const it = makeCsd({ rfc: 'EKU9003173C9', name: 'X', passphrase })
    for (const given of [passphrase, passphrase.normalize('NFD')]) t.equal((await look({ cer: it.cer, key: it.key }, given)).ok, true, given)
    const trimmed = await look({ cer: it.cer, key: it.key }, ` ${passphrase}\t`)
    t.match([trimmed.ok, sentence(trimmed, 'passphrase')], [true, /without the white space/])
  }
  const latin = csd.privateKey.export({ type: 'pkcs8', format: 'der', cipher: 'des-ede3-cbc', passphrase: Buffer.from('contraseña', 'latin1') as unknown as string })
  t.equal((await look({ cer: csd.cer, key: latin }, 'contraseña')).ok, true, 'as Windows programs wrote it')
})

t.test('a key whose numbers do not agree is told, although it is the certificate’s', async t => {
  const jwk = csd.privateKey.export({ format: 'jwk' })
  const { createPrivateKey } = await import('node:crypto')
  for (const [what, part] of [['prime', 'p'], ['exponent', 'd'], ['coefficient', 'qi']] as const) {
    const bytes = Buffer.from(String(jwk[part]), 'base64url')
    bytes[bytes.length - 2]! ^= 4
    const broken = createPrivateKey({ key: { ...jwk, [part]: bytes.toString('base64url') }, format: 'jwk' })
    const report = await look({ cer: csd.cer, key: broken.export({ type: 'pkcs8', format: 'der', cipher: 'des-ede3-cbc', passphrase: 'x' }) }, 'x')
    t.same(failed(report), ['pair'], what)
    t.match(sentence(report, 'pair'), /damaged/, what)
  }
})

const sat = makeAuthority('AC de prueba')
const issued = makeCsd({ rfc: 'EKU9003173C9', name: 'X', issuer: sat })

t.test('a certificate that was changed is told by its signature, where its authority is at hand', async t => {
  const ask = async (cer: Buffer, ca?: Buffer) => await look({ cer, key: issued.key, ...(ca !== undefined && { ca }) }, issued.passphrase)
  t.match((await ask(issued.cer, sat.certificate)).checks.at(-1), { name: 'signature', ok: true, en: /signature is right/ })
  t.match((await ask(issued.cer)).checks.at(-1), { name: 'signature', ok: true, en: /whose certificate is not at hand/ })
  const changed = Buffer.from(issued.cer)
  changed[changed.indexOf('EKU9003173C9')] = 'F'.charCodeAt(0)
  t.match(sentence(await ask(changed, sat.certificate), 'signature'), /is not right/)
  const itself = Buffer.from(csd.cer)
  itself[itself.length - 1]! ^= 1
  t.match(sentence(await look({ cer: itself, key: csd.key }, csd.passphrase), 'signature'), /is not right/)
  t.match(sentence(await ask(issued.cer, makeAuthority('Otra').certificate), 'signature'), /None of the authorities/)
})

// --- .p12 -----------------------------------------------------------------------------------------------------------------

const root = makeAuthority('Raíz de prueba')
const authority = makeAuthority('Subordinada de prueba', { issuer: root })

function signer (name: string, { subject = [], extensions = [], usage = ['digitalSignature', 'nonRepudiation'], validTo = new Date('2030-01-01'), serial = 7, keyName = name }: { subject?: [string, string][], extensions?: { oid: string, value: Buffer }[], usage?: string[], validTo?: Date, serial?: number, keyName?: string } = {}) {
  const key = madeKey(keyName)
  const certificate = makeCertificate({
    subject: [['2.5.4.6', 'EC'], ['2.5.4.3', name], ...subject], key, serial: Buffer.from([serial]), validFrom: new Date('2025-01-01'), validTo, issuer: authority,
    extensions: [basicConstraints(false), keyUsage(...usage), ...extensions]
  })
  return { key: key.privateKey, certificate }
}

t.test('a .p12 with its chain', async t => {
  const pair = signer('JUAN PEREZ', { extensions: [{ oid: '1.3.6.1.4.1.37746.3.11', value: utf8('1710034065001') }] })
  for (const algorithm of ['3des', 'aes256'] as const) {
    const p12 = makeP12({ pairs: [pair], chain: [authority.certificate, root.certificate], passphrase: 'niño', algorithm })
    const report = await look({ 'firma.p12': p12 }, 'niño', { issuer: { country: 'EC', taxId: '1710034065001' } })
    t.match(report, { ok: true, kind: 'p12', number: null, holder: { name: 'JUAN PEREZ', tax_id: '1710034065001', country: 'EC' }, chain: [{}, {}] }, algorithm)
    t.same([failed(report), doubted(report)], [[], []])
    t.match(report.checks.at(-1), { name: 'chain', ok: true, en: /complete \(2 above it\)/ })
    t.match(sentence(await look({ 'firma.p12': p12 }, 'nino'), 'passphrase'), /does not open/)
  }
})

t.test('the chain that is missing is told, and can be added', async t => {
  const p12 = makeP12({ pairs: [signer('SOLO')], passphrase: '' })
  const alone = await look({ 'firma.p12': p12 }, '')
  t.match([alone.ok, sentence(alone, 'chain')], [true, /certificate of who issued it, Subordinada de prueba, is missing/])
  const bundle = Buffer.from([authority, root].map(({ certificate }) => `-----BEGIN CERTIFICATE-----\n${certificate.toString('base64')}\n-----END CERTIFICATE-----\n`).join(''))
  t.match(doubted(await look({ 'firma.p12': p12, 'ca.pem': bundle }, '')), ['holder'])
  t.match(await look({ 'firma.p12': p12, 'ca.crt': authority.certificate }, ''), { ok: true, chain: [{ subject: /Subordinada/ }] })
})

t.test('of several pairs the one for signatures is taken: by its use, its date, its end', async t => {
  const decrypts = signer('DECRYPTS', { usage: ['keyEncipherment'], serial: 1 })
  const signs = signer('SIGNS', { serial: 2 })
  const expired = signer('EXPIRED', { serial: 3, validTo: new Date('2026-01-01') })
  const shorter = signer('SHORTER', { serial: 4, validTo: new Date('2027-01-01') })
  for (const pairs of [[decrypts, signs], [signs, decrypts], [expired, signs], [signs, expired], [shorter, signs], [signs, shorter], [decrypts, expired, signs, shorter]]) {
    const report = await look({ 'firma.p12': makeP12({ pairs, passphrase: 'x' }) }, 'x')
    t.match(report.holder?.name, 'SIGNS')
    t.match(report.checks.find(({ name }) => name === 'pair')?.en, new RegExp(`holds ${pairs.length} key pairs`))
  }
  const only = await look({ 'firma.p12': makeP12({ pairs: [decrypts], passphrase: 'x' }) }, 'x')
  t.match([only.ok, sentence(only, 'key_usage')], [true, /not made to sign/])
})

t.test('who holds it: Ecuador and Spain, by subject and extensions', async t => {
  const directoryName = (parts: [string, string][]) => ({ oid: '2.5.29.17', value: der(0x30, der(0xa4, der(0x30, ...parts.map(([id, value]) => der(0x31, der(0x30, oidBytes(id), utf8(value))))))) })
  const cases: [string, Parameters<typeof signer>[1], string, string | null][] = [
    ['Security Data', { extensions: [{ oid: '1.3.6.1.4.1.37746.3.11', value: utf8('1790011674001') }, { oid: '1.3.6.1.4.1.37746.3.1', value: utf8('1710034065') }] }, '1790011674001', null],
    ['BCE, digits without DER', { extensions: [{ oid: '1.3.6.1.4.1.37947.3.11', value: Buffer.from('1790011674001') }] }, '1790011674001', null],
    ['only the cédula', { extensions: [{ oid: '1.3.6.1.4.1.37947.3.1', value: utf8('1710034065') }] }, '1710034065', null],
    ['a serial number with a counter', { subject: [['2.5.4.5', '1710034065-280']] }, '1710034065', null],
    ['a Spanish person', { subject: [['2.5.4.5', 'IDCES-00000000T']] }, '00000000T', null],
    ['who represents a Spanish company', { subject: [['2.5.4.5', 'IDCES-00000000T'], ['2.5.4.97', 'VATES-B65410011']] }, 'B65410011', '00000000T'],
    ['the FNMT’s own attributes', { extensions: [directoryName([['1.3.6.1.4.1.5734.1.4', '00000000T'], ['1.3.6.1.4.1.5734.1.7', 'B65410011']])] }, 'B65410011', '00000000T']
  ]
  for (const [what, options, taxId, representative] of cases) {
    const { holder } = await look({ 'firma.p12': makeP12({ pairs: [signer(what, { ...options, keyName: 'holder' })], passphrase: 'x' }) }, 'x')
    t.match(holder, { tax_id: taxId, representative_tax_id: representative }, what)
  }
  const named = await look({ 'firma.p12': makeP12({ pairs: [signer('APELLIDO NOMBRE - NIF 00000000T', { keyName: 'holder' })], passphrase: 'x' }) }, 'x')
  t.match(named.holder, { tax_id: '00000000T', country: 'ES' })
  const p12 = makeP12({ pairs: [signer('CEDULA', { keyName: 'holder', subject: [['2.5.4.5', '1710034065']] })], passphrase: 'x' })
  t.match(doubted(await look({ p12 }, 'x', { issuer: { country: 'EC', taxId: '1710034065001' } })), ['chain'], 'a cédula signs for its RUC')
  const stranger = await look({ p12 }, 'x', { issuer: { country: 'EC', taxId: '1790011674001' } })
  t.match([stranger.ok, doubted(stranger)], [true, ['issuer', 'chain']], 'another’s warns and does not block')
  t.match(failed(await look({ p12 }, 'x', { issuer: { country: 'MX', taxId: 'EKU9003173C9' } })), ['kind', 'issuer'])
})

const oidBytes = (id: string): Buffer => extendedKeyUsage(id).value.subarray(2)

t.test('a .p12 that costs too much, that holds too little, or that is not one', async t => {
  const pair = signer('ROUNDS')
  const heavy = makeP12({ pairs: [pair], passphrase: 'x', rounds: 5000 })
  t.match(sentence(await look({ heavy }, 'x', { limits: { maxRounds: 4999 } }), 'passphrase'), /too many rounds/)
  t.match(sentence(await look({ heavy }, 'x', { limits: { timeLimitMs: 1 } }), 'passphrase'), /did not open within/)
  t.equal((await look({ heavy }, 'x', { limits: { maxRounds: 5000 } })).ok, true)

  const p12 = makeP12({ pairs: [pair], passphrase: 'x' })
  const strangersKey = makeP12({ pairs: [{ ...pair, certificate: signer('ANOTHER').certificate }], passphrase: 'x' })
  t.match(sentence(await look({ 'firma.p12': strangersKey }, 'x'), 'pair'), /does not hold the certificate of its key/)
  t.match(sentence(await look({ 'firma.p12': p12.subarray(0, -10) }, 'x'), 'files'), /truncated/)
  const noMac = Buffer.from(p12)
  t.equal(noMac[1], 0x82)
  const authSafe = p12.subarray(4, 4 + 3 + 4 + p12.readUInt16BE(9))
  t.match(sentence(await look({ 'firma.p12': der(0x30, authSafe) }, 'x'), 'passphrase'), /lacks the code that proves/)
  t.match(sentence(await look({ 'firma.p12': der(0x30, der(2, Buffer.from([3])), der(0x30, Buffer.alloc(40))) }, 'x'), 'passphrase') || 'files', /lacks|files/)
})

t.test('an elliptic curve is refused with the reason', async t => {
  const key = ecKey()
  const certificate = makeCertificate({ subject: [['2.5.4.3', 'EC']], key, serial: Buffer.from([9]), validFrom: new Date('2025-01-01'), validTo: new Date('2030-01-01'), issuer: authority, extensions: [keyUsage('digitalSignature')] })
  const pkcs8 = key.privateKey.export({ type: 'pkcs8', format: 'der', cipher: 'aes-256-cbc', passphrase: 'x' })
  t.match(sentence(await look({ certificate, pkcs8 }, 'x'), 'key'), /is EC and this format is signed with RSA/)
  const file = readFileSync(path.join(import.meta.dirname, 'fixtures/ec.p12'))
  t.match(sentence(await look({ 'ec.p12': file }, 'contraseña'), 'key'), /is EC and this format is signed with RSA/)
})

t.test('RC2 with 40 bits, as authorities still write it, and modern files with accents', async t => {
  for (const [name, passphrase] of [['rc2-40.p12', 'contraseña'], ['aes-256.p12', 'contraseña'], ['rc2-40.p12', 'contrasen\u0303a']] as const) {
    const report = await look({ [name]: readFileSync(path.join(import.meta.dirname, 'fixtures', name)) }, passphrase)
    t.match([report.ok, report.kind, report.holder?.name], [true, 'p12', 'Pruebas Pasarela'], name)
  }
})

// --- the authorities’ own test certificates -------------------------------------------------------------------------------

t.test('the SAT’s own test pairs', oracle, async t => {
  const folder = path.join(data, 'cfdi/certs')
  const pairs: [string, Partial<Report>, string][] = [
    ['eku9003173c9-csd-2023', { ok: true, kind: 'csd', number: '30001000000500003416', days_left: 178 }, 'EKU9003173C9'],
    ['eku9003173c9-fiel-2023', { ok: false, kind: 'fiel', number: '30001000000500003415' }, 'EKU9003173C9'],
    ['jes900109q90-csd', { ok: false, kind: 'csd', number: '30001000000400002436' }, 'JES900109Q90'],
    ['lan7008173r5', { ok: false, kind: 'csd', number: '20001000000300022815' }, 'LAN7008173R5']
  ]
  for (const [name, expected, rfc] of pairs) {
    const files = Object.fromEntries(readdirSync(path.join(folder, name)).filter(file => /\.(cer|key)$/.test(file)).map(file => [file, readFileSync(path.join(folder, name, file))]))
    const report = await look(files, '12345678a')
    t.match(report, { ...expected, holder: { tax_id: rfc }, key: { algorithm: 'rsa', bits: 2048 } }, name)
    t.match(report.checks.at(-1), { name: 'signature', ok: true, en: /authority for tests/ }, name)
    if (name === 'jes900109q90-csd') t.equal((await look(files, '12345678a', { at: new Date('2020-06-01') })).ok, true, 'in its time')
  }
  const pfx = await look({ pfx: readFileSync(path.join(folder, 'eku9003173c9-csd-2023/EKU9003173C9.pfx')) }, '12345678a', { issuer: { country: 'MX', taxId: 'EKU9003173C9' } })
  t.match(pfx, { ok: true, kind: 'csd', number: '30001000000500003416' }, 'the same in a .pfx')
})

t.test('.p12 files of the field', oracle, async t => {
  const files: [string, string, Partial<Report>][] = [
    ['ecsri-signature.p12', '', { ok: true, holder: { name: 'ec-sri-invoice-sign', tax_id: null, country: null, representative_tax_id: null } }],
    ['facturae-php.p12', '1234', { ok: true, holder: { name: 'EIDAS CERTIFICADO PRUEBAS - 99999972C', tax_id: '99999972C', country: 'ES', representative_tax_id: null } }],
    ['modern.p12', 'prueba123', { ok: true, holder: { name: 'JUAN PEREZ sig', tax_id: '1710034065', country: 'EC', representative_tax_id: null } }],
    ['legacy-rc2.p12', 'prueba123', { ok: true }],
    ['twokeys.p12', 'prueba123', { ok: true, holder: { name: 'JUAN PEREZ sig', tax_id: '1710034065', country: 'EC', representative_tax_id: null } }]
  ]
  for (const [name, passphrase, expected] of files) {
    const bytes = readFileSync(path.join(data, 'p12', name))
    t.match(await look({ [name]: bytes }, passphrase), { kind: 'p12', ...expected }, name)
    t.match(failed(await look({ [name]: bytes }, 'not this')), ['passphrase'], name)
  }
})

// --- whatever the bytes -----------------------------------------------------------------------------------------------------

/** Bytes cut short, flipped, overwritten or put in. */
const damage = fc.array(fc.record({ at: fc.nat(), bit: fc.nat(7), kind: fc.constantFrom('flip', 'cut', 'set', 'insert') }), { minLength: 1, maxLength: 3 })

function damaged (bytes: Buffer, changes: { at: number, bit: number, kind: string }[]): Buffer {
  let result = Buffer.from(bytes)
  for (const { at, bit, kind } of changes) {
    const index = at % Math.max(1, result.length)
    if (kind === 'cut') result = result.subarray(0, index)
    else if (kind === 'insert') result = Buffer.concat([result.subarray(0, index), Buffer.from([bit * 31]), result.subarray(index)])
    else if (result.length > 0) result[index] = kind === 'flip' ? result[index]! ^ (1 << bit) : bit * 36
  }
  return result
}

/** It never throws, and what passes is the same certificate and the same key as before the damage (a spare bit may mean nothing). */
async function holds (files: PreflightFile[], passphrase: string, original: Pick<MadeCsd, 'cer' | 'privateKey'>): Promise<boolean> {
  const { report, material } = await preflight({ files, passphrase, at })
  if (!report.ok) return material === undefined && (report.checks.some(({ ok, severity }) => !ok && severity === 'error'))
  return material!.certificate.der.equals(original.cer) && material!.key.equals(original.privateKey)
}

t.test('a damaged certificate or key never passes for another, and never breaks the reader', async t => {
  const { cer, key, passphrase } = issued
  await fc.assert(fc.asyncProperty(damage, async changes => await holds(as({ cer: damaged(cer, changes), key, ca: sat.certificate }), passphrase, issued)), { numRuns: 200 })
  await fc.assert(fc.asyncProperty(damage, async changes => await holds(as({ cer, key: damaged(key, changes) }), passphrase, issued)), { numRuns: 200 })
  t.pass('400 damaged pairs')
})

t.test('every byte of a certificate counts', async t => {
  const { cer, passphrase } = issued
  // In clear, so that a thousand looks do not derive a thousand keys.
  const key = issued.privateKey.export({ type: 'pkcs8', format: 'der' })
  const passed: number[] = []
  for (let index = 0; index < cer.length; index++) {
    const changed = Buffer.from(cer)
    changed[index]! ^= 1 << (index % 8)
    if ((await look({ changed, key, ca: sat.certificate }, passphrase)).ok) passed.push(index)
  }
  t.same(passed, [])
})

t.test('a damaged .p12 never passes for another, and never breaks the reader', async t => {
  const p12 = makeP12({ pairs: [{ key: csd.privateKey, certificate: csd.cer }], passphrase: 'x', rounds: 1, algorithm: 'aes128' })
  await fc.assert(fc.asyncProperty(damage, async changes => await holds([{ name: 'p12', bytes: damaged(p12, changes) }], 'x', csd)), { numRuns: 15 })
  t.pass('15 damaged files')
})

t.test('any bytes at all get an answer', async t => {
  const header = fc.constantFrom(Buffer.alloc(0), Buffer.from([0x30, 0x82]), Buffer.from('3080020103', 'hex'), Buffer.from('-----BEGIN CERTIFICATE-----\n'), Buffer.from('30820100020103', 'hex'))
  await fc.assert(fc.asyncProperty(header, fc.uint8Array({ maxLength: 400 }), fc.string(), async (start, rest, passphrase) => {
    const report = await look({ file: Buffer.concat([start, rest]) }, passphrase)
    return !report.ok && failed(report).length > 0
  }), { numRuns: 30 })
  t.pass('30 files')
})
