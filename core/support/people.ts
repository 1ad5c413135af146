import { scrubText } from '../scrub.ts'

const cut = '[personal]'

/** How the name of a field ends, in small letters and nothing else, whose value tells of a person. */
const endings = [
  'mail', 'phone', 'phonenumber', 'mobile', 'cellphone', 'name', 'surname', 'line1', 'line2', 'street', 'address', 'address1', 'address2', 'city', 'colony', 'neighborhood', 'postalcode', 'zipcode', 'zip', 'rfc', 'curp', 'taxid', 'dni', 'dninumber', 'nif', 'ruc', 'cedula',
  'identification', 'documentnumber', 'ip', 'ipaddress', 'birthdate', 'dob', 'description', 'note', 'notes', 'comment', 'comments', 'statementdescriptor', 'last4', 'bin', 'clabe', 'iban', 'account', 'cardholder'
]
const telling = (name: string): boolean => {
  const plain = name.toLowerCase().replace(/[^a-z0-9]/g, '')
  return endings.some(ending => plain.endsWith(ending)) && !/^(?:event|type|object|status|provider)name$/.test(plain)
}

const mailbox = /[^\s"<>()[\]:;,@\\]{1,64}@[A-Za-z0-9][A-Za-z0-9.-]{0,100}/g
/** In an address of the web, where `=` and `&` part what belongs together. */
const mailboxInUrl = /[^\s"'<>()[\]:;,=&?@\\/]{1,64}(?:@|%40)[A-Za-z0-9][A-Za-z0-9.-]{0,100}/g

const plainText = (text: string): string => scrubText(text).replace(/^\/|:\/\//.test(text) ? mailboxInUrl : mailbox, cut)

/**
 * A value without what tells who somebody is: by the name of a field, by what a mail address looks like, and all that a merchant wrote
 * into `metadata`, but for our own ids there. Numbers of money, states and ids stay, and so does the shape: whoever reads it finds each
 * field where it was.
 */
export function withoutPeople (value: unknown, name = ''): unknown {
  if (typeof value === 'string') return telling(name) && value !== '' ? cut : plainText(value)
  if (typeof value === 'number') return telling(name) ? 0 : value
  if (typeof value !== 'object' || value === null) return value
  if (Array.isArray(value)) return value.map(item => withoutPeople(item, name))
  const isMetadata = /^metadata$/i.test(name)
  return Object.fromEntries(Object.entries(value).map(([key, item]) => [key, isMetadata && !key.startsWith('pasarela') ? cut : withoutPeople(item, key)]))
}

/** The same of a body, as JSON, as a form, or as it is. */
export function bodyWithoutPeople (text: string): string {
  try {
    const read = JSON.parse(text) as unknown
    if (typeof read === 'object') return JSON.stringify(withoutPeople(read))
  } catch { /* it is something else */ }
  if (/^[\w.[\]%-]+=[^\s]*$/.test(text)) {
    return new URLSearchParams([...new URLSearchParams(text)].map(([name, value]): [string, string] => [name, String(/(?:^|\[)metadata\]?\[(?!pasarela)/.test(name) ? cut : withoutPeople(value, name.replace(/^.*\[(\w+)\]$/, '$1')))])).toString()
  }
  return plainText(text)
}

/** `Flores de María` → `F••••• d• M••••`: enough to know it again, not enough to say it. */
export const maskName = (name: string): string => name.replace(/(\p{L}|\p{N})([\p{L}\p{N}]*)/gu, (_, first: string, rest: string) => first + '•'.repeat(rest.length))
