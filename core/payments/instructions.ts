import type { NextAction } from '../adapter/payments.ts'
import { escapeHtml as escape } from '../escape-html.ts'
import { amountText, type Language, momentText } from '../public-pages/html.ts'

/** How what a payer reads is written. */
export interface Written { language: Language, country: string, zone: string }

const texts = {
  es: {
    copy: 'Copiar', done: 'Copiado', clabe: 'CLABE', account: 'Cuenta', iban: 'IBAN', bic: 'BIC', bank: 'Banco', beneficiary: 'Beneficiario', reference: 'Referencia', amount: 'Importe exacto', until: 'Antes del', open: 'Ver las instrucciones del proveedor', code: 'Código para pagar',
    bank_transfer: 'Haga una transferencia con estos datos. En cuanto se reciba, esta página lo dirá.',
    bank_transfer_url: 'Siga las instrucciones para transferir. En cuanto se reciba, esta página lo dirá.',
    voucher: 'Pague en caja con esta referencia. En cuanto se reciba, esta página lo dirá.',
    qr: 'Escanee este código con la app de su banco. En cuanto pague, esta página lo dirá.',
    wallet_push: 'Abra la app de su billetera y acepte el cobro. En cuanto lo haga, esta página lo dirá.',
    sepa: 'Muchas apps de bancos europeos llenan la transferencia con este código.',
    shop: 'Este pago se termina en la página del comercio. Vuelva a ella.'
  },
  en: {
    copy: 'Copy', done: 'Copied', clabe: 'CLABE', account: 'Account', iban: 'IBAN', bic: 'BIC', bank: 'Bank', beneficiary: 'Beneficiary', reference: 'Reference', amount: 'Exact amount', until: 'Before', open: 'See the provider’s instructions', code: 'Code to pay with',
    bank_transfer: 'Make a transfer with these details. As soon as it arrives, this page will say so.',
    bank_transfer_url: 'Follow the instructions to make the transfer. As soon as it arrives, this page will say so.',
    voucher: 'Pay at the counter with this reference. As soon as it arrives, this page will say so.',
    qr: 'Scan this code with your bank’s app. As soon as you have paid, this page will say so.',
    wallet_push: 'Open your wallet’s app and accept the charge. As soon as you do, this page will say so.',
    sepa: 'Many European banks’ apps fill in the transfer from this code.',
    shop: 'This payment is finished on the merchant’s page. Go back to it.'
  }
} as const

const isWeb = (url: string | undefined): url is string => url !== undefined && /^https?:\/\//.test(url)

/**
 * What a payer types, shows or scans to pay, as HTML: account and reference in the figures that a bank wants, each to be copied, and a
 * code where there is one. Null for what is not done on a page of ours, which is a redirect.
 */
export async function instructionsOf (action: NextAction, how: Written, currency: string): Promise<string | null> {
  const said = texts[how.language]
  const lead = (text: string) => `<p role="status">${text}</p>`
  const ends = 'expires_at' in action && action.expires_at !== undefined && !Number.isNaN(Date.parse(action.expires_at)) ? [fact(said.until, momentText(new Date(action.expires_at), how))] : []
  const link = (url: string | undefined) => isWeb(url) ? `\n<p><a class="button plain" href="${escape(url)}" rel="noreferrer">${said.open}</a></p>` : ''
  const list = (facts: readonly string[]) => facts.length === 0 ? '' : `\n<dl class="facts pay">${facts.join('')}</dl>`
  const copied = copiedWith(said)
  switch (action.type) {
    case 'redirect': return null
    case 'client_secret':
    case 'sdk_challenge': return lead(said.shop)
    case 'wallet_push': return lead(said.wallet_push) + list(ends)
    case 'voucher': return lead(said.voucher) + list([copied('reference', said.reference, action.reference), ...ends]) + link(action.url ?? action.barcode_url)
    case 'qr': return `${lead(said.qr)}\n${await codeOf(action, said.code)}${list(ends)}`
    case 'bank_transfer': {
      const { clabe, account, bic, bank, beneficiary, reference, url } = action
      const due = action.amount_remaining ?? action.amount
      const isIban = account !== undefined && /^[A-Z]{2}\d{2}[A-Z0-9]{11,30}$/.test(account)
      const facts = [
        ...clabe === undefined ? [] : [copied('clabe', said.clabe, clabe, grouped(clabe))],
        ...account === undefined ? [] : [copied('account', isIban ? said.iban : said.account, account, isIban ? grouped(account) : account)],
        ...bic === undefined ? [] : [copied('bic', said.bic, bic)],
        ...bank === undefined ? [] : [fact(said.bank, bank)],
        ...beneficiary === undefined ? [] : [copied('beneficiary', said.beneficiary, beneficiary)],
        ...due === undefined ? [] : [fact(said.amount, amountText(due, action.currency ?? currency, how))],
        ...reference === undefined ? [] : [copied('reference', said.reference, reference)],
        ...ends
      ]
      const sepa = isIban && due !== undefined ? sepaCode({ iban: account, bic, beneficiary, reference, due, currency: action.currency ?? currency }) : undefined
      return lead(clabe === undefined && account === undefined ? said.bank_transfer_url : said.bank_transfer) + list(facts) + link(url) +
        (sepa === undefined ? '' : `\n${await code(sepa, said.code)}\n<p class="hint">${said.sepa}</p>`)
    }
  }
}

const fact = (name: string, value: string): string => `<div><dt>${name}</dt><dd>${escape(value)}</dd></div>`

/** Shown as people read it, copied as a bank wants it. Without a script nobody sees the button. */
const copiedWith = (said: { copy: string, done: string }) => (id: string, name: string, value: string, shown = value): string =>
  `<div><dt>${name}</dt><dd class="copied"><code id="pay-${id}">${escape(shown)}</code><button type="button" class="copy plain" data-copy="${escape(value)}" data-of="pay-${id}" data-done="${said.done}" aria-label="${said.copy} ${name}">${said.copy}</button></dd></div>`

/** In fours, and a CLABE by its parts: bank, place, account, check digit. */
function grouped (number: string): string {
  const parts = /^\d{18}$/.test(number) ? [number.slice(0, 3), number.slice(3, 6), number.slice(6, 17), number.slice(17)] : number.match(/.{1,4}/g)!
  return parts.join(' ')
}

/** The provider's own picture, where it is one and no address; else its data as a code. */
async function codeOf ({ data, image }: Extract<NextAction, { type: 'qr' }>, name: string): Promise<string> {
  if (image !== undefined && /^data:image\/(?:png|jpeg|gif|svg\+xml);base64,[A-Za-z0-9+/=]+$/.test(image)) return `<div class="code"><img src="${image}" alt="${name}" width="240" height="240"></div>`
  return await code(data, name)
}

async function code (text: string, name: string): Promise<string> {
  const { default: QRCode } = await import('qrcode')
  const svg = await QRCode.toString(text, { type: 'svg', errorCorrectionLevel: 'M', margin: 1 })
  return `<div class="code" role="img" aria-label="${name}">${svg}</div>`
}

/**
 * The code of a SEPA credit transfer, which a payer's app reads: EPC069-12 v3.1, version 002, characters UTF-8. Undefined for what is no euro, too
 * much, or without a name.
 */
export function sepaCode ({ iban, bic = '', beneficiary, reference = '', due, currency }: { iban: string, bic?: string | undefined, beneficiary?: string | undefined, reference?: string | undefined, due: number, currency: string }): string | undefined {
  const line = (text: string, room: number) => text.replaceAll(/\s+/g, ' ').trim().slice(0, room)
  if (currency !== 'EUR' || beneficiary === undefined || due < 1 || due > 99_999_999_999) return undefined
  return ['BCD', '002', '1', 'SCT', bic, line(beneficiary, 70), iban, `EUR${(due / 100).toFixed(2)}`, '', '', line(reference, 140)].join('\n')
}
