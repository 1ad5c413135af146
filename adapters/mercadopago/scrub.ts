/**
 * Takes out of a transcript (headers, JSON) what must not be kept. Ids stay: support needs them. What is taken out leaves a mark, so
 * that a reader sees that something was there.
 */
export function scrub (transcript: string, credentials: Readonly<Record<string, string>>): string {
  let text = transcript
  for (const [name, value] of Object.entries(credentials)) {
    if (name === 'public_key' || value.length < 6) continue
    for (const form of new Set([value, encodeURIComponent(value)])) text = text.replaceAll(form, '[secret]')
  }
  for (const [pattern, replacement] of patterns) text = text.replace(pattern, replacement)
  return text
}

const patterns: [RegExp, string][] = [
  [/(\bauthorization["']?\s*[:=]\s*["']?Bearer\s+)[^\s"',]+/gi, '$1[secret]'],
  [/("(?:access_token|refresh_token|client_secret|code_verifier)"\s*:\s*)"[^"]*"/g, '$1"[secret]"'],
  [/\b(?:APP_USR|TEST)-\d{6,}-\d{6}-[0-9a-zA-Z_]{8,}(?:__[A-Z_]+__)?-\d+/g, '[secret]'],
  // Codes and refresh tokens of OAuth.
  [/\bTG-[0-9A-Za-z]{6,}(?:-\d+)?/g, '[secret]'],
  // Good for one charge; its end is left, by which support knows it again.
  [/("(?:token|card_token_id)"\s*:\s*")[^"]*?(\w{4})"/g, '$1[token]$2"'],
  [/(\/v1\/card_tokens\/)[0-9a-zA-Z-]*?(\w{4})\b(?![\w-])/g, '$1[token]$2'],
  // Who pays, as it is sent and echoed.
  [/("(?:email|payer_email|first_name|last_name|surname|phone|area_code|ip_address|street_name|street_number|zip_code|qr_code|qr_code_base64|nickname)"\s*:\s*)"(?:[^"\\]|\\.)*"/g, '$1"[personal]"'],
  [/("(?:identification|phone)"\s*:\s*)\{[^{}]*\}/g, '$1"[personal]"'],
  [/("cardholder"\s*:\s*)\{(?:[^{}]|\{[^{}]*\})*\}/g, '$1"[personal]"'],
  [/([?&](?:email|payer_email)=)[^&\s]+/g, '$1[personal]'],
  // Never sent by us; here in case somebody else's tool does.
  [/("(?:card_number|security_code)"\s*:\s*)(?:"[^"]*"|\d+)/g, '$1"[card]"']
]
