import { randomUUID } from 'node:crypto'
import t from 'tap'
import { issuerRfc } from '../../test/support/cfdi.ts'
import { publicId } from '../ids.ts'
import { day, hour, order, pacApp } from './fixtures/pac-app.ts'

t.test('webhooks of a PAC about documents', async t => {
  const app = await pacApp(t)
  const { pac, world, work } = app
  const shop = await app.issuerShop()
  const invoice = async (id: string) => await shop.must('GET', `/v1/invoices/${id}`)
  const newest = async () => (await shop.must('GET', '/v1/inbound_events?limit=1')).data[0]
  const tell = async (event: object) => {
    await shop.told({ type: 'document', ...event } as never)
    await work()
    return await newest()
  }

  await t.test('it is faster than the lost answer: the invoice is issued by it, once', async t => {
    for (const named of ['providerReference', 'reference', 'fiscalId', 'nothing but the PAC’s id'] as const) {
      pac.loseAnswers = 1
      const made = await shop.must('POST', '/v1/invoices', order())
      await work()
      t.equal((await invoice(made.id)).status, 'unknown', named)
      const stamp = world.ledger().at(-1)!
      const providerReference = `doc_${stamp.uuid}`
      const snapshot = { providerReference, fiscalId: stamp.uuid, status: 'issued', providerStatus: '', messages: [] }
      const seen = await tell({ providerReference, ...(named === 'reference' && { reference: made.id }), ...(named === 'fiscalId' && { snapshot }) })
      if (named === 'reference') {
        t.match(seen, { status: 'processed', reason: /own document/, subject: made.id, payment: null }, named)
        t.match(await invoice(made.id), { status: 'issued', fiscal_id: stamp.uuid })
      } else {
        // Known by no name of ours yet: kept and shown, and found once the resolver has asked.
        t.match(seen, { status: 'unmatched', reason: new RegExp(providerReference), subject: null }, named)
        await app.pass(hour + 60_000)
        t.match(await invoice(made.id), { status: 'issued', fiscal_id: stamp.uuid })
        await shop.must('POST', `/v1/inbound_events/${seen.id}/replay`)
        await work()
        t.match(await newest(), { status: 'processed', subject: made.id }, 'replayed, it is ours')
      }
      t.equal((await shop.events(made.id)).filter(type => type === 'invoice.issued').length, 1)
    }
  })

  await t.test('whatever it says, the PAC is asked: a lie changes nothing', async t => {
    const made = await shop.issue()
    const lie = (status: string) => ({ providerReference: `doc_${made.fiscal_id}`, snapshot: { providerReference: `doc_${made.fiscal_id}`, fiscalId: made.fiscal_id, status, providerStatus: '', messages: [] } })
    for (const status of ['canceled', 'cancel_rejected', 'rejected']) t.match(await tell(lie(status)), { status: 'processed', subject: made.id })
    t.equal((await invoice(made.id)).status, 'issued')
    const before = (await shop.events(made.id)).length
    await tell(lie('issued'))
    t.equal((await shop.events(made.id)).length, before)
  })

  await t.test('a made-up event cannot give one invoice the document of another', async t => {
    const other = await shop.issue()
    pac.loseAnswers = 1
    const made = await shop.must('POST', '/v1/invoices', order())
    await work()
    t.match(await tell({ providerReference: `doc_${other.fiscal_id}`, reference: made.id }), { status: 'processed', subject: other.id }, 'the PAC’s own id goes before')
    // One of the account that is no invoice of ours.
    const foreign = world.ledger().at(-1)!
    pac.naming = { [`doc_${foreign.uuid}`]: publicId('invoice', randomUUID()) }
    t.match(await tell({ providerReference: `doc_${foreign.uuid}`, reference: made.id }), { status: 'unmatched', reason: /another invoice/ })
    pac.naming = {}
    t.match(await invoice(made.id), { status: 'unknown', review: null })
    await app.pass(hour + 60_000)
    t.match(await invoice(made.id), { status: 'issued', review: null, fiscal_id: foreign.uuid })
  })

  await t.test('cancelled elsewhere: the webhook has the register asked', async t => {
    const made = await shop.issue()
    world.cancelFor({ issuer: issuerRfc, uuid: made.fiscal_id, motive: '02' })
    app.advance(2 * hour)
    t.match(await tell({ providerReference: `doc_${made.fiscal_id}` }), { status: 'processed' })
    t.equal((await invoice(made.id)).status, 'canceled')
    t.same(await shop.alerts(made.id), ['invoice_canceled_elsewhere'])
  })

  await t.test('what is nobody’s stays where a person sees it; another account’s is not touched', async t => {
    t.match(await tell({ providerReference: `doc_${randomUUID()}` }), { status: 'unmatched', reason: /no invoice of ours/ })
    t.match(await tell({ providerReference: `doc_${randomUUID()}`, reference: publicId('invoice', randomUUID()) }), { status: 'unmatched' })
    const other = await app.issuerShop()
    const theirs = await other.issue()
    t.match(await tell({ providerReference: `doc_${theirs.fiscal_id}`, reference: theirs.id }), { status: 'unmatched' }, 'of another tenant')
    const draft = await shop.must('POST', '/v1/invoices', { ...order(), draft: true })
    t.match(await tell({ providerReference: 'doc_none', reference: draft.id }), { status: 'unmatched' }, 'a draft was sent to nobody')
    t.equal((await shop.must('GET', '/v1/inbound_events?status=unmatched')).data.length >= 4, true)
  })

  await t.test('the PAC is away: the webhook is tried again', async t => {
    const made = await shop.issue()
    const get = pac.adapters[0]!.invoicing!.get!
    pac.adapters[0]!.invoicing!.get = async () => { throw new Error('down') }
    t.match(await tell({ providerReference: `doc_${made.fiscal_id}` }), { status: 'retrying' })
    pac.adapters[0]!.invoicing!.get = get
    await app.pass(day)
    t.match(await newest(), { status: 'processed', subject: made.id })
  })
})
