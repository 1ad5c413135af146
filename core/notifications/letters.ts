import { exponentOf, type Money } from '../adapter/money.ts'
import type { Audience, NoticeData, NoticeKind, NoticeLine, ValueName } from './catalogue.ts'
import type { Letter } from './letter.ts'

type Language = 'es' | 'en'
type Said = Pick<Letter, 'subject' | 'heading' | 'paragraphs' | 'facts' | 'actions'>

const houseName = 'Pasarela'

/**
 * What a notice says, before it has a look: one text from which the mail, the push message and nothing else is made. Whose
 * colours and reply address it carries, and whether it is of test mode, is said by whoever sends it.
 */
export function letterOf<K extends NoticeKind> (kind: K, data: NoticeData[K], language: Language, audience: Audience = 'buyer'): Letter {
  const say: Say = (es, en) => language === 'es' ? es : en
  const sender = data.sender ?? houseName
  const named = { ...data, sender }
  const said = (writers[kind] as (data: NoticeData[K], say: Say, language: Language) => Said)(named, say, language)
  const other = audience === 'admin' ? forAdmins[kind]?.(named as never, say) : undefined
  return { language, sender, footer: [sender], test: false, ...said, ...other }
}

type Say = (es: string, en: string) => string
type Facts = Letter['facts']

const writers: { [K in NoticeKind]: (data: NoticeData[K], say: Say, language: Language) => Said } = {
  payment_received: (data, say) => ({
    subject: say(`Pago recibido: ${moneyText(data.amount)}`, `Payment received: ${moneyText(data.amount)}`),
    heading: say('Recibimos su pago', 'We received your payment'),
    paragraphs: [say(`${data.sender} registró un pago de ${moneyText(data.amount)}.`, `${data.sender} registered a payment of ${moneyText(data.amount)}.`)],
    facts: facts([
      ...lineFacts(data.lines, data.amount.currency),
      [say('Total', 'Total'), moneyText(data.amount)],
      [say('Concepto', 'Description'), data.description],
      [say('Referencia', 'Reference'), data.reference],
      [say('Forma de pago', 'Method'), data.method],
      [say('Pagó', 'Paid by'), data.payer]
    ]),
    actions: action(say('Ver el recibo', 'See the receipt'), data.url)
  }),
  payment_failed: (data, say) => ({
    subject: say(`Su pago de ${moneyText(data.amount)} no se completó`, `Your payment of ${moneyText(data.amount)} did not go through`),
    heading: say('El pago no se completó', 'The payment did not go through'),
    paragraphs: [say(`El pago de ${moneyText(data.amount)} a ${data.sender} no se completó. No se le cobró nada.`, `The payment of ${moneyText(data.amount)} to ${data.sender} did not go through. Nothing was charged.`)],
    facts: facts([[say('Importe', 'Amount'), moneyText(data.amount)], [say('Motivo', 'Reason'), data.reason], [say('Referencia', 'Reference'), data.reference], [say('Cliente', 'Customer'), data.payer]]),
    actions: action(say('Intentar otra vez', 'Try again'), data.url)
  }),
  payment_pending: (data, say, language) => ({
    subject: say(`Recordatorio: pago pendiente de ${moneyText(data.amount)}`, `Reminder: a payment of ${moneyText(data.amount)} is waiting`),
    heading: say('Su pago está pendiente', 'Your payment is waiting'),
    paragraphs: [say(`Aún no recibimos el pago de ${moneyText(data.amount)} a ${data.sender}. Si ya pagó, no tiene que hacer nada.`, `We have not received the payment of ${moneyText(data.amount)} to ${data.sender} yet. If you have paid, there is nothing to do.`)],
    facts: facts([[say('Importe', 'Amount'), moneyText(data.amount)], [say('Vence', 'Due'), dateText(data.until, language)], [say('Referencia', 'Reference'), data.reference], [say('Cliente', 'Customer'), data.payer]]),
    actions: action(say('Pagar', 'Pay'), data.url)
  }),
  refund: (data, say) => ({
    subject: say(`Reembolso de ${moneyText(data.amount)}`, `Refund of ${moneyText(data.amount)}`),
    heading: say('Le devolvimos su dinero', 'Your money was given back'),
    paragraphs: [say(`${data.sender} reembolsó ${moneyText(data.amount)}. Según su banco puede tardar unos días en verlo.`, `${data.sender} gave back ${moneyText(data.amount)}. Your bank may take a few days to show it.`)],
    facts: facts([[say('Importe', 'Amount'), moneyText(data.amount)], [say('Motivo', 'Reason'), data.reason], [say('Referencia', 'Reference'), data.reference], [say('Cliente', 'Customer'), data.payer]]),
    actions: []
  }),
  invoice: (data, say) => ({
    subject: say(`Factura ${data.number}: ${data.sender}`, `Invoice ${data.number}: ${data.sender}`),
    heading: say(`Su factura ${data.number}`, `Your invoice ${data.number}`),
    paragraphs: [say(`${data.sender} emitió su factura por ${data.total}.`, `${data.sender} issued your invoice of ${data.total}.`)],
    facts: facts([[say('Número', 'Number'), data.number], [say('Total', 'Total'), data.total], [say('Referencia', 'Reference'), data.reference]]),
    actions: action(say('Descargar la factura', 'Download the invoice'), data.url)
  }),
  self_invoice_link: (data, say, language) => ({
    subject: say(`Genere su factura: ${data.sender}`, `Get your invoice: ${data.sender}`),
    heading: say('Genere su factura', 'Get your invoice'),
    paragraphs: [say(`${data.sender} registró su pago de ${moneyText(data.amount)}. Para obtener su factura escriba sus datos fiscales en esta página antes del ${dateText(data.until, language)}.`, `${data.sender} registered your payment of ${moneyText(data.amount)}. To get your invoice, type your fiscal data on this page by ${dateText(data.until, language)}.`)],
    facts: facts([[say('Importe', 'Amount'), moneyText(data.amount)], [say('Válido hasta', 'Valid until'), dateText(data.until, language)], [say('Referencia', 'Reference'), data.reference]]),
    actions: action(say('Generar mi factura', 'Get my invoice'), data.url)
  }),
  self_invoice_reminder: (data, say, language) => ({
    subject: data.daysLeft === 1
      ? say(`Mañana vence el plazo para su factura: ${data.sender}`, `One day left to get your invoice: ${data.sender}`)
      : say(`Le quedan ${data.daysLeft} días para generar su factura: ${data.sender}`, `${data.daysLeft} days left to get your invoice: ${data.sender}`),
    heading: say('Aún no genera su factura', 'You have not got your invoice yet'),
    paragraphs: [say(`El enlace para facturar su pago de ${moneyText(data.amount)} a ${data.sender} vence el ${dateText(data.until, language)}. Después su compra pasa a la factura global.`, `The link to invoice your payment of ${moneyText(data.amount)} to ${data.sender} ends on ${dateText(data.until, language)}. After that your purchase goes into the global invoice.`)],
    facts: facts([[say('Importe', 'Amount'), moneyText(data.amount)], [say('Válido hasta', 'Valid until'), dateText(data.until, language)], [say('Referencia', 'Reference'), data.reference]]),
    actions: action(say('Generar mi factura', 'Get my invoice'), data.url)
  }),
  correct_your_data: (data, say, language) => ({
    subject: say(`Corrija sus datos para recibir su factura: ${data.sender}`, `Correct your data to get your invoice: ${data.sender}`),
    heading: say('Su pago fue exitoso; su factura, no', 'Your payment went through; your invoice did not'),
    paragraphs: [say(`Recibimos su pago de ${moneyText(data.amount)}, pero sus datos fiscales tienen un error y la factura no se pudo emitir. Corríjalos aquí.`, `We received your payment of ${moneyText(data.amount)}, but there is an error in your fiscal data and the invoice could not be issued. Correct it here.`)],
    facts: facts([[say('Importe', 'Amount'), moneyText(data.amount)], [say('Problema', 'Problem'), data.problem], [say('Hasta', 'Until'), dateText(data.until, language)], [say('Referencia', 'Reference'), data.reference]]),
    actions: action(say('Corregir mis datos', 'Correct my data'), data.url)
  }),
  alert: (data, say) => ({
    subject: say(`Alerta: ${data.message}`, `Alert: ${data.message}`).slice(0, 150),
    heading: say('Algo necesita su atención', 'Something needs your attention'),
    paragraphs: [data.message],
    facts: facts([[say('Gravedad', 'Severity'), data.severity], [say('Sobre', 'About'), data.subject]]),
    actions: action(say('Ver la alerta', 'See the alert'), data.url)
  })
}

/** What the tenant's own people read instead: it is not their payment. */
const forAdmins: { [K in NoticeKind]?: (data: NoticeData[K], say: Say) => Pick<Said, 'subject' | 'heading' | 'paragraphs' | 'actions'> } = {
  payment_received: (data, say) => told(say(`Nuevo pago: ${moneyText(data.amount)}`, `New payment: ${moneyText(data.amount)}`), data.reference, say('Se cobró un pago.', 'A payment was taken.')),
  payment_failed: (data, say) => told(say(`Pago fallido: ${moneyText(data.amount)}`, `Payment failed: ${moneyText(data.amount)}`), data.reference, say('Un pago no se completó.', 'A payment did not go through.')),
  payment_pending: (data, say) => told(say(`Pago pendiente: ${moneyText(data.amount)}`, `Payment waiting: ${moneyText(data.amount)}`), data.reference, say('Un pago sigue pendiente.', 'A payment is still waiting.')),
  refund: (data, say) => told(say(`Reembolso: ${moneyText(data.amount)}`, `Refund: ${moneyText(data.amount)}`), data.reference, say('Se devolvió dinero a un cliente.', 'Money was given back to a customer.'))
}

const told = (subject: string, reference: string | undefined, sentence: string): Pick<Said, 'subject' | 'heading' | 'paragraphs' | 'actions'> =>
  ({ subject: reference === undefined ? subject : `${subject} (${reference})`, heading: subject, paragraphs: [sentence], actions: [] })

const facts = (rows: [label: string, value: string | undefined][]): Facts => rows.filter((row): row is [string, string] => row[1] !== undefined && row[1] !== '')

const action = (label: string, url: string | undefined): Letter['actions'] => url === undefined ? [] : [{ label, url }]

const lineFacts = (lines: readonly NoticeLine[] = [], currency: string): Facts =>
  lines.map(({ name, quantity, unitAmount }) => [quantity === 1 ? name : `${quantity} × ${name}`, moneyText({ amount: quantity * unitAmount, currency })])

/** `2,320.00 MXN` */
export function moneyText ({ amount, currency }: Money): string {
  const exponent = exponentOf(currency)
  const digits = String(Math.abs(amount)).padStart(exponent + 1, '0')
  const whole = digits.slice(0, digits.length - exponent).replace(/\B(?=(\d{3})+(?!\d))/g, ',')
  return `${amount < 0 ? '-' : ''}${whole}${exponent === 0 ? '' : `.${digits.slice(-exponent)}`} ${currency}`
}

/** `14/12/2026` in Spanish, `2026-12-14` in English, where the order of day and month differs from country to country. */
const dateText = <T extends string | undefined> (date: T, language: Language): T => (date === undefined || language === 'en' ? date : date.split('-').reverse().join('/')) as T

/** What a template of WhatsApp is filled with, one line each: it takes no line break and nothing empty. */
export function valuesOf (data: NoticeData[NoticeKind], language: Language, name: string | undefined): Record<ValueName, string> {
  const all: Partial<Record<string, unknown>> = { ...data }
  const text = (value: unknown): string => typeof value === 'string' ? value.replace(/\s+/g, ' ').trim() : ''
  const values: Record<ValueName, string> = {
    sender: text(all.sender),
    amount: all.amount === undefined ? text(all.total) : moneyText(all.amount as Money),
    reference: text(all.reference),
    url: text(all.url),
    until: dateText(text(all.until), language),
    days: all.daysLeft === undefined ? '' : String(all.daysLeft),
    number: text(all.number),
    reason: text(all.reason) || text(all.problem),
    message: text(all.message),
    name: text(name)
  }
  return Object.fromEntries(Object.entries(values).map(([key, value]) => [key, value === '' ? '-' : value.slice(0, 1000)])) as Record<ValueName, string>
}

/** What a push message shows; its link is opened by a tap. */
export function shortOf ({ heading, paragraphs, actions, test, language }: Pick<Letter, 'heading' | 'paragraphs' | 'actions' | 'test' | 'language'>): { title: string, body: string, url?: string } {
  const [first] = actions
  return { title: `${test ? language === 'es' ? '[PRUEBA] ' : '[TEST] ' : ''}${heading}`, body: paragraphs.join(' '), ...(first !== undefined && { url: first.url }) }
}
