import { writeFileSync } from 'node:fs'
import path from 'node:path'
import t, { type Test } from 'tap'
import { buildCfdi } from '../fiscal/mx/build.ts'
import type { Comprobante } from '../fiscal/mx/model.ts'
import { income, plain } from '../fiscal/mx/rules/fixtures/valid.ts'
import { writeXml } from '../fiscal/xml/write.ts'
import { runCli } from './run.ts'

const time = ['--time', '2026-11-20T18:00:00Z']

async function run (argv: readonly string[], env: Record<string, string> = {}): Promise<{ code: number | undefined, stdout: string, stderr: string, lines: any[] }> {
  let [stdout, stderr] = ['', '']
  const code = await runCli(['validate', ...argv], { env, stdout: text => { stdout += text }, stderr: text => { stderr += text } })
  return { code, stdout, stderr, lines: argv.includes('--json') ? stdout.split('\n').filter(line => line !== '').map(line => JSON.parse(line)) : [] }
}

function files (t: Test, texts: Record<string, string | object>): (name: string) => string {
  const folder = t.testdir()
  for (const [name, text] of Object.entries(texts)) writeFileSync(path.join(folder, name), typeof text === 'string' ? text : JSON.stringify(text))
  return name => path.join(folder, name)
}

const xml = (model: Comprobante): string => writeXml({ root: buildCfdi(model), before: [], after: [] })
const invoice = {
  country: 'MX', currency: 'MXN', issued_at: '2026-11-20T17:30:00Z',
  issuer: { name: 'ESCUELA KEMPER URGATE', tax_id: 'EKU9003173C9', address: { postal_code: '20000' }, mx: { regime: '601' } },
  customer: { name: 'UNIVERSIDAD ROBOTICA ESPAÑOLA', tax_id: 'URE180429TM6', address: { postal_code: '86991' }, mx: { regime: '601', cfdi_use: 'G03' } },
  lines: [{ description: 'Libro', quantity: '1', unit_price: '100.00', taxes: [{ type: 'IVA', rate: '0.16' }], mx: { product_key: '01010101', unit_key: 'H87' } }],
  payment: { method: 'PUE', form: '03' }
}

t.test('one JSON object a file; 0 when no rule is broken', async t => {
  const file = files(t, { 'a.xml': xml(income()), 'b.json': income(), 'c.json': invoice, 'bom.xml': `\ufeff${xml(plain())}` })
  const names = ['a.xml', 'b.json', 'c.json', 'bom.xml'].map(file)
  const { code, lines, stderr } = await run([...names, '--json', ...time])
  t.same([code, stderr], [0, ''])
  t.same(lines, names.map(file => ({ file, ok: true, kind: 'cfdi40', errors: [], warnings: [] })))
})

t.test('broken rules have their code, place and sentence; 1', async t => {
  const bad = { ...plain(), SubTotal: '100.01', Emisor: { ...plain().Emisor, Nombre: 'ESCUELA SA DE CV' } }
  const file = files(t, { 'good.xml': xml(plain()), 'bad.xml': xml(bad), 'bad.json': bad, 'invoice.json': { ...invoice, customer: { ...invoice.customer, mx: { regime: '601', cfdi_use: 'D01' } } } })
  const { code, lines } = await run(['good.xml', 'bad.xml', 'bad.json', 'invoice.json'].map(file).concat('--json', ...time), { LANG: 'es_MX.UTF-8' })
  t.equal(code, 1)
  t.same(lines.map(({ ok, errors }) => [ok, errors.map(({ code, path }: Record<string, string>) => `${code} ${path}`)]), [
    [true, []], [false, ['CFDI40108 SubTotal', 'CFDI40119 Total']], [false, ['CFDI40108 SubTotal', 'CFDI40119 Total']], [false, ['CFDI40161 Receptor.UsoCFDI']]
  ])
  t.match(lines[1], { errors: [{ message: 'SubTotal dice 100.01; la suma de los importes de los conceptos, redondeada, es 100.00.' }], warnings: [{ code: 'CFDI40139', message: /^Quite "SA DE CV"/ }] })
  const { stdout } = await run([file('bad.xml'), ...time])
  t.match(stdout, /bad\.xml: 2 errors\n {2}CFDI40108 {2}SubTotal says 100\.01.* \[SubTotal\]\n[^]*CFDI40139 \(warning\)/)
  t.match((await run([file('bad.xml'), ...time], { LC_ALL: 'es_ES' })).stdout, /2 errores/)
})

t.test('the clock and the zone are arguments', async t => {
  const file = files(t, { 'a.xml': xml(plain()) })('a.xml')
  t.match(await run([file, '--json', '--time', '2026-11-23T17:30:00Z']), { code: 0 })
  t.match(await run([file, '--json', '--time', '2026-11-23T17:30:01Z']), { code: 1, lines: [{ errors: [{ code: '401', path: 'Fecha' }] }] })
  t.match(await run([file, '--json', ...time, '--zone', 'America/Tijuana']), { code: 1, lines: [{ errors: [{ code: '401' }] }] })
})

t.test('what cannot be read is said of that file, and the others are judged', async t => {
  const file = files(t, { 'broken.xml': '<cfdi:Comprobante', 'other.xml': '<otra id="comprobante"/>', 'list.json': [], 'text.txt': 'hola', 'empty.xml': '', 'odd.json': { a: 1 }, 'half.json': { country: 'MX' }, 'sat.json': { TipoDeComprobante: 'I', Conceptos: 7 }, 'good.xml': xml(plain()) })
  const names = ['broken.xml', 'other.xml', 'list.json', 'text.txt', 'empty.xml', 'odd.json', 'half.json', 'sat.json', 'gone.xml', 'good.xml'].map(file)
  const { code, lines } = await run([...names, '--json', ...time])
  t.equal(code, 1)
  t.same(lines.map(({ ok, errors }) => ok ? 'ok' : errors[0].code), ['301', 'unknown_kind', 'unreadable', 'unreadable', 'unreadable', 'unknown_kind', 'CFDI40999', 'CFDI40999', 'unreadable', 'ok'])
  t.match(lines[7].errors.map(({ path }: { path: string }) => path), ['Version', 'Fecha'])
})

t.test('wrong use', async t => {
  t.match(await run([]), { code: 2, stdout: '', stderr: /FILE is missing/ })
  t.match(await run(['a.xml', '--time', 'soon']), { code: 2, stdout: '', stderr: /--time/ })
  t.match(await run(['a.xml', '--zone', 'Mexico']), { code: 2, stdout: '', stderr: /--zone/ })
})
