import type { Column } from '../export/table.ts'
import { publicId } from '../ids.ts'
import * as queries from './queries.ts'
import { type Report, sumsBy } from './report.ts'
import type { TransactionRow, TransactionsQuery, TransactionTotal } from './schema.ts'

const currency = (row: { currency: string }): string => row.currency

const columns: readonly Column<TransactionRow>[] = [
  { name: 'id', kind: 'text', of: row => row.id, title: { es: 'Id', en: 'Id' } },
  { name: 'type', kind: 'text', of: row => row.type, title: { es: 'Tipo', en: 'Type' } },
  { name: 'payment', kind: 'text', of: row => row.payment, title: { es: 'Cobro', en: 'Payment' } },
  { name: 'created_at', kind: 'instant', of: row => row.created_at, title: { es: 'Creado (UTC)', en: 'Created (UTC)' } },
  { name: 'succeeded_at', kind: 'instant', of: row => row.succeeded_at, title: { es: 'Cobrado (UTC)', en: 'Succeeded (UTC)' } },
  { name: 'status', kind: 'text', of: row => row.status, title: { es: 'Estado', en: 'Status' } },
  { name: 'currency', kind: 'text', of: row => row.currency, title: { es: 'Moneda', en: 'Currency' } },
  { name: 'amount', kind: 'money', of: row => row.amount, currency, title: { es: 'Importe', en: 'Amount' } },
  { name: 'captured', kind: 'money', of: row => row.captured, currency, title: { es: 'Cobrado', en: 'Captured' } },
  { name: 'refunded', kind: 'money', of: row => row.refunded, currency, title: { es: 'Devuelto', en: 'Refunded' } },
  { name: 'fee', kind: 'money', of: row => row.fee, currency: row => row.fee_currency, title: { es: 'Comisión', en: 'Fee' } },
  { name: 'fee_currency', kind: 'text', of: row => row.fee_currency, title: { es: 'Moneda de la comisión', en: 'Fee currency' } },
  { name: 'fee_source', kind: 'text', of: row => row.fee_source, title: { es: 'Origen de la comisión', en: 'Fee source' } },
  { name: 'net', kind: 'money', of: row => row.net, currency, title: { es: 'Neto', en: 'Net' } },
  { name: 'method', kind: 'text', of: row => row.method, title: { es: 'Método', en: 'Method' } },
  { name: 'provider', kind: 'text', of: row => row.provider, title: { es: 'Proveedor', en: 'Provider' } },
  { name: 'connection', kind: 'text', of: row => row.connection, title: { es: 'Conexión', en: 'Connection' } },
  { name: 'provider_reference', kind: 'text', of: row => row.provider_reference, title: { es: 'Referencia del proveedor', en: 'Provider reference' } },
  { name: 'reference', kind: 'text', of: row => row.reference, title: { es: 'Referencia', en: 'Reference' } },
  { name: 'description', kind: 'text', of: row => row.description, title: { es: 'Descripción', en: 'Description' } },
  { name: 'invoice', kind: 'text', of: row => row.invoice, title: { es: 'Factura', en: 'Invoice' } },
  { name: 'disputed', kind: 'boolean', of: row => row.disputed, title: { es: 'En disputa', en: 'Disputed' } }
]

const totalColumns: readonly Column<TransactionTotal>[] = [
  { name: 'currency', kind: 'text', of: line => line.currency, title: { es: 'Moneda', en: 'Currency' } },
  { name: 'payments', kind: 'integer', of: line => line.payments, title: { es: 'Cobros', en: 'Payments' } },
  { name: 'amount', kind: 'money', of: line => line.amount, currency, title: { es: 'Importe', en: 'Amount' } },
  { name: 'captured', kind: 'money', of: line => line.captured, currency, title: { es: 'Cobrado', en: 'Captured' } },
  { name: 'refunds', kind: 'integer', of: line => line.refunds, title: { es: 'Devoluciones', en: 'Refunds' } },
  { name: 'refunded', kind: 'money', of: line => line.refunded, currency, title: { es: 'Devuelto', en: 'Refunded' } },
  { name: 'fees', kind: 'money', of: line => line.fees, currency, title: { es: 'Comisiones', en: 'Fees' } },
  { name: 'net', kind: 'money', of: line => line.net, currency, title: { es: 'Neto', en: 'Net' } }
]

/** Payments and refunds: what came, what went back, what it cost. */
export const transactionsReport: Report<TransactionsQuery, queries.TransactionRow, TransactionRow, TransactionTotal> = {
  name: 'transactions',
  title: { es: 'Transacciones', en: 'Transactions' },
  columns,
  totalColumns,
  ids: ['payment', 'refund'],
  kindOf: row => row.type,
  filter: ({ type, status, method, reference }) => ({ type, status, method, reference }),
  list: queries.listTransactions,
  show,
  sum: async (db, filter) => {
    const { payments, refunds, fees } = await queries.sumTransactions(db, filter)
    const sums = totals()
    for (const each of payments) Object.assign(sums.of(each.currency), { payments: each.count, amount: each.amount, captured: each.captured })
    for (const each of refunds) Object.assign(sums.of(each.currency), { refunds: each.count, refunded: each.amount })
    for (const each of fees) sums.of(each.currency).fees = each.fee
    return sums.lines().map(withNet)
  },
  gather: () => {
    const sums = totals()
    return { add: row => { gather(sums, row) }, lines: () => sums.lines().map(withNet) }
  }
}

function show (row: queries.TransactionRow): TransactionRow {
  const source = row.told_fee !== null ? 'provider' : row.expected_fee !== null ? 'expected' : null
  const feeCurrency = source === null ? null : source === 'provider' ? row.told_currency : row.currency
  const fee = row.told_fee ?? row.expected_fee
  return {
    id: publicId(row.type, row.id),
    type: row.type,
    payment: publicId('payment', row.payment_id),
    status: row.status,
    amount: row.amount,
    currency: row.currency,
    captured: row.amount_captured,
    refunded: row.amount_refunded,
    fee,
    fee_currency: feeCurrency,
    fee_source: source,
    net: row.type === 'refund' ? -row.amount_refunded : feeCurrency !== null && feeCurrency !== row.currency ? null : row.amount_captured - (fee ?? 0),
    method: row.method,
    provider: row.provider,
    connection: publicId('connection', row.connection_id),
    provider_reference: row.provider_reference,
    reference: row.reference,
    description: row.description,
    invoice: row.invoice_id === null ? null : publicId('invoice', row.invoice_id),
    disputed: row.disputed,
    created_at: row.created_at.toISOString(),
    succeeded_at: row.succeeded_at?.toISOString() ?? null
  }
}

const totals = () => sumsBy<TransactionTotal>(currency => ({ currency, payments: 0, amount: 0, captured: 0, refunds: 0, refunded: 0, fees: 0, net: 0 }))
const withNet = (line: TransactionTotal): TransactionTotal => ({ ...line, net: line.captured - line.refunded - line.fees })

function gather (sums: ReturnType<typeof totals>, row: TransactionRow): void {
  const line = sums.of(row.currency)
  if (row.type === 'refund') {
    line.refunds++
    line.refunded += row.refunded
    return
  }
  line.payments++
  line.amount += row.amount
  line.captured += row.captured
  if (row.fee !== null) sums.of(row.fee_currency!).fees += row.fee
}
