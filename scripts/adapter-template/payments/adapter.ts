import { defineAdapter, type PaymentsFamily, type WebhookScheme } from '../../../core/adapter/index.ts'
import { manifest } from './config.ts'
import { call, detectMode, notWritten, scrub } from '../shared/wire.ts'

/** A method that exists is the capability: write it, or delete it together with its line in `retry_safety`. */
const payments: PaymentsFamily = {
  createPayment: async () => notWritten('createPayment'),
  getPayment: async () => notWritten('getPayment'),
  findPayment: async () => notWritten('findPayment'),
  confirmPayment: async () => notWritten('confirmPayment'),
  capture: async () => notWritten('capture'),
  cancel: async () => notWritten('cancel'),
  refund: async () => notWritten('refund'),
  getRefund: async () => notWritten('getRefund'),
  findRefund: async () => notWritten('findRefund'),
  listTransactions: async () => notWritten('listTransactions'),
  listPayments: async () => notWritten('listPayments')
  // Pages, links, customers, saved methods, plans, subscriptions and disputes: see PaymentsFamily.
}

const webhooks: WebhookScheme = {
  // Read its rules before writing it: constant time, every secret, fresh, and nothing passes by default.
  verify: () => ({ verdict: 'refused', reason: 'verify is not written yet' }),
  parse: () => []
}

/** Acme: say in one line what it is. What is uncertain is in QUIRKS.md. */
export default defineAdapter({
  manifest,
  detectMode,
  async test (context) {
    const account = await call(context, 'GET', '/v1/account') as { id: string }
    return {
      account: { id: account.id },
      mode: context.mode,
      evidence: [{ es: `Acme reconoció la cuenta ${account.id}.`, en: `Acme recognised the account ${account.id}.` }]
    }
  },
  payments,
  webhooks,
  scrub
})
