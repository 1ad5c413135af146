import type { ConnectionContext } from '../context.ts'
import type { CustomerSnapshot, SavedMethodSnapshot } from '../customers.ts'
import type { CreatePaymentInput, PaymentSnapshot } from '../payments.ts'
import { isProviderError } from '../problems.ts'
import { check, same, shown } from './check.ts'
import type { Draft, Plan } from './draft.ts'
import { foundAlone } from './found.ts'
import type { SavedMethodSamples } from './harness.ts'
import { payer } from './payer.ts'
import type { Session } from './session.ts'

/** Known at the provider, and with a method that is kept. */
export function keepers (plan: Plan) {
  const { family, samples, pay } = payer(plan)
  const customerInput = (session: Session) => ({ idempotencyKey: session.key(), reference: session.id('cus'), name: 'Ana Pérez', email: `${session.id('ana')}@shop.test`, metadata: { room: '12' }, ...samples.customer })
  const saveInput = (session: Session, { type }: SavedMethodSamples, customer: CustomerSnapshot, token: string) => ({
    idempotencyKey: session.key(), reference: session.id('pmt'), customerProviderReference: customer.providerReference, type, token, returnUrl: 'https://shop.test/return'
  })
  return {
    family,
    samples,
    customerInput,
    saveInput,
    async known (session: Session, context: ConnectionContext) {
      const input = customerInput(session)
      return { input, customer: await family.createCustomer!(context, input) }
    },
    async kept (session: Session, context: ConnectionContext, saved: SavedMethodSamples, token = saved.token) {
      const customer = await family.createCustomer!(context, customerInput(session))
      return { customer, method: await family.saveMethod!(context, saveInput(session, saved, customer, token)) }
    },
    /** A charge while the payer is away. */
    chargeAway: (session: Session, context: ConnectionContext, { type }: SavedMethodSamples, customer: CustomerSnapshot, method: string) =>
      pay(session, context, { method: { type, token: method }, offSession: true, customer: { provider_reference: customer.providerReference } })
  }
}

/** Customers, the methods that are kept for them, and charges while they are away. */
export function customerPromises (plan: Plan): Draft[] {
  const { capabilities } = plan
  const { family, samples, known, kept, chargeAway } = keepers(plan)
  const { lookup, pay } = payer(plan)
  const { saved } = samples
  const drafts: Draft[] = []
  const promise = (name: string, because: string, keep: Draft['keep']) => drafts.push({ promise: 'customers', name, because, keep })
  if (!capabilities.has('create_customer')) return drafts

  promise('a customer is made, and changed', 'what the payer corrects must arrive', async session => {
    const context = session.open()
    const { input, customer } = await known(session, context)
    check(customer.providerReference, 'the snapshot has no providerReference')
    check(customer.reference === undefined || customer.reference === input.reference, `it says that it is ${shown(customer.reference)}`)
    check([undefined, input.name].includes(customer.name) && [undefined, input.email].includes(customer.email), `it is told as ${shown(customer)}`)
    if (!capabilities.has('update_customer')) return
    const changed = await family.updateCustomer!(context, { idempotencyKey: session.key(), customerProviderReference: customer.providerReference, name: 'Ana María Pérez' })
    same(changed.providerReference, customer.providerReference, 'the customer that was changed')
    check([undefined, 'Ana María Pérez'].includes(changed.name), `the name is ${shown(changed.name)}`)
    check([undefined, input.email].includes(changed.email), `what was not named changed to ${shown(changed.email)}`)
  })
  if (capabilities.has('find_customer')) {
    promise('a customer is found by our reference, and only that one', 'after a cut socket the reference is all we have', async session => {
      const context = session.open()
      await known(session, context)
      const { input, customer } = await known(session, context)
      await known(session, context)
      await foundAlone(reference => family.findCustomer!(context, lookup(session, reference)), customer, { ours: input.reference, unused: session.id('cus') })
    })
  }
  if (capabilities.has('delete_customer')) {
    promise('a customer is forgotten, and forgetting again is no error', 'the law gives people the right, and the first answer may be lost', async session => {
      const context = session.open()
      const { input, customer } = await known(session, context)
      const forget = () => family.deleteCustomer!(context, { idempotencyKey: session.key(), customerProviderReference: customer.providerReference })
      await forget()
      await forget()
      if (capabilities.has('find_customer')) same(await family.findCustomer!(context, lookup(session, input.reference)), undefined, 'the customer, looked for')
    })
  }
  if (saved === undefined || !capabilities.has('save_method')) return drafts

  const isKept = (method: SavedMethodSnapshot) => {
    same([method.status, method.type], ['active', saved.type], 'the method that was kept')
    check(method.providerReference, 'it has no providerReference, so nothing can be charged')
    check(method.last4 === undefined || /^\d{4}$/.test(method.last4), `last4 is ${shown(method.last4)}`)
  }
  const once = (session: Session, payment: PaymentSnapshot, input: CreatePaymentInput) => {
    check(payment.status === 'succeeded' || payment.status === 'processing', `the charge is ${payment.status}: ${shown(payment.error)}`)
    same(session.simulator.effects(input.reference).charges, 1, "charges in the provider's books")
  }

  promise('a method is kept and charged while the payer is away', 'that is what it is kept for', async session => {
    const context = session.open()
    const { customer, method } = await kept(session, context, saved)
    isKept(method)
    for (let month = 0; month < 2; month++) {
      const { input, asked } = chargeAway(session, context, saved, customer, method.providerReference)
      once(session, await asked, input)
    }
    if (capabilities.has('list_methods')) {
      const listed = await family.listMethods!(context, { customerProviderReference: customer.providerReference })
      same(listed.map(({ providerReference }) => providerReference), [method.providerReference], 'the methods of the customer')
      const { customer: other } = await known(session, context)
      same(await family.listMethods!(context, { customerProviderReference: other.providerReference }), [], 'the methods of another customer')
    }
  })
  promise('a method is kept with a payment, and charged again', 'nobody types a card twice', async session => {
    const context = session.open()
    const { customer } = await known(session, context)
    const { asked } = pay(session, context, { saveMethod: true, customer: { provider_reference: customer.providerReference } })
    const first = await asked
    check(first.savedMethodReference, 'the payment does not say which method was kept')
    const { input, asked: again } = chargeAway(session, context, saved, customer, first.savedMethodReference)
    once(session, await again, input)
  })
  if (capabilities.has('remove_method')) {
    promise('a method that was removed is charged no more, and removing it again is no error', 'the payer took the card back', async session => {
      const context = session.open()
      const { customer, method } = await kept(session, context, saved)
      const remove = () => family.removeMethod!(context, { idempotencyKey: session.key(), customerProviderReference: customer.providerReference, providerReference: method.providerReference })
      await remove()
      await remove()
      if (capabilities.has('list_methods')) same(await family.listMethods!(context, { customerProviderReference: customer.providerReference }), [], 'the methods of the customer')
      const { input, asked } = chargeAway(session, context, saved, customer, method.providerReference)
      const outcome = await asked.catch((error: unknown) => error)
      check(isProviderError(outcome) ? outcome.reached !== 'unknown' : (outcome as PaymentSnapshot).status !== 'succeeded', `a charge of it is ${shown(outcome)}`)
      same(session.simulator.effects(input.reference).charges, 0, "charges in the provider's books")
    })
  }
  const { declined, challenged, needsPayer } = saved
  if (declined !== undefined) {
    promise('a method that the bank does not let be kept is an answer', 'the payer is told, and may try another', async session => {
      const context = session.open()
      const { method } = await kept(session, context, saved, declined.token)
      same([method.status, method.error?.code], ['failed', declined.code], 'the method that was refused')
      check(method.error?.providerCode, "the provider's own code is not kept beside ours")
    })
  }
  if (challenged !== undefined && capabilities.has('get_setup')) {
    promise('a bank that asks the payer first is asked again afterwards', 'the card is kept only when the payer agreed', async session => {
      const context = session.open()
      const { method } = await kept(session, context, saved, challenged.token)
      same(method.status, 'requires_action', 'before')
      check(method.nextAction, 'nothing tells the payer what to do')
      check(method.setupReference, 'nothing tells what to ask for afterwards')
      await challenged.complete(method, session.simulator, context)
      isKept(await family.getSetup!(context, method.setupReference))
    })
  }
  if (needsPayer !== undefined) {
    promise('a charge that needs the payer who is away says so, and how to finish it', 'it is neither paid nor lost', async session => {
      const context = session.open()
      const { customer, method } = await kept(session, context, saved, needsPayer.token)
      const { input, asked } = chargeAway(session, context, saved, customer, method.providerReference)
      const payment = await asked
      check(payment.status === 'requires_action' || payment.status === 'requires_payment_method', `the charge is ${payment.status}`)
      same(payment.error?.code, 'authentication_required', 'error.code')
      check(payment.nextAction, 'nothing tells how to finish it')
      same(session.simulator.effects(input.reference).charges, 0, "charges in the provider's books")
    })
  }
  return drafts
}
