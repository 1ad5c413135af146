import { type DestinationStream, type Logger, pino, stdSerializers, stdTimeFunctions, symbols } from 'pino'
import { scrubLine, scrubUrl } from './scrub.ts'
import { spanIds } from './telemetry/spans.ts'
import { currentWork } from './telemetry/work.ts'

export interface LoggerOptions {
  level: string
  /** Where lines go; standard output when left out. */
  destination?: DestinationStream
  /** On every line, such as `{process: 'worker'}`. */
  base?: Record<string, unknown>
}

/**
 * The one logger. Secrets are cut from the finished line, so that no nested object, message or stack gets past:
 * a serializer sees only the fields that it was written for. Every line says which request or job it is about, and which
 * tenant, connection, operation and trace, as far as that is known.
 */
export function createLogger ({ level, destination, base }: LoggerOptions): Logger {
  const options = {
    level,
    base: base ?? null,
    errorKey: 'err',
    timestamp: stdTimeFunctions.isoTime,
    serializers: { err: stdSerializers.errWithCause, req, res },
    mixin: aboutWork,
    hooks: { streamWrite: scrubLine }
  }
  return destination === undefined ? pino(options) : pino(options, destination)
}

/** A field that the logger carries itself (a request's own logger has its id) is not said twice; what the line says goes first. */
function aboutWork (_line: object, _level: number, logger: Logger): Record<string, unknown> {
  const about: Record<string, unknown> = { ...currentWork(), ...spanIds() }
  const carried = (logger as unknown as Record<symbol, string>)[symbols.chindingsSym] ?? ''
  for (const name in about) if (carried.includes(`"${name}":`)) delete about[name]
  return about
}

interface LoggedRequest { method?: string, url?: string, ip?: string, routeOptions?: { url?: string } }
interface LoggedReply { statusCode?: number }

/** No headers and no body: what is not written cannot leak. The URL is cut here already, so that the line of each webhook need not be parsed for it. */
function req (request: LoggedRequest): Record<string, unknown> {
  return { method: request.method, url: request.url === undefined ? undefined : scrubUrl(request.url), route: request.routeOptions?.url, address: request.ip }
}

function res (reply: LoggedReply): Record<string, unknown> {
  return { status: reply.statusCode }
}
