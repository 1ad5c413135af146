import { generateKeyPairSync } from 'node:crypto'
import t from 'tap'
import { conformance } from '../../core/adapter/conformance.ts'
import { closeHttpAgents, type Simulator } from '../../core/adapter/index.ts'
import conekta from './adapter.ts'
import { type ConektaSimulator, startConektaSimulator } from './simulator.ts'

t.teardown(() => { closeHttpAgents() })
// As long as the runner gives it; alone, tap gives half a minute.
t.setTimeout(560_000)

const card = (name: string) => ({ type: 'card', token: `tok_test_${name}` })
const at = (simulator: Simulator) => simulator as ConektaSimulator
const ana = { name: 'Ana Pérez', email: 'ana@shop.example', phone: '5522997233' }
const pair = () => {
  const { privateKey, publicKey } = generateKeyPairSync('rsa', { modulusLength: 2048, publicKeyEncoding: { type: 'spki', format: 'pem' }, privateKeyEncoding: { type: 'pkcs8', format: 'pem' } })
  return { sign: privateKey, verify: publicKey }
}

/** How much later it is at each simulator. */
const later = new WeakMap<Simulator, { ms: number }>()

await conformance(t, {
  adapter: conekta,
  async simulator () {
    const ahead = { ms: 0 }
    const simulator = await startConektaSimulator({ seed: 7, localHooks: true, now: () => new Date(Date.now() + ahead.ms) })
    later.set(simulator, ahead)
    return simulator
  },
  payments: {
    approved: card('visa_4242'),
    declined: [
      { method: card('card_declined'), code: 'card_declined' },
      { method: card('insufficient_funds'), code: 'insufficient_funds' },
      { method: card('expired_card'), code: 'expired_card' },
      { method: card('cvc'), code: 'incorrect_cvc' },
      { method: card('stolen_card'), code: 'fraud_suspected' },
      { method: card('limit'), code: 'limit_exceeded' }
    ],
    redirect: { method: card('3ds'), complete: ({ providerReference }, simulator) => at(simulator).authenticate(providerReference, true) },
    more: { customer: ana },
    customer: { phone: ana.phone },
    made: (reference, simulator) => at(simulator).made(reference),
    voucher: {
      method: { type: 'oxxo' },
      pay: ({ providerReference }, simulator) => at(simulator).pay(providerReference),
      expire: ({ providerReference }, simulator) => at(simulator).expire(providerReference)
    },
    transfer: { method: { type: 'spei' }, send: ({ providerReference }, _, simulator) => at(simulator).pay(providerReference), parts: false },
    saved: { type: 'card', token: 'tok_test_visa_4242', needsPayer: { token: 'tok_test_3ds' }, failing: { token: 'tok_test_failing' } },
    checkout: { pay: ({ providerReference }, simulator) => at(simulator).payPage(providerReference) },
    subscription: {
      lacks: ['period_end'],
      advance (to, simulator) {
        later.get(simulator)!.ms = to.getTime() - Date.now()
        at(simulator).bill()
      }
    },
    dispute: { open: ({ providerReference }, simulator) => at(simulator).dispute(providerReference) }
  },
  // RSA keys cannot be made of one another; the digest holds no time.
  webhooks: { secrets: [pair(), pair()], timed: false }
})
