/**
 * What a PGDATA folder says about the server that runs on it: `postmaster.pid`, and waiting for it to change.
 */
import { existsSync, readFileSync, watch, type FSWatcher } from 'node:fs'
import { spawnSync } from 'node:child_process'
import path from 'node:path'

/** The facts of `postmaster.pid`; `status` is its eighth line (starting, stopping, ready, standby). */
export interface Postmaster { pid: number, port: number, status: string }

/** The server that runs on `data`; undefined when there is none (a file left by a crash does not count). */
export function runningPostmaster (data: string): Postmaster | undefined {
  const found = readPid(data)
  if (!found || !isAlive(found.pid)) return
  // A container that was killed leaves a pid that now is somebody else, often ourselves: look at what it runs.
  const command = commandOf(found.pid)
  return command === undefined || (/postgres/.test(command) && command.includes(data)) ? found : undefined
}

/** A `postmaster.pid` whose process is gone or is not PostgreSQL. */
export function stalePid (data: string): number | undefined {
  const found = readPid(data)
  return found && !runningPostmaster(data) ? found.pid : undefined
}

export function isAlive (pid: number): boolean {
  try {
    process.kill(pid, 0)
    return true
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === 'EPERM'
  }
}

/**
 * Resolves with the first value that `look` gives, or undefined when the time is over.
 * Looks when the folder changes; the slow interval is for file systems that tell nothing, and for processes that end.
 */
export async function watched<T> (folder: string, boundMs: number, look: () => T | undefined, wake?: Promise<unknown>): Promise<T | undefined> {
  const first = look()
  if (first !== undefined) return first
  return await new Promise(resolve => {
    let watcher: FSWatcher | undefined
    const interval = setInterval(check, 25)
    const end = setTimeout(() => finish(undefined), boundMs)
    function finish (value: T | undefined): void {
      clearInterval(interval)
      clearTimeout(end)
      watcher?.close()
      resolve(value)
    }
    function check (): void {
      const value = look()
      if (value !== undefined) finish(value)
    }
    try {
      watcher = watch(folder, check)
      watcher.on('error', () => {})
    } catch {} // no inotify left, or a file system without it: the interval does
    wake?.then(check, check)
    check()
  })
}

function readPid (data: string): Postmaster | undefined {
  let text: string
  try {
    text = readFileSync(path.join(data, 'postmaster.pid'), 'utf8')
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException
    if (code === 'ENOENT' || code === 'ENOTDIR') return
    if (code === 'EACCES') throw new Error(`${data} belongs to another user: start with the user that made it, or name another data folder.`)
    throw error
  }
  const lines = text.split('\n')
  const pid = Math.abs(Number.parseInt(lines[0] ?? '', 10))
  if (!pid) return // being written right now
  return { pid, port: Number.parseInt(lines[3] ?? '', 10) || 0, status: (lines[7] ?? '').trim() }
}

function commandOf (pid: number): string | undefined {
  if (process.platform === 'win32') return
  if (process.platform === 'linux') {
    try {
      return readFileSync(`/proc/${pid}/cmdline`, 'utf8').replaceAll('\0', ' ')
    } catch {
      return existsSync('/proc/self') ? '' : undefined // gone; a zombie reads as empty too
    }
  }
  return spawnSync('ps', ['-p', String(pid), '-o', 'command='], { encoding: 'utf8' }).stdout || undefined
}
