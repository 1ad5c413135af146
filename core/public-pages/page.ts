import { createHash, randomBytes } from 'node:crypto'
import { readFileSync } from 'node:fs'
import path from 'node:path'
import { promisify } from 'node:util'
import { gzip as gzipWith, gzipSync } from 'node:zlib'
import type { FastifyReply, FastifyRequest } from 'fastify'
import { Type } from 'typebox'
import { HubError } from '../errors.ts'
import { escapeHtml as escape } from '../escape-html.ts'
import type { HubInstance } from '../http.ts'
import { type Brand, brandLogo, brandStyle } from './brand.ts'
import type { Language } from './html.ts'

const gzip = promisify(gzipWith)
const read = (name: string): string => readFileSync(path.join(import.meta.dirname, name), 'utf8')

/** What the pages look like. It travels inside of each: on a slow line a second request would cost more than its 2 kB. */
export const style = read('style.css')
const smallStyle = style.replaceAll(/\/\*[\s\S]*?\*\//g, '').replaceAll(/\s*\n\s*/g, '').replaceAll(/\s*([{};,>])\s*/g, '$1').replaceAll(': ', ':').replaceAll(';}', '}')
/** The one script of all of them. */
const script = read('public-page.js')
const scriptVersion = createHash('sha256').update(script).digest('base64url').slice(0, 16)
const scriptUrl = '/static/public-page.js'

const open = { config: { public: true }, schema: { hide: true } } as const
/** Of a page that whoever holds its link may open. */
export const byLink = { config: { public: true }, schema: { hide: true, params: Type.Object({ token: Type.String({ maxLength: 250 }) }) } } as const
const yearSeconds = 31_536_000

/** Lets the pages of this scope take short forms: their fields, each a text. */
export function takeForms (app: HubInstance, bodyLimit: number): void {
  app.addContentTypeParser('application/x-www-form-urlencoded', { bodyLimit, parseAs: 'string' }, (_request, body, done) => { done(null, Object.fromEntries(new URLSearchParams(String(body)))) })
}

/** The fields of this name that a form brought, each a text. */
export function fieldsIn<Name extends string> (body: unknown, names: readonly Name[]): Partial<Record<Name, string>> {
  const given = Object(body) as Record<string, unknown>
  return Object.fromEntries(names.flatMap(name => typeof given[name] === 'string' ? [[name, given[name]]] : [])) as Partial<Record<Name, string>>
}

/** What a typing error rarely looks like; whether it is somebody's only a mail tells. */
export const isMailAddress = (text: string): boolean => text.length <= 254 && /^[^\s@<>,;"]+@[^\s@<>,;"]+\.[^\s@<>,;".]+$/.test(text)

/** The script, under the address that tells its bytes. */
export async function publicPageRoutes (app: HubInstance): Promise<void> {
  const etag = `"${scriptVersion}"`
  const small = gzipSync(script, { level: 9 })
  app.get<{ Querystring: { v?: string } }>(scriptUrl, open, async (request, reply) => {
    // Only the address that names these bytes may be kept for good; next to a newer release `?v=` may name others.
    reply.headers({ etag, vary: 'Accept-Encoding', 'cache-control': request.query.v === scriptVersion ? `public, max-age=${yearSeconds}, immutable` : 'public, no-cache' })
    if (request.headers['if-none-match'] === etag) return await reply.code(304).send()
    reply.type('text/javascript; charset=utf-8')
    return takesGzip(request) ? await reply.header('content-encoding', 'gzip').send(small) : await reply.send(script)
  })
}

const takesGzip = ({ headers }: Pick<FastifyRequest, 'headers'>): boolean => /\bgzip\b(?!;\s*q=0(?:\.0*)?(?:,|$))/.test(String(headers['accept-encoding'] ?? ''))

/** The page's own path, below which its logo and its state are. */
export const addressOf = ({ url }: Pick<FastifyRequest, 'url'>): string => url.split('?')[0]!

/** How the reader wants it: by the link that they pressed, which stays in every address; else as their browser says. */
export interface Reader { language: Language, /** `?lang=en` or nothing. */ query: string }

export function readerOf (request: FastifyRequest): Reader {
  const { lang } = request.query as { lang?: unknown }
  return lang === 'es' || lang === 'en' ? { language: lang, query: `?lang=${lang}` } : { language: request.language, query: '' }
}

/** Where the browser reads anew what a form began, and goes on to the provider's page by itself: once, or who turns back there would be sent there again. */
export const onwards = (page: string, { query }: Reader): string => `${page}?then=go${query.replace('?', '&')}`
export const goesOn = (request: FastifyRequest): boolean => (request.query as { then?: unknown }).then === 'go'
export const goTo = (url: string): string => `<meta http-equiv="refresh" content="0; url=${escape(url)}">\n`

export interface PublicPage {
  title: string
  main: string
  brand?: Brand
  head?: string
  /** What the page shows changes by itself: what `…/state` answers now, and how often who has no script loads it again, seconds. */
  watch?: { state: string, seconds: number }
  /** Of test mode, and says so. */
  test?: boolean
}

const words = {
  es: { other: 'English', tongue: 'Idioma', test: 'PRUEBA: nada de esto tiene validez.' },
  en: { other: 'Español', tongue: 'Language', test: 'TEST: none of this is real.' }
} as const

/** Our pages: only their own style element, only our script, nothing from elsewhere; a QR code that a provider drew is data. */
export const publicPolicy = (nonce: string): string => [
  "default-src 'none'", "script-src 'self'", `style-src 'nonce-${nonce}'`, "img-src 'self' data:", "connect-src 'self'", "form-action 'self'", "base-uri 'none'", "frame-ancestors 'none'"
].join('; ')

/**
 * A page that a buyer or a payer is sent to: whole without a script, in their language and the seller's colours, kept by nobody. What
 * stands in `title` is text; `main` and `head` are HTML of ours, in which the texts of others are escaped.
 */
export async function sendPage (request: FastifyRequest, reply: FastifyReply, { language }: Pick<Reader, 'language'>, page: PublicPage): Promise<FastifyReply> {
  const nonce = randomBytes(16).toString('base64')
  const body = Buffer.from(render(page, language, nonce))
  reply.headers({
    'content-security-policy': publicPolicy(nonce),
    'cache-control': 'no-store',
    'content-language': language,
    'x-robots-tag': 'noindex, nofollow',
    vary: 'Accept-Language, Accept-Encoding'
  }).type('text/html; charset=utf-8')
  // The address is the secret, and whoever could make the page repeat something to measure it would know it already.
  return takesGzip(request) ? await reply.header('content-encoding', 'gzip').send(await gzip(body)) : await reply.send(body)
}

function render ({ title, main, brand, head = '', watch, test = false }: PublicPage, language: Language, nonce: string): string {
  const said = words[language]
  const other = language === 'es' ? 'en' : 'es'
  const name = brand === undefined ? '' : escape(brand.name)
  // The picture's place is its own height from the beginning.
  const mark = brand?.logo === undefined ? `<span class="brand">${name}</span>` : `<img src="${escape(brand.logo)}" alt="${name}" height="44" decoding="async">`
  return `<!doctype html>
<html lang="${language}">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="color-scheme" content="light dark">
<meta name="robots" content="noindex, nofollow">
${brand?.colour === undefined ? '' : `<meta name="theme-color" content="${brand.colour}">\n`}<title>${escape(title)}${name === '' ? '' : ` · ${name}`}</title>
<link rel="icon" href="data:,">
<style nonce="${nonce}">${smallStyle}${brandStyle(brand?.colour)}</style>
${head}${watch === undefined ? '' : `<noscript><meta http-equiv="refresh" content="${watch.seconds}"></noscript>\n`}<script type="module" src="${scriptUrl}?v=${scriptVersion}"></script>
</head>
<body class="public"${watch === undefined ? '' : ` data-watch="${escape(watch.state)}"`}>
<header>${mark}<nav aria-label="${said.tongue}"><a class="tongue" href="?lang=${other}" lang="${other}" hreflang="${other}">${said.other}</a></nav></header>
<main>
${test ? `<p class="note">${said.test}</p>\n` : ''}${main}
</main>
</body>
</html>
`
}

/** One answer for whatever is no link of ours, is too old, or was cut short by who copied it. */
export async function sendNoLink (request: FastifyRequest, reply: FastifyReply, reader: Reader, { title, text }: { title: string, text: string }): Promise<FastifyReply> {
  return await sendPage(request, reply.code(404), reader, { title, main: `<h1>${escape(title)}</h1>\n<p class="note" role="status">${escape(text)}</p>` })
}

/** The seller's logo, below a page of theirs: a PNG or a JPEG, as its bytes said when it was stored, and nothing else. */
export async function sendLogo (reply: FastifyReply, logo: Awaited<ReturnType<typeof brandLogo>>): Promise<FastifyReply> {
  if (logo === undefined || (logo.type !== 'image/png' && logo.type !== 'image/jpeg')) throw new HubError('not_found')
  return await reply.headers({ 'content-security-policy': "default-src 'none'", 'cache-control': 'private, max-age=86400', 'x-robots-tag': 'noindex' }).type(logo.type).send(logo.bytes)
}

/** What the page's script asks now and then. */
export async function sendState (reply: FastifyReply, state: string): Promise<FastifyReply> {
  return await reply.headers({ 'cache-control': 'no-store', 'x-robots-tag': 'noindex' }).send({ state })
}
