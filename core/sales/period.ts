import { instantOf, localTime, zoneOf } from '../fiscal/mx/zones.ts'
import type { IssuerRow } from '../issuers/queries.ts'
import type { SalesSettings } from './settings-schema.ts'

/** One period of global invoices, by the calendar of the issuer. Days are `AAAA-MM-DD`, both inside it. */
export interface Period {
  /** c_Periodicidad and c_Meses (CFDI 4.0, Anexo 20, catálogos). */
  periodicity: string
  months: string
  year: number
  from: string
  to: string
  /** The day on which its global invoice is made. */
  madeOn: string
}

type Rhythm = SalesSettings['global_invoice']

const codes = { daily: '01', weekly: '02', biweekly: '03', monthly: '04', bimonthly: '05' } as const

/** Whose calendar it is: the issuer's own word, else that of its postal code, else that of the capital. */
export const zoneOfIssuer = ({ mx, postal_code: postalCode }: Pick<IssuerRow, 'mx' | 'postal_code'>): string =>
  mx.timezone ?? (postalCode === null ? undefined : zoneOf(postalCode)) ?? 'America/Mexico_City'

export const localDay = (at: Date, zone: string): string => localTime(at, zone).slice(0, 10)

/** Midnight there, at which the day begins. */
export const startOfDay = (day: string, zone: string): Date => instantOf(`${day}T00:00:00`, zone)

/** The period in which a local day lies. A week begins on Monday; one that two months share is told by the month in which it ends. */
export function periodOf (day: string, { periodicity, day: madeOnDay }: Rhythm): Period {
  const [year, month, date] = day.split('-').map(Number) as [number, number, number]
  switch (periodicity) {
    case 'daily': return period(periodicity, day, day, plusDays(day, 1))
    case 'weekly': {
      const weekday = (new Date(`${day}T00:00:00Z`).getUTCDay() + 6) % 7
      const from = plusDays(day, -weekday)
      const to = plusDays(from, 6)
      return period(periodicity, from, to, plusDays(to, 1))
    }
    case 'biweekly': {
      const first = date <= 15
      const [from, to] = first ? [dayOf(year, month, 1), dayOf(year, month, 15)] : [dayOf(year, month, 16), dayOf(year, month + 1, 0)]
      return period(periodicity, from, to, plusDays(to, 1))
    }
    case 'monthly': return period(periodicity, dayOf(year, month, 1), dayOf(year, month + 1, 0), dayOf(year, month + 1, madeOnDay))
    case 'bimonthly': {
      const begins = month - (month + 1) % 2
      return { ...period(periodicity, dayOf(year, begins, 1), dayOf(year, begins + 2, 0), dayOf(year, begins + 2, madeOnDay)), months: String(12 + (begins + 1) / 2) }
    }
  }
}

function period (periodicity: Rhythm['periodicity'], from: string, to: string, madeOn: string): Period {
  return { periodicity: codes[periodicity], months: to.slice(5, 7), year: Number(to.slice(0, 4)), from, to, madeOn }
}

/** As Date.UTC counts: month 13 is January of the year after, day 0 the last of the month before. */
const dayOf = (year: number, month: number, day: number): string => new Date(Date.UTC(year, month - 1, day)).toISOString().slice(0, 10)
export const plusDays = (day: string, days: number): string => new Date(Date.parse(`${day}T00:00:00Z`) + days * 86_400_000).toISOString().slice(0, 10)

/** When the global invoice is made that a sale paid at that moment goes into; of one whose period's is made already, the next one. */
export function nextGlobalAt (paidAt: Date, rhythm: Rhythm, zone: string, now: Date): Date {
  const madeAt = (at: Date): Date => startOfDay(periodOf(localDay(at, zone), rhythm).madeOn, zone)
  const due = madeAt(paidAt)
  return due > now ? due : madeAt(now)
}

/** Until when a buyer may correct an online sale: so many hours, and never beyond the last day of its month there. */
export function orphanAt (refusedAt: Date, hours: number, zone: string): Date {
  const [year, month] = localDay(refusedAt, zone).split('-').map(Number) as [number, number]
  const lastDay = startOfDay(dayOf(year, month + 1, 0), zone)
  const byHours = refusedAt.getTime() + hours * 3600_000
  // On the last day itself there is that day left.
  const byMonth = lastDay > refusedAt ? lastDay : startOfDay(dayOf(year, month + 1, 1), zone)
  return new Date(Math.min(byHours, byMonth.getTime()))
}
