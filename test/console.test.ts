/** The console in a real Chromium, against the whole application over HTTP, its simulators and a mail server. */
import { existsSync, readFileSync, statSync } from 'node:fs'
import { createRequire } from 'node:module'
import type { Browser, BrowserContext, Page } from 'playwright-core'
import t, { type Test } from 'tap'
import { startFinkokSimulator, type FinkokSimulator } from '../adapters/finkok/simulator.ts'
import { startSatStatusSimulator } from '../adapters/sat_status/simulator.ts'
import { buildConsole, consoleFolder } from '../core/build-console.ts'
import { parseId } from '../core/ids.ts'
import { type AppTenant, testApp, type TestApp } from './support/app.ts'
import { launchBrowser } from './support/browser.ts'
import { csd, issuerRfc } from './support/cfdi.ts'
import { eventually } from './support/eventually.ts'
import { mailServer, type MailServer } from './support/mail-server.ts'
import { createSatWorld } from './support/mexico.ts'

t.setTimeout(300_000)

const password = 'a long password'
const issuerName = 'ESCUELA KEMPER URGATE'

let app: TestApp
let finkok: FinkokSimulator
let mails: MailServer
let browser: Browser
let tenant: AppTenant
let stranger: AppTenant
let axe: string

t.before(async () => {
  await buildConsole({ log: { info: () => {}, warn: (...said: unknown[]) => { throw new Error(JSON.stringify(said)) } } })
  axe = readFileSync(createRequire(import.meta.url).resolve('axe-core/axe.min.js'), 'utf8')
  const world = createSatWorld({ taxpayers: { [issuerRfc]: { name: issuerName, postalCode: '42501', regime: '601' } } })
  const [pac, sat] = await Promise.all([startFinkokSimulator({ world }), startSatStatusSimulator({ world })])
  finkok = pac
  t.teardown(async () => { await Promise.all([pac.close(), sat.close()]) })
  mails = await mailServer(t)
  app = await testApp(t, { env: { PASARELA_PROVIDER_URL_FINKOK: pac.url, PASARELA_PROVIDER_RATE_FINKOK: '10000', PASARELA_PROVIDER_URL_SAT_STATUS: sat.url, PASARELA_PROVIDER_RATE_SAT_STATUS: '10000', RESOLVER_SCHEDULE: '500ms,1s,2s,5s', SMTP_URL: mails.url, MAIL_FROM: 'hub@pasarela.example', PASARELA_EXPERIMENTAL: '1' } })
  tenant = await app.tenant({ name: 'Hotel Azul', connect: false })
  stranger = await app.tenant({ name: 'Otra Casa' })
  for (const [email, role, of] of [['admin@azul.example', 'tenant_admin', tenant], ['viewer@azul.example', 'viewer', tenant], ['admin@otra.example', 'tenant_admin', stranger]] as const) {
    await app.must('POST', '/v1/users', { key: app.platformKey, headers: { 'pasarela-tenant': of.id }, body: { email, name: email.split('@')[0], role, password } })
  }
  browser = await launchBrowser(t)
})

interface Seat { context: BrowserContext, page: Page, complaints: string[] }

/** Somebody's browser, and what went wrong in it: whatever its console was told, a refused style or script among it. */
async function seat (t: Test, { language = 'es-MX', dark = false, phone = false }: { language?: string, dark?: boolean, phone?: boolean } = {}): Promise<Seat> {
  const context = await browser.newContext({ baseURL: app.url, locale: language, colorScheme: dark ? 'dark' : 'light', reducedMotion: 'reduce', viewport: phone ? { width: 390, height: 844 } : { width: 1280, height: 900 }, isMobile: phone, hasTouch: phone })
  t.teardown(async () => { await context.close() })
  const page = await context.newPage()
  page.setDefaultTimeout(15_000)
  const complaints: string[] = []
  // An answer that is no good is shown by the page as well.
  page.on('console', message => { if (message.type() === 'error' && !/status of (400|401|403|404|409|422|503)/.test(message.text())) complaints.push(message.text()) })
  page.on('pageerror', error => { complaints.push(String(error)) })
  return { context, page, complaints }
}

async function signIn (page: Page, email = 'admin@azul.example', secret = password): Promise<void> {
  await page.locator('[name=email]').fill(email)
  await page.locator('[name=password]').fill(secret)
  await page.locator('button[type=submit]').click()
  await page.getByRole('navigation').first().waitFor({ state: 'attached' })
}

const heading = async (page: Page, text: RegExp): Promise<void> => { await page.getByRole('heading', { level: 1, name: text }).waitFor() }
const button = (page: Page, name: RegExp) => page.getByRole('button', { name })
const press = async (page: Page, name: RegExp): Promise<void> => { await button(page, name).click() }
const stage = async (page: Page, name: string): Promise<void> => { await page.locator(`[data-stage=${name}]`).waitFor() }
const checked = async (page: Page): Promise<Record<string, string>> => Object.fromEntries(await page.locator('[data-check]').evaluateAll(found => found.map(one => [one.getAttribute('data-check'), one.getAttribute('data-state')])))

/** What a checker finds that would keep somebody out. */
async function accessible (t: Test, page: Page, name: string): Promise<void> {
  await page.locator('[aria-busy=true]').first().waitFor({ state: 'detached' }).catch(() => {})
  await page.evaluate(axe)
  const found = await page.evaluate(async () => {
    const { violations } = await (window as unknown as { axe: { run: (options: object) => Promise<{ violations: { id: string, impact: string, nodes: { html: string, failureSummary: string }[] }[] }> } }).axe.run({ resultTypes: ['violations'] })
    return violations.filter(({ impact }) => impact === 'serious' || impact === 'critical').map(({ id, nodes }) => `${id}: ${nodes.slice(0, 3).map(({ html, failureSummary }) => `${html.slice(0, 160)} ${failureSummary.slice(0, 160)}`).join(' | ')}`)
  })
  t.same(found, [], `${name} is for everybody`)
}

/** Nothing hangs out at the side. */
async function fits (t: Test, page: Page, name: string): Promise<void> {
  t.ok(await page.evaluate(() => document.documentElement.scrollWidth <= window.innerWidth), `${name} fits on a phone`)
}

t.test('first run: the platform makes a tenant, its admin is asked by mail, chooses a password and is in', async t => {
  const { page, complaints } = await seat(t)
  await page.goto('/tenants/new')
  await heading(page, /^Entrar$/)
  await signIn(page, app.platformAdmin.email, app.platformAdmin.password)
  await heading(page, /^Nueva organización$/)
  await accessible(t, page, 'the form of a new tenant')
  await page.locator('[name=name]').fill('Gimnasio Norte')
  await page.locator('[name=email]').fill('ana@norte.example')
  await page.locator('[name=person]').fill('Ana')
  await press(page, /^Crear e invitar$/)
  await page.locator('[data-made]').waitFor()
  const mail = await eventually('the invitation is in her mail', () => mails.inbox.find(({ to }) => to[0] === 'ana@norte.example'))
  t.match(mail.headers.get('subject'), /Gimnasio Norte le invita/)
  const link = /https?:\/\/\S+\/invitations#[\w-]{64}/.exec(mail.parts.find(({ type }) => type === 'text/plain')!.bytes.toString())![0]

  const ana = await seat(t)
  await ana.page.goto(link)
  await heading(ana.page, /Le damos la bienvenida a Gimnasio Norte/)
  await accessible(t, ana.page, 'the invitation')
  t.equal(await ana.page.locator('[name=name]').inputValue(), 'Ana')
  await ana.page.locator('[name=password]').fill(password)
  await press(ana.page, /^Aceptar y entrar$/)
  await heading(ana.page, /^Hola, Ana$/)
  t.match(await ana.page.locator('header').innerText(), /Gimnasio Norte/)
  await ana.page.goto(link)
  await ana.page.reload()
  await ana.page.getByText('Esta invitación ya no vale').waitFor()

  await page.goto('/tenants')
  await heading(page, /^Organizaciones$/)
  await accessible(t, page, 'the tenants')
  await press(page, /^Entrar: Gimnasio Norte$/)
  await page.getByText('Está viendo la organización Gimnasio Norte').waitFor()
  await page.getByRole('link', { name: 'Salir de ella' }).click()
  await heading(page, /^Organizaciones$/)
  t.same([complaints, ana.complaints], [[], []], 'no script or style was refused, and nothing broke')
})

t.test('every provider has its form: each field of the manifest, masked where it is a secret', async t => {
  const { page, complaints } = await seat(t, { language: 'en-US' })
  await page.goto('/connections/new?country=all')
  await signIn(page)
  await heading(page, /^Connect an account$/)
  await accessible(t, page, 'the choice of a provider')
  const { data: providers } = await app.must('GET', '/v1/providers', { key: tenant.testKey })
  t.same((await page.locator('[data-provider]').evaluateAll(cards => cards.map(card => card.getAttribute('data-provider')))).toSorted(), providers.map(({ id }: { id: string }) => id).toSorted())
  for (const { id, name, credentials } of providers) {
    await page.evaluate(path => { window.history.pushState(null, '', path) }, `/connections/new?provider=${id}`)
    await page.getByRole('heading', { level: 1, name: `Connect ${name}`, exact: true }).waitFor()
    await page.locator('form').waitFor()
    const drawn = await page.locator('form').locator('input[name], textarea[name]').evaluateAll(fields => fields.map(field => [field.getAttribute('name'), field.getAttribute('type')]))
    const asked = drawn.filter(([field]) => field !== 'label' && !field!.startsWith('setting-')) as [string, string | null][]
    t.same(asked.map(([field]) => field), Object.keys(credentials.properties), `${id} asks for what its manifest says`)
    for (const [field, type] of asked) if (credentials.properties[field].secret && type !== 'file') t.equal(type, 'password', `${id}: ${field} is masked`)
  }
  await accessible(t, page, 'a credential form')
  t.same(complaints, [])
})

t.test('a payment provider: refused with the wrong key, left in the middle, and proven with the right one', async t => {
  const { page, complaints, context } = await seat(t)
  const [good, wrong] = [app.simulator.credentials('test'), app.simulator.wrongCredentials('test')]
  await page.goto('/connections/new?family=payments')
  await signIn(page)
  await page.locator('[data-provider=stripe]').click()
  await heading(page, /^Conectar Stripe$/)
  await page.locator('[name=label]').fill('Tienda en línea')
  await page.locator('[name=publishable_key]').fill(`  ${good.publishable_key!}\n`)
  await page.locator('[name=secret_key]').fill('not a key')
  await page.locator('[name=secret_key]').blur()
  await page.getByText('No tiene la forma esperada').waitFor()
  t.ok(await button(page, /^Probar y seguir$/).isDisabled())
  await page.locator('[name=secret_key]').fill(wrong.secret_key!)

  await page.reload()
  t.equal(await page.locator('[name=label]').inputValue(), 'Tienda en línea', 'what is no secret is still there')
  t.equal(await page.locator('[name=publishable_key]').inputValue(), good.publishable_key, 'without the space around it')
  t.equal(await page.locator('[name=secret_key]').inputValue(), '')
  t.notMatch(await page.evaluate(() => JSON.stringify([window.sessionStorage, window.localStorage])), /sk_test_/, 'a secret is kept nowhere')
  await page.locator('[name=secret_key]').fill(wrong.secret_key!)
  await press(page, /^Probar y seguir$/)
  await page.getByText('El proveedor no aceptó estas credenciales').waitFor()
  await accessible(t, page, 'refused credentials')
  const address = page.url()
  t.match(address, /\/connections\/con_\w+\/setup$/)

  // Another day, another window: the connection is where the wizard stands.
  await page.close()
  const later = await context.newPage()
  later.setDefaultTimeout(15_000)
  await later.goto(address)
  await later.locator('[name=secret_key]').fill(good.secret_key!)
  await press(later, /^Volver a probar$/)
  await stage(later, 'webhook')
  await later.locator('[data-first-event]').waitFor()
  t.match(await later.locator('[data-first-event]').innerText(), /Llegó el primer aviso[\s\S]*Verificado/)
  await accessible(t, later, 'the webhook')
  await press(later, /^Seguir$/)
  await stage(later, 'payment')
  await press(later, /^Hacer un cobro de prueba$/)
  const [hosted] = await Promise.all([context.waitForEvent('page'), later.locator('[data-hosted]').click()])
  await hosted.waitForLoadState()
  await pay(hosted)
  await later.locator('[data-payment=succeeded]').waitFor({ timeout: 30_000 })
  t.match(await later.locator('[data-payment]').innerText(), /\$20\.00[\s\S]*Cobrado/)
  await accessible(t, later, 'the test payment')
  await press(later, /^Seguir$/)
  await stage(later, 'done')
  t.same(await checked(later), { credentials: 'done', test: 'done', webhook: 'done', event: 'done', payment: 'done' })
  await accessible(t, later, 'the end of the wizard')

  const id = /con_\w+/.exec(address)![0]
  t.match(await app.must('GET', `/v1/connections/${id}`, { key: tenant.testKey }), { label: 'Tienda en línea', health: 'healthy', webhook: { registered: true } })
  await press(later, /^Pasar a modo real$/)
  await later.getByText('Qué cambia respecto a la prueba').waitFor()
  await heading(later, /^Conectar Stripe$/)
  t.equal(await later.locator('[name=secret_key]').inputValue(), '')
  t.same(complaints, [])
})

/** On the provider's page, as a person does. */
async function pay (page: Page): Promise<void> {
  const email = page.locator('[name=email]')
  if (await email.count() > 0) await email.fill('ana@example.com')
  await page.locator('form button').first().click()
}

t.test('a PAC: the wrong passphrase is told, the certificate is looked at before it is kept, and a test invoice is stamped', async t => {
  const { page, complaints } = await seat(t)
  const good = finkok.credentials('test')
  await page.goto('/connections/new?provider=finkok')
  await signIn(page)
  for (const [name, value] of Object.entries(good)) await page.locator(`[name=${name}]`).fill(value)
  await press(page, /^Probar y seguir$/)
  await stage(page, 'stamp')
  const files = [{ name: 'csd.cer', mimeType: 'application/octet-stream', buffer: Buffer.from(csd.cer) }, { name: 'csd.key', mimeType: 'application/octet-stream', buffer: Buffer.from(csd.key) }]
  await page.locator('input[type=file]').setInputFiles(files)
  await page.locator('[name=passphrase]').fill('not this one')
  await press(page, /^Revisar$/)
  await page.locator('[data-report=bad]').waitFor()
  t.match(await page.locator('[data-check=passphrase]').innerText(), /no abre/)
  await accessible(t, page, 'a report that is bad')
  t.same((await app.must('GET', '/v1/certificates', { key: tenant.testKey })).data, [], 'nothing is kept')
  await page.locator('[name=passphrase]').fill(csd.passphrase)
  await press(page, /^Revisar$/)
  await page.locator('[data-report=good]').waitFor()
  await press(page, /^Guardar el certificado$/)
  await page.locator('[name=postal_code]').waitFor()
  t.equal(await page.locator('[name=tax_id]').inputValue(), issuerRfc, 'the certificate says whose it is')
  await page.locator('[name=legal_name]').fill(issuerName)
  await page.getByRole('combobox', { name: 'Régimen fiscal' }).fill('601')
  await page.getByRole('option', { name: /^601/ }).click()
  await page.locator('[name=postal_code]').fill('42501')
  await press(page, /^Guardar y seguir$/)
  await press(page, /^Timbrar una factura de prueba$/)
  await page.locator('[data-invoice=issued]').waitFor({ timeout: 30_000 })
  await accessible(t, page, 'the test stamp')
  await press(page, /^Seguir$/)
  await stage(page, 'done')
  t.match(await checked(page), { test: 'done', stamp: 'done' })

  await page.goto('/certificates')
  await heading(page, /^Certificados$/)
  await accessible(t, page, 'the certificates')
  await page.locator('a.row-target').click()
  await page.getByText(issuerName).first().waitFor()
  t.match(await page.locator('main').innerText(), /Quedan [\d,]+ días[\s\S]*Finkok/, 'how long it holds, and which connection signs with it')
  await accessible(t, page, 'a certificate')
  await press(page, /^Programar el cambio$/)
  await page.getByRole('dialog').waitFor()
  await accessible(t, page, 'a question')
  await page.keyboard.press('Escape')
  t.same(complaints, [])
})

t.test('the other pages are for everybody too: both languages, light and dark, on a phone', async t => {
  const { data: [connection] } = await app.must('GET', '/v1/connections?provider=stripe', { key: tenant.testKey })
  const pages = ['/', '/connections', `/connections/${connection.id}`, `/connections/${connection.id}/credentials`, '/certificates/new', '/account', '/nothing/here']
  for (const [language, dark, phone] of [['en-GB', true, false], ['es-MX', false, true]] as const) {
    const { page, complaints } = await seat(t, { language, dark, phone })
    await page.goto('/')
    await page.locator('[name=email]').waitFor()
    await accessible(t, page, `${language}: the login`)
    t.equal(await page.locator('html').getAttribute('lang'), language.slice(0, 2))
    await signIn(page)
    for (const path of pages) {
      await page.goto(path)
      await page.locator('h1').waitFor()
      await accessible(t, page, `${language}${dark ? ' dark' : ''}: ${path}`)
      if (phone) await fits(t, page, path)
    }
    t.same(complaints, [])
  }
})

t.test('a person changes language and colours, and both stay', async t => {
  const { page } = await seat(t)
  await page.goto('/account')
  await signIn(page)
  await heading(page, /^Su cuenta$/)
  await press(page, /^Idioma: Español$/)
  await page.getByRole('menuitem', { name: 'English' }).click()
  await heading(page, /^Your account$/)
  await page.getByText('Dark', { exact: true }).first().click()
  await page.reload()
  await heading(page, /^Your account$/)
  t.equal(await page.locator('html').getAttribute('data-mantine-color-scheme'), 'dark')
})

t.test('a session that ends asks to sign in again, and the person is where they were', async t => {
  const { page } = await seat(t)
  await page.goto('/connections?health=healthy')
  await signIn(page)
  await heading(page, /^Conexiones$/)
  await page.getByText('Tienda en línea').waitFor()
  await app.database.owner.updateTable('sessions').set({ revoked_at: new Date() }).where('tenant_id', '=', tenant.uuid).execute()
  await page.getByText('Tienda en línea').click()
  await page.getByText('Su sesión terminó').waitFor()
  t.equal(await page.getByText('Tienda en línea').count(), 0, 'nothing of it is left on the screen')
  await signIn(page)
  await heading(page, /^Tienda en línea$/)
  await press(page, /^Su cuenta/)
  await page.getByRole('menuitem', { name: 'Salir' }).click()
  await heading(page, /^Entrar$/)
  await page.goBack()
  await heading(page, /^Entrar$/)
})

t.test('who signs in for the queues goes there, and nowhere else', async t => {
  const { page } = await seat(t)
  await page.goto('/login?next=/.//evil.example')
  await signIn(page)
  t.equal(new URL(page.url()).origin, app.url)
})

t.test('another site’s request changes nothing, and a foreign script does not run', async t => {
  const { page } = await seat(t)
  await page.goto('/connections')
  await signIn(page)
  await heading(page, /^Conexiones$/)
  const forged = await page.evaluate(async () => {
    const answer = await fetch('/v1/connections', { method: 'POST', headers: { 'content-type': 'application/json', 'idempotency-key': 'forged' }, body: JSON.stringify({ provider: 'sri', mode: 'test', credentials: {} }) })
    return [answer.status, (await answer.json()).code]
  })
  t.same(forged, [403, 'csrf_failed'], 'the cookie alone is not enough')
  const ran = await page.evaluate(async () => {
    const refused: string[] = []
    const told = new Promise<void>(resolve => {
      document.addEventListener('securitypolicyviolation', event => { if (refused.push(event.effectiveDirective) === 2) resolve() })
    })
    const inline = document.createElement('script')
    inline.textContent = 'window.stolen = 1'
    const style = document.createElement('style')
    style.textContent = 'body { display: none }'
    document.head.append(inline, style)
    await told
    return { refused: refused.toSorted(), stolen: 'stolen' in window, hidden: getComputedStyle(document.body).display === 'none' }
  })
  t.same(ran, { refused: ['script-src-elem', 'style-src-elem'], stolen: false, hidden: false })
  const first = await app.ask('GET', '/', { headers: { accept: 'text/html' } })
  const second = await app.ask('GET', '/connections', { headers: { accept: 'text/html' } })
  const nonceOf = ({ headers }: typeof first) => /'nonce-([^']+)'/.exec(headers.get('content-security-policy')!)![1]!
  t.not(nonceOf(first), nonceOf(second), 'a nonce is good for one answer')
  t.ok(first.text.includes(nonceOf(first)))
  t.equal(first.headers.get('cache-control'), 'no-store')
  t.notMatch(first.headers.get('content-security-policy'), /unsafe/)
})

t.test('a second tenant, and a viewer, see only theirs', async t => {
  const { data: [connection] } = await app.must('GET', '/v1/connections?provider=stripe', { key: tenant.testKey })
  const { page } = await seat(t)
  await page.goto(`/connections/${connection.id}`)
  await signIn(page, 'admin@otra.example')
  await page.getByRole('alert').waitFor()
  t.notMatch(await page.locator('main').innerText(), /Tienda en línea/)
  await page.goto('/connections')
  await page.locator('a.row-target').waitFor()
  t.notMatch(await page.locator('main').innerText(), /Tienda en línea/)
  await page.goto('/tenants')
  await heading(page, /^Esta página no existe$/)

  const viewer = await seat(t)
  await viewer.page.goto(`/connections/${connection.id}`)
  await signIn(viewer.page, 'viewer@azul.example')
  await heading(viewer.page, /^Tienda en línea$/)
  t.equal(await button(viewer.page, /Desconectar|Apagar|Cambiar nombre|Probar ahora/).count(), 0, 'no button that the server would refuse')
  await viewer.page.goto('/connections/new')
  await heading(viewer.page, /no puede ver esto/)
})

t.test('a provider that is gone is said in words, with a way on; a filter that finds nothing as well', async t => {
  const { page } = await seat(t)
  await page.goto('/connections?health=reconnect&provider=stripe')
  await signIn(page)
  await page.getByText('Nada coincide con estos filtros').waitFor()
  await page.route('**/v1/connections?*', async route => { await route.abort() })
  await page.reload()
  await page.getByRole('alert').waitFor()
  t.match(await page.getByRole('alert').innerText(), /No se puede llegar al servidor/)
  await page.unroute('**/v1/connections?*')
  await press(page, /^Reintentar$/)
  await page.getByText('Nada coincide con estos filtros').waitFor()
  await page.getByRole('main').getByRole('button', { name: 'Quitar filtros' }).first().click()
  await page.getByText('Tienda en línea').waitFor()
  t.notMatch(page.url(), /health=/)
})

t.test('the first screen is at most 250 kB, compressed; its files are kept for good', async t => {
  const { text } = await app.ask('GET', '/', { headers: { accept: 'text/html' } })
  const files = [...text.matchAll(/(?:src|href)="(\/assets\/[^"]+)"/g)].map(([, file]) => file!)
  t.ok(files.length >= 2)
  let bytes = 0
  for (const file of files) {
    const [plain, zipped] = [`${consoleFolder}${file}`, `${consoleFolder}${file}.gz`]
    bytes += statSync(existsSync(zipped) ? zipped : plain).size
    const { headers } = await app.ask('GET', file)
    t.match(headers.get('cache-control'), /immutable/)
  }
  t.ok(bytes <= 250 * 1024, `${Math.round(bytes / 1024)} kB`)
  t.equal((await app.ask('GET', '/assets/../stamp')).status, 404)
  t.equal((await app.ask('GET', '/v1/nothing', { headers: { accept: 'text/html' } })).body?.code, 'not_found', 'the API answers as the API')
  t.ok(parseId('tenant', tenant.id))
})
