import { createHash } from 'node:crypto'
import type { SimulatorDeliveries } from '../../../core/adapter/simulator-server.ts'

/** The books of Wompi's twin. Objects are kept as the wire shows them; what only Wompi knows stands beside. */

export type Json = Record<string, any>

export interface Transaction extends Json {
  id: string
  reference: string
  status: string
  amount_in_cents: number
}

export interface Account {
  id: number
  mode: 'test' | 'prod'
  publicKey: string
  privateKey: string
  integrity: string
  events: string
  transactions: Transaction[]
  links: Json[]
  sources: Json[]
  /** Of the browser's form: what is behind a token, and how often it was used. */
  tokens: Record<string, { card: string, used: number }>
  /** By transaction: what its bank will say when the payer acts, and what happened to it. */
  ledger: Record<string, { says: Says, charges: number, voids: number }>
  /** What was told: one body for each event. */
  told: Json[]
  acceptances: string[]
  eventsUrl?: string
}

/** How a method's bank ends. */
export interface Says { status: 'APPROVED' | 'DECLINED' | 'ERROR', message?: string, code?: string }

export interface World {
  accounts: Map<string, Account>
  now: () => Date
  url: () => string
  serial: () => number
  hex: (length: number) => string
  deliveries: SimulatorDeliveries
  changed: () => void
}

export class Refusal extends Error {
  readonly status: number
  readonly body: Json

  constructor (status: number, type: string, said: string | Record<string, string[]>) {
    super(type)
    this.status = status
    this.body = { error: { type, ...(typeof said === 'string' ? { reason: said } : { messages: said }) } }
  }
}

export const invalid = (messages: Record<string, string[]>): Refusal => new Refusal(422, 'INPUT_VALIDATION_ERROR', messages)
export const notFound = (): Refusal => new Refusal(404, 'NOT_FOUND_ERROR', 'La entidad solicitada no existe')
export const sha256 = (text: string): string => createHash('sha256').update(text).digest('hex')
