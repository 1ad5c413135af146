import { Readable } from 'node:stream'
import type { Access } from '../access/principal.ts'
import { recordChange } from '../audit/record.ts'
import { inTenant, type TenantDb } from '../db/in-tenant.ts'
import { HubError, invalidField } from '../errors.ts'
import { normalNif } from '../fiscal/es/nif.ts'
import { zonedTime } from '../fiscal/xades/time.ts'
import type { Hub } from '../hub.ts'
import { publicId, uuidOf } from '../ids.ts'
import { findIssuer, type IssuerRow } from '../issuers/queries.ts'
import { appendEvent, zoneOfIssuer } from './chain.ts'
import * as queries from './queries.ts'
import type { ChainRow, RecordRow } from './queries.ts'
import type { ExportRecords } from './schema.ts'
import { textOf } from './service.ts'

/** In one file: more is asked for in shorter periods. */
const atMost = 20_000
const pageSize = 500

/**
 * Every record (or event) of a period as the law wants it to be had from the system at any time: the XML, signed where it is, in the
 * order of the chain. Of a system that does not submit the export is an event itself (08, 09). Throws 400 for a period that holds none,
 * or too many.
 */
export async function exportRecords (hub: Hub, access: Access, publicIssuerId: string, { from, to, what = 'records' }: ExportRecords): Promise<{ row: { name: string, content_type: string }, bytes: Buffer }> {
  const [start, end] = [new Date(from), new Date(to)]
  if (start >= end) throw invalidField('to', 'is not after from')
  const { issuer, chain } = await inTenant(hub.db, access.tenantId, async db => await chainOf(db, access, publicIssuerId))
  const named: { name: string, text: string }[] = []
  const told: { first?: RecordRow, last?: RecordRow, events: queries.EventRow[] } = { events: [] }
  const last = what === 'records' ? chain.position : chain.event_position
  for (let after = 0; after < last;) {
    const page = await inTenant(hub.db, access.tenantId, async db => what === 'records' ? await queries.recordsFrom(db, chain.id, after, pageSize) : await queries.eventsFrom(db, chain.id, after, pageSize))
    if (page.length === 0) break
    for (const row of page) {
      after = row.position
      if (row.created_at < start || row.created_at >= end) continue
      if (named.length >= atMost) throw invalidField('to', `holds more than ${atMost}: ask for a shorter period`)
      const place = String(row.position).padStart(9, '0')
      if ('kind' in row) {
        named.push({ name: `${place}-${row.kind}-${row.number.replace(/[^\w.-]/g, '_')}.xml`, text: await textOf(hub, row, true) })
        told.first ??= row
        told.last = row
      } else {
        named.push({ name: `${place}-evento-${row.type}.xml`, text: row.signed ?? row.xml })
        told.events = [told.events[0] ?? row, row]
      }
    }
  }
  if (named.length === 0) throw invalidField('from', 'there is nothing in that period')
  await inTenant(hub.db, access.tenantId, async db => { await note(hub, db, access, { chain, issuer, start, end, what, told, count: named.length }) })
  return { row: { name: `${chain.nif}-${what === 'records' ? 'registros' : 'eventos'}.zip`, content_type: 'application/zip' }, bytes: await zipped(named) }
}

async function chainOf (db: TenantDb, access: Access, publicIssuerId: string): Promise<{ issuer: IssuerRow, chain: ChainRow }> {
  const issuer = await findIssuer(db, uuidOf('issuer', publicIssuerId))
  if (issuer?.mode !== access.mode) throw new HubError('not_found')
  const chain = await queries.chainOf(db, access.mode, normalNif(issuer.tax_id))
  if (chain === undefined) throw new HubError('conflict', { detail: { es: 'Este emisor no ha encadenado ningún registro.', en: 'This issuer has chained no records.' } })
  return { issuer, chain }
}

interface Noted { chain: ChainRow, issuer: IssuerRow, start: Date, end: Date, what: 'records' | 'events', told: { first?: RecordRow, last?: RecordRow, events: queries.EventRow[] }, count: number }

async function note (hub: Hub, db: TenantDb, access: Access, { chain, issuer, start, end, what, told, count }: Noted): Promise<void> {
  const now = hub.now()
  const locked = (await queries.lockChain(db, chain.id))!
  if (locked.system === 'no_verifactu') {
    const zone = zoneOfIssuer(issuer)
    const period = { from: zonedTime(start, zone), to: zonedTime(end, zone) }
    const [first, last] = told.events
    if (what === 'records') {
      const { altas, anulaciones, tax, total } = await queries.periodOf(db, chain.id, start, end)
      const name = ({ number, date, huella }: RecordRow) => ({ nif: chain.nif, number, date, huella })
      await appendEvent(hub, db, locked, issuer, { type: 'records_exported', ...period, first: name(told.first!), last: name(told.last!), altas, anulaciones, tax, total })
    } else {
      const name = ({ type, generated_at: at, huella }: queries.EventRow) => ({ type, at, huella })
      await appendEvent(hub, db, locked, issuer, { type: 'events_exported', ...period, first: name(first!), last: name(last!), count })
    }
  }
  await recordChange(db, access, now, { action: `verifactu.${what}_exported`, subjectType: 'issuer', subjectId: publicId('issuer', issuer.id), detail: { from: start.toISOString(), to: end.toISOString(), count } })
}

async function zipped (files: readonly { name: string, text: string }[]): Promise<Buffer> {
  const { default: ZipStream } = await import('zip-stream')
  const zip = new ZipStream()
  const chunks: Buffer[] = []
  const collected = (async () => { for await (const chunk of Readable.from(zip as AsyncIterable<Buffer>)) chunks.push(chunk as Buffer) })()
  for (const { name, text } of files) {
    await new Promise<void>((resolve, reject) => {
      zip.entry(Buffer.from(text.startsWith('<?xml') ? text : `<?xml version="1.0" encoding="UTF-8"?>\n${text}`), { name, date: new Date(0) }, error => { if (error == null) resolve(); else reject(error) })
    })
  }
  zip.finish()
  await collected
  return Buffer.concat(chunks)
}
