import type { Step } from './agenda.ts'
import { advanceInvoice, retryInvoice } from './billing/invoicing.ts'
import { cancelNow, giveUpIncomplete, renew, resumeCollection, warnOfTrialEnd } from './billing/subscription-machine.ts'
import { sessionEnds } from './checkout/session-machine.ts'
import { dueDatePassed, verdict } from './disputes.ts'
import { holdEnds } from './intent-machine.ts'
import { payoutArrives } from './payouts.ts'
import { expireVoucher, hasVoucher, payVoucher } from './vouchers.ts'
import type { IntentRecord } from './objects.ts'
import type { Call } from './world.ts'

/** What happens by itself when its time has come, by the name that the agenda knows it under. */
export const steps: Record<string, Step> = {
  hold: holdEnds,
  voucher_paid: (call, id) => voucher(call, id, payVoucher),
  voucher_expires: (call, id) => voucher(call, id, expireVoucher),
  session: sessionEnds,
  renewal: renew,
  trial_warning: warnOfTrialEnd,
  incomplete: giveUpIncomplete,
  cancel_at: cancelNow,
  collection: resumeCollection,
  invoice_finalizes: advanceInvoice,
  invoice_retries: retryInvoice,
  dispute_due: dueDatePassed,
  dispute_verdict: verdict,
  payout: payoutArrives
}

function voucher (call: Call, id: string, step: (call: Call, intent: IntentRecord) => void): void {
  const intent = call.books.paymentIntents.get(id)
  if (intent !== undefined && hasVoucher(intent)) step(call, intent)
}
