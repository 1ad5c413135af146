import t from 'tap'
import fc from 'fast-check'
import { Decimal } from '../fiscal/decimal.ts'
import { engineOf } from '../invoices/engines.ts'
import type { ChangeInvoice } from '../invoices/schema.ts'
import type { IssuerRow } from '../issuers/queries.ts'
import { conceptOf, exactly, fromMinor, lineOfAmount, toMinor } from './amounts.ts'

const issuer = { id: 'x', tax_id: 'EKU9003173C9', legal_name: 'ESCUELA KEMPER URGATE', regime: '601', postal_code: '42501', branches: [], mx: {}, ec: {}, es: {} } as unknown as IssuerRow
const at = new Date('2026-11-02T18:00:00Z')
type Lines = ChangeInvoice['lines']

function model (lines: readonly Lines[number][], kind = 'invoice', rounding: 'currency' | 'six' = 'currency') {
  const body: ChangeInvoice = {
    country: 'MX', currency: 'MXN', lines: [...lines], payment: { method: 'PUE', form: '01' },
    customer: { name: 'PUBLICO EN GENERAL', tax_id: 'XAXX010101000', address: { postal_code: '42501' }, mx: { regime: '616', cfdi_use: 'S01' } },
    mx: { rounding, ...(kind === 'global_invoice' && { global: { periodicity: '04', months: '10', year: 2026 } }) }
  }
  return engineOf('MX').model(body, { issuer, kind, reference: 'inv_x', issuedAt: at })
}
const totalOf = (kind: string) => (lines: readonly Lines[number][]) => new Decimal(model(lines, kind, 'six').totals.total)

const taxes = fc.constantFrom<Lines[number]['taxes']>([{ type: 'IVA', rate: '0.16' }], [{ type: 'IVA', rate: '0' }], [{ type: 'IVA', rate: '0.08' }], [{ type: 'IVA', rate: '0', exempt: true }], [{ type: 'IEPS', rate: '0.08' }, { type: 'IVA', rate: '0.16' }])
const settings = { description: 'Venta', product_key: '01010101', unit_key: 'ACT' }

t.test('a sale told by its amount alone comes to that amount, to the cent', async t => {
  fc.assert(fc.property(fc.integer({ min: 1, max: 50_000_000 }), taxes, (minor, taxes) => {
    const amount = fromMinor(minor, 'MXN')
    const lines = exactly([lineOfAmount(amount, { ...settings, taxes })], amount, totalOf('invoice'))
    return lines !== undefined && toMinor(model(lines, 'invoice', 'six').totals.total, 'MXN') === minor
  }), { numRuns: 4 * Number(process.env.AMOUNTS_RUNS ?? 100), endOnFailure: true })
  t.pass('400 amounts')
})

t.test('a global invoice comes to what is left of its tickets, to the cent, whatever they sold', async t => {
  const line = fc.record({
    description: fc.constant('x'), quantity: fc.constantFrom('1', '2', '3.5', '0.333'), unit_price: fc.integer({ min: 1, max: 200_000 }).map(cents => new Decimal(cents).div(100).toFixed(2)), taxes,
    mx: fc.constant({ product_key: '50202301', unit_key: 'H87' })
  })
  const ticket = fc.record({ lines: fc.array(line, { minLength: 1, maxLength: 4 }), left: fc.integer({ min: 1, max: 100 }) })
  fc.assert(fc.property(fc.array(ticket, { minLength: 1, maxLength: 12 }), tickets => {
    const sold = tickets.map(({ lines, left }, index) => {
      const made = model(lines as Lines)
      const net = Decimal.max(new Decimal(made.totals.total).times(left).div(100).toDecimalPlaces(2, Decimal.ROUND_UP), '0.01')
      return { number: `T-${index}`, net, model: made }
    })
    // What comes to nothing is no sale.
    fc.pre(sold.every(({ model }) => Number(model.totals.total) > 0))
    const total = sold.reduce((sum, { net }) => sum.plus(net), new Decimal(0))
    const lines = exactly(sold.map(conceptOf), total, totalOf('global_invoice'))
    if (lines === undefined) return false
    const made = model(lines, 'global_invoice', 'six')
    const broken = engineOf('MX').findings({ ...made, mx: { ...made.mx! } }, at).filter(({ level }) => level === 'error')
    if (broken.length > 0) throw new Error(JSON.stringify(broken))
    return new Decimal(made.totals.total).eq(total)
  }), { numRuns: Number(process.env.AMOUNTS_RUNS ?? 150), endOnFailure: true })
  t.pass('150 sets of tickets')
})
