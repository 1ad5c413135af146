import { readFileSync, writeFileSync } from 'node:fs'
import path from 'node:path'
import fc from 'fast-check'
import t, { type Test } from 'tap'
import { makeCsd } from '../../test/support/csd.ts'
import { buildCfdi } from '../fiscal/mx/build.ts'
import { comprobantes } from '../fiscal/mx/fixtures/arbitrary.ts'
import { testCsd } from '../fiscal/mx/fixtures/csd.ts'
import { oracle, oracleData } from '../fiscal/mx/fixtures/oracle.ts'
import { signCancellation } from '../fiscal/mx/cancellation.ts'
import { writeXml } from '../fiscal/xml/write.ts'
import { runCli } from './run.ts'

interface Ran { code: number | undefined, stdout: string, stderr: string, lines: any[] }

async function run (argv: string[], env: Record<string, string> = {}): Promise<Ran> {
  let stdout = ''
  let stderr = ''
  const code = await runCli(argv, { env, stdout: text => { stdout += text }, stderr: text => { stderr += text } })
  return { code, stdout, stderr, lines: argv.includes('--json') ? stdout.split('\n').filter(Boolean).map(line => JSON.parse(line)) : [] }
}

const [sample] = fc.sample(comprobantes, { numRuns: 1, seed: 5 })
const csd = makeCsd({ rfc: 'EKU9003173C9', name: 'ESCUELA KEMPER URGATE SA DE CV' })

/** A folder with a CSD, its passphrase and a document without seal. */
function folder (t: Test) {
  const at = (name: string) => path.join(dir, name)
  const dir = t.testdir({})
  writeFileSync(at('csd.cer'), csd.cer)
  writeFileSync(at('csd.key'), csd.key)
  writeFileSync(at('passphrase'), `${csd.passphrase}\r\n`)
  writeFileSync(at('factura.xml'), writeXml({ root: buildCfdi(sample!), before: [], after: [] }))
  return { at, pair: ['--cer', at('csd.cer'), '--key', at('csd.key'), '--passphrase-file', at('passphrase')] }
}

const invoice = {
  country: 'MX',
  issuer: { name: 'ESCUELA KEMPER URGATE', tax_id: 'EKU9003173C9', address: { postal_code: '22000' }, mx: { regime: '601' } },
  customer: { name: 'CLIENTE', tax_id: 'XAXX010101000' },
  payment: { form: '01' },
  lines: [{ description: 'Café ñandú', quantity: '1', unit_price: '100', taxes: [{ type: 'IVA', rate: '0.16' }], mx: { product_key: '50201706', unit_key: 'H87' } }]
}

t.test('an XML is sealed, verifies, and has its cadena', async t => {
  const { at, pair } = folder(t)
  const sealed = await run(['sign', 'cfdi', ...pair, at('factura.xml')])
  t.match(sealed, { code: 0, stderr: '' })
  writeFileSync(at('sellado.xml'), sealed.stdout)
  t.match(await run(['verify', at('sellado.xml')]), { code: 0, stdout: /cfdi40: ok\n/, stderr: '' })
  const { lines: [json] } = await run(['sign', 'cfdi', '--json', ...pair, at('factura.xml')])
  t.match(json, { ok: true, kind: 'cfdi40', no_certificado: csd.noCertificado, xml: sealed.stdout })
  t.equal((await run(['cadena', at('sellado.xml')])).stdout, json.cadena, 'the exact bytes, without a line end')
  t.same((await run(['cadena', '--json', at('sellado.xml')])).lines, [{ file: at('sellado.xml'), ok: true, cadena: json.cadena }])
  t.equal((await run(['cadena', at('sellado.xml'), at('sellado.xml')])).stdout, `${json.cadena}\n${json.cadena}`)
})

t.test('an invoice as JSON is computed, dated and sealed', async t => {
  const { at, pair } = folder(t)
  writeFileSync(at('invoice.json'), `\ufeff${JSON.stringify(invoice)}`)
  const sealed = await run(['sign', 'cfdi', ...pair, '--time', '2026-07-01T06:30:00Z', '--random-seed', 'x', at('invoice.json')])
  t.match(sealed, { code: 0, stdout: / Fecha="2026-06-30T23:30:00" .* Total="116.00" .*Descripcion="Café ñandú"/ })
  t.match(await run(['sign', 'cfdi', ...pair, '--time', '2026-07-01T06:30:00Z', '--zone', 'America/Mexico_City', at('invoice.json')]), { stdout: / Fecha="2026-06-30T23:30:00"/ }, 'its Fecha is said in the zone of its place')
  writeFileSync(at('bad.json'), JSON.stringify({ ...invoice, lines: [{ ...invoice.lines[0], price: '1' }] }))
  t.match(await run(['sign', 'cfdi', ...pair, at('bad.json')]), { code: 1, stdout: '', stderr: /There is no field lines\[0\]\.price\./ })
  t.match(await run(['sign', 'cfdi', ...pair, at('bad.json')], { LANG: 'es_MX.UTF-8' }), { stderr: /No existe el campo lines\[0\]\.price\./ })
})

t.test('what cannot be sealed says why', async t => {
  const { at, pair } = folder(t)
  const other = makeCsd({ rfc: 'COSC8001137NA', name: 'CESAR' })
  const fiel = makeCsd({ rfc: 'EKU9003173C9', name: 'E', kind: 'fiel' })
  for (const [name, { cer, key }] of Object.entries({ other, fiel })) {
    writeFileSync(at(`${name}.cer`), cer)
    writeFileSync(at(`${name}.key`), key)
  }
  writeFileSync(at('wrong'), 'x')
  const by = async (cer: string, key: string, passphrase = 'passphrase', file = 'factura.xml') => await run(['sign', 'cfdi', '--cer', at(cer), '--key', at(key), '--passphrase-file', at(passphrase), at(file)])
  t.match(await by('fiel.cer', 'fiel.key'), { code: 1, stdout: '', stderr: /FIEL/ })
  t.match(await by('other.cer', 'other.key'), { code: 1, stdout: '', stderr: /EKU9003173C9/ })
  t.match(await by('csd.cer', 'other.key'), { code: 1, stdout: '' })
  t.match(await by('csd.cer', 'csd.key', 'wrong'), { code: 1, stdout: '' })
  t.match(await by('csd.cer', 'csd.key', 'passphrase', 'none.xml'), { code: 1, stderr: /is not there/ })
  t.match(await by('csd.cer', 'csd.key', 'passphrase', 'wrong'), { code: 1, stderr: /line 1, column 1/ })
  const xml = readFileSync(at('factura.xml'), 'utf8')
  writeFileSync(at('nuevo.xml'), xml.replace(/(<cfdi:Complemento>|(?=<\/cfdi:Comprobante>))/, found => found === '' ? '<cfdi:Complemento><n:Nuevo xmlns:n="urn:nuevo"/></cfdi:Complemento>' : `${found}<n:Nuevo xmlns:n="urn:nuevo"/>`))
  t.match(await by('csd.cer', 'csd.key', 'passphrase', 'nuevo.xml'), { code: 1, stdout: '', stderr: /n:Nuevo \(urn:nuevo\) is not known/ })
  t.match(await run(['cadena', at('nuevo.xml'), at('factura.xml')]), { code: 1, stdout: /^\|\|4\.0/, stderr: /n:Nuevo/ }, 'the other file is done')
  t.match((await run(['verify', '--json', at('nuevo.xml')])).lines[0], { ok: false, checks: [{ name: 'structure' }, { name: 'cadena', ok: false }] })

  for (const argv of [['sign', 'cfdi', at('factura.xml')], ['sign', 'cfdi', '--cer', 'x', at('factura.xml')], ['sign', 'cfdi', '--p12', 'x', '--cer', 'x', at('factura.xml')], ['sign', 'cfdi', ...pair], ['sign', 'cfdi', ...pair, '--time', 'ayer', at('factura.xml')], ['sign', 'cfdi', ...pair, '--zone', 'Marte', at('factura.xml')], ['verify'], ['cadena']]) {
    t.equal((await run(argv)).code, 2, argv.join(' '))
  }
})

t.test('verify says of each file what it is', async t => {
  const { at, pair } = folder(t)
  writeFileSync(at('sellado.xml'), (await run(['sign', 'cfdi', ...pair, at('factura.xml')])).stdout)
  writeFileSync(at('cambiado.xml'), readFileSync(at('sellado.xml'), 'utf8').replace(/ Total="[^"]+"/, ' Total="1.00"'))
  writeFileSync(at('cancelacion.xml'), await signCancellation({ issuerRfc: 'EKU9003173C9', folios: [{ uuid: '62B00C5E-4187-4336-B569-44E0030DC729', motive: '02' }], at: new Date() }, testCsd()))
  writeFileSync(at('cfdi33.xml'), '<cfdi:Comprobante xmlns:cfdi="http://www.sat.gob.mx/cfd/3" Version="3.3"/>')
  writeFileSync(at('otro.xml'), '<otro/>')
  writeFileSync(at('texto'), 'x')
  const names = ['sellado.xml', 'factura.xml', 'cambiado.xml', 'cancelacion.xml', 'cfdi33.xml', 'otro.xml', 'texto', 'nada']
  const { code, lines } = await run(['verify', '--json', ...names.map(at)])
  t.equal(code, 1)
  t.same(lines.map(({ kind, ok, checks }) => [kind, ok, checks.filter((check: any) => !check.ok).map((check: any) => check.name).join()]), [
    ['cfdi40', true, ''], ['cfdi40', false, 'seal'], ['cfdi40', false, 'seal'], ['cancelacion', true, ''], ['unknown', false, 'kind'], ['unknown', false, 'kind'], ['unknown', false, 'xml'], ['unknown', false, 'file']
  ])
  for (const { checks } of lines) t.ok(checks.every((check: any) => typeof check.detail === 'string' && check.detail !== ''))
  t.match((await run(['verify', at('cambiado.xml')], { LANG: 'es_MX' })).stdout, /NO {2}seal +El sello no corresponde/)
})

t.test('the certificate of a PAC, of its test environment or given', oracle(), async t => {
  const file = oracleData('cfdi/sealed/satcfdi-test_finkok_stamp.xml')
  t.match((await run(['verify', '--json', file])).lines[0], { ok: true, fiscal_id: '1E5A6E1B-9C1B-5319-BFED-123BD143A310', unchecked: [] })
  t.equal((await run(['cadena', '--tfd', file])).stdout, readFileSync(file.replace('.xml', '.tfd-cadena.txt'), 'utf8'))
  t.match(await run(['cadena', '--tfd', oracleData('cfdi/sealed/sw-node-file.xml')]), { code: 1, stderr: /not stamped/ })
  t.match(await run(['verify', '--pac-cer', oracleData('cfdi/certs/pac-sat-test/30001000000500003456.cer'), file]), { code: 0 })
  t.match(await run(['verify', '--pac-cer', file, file]), { code: 1, stderr: /holds no certificate/ })
  const pair = oracleData('cfdi/certs/eku9003173c9-csd-2023/EKU9003173C9')
  const dir = t.testdir({ passphrase: '12345678a' })
  const again = await run(['sign', 'cfdi', '--json', '--p12', `${pair}.pfx`, '--passphrase-file', path.join(dir, 'passphrase'), oracleData('cfdi/sealed/sw-node-file.xml')])
  t.equal(again.lines[0].sello, / Sello="([^"]+)"/.exec(readFileSync(oracleData('cfdi/sealed/sw-node-file.xml'), 'utf8'))![1], 'sealed again bit by bit')
})
