/** Undefined for what is not base64 to the last bit: a changed character that decodes to the same bytes is a change too. White space may stand in it, as XML Schema allows. */
export function strictBase64 (text: string): Buffer | undefined {
  const bytes = Buffer.from(text, 'base64')
  return bytes.toString('base64') === text.replace(/[ \t\r\n]/g, '') ? bytes : undefined
}
