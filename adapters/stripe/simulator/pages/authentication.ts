import type { FastifyInstance } from 'fastify'
import { authenticate } from '../intent-machine.ts'
import type { IntentRecord, SetupRecord } from '../objects.ts'
import { authenticateSetup } from '../setup-machine.ts'
import { quietly, type Books, type Door, type World } from '../world.ts'
import { escape, gone, html, money } from './html.ts'

/**
 * The bank's page in the payer's browser: complete or fail, then back to the shop with `payment_intent`, `payment_intent_client_secret` and `redirect_status`.
 * Source: https://docs.stripe.com/payments/3d-secure/authentication-flow, read 2026-11.
 */
export function authenticationPages (app: FastifyInstance, world: World): void {
  app.get<{ Params: { attempt: string }, Querystring: { client_secret?: string } }>('/redirect/authenticate/:attempt', (request, reply) => {
    const found = open(world, request.params.attempt, request.query.client_secret)
    return found === undefined ? html(reply, 404, gone) : html(reply, 200, question(found.record))
  })
  app.post<{ Params: { attempt: string }, Querystring: { client_secret?: string }, Body: string }>('/redirect/authenticate/:attempt', (request, reply) => {
    const found = open(world, request.params.attempt, request.query.client_secret)
    if (found === undefined) return html(reply, 404, gone)
    const address = answer(world, found, new URLSearchParams(request.body).get('outcome') !== 'fail')
    return address === undefined ? html(reply, 200, done(found.record)) : reply.redirect(address, 303)
  })
  app.get<{ Params: { id: string } }>('/receipts/:id', (request, reply) => {
    const intent = world.intents.get(request.params.id)?.paymentIntents.get(request.params.id)
    return intent === undefined ? html(reply, 404, gone) : html(reply, 200, `<h1>Receipt</h1><p class="amount">${money(intent.wire.amount, intent.wire.currency)}</p><p>${escape(intent.wire.description ?? intent.id)}</p>`)
  })
}

interface Open { books: Books, record: IntentRecord | SetupRecord }

/** Where the payer goes next, or undefined when the shop gave no address. */
export function answer (world: World, { books, record }: Open, success: boolean): string | undefined {
  const { wire } = record
  quietly(world, books, call => {
    if ('charges' in record) authenticate(call, record, success)
    else authenticateSetup(call, record, success)
  })
  if (record.returnUrl === null) return undefined
  const address = new URL(record.returnUrl)
  address.searchParams.set(wire.object, record.id)
  address.searchParams.set(`${wire.object}_client_secret`, wire.client_secret)
  address.searchParams.set('redirect_status', wire.status === 'requires_payment_method' ? 'failed' : 'succeeded')
  return address.href
}

function open (world: World, attempt: string, secret: string | undefined): Open | undefined {
  const door = world.doors.get(attempt)
  const record = recordOf(door)
  return door === undefined || record === undefined || record.wire.client_secret !== secret ? undefined : { books: door.books, record }
}

function recordOf (door: Door | undefined): IntentRecord | SetupRecord | undefined {
  if (door?.kind === 'authentication') return door.books.paymentIntents.get(door.id)
  return door?.kind === 'setup' ? door.books.setupIntents.get(door.id) : undefined
}

function question ({ wire }: IntentRecord | SetupRecord): string {
  return `<h1>3D Secure test page</h1>
<p>This is not a bank. It stands for the page where a payer proves who they are.</p>
${wire.object === 'payment_intent' ? `<p class="amount">${money(wire.amount, wire.currency)}</p>` : '<p>Save this card for later payments.</p>'}
<p>${escape(String(wire.description ?? ''))}</p>
<form method="post"><button name="outcome" value="complete" id="test-source-authorize-3ds">Complete authentication</button>
<button name="outcome" value="fail" id="test-source-fail-3ds" class="second">Fail authentication</button></form>`
}

function done ({ wire }: IntentRecord | SetupRecord): string {
  return `<h1>Thank you</h1><p>You can close this page. The payment is <b>${escape(wire.status)}</b>.</p>`
}
