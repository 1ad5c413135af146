import t, { type Test } from 'tap'
import { ecShop, ecuador } from '../../test/support/ecuador.ts'
import { fiscalShop, refusal } from '../../test/support/fiscal-shop.ts'
import type { TestHub, TestTenant } from '../../test/support/hub.ts'
import { country } from '../../test/support/mexico.ts'
import { company, spain } from '../../test/support/spain.ts'
import { cancelInvoice } from './cancel.ts'
import type { NewInvoice } from './schema.ts'
import * as service from './service.ts'

/** What a shop that sells in three countries sends: `country` says where, who buys is who they are there, and each law finds its own part. */
const body = (where: 'MX' | 'EC' | 'ES'): NewInvoice => ({
  country: where,
  customer: {
    ...{ MX: { name: 'INNOVACION VALOR Y DESARROLLO', tax_id: 'IVD920810GU2' }, EC: { name: 'Comercial Andina & Hijos', tax_id: '1790011674001' }, ES: { name: 'Ayuntamiento de Madrid', tax_id: 'P2807900B' } }[where],
    address: { street: 'Calle 1', city: 'Centro', postal_code: { MX: '63901', EC: '170150', ES: '28005' }[where] },
    email: 'compras@example.com',
    mx: { regime: '601', cfdi_use: 'G01' },
    es: { dir3: { accounting_office: 'L01280796', managing_body: 'LA0007407', processing_unit: 'LA0007408' } }
  },
  lines: [
    { description: 'Curso & más', quantity: '3', unit_price: '33.33', discount: '9.99', sku: 'C-1', taxes: [{ type: 'IVA', rate: '0' }], mx: { product_key: '86121600', unit_key: 'E48' }, ec: { auxiliary_code: 'A1' }, es: { information: 'octubre' } }
  ],
  // Cash has the same key in all three.
  payment: { method: 'PUE', form: '01' },
  currency: { MX: 'MXN', EC: 'USD', ES: 'EUR' }[where],
  mx: { export: '01' },
  ec: { additional_info: [{ name: 'Mesa', value: '4' }] },
  es: { file_reference: 'EXP-1' },
  reference: 'order 1',
  metadata: { channel: 'web' }
})

const places: Record<'MX' | 'EC' | 'ES', (t: Test) => Promise<{ here: TestHub, mine: TestTenant }>> = {
  MX: async t => {
    const here = await country(t)
    return { here, mine: await fiscalShop(here) }
  },
  EC: async t => {
    const here = await ecuador(t)
    return { here, mine: await ecShop(here) }
  },
  ES: async t => {
    const here = await spain(t)
    return { here, mine: await company(here) }
  }
}

for (const where of ['MX', 'EC', 'ES'] as const) {
  t.test(`one body, one way: ${where}`, async t => {
    const { here: { hub, work, advance }, mine: { access } } = await places[where](t)
    const settled = async (id: string) => {
      await work()
      for (let round = 0; round < 6 && (await service.getInvoice(hub, access, id)).status !== 'issued'; round++) {
        advance(60_000)
        await work()
      }
      return await service.getInvoice(hub, access, id)
    }
    t.match(await service.validateInvoice(hub, access, body(where)), { ok: true, errors: [], totals: { subtotal: '99.99', discount: '9.99', taxes: '0.00', withheld: '0.00', total: '90.00' } })
    const wrong = await service.validateInvoice(hub, access, { ...body(where), payment: { form: 'toString' } })
    t.match(wrong, { ok: false, errors: [{ path: 'payment.form', code: { MX: /^CFDI/, EC: /^EC-/, ES: /^ES-FACTURAE-/ }[where] }] }, 'the authority’s code, and the same place')
    t.match(await refusal(service.createInvoice(hub, access, { ...body(where), payment: { form: 'toString' } }, null)), { code: 'invoice_invalid', errors: [{ path: 'payment.form' }] })

    const { id } = await service.createInvoice(hub, access, body(where), null)
    const invoice = await settled(id)
    t.match(invoice, { status: 'issued', country: where, fiscal_id: /./, totals: { total: '90.00' }, reference: 'order 1', metadata: { channel: 'web' } })
    t.match((await service.invoiceXml(hub, access, id)).bytes.toString(), /^<\?xml.*(Signature|Sello)/s)
    t.equal((await service.invoicePdf(hub, access, id, {})).bytes.subarray(0, 5).toString(), '%PDF-')

    const note = await service.createCreditNote(hub, access, id, { lines: [{ ...body(where).lines[0]!, quantity: '1', discount: '3.33' }], reason: 'Una menos' }, null)
    t.match(await settled(note.id), { status: 'issued', kind: 'credit_note', about: id, totals: { total: '30.00' } })
    t.match(await refusal(service.createCreditNote(hub, access, id, {}, null)), { errors: [{ path: 'lines' }] }, 'no more than there is')

    const cancelled = await cancelInvoice(hub, access, note.id, { motive: { MX: '02', EC: '02', ES: 'error' }[where] }, null).then(() => undefined, (error: unknown) => error)
    if (where === 'EC') t.match(cancelled, { code: 'capability_not_supported', detail: { es: /nota de crédito/ } }, 'where the law has none, it says what to do instead')
    else t.equal(cancelled, undefined)
    t.match(await refusal(cancelInvoice(hub, access, id, { motive: 'nothing such' }, null)), where === 'EC' ? { code: 'capability_not_supported' } : { errors: [{ path: 'motive' }] })
  })
}
