import type { FastifyReply, FastifyRequest } from 'fastify'
import { type Access, systemAccess } from '../access/principal.ts'
import type { Mode } from '../adapter/context.ts'
import type { Invoice as InvoiceModel } from '../adapter/invoicing.ts'
import { cataloguesOf } from '../catalogues/service.ts'
import { inTenant } from '../db/in-tenant.ts'
import { HubError } from '../errors.ts'
import { escapeHtml as escape } from '../escape-html.ts'
import { Decimal } from '../fiscal/decimal.ts'
import { collectInput, withCollected } from '../fiscal-data/collect.ts'
import type { HubInstance } from '../http.ts'
import type { Hub } from '../hub.ts'
import { publicId } from '../ids.ts'
import { isStamped, type InvoiceStatus } from '../invoices/machine.ts'
import { findInvoice, type InvoiceRow } from '../invoices/queries.ts'
import { invoicePdf, invoiceXml, validateInvoice } from '../invoices/service.ts'
import { findIssuer } from '../issuers/queries.ts'
import { listMails } from '../notifications/queries.ts'
import { mailSettings } from '../notifications/settings.ts'
import { brandLogo, brandOf, brandOfIssuer } from '../public-pages/brand.ts'
import { amountText, dayText, type Language, momentText } from '../public-pages/html.ts'
import { addressOf, byLink, fieldsIn, isMailAddress, type PublicPage, type Reader, readerOf, sendLogo, sendNoLink, sendPage, sendState, takeForms } from '../public-pages/page.ts'
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

const fieldNames = ['tax_id', 'name', 'regime', 'postal_code', 'use', 'email'] as const
type FieldName = typeof fieldNames[number]
type Fields = Partial<Record<FieldName, string>>

/** Where a buyer types whose invoice it is, is told at once what is wrong with it, and takes its XML and PDF home. Whoever holds the link may do that, once, and nothing else. */
export async function selfInvoiceRoutes (app: HubInstance): Promise<void> {
  const { hub } = app
  // Six short fields.
  takeForms(app, 4096)

  app.get('/autofactura/:token', byLink, async (request, reply) => {
    const reader = readerOf(request)
    const row = await openLink(hub, request.params.token)
    return row === undefined ? await noLink(request, reply, reader) : await show(hub, request, reply, await newest(hub, row), reader)
  })
  app.post('/autofactura/:token', byLink, async (request, reply) => {
    const reader = readerOf(request)
    const { language } = reader
    const row = await openLink(hub, request.params.token)
    if (row === undefined) return await noLink(request, reply, reader)
    // Over, though no job has said so yet.
    if (isOver(hub, row)) return await show(hub, request, reply.code(409), await newest(hub, row), reader)
    const fields = fieldsIn(request.body, fieldNames)
    const access = buyerAccess(row, request, language)
    try {
      const customer = customerOf(fields)
      // Who left it empty gets it where the link came.
      const email = customer.email ?? (await buyerOf(hub, row)).email
      await assertReceiver(hub, access, row, customer)
      await invoiceFor(hub, access, row, { customer: { ...customer, ...(email !== undefined && { email }) }, send: email !== undefined && mailSettings(hub.config) !== undefined })
    } catch (error) {
      if (!(error instanceof HubError)) throw error
      const after = await inTenant(hub.db, row.tenant_id, async db => (await findSale(db, row.id))!)
      const wrong = error.code === 'invoice_invalid' || error.code === 'request_invalid'
      // Somebody was faster, the buyer's own second click perhaps: the page says how it stands. Whatever else keeps it from being made, what was typed stays.
      const problems = wrong ? problemsOf(told(error, language)) : [{ code: null, level: 'error' as const, message: texts[language].trouble }]
      if (!wrong) request.log.warn({ err: error, sale: publicId('sale', row.id) }, 'a buyer could not make their invoice')
      return await show(hub, request, reply.code(wrong ? 400 : 409), after, reader, { fields, problems })
    }
    // Read anew by the browser: going back or reloading sends nothing twice.
    return await reply.redirect(`${(await linkUrl(hub, row))!}${reader.query}`, 303)
  })
  // What the page asks while the buyer types: nothing is written.
  app.post('/autofactura/:token/check', byLink, async (request, reply) => {
    const row = await named(hub, request.params.token)
    return await reply.header('cache-control', 'no-store').send({ problems: await check(hub, buyerAccess(row, request, request.language), row, fieldsIn(request.body, fieldNames)) })
  })
  // And while the invoice is made.
  app.get('/autofactura/:token/state', byLink, async (request, reply) => await sendState(reply, stateOf(await newest(hub, await named(hub, request.params.token)))))
  app.get('/autofactura/:token/logo', byLink, async (request, reply) => await sendLogo(reply, await brandLogo(hub, sellerOf(await named(hub, request.params.token)))))
  for (const format of ['xml', 'pdf'] as const) {
    app.get(`/autofactura/:token/${format}`, byLink, async (request, reply) => {
      const row = await named(hub, request.params.token)
      const { language } = readerOf(request)
      if (row.invoice_id === null || row.document !== 'invoiced') throw new HubError('not_found')
      const access = buyerAccess(row, request, language)
      const { row: document, bytes } = format === 'xml' ? await invoiceXml(hub, access, publicId('invoice', row.invoice_id)) : await invoicePdf(hub, access, publicId('invoice', row.invoice_id), { language })
      return await reply.headers({ 'cache-control': 'no-store', 'x-robots-tag': 'noindex', 'content-disposition': `attachment; filename="${document.name.replaceAll(/[^\w.-]/g, '_')}"` }).type(document.content_type).send(bytes)
    })
  }
}

async function named (hub: Hub, token: string): Promise<SaleRow> {
  const row = await openLink(hub, token)
  if (row === undefined) throw new HubError('not_found')
  return row
}

const sellerOf = (row: SaleRow) => ({ tenantId: row.tenant_id, mode: row.mode as Mode, currency: row.currency, issuerId: row.issuer_id })

/** What the page shows, as far as it changes by itself. */
const stateOf = ({ document, status }: SaleRow): string => `${document}.${status}`

const buyerAccess = (row: SaleRow, { id: requestId, ip: address }: { id: string, ip: string }, language: Language): Access =>
  systemAccess('buyer', { tenantId: row.tenant_id, mode: row.mode as Mode, requestId, address, language })

/** Who waits for an invoice wants to read how it went. */
async function newest (hub: Hub, row: SaleRow): Promise<SaleRow> {
  if (row.document === 'invoicing') await lookAfterSale(hub, row.tenant_id, row.id)
  return await inTenant(hub.db, row.tenant_id, async db => (await findSale(db, row.id))!)
}

const plain = (text: unknown): string => typeof text === 'string' ? text.trim().replaceAll(/\s+/g, ' ') : ''

/** As the SAT has them: capitals, without spaces around and without the kind of company. */
function customerOf (fields: Fields): Customer {
  const email = plain(fields.email)
  if (email !== '' && !isMailAddress(email)) throw notMail
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

const noLink = async (request: FastifyRequest, reply: FastifyReply, reader: Reader): Promise<FastifyReply> =>
  await sendNoLink(request, reply, reader, { title: texts[reader.language].title, text: texts[reader.language].noLink })

interface Shown { language: Language, query: string, country: string, zone: string }

async function show (hub: Hub, request: FastifyRequest, reply: FastifyReply, row: SaleRow, { language, query }: Reader, typed?: Typed): Promise<FastifyReply> {
  const said = texts[language]
  const issuer = await inTenant(hub.db, row.tenant_id, async db => await findIssuer(db, row.issuer_id))
  const zone = issuer === undefined ? 'America/Mexico_City' : zoneOfIssuer(issuer)
  const brand = issuer === undefined ? await brandOf(hub, sellerOf(row), addressOf(request)) : brandOfIssuer(issuer, addressOf(request))
  const how: Shown = { language, query, country: brand.country, zone }
  const { main, title = said.title, ...page } = await content(hub, row, how, typed)
  const total = amountText(toMinor(row.total, row.currency), row.currency, how)
  return await sendPage(request, reply, { language }, {
    ...page,
    title,
    brand,
    test: row.mode === 'test',
    main: `<h1>${title}</h1>
<dl class="facts"><dt>${said.of}</dt><dd>${escape(brand.name)}</dd><dt>${said.ticket}</dt><dd>${escape(row.ticket)}</dd><dt>${said.date}</dt><dd>${dayText(row.paid_at ?? row.sold_at, how)}</dd><dt>${said.total}</dt><dd><strong>${escape(total)}</strong></dd></dl>
${main}`
  })
}

async function content (hub: Hub, row: SaleRow, how: Shown, typed: Typed | undefined): Promise<Pick<PublicPage, 'main' | 'watch'> & { title?: string }> {
  const said = texts[how.language]
  const status = (text: string, kind = 'note') => `<p class="${kind}" role="status">${text}</p>`
  const watch = (seconds: number) => ({ state: stateOf(row), seconds })
  switch (row.document) {
    case 'invoiced': {
      const invoice = await inTenant(hub.db, row.tenant_id, async db => await findInvoice(db, row.invoice_id!))
      if (invoice === undefined || !isStamped(invoice.status as InvoiceStatus)) return { main: status(said.over) }
      return { title: said.done, main: await documents(hub, row, invoice, how) }
    }
    case 'invoicing': return { main: status(said.making, 'note waiting'), watch: watch(3) }
    // The authority has to let the global invoice go: minutes, or days where its receiver is asked.
    case 'leaving_global': return { main: status(said.leaving, 'note waiting'), watch: watch(30) }
    case 'elsewhere': return { main: status(said.over) }
  }
  if (row.status === 'refunded' || row.status === 'canceled') return { main: status(said.refunded) }
  if (isOver(hub, row)) return { main: status(said.over) }
  return { main: await form(hub, row, how, typed) }
}

/** What the buyer takes home, and where else it goes. */
async function documents (hub: Hub, row: SaleRow, invoice: InvoiceRow, { language, query }: Shown): Promise<string> {
  const said = texts[language]
  const url = escape((await linkUrl(hub, row)) ?? '')
  const wanted = (invoice.body as { send?: boolean }).send === true
  const email = (invoice.model as unknown as Partial<InvoiceModel>).customer?.email ?? (await buyerOf(hub, row)).email
  const [mail] = wanted ? await inTenant(hub.db, row.tenant_id, async db => await listMails(db, { mode: row.mode as Mode, subjectId: invoice.id, limit: 1 })) : []
  const sent = !wanted || email === undefined ? '' : `\n<p class="hint">${mail?.status === 'sent' ? said.sent : said.sends} <strong>${escape(veiled(email))}</strong></p>`
  return `<p class="good" role="status">${said.stamped}</p>
<p>${said.folio}<br><code>${escape(invoice.fiscal_id ?? '')}</code></p>
<p><a class="button" href="${url}/pdf${query}" download>${said.pdf}</a></p>
<p><a class="button plain" href="${url}/xml${query}" download>${said.xml}</a></p>${sent}
<p class="hint">${said.keep}</p>`
}

/** Enough for whose it is, and not for who found the link. */
function veiled (email: string): string {
  const [name = '', host = ''] = email.split('@')
  return `${name.slice(0, name.length > 3 ? 2 : 1)}•••@${host}`
}

const isOver = ({ now }: Pick<Hub, 'now'>, { link_expires_at: ends }: SaleRow): boolean => ends === null || ends <= now()

/** What they typed before: refused by the PAC, it is to be corrected and not typed anew. */
async function before (hub: Hub, row: SaleRow): Promise<Typed> {
  const { invoice } = row.document === 'correcting' ? await buyerOf(hub, row) : {}
  return {
    fields: invoice === undefined ? {} : { tax_id: invoice.tax_id, name: invoice.name, regime: invoice.mx?.regime ?? '', postal_code: invoice.address?.postal_code ?? '', use: invoice.mx?.cfdi_use ?? '', email: invoice.email ?? '' },
    problems: refusalOf(row)
  }
}

/** A key of a catalogue, with whom the law offers it to: `of` the kinds of person (n, l), `in` the regimes. */
interface Choice { value: string, label: string, offered: string }

function choicesOf (hub: Hub, on: string, language: Language): Record<'regime' | 'use', Choice[]> {
  const catalogues = cataloguesOf(hub.config.dataDir)
  const { regime, use } = collectInput(['regime', 'use'], { dataDir: hub.config.dataDir, on, language })
  const kinds = ({ natural, legal }: { natural: boolean, legal: boolean }) => ` data-of="${natural ? 'n' : ''}${legal ? 'l' : ''}"`
  return {
    regime: regime!.choices.map(choice => ({ ...choice, offered: kinds(catalogues.lookup('c_RegimenFiscal', choice.value, on)!) })),
    use: use!.choices.map(choice => {
      const entry = catalogues.lookup('c_UsoCFDI', choice.value, on)!
      return { ...choice, offered: `${kinds(entry)} data-in="${entry.regimes.join(' ')}"` }
    })
  }
}

async function form (hub: Hub, row: SaleRow, how: Shown, typed: Typed | undefined): Promise<string> {
  const { language, zone } = how
  const said = texts[language]
  const { fields, problems } = typed ?? await before(hub, row)
  const { regime, use } = choicesOf(hub, localDay(hub.now(), zone), language)
  const first = problems.find(({ field, level }) => field !== undefined && level === 'error')?.field
  const field = (name: FieldName, input: (attributes: string) => string) => {
    const own = problems.filter(problem => problem.field === name)
    const wrong = own.some(({ level }) => level === 'error')
    const hint = said.hints[name]
    const attributes = `id="${name}" name="${name}" aria-describedby="${hint === undefined ? '' : `${name}-hint `}${name}-problem"${wrong ? ' aria-invalid="true"' : ''}${name === first ? ' autofocus' : ''}`
    return `<label for="${name}">${said.fields[name]}</label>
${input(attributes)}
<div class="said">${hint === undefined ? '' : `<p class="hint" id="${name}-hint"${own.length > 0 ? ' hidden' : ''}>${hint}</p>`}<p class="${wrong || own.length === 0 ? 'problem' : 'hint'}" id="${name}-problem" aria-live="polite"${own.length === 0 ? ' hidden' : ''}>${own.map(({ message }) => escape(message)).join(' ')}</p></div>`
  }
  const text = (name: FieldName, more: string) => field(name, attributes => `<input ${attributes} value="${escape(fields[name] ?? '')}" ${more}>`)
  // The words of a catalogue are the law's, in its language.
  const tongue = language === 'es' ? '' : ' lang="es"'
  const choice = (name: FieldName, choices: readonly Choice[]) => field(name, attributes =>
    `<select ${attributes} required><option value="">${said.choose}</option>${choices.map(({ value, label, offered }) => `<option value="${escape(value)}"${offered}${tongue}${value === fields[name] ? ' selected' : ''}>${escape(label)}</option>`).join('')}</select>`)
  const others = problems.filter(problem => problem.field === undefined)
  const summary = [...others.map(({ message }) => escape(message)), ...(first === undefined ? [] : [said.review])]
  const until = momentText(row.link_expires_at!, how)
  // Refused by the PAC, a problem stays until its field changes: no rule here finds it again.
  return `${summary.length === 0 ? '' : `<p class="problem" role="alert">${summary.join('<br>')}</p>\n`}<p>${row.document === 'in_global' ? `${said.inGlobal} ` : ''}${said.until} <strong>${until}</strong></p>
${bought(row, how)}<form method="post" class="self-invoice" data-keep data-sending="${said.sending}"${typed === undefined ? '' : ' data-checked'}>
${text('tax_id', 'required inputmode="text" maxlength="20" autocapitalize="characters" autocomplete="off" autocorrect="off" spellcheck="false" enterkeyhint="next"')}
${text('name', 'required inputmode="text" maxlength="300" autocapitalize="characters" autocomplete="organization" autocorrect="off" spellcheck="false" enterkeyhint="next"')}
${choice('regime', regime)}
${text('postal_code', 'required inputmode="numeric" maxlength="5" pattern="[0-9]{5}" autocomplete="postal-code" enterkeyhint="next"')}
${choice('use', use)}
${text('email', 'type="email" inputmode="email" maxlength="254" autocomplete="email" autocapitalize="none" spellcheck="false" enterkeyhint="send"')}
<button>${said.submit}</button>
</form>`
}

/** What the ticket says, for who has several. Texts of the seller are text. */
function bought ({ model, currency }: SaleRow, how: Shown): string {
  const { lines } = model as unknown as Pick<InvoiceModel, 'lines'>
  const items = lines.slice(0, 50).map(({ description, quantity, unitPrice, amount }) => {
    const price = toMinor(amount ?? new Decimal(quantity).times(unitPrice).toFixed(6), currency)
    return `<li><span>${escape(`${new Decimal(quantity).toString()} × ${description}`)}</span><span>${escape(amountText(price, currency, how))}</span></li>`
  })
  return `<details><summary>${texts[how.language].bought}</summary><ul class="bought">${items.join('')}</ul><p class="hint">${texts[how.language].net}</p></details>\n`
}

const texts = {
  es: {
    title: 'Su factura', of: 'Vendedor', ticket: 'Ticket', total: 'Total', date: 'Fecha', until: 'Puede facturar hasta el',
    fields: { tax_id: 'RFC', name: 'Nombre o razón social', regime: 'Régimen fiscal', postal_code: 'Código postal', use: 'Uso del CFDI', email: 'Correo (opcional)' },
    hints: { tax_id: '13 caracteres si es persona física, 12 si es moral.', name: 'Como está en su constancia de situación fiscal, sin «SA de CV».', regime: 'El de su constancia.', postal_code: 'De su domicilio fiscal.', use: 'Para qué la usará en sus impuestos; S01, si para nada.', email: 'Ahí le enviaremos la factura.' } as Partial<Record<FieldName, string>>,
    choose: 'Elija…', submit: 'Generar mi factura', sending: 'Enviando…', review: 'Revise los datos marcados.', done: 'Su factura está lista', stamped: 'El SAT la tiene registrada.', sent: 'La enviamos también a', sends: 'La enviaremos también a', bought: 'Qué compró', net: 'Precios antes de impuestos.', folio: 'Folio fiscal:', pdf: 'Descargar PDF', xml: 'Descargar XML', keep: 'El XML es su comprobante; el PDF es su representación impresa. Guarde ambos.',
    making: 'Estamos timbrando su factura. Esta página se actualiza sola.',
    leaving: 'Recibimos sus datos. Su compra ya estaba en la factura global del periodo: primero se cancela ante el SAT y enseguida se emite la suya. Puede cerrar esta página y volver después con el mismo enlace.',
    inGlobal: 'Su compra ya está en la factura global del periodo. Aún puede pedir la suya: la global se sustituye y la suya se emite después.',
    over: 'El plazo de este enlace terminó y su compra pasó a la factura global. Si necesita su factura, pídala a quien le vendió.', refunded: 'Esta compra se devolvió: ya no hay qué facturar.',
    noLink: 'Este enlace ya no está activo, o está incompleto: ábralo desde el mensaje más reciente que recibió. Si su plazo terminó, su compra pasó a la factura global; pida su factura a quien le vendió.',
    trouble: 'No pudimos generar su factura en este momento. Lo que escribió sigue aquí: inténtelo de nuevo en unos minutos.'
  },
  en: {
    title: 'Your invoice', of: 'Seller', ticket: 'Ticket', total: 'Total', date: 'Date', until: 'You may ask for it until',
    fields: { tax_id: 'RFC (tax id)', name: 'Name or company name', regime: 'Tax regime', postal_code: 'Postal code', use: 'Use of the CFDI', email: 'E-mail (optional)' },
    hints: { tax_id: '13 characters of a person, 12 of a company.', name: 'As on your tax certificate (constancia), without “SA de CV”.', regime: 'The one on your certificate.', postal_code: 'Of your tax address.', use: 'What for in your taxes; S01 if for nothing.', email: 'The invoice is sent there.' } as Partial<Record<FieldName, string>>,
    choose: 'Choose…', submit: 'Make my invoice', sending: 'Sending…', review: 'Check what is marked.', done: 'Your invoice is ready', stamped: 'The SAT has it on record.', sent: 'We have also mailed it to', sends: 'We will also mail it to', bought: 'What you bought', net: 'Prices before taxes.', folio: 'Folio fiscal:', pdf: 'Download the PDF', xml: 'Download the XML', keep: 'The XML is the document; the PDF is what it looks like on paper. Keep both.',
    making: 'Your invoice is being stamped. This page refreshes by itself.',
    leaving: 'We have your data. Your purchase was in the global invoice of its period already: that one is cancelled at the SAT first, and yours follows. You may close this page and come back by the same link.',
    inGlobal: 'Your purchase is in the global invoice of its period already. You may still ask for yours: the global one is replaced, and yours follows.',
    over: 'The time of this link is over, and your purchase went into the global invoice. If you need an invoice, ask whoever sold you.', refunded: 'This purchase was given back: there is nothing left to invoice.',
    noLink: 'This link is no longer active, or it is incomplete: open it from the newest message that you got. If its time is over, your purchase went into the global invoice; ask whoever sold you for yours.',
    trouble: 'Your invoice could not be made at this moment. What you typed is still here: try again in some minutes.'
  }
} as const
