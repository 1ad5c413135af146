import t from 'tap'
import { catalogues } from '../../catalogues/catalogues.ts'
import { Decimal } from '../../decimal.ts'
import { number, placesOf, productLimits, quotientLimits, round, signed, sum } from './numbers.ts'
import { allowsRate } from './rates.ts'

const limits = (found: ReturnType<typeof productLimits>): string[] | undefined => found === undefined ? undefined : [found.low.toFixed(), found.high.toFixed()]

t.test('numbers are read as XML Schema reads them, and nothing else is one', async t => {
  t.same(['1', '+1.50', '.5', '1.', ' 2 ', '18446744073709551616.0000000001'].map(text => number(text)?.toFixed()), ['1', '1.5', '0.5', '1', '2', '18446744073709551616.0000000001'])
  t.same(['', '-1', '1e3', '0x1', 'NaN', 'Infinity', '1,000', '1 000', '9'.repeat(51), undefined].map(text => number(text)), Array(10).fill(undefined))
  t.same(['-1.5', '-', '3'].map(text => signed(text)?.toFixed()), ['-1.5', undefined, '3'])
  t.same(['1', '1.', '1.50', ' .5 '].map(placesOf), [0, 0, 2, 1])
  t.equal(sum(['0.1', undefined, '0.2'])?.toFixed(), '0.3')
  t.equal(sum(['0.1', 'x']), undefined, 'one that is none spoils the sum')
  t.same(['0.005', '0.0049999', '1.015'].map(text => round(number(text)!, 2).toFixed(2)), ['0.01', '0.00', '1.02'])
})

t.test('limits are those of the formulas in the SAT’s guide', async t => {
  t.same(limits(productLimits(['10.0', '3.450000'], undefined, 2)), ['34.32', '34.68'])
  t.same(limits(productLimits(['1', '100.00'], undefined, 2)), ['49.99', '150.01'])
  t.same(limits(productLimits(['100.00'], '0.160000', 2)), ['15.99', '16.01'])
  t.same(limits(productLimits(['x'], '0.16', 2)), undefined)
  t.same(limits(quotientLimits('580.00', '18.5000000000', 10, 2)), ['31.35', '31.36'])
  t.same(limits(quotientLimits('10.00', '1', 10, 2)), ['9.99', '10.01'])
  t.same(limits(quotientLimits('10.00', '0', 0, 2)), undefined)
  t.same(limits(quotientLimits('10.00', '0.1', 0, 2)), undefined, 'half of the last decimal is more than the whole')
})

t.test('a rate is one of the list or inside of the range of its tax, factor, direction and day', async t => {
  const allows = (tax: string, factor: string, direction: 'transferred' | 'withheld', value: string, on = '2026-11-20') => allowsRate(catalogues, { tax, factor, direction, value: new Decimal(value), on })
  t.same([allows('002', 'Tasa', 'transferred', '0.16'), allows('002', 'Tasa', 'transferred', '0.08'), allows('002', 'Tasa', 'transferred', '0'), allows('002', 'Tasa', 'transferred', '0.1')], [true, true, true, false])
  t.same([allows('002', 'Tasa', 'withheld', '0.106667'), allows('002', 'Tasa', 'withheld', '0.160001'), allows('001', 'Tasa', 'withheld', '0.35'), allows('001', 'Tasa', 'transferred', '0.1')], [true, false, true, false])
  t.same([allows('003', 'Cuota', 'transferred', '72.1605'), allows('003', 'Cuota', 'transferred', '72.1606'), allows('003', 'Tasa', 'transferred', '1.6'), allows('003', 'Tasa', 'withheld', '0.03')], [true, false, true, false])
  t.equal(allows('003', 'Cuota', 'transferred', '70', '2024-05-05'), true, 'before the first row that is known')
  t.equal(allows('009', 'Tasa', 'transferred', '0.16'), false)
})
