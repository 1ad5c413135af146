import type { Metadata, Product } from '../objects.ts'
import type { Call } from '../world.ts'

export interface ProductData { name: string, description?: string | null, metadata?: Metadata, active?: boolean, id?: string }

export function newProduct ({ world, books }: Call, { name, id, metadata: given, ...more }: ProductData & Record<string, unknown>): Product {
  const now = world.now()
  return books.products.add({
    id: id ?? world.id('prod_', 14),
    object: 'product',
    active: true,
    created: now,
    default_price: null,
    description: null,
    images: [],
    livemode: books.livemode,
    marketing_features: [],
    metadata: given ?? {},
    name,
    package_dimensions: null,
    shippable: null,
    statement_descriptor: null,
    tax_code: null,
    tax_details: null,
    type: 'service',
    unit_label: null,
    updated: now,
    url: null,
    ...more
  })
}
