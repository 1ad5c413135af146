import { ask } from '../api.ts'
import { eventually, expect, expectStatus, Unexpected } from '../expect.ts'
import { money, type Step, type Story } from '../story.ts'

const card = (token: string) => ({ type: 'card', token })

/** A new payment of the shop, in pesos. */
async function pay (story: Story, body: object, headers?: Record<string, string>) {
  return await story.get('shop').post('/v1/payments', { currency: 'MXN', ...body }, headers)
}

export const payments: Step[] = [
  {
    name: 'The very first payment: the curl line that npm start prints',
    async run (story) {
      const { url, api_key_test: key } = story.get('firstRun')
      const answer = await ask(`${url}/v1/payments`, {
        method: 'POST',
        headers: { authorization: `Bearer ${key}`, 'content-type': 'application/json', 'idempotency-key': 'first' },
        body: '{"amount": 19900, "currency": "MXN", "method": {"type": "card", "token": "pm_card_visa"}, "reference": "order-1"}'
      })
      expectStatus('the payment', answer, 201, { status: 'succeeded', amount: 19900, amount_captured: 19900 })
      return [`${answer.body.id}: ${answer.body.status}`]
    }
  },
  {
    name: 'A payment is captured automatically',
    async run (story) {
      const answer = await pay(story, { amount: 250000, method: card('pm_card_visa'), reference: 'room-12' })
      expectStatus('the payment', answer, 201, { status: 'succeeded', amount: 250000, amount_captured: 250000, amount_refunded: 0, provider: 'stripe', provider_reference: /^pi_/, method: { brand: 'visa', last4: '4242' } })
      story.keep('payment', answer.body.id)
      return [`${answer.body.id}: ${money(answer.body.amount_captured, 'MXN')}, ${answer.body.method.brand} …${answer.body.method.last4}, ${answer.body.provider_reference}`]
    }
  },
  {
    name: 'Stripe’s signed webhook about it is verified and matched',
    async run (story) {
      const payment = story.get('payment')
      const list = async () => (await story.get('shop').get('/v1/inbound_events?verdict=verified&status=processed')).body.data.find((event: { payment: string | null }) => event.payment === payment)
      const event = await eventually('a processed webhook about the payment', list, { verdict: 'verified', status: 'processed', connection: story.get('connection') })
      expectStatus('the payment is what it was', await story.get('shop').get(`/v1/payments/${payment}`), 200, { status: 'succeeded', amount_captured: 250000, review: null })
      return [`${event.id}: ${event.event_type}, ${event.verdict}, ${event.status}`]
    }
  },
  {
    name: '3-D Secure: the payer is sent to the bank’s page, clicks, and comes back paid',
    async run (story) {
      const answer = await pay(story, { amount: 320000, method: card('pm_card_threeDSecure2Required'), return_url: 'https://shop.example/thanks', reference: 'suite-1' })
      expectStatus('the payer has something to do', answer, 201, { status: 'requires_action', next_action: { type: 'redirect', url: /^http/ } })
      const { id, next_action: { url } } = answer.body
      story.keep('stripe', new URL(url).origin) // the steps below ask the simulator what really happened
      const page = await ask(url)
      expectStatus('the bank’s page', page, 200)
      const button = /<button name="(\w+)" value="(\w+)"/.exec(page.body)
      if (button === null) throw new Unexpected('the page has a button', '<button name value>', page.body)
      const clicked = await ask(url, { method: 'POST', headers: { 'content-type': 'application/x-www-form-urlencoded' }, body: `${button[1]}=${button[2]}` })
      expect('the payer is sent back', [clicked.status, clicked.headers.get('location')], [303, /^https:\/\/shop\.example\/thanks\?/])
      const paid = await eventually('the webhook makes it true', async () => (await story.get('shop').get(`/v1/payments/${id}`)).body, { status: 'succeeded', amount_captured: 320000, next_action: null })
      return [`${id}: requires_action → clicked → ${paid.status}`]
    }
  },
  {
    name: 'Manual capture: authorised, captured in part, refunded in part',
    async run (story) {
      const shop = story.get('shop')
      const held = await pay(story, { amount: 100000, capture: 'manual', method: card('pm_card_visa'), reference: 'deposit-7' })
      expectStatus('it is authorised', held, 201, { status: 'authorized', amount_capturable: 100000, amount_captured: 0 })
      const { id } = held.body
      const captured = await shop.post(`/v1/payments/${id}/capture`, { amount: 60000 })
      expectStatus('60 of 100 are captured', captured, 200, { status: 'succeeded', amount_captured: 60000, amount_capturable: 0 })
      const tooMuch = await shop.post(`/v1/payments/${id}/refunds`, { amount: 60001 })
      expectStatus('no more is refunded than was captured', tooMuch, 422, { code: 'amount_invalid' })
      const refund = await shop.post(`/v1/payments/${id}/refunds`, { amount: 20000, reason: 'requested_by_customer' })
      expectStatus('20 are refunded', refund, 201, { status: 'succeeded', amount: 20000, payment: id })
      await eventually('the payment knows', async () => (await shop.get(`/v1/payments/${id}`)).body, { status: 'succeeded', amount_captured: 60000, amount_refunded: 20000 })
      expect('at Stripe', await story.effects(id), { charges: 1, captures: 1, refunds: 1 })
      story.keep('captured', id)
      return [`${id}: authorised ${money(100000, 'MXN')}, captured ${money(60000, 'MXN')}, refunded ${money(20000, 'MXN')}`]
    }
  },
  {
    name: 'A decline and then an approval are one payment',
    async run (story) {
      const declined = await pay(story, { amount: 45000, method: card('pm_card_visa_chargeDeclinedInsufficientFunds'), reference: 'dinner-3' })
      expectStatus('it is declined', declined, 201, { status: 'requires_payment_method', amount_captured: 0, attempts: 1, error: { code: 'insufficient_funds' } })
      const { id, error } = declined.body
      const again = await story.get('shop').post(`/v1/payments/${id}/confirm`, { method: card('pm_card_mastercard') })
      expectStatus('another card is taken', again, 200, { id, status: 'succeeded', amount_captured: 45000, attempts: 2, error: null })
      expect('at Stripe', await story.effects(id), { charges: 1 })
      return [`first ${error.code} (${error.provider_code}), then ${again.body.method.brand} …${again.body.method.last4}: ${again.body.status}`]
    }
  },
  {
    name: 'The same Idempotency-Key twice is one charge',
    async run (story) {
      const body = { amount: 9900, method: card('pm_card_visa'), reference: 'bar-9' }
      const key = { 'idempotency-key': 'demo-the-same-order' }
      const first = await pay(story, body, key)
      expectStatus('the first', first, 201, { status: 'succeeded' })
      const second = await pay(story, body, key)
      expectStatus('the second is the first answer', second, 201, first.body)
      expect('it says that it is a repetition', second.headers.get('idempotent-replayed'), 'true')
      expectStatus('another body under that key', await pay(story, { ...body, amount: 9901 }, key), 422, { code: 'idempotency_mismatch' })
      const list = await story.get('shop').get('/v1/payments?reference=bar-9')
      expect('payments with that reference', list.body.data.length, 1)
      expect('at Stripe', await story.effects(first.body.id), { charges: 1 })
      return [`${first.body.id} both times, 1 charge; another body under the key: 422`]
    }
  }
]
