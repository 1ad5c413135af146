import { createHmac } from 'node:crypto'
import { type Account, badBody, type Json, type KeptCard, noTicket, Refusal, type Row, type World } from './world.ts'

/** What happens at Kushki when something is asked, paid or given back. Written from facts section 6, not from the adapter. */

interface Outcome { brand: string, last4: string, code?: string, message?: string, /** Refused when the token is made. */ atToken?: boolean, /** A refusal that made no transaction. */ bare?: boolean, status?: number }

const no = (last4: string, code: string, message: string, more: Partial<Outcome> = {}): Outcome => ({ brand: 'Visa', last4, code, message, ...more })

/** The sandbox's own cards (facts section 6.3); the names, which stand behind tokens `sim_<name>`, are this simulator's own. */
export const cards: Record<string, Outcome> = {
  5451951574925480: { brand: 'Master Card', last4: '5480' },
  4574441215190335: no('0335', '017', 'Tarjeta no válida', { atToken: true }),
  4349003000047015: no('7015', '017', 'Tarjeta no válida'),
  4349001210846432: no('6432', '021', 'Fondos insuficientes'),
  4349003243371321: no('1321', '022', 'CVV inválido'),
  4349001386781322: no('1322', '023', 'Tarjeta bloqueada'),
  approved: { brand: 'Master Card', last4: '5480' },
  declined: no('7015', '017', 'Tarjeta no válida'),
  funds: no('6432', '021', 'Fondos insuficientes'),
  cvv: no('1321', '022', 'CVV inválido'),
  blocked: no('1322', '023', 'Tarjeta bloqueada'),
  fraud: no('0322', '322', 'Transacción rechazada por antifraude'),
  unreachable: no('0228', '228', 'Procesador inalcanzable'),
  unsupported: no('0019', '019', 'Transacción no soportada'),
  expired: no('0054', '054', 'Tarjeta vencida'),
  limit: no('0061', '061', 'Excede el límite de la tarjeta'),
  secure: no('0389', '055', 'Falló la autenticación 3DS'),
  number: no('0014', '014', 'El número de tarjeta no existe'),
  abandoned: no('0006', '006', 'Transacción abandonada', { bare: true }),
  gateway: no('0003', 'K003', 'Error inesperado', { bare: true }),
  bare: no('0017', '017', 'Tarjeta no válida', { bare: true }),
  // Is kept, and never pays.
  failing: no('9995', '021', 'Fondos insuficientes')
}

/** `sim_<name>` is good for any number of uses, others for one. */
export function useToken (account: Account, token: string): string {
  const own = /^sim_(\w+)$/.exec(token)?.[1]
  if (own !== undefined && Object.hasOwn(cards, own) && account.mode === 'test') return own
  const known = account.tokens[token]
  if (known === undefined || known.used) throw new Refusal(400, '577', 'El token no es válido o ya fue usado')
  known.used = true
  return known.card
}

const decimals: Record<string, number> = { USD: 2, COP: 2, PEN: 2, CLP: 0, MXN: 2, UF: 4 }

/** Minor units, exactly: what Kushki's own decimals would be. */
export function minor (wire: number, currency: string): number {
  const places = decimals[currency]!
  const [, whole, fraction = ''] = /^(\d+)(?:\.(\d+))?$/.exec(String(wire)) ?? []
  if (whole === undefined || fraction.length > places) throw badBody(`amount ${wire} ${currency}`)
  return Number(whole + fraction.padEnd(places, '0'))
}

/** The sum of the split, in minor units. */
export function total (amount: Json): number {
  const { currency, extraTaxes = {}, ...parts } = amount
  if (currency === 'COP' && parts.ice !== undefined) throw badBody('ice is not told in COP')
  return [...Object.values(parts), ...Object.values(extraTaxes as Json)].reduce((sum: number, part) => sum + minor(part as number, currency), 0)
}

export const major = (amount: number, currency: string): number => amount / 10 ** decimals[currency]!

export interface Ask { type: string, card: string, amount: Json, metadata?: Json, kept?: KeptCard, deferred?: Json, months?: number }

/** A card pays or is held, or it is declined: then there is a row of it too, and the answer is 400. */
export function charge (world: World, account: Account, { type, card, amount, metadata, kept, deferred, months }: Ask): Json {
  const sum = total(amount)
  if (sum <= 0) throw badBody('amount')
  const says = cards[card]!
  if (says.bare === true) throw new Refusal(says.status ?? 400, says.code!, says.message!)
  const row = enter(world, account, {
    transaction_type: type, transaction_status: says.code === undefined ? 'APPROVAL' : 'DECLINED', payment_method: 'card', ...splitOf(amount, sum), approved_transaction_amount: says.code === undefined ? major(sum, amount.currency) : 0, metadata: metadata ?? {},
    response_code: says.code ?? '000', response_text: says.message ?? 'Transacción aprobada', payment_brand: says.brand, last_four_digits: says.last4, card_type: 'credit', sync_mode: 'online',
    ...(kept !== undefined && { subscription_id: kept.shown.subscriptionId, subscription_metadata: { ...kept.shown.metadata } }),
    ...((deferred !== undefined || months !== undefined) && { number_of_months: deferred?.months ?? months })
  })
  if (says.code !== undefined) throw new Refusal(400, says.code, says.message!, { ticketNumber: row.ticket_number, details: detailsOf(row) })
  return answerOf(row)
}

const splitOf = (amount: Json, sum: number): Json => ({ currency_code: amount.currency, request_amount: major(sum, amount.currency), amount: { ...amount }, subtotal_iva: amount.subtotalIva, subtotal_iva0: amount.subtotalIva0, iva_value: amount.iva, ice_value: amount.ice ?? 0 })

export function enter (world: World, account: Account, more: Json): Row {
  const row: Row = { ticket_number: world.ticket(), transaction_reference: `${world.hex(8)}-${world.hex(4)}-4${world.hex(3)}-8${world.hex(3)}-${world.hex(12)}`, created: world.now().getTime(), merchant_id: account.merchant, merchant_name: 'Tienda Kushki', ...more as Pick<Row, 'transaction_type' | 'transaction_status'> }
  account.rows.push(row)
  tell(world, account, { ...row })
  world.changed()
  return row
}

export function answerOf (row: Row): Json {
  return { ticketNumber: row.ticket_number, transactionReference: row.transaction_reference, details: detailsOf(row) }
}

function detailsOf (row: Row): Json {
  return {
    transactionStatus: row.transaction_status, transactionType: row.transaction_type, responseCode: row.response_code ?? '000', responseText: row.response_text ?? 'Transacción aprobada', requestAmount: row.request_amount, approvedTransactionAmount: row.approved_transaction_amount,
    currencyCode: row.currency_code, created: row.created, ...(row.payment_brand !== undefined && { paymentBrand: row.payment_brand, lastFourDigits: row.last_four_digits, cardType: row.card_type }), approvalCode: '123456', merchantName: 'Tienda Kushki'
  }
}

export const rowOf = (account: Account, ticket: string): Row => {
  const row = account.rows.find(({ ticket_number: number }) => number === ticket)
  if (row === undefined) throw noTicket()
  return row
}

const about = (account: Account, ticket: string, ...types: string[]): Row[] => account.rows.filter(row => row.sale_ticket_number === ticket && types.includes(row.transaction_type) && row.transaction_status === 'APPROVAL')

/** A hold is taken, once, and at most what is held. */
export function capture (world: World, account: Account, { ticketNumber, amount }: Json): Json {
  const held = rowOf(account, ticketNumber)
  if (held.transaction_type !== 'PREAUTHORIZATION' || held.transaction_status !== 'APPROVAL' || about(account, ticketNumber, 'CAPTURE', 'VOID').length > 0) throw noTicket()
  const asked = amount ?? held.amount
  const sum = total(asked)
  if (asked.currency !== held.currency_code || sum <= 0 || sum > minor(held.request_amount, held.currency_code)) throw new Refusal(400, 'K012', 'El monto de captura no es válido')
  return answerOf(enter(world, account, {
    transaction_type: 'CAPTURE', transaction_status: 'APPROVAL', payment_method: 'card', sale_ticket_number: ticketNumber, ...splitOf(asked, sum), approved_transaction_amount: major(sum, asked.currency), metadata: held.metadata,
    ...(held.subscription_id !== undefined && { subscription_id: held.subscription_id })
  }))
}

/** A void of what is of today, a refund of what is older; of a hold, it is let go. */
export function giveBack (world: World, account: Account, ticket: string, { amount }: Json): Json {
  const sale = rowOf(account, ticket)
  if (!['SALE', 'CAPTURE', 'PREAUTHORIZATION'].includes(sale.transaction_type) || sale.transaction_status !== 'APPROVAL' || sale.payment_method !== 'card') throw noTicket()
  const isHold = sale.transaction_type === 'PREAUTHORIZATION'
  if (isHold && (about(account, ticket, 'CAPTURE', 'VOID').length > 0 || amount !== undefined)) throw noTicket()
  const before = about(account, ticket, 'VOID', 'REFUND').reduce((sum, row) => sum + minor(row.approved_transaction_amount, row.currency_code), 0)
  const left = minor(sale.approved_transaction_amount, sale.currency_code) - before
  const sum = amount === undefined ? left : total(amount)
  if (left <= 0) throw noTicket()
  if (sum <= 0 || sum > left || (amount !== undefined && amount.currency !== sale.currency_code)) throw new Refusal(400, '220', 'El monto es diferente al de la venta inicial')
  const today = world.now().getTime() - sale.created < 6 * 3_600_000
  const split = amount ?? { ...sale.amount }
  return answerOf(enter(world, account, {
    transaction_type: today ? 'VOID' : 'REFUND', transaction_status: 'APPROVAL', payment_method: 'card', sale_ticket_number: ticket, ...splitOf(split, sum), approved_transaction_amount: major(sum, sale.currency_code)
  }))
}

/** Cash was paid, or a transfer came, or did not. */
export function settle (world: World, account: Account, state: Json, status: 'approvedTransaction' | 'declinedTransaction' | 'expiredTransaction'): void {
  if (state.status !== 'initializedTransaction') throw new Error(`it is ${state.status as string}`)
  const row = rowOf(account, state.ticketNumber)
  state.status = status
  state.completedAt = world.now().getTime()
  row.transaction_status = { approvedTransaction: 'APPROVAL', declinedTransaction: 'DECLINED', expiredTransaction: 'EXPIRED' }[status]
  row.approved_transaction_amount = status === 'approvedTransaction' ? row.request_amount : 0
  tell(world, account, { ...state })
  world.changed()
}

export function tell (world: World, account: Account, body: Json): void {
  account.told.push({ at: world.now().getTime(), body })
  const { hookUrl } = account
  if (hookUrl === undefined) return
  world.deliveries.send(() => ({ url: hookUrl, ...signedWith(body, account, account.secret, world.now()) }))
}

export function signedWith (told: Json, { publicId }: Account, secret: string, now: Date): { headers: Record<string, string>, body: Buffer } {
  const body = Buffer.from(JSON.stringify(told))
  const id = String(Math.floor(now.getTime() / 1000))
  const sign = (...parts: (string | Buffer)[]): string => parts.reduce((made, part) => made.update(part), createHmac('sha256', secret)).digest('hex')
  return { headers: { 'content-type': 'application/json', 'x-kushki-key': publicId, 'x-kushki-id': id, 'x-kushki-signature': sign(body, `.${id}`), 'x-kushki-simplesignature': sign(id) }, body }
}
