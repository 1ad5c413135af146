import type { Money } from './money.ts'

/** A bank account of the tenant's, to which payers send money. */
export interface ReceivingAccount {
  /** `ban_…` */
  id: string
  clabe?: string
  iban?: string
  accountNumber?: string
  bic?: string
  /** The bank's name. */
  bank: string
  beneficiary: string
  currency: string
  /** ISO 3166-1 alpha-2: whose law and whose days the account follows. */
  country: string
  /** IANA. */
  timeZone: string
}

export interface ExpectTransferInput {
  /** Our payment id. One transfer is expected for each attempt of it: asked for again, it is answered with the first. */
  reference: string
  attempt: number
  accountId: string
  amount: Money
  /** The payer's deadline. */
  expiresAt: Date
  /** Until when a statement may still tell of a transfer that was made in time. */
  closesAt: Date
}

/** A transfer that somebody was asked for. */
export interface ExpectedTransfer {
  id: string
  reference: string
  account: ReceivingAccount
  amount: Money
  /** Seven digits that the payer writes into the transfer: of no other open transfer of the account. */
  transferReference: string
  status: 'open' | 'paid' | 'canceled' | 'expired'
  /** The bank's own mark of the money (in Mexico the clave de rastreo), once it came. */
  transactionReference?: string
  expiresAt: Date
  closesAt: Date
  createdAt: Date
}

/**
 * What the hub lends to an adapter whose provider is the tenant's own bank (`own_bank` in its manifest): the tenant's accounts, and
 * the book of what is expected on them. Bank statements are written into the same book by the hub, so whoever asks it is told the truth.
 */
export interface TransferBook {
  /** Every account of this mode. */
  accounts: () => Promise<ReceivingAccount[]>
  /** The named account, or else the primary one of the currency. */
  account: (wanted: { id: string } | { currency: string }) => Promise<ReceivingAccount | undefined>
  expect: (input: ExpectTransferInput) => Promise<ExpectedTransfer>
  get: (id: string) => Promise<ExpectedTransfer | undefined>
  /** The newest one of a payment. */
  find: (reference: string) => Promise<ExpectedTransfer | undefined>
  /** Ends one that is open; what is paid stays paid. As it is then. */
  cancel: (id: string) => Promise<ExpectedTransfer | undefined>
}
