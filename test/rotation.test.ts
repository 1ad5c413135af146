/**
 * The master key is changed while requests run, as docs/operations.md says: the new key is added, then put first, then the data
 * keys are rewrapped, then the old one is taken away. No request notices. Of two processes one is always a step behind.
 */
import { setTimeout as pause } from 'node:timers/promises'
import t from 'tap'
import { databaseKeyStore } from '../core/vault/database-store.ts'
import { generateMasterKey, parseMasterKeys } from '../core/vault/master-keys.ts'
import { rotate } from '../core/vault/rotate.ts'
import { type Answer, type AppTenant, card, order, testApp } from './support/app.ts'

const tenantsAtFirst = 10
/** A request leaves every so often, ms, unless so many wait for their answer. */
const beatMs = 25
const waitingAtMost = 8
/** The load goes on for so many turns of the key, there and back; for fewer where the machine is slow. */
const turns = { atLeast: 4, atMost: 10, ms: 6_000 }

t.setTimeout(560_000)

t.test('the master key is changed while requests run', async t => {
  const [old, fresh] = [generateMasterKey('old'), generateMasterKey('new')]
  const before = await testApp(t, { masterKeys: old })
  const { database, simulator } = before
  const tenants: AppTenant[] = []
  for (let index = 0; index < tenantsAtFirst; index++) tenants.push(await before.tenant())
  const waiting = await Promise.all(tenants.map(async ({ client }) => (await client('POST', '/v1/payments', { body: { ...order, method: card('pm_card_authenticationRequired'), return_url: 'http://shop.test/back' } })).body))
  const kept = await Promise.all(tenants.map(async ({ client }) => await client('POST', '/v1/payments', { body: order, idempotencyKey: 'before' })))
  await before.quiet()
  const under = async () => Object.fromEntries((await database.owner.selectFrom('data_keys').select(({ fn }) => ['master_key_id', fn.countAll<string>().as('n')]).groupBy('master_key_id').execute()).map(row => [row.master_key_id, Number(row.n)]))
  t.same(await under(), { old: tenantsAtFirst })

  // Cold processes, so that they have every data key to open: one knows the new key, one already seals with it.
  const env = { PASARELA_PUBLIC_URL: before.url } // the provider's webhooks go on arriving where they were told to
  const behind = await testApp(t, { beside: before, masterKeys: `${old},${fresh}`, env })
  const ahead = await testApp(t, { beside: before, masterKeys: `${fresh},${old}`, env })

  await t.test('requests at a steady rate while it turns there and back: none fails', async t => {
    const load = new AbortController()
    const running = new Set<Promise<void>>()
    const failed: string[] = []
    let count = 0
    const asks: ((tenant: AppTenant, url: typeof ahead) => Promise<Answer>)[] = [
      async ({ testKey }, app) => await app.ask('POST', '/v1/payments', { key: testKey, body: order, idempotencyKey: `load-${count}` }),
      async ({ testKey, connection }, app) => await app.ask('GET', `/v1/connections/${connection}`, { key: testKey }),
      async ({ testKey }, app) => await app.ask('POST', '/v1/payments', { key: testKey, body: order, idempotencyKey: 'before' }),
      async ({ testKey }, app) => await app.ask('POST', '/v1/connections', { key: testKey, body: { provider: 'stripe', mode: 'test', credentials: simulator.credentials('test') } })
    ]
    const beats = (async () => {
      while (!load.signal.aborted) {
        const app = count % 2 === 0 ? ahead : behind
        const tenant = tenants[count % tenants.length]!
        const ask = asks[Math.floor(count / 2) % asks.length]!
        const done: Promise<void> = ask(tenant, app).then(({ status, text }) => { if (status >= 300) failed.push(`${status} ${text}`) }, (error: unknown) => { failed.push(String(error)) }).finally(() => running.delete(done))
        running.add(done)
        count++
        await pause(beatMs) // the rate, not a wait for something
        if (running.size >= waitingAtMost) await Promise.race(running)
      }
    })()
    const from = performance.now()
    let turn = 0
    for (; turn < turns.atMost && (turn < turns.atLeast || performance.now() - from < turns.ms); turn++) {
      const app = turn % 2 === 0 ? ahead : behind
      // A tenant that comes in the midst of it gets a data key of its own.
      const newcomer = turn % 3 === 0 ? app.tenant().then(tenant => { tenants.push(tenant) }) : pause(5 * beatMs)
      const { failures } = await app.hub.vault.rotate()
      t.same(failures, [], `turn ${turn}`)
      await newcomer
    }
    load.abort()
    await beats
    await Promise.all(running)
    t.same(failed, [])
    t.ok(count > 5 * turn, `${count} requests in ${turn} turns`)
  })

  await t.test('every webhook of that time was opened, verified and processed', async t => {
    await before.quiet()
    const { owner } = database
    t.same(await owner.selectFrom('inbound_refused').select(['reason']).execute(), [])
    const stored = await owner.selectFrom('inbound_events').select(['status', 'reason']).execute()
    t.ok(stored.length > tenants.length, `${stored.length} webhooks`)
    t.same(stored.filter(({ status }) => status !== 'processed'), [])
  })

  await t.test('a rotation that is cut off is taken up by the next', async t => {
    const ring = parseMasterKeys(`${fresh},${old}`)
    await behind.hub.vault.rotate()
    t.same(await under(), { old: tenants.length })
    const store = databaseKeyStore(database.db)
    let written = 0
    const dying = {
      ...store,
      replaceWrapped: async (...row: Parameters<typeof store.replaceWrapped>) => {
        if (written++ === 5) throw new Error('killed')
        return await store.replaceWrapped(...row)
      }
    }
    await t.rejects(rotate(ring, dying), { message: 'killed' })
    t.same(await under(), { new: 5, old: tenants.length - 5 })
    const midway = await testApp(t, { beside: before, masterKeys: `${old},${fresh}`, env })
    for (const { testKey, connection } of tenants) t.equal((await midway.ask('GET', `/v1/connections/${connection}`, { key: testKey })).status, 200)
    await midway.close()
    t.match(await rotate(ring, store), { rewrapped: tenants.length - 5, failed: 0, complete: true })
    t.same(await under(), { new: tenants.length })
  })

  await t.test('the old key is taken away, and everything still opens', async t => {
    await Promise.all([behind.close(), ahead.close(), before.close()])
    const after = await testApp(t, { beside: before, masterKeys: fresh, env })
    for (const [index, { testKey, connection }] of tenants.entries()) {
      const shown = await after.ask('GET', `/v1/connections/${connection}`, { key: testKey })
      t.match([shown.status, shown.body.webhook_url], [200, /\/hooks\/[\w-]{40,}$/], 'its hook token')
      const paid = await after.ask('POST', '/v1/payments', { key: testKey, body: order })
      t.match([paid.status, paid.body.status], [201, 'succeeded'], 'its credentials')
      if (index >= tenantsAtFirst) continue
      const again = await after.ask('POST', '/v1/payments', { key: testKey, body: order, idempotencyKey: 'before' })
      t.same([again.status, again.text], [201, kept[index]!.text], 'an answer that was kept before')
      const { body } = await after.ask('GET', `/v1/payments/${waiting[index].id}`, { key: testKey })
      t.same(body.next_action, waiting[index].next_action, 'what its payer has to do')
    }
    const late = await testApp(t, { beside: before, masterKeys: old, env })
    const [{ testKey, connection }] = tenants as [AppTenant]
    t.equal((await late.ask('GET', `/v1/connections/${connection}`, { key: testKey })).status, 500, 'and the old key alone opens nothing')
    await late.close()
  })
})
