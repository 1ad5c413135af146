import type { ConnectionContext, NextAction } from '../../core/adapter/index.ts'
import type Stripe from 'stripe'
import { moneyOf } from './amounts.ts'
import { connectedAccount } from './http.ts'
import { iso } from './wire-parts.ts'

/** What a page needs to load Stripe.js for this connection. */
export interface StripeJs {
  publishableKey?: string
  /** The connected account, where the key is its platform's. */
  account?: string
}

export function stripeJsOf (context: ConnectionContext): StripeJs {
  return { publishableKey: context.credentials.publishable_key, account: connectedAccount(context) }
}

/** What the payer has to do. Source: the types PaymentIntent.NextAction and SetupIntent.NextAction of stripe 23.1.0. */
export function nextActionOf (intent: Stripe.PaymentIntent | Stripe.SetupIntent, js: StripeJs, url?: string): NextAction | undefined {
  const secret = intent.client_secret
  if (intent.status === 'requires_payment_method' || intent.status === 'requires_confirmation') return typeof secret === 'string' ? clientSecretOf(secret, js, url) : undefined
  const action = intent.next_action as Stripe.PaymentIntent.NextAction | null | undefined
  if (intent.status !== 'requires_action' || action === null || action === undefined) return undefined
  if (action.redirect_to_url?.url) return { type: 'redirect', url: action.redirect_to_url.url }
  if (action.verify_with_microdeposits?.hosted_verification_url) return { type: 'redirect', url: action.verify_with_microdeposits.hosted_verification_url }
  const oxxo = action.oxxo_display_details
  if (oxxo?.number) return { type: 'voucher', reference: oxxo.number, url: oxxo.hosted_voucher_url ?? undefined, expires_at: iso(oxxo.expires_after) ?? '' }
  const boleto = action.boleto_display_details
  if (boleto?.number) return { type: 'voucher', reference: boleto.number, url: boleto.hosted_voucher_url ?? undefined, expires_at: iso(boleto.expires_at) ?? '' }
  const pix = action.pix_display_qr_code
  if (pix?.data) return { type: 'qr', data: pix.data, image: pix.image_url_png ?? undefined, expires_at: iso(pix.expires_at) }
  const transfer = action.display_bank_transfer_instructions
  if (transfer !== undefined && intent.object === 'payment_intent') return bankTransferOf(transfer, intent.currency)
  const { publishableKey, account } = js
  return {
    type: 'sdk_challenge',
    data: {
      ...(typeof secret !== 'string' ? {} : { client_secret: secret }),
      ...(publishableKey === undefined ? {} : { publishable_key: publishableKey }),
      ...(account === undefined ? {} : { account }),
      ...(url === undefined ? {} : { url }),
      provider_type: action.type
    }
  }
}

export function clientSecretOf (secret: string, { publishableKey, account }: StripeJs, url?: string): NextAction {
  return {
    type: 'client_secret',
    client_secret: secret,
    publishable_key: publishableKey,
    ...(account === undefined ? {} : { account }),
    ...(url === undefined ? {} : { url })
  }
}

function bankTransferOf (transfer: Stripe.PaymentIntent.NextAction.DisplayBankTransferInstructions, currency: string): NextAction {
  const spei = transfer.financial_addresses?.find(address => address.spei !== undefined)?.spei
  return {
    type: 'bank_transfer',
    clabe: spei?.clabe,
    bank: spei?.bank_name,
    reference: transfer.reference ?? undefined,
    amount_remaining: transfer.amount_remaining === null ? undefined : moneyOf(transfer.amount_remaining, transfer.currency ?? currency).amount,
    url: transfer.hosted_instructions_url ?? undefined
  }
}
