import { Group, Text } from '@mantine/core'
import type { Answer } from '../../api/client.ts'
import { useRead } from '../../api/hooks.ts'
import { useTexts } from '../../i18n/language.tsx'
import { useSession } from '../../shell/session.tsx'
import { Status } from '../../ui/values.tsx'
import { methodWords, payments } from './texts.ts'

export type Payment = Answer<'get', '/v1/payments/{id}'>
export type Connection = Answer<'get', '/v1/connections/{id}'>
export type Provider = Answer<'get', '/v1/providers/{id}'>

/** Of a payment that moves by itself or waits for somebody: asked again soon. */
export const isMoving = (status: string): boolean => ['unknown', 'processing', 'requires_action', 'requires_payment_method'].includes(status)

export function useMethodName (): (type: string) => string {
  const words = useTexts(methodWords) as Record<string, string>
  return type => words[type] ?? type
}

const brands: Record<string, string> = { visa: 'Visa', mastercard: 'Mastercard', amex: 'American Express', american_express: 'American Express', carnet: 'Carnet', diners: 'Diners Club', discover: 'Discover', jcb: 'JCB', unionpay: 'UnionPay', elo: 'Elo', hipercard: 'Hipercard', naranja: 'Naranja', cabal: 'Cabal', maestro: 'Maestro' }
/** A card's brand as it writes itself; one that is not here as the provider does. */
const brandOf = (brand: string): string => brands[brand.toLowerCase()] ?? brand

/** A method that is kept, as people tell it from others: `Visa •••• 4242`, or its brand or kind alone. */
export function useSavedName (): (method: { type: string, brand: string | null, last4: string | null }) => string {
  const nameOf = useMethodName()
  return ({ type, brand, last4 }) => `${brand === null ? nameOf(type) : brandOf(brand)}${last4 === null ? '' : ` •••• ${last4}`}`
}

/** How it was paid. */
export function MethodOf ({ method }: { method: Payment['method'] }) {
  const nameOf = useMethodName()
  const savedName = useSavedName()
  if (method === null) return <>—</>
  const { type, brand = null, last4 } = method
  return <>{last4 === undefined ? nameOf(type) : <span className='nums'>{savedName({ type, brand, last4 })}</span>}</>
}

/** Its state, and what stands beside it. */
export function PaymentStatus ({ payment }: { payment: Payment }) {
  const words = useTexts(payments)
  return (
    <Group gap={6}>
      <Status value={payment.status} />
      {payment.review !== null && <Status value='review' label={words.review} />}
      {payment.disputed && <Status value='needs_response' label={words.disputed} />}
      {payment.amount_refunded > 0 && <Status value={payment.amount_refunded >= payment.amount_captured ? 'refunded' : 'partially_refunded'} />}
    </Group>
  )
}

/** The tenant's accounts that take money, in this mode, with what each can do. */
export function usePaymentAccounts (): { accounts: { connection: Connection, provider: Provider }[], isPending: boolean, nameOf: (id: string) => string } {
  const { may } = useSession()
  const allowed = may('connections:read')
  const connections = useRead('/v1/connections', { query: { limit: 100 } }, { enabled: allowed })
  const providers = useRead('/v1/providers', undefined, { enabled: allowed })
  const all = (connections.data?.data ?? []).flatMap(connection => {
    const provider = providers.data?.data.find(({ id }) => id === connection.provider)
    return provider === undefined ? [] : [{ connection, provider }]
  })
  return {
    accounts: all.filter(({ connection, provider }) => connection.enabled && provider.families.includes('payments')),
    isPending: allowed && (connections.isPending || providers.isPending),
    nameOf: id => connections.data?.data.find(connection => connection.id === id)?.label ?? id
  }
}

/** Who pays, as far as it was told. */
export function PayerOf ({ customer }: { customer: Payment['customer'] }) {
  const told = ['name', 'email', 'phone', 'tax_id'].flatMap(field => typeof customer?.[field] === 'string' ? [String(customer[field])] : [])
  return <>{told.length === 0 ? '—' : told.map(line => <Text key={line} size='sm'>{line}</Text>)}</>
}
