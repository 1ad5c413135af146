/** Stripe.js where there is no internet: its script and frames under Stripe's own addresses, before a browser, and the simulator behind them. */
import type { Page, Route } from 'playwright-core'

/**
 * As much as a page with a Payment Element needs, written from https://docs.stripe.com/js (read 2026-11): the fields stand in a frame
 * of js.stripe.com and send the number from there to api.stripe.com; the bank's page stands in a frame of hooks.stripe.com. What the
 * browser asks of those addresses is judged by the page's own policy, as with the real ones. Answers what reached api.stripe.com.
 */
export async function stripeJs (page: Page, simulatorUrl: string): Promise<{ asked: string[] }> {
  const asked: string[] = []
  await page.route('https://js.stripe.com/v3/', async route => { await route.fulfill({ contentType: 'text/javascript', body: script }) })
  await page.route('https://js.stripe.com/v3/fields.html', async route => { await route.fulfill({ contentType: 'text/html', body: fields }) })
  await page.route('https://api.stripe.com/**', async route => {
    const { status, type, body } = await simulated(route, simulatorUrl)
    asked.push(`${route.request().method()} ${new URL(route.request().url()).pathname} ${route.request().postData() ?? ''}`)
    await route.fulfill({ status, contentType: type, body, headers: { 'access-control-allow-origin': '*' } })
  })
  await page.route('https://hooks.stripe.com/**', async route => {
    const { status, type, body } = await simulated(route, simulatorUrl)
    // Where the bank sends the payer back to the shop, Stripe's frame tells the page that it is over.
    if (status === 303) await route.fulfill({ contentType: 'text/html', body: "<script>parent.postMessage('authenticated', '*')</script>" })
    else await route.fulfill({ status, contentType: type, body })
  })
  return { asked }
}

async function simulated (route: Route, simulatorUrl: string): Promise<{ status: number, type: string, body: string }> {
  const request = route.request()
  const { pathname, search } = new URL(request.url())
  const data = request.postData()
  const response = await fetch(`${simulatorUrl}${pathname}${search}`, { method: request.method(), redirect: 'manual', ...(data !== null && { body: data, headers: { 'content-type': 'application/x-www-form-urlencoded' } }) })
  return { status: response.status, type: response.headers.get('content-type') ?? 'text/plain', body: await response.text() }
}

const script = `window.Stripe = (key, { stripeAccount, locale } = {}) => {
  if (!/^pk_(test|live)_/.test(key)) throw new Error('Please pass a valid publishable key.')
  const frameOf = (src, title, at) => Object.assign(at.appendChild(document.createElement('iframe')), { src, title, width: '100%', height: 260 })
  const told = (frame, ask) => new Promise(resolve => {
    const listen = event => {
      if (event.source !== frame.contentWindow) return
      removeEventListener('message', listen)
      resolve(event.data)
    }
    addEventListener('message', listen)
    if (ask) frame.contentWindow.postMessage(ask, 'https://js.stripe.com')
  })
  const api = async (path, params) => await (await fetch('https://api.stripe.com' + path, { method: 'POST', body: new URLSearchParams({ key, ...params }) })).json()
  return {
    elements ({ clientSecret }) {
      const made = { clientSecret }
      return {
        made,
        create () {
          const listeners = {}
          return {
            on (event, listener) { listeners[event] = listener },
            mount (at) {
              made.frame = frameOf('https://js.stripe.com/v3/fields.html', 'Secure payment input frame', at)
              told(made.frame).then(said => { if (said === 'ready') listeners.ready?.() })
            },
            destroy () { made.frame?.remove() }
          }
        }
      }
    },
    async confirmPayment ({ elements: { made }, confirmParams, redirect }) {
      if (redirect !== 'if_required' || !/^https?:/.test(confirmParams.return_url)) throw new Error('IntegrationError')
      const method = await told(made.frame, { key })
      if (method.error) return { error: method.error }
      const [id] = made.clientSecret.split('_secret')
      const path = '/v1/payment_intents/' + id
      let intent = await api(path + '/confirm', { client_secret: made.clientSecret, payment_method: method.id, return_url: 'https://hooks.stripe.com/back', use_stripe_sdk: 'true' })
      if (intent.error) return { error: intent.error }
      if (intent.status === 'requires_action') {
        const { pathname, search } = new URL(intent.next_action.redirect_to_url.url)
        const bank = frameOf('https://hooks.stripe.com' + pathname + search, 'Authentication', document.body)
        Object.assign(bank.style, { position: 'fixed', inset: '0', zIndex: '9999', height: '100%', background: '#fff' })
        await told(bank)
        bank.remove()
        intent = await (await fetch('https://api.stripe.com' + path + '?' + new URLSearchParams({ key, client_secret: made.clientSecret }))).json()
      }
      return intent.last_payment_error ? { error: intent.last_payment_error } : { paymentIntent: intent }
    }
  }
}`

const fields = `<!doctype html><html lang="en"><meta charset="utf-8"><title>Secure payment input frame</title>
<label>Card number <input name="number" inputmode="numeric"></label> <label>Expiry <input name="expiry"></label> <label>CVC <input name="cvc"></label>
<script>
addEventListener('message', async ({ source, data: { key } }) => {
  const value = name => document.querySelector('[name=' + name + ']').value
  const [month, year] = value('expiry').split('/')
  const body = new URLSearchParams({ key, type: 'card', 'card[number]': value('number'), 'card[exp_month]': month, 'card[exp_year]': '20' + year, 'card[cvc]': value('cvc') })
  source.postMessage(await (await fetch('https://api.stripe.com/v1/payment_methods', { method: 'POST', body })).json(), '*')
})
parent.postMessage('ready', '*')
</script></html>`
