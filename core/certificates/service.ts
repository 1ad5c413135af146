import type { Access } from '../access/principal.ts'
import { recordChange } from '../audit/record.ts'
import { clearTimer } from '../db/timers.ts'
import { isUniqueViolation } from '../db/errors.ts'
import { idWindow, pageOf } from '../db/id-window.ts'
import { inTenant, type TenantDb } from '../db/in-tenant.ts'
import { type FieldError, HubError, invalidField, momentOf } from '../errors.ts'
import { recordEvents } from '../events/record.ts'
import type { EventTypeOf } from '../events/types.ts'
import type { Hub } from '../hub.ts'
import { type Idempotency, recordSubject } from '../idempotency/service.ts'
import { newUuid, parseId, publicId, uuidOf } from '../ids.ts'
import { findIssuer, type IssuerRow, listIssuers } from '../issuers/queries.ts'
import { chainOf, readCertificate } from '../x509/certificate.ts'
import { rfc2253 } from '../x509/names.ts'
import { contentsOf } from './containers.ts'
import { type FileRole, type Material, preflight, type PreflightFile, type Report as Found } from './preflight.ts'
import * as queries from './queries.ts'
import type { CertificateRow } from './queries.ts'
import type { Activate, Certificate, CertificateUse, ListCertificates, ListUses, NewCertificate, PatchCertificate, Report } from './schema.ts'
import { fileUse, keyUse } from './sign.ts'
import { showCertificate, showReport } from './view.ts'
import { setWatch } from './watch.ts'
import { mayActFor } from './holder.ts'

type House = Pick<Hub, 'db' | 'now' | 'vault' | 'wake'>

/**
 * Looks at the files and, when they can be used, keeps them: the certificate in clear, the key sealed. Throws
 * `certificate_refused` with the report otherwise; with `dry_run` it answers the report, whatever it says.
 */
export async function uploadCertificate (hub: House, access: Access, body: NewCertificate, idempotency: Idempotency | null): Promise<{ report: Report, certificate?: Certificate }> {
  const now = hub.now()
  const kept = async (publicCertificateId: string) => {
    const certificate = await getCertificate(hub, access, publicCertificateId)
    return { report: certificate.report, certificate }
  }
  if (idempotency?.subject !== undefined) return await kept(idempotency.subject)
  const files = filesOf(body)
  const named = body.issuer === undefined ? undefined : await inTenant(hub.db, access.tenantId, async db => await issuerNamed(db, access, body.issuer!))
  const { report, material } = await preflight({ files, passphrase: body.passphrase ?? '', at: now, ...(named !== undefined && { issuer: { country: named.country, taxId: named.tax_id } }) })
  const shown = showReport(report, access.language)
  if (body.dry_run === true || body.dry_run === 'true') return { report: shown }
  if (material === undefined) throw new HubError('certificate_refused', { errors: refusals(report, files), report: shown })

  const id = newUuid(now)
  const sealed = await sealKey(hub, access.tenantId, id, material)
  await inTenant(hub.db, access.tenantId, async db => {
    const issuer = named ?? await issuerOf(db, access, report)
    const activeFrom = await turnOf(db, issuer?.id, now)
    const row = rowOf(id, access, body, report, material, issuer?.id ?? null, activeFrom)
    await queries.insertCertificate(db, row, sealed, now).catch((error: unknown) => {
      if (!isUniqueViolation(error, 'certificates_once')) throw error
      throw new HubError('already_exists', { detail: { es: 'Ese certificado ya está guardado. Elimínelo antes si quiere subirlo otra vez.', en: 'That certificate is kept already. Delete it first if you want to upload it again.' } })
    })
    await setWatch(db, id, { ...row, switched_at: null, warned_days: null }, now)
    await recordChange(db, access, now, { action: 'certificate.created', subjectType: 'certificate', subjectId: publicId('certificate', id), detail: { kind: row.kind, tax_id: row.tax_id, number: row.number, fingerprint: row.fingerprint, active_from: activeFrom.toISOString() } })
    await tell(db, now, id, 'certificate.created')
    if (idempotency !== null) await recordSubject(db, idempotency, publicId('certificate', id))
  })
  hub.wake('certificate', [{ tenantId: access.tenantId, id }])
  return await kept(publicId('certificate', id))
}

const roles: readonly FileRole[] = ['cer', 'key', 'p12', 'ca']

function filesOf (body: Partial<Record<FileRole, string | undefined>>): PreflightFile[] {
  return roles.flatMap(role => body[role] === undefined ? [] : [{ name: role, role, bytes: Buffer.from(body[role], 'base64') }])
}

/** Each failing check at the field that it is about. */
function refusals (report: Found, files: readonly PreflightFile[]): FieldError[] {
  const has = (role: FileRole): boolean => files.some(file => file.role === role)
  const container = has('p12') ? 'p12' : 'cer'
  return report.checks.filter(({ ok, severity }) => !ok && severity === 'error').map(({ name, es, en }) => {
    const mentioned = roles.find(role => en.includes(`“${role}”`))
    const path = name === 'passphrase' ? 'passphrase' : name === 'issuer' ? 'issuer' : name === 'pair' && !has('p12') ? 'key' : mentioned ?? (name === 'files' && has('cer') && !has('key') ? 'key' : container)
    return { path, message: { es, en } }
  })
}

async function issuerNamed (db: TenantDb, access: Access, issuer: string): Promise<IssuerRow> {
  const id = parseId('issuer', issuer)
  const row = id === undefined ? undefined : await findIssuer(db, id)
  if (row?.mode !== access.mode) throw invalidField('issuer', 'is no issuer of yours in this mode')
  return row
}

/** The issuer whose tax id the certificate holds. */
async function issuerOf (db: TenantDb, access: Access, { holder, kind }: Found): Promise<IssuerRow | undefined> {
  if (holder?.tax_id == null) return undefined
  const { name, tax_id: taxId, country, representative_tax_id: representativeTaxId } = holder
  const issuers = await listIssuers(db, { limit: 500, mode: access.mode })
  const fitting = issuers.filter(issuer => issuer.country === country && (issuer.country === 'MX') === (kind === 'csd') &&
    (issuer.country === 'MX' ? issuer.tax_id === taxId : mayActFor({ name, taxId, country: issuer.country, representativeTaxId }, issuer.tax_id)))
  return fitting.length === 1 ? fitting[0] : undefined
}

/** At once where the issuer has nothing valid, or what it has was refused; otherwise when that one ends, unless somebody says sooner. */
async function turnOf (db: TenantDb, issuerId: string | undefined, now: Date): Promise<Date> {
  const before = issuerId === undefined ? undefined : await queries.inUse(db, issuerId, now)
  return before === undefined || before.refused_at !== null ? now : before.valid_to
}

async function sealKey (hub: House, tenantId: string, id: string, { key, keyFile, passphrase }: Material): Promise<{ key: string, file: string }> {
  const subject = publicId('certificate', id)
  const pkcs8 = key.export({ type: 'pkcs8', format: 'der' })
  // As the SAT's programs write it, for the PACs that take nothing else; the file itself where there is one.
  const file = keyFile ?? key.export({ type: 'pkcs8', format: 'der', cipher: 'des-ede3-cbc', passphrase })
  const [sealedKey, sealedFile] = await Promise.all([
    hub.vault.seal(tenantId, subject, keyUse, pkcs8),
    hub.vault.seal(tenantId, subject, fileUse, JSON.stringify({ key: file.toString('base64'), passphrase }))
  ])
  pkcs8.fill(0)
  return { key: sealedKey, file: sealedFile }
}

function rowOf (id: string, access: Access, body: NewCertificate, report: Found, { certificate, chain }: Material, issuerId: string | null, activeFrom: Date): queries.NewCertificateRow {
  const { holder, number, serial, fingerprint, kind } = report
  return {
    id,
    mode: access.mode,
    issuer_id: issuerId,
    kind: kind === 'csd' ? 'csd' : 'p12',
    label: body.label ?? [holder?.tax_id ?? holder?.name, number].filter(Boolean).join(' '),
    holder_name: holder?.name ?? null,
    tax_id: holder?.tax_id ?? null,
    tax_country: holder?.country ?? null,
    number,
    serial: serial!,
    fingerprint: fingerprint!,
    key_bits: report.key!.bits!,
    valid_from: certificate.validFrom,
    valid_to: certificate.validTo,
    certificate: certificate.der,
    chain: chain.map(({ der }) => der),
    report,
    active_from: activeFrom
  }
}

export async function getCertificate (hub: Pick<Hub, 'db' | 'now'>, access: Access, publicCertificateId: string): Promise<Certificate> {
  const now = hub.now()
  return showCertificate(await inTenant(hub.db, access.tenantId, async db => checked(access, await queries.findCertificate(db, now, uuidOf('certificate', publicCertificateId)))), now, access.language)
}

export async function listCertificates (hub: Pick<Hub, 'db' | 'now'>, access: Access, query: ListCertificates): Promise<{ data: Certificate[], next_cursor: string | null }> {
  const window = idWindow('certificate', query)
  const now = hub.now()
  const issuerId = query.issuer === undefined ? undefined : parseId('issuer', query.issuer)
  if (query.issuer !== undefined && issuerId === undefined) return { data: [], next_cursor: null }
  const rows = await inTenant(hub.db, access.tenantId, async db => await queries.listCertificates(db, now, { ...window, mode: access.mode, ...(issuerId !== undefined && { issuerId }), ...(query.status !== undefined && { status: query.status }) }))
  return pageOf('certificate', window, rows, row => showCertificate(row, now, access.language))
}

export async function changeCertificate (hub: House, access: Access, publicCertificateId: string, body: PatchCertificate): Promise<Certificate> {
  const now = hub.now()
  await inTenant(hub.db, access.tenantId, async db => {
    const row = await lockThere(db, access, now, publicCertificateId)
    const issuer = body.issuer === undefined ? undefined : await issuerNamed(db, access, body.issuer)
    if (issuer !== undefined) assertFits(row, issuer)
    await queries.updateCertificate(db, row.id, {
      ...(body.label !== undefined && { label: body.label }),
      ...(issuer !== undefined && { issuer_id: issuer.id }),
      ...(body.ca !== undefined && chainFrom(row, Buffer.from(body.ca, 'base64')))
    }, now)
    await recordChange(db, access, now, { action: 'certificate.changed', subjectType: 'certificate', subjectId: publicCertificateId, detail: { ...body, ...(body.ca !== undefined && { ca: 'another' }) } })
    await tell(db, now, row.id, 'certificate.updated')
  })
  return await getCertificate(hub, access, publicCertificateId)
}

function assertFits (row: CertificateRow, issuer: IssuerRow): void {
  if ((issuer.country === 'MX') !== (row.kind === 'csd')) throw invalidField('issuer', issuer.country === 'MX' ? 'is Mexican and seals with a CSD' : 'is not Mexican, and a CSD serves only there')
  if (issuer.country === 'MX' && issuer.tax_id !== row.tax_id) throw invalidField('issuer', `is ${issuer.tax_id} and the certificate is of ${row.tax_id}`)
}

/** The certificates above it, from what it has and a bundle that was added. */
function chainFrom (row: CertificateRow, bundle: Buffer): Pick<queries.CertificateChanges, 'chain' | 'report'> {
  const added = contentsOf(bundle).flatMap(content => {
    if (!('der' in content) || content.is !== 'certificate') return []
    try {
      return [readCertificate(content.der)]
    } catch {
      return [] // damaged ones are as good as none
    }
  })
  const { chain } = chainOf(readCertificate(row.certificate), [...row.chain.map(readCertificate), ...added])
  if (added.length === 0 || !chain.some(({ der }) => added.some(one => one.der.equals(der)))) throw invalidField('ca', 'holds no certificate of who issued this one')
  return { chain: chain.map(({ der }) => der), report: JSON.stringify({ ...row.report, chain: chain.map(({ subject, validTo }) => ({ subject: rfc2253(subject), valid_to: validTo.toISOString() })) }) }
}

/** Its turn begins at a moment: until then the one before signs. Two may overlap; of those whose turn has come the last one signs. */
export async function activateCertificate (hub: House, access: Access, publicCertificateId: string, body: Activate): Promise<Certificate> {
  const now = hub.now()
  const at = body.at === undefined ? now : momentOf('at', body.at)
  if (at.getTime() < now.getTime() - 60_000) throw invalidField('at', 'is in the past')
  const activeFrom = at < now ? now : at
  const id = await inTenant(hub.db, access.tenantId, async db => {
    const row = await lockThere(db, access, now, publicCertificateId)
    if (row.status === 'expired') throw new HubError('certificate_not_usable')
    if (activeFrom > row.valid_to) throw invalidField('at', `is after the certificate ends, ${row.valid_to.toISOString()}`)
    await queries.updateCertificate(db, row.id, { active_from: activeFrom, switched_at: null }, now)
    // Whoever activates it wants it tried again, whatever an authority said of it.
    await queries.markTrusted(db, row.id, now)
    await setWatch(db, row.id, { ...row, active_from: activeFrom, switched_at: null }, now)
    await recordChange(db, access, now, { action: 'certificate.activated', subjectType: 'certificate', subjectId: publicCertificateId, detail: { at: activeFrom.toISOString() } })
    await tell(db, now, row.id, 'certificate.updated')
    return row.id
  })
  hub.wake('certificate', [{ tenantId: access.tenantId, id }])
  return await getCertificate(hub, access, publicCertificateId)
}

/** Its key is destroyed; what it is and what it signed stays. Again changes nothing. */
export async function deleteCertificate (hub: House, access: Access, publicCertificateId: string): Promise<void> {
  const now = hub.now()
  const id = uuidOf('certificate', publicCertificateId)
  await inTenant(hub.db, access.tenantId, async db => {
    const row = checked(access, await queries.lockCertificate(db, now, id))
    if (row.deleted_at !== null) return
    await queries.updateCertificate(db, id, { deleted_at: now }, now)
    await queries.destroyKey(db, id)
    await queries.withdrawConsents(db, id, now)
    await clearTimer(db, 'certificate', id)
    await recordChange(db, access, now, { action: 'certificate.deleted', subjectType: 'certificate', subjectId: publicCertificateId, detail: { number: row.number, fingerprint: row.fingerprint } })
    await tell(db, now, id, 'certificate.deleted')
  })
}

/** Each time that the key was opened, newest first. */
export async function listUses (hub: Pick<Hub, 'db' | 'now'>, access: Access, publicCertificateId: string, query: ListUses): Promise<{ data: CertificateUse[], next_cursor: string | null }> {
  const window = idWindow('certificate_use', query)
  const rows = await inTenant(hub.db, access.tenantId, async db => {
    const { id } = checked(access, await queries.findCertificate(db, hub.now(), uuidOf('certificate', publicCertificateId)))
    return await queries.listUses(db, id, window)
  })
  return pageOf('certificate_use', window, rows, row => ({ id: publicId('certificate_use', row.id), object: 'certificate_use' as const, purpose: row.purpose, subject: row.subject_id, created_at: row.created_at.toISOString() }))
}

async function tell (db: TenantDb, now: Date, id: string, type: EventTypeOf<'certificate'>): Promise<void> {
  const row = (await queries.findCertificate(db, now, id))!
  await recordEvents(db, now, [{ type, mode: row.mode, subjectId: id, data: showCertificate(row, now, 'en') }])
}

function checked (access: Access, row: CertificateRow | undefined): CertificateRow {
  if (row?.mode !== access.mode) throw new HubError('not_found')
  return row
}

/** What was deleted can be read, not changed. */
async function lockThere (db: TenantDb, access: Access, now: Date, publicCertificateId: string): Promise<CertificateRow> {
  const row = checked(access, await queries.lockCertificate(db, now, uuidOf('certificate', publicCertificateId)))
  if (row.deleted_at !== null) throw new HubError('certificate_not_usable')
  return row
}
