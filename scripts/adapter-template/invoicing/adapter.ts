import { defineAdapter, type InvoicingFamily } from '../../../core/adapter/index.ts'
import { manifest } from './config.ts'
import { call, detectMode, notWritten, scrub } from '../shared/wire.ts'

/** A method that exists is the capability: write it, or delete it together with its line in `retry_safety`. */
const invoicing: InvoicingFamily = {
  // 'hub': it takes the document that the core built and sealed; 'provider': it takes the model and seals it itself.
  seals: 'hub',
  issue: async () => notWritten('issue'),
  get: async () => notWritten('get'),
  find: async () => notWritten('find'),
  cancel: async () => notWritten('cancel'),
  download: async () => notWritten('download'),
  status: async () => notWritten('status')
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
  invoicing,
  webhooks: 'provider-has-none',
  scrub
})
