import type { EsParty } from '../../adapter/invoicing.ts'

/**
 * The name of a person as Facturae wants it, in parts. Where the surnames are not said apart, the last two words of three or more are
 * taken for them, as Spanish names are written; particles stay with what follows (María de la Fuente López).
 */
export function nameOfPerson (name: string, es: Pick<EsParty, 'firstSurname' | 'secondSurname'> | undefined): { name: string, first?: string, second?: string } {
  if (es?.firstSurname !== undefined) return { name, first: es.firstSurname, ...es.secondSurname !== undefined && { second: es.secondSurname } }
  const parts: string[] = []
  let particles = ''
  for (const word of name.trim().split(/\s+/)) {
    if (/^(?:de|del|la|las|los|el|y|i|da|das|do|dos|van|von)$/i.test(word) && parts.length > 0) particles += `${word} `
    else {
      parts.push(`${particles}${word}`)
      particles = ''
    }
  }
  if (parts.length < 2) return { name: parts[0] ?? name }
  if (parts.length === 2) return { name: parts[0]!, first: parts[1]! }
  return { name: parts.slice(0, -2).join(' '), first: parts.at(-2)!, second: parts.at(-1)! }
}
