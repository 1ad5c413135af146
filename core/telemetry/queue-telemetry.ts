import { context, ROOT_CONTEXT, trace, type Context, type Span } from '@opentelemetry/api'
import { BullMQOtel, BullMQOTelSpan } from 'bullmq-otel'
import { SpanKind, type Telemetry } from 'bullmq'
import { errorType } from './spans.ts'
import { formatTraceparent, parseTraceparent } from './traceparent.ts'

/** BullMQ's telemetry for its queues and workers. */
export type QueueTelemetry = Telemetry<Context>

/**
 * BullMQ's own spans (`add payment.payment`, `process payment`), with what `bullmq-otel` leaves open: its workers look for
 * jobs and for stalled ones all the time, and each look would be a trace; a loop that a request started would hold that
 * request's context for ever; an error's message may hold anything.
 */
export function queueTelemetry (): QueueTelemetry {
  const { tracer } = new BullMQOtel({ tracerName: 'bullmq' })
  return {
    tracer: {
      startSpan (name, options, parent) {
        const alone = trace.getSpan(parent ?? context.active()) === undefined
        if (alone && options?.kind !== SpanKind.CONSUMER) return new NoSpan()
        const span = tracer.startSpan(name, options, parent) as BullMQOTelSpan & { span: Span }
        return new JobSpan(span.span)
      }
    },
    contextManager: {
      with: (active, run) => context.with(active as Context, run),
      active: <C = Context>() => context.active() as C,
      root: <C = Context>() => ROOT_CONTEXT as C,
      getMetadata: active => {
        const found = trace.getSpanContext(active as Context)
        return found === undefined ? '' : formatTraceparent(found)
      },
      fromMetadata: <C = Context>(active: C, metadata: string) => {
        const parent = parseTraceparent(metadata)
        return (parent === undefined ? active : trace.setSpanContext(ROOT_CONTEXT, parent)) as C
      }
    }
  }
}

class JobSpan extends BullMQOTelSpan {
  override recordException (error: unknown): void {
    this.setAttribute('error.type', errorType(error))
  }

  /** `job completed` and `job failed` repeat the result and the message. */
  override addEvent (): void {}
}

/** What is not traced. Whatever begins inside of it is as it would be without. */
class NoSpan {
  setSpanOnContext (active: Context): Context {
    return active
  }

  setAttribute (): void {}
  setAttributes (): void {}
  addEvent (): void {}
  recordException (): void {}
  end (): void {}
}
