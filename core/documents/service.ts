import { createHash } from 'node:crypto'
import type { Access } from '../access/principal.ts'
import type { Mode } from '../adapter/context.ts'
import { inTenant, type TenantDb } from '../db/in-tenant.ts'
import { claimTimer, clearTimer, retryTimer, setTimer } from '../db/timers.ts'
import { HubError } from '../errors.ts'
import type { Hub } from '../hub.ts'
import { type IdKind, newUuid, publicId, uuidOf } from '../ids.ts'
import { linkToken, readLinkToken } from '../vault/link.ts'
import * as queries from './queries.ts'
import type { DocumentRow } from './queries.ts'
import type { Document, DocumentLink } from './schema.ts'

export interface NewDocument {
  mode: Mode
  kind: 'xml' | 'pdf' | 'receipt' | 'ticket' | 'attachment'
  subjectType: IdKind
  subjectId: string
  /** Which of several of its kind: of a printed representation its paper and language. */
  variant?: string
  /** As the person who downloads it sees it. */
  name: string
  contentType: string
  bytes: Uint8Array
  /** Only ciphertext reaches the storage. */
  encrypt?: boolean
  /** The law of its country keeps it so long, where that is longer than what the operator says. */
  years?: number
}

/**
 * Stores the bytes, which must be there before a row says so, and gives the function that writes the row in the caller's
 * transaction. A rollback leaves bytes that nobody knows: harmless, and rarer than a row without bytes would be bad.
 */
export async function storeDocument (hub: Pick<Hub, 'documents' | 'config' | 'now' | 'vault'>, tenantId: string, document: NewDocument): Promise<(db: TenantDb) => Promise<string>> {
  const { mode, kind, bytes, name, contentType } = document
  const now = hub.now()
  const row = {
    id: newUuid(now),
    mode,
    kind,
    variant: document.variant ?? '',
    subject_type: document.subjectType,
    subject_id: document.subjectId,
    name,
    content_type: contentType,
    bytes: bytes.byteLength,
    sha256: createHash('sha256').update(bytes).digest(),
    encrypted: document.encrypt ?? false,
    created_at: now,
    retain_until: yearsLater(now, Math.max(hub.config.documentsRetentionYears, document.years ?? 0))
  }
  if (row.encrypted) await hub.documents.put(keyOf(tenantId, row), Buffer.from(await hub.vault.seal(tenantId, publicId('document', row.id), sealUse, bytes)), storedType(row))
  else await hub.documents.put(keyOf(tenantId, row), bytes, storedType(row))
  return async db => {
    await queries.insertDocument(db, row)
    await setTimer(db, 'document', row.id, row.retain_until)
    return row.id
  }
}

const sealUse = 'document'

/** As the storage is told. */
export const storedType = (row: Pick<DocumentRow, 'encrypted' | 'content_type'>): string => row.encrypted ? 'application/jose' : row.content_type

/** Where the storage has its bytes. */
export const keyOf = (tenantId: string, row: Pick<DocumentRow, 'id' | 'created_at'>): string =>
  `${publicId('tenant', tenantId)}/${row.created_at.getUTCFullYear()}/${publicId('document', row.id)}`

/** The bytes exactly as they were stored. Throws when the storage lost or changed them: a fiscal document that is not the one is none. */
export async function readBytes (hub: Pick<Hub, 'documents' | 'vault'>, row: DocumentRow): Promise<Buffer> {
  const stored = await hub.documents.get(keyOf(row.tenant_id, row))
  if (stored === undefined) throw new Error(`the storage has no ${publicId('document', row.id)}`)
  const bytes = row.encrypted ? Buffer.from(await hub.vault.open(row.tenant_id, publicId('document', row.id), sealUse, stored.toString('ascii'))) : stored
  if (!createHash('sha256').update(bytes).digest().equals(row.sha256)) throw new Error(`the storage gave other bytes for ${publicId('document', row.id)} than were stored`)
  return bytes
}

export async function getDocument (hub: Hub, access: Access, id: string): Promise<Document> {
  return showDocument(await findOrThrow(hub, access, id))
}

export async function readContent (hub: Hub, access: Access, id: string): Promise<{ row: DocumentRow, bytes: Buffer }> {
  const row = await findOrThrow(hub, access, id)
  return { row, bytes: await readBytes(hub, row) }
}

/** A link that whoever holds it may open until it expires, without a key: for mails and for the buyer's page. */
export async function makeLink (hub: Hub, access: Access, id: string, seconds = 86_400): Promise<DocumentLink> {
  const row = await findOrThrow(hub, access, id)
  return await linkTo(hub, row, new Date(hub.now().getTime() + seconds * 1000))
}

export async function linkTo (hub: Pick<Hub, 'vault' | 'publicUrl'>, row: DocumentRow, expiresAt: Date): Promise<DocumentLink> {
  const until = Math.floor(expiresAt.getTime() / 1000)
  const token = await linkToken(hub.vault, linkSort, { tenantId: row.tenant_id, id: row.id, second: until })
  return { url: `${hub.publicUrl()}/documents/${token}`, expires_at: new Date(until * 1000).toISOString() }
}

const linkSort = { use: 'document-link', kind: 'document' } as const

/** undefined: not one of ours, or too late. The caller learns no more. */
export async function openLink (hub: Hub, token: string): Promise<{ row: DocumentRow, bytes: Buffer } | undefined> {
  const link = readLinkToken(hub.vault, linkSort, token)
  const row = link && await inTenant(hub.db, link.tenantId, async db => await queries.findDocument(db, link.id))
  if (row === undefined || row.deleted_at !== null || !await link!.genuine() || link!.second * 1000 <= hub.now().getTime()) return undefined
  return { row, bytes: await readBytes(hub, row) }
}

/** The job that ends what was kept long enough: never a day earlier, whatever woke it. */
export async function forgetDocument (hub: Hub, tenantId: string, id: string): Promise<void> {
  const now = hub.now()
  const row = await inTenant(hub.db, tenantId, async db => await claimTimer(db, 'document', id, now, hub.config.queueLockMs) && await queries.findDocument(db, id))
  if (row === undefined) return
  if (row.retain_until > now) return await inTenant(hub.db, tenantId, async db => { await retryTimer(db, 'document', id, row.retain_until) })
  await hub.documents.remove(keyOf(tenantId, row))
  await inTenant(hub.db, tenantId, async db => {
    await queries.markDeleted(db, id, now)
    await clearTimer(db, 'document', id)
  })
}

async function findOrThrow (hub: Hub, access: Access, documentId: string): Promise<DocumentRow> {
  const id = uuidOf('document', documentId)
  const row = await inTenant(hub.db, access.tenantId, async db => await queries.findDocument(db, id))
  if (row?.mode !== access.mode || row.deleted_at !== null) throw new HubError('not_found')
  return row
}

function yearsLater (from: Date, years: number): Date {
  const later = new Date(from)
  later.setUTCFullYear(later.getUTCFullYear() + years)
  return later
}

export function showDocument (row: DocumentRow): Document {
  return {
    id: publicId('document', row.id),
    object: 'document',
    mode: row.mode as Mode,
    kind: row.kind,
    subject: publicId(row.subject_type as IdKind, row.subject_id),
    name: row.name,
    content_type: row.content_type,
    bytes: row.bytes,
    sha256: row.sha256.toString('hex'),
    created_at: row.created_at.toISOString(),
    retain_until: row.retain_until.toISOString(),
    deleted_at: row.deleted_at?.toISOString() ?? null
  }
}
