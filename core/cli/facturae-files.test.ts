import { readFileSync, writeFileSync } from 'node:fs'
import path from 'node:path'
import t from 'tap'
import { makeP12, madeKey } from '../../test/support/csd.ts'
import { temporaryFolder } from '../../test/support/folder.ts'
import { ask, oracle, oracleData } from '../fiscal/mx/fixtures/oracle.ts'
import { testSigner } from '../fiscal/xades/fixtures/signer.ts'
import { runCli } from './run.ts'

async function pasarela (...args: string[]): Promise<{ code: number | undefined, out: string, err: string }> {
  const [out, err]: [string[], string[]] = [[], []]
  const code = await runCli(args, { env: {}, stdout: text => { out.push(text) }, stderr: text => { err.push(text) } })
  return { code, out: out.join(''), err: err.join('') }
}

const { certificate, chain, root } = testSigner()
const pem = (der: Uint8Array): string => `-----BEGIN CERTIFICATE-----\n${Buffer.from(der).toString('base64').replace(/.{64}/g, '$&\n')}\n-----END CERTIFICATE-----\n`

const invoice = {
  country: 'ES',
  issuer: { name: 'Ejemplo, S.L.', tax_id: 'B65410011', address: { street: 'Calle Uno, 1', city: 'Málaga', postal_code: '29001' } },
  customer: { name: 'Ana Gil', tax_id: '93471790C', address: { street: 'Calle Dos, 2', city: 'Madrid', postal_code: '28001' } },
  lines: [{ description: 'Servicio', quantity: '1', unit_price: '100', taxes: [{ type: 'IVA', rate: '0.21' }] }]
}

t.test('a Facturae is signed and verified on files alone', async t => {
  const folder = temporaryFolder(t)
  const file = (name: string, content: string | Uint8Array): string => {
    const where = path.join(folder, name)
    writeFileSync(where, content)
    return where
  }
  const p12 = file('firma.p12', makeP12({ pairs: [{ key: madeKey('xades leaf xades').privateKey, certificate: certificate as Buffer }], passphrase: 'ñandú' }))
  const passphrase = file('pass.txt', 'ñandú\n')
  const [ca, rootOnly] = [file('ca.pem', chain!.map(pem).join('')), file('root.pem', pem(root))]
  const json = file('invoice.json', JSON.stringify(invoice))
  const shared = ['--p12', p12, '--passphrase-file', passphrase, '--time', '2026-11-21T10:00:00Z', '--random-seed', 's']

  const made = await pasarela('sign', 'facturae', ...shared, '--ca', ca, json)
  t.equal(made.code, 0, made.err)
  t.match(made.out, '<SigningTime>2026-11-21T11:00:00+01:00'.replace('<', '<xades:'))
  t.equal((await pasarela('sign', 'facturae', ...shared, '--ca', ca, json)).out, made.out, 'the same bytes')
  const signed = file('signed.xsig', made.out)
  const verified = await pasarela('verify', signed, '--json')
  t.equal(verified.code, 0)
  t.match(JSON.parse(verified.out), { kind: 'facturae', ok: true, unchecked: [], checks: Array })
  t.equal((await pasarela('verify', signed, '--ca', rootOnly)).code, 0)
  t.equal((await pasarela('verify', file('wrong.xsig', made.out.replace('>121.00<', '>122.00<')))).code, 1)
  t.match((await pasarela('validate', signed)).out, ': ok')

  const alone = await pasarela('sign', 'facturae', ...shared, json)
  t.match(alone.err, /FACe/, 'the missing chain is told')
  const said = await pasarela('verify', file('alone.xsig', alone.out))
  t.equal(said.code, 0)
  t.match(said.out, /\? {3}chain/)

  const again = await pasarela('sign', 'facturae', ...shared, signed)
  t.match([again.code, again.err], [1, /signed already/])
  t.equal((await pasarela('sign', 'facturae', ...shared, file('x.xml', '<a/>'))).code, 1)
  t.match((await pasarela('sign', 'facturae', ...shared, file('bad.json', JSON.stringify({ ...invoice, customer: { ...invoice.customer, tax_id: '93471790D' } })))).err, 'ES-FACTURAE-CUSTOMER-NIF')
  t.match(JSON.parse((await pasarela('validate', '--json', file('bad2.json', JSON.stringify({ ...invoice, lines: [{ ...invoice.lines[0], taxes: [] }] })))).out), { ok: false, kind: 'facturae', errors: [{ code: 'ES-FACTURAE-LINE-TAX', path: 'lines[0].taxes' }] })
  t.equal((await pasarela('sign', 'facturae', '--p12', p12, '--passphrase-file', file('no.txt', 'no'), json)).code, 1)
  t.equal((await pasarela('sign', 'facturae', '--cer', p12, json)).code, 2)
})

t.test('the files of the field sign, and others verify them', oracle('xmllint', 'xmlsec1'), async t => {
  const folder = temporaryFolder(t)
  const json = path.join(folder, 'invoice.json')
  writeFileSync(json, JSON.stringify(invoice))
  for (const [name, passphrase] of [['ecsri-signature.p12', ''], ['facturae-php.p12', '1234'], ['modern.p12', 'prueba123'], ['legacy-rc2.p12', 'prueba123'], ['twokeys.p12', 'prueba123']] as const) {
    writeFileSync(path.join(folder, 'pass.txt'), passphrase)
    const time = name === 'facturae-php.p12' ? '2025-01-15T10:00:00Z' : '2026-11-21T10:00:00Z'
    const { code, out, err } = await pasarela('sign', 'facturae', '--p12', oracleData('p12', name), '--passphrase-file', path.join(folder, 'pass.txt'), '--time', time, json)
    t.equal(code, 0, `${name}: ${err}`)
    const signed = path.join(folder, `${name}.xsig`)
    writeFileSync(signed, out)
    t.equal((await pasarela('verify', signed)).code, 0, name)
    ask('xmllint', ['--nonet', '--noout', '--schema', oracleData('facturae/xsd/Facturaev3_2_2.xsd'), signed])
    ask('xmlsec1', ['--verify', '--insecure', '--id-attr:Id', 'http://uri.etsi.org/01903/v1.3.2#:SignedProperties', '--id-attr:Id', 'http://www.w3.org/2000/09/xmldsig#:KeyInfo', signed])
  }
  t.equal((await pasarela('verify', oracleData('facturae/samples/face-official-sample-321.xsig'), oracleData('sri/samples/ecsri-invoice.signed.xml'))).code, 0)
  t.equal((await pasarela('verify', oracleData('facturae/samples/gobl-invoice-face.xml'))).code, 1)
  t.ok(readFileSync(json).length > 0)
})
