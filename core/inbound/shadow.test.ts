import t from 'tap'
import { hookedHub, signatureOf } from '../../test/support/hooked-hub.ts'
import { connectionHealth, getConnection, patchConnection } from '../connections/service.ts'
import { getInbound, listInbound } from './service.ts'
import { lookBeside } from './shadow.ts'

const event = (id: string) => ({ id, object: 'event', type: 'payment_intent.created', livemode: false, created: 1, data: { object: { id: 'pi_1', object: 'payment_intent', metadata: {} } } })

t.test('a second verifier looks on, and only reports', async t => {
  const made = await hookedHub(t)
  const { hub } = made
  const shop = await made.shop()
  const { access, connection } = shop
  const watch = async (scheme: string | null) => await patchConnection(hub, access, connection, { shadow_scheme: scheme })
  const newest = async () => (await listInbound(hub, access, {})).data[0]!
  const counted = async () => (await connectionHealth(hub, access, connection)).webhook.shadow

  t.test('it is one of the provider’s, or none', async t => {
    await t.rejects(watch('made_up'), { code: 'request_invalid', errors: [{ path: 'shadow_scheme', message: /stripe_library/ }] })
    await t.rejects(watch('constructor'), { code: 'request_invalid' })
    t.equal((await getConnection(hub, access, connection)).shadow_scheme, null)
  })

  t.test('none runs until somebody says so', async t => {
    t.equal((await shop.send(event('evt_0'))).status, 200)
    t.match(await newest(), { verdict: 'verified', shadow: null })
    t.equal(await counted(), null)
  })

  t.test('both agree: on what passes and on what is refused', async t => {
    t.equal((await watch('stripe_library')).shadow_scheme, 'stripe_library')
    // What this process remembers of the address is told to forget by NOTIFY; here it is a minute later.
    made.advance(60_000)
    t.equal((await shop.send(event('evt_1'))).status, 200)
    t.match(await newest(), { verdict: 'verified', shadow: { scheme: 'stripe_library', verdict: 'verified', reason: null, agrees: true } })
    t.equal((await shop.send(event('evt_1'))).status, 200, 'again')
    t.equal((await shop.send(event('evt_2'), { secret: 'whsec_another' })).status, 401)
    const refused = await newest()
    t.match(refused, { verdict: 'refused', shadow: { verdict: 'refused', agrees: true, reason: /library/ } })
    t.match(await getInbound(hub, access, refused.id), { shadow: { agrees: true } })
    t.match(await counted(), { scheme: 'stripe_library', agreed: 3, differed: 0, since: String })
  })

  t.test('they differ: what is refused stays refused, what passes passes', async t => {
    const secret = await shop.secret()
    // A signature of a time to come: Stripe's library takes it, and we do not.
    const body = Buffer.from(JSON.stringify(event('evt_3')))
    const ahead = signatureOf(body, secret, new Date(hub.now().getTime() + 3_600_000))
    t.equal((await shop.send(body, { signature: ahead })).status, 401)
    t.match(await newest(), { verdict: 'refused', status: 'refused', shadow: { verdict: 'verified', agrees: false } })
    t.match(await counted(), { agreed: 3, differed: 1 })
    t.match(await hub.metrics.registry.getSingleMetricAsString('pasarela_inbound_shadow_total'), /scheme="stripe_library",agrees="no"\} 1/)
  })

  t.test('one that throws, or that the adapter no longer has, changes nothing', async t => {
    const adapter = hub.adapters.get('stripe')!
    const input = { body: Buffer.from('{}'), headers: {}, url: '/', secrets: ['x'], now: hub.now(), settings: {} }
    const webhooks = { ...adapter.webhooks as object, shadows: { broken: () => { throw new Error('no') } } } as never
    t.match(lookBeside({ adapter: { ...adapter, webhooks }, shadow: 'broken' }, input, 'verified'), { verdict: 'refused', reason: 'it failed: no', agrees: false })
    t.equal(lookBeside({ adapter, shadow: 'gone' }, input, 'verified'), undefined)
    t.equal(lookBeside({ adapter, shadow: null }, input, 'verified'), undefined)
  })

  t.test('switched off it is silent, and its count is kept', async t => {
    await watch(null)
    made.advance(60_000)
    await shop.send(event('evt_4'))
    t.match(await newest(), { verdict: 'verified', shadow: null })
    t.equal(await counted(), null)
    await watch('stripe_library')
    t.match(await counted(), { agreed: 3, differed: 1 })
  })
})
