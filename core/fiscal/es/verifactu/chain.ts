import { eventHuellaOf, huellaOf } from './huella.ts'
import type { RecordName } from './model.ts'
import { readEvent, readRecord } from './read.ts'

/** TipoAnomalia of EventosSIF.xsd that a look can find. */
export type AnomalyCode = '01' | '02' | '04' | '07' | '11' | '13'

export interface Anomaly {
  code: AnomalyCode
  position: number
  note: string
  /** Of a record. */
  about?: RecordName
}

/** One link as it is kept: its place, and its bytes. */
export interface Kept { position: number, xml: Uint8Array }

/** Looks at records one after another, from the first or from `after`; holds nothing but the last one. */
export function recordChecker (now: Date, after?: { position: number, huella: string, at: string }) {
  return checker(now, after, ({ xml }) => {
    const { content, previous, at, huella } = readRecord(xml)
    return { computed: huellaOf(content, { previous, at }), huella, previous: previous?.huella, at, about: content.name }
  })
}

/** The same of events. */
export function eventChecker (now: Date, after?: { position: number, huella: string, at: string }) {
  return checker(now, after, ({ xml }) => {
    const { system, taxpayer, type, previous, at, huella } = readEvent(xml)
    return { computed: eventHuellaOf({ system: { ...system, producer: { name: '', nif: system.producer } }, taxpayer, type, previous, at }), huella, previous: previous?.huella, at }
  })
}

interface Seen { computed: string, huella: string, previous: string | undefined, at: string, about?: RecordName }

function checker (now: Date, after: { position: number, huella: string, at: string } | undefined, read: (kept: Kept) => Seen) {
  let last = after
  let count = 0
  return {
    count: () => count,
    look (kept: Kept): Anomaly[] {
      count++
      const seen = read(kept)
      const found: Anomaly[] = []
      const say = (code: AnomalyCode, note: string): void => { found.push({ code, position: kept.position, note, ...(seen.about !== undefined && { about: seen.about }) }) }
      if (seen.computed !== seen.huella) say('01', 'La huella no es la de sus datos')
      if (kept.position !== (last?.position ?? 0) + 1) say('04', `Falta el registro ${(last?.position ?? 0) + 1}`)
      else if ((seen.previous ?? '') !== (last?.huella ?? '')) say('07', 'La huella anterior no es la del registro anterior')
      if (last !== undefined && Date.parse(seen.at) < Date.parse(last.at)) say('11', 'Es anterior al registro anterior')
      // Clocks of several machines differ a little.
      if (Date.parse(seen.at) > now.getTime() + 60_000) say('13', 'Está fechado en el futuro')
      last = { position: kept.position, huella: seen.huella, at: seen.at }
      return found
    }
  }
}
