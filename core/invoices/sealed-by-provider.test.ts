import { writeFileSync } from 'node:fs'
import path from 'node:path'
import t from 'tap'
import { csd, issuerRfc } from '../../test/support/cfdi.ts'
import { card } from '../../test/support/app.ts'
import { temporaryFolder } from '../../test/support/folder.ts'
import { dump, leaks } from '../../test/support/leaks.ts'
import { order } from '../../test/support/mexico.ts'
import { sealingCountry, sealingShop } from '../../test/support/sealing.ts'
import { uploadToProvider } from '../certificates/export.ts'
import { deleteConnection } from '../connections/service.ts'
import { loadSealed } from '../connections/open.ts'
import { inTenant } from '../db/in-tenant.ts'
import { HubError } from '../errors.ts'
import { ask, oracle, oracleData } from '../fiscal/mx/fixtures/oracle.ts'
import { verifyCfdi } from '../fiscal/mx/verify.ts'
import { uuidOf } from '../ids.ts'
import { createPayment } from '../payments/service.ts'
import { cancelInvoice } from './cancel.ts'
import { processDocument } from './inbound.ts'
import { payInvoice } from './pay.ts'
import type { NewInvoice } from './schema.ts'
import * as service from './service.ts'

const hour = 3600_000

const codeOf = async (promise: Promise<unknown>): Promise<string> => await promise.then(() => 'went through', (error: unknown) => {
  if (error instanceof HubError) return error.code
  throw error
})

for (const provider of ['facturama', 'gigstack'] as const) {
  t.test(`${provider}: sealed by the provider, from the upload of the certificate to the cancellation`, async t => {
    const here = await sealingCountry(t)
    const { hub, work, advance, world, database } = here
    const simulator = here[provider]
    const mine = await sealingShop(here, provider, { settings: provider === 'gigstack' ? { payment_receipts: true } : { ask_sat: false } })
    const { access } = mine
    const stamps = (number: string) => simulator.effects(`${issuerRfc}-A-${number}`).stamps
    const until = async (id: string, ...statuses: string[]) => {
      let found = await service.getInvoice(hub, access, id)
      for (let round = 0; round < 10 && !statuses.includes(found.status); round++) {
        advance(45_000)
        await work()
        found = await service.getInvoice(hub, access, id)
      }
      return found
    }
    const issue = async (changes: Partial<NewInvoice> = {}) => {
      const made = await service.createInvoice(hub, access, order(changes), null)
      await work()
      return await until(made.id, 'issued')
    }
    let files = 0
    const folder = temporaryFolder(t)
    const verified = async (id: string) => {
      const { bytes } = await service.invoiceXml(hub, access, id)
      t.same(verifyCfdi(bytes).checks.filter(({ ok }) => !ok), [], 'its seals hold')
      writeFileSync(path.join(folder, `${++files}.xml`), bytes)
      return bytes
    }

    const first = await service.createInvoice(hub, access, order({ reference: 'order 1' }), null)
    await t.test('without the certificate at the provider it waits, and is not rejected', async t => {
      await work()
      t.match(await service.getInvoice(hub, access, first.id), { status: 'signed', fiscal_id: null })
      t.equal(stamps('1'), 0)
    })

    await t.test('the certificate is handed over by consent, on record, and nothing of the key is kept of the call', async t => {
      t.equal(await codeOf(uploadToProvider(hub, { ...access, mode: 'live' }, mine.certificate, { connection: mine.pac, accept: true })), 'not_found')
      const uploaded = await uploadToProvider(hub, access, mine.certificate, { connection: mine.pac, accept: true })
      t.match(uploaded, { object: 'certificate_upload', certificate: mine.certificate, connection: mine.pac, provider, number: csd.noCertificado, operation: /^op_/ })
      t.match(await uploadToProvider(hub, access, mine.certificate, { connection: mine.pac, accept: true }), { number: csd.noCertificado }, 'again replaces it')
      const [audit, uses] = await inTenant(hub.db, access.tenantId, async db => [
        await db.selectFrom('audit_log').select('action').where('subject_id', '=', mine.certificate).orderBy('id').execute(),
        await db.selectFrom('certificate_uses').select(['purpose', 'subject_id']).execute()
      ])
      t.same(audit.map(({ action }) => action).slice(1), ['certificate.consent_given', 'certificate.exported', 'certificate.uploaded', 'certificate.exported', 'certificate.uploaded'])
      t.same(uses, [{ purpose: 'export', subject_id: mine.pac }, { purpose: 'export', subject_id: mine.pac }])
      const places = [...await dump(database.superUrl), { where: 'the log', text: here.logged() }]
      t.same(leaks(csd.passphrase, places), [])
      for (const encoding of ['latin1', 'base64', 'hex'] as const) t.same(leaks(csd.key.subarray(402, 432).toString(encoding), places), [], encoding)
    })

    await t.test('then it is issued, and its bytes are those that were stamped', async t => {
      const issued = await until(first.id, 'issued')
      t.match(issued, { status: 'issued', provider, series: 'A', number: '1', fiscal_id: /^[0-9A-F-]{36}$/, totals: { total: '2320.00' }, documents: [{ kind: 'xml' }] })
      t.ok((await verified(first.id)).equals(Buffer.from(world.find(issued.fiscal_id!)!.xml)))
      t.equal(stamps('1'), 1)
    })

    await t.test('the socket is cut around the stamp: one stamp, no gap', async t => {
      for (const kind of ['refuse_connection', 'cut_before', 'cut_after', 'cut_mid_body', 'garbage', 'error_500', 'error_500_before', 'rate_limit'] as const) {
        simulator.inject({ kind, method: 'POST' })
        const made = await service.createInvoice(hub, access, order(), null)
        await work()
        const found = await until(made.id, 'issued')
        t.equal(found.status, 'issued', kind)
        t.equal(stamps(found.number!), 1, `${kind}: stamped once`)
        simulator.clearFaults()
      }
    })

    await t.test('in other ways: discounts of lines, exempt and withheld taxes, an invoice in dollars', async t => {
      const line = order().lines[0]!
      const changes: Partial<NewInvoice>[] = [
        { lines: [{ ...line, taxes: [{ type: 'IVA', rate: '0', exempt: true }] }, { ...line, quantity: '3', unit_price: '33.33', taxes: [{ type: 'IVA', rate: '0.16' }, { type: 'ISR', rate: '0.10', withheld: true }, { type: 'IVA', rate: '0.106667', withheld: true }] }] },
        { currency: 'USD', exchange_rate: '18.7301' },
        { customer: { name: 'PUBLICO EN GENERAL', tax_id: 'XAXX010101000', mx: { cfdi_use: 'S01' } }, kind: 'global_invoice', mx: { global: { periodicity: '04', months: String(hub.now().getMonth() + 1).padStart(2, '0'), year: hub.now().getFullYear() } }, lines: [{ ...line, sku: 'T-1', mx: { product_key: '01010101', unit_key: 'ACT' } }] },
        ...(provider === 'facturama' ? [{ lines: [{ ...line, discount: '100.00' }] }] : [])
      ]
      for (const change of changes) {
        const issued = await issue(change)
        t.match(issued, { status: 'issued', review: null }, JSON.stringify(issued.authority_messages))
        await verified(issued.id)
      }
    })

    await t.test('what the provider cannot say is rejected before anything is stamped', async t => {
      const before = world.ledger().length
      const made = await service.createInvoice(hub, access, order({ local_taxes: [{ name: 'ISH', rate: '0.03', amount: '60.00' }] }), null)
      await work()
      t.match(await service.getInvoice(hub, access, made.id), { status: 'rejected', authority_messages: [{ code: 'unsupported', message: /impuestos locales/ }] })
      t.equal(world.ledger().length, before)
    })

    await t.test('a credit note, and the payments of a PPD invoice', async t => {
      const invoice = await issue({ payment: { method: 'PPD', form: '99' } })
      const note = await service.createCreditNote(hub, access, (await issue()).id, { lines: [{ ...order().lines[0]!, quantity: '1' }] }, null)
      await work()
      t.match(await until(note.id, 'issued'), { status: 'issued', review: null, series: 'NC' })
      await verified(note.id)
      const receipt = await payInvoice(hub, access, invoice.id, { amount: '1000.00', form: '03' }, null)
      await work()
      const paid = await until(receipt.id, 'issued')
      t.match(paid, { status: 'issued', review: null, kind: 'payment_receipt', series: 'P' }, JSON.stringify(paid.authority_messages))
      t.match(String(await verified(receipt.id)), /TipoDeComprobante="P".*ImpSaldoAnt="2320.00".*ImpPagado="1000.00".*ImpSaldoInsoluto="1320.00"/s)
    })

    await t.test('cancelled when the SAT says so, and not when the provider does', async t => {
      const { id, fiscal_id: fiscalId, number } = await issue()
      await cancelInvoice(hub, access, id, { motive: '02' }, null)
      await work()
      t.equal((await service.getInvoice(hub, access, id)).status, 'cancel_requested', 'the provider says that it is cancelled already')
      advance(20 * 60_000)
      await work()
      t.equal((await service.getInvoice(hub, access, id)).status, 'cancel_requested')
      for (let round = 0; round < 8 && (await service.getInvoice(hub, access, id)).status !== 'canceled'; round++) {
        advance(hour)
        await work()
      }
      t.match(await service.getInvoice(hub, access, id), { status: 'canceled', cancellation: { motive: '02' } })
      t.equal(world.status({ re: issuerRfc, rr: 'IVD920810GU2', tt: '2320.00', id: fiscalId! }).Estado, 'Cancelado')
      t.equal(simulator.effects(`${issuerRfc}-A-${number}`).cancellations, 1)
      simulator.inject({ kind: 'cut_after', method: 'DELETE' })
      const lost = await issue()
      await cancelInvoice(hub, access, lost.id, { motive: '03' }, null)
      await work()
      for (let round = 0; round < 8 && (await service.getInvoice(hub, access, lost.id)).status !== 'canceled'; round++) {
        advance(hour)
        await work()
      }
      t.equal((await service.getInvoice(hub, access, lost.id)).status, 'canceled')
      t.equal(simulator.effects(`${issuerRfc}-A-${lost.number}`).cancellations, 1, 'asked for once')
    })

    await t.test('xmllint: every document is valid by the SAT’s schemas', oracle('xmllint'), async () => {
      const schema = path.join(folder, 'all.xsd')
      const namespaces: [string, string][] = [['http://www.sat.gob.mx/cfd/4', 'cfd/4/cfdv40.xsd'], ['http://www.sat.gob.mx/Pagos20', 'cfd/Pagos/Pagos20.xsd'], ['http://www.sat.gob.mx/TimbreFiscalDigital', 'cfd/TimbreFiscalDigital/TimbreFiscalDigitalv11.xsd']]
      writeFileSync(schema, `<xs:schema xmlns:xs="http://www.w3.org/2001/XMLSchema">${namespaces.map(([namespace, file]) => `<xs:import namespace="${namespace}" schemaLocation="${oracleData('cfdi/sat-xml/www.sat.gob.mx/sitio_internet', file)}"/>`).join('')}</xs:schema>`)
      ask('xmllint', ['--noout', '--nonet', '--schema', schema, ...Array.from({ length: files }, (_, index) => path.join(folder, `${index + 1}.xml`))])
    })
  })
}

t.test('facturama: without the register’s own connection the SAT is asked through Facturama', async t => {
  const here = await sealingCountry(t)
  const { hub, work, advance } = here
  const { access, certificate, pac } = await sealingShop(here, 'facturama', { register: false })
  await uploadToProvider(hub, access, certificate, { connection: pac, accept: true })
  const { id } = await service.createInvoice(hub, access, order(), null)
  await work()
  await cancelInvoice(hub, access, id, { motive: '02' }, null)
  await work()
  t.equal((await service.getInvoice(hub, access, id)).status, 'cancel_requested')
  for (let round = 0; round < 8 && (await service.getInvoice(hub, access, id)).status !== 'canceled'; round++) {
    advance(hour)
    await work()
  }
  t.equal((await service.getInvoice(hub, access, id)).status, 'canceled')
})

t.test('a charge that Gigstack invoices by itself is linked, and never invoiced again', async t => {
  const here = await sealingCountry(t)
  const { hub, work, gigstack, world } = here
  const mine = await sealingShop(here, 'gigstack', { settings: { invoices_charges_of: 'stripe' } })
  const { access } = mine
  await uploadToProvider(hub, access, mine.certificate, { connection: mine.pac, accept: true })
  await mine.connect()
  const pay = async () => await createPayment(hub, access, { amount: 232_000, currency: 'MXN', method: card('pm_card_visa') }, null)
  const payment = await pay()
  t.equal(payment.status, 'succeeded')
  const draft = await service.createInvoice(hub, access, { ...order(), draft: true }, null)
  t.equal(await codeOf(service.createInvoice(hub, access, order({ payment_id: payment.id }), null)), 'invoiced_elsewhere')
  t.equal(await codeOf(service.changeInvoice(hub, access, draft.id, order({ payment_id: payment.id }))), 'invoiced_elsewhere')

  const charge = async (paymentIntent: string) => await gigstack.stripeCharge(mine.credentials.api_key!, {
    paymentIntent, use: 'G03', client: { legal_name: 'INNOVACION VALOR Y DESARROLLO', name: 'Innovación', tax_id: 'IVD920810GU2', tax_system: '601', address: { zip: '63901' } },
    items: [{ description: 'Curso', quantity: 2, unit_price: 1000, product_key: '86121600', unit_key: 'E48', taxability: '02', taxes: [{ type: 'IVA', rate: 0.16, factor: 'Tasa', withholding: false, inclusive: false }] }]
  })
  const hear = async (uuid: string) => {
    const sealed = await inTenant(hub.db, access.tenantId, async db => (await loadSealed(db, uuidOf('connection', mine.pac)))!)
    return await processDocument(hub, sealed, { type: 'document', providerReference: uuid.toLowerCase() })
  }
  const uuid = await charge(payment.provider_reference!)
  t.match(await hear(uuid), { status: 'processed', subjectType: 'invoice' })
  t.match(await hear(uuid), { status: 'processed' }, 'told again')
  const { data: [linked, ...others] } = await service.listInvoices(hub, access, { payment_id: payment.id })
  t.same(others, [])
  t.match(linked, { status: 'issued', provider: 'gigstack', fiscal_id: uuid, payment_id: payment.id, totals: { total: '2320.00' }, customer: { tax_id: 'IVD920810GU2' } })
  t.same((await service.invoiceXml(hub, access, linked!.id)).bytes, Buffer.from(world.find(uuid)!.xml))
  t.equal((await service.invoicePdf(hub, access, linked!.id, {})).bytes.subarray(0, 5).toString(), '%PDF-')
  t.match(await hear(await charge('pi_of_somebody_else')), { status: 'unmatched' }, 'a payment that is none of ours')
  await work()
  t.equal(world.ledger().length, 2, 'nothing was stamped twice')

  await deleteConnection(hub, access, mine.pac)
  t.match(await service.createInvoice(hub, access, { ...order({ payment_id: (await pay()).id }), draft: true }, null), { status: 'draft' }, 'without that connection it is ours again')
})
