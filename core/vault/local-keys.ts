import { existsSync, linkSync, mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import path from 'node:path'
import { generateMasterKey } from './master-keys.ts'

/**
 * The master key of an installation whose operator set none: made once, kept in the data folder, readable by its owner
 * only. Two first starts at once agree on one. Losing the file loses every secret, so an operator sets PASARELA_MASTER_KEYS.
 */
export function localMasterKeys (dataDir: string): string {
  const file = path.join(dataDir, 'master-keys')
  if (!existsSync(file)) {
    mkdirSync(dataDir, { recursive: true })
    const draft = `${file}.${process.pid}`
    writeFileSync(draft, generateMasterKey('local'), { mode: 0o600 })
    try {
      linkSync(draft, file)
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code !== 'EEXIST') throw error
    } finally {
      rmSync(draft)
    }
  }
  return readFileSync(file, 'utf8').trim()
}
