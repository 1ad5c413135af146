import type { FastifyReply } from 'fastify'
import { exponentOf } from '../adapter/money.ts'

/** A page of ours that a payer sees: no script, nothing of a request in it but what is escaped. */
export async function sendPage (reply: FastifyReply, language: 'es' | 'en', { title, head = '', main }: { title: string, head?: string, main: string }): Promise<FastifyReply> {
  const html = `<!doctype html>
<html lang="${language}">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="color-scheme" content="light dark">
<meta name="robots" content="noindex">
${head}<title>${escape(title)}</title>
<link rel="icon" href="data:,">
<link rel="stylesheet" href="/static/pages.css">
</head>
<body>
<main>
${main}
</main>
</body>
</html>
`
  return await reply.headers({ 'cache-control': 'no-store', 'content-language': language, vary: 'Accept-Language' }).type('text/html; charset=utf-8').send(html)
}

/** Minor units as the payer reads them. */
export function amountText (minor: number, currency: string, language: 'es' | 'en'): string {
  return new Intl.NumberFormat(language === 'es' ? 'es-MX' : 'en', { style: 'currency', currency }).format(minor / 10 ** exponentOf(currency))
}

/** What a provider or a tenant wrote is text here, never markup; a URL of theirs was checked when it came in, or is the provider's own. */
export function escape (text: string): string {
  return text.replaceAll('&', '&amp;').replaceAll('<', '&lt;').replaceAll('>', '&gt;').replaceAll('"', '&quot;').replaceAll("'", '&#39;')
}
