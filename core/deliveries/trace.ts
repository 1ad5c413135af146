import type { Kysely } from 'kysely'
import type { Database } from '../db/schema.ts'
import { publicId } from '../ids.ts'
import { failSpan, inSpan, isTracing, SpanKind, traceparent } from '../telemetry/spans.ts'
import { type Claimed, eventTraces } from './queries.ts'
import type { Answer } from './send.ts'

const noTraces: ReadonlyMap<string, string> = new Map()

/** In which trace each event was written: its row remembers, however long ago that was. Nothing is asked where nothing is traced, and no delivery waits for an answer that does not come. */
export async function tracesOf (db: Kysely<Database>, claimed: readonly Claimed[]): Promise<ReadonlyMap<string, string>> {
  return isTracing() ? await eventTraces(db, claimed).catch(() => noTraces) : noTraces
}

/** An attempt as a span, in the trace of its event. Not where it goes to: an address may hold a token. */
export async function traced (row: Claimed, trace: string | null, send: () => Promise<Answer>): Promise<Answer> {
  if (!isTracing()) return await send()
  return await inSpan('POST webhook endpoint', {
    kind: SpanKind.CLIENT,
    parent: trace,
    attributes: {
      'http.request.method': 'POST',
      'pasarela.tenant': publicId('tenant', row.event_tenant_id),
      'pasarela.event': publicId('event', row.event_id),
      'pasarela.event_type': row.event_type,
      'pasarela.webhook_endpoint': publicId('webhook_endpoint', row.endpoint_id),
      'pasarela.delivery': publicId('delivery', row.id),
      'http.request.resend_count': row.step
    }
  }, async span => {
    const answer = await send()
    if (answer.status !== undefined) span.setAttribute('http.response.status_code', answer.status)
    if (answer.error !== undefined) failSpan(span, answer.error)
    return answer
  })
}

/** So that the receiver's own traces go on in ours (W3C Trace Context). */
export function traceHeader (): { traceparent?: string } {
  const header = traceparent()
  return header === null ? {} : { traceparent: header }
}
