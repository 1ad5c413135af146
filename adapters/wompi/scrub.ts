/**
 * Takes out of a transcript (headers, JSON) what must not be kept. Ids stay: support needs them. What is taken out leaves a mark, so
 * that a reader sees that something was there.
 */
export function scrub (transcript: string, credentials: Readonly<Record<string, string>>): string {
  let text = transcript
  for (const value of Object.values(credentials)) {
    if (value.length < 6) continue
    for (const form of new Set([value, encodeURIComponent(value)])) text = text.replaceAll(form, '[secret]')
  }
  for (const [pattern, replacement] of patterns) text = text.replace(pattern, replacement)
  return text
}

const patterns: [RegExp, string][] = [
  [/(\bauthorization["']?\s*[:=]\s*["']?Bearer\s+)[^\s"',]+/gi, '$1[secret]'],
  [/\b(prv|pub)_(test|prod)_[A-Za-z0-9]{6,}/g, '$1_$2_[secret]'],
  [/\b(test|prod)_(events|integrity)_[A-Za-z0-9]{6,}/g, '$1_$2_[secret]'],
  // The payer's: good for a charge or two; its end is left, by which support knows it again.
  [/\b(tok|nequi)_(test|prod)_\w*?(\w{4})\b/g, '$1_$2_[token]$3'],
  // That the payer agreed: good for an hour.
  [/("(?:acceptance_token|accept_personal_auth)"\s*:\s*)"(?:[^"\\]|\\.)*"/g, '$1"[acceptance]"'],
  // Who pays, as Wompi echoes it.
  [/("(?:customer_email|full_name|phone_number|legal_id|user_legal_id|card_holder|address_line_1|address_line_2|postal_code|last_name|device_id|browser_info)"\s*:\s*)(?:"(?:[^"\\]|\\.)*"|\d+)/g, '$1"[personal]"'],
  // Never sent by us; here in case somebody else's tool does.
  [/("(?:number|cvc)"\s*:\s*)(?:"[^"]*"|\d+)/g, '$1"[card]"']
]
