/** A PostgreSQL of its own that can be killed, with a migrated database in it. It comes back on the same port, with what it had committed. */
import { spawnSync } from 'node:child_process'
import { chmodSync, mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import path from 'node:path'
import pg from 'pg'
import { startEmbedded, type Embedded } from '../../../core/db/embedded.ts'
import { createPool } from '../../../core/db/pool.ts'
import { ensureTemplate, urlsOf } from '../cluster.ts'
import { cloneTemplate, type Teardown } from '../database.ts'
import { freePort } from '../server-process.ts'

export interface KillablePostgres {
  superUrl: string
  appUrl: string
  queueUrl: string
  /** Ends every process of the server at once, as a machine does that falls, and starts it again. */
  killServer: () => Promise<void>
  /** Ends one process that serves a connection of ours: PostgreSQL itself then throws all others out and recovers. False: none was at work. */
  killBackend: () => Promise<boolean>
}

/**
 * Not synchronised to the disk, as `kill -9` takes no page of the kernel's away; but a commit is written before it is
 * acknowledged, and pages are whole, as in production.
 */
const settings = { fsync: 'off', synchronous_commit: 'on', full_page_writes: 'on', max_connections: '200' }

export async function killablePostgres (t: Teardown): Promise<KillablePostgres> {
  const folder = mkdtempSync(path.join(tmpdir(), 'pasarela-chaos-'))
  chmodSync(folder, 0o755) // as root, the server runs as nobody and must get in
  const port = String(await freePort())
  const start = async (): Promise<Embedded> => await startEmbedded({ dataDir: folder, settings: { ...settings, port } })
  let server = await start()
  t.teardown(async () => {
    await server.stop()
    rmSync(folder, { recursive: true, force: true })
    rmSync(server.data, { recursive: true, force: true })
  })
  const admin = createPool({ url: server.url, max: 1, applicationName: 'pasarela chaos' })
  try {
    await cloneTemplate(admin, await ensureTemplate(server.url), 'chaos')
  } finally {
    await admin.end()
  }
  const urls = urlsOf(server.url, 'chaos')
  return {
    ...urls,
    killServer: async () => {
      const postmaster = server.pid
      for (const pid of [postmaster, ...childrenOf(postmaster)]) kill(pid)
      server = await start()
    },
    killBackend: async () => {
      const pid = await busyBackend(urls.superUrl)
      if (pid === undefined) return false
      kill(pid)
      return true
    }
  }
}

/** A connection of the application in the midst of something, else any of its. */
async function busyBackend (url: string): Promise<number | undefined> {
  const client = new pg.Client({ connectionString: url, connectionTimeoutMillis: 5_000 })
  client.on('error', () => {})
  try {
    await client.connect()
    const { rows: [row] } = await client.query<{ pid: number }>("select pid from pg_stat_activity where usename = 'pasarela_app' order by (state <> 'idle') desc, state_change desc limit 1")
    return row?.pid
  } catch {
    return undefined // it is just coming back
  } finally {
    await client.end().catch(() => {})
  }
}

/** Each of them is a session of its own, so no signal to a group reaches them. */
function childrenOf (parent: number): number[] {
  const { stdout } = spawnSync('ps', ['-A', '-o', 'pid=,ppid='], { encoding: 'utf8' })
  return stdout.split('\n').map(line => line.trim().split(/\s+/).map(Number)).filter(([, ppid]) => ppid === parent).map(([pid]) => pid!)
}

function kill (pid: number): void {
  try {
    process.kill(pid, 'SIGKILL')
  } catch {} // it was faster
}
