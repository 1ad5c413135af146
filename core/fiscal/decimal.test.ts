import assert from 'node:assert/strict'
import fc from 'fast-check'
import t from 'tap'
import { between, betweenText, Decimal, decimal, fixed, fixedText, productOf, rounded } from './decimal.ts'

const numbers = fc.oneof(
  fc.tuple(fc.nat(), fc.stringMatching(/^\d{0,10}$/)).map(([whole, decimals]) => decimals === '' ? String(whole) : `${whole}.${decimals}`),
  fc.constantFrom('0', '0.0', '007', '1.005', '2.675', '999999999999999999', '0.0000000001', '12.50', '100')
)

t.test('the short ways come to what decimal arithmetic comes to', async () => {
  fc.assert(fc.property(numbers, numbers, fc.nat(8), fc.nat(4), (one, other, places, more) => {
    const value = new Decimal(one)
    assert.equal(fixedText(one, places), value.toFixed(places, Decimal.ROUND_HALF_UP), `${one} with ${places}`)
    assert.equal(fixed(value, places), value.toFixed(places, Decimal.ROUND_HALF_UP))
    const cut = value.toDecimalPlaces(places + more, Decimal.ROUND_HALF_UP)
    const expected = cut.toFixed(Math.max(places, cut.decimalPlaces()))
    assert.equal(betweenText(one, places, places + more), expected, `${one} between ${places} and ${places + more}`)
    assert.equal(between(value, places, places + more), expected)
    assert.equal(between(value.negated(), places, places + more), cut.isZero() ? expected : `-${expected}`)
    assert.ok(productOf(one, other).equals(value.times(other)), `${one} times ${other}`)
    assert.ok(rounded(value, places).equals(value.toDecimalPlaces(places, Decimal.ROUND_HALF_UP)))
  }), { numRuns: 500 })
})

t.test('what is no plain number is none', async t => {
  for (const text of ['', '-1', '1e3', '1.', '.5', '1,5', ' 1', '1234567890123456789', '1.12345678901', 'NaN']) t.equal(decimal(text), undefined, text)
})
