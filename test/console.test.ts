/** The console in a real Chromium, against the whole application over HTTP, its simulators and a mail server. */
import { existsSync, readFileSync, statSync, writeFileSync } from 'node:fs'
import path from 'node:path'
import type { Page } from 'playwright-core'
import t from 'tap'
import { startFinkokSimulator, type FinkokSimulator } from '../adapters/finkok/simulator.ts'
import { startSatStatusSimulator } from '../adapters/sat_status/simulator.ts'
import { startSriSimulator } from '../adapters/sri/simulator.ts'
import { consoleFolder } from '../core/build-console.ts'
import { parseId } from '../core/ids.ts'
import { type AppTenant, testApp, type TestApp } from './support/app.ts'
import { csd, issuerRfc } from './support/cfdi.ts'
import { accessible, button, consoleDesk, consoleUsers, fits, heading, open, password, press, say, signIn, spoken, type TakeSeat } from './support/console.ts'
import { createSriWorld, makeSriSignature, ruc } from './support/ecuador.ts'
import { eventually } from './support/eventually.ts'
import { temporaryFolder } from './support/folder.ts'
import { mailServer, type MailServer } from './support/mail-server.ts'
import { createSatWorld } from './support/mexico.ts'
import { operator, type Operator } from './support/oauth.ts'

t.setTimeout(300_000)

const issuerName = 'ESCUELA KEMPER URGATE'

let app: TestApp
let finkok: FinkokSimulator
let owners: Operator
let mails: MailServer
let seat: TakeSeat
let tenant: AppTenant
let stranger: AppTenant

t.before(async () => {
  const world = createSatWorld({ taxpayers: { [issuerRfc]: { name: issuerName, postalCode: '42501', regime: '601' } } })
  const [pac, sat, sri, mailing, consenting] = await Promise.all([startFinkokSimulator({ world }), startSatStatusSimulator({ world }), startSriSimulator({ world: createSriWorld() }), mailServer(t), operator(t)])
  t.teardown(async () => { await Promise.all([pac.close(), sat.close(), sri.close()]) })
  ;[finkok, mails, owners] = [pac, mailing, consenting]
  const platform = path.join(temporaryFolder(t), 'stripe.json')
  writeFileSync(platform, JSON.stringify({ test: owners.stripe.operator!('test', { redirect: () => `${app.url}/v1/oauth/stripe/callback`, hook: () => `${app.url}/hooks/apps/stripe/test` }) }), { mode: 0o600 })
  const urls = Object.entries({ FINKOK: pac.url, SAT_STATUS: sat.url, SRI: sri.url, MERCADOPAGO: owners.mercadopago.url, STRIPE: owners.stripe.url }).flatMap(([id, url]) => [[`PASARELA_PROVIDER_URL_${id}`, url], [`PASARELA_PROVIDER_RATE_${id}`, '10000']])
  app = await testApp(t, { env: { ...Object.fromEntries(urls), PASARELA_OPERATOR_FILE_MERCADOPAGO: owners.env.PASARELA_OPERATOR_FILE_MERCADOPAGO!, PASARELA_OPERATOR_FILE_STRIPE: platform, RESOLVER_SCHEDULE: '500ms,1s,2s,5s', SMTP_URL: mails.url, MAIL_FROM: 'hub@pasarela.example', PASARELA_EXPERIMENTAL: '1' } })
  owners.at(app.url)
  tenant = await app.tenant({ name: 'Hotel Azul', connect: false })
  stranger = await app.tenant({ name: 'Otra Casa' })
  await consoleUsers(app, tenant, stranger)
  seat = await consoleDesk(t, app)
})

const stage = async (page: Page, name: string): Promise<void> => { await page.locator(`[data-stage=${name}]`).waitFor() }
const checked = async (page: Page): Promise<Record<string, string>> => Object.fromEntries(await page.locator('[data-check]').evaluateAll(found => found.map(one => [one.getAttribute('data-check'), one.getAttribute('data-state')])))

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
  await ana.page.getByRole('link', { name: /^Empezar/ }).first().waitFor()
  t.equal(await ana.page.getByRole('link', { name: /^Empezar/ }).count(), 4, 'a home that says what is missing')
  await ana.page.getByRole('link', { name: 'Empezar: Conecte su cuenta de cobro' }).click()
  await heading(ana.page, /^Conectar una cuenta$/)
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
    await page.getByRole('heading', { level: 1, name: `Connect ${({ bank_transfer: 'Bank transfer', sat_status: 'SAT: look-up of CFDIs' } as Record<string, string>)[id] ?? name}`, exact: true }).waitFor()
    await page.locator('form').waitFor()
    const drawn = await page.locator('form').locator('input[name], textarea[name]').evaluateAll(fields => fields.map(field => [field.getAttribute('name'), field.getAttribute('type')]))
    const asked = drawn.filter(([field]) => field !== 'label' && !/^(setting|bank)-/.test(field!)) as [string, string | null][]
    t.same(asked.map(([field]) => field), Object.keys(credentials.properties), `${id} asks for what its manifest says`)
    for (const [field, type] of asked) if (credentials.properties[field].secret && type !== 'file') t.equal(type, 'password', `${id}: ${field} is masked`)
  }
  await accessible(t, page, 'a credential form')
  t.same(complaints, [])
})

t.test('a payment provider: refused with the wrong key, left in the middle, and proven with the right one', async t => {
  const { page, complaints, context } = await seat(t)
  const [good, wrong] = [owners.stripe.credentials('test'), owners.stripe.wrongCredentials('test')]
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
  await later.locator('[data-payment=succeeded]').waitFor()
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
  await page.locator('[data-invoice=issued]').waitFor()
  await accessible(t, page, 'the test stamp')
  await press(page, /^Seguir$/)
  await stage(page, 'done')
  t.match(await checked(page), { test: 'done', stamp: 'done' })

  await page.goto('/certificates')
  await heading(page, /^Certificados$/)
  await accessible(t, page, 'the certificates')
  await page.locator('a.row-target').click()
  await page.getByText(issuerName).first().waitFor()
  await page.getByRole('link', { name: 'Finkok' }).waitFor()
  t.match(await page.locator('main').innerText(), /Quedan [\d,]+ días[\s\S]*Finkok/, 'how long it holds, and which connection signs with it')
  await accessible(t, page, 'a certificate')
  await press(page, /^Programar el cambio$/)
  await page.getByRole('dialog').waitFor()
  await accessible(t, page, 'a question')
  await page.getByLabel('Fecha y hora').fill('2030-01-01T09:00')
  await say(page, /^Programar$/)
  await page.getByText('Este certificado empieza a firmar el').waitFor()
  await press(page, /^Cancelar el cambio$/)
  await say(page, /^Cancelar el cambio$/)
  await page.getByText('En reserva: está guardado').waitFor()
  await press(page, /^Programar el cambio$/)
  await say(page, /^Usar ya$/)
  await page.getByText('En reserva').waitFor({ state: 'detached' })
  t.same(complaints, [])
})

t.test('an account that is connected by consent: no key is typed, and the wizard goes on where the provider sent one back', async t => {
  const { page, complaints } = await seat(t, { at: '/connections/new?provider=mercadopago' })
  await press(page, /^Conectar con Mercado Pago$/)
  await page.locator('button[value=deny]').click()
  await page.getByText('No se dio el permiso').waitFor()
  t.equal(new URL(page.url()).origin, app.url)
  await page.locator('[name=label]').fill('Tienda de playa')
  await press(page, /^Conectar con Mercado Pago$/)
  await page.locator('[name=account]').fill('770000001')
  await page.locator('button[value=allow]').click()
  await stage(page, 'webhook')
  await page.getByText('Los avisos de esta cuenta ya llegan').waitFor()
  await accessible(t, page, 'webhooks by consent')
  const id = /con_\w+/.exec(page.url())![0]
  t.match(await app.must('GET', `/v1/connections/${id}`, { key: tenant.testKey }), { label: 'Tienda de playa', auth: 'oauth', health: 'healthy', account: { id: '770000001' } })
  await press(page, /^Seguir sin esperar$/)
  await stage(page, 'payment')
  await press(page, /^Hacer un cobro de prueba$/)
  await page.locator('[data-hosted]').waitFor()
  await press(page, /^Dejarlo para después$/)
  await stage(page, 'done')
  t.match(await checked(page), { test: 'done', webhook: 'done', event: 'waiting', payment: 'todo' }, 'what is not proven is not said to be')
  await press(page, /^Volver a Avisos$/)
  await stage(page, 'webhook')
  await press(page, /^Seguir sin esperar$/)
  await stage(page, 'done')
  owners.mercadopago.hookUp(owners.applications.mercadopago.client_id!, `${app.url}/hooks/apps/mercadopago/test`)
  await press(page, /^Volver a Cobro de prueba$/)
  const [hosted] = await Promise.all([page.context().waitForEvent('page'), page.locator('[data-hosted]').click()])
  await hosted.waitForLoadState()
  await pay(hosted)
  await page.locator('[data-payment=succeeded]').waitFor()
  await page.locator('[data-first-event]').waitFor()
  await press(page, /^Seguir$/)
  await stage(page, 'done')
  t.same(await checked(page), { credentials: 'done', test: 'done', webhook: 'done', event: 'done', payment: 'done' })

  owners.mercadopago.revoke('770000001')
  await app.must('POST', `/v1/connections/${id}/test`, { key: tenant.testKey })
  await page.reload()
  await page.getByText('El proveedor no aceptó estas credenciales').waitFor()
  t.equal(await page.locator('[name=access_token]').count(), 0, 'there is no key to type')
  await press(page, /^Dar permiso$/)
  await page.locator('[name=account]').fill('770000001')
  await page.locator('button[value=allow]').click()
  await stage(page, 'done')
  t.same(complaints, [])
})

t.test('a Stripe account that is connected by consent: its events come to the platform’s own address', async t => {
  const { page, complaints } = await seat(t, { at: '/connections/new?provider=stripe' })
  await page.locator('[name=label]').fill('Tienda de montaña')
  await press(page, /^Conectar con Stripe$/)
  await page.locator('button[value=allow]').click()
  await stage(page, 'webhook')
  await page.getByText('Los avisos de esta cuenta ya llegan').waitFor()
  const id = /con_\w+/.exec(page.url())![0]
  t.match(await app.must('GET', `/v1/connections/${id}`, { key: tenant.testKey }), { label: 'Tienda de montaña', auth: 'oauth', health: 'healthy', account: { id: /^acct_/ } })
  await page.locator('[data-first-event]').waitFor() // that it was allowed is an event itself
  await press(page, /^Seguir$/)
  await stage(page, 'payment')
  await press(page, /^Hacer un cobro de prueba$/)
  const [hosted] = await Promise.all([page.context().waitForEvent('page'), page.locator('[data-hosted]').click()])
  await hosted.waitForLoadState()
  await pay(hosted)
  await page.locator('[data-payment=succeeded]').waitFor()
  await press(page, /^Seguir$/)
  await stage(page, 'done')
  t.same(await checked(page), { credentials: 'done', test: 'done', webhook: 'done', event: 'done', payment: 'done' })
  t.same(complaints, [])
})

t.test('Ecuador: the .p12 is dropped, its issuer has that country’s fields, and the SRI authorises a test invoice', async t => {
  const { page, complaints } = await seat(t, { at: '/connections/new?provider=sri', phone: true })
  await press(page, /^Probar y seguir$/)
  await stage(page, 'stamp')
  await page.getByText('Primero suba el .p12').waitFor()
  const { p12, passphrase } = makeSriSignature()
  const dropped = await page.evaluateHandle(bytes => {
    const transfer = new DataTransfer()
    transfer.items.add(new File([Uint8Array.from(atob(bytes), one => one.charCodeAt(0))], 'firma.p12'))
    return transfer
  }, p12.toString('base64'))
  const place = page.getByText('Arrastre aquí').locator('..')
  await place.dispatchEvent('dragover', { dataTransfer: dropped })
  t.equal(await place.getAttribute('data-over'), 'true', 'it shows where it falls')
  await place.dispatchEvent('drop', { dataTransfer: dropped })
  await page.getByText('firma.p12').waitFor()
  await page.locator('[name=passphrase]').fill(passphrase)
  await page.keyboard.press('Enter')
  await page.locator('[data-report=good]').waitFor()
  t.match(await page.locator('[data-report]').innerText(), new RegExp(`${ruc}[\\s\\S]*Quedan [\\d,]+ días`))
  await accessible(t, page, 'the report of a p12')
  await fits(t, page, 'the report of a p12')
  await press(page, /^Guardar el certificado$/)
  await page.getByText('como están en su RUC').waitFor()
  t.equal(await page.locator('[name=tax_id]').inputValue(), ruc)
  t.equal(await page.locator('[name=regime], [name=postal_code]').count(), 0, 'nothing of Mexico is asked')
  await page.locator('[name=street]').fill('Av. Amazonas N1-23')
  await accessible(t, page, 'an issuer of Ecuador')
  await press(page, /^Guardar y seguir$/)
  await press(page, /^Timbrar una factura de prueba$/)
  await page.locator('[data-invoice=issued]').waitFor()
  t.match(await page.locator('[data-invoice]').innerText(), new RegExp(`\\d{10}${ruc}1001001`), 'the clave de acceso, of the test environment')
  await press(page, /^Seguir$/)
  await stage(page, 'done')
  t.match(await checked(page), { test: 'done', stamp: 'done' })
  t.same(complaints, [])
})

t.test('the whole wizard without a mouse; each new screen says its heading', async t => {
  const { page } = await seat(t, { at: '/connections/new?country=all' })
  await heading(page, /^Conectar una cuenta$/)
  /** The next thing that the Tab key reaches of this name. */
  const tabTo = async (name: RegExp): Promise<void> => {
    for (let presses = 0; presses < 90; presses++) {
      await page.keyboard.press('Tab')
      const [at, seen] = await page.evaluate(() => {
        const one = document.activeElement as HTMLElement
        return [`${one.getAttribute('aria-label') ?? ''} ${(one as HTMLInputElement).labels?.[0]?.innerText ?? one.innerText}`.trim(), one.matches(':focus-visible') && getComputedStyle(one).outlineStyle !== 'none']
      })
      if (!name.test(at)) continue
      t.ok(seen || /CLABE|Beneficiario|Buscar/.test(at), `${at} shows that it has the focus`)
      return
    }
    t.fail(`the Tab key never reaches ${name.source}`)
  }
  const focused = async (): Promise<string> => await page.evaluate(() => (document.activeElement as HTMLElement).innerText)
  await page.evaluate(() => { (document.activeElement as HTMLElement).blur() })
  await page.keyboard.press('Tab')
  t.equal(await focused(), 'Ir al contenido')
  await page.keyboard.press('Enter')
  await tabTo(/^Buscar proveedor$/)
  await page.keyboard.type('transfer')
  await tabTo(/Transferencia/)
  await page.keyboard.press('Enter')
  await page.locator('[name=bank-number]').waitFor()
  await tabTo(/^CLABE$/)
  await page.keyboard.type('002010077777777771')
  await tabTo(/^Beneficiario$/)
  await page.keyboard.type('Hotel Azul SA de CV')
  await page.keyboard.press('Enter')
  await stage(page, 'payment')
  t.match(await focused(), /^(Conectar|Un cobro de prueba)/, 'a screen reader hears what came')
  await tabTo(/^Hacer un cobro de prueba$/)
  await page.keyboard.press('Enter')
  await page.locator('[data-payment=requires_action]').waitFor()
  await page.locator('[data-payment]').getByText('002010077777777771').waitFor()
  t.match(await page.locator('[data-payment]').innerText(), /Referencia para pagar\s+\d{7}[\s\S]*Hotel Azul SA de CV/)
  await tabTo(/^Fingir que llegó$/)
  await page.keyboard.press('Enter')
  await page.getByRole('dialog').waitFor()
  await eventually('the question has the focus', async () => /^Fingir que llegó$/.test(await focused()))
  await page.keyboard.press('Enter')
  await page.locator('[data-payment=succeeded]').waitFor()
  await tabTo(/^Seguir$/)
  await page.keyboard.press('Enter')
  await stage(page, 'done')
  t.equal(await focused(), 'Conexión lista')
  t.match(await checked(page), { test: 'done', payment: 'done' })
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
    if (phone) {
      await press(page, /^Abrir el menú$/)
      await page.getByRole('link', { name: /^Certificados$/ }).click()
      await heading(page, /^Certificados$/)
      await button(page, /^Abrir el menú$/).waitFor()
      await page.getByRole('link', { name: /^Conexiones$/ }).waitFor({ state: 'hidden' })
    }
    for (const path of pages) {
      await page.goto(path)
      await page.locator('h1').waitFor()
      await accessible(t, page, `${language}${dark ? ' dark' : ''}: ${path}`)
      await spoken(t, page, path)
      if (phone) await fits(t, page, path)
    }
    t.same(complaints, [])
  }
})

t.test('the API speaks the language that was chosen; every page of the console is in some story', async t => {
  for (const language of ['es-MX', 'en-GB']) {
    const { body: { detail, errors: [field] } } = await app.ask('POST', '/v1/connections', { key: tenant.testKey, headers: { 'accept-language': language }, body: { provider: 'finkok', mode: 'live', credentials: {} } })
    t.match([detail, field.message], language === 'es-MX' ? [/petición/, 'esta clave es para test'] : [/request/, 'this key is for test'])
  }
  // Who adds an area adds it to a story, which looks at it with `accessible` and `spoken`: here, console-money.test.ts, console-support.test.ts.
  const areas = new Set([...readFileSync(new URL('../tenants-ui/src/routes.tsx', import.meta.url), 'utf8').matchAll(/\{ path: '\/([^/':]*)[^']*', page/g)].map(([, area]) => area!))
  t.same([...areas].sort(), ['', 'account', 'alerts', 'certificates', 'connections', 'customers', 'dashboard', 'deliveries', 'invitations', 'invoices', 'payments', 'plans', 'reconciliation', 'reports', 'sales', 'settings', 'subscriptions', 'support', 'tenants', 'thanks', 'webhooks'])
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

t.test('a hostile reader: a session that was planted, tokens of other sessions, an end everywhere', async t => {
  const planted = await seat(t)
  const fixed = 'F'.repeat(43)
  await planted.context.addCookies([{ name: 'pasarela_session', value: fixed, url: app.url }])
  await planted.page.goto('/')
  await signIn(planted.page)
  const [cookie] = (await planted.context.cookies()).filter(({ name }) => /session/.test(name))
  t.not(cookie!.value, fixed, 'what was there before the login is no session after it')
  t.match(cookie, { httpOnly: true, sameSite: /Lax|Strict/, path: '/' })
  t.equal(await planted.page.evaluate(() => document.cookie), '', 'no script reads it')
  t.equal((await app.ask('GET', '/v1/sessions/current', { headers: { cookie: `pasarela_session=${fixed}` } })).status, 401)

  const other = await seat(t, { at: '/', email: 'admin@otra.example' })
  const tokenIn = async (page: Page): Promise<string> => await page.evaluate(async () => (await (await fetch('/v1/sessions/current')).json()).csrf_token)
  const change = async (page: Page, token: string, headers: Record<string, string> = {}): Promise<[number, string | undefined]> => await page.evaluate(async ({ token, headers }) => {
    const answer = await fetch('/v1/customers', { method: 'POST', headers: { 'content-type': 'application/json', 'idempotency-key': crypto.randomUUID(), 'x-csrf-token': token, ...headers }, body: '{"name":"Mallory"}' })
    return [answer.status, (await answer.json()).code] as [number, string | undefined]
  }, { token, headers })
  const [mine, theirs] = [await tokenIn(planted.page), await tokenIn(other.page)]
  t.not(mine, theirs)
  t.same(await change(planted.page, theirs), [403, 'csrf_failed'], 'another session’s token is none')
  t.same(await change(planted.page, ''), [403, 'csrf_failed'])
  t.same((await change(planted.page, mine, { 'pasarela-tenant': stranger.id }))[0], 403, 'nor does a right one act in another tenant')
  t.equal((await change(planted.page, mine))[0], 201, 'its own is')
  const foreign = await planted.page.evaluate(async tenant => (await fetch('/v1/connections', { headers: { 'pasarela-tenant': tenant } })).status, stranger.id)
  t.equal(foreign, 403, 'and none reads there')

  // The same person in a second browser ends the first from the list of sessions.
  const home = await seat(t, { at: '/account', language: 'en-GB' })
  await heading(home.page, /^Your account$/)
  await home.page.getByRole('button', { name: /^End$/ }).first().waitFor()
  for (let left = await home.page.getByRole('button', { name: /^End$/ }).count(); left > 0; left--) {
    await home.page.getByRole('button', { name: /^End$/ }).first().click()
    await eventually('it is gone', async () => await home.page.getByRole('button', { name: /^End$/ }).count() < left)
  }
  await open(planted.page, '/certificates')
  await planted.page.getByText('Su sesión terminó').waitFor()
  t.equal((await app.ask('GET', '/v1/sessions/current', { headers: { cookie: `pasarela_session=${cookie!.value}` } })).status, 401)
  await heading(home.page, /^Your account$/)
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
  const connection = (await app.must('GET', '/v1/connections?provider=stripe', { key: tenant.testKey })).data.find(({ label }: { label: string }) => label === 'Tienda en línea')
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

t.test('a server that was updated under an open window: the file that is gone brings the whole page anew', async t => {
  const { page } = await seat(t, { at: '/' })
  await page.route('**/assets/account-*.js', async route => { await route.abort() }, { times: 1 })
  await open(page, '/account')
  await heading(page, /^Su cuenta$/)
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
