/** People at the console: real Chromiums before a running application. */
import { mkdirSync, readFileSync } from 'node:fs'
import { createRequire } from 'node:module'
import path from 'node:path'
import type { BrowserContext, Locator, Page } from 'playwright-core'
import type { Test } from 'tap'
import { buildConsole } from '../../core/build-console.ts'
import type { AppTenant, TestApp } from './app.ts'
import { launchBrowser } from './browser.ts'

export const password = 'a long password'

export interface Seat {
  context: BrowserContext
  page: Page
  /** What the browser's console was told, a refused style or script among it. */
  complaints: string[]
}

export interface Look { language?: string, dark?: boolean, phone?: boolean }
/** A browser of one's own; where a page is named, signed in and there. */
export type TakeSeat = (t: Test, look?: Look & { at?: string, email?: string }) => Promise<Seat>

/** Builds the console where it is not built yet, and opens a browser in which people take seats. */
export async function consoleDesk (t: Test, app: TestApp): Promise<TakeSeat> {
  await buildConsole({ log: { info: () => {}, warn: (...said: unknown[]) => { throw new Error(JSON.stringify(said)) } } })
  const browser = await launchBrowser(t)
  return async (t, { language = 'es-MX', dark = false, phone = false, at, email } = {}) => {
    const context = await browser.newContext({ baseURL: app.url, locale: language, colorScheme: dark ? 'dark' : 'light', reducedMotion: 'reduce', viewport: phone ? { width: 390, height: 844 } : { width: 1280, height: 900 }, isMobile: phone, hasTouch: phone, acceptDownloads: true })
    t.teardown(async () => { await context.close() })
    context.setDefaultTimeout(60_000)
    const page = await context.newPage()
    const complaints: string[] = []
    // An answer that is no good is shown by the page as well; what a test cuts off is meant to be missing.
    page.on('console', message => { if (message.type() === 'error' && !/status of (400|401|403|404|409|422|503)|ERR_FAILED/.test(message.text())) complaints.push(message.text()) })
    page.on('pageerror', error => { complaints.push(String(error)) })
    if (at !== undefined) {
      await page.goto(at)
      await signIn(page, email)
    }
    return { context, page, complaints }
  }
}

/** The administrator and a viewer of one tenant, and the administrator of another: all have `password`. */
export async function consoleUsers (app: TestApp, tenant: AppTenant, stranger: AppTenant): Promise<void> {
  for (const [email, role, of] of [['admin@azul.example', 'tenant_admin', tenant], ['viewer@azul.example', 'viewer', tenant], ['admin@otra.example', 'tenant_admin', stranger]] as const) {
    await app.must('POST', '/v1/users', { key: app.platformKey, headers: { 'pasarela-tenant': of.id }, body: { email, name: email.split('@')[0], role, password } })
  }
}

export async function signIn (page: Page, email = 'admin@azul.example', secret = password): Promise<void> {
  await page.locator('[name=email]').fill(email)
  await page.locator('[name=password]').fill(secret)
  await page.locator('button[type=submit]').click()
  // On a phone it is there, and out of the way.
  await page.locator('nav').first().waitFor({ state: 'attached' })
}

export const heading = async (page: Page, text: RegExp | string): Promise<void> => { await page.getByRole('heading', { level: 1, name: text, exact: true }).waitFor() }
export const button = (page: Page, name: RegExp): Locator => page.getByRole('button', { name })
export const press = async (page: Page, name: RegExp): Promise<void> => { await button(page, name).first().click() }
/** The button of the question that is open. */
export const say = async (page: Page, name: RegExp): Promise<void> => { await page.getByRole('dialog').getByRole('button', { name }).click() }

/** Another page of the same window, as a link would open it. */
export async function open (page: Page, at: string): Promise<void> {
  await page.evaluate(at => { window.history.pushState(null, '', at) }, at)
  await page.locator('h1').first().waitFor()
}

/** An option of a select. */
export async function choose (page: Page, label: RegExp, option: RegExp): Promise<void> {
  await page.locator('input:not([type=hidden])').and(page.getByLabel(label)).click()
  await page.getByRole('option', { name: option }).first().click()
}

const axe = readFileSync(createRequire(import.meta.url).resolve('axe-core/axe.min.js'), 'utf8')

/** Until nothing on it is being read any more. */
async function stands (page: Page): Promise<void> {
  await page.waitForFunction(() => document.querySelector('h1') !== null && document.querySelector('[aria-busy=true]') === null)
}

/** What axe finds on the page, with the first places of each. */
export async function axeFindings (page: Page): Promise<{ impact: string, said: string }[]> {
  if (await page.evaluate(() => !('axe' in window))) await page.evaluate(axe)
  return await page.evaluate(async () => {
    const { violations } = await (window as unknown as { axe: { run: (options: object) => Promise<{ violations: { id: string, impact: string, nodes: { html: string, failureSummary: string }[] }[] }> } }).axe.run({ resultTypes: ['violations'], preload: false })
    return violations.map(({ id, impact, nodes }) => ({ impact, said: `${id}: ${nodes.slice(0, 3).map(({ html, failureSummary }) => `${html.slice(0, 160)} ${failureSummary.slice(0, 160)}`).join(' | ')}` }))
  })
}

/** What a checker finds that would keep somebody out. For whoever wants to see the page: `PASARELA_SHOTS=FOLDER`. */
export async function accessible (t: Test, page: Page, name: string): Promise<void> {
  await stands(page)
  const folder = process.env.PASARELA_SHOTS
  if (folder !== undefined) {
    mkdirSync(folder, { recursive: true })
    await page.screenshot({ path: path.join(folder, `${name.replaceAll(/[^\w]+/g, '-')}.png`), fullPage: true })
  }
  const found = await axeFindings(page)
  t.same(found.filter(({ impact }) => impact === 'serious' || impact === 'critical').map(({ said }) => said), [], `${name} is for everybody`)
}

/** Nothing hangs out at the side. */
export async function fits (t: Test, page: Page, name: string): Promise<void> {
  t.ok(await page.evaluate(() => document.documentElement.scrollWidth <= window.innerWidth), `${name} fits on a phone`)
}

/** Words that only one of the two languages has, as they stand in sentences. */
const onlyEnglish = /(?<![\p{L}\p{N}_-])(the|and|your|with|from|are|this|that|not|you|for|has|have|was|were|which|when|where|until|there|their|been|what|who)(?![\p{L}\p{N}_-])/iu
const onlySpanish = /(?<![\p{L}\p{N}_-])(el|los|las|del|que|para|con|una|su|sus|sin|por|este|esta|está|usted|cuando|donde|hasta|aquí|más|se|al|lo|le)(?![\p{L}\p{N}_-])/iu

/** What people read of a page (what a program reads is `.mono`, `code`): in their language, whole, and none of our own names for things. */
export async function spoken (t: Test, page: Page, name: string): Promise<void> {
  await stands(page)
  const [language, texts] = await page.evaluate(() => {
    const found: string[] = [document.title]
    const walker = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT)
    while (walker.nextNode() !== null) {
      const { parentElement: around, textContent: text } = walker.currentNode
      if (around?.closest('.mono, code, pre, script, style, noscript, [data-raw], [translate=no]') === null && around.checkVisibility() && (around.closest('[lang]')?.getAttribute('lang') ?? '') === document.documentElement.lang) found.push(text ?? '')
    }
    document.querySelectorAll('[aria-label], [title]').forEach(one => { if (one.closest('.mono, code, [translate=no]') === null && one.checkVisibility()) found.push(one.getAttribute('aria-label') ?? '', one.getAttribute('title') ?? '') })
    return [document.documentElement.lang, found.map(text => text.trim()).filter(text => text !== '')] as const
  })
  const foreign = language === 'es' ? onlyEnglish : onlySpanish
  t.same(texts.filter(text => foreign.test(text) || /\bundefined\b|\[object |\bNaN\b|^[a-z]+(_[a-z]+)+$/.test(text)), [], `${name} speaks ${language}`)
}
