/**
 * The clock of the SRI: America/Guayaquil, UTC-5 all year round, also for who issues in Galápagos. A document of another zone's
 * tomorrow is refused (message 65).
 */
export const ecuadorZone = 'America/Guayaquil'

const offsetMs = 5 * 3600_000

/** The local day, `AAAA-MM-DD`. */
export const dayOf = (at: Date): string => new Date(at.getTime() - offsetMs).toISOString().slice(0, 10)

/** `dd/mm/aaaa`, as every date of a comprobante. */
export const written = (day: string): string => `${day.slice(8, 10)}/${day.slice(5, 7)}/${day.slice(0, 4)}`

/** Noon of a local day, so that no zone makes another day of it. */
export const noonOf = (day: string): Date => new Date(`${day}T17:00:00Z`)

/** Of `dd/mm/aaaa`; undefined for a day that is none. */
export function dayWritten (text: string): string | undefined {
  const [, dd, mm, yyyy] = /^(\d\d)\/(\d\d)\/(\d{4})$/.exec(text) ?? []
  const day = `${yyyy}-${mm}-${dd}`
  const date = new Date(`${day}T00:00:00Z`)
  return Number.isNaN(date.getTime()) || date.toISOString().slice(0, 10) !== day ? undefined : day
}
