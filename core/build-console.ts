import { spawn } from 'node:child_process'
import { createHash } from 'node:crypto'
import { existsSync, mkdirSync, readdirSync, readFileSync, renameSync, rmSync, statSync, writeFileSync } from 'node:fs'
import path from 'node:path'
import { setTimeout as wait } from 'node:timers/promises'
import type { Logger } from 'pino'

const root = path.join(import.meta.dirname, '..')
const sources = path.join(root, 'tenants-ui')
/** Where it is built, and served from (plugins/console.ts). */
export const consoleFolder = path.join(sources, 'dist')
/** Whatever the built console is made of. */
const made = ['tenants-ui/src', 'tenants-ui/public', 'tenants-ui/index.html', 'tenants-ui/vite.config.ts', 'tenants-ui/build.ts', 'tenants-ui/package.json', 'sdk', 'package-lock.json']

/**
 * Builds the console where it is not built yet, or is older than its sources: the first process that comes does it, others wait.
 * An installation without sources or without their tools (the container image) keeps what it has. Takes about ten seconds on two cores.
 */
export async function buildConsole ({ log, into = consoleFolder }: { log: Pick<Logger, 'info' | 'warn'>, into?: string }): Promise<void> {
  if (!existsSync(path.join(sources, 'src'))) return
  const stamp = stampOf()
  if (stampIn(into) === stamp) return
  const unlock = await lock(`${into}.lock`)
  try {
    if (stampIn(into) === stamp) return
    const from = performance.now()
    const draft = `${into}.${process.pid}`
    const failure = await run(draft)
    if (failure !== undefined) {
      rmSync(draft, { recursive: true, force: true })
      log.warn({ failure: failure.slice(-2000) }, existsSync(into) ? 'the console could not be built anew: the one before it is served' : 'the console could not be built: the API serves without it')
      return
    }
    writeFileSync(path.join(draft, 'stamp'), stamp)
    const old = `${into}.old.${process.pid}`
    if (existsSync(into)) renameSync(into, old)
    renameSync(draft, into)
    rmSync(old, { recursive: true, force: true })
    log.info({ seconds: Math.round((performance.now() - from) / 100) / 10 }, 'the console is built')
  } finally {
    unlock()
  }
}

/** In a process of its own: the builder's memory and settings are not ours. Undefined when it went well. */
async function run (out: string): Promise<string | undefined> {
  const child = spawn(process.execPath, [path.join(sources, 'build.ts'), out], { cwd: sources, stdio: ['ignore', 'pipe', 'pipe'], env: { ...process.env, NODE_ENV: 'production', NODE_OPTIONS: '' } })
  let said = ''
  for (const stream of [child.stdout, child.stderr]) stream.setEncoding('utf8').on('data', (text: string) => { said += text })
  return await new Promise(resolve => {
    child.once('error', error => resolve(String(error)))
    child.once('close', code => resolve(code === 0 ? undefined : said || `exit ${String(code)}`))
  })
}

function stampIn (folder: string): string | undefined {
  const file = path.join(folder, 'stamp')
  return existsSync(file) ? readFileSync(file, 'utf8') : undefined
}

/** Of the contents, since a checkout changes the times. */
function stampOf (): string {
  const hash = createHash('sha256')
  for (const name of made) {
    const whole = path.join(root, name)
    if (!existsSync(whole)) continue
    const files = statSync(whole).isDirectory() ? readdirSync(whole, { recursive: true, encoding: 'utf8' }).filter(file => !/(^|\/)(node_modules|dist|examples)(\/|$)|\.test\.ts$/.test(file)).sort() : ['']
    for (const file of files) {
      const at = path.join(whole, file)
      if (statSync(at).isFile()) hash.update(`${name}/${file}\0`).update(readFileSync(at))
    }
  }
  return hash.digest('hex')
}

/** A folder is made by one only. Whoever died with it is not waited for. */
async function lock (folder: string): Promise<() => void> {
  const holder = path.join(folder, 'pid')
  for (;;) {
    try {
      mkdirSync(folder)
      writeFileSync(holder, String(process.pid))
      return () => { rmSync(folder, { recursive: true, force: true }) }
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code !== 'EEXIST') throw error
    }
    if (isLeft(folder, holder)) rmSync(folder, { recursive: true, force: true })
    else await wait(100)
  }
}

function isLeft (folder: string, holder: string): boolean {
  try {
    const pid = existsSync(holder) ? Number(readFileSync(holder, 'utf8')) : 0
    // Between making the folder and writing who did there is a moment.
    if (pid === 0) return Date.now() - statSync(folder).mtimeMs > 5_000
    process.kill(pid, 0)
    return false
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === 'ESRCH'
  }
}
