import { invalid } from './errors.ts'
import type { Books } from './world.ts'
import type { List } from './shelf.ts'
import { allowedTypesSince, since } from './versions.ts'

type Wire = Record<string, unknown>

/** The object as an older version shows it. */
export function inVersion (object: object, version: string): object {
  const wire = object as Wire
  if (since(version, allowedTypesSince)) return object
  if (wire.object === 'payment_intent') {
    const { allowed_payment_method_types: _, ...older } = wire
    return older
  }
  if (wire.object === 'list') return { ...wire, data: (wire.data as object[]).map(each => inVersion(each, version)) }
  return object
}

type Find = (books: Books, id: string) => object | undefined

const charge: Find = (books, id) => books.charges.get(id)
const intent: Find = (books, id) => books.paymentIntents.get(id)?.wire
const method: Find = (books, id) => books.paymentMethods.get(id)?.wire
const customer: Find = (books, id) => books.customers.get(id)
const transaction: Find = (books, id) => books.balanceTransactions.get(id)

/** What can be expanded where. Source: https://docs.stripe.com/api/expanding_objects, read 2026-11. */
const expandable: Record<string, Record<string, Find>> = {
  payment_intent: { latest_charge: charge, payment_method: method, customer },
  charge: { payment_intent: intent, customer, balance_transaction: transaction },
  refund: { charge, payment_intent: intent, balance_transaction: transaction, customer },
  payment_method: { customer },
  balance_transaction: { source: (books, id) => books.charges.get(id) ?? books.refunds.get(id) }
}

const depth = 4

/** A copy with the objects that `paths` name in place of their ids. */
export function expanded (object: object, paths: string[] | undefined, books: Books): object {
  if (paths === undefined) return object
  return paths.reduce((result, path) => {
    const steps = path.split('.')
    if (steps.length > depth) throw invalid(`You cannot expand more than ${depth} levels of a property. Property: ${path}`)
    return expandPath(result, steps, path, books)
  }, object)
}

function expandPath (object: object, steps: string[], path: string, books: Books): object {
  const [step, ...rest] = steps
  if (step === undefined) return object
  const wire = object as Wire
  if (wire.object === 'list') {
    if (step !== 'data') throw notExpandable(path, `data.${path}`)
    return { ...wire, data: (wire as unknown as List).data.map(each => expandPath(each, rest, path, books)) }
  }
  if (wire.object === 'charge' && step === 'refunds') {
    const refunds = (books.refundsByCharge.get(wire.id as string) ?? []).map(id => books.refunds.get(id)!).reverse()
    return { ...wire, refunds: { object: 'list', url: `/v1/charges/${wire.id}/refunds`, has_more: refunds.length > 10, data: refunds.slice(0, 10) } }
  }
  const find = expandable[wire.object as string]?.[step]
  if (find === undefined) throw notExpandable(path)
  const value = wire[step]
  if (value === null || value === undefined) return object
  const found = typeof value === 'string' ? find(books, value) : value as object
  return found === undefined ? object : { ...wire, [step]: expandPath(found, rest, path, books) }
}

function notExpandable (path: string, instead?: string): Error {
  return invalid(`This property cannot be expanded (${path}).${instead === undefined ? '' : ` You may want to try expanding '${instead}' instead.`}`)
}
