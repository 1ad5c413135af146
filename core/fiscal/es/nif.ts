/** Capitals, without spaces, hyphens and the prefix of a VAT number; a DNI in its eight digits. */
export function normalNif (text: string): string {
  const plain = text.normalize('NFC').toUpperCase().replace(/[\s.\-/]/g, '')
  const bare = /^ES.{9}$/.test(plain) ? plain.slice(2) : plain
  return /^\d{5,7}[A-Z]$/.test(bare) ? bare.padStart(9, '0') : bare
}

const nifLetters = 'TRWAGMYFPDXBNJZSQVHLCKE'
const cifLetters = 'JABCDEFGHI'

/** NIF and NIE of persons, CIF of entities (Orden EHA/451/2008; RD 1065/2007 arts. 18–24). */
export function inspectNif (nif: string): { shape: boolean, digit: boolean, person: 'natural' | 'legal' | null } {
  if (/^\d{8}[A-Z]$/.test(nif)) return { shape: true, digit: nifLetters[Number(nif.slice(0, 8)) % 23] === nif[8], person: 'natural' }
  if (/^[XYZ]\d{7}[A-Z]$/.test(nif)) return { shape: true, digit: nifLetters[Number('XYZ'.indexOf(nif[0]!) + nif.slice(1, 8)) % 23] === nif[8], person: 'natural' }
  if (/^[KLM]\d{7}[A-Z]$/.test(nif)) return { shape: true, digit: nifLetters[Number(nif.slice(1, 8)) % 23] === nif[8] || cifLetters[cifDigit(nif)] === nif[8], person: 'natural' }
  if (!/^[ABCDEFGHJNPQRSUVW]\d{7}[0-9A-J]$/.test(nif)) return { shape: false, digit: false, person: null }
  const digit = cifDigit(nif)
  const given = nif[8]!
  const ok = /^[PQRSNW]/.test(nif) ? given === cifLetters[digit] : /^[ABEH]/.test(nif) ? given === String(digit) : given === String(digit) || given === cifLetters[digit]
  return { shape: true, digit: ok, person: 'legal' }
}

function cifDigit (nif: string): number {
  const sum = [...nif.slice(1, 8)].reduce((total, digit, index) => {
    if (index % 2 === 1) return total + Number(digit)
    const doubled = Number(digit) * 2
    return total + Math.floor(doubled / 10) + doubled % 10
  }, 0)
  return (10 - sum % 10) % 10
}
