import { type Account, Refusal, type World } from './world.ts'

/** What a card's bank says to a charge of it. `suffix` is the end of Conekta's code; `failure` is what the charge keeps. */
export type Verdict = { says: 'yes' } | { says: 'ask' } | { says: 'no', code: string, failure: string, message: string }

export interface Card {
  brand: string
  last4: string
  account_type: string
  verdict: Verdict
}

const no = (code: string, failure: string, message = 'The card was declined.'): Verdict => ({ says: 'no', code: `processing.${code}`, failure, message })
const yes: Verdict = { says: 'yes' }

/**
 * Conekta's own test tokens (`tok_test_visa_4242` …, its test kit) and, for what the kit has no token for, names of ours: `expired_card`,
 * `cvc`, `limit`, `timeout`, `3ds`, `3ds_failed`, `failing` are this simulator's own.
 */
const cards: Record<string, Card> = {
  visa_4242: { brand: 'visa', last4: '4242', account_type: 'Credit', verdict: yes },
  visa_1881: { brand: 'visa', last4: '1881', account_type: 'Debit', verdict: yes },
  mastercard_4444: { brand: 'mastercard', last4: '4444', account_type: 'Credit', verdict: yes },
  mastercard_5100: { brand: 'mastercard', last4: '5100', account_type: 'Debit', verdict: yes },
  amex_0005: { brand: 'american_express', last4: '0005', account_type: 'Credit', verdict: yes },
  card_declined: { brand: 'visa', last4: '0002', account_type: 'Credit', verdict: no('bank.declined', 'card_declined') },
  insufficient_funds: { brand: 'visa', last4: '0127', account_type: 'Debit', verdict: no('bank.insufficient_funds', 'insufficient_funds', 'The card has insufficient funds.') },
  stolen_card: { brand: 'visa', last4: '9979', account_type: 'Credit', verdict: no('charge.card_payment.suspicious_behaviour', 'suspected_fraud', 'The charge was declined.') },
  expired_card: { brand: 'visa', last4: '0069', account_type: 'Credit', verdict: no('bank.expired_card', 'expired_card') },
  cvc: { brand: 'visa', last4: '0101', account_type: 'Credit', verdict: no('bank.invalid_card_security_code', 'invalid_card_security_code') },
  limit: { brand: 'visa', last4: '0119', account_type: 'Credit', verdict: no('bank.amount_over_limit', 'amount_over_limit') },
  timeout: { brand: 'visa', last4: '0259', account_type: 'Credit', verdict: no('bank.timeout', 'timeout') },
  '3ds': { brand: 'visa', last4: '3155', account_type: 'Credit', verdict: { says: 'ask' } },
  failing: { brand: 'visa', last4: '0341', account_type: 'Credit', verdict: no('bank.declined', 'card_declined') }
}

/** By number, as the browser's form sends it; the test kit's own numbers. */
const numbers: Record<string, string> = {
  4242424242424242: 'visa_4242', 4012888888881881: 'visa_1881', 5555555555554444: 'mastercard_4444', 5105105105105100: 'mastercard_5100', 378282246310005: 'amex_0005',
  4000000000000002: 'card_declined', 4000000000000127: 'insufficient_funds', 4000000000009979: 'stolen_card'
}

export function cardNamed (name: string): Card {
  return cards[name]!
}

/** A token is good for one use; the test tokens for any number. */
export function takeToken (account: Account, token: string): string {
  const name = /^tok_test_(\w+)$/.exec(token)?.[1]
  if (name !== undefined && Object.hasOwn(cards, name)) {
    if (account.livemode) throw new Refusal(422, 'parameter_validation.payment_method.token_id.incorrect_livemode_of_token', 'The token is of another mode.', { param: 'token_id' })
    return name
  }
  const known = account.tokens[token]
  if (known === undefined) throw new Refusal(422, 'parameter_validation.payment_method.token_id.nonexistent_token', 'The token does not exist.', { param: 'token_id' })
  if (known.used) throw new Refusal(422, 'processing.tokenization.used', 'The token has already been used.', { param: 'token_id' })
  known.used = true
  return known.card
}

/** What the browser's form does, or a form that is to be opened. */
export function makeToken (world: World, account: Account, card: { number?: unknown } | null | undefined): string {
  const id = world.id('tok_')
  if (card === null || card === undefined) {
    account.tokens[id] = { card: 'visa_4242', used: false }
    return id
  }
  const name = numbers[String(card.number).replaceAll(' ', '')]
  if (name === undefined) throw new Refusal(422, 'parameter_validation.card.number', 'The card number is invalid.', { param: 'card[number]' })
  account.tokens[id] = { card: name, used: false }
  return id
}
