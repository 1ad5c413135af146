/**
 * `npm run screenshots [NAME…]`: every page of the console against a demo server of its own, in Spanish and English, light and dark,
 * wide and on a phone, into screenshots/. With PASARELA_SHOTS_SERVER=FOLDER the server whose first-run.json is there is used.
 */
import { mkdirSync, readFileSync } from 'node:fs'
import path from 'node:path'
import type { Page } from 'playwright-core'
import { launchBrowser } from '../test/support/browser.ts'
import { temporaryFolder } from '../test/support/folder.ts'
import { startServer } from '../test/support/server-process.ts'

const out = path.join(import.meta.dirname, '../screenshots')
const endings: (() => Promise<void>)[] = []
const t = { teardown: (work: () => Promise<void>) => endings.unshift(work) }

interface FirstRun { url: string, user: string, password: string, platform_user: string, platform_password: string, connections: Record<string, string>, simulated: Record<string, Record<string, string>> }
type Who = 'nobody' | 'tenant' | 'platform'
interface Shot { name: string, who: Who, path: string, then?: (page: Page) => Promise<void> }

const looks = [
  { name: 'es-light', locale: 'es-MX', colorScheme: 'light', width: 1280, height: 800 },
  { name: 'en-dark', locale: 'en-US', colorScheme: 'dark', width: 1280, height: 800 },
  { name: 'es-phone', locale: 'es-MX', colorScheme: 'light', width: 390, height: 844 },
  { name: 'en-phone-dark', locale: 'en-US', colorScheme: 'dark', width: 390, height: 844 }
] as const

try {
  const wanted = process.argv.slice(2)
  const made = await server()
  const shots = shotsOf(made).filter(({ name }) => wanted.length === 0 || wanted.some(part => name.includes(part)))
  mkdirSync(out, { recursive: true })
  const browser = await launchBrowser(t)
  for (const { name: look, locale, colorScheme, width, height } of looks) {
    for (const who of ['nobody', 'tenant', 'platform'] as const) {
      const own = shots.filter(shot => shot.who === who)
      if (own.length === 0) continue
      const context = await browser.newContext({ baseURL: made.url, locale, colorScheme, viewport: { width, height }, isMobile: width < 600, hasTouch: width < 600, deviceScaleFactor: width < 600 ? 2 : 1 })
      const page = await context.newPage()
      if (who !== 'nobody') await signIn(page, who === 'tenant' ? [made.user, made.password] : [made.platform_user, made.platform_password])
      for (const shot of own) {
        await page.goto(shot.path)
        await page.locator('h1').first().waitFor()
        await page.waitForLoadState('networkidle')
        await shot.then?.(page)
        await page.waitForLoadState('networkidle')
        // As high as it is: what is fixed to the window stands where it belongs.
        await page.setViewportSize({ width, height: Math.max(height, await page.evaluate(() => document.documentElement.scrollHeight)) })
        await page.screenshot({ path: path.join(out, `${shot.name}.${look}.png`), fullPage: true })
        await page.setViewportSize({ width, height })
        console.log(`${shot.name}.${look}.png`)
      }
      await context.close()
    }
  }
} finally {
  for (const end of endings) await end()
}

/** Each page, and what must be done on it to see what it is for. */
function shotsOf ({ connections, simulated }: FirstRun): Shot[] {
  const goOn = async (page: Page): Promise<void> => { await page.getByRole('button', { name: /^(Probar y seguir|Test and go on)$/ }).click() }
  return [
    { name: 'login', who: 'nobody', path: '/' },
    { name: 'login-refused', who: 'nobody', path: '/', then: async page => { await fill(page, { email: 'ana@example.com', password: 'not this one' }); await page.locator('button[type=submit]').click(); await page.getByRole('alert').waitFor() } },
    { name: 'home', who: 'tenant', path: '/' },
    { name: 'connections', who: 'tenant', path: '/connections' },
    { name: 'connections-empty', who: 'tenant', path: '/connections?health=reconnect' },
    { name: 'connection', who: 'tenant', path: `/connections/${connections.stripe}` },
    { name: 'connection-pac', who: 'tenant', path: `/connections/${connections.finkok}` },
    { name: 'wizard-choose', who: 'tenant', path: '/connections/new' },
    { name: 'wizard-form', who: 'tenant', path: '/connections/new?provider=conekta' },
    { name: 'wizard-form-payu', who: 'tenant', path: '/connections/new?provider=payu' },
    { name: 'wizard-refused', who: 'tenant', path: '/connections/new?provider=stripe', then: async page => { await fill(page, { publishable_key: 'pk_test_wrong000000000000', secret_key: 'sk_test_wrong000000000000' }); await goOn(page); await page.locator('[data-stage=credentials]').waitFor() } },
    { name: 'wizard-setup', who: 'tenant', path: `/connections/${connections.stripe}/setup` },
    { name: 'wizard-setup-pac', who: 'tenant', path: `/connections/${connections.finkok}/setup` },
    { name: 'dashboard', who: 'tenant', path: '/dashboard' },
    { name: 'alerts', who: 'tenant', path: '/alerts' },
    { name: 'alert-thresholds', who: 'tenant', path: '/alerts/thresholds' },
    { name: 'webhooks', who: 'tenant', path: '/webhooks' },
    { name: 'webhook-events', who: 'tenant', path: '/webhooks/events' },
    { name: 'webhook-refused', who: 'tenant', path: '/webhooks/events?verdict=refused' },
    { name: 'deliveries', who: 'tenant', path: '/deliveries' },
    { name: 'endpoints', who: 'tenant', path: '/deliveries/endpoints' },
    { name: 'endpoint-new', who: 'tenant', path: '/deliveries/endpoints/new' },
    { name: 'report-transactions', who: 'tenant', path: '/reports/transactions' },
    { name: 'report-invoices', who: 'tenant', path: '/reports/invoices' },
    { name: 'report-fees', who: 'tenant', path: '/reports/fees' },
    { name: 'reconciliation', who: 'tenant', path: '/reconciliation' },
    { name: 'reconciliation-rules', who: 'tenant', path: '/reconciliation/rules' },
    { name: 'settings', who: 'tenant', path: '/settings' },
    { name: 'settings-users', who: 'tenant', path: '/settings/users' },
    { name: 'settings-keys', who: 'tenant', path: '/settings/api-keys' },
    { name: 'settings-key-new', who: 'tenant', path: '/settings/api-keys/new' },
    { name: 'settings-series', who: 'tenant', path: '/settings/series' },
    { name: 'settings-banks', who: 'tenant', path: '/settings/bank-accounts' },
    { name: 'settings-notices', who: 'tenant', path: '/settings/notices' },
    { name: 'settings-branding', who: 'tenant', path: '/settings/branding' },
    { name: 'settings-audit', who: 'tenant', path: '/settings/audit' },
    { name: 'settings-support-access', who: 'tenant', path: '/settings/support-access' },
    { name: 'settings-routing', who: 'tenant', path: '/settings/routing', then: async page => { await page.getByRole('button', { name: /^(Agregar regla|Add a rule)$/ }).click(); await page.getByRole('button', { name: /^(Explicar|Explain)$/ }).click(); await page.locator('[data-decision]').waitFor() } },
    { name: 'support', who: 'platform', path: '/support' },
    { name: 'certificates', who: 'tenant', path: '/certificates' },
    { name: 'certificate-new', who: 'tenant', path: '/certificates/new' },
    ...(['payments', 'payments/new', 'payments/links', 'sales', 'sales/new', 'sales/global', 'customers', 'customers/new', 'subscriptions', 'subscriptions/new', 'plans', 'invoices', 'invoices/new'].map(page => ({ name: page.replace('/', '-'), who: 'tenant' as const, path: `/${page}` }))),
    ...(['payments', 'sales', 'customers', 'subscriptions', 'invoices'].map(area => ({ name: `${area}-one`, who: 'tenant' as const, path: `/${area}`, then: firstOf }))),
    { name: 'payments-refund', who: 'tenant', path: '/payments?status=succeeded', then: async page => { await firstOf(page); const refund = page.getByRole('button', { name: /^(Devolver|Refund)$/ }); if (await refund.count() > 0) await refund.first().click() } },
    { name: 'invoices-broken', who: 'tenant', path: '/invoices/new', then: async page => { const issue = page.getByRole('button', { name: /^(Emitir factura|Issue invoice)$/ }); if (await issue.count() > 0) { await page.locator('[data-judged=bad]').waitFor(); await issue.click() } } },
    { name: 'thanks', who: 'nobody', path: '/thanks' },
    { name: 'account', who: 'tenant', path: '/account' },
    { name: 'not-found', who: 'tenant', path: '/nothing/here' },
    { name: 'platform-home', who: 'platform', path: '/' },
    { name: 'tenants', who: 'platform', path: '/tenants' },
    { name: 'tenant-new', who: 'platform', path: '/tenants/new' },
    ...(simulated.wompi === undefined ? [] : [{ name: 'wizard-form-wompi', who: 'tenant' as const, path: '/connections/new?provider=wompi' }])
  ]
}

/** The page of the first row of a list, where it has one. */
async function firstOf (page: Page): Promise<void> {
  const row = page.locator('a.row-target').first()
  if (await row.count() === 0) return
  await row.click()
  await page.waitForLoadState('networkidle')
}

async function fill (page: Page, values: Record<string, string>): Promise<void> {
  for (const [name, value] of Object.entries(values)) await page.locator(`[name=${name}]`).fill(value)
}

async function signIn (page: Page, [email, password]: readonly [string, string]): Promise<void> {
  await page.goto('/')
  await fill(page, { email, password })
  await page.locator('button[type=submit]').click()
  await page.locator('nav').first().waitFor({ state: 'attached' })
}

async function server (): Promise<FirstRun> {
  const folder = process.env.PASARELA_SHOTS_SERVER ?? await started()
  return JSON.parse(readFileSync(path.join(folder, 'first-run.json'), 'utf8')) as FirstRun
}

async function started (): Promise<string> {
  const folder = temporaryFolder(t)
  const server = startServer(t, { PORT: '0', PASARELA_DATA_DIR: folder, PASARELA_DEMO: 'true', PASARELA_CONSOLE: 'true', LOG_LEVEL: 'warn' })
  t.teardown(async () => {
    server.kill('SIGTERM') // the bundled database ends with it
    await server.ended
  })
  await server.up
  return folder
}
