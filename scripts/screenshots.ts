/**
 * `npm run screenshots [NAME…]`: every page of the console and the public ones against a demo server of its own, in Spanish and
 * English, light and dark, wide and on a phone, into screenshots/. With PASARELA_SHOTS_SERVER=FOLDER the server whose first-run.json
 * is there is used; PASARELA_SHOTS_LOOKS=es-light,… takes some looks only; with PASARELA_SHOTS_CHECK=true each page is looked at by axe,
 * and what jumps while it loads over a slow line is told (CLS). A page of routes.tsx that no shot shows makes it fail.
 */
import { mkdirSync, readFileSync } from 'node:fs'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import path from 'node:path'
import type { Page } from 'playwright-core'
import type { FirstRun } from '../core/demo/first-run.ts'
import { launchBrowser } from '../test/support/browser.ts'
import { axeFindings } from '../test/support/console.ts'
import { eventually } from '../test/support/eventually.ts'
import { temporaryFolder } from '../test/support/folder.ts'
import { startServer } from '../test/support/server-process.ts'

const out = path.join(import.meta.dirname, '../screenshots')
const endings: (() => Promise<void>)[] = []
const t = { teardown: (work: () => Promise<void>) => endings.unshift(work) }

type Who = 'nobody' | 'tenant' | 'platform' | 'support'
interface Shot {
  name: string
  who: Who
  /** Undefined where the demo has no such thing: then nothing is shot, and it is said. */
  path: string | undefined
  then?: (page: Page) => Promise<void>
}

const checks = process.env.PASARELA_SHOTS_CHECK === 'true'
const supporter = { email: 'soporte@pasarela.local', password: 'a password of support' }

const looks = [
  { name: 'es-light', locale: 'es-MX', colorScheme: 'light', width: 1280, height: 800 },
  { name: 'en-dark', locale: 'en-US', colorScheme: 'dark', width: 1280, height: 800 },
  { name: 'es-phone', locale: 'es-MX', colorScheme: 'light', width: 390, height: 844 },
  { name: 'en-phone-dark', locale: 'en-US', colorScheme: 'dark', width: 390, height: 844 }
] as const

try {
  const wanted = process.argv.slice(2)
  const made = await server()
  const all = shotsOf(made, await things(made))
  const unseen = routes().filter(route => !all.some(({ path }) => path !== undefined && routeOf(path) === route))
  if (unseen.length > 0) {
    console.error(`No shot shows ${unseen.join(', ')}: add one to scripts/screenshots.ts, or what it shows to core/demo/shop.ts.`)
    process.exitCode = 1
  }
  // A word that is a whole name means that one; any other means all that have it in theirs.
  const shots = all.filter(({ name }) => wanted.length === 0 || wanted.some(part => all.some(shot => shot.name === part) ? name === part : name.includes(part)))
  mkdirSync(out, { recursive: true })
  const browser = await launchBrowser(t)
  const chosen = process.env.PASARELA_SHOTS_LOOKS?.split(',')
  for (const { name: look, locale, colorScheme, width, height } of looks) {
    if (chosen !== undefined && !chosen.includes(look)) continue
    for (const who of ['nobody', 'tenant', 'platform', 'support'] as const) {
      const own = shots.filter(shot => shot.who === who)
      if (own.length === 0) continue
      const context = await browser.newContext({ baseURL: made.url, locale, colorScheme, viewport: { width, height }, isMobile: width < 600, hasTouch: width < 600, deviceScaleFactor: width < 600 ? 2 : 1 })
      const page = await context.newPage()
      page.setDefaultTimeout(20_000)
      if (checks) await watch(page)
      if (who === 'tenant') await signIn(page, made.user!, made.password!)
      if (who === 'platform') await signIn(page, made.platform_user!, made.platform_password!)
      if (who === 'support') await signIn(page, supporter.email, supporter.password)
      for (const shot of own) {
        if (shot.path === undefined) {
          console.error(`${shot.name}: the demo has nothing to show there`)
          process.exitCode = 1
          continue
        }
        try {
          await page.goto(shot.path)
          await page.locator('h1').first().waitFor()
          await settled(page)
          const jumped = checks ? await page.evaluate(() => (window as unknown as { jumps: { by: number, what: string[] }[] }).jumps) : []
          await shot.then?.(page)
          await settled(page)
          if (checks) await check(page, `${shot.name}.${look}`, jumped)
          // As high as it is: what is fixed to the window stands where it belongs.
          await page.setViewportSize({ width, height: Math.max(height, await page.evaluate(() => document.documentElement.scrollHeight)) })
          await page.screenshot({ path: path.join(out, `${shot.name}.${look}.png`), fullPage: true })
          await page.setViewportSize({ width, height })
          console.log(`${shot.name}.${look}.png`)
        } catch (error) {
          console.error(`${shot.name}.${look}: ${(error as Error).message.split('\n')[0]}`)
          process.exitCode = 1
        }
      }
      await context.close()
    }
  }
} finally {
  for (const end of endings) await end()
}

/** Notes what moves on a page that nobody touched, and lets it come over a line of a bad phone. */
async function watch (page: Page): Promise<void> {
  await page.addInitScript(() => {
    const jumps: { by: number, what: string[] }[] = []
    Object.assign(window, { jumps })
    new PerformanceObserver(list => {
      for (const entry of list.getEntries() as unknown as { value: number, hadRecentInput: boolean, sources: { node: Element | null }[] }[]) {
        if (!entry.hadRecentInput) jumps.push({ by: entry.value, what: entry.sources.map(({ node }) => node === null ? '' : `${node.nodeName} ${(node.textContent ?? '').slice(0, 40)}`) })
      }
    }).observe({ type: 'layout-shift', buffered: true })
  })
  const devtools = await page.context().newCDPSession(page)
  await devtools.send('Network.enable')
  await devtools.send('Network.emulateNetworkConditions', { offline: false, latency: 150, downloadThroughput: 200_000, uploadThroughput: 90_000 })
}

async function check (page: Page, name: string, jumped: { by: number, what: string[] }[]): Promise<void> {
  const cls = jumped.reduce((sum, { by }) => sum + by, 0)
  if (cls >= 0.02) console.log(`${name}: CLS ${cls.toFixed(3)} ${JSON.stringify(jumped.toSorted((one, other) => other.by - one.by).slice(0, 2))}`)
  for (const { impact, said } of await axeFindings(page)) if (['critical', 'serious', 'moderate'].includes(impact)) console.log(`${name}: ${impact} ${said.replaceAll(/\s+/g, ' ')}`)
  if (await page.evaluate(() => document.documentElement.scrollWidth > window.innerWidth)) console.log(`${name}: hangs out at the side`)
}

/** Everything that was asked for is there. A live stream of events never ends, so the network is never idle. */
async function settled (page: Page): Promise<void> {
  await page.waitForLoadState('domcontentloaded')
  await page.waitForFunction(() => document.querySelector('[aria-busy=true], .mantine-Loader-root') === null, undefined, { timeout: 10_000 }).catch(() => {})
  await page.waitForTimeout(250) // pictures of moving things say little
}

/** The paths of routes.tsx, as they stand there. */
function routes (): string[] {
  const source = readFileSync(path.join(import.meta.dirname, '../tenants-ui/src/routes.tsx'), 'utf8')
  const found = [...source.matchAll(/\{ path: '([^']+)', page: page\(/g)].map(([, route]) => route!)
  if (found.length === 0) throw new Error('routes.tsx is written otherwise by now: no path of it was found')
  return found
}

/** As the console chooses: the first that fits. */
function routeOf (at: string): string | undefined {
  const bare = at.replace(/[?#].*$/, '')
  return routes().find(route => new RegExp(`^${route.replace(/:\w+/g, '[^/]+')}$`).test(bare))
}

/** Each page, and what must be done on it to see what it is for. */
function shotsOf ({ connections = {}, tenant_id: shop }: FirstRun, of: Things): Shot[] {
  const goOn = async (page: Page): Promise<void> => { await page.getByRole('button', { name: /^(Probar y seguir|Test and go on)$/ }).click() }
  const tenant = (name: string, path: string | undefined, then?: Shot['then']): Shot => ({ name, who: 'tenant', path, ...(then !== undefined && { then }) })
  const one = (area: string, id: string | undefined, rest = ''): string | undefined => id === undefined ? undefined : `/${area}/${id}${rest}`
  const wizard = (provider: string): Shot => tenant(`wizard-form-${provider}`, `/connections/new?provider=${provider}`)
  const press = (name: RegExp) => async (page: Page): Promise<void> => {
    const button = page.getByRole('button', { name })
    if (await button.count() > 0) await button.first().click()
  }
  return [
    { name: 'login', who: 'nobody', path: '/' },
    { name: 'login-refused', who: 'nobody', path: '/', then: async page => { await fill(page, { email: 'ana@example.com', password: 'not this one' }); await page.locator('button[type=submit]').click(); await page.getByRole('alert').waitFor() } },
    { name: 'invitation', who: 'nobody', path: of.invitation },
    { name: 'invitation-none', who: 'nobody', path: '/invitations' },
    { name: 'thanks', who: 'nobody', path: '/thanks' },
    { name: 'public-self-invoice', who: 'nobody', path: of.selfInvoice },
    { name: 'public-pay-link', who: 'nobody', path: of.payPage },
    tenant('home', '/'),
    tenant('dashboard', '/dashboard'),
    tenant('connections', '/connections'),
    tenant('connections-empty', '/connections?health=reconnect'),
    tenant('connection', one('connections', connections.stripe)),
    tenant('connection-pac', one('connections', connections.finkok)),
    tenant('connection-credentials', one('connections', connections.stripe, '/credentials')),
    tenant('wizard-choose', '/connections/new'),
    ...['conekta', 'payu', 'wompi', 'mercadopago', 'bank_transfer', 'finkok', 'sri', 'verifactu'].map(wizard),
    tenant('wizard-refused', '/connections/new?provider=stripe', async page => { await fill(page, { publishable_key: 'pk_test_wrong000000000000', secret_key: 'sk_test_wrong000000000000' }); await goOn(page); await page.locator('[data-stage=credentials]').waitFor() }),
    tenant('wizard-setup', one('connections', connections.stripe, '/setup')),
    tenant('wizard-setup-pac', one('connections', connections.finkok, '/setup')),
    tenant('certificates', '/certificates'),
    tenant('certificate-new', '/certificates/new'),
    tenant('certificate', one('certificates', of.certificate)),
    tenant('alerts', '/alerts'),
    tenant('alert', one('alerts', of.alert)),
    tenant('alert-thresholds', '/alerts/thresholds'),
    tenant('webhooks', '/webhooks'),
    tenant('webhook-events', '/webhooks/events'),
    tenant('webhook-events-refused', '/webhooks/events?verdict=refused'),
    tenant('webhook-event', one('webhooks/events', of.event)),
    tenant('webhook-event-refused', one('webhooks/events', of.refusedEvent)),
    tenant('deliveries', '/deliveries'),
    tenant('delivery', one('deliveries', of.delivery)),
    tenant('endpoints', '/deliveries/endpoints'),
    tenant('endpoint-new', '/deliveries/endpoints/new'),
    tenant('endpoint', one('deliveries/endpoints', of.endpoint)),
    tenant('reports', '/reports'),
    tenant('report-transactions', '/reports/transactions'),
    tenant('report-invoices', '/reports/invoices'),
    tenant('report-fees', '/reports/fees'),
    tenant('reconciliation', '/reconciliation'),
    tenant('reconciliation-rules', '/reconciliation/rules'),
    tenant('reconciliation-item', one('reconciliation', of.reconciliation)),
    tenant('settings', '/settings'),
    tenant('settings-users', '/settings/users'),
    tenant('settings-keys', '/settings/api-keys'),
    tenant('settings-key-new', '/settings/api-keys/new'),
    tenant('settings-series', '/settings/series'),
    tenant('settings-banks', '/settings/bank-accounts'),
    tenant('settings-notices', '/settings/notices'),
    tenant('settings-branding', '/settings/branding'),
    tenant('settings-audit', '/settings/audit'),
    tenant('settings-support-access', '/settings/support-access'),
    tenant('settings-routing', '/settings/routing', async page => { await page.getByRole('button', { name: /^(Agregar regla|Add a rule)$/ }).click(); await page.getByRole('button', { name: /^(Explicar|Explain)$/ }).click(); await page.locator('[data-decision]').waitFor() }),
    ...['payments', 'payments/new', 'payments/links', 'sales', 'sales/new', 'sales/global', 'customers', 'customers/new', 'subscriptions', 'subscriptions/new', 'plans', 'invoices', 'invoices/new'].map(page => tenant(page.replace('/', '-'), `/${page}`)),
    tenant('payments-none', '/payments?reference=nobody'),
    tenant('payment', one('payments', of.payment)),
    tenant('payment-refund', one('payments', of.payment), press(/^(Devolver|Refund)/)),
    tenant('payment-declined', one('payments', of.declined)),
    tenant('payment-authorized', one('payments', of.authorized)),
    tenant('payment-card', one('payments', of.declined, '/card')),
    tenant('payment-link', one('payments/links', of.link)),
    tenant('payment-session', one('payments/sessions', of.session)),
    tenant('sale', one('sales', of.sale)),
    tenant('customer', one('customers', of.customer)),
    tenant('customer-edit', one('customers', of.customer, '/edit')),
    tenant('subscription', one('subscriptions', of.subscription)),
    tenant('invoice', one('invoices', of.invoice)),
    tenant('invoice-draft', one('invoices', of.draft)),
    tenant('invoice-edit', one('invoices', of.draft, '/edit')),
    tenant('invoices-broken', '/invoices/new', async page => { const issue = page.getByRole('button', { name: /^(Emitir factura|Issue invoice)$/ }); if (await issue.count() > 0) { await page.locator('[data-judged=bad]').waitFor(); await issue.click() } }),
    tenant('account', '/account'),
    tenant('not-found', '/nothing/here'),
    { name: 'platform-home', who: 'platform', path: '/' },
    { name: 'tenants', who: 'platform', path: '/tenants' },
    { name: 'tenant-new', who: 'platform', path: '/tenants/new' },
    { name: 'support', who: 'platform', path: '/support' },
    { name: 'support-tenant', who: 'support', path: `/support/tenants/${shop}` },
    {
      name: 'support-inside',
      who: 'support',
      path: '/support',
      then: async page => {
        await page.getByRole('button', { name: /^(Entrar|Enter)/ }).last().click()
        const question = page.getByRole('dialog')
        await question.locator('[name=reason]').fill('Un webhook rechazado, folio 4711')
        await question.getByRole('button', { name: /^(Entrar|Enter)/ }).click()
        await page.locator('[data-support]').waitFor()
      }
    }
  ]
}

async function fill (page: Page, values: Record<string, string>): Promise<void> {
  for (const [name, value] of Object.entries(values)) await page.locator(`[name=${name}]`).fill(value)
}

async function signIn (page: Page, email: string, password: string): Promise<void> {
  await page.goto('/')
  await fill(page, { email, password })
  await page.locator('button[type=submit]').click()
  await page.locator('nav').first().waitFor({ state: 'attached' })
}

type Row = Record<string, any>
interface Things { payment?: string, declined?: string, authorized?: string, link?: string, session?: string, sale?: string, customer?: string, subscription?: string, invoice?: string, draft?: string, certificate?: string, alert?: string, event?: string, refusedEvent?: string, delivery?: string, endpoint?: string, reconciliation?: string, invitation?: string, selfInvoice?: string, payPage?: string }

/** Which of the demo's things the pages of one thing show; what the demo tenant has not got by itself is made. */
async function things ({ url, api_key_test: key, platform_key: platformKey, tenant_id: tenant }: FirstRun): Promise<Things> {
  const call = async (method: string, at: string, body?: object, platform = false, within = platform ? undefined : tenant): Promise<Row | undefined> => {
    const answer = await fetch(url + at, { method, headers: { authorization: `Bearer ${platform ? platformKey : key}`, ...(platform && within !== undefined && { 'pasarela-tenant': within }), ...(body !== undefined && { 'content-type': 'application/json', 'idempotency-key': crypto.randomUUID() }) }, ...(body !== undefined && { body: JSON.stringify(body) }) })
    if (answer.ok) return answer.status === 204 ? {} : await answer.json() as Row
    console.error(`${method} ${at} answered ${answer.status}: ${(await answer.text()).slice(0, 300)}`)
    return undefined
  }
  const list = async (at: string): Promise<Row[]> => (await call('GET', at))?.data ?? []

  await call('POST', '/v1/users', { ...supporter, name: 'Sara Soto', role: 'support' }, true)
  const invited = await call('POST', '/v1/invitations', { email: 'nora@example.com', role: 'tenant_member', name: 'Nora' }, true, tenant)
  const receiver = createServer((_, response) => response.end('ok')).listen(0, '127.0.0.1')
  t.teardown(async () => { receiver.close() })
  const endpoint = (await list('/v1/webhook_endpoints')).find(({ url }) => url.startsWith('http://127')) ?? await call('POST', '/v1/webhook_endpoints', { url: `http://127.0.0.1:${(receiver.address() as AddressInfo).port}/hooks`, label: 'Contabilidad', event_types: ['*'] })
  if (endpoint !== undefined) await call('POST', `/v1/webhook_endpoints/${endpoint.id}/test`, {})
  await call('POST', '/v1/reports/reconciliation/run', {})
  const bank = (await list('/v1/connections?provider=bank_transfer'))[0] ?? await call('POST', '/v1/connections', { provider: 'bank_transfer', mode: 'test', credentials: {} })
  // Its page of a link is ours: the provider has none.
  const landing = bank === undefined ? undefined : await call('POST', '/v1/payment_links', { amount: 116000, currency: 'MXN', connection: bank.id, description: 'Hospedaje, dos noches' })
  await eventually('the invoices are stamped', async () => (await list('/v1/invoices?status=queued')).length === 0 && (await list('/v1/invoices?status=issued')).length > 0, { withinMs: 60_000, everyMs: 500 }).catch(() => {})

  const sold = await call('POST', '/v1/sales', { amount: 58000, description: 'Cena para dos', customer: { email: 'ana.perez@example.com' } })
  const confirmed = sold === undefined ? undefined : await call('POST', `/v1/sales/${sold.id}/confirm_payment`, { payment_received: true, payment_method: '01', requires_invoice: true, confirmed_by: 'caja-1' })
  // A name that the authority has otherwise: refused, and somebody is told.
  const misnamed = await call('POST', '/v1/sales', { amount: 9900, description: 'Café', tenders: [{ form: '01' }], requires_invoice: true })
  if (misnamed !== undefined) await call('POST', `/v1/sales/${misnamed.id}/invoice`, { customer: { name: 'INNOVACION', tax_id: 'IVD920810GU2', address: { postal_code: '63901' }, mx: { regime: '601', cfdi_use: 'G03' } } })
  await eventually('somebody is told', async () => (await list('/v1/alerts')).length > 0, { everyMs: 500 }).catch(() => {})
  const payments = await list('/v1/payments?limit=100')
  const sales = await list('/v1/sales?limit=100')
  const invoices = await list('/v1/invoices?limit=100')
  const pathOf = (address: string | undefined): string | undefined => address === undefined ? undefined : address.replace(/^https?:\/\/[^/]+/, '')
  const found: Record<keyof Things, Row | string | undefined> = {
    payment: payments.find(({ status, amount_refunded: back }) => status === 'succeeded' && back > 0) ?? payments.find(({ status }) => status === 'succeeded'),
    declined: payments.find(({ status }) => status === 'requires_payment_method'),
    authorized: payments.find(({ status }) => status === 'authorized'),
    link: (await list('/v1/payment_links'))[0],
    session: (await list('/v1/checkout_sessions'))[0],
    sale: sales.find(({ status }) => status === 'paid_invoice_pending') ?? sales[0],
    customer: (await list('/v1/customers?limit=100')).find(({ email }) => email === 'ana.perez@example.com'),
    subscription: (await list('/v1/subscriptions'))[0],
    invoice: invoices.find(({ status }) => status === 'issued'),
    draft: invoices.find(({ status }) => status === 'draft'),
    certificate: (await list('/v1/certificates'))[0],
    alert: (await list('/v1/alerts'))[0],
    event: (await list('/v1/inbound_events?verdict=verified'))[0],
    refusedEvent: (await list('/v1/inbound_events?verdict=refused'))[0],
    delivery: (await list('/v1/deliveries'))[0],
    endpoint: (await list('/v1/webhook_endpoints')).at(-1),
    reconciliation: (await list('/v1/reports/reconciliation'))[0],
    invitation: pathOf(invited?.url),
    selfInvoice: pathOf(confirmed?.self_invoice?.url),
    payPage: pathOf(landing?.url)
  }
  const ids = Object.fromEntries(Object.entries(found).flatMap(([name, thing]) => thing === undefined ? [] : [[name, typeof thing === 'string' ? thing : thing.id]])) as Things
  for (const name of Object.keys(found)) if (!(name in ids)) console.error(`the demo has no ${name}`)
  return ids
}

async function server (): Promise<FirstRun> {
  const folder = process.env.PASARELA_SHOTS_SERVER ?? await started()
  return await eventually('the demo’s shop is furnished', async () => {
    const made = JSON.parse(readFileSync(path.join(folder, 'first-run.json'), 'utf8')) as FirstRun
    return made.furnished_at === undefined ? undefined : made
  }, { withinMs: 90_000, everyMs: 200 })
}

async function started (): Promise<string> {
  const folder = temporaryFolder(t)
  const server = startServer(t, { PORT: '0', PASARELA_DATA_DIR: folder, PASARELA_DEMO: 'true', PASARELA_DEMO_SHOP: 'true', PASARELA_CONSOLE: 'true', WEBHOOK_PRIVATE_ADDRESSES: 'true', LOG_LEVEL: 'warn' })
  t.teardown(async () => {
    server.kill('SIGTERM') // the bundled database ends with it
    await server.ended
  })
  await server.up
  return folder
}
