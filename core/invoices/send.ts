import type { Access } from '../access/principal.ts'
import type { Invoice as InvoiceModel } from '../adapter/invoicing.ts'
import type { Mode } from '../adapter/context.ts'
import { recordChange } from '../audit/record.ts'
import { isUniqueViolation } from '../db/errors.ts'
import { inTenant, type TenantDb } from '../db/in-tenant.ts'
import { claimTimer, clearTimer, retryTimer, setTimer } from '../db/timers.ts'
import { storable } from '../db/storable.ts'
import { type DocumentRow, documentsOf } from '../documents/queries.ts'
import { linkTo, readBytes } from '../documents/service.ts'
import { HubError, invalidField } from '../errors.ts'
import type { Hub } from '../hub.ts'
import { type Idempotency, recordSubject } from '../idempotency/service.ts'
import { publicId, uuidOf } from '../ids.ts'
import { findIssuer, type IssuerRow } from '../issuers/queries.ts'
import { mailRoute } from '../notifications/channels/mail.ts'
import type { Letter } from '../notifications/letter.ts'
import { type Addressee, prepareNotice, type PreparedNotice } from '../notifications/notices.ts'
import type { Mail } from '../notifications/schema.ts'
import { getMail, prepareMail } from '../notifications/service.ts'
import { findPayment } from '../payments/queries.ts'
import { openInvoice } from './delegate.ts'
import { engineOf } from './engines.ts'
import { invoiceLetter, totalText } from './letter.ts'
import { isStamped, type InvoiceStatus } from './machine.ts'
import { dueOf, linkStatus, linkUrl } from './payment-link.ts'
import { printed } from './print.ts'
import * as queries from './queries.ts'
import type { InvoiceRow } from './queries.ts'
import type { SendInvoice } from './schema.ts'

/** Mails an issued invoice, XML and PDF attached, to its customer or to whom the caller names. It is in the outbox when this resolves; a job hands it over. */
export async function sendInvoice (hub: Hub, access: Access, publicInvoiceId: string, given: SendInvoice, idempotency: Idempotency | null): Promise<Mail> {
  if (idempotency?.subject !== undefined) return await getMail(hub, access, idempotency.subject)
  const body = storable(given)
  const id = uuidOf('invoice', publicInvoiceId)
  const { tenantId } = access
  const { row: found, issuer } = await inTenant(hub.db, tenantId, async db => {
    const found = await queries.findInvoice(db, id)
    if (found?.mode !== access.mode) throw new HubError('not_found')
    return { row: found, issuer: await findIssuer(db, found.issuer_id) }
  })
  const row = await openInvoice(hub, found)
  if (!isStamped(row.status as InvoiceStatus)) throw new HubError('invalid_state', { detail: { es: `La factura está ${row.status}: aún no hay qué enviar.`, en: `The invoice is ${row.status}: there is nothing to send yet.` } })
  if (await mailRoute(hub, tenantId, access.mode) === undefined) throw new HubError('mail_not_configured')
  const customer = (row.model as unknown as InvoiceModel).customer
  const to = body.to === undefined ? customer.email === undefined ? [] : [customer.email] : typeof body.to === 'string' ? [body.to] : body.to
  if (to.length === 0) throw invalidField('to', 'is needed: the invoice’s customer has no e-mail address')
  const mail = await inOutbox(hub, row, issuer, {
    to, cc: body.cc ?? [], automatic: false, language: body.language ?? languageOf(issuer), ...(body.message !== undefined && { message: body.message })
  })
  await inTenant(hub.db, tenantId, async db => {
    const now = hub.now()
    await mail.insert(db)
    // Addresses are the customer's: how many is all that the log says.
    await recordChange(db, access, now, { action: 'invoice.sent', subjectType: 'invoice', subjectId: publicInvoiceId, detail: { mail: publicId('mail', mail.id), to: to.length, cc: body.cc?.length ?? 0 } })
    if (idempotency !== null) await recordSubject(db, idempotency, publicId('mail', mail.id))
  })
  hub.wake('mail', [{ tenantId, id: mail.id }])
  return await getMail(hub, access, publicId('mail', mail.id))
}

export interface MailWishes { send?: boolean, language?: 'es' | 'en', reply_to?: string, cc?: string[] }

const wishesOf = (issuer: IssuerRow | undefined): MailWishes => (issuer?.mail ?? {}) as MailWishes
const languageOf = (issuer: IssuerRow | undefined): 'es' | 'en' => wishesOf(issuer).language ?? 'es'

interface Told { letter: Letter, xml: DocumentRow, pdf?: DocumentRow }

/** What is said of an invoice, and what goes with it. */
async function toldOf (hub: Hub, row: InvoiceRow, issuer: IssuerRow | undefined, { language, message }: { language: 'es' | 'en', message?: string }): Promise<Told> {
  const engine = engineOf(row.country)
  const model = row.model as unknown as InvoiceModel
  const pdf = engine.print === undefined ? undefined : await printed(hub, row, { language })
  const xml = (await inTenant(hub.db, row.tenant_id, async db => await documentsOf(db, 'invoice', row.id))).find(({ kind }) => kind === 'xml')
  // Stamped, and its bytes are no longer kept: five years have passed.
  if (xml === undefined) throw new HubError('invalid_state')
  const verificationUrl = engine.verificationUrl?.(model, row.fiscal_id!, await readBytes(hub, xml), row.mode as Mode)
  const replyTo = wishesOf(issuer).reply_to
  const pay = linkStatus(hub, row) === 'open' ? { url: await linkUrl(hub, row), due: dueOf(row).toFixed(2) } : undefined
  return {
    letter: invoiceLetter(row, issuer, { language, ...(message !== undefined && { message }), ...(replyTo !== undefined && { replyTo }), ...(verificationUrl !== undefined && { verificationUrl }), ...(pay !== undefined && { pay }) }),
    xml,
    ...(pdf !== undefined && { pdf })
  }
}

const attachedOf = ({ xml, pdf }: Told): string[] => [xml.id, ...(pdf === undefined ? [] : [pdf.id])]

async function inOutbox (hub: Hub, row: InvoiceRow, issuer: IssuerRow | undefined, { to, cc, automatic, language, message }: { to: readonly string[], cc: readonly string[], automatic: boolean, language: 'es' | 'en', message?: string }) {
  const told = await toldOf(hub, row, issuer, { language, ...(message !== undefined && { message }) })
  const { customer } = row.model as unknown as InvoiceModel
  const named = (address: string) => address === customer.email ? { name: customer.name } : {}
  return await prepareMail(hub, row.tenant_id, {
    mode: row.mode as Mode,
    subjectType: 'invoice',
    subjectId: row.id,
    issuerId: row.issuer_id,
    automatic,
    recipients: [...to.map(address => ({ kind: 'to' as const, address, ...named(address) })), ...cc.map(address => ({ kind: 'cc' as const, address }))],
    letter: told.letter,
    documents: attachedOf(told)
  })
}

/** How long the link in a message opens the document. */
const linkForMs = 30 * 24 * 3600_000

/**
 * The notice that brings an issued invoice to its buyer: by mail with its documents, by WhatsApp and web push with a link. `also`: what is
 * known of the buyer beside the invoice's own address.
 */
export async function prepareInvoiceNotice (hub: Hub, row: InvoiceRow, issuer: IssuerRow | undefined, { also = {}, only }: { also?: Partial<Addressee>, only?: readonly ('mail' | 'whatsapp' | 'web_push')[] } = {}): Promise<PreparedNotice> {
  const { customer } = row.model as unknown as InvoiceModel
  const language = also.language ?? languageOf(issuer)
  const told = await toldOf(hub, row, issuer, { language })
  const link = await linkTo(hub, told.pdf ?? told.xml, new Date(hub.now().getTime() + linkForMs))
  return await prepareNotice(hub, row.tenant_id, {
    kind: 'invoice',
    mode: row.mode as Mode,
    subjectType: 'invoice',
    subjectId: row.id,
    issuerId: row.issuer_id,
    addressee: { name: customer.name, ...(customer.email !== undefined && { email: customer.email }), cc: wishesOf(issuer).cc ?? [], ...also, language },
    data: { number: [row.series, row.number].filter(part => part !== null && part !== '').join('-'), total: totalText(row), url: link.url, sender: told.letter.sender },
    letter: told.letter,
    documents: attachedOf(told),
    ...(only !== undefined && { only })
  })
}

/** What a body that asks to be sent must hold, said before anything is made. */
export async function assertSendable (hub: Pick<Hub, 'config' | 'db' | 'vault'>, access: Pick<Access, 'tenantId' | 'mode'>, { send, customer }: { send?: boolean, customer: { email?: string } }): Promise<void> {
  if (send !== true) return
  if (customer.email === undefined) throw invalidField('customer.email', 'is needed to send the invoice')
  if (await mailRoute(hub, access.tenantId, access.mode) === undefined) throw new HubError('mail_not_configured', { errors: [{ path: 'send', message: 'this server has no mail' }] })
}

/** Whether it goes out by itself: the invoice's own word, or its issuer's; and only where there is an address. */
export async function planMail (db: TenantDb, row: InvoiceRow, now: Date): Promise<void> {
  // A payment may know how else its payer is reached.
  if ((row.model as unknown as InvoiceModel).customer.email === undefined && row.payment_id === null) return
  const own = (row.body as { send?: boolean }).send
  if (own ?? wishesOf(await findIssuer(db, row.issuer_id)).send ?? false) await setTimer(db, 'invoice_mail', row.id, now)
}

/** The job behind it: once for each invoice, whatever repeats it. Where there is no mail server it is parked in the outbox, and told. */
export async function mailIssued (hub: Hub, tenantId: string, id: string): Promise<void> {
  const claimed = await inTenant(hub.db, tenantId, async db => {
    const timer = await claimTimer(db, 'invoice_mail', id, hub.now(), leaseMs)
    const row = timer && await queries.findInvoice(db, id)
    return timer && row && { tries: timer.tries, row, issuer: await findIssuer(db, row.issuer_id), payment: row.payment_id === null ? undefined : await findPayment(db, row.payment_id) }
  })
  if (claimed === undefined) return
  const { issuer, payment, tries } = claimed
  const row = await openInvoice(hub, claimed.row)
  const { email } = (row.model as unknown as InvoiceModel).customer
  const done = async (also: (db: TenantDb) => Promise<void> = async () => {}) => await inTenant(hub.db, tenantId, async db => {
    await also(db)
    await clearTimer(db, 'invoice_mail', id)
  })
  // Cancelled in the meantime: it is not sent as if it were valid.
  if (!isStamped(row.status as InvoiceStatus) || row.status === 'canceled') return await done()
  try {
    const parked = email === undefined || await mailRoute(hub, tenantId, row.mode as Mode) !== undefined ? undefined : await inOutbox(hub, row, issuer, { to: [email], cc: wishesOf(issuer).cc ?? [], automatic: true, language: languageOf(issuer) })
    const phone = (payment?.customer as { phone?: string } | null | undefined)?.phone
    const notice = await prepareInvoiceNotice(hub, row, issuer, { also: { ...(phone !== undefined && { phone }), ...(payment?.customer_id != null && { push: payment.customer_id }) } })
    await done(async db => {
      const told = await notice.insert(db)
      if (told.some(({ channel, status }) => channel === 'mail' && status === 'not_configured')) await parked?.insert(db)
    })
    notice.wake()
  } catch (error) {
    if (isUniqueViolation(error, 'mails_automatic_once')) return await done()
    hub.log.error({ err: error, invoice: publicId('invoice', id) }, 'an invoice could not be put into the outbox')
    const delayMs = hub.config.mailSchedule[Math.min(tries, hub.config.mailSchedule.length) - 1]!
    await inTenant(hub.db, tenantId, async db => { await retryTimer(db, 'invoice_mail', id, new Date(hub.now().getTime() + delayMs)) })
  }
}

const leaseMs = 60_000
