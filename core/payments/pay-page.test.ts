import t from 'tap'
import type { PaymentSnapshot } from '../adapter/payments.ts'
import { paperApp } from './fixtures/paper-app.ts'

const order = { amount: 19900, currency: 'MXN', method: { type: 'card', token: 'pm_saved' }, off_session: true, description: 'Gym <March>' }
const wanted: Partial<PaymentSnapshot> = { status: 'requires_payment_method', providerStatus: 'requires_payment_method', amountCaptured: 0, error: { code: 'authentication_required', providerCode: 'authentication_required' }, nextAction: { type: 'client_secret', client_secret: 'secret_1' } }
const redirect: Partial<PaymentSnapshot> = { status: 'requires_action', providerStatus: 'requires_action', amountCaptured: 0, error: undefined as never, nextAction: { type: 'redirect', url: 'https://bank.test/3ds?a=1&b=2' } }

t.setTimeout(240_000)

t.test('an off-session charge that the bank wants the payer for', async t => {
  const app = await paperApp(t)
  const { paper } = app
  const shop = await app.shop()
  const { must, ask } = shop
  const read = async (url: string, language = 'en') => {
    const answer = await fetch(url, { redirect: 'manual', headers: { 'accept-language': language } })
    return { status: answer.status, headers: answer.headers, html: await answer.text() }
  }
  const press = async (url: string) => await fetch(url, { method: 'POST', redirect: 'manual', headers: { 'content-type': 'application/x-www-form-urlencoded' }, body: '' })
  const charge = async (script: Partial<PaymentSnapshot> = wanted) => {
    paper.script = () => script
    const payment = await must('POST', '/v1/payments', order)
    paper.script = () => ({})
    return payment
  }

  t.test('requires_action, with a link to finish it; and the payer does', async t => {
    const payment = await charge()
    t.match(payment, { status: 'requires_action', error: { code: 'authentication_required' }, next_action: { type: 'redirect', url: `${app.url}/pay/` } })
    t.same(await shop.events(payment.id), ['payment.requires_action'])
    const { url } = payment.next_action
    const page = await read(url)
    t.equal(page.status, 200)
    t.match(page.html, /\$199\.00|MX\$199/)
    t.match(page.html, /Gym &lt;March&gt;/, 'a tenant’s text is text')
    t.match(page.html, /<form method="post"[^>]*><button>Confirm with my bank/)
    t.match((await read(url, 'es')).html, /Confirmar con mi banco/)
    t.match([page.headers.get('content-security-policy'), page.headers.get('cache-control'), page.headers.get('referrer-policy')], [/script-src 'self'.*form-action 'self'.*frame-ancestors 'none'/, 'no-store', 'no-referrer'])
    t.notMatch(page.html, /<script(?! type="module" src="\/static\/)|\sstyle=|secret_1|pm_saved/, 'nothing inline, nothing secret')

    paper.script = () => redirect
    const pressed = await press(url)
    paper.script = () => ({})
    t.same([pressed.status, pressed.headers.get('location')], [303, `${url}?then=go`])
    t.match(paper.inputs.at(-1), { offSession: false, returnUrl: url, method: { type: 'card', token: 'pm_saved' }, attempt: 2 }, 'the same method, and the payer is there')
    t.match((await read(`${url}?then=go`)).html, /http-equiv="refresh" content="0; url=https:\/\/bank\.test\/3ds\?a=1&amp;b=2"[\s\S]*<a class="button" href="https:\/\/bank\.test\/3ds\?a=1&amp;b=2">/)
    t.notMatch((await read(url)).html, /content="0;/, 'who turns back there is not sent there again')
    t.match(await must('GET', `/v1/payments/${payment.id}`), { status: 'requires_action', next_action: { type: 'redirect', url: 'https://bank.test/3ds?a=1&b=2' } }, 'the provider’s own page goes before ours')
    paper.change(payment.provider_reference, { status: 'succeeded', amountCaptured: 19900, nextAction: undefined } as never)
    t.match((await read(url)).html, /The payment is made/, 'back from the bank the provider is asked')
    t.match(await must('GET', `/v1/payments/${payment.id}`), { status: 'succeeded', attempts: 2, next_action: null, error: null })
    const before = paper.count('confirm_payment')
    t.equal((await press(url)).status, 303)
    t.equal(paper.count('confirm_payment'), before, 'what is paid is not paid again')
  })

  t.test('told as a refusal, too', async t => {
    paper.fail('create_payment', { code: 'authentication_required', reached: 'answered', providerCode: 'sca' })
    const payment = await must('POST', '/v1/payments', order)
    t.match(payment, { status: 'requires_action', error: { code: 'authentication_required' }, next_action: { type: 'redirect' } })
    t.equal((await press(payment.next_action.url)).status, 303)
    t.match(await must('GET', `/v1/payments/${payment.id}`), { status: 'succeeded', attempts: 2 })
  })

  t.test('the app may finish it itself, or cancel it', async t => {
    const payment = await charge()
    t.match(await must('POST', `/v1/payments/${payment.id}/confirm`, { method: { type: 'card', token: 'other' } }), { status: 'succeeded' })
    const other = await charge()
    t.match(await must('POST', `/v1/payments/${other.id}/cancel`), { status: 'canceled' })
    t.match((await read(other.next_action.url)).html, /can no longer be made/)
  })

  t.test('the payer fails at the bank, and tries again', async t => {
    const payment = await charge()
    const { url } = payment.next_action
    paper.script = () => redirect
    await press(url)
    paper.script = () => ({})
    paper.change(payment.provider_reference, { status: 'requires_payment_method', error: { code: 'authentication_failed' }, nextAction: undefined } as never)
    t.match((await read(url)).html, /could not be confirmed[\s\S]*<form/)
    t.match(await must('GET', `/v1/payments/${payment.id}`), { status: 'requires_payment_method', error: { code: 'authentication_failed' } })
    await press(url)
    t.match((await read(url)).html, /The payment is made/)
  })

  t.test('nobody answers: the page says so, and one charge is made', async t => {
    const payment = await charge()
    const { url } = payment.next_action
    paper.lose('confirm_payment', 'after')
    await press(url)
    t.match((await read(url)).html, /being processed[\s\S]*/)
    t.match((await read(url)).html, /http-equiv="refresh"/)
    app.advance(6_000)
    await app.work()
    t.match(await must('GET', `/v1/payments/${payment.id}`), { status: 'succeeded' })
    const lost = await charge()
    paper.fail('confirm_payment', { code: 'provider_unavailable', reached: 'nowhere' })
    await press(lost.next_action.url)
    t.match(await must('GET', `/v1/payments/${lost.id}`), { status: 'requires_action', error: { code: 'provider_unavailable' }, next_action: { type: 'redirect' } }, 'and may still be finished')
    await press(lost.next_action.url)
    t.match(await must('GET', `/v1/payments/${lost.id}`), { status: 'succeeded' })
  })

  t.test('pressed twice at once: one attempt', async t => {
    const payment = await charge()
    await Promise.all([press(payment.next_action.url), press(payment.next_action.url), press(payment.next_action.url)])
    t.match(await must('GET', `/v1/payments/${payment.id}`), { status: 'succeeded', attempts: 2 })
  })

  t.test('only who holds the link, only for its day, and only this payment', async t => {
    const payment = await charge()
    const { url } = payment.next_action as { url: string }
    const [tenant, , until, mac] = url.split('/pay/')[1]!.split('.')
    const other = await charge()
    for (const wrong of [`${app.url}/pay/nonsense`, `${app.url}/pay/${tenant}.${other.id}.${until}.${mac}`, `${app.url}/pay/${tenant}.${payment.id}.${Number(until) + 9}.${mac}`, `${app.url}/pay/${tenant}.${payment.id}.${until}.`, `${url}/return`]) {
      t.equal((await read(wrong)).status, 404, wrong)
      t.ok([404, 405].includes((await press(wrong)).status), wrong)
    }
    app.advance(25 * 3600_000)
    t.equal((await read(url)).status, 404)
    const again = (await must('GET', `/v1/payments/${payment.id}`)).next_action.url
    t.equal((await read(again)).status, 200, 'whoever reads the payment gets a new one')
  })

  t.test('with the payer there it is a decline like any other', async t => {
    paper.script = () => wanted
    t.match(await must('POST', '/v1/payments', { ...order, off_session: false }), { status: 'requires_payment_method', error: { code: 'authentication_required' }, next_action: { type: 'client_secret' } })
    paper.script = () => ({})
  })

  t.test('a page of the provider’s own is used as it is', async t => {
    t.match(await charge({ ...wanted, nextAction: { type: 'client_secret', client_secret: 'secret_2', url: 'https://paper.test/finish' } }), { status: 'requires_action', next_action: { type: 'redirect', url: 'https://paper.test/finish' } })
  })

  t.test('what was kept for it is sealed, and forgotten at the end', async t => {
    const rows = await app.database.owner.selectFrom('payments').select(['status', 'method_sealed']).execute()
    t.ok(rows.some(row => row.method_sealed !== null))
    t.same(rows.filter(row => row.method_sealed !== null && (row.status === 'succeeded' || row.status === 'canceled')), [])
    t.notMatch(JSON.stringify(rows), /pm_saved/)
    t.match(await ask('GET', '/v1/payments?status=requires_action'), { status: 200 })
  })
})
