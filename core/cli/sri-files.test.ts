import { readFileSync, writeFileSync } from 'node:fs'
import path from 'node:path'
import t, { type Test } from 'tap'
import { makeSriSignature, ruc } from '../../test/support/ecuador.ts'
import { ask, oracle, oracleData } from '../fiscal/mx/fixtures/oracle.ts'
import { verifyXades } from '../fiscal/xades/verify.ts'
import { runCli } from './run.ts'

async function run (argv: string[], env: Record<string, string> = {}) {
  let [stdout, stderr] = ['', '']
  const code = await runCli(argv, { env, stdout: text => { stdout += text }, stderr: text => { stderr += text } })
  return { code, stdout, stderr, lines: argv.includes('--json') ? stdout.split('\n').filter(Boolean).map(line => JSON.parse(line) as any) : [] }
}

const invoice = {
  country: 'EC',
  issuer: { name: 'HOTEL LOS ÑANDÚES S.A.', tax_id: ruc, address: { street: 'Av. Amazonas', city: 'Quito' }, ec: { keeps_accounting: true } },
  customer: { name: 'Comercial Andina', tax_id: '1790011674001' },
  lines: [{ description: 'Hospedaje', quantity: '2', unit_price: '50', taxes: [{ type: 'IVA', rate: '0.15' }] }],
  payment: { form: '20' },
  series: '001-002',
  number: '7'
}

function folder (t: Test) {
  const dir = t.testdir({ passphrase: 'prueba123\n', 'invoice.json': JSON.stringify(invoice) })
  const at = (name: string): string => path.join(dir, name)
  writeFileSync(at('firma.p12'), makeSriSignature().p12)
  return { at, by: ['--p12', at('firma.p12'), '--passphrase-file', at('passphrase'), '--time', '2026-11-21T15:00:00Z'] }
}

t.test('a JSON is computed, built, signed and verifies; an XML is signed as it is', async t => {
  const { at, by } = folder(t)
  const signed = await run(['sign', 'sri', ...by, '--random-seed', 'x', at('invoice.json')])
  t.match(signed, { code: 0, stderr: '' })
  t.match(signed.stdout, /^<\?xml .*<factura id="comprobante" version="1\.1\.0">.*<secuencial>000000007<.*<importeTotal>115\.00<.*<ds:Signature/s)
  t.match(await verifyXades(Buffer.from(signed.stdout)), { ok: true, kind: 'sri' })
  t.equal((await run(['sign', 'sri', ...by, '--random-seed', 'x', at('invoice.json')])).stdout, signed.stdout, 'the same seed, the same bytes')
  t.not((await run(['sign', 'sri', ...by, at('invoice.json')])).stdout, signed.stdout)
  writeFileSync(at('factura.xml'), signed.stdout.replace(/<ds:Signature .*<\/ds:Signature>/s, ''))
  const { lines: [json] } = await run(['sign', 'sri', '--json', '--sha256', ...by, at('factura.xml')])
  t.match(json, { ok: true, kind: 'sri', xml: /xmldsig-more#rsa-sha256/ })
  writeFileSync(at('firmada.xml'), signed.stdout)
  t.match(await run(['sign', 'sri', ...by, at('firmada.xml')]), { code: 1, stdout: '', stderr: /signed already/ })
  t.match((await run(['validate', '--json', '--time', '2026-11-21T15:00:00Z', at('firmada.xml'), at('factura.xml'), at('invoice.json')])).lines, [{ ok: true, kind: 'sri' }, { ok: true }, { ok: true }])
})

t.test('what cannot be signed says why', async t => {
  const { at, by } = folder(t)
  const other = (name: string, changes: object): string => {
    writeFileSync(at(name), JSON.stringify({ ...invoice, ...changes }))
    return at(name)
  }
  t.match(await run(['sign', 'sri', ...by, other('eur.json', { currency: 'EUR' })]), { code: 1, stdout: '', stderr: /EC-CURRENCY/ })
  t.match(await run(['sign', 'sri', ...by, other('rate.json', { lines: [{ ...invoice.lines[0], taxes: [{ type: 'IVA', rate: '0.16' }] }] })]), { code: 1, stderr: /no IVA of 16 %/ })
  t.match(await run(['sign', 'sri', ...by, other('field.json', { nada: 1 })]), { code: 1, stderr: /nada/ })
  t.match((await run(['validate', '--json', '--time', '2026-11-21T15:00:00Z', at('eur.json'), at('rate.json'), at('field.json')])).lines, [{ ok: false, errors: [{ code: 'EC-CURRENCY', path: 'currency' }] }, { ok: false, errors: [{ code: 'tax_not_supported' }] }, { ok: false, errors: [{ code: 'structure' }] }])
  writeFileSync(at('otro.xml'), '<otro/>')
  t.match(await run(['sign', 'sri', ...by, at('otro.xml')]), { code: 1, stderr: /no comprobante/ })
  writeFileSync(at('passphrase'), 'x')
  t.match(await run(['sign', 'sri', ...by, at('invoice.json')]), { code: 1, stdout: '' })
  for (const argv of [['sign', 'sri', at('invoice.json')], ['sign', 'sri', '--p12', 'x', '--cer', 'x', at('invoice.json')], ['sign', 'sri', ...by, '--time', 'ayer', at('invoice.json')]]) t.equal((await run(argv)).code, 2)
})

t.test('the samples, by the codes of recepción and by xmlsec1', oracle('xmlsec1'), async t => {
  const { at, by } = folder(t)
  const { lines } = await run(['validate', '--json', '--time', '2024-04-19T15:00:00Z', oracleData('sri/samples/ecsri-invoice.xml')])
  t.match(lines[0], { kind: 'sri', errors: [{ code: '58' }] }, 'its clave’s own digit is wrong in the sample')
  writeFileSync(at('nc.xml'), (await run(['sign', 'sri', ...by, oracleData('sri/samples/ecsri-credit-note.xml')])).stdout)
  ask('xmlsec1', ['--verify', '--insecure', '--id-attr:id', 'notaCredito', '--id-attr:Id', 'http://uri.etsi.org/01903/v1.3.2#:SignedProperties', '--id-attr:Id', 'http://www.w3.org/2000/09/xmldsig#:KeyInfo', at('nc.xml')])
  t.match(readFileSync(at('nc.xml'), 'utf8'), /<ds:SignatureValue/)
})
