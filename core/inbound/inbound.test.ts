import { randomUUID } from 'node:crypto'
import { once } from 'node:events'
import { connect } from 'node:net'
import { gzipSync } from 'node:zlib'
import { sql } from 'kysely'
import t from 'tap'
import { eventually } from '../../test/support/eventually.ts'
import { hookedHub, type Shop, signatureOf } from '../../test/support/hooked-hub.ts'
import { deleteConnection, getConnection, registerWebhook, replaceCredentials } from '../connections/service.ts'
import { inTenant } from '../db/in-tenant.ts'
import { uuidOf } from '../ids.ts'
import { createRefund, listRefunds } from '../payments/refunds.ts'
import { cancelPayment, capturePayment, confirmPayment, createPayment, getPayment, resolveReview } from '../payments/service.ts'
import { paymentTimeline } from '../payments/timeline.ts'
import { openBody } from './body.ts'
import { createCollector, type HookRow } from './collector.ts'
import { processInbound } from './process.ts'
import { getInbound, listInbound, replayMany, replayOne } from './service.ts'

const order = { amount: 19900, currency: 'MXN' }
const card = (token: string) => ({ type: 'card', token })
const visa = card('pm_card_visa')

const env = { RESOLVER_SCHEDULE: '5s,15s,1m', INBOUND_REFUSED_PER_CONNECTION: '5', INBOUND_RECEIVE_MS: '500', INBOUND_SCHEDULE: '5s,30s', INBOUND_MAX_BYTES: '65536', LOG_LEVEL: 'info' }

/** An event as Stripe's are, about an intent. */
function eventOf (intent: { id: string, [field: string]: unknown }, type = 'payment_intent.succeeded', more: object = {}) {
  return {
    id: `evt_${randomUUID().replaceAll('-', '')}`, object: 'event', type, created: Math.floor(Date.now() / 1000), livemode: false,
    data: { object: { object: 'payment_intent', amount: order.amount, amount_received: order.amount, amount_capturable: 0, currency: 'mxn', livemode: false, status: 'succeeded', metadata: {}, ...intent } },
    ...more
  }
}

t.test('webhooks over HTTP', async t => {
  const made = await hookedHub(t, { env })
  const { hub, simulator, database } = made
  const shop = await made.shop()
  const { access } = shop
  await simulator.settled()
  await made.work()
  const alerts = async (of: Shop = shop) => (await database.owner.selectFrom('alerts').select(['kind', 'subject_id', 'detail', 'times']).where('tenant_id', '=', of.tenantId).execute())
  const bodyOf = async (row: { tenant_id: string, id: string, body_sealed: string }) => await openBody(hub.vault, row.tenant_id, row.id, row.body_sealed)
  const stored = async (of: Shop = shop) => await database.owner.selectFrom('inbound_events').selectAll().where('tenant_id', '=', of.tenantId).orderBy('id').execute()
  const newest = async (of: Shop = shop) => (await listInbound(hub, of.access, { limit: 1 })).data[0]!
  const settle = async () => {
    await simulator.settled()
    await made.work()
  }

  t.test('what is verified is on the disk before the provider has its answer, and is then processed', async t => {
    const payment = await createPayment(hub, access, { ...order, method: visa }, null)
    await simulator.settled()
    const before = (await stored()).filter(row => row.status === 'received')
    t.ok(before.length >= 3, 'stored, and not yet processed')
    t.ok(before.every(row => row.verdict === 'verified' && row.next_run_at !== null), 'and the sweeper would find them')
    t.ok(before.every(row => row.url === '/hooks/:token'), 'the token of the address is not kept')
    await made.work()
    const after = (await listInbound(hub, access, { limit: 100 })).data
    t.same(after.filter(({ status }) => status !== 'processed'), [])
    t.match((await paymentTimeline(hub, access, payment.id)).data.filter(({ kind }) => kind === 'webhook').map(({ what }) => what), ['payment_intent.created: processed', /./, /./])
    const { updated_at: _, ...same } = payment
    t.match(await getPayment(hub, access, payment.id), JSON.parse(JSON.stringify(same)) as object, 'it only confirms what the answer said')

    const event = eventOf({ id: 'pi_direct' })
    t.equal((await shop.send(event)).status, 200)
    const row = (await stored()).at(-1)!
    t.equal(row.dedupe_key, event.id)
    t.equal((await bodyOf(row)).toString(), JSON.stringify(event), 'the bytes as they came')
    await made.work()
  })

  t.test('the same event is one event, however often and however close together it comes', async t => {
    const event = eventOf({ id: 'pi_dup' })
    const before = (await stored()).length
    const answers = await Promise.all(Array.from({ length: 20 }, async () => await shop.send(event)))
    t.ok(answers.every(({ status }) => status === 200), 'each is acknowledged')
    const rows = await stored()
    t.equal(rows.length, before + 1)
    t.match(await newest(), { provider_event_id: event.id, duplicates: 19 })
    await made.work()
    t.equal((await shop.send(event)).status, 200, 'also long after it was processed')
    t.match(await newest(), { duplicates: 20, status: 'unmatched', attempts: 1 })

    simulator.deliver({ how: 'duplicate' })
    await createPayment(hub, access, { ...order, method: visa }, null)
    await simulator.settled()
    simulator.deliver({ how: 'now' })
    t.ok((await listInbound(hub, access, { limit: 3 })).data.every(({ duplicates }) => duplicates === 1))
    await made.work()
  })

  t.test('two hundred at once of five tenants share commits; none is lost, none is another’s', async t => {
    const shops = await Promise.all(Array.from({ length: 5 }, async () => await made.shop()))
    await settle()
    const secrets = await Promise.all(shops.map(async shop => await shop.secret()))
    const sent = Array.from({ length: 200 }, (_, n) => ({ shop: shops[n % 5]!, secret: secrets[n % 5]!, event: eventOf({ id: `pi_many_${n}` }) }))
    const before = made.collected()
    // While the disk is busy they gather.
    const answers = await database.owner.transaction().execute(async trx => {
      await sql`lock table inbound_seen in exclusive mode`.execute(trx)
      const underWay = sent.map(async ({ shop, secret, event }) => (await shop.send(event, { secret })).status)
      await eventually('all are here', async () => made.collected().rows - before.rows === 200)
      return underWay
    })
    t.same(new Set(await Promise.all(answers)), new Set([200]))
    const commits = made.collected().commits - before.commits
    t.ok(commits <= 6, `200 webhooks in ${commits} commits`)
    for (const each of shops) {
      const mine = sent.filter(({ shop }) => shop === each).map(({ event }) => event.id).sort()
      const keys = await inTenant(hub.db, each.tenantId, async db => await db.selectFrom('inbound_events').select(['dedupe_key', 'tenant_id', 'id', 'body_sealed']).where('event_type', '=', 'payment_intent.succeeded').execute())
      t.same(keys.map(row => row.dedupe_key).sort(), mine)
      for (const row of keys) t.ok((await bodyOf(row)).toString().includes(row.dedupe_key))
    }
    await made.work()
  })

  t.test('out of order, doubled and with several workers at once: every payment ends as the provider has it', async t => {
    for (const seed of [1, 2, 3]) {
      const shop = await made.shop()
      const { access } = shop
      await settle()
      made.busy(true)
      simulator.deliver({ how: 'hold' })
      const pay = async (token: string, capture: 'automatic' | 'manual' = 'automatic') => await createPayment(hub, access, { ...order, method: card(token), capture, return_url: 'http://shop.test/' }, null)
      const declined = await pay('pm_card_visa_chargeDeclined')
      const ids = await Promise.all([
        pay('pm_card_visa').then(({ id }) => id),
        pay('pm_card_visa', 'manual').then(async ({ id }) => (await capturePayment(hub, access, id, 15000)).id),
        pay('pm_card_visa', 'manual').then(async ({ id }) => (await cancelPayment(hub, access, id, undefined)).id),
        pay('pm_card_visa').then(async ({ id }) => {
          await createRefund(hub, access, id, { amount: 4000 }, null)
          return id
        }),
        confirmPayment(hub, access, declined.id, { method: visa }).then(({ id }) => id),
        pay('pm_card_authenticationRequired').then(({ id, provider_reference: intent }) => {
          simulator.authenticate(intent!, true)
          return id
        }),
        pay('pm_card_authenticationRequired').then(({ id, provider_reference: intent }) => {
          simulator.authenticate(intent!, false)
          return id
        }),
        pay('pm_card_visa', 'manual').then(async ({ id, provider_reference: intent }) => {
          await shop.stripe('POST', `/v1/payment_intents/${intent}/cancel`)
          return id
        }),
        pay('pm_card_authenticationRequired').then(async ({ id, provider_reference: intent }) => {
          await shop.stripe('POST', `/v1/payment_intents/${intent}/cancel`)
          return id
        })
      ])
      simulator.deliver({ how: 'shuffle', seed })
      await simulator.settled()
      await made.idle()
      made.busy(false)
      await replayMany(hub, access, {})
      await settle()
      const words: Record<string, string> = { requires_capture: 'authorized' }
      for (const id of ids) {
        const payment = await getPayment(hub, access, id)
        const truth = await shop.stripe('GET', `/v1/payment_intents/${payment.provider_reference}?expand[]=latest_charge`)
        t.equal(payment.status, words[truth.status] ?? truth.status, `${seed}: ${truth.status}`)
        t.equal(payment.amount_captured, truth.amount_received)
        t.equal(payment.amount_refunded, truth.status === 'succeeded' ? truth.latest_charge.amount_refunded : 0)
        t.equal(payment.review, null)
        t.ok(simulator.effects(id).charges <= 1)
      }
      t.same(await alerts(shop), [], 'and nobody is called')
      t.same((await listInbound(hub, access, { limit: 100, status: 'unmatched' })).data, [])
    }
  })

  t.test('a webhook that is faster than the answer finds its payment by our reference', async t => {
    made.busy(true)
    simulator.inject({ kind: 'slow', ms: 1500, method: 'POST', path: '/v1/payment_intents' })
    const underWay = createPayment(hub, access, { ...order, method: visa, reference: 'early' }, null)
    const early = await eventually('the webhook tells it', async () => {
      const row = await database.owner.selectFrom('payments').select(['status', 'id']).where('tenant_id', '=', shop.tenantId).where('reference', '=', 'early').executeTakeFirst()
      return row?.status === 'succeeded' ? row : undefined
    })
    const payment = await underWay
    made.busy(false)
    await made.idle()
    t.equal(uuidOf('payment', payment.id), early.id)
    t.match(payment, { status: 'succeeded', amount_captured: 19900 })
    t.match(simulator.effects(payment.id), { charges: 1 })
    t.same((await listInbound(hub, access, { limit: 100 })).data.filter(({ status, payment: of }) => of === payment.id && status !== 'processed'), [])
    await settle()
  })

  t.test('what is refused says nothing: a wrong signature, an address that does not exist and a deleted connection are one answer', async t => {
    const gone = await made.shop()
    const secret = await gone.secret()
    await deleteConnection(hub, gone.access, gone.connection)
    const event = eventOf({ id: 'pi_refused' })
    // NOTIFY tells every process, in its own time.
    await eventually('the deletion is known', async () => (await gone.send({ ...event, id: 'evt_probe' }, { secret })).status === 401)
    const answers = await Promise.all([
      shop.send(event, { secret: 'whsec_wrong_secret_of_nobody' }),
      shop.send(event, { signature: '' }),
      shop.send(event, { url: `${made.url}/hooks/${'A'.repeat(43)}` }),
      shop.send(event, { url: `${made.url}/hooks/%41%2F..%2F` }),
      shop.send(event, { url: shop.hookUrl.replace(/.$/, last => last === 'A' ? 'B' : 'A') }),
      gone.send(event, { secret })
    ])
    const seen = await Promise.all(answers.map(async answer => {
      const { request_id: _, ...body } = await answer.json() as Record<string, unknown>
      const headers = Object.fromEntries([...answer.headers as unknown as Iterable<[string, string]>].filter(([name]) => !/^(date|request-id|ratelimit-.*)$/.test(name)))
      return JSON.stringify({ status: answer.status, body, headers: { ...headers, 'content-length': '' } })
    }))
    t.match(JSON.parse(seen[0]!), { status: 401, body: { code: 'webhook_unverified' } })
    t.equal(new Set(seen).size, 1, [...new Set(seen)].join('\n'))
    t.match((await listInbound(hub, access, { limit: 3, verdict: 'refused' })).data.map(({ reason }) => reason).sort(), [/no Stripe-Signature|malformed|header/i, /no signature matches/])
    t.same((await stored(gone)).filter(row => row.dedupe_key === event.id), [])
  })

  t.test('of what is refused only the newest are kept, cut, and whatever is in them', async t => {
    const target = await made.shop()
    await settle()
    const refused = async () => await Promise.all((await database.owner.selectFrom('inbound_refused').selectAll().where('tenant_id', '=', target.tenantId).orderBy('id').execute()).map(async row => ({ ...row, body: await bodyOf(row) })))
    for (let n = 0; n < 12; n++) await target.send(`refused ${n}`, { signature: 't=1,v1=00' })
    t.same((await refused()).map(row => row.body.toString()), [7, 8, 9, 10, 11].map(n => `refused ${n}`))
    t.match(await database.owner.selectFrom('inbound_refused_counters').select('refused').where('tenant_id', '=', target.tenantId).executeTakeFirst(), { refused: 12 })
    for (const headers of [{ x: '\\u0000' }, { x: '\\' }, { x: '"'.repeat(9000) }, { x: '}'.repeat(12_000) }, { x: 'ü'.repeat(4000) }] as Record<string, string>[]) {
      t.equal((await target.send(Buffer.from([0, 255, 0, 1]), { signature: 't=1,v1=00', headers })).status, 401, JSON.stringify(headers).slice(0, 30))
    }
    t.ok((await refused()).every(row => row.body.equals(Buffer.from([0, 255, 0, 1]))), 'NUL and bytes that are no text')
    t.equal((await target.send('x'.repeat(60_000), { signature: 't=1,v1=00' })).status, 401)
    t.match((await refused()).at(-1), { body_bytes: 60_000 })
    t.equal((await refused()).at(-1)!.body.length, 16 * 1024)
  })

  t.test('too large, too slow, in pieces, empty, compressed: the bytes are the bytes', async t => {
    t.equal((await shop.send('x'.repeat(65_537))).status, 413)
    const large = eventOf({ id: 'pi_large' }, 'payment_intent.succeeded', { padding: 'x'.repeat(64_000) })
    t.equal((await shop.send(large)).status, 200)
    t.equal((await shop.send('')).status, 401)
    t.equal((await fetch(shop.hookUrl, { method: 'POST' })).status, 401)
    const squeezed = gzipSync(JSON.stringify(eventOf({ id: 'pi_gzip' })))
    t.equal((await shop.send(squeezed, { headers: { 'content-encoding': 'gzip' } })).status, 401, 'signed as it came, and not an event')
    const refused = await database.owner.selectFrom('inbound_refused').select(['tenant_id', 'id', 'body_sealed', 'reason']).where('tenant_id', '=', shop.tenantId).orderBy('id', 'desc').executeTakeFirstOrThrow()
    t.ok((await bodyOf(refused)).equals(squeezed), 'nobody unpacked it')
    t.match(refused.reason, /not an event/)
    const spaced = `  ${JSON.stringify(eventOf({ id: 'pi_spaced' }), null, 7)}\r\n`
    for (const headers of [{ 'content-encoding': 'gzip' }, { 'content-type': 'text/plain; charset=latin1' }, { 'content-type': 'application/x-www-form-urlencoded' }] as Record<string, string>[]) {
      t.equal((await shop.send(spaced, { headers })).status, 200)
    }
    t.equal((await bodyOf((await stored()).at(-1)!)).toString(), spaced)

    const token = new URL(shop.hookUrl)
    const open = async () => {
      const socket = connect(Number(token.port), token.hostname)
      await once(socket, 'connect')
      let text = ''
      socket.on('data', data => { text += String(data) })
      return { socket, end: once(socket, 'close').then(() => text) }
    }
    const event = eventOf({ id: 'pi_chunked' })
    const body = JSON.stringify(event)
    const chunked = await open()
    chunked.socket.write(`POST ${token.pathname} HTTP/1.1\r\nhost: x\r\nconnection: close\r\nstripe-signature: ${signatureOf(Buffer.from(body), await shop.secret(), hub.now())}\r\ntransfer-encoding: chunked\r\n\r\n`)
    for (const piece of body.match(/.{1,50}/gs)!) chunked.socket.write(`${piece.length.toString(16)}\r\n${piece}\r\n`)
    chunked.socket.write('0\r\n\r\n')
    t.match(await chunked.end, /^HTTP\/1\.1 200 /)
    t.equal((await stored()).at(-1)!.dedupe_key, event.id)

    const before = (await stored()).length
    const slow = await open()
    slow.socket.write(`POST ${token.pathname} HTTP/1.1\r\nhost: x\r\ncontent-length: 1000\r\n\r\nhalf`)
    t.match(await slow.end, /^HTTP\/1\.1 408 |^$/, 'a sender that dawdles is cut')
    t.equal((await stored()).length, before)
    await made.work()
  })

  t.test('while a secret is replaced both are good, and then the old one is not', async t => {
    const shop = await made.shop()
    await settle()
    const [endpoint] = (await shop.stripe('GET', '/v1/webhook_endpoints')).data
    const old = await shop.secret()
    t.equal((await shop.send(eventOf({ id: 'pi_a' }), { secret: old })).status, 200, 'and the address is remembered now')
    const fresh = simulator.rollWebhookSecret(endpoint.id, 60)
    await replaceCredentials(hub, shop.access, shop.connection, { credentials: { webhook_secret: fresh }, overlap_seconds: 60 })
    t.equal((await shop.send(eventOf({ id: 'pi_b' }), { secret: fresh })).status, 200, 'the new one counts at once')
    t.equal((await shop.send(eventOf({ id: 'pi_c' }), { secret: old })).status, 200)
    made.advance(61_000)
    t.equal((await shop.send(eventOf({ id: 'pi_d' }), { secret: old })).status, 401)
    t.equal((await shop.send(eventOf({ id: 'pi_e' }), { secret: fresh })).status, 200)
    await replaceCredentials(hub, shop.access, shop.connection, { credentials: { webhook_secret: 'whsec_another_one_1' }, overlap_seconds: 0 })
    await eventually('the old one is forgotten', async () => (await shop.send(eventOf({ id: 'pi_f' }), { secret: fresh })).status === 401)
    const payment = await createPayment(hub, shop.access, { ...order, method: visa }, null)
    await registerWebhook(hub, shop.access, shop.connection)
    await settle()
    t.match(await getPayment(hub, shop.access, payment.id), { status: 'succeeded' })
    // What was refused before is sent again until its endpoint is gone, and may be the last to arrive.
    const [heard] = (await listInbound(hub, shop.access, { verdict: 'verified', limit: 1 })).data
    t.match(heard, { event_type: 'payment_intent.canceled', reason: 'ping' }, 'a new registration is heard')
  })

  t.test('one row that cannot be stored refuses nobody else', async t => {
    const collector = createCollector({ db: hub.db, now: hub.now })
    const row = (n: number, changes: Partial<HookRow> = {}): HookRow => ({
      tenantId: shop.tenantId, connectionId: uuidOf('connection', shop.connection), id: `0199${String(n).padStart(4, '0')}-0000-7000-8000-00000000000${n}`, mode: 'test', provider: 'stripe', verdict: 'verified',
      eventType: 'x', dedupeKey: `poison ${n}`, bodySealed: '', headers: '{}', url: '/', ...changes
    })
    const results = await Promise.allSettled([
      collector.store(row(1)), collector.store(row(2, { headers: '{"a": "\\u0000"}' })), collector.store(row(3)), collector.store(row(4, { eventType: 'a\0b' })), collector.store(row(5, { headers: 'no json' })), collector.store(row(6))
    ])
    t.same(results.map(({ status }) => status), ['fulfilled', 'rejected', 'fulfilled', 'rejected', 'rejected', 'fulfilled'])
    t.same((await stored()).filter(({ dedupe_key: key }) => key.startsWith('poison')).map(({ dedupe_key: key }) => key).sort(), ['poison 1', 'poison 3', 'poison 6'])
    t.equal((await shop.send({ ...eventOf({ id: 'pi_nul' }), type: 'odd\0type' })).status, 200, 'and what a provider signs can always be stored')
    t.equal((await stored()).at(-1)!.event_type, 'oddtype')
    await database.owner.deleteFrom('inbound_events').where('dedupe_key', 'like', 'poison%').execute()
    await made.work()
  })

  t.test('batches with the same keys in another order wait for each other, and never lock each other out', async t => {
    const collectors = Array.from({ length: 4 }, () => createCollector({ db: hub.db, now: hub.now }))
    const keys = Array.from({ length: 60 }, (_, n) => `crossing ${n}`)
    const deadlocks = async () => (await sql<{ n: number }>`select deadlocks::int as n from pg_stat_database where datname = current_database()`.execute(database.owner)).rows[0]!.n
    const before = await deadlocks()
    const all = await Promise.all(collectors.flatMap((collector, c) => (c % 2 === 0 ? keys : keys.toReversed()).map(async key => await collector.store({
      tenantId: shop.tenantId, connectionId: uuidOf('connection', shop.connection), id: randomUUID(), mode: 'test', provider: 'stripe', verdict: 'verified', eventType: 'x', dedupeKey: key, bodySealed: '', headers: '{}', url: '/'
    }))))
    t.equal(all.filter(({ fresh }) => fresh).length, 60)
    t.equal(await deadlocks(), before)
    await database.owner.deleteFrom('inbound_events').where('dedupe_key', 'like', 'crossing%').execute()
  })

  t.test('what could not be stored is not acknowledged, and comes again', async t => {
    const right = sql`execute on function gate.store_hooks(uuid[], uuid[], uuid[], text[], text[], text[], text[], text[], text[], text[], text[], timestamptz)`
    const target = await made.shop()
    await settle()
    await sql`revoke ${right} from pasarela_app`.execute(database.owner)
    const event = eventOf({ id: 'pi_down' })
    const answer = await target.send(event)
    t.ok(answer.status >= 500, 'the provider is told to come again')
    t.notMatch(await answer.text(), /permission|gate\./, 'and nothing of ours')
    const payment = await createPayment(hub, target.access, { ...order, method: visa }, null)
    await eventually('a delivery failed', async () => made.logged().includes('store_hooks'))
    await sql`grant ${right} to pasarela_app`.execute(database.owner)
    await simulator.settled()
    t.equal((await target.send(event)).status, 200)
    await made.work()
    const about = await listInbound(hub, target.access, { limit: 100 })
    t.ok(about.data.filter(each => each.payment === payment.id).length >= 3, 'the provider’s repetition brought them')
    t.ok(about.data.every(({ duplicates }) => duplicates === 0), 'nothing was half stored')
  })

  t.test('connections to the database die under a flood: whatever was acknowledged is there', async t => {
    const target = await made.shop()
    await settle()
    const secret = await target.secret()
    const flood = { on: true }
    const killer = (async () => {
      while (flood.on) await sql`select pg_terminate_backend(pid) from pg_stat_activity where datname = current_database() and usename = 'pasarela_app' and state <> 'idle'`.execute(database.owner)
    })()
    const sent = await Promise.all(Array.from({ length: 150 }, async (_, n) => {
      const event = eventOf({ id: `pi_flood_${n}` })
      return { id: event.id, status: (await target.send(event, { secret })).status }
    }))
    flood.on = false
    await killer
    const there = new Set((await stored(target)).map(row => row.dedupe_key))
    t.same(sent.filter(({ id, status }) => status === 200 && !there.has(id)), [])
    t.same([...new Set(sent.map(({ status }) => status))].filter(status => status !== 200 && status < 500), [])
    await made.work()
  })

  t.test('an event of one account never touches a payment of another', async t => {
    const payment = await createPayment(hub, access, { ...order, method: card('pm_card_authenticationRequired'), return_url: 'http://shop.test/' }, null)
    const stranger = await made.shop()
    const sibling = await siblingOf(shop)
    const told = eventOf({ id: payment.provider_reference!, metadata: { pasarela_payment: payment.id } })
    t.equal((await stranger.send(told)).status, 200)
    t.equal((await sibling.send(told)).status, 200)
    await settle()
    t.match(await getPayment(hub, access, payment.id), { status: 'requires_action', review: null })
    t.match(await newest(stranger), { status: 'unmatched', payment: null })
    t.match((await listInbound(hub, access, { connection: sibling.connection, limit: 1 })).data, [{ status: 'unmatched' }])
    const refund = { ...told, id: 'evt_other_refund', type: 'refund.created', data: { object: { object: 'refund', id: 're_x', amount: 100, currency: 'mxn', status: 'succeeded', payment_intent: payment.provider_reference, metadata: { pasarela_payment: payment.id } } } }
    await sibling.send(refund)
    await made.work()
    t.same((await listRefunds(hub, access, payment.id)).data, [])
  })

  async function siblingOf (shop: Shop): Promise<Pick<Shop, 'send' | 'connection'>> {
    const connection = await shop.connect()
    await replaceCredentials(hub, shop.access, connection, { credentials: { webhook_secret: 'whsec_of_the_sibling' } })
    const { webhook_url: url } = await getConnection(hub, shop.access, connection)
    return { connection, send: async (event, options) => await shop.send(event, { ...options, url, secret: 'whsec_of_the_sibling' }) }
  }

  t.test('a live event at a test connection is no money: a person decides', async t => {
    const payment = await createPayment(hub, access, { ...order, method: card('pm_card_authenticationRequired'), return_url: 'http://shop.test/' }, null)
    await shop.send(eventOf({ id: payment.provider_reference!, livemode: true, metadata: { pasarela_payment: payment.id } }, 'payment_intent.succeeded', { livemode: true }))
    await settle()
    t.match(await getPayment(hub, access, payment.id), { status: 'requires_action', amount_captured: 0, review: { reason: 'mode_mismatch' } })
    t.match((await alerts()).filter(alert => alert.subject_id === payment.id), [{ kind: 'payment_review' }])
    await t.rejects(cancelPayment(hub, access, payment.id, undefined), { code: 'under_review' })
    t.match(await resolveReview(hub, access, payment.id, { decision: 'dismiss', reason: 'an odd event' }), { status: 'requires_action', review: null })
  })

  t.test('about a payment that we do not know: kept and shown, and matched by a replay once we do', async t => {
    simulator.deliver({ how: 'hold' })
    simulator.inject({ kind: 'cut_after', method: 'POST', path: '/v1/payment_intents' })
    const payment = await createPayment(hub, access, { ...order, method: visa }, null)
    t.match(payment, { status: 'unknown', provider_reference: null })
    const [intent] = (await shop.stripe('GET', '/v1/payment_intents?limit=1')).data
    await shop.send(eventOf({ id: intent.id, metadata: {} }))
    await made.work()
    const kept = await newest()
    t.match(kept, { status: 'unmatched', reason: /no payment of ours/, payment: null, next_run_at: null })
    made.advance(6_000)
    simulator.deliver({ how: 'release' })
    await settle()
    t.match(await getPayment(hub, access, payment.id), { status: 'succeeded' })
    t.match((await listInbound(hub, access, { status: 'unmatched', limit: 100 })).data.map(({ id }) => id), [kept.id])
    t.match(await replayOne(hub, access, kept.id), { status: 'received', attempts: 0 })
    await made.work()
    t.match(await getInbound(hub, access, kept.id), { status: 'processed', payment: payment.id })
  })

  t.test('a dispute that overtakes the news of its payment waits for it; a stranger’s does not wait for ever', async t => {
    simulator.deliver({ how: 'hold' })
    simulator.inject({ kind: 'cut_after', method: 'POST', path: '/v1/payment_intents' })
    const payment = await createPayment(hub, access, { ...order, method: { type: 'card', token: 'pm_card_createDispute' } }, null)
    t.match(payment, { status: 'unknown', provider_reference: null })
    const [event] = (await shop.stripe('GET', '/v1/events?type=charge.dispute.created&limit=1')).data
    await shop.send(event)
    await made.work()
    const early = await newest()
    t.match(early, { status: 'retrying', reason: /no payment of ours is pi_\w+ yet/ })
    made.advance(6_000)
    simulator.deliver({ how: 'release' })
    await settle()
    made.advance(31_000)
    await settle()
    t.match(await getInbound(hub, access, early.id), { status: 'processed', payment: payment.id })
    t.equal((await database.owner.selectFrom('disputes').select('id').where('payment_id', '=', uuidOf('payment', payment.id)).execute()).length, 1)
    await shop.send({ ...event, id: 'evt_of_a_stranger', data: { object: { ...event.data.object, id: 'dp_stranger', payment_intent: 'pi_stranger', charge: 'ch_stranger' } } })
    for (const ms of [0, 5_100, 30_100]) {
      made.advance(ms)
      await made.work()
    }
    t.match(await newest(), { status: 'unmatched', attempts: 3 })
  })

  t.test('a refund from the provider’s dashboard is ours too, exactly once', async t => {
    const payment = await createPayment(hub, access, { ...order, method: visa }, null)
    made.busy(true)
    simulator.deliver({ how: 'duplicate' })
    await shop.stripe('POST', '/v1/refunds', { payment_intent: payment.provider_reference!, amount: '3000' })
    await simulator.settled()
    await made.idle()
    made.busy(false)
    simulator.deliver({ how: 'now' })
    await replayMany(hub, access, {})
    await settle()
    t.match((await listRefunds(hub, access, payment.id)).data, [{ origin: 'provider', amount: 3000, status: 'succeeded', provider_reference: /^re_/ }])
    t.equal((await listRefunds(hub, access, payment.id)).data.length, 1)
    t.match(await getPayment(hub, access, payment.id), { amount_refunded: 3000 })
    await t.rejects(createRefund(hub, access, payment.id, { amount: 17000 }, null), { code: 'amount_invalid' }, 'it counts against what is left')
    const ours = await createRefund(hub, access, payment.id, { amount: 900 }, null)
    await settle()
    t.match((await listRefunds(hub, access, payment.id)).data.map(({ id, origin }) => ({ id, origin })), [{ origin: 'provider' }, { id: ours.id, origin: 'api' }], 'and ours is not adopted as theirs')
    t.match(await getPayment(hub, access, payment.id), { amount_refunded: 3900 })
    t.equal((await database.owner.selectFrom('events').select('id').where('tenant_id', '=', shop.tenantId).where('type', '=', 'payment.partially_refunded').where('subject_id', '=', uuidOf('payment', payment.id)).execute()).length, 2)
  })

  t.test('a refund that comes before the news of what was taken waits for it', async t => {
    const waiting = await createPayment(hub, access, { ...order, method: card('pm_card_authenticationRequired'), return_url: 'http://shop.test/' }, null)
    await settle()
    simulator.deliver({ how: 'hold' })
    simulator.authenticate(waiting.provider_reference!, true)
    const refund = await shop.stripe('POST', '/v1/refunds', { payment_intent: waiting.provider_reference!, amount: '500' })
    await shop.send({ id: 'evt_early_refund', object: 'event', type: 'refund.created', data: { object: refund } })
    await made.work()
    t.match(await getPayment(hub, access, waiting.id), { status: 'succeeded', amount_captured: 19900, amount_refunded: 500 })
    simulator.deliver({ how: 'release' })
    await settle()
    t.match(await getPayment(hub, access, waiting.id), { amount_refunded: 500 })
  })

  t.test('the release of a hold looks like a refund and is none', async t => {
    const held = await createPayment(hub, access, { ...order, method: visa, capture: 'manual' }, null)
    await cancelPayment(hub, access, held.id, undefined)
    await settle()
    t.ok((await listInbound(hub, access, { limit: 20, event_type: 'charge.refunded' })).data.some(each => each.payment === held.id && each.status === 'processed'), 'it was told')
    await shop.send({ id: 'evt_hold_refund', object: 'event', type: 'refund.created', data: { object: { object: 'refund', id: 're_hold', amount: 19900, currency: 'mxn', status: 'succeeded', payment_intent: held.provider_reference, metadata: {} } } })
    await made.work()
    t.match(await getPayment(hub, access, held.id), { status: 'canceled', amount_captured: 0, amount_refunded: 0, review: null })
    t.same((await listRefunds(hub, access, held.id)).data, [])
    t.match(await newest(), { status: 'processed', reason: /nothing was taken/ })
  })

  t.test('more refunded outside than was taken is a person’s, and is never told as a sum', async t => {
    const payment = await createPayment(hub, access, { ...order, method: visa }, null)
    await settle()
    for (const [n, amount] of [15000, 15000].entries()) {
      await shop.send({ id: `evt_over_${n}`, object: 'event', type: 'refund.created', data: { object: { object: 'refund', id: `re_over_${n}`, amount, currency: 'mxn', status: 'succeeded', payment_intent: payment.provider_reference, metadata: {} } } })
    }
    await made.work()
    t.match(await getPayment(hub, access, payment.id), { amount_refunded: 19900 })
    t.ok((await alerts()).some(alert => alert.kind === 'refund_review' && (alert.detail as { amount_refunded: number }).amount_refunded === 30000))
  })

  t.test('another amount at the provider never becomes ours by itself', async t => {
    const reviewed = async () => {
      const payment = await createPayment(hub, access, order, null)
      t.match(payment, { status: 'requires_payment_method', next_action: { type: 'client_secret' } })
      await shop.stripe('POST', `/v1/payment_intents/${payment.provider_reference}`, { amount: '15000' })
      await shop.stripe('POST', `/v1/payment_intents/${payment.provider_reference}/confirm`, { payment_method: 'pm_card_visa', return_url: 'http://shop.test/' })
      await settle()
      return await getPayment(hub, access, payment.id)
    }
    const first = await reviewed()
    t.match(first, { status: 'requires_payment_method', amount: 19900, amount_captured: 0, review: { reason: 'amount_mismatch', provider_amount: 15000, amount_captured: 15000, provider_status: 'succeeded' } })
    t.match((await alerts()).filter(alert => alert.subject_id === first.id), [{ kind: 'amount_mismatch', detail: { expected_amount: 19900, provider_amount: 15000 } }])
    t.equal((await database.owner.selectFrom('events').select('id').where('subject_id', '=', uuidOf('payment', first.id)).where('type', '=', 'payment.review').execute()).length, 1, 'told once')
    await t.rejects(capturePayment(hub, access, first.id, undefined), { code: 'under_review' })
    await t.rejects(confirmPayment(hub, access, first.id, { method: visa }), { code: 'under_review' })
    await t.rejects(cancelPayment(hub, access, first.id, undefined), { code: 'under_review' })
    await t.rejects(createRefund(hub, access, first.id, {}, null), { code: 'under_review' })
    t.match(await resolveReview(hub, access, first.id, { decision: 'accept_provider', reason: 'the payer was given a discount' }), { status: 'succeeded', amount: 15000, amount_captured: 15000, review: null })
    const audited = async (id: string) => (await database.owner.selectFrom('audit_log').select(['action', 'detail', 'actor_id']).where('subject_id', '=', id).where('action', 'like', 'payment.review%').execute())
    t.match(await audited(first.id), [{ action: 'payment.review_accept_provider', actor_id: access.principal.id, detail: { reason: 'the payer was given a discount', before: { amount: 19900, review: { reason: 'amount_mismatch' } }, after: { status: 'succeeded', amount: 15000 } } }])
    await t.rejects(resolveReview(hub, access, first.id, { decision: 'accept_provider', reason: 'again' }), { code: 'invalid_state' })

    const second = await reviewed()
    t.match(await resolveReview(hub, access, second.id, { decision: 'mark_failed', reason: 'given back by hand' }), { status: 'failed', review: null })
    t.match(await audited(second.id), [{ action: 'payment.review_mark_failed' }])
    const fine = await createPayment(hub, access, { ...order, method: visa }, null)
    await t.rejects(resolveReview(hub, access, fine.id, { decision: 'mark_failed', reason: 'no reason at all' }), { code: 'invalid_state' }, 'nothing is closed by hand that is neither unknown nor under review')
    await settle()
  })

  t.test('processing that fails is tried again on its schedule, then parked and told, and a replay works', async t => {
    const waiting = await createPayment(hub, access, { ...order, method: card('pm_card_authenticationRequired'), return_url: 'http://shop.test/' }, null)
    await settle()
    simulator.deliver({ how: 'hold' })
    simulator.authenticate(waiting.provider_reference!, true)
    simulator.inject({ kind: 'error_500_before', method: 'GET', path: '/v1/payment_intents', times: 3 })
    await shop.send({ id: 'evt_failing', object: 'event', type: 'charge.dispute.created', data: { object: { object: 'dispute', id: 'dp_1', status: 'needs_response', payment_intent: waiting.provider_reference } } })
    await made.work()
    const { id } = await newest()
    t.match(await getInbound(hub, access, id), { status: 'retrying', attempts: 1, reason: /\(unknown\)/ })
    t.equal(await made.work(), 0, 'not before its time')
    made.advance(5_100)
    await made.work()
    t.match(await getInbound(hub, access, id), { status: 'retrying', attempts: 2 })
    made.advance(30_100)
    await made.work()
    t.match(await getInbound(hub, access, id), { status: 'parked', attempts: 3, next_run_at: null })
    t.match((await alerts()).filter(alert => alert.kind === 'inbound_parked'), [{ subject_id: id, detail: { event_type: 'charge.dispute.created' } }])
    t.match(await getPayment(hub, access, waiting.id), { status: 'requires_action' })
    t.same(await replayMany(hub, access, { dry_run: true, status: 'parked' }), { dry_run: true, matched: 1, replayed: 0, next_cursor: null })
    t.equal(await made.work(), 0, 'counting does nothing')
    t.same(await replayMany(hub, access, { status: 'parked' }), { dry_run: false, matched: 1, replayed: 1, next_cursor: null })
    await made.work()
    t.match(await getInbound(hub, access, id), { status: 'processed', attempts: 1, payment: waiting.id })
    t.match(await getPayment(hub, access, waiting.id), { status: 'succeeded' }, 'found by asking')
    simulator.deliver({ how: 'release' })
    await settle()
  })

  t.test('two jobs for one event process it once', async t => {
    await shop.send(eventOf({ id: 'pi_twice' }))
    const row = (await stored()).at(-1)!
    await Promise.all(Array.from({ length: 5 }, async () => await processInbound(hub, shop.tenantId, row.id)))
    t.match((await stored()).find(({ id }) => id === row.id), { attempts: 1, status: 'unmatched' })
  })

  t.test('what was refused by a wrong secret is applied once that is repaired, once; whatever else was refused is not', async t => {
    const target = await made.shop()
    await settle()
    const repaired = `whsec_${'r'.repeat(32)}`
    const [intent, other] = [await createPayment(hub, target.access, { ...order, method: card('pm_card_authenticationRequired'), return_url: 'http://shop.test/' }, null), await createPayment(hub, target.access, { ...order, method: card('pm_card_authenticationRequired'), return_url: 'http://shop.test/' }, null)]
    await settle()
    const paid = ({ provider_reference: id }: typeof intent) => eventOf({ id: id! })
    const [first, second] = [paid(intent), paid(other)]
    const unpaid = async () => (await Promise.all([intent, other].map(async ({ id }) => (await getPayment(hub, target.access, id)).status)))
    for (const event of [first, first, second]) t.equal((await target.send(event, { secret: repaired })).status, 401)
    const old = Buffer.from(JSON.stringify(eventOf({ id: 'pi_old' })))
    await target.send(old, { signature: signatureOf(old, repaired, new Date(hub.now().getTime() - 3600_000)) })
    await target.send(JSON.stringify(eventOf({ id: 'pi_long', padding: 'x'.repeat(20_000) })), { secret: repaired })
    const refused = async () => (await listInbound(hub, target.access, { verdict: 'refused', limit: 100 })).data
    const all = await refused()
    t.equal(all.length, 5)
    t.match(await replayMany(hub, target.access, { verdict: 'refused', dry_run: true }), { matched: 0, replayed: 0 }, 'nothing verifies yet')
    for (const { id } of all) await t.rejects(replayOne(hub, target.access, id), { code: 'invalid_state' })
    t.equal((await refused()).length, 5)

    await replaceCredentials(hub, target.access, target.connection, { credentials: { webhook_secret: repaired } })
    t.match(await replayMany(hub, target.access, { verdict: 'refused', dry_run: true }), { matched: 3, replayed: 0, next_cursor: null })
    t.match(await replayMany(hub, target.access, { verdict: 'refused', dry_run: true, event_type: 'charge.refunded' }), { matched: 0 })
    t.match(await replayMany(hub, { ...target.access, mode: 'live' }, { verdict: 'refused', dry_run: true }), { matched: 0 })
    t.match(await replayMany(hub, (await made.shop()).access, { verdict: 'refused', connection: target.connection }), { matched: 0, replayed: 0 })
    t.equal((await refused()).length, 5, 'counting changes nothing')
    const { id } = all.at(-1)!
    const answers = await Promise.all([replayOne(hub, target.access, id), replayOne(hub, target.access, id)])
    t.match(answers, [{ id, verdict: 'verified', status: 'received' }, { id, verdict: 'verified' }], 'twice at once is once')
    await made.work()
    t.same(await unpaid(), ['succeeded', 'requires_action'])
    t.match(await getInbound(hub, target.access, id), { verdict: 'verified', status: 'processed', provider_event_id: first.id, payment: intent.id, received_at: all.at(-1)!.received_at })
    t.match(await replayMany(hub, target.access, { verdict: 'refused' }), { matched: 2, replayed: 2 })
    await made.work()
    t.same(await unpaid(), ['succeeded', 'succeeded'])
    t.match(await getInbound(hub, target.access, id), { duplicates: 1, attempts: 1 }, 'the provider’s own repeat is a duplicate')
    t.match((await refused()).map(({ reason }) => reason).sort(), [/no signature|timestamp|old/, /no signature|timestamp|old/], 'what was too old stays refused, and what was cut')
    t.match((await database.owner.selectFrom('audit_log').select('detail').where('tenant_id', '=', target.tenantId).where('action', '=', 'inbound_event.replayed').execute()).map(({ detail }) => detail), [{ before: 'refused' }, { before: /refused|received/ }])
  })

  t.test('everything may be replayed: nothing changes', async t => {
    const sums = async () => await database.owner.selectFrom('payments').select(['id', 'status', 'amount_captured', 'amount_refunded', 'review', 'attempts']).where('tenant_id', '=', shop.tenantId).orderBy('id').execute()
    const [before, alertsBefore] = [await sums(), (await alerts()).length]
    const told = (await replayMany(hub, access, { dry_run: true })).matched
    t.equal((await replayMany(hub, access, {})).replayed, told)
    await made.work()
    t.same(await sums(), before)
    t.equal((await alerts()).length, alertsBefore)
    t.same(await replayMany(hub, access, { event_type: 'no.such', dry_run: true }), { dry_run: true, matched: 0, replayed: 0, next_cursor: null })
  })

  t.test('another tenant, and the other mode, see nothing', async t => {
    const other = await made.shop()
    const { id } = await newest()
    const [refused] = (await listInbound(hub, access, { limit: 1, verdict: 'refused' })).data
    for (const stranger of [other.access, { ...access, mode: 'live' as const }]) {
      for (const seen of [id, refused!.id]) {
        await t.rejects(getInbound(hub, stranger, seen), { code: 'not_found' })
        await t.rejects(replayOne(hub, stranger, seen), { code: 'not_found' })
      }
    }
    await t.rejects(replayOne(hub, access, refused!.id), { code: 'invalid_state' }, 'what was refused and still does not verify is never applied')
    t.same((await listInbound(hub, other.access, { connection: shop.connection, limit: 100 })).data, [])
    t.same(await replayMany(hub, other.access, { connection: shop.connection }), { dry_run: false, matched: 0, replayed: 0, next_cursor: null })
    t.same((await listInbound(hub, { ...access, mode: 'live' }, {})).data, [])
    await settle()
  })
})
