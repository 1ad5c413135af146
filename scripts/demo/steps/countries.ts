import { testSigner } from '../../../core/fiscal/xades/fixtures/signer.ts'
import { makeP12, madeKey } from '../../../test/support/csd.ts'
import { makeSriSignature, nights } from '../../../test/support/ecuador.ts'
import { eventually, expectStatus } from '../expect.ts'
import type { Step, Story } from '../story.ts'

interface Country {
  issuer: object
  p12: Buffer
  passphrase: string
  series: object
  provider: string
}

/** What it takes to invoice in a country: an issuer, its certificate, a series, and the way to the authority. */
async function settle (story: Story, { issuer, p12, passphrase, series, provider }: Country): Promise<void> {
  const shop = story.get('shop')
  const made = await shop.post('/v1/issuers', issuer)
  expectStatus('the issuer', made, 201, { id: /^iss_/ })
  expectStatus('the certificate', await shop.post('/v1/certificates', { p12: p12.toString('base64'), passphrase, issuer: made.body.id }), 201, { status: 'active', report: { ok: true } })
  expectStatus('the series', await shop.post('/v1/series', { issuer: made.body.id, document: 'invoice', ...series }), 201, { active: true })
  expectStatus('the connection', await shop.post('/v1/connections', { provider, mode: 'test', credentials: {} }), 201)
}

async function issue (story: Story, body: object, told: object): Promise<any> {
  const shop = story.get('shop')
  const made = await shop.post('/v1/invoices', body)
  expectStatus('the invoice', made, 201, { status: 'queued' })
  const invoice = await eventually('it is issued', async () => (await shop.get(`/v1/invoices/${made.body.id}`)).body, { status: 'issued', ...told })
  for (const form of ['xml', 'pdf']) expectStatus(`its ${form}`, await shop.bytes(`/v1/invoices/${invoice.id}/${form}`) as never, 200)
  return invoice
}

export const countries: Step[] = [
  {
    name: 'Ecuador: a factura signed with the tenant’s .p12, authorised by the SRI',
    async run (story) {
      const { p12, passphrase } = makeSriSignature()
      await settle(story, {
        issuer: { country: 'EC', tax_id: '1792146739001', legal_name: 'HOTEL LOS ÑANDÚES S.A.', address: { street: 'Av. Amazonas N21-147', city: 'Quito' }, branches: [{ code: '001', tills: [{ code: '001' }] }], ec: { keeps_accounting: true } },
        p12, passphrase, series: { branch: '001', till: '001' }, provider: 'sri'
      })
      const invoice = await issue(story, nights(), { fiscal_id: /^\d{49}$/ })
      return [`clave de acceso ${invoice.fiscal_id}: ${invoice.totals.total} USD`]
    }
  },
  {
    name: 'Spain: a Facturae signed with policy v3.1, for a private buyer',
    async run (story) {
      const { certificate, chain } = testSigner()
      await settle(story, {
        issuer: { country: 'ES', tax_id: 'B65410011', legal_name: 'Ejemplo, S.L.', address: { street: 'Calle de la Ñ, 1', city: 'Málaga', postal_code: '29001', country: 'ES' } },
        p12: makeP12({ pairs: [{ key: madeKey('xades leaf xades').privateKey, certificate: certificate as Buffer }], chain: chain as Buffer[], passphrase: 'contraseña' }),
        passphrase: 'contraseña', series: { prefix: 'F26-' }, provider: 'facturae'
      })
      const invoice = await issue(story, {
        country: 'ES', currency: 'EUR', payment: { form: '19' },
        customer: { name: 'María de la Fuente López', tax_id: '93471790C', address: { street: 'Gran Vía, 1', city: 'Bilbao', postal_code: '48001' } },
        lines: [{ description: 'Consultoría', quantity: '10', unit_price: '100.00', taxes: [{ type: 'IVA', rate: '0.21' }] }]
      }, { number: /1$/ })
      return [`${invoice.series ?? ''}${invoice.number}: ${invoice.totals.total} EUR`]
    }
  }
]
