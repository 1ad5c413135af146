import { spawnSync } from 'node:child_process'
import { readFileSync, writeFileSync } from 'node:fs'
import path from 'node:path'
import t, { type Test } from 'tap'
import { newAdapter } from '../scripts/new-adapter.ts'

const root = path.join(import.meta.dirname, '..')
const index = `import type { Adapter } from '../core/adapter/index.ts'
import stripe from './stripe/adapter.ts'

/** Every adapter that comes with the hub. */
export const adapters: readonly Adapter[] = [stripe]
`

/** A folder of adapters of its own, below the repository so that packages are found. */
function adaptersFolder (t: Test): string {
  return t.testdir({ 'index.ts': index, stripe: {} })
}

function run (file: string, ...args: string[]) {
  const { status, stdout, stderr } = spawnSync(process.execPath, [file, ...args], { cwd: root, encoding: 'utf8', env: { ...process.env, TAP: '1' } })
  return { status, stdout, stderr }
}

t.test('the command writes both families, and they type-check', async t => {
  const into = adaptersFolder(t)
  const wrote = run('scripts/new-adapter.ts', 'pay_less', '--into', into)
  t.match(wrote, { status: 0, stdout: /wrote .*pay_less\/adapter\.ts[\s\S]*added to index\.ts[\s\S]*adapter\.test\.ts/ })
  t.same(newAdapter({ id: 'timbres', family: 'invoicing', into }).files.sort(), ['QUIRKS.md', 'adapter.test.ts', 'adapter.ts', 'config.ts', 'simulator.ts', 'wire.ts'])
  t.equal(readFileSync(path.join(into, 'index.ts'), 'utf8'), `import type { Adapter } from '../core/adapter/index.ts'
import stripe from './stripe/adapter.ts'
import payLess from './pay_less/adapter.ts'
import timbres from './timbres/adapter.ts'

/** Every adapter that comes with the hub. */
export const adapters: readonly Adapter[] = [stripe, payLess, timbres]
`)
  for (const id of ['pay_less', 'timbres']) {
    const { default: adapter } = await import(path.join(into, id, 'adapter.ts')) as { default: { manifest: { id: string } } }
    t.equal(adapter.manifest.id, id, 'it loads, held to the contract')
    t.notMatch(readFileSync(path.join(into, id, 'simulator.ts'), 'utf8'), /acme/i, 'nothing of the template’s name is left')
  }
  writeFileSync(path.join(into, 'tsconfig.json'), JSON.stringify({ extends: path.join(root, 'tsconfig.json'), include: ['pay_less', 'timbres'], exclude: [] }))
  t.match(run('node_modules/typescript/bin/tsc', '--noEmit', '-p', into), { status: 0, stdout: '' })
})

const owed: Record<string, RegExp[]> = {
  payments: [/contract: every text is there/, /contract: sources are dated/, /payments: a payment by the approved method/, /amounts: /, /faults: create_payment, cut_after/, /webhooks: a true delivery passes/, /secrecy: scrub leaves the rest/],
  invoicing: [/contract: every text is there/, /invoicing: a document is issued/, /invoicing: a document is found/, /faults: issue, cut_after/, /faults: cancel_document, error_500/]
}
for (const [family, names] of Object.entries(owed)) {
  t.test(`a new adapter of ${family} runs in the suite and is told what it owes`, async t => {
    const into = adaptersFolder(t)
    const { folder } = newAdapter({ id: 'acme', family, into })
    const { status, stdout, stderr } = run(path.join(folder, 'adapter.test.ts'))
    t.equal(status, 1, 'it fails')
    t.notMatch(stderr, /Error/, 'it does not crash')
    const broken = stdout.split('\n').filter(line => line.startsWith('not ok'))
    for (const name of names) t.ok(broken.some(line => name.test(line)), String(name))
    t.match(stdout, /is not written yet/, 'in words')
    const kept = stdout.split('\n').filter(line => /^ok /.test(line))
    for (const name of [/the adapter keeps the contract/, /test\(\) recognises good credentials \(live\)/]) t.ok(kept.some(line => name.test(line)), `kept from the start: ${String(name)}`)
    t.match(stdout, new RegExp(`^1\\.\\.${broken.length + kept.length}$`, 'm'), 'every promise was asked for')
  })
}

t.test('what cannot be an adapter is refused, and nothing is written', async t => {
  const into = adaptersFolder(t)
  for (const id of ['Acme', '1pay', 'a', 'pay-less', '../x', 'x'.repeat(32), 'class', 'default', 'adapters', 'index', '']) {
    t.throws(() => newAdapter({ id, into }), { message: /id|word|file/ }, id)
  }
  t.throws(() => newAdapter({ id: 'stripe', into }), { message: /exists already/ })
  t.throws(() => newAdapter({ id: 'acme', family: 'shipping', into }), { message: /not a family/ })
  t.match(run('scripts/new-adapter.ts', 'stripe', '--into', into), { status: 1, stderr: /exists already/ })
  t.match(run('scripts/new-adapter.ts'), { status: 1, stderr: /^usage/ })
  t.match(run('scripts/new-adapter.ts', 'acme', '--colour'), { status: 1, stderr: /colour/ })
  t.equal(readFileSync(path.join(into, 'index.ts'), 'utf8'), index)
})

t.test('a list that looks otherwise is left alone', async t => {
  const into = t.testdir({ 'index.ts': 'export const adapters = load()\n' })
  const { listed, lines } = newAdapter({ id: 'acme', into })
  t.equal(listed, false)
  t.same(lines, ["import acme from './acme/adapter.ts'", 'acme'])
  t.equal(readFileSync(path.join(into, 'index.ts'), 'utf8'), 'export const adapters = load()\n')
})

t.test('a list of one entry a line stays so', async t => {
  const into = t.testdir({ 'index.ts': "import a from './a/adapter.ts'\n\nexport const adapters = [\n  a,\n  b\n]\n" })
  newAdapter({ id: 'acme', into })
  t.match(readFileSync(path.join(into, 'index.ts'), 'utf8'), '[\n  a,\n  b,\n  acme\n]\n')
})
