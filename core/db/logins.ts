/** The URLs of the application and of the queue: as given, or derived from the owner's with passwords that we keep. */
import { existsSync, linkSync, mkdirSync, readFileSync, unlinkSync, writeFileSync } from 'node:fs'
import { randomBytes } from 'node:crypto'
import path from 'node:path'
import type { Group, Login } from './roles.ts'

export interface LoginOptions { ownerUrl: string, appUrl?: string, queueUrl?: string, secretsFile?: string }

export function loginsOf ({ ownerUrl, appUrl, queueUrl, secretsFile }: LoginOptions): { app: Login, queue: Login } {
  const secrets = appUrl && queueUrl ? undefined : keptSecrets(secretsFile)
  const login = (group: Group, given?: string): Login => given
    ? { group, url: given, generated: false }
    : { group, url: derived(ownerUrl, group, secrets?.[group] ?? ''), generated: true }
  return { app: login('pasarela_app', appUrl), queue: login('pasarela_queue', queueUrl) }
}

function derived (ownerUrl: string, user: string, password: string): string {
  const url = new URL(ownerUrl)
  url.username = user
  url.password = password
  if (url.username !== user) throw new Error('DATABASE_URL names no host, so the URLs of the application cannot be derived from it: set DATABASE_APP_URL and DATABASE_QUEUE_URL.')
  return url.href
}

/** Made once, whole, readable by us alone. Of two processes that start at once one wins, and both use its passwords. */
function keptSecrets (file: string | undefined): Record<Group, string> {
  if (!file) throw new Error('Without DATABASE_APP_URL and DATABASE_QUEUE_URL there must be a file to keep their passwords in.')
  if (!existsSync(file)) {
    mkdirSync(path.dirname(file), { recursive: true })
    const secret = (): string => randomBytes(24).toString('base64url')
    const draft = `${file}.${process.pid}.${randomBytes(4).toString('hex')}`
    writeFileSync(draft, `${JSON.stringify({ pasarela_app: secret(), pasarela_queue: secret() }, null, 2)}\n`, { mode: 0o600 })
    try {
      linkSync(draft, file)
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code !== 'EEXIST') throw error
    } finally {
      unlinkSync(draft)
    }
  }
  const kept = JSON.parse(readFileSync(file, 'utf8')) as Partial<Record<Group, string>>
  if (!kept.pasarela_app || !kept.pasarela_queue) throw new Error(`${file} holds no passwords for pasarela_app and pasarela_queue: restore it, or remove it to have new ones made.`)
  return kept as Record<Group, string>
}
