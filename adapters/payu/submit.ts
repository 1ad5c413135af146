import { type ConnectionContext, ProviderError } from '../../core/adapter/index.ts'
import { failureOf, neverHeardOf } from './errors.ts'
import { command } from './http.ts'
import type { Order, TransactionResponse } from './objects.ts'
import { mainOf } from './wire.ts'

/** What follows on the transaction that holds the money. */
export function followUp (order: Order, type: string): { order: { id: number }, type: string, parentTransactionId: string } {
  const main = mainOf(order)
  if (main === undefined) throw neverHeardOf('an order without a transaction')
  return { order: { id: Number(order.id) }, type, parentTransactionId: main.id }
}

export const reasonText = (reason: string | undefined): string => ({ duplicate: 'Duplicado', fraudulent: 'Sospecha de fraude', abandoned: 'Abandonado' })[reason ?? ''] ?? 'Solicitado por el cliente'

export async function submit (context: ConnectionContext, transaction: object): Promise<TransactionResponse> {
  const { transactionResponse: response } = await command(context, 'payments', 'SUBMIT_TRANSACTION', { transaction })
  if (response === undefined || response === null || typeof response.state !== 'string') throw new ProviderError({ code: 'timeout_unknown', reached: 'unknown' })
  return response
}

/** A capture or a void that is not done is a refusal: the hold stays. */
export function must (response: TransactionResponse): void {
  if (response.state === 'APPROVED' || response.state === 'PENDING' || response.state === 'SUBMITTED') return
  if (response.state !== 'DECLINED' && response.state !== 'ERROR') throw neverHeardOf(response.state)
  const { code, providerCode, message } = failureOf(response)
  throw new ProviderError({ code: code === 'card_declined' ? 'invalid_state' : code, reached: 'answered', providerCode, providerMessage: message })
}
