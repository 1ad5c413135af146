import { createServer, type IncomingHttpHeaders } from 'node:http'
import { once } from 'node:events'
import type { AddressInfo } from 'node:net'
import Stripe from 'stripe'
import { startStripeSimulator, type StripeSimulator, type StripeSimulatorOptions } from '../simulator.ts'

/** What the simulator's own tests share. */
type Teardown = { teardown: (end: () => unknown) => void }

export async function start (t: Teardown, options: StripeSimulatorOptions = {}): Promise<StripeSimulator> {
  const simulator = await startStripeSimulator({ seed: 7, logger: { error: (details, message) => { throw new Error(message, { cause: details }) } }, ...options })
  t.teardown(() => simulator.close())
  return simulator
}

/** The official SDK, pointed at the simulator, repeating nothing by itself. */
export function sdk (simulator: StripeSimulator, key = simulator.credentials('test').secret_key!, config: Partial<ConstructorParameters<typeof Stripe>[1]> = {}): Stripe {
  const { port } = new URL(simulator.url)
  return new Stripe(key, { host: '127.0.0.1', port, protocol: 'http', maxNetworkRetries: 0, telemetry: false, ...config } as ConstructorParameters<typeof Stripe>[1])
}

/** Posts a form as a client without an SDK would. */
export async function post (simulator: StripeSimulator, path: string, form: string, headers: Record<string, string> = {}): Promise<{ status: number, headers: Headers, body: any }> {
  const answer = await fetch(simulator.url + path, {
    method: 'POST',
    headers: { authorization: 'Bearer sk_test_rawclient00001', 'content-type': 'application/x-www-form-urlencoded', ...headers },
    body: form
  })
  return { status: answer.status, headers: answer.headers, body: await answer.json() }
}

export const payment = {
  amount: 10990,
  currency: 'mxn',
  confirm: true,
  payment_method: 'pm_card_visa',
  return_url: 'https://shop.test/back'
} as const

export const paymentForm = 'amount=10990&currency=mxn&confirm=true&payment_method=pm_card_visa&return_url=https://shop.test/back'

/** What the SDK threw. */
export async function failure (promise: Promise<unknown>): Promise<any> {
  try {
    await promise
  } catch (error) {
    return error
  }
  throw new Error('it was expected to fail')
}

export interface Received { body: string, headers: IncomingHttpHeaders, event: { id: string, type: string, data: { object: any, previous_attributes?: any } } & Record<string, any> }

/** A partner that takes webhooks; `status` decides its answer. */
export async function receiver (t: Teardown, status: (count: number) => number = () => 200): Promise<{ url: string, received: Received[], until: (enough: (received: Received[]) => boolean) => Promise<Received[]> }> {
  const received: Received[] = []
  const waiting: { enough: (received: Received[]) => boolean, resolve: (received: Received[]) => void }[] = []
  const server = createServer((request, response) => {
    const chunks: Buffer[] = []
    request.on('data', chunk => chunks.push(chunk))
    request.on('end', () => {
      const body = Buffer.concat(chunks).toString()
      received.push({ body, headers: request.headers, event: JSON.parse(body) })
      response.statusCode = status(received.length)
      response.end()
      for (const each of waiting) if (each.enough(received)) each.resolve(received)
    })
  }).listen(0, '127.0.0.1')
  await once(server, 'listening')
  t.teardown(() => {
    server.closeAllConnections()
    server.close()
  })
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}/hooks`,
    received,
    until: enough => new Promise(resolve => {
      if (enough(received)) resolve(received)
      else waiting.push({ enough, resolve })
    })
  }
}

/** Fills and sends the form of a page as a browser would, and answers where that leads. */
export async function submit (page: string, values: Record<string, string> = {}): Promise<{ status: number, location: string | null, text: string }> {
  const shown = await fetch(page, { redirect: 'manual' })
  const fields = formOf(await shown.text())
  const answer = await fetch(page, { method: 'POST', body: new URLSearchParams({ ...fields, ...values }), redirect: 'manual' })
  return { status: answer.status, location: answer.headers.get('location'), text: await answer.text() }
}

/** What a form would send if nobody touched it: names with their values, of choices the one that is checked or first. */
export function formOf (page: string): Record<string, string> {
  const fields: Record<string, string> = {}
  for (const [, attributes] of page.matchAll(/<input ([^>]*)>/g)) {
    const name = /name="([^"]*)"/.exec(attributes!)?.[1]
    const unchecked = /type="radio"/.test(attributes!) && !/checked/.test(attributes!)
    if (name !== undefined && !unchecked) fields[name] = /value="([^"]*)"/.exec(attributes!)?.[1] ?? ''
  }
  for (const [, name, options] of page.matchAll(/<select name="([^"]*)"[^>]*>(.*?)<\/select>/g)) {
    fields[name!] = /<option value="([^"]*)"/.exec(options!)?.[1] ?? /<option>([^<]*)/.exec(options!)?.[1] ?? ''
  }
  return fields
}

/** Names of the events so far, oldest first. */
export async function eventTypes (stripe: Stripe, only = ''): Promise<string[]> {
  return (await stripe.events.list({ limit: 100 })).data.map(event => event.type).reverse().filter(type => type.startsWith(only))
}
