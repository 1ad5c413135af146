import { existsSync } from 'node:fs'
import path from 'node:path'
import { loadConfig } from '../config.ts'
import type { Hub } from '../hub.ts'
import { type Call, Refused } from './command.ts'
import { withDatabase } from './database.ts'

/**
 * Everything that services are lent, with the configuration of the server. There are no queues: what a command leaves due
 * in its row is found by the sweeper of a running worker.
 */
export async function withHub<T> ({ env, out }: Pick<Call, 'env' | 'out'>, work: (hub: Hub, masterKeys: string, means: { ownerUrl: string | undefined }) => Promise<T>): Promise<T> {
  const config = loadConfig(env)
  return await withDatabase(config, { make: false, note: out.note }, async ({ ownerUrl, appUrl }) => {
    const [{ loadAdapters }, { buildHub }, { loginsOf }, { createLogger }, { localMasterKeys }] = await Promise.all([
      import('../adapters.ts'), import('../build-hub.ts'), import('../db/logins.ts'), import('../log.ts'), import('../vault/local-keys.ts')
    ])
    const secretsFile = path.join(config.dataDir, 'database-roles.json')
    if (appUrl === undefined && !existsSync(secretsFile)) {
      throw new Refused(`DATABASE_APP_URL is not set, and ${secretsFile}, which holds the password that \`pasarela migrate\` made, is not there.`)
    }
    const masterKeys = config.masterKeys ?? localMasterKeys(config.dataDir)
    const { hub, close } = buildHub({
      config,
      appUrl: appUrl ?? loginsOf({ ownerUrl: ownerUrl!, secretsFile }).app.url,
      masterKeys,
      adapters: await loadAdapters({ packages: config.adapters ?? [], experimental: config.experimental }),
      log: createLogger({ level: 'warn', destination: { write: line => { out.note(line.trimEnd()) } } }),
      publicUrl: () => config.publicUrl ?? `http://${config.host}:${config.port}`,
      wake: () => {},
      applicationName: 'pasarela cli'
    })
    try {
      return await work(hub, masterKeys, { ownerUrl })
    } finally {
      await close()
    }
  })
}
