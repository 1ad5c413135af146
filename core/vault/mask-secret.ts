const hidden = '…'

/**
 * What a person may see of a secret to recognise it: `sk_test_…1234`. The prefix shows only when it is one or two plain words,
 * as providers write them (`sk_test_`, `whsec_`, `APP_USR_`), and enough stays hidden; a short secret shows nothing.
 */
export function maskSecret (secret: string): string {
  if (secret.length < 16) return hidden
  const end = secret.slice(-4)
  if (!/^[\x21-\x7e]{4}$/.test(end)) return hidden
  const body = secret.lastIndexOf('_') + 1
  const prefix = secret.slice(0, body)
  // `correct_horse` is a password whose last word is all that there is to hide.
  if (prefix !== '' && secret.length - body < 10) return hidden
  return /^(?:[A-Za-z]{2,9}_){1,2}$/.test(prefix) ? prefix + hidden + end : hidden + end
}
