import type { HttpExchange } from '../http-client.ts'
import type { OperationName, RetrySafety } from '../manifest.ts'
import type { Fault } from '../simulator.ts'
import { BrokenPromise, check, reached, refusal, same, shown } from './check.ts'
import type { Draft } from './draft.ts'
import type { Opened, Session } from './session.ts'

/** One write that is ready to be sent, as often as the suite wants, always with the same key. */
export interface Write {
  context: Opened
  send: () => Promise<Answer>
  /** Asks for the truth as the hub's resolver does: what is there, or undefined when it certainly is not. */
  lookup?: () => Promise<Answer | undefined>
  /** How often it happened, by the provider's own books. */
  happened: () => number | Promise<number>
}

interface Answer {
  providerReference: string
}

export interface WriteKind {
  operation: OperationName
  safety: RetrySafety | undefined
  /** What is counted: `charges`, `customers`. */
  counts: string
  prepare: (session: Session, context: Opened) => Promise<Write>
  reads: (exchange: HttpExchange) => boolean
}

const faultsThatHide: readonly Fault['kind'][] = ['cut_before', 'cut_after', 'cut_mid_body', 'garbage', 'error_500', 'error_500_before']

/** Whatever happens to the answer, it happens once: the promise that the whole hub stands on. */
export function repeatPromises (write: WriteKind): Draft[] {
  const { operation, safety, counts, prepare } = write
  const drafts: Draft[] = []

  if (safety === 'idempotency-key') {
    drafts.push({
      promise: 'idempotency',
      name: `${operation}: the same key twice happens once`,
      because: 'the hub makes the key, once; an adapter forwards it and never makes its own',
      async keep (session) {
        const { send, happened } = await prepare(session, session.open())
        const first = await send()
        const second = await send()
        same(second.providerReference, first.providerReference, 'the second answer is about the same object')
        same(await happened(), 1, counts)
      }
    })
  }
  if (safety === 'natural-key') {
    drafts.push({
      promise: 'idempotency',
      name: `${operation}: the same natural key twice happens once`,
      because: 'that is how a repetition is recognised here',
      async keep (session) {
        const { send, happened } = await prepare(session, session.open())
        const first = await send()
        const second = await send().catch((error: unknown) => refusal(Promise.reject(error), 'the repetition'))
        if (second instanceof Error) reached(second, ['answered'], 'the repetition is refused')
        else same(second.providerReference, first.providerReference, 'the second answer is about the same object')
        same(await happened(), 1, counts)
      }
    })
  }
  drafts.push({
    promise: 'idempotency',
    name: `${operation}: two keys are two operations`,
    because: 'a key that is the same for all swallows the second customer',
    async keep (session) {
      const context = session.open()
      const [one, other] = [await prepare(session, context), await prepare(session, context)]
      await one.send()
      await other.send()
      same([await one.happened(), await other.happened()], [1, 1], counts)
    }
  })

  for (const kind of faultsThatHide) {
    drafts.push({
      promise: 'faults',
      name: `${operation}, ${kind}: nobody knows, and after asking it happens once`,
      because: 'who says failed when nobody knows charges twice; who says paid gives goods away',
      async keep (session) {
        const { send, lookup, happened } = await struck(session, kind)
        if (lookup === undefined) {
          // Nobody to ask: where the provider knows the same thing again, the repetition itself tells.
          if (safety === 'natural-key') await repeated(send)
          const times = await happened()
          return check(safety === 'natural-key' ? times === 1 : times <= 1, `${counts}: ${times}`)
        }
        const found = await lookup()
        if (found === undefined && safety !== 'never') await repeated(send)
        const times = await happened()
        check(times === 1 || (safety === 'never' && times === 0), `${counts} in the provider's books after asking${found === undefined ? ' and sending again' : ''}: expected 1, got ${times}`)
        const truth = await lookup()
        check(truth !== undefined || safety === 'never', 'what happened is not found afterwards')
      }
    })
    if (safety === 'idempotency-key') {
      drafts.push({
        promise: 'faults',
        name: `${operation}, ${kind}: sent again with the same key it happens once`,
        because: 'within the window of the key that is all the hub does',
        async keep (session) {
          const { send, happened } = await struck(session, kind)
          await repeated(send)
          same(await happened(), 1, counts)
        }
      })
    }
  }

  drafts.push({
    promise: 'faults',
    name: `${operation}, refuse_connection: nothing happened, and nobody says more than he knows`,
    because: 'a provider that cannot be reached did nothing, but a cut socket does not prove it',
    async keep (session) {
      const { context, send, happened, matching } = await ready(session)
      session.simulator.inject({ kind: 'refuse_connection', ...matching })
      const error = await refusal(send(), 'while connections are refused')
      reached(error, ['nowhere', 'unknown'], 'nothing was answered')
      quiet(error, context)
      same(await happened(), 0, counts)
    }
  }, {
    promise: 'faults',
    name: `${operation}, rate_limit: nothing happened, and it says when to come back`,
    because: 'the queue waits exactly so long',
    async keep (session) {
      const { send, happened, matching } = await ready(session)
      session.simulator.inject({ kind: 'rate_limit', ...matching })
      const error = await refusal(send(), 'while the provider asks to slow down')
      reached(error, ['nowhere'], 'a 429 did nothing')
      same(error.code, 'rate_limited', 'code')
      check((error.retryAfterMs ?? 0) > 0, 'retryAfterMs is missing, although the provider sent Retry-After')
      same(await happened(), 0, counts)
      await repeated(send)
      same(await happened(), 1, `${counts} after the wait`)
    }
  })
  return drafts

  /** A write and what its true request looks like, learnt from an undisturbed one: a fault must strike that one, not a read before it. */
  async function ready (session: Session): Promise<Write & { matching: Pick<Fault, 'method' | 'path'> }> {
    const rehearsal = await prepare(session, session.open())
    const before = rehearsal.context.exchanges.length
    await rehearsal.send()
    const sent = rehearsal.context.exchanges.slice(before).filter(exchange => !write.reads(exchange)).at(-1)
    if (sent === undefined) throw new BrokenPromise(`${operation} sent no write, so nothing can have happened`)
    const actual = await prepare(session, session.open())
    return { ...actual, matching: { method: sent.method, path: commonPath(new URL(sent.url).pathname) } }
  }

  async function struck (session: Session, kind: Fault['kind']): Promise<Write> {
    const prepared = await ready(session)
    session.simulator.inject({ kind, ...prepared.matching })
    const error = await refusal(prepared.send(), kind)
    reached(error, ['unknown'], kind)
    quiet(error, prepared.context)
    session.simulator.clearFaults()
    return prepared
  }
}

/** The last word of a path names what is done (`/v1/payments/pay_1/capture`); an id in it is another's. One script's name is the whole path. */
function commonPath (pathname: string): string | undefined {
  const last = pathname.split('/').at(-1) ?? ''
  if (/^[a-z_-]+\.cgi$/i.test(last)) return pathname
  return /^[a-z_-]+$/i.test(last) ? last : undefined
}

async function repeated (send: () => Promise<Answer>): Promise<void> {
  try {
    await send()
  } catch (error) {
    // A provider may refuse what it already has; the books are what counts.
    const refused = await refusal(Promise.reject(error), 'the repetition')
    check(refused.reached === 'answered', `the repetition, undisturbed, fails: ${shown(refused)}`)
  }
}

/** Errors are logged. */
function quiet (error: Error, context: Opened): void {
  const text = shown(error)
  for (const [name, value] of Object.entries(context.credentials)) {
    check(value.length < 8 || !text.includes(value), `the error shows the credential ${name}`)
  }
  check(error.message, 'the error says nothing')
}
