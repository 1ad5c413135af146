import type { SimulatorDeliveries } from '../../../core/adapter/simulator-server.ts'

/** The books of Kushki's twin. */

export type Json = Record<string, any>

/** A transaction as the list shows it. */
export interface Row extends Json {
  ticket_number: string
  transaction_type: string
  transaction_status: string
  transaction_reference: string
  created: number
}

export interface Account {
  publicId: string
  privateId: string
  secret: string
  merchant: string
  mode: 'test' | 'live'
  rows: Row[]
  /** Of the browser's forms: what is behind a token, until it is used. */
  tokens: Record<string, { card: string, used: boolean }>
  cards: KeptCard[]
  cash: Record<string, Json>
  transfers: Record<string, Json>
  told: { at: number, body: Json }[]
  hookUrl?: string
}

/** What is kept of a card: as the wire shows it, and beside it what only Kushki knows. */
export interface KeptCard {
  shown: Json & { subscriptionId: string }
  card: string
  /** When its schedule charges next. */
  nextAt: number | undefined
}

export interface World {
  accounts: Map<string, Account>
  now: () => Date
  url: () => string
  serial: () => number
  hex: (length: number) => string
  ticket: () => string
  deliveries: SimulatorDeliveries
  changed: () => void
}

export class Refusal extends Error {
  readonly status: number
  readonly body: Json

  constructor (status: number, code: string, message: string, more: Json = {}) {
    super(code)
    this.status = status
    this.body = { code, message, ...more }
  }
}

export const badBody = (why: string): Refusal => new Refusal(400, 'K001', `Cuerpo de la petición inválido: ${why}`)
export const noTicket = (): Refusal => new Refusal(400, 'K010', 'El número de ticket no es válido')
