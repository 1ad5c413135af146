import type { Money } from '../adapter/money.ts'
import type { PaymentSnapshot } from '../adapter/payments.ts'
import { recordSystemChange } from '../audit/record-system.ts'
import type { SealedConnection } from '../connections/open.ts'
import type { KeptMethod } from '../customers/apply-method.ts'
import { inTenant, type TenantDb } from '../db/in-tenant.ts'
import { recordEvents } from '../events/record.ts'
import type { Hub } from '../hub.ts'
import { newUuid, publicId } from '../ids.ts'
import { applyFact } from './apply.ts'
import { prepareKept } from './keep-method.ts'
import type { PaymentStatus } from './machine.ts'
import * as queries from './queries.ts'
import type { PaymentOrigin, PaymentRow } from './queries.ts'
import { sealNextAction, showPayment } from './view.ts'

export interface Adoption {
  connection: Pick<SealedConnection, 'id' | 'provider' | 'mode'>
  /** The page or the subscription that it came of; its public id is what the provider keeps as the reference. */
  origin: { type: PaymentOrigin, id: string }
  /** What it should be; anything else is a person's, as with any payment. Absent: what the provider asked for. */
  expected?: Money
  /** The newest word of the provider, or a decisive one. */
  snapshot: PaymentSnapshot
  capture?: 'automatic' | 'manual'
  customerId?: string
  customer?: object
  reference?: string
  description?: string
  statementDescriptor?: string
  lines?: object
  metadata?: Record<string, string>
  /** The invoice that the page collects. */
  invoiceId?: string
  /** The page was asked to keep the method for the customer. */
  saveMethod?: boolean
  /** By `prepareAdoption`, before the transaction. Without it what the payer does next is asked for once more, a moment later. */
  prepared?: PreparedAdoption
}

export interface PreparedAdoption {
  paymentId: string
  nextActionSealed: string | null
  kept?: KeptMethod
}

/** What has to be done before the transaction of `adoptPayment`: sealing may need the database itself. */
export async function prepareAdoption (hub: Pick<Hub, 'db' | 'vault' | 'now'>, tenantId: string, connectionId: string, snapshot: PaymentSnapshot): Promise<PreparedAdoption> {
  const known = await inTenant(hub.db, tenantId, async db => await queries.findByProviderReference(db, connectionId, snapshot.providerReference))
  const paymentId = known ?? newUuid(hub.now())
  const kept = await prepareKept(hub, tenantId, snapshot)
  return { paymentId, nextActionSealed: await sealNextAction(hub, tenantId, paymentId, snapshot), ...(kept !== undefined && { kept }) }
}

/**
 * A payment that came to be at the provider, through a page or a cycle of ours, becomes a payment here: once, however many
 * tell of it at the same time. One that is here already is told the news. From then on its webhooks match as any other's.
 * Call it in the transaction that holds the origin's lock.
 */
export async function adoptPayment (hub: Pick<Hub, 'now' | 'config'>, db: TenantDb, given: Adoption): Promise<PaymentRow> {
  const { connection, origin, snapshot, prepared } = given
  const now = hub.now()
  const known = await queries.findByProviderReference(db, connection.id, snapshot.providerReference)
  const made = known === undefined ? await insert(db, given, now) : undefined
  const id = made?.id ?? known ?? await queries.findByProviderReference(db, connection.id, snapshot.providerReference)
  const row = (await queries.lockPayment(db, id!))!
  const sealed = prepared?.paymentId === row.id ? prepared.nextActionSealed : undefined
  const { row: after, outcome } = await applyFact(hub, db, row, { fact: { type: 'pulled', snapshot, current: made !== undefined }, ...(sealed !== undefined && { nextActionSealed: sealed }), ...(prepared?.kept !== undefined && { kept: prepared.kept }) })
  if (made !== undefined) {
    await recordSystemChange(db, now, 'provider', { action: 'payment.adopted', subjectType: 'payment', subjectId: publicId('payment', row.id), detail: { origin: publicId(origin.type, origin.id), provider_reference: snapshot.providerReference } })
    // Where it begins as it is written, nothing changed that would tell of it.
    if (outcome.do === 'apply' && !outcome.statusChanged && outcome.review === undefined) await recordEvents(db, now, [{ type: `payment.${after.status as PaymentStatus}`, mode: connection.mode, subjectId: after.id, data: showPayment(after, 'en') }])
  }
  const unsaid = snapshot.nextAction !== undefined && sealed === undefined && after.status === 'requires_action'
  if (outcome.do === 'pull' || unsaid) await queries.scheduleResolve(db, 'payments', after.id, now, 0)
  return after
}

async function insert (db: TenantDb, given: Adoption, now: Date): Promise<PaymentRow | undefined> {
  const { connection, origin, snapshot, expected = snapshot.amount } = given
  const id = given.prepared?.paymentId ?? newUuid(now)
  const row = await queries.insertAdopted(db, {
    id,
    connection,
    origin,
    providerReference: snapshot.providerReference,
    amount: expected.amount,
    currency: expected.currency,
    capture: given.capture ?? (snapshot.status === 'authorized' ? 'manual' : 'automatic'),
    customerId: given.customerId ?? null,
    customer: given.customer ?? null,
    reference: given.reference ?? null,
    description: given.description ?? null,
    statementDescriptor: given.statementDescriptor ?? null,
    lines: given.lines ?? null,
    metadata: given.metadata ?? {},
    invoiceId: given.invoiceId ?? null,
    saveMethod: given.saveMethod ?? false,
    now
  })
  if (row !== undefined) await queries.insertAttempt(db, { id: newUuid(now), paymentId: id, number: 1, connectionId: connection.id, idempotencyKey: publicId(origin.type, origin.id), method: null, now })
  return row
}
