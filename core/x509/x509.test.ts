import { existsSync, readFileSync } from 'node:fs'
import path from 'node:path'
import fc from 'fast-check'
import t from 'tap'
import { basicConstraints, der, extendedKeyUsage, keyUsage, madeKey, makeAuthority, makeCertificate, makeCsd, nameOf, oid, sequence, utf8 } from '../../test/support/csd.ts'
import { chainOf, isIssuedBy, isSelfSigned, readCertificate } from './certificate.ts'
import { DerError, oidOf, readDer, textOf } from './der.ts'
import { attributes, readName, rfc2253, valueOf } from './names.ts'

const vectors = path.resolve(process.env.PASARELA_ORACLE_DATA ?? '../shared/data', 'vectors/issuer-dn.txt')

t.test('DER: one value, whole, and what is wrong with others', async t => {
  const value = sequence(utf8('a'), oid('1.2.840.113549.1.1.1'))
  t.same(readDer(value).children().map(({ tag }) => tag), [0x0c, 0x06])
  t.equal(oidOf(readDer(value).children()[1]!), '1.2.840.113549.1.1.1')
  for (const id of ['2.5.4.45', '1.3.6.1.4.1.37746.3.11', '0.9.2342.19200300.100.1.25', '2.999.3']) t.equal(oidOf(readDer(id === '2.999.3' ? Buffer.from('0603883703', 'hex') : oid(id))), id)
  const problem = (bytes: Uint8Array) => { try { readDer(bytes).children() } catch (error) { return (error as DerError).problem } }
  t.equal(problem(value.subarray(0, -1)), 'truncated')
  t.equal(problem(Buffer.concat([value, Buffer.from([0])])), 'trailing')
  t.equal(problem(Buffer.alloc(0)), 'truncated')
  t.equal(problem(Buffer.from('3080020103', 'hex')), 'malformed', 'an indefinite length')
  t.equal(problem(Buffer.from('1f810100', 'hex')), 'malformed', 'a long tag')
  t.equal(problem(Buffer.from('300305ff', 'hex')), 'truncated')
})

t.test('text in each string type', async t => {
  const text = (tag: number, bytes: Buffer) => textOf(readDer(der(tag, bytes)))
  t.equal(text(0x0c, Buffer.from('Ñandú')), 'Ñandú')
  t.equal(text(0x13, Buffer.from('Ñandú')), 'Ñandú', 'UTF-8 under another name, as the SAT writes it')
  t.equal(text(0x14, Buffer.from('Ñandú', 'latin1')), 'Ñandú')
  t.equal(text(0x1e, Buffer.from('Ñandú', 'utf16le').swap16()), 'Ñandú')
  t.equal(text(0x1c, Buffer.from('0001f60000000041', 'hex')), '😀A')
})

t.test('a name, as Java reads it back', async t => {
  const name = readName(readDer(nameOf([['2.5.4.6', 'EC'], ['1.2.840.113549.1.9.1', der(0x16, Buffer.from('a@b.ec'))], ['2.5.4.97', 'VATEC-1'], ['2.5.4.10', 'A, "B" + C\\D;<E>'], ['2.5.4.3', ' #x ']])))
  t.equal(rfc2253(name), 'CN=\\ #x\\ ,O=A\\, \\"B\\" \\+ C\\\\D\\;\\<E\\>,2.5.4.97=#0c0756415445432d31,1.2.840.113549.1.9.1=#1606614062' + '2e6563,C=EC')
  t.equal(valueOf(name, attributes.organizationIdentifier), 'VATEC-1')
  t.equal(valueOf(name, attributes.surname), undefined)
})

t.test('names of the field against what the JDK accepts', { skip: existsSync(vectors) ? false : `no reference data in ${vectors}` }, async t => {
  const blocks = readFileSync(vectors, 'utf8').split(/^file=/m).slice(1)
  t.ok(blocks.length >= 4)
  for (const block of blocks) {
    const field = (name: string) => new RegExp(`^ *${name.replace('+', '\\+')}=(.*)$`, 'm').exec(block)?.[1]
    t.equal(rfc2253(readName(readDer(Buffer.from(field('der')!, 'hex')))), field('rfc2253'), block.split('\n', 1)[0]!)
  }
})

t.test('a certificate’s names, uses and bytes', async t => {
  const { cer, noCertificado } = makeCsd({ rfc: 'EKU9003173C9', name: 'ESCUELA', kind: 'fiel' })
  const read = readCertificate(cer)
  t.ok(read.der.equals(cer))
  t.equal(read.serial.toString('latin1'), noCertificado)
  t.same([...read.keyUsage!], ['digitalSignature', 'nonRepudiation', 'dataEncipherment', 'keyAgreement'])
  t.same(read.extendedKeyUsage, ['1.3.6.1.5.5.7.3.4', '1.3.6.1.5.5.7.3.2'])
  t.same([read.ca, isSelfSigned(read)], [false, true])
  const key = madeKey('bare')
  const bare = readCertificate(makeCertificate({ subject: [], key, serial: Buffer.from([0x80]), validFrom: new Date('2026-01-01'), validTo: new Date('2060-01-01'), extensions: [extendedKeyUsage('1.2.3')] }))
  t.same([bare.serial.toString('hex'), bare.keyUsage, bare.validTo.toISOString()], ['80', undefined, '2060-01-01T00:00:00.000Z'])
})

t.test('the chain above a certificate, from what is at hand', async t => {
  const root = makeAuthority('Root')
  const middle = makeAuthority('Middle', { issuer: root })
  const leaf = readCertificate(makeCertificate({ subject: [['2.5.4.3', 'Leaf']], key: madeKey('leaf'), serial: Buffer.from([1]), validFrom: new Date('2026-01-01'), validTo: new Date('2030-01-01'), issuer: middle, extensions: [basicConstraints(false), keyUsage('digitalSignature')] }))
  const [top, mid, namesake] = [root, middle, makeAuthority('Other')].map(({ certificate }) => readCertificate(certificate)) as [typeof leaf, typeof leaf, typeof leaf]
  const titles = (pool: typeof leaf[]) => { const { chain, complete } = chainOf(leaf, pool); return [chain.map(({ subject }) => valueOf(subject, attributes.commonName)), complete] }
  t.same(titles([top, leaf, namesake, mid]), [['Middle', 'Root'], true])
  t.same(titles([mid, namesake]), [['Middle'], false])
  t.same(titles([top]), [[], false])
  t.same([isIssuedBy(leaf, mid), isIssuedBy(leaf, top), mid.ca], [true, false, true])
})

t.test('whatever the bytes, it is read or refused', async t => {
  const { cer } = makeCsd({ rfc: 'EKU9003173C9', name: 'ESCUELA', kind: 'fiel' })
  const refuses = (bytes: Uint8Array) => {
    try {
      readCertificate(bytes)
    } catch (error) {
      if (!(error instanceof DerError)) throw error
    }
  }
  fc.assert(fc.property(fc.array(fc.tuple(fc.nat(cer.length - 1), fc.nat(255)), { minLength: 1, maxLength: 4 }), changes => {
    const bytes = Buffer.from(cer)
    for (const [at, value] of changes) bytes[at] = value
    refuses(bytes)
  }), { numRuns: 2000 })
  fc.assert(fc.property(fc.uint8Array({ maxLength: 300 }), bytes => { refuses(bytes) }), { numRuns: 1000 })
  t.pass('3000 readings')
})
