import t from 'tap'
import { sealingCountry, sealingShop } from '../../test/support/sealing.ts'
import { uploadToProvider } from '../certificates/export.ts'
import { loadSealed } from '../connections/open.ts'
import { inTenant } from '../db/in-tenant.ts'
import { uuidOf } from '../ids.ts'
import { processDocument } from '../invoices/inbound.ts'
import { getInvoice } from '../invoices/service.ts'
import * as service from './service.ts'

const line = { description: 'Lavado', quantity: '1', unit_price: '100.00', taxes: [{ type: 'IVA', rate: '0.16' }], mx: { product_key: '76111501', unit_key: 'E48' } }

t.test('with Gigstack connected its own link is given, and its own global invoice takes what nobody invoices', async t => {
  const here = await sealingCountry(t)
  const { hub, work, gigstack, world, advance } = here
  const mine = await sealingShop(here, 'gigstack')
  const { access } = mine
  await uploadToProvider(hub, access, mine.certificate, { connection: mine.pac, accept: true })
  const sell = async (requiresInvoice: boolean) => await service.createSale(hub, access, { lines: [line], tenders: [{ form: '01' }], requires_invoice: requiresInvoice }, null)

  const wanted = await sell(true)
  t.match(wanted, { status: 'paid_invoice_pending', document: 'link', self_invoice: { url: String } })
  t.ok(wanted.self_invoice!.url.startsWith(gigstack.url))
  t.equal(gigstack.receiptsOf(wanted.id), 1)
  const uuid = await gigstack.selfInvoice(wanted.self_invoice!.url, { legal_name: 'INNOVACION VALOR Y DESARROLLO', name: 'Innovación', tax_id: 'IVD920810GU2', tax_system: '601', address: { zip: '63901' }, use: 'G03' })
  const sealed = await inTenant(hub.db, access.tenantId, async db => (await loadSealed(db, uuidOf('connection', mine.pac)))!)
  t.match(await processDocument(hub, sealed, { type: 'document', providerReference: uuid.toLowerCase() }), { status: 'processed', subjectType: 'invoice' })
  await work()
  const done = await service.getSale(hub, access, wanted.id)
  t.match(done, { status: 'paid_invoiced', document: 'invoiced', invoice: /^inv_/ })
  t.match(await getInvoice(hub, access, done.invoice!), { status: 'issued', fiscal_id: uuid, totals: { total: '116.00' } })

  const unwanted = await sell(false)
  t.match(unwanted, { status: 'paid_invoiced_elsewhere', document: 'elsewhere', global_invoice_date: null })
  t.equal(gigstack.receiptsOf(unwanted.id), 1, 'told of it, once')
  const forgotten = await sell(true)
  advance(Date.parse(forgotten.self_invoice!.expires_at) - hub.now().getTime() + 1000)
  await work()
  t.match(await service.getSale(hub, access, forgotten.id), { document: 'elsewhere' })
  advance(40 * 24 * 3600_000)
  await work()
  t.equal(world.ledger().length, 1, 'the hub made no global invoice of its own')
})
