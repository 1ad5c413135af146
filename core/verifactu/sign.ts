import { createHash } from 'node:crypto'
import { raiseAlert } from '../alerts/raise.ts'
import { certificateFor } from '../certificates/queries.ts'
import { signWith } from '../certificates/sign.ts'
import { inTenant } from '../db/in-tenant.ts'
import { verifactuProfile } from '../fiscal/xades/profiles.ts'
import { signVerified } from '../fiscal/xades/verify.ts'
import { parseXml } from '../fiscal/xml/parse.ts'
import type { Hub } from '../hub.ts'
import { publicId } from '../ids.ts'
import type { IssuerRow } from '../issuers/queries.ts'
import { zoneOfIssuer } from './chain.ts'
import * as queries from './queries.ts'
import type { ChainRow } from './queries.ts'

const atOnce = 100

/**
 * Signs what is chained and kept, records and events, in their order. Whether there is more. Without a certificate in use they wait, in
 * their places, and a person is told: what is chained stays as it is.
 */
export async function signChained (hub: Hub, tenantId: string, chain: ChainRow, issuer: IssuerRow): Promise<'done' | 'more' | 'no_certificate'> {
  const now = hub.now()
  const { records, events, certificate } = await inTenant(hub.db, tenantId, async db => ({
    records: await queries.nextRecords(db, chain.id, ['unsigned'], atOnce), events: await queries.unsignedEvents(db, chain.id, atOnce), certificate: await certificateFor(db, issuer.id, now)
  }))
  if (records.length + events.length === 0) return 'done'
  if (certificate === undefined) {
    await inTenant(hub.db, tenantId, async db => { await raiseAlert(db, now, { kind: 'verifactu_stuck', severity: 'critical', mode: chain.mode, subjectId: publicId('issuer', issuer.id), detail: { reason: 'no_certificate' } }) })
    return 'no_certificate'
  }
  const zone = zoneOfIssuer(issuer)
  await signWith(hub, tenantId, certificate.id, { purpose: 'sign_records', subjectId: publicId('issuer', issuer.id) }, async signer => {
    const sign = async (xml: string, event: boolean): Promise<string> => {
      const id = createHash('sha256').update(xml).digest('hex').slice(0, 32)
      return (await signVerified({ root: { ...parseXml(Buffer.from(xml)).root, children: [] }, text: xml }, verifactuProfile({ event }), signer, { at: hub.now(), zone, id })).toString()
    }
    const signedRecords: [id: string, signed: string][] = []
    for (const { id, xml } of records) if (xml !== null) signedRecords.push([id, await sign(xml, false)])
    const signedEvents: [id: string, signed: string][] = []
    for (const { id, xml } of events) signedEvents.push([id, await sign(xml, true)])
    await inTenant(hub.db, tenantId, async db => {
      await queries.lockChain(db, chain.id)
      for (const [id, signed] of signedRecords) await queries.signRecord(db, id, signed)
      for (const [id, signed] of signedEvents) await queries.signEvent(db, id, signed)
    })
  })
  return records.length === atOnce || events.length === atOnce ? 'more' : 'done'
}
