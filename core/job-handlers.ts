import { watchCertificate } from './certificates/watch.ts'
import { resolvePage } from './checkout/resolver.ts'
import { readStampsJob } from './connections/stamps.ts'
import { keepCustomer } from './customers/at-provider.ts'
import { resolveMethod } from './customers/resolve-method.ts'
import { listDisputesOf } from './disputes/inbound.ts'
import { resolveDispute } from './disputes/resolver.ts'
import { forgetDocument } from './documents/service.ts'
import type { Hub } from './hub.ts'
import { processInbound } from './inbound/process.ts'
import { collectInvoice } from './invoices/collect.ts'
import { carryOnInvoice } from './invoices/issue.ts'
import { mailIssued } from './invoices/send.ts'
import { watchInvoice } from './invoices/watch.ts'
import type { JobKind } from './jobs/kinds.ts'
import { deliverMail } from './notifications/deliver.ts'
import { closeLeftAttempt } from './payments/left-attempts.ts'
import { resolveRefund } from './payments/refunds.ts'
import { resolvePayment } from './payments/resolver.ts'
import { carryOutCancel } from './payments/service.ts'
import { auditJob } from './reconciliation/audits.ts'
import { readTransactionsJob } from './reconciliation/transactions.ts'
import { lookAfter } from './subscriptions/resolver.ts'

export interface JobHandler {
  /** How many of the kind one process does at once. */
  concurrency: number
  run: (hub: Hub, tenantId: string, id: string) => Promise<void>
}

/** What is done for each kind of job (`maintenance` wakes itself). Rows say what there is to do; jobs only wake it. */
export const jobHandlers: Readonly<Record<Exclude<JobKind, 'maintenance'>, JobHandler>> = {
  inbound: { concurrency: 8, run: processInbound },
  payment: { concurrency: 4, run: async (hub, tenantId, id) => await resolvePayment(hub, tenantId, id, { carryOutCancel }) },
  refund: { concurrency: 2, run: resolveRefund },
  customer: { concurrency: 2, run: keepCustomer },
  payment_method: { concurrency: 2, run: resolveMethod },
  subscription: { concurrency: 2, run: lookAfter },
  left_attempt: { concurrency: 2, run: closeLeftAttempt },
  balance_transactions: { concurrency: 1, run: readTransactionsJob },
  completeness_audit: { concurrency: 1, run: auditJob },
  checkout_page: { concurrency: 2, run: resolvePage },
  dispute: { concurrency: 1, run: resolveDispute },
  dispute_listing: { concurrency: 1, run: listDisputesOf },
  certificate: { concurrency: 1, run: watchCertificate },
  invoice: { concurrency: 4, run: carryOnInvoice },
  receivable: { concurrency: 2, run: collectInvoice },
  mail: { concurrency: 4, run: deliverMail },
  invoice_mail: { concurrency: 2, run: mailIssued },
  invoice_watch: { concurrency: 1, run: watchInvoice },
  stamps: { concurrency: 1, run: readStampsJob },
  document: { concurrency: 1, run: forgetDocument }
}
