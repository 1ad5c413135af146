import { type ConnectionContext, type ConnectionTest, defineAdapter, ProviderError, type ReceivingAccount } from '../../core/adapter/index.ts'
import { manifest } from './config.ts'
import { bookOf, payments } from './payments.ts'

/** Nothing is asked of a bank: it says which accounts would receive. */
async function test (context: ConnectionContext): Promise<ConnectionTest> {
  const { bank_account: named } = context.settings
  const all = await bookOf(context).accounts()
  const accounts = typeof named === 'string' && named !== '' ? all.filter(({ id }) => id === named) : all
  const [first] = accounts
  if (first === undefined) {
    throw new ProviderError({ code: 'invalid_credentials', reached: 'answered', param: 'settings.bank_account', providerMessage: all.length === 0 ? 'there is no bank account yet: make one at /v1/bank_accounts' : 'the bank account that the connection names is not there' })
  }
  return {
    account: { id: first.id, country: first.country, name: first.beneficiary, currency: first.currency },
    mode: context.mode,
    evidence: accounts.map(account => ({ es: `Recibe ${account.currency}: ${account.bank}, ${ending(account, 'termina en')}, a nombre de ${account.beneficiary}.`, en: `Receives ${account.currency}: ${account.bank}, ${ending(account, 'ending in')}, in the name of ${account.beneficiary}.` }))
  }
}

function ending ({ clabe, iban, accountNumber = '' }: ReceivingAccount, words: string): string {
  return `${clabe !== undefined ? 'CLABE' : iban !== undefined ? 'IBAN' : ''} ${words} ${(clabe ?? iban ?? accountNumber).slice(-4)}`.trim()
}

/** Transfers to the tenant's own bank account: there is no provider behind it, but a book that bank statements are written into. See QUIRKS.md. */
export default defineAdapter({ manifest, detectMode: () => undefined, test, payments, webhooks: 'provider-has-none', scrub: transcript => transcript })
