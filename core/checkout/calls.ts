import type { CheckoutSnapshot, CreateCheckoutInput, CreatePaymentLinkInput, PaymentLinkSnapshot } from '../adapter/checkout.ts'
import type { ConnectionContext } from '../adapter/context.ts'
import type { Adapter } from '../adapter/define.ts'
import type { OperationName } from '../adapter/manifest.ts'
import type { Lookup, PayerInput, PaymentsFamily, Repeatable } from '../adapter/payments.ts'
import type { Hub } from '../hub.ts'
import { publicId } from '../ids.ts'
import { requireMethod, requirePayments } from '../payments/plan.ts'
import type { PageSnapshot } from './machine.ts'
import type { PageKind, PageRow } from './queries.ts'

/** A page as its provider tells it, whichever kind it is. */
export interface ToldPage extends PageSnapshot {
  providerStatus: string
  url?: string
  expiresAt?: Date
  payer?: PayerInput
  paymentProviderReference?: string
}

type Call<T> = (context: ConnectionContext) => Promise<T>

/** What can be asked about pages of a kind: the adapter's methods, under one name each. */
export interface PageCalls {
  names: Readonly<Record<'create' | 'get' | 'find' | 'expire', OperationName>>
  create: (input: PagePlan['input']) => Call<ToldPage>
  get: ((providerReference: string) => Call<ToldPage>) | undefined
  find: ((lookup: Lookup) => Call<ToldPage | undefined>) | undefined
  expire: ((input: Repeatable & { providerReference: string, reference: string }) => Call<ToldPage>) | undefined
}

/** What a new page needs of its adapter. */
export const neededMethods: Readonly<Record<PageKind, readonly (keyof PaymentsFamily)[]>> = {
  checkout_session: ['createCheckout', 'getCheckout'],
  payment_link: ['createPaymentLink', 'getPaymentLink', 'expirePaymentLink']
}

/** Whether a provider has such pages itself. */
export const hasPages = (adapter: Adapter, kind: PageKind): boolean => neededMethods[kind].every(method => adapter.payments?.[method] !== undefined)

/** The `provider_status` of a link whose page is ours. */
const ownPage = 'own_page'

/** A link whose page is ours (own-link.ts), because its provider has none: nobody is asked about it, and it begins and ends as we say. */
const ownLink: PageCalls = {
  names: { create: 'create_payment_link', get: 'get_payment_link', find: 'find_payment_link', expire: 'expire_payment_link' },
  create: ({ reference, amount }) => async () => ({ providerReference: reference, reference, status: 'open', providerStatus: ownPage, amount }),
  get: undefined,
  // Asked for only where we died between the intent and its end.
  find: ({ reference }) => async () => ({ providerReference: reference, reference, status: 'open', providerStatus: ownPage }),
  expire: ({ reference }) => async () => ({ providerReference: reference, reference, status: 'expired', providerStatus: ownPage })
}

export function pageCalls (adapter: Adapter, kind: PageKind): PageCalls {
  const family = requirePayments(adapter)
  if (kind === 'payment_link' && !hasPages(adapter, kind)) return ownLink
  if (kind === 'checkout_session') {
    const { getCheckout, findCheckout, expireCheckout } = family
    return {
      names: { create: 'create_checkout', get: 'get_checkout', find: 'find_checkout', expire: 'expire_checkout' },
      create: input => async context => ofSession(await requireMethod(family.createCheckout)(context, input as CreateCheckoutInput)),
      get: getCheckout && (reference => async context => ofSession(await getCheckout(context, reference))),
      find: findCheckout && (lookup => async context => optional(await findCheckout(context, lookup), ofSession)),
      expire: expireCheckout && (input => async context => ofSession(await expireCheckout(context, input)))
    }
  }
  const { getPaymentLink, findPaymentLink, expirePaymentLink } = family
  return {
    names: { create: 'create_payment_link', get: 'get_payment_link', find: 'find_payment_link', expire: 'expire_payment_link' },
    create: input => async context => ofLink(await requireMethod(family.createPaymentLink)(context, input as CreatePaymentLinkInput)),
    get: getPaymentLink && (reference => async context => ofLink(await getPaymentLink(context, reference))),
    find: findPaymentLink && (lookup => async context => optional(await findPaymentLink(context, lookup), ofLink)),
    expire: expirePaymentLink && (input => async context => ofLink(await expirePaymentLink(context, input)))
  }
}

const optional = <A, B> (value: A | undefined, map: (value: A) => B): B | undefined => value === undefined ? undefined : map(value)

export function ofSession ({ linkProviderReference, collected, ...session }: CheckoutSnapshot): ToldPage {
  return session
}

function ofLink (link: PaymentLinkSnapshot): ToldPage {
  return { ...link, status: link.status === 'active' ? 'open' : 'expired' }
}

/** What is asked of the adapter, whole: sealed beside the intent so that exactly this, and nothing else, can be repeated. */
export type PagePlan =
  | { kind: 'checkout_session', input: CreateCheckoutInput }
  | { kind: 'payment_link', input: CreatePaymentLinkInput }

const use = 'page_request'

export async function sealPagePlan (hub: Pick<Hub, 'vault'>, tenantId: string, pageId: string, plan: PagePlan): Promise<string> {
  return await hub.vault.seal(tenantId, publicId(plan.kind, pageId), use, JSON.stringify(plan))
}

export async function openPagePlan (hub: Pick<Hub, 'vault'>, row: PageRow): Promise<PagePlan> {
  const plan = JSON.parse(await hub.vault.openText(row.tenant_id, publicId(row.kind as PageKind, row.id), use, row.pending_sealed!)) as PagePlan
  // JSON has no dates.
  if (plan.input.expiresAt !== undefined) plan.input.expiresAt = new Date(plan.input.expiresAt)
  return plan
}
