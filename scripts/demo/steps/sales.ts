import { writeFileSync } from 'node:fs'
import path from 'node:path'
import { ask } from '../api.ts'
import { eventually, expect, expectStatus } from '../expect.ts'
import { money, type Step, type Story } from '../story.ts'

const wash = { description: 'Lavado y encerado', quantity: '1', unit_price: '500.00', taxes: [{ type: 'IVA', rate: '0.16' }], mx: { product_key: '76111501', unit_key: 'E48' } }
const customer = { name: 'INNOVACION VALOR Y DESARROLLO', tax_id: 'IVD920810GU2', address: { postal_code: '63901' }, mx: { regime: '601', cfdi_use: 'G03' } }
/** As a person types it. */
const typed = { tax_id: 'ivd-920810-gu2', name: 'Innovacion Valor y Desarrollo, S.A. de C.V.', regime: '601', postal_code: '63901', use: 'G03', email: '' }

const form = (fields: object) => ({ method: 'POST', headers: { 'content-type': 'application/x-www-form-urlencoded', 'accept-language': 'es' }, body: String(new URLSearchParams(fields as Record<string, string>)) })
const saleIs = async (story: Story, id: string, expected: object) => await eventually('the sale', async () => (await story.get('shop').get(`/v1/sales/${id}`)).body, expected, 90_000)

/** Flow A: the buyer wants an invoice. Flow B: nobody does, until somebody does. */
export const sales: Step[] = [
  {
    name: 'Sold at the counter, paid in cash, and the buyer wants an invoice: a link on which they say whose',
    async run (story) {
      const shop = story.get('shop')
      const sale = await shop.post('/v1/sales', { issuer: story.get('issuer'), lines: [wash], customer: { email: 'ana@example.com' }, reference: 'service-123' })
      expectStatus('the sale', sale, 201, { status: 'pending', amount: 58000 })
      const confirmed = await shop.post(`/v1/sales/${sale.body.id}/confirm_payment`, { payment_received: true, payment_method: '01', requires_invoice: true, confirmed_by: 'technician-7' })
      expectStatus('its payment', confirmed, 200, { status: 'paid_invoice_pending', document: 'link', self_invoice: { url: /\/autofactura\// } })
      const { url, expires_at: until } = story.keep('selfInvoice', { sale: sale.body.id, ...confirmed.body.self_invoice })
      return [`${sale.body.ticket}: ${money(58000, 'MXN')}, good until ${until.slice(0, 10)}`, url]
    }
  },
  {
    name: 'The buyer’s page tells what is wrong while they type, makes the invoice, and gives its PDF and XML',
    async run (story) {
      const { url, sale: id } = story.get('selfInvoice')
      const wrong = await ask(`${url}/check`, form({ ...typed, use: 'D01' }))
      expect('a use that is not for the regime', wrong.body.problems, [{ field: 'use', code: 'CFDI40161', level: 'error' }])
      expectStatus('the form', await ask(url, form(typed)), 303)
      const sale = await saleIs(story, id, { status: 'paid_invoiced', document: 'invoiced', invoice: /^inv_/ })
      expectStatus('the page', await ask(url, { headers: { 'accept-language': 'es' } }), 200, /Su factura está lista/)
      const pdf = await fetch(`${url}/pdf`)
      const bytes = Buffer.from(await pdf.arrayBuffer())
      expect('the PDF', [pdf.status, bytes.subarray(0, 5).toString()], [200, '%PDF-'])
      expectStatus('the XML', await ask(`${url}/xml`), 200, /Rfc="IVD920810GU2" Nombre="INNOVACION VALOR Y DESARROLLO"/)
      const second = await story.get('shop').post(`/v1/sales/${id}/invoice`, { customer })
      expectStatus('a second one', second, 409, { code: 'sale_invoiced' })
      const { body: invoice } = await story.get('shop').get(`/v1/invoices/${sale.invoice}`)
      const file = path.join(story.instance.dataDir, '..', `pasarela-demo-${invoice.series}${invoice.number}.pdf`)
      writeFileSync(file, bytes)
      return [`${wrong.body.problems[0].message}`, `${invoice.series}${invoice.number} · ${invoice.fiscal_id} · ${invoice.totals.total} ${invoice.currency}`, `PDF: ${file}`]
    }
  },
  {
    name: 'Tickets whose buyers want none: the global invoice of their month, one concept for each',
    async run (story) {
      const shop = story.get('shop')
      const now = new Date()
      const soldAt = new Date(Date.UTC(now.getUTCFullYear(), now.getUTCMonth() - 1, 15, 18)).toISOString()
      const tickets = []
      for (const amount of [9900, 25000, 34999]) {
        const sale = await shop.post('/v1/sales', { issuer: story.get('issuer'), amount, tenders: [{ form: '01' }], requires_invoice: false, sold_at: soldAt })
        expectStatus('the ticket', sale, 201, { status: 'paid_global_pending', global_invoice_date: /^\d{4}-\d\d-01$/ })
        tickets.push(sale.body)
      }
      const made = await shop.post('/v1/global_invoices', { issuer: story.get('issuer'), period: { day: soldAt.slice(0, 10) } })
      expectStatus('the global invoice', made, 201, { data: [{ tickets: 3, total: '698.99' }] })
      const global = await eventually('it is stamped', async () => (await shop.get(`/v1/global_invoices/${made.body.data[0].id}`)).body, { status: 'issued', invoice: /^inv_/ }, 60_000)
      const { body: invoice } = await shop.get(`/v1/invoices/${global.invoice}`)
      expect('its document', invoice, { kind: 'global_invoice', status: 'issued', customer: { tax_id: 'XAXX010101000' }, lines: tickets.map(({ ticket }) => ({ sku: ticket })), totals: { total: '698.99' } })
      for (const { id } of tickets) expectStatus('each sale points at it', await shop.get(`/v1/sales/${id}`), 200, { status: 'paid_in_global', global_invoice: global.id })
      story.keep('global', { id: global.id, invoice: global.invoice, sale: tickets[1].id })
      return [`${global.period.from} to ${global.period.to}: ${tickets.map(({ ticket, amount }) => `${ticket} ${money(amount, 'MXN')}`).join(', ')}`, `${invoice.series}${invoice.number} · ${invoice.fiscal_id} · ${global.total} ${global.currency}`]
    }
  },
  {
    name: 'One of those buyers comes back for an invoice: the global one is cancelled (motive 04), replaced by one without that ticket, and theirs is made',
    async run (story) {
      const shop = story.get('shop')
      const before = story.get('global')
      const asked = await shop.post(`/v1/sales/${before.sale}/invoice`, { customer })
      expectStatus('the request', asked, 200, { status: 'paid_invoice_pending', document: 'leaving_global' })
      const sale = await saleIs(story, before.sale, { status: 'paid_invoiced', global_invoice: null })
      const global = await eventually('the global invoice is replaced', async () => (await shop.get(`/v1/global_invoices/${before.id}`)).body, { status: 'issued', tickets: 2, total: '448.99', former_invoices: [before.invoice] }, 60_000)
      expectStatus('the former one', await shop.get(`/v1/invoices/${before.invoice}`), 200, { status: 'canceled', cancellation: { motive: '04' } })
      const [own, rest] = await Promise.all([sale.invoice, global.invoice].map(async id => (await shop.get(`/v1/invoices/${id}`)).body))
      expect('theirs', own, { status: 'issued', customer: { tax_id: customer.tax_id }, totals: { total: '250.00' } })
      return [`theirs: ${own.series}${own.number} · ${own.fiscal_id} · ${own.totals.total} ${own.currency}`, `the others: ${rest.series}${rest.number} · ${rest.fiscal_id} · ${rest.totals.total} ${rest.currency}`]
    }
  }
]
