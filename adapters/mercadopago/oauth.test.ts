import { createHash, randomBytes } from 'node:crypto'
import t from 'tap'
import { consentAt } from '../../test/support/consent.ts'
import { officialSpec } from '../../test/support/official-spec.ts'
import { answering as answeringAll } from '../../test/support/connection.ts'
import mercadopago from './adapter.ts'
import { closesAgents, open, refused, simulated } from './testing/simulated.ts'

closesAgents(t)
const { oauth } = mercadopago
const redirectUri = 'https://hub.test/v1/oauth/mercadopago/callback'
const spec = officialSpec({ files: ['mercadopago/spec3.json'], error: () => 'Error', keyHeader: 'X-Idempotency-Key', nullIsAbsent: true })

async function started (t: Parameters<typeof simulated>[0]) {
  const simulator = await simulated(t)
  const app = simulator.application([redirectUri])
  const bare = (mode: 'test' | 'live' = 'test') => open(simulator, { mode, credentials: {} })
  const code = async (account = '500000001', mode: 'test' | 'live' = 'test') => {
    const verifier = randomBytes(32).toString('base64url')
    const url = oauth.authorizeUrl({ mode, origin: () => simulator.url, app, state: 's', redirectUri, codeChallenge: createHash('sha256').update(verifier).digest('base64url') })
    return { url, redirectUri, codeVerifier: verifier, code: new URL(await consentAt(url, { account })).searchParams.get('code')! }
  }
  return { simulator, app, bare, code }
}

t.test('what is asked for is what the documentation says', async t => {
  const { app, bare, code, simulator } = await started(t)
  const given = await code()
  const url = new URL(given.url)
  t.same([...url.searchParams.keys()].toSorted(), ['client_id', 'code_challenge', 'code_challenge_method', 'platform_id', 'redirect_uri', 'response_type', 'state'])
  t.equal(oauth.authorizeUrl({ mode: 'live', origin: (name = 'api') => (mercadopago.manifest.base_urls.live as Record<string, string>)[name]!, app, state: 's', redirectUri, codeChallenge: 'c' }).split('?')[0], 'https://auth.mercadopago.com/authorization')
  const context = bare()
  const grant = await oauth.exchange(context, app, given)
  t.match(grant, { account: { id: '500000001' }, mode: 'test', credentials: { access_token: /^TEST-/, public_key: /^TEST-/ }, refreshToken: /^TG-/ })
  t.equal(Math.round((grant.expiresAt!.getTime() - Date.now()) / 86_400_000), 180)
  const [exchange] = context.exchanges
  t.same(JSON.parse(String(exchange!.requestBody)), { client_id: app.client_id, client_secret: app.client_secret, grant_type: 'authorization_code', code: given.code, redirect_uri: redirectUri, code_verifier: given.codeVerifier, test_token: 'true' })
  t.equal(exchange!.requestHeaders.authorization, undefined, 'no token is sent for a token')

  const live = bare('live')
  t.match(await oauth.exchange(live, app, await code('500000002', 'live')), { mode: 'live', credentials: { access_token: /^APP_USR-/ } })
  t.notMatch(String(live.exchanges[0]!.requestBody), /test_token/)
  t.equal(simulator.requests().filter(({ path }) => path === '/users/me').length, 0)
})

t.test('both ways, it is as the official document has it', { skip: spec === undefined && 'no PASARELA_ORACLE_DATA' }, async t => {
  const { app, bare, code } = await started(t)
  const context = bare('live')
  const { refreshToken } = await oauth.exchange(context, app, await code('500000003', 'live'))
  await oauth.refresh(context, app, refreshToken!)
  await oauth.refresh(context, app, refreshToken!)
  const wrong = context.exchanges.flatMap(({ requestBody, status, responseBody }) => spec!.complaint({ method: 'POST', path: '/oauth/token', body: JSON.parse(String(requestBody)), headers: {}, status: status!, answer: JSON.parse(Buffer.from(responseBody!).toString()) }) ?? [])
  t.same(wrong, [])
  t.equal(context.exchanges.length, 3)
})

t.test('a token is of the mode that it acts in, whatever was asked for', async t => {
  const { app, bare, code, simulator } = await started(t)
  const answeredLive = (testUser: boolean) => {
    const context = bare()
    const { access_token: token } = simulator.account({ mode: 'live', testUser })
    return answeringAll(context, 200, { access_token: token, token_type: 'bearer', expires_in: 100, user_id: 1, refresh_token: 'TG-00000000-1', live_mode: true }, {}, ({ method }) => method === 'GET')
  }
  t.equal((await oauth.exchange(answeredLive(false), app, await code())).mode, 'live', 'a live token is not a test because a test was wanted')
  t.equal((await oauth.exchange(answeredLive(true), app, await code())).mode, 'test', 'a test user’s moves no money')
})

t.test('what ends a grant, and what does not', async t => {
  const { app, bare } = await started(t)
  const refresh = async (status: number, body: object) => await oauth.refresh(answeringAll(bare(), status, body), app, 'TG-00000000-1')
  for (const error of ['invalid_grant', 'unauthorized_client']) t.same(await refresh(400, { error, message: 'x', status: 400, cause: [] }), { over: error })
  for (const [status, error] of [[400, 'invalid_client'], [400, 'invalid_request'], [401, 'unauthorized'], [403, 'forbidden'], [429, 'local_rate_limited'], [500, 'invalid_grant'], [502, 'x']] as const) {
    t.match(await refused(refresh(status, { error, message: 'x', status, cause: [] }) as Promise<unknown>), { name: 'ProviderError' }, `${status} ${error}`)
  }
  for (const body of [{}, { access_token: 'APP_USR-1' }, { access_token: 'APP_USR-1', expires_in: 'soon', user_id: 1 }]) t.match(await refused(refresh(200, body) as Promise<unknown>), { reached: 'unknown' }, JSON.stringify(body))
  const prove = async (status: number) => await oauth.prove(answeringAll({ ...bare(), credentials: { access_token: 'APP_USR-1234567890123456-112110-0123456789abcdef0123456789abcdef-1' } }, status, { message: 'x', error: 'y', status, cause: [] }))
  t.same(await prove(401), { over: 'y' })
  for (const status of [403, 404, 429, 500]) t.match(await refused(prove(status) as Promise<unknown>), { name: 'ProviderError' }, String(status))
})

t.test('the page refuses what the provider would', async t => {
  const { app, code, simulator } = await started(t)
  const { url } = await code()
  for (const [name, value] of [['client_id', '1'], ['redirect_uri', `${redirectUri}/x`], ['response_type', 'token'], ['code_challenge_method', 'plain']] as const) {
    const wrong = new URL(url)
    wrong.searchParams.set(name, value)
    t.equal((await fetch(wrong)).status, 400, name)
    t.equal((await fetch(wrong, { method: 'POST', redirect: 'manual', body: new URLSearchParams({ decision: 'allow', account: '500000001' }) })).status, 400, name)
  }
  const ask = async (body: object | string) => (await fetch(`${simulator.url}/oauth/token`, { method: 'POST', body: typeof body === 'string' ? body : JSON.stringify(body) }))
  t.match(await (await ask('{')).json(), { error: 'invalid_request' })
  t.match(await (await ask({ ...app, client_secret: 'x' })).json(), { error: 'invalid_client' })
  t.match(await (await ask({ ...app, grant_type: 'password' })).json(), { error: 'unsupported_grant_type' })
})
