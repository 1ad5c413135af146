import path from 'node:path'
import { announce } from './announce.ts'
import { ConfigError, loadConfig } from './config.ts'
import { firstRun, furnish } from './demo/first-run.ts'
import { createShutdown } from './jobs/shutdown.ts'
import { createLogger } from './log.ts'
import { start } from './start.ts'

/** `npm start`: everything in one process, until it is told to stop. */
try {
  const config = loadConfig(process.env)
  const log = createLogger({ level: config.logLevel })
  const shutdown = createShutdown({ graceMs: config.shutdownMs, log })
  shutdown.listen()
  try {
    const { url, built, simulators } = await start({ config, roles: config.roles, log, shutdown })
    if (url !== undefined) {
      const file = path.join(config.dataDir, 'first-run.json')
      const credentials = await firstRun({ hub: built.hub, url, file, demo: config.demo, simulators })
      if (!shutdown.signal.aborted) announce({ url, file, credentials, demo: config.demo })
      if (config.demo && config.demoShop) await furnish({ made: credentials, file, log, signal: shutdown.signal })
    }
  } catch (error) {
    if (!shutdown.signal.aborted) {
      log.fatal({ err: error }, 'could not start')
      await shutdown.run('could not start', 1)
    }
  }
} catch (error) {
  if (!(error instanceof ConfigError)) throw error
  process.stderr.write(`${error.message}\n`)
  process.exitCode = 1
}
