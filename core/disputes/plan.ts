import type { AcceptDisputeInput, DisputeEvidence, SubmitEvidenceInput } from '../adapter/disputes.ts'
import type { Hub } from '../hub.ts'
import { publicId } from '../ids.ts'
import type { DisputeRow } from './queries.ts'
import type { Evidence } from './schema.ts'

/** What is asked of the adapter, whole: sealed beside the intent so that exactly this can be repeated. */
export type DisputePlan =
  | { kind: 'submit_evidence', input: Omit<SubmitEvidenceInput, 'evidence'>, evidence: Evidence }
  | { kind: 'accept_dispute', input: AcceptDisputeInput }

const planUse = 'dispute_request'
const evidenceUse = 'dispute_evidence'
type Vault = Pick<Hub, 'vault'>

export async function sealDisputePlan (hub: Vault, tenantId: string, disputeId: string, plan: DisputePlan): Promise<string> {
  return await hub.vault.seal(tenantId, publicId('dispute', disputeId), planUse, JSON.stringify(plan))
}

export async function openDisputePlan (hub: Vault, row: DisputeRow): Promise<DisputePlan> {
  return JSON.parse(await hub.vault.openText(row.tenant_id, publicId('dispute', row.id), planUse, row.pending_sealed!)) as DisputePlan
}

/** It names the buyer, so it is kept sealed. */
export async function sealEvidence (hub: Vault, tenantId: string, disputeId: string, evidence: Evidence): Promise<string> {
  return await hub.vault.seal(tenantId, publicId('dispute', disputeId), evidenceUse, JSON.stringify(evidence))
}

export async function openEvidence (hub: Vault, row: DisputeRow): Promise<Evidence | null> {
  return row.evidence_sealed === null ? null : JSON.parse(await hub.vault.openText(row.tenant_id, publicId('dispute', row.id), evidenceUse, row.evidence_sealed)) as Evidence
}

export function evidenceInput (evidence: Evidence): DisputeEvidence {
  return {
    ...(evidence.product_description !== undefined && { productDescription: evidence.product_description }),
    ...(evidence.customer_name !== undefined && { customerName: evidence.customer_name }),
    ...(evidence.customer_email !== undefined && { customerEmail: evidence.customer_email }),
    ...(evidence.shipping_carrier !== undefined && { shippingCarrier: evidence.shipping_carrier }),
    ...(evidence.shipping_tracking_number !== undefined && { shippingTrackingNumber: evidence.shipping_tracking_number }),
    ...(evidence.shipping_date !== undefined && { shippingDate: evidence.shipping_date }),
    ...(evidence.refund_policy_disclosure !== undefined && { refundPolicyDisclosure: evidence.refund_policy_disclosure }),
    ...(evidence.explanation !== undefined && { explanation: evidence.explanation })
  }
}
