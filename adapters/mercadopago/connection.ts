import { type ConnectionContext, type ConnectionTest, type LocalText, type Mode, ProviderError } from '../../core/adapter/index.ts'
import { countryOf, homes, type Me, readMe } from './countries.ts'
import { isTestToken } from './wire.ts'

/** `TEST-` is a test; `APP_USR-` is of production, or of a test user: it says nothing. Source: facts section 3.1. */
export function detectMode ({ access_token: token }: Readonly<Record<string, string>>): Mode | undefined {
  return token?.startsWith('TEST-') === true ? 'test' : undefined
}

/**
 * Reads the account. A test connection takes a test token, or the production token of an account that is known to be a test user's;
 * anything else takes real money. Source: GET /users/me, facts section 3.1, read 2026-11-21.
 */
export async function test (context: ConnectionContext): Promise<ConnectionTest> {
  const me = await readMe(context)
  if (typeof me.id !== 'number') throw new ProviderError({ code: 'timeout_unknown', reached: 'unknown' })
  const mode: Mode = isTestToken(context.credentials) || isTestUser(me) ? 'test' : 'live'
  if (mode !== context.mode) throw new ProviderError({ code: 'invalid_credentials', reached: 'answered', param: 'access_token', providerMessage: `the token is one of ${mode} mode` })
  const country = countryOf(me)
  if (country === undefined) throw new ProviderError({ code: 'permission_denied', reached: 'answered', param: 'access_token', providerMessage: `accounts of ${me.site_id ?? me.country_id ?? 'an unknown country'} are not served` })
  const { currency } = homes[country]!
  const evidence: LocalText[] = [
    { es: `Mercado Pago reconoció la cuenta ${me.nickname ?? me.id} (${country}); cobra en ${currency}.`, en: `Mercado Pago recognised the account ${me.nickname ?? me.id} (${country}); it charges ${currency}.` },
    isTestToken(context.credentials)
      ? { es: 'Es una credencial de prueba.', en: 'It is a test credential.' }
      : mode === 'test'
        ? { es: 'Es la credencial de un usuario de prueba.', en: 'It is the credential of a test user.' }
        : { es: 'Es una credencial de producción.', en: 'It is a production credential.' }
  ]
  return { account: { id: String(me.id), country, ...(me.nickname !== undefined && { name: me.nickname }), currency }, mode, evidence }
}

/** Either of the marks that only Mercado Pago gives: a nickname anybody may choose. */
export function isTestUser ({ tags, email }: Me): boolean {
  return tags?.includes('test_user') === true || /@testuser\.com$/i.test(email ?? '')
}
