import { HubError } from '../errors.ts'
import type { CountryEngine } from './engine.ts'
import { ecuador } from './ecuador.ts'
import { mexico } from './mexico.ts'
import { spain } from './spain.ts'

const engines: Readonly<Record<string, CountryEngine>> = { MX: mexico, EC: ecuador, ES: spain }

/** The law of a country. Throws 422 for one whose documents we do not make. */
export function engineOf (country: string): CountryEngine {
  const engine = engines[country]
  if (engine === undefined) throw new HubError('capability_not_supported', { detail: { es: `Aún no se emiten documentos de ${country}.`, en: `Documents of ${country} are not issued yet.` } })
  return engine
}
