export interface RequestEntry {
  at: number
  method: string
  path: string
  /** Hash of the API key. */
  key: string | null
  idempotencyKey: string | null
  version: string | null
  params: object
  status: number | null
  requestId: string
  fault: string | null
}

const kept = 1000

/** The last requests, for tests and for a person who looks. Card data is left out. */
export class RequestLog {
  #entries: RequestEntry[] = []

  add (entry: RequestEntry): RequestEntry {
    this.#entries.push(entry)
    if (this.#entries.length > kept * 2) this.#entries = this.#entries.slice(-kept)
    return entry
  }

  last (count = kept): RequestEntry[] {
    return this.#entries.slice(-Math.min(count, kept)).map(entry => ({ ...entry, params: withoutCard(entry.params) as object }))
  }
}

function withoutCard (value: unknown): unknown {
  if (typeof value !== 'object' || value === null) return value
  if (Array.isArray(value)) return value.map(withoutCard)
  return Object.fromEntries(Object.entries(value).map(([name, each]) => [name, name === 'number' || name === 'cvc' ? '[card]' : withoutCard(each)]))
}
