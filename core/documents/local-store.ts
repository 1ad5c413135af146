import { randomUUID } from 'node:crypto'
import { constants, promises as fs } from 'node:fs'
import path from 'node:path'
import { checkKey, type DocumentStore } from './store.ts'

/** A folder of this machine: enough for one server, and for several that share a disk. Files are readable by their owner only. */
export function localStore (folder: string): DocumentStore {
  const fileOf = (key: string) => path.join(folder, ...checkKey(key).split('/'))
  return {
    async put (key, bytes) {
      const file = fileOf(key)
      await fs.mkdir(path.dirname(file), { recursive: true, mode: 0o700 })
      // Written beside and renamed: nobody ever reads half a document, also after a crash.
      const draft = `${file}.${randomUUID()}`
      const handle = await fs.open(draft, 'wx', 0o600)
      try {
        await handle.writeFile(bytes)
        await handle.sync()
      } finally {
        await handle.close()
      }
      await fs.rename(draft, file)
      await syncFolder(path.dirname(file))
    },
    async get (key) {
      try {
        return await fs.readFile(fileOf(key))
      } catch (error) {
        if (isAbsent(error)) return undefined
        throw error
      }
    },
    async remove (key) {
      await fs.rm(fileOf(key), { force: true })
    },
    async check () {
      await fs.mkdir(folder, { recursive: true, mode: 0o700 })
      await fs.access(folder, constants.W_OK)
    }
  }
}

const isAbsent = (error: unknown): boolean => (error as NodeJS.ErrnoException).code === 'ENOENT'

/** The name is as durable as the bytes. Windows has no such thing. */
async function syncFolder (folder: string): Promise<void> {
  if (process.platform === 'win32') return
  const handle = await fs.open(folder, 'r')
  try {
    await handle.sync()
  } finally {
    await handle.close()
  }
}
