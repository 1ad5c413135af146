import { type RawBuilder, sql } from 'kysely'
import { traceparent } from '../telemetry/spans.ts'

/**
 * For a statement that is a transaction of its own, in front of the function it calls: `select ${keepingTrace()}app.f(…)`.
 * What the function writes then remembers its trace, as it does in `inTenant`.
 */
export function keepingTrace (): RawBuilder<unknown> {
  const trace = traceparent()
  return trace === null ? nothing : sql`set_config('app.trace', ${trace}, true), `
}

const nothing = sql``
