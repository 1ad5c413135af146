/** Amounts of up to six decimals, as documents write them. */
const scale = 6

/** What the first add up to without the second, exactly. Throws RangeError for what is no decimal of at most six places. */
export function sumOf (plus: readonly string[], minus: readonly string[] = []): string {
  const total = plus.reduce((sum, text) => sum + scaled(text), 0n) - minus.reduce((sum, text) => sum + scaled(text), 0n)
  const digits = String(total < 0n ? -total : total).padStart(scale + 1, '0')
  return `${total < 0n ? '-' : ''}${digits.slice(0, -scale)}.${digits.slice(-scale)}`.replace(/\.?0+$/, '')
}

/** Whether two decimals are less than `within` apart. */
export function isNear (a: string, b: string, within = '0'): boolean {
  const apart = scaled(a) - scaled(b)
  return (apart < 0n ? -apart : apart) <= scaled(within)
}

/** The product, half up to so many places. */
export function productOf (a: string, b: string, places: number): string {
  const unit = 10n ** BigInt(2 * scale - places)
  const rounded = (scaled(a) * scaled(b) + unit / 2n) / unit
  const digits = String(rounded).padStart(places + 1, '0')
  return places === 0 ? digits : `${digits.slice(0, -places)}.${digits.slice(-places)}`
}

function scaled (text: string): bigint {
  const [, sign, whole, decimals = ''] = /^(-?)(\d{1,24})(?:\.(\d{1,6}))?$/.exec(text) ?? []
  if (whole === undefined) throw new RangeError(`${JSON.stringify(text)} is no decimal of at most six places`)
  return BigInt(`${sign}${whole}${decimals.padEnd(scale, '0')}`)
}
