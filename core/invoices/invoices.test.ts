import { randomUUID } from 'node:crypto'
import t from 'tap'
import { issuerRfc } from '../../test/support/cfdi.ts'
import { country, order, shop } from '../../test/support/mexico.ts'
import { inTenant } from '../db/in-tenant.ts'
import { HubError } from '../errors.ts'
import { verifyCfdi } from '../fiscal/mx/verify.ts'
import { publicId } from '../ids.ts'
import { cancelInvoice } from './cancel.ts'
import type { NewInvoice } from './schema.ts'
import { payInvoice } from './pay.ts'
import * as service from './service.ts'

const day = 24 * 3600_000

const thrown = async (promise: Promise<unknown>): Promise<HubError> => await promise.then(() => { throw new Error('it went through') }, (error: unknown) => {
  if (error instanceof HubError) return error
  throw error
})

t.test('an invoice is issued once, whatever happens on the way', async t => {
  const here = await country(t)
  const { hub, finkok, world, work, advance, database } = here
  const mine = await shop(here)
  const { access } = mine
  const stamps = (number: string) => finkok.effects(`${issuerRfc}-A-${number}`).stamps

  await t.test('from an order to a document that verifies', async t => {
    const made = await service.createInvoice(hub, access, order({ reference: 'order 1' }), null)
    t.match(made, { status: 'queued', series: 'A', number: '1', totals: { subtotal: '2000.00', taxes: '320.00', total: '2320.00' }, fiscal_id: null, payment_status: 'unpaid' })
    await work()
    const issued = await service.getInvoice(hub, access, made.id)
    t.match(issued, { status: 'issued', fiscal_id: /^[0-9A-F-]{36}$/, provider: 'finkok', verification_url: /verificacfdi.*id=/, documents: [{ kind: 'xml' }] })
    const { bytes, row } = await service.invoiceXml(hub, access, made.id)
    t.match(row.name, /^EKU9003173C9_A1_/)
    t.same(verifyCfdi(bytes).checks.filter(({ ok }) => !ok), [])
    const pdf = await service.invoicePdf(hub, access, made.id, {})
    t.match(pdf.row, { name: /\.pdf$/, content_type: 'application/pdf' })
    t.equal(pdf.bytes.subarray(0, 5).toString(), '%PDF-')
    t.ok(bytes.equals(Buffer.from(world.find(issued.fiscal_id!)!.xml)), 'the bytes as they were stamped')
    const events = await database.owner.selectFrom('events').select('type').where('tenant_id', '=', mine.tenantId).where('type', 'like', 'invoice.%').orderBy('id').execute()
    t.same(events.map(({ type }) => type), ['invoice.queued', 'invoice.signed', 'invoice.issued'])
    t.equal(stamps('1'), 1)
  })

  await t.test('broken rules are told with their codes, and nothing is made', async t => {
    const before = (await service.listInvoices(hub, access, { limit: 100 })).data.length
    const error = await thrown(service.createInvoice(hub, access, order({ customer: { ...order().customer, mx: { regime: '601', cfdi_use: 'D01' } }, payment: { method: 'PPD', form: '03' } }), null))
    t.equal(error.code, 'invoice_invalid')
    t.same(error.errors?.map(({ path, code }) => [path, code]).sort(), [['customer.mx.cfdi_use', 'CFDI40161'], ['payment.form', 'CFDI40105']])
    t.equal((await service.listInvoices(hub, access, { limit: 100 })).data.length, before)
    t.match(await service.validateInvoice(hub, access, order({ currency: 'MXN', payment: { method: 'PUE', form: '77' } })), { ok: false, errors: [{ code: 'CFDI40104', path: 'payment.form' }] })
    t.match(await service.validateInvoice(hub, access, order()), { ok: true, errors: [], totals: { total: '2320.00' } })
    t.match(await thrown(service.createInvoice(hub, access, order({ lines: [{ ...order().lines[0]!, taxes: [{ type: 'VAT', rate: '0.16' }] }] }), null)), { code: 'invoice_invalid', errors: [{ code: 'tax_not_supported' }] })
    t.match(await thrown(service.createInvoice(hub, access, order({ series: 'ZZ' }), null)), { errors: [{ path: 'series' }] })
    t.match(await thrown(service.createInvoice(hub, access, order({ country: 'ES' }), null)), { errors: [{ path: 'issuer' }] })
  })

  await t.test('the socket is cut around the stamp: one stamp, no gap', async t => {
    const kinds = ['refuse_connection', 'cut_before', 'cut_after', 'cut_mid_body', 'garbage', 'error_500', 'error_500_before', 'rate_limit'] as const
    for (const kind of kinds) {
      finkok.inject({ kind, path: '/stamp' })
      const made = await service.createInvoice(hub, access, order(), null)
      await work()
      let found = await service.getInvoice(hub, access, made.id)
      t.ok(['issued', 'unknown', 'signed'].includes(found.status), `${kind}: ${found.status}`)
      for (let round = 0; round < 6 && found.status !== 'issued'; round++) {
        advance(30_000)
        await work()
        found = await service.getInvoice(hub, access, made.id)
      }
      t.equal(found.status, 'issued', kind)
      t.equal(stamps(found.number!), 1, `${kind}: stamped once`)
    }
    const numbers = (await service.listInvoices(hub, access, { limit: 100 })).data.map(({ number }) => Number(number)).sort((a, b) => a - b)
    t.same(numbers, numbers.map((_, index) => index + 1), 'no number is left out')
  })

  await t.test('many at once: no gap, no repetition, each stamped once', async t => {
    const before = (await service.listInvoices(hub, access, { limit: 100 })).data.length
    const made = await Promise.all(Array.from({ length: 40 }, async () => await service.createInvoice(hub, access, order(), null)))
    await Promise.all([work(), work(), work()])
    advance(60_000)
    await work()
    const all = await Promise.all(made.map(async ({ id }) => await service.getInvoice(hub, access, id)))
    t.same([...new Set(all.map(({ status }) => status))], ['issued'])
    t.same(all.map(({ number }) => Number(number)).sort((a, b) => a - b), Array.from({ length: 40 }, (_, index) => before + index + 1))
    t.ok(all.every(({ number }) => stamps(number!) === 1))
    t.equal(new Set(all.map(({ fiscal_id: id }) => id)).size, 40)
  })

  await t.test('a rejected one keeps its number, is corrected and issued', async t => {
    // What only the PAC's clock sees: it was sealed too long ago by the time it is sent.
    finkok.inject({ kind: 'refuse_connection', path: '/stamp', times: 20 })
    const made = await service.createInvoice(hub, access, order(), null)
    for (let round = 0; round < 5; round++) {
      await work()
      advance(20 * 3600_000)
    }
    finkok.clearFaults()
    await work()
    const rejected = await service.getInvoice(hub, access, made.id)
    t.match(rejected, { status: 'rejected', authority_messages: [{ code: '401' }], number: made.number, fiscal_id: null })
    const changed = await service.changeInvoice(hub, access, made.id, order({ reference: 'again' }))
    t.match(changed, { status: 'rejected', reference: 'again' })
    await service.issueInvoice(hub, access, made.id, null)
    await work()
    t.match(await service.getInvoice(hub, access, made.id), { status: 'issued', number: made.number })
    t.equal(stamps(made.number!), 1)
  })

  await t.test('drafts', async t => {
    const draft = await service.createInvoice(hub, access, { ...order({ payment: { method: 'PUE', form: '77' } }), draft: true }, null)
    t.match(draft, { status: 'draft', number: null })
    await work()
    t.equal((await thrown(service.issueInvoice(hub, access, draft.id, null))).code, 'invoice_invalid')
    await service.changeInvoice(hub, access, draft.id, order())
    t.match(await service.issueInvoice(hub, access, draft.id, null), { status: 'queued', number: /\d/ })
    await work()
    t.equal((await service.getInvoice(hub, access, draft.id)).status, 'issued')
    t.equal((await thrown(service.changeInvoice(hub, access, draft.id, order()))).code, 'invalid_state')
    t.equal((await thrown(service.issueInvoice(hub, access, draft.id, null))).code, 'invalid_state')
  })

  await t.test('another tenant, and the other mode, find nothing', async t => {
    const made = await service.createInvoice(hub, access, order(), null)
    const stranger = (await here.tenant()).access
    for (const other of [stranger, { ...access, mode: 'live' as const }]) {
      for (const call of [service.getInvoice, service.invoiceXml, async (...[a, b, c]: Parameters<typeof service.getInvoice>) => await service.invoicePdf(a, b, c, {})]) t.equal((await thrown(call(hub, other, made.id))).code, 'not_found')
      t.equal((await thrown(service.issueInvoice(hub, other, made.id, null))).code, 'not_found')
      t.equal((await thrown(cancelInvoice(hub, other, made.id, { motive: '02' }, null))).code, 'not_found')
      t.equal((await thrown(service.createCreditNote(hub, other, made.id, {}, null))).code, 'not_found')
      t.equal((await thrown(payInvoice(hub, other, made.id, { form: '03' }, null))).code, 'not_found')
      t.same((await service.listInvoices(hub, other, {})).data, [])
    }
    t.match(await thrown(service.createInvoice(hub, stranger, order({ issuer: mine.issuer }), null)), { errors: [{ path: 'issuer' }] })
    t.match(await thrown(service.createInvoice(hub, access, order({ payment_id: publicId('payment', randomUUID()) }), null)), { errors: [{ path: 'payment_id' }] })
    await work()
  })
})

t.test('cancellations end when the register says so', async t => {
  const here = await country(t)
  const { hub, world, work, advance, finkok } = here
  const mine = await shop(here)
  const { access } = mine
  const issue = async (changes: Partial<NewInvoice> = {}) => {
    const made = await service.createInvoice(hub, access, order(changes), null)
    await work()
    return await service.getInvoice(hub, access, made.id)
  }
  const status = async (id: string) => (await service.getInvoice(hub, access, id)).status
  const pass = async (ms: number) => {
    advance(ms)
    await work()
  }

  await t.test('201 is not cancelled', async t => {
    const { id } = await issue()
    await cancelInvoice(hub, access, id, { motive: '02' }, null)
    await work()
    t.equal(await status(id), 'cancel_requested')
    t.match(await thrown(cancelInvoice(hub, access, id, { motive: '02' }, null)), { code: /invalid_state|outcome_unknown/ })
    for (let round = 0; round < 8 && await status(id) !== 'canceled'; round++) await pass(3600_000)
    t.match(await service.getInvoice(hub, access, id), { status: 'canceled', cancellation: { motive: '02', canceled_at: /T/ }, documents: [{}, {}] })
  })

  await t.test('the receiver has three days: accepts, rejects, or says nothing', async t => {
    for (const [answer, expected] of [['accept', 'canceled'], ['reject', 'cancel_rejected'], [undefined, 'canceled']] as const) {
      const { id, fiscal_id: fiscalId } = await issue()
      await pass(2 * day)
      await cancelInvoice(hub, access, id, { motive: '03' }, null)
      await work()
      await pass(3600_000)
      t.equal(await status(id), 'cancel_pending_acceptance', String(answer))
      if (answer !== undefined) world.receiverAnswers(fiscalId!, answer)
      for (let round = 0; round < 8; round++) await pass(day)
      t.equal(await status(id), expected, String(answer))
      if (expected !== 'cancel_rejected') continue
      t.match(await service.getInvoice(hub, access, id), { cancellation: null })
      await cancelInvoice(hub, access, id, { motive: '02' }, null)
      await work()
      t.equal(await status(id), 'cancel_requested', 'it may be asked again')
    }
  })

  await t.test('motive 01 names the invoice that replaces it', async t => {
    const old = await issue()
    const wrong: [object, string][] = [
      [{ motive: '01' }, 'substitute'], [{ motive: '02', substitute: old.id }, 'substitute'], [{ motive: '09' }, 'motive'], [{ motive: '01', substitute: publicId('invoice', randomUUID()) }, 'substitute'], [{ motive: '01', substitute: (await issue()).id }, 'substitute']
    ]
    for (const [body, path] of wrong) t.match(await thrown(cancelInvoice(hub, access, old.id, body as { motive: string }, null)), { errors: [{ path }] }, JSON.stringify(body))
    const substitute = await issue({ related: [{ type: '04', fiscal_id: old.fiscal_id! }] })
    await cancelInvoice(hub, access, old.id, { motive: '01', substitute: substitute.id }, null)
    await work()
    for (let round = 0; round < 8 && await status(old.id) !== 'canceled'; round++) await pass(3600_000)
    t.match(await service.getInvoice(hub, access, old.id), { status: 'canceled', cancellation: { motive: '01', substitute: substitute.fiscal_id } })
    t.equal(await status(substitute.id), 'issued')
  })

  await t.test('the answer to the request is lost: asked for once', async t => {
    for (const kind of ['cut_after', 'cut_before', 'garbage'] as const) {
      const { id, number } = await issue()
      finkok.inject({ kind, path: '/cancel' })
      await cancelInvoice(hub, access, id, { motive: '02' }, null)
      await work()
      for (let round = 0; round < 8 && await status(id) !== 'canceled'; round++) await pass(3600_000)
      t.equal(await status(id), 'canceled', kind)
      t.equal(finkok.effects(`${issuerRfc}-A-${number}`).cancellations, 1, kind)
    }
  })

  await t.test('cancelled elsewhere, as the register tells', async t => {
    const { id, fiscal_id: fiscalId } = await issue()
    world.cancelFor({ issuer: issuerRfc, uuid: fiscalId!, motive: '02' })
    advance(2 * 3600_000)
    const invoice = await service.getInvoice(hub, access, id)
    t.equal(invoice.status, 'issued', 'nobody has asked yet')
  })
})

t.test('credit notes and payment receipts', async t => {
  const here = await country(t)
  const { hub, work, world } = here
  const { access } = await shop(here)
  const issue = async (changes: Partial<NewInvoice> = {}) => {
    const made = await service.createInvoice(hub, access, order(changes), null)
    await work()
    return await service.getInvoice(hub, access, made.id)
  }
  const xmlOf = async (id: string) => String((await service.invoiceXml(hub, access, id)).bytes)

  await t.test('a credit note names its invoice, and never credits more than there is', async t => {
    const invoice = await issue()
    const half = { ...order().lines[0]!, quantity: '1' }
    const note = await service.createCreditNote(hub, access, invoice.id, { lines: [half] }, null)
    await work()
    t.match(await service.getInvoice(hub, access, note.id), { status: 'issued', kind: 'credit_note', series: 'NC', about: invoice.id, related: [{ type: '01', fiscal_id: invoice.fiscal_id }], payment_status: 'not_applicable', totals: { total: '1160.00' } })
    t.match(await xmlOf(note.id), /TipoDeComprobante="E".*TipoRelacion="01".*UsoCFDI="G02"/s)
    t.match(await thrown(service.createCreditNote(hub, access, invoice.id, {}, null)), { errors: [{ path: 'lines', message: /1160\.00/ }] })
    const results = await Promise.allSettled([1, 2, 3].map(async () => await service.createCreditNote(hub, access, invoice.id, { lines: [half] }, null)))
    t.equal(results.filter(({ status }) => status === 'fulfilled').length, 1, 'three at once for the rest: one')
    await work()
  })

  await t.test('a PPD invoice is paid in parts, each with its receipt', async t => {
    const invoice = await issue({ payment: { method: 'PPD', form: '99', due: '2027-01-31' } })
    t.match(invoice, { payment_status: 'unpaid', amount_due: '2320.00', due: '2027-01-31' })
    const first = await payInvoice(hub, access, invoice.id, { amount: '1000.00', form: '03' }, null)
    await work()
    t.match(await service.getInvoice(hub, access, first.id), { status: 'issued', kind: 'payment_receipt', series: 'P', about: invoice.id })
    t.match(await xmlOf(first.id), /TipoDeComprobante="P".*NumParcialidad="1".*ImpSaldoAnt="2320.00".*ImpPagado="1000.00".*ImpSaldoInsoluto="1320.00"/s)
    t.match(await service.getInvoice(hub, access, invoice.id), { payment_status: 'partly_paid', amount_paid: '1000.00', amount_due: '1320.00' })
    t.match(await thrown(payInvoice(hub, access, invoice.id, { amount: '1320.01', form: '03' }, null)), { errors: [{ path: 'amount' }] })
    t.match(await thrown(payInvoice(hub, access, invoice.id, { amount: '10.00', form: '99' }, null)), { code: 'invoice_invalid', errors: [{ code: 'CRP20212' }] })
    const rest = await Promise.allSettled([1, 2, 3].map(async () => await payInvoice(hub, access, invoice.id, { amount: '1320.00', form: '28' }, null)))
    t.equal(rest.filter(({ status }) => status === 'fulfilled').length, 1, 'the rest is paid once')
    await work()
    t.match(await service.getInvoice(hub, access, invoice.id), { payment_status: 'paid', amount_due: '0.00' })
    const receipt = world.ledger().filter(({ series }) => series === 'P').at(-1)!
    t.match(String(Buffer.from(receipt.xml)), /NumParcialidad="2".*ImpSaldoInsoluto="0\.00"/s)
    t.match(await thrown(payInvoice(hub, access, (await issue()).id, { form: '03' }, null)), { code: 'invalid_state' })
  })

  await t.test('each use of the key is on record', async t => {
    const uses = await inTenant(hub.db, access.tenantId, async db => await db.selectFrom('certificate_uses').select(['purpose', 'subject_id']).execute())
    t.ok(uses.length >= 6 && uses.every(({ purpose, subject_id: subject }) => purpose === 'seal_invoice' && subject.startsWith('inv_')))
  })
})
