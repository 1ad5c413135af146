import { type Account, at, bad, type Json, notFound, type World } from './world.ts'

/** What a card's bank says. */
export interface Verdict { status: string, detail: string }

const no = (detail: string): Verdict => ({ status: 'rejected', detail })

/**
 * By the cardholder's name, as the official test cards do it (facts section 3.6). RISK, LIMI, BANK, MAND, CHAL and FAIL (kept, and
 * every charge refused) are this simulator's own.
 */
const verdicts: Record<string, Verdict> = {
  APRO: { status: 'approved', detail: 'accredited' },
  CONT: { status: 'in_process', detail: 'pending_contingency' },
  CHAL: { status: 'pending', detail: 'pending_challenge' },
  OTHE: no('cc_rejected_other_reason'),
  CALL: no('cc_rejected_call_for_authorize'),
  FUND: no('cc_rejected_insufficient_amount'),
  SECU: no('cc_rejected_bad_filled_security_code'),
  EXPI: no('cc_rejected_bad_filled_date'),
  FORM: no('cc_rejected_bad_filled_other'),
  CARD: no('cc_rejected_bad_filled_card_number'),
  DUPL: no('cc_rejected_duplicated_payment'),
  LOCK: no('cc_rejected_card_disabled'),
  INST: no('cc_rejected_invalid_installments'),
  BLAC: no('cc_rejected_blacklist'),
  RISK: no('cc_rejected_high_risk'),
  LIMI: no('cc_amount_rate_limit_exceeded'),
  BANK: no('bank_error'),
  MAND: no('cc_rejected_3ds_mandatory'),
  FAIL: no('cc_rejected_other_reason')
}

const brands: Record<string, { bin: string, last4: string, type: string, issuer: number }> = {
  visa: { bin: '411111', last4: '1111', type: 'credit_card', issuer: 25 },
  master: { bin: '547431', last4: '5454', type: 'credit_card', issuer: 24 },
  debvisa: { bin: '418970', last4: '0010', type: 'debit_card', issuer: 160 },
  amex: { bin: '371180', last4: '8431', type: 'credit_card', issuer: 310 }
}

/** `visa APRO`. */
export function cardNamed (name: string) {
  const [brand = 'visa', holder = 'APRO'] = name.split(' ')
  return { brand, holder, ...brands[brand]!, verdict: verdicts[holder]! }
}

export function brandOfBin (bin: string): string | undefined {
  return Object.keys(brands).find(brand => brands[brand]!.bin === bin.slice(0, 6))
}

export const issuerOf = (brand: string) => ({ id: brands[brand]!.issuer, name: 'Banco de Pruebas' })
export const typeOf = (brand: string): string => brands[brand]!.type

/** `sim-token-visa-APRO` is good for any number of charges; what the form made, for one. */
export function cardOfToken (account: Account, token: unknown): string {
  const [, brand, holder] = /^sim-token-([a-z]+)-([A-Z]{4})$/.exec(String(token)) ?? []
  if (brand !== undefined && brand in brands && holder! in verdicts) return `${brand} ${holder!}`
  const known = account.tokens[String(token)]
  if (known === undefined) throw bad('Card Token not found', 2006)
  if (known.used) throw bad('Invalid card_token_id', 3003)
  return known.card
}

export function useToken (account: Account, token: string): void {
  const known = account.tokens[token]
  if (known !== undefined) known.used = true
}

/** From a form (number, date, code, name), or of a saved card. */
export function makeToken (world: World, account: Account, body: Json): Json {
  const id = world.hex(32)
  if (body.card_id !== undefined) {
    const owner = account.customers.find(({ cards }) => cards.some((card: Json) => String(card.id) === String(body.card_id)))
    if (owner === undefined || (body.customer_id !== undefined && owner.id !== body.customer_id)) throw notFound('Card')
    account.tokens[id] = { card: account.cards[String(body.card_id)]!, used: false, saved: String(body.card_id) }
  } else {
    const brand = brandOfBin(String(body.card_number ?? ''))
    if (brand === undefined) throw bad('Invalid card_number', 'E301')
    if (!/^\d{3,4}$/.test(String(body.security_code ?? ''))) throw bad('Invalid security_code', 'E302')
    const holder = String(body.cardholder?.name ?? 'APRO').slice(0, 4).toUpperCase()
    account.tokens[id] = { card: `${brand} ${holder in verdicts ? holder : 'APRO'}`, used: false }
  }
  world.changed()
  return shownToken(world, account, id)
}

export function shownToken (world: World, account: Account, id: string): Json {
  const { bin, last4 } = cardNamed(cardOfToken({ ...account, tokens: Object.fromEntries(Object.entries(account.tokens).map(([name, token]) => [name, { ...token, used: false }])) }, id))
  const known = account.tokens[id]
  return {
    id, first_six_digits: bin, last_four_digits: last4, expiration_month: 11, expiration_year: 2031, date_created: at(world.now()), date_due: at(new Date(world.now().getTime() + 7 * 86_400_000)),
    luhn_validation: true, status: known?.used === true ? 'used' : 'active', live_mode: false, cardholder: { name: 'APRO' }, ...(known?.saved !== undefined && { card_id: known.saved })
  }
}
