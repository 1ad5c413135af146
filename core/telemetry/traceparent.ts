import { type SpanContext, isSpanContextValid } from '@opentelemetry/api'

const shape = /^([0-9a-f]{2})-([0-9a-f]{32})-([0-9a-f]{16})-([0-9a-f]{2})(-.*)?$/

/** The header of W3C Trace Context (https://www.w3.org/TR/trace-context/, looked at 2026-11-21): undefined for what is none, which is then nobody's. */
export function parseTraceparent (text: unknown): SpanContext | undefined {
  if (typeof text !== 'string' || text.length > 200) return undefined
  const [, version, traceId = '', spanId = '', flags = '', rest] = shape.exec(text) ?? []
  // A later version may say more; the first has exactly four fields, and `ff` is none.
  if (version === undefined || version === 'ff' || (version === '00' && rest !== undefined)) return undefined
  const context = { traceId, spanId, traceFlags: parseInt(flags, 16) & 1, isRemote: true }
  return isSpanContextValid(context) ? context : undefined
}

export function formatTraceparent ({ traceId, spanId, traceFlags }: SpanContext): string {
  return `00-${traceId}-${spanId}-${(traceFlags & 1) === 1 ? '01' : '00'}`
}
