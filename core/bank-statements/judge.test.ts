import fc from 'fast-check'
import t from 'tap'
import { type Case, judge } from './judge.ts'
import { choose } from './match.ts'

const open: Case = {
  entry: { amount: 10_000, currency: 'MXN', day: '2026-11-21', at: null },
  transfer: { amount: 10_000, currency: 'MXN', status: 'open', amountReceived: 0, expiresAt: new Date('2026-11-22T05:59:59Z') },
  payment: { amount: 10_000, currency: 'MXN', status: 'requires_action', amountCaptured: 0, underReview: false },
  timeZone: 'America/Mexico_City'
}
const of = (change: { [part in keyof Case]?: Partial<Case[part]> }): Case => ({ ...open, entry: { ...open.entry, ...change.entry }, transfer: { ...open.transfer, ...change.transfer }, payment: { ...open.payment, ...change.payment } })
const told = (change: Parameters<typeof of>[0]) => {
  const verdict = judge(of(change))
  return verdict.verdict === 'review' ? `${verdict.reason} ${verdict.doubt} ${verdict.total} ${verdict.adds}` : verdict.verdict
}

t.test('what a credit means', async t => {
  t.equal(told({}), 'settles')
  t.equal(told({ entry: { amount: 9_000 } }), 'underpaid captured_less 9000 true')
  t.equal(told({ entry: { amount: 11_000 } }), 'overpaid captured_more 11000 true')
  t.equal(told({ entry: { day: '2026-11-22' } }), 'late money_after_end 10000 true')
  t.equal(told({ entry: { at: new Date('2026-11-22T05:59:59Z') } }), 'settles', 'to the second')
  t.equal(told({ entry: { at: new Date('2026-11-22T06:00:00Z') } }), 'late money_after_end 10000 true')
  t.equal(told({ payment: { status: 'expired' } }), 'late money_after_end 10000 true')
  t.equal(told({ payment: { status: 'canceled' } }), 'not_open money_after_end 10000 true')
  t.equal(told({ transfer: { status: 'canceled' } }), 'not_open money_after_end 10000 true')
  t.equal(told({ entry: { currency: 'USD' } }), 'other_currency currency_mismatch 10000 false')
  t.equal(told({ transfer: { status: 'paid' }, payment: { status: 'succeeded', amountCaptured: 10_000 } }), 'paid_twice paid_twice 10000 false')
  t.equal(told({ payment: { status: 'succeeded', amountCaptured: 10_000 } }), 'confirms', 'a person said so before')
  t.equal(told({ entry: { amount: 9_000 }, payment: { status: 'succeeded', amountCaptured: 10_000 } }), 'underpaid captured_less 9000 true')
  t.equal(told({ transfer: { amountReceived: 9_000 }, payment: { underReview: true }, entry: { amount: 1_000 } }), 'in_parts amount_mismatch 10000 true')
  t.equal(told({ transfer: { amountReceived: 9_000 }, payment: { underReview: true } }), 'overpaid captured_more 19000 true')
  t.equal(told({ transfer: { amountReceived: 9_000 } }), 'settles', 'what a person dismissed does not count')
  t.equal(told({ transfer: { amountReceived: 9_000 }, payment: { status: 'succeeded', amountCaptured: 9_000 } }), 'paid_twice paid_twice 10000 false', 'it was accepted before')
})

t.test('only exactly what was asked for, open and in time, settles', async t => {
  const amount = fc.constantFrom(9_999, 10_000, 10_001)
  fc.assert(fc.property(amount, amount, amount, fc.constantFrom('MXN', 'USD'), fc.constantFrom('2026-11-20', '2026-11-21', '2026-11-22'), fc.constantFrom('open', 'paid', 'canceled', 'expired'), fc.constantFrom('requires_action', 'processing', 'succeeded', 'canceled', 'failed', 'expired'), fc.boolean(), fc.constantFrom(0, 1, 10_000),
    (came, asked, expected, currency, day, transfer, payment, underReview, amountReceived) => {
      const verdict = judge(of({ entry: { amount: came, currency, day }, transfer: { amount: expected, status: transfer, amountReceived }, payment: { amount: asked, status: payment, underReview, amountCaptured: payment === 'succeeded' ? asked : 0 } }))
      const exact = came === asked && came === expected && currency === 'MXN' && day <= '2026-11-21' && ['open', 'paid'].includes(transfer) && ['requires_action', 'processing'].includes(payment) && !underReview
      return (verdict.verdict === 'settles') === exact
    }), { numRuns: 2000 })
  t.pass('properties hold')
})

t.test('which transfer is meant', async t => {
  const row = (reference: string, amount = 100, status = 'open') => ({ reference, amount, currency: 'MXN', status, id: reference, created_at: new Date('2026-11-20T18:00:00Z') }) as never
  const found = new Map([['1111111', row('1111111')], ['2222222', row('2222222')], ['3333333', row('3333333', 300)], ['4444444', row('4444444', 100, 'paid')]])
  const chosen = (reference: string | null, hints: string[], amount = 100, day = '2026-11-20') => choose({ reference, hints, amount, currency: 'MXN', day }, found)?.reference
  t.equal(chosen('1111111', []), '1111111')
  t.equal(chosen('1111111', [], 50), '1111111', 'what it says is meant, whatever the amount')
  t.equal(chosen('9999999', ['1111111']), '1111111', 'a folio of the bank’s stands where the reference should')
  t.equal(chosen('3333333', ['1111111']), '1111111', 'what fits wholly goes before what only bears the number')
  t.equal(chosen(null, ['3333333']), undefined, 'digits in a text prove nothing when the amount is another')
  t.equal(chosen(null, ['1111111', '2222222']), undefined, 'two that fit')
  t.equal(chosen(null, ['4444444']), '4444444', 'it comes a second time')
  t.equal(chosen(null, []), undefined)
  t.equal(chosen('1111111', [], 100, '2026-11-18'), undefined, 'it came before it was asked for')
})
