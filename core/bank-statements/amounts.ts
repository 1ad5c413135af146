/** What is written between a sign and the digits: pesos, dollars, euros, a currency's code. */
const around = /^(?:[A-Z]{3}|M\.N\.|[$€£])\s*|\s*(?:[A-Z]{3}|M\.N\.|[$€£])$/g

const shapes = {
  // Thousands in groups of three by one and the same mark, or not at all. What fits neither way is not guessed.
  '.': /^(?:(\d{1,3}(?:([,' \u00a0\u202f])\d{3}(?:\2\d{3})*)?|\d+)?)(?:\.(\d*))?$/,
  ',': /^(?:(\d{1,3}(?:([.' \u00a0\u202f])\d{3}(?:\2\d{3})*)?|\d+)?)(?:,(\d*))?$/
} as const

/**
 * An amount as banks write it, in minor units: `$1,234.56`, `1.234,56` with `decimal` a comma, `(1,234.56)` and `1,234.56-` for less than
 * nothing. Undefined for an empty cell or a dash. Throws RangeError for what is no amount, or says more than the currency's minor unit.
 */
export function parseAmount (text: string, { decimal, exponent }: { decimal: '.' | ',', exponent: number }): number | undefined {
  let rest = text.trim().replace(/^'/, '').trim()
  if (rest === '' || /^[-–—]$/.test(rest)) return undefined
  const refuse = (why: string): never => { throw new RangeError(`${JSON.stringify(text.slice(0, 40))} ${why}`) }
  let negative = false
  const strip = () => { rest = rest.replace(around, '').trim() }
  strip()
  const bracketed = /^\((.*)\)$/.exec(rest)
  if (bracketed !== null) {
    negative = true
    rest = bracketed[1]!.trim()
    strip()
  }
  const signed = /^([+\-−])\s*(.+)$/.exec(rest) ?? undefined
  const trailing = signed === undefined ? /^(.+?)\s*([-−])$/.exec(rest) : null
  if (signed !== undefined || trailing !== null) {
    if (negative) refuse('has two signs')
    negative = signed === undefined || signed[1] !== '+'
    rest = signed?.[2] ?? trailing![1]!
    strip()
  }
  const [, whole = '', , fraction = ''] = shapes[decimal].exec(rest) ?? refuse('is no amount')
  if (whole === '' && fraction === '') refuse('is no amount')
  if (/[1-9]/.test(fraction.slice(exponent))) refuse('has more decimals than its currency')
  const minor = Number(`${whole.replace(/\D/g, '')}${fraction.slice(0, exponent).padEnd(exponent, '0')}`)
  if (!Number.isSafeInteger(minor)) refuse('is too large')
  return negative && minor !== 0 ? -minor : minor
}
