/**
 * Stripe's published test cards: number, token name and what they do.
 * Source: https://docs.stripe.com/testing and https://docs.stripe.com/payments/3d-secure/authentication-flow, read 2026-11.
 */
export interface TestCard {
  name: string
  number: string
  brand: string
  funding: 'credit' | 'debit' | 'prepaid'
  country: string
  /** Refused by the issuer, or by Radar. */
  decline?: Decline
  /** `attach`: already refused when saved to a customer. `charge`: saved, then refused when charged. */
  refusedAt?: 'attach' | 'charge'
  /** `always`; `until_set_up`: no longer off session once saved with authentication; `if_asked`: only when the request wants 3-D Secure. */
  authentication?: 'always' | 'until_set_up' | 'if_asked'
  /** What becomes of its refunds. */
  refund?: 'pending_then_succeeds' | 'succeeds_then_fails'
  /** A dispute, or an inquiry before one, follows the charge. */
  dispute?: 'fraudulent' | 'product_not_received' | 'inquiry'
  risk?: 'elevated' | 'highest'
  cvcFails?: true
}

export interface Decline {
  code: string
  declineCode?: string
  message: string
  param?: string
  advice?: 'try_again_later' | 'do_not_try_again' | 'confirm_card_data'
  network?: string
  blocked?: true
}

const declined = 'Your card was declined.'

export const declines = {
  generic: { code: 'card_declined', declineCode: 'generic_decline', message: declined, advice: 'try_again_later', network: '05' },
  insufficientFunds: { code: 'card_declined', declineCode: 'insufficient_funds', message: 'Your card has insufficient funds.', advice: 'try_again_later', network: '51' },
  lostCard: { code: 'card_declined', declineCode: 'lost_card', message: declined, advice: 'do_not_try_again', network: '41' },
  stolenCard: { code: 'card_declined', declineCode: 'stolen_card', message: declined, advice: 'do_not_try_again', network: '43' },
  expiredCard: { code: 'expired_card', message: 'Your card has expired.', param: 'exp_month', advice: 'confirm_card_data', network: '54' },
  incorrectCvc: { code: 'incorrect_cvc', message: "Your card's security code is incorrect.", param: 'cvc', advice: 'confirm_card_data', network: 'N7' },
  processingError: { code: 'processing_error', message: 'An error occurred while processing your card. Try again in a little bit.', advice: 'try_again_later', network: '96' },
  velocity: {
    code: 'card_declined',
    declineCode: 'card_velocity_exceeded',
    message: 'Your card was declined for making repeated attempts too frequently or exceeding its amount limit.',
    advice: 'try_again_later',
    network: '65'
  },
  fraudulent: { code: 'card_declined', declineCode: 'fraudulent', message: declined, network: '59' },
  radarBlock: { code: 'card_declined', declineCode: 'fraudulent', message: declined, blocked: true },
  authenticationRequired: {
    code: 'authentication_required',
    declineCode: 'authentication_required',
    message: 'Your card was declined. This transaction requires authentication.',
    network: '1A'
  },
  authenticationNotHandled: { code: 'authentication_required', declineCode: 'authentication_not_handled', message: 'This payment required an authentication action to complete, but `error_on_requires_action` was set. When you\'re ready, you can upgrade your integration to handle actions at https://stripe.com/docs/payments/payment-intents/upgrade-to-handle-actions.' },
  testCardInLiveMode: {
    code: 'card_declined',
    declineCode: 'live_mode_test_card',
    message: 'Your card was declined. Your request was in live mode, but used a known test card. For a list of valid test cards, visit: https://stripe.com/docs/testing.'
  }
} satisfies Record<string, Decline>

const cards: TestCard[] = [
  card('visa', '4242424242424242'),
  card('visa_debit', '4000056655665556', { funding: 'debit' }),
  card('us', '4242424242424242'),
  card('mastercard', '5555555555554444', { brand: 'mastercard' }),
  card('mastercard_debit', '5200828282828210', { brand: 'mastercard', funding: 'debit' }),
  card('mastercard_prepaid', '5105105105105100', { brand: 'mastercard', funding: 'prepaid' }),
  card('amex', '378282246310005', { brand: 'amex' }),
  card('amex_threeDSecureNotSupported', '378282246310005', { brand: 'amex' }),
  card('discover', '6011111111111117', { brand: 'discover' }),
  card('diners', '3056930009020004', { brand: 'diners' }),
  card('jcb', '3566002020360505', { brand: 'jcb' }),
  card('unionpay', '6200000000000005', { brand: 'unionpay' }),
  ...countries('mx:4000004840008001 br:4000000760000002 co:4000001700000003 ec:4000002180000000 es:4000007240000007 ar:4000000320000021 cl:4000001520000001 ' +
    'pe:4000006040000068 ca:4000001240000000 cr:4000001880000005 pa:4000005910000000 py:4000006000000066 uy:4000008580000003'),

  card('bypassPending', '4000000000000077'),
  card('chargeDeclined', '4000000000000002', { decline: declines.generic, refusedAt: 'attach' }),
  card('chargeDeclinedInsufficientFunds', '4000000000009995', { decline: declines.insufficientFunds, refusedAt: 'attach' }),
  card('chargeDeclinedLostCard', '4000000000009987', { decline: declines.lostCard, refusedAt: 'attach' }),
  card('chargeDeclinedStolenCard', '4000000000009979', { decline: declines.stolenCard, refusedAt: 'attach' }),
  card('chargeDeclinedExpiredCard', '4000000000000069', { decline: declines.expiredCard, refusedAt: 'attach' }),
  card('chargeDeclinedIncorrectCvc', '4000000000000127', { decline: declines.incorrectCvc, refusedAt: 'attach' }),
  card('chargeDeclinedProcessingError', '4000000000000119', { decline: declines.processingError, refusedAt: 'attach' }),
  card('chargeDeclinedVelocityLimitExceeded', '4000000000006975', { decline: declines.velocity, refusedAt: 'attach' }),
  card('chargeCustomerFail', '4000000000000341', { decline: declines.generic, refusedAt: 'charge' }),

  card('radarBlock', '4100000000000019', { decline: declines.radarBlock, refusedAt: 'charge', risk: 'highest' }),
  card('chargeDeclinedFraudulent', '4100000000000019', { decline: declines.fraudulent, refusedAt: 'attach' }),
  card('riskLevelHighest', '4000000000004954', { risk: 'highest' }),
  card('riskLevelElevated', '4000000000009235', { risk: 'elevated' }),
  card('cvcCheckFail', '4000000000000101', { cvcFails: true }),
  card('avsFail', '4000000000000010'),
  card('avsLine1Fail', '4000000000000028'),
  card('avsZipFail', '4000000000000036'),
  card('avsUnchecked', '4000000000000044'),

  card('authenticationRequiredOnSetup', '4000002500003155', { authentication: 'until_set_up' }),
  card('authenticationRequired', '4000002760003184', { authentication: 'always' }),
  card('authenticationRequiredSetupForOffSession', '4000003800000446', { authentication: 'until_set_up' }),
  card('authenticationRequiredChargeDeclinedInsufficientFunds', '4000008260003178', { authentication: 'always', decline: declines.insufficientFunds, refusedAt: 'charge' }),
  card('threeDSecure2Required', '4000000000003220', { authentication: 'always' }),
  card('threeDSecureRequired', '4000000000003063', { authentication: 'always' }),
  card('threeDSecureRequiredChargeDeclined', '4000008400001629', { authentication: 'always', decline: declines.generic, refusedAt: 'charge' }),
  card('threeDSecureRequiredProcessingError', '4000008400001280', { decline: declines.processingError, refusedAt: 'charge' }),
  card('threeDSecureOptional', '4000000000003055', { authentication: 'if_asked' }),

  card('createDispute', '4000000000000259', { dispute: 'fraudulent' }),
  card('createDisputeProductNotReceived', '4000000000002685', { dispute: 'product_not_received' }),
  card('createDisputeInquiry', '4000000000001976', { dispute: 'inquiry' }),
  card('createIssuerFraudRecord', '4000000000005423'),

  card('pendingRefund', '4000000000007726', { refund: 'pending_then_succeeds' }),
  card('refundFail', '4000000000005126', { refund: 'succeeds_then_fails' })
]

const byName = new Map(cards.map(each => [each.name, each]))
const byNumber = new Map(cards.toReversed().map(each => [each.number, each]))

/** `pm_card_…` or `tok_…`, with or without the `visa_` that some of the published names carry. */
export function cardByToken (token: string): TestCard | undefined {
  const name = token.startsWith('pm_card_') ? token.slice(8) : token.startsWith('tok_') ? token.slice(4) : undefined
  return name === undefined ? undefined : byName.get(name) ?? byName.get(name.replace(/^visa_(debit_)?/, ''))
}

export function cardByNumber (number: string): TestCard | undefined {
  return byNumber.get(number)
}

function card (name: string, number: string, more: Partial<TestCard> = {}): TestCard {
  return { name, number, brand: 'visa', funding: 'credit', country: 'US', ...more }
}

function countries (list: string): TestCard[] {
  return list.split(' ').map(each => {
    const [name, number] = each.split(':') as [string, string]
    return card(name, number, { country: name.toUpperCase() })
  })
}
