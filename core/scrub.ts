import { cardNumbersIn, isCardNumber, type Span } from './card-digits.ts'

/**
 * Cuts secrets out of what is written down: by the name of a field, and by what a value looks like wherever it stands.
 * `Idempotency-Key` is no secret: support needs it to find a request.
 */

const cut = '[redacted]'

/** Names whose whole value is cut, a nested object included. */
const secretName = /^(?:(?:proxy-)?authorization|(?:set-)?cookie|credentials?|cookies|.*secret.*|.*password.*|.*passphrase.*|.*private_?key.*|.*tokens?|.*api[-_]?key|otp|cvc|cvv|security_code|webhook_key)$/i
/** Cheap test of a whole line: most lines hold nothing to cut and are written as they are. */
const suspicious = /(?:authorization|cookie|credential|secret|passw|passphrase|private|token|api[-_]?key|otp|cvc|cvv|security_code|webhook_key)[\w-]*\\*["']?\s*[:=]|pas_(?:test|live)_|\b(?:sk|rk|prv|whsec)_|eyJ|bearer|basic |private key|:\/\/[^/\s"@]+@|\/hooks\/(?![:[])|\/autofactura\/(?![:[])|\/v1\/oauth\/|"type":"Buffer"/i
const manyDigits = /\d(?:[^\p{L}\d"]{0,3}\d){12}/u

/** Where the URL itself is the credential. */
const secretPath = /\/(hooks|autofactura)\/(?![:[])[\w.~%-]+/g

/** What a person brings back from a provider: a state and a code, each good once. */
const oauthQuery = /(\/v1\/oauth\/\w{1,40}\/(?:start|callback)\?)[^\s"]+/g

const values: ReadonlyArray<readonly [RegExp, string]> = [
  [/-----BEGIN [A-Z ]*PRIVATE KEY-----[\s\S]*?(?:-----END [A-Z ]*PRIVATE KEY-----|$)/g, cut],
  [/\bpas_(test|live)_[\w-]+/g, `pas_$1_${cut}`], // our API keys
  [/\b(sk|rk|prv|whsec)_[\w+/=-]{6,}/g, `$1_${cut}`], // the shape that several providers give their secret keys
  [/\beyJ[\w-]{4,}(?:\.[\w-]*){2,4}/g, cut], // JWE and JWT, compact
  [/\b(bearer|basic)\s+[\w.~+/=-]{6,}/gi, `$1 ${cut}`],
  [/:\/\/[^/\s"@]+@/g, `://${cut}@`], // user and password of a URL
  [secretPath, `/$1/${cut}`],
  [oauthQuery, `$1${cut}`],
  [/\b((?:set-)?cookie\s*[:=]\s*)[^"\\\r\n]+/gi, `$1${cut}`],
  // name=value, name: value, "name":"value" within a text, its quotes escaped or not
  [/((?:secret|password|passphrase|token|api[-_]?key|authorization)(?:\\*["'])?\s*[:=]\s*)(?:(\\*["'])(?!\[redacted\])[^"'\\]+|(?!\[redacted\]|(?:bearer|basic)\s)[^\s"'\\,;&}]+)/gi, `$1$2${cut}`]
]

export function scrubUrl (url: string): string {
  return url.replace(secretPath, `/$1/${cut}`).replace(oauthQuery, `$1${cut}`)
}

export function scrubText (text: string): string {
  const bare = values.reduce((result, [pattern, replacement]) => result.replace(pattern, replacement), text)
  return cardNumbersIn(bare).reduceRight((result, { start, end }: Span) => `${result.slice(0, start)}[card]${result.slice(end)}`, bare)
}

/** A JSON value with every secret cut, keys included. */
export function scrubValue (value: unknown): unknown {
  if (typeof value === 'string') return scrubText(value)
  if (typeof value === 'number') return isCardNumber(String(value)) ? '[card]' : value
  if (typeof value !== 'object' || value === null) return value
  if (Array.isArray(value)) return value.map(scrubValue)
  if ('type' in value && value.type === 'Buffer' && 'data' in value && Array.isArray(value.data)) return `[${value.data.length} bytes]`
  return Object.fromEntries(Object.entries(value).map(([key, item]) => [scrubText(key), secretName.test(key) && item !== null ? cut : scrubValue(item)]))
}

/** A line of JSON, as the logger is about to write it. */
export function scrubLine (line: string): string {
  if (!suspicious.test(line) && !(manyDigits.test(line) && cardNumbersIn(line).length > 0)) return line
  try {
    return `${JSON.stringify(scrubValue(JSON.parse(line)))}\n`
  } catch {
    return `${JSON.stringify({ level: 50, msg: scrubText(line) })}\n` // not JSON: kept readable, still cut
  }
}
