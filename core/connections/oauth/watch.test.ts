/** A grant over half a year, with the clock in our hand: renewed ahead of time, proved daily, and what is left when something is lost. */
import t from 'tap'
import { connectBy, browser } from '../../../test/support/consent.ts'
import { eventually } from '../../../test/support/eventually.ts'
import { hookedHub, signatureOf } from '../../../test/support/hooked-hub.ts'
import { operator } from '../../../test/support/oauth.ts'
import type { TestTenant } from '../../../test/support/hub.ts'
import { listAlerts } from '../../alerts/service.ts'
import type { Hub } from '../../hub.ts'
import { uuidOf } from '../../ids.ts'
import { createPayment } from '../../payments/service.ts'
import { connectionHealth, deleteConnection, getConnection, listConnections, patchConnection } from '../service.ts'
import { beginOAuth } from './service.ts'
import { watchGrant } from './watch.ts'

t.setTimeout(560_000)
const minute = 60_000
const day = 24 * 3600_000

t.test('grants', async t => {
  const providers = await operator(t)
  const { mercadopago, stripe } = providers
  const made = await hookedHub(t, { env: { ...providers.env, RESOLVER_SCHEDULE: '5s,15s,1m' } })
  const { hub, database } = made
  providers.at(made.url, hub.now)
  let sellers = 800_000_000

  async function connected (tenant: TestTenant, { provider = 'mercadopago', account = String(++sellers), connection }: { provider?: string, account?: string, connection?: string } = {}) {
    const { url } = await beginOAuth(hub, tenant.access, { provider, mode: 'test', ...(connection !== undefined && { connection }) })
    const end = await connectBy(browser(), url, { account })
    if (end.status !== 200) throw new Error(end.text)
    const shown = (await listConnections(hub, tenant.access, { provider })).data.find(({ auth }) => auth === 'oauth')!
    const id = shown.id
    const uuid = uuidOf('connection', id)
    return {
      ...tenant,
      id,
      uuid,
      account,
      show: async () => await getConnection(hub, tenant.access, id),
      health: async () => (await connectionHealth(hub, tenant.access, id)).health,
      alerts: async () => (await listAlerts(hub, tenant.access, { subject: id })).data.map(({ kind, severity, detail }) => ({ kind, severity, reason: detail.reason })),
      events: async () => (await database.owner.selectFrom('events').select('type').where('subject_id', '=', uuid).orderBy('id').execute()).map(({ type }) => type),
      pays: async () => (await createPayment(hub, tenant.access, { amount: 10_050, currency: 'MXN', connection: id, method: { type: 'card', token: 'sim-token-visa-APRO' }, customer: { name: 'Ana', email: 'ana@shop.example' } }, null)).status,
      grant: async () => await database.owner.selectFrom('oauth_grants').selectAll().where('connection_id', '=', uuid).executeTakeFirstOrThrow(),
      look: async (as: Hub = hub) => { await watchGrant(as, tenant.tenantId, uuid) },
      due: async () => (await database.owner.selectFrom('timers').select('due_at').where('kind', '=', 'oauth').where('id', '=', uuid).executeTakeFirstOrThrow()).due_at.getTime() - hub.now().getTime()
    }
  }
  const asked = (grantType: string) => mercadopago.requests().filter(({ path, body }) => path === '/oauth/token' && JSON.parse(body).grant_type === grantType).length
  const version = async (shop: Awaited<ReturnType<typeof connected>>) => (await shop.show()).credentials.access_token?.version

  t.test('proved each day, renewed thirty days ahead, and payments never notice', async t => {
    const shop = await connected(await made.tenant())
    t.ok(await shop.due() > 23 * 3600_000 && await shop.due() <= day)
    made.advance(day)
    const before = asked('refresh_token')
    await shop.look()
    t.match(await shop.grant(), { generation: 1, refresh_begun_at: null, over_in_row: 0 })
    t.ok(hub.now().getTime() - (await shop.grant()).proved_at!.getTime() < minute)
    made.advance(148 * day)
    await shop.look()
    t.equal(asked('refresh_token'), before, 'not yet')
    made.advance(1.5 * day)
    await shop.look()
    t.equal(asked('refresh_token'), before + 1)
    t.equal(await version(shop), 2)
    t.match(await shop.grant(), { generation: 2, refresh_begun_at: null })
    t.ok((await shop.grant()).expires_at!.getTime() - hub.now().getTime() > 179 * day)
    t.equal(await shop.pays(), 'succeeded')
    t.same([await shop.health(), await shop.alerts()], ['healthy', []])
    made.advance(200 * day)
    await shop.look()
    t.equal(await version(shop), 3, 'a hub that stood still for too long renews what it can')
    t.equal(await shop.pays(), 'succeeded')
  })

  t.test('several workers at once: one renewal', async t => {
    const shop = await connected(await made.tenant())
    made.advance(155 * day)
    const before = asked('refresh_token')
    mercadopago.inject({ kind: 'slow', ms: 150, path: '/oauth/token' })
    await Promise.all(Array.from({ length: 6 }, async () => await shop.look()))
    t.equal(asked('refresh_token') - before, 1)
    t.match([await version(shop), (await shop.grant()).generation], [2, 2])
    await shop.look()
    t.equal(asked('refresh_token') - before, 1, 'and nobody begins again')
  })

  t.test('a renewal that never reached the provider is made again, and nobody is asked anything', async t => {
    const shop = await connected(await made.tenant())
    made.advance(155 * day)
    mercadopago.inject({ kind: 'cut_before', path: '/oauth/token' })
    await shop.look()
    t.not((await shop.grant()).refresh_begun_at, null, 'in doubt')
    t.equal(await version(shop), 1)
    t.equal(await shop.pays(), 'succeeded', 'meanwhile with what there is')
    await shop.look()
    t.equal(await version(shop), 1, 'not before its time')
    made.advance(minute + 1000)
    await shop.look()
    t.match([await version(shop), await shop.health(), await shop.alerts()], [2, 'healthy', []])
  })

  t.test('a renewal whose answer is lost: the connection goes on, and a person has a month', async t => {
    const shop = await connected(await made.tenant())
    made.advance(155 * day)
    mercadopago.inject({ kind: 'cut_after', path: '/oauth/token' })
    await shop.look()
    t.equal(await shop.health(), 'healthy', 'nothing is known yet')
    made.advance(minute + 1000)
    await shop.look()
    t.match(await shop.show(), { health: 'reconnect', reconnect: { reason: 'renewal_lost' } })
    t.same(await shop.alerts(), [{ kind: 'connection_reconnect', severity: 'warning', reason: 'renewal_lost' }])
    await shop.look()
    t.match([await shop.pays(), await shop.health()], ['succeeded', 'reconnect'], 'the old token still opens the account, and the health still asks')
    made.advance(5 * day)
    await shop.look()
    t.match([await shop.pays(), (await shop.alerts()).length], ['succeeded', 1], 'told once')
    t.same((await listConnections(hub, shop.access, { health: 'reconnect' })).data.map(({ id }) => id), [shop.id])
    t.same((await listConnections(hub, shop.access, { health: 'healthy' })).data, [])

    made.advance(25 * day) // the token's own end
    await shop.look()
    made.advance(minute + 1000)
    await shop.look()
    t.match(await shop.show(), { health: 'reconnect', reconnect: { reason: 'revoked' } })
    t.match((await shop.alerts()).map(({ severity }) => severity).toSorted(), ['critical', 'warning'])
    const again = await connected(shop, { account: shop.account, connection: shop.id })
    t.equal(again.id, shop.id, 'the same connection')
    t.match(await shop.show(), { health: 'healthy', reconnect: null, credentials: { access_token: { version: 2 } } })
    t.equal(await shop.pays(), 'succeeded')
    t.same((await shop.events()).filter(type => type.includes('reconnect')), ['connection.reconnect', 'connection.reconnect', 'connection.reconnected'])
  })

  t.test('a provider that ends the old token with a renewal: that is seen at once', async t => {
    mercadopago.oauthRules.oldTokensLive = false
    t.teardown(() => { mercadopago.oauthRules.oldTokensLive = true })
    const shop = await connected(await made.tenant())
    made.advance(155 * day)
    mercadopago.inject({ kind: 'cut_after', path: '/oauth/token' })
    for (let n = 0; n < 4; n++) {
      await shop.look()
      made.advance(minute + 1000)
    }
    t.match(await shop.show(), { health: 'reconnect', reconnect: { reason: 'revoked' } })
    t.match((await shop.alerts()).map(({ severity }) => severity).toSorted(), ['critical', 'warning'])
  })

  t.test('a process that dies between the answer and the commit; and a database that only hiccups', async t => {
    const shop = await connected(await made.tenant())
    made.advance(155 * day)
    const dying = { ...hub, vault: { ...hub.vault, seal: async () => await new Promise<string>(() => {}) } } as Hub
    const before = asked('refresh_token')
    void shop.look(dying)
    await eventually('the provider has answered it', () => asked('refresh_token') > before)
    await eventually('its operation is written', async () => (await database.owner.selectFrom('operations').select('outcome').where('connection_id', '=', shop.uuid).where('kind', '=', 'refresh_grant').executeTakeFirst())?.outcome === 'succeeded')
    await shop.look()
    t.equal(asked('refresh_token'), before + 1, 'its lease holds')
    made.advance(4 * minute)
    await shop.look()
    t.equal(asked('refresh_token'), before + 2)
    await shop.look()
    t.match(await shop.show(), { health: 'reconnect', reconnect: { reason: 'renewal_lost' }, credentials: { access_token: { version: 1 } } })
    t.equal(await shop.pays(), 'succeeded')

    const hiccup = await connected(await made.tenant())
    made.advance(155 * day)
    let failures = 2
    const shaky = { ...hub, vault: { ...hub.vault, seal: async (...given: Parameters<typeof hub.vault.seal>) => { if (failures-- > 0) throw new Error('the database is away'); return await hub.vault.seal(...given) } } } as Hub
    await hiccup.look(shaky)
    t.match([await version(hiccup), await hiccup.health()], [2, 'healthy'], 'what was granted is written as soon as it can be')
  })

  t.test('a dead token is found before the tenant does, and a revived one too', async t => {
    const shop = await connected(await made.tenant())
    mercadopago.revoke(shop.account)
    made.advance(day)
    await shop.look()
    t.equal(await shop.health(), 'healthy', 'said once is not believed')
    for (let n = 0; n < 4; n++) {
      made.advance(minute + 1000)
      await shop.look()
    }
    t.match(await shop.show(), { health: 'reconnect', reconnect: { reason: 'revoked' } })
    t.ok((await shop.alerts()).some(({ severity }) => severity === 'critical'))
    await connected(shop, { account: shop.account, connection: shop.id })
    t.match(await shop.show(), { health: 'healthy', reconnect: null })
    t.equal(await shop.pays(), 'succeeded')
  })

  t.test('a payment that meets a dead token has it looked at now', async t => {
    const shop = await connected(await made.tenant())
    mercadopago.revoke(shop.account)
    await shop.pays().catch(() => {})
    await hub.health.idle()
    t.ok(await shop.due() <= 0)
    for (let n = 0; n < 5; n++) {
      await shop.look()
      made.advance(minute + 1000)
    }
    t.equal(await shop.health(), 'reconnect')
  })

  t.test('Stripe: whose owner disconnects is told by a webhook, and proved', async t => {
    const shop = await connected(await made.tenant(), { provider: 'stripe', account: 'gymOne' })
    const { account } = await shop.show()
    made.advance(day)
    await shop.look()
    t.equal(await shop.health(), 'healthy')
    const platform = providers.applications.stripe
    const body = JSON.stringify({ id: 'evt_gone', object: 'event', type: 'account.application.deauthorized', account: account!.id, livemode: false, created: 1, data: { object: { id: platform.client_id, object: 'application' } } })
    const tell = async () => (await fetch(`${made.url}/hooks/apps/stripe/test`, { method: 'POST', headers: { 'content-type': 'application/json', 'stripe-signature': signatureOf(Buffer.from(body), platform.webhook_secret!, hub.now()) }, body })).status
    t.equal(await tell(), 200)
    await made.work()
    t.equal(await shop.health(), 'healthy', 'who only says so has proved nothing')
    stripe.revoke(account!.id)
    made.advance(day)
    await made.work()
    made.advance(minute + 1000)
    await made.work()
    t.match(await shop.show(), { health: 'reconnect', reconnect: { reason: 'revoked' } })
    await connected(shop, { provider: 'stripe', account: 'gymOne', connection: shop.id })
    t.match(await shop.show(), { health: 'healthy', reconnect: null })
  })

  t.test('an outage is nobody’s end', async t => {
    const shop = await connected(await made.tenant())
    made.advance(day)
    mercadopago.inject({ kind: 'error_500_before', path: '/users/me', times: 3 })
    await shop.look()
    t.ok(await shop.due() <= minute, 'asked again soon')
    made.advance(minute + 1000)
    await shop.look()
    t.ok(await shop.due() > 4 * minute, 'and then later')
    made.advance(155 * day)
    mercadopago.clearFaults()
    mercadopago.inject({ kind: 'rate_limit', path: '/oauth/token' })
    await shop.look()
    t.match([await shop.health(), (await shop.grant()).refresh_begun_at, await shop.alerts()], ['healthy', null, []])
    made.advance(day)
    await shop.look()
    t.equal(await version(shop), 2)
  })

  t.test('who consents again while a renewal is under way: the newer tokens stay', async t => {
    const shop = await connected(await made.tenant())
    made.advance(155 * day)
    mercadopago.inject({ kind: 'slow', ms: 3_000, path: '/oauth/token' })
    const before = asked('refresh_token')
    const late = shop.look()
    await eventually('it is asked', () => asked('refresh_token') > before)
    await connected(shop, { account: shop.account, connection: shop.id })
    const { credentials } = await shop.show()
    await late
    t.same((await shop.show()).credentials, credentials)
    t.match(await shop.grant(), { generation: 2, refresh_begun_at: null })
    t.equal(await shop.pays(), 'succeeded')
  })

  t.test('two tenants with one account: each has its own tokens, and renews its own', async t => {
    const one = await connected(await made.tenant())
    const two = await connected(await made.tenant(), { account: one.account })
    made.advance(155 * day)
    await one.look()
    t.same([await version(one), await version(two)], [2, 1])
    await two.look()
    t.same([await version(one), await version(two), await one.pays(), await two.pays()], [2, 2, 'succeeded', 'succeeded'])
  })

  t.test('one that is switched off is kept alive; of one that is deleted nothing is left', async t => {
    const shop = await connected(await made.tenant())
    await patchConnection(hub, shop.access, shop.id, { enabled: false })
    made.advance(155 * day)
    await shop.look()
    t.equal(await version(shop), 2)
    t.equal(await shop.health(), 'disabled')
    await deleteConnection(hub, shop.access, shop.id)
    t.same(await database.owner.selectFrom('oauth_grants').selectAll().where('connection_id', '=', shop.uuid).execute(), [])
    t.same(await database.owner.selectFrom('timers').selectAll().where('kind', '=', 'oauth').where('id', '=', shop.uuid).execute(), [])
    await shop.look()
  })
})
