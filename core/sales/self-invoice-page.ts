import type { FastifyReply } from 'fastify'
import { Type } from 'typebox'
import type { Access } from '../access/principal.ts'
import type { Mode } from '../adapter/context.ts'
import { cataloguesOf } from '../catalogues/service.ts'
import { inTenant } from '../db/in-tenant.ts'
import { HubError } from '../errors.ts'
import type { HubInstance } from '../http.ts'
import type { Hub } from '../hub.ts'
import { publicId } from '../ids.ts'
import { isStamped, type InvoiceStatus } from '../invoices/machine.ts'
import { findInvoice } from '../invoices/queries.ts'
import { invoicePdf, invoiceXml, validateInvoice } from '../invoices/service.ts'
import { findIssuer } from '../issuers/queries.ts'
import { mailSettings } from '../notifications/settings.ts'
import { amountText, escape, sendPage } from '../payments/page-html.ts'
import { toMinor } from './amounts.ts'
import { buyerOf } from './buyer.ts'
import { bodyOf, type Customer, formOf } from './documents.ts'
import { linkUrl, openLink } from './link.ts'
import { lookAfterSale } from './look-after.ts'
import { localDay, zoneOfIssuer } from './period.ts'
import { findSale, type SaleRow } from './queries.ts'
import type { Tender } from './schema.ts'
import { invoiceFor } from './service.ts'

const open = { config: { public: true }, schema: { hide: true, params: Type.Object({ token: Type.String({ maxLength: 250 }) }) } } as const
type Language = 'es' | 'en'
type Fields = Partial<Record<'tax_id' | 'name' | 'regime' | 'postal_code' | 'use' | 'email', string>>

/** Where a buyer types whose invoice it is, is told at once what is wrong with it, and takes its XML and PDF home. Whoever holds the link may do that, once, and nothing else. */
export async function selfInvoiceRoutes (app: HubInstance): Promise<void> {
  const { hub } = app
  // Six short fields.
  app.addContentTypeParser('application/x-www-form-urlencoded', { bodyLimit: 4096, parseAs: 'string' }, (_request, body, done) => { done(null, Object.fromEntries(new URLSearchParams(String(body)))) })

  app.get('/autofactura/:token', open, async (request, reply) => {
    const row = await named(hub, request.params.token)
    return await show(hub, reply, await newest(hub, row), request.language)
  })
  app.post('/autofactura/:token', open, async (request, reply) => {
    const row = await named(hub, request.params.token)
    const fields = (request.body ?? {}) as Fields
    try {
      const customer = customerOf(fields)
      // Who left it empty gets it where the link came.
      const email = customer.email ?? (await buyerOf(hub, row)).email
      await invoiceFor(hub, buyerAccess(row, request), row, { customer: { ...customer, ...(email !== undefined && { email }) }, send: email !== undefined && mailSettings(hub.config) !== undefined })
    } catch (error) {
      if (!(error instanceof HubError)) throw error
      const after = await inTenant(hub.db, row.tenant_id, async db => (await findSale(db, row.id))!)
      // Somebody was faster, the buyer's own second click perhaps: the page says how it stands.
      if (error.code !== 'invoice_invalid' && error.code !== 'request_invalid') return await show(hub, reply.code(409), after, request.language)
      return await show(hub, reply.code(400), after, request.language, { fields, error })
    }
    // Read anew by the browser: going back or reloading sends nothing twice.
    return await reply.redirect((await linkUrl(hub, row))!, 303)
  })
  // What the page asks while the buyer types: nothing is written.
  app.post('/autofactura/:token/check', open, async (request, reply) => {
    const row = await named(hub, request.params.token)
    return await reply.header('cache-control', 'no-store').send({ problems: await problemsOf(hub, buyerAccess(row, request), row, (request.body ?? {}) as Fields) })
  })
  for (const format of ['xml', 'pdf'] as const) {
    app.get(`/autofactura/:token/${format}`, open, async (request, reply) => {
      const row = await named(hub, request.params.token)
      if (row.invoice_id === null || row.document !== 'invoiced') throw new HubError('not_found')
      const access = buyerAccess(row, request)
      const { row: document, bytes } = format === 'xml' ? await invoiceXml(hub, access, publicId('invoice', row.invoice_id)) : await invoicePdf(hub, access, publicId('invoice', row.invoice_id), { language: request.language })
      return await reply.headers({ 'cache-control': 'no-store', 'content-disposition': `attachment; filename="${document.name.replaceAll(/[^\w.-]/g, '_')}"` }).type(document.content_type).send(bytes)
    })
  }
}

async function named (hub: Hub, token: string): Promise<SaleRow> {
  const row = await openLink(hub, token)
  if (row === undefined) throw new HubError('not_found')
  return row
}

/** No person and no key of the tenant's: the audit log names the buyer. */
const buyerAccess = (row: SaleRow, { id: requestId, ip: address, language }: { id: string, ip: string, language: Language }): Access =>
  ({ principal: { type: 'system' as 'user', id: 'buyer', homeTenantId: row.tenant_id, scopes: new Set() }, tenantId: row.tenant_id, mode: row.mode as Mode, requestId, address, language })

/** Who waits for an invoice wants to read how it went. */
async function newest (hub: Hub, row: SaleRow): Promise<SaleRow> {
  if (row.document === 'invoicing') await lookAfterSale(hub, row.tenant_id, row.id)
  return await inTenant(hub.db, row.tenant_id, async db => (await findSale(db, row.id))!)
}

const plain = (text: string | undefined): string => (text ?? '').trim().replaceAll(/\s+/g, ' ')

/** As the SAT has them: capitals, without spaces around. */
function customerOf (fields: Fields): Customer {
  const email = plain(fields.email)
  return {
    tax_id: plain(fields.tax_id).toUpperCase().replaceAll(/[\s-]/g, ''),
    name: plain(fields.name).toUpperCase(),
    address: { postal_code: plain(fields.postal_code) },
    mx: { regime: plain(fields.regime), cfdi_use: plain(fields.use) },
    ...(email !== '' && { email })
  }
}

interface Problem { field: keyof Fields, code: string | null, message: string }

const fieldOf: Readonly<Record<string, keyof Fields>> = {
  'customer.tax_id': 'tax_id', 'customer.name': 'name', 'customer.address.postal_code': 'postal_code', 'customer.mx.regime': 'regime', 'customer.mx.cfdi_use': 'use', 'customer.email': 'email'
}

/** Broken rules of what has been typed so far; an empty field is not wrong yet. */
async function problemsOf (hub: Hub, access: Access, row: SaleRow, fields: Fields): Promise<Problem[]> {
  const filled = new Set((Object.keys(fields) as (keyof Fields)[]).filter(name => plain(fields[name]) !== ''))
  const found = await validateInvoice(hub, access, bodyOf(row, customerOf(fields), { form: formOf(row.tenders as unknown as Tender[]) })).then(
    ({ errors }) => errors.map(({ path, code, message }) => ({ path, code, message })),
    (error: unknown) => {
      if (!(error instanceof HubError)) throw error
      return told(error, access.language)
    })
  return found.flatMap(({ path, code, message }) => {
    const field = fieldOf[path]
    return field !== undefined && filled.has(field) ? [{ field, code: code ?? null, message }] : []
  })
}

const told = ({ errors = [] }: HubError, language: Language): { path: string, code?: string, message: string }[] => errors.map(({ path, code, message }) => ({ path, ...(code !== undefined && { code }), message: typeof message === 'string' ? message : message[language] }))

// --- the page -----------------------------------------------------------------------------------------------------------------

interface Typed { fields: Fields, error: HubError }

async function show (hub: Hub, reply: FastifyReply, row: SaleRow, language: Language, typed?: Typed): Promise<FastifyReply> {
  const said = texts[language]
  const issuer = await inTenant(hub.db, row.tenant_id, async db => await findIssuer(db, row.issuer_id))
  const zone = issuer === undefined ? 'America/Mexico_City' : zoneOfIssuer(issuer)
  const { main, head } = await content(hub, row, language, zone, typed)
  return await sendPage(reply, language, {
    title: said.title,
    head: head ?? '',
    main: `<h1>${said.title}</h1>
<p>${said.of} <strong>${escape(issuer?.trade_name ?? issuer?.legal_name ?? '')}</strong></p>
<dl><dt>${said.ticket}</dt><dd>${escape(row.ticket)}</dd><dt>${said.total}</dt><dd>${escape(amountText(toMinor(row.total, row.currency), row.currency, language))}</dd><dt>${said.date}</dt><dd>${localDay(row.paid_at ?? row.sold_at, zone)}</dd></dl>
${main}`
  })
}

async function content (hub: Hub, row: SaleRow, language: Language, zone: string, typed: Typed | undefined): Promise<{ main: string, head?: string }> {
  const said = texts[language]
  const url = escape((await linkUrl(hub, row)) ?? '')
  if (row.document === 'invoiced') {
    const invoice = await inTenant(hub.db, row.tenant_id, async db => await findInvoice(db, row.invoice_id!))
    if (invoice !== undefined && isStamped(invoice.status as InvoiceStatus)) {
      return { main: `<p role="status">${said.done}</p>\n<p>${said.folio}: <code>${escape(invoice.fiscal_id ?? '')}</code></p>\n<p><a href="${url}/pdf" download>${said.pdf}</a></p>\n<p><a href="${url}/xml" download>${said.xml}</a></p>` }
    }
  }
  if (row.document === 'invoicing' || row.document === 'leaving_global') return { main: `<p role="status">${said.making}</p>`, head: '<meta http-equiv="refresh" content="3">\n' }
  const over = row.link_expires_at === null || row.link_expires_at <= hub.now() || row.document === 'elsewhere' || row.status === 'refunded' || row.status === 'canceled'
  if (over) return { main: `<p role="status">${said.over}</p>` }
  return { main: form(hub, row, language, zone, typed), head: '<script type="module" src="/static/self-invoice.js"></script>\n' }
}

function form (hub: Hub, row: SaleRow, language: Language, zone: string, typed: Typed | undefined): string {
  const said = texts[language]
  const refused = typed === undefined ? (row.problem as { code: string, message: string }[] | null ?? []).map(({ code, message }) => ({ path: '', code, message })) : told(typed.error, language)
  const catalogues = cataloguesOf(hub.config.dataDir)
  const on = localDay(hub.now(), zone)
  const options = (name: 'c_RegimenFiscal' | 'c_UsoCFDI', chosen: string | undefined) => (catalogues.get(name)?.entries ?? [])
    .filter(({ valid_from: from, valid_to: to, code }) => (from === null || from <= on) && (to === null || on <= to) && code !== 'CP01' && !code.startsWith('CN'))
    .map(({ code, text }) => `<option value="${escape(code)}"${code === chosen ? ' selected' : ''}>${escape(`${code} · ${text}`)}</option>`).join('')
  const { fields = {} } = typed ?? {}
  const problem = (name: keyof Fields): string => refused.filter(({ path }) => fieldOf[path] === name).map(({ message }) => escape(message)).join(' ')
  const field = (name: keyof Fields, input: string) => {
    const wrong = problem(name)
    return `<label for="${name}">${said[name]}</label>\n${input.replace('>', ` aria-describedby="${name}-problem"${wrong === '' ? '' : ' aria-invalid="true"'}>`)}\n<p class="problem" id="${name}-problem" role="alert"${wrong === '' ? ' hidden' : ''}>${wrong}</p>`
  }
  const text = (name: keyof Fields, more: string) => field(name, `<input id="${name}" name="${name}" value="${escape(fields[name] ?? '')}" ${more}>`)
  const others = refused.filter(({ path }) => fieldOf[path] === undefined)
  return `${others.length === 0 ? '' : `<p class="problem" role="alert">${others.map(({ code, message }) => escape(code === undefined ? message : `${message} (${code})`)).join('<br>')}</p>\n`}<p>${said.until} ${localDay(row.link_expires_at!, zone)}.</p>
<form method="post" data-check="${said.checkFailed}">
${text('tax_id', 'required maxlength="13" autocapitalize="characters" autocomplete="off" spellcheck="false"')}
${text('name', 'required maxlength="300" autocapitalize="characters" autocomplete="organization"')}
${field('regime', `<select id="regime" name="regime" required><option value=""></option>${options('c_RegimenFiscal', fields.regime)}</select>`)}
${text('postal_code', 'required inputmode="numeric" maxlength="5" pattern="[0-9]{5}" autocomplete="postal-code"')}
${field('use', `<select id="use" name="use" required><option value=""></option>${options('c_UsoCFDI', fields.use)}</select>`)}
${text('email', 'type="email" maxlength="254" autocomplete="email"')}
<button>${said.submit}</button>
</form>`
}

const texts = {
  es: {
    title: 'Su factura', of: 'De', ticket: 'Ticket', total: 'Total', date: 'Fecha', until: 'Puede facturar hasta el', tax_id: 'RFC', name: 'Nombre o razón social, como está en su constancia (sin SA de CV)', regime: 'Régimen fiscal', postal_code: 'Código postal de su domicilio fiscal',
    use: 'Uso del CFDI', email: 'Correo al que enviarla (opcional)', submit: 'Generar mi factura', done: 'Su factura está lista.', folio: 'Folio fiscal', pdf: 'Descargar PDF', xml: 'Descargar XML', making: 'Estamos timbrando su factura. Esta página se actualiza sola.',
    over: 'Este enlace ya no está activo. Pida su factura a quien le vendió.', checkFailed: 'No se pudo comprobar; se revisará al enviar.'
  },
  en: {
    title: 'Your invoice', of: 'From', ticket: 'Ticket', total: 'Total', date: 'Date', until: 'You may ask for it until', tax_id: 'RFC (tax id)', name: 'Name as on your tax certificate (without SA de CV)', regime: 'Tax regime', postal_code: 'Postal code of your tax address',
    use: 'Use of the CFDI', email: 'E-mail to send it to (optional)', submit: 'Make my invoice', done: 'Your invoice is ready.', folio: 'Folio fiscal', pdf: 'Download the PDF', xml: 'Download the XML', making: 'Your invoice is being stamped. This page refreshes by itself.',
    over: 'This link is no longer active. Ask whoever sold you for your invoice.', checkFailed: 'It could not be checked; it will be when you send it.'
  }
} as const
