import { writeFileSync } from 'node:fs'
import path from 'node:path'
import t, { type Test } from 'tap'
import { makeCsd, makeP12, makeAuthority, type MadeCsd } from '../../test/support/csd.ts'
import { runCli } from './run.ts'

async function run (argv: string[], env: Record<string, string> = {}) {
  let stdout = ''
  let stderr = ''
  const code = await runCli(['certificate', ...argv], { env, stdout: text => { stdout += text }, stderr: text => { stderr += text } })
  return { code, stdout, stderr, json: argv.includes('--json') && stdout !== '' ? JSON.parse(stdout) : undefined }
}

function folder (t: Test, { cer, key, passphrase }: MadeCsd): { at: (name: string) => string, add: (name: string, bytes: Uint8Array | string) => string } {
  const root = t.testdir()
  const at = (name: string) => path.join(root, name)
  const add = (name: string, bytes: Uint8Array | string) => { writeFileSync(at(name), bytes); return at(name) }
  add('a.cer', cer)
  add('a.key', key)
  add('pass.txt', `${passphrase}\r\nnot this line\n`)
  return { at, add }
}

const csd = makeCsd({ rfc: 'EKU9003173C9', name: 'ESCUELA KEMPER URGATE' })
const fiel = makeCsd({ rfc: 'EKU9003173C9', name: 'ESCUELA KEMPER URGATE', kind: 'fiel' })

t.test('a certificate that can be used: 0, and one object with --json', async t => {
  const { at } = folder(t, csd)
  const files = [at('a.key'), at('a.cer'), '--passphrase-file', at('pass.txt')]
  const said = await run(files)
  t.match(said, { code: 0, stderr: '', stdout: /^ok {2}passphrase {2}The passphrase opens “a\.key”\.$/m })
  t.match(said.stdout, /It can be used\.\n$/)
  t.match((await run(files, { LANG: 'es_MX.UTF-8' })).stdout, /Se puede usar\.\n$/)
  const { code, stdout, json } = await run([...files, '--json'])
  t.match({ code, json }, { code: 0, json: { ok: true, kind: 'csd', number: csd.noCertificado, holder: { tax_id: 'EKU9003173C9' }, files: files.slice(0, 2), checks: [{ name: 'files', ok: true, detail: String, es: String, en: String }] } })
  t.equal(stdout.split('\n').length, 2, 'one line')
})

t.test('one that cannot: 1, and why', async t => {
  const { at, add } = folder(t, fiel)
  t.match(await run([at('a.cer'), at('a.key'), '--passphrase-file', at('pass.txt')]), { code: 1, stdout: /^NO {2}kind .*FIEL[^]*It cannot be used\.\n$/m })
  t.match(await run([at('a.cer'), at('a.key'), '--passphrase-file', add('wrong', 'x'), '--json']), { code: 1, json: { ok: false } })
  t.match(await run([at('a.cer'), at('a.key')]), { code: 1, stdout: /passphrase of “a\.key” is missing/ })
  t.match(await run([at('a.cer'), at('gone.key')]), { code: 1, stdout: '', stderr: /gone\.key is not there/ })
  t.match(await run([at('a.cer'), path.dirname(at('a.cer'))]), { code: 1, stdout: '', stderr: /cannot be read/ })
})

t.test('on a date', async t => {
  const { at } = folder(t, csd)
  const on = async (moment: string) => await run([at('a.cer'), at('a.key'), '--passphrase-file', at('pass.txt'), '--at', moment])
  t.match(await on('2023-12-31'), { code: 1, stdout: /begins on 2024-01-01/ })
  t.match(await on('2026-01-01T12:00:00-06:00'), { code: 0 })
  t.match(await on('2044-01-02'), { code: 1, stdout: /expired on 2044-01-01/ })
})

t.test('a .p12 with the CA bundle beside it, and a passphrase of another age', async t => {
  const authority = makeAuthority('CA')
  const made = makeCsd({ rfc: 'EKU9003173C9', name: 'X', issuer: authority, keyName: 'cli' })
  const { at, add } = folder(t, made)
  add('firma.p12', makeP12({ pairs: [{ key: made.privateKey, certificate: made.cer }], passphrase: 'contraseña' }))
  add('ca.crt', authority.certificate)
  for (const passphrase of [Buffer.from('contraseña'), Buffer.from('contraseña', 'latin1'), Buffer.from('\ufeffcontraseña\n')]) {
    t.match(await run([at('firma.p12'), at('ca.crt'), '--passphrase-file', add('p', passphrase)]), { code: 0, stdout: /ok {2}signature .*CA signed it/ })
  }
})

t.test('wrong use: 2', async t => {
  t.match(await run([]), { code: 2, stdout: '', stderr: /FILE is missing/ })
  for (const at of ['yesterday', '2026', '2026-13-41']) t.match(await run(['a.cer', '--at', at]), { code: 2, stderr: /--at must be/ }, at)
  t.match(await run(['a.cer', '--password', 'x']), { code: 2, stderr: /--password/ })
})
