import type { FastifyInstance } from 'fastify'
import { visit } from '../checkout/links.ts'
import { next, pay, successAddress, type Choice } from '../checkout/session-machine.ts'
import { lineItem } from '../expand.ts'
import type { CustomField, MethodType, Payer, SessionRecord } from '../objects.ts'
import { quietly, type Books, type World } from '../world.ts'
import { escape, gone, html, money, testNote } from './html.ts'

type Page = { Params: { id: string }, Body: string }

/** The page on which a payer pays, and the link that leads to one. */
export function checkoutPages (app: FastifyInstance, world: World): void {
  app.get<Page>('/c/pay/:id', (request, reply) => {
    const found = sessionBehind(world, request.params.id)
    return found === undefined ? html(reply, 404, gone) : html(reply, 200, view(found.session, found.books), 'Checkout')
  })
  app.post<Page>('/c/pay/:id', (request, reply) => {
    const found = sessionBehind(world, request.params.id)
    if (found === undefined) return html(reply, 404, gone)
    const { session, books } = found
    const { choice, payer } = readForm(new URLSearchParams(request.body))
    const address = quietly(world, books, call => pay(call, session, choice, payer))
    return address === undefined ? html(reply, session.notice === null ? 200 : 402, view(session, books), 'Checkout') : reply.redirect(address, 303)
  })
  // From the bank's page: the shop when it went well, else the page again.
  app.get<Page>('/c/pay/:id/return', (request, reply) => {
    const found = sessionBehind(world, request.params.id)
    if (found === undefined) return html(reply, 404, gone)
    const address = quietly(world, found.books, call => next(call, found.session))
    return address === undefined ? html(reply, 200, view(found.session, found.books), 'Checkout') : reply.redirect(address, 303)
  })
  app.get<Page>('/b/:id', (request, reply) => {
    const door = world.doors.get(request.params.id)
    const link = door?.kind === 'link' ? door.books.paymentLinks.get(door.id) : undefined
    if (door === undefined || link === undefined) return html(reply, 404, gone)
    if (!link.wire.active) return html(reply, 200, `<h1>This link is no longer active</h1><p>${escape(String(link.wire.inactive_message ?? ''))}</p>`)
    return reply.redirect(quietly(world, door.books, call => visit(call, link)), 303)
  })
}

/** What a form of the page says. */
export function readForm (form: URLSearchParams): { choice: Choice, payer: Payer } {
  const read = (name: string) => (form.get(name) ?? '').trim() || null
  const taxId = read('tax_id')
  return {
    choice: { type: (read('method') ?? 'card') as MethodType, card: read('card') ?? undefined },
    payer: {
      email: read('email'),
      name: read('name'),
      phone: read('phone'),
      business: read('business_name'),
      address: addressOf(read),
      taxId: taxId === null ? null : { type: read('tax_id_type') ?? 'mx_rfc', value: taxId },
      fields: Object.fromEntries([...form].filter(([name]) => name.startsWith('field_')).map(([name, value]) => [name.slice(6), value]))
    }
  }
}

/** Null where nothing of it was typed. */
function addressOf (read: (name: string) => string | null): Payer['address'] {
  const address = { line1: read('line1'), line2: read('line2'), city: read('city'), state: read('state'), postal_code: read('postal_code'), country: read('country') }
  return Object.values(address).every(value => value === null) ? null : address
}

function sessionBehind (world: World, id: string): { books: Books, session: SessionRecord } | undefined {
  const door = world.doors.get(id)
  const session = door?.kind === 'session' ? door.books.sessions.get(door.id) : undefined
  return door === undefined || session === undefined ? undefined : { books: door.books, session }
}

const words = {
  en: { pay: 'Pay', subscribe: 'Subscribe', save: 'Save card', cancel: 'Back', email: 'E-mail', name: 'Name', card: 'Card', cash: 'Cash at OXXO', transfer: 'Bank transfer (SPEI)', business: 'Business name', tax: 'Tax id', taxKind: 'Kind of tax id', phone: 'Telephone', address: 'Billing address', country: 'Country', street: 'Street and number', postal: 'Postal code', city: 'City', state: 'State', choose: 'Choose', thanks: 'Thank you', expired: 'This page has expired' },
  es: { pay: 'Pagar', subscribe: 'Suscribirse', save: 'Guardar tarjeta', cancel: 'Volver', email: 'Correo electrónico', name: 'Nombre', card: 'Tarjeta', cash: 'Efectivo en OXXO', transfer: 'Transferencia (SPEI)', business: 'Razón social', tax: 'Identificación fiscal', taxKind: 'Tipo', phone: 'Teléfono', address: 'Dirección de facturación', country: 'País', street: 'Calle y número', postal: 'Código postal', city: 'Ciudad', state: 'Estado', choose: 'Elija', thanks: 'Gracias', expired: 'Esta página ha caducado' }
}

/** Cards that a person may want to try. */
const tryable: [string, string][] = [
  ['4242424242424242', 'Visa, good'], ['4000004840008001', 'Visa from Mexico, good'], ['4000002760003184', '3D Secure'], ['4000000000000002', 'declined'], ['4000000000009995', 'insufficient funds'],
  ['4000000000000069', 'expired'], ['4100000000000019', 'blocked as fraud'], ['4000000000000341', 'good now, declined later'], ['4000000000000259', 'disputed afterwards']
]
const countries = ['MX', 'EC', 'CO', 'ES', 'US']
const taxKinds = ['mx_rfc', 'ec_ruc', 'co_nit', 'es_cif', 'eu_vat', 'us_ein']

function view (session: SessionRecord, books: Books): string {
  const { wire } = session
  const say = words[wire.locale === 'es' || String(wire.locale).startsWith('es-') ? 'es' : 'en']
  if (wire.status === 'expired') return `<h1>${say.expired}</h1>${cancelLink(session, say.cancel)}`
  if (wire.status === 'complete') return thanks(session, books, say.thanks)
  const submit = wire.mode === 'setup' ? say.save : wire.mode === 'subscription' ? say.subscribe : say.pay
  return `${testNote}<h1>${submit}</h1>
${wire.amount_total === null ? '' : `<p class="amount">${money(wire.amount_total, wire.currency!)}</p>`}
<table>${session.lines.map(line => row(books, line)).join('')}</table>
${session.notice === null ? '' : `<p role="alert">${escape(session.notice)}</p>`}
<form method="post">
${wire.customer === null && wire.customer_email === null ? `<label>${say.email}<input name="email" type="email" autocomplete="email" required></label>` : ''}
<label>${say.name}<input name="name" autocomplete="name"></label>
${(wire.phone_number_collection as { enabled: boolean }).enabled ? `<label>${say.phone}<input name="phone" type="tel" autocomplete="tel"></label>` : ''}
${wire.billing_address_collection === 'required' ? addressFields(say) : ''}
${(wire.tax_id_collection as { enabled: boolean } | undefined)?.enabled === true ? taxFields(say) : ''}
${wire.custom_fields.map(field => customField(field, say.choose)).join('\n')}
${wire.amount_total === 0 ? '' : `<fieldset><legend>${say.choose}</legend>${wire.payment_method_types.map((type, i) => method(type, i === 0, say)).join('\n')}</fieldset>`}
<button id="submit">${submit}</button>${cancelLink(session, say.cancel)}</form>`
}

function row (books: Books, line: SessionRecord['lines'][number]): string {
  const { description, quantity, amount_total: total, currency } = lineItem(books, line) as { description: string | null, quantity: number, amount_total: number, currency: string }
  return `<tr><td>${quantity > 1 ? `${quantity} × ` : ''}${escape(description ?? '')}</td><td>${money(total, currency)}</td></tr>`
}

function method (type: string, first: boolean, say: typeof words.en): string {
  const label = { card: say.card, oxxo: say.cash, customer_balance: say.transfer }[type] ?? type
  const choice = `<label><input type="radio" name="method" value="${escape(type)}"${first ? ' checked' : ''}> ${label}</label>`
  return type !== 'card' ? choice : `${choice}<label>Test card<select name="card">${tryable.map(([number, what]) => `<option value="${number}">${number.replaceAll(/(\d{4})(?=\d)/g, '$1 ')}: ${what}</option>`).join('')}</select></label>`
}

function taxFields (say: typeof words.en): string {
  return `<label>${say.business}<input name="business_name" autocomplete="organization"></label>
<label>${say.taxKind}<select name="tax_id_type">${taxKinds.map(kind => `<option>${kind}</option>`).join('')}</select></label><label>${say.tax}<input name="tax_id"></label>`
}

function addressFields (say: typeof words.en): string {
  return `<fieldset><legend>${say.address}</legend><label>${say.country}<select name="country">${countries.map(code => `<option>${code}</option>`).join('')}</select></label>
<label>${say.street}<input name="line1" autocomplete="address-line1" required></label><label>${say.postal}<input name="postal_code" autocomplete="postal-code" required></label>
<label>${say.city}<input name="city" autocomplete="address-level2"></label><label>${say.state}<input name="state" autocomplete="address-level1"></label></fieldset>`
}

function customField (field: CustomField, choose: string): string {
  const name = `field_${escape(field.key)}`
  const need = field.optional ? '' : ' required'
  const input = field.type === 'dropdown'
    ? `<select name="${name}"${need}><option value="">${choose}</option>${field.dropdown!.options.map(option => `<option value="${escape(option.value)}">${escape(option.label)}</option>`).join('')}</select>`
    : `<input name="${name}"${field.type === 'numeric' ? ' inputmode="numeric"' : ''}${need} value="${escape((field.text ?? field.numeric)!.default_value ?? '')}">`
  return `<label>${escape(field.label.custom)}${input}</label>`
}

function thanks (session: SessionRecord, books: Books, say: string): string {
  const link = books.paymentLinks.get(session.wire.payment_link ?? '')?.wire
  const message = link?.after_completion.hosted_confirmation?.custom_message ?? ''
  const address = successAddress(session)
  return `<h1>${say}</h1><p>${escape(message)}</p>${address === undefined ? '' : `<p><a href="${escape(address)}">OK</a></p>`}`
}

function cancelLink ({ id, wire }: SessionRecord, say: string): string {
  return wire.cancel_url === null ? '' : ` <a class="button second" id="cancel" href="${escape(wire.cancel_url.replaceAll('{CHECKOUT_SESSION_ID}', id))}">${say}</a>`
}
