import type { Duplex } from 'node:stream'
import type pg from 'pg'

/** Ends a connection that may be in the middle of a COPY, where a polite end would wait for ever. The server rolls back. */
export function cut (client: pg.Client): void {
  (client as unknown as { connection: { stream: Duplex } }).connection.stream.destroy()
}
