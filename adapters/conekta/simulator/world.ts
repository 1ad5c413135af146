import { generateKeyPairSync } from 'node:crypto'
import type { SimulatorDeliveries } from '../../../core/adapter/simulator-server.ts'

/** The books of Conekta's twin. Objects are kept as the wire shows them; what only Conekta knows stands beside. */

export type Json = Record<string, any>

export interface Order extends Json {
  id: string
  amount: number
  currency: string
  payment_status: string | null
  metadata: Json
  charges: { data: Charge[] } & Json
}

export interface Charge extends Json {
  id: string
  status: string
  amount: number
}

export interface Account {
  key: string
  company: string
  livemode: boolean
  orders: Order[]
  customers: Json[]
  plans: Json[]
  subscriptions: Json[]
  checkouts: Json[]
  transactions: Json[]
  events: Json[]
  webhooks: Json[]
  webhookKeys: Json[]
  /** By token: the card behind it, and whether it was used. */
  tokens: Record<string, { card: string, used: boolean }>
  /** By source: the card behind it. */
  sources: Record<string, string>
  /** Which test tokens became a source of which customer. */
  kept: string[]
  /** By checkout of a link: what its orders are made of. */
  templates: Record<string, Json>
  /** By order: whether it was asked to be held, by whom it is, and what happened to it. */
  ledger: Record<string, { preAuthorize: boolean, charges: number, captures: number, captured: number, refunds: number, cancellations: number, waits?: string }>
}

export interface World {
  accounts: Map<string, Account>
  /** Seconds. */
  now: () => number
  url: () => string
  /** Ids as Conekta's look: `ord_2xayxSvfWzQ2TLz7r`. */
  id: (prefix: string) => string
  /** 24 hexadecimal digits, as charges, refunds and events have. */
  hex: () => string
  digits: (count: number) => string
  deliveries: SimulatorDeliveries
  changed: () => void
}

export function newAccount (world: World, key: string, livemode: boolean): Account {
  return {
    key, company: world.hex(), livemode, orders: [], customers: [], plans: [], subscriptions: [], checkouts: [], transactions: [], events: [], webhooks: [], webhookKeys: [],
    tokens: {}, sources: {}, kept: [], templates: {}, ledger: {}
  }
}

/** Conekta's refusal, as schema `error` has it. */
export class Refusal extends Error {
  readonly status: number
  readonly body: Json

  constructor (status: number, code: string, message: string, { param, data }: { param?: string, data?: Json } = {}) {
    super(code)
    this.status = status
    this.body = {
      details: [{ debug_message: message, message, code: `conekta.errors.${code}`, ...(param !== undefined && { param }) }],
      log_id: '641b6f2b3cd9a50001515098',
      object: 'error',
      type: types[status] ?? 'api_error',
      ...(data !== undefined && { data })
    }
  }
}

const types: Record<number, string> = { 401: 'authentication_error', 402: 'processing_error', 403: 'authentication_error', 404: 'resource_not_found_error', 422: 'parameter_validation_error', 428: 'precondition_required_error' }

export const invalid = (param: string, what: string, message = `The parameter "${param}" is ${what}.`) => new Refusal(422, `parameter_validation.${param.replaceAll(/\[\d+\]/g, '')}.${what}`, message, { param })
export const missing = (param: string) => invalid(param, 'missing')
export const notFound = () => new Refusal(404, 'resource_not_found.entity', 'The requested resource could not be found.')
export const hasCharge = () => new Refusal(428, 'precondition_required.combo.order.cannot_be_updated_because_has_charge', 'The order cannot be modified because it has already a charge')

/** The key that signs an account's events. Making one takes a while, so a process makes three and accounts share them. */
const pool: { privateKey: string, publicKey: string }[] = []
let handedOut = 0

export function signingKey (): { privateKey: string, publicKey: string } {
  const index = handedOut++ % 3
  const pair = pool[index] ?? generateKeyPairSync('rsa', { modulusLength: 2048, publicKeyEncoding: { type: 'spki', format: 'pem' }, privateKeyEncoding: { type: 'pkcs8', format: 'pem' } })
  pool[index] = pair
  return pair
}
