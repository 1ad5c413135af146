import type { Certificate } from '../../../x509/certificate.ts'
import { type Check, verdict, type Verification } from '../../verification.ts'
import { verifyXades } from '../../xades/verify.ts'
import { allSignatures } from '../../xades/kinds.ts'
import { parseXml } from '../../xml/parse.ts'
import { eventHuellaOf, huellaOf } from './huella.ts'
import { isEvent, readEvent, readRecord } from './read.ts'

/**
 * A registro de facturación or de evento by itself: that its huella is that of its data, and that its signature holds, where it has
 * one (a record that is submitted needs none). That the one before it is the one before it only the whole chain can tell.
 */
export async function verifyRecord (bytes: Uint8Array, { authorities = [] }: { authorities?: readonly Certificate[] } = {}): Promise<Verification> {
  const { root } = parseXml(bytes)
  const signed = allSignatures(root) > 0
  const [fiscalId, huella, computed] = isEvent(root) ? eventOf(bytes) : recordOf(bytes)
  const checks: Check[] = [{
    name: 'huella', ok: huella === computed,
    ...huella === computed ? { es: `La huella es la de sus datos: ${huella}.`, en: `The huella is that of its data: ${huella}.` } : { es: `La huella dice ${huella}; sus datos dan ${computed}.`, en: `The huella says ${huella}; its data give ${computed}.` }
  }]
  if (!signed) return verdict('verifactu', checks, { unchecked: ['signature'], fiscalId })
  const signature = await verifyXades(bytes, { authorities })
  return verdict('verifactu', [...checks, ...signature.checks], { unchecked: signature.unchecked, fiscalId })
}

function recordOf (bytes: Uint8Array): [id: string, huella: string, computed: string] {
  const { content, previous, at, huella } = readRecord(bytes)
  return [`${content.name.nif} ${content.name.number} ${content.name.date}`, huella, huellaOf(content, { previous, at })]
}

function eventOf (bytes: Uint8Array): [id: string, huella: string, computed: string] {
  const { system, taxpayer, type, previous, at, huella } = readEvent(bytes)
  return [`${taxpayer} ${type} ${at}`, huella, eventHuellaOf({ system: { ...system, producer: { name: '', nif: system.producer } }, taxpayer, type, previous, at })]
}
