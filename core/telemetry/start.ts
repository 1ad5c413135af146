import { randomBytes } from 'node:crypto'
import { hostname } from 'node:os'
import { setTimeout } from 'node:timers/promises'
import { context, trace } from '@opentelemetry/api'
import type { Sampler, SpanProcessor } from '@opentelemetry/sdk-trace'
import { version } from '../version.ts'
import { setTracing, takeTraceId } from './spans.ts'

/** The standard `OTEL_…` variables that mean something here (https://opentelemetry.io/docs/specs/otel/configuration/sdk-environment-variables/, looked at 2026-11-21). */
export interface TelemetryConfig {
  otelExporterOtlpEndpoint: string | undefined
  otelExporterOtlpTracesEndpoint: string | undefined
  otelExporterOtlpHeaders: string | undefined
  otelServiceName: string
  otelResourceAttributes: string | undefined
  otelTracesSampler: SamplerName
  otelTracesSamplerArg: number
  otelSdkDisabled: boolean
}

export const samplerNames = ['always_on', 'always_off', 'traceidratio', 'parentbased_always_on', 'parentbased_always_off', 'parentbased_traceidratio'] as const
export type SamplerName = typeof samplerNames[number]

export interface TelemetryOptions {
  config: TelemetryConfig
  /** `api`, `worker`, or both with a plus. */
  role: string
  /** Besides the exporter: where a test listens. */
  processors?: readonly SpanProcessor[]
}

export interface Telemetry {
  /** Traces no more, and sends what is left, as far as the collector takes it within `boundMs`. */
  shutdown: (boundMs?: number) => Promise<void>
  flush: () => Promise<void>
}

/**
 * Begins to trace, once in a process, when an endpoint for OTLP over HTTP is given. Without one the SDK is not even loaded.
 * Whatever becomes of the collector, requests do not notice: spans wait in a bounded queue, and are dropped past it.
 */
export async function startTelemetry ({ config, role, processors = [] }: TelemetryOptions): Promise<Telemetry | undefined> {
  const url = tracesUrl(config)
  if (config.otelSdkDisabled || (url === undefined && processors.length === 0)) return undefined
  const [sdk, { AsyncLocalStorageContextManager }, { resourceFromAttributes }] = await Promise.all([
    import('@opentelemetry/sdk-trace'), import('@opentelemetry/context-async-hooks'), import('@opentelemetry/resources')
  ])
  const all = [...processors]
  if (url !== undefined) {
    const { OTLPTraceExporter } = await import('@opentelemetry/exporter-trace-otlp-http')
    all.push(new sdk.BatchSpanProcessor({ exporter: new OTLPTraceExporter({ url, headers: pairs(config.otelExporterOtlpHeaders) }) }))
  }
  const random = new sdk.RandomIdGenerator()
  const provider = new sdk.TracerProvider({
    sampler: samplerOf(sdk, config),
    spanProcessors: all,
    resource: resourceFromAttributes({
      'service.name': config.otelServiceName,
      'service.version': version,
      'service.instance.id': `${hostname()}-${process.pid}-${randomBytes(3).toString('hex')}`,
      'pasarela.role': role,
      ...pairs(config.otelResourceAttributes)
    }),
    idGenerator: { generateTraceId: () => takeTraceId() ?? random.generateTraceId(), generateSpanId: () => random.generateSpanId() }
  })
  const manager = new AsyncLocalStorageContextManager().enable()
  context.setGlobalContextManager(manager)
  trace.setGlobalTracerProvider(provider)
  setTracing(true)
  return {
    flush: async () => { await provider.forceFlush() },
    shutdown: async (boundMs = 1_000) => {
      setTracing(false)
      const late = new AbortController()
      await Promise.race([provider.shutdown().catch(() => {}), setTimeout(boundMs, undefined, { signal: late.signal }).catch(() => {})])
      late.abort()
      trace.disable()
      context.disable()
    }
  }
}

/** The signal's own address is taken as it is; below the common one it is `/v1/traces`. */
function tracesUrl ({ otelExporterOtlpTracesEndpoint: own, otelExporterOtlpEndpoint: common }: TelemetryConfig): string | undefined {
  return own ?? (common === undefined ? undefined : `${common.replace(/\/+$/, '')}/v1/traces`)
}

function samplerOf (sdk: typeof import('@opentelemetry/sdk-trace'), { otelTracesSampler: name, otelTracesSamplerArg: ratio }: TelemetryConfig): Sampler {
  const base = name.replace('parentbased_', '')
  const root = base === 'always_on' ? new sdk.AlwaysOnSampler() : base === 'always_off' ? new sdk.AlwaysOffSampler() : new sdk.TraceIdRatioBasedSampler(ratio)
  return base === name ? root : new sdk.ParentBasedSampler({ root })
}

/** `name=value,name=value`, percent-encoded. */
function pairs (text: string | undefined): Record<string, string> {
  return Object.fromEntries((text ?? '').split(',').flatMap(pair => {
    const at = pair.indexOf('=')
    return at > 0 ? [[pair.slice(0, at).trim(), decoded(pair.slice(at + 1).trim())]] : []
  }))
}

function decoded (text: string): string {
  try {
    return decodeURIComponent(text)
  } catch {
    return text
  }
}
