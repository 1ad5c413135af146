import { sql } from 'kysely'
import t from 'tap'
import { type BankShop, bankShop, clabeOf, today } from './fixtures/shop.ts'
import { banorte, camt, type Line, santander } from './fixtures/statements.ts'

let serial = 0
const tracking = () => `SNTD${String(++serial).padStart(12, '0')}`
const line = (reference: string | undefined, more: Partial<Line> = {}): Line => ({ amount: '1,234.56', tracking: tracking(), day: today(), ...(reference !== undefined && { reference }), ...more })
const statuses = (answer: { body: { entries: { direction: string, status: string, reason: string | null }[] } }) => answer.body.entries.filter(({ direction }) => direction === 'credit').map(({ status, reason }) => reason === null ? status : `${status} ${reason}`)

t.test('money comes to an account of one’s own', async t => {
  const shop = await bankShop(t)
  const { app, tenant, pay, read, send, sendLines } = shop
  const { client } = tenant
  const events = async (id: string) => (await read('/v1/events?limit=100')).data.filter(({ data }: any) => data.id === id).map(({ type }: { type: string }) => type).reverse()
  const review = async (id: string, decision: string) => await client('POST', `/v1/payments/${id}/resolve_review`, { body: { decision, reason: 'I looked at the bank' } })

  t.test('payment, statement, paid, event', async t => {
    t.match(await client('POST', `/v1/connections/${shop.connection}/test`, { body: {} }), { status: 200, body: { ok: true, health: 'healthy', evidence: [/SANTANDER/] } })
    const { id, reference, body } = await pay()
    t.match(body, {
      status: 'requires_action', provider: 'bank_transfer', provider_reference: /^btr_/, amount_remaining: 123_456,
      next_action: { type: 'bank_transfer', clabe: clabeOf('014'), bank: 'SANTANDER', beneficiary: 'Tienda SA de CV', amount: 123_456, currency: 'MXN', reference: /^[1-9]\d{6}$/, expires_at: /:59:59\.000Z$/ }
    })
    const key = tracking()
    const told = await sendLines([line(reference, { tracking: key, text: 'Pedido 1' })])
    t.match(told, { status: 201, body: { object: 'bank_statement', format: 'csv', bank: 'santander', entries_count: 2, counts: { matched: 1, ignored: 1, review: 0, unknown: 0 }, entries: [{ status: 'matched', reason: null, payment: id, amount: 123_456, reference, tracking_key: key, payer: 'ANA PEREZ' }, { status: 'ignored', reason: 'debit' }] } })
    t.match(await read(`/v1/payments/${id}`), { status: 'succeeded', amount_captured: 123_456, amount_received: 123_456, next_action: null, review: null, provider_status: 'credited', method: { type: 'bank_transfer' } })
    t.same(await events(id), ['payment.requires_action', 'payment.succeeded'])
    t.match((await read(`/v1/bank_entries?payment=${id}`)).data, [{ payment: id, status: 'matched' }])
    t.match(await read(`/v1/bank_entries/${told.body.entries[0].id}`), { id: told.body.entries[0].id })
    t.match((await read('/v1/bank_statements')).data, [{ id: told.body.id, counts: { matched: 1 } }])
    t.same(await read(`/v1/bank_statements/${told.body.id}`), told.body)
  })

  t.test('the same file counts once, with a key and without', async t => {
    const { id, reference } = await pay()
    const file = santander([line(reference)])
    const first = await send(file, {}, { idempotencyKey: 'statement-1' })
    t.same((await send(file, {}, { idempotencyKey: 'statement-1' })).body, first.body)
    t.match(await send(file, { name: 'again.csv' }), { status: 200, body: { id: first.body.id, counts: { matched: 1 } } })
    t.same((await events(id)).filter((type: string) => type === 'payment.succeeded').length, 1)
    t.equal((await read(`/v1/bank_entries?payment=${id}`)).data.length, 1)
  })

  t.test('a tracking key counts once, across statements', async t => {
    const { id, reference } = await pay()
    const key = tracking()
    const settled = await sendLines([line(reference, { tracking: key })])
    const again = await sendLines([line(reference, { tracking: key, text: 'told in other words' }), line(undefined)])
    t.same(statuses(again), ['duplicate', 'unknown no_reference'])
    t.equal(again.body.entries[0].duplicate_of, settled.body.entries[0].id)
    t.same(statuses(await sendLines([line(reference, { tracking: key, amount: '5.00' })])), ['review tracking_key_reused'], 'the same key on other money')
    t.match(await read(`/v1/payments/${id}`), { status: 'succeeded', amount_captured: 123_456, review: null })
    const twice = line(undefined, { tracking: tracking(), text: 'twice' })
    t.same(statuses(await sendLines([twice, twice])), ['unknown no_reference', 'duplicate'], 'within one file, too')
  })

  t.test('lines without a key are told apart by what they say, and how often', async t => {
    const { id, reference } = await pay(50_000)
    const plain = (more: object = {}) => ({ amount: '500.00', reference, day: today(), ...more })
    const rows = (lines: Line[]) => send(santander(lines).replace(/,5\d\d\d\.00,/g, ',,'))
    t.same(statuses(await rows([plain()])), ['matched'])
    t.same(statuses(await rows([plain(), plain()])), ['duplicate', 'review paid_twice'], 'the second of the same is another transfer')
    t.match(await read(`/v1/payments/${id}`), { status: 'succeeded', review: { reason: 'paid_twice', provider_amount: 50_000 } })
    t.match(await review(id, 'dismiss'), { status: 200, body: { status: 'succeeded', amount_captured: 50_000, review: null } })
    t.same(statuses(await rows([plain(), plain(), plain()])), ['duplicate', 'duplicate', 'review paid_twice'], 'a third is not taken for the second, which was judged')
    t.match(await read(`/v1/payments/${id}`), { review: { reason: 'paid_twice' } })
  })

  t.test('too little: a person decides, and what they decide holds', async t => {
    const { id, reference } = await pay()
    const told = await sendLines([line(reference, { amount: '1,000.00' })])
    t.same(statuses(told), ['review underpaid'])
    t.match(await read(`/v1/payments/${id}`), { status: 'requires_action', review: { reason: 'captured_less', provider_amount: 100_000, provider_currency: 'MXN', amount_captured: 100_000, provider_status: /^credited SNTD/ }, next_action: { reference } }, 'and the payer still reads what to do')
    t.match((await read('/v1/alerts')).data.find(({ subject }: any) => subject === id), { kind: 'payment_review', detail: { expected_amount: 123_456, provider_amount: 100_000 } })
    t.same(await events(id), ['payment.requires_action', 'payment.review'])
    t.match(await review(id, 'accept_provider'), { status: 200, body: { status: 'succeeded', amount: 100_000, amount_captured: 100_000, review: null } })
    t.match(await read(`/v1/bank_entries/${told.body.entries[0].id}`), { status: 'resolved', reason: 'underpaid' })
    t.match((await read(`/v1/bank_statements/${told.body.id}`)).counts, { review: 0, resolved: 1 })
    t.same(statuses(await sendLines([line(reference, { amount: '234.56' })])), ['review paid_twice'], 'the rest comes afterwards')
  })

  t.test('in two parts: the sum is told, and nothing is lost', async t => {
    const { id, reference } = await pay()
    t.same(statuses(await sendLines([line(reference, { amount: '1,000.00' }), line(reference, { amount: '234.56' })])), ['review underpaid', 'review in_parts'])
    t.match(await read(`/v1/payments/${id}`), { status: 'requires_action', review: { reason: 'amount_mismatch', provider_amount: 123_456, amount_captured: 123_456 } })
    t.match(await review(id, 'accept_provider'), { body: { status: 'succeeded', amount: 123_456, amount_captured: 123_456 } })
  })

  t.test('too much, and what was dismissed does not count any more', async t => {
    const { id, reference } = await pay()
    t.same(statuses(await sendLines([line(reference, { amount: '2,000.00' })])), ['review overpaid'])
    t.match(await read(`/v1/payments/${id}`), { review: { reason: 'captured_more', provider_amount: 200_000 } })
    t.match(await review(id, 'dismiss'), { body: { status: 'requires_action', review: null } })
    t.same(statuses(await sendLines([line(reference)])), ['matched'])
    t.match(await read(`/v1/payments/${id}`), { status: 'succeeded', amount_captured: 123_456 })
  })

  t.test('late, or for what was canceled', async t => {
    const soon = await pay(5_000, { expires_at: new Date(Date.now() + 60_000).toISOString() })
    const next = new Date(Date.now() + 3 * 86_400_000).toISOString().slice(0, 10)
    t.same(statuses(await send(`Fecha;Abono;Ref\n${next};50.00;${soon.reference}`, { mapping: { date: 'fecha', credit: 'ABONO', reference: 'ref', date_order: 'ymd' } })), ['review late'])
    t.match(await read(`/v1/payments/${soon.id}`), { status: 'requires_action', review: { reason: 'money_after_end', provider_amount: 5_000 } })
    t.match(await review(soon.id, 'accept_provider'), { body: { status: 'succeeded' } })
    const canceled = await pay()
    t.match(await client('POST', `/v1/payments/${canceled.id}/cancel`, { body: {} }), { status: 200, body: { status: 'canceled' } })
    t.same(statuses(await sendLines([line(canceled.reference)])), ['review not_open'])
    t.match(await read(`/v1/payments/${canceled.id}`), { status: 'canceled', review: { reason: 'money_after_end' } })
    t.match((await read('/v1/alerts')).data.find(({ subject }: any) => subject === canceled.id), { kind: 'money_after_end' })
    t.match(await review(canceled.id, 'accept_provider'), { body: { status: 'succeeded', amount_captured: 123_456 } })
    const paid = await pay()
    await sendLines([line(paid.reference)])
    t.match(await client('POST', `/v1/payments/${paid.id}/cancel`, { body: {} }), { status: 409 })
  })

  t.test('what came before it was asked for is something else', async t => {
    const { id, reference } = await pay()
    const before = new Date(Date.now() - 5 * 86_400_000).toISOString().slice(0, 10)
    t.same(statuses(await sendLines([line(reference, { day: before })])), ['unknown no_such_reference'])
    t.match(await read(`/v1/payments/${id}`), { status: 'requires_action', review: null })
  })

  t.test('an unknown one is listed, and a person says whose it is', async t => {
    const { id, reference } = await pay(77_700)
    const told = await sendLines([line('7654321', { amount: '777.00', text: 'sin referencia' }), line(undefined, { amount: '1.00', text: `dice ${reference}` }), line(undefined, { amount: '777.00' })])
    t.same(statuses(told), ['unknown no_such_reference', 'unknown no_reference', 'unknown no_reference'])
    t.equal(told.body.entries[1].suggested_payment, id, 'digits in a text are only a hint')
    t.equal((await read(`/v1/bank_entries?status=unknown&statement=${told.body.id}`)).data.length, 3)
    const entry = told.body.entries[0].id as string
    const match = async (body: object, idempotencyKey?: string) => await client('POST', `/v1/bank_entries/${entry}/match`, { body, ...(idempotencyKey !== undefined && { idempotencyKey }) })
    t.match(await match({ payment: 'pay_x', reason: 'the customer called' }), { status: 400, body: { errors: [{ path: 'payment' }] } })
    t.match(await match({ payment: id, reason: 'the customer called' }, 'match-1'), { status: 200, body: { status: 'matched', reason: 'by_hand', payment: id } })
    t.match(await match({ payment: id, reason: 'the customer called' }, 'match-1'), { status: 200 })
    t.match(await match({ payment: id, reason: 'the customer called' }), { status: 409, body: { code: 'invalid_state' } })
    t.match(await read(`/v1/payments/${id}`), { status: 'succeeded', amount_captured: 77_700 })
    t.match((await client('GET', `/v1/audit_log?subject=${entry}`)).body.data, [{ action: 'bank_entry.matched', detail: { payment: id, reason: 'the customer called' } }])
    t.match(await client('POST', `/v1/bank_entries/${told.body.entries[1].id}/match`, { body: { payment: id, reason: 'he sent it twice' } }), { status: 200, body: { status: 'review', reason: 'paid_twice' } }, 'judged like any other')
    t.match(await client('POST', `/v1/bank_entries/${told.body.entries[3].id}/match`, { body: { payment: id, reason: 'a debit' } }), { status: 409 })
  })

  t.test('a person may say that it came, before any statement does', async t => {
    const { id, reference } = await pay()
    t.match(await review(id, 'mark_succeeded'), { status: 200, body: { status: 'succeeded', amount_captured: 123_456 } })
    t.same(statuses(await sendLines([line(reference)])), ['matched confirms'], 'then the statement only confirms it')
    t.match(await read(`/v1/payments/${id}`), { status: 'succeeded', review: null })
    t.same(statuses(await sendLines([line(reference)])), ['review paid_twice'])
    t.same((await events(id)).filter((type: string) => type === 'payment.succeeded').length, 1)
  })

  t.test('what there is not: refunds, holding, another currency, an account that is expected on', async t => {
    const { id, reference } = await pay()
    await sendLines([line(reference)])
    t.match(await client('POST', `/v1/payments/${id}/refunds`, { body: {}, headers: { 'accept-language': 'es' } }), { status: 422, body: { code: 'capability_not_supported', detail: /desde su banco/ } })
    t.match(await client('POST', '/v1/payments', { body: { amount: 100, currency: 'MXN', capture: 'manual', method: { type: 'bank_transfer' } } }), { status: 422, body: { code: 'capability_not_supported' } })
    t.match(await client('POST', '/v1/payments', { body: { amount: 100, currency: 'EUR', method: { type: 'bank_transfer' } } }), { status: 201, body: { status: 'requires_payment_method', error: { code: 'unsupported', provider_message: /no bank account of yours receives EUR/ } } })
    await pay()
    t.match(await client('DELETE', `/v1/bank_accounts/${shop.account}`), { status: 409, body: { detail: /still expected/ } })
  })

  t.test('what came back is told to a person', async t => {
    const { id, reference } = await pay()
    const key = tracking()
    await sendLines([line(reference, { tracking: key })])
    const back = await send(santander([line(undefined, { tracking: key })]).replace(',+,', ',-,'))
    t.match(back.body.entries[0], { direction: 'debit', status: 'review', reason: 'returned', suggested_payment: id })
    t.ok((await read('/v1/alerts')).data.some(({ kind, subject }: any) => kind === 'payment_review' && subject === id))
    t.match(await read(`/v1/payments/${id}`), { status: 'succeeded' })
  })

  t.test('a file that cannot be read is refused whole', async t => {
    const before = (await read('/v1/bank_statements?limit=100')).data.length
    const { id, reference } = await pay()
    const cases: [string | Buffer, object, RegExp][] = [
      [santander([line(reference)]).replace(/(\+),/, ',,'), {}, /^file:2$/],
      ['nothing of the kind', {}, /^file$/],
      [banorte([line(reference)]), {}, /^file$/],
      ['<?xml version="1.0"?><!DOCTYPE a [<!ENTITY b SYSTEM "file:///etc/passwd">]><a>&b;</a>', {}, /^file/],
      [camt([line(reference)]), {}, /^file$/],
      [santander([line(reference)]), { bank: 'bbva', mapping: { date: 'Fecha', amount: 'Importe' } }, /^bank$/],
      ['a,b', { mapping: { date: 'a' } }, /^mapping$/],
      ['a,b', { mapping: 'nonsense' }, /^mapping$/],
      ['a,b', { mapping: '{"date":"a","amount":"b","x":1}' }, /^mapping/],
      [santander([line(reference)]), { bank_account: 'ban_x' }, /^bank_account$/],
      [santander([line(reference)]), { format: 'camt.053' }, /^file/]
    ]
    for (const [file, more, path] of cases) t.match(await send(file, more), { status: 400, body: { errors: [{ path }] } }, String(path))
    t.match(await client('POST', '/v1/bank_statements', { body: { bank_account: shop.account, file: '***' } }), { status: 400 })
    t.equal((await read('/v1/bank_statements?limit=100')).data.length, before)
    t.match(await read(`/v1/payments/${id}`), { status: 'requires_action' })
  })

  t.test('a form with the file, and a card number in it', async t => {
    const { id, reference } = await pay(88_800)
    const form = new FormData()
    form.append('bank_account', shop.account)
    form.append('mapping', JSON.stringify({ date: 'Fecha', credit: 'Abono', reference: 'Ref', description: ['Texto'] }))
    form.append('file', new Blob([`Fecha,Abono,Ref,Texto\n${today()},888.00,${reference},pago 4242 4242 4242 4242`]), 'noviembre.csv')
    const answer = await fetch(`${app.url}/v1/bank_statements`, { method: 'POST', body: form, headers: { authorization: `Bearer ${tenant.testKey}` } })
    t.match([answer.status, await answer.json()], [201, { bank: 'custom', entries: [{ status: 'matched', payment: id, description: 'pago [card]' }] }])
  })

  t.test('imports at the same time settle once', async t => {
    const many = await Promise.all(Array.from({ length: 4 }, async () => await pay()))
    const keys = many.map(() => tracking())
    const lines = many.map(({ reference }, i) => line(reference, { tracking: keys[i]! }))
    const files = [santander(lines), santander(lines), santander(lines.toReversed()), santander([...lines, line(undefined)])]
    const answers = await Promise.all(files.map(async file => await send(file)))
    t.same(answers.map(({ status }) => status).filter(status => status !== 200 && status !== 201), [])
    t.equal(answers.filter(({ status }) => status === 200).length, 1, 'one of the two that are the same')
    for (const { id } of many) {
      t.match(await read(`/v1/payments/${id}`), { status: 'succeeded', amount_captured: 123_456, review: null })
      t.same((await events(id)).filter((type: string) => type === 'payment.succeeded').length, 1)
      const { data } = await read(`/v1/bank_entries?payment=${id}`)
      t.same(data.map(({ status }: any) => status), ['matched'])
    }
    const canceling = await Promise.all(Array.from({ length: 4 }, async () => await pay()))
    const [told] = await Promise.all([sendLines(canceling.map(({ reference }) => line(reference))), ...canceling.map(async ({ id }) => await client('POST', `/v1/payments/${id}/cancel`, { body: {} }))])
    t.equal(told.status, 201)
    for (const { id } of canceling) {
      const { status, review: doubt, amount_captured: captured } = await read(`/v1/payments/${id}`)
      t.ok((status === 'succeeded' && captured === 123_456 && doubt === null) || (status === 'canceled' && doubt.reason === 'money_after_end'), `${status}: paid, or canceled with the money under review`)
    }
  })

  t.test('a reference is of one open transfer alone', async t => {
    const made = await Promise.all(Array.from({ length: 12 }, async () => await pay(1_000)))
    t.equal(new Set(made.map(({ reference }) => reference)).size, made.length)
    const { rows } = await sql<{ twice: string }>`select count(*) - count(distinct reference) as twice from bank_transfers where status = 'open'`.execute(app.database.owner)
    t.equal(Number(rows[0]!.twice), 0)
  })

  t.test('a second tenant, the other mode, and who may only read', async t => {
    const { id, reference } = await pay()
    const told = await sendLines([line(reference), line(undefined)])
    const unknown = told.body.entries[1].id as string
    const stranger: BankShop = await bankShop(t, { beside: shop })
    const theirs = await stranger.pay()
    t.same(statuses(await stranger.sendLines([line(reference)])), ['unknown no_such_reference'], 'a reference is looked for in the tenant’s own book')
    for (const key of [stranger.tenant.testKey, await tenant.key({ mode: 'live' })]) {
      for (const path of [`/v1/bank_statements/${told.body.id}`, `/v1/bank_entries/${unknown}`]) t.equal((await app.ask('GET', path, { key })).status, 404, path)
      t.equal((await app.ask('POST', `/v1/bank_entries/${unknown}/match`, { key, body: { payment: theirs.id, reason: 'mine now' } })).status, 404)
      t.match(await app.ask('POST', '/v1/bank_statements', { key, body: { bank_account: shop.account, file: Buffer.from('a').toString('base64') } }), { status: 400, body: { errors: [{ path: 'bank_account' }] } })
      for (const query of [`statement=${told.body.id}`, `payment=${id}`, `bank_account=${shop.account}`]) t.same((await app.ask('GET', `/v1/bank_entries?${query}`, { key })).body.data, [])
    }
    t.match(await client('POST', `/v1/bank_entries/${unknown}/match`, { body: { payment: theirs.id, reason: 'theirs' } }), { status: 400, body: { errors: [{ path: 'payment' }] } })
    const reader = await tenant.key({ scopes: ['payments:read'] })
    t.equal((await app.ask('GET', `/v1/bank_entries/${unknown}`, { key: reader })).status, 200)
    t.equal((await app.ask('POST', `/v1/bank_entries/${unknown}/match`, { key: reader, body: { payment: id, reason: 'may not' } })).status, 403)
  })
  t.test('and nothing is left to do', async () => { await app.quiet() })
})
