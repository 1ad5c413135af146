import type { DisputeReason, DisputeSnapshot, PaymentsFamily } from '../../index.ts'
import type { ToyClient } from './client.ts'
import type { WireDispute } from './wire.ts'

const states = { open: 'needs_response', sent: 'under_review', given_up: 'accepted' } as const

export function toyDisputes ({ bug, call, moneyOf }: ToyClient) {
  const disputeOf = (dispute: WireDispute): DisputeSnapshot => ({
    providerReference: dispute.id,
    paymentProviderReference: dispute.payment,
    status: states[dispute.state],
    providerStatus: dispute.state,
    reason: dispute.why as DisputeReason,
    amount: moneyOf(dispute.amount, dispute.currency),
    ...bug !== 'dispute_without_day' && { evidenceDueBy: new Date(dispute.until) },
    evidenceSubmitted: dispute.state === 'sent'
  })
  return {
    getDispute: async (context, id) => disputeOf(await call(context, 'GET', `/v1/disputes/${id}`) as WireDispute),
    async listDisputes (context, { from, to }) {
      const { data } = await call(context, 'GET', bug === 'lists_every_dispute' ? '/v1/disputes' : `/v1/disputes?from=${from.getTime()}&to=${to.getTime()}`) as { data: WireDispute[] }
      return { data: data.map(disputeOf) }
    },
    submitEvidence: async (context, input) => disputeOf(await call(context, 'POST', `/v1/disputes/${input.providerReference}/evidence`, { evidence: input.evidence, send: input.submit || bug === 'sends_drafts' }, input.idempotencyKey) as WireDispute),
    async acceptDispute (context, input) {
      if (bug === 'accepts_nothing') return { ...disputeOf(await call(context, 'GET', `/v1/disputes/${input.providerReference}`) as WireDispute), status: 'accepted' }
      return disputeOf(await call(context, 'POST', `/v1/disputes/${input.providerReference}/give_up`, {}, input.idempotencyKey) as WireDispute)
    }
  } satisfies Partial<PaymentsFamily>
}
