/** Payments, invoices, sales, customers and subscriptions in the console: a real Chromium, the whole application over HTTP, its simulators and a mail server. */
import { readFileSync } from 'node:fs'
import jsQR from 'jsqr'
import type { Page } from 'playwright-core'
import t, { type Test } from 'tap'
import { startFinkokSimulator } from '../adapters/finkok/simulator.ts'
import { startSatStatusSimulator } from '../adapters/sat_status/simulator.ts'
import { type AppTenant, card, order, testApp, type TestApp } from './support/app.ts'
import { csd, issuerRfc } from './support/cfdi.ts'
import { accessible, button, choose, consoleDesk, consoleUsers, fits, heading, type Look, open, press, say, type Seat, spoken, type TakeSeat } from './support/console.ts'
import { eventually } from './support/eventually.ts'
import { mailServer, type MailServer } from './support/mail-server.ts'
import { createSatWorld } from './support/mexico.ts'
import { stripeJs } from './support/stripe-js.ts'

t.setTimeout(300_000)

const buyer = { taxId: 'IVD920810GU2', name: 'INNOVACION VALOR Y DESARROLLO', postal: '63901' }
const threeDSecure = '4000002760003184'

let app: TestApp
let mails: MailServer
let take: TakeSeat
let tenant: AppTenant
let stranger: AppTenant

t.before(async () => {
  const world = createSatWorld({ taxpayers: { [issuerRfc]: { name: 'ESCUELA KEMPER URGATE', postalCode: '42501', regime: '601' }, [buyer.taxId]: { name: buyer.name, postalCode: buyer.postal, regime: '601' } } })
  const [pac, sat] = await Promise.all([startFinkokSimulator({ world }), startSatStatusSimulator({ world })])
  t.teardown(async () => { await Promise.all([pac.close(), sat.close()]) })
  mails = await mailServer(t)
  app = await testApp(t, { env: { PASARELA_PROVIDER_URL_FINKOK: pac.url, PASARELA_PROVIDER_RATE_FINKOK: '10000', PASARELA_PROVIDER_URL_SAT_STATUS: sat.url, PASARELA_PROVIDER_RATE_SAT_STATUS: '10000', RESOLVER_SCHEDULE: '500ms,1s,2s,5s', SMTP_URL: mails.url, MAIL_FROM: 'hub@pasarela.example' } })
  tenant = await app.tenant({ name: 'Hotel Azul' })
  stranger = await app.tenant({ name: 'Otra Casa' })
  await consoleUsers(app, tenant, stranger)
  const issuer = await post('/v1/issuers', { country: 'MX', tax_id: issuerRfc, legal_name: 'ESCUELA KEMPER URGATE', regime: '601', postal_code: '42501' })
  await post('/v1/certificates', { cer: csd.cer.toString('base64'), key: csd.key.toString('base64'), passphrase: csd.passphrase, issuer: issuer.id })
  for (const [document, prefix] of [['invoice', 'A'], ['credit_note', 'NC'], ['payment_receipt', 'P']]) await post('/v1/series', { issuer: issuer.id, document, prefix })
  await post('/v1/connections', { provider: 'finkok', mode: 'test', credentials: pac.credentials('test') })
  await post('/v1/connections', { provider: 'sat_status', mode: 'test', credentials: {} })
  take = await consoleDesk(t, app)
})

const post = async (url: string, body?: object): Promise<any> => await app.must('POST', url, { key: tenant.testKey, ...(body !== undefined && { body }) })
const get = async (url: string): Promise<any> => await app.must('GET', url, { key: tenant.testKey })

const seat = async (t: Test, email: string, look: Look = {}): Promise<Seat> => await take(t, { ...look, at: '/account', email })
let sat: Promise<Seat> | undefined
/** The administrator's, in Spanish, whom nobody asks to sign in again: what a test finds there is its own. */
async function desk (): Promise<Seat> {
  const admin = await (sat ??= seat(t, 'admin@azul.example'))
  admin.complaints.length = 0
  return admin
}

/** What a reader of QR codes sees in the one on the page. */
async function scanned (page: Page): Promise<string | undefined> {
  const { size, path } = await page.locator('[data-qr]').evaluate(svg => ({ size: Number(svg.getAttribute('viewBox')!.split(' ')[2]), path: svg.querySelector('path')!.getAttribute('d')! }))
  const scale = 4
  const pixels = new Uint8ClampedArray((size * scale) ** 2 * 4).fill(255)
  for (const [, x, y] of path.matchAll(/M(\d+) (\d+)h/g)) {
    for (let dy = 0; dy < scale; dy++) for (let dx = 0; dx < scale; dx++) pixels.fill(0, ((Number(y) * scale + dy) * size * scale + Number(x) * scale + dx) * 4, ((Number(y) * scale + dy) * size * scale + Number(x) * scale + dx) * 4 + 3)
  }
  return (jsQR as unknown as typeof jsQR.default)(pixels, size * scale, size * scale)?.data
}

/** The payer, on the provider's page and at their bank. */
async function payWith3DSecure (page: Page): Promise<void> {
  await page.locator('select[name=card]').selectOption(threeDSecure)
  const email = page.locator('[name=email]')
  if (await email.count() > 0) await email.fill('ana@example.com')
  await page.locator('#submit').click()
  await page.locator('#test-source-authorize-3ds').click()
}

let paid = ''

t.test('a payment on the provider’s page, through 3-D Secure: the console changes by itself, and a part goes back once', async t => {
  const { page, context, complaints } = await seat(t, 'admin@azul.example')
  await page.goto('/payments')
  await heading(page, /^Cobros$/)
  await page.getByText('Aún no hay cobros').waitFor()
  await accessible(t, page, 'no payments yet')
  await page.getByRole('link', { name: 'Nuevo cobro' }).first().click()
  await heading(page, /^Nuevo cobro$/)
  await page.locator('[name=amount]').fill('mucho')
  await press(page, /^Seguir$/)
  await page.getByText('Escriba un importe de esta moneda').waitFor()
  await page.locator('[name=amount]').fill('1,199.5')
  await page.locator('[name=description]').fill('Habitación 12')
  await page.locator('[name=reference]').fill('R-12')
  await press(page, /^Seguir$/)
  await page.locator('[data-session=open]').waitFor()
  await accessible(t, page, 'a page that waits to be paid')
  const [hosted] = await Promise.all([context.waitForEvent('page'), page.locator('[data-open-page]').click()])
  await payWith3DSecure(hosted)
  await hosted.getByRole('heading', { level: 1, name: 'Gracias' }).waitFor()
  await accessible(t, hosted, 'where the payer comes back to')
  await page.locator('[data-payment=succeeded]').waitFor()
  await heading(page, /^\$1,199\.50 MXN$/)
  paid = /pay_\w+/.exec(page.url())![0]
  await page.getByText('Aviso del proveedor').first().waitFor()
  await accessible(t, page, 'a payment')

  // The answer is lost on its way: what was asked for is asked for again, and done once.
  let cut = 0
  await page.route('**/v1/payments/*/refunds', async route => {
    if (route.request().method() !== 'POST' || cut++ > 0) return await route.continue()
    await route.fetch()
    await route.abort()
  })
  await press(page, /^Devolver$/)
  await page.getByRole('dialog').getByText('Como mucho').waitFor()
  await page.locator('[name=amount]').fill('5000')
  await page.getByText('no mayor de lo que queda').waitFor()
  t.ok(await page.getByRole('dialog').getByRole('button', { name: 'Devolver', exact: true }).isDisabled())
  await accessible(t, page, 'the question before a refund')
  await page.locator('[name=amount]').fill('199.5')
  await say(page, /^Devolver$/)
  await page.locator('[data-refund=succeeded]').waitFor()
  t.ok(cut >= 2, 'it was asked for again')
  t.match(await get(`/v1/payments/${paid}`), { amount_refunded: 19950, status: 'succeeded' })
  t.equal((await get(`/v1/payments/${paid}/refunds`)).data.length, 1, 'and given back once')
  t.same(complaints, [])
})

t.test('an invoice of the payment: the official code stands beside the field, the server adds up, and it is stamped, mailed and cancelled', async t => {
  const { page, complaints } = await desk()
  await open(page, `/payments/${paid}`)
  await page.getByRole('link', { name: 'Facturar' }).click()
  await heading(page, /^Nueva factura$/)
  await page.locator('[data-judged=bad]').waitFor()
  t.equal(await page.locator('[name=line-0-price]').inputValue(), '1034.051724', 'the price before its tax')
  t.equal(await page.locator('[aria-invalid=true]').count(), 0, 'nothing is wrong with a field that nobody has left')
  await page.locator('[name=buyer-taxId]').fill('IVD920810GU')
  await page.locator('[name=buyer-taxId]').blur()
  await eventually('the code of the rule stands beside the field', async () => {
    const said = await page.locator('[name=buyer-taxId]').evaluate(field => document.getElementById(field.getAttribute('aria-describedby') ?? '')?.textContent ?? '')
    return /\(CFDI40\d{3}\)/.test(said)
  })
  await press(page, /^Emitir factura$/)
  await page.locator('[data-broken]').waitFor()
  t.match(await page.locator('[data-broken]').innerText(), /CFDI40\d{3}/)
  await accessible(t, page, 'an invoice that breaks rules')
  await page.locator('[name=buyer-taxId]').fill(buyer.taxId)
  await page.locator('[name=buyer-name]').fill(buyer.name)
  await page.locator('[name=buyer-postal]').fill(buyer.postal)
  await choose(page, /^Régimen fiscal$/, /^601/)
  await choose(page, /^Uso del CFDI$/, /^G03/)
  await page.locator('[name=line-0-description]').fill('Hospedaje')
  await page.locator('[name=line-0-product]').fill('90111800')
  await page.locator('[data-judged=good]').waitFor()
  t.match(await page.locator('[data-total=total]').innerText(), /^1,199\.50 MXN$/)
  await press(page, /^Emitir factura$/)
  await page.locator('[data-invoice=issued]').waitFor()
  await heading(page, /^Factura A1$/)
  const id = /inv_\w+/.exec(page.url())![0]
  const [xml] = await Promise.all([page.waitForEvent('download'), press(page, /^XML$/)])
  t.match(readFileSync((await xml.path())!, 'utf8'), /<cfdi:Comprobante[\s\S]*UUID=/)
  await accessible(t, page, 'an invoice')

  await press(page, /^Enviar por correo$/)
  await page.getByRole('dialog').getByLabel(/A quién/).fill('compras@innovacion.example')
  await say(page, /^Enviar$/)
  await eventually('it is in their mail', () => mails.inbox.find(({ to }) => to[0] === 'compras@innovacion.example'))
  await page.getByText('compras@innovacion.example').waitFor()

  await open(page, `/payments/${paid}`)
  await page.getByRole('link', { name: 'Factura A1' }).waitFor()
  await page.getByRole('link', { name: 'Factura A1' }).click()
  await press(page, /^Cancelar factura$/)
  await choose(page, /^Motivo$/, /^03/)
  await say(page, /^Pedir la cancelación$/)
  await page.locator('[data-invoice^=cancel]').waitFor()
  t.match((await get(`/v1/invoices/${id}`)).cancellation, { motive: '03' })
  t.same(complaints, [])
})

t.test('a draft is corrected and issued, and a part of it credited', async t => {
  const kept = { related: [{ type: '02', fiscal_id: '11111111-2222-4333-8444-555555555555' }], local_taxes: [{ name: 'ISH', rate: '0.03', amount: '0.00' }], mx: { export: '01', rounding: 'six', receipts: 'manual' }, metadata: { room: '12' } }
  const draft = await post('/v1/invoices', { ...kept, country: 'MX', draft: true, customer: { name: buyer.name, tax_id: buyer.taxId, address: { postal_code: buyer.postal }, mx: { regime: '601', cfdi_use: 'G03' } }, lines: [{ description: 'Noche', quantity: '3', unit_price: '100', taxes: [{ type: 'IVA', rate: '0.16' }], mx: { product_key: '90111800', unit_key: 'E48' } }], payment: { method: 'PUE', form: '03' }, currency: 'MXN' })
  const { page } = await desk()
  await open(page, `/invoices/${draft.id}/edit`)
  await page.locator('[data-judged=good]').waitFor()
  await page.locator('[name=line-0-quantity]').fill('2')
  await page.locator('[data-total=total]').getByText('232.00').waitFor()
  await press(page, /^Guardar cambios$/)
  await page.locator('[data-invoice=draft]').waitFor()
  t.match(await get(`/v1/invoices/${draft.id}`), { ...kept, lines: [{ quantity: '2' }] }, 'what the form does not show is still there')
  await press(page, /^Emitir$/)
  await say(page, /^Emitir$/)
  await page.locator('[data-invoice=issued]').waitFor()
  t.match(await get(`/v1/invoices/${draft.id}`), { totals: { total: '232.00' }, lines: [{ quantity: '2' }] })
  await press(page, /^Nota de crédito$/)
  await page.getByRole('radio', { name: 'Solo algunos conceptos' }).check()
  await page.getByRole('checkbox', { name: 'Noche' }).check()
  await page.getByRole('dialog').getByLabel('Cantidad').fill('1')
  await say(page, /^Hacer la nota$/)
  await heading(page, /^Nota de crédito /)
  await page.locator('[data-invoice=issued]').waitFor()
  await eventually('the invoice knows of it', async () => (await get(`/v1/invoices/${draft.id}`)).amount_credited === '116.00')
})

t.test('an invoice is replaced by another and cancelled for it (01); a PPD one gets the receipt of its payment', async t => {
  const body = { country: 'MX', customer: { name: buyer.name, tax_id: buyer.taxId, address: { postal_code: buyer.postal }, mx: { regime: '601', cfdi_use: 'G03' } }, lines: [{ description: 'Noche', quantity: '1', unit_price: '100', taxes: [{ type: 'IVA', rate: '0.16' }], mx: { product_key: '90111800', unit_key: 'E48' } }], currency: 'MXN' }
  const [wrong, owed] = await Promise.all([post('/v1/invoices', { ...body, payment: { method: 'PUE', form: '03' } }), post('/v1/invoices', { ...body, payment: { method: 'PPD', form: '99' } })])
  const { page, complaints } = await desk()
  await open(page, `/invoices/${owed.id}`)
  await page.locator('[data-invoice=issued]').waitFor()
  await press(page, /^Registrar pago$/)
  await page.locator('[name=paid-amount]').fill('50')
  await say(page, /^Registrar$/)
  await page.locator('[data-about]').getByRole('link', { name: /^Complemento de pago P/ }).waitFor()
  await eventually('it is paid in part', async () => (await get(`/v1/invoices/${owed.id}`)).amount_due === '66.00')

  await open(page, `/invoices/${wrong.id}`)
  await page.locator('[data-invoice=issued]').waitFor()
  await page.getByRole('link', { name: 'Hacer la que la sustituye' }).click()
  await heading(page, /^Factura que sustituye a otra$/)
  await page.locator('[name=line-0-quantity]').fill('2')
  await page.locator('[data-total=total]').getByText('232.00').waitFor()
  await page.locator('[data-judged=good]').waitFor()
  await press(page, /^Emitir factura$/)
  await page.locator('[data-invoice=issued]').waitFor()
  const instead = /inv_\w+/.exec(page.url())![0]
  t.not(instead, wrong.id)
  await open(page, `/invoices/${wrong.id}`)
  await press(page, /^Cancelar factura$/)
  await choose(page, /^Motivo$/, /^01/)
  await page.getByRole('dialog').locator('input[name=substitute]').waitFor({ state: 'attached' })
  await say(page, /^Pedir la cancelación$/)
  await page.locator('[data-invoice^=cancel]').waitFor()
  t.match((await get(`/v1/invoices/${wrong.id}`)).cancellation, { motive: '01', substitute: (await get(`/v1/invoices/${instead}`)).fiscal_id })
  t.same(complaints, [])
})

t.test('a link is shared by WhatsApp, mail and QR; the card’s fields say so where their script is not let in', async t => {
  const { page } = await seat(t, 'admin@azul.example', { language: 'en-US', dark: true })
  await page.goto('/payments/new?way=link')
  await page.locator('[name=amount]').fill('50')
  await page.locator('[name=description]').fill('Donation')
  await press(page, /^Make the link$/)
  await page.locator('[data-share]').waitFor()
  const url = (await page.locator('[data-share]').getAttribute('data-share'))!
  t.equal(new URL((await page.getByRole('link', { name: /^WhatsApp/ }).getAttribute('href'))!).searchParams.get('text'), `Donation: $50.00 MXN ${url}`)
  t.ok(decodeURIComponent((await page.getByRole('link', { name: /^E-mail/ }).getAttribute('href'))!).includes(url))
  await press(page, /^QR code$/)
  await page.locator('[data-qr]').waitFor()
  t.equal(await scanned(page), url)
  await accessible(t, page, 'a payment link')
  await page.goto('/payments/links')
  await page.getByText('Donation').waitFor()

  // Where the provider's script is not reached the page tells, and shows the other way.
  await page.route('https://js.stripe.com/**', async route => { await route.abort() })
  await page.goto('/payments/new?way=card')
  await page.locator('[name=amount]').fill('50')
  await press(page, /^Go on$/)
  await page.locator('[data-card=blocked]').waitFor()
  await accessible(t, page, 'card fields that do not come up')
})

t.test('a card typed in the provider’s own fields, in a frame that is not ours: declined, then through 3-D Secure, and no number comes by us', async t => {
  const { page, complaints } = await seat(t, 'admin@azul.example')
  const { asked } = await stripeJs(page, app.simulator.url)
  const ours: string[] = []
  page.on('request', request => { if (request.url().startsWith(app.url)) ours.push(`${request.url()} ${request.postData() ?? ''}`) })
  await page.goto('/payments/new?way=card')
  await page.locator('[name=amount]').fill('350')
  await press(page, /^Seguir$/)
  await page.locator('[data-card=ready]').waitFor()
  const fields = page.frameLocator('iframe[title="Secure payment input frame"]')
  const type = async (number: string): Promise<void> => {
    for (const [name, value] of [['number', number], ['expiry', '11/34'], ['cvc', '123']] as const) await fields.locator(`[name=${name}]`).fill(value)
    await press(page, /^Cobrar$/)
  }
  await type('4000000000000002')
  await page.getByText('Your card was declined.').waitFor()
  await type(threeDSecure)
  await page.frameLocator('iframe[title=Authentication]').locator('#test-source-authorize-3ds').click()
  await page.locator('[data-payment=succeeded]').waitFor()
  await heading(page, /^\$350\.00 MXN$/)
  t.match(await get(`/v1/payments/${/pay_\w+/.exec(page.url())![0]}`), { amount_captured: 35000, method: { last4: '3184' } })
  t.ok(asked.some(said => said.includes(threeDSecure)), 'the number went from the frame to the provider')
  t.notOk(ours.some(said => said.includes(threeDSecure) || said.includes('4000000000000002')), 'and not to us')
  t.notOk(app.logged().includes(threeDSecure))
  t.equal(await page.evaluate(() => 'Stripe' in window), false, 'the page that follows has our own policy again, and no script of theirs')
  t.same(complaints.filter(said => !said.includes('status of 402')), [], 'all but the decline is let in')
})

t.test('what was only authorized is captured or let go; a dispute is answered', async t => {
  const { page, complaints } = await desk()
  const held = async (): Promise<string> => (await post('/v1/payments', { ...order, amount: 50000, capture: 'manual' })).id
  await open(page, `/payments/${await held()}`)
  await page.locator('[data-payment=authorized]').waitFor()
  await press(page, /^Cobrar lo autorizado$/)
  await page.locator('[name=amount]').fill('400')
  await say(page, /^Cobrar$/)
  await page.locator('[data-payment=succeeded]').waitFor()
  const let_go = await held()
  await open(page, `/payments/${let_go}`)
  await page.locator('[data-payment=authorized]').waitFor()
  await press(page, /^Cancelar cobro$/)
  await say(page, /^Cancelar el cobro$/)
  await page.locator('[data-payment=canceled]').waitFor()
  t.equal(await button(page, /^(Devolver|Cobrar lo autorizado|Cancelar cobro)$/).count(), 0, 'nothing is left to be done')

  const disputed = await post('/v1/payments', { ...order, method: card('pm_card_createDispute') })
  await open(page, `/payments/${disputed.id}`)
  await page.locator('[data-dispute=needs_response]').waitFor()
  await page.getByText('No lo hizo él (fraude)').waitFor()
  await page.locator('[name=explanation]').fill('Firmó el registro en la recepción.')
  await press(page, /^Guardar borrador$/)
  await page.getByText('Borrador guardado').first().waitFor()
  await accessible(t, page, 'a disputed payment')
  await press(page, /^Mandar al banco$/)
  await say(page, /^Mandar al banco$/)
  await page.getByText('Mandadas al banco').waitFor()
  const { data: [dispute] } = await get(`/v1/disputes?payment=${disputed.id}`)
  t.match(await get(`/v1/disputes/${dispute.id}`), { evidence_submitted: true, evidence: { explanation: 'Firmó el registro en la recepción.' } })
  t.same(complaints, [])
})

t.test('what happens elsewhere shows itself here, without anybody asking again', async () => {
  // Pages that ask for nothing by themselves: only the stream tells them.
  const { page } = await desk()
  const customer = await post('/v1/customers', { name: 'Antes de casarse' })
  await open(page, `/customers/${customer.id}`)
  await heading(page, 'Antes de casarse')
  await app.must('PATCH', `/v1/customers/${customer.id}`, { key: tenant.testKey, body: { name: 'Después de casarse' } })
  await heading(page, 'Después de casarse')
  await open(page, '/sales')
  await heading(page, /^Ventas$/)
  const sale = await post('/v1/sales', { amount: 12300, currency: 'MXN', reference: 'En vivo' })
  await page.getByRole('link', { name: sale.ticket, exact: true }).waitFor()
  await post(`/v1/sales/${sale.id}/cancel`)
  await page.getByRole('row', { name: new RegExp(sale.ticket) }).getByText('Cancelado').waitFor()
})

t.test('filters, pages and saved views live in the address; what is shown is exported', async t => {
  await Promise.all(Array.from({ length: 22 }, async (_, n) => await post('/v1/payments', { ...order, reference: `N-${n}` })))
  await post('/v1/payments', { ...order, method: card('pm_card_chargeDeclined'), reference: 'declined' })
  const { page, complaints } = await desk()
  await open(page, '/payments?status=succeeded')
  await page.locator('a.row-target').nth(19).waitFor()
  await accessible(t, page, 'payments')
  await press(page, /^Siguiente$/)
  await page.waitForURL(/cursor=/)
  await eventually('the second page is there', async () => await page.locator('a.row-target').count() === 6)
  await page.reload()
  await eventually('and still is', async () => await page.locator('a.row-target').count() === 6)
  const [file] = await Promise.all([page.waitForEvent('download'), press(page, /^CSV$/)])
  t.equal(readFileSync((await file.path())!, 'utf8').trim().split('\n').length, 1 + 26, 'every row that the filters let through, from the first page on')
  await press(page, /^Vistas$/)
  await page.getByLabel('Nombre de la vista').fill('Cobrados')
  await press(page, /^Guardar$/)
  await page.keyboard.press('Escape')
  await open(page, '/payments?reference=declined')
  await eventually('one is left', async () => await page.locator('a.row-target').count() === 1)
  await press(page, /^Vistas$/)
  await page.getByRole('menuitem', { name: 'Cobrados' }).click()
  await page.waitForURL(/status=succeeded/)
  t.notMatch(page.url(), /reference/)
  await page.getByRole('textbox', { name: 'Buscar por referencia o número' }).fill(paid)
  await page.keyboard.press('Enter')
  await heading(page, /^\$1,199\.50 MXN$/)
  t.same(complaints, [])
})

t.test('a customer, a plan and a subscription; a sale that is confirmed and gets its self-invoice link', async t => {
  const { page, complaints } = await desk()
  await open(page, '/customers/new')
  await press(page, /^Guardar cliente$/)
  await page.getByText('Escriba al menos un dato').waitFor()
  await page.locator('[name=name]').fill('=Ana Pérez')
  await page.locator('[name=email]').fill('ana@example.com')
  await press(page, /^Guardar cliente$/)
  await heading(page, /^=Ana Pérez$/)
  const customer = /cus_\w+/.exec(page.url())![0]
  const method = await post(`/v1/customers/${customer}/payment_methods`, { type: 'card', token: 'pm_card_visa' })
  await page.reload()
  await page.locator('[data-method=active]').waitFor()
  await open(page, '/customers')
  await page.getByText('=Ana Pérez').waitFor()
  const [file] = await Promise.all([page.waitForEvent('download'), press(page, /^CSV$/)])
  t.match(readFileSync((await file.path())!, 'utf8'), /,'=Ana Pérez,/, 'no cell runs in a spreadsheet')
  await open(page, '/plans')
  await press(page, /^Nuevo plan$/)
  await page.locator('[name=plan-name]').fill('Mensual')
  await page.locator('[name=amount]').fill('300')
  await say(page, /^Hacer el plan$/)
  await page.getByRole('cell', { name: 'Mensual' }).waitFor()
  await open(page, `/subscriptions/new?customer=${customer}`)
  await choose(page, /^Plan de cobro$/, /^Mensual/)
  await press(page, /^Suscribir$/)
  await page.locator('[data-subscription=active]').waitFor()
  await page.getByRole('link', { name: 'Ver el cobro' }).waitFor()
  await accessible(t, page, 'a subscription')
  await press(page, /^Cancelar suscripción$/)
  await page.getByRole('radio', { name: 'Ahora mismo' }).check()
  await say(page, /^Cancelar la suscripción$/)
  await page.locator('[data-subscription=canceled]').waitFor()

  await open(page, `/payments/new?way=saved&customer=${customer}`)
  await page.locator('[name=amount]').fill('99')
  await choose(page, /^Método guardado$/, /4242/)
  await press(page, /^Cobrar$/)
  await page.locator('[data-payment=succeeded]').waitFor()
  t.match((await get(`/v1/payments/${/pay_\w+/.exec(page.url())![0]}`)).method, { payment_method: method.id })

  await open(page, '/sales/new')
  await page.locator('[name=amount]').fill('250')
  await press(page, /^Registrar$/)
  await page.locator('[data-sale=pending]').waitFor()
  await press(page, /^Confirmar pago$/)
  await say(page, /^Confirmar$/)
  await page.locator('[data-sale=paid_invoice_pending] [data-share*="/autofactura/"]').waitFor()
  t.same(complaints, [])
})

t.test('every page is for everybody, and fits on a phone', async t => {
  const [{ data: [sale] }, { data: [invoice] }, { data: [subscription] }, { data: [customer] }, { data: [link] }] = await Promise.all(['/v1/sales', '/v1/invoices', '/v1/subscriptions', '/v1/customers', '/v1/payment_links'].map(async url => await get(url)))
  const lists = ['/sales', '/sales/global', '/invoices', '/subscriptions', '/plans', '/customers', '/payments/links']
  const ones = [`/payments/${paid}`, `/sales/${sale.id}`, `/invoices/${invoice.id}`, `/subscriptions/${subscription.id}`, `/customers/${customer.id}`, `/payments/links/${link.id}`, '/payments', '/payments/new', '/sales/new', '/invoices/new', '/subscriptions/new', `/customers/${customer.id}/edit`]
  const { page, complaints } = await seat(t, 'admin@azul.example', { dark: true, phone: true })
  for (const url of [...lists, ...ones]) {
    await open(page, url)
    await accessible(t, page, `phone ${url.replace(/_\w+/, '')}`)
    await spoken(t, page, url)
    await fits(t, page, url)
  }
  t.same(complaints, [])
})

t.test('Ecuador and Spain have their own fields, and say when nobody issues there', async t => {
  for (const [country, issuer] of [['EC', { tax_id: '1790011674001', legal_name: 'ANDINA S.A.', address: { street: 'Av. Amazonas' }, branches: [{ code: '001', tills: [{ code: '001' }] }] }], ['ES', { tax_id: 'B65410011', legal_name: 'Ejemplo, S.L.', address: { street: 'Calle de la Ñ, 1', city: 'Málaga', postal_code: '29001', country: 'ES' } }]] as const) {
    await app.must('POST', '/v1/issuers', { key: stranger.testKey, body: { country, ...issuer } })
  }
  const { page } = await seat(t, 'admin@otra.example')
  await page.goto('/invoices/new')
  await page.getByText('México', { exact: true }).click()
  await page.getByText('Este país no tiene emisor todavía').waitFor()
  await page.getByText('Ecuador', { exact: true }).click()
  await page.locator('[name=buyer-taxId]').fill('1790011674001')
  await page.locator('[name=buyer-name]').fill('Comercial Andina')
  await page.locator('[name=buyer-street]').fill('Av. Colón')
  await page.locator('[name=line-0-description]').fill('Hospedaje')
  await page.locator('[name=line-0-price]').fill('100')
  await page.locator('[data-judged=good]').waitFor()
  t.match(await page.locator('[data-total=total]').innerText(), /115\.00 USD/, 'IVA of Ecuador, by the server')
  await accessible(t, page, 'an invoice of Ecuador')
  await page.getByText('España', { exact: true }).click()
  await page.locator('[name=buyer-taxId]').fill('P2807900A')
  await page.locator('[name=buyer-name]').fill('Ayuntamiento de Madrid')
  await page.locator('[name=line-0-description]').fill('Consultoría')
  await page.locator('[name=line-0-price]').fill('100')
  await page.locator('[data-judged=bad]').waitFor()
  await page.getByRole('checkbox', { name: /administración pública/ }).check()
  await page.locator('[name=buyer-office]').waitFor()
  await press(page, /^Ver todas$/)
  await page.locator('[data-broken]').waitFor()
  t.match(await page.locator('[data-total=total]').innerText(), /121\.00 EUR/)
  await accessible(t, page, 'an invoice of Spain')
})

t.test('a second tenant sees nothing of it; a viewer sees it and can change nothing', async t => {
  const [{ data: [sale] }, { data: [invoice] }, { data: [subscription] }, { data: [customer] }, { data: [link] }] = await Promise.all(['/v1/sales', '/v1/invoices', '/v1/subscriptions', '/v1/customers', '/v1/payment_links'].map(async url => await get(url)))
  const places = [`/payments/${paid}`, `/sales/${sale.id}`, `/invoices/${invoice.id}`, `/invoices/${invoice.id}/edit`, `/subscriptions/${subscription.id}`, `/customers/${customer.id}`, `/payments/links/${link.id}`, `/payments/${paid}/card`, `/invoices/new?payment=${paid}`]
  const { page } = await seat(t, 'admin@otra.example')
  for (const url of places) {
    await open(page, url)
    await page.getByRole('alert').first().waitFor()
    t.notMatch(await page.locator('main').innerText(), /Habitación 12|Ana Pérez|INNOVACION|Donation|1,199/, url)
  }
  for (const url of ['/payments', '/sales', '/customers', '/subscriptions', '/plans', '/payments/links']) {
    await open(page, url)
    await page.getByText(/^Aún no hay/).waitFor()
    t.equal(await page.locator('tbody tr').count(), 0, url)
  }
  const viewer = await seat(t, 'viewer@azul.example')
  for (const url of places.slice(0, 7).filter(url => !url.endsWith('/edit'))) {
    await open(viewer.page, url)
    await viewer.page.locator('dl').first().waitFor()
    t.equal(await button(viewer.page, /Devolver|Cancelar|Facturar|Emitir|Nota de crédito|Confirmar|Borrar|Pausar|Terminar|Registrar/).count(), 0, `${url}: no button that the server would refuse`)
  }
  await open(viewer.page, '/payments/new')
  await heading(viewer.page, /no puede ver esto/)
})
