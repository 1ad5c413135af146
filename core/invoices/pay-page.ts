import type { FastifyReply } from 'fastify'
import { Type } from 'typebox'
import { type Access, systemAccess } from '../access/principal.ts'
import type { Mode } from '../adapter/context.ts'
import type { NextAction } from '../adapter/payments.ts'
import { createCheckoutSession, expireCheckoutSession, getCheckoutSession } from '../checkout/service.ts'
import { inTenant } from '../db/in-tenant.ts'
import { startTimer } from '../db/timers.ts'
import { HubError } from '../errors.ts'
import type { HubInstance } from '../http.ts'
import type { Hub } from '../hub.ts'
import { publicId } from '../ids.ts'
import { findIssuer } from '../issuers/queries.ts'
import { amountText, escape, sendPage } from '../payments/page-html.ts'
import { findPayment } from '../payments/queries.ts'
import { cancelPayment, createPayment } from '../payments/service.ts'
import { openNextAction } from '../payments/view.ts'
import { type Books, booksOf } from '../receivables/books.ts'
import { findOwed } from '../receivables/queries.ts'
import { toMinor } from '../receivables/reconcile.ts'
import { collectInvoice, receivableTimer } from './collect.ts'
import { chosenAmount, dueOf, linkOf, linkStatus, linkUrl, openLink, type Option, optionsFor } from './payment-link.ts'
import { findInvoice, type InvoiceRow } from './queries.ts'

const open = { config: { public: true }, schema: { hide: true, params: Type.Object({ token: Type.String({ maxLength: 250 }) }) } } as const

type Language = 'es' | 'en'

/**
 * Where the customer of an invoice reads what is due and pays it: by one of the methods that the tenant's connections can take it
 * with, in parts where the tenant allows that. Whoever holds the link may do that and nothing else. One payer at a time has the
 * amount: a second one is shown what is under way, may go on with it, or gives it up first.
 */
export async function invoicePageRoutes (app: HubInstance): Promise<void> {
  const { hub } = app
  // Three short fields.
  app.addContentTypeParser('application/x-www-form-urlencoded', { bodyLimit: 2048, parseAs: 'string' }, (_request, body, done) => { done(null, Object.fromEntries(new URLSearchParams(String(body)))) })

  app.get('/invoice/:token', open, async (request, reply) => {
    const row = await newest(hub, await named(hub, request.params.token), request)
    return await show(hub, reply, row, request.language, (request.query as Record<string, string | undefined>).then === 'go')
  })
  app.post('/invoice/:token', open, async (request, reply) => {
    const row = await newest(hub, await named(hub, request.params.token), request)
    const fields = (request.body ?? {}) as Partial<Record<'option' | 'amount' | 'give_up', string>>
    const page = await linkUrl(hub, row)
    if (linkStatus(hub, row) !== 'open') return await reply.redirect(page, 303)
    const acting = { tenantId: row.tenant_id, mode: row.mode as Mode, requestId: request.id, address: request.ip, language: request.language }
    try {
      if (fields.give_up !== undefined) await giveUp(hub, acting, row)
      else await begin(hub, acting, row, fields, page)
    } catch (error) {
      // A refusal that the payer can do something about, or that says that somebody else is at it: the page tells how it stands.
      if (!(error instanceof HubError)) throw error
      hub.log.info({ err: error, invoice: publicId('invoice', row.id) }, 'a payer of an invoice was refused')
      return await show(hub, reply.code(error.code === 'invoice_being_paid' ? 409 : 400), await newest(hub, row, request), request.language, false, error)
    }
    // Read anew by the browser: going back or reloading sends nothing twice.
    return await reply.redirect(`${page}?then=go`, 303)
  })
}

async function named (hub: Hub, token: string): Promise<InvoiceRow> {
  const row = await openLink(hub, token)
  if (row === undefined) throw new HubError('not_found')
  return row
}

/** Who comes back from a provider wants to read how it went: its open pages are asked about, and the books are brought up to date. */
async function newest (hub: Hub, row: InvoiceRow, { id: requestId, ip: address, language }: { id: string, ip: string, language: Language }): Promise<InvoiceRow> {
  const books = await read(hub, row)
  const access = systemAccess('payer', { tenantId: row.tenant_id, mode: row.mode as Mode, requestId, address, language })
  for (const page of books.holding.pages.filter(({ kind }) => kind === 'checkout_session')) await getCheckoutSession(hub, access, publicId('checkout_session', page.id)).catch(ofState)
  await inTenant(hub.db, row.tenant_id, async db => { await startTimer(db, receivableTimer, row.id, hub.now()) })
  await collectInvoice(hub, row.tenant_id, row.id)
  return await inTenant(hub.db, row.tenant_id, async db => (await findInvoice(db, row.id))!)
}

async function read (hub: Hub, row: InvoiceRow): Promise<Books> {
  return await inTenant(hub.db, row.tenant_id, async db => await booksOf(db, (await findOwed(db, row.id))!))
}

/** Somebody else is at it, or it ended meanwhile: the page says how it stands. */
function ofState (error: unknown): undefined {
  if (!(error instanceof HubError)) throw error
}

async function begin (hub: Hub, acting: Omit<Access, 'principal'>, row: InvoiceRow, { option: wanted = '', amount: typed }: { option?: string, amount?: string }, page: string): Promise<void> {
  const option = (await options(hub, row)).find(one => nameOf(one) === wanted)
  if (option === undefined) throw new HubError('method_not_supported')
  const access = systemAccess('payer', acting)
  const amount = chosenAmount(row, typed)
  const { customer } = row.body as { customer?: { name?: string, email?: string } }
  const shared = {
    amount,
    currency: row.currency,
    connection: publicId('connection', option.connection.id),
    invoice_id: publicId('invoice', row.id),
    description: titleOf(row, acting.language),
    reference: [row.series, row.number].filter(Boolean).join('-') || publicId('invoice', row.id),
    ...(customer !== undefined && { customer: { ...(customer.name !== undefined && { name: customer.name.slice(0, 200) }), ...(customer.email !== undefined && { email: customer.email }) } })
  }
  if (option.how === 'page') {
    await createCheckoutSession(hub, access, { ...shared, methods: [option.method], success_url: page, cancel_url: page, locale: acting.language, metadata: row.metadata as Record<string, string> }, null)
  } else {
    await createPayment(hub, access, { ...shared, method: { type: option.method }, return_url: page, metadata: row.metadata as Record<string, string> }, null)
  }
}

/** What is open at the providers is ended there first: only then is its part free for another. */
async function giveUp (hub: Hub, acting: Omit<Access, 'principal'>, row: InvoiceRow): Promise<void> {
  const access = systemAccess('payer', acting)
  const { holding } = await read(hub, row)
  for (const page of holding.pages.filter(({ kind }) => kind === 'checkout_session')) await expireCheckoutSession(hub, access, publicId('checkout_session', page.id), null)
  for (const payment of holding.payments.filter(({ status }) => status !== 'authorized')) await cancelPayment(hub, access, publicId('payment', payment.id), undefined)
}

async function options (hub: Hub, row: InvoiceRow): Promise<Option[]> {
  return optionsFor(hub, await hub.usable.load(row.tenant_id, row.mode as Mode), row.mode as Mode, row)
}

const nameOf = ({ method, connection }: Option): string => `${method}:${publicId('connection', connection.id)}`

// --- what is shown --------------------------------------------------------------------------------------------------------

const texts = {
  es: {
    invoice: 'Factura', to: 'De', total: 'Total', paid: 'Pagado', credited: 'Notas de crédito', due: 'Por pagar', dueOn: 'Vence el', how: '¿Cómo quiere pagar?', amount: 'Importe', pay: 'Pagar',
    status: { unpaid: 'Sin pagar', partly_paid: 'Pagada en parte', paid: 'Pagada' },
    thanks: 'La factura está pagada. Gracias.', closed: 'Esta factura ya no se paga aquí. Hable con quien se la envió.', none: 'Por ahora no hay con qué pagarla aquí. Hable con quien se la envió.',
    underWay: 'Hay un pago en curso de', goOn: 'Continuar ese pago', wait: 'El pago se está procesando. Esta página se actualiza sola.', giveUp: 'Pagar de otra forma', givingUp: 'El pago en curso se cancela.', back: 'Volver', reference: 'Referencia', until: 'Válida hasta',
    taken: 'Alguien está pagando esta factura en este momento.'
  },
  en: {
    invoice: 'Invoice', to: 'From', total: 'Total', paid: 'Paid', credited: 'Credit notes', due: 'Due', dueOn: 'Due on', how: 'How do you want to pay?', amount: 'Amount', pay: 'Pay',
    status: { unpaid: 'Unpaid', partly_paid: 'Partly paid', paid: 'Paid' },
    thanks: 'The invoice is paid. Thank you.', closed: 'This invoice is no longer paid here. Please talk to who sent it.', none: 'There is nothing to pay it with here at the moment. Please talk to who sent it.',
    underWay: 'A payment is under way, of', goOn: 'Continue that payment', wait: 'The payment is being processed. This page updates itself.', giveUp: 'Pay in another way', givingUp: 'The payment under way is cancelled.', back: 'Back', reference: 'Reference', until: 'Valid until',
    taken: 'Somebody is paying this invoice at this moment.'
  }
} as const
type Texts = typeof texts[Language]

const methodNames: Readonly<Record<string, Record<Language, string>>> = {
  card: { es: 'Tarjeta', en: 'Card' },
  oxxo: { es: 'Efectivo en OXXO', en: 'Cash at OXXO' },
  cash: { es: 'Efectivo', en: 'Cash' },
  spei: { es: 'Transferencia SPEI', en: 'SPEI transfer' },
  bank_transfer: { es: 'Transferencia bancaria', en: 'Bank transfer' },
  pse: { es: 'PSE', en: 'PSE' },
  pix: { es: 'Pix', en: 'Pix' },
  paypal: { es: 'PayPal', en: 'PayPal' }
}
const methodName = (type: string, language: Language): string => methodNames[type]?.[language] ?? `${type[0]!.toUpperCase()}${type.slice(1).replaceAll('_', ' ')}`

const titleOf = (row: InvoiceRow, language: Language): string => `${texts[language].invoice} ${[row.series, row.number].filter(Boolean).join('-')}`.trim()

async function show (hub: Hub, reply: FastifyReply, row: InvoiceRow, language: Language, goes: boolean, refused?: HubError): Promise<FastifyReply> {
  const said = texts[language]
  const issuer = await inTenant(hub.db, row.tenant_id, async db => await findIssuer(db, row.issuer_id))
  const money = (decimal: { toString: () => string }) => amountText(toMinor(dueOf({ ...row, total: decimal.toString(), amount_paid: '0', amount_credited: '0', status: 'issued' }), row.currency), row.currency, language)
  const due = dueOf(row)
  const status = due.lessThanOrEqualTo(0) ? 'paid' : Number(row.amount_paid) > 0 ? 'partly_paid' : 'unpaid'
  const facts: [string, string][] = [
    [said.total, money(row.total)],
    ...(Number(row.amount_credited) > 0 ? [[said.credited, money(row.amount_credited)] as [string, string]] : []),
    ...(Number(row.amount_paid) > 0 ? [[said.paid, money(row.amount_paid)] as [string, string]] : []),
    ...(row.due === null ? [] : [[said.dueOn, row.due] as [string, string]])
  ]
  const { main, head = '' } = await actions(hub, row, language, goes)
  const problem = refused === undefined ? '' : `<p class="problem" role="alert">${escape(sentenceOf(refused, language, said))}</p>\n`
  return await sendPage(reply, language, {
    title: titleOf(row, language),
    head,
    main: `<h1>${escape(money(due))}</h1>
<p>${escape(titleOf(row, language))} · <strong>${said.status[status]}</strong></p>
<p>${said.to} <strong>${escape(issuer?.trade_name ?? issuer?.legal_name ?? '')}</strong></p>
<dl>${facts.map(([name, value]) => `<dt>${name}</dt><dd>${escape(value)}</dd>`).join('')}</dl>
${problem}${main}`
  })
}

function sentenceOf (error: HubError, language: Language, said: Texts): string {
  if (error.code === 'invoice_being_paid') return said.taken
  const [field] = error.errors ?? []
  const told = typeof field?.message === 'object' ? field.message[language] : field?.message
  return told === undefined ? error.detail[language] : `${field!.path === 'amount' ? said.amount : field!.path}: ${told}`
}

interface Part { main: string, head?: string }

async function actions (hub: Hub, row: InvoiceRow, language: Language, goes: boolean): Promise<Part> {
  const said = texts[language]
  const back = linkOf(row)?.success_url
  const done = back == null || !/^https?:/.test(back) ? '' : `\n<p><a href="${escape(back)}">${said.back}</a></p>`
  const status = linkStatus(hub, row)
  if (status === 'paid') return { main: `<p role="status">${said.thanks}</p>${done}` }
  if (status !== 'open') return { main: `<p role="status">${said.closed}</p>` }
  const { holding, due, reserved } = await read(hub, row)
  if (holding.pages.length + holding.payments.length > 0) return await underWay(hub, row, { holding, language, goes, all: due.minus(reserved).lessThanOrEqualTo(0) })
  return await form(hub, row, language)
}

/** What somebody has begun: who comes with the link may go on with it, or give it up. */
async function underWay (hub: Hub, row: InvoiceRow, { holding, language, goes }: { holding: Books['holding'], language: Language, goes: boolean, all: boolean }): Promise<Part> {
  const said = texts[language]
  const parts: string[] = []
  let head = ''
  for (const page of holding.pages) {
    parts.push(`<p>${said.underWay} <strong>${escape(amountText(page.amount, page.currency, language))}</strong>.</p>`)
    if (page.url !== null && /^https?:/.test(page.url)) {
      parts.push(`<p><a href="${escape(page.url)}">${said.goOn}</a></p>`)
      if (goes) head = `<meta http-equiv="refresh" content="0; url=${escape(page.url)}">\n`
    }
  }
  for (const { id, amount, currency } of holding.payments) {
    const payment = await inTenant(hub.db, row.tenant_id, async db => (await findPayment(db, id))!)
    const action = await openNextAction(hub, payment)
    parts.push(`<p>${said.underWay} <strong>${escape(amountText(amount, currency, language))}</strong>.</p>`)
    if (action?.type === 'redirect' && /^https?:/.test(action.url)) {
      parts.push(`<p><a href="${escape(action.url)}">${said.goOn}</a></p>`)
      if (goes) head = `<meta http-equiv="refresh" content="0; url=${escape(action.url)}">\n`
    } else parts.push(instructions(action, said))
    if (payment.status === 'processing' || payment.status === 'unknown') head = '<meta http-equiv="refresh" content="5">\n'
  }
  parts.push(`<form method="post"><p>${said.givingUp}</p><button name="give_up" value="1">${said.giveUp}</button></form>`)
  return { main: parts.join('\n'), head }
}

/** What a payer types or shows to pay: every word of a provider that is one text or number. */
function instructions (action: NextAction | null, said: Texts): string {
  if (action === null || action.type === 'redirect' || action.type === 'client_secret') return `<p role="status">${said.wait}</p>`
  const facts = Object.entries(action).filter(([name, value]) => name !== 'type' && name !== 'image' && (typeof value === 'string' || typeof value === 'number'))
  const named: Readonly<Record<string, string>> = { reference: said.reference, expires_at: said.until, clabe: 'CLABE' }
  const rows = facts.map(([name, value]) => {
    const text = String(value)
    const shown = name.endsWith('_url') && /^https?:/.test(text) ? `<a href="${escape(text)}">${escape(text)}</a>` : escape(text)
    return `<dt>${escape(named[name] ?? name)}</dt><dd>${shown}</dd>`
  })
  return `<dl>${rows.join('')}</dl>`
}

async function form (hub: Hub, row: InvoiceRow, language: Language): Promise<Part> {
  const said = texts[language]
  const choices = await options(hub, row)
  if (choices.length === 0) return { main: `<p role="status">${said.none}</p>` }
  const items = choices.map(choice => `<option value="${escape(nameOf(choice))}">${escape(methodName(choice.method, language))}</option>`)
  const amount = linkOf(row)!.partial ? `\n<label for="amount">${said.amount}</label>\n<input id="amount" name="amount" inputmode="decimal" value="${escape(dueOf(row).toFixed(2))}">` : ''
  return { main: `<form method="post">\n<label for="option">${said.how}</label>\n<select id="option" name="option">${items.join('')}</select>${amount}\n<button>${said.pay}</button>\n</form>` }
}
