import { type ConnectionContext, type CreatePaymentInput, type MethodInput, ProviderError } from '../../core/adapter/index.ts'
import { refusal } from './asking.ts'
import { get, post, segment } from './http.ts'
import type { Card, CardToken } from './objects.ts'
import { type ChosenCard, detailsOf } from './payment-params.ts'

/** A saved card's id is a number; a token is 32 hexadecimal digits. */
export const isSavedCard = (token: string | undefined): boolean => /^\d{4,20}$/.test(token ?? '')

/** `TEST-` stood before older test tokens (specification, example of CardToken). */
const isToken = (token: string | undefined): boolean => /^(?:TEST-)?[0-9a-zA-Z-]{16,64}$/.test(token ?? '') && !isSavedCard(token)

/** What of the method can be refused without asking anybody. */
export function checkCard ({ method, customer, saveMethod }: CreatePaymentInput & { method: MethodInput }, settings: Readonly<Record<string, unknown>>): void {
  const { token } = method
  if (!isToken(token) && !isSavedCard(token)) throw refusal('method.token', 'a card comes as a token of Mercado Pago’s, or as a saved card')
  const keeps = saveMethod === true
  if ((isSavedCard(token) || keeps) && customer?.provider_reference === undefined) throw refusal('customer', keeps ? 'a method is saved for a customer' : 'a saved card is charged for its customer')
  if ((isSavedCard(token) || keeps) && settings.saved_card_token === 'browser') throw refusal('method.token', 'this account charges a saved card only with a token that its payer’s page made of it', 'unsupported')
}

/** The card that is to pay, as a token that is good for one charge. */
export async function chooseCard (context: ConnectionContext, input: CreatePaymentInput & { method: MethodInput }, amount: number): Promise<ChosenCard> {
  const { method, customer, saveMethod } = input
  const owner = customer?.provider_reference
  if (isSavedCard(method.token)) return await savedCard(context, owner!, method.token!)
  // A token is good for one use, so what is to be kept is kept first.
  if (saveMethod === true) return await savedCard(context, owner!, String((await keepCard(context, owner!, method.token!)).id))
  const { payment_method_id: told, issuer_id: issuer } = detailsOf(method)
  const named = told ?? await methodOfToken(context, method.token!, amount)
  return { token: method.token!, ...(named !== undefined && { method: named }), ...(issuer !== undefined && { issuer }) }
}

async function savedCard (context: ConnectionContext, customer: string, id: string): Promise<ChosenCard> {
  const card = await get<Card>(context, `/v1/customers/${segment(customer)}/cards/${segment(id)}`)
  const token = await tokenOfCard(context, customer, id)
  return { token, ...(card.payment_method?.id !== undefined && { method: card.payment_method.id }), ...(card.issuer?.id !== undefined && { issuer: String(card.issuer.id) }), saved: { card: id, customer } }
}

/** Without the security code: whether the account may is agreed with Mercado Pago (QUIRKS.md). */
export async function tokenOfCard (context: ConnectionContext, customer: string, card: string): Promise<string> {
  const { id } = await post<CardToken>(context, '/v1/card_tokens', { card_id: card, customer_id: customer })
  if (typeof id !== 'string') throw new ProviderError({ code: 'timeout_unknown', reached: 'unknown' })
  return id
}

export async function keepCard (context: ConnectionContext, customer: string, token: string): Promise<Card> {
  const card = await post<Card>(context, `/v1/customers/${segment(customer)}/cards`, { token })
  if (typeof card.id !== 'string' && typeof card.id !== 'number') throw new ProviderError({ code: 'timeout_unknown', reached: 'unknown' })
  return card
}

/** Which brand it is, by the first digits of the card behind the token. Undefined: Mercado Pago infers it, or refuses. */
async function methodOfToken (context: ConnectionContext, token: string, amount: number): Promise<string | undefined> {
  const { first_six_digits: bin } = await get<CardToken>(context, `/v1/card_tokens/${segment(token)}`)
  if (!bin) return undefined
  const [offer] = await get<{ payment_method_id?: string }[]>(context, '/v1/payment_methods/installments', { bin, amount })
  return offer?.payment_method_id
}
