import { readFileSync } from 'node:fs'

/** The operator's own secrets, by the id of their adapter. Read once, at the start; throws for a file that cannot be read. */
export function readOperatorFiles (files: Readonly<Record<string, string>>): Record<string, string> {
  return Object.fromEntries(Object.entries(files).map(([id, file]) => {
    try {
      return [id, readFileSync(file, 'utf8')]
    } catch (cause) {
      throw new Error(`PASARELA_OPERATOR_FILE_${id.toUpperCase()} names a file that cannot be read`, { cause })
    }
  }))
}
