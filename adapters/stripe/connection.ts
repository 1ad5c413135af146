import { type ConnectionContext, type ConnectionTest, type Mode, type ProviderAccount, ProviderError } from '../../core/adapter/index.ts'
import type Stripe from 'stripe'
import { partOnWire, probeAmount } from './amounts.ts'
import { call, connectedAccount } from './http.ts'
import { metadataKeys } from './metadata.ts'

/** Source: https://docs.stripe.com/keys, read 2026-11-20. Restricted keys (rk_) carry the mode as the others do. */
export function detectMode (credentials: Readonly<Record<string, string>>): Mode | 'contradictory' | undefined {
  const secret = modeOfKey(credentials.secret_key, /^(?:sk|rk)_(test|live)_/)
  const publishable = modeOfKey(credentials.publishable_key, /^pk_(test|live)_/)
  if (secret !== undefined && publishable !== undefined && secret !== publishable) return 'contradictory'
  return secret ?? publishable
}

function modeOfKey (key: string | undefined, shape: RegExp): Mode | undefined {
  return shape.exec(key ?? '')?.[1] as Mode | undefined
}

/** Test mode proves that a payment can be opened; live mode only reads. */
export async function test (context: ConnectionContext): Promise<ConnectionTest> {
  const detected = detectMode(context.credentials)
  if (detected !== undefined && detected !== context.mode) throw new ProviderError({ code: 'invalid_credentials', reached: 'nowhere', param: 'secret_key' })
  const account = await readAccount(context)
  const connected = connectedAccount(context)
  if (connected !== undefined && connected !== account.id) throw new ProviderError({ code: 'invalid_credentials', reached: 'answered', param: 'connected_account' })
  const country = account.country ?? '?'
  const evidence = [account.hidden
    ? { es: `Stripe reconoció la cuenta ${account.id}; la clave restringida no puede leer sus datos.`, en: `Stripe recognised the account ${account.id}; the restricted key may not read its details.` }
    : { es: `Stripe reconoció la cuenta ${account.id} (${country}).`, en: `Stripe recognised the account ${account.id} (${country}).` }]
  if (context.mode === 'test') {
    const intent = await probe(context, account.currency ?? 'USD')
    evidence.push({
      es: `Se abrió y se canceló un cobro de prueba (${intent.id}) por un importe mínimo en ${intent.currency.toUpperCase()}.`,
      en: `A test payment (${intent.id}) for a minimal amount in ${intent.currency.toUpperCase()} was opened and canceled.`
    })
  } else {
    await call(context, (stripe, as) => stripe.paymentIntents.list({ limit: 1 }, as))
    evidence.push({ es: 'Modo real: se leyó la lista de cobros; no se creó nada.', en: 'Live mode: the list of payments was read; nothing was created.' })
    if (account.chargesEnabled === false) evidence.push({ es: 'Stripe aún no permite que esta cuenta cobre.', en: 'Stripe does not let this account take payments yet.' })
  }
  const { id, name, currency } = account
  return { account: { id, country: account.country, name, currency }, mode: context.mode, evidence }
}

interface ReadAccount extends ProviderAccount {
  chargesEnabled?: boolean
  hidden?: true
}

/**
 * Many restricted keys cannot be given the permission to read the account ("not available for use by restricted keys"); the refusal
 * names it. Seen in https://github.com/dj-stripe/dj-stripe/pull/1131 and https://github.com/stripe/stripe-node/issues/2246, read 2026-11-21.
 */
async function readAccount (context: ConnectionContext): Promise<ReadAccount> {
  try {
    const account = await call(context, (stripe, as) => stripe.accounts.retrieveCurrent({}, as))
    return {
      id: account.id,
      country: account.country ?? undefined,
      name: account.settings?.dashboard?.display_name ?? account.business_profile?.name ?? undefined,
      currency: account.default_currency?.toUpperCase(),
      chargesEnabled: account.charges_enabled
    }
  } catch (thrown) {
    const named = thrown instanceof ProviderError && thrown.code === 'permission_denied' ? /\bacct_\w+/.exec(thrown.providerMessage ?? '') : null
    if (named === null || !context.credentials.secret_key?.startsWith('rk_')) throw thrown
    return { id: named[0], hidden: true }
  }
}

/** The currency to probe in: what the account settles in, where that can be known. */
export async function probeCurrency (context: ConnectionContext): Promise<string> {
  return context.account?.currency ?? (await readAccount(context)).currency ?? 'USD'
}

/** Opens an intent that nobody can pay and cancels it. The hub knows its events by the metadata. */
export async function probe (context: ConnectionContext, currency: string): Promise<Stripe.PaymentIntent> {
  const money = probeAmount(currency.toUpperCase(), context.settings)
  const intent = await call(context, (stripe, as) => stripe.paymentIntents.create({
    amount: partOnWire(money),
    currency: currency.toLowerCase(),
    allowed_payment_method_types: ['card'],
    description: 'Pasarela: connection test',
    metadata: { [metadataKeys.probe]: context.connectionId }
  }, as))
  return call(context, (stripe, as) => stripe.paymentIntents.cancel(intent.id, { cancellation_reason: 'abandoned' }, as))
}
