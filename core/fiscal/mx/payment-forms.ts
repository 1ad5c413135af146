/**
 * c_FormaPago of a payment, by the method that our adapters name (catálogo c_FormaPago, CFDI 4.0, rev. 2026-08): 01 cash, 03
 * transfer, 04 credit card, 28 debit card, 31 intermediary. A card whose kind nobody told is taken for a credit card; a
 * prepaid one is issued as a debit card. Undefined for a method that it does not tell: then a person says it.
 */
export function formOf (method: { type: string, funding?: string } | null): string | undefined {
  if (method === null) return undefined
  if (method.type === 'card') return method.funding === 'debit' || method.funding === 'prepaid' ? '28' : '04'
  return forms[method.type]
}

const forms: Readonly<Record<string, string>> = Object.fromEntries(Object.entries({
  '01': 'cash oxxo oxxo_pay efecty baloto seven_eleven paycash paynet extra store voucher',
  '03': 'spei bank_transfer transfer customer_balance pse pix wire',
  '04': 'credit_card',
  28: 'debit_card',
  31: 'paypal mercadopago account_money wallet nequi daviplata'
}).flatMap(([form, types]) => types.split(' ').map(type => [type, form])))
