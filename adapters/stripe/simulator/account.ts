import { connectAccount, noAccess } from './accounts.ts'
import { emit } from './events.ts'
import { homeCurrency } from './fees.ts'
import { anything, email, expand, metadata, object, oneOf, paging, text } from './params.ts'
import { route } from './routing.ts'
import type { Account, Call } from './world.ts'

/** The account itself, and those that are connected to it: reached by the header `Stripe-Account`. Source: https://docs.stripe.com/connect/authentication, read 2026-11. */
export const accountRoutes = [
  route('GET', '/v1/account', object({ expand }), call => view(own(call))),
  route('GET', '/v1/accounts', object(paging), call => {
    const data = [...call.world.accounts.values()].filter(each => each.platforms.includes(call.books.account)).reverse().map(view)
    return { object: 'list', url: '/v1/accounts', has_more: false, data }
  }),
  route('POST', '/v1/accounts', object({
    business_profile: anything,
    business_type: text(),
    capabilities: anything,
    company: anything,
    controller: anything,
    country: text(),
    default_currency: text(),
    email,
    expand,
    individual: anything,
    metadata,
    settings: anything,
    tos_acceptance: anything,
    type: oneOf('custom', 'express', 'standard')
  }), (call, params) => {
    const account = connectAccount(call.world, call.books.account, call.world.id('', 24), params.country)
    emit(call, 'account.updated', view(account))
    return { ...view(account), metadata: params.metadata ?? {} }
  }),
  route('GET', '/v1/accounts/:id', object({ expand }), (call, _, { id }) => {
    const account = call.world.accounts.get(id!)
    if (account === undefined || (id !== call.books.account && !account.platforms.includes(call.books.account))) throw noAccess({}, id!)
    return view(account)
  })
]

function own ({ world, books }: Call): Account {
  return world.accounts.get(books.account)!
}

function view (account: Account): object {
  return {
    id: account.id,
    object: 'account',
    business_profile: { annual_revenue: null, estimated_worker_count: null, mcc: '5734', name: 'Simulated shop', product_description: null, support_address: null, support_email: null, support_phone: null, support_url: null, url: null },
    business_type: 'company',
    capabilities: { card_payments: 'active', transfers: 'active', ...(account.country === 'MX' ? { mx_bank_transfer_payments: 'active', oxxo_payments: 'active' } : {}) },
    charges_enabled: true,
    controller: { type: 'account' },
    country: account.country,
    created: account.created,
    default_currency: homeCurrency(account.country),
    details_submitted: true,
    email: `${account.id}@example.com`,
    payouts_enabled: true,
    settings: {
      branding: { icon: null, logo: null, primary_color: null, secondary_color: null },
      card_issuing: { tos_acceptance: { date: null, ip: null } },
      card_payments: { decline_on: { avs_failure: false, cvc_failure: false }, statement_descriptor_prefix: 'SIMULATED', statement_descriptor_prefix_kana: null, statement_descriptor_prefix_kanji: null },
      dashboard: { display_name: 'Simulated shop', timezone: 'America/Mexico_City' },
      invoices: { default_account_tax_ids: null, hosted_payment_method_save: 'offer' },
      payments: { statement_descriptor: 'SIMULATED', statement_descriptor_kana: null, statement_descriptor_kanji: null },
      payouts: { debit_negative_balances: true, schedule: { delay_days: 4, interval: 'daily' }, statement_descriptor: null },
      sepa_debit_payments: {}
    },
    type: 'standard'
  }
}
