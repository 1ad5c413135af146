/**
 * Takes out of a transcript (headers, JSON) what must not be kept. Ids stay: support needs them. What is taken out leaves a mark, so that a
 * reader sees that something was there.
 */
export function scrub (transcript: string, credentials: Readonly<Record<string, string>>): string {
  let text = transcript
  for (const value of Object.values(credentials)) {
    if (value.length < 6) continue
    for (const form of new Set([value, encodeURIComponent(value), JSON.stringify(value).slice(1, -1)])) text = text.replaceAll(form, '[secret]')
  }
  for (const [pattern, replacement] of patterns) text = text.replace(pattern, replacement)
  return text
}

const patterns: [RegExp, string][] = [
  [/\b((?:private|public)-merchant-id["']?\s*[:=]\s*["']?)(?!\[secret\])[\w-]+/gi, '$1[secret]'],
  [/\b(x-kushki-(?:simple)?signature["']?\s*[:=]\s*["']?)[0-9a-f]{16,}/gi, '$1[signature]'],
  // The payer's card, until it is charged; its end is left, by which support knows it again.
  [/("token"\s*:\s*)"(?!\[token\])[^"]*?([^"]{0,4})"/g, '$1"[token]$2"'],
  // Who pays, as Kushki echoes it.
  [/("(?:email|documentNumber|document_number|identification|firstName|first_name|lastName|last_name|phoneNumber|phone_number|card_holder_name|cardHolderName|transactionCardHolderName|client_name|name|ip|userIp)"\s*:\s*)(?:"(?:[^"\\]|\\.)*"|\d+)/g, '$1"[personal]"'],
  [/("(?:cavv|xid)"\s*:\s*)"(?:[^"\\]|\\.)*"/g, '$1"[authentication]"'],
  // Never sent by us; here in case somebody else's tool does.
  [/("(?:number|cvv)"\s*:\s*)(?:"[^"]*"|\d+)/g, '$1"[card]"']
]
