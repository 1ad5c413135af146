import type { Access } from '../access/principal.ts'
import type { Invoice as InvoiceModel } from '../adapter/invoicing.ts'
import { inTenant } from '../db/in-tenant.ts'
import { escapeHtml as escape } from '../escape-html.ts'
import { Decimal } from '../fiscal/decimal.ts'
import { localTime } from '../fiscal/mx/zones.ts'
import type { Hub } from '../hub.ts'
import { findIssuer, type IssuerRow } from '../issuers/queries.ts'
import { fromMinor } from './amounts.ts'
import { linkUrl } from './link.ts'
import { zoneOfIssuer } from './period.ts'
import type { SaleRow } from './queries.ts'
import type { Tender } from './schema.ts'
import { findOrThrow } from './service.ts'

export type Width = '58' | '80'

/** The roll, the part of it that is printed on, the size of the letters, and of the code: at 203 dpi its modules have four dots or more. */
const papers: Readonly<Record<Width, { page: string, print: string, size: string, code: string }>> = { 58: { page: '58mm', print: '48mm', size: '9pt', code: '40mm' }, 80: { page: '80mm', print: '72mm', size: '10pt', code: '44mm' } }
/** How amounts are written where it is sold. */
const numbers = { MX: 'es-MX', EC: 'es-MX', ES: 'es-ES' } as const

/**
 * The ticket as a till prints it on a roll of 58 or 80 mm: HTML that stands alone, with nothing to load. In Mexico with the
 * seller's régimen, the place, number, date and total that a comprobante for the public at large has (CFF 29-A I and III, RMF 2.7.1.21).
 */
export async function ticketOf (hub: Hub, access: Access, publicSaleId: string, width: Width): Promise<string> {
  const row = await findOrThrow(hub, access, publicSaleId)
  const issuer = (await inTenant(hub.db, row.tenant_id, async db => await findIssuer(db, row.issuer_id)))!
  const link = row.document === 'link' ? await linkUrl(hub, row) : undefined
  return await render(row, issuer, papers[width], link, access.language)
}

async function render (row: SaleRow, issuer: IssuerRow, { page, print, size, code }: (typeof papers)[Width], link: string | undefined, language: 'es' | 'en'): Promise<string> {
  const said = texts[language]
  const model = row.model as unknown as Pick<InvoiceModel, 'lines' | 'totals'>
  const branch = issuer.branches.find(({ code }) => code === row.branch)
  const zone = issuer.country === 'MX' ? zoneOfIssuer(issuer) : { EC: 'America/Guayaquil', ES: 'Europe/Madrid' }[issuer.country]
  const money = (value: Decimal | string) => new Intl.NumberFormat(numbers[issuer.country], { minimumFractionDigits: 2, maximumFractionDigits: 2 }).format(new Decimal(value).toFixed(2) as `${number}`)
  const moment = (at: Date) => localTime(at, zone).replace('T', ' ').slice(0, 16)
  const pair = (left: string, right: string, kind = '') => `<div class="line${kind}"><span>${escape(left)}</span><span>${escape(right)}</span></div>`
  const taxes = new Map<string, Decimal>()
  for (const { taxes: own } of model.lines) {
    for (const { type, rate, amount, exempt, withheld } of own) {
      if (withheld === true) continue
      const name = exempt === true ? `${type} ${said.exempt}` : `${type} ${new Decimal(rate).times(100).toString()} %`
      taxes.set(name, (taxes.get(name) ?? new Decimal(0)).plus(amount === '' ? 0 : amount))
    }
  }
  const address = branch?.address ?? issuer.address
  const where = [address?.street, address?.city, branch?.postal_code ?? issuer.postal_code].filter(part => part != null && part !== '').join(', ')
  const lines = model.lines.map(line => {
    const amount = new Decimal(line.amount ?? new Decimal(line.quantity).times(line.unitPrice))
    return `<div>${escape(line.description)}</div>\n${pair(`${line.quantity} × ${money(line.unitPrice)}`, money(amount), ' less')}${line.discount === undefined ? '' : `\n${pair(said.discount, `-${money(line.discount)}`, ' less')}`}`
  })
  const tenders = (row.tenders as unknown as Tender[]).map(({ form, amount }) => pair(said.forms[form as '01'] ?? `${said.form} ${form}`, amount === undefined ? '' : money(fromMinor(amount, row.currency))))
  // Nobody types so long an address: on paper it is the code, on a screen what is behind it.
  const qr = link === undefined ? '' : `<div class="line rule"></div>\n<p class="center">${said.invoiceHere}</p>\n<div class="center"><a href="${escape(link)}">${await (await import('qrcode')).default.toString(link, { type: 'svg', errorCorrectionLevel: 'M', margin: 1 })}</a></div>\n${row.link_expires_at === null ? '' : `<p class="center small">${said.until} ${moment(row.link_expires_at)}</p>\n`}`
  return `<!doctype html>
<html lang="${language}"><head><meta charset="utf-8"><meta name="viewport" content="width=device-width, initial-scale=1"><title>${escape(row.ticket)}</title>
<style>
@page { size: ${page} auto; margin: 0 }
body { width: ${print}; margin: 3mm auto; font: ${size}/1.3 'Courier New', monospace; color: #000; overflow-wrap: anywhere }
.center { text-align: center; margin: 1mm 0 } .small { font-size: 0.8em } .line { display: flex; justify-content: space-between; gap: 2mm } .line > :last-child { white-space: nowrap } .less { padding-left: 1em }
.rule { border-top: 1px dashed #000; margin: 2mm 0 } .total { font-weight: bold; font-size: 1.2em } svg { width: ${code}; height: ${code} }
</style></head><body>
<p class="center"><strong>${escape(issuer.trade_name ?? issuer.legal_name)}</strong><br>${escape(issuer.legal_name)}<br>${escape(said.taxId[issuer.country])} ${escape(issuer.tax_id)}${issuer.country === 'MX' && issuer.regime !== null ? `<br>${said.regime} ${escape(issuer.regime)}` : ''}${where === '' ? '' : `<br>${escape(where)}`}</p>
${pair(said.ticket, row.ticket)}
${pair(said.date, moment(row.sold_at))}${row.till === null ? '' : `\n${pair(said.till, row.till)}`}
<div class="line rule"></div>
${lines.join('\n')}
<div class="line rule"></div>
${pair(said.subtotal, money(new Decimal(model.totals.subtotal).minus(model.totals.discount)))}
${[...taxes].map(([name, amount]) => pair(name, money(amount))).join('\n')}
${pair(said.total, `${money(row.total)} ${row.currency}`, ' total')}
${tenders.join('\n')}${Number(row.refunded) > 0 ? `\n${pair(said.refunded, `-${money(row.refunded)}`)}` : ''}
${qr}
<p class="center small">${row.mode === 'test' ? `${said.test}<br>` : ''}${escape(issuer.ticket_footer ?? '').replaceAll('\n', '<br>')}</p>
</body></html>
`
}

const texts = {
  es: {
    ticket: 'Ticket', date: 'Fecha', till: 'Caja', subtotal: 'Subtotal', total: 'TOTAL', discount: 'Descuento', exempt: 'exento', refunded: 'Devuelto', form: 'Forma', invoiceHere: 'Genere aquí su factura:', until: 'Hasta el', regime: 'Régimen fiscal', test: 'PRUEBA: sin valor',
    taxId: { MX: 'RFC', EC: 'RUC', ES: 'NIF' }, forms: { '01': 'Efectivo', '03': 'Transferencia', '04': 'Tarjeta de crédito', 28: 'Tarjeta de débito', '08': 'Vales' }
  },
  en: {
    ticket: 'Ticket', date: 'Date', till: 'Till', subtotal: 'Subtotal', total: 'TOTAL', discount: 'Discount', exempt: 'exempt', refunded: 'Refunded', form: 'Form', invoiceHere: 'Get your invoice here:', until: 'Until', regime: 'Tax regime', test: 'TEST: of no value',
    taxId: { MX: 'RFC', EC: 'RUC', ES: 'NIF' }, forms: { '01': 'Cash', '03': 'Transfer', '04': 'Credit card', 28: 'Debit card', '08': 'Vouchers' }
  }
} as const
