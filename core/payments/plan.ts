import type { CancelPaymentInput, CapturePaymentInput, ConfirmPaymentInput, CreatePaymentInput, MethodInput, PaymentSnapshot } from '../adapter/payments.ts'
import type { ConnectionContext } from '../adapter/context.ts'
import type { Adapter } from '../adapter/define.ts'
import { HubError } from '../errors.ts'
import type { Hub } from '../hub.ts'
import { publicId } from '../ids.ts'
import type { PendingKind } from './machine.ts'

/** What is asked of the adapter, whole: sealed beside the intent so that exactly this, and nothing else, can be repeated. */
export type Plan =
  | { kind: 'create_payment', input: CreatePaymentInput }
  | { kind: 'confirm_payment', input: ConfirmPaymentInput }
  | { kind: 'capture', input: CapturePaymentInput }
  | { kind: 'cancel', input: CancelPaymentInput }

const use = 'payment_request'

/** Holds the payer's token, so it is sealed; it is forgotten as soon as the outcome is known. */
export async function sealPlan (hub: Pick<Hub, 'vault'>, tenantId: string, paymentId: string, plan: Plan): Promise<string> {
  return await hub.vault.seal(tenantId, publicId('payment', paymentId), use, JSON.stringify(plan))
}

export async function openPlan (hub: Pick<Hub, 'vault'>, tenantId: string, paymentId: string, sealed: string): Promise<Plan> {
  const plan = JSON.parse(await hub.vault.openText(tenantId, publicId('payment', paymentId), use, sealed)) as Plan
  // JSON has no dates.
  if ((plan.kind === 'create_payment' || plan.kind === 'confirm_payment') && plan.input.expiresAt !== undefined) plan.input.expiresAt = new Date(plan.input.expiresAt)
  return plan
}

const methodUse = 'payment_method'

/** What an off-session charge was tried with: the payer may have to finish it with the very same. */
export async function sealMethod (hub: Pick<Hub, 'vault'>, tenantId: string, paymentId: string, method: MethodInput): Promise<string> {
  return await hub.vault.seal(tenantId, publicId('payment', paymentId), methodUse, JSON.stringify(method))
}

export async function openMethod (hub: Pick<Hub, 'vault'>, tenantId: string, paymentId: string, sealed: string): Promise<MethodInput> {
  return JSON.parse(await hub.vault.openText(tenantId, publicId('payment', paymentId), methodUse, sealed)) as MethodInput
}

/** The adapter's method for a plan. */
export function callOf (adapter: Adapter, plan: Plan): (context: ConnectionContext) => Promise<PaymentSnapshot> {
  const family = requirePayments(adapter)
  switch (plan.kind) {
    case 'create_payment': return async context => await family.createPayment(context, plan.input)
    case 'confirm_payment': return async context => await requireMethod(family.confirmPayment)(context, plan.input)
    case 'capture': return async context => await requireMethod(family.capture)(context, plan.input)
    case 'cancel': return async context => await requireMethod(family.cancel)(context, plan.input)
  }
}

export function requirePayments (adapter: Adapter) {
  if (adapter.payments === undefined) throw new HubError('capability_not_supported')
  return adapter.payments
}

export function requireMethod<T> (method: T | undefined): T {
  if (method === undefined) throw new HubError('capability_not_supported')
  return method
}

export type { PendingKind }
