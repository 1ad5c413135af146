import { type ConnectionContext, type ConnectionTest, type LocalText, type Mode, ProviderError } from '../../core/adapter/index.ts'
import { call } from './http.ts'
import { merchantOf } from './transactions.ts'

const prefixes: Record<string, RegExp> = { public_key: /^pub_(test|prod)_/, private_key: /^prv_(test|prod)_/, events_secret: /^(test|prod)_events_/, integrity_secret: /^(test|prod)_integrity_/ }

/** Each of the four says its mode at its beginning. Source: facts section 7.1. */
export function detectMode (credentials: Readonly<Record<string, string>>): Mode | 'contradictory' | undefined {
  const modes = new Set(Object.entries(prefixes).flatMap(([name, pattern]) => pattern.exec(credentials[name] ?? '')?.[1] ?? []))
  if (modes.size === 0) return undefined
  return modes.size > 1 ? 'contradictory' : modes.has('test') ? 'test' : 'live'
}

/** The public key by the merchant that it names, the private one by a look for a reference that nobody has. Reads only. */
export async function test (context: ConnectionContext): Promise<ConnectionTest> {
  const mode = detectMode(context.credentials)
  if (mode !== undefined && mode !== context.mode) throw new ProviderError({ code: 'invalid_credentials', reached: 'answered', param: 'public_key', providerMessage: mode === 'contradictory' ? 'the keys are of both modes' : `the keys are of ${mode} mode` })
  const merchant = await merchantOf(context).catch((thrown: unknown) => {
    // A key of nobody's is no merchant.
    throw thrown instanceof ProviderError && thrown.code === 'not_found' ? new ProviderError({ code: 'invalid_credentials', reached: 'answered', param: 'public_key', providerCode: thrown.providerCode, providerMessage: thrown.providerMessage, httpStatus: thrown.httpStatus }) : thrown
  })
  const id = merchant.id ?? merchant.public_key
  if (id === undefined) throw new ProviderError({ code: 'timeout_unknown', reached: 'unknown' })
  await call<object>(context, { method: 'GET', path: '/transactions', query: { reference: 'pasarela-connection-test' }, key: 'private' })
  const name = merchant.name ?? String(id)
  const evidence: LocalText[] = [
    { es: `Wompi reconoció el comercio ${name} y la llave privada.`, en: `Wompi recognised the merchant ${name} and the private key.` },
    { es: 'El secreto de integridad se comprueba con el primer cobro, y el de eventos con el primer evento.', en: 'The integrity secret is proved by the first payment, and that of the events by the first event.' }
  ]
  if (merchant.accepted_payment_methods !== undefined) evidence.push({ es: `Métodos de la cuenta: ${merchant.accepted_payment_methods.join(', ')}.`, en: `Methods of the account: ${merchant.accepted_payment_methods.join(', ')}.` })
  if (merchant.active === false) evidence.push({ es: 'Wompi aún no permite que esta cuenta cobre.', en: 'Wompi does not let this account take payments yet.' })
  return { account: { id: String(id), country: 'CO', name, currency: 'COP' }, mode: mode ?? context.mode, evidence }
}
