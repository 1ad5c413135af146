import { cashOf, cashView, financialAddresses } from './cash.ts'
import { checkCurrency } from './amounts.ts'
import { findCustomer } from './customers.ts'
import { onlyInTestMode } from './errors.ts'
import { atLeast, expand, needed, object, oneOf, paging, text } from './params.ts'
import { route } from './routing.ts'
import { page, wanted } from './shelf.ts'
import { fund } from './transfers.ts'

export const cashRoutes = [
  route('GET', '/v1/customers/:id/cash_balance', object({ expand }), (call, _, { id }) => cashView(call.books, cashOf(call, findCustomer(call, id!, 'customer').id))),
  route('POST', '/v1/customers/:id/cash_balance', object({ expand, settings: object({ reconciliation_mode: oneOf('automatic', 'manual', 'merchant_default') }) }), (call, params, { id }) => {
    const cash = cashOf(call, findCustomer(call, id!, 'customer').id)
    const mode = params.settings?.reconciliation_mode
    if (mode !== undefined) Object.assign(cash, { mode: mode === 'merchant_default' ? 'automatic' : mode, chosen: mode !== 'merchant_default' })
    return cashView(call.books, cash)
  }),
  route('GET', '/v1/customers/:id/cash_balance_transactions', object(paging), (call, params, { id }) => {
    findCustomer(call, id!, 'customer')
    return page(call.books.cashTransactions, params, `/v1/customers/${id}/cash_balance_transactions`, 'customer_cash_balance_transaction', each => each, each => each.customer === id)
  }),
  route('GET', '/v1/customers/:id/cash_balance_transactions/:entry', object({ expand }), ({ books }, _, { entry }) => wanted(books.cashTransactions, entry!, 'customer_cash_balance_transaction')),
  route('POST', '/v1/customers/:id/funding_instructions', object({
    bank_transfer: needed(object({ type: needed(oneOf('mx_bank_transfer')), requested_address_types: text() })),
    currency: needed(text()),
    expand,
    funding_type: needed(oneOf('bank_transfer'))
  }), (call, params, { id }) => ({
    object: 'funding_instructions',
    bank_transfer: { country: 'MX', financial_addresses: financialAddresses(cashOf(call, findCustomer(call, id!, 'customer').id)), type: 'mx_bank_transfer' },
    currency: checkCurrency(params.currency),
    funding_type: 'bank_transfer',
    livemode: call.books.livemode
  })),
  route('POST', '/v1/test_helpers/customers/:id/fund_cash_balance', object({ amount: needed(atLeast(1)), currency: needed(text()), expand, reference: text() }), (call, params, { id }) => {
    if (call.books.livemode) throw onlyInTestMode()
    return fund(call, findCustomer(call, id!, 'customer').id, params.amount, checkCurrency(params.currency), params.reference ?? null)
  })
]
