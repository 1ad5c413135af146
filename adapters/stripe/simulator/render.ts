import { allowedTypesSince, since } from './versions.ts'

type Wire = Record<string, unknown>

const withAllowedTypes = new Set(['payment_intent', 'setup_intent', 'checkout.session'])

/** The object as an older version shows it. */
export function inVersion (object: object, version: string): object {
  const wire = object as Wire
  if (since(version, allowedTypesSince)) return object
  if (withAllowedTypes.has(wire.object as string)) {
    const { allowed_payment_method_types: _, ...older } = wire
    return older
  }
  if (wire.object === 'list') return { ...wire, data: (wire.data as object[]).map(each => inVersion(each, version)) }
  return object
}
