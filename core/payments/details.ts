import type { Access } from '../access/principal.ts'
import type { CheckoutLine } from '../adapter/checkout.ts'
import type { CreatePaymentInput } from '../adapter/payments.ts'
import { invalidField, momentOf } from '../errors.ts'
import { assertPublicUrl } from '../urls.ts'
import type { PaymentRow } from './queries.ts'
import type { Lines, NewPayment } from './schema.ts'

/** What a payment carries beside its amount, as its row has it. */
export type Details = Pick<PaymentRow, 'lines' | 'tax_breakdown' | 'installments' | 'success_url' | 'cancel_url' | 'expires_at' | 'save_method'>

/** Throws a 400 that names the field. */
export function checkedDetails (access: Pick<Access, 'mode'>, body: NewPayment, now: Date): Details {
  if (body.lines !== undefined) assertSum(body.lines, body.amount)
  const taxes = (body.tax_breakdown ?? []).reduce((sum, { amount }) => sum + amount, 0)
  if (taxes > body.amount) throw invalidField('tax_breakdown', `is ${taxes} in all, and amount is ${body.amount}`)
  for (const field of ['return_url', 'success_url', 'cancel_url'] as const) {
    const url = body[field]
    if (url !== undefined) assertPublicUrl(access.mode, url, field)
  }
  if (body.success_url !== undefined && body.return_url !== undefined) throw invalidField('success_url', 'is instead of return_url, not beside it')
  if (body.cancel_url !== undefined && body.success_url === undefined) throw invalidField('cancel_url', 'needs success_url beside it')
  return {
    lines: body.lines ?? null,
    tax_breakdown: body.tax_breakdown ?? null,
    installments: body.installments ?? null,
    success_url: body.success_url ?? null,
    cancel_url: body.cancel_url ?? null,
    expires_at: body.expires_at === undefined ? null : futureMoment('expires_at', body.expires_at, now),
    save_method: body.save_method ?? false
  }
}

/** The same for the adapter. */
export function detailInput (details: Details): Pick<CreatePaymentInput, 'lines' | 'taxBreakdown' | 'installments' | 'expiresAt' | 'saveMethod'> {
  return {
    ...(details.lines !== null && { lines: checkoutLines(details.lines as Lines) }),
    ...(details.tax_breakdown !== null && { taxBreakdown: details.tax_breakdown as { type: string, amount: number }[] }),
    ...(details.installments !== null && { installments: details.installments }),
    ...(details.expires_at !== null && { expiresAt: details.expires_at }),
    ...(details.save_method && { saveMethod: true })
  }
}

/** A 400 that names `lines` unless they sum to the amount: what the payer reads is what the payer pays. */
export function assertSum (lines: Lines, amount: number): void {
  const sum = lines.reduce((sum, line) => sum + line.quantity * line.unit_amount, 0)
  if (sum !== amount) throw invalidField('lines', `are ${sum} in all, and amount is ${amount}`)
}

export function checkoutLines (lines: Lines): CheckoutLine[] {
  return lines.map(({ name, description, quantity, unit_amount: unitAmount }) => ({ name, ...(description !== undefined && { description }), quantity, unitAmount }))
}

export function futureMoment (path: string, text: string, now: Date): Date {
  const moment = momentOf(path, text)
  if (moment <= now) throw invalidField(path, 'is in the past')
  return moment
}
