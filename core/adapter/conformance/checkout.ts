import type { CheckoutSnapshot, Collected, CollectInput, CreateCheckoutInput, CreatePaymentLinkInput, PaymentLinkSnapshot } from '../checkout.ts'
import type { ConnectionContext } from '../context.ts'
import { check, reached, refusal, same, shown } from './check.ts'
import type { Draft, Plan } from './draft.ts'
import { foundAlone } from './found.ts'
import { payer } from './payer.ts'
import type { Session } from './session.ts'

/** What a page of the provider's is asked for. */
export function pages (plan: Plan) {
  const { family, plain, samples } = payer(plan)
  const checkoutInput = (session: Session, more: Partial<CreateCheckoutInput> = {}): CreateCheckoutInput => ({
    idempotencyKey: session.key(), reference: session.id('chk'), amount: plain, capture: 'automatic', description: 'Pedido 1', successUrl: 'https://shop.test/thanks', cancelUrl: 'https://shop.test/back', ...samples.more?.customer !== undefined && { customer: samples.more.customer }, ...more
  })
  const linkInput = (session: Session, more: Partial<CreatePaymentLinkInput> = {}): CreatePaymentLinkInput => ({
    idempotencyKey: session.key(), reference: session.id('lnk'), amount: plain, capture: 'automatic', description: 'Donativo', ...more
  })
  return {
    family,
    plain,
    samples,
    checkoutInput,
    linkInput,
    async opened (session: Session, context: ConnectionContext, more?: Partial<CreateCheckoutInput>) {
      const input = checkoutInput(session, more)
      return { input, page: await family.createCheckout!(context, input) }
    },
    async linked (session: Session, context: ConnectionContext, more?: Partial<CreatePaymentLinkInput>) {
      const input = linkInput(session, more)
      return { input, link: await family.createPaymentLink!(context, input) }
    }
  }
}

/** Pages at the provider: paid once, or many times. */
export function checkoutPromises (plan: Plan): Draft[] {
  const { capabilities } = plan
  const { family, plain, samples, opened, linked } = pages(plan)
  const { lookup } = payer(plan)
  const { pay, fill } = samples.checkout ?? {}
  const { collects = [] } = plan.harness.adapter.manifest
  const drafts: Draft[] = []
  const promise = (name: string, because: string, keep: Draft['keep']) => drafts.push({ promise: 'checkout', name, because, keep })

  const isPage = (page: CheckoutSnapshot | PaymentLinkSnapshot, reference: string) => {
    check(page.providerReference && page.providerStatus, 'it has no providerReference or no providerStatus')
    check(page.url !== undefined && URL.canParse(page.url), `its url is ${shown(page.url)}`)
    if (page.amount !== undefined) same(page.amount, { ...plain }, 'its amount')
    check(page.reference === undefined || page.reference === reference, `it says that it is ${shown(page.reference)}`)
  }
  /** Whatever a page makes must be matched to it, by our id. */
  const madeOf = async (context: ConnectionContext, providerReference: string | undefined, reference: string) => {
    check(providerReference, 'nothing tells which payment the page made')
    const payment = await family.getPayment(context, providerReference)
    same([payment.status, payment.amountCaptured], ['succeeded', plain.amount], 'the payment that the page made')
    same(payment.reference, reference, 'the reference of that payment')
  }

  if (capabilities.has('create_checkout')) {
    promise('a page is opened for what was asked, and told the same again', 'the payer reads the amount there, not in the shop', async session => {
      const context = session.open()
      const { input, page } = await opened(session, context)
      same(page.status, 'open', 'status')
      isPage(page, input.reference)
      if (capabilities.has('get_checkout')) {
        const read = await family.getCheckout!(context, page.providerReference)
        same([read.providerReference, read.status, read.amount], [page.providerReference, 'open', { ...plain }], 'getCheckout tells the same')
        const error = await refusal(family.getCheckout!(context, page.providerReference.replace(/[0-9a-z](?=[^0-9a-z]*$)/i, last => last === 'x' ? 'y' : 'x')), 'getCheckout of an unknown id')
        reached(error, ['answered'], 'the provider answered')
        same(error.code, 'not_found', 'code')
      }
    })
    promise('the lines of a page are its amount, and others are refused', 'what the payer reads is what is paid', async session => {
      const context = session.open()
      const half = plain.amount / 2
      const { page } = await opened(session, context, { lines: [{ name: 'Silla', quantity: 1, unitAmount: half }, { name: 'Mesa', description: 'roble', quantity: 1, unitAmount: half }] })
      same(page.amount, { ...plain }, 'the amount of two lines')
      const wrong = opened(session, context, { lines: [{ name: 'Silla', quantity: 3, unitAmount: half }] })
      reached(await refusal(wrong, 'lines that are not the amount'), ['nowhere', 'answered'], 'they are refused')
    })
    if (capabilities.has('find_checkout')) {
      promise('a page is found by our reference, and only that one', 'after a cut socket the reference is all we have', async session => {
        const context = session.open()
        await opened(session, context)
        const { input, page } = await opened(session, context)
        await opened(session, context)
        await foundAlone(reference => family.findCheckout!(context, lookup(session, reference)), page, { ours: input.reference, unused: session.id('chk') })
      })
    }
    if (capabilities.has('expire_checkout')) {
      promise('a page that was ended cannot be paid any more, and ending it again changes nothing', 'the room was given to somebody else', async session => {
        const context = session.open()
        const { input, page } = await opened(session, context)
        const end = () => family.expireCheckout!(context, { idempotencyKey: session.key(), providerReference: page.providerReference, reference: input.reference })
        same((await end()).status, 'expired', 'after the end')
        same((await end()).status, 'expired', 'after the second end')
        if (capabilities.has('get_checkout')) same((await family.getCheckout!(context, page.providerReference)).status, 'expired', 'read back')
      })
    }
    if (pay !== undefined && capabilities.has('get_checkout')) {
      promise('a page that is paid makes one payment, which names the page', 'else nobody knows whose money it is', async session => {
        const context = session.open()
        const { input, page } = await opened(session, context)
        await pay(page, session.simulator, context)
        const after = await family.getCheckout!(context, page.providerReference)
        same(after.status, 'complete', 'after the payment')
        await madeOf(context, after.paymentProviderReference, input.reference)
        if (!capabilities.has('expire_checkout')) return
        const error = await refusal(family.expireCheckout!(context, { idempotencyKey: session.key(), providerReference: page.providerReference, reference: input.reference }), 'the end of a page that is paid')
        reached(error, ['answered'], 'it is refused')
        same(error.code, 'invalid_state', 'code')
      })
    }
  }

  if (capabilities.has('create_payment_link')) {
    promise('a link is opened for what was asked, and told the same again', 'it is sent to people who never saw the shop', async session => {
      const context = session.open()
      const { input, link } = await linked(session, context)
      same(link.status, 'active', 'status')
      isPage(link, input.reference)
      if (capabilities.has('get_payment_link')) {
        const read = await family.getPaymentLink!(context, link.providerReference)
        same([read.providerReference, read.status, read.url, read.amount], [link.providerReference, 'active', link.url, link.amount], 'getPaymentLink tells the same')
      }
    })
    if (capabilities.has('find_payment_link')) {
      promise('a link is found by our reference, and only that one', 'after a cut socket the reference is all we have', async session => {
        const context = session.open()
        await linked(session, context)
        const { input, link } = await linked(session, context)
        await linked(session, context)
        await foundAlone(reference => family.findPaymentLink!(context, lookup(session, reference)), link, { ours: input.reference, unused: session.id('lnk') })
      })
    }
    if (capabilities.has('expire_payment_link')) {
      promise('a link that was ended takes no more payments', 'the offer is over', async session => {
        const context = session.open()
        const { input, link } = await linked(session, context)
        const ended = await family.expirePaymentLink!(context, { idempotencyKey: session.key(), providerReference: link.providerReference, reference: input.reference })
        same(ended.status, 'inactive', 'after the end')
        if (capabilities.has('get_payment_link')) same((await family.getPaymentLink!(context, link.providerReference)).status, 'inactive', 'read back')
      })
    }
    if (pay !== undefined) {
      promise('each payer of a link makes a payment, which names the link', 'ten payers are ten payments', async session => {
        const context = session.open()
        const { input, link } = await linked(session, context)
        const made: unknown[] = []
        for (let payers = 0; payers < 2; payers++) made.push(await pay(link, session.simulator, context))
        check(typeof made[0] === 'string' && typeof made[1] === 'string', 'the harness says which payment it was: checkout.pay resolves to its id')
        check(made[0] !== made[1], 'two payers are one payment')
        for (const payment of made as string[]) await madeOf(context, payment, input.reference)
      })
    }
  }
  if (collects.length > 0) {
    const choices = (values: string[]) => ({ label: 'Elija', choices: values.map(value => ({ value, label: `${value} en palabras` })) })
    const asked: CollectInput = {
      ...(collects.includes('tax_id') && { tax_id: true }), ...(collects.includes('name') && { name: true }), ...(collects.includes('postal_code') && { postal_code: true }),
      ...(collects.includes('regime') && { regime: choices(['601', '616']) }), ...(collects.includes('use') && { use: choices(['G03', 'S01']) })
    }
    const typed: Collected = {
      ...(collects.includes('tax_id') && { tax_id: 'EKU9003173C9' }), ...(collects.includes('name') && { name: 'ESCUELA KEMPER URGATE' }), ...(collects.includes('postal_code') && { address: { street: 'Calle 1', postal_code: '42501', country: 'MX' } }),
      ...(collects.includes('regime') && { regime: '601' }), ...(collects.includes('use') && { use: 'G03' })
    }
    /** As far as it is declared. */
    const heard = (collected: Collected | undefined): unknown => collects.map(field => field === 'postal_code' ? collected?.address?.postal_code : collected?.[field])
    promise('what a buyer types for an invoice comes back with the payment, and nothing else does', 'the invoice goes to whoever was typed there', async session => {
      check(fill, 'the harness says how a buyer types it: checkout.fill is owed')
      const context = session.open()
      const { page } = await opened(session, context, { collect: asked })
      same((await family.getCheckout!(context, page.providerReference)).collected, undefined, 'before anybody typed')
      await fill(page, typed, session.simulator, context)
      const after = await family.getCheckout!(context, page.providerReference)
      same(heard(after.collected), heard(typed), 'what the page tells')
      const made = await family.getCheckoutOf!(context, String(after.paymentProviderReference))
      same([made?.providerReference, heard(made?.collected)], [page.providerReference, heard(typed)], 'the page that made the payment')
      const left = await opened(session, context, { collect: asked })
      await fill(left.page, { address: { street: 'Calle 1', postal_code: '42501', country: 'MX' } }, session.simulator, context)
      same((await family.getCheckout!(context, left.page.providerReference)).collected?.tax_id, undefined, 'the tax id that nobody typed')
      if (pay === undefined) return
      const plainPage = await opened(session, context)
      await pay(plainPage.page, session.simulator, context)
      same((await family.getCheckout!(context, plainPage.page.providerReference)).collected, undefined, 'what a page tells that asked for nothing')
    })
    if (capabilities.has('create_payment_link')) {
      promise('each payer of a link has typed for themselves', 'ten payers are ten invoices', async session => {
        check(fill, 'the harness says how a buyer types it: checkout.fill is owed')
        const context = session.open()
        const { link } = await linked(session, context, { collect: asked })
        for (const taxId of ['EKU9003173C9', 'IVD920810GU2']) {
          const payment = await fill(link, { ...typed, tax_id: taxId }, session.simulator, context)
          same((await family.getCheckoutOf!(context, String(payment)))?.collected?.tax_id, taxId, 'the tax id of the payer')
        }
      })
    }
  }
  return drafts
}
