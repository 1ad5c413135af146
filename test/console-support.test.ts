/** Support's home, figures, reconciliation, alerts and settings of the console: a real Chromium, the whole application, the simulator. */
import { readFileSync } from 'node:fs'
import { sql } from 'kysely'
import t from 'tap'
import { raiseAlert } from '../core/alerts/raise.ts'
import { inTenant } from '../core/db/in-tenant.ts'
import { foldFigures } from '../core/reports/fold.ts'
import { type AppTenant, card, order, testApp, type TestApp } from './support/app.ts'
import { accessible, consoleDesk, consoleUsers, fits, heading, open, password, press, say, spoken, type TakeSeat } from './support/console.ts'
import { eventually } from './support/eventually.ts'
import { receiver, type Receiver } from './support/receiver.ts'

t.setTimeout(300_000)

let app: TestApp
let seat: TakeSeat
let tenant: AppTenant
let stranger: AppTenant
let hooks: Receiver
const support = 'sofia@pasarela.example'
/** What the first stories made, for the pages of the last ones. */
const made: Record<'refused' | 'event' | 'endpoint' | 'delivery' | 'item' | 'alert', string> = { refused: '', event: '', endpoint: '', delivery: '', item: '', alert: '' }

t.before(async () => {
  hooks = await receiver(t)
  app = await testApp(t, { env: { RESOLVER_SCHEDULE: '1m', WEBHOOK_PRIVATE_ADDRESSES: 'true' }, simulator: { webhookRetrySteps: [1] } })
  tenant = await app.tenant({ name: 'Hotel Azul' })
  stranger = await app.tenant({ name: 'Otra Casa', connect: false })
  await app.must('POST', '/v1/users', { key: app.platformKey, body: { email: support, name: 'Sofia', role: 'support', password } })
  await consoleUsers(app, tenant, stranger)
  seat = await consoleDesk(t, app)
})

t.test('support finds a refused webhook and replays it after the secret is repaired', async t => {
  const key = tenant.testKey
  const { webhook, webhook_url: address, label } = await app.must('GET', `/v1/connections/${tenant.connection}`, { key })
  await app.quiet()
  // Somebody rolled the secret in the provider's dashboard, and told nobody.
  const secret = app.simulator.rollWebhookSecret(webhook.provider_reference, 0)
  const pay = async () => {
    const payment = await app.must('POST', '/v1/payments', { key, body: { ...order, method: card('pm_card_authenticationRequired'), return_url: 'http://shop.test/' } })
    app.simulator.authenticate(payment.provider_reference, true)
    return payment
  }
  const [payment, other] = [await pay(), await pay()]
  await app.simulator.settled()
  const statusOf = async ({ id }: { id: string }): Promise<string> => (await app.must('GET', `/v1/payments/${id}`, { key })).status
  t.same([await statusOf(payment), await statusOf(other)], ['requires_action', 'requires_action'], 'nobody has told that they are paid')
  const refused = async (): Promise<{ id: string, body: string }[]> => await Promise.all((await app.must('GET', '/v1/inbound_events?verdict=refused&limit=100', { key })).data.map(async ({ id }: { id: string }) => await app.must('GET', `/v1/inbound_events/${id}`, { key })))
  made.event = (await refused()).find(({ body }) => body.includes(payment.provider_reference) && body.includes('payment_intent.succeeded'))!.id
  // One that is too long to be kept whole.
  t.equal((await fetch(address, { method: 'POST', body: JSON.stringify({ text: 'x'.repeat(20_000) }) })).status, 401)
  made.refused = (await refused()).find(({ body }) => body.includes('xxx'))!.id
  await foldFigures(app.hub, new AbortController().signal)

  const { page, complaints } = await seat(t, { at: '/', email: support })
  await page.getByRole('link', { name: 'Soporte' }).click()
  const row = page.locator(`[data-tenant=${tenant.id}]`)
  await row.waitFor()
  t.notMatch(await page.locator('main').innerText(), /Hotel Azul/, 'from outside there are no names')
  await row.getByRole('link').click()
  await page.getByText('La firma no corresponde a ningún secreto').first().waitFor()
  t.notMatch(await page.locator('main').innerText(), /Hotel Azul|\$1?99/, 'nor amounts: what is wrong, and nothing of anybody')
  await accessible(t, page, 'a tenant from outside')
  await page.goBack()
  await row.waitFor()
  await accessible(t, page, 'support')
  await row.getByRole('button', { name: 'Entrar' }).click()
  await page.getByRole('dialog').locator('[name=reason]').fill('Llamaron: falta un pago de esta mañana')
  await page.getByLabel(/^Reparar/).check()
  await accessible(t, page, 'the question before entering')
  await say(page, /^Entrar$/)
  await heading(page, 'Salud de los webhooks')
  t.match(await page.locator('[data-support=repair]').innerText(), /Hotel Azul · reparar · quedan \d+ min[\s\S]*falta un pago/, 'a band says why and how long')
  const figure = page.locator(`[data-connection=${tenant.connection}]`).getByRole('img')
  t.match(await figure.getAttribute('aria-label'), /Rechazados: [1-9]/, 'the chart says it in words')
  await press(page, /^Ver los números: /)
  t.ok(await page.locator(`[data-connection=${tenant.connection}] tbody tr`).count() > 0, 'and has a table behind it')
  await accessible(t, page, 'webhook health')
  await page.locator('[data-refused]').first().click()
  await page.getByText('Por qué se rechazó').waitFor()
  await open(page, `/webhooks/events/${made.event}`)
  await page.locator('[data-checked=refused]').waitFor()
  t.match(await page.locator('main').innerText(), /no signature matches/, 'the reason')
  t.match(await page.locator('[data-body]').innerText(), new RegExp(payment.provider_reference), 'as it came')
  await accessible(t, page, 'a refused webhook')
  t.equal(await page.getByRole('button', { name: 'Procesar ahora' }).count(), 0, 'with the wrong secret there is nothing to process')
  t.equal(await page.getByRole('link', { name: 'Reparar el secreto' }).count(), 0, 'support holds no secrets')

  // Its administrator puts the new one in; support's page sees it.
  const admin = await seat(t, { at: `/webhooks/events/${made.event}` })
  await admin.page.getByRole('link', { name: 'Reparar el secreto' }).click()
  await admin.page.locator('[name=webhook_secret]').fill(secret)
  await admin.page.locator('form button[type=submit]').click()
  await heading(admin.page, label)
  await page.locator('[data-checked=good]').waitFor()
  await press(page, /^Procesar ahora$/)
  t.match(await page.getByRole('dialog').innerText(), /Con el secreto de hoy y la hora a la que llegó, su firma es buena/, 'it is said what will happen')
  await accessible(t, page, 'the question before a refused webhook is processed')
  await say(page, /^Procesar ahora$/)
  await page.getByText('Se creyó y se procesa').waitFor()
  await page.locator(`main a[href="/payments/${payment.id}"]`).waitFor()
  t.match(await page.locator('main').innerText(), /payment_intent\.succeeded[\s\S]*Verificad/i, 'it is a webhook like any other now')
  t.match(await app.must('GET', `/v1/inbound_events/${made.event}`, { key }), { id: made.event, verdict: 'verified', status: 'processed', payment: payment.id })
  t.same([await statusOf(payment), await statusOf(other)], ['succeeded', 'requires_action'])

  // The others, all at once: first it is said how many.
  await open(page, '/webhooks/events?verdict=refused')
  await press(page, /^Procesar los que ya se verifican…$/)
  const left = Number(await page.locator('[data-matched]').getAttribute('data-matched'))
  t.equal(left, (await refused()).length - 1, 'all but the one that was cut')
  t.equal((await app.must('GET', '/v1/audit_log?action=inbound_events.replayed', { key })).data.length, 0, 'and nothing is done yet')
  await say(page, new RegExp(`^Procesar ${left}$`))
  await page.getByText(`Se procesan ${left}.`).waitFor()
  await eventually('the other payment is paid as well', async () => await statusOf(other) === 'succeeded')
  t.same((await refused()).map(({ id }) => id), [made.refused], 'the list has the one that nobody can judge')

  // What was cut cannot be judged again: the provider is asked.
  await open(page, `/webhooks/events/${made.refused}`)
  await page.locator('[data-checked=cut]').waitFor()
  t.equal(await page.getByRole('button', { name: 'Procesar ahora' }).count(), 0)
  await press(page, /^Recuperar del proveedor$/)
  await say(page, /^Preguntar y corregir$/)
  await page.locator('[data-audit=completed]').waitFor()
  t.match(await page.locator('[data-audit]').innerText(), /Se compararon [1-9]/)

  // What is believed can be replayed at any time.
  await open(page, `/webhooks/events/${made.event}`)
  await press(page, /^Procesar otra vez$/)
  await say(page, /^Procesar otra vez$/)
  await page.getByText('Se procesa otra vez').waitFor()
  await app.quiet()
  t.equal(await statusOf(payment), 'succeeded')

  await admin.page.goto('/settings/support-access')
  await admin.page.getByText('falta un pago de esta mañana').waitFor()
  await admin.page.goto('/settings/audit?action=support_access.opened')
  await admin.page.getByText('support_access.opened').first().waitFor()
  await press(page, /^Terminar y salir$/)
  await heading(page, 'Soporte')
  t.equal(await page.locator('[data-support]').count(), 0)
  const [access] = (await app.must('GET', '/v1/support_access', { key })).data
  t.equal(access.status, 'ended')
  t.same([complaints, admin.complaints], [[], []])
})

t.test('who of support only looks has no button that changes anything, and sees nothing once it is over', async t => {
  const { page } = await seat(t, { at: '/tenants', email: support })
  await page.getByRole('row').filter({ hasText: 'Hotel Azul' }).getByRole('button', { name: 'Entrar' }).click()
  await page.getByRole('dialog').locator('[name=reason]').fill('una pregunta')
  await say(page, /^Entrar$/)
  await page.locator('[data-support=look]').waitFor()
  await open(page, `/webhooks/events/${made.event}`)
  await page.getByText('Qué se sabe de él').waitFor()
  t.equal(await page.getByRole('button', { name: /Procesar|Recuperar/ }).count(), 0)
  await open(page, '/webhooks/events')
  await page.locator('a.row-target').first().waitFor()
  t.equal(await page.getByRole('button', { name: /^Repetir/ }).count(), 0)
  // The administrator ends it: with the next request all that stood there goes.
  const { data: [access] } = await app.must('GET', '/v1/support_access', { key: tenant.testKey })
  await app.must('POST', `/v1/support_access/${access.id}/end`, { key: tenant.testKey })
  await open(page, '/webhooks')
  await page.getByText('El acceso terminó').waitFor()
  await heading(page, 'Soporte')
  t.notMatch(await page.locator('body').innerText(), /Hotel Azul/)
})

t.test('an endpoint: its secret is shown once, a test arrives, the log says what was answered', async t => {
  const { page, complaints } = await seat(t, { at: '/deliveries/endpoints/new' })
  await heading(page, 'Nuevo destino de eventos')
  await accessible(t, page, 'a new endpoint')
  hooks.answer('/events', 500)
  await page.locator('[name=url]').fill(`${hooks.url}/events`)
  await press(page, /^Crear destino$/)
  const secret = await page.locator('[data-once] code').innerText()
  t.match(secret, /^whsec_/)
  await page.getByRole('link', { name: 'Ir al destino' }).click()
  await heading(page, `${hooks.url}/events`)
  made.endpoint = /whe_\w+/.exec(page.url())![0]
  await press(page, /^Mandar una prueba$/)
  await say(page, /^Mandar una prueba$/)
  await page.getByText('Contestó 500').first().waitFor()
  made.delivery = /dlv_\w+/.exec(page.url())![0]
  hooks.answer('/events', 204)
  await accessible(t, page, 'a delivery')
  await page.goto(`/deliveries/endpoints/${made.endpoint}`)
  await page.getByText('Tiempo de respuesta').waitFor()
  t.notOk((await page.content()).includes(secret), 'not a second time')
  await press(page, /^Apagar$/)
  await say(page, /^Apagar$/)
  await page.getByText('Alguien lo apagó.').waitFor()
  await press(page, /^Encender$/)
  await say(page, /^Encender$/)
  await page.getByText('Alguien lo apagó.').waitFor({ state: 'detached' })
  t.same(complaints, [])
})

t.test('an API key is shown once, works, and is revoked', async t => {
  const { page, complaints } = await seat(t, { at: '/settings/api-keys/new' })
  await page.locator('[name=label]').fill('Tienda')
  await page.getByLabel('Elegir los permisos').check()
  await page.getByLabel('payments:read').check()
  await accessible(t, page, 'a new key')
  await press(page, /^Crear clave$/)
  const key = await page.locator('[data-once] code').innerText()
  t.match(key, /^pas_test_/)
  await accessible(t, page, 'a key, once')
  t.equal((await app.ask('GET', '/v1/payments', { key })).status, 200)
  t.equal((await app.ask('GET', '/v1/connections', { key })).status, 403, 'it may do what was chosen')
  await page.getByRole('link', { name: 'Ya la copié' }).click()
  await page.getByRole('row').filter({ hasText: 'Tienda' }).waitFor()
  t.notOk((await page.content()).includes(key))
  await page.goBack()
  await page.locator('[name=label]').waitFor()
  t.notOk((await page.content()).includes(key), 'not by going back either')
  t.notOk((await page.evaluate(() => JSON.stringify([window.localStorage, window.sessionStorage]))).includes(key), 'and kept nowhere')
  await page.goto('/settings/api-keys')
  await page.getByRole('row').filter({ hasText: 'Tienda' }).getByRole('button', { name: 'Revocar' }).click()
  await say(page, /^Revocar$/)
  await page.getByText('Clave revocada').waitFor()
  t.equal((await app.ask('GET', '/v1/payments', { key })).status, 401)
  t.same(complaints, [])
})

t.test('a routing rule is written, and the server explains where a payment would go', async t => {
  const { page, complaints } = await seat(t, { at: '/settings/routing' })
  await heading(page, 'Reglas de ruteo')
  await press(page, /^Explicar$/)
  await page.getByText('porque ninguna regla lo decide').waitFor()
  await press(page, /^Agregar regla$/)
  const rule = page.locator('[data-rule="0"]')
  await rule.getByLabel('Nombre').fill('Dólares')
  await rule.getByLabel('Moneda').fill('usd')
  await press(page, /^Guardar las reglas$/)
  await page.getByText('Reglas guardadas', { exact: true }).waitFor()
  t.match(await app.must('GET', '/v1/routing', { key: tenant.testKey }), { version: 1, rules: [{ name: 'Dólares', match: { currency: ['USD'] }, connections: [tenant.connection] }] })
  await press(page, /^Explicar$/)
  await page.locator('[data-outcome=not_matched]').waitFor()
  t.match(await page.locator('[data-outcome=not_matched]').innerText(), /Dólares[\s\S]*No encaja por Moneda/, 'why a rule does not fit')
  await page.getByRole('combobox', { name: 'Moneda' }).last().fill('USD')
  await page.getByRole('option', { name: 'USD' }).click()
  await press(page, /^Explicar$/)
  await page.locator('[data-outcome=chosen]').waitFor()
  t.match(await page.locator(`[data-decision=${tenant.connection}]`).innerText(), /por la regla «Dólares»/)
  await accessible(t, page, 'the routing rules')
  await press(page, /^Quitar: Dólares$/)
  await press(page, /^Guardar las reglas$/)
  await eventually('the rule is gone', async () => (await app.must('GET', '/v1/routing', { key: tenant.testKey })).rules.length === 0)
  t.same(complaints, [])
})

t.test('an exception of the reconciliation is resolved with its reason', async t => {
  const key = tenant.testKey
  await app.must('POST', `/v1/connections/${tenant.connection}/read_transactions`, { key })
  // The provider's books say that more was taken than was asked.
  await app.database.owner.updateTable('balance_transactions').set({ amount: sql<never>`amount + 100` }).where('tenant_id', '=', tenant.uuid).execute()
  const { page, complaints } = await seat(t, { at: '/reconciliation' })
  await press(page, /^Conciliar ahora$/)
  await say(page, /^Conciliar ahora$/)
  await page.getByText('Se está conciliando').waitFor()
  await app.quiet()
  await page.goto('/reconciliation?status=exception')
  await page.locator('a.row-target').first().waitFor()
  await page.locator('a.row-target').first().click()
  await heading(page, 'Proveedor: De más')
  made.item = /rci_\w+/.exec(page.url())![0]
  await press(page, /^Resolver$/)
  t.ok(await page.getByRole('dialog').getByRole('button', { name: 'Resolver' }).isDisabled(), 'not without a reason')
  await page.locator('[name=reason]').fill('Propina que se cobró en la terminal')
  await say(page, /^Resolver$/)
  await page.locator('[data-reason]').waitFor()
  t.equal(await page.locator('[data-reason]').innerText(), 'Propina que se cobró en la terminal')
  t.equal(await page.getByRole('button', { name: 'Resolver' }).count(), 0)
  t.match(await app.must('GET', `/v1/reports/reconciliation/${made.item}`, { key }), { resolution: { action: 'accepted', reason: 'Propina que se cobró en la terminal' } })
  t.same(complaints, [])
})

t.test('people, figures, alerts and files', async t => {
  const key = tenant.testKey
  const { page, complaints } = await seat(t, { at: '/settings/users' })
  await press(page, /^Invitar a alguien$/)
  await page.getByRole('dialog').locator('[name=email]').fill('luis@azul.example')
  await say(page, /^Invitar$/)
  t.match(await page.locator('[data-once] code').innerText(), /\/invitations#/, 'without a mail server the link is shown')
  await page.locator('[data-invitation="luis@azul.example"]').waitFor()

  await foldFigures(app.hub, new AbortController().signal)
  await page.goto('/dashboard')
  await page.getByRole('img', { name: /^Cobrado en MXN/ }).waitFor()
  t.match(await page.locator('main').innerText(), /Cobros que salen bien[\s\S]*\d+ ?%[\s\S]*p95/)

  await inTenant(app.hub.db, tenant.uuid, async db => { await raiseAlert(db, app.hub.now(), { kind: 'webhooks_missed', severity: 'warning', mode: 'test', subjectId: tenant.connection, detail: { missed: 1, repaired: 1 } }) })
  const { data: alerts } = await app.must('GET', '/v1/alerts?status=open&kind=webhooks_missed', { key, headers: { 'accept-language': 'es' } })
  made.alert = alerts[0].id
  await page.goto(`/alerts/${made.alert}`)
  await page.getByText(alerts[0].message).first().waitFor()
  await press(page, /^La he visto$/)
  await say(page, /^La he visto$/)
  await page.getByText('Queda como vista').waitFor()
  t.match(await app.must('GET', `/v1/alerts/${made.alert}`, { key }), { status: 'acknowledged' })
  await page.goto('/alerts/thresholds')
  await page.locator('[data-rule=payments_failing]').getByLabel('Porcentaje').fill('7')
  await press(page, /^Guardar$/)
  await page.getByText('Umbrales guardados').waitFor()
  t.match(await app.must('GET', '/v1/alert_settings', { key }), { rules: { payments_failing: { percent: 7 } } })

  await page.goto('/reports/transactions?type=payment')
  await page.locator('a.row-target').first().waitFor()
  const [file] = await Promise.all([page.waitForEvent('download'), press(page, /^CSV$/)])
  const lines = readFileSync(await file.path(), 'utf8').trim().split('\r\n')
  t.equal(lines.length, 1 + (await app.must('GET', '/v1/reports/transactions?type=payment&limit=100', { key })).data.length, 'the file has what the filters leave')
  t.same(complaints, [])
})

t.test('the console changes while one looks at it', async t => {
  const { page } = await seat(t, { at: '/alerts' })
  await page.getByText('En vivo').waitFor()
  const before = (await app.must('GET', '/v1/alerts?limit=100', { key: tenant.testKey })).data.length
  await page.goto('/dashboard')
  await page.getByText('En vivo').waitFor()
  const asked = page.waitForRequest(request => request.url().includes('/v1/dashboard'))
  await app.must('POST', '/v1/payments', { key: tenant.testKey, body: order })
  await asked
  t.ok(before > 0)
})

t.test('every page is for everybody: in both languages, light and dark, on a phone', async t => {
  const pages = ['/dashboard', '/alerts', `/alerts/${made.alert}`, '/alerts/thresholds', '/webhooks', '/webhooks/events', `/webhooks/events/${made.event}`, '/deliveries', '/deliveries/endpoints', `/deliveries/endpoints/${made.endpoint}`,
    '/reports/transactions', '/reports/invoices', '/reports/fees', '/reconciliation', `/reconciliation/${made.item}`, '/reconciliation/rules',
    '/settings', '/settings/users', '/settings/api-keys', '/settings/routing', '/settings/series', '/settings/bank-accounts', '/settings/notices', '/settings/branding', '/settings/audit', '/settings/support-access']
  // What the dark look could do wrong are its colours: one page of each kind tells.
  const dark = ['/dashboard', '/alerts', `/alerts/${made.alert}`, '/webhooks', '/webhooks/events', `/webhooks/events/${made.refused}`, `/deliveries/endpoints/${made.endpoint}`, '/reports/transactions', '/reconciliation', `/reconciliation/${made.item}`, '/settings', '/settings/notices', '/settings/routing']
  for (const look of [{ language: 'en-GB', dark: true, at: dark }, { language: 'es-MX', phone: true, at: pages }]) {
    const { page, complaints } = await seat(t, { ...look, at: '/' })
    for (const path of look.at) {
      await open(page, path)
      await accessible(t, page, `${look.language}: ${path}`)
      await spoken(t, page, path)
      if (look.phone === true) await fits(t, page, path)
    }
    t.same(complaints, [])
  }
})

t.test('a viewer has no more than a viewer may; a second tenant sees nothing', async t => {
  const viewer = (await seat(t, { at: '/settings', email: 'viewer@azul.example' })).page
  await heading(viewer, 'Ajustes')
  t.notMatch(await viewer.locator('main').innerText(), /Personas|Claves de API|Registro de cambios|Destinos/)
  for (const path of ['/settings/users', '/settings/api-keys', '/settings/audit', '/deliveries']) {
    await open(viewer, path)
    await viewer.getByText('Pida a un administrador').waitFor()
  }
  await open(viewer, `/reconciliation/${made.item}`)
  await heading(viewer, 'Proveedor: De más')
  await open(viewer, `/webhooks/events/${made.refused}`)
  await viewer.getByText('Por qué se rechazó').waitFor()
  t.equal(await viewer.getByRole('button', { name: /Recuperar|Procesar/ }).count(), 0)
  await open(viewer, '/support')
  await viewer.getByText('Esta página no existe').first().waitFor()

  const other = (await seat(t, { at: '/webhooks', email: 'admin@otra.example' })).page
  await other.getByText('Aún no hay conexiones.').waitFor()
  for (const path of [`/webhooks/events/${made.refused}`, `/deliveries/endpoints/${made.endpoint}`, `/deliveries/${made.delivery}`, `/alerts/${made.alert}`, `/reconciliation/${made.item}`]) {
    await open(other, path)
    await other.getByRole('alert').first().waitFor()
    t.notMatch(await other.locator('main').innerText(), /Hotel|Propina|127\.0\.0\.1|no signature/, `${path} says nothing`)
  }
  for (const path of ['/webhooks/events', '/deliveries', '/alerts', '/reconciliation', '/reports/transactions', '/settings/audit', '/settings/support-access', '/settings/routing']) {
    await open(other, path)
    await other.waitForFunction(() => document.querySelector('main [aria-busy=true]') === null)
    t.notMatch(await other.locator('main').innerText(), /Hotel|Dólares|Sofia|127\.0\.0\.1/, `${path} has only theirs`)
  }
})
