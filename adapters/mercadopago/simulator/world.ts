import type { SimulatorDeliveries } from '../../../core/adapter/simulator-server.ts'
import type { Grant } from './oauth.ts'

/** The books of Mercado Pago's twin. Objects are kept as the wire shows them; what only Mercado Pago knows stands beside. */

export type Json = Record<string, any>

export interface Ledger { charges: number, captures: number, refunds: number, cancellations: number, asked: number }

export interface Account {
  token: string
  id: number
  site: string
  /** The production token of a test user: `live_mode` is true, and no money is. */
  testUser: boolean
  payments: Json[]
  preferences: Json[]
  customers: Json[]
  plans: Json[]
  subscriptions: Json[]
  invoices: Json[]
  chargebacks: Json[]
  notices: Notice[]
  /** Addresses that were written into the panel. */
  hooks: string[]
  /** By card token: the card behind it, whether it was used, and the saved card that it was made of. */
  tokens: Record<string, { card: string, used: boolean, saved?: string }>
  /** By saved card: the card behind it. */
  cards: Record<string, string>
  /** Which of the simulator's own tokens were kept for which customer. */
  kept: string[]
  /** By idempotency key: what was asked, and the answer. */
  keys: Record<string, { asked: string, answer: Json }>
  ledger: Record<string, Ledger>
  /** What its owner allowed applications. */
  grants?: Grant[]
  /** Settlement reports that were asked for. */
  reports?: Json[]
  /** Money that was taken out, in the panel. */
  withdrawals?: Json[]
}

export interface Notice {
  id: number
  type: string
  dataId: string
  body: Json
}

export interface World {
  accounts: Map<string, Account>
  now: () => Date
  url: () => string
  /** So many digits, the first not zero. */
  digits: (count: number) => number
  hex: (count: number) => string
  /** How long a report takes. */
  reportMs: number
  deliveries: SimulatorDeliveries
  /** Of the applications that an account let in. */
  appHooks: (account: Account) => { url: string, secret: string }[]
  changed: () => void
}

export const sites: Record<string, { country: string, currency: string, methods: Record<string, string> }> = {
  MLM: { country: 'MX', currency: 'MXN', methods: { oxxo: 'ticket', paycash: 'ticket', bancomer: 'atm', banamex: 'atm', clabe: 'bank_transfer' } },
  MLB: { country: 'BR', currency: 'BRL', methods: { pix: 'bank_transfer', bolbradesco: 'ticket' } },
  MCO: { country: 'CO', currency: 'COP', methods: { pse: 'bank_transfer', efecty: 'ticket' } },
  MLC: { country: 'CL', currency: 'CLP', methods: {} },
  MLA: { country: 'AR', currency: 'ARS', methods: {} },
  MPE: { country: 'PE', currency: 'PEN', methods: {} },
  MLU: { country: 'UY', currency: 'UYU', methods: {} }
}

export function newAccount (world: World, token: string, site: string, testUser = false): Account {
  return {
    token, id: Number(/-(\d+)$/.exec(token)?.[1] ?? world.digits(9)), site, testUser, payments: [], preferences: [], customers: [], plans: [], subscriptions: [], invoices: [], chargebacks: [], notices: [], hooks: [],
    tokens: {}, cards: {}, kept: [], keys: {}, ledger: {}
  }
}

export const liveMode = ({ token }: Account): boolean => !token.startsWith('TEST-')

/** `2026-01-15T10:30:00.000-04:00`: its own clock's offset, not UTC. */
export function at (time: Date): string {
  return new Date(time.getTime() - 4 * 3_600_000).toISOString().replace('Z', '-04:00')
}

/** The refusal, as schema Error has it. */
export class Refusal extends Error {
  readonly status: number
  readonly body: Json

  constructor (status: number, message: string, code?: number | string) {
    super(message)
    this.status = status
    this.body = { message, error: words[status] ?? 'bad_request', status, cause: code === undefined ? [] : [{ code, description: message, data: null }] }
  }
}

const words: Record<number, string> = { 401: 'unauthorized', 403: 'forbidden', 404: 'not_found', 409: 'conflict', 429: 'too_many_requests' }

export const bad = (message: string, code?: number | string) => new Refusal(400, message, code)
export const notFound = (what = 'Resource', code?: number) => new Refusal(404, `${what} not found`, code)

/** To the hundredth, as their books keep it. */
export const cents = (amount: number): number => Math.round(amount * 100) / 100
