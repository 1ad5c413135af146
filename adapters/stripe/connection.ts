import { type ConnectionContext, type ConnectionTest, type Mode, ProviderError } from '../../core/adapter/index.ts'
import type Stripe from 'stripe'
import { partOnWire, probeAmount } from './amounts.ts'
import { call } from './http.ts'
import { metadataKeys } from './wire.ts'

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
  const account = await call(context, stripe => stripe.accounts.retrieveCurrent())
  const country = account.country ?? ''
  const evidence = [{
    es: `Stripe reconoció la cuenta ${account.id} (${country}).`,
    en: `Stripe recognised the account ${account.id} (${country}).`
  }]
  if (context.mode === 'test') {
    const intent = await probe(context, account.default_currency ?? 'usd')
    evidence.push({
      es: `Se abrió y se canceló un cobro de prueba (${intent.id}) por el importe mínimo en ${intent.currency.toUpperCase()}.`,
      en: `A test payment (${intent.id}) for the smallest amount in ${intent.currency.toUpperCase()} was opened and canceled.`
    })
  } else {
    evidence.push({
      es: `Modo real: solo se leyó la cuenta, no se creó nada. ${account.charges_enabled === true ? 'Puede cobrar.' : 'Stripe aún no le permite cobrar.'}`,
      en: `Live mode: the account was only read, nothing was created. ${account.charges_enabled === true ? 'It can take payments.' : 'Stripe does not let it take payments yet.'}`
    })
  }
  return {
    account: {
      id: account.id,
      country: account.country ?? undefined,
      name: account.settings?.dashboard?.display_name ?? account.business_profile?.name ?? undefined,
      currency: account.default_currency?.toUpperCase()
    },
    mode: context.mode,
    evidence
  }
}

/** Opens an intent that nobody can pay and cancels it. The hub knows its events by the metadata. */
export async function probe (context: ConnectionContext, currency: string): Promise<Stripe.PaymentIntent> {
  const money = probeAmount(currency.toUpperCase(), context.settings)
  const intent = await call(context, stripe => stripe.paymentIntents.create({
    amount: partOnWire(money),
    currency: currency.toLowerCase(),
    allowed_payment_method_types: ['card'],
    description: 'Pasarela: connection test',
    metadata: { [metadataKeys.probe]: context.connectionId }
  }))
  return call(context, stripe => stripe.paymentIntents.cancel(intent.id, { cancellation_reason: 'abandoned' }))
}
