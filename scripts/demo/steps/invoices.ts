import { createPrivateKey } from 'node:crypto'
import { writeFileSync } from 'node:fs'
import path from 'node:path'
import { makeCsd } from '../../../test/support/csd.ts'
import { eventually, expect, expectStatus } from '../expect.ts'
import type { Step, Story } from '../story.ts'

const rfc = 'EKU9003173C9'

const line = { description: 'Hospedaje, dos noches', quantity: '2', unit_price: '1000.00', taxes: [{ type: 'IVA', rate: '0.16' }], mx: { product_key: '90111800', unit_key: 'E48' } }
const customer = { name: 'INNOVACION VALOR Y DESARROLLO', tax_id: 'IVD920810GU2', address: { postal_code: '63901' }, email: 'cliente@example.com', mx: { regime: '601', cfdi_use: 'G03' } }

async function issued (story: Story, body: object) {
  const made = await story.get('shop').post('/v1/invoices', { country: 'MX', currency: 'MXN', customer, lines: [line], ...body })
  expectStatus('the invoice', made, 201, { status: 'queued' })
  return await eventually('it is stamped', async () => (await story.get('shop').get(`/v1/invoices/${made.body.id}`)).body, { status: 'issued', fiscal_id: /^[0-9A-F-]{36}$/ })
}

export const invoices: Step[] = [
  {
    name: 'The shop’s issuer: its fiscal identity and its series',
    async run (story) {
      const shop = story.get('shop')
      const issuer = await shop.post('/v1/issuers', { country: 'MX', tax_id: rfc, legal_name: 'ESCUELA KEMPER URGATE', regime: '601', postal_code: '42501', colour: '#1f6f5f', ticket_footer: 'Gracias por su visita' })
      expectStatus('the issuer', issuer, 201, { tax_id: rfc })
      for (const [document, prefix] of [['invoice', 'F'], ['credit_note', 'NC'], ['payment_receipt', 'P']]) expectStatus(`series ${prefix}`, await shop.post('/v1/series', { issuer: issuer.body.id, document, prefix }), 201, { active: true })
      story.keep('issuer', issuer.body.id)
      return [`${issuer.body.id}: ${rfc}, series F, NC, P`]
    }
  },
  {
    name: 'A certificate of the SAT’s shape is looked at before it is kept; a wrong passphrase is told',
    async run (story) {
      const shop = story.get('shop')
      const csd = makeCsd({ rfc, name: 'ESCUELA KEMPER URGATE SA DE CV' })
      const files = { cer: csd.cer.toString('base64'), key: csd.key.toString('base64'), issuer: story.get('issuer') }
      const wrong = await shop.post('/v1/certificates', { ...files, passphrase: 'not this one', dry_run: true })
      expectStatus('the report of a wrong passphrase', wrong, 200, { report: { ok: false } })
      const kept = await shop.post('/v1/certificates', { ...files, passphrase: csd.passphrase })
      expectStatus('the certificate', kept, 201, { status: 'active', report: { ok: true, kind: 'csd', number: csd.noCertificado } })
      expect('no key comes back', JSON.stringify(kept.body).includes(String(createPrivateKey({ key: csd.key, format: 'der', type: 'pkcs8', passphrase: csd.passphrase }).export({ type: 'pkcs8', format: 'pem' })).slice(60, 120)), false)
      return [`${kept.body.id}: ${csd.noCertificado}, ${kept.body.report.days_left} days left; wrong: ${wrong.body.report.checks.find(({ ok }: { ok: boolean }) => !ok).detail}`]
    }
  },
  {
    name: 'It connects its own PAC, and the SAT’s public register',
    async run (story) {
      const shop = story.get('shop')
      const pac = await shop.post('/v1/connections', { provider: 'finkok', mode: 'test', credentials: { username: 'demo@pasarela.example', password: 'Finkok-demo-1' } })
      expectStatus('the PAC', pac, 201)
      expectStatus('its test', await shop.post(`/v1/connections/${pac.body.id}/test`, {}), 200, { ok: true })
      expectStatus('the SAT', await shop.post('/v1/connections', { provider: 'sat_status', mode: 'test', credentials: {} }), 201)
      return [`${pac.body.id}: Finkok (simulated)`]
    }
  },
  {
    name: 'Every broken rule is told with its official code, before a stamp is spent',
    async run (story) {
      const answer = await story.get('shop').post('/v1/invoices/validate', { country: 'MX', currency: 'MXN', customer: { ...customer, mx: { regime: '601', cfdi_use: 'D01' } }, lines: [line], payment: { method: 'PPD', form: '03' } })
      expectStatus('the findings', answer, 200, { ok: false })
      const codes = answer.body.errors.map(({ code, path }: { code: string, path: string }) => `${code} at ${path}`)
      expect('the codes', codes.join(), /CFDI40105.*|CFDI40161.*/)
      return codes
    }
  },
  {
    name: 'The invoice of the first payment is sealed here, stamped by the PAC, and printed',
    async run (story) {
      const shop = story.get('shop')
      const invoice = await issued(story, { payment_id: story.get('payment'), payment: { method: 'PUE', form: '04' } })
      const { status, body: bytes } = await shop.bytes(`/v1/invoices/${invoice.id}/pdf`)
      const file = path.join(story.instance.dataDir, '..', `pasarela-demo-${invoice.series}${invoice.number}.pdf`)
      expect('the PDF', [status, bytes.subarray(0, 5).toString()], [200, '%PDF-'])
      writeFileSync(file, bytes)
      return [`${invoice.series}${invoice.number} · ${invoice.fiscal_id} · ${invoice.totals.total} ${invoice.currency}`, `PDF: ${file}`]
    }
  },
  {
    name: 'An invoice that is paid later: its payment has a receipt (complemento de pago)',
    async run (story) {
      const shop = story.get('shop')
      const invoice = await issued(story, { payment: { method: 'PPD', form: '99' } })
      const paid = await shop.post(`/v1/invoices/${invoice.id}/payments`, { amount: '1000.00', form: '03' })
      expectStatus('the receipt', paid, 201, { kind: 'payment_receipt', about: invoice.id })
      const receipt = await eventually('it is stamped', async () => (await shop.get(`/v1/invoices/${paid.body.id}`)).body, { status: 'issued' })
      expectStatus('what is left', await shop.get(`/v1/invoices/${invoice.id}`), 200, { payment_status: 'partly_paid', amount_due: '1320.00' })
      return [`${invoice.series}${invoice.number}: 1,000.00 of 2,320.00 paid, receipt ${receipt.series}${receipt.number} ${receipt.fiscal_id}`]
    }
  },
  {
    name: 'A cancellation: asked for with motive 02, and cancelled only when the SAT says so',
    async run (story) {
      const shop = story.get('shop')
      const invoice = await issued(story, { payment: { method: 'PUE', form: '01' } })
      const asked = await shop.post(`/v1/invoices/${invoice.id}/cancel`, { motive: '02' })
      expectStatus('the request', asked, 200, { status: 'issued' })
      const requested = await eventually('it is requested, not cancelled', async () => (await shop.get(`/v1/invoices/${invoice.id}`)).body, { status: /cancel/ })
      const canceled = await eventually('the register says cancelled', async () => (await shop.get(`/v1/invoices/${invoice.id}`)).body, { status: 'canceled', cancellation: { motive: '02', canceled_at: /T/ } }, 60_000)
      return [`${invoice.fiscal_id}: ${requested.status} → ${canceled.status}`]
    }
  }
]
