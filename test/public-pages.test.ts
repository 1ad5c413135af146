/** Buyers and payers on a phone: from the mail to the PDF, and from a link to the money, in a real Chromium, against the whole application over HTTP, its PAC, its SAT and a mail server. */
import { mkdirSync, readFileSync } from 'node:fs'
import path from 'node:path'
import { crc32, deflateSync } from 'node:zlib'
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
import { accessible } from './support/console.ts'
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
let issuerId: string

t.before(async () => {
  const world = createSatWorld({ taxpayers: { [buyer.tax_id]: { name: buyer.name, postalCode: buyer.postal_code, regime: buyer.regime } } })
  const [finkok, sat] = await Promise.all([startFinkokSimulator({ world }), startSatStatusSimulator({ world })])
  t.teardown(async () => { await Promise.all([finkok.close(), sat.close()]) })
  mails = await mailServer(t)
  app = await testApp(t, { env: { PASARELA_PROVIDER_URL_FINKOK: finkok.url, PASARELA_PROVIDER_RATE_FINKOK: '10000', PASARELA_PROVIDER_URL_SAT_STATUS: sat.url, PASARELA_PROVIDER_RATE_SAT_STATUS: '10000', RESOLVER_SCHEDULE: '500ms,1s,2s,5s', SMTP_URL: mails.url, MAIL_FROM: 'hub@pasarela.example' } })
  key = (await app.tenant({ connect: false })).testKey
  const issuer = await must('POST', '/v1/issuers', { country: 'MX', tax_id: issuerRfc, legal_name: 'ESCUELA KEMPER URGATE', trade_name: 'Autolavado La Gota', regime: '601', postal_code: '42501', address: { street: 'Av. Juárez 120, Col. Centro', city: 'Pachuca' }, ticket_footer: 'Gracias por su compra.\nVuelva pronto.' })
  issuerId = issuer.id
  await must('POST', '/v1/certificates', { cer: csd.cer.toString('base64'), key: csd.key.toString('base64'), passphrase: csd.passphrase, issuer: issuer.id })
  for (const [document, prefix] of [['invoice', 'A'], ['credit_note', 'NC']]) await must('POST', '/v1/series', { issuer: issuer.id, document, prefix })
  await must('POST', '/v1/connections', { provider: 'finkok', mode: 'test', credentials: finkok.credentials('test') })
  await must('POST', '/v1/connections', { provider: 'sat_status', mode: 'test', credentials: {} })
  browser = await launchBrowser(t)
})

const must = async (method: 'GET' | 'POST' | 'PATCH', path: string, body?: object): Promise<any> => await app.must(method, path, { key, ...(body !== undefined && { body }) })
const read = async (id: string): Promise<any> => await must('GET', `/v1/sales/${id}`)
const invoicesOf = async (id: string): Promise<string[]> => (await app.database.owner.selectFrom('invoices').select('status').where('sale_id', '=', uuidOf('sale', id)).execute()).map(({ status }) => status)

/** A phone in somebody's hand, and what went wrong on it: whatever the console was told, a refused style or script among it. */
async function phone (t: Test, { language = 'es-MX', javaScript = true, dark = false }: { language?: string, javaScript?: boolean, dark?: boolean } = {}): Promise<{ context: BrowserContext, page: Page, complaints: string[] }> {
  const context = await browser.newContext({ viewport: { width: 360, height: 740 }, deviceScaleFactor: 2, isMobile: true, hasTouch: true, locale: language, javaScriptEnabled: javaScript, colorScheme: dark ? 'dark' : 'light' })
  t.teardown(async () => { await context.close() })
  const page = await context.newPage()
  page.setDefaultTimeout(60_000)
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

/** A PNG of one colour. */
function picture (width: number, height: number, rgb: readonly number[]): Buffer {
  const chunk = (type: string, data: Buffer): Buffer => {
    const body = Buffer.concat([Buffer.from(type), data])
    const [length, sum] = [Buffer.alloc(4), Buffer.alloc(4)]
    length.writeUInt32BE(data.length)
    sum.writeUInt32BE(crc32(body))
    return Buffer.concat([length, body, sum])
  }
  const head = Buffer.alloc(13)
  head.writeUInt32BE(width, 0)
  head.writeUInt32BE(height, 4)
  head.set([8, 2], 8)
  const row = Buffer.from([0, ...Array.from({ length: width }, () => rgb).flat()])
  return Buffer.concat([Buffer.from('89504e470d0a1a0a', 'hex'), chunk('IHDR', head), chunk('IDAT', deflateSync(Buffer.concat(Array.from({ length: height }, () => row)))), chunk('IEND', Buffer.alloc(0))])
}

/** How much of what was there has moved by itself so far (web.dev/cls: good is 0.1 or less). */
async function watchShifts (page: Page): Promise<() => Promise<number>> {
  await page.addInitScript(() => {
    const seen = window as unknown as { shifted: number }
    seen.shifted = 0
    new PerformanceObserver(list => { for (const entry of list.getEntries() as unknown as { value: number, hadRecentInput: boolean }[]) if (!entry.hadRecentInput) seen.shifted += entry.value }).observe({ type: 'layout-shift', buffered: true })
  })
  return async () => await page.evaluate(() => (window as unknown as { shifted: number }).shifted)
}

const linkIn = ({ parts }: MailServer['inbox'][number]): string => /http\S+\/autofactura\/[\w.-]+/.exec(parts.find(({ type }) => type === 'text/plain')!.bytes.toString('utf8'))![0]

/** Sold at a counter, paid in cash, and an invoice is wanted: the link, as it came by mail. */
async function sell (more: object = {}): Promise<{ id: string, link: string }> {
  const email = `ana${mails.inbox.length}@example.com`
  const sale = await must('POST', '/v1/sales', { lines: [line], customer: { email }, ...more })
  t.match(sale, { status: 'pending' })
  const confirmed = await must('POST', `/v1/sales/${sale.id}/confirm_payment`, { payment_received: true, payment_method: '01', requires_invoice: true, confirmed_by: 'tech-1' })
  // The worker may have been sooner than the answer.
  t.match(confirmed, { status: 'paid_invoice_pending', document: 'link', notices: [{ channel: 'mail', status: /^(queued|already_told)$/ }, {}, {}] })
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
  await page.getByRole('heading', { level: 1, name: is }).waitFor().catch(async (error: unknown) => { throw new Error(`no ${is}; the page says: ${await page.locator('main').innerText()}`, { cause: error }) })
}

/** Nothing to scroll sideways, and nothing too small for a thumb (WCAG 2.5.5: 44 px). */
async function fits (t: Test, page: Page, name: string): Promise<void> {
  await shot(page, name)
  const seen = await page.evaluate(() => ({
    wide: document.documentElement.scrollWidth - document.documentElement.clientWidth,
    small: Array.from(document.querySelectorAll('main input:not([type=hidden], [type=radio]), main label:has([type=radio]), main select, main button, main a, main summary, header a')).filter(one => one.getBoundingClientRect().height < 44 && one.checkVisibility()).map(({ outerHTML }) => outerHTML.slice(0, 80)),
    nameless: Array.from(document.querySelectorAll<HTMLInputElement>('input:not([type=hidden]), select')).filter(({ labels }) => labels?.length !== 1).map(({ id }) => id)
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
  const shifted = await watchShifts(page)
  await page.goto(link)
  await heading(page, /^Su factura$/)
  t.equal(await page.locator('html').getAttribute('lang'), 'es')
  t.match(await page.locator('main').innerText(), /Autolavado La Gota[\s\S]*\$1,160\.00/)
  await fits(t, page, '1-form')

  const offered = async (name: 'regime' | 'use') => await page.locator(`#${name} option`).evaluateAll(options => options.map(option => (option as HTMLOptionElement).value))
  t.ok((await offered('regime')).includes('605') && (await offered('regime')).includes('601'), 'before it is known who buys, all of them')
  await page.locator('#regime').selectOption('605')
  await page.locator('#use').selectOption('D01')
  t.notOk((await offered('use')).includes('G03'), 'not for the regime 605')
  await page.locator('#tax_id').tap()
  await page.keyboard.type('IVD921340GU2')
  await isWrong(page, 'tax_id', /fecha|RFC/i)
  t.equal(await page.evaluate(() => document.activeElement?.id), 'tax_id', 'while it is being typed')
  await type(page, 'tax_id', 'ivd-920810-gu2')
  await isRight(page, 'tax_id')
  await type(page, 'name', 'Innovacion Valor y Desarrollo, S.A. de C.V.')
  await isWrong(page, 'regime', /605|régimen/i)
  t.same([(await offered('regime')).includes('605'), (await offered('regime')).includes('606'), (await offered('regime')).includes('601')], [true, false, true], 'a company is offered what it may have; what was chosen stays and is told to be wrong')
  await type(page, 'email', 'ana@example')
  await page.locator('#email').blur()
  await isWrong(page, 'email', /correo/)
  await fits(t, page, '2-wrong')
  await page.locator('#regime').selectOption('601')
  await isRight(page, 'regime')
  await isWrong(page, 'use', /D01|uso/i)
  await page.locator('#use').selectOption('G03')
  await isRight(page, 'use')
  t.same([(await offered('regime')).includes('605'), (await offered('use')).includes('D01')], [false, false], 'and is gone once it is let go')
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

  t.ok(await shifted() < 0.1, `nothing jumped (${await shifted()})`)
  await page.getByRole('button', { name: 'Generar mi factura' }).tap()
  await heading(page, /lista/)
  await fits(t, page, '4-done')
  t.match(await page.locator('main').innerText(), /fa•••@example\.com/, 'and by mail to whom')
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
  await page.getByRole('alert').waitFor()
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
  // By itself: nobody loads it anew.
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

t.test('as its seller looks, in the language that is pressed, for everybody; what was typed stays', async t => {
  const logo = picture(320, 80, [200, 30, 60])
  await must('PATCH', `/v1/issuers/${issuerId}`, { colour: '#ffd400', logo: { data: logo.toString('base64') } })
  t.teardown(async () => { await must('PATCH', `/v1/issuers/${issuerId}`, { colour: null, logo: null }) })
  const { link } = await sell({ lines: [{ ...line, description: 'Encerado <b>"a mano"</b> & más' }] })
  for (const dark of [false, true]) {
    const { page, complaints, context } = await phone(t, { language: 'fr-FR', dark })
    const session = await context.newCDPSession(page)
    const bytes: Record<string, number> = {}
    const addresses = new Map<string, string>()
    session.on('Network.responseReceived', ({ requestId, response }) => { addresses.set(requestId, new URL(response.url).pathname.replace(link.split('/').at(-1)!, 'TOKEN')) })
    session.on('Network.loadingFinished', ({ requestId, encodedDataLength }) => { bytes[addresses.get(requestId) ?? ''] = encodedDataLength })
    await session.send('Network.enable')
    const shifted = await watchShifts(page)
    await page.goto(`${link}?lang=es`)
    await heading(page, /^Su factura$/)
    const mark = page.getByRole('img', { name: 'Autolavado La Gota' })
    await eventually('the logo is there', async () => await mark.evaluate(image => (image as HTMLImageElement).naturalWidth === 320))
    await page.getByText('Qué compró').tap()
    t.match(await page.locator('.bought').innerText(), 'Encerado <b>"a mano"</b> & más', 'a text of the ticket is text')
    const seen = await page.getByRole('button', { name: 'Generar' }).evaluate(button => [getComputedStyle(button).backgroundColor, getComputedStyle(button).color])
    t.same(seen, ['rgb(255, 212, 0)', 'rgb(0, 0, 0)'], 'its colour, with an ink that can be read on it')
    await accessible(t, page, `self-invoice es ${dark ? 'dark' : 'light'}`)
    await fits(t, page, `11-brand-es-${dark ? 'dark' : 'light'}`)
    const whole = Object.entries(bytes).filter(([at]) => !at.endsWith('/logo')).reduce((sum, [, size]) => sum + size, 0)
    t.ok(whole > 1000 && whole < 16_000, `the page and its script are small: ${JSON.stringify(bytes)}`)
    t.comment(`transferred ${JSON.stringify(bytes)}`)

    await fillIn(page, { ...buyer, email: 'ana@example.com' })
    await page.getByRole('link', { name: 'English' }).tap()
    await heading(page, /^Your invoice$/)
    await eventually('what was typed is there again', async () => (await typed(page)).name === buyer.name)
    t.match(await typed(page), { ...buyer, email: 'ana@example.com' })
    await page.locator('#use').selectOption('')
    t.match(page.url(), /\?lang=en$/)
    await accessible(t, page, `self-invoice en ${dark ? 'dark' : 'light'}`)
    await type(page, 'tax_id', 'IVD921340GU2')
    await isWrong(page, 'tax_id', /RFC/)
    await accessible(t, page, `self-invoice wrong ${dark ? 'dark' : 'light'}`)
    t.ok(await shifted() < 0.1, `nothing jumped (${await shifted()})`)
    t.same(complaints, [])
  }
  const answer = await fetch(`${link}/logo`)
  t.same([answer.headers.get('content-type'), answer.headers.get('content-security-policy'), answer.headers.get('x-content-type-options')], ['image/png', "default-src 'none'", 'nosniff'])
  t.same(Buffer.from(await answer.arrayBuffer()), logo)
  t.equal((await fetch(`${link.slice(0, -3)}abc/logo`)).status, 404)
})

t.test('a payment link of a provider that has none: chosen, pressed twice, transferred, and the phone sees it', async t => {
  await must('PATCH', `/v1/issuers/${issuerId}`, { colour: '#1b5e20' })
  await must('POST', '/v1/bank_accounts', { currency: 'MXN', clabe: '002010077777777771', beneficiary: 'Autolavado La Gota' })
  const connection = await must('POST', '/v1/connections', { provider: 'bank_transfer', mode: 'test', credentials: {} })
  const { id, url } = await must('POST', '/v1/payment_links', { amount: 34_900, currency: 'MXN', connection: connection.id, description: 'Plan mensual' })
  const { page, complaints, context } = await phone(t)
  await context.grantPermissions(['clipboard-read', 'clipboard-write'])
  const shifted = await watchShifts(page)
  await page.goto(url)
  await heading(page, /\$349\.00/)
  await fits(t, page, '12-link')
  await accessible(t, page, 'payment link')
  await page.getByLabel('Su nombre').fill('Ana Ruiz')
  await page.getByLabel('Su correo').fill('ana@example.com')
  await page.getByRole('button', { name: 'Continuar' }).dblclick()
  await page.getByText('Haga una transferencia').waitFor()
  const payments = (await must('GET', `/v1/payments?origin=${id}`)).data
  t.match(payments, [{ status: 'requires_action', amount: 34_900, customer: { name: 'Ana Ruiz' } }])
  t.equal(payments.length, 1, 'two presses, one payment')
  t.match(await page.locator('main').innerText(), /002 010 07777777777 1/)
  await fits(t, page, '13-transfer')
  await accessible(t, page, 'transfer es light')
  await page.getByRole('button', { name: 'Copiar CLABE' }).tap()
  t.equal(await page.evaluate(async () => await navigator.clipboard.readText()), '002010077777777771', 'as a bank wants it')
  await page.emulateMedia({ colorScheme: 'dark' })
  await page.getByRole('link', { name: 'English' }).tap()
  await page.getByText('Make a transfer').waitFor()
  await accessible(t, page, 'transfer en dark')
  t.ok(await shifted() < 0.1, `nothing jumped (${await shifted()})`)
  await must('POST', `/v1/payments/${payments[0].id}/resolve_review`, { decision: 'mark_succeeded', reason: 'seen in the bank' })
  await page.getByText('The payment is made').waitFor()
  await fits(t, page, '14-paid')
  await accessible(t, page, 'paid en dark')
  t.match(await must('GET', `/v1/payment_links/${id}`), { totals: { payments: 1, amount: 34_900 } })
  t.same(complaints, [])

  const plain = await phone(t, { language: 'en-GB', javaScript: false })
  await plain.page.goto(url)
  await plain.page.getByLabel('Your name').fill('Eva')
  await plain.page.getByLabel('Your e-mail').fill('eva@example.com')
  await plain.page.getByRole('button', { name: 'Continue' }).tap()
  await plain.page.getByText('Make a transfer').waitFor()
  t.equal(await plain.page.getByRole('button', { name: /Copy/ }).count(), 0, 'without a script there is no button that does nothing')
  await fits(t, plain.page, '15-plain')
})
