import t from 'tap'
import { bodyOf, brokenAt, emptyForm, formOf, formOfSubstitute, type Invoice, priceBefore, toJudge } from './form.ts'

const bare = { connection: null, branch: null, till: null, related: [], local_taxes: [], mx: null, ec: null, es: null, send: null, metadata: {} }

t.test('the price before its tax comes back to the amount, and a finding is found by its path', async t => {
  const iva = { type: 'IVA', rate: '0.16' }
  for (const amount of [1, 100, 116, 19900, 119950, 123456789]) {
    const before = Number(priceBefore(amount, 2, iva))
    const net = Math.round(before * 100 + 1e-7)
    t.equal(net + Math.round(before * 16 + 1e-7), amount, String(amount))
  }
  t.equal(priceBefore(5000, 0, undefined), '5000')
  t.equal(priceBefore(11500, 2, { type: 'IVA', rate: '0.15' }), '100')
  const found = [{ path: 'customer.tax_id', code: 'CFDI40147', message: 'No.' }, { path: 'lines[0].quantity', code: 'request_invalid', message: 'Is missing.' }, { path: 'x', code: 'W1', message: 'Hm.', level: 'warning' as const }]
  t.equal(brokenAt(found, 'customer.tax_id'), 'No. (CFDI40147)')
  t.equal(brokenAt(found, 'lines[0].quantity'), 'Is missing.')
  t.equal(brokenAt(found, 'x'), undefined)
})

t.test('what the form does not show of a draft’s buyer and lines is sent back as it was', async t => {
  const line = { description: 'Noche', quantity: '2', unit_price: '100', discount: '5', taxes: [{ type: 'IVA', rate: '0.16' }, { type: 'ISR', rate: '0.2', withheld: true }], mx: { product_key: '90111800', unit_key: 'E48', customs: ['15  48  3009  0001234'] } }
  const customer = { name: 'ANA', tax_id: 'XEXX010101000', address: { postal_code: '42501' }, mx: { regime: '616', cfdi_use: 'S01', residence: 'USA', foreign_tax_id: '12-3' } }
  const invoice = { country: 'MX', issuer: 'iss_1', series: 'A', customer, lines: [line], currency: 'MXN', exchange_rate: null, payment: { method: 'PUE', form: '03' }, due: null, reference: null, payment_id: null, ...bare } as unknown as Invoice
  t.same(bodyOf(formOf(invoice)), { country: 'MX', kind: 'invoice', issuer: 'iss_1', series: 'A', customer, lines: [line], payment: { method: 'PUE', form: '03' }, currency: 'MXN' })
})

t.test('what the form does not show of the invoice itself is sent back as it was, and nothing that it has not', async t => {
  const told = {
    connection: 'con_1', branch: 'B1', till: 'T1', related: [{ type: '04', fiscal_id: 'UUID' }], local_taxes: [{ name: 'ISH', rate: '0.03' }], metadata: { room: '12' }, send: false,
    mx: { export: '02', postal_code: '63901', global: { periodicity: '04', months: '11', year: 2026 } }, ec: null, es: null, payment: { method: 'PPD', form: '99', due: '2026-12-01', conditions: '30 días' }
  }
  const line = { description: 'Noche', quantity: '2', unit_price: '100', taxes: [], mx: { product_key: '90111800', unit_key: 'E48' } }
  const invoice = { country: 'MX', issuer: 'iss_1', series: null, customer: { name: 'ANA', tax_id: 'XEXX010101000' }, lines: [line], currency: 'MXN', exchange_rate: null, due: '2026-12-01', reference: null, payment_id: null, ...told } as unknown as Invoice
  const { ec, es, ...kept } = told
  t.match(bodyOf(formOf(invoice)), kept)
  t.notOk('ec' in bodyOf(formOf(invoice)) || 'es' in bodyOf(formOf(invoice)))
  t.equal(bodyOf({ ...formOf(invoice), send: true }).send, true)
  const instead = bodyOf(formOfSubstitute({ ...invoice, series: 'A', fiscal_id: 'OLD' } as Invoice))
  t.match(instead, { lines: [line], related: [{ type: '04', fiscal_id: 'OLD' }], mx: kept.mx })
  t.notOk('connection' in instead || 'series' in instead, 'its own number, by whatever account is right now')
})

t.test('nothing empty is sent, and a decimal comma is a point', async t => {
  const form = emptyForm('MX')
  const body = bodyOf({ ...form, method: 'PPD', lines: [{ ...form.lines[0]!, quantity: ' 1,5 ', price: '10' }] })
  t.match(body, { payment: { method: 'PPD', form: '99' }, lines: [{ quantity: '1.5', unit_price: '10' }] })
  t.notHas(body, { issuer: '' })
  t.notOk('address' in body.customer)
  t.notOk('mx' in body.lines[0]!, 'a line without its keys says none, so that the rule about them has the word')
  t.match(toJudge(bodyOf(form)), { customer: { name: ' ', tax_id: ' ' }, lines: [{ description: ' ', unit_price: '0' }] })
})
