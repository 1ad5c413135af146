import { spawn } from 'node:child_process'
import { once } from 'node:events'
import path from 'node:path'
import { startEmbedded } from '../core/db/embedded.ts'
import { type Result, round, temporaryFolder } from './support.ts'

/** (4) `npm start` from nothing to its first answer, against the bare database that it brings. */
export async function start (): Promise<Result[]> {
  const bareMs = await bare()
  const wholeMs = await whole()
  return [{ name: 'start from nothing ÷ bare embedded PostgreSQL', baseline: 'initdb and ready, same machine, same run', value: round(wholeMs / bareMs), unit: '×', detail: { bare_ms: round(bareMs, 0), whole_ms: round(wholeMs, 0) } }]
}

async function bare (): Promise<number> {
  const folder = temporaryFolder()
  const startedAt = performance.now()
  const database = await startEmbedded({ dataDir: folder.path })
  const tookMs = performance.now() - startedAt
  await database.stop()
  folder.remove()
  return tookMs
}

async function whole (): Promise<number> {
  const folder = temporaryFolder()
  const startedAt = performance.now()
  const server = spawn(process.execPath, ['--conditions=pasarela', path.join(import.meta.dirname, '../core/server.ts')], { env: { ...process.env, PORT: '0', PASARELA_DATA_DIR: folder.path, LOG_LEVEL: 'error' }, stdio: ['ignore', 'pipe', 'inherit'] })
  await new Promise<void>((resolve, reject) => {
    server.stdout.on('data', (chunk: Buffer) => { if (chunk.includes('is up at')) resolve() })
    server.once('exit', code => { reject(new Error(`the server ended with ${code}`)) })
  })
  const tookMs = performance.now() - startedAt
  server.kill('SIGTERM')
  await once(server, 'exit')
  folder.remove()
  return tookMs
}
