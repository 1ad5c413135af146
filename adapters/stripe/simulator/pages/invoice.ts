import type { FastifyInstance } from 'fastify'
import { attempt, intentOf } from '../billing/invoicing.ts'
import { cardByToken } from '../cards.ts'
import { checkNumber, newCard } from '../methods.ts'
import type { Invoice } from '../objects.ts'
import { quiet } from '../outcomes.ts'
import { quietly, type Books, type World } from '../world.ts'
import { escape, gone, html, money, testNote } from './html.ts'

type Page = { Params: { token: string }, Body: string }

/** Where a customer sees what an invoice claims, and pays it. */
export function invoicePages (app: FastifyInstance, world: World): void {
  app.get<Page>('/i/:token', (request, reply) => {
    const found = invoiceBehind(world, request.params.token)
    return found === undefined ? html(reply, 404, gone) : html(reply, 200, view(found.invoice, null), 'Invoice')
  })
  app.post<Page>('/i/:token', (request, reply) => {
    const found = invoiceBehind(world, request.params.token)
    if (found === undefined) return html(reply, 404, gone)
    const { invoice, books } = found
    const card = new URLSearchParams(request.body).get('card') ?? '4242424242424242'
    const refused = quietly(world, books, call => quiet(() => {
      const method = newCard(call, cardByToken(card) ?? checkNumber(card), {})
      const intent = intentOf(call, invoice)
      if (intent !== undefined) intent.returnUrl = `${world.url()}/i/${request.params.token}`
      const why = attempt(call, invoice, method)
      if (why !== undefined) throw why
    }))
    const action = books.invoicePayments.items.filter(each => each.invoice === invoice.id).map(each => books.paymentIntents.get(each.payment.payment_intent)?.wire.next_action).find(each => each?.type === 'redirect_to_url')
    if (action?.type === 'redirect_to_url') return reply.redirect(action.redirect_to_url.url, 303)
    return html(reply, refused === undefined ? 200 : 402, view(invoice, refused?.message ?? null), 'Invoice')
  })
}

function view (invoice: Invoice, notice: string | null): string {
  return `${testNote}<h1>Invoice ${escape(invoice.number ?? '')}</h1><p class="amount">${money(invoice.amount_due, invoice.currency)}</p><p role="status">This invoice is <b>${escape(invoice.status)}</b>.</p>
<table>${invoice.lines.data.map(line => `<tr><td>${escape(line.description)}</td><td>${money(line.amount, line.currency)}</td></tr>`).join('')}</table>
${notice === null ? '' : `<p role="alert">${escape(notice)}</p>`}
${invoice.status === 'open' ? '<form method="post"><label>Test card<input name="card" inputmode="numeric" value="4242424242424242"></label><button>Pay</button></form>' : ''}`
}

function invoiceBehind (world: World, token: string): { books: Books, invoice: Invoice } | undefined {
  const door = world.doors.get(token)
  const invoice = door?.kind === 'invoice' ? door.books.invoices.get(door.id) : undefined
  return door === undefined || invoice === undefined ? undefined : { books: door.books, invoice }
}
