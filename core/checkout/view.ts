import type { Mode } from '../adapter/context.ts'
import type { PaymentProblem } from '../adapter/payments.ts'
import { publicId } from '../ids.ts'
import { showProblem } from '../operations/problem.ts'
import { showCustomer } from '../payments/view.ts'
import type { PageStatus } from './machine.ts'
import type { PageRow } from './queries.ts'
import type { CheckoutSession, PaymentLink } from './schema.ts'

type Language = 'es' | 'en'

export function showSession (row: PageRow, language: Language): CheckoutSession {
  return {
    id: publicId('checkout_session', row.id),
    object: 'checkout_session',
    ...shown(row, language),
    payment: row.payment_id && publicId('payment', row.payment_id),
    customer: showCustomer(row),
    payer: row.payer as CheckoutSession['payer'],
    cancel_url: row.cancel_url,
    save_method: row.save_method
  }
}

export function showLink (row: PageRow, language: Language, totals: { count: number, amount: number }): PaymentLink {
  return {
    id: publicId('payment_link', row.id),
    object: 'payment_link',
    ...shown(row, language),
    max_payments: row.max_payments,
    totals: { payments: totals.count, amount: totals.amount }
  }
}

const shown = (row: PageRow, language: Language) => ({
  mode: row.mode as Mode,
  status: row.status as PageStatus,
  url: row.status === 'open' ? row.url : null,
  amount: row.amount,
  currency: row.currency,
  capture: row.capture as 'automatic' | 'manual',
  lines: row.lines as CheckoutSession['lines'],
  methods: row.methods as string[] | null,
  reference: row.reference,
  description: row.description,
  statement_descriptor: row.statement_descriptor,
  metadata: row.metadata as Record<string, string>,
  success_url: row.success_url,
  expires_at: row.expires_at?.toISOString() ?? null,
  collect_tax_id: row.collect_tax_id,
  invoice_id: row.invoice_id && publicId('invoice', row.invoice_id),
  provider: row.provider,
  connection: publicId('connection', row.connection_id),
  provider_reference: row.provider_reference,
  provider_status: row.provider_status,
  error: showProblem(row.error as PaymentProblem | null, language),
  created_at: row.created_at.toISOString(),
  updated_at: row.updated_at.toISOString()
})
