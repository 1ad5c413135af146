import t from 'tap'
import fc from 'fast-check'
import { country, type Country, shop as newShop, type Shop } from '../../test/support/mexico.ts'
import { inTenant } from '../db/in-tenant.ts'
import { HubError } from '../errors.ts'
import { uuidOf } from '../ids.ts'
import { createPayment } from '../payments/service.ts'
import { findingsOf } from './audit.ts'
import { refundSale } from './refunds.ts'
import type { Sale } from './schema.ts'
import * as service from './service.ts'
import { putSettings } from './settings.ts'

/** Whole months of a shop, by the clock: whatever is sold, given back, corrected, invoiced late or forgotten, every peso ends in exactly one lawful document, or provably waits for one. */
t.setTimeout(560_000)

const hourMs = 3600_000
const right = { name: 'INNOVACION VALOR Y DESARROLLO', tax_id: 'IVD920810GU2', address: { postal_code: '63901' }, mx: { regime: '601', cfdi_use: 'G03' } }
const lines = [
  { description: 'Lavado', quantity: '1', unit_price: '100.00', taxes: [{ type: 'IVA', rate: '0.16' }], mx: { product_key: '76111501', unit_key: 'E48' } },
  { description: 'Libro', quantity: '3', unit_price: '33.33', taxes: [{ type: 'IVA', rate: '0' }], mx: { product_key: '55101509', unit_key: 'H87' } },
  { description: 'Aceite', quantity: '2.5', unit_price: '87.31', discount: '10.07', taxes: [{ type: 'IVA', rate: '0.16' }], mx: { product_key: '15121501', unit_key: 'LTR' } }
]

type Act =
  | { do: 'ticket', lines: number[], wants: boolean | undefined, form: string, count: number }
  | { do: 'amount', amount: number, wants: boolean | undefined }
  | { do: 'charge', amount: number, data: 'right' | 'wrong' | 'none' }
  | { do: 'invoice', which: number, wrong: boolean }
  | { do: 'refund', which: number, part: number, how: 'cash' | 'store_credit' | 'card' }
  | { do: 'late', days: number, amount: number }
  | { do: 'pass', hours: number }

const which = fc.nat(1000)
const wants = fc.constantFrom(true, false, false, undefined)
const act: fc.Arbitrary<Act> = fc.oneof(
  { weight: 4, arbitrary: fc.record({ do: fc.constant('ticket' as const), lines: fc.array(fc.nat(2), { minLength: 1, maxLength: 3 }), wants, form: fc.constantFrom('01', '04', '28', '03'), count: fc.constantFrom(1, 1, 5, 30) }) },
  { weight: 3, arbitrary: fc.record({ do: fc.constant('amount' as const), amount: fc.integer({ min: 1, max: 500_000 }), wants }) },
  { weight: 3, arbitrary: fc.record({ do: fc.constant('charge' as const), amount: fc.integer({ min: 1000, max: 500_000 }), data: fc.constantFrom('right' as const, 'wrong' as const, 'none' as const) }) },
  { weight: 4, arbitrary: fc.record({ do: fc.constant('invoice' as const), which, wrong: fc.boolean() }) },
  { weight: 3, arbitrary: fc.record({ do: fc.constant('refund' as const), which, part: fc.integer({ min: 1, max: 100 }), how: fc.constantFrom('cash' as const, 'store_credit' as const, 'card' as const) }) },
  { weight: 1, arbitrary: fc.record({ do: fc.constant('late' as const), days: fc.integer({ min: 1, max: 60 }), amount: fc.integer({ min: 100, max: 50_000 }) }) },
  { weight: 4, arbitrary: fc.record({ do: fc.constant('pass' as const), hours: fc.constantFrom(1, 6, 30, 24 * 4, 24 * 8, 24 * 20) }) }
)

let made: Country
t.before(async () => { made = await country(t, { env: { RESOLVER_SCHEDULE: '5s,15s,1m,5m' }, taxpayers: { [right.tax_id]: { name: right.name, postalCode: right.address.postal_code, regime: right.mx.regime } } }) })

const settle = async (): Promise<void> => await made.settle(4)

async function perform (shop: Shop, connection: string, sold: Sale[], act: Act): Promise<void> {
  const { hub } = made
  const pick = (index: number): Sale | undefined => sold.length === 0 ? undefined : sold[index % sold.length]
  const paid = { confirmed_by: 'till' }
  switch (act.do) {
    case 'ticket':
      for (let ticket = 0; ticket < act.count; ticket++) sold.push(await service.createSale(hub, shop.access, { ...paid, lines: act.lines.map(index => lines[index]!), tenders: [{ form: act.form }], ...(act.wants !== undefined && { requires_invoice: act.wants }) }, null))
      break
    case 'amount': sold.push(await service.createSale(hub, shop.access, { ...paid, amount: act.amount, tenders: [{ form: '01' }], ...(act.wants !== undefined && { requires_invoice: act.wants }) }, null)); break
    case 'late': sold.push(await service.createSale(hub, shop.access, { ...paid, amount: act.amount, tenders: [{ form: '01' }], requires_invoice: false, sold_at: new Date(hub.now().getTime() - act.days * 24 * hourMs).toISOString() }, null)); break
    case 'charge': {
      const customer = act.data === 'wrong' ? { ...right, name: 'OTRO NOMBRE' } : right
      const payment = await createPayment(hub, shop.access, { amount: act.amount, currency: 'MXN', connection, method: { type: 'card', token: 'pm_card_visa' }, ...(act.data !== 'none' && { invoice: { customer } }) } as never, null)
      await settle()
      sold.push(...(await service.listSales(hub, shop.access, { payment: payment.id })).data)
      break
    }
    case 'invoice': {
      const sale = pick(act.which)
      if (sale !== undefined) await service.invoiceSale(hub, shop.access, sale.id, { customer: act.wrong ? { ...right, mx: { regime: '601', cfdi_use: 'G01' }, name: 'OTRO NOMBRE' } : right }, null)
      break
    }
    case 'refund': {
      const sale = pick(act.which)
      if (sale === undefined) return
      const { amount, amount_refunded: back } = await service.getSale(hub, shop.access, sale.id)
      await refundSale(hub, shop.access, sale.id, { method: act.how, amount: Math.max(1, Math.floor((amount - back) * act.part / 100)), reason: 'x' }, null)
      break
    }
    case 'pass': made.advance(act.hours * hourMs)
  }
}

/** What the authority's register says of this shop, less its credit notes, in cents; and what the sales say. */
async function books (shop: Shop): Promise<{ told: number, kept: number, waiting: number, sales: number }> {
  const { owner } = made.database
  const documents = await owner.selectFrom('invoices').select(['kind', 'total', 'status']).where('tenant_id', '=', shop.tenantId).where('status', 'in', ['issued', 'cancel_rejected']).execute()
  const cents = (value: string) => Math.round(Number(value) * 100)
  const told = documents.reduce((sum, { kind, total }) => sum + (kind === 'credit_note' ? -cents(total) : cents(total)), 0)
  const sales = await owner.selectFrom('sales').select(['total', 'refunded', 'document']).where('tenant_id', '=', shop.tenantId).execute()
  const net = sales.map(({ total, refunded, document }) => ({ document, net: cents(total) - cents(refunded) }))
  const waits = net.filter(({ document }) => document !== 'invoiced' && document !== 'in_global')
  return { told, kept: net.reduce((sum, each) => sum + each.net, 0), waiting: waits.reduce((sum, each) => sum + each.net, 0), sales: sales.length }
}

t.test('every peso is in exactly one document, or waits', async t => {
  let sales = 0
  await fc.assert(fc.asyncProperty(fc.array(act, { minLength: 15, maxLength: 45 }), async acts => {
    const shop = await newShop(made)
    const connection = await shop.connect()
    await putSettings(made.hub, shop.access, { payments: 'invoice', preflight: 'let_through' })
    const sold: Sale[] = []
    for (const act of acts) {
      // What the state does not allow is refused, and changes nothing.
      await perform(shop, connection, sold, act).catch((error: unknown) => { if (!(error instanceof HubError)) throw error })
      await settle()
    }
    // Two whole months later nothing is lawfully open but what nobody has decided.
    for (let day = 0; day < 8; day++) {
      made.advance(9 * 24 * hourMs)
      await settle()
    }
    const { told, kept, waiting, sales: count } = await books(shop)
    sales += count
    if (told !== kept - waiting) throw new Error(`documents tell ${told}, sales kept ${kept} of which ${waiting} wait`)
    const open = await made.database.owner.selectFrom('sales').select(['document', 'requires_invoice', 'refunded', 'total', 'ticket', 'payment_type']).where('tenant_id', '=', shop.tenantId).where('document', 'not in', ['invoiced', 'in_global']).execute()
    const lawful = open.filter(({ document, requires_invoice: wanted, refunded, total }) => (document === 'undecided' && wanted === null) || Number(refunded) >= Number(total))
    if (lawful.length !== open.length) throw new Error(`waits for nothing: ${JSON.stringify(open.filter(sale => !lawful.includes(sale)))}`)
    const found = await inTenant(made.hub.db, shop.tenantId, async db => await findingsOf(db, uuidOf('issuer', shop.issuer), made.hub.now()))
    if (found.length > 0) throw new Error(`the audit finds ${JSON.stringify(found)}`)
  }), { numRuns: Number(process.env.MONTHS_RUNS ?? 5), endOnFailure: true })
  t.ok(sales > 0, `${sales} sales`)
})
