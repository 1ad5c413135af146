/**
 * Takes out of a transcript (headers, JSON) what must not be kept. Ids stay: support needs them. What is taken out leaves a mark, so
 * that a reader sees that something was there.
 */
export function scrub (transcript: string, credentials: Readonly<Record<string, string>>): string {
  let text = transcript
  const { client_id: id, client_secret: secret } = credentials
  if (id !== undefined && secret !== undefined) text = text.replaceAll(Buffer.from(`${id}:${secret}`).toString('base64'), '[secret]')
  for (const [name, value] of Object.entries(credentials)) {
    if (name === 'client_id' || value.length < 6) continue
    for (const form of new Set([value, encodeURIComponent(value)])) text = text.replaceAll(form, '[secret]')
  }
  for (const [pattern, replacement] of patterns) text = text.replace(pattern, replacement)
  return text
}

const patterns: [RegExp, string][] = [
  [/(\bauthorization["']?\s*[:=]\s*["']?(?:Bearer|Basic)\s+)[^\s"',]+/gi, '$1[secret]'],
  [/("(?:access_token|refresh_token|client_secret|id_token|nonce)"\s*:\s*)"[^"]*"/g, '$1"[secret]"'],
  [/\bA21A[A-Za-z0-9_-]{20,}/g, '[secret]'],
  // What verifies a webhook is its id.
  [/(\/v1\/notifications\/webhooks\/)(?!\[)[A-Za-z0-9]{8,50}/g, '$1[webhook]'],
  [/("id"\s*:\s*)"[A-Z0-9]{8,50}"(\s*,\s*"url"\s*:)/g, '$1"[webhook]"$2'],
  [/("webhook_id"\s*:\s*)"[^"]*"/g, '$1"[webhook]"'],
  // Who pays, as PayPal echoes it.
  [/("(?:email_address|payer_email|given_name|surname|full_name|alternate_full_name|address_line_1|address_line_2|admin_area_2|postal_code|national_number|birth_date|tax_id|payer_id)"\s*:\s*)"(?:[^"\\]|\\.)*"/g, '$1"[personal]"'],
  // Never sent by us; here in case somebody else's tool does.
  [/("(?:number|security_code)"\s*:\s*)(?:"[^"]*"|\d+)/g, '$1"[card]"']
]
