import { createHash } from 'node:crypto'
import type { SimulatorDeliveries } from '../../../core/adapter/simulator-server.ts'

/** The books of PayU's twin. Orders are kept as the queries show them; what only PayU knows stands beside. */

export type Json = Record<string, any>

export interface Transaction extends Json {
  id: string
  type: string
  transactionResponse: Json
}

export interface Order extends Json {
  id: number
  accountId: number
  referenceCode: string
  status: string
  transactions: Transaction[]
}

export interface Account {
  merchantId: string
  apiLogin: string
  apiKey: string
  /** By country. */
  accounts: Record<string, string>
  orders: Order[]
  /** Form fields of confirmations, without their sign. */
  confirmations: Record<string, string>[]
  tokens: Record<string, { brand: string, name: string, last4: string }>
  ledger: Record<number, { charges: number, captures: number, refunds: number, cancellations: number }>
}

export interface World {
  accounts: Map<string, Account>
  /** Milliseconds. */
  now: () => number
  url: () => string
  uuid: () => string
  digits: (count: number) => string
  orderId: () => number
  /** Where confirmations go that no order names. */
  confirmationUrl: string | undefined
  digest: 'md5' | 'sha1' | 'sha256'
  /** Whether a refund under review is shown with its order. */
  showsRefunds: boolean
  deliveries: SimulatorDeliveries
  changed: () => void
}

export const countryOf: Record<string, { currencies: string[], twoStep: boolean, voids: boolean }> = {
  MX: { currencies: ['MXN', 'USD'], twoStep: true, voids: true },
  CO: { currencies: ['COP', 'USD'], twoStep: false, voids: false },
  AR: { currencies: ['ARS', 'USD'], twoStep: true, voids: true },
  BR: { currencies: ['BRL', 'USD'], twoStep: true, voids: true },
  CL: { currencies: ['CLP', 'USD'], twoStep: false, voids: true },
  PA: { currencies: ['USD'], twoStep: false, voids: false },
  PE: { currencies: ['PEN', 'USD'], twoStep: true, voids: true }
}

/** `code: ERROR`, with a sentence. */
export class Refusal extends Error {}

export const hash = (digest: 'md5' | 'sha1' | 'sha256', ...parts: string[]): string => createHash(digest).update(parts.join('~')).digest('hex')

/** A decimal in hundredths, exactly. */
export function hundredths (value: number | string): number {
  const [whole = '0', fraction = ''] = String(value).split('.')
  if (!/^\d{1,10}$/.test(whole) || !/^\d{0,2}$/.test(fraction)) throw new Refusal('The value of the amount is invalid')
  return Number(whole + fraction.padEnd(2, '0'))
}

/** With both decimals, as confirmations have it. */
export const twoDecimals = (cents: number): string => `${Math.floor(cents / 100)}.${String(cents % 100).padStart(2, '0')}`
