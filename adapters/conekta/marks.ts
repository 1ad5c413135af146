/** What we write into Conekta's metadata, so that what is there is known to be ours. Values of 249 characters at most (OpenAPI 2.3.0). */
export const marks = {
  payment: 'pasarela_payment',
  attempt: 'pasarela_attempt',
  order: 'pasarela_order',
  /** `manual 109900`: held, of so much. Captured in part, an order may no longer say what was asked. */
  held: 'pasarela_held',
  /** The saved card that pays, by its source. */
  source: 'pasarela_source',
  tax: 'pasarela_tax',
  checkout: 'pasarela_checkout',
  link: 'pasarela_link',
  customer: 'pasarela_customer'
} as const

const longest = 249

/** The tenant's own metadata with our marks, which win. */
export function metadataOf (own: Record<string, string> | undefined, ours: Partial<Record<keyof typeof marks, string | undefined>>): Record<string, string> {
  const all: Record<string, string> = {}
  for (const [name, value] of Object.entries(own ?? {})) all[name] = value.slice(0, longest)
  for (const [name, value] of Object.entries(ours)) if (value !== undefined) all[marks[name as keyof typeof marks]] = value.slice(0, longest)
  return all
}

export function markOf (metadata: Record<string, unknown> | undefined, name: keyof typeof marks): string | undefined {
  const value = metadata?.[marks[name]]
  return typeof value === 'string' && value !== '' ? value : undefined
}

/** Our id of the payment, or of the page that it came of. */
export function referenceOf (metadata: Record<string, unknown> | undefined): string | undefined {
  return markOf(metadata, 'payment') ?? markOf(metadata, 'checkout') ?? markOf(metadata, 'link')
}

/** What was held of an order whose capture is ours to ask for. */
export function heldOf (metadata: Record<string, unknown> | undefined): number | undefined {
  const amount = /^manual (\d{1,15})$/.exec(markOf(metadata, 'held') ?? '')?.[1]
  return amount === undefined ? undefined : Number(amount)
}
