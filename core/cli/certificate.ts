import type { Check, Report } from '../certificates/preflight.ts'
import { type Command, Refused, text, UsageError } from './command.ts'

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
    const at = momentOf(text(call, 'at'))
    const [{ readFile }, path, { preflight }] = await Promise.all([import('node:fs/promises'), import('node:path'), import('../certificates/preflight.ts')])
    const open = async (file: string): Promise<Buffer> => await readFile(file).catch((error: NodeJS.ErrnoException) => {
      throw new Refused(error.code === 'ENOENT' ? `${file} is not there` : `${file} cannot be read: ${error.code ?? error.message}`)
    })
    const passphraseFile = text(call, 'passphrase-file')
    const passphrase = passphraseFile === undefined ? '' : passphraseIn(await open(passphraseFile))
    const files = await Promise.all(call.args.map(async file => ({ name: path.basename(file), bytes: await open(file) })))
    const { report } = await preflight({ files, passphrase, at })

    const language = /^es/i.test(call.env.LC_ALL || call.env.LC_MESSAGES || call.env.LANG || '') ? 'es' : 'en'
    call.out.json({ files: call.args, ...report, checks: report.checks.map(check => ({ name: check.name, ok: check.ok, severity: check.severity, detail: check[language], es: check.es, en: check.en })) })
    for (const line of lines(report, language)) call.out.say(line)
    return report.ok ? 0 : 1
  }
}

function momentOf (at: string | undefined): Date {
  const date = at === undefined ? new Date() : new Date(at)
  if (Number.isNaN(date.getTime()) || (at !== undefined && !/^\d{4}-\d\d-\d\d/.test(at))) throw new UsageError('--at must be a date or a moment in ISO 8601, such as 2026-11-21 or 2026-11-21T10:00:00Z')
  return date
}

/** The first line, in UTF-8 or in what older editors write. */
function passphraseIn (bytes: Buffer): string {
  const plain = bytes.subarray(0, 3).equals(Buffer.from([0xef, 0xbb, 0xbf])) ? bytes.subarray(3) : bytes
  let whole: string
  try {
    whole = new TextDecoder('utf-8', { fatal: true }).decode(plain)
  } catch {
    whole = plain.toString('latin1')
  }
  return whole.split(/\r?\n/, 1)[0]!
}

const sign = ({ ok, severity }: Check): string => ok ? 'ok ' : severity === 'error' ? 'NO ' : '!  '

function lines (report: Report, language: 'es' | 'en'): string[] {
  const { ok, checks } = report
  const verdict = language === 'es' ? (ok ? 'Se puede usar.' : 'No se puede usar.') : ok ? 'It can be used.' : 'It cannot be used.'
  return [...checks.map(check => `${sign(check)} ${check.name.padEnd(10)}  ${check[language]}`), '', verdict]
}
