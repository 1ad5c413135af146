import type { ProviderEvent } from '../adapter/webhooks.ts'
import type { SealedConnection } from '../connections/open.ts'
import { inTenant } from '../db/in-tenant.ts'
import { setTimer } from '../db/timers.ts'
import type { Ending } from '../events/ending.ts'
import type { Hub } from '../hub.ts'
import { parseAnyId } from '../ids.ts'
import { isTerminal } from '../payments/machine.ts'
import type { PaymentRow } from '../payments/queries.ts'
import { pageTimer } from './apply.ts'
import { ofSession } from './calls.ts'
import { adoptFromPage, askPayment, pullPage, takeNews } from './look.ts'
import * as queries from './queries.ts'
import type { PageKind, PageRow } from './queries.ts'

type CheckoutEvent = Extract<ProviderEvent, { type: 'checkout' }>
type PaymentEvent = Extract<ProviderEvent, { type: 'payment' }>

/** A webhook about a page. Undefined when it is none of ours; otherwise the payment that came of it, or else the page itself. */
export async function processCheckout (hub: Hub, connection: SealedConnection, event: CheckoutEvent, believed: boolean): Promise<Pick<Ending, 'subjectId' | 'subjectType'> | undefined> {
  const page = await findNamed(hub, connection, event)
  if (page === undefined) return undefined
  const paymentId = page.kind === 'payment_link' ? await paidByLink(hub, connection, page, event) : await heard(hub, connection, page, event, believed)
  return paymentId === null ? { subjectId: page.id, subjectType: page.kind as PageKind } : { subjectId: paymentId }
}

async function heard (hub: Hub, connection: SealedConnection, page: PageRow, { snapshot }: CheckoutEvent, believed: boolean): Promise<string | null> {
  const after = believed && snapshot !== undefined
    ? await takeNews(hub, connection, page.id, { type: 'told', snapshot: ofSession(snapshot) }, 'inbound')
    // Whose answer is still on its way will be known from that answer, or by the resolver.
    : await pullPage(hub, connection, page, 'inbound')
  return after.payment_id
}

/** Each payer of a link has a session of their own at the provider, which is no page of ours: what counts is what they paid. */
async function paidByLink (hub: Hub, connection: SealedConnection, page: PageRow, { snapshot, providerReference }: CheckoutEvent): Promise<string | null> {
  if (providerReference === page.provider_reference) await pullPage(hub, connection, page, 'inbound')
  const named = snapshot?.paymentProviderReference
  if (named === undefined) return null
  const payment = await adoptFromPage(hub, connection, page.id, await askPayment(hub, connection, page.id, named, 'inbound'))
  await lookSoon(hub, page)
  return payment?.id ?? null
}

async function findNamed (hub: Hub, connection: SealedConnection, { reference, providerReference, snapshot }: CheckoutEvent): Promise<PageRow | undefined> {
  return await inTenant(hub.db, connection.tenantId, async db => {
    const id = reference === undefined ? undefined : pageIdOf(reference)
    const link = snapshot?.linkProviderReference
    const row = await queries.findByProviderReference(db, connection.id, providerReference) ??
      (id === undefined ? undefined : await queries.findPage(db, id)) ??
      (link === undefined ? undefined : await queries.findByProviderReference(db, connection.id, link))
    // An event of one account never touches a page of another.
    return row?.connection_id === connection.id ? row : undefined
  })
}

/** A payment that we did not ask for, and whose reference is a page of ours, becomes ours. Undefined when it is not so. */
export async function adoptPagePayment (hub: Hub, connection: SealedConnection, event: PaymentEvent, believed: boolean): Promise<PaymentRow | undefined> {
  const id = event.reference === undefined ? undefined : pageIdOf(event.reference)
  const page = id === undefined ? undefined : await inTenant(hub.db, connection.tenantId, async db => await queries.findPage(db, id))
  if (page?.connection_id !== connection.id) return undefined
  const decisive = event.snapshot !== undefined && (event.snapshot.status === 'authorized' || isTerminal(event.snapshot.status))
  const snapshot = believed && decisive ? event.snapshot! : await askPayment(hub, connection, page.id, event.providerReference, 'inbound')
  const payment = await adoptFromPage(hub, connection, page.id, snapshot)
  await lookSoon(hub, page)
  return payment
}

/** The payment was faster than the news of its page. */
async function lookSoon (hub: Hub, page: PageRow): Promise<void> {
  if (page.status !== 'open') return
  await inTenant(hub.db, page.tenant_id, async db => { await setTimer(db, pageTimer, page.id, hub.now()) })
  hub.wake(pageTimer, [{ tenantId: page.tenant_id, id: page.id }])
}

/** The page that a reference names. */
export function pageIdOf (reference: string): string | undefined {
  const named = parseAnyId(reference)
  return named?.kind === 'checkout_session' || named?.kind === 'payment_link' ? named.uuid : undefined
}
