/** Takes out of a transcript what must not be kept: credentials, signatures over them, card data, who pays. Ids stay: support needs them. */
export function scrub (transcript: string, credentials: Readonly<Record<string, string>>): string {
  let text = transcript
  for (const name of ['api_key', 'api_login']) {
    const value = credentials[name]
    if (value === undefined || value.length < 6) continue
    for (const form of new Set([value, encodeURIComponent(value)])) text = text.replaceAll(form, '[secret]')
  }
  for (const [pattern, replacement] of patterns) text = text.replace(pattern, replacement)
  return text
}

const patterns: [RegExp, string][] = [
  [/("(?:apiKey|apiLogin)"\s*:\s*)"(?:[^"\\]|\\.)*"/g, '$1"[secret]"'],
  // Good for charges: its end is left, by which support knows it again.
  [/("creditCardTokenId"\s*:\s*)"(?!\[token\])(?:[^"\\]|\\.)*?([^"\\]{4})"/g, '$1"[token]$2"'],
  [/("(?:fullName|name|emailAddress|contactPhone|phone|dniNumber|identificationNumber|street1|street2|ipAddress|deviceSessionId|cookie|PSE_REFERENCE[123])"\s*:\s*)"(?:[^"\\]|\\.)*"/g, '$1"[personal]"'],
  // Never sent by us; here in case somebody else's tool does.
  [/("(?:number|securityCode)"\s*:\s*)(?:"[^"]*"|\d+)/g, '$1"[card]"']
]
