/** The kinds of background work: a queue each, named like the kind in `gate.due_work`. A new kind is one more line. */
export const jobKinds = [
  'inbound',
  'payment',
  'refund',
  'customer',
  'payment_method',
  'subscription',
  'document',
  'invoice',
  'receivable',
  'certificate',
  'mail',
  'invoice_mail',
  'notice',
  'event_notice',
  'payment_reminder',
  'alert_notice',
  'invoice_watch',
  'stamps',
  'oauth',
  'refused_share',
  'alerts',
  'support_access',
  'left_attempt',
  'balance_transactions',
  'completeness_audit',
  'reconciliation',
  'checkout_page',
  'dispute',
  'dispute_listing',
  'verifactu',
  'bank_transfer',
  'bank_statement',
  'sale',
  'payment_sale',
  'global_invoice',
  'global_schedule',
  'sales_audit',
  'expunge',
  'maintenance'
] as const
export type JobKind = typeof jobKinds[number]

/** The row that has work to do. A job says no more than that; what there is to do is read from the row, under its lock. */
export interface JobRef {
  tenantId: string
  id: string
  /** Of whoever made the work (a `traceparent`), where the row kept it. Whoever enqueues inside a span need not say. */
  trace?: string
}
