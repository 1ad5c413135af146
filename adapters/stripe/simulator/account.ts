import { invalid } from './errors.ts'
import { homeCurrency } from './balance.ts'
import { expand, object } from './params.ts'
import { route } from './routing.ts'
import type { Call } from './world.ts'

export const accountRoutes = [
  route('GET', '/v1/account', object({ expand }), call => view(call)),
  route('GET', '/v1/accounts/:id', object({ expand }), (call, _, { id }) => {
    if (id !== call.books.account) {
      throw invalid(`The provided key does not have access to account '${id}' (or that account does not exist). Application access may have been revoked.`, { code: 'account_invalid' }, 403)
    }
    return view(call)
  })
]

function view ({ world, books }: Call): object {
  const account = world.accounts.get(books.account)!
  return {
    id: account.id,
    object: 'account',
    business_profile: { annual_revenue: null, estimated_worker_count: null, mcc: '5734', name: 'Simulated shop', product_description: null, support_address: null, support_email: null, support_phone: null, support_url: null, url: null },
    business_type: 'company',
    capabilities: { card_payments: 'active', transfers: 'active' },
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
