import t from 'tap'
import type { DisputeSnapshot } from '../adapter/disputes.ts'
import { uuidOf } from '../ids.ts'
import { paperApp, type PaperShop } from '../payments/fixtures/paper-app.ts'
import { listDisputesOf, syncDisputes } from './inbound.ts'
import { inTenant } from '../db/in-tenant.ts'
import { loadSealed } from '../connections/open.ts'

const order = { amount: 19900, currency: 'MXN', method: { type: 'card', token: 'tok' } }
const day = 24 * 3600_000
const told = (dispute: DisputeSnapshot) => ({ type: 'dispute' as const, providerReference: dispute.paymentProviderReference, dispute })

t.setTimeout(240_000)

t.test('disputes', async t => {
  const app = await paperApp(t)
  const { paper } = app
  const shop = await app.shop()
  const { must, ask } = shop
  const later = async (ms: number) => {
    app.advance(ms)
    return await app.work()
  }
  const inDays = (days: number) => new Date(app.hub.now().getTime() + days * day)
  const of = async (payment: string, from: PaperShop = shop) => (await from.must('GET', `/v1/disputes?payment=${payment}`)).data as { id: string, status: string }[]
  /** A payment, and what its payer's bank says of it. */
  async function opened (changes: Partial<DisputeSnapshot> = {}) {
    const payment = await must('POST', '/v1/payments', order)
    const dispute = paper.dispute(payment.provider_reference, { evidenceDueBy: inDays(10), ...changes })
    await shop.tell(told(dispute))
    await app.work()
    const [made] = await of(payment.id)
    return { payment, dispute, id: made!.id, path: `/v1/disputes/${made!.id}` }
  }

  t.test('told by webhook: a dispute, an alert, events, and the payment shows it', async t => {
    const { payment, dispute, id, path } = await opened({ fee: 15000 })
    t.match(await must('GET', path), {
      object: 'dispute', payment: payment.id, status: 'needs_response', reason: 'fraudulent', provider_reason: 'fraudulent', amount: 19900, currency: 'MXN', fee: 15000, evidence_due_by: dispute.evidenceDueBy!.toISOString(),
      evidence_submitted: false, evidence: null, pending: null, provider: 'paper', provider_reference: dispute.providerReference
    })
    t.match(await must('GET', `/v1/payments/${payment.id}`), { status: 'succeeded', disputed: true, dispute: { id, status: 'needs_response', reason: 'fraudulent', amount: 19900, evidence_due_by: dispute.evidenceDueBy!.toISOString() } })
    t.same(await shop.alerts(id), ['dispute_opened'])
    t.same(await shop.events(id), ['dispute.created'])
    await shop.tell(told(dispute))
    await shop.tell(told(paper.changeDispute(dispute.providerReference, { status: 'won' })))
    await shop.tell(told(dispute))
    await app.work()
    t.equal((await of(payment.id)).length, 1)
    t.match(await must('GET', path), { status: 'won' })
    t.match(await must('GET', `/v1/payments/${payment.id}`), { disputed: true, dispute: { id, status: 'won' } })
    t.same(await shop.events(id), ['dispute.created', 'dispute.won'])
    t.equal(await app.work(), 0)
    const { data } = await must('GET', `/v1/payments/${payment.id}/timeline`)
    t.match(data.map(({ what }: { what: string }) => what), /dispute\.won/, 'on the payment’s timeline')
  })

  t.test('many webhooks of one dispute at the same moment: one', async t => {
    const payment = await must('POST', '/v1/payments', order)
    const dispute = paper.dispute(payment.provider_reference, { evidenceDueBy: inDays(10) })
    for (let n = 0; n < 6; n++) await shop.tell(told(dispute))
    await app.work()
    t.equal((await of(payment.id)).length, 1)
    t.same(await shop.events((await of(payment.id))[0]!.id), ['dispute.created'])
  })

  t.test('an inquiry, which becomes a dispute', async t => {
    const { dispute, id, path } = await opened({ status: 'warning_needs_response', providerStatus: 'warning_needs_response' })
    await shop.tell(told(paper.changeDispute(dispute.providerReference, { status: 'warning_closed' })))
    await app.work()
    t.match(await must('GET', path), { status: 'warning_closed' })
    t.match(await ask('POST', `${path}/evidence`, { explanation: 'x', submit: true }), { status: 409, body: { code: 'invalid_state' } })
    await shop.tell(told(paper.changeDispute(dispute.providerReference, { status: 'needs_response' })))
    await app.work()
    t.match(await must('GET', path), { status: 'needs_response' })
    t.same(await shop.events(id), ['dispute.created', 'dispute.closed', 'dispute.updated'])
  })

  t.test('warned seven days before the deadline, three, and one; not after the evidence was sent', async t => {
    const { id, path } = await opened()
    const warnings = async () => (await must('GET', `/v1/alerts?subject=${id}&kind=dispute_evidence_due`)).data as { times: number, severity: string, detail: { days_left: number } }[]
    t.same(await warnings(), [])
    await later(3 * day + 60_000)
    t.match(await warnings(), [{ times: 1, severity: 'warning', detail: { days_left: 7 } }])
    await later(day)
    t.match(await warnings(), [{ times: 1 }])
    await later(3 * day)
    t.match(await warnings(), [{ times: 2, detail: { days_left: 3 } }])
    await later(2 * day)
    t.match(await warnings(), [{ times: 3, severity: 'critical', detail: { days_left: 1 } }])
    t.match(await ask('POST', `${path}/evidence`, { explanation: 'They were here.', submit: true }), { status: 200 }, 'still in time')
    const soon = await opened({ evidenceDueBy: inDays(2) })
    t.same(await shop.alerts(soon.id), ['dispute_evidence_due', 'dispute_opened'], 'at once when there is little time')
    await must('POST', `${soon.path}/evidence`, { explanation: 'A receipt.', submit: true })
    await later(1.5 * day)
    t.match((await must('GET', `/v1/alerts?subject=${soon.id}&kind=dispute_evidence_due`)).data, [{ times: 1 }])
  })

  t.test('a draft, more of it, and then sent: all of it, once', async t => {
    const { payment, id, path } = await opened()
    const before = paper.evidence.length
    t.match(await must('POST', `${path}/evidence`, { customer_name: 'Ana', customer_email: 'ana@example.com', submit: false }), { status: 'needs_response', evidence_submitted: false, evidence: { customer_name: 'Ana' } })
    const sent = await must('POST', `${path}/evidence`, { shipping_tracking_number: 'TRACK-1', explanation: 'Delivered.', submit: true })
    t.match(sent, { status: 'under_review', evidence_submitted: true, evidence: { customer_name: 'Ana', shipping_tracking_number: 'TRACK-1', explanation: 'Delivered.' } })
    t.match(paper.evidence.slice(before), [{ customerName: 'Ana', submit: false }, { customerName: 'Ana', customerEmail: 'ana@example.com', shippingTrackingNumber: 'TRACK-1', explanation: 'Delivered.', submit: true }])
    t.match(await must('GET', `/v1/payments/${payment.id}`), { dispute: { status: 'under_review' } })
    t.match(await ask('POST', `${path}/evidence`, { explanation: 'More.', submit: true }), { status: 409, body: { code: 'invalid_state' } })
    t.same((await must('GET', `/v1/disputes?payment=${payment.id}`)).data[0].evidence, null, 'not in lists')
    const { rows } = await app.database.owner.executeQuery<{ evidence_sealed: string }>({ sql: 'select evidence_sealed from disputes where id = $1', parameters: [uuidOf('dispute', id)], query: {} as never, queryId: {} as never })
    t.notMatch(rows[0]!.evidence_sealed, /Ana/, 'sealed: it names the buyer')
    t.same((await app.database.owner.selectFrom('audit_log').select('action').where('subject_id', '=', id).orderBy('id').execute()).map(({ action }) => action), ['dispute.evidence', 'dispute.evidence'])
  })

  t.test('after the deadline nothing is sent', async t => {
    const { path } = await opened({ evidenceDueBy: inDays(2) })
    await later(2 * day + 3600_000)
    const sent = paper.count('submit_evidence')
    const answer = await ask('POST', `${path}/evidence`, { explanation: 'Too late.', submit: true })
    t.match(answer, { status: 409, body: { code: 'evidence_too_late', detail: /deadline was/ } })
    t.equal(paper.count('submit_evidence'), sent)
  })

  t.test('what the provider refuses, and what is not asked well', async t => {
    const { id, path } = await opened()
    t.match(await ask('POST', `${path}/evidence`, { submit: true }), { status: 400, body: { errors: [{ path: 'explanation' }] } })
    t.match(await ask('POST', `${path}/evidence`, { explanation: 'x' }), { status: 400, body: { errors: [{ path: /submit/ }] } })
    t.match(await ask('POST', `${path}/evidence`, { file: 'x', submit: true }), { status: 400 })
    paper.fail('submit_evidence', { code: 'invalid_request', reached: 'answered', providerCode: 'evidence_bad' })
    t.match(await ask('POST', `${path}/evidence`, { explanation: 'x', submit: true }), { status: 422, body: { code: 'provider_refused', provider: { code: 'evidence_bad' } } })
    paper.fail('submit_evidence', { code: 'provider_unavailable', reached: 'nowhere' })
    t.match(await ask('POST', `${path}/evidence`, { explanation: 'x', submit: true }), { status: 502 })
    t.match(await must('GET', path), { status: 'needs_response', pending: null, error: { code: 'provider_unavailable' } })
    t.match(await must('POST', `${path}/evidence`, { explanation: 'x', submit: true }), { status: 'under_review', error: null })
    t.match(await must('GET', `/v1/disputes/${id}`), { evidence: { explanation: 'x' } })
  })

  for (const kind of ['before', 'after'] as const) {
    t.test(`no answer to the evidence (${kind}): 202, and it is sent once`, async t => {
      const { path } = await opened()
      const before = paper.evidence.length
      paper.lose('submit_evidence', kind)
      t.match(await ask('POST', `${path}/evidence`, { explanation: 'Here.', submit: true }), { status: 202, body: { pending: 'submit_evidence' } })
      await later(6_000)
      t.match(await must('GET', path), { status: 'under_review', pending: null, evidence: { explanation: 'Here.' } })
      t.equal(paper.evidence.length, before + 1)
    })
    t.test(`no answer to giving in (${kind}): accepted`, async t => {
      const { path } = await opened()
      paper.lose('accept_dispute', kind)
      t.match(await ask('POST', `${path}/accept`), { status: 202, body: { pending: 'accept_dispute' } })
      await later(6_000)
      t.match(await must('GET', path), { status: 'accepted', pending: null })
    })
  }

  t.test('what comes next first settles what came before', async t => {
    const { path } = await opened()
    paper.lose('submit_evidence', 'after')
    await ask('POST', `${path}/evidence`, { explanation: 'Here.', submit: true })
    t.match(await ask('POST', `${path}/evidence`, { explanation: 'Again.', submit: true }), { status: 409, body: { code: 'invalid_state' } }, 'it was sent')
  })

  t.test('given in: accepted, though the provider calls it lost', async t => {
    const { payment, dispute, id, path } = await opened()
    t.match(await must('POST', `${path}/accept`, {}, { idempotencyKey: `accept-${id}` }), { status: 'accepted' })
    t.match(await must('POST', `${path}/accept`, {}, { idempotencyKey: `accept-${id}` }), { status: 'accepted' }, 'the same key: the same answer')
    await shop.tell(told(paper.disputes.get(dispute.providerReference)!))
    await app.work()
    t.match(await must('GET', path), { status: 'accepted', provider_status: 'lost' })
    t.match(await must('GET', `/v1/payments/${payment.id}`), { dispute: { status: 'accepted' } })
    t.match(await ask('POST', `${path}/accept`), { status: 409, body: { code: 'invalid_state' } })
    t.same(await shop.events(id), ['dispute.created', 'dispute.accepted'])
  })

  t.test('no webhook tells the end: it is asked every day', async t => {
    const { dispute, id, path } = await opened()
    paper.changeDispute(dispute.providerReference, { status: 'lost' })
    await later(day + 60_000)
    t.match(await must('GET', path), { status: 'lost' })
    t.same(await shop.events(id), ['dispute.created', 'dispute.lost'])
  })

  t.test('no webhook tells of it at all: the provider’s list does', async t => {
    const payments = [await must('POST', '/v1/payments', order), await must('POST', '/v1/payments', order), await must('POST', '/v1/payments', order)]
    for (const payment of payments) paper.dispute(payment.provider_reference, { evidenceDueBy: inDays(10) })
    paper.dispute(paper.charge(100, 'MXN', {}).providerReference)
    const sealed = await inTenant(app.hub.db, shop.tenantId, async db => await loadSealed(db, uuidOf('connection', shop.connection)))
    const { ours, seen } = await syncDisputes(app.hub, sealed!, { from: inDays(-30), to: app.hub.now() })
    t.equal(seen, paper.disputes.size, 'page by page')
    t.equal(ours, seen - 1, 'and one is of no payment of ours')
    for (const payment of payments) t.match(await of(payment.id), [{ status: 'needs_response' }])
    paper.dispute((await must('POST', '/v1/payments', order)).provider_reference)
    const count = (await app.database.owner.selectFrom('disputes').select('id').execute()).length
    await later(day + 60_000)
    t.equal((await app.database.owner.selectFrom('disputes').select('id').execute()).length, count + 1, 'once a day, by itself')
    await listDisputesOf(app.hub, shop.tenantId, uuidOf('connection', shop.connection))
  })

  t.test('lists by status, reason, and what is due', async t => {
    const { id } = await opened({ reason: 'duplicate', evidenceDueBy: inDays(3) })
    t.match((await must('GET', '/v1/disputes?reason=duplicate')).data, [{ id }])
    t.match((await must('GET', `/v1/disputes?due_before=${inDays(4).toISOString()}`)).data.map((dispute: { id: string }) => dispute.id), [id])
    t.same((await must('GET', '/v1/disputes?status=accepted&reason=duplicate')).data, [])
    t.match((await must('GET', `/v1/disputes?connection=${shop.connection}&limit=1`)).data, [{ id }])
    t.match(await ask('GET', '/v1/disputes?status=nonsense'), { status: 400 })
  })

  t.test('another tenant, and the other mode, see nothing and change nothing', async t => {
    const { dispute, path } = await opened()
    for (const other of [await app.shop(), await app.shop({ mode: 'live' })]) {
      t.match(await other.ask('GET', path), { status: 404 })
      t.match(await other.ask('POST', `${path}/accept`), { status: 404 })
      t.match(await other.ask('POST', `${path}/evidence`, { explanation: 'x', submit: true }), { status: 404 })
      t.same((await other.must('GET', '/v1/disputes')).data, [])
      await other.tell(told({ ...dispute, status: 'lost', providerStatus: 'lost' }))
    }
    await shop.tell(told({ ...dispute, status: 'lost', providerStatus: 'lost', mode: 'live' }))
    await app.work()
    t.match(await must('GET', path), { status: 'needs_response' })
  })
})
