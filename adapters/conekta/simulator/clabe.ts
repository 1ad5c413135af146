/** Control digit of a CLABE: weights 3, 7, 1 over 17 digits. Source: facts section 8. */
export function clabe (seventeen: string): string {
  const sum = [...seventeen].reduce((sum, digit, i) => sum + Number(digit) * [3, 7, 1][i % 3]! % 10, 0)
  return seventeen + String((10 - sum % 10) % 10)
}
