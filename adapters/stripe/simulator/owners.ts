import { invoiceMoved } from './billing/invoicing.ts'
import { setupDone } from './billing/subscription-machine.ts'
import { intentMoved, setupMoved } from './checkout/session-machine.ts'
import { firstInvoicePaid } from './checkout/subscribing.ts'
import type { World } from './world.ts'

/** Who is told when a payment or a set-up moves: what it was made for. */
export const owners: World['moved'] = {
  intent (call, intent) {
    const { owner } = intent
    if (owner?.kind === 'session') {
      const session = call.books.sessions.get(owner.id)
      if (session !== undefined) intentMoved(call, session, intent)
    } else if (owner?.kind === 'invoice') {
      const invoice = call.books.invoices.get(owner.id)
      if (invoice !== undefined) invoiceMoved(call, invoice, intent)
      firstInvoicePaid(call, intent)
    }
  },
  setup (call, setup) {
    const { owner, wire } = setup
    if (owner?.kind === 'session') {
      const session = call.books.sessions.get(owner.id)
      if (session !== undefined) setupMoved(call, session, setup)
    } else if (owner?.kind === 'subscription' && wire.status === 'succeeded') {
      setupDone(call, owner.id, call.books.paymentMethods.get(wire.payment_method!)!)
    }
  }
}
