import t from 'tap'
import { day, hour, order, pacApp } from './fixtures/pac-app.ts'
import { issuerRfc } from '../../test/support/cfdi.ts'

t.test('what the register says of an invoice that we did not cancel', async t => {
  const app = await pacApp(t, { env: { REGISTER_LOOKS: '1d,3d,30d', REGISTER_LOOK_FOR: '400d' } })
  const { pac, world, pass } = app
  const shop = await app.issuerShop()
  const invoice = async (id: string) => await shop.must('GET', `/v1/invoices/${id}`)
  const cancelElsewhere = (uuid: string) => world.cancelFor({ issuer: issuerRfc, uuid, motive: '02' })

  await t.test('cancelled elsewhere, without being asked: found at the next look, and told', async t => {
    const { id, fiscal_id: uuid } = await shop.issue()
    cancelElsewhere(uuid)
    await pass(2 * hour)
    t.equal((await invoice(id)).status, 'issued', 'nobody has looked yet')
    await pass(day)
    t.match(await invoice(id), { status: 'canceled', cancellation: null })
    t.same(await shop.alerts(id), ['invoice_canceled_elsewhere'])
    t.same((await shop.events(id)).at(-1), 'invoice.canceled')
    t.match((await shop.ask('GET', `/v1/invoices/${id}/pdf`)).text, /%PDF/)
    t.match((await shop.ask('POST', `/v1/invoices/${id}/cancel`, { motive: '02' })), { status: 409 })
    const looks = pac.looks
    await pass(90 * day)
    t.equal(pac.looks, looks, 'what is cancelled is not looked at any more')
  })

  await t.test('a cancellation elsewhere that waits for the receiver is followed to its end', async t => {
    for (const [answer, expected, alerts] of [['accept', 'canceled', ['invoice_canceled_elsewhere']], ['reject', 'cancel_rejected', ['invoice_cancel_rejected']], [undefined, 'canceled', ['invoice_canceled_elsewhere']]] as const) {
      const { id, fiscal_id: uuid } = await shop.issue()
      // After a day the receiver must agree.
      app.advance(25 * hour)
      cancelElsewhere(uuid)
      await app.work()
      t.equal((await invoice(id)).status, 'cancel_pending_acceptance', String(answer))
      if (answer !== undefined) world.receiverAnswers(uuid, answer)
      for (let round = 0; round < 8; round++) await pass(12 * hour)
      t.equal((await invoice(id)).status, expected, String(answer))
      t.same(await shop.alerts(id), alerts)
    }
  })

  await t.test('stamped, and days later the register does not know it', async t => {
    pac.register = 'knows nothing'
    const { id } = await shop.issue()
    await pass(2 * day)
    t.same(await shop.alerts(id), [], 'a PAC may take its time')
    for (let round = 0; round < 3; round++) await pass(day)
    t.same(await shop.alerts(id), ['invoice_not_registered'])
    t.equal((await invoice(id)).status, 'issued', 'its stamp holds all the same')
    pac.register = 'well'
  })

  await t.test('looks are sparse, come sooner after a failure, and end with the law’s time', async t => {
    const { id } = await shop.issue()
    const asked = async (): Promise<number> => (await shop.must('GET', `/v1/operations?limit=100&subject=${id}`)).data.filter(({ kind }: { kind: string }) => kind === 'look_up_document').length
    const count = async (work: () => Promise<void>): Promise<number> => {
      const before = await asked()
      await work()
      return await asked() - before
    }
    t.equal(await count(async () => { await pass(23 * hour) }), 0)
    t.equal(await count(async () => { await pass(2 * hour) }), 1)
    t.equal(await count(async () => { await pass(2 * day) }), 0)
    pac.register = 'down'
    t.equal(await count(async () => { await pass(day + hour) }), 1)
    pac.register = 'well'
    t.equal(await count(async () => { await pass(7 * hour) }), 1, 'six hours after nobody answered')
    t.equal(await count(async () => { await pass(29 * day) }), 0)
    t.equal(await count(async () => { await pass(2 * day) }), 1)
    t.equal((await invoice(id)).status, 'issued')
    t.same(await shop.alerts(id), [])
    app.advance(400 * day)
    await app.work()
    t.equal(await count(async () => { await pass(400 * day) }), 0)
  })
})

t.test('our own cancellation whose answer never comes', async t => {
  const app = await pacApp(t)
  const { pac, pass } = app
  const shop = await app.issuerShop()
  const status = async (id: string) => (await shop.must('GET', `/v1/invoices/${id}`)).status

  await t.test('the register stays where it is: asked on, a person told, and cancelled when it says so', async t => {
    pac.register = 'stuck'
    const { id } = await shop.issue()
    await shop.must('POST', `/v1/invoices/${id}/cancel`, { motive: '02' })
    await app.work()
    for (let round = 0; round < 10; round++) await pass(day)
    t.equal(await status(id), 'cancel_requested')
    t.same(await shop.alerts(id), ['invoice_unresolved'])
    const looks = pac.looks
    for (let round = 0; round < 5; round++) await pass(day)
    t.equal(pac.looks, looks + 5, 'once a day, for as long as it takes')
    pac.register = 'well'
    await pass(day)
    t.equal(await status(id), 'canceled')
    t.same(await shop.alerts(id), ['invoice_unresolved'], 'it was ours: nobody cancelled it elsewhere')
  })

  await t.test('the register is away for days, and nothing is taken for an answer', async t => {
    const { id } = await shop.issue()
    pac.register = 'down'
    await shop.must('POST', `/v1/invoices/${id}/cancel`, { motive: '02' })
    await app.work()
    for (let round = 0; round < 4; round++) await pass(day)
    t.equal(await status(id), 'cancel_requested')
    pac.register = 'well'
    for (let round = 0; round < 3; round++) await pass(day)
    t.equal(await status(id), 'canceled')
  })

  await t.test('three days without a word of the receiver are a yes', async t => {
    const { id } = await shop.issue()
    await pass(26 * hour)
    await shop.must('POST', `/v1/invoices/${id}/cancel`, { motive: '03' })
    await app.work()
    for (let hours = 0; hours < 71; hours += 1) await pass(hour)
    t.equal(await status(id), 'cancel_pending_acceptance', 'an hour before')
    for (let round = 0; round < 3; round++) await pass(day)
    t.equal(await status(id), 'canceled')
    t.match((await shop.must('GET', `/v1/invoices/${id}`)).cancellation, { motive: '03', canceled_at: /T/ })
  })
})

t.test('without a register and without a mirror there is nobody to ask', async t => {
  const app = await pacApp(t)
  const shop = await app.issuerShop({ register: false })
  const { id } = await shop.issue({ reference: order().currency })
  for (let round = 0; round < 4; round++) await app.pass(30 * day)
  t.equal((await shop.must('GET', `/v1/invoices/${id}`)).status, 'issued')
  t.equal(app.pac.looks, 0)
})
