import type { Invoice as InvoiceModel } from '../adapter/invoicing.ts'
import type { TenantDb } from '../db/in-tenant.ts'
import type { Hub } from '../hub.ts'
import { findIssuer, type IssuerRow } from '../issuers/queries.ts'
import { chainAnnulment, chainInvoice, findingsOf, liveChain, withRectified } from '../verifactu/chain.ts'
import type { Finding } from './engine.ts'
import { assertIssuable } from './issuable.ts'
import type { InvoiceRow } from './queries.ts'

/**
 * What invoices of an issuer that keeps records (Spain: VERI*FACTU or not) do beside: the record is chained in the transaction that
 * gives the number, after every rule of the AEAT's that can be told before. The model gets where its QR leads.
 */
export async function withRecord (hub: Pick<Hub, 'now' | 'config'>, db: TenantDb, { row, issuer, model }: { row: Pick<InvoiceRow, 'id' | 'country'>, issuer: IssuerRow, model: InvoiceModel }): Promise<InvoiceModel> {
  if (row.country !== 'ES') return model
  const chain = await liveChain(hub, db, issuer)
  if (chain === undefined) return model
  const whole = await withRectified(db, chain, model)
  assertIssuable(findingsOf(whole, hub.now()))
  const url = await chainInvoice(hub, db, { chain, issuer, invoiceId: row.id, model: whole })
  return { ...whole, es: { ...whole.es!, verifactu: { ...whole.es?.verifactu, url } } }
}

/** What the AEAT would refuse, before anything is made; nothing where the issuer keeps no records. */
export async function recordFindingsOf (hub: Pick<Hub, 'now' | 'config'>, db: TenantDb, issuer: IssuerRow, model: InvoiceModel): Promise<Finding[]> {
  const chain = issuer.country === 'ES' ? await liveChain(hub, db, issuer) : undefined
  if (chain === undefined) return []
  const whole = await withRectified(db, chain, model)
  // Series and number come with the issue.
  return findingsOf(whole.number === undefined ? { ...whole, number: '0' } : whole, hub.now())
}

/** An invoice that was cancelled never was: its record is annulled in the same transaction. */
export async function annulRecord (hub: Pick<Hub, 'now' | 'config'>, db: TenantDb, row: InvoiceRow): Promise<void> {
  if (row.country !== 'ES') return
  const issuer = await findIssuer(db, row.issuer_id)
  if (issuer !== undefined) await chainAnnulment(hub, db, issuer, row.id)
}
