import type { Mode } from '../adapter/context.ts'
import { inTenant } from '../db/in-tenant.ts'
import type { Hub } from '../hub.ts'
import { findIssuer } from '../issuers/queries.ts'
import { type NoticeData, prepareNotice, type Told } from '../notifications/notices.ts'
import { toMinor } from './amounts.ts'
import { buyerOf } from './buyer.ts'
import { linkUrl } from './link.ts'
import { localDay, zoneOfIssuer } from './period.ts'
import type { SaleRow } from './queries.ts'
import { findSale } from './queries.ts'

export type SaleNotice = 'self_invoice_link' | 'self_invoice_reminder' | 'correct_your_data' | 'payment_pending'

interface Telling {
  /** What makes it another telling about the same sale. */
  occasion: string
  daysLeft?: number
  problem?: string | undefined
}

/** Tells the buyer by every channel that the tenant has set up, once for each occasion, whoever repeats it. What became of it is in the answer. */
export async function tellBuyer (hub: Hub, row: SaleRow, kind: SaleNotice, { occasion, daysLeft, problem }: Telling): Promise<Told[]> {
  const buyer = await buyerOf(hub, row)
  const issuer = await inTenant(hub.db, row.tenant_id, async db => await findIssuer(db, row.issuer_id))
  const url = await linkUrl(hub, row)
  const until = row.link_expires_at === null || issuer === undefined ? undefined : localDay(row.link_expires_at, zoneOfIssuer(issuer))
  const about = { amount: { amount: toMinor(row.total, row.currency), currency: row.currency }, reference: row.reference ?? row.ticket }
  const data: { [K in SaleNotice]: () => NoticeData[K] } = {
    self_invoice_link: () => ({ ...about, url: url!, until: until! }),
    self_invoice_reminder: () => ({ ...about, url: url!, until: until!, daysLeft: daysLeft! }),
    correct_your_data: () => ({ ...about, url: url!, ...(problem !== undefined && { problem }), ...(until !== undefined && { until }) }),
    payment_pending: () => about
  }
  const email = buyer.email ?? buyer.invoice?.email
  const notice = await prepareNotice(hub, row.tenant_id, {
    kind,
    mode: row.mode as Mode,
    subjectType: 'sale',
    subjectId: row.id,
    occasion,
    addressee: { language: buyer.language ?? 'es', ...(email !== undefined && { email }), ...(buyer.phone !== undefined && { phone: buyer.phone }), ...(buyer.name !== undefined && { name: buyer.name }), ...(buyer.customer !== undefined && { push: buyer.customer }) },
    issuerId: row.issuer_id,
    data: data[kind]()
  })
  const told = await inTenant(hub.db, row.tenant_id, async db => {
    // Taken back or used meanwhile: a link that is none is not told.
    if (kind !== 'payment_pending' && (await findSale(db, row.id))?.link_made_at?.getTime() !== row.link_made_at?.getTime()) return []
    return await notice.insert(db)
  })
  notice.wake()
  return told
}
