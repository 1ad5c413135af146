import t from 'tap'
import { outcomes } from './conformance.ts'
import { defineAdapter, contractProblems } from './define.ts'
import { closeHttpAgents } from './http-client.ts'
import { toyOAuthAdapter, type ToyOAuthBug, toyOAuthHarness } from './testing/toy-oauth.ts'

t.teardown(() => closeHttpAgents())

t.test('an adapter with a button that keeps its promises passes', async t => {
  const told = await outcomes(toyOAuthHarness(), ({ promise }) => promise === 'oauth')
  t.same(told.filter(({ kept }) => !kept), [])
  t.ok(told.length >= 8, `${told.length} promises`)
})

/** Each way to be wrong, and the promise that must notice it. */
const noticed: Record<ToyOAuthBug, [name: RegExp, why: RegExp]> = {
  forgets_state: [/a person consents/, /the state that comes back/],
  forgets_challenge: [/good once/, /without its verifier/],
  outage_is_over: [/an outage/, /as if all were well/],
  app_is_over: [/an outage/, /as if all were well/],
  never_over: [/taken back/, /invalid_credentials/],
  lost_is_refused: [/a lost answer/, /reached says 'answered'/],
  lost_renewal_is_over: [/whose answer was lost/, /as if all were well/],
  renewal_of_another: [/another set, of the same account/, /the account and mode/],
  proof_writes: [/a person consents/, /a proof only reads/],
  undeclared_credential: [/a person consents/, /no field of the form/]
}

for (const [bug, [name, why]] of Object.entries(noticed) as [ToyOAuthBug, [RegExp, RegExp]][]) {
  t.test(`an adapter with the bug ${bug} breaks its promise`, async t => {
    const told = await outcomes(toyOAuthHarness(bug), promise => promise.promise === 'oauth' && name.test(promise.name))
    t.ok(told.some(({ kept, why: told = '' }) => !kept && why.test(told)), `noticed where it belongs, and why: ${JSON.stringify(told)}`)
  })
}

t.test('a manifest and a button that disagree are not loaded', t => {
  const adapter = toyOAuthAdapter()
  t.same(contractProblems(adapter), [])
  const { oauth: _, ...without } = adapter
  t.match(contractProblems(without), [/retry_safety names exchange_code/, /./, /./, /the manifest and the oauth object disagree/, /refresh_ahead_ms and oauth.refresh disagree/])
  const { oauth: declared, ...manifest } = adapter.manifest
  t.throws(() => defineAdapter({ ...adapter, manifest }), /the manifest and the oauth object disagree/)
  const change = (oauth: object) => contractProblems({ ...adapter, manifest: { ...adapter.manifest, oauth: { ...declared!, ...oauth } } })
  t.match(change({ refresh_ahead_ms: 0 }), [/disagree/])
  t.match(change({ app: { ...declared!.app, required: ['client_id'] } }), [/must require client_secret/])
  t.match(change({ app: { ...declared!.app, required: ['client_id', 'client_secret', 'more'] } }), [/more of the application is not a field/])
  t.end()
})
