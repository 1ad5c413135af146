import type { FastifyInstance, FastifyReply } from 'fastify'
import { display } from './amounts.ts'
import { authenticate } from './intent-machine.ts'
import type { IntentRecord } from './objects.ts'
import { finish, quietCall, type Books, type World } from './world.ts'

/**
 * The bank's page in the payer's browser: complete or fail, then back to the shop with `payment_intent`, `payment_intent_client_secret` and `redirect_status`.
 * Source: https://docs.stripe.com/payments/3d-secure/authentication-flow, read 2026-11.
 */
export function pages (app: FastifyInstance, world: World): void {
  app.get<{ Params: { attempt: string }, Querystring: { client_secret?: string } }>('/redirect/authenticate/:attempt', (request, reply) => {
    const found = lookUp(world, request.params.attempt, request.query.client_secret)
    return found === undefined ? html(reply, 404, gone) : html(reply, 200, question(found.intent))
  })
  app.post<{ Params: { attempt: string }, Querystring: { client_secret?: string }, Body: string }>('/redirect/authenticate/:attempt', (request, reply) => {
    const found = lookUp(world, request.params.attempt, request.query.client_secret)
    if (found === undefined) return html(reply, 404, gone)
    const address = decide(world, found.books, found.intent, new URLSearchParams(request.body).get('outcome') !== 'fail')
    return address === undefined ? html(reply, 200, done(found.intent)) : reply.redirect(address, 303)
  })
  app.get<{ Params: { id: string } }>('/receipts/:id', (request, reply) => {
    const intent = world.intents.get(request.params.id)?.paymentIntents.get(request.params.id)
    return intent === undefined ? html(reply, 404, gone) : html(reply, 200, `<h1>Receipt</h1><p class="amount">${amount(intent)}</p><p>${escape(intent.wire.description ?? intent.id)}</p>`)
  })
}

/** Where the payer goes next, or undefined when the shop gave no address. */
export function decide (world: World, books: Books, intent: IntentRecord, success: boolean): string | undefined {
  const call = quietCall(world, books)
  authenticate(call, intent, success)
  finish(call)
  world.changed()
  if (intent.returnUrl === null) return undefined
  const address = new URL(intent.returnUrl)
  address.searchParams.set('payment_intent', intent.id)
  address.searchParams.set('payment_intent_client_secret', intent.wire.client_secret)
  address.searchParams.set('redirect_status', intent.wire.status === 'requires_payment_method' ? 'failed' : 'succeeded')
  return address.href
}

function lookUp (world: World, attempt: string, secret: string | undefined): { books: Books, intent: IntentRecord } | undefined {
  const found = world.attempts.get(attempt)
  const intent = found?.books.paymentIntents.get(found.intent)
  return found === undefined || intent === undefined || intent.wire.client_secret !== secret ? undefined : { books: found.books, intent }
}

function question (intent: IntentRecord): string {
  return `<h1>3D Secure test page</h1>
<p>This is not a bank. It stands for the page where a payer proves who they are.</p>
<p class="amount">${amount(intent)}</p>
<p>${escape(intent.wire.description ?? '')}</p>
<form method="post"><button name="outcome" value="complete" id="test-source-authorize-3ds">Complete authentication</button>
<button name="outcome" value="fail" id="test-source-fail-3ds" class="second">Fail authentication</button></form>`
}

function done (intent: IntentRecord): string {
  return `<h1>Thank you</h1><p>You can close this page. The payment is <b>${escape(intent.wire.status)}</b>.</p>`
}

const gone = '<h1>Nothing to do here</h1><p>This authentication is over, or never existed.</p>'

function amount ({ wire }: IntentRecord): string {
  return escape(`${display(wire.amount, wire.currency)} ${wire.currency.toUpperCase()}`)
}

function html (reply: FastifyReply, status: number, body: string): FastifyReply {
  return reply.code(status).header('content-security-policy', "default-src 'none'; style-src 'unsafe-inline'").header('cache-control', 'no-store').type('text/html; charset=utf-8').send(`<!doctype html>
<html lang="en"><head><meta charset="utf-8"><meta name="viewport" content="width=device-width, initial-scale=1"><title>Stripe simulator</title>
<style>body{font:16px/1.5 system-ui,sans-serif;max-width:28rem;margin:4rem auto;padding:0 1rem;color:#1a1f36}.amount{font-size:2rem;margin:0}
button{font:inherit;padding:.7rem 1.2rem;margin:.3rem .3rem .3rem 0;border:1px solid #0055bc;border-radius:.3rem;background:#0055bc;color:#fff;cursor:pointer}
button.second{background:#fff;color:#0055bc}button:focus-visible{outline:3px solid #ffb000}</style></head><body><main>${body}</main></body></html>`)
}

function escape (text: string): string {
  return text.replaceAll('&', '&amp;').replaceAll('<', '&lt;').replaceAll('>', '&gt;').replaceAll('"', '&quot;')
}
