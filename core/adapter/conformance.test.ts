import t from 'tap'
import { conformance, type Harness, outcomes, promisesOf } from './conformance.ts'
import type { Adapter } from './define.ts'
import { closeHttpAgents } from './http-client.ts'
import type { Invoice } from './invoicing.ts'
import { startToyInvoicingSimulator, toyInvoicingAdapter, type ToyInvoicingBug, type ToyInvoicingSimulator } from './testing/toy-invoicing.ts'
import { startToySimulator, toyAdapter, type ToyBug, toyManifest, type ToySimulator } from './testing/toy-provider.ts'

t.teardown(() => closeHttpAgents())
// As long as the runner gives it; alone, tap gives half a minute.
t.setTimeout(560_000)

const at = (simulator: unknown) => simulator as ToySimulator

function toy (adapter: Adapter): Harness {
  return {
    adapter,
    simulator: startToySimulator,
    payments: {
      approved: { type: 'card', token: 'tok_ok' },
      declined: [{ method: { type: 'card', token: 'tok_no_funds' }, code: 'insufficient_funds' }],
      redirect: { method: { type: 'card', token: 'tok_bank' }, complete: ({ providerReference }, simulator) => at(simulator).pay(providerReference) },
      made: (reference, simulator) => at(simulator).made(reference),
      voucher: {
        method: { type: 'cash' },
        pay: ({ providerReference }, simulator) => at(simulator).send(providerReference),
        expire: ({ providerReference }, simulator) => at(simulator).expire(providerReference),
        refundable: false
      },
      transfer: { method: { type: 'wire' }, send: ({ providerReference }, { amount }, simulator) => at(simulator).send(providerReference, amount) },
      inPage: { method: { type: 'card', token: 'tok_bank' } },
      saved: {
        type: 'card',
        token: 'tok_ok',
        declined: { token: 'tok_no_funds', code: 'insufficient_funds' },
        challenged: { token: 'tok_bank', complete: ({ providerReference }, simulator) => at(simulator).pay(providerReference) },
        needsPayer: { token: 'tok_absent' },
        failing: { token: 'tok_failing' }
      },
      checkout: { pay: ({ providerReference }, simulator) => at(simulator).payPage(providerReference), fill: ({ providerReference }, typed, simulator) => at(simulator).payPage(providerReference, typed) },
      subscription: { advance: (to, simulator, { credentials }) => at(simulator).advance(credentials['api_key']!, to) },
      dispute: { open: ({ providerReference }, simulator) => at(simulator).dispute(providerReference) }
    }
  }
}

t.test('an adapter that keeps its promises passes', t => conformance(t, toy(toyAdapter())))

/** Each way to be wrong, and the promise that must notice it. */
const noticed: Record<ToyBug, [group: string, name: RegExp, why?: RegExp]> = {
  own_keys: ['idempotency', /create_payment: the same key twice/, /about the same object/],
  constant_key: ['idempotency', /create_payment: two keys/],
  failed_on_timeout: ['faults', /create_payment, cut_after: nobody knows/, /reached says 'answered'/],
  paid_on_garbage: ['faults', /create_payment, garbage/, /as if all were well/],
  plain_error: ['faults', /capture, cut_before/, /not a ProviderError/],
  made_up_retries: ['faults', /create_payment, cut_before/, /as if all were well/],
  rate_limit_unknown: ['faults', /refund, rate_limit/, /'unknown'/],
  unsigned_webhook: ['webhooks', /without its signature/],
  stale_webhook: ['webhooks', /a stale delivery/],
  first_secret_only: ['webhooks', /during a rotation/],
  empty_secret: ['webhooks', /without a secret/],
  reserialised_body: ['webhooks', /./],
  random_dedupe: ['webhooks', /a redelivery/],
  float_amounts: ['amounts', /an ordinary amount/, /1999 MXN/],
  cents_everywhere: ['amounts', /an ordinary amount/, /CLP in the provider's own books/],
  rounds: ['amounts', /cannot say/, /as if all were well/],
  leaky_scrub: ['secrecy', /scrub leaves no secret/, /the credential api_key/],
  scrubs_everything: ['secrecy', /scrub leaves the rest/],
  leaky_log: ['secrecy', /no log line/, /api_key/],
  finds_another: ['payments', /found by our reference/],
  wrong_refund: ['payments', /refund is found/],
  decline_throws: ['payments', /a decline is an answer/],
  unknown_is_paid: ['payments', /never heard of/],
  forgets_part: ['payments', /captured in part/],
  live_writes: ['credentials', /only reads in live/, /POST \/v1\/payments/],
  wrong_key_is_outage: ['credentials', /refuses wrong credentials \(test\)/, /provider_unavailable/],
  loose_mode: ['mode', /never wrongly/],
  keeps_state: ['stateless', /two accounts/],
  local_expiry: ['vouchers', /how and until when/, /no moment to come/],
  own_expiry: ['vouchers', /when it was asked to/, /it ends at/],
  voucher_is_paid: ['vouchers', /how and until when/, /while it waits/],
  voucher_hangs: ['vouchers', /nobody pays expires/, /'expired'/],
  refunds_cash_wrongly: ['vouchers', /does not go back/, /'unsupported'/],
  bad_clabe: ['transfers', /where the money goes/, /no CLABE/],
  half_is_paid: ['transfers', /in two parts/, /after the first part/],
  forgets_received: ['transfers', /in two parts/, /received/],
  leaves_page: ['payments', /the shop’s own page/, /leads away/],
  page_amount: ['checkout', /a page is opened/, /its amount/],
  any_lines: ['checkout', /lines of a page/, /as if all were well/],
  finds_any_page: ['checkout', /a page is found/],
  page_stays: ['checkout', /a page that was ended/, /read back/],
  nameless_page_payment: ['checkout', /a page that is paid/, /the reference of that payment/],
  ends_paid_page: ['checkout', /a page that is paid/, /as if all were well/],
  finds_any_link: ['checkout', /a link is found/],
  link_stays: ['checkout', /a link that was ended/, /read back/],
  asks_nothing: ['checkout', /types for an invoice/, /what the page tells/],
  types_for_payers: ['checkout', /types for an invoice/, /asked for nothing/],
  first_payer_only: ['checkout', /typed for themselves/, /the tax id of the payer/],
  nameless_link_payment: ['checkout', /each payer of a link/, /the reference of that payment/],
  wipes_email: ['customers', /made, and changed/, /what was not named/],
  finds_any_customer: ['customers', /found by our reference/],
  forgets_once: ['customers', /forgetting again/, /gone/],
  keeps_token: ['customers', /removed is charged no more/, /methods of the customer/],
  lists_everyones: ['customers', /charged while the payer is away/, /another customer/],
  forgets_saved: ['customers', /kept with a payment/, /which method was kept/],
  removes_nothing: ['customers', /removed is charged no more/, /methods of the customer/],
  refused_method_throws: ['customers', /not let be kept/],
  asks_nobody: ['customers', /asks the payer first/, /before/],
  away_is_declined: ['customers', /needs the payer who is away/, /error.code/],
  weekly_plan: ['subscriptions', /a plan is made/, /how often/],
  finds_any_plan: ['subscriptions', /a plan is found/],
  finds_any_subscription: ['subscriptions', /a subscription is found/],
  any_subscription: ['subscriptions', /does not exist/, /as if all were well/],
  starts_unpaid: ['subscriptions', /waits for the payer/, /'incomplete'/],
  trial_forgotten: ['subscriptions', /in its trial/, /'trialing'/],
  periods_without_payment: ['subscriptions', /paid at once/, /which payment paid it/],
  nameless_period_payment: ['subscriptions', /paid at once/, /our id of the subscription/],
  drops_quantity: ['subscriptions', /cost twice/, /the period/],
  refused_is_active: ['subscriptions', /the bank refuses/, /'incomplete'/],
  cancels_once: ['subscriptions', /canceled now, once/, /wrong_state/],
  cancels_at_once: ['subscriptions', /runs until then/, /after the cancellation/],
  pauses_nothing: ['subscriptions', /paused, and goes on/, /read back/],
  preview_changes: ['subscriptions', /changes nothing/, /its periods afterwards/],
  prorates_always: ['subscriptions', /a change without proration/, /at once/],
  oldest_first: ['subscriptions', /newest first/, /they begin at/],
  never_stops: ['subscriptions', /it ends then, without a charge/, /after its period/],
  lends_methods: ['subscriptions', /this customer’s method/],
  dispute_without_day: ['disputes', /until when it is answered/, /answered until/],
  lists_every_dispute: ['disputes', /is listed, once/, /half an hour ago/],
  sends_drafts: ['disputes', /as a draft/, /a draft is told/],
  accepts_nothing: ['disputes', /given up is over/, /needs_response/],
  first_page_only: ['listings', /every payment is listed/, /is not listed/],
  fee_added: ['listings', /what was paid/, /without a fee/],
  refund_positive: ['listings', /a refund is in the list/],
  customer_without_key: ['idempotency', /create_customer: the same key twice/, /same object/],
  page_without_key: ['idempotency', /create_checkout: the same key twice/, /same object/],
  subscription_never_found: ['faults', /create_subscription, cut_after: nobody knows/, /not found afterwards|expected 1/],
  method_twice: ['idempotency', /save_method: the same key twice/, /methods/]
}

for (const [bug, [group, name, why = /./]] of Object.entries(noticed) as [ToyBug, (typeof noticed)[ToyBug]][]) {
  t.test(`an adapter with the bug ${bug} breaks the promise of ${group}`, async t => {
    const told = await outcomes(toy(toyAdapter(bug)), promise => promise.promise === group && name.test(promise.name))
    t.ok(told.some(({ kept, why: told = '' }) => !kept && why.test(told)), `noticed where it belongs, and why: ${JSON.stringify(told.map(({ name, why }) => [name, why]))}`)
  })
}

const changes: Record<string, { change: (adapter: Adapter) => Adapter, name: RegExp }> = {
  'a text without Spanish': {
    change: adapter => ({ ...adapter, manifest: { ...toyManifest, setup_steps: [{ es: ' ', en: 'Open the dashboard.' }] } }),
    name: /every text/
  },
  'a source from the future': {
    change: adapter => ({ ...adapter, manifest: { ...toyManifest, sources: [{ title: 'x', url: 'https://toy.test', read_on: '2999-01-01' }] } }),
    name: /sources are dated/
  },
  'a code outside the vocabulary': {
    change: adapter => ({ ...adapter, manifest: { ...toyManifest, errors: { no_funds: 'broke' as never } } }),
    name: /keeps the contract/
  },
  'a pattern that is not anchored': {
    change: adapter => ({ ...adapter, manifest: { ...toyManifest, credentials: { ...toyManifest.credentials, properties: { ...toyManifest.credentials.properties, api_key: { ...toyManifest.credentials.properties['api_key']!, pattern: 'toy_' } } } } }),
    name: /its patterns/
  },
  'a credential that nobody declared': {
    change: adapter => ({ ...adapter, manifest: { ...toyManifest, credentials: { properties: { api_key: toyManifest.credentials.properties['api_key']!, webhook_secret: toyManifest.credentials.properties['webhook_secret']! }, required: ['api_key'] } } }),
    name: /its patterns/
  },
  'a write without retry safety': {
    change: adapter => ({ ...adapter, manifest: { ...toyManifest, retry_safety: { create_payment: 'idempotency-key' } } }),
    name: /keeps the contract/
  },
  'a function in the manifest': {
    change: adapter => ({ ...adapter, manifest: { ...toyManifest, name: undefined as never } }),
    name: /is data|keeps the contract/
  }
}
for (const [what, { change, name }] of Object.entries(changes)) {
  t.test(`${what} breaks the contract`, async t => {
    const told = await outcomes(toy(change(toyAdapter())), ({ promise }) => promise === 'contract')
    t.ok(told.some(outcome => !outcome.kept && name.test(outcome.name)), JSON.stringify(told.filter(({ kept }) => !kept).map(({ name }) => name)))
  })
}

t.test('a capability that is left out is not asked for', async t => {
  const { createPayment, getPayment, findPayment } = toyAdapter().payments!
  const adapter: Adapter = { ...toyAdapter(), payments: { createPayment, getPayment, findPayment }, manifest: { ...toyManifest, retry_safety: { create_payment: 'idempotency-key', register_webhook: 'query-first' } } }
  const harness = toy(adapter)
  const { approved, declined, redirect } = harness.payments!
  const names = promisesOf({ ...harness, payments: { approved, declined, redirect } }).map(({ promise, name }) => `${promise}: ${name}`)
  t.notOk(names.some(name => /captur|refund|page|link|customer|plan|subscription|dispute|listed/.test(name)), names.join('\n'))
  const told = await outcomes({ ...harness, payments: { approved, declined, redirect } }, ({ promise }) => promise === 'payments' || promise === 'contract')
  t.same(told.filter(({ kept }) => !kept), [])
})

t.test('what is made is counted by the harness, or it says that it does not', async t => {
  const { made, ...samples } = toy(toyAdapter()).payments!
  const told = await outcomes({ ...toy(toyAdapter()), payments: samples }, ({ promise }) => promise === 'contract')
  t.match(told.filter(({ kept }) => !kept), [{ why: /made is missing/ }])
})

t.test('a status that is no JSON word is replaced by the harness', async t => {
  const harness = toy(toyAdapter())
  const silent = (strangeStatus: (body: string) => string) => outcomes({ ...harness, payments: { ...harness.payments!, strangeStatus } }, ({ name }) => /never heard of/.test(name))
  t.match(await silent(body => body.replace('"status":"paid"', '"status":"<nie_gehört>"')), [{ kept: true }])
  t.match(await silent(body => body), [{ kept: false, why: /strangeStatus/ }], 'one that replaces nothing proves nothing')
})

t.test('an adapter without samples is told that it owes them', async t => {
  const told = await outcomes({ adapter: toyAdapter(), simulator: startToySimulator })
  t.match(told.filter(({ kept }) => !kept), [{ promise: 'contract', why: 'harness.payments is missing' }])
})

t.test('a simulator that does not start breaks promises, not the suite', async t => {
  const told = await outcomes({ ...toy(toyAdapter()), simulator: async () => { throw new Error('no port') } }, ({ promise }) => promise === 'mode')
  t.match(told, [{ kept: false, why: 'no port' }])
})

function stamps (bug?: ToyInvoicingBug): Harness {
  const document = (xml: string) => (n: number) => ({ naturalKey: { issuerTaxId: 'EKU9003173C9', series: 'A', number: String(n) }, sealed: Buffer.from(`<doc n="${n}">${xml}</doc>`) })
  const customer = { taxId: 'XAXX010101000', postalCode: '06000', regime: '616' }
  return {
    adapter: toyInvoicingAdapter(bug),
    simulator: startToyInvoicingSimulator,
    invoicing: {
      document: document('good'),
      rejected: document('wrong'),
      cancellation: { motive: '02' },
      register: { issuerTaxId: 'EKU9003173C9', customerTaxId: 'XAXX010101000', total: '116.00' },
      booked: ({ naturalKey: { issuerTaxId, series, number } }) => `${issuerTaxId}-${series}-${number}`,
      certificate: { certificate: Buffer.from('the certificate'), key: Buffer.from('the private key'), passphrase: 'good-passphrase', taxId: 'EKU9003173C9' },
      customer: { right: { ...customer, name: 'ANA' }, wrong: { ...customer, name: 'EVA' } },
      selfInvoice: { model: () => ({}) as Invoice, made: (reference, simulator) => (simulator as ToyInvoicingSimulator).links(reference) } // what was sold is nothing to it
    }
  }
}

t.test('an invoicing adapter that keeps its promises passes', t => conformance(t, stamps()))

const noticedStamps: Record<ToyInvoicingBug, [group: string, name: RegExp, why?: RegExp]> = {
  stamps_anew: ['idempotency', /issue: the same natural key/, /stamps: expected 1, got 2|same object/],
  finds_none: ['invoicing', /found by its natural key/],
  finds_any: ['invoicing', /found by its natural key/],
  rejected_on_timeout: ['faults', /issue, cut_after/, /'answered'/],
  other_bytes: ['invoicing', /issued|downloaded/, /bytes/],
  rejection_throws: ['invoicing', /rejects is an answer/],
  cancels_nothing: ['invoicing', /canceled, or on its way/],
  leaky_scrub: ['secrecy', /scrub leaves no secret/, /password is still there in base64/],
  any_passphrase: ['invoicing', /put on file/, /wrong passphrase/],
  keeps_the_key: ['invoicing', /put on file/, /the key or its passphrase/],
  checks_nobody: ['invoicing', /authority’s list/, /one that is wrong/],
  links_anew: ['invoicing', /one place to invoice itself/, /asked again/]
}
for (const [bug, [group, name, why = /./]] of Object.entries(noticedStamps) as [ToyInvoicingBug, (typeof noticedStamps)[ToyInvoicingBug]][]) {
  t.test(`an invoicing adapter with the bug ${bug} breaks the promise of ${group}`, async t => {
    const broken = (await outcomes(stamps(bug), ({ promise }) => promise === group)).filter(({ kept }) => !kept)
    t.ok(broken.some(outcome => name.test(outcome.name) && why.test(outcome.why ?? '')), `noticed where it belongs, not only: ${JSON.stringify(broken.map(({ name, why }) => [name, why]))}`)
  })
}
