/**
 * What a card number looks like. Prefixes and lengths: ISO/IEC 7812 as each network publishes it, gathered in
 * https://en.wikipedia.org/wiki/Payment_card_number#Issuer_identification_number_(IIN) (read 2026-11-21).
 * No network issues 18 digits in practice, and a CLABE has 18, so that length is left out.
 */
interface Network { from: number, to: number, digits: number, lengths: readonly number[] }

const long = [16, 17, 19] as const
const networks: readonly Network[] = [
  range(4, 4, [13, 16, 19]), // Visa, Visa Electron, Elo's 4011…
  range(51, 55, [16]), range(2221, 2720, [16]), // Mastercard
  range(34, 34, [15]), range(37, 37, [15]), // American Express
  range(6011, 6011, [16, 19]), range(644, 649, [16, 19]), range(65, 65, [16, 19]), // Discover, Elo, RuPay
  range(300, 305, [14, 16, 19]), range(3095, 3095, [14, 16, 19]), range(36, 36, [14, 16, 19]), range(38, 39, [14, 16, 19]), // Diners
  range(3528, 3589, [16, 19]), // JCB
  range(62, 62, long), range(81, 81, [16]), // UnionPay, RuPay
  range(50, 50, long), range(56, 58, long), range(6304, 6304, long), range(6759, 6759, long), range(6761, 6763, long), // Maestro, Elo 509…, Carnet 506…, Naranja
  range(2200, 2204, [16]), // Mir
  range(627780, 627780, [16]), range(636297, 636297, [16]), range(636368, 636368, [16]), // Elo (Brazil)
  range(606282, 606282, [16]), range(384100, 384100, [16, 19]), // Hipercard (Brazil)
  range(286900, 286900, [16]), range(636379, 636379, [16]), range(639388, 639388, [16]), range(639484, 639484, [16]), range(639559, 639559, [16]), // Carnet (Mexico)
  range(604201, 604219, [16]) // Cabal (Argentina)
]

function range (from: number, to: number, lengths: readonly number[]): Network {
  return { from, to, digits: String(from).length, lengths }
}

export function isCardNumber (digits: string): boolean {
  if (digits.length < 13 || digits.length > 19 || !allDigits(digits)) return false
  return networks.some(({ from, to, digits: prefixLength, lengths }) => {
    const prefix = Number(digits.slice(0, prefixLength))
    return prefix >= from && prefix <= to && lengths.includes(digits.length)
  }) && passesLuhn(digits)
}

export function passesLuhn (digits: string): boolean {
  let sum = 0
  for (let index = 0; index < digits.length; index++) {
    const digit = digits.charCodeAt(digits.length - 1 - index) - 48
    const weighed = index % 2 === 0 ? digit : digit * 2
    sum += weighed > 9 ? weighed - 9 : weighed
  }
  return sum % 10 === 0
}

function allDigits (text: string): boolean {
  return /^\d+$/.test(text)
}

export interface Span { start: number, end: number }

/** Digits in groups, kept together by separators that people and forms write: spaces, dashes, dots. */
const groups = /(?<![\p{L}\d_])\d(?:[\d\s\p{Pd}.·]*\d)?(?![\p{L}\d_])/gu
/** Track 1 of a magnetic stripe glues the number to a letter: `%B4242…^`. */
const trackOne = /(?<=%B)\d{13,19}(?=\^)/g
/** RFC 9562. One in ten thousand ends in groups of digits alone that pass for a card's. */
const uuids = /(?<![\p{L}\d_])[\da-f]{8}-[\da-f]{4}-[1-8][\da-f]{3}-[89ab][\da-f]{3}-[\da-f]{12}(?![\p{L}\d_])/giu
/** How cards print their number; only such a part of a longer run counts (an expiry date or a CVC may follow). */
const printed = [[4, 4, 4, 4], [4, 4, 4, 4, 3], [4, 6, 5], [4, 6, 4], [16], [15], [14], [13], [19]]

/** Where card numbers stand in a text. Digits that touch a letter or an underscore are part of an id or a token and do not count, nor those of a UUID. */
export function cardNumbersIn (given: string): Span[] {
  if (!/\d/.test(given) || given.length < 13) return []
  const text = given.replace(uuids, id => 'x'.repeat(id.length))
  const spans: Span[] = []
  for (const match of text.matchAll(groups)) {
    if (match[0].length < 13) continue
    for (const { start, end } of inRun(match[0])) spans.push({ start: start + match.index, end: end + match.index })
  }
  for (const match of text.matchAll(trackOne)) {
    if (isCardNumber(match[0])) spans.push({ start: match.index, end: match.index + match[0].length })
  }
  return spans
}

function inRun (run: string): Span[] {
  if (isCardNumber(run.replace(/\D/g, '')) && separators(run).every(length => length <= 3)) return [{ start: 0, end: run.length }]
  const parts = [...run.matchAll(/\d+/g)].map(({ 0: digits, index }) => ({ digits, index }))
  const spans: Span[] = []
  for (const [first, { digits: { length: firstLength } }] of parts.entries()) {
    for (const shape of printed) {
      if (firstLength !== shape[0]) continue
      const window = parts.slice(first, first + shape.length)
      if (window.length !== shape.length || window.some(({ digits }, at) => digits.length !== shape[at])) continue
      const start = window[0]?.index ?? 0
      const last = window.at(-1)
      const end = (last?.index ?? 0) + (last?.digits.length ?? 0)
      if (isCardNumber(window.map(({ digits }) => digits).join(''))) spans.push({ start, end })
    }
  }
  return spans
}

function separators (run: string): number[] {
  return [...run.matchAll(/\D+/g)].map(match => match[0].length)
}
