/** Widths of bars and spaces in turn, by value (ISO/IEC 15417, table 1); 103–105 start in A, B, C, 106 stops. */
const patterns = ('212222 222122 222221 121223 121322 131222 122213 122312 132212 221213 221312 231212 112232 122132 122231 113222 123122 123221 223211 221132 221231 213212 223112 312131 311222 321122 321221 312212 322112 322211 ' +
  '212123 212321 232121 111323 131123 131321 112313 132113 132311 211313 231113 231311 112133 112331 132131 113123 113321 133121 313121 211331 231131 213113 213311 213131 311123 311321 331121 312113 312311 332111 314111 221411 431111 ' +
  '111224 111422 121124 121421 141122 141221 112214 112412 122114 122411 142112 142211 241211 221114 413111 241112 134111 111242 121142 121241 114212 124112 124211 411212 421112 421211 212141 214121 412121 ' +
  '111143 111341 131141 114113 114311 411113 411311 113141 114131 311141 411131 211412 211214 211232 2331112').split(' ')

const [toB, startC, stop] = [100, 105, 106]

/** Code 128 of digits: the widths, in modules, of bars and spaces in turn, the first a bar. Pairs in set C, an odd last digit in set B. */
export function code128 (digits: string): number[] {
  if (!/^\d{2,}$/.test(digits)) throw new RangeError('only digits')
  const pairs = digits.match(/\d\d/g)!.map(Number)
  const values = [startC, ...pairs, ...digits.length % 2 === 0 ? [] : [toB, Number(digits.at(-1)) + 16]]
  const check = values.reduce((sum, value, index) => sum + value * Math.max(1, index), 0) % 103
  return [...values, check, stop].flatMap(value => [...patterns[value]!].map(Number))
}

/** What bars say; undefined for what is no Code 128 of digits. */
export function readCode128 (widths: readonly number[]): string | undefined {
  const values: number[] = []
  for (let at = 0; at < widths.length - 7; at += 6) values.push(patterns.indexOf(widths.slice(at, at + 6).join('')))
  const check = values.pop()
  if (values[0] !== startC || check !== values.reduce((sum, value, index) => sum + value * Math.max(1, index), 0) % 103 || widths.slice(-7).join('') !== patterns[stop]) return undefined
  let set: 'B' | 'C' = 'C'
  return values.slice(1).map(value => {
    if (set === 'C' && value === toB) {
      set = 'B'
      return ''
    }
    return set === 'C' ? String(value).padStart(2, '0') : String.fromCharCode(value + 32)
  }).join('')
}
