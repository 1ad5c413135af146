import type { FastifyInstance } from 'fastify'
import { wireDigits } from '../amounts.ts'
import { cashOf } from '../cash.ts'
import type { IntentRecord } from '../objects.ts'
import { fund, remaining } from '../transfers.ts'
import { expireVoucher, hasVoucher, payVoucher } from '../vouchers.ts'
import { quietCall, quietly, type Books, type World } from '../world.ts'
import { escape, gone, html, money, testNote } from './html.ts'

type Page = { Params: { token: string }, Querystring: { client_secret?: string }, Body: string }

/** The voucher that a payer takes to the shop, and the instructions of a transfer: with buttons for what happens elsewhere. */
export function cashPages (app: FastifyInstance, world: World): void {
  app.get<Page>('/oxxo/voucher/:token', (request, reply) => {
    const found = intentBehind(world, request.params.token, request.query.client_secret)
    return found === undefined ? html(reply, 404, gone) : html(reply, 200, voucher(found.intent, found.books))
  })
  app.post<Page>('/oxxo/voucher/:token', (request, reply) => {
    const found = intentBehind(world, request.params.token, request.query.client_secret)
    if (found === undefined || !hasVoucher(found.intent)) return html(reply, 404, gone)
    const pay = new URLSearchParams(request.body).get('outcome') === 'pay'
    quietly(world, found.books, call => pay ? payVoucher(call, found.intent) : expireVoucher(call, found.intent))
    return html(reply, 200, `<h1>${pay ? 'Paid' : 'Expired'}</h1><p>${pay ? 'The shop will be told.' : 'This voucher can no longer be paid.'}</p>${back(found.intent, found.books)}`)
  })
  app.get<Page>('/bank_transfer/:token', (request, reply) => {
    const found = intentBehind(world, request.params.token, request.query.client_secret)
    return found === undefined ? html(reply, 404, gone) : html(reply, 200, instructions(world, found.intent, found.books))
  })
  app.post<Page>('/bank_transfer/:token', (request, reply) => {
    const found = intentBehind(world, request.params.token, request.query.client_secret)
    if (found === undefined) return html(reply, 404, gone)
    const { intent, books } = found
    const { currency, customer } = intent.wire
    const amount = Math.round(Number(new URLSearchParams(request.body).get('amount')) * 10 ** wireDigits(currency))
    if (!Number.isSafeInteger(amount) || amount < 1) return html(reply, 400, '<h1>An amount is needed</h1>')
    quietly(world, books, call => fund(call, customer!, amount, currency, null))
    if (intent.wire.status !== 'succeeded') return html(reply, 200, instructions(world, intent, books))
    return html(reply, 200, `<h1>Received</h1><p>The transfer of ${money(amount, currency)} has arrived.</p>${back(intent, books)}`)
  })
}

function voucher (intent: IntentRecord, books: Books): string {
  const { wire } = intent
  if (wire.next_action?.type !== 'oxxo_display_details') return gone
  const { number, expires_after: expires } = wire.next_action.oxxo_display_details
  return `${testNote}<h1>OXXO voucher</h1><p class="amount">${money(wire.amount, wire.currency)}</p>
<p>Show this number at an OXXO shop before <time datetime="${new Date(expires * 1000).toISOString()}">${escape(mexicoCity(expires))}</time>:</p>
<p class="number">${number.replaceAll(/(\d{4})(?=\d)/g, '$1 ')}</p><p>${escape(wire.description ?? '')}</p>
<form method="post"><button name="outcome" value="pay">Pay at the shop</button> <button name="outcome" value="expire" class="second">Let it expire</button></form>${back(intent, books)}`
}

function instructions (world: World, intent: IntentRecord, books: Books): string {
  const { wire } = intent
  if (wire.next_action?.type !== 'display_bank_transfer_instructions') return gone
  const cash = cashOf(quietCall(world, books), wire.customer!)
  const left = remaining(intent)
  const digits = wireDigits(wire.currency)
  return `${testNote}<h1>Bank transfer (SPEI)</h1><p class="amount">${money(left, wire.currency)}</p>
${intent.funded > 0 ? `<p role="status">${money(intent.funded, wire.currency)} of ${money(wire.amount, wire.currency)} has arrived.</p>` : ''}
<table><tr><td>CLABE</td><td class="number">${cash.clabe}</td></tr><tr><td>Bank</td><td>BANAMEX</td></tr><tr><td>Reference</td><td>${cash.reference}</td></tr></table>
<form method="post"><label>Amount to transfer<input name="amount" inputmode="decimal" required value="${(left / 10 ** digits).toFixed(digits)}"></label><button>Transfer</button></form>${back(intent, books)}`
}

/** The way back to the shop, where a hosted page brought the payer here. */
function back (intent: IntentRecord, books: Books): string {
  const session = intent.owner?.kind === 'session' ? books.sessions.get(intent.owner.id) : undefined
  const address = session?.wire.success_url?.replaceAll('{CHECKOUT_SESSION_ID}', session.id) ?? intent.returnUrl
  return address === null || address === undefined ? '' : `<p><a href="${escape(address)}">Back to the shop</a></p>`
}

function intentBehind (world: World, token: string, secret: string | undefined): { books: Books, intent: IntentRecord } | undefined {
  const door = world.doors.get(token)
  const intent = door?.books.paymentIntents.get(door.id)
  return door === undefined || intent === undefined || intent.wire.client_secret !== secret ? undefined : { books: door.books, intent }
}

function mexicoCity (seconds: number): string {
  return new Date(seconds * 1000).toLocaleString('en-GB', { timeZone: 'America/Mexico_City', dateStyle: 'long', timeStyle: 'short' })
}
