/** Where a backup's bytes lie: a folder, or one .tar file. Either holds the same named parts, each small enough to be held in memory. */
import { createReadStream, createWriteStream, promises as fs } from 'node:fs'
import path from 'node:path'
import { pipeline } from 'node:stream/promises'
import tar from 'tar-stream'
import { BackupRefused } from './refused.ts'

export interface ArchiveWriter {
  /** Resolves when the bytes are with the file system, so whoever waits holds one part at a time. */
  put: (name: string, bytes: Buffer) => Promise<void>
  /** Makes it durable and gives it its name: before that there is only `NAME.partial`. */
  finish: () => Promise<void>
  /** Removes what was written. */
  abort: () => Promise<void>
}

export interface Part { name: string, bytes: Buffer }

/** Larger than any part that we write; more is no backup of ours, and memory is bounded. */
const partAtMost = 256 * 2 ** 20

export const isTar = (target: string): boolean => target.endsWith('.tar')

/** Readable by its owner only. Refuses a place where something is. */
export async function createArchive (target: string): Promise<ArchiveWriter> {
  const there = await fs.stat(target).catch(() => undefined)
  if (there !== undefined && (isTar(target) || !there.isDirectory() || (await fs.readdir(target)).length > 0)) throw new BackupRefused(`${target} is there already: name another place.`)
  const draft = `${target}.partial`
  await fs.rm(draft, { recursive: true, force: true })
  await fs.mkdir(path.dirname(path.resolve(target)), { recursive: true })
  return isTar(target) ? tarWriter(target, draft) : await folderWriter(target, draft)
}

async function folderWriter (target: string, draft: string): Promise<ArchiveWriter> {
  await fs.mkdir(draft, { mode: 0o700 })
  const made = new Set<string>()
  return {
    put: async (name, bytes) => {
      const file = path.join(draft, ...name.split('/'))
      const folder = path.dirname(file)
      if (!made.has(folder)) await fs.mkdir(folder, { recursive: true, mode: 0o700 })
      made.add(folder)
      await writeDurably(file, bytes)
    },
    finish: async () => {
      await fs.rm(target, { recursive: true, force: true }) // an empty folder, at most
      await fs.rename(draft, target)
    },
    abort: async () => { await fs.rm(draft, { recursive: true, force: true }) }
  }
}

async function writeDurably (file: string, bytes: Buffer): Promise<void> {
  const handle = await fs.open(file, 'wx', 0o600)
  try {
    await handle.writeFile(bytes)
    await handle.sync()
  } finally {
    await handle.close()
  }
}

function tarWriter (target: string, draft: string): ArchiveWriter {
  const pack = tar.pack()
  const written = pipeline(pack, createWriteStream(draft, { mode: 0o600, flags: 'wx', flush: true }))
  // Made once, outside of `put`: what is kept until the end must not keep a part.
  const closed = written.then(() => { throw new Error('the archive was closed') })
  closed.catch(() => {}) // told by whoever waits next
  return {
    put: async (name, bytes) => {
      const put = new Promise<void>((resolve, reject) => {
        const entry = pack.entry({ name, size: bytes.length, mode: 0o600 }, error => { error == null ? resolve() : reject(error) })
        entry.end(bytes)
      })
      // A full disk ends the file, and would leave the entry waiting.
      await Promise.race([put, closed])
    },
    finish: async () => {
      pack.finalize()
      await written
      await fs.rename(draft, target)
    },
    abort: async () => {
      pack.destroy()
      await written.catch(() => {})
      await fs.rm(draft, { force: true })
    }
  }
}

/** Every part, in the order in which it was written; the manifest is the last. Throws BackupRefused when it is no archive. */
export async function * readArchive (source: string): AsyncGenerator<Part> {
  const there = await fs.stat(source).catch(() => undefined)
  if (there === undefined) throw new BackupRefused(`${source} is not there.`)
  if (there.isDirectory()) yield * readFolder(source)
  else yield * readTar(source)
}

async function * readFolder (folder: string): AsyncGenerator<Part> {
  const entries = await fs.readdir(folder, { recursive: true, withFileTypes: true })
  const names = entries.filter(entry => entry.isFile()).map(entry => path.relative(folder, path.join(entry.parentPath, entry.name)).split(path.sep).join('/')).sort(inOrder)
  for (const name of names) {
    const file = path.join(folder, name)
    if ((await fs.stat(file)).size > partAtMost) throw new BackupRefused(`${file} is larger than any part of a backup.`)
    yield { name, bytes: await fs.readFile(file) }
  }
}

/** As they were written: the tables, then the documents, then the manifest. */
const rank = (name: string): number => name.startsWith('tables/') ? 0 : name.startsWith('documents/') ? 1 : 2
const inOrder = (a: string, b: string): number => rank(a) - rank(b) || (a < b ? -1 : 1)

async function * readTar (file: string): AsyncGenerator<Part> {
  const extract = tar.extract()
  const reading = pipeline(createReadStream(file), extract).catch((error: Error) => { extract.destroy(error) })
  try {
    for await (const entry of extract) {
      const { name, size = 0, type } = entry.header
      if (type !== 'file' || size > partAtMost) throw new BackupRefused(`${file} holds ${name}, which is no part of a backup.`)
      const chunks: Buffer[] = []
      for await (const chunk of entry) chunks.push(chunk as Buffer)
      yield { name, bytes: Buffer.concat(chunks) }
    }
    await reading
  } catch (error) {
    if (error instanceof BackupRefused || (error as NodeJS.ErrnoException).syscall !== undefined || !isTarError(error)) throw error
    throw new BackupRefused(`${file} is damaged, or no backup: ${(error as Error).message}.`)
  } finally {
    extract.destroy()
  }
}

const isTarError = (error: unknown): boolean => error instanceof Error && /tar|header|end of data|destroyed/i.test(error.message)
