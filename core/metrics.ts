import { Counter, Gauge, Histogram, Registry, collectDefaultMetrics } from 'prom-client'
import { boundedBy } from './jobs/timers.ts'

/** What is counted, one registry per process (per app in tests). Labels are closed sets, never ids: each value is a series. */
export interface Metrics {
  registry: Registry
  /** Webhooks that providers sent us. `verdict`: verified, unverifiable, refused or duplicate. */
  inbound: Counter<'provider' | 'verdict'>
  /** What second verifiers that only report said. `agrees`: yes or no. */
  shadow: Counter<'provider' | 'scheme' | 'agrees'>
  /** Calls to providers. `outcome`: succeeded, refused, unknown or nowhere. */
  operations: Counter<'provider' | 'operation' | 'outcome'>
  operationSeconds: Histogram<'provider' | 'operation'>
  /** `outcome`: completed or failed. */
  jobs: Counter<'queue' | 'outcome'>
  jobSeconds: Histogram<'queue'>
  /** Attempts to deliver an event to a webhook endpoint. `outcome`: succeeded, failed (an answer that is no 2xx) or nowhere (none). */
  deliveries: Counter<'outcome'>
  deliverySeconds: Histogram
  /** A value that is asked for when the metrics are read. One that cannot be had within seconds is left out, and the others are shown. */
  gauge: <Label extends string = never>(name: string, help: string, labels: readonly Label[], read: () => Promise<ReadonlyArray<Sample<Label>>>) => void
}

/** Below the 10 s that Prometheus waits for a whole page. */
const gaugeMs = 4_000

export interface Sample<Label extends string> { labels: Record<Label, string>, value: number }

export interface MetricsOptions {
  /** Memory, event loop and garbage collection of this process. */
  processMetrics?: boolean
}

export function createMetrics ({ processMetrics = true }: MetricsOptions = {}): Metrics {
  const registry = new Registry()
  const registers = [registry]
  if (processMetrics) collectDefaultMetrics({ register: registry })
  const seconds = [0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60]
  return {
    registry,
    inbound: new Counter({ name: 'pasarela_inbound_total', help: 'Webhooks received from providers', labelNames: ['provider', 'verdict'], registers }),
    shadow: new Counter({ name: 'pasarela_inbound_shadow_total', help: 'Webhooks that a second verifier looked at', labelNames: ['provider', 'scheme', 'agrees'], registers }),
    operations: new Counter({ name: 'pasarela_operations_total', help: 'Calls to providers', labelNames: ['provider', 'operation', 'outcome'], registers }),
    operationSeconds: new Histogram({ name: 'pasarela_operation_seconds', help: 'How long calls to providers take', labelNames: ['provider', 'operation'], buckets: seconds, registers }),
    jobs: new Counter({ name: 'pasarela_jobs_total', help: 'Jobs that ended', labelNames: ['queue', 'outcome'], registers }),
    jobSeconds: new Histogram({ name: 'pasarela_job_seconds', help: 'How long jobs take', labelNames: ['queue'], buckets: seconds, registers }),
    deliveries: new Counter({ name: 'pasarela_deliveries_total', help: 'Attempts to deliver an event to a webhook endpoint', labelNames: ['outcome'], registers }),
    deliverySeconds: new Histogram({ name: 'pasarela_delivery_seconds', help: 'How long webhook endpoints take to answer', buckets: seconds, registers }),
    gauge (name, help, labels, read) {
      const gauge = new Gauge({
        name, help, labelNames: [...labels], registers,
        async collect () {
          const samples = await boundedBy(read(), gaugeMs, name).catch(() => [])
          gauge.reset()
          if (labels.length === 0 && samples.length === 0) gauge.set(NaN) // it would be 0, and say that all is well
          for (const { labels: of, value } of samples) gauge.set(of, value)
        }
      })
    }
  }
}
