import type { FastifyReply } from 'fastify'
import { Type } from 'typebox'
import { type Access, systemAccess } from '../access/principal.ts'
import type { Mode } from '../adapter/context.ts'
import { inTenant } from '../db/in-tenant.ts'
import { HubError } from '../errors.ts'
import { collectInput, withCollected } from '../fiscal-data/collect.ts'
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
import { assertReceiver } from './receiver-check.ts'
import type { Tender } from './schema.ts'
import { invoiceFor } from './service.ts'

const open = { config: { public: true }, schema: { hide: true, params: Type.Object({ token: Type.String({ maxLength: 250 }) }) } } as const
type Language = 'es' | 'en'
const fieldNames = ['tax_id', 'name', 'regime', 'postal_code', 'use', 'email'] as const
type FieldName = typeof fieldNames[number]
type Fields = Partial<Record<FieldName, string>>

/** Where a buyer types whose invoice it is, is told at once what is wrong with it, and takes its XML and PDF home. Whoever holds the link may do that, once, and nothing else. */
export async function selfInvoiceRoutes (app: HubInstance): Promise<void> {
  const { hub } = app
  // Six short fields.
  app.addContentTypeParser('application/x-www-form-urlencoded', { bodyLimit: 4096, parseAs: 'string' }, (_request, body, done) => { done(null, Object.fromEntries(new URLSearchParams(String(body)))) })

  app.get('/autofactura/:token', open, async (request, reply) => {
    const row = await openLink(hub, request.params.token)
    return row === undefined ? await showNoLink(reply, request.language) : await show(hub, reply, await newest(hub, row), request.language)
  })
  app.post('/autofactura/:token', open, async (request, reply) => {
    const row = await openLink(hub, request.params.token)
    if (row === undefined) return await showNoLink(reply, request.language)
    // Over, though no job has said so yet.
    if (isOver(hub, row)) return await show(hub, reply.code(409), await newest(hub, row), request.language)
    const fields = fieldsOf(request.body)
    try {
      const customer = customerOf(fields)
      // Who left it empty gets it where the link came.
      const email = customer.email ?? (await buyerOf(hub, row)).email
      await assertReceiver(hub, buyerAccess(row, request), row, customer)
      await invoiceFor(hub, buyerAccess(row, request), row, { customer: { ...customer, ...(email !== undefined && { email }) }, send: email !== undefined && mailSettings(hub.config) !== undefined })
    } catch (error) {
      if (!(error instanceof HubError)) throw error
      const after = await inTenant(hub.db, row.tenant_id, async db => (await findSale(db, row.id))!)
      const wrong = error.code === 'invoice_invalid' || error.code === 'request_invalid'
      // Somebody was faster, the buyer's own second click perhaps: the page says how it stands. Whatever else keeps it from being made, what was typed stays.
      const problems = wrong ? problemsOf(told(error, request.language)) : [{ code: null, level: 'error' as const, message: texts[request.language].trouble }]
      if (!wrong) request.log.warn({ err: error, sale: publicId('sale', row.id) }, 'a buyer could not make their invoice')
      return await show(hub, reply.code(wrong ? 400 : 409), after, request.language, { fields, problems })
    }
    // Read anew by the browser: going back or reloading sends nothing twice.
    return await reply.redirect((await linkUrl(hub, row))!, 303)
  })
  // What the page asks while the buyer types: nothing is written.
  app.post('/autofactura/:token/check', open, async (request, reply) => {
    const row = await named(hub, request.params.token)
    return await reply.header('cache-control', 'no-store').send({ problems: await check(hub, buyerAccess(row, request), row, fieldsOf(request.body)) })
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

const buyerAccess = (row: SaleRow, { id: requestId, ip: address, language }: { id: string, ip: string, language: Language }): Access =>
  systemAccess('buyer', { tenantId: row.tenant_id, mode: row.mode as Mode, requestId, address, language })

/** Who waits for an invoice wants to read how it went. */
async function newest (hub: Hub, row: SaleRow): Promise<SaleRow> {
  if (row.document === 'invoicing') await lookAfterSale(hub, row.tenant_id, row.id)
  return await inTenant(hub.db, row.tenant_id, async db => (await findSale(db, row.id))!)
}

const plain = (text: unknown): string => typeof text === 'string' ? text.trim().replaceAll(/\s+/g, ' ') : ''

function fieldsOf (body: unknown): Fields {
  const given = Object(body) as Record<string, unknown>
  return Object.fromEntries(fieldNames.flatMap(name => typeof given[name] === 'string' ? [[name, given[name]]] : []))
}

/** As the SAT has them: capitals, without spaces around and without the kind of company. */
function customerOf (fields: Fields): Customer {
  const email = plain(fields.email)
  if (email !== '' && !(email.length <= 254 && /^[^\s@<>,;"]+@[^\s@<>,;"]+\.[^\s@<>,;".]+$/.test(email))) throw notMail
  const { customer } = withCollected({ country: 'MX', issuer: '' }, {
    tax_id: plain(fields.tax_id), name: plain(fields.name), regime: plain(fields.regime), address: { postal_code: plain(fields.postal_code) }, use: plain(fields.use).toUpperCase(), ...(email !== '' && { email })
  })
  return customer!
}

const notMail = new HubError('request_invalid', { errors: [{ path: 'customer.email', message: { es: 'No parece un correo: revíselo, o déjelo vacío.', en: 'This does not look like an e-mail address: check it, or leave it empty.' } }] })

interface Problem { field?: FieldName, code: string | null, level: 'error' | 'warning', message: string }
interface Found { path: string, code?: string, level?: 'error' | 'warning', message: string }

const places: Readonly<Record<string, FieldName>> = {
  'customer.tax_id': 'tax_id', 'customer.name': 'name', 'customer.address.postal_code': 'postal_code', 'customer.mx.regime': 'regime', 'customer.mx.cfdi_use': 'use', 'customer.email': 'email'
}

const problemsOf = (found: readonly Found[]): Problem[] => found.map(({ path, code, level = 'error', message }) => ({ ...(places[path] !== undefined && { field: places[path] }), code: code ?? null, level, message }))

/** Broken rules of what has been typed so far; an empty field is not wrong yet. */
async function check (hub: Hub, access: Access, row: SaleRow, fields: Fields): Promise<Problem[]> {
  const body = (customer: Customer) => bodyOf(row, customer, { form: formOf(row.tenders as unknown as Tender[]) })
  const rulesOf = async (of: Fields): Promise<Found[]> => {
    const { errors, warnings } = await validateInvoice(hub, access, body(customerOf(of)))
    return [...errors, ...warnings]
  }
  const found = await rulesOf(fields).catch(async (error: unknown) => {
    if (!(error instanceof HubError)) throw error
    // An address that is none keeps nothing else from being looked at.
    return error === notMail ? [...await rulesOf({ ...fields, email: '' }), ...told(error, access.language)] : told(error, access.language)
  })
  return problemsOf(found).filter(({ field }) => field !== undefined && plain(fields[field]) !== '')
}

const told = ({ errors = [] }: HubError, language: Language): Found[] => errors.map(({ path, code, message }) => ({ path, ...(code !== undefined && { code }), message: typeof message === 'string' ? message : message[language] }))

/** A PAC's refusal names a rule and no field (SAT, matriz de validaciones del CFDI 4.0: nodo Receptor). */
const fieldOfRule: readonly (readonly [RegExp, FieldName])[] = [[/CFDI4014[36]/, 'tax_id'], [/CFDI4014[45]/, 'name'], [/CFDI4014[789]/, 'postal_code'], [/CFDI4015[789]/, 'regime'], [/CFDI4016[01]/, 'use']]

function refusalOf (row: SaleRow): Problem[] {
  return (row.problem as { code: string, message: string }[] | null ?? []).map(({ code, message }) => {
    const field = fieldOfRule.find(([rule]) => rule.test(code))?.[1]
    return { ...(field !== undefined && { field }), code, level: 'error' as const, message: `${message} (${code})` }
  })
}

// --- the page -----------------------------------------------------------------------------------------------------------------

interface Typed { fields: Fields, problems: readonly Problem[] }

/** Not there, no longer there, cut short by whoever copied it: one answer. */
async function showNoLink (reply: FastifyReply, language: Language): Promise<FastifyReply> {
  const said = texts[language]
  return await sendPage(reply.code(404), language, { title: said.title, main: `<h1>${said.title}</h1>\n<p class="note" role="status">${said.noLink}</p>` })
}

async function show (hub: Hub, reply: FastifyReply, row: SaleRow, language: Language, typed?: Typed): Promise<FastifyReply> {
  const said = texts[language]
  const issuer = await inTenant(hub.db, row.tenant_id, async db => await findIssuer(db, row.issuer_id))
  const zone = issuer === undefined ? 'America/Mexico_City' : zoneOfIssuer(issuer)
  const { main, head, title = said.title } = await content(hub, row, language, zone, typed)
  return await sendPage(reply, language, {
    title,
    head: head ?? '',
    main: `<h1>${title}</h1>
<dl class="facts"><dt>${said.of}</dt><dd>${escape(issuer?.trade_name ?? issuer?.legal_name ?? '')}</dd><dt>${said.ticket}</dt><dd>${escape(row.ticket)}</dd><dt>${said.date}</dt><dd>${dayText(row.paid_at ?? row.sold_at, zone, language)}</dd><dt>${said.total}</dt><dd><strong>${escape(amountText(toMinor(row.total, row.currency), row.currency, language))} ${escape(row.currency)}</strong></dd></dl>
${row.mode === 'test' ? `<p class="note">${said.test}</p>\n` : ''}${main}`
  })
}

const dayText = (at: Date, timeZone: string, language: Language): string => new Intl.DateTimeFormat(language === 'es' ? 'es-MX' : 'en', { dateStyle: 'long', timeZone }).format(at)
const momentText = (at: Date, timeZone: string, language: Language): string => new Intl.DateTimeFormat(language === 'es' ? 'es-MX' : 'en', { dateStyle: 'long', timeStyle: 'short', timeZone }).format(at)

async function content (hub: Hub, row: SaleRow, language: Language, zone: string, typed: Typed | undefined): Promise<{ main: string, head?: string, title?: string }> {
  const said = texts[language]
  const url = escape((await linkUrl(hub, row)) ?? '')
  const status = (text: string, kind = 'note') => `<p class="${kind}" role="status">${text}</p>`
  switch (row.document) {
    case 'invoiced': {
      const invoice = await inTenant(hub.db, row.tenant_id, async db => await findInvoice(db, row.invoice_id!))
      if (invoice === undefined || !isStamped(invoice.status as InvoiceStatus)) return { main: status(said.over) }
      return {
        title: said.done,
        main: `<p role="status">${said.folio}<br><code>${escape(invoice.fiscal_id ?? '')}</code></p>\n<p><a class="button" href="${url}/pdf" download>${said.pdf}</a></p>\n<p><a class="button plain" href="${url}/xml" download>${said.xml}</a></p>\n<p class="hint">${said.keep}</p>`
      }
    }
    case 'invoicing': return { main: status(said.making, 'note waiting'), head: refresh(3) }
    // The authority has to let the global invoice go: minutes, or days where its receiver is asked.
    case 'leaving_global': return { main: status(said.leaving, 'note waiting'), head: refresh(30) }
    case 'elsewhere': return { main: status(said.over) }
  }
  if (row.status === 'refunded' || row.status === 'canceled') return { main: status(said.refunded) }
  if (isOver(hub, row)) return { main: status(said.over) }
  return { main: await form(hub, row, language, zone, typed), head: '<script type="module" src="/static/self-invoice.js"></script>\n' }
}

const isOver = ({ now }: Pick<Hub, 'now'>, { link_expires_at: ends }: SaleRow): boolean => ends === null || ends <= now()
const refresh = (seconds: number): string => `<meta http-equiv="refresh" content="${seconds}">\n`

/** What they typed before: refused by the PAC, it is to be corrected and not typed anew. */
async function before (hub: Hub, row: SaleRow): Promise<Typed> {
  const { invoice } = row.document === 'correcting' ? await buyerOf(hub, row) : {}
  return {
    fields: invoice === undefined ? {} : { tax_id: invoice.tax_id, name: invoice.name, regime: invoice.mx?.regime ?? '', postal_code: invoice.address?.postal_code ?? '', use: invoice.mx?.cfdi_use ?? '', email: invoice.email ?? '' },
    problems: refusalOf(row)
  }
}

async function form (hub: Hub, row: SaleRow, language: Language, zone: string, typed: Typed | undefined): Promise<string> {
  const said = texts[language]
  const { fields, problems } = typed ?? await before(hub, row)
  const { regime, use } = collectInput(['regime', 'use'], { dataDir: hub.config.dataDir, on: localDay(hub.now(), zone), language })
  const first = problems.find(({ field, level }) => field !== undefined && level === 'error')?.field
  const field = (name: FieldName, input: (attributes: string) => string) => {
    const own = problems.filter(problem => problem.field === name)
    const wrong = own.some(({ level }) => level === 'error')
    const hint = name in said.hints ? said.hints[name as 'name'] : undefined
    const attributes = `id="${name}" name="${name}" aria-describedby="${hint === undefined ? '' : `${name}-hint `}${name}-problem"${wrong ? ' aria-invalid="true"' : ''}${name === first ? ' autofocus' : ''}`
    return `<label for="${name}">${said.fields[name]}</label>
${hint === undefined ? '' : `<p class="hint" id="${name}-hint">${hint}</p>\n`}${input(attributes)}
<p class="${wrong || own.length === 0 ? 'problem' : 'hint'}" id="${name}-problem" aria-live="polite"${own.length === 0 ? ' hidden' : ''}>${own.map(({ message }) => escape(message)).join(' ')}</p>`
  }
  const text = (name: FieldName, more: string) => field(name, attributes => `<input ${attributes} value="${escape(fields[name] ?? '')}" ${more}>`)
  const choice = (name: FieldName, choices: readonly { value: string, label: string }[]) => field(name, attributes =>
    `<select ${attributes} required><option value="">${said.choose}</option>${choices.map(({ value, label }) => `<option value="${escape(value)}"${value === fields[name] ? ' selected' : ''}>${escape(label)}</option>`).join('')}</select>`)
  const others = problems.filter(problem => problem.field === undefined)
  const summary = [...others.map(({ message }) => escape(message)), ...(first === undefined ? [] : [said.review])]
  // Refused by the PAC, a problem stays until its field changes: no rule here finds it again.
  return `${summary.length === 0 ? '' : `<p class="problem" role="alert">${summary.join('<br>')}</p>\n`}<p>${row.document === 'in_global' ? `${said.inGlobal} ` : ''}${said.until} <strong>${momentText(row.link_expires_at!, zone, language)}</strong></p>
<form method="post" class="self-invoice" data-sending="${said.sending}"${typed === undefined ? '' : ' data-checked'}>
${text('tax_id', 'required maxlength="20" autocapitalize="characters" autocomplete="off" spellcheck="false"')}
${text('name', 'required maxlength="300" autocapitalize="characters" autocomplete="organization" spellcheck="false"')}
${choice('regime', regime?.choices ?? [])}
${text('postal_code', 'required inputmode="numeric" maxlength="5" pattern="[0-9]{5}" autocomplete="postal-code"')}
${choice('use', use?.choices ?? [])}
${text('email', 'type="email" maxlength="254" autocomplete="email" spellcheck="false"')}
<button>${said.submit}</button>
</form>`
}

const texts = {
  es: {
    title: 'Su factura', of: 'Vendedor', ticket: 'Ticket', total: 'Total', date: 'Fecha', until: 'Puede facturar hasta el',
    fields: { tax_id: 'RFC', name: 'Nombre o razón social', regime: 'Régimen fiscal', postal_code: 'Código postal', use: 'Uso del CFDI', email: 'Correo (opcional)' },
    hints: { name: 'Como está en su constancia de situación fiscal, sin «SA de CV».', postal_code: 'De su domicilio fiscal.', email: 'Ahí le enviaremos la factura.' },
    choose: 'Elija…', submit: 'Generar mi factura', sending: 'Enviando…', review: 'Revise los datos marcados.', done: 'Su factura está lista', folio: 'Folio fiscal:', pdf: 'Descargar PDF', xml: 'Descargar XML', keep: 'El XML es su comprobante; el PDF es su representación impresa. Guarde ambos.',
    making: 'Estamos timbrando su factura. Esta página se actualiza sola.',
    leaving: 'Recibimos sus datos. Su compra ya estaba en la factura global del periodo: primero se cancela ante el SAT y enseguida se emite la suya. Puede cerrar esta página y volver después con el mismo enlace.',
    inGlobal: 'Su compra ya está en la factura global del periodo. Aún puede pedir la suya: la global se sustituye y la suya se emite después.',
    over: 'El plazo de este enlace terminó y su compra pasó a la factura global. Si necesita su factura, pídala a quien le vendió.', refunded: 'Esta compra se devolvió: ya no hay qué facturar.',
    noLink: 'Este enlace ya no está activo, o está incompleto: ábralo desde el mensaje más reciente que recibió. Si su plazo terminó, su compra pasó a la factura global; pida su factura a quien le vendió.',
    trouble: 'No pudimos generar su factura en este momento. Lo que escribió sigue aquí: inténtelo de nuevo en unos minutos.', test: 'PRUEBA: esta factura no tiene validez.'
  },
  en: {
    title: 'Your invoice', of: 'Seller', ticket: 'Ticket', total: 'Total', date: 'Date', until: 'You may ask for it until',
    fields: { tax_id: 'RFC (tax id)', name: 'Name or company name', regime: 'Tax regime', postal_code: 'Postal code', use: 'Use of the CFDI', email: 'E-mail (optional)' },
    hints: { name: 'As on your tax certificate (constancia), without “SA de CV”.', postal_code: 'Of your tax address.', email: 'The invoice is sent there.' },
    choose: 'Choose…', submit: 'Make my invoice', sending: 'Sending…', review: 'Check what is marked.', done: 'Your invoice is ready', folio: 'Folio fiscal:', pdf: 'Download the PDF', xml: 'Download the XML', keep: 'The XML is the document; the PDF is what it looks like on paper. Keep both.',
    making: 'Your invoice is being stamped. This page refreshes by itself.',
    leaving: 'We have your data. Your purchase was in the global invoice of its period already: that one is cancelled at the SAT first, and yours follows. You may close this page and come back by the same link.',
    inGlobal: 'Your purchase is in the global invoice of its period already. You may still ask for yours: the global one is replaced, and yours follows.',
    over: 'The time of this link is over, and your purchase went into the global invoice. If you need an invoice, ask whoever sold you.', refunded: 'This purchase was given back: there is nothing left to invoice.',
    noLink: 'This link is no longer active, or it is incomplete: open it from the newest message that you got. If its time is over, your purchase went into the global invoice; ask whoever sold you for yours.',
    trouble: 'Your invoice could not be made at this moment. What you typed is still here: try again in some minutes.', test: 'TEST: this invoice is of no value.'
  }
} as const
