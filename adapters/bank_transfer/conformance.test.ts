import t from 'tap'
import { outcomes, promisesOf } from '../../core/adapter/conformance.ts'
import type { Adapter, ConnectionContext, Money, PaymentsFamily } from '../../core/adapter/index.ts'
import adapter from './adapter.ts'
import { account, bookSimulator, euros, MemoryBook } from './testing/book.ts'

/**
 * The suite, as far as it does not ask for a wire. What is left out, and why:
 * payments, amounts, faults, idempotency, stateless and secrecy begin with a payment that is paid at once, or with a socket that is cut:
 * here the payer's bank acts hours later, and what is written is one transaction of PostgreSQL. Their promises (one transfer for one
 * attempt, amounts exactly, a second call that finds the first) are kept in adapter.test.ts and core/bank-statements/statements.test.ts.
 * Two of the credentials group ask that test() goes over the network; it asks nobody.
 */
const isAsked = ({ promise, name }: { promise: string, name: string }): boolean =>
  ['contract', 'mode', 'transfers'].includes(promise) || (promise === 'credentials' && /^test\(\) recognises/.test(name))

t.test('conformance, without a wire', async t => {
  let book = new MemoryBook()
  const lent = <T extends object>(context: ConnectionContext & T) => ({ ...context, book })
  const { createPayment, getPayment, findPayment, cancel } = adapter.payments
  const payments: PaymentsFamily = {
    createPayment: async (context, input) => await createPayment(lent(context), input),
    getPayment: async (context, reference) => await getPayment(lent(context), reference),
    findPayment: async (context, lookup) => await findPayment(lent(context), lookup),
    cancel: async (context, input) => await cancel(lent(context), input)
  }
  const harness = {
    adapter: { ...adapter, payments, test: async (context: ConnectionContext) => await adapter.test(lent(context)) } as Adapter,
    simulator: async () => bookSimulator(book = new MemoryBook([account, euros])),
    payments: {
      approved: { type: 'bank_transfer' },
      declined: [],
      currencies: ['MXN', 'EUR'],
      transfer: {
        method: { type: 'bank_transfer' },
        // Only the whole is booked by itself; parts are a person's to judge.
        parts: false,
        send: ({ providerReference }: { providerReference: string }, { amount }: Money) => { book.set(providerReference, row => row.amount.amount === amount ? { status: 'paid' } : {}) }
      }
    }
  }
  const told = await outcomes(harness, isAsked)
  t.same(told.filter(({ kept }) => !kept), [])
  t.match(Object.fromEntries(Object.entries(Object.groupBy(told, ({ promise }) => promise)).map(([promise, list]) => [promise, list!.length])), { contract: 5, mode: 1, credentials: 2, transfers: 2 })
  t.ok(promisesOf(harness).length > told.length, 'the rest asks for a wire')
})
