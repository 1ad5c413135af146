import type { DeliveryOrder } from '../../../core/adapter/simulator.ts'
import { eventBody } from './events.ts'
import { seeded } from './ids.ts'
import type { Timers } from './later.ts'
import type { EndpointRecord, EventRecord } from './objects.ts'
import { sign, webhookHeaders } from './signature.ts'
import type { Books } from './world.ts'

interface Delivery {
  books: Books
  event: EventRecord
  endpoint: string
  attempt: number
}

export interface DeliveryOptions {
  now: () => number
  timers: Timers
  retryBaseMs: number
  /** In place of the steps below, in bases: an endpoint that is down for a while, in a world that has no days. */
  retrySteps?: readonly number[] | undefined
  changed: () => void
}

/**
 * Sends events to their endpoints, beside the API and never in its way.
 * An answer other than 2xx (redirects too), or none in 20 s, is repeated: sandboxes three times over a few hours, live mode for up to three days, further and further apart.
 * Source: https://docs.stripe.com/webhooks#retries, read 2026-11; the steps between are ours.
 */
const retrySteps = { test: [1, 12, 36], live: [1, 6, 24, 60, 120, 144, 144, 144, 144, 144] }
const timeoutMs = 20_000
const together = 8
/** `settled` also waits for a repetition that is this near. */
const soonMs = 2_000

export class Deliveries {
  readonly #options: DeliveryOptions
  #order: 'now' | 'hold' | 'duplicate' | 'shuffle' = 'now'
  #seed = 1
  #held: Delivery[] = []
  #queue: Delivery[] = []
  /** After a shuffle the order matters, so one at a time. */
  #oneByOne = false
  #starting = false
  #underWay = 0
  readonly #retries = new Map<Delivery, { timer: unknown, soon: boolean }>()
  #waiting: (() => void)[] = []
  #closed = false
  readonly #abort = new AbortController()

  constructor (options: DeliveryOptions) {
    this.#options = options
  }

  add (books: Books, event: EventRecord, endpoint: string): void {
    const delivery = { books, event, endpoint, attempt: 0 }
    if (this.#order === 'hold' || this.#order === 'shuffle') this.#held.push(delivery)
    else this.#push(this.#order === 'duplicate' ? [delivery, { ...delivery }] : [delivery])
  }

  /** `shuffle` with something already held sends that in random order; with nothing held it holds until `release`. */
  order ({ how, seed = 1 }: DeliveryOrder): void {
    if (how === 'release') {
      const held = this.#held.splice(0)
      const shuffled = this.#order === 'shuffle'
      this.#order = 'now'
      this.#push(shuffled ? shuffle(held, this.#seed) : held, shuffled)
    } else if (how === 'shuffle' && this.#held.length > 0) {
      this.#order = 'now'
      this.#push(shuffle(this.#held.splice(0), seed), true)
    } else {
      this.#order = how
      this.#seed = seed
      if (how === 'now' || how === 'duplicate') this.#push(this.#held.splice(0).flatMap(each => how === 'duplicate' ? [each, { ...each }] : [each]))
    }
  }

  /** Resolves when nothing is due or under way; what is held, or to be repeated much later, is not due. */
  settled (): Promise<void> {
    return new Promise(resolve => {
      this.#waiting.push(resolve)
      this.#check()
    })
  }

  close (): void {
    this.#closed = true
    for (const { timer } of this.#retries.values()) this.#options.timers.clear(timer)
    this.#retries.clear()
    this.#queue = []
    this.#abort.abort()
    for (const resolve of this.#waiting.splice(0)) resolve()
  }

  #push (deliveries: Delivery[], oneByOne = false): void {
    if (this.#closed) return
    if (oneByOne) this.#oneByOne = true
    this.#queue.push(...deliveries)
    if (this.#starting) return
    this.#starting = true
    setImmediate(() => {
      this.#starting = false
      this.#start()
    })
  }

  #start (): void {
    while (this.#queue.length > 0 && this.#underWay < (this.#oneByOne ? 1 : together)) {
      const delivery = this.#queue.shift()!
      this.#underWay++
      const next = (): void => {
        this.#underWay--
        this.#start()
      }
      this.#deliver(delivery).then(next, next)
    }
    this.#check()
  }

  async #deliver (delivery: Delivery): Promise<void> {
    const { books, event } = delivery
    const endpoint = books.endpoints.get(delivery.endpoint)
    if (endpoint === undefined || endpoint.wire.status !== 'enabled') return this.#done(delivery)
    const body = eventBody(event, endpoint)
    const taken = await this.#post(endpoint, body)
    if (taken || this.#closed) return taken ? this.#done(delivery) : undefined
    const step = (this.#options.retrySteps ?? (books.livemode ? retrySteps.live : retrySteps.test))[delivery.attempt]
    if (step === undefined) return
    const ms = step * this.#options.retryBaseMs
    const timer = this.#options.timers.set(() => {
      this.#retries.delete(delivery)
      this.#push([{ ...delivery, attempt: delivery.attempt + 1 }])
    }, ms)
    this.#retries.set(delivery, { timer, soon: ms <= soonMs })
  }

  async #post (endpoint: EndpointRecord, body: string): Promise<boolean> {
    const seconds = this.#options.now()
    const secrets = [endpoint.secret, ...(endpoint.previous !== null && endpoint.previous.until > seconds ? [endpoint.previous.secret] : [])]
    try {
      const answer = await fetch(endpoint.wire.url, {
        method: 'POST',
        headers: webhookHeaders(sign(body, secrets, seconds)),
        body,
        redirect: 'manual',
        signal: AbortSignal.any([this.#abort.signal, AbortSignal.timeout(timeoutMs)])
      })
      await answer.arrayBuffer()
      return answer.ok
    } catch {
      return false
    }
  }

  #done ({ event, endpoint }: Delivery): void {
    if (!event.undelivered.includes(endpoint)) return
    event.undelivered = event.undelivered.filter(each => each !== endpoint)
    this.#options.changed()
  }

  #check (): void {
    if (this.#queue.length > 0 || this.#underWay > 0 || this.#starting) return
    this.#oneByOne = false
    for (const { soon } of this.#retries.values()) if (soon) return
    for (const resolve of this.#waiting.splice(0)) resolve()
  }
}

function shuffle<T> (items: T[], seed: number): T[] {
  const { random } = seeded(seed)
  const result = [...items]
  for (let i = result.length - 1; i > 0; i--) {
    const j = Math.floor(random() * (i + 1))
    ;[result[i], result[j]] = [result[j]!, result[i]!]
  }
  return result
}
