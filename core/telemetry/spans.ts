/**
 * Spans, by hand and few: a request, a job, a call to a provider, a webhook that goes out. Until `startTelemetry` has run
 * nothing is traced, and all of this costs a look at a variable.
 */
import { type Attributes, type Context, context, INVALID_SPAN_CONTEXT, isSpanContextValid, ROOT_CONTEXT, type Span, SpanKind, SpanStatusCode, trace } from '@opentelemetry/api'
import { version } from '../version.ts'
import { formatTraceparent, parseTraceparent } from './traceparent.ts'

export { SpanKind }

const noSpan = trace.wrapSpanContext(INVALID_SPAN_CONTEXT)
const state = { tracing: false, nextTraceId: undefined as string | undefined }

export function isTracing (): boolean {
  return state.tracing
}

/** For `startTelemetry` alone. */
export function setTracing (tracing: boolean): void {
  state.tracing = tracing
}

const tracer = () => trace.getTracer('pasarela', version)

export interface SpanOptions {
  kind?: SpanKind
  /** No secret and nothing about a person: ids, names of ours, figures. */
  attributes?: Attributes
  /** A `traceparent` that was kept with a row or came with a message; null begins a trace. Left out: the span that is open. */
  parent?: string | null
}

/** Runs `work` in a span of its own. What it throws is noted by its code, never by its message, which may hold anything. */
export async function inSpan<T> (name: string, options: SpanOptions, work: (span: Span) => Promise<T>): Promise<T> {
  if (!state.tracing) return await work(noSpan)
  const { span, within } = openSpan(name, options)
  try {
    return await context.with(within, async () => await work(span))
  } catch (error) {
    failSpan(span, errorType(error))
    throw error
  } finally {
    span.end()
  }
}

/** For what has no function around it (a request): whoever opens it ends it, and runs what belongs to it with `withinSpan`. */
export function openSpan (name: string, { kind = SpanKind.INTERNAL, attributes, parent }: SpanOptions): { span: Span, within: Context } {
  if (!state.tracing) return { span: noSpan, within: context.active() }
  const base = parent === undefined ? context.active() : contextOf(parent)
  const span = tracer().startSpan(name, { kind, ...(attributes !== undefined && { attributes }) }, base)
  return { span, within: trace.setSpan(base, span) }
}

export function withinSpan<T> (within: Context, run: () => T): T {
  return state.tracing ? context.with(within, run) : run()
}

/** A span of what is over already, such as an exchange that was told of at its end. */
export function pastSpan (name: string, { kind = SpanKind.INTERNAL, attributes }: Omit<SpanOptions, 'parent'>, durationMs: number, failure?: string): void {
  if (!state.tracing) return
  const end = Date.now()
  const span = tracer().startSpan(name, { kind, startTime: end - durationMs, ...(attributes !== undefined && { attributes }) })
  if (failure !== undefined) failSpan(span, failure)
  span.end(end)
}

/** `error.type` by the semantic conventions: a name of a closed set. */
export function failSpan (span: Span, type: string): void {
  span.setAttribute('error.type', type)
  span.setStatus({ code: SpanStatusCode.ERROR })
}

/** The code of an error, else its class. */
export function errorType (error: unknown): string {
  const { code, name } = (error ?? {}) as { code?: unknown, name?: unknown }
  return typeof code === 'string' && /^[\w.]{1,60}$/.test(code) ? code : typeof name === 'string' ? name.slice(0, 60) : 'unknown'
}

/** The open span as a header or a column holds it; null when nothing is traced, or not this. */
export function traceparent (): string | null {
  if (!state.tracing) return null
  const found = trace.getSpanContext(context.active())
  return found !== undefined && isSpanContextValid(found) && (found.traceFlags & 1) === 1 ? formatTraceparent(found) : null
}

/** A span that follows another without being part of it: both are found from each other. */
export function linkTo (kept: string | null | undefined): void {
  const other = state.tracing ? parseTraceparent(kept) : undefined
  if (other !== undefined) trace.getActiveSpan()?.addLink({ context: other })
}

export function contextOf (kept: string | null): Context {
  const parent = kept === null ? undefined : parseTraceparent(kept)
  return parent === undefined ? ROOT_CONTEXT : trace.setSpanContext(ROOT_CONTEXT, parent)
}

/** The ids of the open span, for a log line. */
export function spanIds (): { trace_id: string, span_id: string } | undefined {
  if (!state.tracing) return undefined
  const found = trace.getSpanContext(context.active())
  return found !== undefined && isSpanContextValid(found) ? { trace_id: found.traceId, span_id: found.spanId } : undefined
}

/**
 * The next trace that begins has this id: that of a request which brought none is the id of the request, so that whoever
 * has a `Request-Id` has its trace. A UUIDv7 is as good as any: its last 62 bits are random.
 */
export function beginTraceWith (traceId: string): void {
  state.nextTraceId = traceId
}

/** Takes the id that was asked for, once. */
export function takeTraceId (): string | undefined {
  const id = state.nextTraceId
  state.nextTraceId = undefined
  return id
}
