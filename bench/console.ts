import { mkdirSync, readFileSync, writeFileSync } from 'node:fs'
import path from 'node:path'
import { gzipSync } from 'node:zlib'
import type { Browser, CDPSession, Page } from 'playwright-core'
import { buildConsole, consoleFolder } from '../core/build-console.ts'
import { launchBrowser } from '../test/support/browser.ts'
import { child, durableDatabase, type Result, round, temporaryFolder } from './support.ts'

/** So many loads of each kind: `BENCH_CONSOLE_RUNS=2` to see that it works. */
const runs = Number(process.env.BENCH_CONSOLE_RUNS ?? 7)
const slowdown = 4
const bytesAim = 250_000
const readyAim = 2000
const password = 'a long password of the bench'

/** One load: when something was painted, when the person can begin, and what travelled. Ms from the navigation, bytes as they came over the wire. */
interface Load { paintedMs: number, readyMs: number, bytes: number, requests: number, scriptMs: number }
/** What somebody waits for: a page, and how it is known that they can begin. Runs in the page. */
interface Screen { at: string, ready: () => boolean }

/** The form can be typed in. */
const login: Screen = { at: '/login', ready: () => document.querySelector<HTMLInputElement>('[name=email]')?.disabled === false && document.querySelector('button[type=submit]') !== null }
/** The page's own content stands, and nothing of it is a skeleton any more. */
const home: Screen = { at: '/', ready: () => document.querySelector('h1') !== null && document.querySelector('[aria-busy=true]') === null && document.querySelector('nav a') !== null && document.querySelectorAll('main *').length > 20 }

/** (10) The console on a slow phone: how much travels before its first screen, and how long it takes until it can be used. */
export async function consoleScreens (): Promise<Result[]> {
  await buildConsole({ log: { info: () => {}, warn: (...said: unknown[]) => { throw new Error(JSON.stringify(said)) } } })
  const ends: (() => unknown)[] = []
  const teardown = { teardown: (end: () => unknown) => { ends.push(end) } }
  try {
    const database = await durableDatabase()
    teardown.teardown(database.stop)
    const folder = temporaryFolder()
    teardown.teardown(folder.remove)
    const { ready, stop } = await child('console-process.ts', { BENCH_DATABASE: database.url, BENCH_FOLDER: folder.path, BENCH_PASSWORD: password })
    teardown.teardown(stop)
    const { url, email, link } = ready as { url: string, email: string, link: string }
    // What it is measured against: a page of the same server that needs no script, in the same browser, just as slowed down.
    const plain: Screen = { at: new URL(link).pathname, ready: () => document.querySelector('form.self-invoice #tax_id') !== null }
    const browser = await launchBrowser(teardown)
    const cookies = await signedIn(browser, url, email)
    const measure = async (screen: Screen, slow: boolean, warm: boolean, as: typeof cookies = []) => await loads(browser, { url, screen, slow, warm, cookies: as })
    // Once each beforehand: the server has read its files, and its code is compiled.
    for (const screen of [plain, login]) await load(browser, { url, screen, slow: false, warm: false, cookies: [] })
    await load(browser, { url, screen: home, slow: false, warm: false, cookies })
    const results: Result[] = [firstScreenBytes(await measure(login, false, false))]
    for (const [name, screen, as] of [['login', login, []], ['home, signed in', home, cookies]] as const) {
      for (const warm of [false, true]) {
        const [slow, fast, page] = [await measure(screen, true, warm, [...as]), await measure(screen, false, warm, [...as]), await measure(plain, true, warm)]
        results.push({
          name: `console: ${name} usable, ${warm ? 'warm' : 'cold'} cache, CPU ÷ ${slowdown}`,
          baseline: `the server-rendered self-invoice page in the same browser, as slowed down (${page.readyMs} ms), and the same screen unthrottled (${fast.readyMs} ms); medians of ${runs}`,
          value: slow.readyMs, unit: 'ms', aim: `≤ ${readyAim}`,
          detail: { over_plain_page: round(slow.readyMs / page.readyMs), over_unthrottled: round(slow.readyMs / fast.readyMs), painted_ms: slow.paintedMs, slowest_ms: slow.slowestMs, script_ms: slow.scriptMs, transferred_kB: round(slow.bytes / 1000, 1), requests: slow.requests, plain_painted_ms: page.paintedMs, plain_kB: round(page.bytes / 1000, 1) }
        })
      }
    }
    return results
  } finally {
    for (const end of ends.reverse()) await end()
  }
}

async function signedIn (browser: Browser, url: string, email: string) {
  const context = await browser.newContext({ baseURL: url, locale: 'es-MX' })
  const page = await context.newPage()
  await page.goto('/login')
  await page.locator('[name=email]').fill(email)
  await page.locator('[name=password]').fill(password)
  await page.locator('button[type=submit]').click()
  await page.getByRole('navigation').first().waitFor({ state: 'attached' })
  const cookies = await context.cookies()
  await context.close()
  return cookies
}

interface Measured { url: string, screen: Screen, slow: boolean, warm: boolean, cookies: Awaited<ReturnType<typeof signedIn>> }

const median = (numbers: readonly number[]): number => numbers.toSorted((a, b) => a - b)[Math.floor(numbers.length / 2)]!

async function loads (browser: Browser, measured: Measured): Promise<Load & { slowestMs: number }> {
  const all: Load[] = []
  for (let n = 0; n < runs; n++) all.push(await load(browser, measured))
  const middle = (of: keyof Load) => round(median(all.map(one => one[of])), 0)
  return { paintedMs: middle('paintedMs'), readyMs: middle('readyMs'), bytes: middle('bytes'), requests: middle('requests'), scriptMs: middle('scriptMs'), slowestMs: round(Math.max(...all.map(({ readyMs }) => readyMs)), 0) }
}

/** In a browser profile of its own, on a phone's screen. Warm: the same page was loaded there just before. */
async function load (browser: Browser, { url, screen, slow, warm, cookies }: Measured): Promise<Load> {
  const context = await browser.newContext({ baseURL: url, locale: 'es-MX', viewport: { width: 390, height: 844 }, deviceScaleFactor: 2, isMobile: true, hasTouch: true })
  try {
    await context.addCookies(cookies)
    const page = await context.newPage()
    // Looked at before each frame, by the page's own clock, and told after that frame was drawn: no tool that polls is part of the figure.
    await page.addInitScript(`(() => { const ready = ${screen.ready.toString()}; const look = () => { if (document.body !== null && ready()) requestAnimationFrame(() => setTimeout(() => { window.readyMs = performance.now() })); else requestAnimationFrame(look) }; requestAnimationFrame(look) })()`)
    const session = await context.newCDPSession(page)
    if (warm) await open(page, screen)
    const wire = await count(session)
    if (slow) await session.send('Emulation.setCPUThrottlingRate', { rate: slowdown })
    await session.send('Performance.enable')
    const profiled = await profile(session, page, `${screen.at === '/' ? 'home' : screen.at.split('/')[1]!}-${warm ? 'warm' : 'cold'}${slow ? '-slow' : ''}`)
    await open(page, screen)
    await profiled()
    const { metrics } = await session.send('Performance.getMetrics')
    const told = await page.evaluate(() => ({ readyMs: (window as unknown as { readyMs: number }).readyMs, paintedMs: performance.getEntriesByName('first-contentful-paint')[0]?.startTime ?? 0 }))
    const scriptMs = (metrics.find(({ name }) => name === 'ScriptDuration')?.value ?? 0) * 1000
    return { ...told, readyMs: Math.max(told.readyMs, told.paintedMs), ...wire(), scriptMs }
  } finally {
    await context.close()
  }
}

async function open (page: Page, { at }: Screen): Promise<void> {
  await page.goto(at, { waitUntil: 'commit' })
  await page.waitForFunction(() => 'readyMs' in window, undefined, { timeout: 120_000 })
}

/** `BENCH_CONSOLE_PROFILE=FOLDER`: what the processor was at (for the performance panel of Chromium), and what was fetched when. Then the figures are of a browser that is watched. */
async function profile (session: CDPSession, page: Page, name: string): Promise<() => Promise<void>> {
  const folder = process.env.BENCH_CONSOLE_PROFILE
  if (folder === undefined) return async () => {}
  await session.send('Profiler.enable')
  await session.send('Profiler.start')
  return async () => {
    const { profile } = await session.send('Profiler.stop')
    const fetched = await page.evaluate(() => (performance.getEntriesByType('resource') as PerformanceResourceTiming[]).map(({ name, startTime, responseEnd, transferSize }) => ({ url: new URL(name).pathname, from: Math.round(startTime), to: Math.round(responseEnd), bytes: transferSize })))
    mkdirSync(folder, { recursive: true })
    writeFileSync(path.join(folder, `${name}.cpuprofile`), JSON.stringify(profile))
    writeFileSync(path.join(folder, `${name}.json`), JSON.stringify({ readyMs: await page.evaluate(() => (window as unknown as { readyMs: number }).readyMs), fetched }, null, 1))
  }
}

async function count (session: CDPSession): Promise<() => { bytes: number, requests: number }> {
  let [bytes, requests] = [0, 0]
  session.on('Network.loadingFinished', ({ encodedDataLength }) => {
    bytes += encodedDataLength
    if (encodedDataLength > 0) requests++
  })
  await session.send('Network.enable')
  return () => ({ bytes, requests })
}

/** The files that the page names itself, and all that came until the login could be typed in, with headers and the API's answers. */
function firstScreenBytes (seen: Load): Result {
  const html = readFileSync(path.join(consoleFolder, 'index.html'), 'utf8')
  const files = [...new Set([...html.matchAll(/(?:src|href)="(\/assets\/[^"]+)"/g)].map(([, name]) => name!))]
  const gzip = (bytes: Buffer) => gzipSync(bytes, { level: 9 }).length
  const sizes = files.map(name => gzip(readFileSync(path.join(consoleFolder, name))))
  const entry = sizes.reduce((sum, size) => sum + size, gzip(Buffer.from(html)))
  return {
    name: 'console: gzip bytes of the first screen', baseline: `what Chromium fetched until the login stood, headers and API answers with it, compressed as it asked for (${seen.bytes} bytes in ${seen.requests} requests)`,
    value: entry, unit: 'bytes', aim: `≤ ${bytesAim}`, detail: { files: files.length, transferred_bytes: seen.bytes, requests: seen.requests }
  }
}
