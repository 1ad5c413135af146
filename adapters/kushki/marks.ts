/** What we write into Kushki's metadata, so that what is there is known to be ours: Kushki looks nothing up by a reference of the merchant's. */
export const marks = {
  payment: 'pasarela_payment',
  attempt: 'pasarela_attempt',
  order: 'pasarela_order',
  /** When cash or a transfer ends, as it was asked. */
  ends: 'pasarela_ends',
  subscription: 'pasarela_subscription',
  plan: 'pasarela_plan',
  quantity: 'pasarela_quantity',
  began: 'pasarela_began',
  trialEnds: 'pasarela_trial_ends',
  canceled: 'pasarela_canceled',
  customer: 'pasarela_customer'
} as const

const longest = 255

/** The tenant's own metadata with our marks, which win. */
export function metadataOf (own: Record<string, string> | undefined, ours: Partial<Record<keyof typeof marks, string | undefined>>): Record<string, string> {
  const all: Record<string, string> = {}
  for (const [name, value] of Object.entries(own ?? {})) all[name] = value.slice(0, longest)
  for (const [name, value] of Object.entries(ours)) if (value !== undefined) all[marks[name as keyof typeof marks]] = value.slice(0, longest)
  return all
}

/** Metadata comes as an object, and in reports as its text. */
export function markOf (metadata: unknown, name: keyof typeof marks): string | undefined {
  const value = objectOf(metadata)?.[marks[name]]
  return typeof value === 'string' && value !== '' ? value : undefined
}

export function objectOf (metadata: unknown): Record<string, unknown> | undefined {
  if (typeof metadata === 'object' && metadata !== null && !Array.isArray(metadata)) return metadata as Record<string, unknown>
  if (typeof metadata !== 'string' || !metadata.startsWith('{')) return undefined
  try {
    return objectOf(JSON.parse(metadata))
  } catch {
    return undefined
  }
}
