/** What a backup says of itself. It is written last and read first: every part is in it with its hash. */
import { createHash } from 'node:crypto'
import { type Static, Type } from 'typebox'
import { Value } from 'typebox/value'
import { readArchive } from './archive.ts'
import { BackupRefused } from './refused.ts'

export const manifestName = 'manifest.json'
export const formatVersion = 1

const Name = Type.String({ pattern: '^[a-z_][a-z0-9_]*$', maxLength: 63 })
const FileEntry = Type.Object({ name: Type.String(), bytes: Type.Integer(), sha256: Type.String({ pattern: '^[0-9a-f]{64}$' }) })

export const Manifest = Type.Object({
  format: Type.Literal('pasarela-backup'),
  version: Type.Integer(),
  made_at: Type.String(),
  /** Of the hub that made it. */
  by: Type.String(),
  /** Every migration that its database had, in order. */
  migrations: Type.Array(Type.String({ pattern: '^\\d{4}_\\w+$' }), { minItems: 1 }),
  tables: Type.Array(Type.Object({
    name: Name,
    columns: Type.Array(Name),
    rows: Type.Integer(),
    /** Of a table that is kept by month. */
    months: Type.Array(Type.Object({ name: Name, bounds: Type.String({ pattern: "^FOR VALUES FROM \\('[0-9a-f-]{36}'\\) TO \\('[0-9a-f-]{36}'\\)$" }) }))
  })),
  sequences: Type.Array(Type.Object({ table: Name, column: Name, last_value: Type.String({ pattern: '^-?\\d+$' }), is_called: Type.Boolean() })),
  documents: Type.Object({ count: Type.Integer(), missing: Type.Array(Type.String()) }),
  /** Which master keys open the data keys, with one data key of each to prove it on. */
  keys: Type.Array(Type.Object({ master_key: Type.String(), data_keys: Type.Integer(), sample: Type.Object({ tenant: Type.String(), id: Type.String(), wrapped: Type.String() }) })),
  files: Type.Array(FileEntry)
})
export type Manifest = Static<typeof Manifest>
export type FileEntry = Static<typeof FileEntry>

export const sha256 = (bytes: Uint8Array | string): string => createHash('sha256').update(bytes).digest('hex')

/** With a hash of its own at the end, so that a changed manifest is noticed too. */
export function writeManifest (manifest: Manifest): Buffer {
  const text = JSON.stringify(manifest, null, 1)
  return Buffer.from(`${text}\n${sha256(text)}\n`)
}

function readManifest (bytes: Buffer, source: string): Manifest {
  const [, text, hash] = /^([^]*)\n([0-9a-f]{64})\n$/.exec(bytes.toString('utf8')) ?? []
  if (text === undefined || sha256(text) !== hash) throw new BackupRefused(`${source} is damaged: ${manifestName} is not as it was written.`)
  const manifest: unknown = JSON.parse(text)
  const { format, version } = manifest as Partial<Manifest>
  if (format === 'pasarela-backup' && version !== formatVersion) throw new BackupRefused(`${source} is of format ${version}, and this version reads format ${formatVersion}: restore it with the version that made it.`)
  if (!Value.Check(Manifest, manifest)) throw new BackupRefused(`${source} is no backup of Pasarela.`)
  return manifest
}

/** Reads all of it once and compares every part with the manifest. Throws BackupRefused naming what is missing, changed or too much. */
export async function verifyArchive (source: string): Promise<Manifest> {
  const found = new Map<string, FileEntry>()
  let manifest: Manifest | undefined
  for await (const { name, bytes } of readArchive(source)) {
    if (name === manifestName) manifest = readManifest(bytes, source)
    else if (found.has(name)) throw new BackupRefused(`${source} is damaged: it has ${name} twice.`)
    else found.set(name, { name, bytes: bytes.length, sha256: sha256(bytes) })
  }
  if (manifest === undefined) throw new BackupRefused(`${source} has no ${manifestName}: it is no backup of Pasarela, or one that was cut off.`)
  for (const { name, sha256 } of manifest.files) {
    const file = found.get(name)
    if (file === undefined) throw new BackupRefused(`${source} is damaged: ${name} is missing.`)
    if (file.sha256 !== sha256) throw new BackupRefused(`${source} is damaged: ${name} is not as it was written.`)
    found.delete(name)
  }
  const [stray] = found.keys()
  if (stray !== undefined) throw new BackupRefused(`${source} holds ${stray}, which its manifest does not know.`)
  return manifest
}
