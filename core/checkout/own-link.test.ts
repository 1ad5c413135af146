/** A payment link whose provider has no page for it: ours, over HTTP, with the provider on paper behind it. */
import t from 'tap'
import type { PaymentSnapshot } from '../adapter/payments.ts'
import { sepaCode } from '../payments/instructions.ts'
import { paperApp } from '../payments/fixtures/paper-app.ts'
import { Paper, paperManifest } from '../payments/fixtures/paper.ts'

t.setTimeout(240_000)

const link = { amount: 125_050, currency: 'MXN', description: 'Curso <b>de</b> "marzo"', reference: 'order-7', metadata: { order: '7' } }
const transfer: Partial<PaymentSnapshot> = {
  status: 'requires_action', providerStatus: 'waiting', amountCaptured: 0,
  nextAction: { type: 'bank_transfer', clabe: '002010077777777771', bank: '<i>Banco</i>', beneficiary: 'Escuela', reference: '77001', amount_remaining: 125_050, currency: 'MXN', expires_at: '2030-01-05T23:59:59Z' }
}
const payer = { method: 'spei', name: 'Ana <Ruiz>', email: 'ana@example.com' }

t.test('a payment link where the provider has none', async t => {
  const paper = new Paper(({ createPaymentLink, getPaymentLink, findPaymentLink, expirePaymentLink, ...family }) => family, { ...paperManifest, retry_safety: Object.fromEntries(Object.entries(paperManifest.retry_safety).filter(([operation]) => !operation.endsWith('_payment_link'))) })
  const app = await paperApp(t, { paper })
  const shop = await app.shop()
  const { must, ask } = shop
  const read = async (url: string, language = 'en') => {
    const answer = await fetch(url, { redirect: 'manual', headers: { 'accept-language': language } })
    return { status: answer.status, headers: answer.headers, html: await answer.text() }
  }
  const press = async (url: string, fields: Record<string, string>) => {
    const answer = await fetch(url, { method: 'POST', redirect: 'manual', headers: { 'content-type': 'application/x-www-form-urlencoded', 'accept-language': 'en' }, body: new URLSearchParams(fields).toString() })
    return { status: answer.status, location: answer.headers.get('location') ?? '', html: await answer.text() }
  }
  const once = (html: string) => /name="once" value="([^"]+)"/.exec(html)![1]!
  const paymentsOf = async (id: string) => (await must('GET', `/v1/payments?origin=${id}`)).data
  const make = async (more: object = {}) => await must('POST', '/v1/payment_links', { ...link, ...more })

  t.test('is a page of ours: what it says, in both languages, under the strictest policy, and found by nobody', async t => {
    const made = await make({ lines: [{ name: '<script>alert(1)</script>', quantity: 2, unit_amount: 62_525 }] })
    t.match(made, { status: 'open', url: `${app.url}/link/`, provider_status: 'own_page', totals: { payments: 0, amount: 0 } })
    t.same(await shop.events(made.id), ['payment_link.open'])
    const page = await read(made.url)
    t.equal(page.status, 200)
    t.match(page.html, /MX\$1,250\.50[\s\S]*Curso &lt;b&gt;de&lt;\/b&gt; &quot;marzo&quot;[\s\S]*&lt;script&gt;/)
    t.same([...page.html.matchAll(/name="method" value="(\w+)"/g)].map(([, way]) => way), ['oxxo', 'spei', 'pix', 'nequi', 'wallet'], 'no card, and nothing that wants a choice of the provider’s own')
    t.match((await read(made.url, 'es')).html, /<html lang="es">[\s\S]*¿Cómo quiere pagar\?[\s\S]*Transferencia SPEI/)
    t.match((await read(`${made.url}?lang=es`)).html, /<html lang="es">[\s\S]*href="\?lang=en"/, 'the reader chooses')
    const policy = page.headers.get('content-security-policy')!
    const nonce = /'nonce-([^']+)'/.exec(policy)![1]!
    t.equal(policy, `default-src 'none'; script-src 'self'; style-src 'nonce-${nonce}'; img-src 'self' data:; connect-src 'self'; form-action 'self'; base-uri 'none'; frame-ancestors 'none'`)
    t.not((await read(made.url)).headers.get('content-security-policy'), policy, 'a nonce is used once')
    t.match(['cache-control', 'referrer-policy', 'x-robots-tag', 'x-content-type-options'].map(name => page.headers.get(name)), ['no-store', 'no-referrer', 'noindex, nofollow', 'nosniff'])
    t.notMatch(page.html, /<script(?! type="module" src="\/static\/)|<style(?! nonce=)|\sstyle=|\son\w+=/)
    const script = /src="(\/static\/public-page\.js\?v=[^"]+)"/.exec(page.html)![1]!
    t.match((await read(app.url + script)).headers.get('cache-control'), /immutable/)
  })

  t.test('pressed three times at once it is one payment, with its own page, which follows it', async t => {
    const { id, url } = await make({ max_payments: 1, success_url: 'http://shop.test/thanks' })
    const form = { ...payer, once: once((await read(url)).html) }
    paper.script = () => transfer
    const pressed = await Promise.all([1, 2, 3].map(async () => await press(url, form)))
    paper.script = () => ({})
    t.same(pressed.map(({ status }) => status), [303, 303, 303])
    const [at] = pressed.map(({ location }) => location.split('?')[0]!)
    const [payment, ...others] = await paymentsOf(id)
    t.same([others.length, paper.inputs.filter(({ orderReference }) => orderReference === 'order-7').length], [0, 1])
    t.match(paper.inputs.at(-1), { method: { type: 'spei' }, reference: payment.id })
    t.match(payment, { amount: 125_050, status: 'requires_action', origin: { type: 'payment_link', id }, reference: 'order-7', metadata: { order: '7' }, customer: { name: 'Ana <Ruiz>', email: 'ana@example.com' } })
    const page = await read(at!)
    t.match(page.html, /002 010 07777777777 1[\s\S]*data-copy="002010077777777771"[\s\S]*&lt;i&gt;Banco&lt;\/i&gt;[\s\S]*MX\$1,250\.50[\s\S]*data-copy="77001"/)
    t.match((await read(at!, 'es')).html, /Haga una transferencia[\s\S]*Importe exacto[\s\S]*\$1,250\.50 MXN/)
    t.notMatch(page.html, /<i>Banco/)
    const state = async () => JSON.parse((await read(`${at!}/state`)).html).state as string
    const before = await state()
    t.equal(/data-watch="([^"]+)"/.exec(page.html)![1], before)
    t.equal((await press(at!, {})).status, 404, 'it shows, and does nothing')
    paper.change(payment.provider_reference, { status: 'succeeded', providerStatus: 'paid', amountCaptured: 125_050, nextAction: undefined } as never)
    t.match((await read(at!)).html, /The payment is made[\s\S]*http:\/\/shop\.test\/thanks/)
    t.not(await state(), before)
    t.match(await must('GET', `/v1/payments/${payment.id}`), { status: 'succeeded', review: null }, 'the provider names the payment, and that is right')
    t.match(await must('GET', `/v1/payment_links/${id}`), { totals: { payments: 1, amount: 125_050 } })
    const full = await read(url)
    t.match(full.html, /has been paid/)
    t.notMatch(full.html, /<form/)
    t.equal((await press(url, { ...form, once: once((await read((await make()).url)).html) })).status, 409, 'no second one of a link for one')
    t.match(await press(url, form), { status: 303 }, 'and its own form still leads to it')
    app.advance(11 * 60_000)
    await app.work()
    t.match(await must('GET', `/v1/payment_links/${id}`), { status: 'complete', url: null })
  })

  t.test('each other way to pay has its own instructions; what is over says so', async t => {
    const { url } = await make()
    const begin = async (script: Partial<PaymentSnapshot>, method = 'spei') => {
      paper.script = () => ({ status: 'requires_action', providerStatus: 'waiting', amountCaptured: 0, ...script })
      const { location } = await press(url, { ...payer, method, once: once((await read(url)).html) })
      paper.script = () => ({})
      return location
    }
    const voucher = await begin({ nextAction: { type: 'voucher', reference: '93000262280678', url: 'https://paper.test/voucher?a=1&b=2', expires_at: '2030-01-05T23:59:59Z' } }, 'oxxo')
    t.match((await read(voucher)).html, /Pay at the counter[\s\S]*data-copy="93000262280678"[\s\S]*href="https:\/\/paper\.test\/voucher\?a=1&amp;b=2"/)
    const code = await begin({ nextAction: { type: 'qr', data: '00020126…' } }, 'pix')
    t.match((await read(code)).html, /<svg[\s\S]*Scan|Scan[\s\S]*<svg/)
    const drawn = await begin({ nextAction: { type: 'qr', data: 'x', image: 'https://elsewhere.test/a.png' } }, 'pix')
    t.notMatch((await read(drawn)).html, /elsewhere/, 'nothing is loaded from elsewhere')
    t.match((await read(await begin({ nextAction: { type: 'wallet_push' } }, 'nequi'))).html, /wallet’s app/)
    const away = await begin({ nextAction: { type: 'redirect', url: 'https://bank.test/pay?a=1' } }, 'wallet')
    t.match((await read(away)).html, /http-equiv="refresh" content="0; url=https:\/\/bank\.test/)
    t.notMatch((await read(away.replace('?then=go', ''))).html, /content="0/, 'once: who turns back there is not sent there again')
    const evil = await begin({ nextAction: { type: 'redirect', url: 'javascript:alert(1)' } }, 'wallet')
    t.notMatch((await read(evil)).html, /javascript:/)
    const last = (await must('GET', '/v1/payments?limit=1')).data[0]
    for (const [status, says] of [['expired', /time to pay is over/], ['canceled', /was cancelled/]] as const) {
      const page = await begin(transfer)
      const [made] = (await must('GET', '/v1/payments?limit=1')).data
      paper.change(made.provider_reference, { status, providerStatus: status, nextAction: undefined } as never)
      const { html } = await read(page)
      t.match(html, says)
      t.notMatch(html, /002010077777777771/, 'nobody pays to it any more')
    }
    t.ok(last)
  })

  t.test('a refusal stands on the form, with what was typed; nothing else was begun', async t => {
    const { id, url } = await make()
    const form = { ...payer, once: once((await read(url)).html) }
    t.match(await press(url, { ...form, email: 'ana' }), { status: 400, html: /does not look like an e-mail[\s\S]*value="Ana &lt;Ruiz&gt;"/ })
    t.match(await press(url, { ...form, method: 'card' }), { status: 400, html: /Choose a way/ }, 'no card, whoever asks')
    t.equal((await paymentsOf(id)).length, 0)
    paper.fail('create_payment', { code: 'invalid_request', reached: 'answered', param: 'customer.tax_id', providerCode: 'no_document' })
    const refused = await press(url, form)
    t.match(refused, { status: 400, html: /role="alert"[\s\S]*<details open>[\s\S]*name="tax_id"/ })
    t.not(once(refused.html), form.once, 'the next press begins another')
    paper.script = () => transfer
    t.match(await press(url, { ...form, tax_id: 'RUPA800101AB1', once: once(refused.html) }), { status: 303 })
    paper.script = () => ({})
    t.match(await paymentsOf(id), [{ status: 'requires_action', customer: { tax_id: 'RUPA800101AB1' } }, { status: /failed|requires_payment_method/ }])
  })

  t.test('only who holds the address, only this link, and only while it stands', async t => {
    const { id, url } = await make({ expires_at: new Date(Date.now() + 3600_000).toISOString() })
    const other = await make()
    const [tenant, , second, mac] = url.split('/link/')[1]!.split('.')
    const form = { ...payer, once: once((await read(url)).html) }
    for (const wrong of ['nonsense', `${tenant}.${other.id}.${second}.${mac}`, `${tenant}.${id}.${Number(second) + 1}.${mac}`, `${tenant}.${id}.${second}.`]) {
      t.match(await read(`${app.url}/link/${wrong}`), { status: 404, html: /no longer active/ }, wrong)
      t.equal((await press(`${app.url}/link/${wrong}`, form)).status, 404, wrong)
    }
    const stranger = await app.shop()
    t.equal((await stranger.ask('GET', `/v1/payment_links/${id}`)).status, 404)
    const theirs = await stranger.must('POST', '/v1/payment_links', link)
    t.equal((await press(theirs.url, form)).status, 400, 'a form of one tenant begins nothing at another')
    paper.script = () => transfer
    t.equal((await press(url, form)).status, 303)
    t.equal((await press(other.url, form)).status, 404, 'nor of one link at another, and it shows nobody’s payment')
    paper.script = () => ({})
    t.match(await ask('POST', `/v1/payment_links/${other.id}/expire`), { status: 200, body: { status: 'expired', url: null } })
    t.match((await read(other.url)).html, /link is over/)
    app.advance(2 * 3600_000)
    t.match((await read(url)).html, /link is over/)
    app.advance(25 * 3600_000)
    const fresh = await make()
    t.match(await press(fresh.url, form), { status: 400, html: /open for a long time/ }, 'nor a form of yesterday')
  })

  t.test('what a page of ours cannot do is refused as before', async t => {
    t.match(await ask('POST', '/v1/payment_links', { ...link, methods: ['card'] }), { status: 422, body: { code: 'capability_not_supported' } })
    t.match(await ask('POST', '/v1/payment_links', { ...link, capture: 'manual' }), { status: 422 })
    t.match(await ask('POST', '/v1/payment_links', { ...link, invoice_id: `inv_${'0'.repeat(32)}` }), { status: 400, body: { errors: [{ path: 'invoice_id' }] } })
  })
})

t.test('the code of a SEPA transfer says what the payer’s app fills in (EPC069-12)', async t => {
  const said = { iban: 'ES9121000418450200051332', bic: 'CAIXESBB', beneficiary: 'Escuela  Kemper', reference: 'PAS-7', due: 125_050, currency: 'EUR' }
  t.equal(sepaCode(said), 'BCD\n002\n1\nSCT\nCAIXESBB\nEscuela Kemper\nES9121000418450200051332\nEUR1250.50\n\n\nPAS-7')
  t.equal(sepaCode({ ...said, currency: 'MXN' }), undefined)
  t.equal(sepaCode({ ...said, beneficiary: undefined }), undefined)
})
