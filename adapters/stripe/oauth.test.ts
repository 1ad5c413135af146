import t from 'tap'
import { consentAt } from '../../test/support/consent.ts'
import { answering } from '../../test/support/connection.ts'
import stripe from './adapter.ts'
import { connectedAccount } from './http.ts'
import { closesAgents, open, refused, simulated } from './testing/simulated.ts'

closesAgents(t)
const { oauth, webhooks } = stripe
const redirectUri = 'https://hub.test/v1/oauth/stripe/callback'

async function started (t: Parameters<typeof simulated>[0]) {
  const simulator = await simulated(t)
  const app = simulator.application('test', [redirectUri])
  const url = oauth.authorizeUrl({ mode: 'test', origin: () => simulator.url, app, state: 's', redirectUri, codeChallenge: 'none' })
  const code = async (account = 'shop') => ({ redirectUri, codeVerifier: 'none', code: new URL(await consentAt(url, { account })).searchParams.get('code')! })
  return { simulator, app, url, code, bare: open(simulator, { credentials: {} }) }
}

t.test('the account is the consent’s, and what a tenant writes into the setting changes nothing', t => {
  const settings = { connected_account: 'acct_1Another00000000' }
  t.equal(connectedAccount({ settings, grant: { account: 'acct_1Granted00000000' } }), 'acct_1Granted00000000')
  t.equal(connectedAccount({ settings: {}, grant: { account: 'acct_1Granted00000000' } }), 'acct_1Granted00000000')
  t.equal(connectedAccount({ settings }), 'acct_1Another00000000')
  t.end()
})

t.test('what is asked for is what the reference says, and no token of the account’s is kept', async t => {
  const { app, url, code, bare, simulator } = await started(t)
  t.match(Object.fromEntries(new URL(url).searchParams), { response_type: 'code', client_id: app.client_id, scope: 'read_write', state: 's', redirect_uri: redirectUri })
  t.equal(oauth.authorizeUrl({ mode: 'live', origin: (name = 'api') => (stripe.manifest.base_urls.live as Record<string, string>)[name]!, app, state: 's', redirectUri, codeChallenge: 'x' }).split('?')[0], 'https://connect.stripe.com/oauth/authorize')
  const given = await code()
  const grant = await oauth.exchange(bare, app, given)
  t.same({ ...grant, account: {} }, { account: {}, mode: 'test', credentials: {} })
  t.match(grant.account.id, /^acct_/)
  const [exchange] = bare.exchanges
  t.same(Object.fromEntries(new URLSearchParams(String(exchange!.requestBody))), { grant_type: 'authorization_code', code: given.code })
  t.match(await refused(oauth.exchange(bare, app, given)), { reached: 'answered', providerCode: 'invalid_grant' })
  t.match(await refused(oauth.exchange(bare, { ...app, client_secret: simulator.wrongCredentials('test').secret_key! }, await code())), { reached: 'answered', code: 'invalid_credentials' })
  for (const kept of bare.exchanges.map(({ requestBody, responseBody }) => stripe.scrub(`${String(requestBody)} ${Buffer.from(responseBody ?? []).toString()}`, {}))) t.notMatch(kept, /ac_[A-Za-z0-9]{8}|rt_[A-Za-z0-9]{8}|sk_test_51/)
})

t.test('a live key that answers a test code, and answers that cannot be read', async t => {
  const { app, bare } = await started(t)
  const given = { code: 'ac_x', redirectUri, codeVerifier: '' }
  t.equal((await oauth.exchange(answering(bare, 200, { stripe_user_id: 'acct_1', livemode: true }), app, given)).mode, 'live')
  for (const body of [{}, { stripe_user_id: 'acct_1' }, { livemode: false }]) t.match(await refused(oauth.exchange(answering(bare, 200, body), app, given)), { reached: 'unknown' })
})

t.test('only the loss of access ends a consent; the platform’s own key does not', async t => {
  const { app, code, bare, simulator } = await started(t)
  const { account } = await oauth.exchange(bare, app, await code())
  const granted = (more: object = {}) => ({ ...open(simulator, { credentials: { ...oauth.operated(app), ...more } }), grant: { account: account.id } })
  t.same(await oauth.prove(granted()), { account: account.id })
  t.match(await refused(oauth.prove(granted({ secret_key: simulator.wrongCredentials('test').secret_key! })) as Promise<unknown>), { code: 'invalid_credentials' })
  simulator.revoke(account.id)
  t.same(await oauth.prove(granted()), { over: 'account_invalid' })
  await oauth.revoke(bare, app, account.id)
  t.match(await refused(oauth.revoke(answering(bare, 500, {}), app, account.id)), { reached: 'unknown' })
})

t.test('whose event it is, in which mode', t => {
  const of = (event: unknown) => webhooks.accountOf({ headers: {}, url: '/', body: Buffer.from(typeof event === 'string' ? event : JSON.stringify(event)) })
  t.same(of({ account: 'acct_1', livemode: true }), { account: 'acct_1', mode: 'live' })
  t.same(of({ account: 'acct_1', livemode: false }), { account: 'acct_1', mode: 'test' })
  for (const nobody of ['', '{', 'null', '[]', {}, { account: 7 }]) t.equal(of(nobody), undefined)
  t.same(webhooks.parse({ headers: {}, url: '/', body: Buffer.from(JSON.stringify({ id: 'evt_1', type: 'account.application.deauthorized', data: { object: { id: 'ca_1', object: 'application' } } })) }), [{ type: 'connection', what: 'revoked' }])
  t.end()
})

t.test('the page refuses what the provider would', async t => {
  const { url } = await started(t)
  for (const [name, value] of [['client_id', 'ca_nobody'], ['redirect_uri', 'https://thief.test/'], ['response_type', 'token'], ['scope', 'all']] as const) {
    const wrong = new URL(url)
    wrong.searchParams.set(name, value)
    t.equal((await fetch(wrong)).status, 400, name)
    t.equal((await fetch(wrong, { method: 'POST', redirect: 'manual', body: new URLSearchParams({ decision: 'allow', account: 'shop' }) })).status, 400, name)
  }
})
