import { Api, ask } from '../api.ts'
import { eventually, expect, expectStatus } from '../expect.ts'
import type { Step } from '../story.ts'

export const safety: Step[] = [
  {
    name: 'A forged webhook is refused, kept with the reason, and changes nothing',
    async run (story) {
      const shop = story.get('shop')
      const payment = (await shop.get(`/v1/payments/${story.get('payment')}`)).body
      const body = JSON.stringify({ id: 'evt_forged', object: 'event', type: 'charge.refunded', livemode: false, data: { object: { id: payment.provider_reference, object: 'payment_intent', status: 'canceled' } } })
      const signature = `t=${Math.floor(Date.now() / 1000)},v1=${'0'.repeat(64)}`
      const forged = await ask(story.get('webhookUrl'), { method: 'POST', headers: { 'content-type': 'application/json', 'stripe-signature': signature }, body })
      expectStatus('a wrong signature', forged, 401, { code: 'webhook_unverified' })
      const nowhere = await ask(`${story.get('firstRun').url}/hooks/${'x'.repeat(43)}`, { method: 'POST', headers: { 'content-type': 'application/json', 'stripe-signature': signature }, body })
      const { request_id: _, ...refused } = forged.body
      expectStatus('an address that does not exist looks the same', nowhere, 401, refused)
      const seen = await eventually('support can see it', async () => (await shop.get('/v1/inbound_events?verdict=refused')).body, { data: [{ verdict: 'refused', reason: /./ }] })
      expectStatus('the payment is what it was', await shop.get(`/v1/payments/${payment.id}`), 200, { status: payment.status, amount_refunded: payment.amount_refunded })
      return [`401 ${forged.body.code}; reason kept: ${seen.data[0].reason}`]
    }
  },
  {
    name: 'A second tenant that knows the ids sees nothing',
    async run (story) {
      const { body: tenant } = await story.platform().post('/v1/tenants', { name: 'The neighbour', country: 'MX' })
      const { body: key } = await story.platform(tenant.id).post('/v1/api_keys', { mode: 'test' })
      const stranger = story.keep('stranger', new Api(story.get('firstRun').url, key.key))
      const payment = `/v1/payments/${story.get('payment')}`
      const connection = `/v1/connections/${story.get('connection')}`
      for (const path of [payment, `${payment}/timeline`, `${payment}/refunds`, connection, `${connection}/setup`]) expectStatus(path, await stranger.get(path), 404, { code: 'not_found' })
      for (const path of [`${payment}/refunds`, `${payment}/cancel`, `${connection}/test`]) expectStatus(`POST ${path}`, await stranger.post(path), 404, { code: 'not_found' })
      for (const path of ['/v1/payments', '/v1/connections', '/v1/inbound_events']) expectStatus(path, await stranger.get(path), 200, { data: [] })
      return ['404 for each id, empty lists']
    }
  },
  {
    name: 'The cable is cut in the middle of a charge: unknown, then found out, charged once',
    async run (story) {
      const shop = story.get('shop')
      // No webhook may tell it: the resolver has to ask.
      await story.simulator('deliver', { how: 'hold' })
      await story.simulator('faults', { kind: 'cut_after', method: 'POST', path: '/v1/payment_intents' })
      const cut = await shop.post('/v1/payments', { amount: 77700, currency: 'MXN', method: { type: 'card', token: 'pm_card_visa' }, reference: 'cut-1' })
      expectStatus('nobody knows', cut, 202, { status: 'unknown', amount_captured: 0 })
      const { id } = cut.body
      const read = async () => (await shop.get(`/v1/payments/${id}`)).body
      const from = performance.now()
      await eventually('the resolver finds out', read, { status: 'succeeded', amount_captured: 77700 }, 60_000)
      const seconds = ((performance.now() - from) / 1000).toFixed(1)
      await story.simulator('deliver', { how: 'release' })
      await story.simulator('settled', {})
      await eventually('the late webhook is matched', async () => (await shop.get('/v1/inbound_events?verdict=verified&status=processed')).body.data.some((event: { payment: string }) => event.payment === id), true)
      expect('and changes nothing', await read(), { status: 'succeeded', amount_captured: 77700, review: null })
      expect('at Stripe', await story.effects(id), { charges: 1 })
      return [`${id}: 202 unknown → succeeded after ${seconds} s, 1 charge`]
    }
  }
]
