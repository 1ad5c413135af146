/** Where the bytes of documents lie. Keys are ours: `ten_…/2026/doc_….xml`. */
export interface DocumentStore {
  /** Durable when it resolves. The same key is only ever written with the same bytes. */
  put: (key: string, bytes: Uint8Array, contentType: string) => Promise<void>
  /** undefined: there is none. */
  get: (key: string) => Promise<Buffer | undefined>
  /** Also when there is none. */
  remove: (key: string) => Promise<void>
  /** Rejects when nothing could be stored: asked by `/ready`. */
  check: () => Promise<void>
}

const keyShape = /^(?:[\w-]+\/)*[\w-]+(?:\.[a-z0-9]{1,8})?$/

/** A key can never name anything outside of the store. */
export function checkKey (key: string): string {
  if (!keyShape.test(key)) throw new TypeError(`${key} is not the key of a document`)
  return key
}
