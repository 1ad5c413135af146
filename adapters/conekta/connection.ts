import { type ConnectionContext, type ConnectionTest, type LocalText, type Mode, ProviderError } from '../../core/adapter/index.ts'
import { get, post } from './http.ts'
import type { List } from './objects.ts'
import { modeOf } from './wire.ts'

/** `key_…` says nothing of the mode. Source: facts section 2.1. */
export function detectMode (): Mode | undefined {
  return undefined
}

/**
 * Reads the company, and finds out the mode by what the account already has; where it has nothing, test mode makes a token for a form,
 * which moves nothing. Live mode only reads. Source: OpenAPI 2.3.0, getCurrentCompany and createToken; read 2026-11-21.
 */
export async function test (context: ConnectionContext): Promise<ConnectionTest> {
  const company = await get<{ id?: string, name?: string, active?: boolean }>(context, '/companies/current')
  if (typeof company.id !== 'string') throw new ProviderError({ code: 'timeout_unknown', reached: 'unknown' })
  const evidence: LocalText[] = [{ es: `Conekta reconoció la empresa ${company.name ?? company.id}.`, en: `Conekta recognised the company ${company.name ?? company.id}.` }]
  const mode = await modeOfAccount(context)
  if (mode !== undefined && mode !== context.mode) throw new ProviderError({ code: 'invalid_credentials', reached: 'answered', param: 'private_key', providerMessage: `the key is one of ${mode} mode` })
  evidence.push(mode === undefined
    ? { es: 'La cuenta aún no tiene nada por lo que se note el modo de la llave; se sabrá con el primer cobro.', en: 'The account has nothing yet that tells the key’s mode; the first payment will.' }
    : { es: `La llave es de modo ${mode === 'test' ? 'prueba' : 'producción'}.`, en: `The key is of ${mode} mode.` })
  if (company.active === false) evidence.push({ es: 'Conekta aún no permite que esta cuenta cobre.', en: 'Conekta does not let this account take payments yet.' })
  return { account: { id: company.id, country: 'MX', ...(company.name !== undefined && { name: company.name }), currency: 'MXN' }, mode: mode ?? context.mode, evidence }
}

async function modeOfAccount (context: ConnectionContext): Promise<Mode | undefined> {
  for (const path of ['/orders', '/customers']) {
    const { data: [item] } = await get<List<{ livemode?: boolean }>>(context, path, { limit: 1 })
    if (typeof item?.livemode === 'boolean') return modeOf(item.livemode)
  }
  if (context.mode === 'live') return undefined
  const { livemode } = await post<{ livemode?: boolean }>(context, '/tokens', { checkout: { returns_control_on: 'Token' } })
  return typeof livemode === 'boolean' ? modeOf(livemode) : undefined
}
