import { createHash, randomUUID, sign } from 'node:crypto'
import { crc32 } from 'node:zlib'
import type { SimulatedDelivery, SimulatorDeliveries } from '../../../core/adapter/simulator-server.ts'
import { signer } from './certificates.ts'

/** The books of PayPal's twin. Objects are kept as the wire shows them; what only PayPal knows stands beside. */

export type Json = Record<string, any>

export interface Ledger { charges: number, captures: number, refunds: number, cancellations: number }

export interface Account {
  clientId: string
  secret: string
  merchant: string
  tokens: Set<string>
  orders: Json[]
  /** By order: what was asked beside, and what happened. */
  ledger: Record<string, Ledger & { source: Json, expiresAt: number }>
  captures: Json[]
  authorizations: Json[]
  refunds: Json[]
  kept: Json[]
  /** Set-up tokens that were used, by customer. */
  used: string[]
  products: Json[]
  plans: Json[]
  subscriptions: Json[]
  disputes: Json[]
  report: Json[]
  events: Json[]
  webhooks: Json[]
  /** By path and PayPal-Request-Id. */
  answers: Record<string, { status: number, body: Json }>
}

export interface World {
  accounts: Map<string, Account>
  now: () => Date
  url: () => string
  /** Seventeen letters and digits, as PayPal's. */
  id: () => string
  deliveries: SimulatorDeliveries
  /** Whether Transaction Search is allowed. */
  reports: boolean
}

export const iso = (at: Date): string => `${at.toISOString().slice(0, 19)}Z`

/** The only message of each name, as the schemas error_400 to error_422 enumerate them. */
const messages: Record<string, string> = {
  INVALID_REQUEST: 'Request is not well-formed, syntactically incorrect, or violates schema.',
  AUTHENTICATION_FAILURE: 'Authentication failed due to missing authorization header, or invalid authentication credentials.',
  NOT_AUTHORIZED: 'Authorization failed due to insufficient permissions.',
  RESOURCE_NOT_FOUND: 'The specified resource does not exist.',
  UNSUPPORTED_MEDIA_TYPE: "The server does not support the request payload's media type.",
  UNPROCESSABLE_ENTITY: 'The requested action could not be performed, semantically incorrect, or failed business validation.'
}

/** PayPal's refusal. */
export class Refusal extends Error {
  readonly status: number
  readonly body: Json

  constructor (status: number, name: string, { issue, field, links }: { issue?: string, field?: string, links?: Json[] } = {}) {
    super(issue ?? name)
    this.status = status
    this.body = { name, message: messages[name], debug_id: 'f1d8c0dd7b7d4', ...(issue !== undefined && { details: [{ issue, description: `${issue}.`, ...(field !== undefined && { field, location: 'body' }) }] }), links: links ?? [{ href: `https://developer.paypal.com/docs/api/errors/#${name}`, rel: 'information_link', method: 'GET' }] }
  }
}

export const unprocessable = (issue: string, more: { field?: string, links?: Json[] } = {}) => new Refusal(422, 'UNPROCESSABLE_ENTITY', { issue, ...more })
export const invalid = (issue: string, field: string) => new Refusal(400, 'INVALID_REQUEST', { issue, field })
export const notFound = () => new Refusal(404, 'RESOURCE_NOT_FOUND', { issue: 'INVALID_RESOURCE_ID' })

/** Every object and every list names itself. */
export const linksTo = (world: World, path: string): Json[] => [{ href: world.url() + path, rel: 'self', method: 'GET' }]

export const find = (shelf: readonly Json[], id: string, name = 'id'): Json => {
  const found = shelf.find(item => item[name] === id)
  if (found === undefined) throw notFound()
  return found
}

// --- events ----------------------------------------------------------------------------------------------------------

export function tell (world: World, account: Account, type: string, resourceType: string, resource: Json): void {
  const event = { id: `WH-${world.id()}-${world.id()}`, event_version: '1.0', create_time: iso(world.now()), resource_type: resourceType, resource_version: '2.0', event_type: type, summary: type, resource: structuredClone(resource), links: [] }
  account.events.push(event)
  for (const webhook of account.webhooks) {
    if (!webhook.event_types.some(({ name }: Json) => name === type || name === '*')) continue
    world.deliveries.send(() => ({ url: webhook.url, ...signedWith(event, webhook.id, world.now()) }) as SimulatedDelivery)
  }
}

export const certificateName = '/v1/notifications/certs/CERT-360caa42-fca2a594-simulated'

/** Source: facts section 5.6. A transmission that is tried again keeps its id. */
export function signedWith (event: Json, webhookId: string, now: Date): { headers: Record<string, string>, body: Buffer } {
  const body = Buffer.from(JSON.stringify(event))
  const hex = createHash('sha256').update(`${String(event.id)} ${webhookId}`).digest('hex')
  const id = `${hex.slice(0, 8)}-${hex.slice(8, 12)}-${hex.slice(12, 16)}-${hex.slice(16, 20)}-${hex.slice(20, 32)}`
  const time = iso(now)
  return {
    headers: {
      'content-type': 'application/json', 'user-agent': 'PayPal/AUHD-214.0', 'correlation-id': randomUUID(),
      'paypal-transmission-id': id, 'paypal-transmission-time': time, 'paypal-auth-algo': 'SHA256withRSA', 'paypal-cert-url': `https://api.sandbox.paypal.com${certificateName}`,
      'paypal-transmission-sig': sign('sha256', Buffer.from(`${id}|${time}|${webhookId}|${crc32(body)}`), signer().privateKey).toString('base64')
    },
    body
  }
}

export const tellCapture = (world: World, account: Account, capture: Json): void =>
  tell(world, account, `PAYMENT.CAPTURE.${capture.status === 'PARTIALLY_REFUNDED' ? 'REFUNDED' : capture.status}`, 'capture', capture)

// --- money -----------------------------------------------------------------------------------------------------------

const whole = new Set(['JPY', 'HUF', 'TWD'])
const settled = new Set(['AUD', 'BRL', 'CAD', 'CHF', 'CZK', 'DKK', 'EUR', 'GBP', 'HKD', 'HUF', 'ILS', 'JPY', 'MXN', 'MYR', 'NOK', 'NZD', 'PHP', 'PLN', 'SEK', 'SGD', 'THB', 'TWD', 'USD'])

export const places = (currency: string): number => whole.has(currency) ? 0 : 2

/** In hundredths, or in ones where PayPal has no others; refused as PayPal refuses. */
export function units (amount: Json | undefined, field = '/amount/value'): number {
  if (typeof amount?.value !== 'string' || typeof amount.currency_code !== 'string') throw invalid('INVALID_PARAMETER_SYNTAX', field)
  if (!settled.has(amount.currency_code)) throw unprocessable('INVALID_CURRENCY_CODE', { field })
  const [, digits, decimals = ''] = /^(\d+)(?:\.(\d+))?$/.exec(amount.value) ?? []
  if (digits === undefined) throw invalid('INVALID_PARAMETER_SYNTAX', field)
  const most = places(amount.currency_code)
  if (decimals.length > most) throw unprocessable(most === 0 ? 'DECIMALS_NOT_SUPPORTED' : 'DECIMAL_PRECISION', { field })
  const value = Number(digits + decimals.padEnd(most, '0'))
  if (value === 0) throw unprocessable('CANNOT_BE_ZERO_OR_NEGATIVE', { field })
  return value
}

export function money (value: number, currency: string): Json {
  const most = places(currency)
  const digits = String(Math.abs(value)).padStart(most + 1, '0')
  return { currency_code: currency, value: (value < 0 ? '-' : '') + (most === 0 ? digits : `${digits.slice(0, -most)}.${digits.slice(-most)}`) }
}
