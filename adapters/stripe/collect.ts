import type { Collected, CollectChoices, CollectInput } from '../../core/adapter/index.ts'
import type Stripe from 'stripe'
import { refusal } from './asking.ts'

/**
 * What an invoice needs of the buyer, asked on Stripe's own page: the tax id and the legal name by its form for businesses, where the
 * buyer is registered by the billing address, and what is chosen from a list by custom fields. Those are for no personal data
 * (https://docs.stripe.com/payments/checkout/custom-components), so the tax id never is one.
 * Source of the limits: the type Checkout.SessionCreateParams.CustomField of stripe 23.1.0, and
 * https://docs.stripe.com/payments/checkout/custom-fields: three fields, 200 choices, their values alphanumeric. The label of a field has 100 characters there and 50 in older versions.
 * https://docs.stripe.com/tax/checkout/tax-ids, all read 2026-11-21.
 */
export function collectParams (collect: CollectInput | undefined) {
  if (collect === undefined) return {}
  const fields = (['regime', 'use'] as const).flatMap(name => collect[name] === undefined ? [] : [dropdown(name, collect[name])])
  return {
    ...(collect.tax_id === true || collect.name === true ? { tax_id_collection: { enabled: true } } : {}),
    ...(collect.postal_code === true ? { billing_address_collection: 'required' as const } : {}),
    ...(fields.length === 0 ? {} : { custom_fields: fields })
  }
}

const keys = { regime: 'invoiceregime', use: 'invoiceuse' } as const
const mostChoices = 200
const labelCharacters = 50
const choiceCharacters = 100

/** The buyer may leave it empty: not everybody wants an invoice. */
function dropdown (name: keyof typeof keys, { label, choices }: CollectChoices) {
  if (choices.length === 0 || choices.length > mostChoices) throw refusal(`collect.${name}`, `Stripe takes 1 to ${mostChoices} choices`)
  if (choices.some(({ value }) => !/^[A-Za-z0-9]{1,100}$/.test(value)) || new Set(choices.map(({ value }) => value)).size < choices.length) throw refusal(`collect.${name}`, 'Stripe takes alphanumeric values of up to 100 characters, each once')
  return {
    key: keys[name],
    label: { type: 'custom' as const, custom: label.slice(0, labelCharacters) },
    type: 'dropdown' as const,
    optional: true,
    dropdown: { options: choices.map(({ value, label }) => ({ value, label: label.slice(0, choiceCharacters) })) }
  }
}

/** What the buyer typed; undefined where the page asked for none of it, and before it is complete. */
export function collectedOf ({ status, tax_id_collection: asked, custom_fields: fields, customer_details: details }: Stripe.Checkout.Session): Collected | undefined {
  if (status !== 'complete' || asked?.enabled !== true) return undefined
  const chosen = (name: keyof typeof keys) => fields.find(({ key }) => key === keys[name])?.dropdown?.value
  return told({
    tax_id: details?.tax_ids?.[0]?.value,
    name: details?.business_name ?? details?.name,
    email: details?.email,
    address: addressOf(details?.address),
    regime: chosen('regime'),
    use: chosen('use')
  })
}

function addressOf (address: Stripe.Address | null | undefined): Collected['address'] {
  if (address === null || address === undefined) return undefined
  const { line1, line2, city, state, postal_code: postalCode, country } = address
  return told({ street: [line1, line2].filter(Boolean).join(', '), city, region: state, postal_code: postalCode, country })
}

/** Without what was left empty; undefined when all was. */
function told<T extends object> (values: { [K in keyof T]: T[K] | null | undefined }): T | undefined {
  const given = Object.entries(values).filter(([, value]) => value !== undefined && value !== null && value !== '')
  return given.length === 0 ? undefined : Object.fromEntries(given) as T
}
