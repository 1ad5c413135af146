import { promises as fs } from 'node:fs'
import path from 'node:path'
import type { Config } from '../config.ts'
import type { DocumentStore } from '../documents/store.ts'
import { backup } from './dump.ts'
import { configuredKeyring } from './keyring.ts'

export interface ScheduledBackup { file: string, rows: number, documents: number, megabytes: number, documents_missing: number, removed: number }

const shape = /^pasarela-\d{4}-\d\d-\d\dT\d\d-\d\d-\d\dZ\.tar$/

/** One more in BACKUP_DIR; then the oldest beyond BACKUP_KEEP go. What else lies there is left alone. */
export async function scheduledBackup ({ config, documents, ownerUrl, folder, now, signal }: { config: Config, documents: DocumentStore, ownerUrl: string, folder: string, now: Date, signal: AbortSignal }): Promise<ScheduledBackup> {
  const target = path.join(folder, `pasarela-${now.toISOString().slice(0, 19).replaceAll(':', '-')}Z.tar`)
  const report = await backup({ ownerUrl, documents, keyring: configuredKeyring(config), target, now: () => now, signal })
  const old = (await fs.readdir(folder)).filter(name => shape.test(name)).sort().slice(0, -config.backupKeep)
  for (const name of old) await fs.rm(path.join(folder, name))
  return { file: path.basename(target), rows: report.rows, documents: report.documents, megabytes: Math.ceil(report.bytes / 1e6), documents_missing: report.documents_missing.length, removed: old.length }
}
