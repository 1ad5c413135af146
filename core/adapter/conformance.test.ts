import t from 'tap'
import { conformance, type Harness, outcomes, promisesOf } from './conformance.ts'
import type { Adapter } from './define.ts'
import { closeHttpAgents } from './http-client.ts'
import { startToyInvoicingSimulator, toyInvoicingAdapter, type ToyInvoicingBug } from './testing/toy-invoicing.ts'
import { startToySimulator, toyAdapter, type ToyBug, toyManifest } from './testing/toy-provider.ts'

t.teardown(() => closeHttpAgents())

function toy (adapter: Adapter): Harness {
  return {
    adapter,
    simulator: startToySimulator,
    payments: {
      approved: { type: 'card', token: 'tok_ok' },
      declined: [{ method: { type: 'card', token: 'tok_no_funds' }, code: 'insufficient_funds' }],
      redirect: { method: { type: 'card', token: 'tok_bank' }, complete: ({ providerReference }, simulator) => (simulator as Awaited<ReturnType<typeof startToySimulator>>).pay(providerReference) }
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
  keeps_state: ['stateless', /two accounts/]
}

for (const [bug, [group, name, why = /./]] of Object.entries(noticed) as [ToyBug, (typeof noticed)[ToyBug]][]) {
  t.test(`an adapter with the bug ${bug} breaks the promise of ${group}`, async t => {
    const told = await outcomes(toy(toyAdapter(bug)), ({ promise }) => promise === group)
    const broken = told.filter(({ kept }) => !kept)
    t.ok(broken.some(outcome => name.test(outcome.name) && why.test(outcome.why ?? '')), `noticed where it belongs, not only: ${JSON.stringify(broken.map(({ name, why }) => [name, why]))}`)
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
  const { capture, refund, findRefund, getRefund, ...few } = toyAdapter().payments!
  const { capture: _capture, refund: _refund, ...safety } = toyManifest.retry_safety
  const adapter: Adapter = { ...toyAdapter(), payments: few, manifest: { ...toyManifest, retry_safety: safety } }
  const names = promisesOf(toy(adapter)).map(({ name }) => name)
  t.notOk(names.some(name => /captur|refund/.test(name)))
  const told = await outcomes({ ...toy(adapter), payments: { ...toy(adapter).payments!, redirect: toy(adapter).payments!.redirect! } }, ({ promise }) => promise === 'payments')
  t.same(told.filter(({ kept }) => !kept), [])
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
  return {
    adapter: toyInvoicingAdapter(bug),
    simulator: startToyInvoicingSimulator,
    invoicing: {
      document: document('good'),
      rejected: document('wrong'),
      cancellation: { motive: '02' },
    register: { issuerTaxId: 'EKU9003173C9', customerTaxId: 'XAXX010101000', total: '116.00' },
      booked: ({ naturalKey: { issuerTaxId, series, number } }) => `${issuerTaxId}-${series}-${number}`
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
  leaky_scrub: ['secrecy', /scrub leaves no secret/, /password is still there in base64/]
}
for (const [bug, [group, name, why = /./]] of Object.entries(noticedStamps) as [ToyInvoicingBug, (typeof noticedStamps)[ToyInvoicingBug]][]) {
  t.test(`an invoicing adapter with the bug ${bug} breaks the promise of ${group}`, async t => {
    const broken = (await outcomes(stamps(bug), ({ promise }) => promise === group)).filter(({ kept }) => !kept)
    t.ok(broken.some(outcome => name.test(outcome.name) && why.test(outcome.why ?? '')), `noticed where it belongs, not only: ${JSON.stringify(broken.map(({ name, why }) => [name, why]))}`)
  })
}
