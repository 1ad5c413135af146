import { once } from 'node:events'
import type { Duplex } from 'node:stream'
import type pg from 'pg'

/** What pg has and its types leave out. */
interface Inside { readyForQuery: boolean, connection: { stream: Duplex } }

/** A COPY's stream ends a moment before its query does; the next query must wait for that. */
export async function copyEnded (client: pg.Client): Promise<void> {
  if (!(client as unknown as Inside).readyForQuery) await once(client, 'drain')
}

/** Ends a connection that may be in the middle of a COPY, where a polite end would wait for ever. The server rolls back. */
export function cut (client: pg.Client): void {
  (client as unknown as Inside).connection.stream.destroy()
}
