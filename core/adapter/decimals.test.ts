import fc from 'fast-check'
import t from 'tap'
import { isNear, productOf, sumOf } from './decimals.ts'

const micros = fc.bigInt({ min: 0n, max: 10n ** 20n })
const text = (value: bigint): string => `${value / 1_000_000n}.${String(value % 1_000_000n).padStart(6, '0')}`

t.test('decimals are exact', t => {
  t.equal(sumOf(['0.1', '0.2']), '0.3')
  t.equal(sumOf(['100', '16.00'], ['10.5']), '105.5')
  t.equal(sumOf(['1'], ['2.50']), '-1.5')
  t.equal(sumOf([]), '0')
  t.equal(productOf('3', '33.33', 2), '99.99')
  t.equal(productOf('0.005', '1', 2), '0.01', 'half up')
  t.equal(productOf('1.5', '1', 0), '2')
  t.equal(productOf('0.16', '1', 6), '0.160000')
  t.ok(isNear('1.00', '1.01', '0.01'))
  t.notOk(isNear('1.00', '1.011', '0.01'))
  for (const wrong of ['', '1.1234567', '1e3', '.5', ' 1']) t.throws(() => sumOf([wrong]), RangeError)
  fc.assert(fc.property(micros, micros, (a, b) => isNear(sumOf([text(a), text(b)], [text(b)]), text(a)) && isNear(sumOf([text(a), text(b)]), text(a + b))), { numRuns: 200 })
  t.end()
})
