/** What is being worked on, for whoever writes a log line or a span about it: a request or a job carries it wherever it goes. */
import { AsyncLocalStorage } from 'node:async_hooks'
import { trace } from '@opentelemetry/api'

/** Public ids only: they say which row, and nothing of what is in it. */
export interface Work {
  request_id?: string
  tenant?: string
  connection?: string
  /** The call to a provider that was begun last. */
  operation?: string
  /** `payment.<uuid>`: the queue and the row. */
  job?: string
}

const storage = new AsyncLocalStorage<Work>()

/** Runs `run` with `work` as what is being worked on. */
export function atWork<T> (work: Work, run: () => T): T {
  return storage.run(work, run)
}

/** What is known only now: from here on it is on every line of this request or job, and on the span that is open. Outside of any, nothing happens. */
export function noteWork (more: Work): void {
  const work = storage.getStore()
  if (work === undefined) return
  Object.assign(work, more)
  trace.getActiveSpan()?.setAttributes(workAttributes(more))
}

export function currentWork (): Readonly<Work> | undefined {
  return storage.getStore()
}

/** As attributes of a span. */
export function workAttributes (work: Work): Record<string, string> {
  const attributes: Record<string, string> = {}
  for (const [name, value] of Object.entries(work)) if (value !== undefined) attributes[`pasarela.${name}`] = value
  return attributes
}
