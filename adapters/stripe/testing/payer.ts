import type { Collected } from '../../../core/adapter/index.ts'

/** A payer in front of one of Stripe's pages, with nothing but what the page shows. */

/** Reads the form, fills it in and sends it. */
export async function payPage (url: string, fields: Record<string, string> = {}): Promise<void> {
  const shown = await fetch(url)
  const html = await shown.text()
  const form = new URLSearchParams()
  for (const [input] of html.matchAll(/<input[^>]*>/g)) {
    const name = /name="([^"]*)"/.exec(input)?.[1]
    if (name !== undefined && !/type="(?:radio|checkbox)"/.test(input)) form.set(name, /value="([^"]*)"/.exec(input)?.[1] ?? '')
  }
  const given = { email: 'ana@shop.example', name: 'Ana Pérez', card: '4242424242424242', method: 'card', ...fields }
  for (const [name, value] of Object.entries(given)) if (!form.get(name)) form.set(name, value)
  await send(new URL(/<form[^>]*action="([^"]*)"/.exec(html)?.[1]?.replaceAll('&amp;', '&') ?? '', shown.url).href, form)
}

/** What a buyer who wants an invoice types on the page, by the names of its form. */
export function invoiceFields ({ tax_id: taxId, name, address, regime, use }: Collected): Record<string, string> {
  const fields = { tax_id: taxId, business_name: name, line1: address?.street, city: address?.city, state: address?.region, postal_code: address?.postal_code, country: address?.country, field_invoiceregime: regime, field_invoiceuse: use }
  return Object.fromEntries(Object.entries(fields).filter((field): field is [string, string] => field[1] !== undefined))
}

/** Presses one of the page's buttons. */
export async function pressButton (url: string, name: string, value: string): Promise<void> {
  await send(url, new URLSearchParams({ [name]: value }))
}

async function send (url: string, body: URLSearchParams): Promise<void> {
  const answer = await fetch(url, { method: 'POST', redirect: 'manual', body })
  if (answer.status >= 400) throw new Error(`${answer.status}: ${await answer.text()}`)
}
