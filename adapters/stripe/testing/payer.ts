/** A payer in front of one of Stripe's pages: reads the form, fills it in and sends it, as a browser would. */
export async function payPage (url: string, fields: Record<string, string> = {}): Promise<string> {
  const shown = await fetch(url)
  const html = await shown.text()
  const action = /<form[^>]*action="([^"]*)"/.exec(html)?.[1] ?? shown.url
  const form = new URLSearchParams()
  for (const [input] of html.matchAll(/<input[^>]*>/g)) {
    const name = /name="([^"]*)"/.exec(input)?.[1]
    if (name !== undefined && !/type="(radio|checkbox)"/.test(input)) form.set(name, /value="([^"]*)"/.exec(input)?.[1] ?? '')
  }
  const given = { email: 'ana@shop.example', name: 'Ana Pérez', card: '4242424242424242', method: 'card', ...fields }
  for (const [name, value] of Object.entries(given)) if (form.get(name) === '' || !form.has(name)) form.set(name, value)
  const answer = await fetch(new URL(action.replaceAll('&amp;', '&'), shown.url), { method: 'POST', redirect: 'manual', body: form })
  if (answer.status >= 400) throw new Error(`${answer.status}: ${await answer.text()}`)
  return answer.headers.get('location') ?? ''
}
