import type { Column } from '../export/table.ts'
import { Decimal, zero } from '../fiscal/decimal.ts'
import { publicId, uuidOf } from '../ids.ts'
import { isStamped, type InvoiceStatus } from '../invoices/machine.ts'
import { toMinor } from '../receivables/reconcile.ts'
import * as queries from './queries.ts'
import { type Report, sumsBy } from './report.ts'
import type { InvoiceReportRow, InvoicesQuery, InvoiceTotal } from './schema.ts'

const currency = (row: { currency: string }): string => row.currency

const columns: readonly Column<InvoiceReportRow>[] = [
  { name: 'id', kind: 'text', of: row => row.id, title: { es: 'Id', en: 'Id' } },
  { name: 'kind', kind: 'text', of: row => row.kind, title: { es: 'Documento', en: 'Kind' } },
  { name: 'country', kind: 'text', of: row => row.country, title: { es: 'País', en: 'Country' } },
  { name: 'created_at', kind: 'instant', of: row => row.created_at, title: { es: 'Creado (UTC)', en: 'Created (UTC)' } },
  { name: 'issued_at', kind: 'instant', of: row => row.issued_at, title: { es: 'Emitido (UTC)', en: 'Issued (UTC)' } },
  { name: 'stamped_at', kind: 'instant', of: row => row.stamped_at, title: { es: 'Timbrado (UTC)', en: 'Stamped (UTC)' } },
  { name: 'status', kind: 'text', of: row => row.status, title: { es: 'Estado', en: 'Status' } },
  { name: 'stamped', kind: 'boolean', of: row => row.stamped, title: { es: 'Con timbre', en: 'Stamped' } },
  { name: 'series', kind: 'text', of: row => row.series, title: { es: 'Serie', en: 'Series' } },
  { name: 'number', kind: 'text', of: row => row.number, title: { es: 'Folio', en: 'Number' } },
  { name: 'fiscal_id', kind: 'text', of: row => row.fiscal_id, title: { es: 'UUID o clave', en: 'Fiscal id' } },
  { name: 'authority_status', kind: 'text', of: row => row.authority_status, title: { es: 'Estado ante la autoridad', en: 'Authority’s status' } },
  { name: 'authority_code', kind: 'text', of: row => row.authority_code, title: { es: 'Código de la autoridad', en: 'Authority’s code' } },
  { name: 'authority_message', kind: 'text', of: row => row.authority_message, title: { es: 'Mensaje de la autoridad', en: 'Authority’s message' } },
  { name: 'review', kind: 'text', of: row => row.review, title: { es: 'Revisión', en: 'Review' } },
  { name: 'customer_tax_id', kind: 'text', of: row => row.customer_tax_id, title: { es: 'RFC, RUC o NIF del receptor', en: 'Customer’s tax id' } },
  { name: 'currency', kind: 'text', of: row => row.currency, title: { es: 'Moneda', en: 'Currency' } },
  { name: 'amount', kind: 'money', of: row => row.amount, currency, title: { es: 'Total', en: 'Total' } },
  { name: 'paid', kind: 'money', of: row => row.paid, currency, title: { es: 'Pagado', en: 'Paid' } },
  { name: 'credited', kind: 'money', of: row => row.credited, currency, title: { es: 'Acreditado', en: 'Credited' } },
  { name: 'cancel_motive', kind: 'text', of: row => row.cancel_motive, title: { es: 'Motivo de cancelación', en: 'Cancellation motive' } },
  { name: 'cancel_asked_at', kind: 'instant', of: row => row.cancel_asked_at, title: { es: 'Cancelación pedida (UTC)', en: 'Cancellation asked (UTC)' } },
  { name: 'canceled_at', kind: 'instant', of: row => row.canceled_at, title: { es: 'Cancelado (UTC)', en: 'Cancelled (UTC)' } },
  { name: 'issuer', kind: 'text', of: row => row.issuer, title: { es: 'Emisor', en: 'Issuer' } },
  { name: 'provider', kind: 'text', of: row => row.provider, title: { es: 'Proveedor', en: 'Provider' } },
  { name: 'connection', kind: 'text', of: row => row.connection, title: { es: 'Conexión', en: 'Connection' } },
  { name: 'payment', kind: 'text', of: row => row.payment, title: { es: 'Cobro', en: 'Payment' } },
  { name: 'sale', kind: 'text', of: row => row.sale, title: { es: 'Venta', en: 'Sale' } },
  { name: 'reference', kind: 'text', of: row => row.reference, title: { es: 'Referencia', en: 'Reference' } }
]

const totalColumns: readonly Column<InvoiceTotal>[] = [
  { name: 'currency', kind: 'text', of: line => line.currency, title: { es: 'Moneda', en: 'Currency' } },
  { name: 'kind', kind: 'text', of: line => line.kind, title: { es: 'Documento', en: 'Kind' } },
  { name: 'stamped', kind: 'integer', of: line => line.stamped, title: { es: 'Timbrados', en: 'Stamped' } },
  { name: 'stamped_amount', kind: 'money', of: line => line.stamped_amount, currency, title: { es: 'Importe timbrado', en: 'Stamped amount' } },
  { name: 'unstamped', kind: 'integer', of: line => line.unstamped, title: { es: 'Sin timbre', en: 'Unstamped' } },
  { name: 'unstamped_amount', kind: 'money', of: line => line.unstamped_amount, currency, title: { es: 'Importe sin timbre', en: 'Unstamped amount' } },
  { name: 'canceled', kind: 'integer', of: line => line.canceled, title: { es: 'Cancelados', en: 'Cancelled' } },
  { name: 'canceled_amount', kind: 'money', of: line => line.canceled_amount, currency, title: { es: 'Importe cancelado', en: 'Cancelled amount' } }
]

/** Fiscal documents, stamped or not, and what the authority says of them. */
export const invoicesReport: Report<InvoicesQuery, queries.InvoiceRow, InvoiceReportRow, InvoiceTotal> = {
  name: 'invoices',
  title: { es: 'Facturas', en: 'Invoices' },
  columns,
  totalColumns,
  ids: ['invoice'],
  kindOf: () => 'invoice',
  filter: ({ status, stamped, kind, country, issuer, series, customer_tax_id: customerTaxId }) => ({
    status, stamped, kind, country, series, customerTaxId, ...(issuer !== undefined && { issuerId: uuidOf('issuer', issuer) })
  }),
  list: queries.listInvoices,
  show,
  sum: async (db, filter) => {
    const sums = totals()
    for (const { currency, kind, state, count, total } of await queries.sumInvoices(db, filter)) add(sums.of(`${currency} ${kind}`), state, count, toMinor(new Decimal(total), currency))
    return sums.lines()
  },
  gather: () => {
    const sums = totals()
    return { add: row => { add(sums.of(`${row.currency} ${row.kind}`), row.status === 'canceled' ? 'canceled' : row.stamped ? 'stamped' : 'unstamped', 1, row.amount) }, lines: sums.lines }
  }
}

function show (row: queries.InvoiceRow): InvoiceReportRow {
  const minor = (amount: string | null) => toMinor(amount === null ? zero : new Decimal(amount), row.currency)
  const stamped = row.stamped_at !== null
  return {
    id: publicId('invoice', row.id),
    kind: row.kind,
    country: row.country,
    status: row.status as InvoiceStatus,
    stamped,
    issuer: publicId('issuer', row.issuer_id),
    series: row.series,
    number: row.number,
    fiscal_id: row.fiscal_id,
    authority_status: row.provider_status,
    authority_code: row.message?.code ?? null,
    authority_message: row.message?.message ?? null,
    review: row.review,
    customer_tax_id: row.delegated ? null : row.customer_tax_id,
    currency: row.currency,
    amount: minor(row.total),
    paid: minor(row.amount_paid),
    credited: minor(row.amount_credited),
    connection: row.connection_id === null ? null : publicId('connection', row.connection_id),
    provider: row.provider,
    payment: row.payment_id === null ? null : publicId('payment', row.payment_id),
    sale: row.sale_id === null ? null : publicId('sale', row.sale_id),
    reference: row.reference,
    cancel_motive: row.cancel_asked_at === null ? null : row.cancel_motive,
    cancel_asked_at: row.cancel_asked_at?.toISOString() ?? null,
    canceled_at: row.canceled_at?.toISOString() ?? null,
    issued_at: isStamped(row.status as InvoiceStatus) ? row.issued_at?.toISOString() ?? null : null,
    stamped_at: row.stamped_at?.toISOString() ?? null,
    created_at: row.created_at.toISOString()
  }
}

const totals = () => sumsBy<InvoiceTotal>(key => {
  const [currency = '', kind = ''] = key.split(' ')
  return { currency, kind, stamped: 0, stamped_amount: 0, unstamped: 0, unstamped_amount: 0, canceled: 0, canceled_amount: 0 }
})

function add (line: InvoiceTotal, state: queries.InvoiceSum['state'], count: number, amount: number): void {
  line[state] += count
  line[`${state}_amount`] += amount
}
