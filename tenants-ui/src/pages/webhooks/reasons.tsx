import { useTexts } from '../../i18n/language.tsx'
import { reasonWords } from './texts.ts'

/** How the verifiers (adapters' webhooks.ts) and the processing (core/inbound/process.ts) say it, the first that fits. */
const known: readonly (readonly [RegExp, keyof typeof reasonWords['es']])[] = [
  [/no webhook secret/, 'noSecret'],
  [/no signature matches|no secret of this connection made|finds no signature/, 'wrongSignature'],
  [/too old|time to come/, 'wrongTime'],
  [/other environment/, 'otherMode'],
  [/not an event|no event|not a form|no JSON|no id or type|of no type|does not sign/, 'noEvent'],
  [/of ours\b|not ours/, 'notOurs'],
  [/concerns us|^ping$/, 'nothing'],
  [/known already|is final|nothing new/, 'known'],
  [/^no .*(?:signature|checksum|header|X-)/i, 'unsigned']
]

/** Why a webhook was refused or changed nothing, in the reader's language; what is not among these stays as it was said. */
export function useReason (): (reason: string | null) => string | null {
  const words = useTexts(reasonWords)
  return reason => {
    const found = reason === null ? undefined : known.find(([said]) => said.test(reason))
    return found === undefined ? reason : words[found[1]]
  }
}

/** The same, to be shown: what stays as it was said looks like it. */
export function Reason ({ of: reason }: { of: string | null }) {
  const reasonOf = useReason()
  const said = reasonOf(reason)
  if (said === null) return <>—</>
  return said === reason ? <span className='mono'>{said}</span> : <>{said}</>
}
