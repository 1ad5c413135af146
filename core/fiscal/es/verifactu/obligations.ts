/** From when software that invoices must work like this. Law, not news: what is only announced is told as such. */
export const obligations = [
  { who: 'producers', from: '2025-07-29', law: 'RD 1007/2023, disposición final cuarta; Orden HAC/1177/2024' },
  { who: 'companies', from: '2027-01-01', law: 'RDL 15/2025: sujetos pasivos del Impuesto sobre Sociedades' },
  { who: 'others', from: '2027-07-01', law: 'RDL 15/2025: los demás obligados (IRPF, no residentes con establecimiento permanente, atribución de rentas)' }
] as const

export const announced = { what: { es: 'Nota de prensa de Hacienda del 2026-10-05: octubre de 2028. No publicado en el BOE al 2026-11-20.', en: 'Press note of the Ministry of 2026-10-05: October 2028. Not in the BOE on 2026-11-20.' }, law: false } as const

/** A NIF of an entity is taken for a company: who pays the corporate tax is known to nobody else. */
export const obligedFrom = (person: 'natural' | 'legal' | null): string => person === 'natural' ? obligations[2].from : obligations[1].from

/** Orden HAC/1177/2024, art. 16: the first wait between two sendings, seconds; each answer says the next. */
export const firstWaitSeconds = 60
/** During an incident at least once an hour (AEAT, FAQ for developers; read 2026-11-21), seconds. */
export const incidentRetrySeconds = 3600
/** RD 1007/2023: whoever submits does so until the end of the calendar year. */
export const endOfYear = (day: string): string => `${day.slice(0, 4)}-12-31`
