import type { Invoice as InvoiceModel } from '../adapter/invoicing.ts'
import type { IssuerRow } from '../issuers/queries.ts'
import type { Letter } from '../notifications/letter.ts'
import type { InvoiceRow } from './queries.ts'

export interface InvoiceLetterOptions {
  language: 'es' | 'en'
  message?: string
  replyTo?: string
  /** Where anybody checks the document. */
  verificationUrl?: string
  /** Where it is paid, and what is still due. */
  pay?: { url: string, due: string }
}

const kinds: Readonly<Record<string, { es: [article: string, noun: string], en: string }>> = {
  invoice: { es: ['su', 'factura'], en: 'invoice' },
  credit_note: { es: ['su', 'nota de crédito'], en: 'credit note' },
  debit_note: { es: ['su', 'nota de débito'], en: 'debit note' },
  payment_receipt: { es: ['su', 'complemento de pago'], en: 'payment receipt' },
  global_invoice: { es: ['la', 'factura global'], en: 'global invoice' },
  transfer: { es: ['su', 'carta de traslado'], en: 'transfer document' },
  withholding: { es: ['su', 'comprobante de retención'], en: 'withholding receipt' },
  delivery_note: { es: ['su', 'guía de remisión'], en: 'delivery note' },
  purchase_settlement: { es: ['su', 'liquidación de compra'], en: 'purchase settlement' }
}

const fiscalIdNames: Readonly<Record<string, { es: string, en: string }>> = {
  MX: { es: 'Folio fiscal (UUID)', en: 'Fiscal id (UUID)' },
  EC: { es: 'Clave de acceso', en: 'Access key (clave de acceso)' }
}

/** The mail that brings an invoice to its customer. The documents are attached; here stands what a person wants to know before opening them. */
export function invoiceLetter (row: InvoiceRow, issuer: IssuerRow | undefined, { language, message, replyTo, verificationUrl, pay }: InvoiceLetterOptions): Letter {
  const model = row.model as unknown as InvoiceModel
  const say = (es: string, en: string): string => language === 'es' ? es : en
  const { es: [article, noun], en } = kinds[row.kind] ?? kinds.invoice!
  const number = [row.series, row.number].filter(part => part !== null && part !== '').join('-')
  const sender = issuer?.trade_name ?? issuer?.legal_name ?? model.issuer.name
  const named = [say(noun, en), number].filter(part => part !== '').join(' ')
  const canceled = row.status === 'canceled'
  const due = row.due
  const replies = replyTo ?? issuer?.email ?? undefined
  const fiscal = fiscalIdNames[row.country] ?? { es: 'Identificador fiscal', en: 'Fiscal id' }
  return {
    language,
    subject: `${capital(named)}${canceled ? say(' (cancelada)', ' (cancelled)') : ''}: ${sender}`,
    sender,
    ...(replies !== undefined && { replyTo: replies }),
    ...(issuer?.colour != null && { colour: issuer.colour }),
    heading: canceled ? say(`Se canceló ${article} ${named}`, `Your ${named} was cancelled`) : say(`Recibió ${article} ${named}`, `Your ${named}`),
    greeting: say(`Estimado cliente ${model.customer.name}:`, `Dear ${model.customer.name},`),
    paragraphs: [say(
      `${sender} le envía ${article} ${noun}${canceled ? ', que ya no tiene validez' : ''}. Los archivos van adjuntos: el XML es el documento fiscal; el PDF, su representación impresa.`,
      `${sender} sends you the attached ${en}${canceled ? ', which is no longer valid' : ''}. The XML is the fiscal document; the PDF is its printed representation.`
    )],
    ...(message !== undefined && { message }),
    facts: ([
      [say('Emisor', 'Issuer'), `${model.issuer.name} (${model.issuer.taxId})`],
      [say('Número', 'Number'), number],
      [fiscal[language], row.fiscal_id ?? ''],
      [say('Fecha', 'Date'), row.stamped_at === null ? '' : row.stamped_at.toISOString().slice(0, 10)],
      ['Total', row.kind === 'transfer' || row.kind === 'delivery_note' ? '' : totalText(row)],
      [say('Vence', 'Due'), row.kind === 'invoice' && due !== null && !canceled ? String(due) : '']
    ] as [string, string][]).filter(([, value]) => value !== ''),
    actions: [
      ...(pay !== undefined && !canceled ? [{ label: say(`Pagar ${grouped(pay.due)} ${row.currency}`, `Pay ${grouped(pay.due)} ${row.currency}`), url: pay.url }] : []),
      ...(verificationUrl !== undefined ? [{ label: say('Verificar ante la autoridad', 'Check it with the authority'), url: verificationUrl }] : [])
    ],
    footer: [`${model.issuer.name} · ${model.issuer.taxId}`, ...(issuer?.ticket_footer != null ? [issuer.ticket_footer] : [])],
    test: row.mode === 'test'
  }
}

const capital = (text: string): string => text.charAt(0).toUpperCase() + text.slice(1)

/** `2,320.00 MXN` */
export const totalText = (row: InvoiceRow): string => `${grouped(totalOf(row))} ${row.currency}`

/** Two decimals at least: the column keeps six. */
const totalOf = ({ total }: InvoiceRow): string => {
  const [whole = '0', decimals = ''] = String(total).split('.')
  return `${whole}.${decimals.replace(/0+$/, '').padEnd(2, '0')}`
}

function grouped (amount: string): string {
  const [whole = '0', decimals = ''] = amount.split('.')
  return `${whole.replace(/\B(?=(\d{3})+(?!\d))/g, ',')}.${decimals}`
}
