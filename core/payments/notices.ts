import type { Mode } from '../adapter/context.ts'
import { findAnyCustomer } from '../customers/queries.ts'
import { inTenant, type TenantDb } from '../db/in-tenant.ts'
import { claimTimer, clearTimer, setTimer, startTimer } from '../db/timers.ts'
import { findAnyEvent } from '../events/queries.ts'
import type { Hub } from '../hub.ts'
import { type Addressee, type NewNotice, prepareAdminNotice, prepareNotice, type PreparedNotice } from '../notifications/notices.ts'
import type { NoticeData } from '../notifications/catalogue.ts'
import { daysOf, isTold, loadSwitches, type Switches } from '../notifications/switches/switches.ts'
import type { PaymentStatus } from './machine.ts'
import * as queries from './queries.ts'
import type { PaymentRow } from './queries.ts'
import type { Lines } from './schema.ts'
import { toldNextAction } from './view.ts'

const leaseMs = 60_000
const dayMs = 24 * 3600_000

/** A payment's own notices: what they say is taken from the payment as it is when it is told. */
type PaymentKind = 'payment_received' | 'payment_failed' | 'payment_pending' | 'refund'

interface Telling<K extends PaymentKind> extends Pick<NewNotice<K>, 'kind' | 'subjectType' | 'subjectId' | 'occasion'> { data: NoticeData[K] }

/**
 * What an event of a payment or a refund has to tell somebody. A trigger sets its timer in the event's own transaction, where the tenant
 * wants such notices; told once, whatever repeats this.
 */
export async function tellPaymentEvent (hub: Hub, tenantId: string, id: string): Promise<void> {
  const found = await inTenant(hub.db, tenantId, async db => {
    if (await claimTimer(db, 'event_notice', id, hub.now(), leaseMs) === undefined) return undefined
    const event = await findAnyEvent(db, id)
    if (event === undefined) return {}
    const refund = event.type.startsWith('refund.') ? await queries.findRefund(db, event.subject_id) : undefined
    const payment = await queries.findPayment(db, refund?.payment_id ?? event.subject_id)
    return payment === undefined ? {} : { event, refund, payment, switches: await loadSwitches(db, payment.mode as Mode), buyer: await buyerOf(db, payment) }
  })
  if (found === undefined) return
  const clear = async (also?: (db: TenantDb) => Promise<void>) => await inTenant(hub.db, tenantId, async db => {
    await also?.(db)
    await clearTimer(db, 'event_notice', id)
  })
  const { event, refund, payment, switches, buyer } = found
  if (event === undefined || payment === undefined || buyer === undefined) return await clear()
  if (event.type === 'payment.requires_action' || event.type === 'payment.processing') return await clear(async db => { await planReminder(db, payment, switches) })
  const telling = refund !== undefined ? refundTelling(refund, payment) : event.type === 'payment.succeeded' ? receivedTelling(payment) : failedTelling(payment, event.data as { attempts: number, error: { message?: string } | null })
  if (telling === undefined) return await clear()
  const prepared = await everybody(hub, tenantId, payment, telling, switches, buyer)
  await clear(async db => { for (const one of prepared) await one.insert(db) })
  for (const one of prepared) one.wake()
}

/** A payment that waits for its payer, so many days after it was begun. */
export async function remindPayment (hub: Hub, tenantId: string, id: string): Promise<void> {
  const found = await inTenant(hub.db, tenantId, async db => {
    if (await claimTimer(db, 'payment_reminder', id, hub.now(), leaseMs) === undefined) return undefined
    const payment = await queries.findPayment(db, id)
    return payment === undefined ? {} : { payment, switches: await loadSwitches(db, payment.mode as Mode), buyer: await buyerOf(db, payment) }
  })
  if (found === undefined) return
  const { payment, switches, buyer } = found
  const now = hub.now()
  const over = payment === undefined || !waits(payment) || (payment.expires_at !== null && new Date(payment.expires_at) <= now)
  const days = over ? [] : daysOf(switches!, 'payment_pending')
  const passed = payment === undefined ? 0 : (now.getTime() - payment.created_at.getTime()) / dayMs
  // After a long silence only the last of them: nobody gets two reminders at once.
  const due = days.find(day => day <= passed)
  const next = days.findLast(day => day > passed)
  const prepared = over || due === undefined ? [] : await everybody(hub, tenantId, payment, { kind: 'payment_pending', subjectType: 'payment', subjectId: id, occasion: `day_${due}`, data: await pendingData(hub, payment) }, switches!, buyer!)
  await inTenant(hub.db, tenantId, async db => {
    for (const one of prepared) await one.insert(db)
    if (next === undefined) await clearTimer(db, 'payment_reminder', id)
    else await setTimer(db, 'payment_reminder', id, new Date(payment!.created_at.getTime() + next * dayMs))
  })
  for (const one of prepared) one.wake()
}

const waits = ({ status }: Pick<PaymentRow, 'status'>): boolean => (['requires_action', 'processing'] as PaymentStatus[]).includes(status as PaymentStatus)

async function planReminder (db: TenantDb, payment: PaymentRow, switches: Switches): Promise<void> {
  const first = daysOf(switches, 'payment_pending').at(-1)
  if (first === undefined || !waits(payment) || (!isTold(switches, 'payment_pending', 'buyer') && !isTold(switches, 'payment_pending', 'admin'))) return
  await startTimer(db, 'payment_reminder', payment.id, new Date(payment.created_at.getTime() + first * dayMs))
}

async function everybody<K extends PaymentKind> (hub: Hub, tenantId: string, payment: PaymentRow, telling: Telling<K>, switches: Switches, buyer: Omit<Addressee, 'language'>): Promise<PreparedNotice[]> {
  const notice = { ...telling, mode: payment.mode as Mode, connectionId: payment.connection_id }
  const payer = [buyer.name, buyer.email].filter(part => part !== undefined).join(', ')
  const prepared: PreparedNotice[] = []
  if (isTold(switches, telling.kind, 'buyer')) prepared.push(await prepareNotice(hub, tenantId, { ...notice, addressee: { ...buyer, language: switches.language } }))
  if (isTold(switches, telling.kind, 'admin')) prepared.push(await prepareAdminNotice(hub, tenantId, { ...notice, data: { ...telling.data, ...(payer !== '' && { payer }) } }))
  return prepared
}

/** Who pays, as far as the payment says; a customer that is kept is asked now. */
async function buyerOf (db: TenantDb, payment: PaymentRow): Promise<Omit<Addressee, 'language'>> {
  const kept = payment.customer_id === null ? undefined : await findAnyCustomer(db, payment.customer_id)
  const { name, email, phone } = { ...payment.customer as { name?: string | null, email?: string | null, phone?: string | null } | null, ...kept }
  return { ...(name != null && { name }), ...(email != null && { email }), ...(phone != null && { phone }), ...(payment.customer_id !== null && { push: payment.customer_id }) }
}

const aboutPayment = (payment: PaymentRow) => ({ ...(payment.reference !== null && { reference: payment.reference }) })

function receivedTelling (payment: PaymentRow): Telling<'payment_received'> {
  const lines = payment.lines as Lines | null
  const method = payment.method as { type: string, brand?: string, last4?: string } | null
  return {
    kind: 'payment_received',
    subjectType: 'payment',
    subjectId: payment.id,
    data: {
      ...aboutPayment(payment),
      amount: { amount: payment.amount_captured > 0 ? payment.amount_captured : payment.amount, currency: payment.currency },
      ...(payment.description !== null && { description: payment.description }),
      ...(lines !== null && { lines: lines.map(({ name, quantity, unit_amount: unitAmount }) => ({ name, quantity, unitAmount })) }),
      ...(method !== null && { method: [method.brand ?? method.type, method.last4].filter(part => part !== undefined).join(' ') })
    }
  }
}

/** Each attempt that was declined is another occasion. A payment that only waits for its first method has not failed. */
function failedTelling (payment: PaymentRow, event: { attempts: number, error: { message?: string } | null }): Telling<'payment_failed'> | undefined {
  if (payment.status === 'succeeded' || (event.error === null && payment.status === 'requires_payment_method')) return undefined
  const reason = event.error?.message
  return {
    kind: 'payment_failed', subjectType: 'payment', subjectId: payment.id, occasion: `attempt_${event.attempts}`,
    data: { ...aboutPayment(payment), amount: { amount: payment.amount, currency: payment.currency }, ...(reason !== undefined && { reason }) }
  }
}

function refundTelling (refund: queries.RefundRow, payment: PaymentRow): Telling<'refund'> {
  return { kind: 'refund', subjectType: 'refund', subjectId: refund.id, data: { ...aboutPayment(payment), amount: { amount: refund.amount, currency: refund.currency } } }
}

/** Where it is paid, as the provider told it. */
async function pendingData (hub: Pick<Hub, 'vault'>, payment: PaymentRow): Promise<NoticeData['payment_pending']> {
  const action = await toldNextAction(hub, payment)
  const { url, reference, expires_at: expiresAt } = { ...action } as { url?: string, reference?: string, expires_at?: string }
  return {
    ...aboutPayment(payment),
    // What is typed at the counter or in the transfer goes before the tenant's own name of it.
    ...(reference !== undefined && { reference }),
    amount: { amount: payment.amount, currency: payment.currency },
    ...(url !== undefined && { url }),
    ...(expiresAt !== undefined && { until: expiresAt.slice(0, 10) })
  }
}
