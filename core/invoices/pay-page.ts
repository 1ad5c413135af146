import type { FastifyReply, FastifyRequest } from 'fastify'
import { type Access, systemAccess } from '../access/principal.ts'
import type { Mode } from '../adapter/context.ts'
import { zoneOfCountry } from '../bank-accounts/zones.ts'
import { createCheckoutSession, expireCheckoutSession, getCheckoutSession } from '../checkout/service.ts'
import { inTenant } from '../db/in-tenant.ts'
import { startTimer } from '../db/timers.ts'
import { HubError } from '../errors.ts'
import { escapeHtml as escape } from '../escape-html.ts'
import type { HubInstance } from '../http.ts'
import type { Hub } from '../hub.ts'
import { publicId } from '../ids.ts'
import { instructionsOf, type Written } from '../payments/instructions.ts'
import { methodName } from '../payments/method-names.ts'
import { findPayment } from '../payments/queries.ts'
import { cancelPayment, createPayment } from '../payments/service.ts'
import { openNextAction } from '../payments/view.ts'
import { brandLogo, brandOf } from '../public-pages/brand.ts'
import { amountText, type Language } from '../public-pages/html.ts'
import { addressOf, byLink, goesOn, goTo, onwards, type PublicPage, type Reader, readerOf, sendLogo, sendNoLink, sendPage, sendState, takeForms } from '../public-pages/page.ts'
import { type Books, booksOf } from '../receivables/books.ts'
import { findOwed } from '../receivables/queries.ts'
import { toMinor } from '../receivables/reconcile.ts'
import { collectInvoice, receivableTimer } from './collect.ts'
import { chosenAmount, dueOf, linkOf, linkStatus, linkUrl, openLink, type Option, optionsFor } from './payment-link.ts'
import { findInvoice, type InvoiceRow } from './queries.ts'

/**
 * Where the customer of an invoice reads what is due and pays it: by one of the methods that the tenant's connections can take it
 * with, in parts where the tenant allows that. Whoever holds the link may do that and nothing else. One payer at a time has the
 * amount: a second one is shown what is under way, may go on with it, or gives it up first.
 */
export async function invoicePageRoutes (app: HubInstance): Promise<void> {
  const { hub } = app
  // Three short fields.
  takeForms(app, 2048)

  app.get('/invoice/:token', byLink, async (request, reply) => {
    const reader = readerOf(request)
    const named = await openLink(hub, request.params.token)
    if (named === undefined) return await noLink(request, reply, reader)
    return await show(hub, request, reply, await newest(hub, named, visit(request, reader)), reader, { goes: goesOn(request) })
  })
  app.post('/invoice/:token', byLink, async (request, reply) => {
    const reader = readerOf(request)
    const { language } = reader
    const named = await openLink(hub, request.params.token)
    if (named === undefined) return await noLink(request, reply, reader)
    const row = await newest(hub, named, visit(request, reader))
    const fields = (request.body ?? {}) as Partial<Record<'option' | 'amount' | 'give_up', string>>
    const page = await linkUrl(hub, row)
    if (linkStatus(hub, row) !== 'open') return await reply.redirect(`${page}${reader.query}`, 303)
    const acting = { tenantId: row.tenant_id, mode: row.mode as Mode, requestId: request.id, address: request.ip, language }
    try {
      if (fields.give_up !== undefined) await giveUp(hub, acting, row)
      else await begin(hub, acting, row, fields, page)
    } catch (error) {
      // A refusal that the payer can do something about, or that says that somebody else is at it: the page tells how it stands.
      if (!(error instanceof HubError)) throw error
      hub.log.info({ err: error, invoice: publicId('invoice', row.id) }, 'a payer of an invoice was refused')
      return await show(hub, request, reply.code(error.code === 'invoice_being_paid' ? 409 : 400), await newest(hub, row, visit(request, reader)), reader, { refused: error })
    }
    // Read anew by the browser: going back or reloading sends nothing twice.
    return await reply.redirect(onwards(page, reader), 303)
  })
  app.get('/invoice/:token/state', byLink, async (request, reply) => {
    const row = await newest(hub, await named(hub, request.params.token), visit(request, readerOf(request)))
    return await sendState(reply, stateOf(hub, row, (await read(hub, row)).holding))
  })
  app.get('/invoice/:token/logo', byLink, async (request, reply) => await sendLogo(reply, await brandLogo(hub, sellerOf(await named(hub, request.params.token)))))
}

const noLink = async (request: FastifyRequest, reply: FastifyReply, reader: Reader): Promise<FastifyReply> =>
  await sendNoLink(request, reply, reader, { title: texts[reader.language].invoice, text: texts[reader.language].noLink })

interface Visit { id: string, ip: string, language: Language }
const visit = ({ id, ip }: FastifyRequest, { language }: Reader): Visit => ({ id, ip, language })

const sellerOf = (row: InvoiceRow) => ({ tenantId: row.tenant_id, mode: row.mode as Mode, currency: row.currency, issuerId: row.issuer_id })

/** What the page shows, as far as it changes by itself. */
function stateOf (hub: Hub, row: InvoiceRow, holding: Books['holding']): string {
  return [linkStatus(hub, row), row.amount_paid, row.amount_credited, ...holding.pages.map(({ id }) => id), ...holding.payments.map(({ id, status }) => `${id}-${status}`)].join('.')
}

async function named (hub: Hub, token: string): Promise<InvoiceRow> {
  const row = await openLink(hub, token)
  if (row === undefined) throw new HubError('not_found')
  return row
}

/** Who comes back from a provider wants to read how it went: its open pages are asked about, and the books are brought up to date. */
async function newest (hub: Hub, row: InvoiceRow, { id: requestId, ip: address, language }: Visit): Promise<InvoiceRow> {
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
    underWay: 'Hay un pago en curso de', goOn: 'Continuar ese pago', wait: 'El pago se está procesando. Esta página se actualiza sola.', giveUp: 'Pagar de otra forma', givingUp: 'El pago en curso se cancela.', back: 'Volver', sending: 'Un momento…', noLink: 'Este enlace ya no está activo, o está incompleto: ábralo desde el mensaje más reciente que recibió, o hable con quien se lo envió.',
    taken: 'Alguien está pagando esta factura en este momento.'
  },
  en: {
    invoice: 'Invoice', to: 'From', total: 'Total', paid: 'Paid', credited: 'Credit notes', due: 'Due', dueOn: 'Due on', how: 'How do you want to pay?', amount: 'Amount', pay: 'Pay',
    status: { unpaid: 'Unpaid', partly_paid: 'Partly paid', paid: 'Paid' },
    thanks: 'The invoice is paid. Thank you.', closed: 'This invoice is no longer paid here. Please talk to who sent it.', none: 'There is nothing to pay it with here at the moment. Please talk to who sent it.',
    underWay: 'A payment is under way, of', goOn: 'Continue that payment', wait: 'The payment is being processed. This page updates itself.', giveUp: 'Pay in another way', givingUp: 'The payment under way is cancelled.', back: 'Back', sending: 'One moment…', noLink: 'This link is no longer active, or it is incomplete: open it from the newest message that you got, or talk to who sent it.',
    taken: 'Somebody is paying this invoice at this moment.'
  }
} as const
type Texts = typeof texts[Language]

const titleOf = (row: InvoiceRow, language: Language): string => `${texts[language].invoice} ${[row.series, row.number].filter(Boolean).join('-')}`.trim()

async function show (hub: Hub, request: FastifyRequest, reply: FastifyReply, row: InvoiceRow, { language }: Reader, { goes = false, refused }: { goes?: boolean, refused?: HubError } = {}): Promise<FastifyReply> {
  const said = texts[language]
  const brand = await brandOf(hub, sellerOf(row), addressOf(request))
  const how: Written = { language, country: brand.country, zone: zoneOfCountry(brand.country) }
  const money = (decimal: { toString: () => string }) => amountText(toMinor(dueOf({ ...row, total: decimal.toString(), amount_paid: '0', amount_credited: '0', status: 'issued' }), row.currency), row.currency, how)
  const due = dueOf(row)
  const status = due.lessThanOrEqualTo(0) ? 'paid' : Number(row.amount_paid) > 0 ? 'partly_paid' : 'unpaid'
  const facts: [string, string][] = [
    [said.total, money(row.total)],
    ...(Number(row.amount_credited) > 0 ? [[said.credited, money(row.amount_credited)] as [string, string]] : []),
    ...(Number(row.amount_paid) > 0 ? [[said.paid, money(row.amount_paid)] as [string, string]] : []),
    ...(row.due === null ? [] : [[said.dueOn, row.due] as [string, string]])
  ]
  const { main, ...page } = await actions(hub, row, how, goes)
  const problem = refused === undefined ? '' : `<p class="problem" role="alert">${escape(sentenceOf(refused, language, said))}</p>\n`
  return await sendPage(request, reply, { language }, {
    ...page,
    title: titleOf(row, language),
    brand,
    test: row.mode === 'test',
    main: `<h1 class="amount">${escape(money(due))}</h1>
<p>${escape(titleOf(row, language))} · <strong>${said.status[status]}</strong></p>
<p>${said.to} <strong>${escape(brand.name)}</strong></p>
<dl class="facts">${facts.map(([name, value]) => `<dt>${name}</dt><dd>${escape(value)}</dd>`).join('')}</dl>
${problem}${main}`
  })
}

function sentenceOf (error: HubError, language: Language, said: Texts): string {
  if (error.code === 'invoice_being_paid') return said.taken
  const [field] = error.errors ?? []
  const told = typeof field?.message === 'object' ? field.message[language] : field?.message
  return told === undefined ? error.detail[language] : `${field!.path === 'amount' ? said.amount : field!.path}: ${told}`
}

type Part = Pick<PublicPage, 'main' | 'head' | 'watch'>

async function actions (hub: Hub, row: InvoiceRow, how: Written, goes: boolean): Promise<Part> {
  const said = texts[how.language]
  const back = linkOf(row)?.success_url
  const done = back == null || !/^https?:/.test(back) ? '' : `\n<p><a class="button plain" href="${escape(back)}">${said.back}</a></p>`
  const status = linkStatus(hub, row)
  if (status === 'paid') return { main: `<p class="good" role="status">${said.thanks}</p>${done}` }
  if (status !== 'open') return { main: `<p class="note" role="status">${said.closed}</p>` }
  const { holding } = await read(hub, row)
  if (holding.pages.length + holding.payments.length > 0) return await underWay(hub, row, holding, how, goes)
  return await form(hub, row, how.language)
}

/** What somebody has begun: who comes with the link may go on with it, or give it up. */
async function underWay (hub: Hub, row: InvoiceRow, holding: Books['holding'], how: Written, goes: boolean): Promise<Part> {
  const said = texts[how.language]
  const parts: string[] = []
  let head: string | undefined
  const goOn = (url: string) => {
    parts.push(`<p><a class="button" href="${escape(url)}">${said.goOn}</a></p>`)
    if (goes) head = goTo(url)
  }
  const begun = (amount: number, currency: string) => parts.push(`<p>${said.underWay} <strong>${escape(amountText(amount, currency, how))}</strong>.</p>`)
  for (const page of holding.pages) {
    begun(page.amount, page.currency)
    if (page.url !== null && /^https?:/.test(page.url)) goOn(page.url)
  }
  for (const { id, amount, currency } of holding.payments) {
    const payment = await inTenant(hub.db, row.tenant_id, async db => (await findPayment(db, id))!)
    const action = await openNextAction(hub, payment)
    begun(amount, currency)
    const told = action === null ? null : await instructionsOf(action, how, currency)
    if (action?.type === 'redirect' && /^https?:/.test(action.url)) goOn(action.url)
    else parts.push(told ?? `<p class="note waiting" role="status">${said.wait}</p>`)
  }
  parts.push(`<form method="post"><p>${said.givingUp}</p><button class="plain" name="give_up" value="1">${said.giveUp}</button></form>`)
  return { main: parts.join('\n'), ...(head === undefined ? { watch: { state: stateOf(hub, row, holding), seconds: 15 } } : { head }) }
}

async function form (hub: Hub, row: InvoiceRow, language: Language): Promise<Part> {
  const said = texts[language]
  const choices = await options(hub, row)
  if (choices.length === 0) return { main: `<p class="note" role="status">${said.none}</p>` }
  const items = choices.map((choice, at) => `<label><input type="radio" name="option" value="${escape(nameOf(choice))}" required${at === 0 ? ' checked' : ''}>${escape(methodName(choice.method, language))}</label>`)
  const amount = linkOf(row)!.partial ? `\n<label for="amount">${said.amount}</label>\n<input id="amount" name="amount" inputmode="decimal" autocomplete="off" value="${escape(dueOf(row).toFixed(2))}">` : ''
  return { main: `<form method="post" data-keep data-sending="${said.sending}">\n<fieldset class="ways"><legend>${said.how}</legend>${items.join('')}</fieldset>${amount}\n<button>${said.pay}</button>\n</form>` }
}
