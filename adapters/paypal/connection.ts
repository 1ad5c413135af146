import { type ConnectionContext, type ConnectionTest, type LocalText, type Mode, ProviderError } from '../../core/adapter/index.ts'
import { strange } from './asking.ts'
import { get } from './http.ts'

/** An id and a secret of PayPal's say nothing of the mode: the host does. Source: facts section 5.1. */
export function detectMode (): Mode | undefined {
  return undefined
}

/**
 * A token proves the credentials, and the host that gave it the mode. Then the account's webhooks and its balances are read: without the
 * report (Transaction Search) nothing that was lost is found again. Moves nothing, in any mode.
 */
export async function test (context: ConnectionContext): Promise<ConnectionTest> {
  const { webhooks } = await get<{ webhooks?: { id?: string }[] }>(context, '/v1/notifications/webhooks')
  if (webhooks !== undefined && !Array.isArray(webhooks)) throw strange()
  await mustBeOurs(context, webhooks ?? [])
  const evidence: LocalText[] = [{ es: 'PayPal reconoció las credenciales.', en: 'PayPal recognised the credentials.' }]
  const balances = await permitted(() => get<{ account_id?: string, balances?: { currency?: string, primary?: boolean }[] }>(context, '/v1/reporting/balances'))
  evidence.push(balances === undefined
    ? { es: 'Falta el permiso "Transaction Search" de la aplicación: sin él no hay conciliación ni se recupera un cobro sin respuesta.', en: 'The app lacks "Transaction Search": without it nothing is reconciled, and a payment without an answer is not found again.' }
    : { es: 'La búsqueda de transacciones está activa.', en: 'Transaction Search is on.' })
  const currency = balances?.balances?.find(({ primary }) => primary === true)?.currency
  return {
    // Where the account does not say its own name, its app's is one.
    account: { id: balances?.account_id ?? context.credentials.client_id ?? '', ...(typeof currency === 'string' && { currency }) },
    mode: context.mode,
    evidence
  }
}

/** An event's id, or that of another app's webhook, verifies nothing, and nobody would know why: every delivery would be refused. */
async function mustBeOurs ({ credentials: { webhook_id: id } }: ConnectionContext, webhooks: { id?: string }[]): Promise<void> {
  if (!id || webhooks.some(webhook => webhook.id === id)) return
  throw new ProviderError({ code: 'invalid_credentials', reached: 'answered', param: 'webhook_id', providerCode: 'webhook_id', providerMessage: `${id} is none of this app's webhooks: it is the id of the subscription, not that of an event` })
}

async function permitted<T> (ask: () => Promise<T>): Promise<T | undefined> {
  try {
    return await ask()
  } catch (thrown) {
    if (thrown instanceof ProviderError && thrown.code === 'permission_denied') return undefined
    throw thrown
  }
}
