/** A partner's client, as it should be: it repeats each request with its key until it is answered, whoever dies meanwhile. */
import { type Answer, askAt, type Method } from './app.ts'
import { eventually } from './eventually.ts'

/** What was answered in the end. */
export interface Told {
  /** Of the story that asked. */
  name: string
  key: string
  path: string
  body: object
  answer: Answer
}

export interface Partner {
  /** Repeats a POST with its key until it is answered. */
  tell: (name: string, idempotencyKey: string, path: string, body: object) => Promise<Answer>
  /** One request; undefined when it was cut, or nobody was there. */
  attempt: (method: Method, path: string, asked?: object) => Promise<Answer | undefined>
  /** Reads until it is there and `enough` is content with it. */
  until: (path: string, what: string, enough: (body: any) => boolean) => Promise<any>
  /** The payment, once it is known how it stands. */
  known: (id: string) => Promise<any>
  /** All that was answered to `tell`. */
  told: Told[]
  /** Requests sent, and how many of them got no answer. */
  sent: () => number
  cut: () => number
}

export interface PartnerOptions {
  /** Its API key. */
  key: string
  /** Who serves. Waits for it when one is just starting. */
  url: () => Promise<string> | string
  /** Called at each request that is about to leave; `left` when it is over. */
  onSend?: (url: string) => void
  onEnd?: (url: string) => void
  /** How long one answer may take in all, ms. */
  withinMs?: number
}

/** The first run of the same request, or of another on the same thing, is under way or has no known end: the same may come again. */
const notYet = ['idempotency_in_progress', 'operation_in_progress', 'outcome_unknown']

export function createPartner ({ key, url, onSend = () => {}, onEnd = () => {}, withinMs = 40_000 }: PartnerOptions): Partner {
  const told: Told[] = []
  let sent = 0
  let cut = 0
  const patience = { withinMs, everyMs: 50 }

  const attempt: Partner['attempt'] = async (method, path, asked = {}) => {
    const at = await url()
    try {
      sent++
      onSend(at)
      return await askAt(at, method, path, { key, ...asked })
    } catch {
      cut++
      return undefined
    } finally {
      onEnd(at)
    }
  }
  const until: Partner['until'] = async (path, what, enough) => await eventually(what, async () => {
    const answer = await attempt('GET', path)
    return answer?.status === 200 && enough(answer.body) && answer.body
  }, { ...patience, everyMs: 60 })

  return {
    told,
    attempt,
    until,
    sent: () => sent,
    cut: () => cut,
    known: async id => await until(`/v1/payments/${id}`, `the outcome of ${id} is known`, ({ status }) => status !== 'unknown'),
    tell: async (name, idempotencyKey, path, body) => {
      const { answer } = await eventually(`${name} is answered`, async () => {
        const answer = await attempt('POST', path, { body, idempotencyKey })
        return answer === undefined || answer.status === 503 || notYet.includes(answer.body?.code) ? undefined : { answer }
      }, patience)
      told.push({ name, key: idempotencyKey, path, body, answer })
      return answer
    }
  }
}
