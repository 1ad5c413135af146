import { invalid, StripeError } from '../errors.ts'
import { emit } from '../events.ts'
import { anything, boolean, created, expand, listOf, mergeMetadata, metadata, needed, object, oneOf, paging, text, unsettable, url } from '../params.ts'
import { route } from '../routing.ts'
import { page, wanted } from '../shelf.ts'
import { changes } from '../customers.ts'
import { newProduct } from './new-product.ts'
import { newPrice, priceShape } from './prices.ts'

const fields = {
  active: boolean,
  description: unsettable(text()),
  expand,
  images: unsettable(listOf(url)),
  marketing_features: anything,
  metadata,
  package_dimensions: anything,
  shippable: boolean,
  statement_descriptor: unsettable(text({ max: 22 })),
  tax_code: unsettable(text()),
  unit_label: unsettable(text({ max: 12 })),
  url: unsettable(url)
}

export const productRoutes = [
  route('POST', '/v1/products', object({ ...fields, name: needed(text()), id: text(), default_price_data: object(priceShape), type: oneOf('good', 'service') }), (call, params) => {
    const { default_price_data: price, metadata: given, expand: _, ...values } = params
    if (params.id !== undefined && call.books.products.get(params.id) !== undefined) throw new StripeError(400, { type: 'invalid_request_error', code: 'resource_already_exists', message: 'Product already exists.' })
    const product = newProduct(call, { ...plain(values), metadata: given ?? {} })
    if (price !== undefined) product.default_price = newPrice(call, { ...price, product: product.id }, 'default_price_data').id
    emit(call, 'product.created', { ...product })
    return { ...product }
  }),
  route('GET', '/v1/products', object({ ...paging, active: boolean, created, ids: listOf(text()), shippable: boolean, type: text(), url: text() }), ({ books }, params) =>
    page(books.products, params, '/v1/products', 'product', each => each, each =>
      (params.active === undefined || each.active === params.active) && (params.ids === undefined || params.ids.includes(each.id)))),
  route('GET', '/v1/products/:id', object({ expand }), ({ books }, _, { id }) => wanted(books.products, id!, 'product')),
  route('POST', '/v1/products/:id', object({ ...fields, name: text(), default_price: text() }), (call, params, { id }) => {
    const product = wanted(call.books.products, id!, 'product')
    const before = { ...product }
    const { metadata: given, expand: _, ...values } = params
    Object.assign(product, plain(values), { metadata: mergeMetadata(product.metadata, given), updated: call.world.now() })
    emit(call, 'product.updated', { ...product }, changes(before, product))
    return { ...product }
  }),
  route('DELETE', '/v1/products/:id', object({}), (call, _, { id }) => {
    const product = wanted(call.books.products, id!, 'product')
    if (call.books.prices.items.some(each => each.product === id)) throw invalid('This product cannot be deleted because it has one or more user-created prices.')
    call.books.products.remove(product.id)
    emit(call, 'product.deleted', { ...product })
    return { id, object: 'product', deleted: true }
  })
]

function plain<T extends { images?: string[] | null }> (values: T): T & { images?: string[] } {
  return { ...values, ...(values.images === undefined ? {} : { images: values.images ?? [] }) }
}
