import { randomBytes } from 'node:crypto'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { loadAdapters } from '../core/adapters.ts'
import { buildApp } from '../core/app.ts'
import { buildHub } from '../core/build-hub.ts'
import { loadConfig } from '../core/config.ts'
import { startEmbedded } from '../core/db/embedded.ts'
import { databaseTypes } from '../core/db/generate-types.ts'
import { migrate } from '../core/db/migrate.ts'
import { createPool } from '../core/db/pool.ts'
import { createLogger } from '../core/log.ts'
import { openApiDocument } from '../plugins/openapi.ts'

/** What is generated from a migrated database: its types, and the API that is served on it. */
export interface FromDatabase {
  schema: string
  openapi: string
}

let made: Promise<FromDatabase> | undefined

/** Migrates a database that nobody else has, once per process, and throws it away. */
export async function fromDatabase (): Promise<FromDatabase> {
  return await (made ??= make())
}

async function make (): Promise<FromDatabase> {
  const folder = mkdtempSync(path.join(tmpdir(), 'pasarela-generate-'))
  const database = await startEmbedded({ dataDir: folder, settings: { fsync: 'off', synchronous_commit: 'off', full_page_writes: 'off' } })
  try {
    const { appUrl } = await migrate({ ownerUrl: database.url, secretsFile: path.join(folder, 'roles.json') })
    const pool = createPool({ url: database.url, max: 2 })
    const schema = await databaseTypes(pool)
    await pool.end()
    const built = buildHub({
      config: loadConfig({ PASARELA_DEMO: 'false', PASARELA_PUBLIC_URL: 'http://127.0.0.1:3000' }),
      appUrl,
      masterKeys: `generate:${randomBytes(32).toString('base64')}`,
      adapters: await loadAdapters({ packages: [], experimental: false }),
      log: createLogger({ level: 'silent' }),
      publicUrl: () => 'http://127.0.0.1:3000',
      wake: () => {}
    })
    const app = await buildApp({ hub: built.hub, appUrl })
    await app.ready()
    // Otherwise the first request of its route would find what is wrong with a schema.
    app.compileSchemas()
    const openapi = `${JSON.stringify(openApiDocument(app), null, 2)}\n`
    await app.close()
    await built.close()
    return { schema, openapi }
  } finally {
    await database.stop()
    rmSync(folder, { recursive: true, force: true })
  }
}
