import { type Account, invalid, type Json, Refusal, type Says, sha256, type Transaction, type World } from './world.ts'

/** What happens at Wompi when something is asked, paid or voided. Written from facts section 7 and the guides, not from the adapter. */

const no = (status: 'DECLINED' | 'ERROR', message: string, code?: string): Says => ({ status, message, ...(code !== undefined && { code }) })

/** The sandbox's own two numbers; by others it answers ERROR. The names after `tok_test_sim_` are this simulator's own. */
export const cards: Record<string, { brand: string, last_four: string, says: Says }> = {
  4242424242424242: { brand: 'VISA', last_four: '4242', says: { status: 'APPROVED', code: '00' } },
  4111111111111111: { brand: 'VISA', last_four: '1111', says: no('DECLINED', 'La transacción fue rechazada (Sandbox)') },
  approved: { brand: 'VISA', last_four: '4242', says: { status: 'APPROVED', code: '00' } },
  declined: { brand: 'VISA', last_four: '1111', says: no('DECLINED', 'La transacción fue rechazada (Sandbox)') },
  broken: { brand: 'VISA', last_four: '0000', says: no('ERROR', 'Error (Sandbox)') },
  funds: { brand: 'MASTERCARD', last_four: '0110', says: no('DECLINED', 'Fondos Insuficientes', '51') },
  expired: { brand: 'VISA', last_four: '0069', says: no('DECLINED', 'La tarjeta está vencida') },
  cvc: { brand: 'VISA', last_four: '0127', says: no('DECLINED', 'Código de seguridad inválido', 'N7') },
  stolen: { brand: 'VISA', last_four: '9979', says: no('DECLINED', 'Tarjeta reportada como robada', '43') },
  limit: { brand: 'VISA', last_four: '0119', says: no('DECLINED', 'Excede el cupo de la tarjeta', '61') },
  number: { brand: 'VISA', last_four: '0002', says: no('DECLINED', 'Número de tarjeta inválido', '14') },
  failed3ds: { brand: 'VISA', last_four: '3155', says: no('DECLINED', 'No fue exitosa la autenticación 3DS') }
}

/** A token is good for two uses; those of this simulator for any number. */
export function cardOf (account: Account, token: unknown): string {
  const own = /^tok_test_sim_(\w+)$/.exec(String(token))?.[1]
  if (own !== undefined && Object.hasOwn(cards, own) && account.mode === 'test') return own
  const known = account.tokens[String(token)]
  if (known === undefined || known.used >= 2) throw invalid({ token: ['El token de la tarjeta no existe o ya fue utilizado'] })
  known.used++
  return known.card
}

/** One that was given out, and not used: good for one thing. */
export function takeAcceptance (account: Account, { acceptance_token: token, accept_personal_auth: personal }: Json): void {
  for (const [field, given] of [['acceptance_token', token], ['accept_personal_auth', personal]] as const) {
    if (given === undefined) throw invalid({ [field]: ['No está presente'] })
    if (!account.acceptances.includes(given)) throw invalid({ [field]: ['El token de aceptación no es válido'] })
    account.acceptances = account.acceptances.filter(known => known !== given)
  }
}

export function createTransaction (world: World, account: Account, body: Json, withPrivateKey: boolean): Transaction {
  const messages: Record<string, string[]> = {}
  const wants = (truth: boolean, field: string, sentence: string) => { if (!truth) (messages[field] ??= []).push(sentence) }
  wants(Number.isSafeInteger(body.amount_in_cents) && body.amount_in_cents > 0, 'amount_in_cents', 'No es un número entero')
  wants(!(body.amount_in_cents < 150_000), 'amount_in_cents', 'El monto mínimo de una transacción es $1,500')
  wants(body.currency === 'COP', 'currency', 'No está incluido en la lista')
  wants(typeof body.customer_email === 'string' && /^[^@\s]+@[^@\s]+$/.test(body.customer_email), 'customer_email', 'Formato inválido')
  wants(typeof body.reference === 'string' && body.reference.length > 0 && body.reference.length <= 255, 'reference', 'No está presente')
  wants(typeof body.payment_method === 'object' && body.payment_method !== null, 'payment_method', 'No está presente')
  if (Object.keys(messages).length > 0) throw invalid(messages)
  const expected = sha256(`${body.reference as string}${body.amount_in_cents as number}${body.currency as string}${(body.expiration_time as string | undefined) ?? ''}${account.integrity}`)
  if (body.signature !== expected) throw invalid({ signature: ['La firma es inválida'] })
  if (body.expiration_time !== undefined && !(Date.parse(body.expiration_time) > world.now().getTime())) throw invalid({ expiration_time: ['Debe ser una fecha futura'] })
  if (account.transactions.some(({ reference }) => reference === body.reference)) throw invalid({ reference: ['La referencia ya ha sido usada'] })
  const source = body.payment_source_id === undefined ? undefined : account.sources.find(({ id }) => id === body.payment_source_id)
  if (body.payment_source_id !== undefined) {
    if (!withPrivateKey) throw new Refusal(401, 'INVALID_ACCESS_TOKEN', 'Se requiere la llave privada')
    if (source?.status !== 'AVAILABLE') throw invalid({ payment_source_id: ['La fuente de pago no está disponible'] })
  }
  const { method, says, extra } = played(world, account, body.payment_method, source)
  takeAcceptance(account, body)
  return enter(world, account, { ...body, payment_method: { ...method, extra: {} } }, says, extra)
}

/** The books of it: first PENDING and bare, then what the method's bank says at once, or what the payer needs. */
export function enter (world: World, account: Account, body: Json, says: Says, extra: Json): Transaction {
  const serial = world.serial()
  const now = world.now()
  const transaction: Transaction = {
    id: `1${account.id % 10_000}-${Math.floor(now.getTime() / 1000)}-${10_000 + serial}`,
    created_at: now.toISOString(),
    finalized_at: null,
    amount_in_cents: body.amount_in_cents,
    reference: body.reference,
    customer_email: body.customer_email,
    currency: body.currency,
    payment_method_type: body.payment_method.type,
    payment_method: body.payment_method,
    status: 'PENDING',
    status_message: null,
    billing_data: null,
    shipping_address: null,
    redirect_url: body.redirect_url ?? null,
    payment_source_id: body.payment_source_id ?? null,
    payment_link_id: body.payment_link_id ?? null,
    customer_data: body.customer_data ?? null,
    bill_id: null,
    taxes: body.taxes ?? [],
    ...(body.expiration_time !== undefined && { expiration_time: body.expiration_time })
  }
  account.transactions.push(transaction)
  account.ledger[transaction.id] = { says, charges: 0, voids: 0 }
  const bare = structuredClone(transaction)
  // By the next look something is known, as at Wompi a moment later.
  transaction.payment_method = { ...transaction.payment_method, extra }
  if (transaction.payment_method_type === 'CARD' || extra.settles === true) settle(world, account, transaction)
  else tell(world, account, transaction)
  world.changed()
  return bare
}

function played (world: World, account: Account, method: Json, source: Json | undefined): { method: Json, says: Says, extra: Json } {
  const wants = (field: string) => { if (method[field] === undefined || method[field] === '') throw invalid({ [`payment_method.${field}`]: ['No está presente'] }) }
  const page = { async_payment_url: `${world.url()}/pages/${world.hex(24)}` }
  const approved: Says = { status: 'APPROVED' }
  switch (method.type) {
    case 'CARD': {
      if (!Number.isInteger(method.installments) || method.installments < 1 || method.installments > 36) throw invalid({ 'payment_method.installments': ['Debe estar entre 1 y 36'] })
      const name = source === undefined ? cardOf(account, method.token) : String(source.card)
      const { brand, last_four: last, says } = cards[name]!
      const { token: _, ...rest } = method
      return { method: rest, says, extra: { brand, last_four: last, name: `${brand}-${last}`, card_type: 'CREDIT', ...(says.code !== undefined && { processor_response_code: says.code }) } }
    }
    case 'NEQUI': {
      if (source === undefined && !/^3\d{9}$/.test(String(method.phone_number))) throw invalid({ 'payment_method.phone_number': ['Formato inválido'] })
      const phone = String(method.phone_number ?? source?.phone_number)
      const says: Says = phone === '3991111111' ? approved : phone === '3992222222' ? no('DECLINED', 'La transacción fue rechazada en Nequi') : no('ERROR', 'Error (Sandbox)')
      return { method, says, extra: source === undefined ? { transaction_id: world.hex(12) } : { settles: true } }
    }
    case 'PSE': {
      for (const field of ['user_legal_id_type', 'user_legal_id', 'financial_institution_code', 'payment_description']) wants(field)
      if (![0, 1].includes(method.user_type)) throw invalid({ 'payment_method.user_type': ['No está incluido en la lista'] })
      if (String(method.payment_description).length > 64) throw invalid({ 'payment_method.payment_description': ['Es demasiado largo'] })
      const says = { 1: approved, 2: no('DECLINED', 'La transacción fue rechazada por el banco'), 3: no('ERROR', 'Error (Sandbox)') }[String(method.financial_institution_code)]
      if (says === undefined) throw invalid({ 'payment_method.financial_institution_code': ['La institución financiera no existe'] })
      return { method, says, extra: page }
    }
    case 'BANCOLOMBIA_TRANSFER': {
      wants('payment_description')
      if (/'/.test(method.payment_description) || method.payment_description.length > 64) throw invalid({ 'payment_method.payment_description': ['Formato inválido'] })
      return { method, says: approved, extra: { ...page, is_three_ds: false } }
    }
    case 'BANCOLOMBIA_QR':
      wants('payment_description')
      return { method, says: { status: method.sandbox_status ?? 'APPROVED' }, extra: { qr_id: world.hex(32), qr_image: Buffer.from('<svg xmlns="http://www.w3.org/2000/svg"/>').toString('base64') } }
    case 'BANCOLOMBIA_COLLECT': return { method, says: approved, extra: { business_agreement_code: '12345', payment_intention_identifier: String(65_770_000_000 + world.serial()) } }
    case 'DAVIPLATA':
      for (const field of ['user_legal_id_type', 'user_legal_id', 'payment_description']) wants(field)
      return { method, says: approved, extra: { url: page.async_payment_url } }
    case 'SU_PLUS':
      for (const field of ['user_legal_id_type', 'user_legal_id']) wants(field)
      return { method, says: approved, extra: { url: page.async_payment_url } }
    case 'BANCOLOMBIA_BNPL':
      for (const field of ['name', 'last_name', 'user_legal_id_type', 'user_legal_id', 'phone_number', 'phone_code', 'redirect_url', 'payment_description']) wants(field)
      return { method, says: approved, extra: { url: page.async_payment_url } }
    default: throw invalid({ payment_method: ['El tipo de método de pago no existe'] })
  }
}

/** The method's bank has decided. */
export function settle (world: World, account: Account, transaction: Transaction, says: Says = account.ledger[transaction.id]!.says): void {
  if (transaction.status !== 'PENDING') throw new Error(`${transaction.id} is ${transaction.status}`)
  transaction.status = says.status
  transaction.status_message = says.message ?? null
  transaction.finalized_at = world.now().toISOString()
  if (says.status === 'APPROVED') account.ledger[transaction.id]!.charges++
  tell(world, account, transaction)
  world.changed()
}

/** "Applies to CARD only", to what was approved, on its own day in Colombia. */
export function voidIt (world: World, account: Account, transaction: Transaction, body: Json): Json {
  const day = (at: Date | string) => new Date(at).toLocaleDateString('en-CA', { timeZone: 'America/Bogota' })
  if (transaction.payment_method_type !== 'CARD' || transaction.status !== 'APPROVED') throw new Refusal(422, 'UNPROCESSABLE', 'La transacción no puede ser anulada')
  if (day(transaction.finalized_at) !== day(world.now())) throw new Refusal(422, 'UNPROCESSABLE', 'La transacción no puede ser anulada después del día en que se aprobó')
  if (body.amount_in_cents !== undefined && body.amount_in_cents !== transaction.amount_in_cents) throw invalid({ amount_in_cents: ['Debe ser el total de la transacción'] })
  transaction.status = 'VOIDED'
  account.ledger[transaction.id]!.voids++
  tell(world, account, transaction)
  world.changed()
  return { status: 'APPROVED', status_message: null, transaction: { ...transaction } }
}

/** `transaction.updated`, to the one address of the account. */
export function tell (world: World, account: Account, transaction: Transaction): void {
  const at = world.now()
  const event = { event: 'transaction.updated', data: { transaction: structuredClone(transaction) }, environment: account.mode, signature: { properties: ['transaction.id', 'transaction.status', 'transaction.amount_in_cents'], checksum: '' }, timestamp: Math.floor(at.getTime() / 1000), sent_at: at.toISOString() }
  account.told.push(event)
  const { eventsUrl } = account
  if (eventsUrl === undefined) return
  world.deliveries.send(() => {
    const { headers, body } = signedWith(event, account.events)
    return { url: eventsUrl, headers, body }
  })
}

export function signedWith (event: Json, secret: string): { headers: Record<string, string>, body: Buffer } {
  const { transaction } = event.data
  const checksum = sha256(`${transaction.id as string}${transaction.status as string}${transaction.amount_in_cents as number}${event.timestamp as number}${secret}`)
  return {
    headers: { 'content-type': 'application/json', 'x-event-checksum': checksum },
    body: Buffer.from(JSON.stringify({ ...event, signature: { ...event.signature, checksum } }))
  }
}
