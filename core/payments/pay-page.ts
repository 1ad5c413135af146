import type { FastifyReply } from 'fastify'
import { Type } from 'typebox'
import type { NextAction } from '../adapter/payments.ts'
import { loadSealed } from '../connections/open.ts'
import { inTenant } from '../db/in-tenant.ts'
import { HubError } from '../errors.ts'
import type { HubInstance } from '../http.ts'
import type { Hub } from '../hub.ts'
import { publicId } from '../ids.ts'
import { findTenant } from '../tenants/queries.ts'
import { isTerminal, type PaymentStatus } from './machine.ts'
import { amountText, escape, sendPage } from './page-html.ts'
import { openPayLink } from './pay-link.ts'
import { pullPayment } from './pull.ts'
import type { PaymentRow } from './queries.ts'
import { finishPayment } from './service.ts'
import { toldNextAction, waitsForPerson } from './view.ts'

const open = { config: { public: true }, schema: { hide: true, params: Type.Object({ token: Type.String({ maxLength: 250 }) }) } } as const

/**
 * Where a payer finishes what their bank wants them for, and where they come back to. Whoever holds the link may try the
 * payment once more with the very method that it was tried with, and see how it went; no key, no script, nothing of a request
 * in the page.
 */
export async function payPageRoutes (app: HubInstance): Promise<void> {
  const { hub } = app
  // The one form has no fields.
  app.addContentTypeParser('application/x-www-form-urlencoded', { bodyLimit: 1024, parseAs: 'string' }, (_request, _body, done) => { done(null, undefined) })

  app.get('/pay/:token', open, async (request, reply) => {
    const row = await named(hub, 'pay', request.params.token)
    return await show(hub, reply, await newest(hub, row, request.id), request.language)
  })
  app.post('/pay/:token', open, async (request, reply) => {
    const row = await newest(hub, await named(hub, 'pay', request.params.token), request.id)
    const page = `${hub.publicUrl()}/pay/${request.params.token}`
    if (await canFinish(hub, row)) await finishPayment(hub, row, { requestId: request.id, returnUrl: page }).catch(ofState)
    // Read anew by the browser: going back or reloading sends nothing twice.
    return await reply.redirect(page, 303)
  })
  app.get('/pay/:token/return', open, async (request, reply) => {
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

const texts = {
  es: {
    title: 'Confirmar el pago', to: 'Pago a', confirm: 'Confirmar con mi banco', why: 'Su banco pide que usted confirme este pago.', again: 'No se pudo confirmar. Puede intentarlo otra vez.', bank: 'Continuar en la página del banco',
    done: 'El pago está hecho. Ya puede cerrar esta página.', wait: 'El pago se está procesando. Esta página se actualiza sola.', over: 'Este pago ya no se puede hacer. Hable con el comercio.', back: 'Volver al comercio'
  },
  en: {
    title: 'Confirm the payment', to: 'Payment to', confirm: 'Confirm with my bank', why: 'Your bank asks you to confirm this payment.', again: 'It could not be confirmed. You may try again.', bank: 'Continue at the bank’s page',
    done: 'The payment is made. You may close this page.', wait: 'The payment is being processed. This page updates itself.', over: 'This payment can no longer be made. Please talk to the merchant.', back: 'Back to the merchant'
  }
} as const
type Texts = Record<keyof typeof texts['en'], string>

async function show (hub: Hub, reply: FastifyReply, row: PaymentRow, language: 'es' | 'en'): Promise<FastifyReply> {
  const said = texts[language]
  const merchant = (await inTenant(hub.db, row.tenant_id, async db => await findTenant(db)))?.name ?? ''
  const told = await toldNextAction(hub, row)
  const { main, refresh = '' } = await canFinish(hub, row) ? form(said, row) : asItStands(said, row, told)
  const amount = amountText(row.amount, row.currency, language)
  return await sendPage(reply, language, {
    title: said.title, head: refresh, main: `<h1>${escape(amount)}</h1>
<p>${said.to} <strong>${escape(merchant)}</strong></p>
${row.description === null ? '' : `<p>${escape(row.description)}</p>\n`}${main}`
  })
}

interface Part { main: string, refresh?: string }

function form (said: Texts, row: PaymentRow): Part {
  return { main: `<p>${row.status === 'requires_action' ? said.why : said.again}</p>\n<form method="post"><button>${said.confirm}</button></form>` }
}

function asItStands (said: Texts, row: PaymentRow, told: NextAction | null): Part {
  const back = row.success_url ?? row.return_url
  const link = back === null ? '' : `\n<p><a href="${escape(back)}">${said.back}</a></p>`
  switch (row.status) {
    case 'succeeded':
    case 'authorized': return { main: `<p role="status">${said.done}</p>${link}` }
    case 'requires_action':
      if (told?.type === 'redirect' && /^https?:/.test(told.url)) return { main: `<p><a href="${escape(told.url)}">${said.bank}</a></p>`, refresh: `<meta http-equiv="refresh" content="0; url=${escape(told.url)}">\n` }
      break
    case 'processing':
    case 'unknown': return { main: `<p role="status">${said.wait}</p>`, refresh: '<meta http-equiv="refresh" content="5">\n' }
  }
  return { main: `<p role="status">${said.over}</p>${link}` }
}
