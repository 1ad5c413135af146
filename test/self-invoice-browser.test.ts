/** A buyer on a phone: from the mail to the PDF, in a real Chromium, against the whole application over HTTP, its PAC, its SAT and a mail server. */
import { mkdirSync, readFileSync } from 'node:fs'
import path from 'node:path'
import jsQR from 'jsqr'
import type { Browser, BrowserContext, Page } from 'playwright-core'
import t, { type Test } from 'tap'
import { startFinkokSimulator } from '../adapters/finkok/simulator.ts'
import { startSatStatusSimulator } from '../adapters/sat_status/simulator.ts'
import { verifyCfdi } from '../core/fiscal/mx/verify.ts'
import { uuidOf } from '../core/ids.ts'
import { testApp, type TestApp } from './support/app.ts'
import { launchBrowser } from './support/browser.ts'
import { csd, issuerRfc } from './support/cfdi.ts'
import { eventually } from './support/eventually.ts'
import { mailServer, type MailServer } from './support/mail-server.ts'
import { createSatWorld } from './support/mexico.ts'
import { pagesOf } from './support/pdf-text.ts'

t.setTimeout(300_000)

const line = { description: 'Lavado de auto y encerado a mano', quantity: '1', unit_price: '1000.00', taxes: [{ type: 'IVA', rate: '0.16' }], mx: { product_key: '76111501', unit_key: 'E48' } }
const buyer = { tax_id: 'IVD920810GU2', name: 'INNOVACION VALOR Y DESARROLLO', regime: '601', postal_code: '63901', use: 'G03' }
const order = ['tax_id', 'name', 'regime', 'postal_code', 'use', 'email'] as const
type Field = typeof order[number]

let app: TestApp
let key: string
let mails: MailServer
let browser: Browser

t.before(async () => {
  const world = createSatWorld({ taxpayers: { [buyer.tax_id]: { name: buyer.name, postalCode: buyer.postal_code, regime: buyer.regime } } })
  const [finkok, sat] = await Promise.all([startFinkokSimulator({ world }), startSatStatusSimulator({ world })])
  t.teardown(async () => { await Promise.all([finkok.close(), sat.close()]) })
  mails = await mailServer(t)
  app = await testApp(t, { env: { PASARELA_PROVIDER_URL_FINKOK: finkok.url, PASARELA_PROVIDER_RATE_FINKOK: '10000', PASARELA_PROVIDER_URL_SAT_STATUS: sat.url, PASARELA_PROVIDER_RATE_SAT_STATUS: '10000', RESOLVER_SCHEDULE: '500ms,1s,2s,5s', SMTP_URL: mails.url, MAIL_FROM: 'hub@pasarela.example' } })
  key = (await app.tenant({ connect: false })).testKey
  const issuer = await must('POST', '/v1/issuers', { country: 'MX', tax_id: issuerRfc, legal_name: 'ESCUELA KEMPER URGATE', trade_name: 'Autolavado La Gota', regime: '601', postal_code: '42501', address: { street: 'Av. Juárez 120, Col. Centro', city: 'Pachuca' }, ticket_footer: 'Gracias por su compra.\nVuelva pronto.' })
  await must('POST', '/v1/certificates', { cer: csd.cer.toString('base64'), key: csd.key.toString('base64'), passphrase: csd.passphrase, issuer: issuer.id })
  for (const [document, prefix] of [['invoice', 'A'], ['credit_note', 'NC']]) await must('POST', '/v1/series', { issuer: issuer.id, document, prefix })
  await must('POST', '/v1/connections', { provider: 'finkok', mode: 'test', credentials: finkok.credentials('test') })
  await must('POST', '/v1/connections', { provider: 'sat_status', mode: 'test', credentials: {} })
  browser = await launchBrowser(t)
})

const must = async (method: 'GET' | 'POST', path: string, body?: object): Promise<any> => await app.must(method, path, { key, ...(body !== undefined && { body }) })
const read = async (id: string): Promise<any> => await must('GET', `/v1/sales/${id}`)
const invoicesOf = async (id: string): Promise<string[]> => (await app.database.owner.selectFrom('invoices').select('status').where('sale_id', '=', uuidOf('sale', id)).execute()).map(({ status }) => status)

/** A phone in somebody's hand, and what went wrong on it: whatever the console was told, a refused style or script among it. */
async function phone (t: Test, { language = 'es-MX', javaScript = true }: { language?: string, javaScript?: boolean } = {}): Promise<{ context: BrowserContext, page: Page, complaints: string[] }> {
  const context = await browser.newContext({ viewport: { width: 390, height: 844 }, deviceScaleFactor: 2, isMobile: true, hasTouch: true, locale: language, javaScriptEnabled: javaScript })
  t.teardown(async () => { await context.close() })
  const page = await context.newPage()
  page.setDefaultTimeout(15_000)
  const complaints: string[] = []
  // That a refused form is answered 400 or 409 is what the page says as well.
  page.on('console', message => { if (message.type() !== 'log' && !/status of 4(00|04|09)/.test(message.text())) complaints.push(message.text()) })
  page.on('pageerror', error => { complaints.push(String(error)) })
  return { context, page, complaints }
}

/** For whoever wants to see it: `PASARELA_SHOTS=/tmp/shots`. */
async function shot (page: Page, name: string): Promise<void> {
  const folder = process.env.PASARELA_SHOTS
  if (folder === undefined) return
  mkdirSync(folder, { recursive: true })
  await page.screenshot({ path: path.join(folder, `${name}.png`), fullPage: true })
}

const linkIn = ({ parts }: MailServer['inbox'][number]): string => /http\S+\/autofactura\/[\w.-]+/.exec(parts.find(({ type }) => type === 'text/plain')!.bytes.toString('utf8'))![0]

/** Sold at a counter, paid in cash, and an invoice is wanted: the link, as it came by mail. */
async function sell (more: object = {}): Promise<{ id: string, link: string }> {
  const email = `ana${mails.inbox.length}@example.com`
  const sale = await must('POST', '/v1/sales', { lines: [line], customer: { email }, ...more })
  t.match(sale, { status: 'pending' })
  const confirmed = await must('POST', `/v1/sales/${sale.id}/confirm_payment`, { payment_received: true, payment_method: '01', requires_invoice: true, confirmed_by: 'tech-1' })
  t.match(confirmed, { status: 'paid_invoice_pending', document: 'link', notices: [{ channel: 'mail', status: 'queued' }, {}, {}] })
  const mail = await eventually('the link comes by mail', () => mails.inbox.find(({ to }) => to[0] === email))
  t.equal(linkIn(mail), confirmed.self_invoice.url)
  return { id: sale.id, link: linkIn(mail) }
}

const problemOf = async (page: Page, name: Field) => await page.evaluate(name => {
  const [field, problem] = [document.getElementById(name)!, document.getElementById(`${name}-problem`)!]
  return {
    text: problem.checkVisibility() ? problem.textContent! : '',
    invalid: field.getAttribute('aria-invalid') === 'true',
    described: field.getAttribute('aria-describedby')!.split(' ').includes(problem.id)
  }
}, name)
const isWrong = async (page: Page, name: Field, says: RegExp) => await eventually(`${name} is wrong`, async () => {
  const { text, invalid, described } = await problemOf(page, name)
  return invalid && described && says.test(text)
})
const isRight = async (page: Page, name: Field) => await eventually(`${name} is right`, async () => {
  const { text, invalid } = await problemOf(page, name)
  return !invalid && text === ''
})
/** Rewritten key by key. */
async function type (page: Page, name: Field, text: string): Promise<void> {
  await page.locator(`#${name}`).fill('')
  await page.locator(`#${name}`).pressSequentially(text)
}
async function fillIn (page: Page, given: Partial<Record<Field, string>>): Promise<void> {
  for (const [name, value] of Object.entries(given)) {
    if (name === 'regime' || name === 'use') await page.locator(`#${name}`).selectOption(value)
    else await page.locator(`#${name}`).fill(value)
  }
}
const typed = async (page: Page) => Object.fromEntries(await Promise.all(order.map(async name => [name, await page.locator(`#${name}`).inputValue()])))
async function heading (page: Page, is: RegExp): Promise<void> {
  await page.getByRole('heading', { level: 1, name: is }).waitFor({ timeout: 60_000 }).catch(async (error: unknown) => { throw new Error(`no ${is}; the page says: ${await page.locator('main').innerText()}`, { cause: error }) })
}

/** Nothing to scroll sideways, and nothing too small for a thumb (WCAG 2.5.5: 44 px). */
async function fits (t: Test, page: Page, name: string): Promise<void> {
  await shot(page, name)
  const seen = await page.evaluate(() => ({
    wide: document.documentElement.scrollWidth - document.documentElement.clientWidth,
    small: Array.from(document.querySelectorAll('main input, main select, main button, main a')).filter(one => one.getBoundingClientRect().height < 44).map(({ outerHTML }) => outerHTML.slice(0, 80)),
    nameless: Array.from(document.querySelectorAll<HTMLInputElement>('input, select')).filter(({ labels }) => labels?.length !== 1).map(({ id }) => id)
  }))
  t.same(seen, { wide: 0, small: [], nameless: [] }, name)
}

async function download (page: Page, button: RegExp): Promise<{ name: string, bytes: Buffer }> {
  const [file] = await Promise.all([page.waitForEvent('download'), page.getByRole('link', { name: button }).tap()])
  return { name: file.suggestedFilename(), bytes: readFileSync(await file.path()) }
}

t.test('flow A: told what is wrong while typing, and home with the PDF and the XML', async t => {
  const { id, link } = await sell()
  const { page, complaints } = await phone(t)
  await page.goto(link)
  await heading(page, /^Su factura$/)
  t.equal(await page.locator('html').getAttribute('lang'), 'es')
  t.match(await page.locator('main').innerText(), /Autolavado La Gota[\s\S]*\$1,160\.00/)
  await fits(t, page, '1-form')

  await page.locator('#tax_id').tap()
  await page.keyboard.type('IVD921340GU2')
  await isWrong(page, 'tax_id', /fecha|RFC/i)
  t.equal(await page.evaluate(() => document.activeElement?.id), 'tax_id', 'while it is being typed')
  await type(page, 'tax_id', 'ivd-920810-gu2')
  await isRight(page, 'tax_id')
  await type(page, 'name', 'Innovacion Valor y Desarrollo, S.A. de C.V.')
  await page.locator('#regime').selectOption('605')
  await isWrong(page, 'regime', /605|régimen/i)
  await page.locator('#use').selectOption('D01')
  await isWrong(page, 'use', /D01|uso/i)
  await type(page, 'email', 'ana@example')
  await page.locator('#email').blur()
  await isWrong(page, 'email', /correo/)
  await fits(t, page, '2-wrong')
  await page.locator('#regime').selectOption('601')
  await isRight(page, 'regime')
  await isWrong(page, 'use', /D01|uso/i)
  await page.locator('#use').selectOption('G03')
  await isRight(page, 'use')
  await type(page, 'email', 'facturas@example.com')
  await isRight(page, 'email')
  await type(page, 'postal_code', buyer.postal_code)

  await page.locator('#tax_id').focus()
  const passed: (string | undefined)[] = []
  for (let n = 0; n < 6; n++) {
    await page.keyboard.press('Tab')
    passed.push(await page.evaluate(() => document.activeElement?.id || document.activeElement?.localName))
  }
  t.same(passed, [...order.slice(1), 'button'], 'the focus goes through in order')

  await page.getByRole('button', { name: 'Generar mi factura' }).tap()
  await heading(page, /lista/)
  await fits(t, page, '4-done')
  const sale = await read(id)
  t.match(sale, { status: 'paid_invoiced', customer: { invoice: { tax_id: buyer.tax_id, name: buyer.name } } })
  const { fiscal_id: folio } = await must('GET', `/v1/invoices/${sale.invoice}`)
  t.match(await page.locator('code').innerText(), folio)

  const pdf = await download(page, /PDF/)
  t.match(pdf.name, /\.pdf$/)
  t.ok(pagesOf(pdf.bytes).join(' ').replaceAll(' ', '').toUpperCase().includes(folio.toUpperCase()), 'the PDF tells the folio fiscal')
  const xml = await download(page, /XML/)
  t.match(verifyCfdi(xml.bytes), { ok: true, fiscalId: folio })
  const mail = await eventually('the documents come by mail', () => mails.inbox.find(({ to }) => to[0] === 'facturas@example.com'))
  t.same(mail.parts.flatMap(({ filename }) => filename?.split('.').at(-1) ?? []).toSorted(), ['pdf', 'xml'])

  await page.reload()
  await heading(page, /lista/)
  await page.goBack().catch(() => {})
  if (await page.getByRole('button').count() > 0) {
    await fillIn(page, buyer)
    await page.getByRole('button').tap()
  }
  await heading(page, /lista/)
  t.same(await invoicesOf(id), ['issued'], 'one invoice, whatever the buyer did')
  const other = await phone(t)
  await other.page.goto(link)
  await heading(other.page, /lista/)
  t.same([complaints, other.complaints], [[], []])
})

t.test('two phones at once: the slower one is shown the invoice', async t => {
  const { id, link } = await sell()
  const phones = await Promise.all([phone(t), phone(t)])
  for (const { page } of phones) {
    await page.goto(link)
    await fillIn(page, buyer)
  }
  await Promise.all(phones.map(async ({ page }) => { await page.getByRole('button').tap() }))
  for (const { page } of phones) await heading(page, /lista/)
  t.same(await invoicesOf(id), ['issued'])
})

t.test('in English, without JavaScript: what was typed stays, the problem stands beside it, and right it goes through', async t => {
  const { id, link } = await sell()
  const { page } = await phone(t, { language: 'en-GB', javaScript: false })
  await page.goto(link)
  await heading(page, /^Your invoice$/)
  t.equal(await page.locator('html').getAttribute('lang'), 'en')
  const wrong = { ...buyer, name: '<b>"Innovacion" & Valor', use: 'D01', email: 'ana@example.com' }
  await fillIn(page, wrong)
  await page.getByRole('button', { name: 'Make my invoice' }).tap()
  await page.getByRole('alert').waitFor()
  t.same(await typed(page), wrong)
  await fits(t, page, '5-refused')
  t.match([await page.locator('#use').getAttribute('aria-invalid'), await page.locator('#use').getAttribute('autofocus')], ['true', ''])
  t.match(await page.locator('#use-problem').innerText(), /D01/)
  t.same(await invoicesOf(id), [])
  await fillIn(page, { name: buyer.name, use: 'G03' })
  await page.getByRole('button').tap()
  await heading(page, /^Your invoice is ready$/)
  t.same(await invoicesOf(id), ['issued'])
})

t.test('refused by the PAC: a mail, and on its page what was typed, with the problem beside its field', async t => {
  const { id, link } = await sell()
  const { page, complaints } = await phone(t)
  await page.goto(link)
  await fillIn(page, { ...buyer, name: 'OTRO NOMBRE' })
  await page.getByRole('button').tap()
  await page.getByRole('alert').waitFor({ timeout: 30_000 })
  await isWrong(page, 'name', /CFDI40145/)
  t.match(await typed(page), { ...buyer, name: 'OTRO NOMBRE' })
  t.equal(await page.evaluate(() => document.activeElement?.id), 'name')
  await fits(t, page, '6-corrected')
  const mail = await eventually('the buyer is written to', () => mails.inbox.find(found => /corrija/i.test(found.headers.get('subject')!)))
  t.equal(linkIn(mail), link, 'with the same link')
  await page.locator('#use').selectOption('G01')
  await isWrong(page, 'name', /CFDI40145/)
  await type(page, 'name', buyer.name)
  await page.locator('#name').blur()
  await isRight(page, 'name')
  await page.getByRole('button').tap()
  await heading(page, /lista/)
  t.same(await invoicesOf(id), ['issued'])
  t.same(complaints, [])
})

t.test('a link whose time is over says so, makes nothing, and what is none tells nothing', async t => {
  const { id, link } = await sell()
  const { page } = await phone(t)
  await page.goto(link)
  await fillIn(page, buyer)
  await app.database.owner.updateTable('sales').set({ link_expires_at: new Date(Date.now() - 1000) }).where('id', '=', uuidOf('sale', id)).execute()
  await page.getByRole('button').tap()
  await page.getByText('El plazo de este enlace terminó').waitFor()
  await fits(t, page, '7-over')
  t.same(await invoicesOf(id), [])
  const answer = await page.goto(`${link.slice(0, -3)}abc`)
  t.match([answer?.status(), answer?.headers()['content-type']], [404, /html/])
  t.match(await page.locator('main').innerText(), /ya no está activo/)
  await fits(t, page, '8-none')
})

t.test('of a sale that is in a global invoice: told that its own follows, and it does', async t => {
  const [year, month] = [new Date().getUTCFullYear(), new Date().getUTCMonth()]
  const soldAt = new Date(Date.UTC(year, month - 1, 15, 18)).toISOString()
  const pair = [await must('POST', '/v1/sales', { lines: [line], tenders: [{ form: '01' }], requires_invoice: false, sold_at: soldAt }), await must('POST', '/v1/sales', { amount: 5000, tenders: [{ form: '04' }], requires_invoice: false, sold_at: soldAt })]
  const id: string = pair[0].id
  // By hand, or by the clock, which was faster: its day is over already.
  await must('POST', '/v1/global_invoices', { period: { day: soldAt.slice(0, 10) } })
  const global = await eventually('the global invoice is issued', async () => {
    const { global_invoice: made } = await read(id)
    const found = made === null ? undefined : await must('GET', `/v1/global_invoices/${made}`)
    return found?.status === 'issued' && found
  }, { withinMs: 30_000 })
  const { url } = await must('POST', '/v1/self_invoices', { sale: id })
  const { page, complaints } = await phone(t)
  await page.goto(url)
  t.match(await page.locator('main').innerText(), /ya está en la factura global/)
  await fits(t, page, '9-in-global')
  await fillIn(page, buyer)
  await page.getByRole('button').tap()
  await page.getByText(/primero se cancela ante el SAT|timbrando|lista/).first().waitFor()
  await shot(page, '10-leaving')
  await eventually('its own invoice follows', async () => (await read(id)).status === 'paid_invoiced', { withinMs: 60_000, everyMs: 200 })
  await page.reload()
  await heading(page, /lista/)
  t.match(await must('GET', `/v1/global_invoices/${global.id}`), { former_invoices: [global.invoice], tickets: global.tickets - 1 })
  t.same(complaints, [])
})

t.test('the ticket on a roll of 58 and 80 mm: nothing is cut off, and its code is the link', async t => {
  const { id, link } = await sell({ lines: [line, { ...line, description: 'Aspirado', quantity: '2.5', unit_price: '87.31', discount: '10.07', mx: { product_key: '76111501', unit_key: 'E48' } }] })
  for (const [width, print] of [['58', 181], ['80', 272]] as const) {
    const { text: html } = await app.ask('GET', `/v1/sales/${id}/ticket?width=${width}`, { key, headers: { 'accept-language': 'es' } })
    const page = await browser.newPage({ viewport: { width: print + 38, height: 900 }, deviceScaleFactor: 2 })
    t.teardown(async () => { await page.close() })
    const loaded: string[] = []
    page.on('request', request => { loaded.push(request.url()) })
    await page.setContent(html)
    await shot(page, `ticket-${width}`)
    const body = await page.locator('body').evaluate(body => ({ width: Math.round(body.clientWidth), over: Array.from(body.querySelectorAll('*')).filter(one => one.scrollWidth > Math.ceil(body.clientWidth) || one.getBoundingClientRect().right > body.getBoundingClientRect().right + 0.5).length }))
    t.same(body, { width: print, over: 0 }, `${width} mm`)
    t.match(await page.locator('body').innerText(), /Autolavado La Gota[\s\S]*Aspirado[\s\S]*TOTAL\s+1,\d{3}\.\d\d MXN[\s\S]*Efectivo[\s\S]*Vuelva pronto/)
    const pixels = await page.evaluate(async () => {
      const image = new Image()
      image.src = `data:image/svg+xml,${encodeURIComponent(document.querySelector('svg')!.outerHTML)}`
      await image.decode()
      const canvas = Object.assign(document.createElement('canvas'), { width: 400, height: 400 })
      const paper = canvas.getContext('2d')!
      paper.drawImage(image, 0, 0, 400, 400)
      return [...paper.getImageData(0, 0, 400, 400).data]
    })
    t.equal((jsQR as unknown as typeof jsQR.default)(Uint8ClampedArray.from(pixels), 400, 400)?.data, link)
    t.same(loaded.filter(url => !url.startsWith('data:')), [], 'it stands alone')
  }
})
