/** What we write into Mercado Pago's metadata, whose names it keeps in snake_case. */
export const marks = {
  payment: 'pasarela_payment',
  attempt: 'pasarela_attempt',
  order: 'pasarela_order',
  /** Held, of so much: minor units. Captured in part, a payment no longer says what was asked. */
  held: 'pasarela_held',
  /** The saved card that pays. */
  card: 'pasarela_card',
  tax: 'pasarela_tax',
  customer: 'pasarela_customer'
} as const

type Mark = keyof typeof marks
const longest = 250

/** The tenant's own metadata with our marks, which win. */
export function metadataOf (own: Record<string, string> | undefined, ours: Partial<Record<Mark, string | undefined>>): Record<string, string> {
  const all: Record<string, string> = {}
  for (const [name, value] of Object.entries(own ?? {})) all[name] = value.slice(0, longest)
  for (const [name, value] of Object.entries(ours)) if (value !== undefined) all[marks[name as Mark]] = value.slice(0, longest)
  return all
}

export function markOf (metadata: Record<string, unknown> | null | undefined, name: Mark): string | undefined {
  const value = metadata?.[marks[name]]
  return typeof value === 'string' && value !== '' ? value : typeof value === 'number' ? String(value) : undefined
}

/** Of a subscription: our id, and how many of the plan. Its payments carry the same. */
const subscriptionReference = /^(sub_[0-9a-f]{32})-(\d{1,9})$/

export const subscriptionMark = (reference: string, quantity: number): string => `${reference}-${quantity}`

export function quantityOf (externalReference: string | null | undefined): number {
  return Number(subscriptionReference.exec(externalReference ?? '')?.[2] ?? 1)
}

/** Our id, of a payment, of the page that it came of or of the subscription whose period it pays. */
export function referenceOf (externalReference: string | null | undefined): string | undefined {
  return subscriptionReference.exec(externalReference ?? '')?.[1] ?? (externalReference || undefined)
}
