import t from 'tap'
import { conformance, type Harness, promisesOf } from '../../core/adapter/conformance.ts'
import { closeHttpAgents, type Simulator } from '../../core/adapter/index.ts'
import { consentAt } from '../../test/support/consent.ts'
import mercadopago from './adapter.ts'
import { type MercadoPagoSimulator, startMercadoPagoSimulator } from './simulator.ts'

t.teardown(() => { closeHttpAgents() })
// As long as the runner gives it; alone, tap gives half a minute.
t.setTimeout(560_000)

const card = (holder: string, brand = 'visa') => ({ type: 'card', token: `sim-token-${brand}-${holder}` })
const at = (simulator: Simulator) => simulator as MercadoPagoSimulator
const ana = { name: 'Ana Pérez', email: 'ana@shop.example' }
const settings = { back_url: 'https://shop.example/back' }

/** How much later it is at each simulator. */
const later = new WeakMap<Simulator, { ms: number }>()

const opened = (site: string) => async (): Promise<Simulator> => {
  const ahead = { ms: 0 }
  const simulator = await startMercadoPagoSimulator({ seed: 7, site, now: () => new Date(Date.now() + ahead.ms) })
  later.set(simulator, ahead)
  return simulator
}

await conformance(t, {
  adapter: mercadopago,
  simulator: opened('MLM'),
  settings,
  oauth: {
    application: (simulator, _, redirectUri) => at(simulator).application([redirectUri]),
    consent: async (url, decision, _, account) => await consentAt(url, { decision, ...(account !== undefined && { account }) }),
    revoke: (account, simulator) => at(simulator).revoke(account),
    wrongSecret: secret => secret.replace(/./g, 'x')
  },
  payments: {
    approved: card('APRO'),
    currencies: ['MXN'],
    declined: [
      { method: card('OTHE'), code: 'card_declined' },
      { method: card('FUND'), code: 'insufficient_funds' },
      { method: card('EXPI'), code: 'expired_card' },
      { method: card('SECU'), code: 'incorrect_cvc' },
      { method: card('FORM'), code: 'invalid_card' },
      { method: card('CALL'), code: 'authentication_required' },
      { method: card('RISK'), code: 'fraud_suspected' },
      { method: card('LIMI'), code: 'limit_exceeded' }
    ],
    more: { customer: ana },
    made: (reference, simulator) => at(simulator).made(reference),
    voucher: {
      method: { type: 'oxxo' },
      pay: ({ providerReference }, simulator) => at(simulator).pay(providerReference),
      expire: ({ providerReference }, simulator) => at(simulator).expire(providerReference)
    },
    transfer: { method: { type: 'spei' }, send: ({ providerReference }, _, simulator) => at(simulator).pay(providerReference), parts: false },
    inPage: { method: card('CHAL') },
    saved: { type: 'card', token: 'sim-token-visa-APRO', needsPayer: { token: 'sim-token-visa-CHAL' }, failing: { token: 'sim-token-visa-FAIL' } },
    checkout: { pay: ({ providerReference }, simulator) => at(simulator).payPage(providerReference) },
    subscription: {
      lacks: ['period_end'],
      advance (to, simulator) {
        later.get(simulator)!.ms = to.getTime() - Date.now()
        at(simulator).bill()
      }
    },
    dispute: { open: ({ providerReference }, simulator) => at(simulator).dispute(providerReference) }
  }
} satisfies Harness)

/** The banks of Colombia, and pesos without decimals in Chile. */
const colombia = {
  adapter: mercadopago,
  simulator: opened('MCO'),
  settings,
  payments: {
    approved: card('APRO', 'master'),
    currencies: ['COP'],
    declined: [],
    more: { customer: { ...ana, tax_id: '1020304050' } },
    made: (reference: string, simulator: Simulator) => at(simulator).made(reference),
    redirect: { method: { type: 'pse', details: { bank: '1007', ip_address: '190.0.0.1' } }, complete: ({ providerReference }: { providerReference: string }, simulator: Simulator) => at(simulator).pay(providerReference) },
    voucher: { method: { type: 'efecty' }, pay: ({ providerReference }: { providerReference: string }, simulator: Simulator) => at(simulator).pay(providerReference) }
  }
} satisfies Harness
const chile = { ...colombia, simulator: opened('MLC'), payments: { approved: card('APRO'), currencies: ['CLP'], declined: [], more: { customer: ana }, made: colombia.payments.made } } satisfies Harness

for (const [country, harness, groups] of [['Colombia', colombia, ['payments', 'amounts', 'vouchers']], ['Chile', chile, ['amounts']]] as const) {
  t.test(country, async t => {
    for (const promise of promisesOf(harness).filter(({ promise }) => (groups as readonly string[]).includes(promise))) await t.test(`${promise.promise}: ${promise.name}`, async t => { await promise.run(); t.pass(promise.because) })
  })
}
