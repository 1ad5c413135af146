import type { FirstRun } from '../../core/demo/first-run.ts'
import { Api, type Answer, ask } from './api.ts'
import { expectStatus } from './expect.ts'
import type { Instance } from './instance.ts'

/** What a step leaves for the next ones. Reading what no step has made is a mistake in the order of the steps. */
export class Story {
  readonly instance: Instance
  readonly #kept = new Map<string, unknown>()

  constructor (instance: Instance) {
    this.instance = instance
  }

  keep<Name extends keyof Kept> (name: Name, value: Kept[Name]): Kept[Name] {
    this.#kept.set(name, value)
    return value
  }

  get<Name extends keyof Kept> (name: Name): Kept[Name] {
    if (!this.#kept.has(name)) throw new Error(`no step before has made ${name}`)
    return this.#kept.get(name) as Kept[Name]
  }

  /** With the key of the platform, for a tenant where one is named. */
  platform (tenant?: string): Api {
    const { url, platform_key: key } = this.get('firstRun')
    return new Api(url, key!, tenant)
  }

  /** A call to the controls of the simulated Stripe. */
  async simulator (path: string, body?: object): Promise<Answer> {
    const answer = await ask(`${this.get('stripe')}/_simulator/${path}`, body === undefined ? {} : { method: 'POST', headers: { 'content-type': 'application/json' }, body: JSON.stringify(body) })
    if (answer.status >= 300) expectStatus(`the simulator takes ${path}`, answer, 200)
    return answer
  }

  /** What happened at Stripe under one of our payments, whatever was answered. */
  async effects (payment: string): Promise<{ charges: number, captures: number, refunds: number, cancellations: number }> {
    return (await this.simulator(`effects?reference=${payment}`)).body
  }
}

export interface Kept {
  firstRun: FirstRun
  /** The shop whose story this is, with its own Stripe account. */
  shop: Api
  tenant: string
  connection: string
  /** Where its Stripe calls. */
  webhookUrl: string
  /** A payment of the shop that was captured in one go. */
  payment: string
  /** One that was authorised, captured in part and refunded in part. */
  captured: string
  /** Who has a card kept at the shop. */
  customer: string
  /** The shop’s fiscal identity. */
  issuer: string
  /** Of a sale whose buyer wants an invoice. */
  selfInvoice: { sale: string, url: string, expires_at: string }
  /** A global invoice, its document, and one of its sales. */
  global: { id: string, invoice: string, sale: string }
  /** Another tenant. */
  stranger: Api
  /** Origin of the simulated Stripe. */
  stripe: string
}

export interface Step {
  /** A sentence that is true when the step has run. */
  name: string
  /** Throws when it is not; answers what there is to see. */
  run: (story: Story) => Promise<string[]>
}

export function money (amount: number, currency: string): string {
  return `${(amount / 100).toFixed(2)} ${currency}`
}
