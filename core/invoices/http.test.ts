import { createHash } from 'node:crypto'
import t from 'tap'
import { mailServer } from '../../test/support/mail-server.ts'
import { verifyCfdi } from '../fiscal/mx/verify.ts'
import { hour, order, pacApp } from './fixtures/pac-app.ts'

t.test('an invoice’s whole life over HTTP', async t => {
  const server = await mailServer(t)
  const app = await pacApp(t, { env: { SMTP_URL: server.url, MAIL_FROM: 'invoices@hub.example' } })
  const shop = await app.issuerShop()
  const { must, ask } = shop
  const { work, world } = app
  const get = async (id: string) => await must('GET', `/v1/invoices/${id}`)

  await t.test('draft, changed, issued, read, mailed, cancelled', async t => {
    const draft = await ask('POST', '/v1/invoices', { ...order({ reference: 'pedido 1', metadata: { table: '4' } }), draft: true })
    t.match(draft, { status: 201, body: { object: 'invoice', mode: 'test', status: 'draft', number: null, fiscal_id: null, totals: { subtotal: '2000.00', taxes: '320.00', total: '2320.00' }, reference: 'pedido 1', metadata: { table: '4' }, issued_at: null } })
    const { id } = draft.body
    const early: [string, object][] = [['xml', { status: 409 }], ['pdf', { status: 409 }]]
    for (const [what, expected] of early) t.match(await ask('GET', `/v1/invoices/${id}/${what}`), expected, what)
    t.match(await ask('POST', `/v1/invoices/${id}/cancel`, { motive: '02' }), { status: 409 })
    const changed = await must('PATCH', `/v1/invoices/${id}`, order({ lines: [{ ...order().lines[0]!, quantity: '3' }] }))
    t.match(changed, { id, status: 'draft', totals: { total: '3480.00' }, reference: null })
    t.match(await ask('PATCH', `/v1/invoices/${id}`, order({ kind: 'credit_note' })), { status: 400, body: { errors: [{ path: 'kind' }] } })
    await work()
    t.equal((await get(id)).status, 'draft', 'nothing happens to a draft by itself')
    t.match(await ask('POST', `/v1/invoices/${id}/issue`), { status: 200, body: { status: 'queued', series: 'A', number: '1' } })
    await work()
    const issued = await get(id)
    t.match(issued, { status: 'issued', provider: 'paper_pac', connection: shop.pac, fiscal_id: /^[0-9A-F-]{36}$/, issued_at: /T/, stamped_at: /T/, verification_url: /^https:\/\/verificacfdi/, amount_due: '3480.00', payment_status: 'unpaid' })
    t.match(await ask('PATCH', `/v1/invoices/${id}`, order()), { status: 409, body: { code: 'invalid_state' } })
    t.match(await ask('POST', `/v1/invoices/${id}/issue`), { status: 409 })

    const xml = await ask('GET', `/v1/invoices/${id}/xml`)
    t.match(xml, { status: 200 })
    t.match(xml.headers.get('content-type'), /^application\/xml/)
    t.match(xml.headers.get('content-disposition'), /^attachment; filename="EKU9003173C9_A1_/)
    t.equal(xml.text, String(Buffer.from(world.find(issued.fiscal_id)!.xml)))
    t.same(verifyCfdi(Buffer.from(xml.text)).checks.filter(({ ok }) => !ok), [])

    await must('POST', `/v1/invoices/${id}/send`, {})
    await work()
    t.match(server.inbox, [{ to: ['ana@cliente.example'] }])

    t.match(await ask('POST', `/v1/invoices/${id}/cancel`, { motive: '02' }), { status: 200, body: { status: 'issued' } })
    await work()
    t.equal((await get(id)).status, 'cancel_requested', 'a 201 of the SAT is a request')
    for (let round = 0; round < 4; round++) await app.pass(hour)
    t.match(await get(id), { status: 'canceled', cancellation: { motive: '02', canceled_at: /T/ } })
    t.same(await shop.events(id), ['invoice.draft', 'invoice.updated', 'invoice.queued', 'invoice.signed', 'invoice.issued', 'invoice.cancel_requested', 'invoice.canceled'])
    const log = await app.database.owner.selectFrom('audit_log').select('action').where('subject_id', '=', id).execute()
    t.same(log.map(({ action }) => action).sort(), ['invoice.cancel_asked', 'invoice.changed', 'invoice.created', 'invoice.issued', 'invoice.sent'])
  })

  await t.test('the PDF is made once and kept, whoever asks, whatever the issuer changes since', async t => {
    const { id } = await shop.issue()
    const digest = async (query = '') => {
      const response = await fetch(`${app.url}/v1/invoices/${id}/pdf${query}`, { headers: { authorization: `Bearer ${shop.key}` } })
      t.equal(response.status, 200, query)
      return createHash('sha256').update(Buffer.from(await response.arrayBuffer())).digest('hex')
    }
    const all = await Promise.all([digest(), digest(), digest('?size=letter'), digest('?language=es')])
    t.equal(new Set(all).size, 1, 'four at once: one document')
    await must('PATCH', `/v1/issuers/${shop.issuer}`, { colour: '#00ff00', ticket_footer: 'Otra cosa' })
    app.advance(hour)
    t.equal(await digest(), all[0])
    const documents = (await get(id)).documents
    t.same(documents.map(({ kind }: { kind: string }) => kind), ['pdf', 'xml'])
    t.match(await must('GET', `/v1/documents/${documents[0].id}`), { sha256: all[0], subject: id, retain_until: /^203/ })
    t.not(await digest('?size=a4'), all[0])
    t.not(await digest('?language=en'), all[0])
    t.equal((await get(id)).documents.length, 4)
    await must('POST', `/v1/invoices/${id}/cancel`, { motive: '02' })
    await work()
    for (let round = 0; round < 4; round++) await app.pass(hour)
    t.not(await digest(), all[0], 'cancelled since: it says so')
    t.match(await ask('GET', `/v1/invoices/${id}/pdf?size=a3`), { status: 400, body: { errors: [{ path: 'size' }] } })
  })

  await t.test('an Idempotency-Key makes one, whatever is repeated', async t => {
    const key = (name: string) => ({ idempotencyKey: name })
    const [first, again] = [await ask('POST', '/v1/invoices', order(), key('a')), await ask('POST', '/v1/invoices', order(), key('a'))]
    t.same([again.status, again.body], [201, first.body])
    t.match(await ask('POST', '/v1/invoices', order({ reference: 'other' }), key('a')), { status: 422, body: { code: 'idempotency_mismatch' } })
    const both = await Promise.all([ask('POST', '/v1/invoices', order(), key('b')), ask('POST', '/v1/invoices', order(), key('b'))])
    t.ok(both.every(({ status }) => status === 201 || status === 409))
    await work()
    const { id } = first.body
    const stamps = world.ledger().length
    for (const [path, body] of [['cancel', { motive: '02' }], ['credit_notes', {}]] as const) {
      const before = await ask('POST', `/v1/invoices/${path === 'cancel' ? both.find(({ status }) => status === 201)!.body.id : id}/${path}`, body, key(path))
      const after = await ask('POST', `/v1/invoices/${path === 'cancel' ? both.find(({ status }) => status === 201)!.body.id : id}/${path}`, body, key(path))
      t.same(after.body, before.body, path)
      t.ok(before.status < 300, path)
    }
    await work()
    t.equal(world.ledger().length, stamps + 1, 'one credit note')
  })

  await t.test('a credit note, and a PPD invoice that is paid in parts', async t => {
    const invoice = await shop.issue()
    const note = await ask('POST', `/v1/invoices/${invoice.id}/credit_notes`, { lines: [{ ...order().lines[0]!, quantity: '1' }] })
    t.match(note, { status: 201, body: { kind: 'credit_note', about: invoice.id, series: 'NC' } })
    await work()
    t.match(await get(note.body.id), { status: 'issued', totals: { total: '1160.00' }, related: [{ type: '01', fiscal_id: invoice.fiscal_id }] })
    t.match(await ask('POST', `/v1/invoices/${invoice.id}/credit_notes`, {}), { status: 400, body: { errors: [{ path: 'lines' }] } })

    const later = await shop.issue({ payment: { method: 'PPD', form: '99', due: '2027-12-31' } })
    const part = await ask('POST', `/v1/invoices/${later.id}/payments`, { amount: '1000.00', form: '03' })
    t.match(part, { status: 201, body: { kind: 'payment_receipt', about: later.id, series: 'P' } })
    await work()
    t.match(await get(later.id), { payment_status: 'partly_paid', amount_due: '1320.00', due: '2027-12-31' })
    t.match(await ask('POST', `/v1/invoices/${later.id}/payments`, { amount: '5000.00', form: '03' }), { status: 400, body: { errors: [{ path: 'amount' }] } })
    await must('POST', `/v1/invoices/${later.id}/payments`, { form: '28' })
    await work()
    t.match(await get(later.id), { payment_status: 'paid', amount_due: '0.00' })
    await must('POST', `/v1/invoices/${part.body.id}/send`, { to: 'pagos@cliente.example' })
    await work()
    t.match(server.inbox.at(-1)!.headers.get('subject'), '[PRUEBA] Complemento de pago P-1: Kemper & Hijos')
  })

  await t.test('a 4xx names the field, and nothing is made or used', async t => {
    const count = async () => (await must('GET', '/v1/invoices?limit=100')).data.length
    const before = await count()
    const line = order().lines[0]!
    const refusals: [object, string, string][] = [
      [{ currency: 'pesos' }, 'request_invalid', 'currency'],
      [{ country: 'US' }, 'request_invalid', 'country'],
      [{ lines: [] }, 'request_invalid', 'lines'],
      [{ lines: [{ ...line, unit_price: 10.5 }] }, 'request_invalid', 'lines[0].unit_price'],
      [{ lines: [{ ...line, quantity: '-1' }] }, 'request_invalid', 'lines[0].quantity'],
      [{ nonsense: true }, 'request_invalid', 'nonsense'],
      [{ series: 'ZZ' }, 'request_invalid', 'series'],
      [{ issuer: `iss_${'0'.repeat(32)}` }, 'request_invalid', 'issuer'],
      [{ payment_id: `pay_${'0'.repeat(32)}` }, 'request_invalid', 'payment_id'],
      [{ customer: { ...order().customer, email: 'nobody' } }, 'request_invalid', 'customer.email'],
      [{ customer: { ...order().customer, mx: { regime: '601', cfdi_use: 'D01' } } }, 'invoice_invalid', 'customer.mx.cfdi_use'],
      [{ payment: { method: 'PPD', form: '03' } }, 'invoice_invalid', 'payment.form']
    ]
    for (const [change, code, path] of refusals) {
      const answer = await ask('POST', '/v1/invoices', { ...order(), ...change })
      t.match(answer, { status: 400, body: { code, request_id: /./ } }, JSON.stringify(change))
      const paths = (answer.body.errors ?? []).map((error: { path: string }) => error.path.replace(/^\//, '').replace(/\/(\d+)/g, '[$1]').replaceAll('/', '.'))
      t.ok(paths.some((told: string) => told.startsWith(path) || path.startsWith(told)), `${path}: ${paths.join(', ')}`)
    }
    t.equal(await count(), before)
    t.match(await ask('POST', '/v1/invoices/validate', order({ payment: { method: 'PPD', form: '03' } })), { status: 200, body: { ok: false, errors: [{ code: 'CFDI40105', path: 'payment.form' }] } })
    const issued = await shop.issue()
    t.match(await ask('POST', `/v1/invoices/${issued.id}/cancel`, {}), { status: 400, body: { errors: [{ path: /motive/ }] } })
    t.match(await ask('POST', `/v1/invoices/${issued.id}/cancel`, { motive: '01' }), { status: 400, body: { errors: [{ path: 'substitute' }] } })
    t.equal((await ask('GET', '/v1/invoices/inv_nothing')).status, 404)
    t.equal((await ask('GET', `/v1/invoices?status=${'x'}`)).status, 400)
    const list = await must('GET', `/v1/invoices?fiscal_id=${issued.fiscal_id}`)
    t.same(list.data.map(({ id }: { id: string }) => id), [issued.id])
  })

  await t.test('another tenant finds nothing of it', async t => {
    const { id } = await shop.issue()
    const stranger = await app.shop({ connect: false })
    for (const [method, path, body] of [['GET', '', undefined], ['GET', '/xml', undefined], ['GET', '/pdf', undefined], ['POST', '/issue', undefined], ['POST', '/cancel', { motive: '02' }], ['POST', '/send', { to: 'a@b.example' }], ['POST', '/credit_notes', {}], ['POST', '/payments', { form: '03' }], ['PATCH', '', order()]] as const) {
      t.match(await stranger.ask(method, `/v1/invoices/${id}${path}`, body), { status: 404, body: { code: 'not_found' } }, `${method} ${path}`)
    }
  })
})
