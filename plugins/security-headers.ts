import helmet from '@fastify/helmet'
import fp from 'fastify-plugin'

export interface SecurityHeadersOptions {
  /** Where people reach us; HSTS is sent only when it is https. */
  publicUrl: string
}

/** An answer of the API is data: whoever opens it in a browser gets nothing that runs, loads or is framed. */
const dataPolicy = "default-src 'none'; frame-ancestors 'none'; base-uri 'none'; form-action 'none'"
/** Origins that a page needs beside its own server, by directive. */
export type Strangers = Readonly<Partial<Record<'script-src' | 'frame-src' | 'connect-src' | 'img-src', readonly string[]>>>

/**
 * Our pages: nothing inline runs or styles, but the style elements that carry the `nonce` of this one answer (Mantine writes its theme
 * into some). `strangers`: whose scripts and frames the one page lets in that cannot do without.
 */
export function pagePolicy (nonce?: string, strangers: readonly Strangers[] = []): string {
  const too = (directive: keyof Strangers): string => strangers.flatMap(({ [directive]: origins = [] }) => origins).map(origin => ` ${origin}`).join('')
  return [
    "default-src 'none'", `script-src 'self'${too('script-src')}`, `style-src 'self'${nonce === undefined ? '' : ` 'nonce-${nonce}'`}`, `img-src 'self' data: blob:${too('img-src')}`, "font-src 'self'", `connect-src 'self'${too('connect-src')}`,
    ...(too('frame-src') === '' ? [] : [`frame-src${too('frame-src')}`]),
    "manifest-src 'self'", "worker-src 'self'", "object-src 'none'", "base-uri 'none'", "form-action 'self'", "frame-ancestors 'none'"
  ].join('; ')
}
const plainPolicy = pagePolicy()

/** Whether an address answers programs, and never with a page. */
export function isData (url: string): boolean {
  const path = url.split('?')[0] ?? ''
  return dataPrefixes.some(prefix => below(path, prefix))
}

const dataPrefixes = ['/v1', '/hooks', '/health', '/ready', '/metrics', '/openapi.json']

/** Register before whatever answers, errors included. A page that needs another policy (`/docs`, `/admin/queues`) sets its own header later. */
export const securityHeaders = fp<SecurityHeadersOptions>(async (app, { publicUrl }) => {
  await app.register(helmet, {
    global: true,
    contentSecurityPolicy: false, // below: it differs by path
    strictTransportSecurity: publicUrl.startsWith('https:') ? { maxAge: 31_536_000, includeSubDomains: false } : false,
    frameguard: { action: 'deny' },
    referrerPolicy: { policy: 'no-referrer' },
    crossOriginEmbedderPolicy: false
  })

  app.addHook('onRequest', async (request, reply) => {
    const path = request.url.split('?')[0] ?? ''
    reply.header('content-security-policy', isData(path) ? dataPolicy : plainPolicy)
    if (below(path, '/v1')) reply.header('cache-control', 'no-store')
  })
}, { name: 'pasarela-security-headers' })

function below (path: string, prefix: string): boolean {
  return path === prefix || path.startsWith(`${prefix}/`)
}
