import type { ConnectionContext, ConnectionTest, Mode } from '../../core/adapter/index.ts'
import { ProviderError } from '../../core/adapter/index.ts'
import { accountField, countries } from './countries.ts'
import { command } from './http.ts'

/** PayU's public sandbox account, which is in its documentation. Source: facts section 4.1, read 2026-11-21. */
const publicSandbox = { merchant_id: '508029', api_login: 'pRRXKOl8ikMmt9u', api_key: '4Vj8eK4rloUd272L48hsrarnUA' }

/** Only the host tells the mode; what is everybody's is of the sandbox. */
export function detectMode (credentials: Readonly<Record<string, string>>): Mode | undefined {
  return Object.entries(publicSandbox).some(([name, value]) => credentials[name] === value) ? 'test' : undefined
}

/** PING at the payments, and a question at the queries: both read. What the merchant's number and accounts are worth only a payment tells. */
export async function test (context: ConnectionContext): Promise<ConnectionTest> {
  const { credentials, mode } = context
  const own = countries.filter(country => (credentials[accountField(country)] ?? '') !== '')
  await command(context, 'payments', 'PING')
  if (own.length === 0) throw new ProviderError({ code: 'invalid_credentials', reached: 'answered', param: 'account_id_mx', providerMessage: 'no account of any country is given' })
  await command(context, 'reports', 'ORDER_DETAIL_BY_REFERENCE_CODE', { details: { referenceCode: 'pasarela-connection-test' } }).catch((thrown: unknown) => {
    if (!(thrown instanceof ProviderError && thrown.code === 'not_found')) throw thrown
  })
  const [only] = own
  return {
    account: { id: credentials.merchant_id ?? '', ...(own.length === 1 && only !== undefined && { country: only }) },
    mode,
    evidence: [
      { es: `PayU reconoció el API Login y la API Key (${mode === 'test' ? 'sandbox' : 'producción'}).`, en: `PayU recognised the API login and the API key (${mode === 'test' ? 'sandbox' : 'production'}).` },
      { es: `Cuentas: ${own.join(', ')}. Que sean del comercio ${credentials.merchant_id ?? ''} se comprueba con el primer cobro.`, en: `Accounts: ${own.join(', ')}. That they are of merchant ${credentials.merchant_id ?? ''} the first payment will prove.` }
    ]
  }
}
