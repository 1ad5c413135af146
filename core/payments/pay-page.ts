import type { FastifyReply, FastifyRequest } from 'fastify'
import type { Mode } from '../adapter/context.ts'
import type { NextAction } from '../adapter/payments.ts'
import { zoneOfCountry } from '../bank-accounts/zones.ts'
import { loadSealed } from '../connections/open.ts'
import { inTenant } from '../db/in-tenant.ts'
import { HubError } from '../errors.ts'
import { escapeHtml as escape } from '../escape-html.ts'
import type { HubInstance } from '../http.ts'
import type { Hub } from '../hub.ts'
import { publicId } from '../ids.ts'
import { brandLogo, brandOf } from '../public-pages/brand.ts'
import { amountText } from '../public-pages/html.ts'
import { addressOf, byLink, goesOn, goTo, onwards, type PublicPage, type Reader, readerOf, sendLogo, sendNoLink, sendPage, sendState } from '../public-pages/page.ts'
import { findOwed } from '../receivables/queries.ts'
import { instructionsOf, type Written } from './instructions.ts'
import { isTerminal, type PaymentStatus } from './machine.ts'
import { openPayLink } from './pay-link.ts'
import { pullPayment } from './pull.ts'
import type { PaymentRow } from './queries.ts'
import { finishPayment } from './service.ts'
import { toldNextAction, waitsForPerson } from './view.ts'

/**
 * Where a payer reads what to do (a transfer, a voucher, a code), finishes what their bank wants them for, comes back to, and sees that it
 * is paid. Whoever holds the link may see that one payment, and may try it once more with the very method that it was tried with
 * where it was tried without them; no key, nothing of a request in the page.
 */
export async function payPageRoutes (app: HubInstance): Promise<void> {
  const { hub } = app
  // The one form has no fields.
  app.addContentTypeParser('application/x-www-form-urlencoded', { bodyLimit: 1024, parseAs: 'string' }, (_request, _body, done) => { done(null, undefined) })

  app.get('/pay/:token', byLink, async (request, reply) => {
    const reader = readerOf(request)
    const named = await openShown(hub, request.params.token)
    if (named === undefined) return await sendNoLink(request, reply, reader, { title: texts[reader.language].noLinkTitle, text: texts[reader.language].noLink })
    return await show(hub, request, reply, await newest(hub, named, request.id), reader, goesOn(request))
  })
  app.post('/pay/:token', byLink, async (request, reply) => {
    const row = await newest(hub, await named(hub, 'pay', request.params.token), request.id)
    const page = `${hub.publicUrl()}/pay/${request.params.token}`
    if (await canFinish(hub, row)) await finishPayment(hub, row, { requestId: request.id, returnUrl: page }).catch(ofState)
    // Read anew by the browser: going back or reloading sends nothing twice.
    return await reply.redirect(onwards(page, readerOf(request)), 303)
  })
  // Only what stands here: whoever comes back from elsewhere loads the page, and then the provider is asked.
  app.get('/pay/:token/state', byLink, async (request, reply) => {
    const row = await shown(hub, request.params.token)
    return await sendState(reply, stateOf(row.status === 'processing' || row.status === 'unknown' ? await newest(hub, row, request.id) : row))
  })
  app.get('/pay/:token/logo', byLink, async (request, reply) => await sendLogo(reply, await brandLogo(hub, await sellerOf(hub, await shown(hub, request.params.token)))))
  app.get('/pay/:token/return', byLink, async (request, reply) => {
    const row = await newest(hub, await named(hub, 'return', request.params.token), request.id)
    const paid = row.status === 'succeeded' || row.status === 'authorized' || row.status === 'processing' || row.status === 'unknown'
    return await reply.header('cache-control', 'no-store').redirect((paid ? row.success_url : row.cancel_url ?? row.success_url)!, 303)
  })
}

async function named (hub: Hub, use: 'pay' | 'return', token: string): Promise<PaymentRow> {
  const row = await openPayLink(hub, use, token)
  if (row === undefined || (use === 'return' && row.success_url === null)) throw new HubError('not_found')
  return row
}

/** Whoever may finish it may see it. */
const openShown = async (hub: Hub, token: string): Promise<PaymentRow | undefined> => await openPayLink(hub, 'pay', token) ?? await openPayLink(hub, 'show', token)

async function shown (hub: Hub, token: string): Promise<PaymentRow> {
  const row = await openShown(hub, token)
  if (row === undefined) throw new HubError('not_found')
  return row
}

/** Somebody else is at it, or it ended meanwhile: the page says how it stands. */
function ofState (error: unknown): undefined {
  if (!(error instanceof HubError)) throw error
}

/** Who comes back from a bank wants to read how it went: the provider is asked, and when it cannot be, the page says what is known. */
async function newest (hub: Hub, row: PaymentRow, requestId: string): Promise<PaymentRow> {
  if (isTerminal(row.status as PaymentStatus) || row.provider_reference === null || row.pending_kind !== null) return row
  const connection = await inTenant(hub.db, row.tenant_id, async db => await loadSealed(db, row.connection_id))
  if (connection === undefined) return row
  const pulled = await pullPayment(hub, connection, row.id, { requestId }).catch((error: unknown) => {
    hub.log.warn({ err: error, payment: publicId('payment', row.id) }, 'the newest word on a payment could not be had')
    return undefined
  })
  return pulled?.row ?? row
}

/** Still the charge that was tried while the payer was not there, and nobody is at it. */
async function canFinish (hub: Hub, row: PaymentRow): Promise<boolean> {
  if (row.method_sealed === null || row.pending_kind !== null || row.review !== null) return false
  return row.status === 'requires_payment_method' || waitsForPerson(row, await toldNextAction(hub, row))
}

/** Whose page it is: the issuer of the invoice that it pays, else the tenant's own. */
async function sellerOf (hub: Pick<Hub, 'db'>, row: PaymentRow) {
  const issuerId = row.invoice_id === null ? undefined : await inTenant(hub.db, row.tenant_id, async db => (await findOwed(db, row.invoice_id!))?.issuer_id)
  return { tenantId: row.tenant_id, mode: row.mode as Mode, currency: row.currency, issuerId }
}

/** What the page shows, as far as it changes by itself: a part of a transfer that came is news as well. */
const stateOf = (row: PaymentRow): string => `${row.status}.${row.amount_received}.${row.next_action_sealed === null ? 0 : 1}`

const texts = {
  es: {
    to: 'Pago a', confirm: 'Confirmar con mi banco', why: 'Su banco pide que usted confirme este pago.', again: 'No se pudo confirmar. Puede intentarlo otra vez.', sending: 'Un momento…', bank: 'Continuar en la página de pago',
    done: 'El pago está hecho. Ya puede cerrar esta página.', held: 'El pago está autorizado. Ya puede cerrar esta página.', wait: 'El pago se está procesando. Esta página se actualiza sola.', over: 'Este pago ya no se puede hacer. Hable con el comercio.', declined: 'El pago no se pudo hacer. No se le cobró nada.',
    expired: 'El plazo para pagar terminó. No pague ya con estos datos; hable con el comercio.', canceled: 'Este pago se canceló. No se le cobró nada.', refunded: 'Este pago se devolvió.', part: 'Recibido hasta ahora', back: 'Volver al comercio', reference: 'Referencia',
    noLinkTitle: 'Enlace de pago', noLink: 'Este enlace ya no está activo, o está incompleto: ábralo desde el mensaje más reciente que recibió, o hable con el comercio.'
  },
  en: {
    to: 'Payment to', confirm: 'Confirm with my bank', why: 'Your bank asks you to confirm this payment.', again: 'It could not be confirmed. You may try again.', sending: 'One moment…', bank: 'Continue at the payment page',
    done: 'The payment is made. You may close this page.', held: 'The payment is authorised. You may close this page.', wait: 'The payment is being processed. This page updates itself.', over: 'This payment can no longer be made. Please talk to the merchant.', declined: 'The payment could not be made. You were charged nothing.',
    expired: 'The time to pay is over. Do not pay with these details any more; talk to the merchant.', canceled: 'This payment was cancelled. You were charged nothing.', refunded: 'This payment was given back.', part: 'Received so far', back: 'Back to the merchant', reference: 'Reference',
    noLinkTitle: 'Payment link', noLink: 'This link is no longer active, or it is incomplete: open it from the newest message that you got, or talk to the merchant.'
  }
} as const
type Texts = Record<keyof typeof texts['en'], string>

async function show (hub: Hub, request: FastifyRequest, reply: FastifyReply, row: PaymentRow, { language }: Reader, goes: boolean): Promise<FastifyReply> {
  const said = texts[language]
  const brand = await brandOf(hub, await sellerOf(hub, row), addressOf(request))
  const how: Written = { language, country: brand.country, zone: zoneOfCountry(brand.country) }
  const told = await toldNextAction(hub, row)
  const { main, ...page } = await canFinish(hub, row) ? form(said, row) : await asItStands(said, row, told, how, goes)
  const amount = amountText(row.amount, row.currency, how)
  return await sendPage(request, reply, { language }, {
    ...page,
    title: amount,
    brand,
    test: row.mode === 'test',
    main: `<h1 class="amount">${escape(amount)}</h1>
<p>${said.to} <strong>${escape(brand.name)}</strong></p>
${row.description === null ? '' : `<p>${escape(row.description)}</p>\n`}${row.reference === null ? '' : `<p class="hint">${said.reference}: ${escape(row.reference)}</p>\n`}${main}`
  })
}

type Part = Pick<PublicPage, 'main' | 'head' | 'watch'>

function form (said: Texts, row: PaymentRow): Part {
  return { main: `<p>${row.status === 'requires_action' ? said.why : said.again}</p>\n<form method="post" data-sending="${said.sending}"><button>${said.confirm}</button></form>` }
}

async function asItStands (said: Texts, row: PaymentRow, told: NextAction | null, how: Written, goes: boolean): Promise<Part> {
  const back = row.success_url ?? row.return_url
  // Where the payer began on our own page, there is no shop to go back to.
  const link = back === null || !/^https?:/.test(back) || /\/pay\/ten_[^/]+$/.test(back) ? '' : `\n<p><a class="button plain" href="${escape(back)}">${said.back}</a></p>`
  const status = (text: string, kind: string) => ({ main: `<p class="${kind}" role="status">${text}</p>${link}` })
  const watch = (seconds: number) => ({ state: stateOf(row), seconds })
  switch (row.status as PaymentStatus) {
    case 'succeeded': return row.amount_refunded > 0 && row.amount_refunded >= row.amount_captured ? status(said.refunded, 'note') : status(said.done, 'good')
    case 'authorized': return status(said.held, 'good')
    case 'processing':
    case 'unknown': {
      // A voucher or a transfer is shown as long as the provider tells it.
      const more = row.status === 'processing' && told !== null ? await instructionsOf(told, how, row.currency) : null
      return { ...more === null ? status(said.wait, 'note waiting') : { main: more }, watch: watch(5) }
    }
    case 'requires_action': {
      if (told?.type === 'redirect') return /^https?:/.test(told.url) ? { main: `<p><a class="button" href="${escape(told.url)}">${said.bank}</a></p>`, ...(goes ? { head: goTo(told.url) } : { watch: watch(15) }) } : status(said.over, 'note')
      if (told === null || row.review !== null) return { ...status(said.wait, 'note waiting'), watch: watch(15) }
      const part = row.amount_received === 0 ? '' : `<p class="good">${said.part}: ${escape(amountText(row.amount_received, row.currency, how))}</p>\n`
      return { main: `${part}${(await instructionsOf(told, how, row.currency))!}${told.type === 'client_secret' || told.type === 'sdk_challenge' ? link : ''}`, watch: watch(15) }
    }
    case 'requires_payment_method':
    case 'failed': return status(said.declined, 'problem')
    case 'expired': return status(said.expired, 'note')
    case 'canceled': return status(`${said.canceled} ${said.over}`, 'note')
  }
}
