import t from 'tap'
import fc from 'fast-check'
import { catalogue, type NoticeData, noticeKinds } from './catalogue.ts'
import { renderLetter } from './letter.ts'
import { letterOf, moneyText, shortOf, valuesOf } from './letters.ts'

const amount = { amount: 100000, currency: 'MXN' }
const full: NoticeData = {
  payment_received: { sender: 'Kemper', amount, reference: 'FS-1', description: 'Curso', lines: [{ name: 'Curso', quantity: 2, unitAmount: 50000 }], method: 'visa 4242', url: 'https://hub.example/r', payer: 'Ana' },
  payment_failed: { sender: 'Kemper', amount, reference: 'FS-1', reason: 'Fondos insuficientes', url: 'https://hub.example/p' },
  payment_pending: { sender: 'Kemper', amount, reference: '98000123', url: 'https://hub.example/p', until: '2026-12-14' },
  refund: { sender: 'Kemper', amount, reference: 'FS-1', reason: 'Devolución' },
  invoice: { sender: 'Kemper', number: 'A-1', total: '1,000.00 MXN', url: 'https://hub.example/d' },
  self_invoice_link: { sender: 'Kemper', amount, url: 'https://hub.example/autofactura/x', until: '2026-12-14' },
  self_invoice_reminder: { sender: 'Kemper', amount, url: 'https://hub.example/autofactura/x', until: '2026-12-14', daysLeft: 3 },
  correct_your_data: { sender: 'Kemper', amount, url: 'https://hub.example/autofactura/x', problem: 'El RFC no existe', until: '2026-12-14' },
  alert: { sender: 'Kemper', message: 'Un pago espera.', severity: 'critical', subject: 'pay_1', url: 'https://hub.example/a' }
}
const bare: NoticeData = {
  payment_received: { amount }, payment_failed: { amount }, payment_pending: { amount }, refund: { amount }, invoice: { number: 'A-1', total: '1.00 MXN' }, self_invoice_link: { amount, url: 'https://h.example', until: '2026-12-14' },
  self_invoice_reminder: { amount, url: 'https://h.example', until: '2026-12-14', daysLeft: 1 }, correct_your_data: { amount, url: 'https://h.example' }, alert: { message: 'a', severity: 'info', subject: '' }
}

t.test('every kind is told in both languages, to whom it is for, with whatever is known', t => {
  for (const kind of noticeKinds) {
    for (const language of ['es', 'en'] as const) {
      for (const audience of catalogue[kind].audiences) {
        for (const data of [full[kind], bare[kind]]) {
          const letter = letterOf(kind, data, language, audience)
          const { text, html, subject } = renderLetter(letter)
          for (const part of [text, html, subject]) {
            t.notMatch(part, /undefined|null|NaN|\[object/, `${kind} ${language} ${audience}`)
            t.not(part.trim(), '')
          }
          t.equal(letter.language, language)
          t.not(letter.subject, letterOf(kind, data, language === 'es' ? 'en' : 'es', audience).subject)
          const url = 'url' in data ? data.url : undefined
          if (url !== undefined && audience === 'buyer') t.equal(shortOf(letter).url, url)
        }
      }
    }
    t.ok(Object.values(catalogue[kind].channels).every(channels => Object.keys(channels).length > 0))
  }
  t.end()
})

t.test('the words of the requirements: the link with its end, the last day, the error in the data', t => {
  t.match(renderLetter(letterOf('self_invoice_link', full.self_invoice_link, 'es')).text, /1,000\.00 MXN[\s\S]*Válido hasta: 14\/12\/2026[\s\S]*Generar mi factura:\nhttps:\/\/hub\.example\/autofactura\/x/)
  t.match(letterOf('self_invoice_reminder', full.self_invoice_reminder, 'es').subject, /Le quedan 3 días/)
  t.match(letterOf('self_invoice_reminder', { ...full.self_invoice_reminder, daysLeft: 1 }, 'es').subject, /Mañana vence/)
  t.match(renderLetter(letterOf('correct_your_data', full.correct_your_data, 'es')).text, /Su pago fue exitoso[\s\S]*El RFC no existe[\s\S]*Corregir mis datos/)
  t.end()
})

t.test('money is told as people write it', t => {
  for (const [amount, currency, text] of [[100000, 'MXN', '1,000.00 MXN'], [5, 'MXN', '0.05 MXN'], [1234567, 'CLP', '1,234,567 CLP'], [1500, 'KWD', '1.500 KWD'], [-99900, 'USD', '-999.00 USD'], [0, 'EUR', '0.00 EUR']] as const) t.equal(moneyText({ amount, currency }), text)
  t.end()
})

t.test('what fills a template is one line of something, whatever was typed', t => {
  fc.assert(fc.property(fc.string({ unit: 'binary', maxLength: 3000 }), text => {
    const values = Object.values(valuesOf({ ...full.correct_your_data, sender: text, problem: text }, 'es', text))
    return values.every(value => value !== '' && value.length <= 1000 && !/[\n\t]| {2}/.test(value))
  }), { numRuns: 200 })
  t.match(valuesOf(full.invoice, 'es', 'Ana'), { sender: 'Kemper', number: 'A-1', amount: '1,000.00 MXN', url: 'https://hub.example/d', reference: '-', name: 'Ana' })
  t.end()
})
