import { ConfigError, loadConfig } from './config.ts'
import { createShutdown } from './jobs/shutdown.ts'
import { createLogger } from './log.ts'
import { start } from './start.ts'

/** `npm run worker`: background work only, beside other processes of the same database. */
try {
  const config = loadConfig({ ...process.env, PASARELA_DEMO: 'false' })
  if (config.databaseUrl === undefined && config.databaseAppUrl === undefined) throw new ConfigError([{ name: 'DATABASE_URL', message: 'is not set: a worker of its own needs the database that the other processes use; `npm start` runs one with the bundled database' }])
  const log = createLogger({ level: config.logLevel, base: { process: 'worker' } })
  const shutdown = createShutdown({ graceMs: config.shutdownMs, log })
  shutdown.listen()
  try {
    await start({ config, roles: ['worker'], log, shutdown })
    log.info({}, 'the worker works')
  } catch (error) {
    log.fatal({ err: error }, 'could not start')
    await shutdown.run('could not start', 1)
  }
} catch (error) {
  if (!(error instanceof ConfigError)) throw error
  process.stderr.write(`${error.message}\n`)
  process.exitCode = 1
}
