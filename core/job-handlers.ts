import { lookAtAlerts } from './alerts/watch.ts'
import { closeTransfer, finishStatement } from './bank-statements/close.ts'
import { watchCertificate } from './certificates/watch.ts'
import { resolvePage } from './checkout/resolver.ts'
import { watchGrant } from './connections/oauth/watch.ts'
import { readStampsJob } from './connections/stamps.ts'
import { keepCustomer } from './customers/at-provider.ts'
import { resolveMethod } from './customers/resolve-method.ts'
import { listDisputesOf } from './disputes/inbound.ts'
import { resolveDispute } from './disputes/resolver.ts'
import { forgetDocument } from './documents/service.ts'
import type { Hub } from './hub.ts'
import { processInbound } from './inbound/process.ts'
import { watchRefused } from './inbound/share.ts'
import { collectInvoice } from './invoices/collect.ts'
import { carryOnInvoice } from './invoices/issue.ts'
import { mailIssued } from './invoices/send.ts'
import { watchInvoice } from './invoices/watch.ts'
import type { JobKind } from './jobs/kinds.ts'
import { deliverMail } from './notifications/deliver.ts'
import { deliverNotice } from './notifications/notices/deliver.ts'
import { tellAlert } from './notifications/tell-alert.ts'
import { closeLeftAttempt } from './payments/left-attempts.ts'
import { remindPayment, tellPaymentEvent } from './payments/notices.ts'
import { resolveRefund } from './payments/refunds.ts'
import { resolvePayment } from './payments/resolver.ts'
import { carryOutCancel } from './payments/service.ts'
import { auditJob } from './reconciliation/audits.ts'
import { matchJob } from './reconciliation/matching/run.ts'
import { readTransactionsJob } from './reconciliation/transactions.ts'
import { expungeRest } from './retention/service.ts'
import { auditSales } from './sales/audit.ts'
import { saleOfPayment } from './sales/from-payment.ts'
import { carryOnGlobal, makeDueGlobals } from './sales/global.ts'
import { lookAfterSale } from './sales/look-after.ts'
import { lookAfter } from './subscriptions/resolver.ts'
import { lookAfterChain } from './verifactu/submit.ts'
import { endSupportAccess } from './support/access.ts'

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
  reconciliation: { concurrency: 1, run: matchJob },
  checkout_page: { concurrency: 2, run: resolvePage },
  dispute: { concurrency: 1, run: resolveDispute },
  bank_transfer: { concurrency: 1, run: closeTransfer },
  bank_statement: { concurrency: 1, run: finishStatement },
  dispute_listing: { concurrency: 1, run: listDisputesOf },
  certificate: { concurrency: 1, run: watchCertificate },
  invoice: { concurrency: 4, run: carryOnInvoice },
  receivable: { concurrency: 2, run: collectInvoice },
  mail: { concurrency: 4, run: deliverMail },
  notice: { concurrency: 4, run: deliverNotice },
  event_notice: { concurrency: 2, run: tellPaymentEvent },
  payment_reminder: { concurrency: 1, run: remindPayment },
  alert_notice: { concurrency: 1, run: tellAlert },
  invoice_mail: { concurrency: 2, run: mailIssued },
  invoice_watch: { concurrency: 1, run: watchInvoice },
  stamps: { concurrency: 1, run: readStampsJob },
  oauth: { concurrency: 2, run: watchGrant },
  alerts: { concurrency: 2, run: lookAtAlerts },
  support_access: { concurrency: 1, run: endSupportAccess },
  refused_share: { concurrency: 1, run: watchRefused },
  document: { concurrency: 1, run: forgetDocument },
  verifactu: { concurrency: 4, run: lookAfterChain },
  expunge: { concurrency: 1, run: expungeRest },
  sale: { concurrency: 2, run: lookAfterSale },
  payment_sale: { concurrency: 2, run: saleOfPayment },
  global_invoice: { concurrency: 1, run: carryOnGlobal },
  global_schedule: { concurrency: 1, run: makeDueGlobals },
  sales_audit: { concurrency: 1, run: auditSales }
}
