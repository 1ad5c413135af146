import fc from 'fast-check'
import t from 'tap'
import { Decimal } from '../fiscal/decimal.ts'
import { backOf, fromMinor, nextReceipt, openOn, share, statusOf, type Told, toMinor, written } from './reconcile.ts'

const runs = { numRuns: Number(process.env.PASARELA_PROPERTY_RUNS ?? 300) }
const cents = (n: number) => new Decimal(n).dividedBy(100)

/** What may happen to an invoice, in any order. */
const anything = fc.oneof(
  { weight: 4, arbitrary: fc.record({ what: fc.constant('pay' as const), amount: fc.integer({ min: 1, max: 150_000 }) }) },
  { weight: 3, arbitrary: fc.record({ what: fc.constant('refund' as const), which: fc.nat(20), amount: fc.integer({ min: 1, max: 150_000 }) }) },
  { weight: 2, arbitrary: fc.record({ what: fc.constant('credit' as const), amount: fc.integer({ min: 1, max: 40_000 }) }) },
  { weight: 4, arbitrary: fc.record({ what: fc.constant('receipt' as const), which: fc.nat(20) }) },
  { weight: 2, arbitrary: fc.record({ what: fc.constant('cancel_receipt' as const), which: fc.nat(20) }) }
)

t.test('payments, refunds, credit notes, receipts and their cancellations in any order', async () => {
  fc.assert(fc.property(fc.integer({ min: 1, max: 100_000 }), fc.array(anything, { maxLength: 40 }), (totalCents, steps) => {
    const total = cents(totalCents)
    const money: { id: string, captured: number, back: number, receipt?: Told }[] = []
    let credited = new Decimal(0)
    const told = (): Told[] => money.flatMap(({ receipt }) => receipt ?? [])
    const settled = () => share(total.minus(credited), money.map(({ id, captured, back }) => ({ id, gross: cents(captured), back: backOf(cents(captured), back, captured, 'MXN') })))
    let gaps = false
    for (const step of steps) {
      if (step.what === 'pay') money.push({ id: String(money.length), captured: step.amount, back: 0 })
      if (step.what === 'credit') credited = Decimal.min(total, credited.plus(cents(step.amount)))
      const one = 'which' in step && money.length > 0 ? money[step.which % money.length]! : undefined
      if (step.what === 'refund' && one !== undefined) one.back = Math.min(one.captured, one.back + step.amount)
      if (step.what === 'cancel_receipt' && one?.receipt !== undefined) {
        delete one.receipt
        gaps = true
      }
      if (step.what === 'receipt' && one !== undefined && one.receipt === undefined) {
        const { applied } = settled().shares.find(({ id }) => id === one.id)!
        const open = openOn(total, told())
        const next = nextReceipt(total, told(), applied)
        if ((next === undefined) !== (applied.isZero() || applied.greaterThan(open))) throw new Error('a receipt that fits was refused, or one that does not was made')
        if (next !== undefined) {
          if (!next.before.equals(open) || !next.before.minus(applied).equals(next.after)) throw new Error('the balances do not follow each other')
          one.receipt = { number: next.number, amount: applied }
        }
      }
      const { shares, paid } = settled()
      if (paid.isNegative() || paid.greaterThan(total)) throw new Error(`${paid.toString()} of ${total.toString()} is paid`)
      if (!paid.equals(shares.reduce((sum, { applied }) => sum.plus(applied), new Decimal(0)))) throw new Error('the parts are not the whole')
      for (const { net, applied, excess } of shares) {
        if (applied.isNegative() || excess.isNegative() || !applied.plus(excess).equals(net)) throw new Error('money was lost or made')
      }
      // Nothing is too much while something is due.
      if (shares.some(({ excess }) => excess.greaterThan(0)) && paid.lessThan(total.minus(credited))) throw new Error('there is too much and too little at once')
      const open = openOn(total, told())
      if (open.isNegative() || open.greaterThan(total)) throw new Error(`the receipts leave ${open.toString()} of ${total.toString()}`)
      const numbers = told().map(({ number }) => number).sort((a, b) => a - b)
      if (new Set(numbers).size !== numbers.length) throw new Error('a part is there twice')
      if (!gaps && numbers.some((number, index) => number !== index + 1)) throw new Error(`the parts are ${numbers.join()}`)
    }
    // Whatever was cancelled: the next ones fill what is missing before they count on.
    const numbers = told().map(({ number }) => number)
    const least = nextReceipt(total.plus(1), told(), new Decimal(1))!.number
    if (numbers.includes(least) || Array.from({ length: least - 1 }, (_, index) => index + 1).some(number => !numbers.includes(number))) throw new Error(`${least} is not the least free part of ${numbers.join()}`)
  }), runs)
})

t.test('units', async t => {
  t.equal(written(fromMinor(232_000, 'MXN'), 'MXN'), '2320.00')
  t.equal(written(fromMinor(232, 'JPY'), 'JPY'), '232')
  t.equal(toMinor(new Decimal('10.009'), 'MXN'), 1000, 'what is less than a cent cannot be paid')
  t.equal(backOf(new Decimal('50.00'), 2000, 10_000, 'MXN').toFixed(2), '10.00', 'of a payment that is half for this invoice')
  t.equal(backOf(new Decimal('50.00'), 20_000, 10_000, 'MXN').toFixed(2), '50.00')
  t.equal(statusOf(new Decimal(10), new Decimal(4), new Decimal(6)), 'paid')
  t.equal(statusOf(new Decimal(10), new Decimal(0), new Decimal(6)), 'partly_paid')
})
