import type { XadesProfile } from '../fiscal/xades/profiles.ts'
import type { Signable } from '../fiscal/xades/sign.ts'
import type { TaxCountry } from '../tax-ids.ts'
import { type Call, type Command, type Option, Refused, text, UsageError } from './command.ts'
import { languageOf, momentOf, passphraseIn, readInput } from './files.ts'

/** What one kind of document with a XAdES signature is signed as. */
export interface XadesKind extends Pick<Command, 'name' | 'summary' | 'about' | 'examples'> {
  kind: string
  country: TaxCountry
  /** Beside those that all kinds have. */
  options?: Record<string, Option>
  /** The unsigned document that a file holds, as XML or computed from JSON. `seed` stands for everything that is random. */
  read: (bytes: Buffer, made: { at: Date, seed: string }) => Promise<{ document: Signable, taxId: string, zone: string }>
  profile: (call: Call) => Promise<XadesProfile>
}

/** The command that signs it: looks at the certificate, signs, and writes only what another code path verifies. */
export function signXadesCommand ({ kind, country, options = {}, read, profile, ...words }: XadesKind): Command {
  return {
    ...words,
    group: 'Files',
    args: { name: 'FILE', min: 1, max: 1 },
    options: {
      p12: { value: 'F', help: 'certificate and key in one file (.p12 or .pfx)' },
      cer: { value: 'F', help: 'the certificate alone, with --key, instead of --p12' },
      key: { value: 'F', help: 'its private key' },
      ca: { value: 'F', help: 'certificates of its authorities (DER or PEM), where the .p12 lacks the chain' },
      'passphrase-file': { value: 'F', help: 'file that holds the passphrase on its first line; an empty passphrase when left out' },
      time: { value: 'ISO', help: 'SigningTime, and the date of issue of a JSON; now when left out' },
      'random-seed': { value: 'S', help: 'makes everything that is random the same each time' },
      ...options
    },
    run: async call => {
      const [file] = call.args as [string]
      const given = ['cer', 'key', 'p12', 'ca'].map(name => [name, text(call, name)] as const).filter((pair): pair is readonly ['p12', string] => pair[1] !== undefined)
      const has = (name: string): boolean => given.some(([given]) => given === name)
      if (has('p12') ? has('cer') || has('key') : !has('cer') || !has('key')) throw new UsageError('give --p12, or --cer and --key')
      const [path, { createHash, randomUUID, sign }, { preflight }, { signVerified }, { FiscalError }, { HubError }, { XmlError }] = await Promise.all([
        import('node:path'), import('node:crypto'), import('../certificates/preflight.ts'), import('../fiscal/xades/verify.ts'), import('../fiscal/errors.ts'), import('../errors.ts'), import('../fiscal/xml/parse.ts')
      ])
      const language = languageOf(call.env)
      const at = momentOf('time', text(call, 'time'))
      const seed = text(call, 'random-seed') ?? randomUUID()
      try {
        const { document, taxId, zone } = await read(await readInput(file), { at, seed })
        const files = await Promise.all(given.map(async ([role, name]) => ({ name: path.basename(name), bytes: await readInput(name), role })))
        const passphraseFile = text(call, 'passphrase-file')
        const { report, material } = await preflight({ files, passphrase: passphraseFile === undefined ? '' : passphraseIn(await readInput(passphraseFile)), at, issuer: { country, taxId } })
        if (material === undefined) throw new Refused(report.checks.filter(({ ok, severity }) => !ok && severity === 'error').map(check => check[language]).join('\n'))
        const { certificate, chain, key } = material
        const signed = (await signVerified(document, await profile(call), { certificate: certificate.der, chain: chain.map(({ der }) => der), sign: (bytes, algorithm) => sign(algorithm, bytes, key) },
          { at, zone, id: createHash('sha256').update(seed).digest('hex').slice(0, 32) })).toString('utf8')
        call.out.write(signed)
        call.out.json({ file, ok: true, kind, xml: signed })
        for (const check of report.checks.filter(({ ok }) => !ok)) call.out.note(`${file}: ${check[language]}`)
        return 0
      } catch (error) {
        const said = error instanceof FiscalError
          ? error.text[language]
          : error instanceof HubError ? error.errors?.map(({ message }) => typeof message === 'string' ? message : message[language]).join('\n') ?? error.message : error instanceof XmlError || error instanceof Refused ? error.message : undefined
        if (said === undefined) throw error
        call.out.json({ file, ok: false, error: said })
        call.out.note(`${file}: ${said}`)
        return 1
      }
    }
  }
}
