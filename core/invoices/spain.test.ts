import t from 'tap'
import { company, spain } from '../../test/support/spain.ts'
import { localDay } from '../adapter/local-time.ts'
import { changeCertificate, listCertificates } from '../certificates/service.ts'
import { HubError } from '../errors.ts'
import { allAt, readFacturae, textAt } from '../fiscal/es/read.ts'
import { testSigner } from '../fiscal/xades/fixtures/signer.ts'
import { verifyXades } from '../fiscal/xades/verify.ts'
import { cancelInvoice } from './cancel.ts'
import { resolveReview } from './review.ts'
import type { NewInvoice, ResolveInvoiceReview } from './schema.ts'
import * as service from './service.ts'

const day = 24 * 3600_000

const town: NewInvoice['customer'] = {
  name: 'Ayuntamiento de Madrid', tax_id: 'P2807900B', email: 'registro@example.es', address: { street: 'Plaza de la Villa, 4', city: 'Madrid', postal_code: '28005' },
  es: { dir3: { accounting_office: 'L01280796', managing_body: 'LA0007407', processing_unit: 'LA0007408' } }
}

const order = (changes: Partial<NewInvoice> = {}): NewInvoice => ({
  country: 'ES',
  customer: town,
  lines: [{ description: 'Consultoría <y más>', quantity: '10', unit_price: '100.00', taxes: [{ type: 'IVA', rate: '0.21' }, { type: 'IRPF', rate: '0.15', withheld: true }] }],
  payment: { form: '04', due: '2027-01-31' },
  currency: 'EUR',
  es: { file_reference: 'EXP-1' },
  ...changes
})

const pem = (der: Uint8Array): string => `-----BEGIN CERTIFICATE-----\n${Buffer.from(der).toString('base64').replace(/.{64}/g, '$&\n')}\n-----END CERTIFICATE-----\n`

const thrown = async (promise: Promise<unknown>): Promise<HubError> => await promise.then(() => { throw new Error('it went through') }, (error: unknown) => {
  if (error instanceof HubError) return error
  throw error
})

t.test('invoices of Spain', async t => {
  const here = await spain(t)
  const { hub, face, work, advance } = here
  const mine = await company(here)
  const { access } = mine
  const issued = async (body: NewInvoice) => {
    const { id } = await service.createInvoice(hub, access, body, null)
    await work()
    return await service.getInvoice(hub, access, id)
  }

  await t.test('to a public body: signed, registered at FACe, with its PDF', async t => {
    const invoice = await issued(order())
    t.match(invoice, { status: 'issued', series: 'F26-', number: '1', provider: 'facturae', fiscal_id: /^2026\d{8}$/, totals: { subtotal: '1000.00', taxes: '210.00', withheld: '150.00', total: '1060.00' } })
    const { bytes, row } = await service.invoiceXml(hub, access, invoice.id)
    t.equal(row.name, 'B65410011_F26-1.xml')
    t.same((await verifyXades(bytes)).checks.filter(({ ok }) => !ok), [])
    t.same((await verifyXades(bytes)).unchecked, [], 'with its chain')
    t.ok(Buffer.from(face.received(invoice.fiscal_id!)!).equals(bytes), 'the bytes as they were signed')
    t.equal(textAt(allAt(readFacturae(bytes).invoice, 'PaymentDetails', 'Installment')[0], 'AccountToBeCredited', 'IBAN'), 'ES9121000418450200051332', 'the issuer’s account')
    for (const language of ['es', 'en'] as const) t.equal((await service.invoicePdf(hub, access, invoice.id, { size: 'a4', language })).bytes.subarray(0, 5).toString(), '%PDF-')
  })

  await t.test('to a private customer: signed, and nothing is sent', async t => {
    const invoice = await issued(order({ customer: { name: 'María de la Fuente López', tax_id: '93471790C', address: { street: 'Gran Vía, 1', city: 'Bilbao', postal_code: '48001' } }, payment: { form: '19' } }))
    t.match(invoice, { status: 'issued', fiscal_id: 'B654100112F26-', number: '2' })
    const { buyer } = readFacturae((await service.invoiceXml(hub, access, invoice.id)).bytes)
    t.same([textAt(buyer, 'Individual', 'Name'), textAt(buyer, 'Individual', 'FirstSurname'), textAt(buyer, 'Individual', 'SecondSurname')], ['María', 'de la Fuente', 'López'])
    await cancelInvoice(hub, access, invoice.id, { motive: 'error' }, null)
    await work()
    t.match(await service.getInvoice(hub, access, invoice.id), { status: 'cancel_rejected', authority_messages: [{ message: /rectificativa/ }] }, 'it says what to do instead')
  })

  await t.test('broken rules are told with their codes, and nothing is made', async t => {
    const error = await thrown(service.createInvoice(hub, access, order({ customer: { ...town, tax_id: 'P2807900A', es: { dir3: { accounting_office: 'L01280796' } } } }), null))
    t.equal(error.code, 'invoice_invalid')
    t.same(error.errors?.map(({ path, code }) => [path, code]), [['customer.tax_id', 'ES-FACTURAE-CUSTOMER-NIF'], ['customer.es.dir3.managing_body', 'ES-FACTURAE-DIR3'], ['customer.es.dir3.processing_unit', 'ES-FACTURAE-DIR3']])
    t.match(await service.validateInvoice(hub, access, order()), { ok: true, totals: { total: '1060.00' } })
    t.match(await thrown(service.createInvoice(hub, access, order({ lines: [{ ...order().lines[0]!, taxes: [{ type: 'VAT', rate: '0.21' }] }] }), null)), { code: 'invoice_invalid', errors: [{ path: 'lines[0].taxes[0]', code: 'tax_not_supported' }] })
  })

  await t.test('a credit note is a rectificativa by differences, in its own series', async t => {
    const invoice = await issued(order())
    const note = await service.createCreditNote(hub, access, invoice.id, { lines: [{ ...order().lines[0]!, quantity: '1' }], reason: 'Una hora de menos', es: { reason: '83' } }, null)
    await work()
    const made = await service.getInvoice(hub, access, note.id)
    t.match(made, { status: 'issued', kind: 'credit_note', series: 'R26-', number: '1', about: invoice.id, totals: { total: '106.00' } })
    const { invoice: xml } = readFacturae((await service.invoiceXml(hub, access, note.id)).bytes)
    const corrective = (name: string): string => textAt(xml, 'InvoiceHeader', 'Corrective', name)
    t.same(['InvoiceSeriesCode', 'InvoiceNumber', 'ReasonCode', 'CorrectionMethod', 'AdditionalReasonDescription', 'InvoiceIssueDate'].map(corrective), ['F26-', invoice.number, '83', '02', 'Una hora de menos', localDay(hub.now(), 'Europe/Madrid')])
    t.equal(textAt(xml, 'InvoiceTotals', 'InvoiceTotal'), '-106.00')
    t.equal((await service.invoicePdf(hub, access, note.id, {})).bytes.subarray(0, 5).toString(), '%PDF-')
    t.match(await thrown(service.createCreditNote(hub, access, invoice.id, {}, null)), { errors: [{ path: 'lines' }] }, 'no more than there is')
  })

  await t.test('what the public body did with it is told; cancelled when it agrees', async t => {
    const invoice = await issued(order())
    face.decide(invoice.fiscal_id!, '2600', 'Falta el expediente')
    advance(1.1 * day)
    await work()
    t.match(await service.getInvoice(hub, access, invoice.id), { status: 'issued', authority_messages: [{ code: '2600', message: 'Rechazada: Falta el expediente' }] })
    t.same((await here.database.owner.selectFrom('alerts').select(['kind', 'subject_id']).where('tenant_id', '=', mine.tenantId).execute()).filter(({ subject_id: subject }) => subject === invoice.id), [{ kind: 'invoice_rejected', subject_id: invoice.id }])
    face.decide(invoice.fiscal_id!, '1300')
    await cancelInvoice(hub, access, invoice.id, { motive: 'error' }, null)
    await work()
    t.match(await service.getInvoice(hub, access, invoice.id), { status: 'cancel_pending_acceptance' })
    face.decide(invoice.fiscal_id!, '4300')
    advance(day)
    await work()
    t.match(await service.getInvoice(hub, access, invoice.id), { status: 'canceled' })
    t.match(await thrown(cancelInvoice(hub, access, invoice.id, { motive: '02' }, null)), { code: 'invalid_state' })
  })

  await t.test('what FACe refuses is rejected with its code, mended and sent under the same number', async t => {
    const { chain } = testSigner()
    const other = await company(here, { chain: false })
    const refused = await service.createInvoice(hub, other.access, order(), null)
    await work()
    t.match(await service.getInvoice(hub, other.access, refused.id), { status: 'rejected', number: '1', authority_messages: [{ code: 'INVALID_INVOICE-104', message: /cadena/ }] })
    const [certificate] = (await listCertificates(hub, other.access, {})).data
    t.match(certificate!.report.checks.find(({ name }) => name === 'chain'), { ok: false, severity: 'warning', detail: /FACe/ }, 'it was told when it was uploaded')
    await changeCertificate(hub, other.access, certificate!.id, { ca: Buffer.concat(chain!.map(der => Buffer.from(pem(der)))).toString('base64') })
    await service.issueInvoice(hub, other.access, refused.id, null)
    await work()
    t.match(await service.getInvoice(hub, other.access, refused.id), { status: 'issued', number: '1', fiscal_id: /^2026/ }, 'once the CA bundle is there')
  })

  await t.test('the gate: nothing leaves that does not verify, and it is said what is wrong', async t => {
    const other = await company(here, { usage: ['keyEncipherment'] })
    const { id } = await service.createInvoice(hub, other.access, order(), null)
    await work()
    t.match(await service.getInvoice(hub, other.access, id), { status: 'rejected', authority_messages: [{ code: 'signature_refused', message: /no es para firmar/ }] })
    t.equal((await service.listInvoices(hub, other.access, { limit: 10 })).data.length, 1)
  })

  await t.test('nobody is registered at FACe: it waits, and says so', async t => {
    const other = await company(here, { credentials: {} })
    const { id } = await service.createInvoice(hub, other.access, order(), null)
    await work()
    t.match(await service.getInvoice(hub, other.access, id), { status: 'signed', authority_messages: [{ code: 'invalid_credentials', message: /PASARELA_OPERATOR_FILE_FACTURAE/ }] })
  })

  await t.test('an answer that was lost: nobody knows, and nothing is sent twice', async t => {
    face.inject({ kind: 'error_500_before', path: '/v1/invoices' })
    const lost = await issued(order())
    t.equal(lost.status, 'unknown')
    advance(60_000)
    await work()
    t.equal((await service.getInvoice(hub, access, lost.id)).status, 'unknown')
    t.equal(face.effects(`B65410011-F26--${lost.number}`).stamps, 0)
    t.match(await here.database.owner.selectFrom('alerts').select(['kind', 'detail']).where('subject_id', '=', lost.id).execute(), [{ kind: 'invoice_unresolved', detail: { reason: 'nobody_can_be_asked' } }], 'told at once: waiting brings no news')
    for (let days = 0; days < 30; days++) {
      advance(day)
      await work()
    }
    t.equal(face.effects(`B65410011-F26--${lost.number}`).stamps, 0, 'never sent again by itself')

    const resolve = async (body: ResolveInvoiceReview, by = access) => await resolveReview(hub, by, lost.id, body, null)
    t.match(await thrown(resolve({ decision: 'mark_issued', reason: 'está en FACe' })), { errors: [{ path: 'fiscal_id', message: /is needed/ }] })
    t.match(await thrown(resolve({ decision: 'mark_issued', fiscal_id: '202699999999', reason: 'está en FACe' })), { errors: [{ path: 'fiscal_id', message: /not known/ }] }, 'FACe is asked for it')
    t.match(await thrown(resolve({ decision: 'dismiss', reason: 'nada' })), { code: 'invalid_state' })
    const stranger = await here.tenant()
    t.match(await thrown(resolve({ decision: 'mark_rejected', reason: 'no está' }, stranger.access)), { code: 'not_found' })
    await resolve({ decision: 'mark_rejected', reason: 'FACe no la tiene' })
    t.match(await service.getInvoice(hub, access, lost.id), { status: 'rejected', number: lost.number, authority_messages: [{ code: 'marked_rejected', message: 'FACe no la tiene' }] })
    t.match(await thrown(resolve({ decision: 'mark_rejected', reason: 'otra vez' })), { code: 'invalid_state' })
    await service.issueInvoice(hub, access, lost.id, null)
    await work()
    t.match(await service.getInvoice(hub, access, lost.id), { status: 'issued', number: lost.number, fiscal_id: /^2026/ }, 'issued again, under its number')
  })

  await t.test('an answer that was lost, and the invoice is there: the registry number ends it', async t => {
    face.inject({ kind: 'cut_after', path: '/v1/invoices' })
    const lost = await issued(order())
    t.equal(lost.status, 'unknown')
    const earlier = (await service.listInvoices(hub, access, { status: 'issued', limit: 1 })).data[0]!.fiscal_id!
    t.match(await thrown(resolveReview(hub, access, lost.id, { decision: 'mark_issued', fiscal_id: earlier, reason: 'dice FACe' }, null)), { errors: [{ path: 'fiscal_id', message: /another invoice/ }] })
    const registered = face.registryOf(`B65410011-F26--${lost.number}`)!
    face.inject({ kind: 'error_500_before', path: `/v1/invoices/${registered}` })
    t.equal((await thrown(resolveReview(hub, access, lost.id, { decision: 'mark_issued', fiscal_id: registered, reason: 'dice el correo' }, null))).code, 'operation_in_progress', 'no answer to that either: nothing changes')
    await resolveReview(hub, access, lost.id, { decision: 'mark_issued', fiscal_id: registered, reason: 'el correo de FACe lo dice' }, null)
    t.match(await service.getInvoice(hub, access, lost.id), { status: 'issued', fiscal_id: registered })
    t.ok(Buffer.from(face.received(registered)!).equals((await service.invoiceXml(hub, access, lost.id)).bytes))
    t.match(await here.database.owner.selectFrom('audit_log').select(['action', 'detail']).where('subject_id', '=', lost.id).where('action', 'like', 'invoice.review%').execute(), [{ action: 'invoice.review_mark_issued', detail: { reason: 'el correo de FACe lo dice', before: { status: 'unknown' } } }])
    face.decide(registered, '2500')
    advance(1.1 * day)
    await work()
    t.match(await service.getInvoice(hub, access, lost.id), { status: 'issued', authority_messages: [{ code: '2500' }] }, 'and it is followed as any other')
  })

  await t.test('a stranger finds nothing', async t => {
    const [first] = (await service.listInvoices(hub, access, { limit: 1 })).data
    const { access: stranger } = await here.tenant()
    t.match(await thrown(service.invoicePdf(hub, stranger, first!.id, {})), { code: 'not_found' })
  })
})
