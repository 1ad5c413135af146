import type { FastifyReply, FastifyRequest } from 'fastify'
import { systemAccess } from '../access/principal.ts'
import type { Mode } from '../adapter/context.ts'
import { isUniqueViolation } from '../db/errors.ts'
import { inTenant } from '../db/in-tenant.ts'
import { HubError } from '../errors.ts'
import { escapeHtml as escape } from '../escape-html.ts'
import type { HubInstance } from '../http.ts'
import type { Hub } from '../hub.ts'
import { publicId } from '../ids.ts'
import { methodName } from '../payments/method-names.ts'
import { showLink as paymentPage } from '../payments/pay-link.ts'
import { findPayment } from '../payments/queries.ts'
import type { Payment } from '../payments/schema.ts'
import { createPayment } from '../payments/service.ts'
import { brandLogo, brandOf } from '../public-pages/brand.ts'
import { amountText, type Language } from '../public-pages/html.ts'
import { addressOf, byLink, fieldsIn, isMailAddress, onwards, type Reader, readerOf, sendLogo, sendNoLink, sendPage, takeForms } from '../public-pages/page.ts'
import { isFull } from './apply.ts'
import { methodsHere, openOwnLink, startedBy, startToken } from './own-link.ts'
import type { PageRow } from './queries.ts'

const fieldNames = ['method', 'name', 'email', 'phone', 'tax_id', 'once'] as const
type Fields = Partial<Record<typeof fieldNames[number], string>>

/**
 * The page of a payment link whose provider has none: the payer chooses how to pay, and is led on to their payment's own page, with a
 * transfer's or a voucher's instructions, or to the provider. Whoever holds the link may do that and nothing else. No card is typed here.
 */
export async function ownLinkRoutes (app: HubInstance): Promise<void> {
  const { hub } = app
  // Six short fields.
  takeForms(app, 4096)

  app.get('/link/:token', byLink, async (request, reply) => {
    const reader = readerOf(request)
    const row = await openOwnLink(hub, request.params.token)
    return row === undefined ? await noLink(request, reply, reader) : await show(hub, request, reply, row, reader)
  })
  app.post('/link/:token', byLink, async (request, reply) => {
    const reader = readerOf(request)
    const row = await openOwnLink(hub, request.params.token)
    if (row === undefined) return await noLink(request, reply, reader)
    const fields = fieldsOf(request.body)
    const id = await startedBy(hub, row, fields.once ?? '')
    // A form that lay open for a day: nothing was begun, and a fresh one is shown with what was typed.
    if (id === undefined) return await show(hub, request, reply.code(400), row, reader, { fields, problem: texts[reader.language].stale })
    if (await isBegun(hub, row, id)) return await reply.redirect(onwards(await paymentPage(hub, { tenant_id: row.tenant_id, id }), reader), 303)
    if (await endOf(hub, row) !== undefined) return await show(hub, request, reply.code(409), row, reader)
    const begun = await begin(hub, request, row, reader, fields, id)
    if (begun === 'begun') return await reply.redirect(onwards(await paymentPage(hub, { tenant_id: row.tenant_id, id }), reader), 303)
    return await show(hub, request, reply.code(400), row, reader, { fields, ...begun })
  })
  app.get('/link/:token/logo', byLink, async (request, reply) => {
    const row = await openOwnLink(hub, request.params.token)
    if (row === undefined) throw new HubError('not_found')
    return await sendLogo(reply, await brandLogo(hub, sellerOf(row)))
  })
}

const noLink = async (request: FastifyRequest, reply: FastifyReply, reader: Reader): Promise<FastifyReply> =>
  await sendNoLink(request, reply, reader, { title: texts[reader.language].title, text: texts[reader.language].noLink })

const sellerOf = (row: PageRow) => ({ tenantId: row.tenant_id, mode: row.mode as Mode, currency: row.currency })

function fieldsOf (body: unknown): Fields {
  return Object.fromEntries(Object.entries(fieldsIn(body, fieldNames)).flatMap(([name, value]) => value.trim() === '' ? [] : [[name, value.trim().slice(0, 254)]]))
}

/** A press that came before this one, of the same form. A form of another link is none of this one's. */
async function isBegun (hub: Hub, row: PageRow, id: string): Promise<boolean> {
  const payment = await inTenant(hub.db, row.tenant_id, async db => await findPayment(db, id))
  if (payment === undefined) return false
  if (payment.origin_id !== row.id) throw new HubError('not_found')
  return true
}

type End = 'complete' | 'over'

/** Why nobody may begin to pay on it any more, as it is at this moment: the job that ends it may come later. */
async function endOf (hub: Hub, row: PageRow): Promise<End | undefined> {
  if (row.status === 'complete' || await inTenant(hub.db, row.tenant_id, async db => await isFull(db, row))) return 'complete'
  return row.status !== 'open' || (row.expires_at !== null && row.expires_at <= hub.now()) ? 'over' : undefined
}

interface Refused { problem: string, more?: boolean }

async function begin (hub: Hub, request: FastifyRequest, row: PageRow, { language }: Reader, { method = '', name, email, phone, tax_id: taxId }: Fields, id: string): Promise<'begun' | Refused> {
  const said = texts[language]
  if (!waysOf(hub, row).includes(method)) return { problem: said.choose }
  if (email === undefined || !isMailAddress(email)) return { problem: said.notMail }
  const access = systemAccess('payer', { tenantId: row.tenant_id, mode: row.mode as Mode, requestId: request.id, address: request.ip, language })
  const back = row.success_url === null ? { return_url: await paymentPage(hub, { tenant_id: row.tenant_id, id }) } : { success_url: row.success_url, cancel_url: row.url! }
  try {
    const payment = await createPayment(hub, access, {
      amount: row.amount,
      currency: row.currency,
      connection: publicId('connection', row.connection_id),
      method: { type: method },
      customer: { ...(name !== undefined && { name: name.slice(0, 200) }), email, ...(phone !== undefined && { phone: phone.slice(0, 30) }), ...(taxId !== undefined && { tax_id: taxId.slice(0, 30) }) },
      metadata: row.metadata as Record<string, string>,
      ...(row.lines !== null && { lines: row.lines as NonNullable<Payment['lines']> }),
      ...(row.reference !== null && { reference: row.reference }),
      ...(row.description !== null && { description: row.description }),
      ...(row.statement_descriptor !== null && { statement_descriptor: row.statement_descriptor }),
      ...back
    }, null, { id, origin: { type: 'payment_link', id: row.id } })
    // Refused at once, most often because this way of paying wants to know more of the payer: the form says so, and begins another.
    if (payment.status === 'requires_payment_method' || payment.status === 'failed') return { problem: payment.error?.message ?? said.trouble, more: true }
    return 'begun'
  } catch (error) {
    // Pressed twice at the same moment: the other one has begun it.
    if (isUniqueViolation(error)) return 'begun'
    if (!(error instanceof HubError)) throw error
    hub.log.info({ err: error, payment_link: publicId('payment_link', row.id) }, 'a payer of a link was refused')
    return { problem: error.detail[language] }
  }
}

function waysOf (hub: Pick<Hub, 'adapters'>, row: PageRow): string[] {
  const adapter = hub.adapters.get(row.provider)
  return adapter === undefined ? [] : methodsHere(adapter, { currency: row.currency, methods: row.methods as string[] | null })
}

// --- the page -------------------------------------------------------------------------------------------------------------

const texts = {
  es: {
    title: 'Enlace de pago', to: 'Pago a', how: '¿Cómo quiere pagar?', name: 'Su nombre', email: 'Su correo', phone: 'Teléfono', taxId: 'Documento (RFC, cédula, NIT…)', more: 'Más datos, si su forma de pago los pide', emailHint: 'Para avisarle cuando el pago se reciba.', pay: 'Continuar', sending: 'Un momento…', bought: 'Qué va a pagar',
    complete: 'Este enlace ya se pagó. Gracias.', over: 'Este enlace de pago ya terminó. Hable con el comercio.', none: 'Por ahora no hay con qué pagar aquí. Hable con el comercio.', choose: 'Elija una forma de pago.', notMail: 'No parece un correo: revíselo.', stale: 'Esta página llevaba mucho tiempo abierta. Revise y envíe otra vez; no se cobró nada.',
    trouble: 'No se pudo empezar el pago. Inténtelo de nuevo en unos minutos; no se cobró nada.', noLink: 'Este enlace ya no está activo, o está incompleto: ábralo desde el mensaje que recibió, o hable con el comercio.'
  },
  en: {
    title: 'Payment link', to: 'Payment to', how: 'How do you want to pay?', name: 'Your name', email: 'Your e-mail', phone: 'Telephone', taxId: 'Document (tax or identity number)', more: 'More data, if your way of paying asks for it', emailHint: 'To tell you when the payment has arrived.', pay: 'Continue', sending: 'One moment…', bought: 'What you are paying for',
    complete: 'This link has been paid. Thank you.', over: 'This payment link is over. Please talk to the merchant.', none: 'There is nothing to pay with here at the moment. Please talk to the merchant.', choose: 'Choose a way to pay.', notMail: 'This does not look like an e-mail address: check it.', stale: 'This page had been open for a long time. Check it and send it again; nothing was charged.',
    trouble: 'The payment could not be begun. Try again in some minutes; nothing was charged.', noLink: 'This link is no longer active, or it is incomplete: open it from the message that you got, or talk to the merchant.'
  }
} as const

async function show (hub: Hub, request: FastifyRequest, reply: FastifyReply, row: PageRow, { language }: Reader, typed?: { fields: Fields } & Refused): Promise<FastifyReply> {
  const said = texts[language]
  const brand = await brandOf(hub, sellerOf(row), addressOf(request))
  const how = { language, country: brand.country }
  const amount = amountText(row.amount, row.currency, how)
  const lines = row.lines as Payment['lines']
  const items = lines?.map(({ name, quantity, unit_amount: unit }) => `<li><span>${escape(`${quantity} × ${name}`)}</span><span>${escape(amountText(unit * quantity, row.currency, how))}</span></li>`)
  const end = await endOf(hub, row)
  const main = end === undefined ? await form(hub, row, language, typed) : `<p class="${end === 'complete' ? 'good' : 'note'}" role="status">${said[end]}</p>`
  return await sendPage(request, reply, { language }, {
    title: amount,
    brand,
    test: row.mode === 'test',
    main: `<h1 class="amount">${escape(amount)}</h1>
<p>${said.to} <strong>${escape(brand.name)}</strong></p>
${row.description === null ? '' : `<p>${escape(row.description)}</p>\n`}${items === undefined ? '' : `<details><summary>${said.bought}</summary><ul class="bought">${items.join('')}</ul></details>\n`}${main}`
  })
}

async function form (hub: Hub, row: PageRow, language: Language, typed: { fields: Fields } & Refused | undefined): Promise<string> {
  const said = texts[language]
  const ways = waysOf(hub, row)
  if (ways.length === 0) return `<p class="note" role="status">${said.none}</p>`
  const { fields = {}, problem, more = false } = typed ?? {}
  const chosen = fields.method ?? ways[0]!
  const field = (name: keyof Fields, label: string, attributes: string, hint?: string) => `<label for="${name}">${label}</label>
<input id="${name}" name="${name}" value="${escape(fields[name] ?? '')}" ${attributes}${hint === undefined ? '' : ` aria-describedby="${name}-hint"`}>${hint === undefined ? '' : `\n<p class="hint" id="${name}-hint">${hint}</p>`}`
  return `${problem === undefined ? '' : `<p class="problem" role="alert">${escape(problem)}</p>\n`}<form method="post" data-keep data-sending="${said.sending}">
<input type="hidden" name="once" value="${await startToken(hub, row)}">
<fieldset class="ways"><legend>${said.how}</legend>${ways.map(way => `<label><input type="radio" name="method" value="${escape(way)}" required${way === chosen ? ' checked' : ''}>${escape(methodName(way, language))}</label>`).join('')}</fieldset>
${field('name', said.name, 'required maxlength="200" autocomplete="name" autocapitalize="words" enterkeyhint="next"')}
${field('email', said.email, 'required type="email" inputmode="email" maxlength="254" autocomplete="email" autocapitalize="none" spellcheck="false" enterkeyhint="send"', said.emailHint)}
<details${more ? ' open' : ''}><summary>${said.more}</summary>
${field('phone', said.phone, 'type="tel" inputmode="tel" maxlength="30" autocomplete="tel" enterkeyhint="next"')}
${field('tax_id', said.taxId, 'maxlength="30" autocapitalize="characters" autocomplete="off" spellcheck="false" enterkeyhint="send"')}
</details>
<button>${said.pay}</button>
</form>`
}
