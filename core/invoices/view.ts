import type { Invoice as InvoiceModel } from '../adapter/invoicing.ts'
import type { Mode } from '../adapter/context.ts'
import type { DocumentRow } from '../documents/queries.ts'
import { Decimal } from '../fiscal/decimal.ts'
import { publicId } from '../ids.ts'
import { isPayable, statusOf, written } from '../receivables/reconcile.ts'
import { isStamped, type InvoiceStatus } from './machine.ts'
import type { InvoiceRow } from './queries.ts'
import type { Invoice, NewInvoice } from './schema.ts'

export function showInvoice (row: InvoiceRow, documents: readonly DocumentRow[], verificationUrl: string | null): Invoice {
  const model = row.model as unknown as InvoiceModel
  const body = row.body as unknown as NewInvoice
  const [total, paid, credited] = [new Decimal(row.total), new Decimal(row.amount_paid), new Decimal(row.amount_credited)]
  const owed = isPayable(row.kind) && row.status !== 'canceled'
  return {
    id: publicId('invoice', row.id),
    object: 'invoice',
    mode: row.mode as Mode,
    country: row.country,
    kind: row.kind,
    status: row.status as InvoiceStatus,
    review: row.review,
    issuer: publicId('issuer', row.issuer_id),
    connection: row.connection_id === null ? body.connection ?? null : publicId('connection', row.connection_id),
    provider: row.provider,
    series: row.number === null ? row.series ?? body.series ?? null : row.series,
    number: row.number,
    branch: body.branch ?? null,
    till: body.till ?? null,
    fiscal_id: row.fiscal_id,
    customer: body.customer,
    lines: body.lines,
    totals: model.totals,
    currency: row.currency,
    exchange_rate: model.exchangeRate ?? null,
    payment: model.payment ?? {},
    payment_status: owed ? statusOf(total, credited, paid) : 'not_applicable',
    amount_paid: written(paid, row.currency),
    amount_credited: written(credited, row.currency),
    amount_due: written(owed ? Decimal.max(total.minus(credited).minus(paid), 0) : new Decimal(0), row.currency),
    due: row.due,
    related: (model.related ?? []).map(({ type, fiscalId }) => ({ type, fiscal_id: fiscalId })),
    local_taxes: body.local_taxes ?? [],
    mx: body.mx ?? null,
    ec: body.ec ?? null,
    es: body.es ?? null,
    send: body.send ?? null,
    payment_id: row.payment_id === null ? null : publicId('payment', row.payment_id),
    about: row.related_id === null ? null : publicId('invoice', row.related_id),
    authority_messages: row.messages as { code: string, message: string }[],
    cancellation: row.cancel_motive === null || row.cancel_asked_at === null
      ? null
      : { motive: row.cancel_motive, substitute: row.cancel_substitute, asked_at: row.cancel_asked_at.toISOString(), canceled_at: row.canceled_at?.toISOString() ?? null },
    verification_url: verificationUrl,
    documents: documents.map(({ id, kind, name }) => ({ id: publicId('document', id), kind, name })),
    reference: row.reference,
    metadata: row.metadata as Record<string, string>,
    issued_at: isStamped(row.status as InvoiceStatus) ? row.issued_at?.toISOString() ?? null : null,
    stamped_at: row.stamped_at?.toISOString() ?? null,
    created_at: row.created_at.toISOString(),
    updated_at: row.updated_at.toISOString()
  }
}

/** One of many: what is attached to it may be megabytes. */
export function listed (row: InvoiceRow): Invoice {
  const shown = showInvoice(row, [], null)
  if (shown.es?.attachments === undefined) return shown
  const { attachments, ...es } = shown.es
  return { ...shown, es }
}

/** What an event tells: without lines, which may be a thousand, without what only whoever changes it needs, and without the buyer where their data is delegated. */
export function eventData (row: InvoiceRow): object {
  const { lines, branch, till, local_taxes, mx, ec, es, send, documents, verification_url, customer, ...told } = showInvoice(row, [], null)
  return row.delegated ? told : { ...told, customer }
}
