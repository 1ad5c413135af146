import { timeFor } from './agenda.ts'
import { emit } from './events.ts'
import { digits } from './ids.ts'
import type { CashRecord, CashTransaction, TransferInstructions } from './objects.ts'
import type { Books, Call } from './world.ts'

/** A customer's cash balance and the account number that fills it. Source: https://docs.stripe.com/payments/customer-balance, read 2026-11. */
const bank = { code: '002', name: 'BANAMEX' }
const bankAddress = { city: 'Ciudad de México', country: 'MX', line1: 'Isabel la Católica 44', line2: null, postal_code: '06000', state: 'CDMX' }

/** The same number for all payments of a customer. */
export function cashOf (call: Call, customer: string): CashRecord {
  const { world, books } = call
  const known = books.cash.get(customer)
  if (known !== undefined) return known
  const number = `${bank.code}180${digits(world.id, 11)}`
  return books.cash.add({ id: customer, created: world.now(), clabe: number + checkDigit(number), reference: digits(world.id, 7), available: {}, mode: 'automatic', chosen: false })
}

/** Weights 3, 7, 1 over 17 digits. Source: payments.md 8. */
export function checkDigit (number: string): number {
  const sum = [...number].reduce((total, each, i) => total + Number(each) * [3, 7, 1][i % 3]! % 10, 0)
  return (10 - sum % 10) % 10
}

export function financialAddresses (cash: CashRecord): object[] {
  return [{
    spei: { account_holder_address: bankAddress, account_holder_name: 'Simulated shop', bank_address: bankAddress, bank_code: bank.code, bank_name: bank.name, clabe: cash.clabe },
    supported_networks: ['spei'],
    type: 'spei'
  }]
}

export function instructionsFor (cash: CashRecord, remaining: number, currency: string, page: string): TransferInstructions {
  return { amount_remaining: remaining, currency, financial_addresses: financialAddresses(cash), hosted_instructions_url: page, reference: cash.reference, type: 'mx_bank_transfer' }
}

/** Money comes into the balance, or leaves it. */
export function move (call: Call, cash: CashRecord, type: CashTransaction['type'], net: number, currency: string, details: object): CashTransaction {
  const { world, books } = call
  const balance = (cash.available[currency] ?? 0) + net
  cash.available = { ...cash.available, [currency]: balance }
  const entry = books.cashTransactions.add({
    id: world.id('ccsbtxn_1'),
    object: 'customer_cash_balance_transaction',
    created: timeFor(call, cash.id),
    currency,
    customer: cash.id,
    customer_account: null,
    ending_balance: balance,
    livemode: books.livemode,
    net_amount: net,
    type,
    [type]: details
  })
  emit(call, 'customer_cash_balance_transaction.created', { ...entry })
  return entry
}

export function cashView ({ livemode }: Books, cash: CashRecord): object {
  return {
    object: 'cash_balance',
    available: Object.keys(cash.available).length === 0 ? null : cash.available,
    customer: cash.id,
    customer_account: null,
    livemode,
    settings: { reconciliation_mode: cash.mode, using_merchant_default: !cash.chosen }
  }
}
