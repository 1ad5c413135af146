import { invalid } from '../errors.ts'
import type { CustomField } from '../objects.ts'
import { anything, boolean, descriptor, email, integer, listOf, metadata, needed, object, oneOf, openObject, text } from '../params.ts'

/** What sessions and payment links take alike. Source: https://docs.stripe.com/api/checkout/sessions/create, read 2026-11. */
export const paymentIntentData = object({
  application_fee_amount: integer,
  capture_method: oneOf('automatic', 'automatic_async', 'manual'),
  description: text({ max: 1000 }),
  metadata,
  on_behalf_of: text(),
  receipt_email: email,
  setup_future_usage: oneOf('off_session', 'on_session'),
  shipping: openObject,
  statement_descriptor: descriptor(5),
  statement_descriptor_suffix: descriptor(1),
  transfer_data: openObject,
  transfer_group: text()
})

export const subscriptionData = object({
  application_fee_percent: anything,
  billing_cycle_anchor: integer,
  billing_mode: openObject,
  default_tax_rates: anything,
  description: text({ max: 500 }),
  invoice_settings: openObject,
  metadata,
  proration_behavior: oneOf('create_prorations', 'none'),
  transfer_data: openObject,
  trial_end: integer,
  trial_period_days: integer,
  trial_settings: object({ end_behavior: needed(object({ missing_payment_method: needed(oneOf('cancel', 'create_invoice', 'pause')) })) })
})

export const setupIntentData = object({ description: text(), metadata, on_behalf_of: text() })
export const taxIdCollection = object({ enabled: needed(boolean), required: oneOf('if_supported', 'never') })

const limits = object({ default_value: text({ max: 255 }), maximum_length: integer, minimum_length: integer })
const field = object({
  dropdown: object({ default_value: text(), options: needed(listOf(object({ label: needed(text({ max: 100 })), value: needed(text({ max: 100 })) }))) }),
  key: needed(text({ max: 200 })),
  label: needed(object({ custom: needed(text({ max: 50 })), type: needed(oneOf('custom')) })),
  numeric: limits,
  optional: boolean,
  text: limits,
  type: needed(oneOf('dropdown', 'numeric', 'text'))
})

/** "Up to 3 fields are supported." "Up to 200 options allowed." */
const mostFields = 3
const mostOptions = 200

export const customFields = (value: unknown, param: string): CustomField[] => {
  const given = listOf(field)(value, param)
  if (given.length > mostFields) throw invalid(`Array ${param} exceeded maximum ${mostFields} allowed elements.`, { param })
  return given.map((each, i): CustomField => {
    if (!/^[A-Za-z0-9]+$/.test(each.key)) throw invalid('The key of a custom field must be alphanumeric.', { param: `${param}[${i}][key]` })
    const common = { key: each.key, label: each.label, optional: each.optional ?? false, type: each.type }
    if (each.type === 'dropdown') {
      if (each.dropdown === undefined) throw invalid(`Missing required param: ${param}[${i}][dropdown].`, { code: 'parameter_missing', param: `${param}[${i}][dropdown]` })
      checkOptions(each.dropdown.options, `${param}[${i}][dropdown][options]`)
      return { ...common, dropdown: { default_value: each.dropdown.default_value ?? null, options: each.dropdown.options, value: null } }
    }
    const given = each[each.type]
    return { ...common, [each.type]: { default_value: given?.default_value ?? null, maximum_length: given?.maximum_length ?? null, minimum_length: given?.minimum_length ?? null, value: null } }
  })
}

/** "Must be unique to this option, alphanumeric, and up to 100 characters." */
function checkOptions (options: readonly { value: string }[], param: string): void {
  if (options.length > mostOptions) throw invalid(`Array ${param} exceeded maximum ${mostOptions} allowed elements.`, { param })
  for (const [i, { value }] of options.entries()) if (!/^[A-Za-z0-9]+$/.test(value)) throw invalid('The value of an option must be alphanumeric.', { param: `${param}[${i}][value]` })
  if (new Set(options.map(({ value }) => value)).size < options.length) throw invalid('The values of options must be unique.', { param })
}
