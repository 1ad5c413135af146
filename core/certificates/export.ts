import type { Access } from '../access/principal.ts'
import { recordChange } from '../audit/record.ts'
import { recordSystemChange } from '../audit/record-system.ts'
import type { IdempotencyKey } from '../adapter/payments.ts'
import { loadSealed, type OpenConnection } from '../connections/open.ts'
import { isUniqueViolation } from '../db/errors.ts'
import { inTenant } from '../db/in-tenant.ts'
import { HubError, invalidField } from '../errors.ts'
import type { Hub } from '../hub.ts'
import { newUuid, parseId, publicId, uuidOf } from '../ids.ts'
import * as queries from './queries.ts'
import { recordedCall } from '../operations/call.ts'
import { refusal } from '../operations/problem.ts'
import type { Consent, NewConsent, Upload } from './schema.ts'
import { fileUse, recordUse } from './sign.ts'
import { consentVersion, showConsent } from './view.ts'

/**
 * The one way in which a private key leaves: to a PAC that seals for the tenant, who asked for it in so many words. Agreeing
 * twice is agreeing once.
 */
export async function giveConsent (hub: Pick<Hub, 'db' | 'now' | 'adapters'>, access: Access, publicCertificateId: string, body: NewConsent): Promise<Consent> {
  const id = uuidOf('certificate', publicCertificateId)
  const now = hub.now()
  return await inTenant(hub.db, access.tenantId, async db => {
    const certificate = await queries.lockCertificate(db, now, id)
    if (certificate?.mode !== access.mode) throw new HubError('not_found')
    if (certificate.deleted_at !== null || certificate.status === 'expired') throw new HubError('certificate_not_usable')
    const connectionId = parseId('connection', body.connection)
    const connection = connectionId === undefined ? undefined : await queries.findConnection(db, access.mode, connectionId)
    if (connection === undefined) throw invalidField('connection', 'is no connection of yours in this mode')
    if (certificate.kind !== 'csd' || hub.adapters.get(connection.provider)?.invoicing?.seals !== 'provider') {
      throw new HubError('capability_not_supported', { detail: { es: 'Ese proveedor no sella por usted: la llave no tiene que salir de aquí.', en: 'That provider does not seal for you: the key needs not leave here.' } })
    }
    if (await queries.findConsent(db, id, connection.id) === undefined) {
      await queries.insertConsent(db, { id: newUuid(now), certificateId: id, connectionId: connection.id, textVersion: consentVersion, givenBy: access.principal.id }, now).catch((error: unknown) => {
        // Another request of the same moment: the row's lock lets one through at a time, so this is not seen in practice.
        if (isUniqueViolation(error, 'certificate_consents_once')) throw new HubError('operation_in_progress', { cause: error })
        throw error
      })
      await recordChange(db, access, now, { action: 'certificate.consent_given', subjectType: 'certificate', subjectId: publicCertificateId, detail: { connection: body.connection, provider: connection.provider, text_version: consentVersion } })
    }
    return showConsent((await queries.findConsent(db, id, connection.id))!, { mode: access.mode, certificate: publicCertificateId, language: access.language })
  })
}

export async function listConsents (hub: Pick<Hub, 'db' | 'now'>, access: Access, publicCertificateId: string): Promise<{ data: Consent[] }> {
  const id = uuidOf('certificate', publicCertificateId)
  const rows = await inTenant(hub.db, access.tenantId, async db => {
    if ((await queries.findCertificate(db, hub.now(), id))?.mode !== access.mode) throw new HubError('not_found')
    return await queries.listConsents(db, id)
  })
  return { data: rows.map(row => showConsent(row, { mode: access.mode, certificate: publicCertificateId, language: access.language })) }
}

/** From now on the key is not handed out again. What the provider has, it has. Again changes nothing. */
export async function withdrawConsent (hub: Pick<Hub, 'db' | 'now'>, access: Access, publicCertificateId: string, publicConnectionId: string): Promise<void> {
  const id = uuidOf('certificate', publicCertificateId)
  const connectionId = uuidOf('connection', publicConnectionId)
  const now = hub.now()
  await inTenant(hub.db, access.tenantId, async db => {
    if ((await queries.lockCertificate(db, now, id))?.mode !== access.mode || !(await queries.listConsents(db, id)).some(consent => consent.connection_id === connectionId)) throw new HubError('not_found')
    if (!await queries.withdrawConsents(db, id, now, connectionId)) return
    await recordChange(db, access, now, { action: 'certificate.consent_withdrawn', subjectType: 'certificate', subjectId: publicCertificateId, detail: { connection: publicConnectionId } })
  })
}

/** What a PAC that seals is given. */
export interface ExportedKey {
  /** DER. */
  certificate: Buffer
  /** Encrypted PKCS#8, as the SAT's programs write it. */
  key: Buffer
  passphrase: string
  number: string | null
  taxId: string | null
}

/**
 * The key for one upload to the provider of an open connection: only with the tenant's consent to exactly that, only over TLS
 * (in test mode also to this machine, where simulators run), on record as a use and in the audit log before it is opened. Throws
 * `consent_missing`, `certificate_not_usable`. The caller hands it to the adapter and keeps nothing of it.
 */
export async function exportForProvider (hub: Pick<Hub, 'db' | 'now' | 'vault'>, connection: OpenConnection, certificateId: string, by: Access | { system: string }): Promise<ExportedKey> {
  const { tenantId } = connection
  const now = hub.now()
  assertPrivate(connection)
  const row = await inTenant(hub.db, tenantId, async db => {
    if (await queries.findConsent(db, certificateId, connection.id) === undefined) throw new HubError('consent_missing')
    const key = await recordUse(db, now, certificateId, { purpose: 'export', subjectId: publicId('connection', connection.id) })
    if (key.mode !== connection.mode) throw new HubError('consent_missing')
    const change = { action: 'certificate.exported', subjectType: 'certificate', subjectId: publicId('certificate', certificateId), detail: { connection: publicId('connection', connection.id), provider: connection.adapter.manifest.id } }
    if ('system' in by) await recordSystemChange(db, now, by.system, change)
    else await recordChange(db, by, now, change)
    return key
  })
  const { key, passphrase } = JSON.parse(await hub.vault.openText(tenantId, publicId('certificate', certificateId), fileUse, row.file_sealed)) as { key: string, passphrase: string }
  return { certificate: row.certificate, key: Buffer.from(key, 'base64'), passphrase, number: row.number, taxId: row.tax_id }
}

/**
 * Puts the certificate on file at a PAC that seals: agreed to in the same breath (the consent is kept), the key opened for this one
 * call and on record before it. The same again replaces what is there. Throws what `giveConsent` and `exportForProvider` throw, and
 * the provider's own refusal.
 */
export async function uploadToProvider (hub: Hub, access: Access, publicCertificateId: string, body: NewConsent): Promise<Upload> {
  await giveConsent(hub, access, publicCertificateId, body)
  const [id, connectionId] = [uuidOf('certificate', publicCertificateId), uuidOf('connection', body.connection)]
  const sealed = await inTenant(hub.db, access.tenantId, async db => await loadSealed(db, connectionId))
  if (sealed === undefined) throw new HubError('not_found')
  const connection = await hub.open(sealed)
  const { manifest, invoicing } = connection.adapter
  if (invoicing?.uploadCertificate === undefined) throw new HubError('capability_not_supported')
  const { uploadCertificate } = invoicing
  const files = await exportForProvider(hub, connection, id, access)
  if (files.taxId === null) throw new HubError('certificate_not_usable')
  const { taxId, certificate, key, passphrase } = files
  const idempotencyKey = `pasarela-${publicCertificateId}-${body.connection}` as IdempotencyKey
  const result = await recordedCall(hub, async work => await inTenant(hub.db, access.tenantId, work), { connection, kind: 'upload_certificate', subjectId: id, idempotencyKey, requestId: access.requestId },
    async context => await uploadCertificate(context, { idempotencyKey, certificate, key, passphrase, taxId })).finally(() => key.fill(0))
  const now = hub.now()
  await inTenant(hub.db, access.tenantId, async db => {
    await recordChange(db, access, now, {
      action: result.ok ? 'certificate.uploaded' : 'certificate.upload_failed', subjectType: 'certificate', subjectId: publicCertificateId,
      detail: { connection: body.connection, provider: manifest.id, operation: publicId('operation', result.operationId), ...(!result.ok && { error_code: result.report.errorCode }) }
    })
  })
  if (!result.ok) throw refusal(result.error, manifest.id)
  return {
    object: 'certificate_upload',
    mode: access.mode,
    certificate: publicCertificateId,
    connection: body.connection,
    provider: manifest.id,
    number: result.value.number ?? files.number,
    operation: publicId('operation', result.operationId),
    uploaded_at: now.toISOString()
  }
}

/** The operator may have pointed the adapter elsewhere: not to a place that the key would travel to in clear. */
function assertPrivate (connection: OpenConnection): void {
  const { protocol, hostname } = new URL(connection.context('test', () => {}).origin())
  const isSimulator = connection.mode === 'test' && ['127.0.0.1', 'localhost', '[::1]'].includes(hostname)
  if (protocol !== 'https:' && !isSimulator) {
    throw new HubError('connection_not_usable', { detail: { es: 'La conexión con ese proveedor no va cifrada: la llave no se entrega.', en: 'The connection to that provider is not encrypted: the key is not handed out.' } })
  }
}
