import type { Check, Report } from '../certificates/preflight.ts'
import { type Command, text } from './command.ts'
import { languageOf, momentOf, passphraseIn, readInput } from './files.ts'

export const certificate: Command = {
  name: 'certificate',
  group: 'Files',
  summary: 'Look at a certificate and its key before they are uploaded',
  about: [
    'Takes the .cer and .key of a CSD, or a .p12 (with the CA bundle of its authority, if there is one), in any order and under any name, and says of each thing what it found: whether the pair matches, the passphrase opens it, whose it is, CSD or FIEL, valid on a date, strong enough.',
    'Nothing is kept and nothing is sent; it needs no server and no database. It ends with 0 when the certificate can be used, and with 1 when it cannot. Sentences are Spanish where LANG is.'
  ],
  args: { name: 'FILE', min: 1, max: 20 },
  options: {
    'passphrase-file': { value: 'F', help: 'file that holds the passphrase on its first line; an empty passphrase when left out' },
    at: { value: 'ISO', help: 'date of issue that it must be valid on, such as 2026-11-21; now when left out' }
  },
  examples: [
    { line: 'certificate csd.cer csd.key --passphrase-file passphrase.txt', what: 'a CSD of the SAT' },
    { line: 'certificate firma.p12 ca.pem --passphrase-file passphrase.txt --json', what: 'a signature certificate and its chain' }
  ],
  run: async call => {
    const at = momentOf('at', text(call, 'at'))
    const [path, { preflight }] = await Promise.all([import('node:path'), import('../certificates/preflight.ts')])
    const passphraseFile = text(call, 'passphrase-file')
    const passphrase = passphraseFile === undefined ? '' : passphraseIn(await readInput(passphraseFile))
    const files = await Promise.all(call.args.map(async file => ({ name: path.basename(file), bytes: await readInput(file) })))
    const { report } = await preflight({ files, passphrase, at })

    const language = languageOf(call.env)
    call.out.json({ files: call.args, ...report, checks: report.checks.map(check => ({ name: check.name, ok: check.ok, severity: check.severity, detail: check[language], es: check.es, en: check.en })) })
    for (const line of lines(report, language)) call.out.say(line)
    return report.ok ? 0 : 1
  }
}

const sign = ({ ok, severity }: Check): string => ok ? 'ok ' : severity === 'error' ? 'NO ' : '!  '

function lines (report: Report, language: 'es' | 'en'): string[] {
  const { ok, checks } = report
  const verdict = language === 'es' ? (ok ? 'Se puede usar.' : 'No se puede usar.') : ok ? 'It can be used.' : 'It cannot be used.'
  return [...checks.map(check => `${sign(check)} ${check.name.padEnd(10)}  ${check[language]}`), '', verdict]
}
