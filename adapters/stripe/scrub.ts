/**
 * Takes out of a transcript (headers, form bodies, JSON) what must not be kept. Ids stay: support needs them.
 * What is taken out leaves a mark, so that a reader sees that something was there.
 */
export function scrub (transcript: string, credentials: Readonly<Record<string, string>>): string {
  let text = transcript
  for (const [name, value] of Object.entries(credentials)) {
    if (name === 'publishable_key' || value.length < 6) continue
    for (const form of new Set([value, encodeURIComponent(value), Buffer.from(`${value}:`).toString('base64')])) text = text.replaceAll(form, '[secret]')
  }
  for (const [pattern, replacement] of patterns) text = text.replace(pattern, replacement)
  return withoutMailboxes(text).replace(longNumber, digits => isCard(digits) ? '[card]' : digits)
}

const patterns: [RegExp, string][] = [
  [/\b((?:sk|rk)_(?:test|live)_)[A-Za-z0-9]+/g, '$1[secret]'],
  // Codes and refresh tokens of Connect.
  [/\b(?:ac|rt)_[A-Za-z0-9]{8,}/g, '[secret]'],
  [/\bwhsec_[\w+/=-]+/g, '[secret]'],
  [/(\bauthorization["']?\s*[:=]\s*["']?(?:Bearer|Basic)\s+)[^\s"',]+/gi, '$1[secret]'],
  // A client secret lets its holder confirm the payment and read who pays.
  [/(_secret_)[A-Za-z0-9]+/g, '$1[secret]'],
  // Pages that show who pays, and let whoever has the address pay or look.
  [/("(?:hosted_invoice_url|invoice_pdf|hosted_voucher_url|hosted_instructions_url|receipt_url)"\s*:\s*)"(?:[^"\\]|\\.)*"/g, '$1"[personal]"'],
  // The payer's: good for one payment. Its end is left, by which support knows it again.
  [/\b(pm|tok|src|ctoken)_\w*?(\w{4})\b/g, '$1_[token]$2'],
  // Never sent by us; echoed by nobody; here in case either changes.
  [/((?:\[|%5B)(?:number|cvc|exp_month|exp_year)(?:\]|%5D)=)[^&\s"]*/gi, '$1[card]'],
  [/("(?:number|cvc)"\s*:\s*)(?:"[^"]*"|\d+)/g, '$1"[card]"'],
  // Who pays, as Stripe echoes it in billing_details, shipping, customer_details and owner.
  [/("(?:name|business_name|individual_name|customer_name|customer_phone|phone|line1|line2|postal_code|receipt_number|ip|ip_address|customer_purchase_ip|pasarela_tax_id)"\s*:\s*)"(?:[^"\\]|\\.)*"/g, '$1"[personal]"'],
  // Tax ids, and what a payer answered.
  [/("value"\s*:\s*)"(?:[^"\\]|\\.)*"/g, '$1"[personal]"'],
  [/((?:\[|%5B)(?:name|phone|line1|line2|postal_code|customer_name|pasarela_tax_id)(?:\]|%5D)=)[^&\s"]*/gi, '$1[personal]'],
  [/(^|[?&\s"])((?:name|phone)=)[^&\s"]*/g, '$1$2[personal]']
]

/** The domain of an address stays: it tells support whose mail it was, not who. By hand, because a pattern would try every place anew. */
function withoutMailboxes (text: string): string {
  let masked = ''
  let done = 0
  for (const { index } of text.matchAll(/(?:@|%40)[A-Za-z0-9][A-Za-z0-9.-]{0,60}\.[A-Za-z]/g)) {
    let start = index
    while (start > done && /[^\s"'<>()[\]:;,=&?@\\/]/.test(text.charAt(start - 1))) start--
    if (start === index) continue
    masked += text.slice(done, start) + '[personal]'
    done = index
  }
  return masked + text.slice(done)
}

const longNumber = /(?<![\w.])[2-6]\d{12,18}(?![\w.])/g

/** Luhn, after a network's prefix and length: the digits alone would also take one CLABE in ten. */
function isCard (digits: string): boolean {
  let sum = 0
  for (let i = 0; i < digits.length; i++) {
    const digit = Number(digits[digits.length - 1 - i])
    sum += i % 2 === 0 ? digit : digit > 4 ? digit * 2 - 9 : digit * 2
  }
  return sum % 10 === 0
}
