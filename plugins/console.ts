import { randomBytes } from 'node:crypto'
import { existsSync, readdirSync, readFileSync, statSync } from 'node:fs'
import path from 'node:path'
import type { FastifyReply, FastifyRequest } from 'fastify'
import fp from 'fastify-plugin'
import { HubError } from '../core/errors.ts'
import { isData, pagePolicy, type Strangers } from './security-headers.ts'

const types: Readonly<Record<string, string>> = { '.js': 'text/javascript; charset=utf-8', '.css': 'text/css; charset=utf-8', '.svg': 'image/svg+xml', '.woff2': 'font/woff2', '.png': 'image/png' }
const open = { config: { public: true }, schema: { hide: true } } as const
const yearSeconds = 31_536_000

/**
 * Whose card fields stand in a frame of theirs on one page of ours, and what their maker says that such a page lets in. Another
 * provider's fields are another entry.
 */
const cardFields: Readonly<Record<string, Strangers>> = {
  // https://docs.stripe.com/security/guide#content-security-policy, as public configurations have its list (2026-11-21; the section itself was not at hand). maps.googleapis.com is for the Address Element, which the page has not.
  stripe: {
    'script-src': ['https://js.stripe.com', 'https://*.js.stripe.com'],
    'frame-src': ['https://js.stripe.com', 'https://*.js.stripe.com', 'https://hooks.stripe.com'],
    'connect-src': ['https://api.stripe.com'],
    'img-src': ['https://*.stripe.com']
  }
}
/** The page of the card fields (tenants-ui/src/pages/payments/card.tsx), and no other. */
const strangersAt = (url: string): readonly Strangers[] => /^\/payments\/[^/?]+\/card\/?(?:\?|$)/.test(url) ? Object.values(cardFields) : []

interface File { body: Buffer, type: string, gz: Buffer | undefined, br: Buffer | undefined }
interface Built { at: number, index: string, files: ReadonlyMap<string, File> }

export interface ConsoleOptions {
  /** Where it was built (core/build-console.ts). */
  folder: string
  /** What stands at `/` while nothing is built. */
  instead: (request: FastifyRequest, reply: FastifyReply) => Promise<FastifyReply>
}

/**
 * The web app, as it was built: its files under names that tell their bytes, kept for good by browsers; and its one page wherever
 * a browser asks for a page that nobody else serves, each time with a nonce of its own for Mantine's style elements.
 */
export const consolePages = fp<ConsoleOptions>(async (app, { folder, instead }) => {
  let built: Built | undefined
  /** Read when it is first asked for (most processes that have this plugin never show a page), and again when it was built anew. */
  const site = (): Built | undefined => {
    const at = statSync(path.join(folder, 'index.html'), { throwIfNoEntry: false })?.mtimeMs
    if (at !== built?.at) built = at === undefined ? undefined : readBuilt(folder, at)
    return built
  }

  app.get('/', open, async (request, reply) => {
    const found = site()
    return found === undefined ? await instead(request, reply) : await index(found, reply, [])
  })
  for (const url of ['/assets/:file', '/favicon.svg']) {
    app.get<{ Params: { file?: string } }>(url, open, async (request, reply) => {
      const file = site()?.files.get(request.params.file === undefined ? 'favicon.svg' : `assets/${request.params.file}`)
      if (file === undefined) throw new HubError('not_found')
      return await asset(file, request, reply, request.params.file !== undefined)
    })
  }
  app.get('/*', open, async (request, reply) => {
    const found = isData(request.url) || !wantsPage(request) ? undefined : site()
    if (found === undefined) return await reply.callNotFound()
    return await index(found, reply, strangersAt(request.url))
  })
}, { name: 'pasarela-console' })

async function index ({ index }: Built, reply: FastifyReply, strangers: readonly Strangers[]): Promise<FastifyReply> {
  const nonce = randomBytes(16).toString('base64')
  return await reply.headers({ 'content-security-policy': pagePolicy(nonce, strangers), 'cache-control': 'no-store' }).type('text/html; charset=utf-8').send(index.replace('%NONCE%', nonce))
}

async function asset (file: File, request: FastifyRequest, reply: FastifyReply, named: boolean): Promise<FastifyReply> {
  const accepted = String(request.headers['accept-encoding'] ?? '')
  const encoding = file.br !== undefined && /\bbr\b/.test(accepted) ? 'br' : file.gz !== undefined && /\bgzip\b/.test(accepted) ? 'gz' : undefined
  if (encoding !== undefined) reply.header('content-encoding', encoding === 'gz' ? 'gzip' : 'br')
  return await reply.headers({ vary: 'Accept-Encoding', 'cache-control': named ? `public, max-age=${yearSeconds}, immutable` : 'public, max-age=86400' }).type(file.type).send(encoding === undefined ? file.body : file[encoding])
}

/** Of a browser's address bar; a program that asks for any type gets the API's answer. */
function wantsPage ({ headers }: FastifyRequest): boolean {
  return /\btext\/html\b/.test(headers.accept ?? '')
}

function readBuilt (folder: string, at: number): Built {
  const read = (name: string): Buffer | undefined => existsSync(path.join(folder, name)) ? readFileSync(path.join(folder, name)) : undefined
  const files = new Map(readdirSync(folder, { recursive: true, encoding: 'utf8' }).flatMap(name => {
    const type = types[path.extname(name)]
    if (type === undefined || !statSync(path.join(folder, name)).isFile()) return []
    return [[name.replaceAll(path.sep, '/'), { body: read(name)!, type, gz: read(`${name}.gz`), br: read(`${name}.br`) }] as const]
  }))
  return { at, index: read('index.html')!.toString(), files }
}
