import { loadAdapters } from '../core/adapters.ts'
import { buildHub } from '../core/build-hub.ts'
import { loadConfig } from '../core/config.ts'
import { startDeliveries } from '../core/deliveries/run.ts'
import { createLogger } from '../core/log.ts'

/** A worker that does nothing but deliver, in a process of its own. It begins at SIGUSR2, so that several begin together. */
const { BENCH_APP_URL: appUrl, BENCH_MASTER_KEYS: masterKeys, ...env } = process.env
const own = ['BENCH_', 'npm_']
const config = loadConfig(Object.fromEntries(Object.entries(env).filter(([name]) => !own.some(prefix => name.startsWith(prefix)))))
const log = createLogger({ level: config.logLevel })
const { hub } = buildHub({
  config, appUrl: appUrl!, masterKeys: masterKeys!, adapters: await loadAdapters({ packages: [], experimental: false }), log, publicUrl: () => 'http://127.0.0.1:1', wake: () => {}
})
process.on('SIGUSR2', () => { startDeliveries({ hub, url: appUrl }) })
process.on('SIGTERM', () => { process.exit(0) })
setInterval(() => {}, 60_000)
process.stdout.write(`READY ${JSON.stringify({ pid: String(process.pid) })}\n`)
