/**
 * How a sale ends in its fiscal document: pure, and the only place where that changes. The till, the buyer's page, the invoice's
 * own news, the calendar and a refund all come through `transition`, under the row's lock.
 */
export const saleDocuments = ['undecided', 'link', 'invoicing', 'correcting', 'invoiced', 'global_pending', 'in_global', 'leaving_global', 'elsewhere'] as const
/**
 * `undecided`: nobody has said. `link`: the buyer has a link on which to type whose invoice it is. `invoicing`: its invoice is on
 * its way. `correcting`: the authority refused the buyer's data. `global_pending`, `in_global`: of the global invoice.
 * `leaving_global`: the buyer wants an invoice of a ticket that is in one, which has to be cancelled first (motive 04).
 * `elsewhere`: the invoicing provider makes the document by itself.
 */
export type SaleDocument = typeof saleDocuments[number]

export const saleStatuses = ['pending', 'canceled', 'paid', 'paid_invoice_pending', 'paid_invoiced', 'paid_global_pending', 'paid_in_global', 'paid_invoiced_elsewhere', 'refunded'] as const
export type SaleStatus = typeof saleStatuses[number]

export type SaleFact =
  /** The buyer wants an invoice and is to say whose. */
  | 'link_made'
  /** Nobody wants one, or nobody said so in time. */
  | 'to_global'
  /** Its invoice is made. */
  | 'invoice_asked'
  | 'invoice_issued'
  | 'invoice_rejected'
  /** By whoever: it has no document any more. */
  | 'invoice_canceled'
  /** It is one of a global invoice's tickets. */
  | 'taken'
  /** The global invoice that it was in is cancelled. */
  | 'freed'
  /** The authority did not let that global invoice go. */
  | 'kept'
  | 'made_elsewhere'

const moves: Readonly<Record<SaleFact, Partial<Record<SaleDocument, SaleDocument>>>> = {
  link_made: { undecided: 'link', global_pending: 'link', link: 'link', correcting: 'correcting', in_global: 'in_global' },
  to_global: { undecided: 'global_pending', link: 'global_pending', correcting: 'global_pending' },
  invoice_asked: { undecided: 'invoicing', link: 'invoicing', correcting: 'invoicing', global_pending: 'invoicing', in_global: 'leaving_global' },
  invoice_issued: { invoicing: 'invoiced', correcting: 'invoiced' },
  invoice_rejected: { undecided: 'correcting', invoicing: 'correcting' },
  invoice_canceled: { invoiced: 'undecided', invoicing: 'undecided' },
  taken: { global_pending: 'in_global' },
  freed: { in_global: 'global_pending', leaving_global: 'invoicing' },
  kept: { leaving_global: 'in_global' },
  made_elsewhere: { undecided: 'elsewhere', link: 'elsewhere', global_pending: 'elsewhere' }
}

/** Where it stands after a fact; undefined where the fact says nothing of one that stands so. */
export const transition = (document: SaleDocument, fact: SaleFact): SaleDocument | undefined => moves[fact][document]

/** It is told by a fiscal document that is valid. */
export const hasDocument = (document: SaleDocument): boolean => document === 'invoiced' || document === 'in_global' || document === 'leaving_global' || document === 'elsewhere'

const statuses: Readonly<Record<SaleDocument, SaleStatus>> = {
  undecided: 'paid', link: 'paid_invoice_pending', invoicing: 'paid_invoice_pending', correcting: 'paid_invoice_pending', leaving_global: 'paid_invoice_pending',
  invoiced: 'paid_invoiced', global_pending: 'paid_global_pending', in_global: 'paid_in_global', elsewhere: 'paid_invoiced_elsewhere'
}

/** What a person is told: money and document in one word. */
export function statusOf ({ paid, canceled, refundedAll, document }: { paid: boolean, canceled: boolean, refundedAll: boolean, document: SaleDocument }): SaleStatus {
  if (canceled) return 'canceled'
  if (!paid) return 'pending'
  return refundedAll ? 'refunded' : statuses[document]
}
