import { type ConnectionContext, endOfLocalDay, type ExpectedTransfer, type NextAction, type PaymentSnapshot, type PaymentsFamily, ProviderError, type ReceivingAccount, type TransferBook } from '../../core/adapter/index.ts'

/** Each word of the book in ours. */
const words = { open: 'awaiting_transfer', paid: 'credited', canceled: 'canceled', expired: 'expired' } as const

export const payments = {
  /** Asks the payer for a transfer. It is the only way there is, so a payment without a method is one too. */
  createPayment: async (context, input) => {
    if (input.method !== undefined && input.method.type !== 'bank_transfer') throw refusal('method.type', 'only bank_transfer is received')
    if (input.capture === 'manual') throw refusal('capture', 'what a bank has credited cannot be held')
    const book = bookOf(context)
    const account = await accountFor(context, book, input.amount.currency)
    const { expiresAt, closesAt } = deadlines(context, account, input.expiresAt)
    const transfer = await book.expect({ reference: input.reference, attempt: input.attempt, accountId: account.id, amount: input.amount, expiresAt, closesAt })
    if (transfer.amount.amount !== input.amount.amount || transfer.amount.currency !== input.amount.currency) {
      throw new ProviderError({ code: 'duplicate', reached: 'answered', providerMessage: 'this attempt was asked for with another amount' })
    }
    return told(context, transfer)
  },

  getPayment: async (context, providerReference) => told(context, await mustFind(context, providerReference)),

  findPayment: async (context, { reference }) => {
    const transfer = await bookOf(context).find(reference)
    return transfer && told(context, transfer)
  },

  cancel: async (context, { providerReference }) => {
    const transfer = await bookOf(context).cancel(providerReference)
    if (transfer === undefined) throw absent()
    if (transfer.status === 'paid') throw new ProviderError({ code: 'invalid_state', reached: 'answered', providerCode: words.paid, providerMessage: 'the transfer has arrived: give the money back from the bank' })
    return told(context, transfer)
  }
} satisfies PaymentsFamily

export function bookOf ({ book }: ConnectionContext): TransferBook {
  if (book === undefined) throw new ProviderError({ code: 'unsupported', reached: 'nowhere', providerMessage: 'this hub lends no book of transfers' })
  return book
}

/** The account that the connection names, or the primary one of the currency. */
export async function accountFor ({ settings }: ConnectionContext, book: TransferBook, currency: string): Promise<ReceivingAccount> {
  const named = settings.bank_account
  const account = await book.account(typeof named === 'string' && named !== '' ? { id: named } : { currency })
  if (account === undefined) throw refusal('currency', `no bank account of yours receives ${currency}: make one at /v1/bank_accounts`)
  if (account.currency !== currency) throw refusal('currency', `the connection’s bank account receives ${account.currency}, not ${currency}`)
  return account
}

/** A transfer's last day ends where the account is. Statements tell days, so a moment within a day is that whole day. */
export function deadlines ({ settings, now }: ConnectionContext, { timeZone }: ReceivingAccount, asked?: Date): { expiresAt: Date, closesAt: Date } {
  const days = (name: string, otherwise: number) => typeof settings[name] === 'number' ? settings[name] : otherwise
  const expiresAt = asked === undefined ? endOfLocalDay(now(), timeZone, days('expiry_days', 3)) : endOfLocalDay(asked, timeZone)
  return { expiresAt, closesAt: endOfLocalDay(expiresAt, timeZone, days('statement_days', 3)) }
}

async function mustFind (context: ConnectionContext, id: string): Promise<ExpectedTransfer> {
  const transfer = await bookOf(context).get(id)
  if (transfer === undefined) throw absent()
  return transfer
}

const absent = () => new ProviderError({ code: 'not_found', reached: 'answered' })
const refusal = (param: string, message: string) => new ProviderError({ code: 'unsupported', reached: 'nowhere', param, providerMessage: message })

function told ({ mode, now }: ConnectionContext, transfer: ExpectedTransfer): PaymentSnapshot {
  const { amount, reference, createdAt, transactionReference } = transfer
  // Whoever asks before the book was closed is told the same.
  const status = transfer.status === 'open' && now() > transfer.closesAt ? 'expired' : transfer.status
  const paid = status === 'paid'
  return {
    providerReference: transfer.id,
    reference,
    status: status === 'open' ? 'requires_action' : paid ? 'succeeded' : status,
    providerStatus: words[status],
    amount,
    amountCapturable: 0,
    amountCaptured: paid ? amount.amount : 0,
    mode,
    method: { type: 'bank_transfer' },
    createdAt,
    ...(transactionReference !== undefined && { transactionReference }),
    ...(status === 'open' && { nextAction: nextAction(transfer) })
  }
}

function nextAction ({ account, amount, transferReference, expiresAt }: ExpectedTransfer): NextAction {
  const { clabe, iban, accountNumber, bic, bank, beneficiary } = account
  const number = iban ?? accountNumber
  return {
    type: 'bank_transfer',
    ...(clabe !== undefined && { clabe }),
    ...(clabe === undefined && number !== undefined && { account: number }),
    ...(bic !== undefined && { bic }),
    bank,
    beneficiary,
    amount: amount.amount,
    currency: amount.currency,
    amount_remaining: amount.amount,
    reference: transferReference,
    expires_at: expiresAt.toISOString()
  }
}
