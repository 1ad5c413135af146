import { createHash } from 'node:crypto'
import { readFileSync } from 'node:fs'
import path from 'node:path'
import type { FastifyReply } from 'fastify'
import fp from 'fastify-plugin'
import type {} from '@fastify/swagger'
import { errorCatalogue } from '../core/errors.ts'
import { escapeHtml as escape } from '../core/escape-html.ts'
import type {} from '../core/http.ts'
import { style } from '../core/public-pages/page.ts'
import { consolePages } from './console.ts'
import type { Language } from './language.ts'
import { fill } from './pages/render.ts'
import { texts } from './pages/texts.ts'

const assetNames = ['pages.css'] as const
type AssetName = typeof assetNames[number]
type PageName = keyof typeof texts

/** One address and one file: nothing of it depends on who asks. */
interface Asset { url: string, version: string, body: string, type: string }

const open = { config: { public: true }, schema: { hide: true } } as const
const yearSeconds = 31_536_000

export interface PagesOptions {
  /** Where the console was built. */
  consoleFolder: string
}

/**
 * The console, and the few pages that exist beside it: the error codes, and what this is while no console is built. Files are
 * read once, at start; what stands in them is ours, and nothing of a request is ever written into a page.
 */
export const pages = fp<PagesOptions>(async (app, { consoleFolder }) => {
  const assets = Object.fromEntries(assetNames.map(name => [name, assetOf(name)])) as Record<AssetName, Asset>
  const versioned = (name: AssetName): string => `${assets[name].url}?v=${assets[name].version}`
  const html = Object.fromEntries((Object.keys(texts) as PageName[]).map(name => [name, { es: pageOf(name, 'es', versioned), en: pageOf(name, 'en', versioned) }])) as Record<PageName, Record<Language, string>>
  const show = async (reply: FastifyReply, name: PageName, language: Language, cacheControl: string): Promise<FastifyReply> =>
    await reply.headers({ 'cache-control': cacheControl, 'content-language': language, vary: 'Accept-Language' }).type('text/html; charset=utf-8').send(html[name][language])

  await app.register(consolePages, { folder: consoleFolder, instead: async (request, reply) => await show(reply, 'home', request.language, 'no-store') })
  app.get('/errors', open, async (request, reply) => await show(reply, 'errors', request.language, 'public, max-age=300'))

  for (const { url, version, body, type } of Object.values(assets)) {
    const etag = `"${version}"`
    app.get<{ Querystring: { v?: string } }>(url, open, async (request, reply) => {
      // Only the address that names these bytes may be kept for good; next to a newer release `?v=` may name others.
      reply.headers({ etag, 'cache-control': request.query.v === version ? `public, max-age=${yearSeconds}, immutable` : 'public, no-cache' })
      if (request.headers['if-none-match'] === etag) return await reply.code(304).send()
      return await reply.type(type).send(body)
    })
  }
}, { name: 'pasarela-pages', dependencies: ['pasarela-errors'] })

function assetOf (name: AssetName): Asset {
  // What all pages of ours look like, and then what only these have.
  const body = `${style}\n${read(name)}`
  return { url: `/static/${name}`, version: createHash('sha256').update(body).digest('base64url').slice(0, 16), body, type: 'text/css; charset=utf-8' }
}

function pageOf (name: PageName, language: Language, versioned: (asset: AssetName) => string): string {
  const values: Record<string, string> = { ...texts[name][language], lang: language, rows: name === 'errors' ? errorRows(language) : '' }
  return fill(read('layout.html'), {
    lang: language,
    title: values.title!,
    stylesheet: versioned('pages.css'),
    main: fill(read(`${name}.html`), values).trim()
  })
}

/** Each with an anchor: where `type` of a problem points, by its last part. */
function errorRows (language: Language): string {
  return Object.entries(errorCatalogue).map(([code, row]) =>
    `<dt id="${escape(code)}"><a href="#${escape(code)}"><code>${escape(code)}</code></a> <span>${row.status}</span></dt>\n<dd>${escape(row[language])}</dd>`).join('\n')
}

function read (name: string): string {
  return readFileSync(path.join(import.meta.dirname, 'pages', name), 'utf8')
}
