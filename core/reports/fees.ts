import type { Column } from '../export/table.ts'
import { publicId } from '../ids.ts'
import * as queries from './queries.ts'
import { type Report, sumsBy } from './report.ts'
import type { FeeRow, FeesQuery, FeeTotal } from './schema.ts'

const ofFee = (row: { currency: string | null }): string | null => row.currency
const ids = { payment: 'payment', adjustment: 'balance_transaction', document: 'invoice' } as const

const columns: readonly Column<FeeRow>[] = [
  { name: 'id', kind: 'text', of: row => row.id, title: { es: 'Id', en: 'Id' } },
  { name: 'kind', kind: 'text', of: row => row.kind, title: { es: 'Concepto', en: 'Kind' } },
  { name: 'type', kind: 'text', of: row => row.type, title: { es: 'Tipo', en: 'Type' } },
  { name: 'at', kind: 'instant', of: row => row.at, title: { es: 'Fecha (UTC)', en: 'At (UTC)' } },
  { name: 'amount', kind: 'money', of: row => row.amount, currency: row => row.amount_currency, title: { es: 'Importe', en: 'Amount' } },
  { name: 'amount_currency', kind: 'text', of: row => row.amount_currency, title: { es: 'Moneda del importe', en: 'Amount currency' } },
  { name: 'fee', kind: 'money', of: row => row.fee, currency: ofFee, title: { es: 'Comisión', en: 'Fee' } },
  { name: 'vat', kind: 'money', of: row => row.vat, currency: ofFee, title: { es: 'Impuesto incluido', en: 'Tax in it' } },
  { name: 'currency', kind: 'text', of: row => row.currency, title: { es: 'Moneda', en: 'Currency' } },
  { name: 'source', kind: 'text', of: row => row.source, title: { es: 'Origen', en: 'Source' } },
  { name: 'expected', kind: 'money', of: row => row.expected, currency: row => row.amount_currency ?? row.currency, title: { es: 'Comisión esperada', en: 'Expected fee' } },
  { name: 'provider', kind: 'text', of: row => row.provider, title: { es: 'Proveedor', en: 'Provider' } },
  { name: 'connection', kind: 'text', of: row => row.connection, title: { es: 'Conexión', en: 'Connection' } },
  { name: 'reference', kind: 'text', of: row => row.reference, title: { es: 'Referencia', en: 'Reference' } }
]

const totalColumns: readonly Column<FeeTotal>[] = [
  { name: 'currency', kind: 'text', of: line => line.currency, title: { es: 'Moneda', en: 'Currency' } },
  ...([['told', 'Informadas', 'Told'], ['expected', 'Esperadas', 'Expected'], ['vat', 'Impuesto incluido', 'Tax in it'], ['adjustments', 'Ajustes', 'Adjustments'], ['documents', 'Timbres', 'Documents'], ['total', 'Total', 'Total']] as const)
    .map(([name, es, en]): Column<FeeTotal> => ({ name, kind: 'money', of: line => line[name], currency: line => line.currency, title: { es, en } })),
  { name: 'unknown', kind: 'integer', of: line => line.unknown, title: { es: 'Sin dato', en: 'Unknown' } }
]

/** What it cost: fees that providers told, what is expected where they tell none, adjustments, and what PACs take for stamps. */
export const feesReport: Report<FeesQuery, queries.FeeRow, FeeRow, FeeTotal> = {
  name: 'fees',
  title: { es: 'Comisiones', en: 'Fees' },
  columns,
  totalColumns,
  ids: Object.values(ids),
  kindOf: row => ids[row.kind],
  filter: ({ kind, source }) => ({ kind, source }),
  list: queries.listFees,
  show,
  sum: async (db, filter) => {
    const sums = totals()
    for (const { currency, kind, told, expected, vat, unknown } of await queries.sumFees(db, filter)) add(sums.of(currency), { kind, told, expected, vat, unknown })
    return sums.lines()
  },
  gather: () => {
    const sums = totals()
    return {
      add: row => {
        const fee = row.fee ?? 0
        const told = row.source === 'provider'
        add(sums.of((row.currency ?? row.amount_currency)!), { kind: row.kind, told: told ? fee : 0, expected: told ? 0 : fee, vat: row.vat ?? 0, unknown: row.fee === null ? 1 : 0 })
      },
      lines: sums.lines
    }
  }
}

function show (row: queries.FeeRow): FeeRow {
  const source = row.told_fee !== null ? 'provider' : row.expected_fee !== null ? 'expected' : 'none'
  return {
    id: publicId(ids[row.kind], row.id),
    kind: row.kind,
    type: row.type,
    amount: row.amount,
    amount_currency: row.amount_currency,
    fee: row.told_fee ?? row.expected_fee,
    vat: source === 'expected' ? row.expected_vat : null,
    currency: source === 'none' ? null : source === 'provider' ? row.told_currency : row.expected_currency,
    source,
    expected: row.expected_fee,
    provider: row.provider,
    connection: row.connection_id === null ? null : publicId('connection', row.connection_id),
    reference: row.reference,
    at: row.at.toISOString()
  }
}

const totals = () => sumsBy<FeeTotal>(currency => ({ currency, told: 0, expected: 0, vat: 0, adjustments: 0, documents: 0, total: 0, unknown: 0 }))

function add (line: FeeTotal, { kind, told, expected, vat, unknown }: Omit<queries.FeeSum, 'currency'>): void {
  if (kind === 'payment') {
    line.told += told
    line.expected += expected
  } else line[kind === 'adjustment' ? 'adjustments' : 'documents'] += told + expected
  line.vat += vat
  line.total += told + expected
  line.unknown += unknown
}
