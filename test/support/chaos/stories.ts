/** What partners do, story by story. Whatever is answered, they go on as somebody would who wants it done: once. */
import type { StripeSimulator } from '../../../adapters/stripe/simulator.ts'
import { type Answer, card } from '../app.ts'
import type { Partner } from '../partner.ts'

export interface Stage {
  partner: Partner
  simulator: StripeSimulator
  /** A plan, a month each. */
  plan: string
  /** 0 to 1, the same for the same seed. */
  random: () => number
}

export type Story = (stage: Stage, name: string) => Promise<void>

const dayMs = 24 * 3600_000
const amount = 19_900
const triesAtMost = 5
/** The provider did not want it just now, or was not reached: nothing happened, and it may be tried with another key. */
const notNow = ['rate_limited', 'provider_unavailable', 'timeout_unknown', 'unknown']

/** One that is told by a word of the seed. */
const oneOf = <T> (random: () => number, ...options: readonly T[]): T => options[Math.floor(random() * options.length)]!

export const stories = {
  pay: async (stage, name) => {
    await pay(stage, name, { method: card('pm_card_visa') })
  },

  declined: async (stage, name) => {
    const payment = await pay(stage, name, { method: card('pm_card_visa_chargeDeclinedInsufficientFunds') })
    if (payment?.status === 'requires_payment_method') await push(stage, `${name}-confirm`, payment.id, 'confirm', { method: card('pm_card_visa') }, 'requires_payment_method')
  },

  capture: async (stage, name) => {
    const payment = await pay(stage, name, { method: card('pm_card_visa'), capture: 'manual' })
    if (payment?.status === 'authorized') await push(stage, `${name}-capture`, payment.id, 'capture', { amount: oneOf(stage.random, amount, 15_000) }, 'authorized')
  },

  cancel: async (stage, name) => {
    const payment = await pay(stage, name, { method: card('pm_card_visa'), capture: 'manual' })
    if (payment?.status === 'authorized') await push(stage, `${name}-cancel`, payment.id, 'cancel', {}, 'authorized')
  },

  /** Canceled as soon as it was asked for, whether anybody knows what became of it or not. */
  regret: async ({ partner }, name) => {
    const made = await partner.tell(name, name, '/v1/payments', { amount, currency: 'MXN', capture: 'manual', method: card('pm_card_visa'), metadata: { story: name } })
    if (made.body?.id !== undefined) await partner.tell(name, `${name}-cancel`, `/v1/payments/${made.body.id}/cancel`, {})
  },

  refund: async (stage, name) => {
    const payment = await pay(stage, name, { method: card(oneOf(stage.random, 'pm_card_visa', 'pm_card_mastercard')) })
    if (payment?.status !== 'succeeded') return
    await giveBack(stage, `${name}-first`, payment.id, 4_000)
    if (stage.random() < 0.5) await giveBack(stage, `${name}-rest`, payment.id, amount - 4_000)
  },

  voucher: async (stage, name) => {
    const payment = await pay(stage, name, { method: { type: 'oxxo' }, customer: { name: 'Ana Pérez', email: 'fill_never@shop.example' } })
    if (payment?.status !== 'requires_action') return
    const what = oneOf(stage.random, 'paid', 'expired', 'canceled')
    if (what === 'paid') stage.simulator.payVoucher(payment.provider_reference)
    else if (what === 'expired') stage.simulator.expireVoucher(payment.provider_reference)
    else await push(stage, `${name}-cancel`, payment.id, 'cancel', {}, 'requires_action')
  },

  transfer: async (stage, name) => {
    const payment = await pay(stage, name, { method: { type: 'spei' } })
    if (payment?.status !== 'requires_action') return
    if (stage.random() < 0.5) stage.simulator.fund(payment.provider_reference, 5_000)
    stage.simulator.fund(payment.provider_reference, stage.simulator.ledger().payments.find(({ id }) => id === payment.provider_reference)!.amount)
  },

  dispute: async (stage, name) => {
    const payment = await pay(stage, name, { method: card('pm_card_createDispute') })
    if (payment?.status !== 'succeeded') return
    const dispute = stage.simulator.ledger().disputes.find(each => each.payment === payment.provider_reference)
    if (dispute !== undefined && stage.random() < 0.7) stage.simulator.decideDispute(dispute.id, oneOf(stage.random, 'won', 'lost'))
  },

  checkout: async (stage, name) => {
    const { partner, simulator, random } = stage
    const made = await insist(stage, name, '/v1/checkout_sessions', { amount, currency: 'MXN', success_url: 'https://shop.test/done', description: 'Room 12', metadata: { story: name } })
    if (made.body?.id === undefined) return
    const path = `/v1/checkout_sessions/${made.body.id}`
    const page = await partner.until(path, `${name}: its page is known`, ({ status }) => status !== 'unknown')
    if (page.status !== 'open') return
    if (random() < 0.7) simulator.completeCheckout(page.url, { card: 'pm_card_visa' })
    else await insist(stage, `${name}-expire`, `${path}/expire`, {})
  },

  /** A saved card, and a charge without the payer. */
  saved: async (stage, name) => {
    const kept = await saveCard(stage, name)
    if (kept !== undefined) await pay(stage, name, { customer: kept.customer, method: { type: 'card', payment_method: kept.method }, off_session: true })
  },

  /** A subscription that renews by its customer's own clock, and then goes on, is paused, or ends. */
  subscribe: async (stage, name) => {
    const { partner, simulator, random } = stage
    const kept = await saveCard(stage, name)
    const there = kept && simulator.ledger().customers.find(({ metadata }) => metadata.pasarela_customer === kept.customer)
    if (kept === undefined || there === undefined) return
    const clock = simulator.ownClock(there.id)
    const subscription = await subscribed(stage, name, { customer: kept.customer, plan: stage.plan, payment_method: kept.method })
    if (subscription?.status !== 'active') return
    const began = Date.now()
    const pass = (days: number): void => simulator.advanceClock(clock, new Date(began + days * dayMs))
    pass(32)
    const path = `/v1/subscriptions/${subscription.id}`
    const then = oneOf(random, 'goes on', 'ends now', 'ends later', 'pauses')
    const act = async (what: string, body: object = {}): Promise<void> => {
      await insist(stage, `${name}-${what}`, `${path}/${what}`, body)
      await partner.until(path, `${name}: its ${what} is known`, ({ status }) => status !== 'unknown')
    }
    if (then === 'ends now') await act('cancel', { at: 'now' })
    if (then === 'ends later') await act('cancel', { at: 'period_end' })
    if (then === 'pauses') {
      await act('pause')
      await act('resume')
    }
    pass(64)
  }
} satisfies Record<string, Story>
export type StoryName = keyof typeof stories

// --- what they are made of --------------------------------------------------------------------------------------------

/** Asks, and asks again with another key when it is told that nothing happened. */
async function insist ({ partner }: Stage, name: string, path: string, body: object): Promise<Answer> {
  for (let n = 1; ; n++) {
    const answer = await partner.tell(name, n === 1 ? name : `${name}-${n}`, path, body)
    const again = answer.body?.code === 'provider_unavailable' || (answer.body?.code === 'provider_refused' && answer.body.provider?.code === 'rate_limit')
    if (!again || n === triesAtMost) return answer
  }
}

/** The payment, once it is known. A card that the provider did not even look at is tried again. */
async function pay (stage: Stage, name: string, body: { method: { type: string, [more: string]: unknown }, [more: string]: unknown }): Promise<any> {
  const made = await insist(stage, name, '/v1/payments', { amount, currency: 'MXN', metadata: { story: name }, ...body })
  if (made.body?.id === undefined) return undefined
  const payment = await stage.partner.known(made.body.id)
  const again = payment.status === 'requires_payment_method' && notNow.includes(payment.error?.code) && body.method.type === 'card'
  return again ? await push(stage, `${name}-again`, payment.id, 'confirm', { method: body.method }, 'requires_payment_method') : payment
}

/** Acts on a payment until it is no longer what it was. */
async function push ({ partner }: Stage, name: string, id: string, what: string, body: object, from: string): Promise<any> {
  for (let n = 1; ; n++) {
    await partner.tell(name, `${name}-${n}`, `/v1/payments/${id}/${what}`, body)
    const payment = await partner.known(id)
    if (payment.status !== from || n === triesAtMost) return payment
  }
}

async function giveBack ({ partner }: Stage, name: string, payment: string, part: number): Promise<void> {
  for (let n = 1; n <= triesAtMost; n++) {
    const made = await partner.tell(name, `${name}-${n}`, `/v1/payments/${payment}/refunds`, { amount: part })
    if (made.body?.id === undefined) return
    const refund = await partner.until(`/v1/refunds/${made.body.id}`, `${name}: its refund is known`, ({ status }) => status !== 'unknown')
    if (refund.status !== 'failed') return
  }
}

async function saveCard (stage: Stage, name: string): Promise<{ customer: string, method: string } | undefined> {
  const { partner } = stage
  const customer = await partner.tell(name, `${name}-customer`, '/v1/customers', { name: 'Ana', email: 'ana@shop.example' })
  const path = `/v1/customers/${customer.body.id}/payment_methods`
  for (let n = 1; n <= triesAtMost; n++) {
    const made = await partner.tell(name, `${name}-card-${n}`, path, card('pm_card_visa'))
    if (made.body?.id === undefined) continue
    const method = await partner.until(`${path}/${made.body.id}`, `${name}: its card is known`, ({ status }) => status !== 'unknown')
    if (method.status === 'active') return { customer: customer.body.id, method: method.id }
  }
  return undefined
}

async function subscribed (stage: Stage, name: string, body: object): Promise<any> {
  for (let n = 1; n <= triesAtMost; n++) {
    const made = await insist(stage, `${name}-subscription-${n}`, '/v1/subscriptions', body)
    if (made.body?.id === undefined) return undefined
    const subscription = await stage.partner.until(`/v1/subscriptions/${made.body.id}`, `${name}: its subscription is known`, ({ status }) => status !== 'unknown')
    if (subscription.status !== 'expired') return subscription
  }
  return undefined
}
