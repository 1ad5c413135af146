/**
 * Takes out of a transcript (headers, JSON) what must not be kept. Ids stay: support needs them. What is taken out leaves a mark, so
 * that a reader sees that something was there.
 */
export function scrub (transcript: string, credentials: Readonly<Record<string, string>>): string {
  let text = transcript
  for (const [name, value] of Object.entries(credentials)) {
    if (name === 'webhook_public_key' || value.length < 6) continue
    for (const form of new Set([value, encodeURIComponent(value), Buffer.from(`${value}:`).toString('base64')])) text = text.replaceAll(form, '[secret]')
  }
  for (const [pattern, replacement] of patterns) text = text.replace(pattern, replacement)
  return text
}

const patterns: [RegExp, string][] = [
  [/(\bauthorization["']?\s*[:=]\s*["']?(?:Bearer|Basic)\s+)[^\s"',]+/gi, '$1[secret]'],
  [/\bkey_[A-Za-z0-9]{8,}/g, 'key_[secret]'],
  // The payer's, good for one charge; its end is left, by which support knows it again.
  [/\b(tok)_\w*?(\w{4})\b/g, '$1_[token]$2'],
  // Who pays, as Conekta echoes it.
  [/("(?:name|email|phone|national_id|date_of_birth|receiver|street1|street2|postal_code|customer_ip_address|issuing_account_number|issuing_account_holder_name|issuing_account_tax_id|tax_id|device_fingerprint)"\s*:\s*)"(?:[^"\\]|\\.)*"/g, '$1"[personal]"'],
  // Never sent by us; here in case somebody else's tool does.
  [/("(?:number|cvc)"\s*:\s*)(?:"[^"]*"|\d+)/g, '$1"[card]"']
]
