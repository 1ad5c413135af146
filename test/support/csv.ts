/** The records of an RFC 4180 text, by hand, so that the writer is not its own witness. */
export function readCsv (text: string): string[][] {
  const records: string[][] = []
  let record: string[] = []
  let field = ''
  let quoted = false
  for (let at = 0; at < text.length; at++) {
    const sign = text[at]!
    if (quoted) {
      if (sign !== '"') field += sign
      else if (text[at + 1] === '"') {
        field += '"'
        at++
      } else quoted = false
    } else if (sign === '"' && field === '') quoted = true
    else if (sign === ',' || (sign === '\r' && text[at + 1] === '\n')) {
      record.push(field)
      field = ''
      if (sign === ',') continue
      at++
      records.push(record)
      record = []
    } else field += sign
  }
  if (field !== '' || record.length > 0) throw new Error('the last record does not end')
  return records
}
