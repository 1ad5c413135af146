import t from 'tap'
import { conformance, type Harness, promisesOf } from '../../core/adapter/conformance.ts'
import { closeHttpAgents, type Simulator } from '../../core/adapter/index.ts'
import payu from './adapter.ts'
import { type PayuSimulator, startPayuSimulator } from './simulator.ts'

t.teardown(() => { closeHttpAgents() })
// As long as the runner gives it; alone, tap gives half a minute.
t.setTimeout(560_000)

const card = (outcome: string) => ({ type: 'card', token: `sim-VISA-${outcome}`, details: { payment_method: 'VISA' } })
const at = (simulator: Simulator) => simulator as PayuSimulator
const ana = { name: 'Ana Pérez', email: 'ana@shop.example', phone: '573001234567', tax_id: '123456789' }

/** Every call is a POST of a command. */
const reads: NonNullable<Harness['reads']> = ({ requestBody }) => {
  const { command } = JSON.parse(String(requestBody)) as { command: string }
  return command !== 'SUBMIT_TRANSACTION' && command !== 'CREATE_TOKEN'
}

const shared = {
  adapter: payu,
  simulator: () => startPayuSimulator({ seed: 7 }),
  reads,
  // As the simulator does it; what holds where nobody knows is in adapter.test.ts.
  settings: { refunds_are_listed: true },
  webhooks: { timed: false }
}

await conformance(t, {
  ...shared,
  payments: {
    approved: card('APPROVED'),
    declined: [
      { method: card('REJECTED'), code: 'card_declined' },
      { method: card('INSUFFICIENT_FUNDS'), code: 'insufficient_funds' },
      { method: card('EXPIRED_CARD'), code: 'expired_card' },
      { method: card('INVALID_EXPIRATION_DATE_OR_SECURITY_CODE'), code: 'incorrect_cvc' },
      { method: card('INVALID_CARD'), code: 'invalid_card' },
      { method: card('CONTACT_THE_ENTITY'), code: 'authentication_required' },
      { method: card('ANTIFRAUD_REJECTED'), code: 'fraud_suspected' },
      { method: card('EXCEEDED_AMOUNT'), code: 'limit_exceeded' }
    ],
    more: { customer: ana },
    // A page is a signed form: PayU knows of none.
    made: () => 0,
    voucher: {
      method: { type: 'oxxo' },
      pay: ({ providerReference }, simulator) => at(simulator).pay(providerReference),
      expire: ({ providerReference }, simulator) => at(simulator).expire(providerReference)
    },
    transfer: { method: { type: 'spei' }, send: ({ providerReference }, _, simulator) => at(simulator).pay(providerReference), parts: false },
    checkout: { pay: ({ url }, simulator) => at(simulator).payPage(url!) },
    sendsNothing: ['create_checkout']
  }
})

/** PSE sends the payer to a bank, Efecty is paid in cash: in Colombia. */
const colombia: Harness = {
  ...shared,
  payments: {
    approved: card('APPROVED'),
    currencies: ['COP'],
    amount: { amount: 5_000_000, currency: 'COP' },
    declined: [],
    more: { customer: ana },
    made: () => 0,
    redirect: { method: { type: 'pse', details: { financial_institution_code: '1007', user_type: 'N', dni_type: 'CC' } }, complete: ({ providerReference }, simulator) => at(simulator).pay(providerReference) },
    voucher: {
      method: { type: 'efecty' },
      more: { amount: { amount: 5_000_000, currency: 'COP' } },
      pay: ({ providerReference }, simulator) => at(simulator).pay(providerReference),
      expire: ({ providerReference }, simulator) => at(simulator).expire(providerReference)
    }
  }
}

t.test('Colombia', async t => {
  const wanted = promisesOf(colombia).filter(({ promise, name }) => promise === 'vouchers' || /payer who is sent away|is refunded/.test(name))
  t.equal(wanted.length, 7)
  for (const { name, because, run } of wanted) {
    await run()
    t.pass(`${name}: ${because}`)
  }
})
