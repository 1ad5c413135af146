/** The whole way over HTTP: our link, the provider's page, back to us; and everybody who has no business on it. */
import { createHmac } from 'node:crypto'
import { sql } from 'kysely'
import t from 'tap'
import { type AppTenant, card, testApp } from '../../../test/support/app.ts'
import { authorizeUrlOf, browser, connectBy, consentAt } from '../../../test/support/consent.ts'
import { eventually } from '../../../test/support/eventually.ts'
import { operator } from '../../../test/support/oauth.ts'

t.setTimeout(560_000)

t.test('connecting by consent', async t => {
  const providers = await operator(t)
  const { mercadopago, stripe } = providers
  const app = await testApp(t, { env: providers.env })
  providers.at(app.url)
  const tenant = await app.tenant({ connect: false })
  const other = await app.tenant({ connect: false })
  const begin = async (provider: string, more: object = {}, by: AppTenant = tenant) => await by.client('POST', '/v1/connections/oauth', { body: { provider, mode: 'test', ...more } })
  const link = async (provider: string, more: object = {}, by: AppTenant = tenant): Promise<string> => {
    const answer = await begin(provider, more, by)
    if (answer.status !== 201) throw new Error(answer.text)
    return answer.body.url
  }
  const connections = async (by: AppTenant = tenant): Promise<any[]> => (await by.client('GET', '/v1/connections')).body.data
  const exchanges = () => mercadopago.requests().filter(({ path }) => path === '/oauth/token').length
  /** Nothing that a state's misuse could change. */
  const world = async () => JSON.stringify([await connections(), await connections(other), exchanges(), (await tenant.client('GET', '/v1/events')).body.data.length])

  t.test('the wizard learns where there is a button', async t => {
    const { body } = await tenant.client('GET', '/v1/providers/mercadopago')
    t.match(body, { oauth: { button: { es: /Conectar/ } }, oauth_modes: ['test'], capabilities: ['test'] })
    t.ok(body.capabilities.includes('exchange_code') && body.capabilities.includes('refresh_grant'))
    t.match((await tenant.client('GET', '/v1/providers/finkok')).body, { oauth_modes: [] })
    t.notOk(JSON.stringify((await tenant.client('GET', '/v1/providers')).body).includes(providers.applications.stripe.client_secret!))
  })

  t.test('what cannot be begun says why', async t => {
    const live = await tenant.key({ mode: 'live' })
    for (const [body, expected] of [
      [{ provider: 'finkok', mode: 'test' }, { status: 422, body: { code: 'capability_not_supported' } }],
      [{ provider: 'nobody', mode: 'test' }, { status: 422, body: { code: 'provider_unknown' } }],
      [{ provider: 'stripe', mode: 'live' }, { status: 400, body: { errors: [{ path: 'mode' }] } }],
      [{ provider: 'stripe', mode: 'test', return_url: 'javascript:alert(1)' }, { status: 400, body: { errors: [{ path: 'return_url' }] } }],
      [{ provider: 'stripe', mode: 'test', connection: `con_${'0'.repeat(32)}` }, { status: 404 }],
      [{ provider: 'stripe', mode: 'test', extra: 1 }, { status: 400 }]
    ] as const) t.match(await tenant.client('POST', '/v1/connections/oauth', { body }), expected, JSON.stringify(body))
    t.match(await app.ask('POST', '/v1/connections/oauth', { key: live, body: { provider: 'stripe', mode: 'live' } }), { status: 422, body: { code: 'capability_not_supported' } }, 'the operator has no application there')
    t.match(await app.ask('POST', '/v1/connections/oauth', { key: await tenant.key({ scopes: ['connections:read'] }), body: { provider: 'stripe', mode: 'test' } }), { status: 403 })
  })

  t.test('Mercado Pago: consent, tokens in the vault, and a payment with them', async t => {
    const person = browser()
    const page = await person.open(await link('mercadopago', { label: 'Tienda' }))
    t.match(page, { status: 200, location: undefined, text: /Tenant 1/ }, 'who gets a link reads whose books it is for')
    const end = await connectBy(person, await link('mercadopago', { label: 'Tienda' }), { account: '770000001' })
    t.match(end, { status: 200, text: /770000001/ })
    const [connection] = await connections()
    t.match(connection, { provider: 'mercadopago', mode: 'test', label: 'Tienda', auth: 'oauth', reconnect: null, health: 'healthy', account: { id: '770000001', country: 'MX' }, credentials: { access_token: { version: 1 }, public_key: {} } })
    const paid = await tenant.client('POST', '/v1/payments', { body: { amount: 10_050, currency: 'MXN', connection: connection.id, method: { type: 'card', token: 'sim-token-visa-APRO' }, customer: { name: 'Ana', email: 'ana@shop.example' } } })
    t.match(paid, { status: 201, body: { status: 'succeeded' } })
    t.equal(mercadopago.payments().length, 1)
    t.same((await tenant.client('GET', '/v1/events')).body.data.map(({ type }: { type: string }) => type).filter((type: string) => type.startsWith('connection.')).toSorted(), ['connection.created', 'connection.healthy'])
    t.match((await tenant.client('GET', '/v1/audit_log')).body.data.map(({ action }: { action: string }) => action).filter((action: string) => action.startsWith('connection.')), ['connection.tested', 'connection.created', 'connection.oauth_begun', 'connection.oauth_begun'])
    t.match(await tenant.client('POST', `/v1/connections/${connection.id}/credentials`, { body: { credentials: { access_token: 'APP_USR-1234567890123456-112110-00000000000000000000000000000000-1' } } }), { status: 409 }, 'keys do not replace a consent')
    t.match(await tenant.client('POST', `/v1/connections/${connection.id}/webhook`), { status: 422, body: { code: 'capability_not_supported' } })
  })

  t.test('Stripe: the platform’s key acts for the account, and a tenant cannot make it act for another', async t => {
    t.match(await connectBy(browser(), await link('stripe'), { account: 'shopOne' }), { status: 200 })
    t.match(await connectBy(browser(), await link('stripe', {}, other), { account: 'shopTwo' }), { status: 200 })
    const [mine] = (await connections()).filter(({ provider }) => provider === 'stripe')
    const [theirs] = await connections(other)
    t.match([mine, theirs], [{ auth: 'oauth', health: 'healthy', credentials: {}, account: { id: /^acct_/ } }, { account: { id: /^acct_/ } }])
    t.not(mine.account.id, theirs.account.id)
    t.same(mine.credentials, {}, 'no key of the operator’s is kept with a tenant')
    // The setting that names an account for one's own platform.
    await tenant.client('PATCH', `/v1/connections/${mine.id}`, { body: { settings: { connected_account: theirs.account.id } } })
    const paid = await tenant.client('POST', '/v1/payments', { body: { amount: 19_900, currency: 'MXN', connection: mine.id, method: card('pm_card_visa') } })
    t.match(paid, { status: 201, body: { status: 'succeeded' } })
    const charged = async (account: string) => ((await (await fetch(`${stripe.url}/v1/payment_intents`, { headers: { authorization: `Bearer ${providers.applications.stripe.client_secret}`, 'stripe-account': account } })).json()) as any).data.filter(({ status }: { status: string }) => status === 'succeeded').length
    t.same([await charged(mine.account.id), await charged(theirs.account.id)], [1, 0])
  })

  t.test('what a page shows of others’ words is text', async t => {
    const odd = await app.tenant({ name: '<script>alert(1)</script> & "Co"', connect: false })
    const { text } = await browser().open(await link('stripe', {}, odd))
    t.ok(text.includes('&lt;script&gt;alert(1)&lt;/script&gt; &amp; &quot;Co&quot;') && !text.includes('<script>'))
    const response = await fetch(await link('stripe', {}, odd))
    t.match(response.headers.get('content-security-policy'), /default-src 'none'/)
    t.match([response.headers.get('cache-control'), response.headers.get('referrer-policy')], ['no-store', 'no-referrer'])
    t.match(response.headers.getSetCookie()[0], /^pasarela_oauth=[\w-]{43}; .*Path=\/v1\/oauth; HttpOnly; SameSite=Lax/)
  })

  t.test('a state is good once, for its provider, its time and its browser', async t => {
    const before = await world()
    const callback = async (state: string, provider = 'mercadopago', code = 'TG-000000000000000000000000-1', person = browser()) => await person.open(`${app.url}/v1/oauth/${provider}/callback?code=${code}&state=${state}`)
    const stateOf = (url: string) => new URL(url).searchParams.get('state')!

    for (const [what, state] of [['nothing', ''], ['rubbish', 'x'], ['one that we never made', Buffer.alloc(48, 7).toString('base64url')], ['an array', 'a&state=b']] as const) {
      const seen = await callback(state)
      t.equal(seen.status, 400, what)
      t.equal(seen.location, undefined)
    }
    t.match(await browser().open(`${app.url}/v1/oauth/mercadopago/start?state=${Buffer.alloc(48, 7).toString('base64url')}`), { status: 400, text: /not ours|no es nuestro/ })
    t.match(await browser().open(`${app.url}/v1/oauth/mercadopago/callback`), { status: 400 })

    const fresh = await link('mercadopago')
    const state = stateOf(fresh)
    const flipped = Buffer.from(state, 'base64url')
    flipped[47]! ^= 1
    t.match(await callback(flipped.toString('base64url')), { status: 400 }, 'one bit of it changed')
    const tenantChanged = Buffer.from(state, 'base64url')
    Buffer.from(other.uuid.replaceAll('-', ''), 'hex').copy(tenantChanged)
    t.match(await callback(tenantChanged.toString('base64url')), { status: 400 }, 'another tenant in it')
    t.match(await callback(state, 'stripe'), { status: 400 }, 'another provider’s address')
    t.match(await callback(state), { status: 403, text: /browser|navegador/ }, 'a browser that was never on our page')

    const [person, thief] = [browser(), browser()]
    const authorize = await authorizeUrlOf(person, fresh)
    t.match(await thief.open(fresh), { status: 403 }, 'the link after another browser went on from it')
    const back = await consentAt(authorize, { account: '770000002' })
    t.match(await thief.open(back), { status: 403 }, 'whoever saw the address the person came back to')
    t.equal(await world(), before, 'and nothing of all that changed anything, or asked the provider')

    const late = await link('mercadopago')
    const lateBack = await consentAt(await authorizeUrlOf(person, late), { account: '770000002' })
    await app.database.owner.updateTable('oauth_states').set({ expires_at: new Date(Date.now() - 1) }).where('used_at', 'is', null).where('tenant_id', '=', tenant.uuid).execute()
    t.match(await person.open(lateBack), { status: 410 }, 'after its time')
    t.match(await person.open(back), { status: 410 })
    t.equal(await world(), before)
  })

  t.test('two that come back with one state: one goes on', async t => {
    const before = exchanges()
    const person = browser()
    const back = await consentAt(await authorizeUrlOf(person, await link('mercadopago')), { account: '770000003' })
    const seen = await Promise.all([1, 2, 3, 4].map(async () => (await person.open(back)).status))
    t.same(seen.toSorted(), [200, 409, 409, 409])
    t.equal(exchanges() - before, 1, 'the code was exchanged once')
    t.match(await person.open(back), { status: 409, text: /used|usó/ }, 'and looking at the page again changes nothing')
    t.equal((await connections()).filter(({ account }) => account?.id === '770000003').length, 1)
  })

  t.test('no is an answer, and is told', async t => {
    const before = (await connections()).length
    t.match(await connectBy(browser(), await link('mercadopago'), { decision: 'deny' }), { status: 200, text: /No se dio permiso|not given/ })
    const end = await connectBy(browser(), await link('stripe', { return_url: 'http://shop.example/back?x=1' }), { decision: 'deny' })
    t.match(end, { status: 303, location: 'http://shop.example/back?x=1&status=denied&reason=denied' })
    t.equal((await connections()).length, before)
    t.match((await tenant.client('GET', '/v1/audit_log')).body.data[0], { action: 'connection.oauth_denied' })
    const person = browser()
    const url = new URL(await consentAt(await authorizeUrlOf(person, await link('stripe')), { decision: 'deny' }))
    url.searchParams.set('error', 'temporarily_unavailable')
    t.match(await person.open(url.href), { status: 422 }, 'another error than a denial')
  })

  t.test('a provider that does not answer, or refuses the code: nothing is connected, and the person may begin again', async t => {
    const before = (await connections()).length
    for (const [kind, status] of [['cut_after', 502], ['error_500_before', 502], ['garbage', 502]] as const) {
      const person = browser()
      const back = await consentAt(await authorizeUrlOf(person, await link('mercadopago')), { account: '770000004' })
      mercadopago.inject({ kind, method: 'POST', path: '/oauth/token' })
      t.equal((await person.open(back)).status, status, kind)
    }
    const person = browser()
    const back = new URL(await consentAt(await authorizeUrlOf(person, await link('mercadopago', { return_url: 'http://shop.example/' })), { account: '770000004' }))
    back.searchParams.set('code', 'TG-000000000000000000000000-1')
    t.match(await person.open(back.href), { status: 303, location: 'http://shop.example/?status=failed&reason=refused' })
    t.equal((await connections()).length, before)
    t.match(await connectBy(browser(), await link('mercadopago', { return_url: 'http://shop.example/' }), { account: '770000004' }), { location: /^http:\/\/shop\.example\/\?status=connected&connection=con_\w+$/ })
  })

  t.test('the same account again is the same connection; another one does not take its place', async t => {
    const [connection] = (await connections()).filter(({ account }) => account?.id === '770000001')
    const count = (await connections()).length
    t.match(await connectBy(browser(), await link('mercadopago'), { account: '770000001' }), { status: 200 })
    t.equal((await connections()).length, count, 'no second connection of one account')
    const renewed = (await tenant.client('GET', `/v1/connections/${connection.id}`)).body
    t.match(renewed, { label: 'Tienda', credentials: { access_token: { version: 2 } } })
    t.not(renewed.credentials.access_token.fingerprint, connection.credentials.access_token.fingerprint)

    t.match(await connectBy(browser(), await link('mercadopago', { connection: connection.id }), { account: '770000009' }), { status: 409, text: /otra cuenta|another account/ })
    t.same((await tenant.client('GET', `/v1/connections/${connection.id}`)).body.credentials, renewed.credentials, 'and nothing changed')
    t.match(await connectBy(browser(), await link('mercadopago', { connection: connection.id }), { account: '770000001' }), { status: 200 })
    t.match((await tenant.client('GET', `/v1/connections/${connection.id}`)).body, { webhook_url: connection.webhook_url, credentials: { access_token: { version: 3 } } })
    t.match(await begin('stripe', { connection: connection.id }), { status: 400, body: { errors: [{ path: 'connection' }] } }, 'of another provider')
    const keys = await app.must('POST', '/v1/connections', { key: tenant.testKey, body: { provider: 'stripe', mode: 'test', credentials: stripe.credentials('test') } })
    t.match(await begin('stripe', { connection: keys.id }), { status: 409 }, 'one with keys')
  })

  t.test('another tenant may connect the same account, and knows nothing of the first', async t => {
    const [connection] = (await connections()).filter(({ account }) => account?.id === '770000001')
    t.match(await begin('mercadopago', { connection: connection.id }, other), { status: 404 })
    t.match(await connectBy(browser(), await link('mercadopago', {}, other), { account: '770000001' }), { status: 200 })
    const [theirs] = (await connections(other)).filter(({ provider }) => provider === 'mercadopago')
    t.not(theirs.id, connection.id)
    t.match((await tenant.client('GET', `/v1/connections/${connection.id}`)).body, { credentials: { access_token: { version: 3 } } })
  })

  t.test('who is logged in and began it is sent on at once; anybody else is asked first', async t => {
    const email = 'admin@oauth.example'
    const password = 'correct horse battery'
    await app.must('POST', '/v1/users', { key: app.platformKey, headers: { 'pasarela-tenant': tenant.id }, body: { email, name: 'Admin', role: 'tenant_admin', password } })
    const session = await app.ask('POST', '/v1/sessions', { body: { email, password } })
    const token = /pasarela_session=([^;]+)/.exec(session.headers.getSetCookie()[0]!)![1]!
    const { url } = await app.must('POST', '/v1/connections/oauth', { headers: { cookie: `pasarela_session=${token}`, 'x-csrf-token': session.body.csrf_token, 'pasarela-mode': 'test' }, body: { provider: 'stripe', mode: 'test' } })
    t.match(await browser().open(url), { status: 200, location: undefined }, 'a link that was passed on')
    const again = await app.must('POST', '/v1/connections/oauth', { headers: { cookie: `pasarela_session=${token}`, 'x-csrf-token': session.body.csrf_token, 'pasarela-mode': 'test' }, body: { provider: 'stripe', mode: 'test' } })
    const own = browser({ pasarela_session: token })
    t.match(await own.open(again.url), { status: 303, location: new RegExp(`^${stripe.url}/oauth/authorize\\?`) })
  })

  t.test('what the operator’s application is told reaches the connections of that account, and no others', async t => {
    mercadopago.hookUp(providers.applications.mercadopago.client_id!, `${app.url}/hooks/apps/mercadopago/test`)
    const inbound = async (by: AppTenant) => (await by.client('GET', '/v1/inbound_events')).body.data.filter(({ provider }: { provider: string }) => provider === 'mercadopago')
    const count = (await inbound(other)).length
    const [mine] = (await connections()).filter(({ account }) => account?.id === '770000003')
    const paid = await app.must('POST', '/v1/payments', { key: tenant.testKey, body: { amount: 5_000, currency: 'MXN', connection: mine.id, method: { type: 'oxxo' }, customer: { name: 'Ana', email: 'ana@shop.example' } } })
    t.equal(paid.status, 'requires_action')
    mercadopago.pay(paid.provider_reference)
    await eventually('the payment is told', async () => (await tenant.client('GET', `/v1/payments/${paid.id}`)).body.status === 'succeeded')
    const told = await inbound(tenant)
    t.ok(told.length > 0 && told.every(({ connection, verdict }: { connection: string, verdict: string }) => connection === mine.id && verdict === 'verified'))
    t.equal((await inbound(other)).length, count, 'another tenant hears nothing of it')
    t.match((await tenant.client('GET', `/v1/connections/${mine.id}/setup`)).body.steps.map(({ id, status }: { id: string, status: string }) => [id, status]), [['credentials', 'done'], ['test', 'done'], ['webhook', 'done'], ['event', 'done']])
    for (const where of ['mercadopago/test', 'mercadopago/live', 'finkok/test', 'nobody/test']) t.equal((await app.ask('POST', `/hooks/apps/${where}?data.id=1&type=payment`, { headers: { 'content-type': 'application/json', 'x-signature': 'ts=1,v1=00' }, body: '{}' })).status, 401, where)
  })

  t.test('Stripe’s events go by their account and their mode', async t => {
    const [mine] = (await connections()).filter(({ provider, auth }) => provider === 'stripe' && auth === 'oauth')
    const [theirs] = (await connections(other)).filter(({ provider }) => provider === 'stripe')
    const deliver = async (event: object) => {
      const body = JSON.stringify(event)
      const seconds = Math.floor(Date.now() / 1000)
      const v1 = createHmac('sha256', providers.applications.stripe.webhook_secret!).update(`${seconds}.${body}`).digest('hex')
      return (await app.ask('POST', '/hooks/apps/stripe/test', { headers: { 'content-type': 'application/json', 'stripe-signature': `t=${seconds},v1=${v1}` }, body })).status
    }
    const event = (id: string, account: string | undefined, livemode = false) => ({ id, object: 'event', type: 'payment_intent.created', account, livemode, created: 1, data: { object: { id: 'pi_x', object: 'payment_intent', metadata: {} } } })
    await tenant.client('PATCH', `/v1/connections/${mine.id}`, { body: { shadow_scheme: 'stripe_library' } })
    t.equal(await deliver(event('evt_mine', mine.account.id)), 200)
    t.match((await tenant.client('GET', `/v1/inbound_events?connection=${mine.id}`)).body.data[0], { shadow: { scheme: 'stripe_library', agrees: true } }, 'a second verifier looks on here, too')
    t.equal(await deliver(event('evt_live', mine.account.id, true)), 200)
    t.equal(await deliver(event('evt_nobodys', 'acct_1Nobodys00000000')), 200)
    t.equal(await deliver(event('evt_own', undefined)), 200)
    const keys = async (by: AppTenant) => (await by.client('GET', '/v1/inbound_events?limit=100')).body.data.filter(({ provider, provider_event_id: key }: Record<string, string>) => provider === 'stripe' && key!.startsWith('evt_')).map(({ provider_event_id: key, connection }: Record<string, string>) => [key, connection])
    t.same(await keys(tenant), [['evt_mine', mine.id]])
    t.same((await keys(other)).filter(([, connection]: string[]) => connection === theirs.id), [])
  })

  t.test('who leaves gives the consent back, unless somebody else here lives on it', async t => {
    const [mine] = (await connections()).filter(({ provider, auth }) => provider === 'stripe' && auth === 'oauth')
    t.match(await connectBy(browser(), await link('stripe', {}, other), { account: 'shopOne' }), { status: 200 }, 'the same account at another tenant')
    const works = async (account: string) => (await fetch(`${stripe.url}/v1/account`, { headers: { authorization: `Bearer ${providers.applications.stripe.client_secret}`, 'stripe-account': account } })).status
    t.equal((await tenant.client('DELETE', `/v1/connections/${mine.id}`)).status, 204)
    t.equal(await works(mine.account.id), 200, 'theirs goes on')
    const [theirs] = (await connections(other)).filter(({ account }) => account?.id === mine.account.id)
    t.equal((await other.client('DELETE', `/v1/connections/${theirs.id}`)).status, 204)
    t.equal(await works(mine.account.id), 403, 'nobody’s any more')
    t.match(await connectBy(browser(), await link('stripe'), { account: 'shopOne' }), { status: 200 }, 'and it can be connected anew')
  })

  t.test('nothing secret stands in a row, a log or an operation', async t => {
    await app.quiet()
    const { rows: tables } = await sql<{ name: string }>`select quote_ident(tablename) as name from pg_tables where schemaname = 'public'`.execute(app.database.owner)
    const dumps = await Promise.all(tables.map(async ({ name }) => [name, (await sql<{ dump: string | null }>`select string_agg(x::text, E'\n') as dump from ${sql.raw(name)} x`.execute(app.database.owner)).rows[0]!.dump ?? ''] as const))
    const places = [...dumps, ['the log', app.logged()] as const]
    const sent = mercadopago.requests().filter(({ path }) => path === '/oauth/token').map(({ body }) => JSON.parse(body))
    const tokens = mercadopago.requests().flatMap(({ headers }) => /^Bearer (\S+)$/.exec(headers.authorization ?? '')?.[1] ?? [])
    const secrets = new Set([...sent.flatMap(({ code, code_verifier: verifier, refresh_token: refresh, client_secret: secret }) => [code, verifier, refresh, secret]), ...tokens, providers.applications.stripe.client_secret].filter(value => typeof value === 'string' && value.length > 10 && !value.startsWith('TG-0000')))
    t.ok(secrets.size > 10, `${secrets.size} secrets were used`)
    t.same(places.flatMap(([place, text]) => [...secrets].filter(secret => text.includes(secret as string)).map(secret => `${place} holds ${String(secret).slice(0, 8)}…`)), [])
  })
})
