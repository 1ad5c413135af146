import { type ConnectionContext, type ConnectionTest, type LocalText, type Mode, ProviderError } from '../../core/adapter/index.ts'
import { hourMs } from './asking.ts'
import { call } from './http.ts'
import { pageOf } from './rows.ts'

/** Kushki's ids say nothing of the mode: the host alone does. Source: facts section 6.1. */
export function detectMode (_credentials: Readonly<Record<string, string>>): Mode | undefined {
  return undefined
}

/** The private id by a look into the list of transactions, the public one by the list of banks. Reads only. */
export async function test (context: ConnectionContext): Promise<ConnectionTest> {
  const now = context.now()
  const rows = await pageOf(context, { from: new Date(now.getTime() - hourMs), to: now }, 0, 1)
  const evidence: LocalText[] = [{ es: 'Kushki reconoció el ID privado y mostró las transacciones.', en: 'Kushki recognised the private id and showed the transactions.' }]
  try {
    await call<object>(context, { method: 'GET', path: '/transfer/v1/bankList', key: 'public' })
    evidence.push({ es: 'Kushki reconoció el ID público.', en: 'Kushki recognised the public id.' })
  } catch (thrown) {
    if (!(thrown instanceof ProviderError) || thrown.reached !== 'answered') throw thrown
    if (thrown.code === 'invalid_credentials') throw new ProviderError({ code: 'invalid_credentials', reached: 'answered', param: 'public_merchant_id', providerCode: thrown.providerCode, providerMessage: thrown.providerMessage, httpStatus: thrown.httpStatus })
    evidence.push({ es: 'La cuenta no ofrece transferencias: el ID público se comprueba con el primer token.', en: 'The account has no transfers: the public id is proved by the first token.' })
  }
  evidence.push({ es: 'La firma de los webhooks se comprueba con el primer aviso.', en: 'The signature of the webhooks is proved by the first notification.' })
  const merchant = rows[0] as { merchant_id?: unknown, merchant_name?: unknown } | undefined
  const name = typeof merchant?.merchant_name === 'string' ? merchant.merchant_name : undefined
  // Until something was charged nothing names the merchant but its public id.
  return { account: { id: context.credentials.public_merchant_id!, ...(name !== undefined && { name }) }, mode: context.mode, evidence }
}
