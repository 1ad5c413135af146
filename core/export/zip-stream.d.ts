/** What we use of zip-stream 7, which brings no types. */
declare module 'zip-stream' {
  import type { Readable, Transform } from 'node:stream'

  export default class ZipStream extends Transform {
    constructor (options?: { level?: number })
    entry (source: Readable | Buffer | string, data: { name: string, date: Date }, callback: (error?: Error | null) => void): this
    finish (): void
  }
}
