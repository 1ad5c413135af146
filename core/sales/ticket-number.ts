import type { TenantDb } from '../db/in-tenant.ts'
import { HubError } from '../errors.ts'
import { newUuid } from '../ids.ts'
import type { IssuerRow } from '../issuers/queries.ts'
import { insertSeries } from '../series/queries.ts'
import { seriesFor, takeNumber } from '../series/service.ts'

const prefix = 'T'

/** The number of a ticket: of the till's, the branch's or the issuer's series of sales. An issuer that has none gets one, `T`; a country whose series are authorised ones numbers by the sale. */
export async function ticketNumber (db: TenantDb, issuer: IssuerRow, { branch, till }: { branch?: string | undefined, till?: string | undefined }, saleId: string, now: Date): Promise<string> {
  const place = { issuerId: issuer.id, kind: 'sale', ...(branch !== undefined && { branch }), ...(till !== undefined && { till }) }
  try {
    return await taken(db, (await seriesFor(db, place)).id)
  } catch (error) {
    if (!(error instanceof HubError) || error.code !== 'series_missing') throw error
    if (issuer.country === 'EC') return `${prefix}-${saleId.replaceAll('-', '').slice(-12)}`
  }
  const numbering = `sale ${prefix}`
  await insertSeries(db, { id: newUuid(now), mode: issuer.mode, issuer_id: issuer.id, document: 'sale', branch: '', till: '', prefix, digits: 0, numbering, next_number: 1, last_number: 999_999_999_999, active: true }, now, { unlessThere: true })
  return await taken(db, (await seriesFor(db, { issuerId: issuer.id, kind: 'sale', wanted: prefix })).id)
}

async function taken (db: TenantDb, seriesId: string): Promise<string> {
  const { series, number } = await takeNumber(db, seriesId)
  return series === '' ? number : `${series}-${number}`
}
